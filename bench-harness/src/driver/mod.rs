//! How statements are executed and timed: sessions, legs, the order of legs in a round, argument pools, EXPLAIN.

pub mod arguments;
pub mod explain;
pub mod leg;
pub mod order;
pub mod session;
