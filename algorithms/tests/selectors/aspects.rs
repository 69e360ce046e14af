//! xQuAD and PM-2 without a look at subtopics, against their definitions word for word.

use crate::naive::{Row, SPACES, similarity_to_query};
use crate::support::{Case, cases_up_to};
use proptest::prelude::*;
use swath_algorithms::kernel::Kernel;
use swath_algorithms::params::{Count, Fraction, Positive};
use swath_algorithms::points::PointType;
use swath_algorithms::selector::{AspectSource, Pm2, Selector, Weights, Xquad};
use swath_algorithms::{Distance, Vectors, random};

/// Aspects, each with its weight and the part of it that each item covers.
struct Aspects {
    weights: Vec<f64>,
    parts: Vec<Vec<f64>>,
}

impl Aspects {
    fn new(case: &Case, rows: &[Vec<f32>], weights: Vec<f64>) -> Self {
        let kernel = Kernel::coverage(case.base.distance());
        let sigma = case.pool.sigma;
        let part = |row: &Vec<f32>| {
            let row = Row::Dense(row.clone());
            let all: Vec<f64> = (0..case.m()).map(|i| similarity_to_query(kernel, &row, case.row(i), sigma)).collect();
            let largest = all.iter().copied().fold(0.0, f64::max);
            all.iter().map(|part| if largest > 0.0 { part / largest } else { 0.0 }).collect()
        };
        Self { weights, parts: rows.iter().map(part).collect() }
    }

    /// Lloyd's k-means from k-means++, one point at a time.
    fn clusters(case: &Case, count: usize, temperature: f64) -> Self {
        let (m, dim) = (case.m(), case.cloud.dim);
        let points: Vec<Vec<f64>> = (0..m)
            .map(|i| {
                let row = case.row(i);
                let norm = case.base.norms()[case.pool.items[i].id as usize];
                let scale = if case.base.distance() != Distance::Euclidean && norm > 0.0 { 1.0 / norm } else { 1.0 };
                row.values().iter().map(|&value| f64::from(value) * scale).collect()
            })
            .collect();
        let square = |a: &[f64], b: &[f64]| a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b));
        let mut rng = random::stream(case.seed, "aspects", 3);
        let mut centres: Vec<Vec<f64>> = Vec::new();
        while centres.len() < count.min(m) {
            let weight = |i: usize| centres.iter().map(|c| square(&points[i], c)).fold(f64::INFINITY, f64::min);
            let weights: Vec<f64> = (0..m).map(weight).collect();
            let drawn = if centres.is_empty() {
                random::below(&mut rng, m)
            } else {
                let mut left = random::uniform(&mut rng) * weights.iter().sum::<f64>();
                let mut drawn = None;
                for i in (0..m).filter(|&i| weights[i] > 0.0) {
                    drawn = Some(i);
                    if left < weights[i] {
                        break;
                    }
                    left -= weights[i];
                }
                let Some(drawn) = drawn else { break };
                drawn
            };
            centres.push(points[drawn].clone());
        }
        let mut of = vec![0; m];
        for round in 0..20 {
            let before = of.clone();
            for i in 0..m {
                let distance = |c: &usize| square(&points[i], &centres[*c]);
                of[i] = (0..centres.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).expect("one at least");
            }
            if round > 0 && of == before {
                break;
            }
            for (c, centre) in centres.iter_mut().enumerate() {
                let members: Vec<usize> = (0..m).filter(|&i| of[i] == c).collect();
                for d in 0..dim {
                    if !members.is_empty() {
                        centre[d] = members.iter().fold(0.0, |sum, &i| sum + points[i][d] / members.len() as f64);
                    }
                }
            }
        }
        let share =
            |c: usize| (0..m).filter(|&i| of[i] == c).map(|i| case.weight(Weights::Softmax, temperature, i)).sum();
        let weights = (0..centres.len()).map(share).collect();
        let rows: Vec<Vec<f32>> = centres.iter().map(|row| row.iter().map(|&value| value as f32).collect()).collect();
        Self::new(case, &rows, weights)
    }

    fn count(&self) -> usize {
        self.weights.len()
    }

    /// Each pick must be the best by `value(picked, item)`, up to rounding.
    fn check(case: &Case, picked: &[usize], value: impl Fn(&[usize], usize) -> f64) -> Result<(), TestCaseError> {
        for (step, &pick) in picked.iter().enumerate() {
            let value = |i: usize| value(&picked[..step], i);
            let left = (0..case.m()).filter(|i| !picked[..step].contains(i));
            let best = left.map(value).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(value(pick) >= best - 1e-9, "step {step}: {} for {best}", value(pick));
        }
        Ok(())
    }

    fn check_xquad(&self, case: &Case, lambda: f64, picked: &[usize]) -> Result<(), TestCaseError> {
        Self::check(case, picked, |picked, i| {
            let new = |a: usize| {
                let open: f64 = picked.iter().map(|&t| 1.0 - self.parts[a][t]).product();
                self.weights[a] * self.parts[a][i] * open
            };
            (1.0 - lambda) * case.rel(i) + lambda * (0..self.count()).map(new).sum::<f64>()
        })
    }

    fn check_pm2(&self, case: &Case, lambda: f64, picked: &[usize]) -> Result<(), TestCaseError> {
        Self::check(case, picked, |picked, i| {
            let seats = |a: usize| {
                let of = |&t: &usize| self.parts[a][t] / (0..self.count()).map(|b| self.parts[b][t]).sum::<f64>();
                picked.iter().map(of).filter(|seat| seat.is_finite()).sum::<f64>()
            };
            let quotients: Vec<f64> = (0..self.count()).map(|a| self.weights[a] / (2.0 * seats(a) + 1.0)).collect();
            let left = || (0..case.m()).filter(|j| !picked.contains(j));
            let open = (0..self.count()).filter(|&a| left().any(|j| self.parts[a][j] > 0.0));
            // Of equal quotients the first.
            let served = open.fold(None, |best: Option<usize>, a| match best {
                Some(best) if quotients[a] <= quotients[best] => Some(best),
                _ => Some(a),
            });
            let weight = |a: usize| if Some(a) == served { lambda } else { 1.0 - lambda };
            (0..self.count()).map(|a| weight(a) * quotients[a] * self.parts[a][i]).sum()
        })
    }
}

