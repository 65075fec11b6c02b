use proptest::prelude::*;

use super::*;

fn canonical_text(text: &str) -> String {
    let mut out = Vec::new();
    canonical(text, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn equal_numbers_have_one_form() {
    for (form, writings) in [
        ("1E0", &["1", "1.0", "1.000", "1e0", "10e-1", "0.1E+1"][..]),
        ("1E2", &["100", "1e2", "100.00", "1E+2", "0.001e5"]),
        ("-25E-1", &["-2.5", "-2.50", "-25e-1", "-0.25e1"]),
        ("0E0", &["0", "-0", "0.0", "-0.000", "0e9"]),
        ("1000000000000000000001E-3", &["1000000000000000000.001"]),
        ("12345678901234567890123E0", &["12345678901234567890123", "12345678901234567890123.0"]),
    ] {
        for writing in writings {
            assert_eq!(canonical_text(writing), form, "{writing}");
        }
    }
}

#[test]
fn neighbours_of_doubles_stay_apart() {
    assert_ne!(canonical_text("9007199254740993"), canonical_text("9007199254740992"));
    assert_ne!(canonical_text("0.1"), canonical_text("0.1000000000000000055511151231257827"));
}

#[test]
fn strings_are_left_alone() {
    for text in [r#""1.0""#, r#""a b""#, r#""\"1.0\"""#, r#""\\""#, r#""é 1.50""#, r#""""#] {
        assert_eq!(canonical_text(text), text);
    }
    assert_eq!(canonical_text(r#"{"a 1.0": "\\", "b": 1.0}"#), r#"{"a 1.0":"\\","b":1E0}"#);
}

#[test]
fn structure_stays_apart() {
    let texts =
        ["[]", "{}", "[[]]", "null", "\"\"", "0", "[0]", "\"0\"", "[1, 2]", "[12]", "[[1], 2]", "true"];
    for (i, a) in texts.iter().enumerate() {
        for b in &texts[i + 1..] {
            assert_ne!(identity(&[0; 16], "t", a), identity(&[0; 16], "t", b), "{a} {b}");
        }
    }
}

#[test]
fn deep_nesting_needs_no_stack() {
    let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    assert_eq!(canonical_text(&deep), deep);
}

/// The stored hashes of every installation depend on this value: if it changes, so must VERSION.
#[test]
fn version_1_is_frozen() {
    let id = identity(&[7; 16], "sync_youtube", r#"{"a": 1.0, "b": [true, null, "x"]}"#);
    assert_eq!(format!("{:032x}", u128::from_be_bytes(id)), "a5be6584a2ad8b7ff06f3b93266c23e4");
}

/// A JSON value with its numbers as (units, power of ten), the model that equality is judged by.
#[derive(Clone, Debug, PartialEq)]
enum Json {
    Plain(&'static str),
    Number(i64, i8),
    Text(String),
    List(Vec<Json>),
    Object(std::collections::BTreeMap<String, Json>),
}

/// Units without trailing zeros: then two numbers are equal exactly when their parts are.
fn number() -> impl Strategy<Value = Json> {
    (any::<i64>(), -6i8..=6).prop_map(|(mut units, mut power)| {
        if units == 0 {
            power = 0;
        }
        while units != 0 && units % 10 == 0 {
            units /= 10;
            power += 1;
        }
        Json::Number(units, power)
    })
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        prop_oneof![Just("null"), Just("true"), Just("false")].prop_map(Json::Plain),
        number(),
        "[a-c0-9 \"\\\\{}.,:é-]{0,6}".prop_map(Json::Text),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::List),
            prop::collection::btree_map("[a-c\"\\\\ ]{0,3}", inner, 0..5).prop_map(Json::Object),
        ]
    })
}

/// Writes a value as jsonb text, each number in one of many ways and with more or less whitespace.
fn write(value: &Json, variant: &mut u64, out: &mut String) {
    let mut choose = |n: u64| {
        *variant = variant.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*variant >> 33) % n
    };
    let space = if choose(2) == 0 { " " } else { "" };
    match value {
        Json::Plain(word) => out.push_str(word),
        Json::Number(units, power) => {
            let zeros = choose(4) as usize;
            let power = i64::from(*power) - zeros as i64;
            let units = format!("{units}{}", "0".repeat(zeros));
            match (choose(3), power) {
                (0, 0) => out.push_str(&format!("{units}.000")),
                (1, 1..) => out.push_str(&format!("{units}{}", "0".repeat(power as usize))),
                (_, 0) => out.push_str(&units),
                (_, power) => out.push_str(&format!("{units}e{power}")),
            }
        }
        Json::Text(text) => out.push_str(&serde_json::to_string(text).unwrap()),
        Json::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                    out.push_str(space);
                }
                write(item, variant, out);
            }
            out.push(']');
        }
        Json::Object(fields) => {
            out.push('{');
            for (i, (key, field)) in fields.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                    out.push_str(space);
                }
                out.push_str(&serde_json::to_string(key).unwrap());
                out.push(':');
                out.push_str(space);
                write(field, variant, out);
            }
            out.push('}');
        }
    }
}

fn written(value: &Json, mut variant: u64) -> String {
    let mut out = String::new();
    write(value, &mut variant, &mut out);
    out
}

proptest! {
    #[test]
    fn however_written_the_hash_is_the_same(value in json(), a: u64, b: u64) {
        let (a, b) = (written(&value, a), written(&value, b));
        prop_assert_eq!(identity(&[1; 16], "t", &a), identity(&[1; 16], "t", &b), "{} {}", a, b);
    }

    #[test]
    fn different_values_hash_differently(a in json(), b in json(), variant: u64) {
        prop_assume!(a != b);
        let (a, b) = (written(&a, variant), written(&b, variant));
        prop_assert_ne!(identity(&[1; 16], "t", &a), identity(&[1; 16], "t", &b), "{} {}", a, b);
    }

    #[test]
    fn user_and_type_count(user: [u8; 16], other: [u8; 16], job_type in "[a-z]{1,4}", prefix in "[a-z]{1,3}") {
        let id = identity(&user, &job_type, "1");
        prop_assert_ne!(id, identity(&user, &format!("{prefix}{job_type}"), "1"));
        prop_assert!(user == other || id != identity(&other, &job_type, "1"));
    }

    #[test]
    fn any_text_is_survived(text: String) {
        identity(&[0; 16], "t", &text);
    }
}
