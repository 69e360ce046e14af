//! k-means of a pool.

use crate::distance::Distance;
use crate::points::PointType;
use crate::random;
use crate::scratch::Scratch;
use crate::selector::Request;
use crate::unfit::Unfit;
use multiversion::multiversion;
use rand_chacha::ChaCha8Rng;

/// Draws a position with a probability proportional to its weight; `None` if all weights are 0.
fn draw(weights: &[f64], rng: &mut ChaCha8Rng) -> Option<usize> {
    let total: f64 = weights.iter().sum();
    let mut left = random::uniform(rng) * total;
    let mut last = None;
    for (position, &weight) in weights.iter().enumerate().filter(|&(_, &weight)| weight > 0.0) {
        last = Some(position);
        if left < weight {
            break;
        }
        left -= weight;
    }
    last
}

/// k-means++: draws up to `k` positions, the first uniformly, each other one with a probability proportional to its weight.
/// `add` takes each drawn position and sets the weights, which are squared distances to the nearest drawn position. Stops
/// when all weights are 0.
pub fn draw_centres(k: usize, weights: &mut [f64], rng: &mut ChaCha8Rng, mut add: impl FnMut(usize, &mut [f64])) {
    for found in 0..k {
        let drawn = if found == 0 { Some(random::below(rng, weights.len())) } else { draw(weights, rng) };
        let Some(drawn) = drawn else { return };
        add(drawn, weights);
    }
}

/// Points whose distances to a centre are computed at once.
const BLOCK: usize = 32;

/// Points in blocks: value `d` of all points of a block stands in one run, so that each distance is added up in the order of `d`, and
/// those of a block go on side by side.
struct Blocks<'s> {
    values: &'s [[f64; BLOCK]],
    dim: usize,
}

impl<'s> Blocks<'s> {
    /// Points of `dim` values each. The last block is filled up with zeros.
    fn of(points: &[f64], dim: usize, scratch: &'s Scratch) -> Self {
        let count = points.len() / dim;
        let values = scratch.arena.alloc_slice_fill_copy(count.div_ceil(BLOCK) * dim, [0.0; BLOCK]);
        for (i, point) in points.chunks_exact(dim).enumerate() {
            let block = &mut values[i / BLOCK * dim..][..dim];
            block.iter_mut().zip(point).for_each(|(run, &value)| run[i % BLOCK] = value);
        }
        Self { values, dim }
    }

    fn all(&self) -> impl Iterator<Item = &'s [[f64; BLOCK]]> {
        self.values.chunks_exact(self.dim)
    }
}

/// The squared distance of each point of a block to a centre.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn squares(block: &[[f64; BLOCK]], centre: &[f64]) -> [f64; BLOCK] {
    squares_of(block, centre)
}

#[inline(always)]
fn squares_of(block: &[[f64; BLOCK]], centre: &[f64]) -> [f64; BLOCK] {
    let mut sums = [0.0; BLOCK];
    for (run, &of_centre) in block.iter().zip(centre) {
        for i in 0..BLOCK {
            sums[i] += (run[i] - of_centre) * (run[i] - of_centre);
        }
    }
    sums
}

/// The centre that is nearest to each point of a block; of equally near ones the first.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
fn nearest_centres(block: &[[f64; BLOCK]], centres: &[f64], dim: usize) -> [usize; BLOCK] {
    let (mut least, mut nearest) = ([f64::INFINITY; BLOCK], [0; BLOCK]);
    for (c, centre) in centres.chunks_exact(dim).enumerate() {
        let squares = squares_of(block, centre);
        for i in 0..BLOCK {
            nearest[i] = if squares[i] < least[i] { c } else { nearest[i] };
            least[i] = if squares[i] < least[i] { squares[i] } else { least[i] };
        }
    }
    nearest
}

/// A pool in clusters, each with its mean.
pub struct Clusters<'s> {
    /// The cluster of each position.
    pub of: &'s [usize],
    /// The centre of each cluster, `dim` values each: the mean of its points, or of their directions.
    pub centres: &'s [f64],
}

