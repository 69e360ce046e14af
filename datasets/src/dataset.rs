//! A dataset in memory, checked.

use crate::aspects::Aspects;
use crate::ground_truth;
use crate::texts::Labels;
use serde::{Deserialize, Serialize};
use swath_algorithms::points::{Point, Space};
use swath_algorithms::{Base, Distance, Points};

pub use swath_algorithms::Groups;

/// Base vectors, queries, exact neighbours, and optionally links, subtopics, judgements, groups and labels.
///
/// A dataset from a file is checked: every id is in range, every value finite, every row of distances ascending. A dataset
/// made in memory should be checked by [`Dataset::check`].
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Base points, `n x d`.
    pub train: Points,
    /// Queries, `m x d`.
    pub test: Points,
    /// The distance from a query to a base point.
    pub distance: Distance,
    /// The nearest base vectors of each query.
    pub neighbors: Neighbors,
    /// A knowledge graph over base vectors.
    pub links: Option<Links>,
    /// Which base vector covers which aspect of a query.
    pub subtopics: Option<Subtopics>,
    /// Relevance judged by people: pairs (item, grade) of each query; grade 0 is not relevant.
    pub qrels: Option<Qrels>,
    /// Sub-queries of each query, which selectors may look at.
    pub aspects: Option<Aspects>,
    /// What base vectors belong to: documents, sellers, sites. Each has a name of its own; one alone may have none.
    pub groups: Vec<Groups>,
    /// What base vectors are called, n of each kind.
    pub train_labels: Labels,
    /// What queries are called, m of each kind.
    pub test_labels: Labels,
    /// Unusual things in the file that it was read from, and how they were read.
    pub notes: Vec<String>,
    /// How the file was made, a line for each step, if it says so.
    pub history: Vec<String>,
}

/// The type that distances are stored as, and so the precision that they are rounded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stored {
    /// Whole numbers, such as counts of bits: exact.
    Integer,
    /// Half precision, 11 bits.
    Float16,
    /// The upper half of single precision, 8 bits.
    Bfloat16,
    /// Single precision, 24 bits.
    Float32,
    /// Double precision, 53 bits: as swath computes.
    Float64,
}

impl Stored {
    /// Half a unit in the last place at `value`: the largest difference between a number and its stored form. 0 for whole
    /// numbers.
    pub fn half_unit(self, value: f64) -> f64 {
        // Bits after the leading one, and the exponent of the smallest number above 0.
        let (bits, least) = match self {
            Self::Integer => return 0.0,
            Self::Float16 => (10, -24),
            Self::Bfloat16 => (7, -133),
            Self::Float32 => (23, -149),
            Self::Float64 => (52, -1074),
        };
        let exponent = ((value.to_bits() >> 52) & 0x7ff) as i32 - 1023;
        f64::from((exponent - bits).max(least) - 1).exp2()
    }
}

/// The id of no base vector: fills the row of a query that has fewer true neighbours than others.
pub const NO_ID: u32 = u32::MAX;

/// The exact nearest base vectors of each query, nearest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbors {
    /// Columns: a query has at most this many neighbours.
    pub count: usize,
    /// Their ids, `m x count`; [`NO_ID`] follows the last true neighbour of a query.
    pub ids: Vec<u32>,
    /// Their distances, `m x count`, ascending in each row; infinite where there is no neighbour.
    pub distances: Vec<f64>,
    /// The type that these were stored as.
    pub stored: Stored,
}

impl Dataset {
    /// Base points, queries and their neighbours, and nothing else.
    pub fn of_points(train: Points, test: Points, distance: Distance, neighbors: Neighbors) -> Self {
        Self {
            train,
            test,
            distance,
            neighbors,
            links: None,
            subtopics: None,
            qrels: None,
            aspects: None,
            groups: Vec::new(),
            train_labels: Labels::default(),
            test_labels: Labels::default(),
            notes: Vec::new(),
            history: Vec::new(),
        }
    }

    /// The dataset with only the base vectors `kept`, which ascend. True neighbours are computed again, at most as many as
    /// before; links, subtopics and judgements stay if all their items do.
    #[must_use]
    pub fn subset(&self, kept: &[usize]) -> Self {
        self.subset_in(kept, &Space::Heap)
    }

