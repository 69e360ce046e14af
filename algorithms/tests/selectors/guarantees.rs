//! Theorems, on pools small enough to try every set: objectives that claim to be monotone and submodular are, and greedy
//! comes as near to the best set as it promises.

use crate::naive::{self, Row, SPACES};
use crate::support::{Case, cases_up_to};
use proptest::prelude::*;
use swath_algorithms::Distance;
use swath_algorithms::kernel::Kernel;
use swath_algorithms::params::{Fraction, NonNegative, Positive, PositiveFraction};
use swath_algorithms::selector::{
    Dartboard, FacilityLocation, Flvmi, GraphCut, MaxMin, MaxSum, SaturatedCoverage, SelectorParams,
    SemanticCompression, Weights,
};

/// 1 - 1/e.
const GREEDY: f64 = 0.632_120_558_828_557_7;

pub type Claim = (&'static str, SelectorParams, fn(&Case, usize, &[usize]) -> f64);

/// Monotone submodular objectives with the selector that maximises each: `value(case, k, set)`.
pub fn monotone_submodular() -> Vec<Claim> {
    let cut = GraphCut { lambda: NonNegative::new(0.5).expect("in range"), ..GraphCut::default() };
    let saturated =
        SaturatedCoverage { alpha: PositiveFraction::new(0.3).expect("in range"), ..SaturatedCoverage::default() };
    let by_relevance = FacilityLocation { weights: Weights::Relevance, ..FacilityLocation::default() };
    vec![
        ("facility location", SelectorParams::FacilityLocation(FacilityLocation::default()), |case, _, set| {
            covered(case, Weights::Uniform, set)
        }),
        ("facility location by relevance", SelectorParams::FacilityLocation(by_relevance), |case, _, set| {
            covered(case, Weights::Relevance, set)
        }),
        ("flvmi", SelectorParams::Flvmi(Flvmi::default()), |case, _, set| {
            (0..case.m())
                .map(|v| best(case, v, set).min(case.to_query(Kernel::coverage(case.base.distance()), v)))
                .sum()
        }),
        ("graph cut", SelectorParams::GraphCut(cut), |case, _, set| {
            let kernel = Kernel::coverage(case.base.distance());
            let own = |r: usize| if case.similarity(kernel, r, r) > 0.5 { 1.0 } else { 0.0 };
            let row = |r: usize| -> f64 {
                let pairs: f64 = set.iter().map(|&t| if r == t { own(r) } else { case.similarity(kernel, r, t) }).sum();
                (0..case.m()).map(|v| if v == r { own(r) } else { case.similarity(kernel, r, v) }).sum::<f64>()
                    - 0.5 * pairs
            };
            set.iter().map(|&r| row(r)).sum()
        }),
        ("saturated coverage", SelectorParams::SaturatedCoverage(saturated), |case, _, set| {
            let kernel = Kernel::coverage(case.base.distance());
            let reached = |v: usize| set.iter().map(|&r| case.similarity(kernel, r, v)).sum::<f64>();
            let enough = |v: usize| 0.3 * (0..case.m()).map(|u| case.similarity(kernel, u, v)).sum::<f64>();
            (0..case.m()).map(|v| reached(v).min(enough(v))).sum()
        }),
        (
            "semantic compression",
            SelectorParams::SemanticCompression(SemanticCompression::default()),
            |case, k, set| {
                // Monotone where no relevance is negative, as the test makes it.
                let rel: f64 = set.iter().map(|&i| case.rel(i)).sum();
                let covered = covered(case, Weights::Uniform, set) / case.m() as f64;
                let volume = case.log_det(Kernel::raw(case.base.distance()), 1.0, set);
                0.5 * rel + 0.25 * k.min(case.m()) as f64 * covered + 0.25 * volume
            },
        ),
    ]
}

fn best(case: &Case, v: usize, set: &[usize]) -> f64 {
    let kernel = Kernel::coverage(case.base.distance());
    set.iter().map(|&r| case.similarity(kernel, r, v)).fold(0.0, f64::max)
}

fn covered(case: &Case, weights: Weights, set: &[usize]) -> f64 {
    (0..case.m()).map(|v| case.weight(weights, 0.1, v) * best(case, v, set)).sum()
}

/// Relevances as they are, or 0 where they are negative: what the bounds ask for.
fn without_negative_relevance(mut case: Case) -> Case {
    case.pool.items.iter_mut().for_each(|item| item.score = item.score.max(0.0));
    case.pool.keep_best(case.m());
    case
}

fn largest_distance(case: &Case) -> f64 {
    (0..case.m()).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| case.distance(i, j)).fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn coverage_objectives_are_monotone_and_submodular_and_greedy_keeps_its_promise((case, k) in cases_up_to(8)) {
        let case = without_negative_relevance(case);
        let m = case.m();
        for (name, selector, value) in monotone_submodular() {
            let values: Vec<f64> = (0..1_usize << m).map(|set| value(&case, k, &case.members(set))).collect();
            for set in 0..1_usize << m {
                for item in (0..m).filter(|i| set >> i & 1 == 0) {
                    let gain = values[set | 1 << item] - values[set];
                    prop_assert!(gain >= -1e-9, "{name} is not monotone");
                    for other in (0..m).filter(|&j| j != item && set >> j & 1 == 0) {
                        let later = values[set | 1 << other | 1 << item] - values[set | 1 << other];
                        prop_assert!(later <= gain + 1e-9, "{name} is not submodular");
                    }
                }
            }
            let most = (0..1_usize << m).filter(|set| set.count_ones() as usize <= k).map(|set| values[set]).fold(0.0, f64::max);
            let reached = value(&case, k, &case.select(&*selector, k));
            prop_assert!(reached >= GREEDY * most - 1e-9, "{name}: {reached} of {most}");
        }
    }

    /// The log determinant of I + S is monotone and submodular; that of S is submodular.
    #[test]
    fn log_determinants_are_submodular((case, _) in cases_up_to(6)) {
        let kernel = Kernel::raw(case.base.distance());
        for ridge in [1.0, 1e-3] {
            let values: Vec<f64> = (0..1_usize << case.m()).map(|set| case.log_det(kernel, ridge, &case.members(set))).collect();
            for set in 0..values.len() {
                for item in (0..case.m()).filter(|i| set >> i & 1 == 0) {
                    let gain = values[set | 1 << item] - values[set];
                    prop_assert!(ridge < 1.0 || gain >= -1e-9);
                    for other in (0..case.m()).filter(|&j| j != item && set >> j & 1 == 0) {
                        prop_assert!(values[set | 1 << other | 1 << item] - values[set | 1 << other] <= gain + 1e-6);
                    }
                }
            }
        }
    }

    /// Greedy after the most relevant: of the best set that holds it.
    #[test]
    fn dartboard_keeps_its_promise((case, k) in cases_up_to(8), sigma in 0.05_f64..1.0) {
        let kernel = Kernel::raw(case.base.distance());
        let density = |s: f64| (-(0.5 * (1.0 - s)).max(0.0).powi(2) / (2.0 * sigma * sigma)).exp();
        let value = |set: &[usize]| -> f64 {
            let best = |t: usize| set.iter().map(|&r| density(case.similarity(kernel, r, t))).fold(0.0, f64::max);
            (0..case.m()).map(|t| density(case.rel(t)) * best(t)).sum()
        };
        let selector = Dartboard { sigma: Positive::new(sigma).expect("in range"), ..Dartboard::default() };
        let reached = value(&case.select(&selector, k));
        let most = case.best_value(k, |set| if set.contains(&0) { value(set) } else { 0.0 });
        prop_assert!(reached >= GREEDY * most * (1.0 - 1e-9), "{reached} of {most}");
    }

    #[test]
    fn max_sum_reaches_half_of_the_best((case, k) in cases_up_to(9), lambda in 0.0_f64..2.0) {
        let case = without_negative_relevance(case);
        let value = |set: &[usize]| {
            let pairs: f64 = set.iter().enumerate().flat_map(|(at, &i)| set[..at].iter().map(move |&j| (i, j)))
                .map(|(i, j)| case.spread(i, j)).sum();
            set.iter().map(|&i| case.rel(i)).sum::<f64>() + lambda * pairs
        };
        let selector = MaxSum { lambda: NonNegative::new(lambda).expect("in range").into(), ..MaxSum::default() };
        let (reached, most) = (value(&case.select(&selector, k)), case.best_value(k, value));
        prop_assert!(reached >= 0.5 * most - 1e-7, "{reached} of {most}");
    }

    /// Half of the largest possible smallest distance, among sets that hold the most relevant or not.
    #[test]
    fn max_min_reaches_half_of_the_best((case, k) in cases_up_to(9)) {
        let count = k.min(case.m());
        prop_assume!(count >= 2);
        let least = |set: &[usize]| {
            let pairs = set.iter().enumerate().flat_map(|(at, &i)| set[..at].iter().map(move |&j| (i, j)));
            pairs.map(|(i, j)| case.distance(i, j)).fold(f64::INFINITY, f64::min)
        };
        let reached = least(&case.select(&MaxMin {}, k));
        let sets = (0..1_usize << case.m()).filter(|set| set.count_ones() as usize == count);
        let most = sets.map(|set| least(&case.members(set))).fold(0.0, f64::max);
        prop_assert!(!case.has_a_metric() || reached >= 0.5 * most - 1e-7, "{reached} of {most}");
    }

    /// With dispersion the objective is relevance and coverage, monotone submodular, plus a sum of distances: half of the
    /// best (Borodin, Lee & Ye 2012).
    #[test]
    fn dispersed_compression_reaches_half_of_the_best((case, k) in cases_up_to(8)) {
        let case = without_negative_relevance(case);
        prop_assume!(case.has_a_metric() && largest_distance(&case) > 0.0);
        let third = |value: f64| Fraction::new(value).expect("in range");
        let selector = SemanticCompression {
            a: third(0.4), b: third(0.3), c: third(0.3),
            diversity: swath_algorithms::selector::DiversityTerm::Dispersion,
            ..SemanticCompression::default()
        };
        let count = k.min(case.m());
        let value = |set: &[usize]| {
            let pairs: f64 = set.iter().enumerate().flat_map(|(at, &i)| set[..at].iter().map(move |&j| (i, j)))
                .map(|(i, j)| case.spread(i, j)).sum();
            let rel: f64 = set.iter().map(|&i| case.rel(i)).sum();
            0.4 * rel + 0.3 * count as f64 * covered(&case, Weights::Uniform, set) / case.m() as f64
                + 0.3 * pairs / (count.max(2) - 1) as f64
        };
        let (reached, most) = (value(&case.select(&selector, k)), case.best_value(count, value));
        prop_assert!(reached >= 0.5 * most - 1e-7, "{reached} of {most}");
    }
}

