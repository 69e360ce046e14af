//! Reading a damaged file of arrays or texts ends soon, in an error or in values, without a panic or a large allocation.
//!
//! There is only one test in this file, because the allocator counts for the whole process.

mod damage;

use damage::limits::{Counting, Trials, mutations, watched};
use damage::mutate;
use std::path::{Path, PathBuf};
use swath_algorithms::random::stream;
use swath_datasets::array_file::{self, ArrayFile, Matrix};
use swath_datasets::text_file;

/// Bytes that texts may take.
const MEMORY: u64 = 16 << 20;

/// Bytes that reading a file may take in all.
const BUDGET: usize = 256 << 20;

/// Values of a file that are read.
const VALUES: usize = 1 << 22;

/// Files that are damaged at random, unless `SWATH_MUTATIONS` gives another number.
const MUTATIONS: usize = 6000;

#[global_allocator]
static COUNTING: Counting = Counting;

/// Reads the values, at most so many.
fn values(matrix: &dyn Matrix) -> bool {
    let (mut floats, mut numbers) = (0, 0);
    let read = matrix.f32_rows(&mut |rows| {
        floats += rows.len();
        floats < VALUES
    });
    drop(matrix.integer_rows(&mut |rows| {
        numbers += rows.len();
        numbers < VALUES
    }));
    read.is_ok()
}

/// Reads a file in all ways; returns whether it was found valid in one.
fn reads(path: &Path, what: &str, trials: &mut Trials) -> bool {
    trials.read(what, || {
        let mut valid = false;
        for part in [None, Some("vector"), Some("vectors"), Some("ids"), Some("id"), Some("x")] {
            valid |= match array_file::open(path, part) {
                Ok(ArrayFile::Matrix(matrix)) => values(&*matrix),
                Ok(ArrayFile::Compressed(rows)) => {
                    values(&*rows.offsets) && values(&*rows.numbers) && values(&*rows.values)
                }
                Err(_) => false,
            };
        }
        if let Ok(truth) = array_file::truth(path, None) {
            valid |= values(&*truth.ids) && truth.distances.is_none_or(|distances| values(&*distances));
        }
        for column in [None, Some("text"), Some("id")] {
            valid |= text_file::texts(path, column, MEMORY).is_ok();
        }
        valid
    })
}

fn sources() -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrays");
    let entries = std::fs::read_dir(fixtures).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut sources: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending != "py")).collect();
    sources.sort();
    sources
}

fn damage_at_random(trials: &mut Trials) {
    let folder = tempfile::tempdir().expect("a folder");
    let sources = sources();
    let whole: Vec<Vec<u8>> = sources.iter().map(|path| std::fs::read(path).expect("readable")).collect();
    for i in 0..mutations(MUTATIONS) {
        let at = i % sources.len();
        let name = sources[at].file_name().expect("a name").to_string_lossy().into_owned();
        let mut random = stream(i as u64, "damaged arrays", 0);
        let bytes = mutate::bytes(&mut random, &whole[at], &whole[(i * 7 + 3) % sources.len()]);
        let path = folder.path().join(&name);
        drop(std::fs::remove_file(&path));
        std::fs::write(&path, &bytes).expect("written");
        reads(&path, &format!("{name}, mutation {i}"), trials);
    }
}

/// Headers that claim far more than the file has: replaces the sizes 5 and 3 of each file, wherever they stand.
fn lie_about_sizes(trials: &mut Trials) {
    let folder = tempfile::tempdir().expect("a folder");
    for source in sources() {
        let name = source.file_name().expect("a name").to_string_lossy().into_owned();
        let whole = std::fs::read(&source).expect("readable");
        let path = folder.path().join(&name);
        let text =
            [(b"(5, 3)".as_slice(), b"(1152921504606846976, 3)".as_slice()), (b"[5,3]", b"[1152921504606846976,3]")];
        let numbers = [(5_u64, 1_u64 << 60), (5, u64::MAX), (3, 1 << 60)]
            .map(|(from, to)| (from.to_le_bytes(), to.to_le_bytes()));
        let numbers = numbers.iter().flat_map(|(from, to)| [(&from[..], &to[..]), (&from[..4], &to[4..])]);
        for (from, to) in text.into_iter().chain(numbers) {
            for at in (0..whole.len().saturating_sub(from.len())).filter(|&at| whole[at..].starts_with(from)) {
                let bytes = [&whole[..at], to, &whole[at + from.len()..]].concat();
                drop(std::fs::remove_file(&path));
                std::fs::write(&path, &bytes).expect("written");
                reads(&path, &format!("{name}, {to:?} at {at}"), trials);
            }
        }
    }
}

/// Headers that claim no rows, or rows without bytes: no size of a file proves the other number.
fn claim_without_bytes(trials: &mut Trials) {
    let folder = tempfile::tempdir().expect("a folder");
    let npy = |descr: &str, shape: &str| {
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n");
        [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
    };
    let tensors = r#"{"x":{"dtype":"F32","shape":[0,1152921504606846976],"data_offsets":[0,0]}}"#;
    let files = [
        ("columns.npy", npy("<f4", "0, 1152921504606846976")),
        ("characters.npy", npy("<U1152921504606846976", "0,")),
        ("empty-texts.npy", npy("<U0", "1152921504606846976,")),
        ("narrow.fbin", [[0; 4], [0xff; 4]].concat()),
        ("wide.fbin", [0, 1_u64 << 59].map(u64::to_le_bytes).concat()),
        ("vectors.faiss", [b"IxF2", &i32::MAX.to_le_bytes()[..], &[0; 25], &[1, 0, 0, 0], &[0; 8]].concat()),
        ("x.safetensors", [&(tensors.len() as u64).to_le_bytes(), tensors.as_bytes()].concat()),
    ];
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        reads(&path, name, trials);
    }
}

/// `SWATH_MUTATIONS=200000 cargo test -p swath-datasets --test damaged_arrays -- --nocapture` damages that many files.
#[test]
fn reading_a_damaged_array_ends_soon_without_a_panic_or_a_large_allocation() {
    watched("damaged arrays and texts", BUDGET, |trials| {
        for source in sources() {
            reads(&source, &source.to_string_lossy(), trials);
        }
        lie_about_sizes(trials);
        claim_without_bytes(trials);
        damage_at_random(trials);
        let (tried, valid) = trials.counts();
        assert!(valid > 0 && valid < tried, "all files were refused, or none");
    });
}
