//! HDF5 files, read within bounds and written whole. The one module that knows the HDF5 crates.
//!
//! A file may be corrupted or made to mislead: before anything is read, the size that its header claims is compared with
//! the size of the file and with a budget of memory, so that a wrong shape cannot lead to a huge allocation.

mod blocks;
mod filters;
mod heap;
mod links;
mod messages;
mod number;
mod write;

pub use write::{Hdf5Writer, Values};

use crate::bounded;
use crate::dataset::Stored;
use blocks::Blocks;
use hdf5::messages::attribute::AttributeMessage;
use hdf5::messages::link::LinkTarget;
use hdf5::storage::FileStorage;
use hdf5::{Dataset, Datatype, OpenOptions, StringPadding, StringSize, VarLenKind};
use heap::Heap;
use number::Number;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Bytes that one array may take in memory, unless the caller says otherwise: 16 GiB.
pub const MEMORY: u64 = 16 << 30;

/// Bytes that may stand behind a file's own, though nobody reads them: it would take long to hash very many.
const BEHIND: u64 = 64 << 20;

/// Names that a message lists.
const LISTED: usize = 12;

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
    /// Cut short or damaged, and not closed by the program that wrote it.
    #[error("{path}: {reason}; the program that wrote it did not close it; if it has ended, `h5clear -s FILE` and then `h5repack` may save it", path = path.display())]
    NotClosed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An object that is not read for what it is.
    #[error("`{name}`: {what}; expected {remedy}")]
    NotRead {
        /// Its path in the file.
        name: String,
        /// What it is.
        what: String,
        /// What would be right.
        remedy: String,
    },
    /// A number of another kind than wanted.
    #[error("`{name}`, value {at}: it is {found}; expected a whole number below 2^63")]
    NotWhole {
        /// Its path in the file.
        name: String,
        /// Which of its values, in row-major order.
        at: usize,
        /// The value.
        found: String,
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

/// A single text or number; `None` of anything else.
fn attribute(found: &AttributeMessage, heap: &mut Heap<'_>) -> Option<Attribute> {
    if found.dataspace.num_elements().ok()? != 1 {
        return None;
    }
    match &found.datatype {
        Datatype::String { size: StringSize::Fixed(_), padding, .. } => {
            Some(Attribute::Text(as_text(&found.raw_data, *padding)))
        }
        Datatype::String { padding, .. } | Datatype::VarLen { kind: VarLenKind::String, padding, .. } => {
            Some(Attribute::Text(as_text(&heap.bytes(&found.raw_data).ok()?, *padding)))
        }
        datatype => {
            let number = Number::plain(datatype).filter(|number| number.bytes() == found.raw_data.len())?;
            match number.stored() {
                Stored::Integer => number.integers(&found.raw_data).ok()?.first().copied().map(Attribute::Integer),
                _ => number.f64s(&found.raw_data).first().copied().map(Attribute::Float),
            }
        }
    }
}

/// An open file.
pub struct Hdf5File {
    file: hdf5::Hdf5File,
    path: PathBuf,
    size: u64,
    memory: u64,
    /// What stands in the root, once it was looked for.
    root: OnceLock<Vec<Link>>,
}

/// A name, and what it is a link to.
type Link = (String, LinkTarget);

/// What an array is wanted to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers of any type.
    Number,
    /// Whole numbers, whatever type they are stored as.
    Integer,
    /// Text of any form.
    Text,
}

