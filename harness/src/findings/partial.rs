//! The number of queries that a mean is over.

use crate::metrics::MetricName;

/// A sentence on how many of `queries` the means of a metric are over, given the count of each trial; `None` if all.
pub fn partial(metric: MetricName, counts: impl Iterator<Item = usize>, queries: usize) -> Option<String> {
    let counts: Vec<usize> = counts.collect();
    let (least, most) = (*counts.iter().min()?, *counts.iter().max()?);
    let over = if least == most { most.to_string() } else { format!("{least} to {most}, by trial,") };
    (least < queries)
        .then(|| format!("{} is over {over} of {queries} queries: those for which it is defined.", metric.name()))
}

/// How many of a column's values are defined.
pub fn defined(values: impl IntoIterator<Item = f64>) -> usize {
    values.into_iter().filter(|value| !value.is_nan()).count()
}
