//! Distances that can be put into one whole number with the point that they are to: comparing two such numbers compares the distances,
//! then the points.

use super::TotalOrder;

/// Such a distance.
pub trait KeyedDistance: Copy + Default + Ord + 'static {
    /// The whole number.
    type Key: Copy + Ord + std::fmt::Debug + std::ops::BitOr<Output = Self::Key> + From<u32>;

    /// The key of this distance and a number.
    fn key(self, with: u32) -> Self::Key;

    /// The distance of a key.
    fn distance_of(key: Self::Key) -> Self;

    /// The number of a key.
    fn number_of(key: Self::Key) -> u32;
}

impl KeyedDistance for i32 {
    type Key = u64;

    #[inline(always)]
    fn key(self, with: u32) -> u64 {
        u64::from(self.cast_unsigned() ^ 1 << 31) << 32 | u64::from(with)
    }

    #[inline(always)]
    fn distance_of(key: u64) -> Self {
        ((key >> 32) as u32 ^ 1 << 31).cast_signed()
    }

    #[inline(always)]
    fn number_of(key: u64) -> u32 {
        key as u32
    }
}

/// The bits of a number with a sign, so that whole numbers have the order of [`f32::total_cmp`], and back.
#[inline(always)]
fn ordered_32(bits: i32) -> i32 {
    bits ^ ((bits >> 31).cast_unsigned() >> 1).cast_signed()
}

/// As [`ordered_32`].
#[inline(always)]
fn ordered_64(bits: i64) -> i64 {
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

impl KeyedDistance for TotalOrder<f32> {
    type Key = u64;

    #[inline(always)]
    fn key(self, with: u32) -> u64 {
        ordered_32(self.0.to_bits().cast_signed()).key(with)
    }

    #[inline(always)]
    fn distance_of(key: u64) -> Self {
        Self(f32::from_bits(ordered_32(i32::distance_of(key)).cast_unsigned()))
    }

    #[inline(always)]
    fn number_of(key: u64) -> u32 {
        key as u32
    }
}

impl KeyedDistance for TotalOrder<f64> {
    type Key = u128;

    #[inline(always)]
    fn key(self, with: u32) -> u128 {
        let ordered = ordered_64(self.0.to_bits().cast_signed()).cast_unsigned() ^ 1 << 63;
        u128::from(ordered) << 64 | u128::from(with)
    }

    #[inline(always)]
    fn distance_of(key: u128) -> Self {
        let ordered = ((key >> 64) as u64 ^ 1 << 63).cast_signed();
        Self(f64::from_bits(ordered_64(ordered).cast_unsigned()))
    }

    #[inline(always)]
    fn number_of(key: u128) -> u32 {
        key as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<D: KeyedDistance + std::fmt::Debug>(ascending: &[D]) {
        let numbers = [0, 1, u32::MAX - 1, u32::MAX];
        let keys: Vec<D::Key> =
            ascending.iter().flat_map(|&distance| numbers.map(|number| distance.key(number))).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{ascending:?}");
        for (at, &key) in keys.iter().enumerate() {
            assert_eq!((D::distance_of(key), D::number_of(key)), (ascending[at / 4], numbers[at % 4]));
            assert_eq!(D::number_of(key | 1.into()), numbers[at % 4] | 1);
        }
    }

    #[test]
    fn keys_have_the_order_of_distances_then_of_numbers() {
        check(&[i32::MIN, -7, -1, 0, 1, 2, i32::MAX]);
        check(
            &[f32::NEG_INFINITY, -1e30, -1.5, -1e-40, -0.0, 0.0, 1e-45, 0.5, 2.0, f32::INFINITY, f32::NAN]
                .map(TotalOrder),
        );
        check(
            &[f64::NEG_INFINITY, -1e300, -1.5, -1e-320, -0.0, 0.0, 1e-320, 0.5, 2.0, f64::INFINITY, f64::NAN]
                .map(TotalOrder),
        );
    }
}
