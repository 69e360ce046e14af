//! Computes true neighbours block by block, and keeps finished blocks in a file: what was computed is not lost if the program ends.
//!
//! The file has a line that says what is computed, and then a record for each block of queries: their ids and distances, and the
//! SHA-256 of both. A record that was cut, or that something changed, is computed again with all behind it.

use crate::bounded;
use crate::dataset::{Neighbors, Stored};
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use swath_algorithms::nearest::{Scan, for_each_nearest};
use swath_algorithms::{Base, Points, Pool};

/// Queries of a block: so many that matrix products run at full speed, and so few that little is lost.
const BLOCK: usize = 1024;

/// Bytes of a SHA-256.
const HASH: usize = 32;

/// The begin of the line that says what is computed.
const MAGIC: &str = "swath true neighbours 1";

/// The blocks of a computation that are on the disk.
struct Parts {
    file: File,
    /// Neighbours of a query.
    count: usize,
    neighbors: Neighbors,
}

/// The `count` nearest base vectors of each query (all, if there are fewer), with finished blocks kept in `path`. `sha256` is that of
/// the dataset: blocks of another one are not used. `done` is called with the number of finished queries, at first with those that
/// the file already has.
///
/// The file stays: its owner removes it when the result is safe.
///
/// # Errors
/// The file system's refusal; [`io::ErrorKind::InvalidData`] if there is a file that holds something else.
pub fn compute(
    base: &Base,
    queries: &Points,
    count: usize,
    sha256: &str,
    path: &Path,
    mut done: impl FnMut(usize),
) -> io::Result<Neighbors> {
    let count = count.min(base.len());
    let mut parts = Parts::open(path, &format!("{MAGIC} {sha256} {count} {}\n", queries.len()), count)?;
    let scan = Scan::new(base);
    let mut next = parts.finished();
    done(next);
    while next < queries.len() {
        let range = next..(next + BLOCK).min(queries.len());
        let block = queries.gather(&range.clone().collect::<Vec<_>>());
        let row = |_, pool: &Pool| pool.items.iter().map(|item| (item.id, item.distance)).collect::<Vec<_>>();
        parts.add(&for_each_nearest(base, &scan, &block, count, row).concat())?;
        next = range.end;
        done(next);
    }
    Ok(parts.neighbors)
}

