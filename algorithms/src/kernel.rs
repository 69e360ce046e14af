//! Kernels: how similar two base points are, in `[0, 1]` (raw cosine: in `[-1, 1]`).

use crate::base::{Base, Query};
use crate::distance::Distance;
use crate::points::{Line, Measure, PointType, Vectors, dense};
use multiversion::multiversion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_PI_2, PI};

/// A similarity of two points. Dense vectors have `cosine`, `gram`, `rbf`, `geodesic` and `fisher-rao`; sparse vectors
/// `cosine`, `gram` and `geodesic`; bits `match` and `rbf`; sets `jaccard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// `max(0, cos)`.
    Cosine,
    /// `cos`, unclipped.
    Gram,
    /// `exp(-||a - b||^2 / (2 sigma^2))`; of bits `||a - b||^2` is the number of those that differ. Sigma is the median L2
    /// distance to the query: for euclidean that of the candidates found, whatever an expansion adds; otherwise that of the
    /// pool that a selector picks from.
    Rbf,
    /// `1 - angle / pi`.
    Geodesic,
    /// `1 - (2 / pi) arccos(sum of sqrt(p_i q_i))`. Each vector decides for itself what its distribution is: itself where it
    /// is one (no value below 0, sum within 1e-3 of 1), else its softmax.
    FisherRao,
    /// The share of bits that agree: 1 - hamming distance.
    Match,
    /// Common members over all members: 1 - jaccard distance. Two empty sets have 1; an empty set and a query have 0.
    Jaccard,
}

impl Kernel {
    /// All kernels.
    pub const ALL: [Self; 7] =
        [Self::Cosine, Self::Gram, Self::Rbf, Self::Geodesic, Self::FisherRao, Self::Match, Self::Jaccard];

