//! The best set of a small pool, by branch and bound.

use super::directions::NOTHING;
use super::order::best_first;
use crate::pool_kernel::PoolKernel;
use crate::scratch::Scratch;
use crate::selector::Request;

/// The largest pool in which the best set is looked for: of 25 items there are 3.3 million sets of 10.
pub const LARGEST_POOL: usize = 25;

/// What a selector maximises: a function of the sets of a pool of at most [`LARGEST_POOL`] items. It is a sum of terms, most of
/// which are absent, or the smallest of the set's pairs.
pub struct SetFunction<'s> {
    scratch: &'s Scratch,
    /// Items of the pool, m.
    size: usize,
    /// Items of a set.
    count: usize,
    each: &'s mut [f64],
    pairs: Option<Pairs<'s>>,
    coverage: Option<Coverage<'s>>,
    saturation: Option<Saturation<'s>>,
    volume: Option<Volume<'s>>,
    smallest: Option<Pairs<'s>>,
    is_logarithm: bool,
}

/// A symmetric value of every two items.
struct Pairs<'s> {
    size: usize,
    /// Row after row.
    values: &'s [f64],
    /// For each item, the others by value, the largest first.
    others: &'s [u8],
}

/// `sum over v of weights[v] * min(max over r in R of s(v, r), caps[v])`.
struct Coverage<'s> {
    similarities: Pairs<'s>,
    weights: &'s [f64],
    caps: &'s [f64],
}

/// `sum over v of min(sum over r in R of s(v, r), enough[v])`.
struct Saturation<'s> {
    similarities: Pairs<'s>,
    enough: &'s [f64],
}

/// `weight * log det(S_R + ridge I)`.
struct Volume<'s> {
    /// `S + ridge I`.
    similarities: &'s [f64],
    weight: f64,
}

impl<'s> Pairs<'s> {
    fn new(size: usize, values: &'s [f64], scratch: &'s Scratch) -> Self {
        let width = size.saturating_sub(1);
        let others = scratch.arena.alloc_slice_fill_copy(size * width, 0_u8);
        for (i, others) in others.chunks_exact_mut(width.max(1)).enumerate() {
            others.iter_mut().zip((0..size).filter(|&j| j != i)).for_each(|(to, j)| *to = j as u8);
            let entry = |j: u8| (values[i * size + usize::from(j)], usize::from(j));
            others.sort_unstable_by(|&a, &b| best_first(entry(a), entry(b)));
        }
        Self { size, values, others }
    }

    fn of_kernel(kernel: &PoolKernel<'_>, scratch: &'s Scratch) -> Self {
        let size = kernel.len();
        let values = scratch.arena.alloc_slice_fill_copy(size * size, 0.0);
        values.chunks_exact_mut(size.max(1)).enumerate().for_each(|(i, row)| kernel.row(i, row));
        Self::new(size, values, scratch)
    }

    fn row(&self, i: usize) -> &'s [f64] {
        &self.values[i * self.size..(i + 1) * self.size]
    }

    /// The values of item `i` with others among `left`, the largest first.
    fn largest(&self, i: usize, left: u32) -> impl Iterator<Item = f64> {
        let (row, width) = (self.row(i), self.size - 1);
        let others = self.others[i * width..(i + 1) * width].iter();
        others.filter(move |&&j| left >> j & 1 == 1).map(move |&j| row[usize::from(j)])
    }
}

impl Coverage<'_> {
    /// How well item `i` covers item `v`.
    fn worth(&self, i: usize, v: usize) -> f64 {
        self.similarities.row(i)[v].min(self.caps[v])
    }
}

impl<'s> SetFunction<'s> {
    /// The function that is 0 of all sets, on the pool of `request`; `None` if that is too large.
    pub fn new(request: &Request<'_>, scratch: &'s Scratch) -> Option<Self> {
        let (size, count) = (request.pool.items.len(), request.count());
        (size <= LARGEST_POOL).then(|| Self {
            scratch,
            size,
            count,
            each: scratch.arena.alloc_slice_fill_copy(size, 0.0),
            pairs: None,
            coverage: None,
            saturation: None,
            volume: None,
            smallest: None,
            is_logarithm: false,
        })
    }

