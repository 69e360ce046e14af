//! Base vectors or queries of one or several files, as points of the type that the distance has.

use super::{Part, Parts};
use crate::array_file::{self, ArrayFile, CompressedRows, Matrix};
use crate::check::{Flaw, counted, first_of, no_room};
use crate::format::DatasetError;
use crate::format::bit_rows::{BitRows, SetRows};
use crate::format::compressed_rows::{self, NumbersBelow, RowNames};
use crate::number::NumberForm;
use std::io;
use std::path::Path;
use swath_algorithms::points::vectors::Builder;
use swath_algorithms::points::{Bits, Filling, PointType, Sets, Space, SparseVectors};
use swath_algorithms::{Distance, Points, PointsError};

/// Files of base vectors, or of queries, which are read one after another.
pub(super) struct PointFiles {
    /// Their key in YAML: `vectors` or `queries`.
    key: &'static str,
    files: Vec<(Part, ArrayFile)>,
    /// Rows of all files.
    pub rows: usize,
    /// Columns of each.
    pub columns: usize,
    /// Stored values of all files, if rows have different lengths.
    pub values: usize,
}

/// How points are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// A row of numbers for each vector.
    Vectors,
    /// A row of 0 and 1 for each string of bits.
    BitMatrix,
    /// Rows of bytes with eight bits each, the first bit the highest of its byte.
    PackedBits,
    /// A row of 0 and 1 for each set.
    SetMatrix,
    /// The columns of a compressed row are the members of a set.
    SetRows,
    /// Compressed rows with values.
    SparseRows,
}

impl Layout {
    /// The type of the points.
    pub(super) fn kind(self) -> PointType {
        match self {
            Self::Vectors => PointType::Dense,
            Self::BitMatrix | Self::PackedBits => PointType::Bits,
            Self::SetMatrix | Self::SetRows => PointType::Sets,
            Self::SparseRows => PointType::Sparse,
        }
    }
}

fn invalid(path: &Path, flaw: Flaw) -> DatasetError {
    DatasetError::Invalid { path: path.to_owned(), flaw }
}

/// How both base vectors and queries are stored, and their dimension.
pub(super) fn layout(
    distance: Distance,
    stated: Option<usize>,
    [train, test]: [&PointFiles; 2],
    notes: &mut Vec<String>,
) -> Result<(Layout, usize), DatasetError> {
    if train.is_compressed() != test.is_compressed() {
        let [sparse, dense] = if train.is_compressed() { ["vectors", "queries"] } else { ["queries", "vectors"] };
        let found = format!("the rows of `{sparse}` are sparse, and those of `{dense}` are not");
        return Err(test.wrong(found, "both in one form"));
    }
    let width = train.columns.max(test.columns);
    match (distance, train.is_compressed()) {
        (Distance::InnerProduct, true) => Ok((Layout::SparseRows, stated.unwrap_or(width).max(width))),
        (Distance::Jaccard, true) => Ok((Layout::SetRows, stated.unwrap_or(width).max(width))),
        (_, true) => {
            let expected = format!(
                "rows of equal length for the distance `{distance}`; sparse vectors have the distance `ip`, and sets `jaccard`"
            );
            Err(train.wrong("its rows are sparse", expected))
        }
        (Distance::Euclidean | Distance::Angular | Distance::InnerProduct, false) => {
            test.check_width(train.columns)?;
            match stated.filter(|&stated| stated != width) {
                Some(stated) => Err(train.wrong(
                    format!("its rows have {}, and `dimension` is {stated}", counted(width, "value")),
                    "the same; or leave `dimension` out",
                )),
                None => Ok((Layout::Vectors, width)),
            }
        }
        (Distance::Jaccard, false) => {
            test.check_width(train.columns)?;
            Ok((Layout::SetMatrix, width))
        }
        (Distance::Hamming, false) => {
            test.check_width(train.columns)?;
            bits(stated, [train, test], notes)
        }
    }
}

/// Bits: a matrix of 0 and 1, or eight of them in a byte. Packed are bytes with an eighth as many columns as `stated` says, or bytes
/// of which one is above 1.
fn bits(
    stated: Option<usize>,
    [train, test]: [&PointFiles; 2],
    notes: &mut Vec<String>,
) -> Result<(Layout, usize), DatasetError> {
    let width = train.columns;
    let (least, most) = (8 * width - 7, 8 * width);
    let are_bytes = train.holds_bytes() && test.holds_bytes();
    match stated {
        Some(stated) if stated == width => Ok((Layout::BitMatrix, width)),
        Some(stated) if are_bytes && (least..=most).contains(&stated) => Ok((Layout::PackedBits, stated)),
        Some(stated) => {
            let packed = if are_bytes {
                format!("; or, where eight bits are packed into a byte, {least} to {most}")
            } else {
                String::new()
            };
            Err(train.wrong(
                format!("its rows have {}, and `dimension` is {stated}", counted(width, "value")),
                format!("a dimension of {width}{packed}"),
            ))
        }
        None if are_bytes && (train.has_packed_bytes()? | test.has_packed_bytes()?) => {
            notes.push(format!("there are bytes above 1 in `vectors` or `queries`: each byte is read as eight bits, so that the dimension is {most}"));
            Ok((Layout::PackedBits, most))
        }
        None => Ok((Layout::BitMatrix, width)),
    }
}

