//! PM-2: every aspect its share of the results.

use super::engine::aspects::{AspectSource, Aspects, SoftAspects};
use super::engine::order::{best_first, best_position};
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::params::{Fraction, Positive, constant};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// PM-2: every aspect its share of the results. Seats go to aspects in proportion to their weights, as in an election by Sainte-Lague:
/// again and again the aspect whose quotient `weight / (2 seats + 1)` is largest is served by the item with the largest `lambda *
/// quotient of that aspect * the part of it that the item covers + (1 - lambda) * the same of the others`. The item's seat is divided
/// among aspects by the parts that it covers. An aspect that no remaining item covers is skipped.
///
/// By default as an oracle: aspects are the dataset's own subtopics, known beforehand and all of weight 1, and an item covers the part
/// rel of each that it has. It shows what a selector could reach, and does not compete. With other `aspects` it is no oracle; an item
/// covers its similarity to the aspect, clipped at 0, over the largest one of the pool.
///
/// Source: Dang & Croft 2012.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pm2 {
    /// Weight of the aspect being served against the others that an item covers.
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

impl Default for Pm2 {
    fn default() -> Self {
        Self { lambda: constant!(Fraction, 0.5), aspects: AspectSource::default(), temperature: None }
    }
}

impl Selector for Pm2 {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        if !self.aspects.is_oracle() {
            return self.by_parts(request, scratch, picked);
        }
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
        self.aspects.check(self.temperature, setting)
    }

    fn is_oracle(&self) -> bool {
        self.aspects.is_oracle()
    }
}

impl Pm2 {
    fn by_parts(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let aspects = SoftAspects::new(self.aspects, self.temperature, request, scratch);
        let (m, count, arena) = (request.pool.items.len(), aspects.weights.len(), &scratch.arena);
        let taken = arena.alloc_slice_fill_copy(m, false);
        let seats = arena.alloc_slice_fill_copy(count, 0.0_f64);
        let lambda = self.lambda.get();
        picked.clear();
        while picked.len() < request.count() {
            let quotient = |a: usize| aspects.weights[a] / (2.0 * seats[a] + 1.0);
            let is_open = |a: usize| (0..m).any(|i| !taken[i] && aspects.part(a, i) > 0.0);
            let open = (0..count).filter(|&a| is_open(a));
            let served = open.min_by(|&a, &b| best_first((quotient(a), a), (quotient(b), b)));
            let value = |i: usize| -> f64 {
                let weight = |a: usize| if Some(a) == served { lambda } else { 1.0 - lambda };
                (0..count).map(|a| weight(a) * quotient(a) * aspects.part(a, i)).sum()
            };
            let Some(best) = best_position(taken, value) else { break };
            let covered: f64 = (0..count).map(|a| aspects.part(a, best)).sum();
            if covered > 0.0 {
                seats.iter_mut().enumerate().for_each(|(a, seats)| *seats += aspects.part(a, best) / covered);
            }
            taken[best] = true;
            picked.push(best);
        }
    }
}
