//! A column generator fitted to what pg_stats says of a column. Pure; generators are TOML text.

use super::catalogue::{Column, Statistics, Table};

/// Common values that are carried over one by one, where a histogram tells of the others.
const MOST_COMMON: usize = 20;
/// A text column with at most so many values is a code (a status, a country), and its values are kept. Others may be
/// anything people wrote: filler words take their place, and nobody's data end up in a file.
const MOST_CODES: f64 = 100.0;

/// The generator of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    pub toml: String,
    /// No two rows get the same value.
    pub unique: bool,
}

fn fitted(toml: impl Into<String>) -> Fitted {
    Fitted { toml: toml.into(), unique: false }
}

/// A TOML string.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Whether a key alone makes a column unique.
pub fn is_key(table: &Table, column: &str) -> bool {
    let alone = |columns: &[String]| matches!(columns, [one] if one == column);
    table.primary_key.iter().chain(&table.uniques).any(|key| alone(&key.columns))
        || table.indexes.iter().any(|index| index.unique && alone(&index.columns))
}

/// None of a column that PostgreSQL computes, or whose name marks it as virtual in a workload. `kept_keys`: foreign
/// keys that the workload keeps, as (column, table, target column).
pub fn column(table: &Table, column: &Column, kept_keys: &[(String, String, String)]) -> Option<Fitted> {
    if column.generated.is_some() || column.name.starts_with('_') {
        return None;
    }
    let nulls = column.statistics.as_ref().map_or(0.0, |statistics| statistics.null_fraction);
    let nulls = if column.not_null { 0.0 } else { nulls };
    if nulls >= 1.0 {
        return Some(fitted(quoted("null")));
    }
    let key = is_key(table, &column.name);
    let reference = kept_keys.iter().find(|(name, ..)| *name == column.name);
    let value = match reference {
        Some((_, table, target)) if !key => {
            fitted(format!("{{ reference = {{ table = {}, column = {} }} }}", quoted(table), quoted(target)))
        }
        _ if key => unique(column)?,
        _ => from_statistics(column),
    };
    Some(if nulls > 0.0 && !value.unique {
        fitted(format!("{{ nullable = {{ probability = {}, of = {} }} }}", share(nulls), value.toml))
    } else {
        value
    })
}

/// A value that no other row has.
fn unique(column: &Column) -> Option<Fitted> {
    let toml = match column.type_name.as_str() {
        "int2" | "int4" | "int8" | "numeric" => quoted("row"),
        "uuid" => quoted("uuid"),
        "text" | "varchar" | "bpchar" | "citext" | "name" => {
            "{ template = { text = [\"{n}\"], with = { n = \"row\" } } }".to_owned()
        }
        _ => return Some(from_statistics(column)),
    };
    Some(Fitted { toml, unique: true })
}

fn from_statistics(column: &Column) -> Fitted {
    let Some(statistics) = &column.statistics else { return sampled(column) };
    let rest = match column.type_name.as_str() {
        "bool" => return boolean(statistics),
        "int2" | "int4" | "int8" => ranges(statistics, integer_range),
        "float4" | "float8" | "numeric" => ranges(statistics, float_range),
        "timestamp" | "timestamptz" | "date" => return times(statistics).unwrap_or_else(|| sampled(column)),
        "uuid" => return fitted(entities(column, statistics)),
        "text" | "varchar" | "bpchar" | "citext" | "name" => {
            let codes = statistics.distinct > 0.0 && statistics.distinct <= MOST_CODES;
            if !codes {
                return fitted(words(column, statistics));
            }
            (!statistics.bounds.is_empty()).then(|| weighted_values(&statistics.bounds))
        }
        _ => None,
    };
    // Without a histogram the common values are all there are.
    let most = if rest.is_some() { MOST_COMMON } else { usize::MAX };
    let mut entries: Vec<String> = statistics
        .common
        .iter()
        .take(most)
        .map(|(value, frequency)| entry(*frequency, &format!("value = {}", scalar(column, value))))
        .collect();
    let kept: f64 = statistics.common.iter().take(most).map(|(_, frequency)| frequency).sum();
    let left = 1.0 - statistics.null_fraction - kept;
    if let Some(rest) = rest
        && (left > 0.001 || entries.is_empty())
    {
        if entries.is_empty() {
            return fitted(rest);
        }
        entries.push(entry(left, &format!("of = {rest}")));
    }
    if entries.is_empty() { sampled(column) } else { fitted(weighted(&entries)) }
}

