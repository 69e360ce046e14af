//! HDF5 files, read within bounds and written whole. The only module that uses the HDF5 crates.
//!
//! A file may be damaged or hostile. Before an array is read, the size that its header claims is compared with the size of
//! the file and with a budget of memory, so that a wrong shape cannot cause a huge allocation. Of an array that is
//! read some rows at a time, only these need memory here.

mod attribute;
mod blocks;
mod error;
mod filters;
mod heap;
mod links;
mod messages;
mod number;
mod write;

pub use attribute::Attribute;
pub use error::Hdf5Error;
pub use write::{Hdf5Writer, Values};

use crate::bounded;
use crate::dataset::Stored;
use crate::number::{NotWhole, NumberForm, NumberType};
use attribute::attribute;
use blocks::{Blocks, Reading, ValueBytes};
use hdf5::messages::attribute::AttributeMessage;
use hdf5::messages::link::LinkTarget;
use hdf5::storage::FileStorage;
use hdf5::{Dataset, Datatype, OpenOptions, StringPadding, StringSize, VarLenKind};
use heap::Heap;
use links::Member;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The usual limit on the bytes that one array may take in memory: 16 GiB.
pub const MEMORY: u64 = 16 << 30;

/// At most this many unused bytes may follow a file's end: very many would take long to hash.
const BEHIND: u64 = 64 << 20;

/// At most this many names are listed in a message.
const LISTED: usize = 12;

/// What to do about an array whose values are elsewhere.
const REWRITTEN: &str = "a file that holds its values itself: read it with h5py and write it again";

/// An open file.
pub struct Hdf5File {
    file: hdf5::Hdf5File,
    path: PathBuf,
    size: u64,
    /// Bytes that one array may take in memory.
    memory: u64,
    /// The same of an array that is read some rows at a time, wherever they are put.
    by_rows: u64,
    /// The root's members, once they are known.
    root: OnceLock<Vec<Member>>,
}

/// The kind of elements that a caller expects of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementKind {
    /// Numbers of any type.
    Number,
    /// Whole numbers, stored as any type of number.
    Integer,
    /// Whole numbers of at most 32 bits, of which few are held at a time before they take their final form.
    Member,
    /// 0 and 1, stored as any type of number or as h5py's booleans.
    Bit,
    /// Texts of fixed or variable length.
    Text,
}

