//! Determinantal point processes: a large volume of relevant directions.

use super::engine::directions::{Directions, Factor};
use super::engine::exact::SetFunction;
use super::engine::greedy::{quantum, rounded};
use super::engine::lazily::{Bounds, at_least};
use super::engine::order::{best_first, best_position, fill_by_relevance};
use super::engine::span::Span;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::Distance;
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{NonNegative, PartialFraction, Positive, constant};
use crate::points::PointType;
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use multiversion::multiversion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A determinantal point process: relevant items that span a large volume. The likeliest set for the kernel
/// `diag(exp(alpha * rel)) S diag(exp(alpha * rel))`, `alpha = theta / (2 (1 - theta))`, greedily: again and again the
/// item that adds most to the log determinant. If the pool's vectors have no direction left beside those of the picks,
/// the rest is filled by relevance, and the report says how often.
///
/// With `quality: power` instead the volume of the vectors v themselves, as DiskANN's determinant diversity has it: rows
/// `u_i = s_i^p v_i`, again and again the one with the largest part beside those that are picked, where
/// `s_i = (d_max - d_i) / (d_max - d_min) + 1.2e-7` over the pool. `d` is the distance to the query, squared for euclidean, as
/// DiskANN has it; where an expansion or a list from a file replaced the scores, it is 1 - score.
///
/// No guarantee is known for the set; the log determinant is submodular, but not monotone.
///
/// Source: Chen, Zhang & Zhou 2018; `power`: DiskANN's determinant diversity, as its code has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dpp {
    /// Weight of relevance against volume: 0 looks at volume alone.
    pub theta: PartialFraction,
    /// The similarity S, positive semidefinite; left out, `gram` (the raw cosine) for angular and ip, `rbf` for euclidean,
    /// `match` for hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
    /// How relevance weighs.
    #[serde(skip_serializing_if = "Quality::is_default")]
    #[schemars(extend("default" = "exponential"))]
    pub quality: Quality,
    /// For `quality: power`, the power: the larger, the more relevance counts. 2, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Positive", extend("default" = 2))]
    pub p: Option<Positive>,
    /// For `quality: power`, a ridge: what is added to the squared length of each row's part, as a share of the largest squared
    /// length of a vector of the pool. 0, also if left out, has DiskANN's picks, whatever its own `eta` is: that one scales all rows
    /// alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NonNegative", extend("default" = 0))]
    pub eta: Option<NonNegative>,
}

/// How relevance weighs against volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Quality {
    /// By `exp(alpha * rel)`, see `theta`.
    #[default]
    Exponential,
    /// By a power of the place between the farthest and the nearest, see `p`; vectors count with their lengths. For dense and
    /// sparse vectors.
    Power,
}

impl Quality {
    /// Whether it is `exponential`.
    pub fn is_default(&self) -> bool {
        *self == Self::Exponential
    }
}

const USUAL_THETA: f64 = 0.7;
const USUAL_POWER: f64 = 2.0;

impl Default for Dpp {
    fn default() -> Self {
        Self {
            theta: constant!(PartialFraction, USUAL_THETA),
            kernel: KernelChoice::DEFAULT,
            quality: Quality::Exponential,
            p: None,
            eta: None,
        }
    }
}

impl Selector for Dpp {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        picked.clear();
        let (kernel, scales) = (self.kernel_of(request, scratch), self.scales(request, scratch));
        match self.ridge() {
            0.0 => largest_volume(request, kernel, scales, scratch, picked),
            ridge => over_a_ridge(request, &kernel, scales, ridge, scratch, picked),
        }
        if picked.len() < request.count() {
            scratch.filled.set(true);
            fill_by_relevance(request, scratch, picked);
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        if self.quality == Quality::Exponential {
            let given = [(self.p.is_some(), "p"), (self.eta.is_some(), "eta")];
            if let Some((_, parameter)) = given.into_iter().find(|&(is_given, _)| is_given) {
                let message = format!("`{parameter}` belongs to `quality: power`, and the quality is `exponential`");
                return Err(Unfit::new(message, "add `quality: power`, or leave it out").of(parameter));
            }
            return self.kernel.check_semidefinite(setting.kind, "a determinant needs one that is");
        }
        let given = [(self.theta.get() != USUAL_THETA, "theta"), (!self.kernel.is_default(), "kernel")];
        if let Some((_, parameter)) = given.into_iter().find(|&(is_given, _)| is_given) {
            let message = format!("`{parameter}` belongs to `quality: exponential`, and the quality is `power`");
            return Err(Unfit::new(message, "leave one of the two out").of(parameter));
        }
        if matches!(setting.kind, PointType::Dense | PointType::Sparse) {
            return Ok(());
        }
        let message =
            format!("`quality: power` is the volume of vectors with their lengths, and {} are none", setting.kind);
        Err(Unfit::new(message, "leave `quality` out").of("quality"))
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }

