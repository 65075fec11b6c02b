//! What each subcommand does.

pub mod doctor;
