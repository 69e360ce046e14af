//! HDF5 files, read within bounds and written whole. The one module that knows the HDF5 crate.
//!
//! A file may be corrupted or made to mislead: before anything is read, the size that its header claims is compared with
//! the size of the file and with a budget of memory, so that a wrong shape cannot lead to a huge allocation.

use crate::dataset::Stored;
use crate::whole_file::write_whole;
use hdf5::{AttrValue, Chunk, DType, File, FileBuilder, Layout, VlenStringReadOptions};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Bytes that one array may take in memory, unless the caller says otherwise: 16 GiB.
pub const MEMORY: u64 = 16 << 30;

/// Deflate cannot make anything smaller than 1/1032 of its size, and no other filter that is read here can either.
const COMPRESSION: u64 = 1032;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Hdf5Error {
    /// The file system's refusal.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The refusal.
        source: std::io::Error,
    },
    /// Not an HDF5 file.
    #[error("{path} is not an HDF5 file, or its beginning is damaged ({reason})", path = path.display())]
    NotHdf5 {
        /// The file.
        path: PathBuf,
        /// What the HDF5 reader says.
        reason: String,
    },
    /// Fewer bytes than the file itself says it has.
    #[error("{path} is cut short: it has {size} of its {stated} bytes; copy or download it again", path = path.display())]
    CutShort {
        /// The file.
        path: PathBuf,
        /// Bytes it has.
        size: u64,
        /// Bytes it says it has.
        stated: u64,
    },
    /// An object that should be there is not.
    #[error("`{name}` is missing; the file has {present}")]
    Missing {
        /// Its path in the file.
        name: String,
        /// What the file has instead.
        present: String,
    },
    /// An object cannot be read.
    #[error("`{name}` cannot be read: {reason}")]
    Unreadable {
        /// Its path in the file.
        name: String,
        /// What the HDF5 reader says.
        reason: String,
    },
    /// A shape that the file cannot hold.
    #[error(
        "`{name}` claims {claimed} bytes, which a file of {file} bytes cannot hold: the file is damaged or cut short"
    )]
    LargerThanFile {
        /// Its path in the file.
        name: String,
        /// Bytes its header claims.
        claimed: u128,
        /// Bytes the file has.
        file: u64,
    },
    /// An array of which a part is not in the file.
    #[error("`{name}`: {found} of its {expected} blocks are in the file: it is damaged, or was not written to the end")]
    Incomplete {
        /// Its path in the file.
        name: String,
        /// Blocks that are there.
        found: u128,
        /// Blocks that its shape takes.
        expected: u128,
    },
    /// More than the budget allows.
    #[error("`{name}` needs {needed} bytes of memory, more than the limit of {limit}")]
    LargerThanMemory {
        /// Its path in the file.
        name: String,
        /// Bytes it needs.
        needed: u128,
        /// The limit.
        limit: u64,
    },
    /// Elements of another type than wanted.
    #[error("`{name}` holds {found}, expected {expected}")]
    WrongType {
        /// Its path in the file.
        name: String,
        /// What it holds.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
}

impl Attribute {
    /// The text, if it is text.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The whole number, if it is one.
    pub fn integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Integer(value) => Some(*value as f64),
            Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
        }
    }
}

fn attribute(value: &AttrValue) -> Option<Attribute> {
    let text = || value.as_str().map(|text| Attribute::Text(text.trim_end_matches('\0').to_owned()));
    let integer = || value.as_i64().map(Attribute::Integer);
    text().or_else(integer).or_else(|| value.as_f64().map(Attribute::Float))
}

/// An open file.
pub struct Hdf5File {
    file: File,
    path: PathBuf,
    size: u64,
    memory: u64,
}

/// Element types that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Floating point.
    Float,
    /// Integers of any width.
    Integer,
    /// Text of any form.
    Text,
}

