//! Semantic compression: relevance, coverage and diversity in one objective.

use super::engine::bounded::{self, Bounded};
use super::engine::coarse::BoundedCoverage;
use super::engine::coverage::CoverageObjective;
use super::engine::directions::Factor;
use super::engine::exact::SetFunction;
use super::engine::greedy::{Objective, Optimizer, maximize};
use super::engine::spread::{Spread, Spreads};
use super::engine::units::Units;
use super::{FacilityLocation, Request, Selector, SelectorSetting, TopK, Unfit, Weights};
use crate::kernel::Kernel;
use crate::kernel_choice::KernelChoice;
use crate::params::{Fraction, Positive, constant};
use crate::pool_kernel::{Matrix, PoolKernel};
use crate::scratch::Scratch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Semantic compression: relevance, coverage and diversity in one objective. Maximises `a * sum over r in R of rel(r)`
/// plus `b * k * (sum over v of the pool of w_v * max over r in R of s(v, r)) / (sum of w_v)` plus `c * D(R)`, where
/// `diversity` says what D is, and with `a + b + c = 1`. `a: 1` is top-k, `b: 1` facility location.
///
/// Greedily: with `diversity: log-det` at least 1 - 1/e of the best where no relevance is negative; with
/// `diversity: dispersion` by Borodin's greedy, which halves the gain of the rest and looks at every item in every
/// round, whatever the optimizer.
///
/// Source: Raja & Vats 2025; Borodin, Lee & Ye 2012.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SemanticCompression {
    /// Weight of relevance.
    pub a: Fraction,
    /// Weight of coverage.
    pub b: Fraction,
    /// Weight of diversity.
    pub c: Fraction,
    /// What D, the diversity of a set, is.
    pub diversity: DiversityTerm,
    /// How much each item of the pool is worth covering.
    pub weights: Weights,
    /// How evenly `weights: softmax` spreads over the pool.
    pub temperature: Positive,
    /// The similarity s of coverage, never negative; left out, `cosine` for angular and ip, `rbf` for euclidean, `match` for
    /// hamming and `jaccard` for jaccard. D does not use it.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
    /// How the greedy choice is found.
    pub optimizer: Optimizer,
}

/// How diverse a set is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Diversity")]
pub enum DiversityTerm {
    /// log det(I + S), whatever `kernel` says: S are the similarities by `gram` for angular and ip, `rbf` for euclidean,
    /// `match` for hamming and `jaccard` for jaccard.
    #[default]
    LogDet,
    /// Sum of pairwise distances / (k - 1): angle / pi for angular and ip; for euclidean L2 / sigma, the median distance of
    /// the pool to the query (where that is 0, the largest one); the dataset's distance for hamming and jaccard.
    Dispersion,
}

impl Default for SemanticCompression {
    fn default() -> Self {
        Self {
            a: constant!(Fraction, 0.5),
            b: constant!(Fraction, 0.25),
            c: constant!(Fraction, 0.25),
            diversity: DiversityTerm::default(),
            weights: Weights::default(),
            temperature: constant!(Positive, 0.1),
            kernel: KernelChoice::DEFAULT,
            optimizer: Optimizer::default(),
        }
    }
}

impl Selector for SemanticCompression {
    fn select(&self, request: &Request<'_>, scratch: &Scratch, picked: &mut Vec<usize>) {
        let (a, b, c) = (self.a.get(), self.b.get(), self.c.get());
        if b == 0.0 && c == 0.0 {
            // A sum of relevances is largest over the k largest.
            return TopK {}.select(request, scratch, picked);
        }
        if a == 0.0 && c == 0.0 {
            let Self { weights, temperature, kernel, optimizer, .. } = *self;
            return FacilityLocation { weights, temperature, kernel, optimizer }.select(request, scratch, picked);
        }
        let mut compression = self.objective(request, scratch);
        if matches!(compression.coverage, Some(Covering { coverage: Coverage::Bounded(_), .. })) {
            return bounded::maximize(&mut compression, request, scratch, picked);
        }
        let optimizer = if compression.gains_only_fall() { self.optimizer } else { Optimizer::Naive };
        maximize(&mut compression, optimizer, request, scratch, picked);
    }

    fn check(&self, setting: &SelectorSetting) -> Result<(), Unfit> {
        let weights = [self.a, self.b, self.c].map(Fraction::get);
        let sum: f64 = weights.iter().sum();
        // Only their ratios matter, so a third may be written as 0.333.
        if (sum - 1.0).abs() > 1.5e-3 {
            let [a, b, c] = weights;
            let [x, y, z] = weights.map(|weight| if sum > 0.0 { to_three_digits(weight / sum) } else { 0.333 });
            let sum = to_three_digits(sum);
            let message = format!("the weights a = {a}, b = {b} and c = {c} add up to {sum}, not to 1");
            let help = format!(
                "name all three, such as `{{ a: {x}, b: {y}, c: {z} }}`; several such triples are a list of selectors, \
                 not axes, which would be crossed"
            );
            return Err(Unfit::new(message, help));
        }
        self.kernel.check_nonnegative(setting.kind, "a sum that must never fall needs one that cannot")
    }

