//! Each check finds the fault that is planted for it, and nothing in data without fault.

use super::*;
use crate::dataset::Dataset;
use crate::generate::{Distribution, Duplicates, Gaussian, Generated, Sphere, Zipf};
use crate::ground_truth;
use rand_chacha::ChaCha8Rng;
use swath_algorithms::params::{Count, NonNegative, PartialFraction};
use swath_algorithms::points::{Bits, Sets};
use swath_algorithms::{Distance, Points, Vectors, random};

fn drawn(generate: Distribution, distance: Distance) -> Dataset {
    let [n, dimension, queries] = [600, 12, 40].map(|count| Count::new(count).expect("in range"));
    Generated { generate, n, dimension, queries, distance, seed: 3 }.dataset().expect("points")
}

fn plain() -> Dataset {
    drawn(Distribution::Gaussian(Gaussian {}), Distance::Euclidean)
}

fn values(points: &Points) -> Vec<f32> {
    let vectors = points.dense().expect("dense");
    (0..vectors.rows()).flat_map(|row| vectors.row(row)).copied().collect()
}

fn vectors(values: &[f32], dim: usize) -> Points {
    Vectors::new(values, dim).expect("finite").into()
}

/// A dataset with its true neighbours.
fn of(train: Points, test: Points, distance: Distance, count: usize) -> Dataset {
    let neighbors = ground_truth::compute(&Base::new(train.clone(), distance), &test, count);
    Dataset::of_points(train, test, distance, neighbors)
}

/// The findings of a check.
fn look(dataset: &Dataset, check: &str) -> Vec<Finding> {
    audit(dataset, 0)
        .into_iter()
        .filter(|checked| checked.check == check)
        .flat_map(|checked| checked.findings)
        .collect()
}

/// The only finding of a check.
fn one(dataset: &Dataset, check: &str) -> Finding {
    let found = look(dataset, check);
    assert_eq!(found.len(), 1, "{check}: {found:?}");
    found[0].clone()
}

#[test]
fn data_without_fault_are_fine() {
    for (name, distribution) in
        [("gaussian", Distribution::Gaussian(Gaussian {})), ("sphere", Distribution::Sphere(Sphere {}))]
    {
        let distance = if name == "sphere" { Distance::Angular } else { Distance::Euclidean };
        let found = audit(&drawn(distribution, distance), 0);
        let all: Vec<&Finding> = found.iter().flat_map(|checked| &checked.findings).collect();
        assert!(
            found.len() == CHECKS.len() && all.iter().all(|one| one.severity == Severity::Fine),
            "{name} {found:?}"
        );
        assert!(all.iter().all(|one| one.remedy.is_none() && one.share.is_none()));
    }
}

/// Of all types, at any number of threads.
#[test]
fn an_audit_repeats() {
    let few = Distribution::Zipf(Zipf {});
    for dataset in [plain(), drawn(few.clone(), Distance::Jaccard), drawn(few, Distance::InnerProduct)] {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| audit(&dataset, 7))
        };
        assert_eq!(with(1), with(3));
    }
}

#[test]
fn empty_rows_are_found() {
    let mut rows = values(&plain().train);
    rows[24..36].fill(0.0);
    rows[60..72].fill(-0.0);
    let test = plain().test;
    let finding = one(&of(vectors(&rows, 12), test.clone(), Distance::Angular, 20), "empty rows");
    assert_eq!((finding.severity, finding.share, finding.example), (Severity::Warning, Some([2, 600]), Some(2)));
    assert!(
        finding.what.starts_with("2 of 600 base points are all zeros; the first is row 2; such a vector has no angle")
    );
    let finding = one(&of(vectors(&rows, 12), test, Distance::Euclidean, 20), "empty rows");
    assert_eq!(finding.severity, Severity::Note);
    let sets: Points = Sets::from_rows(&[vec![1_u32, 2], vec![], vec![3]], 5).expect("ascending").into();
    let finding = one(&of(sets.gather(&[0, 2]), sets, Distance::Jaccard, 2), "empty rows");
    assert_eq!((finding.share, finding.example), (Some([1, 3]), Some(1)));
    assert!(finding.what.starts_with("1 of 3 queries is without members"), "{}", finding.what);
}

