//! Pools that are listed in files: what another program found.

use super::{AnyCandidates, Index, downcast};
use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::nearest::Batch;
use crate::params::{Count, Positive, constant};
use crate::points::Points;
use crate::pool::Pool;
use crate::scratch::Scratch;
use crate::unfit::Unfit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The results of another program, from a TREC run: anybody's BM25, ColBERT or cross-encoder. Each line is
/// `topic Q0 document rank score tag`. Topics and documents are the ids of queries and base vectors; where the dataset has no ids,
/// their names or row numbers.
///
/// Documents are in the order of their scores, equal ones by their ids from the last to the first, as in trec_eval; the rank on a
/// line is not believed. A query's pool is the first of them. Its scores, scaled by query from 0 to 1 (1 where all are equal), are
/// what selectors read as relevance; of equal ones they take the lower row first, as in any pool. Distances and similarities are
/// measured as in any pool. An expansion scores all items anew, by measured relevance.
///
/// A document that the dataset does not have is left out and counted. A query without any document that it has is an error. Finding
/// the lists has no cost here, so such a retriever has no queries per second.
///
/// Source: Cormack, Clarke & Buettcher 2009, for `fuse: rrf`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// The run's file, seen from the folder of the experiment's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub file: Option<String>,
    /// Several files, whose lists become one, and the weight of each: `{ bm25.trec: 0.3, colbert.trec: 0.7 }`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, Positive>,
    /// Size of the pool. Shorter lists are taken whole.
    pub pool: Count,
    /// How the lists of `files` become one; `rrf`, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Fuse", extend("default" = "rrf"))]
    pub fuse: Option<Fuse>,
}

/// How several lists become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fuse {
    /// Reciprocal rank fusion: the sum of weight / (60 + rank) over the files that list a document. Ranks begin at 1.
    #[default]
    Rrf,
    /// The weighted sum of scores. Those of a file are scaled by query from 0 to 1 (1 where all are equal); a document that a file
    /// does not list has 0 there.
    Sum,
}

/// The lists of all queries: base vectors with finite scores, best first, each vector once. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Lists(Arc<[Vec<(u32, f64)>]>);

impl Default for Run {
    fn default() -> Self {
        Self { pool: constant!(Count, 100), file: None, files: BTreeMap::new(), fuse: None }
    }
}

impl Run {
    /// The files, each with its weight.
    pub fn files(&self) -> impl Iterator<Item = (&str, f64)> {
        let one = self.file.iter().map(|file| (file.as_str(), 1.0));
        one.chain(self.files.iter().map(|(file, weight)| (file.as_str(), weight.get())))
    }

    /// How the lists of several files become one; `None` if there is one file, whose scores stay.
    pub fn fused(&self) -> Option<Fuse> {
        (!self.files.is_empty()).then(|| self.fuse.unwrap_or_default())
    }
}

impl Lists {
    /// The lists of queries, in the order of queries.
    pub fn new(lists: impl IntoIterator<Item = Vec<(u32, f64)>>) -> Self {
        Self(lists.into_iter().collect())
    }

    /// The list of a query; empty if it has none.
    pub fn of(&self, query: usize) -> &[(u32, f64)] {
        self.0.get(query).map_or(&[], Vec::as_slice)
    }

    /// These lists as what [`Run`] searches. A query's row is its place among them.
    pub fn index(&self) -> Index {
        Index(Box::new(self.clone()))
    }
}

/// Lists are not built: [`Lists::index`] makes an index of what a file holds.
impl AnyCandidates for Run {
    fn pool(&self) -> usize {
        self.pool.size()
    }

    fn may_find_fewer(&self) -> bool {
        true
    }

    /// No parameters make lists longer.
    fn exhaustive(&self, pool: Count, _: usize) -> Box<dyn AnyCandidates> {
        Box::new(Self { pool, ..self.clone() })
    }

    fn build_key(&self) -> String {
        json!({ "file": self.file, "files": self.files, "fuse": self.fused() }).to_string()
    }

    /// No lists.
    fn build(&self, _: &Base) -> Index {
        Lists::default().index()
    }

    fn words(&self, _: &Index) -> Option<Vec<u32>> {
        None
    }

    fn restore(&self, _: &[u32], _: &Base) -> Option<Index> {
        None
    }

    /// 0: nothing is searched.
    fn bytes(&self, _: &Index, _: &Base) -> usize {
        0
    }

    fn decision(&self, _: &Index, _: &Base) -> Option<String> {
        None
    }

    fn estimate(&self, _: &BaseFacts) -> usize {
        0
    }

    fn copied(&self, _: &BaseFacts) -> usize {
        0
    }

    fn estimate_outside(&self, _: &BaseFacts) -> usize {
        0
    }

    fn check(&self, _: &BaseFacts) -> Result<(), Unfit> {
        match (&self.file, self.files.len(), self.fuse) {
            (None, 0, _) => Err(Unfit::new(
                "it names no file",
                "write `{ run: { file: bm25.trec } }`, or `{ run: { files: { bm25.trec: 1, colbert.trec: 1 } } }`",
            )),
            (Some(_), 1.., _) => {
                Err(Unfit::new("`file` and `files` are both given", "name all in `files`, each with its weight")
                    .of("files"))
            }
            (Some(_), 0, Some(_)) => {
                Err(Unfit::new("there is one file, and nothing to fuse", "leave `fuse` out, or name `files`")
                    .of("fuse"))
            }
            _ => Ok(()),
        }
    }

