//! The page in a real browser: it stands alone, fits phone and desktop in both schemes, and its filters work.
//!
//! Needs Chromium, which `ci/setup` installs; without it the tests say so and count as passed.
//! `INDEXPROOF_PICTURES=DIR` keeps a picture of each look.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/sample_result/mod.rs"]
mod sample_result;

use std::path::PathBuf;

use browser::Browser;
use indexproof::report::html;
use indexproof::result::RunResult;
use serde_json::json;
use tempfile::TempDir;

struct Opened {
    browser: Browser,
    page: PathBuf,
    _folder: TempDir,
}

/// None, said on standard error, when there is no browser.
fn open(result: &RunResult) -> Option<Opened> {
    let Some(program) = browser::find() else {
        eprintln!("skipped: chromium: not installed; ci/setup installs it");
        return None;
    };
    let folder = tempfile::tempdir().expect("a folder for the page");
    let page = folder.path().join("report.html");
    std::fs::write(&page, html::render(result).expect("the result renders")).expect("the page is written");
    let mut browser = Browser::launch(&program);
    browser.open(&page);
    Some(Opened { browser, page, _folder: folder })
}

/// Nothing reaches beyond the right edge but what scrolls inside a container of its own.
fn assert_fits(browser: &mut Browser, width: u32) {
    let beyond = browser.evaluate(
        "[...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll, pre, .sr, .skip, .sections, thead') \
         && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((one) => one.outerHTML.slice(0, 200))",
    );
    assert_eq!(beyond, json!([]), "beyond the edge at {width} pixels");
    let scroll = browser.evaluate("document.documentElement.scrollWidth");
    assert!(scroll.as_u64() <= Some(width.into()), "{scroll} pixels wide instead of {width}");
}

#[test]
fn fits_phone_and_desktop_in_light_and_dark_without_network_or_complaint() {
    let Some(Opened { mut browser, page, _folder }) = open(&sample_result::sample()) else { return };
    let mut backgrounds = Vec::new();
    for (width, height) in [(390, 844), (768, 1024), (1280, 800)] {
        for scheme in ["light", "dark"] {
            browser.look(width, height, scheme);
            browser.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
            assert_fits(&mut browser, width);
            backgrounds.push((scheme, browser.evaluate("getComputedStyle(document.body).backgroundColor")));
            if let Some(folder) = std::env::var_os("INDEXPROOF_PICTURES") {
                let picture = browser.picture();
                let name = PathBuf::from(folder).join(format!("report-{width}-{scheme}.png"));
                std::fs::write(&name, picture).unwrap_or_else(|fault| panic!("{}: {fault}", name.display()));
            }
        }
    }
    let of = |wanted| backgrounds.iter().find(|(scheme, _)| *scheme == wanted).map(|(_, colour)| colour);
    assert_ne!(of("light"), of("dark"), "both schemes look alike");
    assert_eq!(browser.requests(&page), Vec::<String>::new());
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// Identifiers of the claims whose rows are shown.
const SHOWN: &str = "[...document.querySelectorAll('tr[data-claim]')].filter((row) => row.getClientRects().length).map((row) => row.dataset.claim)";
const SECTIONS: &str = "[...document.querySelectorAll('article.claim')].filter((one) => one.getClientRects().length).map((one) => one.id)";

#[test]
fn filters_by_verdict_and_text_with_the_keyboard_alone() {
    let Some(Opened { mut browser, _folder, .. }) = open(&sample_result::sample()) else { return };
    browser.look(1280, 800, "light");
    let all = browser.evaluate(SHOWN);
    assert_eq!(all.as_array().map(Vec::len), Some(13));

    // Space on a focused box is a keyboard's click.
    browser.evaluate("document.getElementById('filter-not_runnable').focus()");
    browser.press(" ");
    assert_eq!(browser.evaluate(SHOWN), json!(["SJ-43"]));
    assert_eq!(browser.evaluate(SECTIONS), json!(["SJ-43"]));
    assert_eq!(browser.evaluate("document.getElementById('found').textContent"), json!("1 of 13 claims"));
    browser.press(" ");
    assert_eq!(browser.evaluate(SHOWN), all);

    browser.evaluate("document.activeElement.blur()");
    browser.press("/");
    assert_eq!(browser.evaluate("document.activeElement.id"), json!("find"));
    for key in "containing".chars().chain(" next job".chars()) {
        browser.press(&key.to_string());
    }
    assert_eq!(browser.evaluate("document.getElementById('find').value"), json!("containing next job"));
    assert_eq!(browser.evaluate(SHOWN), json!([]), "all words must match");
    assert_eq!(browser.evaluate("document.getElementById('nothing').hidden"), json!(false));
    browser.press("Escape");
    browser.evaluate("new Promise((done) => setTimeout(done, 20))");
    assert_eq!(browser.evaluate(SHOWN), all);
    browser.press("/");
    for key in "next job".chars() {
        browser.press(&key.to_string());
    }
    assert_eq!(browser.evaluate(SHOWN), json!(["SJ-02"]), "found by its title");

    // A link to what the filter hides takes the filter away.
    browser.evaluate("location.hash = '#HC-17'; new Promise((done) => setTimeout(done, 50))");
    assert_eq!(browser.evaluate(SHOWN), all);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn without_scripts_everything_is_there_and_the_verdict_filter_still_works() {
    let Some(Opened { mut browser, page, _folder }) = open(&sample_result::sample()) else { return };
    browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    browser.open(&page);
    browser.look(390, 844, "light");
    assert_eq!(browser.evaluate(SECTIONS).as_array().map(Vec::len), Some(13));
    assert_eq!(
        browser.evaluate("document.querySelector('.find').hidden"),
        json!(true),
        "no dead text filter"
    );
    browser.evaluate("document.getElementById('filter-proven').focus()");
    browser.press(" ");
    assert_eq!(browser.evaluate(SECTIONS), json!(["SJ-14"]));
}

#[test]
fn hostile_text_runs_nothing() {
    let Some(Opened { mut browser, page, _folder }) = open(&sample_result::hostile()) else { return };
    assert_eq!(browser.evaluate("typeof window.pwned"), json!("undefined"));
    let handlers = "[...document.querySelectorAll('*')].filter((one) => [...one.attributes].some((attribute) => attribute.name.startsWith('on'))).length";
    assert_eq!(browser.evaluate(handlers), json!(0));
    assert_eq!(browser.evaluate("document.scripts.length + document.images.length"), json!(1));
    assert_eq!(browser.requests(&page), Vec::<String>::new());
    assert_eq!(browser.complaints(), Vec::<String>::new());
    browser.look(390, 844, "dark");
    assert_fits(&mut browser, 390);
}

/// The other tests prove something only if the watch sees what it watches for.
#[test]
fn the_watch_sees_errors_requests_and_overflow() {
    let Some(Opened { mut browser, page, _folder }) = open(&sample_result::sample()) else { return };
    let bad = "<body><script>console.error('x'); throw new Error('y')</script>\
        <img src='file:///nonexistent/x.png'><p style='width: 500px'>wide</p>";
    std::fs::write(&page, bad).expect("the page is written");
    browser.look(390, 844, "light");
    browser.open(&page);
    assert!(browser.complaints().len() >= 2, "{:?}", browser.complaints());
    assert_eq!(browser.requests(&page), ["file:///nonexistent/x.png"]);
    let fits = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| assert_fits(&mut browser, 390)));
    assert!(fits.is_err(), "a page too wide passed");
}
