//! The file that `swath check` compares with: text that reads well as a diff, and beside it a value for each query.
//!
//! The text holds the setting, how trials were timed, and of each trial the means of its measures and how much longer than
//! the reference it took in each round. The HDF5 file of the same name beside it holds what paired tests need. Without it means are compared.
//!
//! Both decide whether a pull request passes, so that neither is believed: the text has the SHA-256 of the values beside it,
//! and each number must be one that its measure can have. No file that is none of a baseline's is ever replaced.

use super::{Measured, Setting, State, Timing, TrialState};
use crate::config::CheckSpec;
use crate::config::Failure;
use crate::escape::{command, terminal, yaml, yaml_key};
use crate::metrics::MetricName;
use crate::plot::format::unsigned_zero;
use crate::statistics::Round;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de::DeserializeOwned};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::fmt::Write as _;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use swath_datasets::bounded;
use swath_datasets::hdf5_file::{Attribute, Hdf5Error, Hdf5File, Hdf5Writer, Values};
use swath_datasets::sha256;
use swath_datasets::whole_file::{copy_whole, write_together};

/// The format's version. The first says nothing of how trials were timed, and the first two nothing of which values belong to
/// them: they are those of swath 0.1.0 and 0.2.0, with which no other version is compared.
const VERSION: u32 = 3;

/// The first format that has the hash of its values.
const BOUND: u32 = 3;

/// The most bytes of values that are read.
const MOST: u64 = MEMORY;

/// The attribute of the values that says when they were saved.
const SAVED: &str = "saved";

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
    /// SHA-256 of the file of values.
    values: Option<String>,
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

/// A baseline that was read.
#[derive(Debug)]
pub struct Baseline {
    /// What it says.
    pub state: State,
    /// What is missing of it.
    pub missing: Option<String>,
    /// Whether it says which values belong to it: those of swath 0.1.0 and 0.2.0 do not.
    pub is_bound: bool,
}

/// Reads a baseline.
///
/// # Errors
/// [`Failure::Input`]: what is wrong with its files.
pub fn read(path: &Path) -> Result<Baseline, Failure> {
    let wrong = |what: String| Failure::Input(format!("{}: {what}", path.display()));
    let text = bounded::read_text(path, bounded::TEXT).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => wrong("there is no such baseline; `swath baseline save` writes one".into()),
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
    let bound = text.values.clone();
    if (text.baseline >= BOUND) != bound.is_some() {
        return Err(wrong("`values`, the SHA-256 of the file of values, is missing or does not belong here".into()));
    }
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
    sound(&state).map_err(|what| wrong(format!("{what}; {RESTORE}")))?;
    let values = values_path(path);
    if values == path {
        return Err(wrong("a baseline's text and its values cannot be one file".into()));
    }
    // Where an update was killed half way, the values that the text goes with are those of before.
    let earlier = earlier_path(path);
    let is_torn = bound.as_deref().is_some_and(|bound| !has_hash(&values, bound) && has_hash(&earlier, bound));
    let values = if is_torn { earlier } else { values };
    let missing = if is_there(&values) {
        read_values(&values, bound.as_deref(), &mut state)
            .map_err(|what| Failure::Input(format!("{}: {what}", values.display())))?;
        None
    } else {
        Some(format!(
            "{}: the values of the queries are not there; means are compared, without tests",
            values.display()
        ))
    };
    Ok(Baseline { state, missing, is_bound: bound.is_some() })
}

/// What to do about a baseline that says what cannot be.
const RESTORE: &str =
    "somebody changed it: restore it from where it was kept, or remove it and save another with `swath baseline save`";

/// Whether something stands at a path, even a link to nothing.
fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// What a baseline says that cannot be, if anything is.
fn sound(state: &State) -> Result<(), String> {
    let Setting { k, queries, .. } = state.setting;
    if k == 0 || queries == 0 {
        return Err(format!("{queries} queries of {k} results make no baseline"));
    }
    if state.timing.as_ref().is_some_and(|timing| timing.threads == 0 || timing.queries == 0 || timing.passes == 0) {
        return Err("`timed` holds a count of 0".into());
    }
    let mut labels = HashSet::new();
    for trial in &state.trials {
        if !labels.insert(trial.label.as_str()) {
            return Err(format!("`{}` stands there twice", trial.label));
        }
        let mut names = HashSet::new();
        for Measured { name, mean, .. } in &trial.measures {
            if !names.insert(name.as_str()) {
                return Err(format!("`{name}` of `{}` stands there twice", trial.label));
            }
            possible(name, *mean, k).map_err(|what| format!("`{name}` of `{}` {what}", trial.label))?;
        }
    }
    if labels.contains(state.reference.as_str()) {
        return Ok(());
    }
    Err(format!("its reference `{}` is none of its trials", state.reference))
}

