//! A program that is running: its streams, its limits of time and memory, its end.

use super::family::Family;
use super::lines::{self, Line};
use super::message::{self, Answer, Hello};
use super::watch::{WATCH, ended};
use super::{Command, Fault, SAID};
use crate::clock::Moment;
use crate::interrupt;
use rustix::process::{Pid, Signal};
use serde_json::Value;
use std::io::{BufReader, Read, Write as _};
use std::path::Path;
use std::process::{ChildStdin, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often the memory of a program is looked at, and whether swath should stop.
const LOOK: Duration = Duration::from_millis(20);

/// Lines of a program's standard error that are shown when it fails.
const LOG_LINES: usize = 20;

/// The most bytes of a log that are kept.
const LOG: usize = 64 << 10;

/// Seconds that a program has between being asked to end and being ended.
const GRACE: f64 = 1.0;

/// Seconds that a program has whose output ended until it has ended itself. It is more than its watcher gives to what it leaves behind.
const ENDING: f64 = 2.0;

/// Variables from which libraries take their number of threads.
const THREADS: [&str; 11] = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TBB_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "JULIA_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "GOMAXPROCS",
];

/// What a program holds in memory, as it is sampled.
#[derive(Debug, Default)]
struct Held {
    peak: AtomicU64,
    is_over: AtomicBool,
    is_ended: AtomicBool,
}

/// A program that is running.
#[derive(Debug)]
pub(super) struct Process {
    watcher: std::process::Child,
    family: Family,
    asks: Option<Sender<String>>,
    lines: Receiver<Line>,
    log: Arc<Mutex<Vec<u8>>>,
    held: Arc<Held>,
    limit: Option<u64>,
    /// Why it can no longer be asked.
    fault: Option<Fault>,
}

impl Process {
    /// Starts a program, which works in `folder`, by the program `starter`: swath itself. Reads its first line. The folder is removed with it.
    ///
    /// # Errors
    /// It cannot be started, or its first line is wrong or does not come within `seconds`.
    pub fn start(
        starter: &Path,
        command: &Command,
        folder: &Path,
        build_threads: usize,
        limits: (f64, Option<u64>),
    ) -> Result<(Self, Hello), Fault> {
        let (seconds, limit) = limits;
        let mut process = Self::spawn(starter, command, folder, build_threads, limit)
            .map_err(|error| Fault::Ended(format!("it cannot be started: {error}")))?;
        let line = process.line(seconds, "its first line did not come within the {} s of limits.external.hello")?;
        match Hello::read(&line) {
            Ok(hello) => Ok((process, hello)),
            Err(what) => Err(process.put_down(what)),
        }
    }

    fn spawn(
        starter: &Path,
        command: &Command,
        folder: &Path,
        build_threads: usize,
        limit: Option<u64>,
    ) -> std::io::Result<Self> {
        use std::os::unix::process::CommandExt as _;
        let mut watcher = std::process::Command::new(starter);
        watcher.arg(WATCH).arg(std::process::id().to_string()).arg(folder).arg("--").args(&command.argv);
        watcher.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        watcher.envs(THREADS.map(|name| (name, build_threads.to_string())));
        // Ctrl-C is for swath alone.
        let mut watcher = watcher.process_group(0).spawn()?;
        let pipes = (watcher.stdin.take(), watcher.stdout.take(), watcher.stderr.take());
        let pid = i32::try_from(watcher.id()).ok().and_then(Pid::from_raw);
        let (Some(stdin), Some(out), Some(err), Some(root)) = (pipes.0, pipes.1, pipes.2, pid) else {
            return Err(std::io::Error::other("a process without pipes"));
        };
        let (asks, to_write) = channel();
        // A program that writes what nobody asked for must wait, and not fill the memory.
        let (sender, lines) = sync_channel(1);
        let (log, held): (Arc<Mutex<Vec<u8>>>, Arc<Held>) = (Arc::default(), Arc::default());
        let family = Family { root };
        // Made first: if a thread cannot be started, dropping it ends the program.
        let process = Self {
            watcher,
            family,
            asks: Some(asks),
            lines,
            log: Arc::clone(&log),
            held: Arc::clone(&held),
            limit,
            fault: None,
        };
        let thread = std::thread::Builder::new;
        thread().spawn(move || write_asks(stdin, &to_write))?;
        thread().spawn(move || read_lines(out, &sender))?;
        thread().spawn(move || keep_log(err, &log))?;
        thread().spawn(move || sample(family, &held, limit))?;
        Ok(process)
    }