    /// The same, with its base vectors put into a space; on the heap if there is no room.
    #[must_use]
    pub fn subset_in(&self, kept: &[usize], space: &Space) -> Self {
        let mut number = vec![None; self.train.len()];
        kept.iter().enumerate().for_each(|(new, &old)| number[old] = Some(new as u32));
        let of = |old: u32| number[old as usize];
        let train = self.train.gather_into(kept, space).unwrap_or_else(|_| self.train.gather(kept));
        let base = Base::new(train.clone(), self.distance);
        let links = self.links.as_ref().map(|links| {
            let ends = |(i, &[source, target]): (usize, &[u32; 2])| Some((i, [of(source)?, of(target)?]));
            let (places, edges): (Vec<usize>, Vec<_>) = links.edges.iter().enumerate().filter_map(ends).unzip();
            let relation = places.iter().filter_map(|&i| links.relation.get(i).copied()).collect();
            Links { edges, relations: links.relations.clone(), relation }
        });
        let by_query = |pairs: &Subtopics| {
            let row = |query: usize, item: u32, number: u32| Some([query as u32, of(item)?, number]);
            let of_query = |query: usize| pairs.of(query).iter().filter_map(move |&(item, n)| row(query, item, n));
            Subtopics::new(pairs.queries(), (0..pairs.queries()).flat_map(of_query).collect())
        };
        Self {
            neighbors: ground_truth::compute(&base, &self.test, self.neighbors.count),
            train,
            test: self.test.clone(),
            distance: self.distance,
            links,
            subtopics: self.subtopics.as_ref().map(by_query),
            qrels: self.qrels.as_ref().map(by_query),
            aspects: self.aspects.clone(),
            groups: self.groups.iter().map(|groups| groups.gather(kept)).collect(),
            train_labels: self.train_labels.gather(kept),
            test_labels: self.test_labels.clone(),
            notes: self.notes.clone(),
            history: self.history.clone(),
        }
    }

    /// The dataset with only the queries `asked`, in that order.
    ///
    /// # Panics
    /// If a query does not exist.
    #[must_use]
    pub fn of_queries(&self, asked: &[usize]) -> Self {
        let Neighbors { count, stored, .. } = self.neighbors;
        let by_query = |pairs: &Subtopics| {
            let row = |(new, &old): (usize, &usize)| {
                pairs.of(old).iter().map(move |&(item, number)| [new as u32, item, number]).collect::<Vec<_>>()
            };
            Subtopics::new(asked.len(), asked.iter().enumerate().flat_map(row).collect())
        };
        Self {
            train: self.train.clone(),
            test: self.test.gather(asked),
            distance: self.distance,
            neighbors: Neighbors {
                count,
                ids: asked.iter().flat_map(|&query| &self.neighbors.ids[query * count..][..count]).copied().collect(),
                distances: asked
                    .iter()
                    .flat_map(|&query| &self.neighbors.distances[query * count..][..count])
                    .copied()
                    .collect(),
                stored,
            },
            links: self.links.clone(),
            subtopics: self.subtopics.as_ref().map(by_query),
            qrels: self.qrels.as_ref().map(by_query),
            aspects: self.aspects.as_ref().map(|aspects| aspects.of_queries(asked)),
            groups: self.groups.clone(),
            train_labels: self.train_labels.clone(),
            test_labels: self.test_labels.gather(asked),
            notes: self.notes.clone(),
            history: self.history.clone(),
        }
    }

    /// Bytes that it takes in memory.
    pub fn bytes(&self) -> usize {
        let by_query = |pairs: &Subtopics| size_of_val(pairs.pairs.as_slice()) + size_of_val(pairs.starts.as_slice());
        let links = |links: &Links| size_of_val(links.edges.as_slice()) + links.relation.len();
        let neighbors = size_of_val(self.neighbors.ids.as_slice()) + size_of_val(self.neighbors.distances.as_slice());
        self.train.bytes()
            + self.test.bytes()
            + neighbors
            + self.links.as_ref().map_or(0, links)
            + [&self.subtopics, &self.qrels].into_iter().flatten().map(by_query).sum::<usize>()
            + self.aspects.as_ref().map_or(0, Aspects::bytes)
            + self.groups.iter().map(Groups::bytes).sum::<usize>()
            + self.train_labels.size()
            + self.test_labels.size()
    }

