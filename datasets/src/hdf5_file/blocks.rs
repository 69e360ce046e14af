//! Finds the blocks of a file that hold an array's values, and reads rows of it as bytes.
//!
//! The HDF5 crate finds the blocks and undoes most filters. Blocks are read and assembled here for two reasons: the crate
//! does not know arrays whose chunks at the border are stored without filters, and it silently fills missing chunks.

use super::messages::Widths;
use super::{Hdf5Error, Hdf5File, REWRITTEN, filters, messages};
use hdf5::Dataset;
use hdf5::btree_v1::{BTreeV1Key, collect_btree_v1_leaves_storage};
use hdf5::chunk_index::{
    ChunkEntry, collect_implicit_chunk_entries, collect_v2_chunk_entries_storage, single_chunk_entry,
};
use hdf5::error::Result;
use hdf5::extensible_array::collect_extensible_array_chunk_entries_storage;
use hdf5::fixed_array::collect_fixed_array_chunk_entries_storage;
use hdf5::io::Cursor;
use hdf5::local_heap::LocalHeap;
use hdf5::messages::HdfMessage;
use hdf5::messages::filter_pipeline::FilterDescription;
use hdf5::messages::layout::{ChunkIndexing, DataLayout};
use hdf5::storage::StorageBuffer;
use std::ops::Range;

/// Deflate compresses by a factor of at most 1032; szip, lz4 and lzf by no more.
const COMPRESSION: u64 = 1032;

/// Zstandard compresses 128 KiB of one repeated byte into 4 bytes.
const COMPRESSION_OF_ZSTANDARD: u64 = 32_768;

/// An array larger than [`UNPACKED`] may have at most this many times the bytes of its file.
const AMPLIFIED: u64 = 200;

/// An array may have this many bytes, however small its file is.
const UNPACKED: u64 = 1 << 30;

/// Values to read at a time.
const AT_ONCE: u64 = 1 << 20;

/// How an array is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// At once.
    Whole,
    /// Some rows at a time.
    Rows,
}

/// Bytes of one value.
#[derive(Clone, Copy)]
pub(super) struct ValueBytes {
    /// In the file.
    pub file: usize,
    /// In memory, at least.
    pub memory: u64,
}

/// An array of a file: its shape, and the blocks with its values.
pub(super) struct Blocks<'a> {
    file: &'a Hdf5File,
    name: &'a str,
    shape: Vec<u64>,
    /// Bytes of one value.
    element: usize,
    layout: BlockLayout,
    filters: Vec<FilterDescription>,
}

enum BlockLayout {
    /// The values stand in the array's header.
    Inline(Vec<u8>),
    /// All values are in one block at this address.
    Contiguous(u64),
    /// Each chunk is a block.
    Chunked(Chunks),
}

struct Chunks {
    shape: Vec<u64>,
    /// Sorted by their offsets.
    entries: Vec<ChunkEntry>,
    /// Whether chunks at the border are stored without filters.
    border_is_plain: bool,
}

