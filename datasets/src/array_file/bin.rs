//! big-ann-benchmarks' files: the numbers of rows and columns as uint32, then the values row after row, all little-endian.
//! Files with more than 2^32 rows have both as uint64; the file's size tells which. The ending names the type of the values.

use super::bytes::Span;
use super::stored::{Layout, StoredMatrix};
use super::{ArrayFile, ArrayFormat, MatrixHeader, ending, invalid, no_parts};
use crate::bounded;
use crate::format::DatasetError;
use crate::number::{NumberForm, NumberType};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// Endings and the types of their values.
const FORMS: [(&str, NumberForm); 5] = [
    ("fbin", NumberForm::Single),
    ("u8bin", NumberForm::Unsigned(1)),
    ("i8bin", NumberForm::Signed(1)),
    ("f16bin", NumberForm::Half),
    ("ibin", NumberForm::Signed(4)),
];

/// More bytes than a file has.
const MOST: u128 = 1 << 50;

/// big-ann-benchmarks' matrices.
pub struct Bin;

impl ArrayFormat for Bin {
    fn name(&self) -> &'static str {
        "big-ann-benchmarks' binary matrices"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["fbin", "u8bin", "i8bin", "f16bin", "ibin", "bin"]
    }

    fn sniff(&self, _: &[u8]) -> bool {
        false
    }

    fn open(&self, path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError> {
        no_parts(path, part)?;
        let ending = ending(path);
        let Some(&(_, form)) = FORMS.iter().find(|(known, _)| *known == ending) else {
            let names: Vec<String> = FORMS.iter().map(|(ending, form)| format!(".{ending} ({form})")).collect();
            let expected = format!("a name that ends in {}", names.join(", "));
            return Err(invalid(path, "the name", format!(".{ending} does not say what the values are"), expected));
        };
        let number = NumberType::little_endian(form);
        let start = Start::read(path)?;
        let sizes = start.sizes(|rows, columns| rows * columns * number.bytes() as u128);
        let Some(Sizes { rows, columns, before }) = sizes else {
            let what = format!("rows of {form} values");
            return Err(start.refused(path, &what, |rows, columns| rows * columns * number.bytes() as u128));
        };
        let header = MatrixHeader { path: path.to_owned(), part: None, rows, columns, form, notes: Vec::new() };
        let bytes = start.bytes.from(before).into();
        Ok(StoredMatrix { header, number, layout: Layout::Rows, bytes }.into())
    }
}

/// An open file and what its first bytes may mean.
pub(super) struct Start {
    pub bytes: Span,
    /// Rows and columns if they are uint32, and if they are uint64.
    narrow: [u64; 2],
    wide: Option<[u64; 2]>,
}

/// The shape that fits the file's size, and the bytes of the header.
pub(super) struct Sizes {
    pub rows: usize,
    pub columns: usize,
    pub before: u64,
}

impl Start {
    pub(super) fn read(path: &Path) -> Result<Self, DatasetError> {
        let io = |source| DatasetError::Io { path: path.to_owned(), source };
        let (file, size) = bounded::open(path).map_err(io)?;
        let bytes = Span::new(&Arc::new(file), 0, size);
        let mut start = Vec::new();
        bytes.clone().take(16).read_to_end(&mut start).map_err(io)?;
        let Some(first) = start.first_chunk::<8>() else {
            let found = format!("the file has {} bytes", start.len());
            return Err(invalid(path, "the header", found, "8 and more: the numbers of rows and of columns"));
        };
        let narrow = first.as_chunks::<4>().0;
        let narrow = [narrow[0], narrow[1]].map(|bytes| u64::from(u32::from_le_bytes(bytes)));
        let wide = start.as_chunks::<8>().0;
        let wide = (wide.len() == 2).then(|| [wide[0], wide[1]].map(u64::from_le_bytes));
        Ok(Self { bytes, narrow, wide })
    }

    /// The shape with which the file has as many bytes as the header and the values take.
    pub(super) fn sizes(&self, values: impl Fn(u128, u128) -> u128) -> Option<Sizes> {
        let fits = |[rows, columns]: [u64; 2], before: u64| {
            let (rows, columns) = (usize::try_from(rows).ok()?, usize::try_from(columns).ok()?);
            // No product of two such numbers and a few bytes overflows.
            let is_possible = columns > 0 && (rows as u128) < 1 << 60 && (columns as u128) < 1 << 60;
            let is_whole =
                is_possible && u128::from(before) + values(rows as u128, columns as u128) == u128::from(self.bytes.end);
            is_whole.then_some(Sizes { rows, columns, before })
        };
        fits(self.narrow, 8).or_else(|| fits(self.wide?, 16))
    }

    /// The error that no shape fits.
    pub(super) fn refused(&self, path: &Path, what: &str, values: impl Fn(u128, u128) -> u128) -> DatasetError {
        let size = self.bytes.end;
        let claim = |[rows, columns]: [u64; 2], before: u128| {
            let is_possible = rows < 1 << 60 && columns < 1 << 60;
            let bytes = is_possible.then(|| values(rows.into(), columns.into()) + before);
            // Numbers that no disk holds are two others, read as one.
            let bytes = bytes.filter(|&bytes| bytes < MOST)?;
            Some(format!("it says {rows} rows of {columns}, which are {bytes} bytes"))
        };
        let narrow = claim(self.narrow, 8).map(|narrow| format!("{narrow} with a header of 8 bytes"));
        let wide = self.wide.and_then(|wide| claim(wide, 16)).map(|wide| format!("{wide} with a header of 16 bytes"));
        let claims: Vec<String> = narrow.into_iter().chain(wide).collect();
        let claims = if claims.is_empty() {
            format!("it says {} rows of {}", self.narrow[0], self.narrow[1])
        } else {
            claims.join(", or ")
        };
        let found = format!("{claims}; the file has {size}");
        let expected = format!("a whole file of {what}: copy it again, or check the ending of its name");
        invalid(path, "the header", found, expected)
    }
}
