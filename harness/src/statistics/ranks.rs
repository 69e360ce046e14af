//! Several retrievers ranked query by query, or dataset by dataset (Demsar 2006): mean ranks, Friedman's test, and which pairs
//! differ.

use super::{LEVEL, ROUNDING, holm, nemenyi, wilcoxon};
use statrs::distribution::{ChiSquared, ContinuousCDF};
use swath_algorithms::random;

/// Orders that are drawn for Friedman's test by permutation.
const DRAWN: usize = 20_000;

/// The ranking of retrievers.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Queries for which all of them have a value.
    pub queries: usize,
    /// The ranks in each of these queries.
    ranks: Vec<Vec<f64>>,
    /// The mean rank of each, 1 is best; equal values share the mean of their ranks.
    pub mean_ranks: Vec<f64>,
    /// Indices by rising mean rank.
    pub order: Vec<usize>,
    /// p of Friedman's test that all are equal, corrected for ties; 1 if all values of every query are equal.
    pub friedman: f64,
    /// The ends (places in `order`) of the longest runs in which no two differ significantly, by Wilcoxon's test of each pair,
    /// Holm-corrected over all pairs. Benavoli, Corani & Mangili (2016) prefer this to tests of mean ranks.
    pub groups: Vec<(usize, usize)>,
}

impl Ranking {
    /// Ranks columns of one value per query. A query is left out if any column has NaN for it. `None` for fewer than two columns
    /// or queries.
    pub fn new(columns: &[Vec<f64>], higher_is_better: bool) -> Option<Self> {
        let count = columns.len();
        let sign = if higher_is_better { -1.0 } else { 1.0 };
        let rows: Vec<Vec<f64>> = (0..columns.first()?.len())
            .map(|query| columns.iter().map(|column| sign * column[query]).collect::<Vec<f64>>())
            .filter(|row| row.iter().all(|value| !value.is_nan()))
            .collect();
        let queries = rows.len();
        if count < 2 || queries < 2 {
            return None;
        }
        let (mut ranks, mut ties) = (vec![vec![0.0; count]; queries], 0.0);
        for (row, ranks) in rows.iter().zip(&mut ranks) {
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
            let mut before = 0;
            // Values that differ only by rounding are equal, as in the tests.
            let size = row.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
            for equal in order.chunk_by(|&a, &b| row[b] - row[a] <= ROUNDING * size) {
                let rank = before as f64 + (equal.len() + 1) as f64 / 2.0;
                equal.iter().for_each(|&i| ranks[i] = rank);
                ties += (equal.len() as f64).powi(3) - equal.len() as f64;
                before += equal.len();
            }
        }
        let mean = |i: usize| ranks.iter().map(|ranks| ranks[i]).sum::<f64>() / queries as f64;
        let mean_ranks: Vec<f64> = (0..count).map(mean).collect();
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| mean_ranks[a].total_cmp(&mean_ranks[b]).then(a.cmp(&b)));
        let groups = groups(&rows, &order);
        Some(Self { queries, ranks, friedman: friedman(&mean_ranks, queries, ties), mean_ranks, order, groups })
    }

    /// p of Friedman's test by permutation: the share of 20,000 drawn orders, each query's ranks shuffled by themselves, whose mean
    /// ranks lie at least as far apart, with 1 added to both counts. It holds for few queries, for which that of
    /// [`friedman`](Self::friedman) is only an approximation.
    pub fn friedman_by_permutation(&self, seed: u64) -> f64 {
        let count = self.mean_ranks.len();
        // The sum over retrievers of the squared sum of ranks grows with the statistic. Ranks are halves of whole numbers, so
        // that sums are exact.
        let squares = |ranks: &[Vec<f64>]| {
            let sum = |i: usize| ranks.iter().map(|ranks| ranks[i]).sum::<f64>();
            (0..count).map(|i| sum(i).powi(2)).sum::<f64>()
        };
        let observed = squares(&self.ranks);
        let mut rng = random::stream(seed, "friedman", 0);
        let mut drawn = self.ranks.clone();
        let mut beyond = 0;
        for _ in 0..DRAWN {
            drawn.iter_mut().for_each(|ranks| random::shuffle(&mut rng, ranks));
            beyond += usize::from(squares(&drawn) >= observed);
        }
        (beyond + 1) as f64 / (DRAWN + 1) as f64
    }

    /// The difference of mean ranks from which on two retrievers differ by [Nemenyi's test](nemenyi).
    pub fn critical_difference(&self) -> f64 {
        nemenyi::critical_difference(LEVEL, self.mean_ranks.len(), self.queries)
    }

    /// p of Nemenyi's test of two retrievers.
    pub fn nemenyi(&self, a: usize, b: usize) -> f64 {
        nemenyi::p_value(self.mean_ranks[a] - self.mean_ranks[b], self.mean_ranks.len(), self.queries)
    }

    /// As [`groups`](Self::groups), by Nemenyi's test.
    pub fn nemenyi_groups(&self) -> Vec<(usize, usize)> {
        let critical = self.critical_difference();
        let differ =
            |a: usize, b: usize| (self.mean_ranks[self.order[a]] - self.mean_ranks[self.order[b]]).abs() > critical;
        runs(self.order.len(), differ)
    }
}

/// Friedman's test. Its statistic is divided by the share of the ranks' variance that ties leave.
fn friedman(mean_ranks: &[f64], queries: usize, ties: f64) -> f64 {
    let (n, k) = (queries as f64, mean_ranks.len() as f64);
    let spread: f64 = mean_ranks.iter().map(|rank| (rank - f64::midpoint(k, 1.0)).powi(2)).sum();
    let left = 1.0 - ties / (n * k * (k * k - 1.0));
    if left <= 0.0 {
        return 1.0;
    }
    let statistic = 12.0 * n / (k * (k + 1.0)) * spread / left;
    ChiSquared::new(k - 1.0).map_or(f64::NAN, |distribution| distribution.sf(statistic))
}

