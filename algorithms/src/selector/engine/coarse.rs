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

use super::greedy::{Objective, note_filling, quantum, rounded};
use super::order::best_first;
use super::units::{NEVER, ONE, Units, WIDTH, in_units};
use crate::kernel::positive;
use crate::points::dense::tree_sum;
use crate::points::vectors::LANES;
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use crate::selector::Request;
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

/// A rise of the coverage of one item.
#[derive(Clone, Copy, Default)]
struct Rise {
    /// Offset of the item's row.
    row: usize,
    /// Its coverage before and after.
    covered: [u16; 2],
    /// Similarities from the first on were counted, and from the second on are.
    counted_from: [u16; 2],
}

/// Rises that are taken from the gains in one pass.
const ROWS: usize = 8;

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
        let mut rises = [Rise::default(); ROWS];
        let mut count = 0;
        for v in 0..m {
            let (similarity, cap) = (self.units.row(position)[v], self.caps[v]);
            let (old, from) = (self.covered[v], self.counted_from[v]);
            let new = similarity.min(cap).max(old);
            let reaches_cap = similarity >= cap.saturating_add(reach);
            let to = if reaches_cap { NEVER } else { new.saturating_sub(reach).max(from) };
            if new > old || to > from {
                (self.covered[v], self.counted_from[v]) = (new, to);
                rises[count] = Rise { row: v * stride, covered: [old, new], counted_from: [from, to] };
                count += 1;
            }
            if count == ROWS || v + 1 == m {
                // A rise from 0 to 0 changes nothing.
                rises[count..].fill(Rise::default());
                match &mut self.gains {
                    Gains::Plain { gains, terms } => lower(gains, terms, self.units.all(), &rises),
                    Gains::Weighted { gains, terms, weights } => {
                        let weight = |rise: Rise| weights.of[rise.row / stride] as f32;
                        lower_by_weight(gains, terms, self.units.all(), &rises, rises.map(weight));
                    }
                }
                count = 0;
            }
        }
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
        let group = self.kernel.choose(&positions[..count], ids, norms);
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

/// An objective whose gains never grow as items are added, and are cheaper to bound than to compute.
pub trait Bounded: Objective {
    /// A lower and an upper bound on [`Objective::gain`].
    fn bounds(&self, position: usize) -> [f64; 2];

    /// Work that makes the bounds of one item tighter, and costs less than its gain.
    fn tighten(&mut self, _: usize) {}
}

impl Bounded for BoundedCoverage<'_> {
    fn bounds(&self, position: usize) -> [f64; 2] {
        self.coarse.bounds(position)
    }
}

/// The greedy choice: the same items as the lazy engine's, see [`super::greedy::maximize`].
pub fn maximize(objective: &mut impl Bounded, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
    picked.clear();
    let (m, arena) = (request.pool.items.len(), &scratch.arena);
    // Per item: its gain when it was last computed; minus infinity once it is taken.
    let known = arena.alloc_slice_fill_copy(m, f64::INFINITY);
    let highest = arena.alloc_slice_fill_copy(m, 0.0);
    let contenders = arena.alloc_slice_fill_copy(m, (0.0, 0_usize));
    let unit = unit_of_first_gains(objective, known, m);
    while picked.len() < request.count() {
        let mut first: Option<(f64, usize)> = None;
        for i in (0..m).filter(|&i| known[i] > f64::NEG_INFINITY) {
            highest[i] = objective.bounds(i)[1].min(known[i]);
            if first.is_none_or(|first| best_first((highest[i], i), first).is_lt()) {
                first = Some((highest[i], i));
            }
        }
        let Some((_, first)) = first else { break };
        objective.tighten(first);
        known[first] = exact(objective, known[first], first);
        let mut best = (rounded(known[first], unit), first);
        // What is below the best by more than a unit is below it when both are rounded, too.
        let mut count = 0;
        for i in (0..m).filter(|&i| known[i] > f64::NEG_INFINITY) {
            if i != first && highest[i] >= best.0 - unit {
                contenders[count] = (highest[i], i);
                count += 1;
            }
        }
        let contenders = &mut contenders[..count];
        contenders.sort_unstable_by(|&a, &b| best_first(a, b));
        for &(most, i) in &*contenders {
            if most < best.0 - unit {
                break;
            }
            objective.tighten(i);
            if objective.bounds(i)[1] >= best.0 - unit {
                known[i] = exact(objective, known[i], i);
                let entry = (rounded(known[i], unit), i);
                best = if best_first(entry, best).is_lt() { entry } else { best };
            }
        }
        let (gain, best) = best;
        note_filling(gain, scratch);
        objective.add(best);
        known[best] = f64::NEG_INFINITY;
        picked.push(best);
    }
}