    /// Adds the sum of a value of each item.
    #[must_use]
    pub fn with_each(self, mut of: impl FnMut(usize) -> f64) -> Self {
        self.each.iter_mut().enumerate().for_each(|(i, each)| *each += of(i));
        self
    }

    /// Adds the sum of a value of each pair; `values` has a row for each item.
    #[must_use]
    pub fn with_pairs(mut self, values: &'s [f64]) -> Self {
        self.pairs = Some(Pairs::new(self.size, values, self.scratch));
        self
    }

    /// Adds `sum over v of weights[v] * min(max over r in R of s(v, r), caps[v])`, for a kernel that is never negative.
    #[must_use]
    pub fn with_coverage(mut self, kernel: &PoolKernel<'_>, weights: &'s [f64], caps: Option<&'s [f64]>) -> Self {
        let caps = caps.unwrap_or_else(|| self.scratch.arena.alloc_slice_fill_copy(self.size, f64::INFINITY));
        self.coverage = Some(Coverage { similarities: Pairs::of_kernel(kernel, self.scratch), weights, caps });
        self
    }

    /// Adds `sum over v of min(sum over r in R of s(v, r), alpha * sum over u of the pool of s(v, u))`.
    #[must_use]
    pub fn with_saturation(mut self, kernel: &PoolKernel<'_>, alpha: f64) -> Self {
        let similarities = Pairs::of_kernel(kernel, self.scratch);
        let enough = |v: usize| alpha * similarities.row(v).iter().sum::<f64>();
        let enough = self.scratch.arena.alloc_slice_fill_with(self.size, enough);
        self.saturation = Some(Saturation { similarities, enough });
        self
    }

    /// Adds `weight * log det(S_R + ridge I)`.
    #[must_use]
    pub fn with_volume(mut self, kernel: &PoolKernel<'_>, ridge: f64, weight: f64) -> Self {
        let similarities = self.scratch.arena.alloc_slice_fill_copy(self.size * self.size, 0.0);
        for (i, row) in similarities.chunks_exact_mut(self.size.max(1)).enumerate() {
            kernel.row(i, row);
            row[i] = kernel.self_similarity(i) + ridge;
        }
        self.volume = Some(Volume { similarities, weight });
        self
    }

    /// The smallest value of a pair takes the place of the sum.
    #[must_use]
    pub fn smallest_of(mut self, values: &'s [f64]) -> Self {
        self.smallest = Some(Pairs::new(self.size, values, self.scratch));
        self
    }

    /// Says that it is the logarithm of what counts.
    #[must_use]
    pub fn as_logarithm(mut self) -> Self {
        self.is_logarithm = true;
        self
    }

