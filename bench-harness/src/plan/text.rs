//! A plan written as EXPLAIN's own text format does, without its rarer lines (JIT, I/O timings, VERBOSE output).

use serde_json::Number;

use super::{Buffers, Explained, Node, Trigger};

/// One line, its figures apart from what it says, so that two plans can be laid side by side.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub indent: usize,
    /// What the node does: the same in every execution.
    pub label: String,
    /// What it cost: times, rows, buffers.
    pub figures: String,
}

impl Line {
    pub fn text(&self) -> String {
        format!("{:indent$}{}{}", "", self.label, self.figures, indent = self.indent)
    }
}

/// The whole output, lines joined by newlines, none at the end.
pub fn render(explained: &Explained) -> String {
    let mut lines: Vec<String> = lines(explained).iter().map(Line::text).collect();
    if !explained.settings.is_empty() {
        let settings: Vec<String> =
            explained.settings.iter().map(|(name, value)| format!("{name} = '{value}'")).collect();
        lines.push(format!("Settings: {}", settings.join(", ")));
    }
    if let Some(buffers) = buffers(&explained.planning) {
        lines.extend(["Planning:".to_owned(), format!("  Buffers: {buffers}")]);
    }
    lines.extend(explained.planning_ms.map(|ms| format!("Planning Time: {ms:.3} ms")));
    lines.extend(explained.triggers.iter().map(trigger));
    lines.extend(explained.execution_ms.map(|ms| format!("Execution Time: {ms:.3} ms")));
    lines.join("\n")
}

/// The lines of the plan's tree.
pub(super) fn lines(explained: &Explained) -> Vec<Line> {
    let mut lines = Vec::new();
    write_node(&explained.plan, 0, &mut lines);
    lines
}

/// `depth` counts steps of two columns, as PostgreSQL does: an arrow takes two of them.
fn write_node(node: &Node, mut depth: usize, lines: &mut Vec<Line>) {
    let mut line = |depth: usize, label: String, figures: String| {
        lines.push(Line { indent: depth * 2, label, figures });
    };
    if let Some(name) = &node.subplan_name {
        line(depth, name.clone(), String::new());
        depth += 1;
    }
    let arrow = if depth > 0 { "->  " } else { "" };
    line(depth, format!("{arrow}{}", heading(node)), figures(node));
    if depth > 0 {
        depth += 2;
    }
    depth += 1;
    for (label, figures) in details(node) {
        line(depth, label, figures);
    }
    for child in &node.plans {
        write_node(child, depth, lines);
    }
}

/// `Parallel Index Scan Backward using job_queue_user_idx on job_queue q`
fn heading(node: &Node) -> String {
    let mut heading = String::new();
    if node.parallel_aware {
        heading.push_str("Parallel ");
    }
    heading.push_str(&operation(node));
    if node.scan_direction.as_deref() == Some("Backward") {
        heading.push_str(" Backward");
    }
    match (&node.index, node.node_type.as_str()) {
        (Some(index), "Bitmap Index Scan") => heading.push_str(&format!(" on {}", quoted(index))),
        (Some(index), _) => heading.push_str(&format!(" using {}", quoted(index))),
        (None, _) => {}
    }
    let alias = node.alias.as_deref();
    let named = [&node.relation, &node.function, &node.cte].into_iter().flatten().next();
    match (named.map(String::as_str).or(alias), alias) {
        (Some(name), Some(alias)) if name != alias => {
            heading.push_str(&format!(" on {} {}", quoted(name), quoted(alias)));
        }
        (Some(name), _) => heading.push_str(&format!(" on {}", quoted(name))),
        (None, _) => {}
    }
    heading
}

