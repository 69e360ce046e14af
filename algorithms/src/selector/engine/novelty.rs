//! The item least like what is picked, again and again: what MMR and max-min diversity have in common.

use super::lazily::Bounds;
use super::order::best_first;
use crate::kernel::positive;
use crate::pool_kernel::{Approximate, Picks, PoolKernel};
use crate::scratch::Scratch;
use crate::selector::Request;
use std::ops::Range;

/// What an item is worth: its relevance less its largest similarity to what is picked, times a weight.
pub struct Novelty<'s> {
    /// Of each item; those of a pool fall.
    pub relevance: &'s mut [f64],
    /// At least 0.
    pub weight: f64,
}

impl Novelty<'_> {
    /// Of item `i` with that largest similarity. It does not grow with the similarity, to the last bit.
    #[inline]
    fn value(&self, i: usize, nearest: f64) -> f64 {
        self.relevance[i] - self.weight * nearest
    }
}

/// Again and again the item with the largest [value](Novelty), beginning with the most relevant.
///
/// An item's largest similarity only grows, so a value computed against some
/// of the picks, or with lower bounds of similarities, is an upper bound of the true one. Only an item whose bound is
/// high enough is measured exactly. The choice is the same as by comparing all with all, in a fraction of the time.
pub fn novel<'s>(
    request: &Request<'_>,
    kernel: &PoolKernel<'s>,
    novelty: Novelty<'s>,
    scratch: &'s Scratch,
    picked: &mut Vec<usize>,
) {
    picked.clear();
    if request.count() == 0 {
        return;
    }
    // The pool stands in order of score.
    picked.push(0);
    let exact = Exact::new(request, kernel, scratch);
    match kernel.approximate(scratch) {
        Some(approximate) => by_chunks(request, exact, approximate, novelty, scratch, picked),
        None => row_by_row(request, exact, &novelty, scratch, picked),
    }
}

/// Exact similarities to the picks, of items that are asked for.
struct Exact<'a, 's> {
    kernel: &'a PoolKernel<'s>,
    picks: Picks<'s>,
    /// Per item: its largest similarity to the first picks, and to how many.
    nearest: &'s mut [f64],
    seen: &'s mut [usize],
    similarities: &'s mut [f64],
}

impl<'a, 's> Exact<'a, 's> {
    /// The first item is picked.
    fn new(request: &Request<'_>, kernel: &'a PoolKernel<'s>, scratch: &'s Scratch) -> Self {
        let (m, arena) = (kernel.len(), &scratch.arena);
        let mut picks = kernel.picks(request.count(), scratch);
        picks.push(kernel, 0);
        Self {
            kernel,
            picks,
            nearest: arena.alloc_slice_fill_copy(m, f64::NEG_INFINITY),
            seen: arena.alloc_slice_fill_copy(m, 0),
            similarities: arena.alloc_slice_fill_copy(request.count(), 0.0),
        }
    }

    /// The largest similarity of item `i` to all picks.
    fn nearest(&mut self, i: usize) -> f64 {
        let unseen = &mut self.similarities[..self.picks.count() - self.seen[i]];
        self.kernel.to(i, self.picks.group(self.seen[i]..self.picks.count()), unseen);
        self.nearest[i] = unseen.iter().copied().fold(self.nearest[i], f64::max);
        self.seen[i] = self.picks.count();
        self.nearest[i]
    }
}

fn row_by_row(
    request: &Request<'_>,
    mut exact: Exact<'_, '_>,
    novelty: &Novelty<'_>,
    scratch: &Scratch,
    picked: &mut Vec<usize>,
) {
    exact.kernel.row(0, exact.nearest);
    exact.seen.fill(1);
    let bounds = scratch.arena.alloc_slice_fill_with(exact.nearest.len(), |i| novelty.value(i, exact.nearest[i]));
    bounds[0] = f64::NEG_INFINITY;
    let mut bounds = Bounds::new(bounds, scratch);
    while picked.len() < request.count() {
        let Some(best) = bounds.take_best(|i| novelty.value(i, exact.nearest(i))) else { break };
        picked.push(best);
        exact.picks.push(exact.kernel, best);
    }
}

/// Items that are measured together: they stand next to each other in the pool, so that their scores are alike.
const CHUNK: usize = 16;

