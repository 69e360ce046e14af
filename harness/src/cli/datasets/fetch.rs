//! `swath datasets fetch`.

use crate::cli::places::Places;
use crate::cli::shown::Shown;
use crate::cli::terminal::{complain, note, print, with_help};
use clap::Args;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::clock::Moment;
use swath::config::Failure;
use swath::plan::missing_dataset;
use swath::plot::format::three_digits;
use swath::progress::Progress;
use swath::{escape, interrupt};
use swath_datasets::Location;
use swath_datasets::catalogue::{Entry, NotFound, State, known, nearest, resolve};
use swath_datasets::fetch::{self, Client, Event, FetchError, Fetched, Patience, Proxies, amount};

/// Download datasets by name
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath datasets fetch glove-100-angular
  swath datasets fetch sift-128-euclidean gist-960-euclidean --to /data

A download that breaks off goes on with the same command. What is here is not downloaded again, but checked.
HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY are kept to. SSL_CERT_FILE names certificates of your own.")]
pub struct Arguments {
    /// Names of datasets; `swath datasets list` shows them
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Folder to put them into [default: the first of --data-dir, or of `SWATH_DATA`, or the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

impl Arguments {
    /// Downloads datasets.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        // All names are looked up before anything is downloaded.
        let wanted = self.names.iter().map(|name| find(name, &places.data)).collect::<Result<Vec<_>, _>>()?;
        let proxies = Proxies::from_variables(|name| std::env::var(name).ok());
        let client = Client::new(&proxies, Patience::default()).map_err(|error| failure(&error))?;
        let mut code = ExitCode::SUCCESS;
        for wanted in wanted {
            code = match wanted {
                Wanted::Here(location) => print(&format!("{} is here\n", escape::terminal(&location.to_string())))?,
                Wanted::Entry(entry) => {
                    let folder = self.folder(&entry, places)?;
                    download(&entry, &folder, &client, places)?
                }
            };
        }
        Ok(code)
    }

    /// The folder that a dataset is downloaded into: the one that has it, unless another is named.
    fn folder(&self, entry: &Entry, places: &Places) -> Result<PathBuf, Failure> {
        let is_here = |folder: &&PathBuf| matches!(entry.state(std::slice::from_ref(*folder)), State::Here(_));
        let found = places.data.iter().find(is_here).or(places.downloads.as_ref());
        self.to
            .as_ref()
            .or(found)
            .cloned()
            .ok_or_else(|| Failure::Input("the system has no folder for data; name one with --to DIR".into()))
    }
}

/// What a name means.
enum Wanted {
    /// A dataset that can be downloaded.
    Entry(Box<Entry>),
    /// A file that is here and cannot be.
    Here(Location),
}

fn find(name: &str, folders: &[PathBuf]) -> Result<Wanted, Failure> {
    let entry = known(name, folders).map_err(|error| Failure::Input(error.to_string()))?;
    if let Some(entry) = entry.filter(|entry| !entry.downloads().is_empty()) {
        return Ok(Wanted::Entry(Box::new(entry)));
    }
    match resolve(name, Path::new(""), folders) {
        Ok(location) => Ok(Wanted::Here(location)),
        Err(NotFound::Unknown { .. }) => {
            let likely = nearest(name, folders).map(|likely| format!("did you mean `{likely}`?"));
            let known = "`swath datasets list` shows the known names".to_owned();
            let help: Vec<String> = likely.into_iter().chain([known]).collect();
            Err(Failure::Input(with_help(format!("there is no dataset `{name}` in a catalogue"), &help)))
        }
        Err(missing) => Err(Failure::Input(with_help(missing.to_string(), &missing_dataset::help(&missing)))),
    }
}

/// Downloads the files of a dataset, and says where they are.
fn download(entry: &Entry, folder: &Path, client: &Client, places: &Places) -> Result<ExitCode, Failure> {
    let is_searched = places.data.iter().chain(&places.downloads).any(|searched| searched == folder);
    let other = (!is_searched).then_some(folder);
    let again = Shown::new(&["datasets", "fetch", &entry.name]).option("--to", other).whole();
    interrupt::say(format!("stopped; {again} goes on from here"));
    let (progress, began) = (Progress::bytes(false), Moment::now());
    let mut watch = |event: Event<'_>| match event {
        Event::Begins { path, have, length } => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            progress.begin(&format!("{}: {name}", entry.name), have, length);
        }
        Event::Has(bytes) => progress.has(bytes),
        Event::Waits { why, wait } => {
            progress.above(|| complain(&format!("{why}; tries again in {} s", three_digits(wait.as_secs_f64()))));
        }
    };
    let fetched = fetch::dataset(entry, folder, client, &mut watch);
    progress.finish();
    interrupt::say(String::new());
    let fetched = fetched.map_err(|error| failure(&error))?;
    let mut text: String = fetched.iter().map(line).collect();
    if fetched.iter().any(|file| !file.was_here) {
        let _ = writeln!(text, "downloaded in {} s", three_digits(began.elapsed()));
    }
    fetched.iter().flat_map(|file| &file.notes).for_each(|text| note(text));
    let location = entry.location(&[folder.to_owned()]);
    if location.is_some_and(|location| location.header().is_ok()) {
        let init = Shown::new(&["init", &entry.name]).option("--data-dir", other).whole();
        let _ = writeln!(text, "write an experiment: {init}");
    }
    print(&text)
}

fn line(file: &Fetched) -> String {
    let Fetched { path, bytes, sha256, was_here, .. } = file;
    let here = if *was_here { ", was here and is whole" } else { "" };
    format!("{}: {}, SHA-256 {sha256}{here}\n", escape::path(path), amount(*bytes))
}

fn failure(error: &FetchError) -> Failure {
    let help = error.can_go_on().then(|| "the same command goes on from there".to_owned());
    let message = with_help(error.to_string(), &help.into_iter().collect::<Vec<_>>());
    if error.is_input() { Failure::Input(message) } else { Failure::Run(message) }
}
