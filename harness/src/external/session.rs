//! One program that is running, with its index: asked in the words of swath, and not believed.

use super::arrays::{ArrayFile, numbers, offset};
use super::message::{Answer, Hello, Role};
use super::process::Process;
use super::{BasePlace, Command, Fault};
use serde_json::{Map, Value, json};
use std::io;
use std::ops::Range;
use std::path::Path;
use swath_algorithms::external::Settings;
use swath_algorithms::{Distance, Points};
use tempfile::TempDir;

/// Limits of a program, in seconds and bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Until its first line.
    pub hello: f64,
    /// For `open`, and for `set`.
    pub open: f64,
    /// For `build`, and the name of that limit.
    pub build: Option<f64>,
    /// For a block of queries.
    pub pass: f64,
    /// Until it has ended after `end`.
    pub end: f64,
    /// What it may hold in memory with all that it starts; mapped files do not count.
    pub memory: Option<u64>,
}

/// What a program is opened on.
#[derive(Clone, Copy)]
pub struct Opening<'a> {
    /// The program that starts others: swath itself.
    pub starter: &'a Path,
    /// The command.
    pub command: &'a Command,
    /// What it does.
    pub role: Role,
    /// The prepared dataset.
    pub file: &'a Path,
    /// The base points, which are in that file.
    pub points: &'a Points,
    /// The kinds of groups of the dataset.
    pub groups: &'a [String],
    /// How far apart points are.
    pub distance: Distance,
    /// Threads that answer queries.
    pub threads: usize,
    /// Threads that build.
    pub build_threads: usize,
    /// Seed of random choices.
    pub seed: u64,
    /// Its limits.
    pub limits: Limits,
}

/// How a block of queries is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// It finds ids.
    Search,
    /// It picks from a pool.
    Select,
}

/// The pools of a block: `n x m`, ids best first and -1 at the tail, and their scores.
#[derive(Clone, Copy, Debug)]
pub struct Pools<'a> {
    /// Items of a row.
    pub size: usize,
    /// Ids.
    pub ids: &'a [i32],
    /// Scores; 0 where there is no item.
    pub scores: &'a [f32],
}

/// A block of queries.
#[derive(Clone, Debug)]
pub struct Block<'a> {
    /// Their places in the pass.
    pub rows: Range<usize>,
    /// Ids that are asked for.
    pub k: usize,
    /// Whether they are answered all together, not one by one.
    pub batch: bool,
    /// The queries of this block alone.
    pub queries: &'a Points,
    /// What a selector picks from.
    pub pools: Option<Pools<'a>>,
}

/// The answer to a block. Ids are of base points, or -1 at the tail of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// Ids, `n x k`.
    pub ids: Vec<i32>,
    /// Nanoseconds of each row by the program's clock; none in a batch.
    pub ns: Vec<u64>,
    /// Similarity evaluations of each row; `None` if the program does not say them.
    pub evaluations: Option<Vec<u32>>,
    /// Whether it said scores that are no numbers. They are not used.
    pub has_odd_scores: bool,
    /// Seconds by swath's clock, from the question to the answer.
    pub seconds: f64,
}

/// What a program was told to build.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BuiltIndex {
    /// Seconds by swath's clock.
    pub seconds: f64,
    /// Bytes of the index as the program says.
    pub bytes: Option<u64>,
    /// Bytes of memory that the program holds more than before `open`.
    pub growth: u64,
    /// The most that it held meanwhile.
    pub peak: u64,
}

/// Marks of what was not written.
const UNWRITTEN: (i32, u64, u32) = (-2, u64::MAX, u32::MAX);

/// A program that is running.
pub struct Session {
    hello: Hello,
    process: Process,
    asked: ArrayFile,
    answered: ArrayFile,
    rows: usize,
    threads: usize,
    limits: Limits,
    is_narrow: bool,
    before: u64,
    /// Removed with it.
    _folder: TempDir,
}

impl Session {
    /// Starts a program and says hello, without a dataset.
    ///
    /// # Errors
    /// It cannot be started, or its first line is wrong.
    pub fn greet(starter: &Path, command: &Command, limits: Limits) -> Result<Hello, Fault> {
        let folder = scratch()?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let (mut process, hello) =
            Process::start(starter, command, folder.path(), threads, (limits.hello, limits.memory))?;
        // How it ends says nothing here: it was asked nothing.
        let _ = process.end(limits.end);
        Ok(hello)
    }

