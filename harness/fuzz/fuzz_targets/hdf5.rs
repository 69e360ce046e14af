//! Any bytes: read as an ann-benchmarks dataset.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::Write as _;
use swath_datasets::format;

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("written");
    drop(format::header(file.path()));
    drop(format::read(file.path(), 64 << 20));
});
