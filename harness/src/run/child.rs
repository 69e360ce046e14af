//! A bench in a process of its own: a crash, a memory limit or a time-out ends that process, and not the run.
//!
//! The child is the same program. On its standard input it is told what to build ([`Job`]), then gets [`Order`]s; on its
//! standard output it gives a [`Reply`] to each: JSON, a line each. It keeps both to itself ([`Channel`]): an algorithm that
//! prints or reads does not disturb them. It ends when its input does, so that it never outlives the run; while it lives it
//! holds a lock that a next run in the same folder waits for.

use super::bench::{Bench, Order, Place, Reply};
use super::built::Kept;
use super::data::Data;
use super::lock;
use super::memory;
use crate::clock::Moment;
use crate::config;
use crate::config::Failure;
use crate::config::Source;
use crate::exact_path;
use crate::interrupt;
use crate::plan;
use crate::plan::Cell;
use crate::plan::Prepared;
use crate::record::folder;
use crate::run::cache::Cache;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The command that makes a program a child.
pub const COMMAND: &str = "work-for-a-run";

/// How often a run that waits for a child looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);

/// Bytes of what a child said last in which its reason is looked for.
const LAST_WORDS: usize = 64 * 1024;

/// How long a child that broke off the talk may take to end by itself, so that the reason is how it ended. The words of one
/// that has ended are waited for as long: a program that it started may hold its standard error open.
const GRACE: f64 = 2.0;

/// How long the rest of a reply may take whose beginning is here: it is written at once.
const REST: f64 = 10.0;

/// Bytes of a job, an order or a reply at most; the longest are far shorter.
const LONGEST: u64 = 64 << 20;

/// What a child builds, and where it works.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The experiment's file.
    #[serde(with = "exact_path")]
    pub config: PathBuf,
    /// Its text, as it was when the run began.
    pub text: String,
    /// The cell, of a sweep.
    pub cell: Option<Cell>,
    /// Where the dataset is.
    pub data: Data,
    /// Bytes that reading it may take.
    pub memory: u64,
    /// Its name.
    pub dataset_name: String,
    /// Its SHA-256, as it was planned.
    pub sha256: String,
    /// The folder with the folder of trials that are not finished.
    #[serde(with = "exact_path")]
    pub folder: PathBuf,
    /// Where graphs are kept.
    #[serde(with = "exact_path::option")]
    pub cache: Option<PathBuf>,
    /// Where indexes are kept.
    #[serde(with = "exact_path::option")]
    pub indexes: Option<PathBuf>,
    /// A trial of those that share the build.
    pub trial: usize,
    /// The most bytes that it may allocate.
    pub limit: Option<u64>,
}

/// Why there will be no more replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Death {
    /// It took longer than it may.
    TimeOut,
    /// The run is to stop.
    Stopped,
    /// It ended by itself, or the system ended it.
    Ended(String),
}

/// What is wrong with the talk.
enum Fault {
    /// In what it says: there is no more of it.
    Said(String),
    /// It takes no orders. Why, may stand in what it says.
    Deaf(String),
}

/// A child, seen from the run.
pub struct Child {
    process: std::process::Child,
    orders: Sender<String>,
    /// Its replies, and what is wrong with the talk.
    replies: Receiver<Result<Reply, Fault>>,
    /// That it takes no orders, and since when.
    deaf: Option<(String, Moment)>,
    /// Since when the beginning of a reply is here without its rest.
    begun: Arc<Mutex<Option<Moment>>>,
    /// The end of what it said, so far.
    words: Arc<Mutex<Vec<u8>>>,
    /// Hears nothing, and is cut off when it has said all.
    silence: Receiver<()>,
    limit: Option<u64>,
}

impl Child {
    /// Starts `program` as a child and tells it what to build.
    ///
    /// # Errors
    /// The system's refusal, and that the job cannot be written down.
    pub fn start(program: &Path, job: &Job) -> std::io::Result<Self> {
        let first = line(job)?;
        let mut command = Command::new(program);
        command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if job.limit.is_some() {
            // A backtrace takes memory. Where none is left, the failure of that waits for itself, and the run for both.
            command.env("RUST_BACKTRACE", "0");
        }
        #[cfg(unix)]
        {
            // Ctrl-C is for the run alone, which ends its children when the trial at hand is done.
            use std::os::unix::process::CommandExt as _;
            command.process_group(0);
        }
        let mut process = command.spawn()?;
        let pipes = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (orders, lines) = channel();
        let (sender, replies) = channel();
        let (silence, words, begun) = (channel(), Arc::default(), Arc::default());
        // Made first: where a thread cannot be started, the child is ended.
        let child = Self {
            process,
            orders,
            replies,
            deaf: None,
            begun: Arc::clone(&begun),
            words: Arc::clone(&words),
            silence: silence.1,
            limit: job.limit,
        };
        let (Some(stdin), Some(out), Some(err)) = pipes else {
            return Err(std::io::Error::other("a child without pipes"));
        };
        let thread = std::thread::Builder::new;
        let faults = sender.clone();
        thread().spawn(move || write_orders(stdin, &lines, &faults))?;
        thread().spawn(move || read_replies(out, &sender, &begun))?;
        let said = silence.0;
        thread().spawn(move || {
            keep_last_words(err, &words);
            drop(said);
        })?;
        child.send(first);
        Ok(child)
    }

