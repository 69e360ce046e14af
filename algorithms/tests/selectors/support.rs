//! A small pool around one query, and the definitions of methods.md word for word.

use proptest::prelude::*;
use swath_algorithms::kernel::Kernel;
use swath_algorithms::selector::engine::greedy::{quantum, rounded};
use swath_algorithms::selector::{Request, Selector, Weights};
use swath_algorithms::{Base, Distance, Pool, Query, Scratch, Vectors};

/// A pool of all of a small base, around one query.
pub struct Case {
    pub base: Base,
    pub queries: Vectors,
    pub pool: Pool,
    pub subtopics: Vec<(u32, u32)>,
    pub seed: u64,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows: Vec<_> = (0..self.base.len()).map(|i| self.base.vectors().row(i)).collect();
        let (distance, query) = (self.base.distance(), self.queries.row(0));
        write!(f, "{distance} {rows:?} around {query:?}, subtopics {:?}, {:?}", self.subtopics, self.pool)
    }
}

impl Case {
    pub fn new(rows: &[f32], query: &[f32], distance: Distance) -> Self {
        let base = Base::from_values(rows, query.len(), distance).expect("finite");
        let queries = Vectors::new(query, query.len()).expect("finite");
        let mut pool = Pool::default();
        pool.fill(&base, Query::vector(&queries, 0), 0..base.len() as u32, base.len(), &Scratch::default());
        Self { base, queries, pool, subtopics: Vec::new(), seed: 0 }
    }

