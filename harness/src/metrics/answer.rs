//! The answer of one retriever to one query, and what it is judged by.

use super::Within;
use crate::metrics::truth::Truth;
use std::cell::{Cell, OnceCell};
use std::f64::consts::PI;
use swath_algorithms::kernel::{Kernel, median};
use swath_algorithms::points::{Chosen, Measure};
use swath_algorithms::selector::SelectorParams;
use swath_algorithms::{Base, Distance, Groups, KernelChoice, Pool, Query};

/// One query as it was answered. Ids are valid and different; distances are recomputed here and not what the retriever
/// claimed.
pub struct AnsweredQuery<'a> {
    /// The base vectors.
    pub base: &'a Base,
    /// The query.
    pub query: Query<'a>,
    /// Returned ids in the order of picking, at most k.
    pub returned: &'a [u32],
    /// Number of results that were asked for.
    pub k: usize,
    /// The ids that the candidates found, and the number they were asked for.
    pub found: (&'a [u32], usize),
    /// The pool that the selector picked from.
    pub pool: &'a Pool,
    /// The truth about the query.
    pub truth: &'a Truth,
    /// The selector that picked; `None` for results that another program picked.
    pub selector: Option<&'a SelectorParams>,
    /// The kinds of groups that base vectors belong to.
    pub groups: &'a [Groups],
    /// Similarity evaluations of candidates, expansion and selector; `None` where a program outside did not count its own.
    pub evaluations: Option<[u64; 3]>,
    /// Values that several metrics use, computed once.
    pub seen: Seen,
}

/// Values that several metrics use.
#[derive(Default)]
pub struct Seen {
    /// [`item_measure`] of each pair of results, a row for each.
    pairs: OnceCell<Vec<f64>>,
    /// The same of each result and each of N, a row for each result.
    neighbors: OnceCell<Vec<f64>>,
    /// See [`Answer::sigma`].
    sigma: OnceCell<f64>,
    /// Whether a width was asked for although the query has no true neighbour, and so no width.
    without_width: Cell<bool>,
}

impl Seen {
    /// The value of `judge`; `None` if it needs a width and there is none.
    pub fn defined(&self, judge: impl FnOnce() -> Option<f64>) -> Option<f64> {
        self.without_width.set(false);
        let value = judge();
        value.filter(|_| !self.without_width.get())
    }
}

/// The first k results of an [`AnsweredQuery`]: what metrics judge.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    asked: &'a AnsweredQuery<'a>,
    returned: &'a [u32],
    k: usize,
}

impl<'a> AnsweredQuery<'a> {
    /// The answer, or its first `cut` results, as if only those had been asked for.
    pub fn answer(&'a self, cut: Option<usize>) -> Answer<'a> {
        let k = cut.map_or(self.k, |cut| cut.min(self.k));
        Answer { asked: self, returned: &self.returned[..k.min(self.returned.len())], k }
    }
}

impl<'a> Answer<'a> {
    /// Everything known about the query.
    pub fn asked(&self) -> &'a AnsweredQuery<'a> {
        self.asked
    }

    /// Returned ids, in order.
    pub fn returned(&self) -> &'a [u32] {
        self.returned
    }

    /// Number of returned results.
    pub fn count(&self) -> usize {
        self.returned.len()
    }

    /// Number of results that were asked for.
    pub fn k(&self) -> usize {
        self.k
    }

