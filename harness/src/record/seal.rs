//! A hash of a file's content, kept in the file itself: reading detects changes since it was written.
//!
//! It covers values and their names, not the file's bytes. So another program may add its own values (ann-benchmarks keeps metrics
//! in the files that it reads), and may write the file again in another layout.

use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use swath_datasets::hdf5_file::{Attribute, Values};
use swath_datasets::sha256;

/// For each name a hash of its value.
#[derive(Debug, Default)]
pub struct Seal {
    parts: BTreeMap<String, [u8; 32]>,
}

impl Seal {
    /// Adds an attribute.
    pub fn attribute(&mut self, name: &str, value: &Attribute) {
        let mut hash = Sha256::new();
        match value {
            // Readers cut off the padding of a text.
            Attribute::Text(text) => hash.update([b"text", text.trim_end_matches('\0').as_bytes()].concat()),
            Attribute::Integer(value) => hash.update([b"integer", value.to_le_bytes().as_slice()].concat()),
            Attribute::Float(value) => hash.update([b"float", bits(*value).as_slice()].concat()),
        }
        self.parts.insert(format!("@{name}"), hash.finalize().into());
    }

    /// Adds an array.
    pub fn array(&mut self, name: &str, shape: &[usize], values: Values<'_>) {
        match values {
            Values::F32(values) => self.add(name, shape, values.iter().map(|&value| bits(f64::from(value)))),
            Values::F64(values) => self.add(name, shape, values.iter().map(|&value| bits(value))),
            Values::I32(values) => self.add(name, shape, values.iter().map(|&value| i64::from(value).to_le_bytes())),
            Values::I64(values) => self.add(name, shape, values.iter().map(|value| value.to_le_bytes())),
            Values::I8(values) => self.add(name, shape, values.iter().map(|&value| i64::from(value).to_le_bytes())),
            Values::U8(values) | Values::Bits(values) => {
                self.add(name, shape, values.iter().map(|&value| i64::from(value).to_le_bytes()));
            }
            Values::Text(values) => {
                let lengths = values.iter().map(|text| (text.len() as u64).to_le_bytes());
                self.add(&format!("{name} lengths"), shape, lengths);
                let bytes = values.iter().flat_map(|text| text.bytes());
                self.add(name, shape, bytes.map(|byte| i64::from(byte).to_le_bytes()));
            }
        }
    }

    fn add(&mut self, name: &str, shape: &[usize], values: impl Iterator<Item = [u8; 8]>) {
        let mut hash = Sha256::new();
        shape.iter().for_each(|&n| hash.update((n as u64).to_le_bytes()));
        // In blocks: hashing numbers one by one is slow.
        let mut block = Vec::with_capacity(1 << 12);
        for value in values {
            block.extend(value);
            if block.len() == block.capacity() {
                hash.update(&block);
                block.clear();
            }
        }
        hash.update(&block);
        self.parts.insert(name.to_owned(), hash.finalize().into());
    }

    /// The hash of all, hexadecimal. It does not depend on the order in which they were added.
    pub fn hex(&self) -> String {
        let mut hash = Sha256::new();
        for (name, part) in &self.parts {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name);
            hash.update(part);
        }
        sha256::hex(&hash.finalize())
    }
}

/// The bits of a number; every NaN has the same.
fn bits(value: f64) -> [u8; 8] {
    if value.is_nan() { f64::NAN.to_le_bytes() } else { value.to_le_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(name: &str, shape: &[usize], values: &[f64], text: &str) -> String {
        let mut seal = Seal::default();
        seal.attribute("who", &Attribute::Text(text.into()));
        seal.array(name, shape, Values::F64(values));
        seal.hex()
    }

    #[test]
    fn every_change_gives_another_hash() {
        let one = sealed("x", &[2, 1], &[0.5, f64::NAN], "a");
        assert_eq!(one, sealed("x", &[2, 1], &[0.5, -f64::NAN], "a\0"));
        for other in [
            sealed("y", &[2, 1], &[0.5, f64::NAN], "a"),
            sealed("x", &[1, 2], &[0.5, f64::NAN], "a"),
            sealed("x", &[2, 1], &[0.5, 0.0], "a"),
            sealed("x", &[2, 1], &[0.500_000_000_000_000_1, f64::NAN], "a"),
            sealed("x", &[2, 1], &[0.5, f64::NAN], "b"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn the_hash_does_not_depend_on_the_width_of_numbers() {
        let of = |values: Values<'_>| {
            let mut seal = Seal::default();
            seal.array("x", &[2], values);
            seal.hex()
        };
        assert_eq!(of(Values::F32(&[0.5, 2.0])), of(Values::F64(&[0.5, 2.0])));
        assert_eq!(of(Values::I32(&[-1, 2])), of(Values::I64(&[-1, 2])));
        assert_ne!(of(Values::I32(&[-1, 2])), of(Values::I32(&[2, -1])));
    }
}
