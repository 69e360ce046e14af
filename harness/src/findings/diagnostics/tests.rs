//! Diagnostics of data whose answer is known.

use super::*;
use swath_algorithms::random::normal;
use swath_algorithms::{Distance, Vectors};

fn rows(count: usize, mut row: impl FnMut(usize) -> Vec<f64>) -> Vec<f32> {
    (0..count).flat_map(|i| row(i).into_iter().map(|value| value as f32).collect::<Vec<f32>>()).collect()
}

fn gaussian(n: usize, d: usize) -> Vec<f32> {
    let mut rng = random::stream(1, "test", d as u64);
    rows(n, |_| (0..d).map(|_| normal(&mut rng)).collect())
}

/// The findings by name; of the values alone.
fn values(values: &[f32], d: usize, distance: Distance) -> impl Fn(&str) -> Option<f64> + use<> {
    let base = Base::from_values(values, d, distance).expect("finite");
    let queries = Vectors::new(&values[..values.len().min(100 * d)], d).expect("finite");
    let shifted: Vec<f32> = (0..queries.rows()).flat_map(|i| queries.row(i)[..d].to_vec()).map(|x| x + 0.01).collect();
    let found = diagnose(&base, &Points::from(Vectors::new(&shifted, d).expect("finite")), 7, true);
    for finding in &found.findings {
        assert!(finding.meaning.ends_with('.') && !finding.definition.is_empty());
        if let Some(DiagnosticValue { value, lo, hi }) = finding.measured {
            assert!(value.is_finite() && lo <= hi, "{finding:?}");
        }
    }
    move |name| found.findings.iter().find(|finding| finding.name == name).expect(name).measured.map(|m| m.value)
}

fn within(value: Option<f64>, from: f64, to: f64) {
    let value = value.expect("defined");
    assert!((from..=to).contains(&value), "{value} is not in {from} to {to}");
}

#[test]
fn a_gaussian_has_its_dimension() {
    for d in [2_usize, 5, 10] {
        let of = values(&gaussian(4000, d), d, Distance::Euclidean);
        let d = d as f64;
        // The estimate by maximum likelihood is known to fall short as dimension grows and points do not.
        within(of("local intrinsic dimension"), 0.75 * d, 1.1 * d);
        within(of("TwoNN dimension"), 0.8 * d, 1.2 * d);
        within(of("IsoScore"), 0.98, 1.0);
        within(of("participation ratio"), 0.98 * d, d);
        within(of("near duplicates"), 0.0, 0.1);
    }
}

#[test]
fn a_sphere_has_one_dimension_less() {
    let of = values(&gaussian(4000, 4), 4, Distance::Angular);
    within(of("local intrinsic dimension"), 2.6, 3.3);
    within(of("TwoNN dimension"), 2.6, 3.4);
    within(of("participation ratio"), 3.9, 4.0);
}

#[test]
fn a_line_in_a_hundred_dimensions_is_one() {
    let mut rng = random::stream(2, "test", 0);
    let direction: Vec<f64> = (0..100).map(|_| normal(&mut rng)).collect();
    let line = rows(2000, |_| {
        let at = normal(&mut rng);
        direction.iter().map(|x| x * at).collect()
    });
    let of = values(&line, 100, Distance::Euclidean);
    within(of("local intrinsic dimension"), 0.9, 1.1);
    within(of("TwoNN dimension"), 0.85, 1.15);
    within(of("participation ratio"), 1.0, 1.001);
    within(of("IsoScore"), 0.0, 0.001);
}

#[test]
fn copies_are_counted_and_break_nothing() {
    let mut half = gaussian(1000, 20);
    // The first fifth of the rows stand there twice.
    half.extend_from_within(..200 * 20);
    let of = values(&half, 20, Distance::Euclidean);
    within(of("near duplicates"), 0.30, 0.37);
    within(of("TwoNN dimension"), 12.0, 24.0);
    let of = values(&[0.5; 300], 3, Distance::Euclidean);
    assert_eq!(of("near duplicates"), Some(1.0));
    for name in ["local intrinsic dimension", "TwoNN dimension", "IsoScore", "participation ratio"] {
        assert_eq!(of(name), None, "{name}");
    }
    let of = values(&[1.0, 2.0], 2, Distance::Angular);
    assert_eq!((of("near duplicates"), of("hubness")), (None, None), "one vector");
}

