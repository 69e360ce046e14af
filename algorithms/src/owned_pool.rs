//! Selection from a plain slice of vectors, or from points of any type, for use as a library.

use crate::groups::Groups;
use crate::points::{Point, PointType, Points};
use crate::selector::{Request, SelectorParams, SelectorSetting};
use crate::unfit::Unfit;
use crate::{Base, Distance, Item, PointsError, Pool, Query, Scratch, Vectors};
use std::collections::HashMap;

/// A pool that owns its points: what [`select`] picks from.
///
/// ```
/// use swath_algorithms::selector::{Mmr, SelectorParams, TopK};
/// use swath_algorithms::{Distance, OwnedPool, params::Fraction, points::Sets, select};
///
/// // Three of nearly one direction, two of others.
/// let vectors = [[1.0, 0.0], [0.99, 0.14], [0.98, 0.2], [0.6, 0.8], [0.0, 1.0]];
/// let pool = OwnedPool::around(&vectors, &[1.0, 0.1], Distance::Angular)?;
///
/// assert_eq!(select(&pool, &SelectorParams::TopK(TopK {}), 2)?, [1, 0]);
/// let diverse = SelectorParams::Mmr(Mmr { lambda: Fraction::new(0.3)?, ..Mmr::default() });
/// assert_eq!(select(&pool, &diverse, 2)?, [1, 4]);
///
/// // Or with relevances from elsewhere, such as a reranker.
/// let pool = OwnedPool::scored(&vectors, &[0.1, 0.2, 0.3, 0.9, 0.5])?;
/// assert_eq!(select(&pool, &SelectorParams::TopK(TopK {}), 2)?, [3, 4]);
///
/// // Or sets, bits and sparse vectors: here two sets share three members with the query, and two one.
/// let sets = Sets::from_rows(&[vec![1, 2, 3], vec![1, 2, 3, 9], vec![4, 7], vec![4, 8, 9]], 10)?;
/// let pool = OwnedPool::around_points(sets, Sets::from_rows(&[[1, 2, 3, 4]], 10)?, Distance::Jaccard)?;
/// assert_eq!(select(&pool, &SelectorParams::TopK(TopK {}), 2)?, [0, 1]);
/// assert_eq!(select(&pool, &diverse, 2)?, [0, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct OwnedPool {
    base: Base,
    /// One row; none where only scores are known.
    query: Option<Points>,
    pool: Pool,
    groups: Vec<Groups>,
    subtopics: Vec<(u32, u32)>,
    aspects: Option<Vectors>,
    seed: u64,
}

/// What a pool is made of. At least one of `scores` and `query` is needed.
///
/// ```
/// use swath_algorithms::selector::{SelectorParams, TopK};
/// use swath_algorithms::{Base, Distance, OwnedPool, PoolParts, select};
///
/// let base = Base::from_values(&[1.0, 0.0, 0.99, 0.14, 0.6, 0.8, 0.0, 1.0], 2, Distance::Angular)?;
/// let parts = PoolParts { base, ids: Some(&[3, 1, 2]), scores: Some(&[0.2, 0.9, 0.8]), query: None };
/// assert_eq!(select(&OwnedPool::new(parts)?, &SelectorParams::TopK(TopK {}), 2)?, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PoolParts<'a> {
    /// Where the items come from, and how they are compared. A clone of a base shares its points.
    pub base: Base,
    /// The rows of the base that are the items, each once; `None` for all.
    pub ids: Option<&'a [u32]>,
    /// The relevance of each item; `None` for that which follows from its distance to the query.
    pub scores: Option<&'a [f64]>,
    /// One point of the type and dimension of the base.
    pub query: Option<Points>,
}

/// Weights are a million at most, so that no objective overflows.
const LARGEST_SCORE: f64 = 1e12;

