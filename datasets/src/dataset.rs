//! A dataset in memory, checked.

use swath_algorithms::{Distance, Vectors};

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
}
