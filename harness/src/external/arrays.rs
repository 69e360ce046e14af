//! Arrays in files that swath and a program share.

use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use swath_algorithms::Points;

/// Arrays begin at multiples of this.
const ALIGNMENT: usize = 64;

/// An array in a file, as the protocol names it.
pub(super) fn array(path: &str, offset: u64, dtype: &str, shape: &[usize], strides: &[usize]) -> Value {
    json!({ "path": path, "offset": offset, "dtype": dtype, "shape": shape, "strides": strides })
}

/// A file of arrays that are written anew for each question. It never becomes shorter, so that a program may keep it mapped.
pub(super) struct ArrayFile {
    file: File,
    /// As the program finds it.
    path: String,
    bytes: Vec<u8>,
}

impl ArrayFile {
    /// Makes the file `name` in a folder, which the program finds as `folder_path`.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn make(folder: &Path, folder_path: &str, name: &str) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(folder.join(name))?;
        let path = if folder_path == "." { name.to_owned() } else { format!("{folder_path}/{name}") };
        Ok(Self { file, path, bytes: Vec::new() })
    }

    /// Forgets what was put into it.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Puts an array of `columns` numbers of `width` bytes in each row; returns how the protocol names it.
    pub fn put(&mut self, bytes: &[u8], dtype: &str, shape: &[usize], width: usize) -> Value {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
        let offset = self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        let strides: Vec<usize> = match shape {
            [_, columns] => vec![columns * width, width],
            _ => vec![width],
        };
        array(&self.path, offset, dtype, shape, &strides)
    }

    /// Puts points: dense vectors without padding, bits with the first bit highest, flat sets and sparse vectors.
    pub fn put_points(&mut self, points: &Points) -> Value {
        let n = points.len();
        match points {
            Points::Dense(vectors) => {
                let rows: Vec<u8> = (0..n).flat_map(|i| vectors.row(i).iter().flat_map(|v| v.to_le_bytes())).collect();
                self.put(&rows, "<f4", &[n, vectors.dim()], 4)
            }
            Points::Bits(bits) => {
                let width = bits.dim().div_ceil(8);
                self.put(&highest_first(points), "|u1", &[n, width], 1)
            }
            Points::Sets(sets) => {
                let members: Vec<u8> = sets.members().iter().flat_map(|member| member.to_le_bytes()).collect();
                let members = self.put(&members, "<u4", &[sets.members().len()], 4);
                json!({ "members": members, "offsets": self.put_offsets(sets.offsets()) })
            }
            Points::Sparse(vectors) => {
                let columns: Vec<u8> = vectors.columns().iter().flat_map(|column| column.to_le_bytes()).collect();
                let values: Vec<u8> = vectors.values().iter().flat_map(|value| value.to_le_bytes()).collect();
                let count = [vectors.values().len()];
                let columns = self.put(&columns, "<i4", &count, 4);
                let values = self.put(&values, "<f4", &count, 4);
                json!({ "offsets": self.put_offsets(vectors.offsets()), "columns": columns, "values": values })
            }
        }
    }

    fn put_offsets(&mut self, offsets: &[u64]) -> Value {
        let bytes: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        self.put(&bytes, "<u8", &[offsets.len()], 8)
    }

    /// Writes all that was put into it.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn write(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&self.bytes)
    }

    /// Reads what the program made of it.
    ///
    /// # Errors
    /// The file is shorter than it was.
    pub fn read(&mut self) -> io::Result<&[u8]> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_exact(&mut self.bytes)?;
        Ok(&self.bytes)
    }
}

/// Bits, packed into bytes row by row, the first bit of a row the highest of its first byte.
pub(super) fn highest_first(points: &Points) -> Vec<u8> {
    let Points::Bits(bits) = points else { return Vec::new() };
    let (dim, width) = (bits.dim(), bits.dim().div_ceil(8));
    let mut packed = vec![0_u8; bits.rows() * width];
    for (i, row) in packed.chunks_exact_mut(width.max(1)).enumerate().take(bits.rows()) {
        let of = bits.row(i);
        (0..dim).filter(|&j| of.bit(j)).for_each(|j| row[j / 8] |= 0x80 >> (j % 8));
    }
    packed
}

/// The numbers of an array in `bytes`, which begin at `offset`.
pub(super) fn numbers<const WIDTH: usize, T>(
    bytes: &[u8],
    offset: usize,
    count: usize,
    of: impl Fn([u8; WIDTH]) -> T,
) -> Vec<T> {
    let part = &bytes[offset..offset + count * WIDTH];
    part.as_chunks::<WIDTH>().0.iter().map(|&number| of(number)).collect()
}

/// Where an array that [`ArrayFile::put`] named begins.
pub(super) fn offset(array: &Value) -> usize {
    array["offset"].as_u64().unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use swath_algorithms::points::Bits;

    #[test]
    fn arrays_are_found_where_they_are_said_to_be_and_a_file_that_was_cut_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = ArrayFile::make(folder.path(), ".", "arrays").expect("made");
        let first = file.put(&[1, 0, 0, 0, 2, 0, 0, 0], "<i4", &[1, 2], 4);
        let second = file.put(&7_u64.to_le_bytes(), "<u8", &[1], 8);
        assert_eq!(first, json!({ "path": "arrays", "offset": 0, "dtype": "<i4", "shape": [1, 2], "strides": [8, 4] }));
        assert_eq!(second, json!({ "path": "arrays", "offset": 64, "dtype": "<u8", "shape": [1], "strides": [8] }));
        file.write().expect("written");
        let bytes = file.read().expect("read").to_vec();
        assert_eq!(numbers(&bytes, offset(&first), 2, i32::from_le_bytes), [1, 2]);
        assert_eq!(numbers(&bytes, offset(&second), 1, u64::from_le_bytes), [7]);
        std::fs::write(folder.path().join("arrays"), [0; 20]).expect("cut");
        assert!(file.read().is_err());
        file.clear();
        file.put(&bytes, "|u1", &[bytes.len()], 1);
        file.write().expect("written again");
        assert_eq!(file.read().expect("whole again"), bytes);
    }

    #[test]
    fn bits_are_packed_as_numpy_packs_them() {
        let row = [true, false, false, false, false, false, false, true, true, false];
        let bits = Bits::pack([row, row].concat().into_iter(), 10).expect("whole rows");
        assert_eq!(highest_first(&bits.into()), [0x81, 0x80, 0x81, 0x80]);
    }
}
