//! Metrics against other libraries, see `golden/metrics.py`.

use serde::Deserialize;
use std::collections::BTreeMap;
use swath::metrics::truth::{Memo, Truth};
use swath::metrics::{AnsweredQuery, MetricName, Seen};
use swath_algorithms::{Base, Distance, Pool, Query, Vectors};
use swath_datasets::Stored;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    dim: usize,
    vectors: Vec<f32>,
    returned: Vec<u32>,
    subtopics: Vec<(u32, u32)>,
    qrels: Vec<(u32, u32)>,
    values: BTreeMap<String, f64>,
}

#[test]
fn metrics_are_those_of_other_libraries() {
    let golden: Golden = serde_json::from_str(include_str!("golden/metrics.json")).expect("golden values");
    let mut largest: BTreeMap<&str, f64> = BTreeMap::new();
    for case in &golden.cases {
        let base = Base::from_values(&case.vectors, case.dim, Distance::Angular).expect("finite");
        let queries = Vectors::new(&vec![1.0; case.dim], case.dim).expect("finite");
        let truth = Truth {
            neighbors: Vec::new(),
            distances: Vec::new(),
            subtopics: Some(case.subtopics.clone()),
            qrels: Some(case.qrels.clone()),
            stored: Stored::Float64,
            radii: Memo::default(),
            ideals: Memo::default(),
        };
        let asked = AnsweredQuery {
            base: &base,
            query: Query::vector(&queries, 0),
            returned: &case.returned,
            k: case.returned.len(),
            found: (&[], 0),
            pool: &Pool::default(),
            truth: &truth,
            selector: None,
            groups: &[],
            evaluations: None,
            seen: Seen::default(),
        };
        for (name, expected) in &case.values {
            let found = MetricName::find(name).expect("a metric").value(&asked).expect("defined");
            let difference = (found - expected).abs() / expected.abs().max(1.0);
            let most = largest.entry(name).or_insert(0.0);
            *most = most.max(difference);
        }
    }
    println!("largest differences, relative above 1: {largest:?}");
    assert!(largest.len() >= 15 && golden.cases.len() >= 40);
    for (name, difference) in largest {
        assert!(difference < 1e-6, "{name}: {difference}");
    }
}