impl PointFiles {
    /// Opens files, which must have rows of one width.
    pub(super) fn open(key: &'static str, parts: &Parts) -> Result<Self, DatasetError> {
        let mut files: Vec<(Part, ArrayFile)> = Vec::new();
        let (mut rows, mut columns, mut values) = (0_usize, 0, 0);
        for part in &parts.0 {
            let file = array_file::open(&part.file, part.part.as_deref())?;
            let width = match &file {
                ArrayFile::Matrix(matrix) => matrix.header().columns,
                ArrayFile::Compressed(rows) => rows.columns,
            };
            let is_like_first = |(_, first): &(Part, ArrayFile)| is_compressed(first) == is_compressed(&file);
            let is_sparse = is_compressed(&file);
            if let Some((first, _)) = files.first()
                && (!files.first().is_none_or(is_like_first) || (!is_sparse && width != columns))
            {
                let found = format!(
                    "its rows have {}, and those of {} have {columns}",
                    counted(width, "value"),
                    first.file.display()
                );
                return Err(invalid(
                    &part.file,
                    Flaw::new(format!("`{key}`"), found, "files with rows of one form and width"),
                ));
            }
            columns = columns.max(width);
            let (more, stored) = match &file {
                ArrayFile::Matrix(matrix) => (matrix.header().rows, 0),
                ArrayFile::Compressed(rows) => (rows.rows, rows.values_count),
            };
            rows = rows.saturating_add(more);
            values += stored;
            files.push((part.clone(), file));
        }
        let opened = Self { key, files, rows, columns, values };
        if rows == 0 || rows > i32::MAX.unsigned_abs() as usize {
            return Err(opened.wrong(format!("it has {rows} rows"), "1 to 2^31 - 1 rows"));
        }
        Ok(opened)
    }

    /// The first file, for messages.
    pub(super) fn path(&self) -> &Path {
        self.files.first().map_or(Path::new(""), |(part, _)| &part.file)
    }

    fn wrong(&self, found: impl Into<String>, expected: impl Into<String>) -> DatasetError {
        invalid(self.path(), Flaw::new(format!("`{}`", self.key), found, expected))
    }

    fn is_compressed(&self) -> bool {
        self.files.iter().any(|(_, file)| is_compressed(file))
    }

    fn matrices(&self) -> impl Iterator<Item = (&Part, &dyn Matrix)> {
        self.files.iter().filter_map(|(part, file)| match file {
            ArrayFile::Matrix(matrix) => Some((part, &**matrix)),
            ArrayFile::Compressed(_) => None,
        })
    }

    fn check_width(&self, width: usize) -> Result<(), DatasetError> {
        if self.columns == width {
            return Ok(());
        }
        let found = format!("its rows have {}", counted(self.columns, "value"));
        Err(self.wrong(found, format!("{width}, as those of `vectors`")))
    }

    fn holds_bytes(&self) -> bool {
        self.matrices()
            .all(|(_, matrix)| matches!(matrix.header().form, NumberForm::Unsigned(1) | NumberForm::Signed(1)))
    }

    /// Whether bytes are above 1. One below 0 is no byte of bits that the type alone tells: it may be the -1 of signs.
    fn has_packed_bytes(&self) -> Result<bool, DatasetError> {
        let mut is_packed = false;
        for (part, matrix) in self.matrices() {
            let header = matrix.header();
            let is_signed = matches!(header.form, NumberForm::Signed(_));
            let (mut at, mut first, mut count) = (0, None, 0);
            matrix.integer_rows(&mut |values| {
                is_packed |= values.iter().any(|&value| value > 1);
                let below = values.iter().enumerate().filter(|(_, value)| **value < 0);
                for (place, &value) in below {
                    first.get_or_insert((at + place, value));
                    count += 1;
                }
                at += values.len();
                is_signed || !is_packed
            })?;
            if let Some((at, value)) = first {
                let place = header.at(at / header.columns, at % header.columns);
                let expected =
                    "0 and 1 (with signs, x > 0); or bytes with eight bits each, with their number as `dimension`";
                return Err(invalid(
                    &part.file,
                    Flaw::new(place, first_of(format!("the value is {value}"), count), expected),
                ));
            }
        }
        Ok(is_packed)
    }

