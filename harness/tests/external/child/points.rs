//! Points as the protocol hands them over, and how far apart they are.

use serde_json::Value;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

/// An array in a file.
pub struct Array {
    pub path: String,
    pub offset: u64,
    pub dtype: String,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

impl Array {
    pub fn new(value: &Value) -> Self {
        let numbers = |name: &str| -> Vec<usize> {
            let numbers = value[name].as_array().unwrap_or_else(|| panic!("no {name} in {value}"));
            numbers.iter().map(|number| number.as_u64().expect("a whole number") as usize).collect()
        };
        let text = |name: &str| value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned();
        Self {
            path: text("path"),
            offset: value["offset"].as_u64().expect("an offset"),
            dtype: text("dtype"),
            shape: numbers("shape"),
            strides: numbers("strides"),
        }
    }

    /// Where a row begins in the file.
    pub fn begin(&self, row: usize) -> u64 {
        self.offset + (row * self.strides[0]) as u64
    }

    /// The bytes of a row, without its padding.
    pub fn row(&self, file: &mut File, row: usize) -> Vec<u8> {
        let columns = self.shape.get(1).copied().unwrap_or(1);
        let mut bytes = vec![0; columns * self.strides.last().copied().unwrap_or(0)];
        file.seek(SeekFrom::Start(self.begin(row))).expect("a place");
        file.read_exact(&mut bytes).expect("a row");
        bytes
    }

    /// All rows.
    fn rows(&self) -> Vec<Vec<u8>> {
        let mut file = File::open(&self.path).expect("the file of an array");
        (0..self.shape[0]).map(|row| self.row(&mut file, row)).collect()
    }
}

fn words<const WIDTH: usize, T>(bytes: &[u8], of: impl Fn([u8; WIDTH]) -> T) -> Vec<T> {
    bytes.as_chunks::<WIDTH>().0.iter().map(|&word| of(word)).collect()
}

/// A flat array.
fn flat<const WIDTH: usize, T>(value: &Value, dtype: &str, of: impl Fn([u8; WIDTH]) -> T) -> Vec<T> {
    let array = Array::new(value);
    assert_eq!((array.dtype.as_str(), &array.strides[..]), (dtype, &[WIDTH][..]), "{value}");
    words(&array.rows().concat(), of)
}

/// A matrix of whole numbers, row by row.
pub fn ids(value: &Value) -> Vec<Vec<i32>> {
    Array::new(value).rows().iter().map(|row| words(row, i32::from_le_bytes)).collect()
}

/// Points of any type.
pub enum Points {
    Dense(Vec<Vec<f32>>),
    Bits(Vec<Vec<u8>>),
    Sets(Vec<Vec<u32>>),
    Sparse(Vec<Vec<(i32, f32)>>),
}

impl Points {
    pub fn read(value: &Value) -> Self {
        let parts = |count: usize| -> Vec<std::ops::Range<usize>> {
            let offsets = flat(&value["offsets"], "<u8", u64::from_le_bytes);
            let parts: Vec<_> = offsets.windows(2).map(|ends| ends[0] as usize..ends[1] as usize).collect();
            assert_eq!(parts.last().map_or(0, |last| last.end), count, "the last offset");
            parts
        };
        if value["members"].is_object() {
            let members = flat(&value["members"], "<u4", u32::from_le_bytes);
            return Self::Sets(parts(members.len()).into_iter().map(|part| members[part].to_vec()).collect());
        }
        if value["columns"].is_object() {
            let columns = flat(&value["columns"], "<i4", i32::from_le_bytes);
            let values = flat(&value["values"], "<f4", f32::from_le_bytes);
            let row = |part: std::ops::Range<usize>| part.map(|at| (columns[at], values[at])).collect();
            return Self::Sparse(parts(columns.len()).into_iter().map(row).collect());
        }
        let array = Array::new(value);
        match array.dtype.as_str() {
            "<f4" => Self::Dense(array.rows().iter().map(|row| words(row, f32::from_le_bytes)).collect()),
            "|u1" => Self::Bits(array.rows()),
            other => panic!("points of {other}"),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Dense(rows) => rows.len(),
            Self::Bits(rows) => rows.len(),
            Self::Sets(rows) => rows.len(),
            Self::Sparse(rows) => rows.len(),
        }
    }

    /// Between the point `i` and the point `j` of others.
    pub fn distance(&self, i: usize, others: &Self, j: usize, distance: &str) -> f64 {
        match (self, others, distance) {
            (Self::Dense(a), Self::Dense(b), "euclidean") => {
                a[i].iter().zip(&b[j]).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum()
            }
            (Self::Dense(a), Self::Dense(b), "angular") => {
                1.0 - product(&a[i], &b[j]) / (product(&a[i], &a[i]) * product(&b[j], &b[j])).sqrt()
            }
            (Self::Dense(a), Self::Dense(b), "ip") => -product(&a[i], &b[j]),
            (Self::Bits(a), Self::Bits(b), "hamming") => {
                a[i].iter().zip(&b[j]).map(|(x, y)| f64::from((x ^ y).count_ones())).sum()
            }
            (Self::Sets(a), Self::Sets(b), "jaccard") => {
                let common = a[i].iter().filter(|member| b[j].contains(member)).count();
                1.0 - common as f64 / (a[i].len() + b[j].len() - common).max(1) as f64
            }
            (Self::Sparse(a), Self::Sparse(b), "ip") => {
                let of = |column: i32| b[j].iter().find(|(other, _)| *other == column).map_or(0.0, |(_, value)| *value);
                -a[i].iter().map(|&(column, value)| f64::from(value) * f64::from(of(column))).sum::<f64>()
            }
            _ => panic!("no distance {distance} of these points"),
        }
    }
}

fn product(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}
