//! Small datasets of odd sizes, and what turns and renumbers them.

use rand_chacha::ChaCha8Rng;
use std::fmt;
use swath_algorithms::{Base, Distance, Points, Vectors, random};

/// Values of a vector: two blocks, each of which [`Case::turned`] turns.
const DIM: usize = 8;

/// Values a block of which is turned as one.
const BLOCK: usize = 4;

/// Base vectors and queries of small whole numbers: sums of their products are exact in any order, so that what must be
/// equal is equal to the last bit.
pub struct Case {
    pub base: Base,
    pub queries: Points,
    rows: Vec<[f32; DIM]>,
    asked: Vec<[f32; DIM]>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} vectors beginning {:?}, {}", self.rows.len(), self.rows.first(), self.base.distance())
    }
}

impl Case {
    fn new(rows: Vec<[f32; DIM]>, asked: Vec<[f32; DIM]>, distance: Distance) -> Self {
        let base = Base::from_values(rows.as_flattened(), DIM, distance).expect("finite");
        let queries = Vectors::new(asked.as_flattened(), DIM).expect("finite").into();
        Self { base, queries, rows, asked }
    }

    /// The same in a space that is turned: all values of a block are mixed by a reflection, then the axes are exchanged.
    pub fn turned(&self) -> Self {
        let turn = |row: &[f32; DIM]| {
            let mut turned = *row;
            for block in turned.chunks_exact_mut(BLOCK) {
                // Householder's reflection at the plane across (1, 1, 1, 1).
                let half: f32 = block.iter().sum::<f32>() / 2.0;
                block.iter_mut().for_each(|value| *value -= half);
            }
            turned.rotate_left(3);
            turned
        };
        let turn_all = |rows: &[[f32; DIM]]| rows.iter().map(turn).collect();
        Self::new(turn_all(&self.rows), turn_all(&self.asked), self.base.distance())
    }

    /// The same with the base vectors in another order, and the old id of each.
    pub fn renumbered(&self) -> (Self, Vec<u32>) {
        let mut old: Vec<u32> = (0..self.rows.len() as u32).collect();
        random::shuffle(&mut random::stream(1, "renumbered", 0), &mut old);
        let rows = old.iter().map(|&id| self.rows[id as usize]).collect();
        (Self::new(rows, self.asked.clone(), self.base.distance()), old)
    }
}

/// A vector of whole numbers from `-most` to `most`.
fn vector(rng: &mut ChaCha8Rng, most: usize) -> [f32; DIM] {
    std::array::from_fn(|_| random::below(rng, 2 * most + 1) as f32 - most as f32)
}

/// No vector, one, two, more than an index has lists by default; few values, so that ties and duplicates abound, or many;
/// copies of one vector, alone and among others; vectors without a direction. Each at both distances.
pub fn cases() -> Vec<Case> {
    let mut rng = random::stream(3, "cases", 0);
    let mut draw = |rows: usize, most: usize| (0..rows).map(|_| vector(&mut rng, most)).collect::<Vec<_>>();
    let asked: Vec<[f32; DIM]> = [draw(5, 2), draw(5, 60), vec![[0.0; DIM]]].concat();
    let copies = vec![[1.0, 2.0, 0.0, -1.0, 3.0, 0.0, 0.0, 1.0]; 40];
    let bases = [
        vec![],
        draw(1, 3),
        draw(2, 3),
        draw(17, 60),
        draw(150, 1),
        draw(300, 60),
        copies.clone(),
        [draw(30, 60), copies, draw(30, 2), vec![[0.0; DIM]; 9]].concat(),
    ];
    let case =
        |rows: &Vec<[f32; DIM]>| Distance::DENSE.map(|distance| Case::new(rows.clone(), asked.clone(), distance));
    bases.iter().flat_map(case).collect()
}
