//! A retriever as YAML writes it.

use super::Name;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use swath_algorithms::candidates::{self, CandidatesParams};
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::params::Count;
use swath_algorithms::selector::{self, SelectorParams};

/// Candidates, an optional expansion, and a selector: what a user calls an algorithm. Or a program outside that is all of it: then its
/// ids are the candidates, and the selector picks them in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct Retriever {
    /// Its name in tables and plots, different from the others'.
    pub name: Name,
    /// Finds a pool of base vectors near the query.
    pub candidates: CandidatesParams,
    /// Adds to the pool by walking a graph, and rescores it.
    pub expand: Option<ExpansionParams>,
    /// Picks k of the pool, in order.
    pub select: SelectorParams,
    /// Whether one program outside is all of it.
    pub is_whole: bool,
}

impl Retriever {
    /// A retriever that is a program outside, asked for `k` ids.
    fn whole(name: Name, external: selector::External, k: Count) -> Self {
        let selector::External { command, build, search, build_threads } = external.clone();
        let candidates = candidates::External { command, build, search, build_threads, pool: k };
        let (candidates, select) = (CandidatesParams::External(candidates), SelectorParams::External(external));
        Self { name, candidates, expand: None, select, is_whole: true }
    }

    /// The same, if it is a whole program, asked for `k` ids.
    #[must_use]
    pub fn asked_for(self, k: Count) -> Self {
        match (self.is_whole, self.select) {
            (true, SelectorParams::External(external)) => Self::whole(self.name, external, k),
            (_, select) => Self { select, ..self },
        }
    }

    /// The program that is all of it.
    pub fn program(&self) -> Option<&selector::External> {
        self.select.external().filter(|_| self.is_whole)
    }
}

/// A retriever as it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retriever")]
struct Written {
    /// Its name in tables and plots, different from the others'.
    name: Name,
    /// Finds a pool of base vectors near the query.
    #[serde(default)]
    #[schemars(with = "CandidatesParams", extend("default" = { "exact": {} }))]
    candidates: Option<CandidatesParams>,
    /// Adds to the pool by walking a graph, and rescores it.
    #[serde(default)]
    expand: Option<ExpansionParams>,
    /// Picks k of the pool, in order.
    #[serde(default)]
    #[schemars(with = "SelectorParams")]
    select: Option<SelectorParams>,
    /// A program of yours that answers with k results by itself, in place of `candidates`, `expand` and `select`.
    #[serde(default)]
    #[schemars(with = "selector::External")]
    external: Option<selector::External>,
}

impl<'de> Deserialize<'de> for Retriever {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { name, candidates, expand, select, external } = Written::deserialize(deserializer)?;
        if let Some(external) = external {
            let others =
                [("candidates", candidates.is_some()), ("expand", expand.is_some()), ("select", select.is_some())];
            return match others.into_iter().find(|(_, is_given)| *is_given) {
                Some((other, _)) => Err(D::Error::custom(format!(
                    "`external` and `{other}` are both given: a program that is a whole retriever has no stages of swath's; give it as \
                     `candidates: {{ external: ... }}` or `select: {{ external: ... }}` to use it with them"
                ))),
                None => Ok(Self::whole(name, external, super::defaults::constant(1))),
            };
        }
        let select = select.ok_or_else(|| D::Error::missing_field("select"))?;
        Ok(Self { name, candidates: candidates.unwrap_or_default(), expand, select, is_whole: false })
    }
}

impl Serialize for Retriever {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Stages<'a> {
            name: &'a Name,
            candidates: &'a CandidatesParams,
            expand: &'a Option<ExpansionParams>,
            select: &'a SelectorParams,
        }

        #[derive(Serialize)]
        struct Whole<'a> {
            name: &'a Name,
            external: &'a selector::External,
        }

        let Self { name, candidates, expand, select, .. } = self;
        match self.program() {
            Some(external) => Whole { name, external }.serialize(serializer),
            None => Stages { name, candidates, expand, select }.serialize(serializer),
        }
    }
}

impl JsonSchema for Retriever {
    fn schema_name() -> Cow<'static, str> {
        Written::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}
