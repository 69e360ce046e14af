//! Writes HDF5 files: equal content gives equal bytes, and under its name a file is whole.

use super::Hdf5Error;
use crate::whole_file::write_whole;
use hdf5_pure::{AttrValue, DatasetBuilder, EnumTypeBuilder, FileBuilder, make_i8_type};
use std::io;
use std::path::Path;

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
    /// Unsigned 8-bit integers.
    U8(&'a [u8]),
    /// Booleans, 0 or 1: stored as h5py stores them.
    Bits(&'a [u8]),
    /// Text of variable length.
    Text(&'a [&'a str]),
}

/// Gathers the content of a file and writes it.
#[derive(Default)]
pub struct Hdf5Writer<'a> {
    attributes: Vec<(String, AttrValue)>,
    arrays: Vec<PendingArray<'a>>,
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

    /// Sets a boolean attribute of the root, stored as 0 or 1: readers ask only whether it is true.
    pub fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        self.attributes.push((name.into(), AttrValue::U8(u8::from(value))));
        self
    }

    /// Adds an array to the root, or to a group if the name has the form `group/name`.
    pub fn array(&mut self, name: &str, shape: &[usize], values: Values<'a>) -> &mut Self {
        let (group, name) = name.rsplit_once('/').unwrap_or(("", name));
        let shape = shape.iter().map(|&n| n as u64).collect();
        let (group, name) = (group.to_owned(), name.to_owned());
        self.arrays.push(PendingArray { group, name, shape, values, attributes: Vec::new() });
        self
    }

    /// Sets a text attribute of the array added last.
    pub fn array_text(&mut self, key: &str, value: &str) -> &mut Self {
        if let Some(array) = self.arrays.last_mut() {
            array.attributes.push((key.into(), AttrValue::VarLenString(value.into())));
        }
        self
    }

    /// Writes the file beside its place and renames it, so that under its name it is whole or not there.
    ///
    /// # Errors
    /// [`Hdf5Error::Io`].
    pub fn write(&self, path: &Path) -> Result<(), Hdf5Error> {
        self.write_by(path, write_whole)
    }

    /// Lets `write` put the bytes at the path.
    ///
    /// # Errors
    /// [`Hdf5Error::Io`].
    pub(crate) fn write_by(
        &self,
        path: &Path,
        write: impl FnOnce(&Path, &[u8]) -> io::Result<()>,
    ) -> Result<(), Hdf5Error> {
        let io = |source| Hdf5Error::Io { path: path.to_owned(), source };
        let bytes = self.bytes().map_err(|error| io(io::Error::other(error.to_string())))?;
        write(path, &bytes).map_err(io)
    }

    fn bytes(&self) -> Result<Vec<u8>, hdf5_pure::Error> {
        let mut file = FileBuilder::new();
        for (name, value) in &self.attributes {
            file.set_attr(name, value.clone());
        }
        let mut groups: Vec<&str> = self.arrays.iter().map(|array| array.group.as_str()).collect();
        groups.sort_unstable();
        groups.dedup();
        for group in groups {
            let arrays = self.arrays.iter().filter(|array| array.group == group);
            if group.is_empty() {
                for array in arrays {
                    array.fill(file.create_dataset(&array.name))?;
                }
            } else {
                let mut builder = file.create_group(group);
                for array in arrays {
                    array.fill(builder.create_dataset(&array.name))?;
                }
                file.add_group(builder.finish());
            }
        }
        file.finish()
    }
}

/// The most values along one dimension of a chunk. hdf5-pure writes a longer one as a number of 4 bytes where 3 would do, and
/// HDF5 2.0 refuses such a file.
const LONGEST_CHUNK: u64 = 65_535;

/// An array that is not written yet.
struct PendingArray<'a> {
    /// Its group; empty for the root.
    group: String,
    name: String,
    shape: Vec<u64>,
    values: Values<'a>,
    attributes: Vec<(String, AttrValue)>,
}

impl PendingArray<'_> {
    fn fill(&self, dataset: &mut DatasetBuilder) -> Result<(), hdf5_pure::Error> {
        let shape = &self.shape;
        match self.values {
            Values::F32(values) => dataset.with_f32_data(values),
            Values::F64(values) => dataset.with_f64_data(values),
            Values::I32(values) => dataset.with_i32_data(values),
            Values::I64(values) => dataset.with_i64_data(values),
            Values::I8(values) => dataset.with_i8_data(values),
            Values::U8(values) => dataset.with_u8_data(values),
            Values::Bits(values) => {
                let boolean = EnumTypeBuilder::with_base(make_i8_type()).value("FALSE", 0).value("TRUE", 1).build()?;
                dataset.with_enum_u8_data(boolean, values)
            }
            Values::Text(values) => dataset.with_vlen_strings(values),
        };
        dataset.with_shape(shape);
        // Compression gains nothing for small arrays, and HDF5 cannot compress texts of variable length.
        if shape.iter().product::<u64>() >= 4096 && !matches!(self.values, Values::Text(_)) {
            let row: u64 = shape[1..].iter().product();
            let mut chunk = shape.clone();
            chunk[0] = (65_536 / row.max(1)).clamp(1, shape[0]);
            chunk.iter_mut().for_each(|length| *length = (*length).min(LONGEST_CHUNK));
            dataset.with_chunks(&chunk).with_shuffle().with_deflate(4);
        }
        for (key, value) in &self.attributes {
            dataset.set_attr(key, value.clone());
        }
        Ok(())
    }
}
