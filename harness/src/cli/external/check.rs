//! `swath external check`.

use super::super::places::Places;
use super::super::terminal::{complain, print, with_help};
use clap::Args;
use std::fmt::Write as _;
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath::external::check::{CheckInput, check};
use swath::external::{Command, Fault, Opening, Role};
use swath::plan::LoadedDataset;
use swath::plan::programs::limits;
use swath::record::machine;
use swath::version;
use swath_algorithms::external::{Setting, Settings};
use swath_algorithms::params::Count;
use swath_algorithms::points::{Bits, Sets};
use swath_algorithms::{Base, Distance, Points, PointsError};
use swath_datasets::prepared::{self, Made};
use swath_datasets::{Dataset, Generated};

/// Run a program through every question that swath can ask, on 200 small points
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath external check python3 mine.py
  swath external check --build M=8 --search ef=50 python3 with_hnswlib.py")]
pub struct Arguments {
    /// The distance between points: euclidean, angular, ip (dense vectors), hamming (bits) or jaccard (sets)
    #[arg(long, value_name = "DISTANCE", default_value = "euclidean", value_parser = distance)]
    distance: Distance,
    /// A parameter of the index, as `M=8`; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    build: Vec<(String, Setting)>,
    /// A parameter of searches, as `ef=50`; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    search: Vec<(String, Setting)>,
    /// Seconds that it may take for each step
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u32,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

fn distance(text: &str) -> Result<Distance, String> {
    let known = Distance::ALL.iter().find(|distance| distance.name() == text);
    known
        .copied()
        .ok_or_else(|| Distance::ALL.map(Distance::name).join(", "))
        .map_err(|all| format!("the distances are {all}"))
}

/// `M=8`: a number, true, false, a list, or else a text.
fn setting(text: &str) -> Result<(String, Setting), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE, such as `M=8`")?;
    let read = serde_json::from_str(value).or_else(|_| serde_json::from_value(value.into()));
    read.map(|value| (name.to_owned(), value)).map_err(|error| error.to_string())
}

/// Points to check with: of a normal distribution; bits and sets say where these are large.
fn points(distance: Distance) -> Result<Dataset, Failure> {
    let (dimension, of) = match distance {
        Distance::Hamming | Distance::Jaccard => (64, Distance::Euclidean),
        other => (16, other),
    };
    let yaml = format!("{{ generate: gaussian, n: {POINTS}, queries: 40, dimension: {dimension}, distance: {of} }}");
    let generated: Generated = serde_yaml::from_str(&yaml).map_err(|error| Failure::Run(error.to_string()))?;
    let drawn = LoadedDataset::draw(&generated)?.dataset;
    let converted = |points: &Points| -> Result<Points, PointsError> {
        let Some(vectors) = points.dense() else { return Ok(points.clone()) };
        let rows = (0..vectors.rows()).map(|i| vectors.row(i));
        Ok(match distance {
            Distance::Hamming => {
                let bits: Vec<bool> = rows.flat_map(|row| row.iter().map(|&value| value > 0.0)).collect();
                Bits::pack(bits.into_iter(), dimension)?.into()
            }
            Distance::Jaccard => {
                let members =
                    |row: &[f32]| (0_u32..).zip(row).filter(|(_, value)| **value > 1.0).map(|(j, _)| j).collect();
                Sets::from_rows(&rows.map(members).collect::<Vec<Vec<u32>>>(), dimension)?.into()
            }
            _ => points.clone(),
        })
    };
    let failed = |error: PointsError| Failure::Run(error.to_string());
    let (train, test) = (converted(&drawn.train).map_err(failed)?, converted(&drawn.test).map_err(failed)?);
    Ok(Dataset { train, test, distance, ..drawn })
}

/// Points that a program is checked on.
const POINTS: usize = 200;

impl Arguments {
    /// Checks a program; exit code 1 if something is wrong with it.
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        if !cfg!(unix) {
            return Err(Failure::Input("programs outside cannot be started by this system".into()));
        }
        let here = std::env::current_dir().unwrap_or_default();
        let command = Command::resolve(&self.command, &here).map_err(Failure::Input)?;
        let missing: Vec<String> =
            command.missing_files().iter().map(|word| format!("`{word}` names no file here")).collect();
        let said = |error: &dyn std::fmt::Display| Failure::Run(error.to_string());
        let dataset = points(self.distance)?;
        let folder = tempfile::Builder::new().prefix("swath-dataset-").tempdir().map_err(|error| said(&error))?;
        let file = folder.path().join("dataset");
        let made = Made { name: "check", sha256: "", sources: &[], doubts: &[], dataset: &dataset };
        prepared::write(&file, &version::program(), &made).map_err(|error| said(&error))?;
        let base = Base::new(dataset.train.clone(), dataset.distance);
        let all: fn(&[(String, Setting)]) -> Settings = |list| list.iter().cloned().collect();
        let (build, search) = (all(&self.build), all(&self.search));
        let seconds = Count::new(self.seconds).map_err(|error| Failure::Input(format!("--seconds: {error}")))?;
        let each = swath::config::ExternalLimits { hello: seconds, open: seconds, pass: seconds, end: seconds };
        let limits = limits(each, Some(self.seconds), Some(machine::memory() / 2));
        let program = version::program_file();
        let opening = Opening {
            starter: &program,
            command: &command,
            role: Role::Candidates,
            file: &file,
            points: &dataset.train,
            groups: &[],
            distance: dataset.distance,
            threads: 1,
            build_threads: 1,
            seed: 0,
            limits,
        };
        let input = CheckInput { base: &base, queries: &dataset.test, build: &build, search: &search };
        let (hello, all) = check(&opening, input).map_err(|fault| match fault {
            Fault::Stopped => Failure::Stopped("stopped".into()),
            fault => Failure::Run(with_help(format!("`{}` does not say hello: {fault}", command.shown()), &missing)),
        })?;
        let mut text = format!("{} on {} points, {}\n", escape::terminal(&hello.label()), base.len(), self.distance);
        for checked in &all {
            let (mark, said) = match &checked.found {
                Ok(said) => ("ok   ", said),
                Err(wrong) => ("WRONG", wrong),
            };
            let said = if said.is_empty() { String::new() } else { format!(": {}", escape::message(said)) };
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{mark}  {}{said}", checked.what);
        }
        print(&text)?;
        let wrong = all.iter().filter(|checked| checked.found.is_err()).count();
        if wrong == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        complain(&format!("error: {wrong} of {} checks went wrong", all.len()));
        Ok(ExitCode::FAILURE)
    }
}