    /// Notes of the files.
    pub(super) fn notes(&self) -> Vec<String> {
        self.matrices().flat_map(|(_, matrix)| matrix.header().notes.clone()).collect()
    }

    /// The points.
    pub(super) fn read(
        &self,
        layout: Layout,
        dim: usize,
        space: &Space,
        notes: &mut Vec<String>,
    ) -> Result<Points, DatasetError> {
        Ok(match layout {
            Layout::Vectors => self.vectors(dim, space)?,
            Layout::BitMatrix => self.bit_matrix(dim, space)?.into(),
            Layout::PackedBits => self.packed_bits(dim, space)?.into(),
            Layout::SetMatrix => self.set_matrix(dim, space)?.into(),
            Layout::SetRows => self.set_rows(dim, space, notes)?.into(),
            Layout::SparseRows => self.sparse_rows(dim, space, notes)?.into(),
        })
    }

    fn no_room(&self, reason: &dyn std::fmt::Display) -> DatasetError {
        invalid(self.path(), no_room(&format!("`{}`", self.key), reason))
    }

    fn not_points(&self, error: &PointsError) -> DatasetError {
        match error {
            PointsError::NoRoom { reason } => self.no_room(reason),
            other => self.wrong(other.to_string(), "rows of equal length"),
        }
    }

    fn vectors(&self, dim: usize, space: &Space) -> Result<Points, DatasetError> {
        let mut vectors = Builder::in_space(space, self.rows, dim).map_err(|error| self.not_points(&error))?;
        let mut before = 0;
        for (_, matrix) in self.matrices() {
            let mut refused = None;
            matrix.f32_rows(&mut |rows| {
                refused = vectors.push(rows).err();
                refused.is_none()
            })?;
            match refused {
                None => {}
                Some(PointsError::NotFinite { row, column, value }) => {
                    return Err(not_finite(matrix, row - before, column, value));
                }
                Some(other) => return Err(self.not_points(&other)),
            }
            before += matrix.header().rows;
        }
        Ok(vectors.finish().into())
    }

