//! `measure`: metrics of results.

use crate::arrays::{self, wrong};
use crate::parameters;
use crate::points::{Points, nearest, queries_for};
use crate::selection::groups_of;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use rayon::prelude::*;
use serde_json::Value;
use swath::metrics::truth::{Memo, Truth};
use swath::metrics::{AnsweredQuery, MetricName, MetricParams, MetricSetting, Seen};
use swath_algorithms::points::VectorMemory;
use swath_algorithms::selector::SelectorParams;
use swath_algorithms::{Base, Distance, Groups, Points as Rows, Pool, Query, Scratch};
use swath_datasets::Stored;

/// True neighbours of each query, where the caller does not say how many: as many as ann-benchmarks' datasets have.
const NEIGHBORS: usize = 100;

/// All that is known of the queries and their results.
struct Asked {
    base: Base,
    queries: Rows,
    returned: Vec<Vec<u32>>,
    k: usize,
    truths: Vec<Truth>,
    /// The items that were picked from, and how many were asked for.
    pools: Option<(Vec<Vec<u32>>, usize)>,
    selector: Option<SelectorParams>,
    groups: Vec<Groups>,
    evaluations: Option<Vec<[u32; 3]>>,
}

/// Computes metrics of results, for each query: an array of float64, or a float for a single query. NaN where a metric is not defined.
///
/// metric: a name such as "recall", "vendi(q=2)" or "coverage@5" (of the first 5 results), or a list of names, for a dict of arrays.
///     metrics() describes all.
/// points: an array with a row for each point, compared by angle, or Points.
/// queries: an array with a row for each query, or one query.
/// returned: the rows of `points` that were returned, in order, for each query; -1 fills up short lists.
/// k: how many were asked for; if not given, as many as `returned` has columns.
/// neighbors: how many true neighbours are known of each query (100), which are then searched; or their rows.
/// subtopics: rows (query, row, subtopic). qrels: rows (query, row, grade), as people judged.
/// groups: what points belong to, as in select().
/// pool: the rows that were picked from, for each query. selector: who picked, as in select(). evaluations: for each query the similarity
///     evaluations of candidates, expansion and selector. Metrics that look inside a retriever need them.
#[pyfunction]
#[pyo3(signature = (
    metric, points, queries, returned, *, k = None, neighbors = None, subtopics = None, qrels = None, groups = None, pool = None,
    selector = None, evaluations = None
))]
#[pyo3(
    text_signature = "(metric, points, queries, returned, *, k=None, neighbors=100, subtopics=None, qrels=None, groups=None, \
                         pool=None, selector=None, evaluations=None)"
)]
#[expect(clippy::too_many_arguments, reason = "they are keyword arguments of Python")]
pub fn measure<'py>(
    py: Python<'py>,
    metric: &Bound<'py, PyAny>,
    points: &Bound<'py, PyAny>,
    queries: &Bound<'py, PyAny>,
    returned: &Bound<'py, PyAny>,
    k: Option<usize>,
    neighbors: Option<&Bound<'py, PyAny>>,
    subtopics: Option<&Bound<'py, PyAny>>,
    qrels: Option<&Bound<'py, PyAny>>,
    groups: Option<&Bound<'py, PyAny>>,
    pool: Option<&Bound<'py, PyAny>>,
    selector: Option<&Bound<'py, PyAny>>,
    evaluations: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let base = base_of(points)?;
    let (queries, is_one) = queries_for(base.points().kind(), base.points().dim(), queries)?;
    let (returned, width) = lists("returned", returned, &base, &queries, is_one)?;
    let k = k.unwrap_or(width);
    if k == 0 {
        return Err(wrong("k = 0 asks for nothing; use at least 1"));
    }
    let pools = pool.map(|pool| lists("pool", pool, &base, &queries, is_one)).transpose()?;
    let mut truths = truths_of(py, &base, &queries, neighbors, is_one)?;
    for (what, object) in [("subtopics", subtopics), ("qrels", qrels)] {
        let Some(object) = object else { continue };
        let mut by_query = judgements(what, object, &base, queries.len(), is_one)?;
        for (truth, pairs) in truths.iter_mut().zip(by_query.drain(..)) {
            *(if what == "subtopics" { &mut truth.subtopics } else { &mut truth.qrels }) = Some(pairs);
        }
    }
    let groups = groups.map(groups_of).transpose()?.unwrap_or_default();
    if let Some(kind) = groups.iter().find(|kind| kind.of.len() != base.len()) {
        return Err(wrong(format!("there are {} points, and groups for {}", base.len(), kind.of.len())));
    }
    let evaluations = evaluations.map(|counts| counts_of(counts, queries.len(), is_one)).transpose()?;
    let selector = selector.map(|selector| parameters::selector(selector, None)).transpose()?;
    let asked = Asked { base, queries, returned, k, truths, pools, selector, groups, evaluations };
    let (names, is_single) = match metric.cast::<PyString>() {
        Ok(name) => (vec![name.to_cow()?.into_owned()], true),
        Err(_) => (metric.extract::<Vec<String>>()?, false),
    };
    let metrics: Vec<MetricName> = names.iter().map(|name| named(name, &asked)).collect::<PyResult<_>>()?;
    let values = py.detach(|| asked.values(&metrics)).map_err(wrong)?;
    let column = |at: usize| -> PyResult<Bound<'py, PyAny>> {
        let values: Vec<f64> = values.iter().map(|row| row[at]).collect();
        match values[..] {
            [value] if is_one => Ok(value.into_pyobject(py)?.into_any()),
            _ => Ok(PyArray1::from_vec(py, values).into_any()),
        }
    };
    if is_single {
        return column(0);
    }
    let all = PyDict::new(py);
    for (at, name) in names.iter().enumerate() {
        all.set_item(name, column(at)?)?;
    }
    Ok(all.into_any())
}