fn weighted(entries: &[String]) -> String {
    format!("{{ weighted = [{}] }}", entries.join(", "))
}

fn entry(frequency: f64, what: &str) -> String {
    format!("{{ weight = {}, {what} }}", ((frequency * 10_000.0).round() as u64).max(1))
}

fn weighted_values(values: &[String]) -> String {
    let entries: Vec<_> =
        values.iter().take(100).map(|value| entry(0.0001, &format!("value = {}", quoted(value)))).collect();
    weighted(&entries)
}

/// A value as TOML writes it for the column's type.
fn scalar(column: &Column, value: &str) -> String {
    match column.type_name.as_str() {
        "int2" | "int4" | "int8" if value.parse::<i64>().is_ok() => value.to_owned(),
        "bool" => (value == "t").to_string(),
        _ => quoted(value),
    }
}

fn boolean(statistics: &Statistics) -> Fitted {
    let filled = 1.0 - statistics.null_fraction;
    let yes =
        statistics.common.iter().find(|(value, _)| value == "t").map_or(0.0, |(_, frequency)| *frequency);
    let probability = if filled > 0.0 { (yes / filled).clamp(0.0, 1.0) } else { 0.5 };
    fitted(format!("{{ boolean = {{ probability = {} }} }}", share(probability)))
}

/// The histogram in at most ten ranges, each as likely.
fn ranges(statistics: &Statistics, range: fn(&str, &str) -> Option<String>) -> Option<String> {
    let bounds = &statistics.bounds;
    let steps = bounds.len().checked_sub(1).filter(|steps| *steps > 0)?.min(10);
    let at = |step: usize| &bounds[step * (bounds.len() - 1) / steps];
    let ranges: Option<Vec<String>> = (0..steps).map(|step| range(at(step), at(step + 1))).collect();
    let ranges = ranges?;
    match ranges.as_slice() {
        [one] => Some(one.clone()),
        several => {
            let entries: Vec<_> =
                several.iter().map(|range| entry(0.0001, &format!("of = {range}"))).collect();
            Some(weighted(&entries))
        }
    }
}

fn integer_range(low: &str, high: &str) -> Option<String> {
    let (low, high): (i64, i64) = (low.parse().ok()?, high.parse().ok()?);
    Some(format!("{{ integer = {{ min = {low}, max = {high} }} }}"))
}

fn float_range(low: &str, high: &str) -> Option<String> {
    let (low, high): (f64, f64) = (low.parse().ok()?, high.parse().ok()?);
    (low.is_finite() && high.is_finite() && low < high)
        .then(|| format!("{{ float = {{ min = {low:?}, max = {high:?} }} }}"))
}

/// Offsets from the run's start, as the column's times were from now.
fn times(statistics: &Statistics) -> Option<Fitted> {
    let (first, last) = statistics.seconds?;
    let (first, last) = (first.floor() as i64, last.floor() as i64);
    let last = last.max(first + 1);
    Some(fitted(format!("{{ timestamp = {{ from = \"{first}s\", to = \"{last}s\" }} }}")))
}

fn entities(column: &Column, statistics: &Statistics) -> String {
    // A share of the rows is most rows here: as good as all different.
    if statistics.distinct < 1.0 {
        return quoted("uuid");
    }
    format!(
        "{{ entity = {{ name = {}, pick = {{ uniform = {{ count = {} }} }} }} }}",
        quoted(&column.name),
        statistics.distinct.round() as u64
    )
}

