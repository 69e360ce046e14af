//! Lists the members of a group and the attributes of an object.
//!
//! The HDF5 crate silently skips links that lead nowhere; here all are listed.

use hdf5::Hdf5File;
use hdf5::btree_v1::{BTreeV1Key, collect_btree_v1_leaves_storage};
use hdf5::btree_v2::{BTreeV2Header, BTreeV2Record, collect_btree_v2_records_storage};
use hdf5::error::Result;
use hdf5::fractal_heap::{FractalHeap, FractalHeapDirectBlockCache};
use hdf5::group::Group;
use hdf5::io::Cursor;
use hdf5::local_heap::LocalHeap;
use hdf5::messages::HdfMessage;
use hdf5::messages::attribute::{self, AttributeMessage};
use hdf5::messages::link::{self, LinkTarget};
use hdf5::symbol_table::SymbolTableNode;

/// At most this many members of a group are listed.
const MOST: usize = 100_000;

/// A member of a group: an array, a group, or a link that may lead nowhere.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) target: LinkTarget,
}

/// The members of a group in the file's order, at most 100,000.
///
/// # Errors
/// The group is damaged.
pub(super) fn members(file: &Hdf5File, group: &Group) -> Result<Vec<Member>> {
    let superblock = file.superblock();
    let (offset, length) = (superblock.offset_size, superblock.length_size);
    let header = file.get_or_parse_header(group.address())?;
    let mut members = Vec::new();
    for message in &header.messages {
        match message {
            HdfMessage::Link(link) => members.push(Member { name: link.name.clone(), target: link.target.clone() }),
            HdfMessage::LinkInfo(info) if !Cursor::is_undefined_offset(info.fractal_heap_address, offset) => {
                for bytes in dense(file, info.fractal_heap_address, info.btree_name_index_address)? {
                    let link = link::parse(&mut Cursor::new(&bytes), offset, length, bytes.len())?;
                    members.push(Member { name: link.name, target: link.target });
                }
            }
            HdfMessage::SymbolTable(table) => {
                members.append(&mut in_symbol_table(file, table.btree_address, table.heap_address)?);
            }
            _ => {}
        }
    }
    members.truncate(MOST);
    Ok(members)
}

/// The members in a symbol table, the oldest form of a group: a tree of entries, and a heap with their names.
fn in_symbol_table(file: &Hdf5File, tree: u64, heap: u64) -> Result<Vec<Member>> {
    let (storage, superblock) = (file.storage(), file.superblock());
    let (offset, length) = (superblock.offset_size, superblock.length_size);
    let heap = LocalHeap::parse_at_storage(storage, heap, offset, length)?;
    let segment = usize::try_from(heap.data_segment_size).unwrap_or(usize::MAX);
    let segment = storage.read_range(heap.data_segment_address, segment)?;
    let text = |at: u64| {
        let rest = usize::try_from(at).ok().and_then(|at| segment.get(at..)).unwrap_or_default();
        let text = rest.split(|&byte| byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    };
    let nodes = collect_btree_v1_leaves_storage(storage, tree, offset, length, None, &[], None)?;
    let nodes = nodes.iter().filter(|(key, _)| matches!(key, BTreeV1Key::Group { .. }));
    let mut members = Vec::new();
    for (_, address) in nodes.take(MOST / 8) {
        let count = storage.read_range(*address, 8)?;
        let count = usize::from(u16::from_le_bytes([count[6], count[7]]));
        let bytes = storage.read_range(*address, 8 + count * (2 * usize::from(offset) + 24))?;
        let node = SymbolTableNode::parse(&mut Cursor::new(&bytes), offset, length)?;
        for entry in node.entries {
            let target = if entry.cache_type == 2 {
                let [a, b, c, d, ..] = entry.scratch;
                LinkTarget::Soft { path: text(u32::from_le_bytes([a, b, c, d]).into()) }
            } else {
                LinkTarget::Hard { address: entry.object_header_address }
            };
            members.push(Member { name: text(entry.link_name_offset), target });
        }
    }
    Ok(members)
}

/// The attributes of the object at `address`, as they are stored.
///
/// # Errors
/// The object is damaged.
pub(super) fn attributes(file: &Hdf5File, address: u64) -> Result<Vec<AttributeMessage>> {
    let superblock = file.superblock();
    let (offset, length) = (superblock.offset_size, superblock.length_size);
    let header = file.get_or_parse_header(address)?;
    let mut attributes = Vec::new();
    for message in &header.messages {
        match message {
            HdfMessage::Attribute(found) => attributes.push(found.clone()),
            HdfMessage::AttributeInfo(info) if !Cursor::is_undefined_offset(info.fractal_heap_address, offset) => {
                for bytes in dense(file, info.fractal_heap_address, info.btree_name_index_address)? {
                    // swath asks for none of the types that the crate does not know.
                    attributes.extend(attribute::parse(&mut Cursor::new(&bytes), offset, length, bytes.len()));
                }
            }
            _ => {}
        }
    }
    Ok(attributes)
}

/// The bytes of many links or attributes, at most [`MOST`], which lie as objects in a heap and are listed by an index.
fn dense(file: &Hdf5File, heap: u64, index: u64) -> Result<Vec<Vec<u8>>> {
    let (storage, superblock) = (file.storage(), file.superblock());
    let (offset, length) = (superblock.offset_size, superblock.length_size);
    let heap = FractalHeap::parse_at_storage(storage, heap, offset, length)?;
    let index = BTreeV2Header::parse_at_storage(storage, index, offset, length)?;
    let records = collect_btree_v2_records_storage(storage, &index, offset, length, None, &[], None)?;
    let mut blocks = FractalHeapDirectBlockCache::default();
    let mut object = |id: &[u8]| heap.get_object_storage_cached(id, storage, offset, length, &mut blocks);
    let objects = records.iter().take(MOST).filter_map(|record| match record {
        BTreeV2Record::LinkNameHash { heap_id, .. } | BTreeV2Record::AttributeNameHash { heap_id, .. } => {
            Some(object(heap_id))
        }
        _ => None,
    });
    objects.collect()
}
