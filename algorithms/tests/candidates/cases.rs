//! Small datasets of odd sizes of every type of points, and what turns and renumbers them.

use rand_chacha::ChaCha8Rng;
use std::fmt;
use swath_algorithms::points::{Bits, Sets, SparseVectors};
use swath_algorithms::{Base, Distance, Points, Vectors, random};

/// Values of a vector: two blocks, each of which [`Case::turned`] turns.
const DIM: usize = 8;

/// Values a block of which is turned as one.
const BLOCK: usize = 4;

/// Base points and queries. Values are small whole numbers: sums of their products are exact in any order, so that what must be
/// equal is equal to the last bit.
pub struct Case {
    pub base: Base,
    pub queries: Points,
}

/// What the rows of a case are drawn from.
#[derive(Clone, Copy)]
enum Draw {
    /// Few values: ties and duplicates abound.
    Few,
    /// Many values.
    Many,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = self.base.points();
        let first = (!points.is_empty()).then(|| points.row(0));
        write!(f, "{} {} beginning {first:?}, {}", points.len(), points.kind(), self.base.distance())
    }
}

impl Case {
    /// The same in a space that is turned, where points are dense vectors: all values of a block are mixed by a reflection, then
    /// the axes are exchanged.
    pub fn turned(&self) -> Option<Self> {
        let turn = |vectors: &Vectors| {
            let mut values = Vec::with_capacity(vectors.rows() * DIM);
            for i in 0..vectors.rows() {
                let mut turned = vectors.row(i).to_vec();
                for block in turned.chunks_exact_mut(BLOCK) {
                    // Householder's reflection at the plane across (1, 1, 1, 1).
                    let half: f32 = block.iter().sum::<f32>() / 2.0;
                    block.iter_mut().for_each(|value| *value -= half);
                }
                turned.rotate_left(3);
                values.extend(turned);
            }
            Vectors::new(&values, DIM).expect("finite")
        };
        let (base, queries) = (self.base.points().dense()?, self.queries.dense()?);
        Some(Self { base: Base::new(turn(base), self.base.distance()), queries: turn(queries).into() })
    }

    /// The same with the base points in another order, and the old id of each.
    pub fn renumbered(&self) -> (Self, Vec<u32>) {
        let mut old: Vec<u32> = (0..self.base.len() as u32).collect();
        random::shuffle(&mut random::stream(1, "renumbered", 0), &mut old);
        let rows: Vec<usize> = old.iter().map(|&id| id as usize).collect();
        let base = Base::new(self.base.points().gather(&rows), self.base.distance());
        (Self { base, queries: self.queries.clone() }, old)
    }
}

impl Draw {
    /// A vector of whole numbers; one in ten has no direction.
    fn vector(self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        if random::below(rng, 10) == 0 {
            return vec![0.0; DIM];
        }
        let most = if matches!(self, Self::Few) { 1 } else { 60 };
        (0..DIM).map(|_| random::below(rng, 2 * most + 1) as f32 - most as f32).collect()
    }

    fn dense(self, rows: usize, rng: &mut ChaCha8Rng) -> Points {
        let values: Vec<f32> = (0..rows).flat_map(|_| self.vector(rng)).collect();
        Vectors::new(&values, DIM).expect("finite").into()
    }

    /// Bits of which few are set, or half of them.
    fn bits(self, rows: usize, rng: &mut ChaCha8Rng) -> Points {
        let share = if matches!(self, Self::Few) { 0.02 } else { 0.5 };
        let bits: Vec<bool> = (0..rows * 70).map(|_| random::uniform(rng) < share).collect();
        Bits::pack(bits.into_iter(), 70).expect("whole rows").into()
    }

    /// Ascending numbers below 50, none of them in some rows.
    fn numbers(self, rng: &mut ChaCha8Rng) -> Vec<u32> {
        let most = if matches!(self, Self::Few) { 3 } else { 25 };
        let count = random::below(rng, most);
        random::sample(rng, if matches!(self, Self::Few) { 5 } else { 50 }, count)
            .into_iter()
            .map(|n| n as u32)
            .collect()
    }

    fn sets(self, rows: usize, rng: &mut ChaCha8Rng) -> Points {
        let rows: Vec<Vec<u32>> = (0..rows).map(|_| self.numbers(rng)).collect();
        Sets::from_rows(&rows, 50).expect("valid").into()
    }

    /// Whole values of either sign: products cancel out, and are below 0.
    fn sparse(self, rows: usize, rng: &mut ChaCha8Rng) -> Points {
        let (mut columns, mut values, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
        for _ in 0..rows {
            let row = self.numbers(rng);
            values.extend(row.iter().map(|_| random::below(rng, 7) as f32 - 3.0));
            columns.extend(row);
            offsets.push(columns.len() as u64);
        }
        SparseVectors::new(columns, values, offsets, 50).expect("valid").into()
    }
}

/// Draws rows of one type.
type DrawRows = fn(Draw, usize, &mut ChaCha8Rng) -> Points;

/// No point, one, two, more than an index has lists by default; few values, so that ties and duplicates abound, or many; copies
/// of one point, alone and among others. Each type with each distance that it has. Points without a direction, bits and members
/// are among those drawn, and among the queries.
pub fn cases() -> Vec<Case> {
    let types: [(DrawRows, &[Distance]); 4] = [
        (Draw::dense, &Distance::DENSE),
        (Draw::bits, &[Distance::Hamming]),
        (Draw::sets, &[Distance::Jaccard]),
        (Draw::sparse, &[Distance::InnerProduct]),
    ];
    types.iter().flat_map(|&(draw, distances)| cases_of(draw, distances)).collect()
}

fn cases_of(draw: DrawRows, distances: &[Distance]) -> Vec<Case> {
    let mut rng = random::stream(3, "cases", 0);
    let mut draw = |kind, rows| draw(kind, rows, &mut rng);
    let (few, many) = (draw(Draw::Few, 150), draw(Draw::Many, 300));
    let asked = [draw(Draw::Many, 12), few.gather(&[1, 2, 3, 4]), many.gather(&[7, 8, 9]), draw(Draw::Few, 12)];
    let copies: Vec<usize> = [vec![4; 40], (0..60).collect(), vec![4; 40]].concat();
    let bases = [
        many.gather(&[]),
        many.gather(&[0]),
        many.gather(&[1, 2]),
        draw(Draw::Many, 17),
        few.gather(&copies),
        many.gather(&copies),
        many.gather(&[9; 40]),
        few,
        many,
    ];
    let asked = asked.iter().cycle();
    let with_queries = |(base, queries): (&Points, &Points)| {
        let case = |&distance| Case { base: Base::new(base.clone(), distance), queries: queries.clone() };
        distances.iter().map(case).collect::<Vec<_>>()
    };
    bases.iter().zip(asked).flat_map(with_queries).collect()
}
