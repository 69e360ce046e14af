//! Metrics: a number per query, computed outside all timing from what was returned.
//!
//! To add one: its type in the file of its family, implementing [`Metric`], and one line in the registry below.

mod answer;
mod coverage;
mod diversity;
mod effort;
mod groups;
mod judged;
mod name;
mod precision;
mod recall;
mod redundancy;
mod relevance;
mod spectrum;
mod subtopics;
pub mod truth;

pub use answer::{Answer, AnsweredQuery, Seen};
pub use name::{MetricName, number_text};
pub use recall::{Within, is_coarse};

use coverage::{BallCoverage, Coverage};
use diversity::{Diversity, Ilad, MinDistance, Mst};
use effort::{Evaluations, ObjectiveRatio, OptimumRatio};
use groups::{Groups, LargestGroup};
use judged::{Hit, Mrr, NdcgQrels, needs_qrels};
use precision::{Judged, Map, Precision, RPrecision, RecallQrels};
use recall::{PoolRecall, Recall, RecallEps};
use redundancy::{Duplicates, MaxRedundancy, Redundancy};
use relevance::{Ndcg, Relevance, SumCosine};
use spectrum::{LogVolume, SpectralEntropy, Vendi};
use subtopics::{AllSubtopics, AlphaNdcg, ErrIa, MapIa, Nrbp, PIa, SubtopicRecall, needs_subtopics};
use swath_algorithms::params::OutOfRange;
use swath_algorithms::points::PointType;
use swath_algorithms::{Distance, KernelChoice, Unfit, registry};

registry! {
    /// Metrics by name, in the order of tables.
    MetricParams: Metric {
        "recall" => Recall,
        "recall-eps" => RecallEps,
        "pool-recall" => PoolRecall,
        "relevance" => Relevance,
        "ndcg" => Ndcg,
        "coverage" => Coverage,
        "ball-coverage" => BallCoverage,
        "redundancy" => Redundancy,
        "max-redundancy" => MaxRedundancy,
        "duplicates" => Duplicates,
        "diversity" => Diversity,
        "min-distance" => MinDistance,
        "mst" => Mst,
        "vendi" => Vendi,
        "log-volume" => LogVolume,
        "spectral-entropy" => SpectralEntropy,
        "subtopic-recall" => SubtopicRecall,
        "alpha-ndcg" => AlphaNdcg,
        "err-ia" => ErrIa,
        "hit" => Hit,
        "mrr" => Mrr,
        "ndcg-qrels" => NdcgQrels,
        "recall-qrels" => RecallQrels,
        "precision" => Precision,
        "map" => Map,
        "r-precision" => RPrecision,
        "judged" => Judged,
        "evaluations" => Evaluations,
        "objective-ratio" => ObjectiveRatio,
        "optimum-ratio" => OptimumRatio,
        "groups" => Groups,
        "largest-group" => LargestGroup,
        "all-subtopics" => AllSubtopics,
        "nrbp" => Nrbp,
        "p-ia" => PIa,
        "map-ia" => MapIa,
        "ilad" => Ilad,
        "sum-cosine" => SumCosine,
    }
}

/// What a metric is about. Pages and tables treat the metrics of a family alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The true neighbours that were found.
    Recall,
    /// Similarity to the query.
    Relevance,
    /// How much of the neighbourhood the results stand for.
    Coverage,
    /// How much the results repeat each other.
    Redundancy,
    /// How far apart the results are.
    Diversity,
    /// Eigenvalues of the results' similarities.
    Spectrum,
    /// The query's subtopics that the results cover.
    Subtopics,
    /// Relevance as people judged it.
    Judged,
    /// The groups that the results belong to.
    Groups,
    /// What an answer took.
    Cost,
    /// The value of an objective that a selector maximises.
    Objective,
}

impl Family {
    /// Checks that the dataset has what all metrics of the family need.
    ///
    /// # Errors
    /// What it lacks, and what can be done.
    fn possible(self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        match self {
            Self::Subtopics => needs_subtopics(setting),
            Self::Judged => needs_qrels(setting),
            _ => Ok(()),
        }
    }
}

/// When a metric is measured although the experiment names no metrics, as far as the dataset supports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usual {
    /// On any dataset.
    Always,
    /// On a dataset with judgements of relevance.
    WithQrels,
    /// On a dataset with subtopics.
    WithSubtopics,
    /// On a dataset with groups of base vectors.
    WithGroups,
    /// Only where the experiment names it.
    Never,
}

/// What a reader must know of a metric.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// What it is, in one sentence.
    pub definition: &'static str,
    /// What a higher value means more of, as in "3 % more repetition".
    pub plain: &'static str,
    /// The values it can take.
    pub range: &'static str,
    /// Whether larger values are better.
    pub higher_is_better: bool,
    /// Where the definition comes from.
    pub source: &'static str,
    /// What it is about.
    pub family: Family,
    /// When it is measured although no metrics are named.
    pub usual: Usual,
    /// Its rank among the metrics that may speak for an experiment, from 1; `None` if it may not.
    pub headline: Option<u8>,
}