    /// Its name in YAML.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Gram => "gram",
            Self::Rbf => "rbf",
            Self::Geodesic => "geodesic",
            Self::FisherRao => "fisher-rao",
            Self::Match => "match",
            Self::Jaccard => "jaccard",
        }
    }

    /// The kernel of coverage objectives and metrics for that distance, never negative.
    pub fn coverage(distance: Distance) -> Self {
        match distance {
            Distance::Angular | Distance::InnerProduct => Self::Cosine,
            Distance::Euclidean => Self::Rbf,
            Distance::Hamming => Self::Match,
            Distance::Jaccard => Self::Jaccard,
        }
    }

    /// The raw similarity for that distance, which MMR, determinants and redundancy use: positive semidefinite.
    pub fn raw(distance: Distance) -> Self {
        match distance {
            Distance::Angular | Distance::InnerProduct => Self::Gram,
            Distance::Euclidean => Self::Rbf,
            Distance::Hamming => Self::Match,
            Distance::Jaccard => Self::Jaccard,
        }
    }

    /// Whether points of that type have it. Sparse vectors have those of the cosine: squared distances computed from their
    /// inner products would lose their digits to cancellation.
    pub fn fits(self, kind: PointType) -> bool {
        match self {
            Self::FisherRao => kind == PointType::Dense,
            _ => self.measure().fits(kind),
        }
    }

    /// Why points of that type do not have it; `None` if they do.
    pub fn misfit(self, kind: PointType) -> Option<String> {
        let reason = match self {
            _ if self.fits(kind) => return None,
            Self::Cosine | Self::Gram | Self::Geodesic => format!("compares directions, and {kind} have none"),
            Self::Rbf if kind == PointType::Sparse => {
                "needs squared distances, which would not be precise enough when computed from products of sparse vectors"
                    .to_owned()
            }
            Self::Rbf => format!("compares lengths of differences, and {kind} have none"),
            Self::FisherRao => format!("compares distributions, and {kind} are none"),
            Self::Match => format!("compares bit by bit, and the dataset has {kind}"),
            Self::Jaccard => format!("compares sets, and the dataset has {kind}"),
        };
        Some(reason)
    }

    /// Whether every matrix of it is positive semidefinite, which a determinant needs. Clipping the cosine loses that.
    /// (`geodesic` is the probability that a random hyperplane does not part the two; `fisher-rao` is
    /// `(2 / pi) arcsin(u . v)`, a power series with positive coefficients; `match` is a mean of kernels, one for each bit;
    /// `jaccard` is the probability that a random order puts the same member first in both.)
    pub fn is_positive_semidefinite(self) -> bool {
        self != Self::Cosine
    }

    /// Whether it is never negative, so that sums of it are monotone.
    pub fn is_nonnegative(self) -> bool {
        self != Self::Gram
    }

    /// What it is computed from.
    pub(crate) fn measure(self) -> Measure {
        match self {
            Self::Cosine | Self::Gram | Self::Geodesic => Measure::Cosine,
            Self::Rbf | Self::FisherRao => Measure::SquaredDistance,
            Self::Match => Measure::DifferingShare,
            Self::Jaccard => Measure::Jaccard,
        }
    }

    /// The similarity for the measure of two vectors: their cosine; for [`Kernel::Rbf`] their squared distance; for
    /// [`Kernel::FisherRao`] the squared distance of the roots of their distributions.
    #[inline(always)]
    pub fn value(self, measure: f64, sigma: f64) -> f64 {
        match self {
            Self::Cosine => positive(measure),
            Self::Gram | Self::Jaccard => measure,
            Self::Match => 1.0 - measure,
            Self::Rbf => rbf(measure, sigma),
            Self::Geodesic => 1.0 - arccos(measure, half_versine(measure)) / PI,
            Self::FisherRao => 1.0 - arccos(1.0 - 0.5 * measure, 0.25 * measure) / FRAC_PI_2,
        }
    }

    /// Replaces each measure by its similarity.
    pub(crate) fn apply(self, measures: &mut [f64], sigma: f64) {
        match self {
            Self::Gram | Self::Jaccard => {}
            Self::Match => measures.iter_mut().for_each(|value| *value = 1.0 - *value),
            Self::Cosine => measures.iter_mut().for_each(|value| *value = positive(*value)),
            Self::Rbf => measures.iter_mut().for_each(|value| *value = rbf(*value, sigma)),
            Self::Geodesic => geodesics(measures),
            Self::FisherRao => fisher_raos(measures),
        }
    }

    /// The similarity of base points `a` and `b`, from scratch.
    pub fn between(self, base: &Base, a: u32, b: u32, sigma: f64) -> f64 {
        let measure = match self.roots(base, base.query(a as usize)) {
            Some(mut roots) => roots.squared_distance(b),
            None => base.measure_by(self.measure(), base.query(a as usize), b),
        };
        self.value(measure, sigma)
    }

    /// The similarity of a query and base point `id`, from scratch.
    pub fn to_query(self, base: &Base, query: Query<'_>, id: u32, sigma: f64) -> f64 {
        let measure = match self.roots(base, query) {
            Some(mut roots) => roots.squared_distance(id),
            None => base.measure_by(self.measure_to_query(), query, id),
        };
        self.value(measure, sigma)
    }

    fn roots<'b>(self, base: &'b Base, query: Query<'_>) -> Option<Roots<'b>> {
        (self == Self::FisherRao).then(|| Roots::new(base, query))
    }

    /// What it is computed from for a query and a base point.
    pub(crate) fn measure_to_query(self) -> Measure {
        match self.measure() {
            Measure::Jaccard => Measure::JaccardToQuery,
            measure => measure,
        }
    }
}

impl Kernel {
    /// Whether it is a function of [`Base::item_measure`] that falls as the distance grows.
    pub fn follows_items(self, distance: Distance) -> bool {
        self.measure() == distance.item_measure() && self != Self::FisherRao
    }

    /// Whether it is a function of [`Base::measure`] that falls as the distance grows, and so orders points as the distance
    /// does.
    pub fn follows(self, distance: Distance) -> bool {
        self.measure_to_query() == distance.measure() && self != Self::FisherRao
    }

    /// The `count` largest similarities of base points to a query, the largest first; all if there are fewer. They have the
    /// same bits as those of [`Kernel::to_query`].
    pub fn largest(self, base: &Base, query: Query<'_>, count: usize, sigma: f64) -> Vec<f64> {
        let ids = 0..base.len() as u32;
        let mut all: Vec<f64> = if let Some(mut roots) = self.roots(base, query) {
            ids.map(|id| self.value(roots.squared_distance(id), sigma)).collect()
        } else {
            ids.map(|id| self.to_query(base, query, id, sigma)).collect()
        };
        let descending = |a: &f64, b: &f64| b.total_cmp(a);
        if count < all.len() {
            all.select_nth_unstable_by(count, descending);
            all.truncate(count);
        }
        all.sort_unstable_by(descending);
        all
    }
}

/// Roots of the distributions of a query and of a row that it is compared with.
struct Roots<'b> {
    vectors: &'b Vectors,
    of_query: Vec<Line>,
    row: Vec<Line>,
}

