//! Saturated coverage: cover each item of the pool until it has enough.

use super::engine::bounded::{self, Bounded};
use super::engine::coarse::{self, ROWS, Rise, Rises};
use super::engine::exact::SetFunction;
use super::engine::greedy::{Objective, Optimizer, maximize};
use super::engine::units::{NEVER, ONE, Units, in_units};
use super::{Request, Selector, SelectorSetting, Unfit, Weights};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{PositiveFraction, constant};
use crate::pool_kernel::{Matrix, PoolKernel, capped_sum};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Saturated coverage: all of R covers an item, until it has enough. Maximises `sum over v of the pool of min(sum over r in R of s(v, r), alpha * sum over u of the
/// pool of s(v, u))`.
///
/// Source: Lin & Bilmes 2011.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SaturatedCoverage {
    /// The share of its similarity to the whole pool at which an item is covered enough.
    pub alpha: PositiveFraction,
    /// The similarity s, never negative; left out, `cosine` for angular and ip, `rbf` for euclidean, `match` for
    /// hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
    /// How the greedy choice is found.
    pub optimizer: Optimizer,
}

impl Default for SaturatedCoverage {
    fn default() -> Self {
        Self { alpha: constant!(PositiveFraction, 0.1), kernel: KernelChoice::DEFAULT, optimizer: Optimizer::default() }
    }
}

impl Selector for SaturatedCoverage {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let kernel = self.kernel.or_coverage(request.base.distance());
        let mut matrix = Matrix::new(PoolKernel::new(kernel, request, scratch), scratch);
        if self.optimizer == Optimizer::Lazy
            && let Some(units) = units_of(&matrix, request.base.points().dim(), scratch)
        {
            let mut saturated = BoundedSaturation::new(matrix, units, self.alpha.get(), scratch);
            return bounded::maximize(&mut saturated, request, scratch, picked);
        }
        let (m, arena) = (matrix.size(), &scratch.arena);
        let ones = Weights::Uniform.of(request, 1.0, scratch);
        let (totals, room) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, f64::INFINITY));
        matrix.capped_sums(room, ones, scratch, totals);
        totals.iter_mut().for_each(|total| *total *= self.alpha.get());
        room.copy_from_slice(totals);
        let reached = arena.alloc_slice_fill_copy(m, 0.0);
        let mut saturated = Saturated { matrix, ones, enough: totals, reached, room };
        maximize(&mut saturated, self.optimizer, request, scratch, picked);
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check_nonnegative(setting.kind, "a sum that must never fall needs one that cannot")
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }

    fn objective<'s>(&self, request: &Request<'s>, scratch: &'s Scratch) -> Option<SetFunction<'s>> {
        let kernel = PoolKernel::new(self.kernel.or_coverage(request.base.distance()), request, scratch);
        Some(SetFunction::new(request, scratch)?.with_saturation(&kernel, self.alpha.get()))
    }
}

/// How much similarity each item of the pool has got so far, and how much more will count.
struct Saturated<'s> {
    matrix: Matrix<'s>,
    ones: &'s [f64],
    enough: &'s [f64],
    reached: &'s mut [f64],
    room: &'s mut [f64],
}

impl Objective for Saturated<'_> {
    fn gain(&mut self, position: usize) -> f64 {
        capped_sum(self.matrix.row(position), self.room, self.ones)
    }

    fn add(&mut self, position: usize) {
        let row = self.matrix.row(position);
        for (((reached, room), &similarity), &enough) in
            self.reached.iter_mut().zip(&mut *self.room).zip(row).zip(self.enough)
        {
            *reached += similarity;
            *room = (enough - *reached).max(0.0);
        }
    }

    fn first_gains(&mut self, gains: &mut [f64], scratch: &Scratch) {
        self.matrix.capped_sums(self.room, self.ones, scratch, gains);
    }
}

fn units_of<'s>(matrix: &Matrix<'s>, dim: usize, scratch: &'s Scratch) -> Option<Units<'s>> {
    match matrix.kept() {
        Some(kept) => Units::of_all(kept, matrix.size(), scratch),
        None => Units::of(matrix.kernel(), dim, scratch),
    }
}

