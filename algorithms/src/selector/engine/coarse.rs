//! Gains of coverage over pools of thousands, in 16-bit similarities: bounds that rule out nearly all items, so that few exact gains
//! have to be computed.
//!
//! # Bound
//!
//! The true gain of item i is the sum over v of `max(0, min(s(v, i), cap_v) - c_v)`, where `c_v` is the coverage of v so far. The coarse
//! gain is the same of whole units. Each similarity and each cap is off by at most `e` units, and so is a minimum of both, and so is
//! `c_v`, the largest of such minima: a term is off by at most `2 e`. Terms are counted where they may be above 0:
//!
//! - A similarity of less than `c_v - 2 e` units is truly below the coverage.
//! - Where a pick's similarity is at least `cap_v + 2 e` units, v is truly covered up to its cap, and nobody gains there any more.
//!
//! In both cases the coarse term is 0, as the true one is. So the coarse gain is off by at most `2 e` times the number of counted terms.
//!
//! With weights, which are given as shares of the largest, it is the sum of the weights of counted terms. What eight items lose is
//! added up in `f32`: a weight, a product and eight additions round by at most `11 x 2^-24` of the loss, and all losses together are no more
//! than the first gain, so a gain is off by a millionth of the first one, and a sum of weights by a millionth of the first sum. The
//! least weights are lost to `f32`, and with them no more than [`OF_LEAST`] of a gain.

use super::bounded::Bounded;
use super::greedy::Objective;
use super::units::{NEVER, ONE, Units, WIDTH, in_units};
use crate::kernel::positive;
use crate::points::dense::tree_sum;
use crate::points::vectors::LANES;
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use bumpalo::collections::Vec as ArenaVec;
use multiversion::multiversion;

/// What `f32` may lose of a gain by weights below `2^-126` of the largest: 12,288 of them times 65,535 units are less than `2^30`.
const OF_LEAST: f64 = 1e-28;

/// The coverage of a pool, in whole units, and bounds on gains.
struct CoarseGains<'s> {
    units: Units<'s>,
    caps: &'s [u16],
    covered: &'s mut [u16],
    /// Per item: a similarity to it that is below this has a term of 0, and is not counted.
    counted_from: &'s mut [u16],
    gains: Gains<'s>,
    /// Bound on the error of one term, in units.
    off: f64,
}

/// The gain of each item in units, and the number of its terms that are above 0, or may be.
enum Gains<'s> {
    Plain { gains: &'s mut [u32], terms: &'s mut [u16] },
    Weighted { gains: &'s mut [f64], terms: &'s mut [f64], weights: Shares<'s> },
}

/// Weights as shares of the largest, and what they make of gains at first.
struct Shares<'s> {
    largest: f64,
    of: &'s [f64],
    first_gains: &'s [f64],
    total: f64,
}

/// A rise of the coverage of one item, or a fall of the room it has left: what lies between the two counts no more.
#[derive(Clone, Copy, Default)]
pub struct Rise {
    /// The offset of the item's row.
    pub row: usize,
    /// The lower and the upper number of units.
    pub between: [u16; 2],
    /// Similarities from the first on were counted, and from the second on are.
    pub counted_from: [u16; 2],
}

/// Rises that are taken from the gains in one pass, so few that what an item loses by them is below 2^16.
#[derive(Default)]
pub struct Rises {
    of: [Rise; ROWS],
    count: usize,
    total: u32,
}

/// The most rises of one pass.
pub const ROWS: usize = 8;

impl Rises {
    /// Adds one. If there is no room for it, the others are handed to `take` first.
    pub fn push(&mut self, rise: Rise, take: impl FnOnce(&[Rise; ROWS])) {
        let height = u32::from(rise.between[1] - rise.between[0]);
        if self.count == ROWS || self.total + height > u32::from(u16::MAX) {
            self.finish(take);
        }
        self.of[self.count] = rise;
        self.count += 1;
        self.total += height;
    }

    /// Hands those that are left to `take`. A rise from 0 to 0, with which they are filled up, changes nothing.
    pub fn finish(&mut self, take: impl FnOnce(&[Rise; ROWS])) {
        if self.count > 0 {
            take(&std::mem::take(self).of);
        }
    }
}