    /// Its value of the items at these positions, by its definition. The smallest of no pair is infinite.
    pub fn value(&self, set: &[usize]) -> f64 {
        let pairs_of = |pairs: &Pairs<'_>, to: &mut dyn FnMut(f64)| {
            for (at, &i) in set.iter().enumerate() {
                set[..at].iter().for_each(|&j| to(pairs.row(i)[j]));
            }
        };
        if let Some(smallest) = &self.smallest {
            let mut least = f64::INFINITY;
            pairs_of(smallest, &mut |value| least = least.min(value));
            return least;
        }
        let mut sum: f64 = set.iter().map(|&i| self.each[i]).sum();
        if let Some(pairs) = &self.pairs {
            pairs_of(pairs, &mut |value| sum += value);
        }
        if let Some(coverage) = &self.coverage {
            let covered = |v: usize| set.iter().map(|&r| coverage.worth(r, v)).fold(0.0, f64::max);
            sum += (0..self.size).map(|v| coverage.weights[v] * covered(v)).sum::<f64>();
        }
        if let Some(Saturation { similarities, enough }) = &self.saturation {
            let reached = |v: usize| set.iter().map(|&r| similarities.row(v)[r]).sum::<f64>();
            sum += (0..self.size).map(|v| reached(v).min(enough[v])).sum::<f64>();
        }
        if let Some(volume) = &self.volume {
            sum += volume.weight * self.log_determinant(volume, set);
        }
        sum
    }

    /// By a Cholesky factor, row by row; minus infinity if it is singular up to rounding.
    fn log_determinant(&self, volume: &Volume<'_>, set: &[usize]) -> f64 {
        let n = set.len();
        let lower = self.scratch.arena.alloc_slice_fill_copy(n * n, 0.0);
        let mut sum = 0.0;
        for (i, &a) in set.iter().enumerate() {
            for (j, &b) in set[..=i].iter().enumerate() {
                let dot: f64 = (0..j).map(|l| lower[i * n + l] * lower[j * n + l]).sum();
                let left = volume.similarities[a * self.size + b] - dot;
                if i == j {
                    if left < NOTHING {
                        return f64::NEG_INFINITY;
                    }
                    lower[i * n + i] = left.sqrt();
                    sum += left.ln();
                } else {
                    lower[i * n + j] = left / lower[j * n + j];
                }
            }
        }
        sum
    }

    /// The best set of `min(k, m)` items, ascending, into `picked`. No other set is better by more than `1e-12` of its value. `None`
    /// if every set has a value of minus infinity.
    pub fn best(&self, picked: &mut Vec<usize>) -> Option<f64> {
        picked.clear();
        let mut search = Search::new(self);
        let start = if self.smallest.is_some() { f64::INFINITY } else { 0.0 };
        if self.count == 0 {
            return Some(start);
        }
        search.descend(0, (1_u32 << self.size) - 1, start);
        if search.best == f64::NEG_INFINITY {
            return None;
        }
        picked.extend_from_slice(search.found);
        picked.sort_unstable();
        Some(self.value(picked))
    }

    /// The share of the best value that these items reach, at least 0. Of a logarithm, the share of what it is the logarithm of, and of
    /// that the root of the order of the number of items. `None` if the best value is not above 0, or there is none.
    pub fn share(&self, set: &[usize]) -> Option<f64> {
        let mut best = Vec::new();
        let (reached, most) = (self.value(set), self.best(&mut best)?);
        if !most.is_finite() {
            return None;
        }
        if self.is_logarithm {
            return Some(((reached - most) / self.count as f64).exp());
        }
        (most > 0.0).then(|| (reached / most).max(0.0))
    }
}

/// A search through the sets, that with the largest bound first.
///
/// # Bound
///
/// A set adds to what is chosen at most the sum of its items' gains, if gains only fall: those of coverage, of saturation and of
/// volume do. Of each pair, each item counts one half: with the items that are still to come an item gets at most half of its largest
/// values. A second bound on coverage: an item that is not chosen is covered at most as well as by its nearest item left, and one that is
/// chosen covers itself. On saturation: no item gets more than from those that are most similar to it.
struct Search<'f, 's> {
    of: &'f SetFunction<'s>,
    /// Per number of chosen items a row of each: the sum of values with the chosen (or the smallest), how well each item is covered,
    /// how much more will count, its remainder beside the chosen, and its coordinate along the last chosen.
    to_chosen: &'s mut [f64],
    covered: &'s mut [f64],
    room: &'s mut [f64],
    remainders: &'s mut [f64],
    coordinates: &'s mut [f64],
    /// Per number of chosen items a row of each: gains, and two upper bounds of what an item may add in the end; to the second, `base`
    /// comes once.
    gains: &'s mut [f64],
    bounds: &'s mut [f64],
    second: &'s mut [f64],
    /// Items in the order of each bound.
    order: &'s mut [u8],
    second_order: &'s mut [u8],
    chosen: &'s mut [usize],
    found: &'s mut [usize],
    best: f64,
}

/// Where a search stands.
#[derive(Clone, Copy)]
struct Node {
    /// Where the row of its number of chosen items starts.
    row: usize,
    /// Items that were left when its bounds were computed.
    candidates: usize,
    /// Items that are left.
    left: u32,
    /// Number of items that are still to be chosen.
    open: usize,
    /// See [`Search::prepare`].
    base: f64,
}

