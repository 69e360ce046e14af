//! Max-min diversity: the farthest point, again and again.

use super::engine::exact::SetFunction;
use super::engine::novelty::{Novelty, novel};
use super::engine::spread::{Spread, Spreads};
use super::{Request, Selector};
use crate::Distance;
use crate::kernel::Kernel;
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Max-min diversity: beginning with the most relevant, again and again the item farthest from what is picked. The
/// smallest distance between two picks is at least half of the largest possible.
///
/// Source: Gonzalez 1985; Ravi, Rosenkrantz & Tayi 1994.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MaxMin {}

impl Selector for MaxMin {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        // The farthest is the least similar: by angle that with the smallest cosine, by L2 that with the smallest negative
        // square.
        let kernel = match request.base.distance() {
            Distance::Euclidean => PoolKernel::negative_squares(request, scratch),
            distance => PoolKernel::new(Kernel::raw(distance), request, scratch),
        };
        let relevance = scratch.arena.alloc_slice_fill_copy(kernel.len(), 0.0);
        novel(request, &kernel, Novelty { relevance, weight: 1.0 }, scratch, picked);
    }

    fn objective<'s>(&self, request: &Request<'s>, scratch: &'s Scratch) -> Option<SetFunction<'s>> {
        let function = SetFunction::new(request, scratch)?;
        Some(function.smallest_of(Spreads::new(Spread::Metric, request, scratch).all(scratch)))
    }
}
