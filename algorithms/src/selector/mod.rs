//! Selectors: the stage that picks k of the pool, in order.
//!
//! To add one: one file here with its parameters' type implementing [`Selector`], and one line in the registry
//! below.

mod cluster;
mod dartboard;
mod dpp;
pub mod engine;
mod external;
mod facility_location;
mod flvmi;
mod graph_cut;
mod grasshopper;
mod group_limit;
mod max_min;
mod max_sum;
mod mmr;
mod pm2;
mod random;
mod saturated_coverage;
mod semantic_compression;
mod ssd;
mod sum_vector;
mod threshold;
mod top_k;
mod vendi;
mod xquad;

pub use cluster::{Cluster, Method};
pub use dartboard::Dartboard;
pub use dpp::{Dpp, Quality};
pub use engine::aspects::AspectSource;
pub use engine::exact::SetFunction;
pub use engine::greedy::{Optimizer, Stochastic};
pub use engine::spread::Spread;
pub use engine::weights::Weights;
pub use external::External;
pub use facility_location::FacilityLocation;
pub use flvmi::Flvmi;
pub use graph_cut::GraphCut;
pub use grasshopper::Grasshopper;
pub use group_limit::GroupLimit;
pub use max_min::MaxMin;
pub use max_sum::{MaxSum, PairWeight, RelevanceGain, SumOptimizer};
pub use mmr::{Mmr, Redundancy};
pub use pm2::Pm2;
pub use random::Random;
pub use saturated_coverage::SaturatedCoverage;
pub use semantic_compression::{DiversityTerm, SemanticCompression};
pub use ssd::Ssd;
pub use sum_vector::SumVector;
pub use threshold::Threshold;
pub use top_k::TopK;
pub use vendi::Vendi;
pub use xquad::Xquad;

use crate::base::{Base, Query};
use crate::distance::Distance;
use crate::groups::Groups;
use crate::points::{Line, PointType};
use crate::pool::Pool;
use crate::registry;
use crate::scratch::Scratch;
use crate::unfit::Unfit;

/// A query for a selector to answer.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The base points.
    pub base: &'a Base,
    /// The query.
    pub query: Query<'a>,
    /// What to pick from, in the order of [`Item::best_first`](crate::Item::best_first).
    pub pool: &'a Pool,
    /// Number of items to pick.
    pub k: usize,
    /// The subtopics of the query that base points cover: pairs (id, subtopic), ascending, each once. Only oracles may
    /// look at them.
    pub subtopics: &'a [(u32, u32)],
    /// Sub-queries of the query: rows of the base's dimension one after another, each filled up to whole lines as those of
    /// [`Vectors`](crate::Vectors) are (see [`Vectors::block`](crate::Vectors::block)). None if the dataset has none.
    pub aspects: &'a [Line],
    /// What base points belong to: the kinds of groups that the dataset has, each with a group for every base point.
    pub groups: &'a [Groups],
    /// Ids that a program outside swath picked for this query, in its order. Empty unless there is one.
    pub picked_outside: &'a [u32],
    /// Seed of the experiment.
    pub seed: u64,
    /// Number of the query: with the seed and a purpose it names the stream of a random choice.
    pub query_id: u64,
}

impl Request<'_> {
    /// Number of items that will be picked: `min(k, m)`.
    pub fn count(&self) -> usize {
        self.k.min(self.pool.items.len())
    }

    /// The relevance of the item at `position`, as selectors read it.
    #[inline]
    pub fn score(&self, position: usize) -> f64 {
        self.pool.items[position].score
    }
}

/// What a selector must know of a dataset to check whether it can work there.
#[derive(Clone, Copy, Debug)]
pub struct SelectorSetting<'a> {
    /// How far apart points are.
    pub distance: Distance,
    /// The type of its points: for ip, dense or sparse vectors.
    pub kind: PointType,
    /// Whether queries have subtopics.
    pub subtopics: bool,
    /// Whether queries have sub-queries.
    pub aspects: bool,
    /// The most items that a pool may have, if that is known.
    pub pool: Option<usize>,
    /// The kinds of groups that base points belong to, by name.
    pub groups: &'a [String],
    /// Whether the caller runs programs, and hands in what they pick.
    pub programs: bool,
}

impl SelectorSetting<'_> {
    /// The setting of a selector that is a parameter of another one.
    #[must_use]
    pub fn of_within(&self) -> Self {
        Self { programs: false, ..*self }
    }
}

/// A way to pick k of a pool. Implemented by the type of its parameters.
pub trait Selector: Send + Sync {
    /// Puts the positions in the pool of `min(k, m)` different items into `picked`, in the order of picking.
    ///
    /// One thread, one query; relevance is an item's `score`. Of equals the one that stands first in the pool is
    /// picked: that with the higher score, then the lower id. Random choices draw positions in the pool. So no choice
    /// depends on how base points are numbered, except between items of equal score.
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>);

    /// Checks what a type cannot: whether the parameters go together, and fit the dataset.
    ///
    /// # Errors
    /// The first problem.
    fn check(&self, _: &SelectorSetting<'_>) -> Result<(), Unfit> {
        Ok(())
    }

    /// What it maximises; `None` if that is no function of a set, or the pool has more than
    /// [`LARGEST_POOL`](engine::exact::LARGEST_POOL) items.
    fn objective<'s>(&self, _: &Request<'s>, _: &'s Scratch) -> Option<SetFunction<'s>> {
        None
    }

    /// Whether it looks at the query's subtopics. Such an oracle bounds what other selectors can reach, and does not
    /// compete.
    fn is_oracle(&self) -> bool {
        false
    }

    /// Whether it looks at the query's point, beside the scores.
    fn needs_query(&self) -> bool {
        false
    }
}

registry! {
    /// Selectors by name.
    SelectorParams: Selector {
        "top-k" => TopK,
        "mmr" => Mmr,
        "facility-location" => FacilityLocation,
        "semantic-compression" => SemanticCompression,
        "max-sum" => MaxSum,
        "max-min" => MaxMin,
        "dpp" => Dpp,
        "graph-cut" => GraphCut,
        "saturated-coverage" => SaturatedCoverage,
        "flvmi" => Flvmi,
        "ssd" => Ssd,
        "cluster" => Cluster,
        "random" => Random,
        "xquad" => Xquad,
        "pm2" => Pm2,
        "group-limit" => GroupLimit,
        "threshold" => Threshold,
        "sum-vector" => SumVector,
        "dartboard" => Dartboard,
        "vendi" => Vendi,
        "grasshopper" => Grasshopper,
        "external" => External,
    }
}

impl SelectorParams {
    /// The program outside that picks; `None` if swath does.
    pub fn external(&self) -> Option<&External> {
        if let Self::External(external) = self { Some(external) } else { None }
    }
}
