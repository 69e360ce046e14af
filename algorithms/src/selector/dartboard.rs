//! Dartboard: relevant information gain.

use super::engine::exponentials::{exponential, lack};
use super::engine::greedy::{quantum, rounded};
use super::engine::lazily::{best_of, largest};
use super::engine::order::fill_by_relevance;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::kernel::{Kernel, positive};
use crate::kernel_choice::KernelChoice;
use crate::params::{Positive, constant};
use crate::points::dense::tree_sum;
use crate::points::vectors::LANES;
use crate::pool_kernel::{Matrix, PoolKernel};
use crate::scratch::Scratch;
use multiversion::multiversion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Relevant information gain: one of the pool is what the query means, likelier the nearer it is, and some result should be near
/// to it. Maximises `sum over t of the pool of g(q, t) * max over r in R of g(r, t)`, where `g` is the normal density with
/// standard deviation `sigma` of the distance `d = (1 - s) / 2`; d of the query and an item is `(1 - rel) / 2`. Beginning with
/// the most relevant, greedily: at least 1 - 1/e of the best set that holds the most relevant item.
///
/// That is facility location with these weights and this kernel. They reach over hundreds of powers of ten, so gains are computed
/// and compared as logarithms: none underflows, and none is lost beside a larger one. Costs O(m^2 d), as facility location.
///
/// Source: arXiv 2407.12101 and its authors' code; the guarantee is that of Nemhauser, Wolsey & Fisher 1978 for the gains after
/// the first pick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dartboard {
    /// How far off, in d, an item may be and still stand for another: the standard deviation of a throw.
    pub sigma: Positive,
    /// The similarity s; left out, `gram` (the raw cosine) for angular and ip, `rbf` for euclidean, `match` for hamming and
    /// `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Default for Dartboard {
    fn default() -> Self {
        Self { sigma: constant!(Positive, 0.1), kernel: KernelChoice::DEFAULT }
    }
}

impl Selector for Dartboard {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        picked.clear();
        let kernel = PoolKernel::new(self.kernel.or_raw(request.base.distance()), request, scratch);
        let (m, arena) = (kernel.len(), &scratch.arena);
        if m == 0 {
            return;
        }
        let mut board = Board::new(Matrix::new(kernel, scratch), request, self.sigma.get(), scratch);
        // The pool stands in order of score.
        picked.push(0);
        board.add(0);
        if request.count() == 1 {
            return;
        }
        // Per item: its gain when it was last computed; minus infinity once it is taken.
        let known = arena.alloc_slice_fill_copy(m, f64::NEG_INFINITY);
        (1..m).for_each(|i| known[i] = board.gain(i));
        let finite = known.iter().copied().filter(|gain| gain.is_finite());
        // 40 bits of the logarithm of the largest magnitude, and of the gain itself.
        let unit = quantum(&[finite.fold(1.0, |most: f64, gain| most.max(gain.abs()))]);
        known.iter_mut().for_each(|gain| *gain = rounded(*gain, unit));
        let is_known = arena.alloc_slice_fill_copy(m, false);
        while picked.len() < request.count() {
            // Gains only fall; rounding may raise one by a unit.
            let Some((_, best)) = best_of(known, unit, is_known, |i| rounded(board.gain(i), unit)) else {
                scratch.filled.set(true);
                return fill_by_relevance(request, scratch, picked);
            };
            known[best] = f64::NEG_INFINITY;
            picked.push(best);
            board.add(best);
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check(setting.kind)
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }
}

/// How well each item is covered, in logarithms.
struct Board<'s> {
    matrix: Matrix<'s>,
    /// 1 / sigma.
    sharpness: f64,
    /// Of each item: the logarithm of `g(q, t)`, but for a factor that all have.
    weights: &'s [f64],
    /// Of each item: the logarithm of the largest `g(r, t)`.
    covered: &'s mut [f64],
    /// For the gain of one item, with numbers up to whole lanes that add nothing.
    terms: &'s mut [f64],
    gaps: &'s mut [f64],
}

impl<'s> Board<'s> {
    /// Nothing is covered yet.
    fn new(matrix: Matrix<'s>, request: &Request<'_>, sigma: f64, scratch: &'s Scratch) -> Self {
        let (m, arena, sharpness) = (matrix.size(), &scratch.arena, 1.0 / sigma);
        Self {
            matrix,
            sharpness,
            weights: arena.alloc_slice_fill_with(m, |i| log_density(request.score(i), sharpness)),
            covered: arena.alloc_slice_fill_copy(m, f64::NEG_INFINITY),
            terms: arena.alloc_slice_fill_copy(m.next_multiple_of(LANES), f64::NEG_INFINITY),
            gaps: arena.alloc_slice_fill_copy(m.next_multiple_of(LANES), 0.0),
        }
    }

    /// The logarithm of what item `i` adds; minus infinity if that is nothing.
    fn gain(&mut self, i: usize) -> f64 {
        let row = self.matrix.row(i);
        terms_of(row, self.sharpness, self.weights, self.covered, self.terms, self.gaps);
        let largest = largest(self.terms);
        if largest == f64::NEG_INFINITY { largest } else { largest + sum_of(self.terms, self.gaps, largest).ln() }
    }

    fn add(&mut self, i: usize) {
        for (covered, &similarity) in self.covered.iter_mut().zip(self.matrix.row(i)) {
            *covered = covered.max(log_density(similarity, self.sharpness));
        }
    }
}

/// The logarithm of the normal density of the distance that belongs to a similarity, but for a factor that all have.
#[inline(always)]
fn log_density(similarity: f64, sharpness: f64) -> f64 {
    let throws = positive(0.5 * (1.0 - similarity)) * sharpness;
    -0.5 * throws * throws
}

/// For each item t that item i, whose row this is, covers better than the picks: the logarithm of `g(q, t) * g(i, t)`, and by how
/// much the picks' logarithm is below that of i. For others minus infinity, and 0.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn terms_of(row: &[f64], sharpness: f64, weights: &[f64], covered: &[f64], terms: &mut [f64], gaps: &mut [f64]) {
    let inputs = row.iter().zip(weights).zip(covered);
    for (((similarity, weight), &covered), (term, gap)) in inputs.zip(terms.iter_mut().zip(gaps)) {
        let own = log_density(*similarity, sharpness);
        *term = if own > covered { weight + own } else { f64::NEG_INFINITY };
        *gap = if own > covered { covered - own } else { 0.0 };
    }
}

/// The gain over `exp(largest)`: the sum of `exp(term - largest) * (1 - exp(gap))`, of whole lanes.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn sum_of(terms: &[f64], gaps: &[f64], largest: f64) -> f64 {
    let mut sums = [0.0; LANES];
    for (terms, gaps) in terms.chunks_exact(LANES).zip(gaps.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += exponential(terms[lane] - largest) * lack(gaps[lane]);
        }
    }
    tree_sum(&sums)
}