impl Hdf5File {
    /// Opens a file; no array of it may take more than `memory` bytes.
    ///
    /// # Errors
    /// [`Hdf5Error::Io`], [`Hdf5Error::NotHdf5`], [`Hdf5Error::CutShort`] and [`Hdf5Error::NotClosed`].
    pub fn open(path: &Path, memory: u64) -> Result<Self, Hdf5Error> {
        let io = |source| Hdf5Error::Io { path: path.to_owned(), source };
        let not_hdf5 =
            |reason: &dyn fmt::Display| Hdf5Error::NotHdf5 { path: path.to_owned(), reason: reason.to_string() };
        let (file, size) = bounded::open(path).map_err(io)?;
        if size == 0 {
            return Err(not_hdf5(&"it is empty"));
        }
        // Read piece by piece and not mapped: a mapped file that somebody cuts ends the process.
        let storage = Arc::new(FileStorage::from_file(file).map_err(|error| not_hdf5(&error))?);
        // Every chunk is read once, so none need be kept.
        let options = OpenOptions {
            chunk_cache_bytes: 0,
            max_chunk_bytes: usize::try_from(memory).unwrap_or(usize::MAX),
            max_read_bytes: usize::try_from(memory).unwrap_or(usize::MAX),
            max_object_header_bytes: 16 << 20,
            ..OpenOptions::default()
        };
        let file = hdf5::Hdf5File::from_storage_with_options(storage, options).map_err(|error| not_hdf5(&error))?;
        let this = Self { file, path: path.to_owned(), size, memory, root: OnceLock::new() };
        let superblock = this.file.superblock();
        let (address, length) = (superblock.offset_size, superblock.length_size);
        if superblock.version < 2 && address != length {
            // The reader takes one for the other there.
            return Err(Hdf5Error::NotRead {
                name: "/".into(),
                what: format!(
                    "the file has addresses of {address} bytes and lengths of {length}, in HDF5's oldest form"
                ),
                remedy: "both of 8 bytes, as h5py writes them".into(),
            });
        }
        let stated = superblock.eof_address.max(superblock.base_address);
        if this.size / 2 > stated.saturating_add(BEHIND) && !this.is_left_open() {
            return Err(Hdf5Error::NotRead {
                name: "/".into(),
                what: format!("the file has {} bytes, and says that it has {stated}", this.size),
                remedy: "a file with little or nothing behind its end".into(),
            });
        }
        if this.size < stated {
            let size = this.size;
            let cut = Hdf5Error::CutShort { path: path.to_owned(), size, stated };
            let reason = || format!("it has {size} of its {stated} bytes");
            return Err(if this.is_left_open() { this.not_closed(reason()) } else { cut });
        }
        Ok(this)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the program that wrote it has not closed it: it is writing still, or was killed.
    pub fn is_left_open(&self) -> bool {
        let superblock = self.file.superblock();
        superblock.version >= 3 && superblock.consistency_flags & 1 == 1
    }

    fn not_closed(&self, reason: String) -> Hdf5Error {
        Hdf5Error::NotClosed { path: self.path.clone(), reason }
    }

    /// The reader's refusal, without the places that it went through.
    fn refused(&self, name: &str, error: &hdf5::error::Error) -> Hdf5Error {
        match error {
            hdf5::error::Error::Context { source, .. } => self.refused(name, source),
            error => self.unreadable(name, error),
        }
    }

    fn unreadable(&self, name: &str, reason: &dyn fmt::Display) -> Hdf5Error {
        if self.is_left_open() {
            return self.not_closed(format!("`{name}` cannot be read ({reason})"));
        }
        Hdf5Error::Unreadable { name: name.to_owned(), reason: reason.to_string() }
    }

    /// The root's attributes that are a single text or number.
    ///
    /// # Errors
    /// [`Hdf5Error::Unreadable`].
    pub fn attributes(&self) -> Result<HashMap<String, Attribute>, Hdf5Error> {
        self.attributes_of_group("/")
    }

    /// Names of the groups in the root, sorted.
    ///
    /// # Errors
    /// [`Hdf5Error::Unreadable`].
    pub fn groups(&self) -> Result<Vec<String>, Hdf5Error> {
        let mut names = self.names("/")?;
        names.retain(|name| self.file.group(name).is_ok());
        Ok(names)
    }

    /// The attributes of a group that are a single text or number.
    ///
    /// # Errors
    /// [`Hdf5Error::Unreadable`].
    pub fn attributes_of_group(&self, name: &str) -> Result<HashMap<String, Attribute>, Hdf5Error> {
        let group = self.file.group(name).and_then(|group| self.attributes_at(group.address()));
        let all = group.map_err(|error| self.refused(name, &error))?;
        let mut heap = Heap::new(&self.file);
        Ok(all.iter().filter_map(|found| Some((found.name.clone(), attribute(found, &mut heap)?))).collect())
    }

    /// One attribute of the array `name`.
    ///
    /// # Errors
    /// [`Hdf5Error::Missing`] where there is no such array, [`Hdf5Error::Unreadable`].
    pub fn attribute_of(&self, name: &str, key: &str) -> Result<Option<Attribute>, Hdf5Error> {
        let attributes = self.attributes_at(self.dataset(name)?.address());
        let attributes = attributes.map_err(|error| self.refused(name, &error))?;
        let found = attributes.iter().find(|found| found.name == key);
        Ok(found.and_then(|found| attribute(found, &mut Heap::new(&self.file))))
    }

    /// The attributes of the object at an address, as they are stored.
    fn attributes_at(&self, address: u64) -> hdf5::error::Result<Vec<AttributeMessage>> {
        links::attributes(&self.file, address)
    }

    /// Names of what is directly in `group` (`/` for the root), sorted: arrays, groups and links.
    ///
    /// # Errors
    /// [`Hdf5Error::Unreadable`].
    pub fn names(&self, group: &str) -> Result<Vec<String>, Hdf5Error> {
        let mut names: Vec<String> = self.links(group)?.iter().map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// What stands in a group.
    fn links(&self, group: &str) -> Result<Cow<'_, [Link]>, Hdf5Error> {
        if let (Some(root), "/") = (self.root.get(), group) {
            return Ok(root.into());
        }
        let links = self.file.group(group).and_then(|group| links::links(&self.file, &group));
        let links = links.map_err(|error| self.refused(group, &error))?;
        Ok(if group == "/" { self.root.get_or_init(|| links).into() } else { links.into() })
    }

    /// Whether there is something of the name `name` directly in the root, be it a link that leads nowhere.
    pub fn has(&self, name: &str) -> bool {
        let absent = self.file.dataset(name).is_err_and(|error| is_absent(&error));
        // A link that leads nowhere is not found either. Of very many members the reader finds each, but cannot list all.
        !absent || self.links("/").is_ok_and(|links| links.iter().any(|(present, _)| present == name))
    }

    /// The shape of the array `name`.
    ///
    /// # Errors
    /// [`Hdf5Error::Missing`], [`Hdf5Error::NotRead`], [`Hdf5Error::Unreadable`].
    pub fn shape(&self, name: &str) -> Result<Vec<u64>, Hdf5Error> {
        Ok(self.dataset(name)?.shape().to_vec())
    }

    /// What the numbers of the array `name` are stored as.
    ///
    /// # Errors
    /// [`Hdf5Error::Missing`], [`Hdf5Error::Unreadable`], [`Hdf5Error::WrongType`] where they are no numbers.
    pub fn stored(&self, name: &str) -> Result<Stored, Hdf5Error> {
        self.number(name, &self.dataset(name)?, Kind::Number).map(Number::stored)
    }

    /// Looks whether an array could be read, as far as sizes and headers tell.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn can_read(&self, name: &str, kind: Kind) -> Result<(), Hdf5Error> {
        match kind {
            Kind::Number => self.numbers(name, kind, 4).map(drop),
            Kind::Integer => self.numbers(name, kind, 8).map(drop),
            Kind::Text => self.text_blocks(name).map(drop),
        }
    }