    /// Whether both are equal. Distances are compared as `f32`, as files store them; notes are ignored.
    pub fn same(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.neighbors, &other.neighbors);
        let distances = ours.distances.iter().zip(&theirs.distances).all(|(a, b)| *a as f32 == *b as f32);
        self.distance == other.distance
            && (ours.count, &ours.ids) == (theirs.count, &theirs.ids)
            && distances
            && self.test == other.test
            && self.train == other.train
            && (&self.links, &self.subtopics, &self.qrels) == (&other.links, &other.subtopics, &other.qrels)
            && self.aspects == other.aspects
            && self.groups == other.groups
            && (&self.train_labels, &self.test_labels) == (&other.train_labels, &other.test_labels)
    }

    /// A note where the vectors are so long that distances may not fit 32-bit floats, as results store them.
    pub(crate) fn beyond_f32(&self) -> Option<String> {
        let longest = |points: &Points| points.norms().iter().copied().fold(0.0, f64::max);
        let (what, largest) = match self.distance {
            Distance::InnerProduct => ("inner products", longest(&self.train) * longest(&self.test)),
            Distance::Euclidean => ("distances", longest(&self.train) + longest(&self.test)),
            Distance::Angular | Distance::Hamming | Distance::Jaccard => return None,
        };
        let most = f64::from(f32::MAX);
        (largest > most).then(|| {
            format!(
                "vectors this long may have {what} up to {largest:.1e}, which do not fit 32-bit floats: results store those \
                 beyond {most:.1e} as that number"
            )
        })
    }

    /// Unusual things that are allowed but that a user should know of.
    pub fn doubts(&self) -> Vec<String> {
        let count = |points: &Points, is_so: &dyn Fn(Point<'_>) -> bool| {
            (0..points.len()).filter(|&i| is_so(points.row(i))).count()
        };
        let mut doubts = self.notes.clone();
        doubts.extend(self.beyond_f32());
        let aspects = self.aspects.as_ref().map(|aspects| Points::from(aspects.vectors().clone()));
        let arrays = [("train", Some(&self.train)), ("test", Some(&self.test)), ("aspects", aspects.as_ref())];
        for (name, points) in arrays.into_iter().filter_map(|(name, points)| Some((name, points?))) {
            let zeros =
                if self.distance == Distance::Angular { count(points, &|point| point.norm() == 0.0) } else { 0 };
            if zeros > 0 {
                let what = if zeros == 1 { "1 vector is".to_owned() } else { format!("{zeros} vectors are") };
                doubts.push(format!(
                    "{what} all zeros in `{name}`: such a vector has no angle, so its distance to everything is taken as 1"
                ));
            }
            let empty = count(points, &|point| matches!(point, Point::Set([])));
            if empty > 0 {
                let what = if empty == 1 { "1 set is".to_owned() } else { format!("{empty} sets are") };
                let others = if name == "train" { "query" } else { "base set" };
                doubts.push(format!("{what} empty in `{name}`: the distance to every {others} is 1"));
            }
        }
        doubts.extend(self.without_aspects());
        doubts
    }

    /// A note if some queries have no sub-queries and others do.
    fn without_aspects(&self) -> Option<String> {
        let (aspects, m) = (self.aspects.as_ref()?, self.test.len());
        let without = (0..m).filter(|&query| aspects.count(query) == 0).count();
        let has = if without == 1 { "has" } else { "have" };
        (without > 0).then(|| {
            format!("{without} of {m} queries {has} no sub-queries in `aspects`: selectors by sub-queries pick by relevance alone there")
        })
    }
}

impl Neighbors {
    /// Ids of the true neighbours of `query`, without padding.
    pub fn ids(&self, query: usize) -> &[u32] {
        &self.ids[query * self.count..][..self.known(query)]
    }

    /// Distances of the true neighbours of `query`, without padding.
    pub fn distances(&self, query: usize) -> &[f64] {
        &self.distances[query * self.count..][..self.known(query)]
    }

    /// Number of true neighbours of `query`, at most `count`.
    pub fn known(&self, query: usize) -> usize {
        let row = &self.ids[query * self.count..][..self.count];
        row.iter().position(|&id| id == NO_ID).unwrap_or(self.count)
    }
}

/// Directed links between base vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// Source and target of each link.
    pub edges: Vec<[u32; 2]>,
    /// Names of the relations; empty if links have none.
    pub relations: Vec<String>,
    /// Index into `relations` of each link; empty if links have none.
    pub relation: Vec<u8>,
}

/// Relevance judgements, kept as subtopics are: (item, grade) pairs by query.
pub type Qrels = Subtopics;