fn base_of(points: &Bound<'_, PyAny>) -> PyResult<Base> {
    if let Ok(points) = points.cast::<Points>() {
        return Ok(points.get().base.clone());
    }
    let vectors = arrays::Matrix::of(points, "points", false)?.view().pack(&mut VectorMemory::default());
    Ok(Base::new(vectors.map_err(wrong)?, Distance::Angular))
}

/// The metric of that name, if it can be computed.
fn named(name: &str, asked: &Asked) -> PyResult<MetricName> {
    let kind = name.split(['(', '@']).next().unwrap_or_default();
    if !MetricParams::NAMES.contains(&kind) {
        return Err(parameters::unknown(&format!("there is no metric `{kind}`"), kind, MetricParams::NAMES));
    }
    let metric: MetricName = serde_json::from_value(Value::from(name)).map_err(wrong)?;
    let missing = match kind {
        "evaluations" => asked.evaluations.is_none().then_some("evaluations"),
        "optimum-ratio" if asked.selector.is_none() => Some("selector"),
        _ => (metric.params().looks_inside() && asked.pools.is_none()).then_some("pool"),
    };
    if let Some(missing) = missing {
        return Err(wrong(format!("`{name}` looks inside a retriever: give `{missing}`")));
    }
    let kinds: Vec<String> = asked.groups.iter().map(|kind| kind.name.clone()).collect();
    let truths = &asked.truths;
    let setting = MetricSetting {
        k: asked.k,
        largest_pool: asked.pools.as_ref().map_or(asked.base.len(), |pools| pools.1),
        stored_neighbors: truths.iter().map(|truth| truth.neighbors.len()).max().unwrap_or(0),
        subtopics: truths.iter().any(|truth| truth.subtopics.is_some()),
        qrels: truths.iter().any(|truth| truth.qrels.is_some()),
        groups: &kinds,
        kind: asked.base.points().kind(),
    };
    metric.possible(&setting).map_err(|unfit| wrong(format!("`{name}`: {unfit}")))?;
    Ok(metric)
}

/// Lists of rows, one for each query.
fn lists(
    what: &str,
    object: &Bound<'_, PyAny>,
    base: &Base,
    queries: &Rows,
    is_one: bool,
) -> PyResult<(Vec<Vec<u32>>, usize)> {
    let (lists, width) = arrays::id_lists(object, what, is_one)?;
    if lists.len() != queries.len() {
        return Err(wrong(format!("{what}: {} lists for {} queries", lists.len(), queries.len())));
    }
    for (query, list) in lists.iter().enumerate() {
        if let Some(id) = list.iter().find(|&&id| id as usize >= base.len()) {
            return Err(wrong(format!("{what}: row {query} has {id}, and there are {} points", base.len())));
        }
    }
    Ok((lists, width))
}

