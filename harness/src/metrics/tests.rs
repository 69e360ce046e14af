//! Every metric against a case worked out by hand, and against other libraries where they have it.

use super::*;
use crate::metrics::truth::{Memo, Truth};
use proptest::prelude::*;
use swath_algorithms::points::PointType;
use swath_algorithms::selector::{FacilityLocation, MaxMin, MaxSum, Mmr, SelectorParams};
use swath_algorithms::{Base, Distance, Item, Pool, Query, Vectors};
use swath_datasets::Stored;

/// A small dataset: unit vectors at these angles, or points on a line, and the query at 0.
struct World {
    base: Base,
    queries: Vectors,
    truth: Truth,
    selector: Option<SelectorParams>,
    groups: Vec<swath_algorithms::Groups>,
}

impl World {
    fn angles(degrees: &[f64]) -> Self {
        let rows: Vec<f32> =
            degrees.iter().flat_map(|a| [a.to_radians().cos() as f32, a.to_radians().sin() as f32]).collect();
        let base = Base::from_values(&rows, 2, Distance::Angular).expect("finite");
        let queries = Vectors::new(&[2.0, 0.0], 2).expect("finite");
        Self { base, queries, truth: truth(&[], &[]), selector: None, groups: Vec::new() }
    }

    fn line(points: &[f32]) -> Self {
        let base = Base::from_values(points, 1, Distance::Euclidean).expect("finite");
        let queries = Vectors::new(&[0.0], 1).expect("finite");
        Self { base, queries, truth: truth(&[], &[]), selector: None, groups: Vec::new() }
    }

    fn knowing(mut self, neighbors: &[u32], distances: &[f64]) -> Self {
        self.truth = Truth { subtopics: self.truth.subtopics, qrels: self.truth.qrels, ..truth(neighbors, distances) };
        self
    }

    fn with_subtopics(mut self, pairs: &[(u32, u32)]) -> Self {
        self.truth.subtopics = Some(pairs.to_vec());
        self
    }

    fn with_qrels(mut self, pairs: &[(u32, u32)]) -> Self {
        self.truth.qrels = Some(pairs.to_vec());
        self
    }

    /// One more kind of groups, by the label of each item.
    fn with_groups(mut self, kind: &str, labels: &[&str]) -> Self {
        self.groups.push(swath_algorithms::Groups::of_labels(kind, labels));
        self
    }

    /// The metric of these results, picked from `pool`, as if exactly this many had been asked for.
    fn of(&self, name: &str, returned: &[u32], pool: &[u32]) -> Option<f64> {
        self.of_k(name, returned, returned.len(), pool)
    }

    fn of_k(&self, name: &str, returned: &[u32], k: usize, pool: &[u32]) -> Option<f64> {
        let query = Query::vector(&self.queries, 0);
        let item = |&id: &u32| Item { id, distance: self.base.distance_to(query, id), rel: 0.0, score: 0.0 };
        let asked = AnsweredQuery {
            base: &self.base,
            query,
            returned,
            k,
            found: (pool, pool.len()),
            pool: &Pool { items: pool.iter().map(item).collect(), sigma: 1.0, ..Pool::default() },
            truth: &self.truth,
            selector: self.selector.as_ref(),
            groups: &self.groups,
            evaluations: Some([100, 20, 3]),
            seen: Seen::default(),
        };
        MetricName::find(name).unwrap_or_else(|| panic!("{name}")).value(&asked)
    }
}

fn truth(neighbors: &[u32], distances: &[f64]) -> Truth {
    let (neighbors, distances) = (neighbors.to_vec(), distances.to_vec());
    Truth {
        neighbors,
        distances,
        stored: Stored::Float64,
        subtopics: None,
        qrels: None,
        radii: Memo::default(),
        ideals: Memo::default(),
    }
}

fn close(found: Option<f64>, expected: f64) {
    let found = found.expect("defined");
    assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
}

#[test]
fn on_angular_data() {
    let subtopics = &[(0, 7), (0, 8), (1, 8), (3, 7), (3, 9)];
    let world =
        World::angles(&[0.0, 60.0, 120.0, 180.0]).knowing(&[0, 1, 2], &[0.0, 0.5, 1.5]).with_subtopics(subtopics);
    let of = |name: &str| world.of(name, &[0, 2], &[0, 1, 2]);
    close(of("recall"), 0.5);
    close(of("recall@1"), 1.0);
    close(of("pool-recall"), 1.0);
    close(of("relevance"), 0.25);
    close(of("relevance(kernel=geodesic)"), f64::midpoint(1.0, 1.0 / 3.0));
    // Gains 1 and 0 of at best 1 and 0.5.
    close(of("ndcg"), 1.0 / (1.0 + 0.5 / 3.0_f64.log2()));
    // Each of N has itself or a neighbour at 60 degrees.
    close(of("coverage"), (1.0 + 0.5 + 1.0) / 3.0);
    close(of("coverage(kernel=geodesic)"), (1.0 + 2.0 / 3.0 + 1.0) / 3.0);
    // Distances in N: 1/3, 1/3, 2/3, whose quarter quantile is 1/3: all are within it.
    close(of("ball-coverage"), 1.0);
    close(of("ball-coverage@1"), 2.0 / 3.0);
    close(of("redundancy"), -0.5);
    close(of("redundancy(kernel=cosine)"), 0.0);
    close(of("max-redundancy"), -0.5);
    close(of("diversity"), 120.0 / 180.0);
    close(of("diversity(kernel=cosine)"), 1.0);
    close(of("min-distance"), 120.0 / 180.0);
    close(of("mst"), 120.0 / 180.0);
    close(of("subtopic-recall"), 2.0 / 3.0);
    // Picking 0 covers 7 and 8, and 2 nothing; the ideal takes 0 (2), then 3 (1/2 for 7 and 1 for 9).
    close(of("alpha-ndcg"), 2.0 / (2.0 + 1.5 / 3.0_f64.log2()));
    // Two of three subtopics at rank 1, each with 1/2.
    close(of("err-ia"), 1.0 / 3.0);
    close(of("err-ia(normalise=ndeval)"), 1.0 / 3.0 / (0.5 + 0.25 / 2.0));
    close(of("nrbp"), 2.0 * 0.75 / 3.0);
    close(of("p-ia"), 2.0 / (2.0 * 3.0));
    // Two items cover 7, and two cover 8: of each, one is found at rank 1.
    close(of("map-ia"), (0.5 + 0.5 + 0.0) / 3.0);
    close(of("all-subtopics"), 0.0);
    close(of("ilad"), 1.5);
    // At 0 and 120 degrees, so that the sum is at 60.
    close(of("sum-cosine"), 0.5);
    close(of("evaluations"), 123.0);
    close(of("evaluations(stage=expand)"), 20.0);
}

