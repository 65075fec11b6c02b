//! What differs between two runs besides what they found, and so which of their figures can be compared.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::words;
use crate::result::{RunResult, WorkloadResult};

/// What can be compared, and what a reader must know of the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Basis {
    /// Both runs loaded the same data, so exact figures compare exactly.
    pub exact: bool,
    pub times: TimeBasis,
    /// Why not everything is compared as it stands, in sentences.
    pub limits: Vec<String>,
    pub differences: Vec<Difference>,
}

/// Beyond this, a reader is told that the machine itself was another one.
const NOTABLE_DRIFT: f64 = 1.25;

/// How times are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeBasis {
    /// As they are: the same machine and kind of server.
    AsMeasured,
    /// Each in units of the baseline variant's time of the same round: the machines differ.
    AgainstBaseline,
    /// Not at all: the runs loaded different amounts of data.
    None,
}

/// Something of the environment that is not the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    pub what: String,
    pub old: String,
    pub new: String,
}

pub(super) fn of(old: &RunResult, new: &RunResult) -> Basis {
    let same_scale = old.run.scale == new.run.scale;
    let same_rows = same_rows(&old.workloads, &new.workloads);
    let same_place = place(old) == place(new);
    let mut limits = Vec::new();
    if !same_scale {
        limits.push("the scales differ: only verdicts are compared".to_owned());
    } else if !same_rows {
        limits.push(
            "the data sets differ in their rows: exact figures and times are not compared, only verdicts"
                .into(),
        );
    } else if old.run.seed != new.run.seed {
        limits.push("the seeds differ, and so the data: exact figures are not compared".into());
    }
    let times = match (same_scale && same_rows, same_place) {
        (false, _) => TimeBasis::None,
        (true, true) => TimeBasis::AsMeasured,
        (true, false) => {
            limits.push(
                "the machines differ: times are compared in units of the baseline variant's of the same round, \
                 which hides a change that slows the baseline as well"
                    .into(),
            );
            TimeBasis::AgainstBaseline
        }
    };
    let drift = super::times::drift(old, new);
    if times == TimeBasis::AsMeasured && drift > NOTABLE_DRIFT {
        limits.push(format!(
            "SELECT 1 took {} times as long in one of the runs: smaller changes of times than that say nothing",
            words::number(drift)
        ));
    }
    for (result, which) in [(old, "old"), (new, "new")] {
        if result.run.interrupted {
            limits.push(format!("the {which} run was ended by hand: what it lacks says nothing"));
        }
    }
    Basis {
        exact: same_scale && same_rows && old.run.seed == new.run.seed,
        times,
        limits,
        differences: differences(old, new),
    }
}

/// Where the server ran; elsewhere, milliseconds mean something else.
fn place(result: &RunResult) -> (&str, usize, &str, Option<&str>, Option<&str>) {
    // A remote server's times are its own machine's, which the result does not know: its address stands for it.
    let remote = (result.server.kind == "remote").then_some(result.server.origin.as_str());
    let machine = &result.machine;
    (&machine.cpu, machine.cores, &result.server.kind, machine.filesystem.as_deref(), remote)
}

/// Whether the data sets that both runs have hold the same numbers of rows.
fn same_rows(old: &[WorkloadResult], new: &[WorkloadResult]) -> bool {
    old.iter().all(|workload| {
        let other = new.iter().find(|other| other.name == workload.name);
        workload.datasets.iter().all(|dataset| {
            let other = other.and_then(|other| other.datasets.iter().find(|it| it.name == dataset.name));
            other.is_none_or(|other| other.rows == dataset.rows)
        })
    })
}

fn differences(old: &RunResult, new: &RunResult) -> Vec<Difference> {
    let facts = |result: &RunResult| {
        let (run, machine, server) = (&result.run, &result.machine, &result.server);
        [
            ("PostgreSQL", server.version.clone()),
            ("kind of server", server.kind.clone()),
            ("scale", words::scale(run.scale).to_owned()),
            ("seed", run.seed.to_string()),
            ("processor", machine.cpu.clone()),
            ("cores", machine.cores.to_string()),
            ("memory", words::bytes(machine.memory_bytes)),
            ("system", machine.os.clone()),
            ("file system", machine.filesystem.clone().unwrap_or_else(|| "not known".to_owned())),
            ("indexproof", result.tool.version.clone()),
        ]
    };
    let mut found: Vec<Difference> = facts(old)
        .into_iter()
        .zip(facts(new))
        .filter(|(old, new)| old.1 != new.1)
        .map(|((what, old), (_, new))| Difference { what: what.to_owned(), old, new })
        .collect();
    let settings = [
        ("setting", [&old.server.settings, &new.server.settings]),
        ("extension", [&old.server.extensions, &new.server.extensions]),
    ];
    for (what, [old, new]) in settings {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let [old, new] = [old.get(name), new.get(name)];
            if old != new {
                let said = |value: Option<&String>| value.map_or("default".to_owned(), String::clone);
                let absent = |value: Option<&String>| value.map_or("absent".to_owned(), String::clone);
                let (old, new) =
                    if what == "setting" { (said(old), said(new)) } else { (absent(old), absent(new)) };
                found.push(Difference { what: format!("{what} {name}"), old, new });
            }
        }
    }
    found
}