fn fraction(value: f64) -> Fraction {
    Fraction::new(value).expect("in range")
}

proptest! {
    #[test]
    fn clusters_of_the_pool_are_aspects((case, k) in cases_up_to(12), lambda in 0.0_f64..=1.0, count in 1_u32..6, hot in any::<bool>()) {
        let aspects = AspectSource::Clusters(Count::new(count).expect("in range"));
        let temperature = Positive::new(if hot { 2.0 } else { 0.1 }).expect("in range");
        let xquad = Xquad { lambda: fraction(lambda), aspects, temperature: Some(temperature) };
        prop_assert!(!xquad.is_oracle());
        prop_assume!(xquad.check(&case.setting()).is_ok());
        let expected = Aspects::clusters(&case, count as usize, temperature.get());
        expected.check_xquad(&case, lambda, &case.select(&xquad, k))?;
        let pm2 = Pm2 { lambda: fraction(lambda), aspects, temperature: Some(temperature) };
        expected.check_pm2(&case, lambda, &case.select(&pm2, k))?;
    }

    #[test]
    fn sub_queries_are_aspects((case, k) in cases_up_to(12), lambda in 0.0_f64..=1.0, values in prop::collection::vec(-2.0_f32..2.0, 15)) {
        let aspects = AspectSource::Queries;
        let xquad = Xquad { lambda: fraction(lambda), aspects, ..Xquad::default() };
        prop_assume!(xquad.check(&case.setting()).is_ok());
        let dim = case.cloud.dim;
        let rows: Vec<Vec<f32>> = values.chunks_exact(dim).map(<[f32]>::to_vec).collect();
        let vectors = Vectors::new(&rows.concat(), dim).expect("finite");
        let case = Case { aspects: vectors.block(0..rows.len()).to_vec(), ..case };
        let expected = Aspects::new(&case, &rows, vec![1.0 / rows.len() as f64; rows.len()]);
        expected.check_xquad(&case, lambda, &case.select(&xquad, k))?;
        let pm2 = Pm2 { lambda: fraction(lambda), aspects, ..Pm2::default() };
        expected.check_pm2(&case, lambda, &case.select(&pm2, k))?;
    }
}

/// Two groups of directions on either side of the query: with two clusters, both are served in turn; by relevance alone, one comes first.
#[test]
fn clusters_are_served_in_turn() {
    let degrees = [10.0_f32, 11.0, 12.0, 13.0, -60.0, -61.0, -62.0];
    let rows: Vec<f32> = degrees.iter().flat_map(|a| [a.to_radians().cos(), a.to_radians().sin()]).collect();
    let case = Case::new(&rows, &[1.0, 0.0], Distance::Angular);
    let aspects = AspectSource::Clusters(Count::new(2).expect("in range"));
    let is_near = |picked: &[usize]| case.ids(picked).into_iter().map(|id| id < 4).collect::<Vec<_>>();
    let hot = Positive::new(1e3).expect("in range");
    for lambda in [0.9, 1.0] {
        let xquad = case.select(&Xquad { lambda: fraction(lambda), aspects, temperature: Some(hot) }, 2);
        assert_eq!(is_near(&xquad), [true, false], "{lambda}");
    }
    let pm2 = case.select(&Pm2 { lambda: fraction(1.0), aspects, temperature: Some(hot) }, 2);
    assert_eq!(is_near(&pm2), [true, false]);
    assert_eq!(is_near(&case.select(&Xquad { lambda: fraction(0.0), ..Xquad::default() }, 4)), [true; 4]);
}

#[test]
fn what_has_no_means_or_no_sub_queries_is_refused() {
    for space in SPACES {
        let case = Case::of(crate::naive::irregular_cloud(space, 3, 5, 1));
        for aspects in [AspectSource::Clusters(Count::new(2).expect("in range")), AspectSource::Queries] {
            let check = Pm2 { aspects, ..Pm2::default() }.check(&case.setting());
            assert_eq!(check.is_ok(), space.points == PointType::Dense, "{space}: {check:?}");
            if let Err(unfit) = check {
                assert_eq!(unfit.parameter, Some("aspects"));
            }
        }
    }
}