#[test]
fn on_euclidean_data() {
    let world = World::line(&[1.0, 2.0, 4.0, 9.0]).knowing(&[0, 1, 2], &[1.0, 2.0, 4.0]);
    let of = |name: &str| world.of(name, &[0, 2], &[0, 2]);
    // Sigma is the median of 1, 2 and 4.
    let rbf = |d: f64| (-d * d / 8.0).exp();
    close(of("recall"), 0.5);
    close(of("recall-eps(epsilon=1)"), 1.0);
    close(of("relevance"), f64::midpoint(rbf(1.0), rbf(4.0)));
    close(of("coverage"), (1.0 + rbf(1.0) + 1.0) / 3.0);
    close(of("redundancy"), rbf(3.0));
    close(of("diversity"), 3.0);
    close(world.of("mst", &[0, 2, 3], &[0]), f64::midpoint(3.0, 5.0));
    close(world.of("min-distance", &[0, 2, 3], &[0]), 3.0);
    close(world.of("max-redundancy", &[0, 1, 3], &[0]), (rbf(1.0) + rbf(1.0) + rbf(7.0)) / 3.0);
    close(world.of("duplicates(above=0.8)", &[0, 1, 3], &[0]), 1.0 / 3.0);
    assert_eq!(of("subtopic-recall"), None);
    assert_eq!(of("ndcg-qrels"), None);
}

/// Results 0, 3 and 1 cover 7 and 8, then 7 and 9, then 8.
#[test]
fn subtopics_are_weighed_by_rank_and_novelty() {
    let subtopics = &[(0, 7), (0, 8), (1, 8), (3, 7), (3, 9)];
    let world = World::angles(&[0.0, 60.0, 120.0, 180.0]).with_subtopics(subtopics);
    let of = |name: &str| world.of(name, &[0, 3, 1], &[]);
    close(of("all-subtopics"), 1.0);
    close(of("all-subtopics@1"), 0.0);
    // Gains 2, 1/2 + 1 and 1/2, each worth half of the one before.
    close(of("nrbp"), 0.75 / 3.0 * (2.0 + 1.5 / 2.0 + 0.5 / 4.0));
    // Nothing is lost by repetition: gains 2, 2 and 1.
    close(of("nrbp(alpha=0)"), 0.5 / 3.0 * (2.0 + 2.0 / 2.0 + 1.0 / 4.0));
    // The reader sees the first alone.
    close(of("nrbp(beta=0)"), 2.0 / 3.0);
    close(of("p-ia"), 5.0 / 9.0);
    close(of("map-ia"), (f64::midpoint(1.0, 1.0) + f64::midpoint(1.0, 2.0 / 3.0) + 0.5) / 3.0);
    let satisfied = 2.0 * 0.5 + f64::midpoint(0.25, 0.5) + 0.25 / 3.0;
    close(of("err-ia"), satisfied / 3.0);
    close(of("err-ia(normalise=ndeval)"), satisfied / 3.0 / (0.5 + 0.25 / 2.0 + 0.125 / 3.0));
    close(of("err-ia(normalise=ndeval)@1"), 2.0 / 3.0);
    // Three of four were returned: a missing result covers nothing.
    let short = |name: &str| world.of_k(name, &[0, 3, 1], 4, &[]);
    close(short("p-ia"), 5.0 / 12.0);
    close(short("nrbp"), 0.75 / 3.0 * (2.0 + 1.5 / 2.0 + 0.5 / 4.0));
    // Each of ten results covers the only subtopic.
    let items: Vec<u32> = (0..10).collect();
    let one = World::angles(&[0.0; 10]).with_subtopics(&items.iter().map(|&item| (item, 4)).collect::<Vec<_>>());
    for name in ["all-subtopics", "p-ia", "map-ia", "err-ia(normalise=ndeval)"] {
        close(one.of(name, &items, &[]), 1.0);
    }
    close(one.of("nrbp", &items, &[]), 1.0 - 0.25_f64.powi(10));
    let none = World::angles(&[0.0]).with_subtopics(&[]);
    for name in ["all-subtopics", "nrbp", "p-ia", "map-ia", "err-ia(normalise=ndeval)"] {
        assert_eq!(none.of(name, &[0], &[]), None, "{name} of a query without subtopics");
    }
}