    /// N: ids of the query's true nearest neighbours.
    pub fn neighbors(&self) -> &'a [u32] {
        &self.asked.truth.neighbors
    }

    /// The pairs (item, subtopic) of this query, ascending; none if the dataset has no subtopics.
    pub fn subtopics(&self) -> &'a [(u32, u32)] {
        self.asked.truth.subtopics.as_deref().unwrap_or(&[])
    }

    /// The named kernel, by default the raw one of the dataset's distance.
    pub fn kernel_or_raw(&self, kernel: KernelChoice) -> Kernel {
        kernel.or_raw(self.asked.base.distance())
    }

    /// The named kernel, by default the coverage kernel of the dataset's distance.
    pub fn kernel_or_coverage(&self, kernel: KernelChoice) -> Kernel {
        kernel.or_coverage(self.asked.base.distance())
    }

    /// The share of `count` results whose distance is within `reach` of that of the `count`-th true neighbour, see
    /// [`Within::new`].
    pub fn recall_of(&self, ids: &[u32], count: usize, reach: impl Fn(f64) -> Option<f64>) -> Option<f64> {
        let truth = self.asked.truth;
        let within = Within::new(&truth.distances, truth.stored, count, reach)?;
        let AnsweredQuery { base, query, .. } = self.asked;
        let hits = ids.iter().filter(|&&id| base.distance_to(*query, id) <= within.distance).count();
        Some(hits.min(within.of) as f64 / within.of as f64)
    }

    /// The width of the rbf kernel in metrics: the median L2 distance from the query to N, so that metrics compare across
    /// trials.
    fn sigma(&self, kernel: Kernel) -> f64 {
        if kernel != Kernel::Rbf {
            return 0.0;
        }
        self.asked.seen.without_width.set(self.asked.seen.without_width.get() || self.neighbors().is_empty());
        let AnsweredQuery { base, query, .. } = *self.asked;
        let distance = |&id: &u32| base.measure_by(Measure::SquaredDistance, query, id).sqrt();
        *self.asked.seen.sigma.get_or_init(|| median(&mut self.neighbors().iter().map(distance).collect::<Vec<_>>()))
    }

    /// Whether the kernel is a function of [`item_measure`].
    fn is_direct(&self, kernel: Kernel) -> bool {
        kernel.follows_items(self.asked.base.distance())
    }

    /// The k largest relevances of any base point to the query, the largest first: those of N if they order as the distance
    /// does and N has at least k.
    pub fn ideal(&self, kernel: KernelChoice) -> Vec<f64> {
        let AnsweredQuery { base, query, truth, k, .. } = *self.asked;
        let similarity = self.similarity_to_query(kernel);
        let mut ideal = truth.ideal(similarity, || {
            let follows = similarity.is_none_or(|kernel| kernel.follows(base.distance()));
            if !follows || self.neighbors().len() < k {
                return match similarity {
                    Some(kernel) => kernel.largest(base, query, k, self.sigma(kernel)),
                    None => largest_products(base, query, k),
                };
            }
            let mut near: Vec<f64> = self.neighbors().iter().map(|&id| self.relevance_by(similarity, id)).collect();
            near.sort_unstable_by(|a, b| b.total_cmp(a));
            near.truncate(k);
            near
        });
        ideal.truncate(self.k);
        ideal
    }

    /// Relevance of a base point to the query: its similarity by the named kernel; by default the inner product for ip, and
    /// the raw kernel of the dataset's distance otherwise.
    pub fn relevance(&self, kernel: KernelChoice, id: u32) -> f64 {
        self.relevance_by(self.similarity_to_query(kernel), id)
    }

    fn relevance_by(&self, similarity: Option<Kernel>, id: u32) -> f64 {
        let AnsweredQuery { base, query, .. } = *self.asked;
        match similarity {
            Some(kernel) => kernel.to_query(base, query, id, self.sigma(kernel)),
            None => base.measure(query, id),
        }
    }

    /// The kernel that relevance is measured by; `None` for the inner product.
    fn similarity_to_query(&self, kernel: KernelChoice) -> Option<Kernel> {
        let distance = self.asked.base.distance();
        let is_product = kernel.is_default() && distance == Distance::InnerProduct;
        (!is_product).then(|| kernel.or_raw(distance))
    }

    /// Cosine of the query and a base point.
    pub fn cosine(&self, id: u32) -> f64 {
        self.relevance_by(Some(Kernel::Gram), id)
    }

    /// Similarity of two base vectors.
    pub fn between(&self, kernel: Kernel, a: u32, b: u32) -> f64 {
        let compares_directions = matches!(kernel, Kernel::Cosine | Kernel::Gram | Kernel::Geodesic);
        if a == b && compares_directions && self.asked.base.norms()[a as usize] == 0.0 {
            return 1.0;
        }
        kernel.between(self.asked.base, a, b, self.sigma(kernel))
    }

    /// Similarity of the results at two positions.
    pub fn similarity(&self, kernel: Kernel, i: usize, j: usize) -> f64 {
        if self.is_direct(kernel) {
            return kernel.value(self.pair(i, j), self.sigma(kernel));
        }
        self.between(kernel, self.returned[i], self.returned[j])
    }

    /// Similarity of the result at position `i` and the `v`-th of N.
    pub fn to_neighbor(&self, kernel: Kernel, i: usize, v: usize) -> f64 {
        if self.is_direct(kernel) {
            return kernel.value(self.neighbor_pair(i, v), self.sigma(kernel));
        }
        self.between(kernel, self.returned[i], self.neighbors()[v])
    }

    /// Distance of the result at position `i` and the `v`-th of N, see [`Answer::distance`].
    pub fn distance_to_neighbor(&self, kernel: KernelChoice, i: usize, v: usize) -> f64 {
        match kernel.named() {
            Some(kernel) => 1.0 - self.to_neighbor(kernel, i, v),
            None => self.distance_of(self.neighbor_pair(i, v), self.returned[i], self.neighbors()[v]),
        }
    }

    fn neighbor_pair(&self, i: usize, v: usize) -> f64 {
        let AnsweredQuery { base, returned, truth, seen, .. } = self.asked;
        let all = seen.neighbors.get_or_init(|| item_measures(base, returned, &truth.neighbors));
        all[i * truth.neighbors.len() + v]
    }

    /// Distance of the results at two positions: 1 - similarity if a kernel is named; else angle / pi on angular data and for
    /// ip, and the dataset's distance otherwise.
    pub fn distance(&self, kernel: KernelChoice, i: usize, j: usize) -> f64 {
        match kernel.named() {
            Some(kernel) => 1.0 - self.similarity(kernel, i, j),
            None => self.distance_of(self.pair(i, j), self.returned[i], self.returned[j]),
        }
    }

    /// The same of two base vectors.
    pub fn distance_between(&self, kernel: KernelChoice, a: u32, b: u32) -> f64 {
        match kernel.named() {
            Some(kernel) => 1.0 - self.between(kernel, a, b),
            None => self.distance_of(item_measure(self.asked.base, a, b), a, b),
        }
    }

    /// The distance of two base points with that [`item_measure`].
    fn distance_of(&self, measure: f64, a: u32, b: u32) -> f64 {
        let base = self.asked.base;
        match base.distance() {
            Distance::Angular | Distance::InnerProduct if a == b => 0.0,
            Distance::Angular | Distance::InnerProduct => {
                base.query(a as usize).angle(base.query(b as usize), measure) / PI
            }
            distance => distance.of_measure(measure),
        }
    }

    /// [`item_measure`] of the results at two positions.
    fn pair(&self, i: usize, j: usize) -> f64 {
        let AnsweredQuery { base, returned, seen, .. } = self.asked;
        let all = seen.pairs.get_or_init(|| item_measures(base, returned, returned));
        all[i * returned.len() + j]
    }
}

