//! Mixes and the loads that use them.

use super::manifest::{bad_name, check_not_falling, scale_key};
use super::measures::PartOf;
use super::{Context, Errors, first_scale, scale_name};
use crate::driver::open_loop::PATIENCE;
use crate::workload::error::Fault;
use crate::workload::load::{ClosedLoop, OpenLoop, Target};
use crate::workload::model::{Effect, Measure, Scaled};
use crate::workload::names;
use crate::workload::toml_doc::Key;

/// Requests of one open-loop leg, which are made ready before it starts.
const MOST_REQUESTS: f64 = 1e6;
const MOST_CONNECTIONS: u32 = 1_000;
const LONGEST_SECONDS: f64 = 600.0;
const LONGEST_RTT_MS: f64 = 10_000.0;

/// The mixes of `workload.toml`.
pub(in crate::workload) fn check_mixes(context: &Context<'_>, errors: &mut Errors) {
    let doc = context.manifest_doc;
    for (mix, weights) in &context.manifest.mixes {
        let key = Key::of("mixes").name(mix);
        if !names::is_identifier(mix) {
            errors.push(doc.at_name(&key, bad_name("mix", mix, names::IDENTIFIER)));
        }
        if weights.is_empty() {
            let way_out = "give it at least one, `statement = weight`";
            errors.push(doc.at_name(&key, Fault::rule(format!("mix `{mix}` has no statement"), way_out)));
        }
        for (statement, weight) in weights {
            let key = key.name(statement);
            if *weight == 0 {
                errors.push(doc.at(&key, Fault::range("a weight", 0, "at least 1")));
            }
            match context.queries.get(statement) {
                None => {
                    errors
                        .push(doc.at_name(&key, Fault::unknown("query", statement, context.queries.keys())));
                }
                Some(query) if query.header.effect == Some(Effect::Rollback) => {
                    let fault = Fault::rule(
                        format!(
                            "`{statement}` is rolled back each time, which a load can't leave out of its time"
                        ),
                        "mix statements that only read, or that commit and say what puts the data back",
                    );
                    errors.push(doc.at_name(&key, fault));
                }
                Some(_) => {}
            }
        }
    }
}

impl PartOf<'_> {
    pub(super) fn open_loop(&self, measure: &Measure, open: &OpenLoop, errors: &mut Errors) {
        let key = self.key.name("open_loop");
        self.above_zero("rate", open.rate, &key, errors);
        self.load(measure, (&open.mix, open.connections, &open.seconds, open.rtt_ms), &key, errors);
        let too_many = |seconds: &f64| open.rate * seconds > MOST_REQUESTS;
        if let Some((scale, seconds)) = first_scale(&open.seconds, too_many) {
            let fault = Fault::range(
                format!("the number of requests in a leg at scale {}", scale_name(scale)),
                open.rate * seconds,
                format!("at most {MOST_REQUESTS}"),
            );
            self.fault(&key.name("rate"), fault, errors);
        }
    }

    pub(super) fn closed_loop(&self, measure: &Measure, closed: &ClosedLoop, errors: &mut Errors) {
        let key = self.key.name("closed_loop");
        self.load(measure, (&closed.mix, closed.connections, &closed.seconds, closed.rtt_ms), &key, errors);
    }

    /// What both loops have.
    fn load(
        &self,
        measure: &Measure,
        (mix, connections, seconds, rtt_ms): (&str, u32, &Scaled<f64>, Option<f64>),
        key: &Key,
        errors: &mut Errors,
    ) {
        if connections == 0 || connections > MOST_CONNECTIONS {
            let fault = Fault::range("`connections`", connections, format!("1 to {MOST_CONNECTIONS}"));
            self.fault(&key.name("connections"), fault, errors);
        }
        self.seconds(seconds, &key.name("seconds"), errors);
        if let Some(rtt_ms) = rtt_ms
            && !(rtt_ms > 0.0 && rtt_ms <= LONGEST_RTT_MS)
        {
            let fault = Fault::range("`rtt_ms`", rtt_ms, format!("above 0, at most {LONGEST_RTT_MS}"));
            self.fault(&key.name("rtt_ms"), fault, errors);
        }
        let mut variants = self.variants.to_vec();
        if let Some(target) = measure.load_target() {
            variants.extend(self.load_target(target, &key.name("target"), errors));
        }
        self.mix(mix, &variants, &key.name("mix"), errors);
    }

    fn seconds(&self, seconds: &Scaled<f64>, key: &Key, errors: &mut Errors) {
        let allowed = |seconds: &f64| *seconds > 0.0 && *seconds <= LONGEST_SECONDS;
        if let Some((scale, found)) = first_scale(seconds, |seconds| !allowed(seconds)) {
            let fault = Fault::range("`seconds`", found, format!("above 0, at most {LONGEST_SECONDS}"));
            self.fault(&scale_key(key, seconds, scale_name(scale)), fault, errors);
            return;
        }
        check_not_falling(self.doc, key, "`seconds`", seconds, errors);
    }

    /// Checks what is asked; gives the baseline back, in which the mix is run as well.
    fn load_target(&self, target: Target<'_>, key: &Key, errors: &mut Errors) -> Option<String> {
        match target {
            Target::Latency { statistic: _, below_ms } => {
                let key = key.name("latency");
                self.above_zero("below_ms", below_ms, &key, errors);
                let patience = PATIENCE.as_secs_f64() * 1e3;
                if below_ms > patience {
                    let fault = Fault::range(
                        "the target `below_ms` under load",
                        below_ms,
                        format!("at most {patience}: an answer is not waited for longer"),
                    );
                    self.fault(&key.name("below_ms"), fault, errors);
                }
                None
            }
            Target::Throughput { at_least } => {
                self.above_zero("at_least", at_least, &key.name("throughput"), errors);
                None
            }
            Target::Ratio { above, baseline } => {
                let key = key.name("ratio");
                self.above_zero("above", above, &key, errors);
                let first = self.context.manifest.variants.first().map(|variant| variant.name.as_str());
                let baseline = baseline.or(first)?;
                self.baseline(baseline, &key, errors);
                Some(baseline.to_owned())
            }
        }
    }

    fn mix(&self, mix: &str, variants: &[String], key: &Key, errors: &mut Errors) {
        let mixes = &self.context.manifest.mixes;
        let Some(weights) = mixes.get(mix) else {
            self.fault(key, Fault::unknown("mix", mix, mixes.keys()), errors);
            return;
        };
        // A statement that is not there is reported where the mix names it.
        for statement in weights.keys().filter(|statement| self.context.queries.contains_key(*statement)) {
            self.repeated(statement, key, variants, errors);
        }
    }
}
