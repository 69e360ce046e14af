//! A hash of what a build of this crate is made of. Used by the build script, and by the test that holds it to its word.

use sha2::{Digest as _, Sha256};
use std::io;
use std::path::Path;

/// SHA-256, hexadecimal, of `words`, the crate's manifest, its sources and, where there is one, the lock file that names the
/// crates it is built with. It depends neither on where these are nor on the order in which a folder lists them.
///
/// # Errors
/// The file system's refusal.
pub fn of(package: &Path, lock: Option<&Path>, words: &[&str]) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut part = |name: &str, content: &[u8]| {
        for bytes in [name.as_bytes(), content] {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
    };
    words.iter().for_each(|word| part("", word.as_bytes()));
    part("Cargo.toml", &std::fs::read(package.join("Cargo.toml"))?);
    if let Some(lock) = lock {
        part("Cargo.lock", &std::fs::read(lock)?);
    }
    let mut files = Vec::new();
    list(&package.join("src"), "src", &mut files)?;
    files.sort_unstable();
    for name in files {
        part(&name, &std::fs::read(package.join(&name))?);
    }
    Ok(base16ct::lower::encode_string(&hash.finalize()))
}

/// The files in a folder and those in it, by their names from the package on, with `/` between.
fn list(folder: &Path, name: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &name, files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}
