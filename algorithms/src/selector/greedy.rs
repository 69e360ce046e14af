//! Greedy maximisation of a monotone submodular objective, lazily.

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
///
/// Gains are rounded to 40 bits below the largest first gain, and equal ones are told apart by lower id. True ties are
/// common (two items left that cover only each other gain the same), and without that the last bit of a sum, which no
/// definition fixes, would decide them. Rounding never reverses an order, so lazy still picks what plain greedy would.
pub fn lazy(objective: &mut impl Objective, pool: &Pool, k: usize, scratch: &Scratch, picked: &mut Vec<usize>) {
    let m = pool.items.len();
    let taken = scratch.arena.alloc_slice_fill_copy(m, false);
    let bounds = scratch.arena.alloc_slice_fill_copy(m, 0.0);
    // The number of picks at which each bound was an exact gain.
    let exact_at = scratch.arena.alloc_slice_fill_copy(m, 0_usize);
    for (position, bound) in bounds.iter_mut().enumerate() {
        *bound = objective.gain(position);
    }
    let quantum = quantum(bounds);
    bounds.iter_mut().for_each(|bound| *bound = rounded(*bound, quantum));
    picked.clear();
    while picked.len() < k.min(m) {
        let Some(best) = best_gain(pool, taken, bounds) else { break };
        if exact_at[best] == picked.len() {
            objective.add(best);
            taken[best] = true;
            picked.push(best);
        } else {
            bounds[best] = rounded(objective.gain(best), quantum);
            exact_at[best] = picked.len();
        }
    }
}

/// The unit to which gains are rounded, for the gains of the first pick: a power of two.
pub fn quantum(first_gains: &[f64]) -> f64 {
    let largest = first_gains.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 { (largest.log2().floor() - 40.0).exp2() } else { 0.0 }
}

/// A gain as a whole number of quanta.
pub fn rounded(gain: f64, quantum: f64) -> f64 {
    if quantum > 0.0 { (gain / quantum).round() * quantum } else { gain }
}

/// The position of the largest gain, the lower id among equals.
fn best_gain(pool: &Pool, taken: &[bool], gains: &[f64]) -> Option<usize> {
    let left = (0..gains.len()).filter(|&position| !taken[position]);
    left.max_by(|&a, &b| gains[a].total_cmp(&gains[b]).then(pool.items[b].id.cmp(&pool.items[a].id)))
}
