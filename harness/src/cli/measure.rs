//! How `check` and `baseline` measure an experiment.

use super::places::{Places, own_graphs};
use super::terminal::note;
use clap::Args;
use std::path::PathBuf;
use swath::ci::check::{Session, Snapshot};
use swath::config::{self, CheckSpec, ExperimentFile, Failure};
use swath::escape;
use swath::plan::cells::kind_of_cells;
use swath::plan::{self, Prepared, Resources};
use swath::record::folder::CellKind;
use swath::run::Means;
use swath::run::cache::Cache;

// No doc comment: clap would take it for the help of the command.
#[derive(Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub struct MeasureArguments {
    /// The experiment, a YAML file
    pub config: PathBuf,
    /// Do not compare times
    #[arg(long)]
    pub quality_only: bool,
    /// Use the dataset and graphs that earlier runs kept, instead of reading and building each again; a change in how they
    /// are read or built then goes unnoticed
    #[arg(long)]
    cached_graphs: bool,
    /// Run all in one process, for debugging
    #[arg(long)]
    no_isolation: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

impl MeasureArguments {
    /// Reads the experiment.
    ///
    /// # Errors
    /// [`Failure`] if it is wrong, or a sweep.
    pub fn open(&self) -> Result<ExperimentFile, Failure> {
        let file = config::open(&self.config)?;
        if let Some(kind) = kind_of_cells(&file.experiment) {
            let (config, what) = (escape::path(&self.config), kind.words());
            let message = format!("{config}: {what} is many experiments, but only one can be checked");
            let help = match kind {
                CellKind::Size => "remove `sweep`, and write the size to check instead",
                CellKind::Dataset => "write `dataset` with the one to check in place of `datasets`",
            };
            return Err(Failure::Input(format!("{message}\n  {help}")));
        }
        Ok(file)
    }

    fn prepare(&self, resources: Resources<'_>) -> Result<Prepared, Failure> {
        let prepared = plan::prepare_experiment(self.open()?, None, None, resources)?.examined();
        prepared.all_notes().for_each(|text| note(text));
        Ok(prepared)
    }

    /// Measures the experiment, and times it in `times` times its number of rounds. `then` may time it further.
    pub fn look<T>(
        &self,
        places: &Places,
        times: usize,
        then: impl FnOnce(&mut Session<'_>, Snapshot, &CheckSpec) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let resources = places.resources().keeping_if(self.cached_graphs);
        let prepared = self.prepare(resources)?;
        // Each graph is built once; the process of each round reads it.
        let own = own_graphs()?;
        let graphs = Cache::new(own.path().to_owned());
        let program = (!self.no_isolation).then(swath::version::program_file);
        let means = Means {
            program: program.as_deref(),
            resources,
            cache: if self.cached_graphs { places.cache.as_ref() } else { Some(&graphs) },
            cell: None,
        };
        let spec = &prepared.plan.experiment.check;
        let mut session = Session::new(&prepared, means, self.quiet)?;
        let rounds = if self.quality_only { 0 } else { times * spec.rounds.size() };
        let (state, notes) = session.look(rounds)?;
        notes.iter().for_each(|text| note(text));
        then(&mut session, state, spec)
    }
}
