//! Files that others could write: what each of `cases/` must give (its README says how each was made).

mod support;

use std::path::{Path, PathBuf};
use support::{stderr, stdout, swath};
use swath_algorithms::{Base, Points};
use swath_datasets::hdf5_file::MEMORY;
use swath_datasets::{Dataset, ground_truth};

/// What a file must give.
enum Given {
    /// What `00-plain.hdf5` gives, bit by bit.
    AsPlain,
    /// The vectors of `00-plain.hdf5`, each value within so much of it, relatively.
    VectorsAsPlain(f32),
    /// A dataset whose vectors agree with its true neighbours, and so were read right.
    Right,
    /// A dataset, although its true neighbours disagree with its vectors.
    Read,
    /// A message that has these.
    Refused(&'static [&'static str]),
}
use Given::{AsPlain, Read, Refused, Right, VectorsAsPlain};

/// The file, what it must give, and what must be noted.
const CASES: &[(&str, Given, &[&str])] = &[
    ("00-plain", AsPlain, &[]),
    ("30-softlink-unrelated", AsPlain, &[]),
    ("07-libver-latest-gz", AsPlain, &[]),
    ("40-new-btree2-nofilter", Right, &[]),
    ("42-old-dontfilterpartial", Right, &[]),
    ("42-old-dontfilterpartial-shuffleonly", Right, &[]),
    ("43-addr4", VectorsAsPlain(0.0), &[]),
    ("31-killed-after-flush", AsPlain, &["did not close it"]),
    ("06-lzf", AsPlain, &[]),
    ("15-szip", AsPlain, &[]),
    ("33-lz4", AsPlain, &[]),
    ("33-zstd", AsPlain, &[]),
    ("12-extlinks", Refused(&["`train`", "link to /train in another file", "h5copy"]), &[]),
    ("12-extlink-missing", Refused(&["`train`", "link to /train in another file", "h5copy"]), &[]),
    ("13-external-storage", Refused(&["`train`: its values are in another file, 13-train.bin"]), &[]),
    ("13-vds", Refused(&["`train`: it is a virtual dataset"]), &[]),
    ("03-float16", VectorsAsPlain(0.000_49), &[]),
    ("09-uint8", Right, &[]),
    ("10-neigh-float32", AsPlain, &[]),
    // Its distances are 1,000 times too large; those of `20-jaccard-sparse`, below, are not of its sets.
    ("45-int-distances", Read, &[]),
    ("21-vibe-cosine", Right, &["calls its distance `cosine`, which is read as `angular`"]),
    ("20-hamming-bool", Right, &[]),
    ("20-hamming-packed-vibe", Right, &["are counts of bits: they are read as shares of 64 bits"]),
    // Its true neighbours are those of another file.
    (
        "20-jaccard-sparse",
        Read,
        &["271 sets in `train` are out of order", "10 sets in `train` name a member more than once"],
    ),
    ("35-minus1-pad", Right, &["40 of 40 queries have fewer than 100 true neighbours in the file"]),
    ("17-5-neigh-init", Right, &[]),
    ("50-scale1e-4-euc", Right, &[]),
    ("51-neardup-ang", Right, &[]),
    ("70-qrels-big", Right, &[]),
    ("copies-angular", Right, &[]),
    ("62-esc-names", Right, &[]),
    ("46-names-evil", Right, &[]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn path(name: &str) -> PathBuf {
    folder().join(format!("{name}.hdf5"))
}

fn near(a: &Points, b: &Points, tolerance: f32) -> bool {
    let (Some(a), Some(b)) = (a.dense(), b.dense()) else { return false };
    let close = |(a, b): (&f32, &f32)| (a - b).abs() <= tolerance * b.abs();
    (a.rows(), a.dim()) == (b.rows(), b.dim()) && (0..a.rows()).all(|i| a.row(i).iter().zip(b.row(i)).all(close))
}

fn judge(name: &str, given: &Given, read: Result<Dataset, String>, plain: &Dataset) -> Result<Vec<String>, String> {
    let wrong = |what: &str| Err(format!("{name}: {what}"));
    let dataset = match (given, read) {
        (Refused(parts), Err(message)) => {
            let lacks = parts.iter().find(|part| !message.contains(**part));
            return lacks.map_or(Ok(Vec::new()), |part| wrong(&format!("\"{message}\" has no \"{part}\"")));
        }
        (Refused(_), Ok(_)) => return wrong("it was read"),
        (_, Err(message)) => return wrong(&message),
        (_, Ok(dataset)) => dataset,
    };
    let doubt = ground_truth::verify(&Base::new(dataset.train.clone(), dataset.distance), &dataset, 1);
    let is_right = match given {
        AsPlain => dataset.same(plain),
        VectorsAsPlain(by) => {
            near(&dataset.train, &plain.train, *by) && near(&dataset.test, &plain.test, *by) && doubt.is_none()
        }
        Right => doubt.is_none(),
        Read => doubt.is_some(),
        Refused(_) => false,
    };
    if is_right { Ok(dataset.notes) } else { wrong(&format!("other values than it should have ({doubt:?})")) }
}

#[test]
fn each_file_is_read_right_or_named_for_what_it_is() {
    let plain = swath_datasets::format::read(&path("00-plain"), MEMORY).expect("readable");
    let mut wrong = Vec::new();
    for (name, given, notes) in CASES {
        let read = swath_datasets::format::read(&path(name), MEMORY).map_err(|error| error.to_string());
        match judge(name, given, read, &plain) {
            Err(message) => wrong.push(message),
            Ok(said) => {
                for note in *notes {
                    if !said.iter().any(|said| said.contains(note)) {
                        wrong.push(format!("{name}: \"{note}\" is not noted, but {said:?}"));
                    }
                }
                if notes.is_empty() && !said.is_empty() {
                    wrong.push(format!("{name}: {said:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // None is left out.
    let files = std::fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "hdf5"));
    assert_eq!(files.count(), CASES.len());
}

/// A test that cannot fail says nothing: what is not plain is not taken for it.
#[test]
fn the_judge_sees_other_values() {
    let plain = swath_datasets::format::read(&path("00-plain"), MEMORY).expect("readable");
    let half = || swath_datasets::format::read(&path("03-float16"), MEMORY).map_err(|error| error.to_string());
    assert!(
        judge("x", &AsPlain, half(), &plain).is_err() && judge("x", &VectorsAsPlain(1e-5), half(), &plain).is_err()
    );
    assert!(judge("x", &Read, half(), &plain).is_err() && judge("x", &Refused(&[]), half(), &plain).is_err());
    let mut moved = half().expect("readable");
    moved.neighbors.ids.rotate_left(1);
    assert!(judge("x", &Right, Ok(moved), &plain).is_err());
}

/// What `init` writes for each runs, at once and without a change.
#[test]
fn init_writes_an_experiment_that_runs() {
    for name in ["17-5-neigh-init", "00-plain", "35-minus1-pad"] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::copy(path(name), folder.path().join("data.hdf5")).expect("copied");
        let init = swath(folder.path(), &["init", "data.hdf5"]);
        assert_eq!(init.status.code(), Some(0), "{}", stderr(&init));
        let written = std::fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").path());
        let mut experiments = written.filter(|path| path.extension().is_some_and(|end| end == "yaml"));
        let experiment = experiments.next().expect("an experiment").to_string_lossy().into_owned();
        let run = swath(folder.path(), &["run", &experiment]);
        assert_eq!(run.status.code(), Some(0), "{name}: {}", stderr(&run));
    }
}

/// Names with ESC, BEL, newlines, U+202E and script tags reach no terminal and no page as they are.
#[test]
fn names_in_a_dataset_are_harmless() {
    for name in ["62-esc-names", "46-names-evil"] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::copy(path(name), folder.path().join("data.hdf5")).expect("copied");
        let text =
            "name: x\ndataset: data.hdf5\nk: 5\nretrievers: [{ name: a, select: top-k }, { name: b, select: mmr }]\n";
        std::fs::write(folder.path().join("x.yaml"), text).expect("written");
        for arguments in [&["datasets", "info", "data.hdf5"][..], &["run", "x.yaml"]] {
            let output = swath(folder.path(), arguments);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            let said = stdout(&output) + &stderr(&output);
            let bad = |c: char| {
                (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            };
            assert!(!said.contains(bad), "{name}, {arguments:?}: {said:?}");
        }
        let page = std::fs::read_to_string(folder.path().join("reports/x/index.html")).expect("a page");
        assert!(!page.contains("<script>alert") && !page.contains('\u{1b}') && !page.contains('\u{7}'), "{name}");
    }
}
