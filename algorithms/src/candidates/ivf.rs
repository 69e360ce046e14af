//! IVF-Flat: base vectors in lists around k-means centroids. A query scans the few nearest lists.

use super::{Candidates, Words, offsets};
use crate::base::{Base, Query};
use crate::distance::Distance;
use crate::nearest::filter::{Contenders, Filter, products};
use crate::nearest::{Scan, for_each_nearest};
use crate::params::{Count, constant};
use crate::points::{Points, Vectors};
use crate::random;
use crate::scratch::Scratch;
use crate::unfit::Unfit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Training rows for each list: more hardly move a centroid.
const TRAINING: usize = 256;
/// Rows whose similarities are computed at once.
const TILE: usize = 1024;

/// An inverted file: k-means sorts the base vectors into lists, and a query scans the lists whose centroids are
/// nearest to it. With `nprobe` = `lists` it is exact search.
///
/// Source: Sivic & Zisserman 2003; Jegou, Douze & Schmid 2011.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ivf {
    /// Number of lists, at most the number of base vectors.
    pub lists: Count,
    /// Rounds of k-means (Lloyd).
    pub iterations: Count,
    /// Seed of the first centroids.
    pub seed: u64,
    /// Size of the pool.
    pub pool: Count,
    /// Lists that a query scans; more if these hold fewer vectors than the pool takes.
    pub nprobe: Count,
}

impl Default for Ivf {
    fn default() -> Self {
        Self {
            lists: constant!(Count, 128),
            iterations: constant!(Count, 10),
            seed: 0,
            pool: constant!(Count, 100),
            nprobe: constant!(Count, 8),
        }
    }
}

/// What shapes an [`IvfIndex`].
#[derive(Clone, Debug, Serialize)]
pub struct IvfBuild {
    lists: usize,
    iterations: usize,
    seed: u64,
}

/// The lists, one after the other.
#[derive(Debug)]
pub struct IvfIndex {
    centroids: Base,
    /// Copies of the base vectors, list by list.
    rows: Base,
    filter: Filter,
    /// The id of each of `rows`; ascending within a list.
    ids: Vec<u32>,
    /// The offset of each list in `rows`, and the end of the last.
    offsets: Vec<usize>,
}

impl Candidates for Ivf {
    type Build = IvfBuild;
    type Index = IvfIndex;

    fn pool(&self) -> usize {
        self.pool.size()
    }

    fn exhaustive(&self, pool: Count, _: usize) -> Self {
        Self { pool, nprobe: self.lists, ..self.clone() }
    }

    fn build_part(&self) -> IvfBuild {
        IvfBuild { lists: self.lists.size(), iterations: self.iterations.size(), seed: self.seed }
    }

    fn build(part: &IvfBuild, base: &Base) -> IvfIndex {
        let centroids = train(part, base);
        let mut lists = vec![Vec::new(); centroids.len()];
        if !base.is_empty() {
            for (i, (list, _)) in assign(&centroids, base.points()).into_iter().enumerate() {
                lists[list].push(i);
            }
        }
        let lengths: Vec<u32> = lists.iter().map(|list| list.len() as u32).collect();
        IvfIndex::new(base, centroids, &lists.concat(), &lengths)
    }

    /// The number of lists, their lengths, the ids, and the centroids, value by value.
    fn words(index: &IvfIndex) -> Option<Vec<u32>> {
        let lists = index.centroids.len();
        let mut words = vec![lists as u32];
        words.extend(index.offsets.windows(2).map(|ends| (ends[1] - ends[0]) as u32));
        words.extend(&index.ids);
        let centroids = index.centroids.vectors();
        words.extend((0..lists).flat_map(|list| centroids.row(list)).map(|value| value.to_bits()));
        Some(words)
    }

    fn restore(words: &[u32], base: &Base) -> Option<IvfIndex> {
        let mut words = Words(words);
        let lists = words.count()?;
        let lengths = words.take(lists)?;
        let ids = words.take(base.len())?;
        let dim = base.vectors().dim();
        let values: Vec<f32> = words.take(lists.checked_mul(dim)?)?.iter().map(|&bits| f32::from_bits(bits)).collect();
        let is_whole = offsets(lengths).last() == Some(ids.len()) && words.0.is_empty();
        if !is_whole || ids.iter().any(|&id| id as usize >= base.len()) {
            return None;
        }
        let centroids = Base::new(Vectors::new(&values, dim).ok()?, base.distance());
        let order: Vec<usize> = ids.iter().map(|&id| id as usize).collect();
        Some(IvfIndex::new(base, centroids, &order, lengths))
    }

    fn bytes(index: &IvfIndex, base: &Base) -> usize {
        let held = Base::bytes;
        let lists = size_of_val(index.ids.as_slice()) + size_of_val(index.offsets.as_slice());
        held(base) + held(&index.rows) + held(&index.centroids) + index.filter.bytes() + lists
    }

