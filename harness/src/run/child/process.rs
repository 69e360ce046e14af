//! The run's side: starts a child, sends it orders, waits for its replies, and says why it died.

use super::exit::reason;
use super::line::{line, next_line};
use super::{COMMAND, Job};
use crate::clock::Moment;
use crate::external::ending;
use crate::interrupt;
use crate::run::order::{Order, Reply};
use std::io::{BufRead as _, BufReader, ErrorKind, Read, Write as _};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often a run that waits for a child checks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);

/// The reason for a child's end is looked for in this many last bytes of its standard error.
const LAST_WORDS: usize = 64 * 1024;

/// Seconds that a child may take to end by itself after its channel broke, so that the reason is how it ended. The rest of the
/// standard error of an ended child is waited for as long: a program that the child started may hold it open.
const GRACE: f64 = 2.0;

/// Seconds that the rest of a reply may take after its beginning: a child writes a reply at once.
const REST: f64 = 10.0;

/// What is wrong with a child that closed its output.
const CLOSED: &str = "it closed its channel to the run";

/// What is wrong with a reply that is not whole.
const HALF: &str = "its reply ends in the middle of a line";

/// Why a child gives no more replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Death {
    /// It took longer than it may.
    TimeOut,
    /// The run was asked to stop.
    Stopped,
    /// It ended by itself, or the system ended it.
    Ended(String),
}

/// What is wrong with the channel to a child.
enum ChannelFault {
    /// The child's output ended, or is no reply.
    Output(String),
    /// The child does not read its orders. Its output may still say why.
    Input(String),
}

/// A child that does not read its orders.
struct Deaf {
    why: String,
    since: Moment,
}

/// A child, seen from the run.
pub struct Child {
    process: std::process::Child,
    orders: Sender<String>,
    /// Its replies, and what is wrong with the channel.
    replies: Receiver<Result<Reply, ChannelFault>>,
    /// Set once it does not read its orders.
    deaf: Option<Deaf>,
    /// When a reply began whose end is not here yet.
    begun: Arc<Mutex<Option<Moment>>>,
    /// The end of its standard error so far.
    words: Arc<Mutex<Vec<u8>>>,
    /// Receives nothing, and is disconnected when standard error has ended.
    silence: Receiver<()>,
    limit: Option<u64>,
}

impl Child {
    /// Starts `program` as a child and tells it what to build.
    ///
    /// # Errors
    /// The system's refusal, or that the job cannot be written as JSON.
    pub fn start(program: &Path, job: &Job) -> std::io::Result<Self> {
        let first = line(job)?;
        let mut process = command(program, job.limit.is_some()).spawn()?;
        let pipes = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (orders, lines) = channel();
        let (sender, replies) = channel();
        let (said, silence) = channel();
        let (words, begun) = (Arc::default(), Arc::default());
        // Made first: if a thread cannot be started, dropping it ends the child.
        let child = Self {
            process,
            orders,
            replies,
            deaf: None,
            begun: Arc::clone(&begun),
            words: Arc::clone(&words),
            silence,
            limit: job.limit,
        };
        let (Some(stdin), Some(out), Some(err)) = pipes else {
            return Err(std::io::Error::other("a child without pipes"));
        };
        let thread = std::thread::Builder::new;
        let faults = sender.clone();
        thread().spawn(move || write_orders(stdin, &lines, &faults))?;
        thread().spawn(move || read_replies(out, &sender, &begun))?;
        thread().spawn(move || {
            keep_last_words(err, &words);
            drop::<Sender<()>>(said);
        })?;
        child.send(first);
        Ok(child)
    }

    /// Sends an order.
    ///
    /// # Errors
    /// That it cannot be written as JSON.
    pub fn tell(&mut self, order: Order) -> Result<(), Death> {
        let line = line(&order).map_err(|error| Death::Ended(format!("its order cannot be written: {error}")))?;
        self.send(line);
        Ok(())
    }

    /// Sends a line. If nobody reads it any more, [`Child::reply`] finds that out.
    fn send(&self, line: String) {
        let _ = self.orders.send(line);
    }

