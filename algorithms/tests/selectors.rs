//! Every registered selector against what all must keep to, and each against its definition and its theorem.

use proptest::prelude::*;
use swath_algorithms::kernel::{Kernel, median};
use swath_algorithms::params::Fraction;
use swath_algorithms::selector::greedy::{quantum, rounded};
use swath_algorithms::selector::{FacilityLocation, Mmr, Selector, SelectorParams, TopK, Weights};
use swath_algorithms::{Base, Distance, Pool, Query, Scratch, Vectors};

/// A pool of all of a small base, around one query.
struct Case {
    base: Base,
    pool: Pool,
}

impl Case {
    fn new(rows: &[f32], query: &[f32], distance: Distance) -> Self {
        let base = Base::from_values(rows, query.len(), distance).expect("finite");
        let queries = Vectors::new(query, query.len()).expect("finite");
        let mut pool = Pool::default();
        pool.fill(&base, Query::row(&queries, 0), 0..base.len() as u32, base.len(), &Scratch::default());
        Self { base, pool }
    }

    fn select(&self, selector: &(impl Selector + ?Sized), k: usize) -> Vec<usize> {
        let mut picked = vec![7; 3];
        selector.select(&self.base, &self.pool, k, &Scratch::default(), &mut picked);
        picked
    }

    fn m(&self) -> usize {
        self.pool.items.len()
    }

    fn similarity(&self, kernel: Kernel, i: usize, j: usize) -> f64 {
        let (i, j) = (self.pool.items[i].id, self.pool.items[j].id);
        kernel.value(self.base.measure(self.base.query(i as usize), j), self.pool.sigma)
    }

    fn rel(&self, i: usize) -> f64 {
        self.pool.items[i].score
    }

    /// The best of `values` over positions not in `picked`, by the house's order.
    fn best(&self, picked: &[usize], value: impl Fn(usize) -> f64) -> usize {
        let left = (0..self.m()).filter(|i| !picked.contains(i));
        left.min_by(|&a, &b| self.pool.items[a].best_first(value(a), &self.pool.items[b], value(b))).expect("some left")
    }

    /// MMR word for word.
    fn naive_mmr(&self, lambda: f64, k: usize) -> Vec<usize> {
        let kernel = Kernel::raw(self.base.distance());
        let mut picked = Vec::new();
        while picked.len() < k.min(self.m()) {
            let value = |i: usize| {
                let nearest = picked.iter().map(|&t| self.similarity(kernel, t, i)).fold(f64::NEG_INFINITY, f64::max);
                if picked.is_empty() { self.rel(i) } else { lambda * self.rel(i) - (1.0 - lambda) * nearest }
            };
            picked.push(self.best(&picked, value));
        }
        picked
    }

    fn weight(&self, weights: Weights, v: usize) -> f64 {
        match weights {
            Weights::Uniform => 1.0,
            Weights::Relevance => self.rel(v).max(0.0),
        }
    }

    /// The objective of facility location.
    fn covered(&self, weights: Weights, set: &[usize]) -> f64 {
        let kernel = Kernel::coverage(self.base.distance());
        let best = |v: usize| set.iter().map(|&r| self.similarity(kernel, r, v)).fold(0.0, f64::max);
        (0..self.m()).map(|v| self.weight(weights, v) * best(v)).sum()
    }

    /// Plain greedy: every gain of every item at every step; of equal gains the lower id.
    fn naive_facility_location(&self, weights: Weights, k: usize) -> Vec<usize> {
        let kernel = Kernel::coverage(self.base.distance());
        let mut unit = 0.0;
        let mut picked: Vec<usize> = Vec::new();
        while picked.len() < k.min(self.m()) {
            let gain = |i: usize| -> f64 {
                let terms = (0..self.m()).map(|v| {
                    let covered = picked.iter().map(|&r| self.similarity(kernel, r, v)).fold(0.0, f64::max);
                    self.weight(weights, v) * (self.similarity(kernel, i, v) - covered).max(0.0)
                });
                terms.sum()
            };
            let gains: Vec<f64> = (0..self.m()).map(gain).collect();
            if picked.is_empty() {
                unit = quantum(&gains);
            }
            let left = (0..self.m()).filter(|i| !picked.contains(i));
            let key = |i: usize| (rounded(gains[i], unit), std::cmp::Reverse(self.pool.items[i].id));
            picked.push(left.max_by(|&a, &b| key(a).partial_cmp(&key(b)).expect("numbers")).expect("some left"));
        }
        picked
    }
}

