//! Baselines are written, changed, and read.

use super::text::{number, text};
use super::values::values as values_file;
use super::{Baseline, Writes, read, values_path, write};
use crate::ci::check::{MeasureValues, Scope, Snapshot, TimingSetup, TrialSnapshot};
use crate::config::Failure;
use crate::metrics::MetricName;
use crate::record::Mode;
use crate::statistics::Round;
use std::path::Path;
use swath_datasets::hdf5_file::{Hdf5Writer, Values};
use swath_datasets::sha256;

fn measured(name: &str, values: &[f64]) -> MeasureValues {
    MeasureValues::new(name, values)
}

fn state() -> Snapshot {
    Snapshot {
        setting: Scope {
            experiment: "words".into(),
            dataset: "x".into(),
            sha256: "ab12".into(),
            k: 10,
            queries: 3,
            seed: 7,
        },
        swath: "0.1.0 (abc)".into(),
        saved: "2026-11-24T00:00:00Z".into(),
        machine: "A \"fast\" one: @ 3 GHz, 2 cores".into(),
        timing: Some(TimingSetup { mode: Mode::Batch, threads: 2, queries: 1000, passes: 3 }),
        reference: "top-k".into(),
        trials: vec![
            TrialSnapshot {
                label: "top-k".into(),
                measures: vec![measured("recall", &[1.0, 0.5, f64::NAN]), measured("evaluations", &[20.0, 30.0, 40.0])],
                ..TrialSnapshot::default()
            },
            TrialSnapshot {
                label: "walk (graph={knn: 0.5}, lambda=0.3)".into(),
                measures: vec![measured("recall", &[0.1, 0.2, 0.3]), measured("vendi(q=2)", &[1.5, 2.5, 3.5])],
                rounds: [0.5, 1.25].map(|ratio| Round { own: 0.002 * ratio, reference: 0.002 }).to_vec(),
                ..TrialSnapshot::default()
            },
        ],
    }
}

#[test]
fn a_written_baseline_is_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("words.yaml");
    write(&path, Path::new("words.yaml"), &state(), Writes::New).expect("written");
    let Baseline { state: read_back, missing, is_bound } = read(&path).expect("read");
    assert_eq!((missing, is_bound), (None, true));
    let same = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a == b || a.is_nan() && b.is_nan());
    assert_eq!((&read_back.setting, &read_back.timing), (&state().setting, &state().timing));
    for (one, other) in read_back.trials.iter().zip(&state().trials) {
        assert_eq!(one.label, other.label);
        assert!(one.rounds.iter().zip(&other.rounds).all(|(a, b)| (a.own - b.own).abs() < 1e-7));
        for (one, other) in one.measures.iter().zip(&other.measures) {
            assert_eq!(one.name, other.name);
            assert!((one.mean - other.mean).abs() < 1e-6 && same(&one.values, &other.values), "{one:?} {other:?}");
        }
    }
    std::fs::remove_file(path.with_extension("hdf5")).expect("removed");
    let Baseline { state: read_back, missing, .. } = read(&path).expect("read");
    assert!(missing.is_some_and(|note| note.contains("without tests")));
    assert!(read_back.trials[0].measures[0].values.is_empty());
}