impl<'f, 's> Search<'f, 's> {
    fn new(of: &'f SetFunction<'s>) -> Self {
        let (m, arena) = (of.size, &of.scratch.arena);
        let rows = (of.count + 1) * m;
        let zeros = || arena.alloc_slice_fill_copy(rows, 0.0);
        let bytes = || arena.alloc_slice_fill_copy(rows, 0_u8);
        let positions = || arena.alloc_slice_fill_copy(of.count, 0_usize);
        let start = if of.smallest.is_some() { f64::INFINITY } else { 0.0 };
        let this = Self {
            to_chosen: arena.alloc_slice_fill_copy(rows, start),
            covered: zeros(),
            room: zeros(),
            remainders: zeros(),
            coordinates: zeros(),
            gains: zeros(),
            bounds: zeros(),
            second: zeros(),
            order: bytes(),
            second_order: bytes(),
            chosen: positions(),
            found: positions(),
            best: f64::NEG_INFINITY,
            of,
        };
        if let Some(saturation) = &of.saturation {
            this.room[..m].copy_from_slice(saturation.enough);
        }
        if let Some(volume) = &of.volume {
            (0..m).for_each(|i| this.remainders[i] = volume.similarities[i * m + i]);
        }
        this
    }

    /// Tries what may be better than the best so far: the first `depth` items are chosen, with this value, and the others come from `left`.
    fn descend(&mut self, depth: usize, mut left: u32, value: f64) {
        let (m, open) = (self.of.size, self.of.count - depth);
        let candidates = left.count_ones() as usize;
        let base = self.prepare(depth, left, open);
        for at in 0..candidates {
            let i = usize::from(self.order[depth * m + at]);
            let slack = if self.best.is_finite() { 1e-12 * self.best.abs() } else { 0.0 };
            let node = Node { row: depth * m, candidates, left, open, base };
            if candidates - at < open || self.limit(node, value) <= self.best + slack {
                return;
            }
            left &= !(1 << i);
            self.chosen[depth] = i;
            let gain = self.gains[depth * m + i];
            let reached = if self.of.smallest.is_some() { value.min(gain) } else { value + gain };
            if open == 1 {
                // The bound of a single item is its gain, so the first is the best.
                if reached > self.best + slack {
                    self.best = reached;
                    self.found.copy_from_slice(self.chosen);
                }
                return;
            }
            if reached > f64::NEG_INFINITY {
                self.choose(depth, i);
                self.descend(depth + 1, left, reached);
            }
        }
    }

    /// An upper bound on all sets of the chosen, which have this value, and as many of those left as are open.
    fn limit(&self, node: Node, value: f64) -> f64 {
        let Node { row, candidates, left, open, base } = node;
        let largest = |order: &[u8], bounds: &[f64]| {
            let order = order[row..row + candidates].iter().filter(|&&i| left >> i & 1 == 1);
            let bounds = order.take(open).map(|&i| bounds[row + usize::from(i)]);
            bounds.fold((0.0, f64::INFINITY), |(sum, _), bound| (sum + bound, bound))
        };
        let (sum, last) = largest(self.order, self.bounds);
        if self.of.smallest.is_some() {
            return value.min(last);
        }
        if base == f64::INFINITY {
            return value + sum;
        }
        value + sum.min(base + largest(self.second_order, self.second).0)
    }

    /// Computes gains and bounds of all items left. Returns the part of the second bound that comes once; infinite if there is no second
    /// bound.
    fn prepare(&mut self, depth: usize, left: u32, open: usize) -> f64 {
        let (of, m) = (self.of, self.of.size);
        let row = depth * m;
        let items = (0..m).filter(|&i| left >> i & 1 == 1);
        let mut base = f64::INFINITY;
        if let Some(smallest) = &of.smallest {
            for i in items.clone() {
                let farthest = if open > 1 { smallest.largest(i, left).nth(open - 2) } else { None };
                self.gains[row + i] = self.to_chosen[row + i];
                self.bounds[row + i] = self.gains[row + i].min(farthest.unwrap_or(f64::INFINITY));
            }
        } else {
            for i in items.clone() {
                let to_come =
                    of.pairs.as_ref().map_or(0.0, |pairs| 0.5 * pairs.largest(i, left).take(open - 1).sum::<f64>());
                let mut gain = of.each[i] + self.to_chosen[row + i];
                if let Some(volume) = &of.volume {
                    let remainder = self.remainders[row + i];
                    gain += volume.weight * if remainder < NOTHING { f64::NEG_INFINITY } else { remainder.ln() };
                }
                self.second[row + i] = gain + to_come;
                let covers = self.covers(row, i);
                (self.gains[row + i], self.bounds[row + i]) = (gain + covers, gain + covers + to_come);
            }
            if open > 1 {
                base = self.second_bound(row, left, open);
            }
        }
        let mut count = 0;
        for i in items {
            (self.order[row + count], self.second_order[row + count]) = (i as u8, i as u8);
            count += 1;
        }
        let sort = |order: &mut [u8], values: &[f64]| {
            let entry = |i: u8| (values[usize::from(i)], usize::from(i));
            order.sort_unstable_by(|&a, &b| best_first(entry(a), entry(b)));
        };
        sort(&mut self.order[row..row + count], &self.bounds[row..row + m]);
        if base < f64::INFINITY {
            sort(&mut self.second_order[row..row + count], &self.second[row..row + m]);
        }
        base
    }

