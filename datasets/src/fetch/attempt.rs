//! One attempt to bring the rest of a file.

use super::Event;
use super::client::{Answer, Client, NoAnswer};
use super::error::FetchError;
use super::finish::check_header;
use super::part::Part;
use super::sniff::{self, no_dataset};
use crate::catalogue::{Download, Then};
use crate::scratch::free_in;
use std::io::{self, Cursor, Read as _};
use std::path::Path;
use std::time::Duration;

/// Bytes that are read at a time.
const AT_ONCE: usize = 1 << 18;

/// How an attempt ended.
pub(super) enum Outcome {
    /// All is here.
    Whole,
    /// Another attempt may bring more.
    Again {
        /// Why this one did not.
        why: String,
        /// How long the server asks to wait.
        wait: Option<Duration>,
    },
    /// The server could not be reached, or did not answer.
    Unreached(String),
}

fn again(why: impl Into<String>) -> Outcome {
    Outcome::Again { why: why.into(), wait: None }
}

/// Asks for the rest of the part, or for all, and adds what comes.
pub(super) fn make(
    download: &Download,
    client: &Client,
    part: &mut Part,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome, FetchError> {
    let url = &download.url;
    let mut answer = match client.get(url, part.have(), download.then.first_bytes(), part.mark()) {
        Ok(answer) => answer,
        Err(NoAnswer::Again(why)) => return Ok(Outcome::Unreached(why)),
        Err(NoAnswer::Refused(why)) => return Err(FetchError::Refused { url: url.clone(), why }),
    };
    match answer.status {
        200 => {}
        206 => {
            if let Some(why) = does_not_fit(&answer, download, part) {
                part.restart()?;
                return Ok(again(why));
            }
            if part.have() > 0 && part.mark().is_none() && part.weak().zip(answer.weak().as_deref()).is_none() {
                part.join_unknown();
            }
        }
        416 => {
            part.restart()?;
            return Ok(again("the server has no bytes after those that are here: the file has changed"));
        }
        408 | 425 | 429 | 500..=599 => {
            let why = format!("the server answered HTTP {}", answer.status);
            return Ok(Outcome::Again { why, wait: answer.retry_after() });
        }
        status => return Err(FetchError::Status { url: url.clone(), status }),
    }
    if let Some(encoding) = answer.header("content-encoding").filter(|encoding| *encoding != "identity") {
        let why = format!("the server packs the file ({encoding}), though it was asked not to");
        return Err(FetchError::Refused { url: url.clone(), why });
    }
    if answer.status == 200 || part.have() == 0 {
        // What comes in place of the file costs no byte that is here.
        if let Some(ended) = look(&mut answer, download, client)? {
            return Ok(ended);
        }
        let length = length(&answer, download)?;
        if part.have() > 0 {
            part.restart()?;
        }
        part.begin(length, answer.mark(), answer.weak())?;
    }
    has_room(part)?;
    watch(Event::Begins { path: part.target(), have: part.have(), length: part.length() });
    read(answer, download, client, part, watch)
}

/// Why the answer is not the rest of the part, if it is not.
fn does_not_fit(answer: &Answer, download: &Download, part: &Part) -> Option<String> {
    let Some((from, total)) = answer.range() else {
        return Some("the server does not say which part of the file it sends".into());
    };
    if from != part.have() {
        return Some("the server sends another part of the file than it was asked for".into());
    }
    let is_other = |old: Option<u64>| old.zip(total).is_some_and(|(old, new)| old != new);
    let has_changed = download.then.first_bytes().is_none() && from > 0 && is_other(part.length());
    let differs = |old: Option<&str>, new: Option<String>| old.zip(new).is_some_and(|(old, new)| old != new);
    let other_mark = from > 0 && (differs(part.mark(), answer.mark()) || differs(part.weak(), answer.weak()));
    (has_changed || other_mark).then(|| "the server has another version of the file now".into())
}

/// Bytes of all that is wanted of the file, if the server says so.
fn length(answer: &Answer, download: &Download) -> Result<Option<u64>, FetchError> {
    let total = if answer.status == 206 { answer.range().and_then(|(_, total)| total) } else { answer.length };
    let Some(first) = download.then.first_bytes() else { return Ok(total) };
    match total.filter(|total| *total < first) {
        Some(total) => {
            let what = format!("the file has {total} bytes, and its first {first} are wanted");
            Err(FetchError::NotADataset { url: download.url.clone(), what })
        }
        None => Ok(Some(first)),
    }
}

fn has_room(part: &Part) -> Result<(), FetchError> {
    let folder = part.target().parent().unwrap_or(Path::new("."));
    let needed = part.length().map(|length| length.saturating_sub(part.have()));
    match (needed, free_in(folder)) {
        (Some(needed), Some(free)) if needed > free => {
            Err(FetchError::NoRoom { folder: folder.to_owned(), needed, free })
        }
        _ => Ok(()),
    }
}

/// Looks at the first bytes before any is kept; they are read again after that. `Some` if none can be kept.
fn look(answer: &mut Answer, download: &Download, client: &Client) -> Result<Option<Outcome>, FetchError> {
    let mut start = Vec::new();
    if let Err(error) = answer.body.by_ref().take(sniff::START as u64).read_to_end(&mut start) {
        return Ok(Some(again(client.broke_off(error))));
    }
    if let Some(what) = no_dataset(&start, answer.mime.as_deref()) {
        return Err(FetchError::NotADataset { url: download.url.clone(), what });
    }
    if start.is_empty() {
        return Ok(Some(again("the server sent an empty file")));
    }
    let rest = std::mem::replace(&mut answer.body, Box::new(io::empty()));
    answer.body = Box::new(Cursor::new(start).chain(rest));
    Ok(None)
}

/// Adds what comes to the part.
fn read(
    mut answer: Answer,
    download: &Download,
    client: &Client,
    part: &mut Part,
    watch: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome, FetchError> {
    let mut buffer = vec![0; AT_ONCE];
    loop {
        let count = match answer.body.read(&mut buffer) {
            Ok(0) => return ended(download, part),
            Ok(count) => count,
            Err(error) => return Ok(again(client.broke_off(error))),
        };
        let left = part.length().map_or(u64::MAX, |length| length - part.have());
        let wanted = count.min(usize::try_from(left).unwrap_or(usize::MAX));
        part.append(&buffer[..wanted])?;
        watch(Event::Has(part.have()));
        if wanted < count {
            return more_than_said(download, part);
        }
        if part.is_whole() && download.then.first_bytes().is_some() {
            return Ok(Outcome::Whole);
        }
    }
}

/// More came than is wanted: the server sends a whole file of which only the beginning is wanted, or it lied.
fn more_than_said(download: &Download, part: &Part) -> Result<Outcome, FetchError> {
    if let Then::Crop { .. } = download.then {
        return Ok(Outcome::Whole);
    }
    let (url, said) = (download.url.clone(), part.have());
    part.discard();
    Err(FetchError::Longer { url, said })
}

/// The answer ended without an error.
fn ended(download: &Download, part: &mut Part) -> Result<Outcome, FetchError> {
    match part.length() {
        Some(length) if part.have() == length => Ok(Outcome::Whole),
        Some(_) => Ok(again("the connection ended early")),
        // A connection that breaks looks like the end then; only an HDF5 file says itself how long it is.
        None if download.then == Then::Keep && check_header(part.target(), &part.path()).is_err() => {
            part.restart()?;
            Ok(again("the connection ended before the end of the file"))
        }
        None => {
            part.end();
            Ok(Outcome::Whole)
        }
    }
}
