//! Trials with stages that programs outside are.
//!
//! In each pass the program answers all queries block by block, in a seeded order of the pass. swath's own stages then go on, one query
//! at a time, from what the program answered, and their times are added to the program's.

mod pools;
mod programs;

use crate::external::clocks::{less_echo, row_times};
use crate::external::{Answered, Block, Fault, Op, Pools, Role, Session};
use crate::plan::Trial;
use crate::plan::workload::Workload;
use crate::record::{Clocks, MISSING, Mode, Times};
use crate::run::answers::Answers;
use crate::run::searcher::Searcher;
use crate::run::worker::Memory;
use pools::QueryPools;
pub use programs::{Programs, roles};
use rayon::ThreadPool;
use swath_algorithms::external::Found;
use swath_algorithms::random;

/// Queries that a program answers for one question in mode single: few enough that a run can be stopped between, and enough that the question
/// costs nothing for each.
const BLOCK: usize = 1000;

/// Echoes of which the shortest counts, after one that warms up.
const ECHOES: usize = 5;

/// One pass of a program over all queries.
struct Asked {
    /// By query.
    ids: Vec<Vec<u32>>,
    /// Seconds by query in mode single.
    seconds: Vec<f64>,
    /// Evaluations by query, if the program counts them.
    evaluations: Option<Vec<u32>>,
    clocks: Clocks,
}

/// How one pass ended.
pub struct PassEnd {
    /// The times of all stages.
    pub times: Times,
    /// The two clocks.
    pub clocks: Clocks,
    /// Programs that answer the same question otherwise from time to time.
    pub notes: Vec<String>,
}

/// What a trial is asked with.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The trial.
    pub trial: &'a Trial,
    /// The queries.
    pub workload: &'a Workload,
    /// Results per query.
    pub k: usize,
    /// How queries are timed.
    pub mode: Mode,
    /// Passes before this one: 0 for the untimed one.
    pub pass: usize,
    /// The threads of timed passes.
    pub timed: &'a ThreadPool,
}

impl Asked {
    fn found(&self) -> Found {
        let evaluations = |i: usize| self.evaluations.as_ref().map_or(0, |all| u64::from(all[i]));
        Found::new(self.ids.iter().enumerate().map(|(i, ids)| (ids.clone(), evaluations(i))))
    }
}

/// What a program is asked: what for, with which parameters, for how many ids.
struct Question<'a> {
    role: Role,
    k: usize,
    pools: Option<&'a QueryPools>,
}

