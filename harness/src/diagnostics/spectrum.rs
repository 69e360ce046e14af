//! How evenly variance is spread over directions.

use super::{Diagnostic, Measured, Sample};
use nalgebra::DMatrix;
use swath_algorithms::{Distance, random};

/// Sampled rows at most.
const ROWS: usize = 5000;
/// Multiplications for the covariance at most: fewer rows, where vectors are long.
const MULTIPLICATIONS: usize = 4_000_000_000;
/// Parts for the jackknife.
const PARTS: usize = 10;

/// `(sum of eigenvalues)^2 / sum of their squares` of the covariance of base vectors, which takes no eigenvalues: it is the
/// squared trace over the squared Frobenius norm. Its interval is that of a jackknife over ten parts of the rows.
fn participation_ratio(sample: &Sample<'_>) -> Result<Measured, &'static str> {
    let (base, dim) = (sample.base, sample.base.vectors().dim());
    let most = ROWS.min(MULTIPLICATIONS / (dim * dim)).max(PARTS * 2).min(base.len());
    let rows = random::sample(&mut random::stream(sample.seed, "diagnosed spectrum", 0), base.len(), most);
    if rows.len() < 2 * PARTS {
        return Err("it takes 20 base vectors");
    }
    let scale = |row: usize| match base.distance() {
        Distance::Angular if base.norms()[row] > 0.0 => 1.0 / base.norms()[row],
        _ => 1.0,
    };
    let parts: Vec<Moments> = (0..PARTS)
        .map(|part| {
            let members: Vec<usize> = rows.iter().copied().skip(part).step_by(PARTS).collect();
            let value = |i: usize, j: usize| f64::from(base.vectors().row(members[i])[j]) * scale(members[i]);
            Moments::new(&DMatrix::from_fn(members.len(), dim, value))
        })
        .collect();
    let ratio = |left_out: Option<usize>| {
        let kept = parts.iter().enumerate().filter(|(part, _)| Some(*part) != left_out).map(|(_, moments)| moments);
        ratio_of(kept, dim)
    };
    let value = ratio(None);
    if !value.is_finite() {
        return Err("all base vectors are the same");
    }
    let left_out: Vec<f64> = (0..PARTS).map(|part| ratio(Some(part))).collect();
    let mean = left_out.iter().sum::<f64>() / PARTS as f64;
    let squares: f64 = left_out.iter().map(|value| (value - mean).powi(2)).sum();
    let half = 1.96 * (squares * (PARTS - 1) as f64 / PARTS as f64).sqrt();
    Ok(Measured { value, lo: (value - half).max(1.0), hi: (value + half).min(dim as f64) })
}

/// Of some rows their number, sum and sum of outer products.
struct Moments {
    count: f64,
    sum: DMatrix<f64>,
    products: DMatrix<f64>,
}

impl Moments {
    fn new(rows: &DMatrix<f64>) -> Self {
        let ones = DMatrix::from_element(1, rows.nrows(), 1.0);
        Self { count: rows.nrows() as f64, sum: ones * rows, products: rows.tr_mul(rows) }
    }
}

fn ratio_of<'m>(parts: impl Iterator<Item = &'m Moments>, dim: usize) -> f64 {
    let mut all = Moments { count: 0.0, sum: DMatrix::zeros(1, dim), products: DMatrix::zeros(dim, dim) };
    for part in parts {
        all.count += part.count;
        all.sum += &part.sum;
        all.products += &part.products;
    }
    let mean = all.sum / all.count;
    let second = all.products / all.count;
    let covariance = &second - mean.tr_mul(&mean);
    // What is left of equal vectors is rounding.
    if covariance.trace() <= 1e-12 * second.trace() {
        return f64::NAN;
    }
    covariance.trace().powi(2) / covariance.norm_squared()
}

/// How even the spectrum is.
pub struct IsoScore;

impl Diagnostic for IsoScore {
    fn name(&self) -> &'static str {
        "IsoScore"
    }

    /// Rudman's definition, by eigenvalues, comes out as a function of the participation ratio: with its isotropy defect
    /// put in, what remains is `(PR - 1) / (d - 1)`.
    fn definition(&self) -> &'static str {
        "how evenly variance is spread over all directions, from 0 (one) to 1 (all alike) (Rudman et al. 2022), which is \
         (participation ratio - 1) / (dimensions - 1); on angular data of vectors scaled to unit length"
    }

    fn measure(&self, sample: &Sample<'_>) -> Result<Measured, &'static str> {
        let dim = sample.base.vectors().dim() as f64;
        if dim < 2.0 {
            return Err("one dimension has one direction");
        }
        let ratio = participation_ratio(sample)?;
        let score = |ratio: f64| (ratio - 1.0) / (dim - 1.0);
        Ok(Measured { value: score(ratio.value), lo: score(ratio.lo), hi: score(ratio.hi) })
    }

    fn meaning(&self, value: f64) -> String {
        let so = match value {
            ..0.1 => "few directions carry most of the variance, so that the vectors could be shortened",
            ..0.5 => "variance is spread unevenly",
            _ => "variance is spread over most directions, and shortening the vectors would lose much",
        };
        format!("On a scale from one direction (0) to all alike (1) it is {value:.2}: {so}.")
    }
}

/// How many equal directions would have this spectrum.
pub struct ParticipationRatio;

impl Diagnostic for ParticipationRatio {
    fn name(&self) -> &'static str {
        "participation ratio"
    }

    fn definition(&self) -> &'static str {
        "(sum of the eigenvalues of the covariance)^2 / sum of their squares; on angular data of vectors scaled to unit length"
    }

    fn measure(&self, sample: &Sample<'_>) -> Result<Measured, &'static str> {
        participation_ratio(sample)
    }

    fn meaning(&self, value: f64) -> String {
        format!(
            "Variance is spread as over {value:.1} equal directions: so much room there is for results that differ."
        )
    }
}