/// What is true of each query: its neighbours, searched or as they are given.
fn truths_of(
    py: Python<'_>,
    base: &Base,
    queries: &Rows,
    neighbors: Option<&Bound<'_, PyAny>>,
    is_one: bool,
) -> PyResult<Vec<Truth>> {
    let count = match neighbors {
        None => Some(NEIGHBORS),
        Some(neighbors) => neighbors.extract::<usize>().ok(),
    };
    let found = match (count, neighbors) {
        (None, Some(given)) => {
            let lists = lists("neighbors", given, base, queries, is_one)?.0;
            let measured = |(query, list): (usize, Vec<u32>)| {
                let query = Query::row(queries, query);
                let mut found: Vec<(u32, f64)> = list.into_iter().map(|id| (id, base.distance_to(query, id))).collect();
                found.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
                found
            };
            lists.into_iter().enumerate().map(measured).collect()
        }
        (count, _) => py.detach(|| nearest(base, queries, count.unwrap_or(NEIGHBORS))),
    };
    let truth = |found: Vec<(u32, f64)>| {
        let (neighbors, distances) = found.into_iter().unzip();
        Truth {
            neighbors,
            distances,
            stored: Stored::Float64,
            subtopics: None,
            qrels: None,
            radii: Memo::default(),
            ideals: Memo::default(),
        }
    };
    Ok(found.into_iter().map(truth).collect())
}

/// The pairs (row, number) of each query, ascending.
fn judgements(
    what: &str,
    object: &Bound<'_, PyAny>,
    base: &Base,
    queries: usize,
    is_one: bool,
) -> PyResult<Vec<Vec<(u32, u32)>>> {
    let number = if what == "subtopics" { "subtopic" } else { "grade" };
    let rows = arrays::tuples::<3>(object, what, &format!("query, row, {number}"));
    let rows = match rows {
        // Of a single query it is clear which one is meant.
        Err(_) if is_one => {
            let pairs = arrays::tuples::<2>(object, what, &format!("row, {number}"))?;
            pairs.into_iter().map(|[row, number]| [0, row, number]).collect()
        }
        rows => rows?,
    };
    let mut by_query = vec![Vec::new(); queries];
    for (at, [query, row, number]) in rows.into_iter().enumerate() {
        if query as usize >= queries || row as usize >= base.len() {
            let message = format!("there are {queries} queries and {} points", base.len());
            return Err(wrong(format!("{what}: row {at} names query {query} and point {row}; {message}")));
        }
        by_query[query as usize].push((row, number));
    }
    for pairs in &mut by_query {
        pairs.sort_unstable();
        pairs.dedup();
    }
    Ok(by_query)
}

/// Evaluations of candidates, expansion and selector of each query.
fn counts_of(object: &Bound<'_, PyAny>, queries: usize, is_one: bool) -> PyResult<Vec<[u32; 3]>> {
    let object = if is_one && object.len()? == 3 {
        pyo3::types::PyList::new(object.py(), [object])?.into_any()
    } else {
        object.clone()
    };
    let counts = arrays::tuples(&object, "evaluations", "candidates, expansion, selector")?;
    if counts.len() == queries {
        return Ok(counts);
    }
    Err(wrong(format!("evaluations: {} rows for {queries} queries", counts.len())))
}

impl Asked {
    /// For each query the value of each metric.
    ///
    /// # Errors
    /// A value is no number: a bug in swath.
    fn values(&self, metrics: &[MetricName]) -> Result<Vec<Vec<f64>>, String> {
        let of_query = |scratch: &mut Scratch, i: usize| {
            scratch.reset();
            let query = Query::row(&self.queries, i);
            let (found, wanted) = self.pools.as_ref().map_or((&[][..], 0), |(pools, width)| (&pools[i][..], *width));
            let mut pool = Pool::default();
            pool.fill(&self.base, query, found.iter().copied(), found.len(), scratch);
            let asked = AnsweredQuery {
                base: &self.base,
                query,
                returned: &self.returned[i],
                k: self.k,
                found: (found, wanted),
                pool: &pool,
                truth: &self.truths[i],
                selector: self.selector.as_ref(),
                groups: &self.groups,
                evaluations: self.evaluations.as_ref().map(|counts| counts[i].map(u64::from)),
                seen: Seen::default(),
            };
            let value = |metric: &MetricName| match metric.value(&asked) {
                Some(value) if !value.is_finite() => {
                    Err(format!("{} of query {i} is {value}: that is a bug in swath", metric.name()))
                }
                value => Ok(value.unwrap_or(f64::NAN)),
            };
            metrics.iter().map(value).collect()
        };
        (0..self.queries.len()).into_par_iter().map_init(Scratch::default, of_query).collect()
    }
}
