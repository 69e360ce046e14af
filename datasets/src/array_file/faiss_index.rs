//! FAISS' flat indexes, which hold the vectors as they are: `IxF2` and `IxFI`, and these behind ids of their own, `IxMp` and
//! `IxM2`. Other indexes hold other things than vectors; they are refused by name.
//!
//! An index is its tag; d as int32; n as int64; two int64 without use; whether it is trained as uint8; the metric as int32, and
//! its argument as float32 if the metric is above 1. A flat index goes on with the number of its floats as uint64, and these. One
//! with ids goes on with the inner index, the number of ids as uint64, and the ids as int64.

use super::bytes::Span;
use super::stored::{Layout, StoredMatrix};
use super::{ArrayFile, ArrayFormat, MatrixHeader, invalid};
use crate::bounded;
use crate::format::DatasetError;
use crate::number::{NumberForm, NumberType};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// Tags of flat indexes, and of those with ids.
const FLAT: [&[u8; 4]; 3] = [b"IxF2", b"IxFI", b"IxFl"];
const WITH_IDS: [&[u8; 4]; 2] = [b"IxMp", b"IxM2"];

/// Tags of other indexes, and what these are.
const OTHERS: [(&[u8; 4], &str); 22] = [
    (b"IHNf", "an HNSW graph"),
    (b"IHNp", "an HNSW graph over product codes"),
    (b"IHNs", "an HNSW graph over scalar codes"),
    (b"IHN2", "an HNSW graph over two levels of codes"),
    (b"INSf", "an NSG graph"),
    (b"IwFl", "inverted lists of vectors"),
    (b"IwPQ", "inverted lists of product codes"),
    (b"IwQR", "inverted lists of product codes"),
    (b"IwPf", "inverted lists of product codes"),
    (b"IwSq", "inverted lists of scalar codes"),
    (b"IwSQ", "inverted lists of scalar codes"),
    (b"IvFl", "inverted lists of vectors"),
    (b"IvPQ", "inverted lists of product codes"),
    (b"IxPq", "product codes"),
    (b"IxPQ", "product codes"),
    (b"IxPo", "product codes"),
    (b"IPfs", "product codes"),
    (b"IxSQ", "scalar codes"),
    (b"IxHe", "hash codes"),
    (b"IxPT", "an index behind a transformation of its vectors"),
    (b"IxRF", "an index that refines another"),
    (b"IBxF", "binary vectors"),
];

/// Bytes of the header without the tag and the metric's argument.
const HEADER: usize = 33;

/// FAISS' flat indexes.
pub struct FaissIndex;

impl ArrayFormat for FaissIndex {
    fn name(&self) -> &'static str {
        "FAISS' flat indexes"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["faiss", "index"]
    }

    fn sniff(&self, start: &[u8]) -> bool {
        start.first_chunk().is_some_and(|tag| {
            FLAT.contains(&tag) || WITH_IDS.contains(&tag) || OTHERS.iter().any(|(other, _)| *other == tag)
        })
    }

    fn open(&self, path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError> {
        let io = |source| DatasetError::Io { path: path.to_owned(), source };
        if let Some(part) = part.filter(|&part| part != IDS) {
            let found = "a FAISS index has no such part";
            return Err(invalid(
                path,
                format!("`{part}`"),
                found,
                "`ids` for its own ids, and no name for its vectors",
            ));
        }
        let (file, size) = bounded::open(path).map_err(io)?;
        let mut index = Index { path, bytes: Span::new(&Arc::new(file), 0, size), ids: false };
        let vectors = index.vectors()?;
        if part.is_none() && !index.ids {
            return Ok(vectors.into());
        }
        let ids = index.ids(&vectors)?;
        Ok(if part.is_some() { ids.into() } else { vectors.into() })
    }
}

/// The part of an index that has the ids.
const IDS: &str = "ids";

/// An index that is read.
struct Index<'a> {
    path: &'a Path,
    bytes: Span,
    /// Whether it has ids of its own.
    ids: bool,
}

