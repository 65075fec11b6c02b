//! A key that names one file or several.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// One file, or several in order: `"a.sql"`, or `["a.sql", "b.sql"]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a file name, or a list of file names")]
pub enum Files {
    One(PathBuf),
    Several(Vec<PathBuf>),
}

impl Files {
    pub fn as_slice(&self) -> &[PathBuf] {
        match self {
            Files::One(path) => std::slice::from_ref(path),
            Files::Several(paths) => paths,
        }
    }
}