/// Why nothing can be picked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SelectError {
    /// The vectors or the query are not valid.
    #[error(transparent)]
    Vectors(#[from] PointsError),
    /// A vector has another dimension than the first, or the query has.
    #[error("{what} has {found} values, expected {expected}")]
    Dimension {
        /// Which one.
        what: String,
        /// Its length.
        found: usize,
        /// What the first vector has.
        expected: usize,
    },
    /// The points do not have that distance.
    #[error("{points} have no {distance} distance: use {}", names_of_distances(*points))]
    Distance {
        /// Their type.
        points: PointType,
        /// The distance asked for.
        distance: Distance,
    },
    /// The query is not one point of the type and dimension of the others.
    #[error("the query is {found}; expected is {expected}")]
    Query {
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// There is not one score per item, or a score is not a number or is too large.
    #[error("{0}")]
    Scores(String),
    /// An item is no row of the base, or comes twice.
    #[error("{0}")]
    Ids(String),
    /// Euclidean distances are compared by a kernel whose width is the median distance to the query.
    #[error("`euclidean` needs the query beside the scores: its kernel is as wide as the median distance to it")]
    NeedsWidth,
    /// Sub-queries of another dimension, or of points that are no dense vectors.
    #[error("{0}")]
    Aspects(String),
    /// There is not one group per vector.
    #[error("there are {expected} vectors, and groups for {found}")]
    Groups {
        /// How many there are.
        found: usize,
        /// How many vectors there are.
        expected: usize,
    },
    /// k is 0.
    #[error("k = 0 asks for nothing; use at least 1")]
    NothingAsked,
    /// The selector cannot work with these parameters, or without subtopics.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The selector looks at the query, and only scores are known.
    #[error("`{0}` looks at the query: build the pool with `OwnedPool::around` or `OwnedPool::around_points`")]
    NeedsQuery(&'static str),
}

impl OwnedPool {
    /// A pool of all `vectors`; the nearer to `query`, the more relevant.
    ///
    /// # Errors
    /// [`SelectError::Vectors`], [`SelectError::Dimension`].
    pub fn around(vectors: &[impl AsRef<[f32]>], query: &[f32], distance: Distance) -> Result<Self, SelectError> {
        Self::around_points(gather(vectors, query.len())?, Vectors::new(query, query.len())?, distance)
    }

    /// A pool of all `points`; the nearer to `query`, one point of their type and dimension, the more relevant. For ip the
    /// relevances that selectors read are scaled by this pool: 0 for the smallest product, 1 for the largest.
    ///
    /// # Errors
    /// [`SelectError::Distance`], [`SelectError::Query`].
    pub fn around_points(
        points: impl Into<Points>,
        query: impl Into<Points>,
        distance: Distance,
    ) -> Result<Self, SelectError> {
        let points = points.into();
        if !distance.fits(points.kind()) {
            return Err(SelectError::Distance { points: points.kind(), distance });
        }
        let (base, query) = (Base::new(points, distance), Some(query.into()));
        Self::new(PoolParts { base, ids: None, scores: None, query })
    }

    /// A pool of all `vectors`, compared by angle, with a given relevance for each.
    ///
    /// # Errors
    /// [`SelectError::Vectors`], [`SelectError::Dimension`], [`SelectError::Scores`].
    pub fn scored(vectors: &[impl AsRef<[f32]>], scores: &[f64]) -> Result<Self, SelectError> {
        let dim = vectors.first().map_or(1, |first| first.as_ref().len());
        let base = Base::new(gather(vectors, dim)?, Distance::Angular);
        Self::new(PoolParts { base, ids: None, scores: Some(scores), query: None })
    }

    /// A pool of these parts.
    ///
    /// # Errors
    /// [`SelectError::Ids`], [`SelectError::Scores`], [`SelectError::Query`], [`SelectError::NeedsWidth`].
    pub fn new(parts: PoolParts<'_>) -> Result<Self, SelectError> {
        let PoolParts { base, ids, scores, query } = parts;
        if let Some(ids) = ids {
            check_ids(ids, base.len())?;
        }
        if let Some(scores) = scores {
            check_scores(scores, ids.map_or(base.len(), <[u32]>::len))?;
        }
        let pool = match (&query, scores) {
            (None, None) => return Err(SelectError::Scores("neither scores nor a query are given".to_owned())),
            (None, Some(_)) if base.distance() == Distance::Euclidean => return Err(SelectError::NeedsWidth),
            (None, Some(scores)) => by_scores(ids, scores),
            (Some(query), scores) => around(&base, query, ids, scores)?,
        };
        Ok(Self { base, query, pool, groups: Vec::new(), subtopics: Vec::new(), aspects: None, seed: 0 })
    }

    /// The same pool with another seed for random choices (0 if none is given).
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same pool, whose items belong to groups of one more kind: documents, sellers.
    ///
    /// ```
    /// use swath_algorithms::selector::{GroupLimit, SelectorParams};
    /// use swath_algorithms::{Groups, OwnedPool, params::Count, select};
    ///
    /// let pool = OwnedPool::scored(&[[1.0, 0.0]; 4], &[0.9, 0.8, 0.7, 0.6])?;
    /// let pool = pool.with_groups(Groups::of_labels("seller", ["a", "a", "a", "b"]))?;
    /// let at_most_two = SelectorParams::GroupLimit(GroupLimit { limit: Count::new(2)?, ..GroupLimit::default() });
    /// assert_eq!(select(&pool, &at_most_two, 3)?, [0, 1, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SelectError::Groups`].
    pub fn with_groups(mut self, groups: Groups) -> Result<Self, SelectError> {
        let (found, expected) = (groups.of.len(), self.base.len());
        if found != expected {
            return Err(SelectError::Groups { found, expected });
        }
        self.groups.retain(|others| others.name != groups.name);
        self.groups.push(groups);
        Ok(self)
    }

    /// The same pool, of which it is known what subtopics of the query each item covers, for oracles: pairs (id, subtopic).
    #[must_use]
    pub fn with_subtopics(mut self, mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        self.subtopics = pairs;
        self
    }

    /// The same pool with sub-queries of the query.
    ///
    /// # Errors
    /// [`SelectError::Aspects`].
    pub fn with_aspects(mut self, aspects: Vectors) -> Result<Self, SelectError> {
        let points = self.base.points();
        if (points.kind(), points.dim()) != (PointType::Dense, aspects.dim()) {
            let (kind, dim, found) = (points.kind(), points.dim(), aspects.dim());
            let message =
                format!("sub-queries are dense vectors of dimension {found}, and the points {kind} of dimension {dim}");
            return Err(SelectError::Aspects(message));
        }
        self.aspects = Some(aspects);
        Ok(self)
    }
}

/// Checks that ids are rows of a base of that size, each once.
fn check_ids(ids: &[u32], rows: usize) -> Result<(), SelectError> {
    if let Some(at) = ids.iter().position(|&id| id as usize >= rows) {
        return Err(SelectError::Ids(format!(
            "id {at} is {}; every id must be below {rows}, the number of rows",
            ids[at]
        )));
    }
    let mut ascending = ids.to_vec();
    ascending.sort_unstable();
    match ascending.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            Err(SelectError::Ids(format!("row {} comes twice; every id must differ from the others", pair[0])))
        }
        None => Ok(()),
    }
}

