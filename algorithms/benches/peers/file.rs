//! Files that the scripts write: little-endian values and nothing else.

use serde_json::Value;

/// The values of the file at this path.
fn values<const SIZE: usize, T>(path: &Value, of_bytes: impl Fn([u8; SIZE]) -> T) -> Vec<T> {
    let path = path.as_str().expect("a path");
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (values, rest) = bytes.as_chunks();
    assert!(rest.is_empty(), "{path} ends within a value");
    values.iter().map(|&bytes| of_bytes(bytes)).collect()
}

/// Vectors, row after row.
pub fn floats(path: &Value) -> Vec<f32> {
    values(path, f32::from_le_bytes)
}

/// Members of sets, set after set.
pub fn members(path: &Value) -> Vec<u32> {
    values(path, u32::from_le_bytes)
}

/// Bits packed into words, row after row.
pub fn words(path: &Value) -> Vec<u64> {
    values(path, u64::from_le_bytes)
}
