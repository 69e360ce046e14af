//! True neighbours as a file stores them. Rows may be padded or slightly out of order; here they are put right.

use crate::check::{Flaw, first_of};
use crate::dataset::{NO_ID, Neighbors, Stored};
use std::collections::HashSet;
use swath_algorithms::{Distance, Points};

/// Largest relative disorder of distances in single precision that are computed as `|q|^2 + |x|^2 - 2 qx`.
const CANCELLED: f64 = 1e-4;

/// Largest relative disorder of distances that are rounded to single precision.
const ROUNDED: f64 = 1e-6;

/// True neighbours as a file stores them.
pub(crate) struct StoredNeighbors {
    /// Columns.
    pub count: usize,
    /// Ids, `m x count`. No neighbour is stored as -1, as the largest unsigned 32-bit number, or as any id at an infinite
    /// distance.
    pub ids: Vec<i64>,
    /// Distances, `m x count`.
    pub distances: Vec<f64>,
    /// The type that they are stored as.
    pub stored: Stored,
}

/// What was found in rows, or done to them.
#[derive(Default)]
struct Repairs {
    /// Rows with padding.
    short: usize,
    /// Rows with nothing but padding.
    empty: usize,
    /// Rows that were sorted.
    sorted: usize,
    /// Infinite distances that were computed again.
    infinite: usize,
}

impl StoredNeighbors {
    /// Turns distances that are counts of differing bits, as VIBE stores them, into shares. Which of the two they are is found
    /// by computing some of them again.
    pub fn shares_of_counts(&mut self, train: &Points, test: &Points, distance: Distance, notes: &mut Vec<String>) {
        /// Queries whose distances are computed again.
        const QUERIES: usize = 20;
        if distance != Distance::Hamming {
            return;
        }
        let dim = train.dim() as f64;
        let (mut from_shares, mut from_counts) = (0.0, 0.0);
        let cells = self.ids.iter().zip(&self.distances).enumerate().take(QUERIES.min(test.len()) * self.count);
        for (i, (&id, &stored)) in cells.filter(|(_, (_, stored))| stored.is_finite()) {
            let Some(id) = usize::try_from(id).ok().filter(|&id| id < train.len()) else { continue };
            let share = distance.between(test.row(i / self.count), train.row(id));
            from_shares += (stored - share).abs();
            from_counts += (stored - share * dim).abs();
        }
        if from_counts < from_shares {
            self.distances.iter_mut().for_each(|count| *count /= dim);
            // Whole numbers have no rounding that a share could show.
            if matches!(self.stored, Stored::Integer | Stored::Float32) {
                self.stored = Stored::Float64;
            }
            notes.push(format!("the distances in the file are counts of bits: they are read as shares of {dim} bits"));
        }
    }

    /// The neighbours by swath's rules: padding becomes [`NO_ID`] at an infinite distance, and rows are sorted. Repairs are
    /// noted.
    ///
    /// # Errors
    /// An id is not a row of `train`.
    pub fn repair(
        self,
        train: &Points,
        test: &Points,
        distance: Distance,
        notes: &mut Vec<String>,
    ) -> Result<Neighbors, Flaw> {
        let Self { count, ids, mut distances, stored } = self;
        let (n, m) = (train.len(), test.len());
        let mut repairs = Repairs::default();
        are_rows(&ids, count, n, "a row of `train`")?;
        let mut ids: Vec<u32> = ids.into_iter().map(|id| if is_padding(id) { NO_ID } else { id as u32 }).collect();
        for query in 0..m {
            let row = query * count..(query + 1) * count;
            let (ids, distances) = (&mut ids[row.clone()], &mut distances[row]);
            for (id, stored) in ids.iter_mut().zip(&mut *distances) {
                if *id != NO_ID && stored.is_infinite() {
                    // Either there is no neighbour, or its distance was too large for the type it was stored as.
                    let exact = distance.between(test.row(query), train.row(*id as usize));
                    if exact.abs() > f64::from(f32::MAX) && exact.signum() == stored.signum() {
                        *stored = exact;
                        repairs.infinite += 1;
                    } else if *stored > 0.0 {
                        *id = NO_ID;
                    }
                }
                if *id == NO_ID {
                    *stored = f64::INFINITY;
                }
            }
            let known = ids.iter().position(|&id| id == NO_ID).unwrap_or(count);
            repairs.short += usize::from(known < count);
            repairs.empty += usize::from(known == 0);
            repairs.sorted += usize::from(sort_if_nearly_sorted(&mut ids[..known], &mut distances[..known]));
        }
        repairs.note(count, m, notes);
        Ok(Neighbors { count, ids, distances, stored })
    }
}

