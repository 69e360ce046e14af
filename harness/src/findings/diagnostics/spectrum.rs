//! The spectrum: how evenly variance is spread over directions.

use super::{Diagnostic, Sample};
use crate::plot::format::number;
use crate::record::diagnosis::DiagnosticValue;
use nalgebra::DMatrix;
use rayon::prelude::*;
use swath_algorithms::{Base, Distance, Points, random};

/// At most this many sampled rows, for vectors of at most [`LONG`] dimensions.
const ROWS: usize = 5000;
/// Up to this many dimensions, products of columns are summed, in a matrix of dimensions squared.
const LONG: usize = 1000;
/// At most this many sampled rows, for longer vectors: the matrix of their products has as many rows and columns.
const LONG_ROWS: usize = 2000;
/// At most this many multiplications. Very long vectors get still fewer rows.
const MULTIPLICATIONS: usize = 40_000_000_000;
/// Parts for the jackknife.
const PARTS: usize = 10;
/// Rows and columns that are multiplied at a time, independent of the number of threads.
const TILE: usize = 256;

/// How many of `n` rows of `dim` dimensions are sampled.
fn rows_of(n: usize, dim: usize) -> usize {
    let most = if dim <= LONG { ROWS } else { LONG_ROWS.min((MULTIPLICATIONS / dim).isqrt()) };
    most.max(PARTS * 2).min(n)
}

/// Whether rows are multiplied with each other, because products of columns would be the larger matrix.
fn by_rows(rows: usize, dim: usize) -> bool {
    dim > LONG || rows < dim
}

/// A text on the part of the spectrum that is seen, if not all of it.
pub fn described(base: &Base) -> Option<String> {
    let (n, dim) = (base.len(), base.points().dim());
    if !has_spectrum(base) {
        return None;
    }
    let rows = rows_of(n, dim);
    (rows >= 2 * PARTS && by_rows(rows, dim)).then(|| {
        let (count, directions) = (number(rows as f64), number((rows - 1) as f64));
        let all = if rows < n { "" } else { "all " };
        format!(
            "the spectrum by the {count} x {count} products of {all}{count} base vectors with each other, which show at most \
             {directions} directions"
        )
    })
}

/// Whether the points have directions over which variance can be spread: dense vectors, and bits as 0 and 1.
fn has_spectrum(base: &Base) -> bool {
    matches!(base.points(), Points::Dense(_) | Points::Bits(_))
}

/// The participation ratio of base vectors: `(sum of eigenvalues)^2 / sum of their squares` of the covariance. No eigenvalues are
/// needed: it is the squared trace over the squared Frobenius norm. Both are the same for the Gram matrix of centred rows, which
/// has the same eigenvalues above 0. The interval is from a jackknife over ten parts of the rows.
pub fn participation_ratio(base: &Base, seed: u64) -> Result<DiagnosticValue, &'static str> {
    if !has_spectrum(base) {
        return Err("it is defined for dense vectors and for bits");
    }
    let dim = base.points().dim();
    let most = rows_of(base.len(), dim);
    let rows = random::sample(&mut random::stream(seed, "diagnosed spectrum", 0), base.len(), most);
    if rows.len() < 2 * PARTS {
        return Err("at least 20 base vectors are needed");
    }
    let scale = |row: usize| match base.distance() {
        Distance::Angular if base.norms()[row] > 0.0 => 1.0 / base.norms()[row],
        _ => 1.0,
    };
    let value = |i: usize, j: usize| match base.points() {
        Points::Bits(bits) => f64::from(u8::from(bits.row(rows[i]).bit(j))),
        _ => f64::from(base.vectors().row(rows[i])[j]) * scale(rows[i]),
    };
    let ratios = if by_rows(rows.len(), dim) {
        Gram::new(rows.len(), dim, value).ratios()
    } else {
        Moments::ratios(rows.len(), dim, value)
    };
    let value = ratios.all;
    if !value.is_finite() {
        return Err("all base vectors are the same");
    }
    let mean = ratios.without.iter().sum::<f64>() / PARTS as f64;
    let squares: f64 = ratios.without.iter().map(|value| (value - mean).powi(2)).sum();
    let half = 1.96 * (squares * (PARTS - 1) as f64 / PARTS as f64).sqrt();
    Ok(DiagnosticValue { value, lo: (value - half).max(1.0), hi: (value + half).min(dim as f64) })
}

/// The ratio of all rows, and the ratios without each part. Part `i` has every tenth row, from row `i` on.
struct Ratios {
    all: f64,
    without: [f64; PARTS],
}

/// Whether a variance is only the rounding error of equal rows, given the sum of their squares.
fn is_rounding(variance: f64, squares: f64) -> bool {
    variance <= 1e-12 * squares
}

/// Products of rows with each other, about their mean.
struct Gram {
    products: DMatrix<f64>,
    /// The square of the mean's length.
    mean: f64,
}