#[test]
fn exact_copies_and_leaks_are_found() {
    let data = plain();
    let ids: Vec<usize> = (0..600).chain([5, 5, 80]).collect();
    let (train, test) = (data.train.gather(&ids), data.test.gather(&[0, 1, 2, 1, 3]));
    let copied = of(train.clone(), test, Distance::Euclidean, 20);
    let finding = one(&copied, "exact copies");
    assert_eq!((finding.severity, finding.share, finding.example), (Severity::Warning, Some([3, 603]), Some(600)));
    assert_eq!(finding.what, "3 of 603 base points equal an earlier one: row 600 equals row 5");
    let finding = one(&copied, "repeated queries");
    assert_eq!((finding.share, finding.example), (Some([1, 5]), Some(3)));
    assert_eq!(one(&copied, "queries among the base points").severity, Severity::Fine);

    let leaking = of(train.clone(), train.gather(&[7, 80]), Distance::Euclidean, 20);
    let finding = one(&leaking, "queries among the base points");
    assert_eq!((finding.severity, finding.share, finding.example), (Severity::Warning, Some([2, 2]), Some(0)));
    assert_eq!(finding.what, "2 of 2 queries equal a base point: query 0 equals base point 7");
    // Bits, sets and sparse vectors are compared alike.
    for (distribution, distance) in [
        (Distribution::Gaussian(Gaussian {}), Distance::Hamming),
        (Distribution::Zipf(Zipf {}), Distance::Jaccard),
        (Distribution::Zipf(Zipf {}), Distance::InnerProduct),
    ] {
        let data = drawn(distribution, distance);
        let apart = one(&data, "queries among the base points").share.map_or(0, |[count, _]| count);
        let joined = of(data.train.clone(), data.train.gather(&(0..50).collect::<Vec<_>>()), distance, 20);
        assert_eq!(one(&joined, "queries among the base points").share, Some([50, 50]), "{distance}");
        assert!(apart < 40);
    }
}

#[test]
fn near_copies_are_found() {
    let with = |share: f64, near: f64| {
        let share = PartialFraction::new(share).expect("in range");
        let copies = Duplicates { share, near: NonNegative::new(near).expect("in range") };
        one(&drawn(Distribution::Duplicates(copies), Distance::Euclidean), "near copies")
    };
    for (share, least, most) in [(0.3, 60, 140), (0.5, 120, 185)] {
        let finding = with(share, 0.001);
        let Some([count, 200]) = finding.share else { panic!("{finding:?}") };
        // Copies and their originals.
        assert!(finding.severity == Severity::Warning && (least..most).contains(&count), "{share}: {finding:?}");
    }
    // Exact copies are counted elsewhere; there are no others.
    assert_eq!((with(0.3, 0.0).severity, with(0.0, 0.1).severity), (Severity::Fine, Severity::Fine));
    // By angle a longer copy is a copy.
    let data = drawn(Distribution::Gaussian(Gaussian {}), Distance::Angular);
    let rows = values(&data.train);
    let longer: Vec<f32> = rows.iter().copied().chain(rows.iter().map(|x| 3.0 * x)).collect();
    let finding = one(&of(vectors(&longer, 12), data.test, Distance::Angular, 20), "near copies");
    assert_eq!((finding.severity, finding.share), (Severity::Warning, Some([200, 200])));
    let half = of(vectors(&longer[..600 * 12 + 200 * 12], 12), vectors(&rows[..24], 12), Distance::Angular, 20);
    let finding = one(&half, "near copies");
    assert!(finding.severity == Severity::Warning && finding.what.contains(", as a chord)"), "{finding:?}");
}

/// Rows drawn by a function of a seeded stream.
fn rows(seed: u64, n: usize, dim: usize, draw: &dyn Fn(&mut ChaCha8Rng, &mut [f32])) -> Vec<f32> {
    let mut all = vec![0.0; n * dim];
    let mut rng = random::stream(seed, "test rows", 0);
    all.chunks_exact_mut(dim).for_each(|row| draw(&mut rng, row));
    all
}