    /// Starts a program and opens the base points.
    ///
    /// # Errors
    /// It cannot be started, cannot do what it is there for, or refuses.
    pub fn open(opening: &Opening<'_>) -> Result<Self, Fault> {
        let folder = scratch()?;
        let Opening { starter, command, role, limits, threads, build_threads, .. } = *opening;
        let place = BasePlace::new(opening.file, opening.points, opening.groups, folder.path());
        let place = place.map_err(|error| refused(&error))?;
        let within = folder.path().to_str().unwrap_or(".").to_owned();
        let file = |name: &str| ArrayFile::make(folder.path(), &within, name).map_err(|error| refused(&error));
        let (asked, answered) = (file("swath-asked")?, file("swath-answered")?);
        let (process, hello) =
            Process::start(starter, command, folder.path(), build_threads, (limits.hello, limits.memory))?;
        let rows = opening.points.len();
        let (_, before) = process.memory();
        let mut session =
            Self { hello, process, asked, answered, rows, threads, limits, is_narrow: false, before, _folder: folder };
        if !session.hello.can.contains(&role) {
            let what = format!("it cannot {}; it says that it can: {}", role.does(), session.hello.abilities());
            return Err(session.process.put_down(what));
        }
        let mut ask = json!({
            "op": "open",
            "role": role.name(),
            "base": place.base,
            "dimension": opening.points.dim(),
            "distance": opening.distance.name(),
            "threads": threads,
            "build_threads": build_threads,
            "seed": opening.seed,
            "scratch": within,
        });
        if let Some(object) = ask.as_object_mut() {
            object.extend(place.others);
        }
        session.process.ask(&ask, limits.open, "`open` took longer than the {} s of limits.external.open")?;
        Ok(session)
    }

    /// What it said first.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The last lines of its standard error.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Has it build its index.
    ///
    /// # Errors
    /// It refuses, or takes too long.
    pub fn build(&mut self, params: &Settings) -> Result<BuiltIndex, Fault> {
        let late = "`build` took longer than the {} s of limits.seconds";
        let ask = json!({ "op": "build", "params": params });
        let (answer, seconds) = self.process.ask(&ask, self.limits.build.unwrap_or(f64::INFINITY), late)?;
        let own = self.own_seconds(answer, seconds, "build")?;
        let (peak, now) = self.process.memory();
        Ok(BuiltIndex { seconds: own, bytes: answer.bytes, growth: now.saturating_sub(self.before), peak })
    }

    /// Tells it the parameters of the coming searches. Returns the seconds that it took.
    ///
    /// # Errors
    /// It refuses, or takes too long.
    pub fn set(&mut self, params: &Settings) -> Result<f64, Fault> {
        let late = "`set` took longer than the {} s of limits.external.open";
        let (_, seconds) = self.process.ask(&json!({ "op": "set", "params": params }), self.limits.open, late)?;
        Ok(seconds)
    }

    /// Seconds by its own clock, which must not exceed those by swath's; swath's if it does not say its own.
    fn own_seconds(&mut self, answer: Answer, seconds: f64, op: &str) -> Result<f64, Fault> {
        match answer.seconds {
            Some(own) if own > seconds => Err(self
                .process
                .put_down(format!("it says that `{op}` took {own:.6} s, but its answer came after {seconds:.6} s"))),
            // A program that answers before it is ready would be found out by its first search.
            Some(own) => Ok(own),
            None => Ok(seconds),
        }
    }

    /// Has it do everything for a block but search. Returns the seconds by swath's clock.
    ///
    /// # Errors
    /// It refuses, or takes too long.
    pub fn echo(&mut self, block: &Block<'_>) -> Result<f64, Fault> {
        self.put(block, "echo").map(|(_, seconds, _)| seconds)
    }

    /// Has it answer a block.
    ///
    /// # Errors
    /// It refuses, takes too long, or its answer is wrong.
    pub fn answer(&mut self, op: Op, block: &Block<'_>) -> Result<Answered, Fault> {
        let name = if op == Op::Search { "search" } else { "select" };
        let (_, seconds, arrays) = self.put(block, name)?;
        let read = self.read(block, &arrays, seconds);
        read.map_err(|what| self.process.put_down(what))
    }

