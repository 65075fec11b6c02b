//! SHIM
use crate::result::evidence::PlanFacts;
pub struct P(serde_json::Value);
pub fn parse(v: &serde_json::Value) -> Result<P, String> { Ok(P(v.clone())) }
impl P {
    pub fn facts(&self) -> PlanFacts { let mut f = PlanFacts::default(); walk(&self.0[0]["Plan"], &mut f); f.buffers = self.0[0]["Plan"]["Shared Hit Blocks"].as_u64().unwrap_or(0) + self.0[0]["Plan"]["Shared Read Blocks"].as_u64().unwrap_or(0); f }
    pub fn text(&self) -> String { String::new() }
}
fn walk(p: &serde_json::Value, f: &mut PlanFacts) {
    f.nodes.push(p["Node Type"].as_str().unwrap_or("?").to_owned());
    if let Some(i) = p["Index Name"].as_str() { f.indexes.push(i.to_owned()); }
    if let Some(c) = p["Plans"].as_array() { for c in c { walk(c, f); } }
}
pub fn merge_worst<'a>(i: impl Iterator<Item = &'a PlanFacts>) -> PlanFacts { i.max_by_key(|f| f.buffers).cloned().unwrap_or_default() }
pub fn same_work(a: &PlanFacts, b: &PlanFacts) -> bool { a == b }
