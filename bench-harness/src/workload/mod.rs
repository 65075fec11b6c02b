//! A workload folder as typed data: parsed strictly, validated without a server.

pub mod generator;
pub mod loaded;
pub mod model;