/// The node type as the text format words it: JSON splits it over several keys.
fn operation(node: &Node) -> String {
    let strategy = node.strategy.as_deref().unwrap_or_default();
    let join = match node.join_type.as_deref() {
        None | Some("Inner") => String::new(),
        Some(other) => format!("{other} "),
    };
    match node.node_type.as_str() {
        "ModifyTable" => node.operation.clone().unwrap_or_else(|| "ModifyTable".to_owned()),
        "Aggregate" => {
            let mode = match node.partial_mode.as_deref() {
                None | Some("Simple") => String::new(),
                Some(mode) => format!("{mode} "),
            };
            let how = match strategy {
                "Sorted" => "GroupAggregate",
                "Hashed" => "HashAggregate",
                "Mixed" => "MixedAggregate",
                _ => "Aggregate",
            };
            format!("{mode}{how}")
        }
        "SetOp" => {
            let command = node.detail("Command").unwrap_or_default();
            format!("{}SetOp {command}", if strategy == "Hashed" { "Hash" } else { "" }).trim_end().to_owned()
        }
        "Nested Loop" if !join.is_empty() => format!("Nested Loop {join}Join"),
        "Hash Join" => format!("Hash {join}Join"),
        "Merge Join" => format!("Merge {join}Join"),
        other => other.to_owned(),
    }
}

/// `  (cost=0.29..65.41 rows=50 width=24) (actual time=0.025..0.207 rows=50 loops=1)`
fn figures(node: &Node) -> String {
    let mut figures = String::new();
    if let (Some(startup), Some(total), Some(rows), Some(width)) =
        (node.startup_cost, node.total_cost, &node.plan_rows, node.plan_width)
    {
        figures.push_str(&format!("  (cost={startup:.2}..{total:.2} rows={rows} width={width})"));
    }
    match (node.actual_loops, &node.actual_rows) {
        (Some(0), _) => figures.push_str(" (never executed)"),
        (Some(loops), Some(rows)) => {
            let time = match (node.actual_startup_ms, node.actual_total_ms) {
                (Some(startup), Some(total)) => format!("time={startup:.3}..{total:.3} "),
                _ => String::new(),
            };
            figures.push_str(&format!(" (actual {time}rows={} loops={loops})", rows_text(rows)));
        }
        _ => {}
    }
    figures
}

fn rows_text(rows: &Number) -> String {
    match rows.as_f64() {
        Some(mean) if rows.is_f64() => format!("{mean:.2}"),
        _ => rows.to_string(),
    }
}

/// The lines below a node, in EXPLAIN's order, as label and figures.
fn details(node: &Node) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let says = |key: &str| node.detail(key).map(|value| (format!("{key}: {value}"), String::new()));
    let counts = |key: &str| node.count(key).map(|count| (format!("{key}:"), format!(" {count}")));
    let counts_if_any = |key: &str| counts(key).filter(|_| node.count(key) > Some(0));

    if node.details.get("Disabled").is_some_and(|disabled| disabled == true) {
        lines.push(("Disabled: true".to_owned(), String::new()));
    }
    for key in ["Window", "Sort Key", "Presorted Key", "Group Key", "Cache Key", "Cache Mode"] {
        lines.extend(says(key));
    }
    for key in ["Conflict Resolution", "Conflict Arbiter Indexes", "TID Cond", "Index Cond", "Recheck Cond"] {
        lines.extend(says(key));
    }
    lines.extend(counts_if_any("Rows Removed by Index Recheck"));
    for key in ["Order By", "Hash Cond", "Merge Cond", "Join Filter"] {
        lines.extend(says(key));
    }
    lines.extend(counts_if_any("Rows Removed by Join Filter"));
    for key in ["One-Time Filter", "Run Condition", "Filter"] {
        lines.extend(says(key));
    }
    lines.extend(counts_if_any("Rows Removed by Filter"));
    for key in
        ["Tuples Inserted", "Conflicting Tuples", "Heap Fetches", "Workers Planned", "Workers Launched"]
    {
        lines.extend(counts(key));
    }
    lines.extend(counts_if_any("Subplans Removed"));
    lines.extend(counts("Index Searches"));
    lines.extend(heap_blocks(node));
    lines.extend(labelled(method(&node.details)));
    for groups in ["Full-sort Groups", "Pre-sorted Groups"] {
        lines.extend(sort_groups(node, groups));
    }
    lines.extend(buffers(&node.buffers).map(|buffers| ("Buffers:".to_owned(), format!(" {buffers}"))));
    lines.extend(workers(node));
    lines
}