impl Hdf5File {
    /// Opens a file; no array of it may take more than `memory` bytes.
    ///
    /// # Errors
    /// [`Hdf5Error::Io`], [`Hdf5Error::NotHdf5`] and [`Hdf5Error::CutShort`].
    pub fn open(path: &Path, memory: u64) -> Result<Self, Hdf5Error> {
        let io = |source| Hdf5Error::Io { path: path.to_owned(), source };
        let metadata = std::fs::metadata(path).map_err(io)?;
        if metadata.is_dir() {
            return Err(io(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
        }
        let not_hdf5 =
            |reason: &dyn fmt::Display| Hdf5Error::NotHdf5 { path: path.to_owned(), reason: reason.to_string() };
        if metadata.len() == 0 {
            return Err(not_hdf5(&"it is empty"));
        }
        std::fs::File::open(path).map_err(io)?;
        let file = File::open_streaming(path).map_err(|error| not_hdf5(&error))?;
        let (size, stated) = (metadata.len(), file.superblock().eof_address);
        if size < stated {
            return Err(Hdf5Error::CutShort { path: path.to_owned(), size, stated });
        }
        Ok(Self { file, path: path.to_owned(), size, memory })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The root's attributes that are a single text or number.
    ///
    /// # Errors
    /// [`Hdf5Error::Unreadable`].
    pub fn attributes(&self) -> Result<HashMap<String, Attribute>, Hdf5Error> {
        let all = self.file.root().attrs().map_err(|error| unreadable("/", &error))?;
        Ok(all.iter().filter_map(|(name, value)| Some((name.clone(), attribute(value)?))).collect())
    }

    /// Names of the groups in the root, sorted.
    ///
    /// # Errors
    /// [`Hdf5Error::Unreadable`].
    pub fn groups(&self) -> Result<Vec<String>, Hdf5Error> {
        let mut names = self.file.root().groups().map_err(|error| unreadable("/", &error))?;
        names.sort_unstable();
        Ok(names)
    }

    /// The attributes of a group that are a single text or number.
    ///
    /// # Errors
    /// [`Hdf5Error::Unreadable`].
    pub fn attributes_of_group(&self, name: &str) -> Result<HashMap<String, Attribute>, Hdf5Error> {
        let group = self.file.group(name).map_err(|error| unreadable(name, &error))?;
        let all = group.attrs().map_err(|error| unreadable(name, &error))?;
        Ok(all.iter().filter_map(|(name, value)| Some((name.clone(), attribute(value)?))).collect())
    }

    /// One attribute of the array `name`.
    ///
    /// # Errors
    /// [`Hdf5Error::Missing`] where there is no such array, [`Hdf5Error::Unreadable`].
    pub fn attribute_of(&self, name: &str, key: &str) -> Result<Option<Attribute>, Hdf5Error> {
        let attributes = self.dataset(name)?.attrs().map_err(|error| unreadable(name, &error))?;
        Ok(attributes.get(key).and_then(attribute))
    }

    /// Names of the arrays directly in `group` (`/` for the root), sorted.
    ///
    /// # Errors
    /// [`Hdf5Error::Unreadable`].
    pub fn names(&self, group: &str) -> Result<Vec<String>, Hdf5Error> {
        let error = |error: &dyn fmt::Display| unreadable(group, error);
        let group = if group == "/" { self.file.root() } else { self.file.group(group).map_err(|e| error(&e))? };
        let mut names = group.datasets().map_err(|e| error(&e))?;
        names.sort_unstable();
        Ok(names)
    }

    /// Whether there is an array `name` directly in the root.
    ///
    /// # Errors
    /// As [`Hdf5File::names`].
    pub fn has(&self, name: &str) -> Result<bool, Hdf5Error> {
        Ok(self.names("/")?.iter().any(|present| present == name))
    }

    /// The shape of the array `name`.
    ///
    /// # Errors
    /// [`Hdf5Error::Missing`], [`Hdf5Error::Unreadable`].
    pub fn shape(&self, name: &str) -> Result<Vec<u64>, Hdf5Error> {
        self.dataset(name)?.shape().map_err(|error| unreadable(name, &error))
    }

    /// What kind of elements the array `name` has, and what they are in the file's words.
    ///
    /// # Errors
    /// [`Hdf5Error::Missing`], [`Hdf5Error::Unreadable`].
    pub fn kind(&self, name: &str) -> Result<(Option<Kind>, String), Hdf5Error> {
        let dtype = self.dataset(name)?.dtype().map_err(|error| unreadable(name, &error))?;
        let kind = match dtype {
            DType::F32 | DType::F64 => Some(Kind::Float),
            DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 | DType::U64 => {
                Some(Kind::Integer)
            }
            DType::String | DType::VariableLengthString => Some(Kind::Text),
            _ => None,
        };
        Ok((kind, dtype.to_string()))
    }

    /// What the numbers of the array `name` are stored as.
    ///
    /// # Errors
    /// [`Hdf5Error::Missing`], [`Hdf5Error::Unreadable`], [`Hdf5Error::WrongType`] where they are no numbers.
    pub fn stored(&self, name: &str) -> Result<Stored, Hdf5Error> {
        let dtype = self.dataset(name)?.dtype().map_err(|error| unreadable(name, &error))?;
        match (self.kind(name)?, dtype) {
            ((Some(Kind::Integer), _), _) => Ok(Stored::Integer),
            (_, DType::F32) => Ok(Stored::Float32),
            (_, DType::F64) => Ok(Stored::Float64),
            ((_, found), _) => Err(Hdf5Error::WrongType { name: name.to_owned(), found, expected: "numbers" }),
        }
    }

    /// Looks whether an array could be read, as far as sizes and headers tell.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn can_read(&self, name: &str, kind: Kind) -> Result<(), Hdf5Error> {
        let width = match kind {
            Kind::Float => 4,
            Kind::Integer => 8,
            Kind::Text => size_of::<String>() as u64,
        };
        self.checked(name, kind, width).map(drop)
    }

    /// The rows of a floating-point array, in their order, some at a time, as `f32`; what exceeds its range becomes infinite.
    /// It ends early where `each` gives `false`.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn f32_rows(&self, name: &str, mut each: impl FnMut(&[f32]) -> bool) -> Result<(), Hdf5Error> {
        /// Values to read at a time.
        const AT_ONCE: u64 = 1 << 20;
        let dataset = self.checked(name, Kind::Float, 4)?;
        let error = |error: hdf5::Error| unreadable(name, &error);
        let shape = dataset.shape().map_err(error)?;
        let rows = shape.first().copied().unwrap_or(0);
        let width = shape.iter().skip(1).product::<u64>().max(1);
        // Whole chunks, so that none is unpacked twice.
        let chunk = dataset.chunk_shape().map_err(error)?.and_then(|shape| shape.first().copied()).unwrap_or(1).max(1);
        let at_once = (AT_ONCE / width).max(1).next_multiple_of(chunk);
        let is_double = matches!(dataset.dtype(), Ok(DType::F64));
        let mut start = 0;
        while start < rows {
            let values = if is_double {
                // Told to give f32, the reader would convert as well; this way it is certain how.
                let values = dataset.read_f64_rows(start, at_once).map_err(error)?;
                values.into_iter().map(|value| value as f32).collect()
            } else {
                dataset.read_f32_rows(start, at_once).map_err(error)?
            };
            if !each(&values) {
                return Ok(());
            }
            start = start.saturating_add(at_once);
        }
        Ok(())
    }

    /// All values of a floating-point array, in row-major order, as `f64`.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn f64s(&self, name: &str) -> Result<Vec<f64>, Hdf5Error> {
        let dataset = self.checked(name, Kind::Float, 8)?;
        dataset.read_f64().map_err(|error| unreadable(name, &error))
    }

