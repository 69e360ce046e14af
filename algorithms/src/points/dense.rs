//! Sums over the elements of dense vectors, exactly: `f32` data, `f64` arithmetic, one fixed order of summation.
//!
//! Element `i` of a row always goes to accumulator `i % 16` and the accumulators are always added up
//! in the same tree, so a result depends neither on the instruction set nor on tiling nor on threads.
//! (The product of two `f32` is exact in `f64`, so a fused multiply-add rounds as a separate
//! multiplication and addition do, and is used where there is one.)

use super::vectors::{LANES, Line, Vectors};
use multiversion::{multiversion, target::target_cfg_f};

/// Adds up sixteen accumulators in a fixed tree: halves, quarters, pairs. (Written in steps of fixed width, each of
/// which becomes one instruction; a loop over the widths does not.)
#[inline(always)]
pub(crate) fn tree_sum(lanes: &[f64; LANES]) -> f64 {
    let (mut eight, mut four) = ([0.0; 8], [0.0; 4]);
    for i in 0..8 {
        eight[i] = lanes[i] + lanes[i + 8];
    }
    for i in 0..4 {
        four[i] = eight[i] + eight[i + 4];
    }
    (four[0] + four[2]) + (four[1] + four[3])
}

/// The inner product of two rows of numbers in a fixed order: term `i` goes to lane `i % 16`, and the lanes are added up in a tree.
#[inline(always)]
pub(crate) fn product(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (mut of_a, mut of_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (a, b) in (&mut of_a).zip(&mut of_b) {
        for i in 0..LANES {
            sums[i] += a[i] * b[i];
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(of_a.remainder()).zip(of_b.remainder()) {
        *sum += a * b;
    }
    tree_sum(&sums)
}

/// The term that a sum over the elements of two rows adds for each pair.
trait Term {
    fn add(sum: &mut f64, a: f64, b: f64);
}

/// Fused where the processor can do that. The product of two `f32` is exact in `f64`, so the sum is rounded once, to
/// the same bits either way.
struct Product<const FUSED: bool>;
struct SquaredDifference;

impl<const FUSED: bool> Term for Product<FUSED> {
    #[inline(always)]
    fn add(sum: &mut f64, a: f64, b: f64) {
        *sum = if FUSED { a.mul_add(b, *sum) } else { *sum + a * b };
    }
}

impl Term for SquaredDifference {
    #[inline(always)]
    fn add(sum: &mut f64, a: f64, b: f64) {
        // Differences are not exact, so this must not be fused on one machine and not on another.
        *sum += (a - b) * (a - b);
    }
}

/// The values of a [`Line`] as `f64`, exactly.
pub type WideLine = [f64; LANES];

/// Values that are multiplied as `f64`.
trait Values {
    /// Value `i`, below [`LANES`].
    fn value(&self, i: usize) -> f64;
}

impl Values for Line {
    #[inline(always)]
    fn value(&self, i: usize) -> f64 {
        f64::from(self.0[i])
    }
}

impl Values for WideLine {
    #[inline(always)]
    fn value(&self, i: usize) -> f64 {
        self[i]
    }
}

/// Row after row of whole lines, read by number.
#[derive(Clone, Copy, Debug)]
pub struct DenseRows<'a> {
    lines: &'a [Line],
    stride: usize,
}

impl<'a> DenseRows<'a> {
    /// DenseRows of `stride` lines each.
    pub fn new(lines: &'a [Line], stride: usize) -> Self {
        Self { lines, stride }
    }

    /// All rows of `vectors`.
    pub fn of(vectors: &'a Vectors) -> Self {
        Self::new(vectors.block(0..vectors.rows()), vectors.stride())
    }

    /// Lines of a row.
    pub fn stride(self) -> usize {
        self.stride
    }

    /// Row `i`.
    #[inline(always)]
    pub fn get(self, i: u32) -> &'a [Line] {
        &self.lines[i as usize * self.stride..][..self.stride]
    }
}

/// Two rows with four rows: eight chains of additions under way at once, and each row widened to `f64` once for several
/// uses. (One accumulator a name: an array of arrays does not stay in registers.)
#[inline(always)]
fn two_with_four<T: Term, L: Values>(left: [&[L]; 2], right: [&[L]; 4]) -> [[f64; 4]; 2] {
    let stride = left[0].len();
    // The same length for all, known to the compiler: no bounds are checked in the loop.
    let ([a, b], [p, q, r, s]) = (left.map(|row| &row[..stride]), right.map(|row| &row[..stride]));
    let (mut ap, mut aq, mut ar, mut as_) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
    let (mut bp, mut bq, mut br, mut bs) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for at in 0..stride {
        for i in 0..LANES {
            let (a, b) = (a[at].value(i), b[at].value(i));
            let (p, q, r, s) = (p[at].value(i), q[at].value(i), r[at].value(i), s[at].value(i));
            T::add(&mut ap[i], a, p);
            T::add(&mut aq[i], a, q);
            T::add(&mut ar[i], a, r);
            T::add(&mut as_[i], a, s);
            T::add(&mut bp[i], b, p);
            T::add(&mut bq[i], b, q);
            T::add(&mut br[i], b, r);
            T::add(&mut bs[i], b, s);
        }
    }
    [
        [tree_sum(&ap), tree_sum(&aq), tree_sum(&ar), tree_sum(&as_)],
        [tree_sum(&bp), tree_sum(&bq), tree_sum(&br), tree_sum(&bs)],
    ]
}

/// One row with four rows: four chains of additions under way at once.
#[inline(always)]
fn one_with_four<T: Term>(a: &[Line], right: [&[Line]; 4]) -> [f64; 4] {
    let stride = a.len();
    let [p, q, r, s] = right.map(|row| &row[..stride]);
    let (mut ap, mut aq, mut ar, mut as_) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for at in 0..stride {
        for i in 0..LANES {
            let a = f64::from(a[at].0[i]);
            T::add(&mut ap[i], a, f64::from(p[at].0[i]));
            T::add(&mut aq[i], a, f64::from(q[at].0[i]));
            T::add(&mut ar[i], a, f64::from(r[at].0[i]));
            T::add(&mut as_[i], a, f64::from(s[at].0[i]));
        }
    }
    [tree_sum(&ap), tree_sum(&aq), tree_sum(&ar), tree_sum(&as_)]
}

/// One row with one row.
#[inline(always)]
fn one_with_one<T: Term>(a: &[Line], b: &[Line]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            T::add(&mut sums[i], f64::from(a.0[i]), f64::from(b.0[i]));
        }
    }
    tree_sum(&sums)
}

