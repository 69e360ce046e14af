//! Over how many queries means are.

use crate::metrics::MetricName;

/// Over which of `queries` the means of a metric are, given how many each trial has; `None` where they are all.
pub fn partial(metric: MetricName, counts: impl Iterator<Item = usize>, queries: usize) -> Option<String> {
    let counts: Vec<usize> = counts.collect();
    let (least, most) = (*counts.iter().min()?, *counts.iter().max()?);
    let over = if least == most { most.to_string() } else { format!("{least} to {most}, by trial,") };
    (least < queries)
        .then(|| format!("{} is over {over} of {queries} queries: those that it is defined for.", metric.name()))
}

/// How many of a column's values are defined.
pub fn defined(values: impl IntoIterator<Item = f64>) -> usize {
    values.into_iter().filter(|value| !value.is_nan()).count()
}
