//! The file that `swath check` compares with: text that reads well as a diff, and beside it a value for each query.
//!
//! The text holds the setting, how trials were timed, and of each trial the means of its measures and how much longer than
//! the reference it took in each round. The HDF5 file of the same name beside it holds what paired tests need. Without it means are compared.

use super::{Measured, Setting, State, Timing, TrialState};
use crate::config::CheckSpec;
use crate::escape::{command, terminal, yaml, yaml_key};
use crate::experiment::Failure;
use crate::report::format::unsigned_zero;
use crate::run::Round;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de::DeserializeOwned};
use std::fmt;
use std::fmt::Write as _;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use swath_datasets::hdf5_file::{Attribute, Hdf5File, Hdf5Writer, Values};
use swath_datasets::whole_file::write_whole;

/// The format's version. The first says nothing of how trials were timed; it is that of swath 0.1.0, with which no other
/// version is compared.
const VERSION: u32 = 2;

/// Milliseconds of a query that the reference took, in each round.
const REFERENCE: &str = "reference-ms";

/// The most bytes that values of a baseline may take.
const MEMORY: u64 = 4 << 30;

/// Where a baseline is kept unless it is said: `baselines/` beside the experiment, under its name.
pub fn usual_path(config: &Path) -> PathBuf {
    let folder = config.parent().unwrap_or(Path::new("")).join("baselines");
    folder.join(config.file_name().unwrap_or(config.as_os_str()))
}

/// Where the values of a baseline are.
fn values_path(path: &Path) -> PathBuf {
    path.with_extension("hdf5")
}

/// The text as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    baseline: u32,
    experiment: String,
    dataset: String,
    sha256: String,
    k: usize,
    queries: usize,
    seed: u64,
    swath: String,
    saved: String,
    machine: String,
    timed: Option<Timing>,
    reference: String,
    trials: Ordered<Ordered<Number>>,
}

/// What a trial has: a mean, or a ratio for each round.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number, or a list of numbers for times")]
enum Number {
    Mean(f64),
    Rounds(Vec<f64>),
}

/// A map in the order in which it is written.
struct Ordered<V>(Vec<(String, V)>);

impl<'de, V: DeserializeOwned> Deserialize<'de> for Ordered<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<V>(PhantomData<V>);

        impl<'de, V: DeserializeOwned> Visitor<'de> for Read<V> {
            type Value = Ordered<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<V>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }

        deserializer.deserialize_map(Read(PhantomData))
    }
}

