//! A copy of the fixture workload that a test may change, and `indexproof run` on it.
// Each test program uses its own share of this.
#![allow(dead_code)]

#[path = "folder.rs"]
mod folder;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use assert_cmd::Command;
use folder::copy;
use indexproof::report::json;
use indexproof::result::RunResult;
use tempfile::TempDir;

/// The workload, and where its run writes.
pub struct Trial {
    dir: TempDir,
}

impl Trial {
    pub fn new() -> Trial {
        let dir = TempDir::new().unwrap();
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/workloads/shop"),
            &dir.path().join("w/shop"),
        );
        Trial { dir }
    }

    /// The directory all of it is in.
    pub fn home(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(&self, file: &str) -> PathBuf {
        self.dir.path().join("w/shop").join(file)
    }

    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.file(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    pub fn append(&self, file: &str, more: &str) {
        let path = self.file(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text + more).unwrap();
    }

    fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let workloads = self.dir.path().join("w").display().to_string();
        let out = self.out().display().to_string();
        let fixed = ["--workloads", &workloads, "run", "--scale", "ci", "--server", "local", "--out", &out];
        // A later --budget of the test's own would be given twice.
        let budget = if arguments.contains(&"--budget") { &[][..] } else { &["--budget", "15s"] };
        fixed.iter().chain(budget).chain(arguments).map(|argument| (*argument).to_owned()).collect()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_indexproof"));
        command.args(self.arguments(arguments));
        command
    }

    pub fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    pub fn result(&self) -> RunResult {
        json::read(&self.out().join("result.json")).unwrap()
    }

    /// Runs, and reads what was found; `code` is the expected exit code.
    pub fn run(&self, arguments: &[&str], code: i32) -> RunResult {
        self.command(arguments).assert().code(code);
        self.result()
    }

    /// Starts a run that the test will interrupt.
    pub fn spawn(&self, arguments: &[&str]) -> Running {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_indexproof"));
        command.args(self.arguments(arguments)).stdout(Stdio::null()).stderr(Stdio::piped());
        Running(command.spawn().unwrap())
    }
}

/// A run under way; killed when the test ends before it.
pub struct Running(Child);

impl Running {
    /// Waits until a line on standard error holds a text; what follows is read and forgotten.
    pub fn wait_until_told(&mut self, text: &str) {
        let mut told = String::new();
        let mut lines = BufReader::new(self.0.stderr.take().unwrap()).lines();
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended without {text:?}:\n{told}")).unwrap();
            if line.contains(text) {
                break;
            }
            told.push_str(&line);
            told.push('\n');
        }
        std::thread::spawn(move || lines.for_each(drop));
    }

    /// Ctrl-C.
    pub fn interrupt(&self) {
        let sent = std::process::Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already, in a test that passed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