impl<'s> CoarseGains<'s> {
    /// Nothing is covered yet. Without `caps`, coverage has no cap.
    fn new(units: Units<'s>, weights: &[f64], caps: Option<&[f64]>, scratch: &'s Scratch) -> Self {
        let (m, stride, arena) = (units.size(), units.stride(), &scratch.arena);
        // No similarity is above 1, so no higher cap counts.
        let in_units = |v: usize| caps.map_or(NEVER, |caps| if v < m { in_units(caps[v].min(1.0)) } else { NEVER });
        let caps_in_units = arena.alloc_slice_fill_with(stride, in_units);
        // Up to a cap of 0 every item is covered from the start, and without a weight nobody gains.
        let is_closed = |v: usize| weights[v] == 0.0 || caps.is_some_and(|caps| caps[v] <= 0.0);
        let counted_from = arena.alloc_slice_fill_with(m, |v| if is_closed(v) { NEVER } else { 0 });
        let gains = if weights.iter().all(|&weight| weight == 1.0) {
            let gains = arena.alloc_slice_fill_copy(stride, 0);
            gains[..m].iter_mut().enumerate().for_each(|(i, gain)| *gain = capped_sum(units.row(i), caps_in_units));
            let open = (0..m).filter(|&v| !is_closed(v)).count() as u16;
            Gains::Plain { gains, terms: arena.alloc_slice_fill_copy(stride, open) }
        } else {
            let largest = weights.iter().copied().fold(0.0, f64::max);
            let share = |v: usize| if v < m && largest > 0.0 { weights[v] / largest } else { 0.0 };
            let of = arena.alloc_slice_fill_with(stride, share);
            let total: f64 = (0..m).filter(|&v| !is_closed(v)).map(share).sum();
            let gain = |i: usize| if i < m { weighted_sum(units.row(i), caps_in_units, of) } else { 0.0 };
            let gains = arena.alloc_slice_fill_with(stride, gain);
            let weights = Shares { largest, of, first_gains: arena.alloc_slice_copy(gains), total };
            Gains::Weighted { gains, terms: arena.alloc_slice_fill_copy(stride, total), weights }
        };
        Self {
            caps: caps_in_units,
            covered: arena.alloc_slice_fill_copy(m, 0),
            counted_from,
            gains,
            off: 2.0 * units.error(),
            units,
        }
    }

    /// A lower and an upper bound on the true gain of the item at `position`.
    fn bounds(&self, position: usize) -> [f64; 2] {
        let (gain, off, one) = match &self.gains {
            Gains::Plain { gains, terms } => {
                (f64::from(gains[position]), self.off * f64::from(terms[position]), 1.0 / ONE)
            }
            Gains::Weighted { gains, terms, weights } => {
                let terms = terms[position].max(0.0) + 1e-6 * weights.total;
                let off = self.off * terms + 1e-6 * weights.first_gains[position] + OF_LEAST;
                (gains[position], off, weights.largest / ONE)
            }
        };
        [((gain - off) * one).max(0.0), (gain + off) * one]
    }

    /// Adds the item at `position`: where it covers better, every gain falls.
    fn add(&mut self, position: usize) {
        let (m, stride) = (self.units.size(), self.units.stride());
        let reach = self.off.ceil() as u16;
        let Self { units, caps, covered, counted_from, gains, .. } = self;
        let all = units.all();
        let mut take = |rises: &[Rise; ROWS]| match gains {
            Gains::Plain { gains, terms } => lower_counted(gains, terms, all, rises),
            Gains::Weighted { gains, terms, weights } => {
                let weights = rises.map(|rise| weights.of[rise.row / stride] as f32);
                lower_by_weight(gains, terms, all, rises, weights);
            }
        };
        let mut rises = Rises::default();
        for v in 0..m {
            let (similarity, cap) = (units.row(position)[v], caps[v]);
            let (old, from) = (covered[v], counted_from[v]);
            let new = similarity.min(cap).max(old);
            let reaches_cap = similarity >= cap.saturating_add(reach);
            let to = if reaches_cap { NEVER } else { new.saturating_sub(reach).max(from) };
            if new > old || to > from {
                (covered[v], counted_from[v]) = (new, to);
                rises.push(Rise { row: v * stride, between: [old, new], counted_from: [from, to] }, &mut take);
            }
        }
        rises.finish(take);
    }
}

