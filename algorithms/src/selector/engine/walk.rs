//! A random walk over a pool with items that absorb it.
//!
//! # Equations
//!
//! W are the similarities, D their row sums, l the probability of a step along them, r where jumps go, and g the probability of a
//! jump: 1 - l, or 1 from an item with a row of zeros. The steps are `P = l D^-1 W + g r'`.
//!
//! Without absorption the shares of time p fulfil `p = P' p`, so p is a multiple of `A^-1 r`, where `A = I - l W D^-1`. With items R
//! that absorb, the expected visits v of the others U, summed over where the walk may begin, fulfil `(I - P_UU)' v = 1`, so
//! `A_UU v - r (g . v) = 1`, and with `y = A_UU^-1 1` and `x = A_UU^-1 r`
//!
//! `v = y + x (g . y) / (1 - g . x)`.
//!
//! Here v is computed times `1 - g . x`, the probability that the walk is absorbed before its next jump, which may be 0.
//!
//! `A = D^(1/2) S D^(-1/2)`, where `S = I - l D^(-1/2) W D^(-1/2)` is symmetric, with eigenvalues from 1 - l to 1 + l. Let M be the
//! inverse of S. The inverse of `S_UU` is what is left of M beside the columns of R: `M - sum of c c' / c_p` over the picks p, where c
//! is the column p of what was left before. So each pick takes one column of M, by one solution, and y and x lose a multiple of c.

use crate::points::dense;
use crate::pool_kernel::Matrix;
use crate::scratch::Scratch;
use multiversion::multiversion;

/// The walk, and which items absorb it.
pub struct Walk<'s> {
    system: System<'s>,
    /// The probability of a jump from each item.
    leaving: &'s [f64],
    /// The columns of what was left of M, one for each pick, and where each was picked.
    columns: &'s mut [f64],
    picks: &'s mut [usize],
    count: usize,
    /// y and x, both multiplied by `D^(-1/2)`.
    everywhere: &'s mut [f64],
    jumping: &'s mut [f64],
}

impl<'s> Walk<'s> {
    /// A walk that goes on along similarities with probability `along`, below 1, and else where `jumps` say, which add up to 1.
    /// Up to `capacity` items may absorb it.
    pub fn new(matrix: Matrix<'s>, along: f64, jumps: &[f64], capacity: usize, scratch: &'s Scratch) -> Self {
        let (m, arena) = (matrix.size(), &scratch.arena);
        let mut system = System::new(matrix, along, scratch);
        let of = |right: &dyn Fn(usize) -> f64, system: &mut System<'s>| {
            let right = arena.alloc_slice_fill_with(m, right);
            let solution = arena.alloc_slice_fill_copy(m, 0.0);
            system.solve(right, solution);
            solution
        };
        let scales = system.scales;
        let everywhere = of(&|i| scales[i], &mut system);
        let jumping = of(&|i| scales[i] * jumps[i], &mut system);
        let is_lonely = system.is_lonely;
        Self {
            leaving: arena.alloc_slice_fill_with(m, |i| if is_lonely[i] { 1.0 } else { 1.0 - along }),
            columns: arena.alloc_slice_fill_copy(capacity * m, 0.0),
            picks: arena.alloc_slice_fill_copy(capacity, 0),
            count: 0,
            everywhere,
            jumping,
            system,
        }
    }

    /// A multiple of the time spent at each item, and of the expected visits to each that does not absorb once some do.
    pub fn visits(&self, visits: &mut [f64]) {
        let scales = self.system.scales;
        if self.count == 0 {
            visits.iter_mut().zip(&*self.jumping).zip(scales).for_each(|((visits, x), scale)| *visits = x / scale);
            return;
        }
        let jumps_after = |of: &[f64]| (0..of.len()).map(|i| self.leaving[i] * of[i] / scales[i]).sum::<f64>();
        let (after, absorbed) = (jumps_after(self.everywhere), (1.0 - jumps_after(self.jumping)).max(0.0));
        for (i, visits) in visits.iter_mut().enumerate() {
            *visits = (self.everywhere[i] * absorbed + after * self.jumping[i]) / scales[i];
        }
    }

    /// Item `i` absorbs the walk from now on.
    pub fn absorb(&mut self, i: usize) {
        let m = self.everywhere.len();
        let (before, rest) = self.columns.split_at_mut(self.count * m);
        let column = &mut rest[..m];
        self.system.solve_unit(i, column);
        for (other, &pick) in before.chunks_exact(m).zip(&*self.picks) {
            subtract(column, other, other[i] / other[pick]);
        }
        for of in [&mut *self.everywhere, &mut *self.jumping] {
            let share = of[i] / column[i];
            subtract(of, column, share);
            of[i] = 0.0;
        }
        self.picks[self.count] = i;
        self.count += 1;
    }
}

