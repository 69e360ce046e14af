//! A cloud with hubs: points that are near neighbours of very many others.

use super::centres::Centres;
use super::draw::normals;
use super::{Draw, Rows, Size, constant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swath_algorithms::params::Fraction;
use swath_algorithms::random;

/// A normal cloud around a standard normal centre, in which some base vectors are pulled towards the centre. In many
/// dimensions they are nearer to all others than these are to each other (by euclidean and angular distance): they are hubs.
/// Below about twenty dimensions there are none, as no point can be the nearest of many.
///
/// Source: Radovanovic, Nanopoulos & Ivanovic 2010: points near the mean become hubs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hubs {
    /// The share of the base vectors that are hubs.
    pub share: Fraction,
    /// How far hubs are pulled to the centre: at 0 they stay, at 1 they are all at the centre.
    pub pull: Fraction,
}

impl Default for Hubs {
    fn default() -> Self {
        Self { share: constant!(Fraction, 0.01), pull: constant!(Fraction, 0.5) }
    }
}

impl Draw for Hubs {
    fn rows(&self, size: Size) -> Rows<'_> {
        let centre = Centres::draw(size.seed, 1, size.dim);
        Rows::Vectors(Box::new(move |row, rng, values| {
            let is_hub = random::uniform(rng) < self.share.get() && !row.is_query();
            let scale = if is_hub { 1.0 - self.pull.get() } else { 1.0 };
            normals(rng, values);
            values.iter_mut().zip(centre.of(0)).for_each(|(x, centre)| *x = centre + scale * *x);
        }))
    }

    fn shared_bytes(&self, size: &Size) -> u64 {
        Centres::bytes(1, size.dim)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{generated, nearest_others};
    use super::super::{Distribution, Gaussian};
    use super::*;
    use swath_algorithms::{Distance, Points, Vectors};

    /// The skewness of how often base vectors are among the 10 nearest of others (Radovanovic et al. 2010).
    fn skewness(distribution: Distribution, distance: Distance) -> f64 {
        let train = generated(distribution, 1000, 64, distance).dataset().expect("points").train;
        // Angular neighbours are those of directions.
        let directions = |vectors: &Vectors| {
            let row = |i: usize| vectors.row(i).iter().map(move |x| x / vectors.norms()[i] as f32);
            Vectors::new(&(0..vectors.rows()).flat_map(row).collect::<Vec<f32>>(), 64).expect("finite")
        };
        let points = match &train {
            Points::Dense(vectors) if distance == Distance::Angular => directions(vectors).into(),
            _ => train,
        };
        let mut counts = vec![0.0; 1000];
        nearest_others(&points, 10).iter().flatten().for_each(|&(_, id)| counts[id] += 1.0);
        let moment = |power: i32| counts.iter().map(|count| f64::powi(count - 10.0, power)).sum::<f64>() / 1000.0;
        moment(3) / moment(2).powf(1.5)
    }

    #[test]
    fn neighbours_are_more_skewed_than_those_of_a_gaussian() {
        for distance in [Distance::Euclidean, Distance::Angular] {
            let plain = skewness(Distribution::Gaussian(Gaussian {}), distance);
            let hubs = skewness(Distribution::Hubs(Hubs::default()), distance);
            // Ten of a thousand in all lists would have 9.85: (1 - 2 p) / (p (1 - p))^0.5 for p = 0.01.
            assert!(hubs > 2.0 * plain && hubs > 6.0, "{distance}: {hubs}, {plain}");
            let none = Hubs { share: constant!(Fraction, 0.0), ..Hubs::default() };
            assert!(skewness(Distribution::Hubs(none), distance) < 0.75 * hubs);
        }
    }
}
