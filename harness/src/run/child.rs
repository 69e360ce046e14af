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
use crate::cache::Cache;
use crate::config::{self, Source};
use crate::experiment::{self, Failure, Prepared};
use crate::interrupt;
use crate::results;
use crate::sweep::Cell;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The command that makes a program a child.
pub const COMMAND: &str = "work-for-a-run";

/// How often a run that waits for a child looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);

/// Bytes of what a child said last in which its reason is looked for.
const LAST_WORDS: usize = 64 * 1024;

/// What a child builds, and where it works.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The experiment's file.
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
    pub folder: PathBuf,
    /// Where graphs are kept.
    pub cache: Option<PathBuf>,
    /// Where indexes are kept.
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

/// A child, seen from the run.
pub struct Child {
    process: std::process::Child,
    orders: ChildStdin,
    replies: Receiver<Reply>,
    last_words: Option<JoinHandle<String>>,
    limit: Option<u64>,
}

impl Child {
    /// Starts `program` as a child and tells it what to build.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn start(program: &Path, job: &Job) -> std::io::Result<Self> {
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
        let missing = || std::io::Error::other("a child without pipes");
        let mut orders = process.stdin.take().ok_or_else(missing)?;
        let (out, err) = (process.stdout.take().ok_or_else(missing)?, process.stderr.take().ok_or_else(missing)?);
        let (sender, replies) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(out).lines().map_while(Result::ok);
            for reply in lines.map_while(|line| serde_json::from_str::<Reply>(&line).ok()) {
                if sender.send(reply).is_err() {
                    return;
                }
            }
        });
        let last_words = std::thread::spawn(move || last_words(err));
        // A child that is dead already is found out when it does not reply.
        let _ = send(&mut orders, job);
        Ok(Self { process, orders, replies, last_words: Some(last_words), limit: job.limit })
    }

    /// Gives an order.
    pub fn tell(&mut self, order: Order) {
        // As above.
        let _ = send(&mut self.orders, &order);
    }

    /// Waits for a reply, `seconds` at most if that is given; where `may_stop`, not when the run is to stop.
    ///
    /// # Errors
    /// Why there is none. The child is dead then.
    pub fn reply(&mut self, seconds: Option<u32>, may_stop: bool) -> Result<Reply, Death> {
        let start = crate::clock::Moment::now();
        loop {
            match self.replies.recv_timeout(LOOK) {
                Ok(reply) => return Ok(reply),
                Err(RecvTimeoutError::Disconnected) => return Err(Death::Ended(self.why())),
                Err(RecvTimeoutError::Timeout) => {}
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

    fn end(&mut self) {
        // Where it is dead already both fail, and nothing is lost.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// How it ended, in words.
    fn why(&mut self) -> String {
        let status = self.process.wait();
        let words = self.last_words.take().and_then(|words| words.join().ok()).unwrap_or_default();
        let last = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("").trim();
        let out_of_memory = words.lines().find(|line| line.contains("memory allocation of"));
        match (out_of_memory, self.limit) {
            (Some(line), Some(limit)) => {
                format!("it needed more than the {} of limits.memory ({})", mib(limit), line.trim())
            }
            (Some(line), None) => format!("it ran out of memory ({})", line.trim()),
            _ => {
                let said = if last.is_empty() { String::new() } else { format!("; its last words: {last}") };
                status.map_or_else(|error| error.to_string(), ending) + &said
            }
        }
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

/// The end of all that is said; the rest is read, so that the child does not wait, and forgotten.
fn last_words(mut said: impl std::io::Read) -> String {
    let (mut words, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match said.read(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return String::from_utf8_lossy(&words).into_owned(),
            Ok(read) => {
                words.extend_from_slice(&buffer[..read]);
                if words.len() > 2 * LAST_WORDS {
                    words.drain(..words.len() - LAST_WORDS);
                }
            }
        }
    }
}

fn send(to: &mut impl std::io::Write, message: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_string(message)?;
    line.push('\n');
    to.write_all(line.as_bytes())?;
    to.flush()
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
    let mut first = String::new();
    if heard.read_line(&mut first).is_err() {
        return ExitCode::FAILURE;
    }
    let Ok(job) = serde_json::from_str::<Job>(&first) else {
        // Somebody who found this command by hand.
        let _ = writeln!(std::io::stderr(), "error: this command is how `swath run` starts its own children");
        return ExitCode::from(2);
    };
    let (sender, orders) = channel();
    std::thread::spawn(move || {
        let lines = heard.lines().map_while(Result::ok);
        for order in lines.map_while(|line| serde_json::from_str::<Order>(&line).ok()) {
            if sender.send(order).is_err() {
                return;
            }
        }
        // The run has ended, whatever is being done here.
        std::process::exit(0);
    });
    let mut reply = |reply: &Reply| send(&mut replies, reply).is_ok();
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
    let _held = job.folder.parent().and_then(|run| lock::share(&run.join(results::TRIALS)));
    let prepared = match prepare(&job) {
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

/// Reads the experiment as the run did, and the dataset as the run has it.
fn prepare(job: &Job) -> Result<Prepared, Failure> {
    let (source, experiment) = config::parse(Source::parse(job.config.clone(), job.text.clone())?)?;
    let experiment = job.cell.as_ref().map_or(experiment.clone(), |cell| cell.of(&experiment).0);
    let found = job.data.read(job.dataset_name.clone(), job.sha256.clone(), job.memory)?;
    experiment::on(source, experiment, found)
}
