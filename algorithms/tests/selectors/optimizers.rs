//! How sets are found beside the greedy choice, against all sets of small pools.

use crate::guarantees::monotone_submodular;
use crate::naive::SPACES;
use crate::support::{Case, cases_up_to};
use proptest::prelude::*;
use swath_algorithms::kernel::Kernel;
use swath_algorithms::params::{Fraction, NonNegative, PartialFraction};
use swath_algorithms::selector::{
    DiversityTerm, Dpp, GraphCut, MaxMin, MaxSum, PairWeight, RelevanceGain, Selector, SelectorParams,
    SemanticCompression, Spread, SumOptimizer, Weights,
};
use swath_algorithms::{Distance, Scratch};

/// `sum of rel + lambda * sum of pairwise distances`, from distances that are computed once.
struct Objective {
    rel: Vec<f64>,
    distances: Vec<Vec<f64>>,
    lambda: f64,
}

impl Objective {
    fn new(case: &Case, spread: Spread, lambda: f64) -> Self {
        let distance = |i: usize, j: usize| match spread {
            Spread::Metric => case.spread(i, j),
            Spread::Cosine if i == j => 0.0,
            Spread::Cosine => 1.0 - case.similarity(Kernel::Gram, i, j),
        };
        let m = case.m();
        let distances = (0..m).map(|i| (0..m).map(|j| distance(i, j)).collect()).collect();
        Self { rel: (0..m).map(|i| case.rel(i)).collect(), distances, lambda }
    }

    fn value(&self, set: &[usize]) -> f64 {
        let pairs: f64 =
            set.iter().enumerate().flat_map(|(at, &i)| set[..at].iter().map(move |&j| self.distances[i][j])).sum();
        set.iter().map(|&i| self.rel[i]).sum::<f64>() + self.lambda * pairs
    }

    /// The largest value of all sets of exactly `count`.
    fn best(&self, case: &Case, count: usize) -> f64 {
        let sets = (0..1_usize << case.m()).filter(|set| set.count_ones() as usize == count);
        sets.map(|set| self.value(&case.members(set))).fold(f64::NEG_INFINITY, f64::max)
    }

    /// How much `i` gains greedily beside `picked`.
    fn gain(&self, share: f64, picked: &[usize], i: usize) -> f64 {
        share * self.rel[i] + self.lambda * picked.iter().map(|&t| self.distances[t][i]).sum::<f64>()
    }

    fn slack(&self) -> f64 {
        1e-7 * (1.0 + self.lambda)
    }
}

fn spreads(case: &Case, cosine: bool) -> Spread {
    if cosine && case.base.distance().of_items() == Distance::Angular { Spread::Cosine } else { Spread::Metric }
}

