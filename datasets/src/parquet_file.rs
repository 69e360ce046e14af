//! Parquet files, read within bounds. The only module that uses the Parquet crate.
//!
//! The crate finds the pages of a column and decodes their values. Pages are unpacked here, for two reasons: the crate makes room
//! for as many bytes as a page claims before it reads them, and its Zstandard is a library in C.

use crate::array_file::bytes::Span;
use crate::bounded;
use crate::check::Flaw;
use crate::format::DatasetError;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::{ColumnDescriptor, Type};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The first and the last bytes of a file.
pub(crate) const SIGNATURE: &[u8] = b"PAR1";

/// A page may have this many bytes when it is unpacked. Writers make pages of about 1 MiB, or of one row if that has more.
const LARGEST_PAGE: u64 = 1 << 28;

/// Snappy compresses by a factor of at most 22, LZ4 of at most 255.
const SNAPPY: u64 = 22;
const LZ4: u64 = 255;

/// An open file.
pub(crate) struct ParquetFile {
    pub path: PathBuf,
    metadata: ParquetMetaData,
    bytes: Arc<Source>,
    /// Bytes of the file.
    pub size: u64,
}

/// A column, or the values of a column of lists.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Its place among all columns of single values.
    pub leaf: usize,
    pub name: String,
    pub kind: ColumnKind,
    /// Whether each row is a list of values.
    pub is_list: bool,
    /// The definition level of a value that is there, and of the smallest that stands for one in a list.
    most: i16,
    in_list: i16,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Bool,
    Half,
    Single,
    Double,
    /// Whole numbers of 4 or 8 bytes.
    Signed(u8),
    Unsigned(u8),
    Text,
    /// Something else.
    Other,
}

/// Values of some rows.
pub(crate) struct Batch<T: DataType> {
    /// Those that are there.
    pub values: Vec<T::T>,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

/// What stands at a place of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Value,
    /// A value that is missing.
    Null,
    /// A list that is missing.
    NoList,
    /// A list without values.
    Empty,
}

/// The bytes of a file, as the Parquet crate reads them.
struct Source(Span);

impl Length for Source {
    fn len(&self) -> u64 {
        self.0.end
    }
}