fn check_scores(scores: &[f64], items: usize) -> Result<(), SelectError> {
    if scores.len() != items {
        return Err(SelectError::Scores(format!("{} scores for {items} vectors", scores.len())));
    }
    // A NaN is in no range.
    match scores.iter().position(|score| !(-LARGEST_SCORE..=LARGEST_SCORE).contains(score)) {
        Some(at) => Err(SelectError::Scores(format!(
            "score {at} is {}; every score must be a number from -{LARGEST_SCORE:e} to {LARGEST_SCORE:e}",
            scores[at]
        ))),
        None => Ok(()),
    }
}

/// The items of which only the scores are known; all rows where there are no `ids`.
fn by_scores(ids: Option<&[u32]>, scores: &[f64]) -> Pool {
    let item = |id, score| Item { id, distance: 1.0 - score, rel: score, score };
    if let Some(ids) = ids {
        let items = ids.iter().zip(scores).map(|(&id, &score)| item(id, score)).collect();
        let mut pool = Pool { items, ..Pool::default() };
        pool.keep_best(ids.len());
        return pool;
    }
    Pool { items: best_first(scores).into_iter().map(|id| item(id, scores[id as usize])).collect(), ..Pool::default() }
}

/// The items around a query; scores that are given replace the relevances that selectors read.
fn around(base: &Base, query: &Points, ids: Option<&[u32]>, scores: Option<&[f64]>) -> Result<Pool, SelectError> {
    let shape = |rows: &Points| (rows.len(), rows.kind(), rows.dim());
    let (found, expected) = (shape(query), (1, base.points().kind(), base.points().dim()));
    if found != expected {
        let said = |(rows, kind, dim): (usize, PointType, usize)| format!("{rows} of {kind} of dimension {dim}");
        return Err(SelectError::Query { found: said(found), expected: said(expected) });
    }
    let (mut pool, scratch, query) = (Pool::default(), Scratch::default(), Query::row(query, 0));
    match ids {
        Some(ids) => pool.fill(base, query, ids.iter().copied(), ids.len(), &scratch),
        None => pool.fill(base, query, 0..base.len() as u32, base.len(), &scratch),
    }
    if let Some(scores) = scores {
        let by_id: HashMap<u32, f64> = ids.into_iter().flatten().copied().zip(scores.iter().copied()).collect();
        let score = |id: u32| by_id.get(&id).copied().unwrap_or_else(|| scores[id as usize]);
        pool.items.iter_mut().for_each(|item| item.score = score(item.id));
        pool.keep_best(pool.items.len());
    }
    Ok(pool)
}

