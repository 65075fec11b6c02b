//! The style sheet's colours against WCAG 2 AA: text at 4.5 : 1, marks of plots at 3 : 1, in both schemes.

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../../src/report/templates/style.css");

/// Colour variables of the light scheme, or of the dark one where it differs.
fn colours(dark: bool) -> BTreeMap<String, [f64; 3]> {
    let mut blocks = STYLE.split(":root {").skip(1).map(|rest| rest.split('}').next().expect("a block ends"));
    let light = blocks.next().expect("the light scheme comes first");
    let mut text = light.to_owned();
    if dark {
        text.push_str(blocks.next().expect("the dark scheme comes second"));
    }
    text.split(';')
        .filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"))
        .map(|(name, hex)| {
            let channel = |at: usize| {
                let value = u8::from_str_radix(&hex[at..at + 2], 16).expect("six hexadecimal digits");
                let share = f64::from(value) / 255.0;
                if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
            };
            (name.to_owned(), [channel(0), channel(2), channel(4)])
        })
        .collect()
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_pair_of_text_and_ground_can_be_read() {
    let mut pairs: Vec<(String, String, f64)> = Vec::new();
    for ground in ["page", "card", "sunk"] {
        for text in ["text", "muted", "link", "good", "bad"] {
            pairs.push((text.into(), ground.into(), 4.5));
        }
    }
    for ground in ["added", "removed", "not-runnable-bg"] {
        pairs.push(("text".into(), ground.into(), 4.5));
    }
    for verdict in indexproof::verdict::Verdict::ALL {
        let key = indexproof::report::words::verdict(verdict).key.replace('_', "-");
        pairs.push((key.clone(), format!("{key}-bg"), 4.5));
    }
    for series in 0..5 {
        pairs.push((format!("series-{series}"), "card".into(), 3.0));
    }
    pairs.push(("target".into(), "card".into(), 4.5));
    for dark in [false, true] {
        let colours = colours(dark);
        for (text, ground, least) in &pairs {
            let (Some(one), Some(other)) = (colours.get(text), colours.get(ground)) else {
                panic!("--{text} or --{ground} is not in the style sheet");
            };
            let found = contrast(*one, *other);
            assert!(found >= *least, "--{text} on --{ground}, dark {dark}: {found:.2} : 1");
        }
    }
}
