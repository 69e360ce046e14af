//! The item least like what is picked on average, again and again.

use super::lazily::{at_least, largest};
use super::order::best_first;
use super::totals::Totals;
use crate::kernel::positive;
use crate::pool_kernel::{Approximate, PoolKernel};
use crate::scratch::Scratch;
use crate::selector::Request;
use multiversion::multiversion;

/// What an item is worth: its relevance less `weight` times the sum of its similarities to the n picks over `n + added`.
pub struct Mean<'s> {
    /// Of each item.
    pub relevance: &'s mut [f64],
    /// At least 0.
    pub weight: f64,
    /// 0 for the mean itself.
    pub added: f64,
}

/// Again and again the item with the largest [value](Mean), beginning with the most relevant.
///
/// Where similarities are cosines of dense vectors, sums are approximate, all off by no more than the same bound: exact ones are
/// computed only where several items are within twice that of the best. The choice is the same as by exact sums.
pub fn unlike_on_average<'s>(
    request: &Request<'_>,
    kernel: &PoolKernel<'s>,
    mean: Mean<'s>,
    scratch: &'s Scratch,
    picked: &mut Vec<usize>,
) {
    picked.clear();
    let (m, arena) = (kernel.len(), &scratch.arena);
    let Mean { relevance, weight, added } = mean;
    let mut approximate = kernel.approximate(scratch);
    let mut totals = Totals::new(request, kernel, scratch);
    let (sums, values) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, 0.0));
    let (row, found) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, 0_u32));
    let most_relevant = relevance.iter().map(|relevance| relevance.abs()).fold(0.0, f64::max);
    while picked.len() < request.count() {
        let Some(&last) = picked.last() else {
            // The pool stands in order of score.
            pick(0, relevance, &mut totals, picked);
            continue;
        };
        let picks = picked.len() as f64;
        let error = if let Some(approximate) = &mut approximate {
            add_approximate(sums, last, approximate)
        } else {
            kernel.row(last, row);
            sums.iter_mut().zip(&*row).for_each(|(sum, similarity)| *sum += similarity);
            0.0
        };
        let each = weight / (picks + added);
        values_of(values, relevance, sums, each);
        let most = largest(values);
        // Both ways of adding up round after each step, by at most `2^-53` of a sum that no step exceeds: `1e-15` is four times that
        // for each.
        let rounding = 1e-15 * (picks + 4.0) * (most_relevant + weight);
        let count = at_least(values, most - 2.0 * (each * picks * error + rounding), found);
        let best = match &found[..count] {
            &[only] => Some(only as usize),
            some => {
                let exact = |&i: &u32| (relevance[i as usize] - each * totals.total(i as usize, |_| {}), i as usize);
                some.iter().map(exact).min_by(|&a, &b| best_first(a, b)).map(|(_, best)| best)
            }
        };
        let Some(best) = best else { break };
        pick(best, relevance, &mut totals, picked);
    }
}

fn pick(best: usize, relevance: &mut [f64], totals: &mut Totals<'_, '_>, picked: &mut Vec<usize>) {
    relevance[best] = f64::NEG_INFINITY;
    totals.pick(best);
    picked.push(best);
}

/// Adds the approximate similarities of item `i` to each sum. Returns by how much one of them may be off.
fn add_approximate(sums: &mut [f64], i: usize, approximate: &mut Approximate<'_>) -> f64 {
    let (m, is_clipped, error) = (sums.len(), approximate.is_clipped(), approximate.error());
    add(sums, approximate.with(i, 0..m), is_clipped);
    error
}

#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn add(sums: &mut [f64], cosines: &[f32], is_clipped: bool) {
    if is_clipped {
        sums.iter_mut().zip(cosines).for_each(|(sum, &cosine)| *sum += positive(f64::from(cosine)));
    } else {
        sums.iter_mut().zip(cosines).for_each(|(sum, &cosine)| *sum += f64::from(cosine));
    }
}

#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn values_of(values: &mut [f64], relevance: &[f64], sums: &[f64], each: f64) {
    for ((value, relevance), sum) in values.iter_mut().zip(relevance).zip(sums) {
        *value = relevance - each * sum;
    }
}
