//! Checks a program step by step, with each mistake that a program can make in the protocol.

use super::clocks::row_times;
use super::{Answered, Block, Fault, Hello, Op, Opening, Pools, Role, Session};
use rayon::prelude::*;
use swath_algorithms::external::Settings;
use swath_algorithms::{Base, Points, Query};

/// What was checked, and how that went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What was checked, in a few words.
    pub what: String,
    /// What else there is to say, or what is wrong.
    pub found: Result<String, String>,
}

/// What a program is checked with.
#[derive(Clone, Copy)]
pub struct CheckInput<'a> {
    /// The base points, in its opening, and their distance.
    pub base: &'a Base,
    /// Queries.
    pub queries: &'a Points,
    /// Parameters of its index.
    pub build: &'a Settings,
    /// Parameters of its searches.
    pub search: &'a Settings,
}

/// Ids that are asked for.
const K: usize = 10;

/// Items of a pool.
const POOL: usize = 50;

/// A recall below this is most likely a mistake.
const HARDLY: f64 = 0.1;

/// A recall below this is worth a word.
const LOW: f64 = 0.5;

/// Checks a program in each role that it says it can have. `opening` is of any role.
///
/// # Errors
/// It does not say hello.
pub fn check(opening: &Opening<'_>, input: CheckInput<'_>) -> Result<(Hello, Vec<Checked>), Fault> {
    let hello = Session::greet(opening.starter, opening.command, opening.limits)?;
    let mut all = Vec::new();
    // Candidates and whole retrievers are asked the same.
    let finds = [Role::Candidates, Role::Retriever].into_iter().find(|role| hello.can.contains(role));
    for role in finds.into_iter().chain(hello.can.iter().copied().filter(|&role| role == Role::Selector)) {
        let mut checking = Checking { input, role, name: role.name(), all: Vec::new() };
        // What is wrong is in the list.
        let _ = checking.role(&Opening { role, ..*opening }, hello.batch);
        all.extend(checking.all);
    }
    Ok((hello, all))
}

/// The checks of one role.
struct Checking<'a> {
    input: CheckInput<'a>,
    role: Role,
    name: &'static str,
    all: Vec<Checked>,
}

/// The program ended, so that nothing more can be checked.
struct Over;

