//! Greedy maximisation where gains are cheaper to bound than to compute.

use super::greedy::{Objective, note_filling, quantum, rounded};
use super::order::{best_first, fill_by_relevance};
use crate::scratch::Scratch;
use crate::selector::Request;

/// An objective whose gains are cheaper to bound than to compute.
pub trait Bounded: Objective {
    /// A lower and an upper bound on [`Objective::gain`], as it is now.
    fn bounds(&self, position: usize) -> [f64; 2];

    /// Whether no gain ever grows as items are added, to the last bit: then one that was computed bounds all later ones.
    fn gains_only_fall(&self) -> bool {
        true
    }

    /// Work that makes the bounds of one item tighter, and costs less than its gain.
    fn tighten(&mut self, _: usize) {}
}

/// The greedy choice: the same items as the plain engine's, see [`super::greedy::maximize`].
///
/// A gain is computed only where bounds leave several items that may be the best, or do not say whether the best gains anything.
pub fn maximize(objective: &mut impl Bounded, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
    picked.clear();
    let (m, arena) = (request.pool.items.len(), &scratch.arena);
    // Per item: its gain when it was last computed; minus infinity once it is taken.
    let known = arena.alloc_slice_fill_copy(m, f64::INFINITY);
    let highest = arena.alloc_slice_fill_copy(m, 0.0);
    let contenders = arena.alloc_slice_fill_copy(m, (0.0, 0_usize));
    let unit = unit_of_first_gains(objective, known, m);
    while picked.len() < request.count() {
        let Some([(most, first), (next, _)]) = raise_highest(objective, known, highest) else { break };
        let is_final = most == 0.0 && objective.gains_only_fall();
        if is_final && (0..m).all(|i| known[i] == f64::NEG_INFINITY || objective.bounds(i) == [0.0; 2]) {
            scratch.filled.set(true);
            return fill_by_relevance(request, scratch, picked);
        }
        objective.tighten(first);
        let [least, most] = objective.bounds(first);
        // Bounds that are further than a unit apart are apart when both are rounded, too; and so is one from 0.
        let is_alone = next < least - unit && (least > unit || most < -unit);
        let best = if is_alone {
            first
        } else {
            let (gain, best) = best_of_several(objective, first, unit, known, highest, contenders);
            note_filling(gain, scratch);
            best
        };
        objective.add(best);
        known[best] = f64::NEG_INFINITY;
        picked.push(best);
        if !objective.gains_only_fall() {
            known.iter_mut().filter(|known| **known > f64::NEG_INFINITY).for_each(|known| *known = f64::INFINITY);
        }
    }
}

/// Sets the highest gain that each item may have. Returns the two highest, each with its item, or with minus infinity if there is no
/// second one.
fn raise_highest(objective: &impl Bounded, known: &[f64], highest: &mut [f64]) -> Option<[(f64, usize); 2]> {
    let none = (f64::NEG_INFINITY, usize::MAX);
    let mut two = [none; 2];
    for i in (0..known.len()).filter(|&i| known[i] > f64::NEG_INFINITY) {
        highest[i] = objective.bounds(i)[1].min(known[i]);
        let entry = (highest[i], i);
        if best_first(entry, two[0]).is_lt() {
            two = [entry, two[0]];
        } else if best_first(entry, two[1]).is_lt() {
            two[1] = entry;
        }
    }
    (two[0] != none).then_some(two)
}

/// The item with the best gain, and that gain, rounded. `first` has the highest bound.
fn best_of_several(
    objective: &mut impl Bounded,
    first: usize,
    unit: f64,
    known: &mut [f64],
    highest: &[f64],
    contenders: &mut [(f64, usize)],
) -> (f64, usize) {
    known[first] = exact(objective, known[first], first);
    let mut best = (rounded(known[first], unit), first);
    // What is below the best by more than a unit is below it when both are rounded, too.
    let mut count = 0;
    for i in (0..known.len()).filter(|&i| known[i] > f64::NEG_INFINITY) {
        if i != first && highest[i] >= best.0 - unit {
            contenders[count] = (highest[i], i);
            count += 1;
        }
    }
    let contenders = &mut contenders[..count];
    contenders.sort_unstable_by(|&a, &b| best_first(a, b));
    for &(most, i) in &*contenders {
        if most < best.0 - unit {
            break;
        }
        objective.tighten(i);
        if objective.bounds(i)[1] >= best.0 - unit {
            known[i] = exact(objective, known[i], i);
            let entry = (rounded(known[i], unit), i);
            best = if best_first(entry, best).is_lt() { entry } else { best };
        }
    }
    best
}

