//! Against well-known implementations: the cases in `tests/golden/`, where a README says how they were made and how the
//! libraries' parameters map to ours.

use serde_json::Value;
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::graph::Graph;
use swath_algorithms::points::PointType;
use swath_algorithms::selector::{SelectorParams, SelectorSetting};
use swath_algorithms::{Base, Distance, Item, OwnedPool, Pool, Scratch, select};

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
        assert_eq!(
            params.check(&SelectorSetting {
                distance: Distance::Angular,
                kind: PointType::Dense,
                subtopics: false,
                aspects: false,
                groups: &[],
                pool: None,
                programs: false,
            }),
            Ok(())
        );
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

#[test]
fn vendi_score_picks_the_same() {
    let counts = check("vendi");
    assert!(counts["vendi"] >= 12, "{counts:?}");
}

/// Personalised PageRank as networkx has it, and the heat kernel as SciPy's exponential of the matrix gives it: with
/// `beta: 0` an expansion's scores are those, scaled to a largest of 1.
#[test]
fn networkx_and_scipy_spread_the_same() {
    let mut counts = std::collections::BTreeMap::new();
    for case in cases("pagerank") {
        let n = case["vertices"].as_u64().expect("vertices") as usize;
        let mut rows = vec![Vec::new(); n];
        for edge in case["edges"].as_array().expect("edges") {
            let edge = numbers(edge);
            rows[edge[0] as usize].push((edge[1] as u32, edge[2]));
        }
        let graph = Graph::from_rows(rows);
        let name = case["expansion"].as_str().expect("an expansion");
        let mut ours = case["ours"].clone();
        let exactly = [("beta", 0.0), ("temperature", 1.0), ("epsilon", 1e-12)];
        exactly.into_iter().for_each(|(parameter, value)| ours[parameter] = value.into());
        let expansion: ExpansionParams = serde_json::from_value(serde_json::json!({ name: ours })).expect("ours");
        // At temperature 1 the softmax of logarithms of shares is the shares.
        let seeds = case["seeds"].as_array().expect("seeds").iter().map(numbers);
        let item = |seed: Vec<f64>| {
            let rel = seed[1].ln();
            Item { id: seed[0] as u32, distance: 0.0, rel, score: rel }
        };
        let mut pool = Pool { items: seeds.map(item).collect(), ..Pool::default() };
        let base = Base::from_values(&vec![1.0; n], 1, Distance::Angular).expect("vectors");
        expansion.expand(&graph, &base, base.query(0), &mut pool, &mut Scratch::default());
        let expected = numbers(&case["expected"]);
        let largest = expected.iter().copied().fold(0.0, f64::max);
        for (vertex, &share) in expected.iter().enumerate() {
            let found = pool.items.iter().find(|item| item.id as usize == vertex).map_or(0.0, |item| item.score);
            assert!((found - share / largest).abs() < 1e-8, "{}, vertex {vertex}: {found}", case["name"]);
        }
        *counts.entry(name.to_owned()).or_insert(0) += 1;
    }
    assert!(counts["walk"] >= 4 && counts["heat"] >= 4, "{counts:?}");
}
