//! Collects rows of 0 and 1, as strings of bits or as sets.

use std::io;
use swath_algorithms::PointsError;
use swath_algorithms::points::{Bits, Filling, Sets, Space};

/// Bits in a word of [`Bits`].
const WORD: usize = u64::BITS as usize;

/// Strings of bits. An `io::Error` of theirs says that there is no room.
pub(crate) struct BitRows {
    words: Filling<u64>,
    dim: usize,
}

impl BitRows {
    /// Room for `rows` rows of `dim` bits.
    pub fn new(rows: usize, dim: usize, space: &Space) -> io::Result<Self> {
        Ok(Self { words: Filling::with_capacity(space, rows * dim.div_ceil(WORD))?, dim })
    }

    /// Adds a row with a value, 0 or 1, for each bit.
    pub fn push(&mut self, row: &[i64]) -> io::Result<()> {
        let words = self.words.add_zeros(self.dim.div_ceil(WORD))?;
        for column in members(row) {
            words[column / WORD] |= 1 << (column % WORD);
        }
        Ok(())
    }

    /// Adds a row with eight bits in each byte. The first bit of a byte is its highest, as NumPy's `packbits` has it.
    pub fn push_packed(&mut self, row: &[i64]) -> io::Result<()> {
        let words = self.words.add_zeros(self.dim.div_ceil(WORD))?;
        for (i, &byte) in row.iter().enumerate() {
            words[i / 8] |= u64::from((byte as u8).reverse_bits()) << (8 * (i % 8));
        }
        Ok(())
    }

    /// The bits of all rows.
    pub fn finish(self) -> Result<Bits, PointsError> {
        Bits::new(self.words, self.dim)
    }
}

/// Sets whose members are the columns with a 1. An `io::Error` of theirs says that there is no room.
pub(crate) struct SetRows {
    members: Filling<u32>,
    offsets: Filling<u64>,
    dim: usize,
    row: Vec<u32>,
}

impl SetRows {
    /// Room for `rows` sets of numbers below `dim`. How many members they have is not known before.
    pub fn new(rows: usize, dim: usize, space: &Space) -> io::Result<Self> {
        let members = Filling::with_capacity(space, rows)?;
        let mut offsets = Filling::with_capacity(space, rows + 1)?;
        offsets.extend(&[0])?;
        Ok(Self { members, offsets, dim, row: Vec::new() })
    }

    /// Adds a row with a value, 0 or 1, for each possible member.
    pub fn push(&mut self, row: &[i64]) -> io::Result<()> {
        self.row.clear();
        self.row.extend(members(row).map(|column| column as u32));
        self.members.extend(&self.row)?;
        self.offsets.extend(&[self.members.len() as u64])
    }

    /// All sets.
    pub fn finish(self) -> Result<Sets, PointsError> {
        Sets::new(self.members, self.offsets, self.dim)
    }
}

/// Columns with a 1.
fn members(row: &[i64]) -> impl Iterator<Item = usize> {
    row.iter().enumerate().filter(|(_, bit)| **bit == 1).map(|(column, _)| column)
}
