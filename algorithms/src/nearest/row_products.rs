//! Approximate products of one vector with some rows, wherever they stand: the loop that selectors spend their time in.
//!
//! # Error
//!
//! Each lane of a register adds up products one after another, then the lanes are added up in a tree. A term takes part in as many
//! additions as a lane has terms, at most one rounding of its own, and one addition for each level of the tree: see
//! [`cosine_error`].

use super::micro_kernel::{Instructions, Register};
use crate::points::dense::DenseRows;
use crate::points::vectors::Line;

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
/// Of `u = 2^-24`: a lane has `stride x 16 / lanes` terms, each rounded when it is added; one rounding of a product that is not
/// fused, and four of the tree; two of the inverse norms and two of multiplying by them. That is a sum of `n u` of the magnitudes'
/// product, and the magnitudes are the norms by Cauchy and Schwarz. Three more stand for the norms, which are rounded to `f64`, and
/// for numbers so small that they lose digits; `1 - n u` for higher powers.
pub fn cosine_error(stride: usize) -> f64 {
    error_with(Instructions::best(), stride)
}

fn error_with(instructions: Instructions, stride: usize) -> f64 {
    let terms = match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => stride,
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => 2 * stride,
        Instructions::Portable => 4 * stride,
    };
    let roundings = (terms + 12) as f64 * 0.5 * f64::from(f32::EPSILON);
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
        Instructions::Portable => products_by_registers::<[f32; 4], 0>(vector, rows, ids, out),
    }
}

/// # Safety
/// The processor has AVX-512 F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn products_with_avx512(vector: &[Line], rows: DenseRows<'_>, ids: &[u32], out: &mut [f32]) {
    use std::arch::x86_64::__m512;
    match vector.len() {
        1 => products_by_registers::<__m512, 1>(vector, rows, ids, out),
        2 => products_by_registers::<__m512, 2>(vector, rows, ids, out),
        4 => products_by_registers::<__m512, 4>(vector, rows, ids, out),
        7 => products_by_registers::<__m512, 7>(vector, rows, ids, out),
        8 => products_by_registers::<__m512, 8>(vector, rows, ids, out),
        _ => products_by_registers::<__m512, 0>(vector, rows, ids, out),
    }
}

/// # Safety
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn products_with_avx2(vector: &[Line], rows: DenseRows<'_>, ids: &[u32], out: &mut [f32]) {
    products_by_registers::<std::arch::x86_64::__m256, 0>(vector, rows, ids, out);
}

/// The last group is filled up with its first row. `REGISTERS` is the length of the vector where that is known, so that it stays in
/// registers: for dimensions that are common; else 0.
#[inline(always)]
fn products_by_registers<R: Register, const REGISTERS: usize>(
    vector: &[Line],
    rows: DenseRows<'_>,
    ids: &[u32],
    out: &mut [f32],
) {
    let vector: &[f32] = bytemuck::cast_slice(vector);
    let length = if REGISTERS > 0 { REGISTERS * R::LANES } else { vector.len() };
    assert!(vector.len() == length && length.is_multiple_of(R::LANES));
    let (mut groups, mut outs) = (ids.chunks_exact(ROWS), out.chunks_exact_mut(ROWS));
    for (ids, out) in (&mut groups).zip(&mut outs) {
        out.copy_from_slice(&products_of_eight::<R>(&vector[..length], rows, ids));
    }
    let (ids, out) = (groups.remainder(), outs.into_remainder());
    if let Some(&first) = ids.first() {
        let mut filled = [first; ROWS];
        filled[..ids.len()].copy_from_slice(ids);
        let products = products_of_eight::<R>(&vector[..length], rows, &filled);
        out.copy_from_slice(&products[..out.len()]);
    }
}

#[inline(always)]
fn products_of_eight<R: Register>(vector: &[f32], rows: DenseRows<'_>, ids: &[u32]) -> [f32; ROWS] {
    let mut of_rows = [std::ptr::null(); ROWS];
    for row in 0..ROWS {
        let values: &[f32] = bytemuck::cast_slice(rows.get(ids[row]));
        assert!(values.len() == vector.len());
        of_rows[row] = values.as_ptr();
    }
    let mut sums = [R::all(0.0); ROWS];
    for at in 0..vector.len() / R::LANES {
        // SAFETY: `at * LANES + LANES` is at most the length of the vector and of each row.
        let of_vector = unsafe { R::load(vector.as_ptr().add(at * R::LANES)) };
        for row in 0..ROWS {
            // SAFETY: as above.
            let of_row = unsafe { R::load(of_rows[row].add(at * R::LANES)) };
            sums[row] = of_row.times_plus(of_vector, sums[row]);
        }
    }
    R::sums_of_eight(&sums)
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
                        assert!(error <= error_with(instructions, vectors.stride()), "{instructions:?} {dim}: {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_bound_is_one_for_rows_of_any_length() {
        for instructions in Instructions::available() {
            let bounds = [1, 7, 100, 10_000, 1_000_000, usize::MAX >> 8].map(|stride| error_with(instructions, stride));
            assert!(bounds.windows(2).all(|pair| pair[0] <= pair[1]), "{bounds:?}");
            assert!(bounds[5] >= 2.0, "no cosine is further off");
        }
    }
}