/// [`Base::item_measure`] of two base points. A vector of zeros has no direction: its cosine to itself is 1, as kernels must
/// have it, and that to others is 0.
fn item_measure(base: &Base, a: u32, b: u32) -> f64 {
    if a == b && lacks_direction(base, a) { 1.0 } else { base.item_measure(a, b) }
}

/// The [`item_measure`] of each point of `left` and each of `right`, a row for each of `left`: the same bits, from several rows of
/// points at a time.
fn item_measures(base: &Base, left: &[u32], right: &[u32]) -> Vec<f64> {
    let norms = [left, right].map(|ids| ids.iter().map(|&id| base.norms()[id as usize]).collect::<Vec<f64>>());
    let mut all = vec![0.0; left.len() * right.len()];
    let [a, b] = [Chosen { ids: left, norms: &norms[0] }, Chosen { ids: right, norms: &norms[1] }];
    base.distance().item_measure().tile(base.points().rows(), a, b, &mut all);
    for (row, &id) in all.chunks_exact_mut(right.len().max(1)).zip(left) {
        if lacks_direction(base, id) {
            row.iter_mut().zip(right).filter(|(_, other)| **other == id).for_each(|(value, _)| *value = 1.0);
        }
    }
    all
}

/// Whether points are compared by direction and this one is all zeros.
fn lacks_direction(base: &Base, id: u32) -> bool {
    let compares_directions = matches!(base.distance(), Distance::Angular | Distance::InnerProduct);
    compares_directions && base.norms()[id as usize] == 0.0
}

/// The `count` largest inner products of base points with a query, the largest first.
fn largest_products(base: &Base, query: Query<'_>, count: usize) -> Vec<f64> {
    let mut all: Vec<f64> = (0..base.len() as u32).map(|id| base.measure(query, id)).collect();
    all.sort_unstable_by(|a, b| b.total_cmp(a));
    all.truncate(count);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use swath_algorithms::points::{Bits, Sets};

    /// Rows of zeros, copies, and numbers of points that no block divides.
    #[test]
    fn many_measures_are_those_of_each_pair() {
        let dim = 5;
        let value = |i: usize| if (i / dim).is_multiple_of(4) { 0.0 } else { ((i * 31) % 17) as f32 - 8.0 };
        let dense: Vec<f32> = (0..20 * dim).map(value).collect();
        let bits = Bits::pack((0..20 * dim).map(|i| (i * 31) % 17 > 8), dim).expect("whole rows");
        let sets = Sets::from_rows(&(0..20_u32).map(|i| (0..i % 5).collect()).collect::<Vec<Vec<u32>>>(), 9);
        let dense = |distance| Base::from_values(&dense, dim, distance).expect("finite");
        let bases = [Distance::Angular, Distance::Euclidean, Distance::InnerProduct].map(dense).into_iter();
        let others = [Base::new(bits, Distance::Hamming), Base::new(sets.expect("valid"), Distance::Jaccard)];
        let left: Vec<u32> = vec![4, 0, 7, 19, 1, 2, 3];
        for base in bases.chain(others) {
            for right in [&left[..], &[0, 9, 8, 7, 6, 5, 4, 19, 18], &[3], &[]] {
                let pairs = left.iter().flat_map(|&a| right.iter().map(move |&b| (a, b)));
                let expected: Vec<u64> = pairs.map(|(a, b)| item_measure(&base, a, b).to_bits()).collect();
                let found: Vec<u64> = item_measures(&base, &left, right).into_iter().map(f64::to_bits).collect();
                assert_eq!(found, expected, "{}", base.distance());
            }
        }
    }
}
