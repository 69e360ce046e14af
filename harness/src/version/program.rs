//! Which program runs: what another program made is made again.

use super::THIS;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

const REVISION: &str = env!("SWATH_REVISION");

/// This program's own file, from which it starts its children.
pub fn program_file() -> PathBuf {
    // On Linux the file may have been replaced by a newer build; this name still leads to the one that runs.
    let own = Path::new("/proc/self/exe");
    if own.exists() {
        return own.to_owned();
    }
    // Without `/proc`: the system's answer, or else the path or name by which the program was called.
    let called = || std::env::args_os().next().map_or_else(|| "swath".into(), PathBuf::from);
    std::env::current_exe().unwrap_or_else(|_| called())
}

/// Identifies this program. Two builds of one commit are the same program. If the revision does not tell what was built, the
/// program's file must be the same, too.
pub fn program() -> String {
    match file() {
        Some(file) if !is_clean(REVISION) => {
            format!("{THIS} {REVISION} ({} bytes of {})", file.bytes, file.built.as_nanos())
        }
        _ => format!("{THIS} {REVISION}"),
    }
}

/// Whether this program is the one of a version and a revision that began a run at a time, in seconds since 1970. If the revision
/// does not tell what was built, the program must be older than the run.
pub fn is_this_program(version: &str, revision: &str, began: Option<i64>) -> bool {
    let began = began.and_then(|began| u64::try_from(began).ok());
    let is_older = || file().zip(began).is_some_and(|(file, began)| file.built.as_secs() <= began);
    version == THIS && revision == REVISION && (is_clean(REVISION) || is_older())
}

/// Whether a revision tells what was built.
fn is_clean(revision: &str) -> bool {
    !revision.ends_with("-dirty") && revision != "unknown"
}

/// This program's file.
struct ProgramFile {
    bytes: u64,
    /// When it was built, since 1970.
    built: Duration,
}

fn file() -> Option<ProgramFile> {
    let file = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    Some(ProgramFile { bytes: file.len(), built: file.modified().ok()?.duration_since(UNIX_EPOCH).ok()? })
}
