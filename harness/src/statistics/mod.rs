//! What may be said of differences between retrievers that answered the same queries.

pub mod bootstrap;
pub mod change_points;
pub mod effect;
pub mod frontier;
pub mod holm;
pub mod permutation;
pub mod power;
pub mod ranks;
pub mod rounds;
pub mod wilcoxon;

use crate::summary::Estimate;

/// The level at which a comparison is called significant, after Holm's correction.
pub const LEVEL: f64 = 0.05;

/// Two columns of values, one per query, NaN where there is none; and how their difference is to be seen.
#[derive(Clone, Debug)]
pub struct Paired {
    /// The trial's values.
    pub values: Vec<f64>,
    /// The reference's.
    pub reference: Vec<f64>,
    /// Which of its fellows it is corrected with; `None` for what does not compete.
    pub family: Option<usize>,
    /// Whether a win is a higher value.
    pub higher_is_better: bool,
}

/// A trial against the reference, over the queries for which both have a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// How many those are.
    pub n: usize,
    /// The reference's mean.
    pub reference_mean: f64,
    /// The trial's mean.
    pub mean: f64,
    /// Trial minus reference, with its 95 % interval.
    pub difference: Estimate,
    /// Of the sign-flip [permutation] test.
    pub p_permutation: f64,
    /// The same after [Holm's](holm) correction; `None` for what does not compete.
    pub p_holm: Option<f64>,
    /// Of [Wilcoxon's](wilcoxon) signed-rank test.
    pub p_wilcoxon: f64,
    /// Cohen's [`d_z`](effect::d_z).
    pub d_z: f64,
    /// [Cliff's delta](effect::cliffs_delta).
    pub cliffs_delta: f64,
    /// Queries where the trial is better, equal, worse.
    pub wins_ties_losses: [usize; 3],
    /// The [smallest difference](power) that so many queries would have shown; `None` where one is shown, where all
    /// differences are the same, or for what does not compete.
    pub smallest_detectable: Option<f64>,
}

impl Comparison {
    /// Whether the difference is significant at [`LEVEL`] after Holm's correction; `None` for what does not compete.
    pub fn significant(&self) -> Option<bool> {
        self.p_holm.map(|p| p < LEVEL)
    }
}

/// Values closer than this share of the largest are equal but for rounding.
const ROUNDING: f64 = 1e-12;

impl Paired {
    /// The least difference that is more than rounding.
    fn unit(&self) -> f64 {
        let sizes = self.values.iter().chain(&self.reference).map(|value| value.abs());
        (ROUNDING * sizes.fold(0.0, f64::max)).max(f64::MIN_POSITIVE)
    }

    /// The differences; those that are but rounding are none, or the same items in another order would win or lose.
    fn differences(&self) -> Vec<f64> {
        let unit = self.unit();
        let difference = |(a, b): (&f64, &f64)| if (a - b).abs() < unit { 0.0 } else { a - b };
        self.values.iter().zip(&self.reference).map(difference).collect()
    }

    /// Differences in whole units, for ranks: two that are equal but for rounding are tied.
    fn in_units(&self, differences: &[f64]) -> Vec<f64> {
        let unit = self.unit();
        differences.iter().map(|difference| (difference / unit).round()).collect()
    }
}