/// Lengths count in a sum, unless points are directions; what cancels out has no direction.
#[test]
fn a_sum_of_results_has_a_cosine() {
    let rows = [3.0_f32, 0.0, 0.0, 4.0, -3.0, 0.0, 0.0, 0.0];
    let world = |distance, query: [f32; 2]| World {
        base: Base::from_values(&rows, 2, distance).expect("finite"),
        queries: Vectors::new(&query, 2).expect("finite"),
        truth: truth(&[], &[]),
        selector: None,
        groups: Vec::new(),
    };
    for distance in [Distance::Euclidean, Distance::InnerProduct] {
        close(world(distance, [2.0, 0.0]).of("sum-cosine", &[0, 1], &[]), 3.0 / 5.0);
        close(world(distance, [2.0, 0.0]).of("sum-cosine", &[0, 0, 1], &[]), 6.0 / 52.0_f64.sqrt());
        close(world(distance, [0.0, -1.0]).of("sum-cosine", &[0, 1], &[]), -4.0 / 5.0);
        close(world(distance, [2.0, 0.0]).of("sum-cosine", &[0, 2], &[]), 0.0);
    }
    let of = |returned: &[u32]| world(Distance::Angular, [2.0, 0.0]).of("sum-cosine", returned, &[]);
    close(of(&[0, 1]), 0.5_f64.sqrt());
    close(of(&[0, 1, 3]), 0.5_f64.sqrt());
    close(of(&[0, 2]), 0.0);
    close(of(&[3]), 0.0);
    assert_eq!(of(&[]), None);
    close(world(Distance::Euclidean, [0.0, 0.0]).of("sum-cosine", &[0, 1], &[]), 0.0);
    close(world(Distance::Euclidean, [1.0, 0.0]).of("ilad", &[0, 1, 2], &[]), (1.0 + 1.0 + 2.0) / 3.0);
}

/// At sigma 1, of the points 0, 1 and 10 greedy takes 1 of {0, 1} first, by id, and then 10.
#[test]
fn objective_ratio_is_one_for_greedy_and_less_for_others() {
    let world = World::line(&[0.0, 1.0, 10.0]);
    let near = (-0.5_f64).exp();
    close(world.of("objective-ratio", &[0, 2], &[0, 1, 2]), 1.0);
    close(world.of("objective-ratio", &[0, 1], &[0, 1, 2]), 2.0 / (2.0 + near));
    close(world.of("objective-ratio@1", &[2, 1], &[0, 1, 2]), 1.0 / (1.0 + near));
}

/// Of the points 0, 1 and 10 at sigma 1, the best two for coverage hold 10; the best two for distances are 0 and 10.
#[test]
fn optimum_ratio_is_what_a_selector_reaches_of_its_own_best() {
    let world = |selector| World { selector: Some(selector), ..World::line(&[0.0, 1.0, 10.0]) };
    let near = (-0.5_f64).exp();
    let covering = world(SelectorParams::FacilityLocation(FacilityLocation::default()));
    close(covering.of("optimum-ratio", &[0, 2], &[0, 1, 2]), 1.0);
    close(covering.of("optimum-ratio", &[0, 1], &[0, 1, 2]), 2.0 / (2.0 + near));
    let far = world(SelectorParams::MaxMin(MaxMin {}));
    close(far.of("optimum-ratio", &[1, 2], &[0, 1, 2]), 0.9);
    assert_eq!(far.of("optimum-ratio", &[1], &[0, 1, 2]), None, "one item is no pair");
    // Relevance is 0 in this world, and each distance counts a tenth of a sigma.
    let sum = world(SelectorParams::MaxSum(MaxSum::default()));
    close(sum.of("optimum-ratio", &[0, 1], &[0, 1, 2]), 0.1);
    // Less than asked for, not in the pool, no objective, no selector, a pool that is too large.
    assert_eq!(sum.of_k("optimum-ratio", &[0, 1], 3, &[0, 1, 2]), None);
    assert_eq!(sum.of("optimum-ratio", &[0, 2], &[0, 1]), None);
    assert_eq!(world(SelectorParams::Mmr(Mmr::default())).of("optimum-ratio", &[0, 1], &[0, 1, 2]), None);
    assert_eq!(World::line(&[0.0, 1.0]).of("optimum-ratio", &[0, 1], &[0, 1]), None);
    let points: Vec<f32> = (0..26_u8).map(f32::from).collect();
    let many = World { selector: Some(SelectorParams::MaxMin(MaxMin {})), ..World::line(&points) };
    let pool: Vec<u32> = (0..26).collect();
    assert_eq!(many.of("optimum-ratio", &[0, 25], &pool), None);
    close(many.of("optimum-ratio", &[0, 12], &pool[..25]), 0.5);
}

#[test]
fn spectra_of_the_same_and_of_the_different() {
    let world = World::angles(&[0.0, 90.0, 0.0]);
    close(world.of("vendi", &[0, 1], &[]), 2.0);
    close(world.of("vendi", &[0, 2], &[]), 1.0);
    // Eigenvalues 2/3 and 1/3.
    let (a, b) = (2.0_f64 / 3.0, 1.0_f64 / 3.0);
    close(world.of("vendi", &[0, 1, 2], &[]), (-a * a.ln() - b * b.ln()).exp());
    close(world.of("vendi(q=2)", &[0, 1, 2], &[]), 1.0 / (a * a + b * b));
    close(world.of("vendi(q=0)", &[0, 1, 2], &[]), 2.0);
    // A large order leaves only the largest share, 1 / a; near order 1 the value is that at 1.
    close(world.of("vendi(q=100000)", &[0, 1, 2], &[]).map(f64::ln), -a.max(b).ln() * 1e5 / (1e5 - 1.0));
    close(world.of("vendi(q=1.000000000000001)", &[0, 1, 2], &[]), (-a * a.ln() - b * b.ln()).exp());
    close(world.of("log-volume", &[0, 1], &[]), 2.0 * 1.000_001_f64.ln());
    close(world.of("log-volume", &[0, 2], &[]), 2.000_001_f64.ln() + 1e-6_f64.ln());
    // Two that have nothing in common are two states; two equals are one.
    close(world.of("spectral-entropy", &[0, 1], &[]), 1.0);
    close(world.of("spectral-entropy", &[0, 2], &[]), 0.0);
}

