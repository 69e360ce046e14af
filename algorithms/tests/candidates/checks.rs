//! The checks, each of any index on any case.

use super::cases::Case;
use std::collections::BTreeSet;
use swath_algorithms::candidates::{AnyCandidates, Index};
use swath_algorithms::nearest::Batch;
use swath_algorithms::params::Count;
use swath_algorithms::{Pool, Query, Scratch};

/// `Err` says what is wrong.
pub type Check = fn(&dyn AnyCandidates, &Case) -> Result<(), String>;

/// Every check by name.
pub const CHECKS: [(&str, Check); 7] = [
    ("unique ids", unique_ids),
    ("a full pool", full_pool),
    ("batch as single", batch_as_single),
    ("any number of threads", any_number_of_threads),
    ("exact when exhaustive", exact_when_exhaustive),
    ("any rotation", any_rotation),
    ("any numbering", any_numbering),
];

/// What a search gives for one query.
#[derive(Debug, PartialEq)]
struct Answer {
    found: Vec<u32>,
    pool: Pool,
    evaluations: u64,
}

fn ensure(holds: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(wrong()) }
}

/// The answer to each query, in working memory that is kept from query to query.
fn answers(candidates: &dyn AnyCandidates, index: &Index, case: &Case) -> Vec<Answer> {
    let mut scratch = Scratch::default();
    let answer = |i: usize| {
        let (mut found, mut pool) = (vec![7; 3], Pool::default());
        scratch.reset();
        candidates.search(index, &case.base, Query::row(&case.queries, i), &mut scratch, &mut found, &mut pool);
        Answer { found, pool, evaluations: scratch.evaluations.get() }
    };
    (0..case.queries.len()).map(answer).collect()
}

/// The same by an index that is built for it.
fn built_and_asked(candidates: &dyn AnyCandidates, case: &Case) -> Vec<Answer> {
    answers(candidates, &candidates.build(&case.base), case)
}

/// These candidates asked for everything, with pools of one vector, of some, of all, and of more than there are.
fn exhaustive(candidates: &dyn AnyCandidates, case: &Case) -> Vec<Box<dyn AnyCandidates>> {
    let rows = case.base.len();
    let pools = [1, 5, rows.max(1), rows + 3].map(|pool| Count::new(pool as u32).expect("at least 1"));
    pools.map(|pool| candidates.exhaustive(pool, rows)).into_iter().collect()
}

/// No id is found twice, and each is that of a base vector.
fn unique_ids(candidates: &dyn AnyCandidates, case: &Case) -> Result<(), String> {
    for Answer { found, .. } in built_and_asked(candidates, case) {
        let ids: BTreeSet<u32> = found.iter().copied().collect();
        ensure(ids.len() == found.len(), || format!("an id is found twice: {found:?}"))?;
        ensure(ids.iter().all(|&id| (id as usize) < case.base.len()), || format!("no such vector: {found:?}"))?;
    }
    Ok(())
}

/// A pool has `pool` vectors, or all there are; fewer only where the index says so.
fn full_pool(candidates: &dyn AnyCandidates, case: &Case) -> Result<(), String> {
    let expected = candidates.pool().min(case.base.len());
    for Answer { pool, .. } in built_and_asked(candidates, case) {
        let size = pool.items.len();
        ensure(size <= expected, || format!("{size} of at most {expected} vectors"))?;
        ensure(size == expected || candidates.may_find_fewer(), || format!("{size} of {expected} vectors"))?;
    }
    Ok(())
}

/// A batch gives the pools and evaluations of single queries, where the index has a search of its own for batches.
fn batch_as_single(candidates: &dyn AnyCandidates, case: &Case) -> Result<(), String> {
    let index = candidates.build(&case.base);
    let mut batch = Batch::default();
    if !candidates.search_batch(&index, &case.base, &case.queries, &mut batch) {
        return ensure(batch.pools.is_empty(), || "a batch that is refused has pools".into());
    }
    let answers = answers(candidates, &index, case);
    let (pools, evaluations): (Vec<Pool>, Vec<u64>) =
        answers.into_iter().map(|answer| (answer.pool, answer.evaluations)).unzip();
    ensure(batch.pools == pools, || format!("{:?} for {pools:?}", batch.pools))?;
    ensure(batch.evaluations == evaluations, || format!("{:?} for {evaluations:?}", batch.evaluations))
}