    /// Asks, and waits for the answer. Returns it with the seconds that it took.
    ///
    /// # Errors
    /// A refusal, or that the program ended or was ended. `late` is what is said if the answer does not come in time.
    pub fn ask(&mut self, question: &Value, seconds: f64, late: &str) -> Result<(Answer, f64), Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        match self.lines.try_recv() {
            Ok(Line::Whole(line)) => return Err(self.put_down(unasked(&line))),
            Ok(Line::Wrong(what)) => return Err(self.put_down(what)),
            Ok(Line::End) | Err(_) => {}
        }
        if self.held.is_over.load(Ordering::Relaxed) {
            return Err(self.put_down(over(self.limit)));
        }
        let begun = Moment::now();
        // If nobody reads it, no answer comes.
        self.asks.as_ref().map(|asks| asks.send(format!("{question}\n")));
        let line = self.line(seconds, late)?;
        let took = begun.elapsed();
        match message::answer(&line) {
            Ok(Ok(answer)) => Ok((answer, took)),
            Ok(Err(what)) => {
                // What it said about it may not be read yet.
                std::thread::sleep(LOOK);
                let log = self.log();
                Err(Fault::Refused(if log.is_empty() { what } else { with_log(&what, &log) }))
            }
            Err(what) => Err(self.put_down(what)),
        }
    }

    /// The next line.
    fn line(&mut self, seconds: f64, late: &str) -> Result<String, Fault> {
        let begun = Moment::now();
        loop {
            match self.lines.recv_timeout(LOOK) {
                Ok(Line::Whole(line)) => return Ok(line),
                Ok(Line::Wrong(what)) => return Err(self.put_down(what)),
                Ok(Line::End) | Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.held.is_over.load(Ordering::Relaxed) {
                return Err(self.put_down(over(self.limit)));
            }
            // If the watcher was killed, what the program started may hold its output open for ever.
            if !matches!(self.watcher.try_wait(), Ok(None)) {
                match self.lines.recv_timeout(LOOK) {
                    Ok(Line::Whole(line)) => return Ok(line),
                    _ => return Err(self.ended()),
                }
            }
            if begun.elapsed() > seconds {
                return Err(self.put_down(late.replace("{}", &seconds.to_string())));
            }
            if interrupt::asked() {
                self.end_now();
                return Err(self.failed(Fault::Stopped));
            }
        }
    }

    /// The fault of a program whose output ended.
    fn ended(&mut self) -> Fault {
        self.asks = None;
        let begun = Moment::now();
        let status = loop {
            match self.watcher.try_wait() {
                Ok(None) if begun.elapsed() < ENDING => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) => {
                    return self.put_down("it closed its standard output, and lived on until it was ended".into());
                }
                Ok(Some(status)) => break Ok(status),
                Err(error) => break Err(error),
            }
        };
        if self.held.is_over.load(Ordering::Relaxed) {
            return self.failed(Fault::Ended(over(self.limit)));
        }
        let fault = ended(status);
        self.failed(fault)
    }

    /// Ends the program, with the reason.
    pub fn put_down(&mut self, what: String) -> Fault {
        self.end_now();
        self.failed(Fault::Ended(what))
    }

    /// The fault with the end of the log, which is the one from now on.
    fn failed(&mut self, fault: Fault) -> Fault {
        let fault = match fault {
            Fault::Ended(what) => {
                // What it said last may not be read yet.
                std::thread::sleep(LOOK);
                let log = self.log();
                Fault::Ended(if log.is_empty() { what } else { with_log(&what, &log) })
            }
            fault => fault,
        };
        self.fault = Some(fault.clone());
        fault
    }

    /// The last lines that it wrote on standard error.
    pub fn log(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// The most bytes that it held since the last time that this was asked, and what it holds now.
    pub fn memory(&self) -> (u64, u64) {
        let now = self.family.memory();
        let peak = self.held.peak.swap(now, Ordering::Relaxed);
        (peak.max(now), now)
    }

    /// Lets it run on so many CPUs only. Returns on how many.
    pub fn narrow(&self, cpus: usize) -> usize {
        self.family.narrow(cpus)
    }

    /// Closes its input and waits until it has ended by itself.
    ///
    /// # Errors
    /// It did not within `seconds`, or ended with an error.
    pub fn end(&mut self, seconds: f64) -> Result<(), Fault> {
        self.asks = None;
        let begun = Moment::now();
        loop {
            match self.watcher.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(None) if begun.elapsed() < seconds => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) => {
                    let what = format!("it did not end within the {seconds} s of limits.external.end after `end`");
                    return Err(self.put_down(what));
                }
                Ok(Some(status)) => {
                    let fault = ended(Ok(status));
                    return Err(self.failed(fault));
                }
                Err(error) => return Err(Fault::Ended(error.to_string())),
            }
        }
    }

    /// Ends the program and all that it started: asks first.
    fn end_now(&mut self) {
        self.asks = None;
        self.held.is_ended.store(true, Ordering::Relaxed);
        if !matches!(self.watcher.try_wait(), Ok(None)) {
            return;
        }
        self.family.signal(Signal::TERM);
        self.family.signal(Signal::CONT);
        let begun = Moment::now();
        let mut is_killed = false;
        while let Ok(None) = self.watcher.try_wait() {
            if begun.elapsed() > GRACE && !is_killed {
                self.family.signal(Signal::KILL);
                is_killed = true;
            }
            if begun.elapsed() > 3.0 * GRACE {
                // The watcher itself.
                let _ = self.watcher.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end_now();
    }
}

/// What is wrong, with the end of a log.
fn with_log(what: &str, log: &str) -> String {
    format!("{what}{SAID}{}", log.replace('\n', "\n  "))
}

fn over(limit: Option<u64>) -> String {
    let limit = limit.map_or_else(String::new, |limit| format!("{} MiB of ", limit >> 20));
    format!("it held more memory than the {limit}limits.memory")
}

/// What is wrong with a program that wrote this unasked.
fn unasked(what: &str) -> String {
    let line = message::begin(what.lines().next().unwrap_or_default());
    format!(
        "it wrote `{line}` without being asked: each question has one answer, and nothing else may use standard output"
    )
}

/// Passes questions on to a program, which may take its time to read them.
fn write_asks(mut to: ChildStdin, asks: &Receiver<String>) {
    for ask in asks {
        if to.write_all(ask.as_bytes()).and_then(|()| to.flush()).is_err() {
            // It has ended, or closed its input: no answer comes.
            return;
        }
    }
}

fn read_lines(from: impl Read, lines: &SyncSender<Line>) {
    let mut from = BufReader::new(from);
    loop {
        let line = match lines::next(&mut from) {
            // One question is asked at a time: what comes with its answer would pass for that to the next one.
            Line::Whole(line) if line.starts_with('{') && !from.buffer().is_empty() => {
                Line::Wrong(unasked(&String::from_utf8_lossy(from.buffer())))
            }
            line => line,
        };
        let is_last = !matches!(line, Line::Whole(_));
        if lines.send(line).is_err() || is_last {
            return;
        }
    }
}

/// Keeps the end of what a program says on standard error. All of it is read, so that it never waits.
fn keep_log(mut said: impl Read, log: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    loop {
        match said.read(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(read) => {
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                log.extend_from_slice(&buffer[..read]);
                if log.len() > 2 * LOG {
                    let from = log.len() - LOG;
                    log.drain(..from);
                }
            }
        }
    }
}

/// Looks at what a program and all that it started hold in memory, again and again until it has ended.
fn sample(family: Family, held: &Held, limit: Option<u64>) {
    while !held.is_ended.load(Ordering::Relaxed) {
        let now = family.memory();
        held.peak.fetch_max(now, Ordering::Relaxed);
        if limit.is_some_and(|limit| now > limit) {
            held.is_over.store(true, Ordering::Relaxed);
            return;
        }
        std::thread::sleep(LOOK);
    }
}
