//! Trials that share a build, and how much memory their process will hold.

use super::built;
use crate::plan::{Facts, Plan, Trial, vector_bytes};
use crate::record::Mode;
use swath_algorithms::Item;

/// Trials, by their places in the plan, that share a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The trials.
    pub trials: Vec<usize>,
    /// Bytes that their process holds at most, an estimate from sizes.
    pub memory: u64,
}

/// Parts the trials by what they are built on, in the order of the plan.
pub fn groups(plan: &Plan, facts: &Facts) -> Vec<Group> {
    let mut keys = Vec::new();
    let mut groups: Vec<Group> = Vec::new();
    for (i, trial) in plan.trials.iter().enumerate() {
        let key = built::key(trial);
        if let Some(at) = keys.iter().position(|known| *known == key) {
            groups[at].trials.push(i);
        } else {
            keys.push(key);
            groups.push(Group { trials: vec![i], memory: 0 });
        }
    }
    for group in &mut groups {
        group.memory = memory(plan, facts, &group.trials);
    }
    groups
}

/// The program itself, the stacks of its threads, and what the allocator keeps.
const PROGRAM: usize = 32 << 20;

/// Each thread's own: tiles of a matrix product, what the allocator keeps for it.
const THREAD: usize = 4 << 20;

/// What is held while one trial is answered or timed: everything at once, so that it is rather too much.
fn memory(plan: &Plan, facts: &Facts, trials: &[usize]) -> u64 {
    let trials: Vec<&Trial> = trials.iter().map(|&trial| &plan.trials[trial]).collect();
    let asked = plan.queries.len();
    // The dataset; what is not base vectors is there once more for the queries that are asked.
    let base = facts.rows.saturating_mul(vector_bytes(facts.dim));
    let beside = facts.bytes.saturating_sub(base);
    let links = facts.links.unwrap_or(0).saturating_mul(16);
    let dataset = facts.bytes + beside + links + asked * 256 + facts.rows * size_of::<f64>();
    // All trials are of one build.
    let most = |of: &dyn Fn(&Trial) -> usize| trials.iter().map(|trial| of(trial)).max().unwrap_or(0);
    let index = most(&|trial| trial.retriever.candidates.estimate(facts.rows, facts.dim));
    let graph = most(&|trial| trial.graph().map_or(0, |graph| graph.peak(facts.rows, facts.links.unwrap_or(0))));
    // All outcomes, and those of one as they are put together and written.
    let outcomes = plan.outcome_bytes().saturating_mul(trials.len() + 3) + asked * 256;
    let pool = most(&|trial| trial.retriever.candidates.pool().min(facts.rows));
    let batch = match plan.experiment.mode {
        Mode::Single => 0,
        Mode::Batch => {
            let rows = pool * size_of::<Item>() + 64 + plan.experiment.k.size() * size_of::<i32>();
            asked.saturating_mul(rows)
        }
    };
    // A worker of each thread: vectors over all base vectors for walks, a pool with its rows and similarities.
    let threads = rayon::current_num_threads().max(plan.experiment.threads.size());
    let walks = if trials.iter().any(|trial| trial.graph().is_some()) { 32 } else { 4 };
    let worker = facts.rows * walks + pool * (vector_bytes(facts.dim) + 256 + 8 * pool.min(4096)) + THREAD;
    [dataset, index, graph, outcomes, batch, threads.saturating_mul(worker), PROGRAM]
        .into_iter()
        .fold(0, usize::saturating_add) as u64
}
