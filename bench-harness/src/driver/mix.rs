//! A mix: statements with weights, and the requests that a load draws from it.

use rand::SeedableRng;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::leg::LegError;
use super::session::{Arguments, Bound, Session};
use crate::workload::model::RowBounds;

/// One statement of a mix.
pub struct MixStatement<'a> {
    pub name: String,
    pub bound: Bound,
    /// Of all requests, this many in the sum of all weights.
    pub weight: u32,
    /// What an execution may return.
    pub rows: Option<RowBounds>,
    /// Arguments of request `n` of round `round`.
    pub arguments: Box<dyn Fn(u32, u32) -> Arguments + 'a>,
}

/// A request that is ready to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// Place of its statement in the mix.
    statement: usize,
    arguments: Arguments,
}

/// Statements with weights.
pub struct Mix<'a> {
    statements: Vec<MixStatement<'a>>,
    weights: WeightedIndex<u32>,
    seed: u64,
}

/// A request that failed, and what it was.
#[derive(Debug, thiserror::Error)]
#[error("{statement}: {error}")]
pub struct RequestError {
    pub statement: String,
    pub sql: String,
    pub error: LegError,
}

/// Weights that choose nothing.
#[derive(Debug, thiserror::Error)]
#[error("the mix has no statement to choose: {0}")]
pub struct NoChoice(#[from] rand::distr::weighted::Error);

impl<'a> Mix<'a> {
    /// # Errors
    /// No statement has a weight.
    pub fn new(statements: Vec<MixStatement<'a>>, seed: u64) -> Result<Mix<'a>, NoChoice> {
        let weights = WeightedIndex::new(statements.iter().map(|statement| statement.weight))?;
        Ok(Mix { statements, weights, seed })
    }

    /// Request `n` of round `round`: the same statement with the same arguments in every variant.
    pub fn request(&self, round: u32, n: u32) -> Request {
        let place = u64::from(round) << 32 | u64::from(n);
        let mut rng =
            Xoshiro256PlusPlus::seed_from_u64(self.seed ^ place.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let statement = self.weights.sample(&mut rng);
        Request { statement, arguments: (self.statements[statement].arguments)(round, n) }
    }

    /// Sends a request and waits for its last row.
    ///
    /// # Errors
    /// PostgreSQL's, or a number of rows that the statement's header does not allow.
    pub async fn send(&self, session: &Session, request: &Request) -> Result<(), RequestError> {
        let MixStatement { name, bound, rows, .. } = &self.statements[request.statement];
        let failed = |error| RequestError { statement: name.clone(), sql: bound.sql.clone(), error };
        let answer = session.execute(bound, &request.arguments).await;
        let answer = answer.map_err(|error| failed(LegError::Postgres(error)))?;
        match *rows {
            Some(RowBounds { min, max }) if !(min..=max).contains(&answer.rows) => {
                Err(failed(LegError::Rows { rows: answer.rows, min, max }))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mix(weights: &[u32]) -> Result<Mix<'static>, NoChoice> {
        let statements = weights.iter().map(|weight| MixStatement {
            name: String::new(),
            bound: Bound { sql: String::new(), types: Vec::new() },
            weight: *weight,
            rows: None,
            arguments: Box::new(|round, n| vec![Some(format!("{round}.{n}"))]),
        });
        Mix::new(statements.collect(), 7)
    }

    #[test]
    fn statements_come_by_weight() {
        let mix = mix(&[9, 0, 1]).unwrap();
        let mut counts = [0; 3];
        (0..10_000).for_each(|n| counts[mix.request(3, n).statement] += 1);
        assert_eq!(counts[1], 0);
        // Three standard deviations of 10 000 draws at a tenth: 90.
        assert!((910..1_090).contains(&counts[2]), "{counts:?}");
    }

    #[test]
    fn a_request_is_the_same_whoever_asks() {
        let draw = |n| {
            let request = mix(&[1, 1, 1]).unwrap().request(2, n);
            (request.statement, request.arguments)
        };
        assert_eq!(draw(5), draw(5));
        assert_eq!(draw(5).1, [Some("2.5".to_owned())]);
        assert!((0..20).any(|n| draw(n).0 != draw(0).0));
    }

    #[test]
    fn nothing_to_choose_is_an_error() {
        assert!(mix(&[]).is_err());
        assert!(mix(&[0, 0]).is_err());
    }
}
