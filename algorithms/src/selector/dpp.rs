//! Determinantal point processes: a large volume of relevant directions.

use super::engine::directions::{Directions, Factor};
use super::engine::lazily::{Bounds, at_least};
use super::engine::order::{best_first, fill_by_relevance};
use super::engine::span::Span;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{PartialFraction, constant};
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
/// Source: Chen, Zhang & Zhou 2018.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dpp {
    /// Weight of relevance against volume: 0 looks at volume alone.
    pub theta: PartialFraction,
    /// The similarity S, positive semidefinite; left out, `gram` (the raw cosine) for angular and ip, `rbf` for euclidean,
    /// `match` for hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Default for Dpp {
    fn default() -> Self {
        Self { theta: constant!(PartialFraction, 0.7), kernel: KernelChoice::DEFAULT }
    }
}

impl Selector for Dpp {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let kernel = self.kernel.or_raw(request.base.distance());
        let kernel = PoolKernel::new(kernel, request, scratch);
        let alpha = self.theta.get() / (2.0 * (1.0 - self.theta.get()));
        // The determinant of a scaled kernel is that of the kernel times the scales' squares; ordered by its logarithm.
        let scale = |i: usize| 2.0 * alpha * request.score(i);
        picked.clear();
        if PATIENCE * request.count() <= request.base.points().dim() {
            one_by_one(request, kernel, scale, scratch, picked);
        } else {
            let kernel = &*scratch.arena.alloc(kernel);
            match Span::new(kernel, 0.0, request.count(), scratch) {
                Some(span) => by_bounds(request, span, scale, scratch, picked),
                None => together(request, kernel, scale, scratch, picked),
            }
        }
        if picked.len() < request.count() {
            scratch.filled.set(true);
            fill_by_relevance(request, scratch, picked);
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check_semidefinite(setting.kind, "a determinant needs one that is")
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
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
