//! A small pool around one query, and the definitions of methods.md word for word.

use crate::naive::{self, Cloud, Row, SPACES, Space};
use proptest::prelude::*;
use std::sync::LazyLock;
use swath_algorithms::kernel::Kernel;
use swath_algorithms::points::{Line, PointType};
use swath_algorithms::selector::engine::greedy::{quantum, rounded};
use swath_algorithms::selector::{Request, Selector, SelectorSetting, Weights};
use swath_algorithms::{Base, Distance, Groups, KernelChoice, Points, Pool, Query, Scratch};

/// A pool of all of a small base, around one query.
pub struct Case {
    pub cloud: Cloud,
    pub base: Base,
    pub queries: Points,
    pub pool: Pool,
    pub subtopics: Vec<(u32, u32)>,
    /// Sub-queries, as lines.
    pub aspects: Vec<Line>,
    /// One kind.
    pub groups: Vec<Groups>,
    pub seed: u64,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, subtopics {:?}, groups {:?}, {:?}", self.cloud, self.subtopics, self.groups, self.pool)
    }
}

impl Case {
    /// Of dense vectors.
    pub fn new(rows: &[f32], query: &[f32], distance: Distance) -> Self {
        let dim = query.len();
        let rows = rows.chunks_exact(dim).map(|row| Row::Dense(row.to_vec())).collect();
        let space = Space { distance, points: PointType::Dense };
        Self::of(Cloud { space, dim, rows, query: Row::Dense(query.to_vec()) })
    }

    pub fn of(cloud: Cloud) -> Self {
        let (base, queries, mut pool) = (cloud.base(), cloud.query(), Pool::default());
        pool.fill(&base, Query::row(&queries, 0), 0..base.len() as u32, base.len(), &Scratch::default());
        let groups = vec![groups_of(vec![Groups::NONE; cloud.rows.len()])];
        Self { cloud, base, queries, pool, subtopics: Vec::new(), aspects: Vec::new(), groups, seed: 0 }
    }