/// Reads a baseline, and what is missing of it.
///
/// # Errors
/// [`Failure::Input`]: what is wrong with the file.
pub fn read(path: &Path) -> Result<(State, Option<String>), Failure> {
    let wrong = |what: String| Failure::Input(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            wrong("there is no such baseline; `swath baseline save EXPERIMENT --file FILE` writes one".into())
        }
        std::io::ErrorKind::InvalidData => wrong("this is no text; a baseline is the file .yaml beside it".into()),
        _ => wrong(error.to_string()),
    })?;
    // The mean of what no query has is no number.
    let options = serde_yaml::options! { non_finite_float_policy: serde_yaml::NonFiniteFloatPolicy::PassThrough };
    let text: Text = serde_yaml::from_str_with_options(&text, options).map_err(|error| {
        let said = error.to_string().replace("<input>", &path.display().to_string());
        wrong(format!("this is no baseline: {}", said.trim_start_matches("error: ")))
    })?;
    if !(1..=VERSION).contains(&text.baseline) {
        let message = format!("a baseline of format {}, and this program reads formats up to {VERSION}", text.baseline);
        return Err(wrong(message + "; remove it, and write it anew with `swath baseline save`"));
    }
    let trial = |(label, measures): (String, Ordered<Number>)| {
        let mut trial = TrialState { label, ..TrialState::default() };
        for (name, number) in measures.0 {
            match number {
                Number::Rounds(ratios) if name == CheckSpec::TIME => {
                    let round = |ratio| Round { own: ratio, reference: f64::NAN };
                    trial.rounds = ratios.into_iter().map(round).collect();
                }
                Number::Rounds(seconds) if name == REFERENCE && seconds.len() == trial.rounds.len() => {
                    for (round, milliseconds) in trial.rounds.iter_mut().zip(seconds) {
                        let reference = milliseconds / 1e3;
                        *round = Round { own: round.own * reference, reference };
                    }
                }
                Number::Mean(mean) if name != CheckSpec::TIME && name != REFERENCE => {
                    trial.measures.push(Measured { name, mean, values: Vec::new() });
                }
                _ => return Err(wrong(format!("`{name}` of `{}` is not what it should be", trial.label))),
            }
        }
        let sound = |round: &Round| [round.own, round.reference].iter().all(|time| *time > 0.0 && time.is_finite());
        if !trial.rounds.iter().all(sound) {
            let has =
                format!("`{}` of `{}` needs as many times in `{REFERENCE}`, all above 0", CheckSpec::TIME, trial.label);
            return Err(wrong(has));
        }
        Ok(trial)
    };
    let mut state = State {
        setting: Setting {
            experiment: text.experiment,
            dataset: text.dataset,
            sha256: text.sha256,
            k: text.k,
            queries: text.queries,
            seed: text.seed,
        },
        swath: text.swath,
        saved: text.saved,
        machine: text.machine,
        timing: text.timed,
        reference: text.reference,
        trials: text.trials.0.into_iter().map(trial).collect::<Result<_, _>>()?,
    };
    let missing = read_values(&values_path(path), &mut state).err();
    let note = |why| format!("{}: {why}; means are compared, without tests", values_path(path).display());
    Ok((state, missing.map(note)))
}

/// Adds the values of each query; `Err` is why there are none.
fn read_values(path: &Path, state: &mut State) -> Result<(), String> {
    if !path.exists() {
        return Err("the values of the queries are not there".into());
    }
    let file = Hdf5File::open(path, MEMORY).map_err(|error| error.to_string())?;
    let attributes = file.attributes().map_err(|error| error.to_string())?;
    if attributes.get("saved").and_then(Attribute::text) != Some(state.saved.as_str()) {
        return Err("the values of the queries are those of another baseline".into());
    }
    // All or none: values that are in part those of another baseline would be compared in place of the means that are read.
    let mut read = Vec::new();
    for (i, trial) in state.trials.iter().enumerate() {
        for measured in &trial.measures {
            let values = file.f32s(&name(i, &measured.name)).map_err(|error| error.to_string())?;
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
            let mean = crate::statistics::bootstrap::mean(&present);
            if !is_written_as(mean, measured.mean) {
                return Err(format!(
                    "the values of {} of {} have another mean than it says",
                    measured.name, trial.label
                ));
            }
            read.push(values);
        }
    }
    let measures = state.trials.iter_mut().flat_map(|trial| &mut trial.measures);
    measures.zip(read).for_each(|(measured, values)| measured.values = values);
    Ok(())
}

/// Where the values of a measure are.
fn name(trial: usize, measure: &str) -> String {
    format!("trial-{trial}/{measure}")
}

/// Writes a baseline of the experiment of that file, into a folder that is there.
///
/// # Errors
/// [`Failure::Run`]: the file system's refusal.
pub fn write(path: &Path, config: &Path, state: &State) -> Result<(), Failure> {
    let failed = |error: &dyn fmt::Display| Failure::Run(format!("{}: {error}", path.display()));
    let kept: Vec<(usize, &Measured, Vec<f32>)> = (state.trials.iter().enumerate())
        .flat_map(|(i, trial)| trial.measures.iter().map(move |measured| (i, measured)))
        .map(|(i, measured)| (i, measured, measured.values.iter().map(|&value| value as f32).collect()))
        .collect();
    let mut file = Hdf5Writer::new();
    file.text("saved", &state.saved);
    for (i, measured, values) in &kept {
        file.array(&name(*i, &measured.name), &[values.len()], Values::F32(values));
    }
    file.write(&values_path(path)).map_err(|error| failed(&error))?;
    write_whole(path, text(config, state).as_bytes()).map_err(|error| failed(&error))
}

