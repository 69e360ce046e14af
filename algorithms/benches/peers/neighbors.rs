//! The kNN graph, for `neighbors.py`.

use crate::file;
use serde_json::{Value, json};
use std::time::Instant;
use swath_algorithms::graph::{EdgeSource, GraphSpec, Relations};
use swath_algorithms::params::Count;
use swath_algorithms::{Base, Distance, Vectors};

/// Builds the graph of the `neighbors` nearest others by angle; the time holds what a run pays: search, weights, and the recall that
/// swath measures where neighbours are not exact. Returns the neighbours of the rows in `sample`.
pub fn answer(asked: &Value) -> Value {
    let number = |name: &str| asked[name].as_u64().expect("a number");
    let threads = rayon::ThreadPoolBuilder::new().num_threads(number("threads") as usize).build().expect("threads");
    let vectors = Vectors::new(&file::floats(&asked["rows"]), number("dim") as usize).expect("finite");
    let base = Base::new(vectors, Distance::Angular);
    let neighbors = Count::new(number("neighbors") as u32).expect("in range");
    let spec = GraphSpec::new(&[EdgeSource::Knn.into()], neighbors, &Relations::new());
    let start = Instant::now();
    let graph = threads.install(|| spec.build(&base, &[], &[]));
    let seconds = start.elapsed().as_secs_f64();
    let sample = asked["sample"].as_array().expect("rows").iter().filter_map(Value::as_u64);
    let ids: Vec<&[u32]> = sample.map(|row| graph.targets(row as u32)).collect();
    json!({ "build_s": seconds, "exact": graph.knn_recall().is_none(), "ids": ids })
}
