use indexproof::report::table;

use crate::sample_result::{hostile, sample};

#[test]
fn eighty_columns() {
    insta::assert_snapshot!(table::render(&sample(), 80, false));
}

#[test]
fn a_hundred_and_twenty_columns() {
    insta::assert_snapshot!(table::render(&sample(), 120, false));
}

#[test]
fn no_line_is_wider_than_asked() {
    for width in [60, 80, 100, 110, 120, 160] {
        for line in table::render(&sample(), width, false).lines() {
            let columns = line.chars().count();
            assert!(columns <= usize::from(width), "{columns} columns instead of {width}: {line}");
        }
    }
}

#[test]
fn colour_is_given_only_when_asked_for() {
    assert!(table::render(&sample(), 80, true).contains('\u{1b}'));
    assert!(!table::render(&sample(), 80, false).contains('\u{1b}'));
}

#[test]
fn text_from_a_file_cannot_send_escape_sequences() {
    let mut result = hostile();
    result.claims[0].title = "\u{1b}]0;owned\u{7}\u{1b}[2J".into();
    let text = table::render(&result, 80, false);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text}");
}