/// The text of a baseline.
pub fn text(config: &Path, state: &State) -> String {
    let Setting { experiment, dataset, sha256, k, queries, seed } = &state.setting;
    let State { swath, saved, machine, reference, .. } = state;
    let is_timed = state.trials.iter().any(|trial| !trial.rounds.is_empty());
    let timed = state.timing.as_ref().filter(|_| is_timed).map_or_else(String::new, |timing| {
        let Timing { mode, threads, queries, passes } = timing;
        format!("timed: {{ mode: {}, threads: {threads}, queries: {queries}, passes: {passes} }}\n", mode.name())
    });
    let mut text = format!(
        "# What `{}` compares with; `swath baseline update` writes it anew.\n\
         # `time` is how often as long as {} a trial took, in each round.\n\
         baseline: {VERSION}\nexperiment: {}\ndataset: {}\nsha256: {sha256}\nk: {k}\nqueries: {queries}\nseed: {seed}\n\
         swath: {}\nsaved: {saved}\nmachine: {}\n{timed}reference: {}\ntrials:\n",
        command(["swath".as_ref(), "check".as_ref(), config.as_os_str()]),
        terminal(reference),
        yaml(experiment),
        yaml(dataset),
        yaml(swath),
        yaml(machine),
        yaml(reference),
    );
    for trial in &state.trials {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", yaml_key(&trial.label, 2));
        for Measured { name, mean, .. } in &trial.measures {
            let _ = writeln!(text, "{} {}", yaml_key(name, 4), number(*mean));
        }
        if !trial.rounds.is_empty() {
            let list =
                |number: &dyn Fn(&Round) -> String| trial.rounds.iter().map(number).collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "    time: [{}]", list(&|round| format!("{:.4}", round.log_ratio().exp())));
            let _ = writeln!(text, "    {REFERENCE}: [{}]", list(&|round| format!("{:.5}", 1e3 * round.reference)));
        }
    }
    text
}

