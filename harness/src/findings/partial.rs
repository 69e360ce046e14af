//! The number of queries that a mean is over.

use crate::metrics::MetricName;
use crate::plot::format::number;

/// A sentence on how many of `queries` the means of a metric are over, given the count of each trial; `None` if all.
pub fn partial(metric: MetricName, counts: impl Iterator<Item = usize>, queries: usize) -> Option<String> {
    let counts: Vec<usize> = counts.collect();
    let (least, most) = (*counts.iter().min()?, *counts.iter().max()?);
    let [few, many, all] = [least, most, queries].map(|count| number(count as f64));
    let over = if least == most { many } else { format!("{few} to {many}, by trial,") };
    (least < queries)
        .then(|| format!("{} is over {over} of {all} queries: those for which it is defined.", metric.name()))
}

/// How many of a column's values are defined.
pub fn defined(values: impl IntoIterator<Item = f64>) -> usize {
    values.into_iter().filter(|value| !value.is_nan()).count()
}