    fn estimate(&self, rows: usize, dim: usize) -> usize {
        let lists = self.lists.size().min(rows);
        let vector = dim.div_ceil(16) * 64 + size_of::<f64>();
        (rows + lists) * vector + rows * (size_of::<f32>() + size_of::<u32>()) + (lists + 1) * size_of::<usize>()
    }

    fn check(&self, rows: usize) -> Result<(), Unfit> {
        let (lists, nprobe) = (self.lists.size(), self.nprobe.size());
        let unfit =
            |parameter, message: String, most| Err(Unfit::new(message, format!("use at most {most}")).of(parameter));
        if lists > rows {
            return unfit("lists", format!("{lists} lists are more than the {rows} base vectors"), rows);
        }
        if nprobe > lists {
            return unfit("nprobe", format!("a query cannot scan {nprobe} of {lists} lists"), lists);
        }
        Ok(())
    }

    fn search(&self, index: &IvfIndex, base: &Base, query: Query<'_>, scratch: &mut Scratch, found: &mut Vec<u32>) {
        found.clear();
        let (lists, centroids) = (index.centroids.len(), &index.centroids);
        let distance = |list| (centroids.distance_to(query, list), list);
        let order = scratch.arena.alloc_slice_fill_iter((0..lists as u32).map(distance));
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut kept = std::mem::take(&mut scratch.contenders);
        let bound = index.filter.error_bound(&index.rows, query);
        let mut contenders = bound.map(|bound| Contenders::new(self.pool.size(), bound, &mut kept));
        let similarities = scratch.arena.alloc_slice_fill_copy(TILE.min(base.len()), 0.0_f32);
        let mut scanned = 0;
        for (probed, &(_, list)) in order.iter().enumerate() {
            if probed >= self.nprobe.size() && scanned >= self.pool.size() {
                break;
            }
            let (first, last) = (index.offsets[list as usize], index.offsets[list as usize + 1]);
            scanned += last - first;
            let Some(contenders) = &mut contenders else {
                found.extend(&index.ids[first..last]);
                continue;
            };
            for start in (first..last).step_by(TILE) {
                let end = (start + TILE).min(last);
                let similarities = &mut similarities[..end - start];
                products(query.lines(), index.rows.vectors().block(start..end), similarities);
                index.filter.similarities(&index.rows, start, similarities);
                contenders.take(start, similarities);
            }
        }
        if let Some(contenders) = &mut contenders {
            found.extend(contenders.finish().map(|row| index.ids[row as usize]));
        }
        scratch.contenders = kept;
        scratch.count(lists + scanned);
    }
}

impl IvfIndex {
    /// Lays out lists of these lengths: the base vectors in the order of `order`, list by list.
    fn new(base: &Base, centroids: Base, order: &[usize], lengths: &[u32]) -> Self {
        let rows = Base::new(base.vectors().gather(order), base.distance());
        let ids = order.iter().map(|&i| i as u32).collect();
        Self { filter: Filter::new(&rows), centroids, rows, ids, offsets: offsets(lengths).collect() }
    }
}

/// The nearest centroid of each row and its distance, ties by lower list.
fn assign(centroids: &Base, rows: &Points) -> Vec<(usize, f64)> {
    for_each_nearest(centroids, &Scan::new(centroids), rows, 1, |_, pool| {
        (pool.items[0].id as usize, pool.items[0].distance)
    })
}

/// K-means from a sample of the rows; spherical (Dhillon & Modha 2001) for angular.
fn train(part: &IvfBuild, base: &Base) -> Base {
    let lists = part.lists.min(base.len());
    let sample = random::sample(&mut random::stream(part.seed, "ivf training", 0), base.len(), lists * TRAINING);
    let rows = Base::new(base.vectors().gather(&sample), base.distance());
    let first = random::sample(&mut random::stream(part.seed, "ivf centroids", 0), rows.len(), lists);
    let mut centroids = Base::new(rows.vectors().gather(&first), base.distance());
    if lists > 0 {
        for _ in 0..part.iterations {
            centroids = means(&rows, &assign(&centroids, rows.points()), &centroids);
        }
    }
    centroids
}

