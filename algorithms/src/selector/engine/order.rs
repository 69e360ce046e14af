//! Which of several items is preferred.

use crate::pool::larger_first;
use crate::scratch::Scratch;
use crate::selector::Request;

/// The order of preference of two items (value, position): the larger value first, then the one that stands first in the
/// pool, which is that of the higher score, then of the lower id.
#[inline]
pub fn best_first(a: (f64, usize), b: (f64, usize)) -> std::cmp::Ordering {
    larger_first(a.0, b.0).then(a.1.cmp(&b.1))
}

/// The position of the item with the best value (see [`best_first`]) among those not taken; `None` if all are taken.
pub fn best_position(taken: &[bool], value: impl Fn(usize) -> f64) -> Option<usize> {
    let mut best: Option<(f64, usize)> = None;
    for position in 0..taken.len() {
        if taken[position] {
            continue;
        }
        let value = value(position);
        if best.is_none_or(|best| best_first((value, position), best).is_lt()) {
            best = Some((value, position));
        }
    }
    best.map(|(_, position)| position)
}

/// Fills up with the most relevant remaining items until `min(k, m)` are picked: for when nothing tells items apart any
/// more. The pool stands in order of score.
pub fn fill_by_relevance(request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
    let taken = scratch.arena.alloc_slice_fill_copy(request.pool.items.len(), false);
    picked.iter().for_each(|&position| taken[position] = true);
    let left = (0..taken.len()).filter(|&position| !taken[position]);
    picked.extend(left.take(request.count() - picked.len()));
}
