//! PM-2 with the true subtopics: an upper bound.

use super::engine::aspects::{Aspects, check_subtopics};
use super::engine::order::best_position;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::params::{Fraction, constant};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// PM-2 as an oracle: every subtopic its share of the results, known beforehand. Seats go to the query's subtopics in
/// proportion (here: equally many each), as in an election by Sainte-Lague: again and again the subtopic whose quotient
/// `1 / (2 seats + 1)` is largest is served by the item with the largest `rel * (lambda * quotient of that subtopic, if
/// it covers it, + (1 - lambda) * quotients of the others that it covers)`. A subtopic that no remaining item covers is
/// skipped. It looks at the dataset's own subtopics: an upper bound that does not compete.
///
/// Source: Dang & Croft 2012.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pm2 {
    /// Weight of the subtopic being served against the others that an item covers.
    pub lambda: Fraction,
}

impl Default for Pm2 {
    fn default() -> Self {
        Self { lambda: constant!(Fraction, 0.5) }
    }
}

impl Selector for Pm2 {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let aspects = Aspects::new(request, scratch);
        let arena = &scratch.arena;
        let taken = arena.alloc_slice_fill_copy(request.pool.items.len(), false);
        let seats = arena.alloc_slice_fill_copy(aspects.count(), 0.0_f64);
        let open = arena.alloc_slice_fill_copy(aspects.count(), false);
        let lambda = self.lambda.get();
        picked.clear();
        while picked.len() < request.count() {
            // A subtopic that no remaining item covers cannot be served.
            open.fill(false);
            for position in (0..taken.len()).filter(|&position| !taken[position]) {
                aspects.of(position).iter().for_each(|&(_, aspect)| open[aspect as usize] = true);
            }
            let quotient = |aspect: usize| 1.0 / (2.0 * seats[aspect] + 1.0);
            let served = (0..seats.len()).filter(|&aspect| open[aspect]).min_by(|&a, &b| seats[a].total_cmp(&seats[b]));
            let value = |i: usize| {
                let weight = |aspect: usize| if Some(aspect) == served { lambda } else { 1.0 - lambda };
                let total: f64 = aspects.of(i).iter().map(|&(_, a)| weight(a as usize) * quotient(a as usize)).sum();
                request.score(i).max(0.0) * total
            };
            let Some(best) = best_position(taken, value) else { break };
            let covers = aspects.of(best);
            covers.iter().for_each(|&(_, aspect)| seats[aspect as usize] += 1.0 / covers.len() as f64);
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
