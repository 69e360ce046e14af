//! The child's side: reads its job, builds, and does what each order says.

use super::line::{line, next_line};
use super::{Channel, Job};
use crate::config::{self, Failure, Invalid, YamlSource};
use crate::plan::{self, ListedRuns, Prepared};
use crate::record::{folder, machine};
use crate::run::bench::{Bench, Workplace};
use crate::run::built::{GraphCache, Kept};
use crate::run::cache::Cache;
use crate::run::data;
use crate::run::order::{Order, Reply};
use crate::run::{lock, memory};
use crate::version;
use std::fs::File;
use std::io::{BufReader, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use swath_datasets::Capacity;
use swath_datasets::prepared::Wanted;

/// Works as a child: builds what the first line of standard input says and obeys the orders in the lines that follow.
pub fn work() -> ExitCode {
    match Channel::take() {
        Ok(channel) => work_for(channel),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: no channel to the run: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Works as the child of the run at the other end of `run`.
pub fn work_for(run: Channel) -> ExitCode {
    let Channel { orders: mut heard, replies } = run;
    let mut replies = Replies(replies);
    #[cfg(target_os = "linux")]
    {
        // A run that is killed takes its children along. If this fails they end with their input.
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    }
    let job = match read_job(&mut heard) {
        Ok(job) => job,
        Err(code) => return code,
    };
    let orders = listen(heard);
    match serve(job, &orders, &mut replies) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            replies.send(&Reply::Failed(text(&failure)));
            ExitCode::FAILURE
        }
    }
}

/// Reads the first line.
///
/// # Errors
/// The exit code for a line that is no job. Why is said on standard error, where the run looks for the reason.
fn read_job(heard: &mut BufReader<File>) -> Result<Job, ExitCode> {
    let first = next_line(heard).map_err(|error| misheard("its job", &error))?.unwrap_or_default();
    serde_json::from_str(&first).map_err(|error| {
        if first.starts_with('{') {
            return misheard("its job", &error);
        }
        // A user who found this command.
        let _ = writeln!(std::io::stderr(), "error: this command is how `swath run` starts its own children");
        ExitCode::from(2)
    })
}

/// Reads orders in a thread of its own, which ends the process as soon as the run has ended, whatever is going on.
fn listen(mut heard: BufReader<File>) -> Receiver<Order> {
    let (sender, orders) = channel();
    std::thread::spawn(move || {
        loop {
            let order = match next_line(&mut heard) {
                Ok(None) => std::process::exit(0),
                Ok(Some(line)) => serde_json::from_str::<Order>(&line).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match order {
                Ok(order) if sender.send(order).is_ok() => {}
                Ok(_) => return,
                Err(error) => {
                    let _ = misheard("an order", &error);
                    std::process::exit(1);
                }
            }
        }
    });
    orders
}

/// Says on standard error what could not be understood. It becomes the reason of the child's end.
fn misheard(what: &str, error: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {what} cannot be understood: {error}");
    ExitCode::FAILURE
}

/// Builds, then obeys orders until the run wants no more.
///
/// # Errors
/// Why it could not build.
fn serve(job: Job, orders: &Receiver<Order>, replies: &mut Replies) -> Result<(), Failure> {
    // Threads first: a memory limit that is hit while they start would blame threads, not memory.
    rayon::ThreadPoolBuilder::new().build_global().map_err(|error| {
        Failure::Run(format!("its threads cannot be started ({error}); {}", machine::memory_limit()))
    })?;
    if let Some(bytes) = job.limit {
        memory::limit(bytes).map_err(|error| Failure::Run(format!("its memory cannot be limited: {error}")))?;
    }
    // Held until the process ends.
    let _held = job.folder.parent().and_then(|run| lock::share(&run.join(folder::TRIALS)));
    let scratch = job.cache.as_deref().unwrap_or(&job.folder);
    let capacity = Capacity::with_scratch(machine::memory(), Some(scratch));
    let prepared = prepare_job(&job)?.with_copies_within(&capacity);
    let workload = prepared.workload();
    let cache = job.cache.map(Cache::new);
    let graphs = cache.as_ref().map(|cache| GraphCache {
        cache,
        dataset: &prepared.dataset_name,
        sha256: &prepared.facts.sha256,
    });
    let kept = Kept { graphs, indexes: job.indexes };
    let place = Workplace {
        prepared: &prepared,
        workload: &workload,
        kept,
        folder: job.folder,
        data: Some(job.data),
        starter: Some(version::program_file()),
    };
    let mut bench = Bench::new(place, job.trial, true).map_err(Failure::Run)?;
    let mut is_heard = replies.send(&bench.built(job.trial));
    while is_heard && let Ok(order) = orders.recv() {
        is_heard = replies.send(&bench.obey(order));
    }
    Ok(())
}

/// Reads the experiment's text as the run had it, opens the dataset, and plans the experiment.
fn prepare_job(job: &Job) -> Result<Prepared, Failure> {
    let file = config::parse(YamlSource::parse(job.config.clone(), job.text.clone())?)?;
    let file = job.cell.as_ref().map_or(file.clone(), |cell| cell.of(&file).0);
    let Some(key) = &job.lists_key else {
        let loaded = data::open(&job.data, &job.sha256, Wanted::Search)?;
        return plan::prepare_on(
            file,
            loaded,
            ListedRuns::default().with_known(job.lists.clone()),
            job.programs.clone(),
        );
    };
    // Lists are found by ids.
    let loaded = data::open(&job.data, &job.sha256, Wanted::Everything)?;
    let lists = ListedRuns::read(&file.experiment, &file.source, &loaded.dataset, machine::memory(), Some(key));
    let lists = lists.map_err(|problems| Box::new(Invalid { source: file.source.clone(), problems }))?;
    match lists.changed(&job.lists) {
        Some(what) => Err(Failure::Run(what)),
        None => plan::prepare_on(file, loaded, lists.with_known(job.lists.clone()), job.programs.clone()),
    }
}

/// A failure in one line for the run.
fn text(failure: &Failure) -> String {
    let text = match failure {
        Failure::Invalid(invalid) => {
            let messages: Vec<&str> = invalid.problems.iter().map(|problem| problem.message.as_str()).collect();
            messages.join("; ")
        }
        other => other.to_string(),
    };
    text.trim().to_owned()
}

/// Where replies are written.
struct Replies(File);

impl Replies {
    /// Writes a reply; returns whether the run still reads.
    fn send(&mut self, reply: &Reply) -> bool {
        let line = line(reply).or_else(|error| line(&Reply::Failed(format!("its reply cannot be written: {error}"))));
        line.and_then(|line| self.0.write_all(line.as_bytes())).is_ok()
    }
}