    /// Calls `each` with the rows of matrices of 0 and 1, after a check that they are.
    fn each_bit_row(&self, mut each: impl FnMut(&[i64]) -> io::Result<()>) -> Result<(), DatasetError> {
        for (part, matrix) in self.matrices() {
            let width = matrix.header().columns;
            let (mut row, mut flaw) = (0, None);
            matrix.integer_rows(&mut |values| {
                if let Some(at) = values.iter().position(|value| !(0..=1).contains(value)) {
                    let place = matrix.header().at(row + at / width, at % width);
                    let expected = "0 or 1; or bytes with eight bits each, with their number as `dimension`";
                    flaw =
                        Some(invalid(&part.file, Flaw::new(place, format!("the value is {}", values[at]), expected)));
                    return false;
                }
                flaw = values.chunks_exact(width).try_for_each(&mut each).err().map(|error| self.no_room(&error));
                row += values.len() / width;
                flaw.is_none()
            })?;
            flaw.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    fn bit_matrix(&self, dim: usize, space: &Space) -> Result<Bits, DatasetError> {
        let mut bits = BitRows::new(self.rows, dim, space).map_err(|error| self.no_room(&error))?;
        self.each_bit_row(|row| bits.push(row))?;
        bits.finish().map_err(|error| self.not_points(&error))
    }

    fn packed_bits(&self, dim: usize, space: &Space) -> Result<Bits, DatasetError> {
        let mut bits = BitRows::new(self.rows, dim, space).map_err(|error| self.no_room(&error))?;
        for (_, matrix) in self.matrices() {
            let mut full = None;
            matrix.integer_rows(&mut |values| {
                let mut rows = values.chunks_exact(matrix.header().columns);
                full = rows.try_for_each(|row| bits.push_packed(row)).err();
                full.is_none()
            })?;
            full.map_or(Ok(()), |error| Err(self.no_room(&error)))?;
        }
        bits.finish().map_err(|error| match error {
            PointsError::BitBeyondDimension { row, dim } => {
                let found = format!("in row {row} a bit after its last, {dim}, is set");
                self.wrong(found, "0 for the bits that fill up the last byte; or another `dimension`")
            }
            other => self.not_points(&other),
        })
    }

    fn set_matrix(&self, dim: usize, space: &Space) -> Result<Sets, DatasetError> {
        let mut sets = SetRows::new(self.rows, dim, space).map_err(|error| self.no_room(&error))?;
        self.each_bit_row(|row| sets.push(row))?;
        sets.finish().map_err(|error| self.not_points(&error))
    }

    /// The only file of compressed rows: these are not put together.
    fn compressed(&self) -> Result<(&Part, &CompressedRows), DatasetError> {
        match self.files.as_slice() {
            [(part, ArrayFile::Compressed(rows))] => Ok((part, rows)),
            _ => Err(self.wrong(format!("it is {} files", self.files.len()), "one file of sparse rows")),
        }
    }

    fn set_rows(&self, dim: usize, space: &Space, notes: &mut Vec<String>) -> Result<Sets, DatasetError> {
        let (part, rows) = self.compressed()?;
        let name = file_name(&part.file);
        let names = RowNames { numbers: &name, lengths: &name, bound: "a member below the dimension" };
        let flaw = |flaw| invalid(&part.file, flaw);
        let (numbers, offsets) = self.numbers(rows, names, dim, space)?;
        // A stored 0 is no member.
        let mut zero = None;
        let mut at = 0;
        rows.values.f32_rows(&mut |values| {
            zero = zero.or_else(|| values.iter().position(|value| *value == 0.0).map(|place| at + place));
            at += values.len();
            zero.is_none()
        })?;
        if let Some(at) = zero {
            let expected = "only what is not 0; SciPy's `eliminate_zeros()` removes the rest";
            return Err(flaw(Flaw::new(
                format!("`{}`", self.key),
                format!("value {at} is stored, and is 0"),
                expected,
            )));
        }
        compressed_rows::CompressedRows { names, numbers, offsets }.sets(notes).map_err(flaw)
    }

    fn sparse_rows(&self, dim: usize, space: &Space, notes: &mut Vec<String>) -> Result<SparseVectors, DatasetError> {
        let (part, rows) = self.compressed()?;
        let name = file_name(&part.file);
        let names = RowNames { numbers: &name, lengths: &name, bound: "a column" };
        let (numbers, offsets) = self.numbers(rows, names, rows.columns, space)?;
        let mut values = Filling::with_capacity(space, rows.values_count).map_err(|error| self.no_room(&error))?;
        let mut full = None;
        rows.values.f32_rows(&mut |part| {
            full = values.extend(part).err();
            full.is_none()
        })?;
        full.map_or(Ok(()), |error| Err(self.no_room(&error)))?;
        let compressed = compressed_rows::CompressedRows { names, numbers, offsets };
        let sparse = compressed.sparse(&name, values, notes).map_err(|flaw| invalid(&part.file, flaw))?;
        Ok(sparse.with_dim(dim))
    }

    fn numbers(
        &self,
        rows: &CompressedRows,
        names: RowNames<'_>,
        dim: usize,
        space: &Space,
    ) -> Result<(NumbersBelow, Vec<u64>), DatasetError> {
        let mut stored = Vec::with_capacity(rows.rows + 1);
        rows.offsets.integer_rows(&mut |part| {
            stored.extend_from_slice(part);
            true
        })?;
        let offsets = compressed_rows::offsets(names, &stored, rows.values_count);
        let offsets = offsets.map_err(|flaw| invalid(self.path(), flaw))?;
        let mut numbers = NumbersBelow::new(dim, rows.values_count, space).map_err(|error| self.no_room(&error))?;
        let mut full = None;
        rows.numbers.integer_rows(&mut |part| {
            full = numbers.push(part).err();
            full.is_none()
        })?;
        full.map_or(Ok((numbers, offsets)), |error| Err(self.no_room(&error)))
    }
}

fn is_compressed(file: &ArrayFile) -> bool {
    matches!(file, ArrayFile::Compressed(_))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The error for a value that is not finite, with the number of those in the file.
fn not_finite(matrix: &dyn Matrix, row: usize, column: usize, value: f32) -> DatasetError {
    let header = matrix.header();
    let (mut count, mut stored, mut at) = (0, f64::from(value), 0);
    let wanted = row * header.columns + column;
    // The values were read before.
    let _ = matrix.f64_rows(&mut |values| {
        count += values.iter().filter(|value| !(**value as f32).is_finite()).count();
        if let Some(place) = wanted.checked_sub(at).filter(|place| *place < values.len()) {
            stored = values[place];
        }
        at += values.len();
        true
    });
    let what = if stored.is_nan() { "the value is NaN".to_owned() } else { format!("the value is {stored:e}") };
    let expected =
        "a finite number within the range of f32; leave such rows out, in every file that has a row for each vector";
    invalid(&header.path, Flaw::new(header.at(row, column), first_of(what, count), expected))
}
