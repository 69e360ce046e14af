//! Exponentials that loops can be vectorised over: the same on every platform.

use std::f64::consts::{LN_2, LOG2_E};

/// 1 / n! for n from 2 to 14.
const INVERSE_FACTORIALS: [f64; 13] = {
    let (mut all, mut factorial, mut n) = ([0.0; 13], 1.0, 2);
    while n <= 14 {
        factorial *= n as f64;
        all[n - 2] = 1.0 / factorial;
        n += 1;
    }
    all
};

/// A whole number n and r with `x = n ln 2 + r`, `|r| <= ln 2 / 2`, as `2^n` and `exp(r) - 1`; for x of at most 0. What is below
/// `LEAST` counts as that.
#[inline(always)]
fn parts(x: f64) -> [f64; 2] {
    /// Its exponential, about 1e-304, is a normal number.
    const LEAST: f64 = -700.0;
    /// Adding it leaves a number rounded to a whole one, which stands in the last bits.
    const ROUNDING: f64 = 6_755_399_441_055_744.0;
    /// The first 32 bits of ln 2, so that its products with n are exact, and the rest.
    const HIGH: f64 = 0.693_147_180_369_123_8;
    const LOW: f64 = 1.908_214_929_270_587_7e-10;
    const _: () = assert!(HIGH + LOW == LN_2);
    let x = if x > LEAST { x } else { LEAST };
    let shifted = x * LOG2_E + ROUNDING;
    let whole = shifted - ROUNDING;
    let r = (x - whole * HIGH) - whole * LOW;
    let mut sum = 0.0;
    for coefficient in INVERSE_FACTORIALS.iter().rev() {
        sum = sum * r + coefficient;
    }
    let power = f64::from_bits(1.0_f64.to_bits().wrapping_add(shifted.to_bits() << 52));
    [power, r + r * r * sum]
}

/// `exp(x)` for x of at most 0; at least 1e-304.
#[inline(always)]
pub fn exponential(x: f64) -> f64 {
    let [power, rest] = parts(x);
    power + power * rest
}

/// `1 - exp(x)` for x of at most 0, as accurate near 0 as elsewhere.
#[inline(always)]
pub fn lack(x: f64) -> f64 {
    let [power, rest] = parts(x);
    (1.0 - power) - power * rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exponentials_are_those_of_the_platform(x in prop_oneof![-1.0_f64..=0.0, -700.0_f64..=0.0], scale in 0..60) {
            for x in [x, x * 0.5_f64.powi(scale)] {
                prop_assert!((exponential(x) / x.exp() - 1.0).abs() < 1e-14, "{x}");
                prop_assert!((lack(x) + x.exp_m1()).abs() <= 1e-15 * -x.exp_m1(), "{x}: {}", lack(x));
            }
        }
    }

    #[test]
    fn exponentials_at_their_ends() {
        assert_eq!((exponential(0.0), lack(0.0)), (1.0, 0.0));
        assert_eq!((lack(-1e9), lack(f64::NEG_INFINITY)), (1.0, 1.0));
        assert!(exponential(f64::NEG_INFINITY) < 1e-300);
    }
}
