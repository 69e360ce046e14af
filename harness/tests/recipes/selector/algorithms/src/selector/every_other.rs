//! Every other item of the pool.

use super::{Request, Selector};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Every other item by relevance, then those between.
///
/// Source: a recipe's example.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EveryOther {}

impl Selector for EveryOther {
    fn select(&self, request: &Request<'_>, _: &Scratch, picked: &mut Vec<usize>) {
        let items = request.pool.items.len();
        picked.clear();
        picked.extend((0..items).step_by(2).chain((1..items).step_by(2)).take(request.count()));
    }
}
