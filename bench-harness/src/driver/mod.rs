//! How statements are executed and timed: sessions, legs, the order of legs in a round, argument pools, EXPLAIN; and
//! under load, in open and closed loops.

pub mod arguments;
pub mod closed_loop;
pub mod explain;
pub mod generator;
pub mod leg;
pub mod load;
pub mod mix;
pub mod open_loop;
pub mod order;
pub mod session;

#[cfg(test)]
mod loop_tests;