    /// What item `i` gains in coverage and in saturation.
    fn covers(&self, row: usize, i: usize) -> f64 {
        let (mut sum, m) = (0.0, self.of.size);
        if let Some(coverage) = &self.of.coverage {
            let covered = &self.covered[row..row + m];
            sum += (0..m).map(|v| coverage.weights[v] * (coverage.worth(i, v) - covered[v]).max(0.0)).sum::<f64>();
        }
        if let Some(saturation) = &self.of.saturation {
            let similarities = saturation.similarities.row(i).iter();
            sum +=
                similarities.zip(&self.room[row..row + m]).map(|(similarity, room)| similarity.min(*room)).sum::<f64>();
        }
        sum
    }

    /// Adds to the second bounds what an item gains by covering itself, and returns what all gain from others; infinite if nothing is
    /// covered.
    fn second_bound(&mut self, row: usize, left: u32, open: usize) -> f64 {
        let (m, mut base) = (self.of.size, f64::INFINITY);
        if let Some(coverage) = &self.of.coverage {
            base = 0.0;
            for v in 0..m {
                let covered = self.covered[row + v];
                let nearest = coverage.similarities.largest(v, left).next().unwrap_or(0.0).min(coverage.caps[v]);
                let by_others = covered.max(nearest);
                base += coverage.weights[v] * (by_others - covered);
                self.second[row + v] += coverage.weights[v] * (coverage.worth(v, v) - by_others).max(0.0);
            }
        }
        if let Some(Saturation { similarities, .. }) = &self.of.saturation {
            base = if base == f64::INFINITY { 0.0 } else { base };
            for v in 0..m {
                let own = if left >> v & 1 == 1 { similarities.row(v)[v] } else { 0.0 };
                let most = own + similarities.largest(v, left).take(open).sum::<f64>();
                base += most.min(self.room[row + v]);
            }
        }
        base
    }

    /// Makes the next row of each state: item `i` is chosen, too.
    fn choose(&mut self, depth: usize, i: usize) {
        let (of, m) = (self.of, self.of.size);
        let (row, next) = (depth * m, (depth + 1) * m);
        if let Some(smallest) = &of.smallest {
            (0..m).for_each(|j| self.to_chosen[next + j] = self.to_chosen[row + j].min(smallest.row(i)[j]));
        }
        if let Some(pairs) = &of.pairs {
            (0..m).for_each(|j| self.to_chosen[next + j] = self.to_chosen[row + j] + pairs.row(i)[j]);
        }
        if let Some(coverage) = &of.coverage {
            (0..m).for_each(|v| self.covered[next + v] = self.covered[row + v].max(coverage.worth(i, v)));
        }
        if let Some(saturation) = &of.saturation {
            let similarities = saturation.similarities.row(i);
            (0..m).for_each(|v| self.room[next + v] = (self.room[row + v] - similarities[v]).max(0.0));
        }
        if let Some(volume) = &of.volume {
            let root = self.remainders[row + i].sqrt();
            for j in 0..m {
                let along: f64 = (0..depth).map(|d| self.coordinates[d * m + i] * self.coordinates[d * m + j]).sum();
                let coordinate = (volume.similarities[i * m + j] - along) / root;
                self.coordinates[row + j] = coordinate;
                self.remainders[next + j] = self.remainders[row + j] - coordinate * coordinate;
            }
        }
    }
}