#[test]
fn contrast_falls_with_the_dimension_and_hubs_appear() {
    let of = |d: usize, name: &str| {
        let (all, base) = (gaussian(2000, d), 1900 * d);
        let base = (Base::from_values(&all[..base], d, Distance::Euclidean), Vectors::new(&all[base..], d));
        let found = diagnose(&base.0.expect("finite"), &base.1.expect("finite").into(), 7, true).findings;
        found.into_iter().find(|finding| finding.name == name).and_then(|finding| finding.measured).expect(name).value
    };
    for name in ["relative contrast", "Dmax / Dmin"] {
        assert!(of(3, name) > 4.0 * of(100, name), "{name}");
    }
    assert!(of(3, "hubness") < 1.0 && of(100, "hubness") > 2.0);
}

/// Rudman's definition, by eigenvalues.
#[test]
fn isoscore_is_what_its_definition_says() {
    let d = 6;
    let values_of = gaussian(3000, d)
        .chunks_exact(d)
        .flat_map(|row| (0..d).map(|j| row[j] * (j + 1) as f32).collect::<Vec<f32>>())
        .collect::<Vec<f32>>();
    let of = values(&values_of, d, Distance::Euclidean);
    let n = d as f64;
    // Variances 1, 4, 9, ... stand for the eigenvalues.
    let eigenvalues: Vec<f64> = (1..=d).map(|j| (j * j) as f64).collect();
    let norm = eigenvalues.iter().map(|x| x * x).sum::<f64>().sqrt();
    let defect = eigenvalues.iter().map(|x| (n.sqrt() * x / norm - 1.0).powi(2)).sum::<f64>().sqrt()
        / (2.0 * (n - n.sqrt())).sqrt();
    let used = (n - defect.powi(2) * (n - n.sqrt())).powi(2) / (n * n);
    let expected = (n * used - 1.0) / (n - 1.0);
    within(of("IsoScore"), expected - 0.03, expected + 0.03);
}

#[test]
fn threads_make_no_difference() {
    let rows = gaussian(500, 4);
    let base = Base::from_values(&rows, 4, Distance::Euclidean).expect("finite");
    let queries = Points::from(Vectors::new(&rows[..40], 4).expect("finite"));
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| diagnose(&base, &queries, 3, true))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn copies_are_at_no_distance_from_each_other() {
    let rows: Vec<f32> = [1.0, 3.0, 49.0].iter().flat_map(|by| [102.0_f32, 717.0, 307.0].map(|v| v * by)).collect();
    let base = Base::from_values(&[rows, vec![1.0, 0.0, 0.0]].concat(), 3, Distance::Angular).expect("finite");
    let found = sample::neighbors(&base, &[0, 1, 2], 3);
    assert!(found.iter().all(|near| near[0].1 == 0.0 && near[1].1 == 0.0 && near[2].1 > 1.0), "{found:?}");
}

#[test]
fn long_vectors_are_diagnosed_by_their_products_with_each_other_which_is_said() {
    let (n, d) = (60, 3000);
    let all = gaussian(n, d);
    let base = Base::from_values(&all, d, Distance::Euclidean).expect("finite");
    let found = diagnose(&base, &Points::from(Vectors::new(&all[..3 * d], d).expect("finite")), 7, true);
    let said =
        "the spectrum by the 60 x 60 products of all 60 base vectors with each other, which show at most 59 directions";
    assert!(found.sampled.ends_with(said), "{}", found.sampled);
    let ratio = found.findings.iter().find(|finding| finding.name == "participation ratio").expect("there");
    // Sixty points in 3,000 dimensions spread evenly over the 59 directions in which they lie.
    within(ratio.measured.map(|measured| measured.value), 56.0, 59.0);
    let short = Base::from_values(&gaussian(100, 4), 4, Distance::Euclidean).expect("finite");
    let queries = Points::from(Vectors::new(&[0.0; 4], 4).expect("finite"));
    let said = diagnose(&short, &queries, 7, true).sampled;
    assert!(said.ends_with("1 queries and their distances to 100 base points; hubs among 100 base points"), "{said}");
}
