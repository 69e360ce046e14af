//! Pruning: which of the points near a point become its targets.

use super::walk::Near;
use crate::items::{Distances, ItemDistance, Items};

/// Points that a candidate is compared with at once: the first of them rule out most.
const AT_ONCE: usize = 4;

/// Which targets are kept.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// How many, at most.
    pub degree: usize,
    /// In the second round a candidate is left out if a target is this many times nearer to it than the point itself.
    pub alpha: f64,
}

/// The targets of a point among the candidates `near` to it, until there are `degree`. A candidate may be given twice.
///
/// 1. Nearest first, each candidate that is nearer to the point than to every target so far. These lead in all directions.
/// 2. Nearest first, each of the others that no target so far is `alpha` times nearer to than the point is.
///
/// Source: Jayaram Subramanya et al. 2019 (robust pruning), with the two rounds of their library; the first round alone is the
/// selection of Malkov & Yashunin 2018.
pub fn prune<I: Items>(items: &I, rule: Rule, near: &mut Vec<Near<I::Distance>>) -> Vec<u32> {
    near.sort_unstable();
    near.dedup_by_key(|near| near.id());
    let mut chosen: Vec<u32> = Vec::with_capacity(rule.degree.min(near.len()));
    near.retain(|candidate| {
        let is_left = chosen.len() == rule.degree || is_ruled_out(items, *candidate, &chosen, 1.0);
        if !is_left {
            chosen.push(candidate.id());
        }
        is_left
    });
    if rule.alpha > 1.0 {
        for candidate in near {
            if chosen.len() == rule.degree {
                break;
            }
            if !is_ruled_out(items, *candidate, &chosen, rule.alpha) {
                chosen.push(candidate.id());
            }
        }
    }
    chosen
}

/// Whether one of the targets is `alpha` times nearer to a candidate than the point is to which that is near.
fn is_ruled_out<I: Items>(items: &I, candidate: Near<I::Distance>, targets: &[u32], alpha: f64) -> bool {
    let from = items.from(candidate.id());
    targets.chunks(AT_ONCE).any(|targets| {
        let mut distances = [I::Distance::default(); AT_ONCE];
        from.measure(targets, &mut distances[..targets.len()]);
        distances[..targets.len()].iter().any(|between| alpha * between.number() <= candidate.distance().number())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::samples::{Sample, pairs};
    use crate::items::ExactItems;
    use crate::points::PointType;
    use crate::random;

    /// Pruning by its definition: in each round take the nearest that is left, and remove what it rules out.
    fn naive<I: Items>(items: &I, rule: Rule, of: u32, candidates: &[u32]) -> Vec<u32> {
        let distance = |a: u32, b: u32| {
            let mut out = [I::Distance::default()];
            items.from(a).measure(&[b], &mut out);
            out[0]
        };
        let mut chosen: Vec<u32> = Vec::new();
        for alpha in [1.0, rule.alpha] {
            let is_open = |id: u32, target: u32| {
                id != target && alpha * distance(id, target).number() > distance(of, id).number()
            };
            let all_open = |id: u32| chosen.iter().all(|&target| is_open(id, target));
            let mut left: Vec<u32> = candidates.iter().copied().filter(|&id| all_open(id)).collect();
            while let Some(&nearest) = left.iter().min_by_key(|&&id| (distance(of, id), id)) {
                if chosen.len() == rule.degree {
                    break;
                }
                chosen.push(nearest);
                left.retain(|&id| is_open(id, nearest));
            }
        }
        chosen
    }

    fn check<I: Items>(items: &I, what: &str) {
        for (seed, (degree, alpha)) in [(1, 1.0), (3, 1.2), (8, 1.0), (30, 1.2), (200, 2.0)].into_iter().enumerate() {
            let of = seed as u32 * 7;
            let mut rng = random::stream(5, "prune", seed as u64);
            let ids: Vec<u32> =
                (0..120).map(|_| random::below(&mut rng, items.len()) as u32).filter(|&id| id != of).collect();
            let from = items.from(of);
            let mut out = [I::Distance::default()];
            let mut near: Vec<_> = ids
                .iter()
                .map(|&id| {
                    from.measure(&[id], &mut out);
                    Near::new(id, out[0])
                })
                .collect();
            let rule = Rule { degree, alpha };
            let expected = naive(items, rule, of, &ids);
            assert!(!expected.is_empty());
            assert_eq!(prune(items, rule, &mut near), expected, "{what}, {rule:?}");
        }
    }

    #[test]
    fn targets_are_those_of_the_definition() {
        for (kind, distance) in pairs() {
            let base = Sample { rows: 300, centres: 6, dim: 12 }.base(kind, distance, "base");
            check(&ExactItems::new(&base), &format!("{kind}, {distance}"));
            if kind == PointType::Dense {
                check(&crate::items::GridRows::new(&base), &format!("on the grid, {distance}"));
            }
        }
    }
}
