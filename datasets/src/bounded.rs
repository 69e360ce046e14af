//! Files opened and read within bounds: whoever names a file may have named a pipe, a device or something without end.
//!
//! What is no regular file is refused before it is opened: opening a pipe waits for its other end, and reading a device may
//! never end. The size is compared with a limit before anything is read, and no more than that is read if the file grows.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// The most bytes of a text that people write: experiments and baselines.
pub const TEXT: u64 = 64 << 20;

/// The most bytes of a text that swath itself writes: manifests, ledgers, histories. Some have a line for each query.
pub const RECORD: u64 = 1 << 30;

/// Opens a regular file to be read; returns its size, too.
///
/// # Errors
/// The file system's refusal; [`ErrorKind::InvalidInput`] where it is no regular file.
pub fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = open_with(OpenOptions::new().read(true), path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

/// Opens a regular file as `options` say, which may make one where nothing is.
///
/// # Errors
/// As [`open`].
pub fn open_with(options: &OpenOptions, path: &Path) -> io::Result<File> {
    match std::fs::metadata(path) {
        Ok(metadata) => regular(&metadata)?,
        // Whether that is an error, the options know.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let file = without_waiting(options).open(path)?;
    // It may have been replaced since.
    regular(&file.metadata()?)?;
    Ok(file)
}

/// All bytes of a regular file of at most `most`.
///
/// # Errors
/// As [`open`]; [`ErrorKind::FileTooLarge`].
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (file, size) = open(path)?;
    let too_large = |size: u64| {
        let what = format!("it has {size} bytes, and at most {most} are read of such a file");
        io::Error::new(ErrorKind::FileTooLarge, what)
    };
    if size > most {
        return Err(too_large(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large(bytes.len() as u64)) } else { Ok(bytes) }
}

/// The text of a regular file of at most `most` bytes.
///
/// # Errors
/// As [`read`]; [`ErrorKind::InvalidData`] where it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "stream did not contain valid UTF-8"))
}

/// That it is a regular file.
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

/// What a file is that is neither regular nor a folder.
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
    "no file on a disk"
}

/// The same options, by which opening a pipe does not wait for its other end.
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
        assert_eq!(error.to_string(), "it has 5 bytes, and at most 4 are read of such a file");
        assert_eq!(read_text(&path, u64::MAX).expect("text"), "12345");
        std::fs::write(&path, [0xff]).expect("written");
        assert_eq!(read_text(&path, 5).expect_err("no text").kind(), ErrorKind::InvalidData);
        assert_eq!(read(folder.path(), 5).expect_err("a folder").kind(), ErrorKind::IsADirectory);
        assert_eq!(read(&folder.path().join("y"), 5).expect_err("none").kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_file_is_made_where_the_options_say_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        assert!(open_with(OpenOptions::new().write(true), &path).is_err());
        open_with(OpenOptions::new().create(true).append(true), &path).expect("made");
        assert!(path.is_file());
    }

    /// Each of these would be waited for or read for ever. The test ends only because none is.
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
        // Put in its place after it was looked at, a pipe is opened without waiting.
        assert!(without_waiting(OpenOptions::new().read(true)).open(&pipe).is_ok());
    }
}
