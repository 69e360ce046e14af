//! IVF-Flat: base points in lists around centroids. A query scans the few nearest lists.

mod lists;
pub(crate) mod training;

use super::{Candidates, offsets};
use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::nearest::Scan;
use crate::params::{Count, constant};
use crate::points::PointType;
use crate::scratch::Scratch;
use crate::unfit::Unfit;
use lists::IvfIndex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An inverted file: the base points are sorted into lists around centroids, and a query scans the lists whose centroids
/// are nearest to it. With `nprobe` = `lists` it is exact search.
///
/// The centroids of dense vectors are found by k-means; by spherical k-means for angular and ip. Those of bits by k-majority:
/// each bit of a centroid is that of most of its rows. Those of sets and sparse vectors by k-medoids: each is one of the base
/// points. For ip, base points are sorted by angle, and a query scans the lists with the largest product of its cosine with
/// the centroid and the mean norm of the list.
///
/// Source: Sivic & Zisserman 2003; Jegou, Douze & Schmid 2011. K-majority: Grana et al. 2013. K-medoids by alternating
/// assignment and update: Park & Jun 2009, here with samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ivf {
    /// Number of lists, at most the number of base vectors.
    pub lists: Count,
    /// Rounds of training, each an assignment of rows to centroids and new centroids (Lloyd).
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
    pub(crate) lists: usize,
    pub(crate) iterations: usize,
    pub(crate) seed: u64,
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
        let centroids = training::train(part, base);
        let mut lengths = vec![0; centroids.len()];
        let lists = if base.is_empty() { Vec::new() } else { training::lists(&centroids.items(base), base.points()) };
        lists.iter().for_each(|&list| lengths[list as usize] += 1);
        // Where the next row of each list goes.
        let mut ends: Vec<usize> = offsets(&lengths).collect();
        let mut order = vec![0; lists.len()];
        for (i, &list) in lists.iter().enumerate() {
            order[ends[list as usize]] = i;
            ends[list as usize] += 1;
        }
        drop(lists);
        IvfIndex::new(base, centroids, &order, &lengths)
    }

    fn words(index: &IvfIndex) -> Option<Vec<u32>> {
        Some(index.words())
    }

    fn restore(words: &[u32], base: &Base) -> Option<IvfIndex> {
        IvfIndex::restore(words, base)
    }

    fn bytes(index: &IvfIndex, base: &Base) -> usize {
        base.bytes() + index.bytes()
    }

    fn decision(index: &IvfIndex, _: &Base) -> Option<String> {
        index.decision()
    }

    fn estimate(&self, facts: &BaseFacts) -> usize {
        let lists = self.lists.size().min(facts.rows);
        let filter = if facts.kind == PointType::Dense { Scan::estimate(facts) } else { 0 };
        let layout = facts.rows.saturating_mul(size_of::<u32>()) + (2 * lists + 1) * size_of::<usize>();
        // While it is built: the list of each row, and the order of the rows, twice.
        let built = facts.rows.saturating_mul(2 * size_of::<u32>() + size_of::<usize>());
        let layout = layout.saturating_add(built);
        facts.bytes_of(facts.rows).saturating_add(facts.bytes_of(lists)).saturating_add(filter).saturating_add(layout)
    }

    fn copied(&self, facts: &BaseFacts) -> usize {
        let codes = if facts.kind == PointType::Dense { Scan::copied(facts) } else { 0 };
        facts.bytes_of(facts.rows).saturating_add(codes)
    }

    fn check(&self, facts: &BaseFacts) -> Result<(), Unfit> {
        let (lists, nprobe, rows) = (self.lists.size(), self.nprobe.size(), facts.rows);
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

    fn search(&self, index: &IvfIndex, _: &Base, query: Query<'_>, scratch: &mut Scratch, found: &mut Vec<u32>) {
        index.search(query, self.nprobe.size(), self.pool.size(), scratch, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::samples::{Sample, pairs};
    use crate::distance::Distance;
    use crate::nearest::for_each_nearest;
    use crate::points::space::tests::Pages;
    use crate::points::{Bits, Sets, Space};
    use crate::pool::Pool;
    use proptest::prelude::*;
    use std::sync::Arc;

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
        let sample = Sample { rows: 2000, centres: 50, dim: 8 };
        for (kind, distance) in pairs() {
            let base = sample.base(kind, distance, "base");
            let index = Ivf::build(&ivf(32, 10, 1).build_part(), &base);
            let truth = exact(&base, 10);
            let hits = [1, 2, 4, 8, 32].map(|nprobe| {
                let found = (0..200).map(|i| ids(&ivf(32, 10, nprobe), &index, &base, base.query(i)));
                found.zip(&truth).map(|(found, truth)| truth.iter().filter(|id| found.contains(id)).count()).sum()
            });
            assert!(hits.windows(2).all(|pair: &[usize]| pair[0] <= pair[1]), "{kind}, {distance}: {hits:?}");
            // A fourth of the lists hold three fourths of the neighbours and more: the lists follow the points.
            assert!(hits[0] < hits[3] && hits[3] >= 1500, "{kind}, {distance}: {hits:?}");
            assert_eq!(hits[4], 2000, "{kind}, {distance}");
        }
    }

    #[test]
    fn any_number_of_threads_builds_the_same() {
        for (kind, distance) in pairs() {
            let base = Sample { rows: 1500, centres: 50, dim: 8 }.base(kind, distance, "base");
            let build = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                pool.install(|| Ivf::build(&Ivf::default().build_part(), &base).words())
            };
            assert_eq!(build(1), build(3), "{kind}, {distance}");
        }
    }

    /// An index whose copy of the points lies outside the heap has the same words, finds the same in as many evaluations, and
    /// counts as many bytes. Where there is no room outside, the heap is used.
    #[test]
    fn a_copy_outside_the_heap_changes_nothing() {
        for (kind, distance) in pairs() {
            let base = Sample { rows: 700, centres: 20, dim: 8 }.base(kind, distance, "base");
            let params = ivf(16, 10, 2);
            let heap = Ivf::build(&params.build_part(), &base);
            let search = |index: &IvfIndex, query: usize| {
                let (mut scratch, mut found) = (Scratch::default(), Vec::new());
                Candidates::search(&params, index, &base, base.query(query), &mut scratch, &mut found);
                (found, scratch.evaluations.get())
            };
            for most in [1 << 20, 64] {
                let pages = Arc::new(Pages::new(most));
                let outside = base.clone().with_copies_in(Space::Outside(Arc::<Pages>::clone(&pages)));
                let other = Ivf::build(&params.build_part(), &outside);
                assert!(pages.given() >= if most > 64 { base.bytes() } else { 0 }, "{kind}");
                assert_eq!(other.words(), heap.words(), "{kind}, {distance}");
                assert_eq!(other.bytes(), heap.bytes());
                (0..100)
                    .for_each(|query| assert_eq!(search(&other, query), search(&heap, query), "{kind}, {distance}"));
            }
        }
    }

    /// Exact search of points that are larger than memory finds the same, and what it holds is what was estimated.
    #[test]
    fn exact_search_outside_the_heap_finds_the_same() {
        for (kind, distance) in pairs() {
            let base = Sample { rows: 700, centres: 20, dim: 8 }.base(kind, distance, "base");
            let outside = base.clone().with_copies_in(Space::Outside(Arc::new(Pages::new(0))));
            assert_eq!(exact(&base, 30), exact(&outside, 30), "{kind}, {distance}");
            let (facts, held) = (BaseFacts::of(&base), Scan::new(&outside).bytes());
            let params = crate::candidates::Exact::default();
            // By inner product a number of each vector is held only if some are far longer than others.
            let most = Candidates::estimate_outside(&params, &facts);
            let may_be_less = distance == Distance::InnerProduct && held < most;
            assert!(held == most || may_be_less, "{kind}, {distance}: {held}, of {most}");
        }
    }

    /// Two lists whose rows are known: the centroid of each has the bits of most of its rows, and where as many have a bit as
    /// have it not, that of the row that it began with.
    #[test]
    fn a_centroid_of_bits_has_those_of_most_of_its_rows() {
        // Four rows near 0000 0000, and four near 1111 1111; within each, one bit is set in two of four.
        let rows =
            [0b0000_0001, 0b0000_0011, 0b0000_0010, 0b0000_0000, 0b1111_1111, 0b0111_1111, 0b1011_1111, 0b1111_1110];
        let bits = Bits::new(rows.map(|row: u64| row).to_vec(), 8).expect("8 bits");
        let base = Base::new(bits, Distance::Hamming);
        let index = Ivf::build(&ivf(2, 1, 1).build_part(), &base);
        let lists: Vec<&[u32]> = index.offsets.windows(2).map(|ends| &index.ids[ends[0]..ends[1]]).collect();
        assert!(lists == [[0, 1, 2, 3], [4, 5, 6, 7]] || lists == [[4, 5, 6, 7], [0, 1, 2, 3]], "{lists:?}");
        let words = index.words();
        let centroids = [words[11], words[13]];
        assert!(centroids.contains(&0b1111_1111), "{centroids:?}");
        // Bits 0 and 1 are tied in the other list.
        assert!(centroids.iter().any(|centroid| centroid & !0b11 == 0), "{centroids:?}");
    }

    /// The centroids of sets are base sets, and their words are ids.
    #[test]
    fn the_centroids_of_sets_are_sets_of_the_base() {
        let rows = [vec![1_u32, 2, 3], vec![1, 2], vec![1, 2, 3, 4], vec![7, 8], vec![7, 8, 9], vec![6, 7, 8]];
        let base = Base::new(Sets::from_rows(&rows, 10).expect("valid"), Distance::Jaccard);
        let index = Ivf::build(&ivf(2, 1, 1).build_part(), &base);
        let words = index.words();
        let mut medoids = words[words.len() - 2..].to_vec();
        medoids.sort_unstable();
        // The middle one of each cluster.
        assert_eq!(medoids, [0, 3]);
    }
}
