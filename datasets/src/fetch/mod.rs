//! Downloads datasets.
//!
//! 1. A file is downloaded beside its final name, as `NAME.part`. Beside that, `NAME.part.json` says where it comes from and how
//!    long it is (`part`). Both stay if the download breaks off, in any way, so that the next one goes on from there.
//! 2. What comes is looked at before it is kept, and before it takes the place of a part: servers send web pages, errors and
//!    Git LFS pointers in place of files (`sniff`).
//! 3. The file is checked: its length, its SHA-256 where that is known, and the header of an HDF5 file. Then it gets its final
//!    name, and its SHA-256 is recorded beside it, as `NAME.sha256` (`checksum`).

mod amount;
mod attempt;
mod checksum;
mod client;
mod error;
mod finish;
mod part;
mod sniff;

pub use amount::amount;
pub use client::{Client, Patience, Proxies};
pub use error::FetchError;

use crate::catalogue::{Download, Entry};
use crate::whole_file::make_folder;
use attempt::Outcome;
use part::{Opened, Part};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a download reports while it goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// A file begins, or goes on after a break.
    Begins {
        /// Its final path.
        path: &'a Path,
        /// Bytes that are here already.
        have: u64,
        /// Bytes of all that is downloaded of it; `None` if the server does not say.
        length: Option<u64>,
    },
    /// So many bytes are here by now.
    Has(u64),
    /// The download broke off; the next attempt begins after a while.
    Waits {
        /// Why it broke off.
        why: &'a str,
        /// How long it waits.
        wait: Duration,
    },
}

/// A file that is here, whole and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its path.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: String,
    /// Whether it was here before, so that nothing was downloaded.
    pub was_here: bool,
    /// What is odd about it: it is not the file that was downloaded before, or it came from another address, or it cannot be known
    /// to be of one version.
    pub notes: Vec<String>,
}

/// Downloads all files of a dataset that are missing in a folder of datasets, and checks those that are there. `watch` is told
/// how it goes. A dataset that cannot be downloaded has no files.
///
/// # Errors
/// [`FetchError`]. Files that are whole by then stay, and so does the part of the one that failed.
pub fn dataset(
    entry: &Entry,
    folder: &Path,
    client: &Client,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<Vec<Fetched>, FetchError> {
    entry.targets(folder).into_iter().map(|(download, path)| file(download, &path, client, watch)).collect()
}

/// Downloads a file to `path`, unless it is there. Goes on where an earlier download of the same address ended.
///
/// # Errors
/// [`FetchError`]. Nothing but a whole file ever has the final name, and an empty part is removed.
pub fn file(
    download: &Download,
    path: &Path,
    client: &Client,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<Fetched, FetchError> {
    if std::fs::symlink_metadata(path).is_ok() {
        return finish::check_old(download, path);
    }
    let io = |source| FetchError::Io { path: path.to_owned(), source };
    if let Some(file) = path.ancestors().skip(1).find(|folder| folder.exists() && !folder.is_dir()) {
        return Err(FetchError::InTheWay { path: file.to_owned(), why: "it is no folder".into() });
    }
    path.parent().map_or(Ok(()), make_folder).map_err(io)?;
    let mut part = match Part::open(download, path)? {
        Opened::Ready(part) => part,
        // Another process has just finished it.
        Opened::Finished => return finish::check_old(download, path),
    };
    if !part.is_whole()
        && let Err(error) = bring(download, &mut part, client, watch)
    {
        if part.have() == 0 {
            part.discard();
        }
        return Err(error);
    }
    finish::finish(download, *part)
}

/// A server that was never reached is asked at most so many times: mostly there is no network.
const UNREACHED: u32 = 3;

/// Makes attempts until the part is whole. An attempt that brought more than all before it makes the count begin anew.
fn bring(
    download: &Download,
    part: &mut Part,
    client: &Client,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<(), FetchError> {
    let patience = client.patience();
    let (mut failed, mut furthest, mut most) = (0, part.have(), patience.attempts.min(UNREACHED));
    loop {
        let (why, asked) = match attempt::make(download, client, part, watch)? {
            Outcome::Whole => return Ok(()),
            Outcome::Again { why, wait } => {
                most = patience.attempts;
                (why, wait)
            }
            Outcome::Unreached(why) => (why, None),
        };
        if part.have() > furthest {
            (failed, furthest) = (0, part.have());
        }
        failed += 1;
        let growing = patience.first_wait.saturating_mul(1 << (failed - 1).min(16));
        let wait = asked.unwrap_or(growing.min(patience.longest_wait));
        if failed >= most || wait > patience.longest_wait {
            let late = format!("; it asks to wait {} s", wait.as_secs());
            let why = if wait > patience.longest_wait { why + &late } else { why };
            let (have, length) = (Some(part.have()), part.length());
            return Err(FetchError::Broken { url: download.url.clone(), why, have, length });
        }
        watch(Event::Waits { why: &why, wait });
        std::thread::sleep(wait);
    }
}
