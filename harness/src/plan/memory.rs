//! Whether the retrievers of a plan fit into memory, by estimates from sizes.

use super::dataset::Resources;
use super::{Facts, Plan, Trial};
use crate::config::Bytes;
use std::collections::BTreeMap;
use swath_algorithms::points::Space;
use swath_datasets::scratch::free_in;

/// What the trial of a retriever needs that needs most, in bytes.
#[derive(Clone, Copy, Default)]
struct Needs {
    /// Of memory.
    memory: usize,
    /// Of disk, for a copy of the points.
    disk: usize,
}

/// Bytes of the program itself, the stacks of its threads, and what the allocator keeps.
pub const PROGRAM: usize = 32 << 20;

/// Bytes of the stack of a thread.
const STACK: usize = 2 << 20;

/// A note where the points are read from the disk again and again, and one for each retriever that is likely not to fit: how
/// much it needs, how much there is, and what helps.
pub fn memory_notes(plan: &Plan, facts: &Facts, resources: Resources<'_>) -> Vec<String> {
    let limit = plan.experiment.limits.memory.map(Bytes::get).filter(|&limit| limit < resources.memory);
    let mut capacity = resources.capacity();
    capacity.memory = limit.unwrap_or(resources.memory);
    let base = facts.base();
    let is_elsewhere = matches!(capacity.space_for(base.bytes_of(facts.rows) as u64), Space::Outside(_));
    let needs = |trial: &Trial| {
        let (candidates, memory) = (&trial.retriever.candidates, plan.memory(trial, facts).saturating_add(PROGRAM));
        if !is_elsewhere {
            return Needs { memory, disk: 0 };
        }
        let spared = candidates.estimate(&base).saturating_sub(candidates.estimate_outside(&base));
        Needs { memory: memory.saturating_sub(spared), disk: candidates.copied(&base) }
    };
    let mut by_retriever: BTreeMap<&str, Needs> = BTreeMap::new();
    for trial in &plan.trials {
        let (most, needs) = (by_retriever.entry(trial.retriever.name.as_str()).or_default(), needs(trial));
        *most = Needs { memory: most.memory.max(needs.memory), disk: most.disk.max(needs.disk) };
    }
    let free = capacity.scratch.as_deref().and_then(free_in).unwrap_or(u64::MAX);
    let mut notes: Vec<String> = read_again(base.bytes_of(facts.rows) as u64, resources.memory).into_iter().collect();
    for (name, Needs { memory, disk }) in by_retriever {
        if memory as u64 > capacity.memory {
            let (allowed, help) = match limit {
                Some(_) => ("limits.memory allows", "raise limits.memory"),
                None => ("swath may use", "give it more memory"),
            };
            notes.push(format!(
                "{name} is likely to fail: the program, its index and its results need about {} beside the dataset, and {allowed} {}; \
                 {help}, or use fewer base vectors (`sweep: {{ n: [...] }}`), a smaller index, or another one",
                mib(memory as u64),
                mib(capacity.memory)
            ));
        } else if let Some(note) =
            resources.addresses.and_then(|limit| beyond_addresses(name, memory + disk + facts.bytes, limit))
        {
            notes.push(note);
        }
        if disk as u64 > free {
            let folder = capacity.scratch.as_deref().unwrap_or(std::path::Path::new(""));
            notes.push(format!(
                "{name} is likely to fail: the copy of the points in its index does not fit into memory, and needs {} of disk \
                 in {}, where {} are free; give swath a folder on a larger disk (`SWATH_CACHE`)",
                mib(disk as u64),
                folder.display(),
                mib(free)
            ));
        }
    }
    notes
}

/// A note if the points are larger than memory.
fn read_again(points: u64, memory: u64) -> Option<String> {
    (points > memory).then(|| {
        format!(
            "the points take {points}, and swath may use {memory}: where the system limits memory to that, each query that is \
             compared with all points reads {points} from the disk again, and the run takes many times as long; give it more \
             memory, or use fewer base points",
            points = mib(points),
            memory = mib(memory)
        )
    })
}

/// A note if a retriever needs more addresses than there are: its memory, and the files that are mapped.
fn beyond_addresses(name: &str, bytes: usize, limit: u64) -> Option<String> {
    let stacks = std::thread::available_parallelism().map_or(1, usize::from) * STACK;
    let needs = bytes.saturating_add(stacks) as u64;
    (needs > limit).then(|| {
        format!(
            "{name} is likely to fail: the dataset, the program, its index and its results need at least {} of addresses, and \
             `ulimit -v` allows {}, in which mapped files count; raise it, or limit memory by `ulimit -d`, in which they do not",
            mib(needs),
            mib(limit)
        )
    })
}

/// Bytes in words: to the byte where they are less than a mebibyte, as those of a limit are whose unit was forgotten.
fn mib(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{bytes} bytes") } else { format!("{} MiB", bytes.div_ceil(1 << 20)) }
}
