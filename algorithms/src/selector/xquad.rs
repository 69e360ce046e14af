//! xQuAD: the most new aspects.

use super::engine::aspects::{AspectSource, Aspects, SoftAspects};
use super::engine::order::best_position;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::params::{Fraction, Positive, constant};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// xQuAD: the most new aspects. Again and again the item with the largest `(1 - lambda) * rel + lambda * (the sum over aspects of
/// weight * the part of it that the item covers * the product over picks of the part that they do not cover)`.
///
/// By default as an oracle: aspects are the dataset's own subtopics, known beforehand, so that the sum is the share of them that the item
/// covers and no pick does. It shows what a selector could reach, most with `lambda: 1`, and does not compete. With other `aspects` it is
/// no oracle; an item covers its similarity to the aspect, clipped at 0, over the largest one of the pool.
///
/// Source: Santos, Macdonald & Ounis 2010.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Xquad {
    /// Weight of new aspects against relevance.
    pub lambda: Fraction,
    /// What the aspects of a query are.
    #[serde(skip_serializing_if = "AspectSource::is_default")]
    #[schemars(extend("default" = "subtopics"))]
    pub aspects: AspectSource,
    /// For `aspects: { clusters: .. }`, how evenly their weights are spread. 0.1, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Positive", extend("default" = 0.1))]
    pub temperature: Option<Positive>,
}

impl Default for Xquad {
    fn default() -> Self {
        Self { lambda: constant!(Fraction, 0.5), aspects: AspectSource::default(), temperature: None }
    }
}

impl Selector for Xquad {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        if !self.aspects.is_oracle() {
            return self.by_parts(request, scratch, picked);
        }
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
        self.aspects.check(self.temperature, setting)
    }

    fn is_oracle(&self) -> bool {
        self.aspects.is_oracle()
    }
}

impl Xquad {
    fn by_parts(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let aspects = SoftAspects::new(self.aspects, self.temperature, request, scratch);
        let (m, arena) = (request.pool.items.len(), &scratch.arena);
        let taken = arena.alloc_slice_fill_copy(m, false);
        // The weight of each aspect times the part of it that no pick covers.
        let open = arena.alloc_slice_copy(aspects.weights);
        let lambda = self.lambda.get();
        picked.clear();
        while picked.len() < request.count() {
            let value = |i: usize| {
                let new: f64 = open.iter().enumerate().map(|(a, open)| open * aspects.part(a, i)).sum();
                (1.0 - lambda) * request.score(i) + lambda * new
            };
            let Some(best) = best_position(taken, value) else { break };
            open.iter_mut().enumerate().for_each(|(a, open)| *open *= 1.0 - aspects.part(a, best));
            taken[best] = true;
            picked.push(best);
        }
    }
}
