//! Times a trial against a reference: the two take turns.

use super::searcher::Searcher;
use super::stages::time;
use super::worker::Memory;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Queries that one of two searchers answers in a turn: few enough that a disturbance of milliseconds hits both, and enough
/// that neither is timed in caches that the other has just filled.
const TURN: usize = 16;

/// Times of two searchers that took turns on the same queries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Duel {
    /// Queries that each of them answered in a pass.
    pub queries: usize,
    /// Seconds that each of them took for all these queries.
    pub seconds: [f64; 2],
}

/// Times two searchers on the first `queries` queries, one query at a time. The shortest time of all passes counts for each
/// query. They take turns, and each begins every other turn. Each has its own memory, and is warm ([`Searcher::warm_up`]).
pub fn duel_single(two: &[Searcher<'_>; 2], memories: &[Memory; 2], queries: usize, passes: usize) -> Duel {
    let m = two[0].workload.queries.len().min(queries);
    let share = m.div_ceil(rayon::current_num_threads()).max(1);
    let shares: Vec<usize> = (0..m).step_by(share).collect();
    let duel_share = |&first: &usize| {
        let mut workers = [memories[0].workers.take(), memories[1].workers.take()];
        let share = first..(first + share).min(m);
        for (searcher, worker) in two.iter().zip(&mut workers) {
            // Once is enough: the shortest time of all passes counts.
            share.clone().take(TURN).for_each(|i| {
                time(searcher, worker, i);
            });
        }
        let mut times = vec![[f64::INFINITY; 2]; share.len()];
        for pass in 0..passes {
            for (turn, begin) in share.clone().step_by(TURN).enumerate() {
                for side in [(turn + pass) % 2, (turn + pass + 1) % 2] {
                    for i in begin..(begin + TURN).min(share.end) {
                        let seconds = time(&two[side], &mut workers[side], i)[2];
                        let shortest = &mut times[i - first][side];
                        *shortest = shortest.min(seconds);
                    }
                }
            }
        }
        times
    };
    let times: Vec<[f64; 2]> = shares.par_iter().flat_map_iter(duel_share).collect();
    Duel { queries: m, seconds: [0, 1].map(|side| times.iter().map(|two| two[side]).sum()) }
}

/// Times two searchers on all queries together. Each has its own memory, and is warm ([`Searcher::warm_up`]).
pub fn duel_batch(two: &[Searcher<'_>; 2], memories: &mut [Memory; 2], passes: usize) -> Duel {
    let pass = |side: usize| two[side].answer_batch(&mut memories[side]);
    Duel { queries: two[0].workload.queries.len(), seconds: take_turns(passes, pass) }
}

/// The shortest time of each of two sides over `passes` passes. Each side begins every other pass. `pass` runs one side and
/// returns its seconds.
fn take_turns(passes: usize, mut pass: impl FnMut(usize) -> f64) -> [f64; 2] {
    let mut shortest = [f64::INFINITY; 2];
    for turn in 0..=passes {
        for side in [turn % 2, (turn + 1) % 2] {
            let seconds = pass(side);
            // The first warms the caches.
            if turn > 0 {
                shortest[side] = shortest[side].min(seconds);
            }
        }
    }
    shortest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::CheckSpec;
    use crate::statistics::Round;
    use crate::statistics::rounds;

    #[test]
    fn two_sides_take_turns_and_the_first_pass_does_not_count() {
        let mut asked = Vec::new();
        let took = |side: usize| [[9.0, 2.0, 3.0, 1.0], [0.1, 5.0, 4.0, 6.0]][side];
        let mut turns = [0, 0];
        let shortest = take_turns(3, |side| {
            asked.push(side);
            turns[side] += 1;
            took(side)[turns[side] - 1]
        });
        assert_eq!(asked, [0, 1, 1, 0, 0, 1, 1, 0]);
        assert_eq!(shortest, [1.0, 4.0]);
    }

    /// Rounds of a batch of 1,000 queries. One query takes the reference 2 us and the trial `ratio` times that; now and then
    /// there is a disturbance.
    fn batch(ratio: f64) -> Vec<Round> {
        let round = |round: usize| {
            let mut passes = 0;
            let seconds = take_turns(3, |side| {
                passes += 1;
                let disturbed = if (round + passes).is_multiple_of(5) { 3.0 } else { 1.0 };
                let noise = 1.0 + 0.002 * (round as f64 * 2.4 + side as f64).sin();
                1000.0 * 2e-6 * [ratio, 1.0][side] * disturbed * noise
            });
            Round::from(Duel { queries: 1000, seconds })
        };
        (0..8).map(round).collect()
    }

    /// Made-up durations stand for the clock: a slowdown of 30 % in mode batch is seen, and no change of an unchanged trial.
    #[test]
    fn a_slowdown_is_seen_in_batch() {
        let change = |ratio: f64| rounds::change(&batch(1.5), &batch(1.5 * ratio), 0.98, 0).expect("rounds");
        let (same, slower) = (change(1.0), change(1.3));
        assert_eq!(same.mean, 0.0);
        assert!(
            (slower.mean - 1.3_f64.ln()).abs() < 0.01 && slower.lo > CheckSpec::default().tolerance("time"),
            "{slower:?}"
        );
        let [first, ..] = batch(1.5)[..] else { panic!("no rounds") };
        assert!((first.reference / 2e-6 - 1.0).abs() < 0.01, "seconds of one query, not of the batch: {first:?}");
        assert_eq!(rounds::by_machine(rounds::pace(&batch(1.5), &batch(1.95))), 0.0, "no tolerance is added");
    }
}
