//! Candidates: the stage that finds a pool of base vectors near the query.
//!
//! To add an index: one file here with its parameters' type implementing [`Candidates`], and one line in the
//! registry below.

mod exact;
mod external;
mod hnsw;
mod inverted;
pub(crate) mod ivf;
mod proximity_graph;
mod run;
#[cfg(test)]
pub(crate) mod samples;
mod vamana;

pub use exact::Exact;
pub use external::External;
pub use hnsw::Hnsw;
pub use inverted::Inverted;
pub use ivf::Ivf;
pub use run::{Fuse, Lists, Run};
pub use vamana::Vamana;

use crate::base::{Base, Query};
use crate::base_facts::BaseFacts;
use crate::external::Found;
use crate::nearest::Batch;
use crate::params::Count;
use crate::points::Points;
use crate::pool::Pool;
use crate::registry;
use crate::scratch::Scratch;
use crate::unfit::Unfit;
use serde::Serialize;
use std::any::Any;

/// A way to find a pool. Implemented by the type of its parameters.
pub trait Candidates: Sized + Send + Sync + 'static {
    /// The parameters that shape the index: trials that agree on them share one.
    type Build: Serialize;
    /// What is built.
    type Index: Send + Sync + 'static;

    /// How many base vectors to find.
    fn pool(&self) -> usize;

    /// Whether a pool may hold fewer than [`Candidates::pool`] vectors though there are more.
    fn may_find_fewer(&self) -> bool {
        false
    }

    /// Parameters of the same index that ask for everything: with them a search among `rows` base vectors finds the `pool`
    /// nearest exactly.
    #[must_use]
    fn exhaustive(&self, pool: Count, rows: usize) -> Self;

    /// The part of the parameters that shapes the index.
    fn build_part(&self) -> Self::Build;

    /// Builds the index, with the threads of the current rayon pool.
    fn build(part: &Self::Build, base: &Base) -> Self::Index;

    /// The costly part of an index as words, from which [`Candidates::restore`] makes the same index; `None` if
    /// building takes no longer than reading.
    fn words(_: &Self::Index) -> Option<Vec<u32>> {
        None
    }

    /// The index with these [words](Candidates::words) over the same base vectors; `None` if no index of `base` has
    /// such words.
    fn restore(_: &[u32], _: &Base) -> Option<Self::Index> {
        None
    }

    /// Bytes the index needs to answer queries, the vectors included, computed from sizes.
    fn bytes(index: &Self::Index, base: &Base) -> usize;

    /// What building decided by the data, in words for the reader of a report; `None` where there was no choice.
    fn decision(_: &Self::Index, _: &Base) -> Option<String> {
        None
    }

    /// Bytes that such an index over such base points will need beside the points. An estimate.
    fn estimate(&self, facts: &BaseFacts) -> usize;

    /// Bytes of the estimate that are put where [copies](Base::with_copies_in) are: a copy of all points, or codes of them.
    fn copied(&self, _: &BaseFacts) -> usize {
        0
    }

    /// The same where a base [keeps copies outside the heap](Base::copies_are_outside).
    fn estimate_outside(&self, facts: &BaseFacts) -> usize {
        self.estimate(facts).saturating_sub(self.copied(facts))
    }

    /// Checks what a type cannot: whether the parameters go together, and whether the index fits such base points.
    ///
    /// # Errors
    /// The first problem.
    fn check(&self, _: &BaseFacts) -> Result<(), Unfit> {
        Ok(())
    }

    /// Finds at least [`Candidates::pool`] ids, each once, if there are that many (see [`Candidates::may_find_fewer`]).
    /// The pool keeps the nearest of them, measured exactly. One thread, one query; counts its similarity evaluations.
    fn search(&self, index: &Self::Index, base: &Base, query: Query<'_>, scratch: &mut Scratch, found: &mut Vec<u32>);

    /// Fills the batch with the pools of many queries at once, and with the evaluations that [`Candidates::search`] counts for
    /// each, with the threads of the current rayon pool. Returns `false` and does nothing if searching one by one is as good.
    fn search_batch(&self, _: &Self::Index, _: &Base, _: &Points, _: &mut Batch) -> bool {
        false
    }
}

/// An index of any kind.
pub struct Index(Box<dyn Any + Send + Sync>);

impl Found {
    /// What [`External`] searches. A query's row is its place in the order of queries.
    pub fn index(&self) -> Index {
        Index(Box::new(self.clone()))
    }
}

