//! Vendi score: relevant results, effectively many.

use super::engine::greedy::{quantum, rounded};
use super::engine::lazily::best_of;
use super::engine::order::best_first;
use super::engine::spectrum::eigenvalues;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{Fraction, constant};
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Relevance against the Vendi score, the effective number of different results: again and again the item x with the largest
/// `(1 - s) rel(x) + s VS(R + x) / |R + x|`, where VS is exp of the entropy of the eigenvalues of the similarities over their
/// number, as the metric `vendi` has it. The first pick is the most relevant. No guarantee is known.
///
/// A score costs O(k^3). Two bounds that cost O(1) leave a few items for each pick. One is the largest entropy of eigenvalues whose
/// squares have the right sum, which is that of the squared similarities. The other is what the item added to the entropy when it was
/// last computed, which only falls: a function of eigenvalues whose derivative is operator monotone, here `x ln x`, is supermodular in
/// the set of rows (Friedland & Gaubert 2013). So all costs O(m k d), and a few eigenvalue problems for each pick.
///
/// Source: Vendi-RAG, arXiv 2502.11228, its retrieval step; the score: Friedman & Dieng 2023.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Vendi {
    /// Weight of the score against relevance: 0 is top-k.
    pub s: Fraction,
    /// The similarity, positive semidefinite; left out, `gram` (the raw cosine) for angular and ip, `rbf` for euclidean,
    /// `match` for hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Default for Vendi {
    fn default() -> Self {
        Self { s: constant!(Fraction, 0.5), kernel: KernelChoice::DEFAULT }
    }
}

impl Selector for Vendi {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        picked.clear();
        let kernel = PoolKernel::new(self.kernel.or_raw(request.base.distance()), request, scratch);
        let (m, s, arena) = (kernel.len(), self.s.get(), &scratch.arena);
        let relevance = arena.alloc_slice_fill_with(m, |i| (1.0 - s) * request.score(i));
        // Scores over their number are at most about 1.
        let unit = quantum(&[relevance.iter().map(|rel| rel.abs()).fold(1.0, f64::max)]);
        let taken = arena.alloc_slice_fill_copy(m, false);
        let (bounds, is_known) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, false));
        let mut scores = Scores::new(&kernel, request.count(), scratch);
        while picked.len() < request.count() {
            let (size, likest) = (picked.len() as f64 + 1.0, scores.least_squares(taken));
            let value = |i: usize, score: f64| relevance[i] + s * score / size;
            // What the item with the best guess reaches rules out most others.
            let guess = |i: usize| relevance[i] + s * (1.0 - scores.squares[i] / size);
            let left = || (0..m).filter(|&i| !taken[i]);
            let Some((_, first)) = left().map(|i| (guess(i), i)).min_by(|&a, &b| best_first(a, b)) else { break };
            let reached = rounded(value(first, scores.exact(first)), unit);
            bounds.fill(f64::NEG_INFINITY);
            bounds[first] = reached;
            for i in left().filter(|&i| i != first) {
                // A bound may be rounded down by less than a unit.
                let reaches = |most: f64| value(i, most) >= reached - unit;
                if reaches(likest) {
                    let most = scores.at_most(i, scores.squares[i]).min(scores.at_most_by_gain(i));
                    bounds[i] = if reaches(most) { value(i, most) } else { f64::NEG_INFINITY };
                }
            }
            let exact = |i: usize| if i == first { reached } else { rounded(value(i, scores.exact(i)), unit) };
            let best = best_of(bounds, unit, is_known, exact);
            let Some((_, best)) = best else { break };
            taken[best] = true;
            picked.push(best);
            scores.pick(best);
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check_semidefinite(setting.kind, "eigenvalues need one that is")
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }
}

/// A share of the eigenvalues of which no more is counted: rounding alone may have raised it above 0.
const NOTHING: f64 = 1e-12;

/// Vendi scores of the picks and one more item.
struct Scores<'a, 's> {
    kernel: &'a PoolKernel<'s>,
    picks: &'s mut [usize],
    count: usize,
    /// For each pick its similarities to all.
    rows: &'s mut [f64],
    /// Per item: the sum of its squared similarities to the picks.
    squares: &'s mut [f64],
    /// Of the picks: the sum of their similarities to themselves, and of all their squared similarities.
    trace: f64,
    square: f64,
    /// `- sum of x ln x` over the eigenvalues of the picks' similarities, and what each item added to it when its score was last
    /// computed; infinity before that.
    entropy: f64,
    gains: &'s mut [f64],
    matrix: &'s mut [f64],
    values: &'s mut [f64],
    beside: &'s mut [f64],
}

