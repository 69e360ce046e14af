//! What the processor offers for products of whole numbers of 8 and 16 bits.

/// A set of instructions that works here: only [`Instructions::available`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Instructions(Kind);

/// Sets of instructions.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// AVX-512 BW and VNNI: 64 products of 8 bits or 32 of 16 at once.
    #[cfg(target_arch = "x86_64")]
    Vnni,
    /// AVX2: 16 products at once, added up by two.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// What the compiler makes of arrays.
    Portable,
}

impl Instructions {
    /// All that work here, the fastest first.
    #[inline(always)]
    pub fn available() -> impl Iterator<Item = Self> {
        let all = [
            #[cfg(target_arch = "x86_64")]
            (Kind::Vnni, is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vnni")),
            #[cfg(target_arch = "x86_64")]
            (Kind::Avx2, is_x86_feature_detected!("avx2")),
            (Kind::Portable, true),
        ];
        all.into_iter().filter(|&(_, works)| works).map(|(kind, _)| Self(kind))
    }

    /// The fastest that works here.
    #[inline(always)]
    pub fn best() -> Self {
        Self::available().next().unwrap_or(Self(Kind::Portable))
    }

    /// Which it is.
    #[inline(always)]
    pub fn kind(self) -> Kind {
        self.0
    }
}