fn is_padding(id: i64) -> bool {
    id == -1 || id == i64::from(u32::MAX)
}

/// Checks that ids, `count` for each query, are below `n` or padding; `what` they are, for messages.
pub(crate) fn are_rows(ids: &[i64], count: usize, n: usize, what: &str) -> Result<(), Flaw> {
    let wrong = |&(_, &id): &(usize, &i64)| !is_padding(id) && !(0..n as i64).contains(&id);
    let mut all_wrong = ids.iter().enumerate().filter(wrong);
    let Some((i, id)) = all_wrong.next() else { return Ok(()) };
    let found = first_of(format!("the value is {id}"), 1 + all_wrong.count());
    let at = format!("`neighbors`, row {}, column {}", i / count, i % count);
    Err(Flaw::new(at, found, format!("0 to {}: {what}", n - 1)))
}

/// Checks that no query, with `count` ids each, has an id twice.
pub(crate) fn is_each_once(ids: &[i64], count: usize) -> Result<(), Flaw> {
    let mut repeated = ids.chunks_exact(count).enumerate().filter_map(|(query, ids)| {
        let mut seen = HashSet::with_capacity(count);
        let second = ids.iter().position(|&id| !is_padding(id) && !seen.insert(id))?;
        Some((query, second, ids[second]))
    });
    let Some((query, column, id)) = repeated.next() else { return Ok(()) };
    let found = first_of(format!("the value is {id}, which the row has before"), 1 + repeated.count());
    Err(Flaw::new(format!("`neighbors`, row {query}, column {column}"), found, "each neighbour once"))
}

/// Sorts a row by distance, then id, if its disorder is more than rounding causes and no more than cancellation causes; returns
/// whether it did. [`crate::Dataset::check`] finds rows that are farther from order.
fn sort_if_nearly_sorted(ids: &mut [u32], distances: &mut [f64]) -> bool {
    let out_of_order = |by: f64| {
        // NaN compares as in order here; it is found later.
        distances.windows(2).any(|pair| pair[1] < pair[0] - by * pair[0].abs())
    };
    let within =
        |by: f64, least: f64| distances.windows(2).all(|pair| pair[1] >= pair[0] - (by * pair[0].abs()).max(least));
    if !out_of_order(ROUNDED) || !within(CANCELLED, ROUNDED) {
        return false;
    }
    let mut row: Vec<(f64, u32)> = distances.iter().copied().zip(ids.iter().copied()).collect();
    row.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for (i, (distance, id)) in row.into_iter().enumerate() {
        (distances[i], ids[i]) = (distance, id);
    }
    true
}