/// That a measure can have a value: what it says cannot be.
fn possible(name: &str, value: f64, k: usize) -> Result<(), String> {
    let (is_possible, range) = match MetricName::find(name) {
        Some(metric) => (metric.can_be(value, k), metric.about().range),
        None if name == CheckSpec::EVALUATIONS => (value.is_nan() || value.is_finite() && value >= 0.0, "from 0"),
        None => return Err("is no measure of this version of swath".into()),
    };
    if is_possible { Ok(()) } else { Err(format!("is {value}, and its range is {range}")) }
}

/// Adds the values of each query; `Err` is what is wrong with them.
fn read_values(path: &Path, bound: Option<&str>, state: &mut State) -> Result<(), String> {
    let remedy = "restore both files of the baseline from where they were kept; or remove this one, and `swath baseline update` \
                  writes both anew";
    if let Some(bound) = bound {
        let found = sha256::of_file(path).map_err(|error| error.to_string())?;
        if found != bound {
            return Err(format!(
                "these are not the values of this baseline: their SHA-256 is {found:.12}..., and the text beside them says \
                 {bound:.12}...; {remedy}"
            ));
        }
    } else {
        bounded::open(path).map_err(|error| error.to_string())?;
    }
    let file = Hdf5File::open(path, MEMORY).map_err(|error| error.to_string())?;
    let attributes = file.attributes().map_err(|error| error.to_string())?;
    match attributes.get(SAVED).and_then(Attribute::text) {
        Some(saved) if saved == state.saved => {}
        Some(_) => return Err(format!("these are the values of another baseline; {remedy}")),
        None => {
            return Err("this is no file of a baseline's values; move it elsewhere, or name another baseline".into());
        }
    }
    // All or none: values that are in part those of another baseline would be compared in place of the means that are read.
    let mut read = Vec::new();
    for (i, trial) in state.trials.iter().enumerate() {
        for measured in &trial.measures {
            let at = |what: String| format!("{} of {}: {what}; {remedy}", measured.name, trial.label);
            let values = file.f32s(&name(i, &measured.name)).map_err(|error| error.to_string())?;
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            if values.len() != state.setting.queries {
                return Err(at(format!("there are {} values of {} queries", values.len(), state.setting.queries)));
            }
            for (query, &value) in values.iter().enumerate() {
                possible(&measured.name, value, state.setting.k).map_err(|what| at(format!("row {query} {what}")))?;
            }
            let present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
            let mean = crate::statistics::bootstrap::mean(&present);
            if !is_written_as(mean, measured.mean) {
                return Err(at(format!("the values have the mean {mean:.6}, and the text says {}", measured.mean)));
            }
            read.push(values);
        }
        let group = format!("trial-{i}");
        let kept = if trial.measures.is_empty() {
            Vec::new()
        } else {
            file.names(&group).map_err(|error| error.to_string())?
        };
        if let Some(lost) = kept.iter().find(|kept| trial.measures.iter().all(|measured| measured.name != **kept)) {
            return Err(format!("there are values of {lost} of {}, which the text lacks; {remedy}", trial.label));
        }
    }
    let groups = file.names("/").map_err(|error| error.to_string())?.len();
    let measured = state.trials.iter().filter(|trial| !trial.measures.is_empty()).count();
    if groups != measured {
        return Err(format!("there are values of {groups} trials, and the text has {measured}; {remedy}"));
    }
    let measures = state.trials.iter_mut().flat_map(|trial| &mut trial.measures);
    measures.zip(read).for_each(|(measured, values)| measured.values = values);
    Ok(())
}

/// Whether a baseline is written where there is none, or in place of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Where there is none.
    New,
    /// In place of one.
    InPlace,
}

