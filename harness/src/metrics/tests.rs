//! Every metric against a case worked out by hand.

use super::*;
use swath_algorithms::{Base, Distance, Query, Vectors};

/// Unit vectors at 0, 60, 120 and 180 degrees, and the query at 0.
fn angular(check: impl Fn(&Base, Query<'_>)) {
    let rows: Vec<f32> = [0.0_f64, 60.0, 120.0, 180.0]
        .iter()
        .flat_map(|a| [a.to_radians().cos() as f32, a.to_radians().sin() as f32])
        .collect();
    let base = Base::from_values(&rows, 2, Distance::Angular).expect("finite");
    let queries = Vectors::new(&[2.0, 0.0], 2).expect("finite");
    check(&base, Query::row(&queries, 0));
}

fn line(check: impl Fn(&Base, Query<'_>)) {
    let base = Base::from_values(&[1.0, 2.0, 4.0, 9.0], 1, Distance::Euclidean).expect("finite");
    let queries = Vectors::new(&[0.0], 1).expect("finite");
    check(&base, Query::row(&queries, 0));
}

fn value(name: &str, answer: &Answer<'_>) -> Option<f64> {
    MetricName::find(name).expect("registered").value(answer)
}

fn close(found: Option<f64>, expected: f64) {
    let found = found.expect("defined");
    assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
}

#[test]
fn on_angular_data() {
    angular(|base, query| {
        let truth: &[f64] = &[0.0, 0.5, 1.5];
        let subtopics: &[(u32, u32)] = &[(0, 7), (0, 8), (1, 8), (3, 9), (3, 7)];
        let answer = Answer::new((base, query), (&[0, 2], 2), (&[0, 1, 2], 3), (&[0, 1, 2], truth), Some(subtopics));
        close(value("recall", &answer), 0.5);
        close(value("pool-recall", &answer), 1.0);
        close(value("relevance", &answer), 0.25);
        // Each of N has itself or a neighbour at 60 degrees.
        close(value("coverage", &answer), (1.0 + 0.5 + 1.0) / 3.0);
        close(value("redundancy", &answer), -0.5);
        close(value("diversity", &answer), 120.0 / 180.0);
        close(value("subtopic-recall", &answer), 2.0 / 3.0);
    });
}

#[test]
fn on_euclidean_data() {
    line(|base, query| {
        let answer = Answer::new((base, query), (&[0, 2], 2), (&[0, 2], 2), (&[0, 1, 2], &[1.0, 2.0, 4.0]), None);
        // Sigma is the median of 1, 2 and 4.
        let rbf = |d: f64| (-d * d / 8.0).exp();
        assert_eq!(answer.sigma(), 2.0);
        close(value("recall", &answer), 0.5);
        close(value("relevance", &answer), f64::midpoint(rbf(1.0), rbf(4.0)));
        close(value("coverage", &answer), (1.0 + rbf(1.0) + 1.0) / 3.0);
        close(value("redundancy", &answer), rbf(3.0));
        close(value("diversity", &answer), 3.0);
        assert_eq!(value("subtopic-recall", &answer), None);
    });
}

/// Recall counts by distance, not by id: a result as near as the k-th neighbour is one.
#[test]
fn recall_forgives_ties_and_a_thousandth() {
    line(|base, query| {
        let answer = Answer::new((base, query), (&[1], 1), (&[1], 1), (&[0], &[1.9995]), None);
        close(value("recall", &answer), 1.0);
        let answer = Answer::new((base, query), (&[1], 1), (&[1], 1), (&[0], &[1.998]), None);
        close(value("recall", &answer), 0.0);
    });
}

#[test]
fn too_few_results_lower_recall_and_leave_pairs_undefined() {
    line(|base, query| {
        let answer = Answer::new((base, query), (&[0], 2), (&[0], 2), (&[0, 1], &[1.0, 2.0]), Some(&[]));
        close(value("recall", &answer), 0.5);
        assert_eq!(value("redundancy", &answer), None);
        assert_eq!(value("diversity", &answer), None);
        assert_eq!(value("subtopic-recall", &answer), None, "a query without subtopics has no share of them");
    });
}

#[test]
fn what_cannot_be_computed_says_why() {
    let setting = Setting { k: 1, largest_pool: 200, stored_neighbors: 100, subtopics: false };
    let impossible: Vec<&str> = METRICS.iter().filter(|m| m.possible(&setting).is_err()).map(|m| m.name()).collect();
    assert_eq!(impossible, ["pool-recall", "redundancy", "diversity", "subtopic-recall"]);
    let names: Vec<&str> = METRICS.iter().map(|metric| metric.name()).collect();
    let mut unique = names.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), names.len(), "a name is registered twice");
}
