//! Tells how a file stores its points, by its attributes and the shapes and types of its arrays.

use super::reader::OpenDataset;
use crate::check;
use crate::format::DatasetError;
use crate::hdf5_file::{Attribute, ElementKind};
use std::collections::HashMap;
use swath_algorithms::Distance;
use swath_algorithms::points::PointType;

/// How points are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PointLayout {
    /// A row of numbers for each vector.
    Vectors,
    /// A row of 0 and 1, or of booleans, for each string of bits.
    BitMatrix,
    /// A row of bytes for each string of bits, eight bits a byte, as VIBE stores them: the first bit is the highest of its
    /// byte, as numpy's `packbits` has it.
    PackedBits,
    /// The members of all sets one after another, and the size of each set.
    FlatSets,
    /// A row of booleans for each set: ann-benchmarks' first form.
    SetMatrix,
    /// A group with compressed rows for each of `train` and `test`.
    CompressedGroups,
}

impl PointLayout {
    /// The type of the points.
    pub(super) fn kind(self) -> PointType {
        match self {
            Self::Vectors => PointType::Dense,
            Self::BitMatrix | Self::PackedBits => PointType::Bits,
            Self::FlatSets | Self::SetMatrix => PointType::Sets,
            Self::CompressedGroups => PointType::Sparse,
        }
    }
}

/// The points of a file: how they are stored, and how many there are.
pub(super) struct PointArrays {
    pub layout: PointLayout,
    /// Base points.
    pub train: usize,
    /// Queries.
    pub test: usize,
    pub dim: usize,
    /// Members of all sets, or values of all sparse vectors, in `train` and `test`; 0 of others.
    pub members: [usize; 2],
}

/// Names of the arrays of a group with compressed rows.
pub(super) struct GroupNames {
    pub offsets: String,
    pub columns: String,
    pub values: String,
    shape: String,
}

impl OpenDataset {
    /// Finds the points.
    pub(super) fn points(
        &self,
        distance: Distance,
        attributes: &HashMap<String, Attribute>,
        notes: &mut Vec<String>,
    ) -> Result<PointArrays, DatasetError> {
        let is_sparse = self.is_sparse(distance, attributes)?;
        let stated = self.stated_dimension(attributes)?;
        match distance {
            Distance::Jaccard if is_sparse || self.file.has("size_train") => self.flat_sets(stated, notes),
            Distance::Jaccard => {
                self.check_set_sizes()?;
                self.matrix(PointLayout::SetMatrix, stated)
            }
            Distance::Hamming => self.bits(stated, notes),
            Distance::InnerProduct if is_sparse || self.file.is_group("train") => self.groups(stated),
            Distance::Euclidean | Distance::Angular | Distance::InnerProduct => {
                self.matrix(PointLayout::Vectors, stated)
            }
        }
    }

    /// Whether the attribute `type` says that the points are sparse.
    fn is_sparse(&self, distance: Distance, attributes: &HashMap<String, Attribute>) -> Result<bool, DatasetError> {
        let Some(kind) = attributes.get("type") else { return Ok(false) };
        let may_be = matches!(distance, Distance::Jaccard | Distance::InnerProduct);
        match kind.text() {
            Some("dense") => Ok(false),
            Some("sparse") if may_be => Ok(true),
            Some("sparse") => {
                let expected = format!(
                    "\"dense\" for the distance `{distance}`: sets have the distance `jaccard`, and sparse vectors `ip`"
                );
                Err(self.invalid("attribute `type`", "it is \"sparse\"", expected))
            }
            _ => Err(self.invalid("attribute `type`", format!("it is {kind}"), "\"dense\" or \"sparse\"")),
        }
    }

    /// The attribute `dimension`.
    fn stated_dimension(&self, attributes: &HashMap<String, Attribute>) -> Result<Option<usize>, DatasetError> {
        let Some(stated) = attributes.get("dimension").and_then(Attribute::integer) else { return Ok(None) };
        if (1..=i64::from(i32::MAX)).contains(&stated) {
            return Ok(Some(stated as usize));
        }
        Err(self.invalid("attribute `dimension`", format!("it is {stated}"), "at least 1, and below 2^31"))
    }

    /// Checks that sets without sizes have a row each.
    fn check_set_sizes(&self) -> Result<(), DatasetError> {
        let shape = self.file.shape("train").map_err(|error| self.at(error))?;
        let [members] = shape[..] else { return Ok(()) };
        let expected = "rows and columns, or, for sets one after another, their sizes as `size_train`";
        Err(self.invalid("`train`", format!("its shape is {members}"), expected))
    }