    /// Asks about a block. Returns the answer, the seconds by swath's clock, and the arrays to be filled.
    fn put(&mut self, block: &Block<'_>, op: &str) -> Result<(Answer, f64, Map<String, Value>), Fault> {
        if !self.is_narrow {
            // Once it has built: from now on it may use as many CPUs as it has threads.
            self.process.narrow(self.threads);
            self.is_narrow = true;
        }
        let arrays = self.write(block).map_err(|error| self.process.put_down(refused(&error).to_string()))?;
        let mut ask = json!({
            "op": op,
            "from": block.rows.start,
            "to": block.rows.end,
            "k": block.k,
            "mode": if block.batch { "batch" } else { "single" },
        });
        if let Some(object) = ask.as_object_mut() {
            object.extend(arrays.clone());
        }
        let late = format!("`{op}` took longer than the {{}} s of limits.external.pass");
        let (answer, seconds) = self.process.ask(&ask, self.limits.pass, &late)?;
        if let Some(own) = answer.seconds.filter(|&own| own > seconds) {
            let what = format!("it says that `{op}` took {own:.6} s, but its answer came after {seconds:.6} s");
            return Err(self.process.put_down(what));
        }
        Ok((answer, seconds, arrays))
    }

    /// Writes the arrays of a block, those that the program fills with marks.
    fn write(&mut self, block: &Block<'_>) -> io::Result<Map<String, Value>> {
        let (n, k) = (block.rows.len(), block.k);
        let mut arrays = Map::new();
        self.asked.clear();
        arrays.insert("queries".into(), self.asked.put_points(block.queries));
        if let Some(Pools { size, ids, scores }) = block.pools {
            let (ids, scores): (Vec<u8>, Vec<u8>) = (
                ids.iter().flat_map(|id| id.to_le_bytes()).collect(),
                scores.iter().flat_map(|score| score.to_le_bytes()).collect(),
            );
            arrays.insert("pool_ids".into(), self.asked.put(&ids, "<i4", &[n, size], 4));
            arrays.insert("pool_scores".into(), self.asked.put(&scores, "<f4", &[n, size], 4));
        }
        self.answered.clear();
        let (id, ns, evaluations) = UNWRITTEN;
        arrays.insert("ids".into(), self.answered.put(&id.to_le_bytes().repeat(n * k), "<i4", &[n, k], 4));
        if !block.batch {
            arrays.insert("ns".into(), self.answered.put(&ns.to_le_bytes().repeat(n), "<u8", &[n], 8));
        }
        arrays.insert("scores".into(), self.answered.put(&SCORE.to_le_bytes().repeat(n * k), "<f4", &[n, k], 4));
        let evaluations = self.answered.put(&evaluations.to_le_bytes().repeat(n), "<u4", &[n], 4);
        arrays.insert("evaluations".into(), evaluations);
        self.asked.write()?;
        self.answered.write()?;
        Ok(arrays)
    }

    /// Reads what the program wrote, once.
    fn read(&mut self, block: &Block<'_>, arrays: &Map<String, Value>, seconds: f64) -> Result<Answered, String> {
        let (n, k, first) = (block.rows.len(), block.k, block.rows.start);
        let bytes = self.answered.read().map_err(|_| "it cut the file of its answers".to_owned())?;
        let ids = numbers(bytes, offset(&arrays["ids"]), n * k, i32::from_le_bytes);
        let ns = arrays.get("ns").map_or_else(Vec::new, |array| numbers(bytes, offset(array), n, u64::from_le_bytes));
        let scores = numbers(bytes, offset(&arrays["scores"]), n * k, u32::from_le_bytes);
        let evaluations = numbers(bytes, offset(&arrays["evaluations"]), n, u32::from_le_bytes);
        for i in 0..n {
            let pool = block.pools.map(|pools| &pools.ids[i * pools.size..(i + 1) * pools.size]);
            check_row(&ids[i * k..(i + 1) * k], self.rows, pool)
                .map_err(|what| format!("row {}: {what}", first + i))?;
        }
        if let Some(i) = ns.iter().position(|&ns| ns == UNWRITTEN.1) {
            return Err(format!("row {}: its time was not written", first + i));
        }
        let is_odd = |&bits: &u32| bits != SCORE.to_bits() && !f32::from_bits(bits).is_finite();
        let has_odd_scores = scores.iter().any(is_odd);
        let evaluations = Some(evaluations).filter(|all| all.iter().all(|&count| count != UNWRITTEN.2));
        Ok(Answered { ids, ns, evaluations, has_odd_scores, seconds })
    }

