//! A timed pass does not call the allocator, whoever answers, alone or in a batch: what it needs was there before.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use swath::plan;
use swath::record::Mode;
use swath::run::built::{Built, Kept};
use swath::run::searcher::Searcher;
use swath::run::untimed::measure;
use swath::run::worker::Memory;
use swath_algorithms::candidates::CandidatesParams;
use swath_algorithms::expansion::ExpansionParams;
use swath_algorithms::selector::SelectorParams;

/// Calls by threads of the timed pool.
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static IS_TIMED: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it is; counting touches only numbers.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_TIMED.get() {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's promise about `layout` is the one that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above with this layout, so from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// More queries than a tile of the batch search holds, and so many rows that a sample guesses the cut.
const EXPERIMENT: &str = "\
name: x
dataset: { generate: clusters, n: 1100, dimension: 8, queries: 70, distance: DISTANCE }
k: 10
metrics: [recall]
retrievers:
  - { name: top-k, select: top-k }
";

const THREADS: usize = 3;

#[test]
fn a_timed_pass_does_not_allocate() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).start_handler(|_| IS_TIMED.set(true)).build();
    let pool = pool.expect("threads");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.yaml");
    let mut combinations = 0;
    for distance in ["angular", "euclidean"] {
        std::fs::write(&file, EXPERIMENT.replace("DISTANCE", distance)).expect("written");
        let prepared = plan::prepare_file(&file, plan::Resources::of_memory(1 << 30)).expect("planned");
        let mut workload = prepared.workload();
        // Pools without subtopics would have nothing for xquad and pm2 to do, and those without groups nothing for a limit.
        workload.truths.iter_mut().for_each(|truth| truth.subtopics = Some((0..1100).map(|id| (id, id % 5)).collect()));
        let of = (0..1100).map(|id| id / 3).collect();
        workload.groups = vec![swath_algorithms::Groups { name: String::new(), of, labels: Vec::new() }];
        let mut plan = prepared.plan.clone();
        let all_queries = workload.queries.len();
        // One memory for all, as a bench has.
        let (mut single, mut batch) = (Memory::default(), Memory::default());
        let mut plain = true;
        for candidates in CandidatesParams::all().into_iter().filter(|candidates| candidates.listed().is_none()) {
            for expand in std::iter::once(None).chain(ExpansionParams::all().into_iter().map(Some)) {
                let mut trial = plan.trials[0].clone();
                (trial.retriever.candidates, trial.retriever.expand) = (candidates.clone(), expand.clone());
                let built = Built::new(&trial, &workload, &Kept { graphs: None, indexes: None });
                // Single queries of every combination: algorithms/tests/no_allocation.rs.
                let selectors = SelectorParams::all();
                let most = if std::mem::take(&mut plain) { selectors.len() } else { 2 };
                for select in selectors.into_iter().take(most) {
                    trial.retriever.select = select;
                    let searcher = Searcher::new(&trial, &workload, &built, 10);
                    // Measuring warms up; a run that goes on has measured before, in another process.
                    let mut measured = |mode: Mode, memory: &mut Memory| {
                        plan.experiment.mode = mode;
                        measure(&plan, &trial, &workload, &built, None, memory, &pool).expect("measured")
                    };
                    if combinations % 3 == 2 {
                        (single, batch) = Default::default();
                    }
                    let outcome = measured(Mode::Single, &mut single);
                    assert_eq!(outcome.evaluations, measured(Mode::Batch, &mut batch).evaluations);
                    if combinations % 3 == 1 {
                        (single, batch) = Default::default();
                        pool.install(|| searcher.warm_up(Mode::Single, all_queries, &mut single));
                        pool.install(|| searcher.warm_up(Mode::Batch, all_queries, &mut batch));
                    }
                    let expected = &outcome.returned;
                    let counted = |pass: &mut (dyn FnMut() + Send)| {
                        let before = ALLOCATIONS.load(Ordering::SeqCst);
                        pool.install(pass);
                        ALLOCATIONS.load(Ordering::SeqCst) - before
                    };
                    let name = format!("{distance}, {}", trial.params());
                    // The times themselves are kept, in one piece that is made before the first query.
                    let calls = counted(&mut || drop(searcher.time_single(expected, &single).expect("same")));
                    assert_eq!(calls, 1, "single: {name}");
                    let calls = counted(&mut || drop(searcher.time_batch(expected, &mut batch).expect("same")));
                    assert_eq!(calls, 0, "batch: {name}");
                    combinations += 1;
                }
            }
        }
    }
    assert!(combinations > 60, "{combinations}");
}
