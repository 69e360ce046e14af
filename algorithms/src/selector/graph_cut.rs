//! Graph cut: resemble the pool, but not each other.

use super::engine::bounded::{self, Bounded};
use super::engine::cosine_tiles::CosineTiles;
use super::engine::exact::SetFunction;
use super::engine::greedy::{Objective, Optimizer, maximize};
use super::{Request, Selector, SelectorSetting, Unfit, Weights};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::nearest::tile_product::{COLUMNS, ROWS};
use crate::params::{NonNegative, constant};
use crate::pool_kernel::{Approximate, Matrix, Picks, PoolKernel, capped_sum};
use crate::scratch::Scratch;
use multiversion::multiversion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Graph cut: items that resemble the pool, and not each other. Maximises
/// `sum over v of the pool and r in R of s(v, r)` less `lambda * sum over ordered pairs r, t in R, r = t included, of
/// s(r, t)`. Monotone for lambda up to 1/2, with the greedy guarantee of 1 - 1/e there; submodular for any.
///
/// Source: Lin & Bilmes 2011.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GraphCut {
    /// Penalty for similarity within R.
    pub lambda: NonNegative,
    /// The similarity s, never negative; left out, `cosine` for angular and ip, `rbf` for euclidean, `match` for
    /// hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
    /// How the greedy choice is found.
    pub optimizer: Optimizer,
}

impl Default for GraphCut {
    fn default() -> Self {
        Self { lambda: constant!(NonNegative, 0.5), kernel: KernelChoice::DEFAULT, optimizer: Optimizer::default() }
    }
}

impl Selector for GraphCut {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let kernel = self.kernel.or_coverage(request.base.distance());
        let kernel = PoolKernel::new(kernel, request, scratch);
        if self.optimizer == Optimizer::Lazy
            && kernel.len() >= BOUNDED
            && let Some(approximate) = kernel.approximate(scratch)
            && let Some(tiles) = CosineTiles::of(&kernel, request.base.points().dim(), scratch)
        {
            let capacity = request.count();
            let mut cut = BoundedCut::new(kernel, approximate, tiles, self.lambda.get(), capacity, scratch);
            return bounded::maximize(&mut cut, request, scratch, picked);
        }
        let mut matrix = Matrix::new(kernel, scratch);
        let (m, arena) = (matrix.size(), &scratch.arena);
        let to_pool = arena.alloc_slice_fill_copy(m, 0.0);
        let endless = arena.alloc_slice_fill_copy(m, f64::INFINITY);
        matrix.capped_sums(endless, Weights::Uniform.of(request, 1.0, scratch), scratch, to_pool);
        let own = arena.alloc_slice_fill_with(m, |i| matrix.kernel().self_similarity(i));
        let to_picked = arena.alloc_slice_fill_copy(m, 0.0);
        let mut cut = Cut { matrix, lambda: self.lambda.get(), to_pool, to_picked, own };
        maximize(&mut cut, self.optimizer, request, scratch, picked);
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check_nonnegative(setting.kind, "a sum that must never fall needs one that cannot")
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }

    fn objective<'s>(&self, request: &Request<'s>, scratch: &'s Scratch) -> Option<SetFunction<'s>> {
        let function = SetFunction::new(request, scratch)?;
        let kernel = PoolKernel::new(self.kernel.or_coverage(request.base.distance()), request, scratch);
        let (m, lambda) = (kernel.len(), self.lambda.get());
        let all = scratch.arena.alloc_slice_fill_copy(m * m, 0.0);
        all.chunks_exact_mut(m.max(1)).enumerate().for_each(|(i, row)| kernel.row(i, row));
        let to_pool = |i: usize| all[i * m..(i + 1) * m].iter().sum::<f64>() - lambda * kernel.self_similarity(i);
        let function = function.with_each(to_pool);
        // Pairs are ordered: each counts twice.
        all.iter_mut().for_each(|similarity| *similarity *= -2.0 * lambda);
        Some(function.with_pairs(all))
    }
}

/// Each item's similarity to the whole pool, to what is picked, and to itself.
struct Cut<'s> {
    matrix: Matrix<'s>,
    lambda: f64,
    to_pool: &'s [f64],
    to_picked: &'s mut [f64],
    own: &'s [f64],
}

impl Objective for Cut<'_> {
    fn gain(&mut self, position: usize) -> f64 {
        self.to_pool[position] - self.lambda * (2.0 * self.to_picked[position] + self.own[position])
    }

    fn add(&mut self, position: usize) {
        for (to_picked, &similarity) in self.to_picked.iter_mut().zip(self.matrix.row(position)) {
            *to_picked += similarity;
        }
    }
}

/// The least size of a pool whose gains are first bounded: matrices of smaller ones are evaluated in no time.
const BOUNDED: usize = 257;

/// A cut whose sums are added up from cosines in `f32`, and exactly for items that are asked for.
///
/// # Bound
///
/// Of `u = 2^-24`: each of the `m` cosines that make up a similarity to the pool is off by at most the error of [`CosineTiles`], and
/// clipping takes none further away. A tile's sum rounds at most 48 times, by at most `u` of a sum of which no term is negative. Each
/// pick's similarity is off by the error of [`Approximate`], and is counted `2 lambda` times. All else is `f64`, on both ways: no sum
/// has more than `m + 64` steps, each of which rounds by `2^-53` of a magnitude that is at most that of all terms together.
struct BoundedCut<'s> {
    kernel: PoolKernel<'s>,
    approximate: Approximate<'s>,
    lambda: f64,
    /// Per item: its similarity to the pool, to what is picked, and to itself.
    to_pool: &'s mut [f64],
    to_picked: &'s mut [f64],
    own: &'s [f64],
    /// Per item: the bound on the error of its similarity to the pool; 0 once that is exact.
    off: &'s mut [f64],
    /// Per item: the exact similarity to the first picks, and to how many.
    exact_to_picked: &'s mut [f64],
    seen: &'s mut [usize],
    picks: Picks<'s>,
    /// Room for a row, and what its sum takes.
    row: &'s mut [f64],
    ones: &'s [f64],
    endless: &'s [f64],
}