    /// The most bytes that it held since this was asked before.
    pub fn peak(&self) -> u64 {
        self.process.memory().0
    }

    /// Asks for something that the protocol does not have, which it must refuse.
    ///
    /// # Errors
    /// It does not refuse, or it ends.
    pub fn refuses(&mut self, op: &str) -> Result<(), Fault> {
        let late = "an unknown op was not answered within the {} s of limits.external.open";
        match self.process.ask(&json!({ "op": op }), self.limits.open, late) {
            Err(Fault::Refused(_)) => Ok(()),
            Err(fault) => Err(fault),
            Ok(_) => Err(Fault::Refused(format!("it answered the unknown op `{op}` with `\"ok\": true`"))),
        }
    }

    /// Ends its input without a word, and waits until it has ended.
    ///
    /// # Errors
    /// It does not end.
    pub fn hang_up(mut self) -> Result<(), Fault> {
        self.process.end(self.limits.end)
    }

    /// Tells it that nothing more comes, and waits until it has ended.
    ///
    /// # Errors
    /// It refuses, or does not end.
    pub fn end(mut self) -> Result<(), Fault> {
        let late = "`end` took longer than the {} s of limits.external.end";
        self.process.ask(&json!({ "op": "end" }), self.limits.end, late)?;
        self.process.end(self.limits.end)
    }
}

/// The mark of a score that was not written.
const SCORE: f32 = f32::NAN;

/// A folder for a program.
fn scratch() -> Result<TempDir, Fault> {
    tempfile::Builder::new().prefix("swath-program-").tempdir().map_err(|error| refused(&error))
}

fn refused(error: &io::Error) -> Fault {
    Fault::Ended(format!("its folder of arrays cannot be used: {error}"))
}

/// Checks the ids of one row.
fn check_row(ids: &[i32], rows: usize, pool: Option<&[i32]>) -> Result<(), String> {
    let written = ids.iter().filter(|&&id| id != UNWRITTEN.0).count();
    if written < ids.len() {
        let what = if written == 0 { "it was not written" } else { "it was written only in part" };
        return Err(format!("{what}; where there are fewer ids, -1 stands for each that is missing"));
    }
    let count = ids.iter().position(|&id| id == -1).unwrap_or(ids.len());
    if let Some(&id) = ids[count..].iter().find(|&&id| id != -1) {
        return Err(format!("the id {id} comes after -1, which stands only at the tail"));
    }
    for &id in &ids[..count] {
        if usize::try_from(id).is_err() || id as usize >= rows {
            let as_float = f32::from_bits(id as u32);
            let is_float = as_float >= 0.0 && as_float.fract() == 0.0 && (as_float as usize) < rows;
            let hint = if is_float && as_float >= 1.0 {
                format!("; read as a float it is {as_float}: ids must be whole numbers of 4 bytes (`<i4`)")
            } else {
                String::new()
            };
            return Err(format!("the id {id} is none of the {rows} base points, 0 to {}{hint}", rows - 1));
        }
        if pool.is_some_and(|pool| !pool.contains(&id)) {
            return Err(format!("the id {id} is not in its pool"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_row_are_those_of_base_points_and_minus_one_stands_at_the_tail() {
        let said = |ids: &[i32], pool: Option<&[i32]>| check_row(ids, 10, pool).err().unwrap_or_default();
        for fine in [&[3, 9, 0][..], &[3, -1, -1], &[-1, -1, -1], &[5, 5, -1], &[]] {
            assert_eq!(said(fine, None), "", "{fine:?}");
        }
        assert!(said(&[3, -1, 4], None).starts_with("the id 4 comes after -1"));
        assert!(said(&[-2, -2, -2], None).starts_with("it was not written"));
        for in_part in [[-1, -2, -2], [7, 8, -2], [-2, 8, 7]] {
            assert!(said(&in_part, None).starts_with("it was written only in part"));
        }
        assert_eq!(said(&[10], None), "the id 10 is none of the 10 base points, 0 to 9");
        assert!(said(&[-3], None).starts_with("the id -3 is none"));
        let float = 4.0_f32.to_bits() as i32;
        assert!(
            said(&[float], None).ends_with("read as a float it is 4: ids must be whole numbers of 4 bytes (`<i4`)")
        );
        assert_eq!(said(&[7], Some(&[1, 2, -1])), "the id 7 is not in its pool");
        assert_eq!(said(&[2, -1], Some(&[1, 2, -1])), "");
    }
}