fn max_sum(lambda: f64, distance: Spread, full: bool, optimizer: SumOptimizer) -> MaxSum {
    let greedy = if full { RelevanceGain::Full } else { RelevanceGain::Half };
    MaxSum { lambda: NonNegative::new(lambda).expect("in range").into(), distance, greedy, optimizer }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Every optimizer returns different items in the order of a greedy choice among them.
    #[test]
    fn optimizers_of_max_sum_are_what_they_say(
        (case, k) in cases_up_to(12), lambda in prop_oneof![0.0_f64..3.0, Just(0.0), Just(100.0)], cosine in any::<bool>(), full in any::<bool>(),
    ) {
        let spread = spreads(&case, cosine);
        let objective = Objective::new(&case, spread, lambda);
        let (count, slack) = (k.min(case.m()), objective.slack());
        let select = |optimizer| case.select(&max_sum(lambda, spread, full, optimizer), k);
        let greedy = select(SumOptimizer::Greedy);
        let (swapped, relaxed, exact) =
            (select(SumOptimizer::Swap), select(SumOptimizer::FrankWolfe), select(SumOptimizer::Exact));
        let most = objective.best(&case, count);
        prop_assert!((objective.value(&exact) - most).abs() <= slack, "{} of {most}", objective.value(&exact));
        prop_assert!(objective.value(&swapped) >= objective.value(&greedy) - slack);
        for (slot, &out) in swapped.iter().enumerate() {
            for into in (0..case.m()).filter(|i| !swapped.contains(i)) {
                let mut other = swapped.clone();
                other[slot] = into;
                prop_assert!(objective.value(&other) <= objective.value(&swapped) + slack, "{into} for {out} gains");
            }
        }
        // Equal parts, each with the reward that makes whole items best.
        let (m, part) = (case.m() as f64, count as f64 / case.m() as f64);
        let all = objective.distances.iter().flatten();
        let largest = all.clone().copied().fold(0.0, f64::max);
        let reward = 0.5 * lambda * largest * (m * part * part - count as f64);
        let equal = part * objective.rel.iter().sum::<f64>() + 0.5 * lambda * part * part * all.sum::<f64>() + reward;
        prop_assert!(objective.value(&relaxed) >= equal - slack, "{} of {equal}", objective.value(&relaxed));
        let share = if full { 1.0 } else { 0.5 };
        for picked in [&greedy, &swapped, &relaxed, &exact] {
            let different: std::collections::BTreeSet<&usize> = picked.iter().collect();
            prop_assert!(different.len() == count && picked.len() == count);
            for (step, &pick) in picked.iter().enumerate() {
                let gain = |i: usize| objective.gain(share, &picked[..step], i);
                let best = picked[step..].iter().map(|&i| gain(i)).fold(f64::NEG_INFINITY, f64::max);
                prop_assert!(gain(pick) >= best - slack, "step {step}: {} for {best}", gain(pick));
            }
        }
    }

    /// Where no swap gains, at least half of the best, whatever greedy began with.
    #[test]
    fn swaps_reach_half_of_the_best((mut case, k) in cases_up_to(10), lambda in 0.0_f64..3.0, full in any::<bool>()) {
        case.pool.items.iter_mut().for_each(|item| item.score = item.score.max(0.0));
        case.pool.keep_best(case.m());
        prop_assume!(case.has_a_metric());
        let objective = Objective::new(&case, Spread::Metric, lambda);
        let reached = objective.value(&case.select(&max_sum(lambda, Spread::Metric, full, SumOptimizer::Swap), k));
        let most = objective.best(&case, k.min(case.m()));
        prop_assert!(reached >= 0.5 * most - objective.slack(), "{reached} of {most}");
    }

    /// With all of the relevance, and with the weight that the pool gives, word for word.
    #[test]
    fn adaptive_weights_are_their_definition((case, k) in cases_up_to(12), cosine in any::<bool>(), full in any::<bool>()) {
        let spread = spreads(&case, cosine);
        let greedy = if full { RelevanceGain::Full } else { RelevanceGain::Half };
        let adaptive = MaxSum { lambda: PairWeight::Adaptive, distance: spread, greedy, optimizer: SumOptimizer::Greedy };
        prop_assume!(adaptive.check(&case.setting()).is_ok());
        let picked = case.select(&adaptive, k);
        let mut objective = Objective::new(&case, spread, 0.0);
        let (m, count) = (case.m(), k.min(case.m()));
        let relevance = objective.rel.iter().sum::<f64>() / m as f64;
        if count > 1 && relevance > 0.0 {
            let pairs: Vec<f64> = (0..m).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| 1.0 - objective.distances[i][j]).collect();
            let similarity = (pairs.iter().sum::<f64>() / pairs.len() as f64).max(1e-6);
            objective.lambda = relevance / ((count - 1) as f64 / 2.0 * similarity);
        }
        let share = if full { 1.0 } else { 0.5 };
        for (step, &pick) in picked.iter().enumerate() {
            let gain = |i: usize| objective.gain(share, &picked[..step], i);
            let left = (0..m).filter(|i| !picked[..step].contains(i));
            let best = left.map(gain).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(gain(pick) >= best - objective.slack(), "step {step}, {}: {} for {best}", objective.lambda, gain(pick));
        }
    }

    /// Every objective is its definition, and no set of its size is better than the one that is found.
    #[test]
    fn objectives_are_their_definitions_and_the_best_set_is_found((case, k) in cases_up_to(9), lambda in 0.0_f64..3.0) {
        let (m, count, scratch) = (case.m(), k.min(case.m()), Scratch::default());
        for (name, selector, value) in objectives(lambda) {
            if selector.check(&case.setting()).is_err() {
                continue;
            }
            let function = selector.objective(&case.request(k), &scratch).expect("a small pool");
            let sets: Vec<Vec<usize>> = (0..1_usize << m).filter(|set| set.count_ones() as usize == count).map(|set| case.members(set)).collect();
            let (mut most, mut largest) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
            for set in &sets {
                let (ours, expected) = (function.value(set), value(&case, lambda, count, set));
                // A determinant of nearly 0 is rounding.
                let is_known = expected.is_finite() && (name != "dpp" || expected > -18.0);
                prop_assert!(!is_known || (ours - expected).abs() <= 1e-6 * (1.0 + lambda), "{name}: {ours} for {expected}");
                most = most.max(ours);
                largest = largest.max(expected);
            }
            // Where that is so of every set, which of them is best is rounding, and whether any has a determinant above 0.
            if name == "dpp" && largest <= -18.0 {
                continue;
            }
            let mut best = Vec::new();
            let reached = function.best(&mut best);
            prop_assert_eq!(reached, (most > f64::NEG_INFINITY).then(|| function.value(&best)), "{}", name);
            if let Some(reached) = reached.filter(|reached| reached.is_finite()) {
                prop_assert!(reached >= most - 1e-9 * (1.0 + most.abs()), "{name}: {reached} of {most}");
                prop_assert!(best.len() == count && best.windows(2).all(|pair| pair[0] < pair[1]));
                prop_assert!(function.share(&best).is_none_or(|share| (share - 1.0).abs() < 1e-9), "{name}");
                let greedy = function.share(&case.select(&*selector, k));
                prop_assert!(greedy.is_none_or(|share| share < 1.0 + 1e-9), "{name}");
                let is_empty = most <= 0.0 || most == f64::INFINITY;
                prop_assert_eq!(greedy.is_none(), is_empty && name != "dpp", "{}: {}", name, most);
            }
        }
    }
}

