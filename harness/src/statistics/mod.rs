//! Statistics of differences between retrievers that answered the same queries.

pub mod bootstrap;
pub mod change_points;
pub mod effect;
pub mod holm;
pub mod nemenyi;
pub mod permutation;
pub mod power;
pub mod ranks;
pub mod rounds;
pub mod wilcoxon;

pub use rounds::Round;

/// A mean over queries with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Lower end of the interval.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// The significance level of comparisons, after Holm's correction.
pub const LEVEL: f64 = 0.05;

/// Values that differ by less than this share of the largest differ only by rounding.
pub(crate) const ROUNDING: f64 = 1e-12;

/// The smallest difference between any of these values that is more than rounding.
fn rounding<'v>(values: impl Iterator<Item = &'v f64>) -> f64 {
    (ROUNDING * values.fold(0.0_f64, |most, value| most.max(value.abs()))).max(f64::MIN_POSITIVE)
}

/// A column of values, one per query, NaN if a query has none.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    values: &'a [f64],
    /// Values that differ by less differ only by rounding.
    unit: f64,
}

impl<'a> Column<'a> {
    /// A column of these values.
    pub fn new(values: &'a [f64]) -> Self {
        Self { values, unit: rounding(values.iter()) }
    }

    /// The values that are not NaN.
    fn present(&self) -> impl Iterator<Item = f64> + Clone + 'a {
        self.values.iter().copied().filter(|value| !value.is_nan())
    }

    /// Their mean; NaN if there are none.
    pub fn mean(&self) -> f64 {
        bootstrap::mean_of(self.present())
    }

    /// Whether they are all equal, up to rounding.
    fn is_constant(&self) -> bool {
        let (low, high) =
            self.present().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        high - low < self.unit
    }
}

impl AsRef<[f64]> for Column<'_> {
    fn as_ref(&self) -> &[f64] {
        self.values
    }
}

/// Two columns of values, one per query, NaN if a query has none, and how to compare them.
#[derive(Clone, Copy, Debug)]
pub struct Paired<'a> {
    /// The trial's values.
    pub values: &'a [f64],
    /// The reference's.
    pub reference: &'a [f64],
    /// Family for Holm's correction; `None` for oracles, which are not corrected.
    pub family: Option<usize>,
    /// Whether a win is a higher value.
    pub higher_is_better: bool,
}

/// A trial against the reference, over the queries for which both have a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The number of those queries.
    pub n: usize,
    /// The reference's mean.
    pub reference_mean: f64,
    /// The trial's mean.
    pub mean: f64,
    /// Trial minus reference, with its 95 % interval.
    pub difference: Estimate,
    /// p of the sign-flip [permutation] test.
    pub p_permutation: f64,
    /// The same after [Holm's](holm) correction; `None` for oracles.
    pub p_holm: Option<f64>,
    /// p of [Wilcoxon's](wilcoxon) signed-rank test.
    pub p_wilcoxon: f64,
    /// Cohen's [`d_z`](effect::d_z).
    pub d_z: f64,
    /// [Cliff's delta](effect::cliffs_delta).
    pub cliffs_delta: f64,
    /// The numbers of queries on which the trial is better, equal, and worse.
    pub wins_ties_losses: [usize; 3],
    /// The [smallest difference](power) that these queries can detect; `None` if the difference is significant, if all
    /// differences are equal, and for oracles.
    pub smallest_detectable: Option<f64>,
}

impl Comparison {
    /// Whether the difference is significant at [`LEVEL`] after Holm's correction; `None` for oracles.
    pub fn significant(&self) -> Option<bool> {
        self.p_holm.map(|p| p < LEVEL)
    }
}

impl Paired<'_> {
    /// Whether any query has a value in both columns.
    fn has_both(&self) -> bool {
        self.values.iter().zip(self.reference).any(|(a, b)| !(a - b).is_nan())
    }
}

/// The differences of two columns.
#[derive(Clone, Debug)]
pub struct PairedDifferences {
    values: Vec<f64>,
    /// The smallest difference of the original values that is more than rounding.
    unit: f64,
}

impl PairedDifferences {
    /// `values` minus `reference`, of equal length. Differences within rounding are 0: otherwise the same items in another order
    /// could win or lose.
    pub fn new(values: &[f64], reference: &[f64]) -> Self {
        let unit = rounding(values.iter().chain(reference));
        let difference = |(a, b): (&f64, &f64)| if (a - b).abs() < unit { 0.0 } else { a - b };
        Self { values: values.iter().zip(reference).map(difference).collect(), unit }
    }

    /// The differences as a column, with the rounding of the original values.
    pub fn column(&self) -> Column<'_> {
        Column { values: &self.values, unit: self.unit }
    }

    /// The differences in whole units of rounding, so that ranks have ties.
    pub fn in_units(&self) -> Vec<f64> {
        self.values.iter().map(|difference| (difference / self.unit).round()).collect()
    }
}

