//! The parameters of a trial.

use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt;
use swath_algorithms::candidates::CandidatesParams;
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::selector::SelectorParams;

/// The stage that a program outside is if it is a whole retriever.
pub const WHOLE: &str = "retriever";

/// All parameters of a trial, `{stage: {component: {parameter: value}}}`: as text and parsed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    text: String,
    stages: Value,
    is_oracle: bool,
}

impl Parameters {
    /// Parses the text of a trial's file. Imported results may have any text, which then says nothing of stages.
    pub fn parse(text: String) -> Self {
        let stages: Value = serde_json::from_str(&text).unwrap_or_default();
        let selector = serde_json::from_value::<SelectorParams>(stages["select"].clone());
        Self { text, is_oracle: selector.is_ok_and(|selector| selector.is_oracle()), stages }
    }

    /// The parameters of these components, defaults included.
    pub fn new(candidates: &CandidatesParams, expand: Option<&ExpansionParams>, select: &SelectorParams) -> Self {
        let mut stages = Map::new();
        stages.insert("candidates".into(), json!(candidates));
        if let Some(expansion) = expand {
            stages.insert("expand".into(), json!(expansion));
        }
        stages.insert("select".into(), json!(select));
        let stages = Value::Object(stages);
        Self { text: stages.to_string(), stages, is_oracle: select.is_oracle() }
    }

    /// The parameters of a program outside that is a whole retriever.
    pub fn whole(external: &impl Serialize) -> Self {
        let stages = json!({ WHOLE: { "external": external } });
        Self { text: stages.to_string(), stages, is_oracle: false }
    }

    /// The parameters of a grid point that a manifest has written out.
    pub(super) fn of_point(point: &Value) -> Self {
        if let Some(external) = point.get("external") {
            return Self::whole(external);
        }
        let stages = ["candidates", "expand", "select"].into_iter().filter_map(|stage| {
            let component = point.get(stage).filter(|component| !component.is_null())?;
            Some((stage.to_owned(), component.clone()))
        });
        Self::parse(Value::Object(stages.collect()).to_string())
    }

    /// The text: JSON on one line, but for imported results.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parsed text; null if it is no JSON.
    pub fn stages(&self) -> &Value {
        &self.stages
    }

    /// The size of the pool; `None` for imported results.
    pub fn pool(&self) -> Option<usize> {
        let pool = self.stages["candidates"].as_object()?.values().next()?.get("pool")?.as_u64()?;
        usize::try_from(pool).ok()
    }

    /// The programs outside that are stages of it, with the names of those stages.
    pub fn programs(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        ["candidates", "select", WHOLE]
            .into_iter()
            .filter_map(|stage| Some((stage, self.stages[stage].get("external")?)))
    }

    /// Whether a program outside is all of it, so that it has no pool.
    pub fn is_whole(&self) -> bool {
        self.stages.get(WHOLE).is_some()
    }

    /// Whether the candidates are lists from files, which are found at no cost.
    pub fn is_listed(&self) -> bool {
        self.stages["candidates"].get("run").is_some()
    }

    /// Why its times are not those of a search, if so.
    pub fn without_time(&self) -> Option<&'static str> {
        self.is_listed().then_some("candidates that are lists from files are found at no cost")
    }

    /// Why it cannot take turns with another trial, query by query, if so.
    pub fn without_turns(&self) -> Option<&'static str> {
        let outside = self.programs().next().map(|_| "a program outside answers in blocks, and cannot take turns");
        self.without_time().or(outside)
    }

    /// Whether the selector is an oracle: one that looks at the subtopics.
    pub fn is_oracle(&self) -> bool {
        self.is_oracle
    }

    /// Whether this is plain top-k over exact candidates.
    pub fn is_top_k(&self) -> bool {
        let stages = &self.stages;
        stages["select"].get("top-k").is_some()
            && stages["candidates"].get("exact").is_some()
            && stages["expand"].is_null()
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_same_planned_and_read_back() {
        let read = |text: &str| Parameters::parse(text.to_owned());
        let select: SelectorParams = serde_json::from_value(json!({ "top-k": {} })).expect("a selector");
        let planned = Parameters::new(&CandidatesParams::default(), None, &select);
        assert_eq!(read(planned.text()), planned);
        assert!(planned.is_top_k() && !planned.is_oracle());
        let mmr = read(r#"{"candidates":{"hnsw":{"pool":70}},"select":{"mmr":{"lambda":0.5}}}"#);
        assert_eq!((mmr.pool(), mmr.is_top_k(), mmr.is_oracle()), (Some(70), false, false));
        assert!(!mmr.is_listed() && read(r#"{"candidates":{"run":{"file":"a","pool":70}}}"#).is_listed());
        let walk = r#"{"candidates":{"exact":{"pool":7}},"expand":{"walk":{}},"select":{"top-k":{}}}"#;
        assert!(!read(walk).is_top_k());
        assert!(read(r#"{"candidates":{"exact":{"pool":7}},"select":{"xquad":{}}}"#).is_oracle());
    }

    #[test]
    fn any_text_of_imported_results_is_kept() {
        let text = "hnswlib (M=12)";
        let imported = Parameters::parse(text.into());
        assert_eq!((imported.text(), imported.stages(), imported.pool()), (text, &Value::Null, None));
        assert!(!imported.is_top_k() && !imported.is_oracle() && !imported.is_listed());
    }
}
