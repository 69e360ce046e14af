//! What the program does wrong, by the name of the trap, at each of the places where it can.

use super::{Program, Rows, STAY, last_row, say};
use crate::child::points::{Array, Points};
use rustix::process::{Signal, getpid, kill_current_process_group, kill_process, setsid};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::process::{Command, ExitCode, exit};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Longer than any limit of a test.
const FOR_EVER: Duration = Duration::from_secs(100);

fn sleep_for_ever() -> ! {
    loop {
        std::thread::sleep(FOR_EVER);
    }
}

/// What a program leaves behind: in a session of its own, deaf to a polite request to end, with so many MiB of memory.
pub fn stay(arguments: &[String]) -> ExitCode {
    let _ = setsid();
    ignore_term();
    let mib: usize = arguments.first().and_then(|mib| mib.parse().ok()).unwrap_or(0);
    let held = vec![1_u8; mib << 20];
    std::thread::sleep(FOR_EVER);
    ExitCode::from(held.first().copied().unwrap_or(0))
}

fn ignore_term() {
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::new(AtomicBool::new(false))).expect("registered");
}

/// Leaves a process behind, with so many MiB of memory.
fn leave(mib: usize) {
    let own = std::env::current_exe().expect("a program");
    let mut command = Command::new(own);
    command.args([STAY, &mib.to_string()]);
    // Not through a thread's death; it keeps standard output open, too.
    drop(command.spawn().expect("started"));
}

/// 1 MB of lines.
fn noise() -> String {
    "epoch 17: loss 0.0321\n".repeat(1_000_000 / 22 + 1)
}

impl Program {
    /// Its first line.
    pub(super) fn hello(&self) -> String {
        let mut hello = json!({
            "swath": 1, "name": "exact", "info": { "version": "1", "normalised": false },
            "can": ["candidates", "selector", "retriever", "batch"], "more": { "of": "no importance" },
        });
        match self.trap.as_str() {
            "hello-late" => std::thread::sleep(FOR_EVER),
            "hello-no-json" => return "Loading the model...\n".into(),
            "hello-version-2" => hello["swath"] = json!(2),
            "hello-selector-alone" => hello["can"] = json!(["selector"]),
            "hello-no-batch" => hello["can"] = json!(["candidates"]),
            "hello-changes" => hello["info"]["version"] = json!(self.count().to_string()),
            // When it is met for the first time, after its file was looked at.
            "changes-its-file" => self.record("# Changed."),
            "prints-first" => return noise(),
            "exits-first" => {
                eprintln!("ModuleNotFoundError: No module named 'hnswlib'");
                exit(1);
            }
            "ignores-term" => ignore_term(),
            _ => {}
        }
        let end = if self.trap == "crlf" { "\r\n" } else { "\n" };
        format!("{hello}{end}")
    }

