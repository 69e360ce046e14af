//! What the user reads when memory runs out. Rust then says that an allocation failed, and aborts the program. The limit, and
//! how to go on, is said here, and the exit code is that of any run that failed.

use signal_hook::consts::SIGABRT;
use std::sync::OnceLock;
use swath::record::machine;

/// What is said of any abort.
static LIMIT: OnceLock<String> = OnceLock::new();

/// What is said of one during a run.
static AGAIN: OnceLock<String> = OnceLock::new();

/// Explains aborts from now on.
pub fn explain() {
    let limit = machine::memory_limit();
    let said = format!("error: swath cannot go on, as is said above; if that is for lack of memory: {limit}\n");
    if LIMIT.set(said).is_ok() {
        // SAFETY: a signal handler may interrupt anything, so it must not allocate, lock or panic. This one reads two cells
        // that are set once, by an atomic load, writes their bytes by the system's call, and ends the process by `_exit`.
        let registered = unsafe { signal_hook::low_level::register(SIGABRT, say_and_end) };
        // If it failed, the system ends the program as it would have.
        drop(registered);
    }
}

/// Tells the command that continues a run whose memory ran out.
pub fn resume_with(again: &str) {
    // A process runs one command.
    let _ = AGAIN.set(format!("  finished work is kept; resume with\n  {again}\n"));
}

/// Runs in the signal handler: no allocation, no lock, no panic.
fn say_and_end() {
    for text in [&LIMIT, &AGAIN].into_iter().filter_map(OnceLock::get) {
        // Standard error may be closed.
        let _ = rustix::io::write(rustix::stdio::stderr(), text.as_bytes());
    }
    signal_hook::low_level::exit(1);
}
