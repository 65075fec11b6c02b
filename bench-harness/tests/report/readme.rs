//! README's table of verdicts against the reference results it is written from.

use std::fs;
use std::path::{Path, PathBuf};

use indexproof::report::{json, markdown};

const BEGIN: &str =
    "<!-- verdicts: written by UPDATE_README=1 cargo test -p indexproof --test report readme -->\n";
const END: &str = "<!-- end of verdicts -->";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A heading and a table for each reference result; ablations and other kinds have two dots in their name.
fn tables() -> String {
    let dir = root().join("results/reference");
    let mut names: Vec<String> = fs::read_dir(&dir)
        .expect("results/reference is there")
        .map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned())
        .filter(|name| name.strip_suffix(".json").is_some_and(|stem| !stem.contains('.')))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no reference result to write README from");
    let table = |name: &String| {
        let result = json::read(&dir.join(name)).expect("a reference result");
        let workload = result.workloads.first().expect("of a workload");
        format!(
            "\n**Document {}, {}** ([`{name}`](results/reference/{name}): {})\n\n{}",
            workload.document.id,
            workload.document.title,
            markdown::facts(&result),
            markdown::verdict_table(&result)
        )
    };
    names.iter().map(table).collect()
}

#[test]
fn readme_has_the_verdicts_of_the_reference_results() {
    let path = root().join("README.md");
    let text = fs::read_to_string(&path).expect("README.md");
    let (before, rest) = text.split_once(BEGIN).expect("README.md has the mark where the verdicts begin");
    let (written, after) = rest.split_once(END).expect("README.md has the mark where they end");
    let wanted = format!("{}\n", tables());
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).expect("README.md is written");
        return;
    }
    assert!(
        written == wanted,
        "README.md does not show what results/reference holds; UPDATE_README=1 cargo test -p indexproof --test \
         report readme writes it anew.\n--- it has\n{written}\n--- it should have\n{wanted}"
    );
}
