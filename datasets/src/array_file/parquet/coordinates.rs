//! Parquet files without other columns than those of single numbers: each is a coordinate, in the file's order.

use super::super::stored::Blocks;
use super::super::{AT_ONCE, ArrayFile, MatrixHeader};
use super::{Values, check_size, form};
use crate::check::{first_of, listed};
use crate::format::DatasetError;
use crate::number::{NumberForm, NumberType};
use crate::parquet_file::{Batch, Column, ColumnKind, ParquetFile, Slot};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{BoolType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type};

/// Names of columns of numbers that are hardly coordinates: with one of these, the column of the vectors must be named.
const IDS: [&str; 5] = ["id", "_id", "ids", "index", "__index_level_0__"];

/// Columns that are read together.
struct Coordinates {
    header: MatrixHeader,
    file: ParquetFile,
    columns: Vec<Column>,
}

/// Whether these columns are coordinates.
pub(super) fn are_all(columns: &[Column]) -> bool {
    let is_coordinate = |column: &Column| {
        column.kind.is_number() && !column.is_list && !IDS.contains(&column.name.to_lowercase().as_str())
    };
    columns.len() > 1 && columns.iter().all(is_coordinate)
}

/// The matrix of all columns of a file.
pub(super) fn open(file: ParquetFile) -> Result<ArrayFile, DatasetError> {
    let (columns, rows) = (file.columns(), file.rows()?);
    let mut forms: Vec<NumberForm> = columns.iter().filter_map(|column| form(column.kind)).collect();
    forms.dedup();
    // Numbers of several types are read as the widest.
    let form = if let [only] = forms[..] { only } else { NumberForm::Double };
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    let names = listed(columns.iter().map(|column| format!("`{}`", column.name)));
    let notes = vec![format!("each of the {} columns of {name} is read as a coordinate: {names}", columns.len())];
    let header = MatrixHeader { path: file.path.clone(), part: None, rows, columns: columns.len(), form, notes };
    let counts = columns.iter().map(|column| file.values_count(column)).collect::<Result<Vec<_>, _>>()?;
    let values = counts.into_iter().map(u128::from).sum::<u128>().max(rows as u128 * columns.len() as u128);
    check_size(&header, "the columns", values, file.size)?;
    Ok(ArrayFile::Matrix(Box::new(Coordinates { header, file, columns })))
}

/// The values of a column, some rows at a time.
trait Rows {
    /// Reads the next rows, and returns how many these are.
    fn read(&mut self, rows: usize) -> Result<usize, DatasetError>;

    /// Rows, of those that were read, whose value is missing.
    fn missing(&self) -> Vec<usize>;

    /// Appends the numbers that were read: their bytes, or as `f64`.
    fn append(&self, as_doubles: bool, bytes: &mut Vec<u8>);
}

struct Reader<'a, T: Values> {
    file: &'a ParquetFile,
    column: &'a Column,
    values: ColumnReaderImpl<T>,
    batch: Batch<T>,
}

impl<T: Values> Rows for Reader<'_, T> {
    fn read(&mut self, rows: usize) -> Result<usize, DatasetError> {
        self.batch.read(&mut self.values, rows).map_err(|error| self.file.damaged(self.column, &error))
    }

    fn missing(&self) -> Vec<usize> {
        let slots = self.batch.slots(self.column).enumerate();
        slots.filter(|(_, (_, slot))| *slot != Slot::Value).map(|(row, _)| row).collect()
    }

    fn append(&self, as_doubles: bool, bytes: &mut Vec<u8>) {
        let stored = T::bytes(&self.batch.values);
        match form(self.column.kind) {
            Some(form) if as_doubles && form != NumberForm::Double => {
                let mut numbers = Vec::with_capacity(self.batch.values.len());
                NumberType::little_endian(form).append_f64s(&stored, &mut numbers);
                bytes.extend(numbers.into_iter().flat_map(f64::to_le_bytes));
            }
            _ => bytes.extend_from_slice(&stored),
        }
    }
}

