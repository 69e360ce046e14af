//! Which program runs: trials that another program ran are run again.

use crate::clock;
use crate::record::manifest::Manifest;
use std::time::{Duration, UNIX_EPOCH};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const REVISION: &str = env!("SWATH_REVISION");

/// Identifies this program. Two builds of one commit are the same program. If the revision does not tell what was built, the
/// program's file must be the same, too.
pub(super) fn program() -> String {
    match file() {
        Some(file) if !is_clean(REVISION) => {
            format!("{VERSION} {REVISION} ({} bytes of {})", file.bytes, file.built.as_nanos())
        }
        _ => format!("{VERSION} {REVISION}"),
    }
}

/// Whether this program wrote a manifest. If the revision does not tell what was built, the program must be older than the run.
pub(super) fn is_of_this(manifest: &Manifest) -> bool {
    let began = clock::parsed(&manifest.started).and_then(|began| u64::try_from(began).ok());
    let is_older = || file().zip(began).is_some_and(|(file, began)| file.built.as_secs() <= began);
    manifest.swath == VERSION && manifest.revision == REVISION && (is_clean(REVISION) || is_older())
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
