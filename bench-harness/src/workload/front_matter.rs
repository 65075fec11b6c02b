//! The `/*--- TOML ---*/` block that opens a query file.

use std::ops::Range;

use super::error::{Fault, SourceFile, WorkloadError};

const OPENS: &str = "/*---";
const CLOSES: &str = "---*/";

/// Places in a query file, in bytes from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FrontMatter {
    pub toml: Range<usize>,
    pub sql: Range<usize>,
}

/// Finds the header. It must come first: a header further down would be a comment nobody reads.
pub(super) fn find(source: &SourceFile) -> Result<FrontMatter, WorkloadError> {
    let text = &source.text;
    let start = text.len() - text.trim_start().len();
    if !text[start..].starts_with(OPENS) {
        let first_line = start..start + text[start..].lines().next().map_or(0, str::len);
        return Err(WorkloadError::at(
            source,
            first_line,
            None,
            Fault::rule(
                "a query file starts with its header",
                "open the file with\n/*---\nsummary = \"what the statement does for the application\"\n---*/",
            ),
        ));
    }
    let toml_start = start + OPENS.len();
    match text[toml_start..].find(CLOSES) {
        Some(length) => {
            let toml_end = toml_start + length;
            Ok(FrontMatter { toml: toml_start..toml_end, sql: toml_end + CLOSES.len()..text.len() })
        }
        None => Err(WorkloadError::at(
            source,
            start..toml_start,
            None,
            Fault::Syntax {
                message: "the header that opens here doesn't close".into(),
                way_out: Some("end it with `---*/` on a line of its own, above the statement".into()),
            },
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn source(text: &str) -> SourceFile {
        SourceFile { path: PathBuf::from("q.sql"), text: text.into() }
    }

    #[test]
    fn header_and_statement_are_told_apart() {
        let text = "\n/*---\na = 1\n---*/\nSELECT 1";
        let found = find(&source(text)).unwrap();
        assert_eq!(&text[found.toml], "\na = 1\n");
        assert_eq!(&text[found.sql], "\nSELECT 1");
    }

    #[test]
    fn a_missing_or_open_header_is_refused_at_its_place() {
        let missing = find(&source("\nSELECT 1 /*--- a = 1 ---*/")).unwrap_err();
        assert_eq!(missing.line_and_column(), Some((2, 1)));
        let open = find(&source("/*---\na = 1\nSELECT 1")).unwrap_err();
        assert_eq!(open.fault.code(), "syntax");
        let empty = find(&source("")).unwrap_err();
        assert_eq!(empty.fault.code(), "rule");
    }
}