/// Four rows, each with itself.
#[inline(always)]
fn four_with_themselves<T: Term>(rows: [&[Line]; 4]) -> [f64; 4] {
    let stride = rows[0].len();
    let [p, q, r, s] = rows.map(|row| &row[..stride]);
    let (mut pp, mut qq, mut rr, mut ss) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for at in 0..stride {
        for i in 0..LANES {
            let (p, q) = (f64::from(p[at].0[i]), f64::from(q[at].0[i]));
            let (r, s) = (f64::from(r[at].0[i]), f64::from(s[at].0[i]));
            T::add(&mut pp[i], p, p);
            T::add(&mut qq[i], q, q);
            T::add(&mut rr[i], r, r);
            T::add(&mut ss[i], s, s);
        }
    }
    [tree_sum(&pp), tree_sum(&qq), tree_sum(&rr), tree_sum(&ss)]
}

/// Row after row of `stride` lines, each with itself.
#[inline(always)]
fn all_with_themselves<T: Term>(lines: &[Line], stride: usize, out: &mut [f64]) {
    let (mut fours, mut outs) = (lines.chunks_exact(4 * stride), out.chunks_exact_mut(4));
    for (lines, out) in (&mut fours).zip(&mut outs) {
        out.copy_from_slice(&four_with_themselves::<T>(std::array::from_fn(|row| {
            &lines[row * stride..(row + 1) * stride]
        })));
    }
    for (row, out) in fours.remainder().chunks_exact(stride).zip(outs.into_remainder()) {
        *out = one_with_one::<T>(row, row);
    }
}

