//! Hugging Face's `.safetensors` files: the length of the header as uint64, the header as JSON, then the tensors, little-endian
//! and row after row.

use super::bytes::Span;
use super::stored::{Layout, StoredMatrix};
use super::{ArrayFile, ArrayFormat, MatrixHeader, choose, invalid};
use crate::bounded;
use crate::format::DatasetError;
use crate::number::{NumberForm, NumberType};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// The header may have this many bytes: its authors allow no more.
const LONGEST_HEADER: u64 = 100_000_000;

/// Types of tensors that are read.
const FORMS: [(&str, NumberForm); 13] = [
    ("BOOL", NumberForm::Bool),
    ("F16", NumberForm::Half),
    ("BF16", NumberForm::Bfloat16),
    ("F32", NumberForm::Single),
    ("F64", NumberForm::Double),
    ("I8", NumberForm::Signed(1)),
    ("I16", NumberForm::Signed(2)),
    ("I32", NumberForm::Signed(4)),
    ("I64", NumberForm::Signed(8)),
    ("U8", NumberForm::Unsigned(1)),
    ("U16", NumberForm::Unsigned(2)),
    ("U32", NumberForm::Unsigned(4)),
    ("U64", NumberForm::Unsigned(8)),
];

/// Hugging Face's tensors.
pub struct Safetensors;

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

impl ArrayFormat for Safetensors {
    fn name(&self) -> &'static str {
        "safetensors"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["safetensors"]
    }

    fn sniff(&self, start: &[u8]) -> bool {
        let length = start.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
        (2..=LONGEST_HEADER).contains(&length) && start.get(8..10) == Some(b"{\"")
    }

    fn open(&self, path: &Path, part: Option<&str>) -> Result<ArrayFile, DatasetError> {
        let io = |source| DatasetError::Io { path: path.to_owned(), source };
        let (file, size) = bounded::open(path).map_err(io)?;
        let mut bytes = Span::new(&Arc::new(file), 0, size);
        let wrong = |found: String| invalid(path, "the header", found, "a whole safetensors file: copy it again");
        let mut length = [0; 8];
        if size < 8 {
            return Err(wrong(format!("the file has {size} bytes")));
        }
        bytes.read_exact(&mut length).map_err(io)?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_HEADER.min(size - 8) {
            return Err(wrong(format!("it says that it has {length} bytes; the file has {size}")));
        }
        let mut text = vec![0; length as usize];
        bytes.read_exact(&mut text).map_err(io)?;
        let values = bytes;
        let tensors: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&text).map_err(|error| wrong(format!("it is not understood ({error})")))?;
        let tensors = tensors.into_iter().filter(|(name, _)| name != "__metadata__");
        let tensors = tensors.map(|(name, tensor)| {
            let tensor = serde_json::from_value::<Tensor>(tensor);
            tensor
                .map(|tensor| (name.clone(), tensor))
                .map_err(|error| wrong(format!("`{name}` is not understood ({error})")))
        });
        let mut tensors = tensors.collect::<Result<Vec<_>, _>>()?;
        let described =
            |(name, tensor): &(String, Tensor)| (name.clone(), format!("{} {:?}", tensor.dtype, tensor.shape));
        let described: Vec<_> = tensors.iter().map(described).collect();
        let (name, tensor) = tensors.swap_remove(choose(path, "tensor", part, &described)?);
        matrix(path, name, &tensor, &values).map(ArrayFile::from)
    }
}

/// The matrix in a tensor. `values` begin behind the header.
fn matrix(path: &Path, name: String, tensor: &Tensor, values: &Span) -> Result<StoredMatrix, DatasetError> {
    let Tensor { dtype, shape, data_offsets: [start, end] } = tensor;
    let wrong = |found: String, expected: &str| invalid(path, format!("`{name}`"), found, expected);
    let Some(&(_, form)) = FORMS.iter().find(|(known, _)| known == dtype) else {
        let known = FORMS.map(|(name, _)| name).join(", ");
        return Err(wrong(format!("it holds elements of the type {dtype}"), &format!("one of {known}")));
    };
    let (rows, columns) = match shape[..] {
        [rows] => (rows, 1),
        [rows, columns] if columns > 0 => (rows, columns),
        _ => return Err(wrong(format!("its shape is {shape:?}"), "one dimension, or two and at least one column")),
    };
    let number = NumberType::little_endian(form);
    let needed = u128::from(rows) * u128::from(columns);
    let needed = needed.saturating_mul(number.bytes() as u128);
    let left = values.end - values.at;
    let (Ok(rows), Ok(columns)) = (usize::try_from(rows), usize::try_from(columns)) else {
        return Err(wrong(format!("its shape is {shape:?}"), "an array that a disk can hold"));
    };
    if start > end || *end > left || needed != u128::from(end - start) {
        let found = format!("its shape {shape:?} needs {needed} bytes; it has those from {start} to {end} of {left}");
        return Err(wrong(found, "a whole safetensors file: copy it again"));
    }
    let bytes = values.from(values.at + start).into();
    let header = MatrixHeader { path: path.to_owned(), part: Some(name), rows, columns, form, notes: Vec::new() };
    Ok(StoredMatrix { header, number, layout: Layout::Rows, bytes })
}
