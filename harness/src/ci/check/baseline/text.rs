//! Reads and writes the text of a baseline.

use crate::ci::check::{MeasureValues, Scope, Snapshot, TimingSetup};
use crate::config::Failure;
use crate::escape::{command, terminal, yaml, yaml_key};
use crate::plot::format::unsigned_zero;
use crate::statistics::Round;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de::DeserializeOwned};
use std::fmt;
use std::fmt::Write as _;
use std::marker::PhantomData;
use std::path::Path;
use swath_datasets::bounded;

/// The version of the format. Format 1, of swath 0.1.0, has no timing setup. Formats 1 and 2, the latter of swath 0.2.0, have
/// no hash of their values. `check` does not compare with baselines of those versions.
pub const VERSION: u32 = 3;

/// The reference's time per query in each round, in milliseconds.
pub const REFERENCE: &str = "reference-ms";

/// The text as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub baseline: u32,
    pub experiment: String,
    pub dataset: String,
    pub sha256: String,
    pub k: usize,
    pub queries: usize,
    pub seed: u64,
    pub swath: String,
    pub saved: String,
    pub machine: String,
    /// SHA-256 of the file of values.
    pub values: Option<String>,
    pub timed: Option<TimingSetup>,
    pub reference: String,
    pub trials: Ordered<Ordered<Number>>,
}

/// A number of a trial: a mean, or a ratio for each round.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number, or a list of numbers for times")]
pub enum Number {
    Mean(f64),
    Rounds(Vec<f64>),
}

/// A map whose entries keep the order of the text.
pub struct Ordered<V>(pub Vec<(String, V)>);

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

impl Text {
    /// Reads the text of a baseline.
    ///
    /// # Errors
    /// [`Failure::Input`] if it cannot be read, or is not a baseline.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let wrong = |what: String| Failure::Input(format!("{}: {what}", path.display()));
        let text = bounded::read_text(path, bounded::TEXT).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                wrong("this baseline does not exist; `swath baseline save` creates it".into())
            }
            std::io::ErrorKind::InvalidData => {
                wrong("this is not a text file; name the .yaml file of the baseline".into())
            }
            _ => wrong(error.to_string()),
        })?;
        // The mean of a measure without values is NaN.
        let options = serde_yaml::options! { non_finite_float_policy: serde_yaml::NonFiniteFloatPolicy::PassThrough };
        serde_yaml::from_str_with_options(&text, options).map_err(|error| {
            // Without the lines around it, which a message of one line cannot show.
            let said = error.without_snippet().to_string();
            let said = said.lines().next().unwrap_or_default();
            wrong(match said.rsplit_once(" at line ") {
                Some((what, place)) => format!("this is not a baseline: line {place}: {what}"),
                None => format!("this is not a baseline: {said}"),
            })
        })
    }
}

/// The text of a baseline whose values have this SHA-256.
pub fn text(config: &Path, state: &Snapshot, values: &str) -> String {
    let Scope { experiment, dataset, sha256, k, queries, seed } = &state.setting;
    let Snapshot { swath, saved, machine, reference, .. } = state;
    let is_timed = state.trials.iter().any(|trial| !trial.rounds.is_empty());
    let timed = state.timing.as_ref().filter(|_| is_timed).map_or_else(String::new, |timing| {
        let TimingSetup { mode, threads, queries, passes } = timing;
        format!("timed: {{ mode: {}, threads: {threads}, queries: {queries}, passes: {passes} }}\n", mode.name())
    });
    let mut text = format!(
        "# The baseline that `{}` compares with. `swath baseline update` replaces it.\n\
         # `time` is the time of a trial divided by that of {}, for each round.\n\
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
        for MeasureValues { name, mean, .. } in &trial.measures {
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

/// A number as text: six decimals, six digits if it is smaller, without trailing zeros.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return ".nan".into();
    }
    if value != 0.0 && !(1e-6..1e15).contains(&value.abs()) {
        return format!("{value:.6e}");
    }
    let text = format!("{value:.0$}", decimals(value));
    unsigned_zero(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// The number of decimals with which a number is written.
fn decimals(value: f64) -> usize {
    let leading = if value == 0.0 { 0.0 } else { -value.abs().log10().floor() };
    (leading.clamp(1.0, 320.0) as usize) + 5
}

/// Whether `text` is the number written for a mean, up to rounding. (`f32` values may change the last digit.)
pub fn is_written_as(mean: f64, text: f64) -> bool {
    let unit = 0.1_f64.powi(decimals(text) as i32);
    mean == text || mean.is_nan() && text.is_nan() || (mean - text).abs() <= 0.6 * unit + 1e-6 * text.abs()
}