fn normal_row(rng: &mut ChaCha8Rng, row: &mut [f32]) {
    row.iter_mut().for_each(|x| *x = random::normal(rng) as f32);
}

fn uniform_row(rng: &mut ChaCha8Rng, row: &mut [f32]) {
    row.iter_mut().for_each(|x| *x = random::uniform(rng) as f32);
}

/// Lengths with a heavy tail.
fn long_row(rng: &mut ChaCha8Rng, row: &mut [f32]) {
    normal_row(rng, row);
    let length = (1.5 * random::normal(rng)).exp() as f32;
    row.iter_mut().for_each(|x| *x *= length);
}

/// Values with a heavy tail.
fn skewed_row(rng: &mut ChaCha8Rng, row: &mut [f32]) {
    row.iter_mut().for_each(|x| *x = (1.5 * random::normal(rng)).exp() as f32);
}

/// In few dimensions chance brings points together, and heavy tails make most points look near.
#[test]
fn points_without_copies_have_no_near_ones() {
    type Draw = fn(&mut ChaCha8Rng, &mut [f32]);
    let draws: [(&str, Draw); 4] =
        [("normal", normal_row), ("uniform", uniform_row), ("lengths", long_row), ("values", skewed_row)];
    for (name, draw) in draws {
        for dim in [1, 2, 8, 64] {
            for seed in 0..3 {
                let (train, test) = (rows(seed, 1000, dim, &draw), rows(100 + seed, 100, dim, &draw));
                let data = of(vectors(&train, dim), vectors(&test, dim), Distance::Euclidean, 1);
                for check in ["near copies", "queries near base points"] {
                    let finding = one(&data, check);
                    assert!(finding.severity < Severity::Warning, "{name} {dim} {seed}: {finding:?}");
                }
            }
        }
    }
}

/// Copies with noise of a thousandth of the length, in a third of the points, in all, and in groups.
#[test]
fn planted_near_copies_are_counted() {
    for (dim, distance) in [(8, Distance::Euclidean), (64, Distance::Euclidean), (64, Distance::Angular)] {
        for (originals, copies, size) in [(1000, 333, 1e-3), (700, 700, 1e-3), (150, 900, 1e-3), (50, 950, 5e-4)] {
            let mut train = rows(1, originals, dim, &normal_row);
            let noise = rows(2, copies, dim, &normal_row);
            for copy in 0..copies {
                let noisy = (0..dim).map(|i| train[copy % originals * dim + i] + size * noise[copy * dim + i]);
                train.extend(noisy.collect::<Vec<_>>());
            }
            let n = originals + copies;
            let data = of(vectors(&train, dim), vectors(&noise[..dim], dim), distance, 1);
            let sampled = random::sample(&mut random::stream(0, "audited rows", 0), n, 200);
            let is_one = |row: usize| row >= originals || row < copies;
            let expected = sampled.iter().filter(|&&row| is_one(row)).count();
            let finding = one(&data, "near copies");
            assert_eq!((finding.severity, finding.share), (Severity::Warning, Some([expected, 200])), "{dim} {copies}");
        }
    }
}

#[test]
fn queries_near_base_points_are_found() {
    let data = plain();
    let base = values(&data.train);
    let noise = rows(5, 40, 12, &normal_row);
    let with = |distance, query: &dyn Fn(usize) -> f32| {
        let queries: Vec<f32> = (0..40 * 12).map(query).collect();
        let data = of(data.train.clone(), vectors(&queries, 12), distance, 20);
        (one(&data, "queries near base points"), one(&data, "queries among the base points").severity)
    };
    // By angle a longer one is the same, whatever rounding did.
    let (near, exact) = with(Distance::Angular, &|i| 3.0 * base[i]);
    assert_eq!((near.severity, exact), (Severity::Fine, Severity::Warning));
    let leaks: [(Distance, &dyn Fn(usize) -> f32); 3] = [
        (Distance::Angular, &|i| base[i] + 1e-6 * noise[i]),
        (Distance::InnerProduct, &|i| base[i] + 1e-6 * noise[i]),
        (Distance::Euclidean, &|i| base[i] + 1e-6 * noise[i]),
    ];
    for (distance, query) in leaks {
        let (finding, exact) = with(distance, query);
        assert_eq!((finding.severity, finding.share), (Severity::Warning, Some([40, 40])), "{distance}: {finding:?}");
        assert!(finding.what.contains("far nearer to a base point"), "{}", finding.what);
        assert_eq!(exact, Severity::Fine, "they are not equal");
    }
    // Longer is elsewhere by euclidean distance; half of the queries.
    assert_eq!(with(Distance::Euclidean, &|i| 3.0 * base[i]).0.severity, Severity::Fine);
    let (half, _) = with(Distance::Euclidean, &|i| if i < 240 { base[i] + 1e-6 * noise[i] } else { 2.0 * noise[i] });
    assert_eq!(half.share, Some([20, 40]));
}

