//! Repairs the checksums of HDF5's newer headers, so that damage gets past them.

use std::ops::Range;

/// Signatures of blocks with a checksum.
const SIGNATURES: [&[u8; 4]; 14] = [
    b"\x89HDF", b"OHDR", b"OCHK", b"FAHD", b"FADB", b"EAHD", b"EAIB", b"EASB", b"EADB", b"BTHD", b"BTIN", b"BTLF",
    b"FRHP", b"FRIB",
];

/// Bytes of the longest block that is looked for.
const LONGEST: usize = 4096;

/// The bytes that each checksum covers; the checksum follows them.
pub fn blocks(file: &[u8]) -> Vec<Range<usize>> {
    let begins = |at: &usize| SIGNATURES.iter().any(|signature| file[*at..].starts_with(*signature));
    let starts: Vec<usize> = (0..file.len()).filter(begins).collect();
    let ends = |i: usize| starts.get(i + 1).copied().unwrap_or(file.len()).min(starts[i] + LONGEST);
    let is_one = |start: usize, end: usize| file[end..end + 4] == lookup3(&file[start..end]).to_le_bytes();
    let block = |i: usize| (starts[i] + 4..=ends(i).checked_sub(4)?).find(|&end| is_one(starts[i], end));
    (0..starts.len()).filter_map(|i| Some(starts[i]..block(i)?)).collect()
}

/// Writes the right checksum after each block.
pub fn mend(file: &mut [u8], blocks: &[Range<usize>]) {
    for block in blocks {
        let Some(covered) = file.get(block.clone()) else { continue };
        let checksum = lookup3(covered).to_le_bytes();
        if let Some(place) = file.get_mut(block.end..block.end + 4) {
            place.copy_from_slice(&checksum);
        }
    }
}

/// Bob Jenkins' lookup3, `hashlittle` with an initial value of 0.
fn lookup3(bytes: &[u8]) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(bytes.len() as u32);
    let [mut a, mut b, mut c] = [start; 3];
    let word = |part: &[u8], i: usize| {
        let byte = |at: usize| u32::from(part.get(4 * i + at).copied().unwrap_or(0)) << (8 * at);
        byte(0) | byte(1) | byte(2) | byte(3)
    };
    let mut parts = bytes.chunks(12).peekable();
    while let Some(part) = parts.next() {
        a = a.wrapping_add(word(part, 0));
        b = b.wrapping_add(word(part, 1));
        c = c.wrapping_add(word(part, 2));
        if parts.peek().is_some() {
            for [r, s, t] in [[4, 6, 8], [16, 19, 4]] {
                a = a.wrapping_sub(c) ^ c.rotate_left(r);
                c = c.wrapping_add(b);
                b = b.wrapping_sub(a) ^ a.rotate_left(s);
                a = a.wrapping_add(c);
                c = c.wrapping_sub(b) ^ b.rotate_left(t);
                b = b.wrapping_add(a);
            }
        } else {
            c = (c ^ b).wrapping_sub(b.rotate_left(14));
            a = (a ^ c).wrapping_sub(c.rotate_left(11));
            b = (b ^ a).wrapping_sub(a.rotate_left(25));
            c = (c ^ b).wrapping_sub(b.rotate_left(16));
            a = (a ^ c).wrapping_sub(c.rotate_left(4));
            b = (b ^ a).wrapping_sub(a.rotate_left(14));
            c = (c ^ b).wrapping_sub(b.rotate_left(24));
        }
    }
    c
}
