//! `swath init`.

use super::places::Places;
use super::shown::Shown;
use super::terminal::{note, print};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config::Failure;
use swath::{config, escape, plan};
use swath_datasets::{Location, catalogue, whole_file};

/// Write a commented experiment to start from
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath init glove-wordnet-20k
  swath init my-vectors.hdf5 --output experiments/first.yaml")]
pub struct Arguments {
    /// A dataset's name, or the path of its file or folder
    dataset: PathBuf,
    /// The file to write [default: DATASET.yaml]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Arguments {
    /// Writes a starter experiment.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let location = places.find(&self.dataset)?;
        let header = location.header().map_err(|error| plan::dataset_failure(&error))?;
        // A dataset that a run would refuse is refused here, too.
        let read = location.read(&places.resources().capacity()).map_err(|error| plan::dataset_failure(&error))?;
        read.notes.iter().for_each(|text| note(text));
        let by_path = catalogue::is_path(&self.dataset.to_string_lossy());
        let name =
            experiment_name(&if by_path { location.name() } else { self.dataset.to_string_lossy().into_owned() });
        let output = self.output.unwrap_or_else(|| PathBuf::from(format!("{name}.yaml")));
        // A path that is not UTF-8 is written as it is displayed; that finds the file if no other file is displayed the same way.
        let called = match &location {
            Location::Path(path) if by_path => path_from(&output, path).to_string_lossy().into_owned(),
            _ => self.dataset.to_string_lossy().into_owned(),
        };
        let text = config::starter(&name, &called, &header);
        let folder = output.parent().map_or(Ok(()), whole_file::make_folder);
        let written = folder.and_then(|()| whole_file::write_new(&output, text.as_bytes()));
        written.map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Failure::Input(format!("{} already exists; name another file with --output", escape::path(&output)))
            }
            _ => Failure::Run(format!("cannot write {}: {error}", escape::path(&output))),
        })?;
        let run = Shown::new(&["run"]).path(&output).whole();
        print(&format!("wrote {}\nrun it: {run}\n", escape::path(&output)))
    }
}

/// The path of a file as an experiment names it: from the experiment's folder if the file is below, else absolute.
fn path_from(experiment: &Path, file: &Path) -> PathBuf {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (experiment, file) = (absolute(experiment), absolute(file));
    match experiment.parent().and_then(|folder| file.strip_prefix(folder).ok()) {
        Some(below) if catalogue::is_path(&below.to_string_lossy()) => below.to_owned(),
        Some(below) => Path::new(".").join(below),
        None => file,
    }
}

/// Makes the name of an experiment from the name of a dataset's file.
fn experiment_name(dataset: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = dataset.chars().map(plain).take(64).collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).trim_end_matches('.');
    if name.is_empty() { "experiment".into() } else { name.to_owned() }
}
