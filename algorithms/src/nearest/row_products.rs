//! Approximate products of one vector with some rows, wherever they stand: the loop that selectors spend their time in.
//!
//! Value `i` of a row belongs to lane `i % 16`, whatever a register holds, and the lanes are added up in one tree. So processors that
//! multiply and add in one step (AVX-512, AVX2 with FMA, NEON) give the same bits; others round each product, too.
//!
//! # Error
//!
//! Each lane adds up products one after another, then the lanes are added up in a tree. A term takes part in as many additions as a
//! lane has terms, at most one rounding of its own, and one addition for each level of the tree: see [`cosine_error`].

use super::micro_kernel::{Instructions, Register};
use crate::points::dense::DenseRows;
use crate::points::vectors::{LANES, Line};

/// Rows whose sums are under way at once.
const ROWS: usize = 8;

/// Approximate inner products of `vector` with the rows at `ids`.
///
/// # Panics
/// If rows are not as long as the vector, or `out` has not one number for each.
pub fn products_at(vector: &[Line], rows: DenseRows<'_>, ids: &[u32], out: &mut [f32]) {
    products_with(Instructions::best(), vector, rows, ids, out);
}

/// Bound on the error of a cosine of vectors of `stride` lines: their product by [`products_at`] times a number for each that is
/// its inverse norm, rounded to `f32`.
///
/// Of `u = 2^-24`: a lane has `stride` terms, each rounded when it is added; one rounding of a product that is not fused, and four of
/// the tree; two of the inverse norms and two of multiplying by them. That is a sum of `n u` of the magnitudes'
/// product, and the magnitudes are the norms by Cauchy and Schwarz. Three more stand for the norms, which are rounded to `f64`, and
/// for numbers so small that they lose digits; `1 - n u` for higher powers.
pub fn cosine_error(stride: usize) -> f64 {
    let roundings = (stride + 12) as f64 * 0.5 * f64::from(f32::EPSILON);
    // A vector as long as that has no `f32` filter: no cosine is further off than that.
    if roundings < 0.5 { roundings / (1.0 - roundings) } else { 4.0 }
}

