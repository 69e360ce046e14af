//! Columns that say nothing.

use super::{Check, Finding, Subject, counted};
use rayon::prelude::*;
use swath_algorithms::{Distance, Points};

/// Columns with the same value in every base vector.
pub struct ConstantColumns;

/// Rows that are looked at before columns that differ are left out.
const ROWS_AT_ONCE: usize = 4096;

impl Check for ConstantColumns {
    fn name(&self) -> &'static str {
        "columns"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let (n, dim, constant, are_zero) = match &subject.dataset.train {
            Points::Dense(vectors) => {
                let value = |row: usize, column: usize| vectors.row(row)[column];
                let differs = |row: usize, column: usize| value(row, column) != value(0, column);
                let (n, dim) = (vectors.rows(), vectors.dim());
                let constant = constant(n, dim, differs);
                let are_zero = constant.iter().all(|&column| value(0, column) == 0.0);
                (n, dim, constant, are_zero)
            }
            Points::Bits(bits) => {
                let differs = |row: usize, column: usize| bits.row(row).bit(column) != bits.row(0).bit(column);
                (bits.rows(), bits.dim(), constant(bits.rows(), bits.dim(), differs), false)
            }
            Points::Sets(_) | Points::Sparse(_) => return Vec::new(),
        };
        if n < 2 {
            return Vec::new();
        }
        let Some(&first) = constant.first() else {
            return vec![Finding::fine(format!("each of {dim} has more than one value"))];
        };
        let what = format!(
            "{} the same in all base points; the first is column {first}",
            counted(constant.len(), dim, "columns", ["is", "are"])
        );
        // By a cosine, a value that all share makes all of them more alike.
        let remedy = if subject.dataset.distance == Distance::Angular && !are_zero {
            "see whether they belong there: they bring all base points nearer to each other by angle, and without them the order of \
             base points is another"
        } else {
            "leave them out if they are of no use: they take memory and time, and change no order of base points"
        };
        vec![Finding::note(what, remedy).of(constant.len(), dim, Some(first))]
    }
}

/// Columns in which no row differs from the first. Most leave after a few rows.
fn constant(rows: usize, dim: usize, differs: impl Fn(usize, usize) -> bool + Sync) -> Vec<usize> {
    let mut left: Vec<usize> = (0..dim).collect();
    for start in (0..rows).step_by(ROWS_AT_ONCE) {
        let range = start..(start + ROWS_AT_ONCE).min(rows);
        left = left.into_par_iter().filter(|&column| !range.clone().any(|row| differs(row, column))).collect();
        if left.is_empty() {
            break;
        }
    }
    left
}
