//! `select`: k of a pool.

use crate::arrays::{self, Matrix, wrong};
use crate::parameters;
use crate::points::{Points, queries_for};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::cell::RefCell;
use swath_algorithms::points::{PointType, VectorMemory};
use swath_algorithms::selector::SelectorParams;
use swath_algorithms::{
    Base, Distance, Groups, OwnedPool, Points as Rows, PoolParts, Scratch, SelectError, Vectors, select_with,
};

/// Values of a pool from which on other threads of Python may run meanwhile: handing over takes as long as a small selection.
const LARGE: usize = 1 << 15;

/// Working memory that is kept at most, in bytes and in values.
const KEPT: usize = 1 << 24;

#[derive(Default)]
struct Memory {
    vectors: VectorMemory,
    scratch: Scratch,
}

thread_local! {
    /// Working memory of this thread. New memory costs more than many a selection.
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// What to pick from.
enum Source<'a> {
    Array(arrays::MatrixView<'a>),
    Points(Base),
}

/// Everything about a pool but its points.
struct Asked {
    ids: Option<Vec<u32>>,
    scores: Option<Vec<f64>>,
    groups: Vec<Groups>,
    subtopics: Vec<(u32, u32)>,
    sub_queries: Option<Vectors>,
    seed: u64,
    params: SelectorParams,
    k: usize,
}

/// Picks k items of a pool, in order, and returns their rows in `vectors`.
///
/// vectors: an array with a row for each item, compared by angle, or Points. float32 arrays are read where they lie.
/// scores: how relevant each item is. Without scores, `query` says: the nearer, the more relevant.
/// selector: its name, with its parameters as keyword arguments (`lambda_` is `lambda`), or {"mmr": {"lambda": 0.5}} as in YAML.
///     selectors() describes all.
/// ids: the rows of `vectors` that are the pool, where not all are; scores are then theirs.
/// query: the query's vector, for selectors and kernels that look at it.
/// groups: what rows belong to, for "group-limit": a label or a number for each row, or a dict of several kinds by name. None, an
///     empty label and -1 stand for no group.
/// subtopics: pairs (row, subtopic), for oracles. sub_queries: vectors, for aspects="queries".
/// seed: of random choices.
#[pyfunction]
#[pyo3(signature = (
    vectors, scores = None, k = 10, selector = None, *, ids = None, query = None, groups = None, subtopics = None,
    sub_queries = None, seed = 0, **parameters
))]
#[pyo3(
    text_signature = "(vectors, scores=None, k=10, selector='mmr', *, ids=None, query=None, groups=None, subtopics=None, \
                         sub_queries=None, seed=0, **parameters)"
)]
#[expect(clippy::too_many_arguments, reason = "they are keyword arguments of Python")]
pub fn select<'py>(
    py: Python<'py>,
    vectors: &Bound<'py, PyAny>,
    scores: Option<&Bound<'py, PyAny>>,
    k: i64,
    selector: Option<&Bound<'py, PyAny>>,
    ids: Option<&Bound<'py, PyAny>>,
    query: Option<&Bound<'py, PyAny>>,
    groups: Option<&Bound<'py, PyAny>>,
    subtopics: Option<&Bound<'py, PyAny>>,
    sub_queries: Option<&Bound<'py, PyAny>>,
    seed: u64,
    parameters: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let params = match selector {
        Some(selector) => parameters::selector(selector, parameters)?,
        None => parameters::selector(PyString::new(py, "mmr").as_any(), parameters)?,
    };
    let asked = Asked {
        ids: ids.map(|ids| arrays::ids(ids, "ids")).transpose()?,
        scores: scores.map(|scores| arrays::floats(scores, "scores")).transpose()?,
        groups: groups.map(groups_of).transpose()?.unwrap_or_default(),
        subtopics: subtopics.map(pairs).transpose()?.unwrap_or_default(),
        sub_queries: sub_queries.map(dense).transpose()?,
        seed,
        k: usize::try_from(k).map_err(|_| wrong(format!("k = {k}; use at least 1")))?,
        params,
    };
    let picked = if let Ok(points) = vectors.cast::<Points>() {
        let base = points.get().base.clone();
        let (rows, width) = (base.points(), base.points().width());
        let query = query.map(|query| queries_for(rows.kind(), rows.dim(), query)).transpose()?;
        let values = asked.ids.as_ref().map_or(base.len(), Vec::len) * width;
        run(py, Source::Points(base), query.map(|query| query.0), values, asked)
    } else {
        let matrix = Matrix::of(vectors, "vectors", false)?;
        let query = query.map(|query| queries_for(PointType::Dense, matrix.dim(), query)).transpose()?;
        run(py, Source::Array(matrix.view()), query.map(|query| query.0), matrix.rows() * matrix.dim(), asked)
    };
    Ok(PyArray1::from_iter(py, picked?.into_iter().map(|row| row as i64)))
}

