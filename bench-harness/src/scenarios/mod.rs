//! See the crate documentation for where this stands.