    /// Waits for a reply, at most `seconds` if given. With `may_stop` it gives up as soon as the user asks the run to stop.
    ///
    /// # Errors
    /// Why there is no reply. The child is dead then.
    pub fn reply(&mut self, seconds: Option<u32>, may_stop: bool) -> Result<Reply, Death> {
        let start = Moment::now();
        loop {
            match self.receive() {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => {}
                Err(fault) => return Err(Death::Ended(self.why(&fault))),
            }
            // Asked in any case: this also tells the user that the request was heard.
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

    /// Waits for a reply, at most [`LOOK`]; `None` if none came so far.
    ///
    /// # Errors
    /// Why none can come.
    fn receive(&mut self) -> Result<Option<Reply>, String> {
        // Checked first: what the child wrote before it ended has arrived by then.
        let has_ended = matches!(self.process.try_wait(), Ok(Some(_)));
        match self.replies.recv_timeout(LOOK) {
            Ok(Ok(reply)) => Ok(Some(reply)),
            Ok(Err(ChannelFault::Output(what))) => Err(what),
            // A child that has ended reads no orders either. Its output, which may arrive a moment later, holds the reason.
            Ok(Err(ChannelFault::Input(why))) => {
                self.deaf = Some(Deaf { why, since: Moment::now() });
                Ok(None)
            }
            // A program that the child started may hold its output open.
            Err(RecvTimeoutError::Timeout) if has_ended => Err(CLOSED.to_owned()),
            Err(RecvTimeoutError::Timeout) => match self.half_a_reply().or_else(|| self.deafness()) {
                Some(fault) => Err(fault),
                None => Ok(None),
            },
            Err(RecvTimeoutError::Disconnected) => Err(CLOSED.to_owned()),
        }
    }

    /// A fault if the end of a reply has been missing for too long.
    fn half_a_reply(&self) -> Option<String> {
        let begun = *self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.filter(|begun| begun.elapsed() > REST).map(|_| HALF.to_owned())
    }

    /// A fault if the child has not read its orders for too long.
    fn deafness(&self) -> Option<String> {
        self.deaf.as_ref().filter(|deaf| deaf.since.elapsed() > GRACE).map(|deaf| deaf.why.clone())
    }

    /// Ends a child whose reply does not fit its order, and says so.
    pub fn misunderstood(&mut self) -> Death {
        Death::Ended(self.why("it replied to something that it was not asked"))
    }

    fn end(&mut self) {
        // Both fail if it is dead already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Why the child died, in words: how it ended and the last line that it said. A child that lives on after `fault` is
    /// killed.
    fn why(&mut self, fault: &str) -> String {
        let ended = self.wait_or_end(fault);
        let _ = self.silence.recv_timeout(Duration::from_secs_f64(GRACE));
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        reason(&ended, &String::from_utf8_lossy(&words), self.limit)
    }

    /// Waits until the child has ended, at most [`GRACE`] seconds, and kills it then. Returns how it ended.
    fn wait_or_end(&mut self, fault: &str) -> String {
        let begun = Moment::now();
        loop {
            match self.process.try_wait() {
                Ok(None) if begun.elapsed() < GRACE => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) => {
                    self.end();
                    return format!("{fault}, and lived on until it was ended");
                }
                // Its exit code is no reason, so the fault must be.
                Ok(Some(status)) if status.success() => return format!("{fault}, and {}", ending(status)),
                Ok(Some(status)) => return ending(status),
                Err(error) => return error.to_string(),
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// The command that starts a child, which may be limited in memory.
fn command(program: &Path, is_limited: bool) -> Command {
    let mut command = Command::new(program);
    command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if is_limited {
        // A backtrace takes memory. If none is left, the panic in the backtrace waits for itself, and the run for both.
        command.env("RUST_BACKTRACE", "0");
    }
    #[cfg(unix)]
    {
        // Ctrl-C is for the run alone, which ends its children after the current step.
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
    }
    command
}

/// Passes orders on to a child, which may take its time to read them.
fn write_orders(mut to: ChildStdin, orders: &Receiver<String>, faults: &Sender<Result<Reply, ChannelFault>>) {
    for order in orders {
        if let Err(error) = to.write_all(order.as_bytes()).and_then(|()| to.flush()) {
            // If this cannot be sent, the run no longer waits for the child.
            let _ = faults.send(Err(ChannelFault::Input(format!("it does not read its orders ({error})"))));
            return;
        }
    }
}

/// Reads a child's replies until its output ends or is no reply.
fn read_replies(from: impl Read, replies: &Sender<Result<Reply, ChannelFault>>, begun: &Mutex<Option<Moment>>) {
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
        if replies.send(reply.map_err(ChannelFault::Output)).is_err() || is_last {
            return;
        }
    }
}

/// Keeps the end of everything that a child says on standard error. All of it is read, so that the child never waits.
fn keep_last_words(mut said: impl Read, words: &Mutex<Vec<u8>>) {
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