    /// All values of a floating-point array, in row-major order, as `f32`; what exceeds its range becomes infinite.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn f32s(&self, name: &str) -> Result<Vec<f32>, Hdf5Error> {
        let dataset = self.checked(name, Kind::Float, 4)?;
        if matches!(dataset.dtype(), Ok(DType::F64)) {
            // Told to give f32, the reader would convert as well; this way it is certain how.
            return Ok(self.f64s(name)?.into_iter().map(|value| value as f32).collect());
        }
        dataset.read_f32().map_err(|error| unreadable(name, &error))
    }

    /// All values of an integer array, in row-major order.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn integers(&self, name: &str) -> Result<Vec<i64>, Hdf5Error> {
        let dataset = self.checked(name, Kind::Integer, 8)?;
        dataset.read_i64().map_err(|error| unreadable(name, &error))
    }

    /// All texts of an array.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Hdf5Error> {
        let dataset = self.checked(name, Kind::Text, size_of::<String>() as u64)?;
        let result = if matches!(dataset.dtype(), Ok(DType::VariableLengthString)) {
            // Each text is stored once: together they are no longer than the file.
            let payload = usize::try_from(self.size.saturating_mul(COMPRESSION).min(self.memory)).unwrap_or(usize::MAX);
            dataset.read_vlen_strings(VlenStringReadOptions::new().with_max_payload_bytes(payload))
        } else {
            dataset.read_string()
        };
        result.map_err(|error| unreadable(name, &error))
    }

    fn dataset(&self, name: &str) -> Result<hdf5::Dataset, Hdf5Error> {
        self.file.dataset(name).map_err(|error| {
            let present = match self.names("/") {
                Ok(present) => present,
                Err(damaged) => return damaged,
            };
            if present.iter().any(|other| other == name) {
                return unreadable(name, &error);
            }
            let present = if present.is_empty() { "no arrays".into() } else { present.join(", ") };
            Hdf5Error::Missing { name: name.to_owned(), present }
        })
    }

    /// The array, if its elements are of that kind and reading it as elements of `width` bytes stays within bounds.
    fn checked(&self, name: &str, kind: Kind, width: u64) -> Result<hdf5::Dataset, Hdf5Error> {
        let dataset = self.dataset(name)?;
        let (found, words) = self.kind(name)?;
        if found != Some(kind) {
            let expected = match kind {
                Kind::Float => "f32 or f64 (other numbers cannot be read as vectors or distances yet)",
                Kind::Integer => "integers",
                Kind::Text => "text",
            };
            return Err(Hdf5Error::WrongType { name: name.to_owned(), found: words, expected });
        }
        let error = |error: hdf5::Error| unreadable(name, &error);
        let stored_width = dataset.element_size().map_err(error)?;
        let product = |shape: &[u64]| shape.iter().fold(1_u128, |product, &n| product.saturating_mul(u128::from(n)));
        let elements = product(&dataset.shape().map_err(error)?);
        let chunk = dataset.chunk_shape().map_err(error)?.map_or(0, |shape| product(&shape));
        // A chunk at the border is stored whole: the elements may round up to whole chunks, and one chunk is held besides.
        let claimed = elements.max(chunk).saturating_mul(u128::from(stored_width));
        let ratio = if dataset.filters().is_empty() { 1 } else { COMPRESSION };
        if claimed > u128::from(self.size) * u128::from(ratio) {
            return Err(Hdf5Error::LargerThanFile { name: name.to_owned(), claimed, file: self.size });
        }
        let needed = elements.saturating_mul(u128::from(width.max(stored_width))).max(claimed);
        if needed > u128::from(self.memory) {
            return Err(Hdf5Error::LargerThanMemory { name: name.to_owned(), needed, limit: self.memory });
        }
        complete(name, &dataset, self.size)?;
        Ok(dataset)
    }
}

