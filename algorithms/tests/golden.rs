//! Against well-known implementations: the cases in `tests/golden/`, where a README says how they were made and how the
//! libraries' parameters map to ours.

use serde_json::Value;
use swath_algorithms::selector::{SelectorParams, Setting};
use swath_algorithms::{Distance, OwnedPool, select};

/// The cases of one file.
fn cases(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the golden file");
    let mut file: Value = serde_json::from_str(&text).expect("JSON");
    serde_json::from_value(file["cases"].take()).expect("a list of cases")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

/// Runs every case of a file through the selector that it names; returns how many there were of each.
fn check(file: &str) -> std::collections::BTreeMap<String, usize> {
    let mut counts = std::collections::BTreeMap::new();
    for case in cases(file) {
        let name = case["selector"].as_str().expect("a selector");
        let params: SelectorParams =
            serde_json::from_value(serde_json::json!({ name: case["ours"] })).expect("our parameters");
        assert_eq!(params.check(&Setting { distance: Distance::Angular, subtopics: false }), Ok(()));
        let vectors: Vec<Vec<f32>> = case["vectors"]
            .as_array()
            .expect("vectors")
            .iter()
            .map(|row| numbers(row).into_iter().map(|v| v as f32).collect())
            .collect();
        let pool = OwnedPool::scored(&vectors, &numbers(&case["scores"])).expect("a pool");
        let k = case["k"].as_u64().expect("k") as usize;
        let expected: Vec<usize> = numbers(&case["expected"]).into_iter().map(|i| i as usize).collect();
        assert_eq!(select(&pool, &params, k), Ok(expected), "{}", case["name"]);
        *counts.entry(name.to_owned()).or_insert(0) += 1;
    }
    counts
}

#[test]
fn pyversity_picks_the_same() {
    let counts = check("pyversity");
    for selector in ["mmr", "max-sum", "dpp", "ssd"] {
        assert!(counts[selector] >= 8, "{selector}: {counts:?}");
    }
}

#[test]
fn apricot_picks_the_same() {
    let counts = check("apricot");
    for selector in ["facility-location", "graph-cut", "saturated-coverage"] {
        assert!(counts[selector] >= 4, "{selector}: {counts:?}");
    }
}