/// Which base vector covers which subtopic of which query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtopics {
    /// (item, subtopic) pairs by query; those of a query ascend, each once.
    pairs: Vec<(u32, u32)>,
    /// Index of each query's first pair; m + 1 values.
    starts: Vec<usize>,
}

impl Subtopics {
    /// From rows (query, item, subtopic) in any order, with queries below `queries`; a repeated row counts once.
    /// [`Dataset::check`] finds ids that are out of range.
    pub fn new(queries: usize, mut rows: Vec<[u32; 3]>) -> Self {
        rows.sort_unstable();
        rows.dedup();
        let starts = (0..=queries).map(|query| rows.partition_point(|row| (row[0] as usize) < query)).collect();
        Self { pairs: rows.into_iter().map(|[_, item, subtopic]| (item, subtopic)).collect(), starts }
    }

    /// The (item, subtopic) pairs of `query`.
    pub fn of(&self, query: usize) -> &[(u32, u32)] {
        &self.pairs[self.starts[query]..self.starts[query + 1]]
    }

    /// Number of different subtopics of `query`.
    pub fn count(&self, query: usize) -> usize {
        let mut all: Vec<u32> = self.of(query).iter().map(|&(_, subtopic)| subtopic).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    /// Number of queries, m.
    pub fn queries(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swath_algorithms::Vectors;

    fn vectors(values: &[f32], dim: usize) -> Points {
        Vectors::new(values, dim).expect("finite").into()
    }

    fn coordinates(points: &Points, row: usize) -> &[f32] {
        points.dense().expect("dense").row(row)
    }

    /// By hand: 1 + 2^-10 is the half-precision number after 1; around 390,000, which is above 2^18, numbers of `f32` are 2^-5
    /// apart; below the smallest normal number the spacing stays as it is there.
    #[test]
    fn half_a_unit_is_half_the_distance_to_the_next_number() {
        let half = |exponent: i32| f64::from(exponent).exp2();
        assert_eq!(Stored::Float16.half_unit(1.0), half(-11));
        assert_eq!(Stored::Float16.half_unit(-1e-6), half(-25));
        assert_eq!(Stored::Float32.half_unit(390_000.0), half(-6));
        assert_eq!(Stored::Float32.half_unit(1e-40), half(-150));
        assert_eq!(Stored::Float32.half_unit(0.0), half(-150));
        assert_eq!(Stored::Float64.half_unit(1.5), half(-53));
        assert_eq!(Stored::Integer.half_unit(7.0), 0.0);
        for value in [0.1_f32, 3.0, 65_535.0, 1e-30, 3e38] {
            let next = f64::from(f32::from_bits(value.to_bits() + 1)) - f64::from(value);
            assert_eq!(Stored::Float32.half_unit(value.into()), next / 2.0, "{value}");
        }
    }

    #[test]
    fn vectors_whose_distances_do_not_fit_32_bits_are_told() {
        for (distance, value, note) in [
            (
                Distance::InnerProduct,
                1e20_f32,
                Some("vectors this long may have inner products up to 1.0e40, which do not fit"),
            ),
            (Distance::InnerProduct, 1e19, None),
            (
                Distance::Euclidean,
                2e38,
                Some("vectors this long may have distances up to 4.0e38, which do not fit 32-bit"),
            ),
            (Distance::Euclidean, 1e38, None),
            (Distance::Angular, 2e38, None),
        ] {
            let (train, test) = (vectors(&[value, 1.0], 1), vectors(&[-value], 1));
            let neighbors = ground_truth::compute(&Base::new(train.clone(), distance), &test, 1);
            let doubts = Dataset::of_points(train, test, distance, neighbors).doubts();
            match note {
                Some(note) => assert!(doubts.len() == 1 && doubts[0].starts_with(note), "{doubts:?}"),
                None => assert!(doubts.is_empty(), "{doubts:?}"),
            }
        }
    }

    #[test]
    fn subtopics_are_found_by_query() {
        let subtopics = Subtopics::new(4, vec![[2, 9, 1], [0, 5, 7], [2, 3, 1], [2, 9, 1], [2, 9, 0]]);
        assert_eq!(subtopics.of(0), [(5, 7)]);
        assert!(subtopics.of(1).is_empty() && subtopics.of(3).is_empty());
        assert_eq!(subtopics.of(2), [(3, 1), (9, 0), (9, 1)]);
        assert_eq!((subtopics.count(2), subtopics.count(1), subtopics.len()), (2, 0, 4));
    }

    #[test]
    fn a_sample_of_queries_keeps_their_neighbours_subtopics_sub_queries_and_names() {
        let square: Vec<f32> = [0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 5.0, 5.0].to_vec();
        let (train, test) = (vectors(&square, 2), vectors(&square[2..], 2));
        let neighbors = ground_truth::compute(&Base::new(train.clone(), Distance::Euclidean), &test, 3);
        let aspects = Vectors::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2).expect("finite");
        let aspects = Aspects::new(3, &[0, 2, 2], &aspects);
        let whole = Dataset {
            subtopics: Some(Subtopics::new(3, vec![[0, 1, 7], [2, 0, 8], [2, 3, 9]])),
            aspects: Some(aspects.clone()),
            test_labels: Labels::of_names(["a", "b", "c"]),
            ..Dataset::of_points(train, test, Distance::Euclidean, neighbors)
        };
        let part = whole.of_queries(&[2, 0]);
        part.check().expect("valid");
        assert_eq!((coordinates(&part.test, 0), coordinates(&part.test, 1)), (&[5.0, 5.0][..], &[1.0, 0.0][..]));
        assert_eq!(part.neighbors.ids(0), whole.neighbors.ids(2));
        assert_eq!(part.neighbors.distances(1), whole.neighbors.distances(0));
        let subtopics = part.subtopics.as_ref().expect("subtopics");
        assert_eq!((subtopics.of(0), subtopics.of(1)), (&[(0, 8), (3, 9)][..], &[(1, 7)][..]));
        assert_eq!(part.aspects, Some(aspects.of_queries(&[2, 0])));
        assert_eq!(part.doubts(), [""; 0]);
        assert_eq!(
            whole.doubts(),
            ["1 of 3 queries has no sub-queries in `aspects`: selectors by sub-queries pick by relevance alone there"]
        );
        assert_eq!(whole.subset(&[0, 1, 3]).aspects, whole.aspects);
        let other = Dataset { aspects: Some(aspects.of_queries(&[0, 2, 1])), ..whole.clone() };
        assert!(!whole.same(&other) && !whole.same(&Dataset { aspects: None, ..whole.clone() }));
        assert_eq!(part.test_labels, Labels::of_names(["c", "a"]));
        assert!(whole.of_queries(&[0, 1, 2]).same(&whole) && !part.same(&whole));
        assert!(!whole.of_queries(&[0, 2, 1]).same(&whole));
    }

    #[test]
    fn a_subset_keeps_links_and_subtopics_among_its_vectors() {
        let line: Vec<f32> = (0..6_u8).map(f32::from).collect();
        let (train, test) = (vectors(&line, 1), vectors(&[0.0], 1));
        let base = Base::new(train.clone(), Distance::Euclidean);
        let relations = vec!["a".into(), "b".into()];
        let whole = Dataset {
            neighbors: ground_truth::compute(&base, &test, 4),
            train,
            test,
            distance: Distance::Euclidean,
            links: Some(Links { edges: vec![[0, 1], [2, 5], [5, 3]], relations, relation: vec![0, 1, 0] }),
            subtopics: Some(Subtopics::new(1, vec![[0, 1, 7], [0, 5, 8]])),
            qrels: None,
            aspects: None,
            groups: vec![Groups { name: String::new(), of: vec![0, 1, 2, 0, -1, 1], labels: Vec::new() }],
            train_labels: Labels::of_names((0..6).map(|i| format!("v{i}"))),
            test_labels: Labels::default(),
            notes: Vec::new(),
            history: Vec::new(),
        };
        whole.check().expect("valid");
        let part = whole.subset(&[2, 3, 5]);
        part.check().expect("valid");
        assert_eq!((part.neighbors.count, part.neighbors.ids.as_slice()), (3, &[0, 1, 2][..]));
        assert_eq!(part.neighbors.distances, [2.0, 3.0, 5.0]);
        let links = part.links.expect("links");
        assert_eq!((links.edges, links.relation), (vec![[0, 2], [2, 1]], vec![1, 0]));
        assert_eq!(part.subtopics.expect("subtopics").of(0), [(2, 8)]);
        assert_eq!(part.train_labels, Labels::of_names(["v2", "v3", "v5"]));
        assert_eq!(part.groups[0].of, [2, 0, 1]);
    }
}
