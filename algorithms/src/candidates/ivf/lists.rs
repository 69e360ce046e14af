//! The lists of an inverted file, and the search through the nearest of them.

use super::training::Centroids;
use crate::base::{Base, Query};
use crate::candidates::{Words, offsets};
use crate::distance::Distance;
use crate::nearest::{Memory, Scan};
use crate::scratch::Scratch;

/// The lists, one after the other.
#[derive(Debug)]
pub struct IvfIndex {
    centroids: Centroids,
    /// The centroids, compared as base points are.
    compared: Base,
    /// For ip the mean norm of each list's rows; else none.
    mean_norms: Vec<f64>,
    /// Copies of the base points, list by list.
    rows: Base,
    scan: Scan,
    /// The id of each of `rows`; ascending within a list.
    pub(super) ids: Vec<u32>,
    /// The offset of each list in `rows`, and the end of the last.
    pub(super) offsets: Vec<usize>,
}

impl IvfIndex {
    /// Lays out lists of these lengths: the base points in the order of `order`, list by list.
    pub fn new(base: &Base, centroids: Centroids, order: &[usize], lengths: &[u32]) -> Self {
        let rows = base.copy_of(order);
        let offsets: Vec<usize> = offsets(lengths).collect();
        let mean = |ends: &[usize]| {
            let norms = &rows.norms()[ends[0]..ends[1]];
            norms.iter().sum::<f64>() / norms.len().max(1) as f64
        };
        let by_norm = base.distance() == Distance::InnerProduct;
        let mean_norms = if by_norm { offsets.windows(2).map(mean).collect() } else { Vec::new() };
        let ids = order.iter().map(|&i| i as u32).collect();
        let (scan, compared) = (Scan::by_rows(&rows), centroids.items(base));
        Self { centroids, compared, mean_norms, rows, scan, ids, offsets }
    }

    /// The number of lists, their lengths, the ids, and the words of the centroids.
    pub fn words(&self) -> Vec<u32> {
        let mut words = vec![self.centroids.len() as u32];
        words.extend(self.offsets.windows(2).map(|ends| (ends[1] - ends[0]) as u32));
        words.extend(&self.ids);
        self.centroids.add_words(&mut words);
        words
    }

    /// The index over `base` with these words; `None` if there is none.
    pub fn restore(words: &[u32], base: &Base) -> Option<Self> {
        let mut words = Words(words);
        let lists = words.count()?;
        let lengths = words.take(lists)?;
        let ids = words.take(base.len())?;
        if offsets(lengths).last() != Some(ids.len()) || ids.iter().any(|&id| id as usize >= base.len()) {
            return None;
        }
        let centroids = Centroids::of_words(words.0, lists, base.points())?;
        let order: Vec<usize> = ids.iter().map(|&id| id as usize).collect();
        Some(Self::new(base, centroids, &order, lengths))
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let lists = size_of_val(self.ids.as_slice())
            + size_of_val(self.offsets.as_slice())
            + size_of_val(self.mean_norms.as_slice());
        self.rows.bytes() + self.compared.bytes() + self.scan.bytes() + lists
    }

    /// How rows are compared with a query, where the data decided that.
    pub fn decision(&self) -> Option<String> {
        self.scan.decision()
    }

    /// Scans the `nprobe` nearest lists, more if these hold fewer than `pool` rows, and finds the ids of the rows that may be
    /// among the `pool` nearest.
    pub fn search(&self, query: Query<'_>, nprobe: usize, pool: usize, scratch: &mut Scratch, found: &mut Vec<u32>) {
        let mut kept = std::mem::take(&mut scratch.contenders);
        let order = scratch
            .arena
            .alloc_slice_fill_iter((0..self.compared.len() as u32).map(|list| (self.far(query, list), list)));
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let ends = |list: u32| self.offsets[list as usize]..self.offsets[list as usize + 1];
        let mut held = 0;
        let probed = order.iter().enumerate().take_while(|&(probed, &(_, list))| {
            let goes_on = probed < nprobe || held < pool;
            held += ends(list).len();
            goes_on
        });
        let probed = probed.count();
        scratch.count(order.len());
        let ranges = order[..probed].iter().map(|&(_, list)| ends(list));
        self.scan.nearest_within(&self.rows, query, ranges, pool, &mut Memory { scratch, kept: &mut kept }, found);
        scratch.contenders = kept;
        found.iter_mut().for_each(|row| *row = self.ids[*row as usize]);
    }

    /// How far a list is from the query: the distance to its centroid; for ip minus the product with a vector of the centroid's
    /// direction and the mean norm of the list.
    fn far(&self, query: Query<'_>, list: u32) -> f64 {
        match self.mean_norms.get(list as usize) {
            Some(norm) => -self.compared.measure(query, list) * norm,
            None => self.compared.distance_to(query, list),
        }
    }
}