impl Repairs {
    fn note(&self, count: usize, queries: usize, notes: &mut Vec<String>) {
        if self.short > 0 {
            let empty = match self.empty {
                0 => String::new(),
                1 => "; 1 has none, and so no recall".to_owned(),
                empty => format!("; {empty} have none, and so no recall"),
            };
            let (have, their) = if self.short == 1 { ("has", "its") } else { ("have", "their") };
            notes.push(format!(
                "{} of {queries} queries {have} fewer than {count} true neighbours in the file: {their} recall counts only \
                 these{empty}",
                self.short
            ));
        }
        if self.sorted > 0 {
            notes.push(format!(
                "the true neighbours of {} of {queries} queries were out of order by up to {CANCELLED} of their distance, \
                 as rounding in single precision causes: they were sorted again",
                self.sorted
            ));
        }
        if self.infinite > 0 {
            notes.push(format!(
                "{} distances to true neighbours are infinite in the file because they exceed its type: they were computed \
                 again",
                self.infinite
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swath_algorithms::Vectors;

    fn line(values: &[f32]) -> Points {
        Vectors::new(values, 1).expect("finite").into()
    }

    fn repair(ids: &[i64], distances: &[f64], notes: &mut Vec<String>) -> Result<Neighbors, Flaw> {
        let truth =
            StoredNeighbors { count: 3, ids: ids.to_vec(), distances: distances.to_vec(), stored: Stored::Float32 };
        let (train, test) = (line(&[0.0, 1.0, 2.0, 3.0]), line(&[0.0, 3.0]));
        truth.repair(&train, &test, Distance::Euclidean, notes)
    }

    #[test]
    fn padding_is_not_read_as_a_neighbour() {
        let inf = f64::INFINITY;
        for none in [-1, i64::from(u32::MAX), 0] {
            let mut notes = Vec::new();
            let found = repair(&[0, 1, none, none, none, none], &[0.0, 1.0, inf, inf, inf, inf], &mut notes);
            let found = found.expect("valid");
            assert_eq!((found.ids(0), found.distances(0)), (&[0, 1][..], &[0.0, 1.0][..]));
            assert!(found.ids(1).is_empty() && found.distances(1).is_empty());
            assert_eq!(found.ids[2], NO_ID);
            assert_eq!(
                notes,
                [
                    "2 of 2 queries have fewer than 3 true neighbours in the file: their recall counts only these; 1 has \
                     none, and so no recall"
                ]
            );
        }
        assert!(repair(&[0, 1, -2, 3, 2, 1], &[0.0; 6], &mut Vec::new()).is_err());
    }

    #[test]
    fn rows_that_cancellation_put_out_of_order_are_sorted_and_noted() {
        let mut notes = Vec::new();
        let found = repair(&[0, 2, 1, 3, 2, 1], &[0.0, 1.00005, 1.0, 0.0, 1.0, 2.0], &mut notes).expect("valid");
        assert_eq!((found.ids(0), found.distances(0)), (&[0, 1, 2][..], &[0.0, 1.0, 1.00005][..]));
        assert_eq!(found.ids(1), [3, 2, 1]);
        assert!(notes[0].starts_with("the true neighbours of 1 of 2 queries were out of order"), "{notes:?}");
        // Disorder by rounding is left as it is; so is larger disorder, which the check refuses later.
        for distance in [1.0 - 5e-7, 0.99] {
            let mut notes = Vec::new();
            let found = repair(&[0, 2, 1, 3, 2, 1], &[0.0, 1.0, distance, 0.0, 1.0, 2.0], &mut notes).expect("valid");
            assert_eq!((found.ids(0), notes.len()), (&[0, 2, 1][..], 0));
        }
    }

    #[test]
    fn a_distance_that_is_too_large_for_its_type_is_computed_again() {
        let mut notes = Vec::new();
        let truth =
            StoredNeighbors { count: 2, ids: vec![0, 1], distances: vec![0.0, f64::INFINITY], stored: Stored::Float32 };
        let (train, test) = (line(&[3e38, -3e38]), line(&[3e38]));
        let found = truth.repair(&train, &test, Distance::Euclidean, &mut notes).expect("valid");
        assert_eq!(found.ids(0), [0, 1]);
        assert!((found.distances(0)[1] / 6e38 - 1.0).abs() < 1e-6 && notes.len() == 1, "{notes:?}");
    }

    /// An inner product that is too large becomes minus infinity; plus infinity still means no neighbour.
    #[test]
    fn a_product_that_is_too_large_for_its_type_is_computed_again() {
        let distances = vec![f64::NEG_INFINITY, -3e38, f64::INFINITY];
        let truth = StoredNeighbors { count: 3, ids: vec![0, 1, 2], distances, stored: Stored::Float32 };
        let (train, test) = (line(&[3e38, 1.0, -1.0]), line(&[3e38]));
        let found = truth.repair(&train, &test, Distance::InnerProduct, &mut Vec::new()).expect("valid");
        assert_eq!(found.ids(0), [0, 1]);
        assert!((found.distances(0)[0] / -9e76 - 1.0).abs() < 1e-6, "{:?}", found.distances);
    }
}
