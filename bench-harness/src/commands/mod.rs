//! What the command line's subcommands do, apart from parsing their arguments.

pub mod list;
pub mod report;
pub mod show;