/// [`Candidates`] without its associated types.
pub trait AnyCandidates: Send + Sync {
    /// How many base vectors to find.
    fn pool(&self) -> usize;
    /// See [`Candidates::may_find_fewer`].
    fn may_find_fewer(&self) -> bool;
    /// See [`Candidates::exhaustive`].
    fn exhaustive(&self, pool: Count, rows: usize) -> Box<dyn AnyCandidates>;
    /// The build part of the parameters as canonical text.
    fn build_key(&self) -> String;
    /// Builds the index.
    fn build(&self, base: &Base) -> Index;
    /// See [`Candidates::words`].
    fn words(&self, index: &Index) -> Option<Vec<u32>>;
    /// See [`Candidates::restore`].
    fn restore(&self, words: &[u32], base: &Base) -> Option<Index>;
    /// Bytes of an index that these parameters built.
    fn bytes(&self, index: &Index, base: &Base) -> usize;
    /// See [`Candidates::decision`].
    fn decision(&self, index: &Index, base: &Base) -> Option<String>;
    /// Bytes that such an index will need, see [`Candidates::estimate`].
    fn estimate(&self, facts: &BaseFacts) -> usize;
    /// See [`Candidates::copied`].
    fn copied(&self, facts: &BaseFacts) -> usize;
    /// See [`Candidates::estimate_outside`].
    fn estimate_outside(&self, facts: &BaseFacts) -> usize;
    /// See [`Candidates::check`].
    ///
    /// # Errors
    /// The first problem.
    fn check(&self, facts: &BaseFacts) -> Result<(), Unfit>;
    /// Fills the pool for one query.
    fn search(
        &self,
        index: &Index,
        base: &Base,
        query: Query<'_>,
        scratch: &mut Scratch,
        found: &mut Vec<u32>,
        pool: &mut Pool,
    );
    /// The pools of many queries, see [`Candidates::search_batch`].
    fn search_batch(&self, index: &Index, base: &Base, queries: &Points, batch: &mut Batch) -> bool;
}

impl<C: Candidates> AnyCandidates for C {
    fn pool(&self) -> usize {
        Candidates::pool(self)
    }

    fn may_find_fewer(&self) -> bool {
        Candidates::may_find_fewer(self)
    }

    fn exhaustive(&self, pool: Count, rows: usize) -> Box<dyn AnyCandidates> {
        Box::new(Candidates::exhaustive(self, pool, rows))
    }

    fn build_key(&self) -> String {
        let part = serde_json::to_string(&self.build_part()).unwrap_or_default();
        format!("{} {part}", std::any::type_name::<C>())
    }

    fn build(&self, base: &Base) -> Index {
        Index(Box::new(C::build(&self.build_part(), base)))
    }

    fn words(&self, index: &Index) -> Option<Vec<u32>> {
        C::words(downcast::<C::Index>(index))
    }

    fn restore(&self, words: &[u32], base: &Base) -> Option<Index> {
        C::restore(words, base).map(|index| Index(Box::new(index)))
    }

    fn estimate(&self, facts: &BaseFacts) -> usize {
        Candidates::estimate(self, facts)
    }

    fn copied(&self, facts: &BaseFacts) -> usize {
        Candidates::copied(self, facts)
    }

    fn estimate_outside(&self, facts: &BaseFacts) -> usize {
        Candidates::estimate_outside(self, facts)
    }

    fn check(&self, facts: &BaseFacts) -> Result<(), Unfit> {
        Candidates::check(self, facts)
    }

    fn bytes(&self, index: &Index, base: &Base) -> usize {
        C::bytes(downcast::<C::Index>(index), base)
    }

    fn decision(&self, index: &Index, base: &Base) -> Option<String> {
        C::decision(downcast::<C::Index>(index), base)
    }

    fn search(
        &self,
        index: &Index,
        base: &Base,
        query: Query<'_>,
        scratch: &mut Scratch,
        found: &mut Vec<u32>,
        pool: &mut Pool,
    ) {
        Candidates::search(self, downcast::<C::Index>(index), base, query, scratch, found);
        pool.fill(base, query, found.iter().copied(), Candidates::pool(self), scratch);
    }

    fn search_batch(&self, index: &Index, base: &Base, queries: &Points, batch: &mut Batch) -> bool {
        Candidates::search_batch(self, downcast::<C::Index>(index), base, queries, batch)
    }
}

/// The index as its own type.
///
/// # Panics
/// If another kind of candidates built it: a bug of the caller, since `build_key` identifies indexes.
fn downcast<I: 'static>(index: &Index) -> &I {
    match index.0.downcast_ref() {
        Some(index) => index,
        None => panic!("an index was given to another kind of candidates than built it"),
    }
}