    fn needs_query(&self) -> bool {
        self.kernel.is(Kernel::Rbf)
    }

    fn objective<'s>(&self, request: &Request<'s>, scratch: &'s Scratch) -> Option<SetFunction<'s>> {
        let (a, b, c) = (self.a.get(), self.b.get(), self.c.get());
        let mut function = SetFunction::new(request, scratch)?.with_each(|i| a * request.score(i));
        let weights = self.weights.of(request, self.temperature.get(), scratch);
        let total: f64 = weights.iter().sum();
        if b > 0.0 && total > 0.0 {
            let kernel = PoolKernel::new(self.kernel.or_coverage(request.base.distance()), request, scratch);
            let worth = |&weight: &f64| b * request.count() as f64 * weight / total;
            let weights = scratch.arena.alloc_slice_fill_iter(weights.iter().map(worth));
            function = function.with_coverage(&kernel, weights, None);
        }
        Some(match self.diversity {
            _ if c == 0.0 => function,
            DiversityTerm::LogDet => {
                let kernel = PoolKernel::new(Kernel::raw(request.base.distance()), request, scratch);
                function.with_volume(&kernel, RIDGE, c)
            }
            DiversityTerm::Dispersion => {
                let distances = Spreads::new(Spread::Metric, request, scratch).all(scratch);
                let worth = c / (request.count().max(2) - 1) as f64;
                distances.iter_mut().for_each(|distance| *distance *= worth);
                function.with_pairs(distances)
            }
        })
    }
}

impl SemanticCompression {
    fn objective<'s>(&self, request: &Request<'s>, scratch: &'s Scratch) -> Compression<'s> {
        let (a, b, c) = (self.a.get(), self.b.get(), self.c.get());
        let weights = self.weights.of(request, self.temperature.get(), scratch);
        let total: f64 = weights.iter().sum();
        let coverage = (b > 0.0 && total > 0.0).then(|| {
            let worth = b * request.count() as f64 / total;
            Covering { worth, coverage: self.coverage(weights, request, scratch) }
        });
        let spread = match self.diversity {
            _ if c == 0.0 => Spreading::None,
            DiversityTerm::LogDet => {
                let kernel = PoolKernel::new(Kernel::raw(request.base.distance()), request, scratch);
                let factor = Factor::new(kernel, RIDGE, request.count(), scratch);
                let log = |i: usize| factor.known(i).ln();
                Spreading::Volume { logs: scratch.arena.alloc_slice_fill_with(request.pool.items.len(), log), factor }
            }
            DiversityTerm::Dispersion => Spreading::Distances {
                spreads: Spreads::new(Spread::Metric, request, scratch),
                total: scratch.arena.alloc_slice_fill_copy(request.pool.items.len(), 0.0),
                row: scratch.arena.alloc_slice_fill_copy(request.pool.items.len(), 0.0),
                pairs: (request.count().max(2) - 1) as f64,
            },
        };
        Compression { request: *request, a, c, coverage, spread }
    }

    /// The objective of coverage, with bounds where these pay.
    fn coverage<'s>(&self, weights: &'s [f64], request: &Request<'s>, scratch: &'s Scratch) -> Coverage<'s> {
        let kernel = self.kernel.or_coverage(request.base.distance());
        let kernel = PoolKernel::new(kernel, request, scratch);
        if self.optimizer == Optimizer::Lazy
            && let Some(units) = Units::of(&kernel, request.base.points().dim(), scratch)
        {
            return Coverage::Bounded(BoundedCoverage::new(kernel, units, weights, None, scratch));
        }
        Coverage::Exact(CoverageObjective::new(Matrix::new(kernel, scratch), weights, None, scratch))
    }
}

fn to_three_digits(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

/// The objective's state.
struct Compression<'s> {
    request: Request<'s>,
    a: f64,
    c: f64,
    coverage: Option<Covering<'s>>,
    spread: Spreading<'s>,
}

/// The coverage so far, and what it is worth.
struct Covering<'s> {
    /// The value of one unit of coverage.
    worth: f64,
    coverage: Coverage<'s>,
}

