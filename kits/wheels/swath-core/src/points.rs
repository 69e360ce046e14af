//! The class `Points`: points that several calls use, packed once.

use crate::arrays::{self, Matrix, wrong};
use numpy::{PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyType;
use rayon::prelude::*;
use swath_algorithms::points::{PointType, Sets, SparseVectors, VectorMemory};
use swath_algorithms::{Base, Distance, Points as Rows, Pool, Query, Scratch};

/// Points with their distance, packed once as swath computes with them, and shared by all calls and threads that use them.
///
/// Points(vectors, distance="angular") takes the rows of an array of numbers, as float32. `distance` is "angular", "euclidean" or "ip",
/// or a name that other projects have for it, such as "cosine" or "l2". Points.bits, Points.sets and Points.sparse take others.
#[pyclass(frozen, module = "swath_core")]
pub struct Points {
    pub base: Base,
}

/// Two arrays with a row for each query.
type IdsAndDistances<'py> = (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<f64>>);

/// The distance with that name.
fn distance(name: &str, kind: PointType) -> PyResult<Distance> {
    let fitting: Vec<&str> =
        Distance::ALL.into_iter().filter(|distance| distance.fits(kind)).map(Distance::name).collect();
    let found = Distance::from_any_name(name).filter(|distance| distance.fits(kind));
    found.ok_or_else(|| crate::parameters::unknown(&format!("{kind} have no distance `{name}`"), name, &fitting))
}

#[pymethods]
impl Points {
    #[new]
    #[pyo3(signature = (vectors, distance = "angular"))]
    fn new(vectors: &Bound<'_, PyAny>, distance: &str) -> PyResult<Self> {
        let distance = self::distance(distance, PointType::Dense)?;
        let matrix = Matrix::of(vectors, "vectors", false)?;
        let view = matrix.view();
        let packed = vectors.py().detach(|| view.pack(&mut VectorMemory::default()));
        Ok(Self { base: Base::new(packed.map_err(wrong)?, distance) })
    }

    /// Strings of bits, compared by Hamming distance: an array of bool, a row for each.
    #[classmethod]
    fn bits(_: &Bound<'_, PyType>, bits: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self { base: Base::new(arrays::bits(bits, "bits", false)?, Distance::Hamming) })
    }

    /// Sets of whole numbers below `dimension`, compared by Jaccard distance: row i is members[offsets[i]:offsets[i + 1]], ascending.
    #[classmethod]
    fn sets(
        _: &Bound<'_, PyType>,
        members: &Bound<'_, PyAny>,
        offsets: &Bound<'_, PyAny>,
        dimension: usize,
    ) -> PyResult<Self> {
        let (members, offsets) = arrays::compressed(members, offsets)?;
        Ok(Self { base: Base::new(Sets::new(members, offsets, dimension).map_err(wrong)?, Distance::Jaccard) })
    }

    /// Sparse vectors, compared by inner product: row i has values[offsets[i]:offsets[i + 1]] at the same part of `columns`, which
    /// ascend. For a scipy.sparse.csr_matrix m: Points.sparse(m.data, m.indices, m.indptr, m.shape[1]).
    #[classmethod]
    fn sparse(
        _: &Bound<'_, PyType>,
        values: &Bound<'_, PyAny>,
        columns: &Bound<'_, PyAny>,
        offsets: &Bound<'_, PyAny>,
        dimension: usize,
    ) -> PyResult<Self> {
        let (columns, offsets) = arrays::compressed(columns, offsets)?;
        let vectors = SparseVectors::new(columns, arrays::values(values)?, offsets, dimension).map_err(wrong)?;
        Ok(Self { base: Base::new(vectors, Distance::InnerProduct) })
    }

    /// The ids and distances of the `count` points nearest to each query, nearest first: two arrays with a row for each query. Exact;
    /// ties by lower id.
    fn nearest<'py>(
        &self,
        py: Python<'py>,
        queries: &Bound<'py, PyAny>,
        count: usize,
    ) -> PyResult<IdsAndDistances<'py>> {
        let queries = queries_for(self.base.points().kind(), self.base.points().dim(), queries)?.0;
        let count = count.min(self.base.len());
        let found = py.detach(|| nearest(&self.base, &queries, count));
        let ids = found.iter().flatten().map(|&(id, _)| i64::from(id)).collect::<Vec<_>>();
        let distances = found.iter().flatten().map(|&(_, distance)| distance).collect::<Vec<_>>();
        let shape = [queries.len(), count];
        Ok((
            numpy::PyArray1::from_vec(py, ids).reshape(shape)?,
            numpy::PyArray1::from_vec(py, distances).reshape(shape)?,
        ))
    }

    /// Number of points.
    fn __len__(&self) -> usize {
        self.base.len()
    }

    /// Values or bits of a point, or the number below which members and columns are.
    #[getter]
    fn dimension(&self) -> usize {
        self.base.points().dim()
    }

    /// The name of the distance.
    #[getter]
    fn distance(&self) -> &'static str {
        self.base.distance().name()
    }

    fn __repr__(&self) -> String {
        let points = self.base.points();
        format!(
            "<swath_core.Points: {} {} of dimension {}, {}>",
            points.len(),
            points.kind(),
            points.dim(),
            self.base.distance()
        )
    }
}

/// Queries for points of that type and dimension, and whether it was a single one: an array like that of the points, or `Points`.
///
/// # Errors
/// They are no such points.
pub fn queries_for(kind: PointType, dim: usize, object: &Bound<'_, PyAny>) -> PyResult<(Rows, bool)> {
    let queries: Rows = if let Ok(others) = object.cast::<Points>() {
        others.get().base.points().clone()
    } else {
        match kind {
            PointType::Dense => {
                let matrix = Matrix::of(object, "queries", true)?;
                matrix.view().pack(&mut VectorMemory::default()).map_err(wrong)?.into()
            }
            PointType::Bits => arrays::bits(object, "queries", true)?.into(),
            kind @ (PointType::Sets | PointType::Sparse) => {
                return Err(wrong(format!("queries for {kind} are {}", arrays::source_of(kind))));
            }
        }
    };
    if (queries.kind(), queries.dim()) != (kind, dim) {
        let (found, of) = (queries.kind(), queries.dim());
        return Err(wrong(format!("queries are {found} of dimension {of}, and the points {kind} of dimension {dim}")));
    }
    let is_one = object.getattr("ndim").and_then(|ndim| ndim.extract::<usize>()).unwrap_or(2) == 1;
    let is_list_of_numbers =
        !object.hasattr("ndim")? && object.get_item(0).is_ok_and(|first| first.extract::<f64>().is_ok());
    Ok((queries, is_one || is_list_of_numbers))
}

/// Ids and distances of the nearest points of each query.
pub fn nearest(base: &Base, queries: &Rows, count: usize) -> Vec<Vec<(u32, f64)>> {
    let of_query = |(scratch, pool): &mut (Scratch, Pool), query: usize| {
        scratch.reset();
        pool.fill(base, Query::row(queries, query), 0..base.len() as u32, base.len(), scratch);
        let mut found: Vec<(u32, f64)> = pool.items.iter().map(|item| (item.id, item.distance)).collect();
        found.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        found.truncate(count);
        found
    };
    (0..queries.len()).into_par_iter().map_init(Default::default, of_query).collect()
}