impl ChunkReader for Source {
    type T = io::BufReader<Span>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        // Only headers of pages are read like this.
        Ok(io::BufReader::with_capacity(1 << 10, self.0.from(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let end = start.checked_add(length as u64).filter(|&end| end <= self.0.end);
        if end.is_none() {
            let what = format!("{length} bytes at {start} are not in the file of {} bytes", self.0.end);
            return Err(ParquetError::EOF(what));
        }
        let mut bytes = vec![0; length];
        self.0.from(start).read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

impl ParquetFile {
    /// Opens a file and reads its metadata.
    pub(crate) fn open(path: &Path) -> Result<Self, DatasetError> {
        let (file, size) = bounded::open(path).map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
        let source = Source(Span::new(&Arc::new(file), 0, size));
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&source);
        let metadata = metadata.map_err(|error| damaged(path, "the metadata", &error))?;
        Ok(Self { path: path.to_owned(), metadata, bytes: Arc::new(source), size })
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> Result<usize, DatasetError> {
        let groups = self.metadata.row_groups().iter().map(|group| usize::try_from(group.num_rows()).ok());
        let sum = groups.reduce(|sum, rows| sum?.checked_add(rows?)).unwrap_or(Some(0));
        sum.ok_or_else(|| damaged(&self.path, "the metadata", &"it says impossible numbers of rows"))
    }

    /// Number of values of a column, as the metadata says; those that are missing count, too.
    pub(crate) fn values_count(&self, column: &Column) -> Result<u64, DatasetError> {
        let groups = self.metadata.row_groups().iter();
        let counts = groups.map(|group| u64::try_from(group.column(column.leaf).num_values()).ok());
        let sum = counts.reduce(|sum, count| sum?.checked_add(count?)).unwrap_or(Some(0));
        sum.ok_or_else(|| self.damaged(column, &"the metadata says impossible numbers of values"))
    }

    /// Number of groups of rows.
    pub(crate) fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// The columns of single values and of lists of these. Others hold no numbers and no texts.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let schema = self.metadata.file_metadata().schema_descr();
        let roots: Vec<usize> = (0..schema.num_columns()).map(|leaf| schema.get_column_root_idx(leaf)).collect();
        let column = |leaf: usize| {
            let (descriptor, root) = (schema.column(leaf), schema.get_column_root(leaf));
            let is_alone = roots.iter().filter(|&&root| root == roots[leaf]).count() == 1;
            let is_list = descriptor.max_rep_level() == 1;
            let is_read = is_alone && (is_list || (descriptor.max_rep_level() == 0 && root.is_primitive()));
            let kind = if is_read { kind(&descriptor) } else { ColumnKind::Other };
            let (most, in_list) = (descriptor.max_def_level(), definition_in_list(root));
            Column { leaf, name: root.name().to_owned(), kind, is_list, most, in_list }
        };
        let mut columns: Vec<Column> = (0..schema.num_columns()).map(column).collect();
        columns.dedup_by(|next, column| roots[next.leaf] == roots[column.leaf]);
        columns
    }

    /// A reader of the values of a column in a group of rows, which has the type `T`.
    pub(crate) fn values<T: DataType>(
        &self,
        group: usize,
        column: &Column,
    ) -> Result<ColumnReaderImpl<T>, DatasetError> {
        let wrong = |what: &dyn std::fmt::Display| damaged(&self.path, &format!("`{}`", column.name), what);
        let group = self.metadata.row_group(group);
        let chunk = group.column(column.leaf);
        let starts = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        if starts < 0 || chunk.compressed_size() < 0 {
            return Err(wrong(&"it begins at an impossible place"));
        }
        let compression = chunk.compression();
        let packing = Packing::of(compression).ok_or_else(|| self.refused(column, compression))?;
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let descriptor = chunk.column_descr_ptr();
        let as_stored = chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build();
        let pages = as_stored.and_then(|chunk| SerializedPageReader::new(self.bytes.clone(), &chunk, rows, None));
        let left = u64::try_from(chunk.num_values()).unwrap_or(0);
        let pages = Pages { stored: pages.map_err(|error| wrong(&error))?, packing, left };
        Ok(ColumnReaderImpl::new(descriptor, Box::new(pages)))
    }

    fn refused(&self, column: &Column, compression: Compression) -> DatasetError {
        let found = format!("its values are packed by {compression}");
        let expected = "snappy, gzip, zstd, lz4_raw or none: `pyarrow.parquet.write_table(pyarrow.parquet.read_table(OLD), \
                        NEW, compression=\"zstd\")` in Python";
        DatasetError::Invalid {
            path: self.path.clone(),
            flaw: Flaw::new(format!("`{}`", column.name), found, expected),
        }
    }

    /// The error that a column cannot be decoded.
    pub(crate) fn damaged(&self, column: &Column, what: &dyn std::fmt::Display) -> DatasetError {
        damaged(&self.path, &format!("`{}`", column.name), what)
    }
}

fn damaged(path: &Path, at: &str, what: &dyn std::fmt::Display) -> DatasetError {
    let flaw = Flaw::new(at, format!("it cannot be read ({what})"), "a whole Parquet file: copy or write it again");
    DatasetError::Invalid { path: path.to_owned(), flaw }
}

/// What a column of single values holds.
fn kind(column: &ColumnDescriptor) -> ColumnKind {
    let logical = column.logical_type_ref();
    match (column.physical_type(), logical) {
        (Physical::BOOLEAN, _) => ColumnKind::Bool,
        (Physical::FLOAT, _) => ColumnKind::Single,
        (Physical::DOUBLE, _) => ColumnKind::Double,
        (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Float16)) if column.type_length() == 2 => ColumnKind::Half,
        (Physical::BYTE_ARRAY, None | Some(LogicalType::String | LogicalType::Enum | LogicalType::Json)) => {
            ColumnKind::Text
        }
        (Physical::INT32, _) => whole(column, 4),
        (Physical::INT64, _) => whole(column, 8),
        _ => ColumnKind::Other,
    }
}

/// The kind of a column of whole numbers; these may stand for dates, times and decimal fractions.
fn whole(column: &ColumnDescriptor, bytes: u8) -> ColumnKind {
    use ConvertedType::{INT_8, INT_16, INT_32, INT_64, NONE, UINT_8, UINT_16, UINT_32, UINT_64};
    let is_signed = match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Integer(integer)), _) => integer.is_signed,
        (None, NONE | INT_8 | INT_16 | INT_32 | INT_64) => true,
        (None, UINT_8 | UINT_16 | UINT_32 | UINT_64) => false,
        _ => return ColumnKind::Other,
    };
    if is_signed { ColumnKind::Signed(bytes) } else { ColumnKind::Unsigned(bytes) }
}