#[test]
fn wrong_true_neighbours_are_explained() {
    let mut data = plain();
    data.neighbors.distances.iter_mut().for_each(|distance| *distance *= *distance);
    let finding = one(&data, "true neighbours");
    assert_eq!((finding.severity, finding.share), (Severity::Warning, Some([20, 20])));
    assert!(finding.what.contains("the ids are right, but the stored distances are squared"), "{}", finding.what);
    let remedy = finding.remedy.expect("a remedy");
    assert_eq!(remedy, "metrics that use them will be wrong until `distances` is computed again");
    let mut none = plain();
    none.neighbors.ids.fill(crate::NO_ID);
    none.neighbors.distances.fill(f64::INFINITY);
    assert_eq!(one(&none, "true neighbours").what, "there are none");
}

#[test]
fn ties_are_counted_where_answers_end() {
    // Whole numbers on a line: for a query at 100 two are at each distance but 0; of a query at 0 all differ.
    let line: Vec<f32> = (0..201_u8).map(f32::from).collect();
    let tied = of(vectors(&line, 1), vectors(&[100.0, 0.0, 90.0], 1), Distance::Euclidean, 13);
    let found = look(&tied, "ties");
    // Neighbours 10 and 11 are both 5 away, 12 and 13 both 6.
    assert_eq!(found.iter().map(|one| one.share).collect::<Vec<_>>(), [Some([2, 3]), Some([2, 3])]);
    assert!(
        found[0]
            .what
            .starts_with("for 2 of 3 queries (67 %) neighbour 10 is exactly as far as neighbour 11; the first is")
    );
    let apart = of(vectors(&line, 1), vectors(&[100.0, 0.0, 90.0], 1), Distance::Euclidean, 12);
    assert_eq!(
        look(&apart, "ties").iter().map(|one| one.severity).collect::<Vec<_>>(),
        [Severity::Note, Severity::Fine]
    );
    assert!(look(&of(vectors(&line, 1), vectors(&[0.0], 1), Distance::Euclidean, 1), "ties").is_empty());
}

#[test]
fn lengths_tell_what_the_distance_means() {
    let (sphere, data) = (drawn(Distribution::Sphere(Sphere {}), Distance::Euclidean), plain());
    let with = |data: &Dataset, distance| one(&of(data.train.clone(), data.test.clone(), distance, 20), "lengths");
    assert!(with(&sphere, Distance::Euclidean).what.starts_with("all base vectors look like unit vectors"));
    assert!(with(&sphere, Distance::InnerProduct).what.contains("angular, ip and euclidean give the same order"));
    assert_eq!(with(&sphere, Distance::Angular).severity, Severity::Fine);
    let finding = with(&data, Distance::InnerProduct);
    assert!(finding.severity == Severity::Note && finding.what.contains("long vectors are near to many queries"));
    let long: Vec<f32> = values(&sphere.train).iter().map(|x| 7.0 * x).collect();
    let scaled = of(vectors(&long, 12), sphere.test.clone(), Distance::InnerProduct, 20);
    assert!(one(&scaled, "lengths").what.ends_with("all alike: ip gives the same order as angular"));
    assert_eq!(with(&data, Distance::Euclidean).severity, Severity::Fine);
    // Four digits, whatever the size, and no -0.
    let says = |values: &[f32]| {
        let train = vectors(values, 1);
        one(&of(train.clone(), train, Distance::Euclidean, 1), "lengths").what
    };
    assert_eq!(says(&[-0.0, 3.212_75]), "base vectors are 0 to 3.213 long");
    assert_eq!(says(&[1.5e-12, -2e-9]), "base vectors are 1.500e-12 to 2.000e-9 long");
    assert_eq!(says(&[123.45, 1.5e7]), "base vectors are 123.4 to 1.500e7 long");
}

