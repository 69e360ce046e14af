//! What the machine allows at most: flops of the processor's instructions, and reading from memory.

use super::Instructions;
use super::register::Register;
use crate::points::vectors::Line;
use std::hint::black_box;

/// Adds all values up as whole numbers, as fast as they can be read: what no search can exceed that reads them.
#[multiversion::multiversion(targets("x86_64+avx+avx2+avx512f", "x86_64+avx+avx2"))]
pub fn read(lines: &[Line]) -> u64 {
    bytemuck::cast_slice::<Line, u64>(lines).iter().fold(0, |all, &value| all.wrapping_add(value))
}

/// Products that are added in registers, without a look at memory: what no search can exceed. Returns the number of flops.
pub fn multiply_in_registers(steps: usize) -> usize {
    match Instructions::best() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Instructions::Avx512 => unsafe { in_registers_with_avx512(steps) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has them, see `Instructions::available`.
        Instructions::Avx2 => unsafe { in_registers_with_avx2(steps) },
        Instructions::Portable => in_registers::<[f32; 4], 4, 2>(steps),
    }
}

#[inline(always)]
fn in_registers<R: Register, const ROWS: usize, const REGISTERS: usize>(steps: usize) -> usize {
    let (of_query, of_row) = (R::all(black_box(0.5)), R::all(black_box(0.25)));
    let mut sums = [[R::all(black_box(0.0)); REGISTERS]; ROWS];
    for _ in 0..steps {
        for row in 0..ROWS {
            for at in 0..REGISTERS {
                sums[row][at] = sums[row][at].times_plus(of_query, of_row);
            }
        }
    }
    let mut reached = 0;
    for row in 0..ROWS {
        for at in 0..REGISTERS {
            reached |= sums[row][at].at_least(of_query);
        }
    }
    black_box(reached);
    steps * 2 * ROWS * REGISTERS * R::LANES
}

/// # Safety
/// The processor has AVX-512 F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn in_registers_with_avx512(steps: usize) -> usize {
    in_registers::<std::arch::x86_64::__m512, 12, 2>(steps)
}

/// # Safety
/// The processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn in_registers_with_avx2(steps: usize) -> usize {
    in_registers::<std::arch::x86_64::__m256, 6, 2>(steps)
}
