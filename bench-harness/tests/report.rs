//! Reports drawn from a sample result: the contract of their text, their escaping, their files.

#[path = "support/sample_result/mod.rs"]
mod sample_result;

#[path = "report/commands.rs"]
mod commands;
#[path = "report/compare.rs"]
mod compare;
#[path = "report/contrast.rs"]
mod contrast;
#[path = "report/html.rs"]
mod html;
#[path = "report/json.rs"]
mod json;
#[path = "report/junit.rs"]
mod junit;
#[path = "report/markdown.rs"]
mod markdown;
#[path = "report/readme.rs"]
mod readme;
#[path = "report/table.rs"]
mod table;