/// A change in one of the two files, or another file in its place, is found; the message names the file.
#[test]
fn a_changed_baseline_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("words.yaml");
    write(&path, Path::new("words.yaml"), &state(), Writes::New).expect("written");
    let text = std::fs::read_to_string(&path).expect("read");
    let values = std::fs::read(values_path(&path)).expect("read");
    let refused = |change: &[(&str, &str)], values: &[u8]| {
        let mut changed = text.clone();
        for (from, to) in change {
            assert!(changed.contains(from), "{from} in {changed}");
            changed = changed.replace(from, to);
        }
        std::fs::write(&path, changed).expect("written");
        std::fs::write(values_path(&path), values).expect("written");
        read(&path).expect_err("changed").to_string()
    };
    let mean = refused(&[("    recall: 0.2\n", "    recall: 0.21\n")], &values);
    assert!(mean.contains("recall of walk (graph={knn: 0.5}, lambda=0.3): the values have the mean"), "{mean}");
    assert!(refused(&[("saved: 2026", "saved: 2025")], &values).contains("values of another baseline"));
    let two = refused(&[("    evaluations: 30\n", "    evaluations: 30\n    evaluations: 31\n")], &values);
    assert!(two.contains("twice") || two.contains("duplicate"), "{two}");
    for (from, to, said) in [
        ("recall: 0.75", "recall: 4.93", "is 4.93, but its range is 0 to 1"),
        ("evaluations: 30", "evaluations: -30", "is -30, but its range is from 0"),
        ("evaluations: 30", "evaluationz: 30", "is not a measure of this version"),
        ("queries: 3", "queries: 4", "there are 3 values for 4 queries"),
        ("queries: 3", "queries: 0", "has at least 1 query"),
        ("reference: top-k", "reference: other", "is not among the trials"),
        ("passes: 3", "passes: 0", "has a count of 0"),
        ("time: [0.5000, 1.2500]", "time: [0.5000, -1.2500]", "all above 0"),
        ("values: ", "values: 0", "these are not the values of this baseline"),
    ] {
        let message = refused(&[(from, to)], &values);
        assert!(message.contains(said), "{from} -> {to}: {message}");
    }
    // Values with the same mean that vary more would hide changes. They are refused even if the text has their hash.
    let mut wide = state();
    wide.trials[1].measures[0] =
        MeasureValues { values: vec![4.2, -3.8, 0.2], ..state().trials[1].measures[0].clone() };
    let wide = values_file(&wide).expect("values");
    let message = refused(&[], &wide);
    assert!(message.contains("words.hdf5: these are not the values of this baseline"), "{message}");
    let (was, is) = (sha256::of(&values), sha256::of(&wide));
    let message = refused(&[(was.as_str(), is.as_str())], &wide);
    assert!(message.contains("row 0 is 4.2") && message.contains("its range is 0 to 1"), "{message}");
    let message = refused(&[], b"not HDF5");
    assert!(message.contains("these are not the values of this baseline"), "{message}");
    let message = refused(&[(was.as_str(), sha256::of(b"not HDF5").as_str())], b"not HDF5");
    assert!(message.contains("words.hdf5 is not an HDF5 file"), "{message}");
}

/// Only a baseline with its own values is replaced, no other file.
#[test]
fn other_files_are_not_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let refused = |name: &str, writes: Writes| {
        let error = write(&at(name), Path::new("words.yaml"), &state(), writes).expect_err("in the way");
        assert!(matches!(error, Failure::Input(_)), "{error:?}");
        error.to_string()
    };
    let mut dataset = Hdf5Writer::new();
    dataset.text("distance", "angular").array("train", &[1], Values::F32(&[1.0]));
    dataset.write(&at("data.hdf5")).expect("written");
    let bytes = std::fs::read(at("data.hdf5")).expect("read");
    let said = refused("data.yaml", Writes::New);
    assert!(said.contains("data.hdf5 already exists") && said.contains("move it elsewhere"), "{said}");
    assert!(refused("data.hdf5", Writes::New).contains("cannot end in .hdf5"));
    std::fs::write(at("mine.yaml"), "name: mine\n").expect("written");
    assert!(refused("mine.yaml", Writes::New).contains("mine.yaml already exists"));
    assert!(refused("mine.yaml", Writes::InPlace).contains("this is not a baseline"));
    // A baseline whose values were replaced by a dataset.
    write(&at("words.yaml"), Path::new("words.yaml"), &state(), Writes::New).expect("written");
    std::fs::copy(at("data.hdf5"), at("words.hdf5")).expect("copied");
    assert!(refused("words.yaml", Writes::InPlace).contains("words.hdf5: these are not the values"));
    assert!(!at("data.yaml").exists());
    for name in ["data.hdf5", "words.hdf5"] {
        assert_eq!(std::fs::read(at(name)).expect("read"), bytes, "{name}");
    }
    assert_eq!(std::fs::read_to_string(at("mine.yaml")).expect("read"), "name: mine\n");
    std::fs::remove_file(at("words.hdf5")).expect("removed");
    write(&at("words.yaml"), Path::new("words.yaml"), &state(), Writes::InPlace)
        .expect("missing values are written again");
    assert_eq!(read(&at("words.yaml")).expect("read").missing, None);
}

