//! Names of the measures of a history, and their better direction.

use super::RELATIVE_TIME;
use crate::config::measure::Measure;
use crate::metrics::MetricName;

/// The measure with this name, if this version knows it.
fn measure(name: &str) -> Option<Measure> {
    Measure::cost(name).or_else(|| MetricName::find(name).map(Measure::Metric))
}

/// Whether more is better; `None` if that is unknown.
pub(super) fn higher_is_better(name: &str) -> Option<bool> {
    if name == RELATIVE_TIME { Some(false) } else { measure(name).map(Measure::higher_is_better) }
}

/// The measure in words, for a sentence.
pub(super) fn words(name: &str) -> String {
    if name == RELATIVE_TIME {
        return "time per query, relative to the reference".into();
    }
    measure(name).map_or_else(|| name.to_owned(), |measure| measure.words().to_owned())
}
