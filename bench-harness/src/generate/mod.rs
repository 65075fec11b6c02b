//! Generates data.
pub mod dependencies;
pub mod duration;
pub mod template;
