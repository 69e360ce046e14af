//! The two processes between swath and a program, which are swath itself by hidden commands.
//!
//! swath starts the *watcher*, the watcher starts the *starter*, and this becomes the program. The program has the watcher's standard
//! streams, and so talks with swath directly.
//!
//! - The watcher adopts whatever the program leaves behind. When the program has ended, or swath has, it ends all of them, and removes
//!   the folder that they worked in. So nothing is left even if swath is killed.
//! - The starter asks the kernel to be killed if the watcher dies. A program keeps that as it replaces the starter.

use super::Fault;
use super::ending::ending;
use super::family::Family;
use crate::clock::Moment;
use rustix::process::{Pid, Signal, getpid, getppid};
use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::Duration;

/// The command that makes swath a watcher. Its arguments: the process that it works for, the program's folder, and the command.
pub const WATCH: &str = "watch-a-program";

/// The command that makes swath a program. Its arguments: the watcher's process, and the command.
pub const BECOME: &str = "become-a-program";

/// How often a watcher looks.
const LOOK: Duration = Duration::from_millis(20);

/// Seconds that what a program leaves behind has between being asked to end and being ended.
const GRACE: f64 = 1.0;

/// The exit code for a program that cannot be started, as shells have it.
const NOT_STARTED: u8 = 127;

/// Runs a program for the process `of`, in `folder`, and ends and removes what it leaves behind. Ends as the program did.
pub fn watch(of: i32, folder: &Path, argv: &[OsString]) -> ExitCode {
    #[cfg(target_os = "linux")]
    {
        // Without it orphans are left to the system.
        let _ = rustix::process::set_child_subreaper(Some(getpid()));
    }
    let status = start(argv).map(|mut program| {
        loop {
            match program.try_wait() {
                Ok(None) if getppid().map(Pid::as_raw_nonzero).is_some_and(|parent| parent.get() == of) => {
                    std::thread::sleep(LOOK);
                }
                Ok(status) => break status,
                Err(_) => break None,
            }
        }
    });
    end_all();
    // It is swath's own; what cannot be removed is left.
    let _ = std::fs::remove_dir_all(folder);
    match status {
        Ok(Some(status)) => end_as(status),
        Ok(None) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "cannot be started: {error}");
            ExitCode::from(NOT_STARTED)
        }
    }
}

/// Starts the starter, and keeps no hold of the program's standard input and output.
fn start(argv: &[OsString]) -> std::io::Result<std::process::Child> {
    let own = std::env::current_exe()?;
    let watcher = getpid().as_raw_nonzero().to_string();
    let program = Command::new(own).args([BECOME, &watcher, "--"]).args(argv).spawn()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    Ok(program)
}

/// Asks all that are left to end, then ends them.
fn end_all() {
    #[cfg(target_os = "linux")]
    {
        let family = Family { root: getpid() };
        let begun = Moment::now();
        family.signal(Signal::TERM);
        // One that is stopped would never hear it.
        family.signal(Signal::CONT);
        while family.members().iter().any(|&member| is_alive(member)) && begun.elapsed() < GRACE {
            std::thread::sleep(LOOK);
        }
        family.signal(Signal::KILL);
    }
    #[cfg(not(target_os = "linux"))]
    {
        // The group has the watcher, too: this is its end.
        Family { root: getpid() }.signal(Signal::KILL);
    }
}

/// Whether a process has not ended: one that nobody has waited for yet is no longer alive.
#[cfg(target_os = "linux")]
fn is_alive(process: Pid) -> bool {
    let path = format!("/proc/{}/stat", process.as_raw_nonzero());
    let text = swath_datasets::bounded::read_text(Path::new(&path), swath_datasets::bounded::TEXT).unwrap_or_default();
    text.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Ends this process as another one ended.
fn end_as(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt as _;
    if let Some(signal) = status.signal().and_then(Signal::from_named_raw) {
        // No second core file.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
        let _ = rustix::process::kill_process(getpid(), signal);
    }
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Becomes a program that the process `watcher` watches. Returns only if that fails.
pub fn become_program(watcher: i32, argv: &[OsString]) -> ExitCode {
    use std::os::unix::process::CommandExt as _;
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
        // A program that ends its process group must not end the watcher, too.
        let _ = rustix::process::setpgid(None, None);
        // The memory of a program is limited by what it holds, not by what it maps.
        let hard = getrlimit(Resource::Data).maximum;
        let _ = setrlimit(Resource::Data, Rlimit { current: hard, maximum: hard });
    }
    if getppid().is_none_or(|parent| parent.as_raw_nonzero().get() != watcher) {
        return ExitCode::FAILURE;
    }
    let Some((program, arguments)) = argv.split_first() else { return ExitCode::from(NOT_STARTED) };
    let error = Command::new(program).args(arguments).exec();
    let _ = writeln!(std::io::stderr(), "{} cannot be started: {error}", program.to_string_lossy());
    ExitCode::from(NOT_STARTED)
}

/// The fault of a program that ended in this way.
pub(super) fn ended(status: std::io::Result<ExitStatus>) -> Fault {
    Fault::Ended(status.map_or_else(|error| error.to_string(), ending))
}
