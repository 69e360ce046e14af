//! Matrices whose numbers stand in the file as memory has them, of whatever type, byte order and layout. Most formats are such
//! a matrix behind a header.

use super::bytes::Bytes;
use super::{AT_ONCE, ArrayFile, Matrix, MatrixHeader};
use crate::check::first_of;
use crate::format::DatasetError;
use crate::number::{NotWhole, NumberForm, NumberType};
use bytemuck::Pod;
use std::io::{self, Read as _};

/// Bytes of a matrix in column order that are read at a time: long runs of each column.
const COLUMNS_AT_ONCE: usize = 16 << 20;

/// The order of the numbers in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Row after row.
    Rows,
    /// Column after column, as Fortran has matrices.
    Columns,
    /// Row after row, and before each its number of values as int32.
    RowsWithLengths,
}

/// A matrix in a file.
pub(super) struct StoredMatrix {
    pub header: MatrixHeader,
    pub number: NumberType,
    pub layout: Layout,
    pub bytes: Bytes,
}

/// A matrix that is read as bytes of numbers.
pub(super) trait Blocks: Send {
    fn header(&self) -> &MatrixHeader;

    /// The type of the numbers.
    fn number(&self) -> NumberType;

    /// Passes the bytes of the rows to `each`, several whole rows at a time, until it returns `false`. They are aligned for
    /// numbers of this type.
    fn blocks(&self, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), DatasetError>;
}

/// A type that numbers are read as.
trait Number: Pod {
    /// The stored form that needs no conversion.
    const FORM: NumberForm;

    fn append(number: NumberType, bytes: &[u8], numbers: &mut Vec<Self>) -> Result<(), NotWhole>;
}

impl Number for f32 {
    const FORM: NumberForm = NumberForm::Single;

    fn append(number: NumberType, bytes: &[u8], numbers: &mut Vec<Self>) -> Result<(), NotWhole> {
        number.append_f32s(bytes, numbers);
        Ok(())
    }
}

impl Number for f64 {
    const FORM: NumberForm = NumberForm::Double;

    fn append(number: NumberType, bytes: &[u8], numbers: &mut Vec<Self>) -> Result<(), NotWhole> {
        number.append_f64s(bytes, numbers);
        Ok(())
    }
}

impl Number for i64 {
    const FORM: NumberForm = NumberForm::Signed(8);

    fn append(number: NumberType, bytes: &[u8], numbers: &mut Vec<Self>) -> Result<(), NotWhole> {
        number.append_integers(bytes, numbers)
    }
}

impl StoredMatrix {
    /// Bytes of the values of a row.
    fn row_bytes(&self) -> usize {
        self.header.columns * self.number.bytes()
    }

    /// The blocks if rows follow each other, with `before` bytes before each.
    fn blocks_of_rows(&self, before: usize, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), DatasetError> {
        let (rows, bytes) = (self.header.rows, self.row_bytes());
        let stride = before + bytes;
        let at_once = (AT_ONCE / self.header.columns).clamp(1, rows);
        // Of 64-bit numbers, so that the bytes are aligned for numbers of any type.
        let mut buffer = vec![0_u64; (at_once * stride).div_ceil(size_of::<u64>())];
        let buffer: &mut [u8] = bytemuck::must_cast_slice_mut(&mut buffer);
        let mut file = self.bytes.reader().map_err(|error| self.header.io(error))?;
        for first in (0..rows).step_by(at_once) {
            let count = at_once.min(rows - first);
            file.read_exact(&mut buffer[..count * stride]).map_err(|error| self.header.io(error))?;
            if before > 0 {
                for row in 0..count {
                    self.check_length(first + row, &buffer[row * stride..])?;
                    buffer.copy_within(row * stride + before..(row + 1) * stride, row * bytes);
                }
            }
            if !each(&buffer[..count * bytes]) {
                break;
            }
        }
        Ok(())
    }

    /// Checks the length before a row.
    fn check_length(&self, row: usize, before: &[u8]) -> Result<(), DatasetError> {
        let length = before.first_chunk().map(|length| i32::from_le_bytes(*length));
        if length.is_some_and(|length| i64::from(length) == self.header.columns as i64) {
            return Ok(());
        }
        let found = format!("it has {} values", length.unwrap_or(0));
        Err(self.header.invalid(format!("row {row}"), found, format!("{}, as row 0 has", self.header.columns)))
    }

