//! What the processor works on at once.

/// As many `f32` as the processor works on at once.
pub trait Register: Copy {
    /// How many.
    const LANES: usize;

    /// The same number in all lanes.
    fn all(value: f32) -> Self;

    /// Reads them from memory.
    ///
    /// # Safety
    /// There are so many numbers from this place on.
    unsafe fn load(from: *const f32) -> Self;

    /// Writes them to memory, which holds so many numbers.
    ///
    /// # Safety
    /// There is room for so many numbers from this place on.
    unsafe fn store(self, to: *mut f32);

    /// `self * by + and`.
    fn times_plus(self, by: Self, and: Self) -> Self;

    /// The larger of each two.
    fn max(self, other: Self) -> Self;

    /// A bit for each lane that is not below that of another.
    fn at_least(self, other: Self) -> u32;

    /// `self + other`.
    fn plus(self, other: Self) -> Self;

    /// The sum of the lanes of each: halves, down to eight lanes; then neighbours, their pairs, and those of the first and the last
    /// four.
    fn sums_of_eight(of: &[Self; 8]) -> [f32; 8];
}

macro_rules! register {
    ($register:ty, $lanes:literal, $all:path, $load:path, $store:path, $times_plus:expr, $max:path, $plus:path, $at_least:expr, $sums:path) => {
        impl Register for $register {
            const LANES: usize = $lanes;

            #[inline(always)]
            fn all(value: f32) -> Self {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply`.
                unsafe { $all(value) }
            }

            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                // SAFETY: as the caller promises.
                unsafe { $load(from) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                // SAFETY: as the caller promises.
                unsafe { $store(to, self) }
            }

            #[inline(always)]
            fn times_plus(self, by: Self, and: Self) -> Self {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply`.
                unsafe { $times_plus(self, by, and) }
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply`.
                unsafe { $max(self, other) }
            }

            #[inline(always)]
            fn at_least(self, other: Self) -> u32 {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply`.
                unsafe { $at_least(self, other) }
            }

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply`.
                unsafe { $plus(self, other) }
            }

            #[inline(always)]
            fn sums_of_eight(of: &[Self; 8]) -> [f32; 8] {
                // SAFETY: only functions compiled for these instructions use the register, see `Panels::multiply`.
                unsafe { $sums(of) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Register;
    use std::arch::x86_64::{
        __m256, __m512, _CMP_GE_OQ, _mm256_add_ps, _mm256_castpd_ps, _mm256_cmp_ps, _mm256_fmadd_ps, _mm256_hadd_ps,
        _mm256_loadu_ps, _mm256_max_ps, _mm256_movemask_ps, _mm256_permute2f128_ps, _mm256_set1_ps, _mm256_storeu_ps,
        _mm512_add_ps, _mm512_castps_pd, _mm512_castps512_ps256, _mm512_cmp_ps_mask, _mm512_extractf64x4_pd,
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_set1_ps, _mm512_storeu_ps,
    };

    /// The sums of each two lanes next to each other, of each four, then of the halves.
    #[inline]
    #[target_feature(enable = "avx")]
    fn sums_of_256(of: &[__m256; 8]) -> [f32; 8] {
        let pairs = |a, b| _mm256_hadd_ps(of[a], of[b]);
        let (a, b) = (_mm256_hadd_ps(pairs(0, 1), pairs(2, 3)), _mm256_hadd_ps(pairs(4, 5), pairs(6, 7)));
        let sums = _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b));
        bytemuck::must_cast(sums)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn sums_of_512(of: &[__m512; 8]) -> [f32; 8] {
        let halved = |i: usize| {
            let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(of[i])));
            _mm256_add_ps(_mm512_castps512_ps256(of[i]), upper)
        };
        // Written out: `map` would go through memory.
        sums_of_256(&[halved(0), halved(1), halved(2), halved(3), halved(4), halved(5), halved(6), halved(7)])
    }

    register!(
        __m512,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps,
        _mm512_max_ps,
        _mm512_add_ps,
        |a, b| u32::from(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b)),
        sums_of_512
    );
    register!(
        __m256,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        _mm256_max_ps,
        _mm256_add_ps,
        |a, b| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(a, b)) as u32,
        sums_of_256
    );
}

impl Register for [f32; 4] {
    const LANES: usize = 4;

    #[inline(always)]
    fn all(value: f32) -> Self {
        [value; 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as the caller promises; an array needs no other alignment than its numbers.
        unsafe { from.cast::<Self>().read() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as the caller promises; an array needs no other alignment than its numbers.
        unsafe { to.cast::<Self>().write(self) }
    }

    #[inline(always)]
    fn times_plus(self, by: Self, and: Self) -> Self {
        // Fused where every processor of the kind can do that; elsewhere it would be a call of a function.
        let fused = cfg!(target_arch = "aarch64");
        std::array::from_fn(|lane| {
            if fused { self[lane].mul_add(by[lane], and[lane]) } else { self[lane] * by[lane] + and[lane] }
        })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        std::array::from_fn(|lane| if self[lane] > other[lane] { self[lane] } else { other[lane] })
    }

    #[inline(always)]
    fn at_least(self, other: Self) -> u32 {
        (0..4).map(|lane| u32::from(self[lane] >= other[lane]) << lane).sum()
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane] + other[lane])
    }

    #[inline(always)]
    fn sums_of_eight(of: &[Self; 8]) -> [f32; 8] {
        of.map(|[a, b, c, d]| (a + b) + (c + d))
    }
}
