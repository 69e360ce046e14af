//! The cost of an answer, and how much of the possible objective it reached.

use super::{About, Answer, Family, Metric, MetricSetting, Usual};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::kernel::{Kernel, median};
use swath_algorithms::points::Measure;
use swath_algorithms::selector::engine::exact::LARGEST_POOL;
use swath_algorithms::selector::{FacilityLocation, Request, Selector as _};
use swath_algorithms::{Distance, Item, KernelChoice, Scratch, Unfit};

/// Which stages are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// All three.
    #[default]
    All,
    /// Finding the pool.
    Candidates,
    /// Walking the graph.
    Expand,
    /// Picking from the pool.
    Select,
}

/// Similarity evaluations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Evaluations {
    /// Which stages are counted.
    pub stage: Stage,
}

impl Metric for Evaluations {
    fn about(&self) -> About {
        About {
            plain: "similarity evaluations",
            definition: "similarity evaluations spent on the query: a cost that no noise touches",
            range: "from 0",
            higher_is_better: false,
            source: "by definition",
            family: Family::Cost,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn takes_cut(&self) -> bool {
        false
    }

    fn looks_inside(&self) -> bool {
        true
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        (0.0, f64::INFINITY)
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let [candidates, expand, select] = answer.asked().evaluations?;
        let count = match self.stage {
            Stage::All => candidates + expand + select,
            Stage::Candidates => candidates,
            Stage::Expand => expand,
            Stage::Select => select,
        };
        Some(count as f64)
    }
}

/// Facility location's objective against exact greedy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectiveRatio {
    /// The similarity, never negative; left out, `cosine` on angular data and for ip, `rbf` on euclidean, `match` for bits,
    /// `jaccard` for sets.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Metric for ObjectiveRatio {
    fn about(&self) -> About {
        About {
            plain: "of the objective",
            definition: "facility location's objective over the pool that the results were picked from, over what its exact \
                         greedy reaches there with as many: 1 for facility location itself, and what a stochastic optimizer \
                         or another selector loses",
            range: "0 to 1 (a little more where greedy is not best)",
            higher_is_better: true,
            source: "Nemhauser, Wolsey & Fisher 1978",
            family: Family::Objective,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn looks_inside(&self) -> bool {
        true
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        self.kernel.check_nonnegative(setting.kind, "facility location needs one that cannot")
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        // Greedy reaches at least 1 - 1/e of the best value.
        (0.0, 1.6)
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let asked = answer.asked();
        let (base, query, pool) = (asked.base, asked.query, asked.pool);
        let kernel = answer.kernel_or_coverage(self.kernel);
        let sigma = match base.distance() {
            Distance::Euclidean => pool.sigma,
            _ if kernel == Kernel::Rbf => {
                let distance = |item: &Item| base.measure_by(Measure::SquaredDistance, query, item.id).sqrt();
                median(&mut pool.items.iter().map(distance).collect::<Vec<_>>())
            }
            _ => 0.0,
        };
        let covered = |ids: &[u32]| -> f64 {
            let best = |v: u32| ids.iter().map(|&r| kernel.between(base, r, v, sigma)).fold(0.0, f64::max);
            pool.items.iter().map(|item| best(item.id)).sum()
        };
        let request = Request {
            base,
            query,
            pool,
            k: answer.k(),
            subtopics: &[],
            aspects: &[],
            groups: &[],
            picked_outside: &[],
            seed: 0,
            query_id: 0,
        };
        let mut picked = Vec::new();
        let greedy = FacilityLocation { kernel: kernel.into(), ..FacilityLocation::default() };
        greedy.select(&request, &Scratch::default(), &mut picked);
        let ids: Vec<u32> = picked.iter().map(|&position| pool.items[position].id).collect();
        let possible = covered(&ids);
        (possible > 0.0).then(|| covered(answer.returned()) / possible)
    }
}

/// A selector's own objective against the best set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OptimumRatio {}

impl Metric for OptimumRatio {
    fn about(&self) -> About {
        About {
            plain: "of the best objective",
            definition: "the selector's own objective over the largest that any set of as many items of the pool has, found by \
                         branch and bound: how far its greedy choice is from the best; of a determinant its k-th root. Only for \
                         `facility-location`, `semantic-compression`, `max-sum`, `max-min`, `dpp`, `graph-cut`, \
                         `saturated-coverage` and `flvmi`, and pools of at most 25",
            range: "0 to 1",
            higher_is_better: true,
            source: "by definition",
            family: Family::Objective,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn takes_cut(&self) -> bool {
        false
    }

    fn looks_inside(&self) -> bool {
        true
    }

    fn depends_on_pool(&self) -> bool {
        true
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        if setting.largest_pool <= LARGEST_POOL {
            return Ok(());
        }
        let message =
            format!("the best set is found in pools of at most {LARGEST_POOL}, and one has {}", setting.largest_pool);
        let help =
            format!("write `candidates: {{ exact: {{ pool: {LARGEST_POOL} }} }}` in every retriever, or leave it out");
        Err(Unfit::new(message, help))
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let asked = answer.asked();
        let (base, query, pool, k) = (asked.base, asked.query, asked.pool, answer.k());
        let request = Request {
            base,
            query,
            pool,
            k,
            subtopics: &[],
            aspects: &[],
            groups: &[],
            picked_outside: &[],
            seed: 0,
            query_id: 0,
        };
        let scratch = Scratch::default();
        let function = asked.selector?.objective(&request, &scratch)?;
        let position = |&id: &u32| pool.items.iter().position(|item| item.id == id);
        let set: Vec<usize> = answer.returned().iter().map(position).collect::<Option<_>>()?;
        // A list that lost some of its results is no set of that size.
        if set.len() == request.count() { function.share(&set) } else { None }
    }
}