/// Filler of about the same width, within the type's length.
fn words(column: &Column, statistics: &Statistics) -> String {
    let limit = column
        .sql_type
        .split_once('(')
        .and_then(|(_, rest)| rest.trim_end_matches(')').parse::<usize>().ok())
        .unwrap_or(usize::MAX);
    // Filler words have at most 14 letters, and mostly six with their space.
    let wanted = (statistics.average_width.max(1) as usize / 6).max(1);
    let fitting = limit / 15;
    if fitting == 0 {
        let digits = u32::try_from(limit.clamp(1, 9)).unwrap_or(9);
        let most = 10_u64.pow(digits) - 1;
        return format!(
            "{{ template = {{ text = [\"{{n}}\"], with = {{ n = {{ integer = {{ min = 0, max = {most} }} }} }} }} }}"
        );
    }
    let most = wanted.min(fitting);
    format!("{{ words = {{ min = {}, max = {most} }} }}", most.div_ceil(2))
}

/// Values that were seen, each as likely: for types that can't be made up.
fn sampled(column: &Column) -> Fitted {
    let mut values = column.samples.clone();
    values.sort();
    values.dedup();
    if values.is_empty() {
        return fitted(if column.not_null { fallback(&column.type_name) } else { quoted("null") });
    }
    let entries: Vec<_> =
        values.iter().map(|value| entry(0.0001, &format!("value = {}", scalar(column, value)))).collect();
    fitted(weighted(&entries))
}

/// Some value of a type of which nothing was seen.
pub fn fallback(type_name: &str) -> String {
    match type_name {
        "bool" => "{ boolean = { probability = 0.5 } }".to_owned(),
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "oid" => {
            "{ integer = { min = 1, max = 100 } }".to_owned()
        }
        "uuid" => quoted("uuid"),
        "timestamp" | "timestamptz" | "date" => "{ timestamp = { from = \"-1d\", to = \"0s\" } }".to_owned(),
        "json" | "jsonb" => "{ constant = \"{}\" }".to_owned(),
        "interval" => "{ constant = \"1 hour\" }".to_owned(),
        "bytea" => "{ constant = \"\\\\x00\" }".to_owned(),
        _ if type_name.starts_with('_') => "{ constant = \"{}\" }".to_owned(),
        _ => "{ words = { min = 1, max = 1 } }".to_owned(),
    }
}