/// That writing a baseline replaces nothing but a baseline.
///
/// # Errors
/// [`Failure::Input`]: what is in the way.
pub fn may_write(path: &Path, writes: Writes) -> Result<(), Failure> {
    let values = values_path(path);
    if values == path {
        let message = format!("{}: a baseline's text cannot end in .hdf5, as the values beside it do", path.display());
        return Err(Failure::Input(message + "; name a file that ends in .yaml"));
    }
    match writes {
        // It is what it says, and the values beside it are its own; else this is an error.
        Writes::InPlace => read(path).map(drop),
        Writes::New if is_there(path) => {
            let message = format!("{} is there already", path.display());
            Err(Failure::Input(message + "; `swath baseline update` writes it anew and says what changes"))
        }
        // Values alone are what a save left that was killed half way.
        Writes::New if is_there(&values) && !is_values(&values) => {
            let message = format!("{} is there already, where the values of the baseline would be", values.display());
            Err(Failure::Input(message + "; it is left as it is: move it elsewhere, or name another file"))
        }
        Writes::New => Ok(()),
    }
}

/// Where the values of a measure are.
fn name(trial: usize, measure: &str) -> String {
    format!("trial-{trial}/{measure}")
}

/// Writes a baseline of the experiment of that file, into a folder that is there.
///
/// # Errors
/// [`Failure::Input`]: what is in the way, though it may not have been before; [`Failure::Run`]: the file system's refusal.
pub fn write(path: &Path, config: &Path, state: &State, writes: Writes) -> Result<(), Failure> {
    may_write(path, writes)?;
    let failed = |error: &dyn fmt::Display| Failure::Run(format!("{}: {error}", path.display()));
    let values = values(state).map_err(|error| failed(&error))?;
    let text = text(config, state, &sha256::of(&values));
    // Behind a link the file is written, and the link stays.
    let target = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (kept, earlier) = (values_path(path), earlier_path(path));
    if is_there(&earlier) && !is_values(&earlier) {
        let message = format!("{} is in the way: the values of before are kept there for a moment", earlier.display());
        return Err(Failure::Input(message + "; move it elsewhere"));
    }
    // Both files cannot be replaced at one instant. Until both are new, the old values stay beside for the old text.
    let is_replaced = writes == Writes::InPlace && is_values(&kept);
    if is_replaced && !is_there(&earlier) {
        copy_whole(&kept, &earlier).map_err(|error| failed(&error))?;
    }
    write_together(&[(target(&kept), &values), (target(path), text.as_bytes())])
        .map_err(|(path, error)| Failure::Run(format!("{}: {error}", path.display())))?;
    if is_there(&earlier) {
        // One that stays does no harm: it goes with no text.
        let _ = std::fs::remove_file(earlier);
    }
    Ok(())
}

/// Where the values of before are kept while a baseline is replaced.
fn earlier_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_stem().unwrap_or_default());
    name.push(".hdf5.swath-before");
    path.with_file_name(name)
}

/// Whether a file holds the values of a baseline, of whichever.
fn is_values(path: &Path) -> bool {
    let attributes = Hdf5File::open(path, MEMORY).and_then(|file| file.attributes());
    attributes.is_ok_and(|attributes| attributes.contains_key(SAVED))
}

/// Whether a file has that SHA-256.
fn has_hash(path: &Path, hash: &str) -> bool {
    sha256::of_file(path).is_ok_and(|found| found == hash)
}

/// The file of a baseline's values.
fn values(state: &State) -> Result<Vec<u8>, Hdf5Error> {
    let kept: Vec<(usize, &Measured, Vec<f32>)> = (state.trials.iter().enumerate())
        .flat_map(|(i, trial)| trial.measures.iter().map(move |measured| (i, measured)))
        .map(|(i, measured)| (i, measured, measured.values.iter().map(|&value| value as f32).collect()))
        .collect();
    let mut file = Hdf5Writer::new();
    file.text(SAVED, &state.saved);
    for (i, measured, values) in &kept {
        file.array(&name(*i, &measured.name), &[values.len()], Values::F32(values));
    }
    // What is written is hashed before it has its name.
    let folder = tempfile::tempdir().map_err(|source| Hdf5Error::Io { path: std::env::temp_dir(), source })?;
    let path = folder.path().join("values");
    file.write(&path)?;
    bounded::read(&path, MOST).map_err(|source| Hdf5Error::Io { path, source })
}

