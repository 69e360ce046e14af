//! Inverted index: for each member or column, the rows that have it.

use crate::base_facts::BaseFacts;
use crate::points::{Point, PointType, Points};
use crate::scratch::SparseVector;

/// For each member of sets, or column of sparse vectors, the rows that have it, ascending, with their values.
#[derive(Clone, Debug, PartialEq)]
pub struct InvertedIndex {
    /// The offset of each column's first row, and the end of the last column.
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
        let mut ends = vec![0_u64; points.dim() + 1];
        numbers.iter().for_each(|&number| ends[number as usize + 1] += 1);
        for column in 1..ends.len() {
            ends[column] += ends[column - 1];
        }
        let offsets_of_columns = ends.clone();
        let (mut rows, mut sorted) = (vec![0_u32; numbers.len()], vec![0.0_f32; values.len()]);
        for (row, range) in offsets.windows(2).enumerate() {
            for at in range[0] as usize..range[1] as usize {
                let place = &mut ends[numbers[at] as usize];
                rows[*place as usize] = row as u32;
                if let Some(value) = values.get(at) {
                    sorted[*place as usize] = *value;
                }
                *place += 1;
            }
        }
        Self { offsets: offsets_of_columns, rows, values: sorted }
    }

    /// The rows that have `column`, ascending, with the place of the first in all.
    fn column(&self, column: u32) -> std::ops::Range<usize> {
        self.offsets[column as usize] as usize..self.offsets[column as usize + 1] as usize
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
        let offsets = facts.dim.saturating_add(1).saturating_mul(size_of::<u64>());
        facts.numbers.saturating_mul(size_of::<u32>() + value).saturating_add(offsets)
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(self.offsets.as_slice()) + size_of_val(self.rows.as_slice()) + size_of_val(self.values.as_slice())
    }
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
        for points in [&all, &sets] {
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