/// A share with the digits that matter.
fn share(value: f64) -> String {
    let text = format!("{:.4}", value.clamp(0.0, 1.0));
    let text = text.trim_end_matches('0').to_owned();
    if text.ends_with('.') { format!("{text}0") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::catalogue::Key;
    use crate::workload::generator::Generator;

    fn of(type_name: &str, sql_type: &str, statistics: Statistics) -> Column {
        Column {
            name: "c".into(),
            sql_type: sql_type.into(),
            type_name: type_name.into(),
            statistics: Some(statistics),
            ..Column::default()
        }
    }

    /// What was fitted, which must also be a generator.
    fn text(column: &Column) -> String {
        let fitted = super::column(&Table::default(), column, &[]).expect("a generator");
        let document = format!("g = {}", fitted.toml);
        let table: toml::Table = document.parse().unwrap_or_else(|error| panic!("{document}: {error}"));
        let parsed: Result<Generator, _> = table["g"].clone().try_into();
        parsed.unwrap_or_else(|error| panic!("{document}: {error}"));
        fitted.toml
    }

    #[test]
    fn codes_keep_their_values_and_frequencies() {
        let status = Statistics {
            distinct: 3.0,
            common: vec![("done".into(), 0.9), ("it's \"new\"".into(), 0.1)],
            ..Statistics::default()
        };
        assert_eq!(
            text(&of("text", "text", status)),
            r#"{ weighted = [{ weight = 9000, value = "done" }, { weight = 1000, value = 'it's "new"' }] }"#
                .replace("'it's \"new\"'", &quoted("it's \"new\""))
        );
    }

    #[test]
    fn what_people_wrote_is_not_carried_over() {
        let names = Statistics {
            distinct: -0.8,
            average_width: 13,
            common: vec![("Jane Doe".into(), 0.01)],
            bounds: vec!["Adam".into(), "Zoe".into()],
            ..Statistics::default()
        };
        assert_eq!(text(&of("text", "text", names.clone())), "{ words = { min = 1, max = 2 } }");
        let short = text(&of("varchar", "character varying(4)", names));
        assert!(short.contains("max = 9999"), "{short}");
    }

    #[test]
    fn skewed_numbers_keep_common_values_and_the_shape_of_the_rest() {
        let numbers = Statistics {
            distinct: 1_000.0,
            null_fraction: 0.25,
            common: vec![("7".into(), 0.5)],
            bounds: vec!["1".into(), "10".into(), "1000".into()],
            ..Statistics::default()
        };
        assert_eq!(
            text(&of("int4", "integer", numbers)),
            "{ nullable = { probability = 0.25, of = { weighted = [{ weight = 5000, value = 7 }, { weight = 2500, of = \
             { weighted = [{ weight = 1, of = { integer = { min = 1, max = 10 } } }, { weight = 1, of = { integer = { \
             min = 10, max = 1000 } } }] } }] } } }"
        );
    }

    #[test]
    fn without_a_histogram_all_common_values_are_kept() {
        let common: Vec<_> = (1..=50).map(|branch| (branch.to_string(), 0.02)).collect();
        let branches = Statistics { distinct: 50.0, common, ..Statistics::default() };
        let found = text(&of("int4", "integer", branches));
        assert_eq!(found.matches("value = ").count(), 50, "{found}");
    }

    #[test]
    fn keys_are_unique_and_foreign_keys_refer() {
        let id = of("int4", "integer", Statistics { distinct: -1.0, ..Statistics::default() });
        let key = Key { name: "pk".into(), columns: vec!["c".into()] };
        let table = Table { primary_key: Some(key), ..Table::default() };
        assert_eq!(column(&table, &id, &[]), Some(Fitted { toml: "\"row\"".into(), unique: true }));
        let keys = [("c".to_owned(), "branch".to_owned(), "bid".to_owned())];
        let found = column(&Table::default(), &id, &keys).unwrap();
        assert_eq!(found.toml, "{ reference = { table = \"branch\", column = \"bid\" } }");
    }

    #[test]
    fn times_become_offsets_and_booleans_probabilities() {
        let times = Statistics { seconds: Some((-86_400.2, -5.5)), ..Statistics::default() };
        assert_eq!(
            text(&of("timestamptz", "timestamp with time zone", times)),
            "{ timestamp = { from = \"-86401s\", to = \"-6s\" } }"
        );
        let flags =
            Statistics { common: vec![("f".into(), 0.75), ("t".into(), 0.25)], ..Statistics::default() };
        assert_eq!(text(&of("bool", "boolean", flags)), "{ boolean = { probability = 0.25 } }");
    }

    #[test]
    fn types_that_cannot_be_made_up_take_what_was_seen() {
        let mut address = of("inet", "inet", Statistics::default());
        address.samples = vec!["10.0.0.2/8".into(), "10.0.0.1/8".into(), "10.0.0.2/8".into()];
        assert_eq!(
            text(&address),
            "{ weighted = [{ weight = 1, value = \"10.0.0.1/8\" }, { weight = 1, value = \"10.0.0.2/8\" }] }"
        );
        for type_name in
            ["bool", "int4", "uuid", "timestamptz", "jsonb", "interval", "bytea", "_int4", "text"]
        {
            let unseen = Column {
                not_null: true,
                statistics: None,
                ..of(type_name, type_name, Statistics::default())
            };
            text(&unseen);
        }
    }
}
