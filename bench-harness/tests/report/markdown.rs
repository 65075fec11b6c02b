use indexproof::report::{github, markdown};

use crate::sample_result::{hostile, sample};

#[test]
fn markdown_of_the_sample() {
    insta::assert_snapshot!(markdown::render(&sample()));
}

#[test]
fn github_summary_of_the_sample() {
    insta::assert_snapshot!(github::render(&sample()));
}

#[test]
fn hostile_text_neither_becomes_html_nor_breaks_a_row() {
    for text in [markdown::render(&hostile()), github::render(&hostile())] {
        for forbidden in ["<script", "<img", "</script"] {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
        for row in text.lines().filter(|line| line.starts_with("| ")) {
            let bare = row.replace("\\|", "");
            assert_eq!(bare.matches('|').count(), 6, "{row}");
        }
    }
}