    fn objective<'s>(&self, request: &Request<'s>, scratch: &'s Scratch) -> Option<SetFunction<'s>> {
        // A ridge is added after the scales, which such a function has no place for.
        (self.ridge() == 0.0).then_some(())?;
        let (kernel, scales) = (self.kernel_of(request, scratch), self.scales(request, scratch));
        let function = SetFunction::new(request, scratch)?.with_each(|i| 2.0 * scales[i]);
        Some(function.with_volume(&kernel, 0.0, 1.0).as_logarithm())
    }
}

impl Dpp {
    /// What is added to the squared length of each row's part.
    fn ridge(&self) -> f64 {
        self.eta.map_or(0.0, NonNegative::get)
    }

    /// The similarity of two items, without their scales.
    fn kernel_of<'s>(&self, request: &Request<'s>, scratch: &'s Scratch) -> PoolKernel<'s> {
        let kernel = match self.quality {
            Quality::Exponential => self.kernel.or_raw(request.base.distance()),
            Quality::Power => Kernel::Gram,
        };
        PoolKernel::new(kernel, request, scratch)
    }

    /// The logarithm of what each item's row and column is multiplied by.
    fn scales<'s>(&self, request: &Request<'_>, scratch: &'s Scratch) -> &'s [f64] {
        match self.quality {
            Quality::Exponential => {
                let alpha = self.theta.get() / (2.0 * (1.0 - self.theta.get()));
                scratch.arena.alloc_slice_fill_with(request.pool.items.len(), |i| alpha * request.score(i))
            }
            Quality::Power => powers(request, self.p.map_or(USUAL_POWER, Positive::get), scratch),
        }
    }
}

/// Greedily the largest determinant of the kernel with each row and column multiplied by the exponential of a scale; fewer than
/// were asked for if nothing is left.
fn largest_volume<'s>(
    request: &Request<'s>,
    kernel: PoolKernel<'s>,
    scales: &[f64],
    scratch: &'s Scratch,
    picked: &mut Vec<usize>,
) {
    // The determinant of a scaled kernel is that of the kernel times the scales' squares; ordered by its logarithm.
    let scale = |i: usize| 2.0 * scales[i];
    if PATIENCE * request.count() <= request.base.points().dim() {
        one_by_one(request, kernel, scale, scratch, picked);
    } else {
        let kernel = &*scratch.arena.alloc(kernel);
        match Span::new(kernel, 0.0, request.count(), scratch) {
            Some(span) => by_bounds(request, span, scale, scratch, picked),
            None => together(request, kernel, scale, scratch, picked),
        }
    }
}

/// The logarithm of the length of each row `s_i^p v_i`, over that of the longest vector; for a vector of zeros that of `s_i^p`, as its
/// direction of zeros makes it nothing anyway.
fn powers<'s>(request: &Request<'_>, p: f64, scratch: &'s Scratch) -> &'s [f64] {
    let (base, pool, arena) = (request.base, request.pool, &scratch.arena);
    let is_replaced = pool.items.iter().any(|item| item.score != pool.scaled(item.rel));
    let far = pool.items.iter().map(|item| match base.distance() {
        Distance::Euclidean if !is_replaced => item.distance * item.distance,
        _ => 1.0 - item.score,
    });
    let distances = arena.alloc_slice_fill_iter(far);
    let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
    let most = distances.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let norm = |i: usize| base.norms()[pool.items[i].id as usize];
    let longest = (0..distances.len()).map(norm).fold(0.0, f64::max);
    arena.alloc_slice_fill_with(distances.len(), |i| {
        let place = if most > least { (most - distances[i]) / (most - least) } else { 0.0 };
        let length = if norm(i) > 0.0 { (norm(i) / longest).ln() } else { 0.0 };
        p * (place + f64::from(f32::EPSILON)).ln() + length
    })
}

/// Greedily the largest determinant of the rows' inner products plus a ridge: again and again the row of which most is left.
fn over_a_ridge<'s>(
    request: &Request<'_>,
    kernel: &PoolKernel<'s>,
    scales: &[f64],
    ridge: f64,
    scratch: &'s Scratch,
    picked: &mut Vec<usize>,
) {
    let (m, k, arena) = (kernel.len(), request.count(), &scratch.arena);
    let lengths = arena.alloc_slice_fill_with(m, |i| scales[i].exp());
    let remainders = arena.alloc_slice_fill_with(m, |i| lengths[i] * lengths[i] * kernel.self_similarity(i) + ridge);
    let coordinates = arena.alloc_slice_fill_copy(k * m, 0.0);
    let taken = arena.alloc_slice_fill_copy(m, false);
    let unit = quantum(remainders);
    while let Some(best) = best_position(taken, |i| rounded(remainders[i], unit)).filter(|_| picked.len() < k) {
        let (before, rest) = coordinates.split_at_mut(picked.len() * m);
        let along = &mut rest[..m];
        kernel.row(best, along);
        along.iter_mut().zip(&*lengths).for_each(|(along, length)| *along *= lengths[best] * length);
        for row in before.chunks_exact(m) {
            let weight = row[best];
            along.iter_mut().zip(row).for_each(|(along, other)| *along -= weight * other);
        }
        let root = remainders[best].sqrt();
        for (along, remainder) in along.iter_mut().zip(&mut *remainders) {
            *along /= root;
            // What is left of a row is never less than the ridge.
            *remainder = (*remainder - *along * *along).max(ridge);
        }
        taken[best] = true;
        picked.push(best);
    }
}