/// Compares each pair of columns, all of equal length; `None` where no query has both values.
pub fn compare(pairs: &[Paired], seed: u64) -> Vec<Option<Comparison>> {
    let columns: Vec<Vec<f64>> = pairs.iter().map(Paired::differences).collect();
    let families = pairs.iter().filter_map(|pair| pair.family).max().map_or(0, |last| last + 1);
    let mut members = vec![Vec::new(); families];
    for (i, (pair, column)) in pairs.iter().zip(&columns).enumerate() {
        if let Some(family) = pair.family.filter(|_| column.iter().any(|d| !d.is_nan())) {
            members[family].push(i);
        }
    }
    let p = permutation::p_values(&columns, members.iter().map(Vec::len).max().unwrap_or(1), seed);
    let mut p_holm = vec![None; pairs.len()];
    for members in members {
        let adjusted = holm::adjust(&members.iter().map(|&i| p[i]).collect::<Vec<_>>());
        members.into_iter().zip(adjusted).for_each(|(i, p)| p_holm[i] = Some(p));
    }
    let one = |(i, difference): (usize, Option<Estimate>)| {
        let (pair, column) = (&pairs[i], &columns[i]);
        let both = |values: &[f64]| -> Vec<f64> {
            values.iter().zip(column).filter(|(_, d)| !d.is_nan()).map(|(value, _)| *value).collect()
        };
        let (values, reference) = (both(&pair.values), both(&pair.reference));
        let mut comparison = Comparison {
            n: values.len(),
            reference_mean: bootstrap::mean(&reference),
            mean: bootstrap::mean(&values),
            difference: difference?,
            p_permutation: p[i],
            p_holm: p_holm[i],
            p_wilcoxon: wilcoxon::p_value(&pair.in_units(column)),
            d_z: effect::d_z(column),
            cliffs_delta: effect::cliffs_delta(&values, &reference),
            wins_ties_losses: effect::wins_ties_losses(column, pair.higher_is_better),
            smallest_detectable: None,
        };
        if comparison.significant() == Some(false) {
            comparison.smallest_detectable = power::smallest_detectable(column);
        }
        Some(comparison)
    };
    bootstrap::estimates(&columns, seed).into_iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(shift: f64, family: Option<usize>) -> Paired {
        let reference: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 60) / 60.0).collect();
        let values = reference.iter().enumerate().map(|(i, r)| r + shift + (i * 17 % 60) as f64 / 100.0 - 0.295);
        Paired { values: values.collect(), reference, family, higher_is_better: true }
    }

    #[test]
    fn only_what_competes_is_corrected() {
        let mut pairs = vec![paired(0.1, Some(0)), paired(0.0, Some(0)), paired(0.1, None), paired(0.1, Some(1))];
        pairs[1].values[7] = f64::NAN;
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

    #[test]
    fn what_differs_by_rounding_is_equal() {
        // Nine tenths less eight, and two less one, and so on: all the same but for rounding, as a tie in ranks must be.
        let tenths = |from: usize| (0..30).map(|i| ((i * 7 % 9) + from) as f64 / 10.0).collect::<Vec<_>>();
        let mut pair = Paired { values: tenths(1), reference: tenths(0), family: Some(0), higher_is_better: true };
        assert!(pair.values[1] - pair.reference[1] != pair.values[0] - pair.reference[0], "or nothing is tested");
        let found = compare(std::slice::from_ref(&pair), 5)[0].expect("values");
        assert_eq!(found.p_wilcoxon, wilcoxon::p_value(&[1.0; 30]));
        pair.values = pair.reference.iter().map(|value| value * (1.0 + 4.0 * f64::EPSILON)).collect();
        let found = compare(&[pair], 5)[0].expect("values");
        assert_eq!((found.wins_ties_losses, found.p_wilcoxon, found.p_permutation), ([0, 30, 0], 1.0, 1.0));
        assert_eq!((found.difference, found.d_z), (Estimate { mean: 0.0, lo: 0.0, hi: 0.0 }, 0.0));
    }

    #[test]
    fn the_same_twice_does_not_differ_and_nothing_is_not_compared() {
        let mut same = paired(0.0, Some(0));
        same.values.clone_from(&same.reference);
        let nothing = Paired { values: vec![f64::NAN; 60], ..same.clone() };
        let found = compare(&[same, nothing], 5);
        let same = found[0].expect("values");
        assert_eq!((same.p_permutation, same.p_wilcoxon, same.p_holm), (1.0, 1.0, Some(1.0)));
        assert_eq!((same.d_z, same.cliffs_delta, same.wins_ties_losses), (0.0, 0.0, [0, 60, 0]));
        assert_eq!(found[1], None);
    }
}
