//! Timed passes of a trial that is not finished: `<id>.passes` beside its file.
//!
//! A pass is appended when it is timed, so its cost does not grow with the number of passes before it. A record is the length of
//! its content (u32), the first eight bytes of the content's SHA-256, and the content: all little-endian.
//!
//! Files are synced when the run is asked to stop, or when the trial is finished. Passes that a loss of power takes are timed
//! again. A record that is cut short or damaged ends the list; the next pass is written in its place. HDF5 would not do:
//! our writer writes whole files, and cannot append to one.

use super::{Clocks, Outcome, Timed, Times};
use crate::record::folder::TRIALS;
use sha2::{Digest as _, Sha256};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use swath_datasets::bounded;
use swath_datasets::hdf5_file::MEMORY;

/// The extension of the files.
pub const EXTENSION: &str = "passes";

/// A file has at most this many bytes, as any array.
const MOST: u64 = MEMORY;

/// Bytes before a record's content: its length and its checksum.
const HEAD: usize = 4 + 8;

/// Bytes of a content before its times.
const FIXED: usize = 8 + 4 + 8 + 8 + 8 + 8 + 8 * Clocks::LEN;

/// One timed pass over all queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// Number of passes before it.
    pub index: usize,
    /// Its times.
    pub times: Times,
    /// When it was timed.
    pub timed: Timed,
    /// The peak of its process's memory in bytes, if it was measured.
    pub peak: Option<u64>,
    /// The clocks of a program outside, if it has one.
    pub clocks: Option<Clocks>,
}

/// The path of a trial's passes, in the folder that has the folder of trials.
pub fn path(folder: &Path, id: &str) -> PathBuf {
    folder.join(TRIALS).join(format!("{id}.{EXTENSION}"))
}

/// Adds the passes beside a trial's file to the outcome that the file holds. Passes that the file has already, that leave a gap or
/// that hold no times are skipped.
pub fn add(folder: &Path, id: &str, outcome: &mut Outcome, queries: usize) {
    for pass in read(&path(folder, id)).0 {
        let next = outcome.repeats.len();
        let has_clocks = !outcome.clocks.is_empty();
        let clocks_fit = pass.clocks.is_some_and(|clocks| clocks.are_sound()) == has_clocks;
        let is_sound = pass.times.are_sound() && pass.timed.is_sound() && clocks_fit;
        if pass.index != next || pass.times.queries() != queries || !is_sound {
            continue;
        }
        // Passes of an earlier version may lack the time at which they were timed.
        if outcome.timed.len() == next {
            outcome.timed.push(pass.timed);
        }
        outcome.clocks.truncate(next + 1);
        outcome.clocks.extend(pass.clocks.filter(|_| has_clocks));
        outcome.repeats.push(pass.times);
        outcome.peaks.search = outcome.peaks.search.max(pass.peak);
    }
}

/// The whole records of a file, and their number of bytes; none if there is no file.
fn read(path: &Path) -> (Vec<Pass>, u64) {
    // Passes that cannot be read are timed again.
    let Ok(bytes) = bounded::read(path, MOST) else { return (Vec::new(), 0) };
    let (mut passes, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((pass, after)) = first(rest) {
        passes.push(pass);
        rest = after;
    }
    (passes, (bytes.len() - rest.len()) as u64)
}

/// Cuts off a record that is not whole, so that passes can be appended.
///
/// # Errors
/// The file system's refusal.
pub fn mend(folder: &Path, id: &str) -> io::Result<()> {
    let path = path(folder, id);
    if !path.exists() {
        return Ok(());
    }
    let whole = read(&path).1;
    bounded::open_with(OpenOptions::new().write(true), &path)?.set_len(whole)
}

/// Appends a pass to a file whose records are whole.
///
/// # Errors
/// The file system's refusal; then the record may be cut short.
pub fn append(folder: &Path, id: &str, pass: &Pass) -> io::Result<()> {
    // Open for a moment only: a build may have more trials than a process may have files.
    let mut file = bounded::open_with(OpenOptions::new().create(true).append(true), &path(folder, id))?;
    file.write_all(&record(pass)?)
}

/// Removes a trial's passes, if there are any.
///
/// # Errors
/// The file system's refusal.
pub fn remove(folder: &Path, id: &str) -> io::Result<()> {
    match std::fs::remove_file(path(folder, id)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The files of passes in a folder that has the folder of trials.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join(TRIALS)).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION)).collect()
}

fn checksum(content: &[u8]) -> [u8; 8] {
    let mut sum = [0; 8];
    sum.copy_from_slice(&Sha256::digest(content)[..8]);
    sum
}

/// A pass as a record: index, columns, queries, when, load, peak (0: not measured) and clocks (NaN: none), then a column or three for
/// each query.
fn record(pass: &Pass) -> io::Result<Vec<u8>> {
    let columns: u32 = if matches!(pass.times, Times::Single(_)) { 3 } else { 1 };
    let mut content = Vec::with_capacity(FIXED + pass.times.queries() * 24);
    content.extend((pass.index as u64).to_le_bytes());
    content.extend(columns.to_le_bytes());
    content.extend((pass.times.queries() as u64).to_le_bytes());
    content.extend(pass.timed.at.to_le_bytes());
    content.extend(pass.timed.load.to_le_bytes());
    content.extend(pass.peak.unwrap_or(0).to_le_bytes());
    let clocks = pass.clocks.map_or([f64::NAN; Clocks::LEN], |clocks| clocks.values());
    clocks.iter().for_each(|value| content.extend(value.to_le_bytes()));
    match &pass.times {
        Times::Single(times) => times.iter().flatten().for_each(|seconds| content.extend(seconds.to_le_bytes())),
        Times::Batch(_, seconds) => content.extend(seconds.to_le_bytes()),
    }
    let length = u32::try_from(content.len()).map_err(|_| io::Error::other("a pass over too many queries"))?;
    let mut record = Vec::with_capacity(HEAD + content.len());
    record.extend(length.to_le_bytes());
    record.extend(checksum(&content));
    record.extend(content);
    Ok(record)
}

