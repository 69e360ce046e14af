//! Computes true neighbours block by block, and keeps finished blocks in a file: what was computed is not lost if the program ends.
//!
//! The file has a line that says what is computed, and then a record for each block of queries: their ids and distances, and the
//! SHA-256 of both. A record that was cut, or that something changed, is computed again with all behind it. The file is there with
//! its whole line or not at all, and it is locked while a process adds to it.

use crate::bounded;
use crate::dataset::{Neighbors, Stored};
use crate::in_the_way::in_the_way;
use crate::whole_file::write_new;
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use swath_algorithms::nearest::{Scan, for_each_nearest};
use swath_algorithms::{Base, Points, Pool};

/// Queries of a block: so many that matrix products run at full speed, and so few that little is lost.
const BLOCK: usize = 1024;

/// Bytes of a SHA-256.
const HASH: usize = 32;

/// The begin of the line that says what is computed.
const MAGIC: &str = "swath true neighbours 1";

/// Bytes of the line, at most.
const LINE: u64 = 256;

/// What is computed, as the line says it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Task {
    /// SHA-256 of the dataset.
    sha256: String,
    /// Neighbours of a query.
    count: usize,
    queries: usize,
}

/// The blocks of a computation that are on the disk.
struct Parts {
    file: File,
    /// Neighbours of a query.
    count: usize,
    neighbors: Neighbors,
}

/// The file that keeps the blocks, locked: no other process computes the same until this is dropped.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    _locked: File,
}

/// The `count` nearest base vectors of each query (all, if there are fewer), with finished blocks kept in `path`. `sha256` is that of
/// the dataset. `done` is called with the number of finished queries, at first with those that the file already has.
///
/// The file stays: its owner [discards](Kept::discard) it when the result is safe.
///
/// # Errors
/// The file system's refusal; [`ErrorKind::InvalidData`] if there is a file that holds something else, or blocks of another
/// computation; [`ErrorKind::ResourceBusy`] if another process adds to it.
pub fn compute(
    base: &Base,
    queries: &Points,
    count: usize,
    sha256: &str,
    path: &Path,
    mut done: impl FnMut(usize),
) -> io::Result<(Neighbors, Kept)> {
    let count = count.min(base.len());
    let mut parts = Parts::open(path, &Task { sha256: sha256.to_owned(), count, queries: queries.len() })?;
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
    Ok((parts.neighbors, Kept { path: path.to_owned(), _locked: parts.file }))
}

impl Task {
    fn line(&self) -> String {
        let Self { sha256, count, queries } = self;
        format!("{MAGIC} {sha256} {count} {queries}\n")
    }

    /// What the first line says, and the bytes of that line; `None` if swath did not write it.
    fn read(file: &mut File) -> io::Result<Option<(Self, u64)>> {
        let mut begins = Vec::new();
        Read::by_ref(file).take(LINE).read_to_end(&mut begins)?;
        let line = begins.split_inclusive(|byte| *byte == b'\n').next().and_then(|line| str::from_utf8(line).ok());
        let task = line.and_then(|line| {
            let words: Vec<&str> =
                line.strip_suffix('\n')?.strip_prefix(MAGIC)?.strip_prefix(' ')?.split(' ').collect();
            let [sha256, count, queries] = words[..] else { return None };
            let task = Self { sha256: sha256.into(), count: count.parse().ok()?, queries: queries.parse().ok()? };
            Some((task, line.len() as u64))
        });
        Ok(task)
    }

    /// Why blocks of another task are not gone on with, and what to do.
    fn differs(&self, kept: &Self) -> String {
        let blocks = "it keeps finished blocks of another computation:";
        if self.sha256 != kept.sha256 {
            let [now, then] = [&self.sha256, &kept.sha256];
            return format!(
                "{blocks} of a dataset with other content (SHA-256 {then:.12}, now {now:.12}); with that dataset it goes on; \
                 remove it to begin anew"
            );
        }
        let (now, then) = (self.count, kept.count);
        format!(
            "{blocks} k is {then} there, and {now} is asked for; ask for {then} to go on, or remove it to begin anew"
        )
    }
}

