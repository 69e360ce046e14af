//! Reads the points of a dataset, by the layout that they are stored in.

use super::layout::{PointArrays, PointLayout};
use super::reader::OpenDataset;
use crate::check::{first_of, no_room};
use crate::format::DatasetError;
use crate::format::bit_rows::{BitRows, SetRows};
use crate::format::compressed_rows::{CompressedRows, NumbersBelow, RowNames, offsets, offsets_of_lengths};
use crate::hdf5_file::ElementKind;
use std::io;
use swath_algorithms::points::vectors::Builder;
use swath_algorithms::points::{Bits, Filling, Sets, Space, SparseVectors};
use swath_algorithms::{Points, PointsError, Vectors};

/// What limits members and columns.
const BELOW_DIMENSION: &str = "a number below the dimension";

impl OpenDataset {
    /// The points of the array `name`, `train` or `test`.
    pub(super) fn read_points(
        &self,
        name: &str,
        arrays: &PointArrays,
        space: &Space,
        notes: &mut Vec<String>,
    ) -> Result<Points, DatasetError> {
        Ok(match arrays.layout {
            PointLayout::Vectors => self.vectors(name, space)?.into(),
            PointLayout::BitMatrix => self.bit_matrix(name, arrays.dim, space)?.into(),
            PointLayout::PackedBits => self.packed_bits(name, arrays.dim, space)?.into(),
            PointLayout::FlatSets => self.flat_sets_of(name, arrays.dim, space, notes)?.into(),
            PointLayout::SetMatrix => self.set_matrix(name, arrays.dim, space)?.into(),
            PointLayout::CompressedGroups => self.compressed_group(name, arrays.dim, space, notes)?.into(),
        })
    }

    /// Checks by sizes alone that the points could be read.
    pub(super) fn can_read_points(&self, layout: PointLayout) -> Result<(), DatasetError> {
        for name in ["train", "test"] {
            let group = self.group_names(name);
            let size = format!("size_{name}");
            // The array that is read whole, and those that are read some rows at a time.
            let (whole, by_rows): (Option<&str>, &[(&str, ElementKind)]) = match layout {
                PointLayout::Vectors => (None, &[(name, ElementKind::Number)]),
                PointLayout::BitMatrix | PointLayout::PackedBits | PointLayout::SetMatrix => {
                    (None, &[(name, ElementKind::Bit)])
                }
                PointLayout::FlatSets => (Some(&size), &[(name, ElementKind::Member)]),
                PointLayout::CompressedGroups => (
                    Some(&group.offsets),
                    &[(&group.columns, ElementKind::Member), (&group.values, ElementKind::Number)],
                ),
            };
            let whole = whole.map_or(Ok(()), |name| self.file.can_read(name, ElementKind::Integer));
            let by_rows = || by_rows.iter().try_for_each(|(name, kind)| self.file.can_read_rows(name, *kind));
            whole.and_then(|()| by_rows()).map_err(|error| self.at(error))?;
        }
        Ok(())
    }

    fn vectors(&self, name: &str, space: &Space) -> Result<Vectors, DatasetError> {
        let shape = self.shape(name, 2, None)?;
        let dim = shape[1];
        let refused = |error| match error {
            PointsError::NotFinite { row, column, value } => {
                let mut count = 0;
                // The array was read before.
                let _ = self.file.f32_rows(name, |rows| {
                    count += rows.iter().filter(|value| !value.is_finite()).count();
                    true
                });
                // A value beyond the range of f32 is shown as it is in the file.
                let stored = self.file.f64s(name).ok().and_then(|stored| stored.get(row * dim + column).copied());
                let at = format!("`{name}`, row {row}, column {column}");
                let found = format!("the value is {:e}", stored.unwrap_or_else(|| f64::from(value)));
                self.invalid(&at, first_of(found, count), "a finite number within the range of f32")
            }
            other => self.not_points(name, &other),
        };
        // Memory is reserved only after the file is known to hold the values.
        self.file.can_read_rows(name, ElementKind::Number).map_err(|error| self.at(error))?;
        let mut vectors = Builder::in_space(space, shape[0], dim).map_err(refused)?;
        let mut flaw = None;
        let read = self.file.f32_rows(name, |rows| {
            flaw = vectors.push(rows).err();
            flaw.is_none()
        });
        read.map_err(|error| self.at(error))?;
        flaw.map_or_else(|| Ok(vectors.finish()), |flaw| Err(refused(flaw)))
    }

