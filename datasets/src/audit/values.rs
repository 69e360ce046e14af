//! Whole numbers that are stored as floats.

use super::{Check, Finding, Subject};
use crate::dataset::Dataset;
use rayon::prelude::*;
use swath_algorithms::{Distance, Points, Vectors};

/// Whether all values are whole numbers, which a smaller type holds.
pub struct WholeNumbers;

/// The types that hold whole numbers in few bytes, with their ranges.
const TYPES: [(&str, f32, f32); 2] = [("uint8", 0.0, 255.0), ("int8", -128.0, 127.0)];

/// The range of no values.
const NONE: (f32, f32) = (f32::INFINITY, f32::NEG_INFINITY);

impl Check for WholeNumbers {
    fn name(&self) -> &'static str {
        "values"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let Points::Dense(vectors) = &subject.dataset.train else { return Vec::new() };
        let Some((low, high)) = whole_range(vectors) else {
            return vec![Finding::fine("they have fractions: floats are the right type")];
        };
        let says = format!("all values of base vectors are whole numbers, from {low} to {high}");
        // The hamming distance is the square of the euclidean one, and has no such relation to others.
        let are_bits =
            |points: &Points| points.dense().and_then(whole_range).is_some_and(|(low, high)| low >= 0.0 && high <= 1.0);
        let Dataset { train, test, distance, .. } = subject.dataset;
        if *distance == Distance::Euclidean && are_bits(train) && are_bits(test) {
            let remedy = "store all vectors as bits, with the distance hamming: the same order in a 32nd of the bytes, and faster";
            return vec![Finding::note(says, remedy)];
        }
        let fitting = TYPES.iter().find(|(_, least, most)| low >= *least && high <= *most);
        vec![match fitting {
            Some((name, ..)) => Finding::note(
                says,
                format!("store them as {name}, unless they are: exact, in a quarter of the bytes of float32"),
            ),
            None => Finding::fine(says),
        }]
    }
}

/// The smallest and the largest value, if all are whole numbers.
fn whole_range(vectors: &Vectors) -> Option<(f32, f32)> {
    let range = |row: usize| {
        let values = vectors.row(row);
        let is_whole = values.iter().all(|value| value.fract() == 0.0);
        // 0 has no sign.
        let wider = |(low, high): (f32, f32), &x: &f32| (low.min(x + 0.0), high.max(x + 0.0));
        is_whole.then(|| values.iter().fold(NONE, wider))
    };
    // Ends at the first row with a fraction.
    let all = (0..vectors.rows()).into_par_iter().map(range);
    let found = all.try_reduce(|| NONE, |a, b| Some((a.0.min(b.0), a.1.max(b.1))));
    found.filter(|(low, high)| low <= high)
}
