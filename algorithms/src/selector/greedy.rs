//! Greedy maximisation of a monotone submodular objective, lazily.

use super::best_position;
use crate::pool::Pool;
use crate::scratch::Scratch;

/// A set function that grows by one item at a time.
///
/// Its gains must never grow as items are added, to the last bit: then the lazy greedy picks what the plain one
/// would. A sum in a fixed order of terms `max(0, s - current)` has that property; a difference of two values of
/// the function has not.
pub trait Objective {
    /// What adding the item at `position` would bring.
    fn gain(&mut self, position: usize) -> f64;

    /// Adds it.
    fn add(&mut self, position: usize);
}

/// The greedy choice of `min(k, m)` items, in order; `picked` receives their positions.
///
/// A gain computed earlier bounds what the item brings now, so only an item whose bound is the best is looked at
/// again (Minoux 1978). At least `1 - 1/e` of the best possible value (Nemhauser, Wolsey & Fisher 1978).
pub fn lazy(objective: &mut impl Objective, pool: &Pool, k: usize, scratch: &Scratch, picked: &mut Vec<usize>) {
    let m = pool.items.len();
    let taken = scratch.arena.alloc_slice_fill_copy(m, false);
    let bounds = scratch.arena.alloc_slice_fill_copy(m, 0.0);
    // The number of picks at which each bound was an exact gain.
    let exact_at = scratch.arena.alloc_slice_fill_copy(m, 0_usize);
    for (position, bound) in bounds.iter_mut().enumerate() {
        *bound = objective.gain(position);
    }
    picked.clear();
    while picked.len() < k.min(m) {
        let Some(best) = best_position(pool, taken, |i| bounds[i]) else { break };
        if exact_at[best] == picked.len() {
            objective.add(best);
            taken[best] = true;
            picked.push(best);
        } else {
            bounds[best] = objective.gain(best);
            exact_at[best] = picked.len();
        }
    }
}
