//! Hubness: whether some points are neighbours of unusually many others.

use super::{Diagnostic, Sample, bootstrap, mean_at};
use crate::plot::format::number;
use crate::record::diagnosis::DiagnosticValue;
use swath_algorithms::nearest::nearest_others;
use swath_algorithms::{Base, Distance, random};

/// Sampled base vectors.
const ROWS: usize = 5000;
/// At most this many multiplications. Long vectors get fewer rows.
const MULTIPLICATIONS: usize = 50_000_000_000;
/// Neighbours of each.
const K: usize = 10;

/// How many base vectors are sampled.
fn rows_of(base: &Base) -> usize {
    let most = (MULTIPLICATIONS / base.points().width().max(1)).isqrt();
    most.clamp(2 * K + 1, ROWS).min(base.len())
}

/// The number of sampled points as text.
pub fn described(base: &Base) -> String {
    format!("hubs among {} base points", number(rows_of(base) as f64))
}

/// Hubness.
pub struct Hubness;

impl Diagnostic for Hubness {
    fn name(&self) -> &'static str {
        "hubness"
    }

    fn definition(&self) -> &'static str {
        "skewness of how often each of up to 5,000 sampled base points is among the 10 nearest of another of them (Radovanovic, \
         Nanopoulos & Ivanovic 2010)"
    }

    fn measure(&self, sample: &Sample<'_>) -> Result<DiagnosticValue, &'static str> {
        let base = sample.base;
        let rows = random::sample(&mut random::stream(sample.seed, "diagnosed hubs", 0), base.len(), rows_of(base));
        if rows.len() <= 2 * K {
            return Err("more than 20 base points are needed");
        }
        let sampled = Base::new(base.points().gather(&rows), base.distance());
        let mut occurrences = vec![0.0; rows.len()];
        for near in nearest_others(&sampled, &(0..rows.len()).collect::<Vec<_>>(), K) {
            near.iter().for_each(|&(id, _)| occurrences[id as usize] += 1.0);
        }
        if occurrences.iter().all(|&count| count == occurrences[0]) {
            return Err("every point is a neighbour of equally many others");
        }
        Ok(bootstrap(rows.len(), sample.seed, self.name(), |places| {
            let mean = mean_at(&occurrences, places);
            let moment =
                |power| places.iter().map(|&i| (occurrences[i] - mean).powi(power)).sum::<f64>() / places.len() as f64;
            moment(3) / moment(2).powf(1.5)
        }))
    }

    fn meaning(&self, value: f64, distance: Distance) -> String {
        let so = match value {
            ..1.0 => "no point is returned to unusually many queries",
            ..3.0 => "some points are returned to many queries",
            // Graphs are by angle then, and the longest vectors are returned to most.
            _ if distance == Distance::InnerProduct => "a few hubs are returned to very many queries",
            _ => "a few hubs are returned to very many queries, and graph indexes and walks pass through them",
        };
        // Not -0.00.
        let value = (100.0 * value).round() / 100.0 + 0.0;
        format!("The skewness of being a neighbour is {value:.2}: {so}.")
    }
}