/// Coverage that is bounded before it is computed: the gains are those of [`super::coverage::CoverageObjective`], to the last bit.
pub struct BoundedCoverage<'s> {
    kernel: PoolKernel<'s>,
    weights: &'s [f64],
    caps: Option<&'s [f64]>,
    covered: &'s mut [f64],
    /// Items that were added and are not covered with yet: only a gain needs that.
    waiting: ArenaVec<'s, usize>,
    coarse: CoarseGains<'s>,
    near: Near<'s>,
}

/// Room for the items that may gain from one, and their similarities to it.
struct Near<'s> {
    positions: &'s mut [u32],
    ids: &'s mut [u32],
    norms: &'s mut [f64],
    similarities: &'s mut [f64],
}

impl<'s> BoundedCoverage<'s> {
    /// Nothing is covered yet; `units` are those of this kernel. Without `caps`, coverage has no cap.
    pub fn new(
        kernel: PoolKernel<'s>,
        units: Units<'s>,
        weights: &'s [f64],
        caps: Option<&'s [f64]>,
        scratch: &'s Scratch,
    ) -> Self {
        let (m, arena) = (kernel.len(), &scratch.arena);
        let near = Near {
            positions: arena.alloc_slice_fill_copy(m, 0),
            ids: arena.alloc_slice_fill_copy(m, 0),
            norms: arena.alloc_slice_fill_copy(m, 0.0),
            similarities: arena.alloc_slice_fill_copy(m, 0.0),
        };
        let coarse = CoarseGains::new(units, weights, caps, scratch);
        Self {
            kernel,
            weights,
            caps,
            covered: arena.alloc_slice_fill_copy(m, 0.0),
            waiting: ArenaVec::new_in(arena),
            coarse,
            near,
        }
    }

    /// Computes the similarities of the item at `position` to all that its gain counts. The other terms are 0, so a sum without them
    /// is the same. Returns how many there are.
    fn look_near(&mut self, position: usize) -> usize {
        let Near { positions, ids, norms, similarities } = &mut self.near;
        let count = at_least(self.coarse.units.row(position), self.coarse.counted_from, positions);
        let group = self.kernel.choose(positions[..count].iter().map(|&i| i as usize), ids, norms);
        self.kernel.to(position, group, &mut similarities[..count]);
        count
    }

    fn cover(&mut self) {
        while let Some(position) = self.waiting.pop() {
            let count = self.look_near(position);
            for (&v, &similarity) in self.near.positions[..count].iter().zip(&*self.near.similarities) {
                let v = v as usize;
                let cap = self.caps.map_or(f64::INFINITY, |caps| caps[v]);
                self.covered[v] = self.covered[v].max(similarity.min(cap));
            }
        }
    }
}

impl Objective for BoundedCoverage<'_> {
    fn gain(&mut self, position: usize) -> f64 {
        self.cover();
        let count = self.look_near(position);
        let mut sums = [0.0; LANES];
        for (&v, &similarity) in self.near.positions[..count].iter().zip(&*self.near.similarities) {
            let v = v as usize;
            let cap = self.caps.map_or(f64::INFINITY, |caps| caps[v]);
            // The lane and the order that the sum over all has.
            sums[v % LANES] += self.weights[v] * positive(similarity.min(cap) - self.covered[v]);
        }
        tree_sum(&sums)
    }

    fn add(&mut self, position: usize) {
        self.waiting.push(position);
        self.coarse.add(position);
    }
}

impl Bounded for BoundedCoverage<'_> {
    fn bounds(&self, position: usize) -> [f64; 2] {
        self.coarse.bounds(position)
    }
}

/// Puts the places of the units that are at least the given ones into `found`, ascending, and returns how many there are.
#[multiversion(targets("x86_64+avx2+fma+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma"))]
fn at_least(units: &[u16], from: &[u16], found: &mut [u32]) -> usize {
    /// Numbers that are looked at together.
    const STEP: usize = 32;
    let mut count = 0;
    for (chunk, (units, from)) in units.chunks(STEP).zip(from.chunks(STEP)).enumerate() {
        let mut any = false;
        for (unit, from) in units.iter().zip(from) {
            any |= unit >= from;
        }
        if any {
            for (at, _) in units.iter().zip(from).enumerate().filter(|(_, (unit, from))| unit >= from) {
                found[count] = (chunk * STEP + at) as u32;
                count += 1;
            }
        }
    }
    count
}

