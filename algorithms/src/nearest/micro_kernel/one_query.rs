//! Products of one dense query with rows, as fast as these are read.

use super::Instructions;
use super::register::Register;
use crate::points::vectors::{LANES, Line};
use crate::prefetch::fetch;

/// Values from the one that is multiplied to the one that is fetched meanwhile: 4 KiB.
const AHEAD: usize = 1024;

/// Approximate inner products of `query` with each row of `block` (rows of `query.len()` lines), as fast as they are read.
///
/// # Panics
/// If the block has not one row for each value of `out`.
pub fn products(query: &[Line], block: &[Line], out: &mut [f32]) {
    products_with(Instructions::best(), query, block, out);
}

fn products_with(instructions: Instructions, query: &[Line], block: &[Line], out: &mut [f32]) {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Instructions::Avx512 => unsafe { products_with_avx512(query, block, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Instructions::Avx2 => unsafe { products_with_avx2(query, block, out) },
        Instructions::Portable => products_by_registers::<[f32; 4]>(query, block, out),
    }
}

/// Eight rows at a time: enough chains of additions under way at once, whose sums are added up together.
#[inline(always)]
fn products_by_registers<R: Register>(query: &[Line], block: &[Line], out: &mut [f32]) {
    let values = query.len() * LANES;
    let (query, block): (&[f32], &[f32]) = (bytemuck::cast_slice(query), bytemuck::cast_slice(block));
    assert!(block.len() == out.len() * values && values.is_multiple_of(R::LANES));
    let mut eights = out.chunks_exact_mut(8);
    let mut first = 0;
    for out in &mut eights {
        let mut sums = [R::all(0.0); 8];
        for row in 0..8 {
            let start = block.as_ptr().wrapping_add((first + row) * values);
            for k in (0..values).step_by(R::LANES) {
                let at = start.wrapping_add(k);
                fetch(at.wrapping_add(AHEAD).cast());
                // SAFETY: `k + LANES <= values`, the length of the query and of each of the eight rows from `first` on.
                let (of_query, of_row) = unsafe { (R::load(query.as_ptr().add(k)), R::load(at)) };
                sums[row] = of_row.times_plus(of_query, sums[row]);
            }
        }
        out.copy_from_slice(&R::sums_of_eight(&sums));
        first += 8;
    }
    for out in eights.into_remainder() {
        let mut sums = [R::all(0.0); 8];
        for k in (0..values).step_by(R::LANES) {
            // SAFETY: `k + LANES <= values`, the length of the query and of the row.
            let (of_query, of_row) =
                unsafe { (R::load(query.as_ptr().add(k)), R::load(block.as_ptr().add(first * values + k))) };
            sums[0] = of_row.times_plus(of_query, sums[0]);
        }
        *out = R::sums_of_eight(&sums)[0];
        first += 1;
    }
}

/// # Safety
/// The processor has AVX-512 F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn products_with_avx512(query: &[Line], block: &[Line], out: &mut [f32]) {
    products_by_registers::<std::arch::x86_64::__m512>(query, block, out);
}

/// # Safety
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn products_with_avx2(query: &[Line], block: &[Line], out: &mut [f32]) {
    products_by_registers::<std::arch::x86_64::__m256>(query, block, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nearest::filter::cosine_error;
    use crate::nearest::micro_kernel::tests::drawn;
    use crate::points::dense::dot;

    #[test]
    fn products_by_one_query_are_within_the_bound() {
        for instructions in Instructions::available() {
            for (n, dim) in [(1, 1), (7, 3), (8, 16), (9, 17), (50, 100), (33, 1536)] {
                let (vectors, queries) = (drawn(n, dim, 5), drawn(1, dim, 6));
                let mut out = vec![f32::NAN; n];
                products_with(instructions, queries.lines(0), vectors.block(0..n), &mut out);
                for (row, &product) in out.iter().enumerate() {
                    let error = (f64::from(product) - dot(queries.lines(0), vectors.lines(row))).abs();
                    let magnitude = queries.norms()[0] * vectors.norms()[row];
                    assert!(error <= magnitude * cosine_error(dim), "{instructions:?} {n} x {dim}: {error}");
                }
            }
        }
    }
}