/// Small pools of few distinct values, so that duplicates, zero vectors and exact ties abound, or of any values.
fn cases() -> impl Strategy<Value = (Case, usize)> {
    let few = prop::sample::select(vec![-1.0_f32, 0.0, 0.0, 0.5, 1.0]).boxed();
    let any = (-2.0_f32..2.0).boxed();
    (1_usize..6, 1_usize..11, prop::sample::select(vec![few, any]), prop::sample::select(Distance::ALL.to_vec()))
        .prop_flat_map(|(d, m, value, distance)| {
            let rows = prop::collection::vec(value.clone(), m * d);
            let query = prop::collection::vec(value, d);
            (rows, query, Just(distance), 1..=m + 2)
        })
        .prop_map(|(rows, query, distance, k)| (Case::new(&rows, &query, distance), k))
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows: Vec<_> = (0..self.base.len()).map(|i| self.base.vectors().row(i)).collect();
        write!(f, "{:?} {rows:?} pool {:?}", self.base.distance(), self.pool)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// What holds for any selector: k different items (all, where k is larger), the same again on a second run, and
    /// with working memory that another query has used.
    #[test]
    fn every_selector_picks_k_different_items((case, k) in cases()) {
        for selector in SelectorParams::all() {
            let picked = case.select(&*selector, k);
            prop_assert_eq!(picked.len(), k.min(case.m()), "{} of {}", selector.name(), case.m());
            let mut sorted = picked.clone();
            sorted.sort_unstable();
            sorted.dedup();
            prop_assert_eq!(sorted.len(), picked.len(), "{} repeats an item", selector.name());
            prop_assert!(sorted.last().is_none_or(|&last| last < case.m()));
            prop_assert_eq!(case.select(&*selector, k), picked);
        }
    }

    #[test]
    fn mmr_is_its_definition((case, k) in cases(), lambda in prop::sample::select(vec![0.0, 0.3, 0.5, 0.9, 1.0])) {
        let mmr = Mmr { lambda: Fraction::new(lambda).expect("in range") };
        let picked = case.select(&mmr, k);
        prop_assert_eq!(picked[0], 0, "the first pick is the most relevant");
        prop_assert_eq!(picked, case.naive_mmr(lambda, k));
    }

    #[test]
    fn mmr_of_relevance_alone_is_top_k((case, k) in cases()) {
        let mmr = Mmr { lambda: Fraction::new(1.0).expect("in range") };
        prop_assert_eq!(case.select(&mmr, k), case.select(&TopK {}, k));
    }

    #[test]
    fn top_k_is_the_most_relevant((case, k) in cases()) {
        let picked = case.select(&TopK {}, k);
        for other in (0..case.m()).filter(|i| !picked.contains(i)) {
            prop_assert!(picked.iter().all(|&i| case.rel(i) >= case.rel(other)));
        }
    }

    #[test]
    fn lazy_facility_location_is_plain_greedy_item_for_item(
        (case, k) in cases(),
        weights in prop::sample::select(vec![Weights::Uniform, Weights::Relevance]),
    ) {
        prop_assert_eq!(case.select(&FacilityLocation { weights }, k), case.naive_facility_location(weights, k));
    }

    /// Nemhauser, Wolsey & Fisher's bound, against every subset; and the objective is monotone and submodular.
    #[test]
    fn facility_location_reaches_its_guarantee(
        (case, k) in cases(),
        weights in prop::sample::select(vec![Weights::Uniform, Weights::Relevance]),
    ) {
        let m = case.m();
        let members = |set: usize| (0..m).filter(|i| set >> i & 1 == 1).collect::<Vec<_>>();
        let value: Vec<f64> = (0..1_usize << m).map(|set| case.covered(weights, &members(set))).collect();
        let best = (0..1_usize << m).filter(|set| set.count_ones() as usize <= k).map(|set| value[set]).fold(0.0, f64::max);
        let reached = case.covered(weights, &case.select(&FacilityLocation { weights }, k));
        prop_assert!(reached >= (1.0 - (-1.0_f64).exp()) * best - 1e-9, "{reached} of {best}");
        for set in 0..1_usize << m {
            for item in (0..m).filter(|i| set >> i & 1 == 0) {
                let gain = value[set | 1 << item] - value[set];
                prop_assert!(gain >= -1e-12, "not monotone");
                for other in (0..m).filter(|&j| j != item && set >> j & 1 == 0) {
                    let later = value[set | 1 << other | 1 << item] - value[set | 1 << other];
                    prop_assert!(later <= gain + 1e-12, "not submodular");
                }
            }
        }
    }
}

