//! Rows that are there twice.

use super::rows::SameRows;
use super::{Check, Finding, Subject, counted};
use crate::dataset::Dataset;
use rayon::prelude::*;
use swath_algorithms::Distance;

/// Base points that equal an earlier one.
pub struct BaseCopies;

/// Queries that equal an earlier one.
pub struct QueryCopies;

/// Queries that equal a base point; by angle, those that point the same way.
pub struct Leaks;

/// A share of exact copies below this changes results little.
const RARE: f64 = 0.001;

/// Cosines that differ from 1 by no more are those of vectors that only their lengths and the rounding of 32-bit floats tell apart.
pub(super) const ROUNDING: f64 = 1e-14;

/// The base point that the angular distance cannot tell from a query: its nearest, as the dataset has it.
fn same_direction(dataset: &Dataset, query: usize) -> Option<u32> {
    let nearest = *dataset.neighbors.ids(query).first()?;
    let distance = || dataset.distance.between(dataset.test.row(query), dataset.train.row(nearest as usize));
    (dataset.distance == Distance::Angular && distance() <= ROUNDING).then_some(nearest)
}

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
        let equal = |query: usize| same.find(train, test.row(query)).or_else(|| same_direction(subject.dataset, query));
        let found: Vec<(usize, u32)> = queries.filter_map(|query| Some((query, equal(query)?))).collect();
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
