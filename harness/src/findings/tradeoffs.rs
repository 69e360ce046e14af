//! The trade-off of each retriever between recall and another metric: the Pareto front over the points of its grid, the area
//! below it, and the metric at given recalls.

use crate::metrics::{Family, MetricName};
use crate::plot::pareto::{self, Point};
use crate::record::results::TrialResult;
use crate::statistics::bootstrap::{quantile, resampled_means};
use crate::statistics::{Column, Estimate, ROUNDING};
use rayon::prelude::*;

/// Recalls at which retrievers are compared.
pub const RECALLS: [f64; 4] = [0.9, 0.8, 0.7, 0.5];

/// How one retriever trades recall for a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Tradeoff {
    /// The retriever.
    pub retriever: String,
    /// Index of the metric in [`Summary::metrics`](crate::findings::summary::Summary::metrics).
    pub metric: usize,
    /// How many points its grid has.
    pub points: usize,
    /// The area between the front and the worst mean of any trial in the metric, from recall 0 (Zitzler & Thiele 1998).
    pub hypervolume: Estimate,
    /// The metric at each of [`RECALLS`], interpolated linearly between the two points of the front around it. Where every
    /// point has more recall: the best value of any. `None` where no point has as much.
    pub at_recall: Vec<Option<Estimate>>,
}

/// The trade-offs of all retrievers that compete, for each metric that is neither a recall nor a cost; none where recall was
/// not measured. Intervals are the 2.5 and 97.5 % quantiles over resamples of the queries; means and front are computed anew
/// in each resample.
pub fn tradeoffs(trials: &[TrialResult], metrics: &[MetricName], seed: u64) -> Vec<Tradeoff> {
    let Some(recall) = metrics.iter().position(|metric| metric.name() == "recall") else { return Vec::new() };
    let competing: Vec<&TrialResult> = trials.iter().filter(|trial| !trial.is_oracle()).collect();
    let mut retrievers: Vec<(&str, Vec<usize>)> = Vec::new();
    for (at, trial) in competing.iter().enumerate() {
        match retrievers.iter_mut().find(|(name, _)| *name == trial.retriever) {
            Some((_, points)) => points.push(at),
            None => retrievers.push((&trial.retriever, vec![at])),
        }
    }
    let shown = |metric: &MetricName| !matches!(metric.family(), Family::Recall | Family::Cost);
    let columns = |metric: usize| competing.iter().map(|trial| Column::new(&trial.metrics[metric])).collect::<Vec<_>>();
    let recall = columns(recall);
    let recalls: Vec<f64> = recall.iter().map(Column::mean).collect();
    let resampled_recalls = resampled_means(&recall, seed);
    let mut all = Vec::new();
    for (metric, name) in metrics.iter().enumerate().filter(|(_, name)| shown(name)) {
        let sign = if name.higher_is_better() { 1.0 } else { -1.0 };
        let columns = columns(metric);
        let resampled = resampled_means(&columns, seed);
        let means: Vec<f64> = columns.iter().map(Column::mean).collect();
        let worst = means.iter().map(|mean| sign * mean).fold(f64::INFINITY, f64::min);
        if !worst.is_finite() {
            continue;
        }
        for (retriever, members) in &retrievers {
            let of = |recalls: &[f64], values: &[f64]| -> Vec<Point> {
                front(members.iter().map(|&at| (recalls[at], sign * values[at])))
            };
            let whole = of(&recalls, &means);
            let resamples = resampled_recalls.par_iter().zip(&resampled);
            let fronts: Vec<Vec<Point>> = resamples.map(|(recalls, values)| of(recalls, values)).collect();
            let estimate = |value: &dyn Fn(&[Point]) -> Option<f64>, sign: f64| {
                // 0 has no sign.
                let turned = |front: &[Point]| Some(sign * value(front)? + 0.0);
                let mean = turned(&whole)?;
                let mut values: Vec<f64> = fronts.iter().filter_map(|front| turned(front)).collect();
                values.sort_unstable_by(f64::total_cmp);
                let end = |level: f64| quantile(&values, level);
                (!values.is_empty()).then(|| Estimate { mean, lo: end(0.025), hi: end(0.975) })
            };
            let Some(hypervolume) = estimate(&|front| Some(area(front, worst)), 1.0) else { continue };
            all.push(Tradeoff {
                retriever: (*retriever).to_owned(),
                metric,
                points: members.len(),
                hypervolume,
                at_recall: RECALLS.iter().map(|&recall| estimate(&|front| at(front, recall), sign)).collect(),
            });
        }
    }
    all
}

/// The points on the Pareto front, each once, by falling first coordinate.
fn front(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut front = pareto::front(points, |&point| point);
    front.dedup();
    front
}

/// The area that the front dominates, right of 0 and above `worst`.
fn area(front: &[Point], worst: f64) -> f64 {
    let right = front.iter().map(|point| point.0);
    let next = right.clone().skip(1).chain(std::iter::once(0.0));
    right.zip(next).zip(front).map(|((right, left), point)| (right - left) * (point.1 - worst).max(0.0)).sum()
}

/// The height of the front at `x`, interpolated linearly between the two points around `x`; left of all points the height of
/// the highest, right of all `None`. A point that differs from `x` only by rounding is at `x`.
fn at(front: &[Point], x: f64) -> Option<f64> {
    let Some(after) = front.iter().position(|point| point.0 <= x) else { return front.last().map(|point| point.1) };
    let right = front[after];
    if x - right.0 <= ROUNDING {
        return Some(right.1);
    }
    let left = front[after.checked_sub(1)?];
    Some(right.1 + (left.1 - right.1) * (x - right.0) / (left.0 - right.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTS: [Point; 5] = [(0.5, 3.0), (1.0, 1.0), (0.8, 2.0), (0.7, 1.5), (0.4, 2.5)];

    #[test]
    fn the_front_is_what_nothing_beats() {
        assert_eq!(front(POINTS.into_iter()), [(1.0, 1.0), (0.8, 2.0), (0.5, 3.0)]);
        assert_eq!(front([(1.0, 1.0), (1.0, 2.0), (f64::NAN, 3.0)].into_iter()), [(1.0, 2.0)]);
    }

    #[test]
    fn the_area_is_that_of_the_steps() {
        let front = front(POINTS.into_iter());
        let expected = 0.5 * 3.0 + 0.3 * 2.0 + 0.2 * 1.0;
        assert!((area(&front, 0.0) - expected).abs() < 1e-12);
        assert!((area(&front, 1.0) - (expected - 1.0)).abs() < 1e-12);
        assert_eq!(area(&[], 0.0), 0.0);
    }

    #[test]
    fn between_points_the_front_is_straight_and_more_recall_than_asked_for_will_do() {
        let front = front(POINTS.into_iter());
        let close = |x, y: f64| assert!(at(&front, x).is_some_and(|found| (found - y).abs() < 1e-12), "{x}");
        close(1.0, 1.0);
        close(0.9, 1.5);
        close(0.5, 3.0);
        close(0.3, 3.0);
        assert_eq!((at(&front, 1.01), at(&[], 0.5)), (None, None));
        // Nine tenths, as they come out of a sum.
        assert_eq!(at(&[(0.9 - f64::EPSILON, 2.0)], 0.9), Some(2.0));
    }
}
