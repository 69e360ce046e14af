//! Where vectors lie: their centre, and how far most of them are from it.

use crate::base::Base;
use crate::distance::Distance;
use crate::random;
use rayon::prelude::*;

/// Vectors farther from the centre than this many times the median are outliers.
const OUTLYING: f64 = 8.0;

/// The centre and the median distance are those of so many vectors, drawn from all if there are more.
const SAMPLE: usize = 1 << 14;

/// The centre of euclidean vectors; of others, of which directions are compared, that of all directions.
#[derive(Clone, Debug)]
pub struct Centre {
    /// The median of each value, which outliers do not move.
    pub values: Vec<f64>,
    /// The largest distance to it, but for outliers; 0 where directions are compared.
    pub radius: f64,
}

impl Centre {
    /// That of dense vectors.
    pub fn of(base: &Base) -> Self {
        let vectors = base.vectors();
        let mut centre = Self { values: vec![0.0; vectors.dim()], radius: 0.0 };
        if base.distance() != Distance::Euclidean || base.is_empty() {
            return centre;
        }
        let drawn = random::sample(&mut random::stream(0, "centre", 0), base.len(), SAMPLE);
        let half = drawn.len() / 2;
        let median = |j: usize| {
            let mut column: Vec<f32> = drawn.iter().map(|&i| vectors.row(i)[j]).collect();
            f64::from(*column.select_nth_unstable_by(half, f32::total_cmp).1)
        };
        centre.values = (0..vectors.dim()).into_par_iter().map(median).collect();
        let mut of_drawn: Vec<f64> = drawn.par_iter().map(|&i| centre.to(vectors.row(i))).collect();
        let median = *of_drawn.select_nth_unstable_by(half, f64::total_cmp).1;
        let all = (0..base.len()).into_par_iter().map(|i| centre.to(vectors.row(i)));
        let greatest = all.reduce(|| 0.0, f64::max);
        centre.radius = if median > 0.0 { greatest.min(OUTLYING * median) } else { greatest };
        centre
    }

    /// The distance of a row from it.
    pub fn to(&self, row: &[f32]) -> f64 {
        row.iter().zip(&self.values).map(|(&x, c)| (f64::from(x) - c).powi(2)).sum::<f64>().sqrt()
    }
}