/// Results 3 (relevant), 1 (not judged), 0 (not relevant), 2 (relevant) of three relevant items, by hand.
#[test]
fn relevant_results_are_counted_by_rank() {
    let world = World::angles(&[0.0, 10.0, 20.0, 30.0, 40.0]).with_qrels(&[(0, 0), (2, 1), (3, 3), (4, 1)]);
    let of = |name: &str| world.of(name, &[3, 1, 0, 2], &[]);
    close(of("precision"), 0.5);
    close(of("precision@1"), 1.0);
    close(of("recall-qrels"), 2.0 / 3.0);
    close(of("map"), (1.0 + 2.0 / 4.0) / 3.0);
    close(of("map@3"), 1.0 / 3.0);
    close(of("r-precision"), 1.0 / 3.0);
    close(of("judged"), 0.75);
    // Two of four were returned: the others are not relevant.
    let short = |name: &str| world.of_k(name, &[2, 3], 4, &[]);
    close(short("precision"), 0.5);
    close(short("map"), 2.0 / 3.0);
    close(short("r-precision"), 2.0 / 3.0);
    close(short("judged"), 1.0);
    let nobody = World::angles(&[0.0]).with_qrels(&[]);
    assert_eq!(nobody.of("judged", &[0], &[]), None);
}

#[test]
fn metrics_of_judgements() {
    let world = World::angles(&[0.0, 10.0, 20.0, 30.0]).with_qrels(&[(0, 0), (2, 1), (3, 3)]);
    let of = |name: &str| world.of(name, &[0, 2, 3], &[]);
    close(of("hit"), 1.0);
    close(of("hit@1"), 0.0);
    close(of("mrr"), 0.5);
    let second = 1.0 / 3.0_f64.log2();
    close(of("ndcg-qrels"), (second + 1.5) / (3.0 + second));
    close(of("ndcg-qrels(gain=exponential)"), (second + 3.5) / (7.0 + second));
    let none = World::angles(&[0.0]).with_qrels(&[(0, 0)]);
    assert_eq!(none.of("hit", &[0], &[]), None, "nothing relevant to be hit");
    assert_eq!(none.of("judged", &[0], &[]), Some(1.0));
}

/// Recall counts by distance, not by id: a result as near as the k-th neighbour is one.
#[test]
fn recall_forgives_ties_and_a_thousandth() {
    let world = || World::line(&[1.0, 2.0, 4.0, 9.0]);
    close(world().knowing(&[0], &[1.9995]).of("recall", &[1], &[1]), 1.0);
    close(world().knowing(&[0], &[1.998]).of("recall", &[1], &[1]), 0.0);
}

#[test]
fn too_few_results_lower_recall_and_leave_pairs_undefined() {
    let world = World::line(&[1.0, 2.0, 4.0, 9.0]).knowing(&[0, 1], &[1.0, 2.0]).with_subtopics(&[]);
    let of = |name| world.of_k(name, &[0], 2, &[0]);
    close(of("recall"), 0.5);
    close(of("recall@1"), 1.0);
    for pairs in ["redundancy", "max-redundancy", "duplicates", "diversity", "min-distance", "mst"] {
        assert_eq!(of(pairs), None, "{pairs}");
    }
    assert_eq!(of("subtopic-recall"), None, "a query without subtopics has no share of them");
    for name in MetricParams::NAMES {
        let nothing = world.of_k(name, &[], 2, &[]);
        assert!(nothing.is_none_or(f64::is_finite), "{name} of nothing");
    }
}

