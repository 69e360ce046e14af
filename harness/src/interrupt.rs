//! Ctrl-C and other requests to stop.
//!
//! While trials run ([`hold`]) the current step is finished, and finished work is kept. All other long work (reading, hashing,
//! drawing, diagnosing, resampling, rendering) ends at once: it has nothing to lose, and a file under its final name is whole.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// The exit code of a program that was asked to stop: 128 plus the number of SIGINT.
pub const EXIT_CODE: u8 = 130;

/// How often the watching thread checks for a request to stop.
const LOOK: Duration = Duration::from_millis(50);

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
static ANSWERED: AtomicBool = AtomicBool::new(false);
static HOLDS: AtomicUsize = AtomicUsize::new(0);
static AT_END: Mutex<AtEnd> = Mutex::new(AtEnd { words: String::new(), folders: Vec::new() });

/// What to do when the program ends on request.
struct AtEnd {
    words: String,
    folders: Vec<PathBuf>,
}

/// Listens for requests to stop. The first ends the program unless something [holds](hold) it; the second always does.
pub fn listen() {
    let asked = ASKED.get_or_init(Arc::default);
    #[cfg(unix)]
    let signals = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
    #[cfg(not(unix))]
    let signals = [SIGINT, SIGTERM];
    // Without a thread or a listener the system ends the program, and a run can still be resumed.
    if std::thread::Builder::new().spawn(watch).is_err() {
        return;
    }
    for signal in signals {
        // The first call ends the program if it was asked before; the second records that it was asked.
        let _ = flag::register_conditional_shutdown(signal, i32::from(EXIT_CODE), Arc::clone(asked));
        let _ = flag::register(signal, Arc::clone(asked));
    }
}

/// Ends the program once it is asked to stop and nothing holds it.
fn watch() {
    while !(is_asked() && HOLDS.load(Ordering::SeqCst) == 0) {
        std::thread::sleep(LOOK);
    }
    let end = at_end();
    end.folders.iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
    let words = if end.words.is_empty() { "stopped" } else { &end.words };
    // Standard error may be closed.
    let _ = writeln!(std::io::stderr(), "{words}");
    std::process::exit(i32::from(EXIT_CODE));
}

fn is_asked() -> bool {
    ASKED.get().is_some_and(|asked| asked.load(Ordering::SeqCst))
}

fn at_end() -> MutexGuard<'static, AtEnd> {
    AT_END.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets the message for the end of the program on request.
pub fn say(words: String) {
    at_end().words = words;
}

/// A folder that is removed if the program ends on request while this value lives.
#[derive(Debug)]
pub struct Vanishing(PathBuf);

impl Vanishing {
    /// Registers a folder.
    pub fn new(folder: &Path) -> Self {
        at_end().folders.push(folder.to_owned());
        Self(folder.to_owned())
    }
}

impl Drop for Vanishing {
    fn drop(&mut self) {
        at_end().folders.retain(|folder| *folder != self.0);
    }
}

/// While it lives, a request to stop does not end the program; the holder has to ask [`asked`].
#[derive(Debug)]
pub struct Hold(());

/// Keeps the first request to stop from ending the program.
pub fn hold() -> Hold {
    HOLDS.fetch_add(1, Ordering::SeqCst);
    Hold(())
}

impl Hold {
    /// Holds until the program ends: it is about to stop by itself.
    pub fn for_ever(self) {
        std::mem::forget(self);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        HOLDS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Turns a write beyond the allowed file size into an error that can be reported; by default it ends the program.
pub fn let_writes_fail() {
    #[cfg(unix)]
    {
        // If this fails, such a write ends the program.
        let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    }
}

/// Whether the program is asked to stop. The first time it also tells the user that the request was heard.
pub fn asked() -> bool {
    let asked = is_asked();
    if asked && !ANSWERED.swap(true, Ordering::SeqCst) {
        // Standard error may be closed.
        let _ = writeln!(std::io::stderr(), "stopping after the current step; a second request stops at once");
    }
    asked
}