#[test]
fn whole_numbers_and_constant_columns_are_found() {
    let data = plain();
    let with = |value: &dyn Fn(usize, f32) -> f32| {
        let rows: Vec<f32> = values(&data.train).iter().enumerate().map(|(i, &x)| value(i % 12, x)).collect();
        of(vectors(&rows, 12), data.test.clone(), Distance::Euclidean, 20)
    };
    let of_values = |value: &dyn Fn(usize, f32) -> f32| one(&with(value), "values").remedy.unwrap_or_default();
    assert!(of_values(&|_, x| (20.0 * x.abs()).round()).starts_with("store them as uint8"));
    assert!(of_values(&|_, x| (20.0 * x).round()).starts_with("store them as int8"));
    assert_eq!(
        one(&with(&|_, x| 150.0 + (20.0 * x).round().clamp(-50.0, 50.0)), "values").what,
        "all values of base vectors are whole numbers, from 100 to 200"
    );
    // The queries must be bits, too, and another distance has another order.
    let bits = with(&|_, x| f32::from(x > 0.0));
    assert!(one(&bits, "values").remedy.is_some_and(|remedy| remedy.starts_with("store them as uint8")));
    for (distance, kind) in [(Distance::Euclidean, "all vectors as bits"), (Distance::InnerProduct, "them as uint8")] {
        let remedy = one(&of(bits.train.clone(), bits.train.gather(&[0, 1]), distance, 20), "values").remedy;
        assert!(remedy.is_some_and(|remedy| remedy.starts_with(&format!("store {kind}"))), "{distance}");
    }
    assert_eq!(one(&with(&|_, x| (1000.0 * x).round()), "values").severity, Severity::Fine);
    // One fraction is enough.
    assert_eq!(one(&with(&|column, x| if column == 11 { x } else { 0.0 }), "values").severity, Severity::Fine);

    let finding = one(&with(&|column, x| if column == 3 || column == 9 { 2.5 } else { x }), "columns");
    assert_eq!((finding.severity, finding.share, finding.example), (Severity::Note, Some([2, 12]), Some(3)));
    // By angle they matter, unless they are 0.
    let remedy = |distance: Distance, constant: f32| {
        let rows: Vec<f32> =
            values(&data.train).iter().enumerate().map(|(i, &x)| if i % 12 == 3 { constant } else { x }).collect();
        one(&of(vectors(&rows, 12), data.test.clone(), distance, 20), "columns").remedy.unwrap_or_default()
    };
    assert!(remedy(Distance::Angular, 2.5).starts_with("see whether they belong there"));
    for (distance, constant) in [(Distance::Angular, 0.0), (Distance::InnerProduct, 2.5), (Distance::Euclidean, 2.5)] {
        assert!(remedy(distance, constant).ends_with("change no order of base points"), "{distance} {constant}");
    }
    let bits: Points =
        Bits::pack((0..600 * 3).map(|i| i % 3 == 1 || i % 7 == 0 && i % 3 == 0), 3).expect("rows").into();
    let finding = one(&of(bits.clone(), bits.gather(&[0]), Distance::Hamming, 5), "columns");
    assert_eq!((finding.share, finding.example), (Some([2, 3]), Some(1)));
}

#[test]
fn notes_of_the_reader_are_passed_on() {
    let data = Dataset { notes: vec!["half precision".into(), "no type".into()], ..plain() };
    let found = look(&data, "the file");
    assert_eq!(found.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(), ["half precision", "no type"]);
    let long = of(vectors(&[3e38, 1.0], 1), vectors(&[1e38], 1), Distance::Euclidean, 1);
    assert!(one(&long, "the file").what.contains("up to 4.0e38, which do not fit 32-bit floats"));
}
