//! Tests of what all distributions have in common, and of those without parameters.

use super::*;
use crate::sha256;
use rayon::ThreadPoolBuilder;
use swath_algorithms::Points;

pub(super) fn coordinates(points: &Points, row: usize) -> &[f32] {
    points.dense().expect("dense").row(row)
}

pub(super) fn generated(generate: impl Into<Distribution>, n: u32, dimension: u32, distance: Distance) -> Generated {
    let count = |value| Count::new(value).expect("at least 1");
    Generated {
        generate: generate.into(),
        n: count(n),
        dimension: count(dimension),
        queries: count(20),
        distance,
        seed: 5,
    }
}

pub(super) fn drawn(generate: impl Into<Distribution>, n: u32, dimension: u32) -> Dataset {
    generated(generate, n, dimension, Distance::Euclidean).dataset().expect("points")
}

/// The L2 distance of two vectors, by definition.
pub(super) fn apart(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
}

/// For each base vector the `k` nearest others, nearest first, by comparing all.
pub(super) fn nearest_others(points: &Points, k: usize) -> Vec<Vec<(f64, usize)>> {
    let of = |i: usize| {
        let others = (0..points.len()).filter(|&j| j != i);
        let mut all: Vec<(f64, usize)> =
            others.map(|j| (apart(coordinates(points, i), coordinates(points, j)), j)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all.truncate(k);
        all
    };
    (0..points.len()).map(of).collect()
}

/// The refusal of a dataset that cannot be drawn, with its help.
pub(super) fn refused(generate: impl Into<Distribution>, n: u32, dimension: u32) -> String {
    let generated = generated(generate, n, dimension, Distance::Euclidean);
    let error = generated.dataset().expect_err("it does not go together");
    assert_eq!(generated.header(), Err(error.clone()));
    format!("{error}; {}", error.help())
}

fn of(name: &str) -> Distribution {
    Distribution::all().into_iter().find(|one| one.name() == name).expect("a name")
}

#[test]
fn a_smaller_dataset_is_the_beginning_of_a_larger_and_all_are_valid() {
    let mut drawn = 0;
    for kind in Distribution::all() {
        for distance in Distance::ALL {
            let of = |n| generated(kind.clone(), n, 70, distance);
            let Ok(expected) = of(50).kind() else { continue };
            drawn += 1;
            let (small, large) = (of(50).dataset().expect("points"), of(300).dataset().expect("points"));
            assert!(large.train.gather(&(0..50).collect::<Vec<_>>()) == small.train && small.test == large.test);
            small.check().expect("valid");
            large.check().expect("valid");
            assert_eq!((small.neighbors.count, large.neighbors.count), (50, 100));
            let header = of(300).header().expect("it fits");
            assert_eq!((header.kind, large.train.kind(), header.dim), (expected, expected, large.train.dim()));
            assert_eq!(header.links, large.links.as_ref().map(|links| links.edges.len()));
            assert_eq!(header.relations, large.links.as_ref().map_or(Vec::new(), |links| links.relations.clone()));
            let kinds: Vec<_> = large.groups.iter().map(|groups| groups.name.clone()).collect();
            assert_eq!(header.groups, kinds);
            assert!(small.groups.iter().zip(&large.groups).all(|(small, large)| small.of == large.of[..50]));
            assert_eq!(header.subtopics, large.subtopics.as_ref().map(crate::Subtopics::len));
            assert_eq!(header.aspects, large.aspects.as_ref().map(crate::Aspects::len));
            let held = (large.train.bytes() + large.test.bytes()) as u64;
            assert!(header.bytes_of_points() >= held && of(300).bytes() > large.bytes() as u64, "{kind:?} {distance}");
            assert_eq!(ground_truth::verify(&Base::new(large.train.clone(), distance), &large, 1), None);
        }
    }
    assert_eq!(drawn, 12 * 4 + 2 + 1);
    assert_ne!(
        generated(of("uniform"), 5, 2, Distance::Angular).key(),
        generated(of("uniform"), 6, 2, Distance::Angular).key()
    );
}

#[test]
fn the_number_of_threads_makes_no_difference() {
    for kind in Distribution::all() {
        let distance = if kind.makes() == Makes::Vectors { Distance::Euclidean } else { Distance::Jaccard };
        let with = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| generated(kind.clone(), 700, 70, distance).dataset().expect("points"))
        };
        let one = with(1);
        assert!([2, 7].into_iter().all(|threads| with(threads).same(&one)), "{kind:?}");
    }
}