/// The same objective, with gains that are bounded before they are computed.
///
/// # Bound
///
/// The gain of item i is the sum over v of `min(s(v, i), room_v)`; the coarse gain is the same of whole units. A similarity is off by at
/// most `e` units, and a room, which is known exactly, by half a unit, which is less; so is the smaller of the two. Without room a term
/// is 0 both ways. So the coarse gain is off by at most `e` times the number of items with room.
///
/// Rooms need the sums of all similarities. As long as rooms are surely not below 1, which no similarity exceeds, they do not matter,
/// and those sums are not computed.
struct BoundedSaturation<'s> {
    matrix: Matrix<'s>,
    units: Units<'s>,
    alpha: f64,
    ones: &'s [f64],
    reached: &'s mut [f64],
    /// Per item: how much is enough, once all are known; before that, what that is not below.
    enough: &'s mut [f64],
    enough_is_known: bool,
    /// Infinite where it surely is not below 1.
    room: &'s mut [f64],
    /// Rooms in units; those of at least 1 are above all similarities.
    caps: &'s mut [u16],
    gains: &'s mut [u32],
    /// Items with room.
    open: usize,
    scratch: &'s Scratch,
}

impl<'s> BoundedSaturation<'s> {
    fn new(matrix: Matrix<'s>, units: Units<'s>, alpha: f64, scratch: &'s Scratch) -> Self {
        let (m, arena) = (matrix.size(), &scratch.arena);
        let caps = arena.alloc_slice_fill_copy(units.stride(), NEVER);
        let gains = arena.alloc_slice_fill_copy(units.stride(), 0);
        gains[..m].iter_mut().enumerate().for_each(|(i, gain)| *gain = coarse::capped_sum(units.row(i), caps));
        let total_off = units.error() * m as f64;
        // A billionth stands for all that `f64` rounds.
        let not_below = |v: usize| alpha * (f64::from(gains[v]) - total_off) / ONE * (1.0 - 1e-9);
        let mut this = Self {
            ones: arena.alloc_slice_fill_copy(m, 1.0),
            reached: arena.alloc_slice_fill_copy(m, 0.0),
            enough: arena.alloc_slice_fill_with(m, not_below),
            enough_is_known: false,
            room: arena.alloc_slice_fill_copy(m, f64::INFINITY),
            caps,
            gains,
            open: m,
            matrix,
            units,
            alpha,
            scratch,
        };
        this.update();
        this
    }

    /// Brings rooms and gains up to date with what is reached.
    fn update(&mut self) {
        let is_above_one = |(enough, reached): (&f64, &f64)| enough - reached > 1.0 + 1e-9 * reached;
        if !self.enough_is_known {
            if self.enough.iter().zip(&*self.reached).all(is_above_one) {
                return;
            }
            self.room.fill(f64::INFINITY);
            self.matrix.capped_sums(self.room, self.ones, self.scratch, self.enough);
            self.enough.iter_mut().for_each(|total| *total *= self.alpha);
            self.enough_is_known = true;
        }
        let Self { units, enough, reached, room, caps, gains, open, .. } = self;
        let all = units.all();
        let mut rises = Rises::default();
        let mut take = |rises: &[Rise; ROWS]| coarse::lower(gains, all, rises);
        for v in 0..units.size() {
            let was_open = room[v] > 0.0;
            room[v] = (enough[v] - reached[v]).max(0.0);
            *open -= usize::from(was_open && room[v] == 0.0);
            let cap = if room[v] < 1.0 { in_units(room[v]) } else { NEVER };
            if cap < caps[v] {
                let between = [cap, caps[v]];
                caps[v] = cap;
                rises.push(Rise { row: v * units.stride(), between, ..Rise::default() }, &mut take);
            }
        }
        rises.finish(take);
    }
}

impl Objective for BoundedSaturation<'_> {
    fn gain(&mut self, position: usize) -> f64 {
        capped_sum(self.matrix.row(position), self.room, self.ones)
    }

    fn add(&mut self, position: usize) {
        let row = self.matrix.row(position);
        self.reached.iter_mut().zip(row).for_each(|(reached, &similarity)| *reached += similarity);
        self.update();
    }
}

impl Bounded for BoundedSaturation<'_> {
    fn bounds(&self, position: usize) -> [f64; 2] {
        let (gain, off) = (f64::from(self.gains[position]), self.units.error() * self.open as f64);
        [((gain - off) / ONE).max(0.0), (gain + off) / ONE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix kept, as that of a small pool is, and not.
    #[test]
    fn bounds_hold_gains() {
        for alpha in [0.001, 0.03, 1.0] {
            for is_kept in [true, false] {
                bounded::tests::check(&|request, scratch| {
                    let kernel = PoolKernel::new(Kernel::Cosine, request, scratch);
                    let matrix = if is_kept { Matrix::new(kernel, scratch) } else { Matrix::by_rows(kernel, scratch) };
                    let units = units_of(&matrix, request.base.points().dim(), scratch).expect("of that size");
                    Box::new(BoundedSaturation::new(matrix, units, alpha, scratch))
                });
            }
        }
    }
}