impl Programs<'_> {
    /// Asks the programs of a trial about all queries, for its untimed pass.
    ///
    /// # Errors
    /// Why the trial fails.
    pub fn answers(
        &mut self,
        asking: Asking<'_>,
        searcher: &Searcher<'_>,
        memory: &mut Memory,
    ) -> Result<(Answers, Clocks), String> {
        let mut answers = Answers::default();
        let mut clocks = Clocks::default();
        let Trial { retriever, .. } = asking.trial;
        if let Some(role) = first_role(asking.trial) {
            let asked = self.pass(asking, &Question { role, k: retriever.candidates.pool(), pools: None })?;
            clocks = clocks.plus(&asked.clocks);
            answers.is_uncounted |= asked.evaluations.is_none();
            let found = asked.found();
            answers.picked = retriever.is_whole.then(|| found.clone());
            answers.index = Some(found.index());
        }
        if !retriever.is_whole && retriever.select.external().is_some() {
            let searcher = searcher.clone().with_answers(&answers);
            let pools = QueryPools::of(&searcher, memory);
            let asked = self.pass(asking, &Question { role: Role::Selector, k: asking.k, pools: Some(&pools) })?;
            clocks = clocks.plus(&asked.clocks);
            answers.is_uncounted |= asked.evaluations.is_none();
            answers.picked = Some(asked.found());
        }
        Ok((answers, clocks))
    }

    /// Times all queries once. `expected` holds k results of each from the first pass.
    ///
    /// # Errors
    /// Why the trial fails.
    pub fn time(
        &mut self,
        asking: Asking<'_>,
        searcher: &Searcher<'_>,
        memory: &mut Memory,
        expected: &[i32],
    ) -> Result<PassEnd, String> {
        let Asking { trial, mode, k, timed, .. } = asking;
        let mut answers = Answers::default();
        let mut clocks = Clocks::default();
        // Of each query the seconds of the programs before the selector, and of one that is the selector.
        let m = asking.workload.queries.len();
        let mut before = vec![0.0; m];
        let mut batch = 0.0;
        if let Some(role) = first_role(trial) {
            let asked = self.pass(asking, &Question { role, k: trial.retriever.candidates.pool(), pools: None })?;
            clocks = clocks.plus(&asked.clocks);
            let found = asked.found();
            if trial.retriever.is_whole {
                let otherwise = differing(&asked.ids, expected, k);
                clocks.otherwise = otherwise.len() as f64;
                let notes = self.explain(asking, &Question { role, k, pools: None }, &otherwise)?;
                let times = match mode {
                    Mode::Single => Times::Single(asked.seconds.iter().map(|&seconds| [seconds; 3]).collect()),
                    Mode::Batch => Times::Batch(m, asked.clocks.program),
                };
                return Ok(PassEnd { times, clocks, notes });
            }
            answers.index = Some(found.index());
            before = asked.seconds;
            batch = asked.clocks.program;
        }
        let searcher = searcher.clone().with_answers(&answers);
        if trial.retriever.select.external().is_some() {
            let (pools, ends) = timed.install(|| QueryPools::timed(&searcher, memory, mode));
            let question = Question { role: Role::Selector, k, pools: Some(&pools) };
            let asked = self.pass(asking, &question)?;
            clocks = clocks.plus(&asked.clocks);
            let otherwise = differing(&asked.ids, expected, k);
            clocks.otherwise = otherwise.len() as f64;
            let notes = self.explain(asking, &question, &otherwise)?;
            let times = match ends {
                Times::Single(ends) => Times::Single(
                    ends.iter()
                        .zip(before.iter().zip(&asked.seconds))
                        .map(|(&[found, expanded, _], (before, selected))| {
                            [found + before, expanded + before, expanded + before + selected]
                        })
                        .collect(),
                ),
                Times::Batch(m, seconds) => Times::Batch(m, batch + seconds + asked.clocks.program),
            };
            return Ok(PassEnd { times, clocks, notes });
        }
        let (times, otherwise) = timed.install(|| {
            searcher.warm_up(mode, m, memory);
            searcher.time_outside(mode, expected, memory)
        });
        clocks.otherwise = otherwise.len() as f64;
        let question = Question { role: Role::Candidates, k: trial.retriever.candidates.pool(), pools: None };
        let notes = self.explain(asking, &question, &otherwise)?;
        let times = match times {
            Times::Single(ends) => {
                Times::Single(ends.iter().zip(&before).map(|(ends, before)| ends.map(|end| end + before)).collect())
            }
            Times::Batch(m, seconds) => Times::Batch(m, batch + seconds),
        };
        Ok(PassEnd { times, clocks, notes })
    }

    /// Says why some queries were answered otherwise than in the first pass: the program does so now and then, or its index was built
    /// again.
    ///
    /// # Errors
    /// The search parameters of another trial changed the index.
    fn explain(
        &mut self,
        asking: Asking<'_>,
        question: &Question<'_>,
        otherwise: &[usize],
    ) -> Result<Vec<String>, String> {
        let Some(&first) = otherwise.first() else { return Ok(Vec::new()) };
        let (name, count) = (self.name(asking.trial, question.role), otherwise.len());
        let of = format!("{count} of {} queries otherwise than in its first pass", asking.workload.queries.len());
        // Nothing is set in between.
        let [one, other] = [self.pass(asking, question)?, self.pass_again(asking, question)?];
        if one.ids != other.ids {
            return Ok(vec![format!("{name} is not deterministic: it answered up to {of}; the first is judged")]);
        }
        let reordered = self.pass_again(Asking { pass: 0, ..asking }, question)?;
        if reordered.ids != one.ids {
            return Err(format!(
                "it answered {of}: its answers depend on the order in which queries are asked, or on those asked before"
            ));
        }
        if self.was_built_since(asking.trial, question.role) {
            return Ok(vec![format!(
                "the index of {name} was built again, and not as before: it answered up to {of}; the first is judged"
            )]);
        }
        Err(format!(
            "it answered {of}, such as query {}, and the same again when asked again: search parameters change the index; make them \
             `build` parameters",
            asking.workload.query_ids[first]
        ))
    }

    /// Has a program answer all queries, after its parameters were set.
    fn pass(&mut self, asking: Asking<'_>, question: &Question<'_>) -> Result<Asked, String> {
        self.ready(asking.trial, question.role)?;
        let set = self.set(asking.trial, question.role)?;
        let mut asked = self.pass_again(asking, question)?;
        asked.clocks.set = set;
        Ok(asked)
    }

    /// The same, with the parameters that are set.
    fn pass_again(&mut self, asking: Asking<'_>, question: &Question<'_>) -> Result<Asked, String> {
        let Asking { trial, workload, mode, pass, .. } = asking;
        let m = workload.queries.len();
        let echo = self.echo(asking, question)?;
        let mut order: Vec<usize> = (0..m).collect();
        random::shuffle(&mut random::stream(workload.seed, "order of queries", pass as u64), &mut order);
        let (mut ids, mut seconds) = (vec![Vec::new(); m], vec![0.0; m]);
        let mut evaluations = Some(vec![0; m]);
        let mut clocks = Clocks { echo, ..Clocks::default() };
        let size = if mode == Mode::Batch { m } else { BLOCK };
        for (number, rows) in order.chunks(size.max(1)).enumerate() {
            let from = number * size;
            let answered = self.block(asking, question, rows, from)?;
            clocks.swath += answered.seconds;
            if mode == Mode::Batch {
                clocks.program += less_echo(answered.seconds, echo, rows.len());
            } else {
                let times = row_times(&answered.ns, answered.seconds, echo);
                let times = times.map_err(|what| self.refuse(trial, question.role, what))?;
                clocks.program += answered.ns.iter().map(|&ns| ns as f64 * 1e-9).sum::<f64>();
                clocks.by_swath += if times.is_swaths { rows.len() as f64 } else { 0.0 };
                rows.iter().zip(times.seconds).for_each(|(&query, time)| seconds[query] = time);
            }
            for (&query, row) in rows.iter().zip(answered.ids.chunks_exact(question.k)) {
                ids[query] = different(row);
            }
            match (&mut evaluations, &answered.evaluations) {
                (Some(all), Some(some)) => rows.iter().zip(some).for_each(|(&query, &count)| all[query] = count),
                (all, None) => *all = None,
                (None, _) => {}
            }
        }
        Ok(Asked { ids, seconds, evaluations, clocks })
    }

    /// Has a program answer the queries at `rows`, which are the block of the pass that begins at `from`.
    fn block(
        &mut self,
        asking: Asking<'_>,
        question: &Question<'_>,
        rows: &[usize],
        from: usize,
    ) -> Result<Answered, String> {
        let op = if question.role == Role::Selector { Op::Select } else { Op::Search };
        self.with_block(asking, question, rows, from, false, |session, block| session.answer(op, block))
    }

    /// Seconds by swath's clock that a row takes without a search: the shortest of some echoes, once for each kind of question. They have base
    /// points for queries, so that no query is known before it is asked.
    fn echo(&mut self, asking: Asking<'_>, question: &Question<'_>) -> Result<f64, String> {
        let size = question.pools.map_or(0, |pools| pools.size);
        let key = (question.k, size, asking.mode == Mode::Batch);
        if let Some(known) = self.known_echo(asking.trial, question.role, key) {
            return Ok(known);
        }
        let m = asking.workload.queries.len();
        let rows: Vec<usize> = (0..if asking.mode == Mode::Batch { m } else { m.min(BLOCK) }).collect();
        let mut shortest = f64::INFINITY;
        for echo in 0..=ECHOES {
            let seconds = self.with_block(asking, question, &rows, 0, true, Session::echo)?;
            shortest = if echo == 0 { shortest } else { shortest.min(seconds) };
        }
        let echo = shortest / rows.len().max(1) as f64;
        self.keep_echo(asking.trial, question.role, key, echo);
        Ok(echo)
    }

    /// Makes a block of the queries at `rows` and asks about it.
    fn with_block<T>(
        &mut self,
        asking: Asking<'_>,
        question: &Question<'_>,
        rows: &[usize],
        from: usize,
        is_echo: bool,
        ask: impl FnOnce(&mut Session, &Block<'_>) -> Result<T, Fault>,
    ) -> Result<T, String> {
        let base = asking.workload.base.points();
        let queries = if is_echo {
            base.gather(&(0..rows.len()).map(|row| row % base.len()).collect::<Vec<_>>())
        } else {
            asking.workload.queries.gather(rows)
        };
        let pools = question.pools.map(|pools| pools.of_rows(rows));
        let block = Block {
            rows: from..from + rows.len(),
            k: question.k,
            batch: asking.mode == Mode::Batch,
            queries: &queries,
            pools: pools.as_ref().zip(question.pools).map(|((ids, scores), pools)| Pools {
                size: pools.size,
                ids,
                scores,
            }),
        };
        self.ask(asking.trial, question.role, |session| ask(session, &block))
    }
}