impl ElementKind {
    /// Bytes that a value takes in memory at least.
    fn width(self) -> u64 {
        match self {
            Self::Number | Self::Member => 4,
            Self::Integer => 8,
            Self::Bit => 1,
            Self::Text => size_of::<String>() as u64,
        }
    }
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
        // Read and not mapped: if someone truncates a mapped file, the process is killed.
        let storage = Arc::new(FileStorage::from_file(file).map_err(|error| not_hdf5(&error))?);
        // Every chunk is read once, so none is cached.
        let options = OpenOptions {
            chunk_cache_bytes: 0,
            max_chunk_bytes: usize::try_from(memory).unwrap_or(usize::MAX),
            max_read_bytes: usize::try_from(memory).unwrap_or(usize::MAX),
            max_object_header_bytes: 16 << 20,
            ..OpenOptions::default()
        };
        let file = hdf5::Hdf5File::from_storage_with_options(storage, options).map_err(|error| not_hdf5(&error))?;
        let this = Self { file, path: path.to_owned(), size, memory, by_rows: memory, root: OnceLock::new() };
        let superblock = this.file.superblock();
        let (address, length) = (superblock.offset_size, superblock.length_size);
        if superblock.version < 2 && address != length {
            // There the HDF5 crate mixes up the two.
            return Err(Hdf5Error::NotRead {
                name: "/".into(),
                what: format!(
                    "the file has addresses of {address} bytes and lengths of {length}, in HDF5's oldest version"
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

    /// Arrays that are read some rows at a time may have so many bytes; of them only these rows need memory.
    #[must_use]
    pub fn with_rows_up_to(self, bytes: u64) -> Self {
        Self { by_rows: bytes, ..self }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the program that wrote it has not closed it: it still writes, or was killed.
    pub fn is_left_open(&self) -> bool {
        let superblock = self.file.superblock();
        superblock.version >= 3 && superblock.consistency_flags & 1 == 1
    }

    fn not_closed(&self, reason: String) -> Hdf5Error {
        Hdf5Error::NotClosed { path: self.path.clone(), reason }
    }

    /// The HDF5 crate's error about `name`, without its context.
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
    /// [`Hdf5Error::Missing`] if there is no such array, [`Hdf5Error::Unreadable`].
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

    /// Names of the members of `group` (`/` for the root), sorted: arrays, groups and links.
    ///
    /// # Errors
    /// [`Hdf5Error::Unreadable`].
    pub fn names(&self, group: &str) -> Result<Vec<String>, Hdf5Error> {
        let mut names: Vec<String> = self.members(group)?.iter().map(|member| member.name.clone()).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// The members of a group.
    fn members(&self, group: &str) -> Result<Cow<'_, [Member]>, Hdf5Error> {
        if let (Some(root), "/") = (self.root.get(), group) {
            return Ok(root.into());
        }
        let members = self.file.group(group).and_then(|group| links::members(&self.file, &group));
        let members = members.map_err(|error| self.refused(group, &error))?;
        Ok(if group == "/" { self.root.get_or_init(|| members).into() } else { members.into() })
    }

    /// Whether the root has a member `name`, even if it is a link that leads nowhere.
    pub fn has(&self, name: &str) -> bool {
        let absent = self.file.dataset(name).is_err_and(|error| is_absent(&error));
        // The crate does not find a link that leads nowhere. Of very many members it finds each, but only some are listed.
        !absent || self.members("/").is_ok_and(|members| members.iter().any(|member| member.name == name))
    }

    /// The shape of the array `name`.
    ///
    /// # Errors
    /// [`Hdf5Error::Missing`], [`Hdf5Error::NotRead`], [`Hdf5Error::Unreadable`].
    pub fn shape(&self, name: &str) -> Result<Vec<u64>, Hdf5Error> {
        Ok(self.dataset(name)?.shape().to_vec())
    }

    /// The type that the numbers of the array `name` are stored as.
    ///
    /// # Errors
    /// [`Hdf5Error::Missing`], [`Hdf5Error::Unreadable`], [`Hdf5Error::WrongType`] if they are not numbers.
    pub fn stored(&self, name: &str) -> Result<Stored, Hdf5Error> {
        self.number(name, &self.dataset(name)?, ElementKind::Number).map(NumberType::stored)
    }

    /// Whether the array `name` holds unsigned numbers of 8 bits.
    ///
    /// # Errors
    /// [`Hdf5Error::Missing`], [`Hdf5Error::Unreadable`].
    pub fn holds_bytes(&self, name: &str) -> Result<bool, Hdf5Error> {
        let number = self.number(name, &self.dataset(name)?, ElementKind::Number);
        Ok(number.is_ok_and(|number| number.form == NumberForm::Unsigned(1)))
    }

    /// Whether `name` is a group.
    pub fn is_group(&self, name: &str) -> bool {
        self.file.group(name).is_ok()
    }

    /// Checks by sizes and headers alone that an array could be read.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn can_read(&self, name: &str, kind: ElementKind) -> Result<(), Hdf5Error> {
        match kind {
            ElementKind::Text => self.text_blocks(name).map(drop),
            kind => self.numbers(name, kind, kind.width(), Reading::Whole).map(drop),
        }
    }

    /// The same for an array of numbers that is read some rows at a time.
    ///
    /// # Errors
    /// As [`Hdf5File::can_read`].
    pub fn can_read_rows(&self, name: &str, kind: ElementKind) -> Result<(), Hdf5Error> {
        self.numbers(name, kind, kind.width(), Reading::Rows).map(drop)
    }

    /// Passes the rows of an array of numbers to `each` in their order, several at a time, as `f32`; a number beyond its range
    /// becomes infinite. Stops as soon as `each` returns `false`.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn f32_rows(&self, name: &str, mut each: impl FnMut(&[f32]) -> bool) -> Result<(), Hdf5Error> {
        let mut values = Vec::new();
        self.number_rows(name, ElementKind::Number, |number, bytes, _| {
            values.clear();
            number.append_f32s(bytes, &mut values);
            Ok(each(&values))
        })
    }

    /// The same for an array of whole numbers of that kind.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn integer_rows(
        &self,
        name: &str,
        kind: ElementKind,
        mut each: impl FnMut(&[i64]) -> bool,
    ) -> Result<(), Hdf5Error> {
        self.number_rows(name, kind, |number, bytes, first| {
            let whole = number.integers(bytes);
            let not_whole =
                |NotWhole { at, found, .. }| Hdf5Error::NotWhole { name: name.to_owned(), at: first + at, found };
            Ok(each(&whole.map_err(not_whole)?))
        })
    }

    /// Passes the bytes of several rows at a time to `each`, with their type and the place of the first value, until it returns
    /// `false`.
    fn number_rows(
        &self,
        name: &str,
        kind: ElementKind,
        mut each: impl FnMut(NumberType, &[u8], usize) -> Result<bool, Hdf5Error>,
    ) -> Result<(), Hdf5Error> {
        let (blocks, number) = self.numbers(name, kind, kind.width(), Reading::Rows)?;
        let at_once = blocks.rows_at_once();
        let mut start = 0;
        while start < blocks.rows() && each(number, &blocks.read(start, at_once)?, (start * blocks.width()) as usize)? {
            start = start.saturating_add(at_once);
        }
        Ok(())
    }

    /// All values of an array of numbers, in row-major order, as `f64`.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn f64s(&self, name: &str) -> Result<Vec<f64>, Hdf5Error> {
        let (blocks, number) = self.numbers(name, ElementKind::Number, 8, Reading::Whole)?;
        Ok(number.f64s(&blocks.read(0, u64::MAX)?))
    }

    /// All values of an array of numbers, in row-major order, as `f32`; a number beyond its range becomes infinite.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn f32s(&self, name: &str) -> Result<Vec<f32>, Hdf5Error> {
        self.can_read(name, ElementKind::Number)?;
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
        let (blocks, number) = self.numbers(name, ElementKind::Integer, 8, Reading::Whole)?;
        let whole = number.integers(&blocks.read(0, u64::MAX)?);
        whole.map_err(|NotWhole { at, found, .. }| Hdf5Error::NotWhole { name: name.to_owned(), at, found })
    }