fn heap_blocks(node: &Node) -> Option<(String, String)> {
    let part = |key: &str, word: &str| match node.count(key)? {
        0 => None,
        count => Some(format!(" {word}={count}")),
    };
    let blocks: String = [part("Exact Heap Blocks", "exact"), part("Lossy Heap Blocks", "lossy")]
        .into_iter()
        .flatten()
        .collect();
    (!blocks.is_empty()).then(|| ("Heap Blocks:".to_owned(), blocks))
}

/// How a sort, hash, hashed aggregate, memoize or window kept its rows; a worker says the same of its own.
fn method(details: &serde_json::Map<String, serde_json::Value>) -> Option<String> {
    let text = |key: &str| details.get(key)?.as_str();
    let count = |key: &str| details.get(key)?.as_u64();
    if let (Some(method), Some(place), Some(used)) =
        (text("Sort Method"), text("Sort Space Type"), count("Sort Space Used"))
    {
        return Some(format!("Sort Method: {method}  {place}: {used}kB"));
    }
    if let (Some(hits), Some(misses)) = (count("Cache Hits"), count("Cache Misses")) {
        let [evictions, overflows] =
            ["Cache Evictions", "Cache Overflows"].map(|key| count(key).unwrap_or(0));
        let memory = count("Peak Memory Usage").unwrap_or(0);
        return Some(format!(
            "Hits: {hits}  Misses: {misses}  Evictions: {evictions}  Overflows: {overflows}  Memory Usage: {memory}kB"
        ));
    }
    let memory = || count("Peak Memory Usage").map(|memory| format!("Memory Usage: {memory}kB"));
    if let (Some(buckets), Some(batches)) = (count("Hash Buckets"), count("Hash Batches")) {
        let originally = |key: &str, now: u64| match count(key) {
            Some(before) if before != now => format!(" (originally {before})"),
            _ => String::new(),
        };
        return Some(format!(
            "Buckets: {buckets}{}  Batches: {batches}{}  {}",
            originally("Original Hash Buckets", buckets),
            originally("Original Hash Batches", batches),
            memory()?
        ));
    }
    if let Some(batches) = count("HashAgg Batches") {
        let planned = count("Planned Partitions").filter(|planned| *planned > 0);
        let disk = count("Disk Usage").filter(|disk| *disk > 0);
        return Some(format!(
            "{}Batches: {batches}  {}{}",
            planned.map_or_else(String::new, |planned| format!("Planned Partitions: {planned}  ")),
            memory()?,
            disk.map_or_else(String::new, |disk| format!("  Disk Usage: {disk}kB"))
        ));
    }
    let (storage, most) = (text("Storage")?, count("Maximum Storage")?);
    Some(format!("Storage: {storage}  Maximum Storage: {most}kB"))
}

/// Splits at the first colon, so that a method's figures may differ while the line stays.
fn labelled(text: Option<String>) -> Option<(String, String)> {
    let text = text?;
    let (label, figures) = text.split_once(':')?;
    Some((format!("{label}:"), figures.to_owned()))
}

fn sort_groups(node: &Node, key: &str) -> Option<(String, String)> {
    let groups = node.details.get(key)?;
    let methods: Vec<&str> =
        groups.get("Sort Methods Used")?.as_array()?.iter().filter_map(serde_json::Value::as_str).collect();
    let plural = if methods.len() > 1 { "Methods" } else { "Method" };
    let mut figures = format!(" {}  Sort {plural}: {}", groups.get("Group Count")?, methods.join(", "));
    for (key, place) in [("Sort Space Memory", "Memory"), ("Sort Space Disk", "Disk")] {
        if let Some(space) = groups.get(key) {
            let (average, peak) = (space.get("Average Sort Space Used")?, space.get("Peak Sort Space Used")?);
            figures.push_str(&format!("  Average {place}: {average}kB  Peak {place}: {peak}kB"));
        }
    }
    Some((format!("{key}:"), figures))
}

