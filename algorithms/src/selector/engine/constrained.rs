//! Selection under a constraint that picks lay on later ones: another selector picks, and is asked again without what its picks
//! forbid.

use super::order::fill_by_relevance;
use crate::scratch::Scratch;
use crate::selector::{Request, SelectorParams};

/// What picks forbid. More picks never forbid less.
pub trait Constraint {
    /// Whether these picks forbid the item at `position`, which is none of them.
    fn forbids(&mut self, picks: &[usize], position: usize) -> bool;

    /// Marks all items that these picks forbid; it may mark picks, too.
    fn mark(&mut self, picks: &[usize], forbidden: &mut [bool]);
}

/// Picks by `selector` such that no pick is forbidden by those before it, then fills up by score with items that are, and counts these in
/// [`Scratch::forbidden`].
///
/// 1. The selector picks from the pool. Its first pick that those before it forbid ends what is valid.
/// 2. All items that the valid picks forbid leave the pool, and the selector picks again from what is left.
/// 3. This ends when all picks are valid. They are fewer than k only if nothing else is left.
///
/// If each next pick is the best of a value that depends on the picks before and on the item alone (as in `top-k`, `mmr`, `max-min`,
/// `max-sum`, `dpp` and `ssd`), valid picks stay, so that the selector is asked at most k times, and the result is that of its greedy
/// under the constraint: each next pick is the best of those that are not forbidden. Other selectors see a smaller pool: an objective
/// that sums over the pool leaves out what is forbidden.
pub fn constrained(
    request: &Request<'_>,
    selector: &SelectorParams,
    constraint: &mut impl Constraint,
    scratch: &Scratch,
    picked: &mut Vec<usize>,
) {
    match selector {
        SelectorParams::TopK(_) => by_score(request, constraint, picked),
        selector => by_asking(request, selector, constraint, scratch, picked),
    }
    let missing = request.count() - picked.len();
    if missing > 0 {
        scratch.forbidden.set(scratch.forbidden.get() + missing);
        fill_by_relevance(request, scratch, picked);
    }
}

/// What asking `top-k` comes to: the pool stands in order of score.
fn by_score(request: &Request<'_>, constraint: &mut impl Constraint, picked: &mut Vec<usize>) {
    picked.clear();
    for position in 0..request.pool.items.len() {
        if picked.len() == request.count() {
            break;
        }
        if !constraint.forbids(picked, position) {
            picked.push(position);
        }
    }
}

fn by_asking(
    request: &Request<'_>,
    selector: &SelectorParams,
    constraint: &mut impl Constraint,
    scratch: &Scratch,
    picked: &mut Vec<usize>,
) {
    let items = &request.pool.items;
    let forbidden = scratch.arena.alloc_slice_fill_copy(items.len(), false);
    let mut left = bumpalo::collections::Vec::from_iter_in(0..items.len(), &scratch.arena);
    let mut within = scratch.within.borrow_mut();
    let within = within.get_or_insert_default();
    loop {
        within.scratch.reset();
        within.pool.items.clear();
        within.pool.items.extend(left.iter().map(|&position| items[position]));
        (within.pool.sigma, within.pool.range) = (request.pool.sigma, request.pool.range);
        selector.select(&Request { pool: &within.pool, ..*request }, &within.scratch, picked);
        scratch.evaluations.set(scratch.evaluations.get() + within.scratch.evaluations.get());
        picked.iter_mut().for_each(|position| *position = left[*position]);
        let Some(valid) = (0..picked.len()).find(|&at| constraint.forbids(&picked[..at], picked[at])) else { break };
        let first_forbidden = picked[valid];
        picked.truncate(valid);
        constraint.mark(picked, forbidden);
        picked.iter().for_each(|&pick| forbidden[pick] = false);
        forbidden[first_forbidden] = true;
        left.retain(|&position| !forbidden[position]);
    }
    if within.scratch.filled.get() {
        scratch.filled.set(true);
    }
    scratch.forbidden.set(scratch.forbidden.get() + within.scratch.forbidden.get());
}