    /// What a selector is told of these points.
    pub fn setting(&self) -> SelectorSetting<'static> {
        setting(self.cloud.space)
    }

    /// The default and every kernel by name with which a selector is not refused.
    pub fn kernels<S: Selector>(&self, with: impl Fn(KernelChoice) -> S) -> Vec<KernelChoice> {
        let named = Kernel::ALL.into_iter().map(KernelChoice::from);
        let all = std::iter::once(KernelChoice::DEFAULT).chain(named);
        all.filter(|&kernel| with(kernel).check(&self.setting()).is_ok()).collect()
    }

    /// The point at a position.
    pub fn row(&self, i: usize) -> &Row {
        &self.cloud.rows[self.pool.items[i].id as usize]
    }

    pub fn request(&self, k: usize) -> Request<'_> {
        let query = Query::row(&self.queries, 0);
        let Self { base, pool, subtopics, aspects, groups, seed, .. } = self;
        Request { base, query, pool, k, subtopics, aspects, groups, picked_outside: &[], seed: *seed, query_id: 3 }
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

    /// As methods.md has it; of dense vectors to the last bit as the crate computes it, so that ties are its ties. (In
    /// `pools.rs` both are compared.)
    pub fn similarity(&self, kernel: Kernel, i: usize, j: usize) -> f64 {
        let sigma = self.sigma(kernel);
        match self.cloud.space.points {
            PointType::Dense => kernel.between(&self.base, self.pool.items[i].id, self.pool.items[j].id, sigma),
            _ => naive::similarity(kernel, self.row(i), self.row(j), sigma),
        }
    }

    /// The similarity of an item to itself, without the rounding of what it is computed from: 1, but for a vector without a
    /// direction.
    pub fn own_similarity(&self, kernel: Kernel, i: usize) -> f64 {
        match kernel {
            Kernel::Cosine | Kernel::Gram if self.row(i).is_zero() => 0.0,
            Kernel::Geodesic if self.row(i).is_zero() => 0.5,
            _ => 1.0,
        }
    }

    /// By how much a naive similarity may differ from the crate's, whose angles are its own.
    pub fn slack(&self, kernel: Kernel) -> f64 {
        let own = kernel == Kernel::Geodesic && self.cloud.space.points == PointType::Sparse;
        if own { 1e-9 } else { 0.0 }
    }

    /// The width of the rbf kernel: the median euclidean distance to the query.
    pub fn sigma(&self, kernel: Kernel) -> f64 {
        if kernel != Kernel::Rbf || self.base.distance() == Distance::Euclidean {
            return self.pool.sigma;
        }
        naive::median((0..self.m()).map(|i| naive::squared(&self.cloud.query, self.row(i)).sqrt()).collect())
    }

    /// Similarity of an item to the query.
    pub fn to_query(&self, kernel: Kernel, i: usize) -> f64 {
        let sigma = self.sigma(kernel);
        if self.cloud.space.points == PointType::Dense {
            return kernel.to_query(&self.base, Query::row(&self.queries, 0), self.pool.items[i].id, sigma);
        }
        naive::similarity_to_query(kernel, &self.cloud.query, self.row(i), sigma)
    }

    /// The distance; on euclidean data the L2 distance over sigma, or over the largest distance to the query where sigma is
    /// 0, or over 1 where that is 0, too.
    pub fn spread(&self, i: usize, j: usize) -> f64 {
        let farthest = self.pool.items.iter().map(|item| item.distance).fold(0.0, f64::max);
        let unit = [self.pool.sigma, farthest, 1.0].into_iter().find(|&unit| unit > 0.0).expect("1");
        self.distance(i, j) / if self.base.distance() == Distance::Euclidean { unit } else { 1.0 }
    }

    /// Angle / pi, or the dataset's distance.
    pub fn distance(&self, i: usize, j: usize) -> f64 {
        if i == j { 0.0 } else { naive::between(self.base.distance(), self.row(i), self.row(j)) }
    }

    /// Whether distances between these points are a metric: a vector without a direction is at a right angle to all.
    pub fn has_a_metric(&self) -> bool {
        self.base.distance() == Distance::Euclidean || self.cloud.rows.iter().all(|row| !row.is_zero())
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

    /// Checks that `picked` are what plain greedy picks, item for item; where our similarities may differ from the crate's in
    /// their last bits, that each pick is the best up to these.
    pub fn check_greedy(
        &self,
        kernel: Kernel,
        picked: &[usize],
        k: usize,
        gain: impl Fn(&[usize], usize) -> f64,
    ) -> Result<(), TestCaseError> {
        if self.slack(kernel) == 0.0 {
            prop_assert_eq!(picked, self.naive_greedy(k, gain), "{:?}", kernel);
            return Ok(());
        }
        prop_assert_eq!(picked.len(), k.min(self.m()));
        for (step, &pick) in picked.iter().enumerate() {
            let best = self.best(&picked[..step], |i| gain(&picked[..step], i));
            let (reached, most) = (gain(&picked[..step], pick), gain(&picked[..step], best));
            prop_assert!(reached >= most - 1e-9, "{kernel:?}, step {step}: {reached} of {most}");
        }
        Ok(())
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

/// The kind of groups that base points have here.
static KINDS: LazyLock<[String; 1]> = LazyLock::new(|| ["seller".to_owned()]);

/// What a selector is told of a dataset with subtopics, sub-queries and groups.
pub fn setting(space: Space) -> SelectorSetting<'static> {
    let Space { distance, points: kind } = space;
    SelectorSetting { distance, kind, subtopics: true, aspects: true, groups: &*KINDS, pool: None, programs: false }
}

/// The groups of base points.
pub fn groups_of(of: impl IntoIterator<Item = i32>) -> Groups {
    Groups { name: KINDS[0].clone(), of: of.into_iter().collect(), labels: Vec::new() }
}

/// Small pools of at most `most` items of every space, with ties (see [`naive::small_clouds`]) or without; with subtopics and
/// groups; and a k that may be beyond the pool.
pub fn cases_up_to(most: usize) -> impl Strategy<Value = (Case, usize)> {
    naive::small_clouds(1..=most, &SPACES).prop_flat_map(|cloud| {
        let m = cloud.rows.len();
        let subtopics = prop::collection::btree_set((0..m as u32, 0_u32..4), 0..2 * m);
        let groups = prop::collection::vec(-1_i32..4, m);
        (Just(cloud), subtopics, groups, 0_u64..1000, 1..=m + 2).prop_map(|(cloud, subtopics, groups, seed, k)| {
            let (subtopics, groups) = (subtopics.into_iter().collect(), vec![groups_of(groups)]);
            (Case { subtopics, groups, seed, ..Case::of(cloud) }, k)
        })
    })
}
