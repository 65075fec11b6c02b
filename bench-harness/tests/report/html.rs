use indexproof::report::html;

use crate::sample_result::{hostile, sample};

fn page() -> String {
    html::render(&sample()).expect("the sample renders")
}

#[test]
fn every_claim_has_its_section_and_its_row() {
    let page = page();
    for claim in sample().claims {
        assert!(page.contains(&format!("<article class=\"claim\" id=\"{}\"", claim.id)), "{}", claim.id);
        assert!(page.contains(&format!("data-claim=\"{}\"", claim.id)), "{}", claim.id);
    }
}

#[test]
fn the_page_refers_to_nothing_outside_itself() {
    for page in [page(), html::render(&hostile()).expect("hostile text renders")] {
        // Text may say anything; only tags, styles and scripts could fetch.
        for forbidden in
            ["http://", "https://", "url(", "@import", "<img", "<iframe", "<object", "<script src"]
        {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
    }
}

#[test]
fn text_from_the_result_never_becomes_markup() {
    let page = html::render(&hostile()).expect("hostile text renders");
    assert_eq!(page.matches("<script").count(), 1, "only the page's own script");
    assert_eq!(page.matches("</script").count(), 1);
    assert!(!page.contains("<img"));
    assert!(!page.contains("javascript:"));
    assert!(page.contains("&lt;script&gt;window.pwned=1&lt;"));
}

#[test]
fn evidence_is_on_the_page() {
    let page = page();
    for wanted in [
        "Sort Key: job_priority DESC, scheduled_for, id",
        "ON job_queue (job_priority DESC, scheduled_for, id)",
        "The order of the columns is the order of the pickup&#x27;s ORDER BY",
        "noise floor 1.04×",
        "column &quot;tags&quot; does not exist",
        "most jobs created by one volley",
        "max_parallel_workers_per_gather",
        "<strong>priority first</strong>",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
}

#[test]
fn a_damaged_histogram_is_named() {
    let mut result = sample();
    let latency = result.workloads[0].statements[0].latency.as_mut().expect("the first statement was timed");
    latency.histogram = "AAAA".into();
    let fault = html::render(&result).expect_err("not a histogram").to_string();
    assert!(fault.contains("claim SJ-02") && fault.contains("bare"), "{fault}");
}

#[test]
fn an_empty_run_still_makes_a_page() {
    let mut result = sample();
    result.claims.clear();
    result.workloads.clear();
    let page = html::render(&result).expect("nothing to draw is no fault");
    assert!(page.contains("0\u{a0}claims were run."), "the summary says so");
}

#[test]
fn twenty_claims_in_four_variants_stay_under_two_megabytes() {
    let mut result = sample();
    for at in 0..7 {
        let mut claim = result.claims[1].clone();
        claim.id = format!("SJ-9{at}");
        let statements: Vec<_> = result.workloads[0]
            .statements
            .iter()
            .filter(|statement| statement.name == "pickup")
            .map(|statement| indexproof::result::evidence::StatementEvidence {
                name: format!("pickup_{at}"),
                ..statement.clone()
            })
            .collect();
        result.workloads[0].statements.extend(statements);
        for part in claim.variants.iter_mut().flat_map(|variant| &mut variant.parts) {
            if let indexproof::result::evidence::Measurement::Latency { statement, .. } =
                &mut part.measurement
            {
                *statement = format!("pickup_{at}");
            }
        }
        result.claims.push(claim);
    }
    assert_eq!(result.claims.len(), 20);
    let size = html::render(&result).expect("it renders").len();
    assert!(size < 2_000_000, "{size} bytes");
}
