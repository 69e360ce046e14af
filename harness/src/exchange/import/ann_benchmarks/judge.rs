//! Recomputes the metrics of results from the dataset.

use super::stored::{Returned, StoredResult};
use crate::metrics::truth::Truth;
use crate::metrics::{AnsweredQuery, MetricName, MetricSetting, Seen};
use crate::record::coarse::{Coarse, Sizes};
use crate::record::results::RecallWithin;
use crate::record::{MISSING, Mode, Outcome, Times, stored};
use rayon::prelude::*;
use swath_algorithms::{Base, Pool, Query};
use swath_datasets::Dataset;

/// Recomputes the metrics of results.
pub struct Judge<'a> {
    /// The base vectors.
    pub base: &'a Base,
    /// The dataset.
    pub dataset: &'a Dataset,
    truths: Vec<Truth>,
    /// Results per query.
    pub k: usize,
    /// The metrics that can be computed.
    pub metrics: Vec<MetricName>,
    /// The slack of each recall.
    pub within: Vec<RecallWithin>,
    /// Recalls whose slack is not small.
    pub coarse: Vec<Coarse>,
    /// Notes on those recalls, and on metrics that are left out.
    pub notes: Vec<String>,
}

/// The distances and metrics of one query.
struct Judged {
    distances: Vec<f32>,
    metrics: Vec<f64>,
}

impl<'a> Judge<'a> {
    /// Chooses the usual metrics that can be computed from only the results and this dataset.
    pub fn new(base: &'a Base, dataset: &'a Dataset, k: usize) -> Self {
        let kinds: Vec<String> = dataset.groups.iter().map(|groups| groups.name.clone()).collect();
        let setting = MetricSetting {
            k,
            largest_pool: k,
            stored_neighbors: dataset.neighbors.count,
            subtopics: dataset.subtopics.is_some(),
            qrels: dataset.qrels.is_some(),
            groups: &kinds,
            kind: dataset.train.kind(),
        };
        let (mut metrics, mut notes) = (Vec::new(), Vec::new());
        for metric in MetricName::usual(setting.qrels, setting.subtopics, !kinds.is_empty()) {
            let reason = if metric.params().looks_inside() {
                Some("it looks at the stages of a retriever, which imported results do not have".to_owned())
            } else {
                metric.possible(&setting).err().map(|impossible| impossible.message)
            };
            match reason {
                None => metrics.push(metric),
                Some(reason) => notes.push(format!("metric `{}` is left out: {reason}", metric.name())),
            }
        }
        let queries: Vec<usize> = (0..dataset.test.len()).collect();
        let coarse = Coarse::find(&metrics, Sizes { k, pool: k }, &queries, dataset);
        Coarse::put_relative_beside(&coarse, &mut metrics);
        notes.splice(0..0, coarse.iter().map(Coarse::caution));
        let truths = queries.iter().map(|&query| Truth::of(dataset, query)).collect();
        let within = RecallWithin::all(&metrics, k, &queries, &dataset.neighbors);
        Self { base, dataset, truths, k, metrics, within, coarse, notes }
    }

    fn query(&self, query: usize, returned: &[Returned]) -> Judged {
        let ids: Vec<u32> = returned.iter().map(|&(id, _)| id).collect();
        let asked = AnsweredQuery {
            base: self.base,
            query: Query::row(&self.dataset.test, query),
            returned: &ids,
            k: self.k,
            found: (&[], 0),
            pool: &Pool::default(),
            truth: &self.truths[query],
            selector: None,
            groups: &self.dataset.groups,
            evaluations: None,
            seen: Seen::default(),
        };
        Judged {
            metrics: self.metrics.iter().map(|metric| metric.value(&asked).unwrap_or(f64::NAN)).collect(),
            distances: ids.iter().map(|&id| stored(self.base.distance_to(asked.query, id))).collect(),
        }
    }

    /// The outcome of a trial that returned this result.
    pub fn outcome(&self, stored: &StoredResult, mode: Mode) -> Outcome {
        let queries = stored.returned.par_iter().enumerate();
        let judged: Vec<Judged> = queries.map(|(query, returned)| self.query(query, returned)).collect();
        let mut outcome = Outcome {
            metrics: (0..self.metrics.len()).map(|i| judged.iter().map(|one| one.metrics[i]).collect()).collect(),
            build_seconds: stored.build_seconds.unwrap_or(f64::NAN),
            index_bytes: stored.index_bytes.unwrap_or(0),
            ..Outcome::default()
        };
        for (returned, one) in stored.returned.iter().zip(judged) {
            let padding = self.k - returned.len();
            outcome.returned.extend(returned.iter().map(|&(id, _)| id as i32));
            outcome.returned.extend(std::iter::repeat_n(MISSING, padding));
            outcome.distances.extend(one.distances);
            outcome.distances.extend(std::iter::repeat_n(f32::INFINITY, padding));
        }
        let seconds = stored.times.iter().map(|&time| f64::from(time));
        outcome.repeats.push(match mode {
            Mode::Single => Times::Single(seconds.map(|time| [time; 3]).collect()),
            Mode::Batch => Times::Batch(stored.times.len(), seconds.sum()),
        });
        outcome
    }
}
