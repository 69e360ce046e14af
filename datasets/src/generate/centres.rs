//! Standard normal centres, each of a random stream of its own.

use super::draw::normals;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use swath_algorithms::random;

/// Standard deviation within a cluster; the centres have 1.
pub(super) const SPREAD: f64 = 0.1;

/// Centres of clusters.
pub(super) struct Centres {
    values: Vec<f64>,
    dim: usize,
}

impl Centres {
    /// The centres `0..count`.
    pub(super) fn draw(seed: u64, count: usize, dim: usize) -> Self {
        Self::named(seed, "generated centre", count, dim)
    }

    /// As [`Centres::draw`], with streams of another purpose.
    pub(super) fn named(seed: u64, purpose: &str, count: usize, dim: usize) -> Self {
        let mut values = vec![0.0; count.saturating_mul(dim)];
        let rows = values.par_chunks_mut(dim).enumerate();
        rows.for_each(|(at, row)| normals(&mut random::stream(seed, purpose, at as u64), row));
        Self { values, dim }
    }

    /// Bytes of so many centres.
    pub(super) fn bytes(count: u64, dim: usize) -> u64 {
        count.saturating_mul((dim * size_of::<f64>()) as u64)
    }

    /// One centre.
    pub(super) fn of(&self, at: usize) -> &[f64] {
        &self.values[at * self.dim..][..self.dim]
    }

    /// One centre, to be moved.
    pub(super) fn of_mut(&mut self, at: usize) -> &mut [f64] {
        &mut self.values[at * self.dim..][..self.dim]
    }

    /// A point of the normal cloud around a centre.
    pub(super) fn around(&self, at: usize, rng: &mut ChaCha8Rng, values: &mut [f64]) {
        let centre = self.of(at);
        values.iter_mut().zip(centre).for_each(|(value, x)| *value = x + SPREAD * random::normal(rng));
    }
}
