//! A program outside swath: exact search and a selector, as the protocol has it. Its first argument names what it does wrong.

pub mod points;
mod traps;

use points::{Array, Points, ids};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use swath::clock::Moment;

/// The argument that makes this test a program outside.
pub const SERVE: &str = "serve";

/// The argument that makes it what such a program leaves behind.
pub const STAY: &str = "stay";

pub use traps::stay;

/// The program.
struct Program {
    /// What it does wrong; `well` if nothing.
    trap: String,
    /// A file that it writes or counts in, for what a trap needs.
    note: PathBuf,
    base: Points,
    /// How many base points there are, if it has not read them all.
    rows: usize,
    distance: String,
    build: Value,
    search: Value,
    /// Blocks that it has searched for, or selected from.
    blocks: usize,
    /// What a trap remembers of queries, by their bits.
    remembered: BTreeMap<String, Vec<i32>>,
    /// The smallest `ef` that was ever set.
    least: u64,
}

/// What is written for a block, row by row; a row that is missing here is not written.
#[derive(Default)]
struct Rows {
    ids: Vec<Vec<i32>>,
    ns: Vec<u64>,
    scores: Vec<Vec<f32>>,
    evaluations: Vec<u32>,
}

/// Answers until its standard input ends.
pub fn serve(arguments: &[String]) -> ExitCode {
    let mut program = Program {
        trap: arguments.first().cloned().unwrap_or_default(),
        note: arguments.get(1).and_then(|word| word.strip_prefix("note=")).map(PathBuf::from).unwrap_or_default(),
        base: Points::Dense(Vec::new()),
        rows: 0,
        distance: String::new(),
        build: Value::Null,
        search: Value::Null,
        blocks: 0,
        remembered: BTreeMap::new(),
        least: u64::MAX,
    };
    let hello = program.hello();
    say(&hello);
    program.begin();
    for line in std::io::stdin().lines() {
        let line = line.expect("a line");
        let ask: Value = serde_json::from_str(&line).expect("JSON");
        let op = ask["op"].as_str().expect("an op").to_owned();
        program.before(&op, &ask);
        let begun = Moment::now();
        let mut answer = program.answer(&op, &ask);
        if answer["ok"] == true && answer["ns"].is_null() {
            answer["ns"] = json!((begun.elapsed() * 1e9) as u64);
        }
        program.reply(&op, &ask, &answer);
        if op == "end" {
            break;
        }
    }
    ExitCode::SUCCESS
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).expect("written");
}

impl Program {
    fn answer(&mut self, op: &str, ask: &Value) -> Value {
        match op {
            "open" => {
                if self.trap != "last-row" {
                    self.base = Points::read(&ask["base"]);
                }
                ask["distance"].as_str().expect("a distance").clone_into(&mut self.distance);
            }
            "build" => {
                self.build = ask["params"].clone();
                return self.built();
            }
            "set" => {
                self.search = ask["params"].clone();
                let ef = self.search["ef"].as_u64().unwrap_or(u64::MAX);
                self.least = self.least.min(ef);
            }
            "echo" | "search" | "select" => {
                let rows = self.block(op, ask);
                write(&rows, ask);
                self.after(op, ask);
            }
            "end" => {}
            other => return json!({ "ok": false, "kind": "unsupported", "message": format!("no op {other}") }),
        }
        json!({ "ok": true })
    }

    /// Answers a block.
    fn block(&mut self, op: &str, ask: &Value) -> Rows {
        let number = |name: &str| ask[name].as_u64().expect("a number") as usize;
        let (n, k) = (number("to") - number("from"), number("k"));
        let queries = Points::read(&ask["queries"]);
        assert_eq!(queries.len(), n, "queries of the block");
        let pools = if ask["pool_ids"].is_object() { ids(&ask["pool_ids"]) } else { Vec::new() };
        if op == "echo" {
            return Rows { ids: vec![vec![-1; k]; n], ns: vec![0; n], ..Rows::default() };
        }
        self.blocks += 1;
        let mut rows = Rows::default();
        for i in 0..n {
            let begun = Moment::now();
            let (found, evaluations) = match pools.get(i) {
                Some(pool) => {
                    let pool: Vec<i32> = pool.iter().copied().take_while(|&id| id >= 0).collect();
                    self.select(&pool, k)
                }
                None => self.search(&queries, i, k),
            };
            rows.ns.push((begun.elapsed() * 1e9) as u64);
            rows.scores.push(found.iter().map(|&id| -(id as f32)).collect());
            rows.ids.push(found.into_iter().chain(std::iter::repeat(-1)).take(k).collect());
            rows.evaluations.push(evaluations);
        }
        self.spoil(&mut rows, &queries, k);
        rows
    }

    /// The nearest points, and how many it looked at.
    fn search(&mut self, queries: &Points, i: usize, k: usize) -> (Vec<i32>, u32) {
        if let Some(answer) = self.instead(queries, i, k) {
            return answer;
        }
        let n = self.base.len();
        let mut all: Vec<(f64, i32)> =
            (0..n).map(|id| (queries.distance(i, &self.base, id, &self.distance), id as i32)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        (all.into_iter().map(|(_, id)| id).take(k).collect(), n as u32)
    }

    /// Every second of the pool, then the others.
    fn select(&self, pool: &[i32], k: usize) -> (Vec<i32>, u32) {
        let step = self.search["step"].as_u64().unwrap_or(2) as usize;
        let picked = (0..step).flat_map(|from| pool.iter().skip(from).step_by(step)).copied();
        (picked.take(k).collect(), pool.len() as u32)
    }
}

/// Writes the rows into the arrays that are to be filled.
fn write(rows: &Rows, ask: &Value) {
    let ids = rows.ids.iter().map(|row| row.iter().flat_map(|id| id.to_le_bytes()).collect());
    let scores = rows.scores.iter().map(|row| row.iter().flat_map(|score| score.to_le_bytes()).collect());
    put(&ask["ids"], ids);
    put(&ask["scores"], scores);
    put(&ask["evaluations"], rows.evaluations.iter().map(|count| count.to_le_bytes().to_vec()));
    if ask["mode"] == "single" {
        put(&ask["ns"], rows.ns.iter().map(|ns| ns.to_le_bytes().to_vec()));
    } else {
        assert!(ask["ns"].is_null(), "times of rows are asked for in a batch");
    }
}

fn put(value: &Value, rows: impl Iterator<Item = Vec<u8>>) {
    let array = Array::new(value);
    let mut file = OpenOptions::new().write(true).open(&array.path).expect("a file to fill");
    for (i, row) in rows.enumerate() {
        file.seek(SeekFrom::Start(array.begin(i))).expect("a place");
        file.write_all(&row).expect("written");
    }
}

/// The values of the last base point, read from where they lie.
fn last_row(base: &Value) -> (usize, Vec<f32>) {
    let array = Array::new(base);
    let last = array.shape[0] - 1;
    let row = array.row(&mut File::open(&array.path).expect("the base"), last);
    (last, row.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect())
}
