//! A curved manifold of a given dimension.

use super::centres::Centres;
use super::draw::{normalize, normals};
use super::{Draw, Rows, Size, constant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::{SQRT_2, TAU};
use swath_algorithms::params::{Count, NonNegative, Positive};
use swath_algorithms::{Unfit, random};

/// A curved manifold without a border, of a given dimension: each coordinate is a sine wave, of a random direction and phase,
/// along the points of a sphere of that dimension. Its variance is about 1.
///
/// Source: random features of Rahimi & Recht 2007, of a uniform point on the sphere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Manifold {
    /// The dimension of the manifold, at most that of its vectors.
    pub intrinsic: Count,
    /// How much it bends: the standard deviation of a wave's phase on the sphere of radius 1.
    pub bend: Positive,
    /// Standard deviation of normal noise on each coordinate.
    pub noise: NonNegative,
}

impl Default for Manifold {
    fn default() -> Self {
        Self { intrinsic: constant!(Count, 8), bend: constant!(Positive, 1.0), noise: constant!(NonNegative, 0.0) }
    }
}

impl Manifold {
    /// Coordinates of the sphere: one more than its dimension.
    fn width(&self) -> usize {
        self.intrinsic.size() + 1
    }
}

impl Draw for Manifold {
    fn check(&self, size: &Size) -> Result<(), Unfit> {
        let (intrinsic, dim) = (self.intrinsic.size(), size.dim);
        if intrinsic <= dim {
            return Ok(());
        }
        let message = format!("vectors of dimension {dim} cannot lie on a manifold of dimension {intrinsic}");
        Err(Unfit::new(message, format!("use `intrinsic: {dim}` or less, or a larger `dimension`")).of("intrinsic"))
    }

    fn rows(&self, size: Size) -> Rows<'_> {
        let width = self.width();
        let directions = Centres::named(size.seed, "generated wave", size.dim, width);
        let mut rng = random::stream(size.seed, "generated phase", 0);
        let phases: Vec<f64> = (0..size.dim).map(|_| TAU * random::uniform(&mut rng)).collect();
        Rows::Vectors(Box::new(move |_, rng, values| {
            // On the heap, because the dimension has no bound.
            let mut place = vec![0.0; width];
            normals(rng, &mut place);
            normalize(&mut place);
            for (at, (value, phase)) in values.iter_mut().zip(&phases).enumerate() {
                let along: f64 = directions.of(at).iter().zip(&place).map(|(a, b)| a * b).sum();
                *value = SQRT_2 * (self.bend.get() * along + phase).sin();
            }
            if self.noise.get() > 0.0 {
                values.iter_mut().for_each(|value| *value += self.noise.get() * random::normal(rng));
            }
        }))
    }

    fn shared_bytes(&self, size: &Size) -> u64 {
        Centres::bytes(size.dim as u64, self.width() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::tests::{coordinates, drawn, nearest_others, refused};
    use super::*;

    fn of(intrinsic: u32, noise: f64) -> Distribution {
        let (intrinsic, noise) = (Count::new(intrinsic).expect("in range"), NonNegative::new(noise).expect("in range"));
        Distribution::Manifold(Manifold { intrinsic, noise, ..Manifold::default() })
    }

    /// The dimension of greatest likelihood for the ratios of the second to the nearest distance (Facco et al. 2017): n - 1
    /// over the sum of their logarithms. Its relative standard error is n^-0.5.
    fn two_nn(distribution: Distribution, n: u32, dim: u32) -> f64 {
        let data = drawn(distribution, n, dim);
        let all = nearest_others(&data.train, 2);
        let logs: f64 = all.iter().map(|nearest| (nearest[1].0 / nearest[0].0).ln()).sum();
        f64::from(n - 1) / logs
    }

    #[test]
    fn the_intrinsic_dimension_is_the_one_asked_for() {
        for (intrinsic, dim) in [(1, 8), (2, 3), (2, 40), (5, 40), (8, 40)] {
            let found = two_nn(of(intrinsic, 0.0), 2000, dim);
            let asked = f64::from(intrinsic);
            // Four standard errors of 1 / 2000^0.5, and as much again for the bend between neighbours.
            assert!((found / asked - 1.0).abs() < 0.18, "{intrinsic} in {dim}: {found}");
        }
        // Noise fills all dimensions.
        let noisy = two_nn(of(2, 1.0), 1000, 20);
        assert!(noisy > 8.0, "{noisy}");
    }

    /// A flat disc would leave all variance in as many directions as its dimension.
    #[test]
    fn it_is_curved_and_coordinates_have_variance_one() {
        let (n, dim) = (3000, 30);
        let data = drawn(of(1, 0.0), n, dim);
        let column =
            |j: usize| (0..n as usize).map(|i| f64::from(coordinates(&data.train, i)[j])).collect::<Vec<f64>>();
        let columns: Vec<Vec<f64>> = (0..dim as usize).map(column).collect();
        let square = |column: &Vec<f64>| column.iter().map(|x| x * x).sum::<f64>() / f64::from(n);
        let mean = columns.iter().map(square).sum::<f64>() / f64::from(dim);
        assert!((0.5..1.6).contains(&mean), "{mean}");
        // The square of the volume that three columns span: 0 if all lie in a plane.
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / f64::from(n);
        let volume = determinant(std::array::from_fn(|i| std::array::from_fn(|j| dot(&columns[i], &columns[j]))));
        assert!(volume > 1e-4, "{volume}");
    }

    /// The determinant of three rows.
    fn determinant(m: [[f64; 3]; 3]) -> f64 {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    }

    #[test]
    fn a_manifold_that_does_not_fit_is_refused() {
        assert_eq!(
            refused(of(9, 0.0), 5, 8),
            "`generate: manifold`: vectors of dimension 8 cannot lie on a manifold of dimension 9; use `intrinsic: 8` or less, \
             or a larger `dimension`"
        );
    }
}