type Literal = Box<dyn Fn(&Case, f64, usize, &[usize]) -> f64>;

/// Every selector that maximises a function of a set, with that function word for word.
fn objectives(lambda: f64) -> Vec<(&'static str, SelectorParams, Literal)> {
    let weight = || NonNegative::new(lambda).expect("in range");
    let part = |value: f64| Fraction::new(value).expect("in range");
    let mut all: Vec<(&str, SelectorParams, Literal)> = Vec::new();
    for (name, selector, value) in monotone_submodular() {
        all.push((name, selector, Box::new(move |case, _, k, set| value(case, k, set))));
    }
    let penalised = SelectorParams::GraphCut(GraphCut { lambda: weight(), ..GraphCut::default() });
    all.push((
        "any graph cut",
        penalised,
        Box::new(|case, lambda, _, set| {
            let kernel = Kernel::coverage(case.base.distance());
            let s =
                |r: usize, v: usize| if r == v && !case.row(r).is_zero() { 1.0 } else { case.similarity(kernel, r, v) };
            let to = |of: &[usize]| {
                set.iter().flat_map(|&r| of.iter().map(move |&v| (r, v))).map(|(r, v)| s(r, v)).sum::<f64>()
            };
            to(&(0..case.m()).collect::<Vec<_>>()) - lambda * to(set)
        }),
    ));
    let sum = SelectorParams::MaxSum(MaxSum { lambda: weight().into(), ..MaxSum::default() });
    all.push((
        "max-sum",
        sum,
        Box::new(|case, lambda, _, set| Objective::new(case, Spread::Metric, lambda).value(set)),
    ));
    all.push((
        "max-min",
        SelectorParams::MaxMin(MaxMin {}),
        Box::new(|case, _, _, set| {
            let pairs = set.iter().enumerate().flat_map(|(at, &i)| set[..at].iter().map(move |&j| (i, j)));
            pairs.map(|(i, j)| case.spread(i, j)).fold(f64::INFINITY, f64::min)
        }),
    ));
    let theta = PartialFraction::new(0.4).expect("in range");
    all.push((
        "dpp",
        SelectorParams::Dpp(Dpp { theta, ..Dpp::default() }),
        Box::new(|case, _, _, set| {
            let scale = 0.4 / 0.6;
            scale * set.iter().map(|&i| case.rel(i)).sum::<f64>()
                + case.log_det(Kernel::raw(case.base.distance()), 0.0, set)
        }),
    ));
    let dispersed = SemanticCompression {
        a: part(0.4),
        b: part(0.3),
        c: part(0.3),
        diversity: DiversityTerm::Dispersion,
        ..SemanticCompression::default()
    };
    all.push((
        "dispersed compression",
        SelectorParams::SemanticCompression(dispersed),
        Box::new(|case, _, count, set| {
            let kernel = Kernel::coverage(case.base.distance());
            let best = |v: usize| set.iter().map(|&r| case.similarity(kernel, r, v)).fold(0.0, f64::max);
            let covered: f64 = (0..case.m()).map(|v| case.weight(Weights::Uniform, 1.0, v) * best(v)).sum();
            let diverse = Objective::new(case, Spread::Metric, 0.3 / (count.max(2) - 1) as f64);
            let of_relevance: f64 = set.iter().map(|&i| 0.6 * case.rel(i)).sum();
            diverse.value(set) - of_relevance + 0.3 * count as f64 * covered / case.m() as f64
        }),
    ));
    all
}