    /// Writes one more byte into its file, and says how many there are.
    fn count(&self) -> u64 {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.note).expect("a file");
        file.write_all(b".").expect("written");
        file.metadata().expect("metadata").len()
    }

    fn record(&self, line: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.note).expect("a file");
        file.write_all(format!("{line}\n").as_bytes()).expect("written");
    }

    /// What goes wrong before it answers.
    pub(super) fn before(&mut self, op: &str, ask: &Value) {
        match (self.trap.as_str(), op) {
            ("prints-1-mb", "build") => say(&noise()),
            ("prints-for-ever", "build") => drop(std::thread::spawn(|| {
                loop {
                    say("epoch 17: loss 0.0321\n");
                }
            })),
            ("logs-1-mb", "build") => eprint!("{}", noise()),
            ("exit-0", "search") if self.blocks == 1 => exit(0),
            ("exit-3", "search") => {
                eprintln!("first\n\x1b[31mred\x07 \u{202e}sdrawkcab");
                std::io::stderr().write_all(b"\xff\xfe no UTF-8\n").expect("written");
                exit(3);
            }
            ("dies-below-10", "search") if self.search["ef"].as_u64().is_some_and(|ef| ef < 10) => exit(3),
            ("sigstop", "search") => kill_process(getpid(), Signal::STOP).expect("stopped"),
            ("ignores-term" | "sleeps", "search")
            | ("builds-long", "build")
            | ("opens-long", "open")
            | ("ends-late", "end") => sleep_for_ever(),
            ("ends-badly", "end") => exit(4),
            ("stays", "build") => leave(0),
            ("stays-and-exits", "search") => {
                leave(0);
                exit(3);
            }
            ("kills-its-group", "search") => {
                leave(0);
                std::thread::sleep(Duration::from_millis(100));
                kill_current_process_group(Signal::KILL).expect("killed");
            }
            ("closes-its-output", "search") => {
                rustix::stdio::dup2_stdout(std::fs::File::open("/dev/null").expect("nothing")).expect("closed");
                sleep_for_ever();
            }
            ("holds-memory", "build") => {
                let held = vec![1_u8; 400 << 20];
                std::thread::sleep(FOR_EVER);
                drop(held);
            }
            ("another-holds-memory", "build") => {
                leave(400);
                sleep_for_ever();
            }
            // Mapped files do not count.
            ("maps-much", "build") => {
                let held = vec![0_u8; 4 << 30];
                self.record(&held.len().to_string());
            }
            ("replaces", "search") => {
                let path = Array::new(&ask["ids"]).path;
                let bytes = std::fs::read(&path).expect("read");
                std::fs::remove_file(&path).expect("removed");
                std::fs::write(&path, bytes).expect("written");
            }
            ("records", _) => {
                let cpus = std::thread::available_parallelism().map_or(0, usize::from);
                let omp = std::env::var("OMP_NUM_THREADS").unwrap_or_default();
                let cwd = std::env::current_dir().expect("a folder");
                self.record(&json!({ "ask": ask, "cpus": cpus, "omp": omp, "cwd": cwd.to_str() }).to_string());
            }
            // Only once; not if the file `go` is beside its own.
            ("waits", "search")
                if self.blocks == 2
                    && ![&self.note, &self.note.with_extension("go")].iter().any(|file| file.exists()) =>
            {
                self.record(&getpid().as_raw_nonzero().to_string());
                sleep_for_ever();
            }
            _ => {}
        }
    }

    /// What it answers to `build`.
    pub(super) fn built(&self) -> Value {
        match self.trap.as_str() {
            "refuses-build" => json!({ "ok": false, "kind": "failed", "message": "M must be at least 2, not 1" }),
            "refuses-silently" => json!({ "ok": false }),
            _ => json!({ "ok": true, "bytes": 4096 }),
        }
    }

    /// What it finds in place of the nearest points.
    pub(super) fn instead(&mut self, queries: &Points, i: usize, k: usize) -> Option<(Vec<i32>, u32)> {
        match self.trap.as_str() {
            "ns-1" | "slow" => std::thread::sleep(Duration::from_millis(2)),
            "remembers" => {
                let Points::Dense(rows) = queries else { return None };
                if let Some(known) = self.remembered.get(&format!("{:?}", rows[i])) {
                    return Some((known.clone(), 0));
                }
                std::thread::sleep(Duration::from_millis(3));
            }
            // Once an id that is the last one, then one beyond it.
            "last-row" => {
                let last = self.rows as i32 - 1;
                return Some((if k == 2 { vec![last] } else { vec![last + 1] }, 1));
            }
            // The smallest `ef` that was ever set is the part of the base that is left.
            "set-changes-the-index" => {
                let left = self.least.min(self.base.len() as u64) as i32;
                return Some(((0..left).take(k).collect(), 0));
            }
            _ => {}
        }
        None
    }

    /// What is wrong with the rows of a block.
    pub(super) fn spoil(&mut self, rows: &mut Rows, queries: &Points, k: usize) {
        let n = self.base.len() as i32;
        let all = rows.ids.iter_mut();
        match self.trap.as_str() {
            "float-ids" => all.flatten().filter(|id| **id > 0).for_each(|id| *id = (*id as f32).to_bits() as i32),
            "nan-scores" => {
                rows.scores = vec![[f32::NAN, f32::INFINITY].into_iter().cycle().take(k).collect(); rows.ids.len()];
            }
            "stale" if self.blocks > 1 => *rows = Rows::default(),
            "half-a-row" => rows.ids[2].truncate(3),
            "no-last-row" => drop(rows.ids.pop()),
            "no-times" => rows.ns.clear(),
            "no-evaluations" => rows.evaluations.clear(),
            "ns-1" => rows.ns.fill(1),
            "ns-too-large" => rows.ns.fill(1_000_000_000),
            "ns-overflows" => rows.ns.fill(u64::MAX - 1),
            "gap" => all.for_each(|row| row[1] = -1),
            "twice" => all.for_each(|row| row[1] = row[0]),
            "beyond" => rows.ids[0][0] = n,
            "below" => rows.ids[0][0] = -7,
            "few" => all.for_each(|row| row[2..].fill(-1)),
            "none" => all.for_each(|row| row.fill(-1)),
            // Of 60 points the pools of the tests have 10.
            "outside-its-pool" => all.for_each(|row| row[0] = (0..n).find(|id| !row.contains(id)).unwrap_or(0)),
            "not-deterministic" if self.blocks.is_multiple_of(2) => all.for_each(|row| {
                row.remove(0);
                row.push(-1);
            }),
            "remembers" => {
                let Points::Dense(asked) = queries else { return };
                let known = asked.iter().map(|row| format!("{row:?}")).zip(rows.ids.iter().cloned());
                self.remembered.extend(known);
            }
            _ => {}
        }
    }

    /// What goes wrong when the arrays are written.
    pub(super) fn after(&self, op: &str, ask: &Value) {
        if self.trap == "cuts" && op == "search" {
            let path = Array::new(&ask["ids"]).path;
            OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(10)).expect("cut");
        }
    }

    /// Says the answer, or what it says in its place.
    pub(super) fn reply(&mut self, op: &str, ask: &Value, answer: &Value) {
        let mut answer = answer.clone();
        match (self.trap.as_str(), op) {
            ("line-of-2-mib", "set") => answer["more"] = json!("x".repeat(2 << 20)),
            ("two-answers", "set") => return say(&format!("{answer}\n{answer}\n")),
            ("half-a-line", "search") => {
                let line = answer.to_string();
                say(&line[..line.len() / 2]);
                exit(0);
            }
            ("no-utf-8", "set") => {
                std::io::stdout().write_all(b"{\"ok\": true, \"name\": \"\xff\"}\n").expect("written");
                return std::io::stdout().flush().expect("written");
            }
            ("crlf", _) => return say(&format!("{answer}\r\n")),
            ("unsupported", "echo") => {
                answer = json!({ "ok": false, "kind": "unsupported", "message": "I have no op echo" });
            }
            ("no-ok", "set") => answer = json!({ "done": true }),
            ("nan", "set") => return say("{\"ok\": true, \"ns\": NaN}\n"),
            ("block-too-long", "search") | ("build-too-long", "build") => answer["ns"] = json!(1_000_000_000_000_u64),
            ("last-row", "open") => {
                let (last, row) = last_row(&ask["base"]);
                self.rows = last + 1;
                self.record(&json!({ "last": last, "row": row, "base": ask["base"] }).to_string());
            }
            _ => {}
        }
        say(&format!("{answer}\n"));
        // The next question lies there unread.
        if self.trap == "stops-reading" && op == "echo" && self.count() == 6 {
            sleep_for_ever();
        }
    }

    /// What goes wrong between its first line and the first question.
    pub(super) fn begin(&self) {
        if self.trap == "never-reads" {
            sleep_for_ever();
        }
    }
}