impl Gram {
    /// The products of `rows` rows of `dim` values. Each is one sum in the order of the dimensions, for any number of threads.
    fn new(rows: usize, dim: usize, value: impl Fn(usize, usize) -> f64 + Sync) -> Self {
        let mean_of = |j: usize| (0..rows).map(|i| value(i, j)).sum::<f64>() / rows as f64;
        let mean: Vec<f64> = (0..dim).into_par_iter().map(mean_of).collect();
        let tiles = rows.div_ceil(TILE);
        let pairs: Vec<(usize, usize)> = (0..tiles).flat_map(|a| (a..tiles).map(move |b| (a, b))).collect();
        let sides = |tile: usize| (tile * TILE, TILE.min(rows - tile * TILE));
        let multiply = |&(a, b): &(usize, usize)| {
            let ((from, height), (beside, width)) = (sides(a), sides(b));
            let mut sum = DMatrix::zeros(height, width);
            for start in (0..dim).step_by(TILE) {
                let depth = TILE.min(dim - start);
                let centred = |i: usize, j: usize| value(i, start + j) - mean[start + j];
                let left = DMatrix::from_fn(height, depth, |i, j| centred(from + i, j));
                let right = DMatrix::from_fn(depth, width, |j, i| centred(beside + i, j));
                sum.gemm(1.0, &left, &right, 1.0);
            }
            sum
        };
        let mut products = DMatrix::zeros(rows, rows);
        for (&(a, b), tile) in pairs.iter().zip(pairs.par_iter().map(multiply).collect::<Vec<_>>()) {
            let ((from, height), (beside, width)) = (sides(a), sides(b));
            products.view_mut((from, beside), (height, width)).copy_from(&tile);
            if a != b {
                products.view_mut((beside, from), (width, height)).copy_from(&tile.transpose());
            }
        }
        Self { products, mean: mean.iter().map(|value| value * value).sum() }
    }

    fn ratios(&self) -> Ratios {
        let rows = self.products.nrows();
        // For each row, the sums of its products with each part; for each pair of parts, the sum of squared products.
        let mut sums = vec![[0.0; PARTS]; rows];
        let mut squares = [[0.0; PARTS]; PARTS];
        for (j, column) in self.products.column_iter().enumerate() {
            for (i, &product) in column.iter().enumerate() {
                sums[j][i % PARTS] += product;
                squares[j % PARTS][i % PARTS] += product * product;
            }
        }
        let ratio = |left_out: Option<usize>| {
            let kept = |i: usize| Some(i % PARTS) != left_out;
            let parts = || (0..PARTS).filter(|&part| kept(part));
            let count = (0..rows).filter(|&i| kept(i)).count() as f64;
            let of = |i: usize| parts().map(|part| sums[i][part]).sum::<f64>();
            let (mut trace, mut total, mut of_rows) = (0.0, 0.0, 0.0);
            for i in (0..rows).filter(|&i| kept(i)) {
                let row = of(i);
                (trace, total, of_rows) = (trace + self.products[(i, i)], total + row, of_rows + row * row);
            }
            let norm: f64 = parts().flat_map(|a| parts().map(move |b| (a, b))).map(|(a, b)| squares[a][b]).sum();
            // The kept rows have another mean, which is subtracted here.
            let about = trace - total / count;
            if is_rounding(about, trace + count * self.mean) {
                return f64::NAN;
            }
            about.powi(2) / (norm - 2.0 * of_rows / count + (total / count).powi(2))
        };
        Ratios { all: ratio(None), without: std::array::from_fn(|part| ratio(Some(part))) }
    }
}

/// The number of some rows, their sum, and the sum of their outer products.
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

    /// The ratios of `rows` rows of `dim` values.
    fn ratios(rows: usize, dim: usize, value: impl Fn(usize, usize) -> f64) -> Ratios {
        let parts: Vec<Self> = (0..PARTS)
            .map(|part| {
                let members: Vec<usize> = (part..rows).step_by(PARTS).collect();
                Self::new(&DMatrix::from_fn(members.len(), dim, |i, j| value(members[i], j)))
            })
            .collect();
        let ratio = |left_out: Option<usize>| {
            let kept = parts.iter().enumerate().filter(|(part, _)| Some(*part) != left_out).map(|(_, moments)| moments);
            ratio_of(kept, dim)
        };
        Ratios { all: ratio(None), without: std::array::from_fn(|part| ratio(Some(part))) }
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
    if is_rounding(covariance.trace(), second.trace()) {
        return f64::NAN;
    }
    covariance.trace().powi(2) / covariance.norm_squared()
}

/// IsoScore: how even the spectrum is.
pub struct IsoScore;