impl<'b> Roots<'b> {
    fn new(base: &'b Base, query: Query<'_>) -> Self {
        let vectors = base.vectors();
        let mut of_query = query.lines().to_vec();
        roots_of_distribution(&mut of_query, vectors.dim());
        Self { vectors, row: of_query.clone(), of_query }
    }

    /// The squared distance of the query's roots and those of a row.
    fn squared_distance(&mut self, id: u32) -> f64 {
        self.row.copy_from_slice(self.vectors.lines(id as usize));
        roots_of_distribution(&mut self.row, self.vectors.dim());
        dense::squared_euclidean(&self.of_query, &self.row)
    }
}

/// `max(0, x)`, as one instruction.
#[inline(always)]
pub(crate) fn positive(value: f64) -> f64 {
    if value > 0.0 { value } else { 0.0 }
}

/// `exp(-squared / (2 sigma^2))`; for `sigma` 0, 1 at distance 0 and else 0.
#[inline]
pub fn rbf(squared: f64, sigma: f64) -> f64 {
    if sigma > 0.0 {
        (-squared / (2.0 * sigma * sigma)).exp()
    } else if squared == 0.0 {
        1.0
    } else {
        0.0
    }
}

/// The angle whose cosine is `cosine` and the square of whose half-angle's sine is `half = (1 - cosine) / 2`: near 0
/// only the latter is precise. A rational approximation in fixed order, so the same on every platform, and free of
/// branches, so that loops over it are vectorised; within 4e-16 of the truth, relatively.
#[inline(always)]
fn arccos(cosine: f64, half: f64) -> f64 {
    // asin(x) = x + x * ratio(x^2) for |x| <= 1/2: coefficients as in fdlibm.
    const P: [f64; 6] = [
        1.666_666_666_666_666_6e-1,
        -3.255_658_186_224_009e-1,
        2.012_125_321_348_629_3e-1,
        -4.005_553_450_067_941e-2,
        7.915_349_942_898_145e-4,
        3.479_331_075_960_212e-5,
    ];
    const Q: [f64; 4] =
        [-2.403_394_911_734_414, 2.020_945_760_233_505_7, -6.882_839_716_054_533e-1, 7.703_815_055_590_194e-2];
    let magnitude = cosine.abs();
    let steep = magnitude >= 0.5;
    // Towards cosine -1 the half-angle of the supplement is the small one.
    let small = if cosine > 0.0 { half } else { half_versine(magnitude) };
    let square = if steep { small } else { cosine * cosine };
    let root = if steep { square.max(0.0).sqrt() } else { magnitude };
    let p = square * (P[0] + square * (P[1] + square * (P[2] + square * (P[3] + square * (P[4] + square * P[5])))));
    let q = 1.0 + square * (Q[0] + square * (Q[1] + square * (Q[2] + square * Q[3])));
    let arcsine = root + root * (p / q);
    // The angle for the magnitude, then for its sign.
    let angle = if steep { 2.0 * arcsine } else { FRAC_PI_2 - arcsine };
    if cosine < 0.0 { PI - angle } else { angle }
}

/// `(1 - cosine) / 2`; 0 if a computed cosine cannot be told from 1, from which it may differ by some roundings.
/// Otherwise a vector would be at an angle of 1e-8 to itself.
#[inline(always)]
fn half_versine(cosine: f64) -> f64 {
    let half = 0.5 * (1.0 - cosine);
    if half < 1e-15 { 0.0 } else { half }
}

/// Angles of cosines, in place, in radians.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
pub(crate) fn angles(cosines: &mut [f64]) {
    for value in cosines {
        *value = arccos(*value, half_versine(*value));
    }
}

#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn geodesics(cosines: &mut [f64]) {
    for value in cosines {
        *value = Kernel::Geodesic.value(*value, 0.0);
    }
}

#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn fisher_raos(squares: &mut [f64]) {
    for value in squares {
        *value = Kernel::FisherRao.value(*value, 0.0);
    }
}

/// Turns a row of `dim` values into the square roots of its distribution: itself, if it is one (no value below 0, sum
/// within 1e-3 of 1), else its softmax.
pub(crate) fn roots_of_distribution(row: &mut [Line], dim: usize) {
    let values = &mut bytemuck::cast_slice_mut::<Line, f32>(row)[..dim];
    let sum: f64 = values.iter().map(|&v| f64::from(v)).sum();
    if (sum - 1.0).abs() > 1e-3 || values.iter().any(|&v| v < 0.0) {
        let highest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let power = |v: f32| f64::from(v - highest).exp();
        let total: f64 = values.iter().map(|&v| power(v)).sum();
        values.iter_mut().for_each(|v| *v = (power(*v) / total).sqrt() as f32);
    } else {
        values.iter_mut().for_each(|v| *v = (f64::from(*v) / sum).sqrt() as f32);
    }
}

