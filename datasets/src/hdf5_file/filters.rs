//! Undoes the filters that chunks are stored with: compression, shuffling, checksums.

use hdf5::error::{Error, Result};
use hdf5::filters::apply_pipeline_with_limit;
use hdf5::messages::filter_pipeline::FilterDescription;
use std::io::Read as _;

const LZF: u16 = 32000;
pub(super) const ZSTANDARD: u16 = 32015;

/// Filters of The HDF Group's list: number, name, and whether they are read.
const KNOWN: [(u16, &str, bool); 15] = [
    (1, "gzip", true),
    (2, "shuffle", true),
    (3, "fletcher32", true),
    (4, "szip", true),
    (5, "nbit", true),
    (6, "scaleoffset", true),
    (307, "bzip2", false),
    (LZF, "lzf", true),
    (32001, "blosc", false),
    (32004, "lz4", true),
    (32008, "bitshuffle", false),
    (32013, "zfp", false),
    (ZSTANDARD, "zstd", true),
    (32017, "sz", false),
    (32026, "blosc2", false),
];

/// Names the first of the filters that is not read; `None` if all are.
pub(super) fn unknown(filters: &[FilterDescription]) -> Option<String> {
    let known = |filter: &FilterDescription| KNOWN.iter().find(|(number, ..)| *number == filter.id);
    let filter = filters.iter().find(|filter| !known(filter).is_some_and(|&(.., is_read)| is_read))?;
    // A file may give a filter any name, so it is not shown.
    Some(known(filter).map_or_else(|| format!("number {}", filter.id), |(_, name, _)| (*name).to_owned()))
}

/// The bytes of a chunk, `expected` in all, of values of `element` bytes each. Bit i of `skipped` is set if the i-th filter
/// was not applied to the chunk.
///
/// # Errors
/// A filter finds damaged bytes, or the chunk has another length than expected.
pub(super) fn undo(
    filters: &[FilterDescription],
    skipped: u32,
    stored: &[u8],
    element: usize,
    expected: usize,
) -> Result<Vec<u8>> {
    // Random bytes may become somewhat longer by a filter.
    let limit = expected + expected / 8 + 1024;
    let mut bytes = std::borrow::Cow::Borrowed(stored);
    for (i, filter) in filters.iter().enumerate().rev() {
        if i < 32 && skipped >> i & 1 == 1 {
            continue;
        }
        bytes = match filter.id {
            LZF => lzf(&bytes, limit)?,
            ZSTANDARD => zstandard(&bytes, limit)?,
            _ => apply_pipeline_with_limit(&bytes, std::slice::from_ref(filter), 0, element, None, Some(limit))?,
        }
        .into();
    }
    if bytes.len() != expected {
        return Err(Error::InvalidData(format!("a chunk has {} bytes instead of {expected}", bytes.len())));
    }
    Ok(bytes.into_owned())
}

fn zstandard(stored: &[u8], limit: usize) -> Result<Vec<u8>> {
    let wrong = |error: &dyn std::fmt::Display| Error::DecompressionError(format!("zstd: {error}"));
    let mut bytes = Vec::new();
    let decoder = ruzstd::decoding::StreamingDecoder::new(stored).map_err(|error| wrong(&error))?;
    decoder.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
    Ok(bytes)
}

/// LZF as in LibLZF. A control byte c below 32 is followed by c + 1 literal bytes. Any other is a copy of earlier bytes: its
/// length is the upper three bits (plus the next byte if they are 7) plus 2, its distance back the lower five bits and the
/// next byte, plus 1.
fn lzf(stored: &[u8], limit: usize) -> Result<Vec<u8>> {
    let wrong = || Error::DecompressionError("lzf: the bytes are damaged".into());
    let mut bytes = Vec::new();
    let mut rest = stored;
    while let Some((&control, after)) = rest.split_first() {
        rest = after;
        if control < 32 {
            let (literal, after) = rest.split_at_checked(usize::from(control) + 1).ok_or_else(wrong)?;
            bytes.extend_from_slice(literal);
            rest = after;
        } else {
            let mut next = || {
                let (&byte, after) = rest.split_first().ok_or_else(wrong)?;
                rest = after;
                Ok::<usize, Error>(byte.into())
            };
            let more = if control >> 5 == 7 { next()? } else { 0 };
            let length = usize::from(control >> 5) + more + 2;
            let distance = (usize::from(control & 31) << 8) + next()? + 1;
            let from = bytes.len().checked_sub(distance).ok_or_else(wrong)?;
            // The copy may overlap its own result, so it goes byte by byte.
            for i in from..from + length {
                bytes.push(bytes[i]);
            }
        }
        if bytes.len() > limit {
            return Err(wrong());
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(id: u16) -> FilterDescription {
        FilterDescription { id, name: None, client_data: Vec::new() }
    }

    #[test]
    fn lzf_copies_earlier_bytes() {
        // "ab", then six bytes from two back; and a copy of 10 bytes, whose length takes a byte of its own.
        assert_eq!(lzf(&[1, b'a', b'b', 0x80, 1], 100).expect("whole"), b"abababab");
        assert_eq!(lzf(&[0, b'x', 0xe0, 1, 0], 100).expect("whole"), b"xxxxxxxxxxx");
        for damaged in [&[1, b'a'][..], &[0x20], &[0x20, 0], &[0xe0, 1], &[0, b'x', 0x20, 1]] {
            assert!(lzf(damaged, 100).is_err(), "{damaged:?}");
        }
        assert!(lzf(&[0, b'x', 0xe0, 255, 0], 100).is_err(), "too long");
    }

    #[test]
    fn the_first_filter_that_is_not_read_is_named() {
        assert_eq!(unknown(&[filter(2), filter(1), filter(LZF)]), None);
        assert_eq!(unknown(&[filter(2), filter(32008)]).as_deref(), Some("bitshuffle"));
        assert_eq!(unknown(&[filter(4711)]).as_deref(), Some("number 4711"));
    }

    #[test]
    fn a_skipped_filter_is_not_undone() {
        assert_eq!(undo(&[filter(LZF)], 1, b"as it is", 1, 8).expect("whole"), b"as it is");
        assert!(undo(&[filter(LZF)], 1, b"as it is", 1, 9).is_err());
    }
}
