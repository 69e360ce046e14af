//! The k most relevant.

use super::{Request, Selector};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The k items of highest relevance: what a vector database returns, and the reference for all others.
///
/// Source: by definition; optimal for relevance alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TopK {}

impl Selector for TopK {
    fn select(&self, request: &Request<'_>, _: &Scratch, picked: &mut Vec<usize>) {
        // The pool stands in order of score.
        picked.clear();
        picked.extend(0..request.count());
    }
}
