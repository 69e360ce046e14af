//! Heat-kernel diffusion from the pool, by a truncated Taylor push.

use super::shared::{SharedParameters, parameters};
use super::{Expansion, Reached, softmax};
use crate::base::{Base, Query};
use crate::graph::Graph;
use crate::pool::Pool;
use crate::scratch::{Scratch, SparseVector};
use bumpalo::Bump;

parameters! {
    /// Heat-kernel diffusion from the pool. `h = s exp(-t (I - P))` with `s = softmax(rel / temperature)` over the pool, the
    /// distribution of a walk whose number of steps is Poisson with mean t. Score: `beta * rel + (1 - beta) * h / max h`.
    ///
    /// Unlike a walk with restart, which decays geometrically, it favours vertices about t steps away. Computed by a
    /// truncated Taylor push, whose cost depends on t and epsilon and not on the number of vectors; a vertex without
    /// edges restarts.
    ///
    /// Source: Chung 2007 (heat kernel PageRank); Kloster & Gleich 2014 (Taylor push).
    Heat {
        /// Time of diffusion: the mean number of steps.
        t: Time = 3.0,
        /// How evenly the diffusion starts over the pool: small values start at the most relevant.
        temperature: Positive = 0.1,
        /// Probability per edge below which a vertex passes nothing on: a smaller value comes nearer to the exact list,
        /// and costs more.
        epsilon: Precision = 3e-7,
    }
}

impl Expansion for Heat {
    fn expand(&self, graph: &Graph, base: &Base, query: Query<'_>, pool: &mut Pool, scratch: &mut Scratch) {
        let Scratch { mass, residual, arena, evaluations, edges, .. } = scratch;
        let seeds = arena.alloc_slice_fill_iter(pool.items.iter().map(|item| (item.id, pool.scaled(item.rel))));
        softmax(seeds, self.temperature.get());
        let mut reached = Reached::new(pool, mass, graph.len(), base, query, evaluations);
        let followed = diffuse(graph, seeds, self.t.get(), self.epsilon.get(), &mut reached, residual, arena);
        edges.set(edges.get() + followed);
        let highest = reached.highest();
        reached.rescore(self.beta(), highest, self.limit());
    }
}

/// Diffuses the distribution `seeds` for time t: afterwards the mass reached approximates `h = sum over j of p_j s P^j`
/// from below, where `p_j = exp(-t) t^j / j!` and a vertex without edges passes on to the seeds, so that P is
/// stochastic.
///
/// Step by step: z_0 = s, and z_{j+1} is what the vertices of z_j pass on. With `Q_j = sum over i > j of p_i`, a vertex
/// that holds z of z_j and passes nothing on withholds exactly `Q_j z` from the sum over all vertices of all later terms,
/// since P is stochastic. It does so where `Q_j z <= epsilon * max(1, outdegree)`: Kloster & Gleich's rule, whose psi_j is
/// `1 + Q_j / p_j`. Two things follow.
///
/// - No mass is too large, so the L1 difference to h is 1 minus the sum of all masses: the sum of all that was
///   withheld. It includes the tail of the Taylor series, which the vertices of the last step withhold.
/// - A step's vertices hold 1 at most together, so those that pass on in step j have at most `Q_j / epsilon` edges, and
///   all steps together at most `t / epsilon`, the sum of the Q_j being the Poisson mean.
///
/// Vertices pass on in the order of [`Reached::most_first`]. Returns the number of edges that it followed; all vertices
/// without edges in a step count as one with edges to the seeds.
fn diffuse(
    graph: &Graph,
    seeds: &[(u32, f64)],
    t: f64,
    epsilon: f64,
    reached: &mut Reached<'_>,
    step: &mut SparseVector,
    arena: &Bump,
) -> u64 {
    step.clear(graph.len());
    for &(vertex, share) in seeds {
        step.set(vertex, share);
    }
    let mut passing = bumpalo::collections::Vec::with_capacity_in(4 * seeds.len(), arena);
    let (mut p, mut later) = ((-t).exp(), -(-t).exp_m1());
    let mut followed = 0;
    for j in 1_u32.. {
        passing.clear();
        for &vertex in step.touched() {
            let held = step.get(vertex);
            let position = reached.position(vertex);
            reached.add(position, p * held);
            if later * held > epsilon * graph.targets(vertex).len().max(1) as f64 {
                passing.push((held, position));
            }
        }
        if passing.is_empty() {
            break;
        }
        passing.sort_unstable_by(|&a, &b| reached.most_first(a, b));
        step.clear(graph.len());
        let mut restarting = 0.0;
        for &(held, position) in &passing {
            let vertex = reached.vertex(position);
            if graph.targets(vertex).is_empty() {
                restarting += held;
            }
            for (&target, &weight) in graph.targets(vertex).iter().zip(graph.weights(vertex)) {
                step.set(target, step.get(target) + held * weight);
            }
            followed += graph.targets(vertex).len();
        }
        if restarting > 0.0 {
            for &(seed, share) in seeds {
                step.set(seed, step.get(seed) + restarting * share);
            }
            followed += seeds.len();
        }
        p *= t / f64::from(j);
        later -= p;
    }
    followed as u64
}

