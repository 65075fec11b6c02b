//! Progress on standard error: a bar on a terminal, a line a step elsewhere (in CI logs).

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// One step under way; finished when dropped.
pub struct Step {
    bar: ProgressBar,
}

impl Step {
    /// `total` is in `unit`s; without one the step only shows that it is alive.
    pub fn start(what: &str, total: Option<u64>) -> Step {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let template = match total {
            Some(_) => "{spinner} {msg} [{bar:30}] {human_pos}/{human_len} {eta}",
            None => "{spinner} {msg} {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        if bar.is_hidden() {
            eprintln!("{what}");
        } else {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Step { bar }
    }

    pub fn advance(&self, by: u64) {
        self.bar.inc(by);
    }

    pub fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
