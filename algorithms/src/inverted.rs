//! Inverted index: for each member or column, the rows that have it.

use crate::base_facts::BaseFacts;
use crate::points::{Point, PointType, Points};
use crate::scratch::SparseVector;
use std::ops::Range;

/// For each member of sets, or column of sparse vectors, the rows that have it, ascending, with their values.
#[derive(Clone, Debug, PartialEq)]
pub struct InvertedIndex {
    /// The columns that occur, ascending, if most do not; otherwise all columns are listed.
    occurring: Option<Vec<u32>>,
    /// The offset of each listed column's first row, and the end of the last column.
    offsets: Vec<u64>,
    rows: Vec<u32>,
    /// One for each of `rows`; none of sets, whose members all count 1.
    values: Vec<f32>,
}

impl InvertedIndex {
    /// Indexes sets or sparse vectors; other points have no columns, and give an empty index.
    pub fn new(points: &Points) -> Self {
        let (numbers, offsets, values): (&[u32], &[u64], &[f32]) = match points {
            Points::Sets(sets) => (sets.members(), sets.offsets(), &[]),
            Points::Sparse(vectors) => (vectors.columns(), vectors.offsets(), vectors.values()),
            Points::Dense(_) | Points::Bits(_) => (&[], &[0], &[]),
        };
        let occurring = is_scattered(points.dim(), numbers.len()).then(|| {
            let mut occurring = numbers.to_vec();
            occurring.sort_unstable();
            occurring.dedup();
            occurring
        });
        let listed = occurring.as_ref().map_or(points.dim(), Vec::len);
        // Every number that is asked for occurs.
        let place_of = |number: u32| match &occurring {
            Some(occurring) => occurring.partition_point(|&other| other < number),
            None => number as usize,
        };
        let mut ends = vec![0_u64; listed + 1];
        numbers.iter().for_each(|&number| ends[place_of(number) + 1] += 1);
        for column in 1..ends.len() {
            ends[column] += ends[column - 1];
        }
        let offsets_of_columns = ends.clone();
        let (mut rows, mut sorted) = (vec![0_u32; numbers.len()], vec![0.0_f32; values.len()]);
        for (row, range) in offsets.windows(2).enumerate() {
            for at in range[0] as usize..range[1] as usize {
                let place = &mut ends[place_of(numbers[at])];
                rows[*place as usize] = row as u32;
                if let Some(value) = values.get(at) {
                    sorted[*place as usize] = *value;
                }
                *place += 1;
            }
        }
        Self { occurring, offsets: offsets_of_columns, rows, values: sorted }
    }

    /// The places of the rows that have `column`, ascending.
    fn column(&self, column: u32) -> Range<usize> {
        let listed = match &self.occurring {
            Some(occurring) => occurring.binary_search(&column).ok(),
            None => Some(column as usize),
        };
        listed.map_or(0..0, |at| self.offsets[at] as usize..self.offsets[at + 1] as usize)
    }

    /// Adds to `products` the inner product of `of` with each row: of sets the number of common members. Each product is summed
    /// in the order of columns, so that it has the same bits as that of the two rows alone. Returns the number of terms.
    pub fn add_products(&self, of: Point<'_>, products: &mut [f64]) -> usize {
        let mut terms = 0;
        match of {
            Point::Set(members) => {
                for &member in members {
                    let rows = &self.rows[self.column(member)];
                    terms += rows.len();
                    rows.iter().for_each(|&row| products[row as usize] += 1.0);
                }
            }
            Point::Sparse(row) => {
                for (&column, &value) in row.columns.iter().zip(row.values) {
                    let range = self.column(column);
                    terms += range.len();
                    let value = f64::from(value);
                    for (&row, &other) in self.rows[range.clone()].iter().zip(&self.values[range]) {
                        products[row as usize] += value * f64::from(other);
                    }
                }
            }
            Point::Dense(_) | Point::Bits(_) => {}
        }
        terms
    }

    /// The same for `products` of few rows: those that have a column of `of`.
    pub fn add_to(&self, of: Point<'_>, products: &mut SparseVector) {
        match of {
            Point::Set(members) => {
                for &member in members {
                    self.rows[self.column(member)].iter().for_each(|&row| products.set(row, products.get(row) + 1.0));
                }
            }
            Point::Sparse(row) => {
                for (&column, &value) in row.columns.iter().zip(row.values) {
                    let (range, value) = (self.column(column), f64::from(value));
                    for (&row, &other) in self.rows[range.clone()].iter().zip(&self.values[range]) {
                        products.set(row, products.get(row) + value * f64::from(other));
                    }
                }
            }
            Point::Dense(_) | Point::Bits(_) => {}
        }
    }

    /// Bytes that an index of such points will hold.
    pub fn estimate(facts: &BaseFacts) -> usize {
        let value = if facts.kind == PointType::Sparse { size_of::<f32>() } else { 0 };
        let (listed, occurring) =
            if is_scattered(facts.dim, facts.numbers) { (facts.numbers, size_of::<u32>()) } else { (facts.dim, 0) };
        let offsets = listed.saturating_add(1).saturating_mul(size_of::<u64>() + occurring);
        facts.numbers.saturating_mul(size_of::<u32>() + value).saturating_add(offsets)
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let occurring = self.occurring.as_ref().map_or(0, |occurring| size_of_val(occurring.as_slice()));
        occurring
            + size_of_val(self.offsets.as_slice())
            + size_of_val(self.rows.as_slice())
            + size_of_val(self.values.as_slice())
    }
}

/// Whether most columns below `dim` certainly do not occur among so many `numbers`, as where columns are hashes: a list of all
/// columns would take memory for nothing.
fn is_scattered(dim: usize, numbers: usize) -> bool {
    dim / 2 > numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{Sets, SparseVectors, sets};

    #[test]
    fn products_have_the_bits_of_those_row_by_row() {
        let value = |i: usize| ((i as f32 * 12.9898).sin() * 437.585).fract();
        let (mut columns, mut values, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
        for row in 0..40 {
            for column in 0..25 {
                if value(row * 25 + column) > 0.3 {
                    columns.push(column as u32);
                    values.push(value(row * 31 + column) - 0.2);
                }
            }
            offsets.push(columns.len() as u64);
        }
        let all = Points::Sparse(SparseVectors::new(columns.clone(), values, offsets.clone(), 25).expect("valid"));
        let sets = Points::Sets(Sets::new(columns, offsets, 25).expect("valid"));
        // The same columns, far apart: most do not occur.
        let far = |row: Point<'_>| match row {
            Point::Sparse(row) => row.columns.iter().map(|column| column * 50_000_000).collect::<Vec<u32>>(),
            _ => unreachable!("sparse vectors"),
        };
        let rows: Vec<Vec<u32>> = (0..40).map(|row| far(all.row(row))).collect();
        let scattered = Points::Sets(Sets::from_rows(&rows, 2_000_000_000).expect("valid"));
        for points in [&all, &sets, &scattered] {
            let index = InvertedIndex::new(points);
            for i in 0..40 {
                let mut products = vec![0.0; 40];
                let terms = index.add_products(points.row(i), &mut products);
                let expected: Vec<f64> = (0..40)
                    .map(|j| match (points.row(i), points.row(j)) {
                        (Point::Sparse(a), Point::Sparse(b)) => a.dot(b),
                        (Point::Set(a), Point::Set(b)) => sets::common(a, b) as f64,
                        _ => unreachable!("rows of one type"),
                    })
                    .collect();
                assert_eq!(products, expected);
                assert!(terms > 0 && terms < 40 * 25);
            }
        }
    }
}
