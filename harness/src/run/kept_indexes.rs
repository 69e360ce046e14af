//! Keeps indexes while one experiment is checked: each is built once, and read by the process of each round.
//!
//! They serve one check by one program, in a folder that is removed after it. Kept longer, an index would hide a change of the
//! code that builds indexes.
//!
//! A file holds an index's [words](swath_algorithms::candidates::Candidates::words), little-endian, and their SHA-256.
//! One array without a name gains nothing from HDF5, which would need the hash as well.

use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use swath_datasets::bounded;
use swath_datasets::hdf5_file::MEMORY;
use swath_datasets::sha256;
use swath_datasets::whole_file::{make_folder, write_whole};

/// The most bytes of a file: as many as any array may take.
const MOST: u64 = MEMORY;

/// Bytes of a SHA-256.
const HASH: usize = 32;

/// The file that keeps the index of a build key.
fn path(folder: &Path, key: &str) -> PathBuf {
    let name = sha256::hex(&Sha256::digest(key)[..16]);
    folder.join(name + ".index")
}

/// Reads the words of the index of a build key; `None` if the file is missing or damaged.
pub fn load(folder: &Path, key: &str) -> Option<Vec<u32>> {
    let bytes = bounded::read(&path(folder, key), MOST).ok()?;
    let (content, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
    let (words, rest) = content.as_chunks::<4>();
    let is_whole = rest.is_empty() && Sha256::digest(content).as_slice() == hash;
    is_whole.then(|| words.iter().map(|&word| u32::from_le_bytes(word)).collect())
}

/// Keeps the words of an index.
///
/// # Errors
/// The file system's refusal.
pub fn store(folder: &Path, key: &str, words: &[u32]) -> io::Result<()> {
    make_folder(folder)?;
    let mut bytes = Vec::with_capacity(4 * words.len() + HASH);
    words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
    let hash = Sha256::digest(&bytes);
    bytes.extend(hash);
    write_whole(&path(folder, key), &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_and_damaged_ones_do_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("made/when/needed");
        assert_eq!(load(&folder, "ivf"), None);
        store(&folder, "ivf", &[7, 0, u32::MAX]).expect("stored");
        store(&folder, "none", &[]).expect("stored");
        assert_eq!(load(&folder, "ivf"), Some(vec![7, 0, u32::MAX]));
        assert_eq!(load(&folder, "none"), Some(Vec::new()));
        assert_eq!(load(&folder, "another"), None);
        let file = path(&folder, "ivf");
        let bytes = std::fs::read(&file).expect("read");
        for cut in 0..bytes.len() {
            std::fs::write(&file, &bytes[..cut]).expect("written");
            assert_eq!(load(&folder, "ivf"), None, "cut at {cut}");
        }
        for i in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[i] ^= 1;
            std::fs::write(&file, changed).expect("written");
            assert_eq!(load(&folder, "ivf"), None, "byte {i}");
        }
    }
}
