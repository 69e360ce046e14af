//! Ctrl-C, and what else asks a program to stop.
//!
//! While trials are run ([`hold`]) the step at hand is finished, and what is done is kept. Everything else that takes long
//! (reading, hashing, drawing, diagnosing, resampling, rendering) is ended at once: it keeps nothing that could be lost, and
//! a file under its name is whole.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// The exit code of a program that was asked to stop: 128 and the number of SIGINT.
pub const EXIT_CODE: u8 = 130;

/// How often it is looked whether the program is asked to stop.
const LOOK: Duration = Duration::from_millis(50);

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
static ANSWERED: AtomicBool = AtomicBool::new(false);
static HOLDS: AtomicUsize = AtomicUsize::new(0);
static AT_END: Mutex<AtEnd> = Mutex::new(AtEnd { words: String::new(), folders: Vec::new() });

/// What is to be done when the program is ended.
struct AtEnd {
    words: String,
    folders: Vec<PathBuf>,
}

/// Listens from now on to what asks a program to stop, and ends it unless something [holds](hold) it. The second time it
/// is ended whatever holds it.
pub fn listen() {
    let asked = ASKED.get_or_init(Arc::default);
    #[cfg(unix)]
    let signals = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
    #[cfg(not(unix))]
    let signals = [SIGINT, SIGTERM];
    // Where there can be no thread or no listener the system ends the program, and a run can be gone on with all the same.
    if std::thread::Builder::new().spawn(watch).is_err() {
        return;
    }
    for signal in signals {
        // The first of the two looks whether it was asked before; the second notes that it was.
        let _ = flag::register_conditional_shutdown(signal, i32::from(EXIT_CODE), Arc::clone(asked));
        let _ = flag::register(signal, Arc::clone(asked));
    }
}

/// Ends the program when it is asked to stop while nothing holds it.
fn watch() {
    while !(is_asked() && HOLDS.load(Ordering::SeqCst) == 0) {
        std::thread::sleep(LOOK);
    }
    let end = at_end();
    end.folders.iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
    let words = if end.words.is_empty() { "stopped" } else { &end.words };
    // There may be nobody to tell.
    let _ = writeln!(std::io::stderr(), "{words}");
    std::process::exit(i32::from(EXIT_CODE));
}

fn is_asked() -> bool {
    ASKED.get().is_some_and(|asked| asked.load(Ordering::SeqCst))
}

fn at_end() -> MutexGuard<'static, AtEnd> {
    AT_END.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is said from now on when the program is ended.
pub fn say(words: String) {
    at_end().words = words;
}

/// A folder that is removed with the program, if that is ended while this is alive.
#[derive(Debug)]
pub struct Vanishing(PathBuf);

impl Vanishing {
    /// That folder.
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

/// While it lives, who asks the program to stop is left to [`asked`].
#[derive(Debug)]
pub struct Hold(());

/// Keeps the program from being ended at once.
pub fn hold() -> Hold {
    HOLDS.fetch_add(1, Ordering::SeqCst);
    Hold(())
}

impl Hold {
    /// Holds until the program has ended: it is stopping by itself.
    pub fn for_ever(self) {
        std::mem::forget(self);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        HOLDS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Makes a write beyond the allowed size of files an error that can be told, and not the program's end.
pub fn let_writes_fail() {
    #[cfg(unix)]
    {
        // Where this cannot be done the system ends the program.
        let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    }
}

/// Whether the program is asked to stop; says that it was heard.
pub fn asked() -> bool {
    let asked = is_asked();
    if asked && !ANSWERED.swap(true, Ordering::SeqCst) {
        // There may be nobody to tell.
        let _ = writeln!(std::io::stderr(), "stopping when the step at hand is done; once more stops at once");
    }
    asked
}