/// The median: the mean of the middle two if the count is even; 0 if there are no values. Reorders `values`.
pub fn median(values: &mut [f64]) -> f64 {
    let (half, odd) = (values.len() / 2, values.len() % 2 == 1);
    if values.is_empty() {
        return 0.0;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    if odd {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{Bits, Sets, SparseVectors};
    use proptest::prelude::*;

    #[test]
    fn medians() {
        assert_eq!(median(&mut []), 0.0);
        assert_eq!(median(&mut [3.0]), 3.0);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn a_width_of_zero_tells_only_the_same_from_the_other() {
        assert_eq!(rbf(0.0, 0.0), 1.0);
        assert_eq!(rbf(1e-30, 0.0), 0.0);
        assert!((rbf(2.0, 1.0) - (-1.0_f64).exp()).abs() < 1e-15);
        assert_eq!(Kernel::Cosine.value(-0.5, 0.0), 0.0);
        assert_eq!(Kernel::Gram.value(-0.5, 0.0), -0.5);
    }

    #[test]
    fn angles_at_their_ends() {
        for (cosine, angle) in [(1.0, 0.0), (0.0, FRAC_PI_2), (-1.0, PI), (0.5, PI / 3.0), (-0.5, 2.0 * PI / 3.0)] {
            assert!((arccos(cosine, half_versine(cosine)) - angle).abs() < 1e-15, "{cosine}");
        }
        assert_eq!(Kernel::Geodesic.value(1.0, 0.0), 1.0);
        assert_eq!(Kernel::FisherRao.value(0.0, 0.0), 1.0);
        // A cosine that rounding moved off its end.
        for off in [f64::EPSILON / 2.0, 4.0 * f64::EPSILON] {
            assert_eq!(Kernel::Geodesic.value(1.0 - off, 0.0), 1.0);
            assert_eq!(Kernel::Geodesic.value(off - 1.0, 0.0), 0.0);
        }
        // Distributions without an element in common are a right angle apart.
        assert!(Kernel::FisherRao.value(2.0, 0.0).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn angles_are_those_of_the_platform(cosine in -1.0_f64..=1.0) {
            let mut both = [cosine; 9];
            angles(&mut both);
            prop_assert!((both[0] - cosine.acos()).abs() <= 4.0 * f64::EPSILON * cosine.acos().max(1e-3) || cosine > 1.0 - 3e-15);
            prop_assert!(both.iter().all(|angle| angle.to_bits() == both[0].to_bits()));
        }

        /// Against the definition, in distributions: `1 - (2 / pi) arccos(sum of sqrt(p q))`.
        #[test]
        fn fisher_rao_is_the_angle_of_the_roots(
            rows in proptest::collection::vec(proptest::collection::vec(-3.0_f32..3.0, 5), 2),
        ) {
            let base = Base::from_values(&rows.concat(), 5, Distance::Euclidean).expect("finite");
            let softmax = |row: &[f32]| {
                let total: f64 = row.iter().map(|&v| f64::from(v).exp()).sum();
                row.iter().map(|&v| f64::from(v).exp() / total).collect::<Vec<_>>()
            };
            let (p, q) = (softmax(&rows[0]), softmax(&rows[1]));
            let affinity: f64 = p.iter().zip(&q).map(|(p, q)| (p * q).sqrt()).sum();
            let expected = 1.0 - affinity.min(1.0).acos() / FRAC_PI_2;
            prop_assert!((Kernel::FisherRao.between(&base, 0, 1, 0.0) - expected).abs() < 1e-6);
            prop_assert_eq!(Kernel::FisherRao.between(&base, 0, 0, 0.0), 1.0);
        }
    }

    /// 30 dense vectors, bits, sets and sparse vectors.
    fn bases() -> [Base; 4] {
        let values: Vec<f32> = (0..90).map(|i| ((i * i) as f32 * 0.37).sin()).collect();
        let bits = Bits::pack((0..30 * 70).map(|i| (i * i) % 7 < 3), 70).expect("rows of 70");
        let rows: Vec<Vec<u32>> = (0..30).map(|i| (0..9).filter(|member| (i * member + i) % 5 < 2).collect()).collect();
        let offsets: Vec<u64> = (0..=30).map(|i| 3 * i).collect();
        let sparse = SparseVectors::new([1, 4, 5].repeat(30), values.clone(), offsets, 9).expect("valid");
        [
            Base::from_values(&values, 3, Distance::Angular).expect("finite"),
            Base::new(bits, Distance::Hamming),
            Base::new(Sets::from_rows(&rows, 9).expect("valid"), Distance::Jaccard),
            Base::new(sparse, Distance::InnerProduct),
        ]
    }

    #[test]
    fn the_largest_are_those_of_all() {
        for base in bases() {
            let kind = base.points().kind();
            for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.fits(kind)) {
                let mut all: Vec<f64> = (0..30).map(|id| kernel.to_query(&base, base.query(4), id, 0.7)).collect();
                all.sort_by(|a, b| b.total_cmp(a));
                assert_eq!(kernel.largest(&base, base.query(4), 7, 0.7), all[..7], "{kernel:?} of {kind}");
                assert_eq!(kernel.largest(&base, base.query(4), 40, 0.7), all, "{kernel:?} of {kind}");
            }
        }
    }

    #[test]
    fn a_kernel_fits_or_says_why_not() {
        let fitting =
            |kind| Kernel::ALL.into_iter().filter(|kernel| kernel.fits(kind)).map(Kernel::name).collect::<Vec<_>>();
        assert_eq!(fitting(PointType::Dense), ["cosine", "gram", "rbf", "geodesic", "fisher-rao"]);
        assert_eq!(fitting(PointType::Bits), ["rbf", "match"]);
        assert_eq!(fitting(PointType::Sets), ["jaccard"]);
        assert_eq!(fitting(PointType::Sparse), ["cosine", "gram", "geodesic"]);
        for (kernel, kind) in Kernel::ALL.into_iter().flat_map(|kernel| PointType::ALL.map(|kind| (kernel, kind))) {
            assert_eq!(kernel.misfit(kind).is_none(), kernel.fits(kind), "{kernel:?} of {kind}");
        }
        for distance in Distance::ALL {
            for kind in PointType::ALL.into_iter().filter(|&kind| distance.fits(kind)) {
                let (raw, coverage) = (Kernel::raw(distance), Kernel::coverage(distance));
                assert!(raw.fits(kind) && raw.is_positive_semidefinite(), "{distance}");
                assert!(coverage.fits(kind) && coverage.is_nonnegative(), "{distance}");
            }
        }
    }

    #[test]
    fn what_is_a_distribution_already_is_taken_as_it_is() {
        let base = Base::from_values(&[0.25, 0.75, 1.0, 0.0], 2, Distance::Euclidean).expect("finite");
        let expected = 1.0 - 0.25_f64.sqrt().acos() / FRAC_PI_2;
        assert!((Kernel::FisherRao.between(&base, 0, 1, 0.0) - expected).abs() < 1e-6);
    }

    /// The softmax of `[1, 0]` is `[0.731, 0.269]`, that of `[2, 0]` is `[0.881, 0.119]`: the first is a distribution and
    /// stays what it is, beside a vector that is none.
    #[test]
    fn each_vector_decides_for_itself_whether_it_is_a_distribution() {
        let base = Base::from_values(&[1.0, 0.0, 2.0, 0.0], 2, Distance::Euclidean).expect("finite");
        let share = 2.0_f64.exp() / (2.0_f64.exp() + 1.0);
        let expected = 1.0 - share.sqrt().acos() / FRAC_PI_2;
        assert!((Kernel::FisherRao.between(&base, 0, 1, 0.0) - expected).abs() < 1e-6);
        // One of two values below 0, and one whose sum is 1 + 2e-3: both take the softmax.
        let base = Base::from_values(&[1.5, -0.5, 0.502, 0.5], 2, Distance::Euclidean).expect("finite");
        let softmax = |a: f64, b: f64| [a.exp() / (a.exp() + b.exp()), b.exp() / (a.exp() + b.exp())];
        let (p, q) = (softmax(1.5, -0.5), softmax(0.502, 0.5));
        let expected = 1.0 - ((p[0] * q[0]).sqrt() + (p[1] * q[1]).sqrt()).acos() / FRAC_PI_2;
        assert!((Kernel::FisherRao.between(&base, 0, 1, 0.0) - expected).abs() < 1e-6);
    }
}