#[cfg(test)]
mod tests {
    use super::super::pool_of;
    use super::*;
    use proptest::prelude::*;

    /// The heat kernel by dense Taylor steps to convergence; a vertex without edges passes on to the seeds.
    fn dense(graph: &Graph, seeds: &[f64], t: f64) -> Vec<f64> {
        let (mut h, mut walking, mut p) = (vec![0.0; graph.len()], seeds.to_vec(), (-t).exp());
        for j in 1..400 {
            h.iter_mut().zip(&walking).for_each(|(h, z)| *h += p * z);
            let mut onward = vec![0.0; graph.len()];
            for v in 0..graph.len() {
                let edges = graph.targets(v as u32).iter().zip(graph.weights(v as u32));
                edges.for_each(|(&target, w)| onward[target as usize] += walking[v] * w);
                if graph.targets(v as u32).is_empty() {
                    seeds.iter().zip(&mut onward).for_each(|(s, o)| *o += walking[v] * s);
                }
            }
            walking = onward;
            p *= t / f64::from(j);
        }
        h
    }

    fn run(graph: &Graph, seeds: &[(u32, f64)], t: f64, epsilon: f64) -> (Vec<f64>, usize) {
        let mut scratch = Scratch::default();
        let Scratch { mass, residual, arena, evaluations, .. } = &mut scratch;
        let (base, mut pool) = pool_of(graph, seeds);
        let mut reached = Reached::new(&mut pool, mass, graph.len(), &base, base.query(0), evaluations);
        diffuse(graph, seeds, t, epsilon, &mut reached, residual, arena);
        ((0..graph.len() as u32).map(|v| mass.get(v)).collect(), mass.touched().len())
    }

    proptest! {
        #[test]
        fn what_is_missing_is_what_was_withheld(
            rows in (2_usize..14).prop_flat_map(|n| {
                prop::collection::vec(prop::collection::vec((0..n as u32, 0.1_f64..2.0), 0..4), n)
            }),
            count in 1_usize..14,
            t in prop::sample::select(vec![0.01, 1.0, 3.0, 20.0, 100.0]),
            epsilon in prop::sample::select(vec![1e-2, 1e-5, 1e-12]),
        ) {
            let graph = Graph::from_rows(rows);
            let n = graph.len();
            let mut seeds: Vec<_> = (0..count.min(n) as u32).map(|i| (i, f64::from(i % 3))).collect();
            softmax(&mut seeds, 0.7);
            let mut s = vec![0.0; n];
            seeds.iter().for_each(|&(v, share)| s[v as usize] = share);
            let exact = dense(&graph, &s, t);
            prop_assert!((exact.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let (mass, _) = run(&graph, &seeds, t, epsilon);
            let missing: f64 = exact.iter().zip(&mass).map(|(e, m)| (e - m).abs()).sum();
            let lacks = 1.0 - mass.iter().sum::<f64>();
            prop_assert!((missing - lacks).abs() < 1e-9, "{missing} is missing, {lacks} was withheld");
            for v in 0..n {
                prop_assert!(mass[v] <= exact[v] + 1e-12, "vertex {v}: {} for {}", mass[v], exact[v]);
            }
            if epsilon == 1e-12 {
                prop_assert!(missing < 1e-8, "{missing}");
            }
        }
    }

    /// What is reached has been passed to over an edge, and no more than t / epsilon are followed, however large the graph.
    #[test]
    fn the_cost_depends_on_epsilon_and_not_on_the_number_of_vertices() {
        let reached = |n: u32| {
            let row = |v: u32| (1..=8_u32).map(|i| ((v * 13 + i * i * 7 + i) % n, 1.0)).collect();
            run(&Graph::from_rows((0..n).map(row).collect()), &[(1, 1.0)], 3.0, 1e-2).1
        };
        for n in [5_000, 50_000] {
            assert!((9..=301).contains(&reached(n)), "{}", reached(n));
        }
        assert_eq!(reached(5_000), reached(50_000), "the same neighbourhood of the same size");
    }
}
