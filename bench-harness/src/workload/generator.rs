//! Column generators as written in TOML. `crate::generate` evaluates them.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::Scaled;

/// One column's values. Written `"uuid"` or `{ zipf = { count = 100, exponent = 1.1 } }`.
///
/// Every cell is a pure function of (seed, table, column, row), so any cell can be computed on its own and
/// the same seed gives the same bytes everywhere. Timestamps are offsets from the run's epoch.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Generator {
    Null,
    /// Row number from 1.
    Row,
    /// Random version 4 UUID.
    Uuid,
    /// The same value in every row.
    Constant(serde_json::Value),
    /// Whole numbers, each as likely.
    Integer {
        min: i64,
        max: i64,
    },
    /// Floating point numbers, each as likely.
    Float {
        min: f64,
        max: f64,
    },
    Boolean {
        probability: f64,
    },
    /// Whole number from 1 to `count`, 1 the most frequent.
    Zipf {
        count: Scaled<u64>,
        exponent: f64,
    },
    /// The UUID that stands for one of `count` entities, the same for the same (entity, number) everywhere.
    Entity {
        name: String,
        pick: Pick,
    },
    /// One of several, by weight.
    Weighted(Vec<Weighted>),
    /// Exact numbers of rows per value, spread pseudo-randomly over the table; all other rows get `rest`.
    Quota {
        values: Vec<QuotaShare>,
        rest: Box<Generator>,
    },
    /// Offset from the run's epoch, e.g. from `-30d` to `0s`; `skew` > 1 crowds towards `to`.
    Timestamp {
        from: String,
        to: String,
        #[serde(default = "one")]
        skew: f64,
    },
    /// Another timestamp column of the row plus a random duration; NULL where that is NULL; `skew` > 1 crowds
    /// towards `min`.
    After {
        column: String,
        min: String,
        max: String,
        #[serde(default = "one")]
        skew: f64,
    },
    /// Depends on another column of the row (declared before, virtual or not).
    Case {
        column: String,
        when: IndexMap<String, Generator>,
        otherwise: Box<Generator>,
    },
    /// JSON document; strings `"$name"` in the template are replaced by values from `with`; `"$$…"` is a string
    /// that starts with one dollar sign.
    Json {
        template: serde_json::Value,
        #[serde(default)]
        with: IndexMap<String, Generator>,
    },
    /// One of several texts, each as likely; `{name}` is replaced by values from `with`, `{{` and `}}` are braces.
    Template {
        text: Vec<String>,
        #[serde(default)]
        with: IndexMap<String, Generator>,
    },
    /// Filler words.
    Words {
        min: u32,
        max: u32,
    },
    /// The value of a column in a row of another table of the same data set.
    Reference {
        table: String,
        column: String,
        #[serde(default)]
        pick: RowPick,
    },
    /// NULL with the given probability.
    Nullable {
        probability: f64,
        of: Box<Generator>,
    },
}

impl Generator {
    /// The generators directly inside this one.
    pub fn children(&self) -> Vec<&Generator> {
        match self {
            Generator::Weighted(choices) => choices.iter().filter_map(|choice| choice.of.as_ref()).collect(),
            Generator::Quota { rest, .. } => vec![rest],
            Generator::Case { when, otherwise, .. } => when.values().chain([&**otherwise]).collect(),
            Generator::Json { with, .. } | Generator::Template { with, .. } => with.values().collect(),
            Generator::Nullable { of, .. } => vec![of],
            Generator::Null
            | Generator::Row
            | Generator::Uuid
            | Generator::Constant(_)
            | Generator::Integer { .. }
            | Generator::Float { .. }
            | Generator::Boolean { .. }
            | Generator::Zipf { .. }
            | Generator::Entity { .. }
            | Generator::Timestamp { .. }
            | Generator::After { .. }
            | Generator::Words { .. }
            | Generator::Reference { .. } => Vec::new(),
        }
    }
}

fn one() -> f64 {
    1.0
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Pick {
    Uniform {
        count: Scaled<u64>,
    },
    Zipf {
        count: Scaled<u64>,
        exponent: f64,
    },
    /// Row r gets entity 1 + (r mod count): exactly even shares.
    Cycle {
        count: Scaled<u64>,
    },
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RowPick {
    #[default]
    Uniform,
    Zipf {
        exponent: f64,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weighted {
    pub weight: f64,
    /// A fixed value …
    pub value: Option<serde_json::Value>,
    /// … or a generator.
    pub of: Option<Generator>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaShare {
    pub value: serde_json::Value,
    pub rows: Scaled<u64>,
}