    pub fn request(&self, k: usize) -> Request<'_> {
        let query = Query::vector(&self.queries, 0);
        let Self { base, pool, subtopics, seed, .. } = self;
        Request { base, query, pool, k, subtopics, seed: *seed, query_id: 3 }
    }

    /// Positions picked, by working memory that held something before.
    pub fn select(&self, selector: &(impl Selector + ?Sized), k: usize) -> Vec<usize> {
        let mut picked = vec![7; 3];
        selector.select(&self.request(k), &Scratch::default(), &mut picked);
        picked
    }

    pub fn ids(&self, picked: &[usize]) -> Vec<u32> {
        picked.iter().map(|&position| self.pool.items[position].id).collect()
    }

    pub fn m(&self) -> usize {
        self.pool.items.len()
    }

    pub fn rel(&self, i: usize) -> f64 {
        self.pool.items[i].score
    }

    pub fn similarity(&self, kernel: Kernel, i: usize, j: usize) -> f64 {
        kernel.between(&self.base, self.pool.items[i].id, self.pool.items[j].id, self.sigma(kernel))
    }

    /// The width of the rbf kernel: the median euclidean distance to the query.
    pub fn sigma(&self, kernel: Kernel) -> f64 {
        if kernel != Kernel::Rbf || self.base.distance() == Distance::Euclidean {
            return self.pool.sigma;
        }
        let query = self.queries.row(0);
        let distance = |id: u32| {
            let row = self.base.vectors().row(id as usize);
            row.iter().zip(query).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
        };
        swath_algorithms::kernel::median(&mut self.pool.items.iter().map(|item| distance(item.id)).collect::<Vec<_>>())
    }

    /// Similarity of an item to the query under the coverage kernel.
    pub fn to_query(&self, i: usize) -> f64 {
        let query = Query::vector(&self.queries, 0);
        Kernel::coverage(self.base.distance()).to_query(&self.base, query, self.pool.items[i].id, self.pool.sigma)
    }

    /// Angle / pi; on euclidean data the L2 distance over sigma, or over the largest distance to the query where sigma is
    /// 0, or over 1 where that is 0, too.
    pub fn spread(&self, i: usize, j: usize) -> f64 {
        let farthest = self.pool.items.iter().map(|item| item.distance).fold(0.0, f64::max);
        let unit = [self.pool.sigma, farthest, 1.0].into_iter().find(|&unit| unit > 0.0).expect("1");
        self.distance(i, j) / if self.base.distance() == Distance::Euclidean { unit } else { 1.0 }
    }

    /// Angle / pi, or the L2 distance.
    pub fn distance(&self, i: usize, j: usize) -> f64 {
        match self.base.distance() {
            _ if i == j => 0.0,
            Distance::Angular | Distance::InnerProduct => {
                self.similarity(Kernel::Gram, i, j).acos() / std::f64::consts::PI
            }
            Distance::Euclidean => {
                let (a, b) = (self.pool.items[i].id, self.pool.items[j].id);
                self.base.distance_to(self.base.query(a as usize), b)
            }
            distance => 1.0 - self.similarity(Kernel::raw(distance), i, j),
        }
    }

    /// The best of `values` over positions not in `picked`: of equals the higher score, then the lower id.
    pub fn best(&self, picked: &[usize], value: impl Fn(usize) -> f64) -> usize {
        let left = (0..self.m()).filter(|i| !picked.contains(i));
        let key = |i: usize| (value(i), self.rel(i), std::cmp::Reverse(self.pool.items[i].id));
        left.max_by(|&a, &b| key(a).partial_cmp(&key(b)).expect("numbers")).expect("some left")
    }

    pub fn weight(&self, weights: Weights, temperature: f64, v: usize) -> f64 {
        match weights {
            Weights::Uniform => 1.0,
            Weights::Relevance => self.rel(v).max(0.0),
            Weights::Softmax => {
                let highest = (0..self.m()).map(|i| self.rel(i)).fold(f64::NEG_INFINITY, f64::max);
                let power = |i: usize| ((self.rel(i) - highest) / temperature).exp();
                power(v) / (0..self.m()).map(power).sum::<f64>()
            }
        }
    }

    /// Plain greedy over `gain(picked, item)`: every gain of every item at every step, rounded as the engine rounds.
    pub fn naive_greedy(&self, k: usize, gain: impl Fn(&[usize], usize) -> f64) -> Vec<usize> {
        let mut unit = 0.0;
        let mut picked: Vec<usize> = Vec::new();
        while picked.len() < k.min(self.m()) {
            let gains: Vec<f64> = (0..self.m()).map(|i| gain(&picked, i)).collect();
            if picked.is_empty() {
                unit = quantum(&gains);
            }
            picked.push(self.best(&picked, |i| rounded(gains[i], unit)));
        }
        picked
    }

    /// log det of `S_R + ridge I` by a dense Cholesky factor; `-inf` where it is singular to rounding.
    pub fn log_det(&self, kernel: Kernel, ridge: f64, set: &[usize]) -> f64 {
        let n = set.len();
        let mut lower = vec![vec![0.0; n]; n];
        let mut sum = 0.0;
        for i in 0..n {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|l| lower[i][l] * lower[j][l]).sum();
                let value = self.similarity(kernel, set[i], set[j]) + if i == j { ridge } else { 0.0 } - dot;
                if i == j {
                    if value < 1e-12 {
                        return f64::NEG_INFINITY;
                    }
                    lower[i][i] = value.sqrt();
                    sum += value.ln();
                } else {
                    lower[i][j] = value / lower[j][j];
                }
            }
        }
        sum
    }

    /// The largest value over all sets of at most `k` items.
    pub fn best_value(&self, k: usize, value: impl Fn(&[usize]) -> f64) -> f64 {
        let sets = (0..1_usize << self.m()).filter(|set| set.count_ones() as usize <= k);
        sets.map(|set| value(&self.members(set))).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The items of a set given as bits.
    pub fn members(&self, set: usize) -> Vec<usize> {
        (0..self.m()).filter(|i| set >> i & 1 == 1).collect()
    }
}

/// Small pools of at most `most` items, of few distinct values, so that duplicates, zero vectors and exact ties abound, or
/// of any values; with subtopics; and a k that may be beyond the pool.
pub fn cases_up_to(most: usize) -> impl Strategy<Value = (Case, usize)> {
    let few = prop::sample::select(vec![-1.0_f32, 0.0, 0.0, 0.5, 1.0]).boxed();
    let any = (-2.0_f32..2.0).boxed();
    (1_usize..6, 1..=most, prop::sample::select(vec![few, any]), prop::sample::select(Distance::DENSE.to_vec()))
        .prop_flat_map(|(d, m, value, distance)| {
            let rows = prop::collection::vec(value.clone(), m * d);
            let subtopics = prop::collection::btree_set((0..m as u32, 0_u32..4), 0..2 * m);
            (rows, prop::collection::vec(value, d), subtopics, any_seed(), Just(distance), 1..=m + 2)
        })
        .prop_map(|(rows, query, subtopics, seed, distance, k)| {
            let case = Case::new(&rows, &query, distance);
            (Case { subtopics: subtopics.into_iter().collect(), seed, ..case }, k)
        })
}

fn any_seed() -> impl Strategy<Value = u64> {
    0_u64..1000
}
