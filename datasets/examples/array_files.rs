//! Times the readers of array files; `array_files.py` beside it makes the files, and times what Python does with the same.
//!
//! `cargo run --release -p swath-datasets --example array_files -- FILE ...` prints seconds and the name of each file. `plain:FILE`
//! reads the bytes of the file and does nothing with them: no reader can be faster.

use std::error::Error;
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;
use swath_datasets::array_file::{self, ArrayFile};
use swath_datasets::bounded;

#[expect(clippy::disallowed_methods, reason = "figures for developers, not a figure that swath reports")]
fn main() -> Result<(), Box<dyn Error>> {
    for file in std::env::args().skip(1) {
        let start = Instant::now();
        match file.strip_prefix("plain:") {
            Some(file) => plain(Path::new(file))?,
            None => values(Path::new(&file))?,
        }
        println!("{:.6} {file}", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Reads the bytes of a file.
fn plain(path: &Path) -> Result<(), Box<dyn Error>> {
    let (mut file, _) = bounded::open(path)?;
    let mut buffer = vec![0; 1 << 18];
    while file.read(&mut buffer)? > 0 {
        black_box(&buffer);
    }
    Ok(())
}

/// Reads all values of a file as `f32`.
fn values(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut each = |rows: &[f32]| {
        black_box(rows);
        true
    };
    match array_file::open(path, None)? {
        ArrayFile::Matrix(matrix) => matrix.f32_rows(&mut each)?,
        ArrayFile::Compressed(rows) => {
            rows.offsets.integer_rows(&mut |rows| !black_box(rows).is_empty())?;
            rows.numbers.integer_rows(&mut |rows| !black_box(rows).is_empty())?;
            rows.values.f32_rows(&mut each)?;
        }
    }
    Ok(())
}