/// The mean of each list's rows (of unit rows, for angular); a list without a mean takes the row that is farthest
/// from its own centroid and not taken yet.
fn means(rows: &Base, assigned: &[(usize, f64)], centroids: &Base) -> Base {
    let (dim, lists) = (rows.vectors().dim(), centroids.len());
    let (mut sums, mut weights) = (vec![0.0_f64; lists * dim], vec![0.0_f64; lists]);
    for (i, &(list, _)) in assigned.iter().enumerate() {
        let scale = match rows.distance() {
            Distance::Euclidean => 1.0,
            _ if rows.norms()[i] > 0.0 => 1.0 / rows.norms()[i],
            _ => continue,
        };
        let sum = &mut sums[list * dim..(list + 1) * dim];
        sum.iter_mut().zip(rows.vectors().row(i)).for_each(|(sum, &value)| *sum += scale * f64::from(value));
        weights[list] += 1.0;
    }
    let mut farthest: Vec<usize> = (0..assigned.len()).collect();
    farthest.sort_unstable_by(|&a, &b| assigned[b].1.total_cmp(&assigned[a].1).then(a.cmp(&b)));
    let mut farthest = farthest.into_iter();
    let mut values = Vec::with_capacity(lists * dim);
    for (sum, &weight) in sums.chunks_exact(dim).zip(&weights) {
        match farthest.as_slice() {
            [row, ..] if weight == 0.0 => {
                values.extend_from_slice(rows.vectors().row(*row));
                farthest.next();
            }
            _ => values.extend(sum.iter().map(|sum| (sum / weight.max(1.0)) as f32)),
        }
    }
    // A mean of finite values is finite. If it were not, the last centroids would be kept.
    Vectors::new(&values, dim).map_or_else(|_| centroids.clone(), |vectors| Base::new(vectors, rows.distance()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Pool;
    use proptest::prelude::*;

    fn count(value: usize) -> Count {
        Count::new(value as u32).expect("in range")
    }

    fn ivf(lists: usize, pool: usize, nprobe: usize) -> Ivf {
        Ivf { lists: count(lists), pool: count(pool), nprobe: count(nprobe), ..Ivf::default() }
    }

    fn ids(params: &Ivf, index: &IvfIndex, base: &Base, query: Query<'_>) -> Vec<u32> {
        let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
        params.search(index, base, query, &mut scratch, &mut found);
        pool.fill_nearest_first(base, query, found.iter().copied(), params.pool.size(), &scratch);
        pool.items.iter().map(|item| item.id).collect()
    }

    fn exact(base: &Base, m: usize) -> Vec<Vec<u32>> {
        let ids = |_, pool: &Pool| pool.items.iter().map(|item| item.id).collect();
        for_each_nearest(base, &Scan::new(base), base.points(), m, ids)
    }

    fn waves(rows: usize) -> Vec<f32> {
        (0..rows * 8).map(|i| ((i as f32 * 12.9898).sin() * 437.585).fract()).collect()
    }

    proptest! {
        /// Few distinct values: ties, duplicates and zero vectors. More lists than rows; pools no list can fill.
        #[test]
        fn all_lists_are_exact_search_and_hold_each_id_once(
            (d, rows) in (1_usize..5, 1_usize..120).prop_flat_map(|(d, n)| {
                (Just(d), prop::collection::vec(prop::sample::select(vec![-1.0_f32, 0.0, 0.25, 1.0]), n * d))
            }),
            lists in 1_usize..40,
            pool in 1_usize..150,
        ) {
            for distance in Distance::DENSE {
                let base = Base::from_values(&rows, d, distance).expect("finite");
                let (all, few) = (ivf(lists, pool, lists), ivf(lists, pool, 1));
                let index = Ivf::build(&all.build_part(), &base);
                let mut held = index.ids.clone();
                held.sort_unstable();
                prop_assert_eq!(held, (0..base.len() as u32).collect::<Vec<_>>());
                for (i, expected) in exact(&base, pool).into_iter().enumerate() {
                    prop_assert_eq!(ids(&few, &index, &base, base.query(i)).len(), pool.min(base.len()));
                    prop_assert_eq!(ids(&all, &index, &base, base.query(i)), expected);
                }
            }
        }
    }

    #[test]
    fn recall_grows_with_nprobe_and_never_falls() {
        for distance in Distance::DENSE {
            let base = Base::from_values(&waves(2000), 8, distance).expect("finite");
            let index = Ivf::build(&ivf(32, 10, 1).build_part(), &base);
            let truth = exact(&base, 10);
            let hits = [1, 2, 4, 8, 32].map(|nprobe| {
                let found = (0..200).map(|i| ids(&ivf(32, 10, nprobe), &index, &base, base.query(i)));
                found.zip(&truth).map(|(found, truth)| truth.iter().filter(|id| found.contains(id)).count()).sum()
            });
            assert!(hits.windows(2).all(|pair: &[usize]| pair[0] <= pair[1]) && hits[0] < hits[2], "{hits:?}");
            assert_eq!(hits[4], 2000);
        }
    }

    #[test]
    fn any_number_of_threads_builds_the_same() {
        let base = Base::from_values(&waves(1500), 8, Distance::Angular).expect("finite");
        let build = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let index = pool.install(|| Ivf::build(&Ivf::default().build_part(), &base));
            (index.ids, index.offsets)
        };
        assert_eq!(build(1), build(3));
    }
}
