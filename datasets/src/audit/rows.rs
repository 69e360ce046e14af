//! Rows that are equal, found by their hashes and then compared.

use rayon::prelude::*;
use swath_algorithms::Points;
use swath_algorithms::points::Point;

/// Rows that one thread hashes at once.
const ROWS_AT_ONCE: usize = 256;

/// The hashes of all rows, by which equal ones are found.
pub(crate) struct SameRows {
    /// Hash and number of each row, ascending.
    sorted: Vec<(u64, u32)>,
    /// Rows that equal an earlier one, ascending: the row and the first that it equals.
    copies: Vec<(u32, u32)>,
}

impl SameRows {
    pub(crate) fn of(points: &Points) -> Self {
        let rows = (0..points.len() as u32).into_par_iter().with_min_len(ROWS_AT_ONCE);
        let mut sorted: Vec<(u64, u32)> = rows.map(|row| (hash(points.row(row as usize)), row)).collect();
        sorted.par_sort_unstable();
        let mut copies = Vec::new();
        for group in sorted.chunk_by(|a, b| a.0 == b.0) {
            // Different rows rarely have one hash: there are few firsts.
            let mut firsts = vec![group[0].1];
            for &(_, row) in &group[1..] {
                let is_equal = |first: &&u32| equal(points.row(**first as usize), points.row(row as usize));
                match firsts.iter().find(is_equal) {
                    Some(&first) => copies.push((row, first)),
                    None => firsts.push(row),
                }
            }
        }
        copies.sort_unstable();
        Self { sorted, copies }
    }

    /// Rows that equal an earlier one, ascending, each with the first that it equals.
    pub(crate) fn copies(&self) -> &[(u32, u32)] {
        &self.copies
    }

    /// The first of `points`, of which these are the rows, that equals a row.
    pub(super) fn find(&self, points: &Points, row: Point<'_>) -> Option<u32> {
        let hash = hash(row);
        let start = self.sorted.partition_point(|&(other, _)| other < hash);
        let same = self.sorted[start..].iter().take_while(|&&(other, _)| other == hash);
        same.map(|&(_, at)| at).find(|&at| equal(points.row(at as usize), row))
    }
}

/// Whether two rows of one type have the same values. 0 has no sign.
pub(super) fn equal(a: Point<'_>, b: Point<'_>) -> bool {
    match (a, b) {
        (Point::Dense(a), Point::Dense(b)) => bytemuck::cast_slice::<_, f32>(a) == bytemuck::cast_slice::<_, f32>(b),
        (Point::Bits(a), Point::Bits(b)) => a == b,
        (Point::Set(a), Point::Set(b)) => a == b,
        (Point::Sparse(a), Point::Sparse(b)) => a.columns == b.columns && a.values == b.values,
        _ => false,
    }
}

/// A hash of a row's values, in which 0 has no sign.
fn hash(row: Point<'_>) -> u64 {
    let float = |value: &f32| u64::from((value + 0.0).to_bits());
    match row {
        Point::Dense(lines) => {
            let values: &[f32] = bytemuck::cast_slice(lines);
            mixed(values.chunks_exact(2).map(|pair| float(&pair[0]) | float(&pair[1]) << 32))
        }
        Point::Bits(bits) => mixed(bits.words.iter().copied()),
        Point::Set(members) => mixed(members.iter().map(|&member| member.into())),
        Point::Sparse(row) => {
            mixed(row.columns.iter().map(|&column| column.into()).chain(row.values.iter().map(float)))
        }
    }
}

/// Multiplies and rotates in four lanes, so that no word waits for the one before it.
fn mixed(words: impl Iterator<Item = u64>) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut lanes = [1, 2, 3, 4_u64];
    for (at, word) in words.enumerate() {
        let lane = &mut lanes[at % 4];
        *lane = (lane.rotate_left(29) ^ word).wrapping_mul(ODD);
    }
    lanes.into_iter().fold(0, |hash, lane| {
        let hash = (hash ^ lane).wrapping_mul(ODD);
        hash ^ (hash >> 32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use swath_algorithms::Vectors;

    #[test]
    fn equal_rows_are_found_and_others_are_not() {
        let rows = [[1.0, 0.0], [2.0, 5.0], [1.0, -0.0], [5.0, 2.0], [2.0, 5.0], [1.0, 0.0]];
        let points: Points = Vectors::new(rows.as_flattened(), 2).expect("finite").into();
        let same = SameRows::of(&points);
        assert_eq!(same.copies(), [(2, 0), (4, 1), (5, 0)]);
        let queries: Points = Vectors::new(&[5.0, 2.0, 0.0, 1.0], 2).expect("finite").into();
        assert_eq!((same.find(&points, queries.row(0)), same.find(&points, queries.row(1))), (Some(3), None));
    }

    /// A hash that all rows share must change nothing but time.
    #[test]
    fn rows_of_one_hash_are_compared() {
        let points: Points = Vectors::new(&[1.0, 2.0, 1.0, 3.0, 2.0], 1).expect("finite").into();
        let same = SameRows { sorted: (0..5).map(|row| (hash(points.row(1)), row)).collect(), copies: Vec::new() };
        assert_eq!(same.find(&points, points.row(4)), Some(1));
    }
}
