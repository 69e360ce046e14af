//! Where the bytes of an array stand in a file: as they are, or packed in a member of a zip archive.

use flate2::Crc;
use flate2::read::DeflateDecoder;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

/// A matrix in column order may have this many bytes if it is packed: it is unpacked into memory.
const TURNED: u64 = 1 << 30;

/// Bytes of an open file. Reads are independent of each other.
#[derive(Clone)]
pub(crate) struct Span {
    pub file: Arc<File>,
    pub at: u64,
    pub end: u64,
}

/// The bytes of an array.
#[derive(Clone)]
pub(super) enum Bytes {
    /// As they are in the file.
    Plain(Span),
    /// The bytes of a member of an archive, without the first ones.
    Member { member: Member, skip: u64 },
}

/// A member of a zip archive.
#[derive(Clone)]
pub(super) struct Member {
    /// Its bytes in the archive.
    pub stored: Span,
    pub is_deflated: bool,
    /// Bytes that it has when it is unpacked, and their checksum.
    pub size: u64,
    pub checksum: u32,
}

/// Compares the number of bytes and their checksum with what the archive says.
struct Checked<R> {
    bytes: R,
    seen: Crc,
    left: u64,
    checksum: u32,
}

impl Span {
    /// The bytes from `at` to `end`.
    pub(crate) fn new(file: &Arc<File>, at: u64, end: u64) -> Self {
        Self { file: file.clone(), at, end }
    }

    /// The same from another place on.
    pub(crate) fn from(&self, at: u64) -> Self {
        Self { at, ..self.clone() }
    }
}

impl Read for Span {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let count = read_at(&self.file, &mut buffer[..length], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

impl From<Span> for Bytes {
    fn from(span: Span) -> Self {
        Self::Plain(span)
    }
}

impl Bytes {
    /// Reads them from the first on.
    pub(super) fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        match self {
            Self::Plain(span) => Ok(Box::new(span.clone())),
            Self::Member { member, skip } => {
                let mut bytes = member.reader();
                io::copy(&mut bytes.by_ref().take(*skip), &mut io::sink())?;
                Ok(bytes)
            }
        }
    }

    /// The same bytes where each can be read without those before: unpacked into memory if they are packed.
    pub(super) fn by_place(&self) -> io::Result<BytesByPlace> {
        match self {
            Self::Plain(span) => Ok(BytesByPlace::Plain(span.clone())),
            Self::Member { member, .. } if member.size > TURNED => {
                let size = member.size;
                let what = format!(
                    "its {size} bytes are packed in column order: with x the array, `numpy.save(\"rows.npy\", \
                     numpy.ascontiguousarray(x))` in Python writes a file that can be read"
                );
                Err(io::Error::new(ErrorKind::InvalidData, what))
            }
            Self::Member { .. } => {
                let mut all = Vec::new();
                self.reader()?.read_to_end(&mut all)?;
                Ok(BytesByPlace::Memory(all))
            }
        }
    }
}

/// Bytes of which each can be read without those before.
pub(super) enum BytesByPlace {
    Plain(Span),
    Memory(Vec<u8>),
}

impl BytesByPlace {
    /// Fills `part` with the bytes from the place `at` on.
    pub(super) fn read(&self, at: u64, part: &mut [u8]) -> io::Result<()> {
        match self {
            Self::Plain(span) => span.from(span.at + at).read_exact(part),
            Self::Memory(all) => {
                usize::try_from(at).ok().and_then(|at| all.get(at..)).unwrap_or_default().read_exact(part)
            }
        }
    }
}

impl Member {
    /// Its unpacked bytes, which are checked when the last is read.
    pub(super) fn reader(&self) -> Box<dyn Read + '_> {
        let Self { stored, size, checksum, .. } = self.clone();
        let checked = |bytes| Checked { bytes, seen: Crc::new(), left: size, checksum };
        if self.is_deflated {
            Box::new(checked(Unpacked::Deflated(DeflateDecoder::new(stored))))
        } else {
            Box::new(checked(Unpacked::Stored(stored)))
        }
    }
}

/// The bytes of a member.
enum Unpacked {
    Stored(Span),
    Deflated(DeflateDecoder<Span>),
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(span) => span.read(buffer),
            // A stream that cannot be unpacked is an invalid input there.
            Self::Deflated(bytes) => {
                bytes.read(buffer).map_err(|error| io::Error::new(ErrorKind::InvalidData, error.to_string()))
            }
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.bytes.read(&mut buffer[..length])?;
        self.seen.update(&buffer[..count]);
        self.left -= count as u64;
        if count > 0 && self.left == 0 && self.seen.sum() != self.checksum {
            return Err(io::Error::new(ErrorKind::InvalidData, "its checksum is wrong"));
        }
        Ok(count)
    }
}