#[test]
fn a_distance_that_does_not_fit_is_refused() {
    let message = |name, distance| generated(of(name), 5, 2, distance).dataset().expect_err("unfit").to_string();
    assert_eq!(
        message("zipf", Distance::Euclidean),
        "`generate: zipf` makes sets (distance `jaccard`) or sparse vectors (`ip`), which the distance `euclidean` does \
         not fit"
    );
    assert_eq!(
        message("sphere", Distance::Jaccard),
        "`generate: sphere` makes vectors (distance `euclidean`, `angular` or `ip`) or bits (`hamming`), which the \
         distance `jaccard` does not fit"
    );
    let unfit = generated(of("jaccard"), 5, 70, Distance::InnerProduct).header().expect_err("unfit");
    assert_eq!(unfit.help(), "with this distribution use the distance `jaccard`");
}

/// SHA-256 of what version 0.5.0 drew, its first 16 digits: 300 base points of dimension 70 and 20 queries, seed 5.
const AS_BEFORE: &[(&str, Distance, &str)] = &[
    ("gaussian", Distance::Euclidean, "32f8564c1e7c827b"),
    ("gaussian", Distance::Angular, "32f8564c1e7c827b"),
    ("gaussian", Distance::InnerProduct, "32f8564c1e7c827b"),
    ("gaussian", Distance::Hamming, "8c1c6181bdaaaeb8"),
    ("uniform", Distance::Euclidean, "fb63608fceee02d5"),
    ("uniform", Distance::Angular, "fb63608fceee02d5"),
    ("uniform", Distance::InnerProduct, "fb63608fceee02d5"),
    ("uniform", Distance::Hamming, "fce400a1ed98bbb2"),
    ("sphere", Distance::Euclidean, "5cfb6f577232e44f"),
    ("sphere", Distance::Angular, "5cfb6f577232e44f"),
    ("sphere", Distance::InnerProduct, "5cfb6f577232e44f"),
    ("sphere", Distance::Hamming, "8c1c6181bdaaaeb8"),
    ("clusters", Distance::Euclidean, "c7780bf3a3037b62"),
    ("clusters", Distance::Angular, "c7780bf3a3037b62"),
    ("clusters", Distance::InnerProduct, "c7780bf3a3037b62"),
    ("clusters", Distance::Hamming, "b4e44b5fa7c1b093"),
    ("lengths", Distance::Euclidean, "32feb45a1bbe6d91"),
    ("lengths", Distance::Angular, "32feb45a1bbe6d91"),
    ("lengths", Distance::InnerProduct, "32feb45a1bbe6d91"),
    ("lengths", Distance::Hamming, "8c1c6181bdaaaeb8"),
    ("shifted", Distance::Euclidean, "3abb34a3133c74bb"),
    ("shifted", Distance::Angular, "3abb34a3133c74bb"),
    ("shifted", Distance::InnerProduct, "3abb34a3133c74bb"),
    ("shifted", Distance::Hamming, "c12ed78069469b7d"),
    ("zipf", Distance::InnerProduct, "40bfb1294747f0df"),
    ("zipf", Distance::Jaccard, "8c59f606ae47ca49"),
];

/// The numbers of all points, one after another.
fn bytes(points: &Points) -> Vec<u8> {
    match points {
        Points::Dense(vectors) => {
            (0..vectors.rows()).flat_map(|row| bytemuck::cast_slice::<f32, u8>(vectors.row(row)).to_vec()).collect()
        }
        Points::Bits(bits) => bytemuck::cast_slice(bits.block(0..bits.rows())).to_vec(),
        Points::Sets(sets) => bytemuck::cast_slice(sets.members()).to_vec(),
        Points::Sparse(vectors) => {
            [bytemuck::cast_slice::<u32, u8>(vectors.columns()), bytemuck::cast_slice(vectors.values())].concat()
        }
    }
}

#[test]
fn draws_stay_as_they_were() {
    for &(name, distance, expected) in AS_BEFORE {
        let data = generated(of(name), 300, 70, distance).dataset().expect("points");
        let found = sha256::of([bytes(&data.train), bytes(&data.test)].concat());
        assert_eq!(&found[..16], expected, "{name} {distance}");
    }
    assert_eq!(AS_BEFORE.len(), 6 * 4 + 2);
}

/// Prepared datasets are found by their keys.
#[test]
fn keys_stay_as_they_were_and_parameters_change_them() {
    let key = |generate| generated(generate, 300, 70, Distance::Euclidean).key();
    for (name, type_name) in [("gaussian", "Gaussian"), ("clusters", "Clusters"), ("shifted", "Shifted")] {
        let expected = format!(
            "swath generated 1 Generated {{ generate: {type_name}, n: Count(300), dimension: Count(70), queries: Count(20), \
             distance: Euclidean, seed: 5 }}"
        );
        assert_eq!(key(of(name)), expected);
    }
    let farther = Shifted { by: constant!(NonNegative, 2.0) };
    assert!(key(Distribution::Shifted(farther)).contains("generate: Shifted { by: NonNegative(2.0) }, n"));
    let curved = Manifold { intrinsic: constant!(Count, 3), ..Manifold::default() };
    assert_ne!(key(Distribution::Manifold(curved)), key(of("manifold")));
}

