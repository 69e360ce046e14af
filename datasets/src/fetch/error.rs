//! Why a download failed.

use super::amount::amount;
use std::io;
use std::path::PathBuf;

/// Why a download failed.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server answered that it will not send the file.
    #[error("{url}: {}", said(*status))]
    Status {
        /// The address.
        url: String,
        /// The status of its answer.
        status: u16,
    },
    /// What it sends is no dataset.
    #[error("{url}: {what}")]
    NotADataset {
        /// The address.
        url: String,
        /// What it is instead.
        what: String,
    },
    /// The address cannot be asked for.
    #[error("{url}: {why}")]
    Refused {
        /// The address.
        url: String,
        /// Why.
        why: String,
    },
    /// The download broke off, more often than it is tried again.
    #[error("{url}: {why}{}", left(*have, *length))]
    Broken {
        /// The address.
        url: String,
        /// Why.
        why: String,
        /// Bytes that are here; `None` if they are of no use.
        have: Option<u64>,
        /// Bytes of the whole file; `None` if the server did not say.
        length: Option<u64>,
    },
    /// More came than the server had said.
    #[error("{url}: the server said that the file has {said} bytes, and sent more")]
    Longer {
        /// The address.
        url: String,
        /// Bytes that the server had said.
        said: u64,
    },
    /// The file that came is not the one that is meant.
    #[error(
        "{url}: its SHA-256 is {found}, expected {expected}: the site has another file now, or the file was damaged on the way. It was not kept"
    )]
    Checksum {
        /// The address.
        url: String,
        /// The SHA-256 that is known.
        expected: String,
        /// The SHA-256 of what came.
        found: String,
    },
    /// The file that is here is not the one that is meant.
    #[error("{path}: its SHA-256 is {found}, expected {expected}; move it away or remove it to download it again", path = path.display())]
    Differs {
        /// The file.
        path: PathBuf,
        /// The SHA-256 that is known or recorded.
        expected: String,
        /// The SHA-256 of the file.
        found: String,
    },
    /// The disk has too little room.
    #[error("{folder}: {} are needed, and {} are free", amount(*needed), amount(*free), folder = folder.display())]
    NoRoom {
        /// The folder.
        folder: PathBuf,
        /// Bytes that are still to come.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// Something lies where the file would be written.
    #[error("{path} is in the way: {why}; move it away or remove it", path = path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
        /// Why it is not used.
        why: String,
    },
    /// Another process downloads the same file now.
    #[error("another process downloads {path} now", path = path.display())]
    Busy {
        /// The final path.
        path: PathBuf,
    },
    /// The settings of a proxy are wrong.
    #[error("the proxy {url}: {why}")]
    Proxy {
        /// Its address, without its password.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// The file system reported an error.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
}

impl FetchError {
    /// Whether some of the file is here, so that the next download goes on from there.
    pub fn can_go_on(&self) -> bool {
        matches!(self, Self::Broken { have: Some(1..), .. })
    }

    /// Whether the user's files or settings are in the way, not the network or the disk.
    pub fn is_input(&self) -> bool {
        matches!(self, Self::InTheWay { .. } | Self::Differs { .. } | Self::Proxy { .. } | Self::Refused { .. })
    }
}

fn said(status: u16) -> String {
    let meaning = match status {
        401 | 403 => ": the server refuses to send this file",
        404 | 410 => ": the server has no such file",
        407 => ": the proxy asks for a name and a password",
        451 => ": the server may not send this file, for legal reasons",
        _ => "",
    };
    format!("the server answered HTTP {status}{meaning}")
}

fn left(have: Option<u64>, length: Option<u64>) -> String {
    match (have, length) {
        (None | Some(0), _) => String::new(),
        (Some(have), None) => format!("; {} are here", amount(have)),
        // Rounded they would look whole.
        (Some(have), Some(length)) if amount(have) == amount(length) => format!("; {have} of {length} bytes are here"),
        (Some(have), Some(length)) => format!("; {} of {} are here", amount(have), amount(length)),
    }
}