#[multiversion(targets("x86_64+avx2+fma+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma"))]
pub fn capped_sum(row: &[u16], caps: &[u16]) -> u32 {
    row.iter().zip(caps).map(|(&unit, &cap)| u32::from(unit.min(cap))).sum()
}

/// Lowers each gain by what it loses by some rises.
#[multiversion(targets("x86_64+avx2+fma+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma"))]
pub fn lower(gains: &mut [u32], all: &[u16], rises: &[Rise; ROWS]) {
    let rows = rises.map(|rise| all[rise.row..][..gains.len()].as_chunks::<WIDTH>().0);
    let (mut lost, mut settled) = ([0; WIDTH], [0; WIDTH]);
    for (block, gains) in gains.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
        take_rises(rows.map(|row| &row[block]), rises, &mut lost, &mut settled);
        for i in 0..WIDTH {
            gains[i] -= u32::from(lost[i]);
        }
    }
}

/// As [`lower`]; and lowers the number of terms of each gain by those that are no longer counted.
#[multiversion(targets("x86_64+avx2+fma+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma"))]
fn lower_counted(gains: &mut [u32], terms: &mut [u16], all: &[u16], rises: &[Rise; ROWS]) {
    let rows = rises.map(|rise| all[rise.row..][..gains.len()].as_chunks::<WIDTH>().0);
    let (mut lost, mut settled) = ([0; WIDTH], [0; WIDTH]);
    let blocks = gains.as_chunks_mut::<WIDTH>().0.iter_mut().zip(terms.as_chunks_mut::<WIDTH>().0);
    for (block, (gains, terms)) in blocks.enumerate() {
        take_rises(rows.map(|row| &row[block]), rises, &mut lost, &mut settled);
        for i in 0..WIDTH {
            gains[i] -= u32::from(lost[i]);
        }
        for i in 0..WIDTH {
            terms[i] -= settled[i];
        }
    }
}

/// What some rises take from gains, below 2^16, and the number of terms that are no longer counted. Written out: so it becomes one loop
/// that works on whole registers.
#[inline(always)]
fn take_rises(rows: [&[u16; WIDTH]; ROWS], rises: &[Rise; ROWS], lost: &mut [u16; WIDTH], settled: &mut [u16; WIDTH]) {
    let [a, b, c, d, e, f, g, h] = rows;
    for i in 0..WIDTH {
        let (a, b, c, d) = (rises[0].of(a[i]), rises[1].of(b[i]), rises[2].of(c[i]), rises[3].of(d[i]));
        let (e, f, g, h) = (rises[4].of(e[i]), rises[5].of(f[i]), rises[6].of(g[i]), rises[7].of(h[i]));
        lost[i] = a.0 + b.0 + c.0 + d.0 + e.0 + f.0 + g.0 + h.0;
        settled[i] = a.1 + b.1 + c.1 + d.1 + e.1 + f.1 + g.1 + h.1;
    }
}

impl Rise {
    /// What it takes from a similarity to its item, and 1 if that is no longer counted.
    #[inline(always)]
    fn of(&self, unit: u16) -> (u16, u16) {
        let ([low, high], [from, to]) = (self.between, self.counted_from);
        // From `from` on to below `to`: what is below `from` becomes large.
        (unit.max(low).min(high) - low, u16::from(unit.wrapping_sub(from) < to - from))
    }
}

/// The same of `weights * min(row, caps)`.
#[multiversion(targets("x86_64+avx2+fma+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma"))]
fn weighted_sum(row: &[u16], caps: &[u16], weights: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let rows = row.chunks_exact(LANES).zip(caps.chunks_exact(LANES)).zip(weights.chunks_exact(LANES));
    for ((row, caps), weights) in rows {
        for i in 0..LANES {
            sums[i] += weights[i] * f64::from(row[i].min(caps[i]));
        }
    }
    tree_sum(&sums)
}