impl Checking<'_> {
    /// Keeps how a check went; its value, if it went well.
    fn keep<T>(&mut self, what: &str, found: Result<(T, String), String>) -> Option<T> {
        let (value, found) = match found {
            Ok((value, said)) => (Some(value), Ok(said)),
            Err(wrong) => (None, Err(wrong)),
        };
        self.all.push(Checked { what: format!("{}: {what}", self.name), found });
        value
    }

    fn role(&mut self, opening: &Opening<'_>, batch: bool) -> Result<(), Over> {
        let said = |fault: Fault| fault.to_string();
        let session = Session::open(opening).map_err(said).map(|session| (session, String::new()));
        let mut session = self.keep("opens the points", session).ok_or(Over)?;
        let built = session.build(self.input.build).map_err(said);
        let built = built.map(|built| {
            let bytes = built.bytes.map_or_else(String::new, |bytes| format!(", {bytes} bytes by its own count"));
            ((), format!("{:.3} s{bytes}", built.seconds))
        });
        self.keep("builds", built).ok_or(Over)?;
        let set = session.set(self.input.search).map_err(said);
        self.keep("takes its search parameters", set.map(|seconds| ((), format!("{:.3} ms", 1e3 * seconds))))
            .ok_or(Over)?;
        let echo = self.echo(&mut session).ok_or(Over)?;
        let first = self.answers(&mut session, "answers", K, false, echo).ok_or(Over)?;
        self.nearness(&first);
        self.repeats(&mut session, &first).ok_or(Over)?;
        let none = self.ask(&mut session, 7..7, K, false).map(|_| ((), String::new()));
        self.keep("answers a block of no rows", none).ok_or(Over)?;
        let rows = self.input.base.len();
        if self.role != Role::Selector {
            let more = self.ask(&mut session, 0..self.input.queries.len(), rows + K, false);
            let most = |answered: &Answered| answered.ids.chunks(rows + K).map(count).max().unwrap_or(0);
            self.keep(
                "answers when more ids are asked for than there are points",
                more.map(|answered| ((), format!("{} of {rows} at most", most(&answered)))),
            )
            .ok_or(Over)?;
        }
        if batch {
            let together = self.answers(&mut session, "answers all queries at once", K, true, echo).ok_or(Over)?;
            let differ = differing(&first.ids, &together.ids);
            let found = match differ {
                0 => Ok(((), String::new())),
                some => Ok(((), format!("{some} of {} queries otherwise than one by one", self.input.queries.len()))),
            };
            self.keep("gives the same answers all at once", found);
        }
        let refused = session.refuses("no-such-op").map_err(said);
        self.keep("refuses an unknown op, and lives on", refused.map(|()| ((), String::new()))).ok_or(Over)?;
        let ended = session.end().map_err(said);
        self.keep("ends", ended.map(|()| ((), String::new())));
        let again = Session::open(opening).and_then(Session::hang_up).map_err(said);
        self.keep("ends when standard input does", again.map(|()| ((), String::new())));
        Ok(())
    }

    fn op(&self) -> Op {
        if self.role == Role::Selector { Op::Select } else { Op::Search }
    }

    /// The pools of the queries: their nearest points.
    fn pools(&self) -> (Vec<i32>, Vec<f32>) {
        let size = POOL.min(self.input.base.len());
        let nearest = |query: usize| nearest(self.input.base, Query::row(self.input.queries, query), size);
        let rows: Vec<Vec<(i32, f32)>> = (0..self.input.queries.len()).into_par_iter().map(nearest).collect();
        rows.into_iter().flatten().unzip()
    }

    /// Asks about the queries at `rows`.
    fn ask(
        &self,
        session: &mut Session,
        rows: std::ops::Range<usize>,
        k: usize,
        batch: bool,
    ) -> Result<Answered, String> {
        self.with_block(rows, k, batch, |block| session.answer(self.op(), block))
    }

    fn with_block<T>(
        &self,
        rows: std::ops::Range<usize>,
        k: usize,
        batch: bool,
        ask: impl FnOnce(&Block<'_>) -> Result<T, Fault>,
    ) -> Result<T, String> {
        let size = POOL.min(self.input.base.len());
        let (ids, scores) = if self.role == Role::Selector { self.pools() } else { Default::default() };
        let of = rows.start * size..rows.end * size;
        let pools = (self.role == Role::Selector).then(|| Pools { size, ids: &ids[of.clone()], scores: &scores[of] });
        let queries = self.input.queries.gather(&rows.clone().collect::<Vec<_>>());
        ask(&Block { rows, k, batch, queries: &queries, pools }).map_err(|fault| fault.to_string())
    }

    /// Seconds that the exchange of a row takes.
    fn echo(&mut self, session: &mut Session) -> Option<f64> {
        let m = self.input.queries.len();
        let all = 0..m;
        let echo = self.with_block(all, K, false, |block| {
            session.echo(block)?;
            session.echo(block)
        });
        let echo = echo.map(|seconds| (seconds / m as f64, format!("{:.1} us a row", 1e6 * seconds / m as f64)));
        self.keep("exchanges arrays without a search", echo)
    }

    /// Asks about all queries, and compares the clocks.
    fn answers(&mut self, session: &mut Session, what: &str, k: usize, batch: bool, echo: f64) -> Option<Answered> {
        let m = self.input.queries.len();
        let answered = self.ask(session, 0..m, k, batch).and_then(|answered| {
            let seconds = 1e6 * answered.seconds / m as f64;
            let mut said = format!("{seconds:.1} us a query by swath's clock");
            if !batch {
                let times = row_times(&answered.ns, answered.seconds, echo)?;
                let own = answered.ns.iter().map(|&ns| ns as f64 * 1e-3).sum::<f64>() / m as f64;
                said = format!("{own:.1} us a query by its clock, {said}");
                if times.is_swaths {
                    said += ": the two disagree, and swath's counts";
                }
            }
            if answered.has_odd_scores {
                said += "; its scores are no finite numbers (swath does not use them)";
            }
            if answered.evaluations.is_none() {
                said += "; it counts no evaluations";
            }
            Ok((answered, said))
        });
        self.keep(what, answered)
    }

    /// How many of the nearest points the answers have.
    fn nearness(&mut self, answered: &Answered) {
        let mut shares = Vec::new();
        for (query, row) in answered.ids.chunks(K).enumerate() {
            let nearest = nearest(self.input.base, Query::row(self.input.queries, query), K);
            let found = nearest.iter().filter(|(id, _)| row.contains(id)).count();
            shares.push(found as f64 / nearest.len().max(1) as f64);
        }
        let mean = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
        let said = format!("recall@{K} is {mean:.3}");
        let found = if mean < HARDLY && self.role != Role::Selector {
            Err(format!(
                "{said}: hardly any of the nearest points are found; is the distance right, and are ids row numbers from 0?"
            ))
        } else if mean < LOW && self.role != Role::Selector {
            Ok(((), format!("{said}, which is low: is the distance right, and are the search parameters?")))
        } else {
            Ok(((), said))
        };
        self.keep("finds what is near", found);
    }

    /// Asks the second half and then the first, and again all: no answer may depend on the order, or on `set`.
    fn repeats(&mut self, session: &mut Session, first: &Answered) -> Option<()> {
        let m = self.input.queries.len();
        let half = m / 2;
        let mut ask = || {
            let late = self.ask(session, half..m, K, false)?;
            let early = self.ask(session, 0..half, K, false)?;
            session.set(self.input.search).map_err(|fault| fault.to_string())?;
            let again = self.ask(session, 0..m, K, false)?;
            Ok([[early.ids, late.ids].concat(), again.ids])
        };
        let found = ask().map(|[other, again]| {
            let [other, again] = [differing(&first.ids, &other), differing(&first.ids, &again)];
            let said = match (other, again) {
                (0, 0) => String::new(),
                (other, again) => format!(
                    "{} of {m} queries were answered otherwise: it is not deterministic, or its answers depend on what was asked \
                     before",
                    other.max(again)
                ),
            };
            ((), said)
        });
        self.keep("answers the same in another order, and again", found)
    }
}

/// Ids of a row that are not missing.
fn count(row: &[i32]) -> usize {
    row.iter().filter(|&&id| id >= 0).count()
}

/// Rows that differ.
fn differing(a: &[i32], b: &[i32]) -> usize {
    a.chunks(K).zip(b.chunks(K)).filter(|(a, b)| a != b).count()
}

/// The nearest points, with the negative of their distances.
fn nearest(base: &Base, query: Query<'_>, count: usize) -> Vec<(i32, f32)> {
    let mut all: Vec<(f64, i32)> = (0..base.len()).map(|id| (base.distance_to(query, id as u32), id as i32)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.into_iter().take(count).map(|(distance, id)| (id, -distance as f32)).collect()
}
