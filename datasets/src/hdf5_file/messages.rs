//! Messages of an object's header as bytes, for the parts that the HDF5 crate does not pass on.

use hdf5::storage::Storage;

/// The type of the message that says where an array's values lie in the file.
pub(super) const LAYOUT: u16 = 8;
/// The type of the message that leads to another block of messages.
const CONTINUATION: u16 = 16;

/// Bytes of the addresses and of the lengths in a file.
#[derive(Clone, Copy)]
pub(super) struct Widths {
    pub(super) address: u8,
    pub(super) length: u8,
}

/// Blocks of a header that are searched; a usual header has one or two. The HDF5 crate has checked all of them.
const MOST: usize = 64;

/// The content of the first message of `kind` in the header at `address` (HDF5 File Format Specification, IV.A.1); `None` if
/// there is none.
pub(super) fn message(storage: &dyn Storage, address: u64, widths: Widths, kind: u16) -> Option<Vec<u8>> {
    let read = |at: u64, bytes: usize| storage.read_range(at, bytes).ok();
    let start = read(address, 16)?;
    let is_new = start.starts_with(b"OHDR");
    // Bit 2 of the new form's flags: each message has a creation number of two bytes.
    let numbered = is_new && start[5] & 4 != 0;
    let mut blocks = if is_new {
        let flags = start[5];
        let times = if flags & 0x20 != 0 { 16 } else { 0 };
        let limits = if flags & 0x10 != 0 { 4 } else { 0 };
        let at = address + 6 + times + limits;
        let width = 1 << (flags & 3);
        vec![(at + width as u64, number(&read(at, width)?))]
    } else {
        vec![(address + 16, u32::from_le_bytes(start[8..12].try_into().ok()?).into())]
    };
    let mut seen = 0;
    while seen < blocks.len() && seen < MOST {
        let (at, bytes) = blocks[seen];
        seen += 1;
        let block = read(at, usize::try_from(bytes).ok()?)?;
        let mut rest: &[u8] = &block;
        loop {
            let head = if is_new { 4 + 2 * usize::from(numbered) } else { 8 };
            let Some((head, after)) = rest.split_at_checked(head) else { break };
            let (found, size) = if is_new {
                (u16::from(head[0]), u16::from_le_bytes([head[1], head[2]]))
            } else {
                (u16::from_le_bytes([head[0], head[1]]), u16::from_le_bytes([head[2], head[3]]))
            };
            let Some((content, after)) = after.split_at_checked(size.into()) else { break };
            rest = after;
            if found == kind {
                return Some(content.to_vec());
            }
            if found == CONTINUATION {
                let (to, bytes) = content.split_at_checked(widths.address.into())?;
                let (to, bytes) = (number(to), number(bytes.get(..widths.length.into())?));
                // The new form has a signature before the messages and a checksum after them.
                blocks.push(if is_new { (to.checked_add(4)?, bytes.checked_sub(8)?) } else { (to, bytes) });
            }
        }
    }
    None
}

/// A number of up to 8 bytes, the lowest byte first.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}
