//! Clustering: the best of each of k groups.

use super::engine::means::{check_means, draw_centres, k_means};
use super::engine::order::fill_by_relevance;
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::Distance;
use crate::kernel::Kernel;
use crate::params::{Count, constant};
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
            Method::KMeans => k_means(request, k, self.iterations.size(), &mut rng, scratch).of,
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
        match self.method {
            Method::KMedoids => Ok(()),
            Method::KMeans => {
                check_means(setting.kind, "write `method: k-medoids`").map_err(|unfit| unfit.of("method"))
            }
        }
    }
}

/// Puts the items of each cluster next to each other, ascending, and where they start.
fn group(cluster_of: &[usize], starts: &mut [usize], members: &mut [u32]) {
    starts.fill(0);
    cluster_of.iter().for_each(|&cluster| starts[cluster + 1] += 1);
    for cluster in 1..starts.len() {
        starts[cluster] += starts[cluster - 1];
    }
    // Each start moves to the end of its cluster, which is the start of the next.
    for (i, &cluster) in cluster_of.iter().enumerate() {
        members[starts[cluster]] = i as u32;
        starts[cluster] += 1;
    }
    starts.rotate_right(1);
    starts[0] = 0;
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
    let (totals, similarities) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, 0.0));
    let (ids, norms) = (arena.alloc_slice_fill_copy(m, 0), arena.alloc_slice_fill_copy(m, 0.0));
    let (starts, members) = (arena.alloc_slice_fill_copy(k + 1, 0), arena.alloc_slice_fill_copy(m, 0));
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
        group(cluster_of, starts, members);
        let mut moved = false;
        for (cluster, medoid) in medoids.iter_mut().enumerate() {
            let members = &members[starts[cluster]..starts[cluster + 1]];
            let chosen = matrix.kernel().choose(members.iter().map(|&i| i as usize), ids, norms);
            let similarities = &mut similarities[..members.len()];
            for &i in members {
                match matrix.kept() {
                    Some(kept) => {
                        let row = &kept[i as usize * m..][..m];
                        similarities.iter_mut().zip(members).for_each(|(to, &j)| *to = row[j as usize]);
                    }
                    None => matrix.kernel().to(i as usize, chosen, similarities),
                }
                let others = members.iter().zip(&*similarities).filter(|&(&j, _)| j != i);
                totals[i as usize] = others.map(|(_, &similarity)| distance(similarity)).sum();
            }
            let total = |i: u32| totals[i as usize];
            let best = members.iter().copied().min_by(|&a, &b| total(a).total_cmp(&total(b)));
            let best = best.map_or(*medoid, |best| best as usize);
            moved |= best != *medoid;
            *medoid = best;
        }
        if !moved {
            break;
        }
    }
    cluster_of
}