/// Pairs whose differences are held at a time, equal to the number resampled together.
const TOGETHER: usize = 512;

/// Compares each pair of columns, all of equal length; `None` if no query has both values.
pub fn compare(pairs: &[Paired<'_>], seed: u64) -> Vec<Option<Comparison>> {
    compare_together(&[pairs], seed).pop().unwrap_or_default()
}

/// Compares the pairs of each group. Columns have equal lengths within a group, and a family's correction is over all groups.
pub fn compare_together(groups: &[&[Paired<'_>]], seed: u64) -> Vec<Vec<Option<Comparison>>> {
    let pairs =
        || groups.iter().enumerate().flat_map(|(group, pairs)| (0..).zip(*pairs).map(move |(i, p)| (group, i, p)));
    let families = pairs().filter_map(|(.., pair)| pair.family).max().map_or(0, |last| last + 1);
    let mut members: Vec<Vec<(usize, usize)>> = vec![Vec::new(); families];
    for (group, i, pair) in pairs() {
        if let Some(family) = pair.family.filter(|_| pair.has_both()) {
            members[family].push((group, i));
        }
    }
    let largest = members.iter().map(Vec::len).max().unwrap_or(1);
    let of_group = |pairs: &&[Paired<'_>]| -> Vec<Option<Comparison>> {
        pairs.chunks(TOGETHER).flat_map(|pairs| compare_some(pairs, largest, seed)).collect()
    };
    let mut compared: Vec<Vec<Option<Comparison>>> = groups.iter().map(of_group).collect();
    for members in members {
        let p: Vec<f64> = members.iter().filter_map(|&(group, i)| Some(compared[group][i]?.p_permutation)).collect();
        for ((group, i), p) in members.into_iter().zip(holm::adjust(&p)) {
            compared[group][i].iter_mut().for_each(|comparison| comparison.p_holm = Some(p));
        }
    }
    // Only for differences that are corrected and not significant.
    let all = compared.iter_mut().flatten().flatten();
    for comparison in all.filter(|comparison| comparison.significant() != Some(false)) {
        comparison.smallest_detectable = None;
    }
    compared
}

/// Compares a few pairs without correction; `family` is the size of the largest family.
fn compare_some(pairs: &[Paired<'_>], family: usize, seed: u64) -> Vec<Option<Comparison>> {
    let differences: Vec<PairedDifferences> =
        pairs.iter().map(|pair| PairedDifferences::new(pair.values, pair.reference)).collect();
    let columns: Vec<Column<'_>> = differences.iter().map(PairedDifferences::column).collect();
    let p = permutation::p_values(&columns, family, seed);
    let one = |(i, difference): (usize, Option<Estimate>)| {
        let (pair, column) = (&pairs[i], columns[i]);
        let both = |values: &[f64]| -> Vec<f64> {
            values.iter().zip(column.values).filter(|(_, d)| !d.is_nan()).map(|(value, _)| *value).collect()
        };
        let (values, reference) = (both(pair.values), both(pair.reference));
        Some(Comparison {
            n: values.len(),
            reference_mean: bootstrap::mean(&reference),
            mean: bootstrap::mean(&values),
            difference: difference?,
            p_permutation: p[i],
            p_holm: None,
            p_wilcoxon: wilcoxon::p_value(&differences[i].in_units()),
            d_z: effect::d_z(column),
            cliffs_delta: effect::cliffs_delta(&values, &reference),
            wins_ties_losses: effect::wins_ties_losses(column.values, pair.higher_is_better),
            smallest_detectable: power::smallest_detectable(column),
        })
    };
    bootstrap::estimates(&columns, seed).into_iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of a trial and of the reference.
    #[derive(Clone)]
    struct Both(Vec<f64>, Vec<f64>);

    impl Both {
        fn new(shift: f64) -> Self {
            let reference: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 60) / 60.0).collect();
            let values = reference.iter().enumerate().map(|(i, r)| r + shift + (i * 17 % 60) as f64 / 100.0 - 0.295);
            Self(values.collect(), reference)
        }

        fn paired(&self, family: Option<usize>) -> Paired<'_> {
            Paired { values: &self.0, reference: &self.1, family, higher_is_better: true }
        }
    }

    #[test]
    fn oracles_are_not_corrected() {
        let (shifted, mut alike) = (Both::new(0.1), Both::new(0.0));
        alike.0[7] = f64::NAN;
        let pairs = [shifted.paired(Some(0)), alike.paired(Some(0)), shifted.paired(None), shifted.paired(Some(1))];
        let found: Vec<Comparison> = compare(&pairs, 5).into_iter().map(|c| c.expect("values")).collect();
        assert_eq!(found[0].p_holm, Some(2.0 * found[0].p_permutation));
        assert_eq!((found[2].p_permutation, found[2].p_holm), (found[0].p_permutation, None));
        assert_eq!(found[3].p_holm, Some(found[3].p_permutation), "alone in its family");
        assert_eq!([found[0].n, found[1].n], [60, 59]);
        assert_eq!(
            found.iter().map(Comparison::significant).collect::<Vec<_>>(),
            [Some(true), Some(false), None, Some(true)]
        );
        assert!(found[1].smallest_detectable.is_some_and(|least| least > found[1].difference.mean.abs()));
        assert_eq!([found[0].smallest_detectable, found[2].smallest_detectable], [None, None]);
        for comparison in &found {
            assert!((comparison.mean - comparison.reference_mean - comparison.difference.mean).abs() < 1e-12);
        }
    }

    /// As datasets with other numbers of queries are: one family over both.
    #[test]
    fn groups_share_the_correction_and_nothing_else() {
        let (shifted, alike) = (Both::new(0.1), Both::new(0.0));
        let short = Both(shifted.0[..20].to_vec(), shifted.1[..20].to_vec());
        let groups =
            [vec![shifted.paired(Some(0)), alike.paired(Some(0))], vec![short.paired(Some(0)), short.paired(None)]];
        let groups: Vec<&[Paired<'_>]> = groups.iter().map(Vec::as_slice).collect();
        let found = compare_together(&groups, 5);
        let of = |group: usize, i: usize| found[group][i].expect("values");
        assert_eq!([of(0, 0).n, of(1, 0).n], [60, 20]);
        let p = [of(0, 0), of(0, 1), of(1, 0)].map(|comparison| comparison.p_permutation);
        let expected = holm::adjust(&p);
        assert_eq!(
            [of(0, 0), of(0, 1), of(1, 0)].map(|comparison| comparison.p_holm.expect("corrected")).to_vec(),
            expected
        );
        assert_eq!(of(1, 1).p_holm, None);
        // Alone, it is corrected for itself.
        let alone = compare(groups[1], 5)[0].expect("values");
        assert_eq!((alone.p_permutation, alone.p_holm), (of(1, 0).p_permutation, Some(of(1, 0).p_permutation)));
    }

    #[test]
    fn values_that_differ_by_rounding_are_equal() {
        // Nine tenths less eight, and two less one, and so on: all the same but for rounding, as a tie in ranks must be.
        let tenths = |from: usize| (0..30).map(|i| ((i * 7 % 9) + from) as f64 / 10.0).collect::<Vec<_>>();
        let mut both = Both(tenths(1), tenths(0));
        assert!(both.0[1] - both.1[1] != both.0[0] - both.1[0], "or nothing is tested");
        let found = compare(&[both.paired(Some(0))], 5)[0].expect("values");
        assert_eq!(found.p_wilcoxon, wilcoxon::p_value(&[1.0; 30]));
        assert_eq!((found.difference.lo, found.difference.hi), (found.difference.mean, found.difference.mean));
        assert!(found.d_z.is_nan() && found.smallest_detectable.is_none(), "{found:?}");
        // Far from 0 the same tenths are less exact.
        let far = |values: &[f64]| values.iter().map(|value| value + 1e6).collect::<Vec<_>>();
        let found = compare(&[Both(far(&both.0), far(&both.1)).paired(Some(0))], 5)[0].expect("values");
        assert_eq!((found.difference.lo, found.difference.hi), (found.difference.mean, found.difference.mean));
        assert!(found.d_z.is_nan() && found.smallest_detectable.is_none(), "{found:?}");
        both.0 = both.1.iter().map(|value| value * (1.0 + 4.0 * f64::EPSILON)).collect();
        let found = compare(&[both.paired(Some(0))], 5)[0].expect("values");
        assert_eq!((found.wins_ties_losses, found.p_wilcoxon, found.p_permutation), ([0, 30, 0], 1.0, 1.0));
        assert_eq!((found.difference, found.d_z), (Estimate { mean: 0.0, lo: 0.0, hi: 0.0 }, 0.0));
        assert_eq!(found.cliffs_delta, 0.0);
    }

    #[test]
    fn equal_columns_do_not_differ_and_empty_columns_are_not_compared() {
        let mut both = Both::new(0.0);
        both.0.clone_from(&both.1);
        let nothing = Both(vec![f64::NAN; 60], both.1.clone());
        let found = compare(&[both.paired(Some(0)), nothing.paired(Some(0))], 5);
        let same = found[0].expect("values");
        assert_eq!((same.p_permutation, same.p_wilcoxon, same.p_holm), (1.0, 1.0, Some(1.0)));
        assert_eq!((same.d_z, same.cliffs_delta, same.wins_ties_losses), (0.0, 0.0, [0, 60, 0]));
        assert_eq!(found[1], None);
    }
}