/// Picks; without the interpreter where there are many `values`. Nothing in here calls Python code, which might call this again.
fn run(py: Python<'_>, source: Source<'_>, query: Option<Rows>, values: usize, asked: Asked) -> PyResult<Vec<usize>> {
    MEMORY.with_borrow_mut(|memory| {
        let base = match source {
            Source::Points(base) => base,
            Source::Array(view) if values < LARGE => packed(&view, &mut memory.vectors)?,
            Source::Array(view) => py.detach(|| packed(&view, &mut memory.vectors))?,
        };
        let dimension = base.points().dim();
        let pick = || pick(base, query, asked, &mut memory.scratch);
        let picked = if values < LARGE { pick() } else { py.detach(pick) };
        if values > KEPT || memory.scratch.room() > KEPT {
            *memory = Memory::default();
        }
        picked.map_err(|(name, error)| match error {
            SelectError::NeedsQuery(_) => {
                wrong(format!("`{name}` looks at the query with these parameters: give `query`"))
            }
            SelectError::Query { .. } => wrong(format!("the query is not one point of dimension {dimension}: {error}")),
            SelectError::Unfit(unfit) => wrong(format!("`{name}`: {unfit}")),
            error => wrong(error),
        })
    })
}

/// Picks.
///
/// # Errors
/// Why that is not possible, and the selector.
fn pick(
    base: Base,
    query: Option<Rows>,
    asked: Asked,
    scratch: &mut Scratch,
) -> Result<Vec<usize>, (&'static str, SelectError)> {
    let Asked { ids, scores, groups, subtopics, sub_queries, seed, params, k } = asked;
    let all = || {
        let parts = PoolParts { base, ids: ids.as_deref(), scores: scores.as_deref(), query };
        let mut pool = OwnedPool::new(parts)?.with_subtopics(subtopics).with_seed(seed);
        for groups in groups {
            pool = pool.with_groups(groups)?;
        }
        if let Some(sub_queries) = sub_queries {
            pool = pool.with_aspects(sub_queries)?;
        }
        select_with(&pool, &params, k, scratch)
    };
    all().map_err(|error| (params.name(), error))
}

fn packed(view: &arrays::MatrixView<'_>, memory: &mut VectorMemory) -> PyResult<Base> {
    Ok(Base::new(view.pack(memory).map_err(wrong)?, Distance::Angular))
}

/// Dense vectors, a row for each.
fn dense(object: &Bound<'_, PyAny>) -> PyResult<Vectors> {
    Matrix::of(object, "sub_queries", true)?.view().pack(&mut VectorMemory::default()).map_err(wrong)
}

/// Pairs (row, subtopic).
fn pairs(object: &Bound<'_, PyAny>) -> PyResult<Vec<(u32, u32)>> {
    let pairs = arrays::tuples(object, "subtopics", "row, subtopic")?;
    Ok(pairs.into_iter().map(|[row, subtopic]| (row, subtopic)).collect())
}

/// Kinds of groups: one, or several by name.
///
/// # Errors
/// They are neither labels nor numbers.
pub fn groups_of(object: &Bound<'_, PyAny>) -> PyResult<Vec<Groups>> {
    let kind = |name: String, rows: &Bound<'_, PyAny>| -> PyResult<Groups> {
        let rows: Vec<Bound<'_, PyAny>> = rows.try_iter()?.collect::<PyResult<_>>()?;
        if let Ok(of) = rows.iter().map(PyAnyMethods::extract::<i32>).collect::<PyResult<Vec<i32>>>() {
            if let Some(at) = of.iter().position(|&group| group < Groups::NONE) {
                return Err(wrong(format!(
                    "groups: row {at} is {}; groups are numbered from 0, and -1 is none",
                    of[at]
                )));
            }
            return Ok(Groups { name, of, labels: Vec::new() });
        }
        let label = |(at, row): (usize, &Bound<'_, PyAny>)| match row.extract::<Option<String>>() {
            Ok(label) => Ok(label.unwrap_or_default()),
            Err(_) => Err(wrong(format!("groups: row {at} is {row}; expected a label or a number for each row"))),
        };
        let labels: Vec<String> = rows.iter().enumerate().map(label).collect::<PyResult<_>>()?;
        Ok(Groups::of_labels(name, labels))
    };
    match object.cast::<PyDict>() {
        Ok(kinds) => kinds.iter().map(|(name, rows)| kind(name.extract()?, &rows)).collect(),
        Err(_) => Ok(vec![kind(String::new(), object)?]),
    }
}