/// The refusal of a file.
fn refused(why: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

impl Parts {
    /// Opens the file, and reads the blocks that are whole; what follows them is cut off.
    fn open(path: &Path, task: &Task) -> io::Result<Self> {
        let mut file = open_locked(path, task)?;
        // Others' files are not touched, nor what took long to compute.
        let not_ours = || refused("it is in the way: swath keeps true neighbours there, and did not write it".into());
        let (kept, mut end) = Task::read(&mut file)?.ok_or_else(not_ours)?;
        file.seek(SeekFrom::Start(end))?;
        let mut neighbors =
            Neighbors { count: task.count, ids: Vec::new(), distances: Vec::new(), stored: Stored::Float64 };
        if kept == *task {
            while let Some((ids, distances)) = read_block(&mut file, task.count)? {
                end += (8 + (size_of::<u32>() + size_of::<f64>()) * ids.len() + HASH) as u64;
                neighbors.ids.extend(ids);
                neighbors.distances.extend(distances);
            }
        } else if read_block(&mut file, kept.count)?.is_some() {
            return Err(refused(task.differs(&kept)));
        } else {
            // Nothing was finished.
            let line = task.line();
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(line.as_bytes())?;
            end = line.len() as u64;
        }
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        Ok(Self { file, count: task.count, neighbors })
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
    // A line of somebody else's may say any number.
    let most = usize::MAX / (BLOCK * (size_of::<u32>() + size_of::<f64>() + HASH));
    let Some(cells) = cells.filter(|_| count <= most).map(|queries| queries * count) else { return Ok(None) };
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

/// Opens and locks the file; a new one has the line of the task.
fn open_locked(path: &Path, task: &Task) -> io::Result<File> {
    loop {
        if let Some(why) = in_the_way(path, MAGIC.as_bytes())? {
            return Err(refused(format!("it is in the way: {why}")));
        }
        if std::fs::symlink_metadata(path).is_err() {
            match write_new(path, task.line().as_bytes()) {
                // Another process was faster.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                written => written?,
            }
        }
        let file = match bounded::open_with(OpenOptions::new().read(true).write(true), path) {
            // Another process has finished.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            file => file?,
        };
        // Some file systems have no locks.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            let what = "another process computes these true neighbours now";
            return Err(io::Error::new(ErrorKind::ResourceBusy, what));
        }
        if is_at(&file, path) {
            return Ok(file);
        }
    }
}

/// Whether this very file is the one at the path: another process may have removed it.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let there = std::fs::symlink_metadata(path).and_then(|there| Ok((there, file.metadata()?)));
    there.is_ok_and(|(there, own)| (there.dev(), there.ino()) == (own.dev(), own.ino()))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

impl Kept {
    /// Removes the file that kept the blocks, once their result is safe.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn discard(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

/// The name of the file that keeps the blocks of the true neighbours which become `output`.
pub fn name(output: &Path) -> PathBuf {
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
            assert_eq!(found.0, expected);
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
        // Of another dataset, or another k: what is finished is not thrown away.
        let refused = |count: usize, sha256: &str| {
            let refused = compute(&base, &test, count, sha256, &path, |_| ()).expect_err("refused");
            assert_eq!(refused.kind(), ErrorKind::InvalidData);
            refused.to_string()
        };
        let content = refused(7, "b");
        assert!(content.contains("of a dataset with other content (SHA-256 a, now b)"), "{content}");
        let other_k = refused(5, "a");
        let expected = "k is 7 there, and 5 is asked for; ask for 7 to go on, or remove it to begin anew";
        assert!(other_k.ends_with(expected), "{other_k}");
        assert_eq!(std::fs::read(&path).expect("there"), whole);
        // Nothing is lost where no block was finished; an absurd line has no block.
        std::fs::write(&path, &whole[..line + block - 1]).expect("cut");
        assert_eq!(begun("b"), [0, 1024, 2048, 3000]);
        std::fs::write(&path, format!("{MAGIC} a {} 9\n{}", usize::MAX, "1".repeat(100))).expect("written");
        assert_eq!(begun("a"), [0, 1024, 2048, 3000]);
        for mine in ["mine", "", MAGIC, "swath true neighbours 1 a b\n"] {
            std::fs::write(&path, mine).expect("written");
            let said = refused(7, "a");
            assert!(said.contains("it is in the way"), "{said}");
            assert_eq!(std::fs::read(&path).expect("there"), mine.as_bytes());
        }
    }

    #[test]
    fn one_process_at_a_time_computes_and_links_are_not_followed() {
        let points = Points::from(Vectors::new(&[0.0, 1.0, 2.0], 1).expect("finite"));
        let base = Base::new(points.clone(), Distance::Euclidean);
        let folder = tempfile::tempdir().expect("a folder");
        let path = name(&folder.path().join("x.ibin"));
        let begin = || compute(&base, &points, 1, "a", &path, |_| ());
        let (neighbors, kept) = begin().expect("computed");
        assert_eq!(neighbors.ids, [0, 1, 2]);
        // A lock belongs to the open file, so that it keeps out this process, too.
        let busy = begin().expect_err("locked");
        assert_eq!((busy.kind(), busy.to_string().contains("another process")), (ErrorKind::ResourceBusy, true));
        kept.discard().expect("removed");
        assert!(!path.exists());
        #[cfg(unix)]
        {
            let victim = folder.path().join("victim");
            std::os::unix::fs::symlink(&victim, &path).expect("linked");
            let refused = begin().expect_err("a link").to_string();
            assert!(refused.contains("it is a link") && !victim.exists(), "{refused}");
            std::fs::remove_file(&path).expect("removed");
        }
        drop(begin().expect("computed"));
        let (again, _) = begin().expect("unlocked with its owner");
        assert_eq!(again.ids, [0, 1, 2]);
    }
}
