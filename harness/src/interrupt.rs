//! Ctrl-C, and what else asks a program to stop: the step at hand is finished, and what is done is kept.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// The exit code of a program that was asked to stop: 128 and the number of SIGINT.
pub const EXIT_CODE: u8 = 130;

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
static ANSWERED: AtomicBool = AtomicBool::new(false);

/// Listens from now on to what asks a program to stop. The second time ends it at once.
pub fn listen() {
    let asked = ASKED.get_or_init(Arc::default);
    #[cfg(unix)]
    let signals = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
    #[cfg(not(unix))]
    let signals = [SIGINT, SIGTERM];
    for signal in signals {
        // Where there can be no listener the system ends the program, and the run can be gone on with all the same. The
        // first of the two looks whether it was asked before; the second notes that it was.
        let _ = flag::register_conditional_shutdown(signal, i32::from(EXIT_CODE), Arc::clone(asked));
        let _ = flag::register(signal, Arc::clone(asked));
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
    let asked = ASKED.get().is_some_and(|asked| asked.load(Ordering::SeqCst));
    if asked && !ANSWERED.swap(true, Ordering::SeqCst) {
        // There may be nobody to tell.
        let _ = writeln!(std::io::stderr(), "stopping when the step at hand is done; once more stops at once");
    }
    asked
}
