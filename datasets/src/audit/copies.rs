//! Rows that are there twice, or nearly so.

use super::rows::{SameRows, equal};
use super::{Check, Finding, Subject, counted, percent};
use rayon::prelude::*;
use swath_algorithms::kernel::median;
use swath_algorithms::nearest::nearest_others;
use swath_algorithms::{Distance, random};

/// Base points that equal an earlier one.
pub struct BaseCopies;

/// Queries that equal an earlier one.
pub struct QueryCopies;

/// Base points that nearly equal another.
pub struct NearCopies;

/// Queries that equal a base point.
pub struct Leaks;

/// A share of exact copies below this changes results little.
const RARE: f64 = 0.001;
/// Base points whose nearest others are searched for.
const SAMPLE: usize = 200;
/// Nearest others that are looked at: the first that is no exact copy counts.
const OTHERS: usize = 10;
/// A near copy is nearer than this part of the usual distance to the nearest.
const PART: f64 = 0.1;
/// The usual distance to the nearest counts as at least this part of the median distance of two points.
const LEAST: f64 = 1e-4;
/// A share of near copies below this is what chance may bring in few dimensions.
const FEW: f64 = 0.02;

impl Check for BaseCopies {
    fn name(&self) -> &'static str {
        "exact copies"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let (copies, n) = (subject.same_rows().copies(), subject.dataset.train.len());
        let Some(&(row, first)) = copies.first() else {
            return vec![Finding::fine("no base point equals another")];
        };
        let what = format!(
            "{} an earlier one: row {row} equals row {first}",
            counted(copies.len(), n, "base points", ["equals", "equal"])
        );
        let remedy = "keep the first of each and compute the true neighbours again; otherwise results repeat, and recall \
                      depends on which copy is found";
        let is_rare = (copies.len() as f64) < RARE * n as f64;
        let finding = if is_rare { Finding::note(what, remedy) } else { Finding::warning(what, remedy) };
        vec![finding.of(copies.len(), n, Some(row as usize))]
    }
}

impl Check for QueryCopies {
    fn name(&self) -> &'static str {
        "repeated queries"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let (same, m) = (SameRows::of(&subject.dataset.test), subject.dataset.test.len());
        let Some(&(row, first)) = same.copies().first() else {
            return vec![Finding::fine("no query equals another")];
        };
        let count = same.copies().len();
        let what = format!(
            "{} an earlier one: row {row} equals row {first}",
            counted(count, m, "queries", ["equals", "equal"])
        );
        let remedy = "keep the first of each: repeated queries count twice, and intervals are too narrow";
        vec![Finding::note(what, remedy).of(count, m, Some(row as usize))]
    }
}

impl Check for Leaks {
    fn name(&self) -> &'static str {
        "queries among the base points"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let (train, test, same) = (&subject.dataset.train, &subject.dataset.test, subject.same_rows());
        let queries = (0..test.len()).into_par_iter();
        let found: Vec<(usize, u32)> =
            queries.filter_map(|query| Some((query, same.find(train, test.row(query))?))).collect();
        let Some(&(query, row)) = found.first() else {
            return vec![Finding::fine("no query equals a base point")];
        };
        let what = format!(
            "{} a base point: query {query} equals base point {row}",
            counted(found.len(), test.len(), "queries", ["equals", "equal"])
        );
        let remedy = "leave these queries or base points out, and compute the true neighbours again: such a query finds \
                      itself, which is easy";
        vec![Finding::warning(what, remedy).of(found.len(), test.len(), Some(query))]
    }
}

impl Check for NearCopies {
    fn name(&self) -> &'static str {
        "near copies"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let (train, seed) = (subject.base.points(), subject.seed);
        let rows = random::sample(&mut random::stream(seed, "audited rows", 0), train.len(), SAMPLE);
        let items = subject.base.of_items();
        // By angle as the chord, which is in proportion to it where it is small.
        let metric = |distance: f64| match items.distance() {
            Distance::Angular => (2.0 * distance.max(0.0)).sqrt(),
            _ => distance,
        };
        let differs = |row: usize, other: u32| !equal(train.row(row), train.row(other as usize));
        let nearest = |(&row, others): (&usize, Vec<(u32, f64)>)| {
            let other = others.into_iter().find(|&(other, _)| differs(row, other));
            other.map(|(other, distance)| (metric(distance), row, other))
        };
        let found: Vec<(f64, usize, u32)> =
            rows.iter().zip(nearest_others(&items, &rows, OTHERS)).filter_map(nearest).collect();
        if found.len() < 10 {
            return Vec::new();
        }
        let mut apart: Vec<f64> = found.iter().map(|found| found.0).collect();
        apart.sort_unstable_by(f64::total_cmp);
        // Most, but not all, may have near copies: the tenth that is farthest tells what is usual. Where all have one, the distance
        // of any two does.
        let to_next = |pair: &[usize]| metric(items.distance_to(items.query(pair[0]), pair[1] as u32));
        let mut any_two: Vec<f64> = rows.windows(2).map(to_next).collect();
        let usual = apart[apart.len() * 9 / 10].max(LEAST * median(&mut any_two));
        let near: Vec<&(f64, usize, u32)> = found.iter().filter(|found| found.0 < PART * usual).collect();
        let rule = format!(
            "nearer to another than a tenth of {usual:.2e}, the usual distance to the nearest{}",
            if items.distance() == Distance::Angular { " (as a chord)" } else { "" }
        );
        let what = |says: String| format!("{says} {rule}");
        let Some(&&(distance, row, other)) = near.iter().min_by(|a, b| a.0.total_cmp(&b.0)) else {
            return vec![Finding::fine(what(format!("none of {} sampled base points is", found.len())))];
        };
        let says = counted(near.len(), found.len(), "sampled base points", ["is", "are"]);
        let what = what(says) + &format!("; rows {row} and {other} are {distance:.2e} apart");
        let remedy = format!(
            "about {} of the base points repeat others: look at such pairs, keep one of each, or measure how much selectors gain \
             on them",
            percent(near.len(), found.len())
        );
        let is_few = near.len() as f64 <= FEW * found.len() as f64;
        let finding = if is_few { Finding::note(what, remedy) } else { Finding::warning(what, remedy) };
        vec![finding.of(near.len(), found.len(), Some(row))]
    }
}
