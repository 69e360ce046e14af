//! Points that are the same.

use crate::points::{Point, Points};
use rayon::prelude::*;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The points that are the same as one with a lower id. A graph holds only the first of them: many of the same would fill the
/// edges of all that are near them, and the walks, and hide other points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Twins {
    /// The first of the same, and each other one: ascending.
    pairs: Vec<(u32, u32)>,
}

impl Twins {
    /// Finds them.
    pub fn of(points: &Points) -> Self {
        let mut hashed: Vec<(u64, u32)> =
            (0..points.len() as u32).into_par_iter().map(|id| (hash(points.row(id as usize)), id)).collect();
        hashed.par_sort_unstable();
        let mut pairs = Vec::new();
        for run in hashed.chunk_by(|a, b| a.0 == b.0) {
            // Hardly ever more than one.
            let mut firsts: Vec<u32> = Vec::with_capacity(1);
            for &(_, id) in run {
                let same = |first: &&u32| are_same(points.row(**first as usize), points.row(id as usize));
                match firsts.iter().find(same) {
                    Some(&first) => pairs.push((first, id)),
                    None => firsts.push(id),
                }
            }
        }
        pairs.sort_unstable();
        Self { pairs }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// For each of `rows` points whether it is the same as one with a lower id.
    pub fn are_later(&self, rows: usize) -> Vec<bool> {
        let mut later = vec![false; rows];
        self.pairs.iter().for_each(|&(_, id)| later[id as usize] = true);
        later
    }

    /// Those that are the same as `first`, ascending.
    pub fn others(&self, first: u32) -> impl Iterator<Item = u32> + '_ {
        let start = self.pairs.partition_point(|pair| pair.0 < first);
        self.pairs[start..].iter().take_while(move |pair| pair.0 == first).map(|&(_, id)| id)
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        size_of_val(self.pairs.as_slice())
    }
}

fn hash(point: Point<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    // 0 has no sign.
    let mut values = |values: &[f32]| values.iter().for_each(|value| (value + 0.0).to_bits().hash(&mut hasher));
    match point {
        Point::Dense(lines) => values(bytemuck::cast_slice(lines)),
        Point::Sparse(row) => {
            values(row.values);
            row.columns.hash(&mut hasher);
        }
        Point::Bits(row) => row.words.hash(&mut hasher),
        Point::Set(members) => members.hash(&mut hasher),
    }
    hasher.finish()
}

fn are_same(a: Point<'_>, b: Point<'_>) -> bool {
    match (a, b) {
        (Point::Dense(a), Point::Dense(b)) => {
            let (a, b): (&[f32], &[f32]) = (bytemuck::cast_slice(a), bytemuck::cast_slice(b));
            a == b
        }
        (Point::Sparse(a), Point::Sparse(b)) => a == b,
        (Point::Bits(a), Point::Bits(b)) => a == b,
        (Point::Set(a), Point::Set(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{Sets, Vectors};

    #[test]
    fn the_same_points_are_found_whatever_the_sign_of_their_zeros() {
        let vectors = Vectors::new(&[1.0, 0.0, 2.0, 0.0, 1.0, -0.0, 2.0, 0.0, 1.0, 0.0, 3.0, 0.0], 2).expect("finite");
        let twins = Twins::of(&vectors.into());
        assert_eq!(twins.pairs, [(0, 2), (0, 4), (1, 3)]);
        assert_eq!(twins.are_later(6), [false, false, true, true, true, false]);
        assert_eq!((twins.others(0).collect::<Vec<_>>(), twins.others(5).count()), (vec![2, 4], 0));
        let sets = Sets::from_rows(&[vec![1_u32], vec![], vec![1], vec![]], 3).expect("valid");
        assert_eq!(Twins::of(&sets.into()).pairs, [(0, 2), (1, 3)]);
    }
}