/// The matrix S, and room to solve systems with it.
struct System<'s> {
    matrix: Matrix<'s>,
    along: f64,
    /// 1 / root of the row sum; 1 for a row of zeros.
    scales: &'s [f64],
    is_lonely: &'s [bool],
    right: &'s mut [f64],
    residual: &'s mut [f64],
    direction: &'s mut [f64],
    image: &'s mut [f64],
    scaled: &'s mut [f64],
}

impl<'s> System<'s> {
    fn new(mut matrix: Matrix<'s>, along: f64, scratch: &'s Scratch) -> Self {
        let (m, arena) = (matrix.size(), &scratch.arena);
        let sums = arena.alloc_slice_fill_copy(m, 0.0);
        let ones = arena.alloc_slice_fill_copy(m, 1.0);
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = product(matrix.row(i), ones);
        }
        let [right, residual, direction, image, scaled] = std::array::from_fn(|_| arena.alloc_slice_fill_copy(m, 0.0));
        Self {
            matrix,
            along,
            scales: arena.alloc_slice_fill_with(m, |i| if sums[i] > 0.0 { 1.0 / sums[i].sqrt() } else { 1.0 }),
            is_lonely: arena.alloc_slice_fill_with(m, |i| sums[i] <= 0.0),
            right,
            residual,
            direction,
            image,
            scaled,
        }
    }

    /// The column `i` of the inverse.
    fn solve_unit(&mut self, i: usize, solution: &mut [f64]) {
        let right = std::mem::take(&mut self.right);
        right.fill(0.0);
        right[i] = 1.0;
        self.solve(right, solution);
        self.right = right;
    }

    /// Conjugate gradients from 0, until the residual, which bounds the error times 1 - l, is as small as rounding allows, or
    /// stays; begun again from there while the residual that they carry on is not the true one.
    fn solve(&mut self, right: &[f64], solution: &mut [f64]) {
        /// The residual over the right side.
        const SMALL: f64 = 1e-14;
        const TIMES: usize = 4;
        solution.fill(0.0);
        self.residual.copy_from_slice(right);
        let enough = SMALL * SMALL * product(right, right);
        let most_steps = 4 * right.len() + 100;
        for _ in 0..TIMES {
            let mut square = product(self.residual, self.residual);
            self.direction.copy_from_slice(self.residual);
            for _ in 0..most_steps {
                if square <= enough {
                    break;
                }
                self.multiply();
                let step = square / product(self.direction, self.image);
                subtract(solution, self.direction, -step);
                subtract(self.residual, self.image, step);
                let next = product(self.residual, self.residual);
                turn(self.direction, self.residual, next / square);
                square = next;
            }
            // The true residual.
            self.direction.copy_from_slice(solution);
            self.multiply();
            for ((residual, right), image) in self.residual.iter_mut().zip(right).zip(&*self.image) {
                *residual = right - image;
            }
            if product(self.residual, self.residual) <= 4.0 * enough {
                return;
            }
        }
    }

    /// `image = S direction`.
    fn multiply(&mut self) {
        for ((scaled, direction), scale) in self.scaled.iter_mut().zip(&*self.direction).zip(self.scales) {
            *scaled = direction * scale;
        }
        for i in 0..self.image.len() {
            let step = self.scales[i] * product(self.matrix.row(i), self.scaled);
            self.image[i] = self.direction[i] - self.along * step;
        }
    }
}

#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn product(a: &[f64], b: &[f64]) -> f64 {
    dense::product(a, b)
}

#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn subtract(from: &mut [f64], other: &[f64], by: f64) {
    from.iter_mut().zip(other).for_each(|(from, other)| *from -= by * other);
}

/// `direction = residual + by * direction`.
#[multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2+fma"))]
fn turn(direction: &mut [f64], residual: &[f64], by: f64) {
    direction.iter_mut().zip(residual).for_each(|(direction, residual)| *direction = residual + by * *direction);
}