fn workers(node: &Node) -> Vec<(String, String)> {
    let workers = node.details.get("Workers").and_then(serde_json::Value::as_array);
    let line = |worker: &serde_json::Value| {
        let details = worker.as_object()?;
        Some((format!("Worker {}:", worker.get("Worker Number")?), format!("  {}", method(details)?)))
    };
    workers.into_iter().flatten().filter_map(line).collect()
}

/// `shared hit=52 read=3, temp read=1 written=2`; None when no block was touched.
fn buffers(buffers: &Buffers) -> Option<String> {
    let kind = |name: &str, counts: &[(&str, u64)]| {
        let touched: String = counts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| format!(" {what}={count}"))
            .collect();
        (!touched.is_empty()).then(|| format!("{name}{touched}"))
    };
    let b = buffers;
    let kinds: Vec<String> = [
        kind(
            "shared",
            &[
                ("hit", b.shared_hit),
                ("read", b.shared_read),
                ("dirtied", b.shared_dirtied),
                ("written", b.shared_written),
            ],
        ),
        kind(
            "local",
            &[
                ("hit", b.local_hit),
                ("read", b.local_read),
                ("dirtied", b.local_dirtied),
                ("written", b.local_written),
            ],
        ),
        kind("temp", &[("read", b.temp_read), ("written", b.temp_written)]),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!kinds.is_empty()).then(|| kinds.join(", "))
}

fn trigger(trigger: &Trigger) -> String {
    let name = match &trigger.constraint {
        Some(constraint) => format!("for constraint {constraint}"),
        None => trigger.name.clone(),
    };
    let time = trigger.ms.map_or_else(String::new, |ms| format!(" time={ms:.3}"));
    format!("Trigger {name}:{time} calls={}", trigger.calls)
}

/// Names are quoted where SQL needs it. (Reserved words as names are not recognised.)
fn quoted(name: &str) -> String {
    let plain =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_';
    if name.chars().all(plain) && !name.starts_with(|first: char| first.is_ascii_digit()) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    /// PostgreSQL's own text of the same plan is the contract.
    #[test]
    fn reads_as_postgresql_writes_it() {
        let mut compared = 0;
        for name in fixtures::names() {
            // Its times differ from one execution to the next.
            if name.starts_with("page.") {
                continue;
            }
            let text = fixtures::read(&format!("{name}.txt"));
            assert_eq!(render(&fixtures::plan(&name)), text.trim_end(), "{name}");
            compared += 1;
        }
        assert!(compared > 30, "only {compared} plans");
    }

    #[test]
    fn times_stand_where_they_were_taken() {
        let plan = fixtures::plan("page.pg18");
        let text = render(&plan);
        let [time, planning, execution] =
            [plan.plan.actual_total_ms, plan.planning_ms, plan.execution_ms].map(Option::unwrap);
        assert!(
            text.starts_with("Limit  (cost=") && text.contains(&format!("..{time:.3} rows=50.00 loops=1)")),
            "{text}"
        );
        assert!(text.contains(&format!("\nPlanning Time: {planning:.3} ms\n")), "{text}");
        assert!(text.ends_with(&format!("\nExecution Time: {execution:.3} ms")), "{text}");
    }

    #[test]
    fn all_kinds_of_buffers() {
        let some =
            Buffers { shared_read: 3, shared_written: 1, local_hit: 2, temp_read: 4, ..Buffers::default() };
        assert_eq!(buffers(&some).unwrap(), "shared read=3 written=1, local hit=2, temp read=4");
        assert_eq!(buffers(&Buffers::default()), None);
    }

    #[test]
    fn a_trigger_with_its_time() {
        let seen = Trigger { name: "touch".into(), constraint: None, ms: Some(1.25), calls: 3 };
        assert_eq!(trigger(&seen), "Trigger touch: time=1.250 calls=3");
    }
}
