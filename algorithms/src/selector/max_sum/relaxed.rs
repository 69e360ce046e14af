//! Frank-Wolfe on the relaxed problem: parts of items.

use super::Sum;
use crate::pool_kernel::KEPT;
use crate::selector::engine::order::best_first;

/// Steps, at most.
const STEPS: usize = 100;

/// The point that the search is at: of each item the part that is in the set, k in all.
///
/// The function is `sum of rel_i x_i + lambda / 2 * sum of d_ij x_i x_j + delta * (sum of x_i^2 - k)`, which is the objective where all
/// parts are whole. With `2 delta` the largest `lambda * d_ij` it is convex along every exchange between two items, so that one of the
/// two ends of an exchange is as good as any point between them.
struct Parts<'p, 's> {
    sum: &'p Sum<'p, 's>,
    /// All distances, of pools that are not too large.
    kept: &'s [f64],
    row: &'s mut [f64],
    other_row: &'s mut [f64],
    /// Twice delta.
    reward: f64,
    of: &'s mut [f64],
    /// Per item: the sum of its distances to the parts.
    distances: &'s mut [f64],
    gradient: &'s mut [f64],
}

impl<'p, 's> Parts<'p, 's> {
    /// Equal parts.
    fn new(sum: &'p Sum<'p, 's>) -> Self {
        let (m, arena) = (sum.size(), &sum.scratch.arena);
        let zeros = || arena.alloc_slice_fill_copy(m, 0.0);
        let kept = arena.alloc_slice_fill_copy(if m <= KEPT { m * m } else { 0 }, 0.0);
        let (distances, mut largest) = (zeros(), 0.0_f64);
        sum.spreads.pairs(sum.scratch, |i, j, distance| {
            largest = largest.max(distance);
            distances[i] += distance;
            distances[j] += distance;
            if !kept.is_empty() {
                (kept[i * m + j], kept[j * m + i]) = (distance, distance);
            }
        });
        let part = sum.request.count() as f64 / m as f64;
        distances.iter_mut().for_each(|distance| *distance *= part);
        Self {
            kept,
            row: zeros(),
            other_row: zeros(),
            reward: sum.lambda * largest,
            of: arena.alloc_slice_fill_copy(m, part),
            distances,
            gradient: zeros(),
            sum,
        }
    }

    /// Computes the gradient.
    fn look(&mut self) {
        for i in 0..self.of.len() {
            let diverse = self.sum.lambda * self.distances[i] + self.reward * self.of[i];
            self.gradient[i] = self.sum.request.score(i) + diverse;
        }
    }

    /// Puts the distances of item `i` to all into `row`.
    fn read(sum: &Sum<'_, '_>, kept: &[f64], i: usize, row: &mut [f64]) {
        let m = row.len();
        if kept.is_empty() {
            sum.spreads.row(i, row);
        } else {
            row.copy_from_slice(&kept[i * m..(i + 1) * m]);
        }
    }

    /// One step, by exact line search, towards the set with the largest sum of the gradient. `false` if that is no way up.
    fn step(&mut self, order: &mut [usize], corner: &mut [f64], to_corner: &mut [f64]) -> bool {
        let (sum, k) = (self.sum, self.sum.request.count());
        order.sort_unstable_by(|&a, &b| best_first((self.gradient[a], a), (self.gradient[b], b)));
        corner.fill(0.0);
        to_corner.fill(0.0);
        for &i in &order[..k] {
            corner[i] = 1.0;
            Self::read(sum, self.kept, i, self.row);
            to_corner.iter_mut().zip(&*self.row).for_each(|(total, distance)| *total += distance);
        }
        let (mut slope, mut curvature, mut magnitude) = (0.0, 0.0, 0.0);
        for i in 0..corner.len() {
            let change = corner[i] - self.of[i];
            let diverse = sum.lambda * (to_corner[i] - self.distances[i]) + self.reward * change;
            slope += self.gradient[i] * change;
            curvature += change * diverse;
            magnitude += (self.gradient[i] * change).abs();
        }
        if slope <= 1e-12 * magnitude {
            return false;
        }
        // Along the way the function is `slope * t + curvature / 2 * t^2`.
        if slope + curvature >= 0.0 {
            self.of.copy_from_slice(corner);
            self.distances.copy_from_slice(to_corner);
        } else {
            let length = -slope / curvature;
            self.of.iter_mut().zip(&*corner).for_each(|(part, corner)| *part += length * (corner - *part));
            self.distances.iter_mut().zip(&*to_corner).for_each(|(own, corner)| *own += length * (corner - *own));
        }
        true
    }

    /// Whether an item is neither in the set nor out of it.
    fn is_split(part: f64) -> bool {
        part > 0.0 && part < 1.0
    }

    /// Exchanges parts of two items, until all but one are whole: of those that are split, the item with the largest gradient and that
    /// with the smallest, to the better end.
    fn make_whole(&mut self) {
        loop {
            self.look();
            let split = (0..self.of.len()).filter(|&i| Self::is_split(self.of[i]));
            let by_gradient = |&a: &usize, &b: &usize| best_first((self.gradient[a], a), (self.gradient[b], b));
            let (Some(up), Some(down)) = (split.clone().min_by(by_gradient), split.max_by(by_gradient)) else { return };
            if up == down {
                // All others are whole, and so is it up to rounding.
                self.of[up] = self.of[up].round();
                return;
            }
            Self::read(self.sum, self.kept, up, self.row);
            Self::read(self.sum, self.kept, down, self.other_row);
            let (slope, bend) =
                (self.gradient[up] - self.gradient[down], self.reward - self.sum.lambda * self.row[down]);
            let (forth, back) = ((1.0 - self.of[up]).min(self.of[down]), self.of[up].min(1.0 - self.of[down]));
            let rise = |t: f64| t * slope + t * t * bend;
            let change = if rise(forth) >= rise(-back) { forth } else { -back };
            // At an end one of the two is whole, exactly.
            let (with_up, with_down) = (self.of[up] + change, self.of[down] - change);
            let whole = |part: f64| {
                if part < 1e-9 {
                    0.0
                } else if part > 1.0 - 1e-9 {
                    1.0
                } else {
                    part
                }
            };
            (self.of[up], self.of[down]) = (whole(with_up), whole(with_down));
            for (own, (up, down)) in self.distances.iter_mut().zip(self.row.iter().zip(&*self.other_row)) {
                *own += change * (up - down);
            }
        }
    }
}

impl Sum<'_, '_> {
    /// What Frank-Wolfe finds on the relaxed problem.
    pub(super) fn relaxed(&self, picked: &mut Vec<usize>) {
        let (m, arena) = (self.size(), &self.scratch.arena);
        let mut parts = Parts::new(self);
        let order = arena.alloc_slice_fill_with(m, |i| i);
        let (corner, to_corner) = (arena.alloc_slice_fill_copy(m, 0.0), arena.alloc_slice_fill_copy(m, 0.0));
        for _ in 0..STEPS {
            parts.look();
            if !parts.step(order, corner, to_corner) {
                if parts.of.iter().all(|&part| !Parts::is_split(part)) {
                    break;
                }
                // No way up from here but by an exchange.
                parts.make_whole();
            }
        }
        parts.make_whole();
        order.sort_unstable_by(|&a, &b| best_first((parts.of[a], a), (parts.of[b], b)));
        picked.clear();
        picked.extend_from_slice(&order[..self.request.count()]);
        self.order(picked);
    }
}