    /// A row for each point.
    fn matrix(&self, layout: PointLayout, stated: Option<usize>) -> Result<PointArrays, DatasetError> {
        let arrays = self.rows_and_columns(layout)?;
        if let Some(stated) = stated.filter(|&stated| stated != arrays.dim) {
            let expected = format!("{}, the width of `train`", arrays.dim);
            return Err(self.invalid("attribute `dimension`", format!("it is {stated}"), expected));
        }
        Ok(arrays)
    }

    fn rows_and_columns(&self, layout: PointLayout) -> Result<PointArrays, DatasetError> {
        let train = self.shape("train", 2, None)?;
        let (rows, dim) = (train[0], train[1]);
        if rows == 0 || dim == 0 {
            let found = format!("its shape is {rows} x {dim}");
            return Err(self.invalid("`train`", found, "at least one vector of one value"));
        }
        let test = self.shape("test", 2, None)?;
        check::width(dim, test[1]).map_err(|flaw| self.flaw(flaw))?;
        Ok(PointArrays { layout, train: rows, test: test[0], dim, members: [0; 2] })
    }

    /// Bits: a matrix of 0 and 1, or packed. Packed are bytes with an eighth as many columns as `dimension` says, and bytes of
    /// which one is above 1.
    fn bits(&self, stated: Option<usize>, notes: &mut Vec<String>) -> Result<PointArrays, DatasetError> {
        let arrays = self.rows_and_columns(PointLayout::BitMatrix)?;
        let width = arrays.dim;
        let bytes = |name| self.file.holds_bytes(name).map_err(|error| self.at(error));
        // Of few columns each row still takes a word.
        let words = (arrays.train.max(arrays.test) * width.div_ceil(64)) as u64 * 8;
        if words > self.capacity.of_points() {
            let expected = format!("at most {}", self.capacity.memory);
            return Err(self.invalid("`train` or `test`", format!("its bits need {words} bytes of memory"), expected));
        }
        if !(bytes("train")? && bytes("test")?) {
            return self.matrix(PointLayout::BitMatrix, stated);
        }
        let packed = |dim| PointArrays { layout: PointLayout::PackedBits, dim, ..arrays };
        let wrong =
            |stated: usize, expected| Err(self.invalid("attribute `dimension`", format!("it is {stated}"), expected));
        let (least, most) = (8 * width - 7, 8 * width);
        let fits_bytes = stated.is_some_and(|stated| (least..=most).contains(&stated));
        match stated {
            Some(stated) if stated != width && fits_bytes => Ok(packed(stated)),
            Some(stated) if stated != width => wrong(
                stated,
                format!(
                    "{width}, the width of `train`; or, where eight bits are packed into a byte, {least} to {most}"
                ),
            ),
            // One bit in a byte is stored as 0 and 1, or packed as 0 and 128: all values say which of the two.
            _ if !(self.has_more_than_bits("train", fits_bytes)? || self.has_more_than_bits("test", fits_bytes)?) => {
                Ok(PointArrays { layout: PointLayout::BitMatrix, ..arrays })
            }
            Some(stated) if fits_bytes => Ok(packed(stated)),
            Some(stated) => wrong(
                stated,
                format!(
                    "{least} to {most}: there are bytes above 1, so that each of the {width} bytes in a row holds eight bits"
                ),
            ),
            None => {
                notes.push(format!(
                    "there are bytes above 1 in `train` or `test`: each byte is read as eight bits, so that the dimension is {most}"
                ));
                Ok(packed(most))
            }
        }
    }

    /// Whether one of an array's values is above 1: of all, or of the first.
    fn has_more_than_bits(&self, name: &str, of_all: bool) -> Result<bool, DatasetError> {
        let mut is_more = false;
        let read = self.file.integer_rows(name, ElementKind::Bit, |values| {
            is_more |= values.iter().any(|&value| value > 1);
            of_all && !is_more
        });
        read.map_err(|error| self.at(error))?;
        Ok(is_more)
    }

