//! SHA-256 as text.

use crate::bounded;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read as _};
use std::path::Path;

/// Bytes as hexadecimal digits in lower case.
pub fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// The SHA-256 of bytes, 64 hexadecimal digits.
pub fn of(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of a regular file, 64 hexadecimal digits.
///
/// # Errors
/// The file system's refusal.
pub fn of_file(path: &Path) -> io::Result<String> {
    let (mut file, _) = bounded::open(path)?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first is FIPS 180-2's own example.
    #[test]
    fn it_agrees_with_the_standard() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of("abc"), abc);
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "abc").expect("written");
        assert_eq!(of_file(file.path()).expect("read"), abc);
        assert!(of_file(Path::new("no such file")).is_err());
    }
}