/// Copies four rows of equal length to rows of `stride` lines. Returns the sums of [`four_with_themselves`], in the same order.
#[inline(always)]
fn four_packed<T: Term>(rows: [&[f32]; 4], lines: &mut [Line], stride: usize) -> [f64; 4] {
    let mut sums = [[0.0; LANES]; 4];
    let (first, last) = lines.split_at_mut(2 * stride);
    let ((p_to, q_to), (r_to, s_to)) = (first.split_at_mut(stride), last.split_at_mut(stride));
    let whole = rows[0].len() / LANES;
    let [(p, p_rest), (q, q_rest), (r, r_rest), (s, s_rest)] =
        [rows[0].as_chunks(), rows[1].as_chunks(), rows[2].as_chunks(), rows[3].as_chunks()];
    // The same length for all, known to the compiler: no bounds are checked in the loop.
    let (p, q, r, s) = (&p[..whole], &q[..whole], &r[..whole], &s[..whole]);
    let (p_whole, q_whole, r_whole, s_whole) =
        (&mut p_to[..whole], &mut q_to[..whole], &mut r_to[..whole], &mut s_to[..whole]);
    for at in 0..whole {
        (p_whole[at].0, q_whole[at].0, r_whole[at].0, s_whole[at].0) = (p[at], q[at], r[at], s[at]);
        add_squares::<T>(&mut sums, [&p[at], &q[at], &r[at], &s[at]]);
    }
    if let ([p, ..], [q, ..], [r, ..], [s, ..]) =
        (&mut p_to[whole..], &mut q_to[whole..], &mut r_to[whole..], &mut s_to[whole..])
    {
        (p.0, q.0, r.0, s.0) = (padded(p_rest), padded(q_rest), padded(r_rest), padded(s_rest));
        add_squares::<T>(&mut sums, [&p.0, &q.0, &r.0, &s.0]);
    }
    [tree_sum(&sums[0]), tree_sum(&sums[1]), tree_sum(&sums[2]), tree_sum(&sums[3])]
}

/// Some values, and zeros after them.
#[inline(always)]
fn padded(values: &[f32]) -> [f32; LANES] {
    let mut line = [0.0; LANES];
    line.iter_mut().zip(values).for_each(|(to, &from)| *to = from);
    line
}

/// Adds the terms of a line of each of four rows with itself.
#[inline(always)]
fn add_squares<T: Term>(sums: &mut [[f64; LANES]; 4], values: [&[f32; LANES]; 4]) {
    let [p, q, r, s] = values;
    for i in 0..LANES {
        let (p, q, r, s) = (f64::from(p[i]), f64::from(q[i]), f64::from(r[i]), f64::from(s[i]));
        T::add(&mut sums[0][i], p, p);
        T::add(&mut sums[1][i], q, q);
        T::add(&mut sums[2][i], r, r);
        T::add(&mut sums[3][i], s, s);
    }
}

/// Row `a` with the rows at `ids`.
#[inline(always)]
fn one_to_many<T: Term>(a: &[Line], rows: DenseRows<'_>, ids: &[u32], out: &mut [f64]) {
    let mut fours = ids.chunks_exact(4);
    let mut outs = out.chunks_exact_mut(4);
    for (ids, out) in (&mut fours).zip(&mut outs) {
        let right = [rows.get(ids[0]), rows.get(ids[1]), rows.get(ids[2]), rows.get(ids[3])];
        out.copy_from_slice(&one_with_four::<T>(a, right));
    }
    for (&id, out) in fours.remainder().iter().zip(outs.into_remainder()) {
        *out = one_with_one::<T>(a, rows.get(id));
    }
}

/// The rows at `left` with the rows at `right`; `out[l * right.len() + r]`.
#[inline(always)]
fn many_to_many<T: Term>(rows: DenseRows<'_>, left: &[u32], right: &[u32], out: &mut [f64]) {
    let width = right.len();
    let mut twos = left.chunks_exact(2);
    let mut outs = out.chunks_exact_mut((2 * width).max(1));
    for (pair, out) in (&mut twos).zip(&mut outs) {
        let (first, second) = out.split_at_mut(width);
        let left = [rows.get(pair[0]), rows.get(pair[1])];
        let whole = width / 4 * 4;
        for at in (0..whole).step_by(4) {
            let ids = &right[at..at + 4];
            let four = [rows.get(ids[0]), rows.get(ids[1]), rows.get(ids[2]), rows.get(ids[3])];
            let sums = two_with_four::<T, Line>(left, four);
            first[at..at + 4].copy_from_slice(&sums[0]);
            second[at..at + 4].copy_from_slice(&sums[1]);
        }
        for at in whole..width {
            first[at] = one_with_one::<T>(left[0], rows.get(right[at]));
            second[at] = one_with_one::<T>(left[1], rows.get(right[at]));
        }
    }
    for (&id, out) in twos.remainder().iter().zip(outs.into_remainder().chunks_exact_mut(width.max(1))) {
        one_to_many::<T>(rows.get(id), rows, right, out);
    }
}

