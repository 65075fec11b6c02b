use indexproof::report::junit;

use crate::sample_result::{hostile, sample};

#[test]
fn junit_of_the_sample() {
    insta::assert_snapshot!(junit::render(&sample()).expect("it serialises"));
}

#[test]
fn only_what_fell_short_fails() {
    let text = junit::render(&sample()).expect("it serialises");
    assert_eq!(text.matches("<failure").count(), 1, "SJ-05 was decided otherwise");
    assert_eq!(text.matches("<error").count(), 1, "HC-11 failed a guard");
}

#[test]
fn hostile_text_stays_text() {
    let text = junit::render(&hostile()).expect("it serialises");
    assert!(!text.contains("<script") && !text.contains("<img"), "{text}");
}
