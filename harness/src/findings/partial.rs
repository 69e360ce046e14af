//! The number of queries that a mean is over.

use crate::metrics::MetricName;
use crate::plot::format::number;

/// A sentence on how many of `queries` the means of a metric are over, given the count of each trial; `None` if all.
pub fn partial(metric: MetricName, counts: impl Iterator<Item = usize>, queries: usize) -> Option<String> {
    let counts: Vec<usize> = counts.collect();
    let (least, most) = (*counts.iter().min()?, *counts.iter().max()?);
    let [few, many, all] = [least, most, queries].map(|count| number(count as f64));
    let over = if least == most { format!("{many} of {all}") } else { format!("{few} to {many} of {all}, by trial") };
    (least < queries)
        .then(|| format!("{} is defined for some queries alone: its means are over {over}.", metric.name()))
}

/// How many of a column's values are defined.
pub fn defined(values: impl IntoIterator<Item = f64>) -> usize {
    values.into_iter().filter(|value| !value.is_nan()).count()
}
