//! True neighbours in files: ids, often with distances.
//!
//! big-ann-benchmarks and DiskANN write the numbers of queries and of neighbours as uint32, then the ids as int32 or uint32, row
//! after row, and then the distances as float32; some leave out the distances. The file's size tells.

use super::bin::{Sizes, Start};
use super::stored::{Layout, StoredMatrix};
use super::{ArrayFormat, FORMATS, Matrix, MatrixHeader, ending, has_ending, no_parts, open_matrix, start};
use crate::format::DatasetError;
use crate::number::{NumberForm, NumberType};
use std::path::Path;

/// True neighbours in an open file.
pub struct Truth {
    /// The ids of each query's neighbours, a row for each query. Where a file has -1 as int32, this is 4294967295.
    pub ids: Box<dyn Matrix>,
    /// Their distances, of the same shape; or scores, as the file has them.
    pub distances: Option<Box<dyn Matrix>>,
}

/// Opens a file of true neighbours: big-ann-benchmarks' with or without distances, whatever its ending, or any matrix, which `part`
/// names if the file has several.
///
/// # Errors
/// As [`open_matrix`].
pub fn truth(path: &Path, part: Option<&str>) -> Result<Truth, DatasetError> {
    let start = start(path)?;
    let may_have_both = matches!(ending(path).as_str(), "ibin" | "bin");
    let is_other =
        |format: &&dyn ArrayFormat| format.sniff(&start) || (!may_have_both && has_ending(path, format.endings()));
    if FORMATS.iter().any(is_other) {
        return Ok(Truth { ids: open_matrix(path, part)?, distances: None });
    }
    no_parts(path, part)?;
    let start = Start::read(path)?;
    let both = |rows, columns| 8 * rows * columns;
    let alone = |rows, columns| 4 * rows * columns;
    let (sizes, has_distances) = match (start.sizes(both), start.sizes(alone)) {
        (Some(sizes), _) => (sizes, true),
        (None, Some(sizes)) => (sizes, false),
        (None, None) => return Err(start.refused(path, "ids and then distances, of 4 bytes each", both)),
    };
    let Sizes { rows, columns, before } = sizes;
    let matrix = |part: &str, form: NumberForm, at: u64| -> Box<dyn Matrix> {
        let part = Some(part.to_owned());
        let header = MatrixHeader { path: path.to_owned(), part, rows, columns, form, notes: Vec::new() };
        let (number, bytes) = (NumberType::little_endian(form), start.bytes.from(at).into());
        Box::new(StoredMatrix { header, number, layout: Layout::Rows, bytes })
    };
    let middle = before + 4 * (rows * columns) as u64;
    let distances = has_distances.then(|| matrix("distances", NumberForm::Single, middle));
    Ok(Truth { ids: matrix("ids", NumberForm::Unsigned(4), before), distances })
}