/// With 1, 2 and 4 threads the index finds the same in as many evaluations, alone and in batches, and has the same words.
fn any_number_of_threads(candidates: &dyn AnyCandidates, case: &Case) -> Result<(), String> {
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| error.to_string())?;
        Ok::<_, String>(pool.install(|| {
            let index = candidates.build(&case.base);
            let mut batch = Batch::default();
            candidates.search_batch(&index, &case.base, &case.queries, &mut batch);
            (candidates.words(&index), answers(candidates, &index, case), batch.pools)
        }))
    };
    let alone = with(1)?;
    for threads in [2, 4] {
        let together = with(threads)?;
        ensure(together == alone, || format!("with {threads} threads {together:?}, alone {alone:?}"))?;
    }
    Ok(())
}

/// Asked for everything, an index finds the pool of the nearest by definition; and it need not be built anew for that.
fn exact_when_exhaustive(candidates: &dyn AnyCandidates, case: &Case) -> Result<(), String> {
    let index = candidates.build(&case.base);
    for exhaustive in exhaustive(candidates, case) {
        ensure(exhaustive.build_key() == candidates.build_key(), || "it would have to be built anew".into())?;
        for (i, Answer { pool, .. }) in answers(&*exhaustive, &index, case).into_iter().enumerate() {
            let mut nearest = Pool::default();
            let all = 0..case.base.len() as u32;
            nearest.fill(&case.base, Query::row(&case.queries, i), all, exhaustive.pool(), &Scratch::default());
            ensure(pool == nearest, || format!("query {i}: {pool:?} for {nearest:?}"))?;
        }
    }
    Ok(())
}

/// Asked for everything, an index gives the same pools in a space that is turned. Only dense vectors have such a space.
fn any_rotation(candidates: &dyn AnyCandidates, case: &Case) -> Result<(), String> {
    let Some(turned) = case.turned() else { return Ok(()) };
    for exhaustive in exhaustive(candidates, case) {
        let pools = |case: &Case| built_and_asked(&*exhaustive, case).into_iter().map(|answer| answer.pool).collect();
        let (before, after): (Vec<Pool>, Vec<Pool>) = (pools(case), pools(&turned));
        ensure(before == after, || format!("{before:?}, turned {after:?}"))?;
    }
    Ok(())
}

/// Asked for everything, an index gives the same pools whatever the numbers of the base vectors; of those at the same
/// distance as the last, which the lower id decides, as many.
fn any_numbering(candidates: &dyn AnyCandidates, case: &Case) -> Result<(), String> {
    let (renumbered, old) = case.renumbered();
    for exhaustive in exhaustive(candidates, case) {
        let before = built_and_asked(&*exhaustive, case);
        for (before, after) in before.into_iter().zip(built_and_asked(&*exhaustive, &renumbered)) {
            let (before, after) = (by_distance(&before.pool, |id| id), by_distance(&after.pool, |id| old[id as usize]));
            let distances = |pool: &[(i64, u32)]| pool.iter().map(|&(distance, _)| distance).collect::<Vec<_>>();
            ensure(distances(&before) == distances(&after), || "other distances".into())?;
            let last = before.last().map(|&(distance, _)| distance);
            let nearer = |pool: &[(i64, u32)]| {
                pool.iter().filter(|&&(distance, _)| Some(distance) != last).copied().collect::<BTreeSet<_>>()
            };
            ensure(nearer(&before) == nearer(&after), || format!("{before:?}, renumbered {after:?}"))?;
        }
    }
    Ok(())
}

/// The pool's items, the nearest first: a number for each distance that orders as distances do, and the id.
fn by_distance(pool: &Pool, id: impl Fn(u32) -> u32) -> Vec<(i64, u32)> {
    let ordered = |distance: f64| {
        let bits = (distance + 0.0).to_bits() as i64;
        bits ^ (((bits >> 63) as u64) >> 1) as i64
    };
    let mut items: Vec<_> = pool.items.iter().map(|item| (ordered(item.distance), id(item.id))).collect();
    items.sort_unstable();
    items
}