/// The distances that points of that type have.
fn names_of_distances(points: PointType) -> String {
    let fitting = Distance::ALL.into_iter().filter(|distance| distance.fits(points));
    fitting.map(|distance| format!("`{distance}`")).collect::<Vec<_>>().join(" or ")
}

fn gather(vectors: &[impl AsRef<[f32]>], dim: usize) -> Result<Vectors, SelectError> {
    if let Some(i) = vectors.iter().position(|vector| vector.as_ref().len() != dim) {
        let found = vectors[i].as_ref().len();
        return Err(SelectError::Dimension { what: format!("vector {i}"), found, expected: dim });
    }
    Ok(Vectors::of_rows(vectors.iter().map(AsRef::as_ref), dim)?)
}

/// The numbers of scores, in the order of [`Item::best_first`].
fn best_first(scores: &[f64]) -> Vec<u32> {
    // Scores that are `f32` are told apart by half as many bits, and sorted faster.
    if scores.iter().all(|&score| f64::from(score as f32) == score) {
        let key = |(id, &score): (u32, &f64)| {
            let bits = (score as f32 + 0.0).to_bits();
            let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
            u64::from(!ascending) << 32 | u64::from(id)
        };
        let mut keys: Vec<u64> = (0..).zip(scores).map(key).collect();
        keys.sort_unstable();
        return keys.into_iter().map(|key| key as u32).collect();
    }
    let key = |(id, &score): (u32, &f64)| {
        // Of numbers at least 0 the larger one has the larger bits; of those below 0 the smaller one. 0 and -0 are equal.
        let bits = (score + 0.0).to_bits();
        let ascending = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
        u128::from(!ascending) << 32 | u128::from(id)
    };
    let mut keys: Vec<u128> = (0..).zip(scores).map(key).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| key as u32).collect()
}

/// Picks `min(k, m)` items of the pool. Returns their rows in the base, or their indices in the slice that the pool was made from, in the
/// order of picking.
///
/// # Errors
/// [`SelectError::NothingAsked`], [`SelectError::Unfit`], [`SelectError::NeedsQuery`].
pub fn select(pool: &OwnedPool, params: &SelectorParams, k: usize) -> Result<Vec<usize>, SelectError> {
    select_with(pool, params, k, &mut Scratch::default())
}