#[test]
fn kernels_that_claim_to_be_positive_semidefinite_are() {
    for space in SPACES {
        let case = Case::of(naive::irregular_cloud(space, 4, 12, 3));
        let all: Vec<usize> = (0..12).collect();
        let definite =
            Kernel::ALL.into_iter().filter(|kernel| kernel.fits(space.points) && kernel.is_positive_semidefinite());
        for kernel in definite {
            assert!(case.log_det(kernel, 1e-9, &all).is_finite(), "{} on {space}", kernel.name());
        }
    }
    // All sets of up to three members, the empty one too, and all strings of three bits.
    let members = |code: u32| (0..3).filter(move |member| code >> member & 1 == 1);
    let sets = (0..8).map(|code| Row::Set(members(code).collect()));
    let bits = (0..8_u32).map(|code| Row::Bits((0..3).map(|bit| code >> bit & 1 == 1).collect()));
    let (of_sets, of_bits) = (SPACES[4], SPACES[3]);
    for (space, rows) in [(of_sets, sets.collect::<Vec<_>>()), (of_bits, bits.collect())] {
        let case = Case::of(naive::Cloud { space, dim: 3, query: rows[3].clone(), rows });
        let all: Vec<usize> = (0..8).collect();
        assert!(case.log_det(Kernel::raw(space.distance), 1e-9, &all).is_finite(), "{space}");
    }
    // Eight directions 45 degrees apart: the clipped cosines have the eigenvalue 1 - 2 cos(45).
    let turned = |degrees: f64| [degrees.to_radians().cos() as f32, degrees.to_radians().sin() as f32];
    let fan: Vec<f32> = (0..8).flat_map(|step| turned(45.0 * f64::from(step))).collect();
    let case = Case::new(&fan, &[1.0, 0.3], Distance::Angular);
    let all: Vec<usize> = (0..8).collect();
    assert_eq!(case.log_det(Kernel::Cosine, 1e-9, &all), f64::NEG_INFINITY);
}