/// Up to one pick for this many dimensions, remainders are updated item by item: picks leave most of the space,
/// remainders hardly fall, and few need an update. Beyond that nearly all do, and updating all together costs less. The
/// choice is the same except for rounding of the last bits.
const PATIENCE: usize = 4;

fn one_by_one(
    request: &Request<'_>,
    kernel: PoolKernel<'_>,
    scale: impl Fn(usize) -> f64,
    scratch: &Scratch,
    picked: &mut Vec<usize>,
) {
    let m = kernel.len();
    let mut factor = Factor::new(kernel, 0.0, request.count(), scratch);
    // Logarithms are expensive, and that of a whole item's remainder is 0.
    let first = |i: usize| if factor.known(i) == 1.0 { scale(i) } else { scale(i) + factor.known(i).ln() };
    let bounds = scratch.arena.alloc_slice_fill_with(m, first);
    let mut bounds = Bounds::new(bounds, scratch);
    while picked.len() < request.count() {
        let best = bounds.take_best(|i| scale(i) + factor.remainder(i).ln());
        let Some(best) = best else { return };
        factor.pick(best);
        picked.push(best);
        if picked.len() == 1 {
            // The first pick updated all remainders at once.
            for (i, bound) in bounds.all().iter_mut().enumerate().filter(|&(i, _)| i != best) {
                *bound = scale(i) + factor.known(i).ln();
            }
        }
    }
}

/// Where remainders are bounded: exact ones only of items whose bounds reach the best.
///
/// Items are compared by their scale's power times the remainder, which needs no logarithm for each pick.
fn by_bounds(
    request: &Request<'_>,
    mut span: Span<'_>,
    scale: impl Fn(usize) -> f64,
    scratch: &Scratch,
    picked: &mut Vec<usize>,
) {
    let (m, arena) = (request.pool.items.len(), &scratch.arena);
    let scales = arena.alloc_slice_fill_with(m, scale);
    let largest_scale = scales.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let magnitude = scales.iter().map(|scale| scale.abs()).fold(0.0, f64::max);
    // The scale's power; 0 once the item is taken.
    let powers = arena.alloc_slice_fill_with(m, |i| (scales[i] - largest_scale).exp());
    let taken = arena.alloc_slice_fill_copy(m, false);
    let (highest, found) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, 0_u32));
    // The exact values, scale and logarithm, are rounded by less than 2^-51 of the scale and of a logarithm of at most 28.
    let rounding = (-(1e-15 * magnitude + 1e-12)).exp();
    while picked.len() < request.count() {
        let floor = bound(highest, powers, span.remainders(), span.off()) * rounding;
        // Powers of less are no longer precise.
        let floor = if floor > 1e-280 { floor } else { 0.0 };
        let mut best: Option<(f64, usize)> = None;
        let count = at_least(highest, floor, found);
        for &i in &found[..count] {
            let i = i as usize;
            if !taken[i] {
                let entry = (scales[i] + span.remainder(i).ln(), i);
                if best.is_none_or(|best| best_first(entry, best).is_lt()) {
                    best = Some(entry);
                }
            }
        }
        let Some((value, best)) = best else { return };
        if value == f64::NEG_INFINITY {
            return;
        }
        span.pick(best);
        (taken[best], powers[best]) = (true, 0.0);
        picked.push(best);
    }
}

/// Sets the highest value that each item may have: its power times its remainder. Returns one that some item reaches.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn bound(highest: &mut [f64], powers: &[f64], remainders: &[f64], off: f64) -> f64 {
    const LANES: usize = 16;
    let mut most = [0.0; LANES];
    let sixteens = powers.chunks(LANES).zip(remainders.chunks(LANES)).zip(highest.chunks_mut(LANES));
    for ((powers, remainders), highest) in sixteens {
        for (((power, remainder), highest), most) in powers.iter().zip(remainders).zip(highest).zip(&mut most) {
            *highest = power * (remainder + off);
            let reached = power * (remainder - off);
            *most = if reached > *most { reached } else { *most };
        }
    }
    most.into_iter().fold(0.0, f64::max)
}

fn together(
    request: &Request<'_>,
    kernel: &PoolKernel<'_>,
    scale: impl Fn(usize) -> f64,
    scratch: &Scratch,
    picked: &mut Vec<usize>,
) {
    let (m, arena) = (kernel.len(), &scratch.arena);
    let mut directions = Directions::new(kernel, 0.0, request.count(), scratch);
    let scales = arena.alloc_slice_fill_with(m, scale);
    // Logarithms are expensive. An earlier one is an upper bound, since remainders only fall.
    let bounds = arena.alloc_slice_fill_with(m, |i| scales[i] + directions.remainders()[i].ln());
    let mut bounds = Bounds::new(bounds, scratch);
    while picked.len() < request.count() {
        let remainders = directions.remainders();
        let best = bounds.take_best(|i| scales[i] + remainders[i].ln());
        let Some(best) = best else { return };
        directions.pick(best);
        picked.push(best);
    }
}