impl<'a, 's> Scores<'a, 's> {
    /// No pick yet, and room for `capacity`.
    fn new(kernel: &'a PoolKernel<'s>, capacity: usize, scratch: &'s Scratch) -> Self {
        let (m, arena) = (kernel.len(), &scratch.arena);
        Self {
            kernel,
            picks: arena.alloc_slice_fill_copy(capacity, 0),
            count: 0,
            rows: arena.alloc_slice_fill_copy(capacity * m, 0.0),
            squares: arena.alloc_slice_fill_copy(m, 0.0),
            trace: 0.0,
            square: 0.0,
            entropy: 0.0,
            gains: arena.alloc_slice_fill_copy(m, f64::INFINITY),
            matrix: arena.alloc_slice_fill_copy(capacity * capacity, 0.0),
            values: arena.alloc_slice_fill_copy(capacity, 0.0),
            beside: arena.alloc_slice_fill_copy(capacity, 0.0),
        }
    }

    /// The score of the picks and item `i`.
    fn exact(&mut self, i: usize) -> f64 {
        let (m, size) = (self.squares.len(), self.count + 1);
        let matrix = &mut self.matrix[..size * size];
        let all = || self.picks[..self.count].iter().copied().chain([i]);
        for (at, item) in all().enumerate() {
            let to = &mut matrix[at * size..][..=at];
            to.iter_mut().zip(self.rows.chunks_exact(m)).for_each(|(to, row)| *to = row[item]);
            to[at] = self.kernel.self_similarity(item);
        }
        eigenvalues(matrix, &mut self.values[..size], &mut self.beside[..size]);
        let shares = self.values[..size].iter().map(|value| value / size as f64);
        let terms = shares.filter(|&share| share > NOTHING).map(|share| share * share.ln());
        let of_shares = -terms.sum::<f64>();
        self.gains[i] = self.of_eigenvalues(i, of_shares) - self.entropy;
        of_shares.exp()
    }

    /// The entropy of the eigenvalues of the picks and item `i`, from that of the eigenvalues over their number n: `n h - t ln n`,
    /// where t is their sum.
    fn of_eigenvalues(&self, i: usize, of_shares: f64) -> f64 {
        let size = self.count as f64 + 1.0;
        size * of_shares - (self.trace + self.kernel.self_similarity(i)) * size.ln()
    }

    /// An upper bound on the score of the picks and item `i`: the item adds at most what it added to fewer picks.
    fn at_most_by_gain(&self, i: usize) -> f64 {
        let size = self.count as f64 + 1.0;
        let total = self.trace + self.kernel.self_similarity(i);
        // What is left out of each of three entropies, at most.
        let left_out = -3.0 * size * NOTHING * NOTHING.ln();
        ((self.entropy + self.gains[i] + total * size.ln()) / size + left_out).exp()
    }

    /// The least sum of squared similarities of an item that is not taken makes the largest score that any may have.
    fn least_squares(&self, taken: &[bool]) -> f64 {
        let left = (0..taken.len()).filter(|&i| !taken[i]);
        let bounds = left.map(|i| (self.squares[i], self.kernel.self_similarity(i), i));
        let (mut least, mut owns) = (f64::INFINITY, [None; 2]);
        for (square, own, i) in bounds {
            least = least.min(square);
            // Vectors without a direction have another similarity to themselves.
            owns[usize::from(own == 1.0)] = Some(i);
        }
        owns.into_iter().flatten().map(|i| self.at_most(i, least)).fold(0.0, f64::max)
    }

    /// An upper bound on the score of the picks and item `i`, if the squared similarities of the two add up to `squares`.
    ///
    /// Of n shares that add up to 1, with squares that add up to c, those have the largest entropy of which all but the largest one
    /// are equal (Harremoes & Topsoe 2001).
    fn at_most(&self, i: usize, squares: f64) -> f64 {
        let (size, own) = (self.count as f64 + 1.0, self.kernel.self_similarity(i));
        let total = (self.trace + own) / size;
        if total == 0.0 {
            return 1.0;
        }
        let concentration = (self.square + 2.0 * squares + own * own) / (size * size * total * total);
        let more = (concentration - 1.0 / size).max(0.0);
        let entropy = |share: f64| if share > 0.0 { -share * share.ln() } else { 0.0 };
        let of_shares = if self.count == 0 {
            0.0
        } else {
            let largest = 1.0 / size + (more * (size - 1.0) / size).sqrt();
            entropy(largest) + (size - 1.0) * entropy((1.0 - largest) / (size - 1.0))
        };
        // A little more than rounding takes.
        (total * of_shares - total * total.ln() + 1e-13).exp()
    }

    fn pick(&mut self, i: usize) {
        let (m, own) = (self.squares.len(), self.kernel.self_similarity(i));
        let row = &mut self.rows[self.count * m..][..m];
        self.kernel.row(i, row);
        self.entropy += self.gains[i];
        self.trace += own;
        self.square += 2.0 * self.squares[i] + own * own;
        self.squares.iter_mut().zip(&*row).for_each(|(square, similarity)| *square += similarity * similarity);
        self.picks[self.count] = i;
        self.count += 1;
    }
}
