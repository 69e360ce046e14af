//! What is true of a query, which its answers are judged by.

use std::sync::Mutex;
use swath_algorithms::kernel::Kernel;
use swath_datasets::{Dataset, Stored};

/// What is true of a query.
pub struct Truth {
    /// Its stored nearest neighbours, ascending.
    pub neighbors: Vec<u32>,
    /// Their stored distances.
    pub distances: Vec<f64>,
    /// What these were rounded to.
    pub stored: Stored,
    /// Its (item, subtopic) pairs, ascending, if the dataset has subtopics.
    pub subtopics: Option<Vec<(u32, u32)>>,
    /// Its (item, grade) pairs, ascending, if the dataset has judgements of relevance.
    pub qrels: Option<Vec<(u32, u32)>>,
    /// Radii of balls around its neighbours, which all trials share.
    pub radii: Memo<Ball, f64>,
    /// By kernel (`None`: the inner product), the k largest relevances of any base point to it, the largest first, which all trials share.
    pub ideals: Memo<Option<Kernel>, Vec<f64>>,
}

/// What is computed once, when the first asks for it.
#[derive(Debug)]
pub struct Memo<K, V>(Mutex<Vec<(K, V)>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<K: PartialEq, V: Clone> Memo<K, V> {
    /// The value for `key`, computed where it is not known yet.
    fn get(&self, key: K, compute: impl FnOnce() -> V) -> V {
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, value)) = known.iter().find(|(other, _)| *other == key) {
            return value.clone();
        }
        let value = compute();
        known.push((key, value.clone()));
        value
    }
}

/// What a radius is a function of: the quantile of distances between neighbours, and the kernel that these come from.
pub type Ball = (f64, Option<Kernel>);

impl Truth {
    /// What a dataset says of one of its queries.
    pub fn of(dataset: &Dataset, query: usize) -> Self {
        Self {
            neighbors: dataset.neighbors.ids(query).to_vec(),
            distances: dataset.neighbors.distances(query).to_vec(),
            subtopics: dataset.subtopics.as_ref().map(|subtopics| subtopics.of(query).to_vec()),
            qrels: dataset.qrels.as_ref().map(|qrels| qrels.of(query).to_vec()),
            stored: dataset.neighbors.stored,
            radii: Memo::default(),
            ideals: Memo::default(),
        }
    }

    /// The radius of `ball`, computed where it is not known yet.
    pub fn radius(&self, ball: Ball, compute: impl FnOnce() -> f64) -> f64 {
        self.radii.get(ball, compute)
    }

    /// The k largest similarities by `kernel`, computed where they are not known yet.
    pub fn ideal(&self, kernel: Option<Kernel>, compute: impl FnOnce() -> Vec<f64>) -> Vec<f64> {
        self.ideals.get(kernel, compute)
    }
}
