//! `swath cache`.

use super::places::Places;
use super::table::table;
use super::terminal::{complain, print};
use clap::{Args, Subcommand};
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath::run::cache::{Cache, Label};

/// List the graphs that runs have kept, or remove them
#[derive(Args)]
#[command(after_help = "Examples:\n  swath cache\n  swath cache clear\n  swath --cache-dir /tmp/graphs cache")]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Remove all graphs
    #[command(after_help = "Example:\n  swath cache clear")]
    Clear,
}

impl Arguments {
    /// Lists the graphs, or removes them.
    pub fn run(self, places: &Places) -> Result<ExitCode, Failure> {
        let cache = found(places.cache.as_ref())?;
        match self.command {
            None => list(cache),
            Some(Command::Clear) => clear(cache),
        }
    }
}

fn found(cache: Option<&Cache>) -> Result<&Cache, Failure> {
    cache.ok_or_else(|| {
        Failure::Input("the system has no folder for caches; name one with --cache-dir or SWATH_CACHE".into())
    })
}

fn refused(cache: &Cache, error: &std::io::Error) -> Failure {
    let message = format!("the cache {}: {error}", escape::path(cache.folder()));
    if error.kind() == std::io::ErrorKind::NotADirectory { Failure::Input(message) } else { Failure::Run(message) }
}

/// The folder of graphs, with a remark if it does not exist yet.
fn place(cache: &Cache) -> String {
    let missing = if cache.folder().exists() { "" } else { " (no such folder yet)" };
    format!("{}{missing}", escape::path(cache.folder()))
}

fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// Lists the graphs.
fn list(cache: &Cache) -> Result<ExitCode, Failure> {
    let entries = cache.entries().map_err(|error| refused(cache, &error))?;
    let mut rows = vec![["key", "dataset", "built", "by", "graph", "MiB"].map(str::to_owned).to_vec()];
    for entry in &entries {
        let mut cells = match &entry.label {
            Ok(label) => {
                let Label { dataset, built, graph, .. } = label;
                vec![entry.key.clone(), dataset.clone(), built.clone(), label.program(), graph.clone()]
            }
            Err(why) => {
                vec![entry.key.clone(), "-".into(), "-".into(), "-".into(), format!("cannot be read: {why}")]
            }
        };
        cells.push(mib(entry.bytes));
        rows.push(cells);
    }
    let listed = if entries.is_empty() { String::new() } else { table(&rows, 5..) + "\n" };
    print(&format!("{listed}{} in {}\n", graphs(entries.len()), place(cache)))
}

/// Removes the graphs.
fn clear(cache: &Cache) -> Result<ExitCode, Failure> {
    let (removed, kept) = cache.clear().map_err(|error| refused(cache, &error))?;
    kept.iter().for_each(|path| complain(&format!("note: {} is kept: swath did not write it", path.display())));
    let bytes = removed.iter().map(|entry| entry.bytes).sum();
    print(&format!("removed {}, {} MiB, from {}\n", graphs(removed.len()), mib(bytes), place(cache)))
}

fn graphs(count: usize) -> String {
    if count == 1 { "1 graph".into() } else { format!("{count} graphs") }
}
