//! The values of measures: of metrics, and of costs.

use super::LoadedRun;
use super::summary::TrialRow;
use crate::config::measure::{Cost, Measure};
use crate::statistics::Estimate;

impl TrialRow {
    /// A cost of the trial; `None` if it was not measured. A clock too coarse for the queries gives no rate, and of imported
    /// results only the best repeat is known. Lists from a file are found at no cost, and have none.
    pub fn cost(&self, cost: Cost) -> Option<f64> {
        if self.params.is_listed() {
            return None;
        }
        let percentile = |which: usize| self.timing.latency.as_ref().map(|latency| latency.percentiles_ms[which]);
        let value = match cost {
            Cost::Qps => Some(self.timing.qps),
            Cost::QpsBest => Some(self.timing.qps_best),
            Cost::P50 => percentile(0),
            Cost::P95 => percentile(1),
            Cost::P99 => percentile(2),
            Cost::BuildSeconds => Some(self.build_seconds),
            Cost::IndexBytes => Some(self.index_bytes as f64),
        };
        value.filter(|value| value.is_finite())
    }
}

impl LoadedRun {
    /// A trial's value of a measure: a metric with its 95 % interval, queries per second with the range of the repeats, or
    /// another cost without an interval.
    pub fn measured(&self, measure: Measure, row: usize) -> Option<Estimate> {
        let summary = &self.summary;
        match measure {
            Measure::Metric(metric) => self.estimate(row, summary.metrics.iter().position(|&other| other == metric)?),
            Measure::Cost(cost) => {
                let row = &summary.rows[row];
                row.cost(cost).map(|mean| match cost {
                    Cost::Qps => Estimate { mean, lo: row.timing.qps_least, hi: row.timing.qps_best },
                    _ => Estimate { mean, lo: mean, hi: mean },
                })
            }
        }
    }
}
