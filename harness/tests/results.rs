//! Result files that were changed after they were written: by chance, or by somebody who made the hash right again.

mod support;

use std::path::{Path, PathBuf};
use support::{folder_with, stderr, stdout, swath};
use swath::plan::{self, Prepared};
use swath::record::{Outcome, Times, folder, results};
use swath_algorithms::random::{below, stream};
use swath_datasets::Stored;
use swath_datasets::hdf5_file::{Attribute, Hdf5File, Hdf5Writer, MEMORY, Values};

const EXPERIMENT: &str = "\
name: small
dataset: rich.hdf5
k: 5
repeats: 2
metrics: [recall, recall@2, recall-eps@2, coverage, redundancy]
retrievers:
  - { name: top-k, candidates: { exact: { pool: 10 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: 0.1 } } }
";

/// A folder with a finished run in `out`.
fn ran() -> tempfile::TempDir {
    let folder = folder_with("small.yaml", EXPERIMENT);
    let output = swath(folder.path(), &["run", "small.yaml", "--out", "out", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    folder
}

fn prepared(folder: &Path) -> Prepared {
    plan::prepare_file(&folder.join("small.yaml"), plan::Resources::of_memory(u64::MAX)).expect("an experiment")
}

/// Writes the file of the second trial anew, changed, with the hash that is right for it.
fn change(folder: &Path, prepared: &Prepared, change: impl Fn(&mut Outcome)) -> PathBuf {
    let (out, plan) = (folder.join("out"), &prepared.plan);
    let trial = &plan.trials[1];
    let mut outcome = results::read_outcome(&out, &trial.id, &plan.metrics).expect("an outcome");
    change(&mut outcome);
    swath::run::write_trial(&out, prepared, trial, &outcome).expect("written");
    folder::trial_path(&out, &trial.id)
}

/// A change, and what is said of it.
type Change = (fn(&mut Outcome), &'static str);

fn first_time(outcome: &mut Outcome) -> &mut f64 {
    let Times::Single(times) = &mut outcome.repeats[1] else { panic!("mode single") };
    &mut times[0][1]
}

/// Changes that the file alone gives away. Metrics: recall, recall@2, recall-eps@2, coverage, redundancy.
const CHANGES: [Change; 18] = [
    (|o| o.returned[0] = 1 << 29, "`neighbors`, column 0: there is no vector 536870912 among 60"),
    (|o| o.returned[0] = -7, "`neighbors`, column 0: there is no vector -7 among 60"),
    (|o| o.returned[1] = o.returned[0], "`neighbors`, column 1: vector "),
    (|o| o.returned[0] = -1, "`neighbors`, column 0: what is missing stands last, at an infinite distance"),
    (|o| o.distances[3] = f32::NAN, "`distances`, column 3: NaN is no distance"),
    (|o| o.distances[0] = f32::NEG_INFINITY, "`distances`, column 0: -inf is no distance"),
    (|o| o.metrics[0].fill(0.95), "`swath/recall`, row 0: query 0 has 0.95, but its distances make it "),
    (|o| o.metrics[1].fill(f64::NAN), "`swath/recall@2`, row 0: query 0 has NaN, but its distances make it "),
    (|o| o.metrics[2].fill(0.0), "`swath/recall-eps@2`, row 0: query 0 has 0, but its distances make it 0.5"),
    (|o| o.distances.fill(2.0), "but its distances make it 0"),
    (|o| o.metrics[3][4] = 4.93, "`swath/coverage`, row 4: 4.93 cannot be; its range is 0 to 1"),
    (|o| o.metrics[4][0] = f64::INFINITY, "`swath/redundancy`, row 0: inf cannot be; its range is -1 to 1"),
    (|o| o.evaluations[2][1] = u64::MAX, "`swath/stage_evaluations`, row 2: -1 is no count"),
    (|o| *first_time(o) = -1.0, "`swath/repeats`, repeat 1 holds what is no time"),
    (|o| *first_time(o) = f64::NAN, "`swath/repeats`, repeat 1 holds what is no time"),
    (|o| o.build_seconds = f64::NAN, "`build_time`: NaN is no time"),
    (|o| o.untimed[1] = -0.5, "`swath_untimed_judging`: -0.5 is no time"),
    (|o| o.timed[0].load = f64::INFINITY, "`swath/repeats_load`: "),
];

/// What nobody could have measured is refused wherever results are read, though the hash is right; the dataset is not here.
#[test]
fn made_up_values_are_seen_without_the_dataset() {
    let folder = ran();
    let prepared = prepared(folder.path());
    std::fs::remove_file(folder.path().join("rich.hdf5")).expect("removed");
    let path = folder::trial_path(&folder.path().join("out"), &prepared.plan.trials[1].id);
    let good = std::fs::read(&path).expect("a file");
    for (i, (changes, expected)) in CHANGES.into_iter().enumerate() {
        change(folder.path(), &prepared, changes);
        let commands: &[&[&str]] = match i {
            0 | 6 => {
                &[&["report", "out"], &["compare", "out", "out"], &["history", "add", "out", "--commit", "1234567"]]
            }
            _ => &[&["report", "out"]],
        };
        for command in commands {
            let output = swath(folder.path(), command);
            let said = stderr(&output);
            assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{i}, {command:?}: {said}");
            assert!(said.contains(expected) && said.contains(".hdf5: "), "{command:?}: {said}");
        }
        std::fs::write(&path, &good).expect("restored");
    }
    assert_eq!(swath(folder.path(), &["report", "out"]).status.code(), Some(0));
}

/// A run that goes on, or keeps trials, has the dataset: it sees besides what only the dataset gives away. The trial is run
/// again, which is said, and what comes out is what came out first.
#[test]
fn made_up_values_are_not_reused() {
    let folder = ran();
    let prepared = prepared(folder.path());
    let values = |folder: &Path| {
        let (_, results) = results::read(&folder.join("out")).expect("a run");
        let values = |trial: results::TrialResult| (trial.id, trial.returned, format!("{:?}", trial.metrics));
        results.trials.into_iter().map(values).collect::<Vec<_>>()
    };
    let first = values(folder.path());
    // Distances that are too good, and recall that follows from them; ids that are not those of the distances.
    let better: fn(&mut Outcome) = |outcome| {
        outcome.distances.fill(0.0);
        outcome.metrics[..3].iter_mut().for_each(|values| values.fill(1.0));
    };
    let others: fn(&mut Outcome) = |outcome| outcome.returned.chunks_mut(5).for_each(|ids| ids.swap(0, 4));
    let cases = [
        (CHANGES[0].0, CHANGES[0].1),
        (CHANGES[6].0, CHANGES[6].1),
        (better, "query 0: the distance of vector "),
        (others, "query 0: the distance of vector "),
    ];
    for (changes, expected) in cases {
        change(folder.path(), &prepared, changes);
        for trial in &prepared.plan.trials {
            support::as_written(&folder.path().join("out"), &format!("trials/{}.hdf5", trial.id));
        }
        let output = swath(folder.path(), &["run", "small.yaml", "--out", "out", "--reuse", "--quiet"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(
            said.contains("note: mmr is run again, since its file cannot be used: ") && said.contains(expected),
            "{said}"
        );
        assert!(said.contains("of 2 trials 1 are done"), "{said}");
        assert!(values(folder.path()) == first);
    }
    let output = swath(folder.path(), &["run", "small.yaml", "--out", "out", "--reuse", "--quiet"]);
    assert!(!stderr(&output).contains("run again"), "{}", stderr(&output));
}

/// Bytes that changed by themselves: what is read is what was written, or nothing is.
#[test]
fn a_damaged_file_is_read_as_it_was_or_refused() {
    let folder = ran();
    let out = folder.path().join("out");
    let read = || results::read(&out).map(|(_, results)| format!("{:?}", results.trials));
    let first = read().expect("a run");
    let path = folder::trial_path(&out, &prepared(folder.path()).plan.trials[0].id);
    let good = std::fs::read(&path).expect("a file");
    let mut random = stream(7, "damaged results", 0);
    let mut refused = 0;
    for i in 0..400 {
        let mut bytes = good.clone();
        let at = below(&mut random, bytes.len());
        bytes[at] ^= 1 << below(&mut random, 8);
        std::fs::write(&path, bytes).expect("written");
        match read() {
            Ok(again) => assert!(again == first, "{i}: the byte at {at}"),
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains(".hdf5"), "{error}");
            }
        }
    }
    assert!(refused > 40, "{refused} of 400");
    // The file of another trial under its name.
    let other = folder::trial_path(&out, &prepared(folder.path()).plan.trials[1].id);
    std::fs::copy(&other, &path).expect("copied");
    let said = read().expect_err("another trial's").to_string();
    assert!(said.contains("it is the file of the trial "), "{said}");
}

/// Writes a trial's file anew, without the hash of its content.
fn take_hash(path: &Path) {
    let file = Hdf5File::open(path, MEMORY).expect("opened");
    let mut attributes: Vec<_> = file.attributes().expect("attributes").into_iter().collect();
    attributes.sort_by(|a, b| a.0.cmp(&b.0));
    let groups = file.groups().expect("groups");
    let inside = groups
        .iter()
        .flat_map(|group| file.names(group).expect("names").into_iter().map(move |name| format!("{group}/{name}")));
    let arrays = file.names("/").expect("names").into_iter().filter(|name| !groups.contains(name)).chain(inside);
    let arrays = arrays.map(|name| {
        let shape: Vec<usize> = file.shape(&name).expect("a shape").into_iter().map(|n| n as usize).collect();
        let whole =
            (file.stored(&name).expect("numbers") == Stored::Integer).then(|| file.integers(&name).expect("read"));
        (shape, whole, file.f64s(&name).expect("read"), name)
    });
    let arrays: Vec<_> = arrays.collect();
    let mut writer = Hdf5Writer::new();
    for (name, value) in attributes.iter().filter(|(name, _)| name != "swath_sha256") {
        match value {
            Attribute::Text(text) => writer.text(name, text),
            Attribute::Integer(value) => writer.integer(name, *value),
            Attribute::Float(value) => writer.float(name, *value),
        };
    }
    for (shape, whole, floats, name) in &arrays {
        writer.array(name, shape, whole.as_deref().map_or(Values::F64(floats), Values::I64));
    }
    writer.write(path).expect("written");
}

/// Results of the version before this wrote no hash: they are read, which is said; those of this version must have one.
#[test]
fn a_missing_hash_is_said_or_refused() {
    let folder = ran();
    let prepared = prepared(folder.path());
    let path = folder::trial_path(&folder.path().join("out"), &prepared.plan.trials[0].id);
    take_hash(&path);
    let output = swath(folder.path(), &["report", "out"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("it has no hash of its content"), "{said}");
    let manifest = folder.path().join("out/manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let version = format!("\"swath\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version));
    std::fs::write(&manifest, text.replace(&version, "\"swath\": \"0.1.0\"")).expect("written");
    let output = swath(folder.path(), &["report", "out"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = std::fs::read_to_string(folder.path().join("out/index.html")).expect("a page");
    assert!(page.contains("swath 0.1.0, which wrote no hashes into them"), "the page says so");
}

/// The gallery holds runs of 0.2.0.
#[test]
fn manifests_of_earlier_versions_are_read_and_their_experiments_kept() {
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports/gallery");
    for name in ["paper", "quickstart", "semantic-compression"] {
        let manifest = results::read_manifest(&gallery.join(name)).expect("a manifest");
        assert_eq!(manifest.experiment.name(), name);
        let text = std::fs::read_to_string(gallery.join(name).join(folder::MANIFEST)).expect("readable");
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(serde_json::to_value(&manifest.experiment).expect("JSON"), json["experiment"]);
    }
}

/// A manifest without a field of its experiment is refused, and the field is named.
#[test]
fn a_field_that_a_manifest_lacks_is_named() {
    let folder = ran();
    let manifest = folder.path().join("out/manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let mut json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    json["experiment"].as_object_mut().expect("fields").remove("seed");
    std::fs::write(&manifest, json.to_string()).expect("written");
    let output = swath(folder.path(), &["report", "out"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("reads (its experiment: missing field `seed`"), "{said}");
}

/// What the advice says is true: of each kind of damage, and after it the results are whole again.
#[test]
fn a_trial_whose_file_cannot_be_read_is_made_again_as_is_advised() {
    let folder = ran();
    let path = folder::trial_path(&folder.path().join("out"), &prepared(folder.path()).plan.trials[1].id);
    let whole = std::fs::read(&path).expect("a trial");
    let flipped = |at: usize| whole.iter().enumerate().map(|(i, &byte)| if i == at { !byte } else { byte }).collect();
    let damaged: [(Vec<u8>, &str); 5] = [
        (whole[..3000].to_vec(), "is cut short: it has 3000 of its "),
        (Vec::new(), "is not an HDF5 file, or its beginning is damaged (it is empty)"),
        (flipped(0), "is not an HDF5 file, or its beginning is damaged"),
        (flipped(100), "`/` cannot be read: checksum mismatch"),
        (flipped(603), "`/` cannot be read: checksum mismatch"),
    ];
    for (bytes, expected) in damaged {
        std::fs::write(&path, bytes).expect("written");
        let report = swath(folder.path(), &["report", "out"]);
        let said = stderr(&report);
        assert_eq!(report.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("; remove the file, and the same `swath run` makes it again"), "{said}");
        // Where it lies, it is in the way.
        let run = || swath(folder.path(), &["run", "small.yaml", "--out", "out", "--quiet"]);
        assert_eq!(run().status.code(), Some(2));
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(run().status.code(), Some(0));
        assert_eq!(swath(folder.path(), &["report", "out"]).status.code(), Some(0));
    }
}