/// Two pairs of mirror images: what is left after the first pick of each pair covers only itself and its image, so that
/// gains tie exactly in theory and only nearly in floating point. The lower id decides.
#[test]
fn true_ties_go_to_the_lower_id_and_not_to_rounding() {
    let turned = |degrees: f64| [degrees.to_radians().cos() as f32, degrees.to_radians().sin() as f32];
    for step in 1..40 {
        let angle = f64::from(step) * 0.7;
        let rows = [turned(90.0 + angle), turned(90.0 - angle), turned(-90.0 + angle), turned(-90.0 - angle)].concat();
        let case = Case::new(&rows, &[1.0, 0.0], Distance::Angular);
        let ids = |k| -> Vec<u32> {
            case.select(&FacilityLocation::default(), k).iter().map(|&i| case.pool.items[i].id).collect()
        };
        assert_eq!(ids(4), [0, 2, 1, 3], "at {angle} degrees");
    }
}

/// Pools beyond the size whose kernel is kept give what smaller memory would: the same rows, computed again.
#[test]
fn a_pool_too_large_to_keep_its_kernel_is_covered_the_same() {
    let rows: Vec<f32> = (0..1100 * 3).map(|i| ((i * 7919 + i / 7) % 1009) as f32 / 500.0 - 1.0).collect();
    let case = Case::new(&rows, &[0.3, -0.2, 0.5], Distance::Angular);
    let picked = case.select(&FacilityLocation::default(), 4);
    assert_eq!(picked, case.naive_facility_location(Weights::Uniform, 4));
}

#[test]
fn the_width_of_the_rbf_kernel_is_the_median_distance_of_the_pool() {
    let case = Case::new(&[1.0, 2.0, 4.0, 9.0], &[0.0], Distance::Euclidean);
    assert_eq!(case.pool.sigma, median(&mut [1.0, 2.0, 4.0, 9.0]));
    assert!((case.rel(0) - (-1.0_f64 / 18.0).exp()).abs() < 1e-15);
}

/// Rotating the space changes no angle and no length, so no ranking.
#[test]
fn rankings_do_not_depend_on_the_axes() {
    // Irregular values: among points of a lattice near-ties abound, and rounding decides those.
    let rows: Vec<f32> = (0..60).map(|i| ((i as f32 * 12.9898).sin() * 437.585).fract()).collect();
    let query = [0.4_f32, -0.3];
    let turn = |v: &[f32]| {
        let (s, c) = 0.7_f64.sin_cos();
        let turned = v.chunks(2).flat_map(|p| {
            let (x, y) = (f64::from(p[0]), f64::from(p[1]));
            [(c * x - s * y) as f32, (s * x + c * y) as f32]
        });
        turned.collect::<Vec<_>>()
    };
    for distance in Distance::ALL {
        let (straight, turned) = (Case::new(&rows, &query, distance), Case::new(&turn(&rows), &turn(&query), distance));
        for selector in SelectorParams::all() {
            let ids =
                |case: &Case| case.select(&*selector, 8).iter().map(|&i| case.pool.items[i].id).collect::<Vec<_>>();
            assert_eq!(ids(&straight), ids(&turned), "{} on {distance}", selector.name());
        }
    }
}