/// All rows of `left` with all rows of `right`, which have `stride` lines each; `out[l * (rows of right) + r]`. Rows beside the twos
/// and fours are worked on as if there were more of the last one.
#[inline(always)]
fn wide_tile<T: Term>(left: &[WideLine], right: &[WideLine], stride: usize, out: &mut [f64]) {
    let (height, width) = (left.len() / stride, right.len() / stride);
    for top in (0..height).step_by(2) {
        let two = [top, top + 1].map(|l| &left[l.min(height - 1) * stride..][..stride]);
        for first in (0..width).step_by(4) {
            let four = [0, 1, 2, 3].map(|r| &right[(first + r).min(width - 1) * stride..][..stride]);
            let sums = two_with_four::<T, WideLine>(two, four);
            let (high, wide) = (2.min(height - top), 4.min(width - first));
            for (l, sums) in sums.iter().enumerate().take(high) {
                out[(top + l) * width + first..][..wide].copy_from_slice(&sums[..wide]);
            }
        }
    }
}

/// The inner product of two rows of equal length.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn dot(a: &[Line], b: &[Line]) -> f64 {
    if target_cfg_f!(target_feature = "fma") {
        one_with_one::<Product<true>>(a, b)
    } else {
        one_with_one::<Product<false>>(a, b)
    }
}

/// The squared L2 distance of two rows of equal length.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn squared_euclidean(a: &[Line], b: &[Line]) -> f64 {
    one_with_one::<SquaredDifference>(a, b)
}

/// Inner products of row `a` with the rows at `ids`, one per value of `out`.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn dots(a: &[Line], rows: DenseRows<'_>, ids: &[u32], out: &mut [f64]) {
    if target_cfg_f!(target_feature = "fma") {
        one_to_many::<Product<true>>(a, rows, ids, out);
    } else {
        one_to_many::<Product<false>>(a, rows, ids, out);
    }
}

/// Squared L2 distances of row `a` to the rows at `ids`, one per value of `out`.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn squared_euclideans(a: &[Line], rows: DenseRows<'_>, ids: &[u32], out: &mut [f64]) {
    one_to_many::<SquaredDifference>(a, rows, ids, out);
}

/// Inner products of the rows at `left` with the rows at `right`, row-major.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn dot_tile(rows: DenseRows<'_>, left: &[u32], right: &[u32], out: &mut [f64]) {
    if target_cfg_f!(target_feature = "fma") {
        many_to_many::<Product<true>>(rows, left, right, out);
    } else {
        many_to_many::<Product<false>>(rows, left, right, out);
    }
}

/// Squared L2 distances of the rows at `left` to the rows at `right`, row-major.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn squared_euclidean_tile(rows: DenseRows<'_>, left: &[u32], right: &[u32], out: &mut [f64]) {
    many_to_many::<SquaredDifference>(rows, left, right, out);
}

/// The rows at `ids`, one after another, as `f64`.
///
/// # Panics
/// If `to` is shorter than they are.
pub fn widen(rows: DenseRows<'_>, ids: &[u32], to: &mut [WideLine]) {
    for (row, &id) in ids.iter().enumerate() {
        for (to, from) in to[row * rows.stride()..][..rows.stride()].iter_mut().zip(rows.get(id)) {
            for i in 0..LANES {
                to[i] = f64::from(from.0[i]);
            }
        }
    }
}

/// Inner products of widened rows of `stride` lines, all of `left` with all of `right`, row-major: the bits of [`dot_tile`], in less
/// time where each row meets many.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn wide_dot_tile(left: &[WideLine], right: &[WideLine], stride: usize, out: &mut [f64]) {
    if target_cfg_f!(target_feature = "fma") {
        wide_tile::<Product<true>>(left, right, stride, out);
    } else {
        wide_tile::<Product<false>>(left, right, stride, out);
    }
}

/// Squared L2 distances of widened rows, see [`wide_dot_tile`].
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn wide_squared_euclidean_tile(left: &[WideLine], right: &[WideLine], stride: usize, out: &mut [f64]) {
    wide_tile::<SquaredDifference>(left, right, stride, out);
}

/// The L2 norms of rows of `stride` lines, with the same bits as those of [`norm`].
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn norms(lines: &[Line], stride: usize, out: &mut [f64]) {
    if target_cfg_f!(target_feature = "fma") {
        all_with_themselves::<Product<true>>(lines, stride, out);
    } else {
        all_with_themselves::<Product<false>>(lines, stride, out);
    }
    out.iter_mut().for_each(|square| *square = square.sqrt());
}

/// Copies four rows of equal length to `stride` lines each, filled up with zeros, and computes their [`norms`] on the way.
///
/// # Panics
/// If `lines` are fewer than four rows take.
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn pack(rows: [&[f32]; 4], lines: &mut [Line], stride: usize, norms: &mut [f64; 4]) {
    let squares = if target_cfg_f!(target_feature = "fma") {
        four_packed::<Product<true>>(rows, lines, stride)
    } else {
        four_packed::<Product<false>>(rows, lines, stride)
    };
    *norms = squares.map(f64::sqrt);
}

