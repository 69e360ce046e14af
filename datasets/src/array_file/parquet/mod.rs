//! Parquet files: a column of lists of equal length, as embeddings on hubs come, or a column of single numbers; or only columns of
//! single numbers, each a coordinate.

mod coordinates;

use super::stored::Blocks;
use super::{AT_ONCE, ArrayFile, ArrayFormat, MatrixHeader, choose, invalid};
use crate::check::{first_of, listed};
use crate::format::DatasetError;
use crate::number::{NumberForm, NumberType};
use crate::parquet_file::{Batch, Column, ColumnKind, ParquetFile, SIGNATURE, Slot};
use parquet::data_type::{BoolType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type};
use std::borrow::Cow;
use std::path::Path;

/// An array may have this many bytes, however small its file is, and this many times the bytes of its file.
const UNPACKED: u64 = 1 << 30;
const AMPLIFIED: u64 = 200;

/// Parquet's columns of numbers.
pub struct Parquet;

/// A column that is read.
struct ParquetMatrix {
    header: MatrixHeader,
    file: ParquetFile,
    column: Column,
}

impl ArrayFormat for Parquet {
    fn name(&self) -> &'static str {
        "Parquet"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["parquet"]
    }

    fn sniff(&self, start: &[u8]) -> bool {
        start.starts_with(SIGNATURE)
    }

    fn open(&self, path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError> {
        let file = ParquetFile::open(path)?;
        if part.is_none() && coordinates::are_all(&file.columns()) {
            return coordinates::open(file);
        }
        let column = column(&file, part)?;
        let rows = file.rows()?;
        let Some(form) = form(column.kind) else {
            let (at, found) = (format!("`{}`", column.name), format!("it holds {}", column.words()));
            return Err(invalid(path, at, found, "a column of numbers, or of lists of them"));
        };
        let part = Some(column.name.clone());
        let header = MatrixHeader { path: path.to_owned(), part, rows, columns: 1, form, notes: Vec::new() };
        let mut matrix = ParquetMatrix { header, file, column };
        // Before any is read: one row may have them all.
        matrix.check_size(matrix.file.values_count(&matrix.column)?.into())?;
        if matrix.column.is_list {
            matrix.header.columns = matrix.width()?;
        }
        matrix.check_size((rows as u128).saturating_mul(matrix.header.columns as u128))?;
        Ok(ArrayFile::Matrix(Box::new(matrix)))
    }
}

/// Refuses more values than a file of this size may have.
fn check_size(header: &MatrixHeader, at: &str, values: u128, size: u64) -> Result<(), DatasetError> {
    let bytes = values.saturating_mul(header.form.bytes().into());
    if bytes <= u128::from(UNPACKED.max(size.saturating_mul(AMPLIFIED))) {
        return Ok(());
    }
    let found = format!("its {values} values take {bytes} bytes, packed into a file of {size}");
    let expected = format!("at most {AMPLIFIED} times the file's size: real vectors do not compress so far");
    Err(header.invalid(at, found, expected))
}

/// The form of a column's numbers; `None` if they are none.
fn form(kind: ColumnKind) -> Option<NumberForm> {
    match kind {
        ColumnKind::Bool => Some(NumberForm::Bool),
        ColumnKind::Half => Some(NumberForm::Half),
        ColumnKind::Single => Some(NumberForm::Single),
        ColumnKind::Double => Some(NumberForm::Double),
        ColumnKind::Signed(bytes) => Some(NumberForm::Signed(bytes)),
        ColumnKind::Unsigned(bytes) => Some(NumberForm::Unsigned(bytes)),
        ColumnKind::Text | ColumnKind::Other => None,
    }
}

/// The column called `part`; or the only one of lists of numbers; or the only one of numbers.
fn column(file: &ParquetFile, part: Option<&str>) -> Result<Column, DatasetError> {
    let all = file.columns();
    let described = |columns: &[Column]| -> Vec<(String, String)> {
        columns.iter().map(|column| (column.name.clone(), format!("({})", column.words()))).collect()
    };
    if part.is_some() {
        return Ok(all[choose(&file.path, "column", part, &described(&all))?].clone());
    }
    let lists: Vec<Column> = all.iter().filter(|column| column.is_list && column.kind.is_number()).cloned().collect();
    let numbers: Vec<Column> = all.iter().filter(|column| column.kind.is_number()).cloned().collect();
    let choice = if lists.is_empty() { numbers } else { lists };
    if choice.is_empty() {
        let list = described(&all).into_iter().map(|(name, words)| format!("`{name}` {words}"));
        let found = format!("its columns are {}", listed(list));
        return Err(invalid(&file.path, "the file", found, "a column of lists of numbers"));
    }
    Ok(choice[choose(&file.path, "column", None, &described(&choice))?].clone())
}

/// A type of Parquet's values whose bytes are those of numbers.
trait Values: DataType {
    /// The bytes of the values, the lowest of each first.
    fn bytes(values: &[Self::T]) -> Cow<'_, [u8]>;
}

macro_rules! plain_values {
    ($($kind:ident),*) => {$(
        impl Values for $kind {
            fn bytes(values: &[Self::T]) -> Cow<'_, [u8]> {
                if cfg!(target_endian = "big") {
                    return values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>().into();
                }
                bytemuck::must_cast_slice(values).into()
            }
        }
    )*};
}

plain_values!(Int32Type, Int64Type, FloatType, DoubleType);

impl Values for BoolType {
    fn bytes(values: &[bool]) -> Cow<'_, [u8]> {
        bytemuck::must_cast_slice(values).into()
    }
}

