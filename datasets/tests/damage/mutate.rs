//! Damages the bytes of a file.

use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use swath_algorithms::random::below;

/// Numbers that replace sizes, counts and addresses.
const EXTREMES: [u64; 20] = [
    0,
    1,
    2,
    3,
    16,
    255,
    1 << 12,
    0xffff,
    1 << 16,
    1 << 20,
    1 << 24,
    1 << 28,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 32,
    1 << 40,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

/// A copy of `whole` with one to four damages; some of them take bytes from another file.
pub fn bytes(random: &mut ChaCha8Rng, whole: &[u8], other: &[u8]) -> Vec<u8> {
    let mut file = whole.to_vec();
    for _ in 0..=below(random, 4) {
        if file.len() < 16 {
            break;
        }
        match below(random, 12) {
            0 | 1 => {
                let at = below(random, file.len());
                file[at] ^= 1 << below(random, 8);
            }
            2 | 3 => {
                let at = below(random, file.len());
                file[at] = [0, 0xff, 0x7f, 1][below(random, 4)];
            }
            4..=6 => replace_integer(random, &mut file),
            // Copies one address, count or size over another.
            7 | 8 => {
                let (from, to) = (aligned(random, file.len(), 8), aligned(random, file.len(), 8));
                file.copy_within(from..from + 8, to);
            }
            9 => swap_blocks(random, &mut file),
            10 => {
                let from = block(random, other.len());
                let at = below(random, file.len());
                let length = from.len().min(file.len() - at);
                file[at..at + length].copy_from_slice(&other[from][..length]);
            }
            _ => change_length(random, &mut file, other),
        }
    }
    file
}

fn replace_integer(random: &mut ChaCha8Rng, file: &mut [u8]) {
    let width = [8, 8, 4, 2][below(random, 4)];
    let at = aligned(random, file.len(), width);
    let size = file.len() as u64;
    let value = match below(random, EXTREMES.len() + 2) {
        0 => size,
        1 => below(random, file.len()) as u64,
        extreme => EXTREMES[extreme - 2],
    };
    file[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
}

fn swap_blocks(random: &mut ChaCha8Rng, file: &mut [u8]) {
    let (a, b) = (block(random, file.len()), block(random, file.len()));
    let length = a.len().min(b.len());
    for i in 0..length {
        file.swap(a.start + i, b.start + i);
    }
}

fn change_length(random: &mut ChaCha8Rng, file: &mut Vec<u8>, other: &[u8]) {
    let part = block(random, file.len());
    match below(random, 5) {
        0 => file.truncate(below(random, file.len())),
        1 => drop(file.drain(part)),
        2 => {
            let copy = file[part.clone()].to_vec();
            drop(file.splice(part.start..part.start, copy));
        }
        // Joins the beginning of this file and the end of the other.
        3 => {
            file.truncate(part.start);
            file.extend_from_slice(&other[below(random, other.len())..]);
        }
        _ => file.extend(std::iter::repeat_n(0, 1 << below(random, 15))),
    }
}

/// A place for an integer of `width` bytes. Headers are aligned to 8 bytes, their content often is not.
fn aligned(random: &mut ChaCha8Rng, length: usize, width: usize) -> usize {
    let at = below(random, length - width + 1);
    if below(random, 2) == 0 { at } else { at / width * width }
}

/// A block of up to 256 bytes, mostly far fewer, in a file of at least one byte.
fn block(random: &mut ChaCha8Rng, length: usize) -> Range<usize> {
    let start = below(random, length);
    let most = 1 << below(random, 9);
    start..(start + 1 + below(random, most)).min(length)
}