    fn search(
        &self,
        index: &Index,
        base: &Base,
        query: Query<'_>,
        scratch: &mut Scratch,
        _: &mut Vec<u32>,
        pool: &mut Pool,
    ) {
        let list = downcast::<Lists>(index).of(query.row);
        pool.fill_listed(base, query, &list[..list.len().min(self.pool.size())], scratch);
    }

    fn search_batch(&self, _: &Index, _: &Base, _: &Points, _: &mut Batch) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::CandidatesParams;
    use crate::{Distance, Vectors};

    /// Four vectors on a circle; the query is the first.
    fn found(run: &Run, lists: &Lists, row: usize, distance: Distance) -> (Pool, u64) {
        let base = Base::from_values(&[1.0, 0.0, 0.6, 0.8, 0.0, 1.0, -1.0, 0.0], 2, distance).expect("finite");
        let queries = Points::from(Vectors::new(&[1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 2).expect("finite"));
        let (mut scratch, mut pool) = (Scratch::default(), Pool::default());
        run.search(&lists.index(), &base, Query::row(&queries, row), &mut scratch, &mut Vec::new(), &mut pool);
        (pool, scratch.evaluations.get())
    }

    #[test]
    fn a_pool_has_the_scores_of_its_list_and_relevances_that_are_measured() {
        let lists = Lists::new([vec![(3, 12.0), (1, 9.0), (0, 2.0), (2, -8.0)], vec![(2, 5.0), (1, 5.0)]]);
        let all = Run { file: Some("x".to_owned()), ..Run::default() };
        for distance in [Distance::Angular, Distance::Euclidean, Distance::InnerProduct] {
            let (pool, evaluations) = found(&all, &lists, 0, distance);
            let listed: Vec<_> = pool.items.iter().map(|item| (item.id, item.score)).collect();
            assert_eq!(listed, [(3, 1.0), (1, 0.85), (0, 0.5), (2, 0.0)], "{distance}");
            assert_eq!(evaluations, 0);
            // The same distances, relevances and width as in a pool of all that is searched.
            let base = Base::from_values(&[1.0, 0.0, 0.6, 0.8, 0.0, 1.0, -1.0, 0.0], 2, distance).expect("finite");
            let mut searched = Pool::default();
            searched.fill(&base, base.query(0), 0..4, 4, &Scratch::default());
            assert_eq!((pool.sigma, pool.range), (searched.sigma, searched.range));
            for item in &searched.items {
                let same = pool.items.iter().find(|other| other.id == item.id).expect("listed");
                assert_eq!((same.distance, same.rel), (item.distance, item.rel), "{distance}");
            }
        }
        // The scale is that of the pool, not of the whole list.
        let two = Run { pool: constant!(Count, 2), ..all.clone() };
        let (pool, _) = found(&two, &lists, 0, Distance::Angular);
        assert_eq!(pool.items.iter().map(|item| (item.id, item.score)).collect::<Vec<_>>(), [(3, 1.0), (1, 0.0)]);
        let (equal, _) = found(&all, &lists, 1, Distance::Angular);
        assert_eq!(equal.items.iter().map(|item| (item.id, item.score)).collect::<Vec<_>>(), [(1, 1.0), (2, 1.0)]);
        assert!(found(&all, &lists, 2, Distance::Angular).0.items.is_empty(), "no list");
    }

    #[test]
    fn parameters_that_name_no_file_or_too_much_are_refused() {
        let facts = BaseFacts::of(&Base::from_values(&[1.0], 1, Distance::Euclidean).expect("finite"));
        let read = |text: &str| serde_json::from_str::<CandidatesParams>(text).expect("read");
        let refused = |text: &str| read(text).check(&facts).expect_err("refused");
        assert!(refused(r#"{ "run": {} }"#).message.contains("names no file"));
        assert_eq!(refused(r#"{ "run": { "file": "a", "files": { "b": 1 } } }"#).parameter, Some("files"));
        assert_eq!(refused(r#"{ "run": { "file": "a", "fuse": "sum" } }"#).parameter, Some("fuse"));
        let fused = read(r#"{ "run": { "files": { "a": 1, "b": 0.5 } } }"#);
        assert_eq!(fused.check(&facts), Ok(()));
        let run = fused.listed().expect("listed");
        assert_eq!((run.files().collect::<Vec<_>>(), run.fused()), (vec![("a", 1.0), ("b", 0.5)], Some(Fuse::Rrf)));
        // Pools of several sizes are of the same lists; other files or another fusion are others.
        let key = |text: &str| read(text).build_key();
        let one = key(r#"{ "run": { "file": "a" } }"#);
        assert_eq!(one, key(r#"{ "run": { "file": "a", "pool": 7 } }"#));
        assert_ne!(one, key(r#"{ "run": { "files": { "a": 1 } } }"#));
        assert_eq!(fused.build_key(), key(r#"{ "run": { "files": { "a": 1, "b": 0.5 }, "fuse": "rrf" } }"#));
        assert_ne!(fused.build_key(), key(r#"{ "run": { "files": { "a": 1, "b": 0.5 }, "fuse": "sum" } }"#));
    }
}
