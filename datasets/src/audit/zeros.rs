//! Rows without content.

use super::{Check, Finding, Subject, counted};
use rayon::prelude::*;
use swath_algorithms::points::{Point, PointType};
use swath_algorithms::{Distance, Points};

/// Vectors that are all zeros, and sets without members.
pub struct Zeros;

impl Check for Zeros {
    fn name(&self) -> &'static str {
        "empty rows"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let dataset = subject.dataset;
        let what = match dataset.train.kind() {
            PointType::Sets => "without members",
            _ => "all zeros",
        };
        let arrays = [("base points", &dataset.train), ("queries", &dataset.test)];
        let found = arrays.into_iter().filter_map(|(name, points)| finding(name, points, what, dataset.distance));
        let found: Vec<Finding> = found.collect();
        if found.is_empty() { vec![Finding::fine(format!("no base point or query is {what}"))] } else { found }
    }
}

fn finding(name: &str, points: &Points, what: &str, distance: Distance) -> Option<Finding> {
    let empty: Vec<usize> = (0..points.len()).into_par_iter().filter(|&row| is_empty(points.row(row))).collect();
    let first = *empty.first()?;
    let says = format!("{} {what}; the first is row {first}", counted(empty.len(), points.len(), name, ["is", "are"]));
    let finding = match distance {
        Distance::Angular => Finding::warning(
            format!("{says}; such a vector has no angle: its distance to everything is taken as 1"),
            "leave these rows out, or find out why they are empty: failed embeddings look like this",
        ),
        Distance::Jaccard => Finding::warning(
            format!("{says}; the distance of such a set to every other is 1"),
            "leave these rows out: they have no neighbours",
        ),
        Distance::InnerProduct => Finding::warning(
            format!("{says}; the product of such a vector with everything is 0"),
            "leave these rows out, or find out why they are empty: failed embeddings look like this",
        ),
        Distance::Euclidean | Distance::Hamming => {
            Finding::note(says, "find out whether they are meant: failed embeddings look like this")
        }
    };
    Some(finding.of(empty.len(), points.len(), Some(first)))
}

fn is_empty(row: Point<'_>) -> bool {
    match row {
        Point::Dense(lines) => lines.iter().all(|line| line.0 == [0.0; 16]),
        Point::Bits(bits) => bits.words.iter().all(|&word| word == 0),
        Point::Set(members) => members.is_empty(),
        Point::Sparse(row) => row.values.iter().all(|&value| value == 0.0),
    }
}