/// The text of a baseline, whose values have that SHA-256.
fn text(config: &Path, state: &State, values: &str) -> String {
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
         swath: {}\nsaved: {saved}\nmachine: {}\nvalues: {values}\n{timed}reference: {}\ntrials:\n",
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
    use crate::record::Mode;

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

    /// Whatever is changed in one of the two files, or put in its place, is seen, and said of the file that it is in.
    #[test]
    fn what_was_changed_is_refused() {
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
            ("recall: 0.75", "recall: 4.93", "is 4.93, and its range is 0 to 1"),
            ("evaluations: 30", "evaluations: -30", "is -30, and its range is from 0"),
            ("evaluations: 30", "evaluationz: 30", "is no measure of this version"),
            ("queries: 3", "queries: 4", "there are 3 values of 4 queries"),
            ("queries: 3", "queries: 0", "make no baseline"),
            ("reference: top-k", "reference: other", "is none of its trials"),
            ("passes: 3", "passes: 0", "holds a count of 0"),
            ("time: [0.5000, 1.2500]", "time: [0.5000, -1.2500]", "all above 0"),
            ("values: ", "values: 0", "these are not the values of this baseline"),
        ] {
            let message = refused(&[(from, to)], &values);
            assert!(message.contains(said), "{from} -> {to}: {message}");
        }
        // Values of the same mean that vary more would hide any change. With a hash of their own, too.
        let mut wide = state();
        wide.trials[1].measures[0] = Measured { values: vec![4.2, -3.8, 0.2], ..state().trials[1].measures[0].clone() };
        let wide = super::values(&wide).expect("values");
        let message = refused(&[], &wide);
        assert!(message.contains("words.hdf5: these are not the values of this baseline"), "{message}");
        let (was, is) = (sha256::of(&values), sha256::of(&wide));
        let message = refused(&[(was.as_str(), is.as_str())], &wide);
        assert!(message.contains("row 0 is 4.1") && message.contains("its range is 0 to 1"), "{message}");
        let message = refused(&[], b"not HDF5");
        assert!(message.contains("these are not the values of this baseline"), "{message}");
        let message = refused(&[(was.as_str(), sha256::of(b"not HDF5").as_str())], b"not HDF5");
        assert!(message.contains("words.hdf5 is not an HDF5 file"), "{message}");
    }

    /// No file is replaced but a baseline, with its own values.
    #[test]
    fn what_is_no_baseline_is_not_replaced() {
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
        assert!(said.contains("data.hdf5 is there already") && said.contains("it is left as it is"), "{said}");
        assert!(refused("data.hdf5", Writes::New).contains("cannot end in .hdf5"));
        std::fs::write(at("mine.yaml"), "name: mine\n").expect("written");
        assert!(refused("mine.yaml", Writes::New).contains("mine.yaml is there already"));
        assert!(refused("mine.yaml", Writes::InPlace).contains("this is no baseline"));
        // A baseline beside which a dataset was put.
        write(&at("words.yaml"), Path::new("words.yaml"), &state(), Writes::New).expect("written");
        std::fs::copy(at("data.hdf5"), at("words.hdf5")).expect("copied");
        assert!(refused("words.yaml", Writes::InPlace).contains("words.hdf5: these are not the values"));
        assert!(!at("data.yaml").exists());
        for name in ["data.hdf5", "words.hdf5"] {
            assert_eq!(std::fs::read(at(name)).expect("read"), bytes, "{name}");
        }
        assert_eq!(std::fs::read_to_string(at("mine.yaml")).expect("read"), "name: mine\n");
        std::fs::remove_file(at("words.hdf5")).expect("removed");
        write(&at("words.yaml"), Path::new("words.yaml"), &state(), Writes::InPlace).expect("values are made anew");
        assert_eq!(read(&at("words.yaml")).expect("read").missing, None);
    }

    fn write_anew(path: &Path, state: &State) {
        let _ = (std::fs::remove_file(path), std::fs::remove_file(values_path(path)));
        write(path, Path::new("x.yaml"), state, Writes::New).expect("written");
    }

    /// Means of any size, and a metric that is a cost, come back as they were, with their values.
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

    /// What swath 0.1.0 and 0.2.0 wrote is read, and says of what version it is and that nothing binds its values.
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
        // Of neither format: a hash that the second does not have, none where the third has one.
        for odd in [text.replace("values: ab\n", ""), text.replace("baseline: 3", "baseline: 2")] {
            std::fs::write(&path, odd).expect("written");
            let said = read(&path).expect_err("odd").to_string();
            assert!(said.contains("`values`, the SHA-256 of the file of values"), "{said}");
        }
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.yaml");
        let refused = |text: &str| {
            std::fs::write(&path, text).expect("written");
            read(&path).expect_err("no baseline").to_string()
        };
        let text = text(Path::new("x.yaml"), &state(), "ab");
        assert!(refused("name: x\n").contains("this is no baseline"));
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
}