/// The gain of an item; it is not computed where it cannot be less than it was.
fn exact(objective: &mut impl Bounded, known: f64, position: usize) -> f64 {
    if objective.bounds(position)[0] >= known { known } else { objective.gain(position) }
}

/// The unit to which gains are rounded: [`quantum`] of all first gains, of which only those are computed whose magnitude may be that
/// of the largest.
fn unit_of_first_gains(objective: &mut impl Bounded, known: &mut [f64], m: usize) -> f64 {
    let magnitude = |objective: &_, i: usize| {
        let [least, most] = Bounded::bounds(objective, i);
        least.abs().max(most.abs())
    };
    let largest = |objective: &_| (0..m).map(|i| (magnitude(objective, i), i)).max_by(|a, b| a.0.total_cmp(&b.0));
    let Some((_, first)) = largest(objective) else { return 0.0 };
    known[first] = objective.gain(first);
    let mut most = known[first].abs();
    for i in 0..m {
        // The unit depends on the exponent of the largest magnitude alone.
        let reach = magnitude(objective, i);
        if reach > most && quantum(&[reach]) > quantum(&[most]) {
            known[i] = objective.gain(i);
            most = most.max(known[i].abs());
        }
    }
    quantum(&[most])
}

/// Puts the places of the units that are at least the given ones into `found`, ascending, and returns how many there are.
#[multiversion(targets("x86_64+avx2+fma+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma"))]
fn at_least(units: &[u16], from: &[u16], found: &mut [u32]) -> usize {
    let mut count = 0;
    for (chunk, (units, from)) in units.chunks(WIDTH).zip(from.chunks(WIDTH)).enumerate() {
        let mut any = false;
        for (unit, from) in units.iter().zip(from) {
            any |= unit >= from;
        }
        if any {
            for (at, _) in units.iter().zip(from).enumerate().filter(|(_, (unit, from))| unit >= from) {
                found[count] = (chunk * WIDTH + at) as u32;
                count += 1;
            }
        }
    }
    count
}

#[multiversion(targets("x86_64+avx2+fma+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma"))]
fn capped_sum(row: &[u16], caps: &[u16]) -> u32 {
    row.iter().zip(caps).map(|(&unit, &cap)| u32::from(unit.min(cap))).sum()
}

/// Lowers each gain by what it loses when the coverage of some items rises, and the number of its terms by those that are no longer
/// counted.
#[multiversion(targets("x86_64+avx2+fma+avx512f+avx512bw+avx512vl", "x86_64+avx2+fma"))]
fn lower(gains: &mut [u32], terms: &mut [u16], all: &[u16], rises: &[Rise; ROWS]) {
    let stride = gains.len();
    let rows = rises.map(|rise| &all[rise.row..][..stride]);
    let blocks = gains.chunks_exact_mut(WIDTH).zip(terms.chunks_exact_mut(WIDTH));
    for (block, (gains, terms)) in blocks.enumerate() {
        let (mut lost, mut settled) = ([0_u32; WIDTH], [0_u16; WIDTH]);
        for (row, rise) in rows.iter().zip(rises) {
            let units = &row[block * WIDTH..][..WIDTH];
            let ([old, new], [from, to]) = (rise.covered, rise.counted_from);
            for i in 0..WIDTH {
                lost[i] += u32::from(units[i].max(old).min(new) - old);
                settled[i] += u16::from(units[i] >= from) & u16::from(units[i] < to);
            }
        }
        for i in 0..WIDTH {
            gains[i] -= lost[i];
            terms[i] -= settled[i];
        }
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
    let stride = gains.len();
    let rows = rises.map(|rise| &all[rise.row..][..stride]);
    let blocks = gains.chunks_exact_mut(WIDTH).zip(terms.chunks_exact_mut(WIDTH));
    for (block, (gains, terms)) in blocks.enumerate() {
        let (mut lost, mut settled) = ([0.0_f32; WIDTH], [0.0_f32; WIDTH]);
        for ((row, rise), weight) in rows.iter().zip(rises).zip(weights) {
            let units = &row[block * WIDTH..][..WIDTH];
            let ([old, new], [from, to]) = (rise.covered, rise.counted_from);
            for i in 0..WIDTH {
                lost[i] += weight * f32::from(units[i].max(old).min(new) - old);
                settled[i] += weight * f32::from(u16::from(units[i] >= from) & u16::from(units[i] < to));
            }
        }
        for i in 0..WIDTH {
            gains[i] -= f64::from(lost[i]);
            terms[i] -= f64::from(settled[i]);
        }
    }
}