    /// Sets: members of all, and sizes.
    fn flat_sets(&self, stated: Option<usize>, notes: &mut Vec<String>) -> Result<PointArrays, DatasetError> {
        let length = |name| self.shape(name, 1, None).map(|shape| shape[0]);
        let members = [length("train")?, length("test")?];
        let (train, test) = (length("size_train")?, length("size_test")?);
        if train == 0 {
            return Err(self.invalid("`size_train`", "it is empty", "the size of at least one set"));
        }
        let dim = if let Some(stated) = stated {
            stated
        } else {
            let dim = self.above_all(["train", "test"])?;
            notes.push(format!("the file does not say its dimension: it is taken as the largest member plus 1, {dim}"));
            dim
        };
        Ok(PointArrays { layout: PointLayout::FlatSets, train, test, dim, members })
    }

    /// The smallest number above all values of these arrays, at least 1 and below 2^31: a larger value is found later.
    fn above_all(&self, names: [&str; 2]) -> Result<usize, DatasetError> {
        let mut largest = 0;
        for name in names {
            let read = self.file.integer_rows(name, ElementKind::Member, |values| {
                largest = values.iter().fold(largest, |largest, &value| largest.max(value));
                true
            });
            read.map_err(|error| self.at(error))?;
        }
        Ok((largest.min(i64::from(i32::MAX) - 1) + 1) as usize)
    }

    /// Sparse vectors: groups with compressed rows. Each group may have fewer columns than the other, and than the attribute
    /// `dimension` says.
    fn groups(&self, stated: Option<usize>) -> Result<PointArrays, DatasetError> {
        let [train, test] = [self.group("train")?, self.group("test")?];
        let dim = match stated.or(train.dim.max(test.dim)) {
            Some(dim) => dim,
            None => self.above_all(["train/indices", "test/indices"])?,
        };
        for (name, group) in [("train", &train), ("test", &test)] {
            if let Some(columns) = group.dim.filter(|&columns| columns > dim) {
                let expected = format!("at most {dim}, as the attribute `dimension` says");
                return Err(self.invalid(&format!("`{name}/shape`"), format!("it has {columns} columns"), expected));
            }
        }
        if train.rows == 0 {
            return Err(self.invalid("`train`", "it is empty", "at least one vector"));
        }
        let members = [train.values, test.values];
        Ok(PointArrays { layout: PointLayout::CompressedGroups, train: train.rows, test: test.rows, dim, members })
    }

    /// Columns of a group as its `shape` says.
    pub(super) fn own_columns(&self, group: &str) -> Result<Option<usize>, DatasetError> {
        Ok(self.group(group)?.dim)
    }

    /// Names of the arrays in a group with compressed rows.
    pub(super) fn group_names(&self, group: &str) -> GroupNames {
        let [data, values] = ["data", "values"].map(|name| format!("{group}/{name}"));
        let values = if self.file.has(&data) { data } else { values };
        let [offsets, columns, shape] = ["indptr", "indices", "shape"].map(|name| format!("{group}/{name}"));
        GroupNames { offsets, columns, values, shape }
    }

    fn group(&self, name: &str) -> Result<GroupSizes, DatasetError> {
        if !self.file.is_group(name) {
            let expected = "a group with `indptr`, `indices` and `data`, as its vectors are sparse";
            return Err(self.invalid(&format!("`{name}`"), "it is no group", expected));
        }
        let names = self.group_names(name);
        let length = |name: &str| self.shape(name, 1, None).map(|shape| shape[0]);
        let (offsets, values) = (length(&names.offsets)?, length(&names.columns)?);
        let rows = offsets.saturating_sub(1);
        if !self.file.has(&names.shape) {
            return Ok(GroupSizes { rows, dim: None, values });
        }
        let shape = self.file.integers(&names.shape).map_err(|error| self.at(error))?;
        let rows_by = format!("{rows}, one less than the values in `{}`, by", names.offsets);
        let expected = match shape[..] {
            [n, dim] if n == rows as i64 && (1..=i64::from(i32::MAX)).contains(&dim) => {
                return Ok(GroupSizes { rows, dim: Some(dim as usize), values });
            }
            [n, _] if n == rows as i64 => format!("{rows_by} 1 to 2^31 - 1 columns"),
            _ => format!("{rows_by} the number of columns"),
        };
        let found = shape.iter().take(4).map(i64::to_string).collect::<Vec<_>>().join(" x ");
        Err(self.invalid(&format!("`{}`", names.shape), format!("it is {found}"), expected))
    }
}

/// Sizes of a group with compressed rows.
struct GroupSizes {
    rows: usize,
    /// Columns, if the group says.
    dim: Option<usize>,
    values: usize,
}
