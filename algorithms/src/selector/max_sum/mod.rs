//! Max-sum diversity: relevant, and far from each other in total.

mod greedy;
mod relaxed;
mod swap;
mod weight;

pub use weight::PairWeight;

use super::engine::exact::{LARGEST_POOL, SetFunction};
use super::engine::spread::{Spread, Spreads};
use super::{Request, Selector, SelectorSetting, Unfit};
use crate::Distance;
use crate::params::constant;
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Max-sum diversity: relevant, and far from each other in total. Maximises `sum over r in R of rel(r)` plus
/// `lambda * sum over pairs in R of their distance`.
///
/// By default beginning with the most relevant, by Borodin's greedy, which halves the gain in relevance: at least 1/2 of the best
/// where no relevance is negative and the distance is a metric. `optimizer` says how else. The results of every optimizer stand in
/// the order in which greedy would pick them if there were no other items.
///
/// Source: Gollapudi & Sharma 2009; Borodin, Lee & Ye 2012.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MaxSum {
    /// Weight of each pair's distance against an item's relevance: a number, or `adaptive`, the mean relevance of the pool over
    /// `(k - 1) / 2` times its mean similarity, 1 - distance, of two items (at least 1e-6); 0 for a k of 1 or a mean relevance of 0 or
    /// less. That is our reading of AdaGReS (arXiv 2512.25052). Not for euclidean distances, which are not 1 - a similarity.
    pub lambda: PairWeight,
    /// How far apart two items are.
    pub distance: Spread,
    /// How much of an item's relevance the greedy choice counts.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("default" = "half"))]
    pub greedy: RelevanceGain,
    /// How the set is found.
    #[serde(skip_serializing_if = "is_default")]
    #[schemars(extend("default" = "greedy"))]
    pub optimizer: SumOptimizer,
}

/// How much of an item's relevance the greedy choice of a sum of distances counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RelevanceGain {
    /// One half, as the guarantee of 1/2 needs it (Borodin, Lee & Ye 2012).
    #[default]
    Half,
    /// All of it: what an item adds to the objective. Without a guarantee.
    Full,
}

/// How a set with a large sum of relevances and distances is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SumOptimizer {
    /// One item after the other.
    #[default]
    Greedy,
    /// From what greedy picks, again and again the swap of a pick for another item that gains most, until none gains, or after 10 swaps
    /// for each pick. Never less than greedy; where no swap gains, at least 1/2 of the best, whatever `greedy` says, if no relevance is
    /// negative and the distance is a metric (Hassin, Rubinstein & Tamir 1997; Borodin, Lee & Ye 2012).
    Swap,
    /// Frank-Wolfe on a relaxation: each item is in the set by a part from 0 to 1, k in all, and the square of the parts is rewarded just
    /// enough for whole items to be best. Steps by line search from equal parts; what remains of parts is exchanged between two items at
    /// a time, which loses nothing. Guaranteed is that it ends at whole items, with at least the value of equal parts, and no more. Our
    /// reading of CCBQP (arXiv 2604.02554) and its authors' densest subgraphs (arXiv 2410.07388).
    FrankWolfe,
    /// The best set, by branch and bound, of pools of at most 25 items.
    Exact,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for MaxSum {
    fn default() -> Self {
        Self {
            lambda: PairWeight::Fixed(constant!(NonNegative, 0.1)),
            distance: Spread::default(),
            greedy: RelevanceGain::default(),
            optimizer: SumOptimizer::default(),
        }
    }
}

impl Selector for MaxSum {
    /// [`SumOptimizer::Exact`] on a larger pool than it can search is [`SumOptimizer::Swap`].
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let sum = self.on(request, scratch);
        let is_all = request.count() == request.pool.items.len();
        match self.optimizer {
            SumOptimizer::FrankWolfe if !is_all => sum.relaxed(picked),
            SumOptimizer::Exact if !is_all && request.pool.items.len() <= LARGEST_POOL => {
                if let Some(function) = sum.function() {
                    function.best(picked);
                }
                sum.order(picked);
            }
            SumOptimizer::Swap | SumOptimizer::Exact if !is_all => {
                sum.greedy(picked);
                sum.swap(picked);
            }
            _ => sum.greedy(picked),
        }
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        if self.distance == Spread::Cosine && setting.distance.of_items() != Distance::Angular {
            let message =
                format!("the distance `cosine` is asked for, but the dataset's distance is {}", setting.distance);
            let help = "leave `distance` out: `cosine` compares directions, for angular and ip";
            return Err(Unfit::new(message, help).of("distance"));
        }
        if self.lambda == PairWeight::Adaptive && setting.distance == Distance::Euclidean {
            let message =
                "`adaptive` balances relevance against similarity, 1 - distance, and a euclidean distance can exceed 1";
            return Err(Unfit::new(message, "write a number, such as `lambda: 0.1`").of("lambda"));
        }
        match setting.pool {
            Some(pool) if self.optimizer == SumOptimizer::Exact && pool > LARGEST_POOL => {
                let message = format!(
                    "`exact` finds the best set of a pool of at most {LARGEST_POOL}, and this one may have {pool}"
                );
                let help = format!(
                    "write `candidates: {{ exact: {{ pool: {LARGEST_POOL} }} }}` (with an expansion, `limit: {LARGEST_POOL}`), or \
                     `optimizer: swap`"
                );
                Err(Unfit::new(message, help).of("optimizer"))
            }
            _ => Ok(()),
        }
    }

    fn objective<'s>(&self, request: &Request<'s>, scratch: &'s Scratch) -> Option<SetFunction<'s>> {
        self.on(request, scratch).function()
    }
}

impl MaxSum {
    fn on<'a, 's>(&self, request: &'a Request<'s>, scratch: &'s Scratch) -> Sum<'a, 's> {
        let spreads = Spreads::new(self.distance, request, scratch);
        let lambda = self.lambda.of(request, &spreads, scratch);
        let share = match self.greedy {
            RelevanceGain::Half => 0.5,
            RelevanceGain::Full => 1.0,
        };
        Sum { request, spreads, lambda, share, distance: self.distance, scratch }
    }
}

/// The objective on one pool.
struct Sum<'a, 's> {
    request: &'a Request<'s>,
    spreads: Spreads<'s>,
    lambda: f64,
    /// How much of an item's relevance greedy counts.
    share: f64,
    distance: Spread,
    scratch: &'s Scratch,
}

impl<'s> Sum<'_, 's> {
    fn size(&self) -> usize {
        self.request.pool.items.len()
    }

    /// As a function of sets, if the pool is small.
    fn function(&self) -> Option<SetFunction<'s>> {
        let function = SetFunction::new(self.request, self.scratch)?;
        let values = self.spreads.all(self.scratch);
        values.iter_mut().for_each(|distance| *distance *= self.lambda);
        Some(function.with_each(|i| self.request.score(i)).with_pairs(values))
    }
}