registry! {
    /// Candidates by name.
    CandidatesParams: AnyCandidates {
        "exact" => Exact,
        "hnsw" => Hnsw,
        "inverted" => Inverted,
        "ivf-flat" => Ivf,
        "run" => Run,
        "vamana" => Vamana,
        "external" => External,
    }
}

impl CandidatesParams {
    /// The files whose lists these candidates are; `None` if they search.
    pub fn listed(&self) -> Option<&Run> {
        if let Self::Run(run) = self { Some(run) } else { None }
    }

    /// The program outside that finds these candidates; `None` if swath does.
    pub fn external(&self) -> Option<&External> {
        if let Self::External(external) = self { Some(external) } else { None }
    }
}

impl Default for CandidatesParams {
    fn default() -> Self {
        Self::Exact(Exact::default())
    }
}

/// Words that are read one after another.
struct Words<'w>(&'w [u32]);

impl<'w> Words<'w> {
    /// The next `count` words; `None` if fewer are left.
    fn take(&mut self, count: usize) -> Option<&'w [u32]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next one, as a count.
    fn count(&mut self) -> Option<usize> {
        self.take(1).map(|word| word[0] as usize)
    }
}

/// The offset at which each of these consecutive lists begins, and the end of the last.
fn offsets(lengths: &[u32]) -> impl Iterator<Item = usize> {
    let ends = lengths.iter().scan(0, |end, &length| {
        *end += length as usize;
        Some(*end)
    });
    std::iter::once(0).chain(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use samples::{Sample, pairs};

    /// Every index that has words comes back from them: it finds the same in as many evaluations, and has the same words.
    /// Words that are cut, too long, or of another base are refused.
    #[test]
    fn an_index_comes_back_from_its_words() {
        let mut with_words = Vec::new();
        for (kind, distance) in pairs() {
            let base = |rows| Sample { rows, centres: 9, dim: 8 }.base(kind, distance, "base");
            let (whole, part, none) = (base(400), base(399), base(0));
            for candidates in CandidatesParams::all() {
                if candidates.check(&BaseFacts::of(&whole)).is_err() {
                    continue;
                }
                let index = candidates.build(&whole);
                let Some(words) = candidates.words(&index) else { continue };
                with_words.push((candidates.name(), kind, distance));
                let back = candidates.restore(&words, &whole).expect("its own words");
                assert_eq!(candidates.words(&back), Some(words.clone()));
                assert_eq!(candidates.bytes(&back, &whole), candidates.bytes(&index, &whole));
                let find = |index: &Index, query: usize| {
                    let (mut scratch, mut found, mut pool) = (Scratch::default(), Vec::new(), Pool::default());
                    candidates.search(index, &whole, whole.query(query), &mut scratch, &mut found, &mut pool);
                    (pool, scratch.evaluations.get())
                };
                (0..50).for_each(|query| assert_eq!(find(&back, query), find(&index, query), "{}", candidates.name()));
                for length in 0..words.len() {
                    assert!(candidates.restore(&words[..length], &whole).is_none(), "cut at {length}");
                }
                assert!(candidates.restore(&[words.as_slice(), &[0]].concat(), &whole).is_none(), "too long");
                assert!(candidates.restore(&words, &part).is_none(), "another base");
                let empty = candidates.words(&candidates.build(&none)).expect("words");
                assert!(candidates.restore(&empty, &none).is_some());
            }
        }
        let all =
            |(kind, distance)| [("hnsw", kind, distance), ("ivf-flat", kind, distance), ("vamana", kind, distance)];
        assert_eq!(with_words, pairs().into_iter().flat_map(all).collect::<Vec<_>>());
    }

    /// An index is hardly larger than estimated. A graph is smaller: an estimate has what exists while it is built, too.
    #[test]
    fn estimates_are_of_the_size_that_an_index_has() {
        for (kind, distance) in pairs() {
            let base = Sample { rows: 1100, centres: 9, dim: 24 }.base(kind, distance, "base");
            let facts = BaseFacts::of(&base);
            for candidates in CandidatesParams::all().into_iter().filter(|candidates| candidates.check(&facts).is_ok())
            {
                let needed = candidates.bytes(&candidates.build(&base), &base) - base.bytes();
                let estimate = candidates.estimate(&facts);
                let (name, most) = (candidates.name(), 6);
                // The rows that are medoids may be longer than the mean.
                assert!(
                    estimate as f64 >= 0.95 * needed as f64,
                    "{name}, {kind}, {distance}: {needed} bytes, estimated {estimate}"
                );
                assert!(estimate <= most * needed, "{name}, {kind}, {distance}: {needed} bytes, estimated {estimate}");
            }
        }
    }
}