/// The definition level from which on a list has values: nodes count up to the repeated one, except those that are required.
fn definition_in_list(root: &Type) -> i16 {
    let (mut node, mut level) = (root, 0);
    loop {
        let info = node.get_basic_info();
        match if info.has_repetition() { info.repetition() } else { Repetition::REQUIRED } {
            Repetition::REPEATED => return level + 1,
            Repetition::OPTIONAL => level += 1,
            Repetition::REQUIRED => {}
        }
        if node.is_primitive() || node.get_fields().is_empty() {
            return level;
        }
        node = &node.get_fields()[0];
    }
}

impl ColumnKind {
    pub(crate) fn is_number(self) -> bool {
        !matches!(self, Self::Text | Self::Other)
    }

    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::Half | Self::Single | Self::Double)
    }

    /// The type in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Half => "float16",
            Self::Single => "float32",
            Self::Double => "float64",
            Self::Signed(4) => "int32",
            Self::Signed(_) => "int64",
            Self::Unsigned(4) => "uint32",
            Self::Unsigned(_) => "uint64",
            Self::Text => "text",
            Self::Other => "other",
        }
    }
}

impl Column {
    /// Its type in words.
    pub(crate) fn words(&self) -> String {
        if self.is_list { format!("list of {}", self.kind.words()) } else { self.kind.words().to_owned() }
    }
}

impl<T: DataType> Batch<T> {
    pub(crate) fn new() -> Self {
        Self { values: Vec::new(), definitions: Vec::new(), repetitions: Vec::new() }
    }

    /// Reads the values of at most `rows` rows; returns how many rows these are.
    pub(crate) fn read(&mut self, reader: &mut ColumnReaderImpl<T>, rows: usize) -> ParquetResult<usize> {
        self.values.clear();
        self.definitions.clear();
        self.repetitions.clear();
        let (definitions, repetitions) = (Some(&mut self.definitions), Some(&mut self.repetitions));
        let (rows, ..) = reader.read_records(rows, definitions, repetitions, &mut self.values)?;
        Ok(rows)
    }

    /// Whether each of `rows` rows has `width` values, and none is missing.
    pub(crate) fn is_whole(&self, column: &Column, rows: usize, width: usize) -> bool {
        let is_right = |row: &[i16]| row[0] == 0 && row[1..].iter().all(|&level| level == 1);
        self.values.len() == rows * width
            && self.definitions.iter().all(|&level| level == column.most)
            && (!column.is_list || self.repetitions.chunks(width).all(is_right))
    }

    /// The slots of the batch, and whether each begins a row.
    pub(crate) fn slots<'a>(&'a self, column: &'a Column) -> impl Iterator<Item = (bool, Slot)> + 'a {
        let count = if column.most > 0 { self.definitions.len() } else { self.values.len() };
        (0..count).map(move |i| {
            let definition = self.definitions.get(i).copied().unwrap_or(column.most);
            let begins = self.repetitions.get(i).is_none_or(|&level| level == 0);
            let slot = match definition {
                level if level == column.most => Slot::Value,
                level if column.is_list && level == column.in_list - 1 => Slot::Empty,
                level if column.is_list && level < column.in_list => Slot::NoList,
                _ => Slot::Null,
            };
            (begins, slot)
        })
    }
}

/// How the pages of a column are packed.
#[derive(Clone, Copy)]
enum Packing {
    None,
    Snappy,
    Gzip,
    Zstandard,
    Lz4,
}

