//! A process with all that descend from it. A child that calls `setsid` leaves the process group, but not the family: its ancestor is
//! the reaper of orphans ([`super::watch`]). Only Linux tells families; elsewhere a family is its process group.

use rustix::process::{Pid, Signal};
#[cfg(target_os = "linux")]
use std::path::Path;
#[cfg(target_os = "linux")]
use swath_datasets::bounded;

/// All that descend from a process, without itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    /// The process.
    pub root: Pid,
}

#[cfg(target_os = "linux")]
impl Family {
    /// The processes, as far as they can be seen now.
    pub fn members(self) -> Vec<Pid> {
        let mut members = Vec::new();
        let mut waiting = vec![self.root];
        while let Some(next) = waiting.pop() {
            let children = children(next);
            waiting.extend(&children);
            members.extend(children);
        }
        members
    }

    /// Bytes of memory that they hold by themselves: anonymous and shared, not mapped files.
    pub fn memory(self) -> u64 {
        self.members().into_iter().map(memory).sum()
    }

    /// Sends a signal to all.
    pub fn signal(self, signal: Signal) {
        for member in self.members() {
            // It may have ended meanwhile.
            let _ = rustix::process::kill_process(member, signal);
        }
    }

    /// Lets all threads of all of them run on `cpus` CPUs only, the first of those that this process may use. Returns on how many.
    pub fn narrow(self, cpus: usize) -> usize {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let Ok(own) = sched_getaffinity(None) else { return 0 };
        let mut few = CpuSet::new();
        let chosen: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| own.is_set(cpu)).take(cpus).collect();
        chosen.iter().for_each(|&cpu| few.set(cpu));
        for member in self.members() {
            for thread in threads(member) {
                let _ = sched_setaffinity(Some(thread), &few);
            }
        }
        chosen.len()
    }
}

/// The numbers in a file of the kernel's.
#[cfg(target_os = "linux")]
fn pids(text: &str) -> impl Iterator<Item = Pid> {
    text.split_ascii_whitespace().filter_map(|number| Pid::from_raw(number.parse().ok()?))
}

#[cfg(target_os = "linux")]
fn threads(process: Pid) -> Vec<Pid> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero())).into_iter().flatten().flatten();
    tasks.filter_map(|task| pids(&task.file_name().to_string_lossy()).next()).collect()
}

/// The children of all threads of a process.
#[cfg(target_os = "linux")]
fn children(process: Pid) -> Vec<Pid> {
    let of_thread = |thread: Pid| {
        let path = format!("/proc/{}/task/{}/children", process.as_raw_nonzero(), thread.as_raw_nonzero());
        let text = bounded::read_text(Path::new(&path), bounded::TEXT).unwrap_or_default();
        pids(&text).collect::<Vec<_>>()
    };
    threads(process).into_iter().flat_map(of_thread).collect()
}

#[cfg(target_os = "linux")]
fn memory(process: Pid) -> u64 {
    let path = format!("/proc/{}/status", process.as_raw_nonzero());
    let text = bounded::read_text(Path::new(&path), bounded::TEXT).unwrap_or_default();
    let kilobytes = |line: &str| -> Option<u64> {
        let rest = line.strip_prefix("RssAnon:").or_else(|| line.strip_prefix("RssShmem:"))?;
        rest.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    text.lines().filter_map(kilobytes).sum::<u64>() * 1024
}

#[cfg(not(target_os = "linux"))]
impl Family {
    /// This system does not tell.
    pub fn memory(self) -> u64 {
        0
    }

    /// Sends a signal to the process group, which has the root, too.
    pub fn signal(self, signal: Signal) {
        let _ = rustix::process::kill_process_group(self.root, signal);
    }

    /// This system has no such limit.
    pub fn narrow(self, _: usize) -> usize {
        0
    }
}
