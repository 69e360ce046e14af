//! The item least like what is picked, again and again: what MMR and max-min diversity have in common.

use super::lazily::Bounds;
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use crate::selector::Request;

/// Again and again the item with the largest `value(i, its largest similarity to what is picked)`, beginning with the
/// most relevant.
///
/// `value` must not grow with the similarity. An item's largest similarity only grows, so a value computed against some
/// of the picks, or with lower bounds of similarities, is an upper bound of the true one. Only an item whose bound is
/// high enough is measured exactly. The choice is the same as by comparing all with all, in a fraction of the time.
pub fn novel(
    request: &Request<'_>,
    kernel: &PoolKernel<'_>,
    value: impl Fn(usize, f64) -> f64,
    scratch: &Scratch,
    picked: &mut Vec<usize>,
) {
    let (m, arena) = (kernel.len(), &scratch.arena);
    picked.clear();
    if request.count() == 0 {
        return;
    }
    // The pool stands in order of score.
    picked.push(0);
    let mut picks = kernel.picks(request.count(), scratch);
    picks.push(kernel, 0);
    let mut approximate = kernel.approximate(request.base.points().dim(), scratch);
    let nearest = arena.alloc_slice_fill_copy(m, f64::NEG_INFINITY);
    let seen = arena.alloc_slice_fill_copy(m, 0_usize);
    // Per item: a lower bound on its largest similarity to a pick.
    let at_least = arena.alloc_slice_fill_copy(m, f32::NEG_INFINITY);
    if approximate.is_none() {
        kernel.row(0, nearest);
        seen.fill(1);
    }
    let similarities = arena.alloc_slice_fill_copy(request.count(), 0.0);
    // No cosine is below -1.
    let least = |i: usize| if approximate.is_some() { -1.0 } else { nearest[i] };
    let bounds = arena.alloc_slice_fill_with(m, |i| value(i, least(i)));
    bounds[0] = f64::NEG_INFINITY;
    let mut bounds = Bounds::new(bounds, scratch);
    while picked.len() < request.count() {
        if let Some(approximate) = &mut approximate {
            let row = kernel.lower_row(picked[picked.len() - 1], approximate);
            let entries = bounds.all().iter_mut().zip(&mut *at_least).zip(row).enumerate();
            for (i, ((bound, at_least), &similarity)) in entries {
                if similarity > *at_least {
                    *at_least = similarity;
                    *bound = bound.min(value(i, f64::from(similarity)));
                }
            }
        }
        let best = bounds.take_best(|i| {
            let unseen = &mut similarities[..picks.count() - seen[i]];
            kernel.to(i, picks.group(seen[i]..picks.count()), unseen);
            nearest[i] = unseen.iter().copied().fold(nearest[i], f64::max);
            seen[i] = picks.count();
            value(i, nearest[i])
        });
        let Some(best) = best else { break };
        picked.push(best);
        picks.push(kernel, best);
    }
}
