//! `cache`.

use super::{complain, print, table};
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath::run::cache::{Cache, Label};

fn found(cache: Option<&Cache>) -> Result<&Cache, Failure> {
    cache
        .ok_or_else(|| Failure::Input("there is no folder for caches; name one with --cache-dir or SWATH_CACHE".into()))
}

fn refused(cache: &Cache, error: &std::io::Error) -> Failure {
    let message = format!("the cache {}: {error}", escape::path(cache.folder()));
    if error.kind() == std::io::ErrorKind::NotADirectory { Failure::Input(message) } else { Failure::Run(message) }
}

/// Where graphs are kept, and whether there is such a folder.
fn place(cache: &Cache) -> String {
    let missing = if cache.folder().exists() { "" } else { " (no such folder yet)" };
    format!("{}{missing}", escape::path(cache.folder()))
}

fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// Lists the graphs.
pub fn list(cache: Option<&Cache>) -> Result<ExitCode, Failure> {
    let cache = found(cache)?;
    let entries = cache.entries().map_err(|error| refused(cache, &error))?;
    let mut rows = vec![["key", "dataset", "built", "by", "graph", "MiB"].map(str::to_owned).to_vec()];
    for entry in &entries {
        let mut cells = match &entry.label {
            Some(label) => {
                let Label { dataset, built, graph, .. } = label;
                vec![entry.key.clone(), dataset.clone(), built.clone(), label.program(), graph.clone()]
            }
            None => vec![entry.key.clone(), "-".into(), "-".into(), "-".into(), "cannot be read".into()],
        };
        cells.push(mib(entry.bytes));
        rows.push(cells);
    }
    let listed = if entries.is_empty() { String::new() } else { table(&rows, 5) + "\n" };
    print(&format!("{listed}{} in {}\n", graphs(entries.len()), place(cache)))
}

/// Removes the graphs.
pub fn clear(cache: Option<&Cache>) -> Result<ExitCode, Failure> {
    let cache = found(cache)?;
    let (removed, kept) = cache.clear().map_err(|error| refused(cache, &error))?;
    kept.iter().for_each(|path| complain(&format!("note: {} is kept: swath did not write it", path.display())));
    let bytes = removed.iter().map(|entry| entry.bytes).sum();
    print(&format!("removed {}, {} MiB, from {}\n", graphs(removed.len()), mib(bytes), place(cache)))
}

fn graphs(count: usize) -> String {
    if count == 1 { "1 graph".into() } else { format!("{count} graphs") }
}