fn products_with(instructions: Instructions, vector: &[Line], rows: DenseRows<'_>, ids: &[u32], out: &mut [f32]) {
    assert!(vector.len() == rows.stride() && ids.len() == out.len());
    match instructions {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Instructions::Avx512 => unsafe { products_with_avx512(vector, rows, ids, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Instructions::Avx2 => unsafe { products_with_avx2(vector, rows, ids, out) },
        Instructions::Portable => products_by_registers::<[f32; 4], 4, 2, 0>(vector, rows, ids, out),
    }
}

/// # Safety
/// The processor has AVX-512 F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn products_with_avx512(vector: &[Line], rows: DenseRows<'_>, ids: &[u32], out: &mut [f32]) {
    use std::arch::x86_64::__m512;
    match vector.len() {
        1 => products_by_registers::<__m512, 1, 8, 1>(vector, rows, ids, out),
        2 => products_by_registers::<__m512, 1, 8, 2>(vector, rows, ids, out),
        4 => products_by_registers::<__m512, 1, 8, 4>(vector, rows, ids, out),
        7 => products_by_registers::<__m512, 1, 8, 7>(vector, rows, ids, out),
        8 => products_by_registers::<__m512, 1, 8, 8>(vector, rows, ids, out),
        _ => products_by_registers::<__m512, 1, 8, 0>(vector, rows, ids, out),
    }
}

/// # Safety
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn products_with_avx2(vector: &[Line], rows: DenseRows<'_>, ids: &[u32], out: &mut [f32]) {
    products_by_registers::<std::arch::x86_64::__m256, 2, 4, 0>(vector, rows, ids, out);
}

/// `PARTS` registers hold 16 lanes, and `HIGH` rows times `PARTS` are 8 registers. The last group is filled up with its first row.
/// `LINES` is the length of the vector where that is known, so that it stays in registers: for dimensions that are common; else 0.
#[inline(always)]
fn products_by_registers<R: Register, const PARTS: usize, const HIGH: usize, const LINES: usize>(
    vector: &[Line],
    rows: DenseRows<'_>,
    ids: &[u32],
    out: &mut [f32],
) {
    let length = if LINES > 0 { LINES } else { vector.len() };
    assert!(vector.len() == length && rows.stride() == length);
    let (mut groups, mut outs) = (ids.chunks_exact(ROWS), out.chunks_exact_mut(ROWS));
    for (ids, out) in (&mut groups).zip(&mut outs) {
        out.copy_from_slice(&products_of_eight::<R, PARTS, HIGH>(&vector[..length], rows, ids));
    }
    let (ids, out) = (groups.remainder(), outs.into_remainder());
    if let Some(&first) = ids.first() {
        let mut filled = [first; ROWS];
        filled[..ids.len()].copy_from_slice(ids);
        let products = products_of_eight::<R, PARTS, HIGH>(&vector[..length], rows, &filled);
        out.copy_from_slice(&products[..out.len()]);
    }
}

#[inline(always)]
fn products_of_eight<R: Register, const PARTS: usize, const HIGH: usize>(
    vector: &[Line],
    rows: DenseRows<'_>,
    ids: &[u32],
) -> [f32; ROWS] {
    const { assert!(PARTS * R::LANES == LANES && ROWS.is_multiple_of(HIGH)) };
    let mut of_rows = [std::ptr::null::<f32>(); ROWS];
    for row in 0..ROWS {
        let lines = rows.get(ids[row]);
        assert!(lines.len() == vector.len());
        of_rows[row] = lines.as_ptr().cast();
    }
    let of_vector: *const f32 = vector.as_ptr().cast();
    let mut sums = [[R::all(0.0); PARTS]; ROWS];
    for first in (0..ROWS).step_by(HIGH) {
        let mut of_high = [[R::all(0.0); PARTS]; HIGH];
        for at in 0..vector.len() {
            for part in 0..PARTS {
                let from = at * LANES + part * R::LANES;
                // SAFETY: `from + R::LANES` is at most the number of values of the vector and of each row.
                let of_vector = unsafe { R::load(of_vector.add(from)) };
                for row in 0..HIGH {
                    // SAFETY: as above.
                    let of_row = unsafe { R::load(of_rows[first + row].add(from)) };
                    of_high[row][part] = of_row.times_plus(of_vector, of_high[row][part]);
                }
            }
        }
        sums[first..first + HIGH].copy_from_slice(&of_high);
    }
    sums_of_lanes(&sums)
}

/// The sum of 16 lanes of each row: halves; then neighbours, their pairs, and those of the first and the last four.
#[inline(always)]
fn sums_of_lanes<R: Register, const PARTS: usize>(of: &[[R; PARTS]; ROWS]) -> [f32; ROWS] {
    match PARTS {
        1 => R::sums_of_eight(&of.map(|parts| parts[0])),
        2 => R::sums_of_eight(&of.map(|parts| parts[0].plus(parts[1]))),
        _ => {
            let first = R::sums_of_eight(&of.map(|parts| parts[0].plus(parts[2])));
            let last = R::sums_of_eight(&of.map(|parts| parts[1].plus(parts[3])));
            std::array::from_fn(|row| first[row] + last[row])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::{Vectors, dense::dot};
    use crate::random;

    /// Every instruction set, rows in any order and again, every stride that has its own loop, and others.
    #[test]
    fn each_product_is_within_the_bound() {
        for instructions in Instructions::available() {
            for dim in [1, 3, 17, 50, 64, 100, 112, 128, 129, 1536] {
                let mut rng = random::stream(9, "row products", dim as u64);
                let values: Vec<f32> = (0..40 * dim).map(|_| random::normal(&mut rng) as f32).collect();
                let vectors = Vectors::new(&values, dim).expect("finite");
                for count in [0, 1, 7, 8, 9, 30] {
                    let ids: Vec<u32> = (0..count).map(|_| random::below(&mut rng, 40) as u32).collect();
                    let mut out = vec![f32::NAN; ids.len()];
                    products_with(instructions, vectors.lines(3), DenseRows::of(&vectors), &ids, &mut out);
                    for (&id, &product) in ids.iter().zip(&out) {
                        let expected = dot(vectors.lines(3), vectors.lines(id as usize));
                        let magnitude = vectors.norms()[3] * vectors.norms()[id as usize];
                        let error = (f64::from(product) - expected).abs() / magnitude;
                        assert!(error <= cosine_error(vectors.stride()), "{instructions:?} {dim}: {error}");
                    }
                }
            }
        }
    }

    /// Those that multiply and add in one step.
    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let fused: Vec<Instructions> = Instructions::available().filter(|&set| set != Instructions::Portable).collect();
        for dim in [1, 16, 17, 50, 64, 100, 128, 129, 1536] {
            let mut rng = random::stream(10, "row products", dim as u64);
            let values: Vec<f32> = (0..30 * dim).map(|_| random::normal(&mut rng) as f32).collect();
            let vectors = Vectors::new(&values, dim).expect("finite");
            let ids: Vec<u32> = (0..30).collect();
            let products = fused.iter().map(|&instructions| {
                let mut out = vec![f32::NAN; ids.len()];
                products_with(instructions, vectors.lines(3), DenseRows::of(&vectors), &ids, &mut out);
                out
            });
            let products: Vec<Vec<f32>> = products.collect();
            assert!(products.windows(2).all(|pair| pair[0] == pair[1]), "{dim}");
        }
    }

    #[test]
    fn a_bound_is_one_for_rows_of_any_length() {
        let bounds = [1, 7, 100, 10_000, 1_000_000, usize::MAX >> 8].map(cosine_error);
        assert!(bounds.windows(2).all(|pair| pair[0] <= pair[1]), "{bounds:?}");
        assert!(bounds[5] >= 2.0, "no cosine is further off");
    }
}
