//! `swath datasets list`.

use crate::cli::places::Places;
use crate::cli::table::table;
use crate::cli::terminal::{print, print_raw};
use clap::Args;
use serde::Serialize;
use std::fmt::Write as _;
use std::fs::Metadata;
use std::path::PathBuf;
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath_datasets::catalogue::{Content, Entry, Local, State, all, unlisted};
use swath_datasets::fetch::amount;
use swath_datasets::{Header, format};

/// List the datasets known by name and those in the data folders, and whether they are on this machine
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath datasets list
  swath datasets list --about
  swath datasets list --json

A file catalogue.yaml in a data folder adds datasets of your own:
  news: { about: our news, licence: internal, url: 'https://files.example.org/news.hdf5' }")]
pub struct Arguments {
    /// Also say what each dataset is, and where it comes from
    #[arg(long)]
    about: bool,
    /// Write JSON, for programs
    #[arg(long, conflicts_with = "about")]
    json: bool,
}

impl Arguments {
    /// Lists the datasets.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let entries = all(&places.data).map_err(|error| Failure::Input(error.to_string()))?;
        let mut listed: Vec<Listed> = entries.iter().map(|entry| Listed::entry(entry, &places.data)).collect();
        listed.extend(unlisted(&places.data, &entries).iter().map(Listed::local));
        if self.json {
            let text = serde_json::to_string_pretty(&listed).map_err(|error| Failure::Run(error.to_string()))?;
            return print_raw(&(text + "\n"));
        }
        print(&text(&listed, self.about))
    }
}

/// What the list says of a dataset. What is not known is null.
#[derive(Serialize)]
struct Listed {
    name: String,
    source: String,
    /// `yes`, `no`, or `part`.
    here: &'static str,
    distance: Option<String>,
    points: Option<usize>,
    queries: Option<usize>,
    dimension: Option<usize>,
    /// Bytes of the download, which may be rounded, or of the files that are here in no catalogue.
    bytes: Option<u64>,
    licence: Option<String>,
    about: Option<String>,
    urls: Vec<String>,
    path: Option<PathBuf>,
    /// Why it cannot be read.
    damage: Option<String>,
}

/// What stands for the source of files that are in no catalogue.
const NO_SOURCE: &str = "in the data folders, in no catalogue";

impl Listed {
    fn entry(entry: &Entry, folders: &[PathBuf]) -> Self {
        let state = entry.state(folders);
        let path = if let State::Here(path) = &state { Some(path.clone()) } else { None };
        let here = match state {
            State::Here(_) => "yes",
            State::Begun(_) => "part",
            State::Missing => "no",
        };
        let listed = Self {
            name: entry.name.clone(),
            source: entry.source.clone(),
            here,
            distance: entry.distance.clone(),
            points: entry.train,
            queries: entry.test,
            dimension: entry.dim,
            bytes: entry.bytes(),
            licence: entry.licence.clone(),
            about: Some(entry.about.clone()).filter(|about| !about.is_empty()),
            urls: entry.downloads().iter().map(|download| download.url.clone()).collect(),
            path,
            damage: None,
        };
        let length = |path: &PathBuf| path.metadata().ok().filter(Metadata::is_file).map(|there| there.len());
        let bytes = listed.bytes.or_else(|| listed.path.as_ref().and_then(length));
        let listed = Self { bytes, ..listed };
        match &listed.path {
            Some(path) if listed.distance.is_none() && !matches!(entry.content, Content::Own(_)) => {
                let header = format::header(path);
                listed.with(header.as_ref().map_err(ToString::to_string))
            }
            _ => listed,
        }
    }

    fn local(local: &Local) -> Self {
        let listed = Self {
            name: local.name.clone(),
            source: NO_SOURCE.into(),
            here: "yes",
            distance: None,
            points: None,
            queries: None,
            dimension: None,
            bytes: Some(local.bytes),
            licence: None,
            about: None,
            urls: Vec::new(),
            path: Some(local.path.clone()),
            damage: None,
        };
        listed.with(local.header.as_ref().map_err(ToString::to_string))
    }

