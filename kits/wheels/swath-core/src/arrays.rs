//! Arrays from Python: numbers that are read where they lie, if their type and layout allow.

use numpy::ndarray::Axis;
use numpy::{Element, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use swath_algorithms::points::{Bits, PointType, VectorMemory};
use swath_algorithms::{PointsError, Vectors};

/// An error of the caller.
pub fn wrong(message: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(message.to_string())
}

/// A numpy array of `dtype` in rows one after another: the object itself, or a copy.
fn converted<'py>(object: &Bound<'py, PyAny>, dtype: &str) -> PyResult<Bound<'py, PyAny>> {
    let options = PyDict::new(object.py());
    options.set_item("dtype", dtype)?;
    object.py().import("numpy")?.call_method("ascontiguousarray", (object,), Some(&options))
}

/// Rows of `f32`.
pub struct Matrix<'py>(PyReadonlyArray2<'py, f32>);

impl<'py> Matrix<'py> {
    /// Reads vectors. `what` are they, in messages; a single vector is one row if `may_be_one`.
    ///
    /// # Errors
    /// It is no matrix of numbers.
    pub fn of(object: &Bound<'py, PyAny>, what: &str, may_be_one: bool) -> PyResult<Self> {
        if let Ok(array) = object.extract::<PyReadonlyArray2<'py, f32>>()
            && array.is_aligned()
            && (array.is_c_contiguous() || array.strides()[1] == size_of::<f32>() as isize)
        {
            return Ok(Self(array));
        }
        // `ascontiguousarray` makes a row of a number, so ask before.
        let dimensions = object.py().import("numpy")?.call_method1("ndim", (object,))?.extract::<usize>()?;
        let array = converted(object, "float32")?;
        let array = match dimensions {
            2 => array,
            1 if may_be_one => array.call_method1("reshape", ((1, -1),))?,
            _ => {
                let expected =
                    if may_be_one { "a vector, or a matrix of a row for each" } else { "a matrix of a row for each" };
                return Err(wrong(format!("{what}: found an array of {dimensions} dimensions, expected {expected}")));
            }
        };
        Ok(Self(array.extract()?))
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.0.shape()[0]
    }

    /// Values in a row.
    pub fn dim(&self) -> usize {
        self.0.shape()[1]
    }

    /// The rows, for a thread that does not hold the interpreter.
    pub fn view(&self) -> MatrixView<'_> {
        match self.0.as_slice() {
            Ok(values) if self.0.is_c_contiguous() => MatrixView::Whole { values, rows: self.rows(), dim: self.dim() },
            _ => {
                let view = self.0.as_array();
                let row = |row| view.index_axis_move(Axis(0), row).to_slice().unwrap_or_default();
                MatrixView::Rows((0..self.rows()).map(row).collect(), self.dim())
            }
        }
    }
}

/// The rows of a [`Matrix`].
pub enum MatrixView<'a> {
    /// One after another.
    Whole { values: &'a [f32], rows: usize, dim: usize },
    /// Each somewhere.
    Rows(Vec<&'a [f32]>, usize),
}

impl MatrixView<'_> {
    /// Packs them.
    ///
    /// # Errors
    /// As [`Vectors::of_rows`].
    pub fn pack(&self, memory: &mut VectorMemory) -> Result<Vectors, PointsError> {
        match self {
            // Rows without values cannot be told apart.
            Self::Whole { dim: 0, .. } | Self::Rows(_, 0) => Err(PointsError::NoDimension),
            Self::Whole { values, rows, dim } => {
                debug_assert_eq!(values.len(), rows * dim);
                memory.of_rows(values.chunks_exact(*dim), *dim)
            }
            Self::Rows(rows, dim) => memory.of_rows(rows.iter().copied(), *dim),
        }
    }
}

/// Bits, a row for each point: an array of bool.
///
/// # Errors
/// It is no matrix of bool.
pub fn bits(object: &Bound<'_, PyAny>, what: &str, may_be_one: bool) -> PyResult<Bits> {
    let array: PyReadonlyArrayDyn<'_, bool> = object.extract().map_err(|_| {
        wrong(format!("{what}: expected an array of bool; numpy.unpackbits(a, axis=1).astype(bool) unpacks bytes"))
    })?;
    let dim = match *array.shape() {
        [_, dim] => dim,
        [dim] if may_be_one => dim,
        ref shape => {
            return Err(wrong(format!("{what}: found an array of {} dimensions, expected a matrix", shape.len())));
        }
    };
    let view = array.as_array();
    Bits::pack(view.iter().copied(), dim).map_err(wrong)
}