/// Lloyd's k-means over the pool (over directions, unless the distance is euclidean), in at most so many rounds. Duplicates may leave
/// fewer than `k` clusters.
pub fn k_means<'s>(
    request: &Request<'_>,
    k: usize,
    iterations: usize,
    rng: &mut ChaCha8Rng,
    scratch: &'s Scratch,
) -> Clusters<'s> {
    let (items, base, arena) = (&request.pool.items, request.base, &scratch.arena);
    let (m, dim) = (items.len(), base.vectors().dim());
    let points = arena.alloc_slice_fill_copy(m * dim, 0.0_f64);
    for (item, point) in items.iter().zip(points.chunks_exact_mut(dim)) {
        let norm = base.norms()[item.id as usize];
        let scale = if base.distance() != Distance::Euclidean && norm > 0.0 { 1.0 / norm } else { 1.0 };
        let row = base.vectors().row(item.id as usize);
        point.iter_mut().zip(row).for_each(|(to, &from)| *to = f64::from(from) * scale);
    }
    let point = |i: usize| &points[i * dim..(i + 1) * dim];
    let blocks = Blocks::of(points, dim, scratch);
    let centres = arena.alloc_slice_fill_copy(k * dim, 0.0);
    let mut found = 0;
    draw_centres(k, arena.alloc_slice_fill_copy(m, f64::INFINITY), rng, |drawn, nearest| {
        centres[found * dim..(found + 1) * dim].copy_from_slice(point(drawn));
        scratch.count(m);
        for (nearest, block) in nearest.chunks_mut(BLOCK).zip(blocks.all()) {
            let squares = squares(block, point(drawn));
            nearest.iter_mut().zip(squares).for_each(|(nearest, square)| *nearest = nearest.min(square));
        }
        found += 1;
    });
    let centres = &mut centres[..found * dim];
    let cluster_of = arena.alloc_slice_fill_copy(m, 0_usize);
    let counts = arena.alloc_slice_fill_copy(found, 0_usize);
    for round in 0..iterations {
        let mut moved = false;
        scratch.count(m * found);
        for (clusters, block) in cluster_of.chunks_mut(BLOCK).zip(blocks.all()) {
            for (cluster, nearest) in clusters.iter_mut().zip(nearest_centres(block, centres, dim)) {
                moved |= *cluster != nearest;
                *cluster = nearest;
            }
        }
        if round > 0 && !moved {
            break;
        }
        counts.fill(0);
        cluster_of.iter().for_each(|&cluster| counts[cluster] += 1);
        for (centre, _) in centres.chunks_exact_mut(dim).zip(&*counts).filter(|&(_, &count)| count > 0) {
            centre.fill(0.0);
        }
        for (i, &cluster) in cluster_of.iter().enumerate() {
            let centre = &mut centres[cluster * dim..(cluster + 1) * dim];
            centre.iter_mut().zip(point(i)).for_each(|(to, from)| *to += from / counts[cluster] as f64);
        }
    }
    Clusters { of: cluster_of, centres }
}

/// Checks that points of this type have a mean, which k-means moves each centre to. `help` says what would do instead.
///
/// # Errors
/// Why they have none.
pub fn check_means(kind: PointType, help: &str) -> Result<(), Unfit> {
    let reason = match kind {
        PointType::Dense => return Ok(()),
        PointType::Sparse => "that of sparse vectors is not sparse",
        PointType::Bits => "that of bits is no row of bits",
        PointType::Sets => "sets have none",
    };
    Err(Unfit::new(format!("`k-means` moves each centre to a mean, and {reason}"), help))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// To the last bit what adding up one point's squares in turn gives; of equally near centres the first.
    #[test]
    fn points_of_a_block_are_compared_as_one_by_one() {
        for (count, dim) in [(1, 1), (31, 3), (32, 17), (70, 100)] {
            let mut rng = random::stream(1, "blocks", count as u64);
            let points: Vec<f64> = (0..count * dim).map(|_| random::normal(&mut rng)).collect();
            let mut centres: Vec<f64> = (0..6 * dim).map(|_| random::normal(&mut rng)).collect();
            centres.extend_from_within(2 * dim..3 * dim);
            let scratch = Scratch::default();
            let blocks = Blocks::of(&points, dim, &scratch);
            let plain = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            let mut seen = 0;
            for (points, block) in points.chunks(BLOCK * dim).zip(blocks.all()) {
                let nearest = nearest_centres(block, &centres, dim);
                for (i, point) in points.chunks_exact(dim).enumerate() {
                    let all: Vec<f64> = centres.chunks_exact(dim).map(|centre| plain(point, centre)).collect();
                    for (centre, distance) in centres.chunks_exact(dim).zip(&all) {
                        assert_eq!(squares(block, centre)[i].to_bits(), distance.to_bits(), "{count} x {dim}");
                    }
                    let first = (0..all.len()).min_by(|&a, &b| all[a].total_cmp(&all[b])).expect("some");
                    assert_eq!(nearest[i], first, "{count} x {dim}");
                    seen += 1;
                }
            }
            assert_eq!(seen, count);
        }
    }
}
