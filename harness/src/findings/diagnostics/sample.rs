//! Seeded samples of a dataset, and the neighbours and distances that diagnostics share.

use super::{hubness, spectrum};
use crate::plot::format::number;
use crate::progress::Progress;
use crate::record::diagnosis::DiagnosticValue;
use rayon::prelude::*;
use std::sync::OnceLock;
use swath_algorithms::nearest::nearest_others;
use swath_algorithms::points::Chosen;
use swath_algorithms::{Base, Distance, Points, Query, random};

/// Sampled base vectors whose neighbours are found among all.
const POINTS: usize = 1000;
/// Neighbours of each.
const NEIGHBORS: usize = 20;
/// Sampled queries whose distances to base vectors are computed.
const QUERIES: usize = 200;
/// Base vectors to which their distances are computed.
const ROWS: usize = 20_000;
/// At most this many multiplications for those distances. Long vectors get fewer base vectors.
const MULTIPLICATIONS: usize = 10_000_000_000;

/// Samples of a dataset, with their neighbours and distances.
pub struct Sample<'a> {
    /// The base vectors.
    pub base: &'a Base,
    /// Seed of all samples.
    pub seed: u64,
    /// For each sampled base point, the ascending distances to its nearest others among all, by a metric: the dataset's own; on
    /// angular data and for ip the L2 distance of vectors scaled to unit length.
    pub near: Vec<Vec<f64>>,
    /// For each sampled query, its smallest, mean and largest distance in the dataset's own measure.
    pub spread: Vec<[f64; 3]>,
    rows: usize,
    spectrum: OnceLock<Result<DiagnosticValue, &'static str>>,
}

impl<'a> Sample<'a> {
    /// Takes the samples.
    pub fn new(base: &'a Base, queries: &Points, seed: u64, progress: &Progress) -> Self {
        progress.step("nearest of sampled points");
        let draw = |purpose, from: usize, most: usize| {
            random::sample(&mut random::stream(seed, purpose, 0), from, most.min(from))
        };
        let points = draw("diagnosed points", base.len(), POINTS);
        let found = neighbors(base, &points, NEIGHBORS);
        let near = found.into_iter().map(|found| found.into_iter().map(|(_, distance)| distance).collect());
        progress.step("distances of sampled queries");
        let most = (MULTIPLICATIONS / (QUERIES * base.points().width().max(1))).clamp(1, ROWS);
        let rows = draw("diagnosed rows", base.len(), most);
        let asked = draw("diagnosed queries", queries.len(), QUERIES);
        let ids: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
        let norms: Vec<f64> = rows.iter().map(|&row| base.norms()[row]).collect();
        let (measure, chosen) = (base.compared_by(), Chosen { ids: &ids, norms: &norms });
        let spread = asked.par_iter().map(|&query| {
            let query = Query::row(queries, query);
            let mut measures = vec![0.0; ids.len()];
            measure.with_many(query.point, query.norm, base.points().rows(), chosen, &mut measures);
            let distances = measures.into_iter().map(|measure| base.distance_of(measure));
            let (mut least, mut total, mut most) = (f64::INFINITY, 0.0, 0.0_f64);
            for distance in distances {
                (least, total, most) = (least.min(distance), total + distance, most.max(distance));
            }
            [least, total / rows.len() as f64, most]
        });
        let spread = if rows.is_empty() { Vec::new() } else { spread.collect() };
        Self { base, seed, near: near.collect(), spread, rows: rows.len(), spectrum: OnceLock::new() }
    }

    /// The participation ratio of base vectors, or why they have none.
    ///
    /// # Errors
    /// The reason.
    pub fn spectrum(&self) -> Result<DiagnosticValue, &'static str> {
        *self.spectrum.get_or_init(|| spectrum::participation_ratio(self.base, self.seed))
    }

    /// What was sampled, in words.
    pub fn described(&self) -> String {
        let mut text = format!(
            "{} base points and their nearest among all {}",
            number(self.near.len() as f64),
            number(self.base.len() as f64)
        );
        // No diagnostic is defined on inner products with queries.
        if self.base.distance() != Distance::InnerProduct {
            let (queries, rows) = (number(self.spread.len() as f64), number(self.rows as f64));
            text = text + "; " + &format!("{queries} queries and their distances to {rows} base points");
        }
        text = text + "; " + &hubness::described(self.base);
        // The usual size of its sample is not mentioned.
        if let Some(part) = spectrum::described(self.base) {
            text = text + "; " + &part;
        }
        if self.base.distance() == Distance::InnerProduct {
            text += ". Hubness is by inner product; local intrinsic dimension, TwoNN and near duplicates are by angle";
        }
        text
    }
}

/// The `count` nearest others of base points, exactly, each with its distance by a metric, see [`Sample::near`].
pub fn neighbors(base: &Base, points: &[usize], count: usize) -> Vec<Vec<(u32, f64)>> {
    // The chord between unit vectors, from their angle: the root of a rounded distance would put copies 1e-8 apart.
    let base = &base.of_items();
    let metric = |point: usize, id: u32, distance: f64| match base.distance() {
        Distance::Angular => 2.0 * (base.query(point).angle(base.query(id as usize), 1.0 - distance) / 2.0).sin(),
        _ => distance,
    };
    let found = nearest_others(base, points, count);
    let measured = |(found, &point): (Vec<(u32, f64)>, &usize)| {
        found.into_iter().map(|(id, distance)| (id, metric(point, id, distance))).collect()
    };
    found.into_iter().zip(points).map(measured).collect()
}