    /// Gives an order.
    ///
    /// # Errors
    /// That it cannot be written down.
    pub fn tell(&mut self, order: Order) -> Result<(), Death> {
        let line = line(&order).map_err(|error| Death::Ended(format!("its order cannot be written: {error}")))?;
        self.send(line);
        Ok(())
    }

    /// Whether anybody still takes the line is found out when there is no reply.
    fn send(&self, line: String) {
        let _ = self.orders.send(line);
    }

    /// Waits for a reply, `seconds` at most if that is given; where `may_stop`, not when the run is to stop.
    ///
    /// # Errors
    /// Why there is none. The child is dead then.
    pub fn reply(&mut self, seconds: Option<u32>, may_stop: bool) -> Result<Reply, Death> {
        let start = Moment::now();
        loop {
            // Looked at first: what it said before it ended is here then.
            let has_ended = matches!(self.process.try_wait(), Ok(Some(_)));
            let fault = match self.replies.recv_timeout(LOOK) {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(Fault::Said(what))) => Some(what),
                // One that has ended takes none either: what it said until then, which may come a moment later, is the reason.
                Ok(Err(Fault::Deaf(what))) => {
                    self.deaf = Some((what, Moment::now()));
                    None
                }
                // A program that it started may hold its channel open.
                Err(RecvTimeoutError::Timeout) => {
                    has_ended.then(|| CLOSED.to_owned()).or_else(|| self.half()).or_else(|| self.deaf())
                }
                Err(RecvTimeoutError::Disconnected) => Some(CLOSED.to_owned()),
            };
            if let Some(fault) = fault {
                return Err(Death::Ended(self.why(&fault)));
            }
            let asked = interrupt::asked();
            let death = if seconds.is_some_and(|seconds| start.elapsed() > f64::from(seconds)) {
                Death::TimeOut
            } else if may_stop && asked {
                Death::Stopped
            } else {
                continue;
            };
            self.end();
            return Err(death);
        }
    }

    /// That half a reply is all that came for long.
    fn half(&self) -> Option<String> {
        let begun = *self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.filter(|begun| begun.elapsed() > REST).map(|_| HALF.to_owned())
    }

    /// That it has taken no orders for long.
    fn deaf(&self) -> Option<String> {
        self.deaf.as_ref().filter(|(_, since)| since.elapsed() > GRACE).map(|(what, _)| what.clone())
    }

    /// Ends a child that replied what was not asked for, and says so.
    pub fn misunderstood(&mut self) -> Death {
        Death::Ended(self.why("it replied to something that it was not asked"))
    }

    fn end(&mut self) {
        // Where it is dead already both fail, and nothing is lost.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// How it ended, in words; where it lives on after a fault in the talk, it is ended, and the fault is the reason.
    fn why(&mut self, fault: &str) -> String {
        let begun = Moment::now();
        let status = loop {
            match self.process.try_wait() {
                Ok(None) if begun.elapsed() < GRACE => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) => {
                    self.end();
                    break None;
                }
                // Where it ended well, the fault in its talk is what there is to say.
                Ok(Some(status)) if status.success() => break Some(format!("{fault}, and {}", ending(status))),
                Ok(Some(status)) => break Some(ending(status)),
                Err(error) => break Some(error.to_string()),
            }
        };
        let _ = self.silence.recv_timeout(Duration::from_secs_f64(GRACE));
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let words = String::from_utf8_lossy(&words);
        let last = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("").trim();
        let out_of_memory = words.lines().find(|line| line.contains("memory allocation of"));
        match (out_of_memory, self.limit) {
            (Some(line), Some(limit)) => {
                format!("it needed more than the {} of limits.memory ({})", mib(limit), line.trim())
            }
            (Some(line), None) => format!("it ran out of memory ({})", line.trim()),
            _ => {
                let said = if last.is_empty() { String::new() } else { format!("; its last words: {last}") };
                status.unwrap_or_else(|| format!("{fault}, and lived on until it was ended")) + &said
            }
        }
    }
}

/// What is wrong with a child that gives no more replies.
const CLOSED: &str = "it closed its channel to the run";

