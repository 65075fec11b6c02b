//! Reports drawn from a sample result: the contract of their text, their escaping, their files.

#[path = "support/sample_result/mod.rs"]
mod sample_result;

#[path = "report/table.rs"]
mod table;
#[path = "report/html.rs"]
mod html;
