//! Random numbers that are the same everywhere and forever: ChaCha8 streams named by (seed, purpose, index).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::f64::consts::TAU;

/// The stream for one purpose, independent of all others and of the order in which streams are opened.
pub fn stream(seed: u64, purpose: &str, index: u64) -> ChaCha8Rng {
    // FNV-1a tells purposes apart; ChaCha's own stream number tells indices apart.
    let purpose = purpose
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&purpose.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(index);
    rng
}

/// A number below `n`, which is above 0, uniform but for a bias of at most `n / 2^64`.
pub fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

/// A number in `[0, 1)`: a whole number of units of 2^-53.
pub fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A standard normal number (Box & Muller 1958). Its logarithm and cosine are the platform's, and may differ in the
/// last bit from platform to platform.
pub fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - uniform(rng)).ln()).sqrt();
    radius * (TAU * uniform(rng)).cos()
}

/// Shuffles (Fisher & Yates).
pub fn shuffle<T>(rng: &mut ChaCha8Rng, items: &mut [T]) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i + 1));
    }
}

/// `count` different numbers below `n`, ascending; all of them where `count` is at least `n`.
pub fn sample(rng: &mut ChaCha8Rng, n: usize, count: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..n).collect();
    if count < n {
        for i in 0..count {
            let j = i + below(rng, n - i);
            all.swap(i, j);
        }
        all.truncate(count);
        all.sort_unstable();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        let first = |seed, purpose, index| stream(seed, purpose, index).next_u64();
        assert_eq!(first(1, "a", 0), first(1, "a", 0));
        let all = [first(1, "a", 0), first(2, "a", 0), first(1, "b", 0), first(1, "a", 1)];
        assert!((0..4).all(|i| (0..i).all(|j| all[i] != all[j])));
        // Written down once: a change of these numbers changes every published sample.
        assert_eq!(sample(&mut stream(42, "queries", 0), 1000, 4), [265, 329, 755, 855]);
    }

    #[test]
    fn uniform_and_normal_numbers_have_their_moments() {
        let mut rng = stream(3, "test", 0);
        // Written down once: a change of this number changes every generated dataset.
        assert_eq!(uniform(&mut stream(42, "queries", 0)), 0.265_437_316_508_384_76);
        let moments = |numbers: &[f64]| {
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            (mean, numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / numbers.len() as f64)
        };
        let drawn: Vec<f64> = (0..20_000).map(|_| uniform(&mut rng)).collect();
        assert!(drawn.iter().all(|x| (0.0..1.0).contains(x)));
        // Five standard errors.
        let (mean, variance) = moments(&drawn);
        assert!((mean - 0.5).abs() < 0.011 && (variance - 1.0 / 12.0).abs() < 0.003, "{mean} {variance}");
        let (mean, variance) = moments(&(0..20_000).map(|_| normal(&mut rng)).collect::<Vec<_>>());
        assert!(mean.abs() < 0.036 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }

    #[test]
    fn samples_are_different_and_even() {
        let mut counts = [0_u32; 10];
        for index in 0..2000 {
            let picked = sample(&mut stream(7, "test", index), 10, 3);
            assert!(picked.windows(2).all(|w| w[0] < w[1]) && picked.len() == 3);
            picked.iter().for_each(|&i| counts[i] += 1);
        }
        // 600 expected each; 5 standard deviations are about 102.
        assert!(counts.iter().all(|&c| (498..=702).contains(&c)), "{counts:?}");
        assert_eq!(sample(&mut stream(7, "test", 0), 3, 5), [0, 1, 2]);
        let mut items = [0, 1, 2, 3, 4, 5, 6, 7];
        shuffle(&mut stream(7, "test", 0), &mut items);
        assert_ne!(items, [0, 1, 2, 3, 4, 5, 6, 7]);
        items.sort_unstable();
        assert_eq!(items, [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