    /// A matrix of 0 and 1, packed into words.
    fn bit_matrix(&self, name: &str, dim: usize, space: &Space) -> Result<Bits, DatasetError> {
        let mut bits = self.room_for_bits(name, dim, space)?;
        let expected = "0 or 1; or, where eight bits are packed into a byte, their number as attribute `dimension`";
        self.each_bit_row(name, dim, expected, |row| bits.push(row))?;
        bits.finish().map_err(|error| self.not_points(name, &error))
    }

    /// A matrix of 0 and 1, each row a set of columns.
    fn set_matrix(&self, name: &str, dim: usize, space: &Space) -> Result<Sets, DatasetError> {
        let rows = self.shape(name, 2, None)?[0];
        self.file.can_read_rows(name, ElementKind::Bit).map_err(|error| self.at(error))?;
        let mut sets = SetRows::new(rows, dim, space).map_err(|error| self.no_room(name, &error))?;
        let expected = "0 or 1, for each member whether the set has it; or the members of all sets, with their number in \
                        `size_train` and `size_test`";
        self.each_bit_row(name, dim, expected, |row| sets.push(row))?;
        sets.finish().map_err(|error| self.not_points(name, &error))
    }

    /// Calls `each` with the rows of a matrix, after a check that all values are 0 or 1. `each` fails where there is no room.
    fn each_bit_row(
        &self,
        name: &str,
        dim: usize,
        expected: &str,
        mut each: impl FnMut(&[i64]) -> io::Result<()>,
    ) -> Result<(), DatasetError> {
        let (mut row, mut flaw) = (0, None);
        let read = self.file.integer_rows(name, ElementKind::Bit, |values| {
            if let Some(at) = values.iter().position(|value| !(0..=1).contains(value)) {
                let (row, column) = (row + at / dim, at % dim);
                let at_value = format!("`{name}`, row {row}, column {column}");
                flaw = Some(self.invalid(&at_value, format!("the value is {}", values[at]), expected));
                return false;
            }
            flaw = values.chunks_exact(dim).try_for_each(&mut each).err().map(|error| self.no_room(name, &error));
            row += values.len() / dim;
            flaw.is_none()
        });
        read.map_err(|error| self.at(error))?;
        flaw.map_or(Ok(()), Err)
    }

    /// Rows of bytes with eight bits each, the first the highest.
    fn packed_bits(&self, name: &str, dim: usize, space: &Space) -> Result<Bits, DatasetError> {
        let width = self.shape(name, 2, None)?[1];
        let (mut bits, mut full) = (self.room_for_bits(name, dim, space)?, None);
        let read = self.file.integer_rows(name, ElementKind::Bit, |values| {
            full = values.chunks_exact(width).try_for_each(|row| bits.push_packed(row)).err();
            full.is_none()
        });
        read.map_err(|error| self.at(error))?;
        full.map_or(Ok(()), |error| Err(self.no_room(name, &error)))?;
        bits.finish().map_err(|error| match error {
            PointsError::BitBeyondDimension { row, dim } => self.invalid(
                &format!("`{name}`, row {row}"),
                format!("a bit after its last, {dim}, is set"),
                "0 for the bits that fill up the last byte; or another attribute `dimension`",
            ),
            other => self.not_points(name, &other),
        })
    }

    /// Room for rows of `dim` bits, after a check that the file holds the rows and that there may be so many words.
    fn room_for_bits(&self, name: &str, dim: usize, space: &Space) -> Result<BitRows, DatasetError> {
        let rows = self.shape(name, 2, None)?[0];
        self.file.can_read_rows(name, ElementKind::Bit).map_err(|error| self.at(error))?;
        let needed = (rows * dim.div_ceil(64)) as u64 * 8;
        if needed > self.capacity.of_points() {
            let found = format!("its bits need {needed} bytes of memory");
            return Err(self.invalid(&format!("`{name}`"), found, format!("at most {}", self.capacity.memory)));
        }
        BitRows::new(rows, dim, space).map_err(|error| self.no_room(name, &error))
    }