/// Approximate similarities to the picks, chunk by chunk, where bounds are high enough.
struct Chunks<'s> {
    approximate: Approximate<'s>,
    /// The relevance of an item that is taken is minus infinity.
    novelty: Novelty<'s>,
    /// Per item: its largest approximate product with the directions of the picks that its chunk has seen.
    nearest: &'s mut [f32],
    /// Per chunk: the number of picks that it has seen, and an upper bound on the values of its items.
    seen: &'s mut [usize],
    highest: &'s mut [f64],
}

impl<'s> Chunks<'s> {
    fn new(approximate: Approximate<'s>, novelty: Novelty<'s>, scratch: &'s Scratch) -> Self {
        let (m, arena) = (novelty.relevance.len(), &scratch.arena);
        // No similarity is below -1.
        let highest = |chunk| items(chunk, m).map(|i| novelty.value(i, -1.0)).fold(f64::NEG_INFINITY, larger);
        Self {
            approximate,
            nearest: arena.alloc_slice_fill_copy(m, f32::MIN),
            seen: arena.alloc_slice_fill_copy(m.div_ceil(CHUNK), 0),
            highest: arena.alloc_slice_fill_with(m.div_ceil(CHUNK), highest),
            novelty,
        }
    }

    /// Two values between which that of item `i` lies: the lower one first.
    #[inline(always)]
    fn values(&self, i: usize) -> [f64; 2] {
        let (nearest, error) = (f64::from(self.approximate.cosine(i, self.nearest[i])), self.approximate.error());
        let clipped = |cosine: f64| if self.approximate.is_clipped() { positive(cosine) } else { cosine };
        [self.novelty.value(i, clipped(nearest + error)), self.novelty.value(i, clipped(nearest - error))]
    }

    /// Compares a chunk with the picks that it has not seen. Returns a value that one of its items reaches.
    fn look(&mut self, chunk: usize, picked: &[usize]) -> f64 {
        let range = items(chunk, self.nearest.len());
        for &pick in &picked[self.seen[chunk]..] {
            self.approximate.raise(pick, range.clone(), &mut self.nearest[range.clone()]);
        }
        self.seen[chunk] = picked.len();
        let (mut least, mut most) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for i in range {
            let [lower, upper] = self.values(i);
            (least, most) = (larger(least, lower), larger(most, upper));
        }
        self.highest[chunk] = most;
        least
    }
}

/// The larger of two numbers, as one instruction.
#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// The items of a chunk.
fn items(chunk: usize, m: usize) -> Range<usize> {
    chunk * CHUNK..((chunk + 1) * CHUNK).min(m)
}

fn by_chunks<'s>(
    request: &Request<'_>,
    mut exact: Exact<'_, 's>,
    approximate: Approximate<'s>,
    novelty: Novelty<'s>,
    scratch: &'s Scratch,
    picked: &mut Vec<usize>,
) {
    let mut chunks = Chunks::new(approximate, novelty, scratch);
    chunks.novelty.relevance[0] = f64::NEG_INFINITY;
    let contenders = scratch.arena.alloc_slice_fill_copy(exact.nearest.len(), 0_usize);
    while picked.len() < request.count() {
        // A value that some item reaches: what cannot reach it is not looked at. The chunk of the highest bound comes first.
        let mut floor = f64::NEG_INFINITY;
        let highest = (0..chunks.highest.len()).max_by(|&a, &b| chunks.highest[a].total_cmp(&chunks.highest[b]));
        for chunk in highest.into_iter().chain(0..chunks.highest.len()) {
            let bound = chunks.highest[chunk];
            if bound >= floor && bound > f64::NEG_INFINITY && chunks.seen[chunk] < picked.len() {
                floor = larger(floor, chunks.look(chunk, picked));
            }
        }
        let mut count = 0;
        for chunk in (0..chunks.highest.len()).filter(|&chunk| chunks.highest[chunk] >= floor) {
            for i in items(chunk, exact.nearest.len()) {
                let highest = chunks.values(i)[1];
                if highest >= floor && highest > f64::NEG_INFINITY {
                    contenders[count] = i;
                    count += 1;
                }
            }
        }
        // One alone is better than all others, whatever its exact value is.
        let best = match &contenders[..count] {
            &[only] => Some(only),
            some => {
                let entries = some.iter().map(|&i| (chunks.novelty.value(i, exact.nearest(i)), i));
                entries.min_by(|&a, &b| best_first(a, b)).map(|(_, best)| best)
            }
        };
        let Some(best) = best else { break };
        chunks.novelty.relevance[best] = f64::NEG_INFINITY;
        picked.push(best);
        exact.picks.push(exact.kernel, best);
    }
}