/// The first record, if it is whole, and the bytes after it.
fn first(bytes: &[u8]) -> Option<(Pass, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let (content, after) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let pass = (checksum(content) == *sum).then(|| decode(content))??;
    Some((pass, after))
}

fn decode(content: &[u8]) -> Option<Pass> {
    let (index, rest) = content.split_first_chunk::<8>()?;
    let (columns, rest) = rest.split_first_chunk::<4>()?;
    let (queries, rest) = rest.split_first_chunk::<8>()?;
    let (at, rest) = rest.split_first_chunk::<8>()?;
    let (load, rest) = rest.split_first_chunk::<8>()?;
    let (peak, rest) = rest.split_first_chunk::<8>()?;
    let (values, odd) = rest.as_chunks::<8>();
    let values: Vec<f64> = values.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
    let (clocks, values) = values.split_first_chunk::<{ Clocks::LEN }>()?;
    let clocks = (!clocks[0].is_nan()).then(|| Clocks::of(*clocks));
    let queries = usize::try_from(u64::from_le_bytes(*queries)).ok()?;
    let times = match (u32::from_le_bytes(*columns), values) {
        (1, &[seconds]) => Times::Batch(queries, seconds),
        (3, values) if Some(values.len()) == queries.checked_mul(3) => {
            Times::Single(values.as_chunks::<3>().0.to_vec())
        }
        _ => return None,
    };
    let peak = Some(u64::from_le_bytes(*peak)).filter(|&peak| peak > 0);
    let timed = Timed { at: i64::from_le_bytes(*at), load: f64::from_le_bytes(*load) };
    let index = usize::try_from(u64::from_le_bytes(*index)).ok()?;
    odd.is_empty().then_some(Pass { index, times, timed, peak, clocks })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(index: usize) -> Pass {
        let seconds = 0.25 * (index + 1) as f64;
        let times = Times::Single(vec![[seconds, seconds, 2.0 * seconds], [0.5, 0.75, 1.0]]);
        Pass {
            index,
            times,
            timed: Timed { at: 1_800_000_000 + index as i64, load: 1.5 },
            peak: Some(7 << 20),
            clocks: None,
        }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(TRIALS)).expect("created");
        folder
    }

    #[test]
    fn passes_come_back() {
        let folder = folder();
        let batch = Pass { times: Times::Batch(2, 0.125), peak: None, ..pass(1) };
        append(folder.path(), "x", &pass(0)).expect("written");
        append(folder.path(), "x", &batch).expect("written");
        assert_eq!(read(&path(folder.path(), "x")).0, [pass(0), batch.clone()]);
        assert_eq!(files(folder.path()), [path(folder.path(), "x")]);
        // A pass that the file has already is skipped, and so is one that leaves a gap or has another number of queries.
        let mut outcome =
            Outcome { repeats: vec![batch.times.clone()], timed: vec![pass(9).timed], ..Outcome::default() };
        add(folder.path(), "x", &mut outcome, 2);
        assert_eq!(outcome.repeats, [batch.times.clone(), batch.times.clone()]);
        assert_eq!(outcome.timed, [pass(9).timed, pass(1).timed]);
        append(folder.path(), "x", &pass(5)).expect("written");
        let never = Timed { at: -1, load: 0.5 };
        for odd in [Times::Batch(2, f64::NAN), Times::Batch(2, -0.5), Times::Single(vec![[0.5, 0.25, 1.0]; 2])] {
            append(folder.path(), "x", &Pass { times: odd, ..pass(2) }).expect("written");
        }
        append(folder.path(), "x", &Pass { timed: never, ..pass(2) }).expect("written");
        let all = |queries| {
            let mut outcome = Outcome::default();
            add(folder.path(), "x", &mut outcome, queries);
            (outcome.repeats.len(), outcome.peaks.search)
        };
        assert_eq!((all(2), all(3)), ((2, Some(7 << 20)), (0, None)));
        remove(folder.path(), "x").expect("removed");
        remove(folder.path(), "x").expect("nothing to remove");
        assert_eq!(all(2), (0, None));
    }

    /// A file that is cut anywhere, or has any byte changed, gives the passes before the damage. The next pass comes after them.
    #[test]
    fn a_torn_record_is_dropped_and_the_next_pass_takes_its_place() {
        let folder = folder();
        let path = path(folder.path(), "x");
        let records = [0, 1, 2].map(|index| record(&pass(index)).expect("a record"));
        let (whole, one) = (records.concat(), records[0].len());
        let goes_on = |bytes: &[u8], expected: usize| {
            std::fs::write(&path, bytes).expect("written");
            assert_eq!(read(&path).0.len(), expected);
            mend(folder.path(), "x").expect("mended");
            append(folder.path(), "x", &pass(expected)).expect("appended");
            assert_eq!(read(&path).0, (0..=expected).map(pass).collect::<Vec<_>>());
        };
        for cut in 0..=whole.len() {
            goes_on(&whole[..cut], cut / one);
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x40;
            goes_on(&damaged, at / one);
        }
        mend(folder.path(), "not there").expect("nothing to mend");
    }
}
