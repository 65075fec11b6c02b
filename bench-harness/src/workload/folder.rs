//! The files of a workload folder: each must be asked for by something, so that a mistyped name is found.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::error::{Fault, SourceFile, WorkloadError, nearest};

pub(super) const MANIFEST: &str = "workload.toml";
pub(super) const SCHEMA: &str = "schema.sql";
pub(super) const CLAIMS: &str = "claims.toml";
pub(super) const README: &str = "README.md";
pub(super) const QUERIES: &str = "queries";

/// A workload folder and which of its files have been asked for.
pub(super) struct Folder {
    dir: PathBuf,
    /// Relative to `dir`; what starts with a dot is left out, editors and systems put such files everywhere.
    files: BTreeSet<PathBuf>,
    used: BTreeSet<PathBuf>,
}

impl Folder {
    pub fn open(dir: &Path) -> Result<Folder, WorkloadError> {
        let mut files = BTreeSet::new();
        list(dir, Path::new(""), &mut files).map_err(|(path, error)| {
            let cause = error.to_string();
            WorkloadError::of_file(&path, Fault::Unreadable { path: path.clone(), cause })
        })?;
        Ok(Folder { dir: dir.to_owned(), files, used: BTreeSet::new() })
    }

    /// Reads one of the files every folder has.
    pub fn required(&mut self, name: &str, holds: &str) -> Result<SourceFile, WorkloadError> {
        self.read(Path::new(name)).unwrap_or_else(|| {
            let path = self.dir.join(name);
            let way_out = match self.nearest_to(name) {
                Some(near) => format!("is `{near}` meant to be it? {name} holds {holds}"),
                None => format!("create it; it holds {holds}"),
            };
            Err(WorkloadError::of_file(&path, Fault::MissingFile { path: path.clone(), way_out }))
        })
    }

    /// Reads a file, `None` when there is none of that name.
    pub fn read(&mut self, relative: &Path) -> Option<Result<SourceFile, WorkloadError>> {
        let file = self.files.get(relative)?.clone();
        let source = SourceFile::read(&self.dir.join(&file));
        self.used.insert(file);
        Some(source)
    }

    /// SQL files directly in a subfolder, relative to the workload folder.
    pub fn sql_files_in(&self, folder: &str) -> Vec<PathBuf> {
        let is_sql = |file: &&PathBuf| {
            file.parent() == Some(Path::new(folder)) && file.extension().is_some_and(|ext| ext == "sql")
        };
        self.files.iter().filter(is_sql).cloned().collect()
    }

    /// Why a file named by the manifest can't be read.
    pub fn missing(&self, relative: &Path) -> Fault {
        let path = self.dir.join(relative);
        if relative.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Fault::rule(
                format!("{} lies outside the workload folder", relative.display()),
                "a workload is whole in its folder: name a file in it, by a relative path",
            );
        }
        let way_out = match self.nearest_to(&relative.to_string_lossy()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "create it, or remove the key that names it".to_owned(),
        };
        Fault::MissingFile { path, way_out }
    }

    /// A fault for each file that nothing has asked for.
    pub fn leftovers(&self) -> Vec<WorkloadError> {
        self.files.difference(&self.used).map(|file| self.leftover(file)).collect()
    }

    fn leftover(&self, file: &Path) -> WorkloadError {
        let path = self.dir.join(file);
        let folder = file.parent().and_then(Path::to_str).unwrap_or_default();
        let way_out = match folder {
            QUERIES => "a query is `queries/<name>.sql`, its replacement for one variant \
                        `queries/<name>.<variant>.sql`"
                .to_owned(),
            "" => {
                let known = [MANIFEST, SCHEMA, CLAIMS, README];
                match nearest(&file.to_string_lossy(), known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "a workload folder holds {}, indexes/ and queries/; name it in a variant's `indexes` or \
                         `setup`, or delete it",
                        known.join(", ")
                    ),
                }
            }
            _ => "name it in a variant's `indexes` or `setup`, or delete it".to_owned(),
        };
        WorkloadError::of_file(&path, Fault::UnexpectedFile { path: path.clone(), way_out })
    }

    fn nearest_to(&self, name: &str) -> Option<&str> {
        nearest(name, self.files.difference(&self.used).filter_map(|file| file.to_str()))
    }
}

type Unlisted = (PathBuf, std::io::Error);

fn list(dir: &Path, relative: &Path, files: &mut BTreeSet<PathBuf>) -> Result<(), Unlisted> {
    let here = dir.join(relative);
    let fail = |error| (here.clone(), error);
    for entry in std::fs::read_dir(&here).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let inner = relative.join(entry.file_name());
        if entry.path().is_dir() {
            list(dir, &inner, files)?;
        } else {
            files.insert(inner);
        }
    }
    Ok(())
}