/// The same, in working memory that the caller keeps from pool to pool: new memory costs more than many a selection.
///
/// ```
/// use swath_algorithms::selector::{Mmr, SelectorParams};
/// use swath_algorithms::{Distance, OwnedPool, Scratch, select, select_with};
///
/// let mut scratch = Scratch::default();
/// let mmr = SelectorParams::Mmr(Mmr::default());
/// for vectors in [[[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], [[0.5, 0.5], [1.0, 0.1], [0.2, 0.9]]] {
///     let pool = OwnedPool::around(&vectors, &[1.0, 0.2], Distance::Angular)?;
///     assert_eq!(select_with(&pool, &mmr, 2, &mut scratch)?, select(&pool, &mmr, 2)?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`select`].
pub fn select_with(
    pool: &OwnedPool,
    params: &SelectorParams,
    k: usize,
    scratch: &mut Scratch,
) -> Result<Vec<usize>, SelectError> {
    if k == 0 {
        return Err(SelectError::NothingAsked);
    }
    let (distance, kind) = (pool.base.distance(), pool.base.points().kind());
    let (items, groups) = (Some(pool.pool.items.len()), pool.groups.iter());
    let groups: Vec<String> = groups.map(|groups| groups.name.clone()).collect();
    params.check(&SelectorSetting {
        distance,
        kind,
        subtopics: !pool.subtopics.is_empty(),
        aspects: pool.aspects.is_some(),
        groups: &groups,
        pool: items,
        programs: false,
    })?;
    if params.needs_query() && pool.query.is_none() {
        return Err(SelectError::NeedsQuery(params.name()));
    }
    let query = match &pool.query {
        Some(query) => Query::row(query, 0),
        // No selector that got here looks at it.
        None => Query { point: Point::Dense(&[]), norm: 0.0, row: 0 },
    };
    let OwnedPool { base, pool: items, groups, subtopics, aspects, seed, .. } = pool;
    let aspects = aspects.as_ref().map_or(&[][..], |aspects| aspects.all_lines());
    let (picked_outside, seed) = (&[][..], *seed);
    let request =
        Request { base, query, pool: items, k, subtopics, aspects, groups, picked_outside, seed, query_id: 0 };
    let mut picked = Vec::new();
    scratch.reset();
    params.select(&request, scratch, &mut picked);
    picked.iter_mut().for_each(|position| *position = pool.pool.items[*position].id as usize);
    Ok(picked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Kernel;
    use crate::params::Fraction;
    use crate::points::{Bits, Sets};
    use crate::selector::{AspectSource, Cluster, FacilityLocation, Flvmi, GroupLimit, Mmr, TopK, Xquad};

    #[test]
    fn points_of_another_type_or_dimension_are_refused() {
        let bits = |dim: usize, rows: usize| Bits::pack((0..dim * rows).map(|i| i % 3 == 0), dim).expect("whole rows");
        let said = |points: Points, query: Points, distance| {
            OwnedPool::around_points(points, query, distance).expect_err("refused").to_string()
        };
        let sets = Sets::from_rows(&[[1_u32]], 9).expect("valid");
        assert_eq!(
            said(bits(9, 4).into(), bits(9, 1).into(), Distance::Jaccard),
            "bits have no jaccard distance: use `hamming`"
        );
        assert_eq!(
            said(bits(9, 4).into(), sets.into(), Distance::Hamming),
            "the query is 1 of sets of dimension 9; expected is 1 of bits of dimension 9"
        );
        assert!(said(bits(9, 4).into(), bits(8, 1).into(), Distance::Hamming).contains("1 of bits of dimension 8"));
        assert!(said(bits(9, 4).into(), bits(9, 2).into(), Distance::Hamming).contains("2 of bits of dimension 9"));
        let pool = OwnedPool::around_points(bits(9, 4), bits(9, 1), Distance::Hamming).expect("fits");
        assert_eq!(select(&pool, &SelectorParams::TopK(TopK {}), 4), Ok(vec![0, 1, 2, 3]));
        let refused = select(&pool, &SelectorParams::Cluster(Cluster::default()), 2);
        assert!(matches!(refused, Err(SelectError::Unfit(_))), "{refused:?}");
    }

    /// Those that are `f32`, and others.
    #[test]
    fn scores_are_in_the_order_of_items() {
        let tiny = f64::from(f32::MIN_POSITIVE);
        check_order(&[0.5, -0.0, 0.0, -1e9, 1e9, 0.5, -3.0, tiny, -tiny, tiny / 2.0, -3.0, 0.0]);
        check_order(&[0.5, -0.0, 0.0, -1e12, 1e12, 0.5, -3.0, f64::MIN_POSITIVE, -f64::MIN_POSITIVE, -3.0, 0.0]);
    }

    fn check_order(scores: &[f64]) {
        let vectors = vec![[1.0, 0.0]; scores.len()];
        let pool = OwnedPool::scored(&vectors, scores).expect("scored").pool;
        let mut expected = pool.clone();
        expected.items.reverse();
        expected.keep_best(scores.len());
        assert_eq!(pool, expected);
        assert!(pool.items.iter().all(|item| item.score.to_bits() == scores[item.id as usize].to_bits()));
    }

    /// Some rows of a base are the pool that a base of these rows alone is, whatever order they are named in; and scores beside a query take
    /// the place of its relevances alone.
    #[test]
    fn a_pool_may_be_some_rows_of_a_base() {
        let values: Vec<f32> = (0..40 * 3).map(|i| (i as f32 * 0.7).sin()).collect();
        let query: Points = Vectors::new(&[1.0, 0.2, 0.1], 3).expect("finite").into();
        let (ids, scores): (Vec<u32>, Vec<f64>) = (0..15).map(|i| ((i * 7 + 3) % 40, f64::from(i % 4))).unzip();
        let picks = |base: &Base, ids, scores: Option<&[f64]>, with_query: bool| {
            let query = with_query.then(|| query.clone());
            let pool = OwnedPool::new(PoolParts { base: base.clone(), ids, scores, query }).expect("a pool");
            select(&pool, &SelectorParams::Mmr(Mmr::default()), 6).expect("picks")
        };
        for distance in Distance::DENSE {
            let base = Base::from_values(&values, 3, distance).expect("finite");
            // In ascending order, by which ties are broken.
            let mut order: Vec<usize> = (0..ids.len()).collect();
            order.sort_by_key(|&i| ids[i]);
            let alone = base.copy_of(&order.iter().map(|&i| ids[i] as usize).collect::<Vec<_>>());
            let of_alone: Vec<f64> = order.iter().map(|&i| scores[i]).collect();
            for (with_scores, with_query) in [(true, true), (false, true), (true, false)] {
                if distance == Distance::Euclidean && !with_query {
                    continue;
                }
                let some = picks(&base, Some(&ids), with_scores.then_some(&scores[..]), with_query);
                let whole = picks(&alone, None, with_scores.then_some(&of_alone[..]), with_query);
                let whole: Vec<usize> = whole.into_iter().map(|at| ids[order[at]] as usize).collect();
                assert_eq!(some, whole, "{distance} {with_scores} {with_query}");
            }
            let first = picks(&base, Some(&ids), Some(&scores), true)[0];
            assert_eq!(scores[ids.iter().position(|&id| id as usize == first).expect("an item")], 3.0, "{distance}");
        }
        let base = Base::from_values(&values, 3, Distance::Euclidean).expect("finite");
        let said = |ids, scores, query| {
            OwnedPool::new(PoolParts { base: base.clone(), ids, scores, query }).expect_err("refused").to_string()
        };
        assert!(said(Some(&[1, 40]), None, Some(query.clone())).contains("id 1 is 40; every id must be below 40"));
        assert!(said(Some(&[1, 5, 1]), None, Some(query.clone())).contains("row 1 comes twice"));
        assert!(said(Some(&[1, 5]), Some(&[0.5]), Some(query.clone())).contains("1 scores for 2 vectors"));
        assert_eq!(said(None, None, None), "neither scores nor a query are given");
        assert!(said(Some(&[1]), Some(&[0.5]), None).starts_with("`euclidean` needs the query"));
    }

    /// Oracles look at subtopics, and others at sub-queries.
    #[test]
    fn subtopics_and_sub_queries_are_seen() {
        let pool = OwnedPool::scored(&[[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], &[0.9, 0.8, 0.1]).expect("scored");
        let oracle = SelectorParams::Xquad(Xquad { lambda: Fraction::new(1.0).expect("in range"), ..Xquad::default() });
        let known = pool.clone().with_subtopics(vec![(2, 7), (0, 4), (2, 5)]);
        assert_eq!(select(&known, &oracle, 2), Ok(vec![2, 0]));
        let queries =
            Xquad { aspects: AspectSource::Queries, lambda: Fraction::new(1.0).expect("in range"), ..Xquad::default() };
        let queries = SelectorParams::Xquad(queries);
        assert!(matches!(select(&pool, &queries, 2), Err(SelectError::Unfit(_))));
        let aspects = Vectors::new(&[0.0, 1.0], 2).expect("finite");
        assert_eq!(select(&pool.clone().with_aspects(aspects).expect("fits"), &queries, 1), Ok(vec![2]));
        let uneven = pool.with_aspects(Vectors::new(&[0.0, 1.0, 0.0], 3).expect("finite"));
        assert!(uneven.is_err_and(|error| error.to_string().contains("dimension 3")));
    }

    /// The working memory of a large pool serves a small one, and what it held makes no difference.
    #[test]
    fn working_memory_may_be_kept() {
        let mut scratch = Scratch::default();
        for m in [300, 5, 1, 300, 40] {
            let vectors: Vec<[f32; 3]> = (0..m).map(|i| [1.0, (i as f32).sin(), (i as f32 * 0.7).cos()]).collect();
            let pool = OwnedPool::around(&vectors, &[1.0, 0.2, 0.1], Distance::Angular).expect("finite");
            let groups = Groups { name: String::new(), of: (0..m).map(|i| i % 9 - 1).collect(), labels: Vec::new() };
            let pool = pool.with_groups(groups).expect("one for each");
            for params in SelectorParams::all().iter().filter(|params| !params.is_oracle()) {
                let kept = select_with(&pool, params, 12, &mut scratch);
                assert_eq!(kept, select(&pool, params, 12), "{} of {m}", params.name());
            }
        }
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let two = [[1.0, 0.0], [0.0, 1.0]];
        let pool = OwnedPool::scored(&two, &[0.5, 0.4]).expect("scored");
        assert_eq!(select(&pool, &SelectorParams::Mmr(Mmr::default()), 0), Err(SelectError::NothingAsked));
        assert_eq!(select(&pool, &SelectorParams::Mmr(Mmr::default()), 9), Ok(vec![0, 1]));
        assert!(matches!(select(&pool, &SelectorParams::Xquad(Xquad::default()), 1), Err(SelectError::Unfit(_))));
        assert_eq!(select(&pool, &SelectorParams::Flvmi(Flvmi::default()), 1), Err(SelectError::NeedsQuery("flvmi")));
        let wide = FacilityLocation { kernel: Kernel::Rbf.into(), ..FacilityLocation::default() };
        let needs = select(&pool, &SelectorParams::FacilityLocation(wide), 1);
        assert_eq!(needs, Err(SelectError::NeedsQuery("facility-location")));
        assert!(matches!(OwnedPool::scored(&two, &[0.5]), Err(SelectError::Scores(_))));
        for wrong in [f64::NAN, f64::INFINITY, 1e13, -1e308] {
            assert!(matches!(OwnedPool::scored(&two, &[0.5, wrong]), Err(SelectError::Scores(_))), "{wrong}");
        }
        assert!(OwnedPool::scored(&two, &[-1e12, 1e12]).is_ok());
        let limited = select(&pool, &SelectorParams::GroupLimit(GroupLimit::default()), 1);
        assert!(limited.is_err_and(|error| error.to_string().contains("has no groups")));
        let uneven = pool.with_groups(Groups::of_labels("seller", ["a"]));
        assert_eq!(uneven.expect_err("one is missing").to_string(), "there are 2 vectors, and groups for 1");
        let ragged = [vec![1.0, 0.0], vec![1.0]];
        assert!(matches!(OwnedPool::scored(&ragged, &[0.5, 0.1]), Err(SelectError::Dimension { .. })));
        assert!(matches!(OwnedPool::around(&[[f32::NAN]], &[1.0], Distance::Angular), Err(SelectError::Vectors(_))));
        let none: [[f32; 2]; 0] = [];
        let empty = OwnedPool::around(&none, &[1.0, 0.0], Distance::Angular).expect("empty");
        let empty = empty.with_groups(Groups::of_labels("", [""; 0])).expect("none for none");
        // A program outside picks nowhere but in a run.
        let picks = |params: &&SelectorParams| !params.is_oracle() && params.external().is_none();
        for params in SelectorParams::all().iter().filter(picks) {
            assert_eq!(select(&empty, params, 3), Ok(vec![]), "{} of nothing", params.name());
        }
    }
}
