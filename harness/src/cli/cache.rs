//! `swath cache`.

use super::places::Places;
use super::shown::Shown;
use super::table::table;
use super::terminal::{complain, print};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use swath::config::Failure;
use swath::run::cache::{Cache, CachedGraph, Label};
use swath::{clock, escape};
use swath_datasets::prepared::{KeptDatasets, KeptFile};

/// List, check or remove what runs have kept: prepared datasets and graphs
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath cache
  swath cache verify
  swath cache clear
  swath --cache-dir /tmp/kept cache")]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Check the content of every file by its SHA-256
    #[command(after_help = "Example:\n  swath cache verify\n\nExit code: 1 if a file is damaged.")]
    Verify,
    /// Remove all prepared datasets and graphs
    #[command(after_help = "Example:\n  swath cache clear")]
    Clear,
}

impl Arguments {
    /// Lists, checks or removes what is kept.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let kept = Kept::new(places)?;
        match self.command {
            None => kept.list(),
            Some(Command::Verify) => kept.verify(),
            Some(Command::Clear) => kept.clear(),
        }
    }
}

/// What runs have kept in one folder.
struct Kept<'a> {
    datasets: &'a KeptDatasets,
    graphs: &'a Cache,
}

impl<'a> Kept<'a> {
    fn new(places: &'a Places) -> Result<Self, Failure> {
        let both = places.kept.as_ref().zip(places.cache.as_ref());
        let (datasets, graphs) = both.ok_or_else(|| {
            Failure::Input("the system has no folder for caches; name one with --cache-dir or SWATH_CACHE".into())
        })?;
        Ok(Self { datasets, graphs })
    }

    fn folder(&self) -> &Path {
        self.graphs.folder()
    }

    fn refused(&self, error: &std::io::Error) -> Failure {
        let message = format!("the cache {}: {error}", escape::path(self.folder()));
        if error.kind() == std::io::ErrorKind::NotADirectory { Failure::Input(message) } else { Failure::Run(message) }
    }

    /// The folder, with a remark if it does not exist yet.
    fn place(&self) -> String {
        let missing = if self.folder().exists() { "" } else { " (no such folder yet)" };
        format!("{}{missing}", escape::path(self.folder()))
    }

    fn files(&self) -> Result<(Vec<KeptFile>, Vec<CachedGraph>), Failure> {
        let refused = |error| self.refused(&error);
        Ok((self.datasets.files().map_err(refused)?, self.graphs.entries().map_err(refused)?))
    }

    fn list(&self) -> Result<ExitCode, Failure> {
        let (datasets, graphs) = self.files()?;
        let mut rows = vec![["key", "dataset", "made or used", "by", "content", "MiB"].map(str::to_owned).to_vec()];
        rows.extend(datasets.iter().map(dataset_row));
        rows.extend(graphs.iter().map(graph_row));
        let listed = if rows.len() == 1 { String::new() } else { table(&rows, 5..) + "\n" };
        print(&format!("{listed}{} in {}\n", count(datasets.len(), graphs.len()), self.place()))
    }

    fn verify(&self) -> Result<ExitCode, Failure> {
        let (datasets, graphs) = self.files()?;
        let of_dataset = |file: &KeptFile| (file.path.clone(), file.verify().map_err(|error| error.to_string()));
        let of_graph = |graph: &CachedGraph| self.graphs.verify(graph);
        let checked =
            datasets.iter().filter(|file| !file.is_unfinished()).map(of_dataset).chain(graphs.iter().map(of_graph));
        let damaged: Vec<(PathBuf, String)> =
            checked.filter_map(|(path, checked)| Some((path, checked.err()?))).collect();
        damaged.iter().for_each(|(path, why)| complain(&format!("{}: {why}", escape::path(path))));
        if damaged.is_empty() {
            return print(&format!("{} in {}: all are whole\n", count(datasets.len(), graphs.len()), self.place()));
        }
        let (some, all) = (damaged.len(), datasets.len() + graphs.len());
        let are = if some == 1 { "is" } else { "are" };
        let clear = Shown::new(&["cache", "clear"]).whole();
        Err(Failure::Run(format!(
            "{some} of {all} files {are} not whole\n  remove what is damaged, or all with\n  {clear}\n  runs make anew what they need"
        )))
    }

    fn clear(&self) -> Result<ExitCode, Failure> {
        let (datasets, mut others) = self.datasets.clear().map_err(|error| self.refused(&error))?;
        let (graphs, other_graphs) = self.graphs.clear().map_err(|error| self.refused(&error))?;
        others.extend(other_graphs);
        let is_kept =
            |path: &PathBuf| complain(&format!("note: {} is kept: swath did not write it", escape::path(path)));
        others.iter().for_each(is_kept);
        let bytes = datasets.iter().map(|file| file.bytes).chain(graphs.iter().map(|graph| graph.bytes)).sum();
        let removed = count(datasets.len(), graphs.len());
        print(&format!("removed {removed}, {} MiB, from {}\n", mib(bytes), self.place()))
    }
}

fn dataset_row(file: &KeptFile) -> Vec<String> {
    let used = file.used.map_or_else(|| "-".into(), time);
    let cells = match &file.header {
        Ok(header) => [header.name.clone(), used, short(&header.program), header.content()],
        Err(why) => ["-".into(), used, "-".into(), format!("cannot be used: {why}")],
    };
    row(file.key(), cells, file.bytes)
}

fn graph_row(graph: &CachedGraph) -> Vec<String> {
    let cells = match &graph.label {
        Ok(label) => {
            let Label { dataset, built, graph, .. } = label;
            [dataset.clone(), built.clone(), label.program(), format!("graph: {graph}")]
        }
        Err(why) => ["-".into(), "-".into(), "-".into(), format!("cannot be read: {why}")],
    };
    row(graph.key.clone(), cells, graph.bytes)
}

fn row(key: String, cells: [String; 4], bytes: u64) -> Vec<String> {
    [key].into_iter().chain(cells).chain([mib(bytes)]).collect()
}

/// A program in a few characters: its version and the beginning of its revision.
fn short(program: &str) -> String {
    let mut words = program.split_whitespace();
    format!("swath {} {:.8}", words.next().unwrap_or_default(), words.next().unwrap_or_default())
}

fn time(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    clock::written(i64::try_from(since).unwrap_or(i64::MAX))
}

fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// So many datasets and graphs.
fn count(datasets: usize, graphs: usize) -> String {
    let of = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    format!("{} and {}", of(datasets, "dataset"), of(graphs, "graph"))
}