impl Packing {
    fn of(compression: Compression) -> Option<Self> {
        match compression {
            Compression::UNCOMPRESSED => Some(Self::None),
            Compression::SNAPPY => Some(Self::Snappy),
            Compression::GZIP(_) => Some(Self::Gzip),
            Compression::ZSTD(_) => Some(Self::Zstandard),
            Compression::LZ4_RAW => Some(Self::Lz4),
            Compression::LZO | Compression::BROTLI(_) | Compression::LZ4 => None,
        }
    }

    /// Appends the unpacked bytes to `unpacked`.
    fn unpack(self, packed: &[u8], unpacked: &mut Vec<u8>) -> io::Result<()> {
        let wrong = |error: &dyn std::fmt::Display| io::Error::other(error.to_string());
        let too_large = || io::Error::other(format!("a page has more than {LARGEST_PAGE} bytes"));
        let before = unpacked.len();
        let mut read = |bytes: &mut dyn Read| {
            bytes.take(LARGEST_PAGE + 1).read_to_end(unpacked)?;
            if (unpacked.len() - before) as u64 > LARGEST_PAGE { Err(too_large()) } else { Ok(()) }
        };
        match self {
            Self::None => unpacked.extend_from_slice(packed),
            Self::Gzip => read(&mut MultiGzDecoder::new(packed))?,
            Self::Zstandard => {
                read(&mut ruzstd::decoding::StreamingDecoder::new(packed).map_err(|error| wrong(&error))?)?;
            }
            Self::Snappy => {
                let length = snap::raw::decompress_len(packed).map_err(|error| wrong(&error))?;
                if length as u64 > LARGEST_PAGE.min(packed.len() as u64 * SNAPPY) {
                    return Err(io::Error::other(format!("{} bytes claim to be {length}", packed.len())));
                }
                unpacked.resize(before + length, 0);
                let mut decoder = snap::raw::Decoder::new();
                decoder.decompress(packed, &mut unpacked[before..]).map_err(|error| wrong(&error))?;
            }
            Self::Lz4 => {
                // Blocks do not say how long they are: a larger room is tried until it is enough.
                let most = LARGEST_PAGE.min(packed.len() as u64 * LZ4 + 64) as usize;
                let mut room = packed.len() * 4 + 64;
                loop {
                    unpacked.resize(before + room.min(most), 0);
                    match lz4_flex::block::decompress_into(packed, &mut unpacked[before..]) {
                        Ok(length) => break unpacked.truncate(before + length),
                        Err(lz4_flex::block::DecompressError::OutputTooSmall { .. }) if room < most => room *= 4,
                        Err(error) => return Err(wrong(&error)),
                    }
                }
            }
        }
        Ok(())
    }
}

/// The pages of a column in a group of rows, unpacked.
struct Pages {
    stored: SerializedPageReader<Source>,
    packing: Packing,
    /// Values that the following pages may have, as the metadata says.
    left: u64,
}

impl Pages {
    /// The bytes of a page; the first `plain` ones are never packed.
    fn unpacked(&self, bytes: &Bytes, plain: usize) -> ParquetResult<Bytes> {
        let Some((plain, packed)) = bytes.split_at_checked(plain) else {
            return Err(ParquetError::EOF("a page is shorter than its levels".into()));
        };
        let mut unpacked = plain.to_vec();
        if !packed.is_empty() {
            self.packing.unpack(packed, &mut unpacked)?;
        }
        Ok(unpacked.into())
    }
}

impl Iterator for Pages {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        let Some(mut page) = self.stored.get_next_page()? else { return Ok(None) };
        if !matches!(page, Page::DictionaryPage { .. }) {
            let left = self.left.checked_sub(page.num_values().into());
            self.left =
                left.ok_or_else(|| ParquetError::General("it has more values than the metadata says".into()))?;
        }
        if matches!(self.packing, Packing::None) {
            return Ok(Some(page));
        }
        match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = self.unpacked(buf, 0)?,
            Page::DataPageV2 { is_compressed: false, .. } => {}
            Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
                let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                *buf = self.unpacked(buf, usize::try_from(levels).unwrap_or(usize::MAX))?;
            }
        }
        Ok(Some(page))
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        self.stored.peek_next_page()
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.stored.skip_next_page()
    }
}