impl Coordinates {
    fn reader<'a>(&'a self, group: usize, column: &'a Column) -> Result<Box<dyn Rows + 'a>, DatasetError> {
        Ok(match column.kind {
            ColumnKind::Bool => self.reader_of::<BoolType>(group, column)?,
            ColumnKind::Half => self.reader_of::<FixedLenByteArrayType>(group, column)?,
            ColumnKind::Single => self.reader_of::<FloatType>(group, column)?,
            ColumnKind::Signed(4) | ColumnKind::Unsigned(4) => self.reader_of::<Int32Type>(group, column)?,
            ColumnKind::Signed(_) | ColumnKind::Unsigned(_) => self.reader_of::<Int64Type>(group, column)?,
            _ => self.reader_of::<DoubleType>(group, column)?,
        })
    }

    fn reader_of<'a, T: Values>(
        &'a self,
        group: usize,
        column: &'a Column,
    ) -> Result<Box<dyn Rows + 'a>, DatasetError> {
        let values = self.file.values::<T>(group, column)?;
        Ok(Box::new(Reader { file: &self.file, column, values, batch: Batch::new() }))
    }

    /// The error that a column has another number of rows than the file says.
    fn uneven(&self, column: &Column) -> DatasetError {
        self.file.damaged(column, &"it has another number of rows than the file says")
    }
}

impl Blocks for Coordinates {
    fn header(&self) -> &MatrixHeader {
        &self.header
    }

    fn number(&self) -> NumberType {
        NumberType::little_endian(self.header.form)
    }

    fn blocks(&self, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), DatasetError> {
        let MatrixHeader { rows, columns: width, form, .. } = self.header;
        let (at_once, size) = ((AT_ONCE / width).max(1), self.number().bytes());
        // Of 64-bit numbers, so that the bytes are aligned for numbers of any type.
        let mut buffer: Vec<u64> = Vec::new();
        let mut bytes = Vec::new();
        let (mut before, mut first_missing, mut count_missing) = (0, None, 0);
        for group in 0..self.file.groups() {
            let readers = self.columns.iter().map(|column| self.reader(group, column));
            let mut readers = readers.collect::<Result<Vec<_>, _>>()?;
            loop {
                let mut read = 0;
                let mut missing = None;
                for (place, (reader, column)) in readers.iter_mut().zip(&self.columns).enumerate() {
                    let count = reader.read(at_once)?;
                    if place == 0 {
                        read = count;
                        buffer.resize((read * width * size).div_ceil(size_of::<u64>()), 0);
                    } else if count != read {
                        return Err(self.uneven(column));
                    }
                    let rows_missing = reader.missing();
                    if let Some(&row) = rows_missing.first() {
                        count_missing += rows_missing.len();
                        missing = missing.into_iter().chain([(before + row, place)]).min();
                        continue;
                    }
                    bytes.clear();
                    reader.append(form == NumberForm::Double, &mut bytes);
                    if bytes.len() != read * size {
                        return Err(self.uneven(column));
                    }
                    let target: &mut [u8] = bytemuck::must_cast_slice_mut(&mut buffer);
                    for (row, number) in bytes.chunks_exact(size).enumerate() {
                        let at = (row * width + place) * size;
                        target[at..at + size].copy_from_slice(number);
                    }
                }
                if read == 0 {
                    break;
                }
                before += read;
                first_missing = first_missing.or(missing);
                let filled: &[u8] = bytemuck::must_cast_slice(&buffer);
                if first_missing.is_none() && !each(&filled[..read * width * size]) {
                    return Ok(());
                }
            }
        }
        if let Some((row, place)) = first_missing {
            let at = format!("`{}`, row {row}", self.columns[place].name);
            let found = first_of("the value is missing (null)".into(), count_missing);
            return Err(self.header.invalid(at, found, "a number"));
        }
        match self.columns.first() {
            Some(column) if before != rows => Err(self.uneven(column)),
            _ => Ok(()),
        }
    }
}