/// A number as it is written: six decimals, and six digits of what is smaller; none where they say nothing.
fn number(value: f64) -> String {
    if value.is_nan() {
        return ".nan".into();
    }
    if value != 0.0 && !(1e-6..1e15).contains(&value.abs()) {
        return format!("{value:.6e}");
    }
    let text = format!("{value:.0$}", decimals(value));
    unsigned_zero(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// How many decimals of a number are written.
fn decimals(value: f64) -> usize {
    let leading = if value == 0.0 { 0.0 } else { -value.abs().log10().floor() };
    (leading.clamp(1.0, 320.0) as usize) + 5
}

/// Whether a mean is one that is written as `text`, as far as its digits tell. (Values of `f32` may make another last digit.)
pub(super) fn is_written_as(mean: f64, text: f64) -> bool {
    let unit = 0.1_f64.powi(decimals(text) as i32);
    mean == text || mean.is_nan() && text.is_nan() || (mean - text).abs() <= 0.6 * unit + 1e-6 * text.abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Mode;
    use crate::metrics::MetricName;

    fn measured(name: &str, values: &[f64]) -> Measured {
        Measured::new(name, values)
    }

    fn state() -> State {
        State {
            setting: Setting {
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
            timing: Some(Timing { mode: Mode::Batch, threads: 2, queries: 1000, passes: 3 }),
            reference: "top-k".into(),
            trials: vec![
                TrialState {
                    label: "top-k".into(),
                    measures: vec![
                        measured("recall", &[1.0, 0.5, f64::NAN]),
                        measured("evaluations", &[20.0, 30.0, 40.0]),
                    ],
                    ..TrialState::default()
                },
                TrialState {
                    label: "walk (graph={knn: 0.5}, lambda=0.3)".into(),
                    measures: vec![measured("recall", &[0.1, 0.2, 0.3]), measured("vendi(q=2)", &[1.5, 2.5, 3.5])],
                    rounds: [0.5, 1.25].map(|ratio| Round { own: 0.002 * ratio, reference: 0.002 }).to_vec(),
                    ..TrialState::default()
                },
            ],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("words.yaml");
        write(&path, Path::new("words.yaml"), &state()).expect("written");
        let (read_back, missing) = read(&path).expect("read");
        assert_eq!(missing, None);
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
        let (read_back, missing) = read(&path).expect("read");
        assert!(missing.is_some_and(|note| note.contains("without tests")));
        assert!(read_back.trials[0].measures[0].values.is_empty());
    }

    #[test]
    fn values_of_another_baseline_are_not_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("words.yaml");
        write(&path, Path::new("words.yaml"), &state()).expect("written");
        let text = std::fs::read_to_string(&path).expect("read");
        std::fs::write(&path, text.replace("saved: 2026", "saved: 2025")).expect("written");
        assert!(read(&path).expect("read").1.is_some_and(|note| note.contains("another baseline")));
        std::fs::write(&path, text.replace("    recall: 0.2\n", "    recall: 0.21\n")).expect("written");
        assert!(read(&path).expect("read").1.is_some_and(|note| note.contains("another mean")));
    }

    /// Means of any size, and a metric that is a cost, come back as they were, with their values.
    #[test]
    fn means_of_any_size_come_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.yaml");
        let metrics = ["recall", "evaluations"].map(|name| MetricName::find(name).expect("a metric"));
        let evaluations = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];
        for scale in [1e-300, 1.234_567e-9, 4.7e-7, 0.003_217_25, 1.0, 7.1e6, 3e300] {
            let values = [vec![scale, 1.1 * scale, 1.3 * scale], vec![6.0, 15.0, 24.0]];
            let mut written = state();
            written.trials[0].measures = super::super::measures(&metrics, &values, &evaluations);
            write(&path, Path::new("x.yaml"), &written).expect("written");
            let (back, missing) = read(&path).expect("read");
            assert!(!(1e-38..=1e38).contains(&scale) || missing.is_none(), "{scale}: {missing:?}");
            let measures = &back.trials[0].measures;
            let names: Vec<&str> = measures.iter().map(|measured| measured.name.as_str()).collect();
            assert_eq!(names, ["recall", "evaluations"], "each once");
            let expected = 3.4 / 3.0 * scale;
            assert!((measures[0].mean - expected).abs() <= 5e-6 * expected, "{scale}: {}", measures[0].mean);
            assert_eq!(measures[1].mean, 15.0);
        }
        let mut written = state();
        written.trials[0].measures = vec![measured("log-volume", &[f64::NAN; 3])];
        write(&path, Path::new("x.yaml"), &written).expect("written");
        let (back, missing) = read(&path).expect("a mean of nothing");
        assert!(back.trials[0].measures[0].mean.is_nan() && missing.is_none(), "{missing:?}");
    }

    /// What swath 0.1.0 wrote is read, and says of what version it is.
    #[test]
    fn the_first_format_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.yaml");
        let text = text(Path::new("x.yaml"), &state());
        let timed = "timed: { mode: batch, threads: 2, queries: 1000, passes: 3 }\n";
        assert!(text.contains(timed), "{text}");
        std::fs::write(&path, text.replace(timed, "").replace("baseline: 2", "baseline: 1")).expect("written");
        let (first, _) = read(&path).expect("read");
        assert_eq!((first.swath.as_str(), first.timing, first.trials[1].rounds.len()), ("0.1.0 (abc)", None, 2));
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.yaml");
        let refused = |text: &str| {
            std::fs::write(&path, text).expect("written");
            read(&path).expect_err("no baseline").to_string()
        };
        let text = text(Path::new("x.yaml"), &state());
        assert!(refused("name: x\n").contains("this is no baseline"));
        assert!(refused(&text.replace("baseline: 2", "baseline: 9")).contains("swath baseline save"));
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
}