fn groups(rows: &[Vec<f64>], order: &[usize]) -> Vec<(usize, usize)> {
    let count = order.len();
    let pairs: Vec<(usize, usize)> = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))).collect();
    let p = |&(a, b): &(usize, usize)| {
        let size = rows.iter().flatten().fold(0.0_f64, |most, value| most.max(value.abs()));
        let difference = |row: &Vec<f64>| {
            let difference = row[order[a]] - row[order[b]];
            if difference.abs() <= ROUNDING * size { 0.0 } else { difference }
        };
        wilcoxon::p_value(&rows.iter().map(difference).collect::<Vec<_>>())
    };
    let adjusted = holm::adjust(&pairs.iter().map(p).collect::<Vec<_>>());
    let differ =
        |a: usize, b: usize| pairs.iter().position(|&pair| pair == (a, b)).is_some_and(|at| adjusted[at] < LEVEL);
    runs(count, differ)
}

/// The longest runs of neighbours in which no two differ.
fn runs(count: usize, differ: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for first in 0..count {
        let alike = |&last: &usize| (first..last).all(|other| (other + 1..=last).all(|next| !differ(other, next)));
        let last = (first + 1..count).take_while(alike).last().unwrap_or(first);
        if last > first && groups.last().is_none_or(|&(_, before)| last > before) {
            groups.push((first, last));
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_computed() {
        // Ranks per query: 1 2 3; 1 2 3; 1 3 2; 1.5 1.5 3.
        let columns = [vec![9.0, 9.0, 9.0, 5.0], vec![5.0, 5.0, 1.0, 5.0], vec![1.0, 1.0, 5.0, 1.0]];
        let ranking = Ranking::new(&columns, true).expect("ranked");
        assert_eq!(ranking.mean_ranks, [4.5 / 4.0, 8.5 / 4.0, 11.0 / 4.0]);
        assert_eq!(ranking.order, [0, 1, 2]);
        // 12 / (4 x 3 x 4) x (4.5^2 + 8.5^2 + 11^2) - 3 x 4 x 4 = 5.375, over 1 - 6 / (4 x 24) = 0.9375: 5.7333.
        assert!((ranking.friedman - (-5.375_f64 / 0.9375 / 2.0).exp()).abs() < 1e-12, "{}", ranking.friedman);
        // So few queries tell none apart.
        assert_eq!(ranking.groups, [(0, 2)]);
        let turned = Ranking::new(&columns, false).expect("ranked");
        assert_eq!(turned.order, [2, 1, 0]);
    }

    #[test]
    fn friedman_by_permutation_is_near_the_exact_share() {
        // Three retrievers in the same order on three datasets: of 6^3 orders, 6 are as extreme.
        let columns = [vec![3.0; 3], vec![2.0; 3], vec![1.0; 3]];
        let ranking = Ranking::new(&columns, true).expect("ranked");
        let p = ranking.friedman_by_permutation(9);
        assert!((p - 6.0 / 216.0).abs() < 0.005, "{p}");
        assert_eq!(ranking.friedman_by_permutation(9), p);
        let same = Ranking::new(&vec![vec![0.5; 4]; 3], true).expect("ranked");
        assert_eq!(same.friedman_by_permutation(9), 1.0);
    }

    #[test]
    fn pairs_beyond_the_critical_difference_differ() {
        // Four retrievers, always in the same order: over 12 datasets the first differs from the last two.
        let columns: Vec<Vec<f64>> = (0..4).map(|i| vec![-f64::from(i); 12]).collect();
        let ranking = Ranking::new(&columns, true).expect("ranked");
        let critical = ranking.critical_difference();
        assert!(critical > 1.0 && critical < 2.0, "{critical}");
        assert_eq!(ranking.nemenyi_groups(), [(0, 1), (1, 2), (2, 3)]);
        assert!(ranking.nemenyi(0, 2) < LEVEL && ranking.nemenyi(0, 1) > LEVEL);
        assert_eq!(ranking.nemenyi(1, 1), 1.0);
    }

    #[test]
    fn groups_are_the_longest_runs_without_a_significant_pair() {
        let noise = |seed: usize| (0..60).map(move |q| (((q + 1) * seed) as f64 * 12.9898).sin());
        // The first two alike, the third far below.
        let columns: Vec<Vec<f64>> = vec![noise(1).collect(), noise(2).collect(), noise(3).map(|v| v - 30.0).collect()];
        let ranking = Ranking::new(&columns, true).expect("ranked");
        assert_eq!(ranking.order[2], 2);
        assert_eq!(ranking.groups, [(0, 1)]);
        assert!(ranking.friedman < 1e-10);
    }

    #[test]
    fn equals_and_queries_without_values() {
        let same = vec![vec![0.5; 20]; 3];
        let ranking = Ranking::new(&same, true).expect("ranked");
        assert_eq!((ranking.mean_ranks, ranking.friedman), (vec![2.0; 3], 1.0));
        let gaps = [vec![1.0, f64::NAN, 3.0, 4.0], vec![0.0, 1.0, f64::NAN, 3.0]];
        assert_eq!(Ranking::new(&gaps, true).expect("ranked").queries, 2);
        assert_eq!(Ranking::new(&gaps[..1], true), None);
        assert_eq!(Ranking::new(&[vec![f64::NAN; 3], vec![1.0; 3]], true), None);
    }
}