    /// The blocks if columns follow each other: of some rows, all columns are read and turned into rows.
    fn blocks_of_columns(&self, each: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<()> {
        let MatrixHeader { rows, columns, .. } = self.header;
        let bytes = self.number.bytes();
        let read_at_once = (COLUMNS_AT_ONCE / self.row_bytes()).clamp(1, rows);
        let at_once = (AT_ONCE / columns).clamp(1, read_at_once);
        let file = self.bytes.by_place()?;
        let mut stored = vec![0_u8; read_at_once * self.row_bytes()];
        let mut turned = vec![0_u64; (at_once * self.row_bytes()).div_ceil(size_of::<u64>())];
        let turned: &mut [u8] = bytemuck::must_cast_slice_mut(&mut turned);
        for first in (0..rows).step_by(read_at_once) {
            let count = read_at_once.min(rows - first);
            for (column, part) in stored.chunks_exact_mut(count * bytes).take(columns).enumerate() {
                file.read(((column * rows + first) * bytes) as u64, part)?;
            }
            for from in (0..count).step_by(at_once) {
                let until = count.min(from + at_once);
                let part = |column: usize| &stored[(column * count + from) * bytes..(column * count + until) * bytes];
                let target = &mut turned[..(until - from) * columns * bytes];
                match bytes {
                    1 => turn::<1>(columns, part, target),
                    2 => turn::<2>(columns, part, target),
                    4 => turn::<4>(columns, part, target),
                    _ => turn::<8>(columns, part, target),
                }
                if !each(target) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl Blocks for StoredMatrix {
    fn header(&self) -> &MatrixHeader {
        &self.header
    }

    fn number(&self) -> NumberType {
        self.number
    }

    fn blocks(&self, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), DatasetError> {
        if self.header.rows == 0 {
            // No bytes of the file prove how long a row is.
            return Ok(());
        }
        match self.layout {
            Layout::Rows => self.blocks_of_rows(0, each),
            Layout::RowsWithLengths => self.blocks_of_rows(size_of::<i32>(), each),
            Layout::Columns => self.blocks_of_columns(each).map_err(|error| self.header.io(error)),
        }
    }
}

/// Passes the rows as numbers of a type.
fn rows<T: Number>(matrix: &impl Blocks, each: &mut dyn FnMut(&[T]) -> bool) -> Result<(), DatasetError> {
    let number = matrix.number();
    if number == (NumberType { form: T::FORM, big_endian: cfg!(target_endian = "big") }) {
        return matrix.blocks(&mut |bytes| each(bytemuck::cast_slice(bytes)));
    }
    let (mut numbers, mut before) = (Vec::new(), 0);
    let mut wrong: Option<NotWhole> = None;
    matrix.blocks(&mut |bytes| {
        numbers.clear();
        let start = before;
        before += bytes.len() / number.bytes();
        match (T::append(number, bytes, &mut numbers), &mut wrong) {
            (Ok(()), None) => return each(&numbers),
            (Ok(()), Some(_)) => {}
            (Err(more), Some(wrong)) => wrong.count += more.count,
            (Err(first), None) => wrong = Some(NotWhole { at: start + first.at, ..first }),
        }
        true
    })?;
    wrong.map_or(Ok(()), |wrong| Err(not_whole(matrix.header(), wrong)))
}

/// The refusal of a number that is not whole.
pub(super) fn not_whole(header: &MatrixHeader, NotWhole { at, found, count }: NotWhole) -> DatasetError {
    let found = first_of(format!("the value is {found}"), count);
    header.invalid(header.at(at / header.columns, at % header.columns), found, "a whole number below 2^63")
}

/// Turns columns of numbers of `N` bytes into rows: of all columns a few numbers at a time, whose rows stay in the nearest cache.
fn turn<'a, const N: usize>(columns: usize, column: impl Fn(usize) -> &'a [u8], rows: &mut [u8]) {
    const ROWS: usize = 16;
    for (part, rows) in rows.as_chunks_mut::<N>().0.chunks_mut(ROWS * columns).enumerate() {
        for i in 0..columns {
            let numbers = column(i).as_chunks::<N>().0.iter().skip(part * ROWS);
            rows[i..].iter_mut().step_by(columns).zip(numbers).for_each(|(target, number)| *target = *number);
        }
    }
}

impl<B: Blocks> Matrix for B {
    fn header(&self) -> &MatrixHeader {
        Blocks::header(self)
    }

    fn f32_rows(&self, each: &mut dyn FnMut(&[f32]) -> bool) -> Result<(), DatasetError> {
        rows(self, each)
    }

    fn f64_rows(&self, each: &mut dyn FnMut(&[f64]) -> bool) -> Result<(), DatasetError> {
        rows(self, each)
    }

    fn integer_rows(&self, each: &mut dyn FnMut(&[i64]) -> bool) -> Result<(), DatasetError> {
        rows(self, each)
    }
}

impl From<StoredMatrix> for ArrayFile {
    fn from(matrix: StoredMatrix) -> Self {
        Self::Matrix(Box::new(matrix))
    }
}
