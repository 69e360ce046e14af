//! Checks a file that is here as a whole, and gives it its final name.

use super::checksum::{self, Record};
use super::part::Part;
use super::{FetchError, Fetched, amount};
use crate::bounded;
use crate::catalogue::{Download, Then};
use crate::format::ann_benchmarks::AnnBenchmarks;
use crate::format::{self, DatasetError, Format as _};
use crate::sha256;
use crate::whole_file::rename;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// The first bytes of a file that gzip packed.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Checks the header of the file at `path`, if its final name says that it is HDF5. A file that was cut short does not pass.
pub(super) fn check_header(target: &Path, path: &Path) -> Result<(), DatasetError> {
    let is_hdf5 = AnnBenchmarks.endings().iter().any(|ending| target.extension().is_some_and(|of| of == *ending));
    if is_hdf5 { format::header(path).map(drop) } else { Ok(()) }
}

/// Checks a file that was here before.
pub(super) fn check_old(download: &Download, path: &Path) -> Result<Fetched, FetchError> {
    let in_the_way = |why: String| FetchError::InTheWay { path: path.to_owned(), why };
    let io = |source| FetchError::Io { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => in_the_way("it is a link that leads nowhere".into()),
        _ => io(error),
    })?;
    if !metadata.is_file() {
        return Err(in_the_way("it is no file".into()));
    }
    check_header(path, path).map_err(|error| in_the_way(format!("it is no whole dataset ({error})")))?;
    let found = sha256::of_file(path).map_err(io)?;
    let known = download.sha256.clone().filter(|_| download.then == Then::Keep);
    let record = checksum::read(path);
    let expected = known.or_else(|| record.as_ref().map(|record| record.sha256.clone()));
    if let Some(expected) = expected.filter(|expected| *expected != found) {
        return Err(FetchError::Differs { path: path.to_owned(), expected, found });
    }
    let other = record.filter(|record| !record.url.is_empty() && record.url != download.url);
    let note = other.map(|Record { url, .. }| format!("{} was downloaded from {url}", path.display()));
    Ok(Fetched {
        path: path.to_owned(),
        bytes: metadata.len(),
        sha256: found,
        was_here: true,
        notes: note.into_iter().collect(),
    })
}

/// Checks the whole part and gives it its final name.
pub(super) fn finish(download: &Download, mut part: Part) -> Result<Fetched, FetchError> {
    let (url, target) = (&download.url, part.target().to_owned());
    let io = |source| FetchError::Io { path: target.clone(), source };
    if let Some(expected) = download.sha256.as_ref().filter(|expected| **expected != part.sha256()) {
        part.discard();
        return Err(FetchError::Checksum { url: url.clone(), expected: expected.clone(), found: part.sha256() });
    }
    let no_dataset = |part: &Part, what: String| {
        part.discard();
        FetchError::NotADataset { url: url.clone(), what }
    };
    if let Then::Crop { rows, dim, .. } = download.then
        && let Err(what) = crop(&mut part, rows, dim)?
    {
        return Err(no_dataset(&part, what));
    }
    let is_packed = download.then == Then::Unpack && part.start(GZIP.len() as u64)? == GZIP;
    let whole = if is_packed { part.unpacked() } else { part.path() };
    if is_packed {
        unpack(&part.path(), &whole).map_err(|error| match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof => {
                no_dataset(&part, format!("it cannot be unpacked: {error}"))
            }
            _ => {
                // Half a file would only take room.
                let _ = std::fs::remove_file(&whole);
                io(error)
            }
        })?;
    } else {
        part.sync()?;
    }
    check_header(&target, &whole)
        .map_err(|error| no_dataset(&part, format!("what came cannot be read as a dataset: {error}")))?;
    let hash = if is_packed { sha256::of_file(&whole).map_err(io)? } else { part.sha256() };
    let bytes = whole.metadata().map_err(io)?.len();
    if std::fs::symlink_metadata(&target).is_ok() {
        return Err(FetchError::InTheWay { path: target, why: "it was not there when the download began".into() });
    }
    let old = checksum::read(&target).filter(|old| old.sha256 != hash);
    rename(&whole, &target).map_err(io)?;
    if is_packed {
        part.discard();
    } else {
        part.forget();
    }
    let record = Record { sha256: hash.clone(), url: url.clone() };
    let beside = checksum::beside(&target);
    let kept = checksum::write(&target, &record).map_err(|source| FetchError::Io { path: beside.clone(), source })?;
    let other = old.map(|Record { sha256, url }| {
        let from = if url.is_empty() { String::new() } else { format!(" from {url}") };
        format!("this is not the file that was downloaded{from} before: its SHA-256 was {sha256}, and is {hash} now")
    });
    let is_recorded = checksum::read(&target).is_some_and(|record| record.sha256 == hash);
    let unrecorded = kept.filter(|_| !is_recorded);
    let unrecorded = unrecorded.map(|why| format!("the SHA-256 is not recorded: {}: {why}", beside.display()));
    let is_unsure = part.is_of_unknown_versions() && download.sha256.is_none();
    let unsure = is_unsure.then(|| {
        format!(
            "{} was downloaded in several parts, and the server does not say of which version they are: that they belong \
             together is not known",
            target.display()
        )
    });
    let notes = [other, unrecorded, unsure].into_iter().flatten().collect();
    Ok(Fetched { path: target, bytes, sha256: hash, was_here: false, notes })
}

/// Writes the number of rows that were downloaded into the header. The inner error says what is wrong with the header.
fn crop(part: &mut Part, rows: u32, dim: u32) -> Result<Result<(), String>, FetchError> {
    let start = part.start(8)?;
    let number =
        |at: usize| start.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    let (found, width) = (number(0), number(4));
    if width != dim || found < rows {
        let said = format!("the file's header says {found} rows of {width} values, expected at least {rows} of {dim}");
        return Ok(Err(said));
    }
    part.replace_start(&rows.to_le_bytes()).map(Ok)
}

/// A file may unpack to so many times its bytes: vectors take at most a few times as many, and gzip reaches a thousand.
const LARGEST_RATIO: u64 = 100;
/// And to so many bytes more.
const MORE: u64 = 64 << 20;

/// Unpacks a file that gzip packed.
///
/// # Errors
/// The file system's refusal; [`ErrorKind::InvalidData`] if it was not packed, or unpacks to far more bytes than a dataset would.
fn unpack(packed: &Path, to: &Path) -> io::Result<()> {
    let (from, size) = bounded::open(packed)?;
    let most = size.saturating_mul(LARGEST_RATIO).saturating_add(MORE);
    let unpacked = MultiGzDecoder::new(io::BufReader::with_capacity(1 << 18, from));
    let mut file = File::create(to)?;
    if io::copy(&mut unpacked.take(most.saturating_add(1)), &mut file)? > most {
        let what = format!("its {} become more than {}, as no dataset's do", amount(size), amount(most));
        return Err(io::Error::new(ErrorKind::InvalidData, what));
    }
    file.sync_all()
}