fn write_anew(path: &Path, state: &Snapshot) {
    let _ = (std::fs::remove_file(path), std::fs::remove_file(values_path(path)));
    write(path, Path::new("x.yaml"), state, Writes::New).expect("written");
}

/// Means of any size, and a metric that is a cost, are read back unchanged, with their values.
#[test]
fn means_of_any_size_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.yaml");
    let metrics = ["min-distance", "evaluations"].map(|name| MetricName::find(name).expect("a metric"));
    let evaluations = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];
    for scale in [1.2e-30, 1.234_567e-9, 4.7e-7, 0.003_217_25, 1.0, 7.1e6, 3e30] {
        let values = [vec![scale, 1.1 * scale, 1.3 * scale], vec![6.0, 15.0, 24.0]];
        let mut written = state();
        written.trials[0].measures = crate::ci::check::measures(&metrics, &values, &evaluations);
        write_anew(&path, &written);
        let Baseline { state: back, missing, .. } = read(&path).expect("read");
        assert!(missing.is_none(), "{scale}: {missing:?}");
        let measures = &back.trials[0].measures;
        let names: Vec<&str> = measures.iter().map(|measured| measured.name.as_str()).collect();
        assert_eq!(names, ["min-distance", "evaluations"], "each once");
        let expected = 3.4 / 3.0 * scale;
        assert!((measures[0].mean - expected).abs() <= 5e-6 * expected, "{scale}: {}", measures[0].mean);
        assert_eq!(measures[1].mean, 15.0);
    }
    let mut written = state();
    written.trials[0].measures = vec![measured("log-volume", &[f64::NAN; 3])];
    write_anew(&path, &written);
    let Baseline { state: back, missing, .. } = read(&path).expect("a mean of nothing");
    assert!(back.trials[0].measures[0].mean.is_nan() && missing.is_none(), "{missing:?}");
}

/// Baselines of swath 0.1.0 and 0.2.0 are read, with their version. They have no hash of their values.
#[test]
fn the_first_formats_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.yaml");
    let text = text(Path::new("x.yaml"), &state(), "ab");
    let timed = "timed: { mode: batch, threads: 2, queries: 1000, passes: 3 }\n";
    assert!(text.contains(timed), "{text}");
    let second = text.replace("values: ab\n", "").replace("baseline: 3", "baseline: 2");
    std::fs::write(&path, second.replace(timed, "").replace("baseline: 2", "baseline: 1")).expect("written");
    let Baseline { state: first, is_bound, .. } = read(&path).expect("read");
    assert_eq!((first.swath.as_str(), first.timing, first.trials[1].rounds.len()), ("0.1.0 (abc)", None, 2));
    assert!(!is_bound);
    std::fs::write(&path, &second).expect("written");
    assert!(!read(&path).expect("read").is_bound);
    // These are in neither format: format 2 has no hash, and format 3 must have one.
    for odd in [text.replace("values: ab\n", ""), text.replace("baseline: 3", "baseline: 2")] {
        std::fs::write(&path, odd).expect("written");
        let said = read(&path).expect_err("odd").to_string();
        assert!(said.contains("`values`, the SHA-256 of the file of values"), "{said}");
    }
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.yaml");
    let refused = |text: &str| {
        std::fs::write(&path, text).expect("written");
        read(&path).expect_err("no baseline").to_string()
    };
    let text = text(Path::new("x.yaml"), &state(), "ab");
    assert!(refused("name: x\n").contains("this is not a baseline"));
    assert!(refused(&text.replace("baseline: 3", "baseline: 9")).contains("swath baseline save"));
    assert!(refused(&text.replace("    time: [0.5000, 1.2500]", "    time: 3")).contains("`time` of `walk"));
    let absent = read(&folder.path().join("no.yaml")).expect_err("absent").to_string();
    assert!(absent.contains("swath baseline save"), "{absent}");
}

#[test]
fn numbers_are_short() {
    assert_eq!(
        [0.5, 20100.0, 1.0 / 3.0, -0.004_321_987_6, -0.0].map(number),
        ["0.5", "20100", "0.333333", "-0.00432199", "0"]
    );
}
