//! How many children may live at once, given the system's limits on open files and threads.
//!
//! Linux lists the open files in `/proc/self/fd`, and a control group's limit is in `pids.max`. Without them usual numbers
//! are assumed.

use std::path::Path;

/// Files that a run holds for each child: its input, its output and its standard error.
const FILES: u64 = 3;

/// Other files that may be open: six ends of pipes and one more while a child is started, and files that are being read or
/// written.
const FILES_BESIDE: u64 = 16;

/// Assumed number of open files if the system does not say.
const FILES_OPEN: u64 = 16;

/// Threads of a run that talk to a child.
const THREADS: u64 = 3;

/// Threads of a child besides those that answer queries: the main thread, and the one that reads orders.
const THREADS_BESIDE: u64 = 2;

/// The most threads of all children together, even if the system allows more: beyond that they only compete.
const MOST_THREADS: u64 = 8192;

/// What the system allows a run.
#[derive(Clone, Copy, Debug)]
struct Allowed {
    /// Files that may still be opened.
    files: u64,
    /// Threads and processes in total.
    threads: u64,
}

/// How many children may live at once, each with `timed` threads for timed queries. At least one: if that is too many, its
/// failure says why.
pub fn children(timed: usize) -> usize {
    let threads = rayon::current_num_threads() + timed;
    most(allowed(Path::new("/")), threads as u64)
}

fn most(allowed: Allowed, threads: u64) -> usize {
    let by_files = allowed.files.saturating_sub(FILES_BESIDE) / FILES;
    // Half of the allowed number, since other programs need threads, too.
    let by_threads = (allowed.threads / 2).min(MOST_THREADS) / (threads + THREADS + THREADS_BESIDE);
    usize::try_from(by_files.min(by_threads)).unwrap_or(usize::MAX).max(1)
}

#[cfg(unix)]
fn allowed(root: &Path) -> Allowed {
    use rustix::process::{Resource, getrlimit};
    let limit = |resource| getrlimit(resource).current.unwrap_or(u64::MAX);
    let open = std::fs::read_dir(root.join("proc/self/fd")).map_or(FILES_OPEN, |open| open.count() as u64);
    Allowed {
        files: limit(Resource::Nofile).saturating_sub(open),
        threads: limit(Resource::Nproc).min(crate::record::machine::group_threads(root).unwrap_or(u64::MAX)),
    }
}

#[cfg(not(unix))]
fn allowed(_: &Path) -> Allowed {
    Allowed { files: 512, threads: u64::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_threads_bound_children_and_one_is_always_tried() {
        let plenty = u64::MAX;
        let of = |files, threads| most(Allowed { files, threads }, 3);
        assert_eq!(of(1024, plenty), 336);
        assert_eq!(of(40, plenty), 8);
        assert_eq!(of(0, plenty), 1);
        // 8 threads for each child, out of half the allowed number.
        assert_eq!(of(plenty, 160), 10);
        assert_eq!(of(plenty, 0), 1);
        assert_eq!(of(plenty, plenty), 1024);
    }

    #[test]
    fn without_proc_there_is_an_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(most(allowed(folder.path()), 3) >= 1);
    }
}
