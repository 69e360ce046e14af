//! Where vectors lie: their centre, and how far most of them are from it.

use crate::base::Base;
use crate::distance::Distance;
use crate::random;
use rayon::prelude::*;

/// Vectors farther from the centre than this many times the median are outliers.
const OUTLYING: f64 = 8.0;

/// Vectors are of one scale where at most one in so many is an outlier.
const ONE_OUTLIER_IN: usize = 100;

/// They are not where half of those that are not at the centre are so many times nearer than the radius.
const FAR_NEARER: f64 = 64.0;

/// The centre and the median distance are those of so many vectors, drawn from all if there are more.
const SAMPLE: usize = 1 << 14;

/// The centre of euclidean vectors; of others, of which directions are compared, that of all directions.
#[derive(Clone, Debug)]
pub struct Centre {
    /// The median of each value, which outliers do not move.
    pub values: Vec<f64>,
    /// The largest distance to it, but for outliers; 0 where directions are compared.
    pub radius: f64,
    /// Whether distances to it are of one scale: hardly any vector is an outlier, and most of those that are not at the centre are
    /// not far nearer than the radius. Else steps of one length do not tell vectors apart.
    pub is_of_one_scale: bool,
}

impl Centre {
    /// That of dense vectors.
    pub fn of(base: &Base) -> Self {
        let vectors = base.vectors();
        let mut centre = Self { values: vec![0.0; vectors.dim()], radius: 0.0, is_of_one_scale: true };
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
        let outliers = of_drawn.iter().filter(|&&distance| distance > centre.radius).count();
        of_drawn.retain(|&distance| distance > 0.0);
        let half = of_drawn.len() / 2;
        let is_far_nearer = !of_drawn.is_empty()
            && *of_drawn.select_nth_unstable_by(half, f64::total_cmp).1 * FAR_NEARER < centre.radius;
        centre.is_of_one_scale = outliers * ONE_OUTLIER_IN <= drawn.len() && !is_far_nearer;
        centre
    }

    /// The distance of a row from it.
    pub fn to(&self, row: &[f32]) -> f64 {
        row.iter().zip(&self.values).map(|(&x, c)| (f64::from(x) - c).powi(2)).sum::<f64>().sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_of_several_scales_are_told_from_those_of_one() {
        let mut rng = random::stream(1, "scales", 0);
        let values: Vec<f32> = (0..1000 * 4).map(|_| random::normal(&mut rng) as f32).collect();
        let is_of_one = |change: &dyn Fn(&mut Vec<f32>)| {
            let mut changed = values.clone();
            change(&mut changed);
            let base = Base::from_values(&changed, 4, Distance::Euclidean).expect("finite");
            Centre::of(&base).is_of_one_scale
        };
        assert!(is_of_one(&|_| {}));
        assert!(is_of_one(&|values| values[..4].fill(1e6)), "one outlier");
        assert!(is_of_one(&|values| values.iter_mut().for_each(|value| *value += 1e3)), "far from zero");
        assert!(is_of_one(&|values| values.fill(3.0)), "all the same");
        let copies = |values: &mut Vec<f32>| {
            values[..2200].fill(0.0);
            values[3996..].fill(1e6);
        };
        assert!(!is_of_one(&copies), "more than half are the same, and one is far away");
        let two = |values: &mut Vec<f32>| values[..2800].iter_mut().for_each(|value| *value *= 0.01);
        assert!(!is_of_one(&two), "two scales");
        let norms = |values: &mut Vec<f32>| {
            let scaled = |(i, value): (usize, &mut f32)| *value *= ((i / 4 % 50) as f32 / 5.0).exp();
            values.iter_mut().enumerate().for_each(scaled);
        };
        assert!(!is_of_one(&norms), "norms from 1 to 18,000");
    }
}