impl Diagnostic for IsoScore {
    fn name(&self) -> &'static str {
        "IsoScore"
    }

    /// Rudman's definition by eigenvalues is a function of the participation ratio: with the isotropy defect inserted it
    /// simplifies to `(PR - 1) / (d - 1)`.
    fn definition(&self) -> &'static str {
        "how evenly variance is spread over all directions, from 0 (one) to 1 (all alike) (Rudman et al. 2022), which is \
         (participation ratio - 1) / (dimensions - 1); on angular data of vectors scaled to unit length"
    }

    fn measure(&self, sample: &Sample<'_>) -> Result<DiagnosticValue, &'static str> {
        let dim = sample.base.points().dim() as f64;
        if dim < 2.0 {
            return Err("one dimension has only one direction");
        }
        let ratio = sample.spectrum()?;
        let score = |ratio: f64| (ratio - 1.0) / (dim - 1.0);
        Ok(DiagnosticValue { value: score(ratio.value), lo: score(ratio.lo), hi: score(ratio.hi) })
    }

    fn meaning(&self, value: f64, _: Distance) -> String {
        let so = match value {
            ..0.1 => "few directions carry most of the variance, so that the vectors could be shortened",
            ..0.5 => "variance is spread unevenly",
            _ => "variance is spread over most directions, and shortening the vectors would lose much",
        };
        format!("On a scale from one direction (0) to all alike (1) it is {value:.2}: {so}.")
    }
}

/// Participation ratio: the number of equal directions that would have this spectrum.
pub struct ParticipationRatio;

impl Diagnostic for ParticipationRatio {
    fn name(&self) -> &'static str {
        "participation ratio"
    }

    fn definition(&self) -> &'static str {
        "(sum of the eigenvalues of the covariance)^2 / sum of their squares; on angular data of vectors scaled to unit length"
    }

    fn measure(&self, sample: &Sample<'_>) -> Result<DiagnosticValue, &'static str> {
        sample.spectrum()
    }

    fn meaning(&self, value: f64, _: Distance) -> String {
        format!("Variance is spread as over {value:.1} equal directions.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values about 3, the first dimensions wider than the others.
    fn value(i: usize, j: usize) -> f64 {
        let wild = ((i * 7919 + j * 104_729) as f64 * 12.9898).sin() * 43_758.545_3;
        3.0 + wild.fract() * (1.0 + 5.0 / (1 + j) as f64)
    }

    /// By eigenvalues, without the rows of a part.
    fn naive(rows: usize, dim: usize, left_out: Option<usize>) -> f64 {
        let kept: Vec<usize> = (0..rows).filter(|i| Some(i % PARTS) != left_out).collect();
        let mean: Vec<f64> =
            (0..dim).map(|j| kept.iter().map(|&i| value(i, j)).sum::<f64>() / kept.len() as f64).collect();
        let centred = DMatrix::from_fn(kept.len(), dim, |i, j| value(kept[i], j) - mean[j]);
        let covariance = centred.transpose() * &centred / kept.len() as f64;
        let eigenvalues = covariance.symmetric_eigenvalues();
        eigenvalues.sum().powi(2) / eigenvalues.iter().map(|x| x * x).sum::<f64>()
    }

    #[test]
    fn the_ratio_is_that_of_the_eigenvalues_by_rows_and_by_columns() {
        for (rows, dim) in [(60, 90), (25, 300), (300, 40), (521, 33)] {
            let (gram, moments) = (Gram::new(rows, dim, value).ratios(), Moments::ratios(rows, dim, value));
            let near = |found: f64, left_out| {
                let expected = naive(rows, dim, left_out);
                assert!((found - expected).abs() <= 1e-9 * expected, "{rows} x {dim}: {found} and {expected}");
            };
            near(gram.all, None);
            near(moments.all, None);
            for part in 0..PARTS {
                near(gram.without[part], Some(part));
                near(moments.without[part], Some(part));
            }
        }
    }

    #[test]
    fn equal_rows_have_no_ratio() {
        let equal = |_: usize, j: usize| 0.1 + j as f64;
        assert!(Gram::new(40, 70, equal).ratios().all.is_nan() && Moments::ratios(40, 70, equal).all.is_nan());
    }

    /// For vectors of any length the matrix has at most 2,000 rows and columns, and the work is bounded.
    #[test]
    fn matrix_and_work_are_bounded() {
        for dim in [1, 10, 100, 999, 1000, 1001, 1536, 3000, 10_000, 100_000, 10_000_000] {
            for n in [20, 300, 1200, 1_000_000] {
                let rows = rows_of(n, dim);
                let side = if by_rows(rows, dim) { rows } else { dim };
                assert!(side <= LONG_ROWS, "{n} x {dim}: {side}");
                assert!(rows * side * dim <= 2 * MULTIPLICATIONS || rows == 2 * PARTS, "{n} x {dim}: {rows}");
            }
        }
        assert_eq!((rows_of(19_000, 100), rows_of(300, 10_000)), (5000, 300));
        assert!(!by_rows(5000, 100) && by_rows(300, 10_000));
    }
}