/// Passes orders on to a child, which need not read them soon.
fn write_orders(mut to: ChildStdin, orders: &Receiver<String>, faults: &Sender<Result<Reply, Fault>>) {
    for order in orders {
        if let Err(error) = to.write_all(order.as_bytes()).and_then(|()| to.flush()) {
            // Where it is not heard, the run waits for nothing any more.
            let _ = faults.send(Err(Fault::Deaf(format!("it does not hear its orders ({error})"))));
            return;
        }
    }
}

/// That a reply is not whole.
const HALF: &str = "its reply ends in the middle of a line";

/// Hears a child's replies until it closes its channel or says what is no reply.
fn read_replies(from: impl std::io::Read, replies: &Sender<Result<Reply, Fault>>, begun: &Mutex<Option<Moment>>) {
    let mut from = BufReader::new(from);
    loop {
        let begins = from.fill_buf().is_ok_and(|bytes| !bytes.is_empty());
        *begun.lock().unwrap_or_else(PoisonError::into_inner) = begins.then(Moment::now);
        let line = next_line(&mut from);
        *begun.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let reply = match line {
            Ok(None) => Err(CLOSED.to_owned()),
            Ok(Some(line)) => serde_json::from_str(&line).map_err(|error| {
                let begin: String = line.trim_end().chars().take(80).collect();
                format!("it replied `{begin}`, which is no reply ({error})")
            }),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(HALF.to_owned()),
            Err(error) => Err(format!("its reply cannot be read ({error})")),
        };
        let is_last = reply.is_err();
        if replies.send(reply.map_err(Fault::Said)).is_err() || is_last {
            return;
        }
    }
}

/// The next line with its end; nothing after the last.
fn next_line(from: &mut impl std::io::BufRead) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    from.take(LONGEST).read_line(&mut line)?;
    match line.ends_with('\n') {
        true => Ok(Some(line)),
        false if line.is_empty() => Ok(None),
        false if line.len() as u64 >= LONGEST => {
            Err(std::io::Error::new(ErrorKind::InvalidData, format!("a line is longer than {}", mib(LONGEST))))
        }
        false => Err(std::io::Error::new(ErrorKind::UnexpectedEof, "it ends in the middle of a line")),
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// Bytes in words.
pub fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// How a process ended.
fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        let name = match status.signal() {
            Some(9) => return "it was killed by signal 9 (SIGKILL), as Linux does when memory runs out".into(),
            Some(4) => "4 (SIGILL)",
            Some(6) => "6 (SIGABRT)",
            Some(7) => "7 (SIGBUS)",
            Some(8) => "8 (SIGFPE)",
            Some(11) => "11 (SIGSEGV)",
            Some(15) => "15 (SIGTERM)",
            Some(other) => return format!("it was ended by signal {other}"),
            None => "",
        };
        if !name.is_empty() {
            return format!("it was ended by signal {name}");
        }
    }
    status.code().map_or_else(|| "it ended".into(), |code| format!("it ended with exit code {code}"))
}

/// Keeps the end of all that is said; the rest is read, so that the child does not wait, and forgotten.
fn keep_last_words(mut said: impl std::io::Read, words: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    loop {
        match said.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(read) => {
                let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
                words.extend_from_slice(&buffer[..read]);
                if words.len() > 2 * LAST_WORDS {
                    let from = words.len() - LAST_WORDS;
                    words.drain(..from);
                }
            }
        }
    }
}

/// A message as its line.
fn line(message: &impl Serialize) -> std::io::Result<String> {
    let mut line = serde_json::to_string(message)?;
    line.push('\n');
    Ok(line)
}

/// Where a child hears its orders and gives its replies.
pub struct Channel {
    orders: BufReader<File>,
    replies: File,
}

impl Channel {
    /// Takes standard input and output away from whatever else runs in this process: what is printed from now on goes to
    /// standard error, whose last lines stand in the reason if the child dies, and who reads finds nothing. Programs that
    /// the child starts do not inherit the channel.
    ///
    /// # Errors
    /// The system's refusal.
    #[cfg(unix)]
    pub fn take() -> std::io::Result<Self> {
        use rustix::{io, stdio};
        // Above the three that everybody knows.
        const FIRST: i32 = 3;
        let orders = io::fcntl_dupfd_cloexec(stdio::stdin(), FIRST)?;
        let replies = io::fcntl_dupfd_cloexec(stdio::stdout(), FIRST)?;
        stdio::dup2_stdin(File::open("/dev/null")?)?;
        stdio::dup2_stdout(stdio::stderr())?;
        Ok(Self { orders: BufReader::new(orders.into()), replies: replies.into() })
    }

