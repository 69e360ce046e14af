//! How far apart the items of a pool are.

use crate::Distance;
use crate::kernel::{Kernel, angles};
use crate::pool::Pool;
use crate::pool_kernel::{PoolKernel, TILE};
use crate::scratch::Scratch;
use crate::selector::Request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// A distance of two items. None depends on the unit of the vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Spread {
    /// A metric: angle / pi for angular and ip; for euclidean the L2 distance / sigma, the median distance of the pool to the
    /// query (where that is 0, the largest one); the dataset's distance for hamming and jaccard.
    #[default]
    Metric,
    /// 1 - cosine: not a metric, so without the guarantee, but what other libraries use; for angular and ip only.
    Cosine,
}

/// Distances within a pool, which do not depend on the unit of its vectors.
pub struct Spreads<'s> {
    kernel: PoolKernel<'s>,
    conversion: Conversion,
}

/// How the kernel's value becomes a distance.
#[derive(Clone, Copy)]
enum Conversion {
    /// The root of a negative square, over this unit.
    Root(f64),
    /// 1 less a similarity.
    OneLess,
    /// The angle of a cosine, over pi.
    Angle,
}

impl<'s> Spreads<'s> {
    /// Prepares these distances for the pool of `request`.
    pub fn new(spread: Spread, request: &Request<'s>, scratch: &'s Scratch) -> Self {
        let (kernel, conversion) = match (request.base.distance(), spread) {
            (Distance::Euclidean, _) => {
                (PoolKernel::negative_squares(request, scratch), Conversion::Root(unit_of(request.pool)))
            }
            (Distance::Angular | Distance::InnerProduct, Spread::Metric) => {
                (PoolKernel::new(Kernel::Gram, request, scratch), Conversion::Angle)
            }
            (distance, _) => (PoolKernel::new(Kernel::raw(distance), request, scratch), Conversion::OneLess),
        };
        Self { kernel, conversion }
    }

    /// The kernel that they are computed from.
    pub fn kernel(&self) -> &PoolKernel<'s> {
        &self.kernel
    }

    /// Turns values of the kernel into distances.
    pub fn turn(&self, values: &mut [f64]) {
        match self.conversion {
            Conversion::Root(unit) => values.iter_mut().for_each(|value| *value = (-*value).sqrt() / unit),
            Conversion::OneLess => values.iter_mut().for_each(|value| *value = 1.0 - *value),
            Conversion::Angle => {
                angles(values);
                values.iter_mut().for_each(|value| *value /= PI);
            }
        }
    }

    /// `out[j]` is the distance of items `i` and `j`; 0 from an item to itself.
    pub fn row(&self, i: usize, out: &mut [f64]) {
        self.kernel.row(i, out);
        self.turn(out);
        out[i] = 0.0;
    }

    /// Visits each pair of different items once: their positions, the first below the second, and their distance.
    pub fn pairs(&self, scratch: &Scratch, mut visit: impl FnMut(usize, usize, f64)) {
        let distances = scratch.arena.alloc_slice_fill_copy(TILE * TILE, 0.0);
        self.kernel.tiles(scratch, |rows, columns, tile| {
            // Those below the diagonal are mirror images.
            if rows.start > columns.start {
                return;
            }
            let distances = &mut distances[..tile.len()];
            distances.copy_from_slice(tile);
            self.turn(distances);
            for (i, row) in rows.zip(distances.chunks_exact(columns.len())) {
                columns.clone().zip(row).filter(|&(j, _)| i < j).for_each(|(j, &distance)| visit(i, j, distance));
            }
        });
    }

    /// All distances, a row for each item.
    pub fn all<'a>(&self, scratch: &'a Scratch) -> &'a mut [f64] {
        let m = self.kernel.len();
        let all = scratch.arena.alloc_slice_fill_copy(m * m, 0.0);
        self.pairs(scratch, |i, j, distance| (all[i * m + j], all[j * m + i]) = (distance, distance));
        all
    }
}

/// The unit of L2 distances in a pool: sigma; if that is 0, the largest distance to the query; if that is 0, too, 1.
fn unit_of(pool: &Pool) -> f64 {
    if pool.sigma > 0.0 {
        return pool.sigma;
    }
    let largest = pool.items.iter().map(|item| item.distance).fold(0.0, f64::max);
    if largest > 0.0 { largest } else { 1.0 }
}