/// As [`lower`], with a weight for each rise.
#[multiversion(targets("x86_64+avx2+fma+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma"))]
fn lower_by_weight(gains: &mut [f64], terms: &mut [f64], all: &[u16], rises: &[Rise; ROWS], weights: [f32; ROWS]) {
    /// Numbers that fill a register.
    const STEP: usize = 32;
    let stride = gains.len();
    let rows = rises.map(|rise| &all[rise.row..][..stride]);
    let blocks = gains.chunks_exact_mut(STEP).zip(terms.chunks_exact_mut(STEP));
    for (block, (gains, terms)) in blocks.enumerate() {
        let (mut lost, mut settled) = ([0.0_f32; STEP], [0.0_f32; STEP]);
        for ((row, rise), weight) in rows.iter().zip(rises).zip(weights) {
            let units = &row[block * STEP..][..STEP];
            let ([old, new], [from, to]) = (rise.between, rise.counted_from);
            for i in 0..STEP {
                lost[i] += weight * f32::from(units[i].max(old).min(new) - old);
                settled[i] += weight * f32::from(u16::from(units[i] >= from) & u16::from(units[i] < to));
            }
        }
        for i in 0..STEP {
            gains[i] -= f64::from(lost[i]);
            terms[i] -= f64::from(settled[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bounded;
    use super::super::weights::Weights;
    use super::*;
    use crate::kernel::Kernel;
    use crate::random;
    use proptest::prelude::*;

    #[test]
    fn bounds_hold_gains() {
        for weights in [Weights::Uniform, Weights::Relevance, Weights::Softmax] {
            for eta in [None, Some(0.5), Some(1.0)] {
                bounded::tests::check(&|request, scratch| {
                    let kernel = PoolKernel::new(Kernel::Cosine, request, scratch);
                    let weights = weights.of(request, 0.1, scratch);
                    let caps = eta.map(|eta| {
                        let caps = scratch.arena.alloc_slice_fill_copy(kernel.len(), 0.0);
                        kernel.of_query(caps);
                        caps.iter_mut().for_each(|cap| *cap *= eta);
                        &*caps
                    });
                    let units = Units::of(&kernel, request.base.points().dim(), scratch).expect("of that size");
                    Box::new(BoundedCoverage::new(kernel, units, weights, caps, scratch))
                });
            }
        }
    }

    proptest! {
        /// Batches of rises take from gains and terms what one rise after another takes, however high they are.
        #[test]
        fn rises_are_taken_as_one_by_one(seed in any::<u64>(), blocks in 1_usize..4, count in 0_usize..40) {
            let mut rng = random::stream(seed, "rises", 0);
            let stride = blocks * WIDTH;
            let mut unit = |below: usize| random::below(&mut rng, below) as u16;
            let all: Vec<u16> = (0..count * stride).map(|_| unit(65_535)).collect();
            let (mut gains, mut terms) = (vec![u32::MAX; stride], vec![1000; stride]);
            let (mut expected, mut settled) = (gains.clone(), vec![0; stride]);
            let (mut plain, mut rises) = (gains.clone(), Rises::default());
            for row in 0..count {
                let height = if row % 3 == 0 { 65_535 } else { 3000 };
                let [low, from] = [unit(65_535), unit(65_535)];
                let [high, to] = [low, from].map(|low| low.saturating_add(unit(height)));
                for i in 0..stride {
                    let similarity = all[row * stride + i];
                    expected[i] -= u32::from(similarity.min(high).saturating_sub(low));
                    settled[i] += u16::from((from..to).contains(&similarity));
                }
                let rise = Rise { row: row * stride, between: [low, high], counted_from: [from, to] };
                rises.push(rise, |rises| {
                    lower_counted(&mut gains, &mut terms, &all, rises);
                    lower(&mut plain, &all, rises);
                });
            }
            rises.finish(|rises| {
                lower_counted(&mut gains, &mut terms, &all, rises);
                lower(&mut plain, &all, rises);
            });
            prop_assert_eq!(&gains, &expected);
            prop_assert_eq!(&plain, &expected);
            prop_assert!(terms.iter().zip(&settled).all(|(terms, settled)| terms + settled == 1000));
        }
    }
}
