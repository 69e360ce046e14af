//! Trials that share a build, and an estimate of the memory that their process will hold.

use super::built;
use super::untimed::pools_at_once;
use crate::plan::{Facts, PROGRAM, Plan, Trial};
use crate::record::Mode;
use swath_algorithms::Item;

/// Trials, by their places in the plan, that share a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildGroup {
    /// The trials.
    pub trials: Vec<usize>,
    /// An upper bound, estimated from sizes, on the bytes that their process holds.
    pub memory: u64,
    /// Those of them that all processes share: the base points.
    pub shared: u64,
}

/// Groups the trials by their build, in the order of the plan.
pub fn groups(plan: &Plan, facts: &Facts) -> Vec<BuildGroup> {
    let mut keys = Vec::new();
    let mut groups: Vec<BuildGroup> = Vec::new();
    for (i, trial) in plan.trials.iter().enumerate() {
        let key = built::key(trial);
        if let Some(at) = keys.iter().position(|known| *known == key) {
            groups[at].trials.push(i);
        } else {
            keys.push(key);
            groups.push(BuildGroup { trials: vec![i], memory: 0, shared: 0 });
        }
    }
    for group in &mut groups {
        group.memory = memory(plan, facts, &group.trials);
        group.shared = facts.base().bytes_of(facts.rows) as u64;
    }
    groups
}

/// Bytes of each thread: packed queries, and what the allocator keeps for the thread.
const THREAD: usize = 4 << 20;

/// Bytes that are held while one trial is answered or timed. It counts everything at once, and so is rather too large.
fn memory(plan: &Plan, facts: &Facts, trials: &[usize]) -> u64 {
    let trials: Vec<&Trial> = trials.iter().map(|&trial| &plan.trials[trial]).collect();
    let asked = plan.queries.len();
    // The dataset. Everything but the base vectors is held twice: also for the queries that are asked.
    let base = facts.base().bytes_of(facts.rows);
    let beside = facts.bytes.saturating_sub(base);
    let links = facts.links.unwrap_or(0).saturating_mul(16);
    let dataset = facts.bytes + beside + links + asked * 256 + facts.rows * size_of::<f64>();
    // The trials share one build.
    let most = |of: &dyn Fn(&Trial) -> usize| trials.iter().map(|trial| of(trial)).max().unwrap_or(0);
    // Lists are held for all queries, and again for those that are asked.
    let index = most(&|trial| trial.retriever.candidates.estimate(&facts.base()) + 2 * plan.list_bytes(trial));
    let graph = most(&|trial| trial.graph().map_or(0, |graph| graph.peak(&facts.base(), facts.links.unwrap_or(0))));
    // All outcomes, and one more as it is assembled and written.
    let outcomes = plan.outcome_bytes().saturating_mul(trials.len() + 3) + asked * 256;
    let pool = most(&|trial| trial.retriever.candidates.pool().min(facts.rows));
    let together = match plan.experiment.mode {
        Mode::Single => asked.min(pools_at_once(pool)),
        Mode::Batch => asked,
    };
    let rows = pool * size_of::<Item>() + 64 + plan.experiment.k.size() * size_of::<i32>();
    let batch = together.saturating_mul(rows);
    // A worker per thread: for walks arrays over all base vectors, and a pool with its rows and similarities.
    let threads = rayon::current_num_threads().max(plan.experiment.threads.size());
    let walks = if trials.iter().any(|trial| trial.graph().is_some()) { 32 } else { 4 };
    let worker = facts.rows * walks + pool * (facts.point_bytes() + 256 + 8 * pool.min(4096)) + THREAD;
    [dataset, index, graph, outcomes, batch, threads.saturating_mul(worker), PROGRAM]
        .into_iter()
        .fold(0, usize::saturating_add) as u64
}