impl Parts {
    /// Opens the file, and reads the blocks that are whole; what follows them is cut off.
    fn open(path: &Path, line: &str, count: usize) -> io::Result<Self> {
        // Others' files are not touched.
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let mut file = bounded::open_with(&options, path)?;
        let mut neighbors = Neighbors { count, ids: Vec::new(), distances: Vec::new(), stored: Stored::Float64 };
        let mut begins = Vec::new();
        Read::by_ref(&mut file).take(line.len() as u64).read_to_end(&mut begins)?;
        let mut end = line.len() as u64;
        if begins == line.as_bytes() {
            while let Some((ids, distances)) = read_block(&mut file, count)? {
                end += (8 + (size_of::<u32>() + size_of::<f64>()) * ids.len() + HASH) as u64;
                neighbors.ids.extend(ids);
                neighbors.distances.extend(distances);
            }
        } else if begins.is_empty() || begins.starts_with(MAGIC.as_bytes()) {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(line.as_bytes())?;
        } else {
            let what = "it is in the way: swath keeps true neighbours there that it has computed, and did not write it";
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        Ok(Self { file, count, neighbors })
    }

    /// Queries whose neighbours are known.
    fn finished(&self) -> usize {
        self.neighbors.ids.len().checked_div(self.count).unwrap_or(0)
    }

    /// Adds a block: the neighbours of one query after another.
    fn add(&mut self, block: &[(u32, f64)]) -> io::Result<()> {
        let mut bytes = ((block.len() / self.count.max(1)) as u64).to_le_bytes().to_vec();
        block.iter().for_each(|(id, _)| bytes.extend(id.to_le_bytes()));
        block.iter().for_each(|(_, distance)| bytes.extend(distance.to_le_bytes()));
        let hash = Sha256::digest(&bytes);
        bytes.extend(hash);
        self.file.write_all(&bytes)?;
        self.neighbors.ids.extend(block.iter().map(|(id, _)| *id));
        self.neighbors.distances.extend(block.iter().map(|(_, distance)| *distance));
        Ok(())
    }
}

/// The ids and distances of the next block; `None` if it is not whole.
fn read_block(file: &mut File, count: usize) -> io::Result<Option<(Vec<u32>, Vec<f64>)>> {
    let mut start = [0; 8];
    let mut bytes = Vec::new();
    Read::by_ref(file).take(8).read_to_end(&mut bytes)?;
    if bytes.len() < 8 {
        return Ok(None);
    }
    start.copy_from_slice(&bytes);
    let cells = usize::try_from(u64::from_le_bytes(start)).ok().filter(|&queries| queries > 0 && queries <= BLOCK);
    let Some(cells) = cells.map(|queries| queries * count) else { return Ok(None) };
    let (ids, distances) = (size_of::<u32>() * cells, size_of::<f64>() * cells);
    Read::by_ref(file).take((ids + distances + HASH) as u64).read_to_end(&mut bytes)?;
    let Some((content, hash)) = bytes.split_at_checked(8 + ids + distances).filter(|(_, hash)| hash.len() == HASH)
    else {
        return Ok(None);
    };
    if Sha256::digest(content)[..] != *hash {
        return Ok(None);
    }
    let (ids, distances) = content[8..].split_at(ids);
    let ids = ids.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    let distances = distances.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    Ok(Some((ids, distances)))
}

/// Removes the file that kept the blocks, once their result is safe.
///
/// # Errors
/// The file system's refusal.
pub fn discard(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}

/// The name of the file that keeps the blocks of the true neighbours which become `output`.
pub fn name(output: &Path) -> std::path::PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".computed");
    output.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground_truth;
    use swath_algorithms::{Distance, Vectors};

    #[test]
    fn finished_blocks_are_kept_and_damaged_ones_are_computed_again() {
        let value = |i: usize| ((i as f32 * 12.9898).sin() * 437.585).fract();
        let train = Points::from(Vectors::new(&(0..600).map(value).collect::<Vec<_>>(), 2).expect("finite"));
        let test = Points::from(Vectors::new(&(600..6600).map(value).collect::<Vec<_>>(), 2).expect("finite"));
        let base = Base::new(train, Distance::Euclidean);
        let expected = ground_truth::compute(&base, &test, 7);
        let folder = tempfile::tempdir().expect("a folder");
        let path = name(&folder.path().join("x.hdf5"));
        let begun = |sha256: &str| {
            let mut at = Vec::new();
            let found = compute(&base, &test, 7, sha256, &path, |done| at.push(done)).expect("computed");
            assert_eq!(found, expected);
            at
        };
        assert_eq!(begun("a"), [0, 1024, 2048, 3000]);
        assert_eq!(begun("a"), [3000], "all is there");
        let whole = std::fs::read(&path).expect("there");
        // Cut in the second block; a changed byte in the third; a wrong length.
        let block = 8 + 1024 * 7 * 12 + HASH;
        let line = whole.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
        std::fs::write(&path, &whole[..line + block + 100]).expect("cut");
        assert_eq!(begun("a"), [1024, 2048, 3000]);
        let mut changed = whole.clone();
        changed[line + 2 * block + 50] ^= 1;
        std::fs::write(&path, &changed).expect("changed");
        assert_eq!(begun("a"), [2048, 3000]);
        changed = whole.clone();
        changed[line] = 0xff;
        std::fs::write(&path, &changed).expect("changed");
        assert_eq!(begun("a"), [0, 1024, 2048, 3000]);
        assert_eq!(std::fs::read(&path).expect("there"), whole);
        // Of another dataset.
        assert_eq!(begun("b"), [0, 1024, 2048, 3000]);
        std::fs::write(&path, "mine").expect("written");
        let refused = compute(&base, &test, 7, "a", &path, |_| ()).expect_err("in the way");
        assert!(refused.to_string().contains("it is in the way"), "{refused}");
        assert_eq!(std::fs::read(&path).expect("there"), b"mine");
    }
}
