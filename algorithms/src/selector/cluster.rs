//! Clustering: the best of each of k groups.

use super::engine::order::fill_by_relevance;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::Distance;
use crate::kernel::Kernel;
use crate::params::{Count, constant};
use crate::points::PointType;
use crate::pool_kernel::{Matrix, PoolKernel};
use crate::random;
use crate::scratch::Scratch;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The pool is parted into k clusters, and the most relevant of each is picked, in order of relevance. If duplicates
/// leave fewer clusters than k, the rest is filled by relevance.
///
/// Source: common practice; k-means++ by Arthur & Vassilvitskii 2007.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cluster {
    /// How clusters are found.
    pub method: Method,
    /// Maximum number of rounds.
    pub iterations: Count,
}

/// How clusters are found. Both begin with centres drawn by k-means++.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A cluster's centre is its mean; for angular and ip that of directions. For dense vectors only: other points
    /// have no mean of their own type.
    #[default]
    KMeans,
    /// A cluster's centre is the item with the smallest total distance to the others. For all points.
    KMedoids,
}

impl Default for Cluster {
    fn default() -> Self {
        Self { method: Method::default(), iterations: constant!(Count, 20) }
    }
}

impl Selector for Cluster {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        picked.clear();
        let (m, k) = (request.pool.items.len(), request.count());
        if k == 0 {
            return;
        }
        let mut rng = random::stream(request.seed, "cluster", request.query_id);
        let cluster_of = match self.method {
            Method::KMeans => k_means(request, k, self.iterations.size(), &mut rng, scratch),
            Method::KMedoids => k_medoids(request, k, self.iterations.size(), &mut rng, scratch),
        };
        // The pool stands in order of score: the first of each cluster is its most relevant.
        let served = scratch.arena.alloc_slice_fill_copy(k, false);
        for position in 0..m {
            if !std::mem::replace(&mut served[cluster_of[position]], true) {
                picked.push(position);
            }
        }
        if picked.len() < k {
            scratch.filled.set(true);
            fill_by_relevance(request, scratch, picked);
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        let reason = match (self.method, setting.kind) {
            (Method::KMedoids, _) | (_, PointType::Dense) => return Ok(()),
            (_, PointType::Sparse) => "that of sparse vectors is not sparse",
            (_, PointType::Bits) => "that of bits is no row of bits",
            (_, PointType::Sets) => "sets have none",
        };
        let message = format!("`k-means` moves each centre to a mean, and {reason}");
        Err(Unfit::new(message, "write `method: k-medoids`").of("method"))
    }
}

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
fn draw_centres(k: usize, weights: &mut [f64], rng: &mut ChaCha8Rng, mut add: impl FnMut(usize, &mut [f64])) {
    for found in 0..k {
        let drawn = if found == 0 { Some(random::below(rng, weights.len())) } else { draw(weights, rng) };
        let Some(drawn) = drawn else { return };
        add(drawn, weights);
    }
}

/// Lloyd's k-means over the pool (over directions, on angular data): the cluster of each position.
fn k_means<'s>(
    request: &Request<'_>,
    k: usize,
    iterations: usize,
    rng: &mut ChaCha8Rng,
    scratch: &'s Scratch,
) -> &'s [usize] {
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
    let squared = |a: &[f64], b: &[f64]| {
        scratch.count(1);
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
    };
    let centres = arena.alloc_slice_fill_copy(k * dim, 0.0);
    let mut found = 0;
    draw_centres(k, arena.alloc_slice_fill_copy(m, f64::INFINITY), rng, |drawn, nearest| {
        centres[found * dim..(found + 1) * dim].copy_from_slice(point(drawn));
        for (i, nearest) in nearest.iter_mut().enumerate() {
            *nearest = nearest.min(squared(point(i), point(drawn)));
        }
        found += 1;
    });
    let centres = &mut centres[..found * dim];
    let cluster_of = arena.alloc_slice_fill_copy(m, 0_usize);
    let counts = arena.alloc_slice_fill_copy(found, 0_usize);
    for round in 0..iterations {
        let mut moved = false;
        for (i, cluster) in cluster_of.iter_mut().enumerate() {
            let mut best = (f64::INFINITY, 0);
            for (c, centre) in centres.chunks_exact(dim).enumerate() {
                let distance = squared(point(i), centre);
                if distance < best.0 {
                    best = (distance, c);
                }
            }
            moved |= *cluster != best.1;
            *cluster = best.1;
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
    cluster_of
}

/// k-medoids by alternation over the pool's distances: the cluster of each position.
fn k_medoids<'s>(
    request: &Request<'_>,
    k: usize,
    iterations: usize,
    rng: &mut ChaCha8Rng,
    scratch: &'s Scratch,
) -> &'s [usize] {
    let kernel = match request.base.distance() {
        Distance::Angular | Distance::InnerProduct => PoolKernel::new(Kernel::Geodesic, request, scratch),
        Distance::Euclidean => PoolKernel::negative_squares(request, scratch),
        distance => PoolKernel::new(Kernel::raw(distance), request, scratch),
    };
    let (m, arena) = (kernel.len(), &scratch.arena);
    let distance: fn(f64) -> f64 = match request.base.distance() {
        Distance::Euclidean => |negative_square| (-negative_square).sqrt(),
        _ => |similarity| 1.0 - similarity,
    };
    let mut matrix = Matrix::new(kernel, scratch);
    let cluster_of = arena.alloc_slice_fill_copy(m, 0_usize);
    let (nearest, weights) = (arena.alloc_slice_fill_copy(m, f64::INFINITY), arena.alloc_slice_fill_copy(m, 0.0));
    let mut medoids = bumpalo::collections::Vec::with_capacity_in(k, arena);
    draw_centres(k, weights, rng, |drawn, weights| {
        for (i, &similarity) in matrix.row(drawn).iter().enumerate() {
            nearest[i] = if i == drawn { 0.0 } else { nearest[i].min(distance(similarity)) };
            weights[i] = nearest[i] * nearest[i];
        }
        medoids.push(drawn);
    });
    let totals = arena.alloc_slice_fill_copy(m, 0.0);
    for _ in 0..iterations {
        // An item belongs to the nearest medoid; of two equally near, to the one that stands first in the pool.
        medoids.sort_unstable();
        nearest.fill(f64::INFINITY);
        for (cluster, &medoid) in medoids.iter().enumerate() {
            for (i, &similarity) in matrix.row(medoid).iter().enumerate() {
                let distance = if i == medoid { 0.0 } else { distance(similarity) };
                if distance < nearest[i] {
                    (nearest[i], cluster_of[i]) = (distance, cluster);
                }
            }
        }
        for (i, total) in totals.iter_mut().enumerate() {
            let row = matrix.row(i).iter().zip(&*cluster_of).enumerate();
            let mine = row.filter(|&(j, (_, &cluster))| j != i && cluster == cluster_of[i]);
            *total = mine.map(|(_, (&similarity, _))| distance(similarity)).sum();
        }
        let mut moved = false;
        for (cluster, medoid) in medoids.iter_mut().enumerate() {
            let members = (0..m).filter(|&i| cluster_of[i] == cluster);
            let best = members.min_by(|&a, &b| totals[a].total_cmp(&totals[b])).unwrap_or(*medoid);
            moved |= best != *medoid;
            *medoid = best;
        }
        if !moved {
            break;
        }
    }
    cluster_of
}
