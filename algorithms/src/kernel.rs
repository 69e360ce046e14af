//! Kernels: how similar two base vectors are, in `[0, 1]` (raw cosine: in `[-1, 1]`).

use crate::base::Base;
use crate::distance::{self, Distance};
use crate::pool::Pool;
use crate::scratch::Scratch;
use crate::vectors::Line;
use std::cell::Cell;

/// A similarity of two vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// `max(0, cos)`: the default of coverage objectives and metrics on angular data.
    Cosine,
    /// `cos`, unclipped: the raw similarity on angular data.
    Gram,
    /// `exp(-||a - b||^2 / (2 sigma^2))`: both of these on euclidean data.
    Rbf,
}

impl Kernel {
    /// The kernel of coverage objectives and metrics for that distance.
    pub fn coverage(distance: Distance) -> Self {
        match distance {
            Distance::Angular => Self::Cosine,
            Distance::Euclidean => Self::Rbf,
        }
    }

    /// The raw similarity for that distance, which MMR and redundancy use.
    pub fn raw(distance: Distance) -> Self {
        match distance {
            Distance::Angular => Self::Gram,
            Distance::Euclidean => Self::Rbf,
        }
    }

    /// The similarity for what two vectors measure: their cosine, or for [`Kernel::Rbf`] their squared distance.
    #[inline]
    pub fn value(self, measure: f64, sigma: f64) -> f64 {
        match self {
            Self::Cosine => measure.max(0.0),
            Self::Gram => measure,
            Self::Rbf => rbf(measure, sigma),
        }
    }
}

/// `exp(-squared / (2 sigma^2))`; for `sigma` 0, 1 at distance 0 and else 0.
#[inline]
pub fn rbf(squared: f64, sigma: f64) -> f64 {
    if sigma > 0.0 {
        (-squared / (2.0 * sigma * sigma)).exp()
    } else if squared == 0.0 {
        1.0
    } else {
        0.0
    }
}

/// The median, by the mean of the middle two where the count is even; 0 of nothing. Reorders `values`.
pub fn median(values: &mut [f64]) -> f64 {
    let (half, odd) = (values.len() / 2, values.len() % 2 == 1);
    if values.is_empty() {
        return 0.0;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    if odd {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(lower, upper)
}

/// Similarities between the items of a pool, computed a row at a time from rows gathered side by side.
pub struct PoolKernel<'s> {
    kernel: Kernel,
    sigma: f64,
    rows: &'s [Line],
    norms: &'s [f64],
    stride: usize,
    evaluations: &'s Cell<u64>,
}

impl<'s> PoolKernel<'s> {
    /// Gathers the pool's vectors into the scratch's arena.
    pub fn new(kernel: Kernel, base: &Base, pool: &Pool, scratch: &'s Scratch) -> Self {
        let stride = base.vectors().stride();
        let arena = &scratch.arena;
        let lines = |i: usize| base.vectors().lines(pool.items[i / stride].id as usize)[i % stride];
        Self {
            kernel,
            sigma: pool.sigma,
            rows: arena.alloc_slice_fill_with(pool.items.len() * stride, lines),
            norms: arena.alloc_slice_fill_iter(pool.items.iter().map(|item| base.norms()[item.id as usize])),
            stride,
            evaluations: &scratch.evaluations,
        }
    }

    /// Items in the pool, m.
    pub fn len(&self) -> usize {
        self.norms.len()
    }

    /// Whether the pool is empty.
    pub fn is_empty(&self) -> bool {
        self.norms.is_empty()
    }

    /// `out[j - from] = s(i, j)` for `j` in `from..m`.
    pub fn row_from(&self, i: usize, from: usize, out: &mut [f64]) {
        let of = &self.rows[i * self.stride..(i + 1) * self.stride];
        let rows = &self.rows[from * self.stride..];
        self.evaluations.set(self.evaluations.get() + out.len() as u64);
        match self.kernel {
            Kernel::Rbf => {
                distance::squared_euclideans(of, rows, out);
                for value in out {
                    *value = self.kernel.value(*value, self.sigma);
                }
            }
            Kernel::Cosine | Kernel::Gram => {
                distance::dots(of, rows, out);
                for (value, &norm) in out.iter_mut().zip(&self.norms[from..]) {
                    *value = self.kernel.value(distance::cosine(*value, self.norms[i], norm), 0.0);
                }
            }
        }
    }

    /// `out[j] = s(i, j)` for every item `j`.
    pub fn row(&self, i: usize, out: &mut [f64]) {
        self.row_from(i, 0, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&mut []), 0.0);
        assert_eq!(median(&mut [3.0]), 3.0);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn a_width_of_zero_tells_only_the_same_from_the_other() {
        assert_eq!(rbf(0.0, 0.0), 1.0);
        assert_eq!(rbf(1e-30, 0.0), 0.0);
        assert!((rbf(2.0, 1.0) - (-1.0_f64).exp()).abs() < 1e-15);
        assert_eq!(Kernel::Cosine.value(-0.5, 0.0), 0.0);
        assert_eq!(Kernel::Gram.value(-0.5, 0.0), -0.5);
    }
}
