//! `indexproof` gives every written claim about PostgreSQL indexes and latency a verdict with its evidence.
//!
//! Reading order: a workload is parsed ([`workload`]), its data generated ([`generate`]) into a server
//! ([`server`]), measured in interleaved rounds ([`driver`], [`scenarios`], [`plan`], at a distance through
//! [`proxy`]), judged ([`stats`], [`verdict`]), written down ([`result`]) and shown ([`report`]); two results
//! are held against each other ([`compare`]). [`commands`] ties these together. [`selftest`] puts the method
//! itself to the proof.

pub mod ablation;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod driver;
pub mod generate;
pub mod init;
pub mod plan;
pub mod proxy;
pub mod report;
pub mod result;
pub mod run;
pub mod scenarios;
pub mod selftest;
pub mod server;
pub mod stats;
pub mod timer;
pub mod verdict;
pub mod workload;
