//! Opens and reads files within bounds: a path from a user may lead to a pipe, a device or an endless file.
//!
//! Only regular files are opened: opening a pipe waits for its other end, and reading a device may never end. The size is
//! compared with a limit before anything is read, and a file that grows meanwhile is read no further than the limit.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// Limit in bytes for texts that people write: experiments and baselines.
pub const TEXT: u64 = 64 << 20;

/// Limit in bytes for texts that swath writes: manifests, ledgers, histories. Some have a line for each query.
pub const RECORD: u64 = 1 << 30;

/// Opens a regular file for reading; returns its size, too.
///
/// # Errors
/// The file system's refusal; [`ErrorKind::InvalidInput`] if it is not a regular file.
pub fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = open_with(OpenOptions::new().read(true), path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// Opens a regular file as `options` say; they may create it.
///
/// # Errors
/// As [`open`].
pub fn open_with(options: &OpenOptions, path: &Path) -> io::Result<File> {
    match std::fs::metadata(path) {
        Ok(metadata) => regular(&metadata)?,
        // The options decide whether this is an error.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let file = without_waiting(options).open(path)?;
    // It may have been replaced after the first look.
    regular(&file.metadata()?)?;
    Ok(file)
}

/// All bytes of a regular file, at most `most`.
///
/// # Errors
/// As [`open`]; [`ErrorKind::FileTooLarge`].
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (file, size) = open(path)?;
    let too_large = |size: u64| {
        let what = format!("it has {size} bytes; such a file may have at most {most}");
        io::Error::new(ErrorKind::FileTooLarge, what)
    };
    if size > most {
        return Err(too_large(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large(bytes.len() as u64)) } else { Ok(bytes) }
}

/// The text of a regular file, at most `most` bytes.
///
/// # Errors
/// As [`read`]; [`ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "stream did not contain valid UTF-8"))
}

/// How YAML that people write is read: as one document of at most 20,000 values, at most 32 deep, in which aliases do not
/// multiply into more; only `true` and `false` are truth values; tags that are not YAML's own are refused.
pub fn yaml() -> serde_yaml::Options {
    let budget = serde_yaml::budget! { max_nodes: 20_000, max_depth: 32, max_aliases: 1_000 };
    let alias_limits = serde_yaml::alias_limits! { max_total_replayed_events: 20_000 };
    serde_yaml::options! {
        budget: budget,
        alias_limits: alias_limits,
        reject_unsupported_tags: true,
        strict_booleans: true,
        with_snippet: false,
    }
}

/// Checks that it is a regular file.
fn regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let what = format!("it is {}, and only regular files are read", name(metadata.file_type()));
    Err(io::Error::new(ErrorKind::InvalidInput, what))
}

/// Names the kind of a file that is neither regular nor a folder.
#[cfg(unix)]
fn name(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn name(_: FileType) -> &'static str {
    "not a file on a disk"
}

/// The same options, but opening a pipe does not wait for its other end.
#[cfg(unix)]
fn without_waiting(options: &OpenOptions) -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = options.clone();
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    options
}

#[cfg(not(unix))]
fn without_waiting(options: &OpenOptions) -> OpenOptions {
    options.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        std::fs::write(&path, "12345").expect("written");
        assert_eq!(read(&path, 5).expect("as large as it may be"), b"12345");
        let error = read(&path, 4).expect_err("too large");
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(error.to_string(), "it has 5 bytes; such a file may have at most 4");
        assert_eq!(read_text(&path, u64::MAX).expect("text"), "12345");
        std::fs::write(&path, [0xff]).expect("written");
        assert_eq!(read_text(&path, 5).expect_err("no text").kind(), ErrorKind::InvalidData);
        assert_eq!(read(folder.path(), 5).expect_err("a folder").kind(), ErrorKind::IsADirectory);
        assert_eq!(read(&folder.path().join("y"), 5).expect_err("none").kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_file_is_created_if_the_options_say_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        assert!(open_with(OpenOptions::new().write(true), &path).is_err());
        open_with(OpenOptions::new().create(true).append(true), &path).expect("made");
        assert!(path.is_file());
    }

    /// Waiting for any of these, or reading it, would not end, and neither would the test.
    #[cfg(unix)]
    #[test]
    fn pipes_sockets_and_devices_are_refused_by_name_and_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let [pipe, socket, link] = ["pipe", "socket", "link"].map(|name| folder.path().join(name));
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .expect("a pipe");
        let _listens = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        std::os::unix::fs::symlink(&pipe, &link).expect("a link");
        let cases = [
            (pipe.as_path(), "a pipe"),
            (link.as_path(), "a pipe"),
            (socket.as_path(), "a socket"),
            (Path::new("/dev/zero"), "a device"),
        ];
        for (path, what) in cases {
            let error = read(path, u64::MAX).expect_err("no file");
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert_eq!(error.to_string(), format!("it is {what}, and only regular files are read"));
            let written = open_with(OpenOptions::new().create(true).append(true), path);
            assert_eq!(written.expect_err("no file").kind(), ErrorKind::InvalidInput);
        }
        // A pipe that replaces a file after the first look is opened without waiting.
        assert!(without_waiting(OpenOptions::new().read(true)).open(&pipe).is_ok());
    }
}
