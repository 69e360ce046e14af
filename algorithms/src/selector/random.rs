//! Any k of the pool.

use super::{Request, Selector};
use crate::random;
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// k of the pool at random, each set as likely as any other: the control that every gain must beat.
///
/// Source: by definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Random {}

impl Selector for Random {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let mut rng = random::stream(request.seed, "random selector", request.query_id);
        let positions = scratch.arena.alloc_slice_fill_with(request.pool.items.len(), |position| position);
        for i in 0..request.count() {
            positions.swap(i, i + random::below(&mut rng, positions.len() - i));
        }
        picked.clear();
        picked.extend_from_slice(&positions[..request.count()]);
    }
}
