//! The most relevant, written once more.

use super::{Request, Selector};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most relevant items, in the order of the pool.
///
/// Source: a recipe's example.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlainTop {}

impl Selector for PlainTop {
    fn select(&self, request: &Request<'_>, _: &Scratch, picked: &mut Vec<usize>) {
        picked.clear();
        picked.extend(0..request.count());
    }
}