impl Index<'_> {
    fn next<const N: usize>(&mut self) -> Result<[u8; N], DatasetError> {
        let mut next = [0; N];
        self.bytes.read_exact(&mut next).map_err(|error| self.cut(error))?;
        Ok(next)
    }

    fn cut(&self, error: io::Error) -> DatasetError {
        if error.kind() != io::ErrorKind::UnexpectedEof {
            return DatasetError::Io { path: self.path.to_owned(), source: error };
        }
        let found = format!("the file ends in it, after {} bytes", self.bytes.end);
        invalid(self.path, "the header", found, "a whole FAISS index: copy or write it again")
    }

    /// Reads up to the vectors, and checks that they are there.
    fn vectors(&mut self) -> Result<StoredMatrix, DatasetError> {
        let mut tag: [u8; 4] = self.next()?;
        if WITH_IDS.contains(&&tag) {
            self.header()?;
            self.ids = true;
            tag = self.next()?;
        }
        if !FLAT.contains(&&tag) {
            return Err(self.refused(tag));
        }
        let (columns, rows) = self.header()?;
        let count = u64::from_le_bytes(self.next()?);
        let wrong = |found: String| invalid(self.path, "the header", found, "a whole flat index: write it again");
        let claim = format!("it says {rows} vectors of {columns} numbers");
        let (Ok(rows), Ok(columns)) = (usize::try_from(rows), usize::try_from(columns)) else {
            return Err(wrong(claim));
        };
        let needed = 4 * rows as u128 * columns as u128;
        let left = self.bytes.end - self.bytes.at;
        if columns == 0 || u128::from(count) * 4 != needed || needed > u128::from(left) {
            return Err(wrong(format!("{claim}, and {count} in all; {left} bytes follow")));
        }
        let end = self.bytes.at + needed as u64;
        if !self.ids && end != self.bytes.end {
            return Err(wrong(format!("{claim}, which are {needed} bytes; {left} follow")));
        }
        let note = "the index has ids of its own, which are not read with its vectors: they are its part `ids`";
        let notes = if self.ids { vec![note.into()] } else { Vec::new() };
        let (form, path) = (NumberForm::Single, self.path.to_owned());
        let header = MatrixHeader { path, part: None, rows, columns, form, notes };
        let number = NumberType::little_endian(form);
        let bytes = self.bytes.from(self.bytes.at).into();
        self.bytes.at = end;
        Ok(StoredMatrix { header, number, layout: Layout::Rows, bytes })
    }

    /// The ids behind the vectors.
    fn ids(&mut self, vectors: &StoredMatrix) -> Result<StoredMatrix, DatasetError> {
        if !self.ids {
            return Err(invalid(self.path, "`ids`", "the index has no ids of its own", "no name of a part"));
        }
        let count = u64::from_le_bytes(self.next()?);
        let rows = vectors.header.rows;
        let left = self.bytes.end - self.bytes.at;
        if count != rows as u64 || u128::from(left) < 8 * u128::from(count) {
            let found = format!("the index says {count} ids; {left} bytes follow");
            return Err(invalid(self.path, "`ids`", found, format!("{rows}, one for each vector")));
        }
        let form = NumberForm::Signed(8);
        let part = Some(IDS.to_owned());
        let header = MatrixHeader { path: self.path.to_owned(), part, rows, columns: 1, form, notes: Vec::new() };
        let number = NumberType::little_endian(form);
        Ok(StoredMatrix { header, number, layout: Layout::Rows, bytes: self.bytes.clone().into() })
    }

    /// Reads what follows the tag: d and n.
    fn header(&mut self) -> Result<(i32, i64), DatasetError> {
        let header: [u8; HEADER] = self.next()?;
        let int = |at: usize| i32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let low = u64::from(int(4).cast_unsigned());
        let high = u64::from(int(8).cast_unsigned());
        if int(HEADER - 4) > 1 {
            self.next::<4>()?;
        }
        Ok((int(0), (low | high << 32).cast_signed()))
    }

    fn refused(&self, tag: [u8; 4]) -> DatasetError {
        let name = String::from_utf8_lossy(&tag).into_owned();
        let what = OTHERS.iter().find(|(other, _)| **other == tag).map(|&(_, what)| format!(" ({what})"));
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let found = format!("it is an index of kind {name:?}{}, not a flat one", what.unwrap_or_default());
        let expected = format!(
            "the vectors it was built from; without them, in Python: index = faiss.read_index({file:?}); \
             numpy.save(\"vectors.npy\", index.reconstruct_n(0, index.ntotal)), which may be less precise (an index of \
             inverted lists needs index.make_direct_map() before)"
        );
        invalid(self.path, "the index", found, expected)
    }
}