#[test]
fn a_distribution_is_written_as_it_is_read() {
    let read = |generate: &str| {
        serde_json::from_str::<Generated>(&format!("{{ \"generate\": {generate}, \"n\": 10, \"dimension\": 20 }}"))
    };
    for distribution in Distribution::all() {
        let name = distribution.name();
        for text in [format!("\"{name}\""), format!("{{ \"{name}\": {{}} }}")] {
            let found = read(&text).expect("a distribution");
            assert_eq!(found.generate, distribution);
            let written = serde_json::to_string(&found).expect("written");
            assert_eq!(serde_json::from_str::<Generated>(&written).expect("read"), found);
        }
    }
    let written = |generate: &str| {
        serde_json::to_value(read(generate).expect("a distribution")).expect("written")["generate"].to_string()
    };
    assert_eq!(written("{ \"gaussian\": {} }"), "\"gaussian\"");
    let manifold = "{ \"manifold\": { \"intrinsic\": 3 } }";
    assert_eq!(written(manifold), r#"{"manifold":{"bend":1.0,"intrinsic":3,"noise":0.0}}"#);
    for (wrong, message) in [
        ("\"gausian\"", "unknown variant `gausian`"),
        ("{ \"gausian\": {} }", "unknown variant `gausian`"),
        ("{ \"gaussian\": { \"mean\": 1 } }", "unknown field `mean`"),
        ("{ \"sphere\": {}, \"gaussian\": {} }", "one distribution must be named; write its name"),
        ("{}", "one distribution must be named; write its name"),
        ("[]", "expected a distribution's name, or one name with its parameters"),
        ("{ \"manifold\": { \"intrinsic\": 0 } }", "a whole number, at least 1"),
    ] {
        let error = read(wrong).expect_err("wrong").to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn lengths_differ_and_popular_members_are_in_many_sets() {
    let norms = |name| {
        let train = generated(of(name), 500, 50, Distance::InnerProduct).dataset().expect("points").train;
        let mut norms: Vec<f64> = (0..500).map(|i| train.row(i).norm()).collect();
        norms.sort_by(f64::total_cmp);
        norms[450] / norms[50]
    };
    assert!(norms("lengths") > 3.0 && norms("gaussian") < 1.5);
    let data = generated(of("zipf"), 2000, 1000, Distance::Jaccard).dataset().expect("points");
    let Points::Sets(sets) = &data.train else { panic!("sets") };
    let with = |member: u32| (0..2000).filter(|&i| sets.row(i).contains(&member)).count();
    assert!(with(0) > 500 && with(0) > 5 * with(500), "{} {}", with(0), with(500));
    let mean = sets.members().len() as f64 / 2000.0;
    assert!((15.0..30.0).contains(&mean), "{mean}");
}

#[test]
fn neighbours_are_those_of_brute_force() {
    let data = drawn(of("gaussian"), 200, 3);
    for q in 0..20 {
        let to = |i: usize| apart(coordinates(&data.test, q), coordinates(&data.train, i));
        let mut all: Vec<f64> = (0..200).map(to).collect();
        all.sort_by(f64::total_cmp);
        for (found, expected) in data.neighbors.distances(q).iter().zip(all) {
            assert!((found - expected).abs() < 1e-9);
        }
    }
}

#[test]
fn moments_are_those_of_the_distribution() {
    let columns = |name| {
        let data = drawn(of(name), 5000, 4);
        let values: Vec<f64> = (0..5000).flat_map(|i| coordinates(&data.train, i).to_vec()).map(f64::from).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64, data)
    };
    for (name, mean, variance) in [("gaussian", 0.0, 1.0), ("uniform", 0.5, 1.0 / 12.0), ("sphere", 0.0, 0.25)] {
        let (found_mean, found_variance, _) = columns(name);
        assert!((found_mean - mean).abs() < 0.03, "{name} {found_mean}");
        assert!((found_variance / variance - 1.0).abs() < 0.05, "{name} {found_variance}");
    }
    let (_, _, sphere) = columns("sphere");
    let norm = |i: usize| coordinates(&sphere.train, i).iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!((0..5000).all(|i| (norm(i) - 1.0).abs() < 1e-5));
    // A cluster has about fifty vectors: the tenth nearest is in the query's own, the hundredth in another.
    let (_, _, clusters) = columns("clusters");
    let mean = |at: usize| (0..20).map(|q| clusters.neighbors.distances(q)[at]).sum::<f64>() / 20.0;
    assert!(mean(99) > 2.0 * mean(9), "{} {}", mean(9), mean(99));
}