/// What the first program of a trial does that finds ids.
fn first_role(trial: &Trial) -> Option<Role> {
    match (trial.retriever.is_whole, trial.retriever.candidates.external()) {
        (true, _) => Some(Role::Retriever),
        (false, Some(_)) => Some(Role::Candidates),
        (false, None) => None,
    }
}

/// The ids of a row, each once.
fn different(row: &[i32]) -> Vec<u32> {
    let mut ids: Vec<u32> = Vec::with_capacity(row.len());
    let mut known = std::collections::HashSet::with_capacity(row.len());
    ids.extend(row.iter().filter_map(|&id| u32::try_from(id).ok()).filter(|&id| known.insert(id)));
    ids
}

/// The queries whose ids are not the `k` that are expected.
fn differing(ids: &[Vec<u32>], expected: &[i32], k: usize) -> Vec<usize> {
    let rows = ids.iter().zip(expected.chunks_exact(k)).enumerate();
    let differs = |(ids, expected): (&Vec<u32>, &[i32])| {
        !ids.iter()
            .map(|&id| id as i32)
            .chain(std::iter::repeat(MISSING))
            .zip(expected)
            .all(|(id, &expected)| id == expected)
    };
    rows.filter(|&(_, row)| differs(row)).map(|(i, _)| i).collect()
}