/// The gain of an item; it is not computed where it cannot be less than it was, or where bounds leave one value.
fn exact(objective: &mut impl Bounded, known: f64, position: usize) -> f64 {
    match objective.bounds(position) {
        [least, _] if least >= known => known,
        [least, most] if least == most => least,
        _ => objective.gain(position),
    }
}

/// The unit to which gains are rounded: [`quantum`] of all first gains, of which only those are computed whose magnitude may be that
/// of the largest.
fn unit_of_first_gains(objective: &mut impl Bounded, known: &mut [f64], m: usize) -> f64 {
    let magnitude = |objective: &_, i: usize| {
        let [least, most] = Bounded::bounds(objective, i);
        least.abs().max(most.abs())
    };
    let largest = |objective: &_| (0..m).map(|i| (magnitude(objective, i), i)).max_by(|a, b| a.0.total_cmp(&b.0));
    let Some((_, first)) = largest(objective) else { return 0.0 };
    known[first] = objective.gain(first);
    let mut most = known[first].abs();
    for i in 0..m {
        // The unit depends on the exponent of the largest magnitude alone.
        let reach = magnitude(objective, i);
        if reach > most && quantum(&[reach]) > quantum(&[most]) {
            known[i] = objective.gain(i);
            most = most.max(known[i].abs());
        }
    }
    quantum(&[most])
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::{Base, Distance, Pool, Query, Vectors, random};

    /// Makes an objective over a pool.
    pub type Make<'m> = &'m dyn for<'s> Fn(&Request<'s>, &'s Scratch) -> Box<dyn Bounded + 's>;

    /// Checks that bounds hold the gain of every seventh item, another one after each item that is added: over directions around a few
    /// centres, with copies, opposites and zeros.
    pub fn check(make: Make<'_>) {
        for (m, dim) in [(128, 50), (257, 3), (300, 50), (700, 100)] {
            let mut rng = random::stream(4, "bounded", dim as u64);
            let mut normal = || random::normal(&mut rng) as f32;
            let centres: Vec<f32> = (0..9 * dim).map(|_| normal()).collect();
            let mut values: Vec<f32> = (0..m * dim).map(|at| centres[at % centres.len()] + 0.3 * normal()).collect();
            values.copy_within(0..20 * dim, 100 * dim);
            values[50 * dim..60 * dim].iter_mut().for_each(|value| *value = -*value);
            values[70 * dim..72 * dim].fill(0.0);
            let queries = Vectors::new(&values[..dim], dim).expect("finite");
            let base = Base::new(Vectors::new(&values, dim).expect("finite"), Distance::Angular);
            let (query, mut pool, scratch) = (Query::vector(&queries, 0), Pool::default(), Scratch::default());
            pool.fill(&base, query, 0..m as u32, m, &scratch);
            let request = Request {
                base: &base,
                query,
                pool: &pool,
                k: 60,
                subtopics: &[],
                aspects: &[],
                groups: &[],
                picked_outside: &[],
                seed: 0,
                query_id: 0,
            };
            let mut objective = make(&request, &scratch);
            for step in 0..60 {
                for i in (step % 7..m).step_by(7) {
                    let ([least, most], gain) = (objective.bounds(i), objective.gain(i));
                    assert!(least <= gain && gain <= most, "{least} {gain} {most}: item {i} of {m} at {step}");
                }
                objective.add(step * 31 % m);
            }
        }
    }
}