    /// Adds what the header says, or that it cannot be read.
    fn with(self, header: Result<&Header, String>) -> Self {
        match header {
            Ok(header) => Self {
                distance: Some(header.distance.to_string()),
                points: Some(header.train),
                queries: Some(header.test),
                dimension: Some(header.dim),
                ..self
            },
            Err(damage) => Self { damage: Some(damage), ..self },
        }
    }

    fn cells(&self) -> Vec<String> {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let state = if self.damage.is_some() { "damaged" } else { self.here };
        vec![
            self.name.clone(),
            state.into(),
            or_dash(self.distance.clone()),
            or_dash(self.licence.clone()),
            or_dash(self.points.map(count)),
            or_dash(self.queries.map(count)),
            or_dash(self.dimension.map(|dim| dim.to_string())),
            or_dash(self.bytes.map(amount)),
        ]
    }

    /// The lines below its row.
    fn below(&self, about: bool) -> Vec<String> {
        let mut lines: Vec<String> = self.damage.iter().map(|damage| escape::terminal(damage).into_owned()).collect();
        if about {
            lines.extend(self.about.iter().map(|about| escape::terminal(about).into_owned()));
            lines.extend(self.path.iter().map(|path| escape::path(path)));
            lines.extend(self.urls.iter().map(|url| escape::terminal(url).into_owned()));
        }
        lines
    }
}

/// A table for each source, with the same columns in all.
fn text(listed: &[Listed], about: bool) -> String {
    let head = ["name", "here", "distance", "licence", "points", "queries", "dim", "size"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(listed.iter().map(Listed::cells)).collect();
    let table = table(&rows, 4..);
    let mut lines = table.lines();
    let mut text = lines.next().unwrap_or_default().to_owned() + "\n";
    let mut source = None;
    for (listed, line) in listed.iter().zip(lines) {
        if source != Some(&listed.source) {
            source = Some(&listed.source);
            let _ = writeln!(text, "\n{}", escape::terminal(&listed.source));
        }
        let _ = writeln!(text, "{line}");
        for line in listed.below(about) {
            let _ = writeln!(text, "    {line}");
        }
    }
    text + "\n`swath datasets fetch NAME` downloads one that is not here. What a source does not state is -.\n\
            To use any other dataset file, give its path, or name its folder by --data-dir or SWATH_DATA.\n"
}

/// A number with three digits at most, and its unit: `1.18 M`.
fn count(number: usize) -> String {
    let (value, unit) = match number {
        0..10_000 => return number.to_string(),
        10_000..999_500 => (number as f64 / 1e3, "k"),
        _ => (number as f64 / 1e6, "M"),
    };
    let digits = if value >= 99.5 { 0 } else { usize::from(value < 9.995) + 1 };
    let text = format!("{value:.digits$}");
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{short} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use swath_datasets::catalogue::builtin;

    #[test]
    fn numbers_are_short() {
        let cases = [
            (500, "500"),
            (9_999, "9999"),
            (10_000, "10 k"),
            (74_962, "75 k"),
            (113_287, "113 k"),
            (999_499, "999 k"),
            (1_000_000, "1 M"),
            (1_183_514, "1.18 M"),
            (9_990_000, "9.99 M"),
            (1_000_000_000, "1000 M"),
        ];
        for (number, shown) in cases {
            assert_eq!(count(number), shown);
        }
    }

    #[test]
    fn the_list_fits_into_100_columns() {
        let listed: Vec<Listed> = builtin().iter().map(|entry| Listed::entry(entry, &[])).collect();
        let text = text(&listed, false);
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
        assert!(text.contains("\nVIBE\nagnews-mxbai-1024-euclidean "), "{text}");
        let glove = text.lines().find(|line| line.starts_with("glove-100-angular ")).expect("listed");
        let words: Vec<&str> = glove.split_whitespace().collect();
        assert_eq!(words[1..], ["no", "angular", "-", "1.18", "M", "10", "k", "100", "485", "MB"]);
    }
}
