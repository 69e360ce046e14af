//! What there is: `selectors()` and `metrics()`.

use crate::arrays::wrong;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value;
use swath::metrics::MetricName;
use swath_algorithms::selector::SelectorParams;

/// A JSON value as one of Python.
fn python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (value.to_string(),))
}

/// The selectors by name, each with the JSON Schema of its parameters: what each means, its range and its default.
#[pyfunction]
pub fn selectors(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let all = PyDict::new(py);
    // A program outside picks in a run alone.
    for params in SelectorParams::all().into_iter().filter(|params| params.external().is_none()) {
        all.set_item(params.name(), python(py, &params.schema().to_value())?)?;
    }
    Ok(all)
}

/// The metrics by name: their definition, range, source, whether higher is better, and the JSON Schema of their parameters.
#[pyfunction]
pub fn metrics(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let all = PyDict::new(py);
    for metric in MetricName::all() {
        let (about, one) = (metric.about(), PyDict::new(py));
        one.set_item("definition", about.definition)?;
        one.set_item("range", about.range)?;
        one.set_item("higher_is_better", about.higher_is_better)?;
        one.set_item("source", about.source)?;
        one.set_item("parameters", python(py, &metric.params().schema().to_value())?)?;
        all.set_item(metric.name(), one)?;
    }
    if all.is_empty() { Err(wrong("there are no metrics: that is a bug in swath")) } else { Ok(all) }
}