impl<'s> BoundedCut<'s> {
    fn new(
        kernel: PoolKernel<'s>,
        approximate: Approximate<'s>,
        mut tiles: CosineTiles<'s>,
        lambda: f64,
        capacity: usize,
        scratch: &'s Scratch,
    ) -> Self {
        let (m, arena) = (kernel.len(), &scratch.arena);
        let zeros = || arena.alloc_slice_fill_copy(m, 0.0);
        let to_pool = zeros();
        let add_tile = |rows: Range<usize>, columns: Range<usize>, cosines: &[f32]| {
            let (mut of_rows, mut of_columns) = ([0.0; ROWS], [0.0; COLUMNS]);
            let before = columns.start.saturating_sub(rows.start).min(rows.len());
            add_up(cosines, before, &mut of_rows, &mut of_columns);
            to_pool[rows].iter_mut().zip(of_rows).for_each(|(to, sum)| *to += sum);
            to_pool[columns].iter_mut().zip(of_columns).for_each(|(to, sum)| *to += f64::from(sum));
        };
        tiles.each(&kernel, |_, _| {}, add_tile);
        let cosines_off = m as f64 * tiles.error();
        let off = |i: usize| cosines_off + 48.0 * 0.5 * f64::from(f32::EPSILON) * (to_pool[i] + cosines_off) * 1.001;
        Self {
            off: arena.alloc_slice_fill_with(m, off),
            own: arena.alloc_slice_fill_with(m, |i| kernel.self_similarity(i)),
            to_pool,
            to_picked: zeros(),
            exact_to_picked: zeros(),
            seen: arena.alloc_slice_fill_copy(m, 0),
            picks: kernel.picks(capacity, scratch),
            row: zeros(),
            ones: arena.alloc_slice_fill_copy(m, 1.0),
            endless: arena.alloc_slice_fill_copy(m, f64::INFINITY),
            kernel,
            approximate,
            lambda,
        }
    }
}

impl Objective for BoundedCut<'_> {
    fn gain(&mut self, position: usize) -> f64 {
        if self.off[position] > 0.0 {
            self.kernel.row(position, self.row);
            self.to_pool[position] = capped_sum(self.row, self.endless, self.ones);
            self.off[position] = 0.0;
        }
        let (from, to) = (self.seen[position], self.picks.count());
        let similarities = &mut self.row[..to - from];
        self.kernel.to(position, self.picks.group(from..to), similarities);
        similarities.iter().for_each(|similarity| self.exact_to_picked[position] += similarity);
        self.seen[position] = to;
        let picked = self.exact_to_picked[position];
        self.to_pool[position] - self.lambda * (2.0 * picked + self.own[position])
    }

    fn add(&mut self, position: usize) {
        self.picks.push(&self.kernel, position);
        let cosines = self.approximate.with(position, 0..self.to_picked.len());
        add_clipped(self.to_picked, cosines);
    }
}

impl Bounded for BoundedCut<'_> {
    fn bounds(&self, position: usize) -> [f64; 2] {
        let (m, picks) = (self.to_pool.len() as f64, self.picks.count() as f64);
        let to_picked = self.lambda * (2.0 * self.to_picked[position] + self.own[position]);
        let gain = self.to_pool[position] - to_picked;
        let of_picks = 2.0 * self.lambda * picks * self.approximate.error();
        let rounding = 4e-16 * (m + picks + 64.0) * (self.to_pool[position] + to_picked + of_picks);
        let off = self.off[position] + of_picks + rounding;
        [gain - off, gain + off]
    }
}

/// Adds up a tile of cosines, clipped at 0: each row, and each column as far as the rows `before` which its mirror image stands in no
/// other tile.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn add_up(cosines: &[f32], before: usize, of_rows: &mut [f64; ROWS], of_columns: &mut [f32; COLUMNS]) {
    const LANES: usize = 16;
    for (r, (row, of_row)) in cosines.chunks_exact(COLUMNS).zip(of_rows).enumerate() {
        let mut sums = [0.0_f32; LANES];
        for (cosines, of_columns) in row.chunks_exact(LANES).zip(of_columns.chunks_exact_mut(LANES)) {
            let clipped: [f32; LANES] =
                std::array::from_fn(|lane| if cosines[lane] > 0.0 { cosines[lane] } else { 0.0 });
            for lane in 0..LANES {
                sums[lane] += clipped[lane];
                of_columns[lane] += if r < before { clipped[lane] } else { 0.0 };
            }
        }
        *of_row = sums.iter().map(|&sum| f64::from(sum)).sum();
    }
}

/// Adds cosines, clipped at 0.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn add_clipped(sums: &mut [f64], cosines: &[f32]) {
    for (sum, &cosine) in sums.iter_mut().zip(cosines) {
        *sum += f64::from(if cosine > 0.0 { cosine } else { 0.0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_gains() {
        for lambda in [0.0, 0.5, 20.0] {
            bounded::tests::check(&|request, scratch| {
                let kernel = PoolKernel::new(Kernel::Cosine, request, scratch);
                let approximate = kernel.approximate(scratch).expect("of cosines");
                let tiles = CosineTiles::of(&kernel, request.base.points().dim(), scratch).expect("of cosines");
                Box::new(BoundedCut::new(kernel, approximate, tiles, lambda, request.count(), scratch))
            });
        }
    }
}
