//! What the subcommands do, apart from reading the command line.

pub mod check;