/// That all of the array is in the file, which has `size` bytes. HDF5 allows an array to be stored in part and gives zeros
/// for the rest, but then its shape was damaged, or whoever wrote it did not come to the end.
fn complete(name: &str, dataset: &hdf5::Dataset, size: u64) -> Result<(), Hdf5Error> {
    let error = |error: hdf5::Error| unreadable(name, &error);
    let shape = dataset.shape().map_err(error)?;
    let (found, expected) = match dataset.layout().map_err(error)? {
        Layout::Contiguous { address, .. } if !shape.contains(&0) => (u128::from(address.is_some()), 1),
        Layout::Chunked { chunk_shape, .. } => {
            if chunk_shape.contains(&0) {
                return Err(unreadable(name, &"its chunks hold nothing"));
            }
            let across = shape.iter().zip(&chunk_shape).map(|(n, chunk)| u128::from(n.div_ceil(*chunk)));
            let expected = across.fold(1, u128::saturating_mul);
            let chunks = dataset.chunks().map_err(error)?;
            // The reader makes room for as many bytes as a chunk is said to have before it looks for them.
            let outside = |chunk: &&Chunk| chunk.address.saturating_add(chunk.storage_size) > size;
            if let Some(chunk) = chunks.iter().find(outside) {
                let Chunk { address, storage_size, .. } = chunk;
                let what =
                    format!("a block of {storage_size} bytes at {address} is not in the file of {size}: it is damaged");
                return Err(unreadable(name, &what));
            }
            let mut offsets: Vec<_> = chunks.into_iter().map(|chunk| chunk.offset).collect();
            offsets.retain(|offset| offset.iter().zip(&shape).all(|(at, n)| at < n));
            offsets.sort_unstable();
            offsets.dedup();
            (offsets.len() as u128, expected)
        }
        _ => return Ok(()),
    };
    if found < expected {
        return Err(Hdf5Error::Incomplete { name: name.to_owned(), found, expected });
    }
    Ok(())
}

fn unreadable(name: &str, reason: &dyn fmt::Display) -> Hdf5Error {
    Hdf5Error::Unreadable { name: name.to_owned(), reason: reason.to_string() }
}

