//! Texts of variable length: an array or attribute holds references, and a global heap the bytes.
//!
//! The reader reads them as well, but not where lengths in the file are of other than 8 bytes.

use super::messages::number;
use hdf5::io::Cursor;
use std::collections::HashMap;

/// How often the bytes of the file may be looked through: collections that lie within one another are no honest work.
const LOOKS: u64 = 4;

/// The collections of one file that were looked at.
pub(super) struct Heap<'a> {
    file: &'a hdf5::Hdf5File,
    /// By address: where each object's bytes are, by its number.
    collections: HashMap<u64, HashMap<u64, (u64, u64)>>,
    looked_at: u64,
}

impl<'a> Heap<'a> {
    pub(super) fn new(file: &'a hdf5::Hdf5File) -> Self {
        Self { file, collections: HashMap::new(), looked_at: 0 }
    }

    /// Bytes of a reference.
    pub(super) fn reference_size(&self) -> usize {
        8 + usize::from(self.file.superblock().offset_size)
    }

    /// How long the text is that a reference leads to.
    pub(super) fn length(reference: &[u8]) -> u64 {
        number(reference.get(..4).unwrap_or_default())
    }

    /// The bytes that a reference leads to: their length, the address of a collection, and the number of an object in it.
    ///
    /// # Errors
    /// That it leads nowhere.
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
        let place = self.collections.get(&address).and_then(|objects| objects.get(&object));
        let &(at, _) = place.filter(|(_, stored)| length <= *stored).ok_or_else(nowhere)?;
        let bytes = self.file.storage().read_range(at, length as usize).map_err(|error| error.to_string())?;
        Ok(bytes.to_vec())
    }

    /// Where the objects of a collection are (HDF5 File Format Specification, III.E). Its header and theirs are rounded up to
    /// 8 bytes, and so are their contents.
    fn collection(&mut self, address: u64) -> Option<HashMap<u64, (u64, u64)>> {
        let storage = self.file.storage();
        let length = u64::from(self.file.superblock().length_size);
        let head = (8 + length).next_multiple_of(8);
        let start = storage.read_range(address, head as usize).ok()?;
        if !start.starts_with(b"GCOL\x01") {
            return None;
        }
        let size = number(start.get(8..8 + length as usize)?);
        self.looked_at = self.looked_at.checked_add(size)?;
        if self.looked_at > LOOKS * storage.len() {
            return None;
        }
        let bytes = storage.read_range(address, usize::try_from(size).ok()?).ok()?;
        let (mut objects, mut at) = (HashMap::new(), head);
        while at + head <= size {
            let object = bytes.get(at as usize..(at + head) as usize)?;
            let (index, stored) = (number(&object[..2]), number(&object[8..8 + length as usize]));
            // The rest is free.
            if index == 0 {
                break;
            }
            at += head;
            if stored > size - at {
                return None;
            }
            objects.insert(index, (address + at, stored));
            at += stored.next_multiple_of(8);
        }
        Some(objects)
    }
}
