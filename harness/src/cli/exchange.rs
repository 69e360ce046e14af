//! `export` and `import`.

use super::{complain, print, run};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath::exchange::import::{Wanted, import as read};
use swath::exchange::{Run, ann_benchmarks, parquet};
use swath::record::Mode;
use swath::record::machine::memory;

/// Writes a run for other programs.
pub fn export(
    folder: &Path,
    (to_ann_benchmarks, to_parquet): (Option<&Path>, Option<&Path>),
    folders: &[PathBuf],
) -> Result<ExitCode, Failure> {
    let opened = Run::open(folder)?;
    if let Some(target) = to_ann_benchmarks {
        let exported = ann_benchmarks::export(&opened, target, folders, memory())?;
        exported.notes.iter().for_each(|note| complain(&format!("note: {note}")));
        let batch = if exported.mode == Mode::Batch { " --batch" } else { "" };
        print(&format!(
            "{} results: {}\ntheir dataset: {}\nplot them, from a checkout of ann-benchmarks with these folders: \
             python plot.py --dataset {} --count {}{batch}\n",
            exported.trials,
            escape::path(&exported.results),
            escape::path(&exported.data),
            escape::shell(exported.dataset.as_ref()),
            exported.k,
        ))?;
    }
    if let Some(target) = to_parquet {
        let [runs, queries] = parquet::export(&opened, target)?;
        print(&format!(
            "a row per trial: {}\na row per trial and query: {}\n",
            escape::path(&runs),
            escape::path(&queries)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads results of ann-benchmarks and reports them.
pub fn import(wanted: &Wanted<'_>, folders: &[PathBuf]) -> Result<ExitCode, Failure> {
    let imported = read(wanted, folders, memory())?;
    imported.manifest.notes.iter().for_each(|note| complain(&format!("note: {note}")));
    let left_out = &imported.left_out;
    left_out.iter().for_each(|what| complain(&format!("error: left out: {what}")));
    let ended = run::finish(&imported.folder, imported.summary.as_ref(), &imported.manifest)?;
    Ok(if left_out.is_empty() { ended } else { ExitCode::from(1) })
}