    /// Uses standard input and output as they are: here an algorithm that prints ends its child.
    ///
    /// # Errors
    /// The system's refusal.
    #[cfg(windows)]
    pub fn take() -> std::io::Result<Self> {
        use std::os::windows::io::AsHandle as _;
        let orders = std::io::stdin().as_handle().try_clone_to_owned()?;
        let replies = std::io::stdout().as_handle().try_clone_to_owned()?;
        Ok(Self { orders: BufReader::new(orders.into()), replies: replies.into() })
    }
}

/// Is a child: builds what the first line of the standard input says and obeys those that follow, until they end.
pub fn work() -> ExitCode {
    match Channel::take() {
        Ok(channel) => work_for(channel),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: no channel to the run: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Is a child whose run speaks through `channel`.
pub fn work_for(run: Channel) -> ExitCode {
    let Channel { orders: mut heard, mut replies } = run;
    #[cfg(target_os = "linux")]
    {
        // A run that is killed takes its children along; where this fails they end with their input.
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    }
    let told = next_line(&mut heard);
    let job = match told.map_err(|error| error.to_string()).map(|first| {
        let first = first.unwrap_or_default();
        serde_json::from_str::<Job>(&first).map_err(|error| (first.starts_with('{'), error))
    }) {
        Ok(Ok(job)) => job,
        // Somebody who found this command by hand.
        Ok(Err((false, _))) => {
            let _ = writeln!(std::io::stderr(), "error: this command is how `swath run` starts its own children");
            return ExitCode::from(2);
        }
        Ok(Err((true, error))) => return unheard("its job", &error),
        Err(error) => return unheard("its job", &error),
    };
    let (sender, orders) = channel();
    std::thread::spawn(move || {
        loop {
            let order = match next_line(&mut heard) {
                // The run has ended, whatever is being done here.
                Ok(None) => std::process::exit(0),
                Ok(Some(line)) => serde_json::from_str::<Order>(&line).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match order {
                Ok(order) if sender.send(order).is_ok() => {}
                Ok(_) => return,
                Err(error) => {
                    let _ = unheard("an order", &error);
                    std::process::exit(1);
                }
            }
        }
    });
    let mut reply = |reply: &Reply| {
        let written =
            line(reply).or_else(|error| line(&Reply::Failed(format!("its reply cannot be written: {error}"))));
        written.and_then(|line| replies.write_all(line.as_bytes())).is_ok()
    };
    let refuse = |reply: &mut dyn FnMut(&Reply) -> bool, failure: &Failure| {
        let text = match failure {
            Failure::Invalid(invalid) => {
                let messages: Vec<&str> = invalid.problems.iter().map(|problem| problem.message.as_str()).collect();
                messages.join("; ")
            }
            other => other.to_string(),
        };
        reply(&Reply::Failed(text.trim().to_owned()));
        ExitCode::FAILURE
    };
    // Threads first: a limit that is met while they start would speak of threads, and not of memory. Where they cannot be
    // started, rayon says so when it is used.
    let _ = rayon::ThreadPoolBuilder::new().build_global();
    if let Some(bytes) = job.limit
        && let Err(error) = memory::limit(bytes)
    {
        return refuse(&mut reply, &Failure::Run(format!("its memory cannot be limited: {error}")));
    }
    // Held until the process ends.
    let _held = job.folder.parent().and_then(|run| lock::share(&run.join(folder::TRIALS)));
    let prepared = match prepare_job(&job) {
        Ok(prepared) => prepared,
        Err(failure) => return refuse(&mut reply, &failure),
    };
    let workload = prepared.workload();
    let cache = job.cache.clone().map(Cache::new);
    let graphs = cache.as_ref().map(|cache| (cache, prepared.dataset_name.as_str(), prepared.facts.sha256.as_str()));
    let kept = Kept { graphs, indexes: job.indexes };
    let place = Place { prepared: &prepared, workload: &workload, kept, folder: job.folder };
    let mut bench = match Bench::new(place, job.trial, true) {
        Ok(bench) => bench,
        Err(reason) => return refuse(&mut reply, &Failure::Run(reason)),
    };
    let mut go_on = reply(&bench.built(job.trial));
    while go_on && let Ok(order) = orders.recv() {
        go_on = reply(&bench.obey(order));
    }
    ExitCode::SUCCESS
}

/// Says on standard error what could not be understood, which becomes the reason of the child's end.
fn unheard(what: &str, error: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {what} cannot be understood: {error}");
    ExitCode::FAILURE
}

/// Reads the experiment as the run did, and the dataset as the run has it.
fn prepare_job(job: &Job) -> Result<Prepared, Failure> {
    let file = config::parse(Source::parse(job.config.clone(), job.text.clone())?)?;
    let file = job.cell.as_ref().map_or(file.clone(), |cell| cell.of(&file).0);
    let loaded = job.data.read(job.dataset_name.clone(), job.sha256.clone(), job.memory)?;
    plan::prepare_on(file, loaded)
}