#[test]
fn every_name_is_read_back() {
    for name in
        ["recall", "recall@5", "vendi(q=2)", "coverage(kernel=rbf)@7", "ball-coverage(kernel=geodesic, quantile=0.5)"]
    {
        let metric = MetricName::find(name).expect(name);
        assert_eq!((metric.name(), MetricName::find(name)), (name, Some(metric)));
        assert_eq!(serde_json::to_value(metric).expect("text"), name);
    }
    let same = |a: &str, b: &str| {
        let read = |text| serde_json::from_str::<MetricName>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(read(a), read(b));
    };
    same(r#""vendi(q=1)""#, r#""vendi""#);
    same(r#"{"vendi@3": {"q": 2}}"#, r#""vendi( q = 2.0 )@3""#);
    same(r#"{"recall": {}}"#, r#""recall""#);
    for wrong in [
        "\"recal\"",
        "\"recall@0\"",
        "\"recall@x\"",
        "\"vendi(q=-1)\"",
        "\"vendi(q\"",
        "\"vendi(q)\"",
        "\"recall(q=1)\"",
        "3",
        "{}",
    ] {
        assert!(serde_json::from_str::<MetricName>(wrong).is_err(), "{wrong}");
    }
    assert_eq!(MetricName::find("coverage(kernel=rbf)@7").expect("read").file_name(), "coverage-kernel-rbf-7");
}

#[test]
fn metrics_that_cannot_be_computed_say_why() {
    let setting = MetricSetting {
        k: 1,
        largest_pool: 200,
        stored_neighbors: 100,
        subtopics: false,
        qrels: false,
        groups: &[],
        kind: PointType::Dense,
    };
    let impossible = MetricName::all().filter(|metric| metric.possible(&setting).is_err()).map(MetricName::name);
    let expected = [
        "pool-recall",
        "redundancy",
        "max-redundancy",
        "duplicates",
        "diversity",
        "min-distance",
        "mst",
        "subtopic-recall",
        "alpha-ndcg",
        "err-ia",
        "hit",
        "mrr",
        "ndcg-qrels",
        "recall-qrels",
        "precision",
        "map",
        "r-precision",
        "judged",
        "optimum-ratio",
        "groups",
        "largest-group",
        "all-subtopics",
        "nrbp",
        "p-ia",
        "map-ia",
        "ilad",
    ];
    assert_eq!(impossible.collect::<Vec<_>>(), expected);
    let kinds = ["seller".to_owned(), "document".to_owned(), "a, b".to_owned()];
    let setting = MetricSetting {
        k: 10,
        largest_pool: 10,
        stored_neighbors: 5,
        subtopics: true,
        qrels: true,
        groups: &kinds,
        kind: PointType::Dense,
    };
    for (name, fine) in [
        ("recall@5", true),
        ("recall@6", false),
        ("coverage@11", false),
        ("diversity@1", false),
        ("evaluations@5", false),
        ("vendi(kernel=cosine)", false),
        ("spectral-entropy(kernel=gram)", false),
        ("objective-ratio(kernel=gram)", false),
        ("optimum-ratio", true),
        ("optimum-ratio@5", false),
        ("ndcg@5", true),
        ("groups", false),
        ("groups(group=seller)@3", true),
        ("largest-group(group=shop)", false),
    ] {
        assert_eq!(MetricName::find(name).expect(name).possible(&setting).is_ok(), fine, "{name}");
    }
    for (kind, points) in [(PointType::Bits, "bits"), (PointType::Sets, "sets")] {
        for (name, instead) in [("ilad", "diversity"), ("sum-cosine", "relevance")] {
            let refused = MetricName::find(name).expect(name).possible(&MetricSetting { kind, ..setting });
            let expected = format!("it compares directions, and {points} have none; leave it out, or use `{instead}`");
            assert_eq!(refused.expect_err("no directions").to_string(), expected);
        }
    }
    for name in ["ilad", "sum-cosine"] {
        let sparse = MetricSetting { kind: PointType::Sparse, ..setting };
        assert!(MetricName::find(name).expect(name).possible(&sparse).is_ok(), "{name}");
    }
}

#[test]
fn groups_of_results_and_the_largest_of_them() {
    let world = World::angles(&[0.0, 10.0, 20.0, 30.0, 40.0]).with_groups("seller", &["a", "b", "", "a", ""]);
    let of = |name: &str, returned: &[u32]| world.of(name, returned, &[]);
    // Sellers a and b, and two items of no seller.
    assert_eq!(of("groups", &[0, 1, 2, 3, 4]), Some(4.0));
    assert_eq!(of("largest-group", &[0, 1, 2, 3, 4]), Some(0.4));
    assert_eq!((of("groups", &[3, 0]), of("largest-group", &[3, 0])), (Some(1.0), Some(1.0)));
    assert_eq!((of("groups", &[2, 4]), of("largest-group", &[4, 2])), (Some(2.0), Some(0.5)));
    assert_eq!((of("groups@2", &[1, 0, 3, 4]), of("largest-group@3", &[1, 0, 3])), (Some(2.0), Some(2.0 / 3.0)));
    assert_eq!((of("groups(group=seller)", &[0, 3]), of("groups(group=shop)", &[0, 3])), (Some(1.0), None));
    // Of fewer results than were asked for.
    assert_eq!(world.of_k("largest-group", &[0, 3, 1], 10, &[]), Some(2.0 / 3.0));
    assert_eq!((of("groups", &[]), of("largest-group", &[])), (Some(0.0), None));
    let two = world.with_groups("shelf", &["x", "x", "x", "y", "y"]);
    let of = |name: &str| two.of(name, &[0, 1, 2, 3], &[]);
    assert_eq!((of("groups"), of("largest-group")), (None, None), "it is not said which kind");
    assert_eq!((of("groups(group=shelf)"), of("largest-group(group=shelf)")), (Some(2.0), Some(0.75)));
    assert_eq!(of("groups(group=seller)"), Some(3.0));
}

/// A kind of groups may be called as no part of a metric's name can be.
#[test]
fn a_metric_whose_name_cannot_be_read_back_is_refused() {
    for kind in ["a,b", "a@5", "7", "true", "\"a\"", " a", &"long".repeat(40)] {
        let metric: MetricName =
            serde_json::from_value(serde_json::json!({ "groups": { "group": kind } })).expect("a metric");
        let kinds = [kind.to_owned()];
        let setting = MetricSetting {
            k: 5,
            largest_pool: 9,
            stored_neighbors: 9,
            subtopics: false,
            qrels: false,
            groups: &kinds,
            kind: PointType::Dense,
        };
        let refused = metric.possible(&setting).expect_err(kind);
        assert!(refused.help.contains("short names"), "{refused}");
        let only = MetricName::find("groups").expect("a metric");
        assert_eq!(only.possible(&setting), Ok(()), "without its name the only kind is fine");
    }
}

/// Gains are 2^grade - 1 whatever the grades: 2^1600 - 1 and 2^1599 - 1 are as 2 to 1, and what is far below counts for nothing.
#[test]
fn grades_beyond_what_a_number_can_hold() {
    let world = World::angles(&[0.0, 10.0, 20.0]).with_qrels(&[(0, 1599), (1, 1600), (2, 3)]);
    let second = 1.0 / 3.0_f64.log2();
    close(world.of("ndcg-qrels(gain=exponential)", &[0, 1], &[]), (0.5 + second) / (1.0 + 0.5 * second));
    close(world.of("ndcg-qrels(gain=exponential)", &[2, 0], &[]), 0.5 * second / (1.0 + 0.5 * second));
    let small = World::angles(&[0.0, 10.0]).with_qrels(&[(0, 1), (1, 2)]);
    close(small.of("ndcg-qrels(gain=exponential)", &[0, 1], &[]), (1.0 + 3.0 * second) / (3.0 + second));
}

/// Powers that round to 0 or exceed what a number can hold: of two orthogonal pairs the largest share is a half, at any order.
#[test]
fn no_parameter_makes_a_spectrum_undefined() {
    let world = World::angles(&[0.0, 90.0, 0.0, 90.0]);
    close(world.of("vendi(q=5000)", &[0, 1, 2, 3], &[]), 2.0);
    close(world.of("vendi(q=1000000)", &[0, 1], &[]), 2.0);
    close(world.of("spectral-entropy(t=1000000)", &[0, 1], &[]), 1.0);
    let thirds = World::angles(&[0.0, 90.0, 0.0]);
    // exp(q / (1 - q) * ln(2/3) + ln(1 + 2^-q) / (1 - q)) tends to 3/2.
    close(thirds.of("vendi(q=1000000)", &[0, 1, 2], &[]), 1.5);
}

/// Copies, scaled so that their cosine is rounded, are at distance 0, and cover each other.
/// A caption on a page is about one dataset.
#[test]
fn a_definition_names_only_what_its_data_have() {
    for name in MetricParams::NAMES {
        let metric = MetricName::find(name).expect(name);
        for distance in Distance::ALL {
            let about = metric.about_on(Some(distance));
            if ["ilad", "sum-cosine"].contains(name) && distance != Distance::InnerProduct {
                // Cosines of any vectors; bits and sets are refused.
                continue;
            }
            let others: &[&str] = match distance {
                Distance::Euclidean => &["angular", "angle", "cosine", "for ip", "inner product", "Jaccard"],
                Distance::Angular => &["angular", "euclidean", "for ip", "inner product", "Jaccard"],
                Distance::InnerProduct => &["angular", "euclidean", "for ip", "Jaccard"],
                Distance::Hamming | Distance::Jaccard => {
                    &["angular", "angle", "cosine", "euclidean", "for ip", "inner product", "vector"]
                }
            };
            for text in [about.definition, about.range] {
                assert!(others.iter().all(|other| !text.contains(other)), "{name} on {distance}: {text}");
            }
        }
    }
    let of = |name: &str, distance| MetricName::find(name).expect("a metric").about_on(Some(distance));
    assert!(of("diversity", Distance::InnerProduct).definition.contains("angle of two results / pi"));
    assert!(of("diversity(kernel=gram)", Distance::Angular).definition.contains("1 - similarity"));
    assert_eq!(of("diversity(kernel=gram)", Distance::Angular).range, "0 to 2");
    assert_eq!(of("relevance", Distance::InnerProduct).definition, "mean inner product of the results with the query");
    assert_eq!(
        (of("redundancy", Distance::Jaccard).range, of("redundancy", Distance::Angular).range),
        ("0 to 1", "-1 to 1")
    );
}

/// A vector of zeros has no direction: it is like itself, and like nothing else.
#[test]
fn a_vector_of_zeros_is_like_itself_alone() {
    let ten = 10_f64.to_radians();
    let rows = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [(ten.cos()) as f32, (ten.sin()) as f32]];
    for distance in [Distance::InnerProduct, Distance::Angular, Distance::Euclidean] {
        let world = World {
            base: Base::from_values(rows.as_flattened(), 2, distance).expect("finite"),
            queries: Vectors::new(&[2.0, 0.0], 2).expect("finite"),
            truth: truth(&[0, 1, 3], &[0.0, 0.5, 1.0]),
            selector: None,
            groups: Vec::new(),
        };
        let of = |name: &str, returned: &[u32]| world.of(name, returned, &[0, 1, 2, 3]);
        close(of("vendi(kernel=gram)", &[0]), 1.0);
        close(of("vendi(kernel=gram)", &[0, 1, 2]), 3.0);
        close(of("vendi(q=2,kernel=gram)", &[0, 1, 2]), 3.0);
        close(of("log-volume(kernel=gram)", &[0, 1, 2]), 3.0 * 1e-6_f64.ln_1p());
        close(of("spectral-entropy(kernel=cosine)", &[0, 1, 2]), 3.0_f64.log2());
        close(of("coverage(kernel=cosine)", &[0]), 1.0 / 3.0);
        close(of("redundancy(kernel=gram)", &[0, 1]), 0.0);
        // 1 - similarity in N: 1, 1 and nearly 0; the zeros are within a quarter quantile of themselves alone.
        close(of("ball-coverage(kernel=cosine)", &[0]), 1.0 / 3.0);
        if distance != Distance::Euclidean {
            close(of("vendi", &[0, 1, 2]), 3.0);
            close(of("log-volume", &[0, 1, 2]), 3.0 * 1e-6_f64.ln_1p());
            close(of("spectral-entropy", &[0, 1, 2]), 3.0_f64.log2());
            close(of("coverage", &[0]), 1.0 / 3.0);
            close(of("ball-coverage", &[0]), 1.0 / 3.0);
            close(of("diversity", &[0, 1]), 0.5);
        }
    }
}

#[test]
fn copies_have_distance_zero() {
    let rows: Vec<f32> =
        [1.0, 3.0, 7.0, 49.0].iter().flat_map(|by| [0.1_f32, 0.7, 0.3].map(|v| (v * 1024.0).round() * by)).collect();
    let base = Base::from_values(&rows, 3, Distance::Angular).expect("finite");
    let queries = Vectors::new(&[1.0, 2.0, 3.0], 3).expect("finite");
    let world = World { base, queries, truth: truth(&[0, 1, 2, 3], &[0.1; 4]), selector: None, groups: Vec::new() };
    for metric in ["diversity", "min-distance", "mst", "diversity(kernel=geodesic)"] {
        assert_eq!(world.of(metric, &[0, 1, 2, 3], &[]), Some(0.0), "{metric}");
    }
    assert_eq!(world.of("ball-coverage", &[2], &[]), Some(1.0));
}

/// On angular data the rbf kernel is of the L2 distance: the short vector at 60 degrees is nearer to the query, of length 2,
/// than no other is, though the long one has its direction.
#[test]
fn the_ideal_is_the_kernels_own() {
    let rows = [9.0_f32, 0.0, 1.0, 1.0, 0.0, 2.0];
    let base = Base::from_values(&rows, 2, Distance::Angular).expect("finite");
    let queries = Vectors::new(&[2.0, 0.0], 2).expect("finite");
    let world = World { base, queries, truth: truth(&[0, 1], &[0.0, 0.292_893_2]), selector: None, groups: Vec::new() };
    // Squared distances 49, 2 and 8; sigma is the median of 7 and sqrt 2.
    let sigma = f64::midpoint(7.0, 2.0_f64.sqrt());
    let gain = |squared: f64| (-squared / (2.0 * sigma * sigma)).exp();
    let second = 1.0 / 3.0_f64.log2();
    let ideal = gain(2.0) + gain(8.0) * second;
    close(world.of("ndcg(kernel=rbf)", &[0, 1], &[]), (gain(49.0) + gain(2.0) * second) / ideal);
    assert_eq!(world.of("ndcg(kernel=rbf)", &[1, 2], &[]), Some(1.0));
    assert_eq!(world.of("ndcg(kernel=rbf)@1", &[1, 2], &[]), Some(1.0));
}

/// The k-th distance is stored 0.01 too small: less than half of 2^-5, the spacing of single precision there.
#[test]
fn recall_counts_what_was_rounded_off() {
    let world = |stored| {
        let base = Base::from_values(&[390_000.0, 390_000.02, 390_000.06], 1, Distance::Euclidean).expect("finite");
        let truth = Truth { stored, ..truth(&[0], &[389_999.99]) };
        let queries = Vectors::new(&[0.0], 1).expect("finite");
        World { base, queries, truth, selector: None, groups: Vec::new() }
    };
    for metric in ["recall", "recall-eps(epsilon=0)"] {
        assert_eq!(world(Stored::Float64).of(metric, &[0], &[0]), Some(0.0), "{metric}");
        assert_eq!(world(Stored::Integer).of(metric, &[0], &[0]), Some(0.0), "{metric}");
        assert_eq!(world(Stored::Float32).of(metric, &[0], &[0]), Some(1.0), "{metric}");
        assert_eq!(world(Stored::Float32).of(metric, &[2], &[0]), Some(0.0), "{metric}");
    }
    assert_eq!(world(Stored::Float32).of("pool-recall", &[0], &[0]), Some(1.0));
}

proptest! {
    /// Base vectors and query times a power of two: metrics that are lengths are multiplied, the others stay as they are.
    /// (`recall` and `pool-recall` add ann-benchmarks' 0.001 to a distance, whatever its unit.)
    #[test]
    fn lengths_follow_the_unit_and_nothing_else_does(
        rows in prop::collection::vec(-2.0_f32..2.0, 24),
        query in prop::collection::vec(-2.0_f32..2.0, 2),
        power in prop::sample::select(vec![-20, -3, 1, 12, 30]),
        distance in prop::sample::select(vec![Distance::Euclidean, Distance::Angular]),
    ) {
        let values = |unit: f32| -> Vec<(&str, Option<f64>)> {
            let times = |values: &[f32]| values.iter().map(|value| value * unit).collect::<Vec<_>>();
            let base = Base::from_values(&times(&rows), 2, distance).expect("finite");
            let queries = Vectors::new(&times(&query), 2).expect("finite");
            let (query, mut pool) = (Query::vector(&queries, 0), Pool::default());
            pool.fill(&base, query, 0..12, 8, &swath_algorithms::Scratch::default());
            let neighbors: Vec<u32> = pool.items.iter().map(|item| item.id).collect();
            let distances: Vec<f64> = pool.items.iter().map(|item| item.distance).collect();
            let truth = Truth {
                subtopics: Some(vec![(0, 1), (3, 2), (5, 1)]),
                qrels: Some(vec![(1, 2), (4, 1)]),
                ..truth(&neighbors, &distances)
            };
            let asked = AnsweredQuery {
                base: &base,
                query,
                returned: &[4, 0, 3, 7, 9],
                k: 5,
                found: (&neighbors, 8),
                pool: &pool,
                truth: &truth,
                selector: None,
                groups: &[],
                evaluations: Some([12, 0, 40]),
                seen: Seen::default(),
            };
            let judged = MetricName::all().filter(|metric| !["recall", "pool-recall"].contains(&metric.name()));
            judged.map(|metric| (metric.name(), metric.value(&asked))).collect()
        };
        let unit = 2.0_f32.powi(power);
        for ((name, before), (_, after)) in values(1.0).into_iter().zip(values(unit)) {
            let is_length = distance == Distance::Euclidean && ["diversity", "min-distance", "mst"].contains(&name);
            let expected = before.map(|value| if is_length { value * f64::from(unit) } else { value });
            prop_assert_eq!(after, expected, "{} of {} data times 2^{}", name, distance, power);
        }
    }
}

/// Stored values are checked against the range that a reader sees, if it is in numbers.
#[test]
fn bounds_agree_with_the_range_that_readers_see() {
    for metric in MetricName::all() {
        let (least, most) = metric.params().bounds(10);
        let expected = match metric.about().range {
            "0 to 1" if metric.kind() != "alpha-ndcg" => Some((0.0, 1.0)),
            "-1 to 1" => Some((-1.0, 1.0)),
            "from 0" => Some((0.0, f64::INFINITY)),
            _ => None,
        };
        assert!(least < most && expected.is_none_or(|expected| expected == (least, most)), "{}", metric.name());
        // An inner product may be any number.
        let has_least = !metric.about().range.ends_with("any for ip");
        assert!(metric.can_be(f64::NAN, 10) && !metric.can_be(f64::INFINITY, 10), "{}", metric.name());
        assert_eq!(metric.can_be(-200.0, 10), !has_least, "{}", metric.name());
    }
    let recall = MetricName::find("recall@5").expect("a metric");
    assert!(recall.can_be(1.0, 10) && !recall.can_be(1.01, 10) && !recall.can_be(-0.01, 10));
}

/// Recall from rounded distances is one number, unless rounding may have moved a distance across the threshold.
#[test]
fn recall_is_computed_again_from_rounded_distances() {
    let metric = MetricName::find("recall@2").expect("a metric");
    let within = metric.within(&[0.5, 0.75, 0.9], Stored::Float64, 3).expect("defined");
    assert!(within.of == 2 && (within.distance - 0.751).abs() < 1e-12, "{within:?}");
    assert_eq!(within.recalls([0.5_f32, 0.7501].into_iter()), (1.0, 1.0));
    assert_eq!(within.recalls([0.5_f32, 0.76].into_iter()), (0.5, 0.5));
    assert_eq!(within.recalls([0.5_f32, 0.751].into_iter()), (0.5, 1.0), "it may lie on either side");
    assert_eq!(within.recalls(std::iter::empty()), (0.0, 0.0));
    assert!(metric.within(&[], Stored::Float64, 3).is_none());
    assert_eq!(
        metric.within(&[0.5], Stored::Float64, 3).map(|within| within.of),
        Some(1),
        "a query with one neighbour"
    );
    assert!(MetricName::find("coverage").expect("a metric").within(&[0.5, 0.75], Stored::Float64, 2).is_none());
}

/// The name of a metric with a tiny parameter fits into a file name, and is read back as the same metric.
#[test]
fn names_of_the_smallest_and_the_largest_numbers_are_short() {
    for (name, label) in [
        ("recall-eps(epsilon=5e-324)", "recall-eps(epsilon=5e-324)"),
        ("recall-eps(epsilon=1e-300)", "recall-eps(epsilon=1e-300)"),
        ("recall-eps(epsilon=1e-9)", "recall-eps(epsilon=0.000000001)"),
    ] {
        let metric = MetricName::find(name).expect("a metric");
        assert_eq!(metric.name(), label);
        assert!(MetricName::find(metric.name()).is_some_and(|other| other == metric), "{name}");
        assert!(metric.file_name().len() < 40, "{}", metric.file_name());
    }
}

/// The canonical JSON of every metric's parameters, and its name, written down once: trial ids hash them. What is refused
/// stands beside it.
#[test]
fn the_canonical_json_of_parameters_is_what_it_was() {
    let kernels = ["\"cosine\"", "\"gram\"", "\"rbf\"", "\"geodesic\"", "\"fisher-rao\"", "null", "3", "\"cosin\""];
    let kernels = kernels.iter().map(|kernel| format!("{{\"kernel\": {kernel}}}"));
    let written: Vec<String> = ["{}".to_owned(), "{\"colour\": 1}".to_owned()].into_iter().chain(kernels).collect();
    let mut lines = Vec::new();
    for name in MetricParams::NAMES {
        for parameters in &written {
            let text = format!("{{\"{name}\": {parameters}}}");
            let canonical = match serde_json::from_str::<MetricParams>(&text) {
                Ok(params) => serde_json::to_value(params).expect("parameters are JSON").to_string(),
                Err(error) => format!("refused: {error}"),
            };
            let label = serde_json::from_str::<MetricName>(&text).map(MetricName::name).unwrap_or_default();
            lines.push(format!("{name}: {parameters}\n    {canonical} {label}"));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// The metric that speaks for what people judged, with cuts and parameters, and where it is not a headline metric.
#[test]
fn what_people_judged_has_a_metric_that_speaks_for_it() {
    let of = |names: &[&'static str]| -> Option<&'static str> {
        let metrics: Vec<MetricName> = names.iter().map(|name| MetricName::find(name).expect(name)).collect();
        MetricName::of_judgements(&metrics).map(|at| names[at])
    };
    assert_eq!(of(&["recall", "coverage", "judged"]), None);
    assert_eq!(of(&["recall", "ndcg-qrels", "alpha-ndcg", "subtopic-recall"]), Some("subtopic-recall"));
    assert_eq!(of(&["recall", "ndcg-qrels", "alpha-ndcg", "subtopic-recall@5"]), Some("alpha-ndcg"));
    assert_eq!(of(&["coverage", "hit", "ndcg-qrels"]), Some("ndcg-qrels"));
    assert_eq!(of(&["coverage", "hit", "ndcg-qrels(gain=exponential)@5"]), Some("ndcg-qrels(gain=exponential)@5"));
    assert_eq!(of(&["coverage", "judged", "mrr@3", "nrbp"]), Some("mrr@3"));
}

/// The lists that were kept by name before `About` said it.
#[test]
fn usual_headline_and_cost_metrics_are_those_of_old() {
    let usual_with = |qrels, subtopics, groups| -> Vec<_> {
        MetricName::usual(qrels, subtopics, groups).into_iter().map(MetricName::name).collect()
    };
    let usual = |qrels, subtopics| usual_with(qrels, subtopics, false);
    let others = ["pool-recall", "relevance", "coverage", "redundancy", "diversity"];
    assert_eq!(usual(false, false), [&["recall"], &others[..]].concat());
    assert_eq!(usual(false, true), [&["recall", "subtopic-recall"], &others[..]].concat());
    assert_eq!(usual_with(false, false, true), [&["recall"], &others[..], &["groups", "largest-group"]].concat());
    let judged = ["hit", "mrr", "recall-qrels", "judged"];
    assert_eq!(usual(true, false), [&["recall", "ndcg-qrels"], &others[..], &judged].concat());
    let mut ranked: Vec<_> =
        MetricName::all().filter_map(|metric| Some((metric.headline_rank()?, metric.name()))).collect();
    ranked.sort_unstable();
    let headlines = ["subtopic-recall", "alpha-ndcg", "ndcg-qrels", "coverage", "diversity", "recall"];
    assert_eq!(ranked, (1..).zip(headlines).collect::<Vec<_>>());
    assert_eq!(MetricName::find("recall@5").expect("a metric").headline_rank(), None);
    assert_eq!(MetricName::find("coverage(kernel=rbf)").expect("a metric").headline_rank(), None);
    let apart = MetricName::all().filter(|metric| matches!(metric.family(), Family::Recall | Family::Cost));
    assert_eq!(apart.map(MetricName::name).collect::<Vec<_>>(), ["recall", "recall-eps", "pool-recall", "evaluations"]);
}
