//! xQuAD with the true subtopics: an upper bound.

use super::engine::aspects::{Aspects, check_subtopics};
use super::engine::order::best_position;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::params::{Fraction, constant};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// xQuAD as an oracle: the most new subtopics, known beforehand. Again and again the item with the largest `(1 -
/// lambda) * rel + lambda * (the share of the query's subtopics that it covers and no pick does)`, looking at the
/// dataset's own subtopics: an upper bound on what a selector could reach. It does not compete.
///
/// Source: Santos, Macdonald & Ounis 2010.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Xquad {
    /// Weight of new subtopics against relevance.
    pub lambda: Fraction,
}

impl Default for Xquad {
    fn default() -> Self {
        Self { lambda: constant!(Fraction, 0.5) }
    }
}

impl Selector for Xquad {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let aspects = Aspects::new(request, scratch);
        let (m, arena) = (request.pool.items.len(), &scratch.arena);
        let taken = arena.alloc_slice_fill_copy(m, false);
        let covered = arena.alloc_slice_fill_copy(aspects.count(), false);
        let lambda = self.lambda.get();
        picked.clear();
        while picked.len() < request.count() {
            let value = |i: usize| {
                let new = aspects.of(i).iter().filter(|&&(_, aspect)| !covered[aspect as usize]).count();
                (1.0 - lambda) * request.score(i) + lambda * new as f64 / aspects.count().max(1) as f64
            };
            let Some(best) = best_position(taken, value) else { break };
            aspects.of(best).iter().for_each(|&(_, aspect)| covered[aspect as usize] = true);
            taken[best] = true;
            picked.push(best);
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        check_subtopics(*setting)
    }

    fn is_oracle(&self) -> bool {
        true
    }
}