/// Values of an array to be written.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
    /// 32-bit integers.
    I32(&'a [i32]),
    /// 64-bit integers.
    I64(&'a [i64]),
    /// 8-bit integers.
    I8(&'a [i8]),
    /// Text of variable length.
    Text(&'a [&'a str]),
}

/// A file to be written: equal content gives equal bytes.
#[derive(Default)]
pub struct Hdf5Writer<'a> {
    attributes: Vec<(String, AttrValue)>,
    arrays: Vec<Array<'a>>,
}

impl<'a> Hdf5Writer<'a> {
    /// An empty file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a text attribute of the root.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.attributes.push((name.into(), AttrValue::VarLenString(value.into())));
        self
    }

    /// Sets an integer attribute of the root.
    pub fn integer(&mut self, name: &str, value: i64) -> &mut Self {
        self.attributes.push((name.into(), AttrValue::I64(value)));
        self
    }

    /// Sets a floating-point attribute of the root.
    pub fn float(&mut self, name: &str, value: f64) -> &mut Self {
        self.attributes.push((name.into(), AttrValue::F64(value)));
        self
    }

    /// Sets a boolean attribute of the root, as 0 or 1: readers ask only whether it is true.
    pub fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        self.attributes.push((name.into(), AttrValue::U8(u8::from(value))));
        self
    }

    /// Adds an array to the root, or with a name of the form `group/name` to that group.
    pub fn array(&mut self, name: &str, shape: &[usize], values: Values<'a>) -> &mut Self {
        let (group, name) = name.rsplit_once('/').unwrap_or(("", name));
        let shape = shape.iter().map(|&n| n as u64).collect();
        self.arrays.push((group.into(), name.into(), shape, values, Vec::new()));
        self
    }

    /// Sets a text attribute of the array added last.
    pub fn array_text(&mut self, key: &str, value: &str) -> &mut Self {
        if let Some((.., attributes)) = self.arrays.last_mut() {
            attributes.push((key.into(), AttrValue::VarLenString(value.into())));
        }
        self
    }

    /// Writes the file beside its place and renames it, so that under its name it is whole or not there.
    ///
    /// # Errors
    /// [`Hdf5Error::Io`].
    pub fn write(&self, path: &Path) -> Result<(), Hdf5Error> {
        let io = |source| Hdf5Error::Io { path: path.to_owned(), source };
        let bytes = self.bytes().map_err(|error| io(std::io::Error::other(error.to_string())))?;
        write_whole(path, &bytes).map_err(io)
    }

    fn bytes(&self) -> Result<Vec<u8>, hdf5::Error> {
        let mut file = FileBuilder::new();
        for (name, value) in &self.attributes {
            file.set_attr(name, value.clone());
        }
        let mut groups: Vec<&str> = self.arrays.iter().map(|(group, ..)| group.as_str()).collect();
        groups.sort_unstable();
        groups.dedup();
        for group in groups {
            let arrays = self.arrays.iter().filter(|(of, ..)| of == group);
            if group.is_empty() {
                arrays.for_each(|array| fill(file.create_dataset(&array.1), array));
            } else {
                let mut builder = file.create_group(group);
                arrays.for_each(|array| fill(builder.create_dataset(&array.1), array));
                file.add_group(builder.finish());
            }
        }
        file.finish()
    }
}

type Array<'a> = (String, String, Vec<u64>, Values<'a>, Vec<(String, AttrValue)>);

fn fill(dataset: &mut hdf5::DatasetBuilder, (_, _, shape, values, attributes): &Array<'_>) {
    match values {
        Values::F32(values) => dataset.with_f32_data(values),
        Values::F64(values) => dataset.with_f64_data(values),
        Values::I32(values) => dataset.with_i32_data(values),
        Values::I64(values) => dataset.with_i64_data(values),
        Values::I8(values) => dataset.with_i8_data(values),
        Values::Text(values) => dataset.with_vlen_strings(values),
    };
    dataset.with_shape(shape);
    // Small arrays gain nothing from compression, and texts of variable length cannot have it.
    if shape.iter().product::<u64>() >= 4096 && !matches!(values, Values::Text(_)) {
        let mut chunk = shape.clone();
        let row: u64 = shape[1..].iter().product();
        chunk[0] = (65_536 / row.max(1)).clamp(1, shape[0]);
        dataset.with_chunks(&chunk).with_shuffle().with_deflate(4);
    }
    for (key, value) in attributes {
        dataset.set_attr(key, value.clone());
    }
}
