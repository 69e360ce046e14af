//! Texts of variable length: an array or attribute holds references, and a global heap holds the bytes.
//!
//! The HDF5 crate reads them, too, but only in files whose lengths have 8 bytes.

use super::messages::number;
use hdf5::io::Cursor;
use std::collections::HashMap;

/// At most this many times the file's bytes are parsed: only a hostile file has collections that lie within one another.
const LOOKS: u64 = 4;

/// The objects of a collection by their numbers.
type Collection = HashMap<u64, Object>;

/// Where an object's bytes are.
#[derive(Clone, Copy)]
struct Object {
    address: u64,
    bytes: u64,
}

/// The global heap of one file: the collections that were parsed.
pub(super) struct Heap<'a> {
    file: &'a hdf5::Hdf5File,
    /// The collections by their address.
    collections: HashMap<u64, Collection>,
    /// Bytes of all collections parsed.
    parsed: u64,
}

impl<'a> Heap<'a> {
    pub(super) fn new(file: &'a hdf5::Hdf5File) -> Self {
        Self { file, collections: HashMap::new(), parsed: 0 }
    }

    /// Bytes of a reference.
    pub(super) fn reference_size(&self) -> usize {
        8 + usize::from(self.file.superblock().offset_size)
    }

    /// Length of the text that a reference leads to, in bytes.
    pub(super) fn length(reference: &[u8]) -> u64 {
        number(reference.get(..4).unwrap_or_default())
    }

    /// The bytes that a reference leads to. It holds their length, the address of a collection, and an object's number in it.
    ///
    /// # Errors
    /// The reference leads nowhere.
    pub(super) fn bytes(&mut self, reference: &[u8]) -> Result<Vec<u8>, String> {
        let offset = self.file.superblock().offset_size;
        let nowhere = || "a reference to a text leads nowhere: the file is damaged".to_owned();
        let (length, rest) = reference.split_at_checked(4).ok_or_else(nowhere)?;
        let (address, object) = rest.split_at_checked(offset.into()).ok_or_else(nowhere)?;
        let (length, address, object) = (number(length), number(address), number(object));
        if length == 0 || object == 0 || Cursor::is_undefined_offset(address, offset) {
            return Ok(Vec::new());
        }
        if !self.collections.contains_key(&address) {
            let collection = self.collection(address).ok_or_else(nowhere)?;
            self.collections.insert(address, collection);
        }
        let found = self.collections.get(&address).and_then(|objects| objects.get(&object));
        let object = found.filter(|object| length <= object.bytes).ok_or_else(nowhere)?;
        let bytes =
            self.file.storage().read_range(object.address, length as usize).map_err(|error| error.to_string())?;
        Ok(bytes.to_vec())
    }

    /// Parses a collection (HDF5 File Format Specification, III.E). Its header, its objects' headers and their contents are
    /// each padded to a multiple of 8 bytes.
    fn collection(&mut self, address: u64) -> Option<Collection> {
        let storage = self.file.storage();
        let length = u64::from(self.file.superblock().length_size);
        let head = (8 + length).next_multiple_of(8);
        let start = storage.read_range(address, head as usize).ok()?;
        if !start.starts_with(b"GCOL\x01") {
            return None;
        }
        let size = number(start.get(8..8 + length as usize)?);
        self.parsed = self.parsed.checked_add(size)?;
        if self.parsed > LOOKS * storage.len() {
            return None;
        }
        let bytes = storage.read_range(address, usize::try_from(size).ok()?).ok()?;
        let (mut objects, mut at) = (HashMap::new(), head);
        while at + head <= size {
            let object = bytes.get(at as usize..(at + head) as usize)?;
            let (index, stored) = (number(&object[..2]), number(&object[8..8 + length as usize]));
            // The rest is free space.
            if index == 0 {
                break;
            }
            at += head;
            if stored > size - at {
                return None;
            }
            objects.insert(index, Object { address: address + at, bytes: stored });
            at += stored.next_multiple_of(8);
        }
        Some(objects)
    }
}