/// The objective of coverage.
#[expect(clippy::large_enum_variant, reason = "there is one, on the stack of a selection")]
enum Coverage<'s> {
    Exact(CoverageObjective<'s>),
    Bounded(BoundedCoverage<'s>),
}

impl Coverage<'_> {
    fn gain(&mut self, position: usize) -> f64 {
        match self {
            Self::Exact(coverage) => coverage.gain(position),
            Self::Bounded(coverage) => coverage.gain(position),
        }
    }

    fn add(&mut self, position: usize) {
        match self {
            Self::Exact(coverage) => coverage.add(position),
            Self::Bounded(coverage) => coverage.add(position),
        }
    }
}

/// What log det(I + S) adds to S: no remainder is below it.
const RIDGE: f64 = 1.0;

/// D of the picks.
enum Spreading<'s> {
    None,
    /// Logarithms are expensive: that of each item's known remainder is kept.
    Volume {
        factor: Factor<'s>,
        logs: &'s mut [f64],
    },
    Distances {
        spreads: Spreads<'s>,
        total: &'s mut [f64],
        row: &'s mut [f64],
        pairs: f64,
    },
}

impl Spreading<'_> {
    /// The logarithm of an item's remainder beside all picks.
    fn log(&mut self, position: usize) -> f64 {
        let Self::Volume { factor, logs } = self else { return 0.0 };
        if factor.bounds(position)[0] < factor.known(position) {
            logs[position] = factor.remainder(position).ln();
        }
        logs[position]
    }
}

impl Compression<'_> {
    /// The gain of an item with this gain in coverage and this logarithm of its remainder. It grows with both, to the last bit.
    fn value(&self, position: usize, covers: f64, log: f64) -> f64 {
        let worth = self.coverage.as_ref().map_or(0.0, |covering| covering.worth);
        let monotone = self.a * self.request.score(position) + worth * covers;
        match &self.spread {
            Spreading::None => monotone,
            Spreading::Volume { .. } => monotone + self.c * log,
            Spreading::Distances { total, pairs, .. } => 0.5 * monotone + self.c * total[position] / *pairs,
        }
    }
}

impl Objective for Compression<'_> {
    fn gain(&mut self, position: usize) -> f64 {
        let covers = self.coverage.as_mut().map_or(0.0, |covering| covering.coverage.gain(position));
        let log = self.spread.log(position);
        self.value(position, covers, log)
    }

    fn add(&mut self, position: usize) {
        if let Some(Covering { coverage, .. }) = &mut self.coverage {
            coverage.add(position);
        }
        match &mut self.spread {
            Spreading::None => {}
            Spreading::Volume { factor, logs } => {
                let is_first = factor.picks() == 0;
                factor.pick(position);
                if is_first {
                    // It updated the remainders of all.
                    logs.iter_mut().enumerate().for_each(|(i, log)| *log = factor.known(i).ln());
                }
            }
            Spreading::Distances { spreads, total, row, .. } => {
                spreads.row(position, row);
                total.iter_mut().zip(&**row).for_each(|(total, distance)| *total += distance);
            }
        }
    }

    fn first_gains(&mut self, gains: &mut [f64], scratch: &Scratch) {
        match &mut self.coverage {
            Some(Covering { coverage: Coverage::Exact(coverage), .. }) => coverage.first_gains(gains, scratch),
            Some(Covering { coverage: Coverage::Bounded(coverage), .. }) => coverage.first_gains(gains, scratch),
            None => gains.fill(0.0),
        }
        for (position, gain) in gains.iter_mut().enumerate() {
            let log = if let Spreading::Volume { logs, .. } = &self.spread { logs[position] } else { 0.0 };
            *gain = self.value(position, *gain, log);
        }
    }
}

impl Bounded for Compression<'_> {
    fn bounds(&self, position: usize) -> [f64; 2] {
        let [least, most] = match &self.coverage {
            Some(Covering { coverage: Coverage::Bounded(coverage), .. }) => coverage.bounds(position),
            Some(_) => [0.0, f64::INFINITY],
            None => [0.0; 2],
        };
        let [low, high] = match &self.spread {
            Spreading::Volume { factor, logs } => match factor.bounds(position) {
                [fewest, remaining] if fewest == remaining => [logs[position]; 2],
                _ => [RIDGE.ln(), logs[position]],
            },
            _ => [0.0; 2],
        };
        [self.value(position, least, low), self.value(position, most, high)]
    }

    fn gains_only_fall(&self) -> bool {
        !matches!(self.spread, Spreading::Distances { .. })
    }

    fn tighten(&mut self, position: usize) {
        self.spread.log(position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_gains() {
        for diversity in [DiversityTerm::LogDet, DiversityTerm::Dispersion] {
            let selector = SemanticCompression { diversity, ..SemanticCompression::default() };
            bounded::tests::check(&|request, scratch| Box::new(selector.objective(request, scratch)));
        }
    }
}