    /// The rows of an array of numbers, in their order, some at a time, as `f32`; what exceeds its range becomes infinite.
    /// It ends early where `each` gives `false`.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn f32_rows(&self, name: &str, mut each: impl FnMut(&[f32]) -> bool) -> Result<(), Hdf5Error> {
        /// Values to read at a time.
        const AT_ONCE: u64 = 1 << 20;
        let (blocks, number) = self.numbers(name, Kind::Number, 4)?;
        // Whole chunks, so that none is unpacked twice.
        let at_once = (AT_ONCE / blocks.width().max(1)).max(1).next_multiple_of(blocks.rows_together());
        let (mut start, mut values) = (0, Vec::new());
        while start < blocks.rows() {
            values.clear();
            number.f32s(&blocks.read(start, at_once)?, &mut values);
            if !each(&values) {
                return Ok(());
            }
            start = start.saturating_add(at_once);
        }
        Ok(())
    }

    /// All values of an array of numbers, in row-major order, as `f64`.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn f64s(&self, name: &str) -> Result<Vec<f64>, Hdf5Error> {
        let (blocks, number) = self.numbers(name, Kind::Number, 8)?;
        Ok(number.f64s(&blocks.read(0, u64::MAX)?))
    }

    /// All values of an array of numbers, in row-major order, as `f32`; what exceeds its range becomes infinite.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn f32s(&self, name: &str) -> Result<Vec<f32>, Hdf5Error> {
        let mut values = Vec::new();
        self.f32_rows(name, |rows| {
            values.extend_from_slice(rows);
            true
        })?;
        Ok(values)
    }

    /// All values of an array of whole numbers, in row-major order; they may be stored as floating-point numbers.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn integers(&self, name: &str) -> Result<Vec<i64>, Hdf5Error> {
        let (blocks, number) = self.numbers(name, Kind::Integer, 8)?;
        let whole = number.integers(&blocks.read(0, u64::MAX)?);
        whole.map_err(|(at, found)| Hdf5Error::NotWhole { name: name.to_owned(), at, found })
    }

    /// All texts of an array; what is no UTF-8 in them is replaced by U+FFFD.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Hdf5Error> {
        let (blocks, text) = self.text_blocks(name)?;
        let bytes = blocks.read(0, u64::MAX)?;
        match text {
            Text::Fixed(length, padding) => Ok(bytes.chunks_exact(length).map(|text| as_text(text, padding)).collect()),
            Text::Variable(padding) => {
                let mut heap = Heap::new(&self.file);
                let references = bytes.chunks_exact(heap.reference_size());
                let needed: u64 = references.clone().map(Heap::length).fold(0, u64::saturating_add);
                if needed > self.size {
                    return Err(Hdf5Error::NotRead {
                        name: name.to_owned(),
                        what: format!("its texts are {needed} bytes together, more than the file of {}", self.size),
                        remedy: "each text in a place of its own, as h5py writes them".into(),
                    });
                }
                let texts = references.map(|reference| Ok(as_text(&heap.bytes(reference)?, padding)));
                texts.collect::<Result<_, String>>().map_err(|error| self.unreadable(name, &error))
            }
        }
    }

    /// Finds an array, following links within the file.
    fn dataset(&self, name: &str) -> Result<Dataset, Hdf5Error> {
        self.file.dataset(name).map_err(|error| self.why_not(name, &error))
    }

    /// Why the reader did not give the array `name`.
    fn why_not(&self, name: &str, error: &hdf5::error::Error) -> Hdf5Error {
        let (group, own) = name.rsplit_once('/').unwrap_or(("/", name));
        let links = match self.links(group) {
            Ok(links) => links,
            Err(_) if is_absent(error) => {
                let (name, present) = (name.to_owned(), "more than can be listed".into());
                return Hdf5Error::Missing { name, present };
            }
            Err(damaged) => return damaged,
        };
        let not_read =
            |what: String, remedy: &str| Hdf5Error::NotRead { name: name.to_owned(), what, remedy: remedy.into() };
        match links.iter().find(|(present, _)| present == own) {
            Some((_, LinkTarget::Soft { path })) => {
                not_read(format!("it is a link to {path}, which leads to nothing in the file"), "the array itself")
            }
            Some((_, LinkTarget::External { filename, path })) => {
                let what = format!("it is a link to {path} in another file, {filename}; such links are not followed");
                not_read(
                    what,
                    &format!("the array itself: `h5copy -f ext -i OLD -o NEW -s /{name} -d /{name}` copies it"),
                )
            }
            Some((_, LinkTarget::Hard { .. })) if is_virtual(error) => {
                let what = "it is a virtual dataset: its values are in other files or arrays".to_owned();
                not_read(what, "a file that holds its values itself: read it with h5py and write it anew")
            }
            Some((_, LinkTarget::Hard { .. })) if self.file.group(name).is_ok() => {
                not_read("it is a group".into(), "an array")
            }
            Some((_, LinkTarget::Hard { .. })) => self.refused(name, error),
            None => {
                let mut present: Vec<&str> = links.iter().map(|(name, _)| name.as_str()).collect();
                present.sort_unstable();
                let more = present.len().saturating_sub(LISTED);
                present.truncate(LISTED);
                let mut listed = if present.is_empty() { "no arrays".into() } else { present.join(", ") };
                if more > 0 {
                    listed = format!("{listed} and {more} more");
                }
                Hdf5Error::Missing { name: name.to_owned(), present: listed }
            }
        }
    }

    /// How the numbers of an array are stored.
    fn number(&self, name: &str, dataset: &Dataset, kind: Kind) -> Result<Number, Hdf5Error> {
        let message = dataset.raw_datatype().map_err(|error| self.refused(name, &error))?;
        let expected = if kind == Kind::Integer { "whole numbers" } else { "numbers" };
        Number::of(&message).map_err(|found| Hdf5Error::WrongType { name: name.to_owned(), found, expected })
    }

    /// An array of numbers that become `width` bytes each.
    fn numbers<'a>(&'a self, name: &'a str, kind: Kind, width: u64) -> Result<(Blocks<'a>, Number), Hdf5Error> {
        let dataset = self.dataset(name)?;
        let number = self.number(name, &dataset, kind)?;
        Ok((Blocks::find(self, name, &dataset, number.bytes(), width)?, number))
    }

    /// An array of texts.
    fn text_blocks<'a>(&'a self, name: &'a str) -> Result<(Blocks<'a>, Text), Hdf5Error> {
        let dataset = self.dataset(name)?;
        let text = match dataset.dtype() {
            Datatype::String { size: StringSize::Fixed(length), padding, .. } if *length > 0 => {
                Text::Fixed(*length as usize, *padding)
            }
            Datatype::String { size: StringSize::Variable, padding, .. }
            | Datatype::VarLen { kind: VarLenKind::String, padding, .. } => Text::Variable(*padding),
            _ => {
                let message = dataset.raw_datatype().map_err(|error| self.refused(name, &error))?;
                let found = number::words(&message);
                return Err(Hdf5Error::WrongType { name: name.to_owned(), found, expected: "text" });
            }
        };
        let element = match text {
            Text::Fixed(length, _) => length,
            Text::Variable(_) => Heap::new(&self.file).reference_size(),
        };
        let blocks = Blocks::find(self, name, &dataset, element, size_of::<String>() as u64)?;
        Ok((blocks, text))
    }
}

/// How the texts of an array are stored.
#[derive(Clone, Copy)]
enum Text {
    /// So many bytes each.
    Fixed(usize, StringPadding),
    /// References to where they are.
    Variable(StringPadding),
}

fn as_text(bytes: &[u8], padding: StringPadding) -> String {
    let bytes = match padding {
        StringPadding::SpacePad => bytes.trim_ascii_end(),
        StringPadding::NullTerminate | StringPadding::NullPad => {
            bytes.split(|&byte| byte == 0).next().unwrap_or_default()
        }
    };
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_absent(error: &hdf5::error::Error) -> bool {
    use hdf5::error::Error::{Context, DatasetNotFound, GroupNotFound};
    match error {
        Context { source, .. } => is_absent(source),
        DatasetNotFound(_) | GroupNotFound(_) => true,
        _ => false,
    }
}

fn is_virtual(error: &hdf5::error::Error) -> bool {
    match error {
        hdf5::error::Error::Context { source, .. } => is_virtual(source),
        // Layout class 3, which no array has that holds its values itself.
        hdf5::error::Error::UnsupportedLayoutClass(class) => *class == 3,
        _ => false,
    }
}
