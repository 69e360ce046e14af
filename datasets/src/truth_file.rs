//! Writes true neighbours as big-ann-benchmarks stores them.

use crate::dataset::{NO_ID, Neighbors};
use crate::whole_file;
use std::io;
use std::path::Path;

/// Writes the numbers of queries and of neighbours as uint32, the ids as uint32 (4294967295 where there is none), row after row, and
/// the distances as float32, all little-endian. [`array_file::truth`](crate::array_file::truth) reads it. No other file is replaced.
///
/// # Errors
/// The file system's refusal; [`io::ErrorKind::AlreadyExists`] if the file exists.
pub fn write(path: &Path, neighbors: &Neighbors) -> io::Result<()> {
    let count = neighbors.count;
    let queries = neighbors.ids.len().checked_div(count).unwrap_or(0);
    whole_file::write_new_with(path, |file| {
        for size in [queries, count] {
            let size = u32::try_from(size).map_err(|_| io::Error::other("more than 2^32 rows or columns"))?;
            file.write_all(&size.to_le_bytes())?;
        }
        // NO_ID is the id of none there, too.
        const { assert!(NO_ID == u32::MAX) };
        neighbors.ids.iter().try_for_each(|id| file.write_all(&id.to_le_bytes()))?;
        neighbors.distances.iter().try_for_each(|&distance| file.write_all(&(distance as f32).to_le_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array_file;
    use crate::dataset::Stored;

    #[test]
    fn neighbours_are_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.ibin");
        let neighbors = Neighbors {
            count: 2,
            ids: vec![7, 0, 3, NO_ID],
            distances: vec![0.5, 1.5, 0.25, f64::INFINITY],
            stored: Stored::Float64,
        };
        write(&path, &neighbors).expect("written");
        assert_eq!(write(&path, &neighbors).expect_err("it is there").kind(), io::ErrorKind::AlreadyExists);
        let truth = array_file::truth(&path, None).expect("read");
        let (mut ids, mut distances) = (Vec::new(), Vec::new());
        truth
            .ids
            .integer_rows(&mut |rows| {
                ids.extend_from_slice(rows);
                true
            })
            .expect("ids");
        truth
            .distances
            .expect("there")
            .f64_rows(&mut |rows| {
                distances.extend_from_slice(rows);
                true
            })
            .expect("distances");
        assert_eq!(ids, [7, 0, 3, i64::from(u32::MAX)]);
        assert_eq!(distances, neighbors.distances);
    }
}
