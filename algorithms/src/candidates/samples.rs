//! Points of every type for tests: rows around a few centres, so that there is something to find.

use crate::base::Base;
use crate::distance::Distance;
use crate::points::{Bits, PointType, Points, Sets, SparseVectors, Vectors};
use crate::random;
use std::collections::{BTreeMap, BTreeSet};

/// How such points are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub rows: usize,
    pub centres: usize,
    /// Values or bits of a row; members and columns are below 20 times as many.
    pub dim: usize,
}

/// Every pair of a type of points and a distance that they have.
pub fn pairs() -> Vec<(PointType, Distance)> {
    let all = PointType::ALL.into_iter().flat_map(|kind| Distance::ALL.map(|distance| (kind, distance)));
    all.filter(|&(kind, distance)| distance.fits(kind)).collect()
}

impl Sample {
    /// A base of such points.
    pub fn base(self, kind: PointType, distance: Distance, purpose: &str) -> Base {
        Base::new(self.points(kind, purpose), distance)
    }

    /// Such points. The centres are the same for every purpose.
    pub fn points(self, kind: PointType, purpose: &str) -> Points {
        match kind {
            PointType::Dense => self.dense(purpose),
            PointType::Bits => self.bits(purpose),
            PointType::Sets => self.sets(purpose),
            PointType::Sparse => self.sparse(purpose),
        }
    }

    fn dense(self, purpose: &str) -> Points {
        let mut rng = random::stream(11, purpose, 0);
        let mut values = Vec::new();
        for i in 0..self.rows {
            let mut centre = random::stream(11, "centre", (i % self.centres) as u64);
            let row = (0..self.dim).map(|_| random::normal(&mut centre) + 0.4 * random::normal(&mut rng));
            values.extend(row.map(|value| value as f32));
        }
        Vectors::new(&values, self.dim).expect("finite").into()
    }

    fn bits(self, purpose: &str) -> Points {
        let mut rng = random::stream(11, purpose, 1);
        let mut bits = Vec::new();
        for i in 0..self.rows {
            let mut centre = random::stream(11, "centre", (i % self.centres) as u64);
            bits.extend(
                (0..self.dim).map(|_| (random::uniform(&mut centre) < 0.5) ^ (random::uniform(&mut rng) < 0.15)),
            );
        }
        Bits::pack(bits.into_iter(), self.dim).expect("whole rows").into()
    }

    /// Half of a centre's members, and a fourth as many others.
    fn members(self, i: usize, rng: &mut rand_chacha::ChaCha8Rng) -> BTreeSet<u32> {
        let mut centre = random::stream(11, "centre", (i % self.centres) as u64);
        let below = 20 * self.dim;
        let of_centre: Vec<u32> = (0..self.dim).map(|_| random::below(&mut centre, below) as u32).collect();
        let kept = of_centre.into_iter().filter(|_| random::uniform(rng) < 0.5).collect::<Vec<_>>();
        let others = (0..self.dim / 4).map(|_| random::below(rng, below) as u32);
        kept.into_iter().chain(others).collect()
    }

    fn sets(self, purpose: &str) -> Points {
        let mut rng = random::stream(11, purpose, 2);
        let rows: Vec<Vec<u32>> = (0..self.rows).map(|i| self.members(i, &mut rng).into_iter().collect()).collect();
        Sets::from_rows(&rows, 20 * self.dim).expect("valid").into()
    }

    fn sparse(self, purpose: &str) -> Points {
        let mut rng = random::stream(11, purpose, 3);
        let (mut columns, mut values, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
        for i in 0..self.rows {
            let row: BTreeMap<u32, f32> = self
                .members(i, &mut rng)
                .into_iter()
                .map(|column| (column, (1.0 + 0.5 * random::normal(&mut rng)) as f32))
                .collect();
            columns.extend(row.keys());
            values.extend(row.values());
            offsets.push(columns.len() as u64);
        }
        SparseVectors::new(columns, values, offsets, 20 * self.dim).expect("valid").into()
    }
}