    fn flat_sets_of(
        &self,
        name: &str,
        dim: usize,
        space: &Space,
        notes: &mut Vec<String>,
    ) -> Result<Sets, DatasetError> {
        let lengths = format!("size_{name}");
        let names = RowNames { numbers: name, lengths: &lengths, bound: BELOW_DIMENSION };
        let sizes = self.file.integers(&lengths).map_err(|error| self.at(error))?;
        let total = self.shape(name, 1, None)?[0];
        let offsets = offsets_of_lengths(names, &sizes, total).map_err(|flaw| self.flaw(flaw))?;
        let numbers = self.numbers_below(name, dim, total, space)?;
        CompressedRows { names, numbers, offsets }.sets(notes).map_err(|flaw| self.flaw(flaw))
    }

    fn compressed_group(
        &self,
        name: &str,
        dim: usize,
        space: &Space,
        notes: &mut Vec<String>,
    ) -> Result<SparseVectors, DatasetError> {
        let group = self.group_names(name);
        // The group's own shape may have fewer columns than the dataset.
        let own = self.own_columns(name)?;
        let bound = own.map_or_else(
            || BELOW_DIMENSION.to_owned(),
            |own| format!("`{name}/shape` says that there are {own} columns"),
        );
        let names = RowNames { numbers: &group.columns, lengths: &group.offsets, bound: &bound };
        let stored = self.file.integers(&group.offsets).map_err(|error| self.at(error))?;
        let total = self.shape(&group.columns, 1, None)?[0];
        let numbers = self.numbers_below(&group.columns, own.unwrap_or(dim), total, space)?;
        let offsets = offsets(names, &stored, numbers.len()).map_err(|flaw| self.flaw(flaw))?;
        let values = self.values(&group.values, space)?;
        let rows = CompressedRows { names, numbers, offsets };
        Ok(rows.sparse(&group.values, values, notes).map_err(|flaw| self.flaw(flaw))?.with_dim(dim))
    }

    /// The members or columns in an array of `total`.
    fn numbers_below(&self, name: &str, dim: usize, total: usize, space: &Space) -> Result<NumbersBelow, DatasetError> {
        // Room is reserved only after the file is known to hold the numbers.
        self.file.can_read_rows(name, ElementKind::Member).map_err(|error| self.at(error))?;
        let mut numbers = NumbersBelow::new(dim, total, space).map_err(|error| self.no_room(name, &error))?;
        let mut full = None;
        let read = self.file.integer_rows(name, ElementKind::Member, |values| {
            full = numbers.push(values).err();
            full.is_none()
        });
        read.map_err(|error| self.at(error))?;
        full.map_or(Ok(numbers), |error| Err(self.no_room(name, &error)))
    }

    /// The values of sparse vectors in an array.
    fn values(&self, name: &str, space: &Space) -> Result<Filling<f32>, DatasetError> {
        let total = self.shape(name, 1, None)?[0];
        self.file.can_read_rows(name, ElementKind::Number).map_err(|error| self.at(error))?;
        let mut values = Filling::with_capacity(space, total).map_err(|error| self.no_room(name, &error))?;
        let mut full = None;
        let read = self.file.f32_rows(name, |rows| {
            full = values.extend(rows).err();
            full.is_none()
        });
        read.map_err(|error| self.at(error))?;
        full.map_or(Ok(values), |error| Err(self.no_room(name, &error)))
    }

    fn not_points(&self, name: &str, error: &PointsError) -> DatasetError {
        if let PointsError::NoRoom { reason } = error {
            return self.no_room(name, reason);
        }
        self.invalid(&format!("`{name}`"), error.to_string(), "rows of equal length")
    }

    fn no_room(&self, name: &str, reason: &dyn std::fmt::Display) -> DatasetError {
        self.flaw(no_room(&format!("`{name}`"), reason))
    }
}
