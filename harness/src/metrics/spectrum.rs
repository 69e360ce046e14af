//! What the eigenvalues of the results' similarities say about their diversity.

use super::{About, Answer, Family, Metric, MetricSetting, Usual};
use nalgebra::DMatrix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::kernel::Kernel;
use swath_algorithms::params::{NonNegative, Positive};
use swath_algorithms::{KernelChoice, Unfit};

/// Eigenvalues of the results' similarities; those that rounding makes negative are 0.
fn eigenvalues(answer: &Answer<'_>, kernel: Kernel) -> Vec<f64> {
    let count = answer.count();
    if count == 0 {
        return Vec::new();
    }
    let matrix = DMatrix::from_fn(count, count, |i, j| answer.similarity(kernel, i.min(j), i.max(j)));
    matrix.symmetric_eigenvalues().iter().map(|value| value.max(0.0)).collect()
}

/// The Vendi score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Vendi {
    /// The order of the entropy: below 1 rare directions count more, above 1 less; 1 is Shannon's.
    pub q: NonNegative,
    /// The similarity; left out, `gram` on angular data and for ip, `rbf` on euclidean, `match` for bits,
    /// `jaccard` for sets.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Default for Vendi {
    fn default() -> Self {
        Self { q: super::default_number(NonNegative::new(1.0)), kernel: KernelChoice::DEFAULT }
    }
}

impl Metric for Vendi {
    fn about(&self) -> About {
        About {
            plain: "effectively different results",
            definition: "Vendi score: the effective number of different results, exp of the entropy (Renyi's of order q) of \
                         the eigenvalues of their similarities / k",
            range: "1 to k",
            higher_is_better: true,
            source: "Friedman & Dieng 2023; Pasarkar & Dieng 2024 (order q)",
            family: Family::Spectrum,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        self.kernel.check_semidefinite(setting.kind, "eigenvalues need one that is")
    }

    fn bounds(&self, _: usize) -> (f64, f64) {
        // Rounding may put it just below 1 or above k.
        (0.0, f64::INFINITY)
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let (q, count) = (self.q.get(), answer.count() as f64);
        let shares = eigenvalues(answer, answer.kernel_or_raw(self.kernel)).into_iter().map(|value| value / count);
        // An eigenvalue of 0 that rounding raised must not count.
        let shares: Vec<f64> = shares.filter(|&share| share > 1e-12).collect();
        let largest = shares.iter().copied().fold(0.0, f64::max);
        // So near to 1 the other formula is mostly rounding error, and this one is off by less.
        let entropy = if (q - 1.0).abs() < 1e-8 || shares.is_empty() {
            -shares.iter().map(|share| share * share.ln()).sum::<f64>()
        } else {
            // With shares relative to the largest, since powers of the shares themselves may all round to 0.
            (q * largest.ln() + shares.iter().map(|share| (share / largest).powf(q)).sum::<f64>().ln()) / (1.0 - q)
        };
        (count > 0.0).then(|| entropy.exp())
    }
}

/// The log of the volume that the results span.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogVolume {
    /// The similarity; left out, `gram` on angular data and for ip, `rbf` on euclidean, `match` for bits,
    /// `jaccard` for sets.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Metric for LogVolume {
    fn about(&self) -> About {
        About {
            plain: "volume (in logarithms)",
            definition: "log det(S + 1e-6 I) of the similarities S of the results: twice the log of the volume that they \
                         span; what a DPP maximises",
            range: "13.8 k below 0, to 0",
            higher_is_better: true,
            source: "Kulesza & Taskar 2012",
            family: Family::Spectrum,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        self.kernel.check_semidefinite(setting.kind, "eigenvalues need one that is")
    }

    fn bounds(&self, k: usize) -> (f64, f64) {
        (k as f64 * 1e-6_f64.ln(), 0.0)
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let values = eigenvalues(answer, answer.kernel_or_raw(self.kernel));
        (!values.is_empty()).then(|| values.iter().map(|value| (value + 1e-6).ln()).sum())
    }
}

/// Diffusion spectral entropy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SpectralEntropy {
    /// Steps of the walk: more look at coarser structure.
    pub t: Positive,
    /// The similarity, never negative; left out, `cosine` on angular data and for ip, `rbf` on euclidean, `match` for bits,
    /// `jaccard` for sets.
    #[serde(skip_serializing_if = "KernelChoice::is_default")]
    pub kernel: KernelChoice,
}

impl Default for SpectralEntropy {
    fn default() -> Self {
        Self { t: super::default_number(Positive::new(1.0)), kernel: KernelChoice::DEFAULT }
    }
}

impl Metric for SpectralEntropy {
    fn about(&self) -> About {
        About {
            plain: "spectral entropy",
            definition: "diffusion spectral entropy, in bits: entropy of the eigenvalues, to the t-th power, of a random walk \
                         between the results that follows their similarities, divided by the roots of their sums",
            range: "0 to log2 k",
            higher_is_better: true,
            source: "Liao et al. 2023",
            family: Family::Spectrum,
            usual: Usual::Never,
            headline: None,
        }
    }

    fn possible(&self, setting: &MetricSetting<'_>) -> Result<(), Unfit> {
        self.kernel.check_nonnegative(setting.kind, "a random walk needs one that cannot")
    }

    fn bounds(&self, k: usize) -> (f64, f64) {
        (0.0, (k.max(1) as f64).log2())
    }

    fn kernel(&self) -> KernelChoice {
        self.kernel
    }

    fn value(&self, answer: &Answer<'_>) -> Option<f64> {
        let (kernel, count) = (answer.kernel_or_coverage(self.kernel), answer.count());
        if count == 0 {
            return None;
        }
        let similarity = DMatrix::from_fn(count, count, |i, j| answer.similarity(kernel, i.min(j), i.max(j)));
        let degrees = |matrix: &DMatrix<f64>| matrix.row_iter().map(|row| row.sum()).collect::<Vec<f64>>();
        // Each result is similar to itself, so that no degree is 0.
        let scale = |matrix: &DMatrix<f64>, degrees: &[f64]| {
            DMatrix::from_fn(count, count, |i, j| matrix[(i, j)] / (degrees[i].sqrt() * degrees[j].sqrt()))
        };
        // First the density of the results is divided out. Then the walk's matrix is made symmetric, which leaves its
        // eigenvalues as they are.
        let even = scale(&similarity, &degrees(&similarity));
        let walk = scale(&even, &degrees(&even));
        let magnitudes: Vec<f64> = walk.symmetric_eigenvalues().iter().map(|value| value.abs()).collect();
        // Only ratios matter: relative to the largest, which rounding may put above 1, no power is infinite.
        let largest = magnitudes.iter().copied().fold(0.0, f64::max);
        let powers: Vec<f64> = magnitudes.iter().map(|value| (value / largest).powf(self.t.get())).collect();
        let total: f64 = powers.iter().sum();
        let shares = powers.iter().map(|power| power / total).filter(|&share| share > 1e-12);
        (total > 0.0).then(|| -shares.map(|share| share * share.log2()).sum::<f64>())
    }
}
