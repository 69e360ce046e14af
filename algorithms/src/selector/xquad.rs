//! xQuAD with the true subtopics: an upper bound.

use super::{Request, Selector, Setting, Unfit, best_position, check_subtopics};
use crate::params::{Fraction, constant};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// xQuAD as an oracle: the most new subtopics, known beforehand. Again and again the item with the largest `(1 - lambda) * rel + lambda * (the share of the query's
/// subtopics that it covers and no pick does)`, looking at the dataset's own subtopics: an upper bound on what a selector
/// could reach, and not a competitor.
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

    fn check(&self, setting: &Setting) -> Result<(), Unfit> {
        check_subtopics(*setting)
    }

    fn is_oracle(&self) -> bool {
        true
    }
}

/// Which subtopics each item of the pool covers, numbered from 0.
pub(super) struct Aspects<'s> {
    count: usize,
    /// (position, subtopic's number), ascending.
    pairs: &'s [(u32, u32)],
    /// Where each position's pairs begin; m + 1 values.
    starts: &'s [u32],
}

impl<'s> Aspects<'s> {
    pub(super) fn new(request: &Request<'_>, scratch: &'s Scratch) -> Self {
        let (arena, items) = (&scratch.arena, &request.pool.items);
        let names = arena.alloc_slice_fill_iter(request.subtopics.iter().map(|&(_, subtopic)| subtopic));
        names.sort_unstable();
        let count = {
            let mut count = 0;
            for i in 0..names.len() {
                if i == 0 || names[i] != names[count - 1] {
                    names[count] = names[i];
                    count += 1;
                }
            }
            count
        };
        let names = &names[..count];
        let starts = arena.alloc_slice_fill_copy(items.len() + 1, 0_u32);
        let mut pairs = bumpalo::collections::Vec::with_capacity_in(request.subtopics.len(), arena);
        for (position, item) in items.iter().enumerate() {
            let from = request.subtopics.partition_point(|&(id, _)| id < item.id);
            let of_item = request.subtopics[from..].iter().take_while(|&&(id, _)| id == item.id);
            let number = |subtopic| names.partition_point(|&name| name < subtopic) as u32;
            pairs.extend(of_item.map(|&(_, subtopic)| (position as u32, number(subtopic))));
            starts[position + 1] = pairs.len() as u32;
        }
        Self { count, pairs: pairs.into_bump_slice(), starts }
    }

    /// How many subtopics the query has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The pairs of the item at `position`.
    pub(super) fn of(&self, position: usize) -> &[(u32, u32)] {
        &self.pairs[self.starts[position] as usize..self.starts[position + 1] as usize]
    }
}
