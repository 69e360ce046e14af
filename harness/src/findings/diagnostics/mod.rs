//! Properties of a dataset that do not depend on a retriever: how well distances separate vectors, their intrinsic dimension, hubs,
//! and near duplicates.
//!
//! To add one: a type that implements `Diagnostic`, in the file of its family, and a line in `DIAGNOSTICS`.

mod contrast;
mod dimension;
mod duplicates;
mod hubness;
mod sample;
mod spectrum;

pub use sample::Sample;

use crate::progress::Progress;
use crate::record::diagnosis::{Diagnosis, DiagnosticFinding, DiagnosticValue};
use crate::statistics::bootstrap::quantile;
use rayon::prelude::*;
use swath_algorithms::{Base, Distance, Points, random};

/// All diagnostics, in the order in which they are shown.
static DIAGNOSTICS: &[&dyn Diagnostic] = &[
    &contrast::RelativeContrast,
    &contrast::Concentration,
    &dimension::Lid,
    &dimension::TwoNn,
    &spectrum::IsoScore,
    &spectrum::ParticipationRatio,
    &hubness::Hubness,
    &duplicates::NearDuplicates,
];

/// Resamples for an interval.
const RESAMPLES: usize = 1000;

/// A number that describes a dataset.
trait Diagnostic: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Its definition and source.
    fn definition(&self) -> &'static str;

    /// Its value with an interval.
    ///
    /// # Errors
    /// Why it is undefined for this dataset.
    fn measure(&self, sample: &Sample<'_>) -> Result<DiagnosticValue, &'static str>;

    /// What the value means for retrieval on data of that distance, in one sentence.
    fn meaning(&self, value: f64, distance: Distance) -> String;
}

/// Computes all diagnostics on seeded samples of base vectors and queries. The result does not depend on the number of threads.
/// Shows its progress unless `quiet`.
pub fn diagnose(base: &Base, queries: &Points, seed: u64, quiet: bool) -> Diagnosis {
    // Two more for the samples.
    let progress = Progress::steps("diagnosing the dataset", DIAGNOSTICS.len() + 2, quiet);
    let sample = Sample::new(base, queries, seed, &progress);
    let one = |diagnostic: &&dyn Diagnostic| {
        progress.step(diagnostic.name());
        let measured = diagnostic
            .measure(&sample)
            .and_then(|found| if found.value.is_finite() { Ok(found) } else { Err("its value is not finite here") });
        DiagnosticFinding {
            name: diagnostic.name().to_owned(),
            definition: diagnostic.definition().to_owned(),
            measured: measured.ok(),
            meaning: match measured {
                Ok(found) => diagnostic.meaning(found.value, base.distance()),
                Err(why) => format!("Not defined: {why}."),
            },
        }
    };
    let findings = DIAGNOSTICS.iter().map(one).collect();
    progress.finish();
    Diagnosis { sampled: sample.described(), findings }
}

/// A statistic of `count` items with its 2.5 and 97.5 % quantiles over resamples of them.
fn bootstrap(count: usize, seed: u64, name: &str, statistic: impl Fn(&[usize]) -> f64 + Sync) -> DiagnosticValue {
    let value = statistic(&(0..count).collect::<Vec<_>>());
    let one = |i: usize| {
        let mut rng = random::stream(seed, name, i as u64);
        statistic(&(0..count).map(|_| random::below(&mut rng, count)).collect::<Vec<_>>())
    };
    let mut values: Vec<f64> = (0..RESAMPLES).into_par_iter().map(one).collect();
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    DiagnosticValue { value, lo: quantile(&values, 0.025), hi: quantile(&values, 0.975) }
}

/// The mean of `values` at these places.
fn mean_at(values: &[f64], places: &[usize]) -> f64 {
    places.iter().map(|&i| values[i]).sum::<f64>() / places.len() as f64
}

#[cfg(test)]
mod tests;
