//! Greedy maximisation of set functions: every item in every round, lazily, or over random samples.

use super::order::best_first;
use super::queue::Queue;
use crate::params::{PositiveFraction, constant};
use crate::random;
use crate::scratch::Scratch;
use crate::selector::Request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A set function that grows by one item at a time.
///
/// For [`Optimizer::Lazy`] its gains must never grow as items are added, to the last bit: then the lazy greedy picks
/// what the plain one would. A sum in a fixed order of terms `max(0, s - current)` has that property; a difference of
/// two values of the function has not.
pub trait Objective {
    /// The gain of adding the item at `position`.
    fn gain(&mut self, position: usize) -> f64;

    /// Adds it.
    fn add(&mut self, position: usize);

    /// The gain of each item on its own, as [`Objective::gain`] would give it.
    fn first_gains(&mut self, gains: &mut [f64], _: &Scratch) {
        for (position, gain) in gains.iter_mut().enumerate() {
            *gain = self.gain(position);
        }
    }
}

/// How the greedy choice is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Every gain in every round.
    Naive,
    /// A gain computed earlier bounds the gain now, so only an item whose bound is the best is evaluated again (Minoux
    /// 1978). Picks the same as `naive`.
    #[default]
    Lazy,
    /// In each round only a random sample of the remaining items (Mirzasoleiman et al. 2015): at least
    /// `1 - 1/e - epsilon` of the best possible value, in expectation.
    Stochastic(Stochastic),
}

/// Parameters of [`Optimizer::Stochastic`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stochastic {
    /// The part of the guarantee that may be lost: a sample has `m / k * ln(1 / epsilon)` items.
    pub epsilon: PositiveFraction,
}

impl Default for Stochastic {
    fn default() -> Self {
        Self { epsilon: constant!(PositiveFraction, 0.1) }
    }
}

/// The greedy choice of `min(k, m)` items, in order; `picked` receives their positions.
///
/// At least `1 - 1/e` of the best possible value of a monotone submodular objective (Nemhauser, Wolsey & Fisher 1978).
///
/// If there is nothing left to gain, the rest is filled by relevance, and `scratch.filled` is set.
///
/// Gains are rounded to 40 bits below the first gain of largest magnitude; of equal ones the item of the higher score
/// is picked, then that of the lower id. True ties are common (two items left that cover only each other gain the
/// same), and without that the last bit of a sum, which no definition fixes, would decide them. Rounding never reverses
/// an order, so lazy still picks what plain greedy would.
pub fn maximize(
    objective: &mut impl Objective,
    optimizer: Optimizer,
    request: &Request<'_>,
    scratch: &Scratch,
    picked: &mut Vec<usize>,
) {
    picked.clear();
    match optimizer {
        Optimizer::Naive => naive(objective, request, scratch, picked),
        Optimizer::Lazy => lazy(objective, request, scratch, picked),
        Optimizer::Stochastic(Stochastic { epsilon }) => {
            stochastic(objective, epsilon.get(), request, scratch, picked);
        }
    }
}

fn lazy(objective: &mut impl Objective, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
    let (m, arena) = (request.pool.items.len(), &scratch.arena);
    let bounds = arena.alloc_slice_fill_copy(m, 0.0);
    objective.first_gains(bounds, scratch);
    let quantum = quantum(bounds);
    let left = arena.alloc_slice_fill_with(m, |position| (rounded(bounds[position], quantum), position));
    let mut left = Queue::new(left, best_first);
    // The number of picks at which each bound was an exact gain.
    let exact_at = arena.alloc_slice_fill_copy(m, 0_usize);
    while picked.len() < request.count() {
        let Some((gain, best)) = left.best() else { break };
        if exact_at[best] == picked.len() {
            note_filling(gain, scratch);
            objective.add(best);
            picked.push(best);
            left.pop();
        } else {
            left.revalue(rounded(objective.gain(best), quantum));
            exact_at[best] = picked.len();
        }
    }
}

fn naive(objective: &mut impl Objective, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
    let m = request.pool.items.len();
    let gains = scratch.arena.alloc_slice_fill_copy(m, 0.0);
    let taken = scratch.arena.alloc_slice_fill_copy(m, false);
    objective.first_gains(gains, scratch);
    let quantum = quantum(gains);
    while picked.len() < request.count() {
        if !picked.is_empty() {
            (0..m).filter(|&position| !taken[position]).for_each(|position| gains[position] = objective.gain(position));
        }
        let left = (0..m).filter(|&position| !taken[position]);
        let entries = left.map(|position| (rounded(gains[position], quantum), position));
        let Some((gain, best)) = entries.min_by(|&a, &b| best_first(a, b)) else { break };
        note_filling(gain, scratch);
        objective.add(best);
        taken[best] = true;
        picked.push(best);
    }
}

fn stochastic(
    objective: &mut impl Objective,
    epsilon: f64,
    request: &Request<'_>,
    scratch: &Scratch,
    picked: &mut Vec<usize>,
) {
    let (m, count) = (request.pool.items.len(), request.count());
    let mut rng = random::stream(request.seed, "stochastic greedy", request.query_id);
    let mut left = &mut *scratch.arena.alloc_slice_fill_with(m, |position| position);
    let gains = scratch.arena.alloc_slice_fill_copy(m, 0.0);
    let size = (m as f64 / count as f64 * (1.0 / epsilon).ln()).ceil().max(1.0) as usize;
    let mut unit = None;
    while picked.len() < count {
        let sample = size.min(left.len());
        for i in 0..sample {
            left.swap(i, i + random::below(&mut rng, left.len() - i));
            gains[i] = objective.gain(left[i]);
        }
        let unit = *unit.get_or_insert_with(|| quantum(&gains[..sample]));
        let key = |i: usize| (rounded(gains[i], unit), left[i]);
        let Some(best) = (0..sample).min_by(|&a, &b| best_first(key(a), key(b))) else { break };
        note_filling(key(best).0, scratch);
        objective.add(left[best]);
        picked.push(left[best]);
        left.swap(0, best);
        left = &mut left[1..];
    }
}

pub(super) fn note_filling(gain: f64, scratch: &Scratch) {
    if gain == 0.0 {
        scratch.filled.set(true);
    }
}

/// The unit to which gains are rounded, for the gains of the first pick: a power of two. All gains may be negative, as
/// those of a graph cut with a large lambda are.
pub fn quantum(first_gains: &[f64]) -> f64 {
    let largest = first_gains.iter().map(|gain| gain.abs()).fold(0.0, f64::max);
    if largest > 0.0 { (largest.log2().floor() - 40.0).exp2() } else { 0.0 }
}

/// A gain as a whole number of quanta (never -0).
pub fn rounded(gain: f64, quantum: f64) -> f64 {
    if quantum > 0.0 { (gain / quantum).round() * quantum + 0.0 } else { gain }
}
