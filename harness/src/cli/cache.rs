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
use swath_datasets::in_the_way::MOVE_IT;
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
        let ours = [
            datasets.iter().filter(|file| file.in_the_way.is_none()).count(),
            graphs.iter().filter(|graph| graph.in_the_way.is_none()).count(),
        ];
        print(&format!("{listed}{} in {}\n", count(ours[0], ours[1]), self.place()))
    }

    fn verify(&self) -> Result<ExitCode, Failure> {
        let (datasets, graphs) = self.files()?;
        let of_dataset = |file: &KeptFile| Checked {
            path: file.path.clone(),
            in_the_way: file.in_the_way.clone(),
            damage: file.verify().err().map(|error| error.to_string()),
        };
        let of_graph = |graph: &CachedGraph| {
            let (path, whole) = self.graphs.verify(graph);
            Checked { path, in_the_way: graph.in_the_way.clone(), damage: whole.err() }
        };
        let finished = datasets.iter().filter(|file| !file.is_unfinished());
        let all: Vec<Checked> = finished.map(of_dataset).chain(graphs.iter().map(of_graph)).collect();
        let (mut damaged, mut foreign) = (0, 0);
        for Checked { path, in_the_way, damage } in &all {
            if let Some(why) = in_the_way {
                foreign += 1;
                complain(&format!("{} is in the way: {why}", escape::path(path)));
            } else if let Some(why) = damage {
                damaged += 1;
                complain(&format!("{}: {why}", escape::path(path)));
            }
        }
        let of_all = |some: usize, what: &str| {
            let (all, are) = (all.len(), if some == 1 { "is" } else { "are" });
            (some > 0).then(|| format!("{some} of {all} files {are} {what}"))
        };
        let clear = Shown::new(&["cache", "clear"]).whole();
        let advice =
            format!("not whole\n  runs make anew what they need; this removes all that swath keeps:\n  {clear}");
        let stays = format!(
            "in the way: swath neither uses nor replaces what is not its own\n  {MOVE_IT}; runs keep theirs there then"
        );
        let said: Vec<String> = [of_all(damaged, &advice), of_all(foreign, &stays)].into_iter().flatten().collect();
        if said.is_empty() {
            return print(&format!("{} in {}: all are whole\n", count(datasets.len(), graphs.len()), self.place()));
        }
        Err(Failure::Run(said.join("\n  ")))
    }

    fn clear(&self) -> Result<ExitCode, Failure> {
        let (datasets, mut others) = self.datasets.clear().map_err(|error| self.refused(&error))?;
        let (graphs, other_graphs) = self.graphs.clear().map_err(|error| self.refused(&error))?;
        others.extend(other_graphs);
        let is_kept = |path: &PathBuf| complain(&format!("note: {} stays: it is not swath's", escape::path(path)));
        others.iter().for_each(is_kept);
        let bytes = datasets.iter().map(|file| file.bytes).chain(graphs.iter().map(|graph| graph.bytes)).sum();
        let removed = count(datasets.len(), graphs.len());
        print(&format!("removed {removed}, {} MiB, from {}\n", mib(bytes), self.place()))
    }
}

/// A file that was checked.
struct Checked {
    path: PathBuf,
    in_the_way: Option<String>,
    damage: Option<String>,
}

fn dataset_row(file: &KeptFile) -> Vec<String> {
    let used = file.used.map_or_else(|| "-".into(), time);
    let cells = match &file.header {
        Ok(header) => [header.name.clone(), used, short(&header.program), header.content()],
        Err(why) => ["-".into(), used, "-".into(), format!("{}: {why}", unusable(file.in_the_way.as_ref()))],
    };
    row(file.key(), cells, file.bytes)
}

fn graph_row(graph: &CachedGraph) -> Vec<String> {
    let cells = match &graph.label {
        Ok(label) => {
            let Label { dataset, built, graph, .. } = label;
            [dataset.clone(), built.clone(), label.program(), format!("graph: {graph}")]
        }
        Err(why) => ["-".into(), "-".into(), "-".into(), format!("{}: {why}", unusable(graph.in_the_way.as_ref()))],
    };
    row(graph.key.clone(), cells, graph.bytes)
}

fn unusable(in_the_way: Option<&String>) -> &'static str {
    if in_the_way.is_some() { "in the way" } else { "cannot be used" }
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
