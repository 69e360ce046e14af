//! Where a program finds the base points.

use super::arrays::{array, highest_first};
use serde_json::{Map, Value, json};
use std::io;
use std::path::Path;
use swath_algorithms::Points;
use swath_datasets::prepared::{self, PlacedArray};
use swath_datasets::whole_file;

/// The base points, and what else of a dataset a program may see, as the protocol names them.
#[derive(Clone, Debug)]
pub struct BasePlace {
    /// The points.
    pub base: Value,
    /// Links and groups, if the dataset has them.
    pub others: Map<String, Value>,
}

/// The name of a link to the dataset's file, in a program's folder.
const LINK: &str = "swath-dataset";

/// The name of a file with the bits of base points, in a program's folder.
const BITS: &str = "swath-bits";

impl BasePlace {
    /// The points in a prepared dataset's file, for a program that works in `folder`. The program maps the same file as swath. Bits lie there in
    /// another order, and are written into the folder.
    ///
    /// # Errors
    /// The file cannot be read, or the folder not be written.
    pub fn new(file: &Path, points: &Points, groups: &[String], folder: &Path) -> io::Result<Self> {
        // The program works in another folder.
        let file = &std::path::absolute(file)?;
        let placed = prepared::placed(file).map_err(io::Error::other)?;
        let path = if let Some(path) = file.to_str() {
            path.to_owned()
        } else {
            link(file, &folder.join(LINK))?;
            LINK.to_owned()
        };
        let find = |name: &str| placed.iter().find(|array| array.name == name);
        let lacks = |name: &str| io::Error::other(format!("the dataset's file has no `{name}`"));
        let flat = |name: &str, dtype: &str, width: usize| -> io::Result<Value> {
            let PlacedArray { offset, bytes, .. } = find(name).ok_or_else(|| lacks(name))?;
            Ok(array(&path, *offset, dtype, &[*bytes as usize / width], &[width]))
        };
        let n = points.len();
        let base = match points {
            Points::Dense(vectors) => {
                let PlacedArray { offset, bytes, .. } = find("train").ok_or_else(|| lacks("train"))?;
                array(&path, *offset, "<f4", &[n, vectors.dim()], &[*bytes as usize / n.max(1), 4])
            }
            Points::Bits(bits) => {
                let width = bits.dim().div_ceil(8);
                whole_file::write_whole(&folder.join(BITS), &highest_first(points))?;
                array(BITS, 0, "|u1", &[n, width], &[width, 1])
            }
            Points::Sets(_) => {
                json!({ "members": flat("train", "<u4", 4)?, "offsets": flat("train_offsets", "<u8", 8)? })
            }
            Points::Sparse(_) => json!({
                "offsets": flat("train_offsets", "<u8", 8)?,
                "columns": flat("train_columns", "<i4", 4)?,
                "values": flat("train", "<f4", 4)?,
            }),
        };
        let mut others = Map::new();
        if let Some(PlacedArray { offset, bytes, .. }) = find("links") {
            others.insert("links".into(), array(&path, *offset, "<i4", &[*bytes as usize / 8, 2], &[8, 4]));
        }
        let of_kind = |(number, kind): (usize, &String)| {
            let name = format!("groups_{number}");
            flat(&name, "<i4", 4)
                .ok()
                .map(|array| (if kind.is_empty() { "group".to_owned() } else { kind.clone() }, array))
        };
        let groups: Map<String, Value> = groups.iter().enumerate().filter_map(of_kind).collect();
        if !groups.is_empty() {
            others.insert("groups".into(), groups.into());
        }
        Ok(Self { base, others })
    }
}

#[cfg(unix)]
fn link(file: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(file, link)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::other("the dataset's path is not UTF-8"))
}
