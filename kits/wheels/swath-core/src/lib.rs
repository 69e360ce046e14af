//! swath's selectors and metrics on numpy arrays: the Python module `swath_core`.
//!
//! A file for each: arrays that become points, keyword arguments that become parameters, the class `Points`, `select`, `measure`.

mod arrays;
mod catalogue;
mod measuring;
mod parameters;
mod points;
mod selection;

/// swath's selectors and metrics on numpy arrays.
///
/// `select` picks k of a pool, in order. `measure` computes metrics of results. `Points` holds points that several calls use.
/// `selectors()` and `metrics()` tell what there is. Whatever cannot be done is a ValueError that says what would be right.
#[pyo3::pymodule]
mod swath_core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::catalogue::{metrics, selectors};
    #[pymodule_export]
    use crate::measuring::measure;
    #[pymodule_export]
    use crate::points::Points;
    #[pymodule_export]
    use crate::selection::select;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
