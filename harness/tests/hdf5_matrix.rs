//! HDF5 files of every kind that h5py writes: each is read to the last bit as h5py reads it, or refused by name.

mod support;

use std::path::Path;
use std::process::Command;
use swath_datasets::hdf5_file::Hdf5File;

const MEMORY: u64 = 64 << 20;

/// What is wrong with a case, if anything.
fn judge(folder: &Path, [name, what, kind, words]: [&str; 4]) -> Option<String> {
    let wrong = |found: &str| Some(format!("{name} ({what}): {found}"));
    let expected = std::fs::read(folder.join(format!("{name}.bin"))).unwrap_or_default();
    let read = Hdf5File::open(&folder.join(format!("{name}.hdf5")), MEMORY).and_then(|file| match kind {
        "f64" => {
            let values = file.f64s("x")?;
            let single = file.f32s("x")?;
            assert_eq!(values.len(), single.len());
            let rounded =
                values.iter().zip(&single).all(|(value, single)| (*value as f32).to_bits() == single.to_bits());
            assert!(rounded, "{name} ({what}) is another as f32");
            Ok(values.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
        "i64" => Ok(file.integers("x")?.iter().flat_map(|value| value.to_le_bytes()).collect()),
        "text" => Ok(file.texts("x")?.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect()),
        _ => file.f64s("x").map(|values| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()),
    });
    match read {
        Ok(_) if kind == "refused" => wrong("it was read"),
        Ok(bytes) => (bytes != expected).then(|| wrong("other values than h5py's")).flatten(),
        Err(error) if kind == "refused" => {
            let message = error.to_string();
            (!message.contains(words)).then(|| wrong(&format!("\"{message}\" has no \"{words}\""))).flatten()
        }
        Err(error) => wrong(&error.to_string()),
    }
}

#[test]
fn what_h5py_writes_is_read_as_h5py_reads_it() {
    let Some(python) = support::python(&["h5py", "numpy"]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/hdf5_matrix.py");
    let made = Command::new(python).arg(script).arg(folder.path()).output().expect("Python runs");
    assert!(made.status.success(), "{}", support::stderr(&made));
    let cases = std::fs::read_to_string(folder.path().join("cases.tsv")).expect("cases");
    let line = |line: &'_ str| -> [String; 4] {
        let parts: Vec<String> = line.split('\t').map(str::to_owned).collect();
        parts.try_into().expect("four columns")
    };
    let cases: Vec<[String; 4]> = cases.lines().map(line).collect();
    let wrong: Vec<String> =
        cases.iter().filter_map(|case| judge(folder.path(), case.each_ref().map(String::as_str))).collect();
    let refused = cases.iter().filter(|case| case[2] == "refused").count();
    println!("{}", support::stdout(&made).trim());
    println!("{} files, {refused} of them to be refused by name; {} wrong", cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong[..wrong.len().min(40)].join("\n"));
    assert!(cases.len() > 3000, "h5py wrote less than it should");
    // It would see a difference.
    let bin = folder.path().join("00000.bin");
    let mut bytes = std::fs::read(&bin).expect("readable");
    bytes[0] ^= 1;
    std::fs::write(&bin, bytes).expect("written");
    assert!(judge(folder.path(), cases[0].each_ref().map(String::as_str)).is_some());
}
