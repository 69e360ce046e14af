//! Sliding spectrum decomposition: far from the space that the last picks span.

use super::engine::directions::Directions;
use super::engine::lazily::at_least;
use super::engine::order::{best_first, best_position};
use super::engine::span::Span;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::kernel::{Kernel, positive};
use crate::kernel_choice::KernelChoice;
use crate::params::{Count, NonNegative, constant};
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use multiversion::multiversion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Sliding spectrum decomposition: relevant, and far from the space of the last picks. Beginning with the most
/// relevant, again and again the item with the largest `rel + gamma * (its distance from the space of the last picks)`.
/// The space is spanned by one orthogonal direction for each of the last `window` picks: the part of the pick that was
/// left when it was picked. A direction that leaves the window counts as new again.
///
/// Source: Huang, Wang, Tao et al. 2021 (its variant SSD*, without the running product of volumes).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ssd {
    /// Weight of novelty against relevance.
    pub gamma: NonNegative,
    /// Number of last picks that span the space.
    pub window: Count,
    /// Whether 1 is added to every similarity, as by one more dimension with value 1 for all. Opposite directions are
    /// then not the same line.
    pub bias: bool,
    /// The similarity, positive semidefinite; left out, `gram` (the raw cosine) for angular and ip, `rbf` for euclidean,
    /// `match` for hamming and `jaccard` for jaccard.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Default for Ssd {
    fn default() -> Self {
        Self {
            gamma: constant!(NonNegative, 0.5),
            window: constant!(Count, 100),
            bias: false,
            kernel: KernelChoice::DEFAULT,
        }
    }
}

impl Selector for Ssd {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let kernel = self.kernel.or_raw(request.base.distance());
        let kernel = PoolKernel::new(kernel, request, scratch);
        let (bias, window) = (if self.bias { 1.0 } else { 0.0 }, self.window.size().min(request.count()));
        picked.clear();
        let kernel = &*scratch.arena.alloc(kernel);
        if window == request.count()
            && let Some(span) = Span::new(kernel, bias, window, scratch)
        {
            return self.by_bounds(request, span, scratch, picked);
        }
        let taken = scratch.arena.alloc_slice_fill_copy(kernel.len(), false);
        let mut directions = Directions::new(kernel, bias, window, scratch);
        while picked.len() < request.count() {
            let value = |i: usize| match picked.len() {
                0 => request.score(i),
                _ => request.score(i) + self.gamma.get() * directions.remainders()[i].sqrt(),
            };
            let Some(best) = best_position(taken, value) else { break };
            directions.pick(best);
            taken[best] = true;
            picked.push(best);
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        self.kernel.check_semidefinite(setting.kind, "a determinant needs one that is")
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }
}

impl Ssd {
    /// Where no direction leaves the window and remainders are bounded: exact ones only of items whose bounds reach the best.
    fn by_bounds(&self, request: &Request<'_>, mut span: Span<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let (m, gamma, arena) = (request.pool.items.len(), self.gamma.get(), &scratch.arena);
        // Minus infinity once the item is taken.
        let scores = arena.alloc_slice_fill_with(m, |i| request.score(i));
        let (highest, found) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, 0_u32));
        while picked.len() < request.count() {
            let best = if picked.is_empty() {
                // The pool stands in order of score.
                0
            } else {
                let floor = bound(highest, scores, span.remainders(), span.off(), gamma);
                let count = at_least(highest, floor, found);
                match &found[..count] {
                    &[only] => only as usize,
                    some => {
                        let exact = |&i: &u32| {
                            let i = i as usize;
                            (scores[i] + gamma * span.remainder(i).sqrt(), i)
                        };
                        let Some((_, best)) = some.iter().map(exact).min_by(|&a, &b| best_first(a, b)) else { break };
                        best
                    }
                }
            };
            span.pick(best);
            scores[best] = f64::NEG_INFINITY;
            picked.push(best);
        }
    }
}

/// Sets the highest value that each item may have. Returns one that some item reaches. (Neither sum nor root falls as a remainder
/// grows, to the last bit.)
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn bound(highest: &mut [f64], scores: &[f64], remainders: &[f64], off: f64, gamma: f64) -> f64 {
    const LANES: usize = 16;
    let mut most = [f64::NEG_INFINITY; LANES];
    let sixteens = scores.chunks(LANES).zip(remainders.chunks(LANES)).zip(highest.chunks_mut(LANES));
    for ((scores, remainders), highest) in sixteens {
        for (((score, remainder), highest), most) in scores.iter().zip(remainders).zip(highest).zip(&mut most) {
            *highest = score + gamma * positive(remainder + off).sqrt();
            let reached = score + gamma * positive(remainder - off).sqrt();
            *most = if reached > *most { reached } else { *most };
        }
    }
    most.into_iter().fold(f64::NEG_INFINITY, f64::max)
}