impl Values for FixedLenByteArrayType {
    fn bytes(values: &[Self::T]) -> Cow<'_, [u8]> {
        let mut bytes = Vec::with_capacity(2 * values.len());
        values.iter().for_each(|value| bytes.extend_from_slice(value.data()));
        bytes.into()
    }
}

/// What may be wrong in a row.
#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    /// It is missing.
    NoRow,
    /// The number at this place is missing.
    Null(usize),
    /// It has so many numbers.
    Length(usize),
}

/// The first row that is wrong, and the number of places that are wrong in the same way.
struct First {
    row: usize,
    wrong: Wrong,
    count: usize,
}

impl ParquetMatrix {
    fn check_size(&self, values: u128) -> Result<(), DatasetError> {
        check_size(&self.header, &format!("`{}`", self.column.name), values, self.file.size)
    }

    /// Values of the first row.
    fn width(&self) -> Result<usize, DatasetError> {
        match self.column.kind {
            ColumnKind::Bool => self.width_of::<BoolType>(),
            ColumnKind::Half => self.width_of::<FixedLenByteArrayType>(),
            ColumnKind::Single => self.width_of::<FloatType>(),
            ColumnKind::Signed(4) | ColumnKind::Unsigned(4) => self.width_of::<Int32Type>(),
            ColumnKind::Signed(_) | ColumnKind::Unsigned(_) => self.width_of::<Int64Type>(),
            _ => self.width_of::<DoubleType>(),
        }
    }

    fn width_of<T: Values>(&self) -> Result<usize, DatasetError> {
        /// The first row that is whole tells; a file without one among these is hardly meant.
        const ROWS: usize = 1000;
        for group in 0..self.file.groups() {
            let mut batch = Batch::<T>::new();
            let mut reader = self.file.values::<T>(group, &self.column)?;
            batch.read(&mut reader, ROWS).map_err(|error| self.file.damaged(&self.column, &error))?;
            let mut slots =
                batch.slots(&self.column).skip_while(|(_, slot)| matches!(slot, Slot::NoList | Slot::Empty));
            if slots.next().is_some() {
                return Ok(1 + slots.take_while(|(begins, _)| !begins).count());
            }
        }
        Ok(1)
    }

    fn blocks_of<T: Values>(&self, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), DatasetError> {
        let MatrixHeader { rows, columns: width, .. } = self.header;
        let at_once = (AT_ONCE / width).max(1);
        let (mut before, mut wrong) = (0, None);
        let mut batch = Batch::<T>::new();
        for group in 0..self.file.groups() {
            let mut reader = self.file.values::<T>(group, &self.column)?;
            loop {
                let read = batch.read(&mut reader, at_once).map_err(|error| self.file.damaged(&self.column, &error))?;
                if read == 0 {
                    break;
                }
                if !batch.is_whole(&self.column, read, width) {
                    self.look(&batch, before, &mut wrong);
                } else if wrong.is_none() && !each(&T::bytes(&batch.values)) {
                    return Ok(());
                }
                before += read;
            }
        }
        if let Some(First { row, wrong, count }) = wrong {
            let whole_row = format!("`{}`, row {row}", self.column.name);
            let (at, found) = match wrong {
                Wrong::NoRow => (whole_row, "it is missing (null)".into()),
                Wrong::Null(place) => (self.header.at(row, place), "the value is missing (null)".into()),
                Wrong::Length(length) => (whole_row, format!("it has {length} numbers")),
            };
            let expected = if self.column.is_list { format!("{width} numbers in each row") } else { "a number".into() };
            return Err(self.header.invalid(at, first_of(found, count), expected));
        }
        if before != rows {
            return Err(self.file.damaged(&self.column, &format!("it has {before} rows, and the file says {rows}")));
        }
        Ok(())
    }

    /// Finds what is wrong in a batch whose first row is `row`.
    fn look<T: Values>(&self, batch: &Batch<T>, row: usize, first: &mut Option<First>) {
        let mut add = |row: usize, wrong: Wrong| match first {
            Some(first) => {
                first.count += usize::from(std::mem::discriminant(&first.wrong) == std::mem::discriminant(&wrong));
            }
            None => *first = Some(First { row, wrong, count: 1 }),
        };
        let slots: Vec<(bool, Slot)> = batch.slots(&self.column).collect();
        let rows = slots.chunk_by(|_, (begins, _)| !begins);
        for (row, slots) in (row..).zip(rows) {
            if let [(_, Slot::NoList)] = slots {
                add(row, Wrong::NoRow);
                continue;
            }
            let nulls = slots.iter().enumerate().filter(|(_, (_, slot))| *slot == Slot::Null);
            nulls.for_each(|(place, _)| add(row, Wrong::Null(place)));
            let length = slots.iter().filter(|(_, slot)| *slot != Slot::Empty).count();
            if length != self.header.columns {
                add(row, Wrong::Length(length));
            }
        }
    }
}

impl Blocks for ParquetMatrix {
    fn header(&self) -> &MatrixHeader {
        &self.header
    }

    fn number(&self) -> NumberType {
        NumberType::little_endian(self.header.form)
    }

    fn blocks(&self, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), DatasetError> {
        match self.column.kind {
            ColumnKind::Bool => self.blocks_of::<BoolType>(each),
            ColumnKind::Half => self.blocks_of::<FixedLenByteArrayType>(each),
            ColumnKind::Single => self.blocks_of::<FloatType>(each),
            ColumnKind::Signed(4) | ColumnKind::Unsigned(4) => self.blocks_of::<Int32Type>(each),
            ColumnKind::Signed(_) | ColumnKind::Unsigned(_) => self.blocks_of::<Int64Type>(each),
            _ => self.blocks_of::<DoubleType>(each),
        }
    }
}