/// Some numbers as `f64`.
///
/// # Errors
/// They are no list of numbers.
pub fn floats(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<f64>> {
    if let Ok(array) = object.extract::<PyReadonlyArray1<'_, f32>>()
        && array.is_aligned()
    {
        return Ok(array.as_array().iter().map(|&value| f64::from(value)).collect());
    }
    list::<f64>(object, "float64", what).map(|array| array.as_array().to_vec())
}

/// Numbers of rows, each below 2^32.
///
/// # Errors
/// They are no list of whole numbers, or one is out of range.
pub fn ids(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<u32>> {
    let array = whole(object, what)?;
    let array: PyReadonlyArray1<'_, i64> =
        array.extract().map_err(|_| wrong(format!("{what}: expected a list of ids")))?;
    let id = |(at, &id): (usize, &i64)| {
        u32::try_from(id).map_err(|_| wrong(format!("{what}: id {at} is {id}; an id is the number of a row, from 0")))
    };
    array.as_array().iter().enumerate().map(id).collect()
}

/// Lists of ids, one for each query: a matrix, or one list if `may_be_one`. -1 fills up the end of a list, and is left out. Returns the
/// lists and the length of the longest possible.
///
/// # Errors
/// They are no such lists.
pub fn id_lists(object: &Bound<'_, PyAny>, what: &str, may_be_one: bool) -> PyResult<(Vec<Vec<u32>>, usize)> {
    let array = matrix_of_whole(object, what, may_be_one)?;
    let array: PyReadonlyArray2<'_, i64> = array.extract()?;
    let width = array.shape()[1];
    let mut lists = Vec::with_capacity(array.shape()[0]);
    for (query, row) in array.as_array().rows().into_iter().enumerate() {
        let count = row.iter().position(|&id| id == -1).unwrap_or(width);
        let mut list = Vec::with_capacity(count);
        for (at, &id) in row.iter().enumerate() {
            let number = u32::try_from(id).ok().filter(|_| at < count);
            match number {
                Some(id) if list.contains(&id) => {
                    return Err(wrong(format!("{what}: row {query} has {id} twice; an item counts once")));
                }
                Some(id) => list.push(id),
                None if id == -1 => {}
                None => {
                    let message = "an id is the number of a row, and -1 stands only at the end of a list";
                    return Err(wrong(format!("{what}: row {query}, column {at} is {id}; {message}")));
                }
            }
        }
        lists.push(list);
    }
    Ok((lists, width))
}

/// Rows of `WIDTH` whole numbers from 0.
///
/// # Errors
/// They are no such rows.
pub fn tuples<const WIDTH: usize>(object: &Bound<'_, PyAny>, what: &str, columns: &str) -> PyResult<Vec<[u32; WIDTH]>> {
    let array = matrix_of_whole(object, what, false)?;
    let array: PyReadonlyArray2<'_, i64> = array.extract()?;
    if array.shape()[1] != WIDTH && array.shape()[0] > 0 {
        return Err(wrong(format!("{what}: found rows of {}, expected rows ({columns})", array.shape()[1])));
    }
    let mut all = Vec::with_capacity(array.shape()[0]);
    for (at, row) in array.as_array().rows().into_iter().enumerate() {
        let mut tuple = [0; WIDTH];
        for (number, &found) in tuple.iter_mut().zip(row) {
            *number =
                u32::try_from(found).map_err(|_| wrong(format!("{what}: row {at} has {found}; numbers begin at 0")))?;
        }
        all.push(tuple);
    }
    Ok(all)
}

/// Whole numbers of `i64`, of any shape. Numbers with a fraction are refused.
fn whole<'py>(object: &Bound<'py, PyAny>, what: &str) -> PyResult<Bound<'py, PyAny>> {
    let numpy = object.py().import("numpy")?;
    let array = numpy.call_method1("asarray", (object,))?;
    let kind: String = array.getattr("dtype")?.getattr("kind")?.extract()?;
    let is_empty = array.getattr("size")?.extract::<usize>()? == 0;
    if !is_empty && !matches!(kind.as_str(), "i" | "u") {
        let name = array.getattr("dtype")?.str()?;
        return Err(wrong(format!("{what}: expected whole numbers, found {name}")));
    }
    converted(&array, "int64")
}

fn matrix_of_whole<'py>(object: &Bound<'py, PyAny>, what: &str, may_be_one: bool) -> PyResult<Bound<'py, PyAny>> {
    let dimensions = object.py().import("numpy")?.call_method1("ndim", (object,))?.extract::<usize>()?;
    let array = whole(object, what)?;
    match dimensions {
        2 => Ok(array),
        1 if may_be_one => array.call_method1("reshape", ((1, -1),)),
        1 if array.len()? == 0 => array.call_method1("reshape", ((0, 0),)),
        _ => Err(wrong(format!("{what}: found an array of {dimensions} dimensions, expected a matrix"))),
    }
}

/// A list of numbers of this type.
fn list<'py, T: Element>(object: &Bound<'py, PyAny>, dtype: &str, what: &str) -> PyResult<PyReadonlyArray1<'py, T>> {
    let dimensions = object.py().import("numpy")?.call_method1("ndim", (object,))?.extract::<usize>()?;
    if dimensions != 1 {
        return Err(wrong(format!("{what}: found an array of {dimensions} dimensions, expected a list of numbers")));
    }
    converted(object, dtype)?.extract()
}

/// Numbers of rows and offsets of compressed rows, as `scipy.sparse` has them.
///
/// # Errors
/// They are no lists of whole numbers from 0.
pub fn compressed(columns: &Bound<'_, PyAny>, offsets: &Bound<'_, PyAny>) -> PyResult<(Vec<u32>, Vec<u64>)> {
    let offsets = ids(offsets, "offsets")?.into_iter().map(u64::from).collect();
    Ok((ids(columns, "columns")?, offsets))
}

/// Values of compressed rows.
///
/// # Errors
/// They are no list of numbers.
pub fn values(object: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
    list::<f32>(object, "float32", "values").map(|array| array.as_array().to_vec())
}

/// What points of that type are read from, in messages.
pub fn source_of(kind: PointType) -> &'static str {
    match kind {
        PointType::Dense => "an array of numbers",
        PointType::Bits => "an array of bool",
        PointType::Sets => "`Points.sets(...)`",
        PointType::Sparse => "`Points.sparse(...)`",
    }
}