impl<'a> Blocks<'a> {
    /// Finds the array's blocks and checks that all are in the file, and that what is read at a time fits into memory.
    pub(super) fn find(
        file: &'a Hdf5File,
        name: &'a str,
        dataset: &Dataset,
        value: ValueBytes,
        reading: Reading,
    ) -> std::result::Result<Self, Hdf5Error> {
        let element = value.file;
        let failed = |error: hdf5::error::Error| file.refused(name, &error);
        let shape = dataset.shape().to_vec();
        let header = file.file.get_or_parse_header(dataset.address()).map_err(failed)?;
        let (mut layout, mut filters) = (None, Vec::new());
        for message in &header.messages {
            match message {
                HdfMessage::DataLayout(found) => layout = Some(&found.layout),
                HdfMessage::FilterPipeline(found) => filters.clone_from(&found.filters),
                HdfMessage::ExternalFiles(found) => {
                    return Err(elsewhere(file, name, found.heap_address, &found.slots));
                }
                _ => {}
            }
        }
        let Some(layout) = layout else { return Err(file.unreadable(name, &"it does not say where its values are")) };
        if let Some(filter) = filters::unknown(&filters) {
            return Err(Hdf5Error::NotRead {
                name: name.to_owned(),
                what: format!("it is compressed by the filter {filter}, which is not read"),
                remedy: "a file that `h5repack -f GZIP=4 OLD NEW` has rewritten".into(),
            });
        }
        let chunk = chunk_shape(layout, &shape);
        if chunk.as_ref().is_some_and(|chunk| chunk.len() != shape.len() || chunk.contains(&0)) {
            return Err(file.unreadable(name, &"its chunks hold nothing"));
        }
        let elements = product(&shape);
        // A chunk at the border is stored whole, so a chunk may have more elements than the array.
        let chunk_elements = chunk.as_deref().map_or(0, product);
        let claimed = elements.max(chunk_elements).saturating_mul(element as u128);
        check_claim(file, name, claimed, &filters)?;
        let (needed, limit) = needed(file, &shape, chunk.as_deref(), value, reading);
        if needed > u128::from(limit) {
            return Err(Hdf5Error::LargerThanMemory { name: name.to_owned(), needed, limit });
        }
        let layout = match layout {
            DataLayout::Compact { data } => BlockLayout::Inline(data.clone()),
            DataLayout::Contiguous { address, .. } => BlockLayout::Contiguous(*address),
            DataLayout::Chunked { address, chunk_indexing, .. } => {
                let chunk = chunk.unwrap_or_default();
                let entries = entries(file, dataset, *address, chunk_indexing.as_ref(), &chunk, element);
                BlockLayout::Chunked(Chunks {
                    entries: entries.map_err(failed)?,
                    border_is_plain: border_is_plain(file, dataset),
                    shape: chunk,
                })
            }
        };
        let blocks = Self { file, name, shape, element, layout, filters };
        blocks.check_complete()?;
        Ok(blocks)
    }

