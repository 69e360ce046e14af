//! A dataset in memory, checked.

use crate::ground_truth;
use swath_algorithms::{Base, Distance, Vectors};

/// Base vectors, queries, exact neighbours, and optionally links, subtopics and names.
///
/// One that was read from a file is checked: every id is in range, every value finite, every row of distances ascending.
/// One that was made in memory should be, by [`Dataset::check`].
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Base vectors, `n x d`.
    pub train: Vectors,
    /// Queries, `m x d`.
    pub test: Vectors,
    /// How far apart two vectors are.
    pub distance: Distance,
    /// The nearest base vectors of each query.
    pub neighbors: Neighbors,
    /// A knowledge graph over base vectors.
    pub links: Option<Links>,
    /// Which base vector covers which aspect of a query.
    pub subtopics: Option<Subtopics>,
    /// What people judged relevant: of each query the pairs (item, grade); 0 is not relevant.
    pub qrels: Option<Qrels>,
    /// What each base vector stands for, n texts.
    pub train_names: Option<Vec<String>>,
    /// What each query stands for, m texts.
    pub test_names: Option<Vec<String>>,
}

/// The exact nearest base vectors of each query, nearest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbors {
    /// Neighbours of each query.
    pub count: usize,
    /// Their ids, `m x count`.
    pub ids: Vec<u32>,
    /// Their distances, `m x count`, ascending in each row.
    pub distances: Vec<f64>,
}

impl Dataset {
    /// The dataset of these base vectors alone, given in ascending order: as many true neighbours of each query found anew,
    /// links between two of them, subtopics and judgements of them.
    #[must_use]
    pub fn subset(&self, kept: &[usize]) -> Self {
        let mut number = vec![None; self.train.rows()];
        kept.iter().enumerate().for_each(|(new, &old)| number[old] = Some(new as u32));
        let of = |old: u32| number[old as usize];
        let train = self.train.gather(kept);
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
            train_names: self.train_names.as_ref().map(|names| kept.iter().map(|&i| names[i].clone()).collect()),
            test_names: self.test_names.clone(),
        }
    }

    /// What is allowed but should be known.
    pub fn doubts(&self) -> Vec<String> {
        let is_zero = |vectors: &Vectors, i: usize| vectors.row(i).iter().all(|&value| value == 0.0);
        let zeros = |vectors: &Vectors| (0..vectors.rows()).filter(|&i| is_zero(vectors, i)).count();
        let mut doubts = Vec::new();
        for (name, vectors) in [("train", &self.train), ("test", &self.test)] {
            let zeros = if self.distance == Distance::Angular { zeros(vectors) } else { 0 };
            if zeros > 0 {
                let what = if zeros == 1 { "1 vector is".to_owned() } else { format!("{zeros} vectors are") };
                doubts.push(format!(
                    "{what} all zeros in `{name}`, where an angle is not defined: its distance to everything is taken as 1"
                ));
            }
        }
        doubts
    }
}

impl Neighbors {
    /// Ids of the neighbours of `query`.
    pub fn ids(&self, query: usize) -> &[u32] {
        &self.ids[query * self.count..(query + 1) * self.count]
    }

    /// Distances of the neighbours of `query`.
    pub fn distances(&self, query: usize) -> &[f64] {
        &self.distances[query * self.count..(query + 1) * self.count]
    }
}

/// Directed links between base vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// (source, target) of each.
    pub edges: Vec<[u32; 2]>,
    /// Names of the relations; empty where links have none.
    pub relations: Vec<String>,
    /// Index into `relations` of each link; empty where links have none.
    pub relation: Vec<u8>,
}

/// Judgements of relevance, kept as subtopics are: (item, grade) pairs by query.
pub type Qrels = Subtopics;

/// Which base vector covers which subtopic of which query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtopics {
    /// (item, subtopic) pairs by query, each query's ascending, each once.
    pairs: Vec<(u32, u32)>,
    /// Where each query's pairs begin; m + 1 values.
    starts: Vec<usize>,
}

impl Subtopics {
    /// From rows (query, item, subtopic) with queries below `queries`, in any order; a row that stands twice counts once.
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

    /// How many different subtopics `query` has.
    pub fn count(&self, query: usize) -> usize {
        let mut all: Vec<u32> = self.of(query).iter().map(|&(_, subtopic)| subtopic).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    /// Queries it is made for, m.
    pub fn queries(&self) -> usize {
        self.starts.len() - 1
    }

    /// Rows in all.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtopics_are_found_by_query() {
        let subtopics = Subtopics::new(4, vec![[2, 9, 1], [0, 5, 7], [2, 3, 1], [2, 9, 1], [2, 9, 0]]);
        assert_eq!(subtopics.of(0), [(5, 7)]);
        assert!(subtopics.of(1).is_empty() && subtopics.of(3).is_empty());
        assert_eq!(subtopics.of(2), [(3, 1), (9, 0), (9, 1)]);
        assert_eq!((subtopics.count(2), subtopics.count(1), subtopics.len()), (2, 0, 4));
    }

    #[test]
    fn a_subset_keeps_what_is_among_its_vectors() {
        let line: Vec<f32> = (0..6_u8).map(f32::from).collect();
        let (train, test) = (Vectors::new(&line, 1).expect("finite"), Vectors::new(&[0.0], 1).expect("finite"));
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
            train_names: Some((0..6).map(|i| format!("v{i}")).collect()),
            test_names: None,
        };
        whole.check().expect("valid");
        let part = whole.subset(&[2, 3, 5]);
        part.check().expect("valid");
        assert_eq!((part.neighbors.count, part.neighbors.ids.as_slice()), (3, &[0, 1, 2][..]));
        assert_eq!(part.neighbors.distances, [2.0, 3.0, 5.0]);
        let links = part.links.expect("links");
        assert_eq!((links.edges, links.relation), (vec![[0, 2], [2, 1]], vec![1, 0]));
        assert_eq!(part.subtopics.expect("subtopics").of(0), [(2, 8)]);
        assert_eq!(part.train_names.expect("names"), ["v2", "v3", "v5"]);
    }
}