/// A number per query. Implemented by the type of its parameters.
pub trait Metric: Send + Sync {
    /// What it is.
    fn about(&self) -> About;

    /// The same on data of that distance: it names only what these have.
    fn about_on(&self, _: Distance) -> About {
        self.about()
    }

    /// Whether its values are in the unit of the dataset's vectors, so that means over several datasets say nothing.
    fn has_unit_on(&self, _: Distance) -> bool {
        false
    }

    /// Whether it judges a list of results, so that it can be computed for the first few alone.
    fn takes_cut(&self) -> bool {
        true
    }

    /// Whether it looks at the stages that led to the list, so that it cannot be computed for imported results.
    fn looks_inside(&self) -> bool {
        false
    }

    /// Whether its value depends on the size of the pool, so that trials with pools of different sizes cannot be
    /// compared.
    fn depends_on_pool(&self) -> bool {
        false
    }

    /// The smallest and the largest value that it can have for `k` results, up to rounding. A stored value outside was
    /// not measured.
    fn bounds(&self, _k: usize) -> (f64, f64) {
        (0.0, 1.0)
    }

    /// The largest distance of a result that counts as found, if the last true neighbour asked for is at `distance`;
    /// `None` for a metric that is no share of results within a distance. Such a share can be recomputed from stored
    /// distances.
    fn reach(&self, _distance: f64) -> Option<f64> {
        None
    }

    /// The kernel that it is computed with, if it takes one.
    fn kernel(&self) -> KernelChoice {
        KernelChoice::DEFAULT
    }

    /// Checks whether it can be computed in such a setting, as far as that does not follow from [`Metric::kernel`]. By default
    /// it needs what its family needs.
    ///
    /// # Errors
    /// Why it cannot, and what can be done.
    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        self.about().family.possible(setting)
    }

    /// Its value for one query; `None` if it is not defined for this query.
    fn value(&self, answer: &Answer<'_>) -> Option<f64>;
}

/// What decides whether a metric can be computed: sizes, and what the dataset has.
#[derive(Clone, Copy, Debug)]
pub struct MetricSetting<'a> {
    /// Items returned, or the cut.
    pub k: usize,
    /// The largest pool of the experiment's candidates.
    pub largest_pool: usize,
    /// True neighbours stored for each query.
    pub stored_neighbors: usize,
    /// Whether the dataset has subtopics.
    pub subtopics: bool,
    /// Whether the dataset has judgements of relevance.
    pub qrels: bool,
    /// The kinds of groups that its base vectors belong to, by name.
    pub groups: &'a [String],
    /// The type of its points.
    pub kind: PointType,
}

/// A default of a parameter, which must be in range.
fn default_number<T>(number: Result<T, OutOfRange>) -> T {
    match number {
        Ok(number) => number,
        Err(error) => unreachable!("a default outside its own range: {error}"),
    }
}

/// The sum of gains, each divided by log2(1 + rank).
fn discounted(gains: impl IntoIterator<Item = f64>) -> f64 {
    gains.into_iter().enumerate().map(|(i, gain)| gain / ((i + 2) as f64).log2()).sum()
}

/// The mean over all pairs of `items` of a symmetric `value`; `None` if there is no pair.
fn mean_over_pairs(items: usize, value: impl Fn(usize, usize) -> f64) -> Option<f64> {
    let pairs = items * items.saturating_sub(1) / 2;
    let total: f64 = (0..items).flat_map(|i| (i + 1..items).map(move |j| (i, j))).map(|(i, j)| value(i, j)).sum();
    (pairs > 0).then(|| total / pairs as f64)
}

/// Checks that there are two results, which a metric over pairs needs.
fn needs_pairs(setting: &MetricSetting<'_>) -> Result<(), Unfit> {
    if setting.k >= 2 {
        return Ok(());
    }
    Err(Unfit::new("one result makes no pair", "use a k of at least 2, or leave it out"))
}

/// Checks that the points are vectors, which have directions. `instead` says what may serve for others.
fn needs_directions(setting: &MetricSetting<'_>, instead: &str) -> Result<(), Unfit> {
    let points = match setting.kind {
        PointType::Dense | PointType::Sparse => return Ok(()),
        PointType::Bits => "bits",
        PointType::Sets => "sets",
    };
    Err(Unfit::new(
        format!("it compares directions, and {points} have none"),
        format!("leave it out, or use {instead}"),
    ))
}

/// Checks that at least `wanted` true neighbours are stored.
fn needs_neighbors(setting: &MetricSetting<'_>, wanted: usize, what: &str) -> Result<(), Unfit> {
    if wanted <= setting.stored_neighbors {
        return Ok(());
    }
    let stored = setting.stored_neighbors;
    Err(Unfit::new(
        format!("it compares with the {wanted} true nearest neighbours, but the dataset stores {stored}"),
        format!("use {what} of at most {stored}, or leave it out"),
    ))
}

#[cfg(test)]
mod tests;