/// The selectors that maximise a function of a set whose best is looked for.
const WITH_SET_FUNCTIONS: [&str; 8] = [
    "facility-location",
    "semantic-compression",
    "max-sum",
    "max-min",
    "dpp",
    "graph-cut",
    "saturated-coverage",
    "flvmi",
];

/// A pool of 25 has a best set, a larger one none.
#[test]
fn the_best_set_is_looked_for_in_small_pools_alone() {
    for (size, is_small) in [(25, true), (26, false)] {
        for space in SPACES {
            let case = Case::of(crate::naive::irregular_cloud(space, 6, size, 3));
            for selector in SelectorParams::all() {
                let has_one = WITH_SET_FUNCTIONS.contains(&selector.name());
                let function = selector.objective(&case.request(10), &Scratch::default()).is_some();
                assert_eq!(function, is_small && has_one, "{} of {size} on {space}", selector.name());
            }
        }
        let case = Case::of(crate::naive::irregular_cloud(SPACES[1], 6, size, 3));
        let by = |optimizer| case.select(&max_sum(0.3, Spread::Metric, false, optimizer), 10);
        assert!(is_small || by(SumOptimizer::Exact) == by(SumOptimizer::Swap), "{size}");
    }
}

/// On a line, the query at 0: greedy takes 0, then the two ends; the best three are the ends and what is next to one of them.
#[test]
fn a_swap_finds_what_greedy_passed_by() {
    let case = Case::new(&[0.0, 1.0, -1.0, 10.0, -10.0, 9.5, -9.5], &[0.0], Distance::Euclidean);
    let objective = Objective::new(&case, Spread::Metric, 1.0);
    let select = |optimizer| objective.value(&case.select(&max_sum(1.0, Spread::Metric, false, optimizer), 4));
    let (greedy, swapped, exact) =
        (select(SumOptimizer::Greedy), select(SumOptimizer::Swap), select(SumOptimizer::Exact));
    assert!(greedy < swapped - 0.01, "{greedy}, {swapped}");
    assert!((swapped - exact).abs() < 1e-9, "{swapped}, {exact}");
}
