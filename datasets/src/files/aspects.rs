//! Sub-queries: a matrix with rows of the number of a query and a vector.

use super::Part;
use crate::array_file::{self, Matrix};
use crate::aspects::{self, Aspects};
use crate::check::Flaw;
use crate::format::DatasetError;
use swath_algorithms::points::PointType;

/// Opens the file of the sub-queries of points of this type and dimension.
///
/// # Errors
/// It is no matrix of such rows, or needs more than `memory`.
pub(super) fn open(part: &Part, kind: PointType, dim: usize, memory: u64) -> Result<Box<dyn Matrix>, DatasetError> {
    let invalid = |flaw| DatasetError::Invalid { path: part.file.clone(), flaw };
    aspects::dense(kind).map_err(invalid)?;
    let matrix = array_file::open_matrix(&part.file, part.part.as_deref())?;
    let header = matrix.header();
    aspects::width(dim, header.columns).map_err(invalid)?;
    let needed = (header.rows as u64).saturating_mul((header.columns * size_of::<f64>()) as u64);
    if needed > memory {
        let found = format!("it needs {needed} bytes of memory");
        return Err(invalid(Flaw::new("`aspects`", found, format!("at most {memory}"))));
    }
    Ok(matrix)
}

/// Reads the sub-queries of `queries` queries.
///
/// # Errors
/// A value is wrong, and where it is.
pub(super) fn read(matrix: &dyn Matrix, queries: usize) -> Result<Aspects, DatasetError> {
    let header = matrix.header();
    let read = Aspects::of_rows(&matrix.all_f64s()?, queries, header.columns - 1, |row, column| header.at(row, column));
    read.map_err(|flaw| DatasetError::Invalid { path: header.path.clone(), flaw })
}