    /// All texts of an array; bytes that are not UTF-8 are replaced by U+FFFD.
    ///
    /// # Errors
    /// Any but [`Hdf5Error::NotHdf5`].
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Hdf5Error> {
        let (blocks, text) = self.text_blocks(name)?;
        let bytes = blocks.read(0, u64::MAX)?;
        match text {
            StoredText::Fixed(length, padding) => {
                Ok(bytes.chunks_exact(length).map(|text| as_text(text, padding)).collect())
            }
            StoredText::Variable(padding) => {
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

    /// Why the HDF5 crate did not find the array `name`.
    fn why_not(&self, name: &str, error: &hdf5::error::Error) -> Hdf5Error {
        let (group, own) = name.rsplit_once('/').unwrap_or(("/", name));
        let members = match self.members(group) {
            Ok(members) => members,
            Err(_) if is_absent(error) => {
                let (name, present) = (name.to_owned(), "more than can be listed".into());
                return Hdf5Error::Missing { name, present };
            }
            Err(damaged) => return damaged,
        };
        let not_read =
            |what: String, remedy: &str| Hdf5Error::NotRead { name: name.to_owned(), what, remedy: remedy.into() };
        match members.iter().find(|member| member.name == own).map(|member| &member.target) {
            Some(LinkTarget::Soft { path }) => {
                not_read(format!("it is a link to {path}, which leads to nothing in the file"), "the array itself")
            }
            Some(LinkTarget::External { filename, path }) => {
                let what = format!("it is a link to {path} in another file, {filename}; such links are not followed");
                not_read(
                    what,
                    &format!("the array itself: `h5copy -f ext -i OLD -o NEW -s /{name} -d /{name}` copies it"),
                )
            }
            Some(LinkTarget::Hard { .. }) if is_virtual(error) => {
                let what = "it is a virtual dataset: its values are in other files or arrays".to_owned();
                not_read(what, REWRITTEN)
            }
            Some(LinkTarget::Hard { .. }) if self.file.group(name).is_ok() => {
                not_read("it is a group".into(), "an array")
            }
            Some(LinkTarget::Hard { .. }) => self.refused(name, error),
            None => {
                let mut present: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
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

    /// The type that an array's numbers are stored as.
    fn number(&self, name: &str, dataset: &Dataset, kind: ElementKind) -> Result<NumberType, Hdf5Error> {
        let message = dataset.raw_datatype().map_err(|error| self.refused(name, &error))?;
        let (number, expected) = match kind {
            ElementKind::Bit => (number::of_bits(&message), "booleans, or numbers 0 and 1"),
            ElementKind::Integer | ElementKind::Member => (number::of(&message), "whole numbers"),
            ElementKind::Number | ElementKind::Text => (number::of(&message), "numbers"),
        };
        number.map_err(|found| Hdf5Error::WrongType { name: name.to_owned(), found, expected })
    }

    /// Finds an array of numbers that take `width` bytes each in memory.
    fn numbers<'a>(
        &'a self,
        name: &'a str,
        kind: ElementKind,
        width: u64,
        reading: Reading,
    ) -> Result<(Blocks<'a>, NumberType), Hdf5Error> {
        let dataset = self.dataset(name)?;
        let number = self.number(name, &dataset, kind)?;
        let value = ValueBytes { file: number.bytes(), memory: width };
        Ok((Blocks::find(self, name, &dataset, value, reading)?, number))
    }

    /// Finds an array of texts.
    fn text_blocks<'a>(&'a self, name: &'a str) -> Result<(Blocks<'a>, StoredText), Hdf5Error> {
        let dataset = self.dataset(name)?;
        let text = match dataset.dtype() {
            Datatype::String { size: StringSize::Fixed(length), padding, .. } if *length > 0 => {
                StoredText::Fixed(*length as usize, *padding)
            }
            Datatype::String { size: StringSize::Variable, padding, .. }
            | Datatype::VarLen { kind: VarLenKind::String, padding, .. } => StoredText::Variable(*padding),
            _ => {
                let message = dataset.raw_datatype().map_err(|error| self.refused(name, &error))?;
                let found = number::words(&message);
                return Err(Hdf5Error::WrongType { name: name.to_owned(), found, expected: "text" });
            }
        };
        let element = match text {
            StoredText::Fixed(length, _) => length,
            StoredText::Variable(_) => Heap::new(&self.file).reference_size(),
        };
        let value = ValueBytes { file: element, memory: size_of::<String>() as u64 };
        let blocks = Blocks::find(self, name, &dataset, value, Reading::Whole)?;
        Ok((blocks, text))
    }
}

/// How the texts of an array are stored.
#[derive(Clone, Copy)]
enum StoredText {
    /// All of this many bytes.
    Fixed(usize, StringPadding),
    /// References to a heap with the texts.
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
        // Only virtual datasets have layout class 3.
        hdf5::error::Error::UnsupportedLayoutClass(class) => *class == 3,
        _ => false,
    }
}