    /// Rows: the size of the first dimension; 1 for a single value.
    pub(super) fn rows(&self) -> u64 {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Rows of one chunk; 1 if the array is not chunked.
    pub(super) fn rows_together(&self) -> u64 {
        if let BlockLayout::Chunked(chunks) = &self.layout { chunks.shape.first().copied().unwrap_or(1) } else { 1 }
    }

    /// Rows to read at a time: whole chunks, so that none is unpacked twice.
    pub(super) fn rows_at_once(&self) -> u64 {
        rows_at_once(self.width(), self.rows_together())
    }

    /// Values in a row.
    pub(super) fn width(&self) -> u64 {
        self.shape.iter().skip(1).product()
    }

    /// The bytes of the rows from `from` on, at most `count` of them.
    pub(super) fn read(&self, from: u64, count: u64) -> std::result::Result<StorageBuffer, Hdf5Error> {
        let until = from.saturating_add(count).min(self.rows());
        // `find` has checked that this much memory is allowed.
        let row = self.width() as usize * self.element;
        let (start, bytes) = (from as usize * row, until.saturating_sub(from) as usize * row);
        if bytes == 0 {
            return Ok(StorageBuffer::from_vec(Vec::new()));
        }
        let failed = |error: hdf5::error::Error| self.file.refused(self.name, &error);
        match &self.layout {
            BlockLayout::Inline(data) => {
                let part = data.get(start..start + bytes);
                part.map(|part| StorageBuffer::from_vec(part.to_vec()))
                    .ok_or_else(|| self.file.unreadable(self.name, &"its values are cut short"))
            }
            BlockLayout::Contiguous(address) => {
                let at = address.saturating_add(start as u64);
                self.file.file.storage().read_range(at, bytes).map_err(failed)
            }
            BlockLayout::Chunked(chunks) => {
                let mut rows = vec![0; bytes];
                // Entries are sorted by offsets, and so by rows.
                let first =
                    chunks.entries.partition_point(|entry| entry.offsets[0].saturating_add(chunks.shape[0]) <= from);
                for entry in chunks.entries[first..].iter().take_while(|entry| entry.offsets[0] < until) {
                    let chunk = self.unpack(chunks, entry).map_err(failed)?;
                    self.copy_rows(chunks, entry, &chunk, from..until, &mut rows);
                }
                Ok(StorageBuffer::from_vec(rows))
            }
        }
    }

    /// The values of one chunk.
    fn unpack(&self, chunks: &Chunks, entry: &ChunkEntry) -> Result<Vec<u8>> {
        let expected = chunks.shape.iter().product::<u64>() as usize * self.element;
        let size = if entry.size == 0 { expected } else { entry.size as usize };
        let stored = self.file.file.storage().read_range(entry.address, size)?;
        let at_border = || (0..self.shape.len()).any(|i| entry.offsets[i] + chunks.shape[i] > self.shape[i]);
        let filters = if chunks.border_is_plain && at_border() { &[] } else { self.filters.as_slice() };
        filters::undo(filters, entry.filter_mask, &stored, self.element, expected)
    }

    /// Copies the part of a chunk that lies in the rows `wanted` to `rows`, the bytes of these rows.
    fn copy_rows(&self, chunks: &Chunks, entry: &ChunkEntry, chunk: &[u8], wanted: Range<u64>, rows: &mut [u8]) {
        let Range { start: from, end: until } = wanted;
        let rank = self.shape.len();
        let begin: Vec<u64> =
            (0..rank).map(|i| if i == 0 { from.max(entry.offsets[0]) } else { entry.offsets[i] }).collect();
        let end = |i: usize| (entry.offsets[i] + chunks.shape[i]).min(if i == 0 { until } else { self.shape[i] });
        let run = (end(rank - 1) - begin[rank - 1]) as usize * self.element;
        let mut at = begin.clone();
        loop {
            let (mut source, mut target) = (0, 0);
            for i in 0..rank {
                source = source * chunks.shape[i] + (at[i] - entry.offsets[i]);
                target = target * self.shape[i] + if i == 0 { at[0] - from } else { at[i] };
            }
            let (source, target) = (source as usize * self.element, target as usize * self.element);
            rows[target..target + run].copy_from_slice(&chunk[source..source + run]);
            // The next run: the second-last dimension moves fastest.
            let Some(next) = (0..rank - 1).rev().find(|&i| at[i] + 1 < end(i)) else { return };
            at[next] += 1;
            at[next + 1..rank - 1].copy_from_slice(&begin[next + 1..rank - 1]);
        }
    }

    /// Checks that the file holds the whole array. HDF5 allows arrays that are stored in part and reads zeros for the rest; in
    /// a dataset that means a damaged shape, or a writer that did not finish.
    fn check_complete(&self) -> std::result::Result<(), Hdf5Error> {
        if self.shape.contains(&0) {
            return Ok(());
        }
        let size = self.file.file.storage().len();
        let outside = |address: u64, bytes: u64| address.checked_add(bytes).is_none_or(|end| end > size);
        let (found, expected) = match &self.layout {
            BlockLayout::Inline(_) => return Ok(()),
            BlockLayout::Contiguous(address) => {
                let bytes = self.shape.iter().product::<u64>() * self.element as u64;
                let offset = self.file.file.superblock().offset_size;
                let nowhere = Cursor::is_undefined_offset(*address, offset);
                if !nowhere && outside(*address, bytes) {
                    return Err(self.file.unreadable(self.name, &not_in_file(*address, bytes, size)));
                }
                (u128::from(!nowhere), 1)
            }
            BlockLayout::Chunked(chunks) => {
                if let Some(entry) = chunks.entries.iter().find(|entry| outside(entry.address, entry.size)) {
                    return Err(self.file.unreadable(self.name, &not_in_file(entry.address, entry.size, size)));
                }
                let across = self.shape.iter().zip(&chunks.shape).map(|(n, chunk)| u128::from(n.div_ceil(*chunk)));
                (chunks.entries.len() as u128, across.fold(1, u128::saturating_mul))
            }
        };
        if found < expected {
            return Err(Hdf5Error::Incomplete { name: self.name.to_owned(), found, expected });
        }
        Ok(())
    }
}

fn product(shape: &[u64]) -> u128 {
    shape.iter().fold(1_u128, |product, &n| product.saturating_mul(u128::from(n)))
}

/// The shape of the array's chunks; `None` if it is not chunked.
fn chunk_shape(layout: &DataLayout, shape: &[u64]) -> Option<Vec<u64>> {
    let DataLayout::Chunked { dims, .. } = layout else { return None };
    Some(dims.iter().take(shape.len()).map(|&n| n.into()).collect())
}

fn rows_at_once(width: u64, rows_together: u64) -> u64 {
    (AT_ONCE / width.max(1)).max(1).next_multiple_of(rows_together)
}

/// Bytes that reading an array needs, and the most that it may need: all of it; or the rows that are read at a time, if the whole
/// array is not too large for whoever puts them somewhere.
fn needed(file: &Hdf5File, shape: &[u64], chunk: Option<&[u64]>, value: ValueBytes, reading: Reading) -> (u128, u64) {
    let bytes = |values: u128| values.saturating_mul(u128::from(value.memory.max(value.file as u64)));
    // A chunk at the border is stored whole, so a chunk may have more elements than the array.
    let unpacked = chunk.map_or(0, product).saturating_mul(value.file as u128);
    let whole = bytes(product(shape)).max(unpacked);
    if reading == Reading::Whole {
        return (whole, file.memory);
    }
    if whole > u128::from(file.by_rows) {
        return (whole, file.by_rows);
    }
    let width = u64::try_from(product(shape.get(1..).unwrap_or_default())).unwrap_or(u64::MAX);
    let rows = rows_at_once(width, chunk.and_then(|chunk| chunk.first()).copied().unwrap_or(1));
    let rows = rows.min(shape.first().copied().unwrap_or(1));
    (bytes(u128::from(rows).saturating_mul(u128::from(width))).max(unpacked), file.memory)
}

/// Checks that a file can hold an array whose header claims `claimed` bytes.
fn check_claim(
    file: &Hdf5File,
    name: &str,
    claimed: u128,
    filters: &[FilterDescription],
) -> std::result::Result<(), Hdf5Error> {
    let ratio = match filters.iter().any(|filter| filter.id == filters::ZSTANDARD) {
        true => COMPRESSION_OF_ZSTANDARD,
        false if filters.is_empty() => 1,
        false => COMPRESSION,
    };
    if claimed > u128::from(file.size) * u128::from(ratio) {
        return Err(Hdf5Error::LargerThanFile { name: name.to_owned(), claimed, file: file.size });
    }
    if claimed > u128::from(UNPACKED.max(file.size.saturating_mul(AMPLIFIED))) {
        // A few megabytes of zeros would take minutes and most of the memory.
        return Err(Hdf5Error::NotRead {
            name: name.to_owned(),
            what: format!(
                "its {claimed} bytes are packed into a file of {}: real vectors do not compress so far",
                file.size
            ),
            remedy: format!(
                "at most {AMPLIFIED} times the file's size for an array over 1 GiB; if it is meant so, `h5repack -f NONE \
                 OLD NEW` unpacks it"
            ),
        });
    }
    Ok(())
}

fn not_in_file(address: u64, bytes: u64, size: u64) -> String {
    format!("a block of {bytes} bytes at {address} is not in the file of {size}: it is damaged")
}

/// The chunks that lie within the array's shape, each once, sorted by their offsets.
fn entries(
    file: &Hdf5File,
    dataset: &Dataset,
    address: u64,
    indexing: Option<&ChunkIndexing>,
    chunk: &[u64],
    element: usize,
) -> Result<Vec<ChunkEntry>> {
    let (storage, superblock) = (file.file.storage(), file.file.superblock());
    let (offset, length) = (superblock.offset_size, superblock.length_size);
    if Cursor::is_undefined_offset(address, offset) {
        return Ok(Vec::new());
    }
    let shape = dataset.shape();
    let narrow: Vec<u32> = chunk.iter().map(|&n| n as u32).collect();
    let mut entries = match indexing {
        None => {
            let rank = Some(shape.len() as u32);
            let leaves = collect_btree_v1_leaves_storage(storage, address, offset, length, rank, &narrow, None)?;
            let entry = |(key, address): (BTreeV1Key, u64)| match key {
                BTreeV1Key::RawData { chunk_size, filter_mask, offsets } => {
                    Some(ChunkEntry { address, size: chunk_size.into(), filter_mask, offsets })
                }
                BTreeV1Key::Group { .. } => None,
            };
            leaves.into_iter().filter_map(entry).collect()
        }
        Some(ChunkIndexing::SingleChunk { filtered_size, filters }) => {
            vec![single_chunk_entry(address, *filtered_size, *filters, shape.len())]
        }
        Some(ChunkIndexing::Implicit) => {
            collect_implicit_chunk_entries(address, shape, &narrow, element, None, storage.len())?
        }
        Some(ChunkIndexing::FixedArray { .. }) => {
            collect_fixed_array_chunk_entries_storage(storage, address, offset, length, shape, &narrow, None)?
        }
        Some(ChunkIndexing::ExtensibleArray { .. }) => collect_extensible_array_chunk_entries_storage(
            storage,
            address,
            offset,
            length,
            shape,
            dataset.max_dims(),
            &narrow,
            None,
        )?,
        Some(ChunkIndexing::BTreeV2) => {
            collect_v2_chunk_entries_storage(storage, address, offset, length, shape.len() as u32, &narrow, None)?
        }
    };
    // Version 1 adds an offset within the element. An array that has shrunk may still list its former chunks.
    entries.iter_mut().for_each(|entry| entry.offsets.truncate(shape.len()));
    entries.retain(|entry| {
        let fits = |i: usize| entry.offsets[i] < shape[i] && entry.offsets[i].is_multiple_of(chunk[i]);
        entry.offsets.len() == shape.len() && (0..shape.len()).all(fits)
    });
    entries.sort_by(|a, b| a.offsets.cmp(&b.offsets));
    entries.dedup_by(|a, b| a.offsets == b.offsets);
    Ok(entries)
}

/// Whether chunks at the border are stored without filters: bit 0 of the layout's flags, from version 4 on. The HDF5 crate
/// does not pass it on.
fn border_is_plain(file: &Hdf5File, dataset: &Dataset) -> bool {
    let superblock = file.file.superblock();
    let widths = Widths { address: superblock.offset_size, length: superblock.length_size };
    let layout = messages::message(file.file.storage(), dataset.address(), widths, messages::LAYOUT);
    layout.is_some_and(|layout| layout.len() > 2 && layout[0] >= 4 && layout[1] == 2 && layout[2] & 1 == 1)
}

/// The refusal of an array whose values are in other files.
fn elsewhere(
    file: &Hdf5File,
    name: &str,
    heap: u64,
    slots: &[hdf5::messages::external_files::ExternalFileSlot],
) -> Hdf5Error {
    let (storage, superblock) = (file.file.storage(), file.file.superblock());
    let heap = LocalHeap::parse_at_storage(storage, heap, superblock.offset_size, superblock.length_size);
    let text = |at: u64| heap.as_ref().ok().and_then(|heap| heap.get_string_storage(at, storage).ok());
    let names: Vec<String> = slots.iter().take(4).filter_map(|slot| text(slot.name_offset)).collect();
    let (files, names) = if slots.len() == 1 { ("another file", names) } else { ("other files", names) };
    Hdf5Error::NotRead {
        name: name.to_owned(),
        what: format!("its values are in {files}, {}", names.join(", ")),
        remedy: REWRITTEN.into(),
    }
}