/// The L2 norm of a row.
pub fn norm(a: &[Line]) -> f64 {
    dot(a, a).sqrt()
}

/// Replaces inner products with a row of norm `norm` by cosines, see [`cosine`].
#[multiversion(targets("x86_64+avx+avx2+fma+avx512f", "x86_64+avx+avx2+fma"))]
pub fn cosines(dots: &mut [f64], norm: f64, norms: &[f64]) {
    for (dot, &other) in dots.iter_mut().zip(norms) {
        *dot = cosine(*dot, norm, other);
    }
}

/// The cosine for an inner product and the two norms, clamped to `[-1, 1]`; 0 (never -0) where a norm is 0.
#[inline(always)]
pub fn cosine(dot: f64, norm_a: f64, norm_b: f64) -> f64 {
    let scale = norm_a * norm_b;
    if scale > 0.0 { (dot / scale).clamp(-1.0, 1.0) + 0.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        (1_usize..70).prop_flat_map(|d| {
            let row = proptest::collection::vec(-10.0_f32..10.0, d);
            (row.clone(), row)
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_sums((a, b) in pair()) {
            let d = a.len();
            let both = Vectors::new(&[a.clone(), b.clone()].concat(), d).expect("finite");
            let (x, y) = (both.lines(0), both.lines(1));
            let naive: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            let squared: f64 = a.iter().zip(&b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
            prop_assert!((dot(x, y) - naive).abs() <= 1e-9);
            prop_assert!((squared_euclidean(x, y) - squared).abs() <= 1e-9);
            prop_assert_eq!(dot(x, y), dot(y, x));
            prop_assert_eq!(squared_euclidean(x, x), 0.0);
        }

        /// The dispatched loops give the very bits of the plain ones, whatever this processor is and however many rows
        /// go at once.
        #[test]
        fn every_instruction_set_gives_the_same_bits((a, b) in pair()) {
            let d = a.len();
            let seven = [&a, &b, &b, &a, &b, &a, &b].map(Clone::clone).concat();
            let vectors = Vectors::new(&seven, d).expect("finite");
            let rows = DenseRows::of(&vectors);
            let ids = [0, 1, 2, 3, 4, 5, 6];
            let product = |i: u32, j: u32| one_with_one::<Product<false>>(rows.get(i), rows.get(j)).to_bits();
            let square = |i: u32, j: u32| one_with_one::<SquaredDifference>(rows.get(i), rows.get(j)).to_bits();
            prop_assert_eq!(dot(rows.get(0), rows.get(1)).to_bits(), product(0, 1));
            prop_assert_eq!(squared_euclidean(rows.get(0), rows.get(1)).to_bits(), square(0, 1));
            let (mut products, mut squares) = ([0.0; 7], [0.0; 7]);
            dots(rows.get(0), rows, &ids, &mut products);
            squared_euclideans(rows.get(1), rows, &ids, &mut squares);
            let (mut all_products, mut all_squares) = ([0.0; 35], [0.0; 35]);
            dot_tile(rows, &ids[..5], &ids, &mut all_products);
            squared_euclidean_tile(rows, &ids[..5], &ids, &mut all_squares);
            let mut wide = vec![[0.0; LANES]; 7 * vectors.stride()];
            widen(rows, &ids, &mut wide);
            let (mut wide_products, mut wide_squares, five) = ([0.0; 35], [0.0; 35], 5 * vectors.stride());
            wide_dot_tile(&wide[..five], &wide, vectors.stride(), &mut wide_products);
            wide_squared_euclidean_tile(&wide[..five], &wide, vectors.stride(), &mut wide_squares);
            prop_assert_eq!(wide_products.map(f64::to_bits), all_products.map(f64::to_bits));
            prop_assert_eq!(wide_squares.map(f64::to_bits), all_squares.map(f64::to_bits));
            let mut lengths = [0.0; 7];
            norms(vectors.block(0..7), vectors.stride(), &mut lengths);
            for j in 0..7 {
                prop_assert_eq!(lengths[j as usize].to_bits(), norm(rows.get(j)).to_bits());
                prop_assert_eq!(products[j as usize].to_bits(), product(0, j));
                prop_assert_eq!(squares[j as usize].to_bits(), square(1, j));
                for i in 0..5 {
                    prop_assert_eq!(all_products[(i * 7 + j) as usize].to_bits(), product(i, j));
                    prop_assert_eq!(all_squares[(i * 7 + j) as usize].to_bits(), square(i, j));
                }
            }
        }
    }
}
