//! The findings of `check` and `compare`: on the terminal, for CI systems, and in files.

use super::export::path_option;
use super::table::table;
use super::terminal::{complain, print, print_raw};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::ci::check::outputs::{self, Checked, HEADINGS, OUTPUTS, Output, Place};
use swath::config::Failure;
use swath::escape;
use swath_datasets::whole_file::{make_folder, write_whole};

/// The outputs that the user wants in files.
pub struct Outputs(Vec<Wanted>);

/// An output with the file or folder that it goes into.
struct Wanted {
    output: &'static dyn Output,
    at: PathBuf,
}

impl Args for Outputs {
    fn augment_args(command: Command) -> Command {
        OUTPUTS.iter().fold(command, |command, output| {
            let value = if output.place() == Place::File { "FILE" } else { "DIR" };
            command.arg(path_option(output.name(), value, output.about()))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Outputs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let wanted = |&output: &&'static dyn Output| {
            Some(Wanted { output, at: matches.get_one::<PathBuf>(output.name())?.clone() })
        };
        Ok(Self(OUTPUTS.iter().filter_map(wanted).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Outputs {
    /// Refuses to replace files that no earlier check wrote. Called before the check, which takes minutes.
    ///
    /// # Errors
    /// [`Failure::Input`] if another file is in the way.
    pub fn refuse(&self) -> Result<(), Failure> {
        for Wanted { output, at } in &self.0 {
            if let Some(path) = output.files(at).iter().find(|path| !output.may_replace(path)) {
                let message =
                    format!("{} already exists and is not a {} of `swath check`", path.display(), output.words());
                return Err(Failure::Input(message + "\n  name another file, or move this one away"));
            }
        }
        Ok(())
    }
}

/// Writes the findings to the terminal, for CI systems, and into files. GitHub shows its annotations at `file`.
pub fn report(checked: &Checked<'_>, outputs: &Outputs, file: &Path) -> Result<(), Failure> {
    print(&terminal(checked))?;
    checked.bad().for_each(|finding| complain(&format!("error: {}", finding.sentence())));
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        print_raw(&outputs::github::annotations(checked, &file.display().to_string()))?;
    }
    if let Some(summary) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        // The file belongs to the CI system, and other steps append to it, too.
        let markdown = outputs::markdown::text(checked);
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&summary);
        let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, markdown.as_bytes()));
        written.map_err(|error| unwritten(Path::new(&summary), &error))?;
    }
    outputs.refuse()?;
    for Wanted { output, at } in &outputs.0 {
        for (path, text) in output.files(at).iter().zip(output.texts(checked)) {
            make_folder(path.parent().unwrap_or(Path::new(""))).map_err(|error| unwritten(path, &error))?;
            write_whole(path, text.as_bytes()).map_err(|error| unwritten(path, &error))?;
        }
    }
    Ok(())
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Run(format!("cannot write {}: {error}", escape::path(path)))
}

/// A caution if there is one, a table of changes, and a sentence.
pub fn terminal(checked: &Checked<'_>) -> String {
    let mut rows = outputs::rows(checked.findings, false);
    let found = if rows.is_empty() {
        String::new()
    } else {
        rows.insert(0, HEADINGS.iter().map(|heading| (*heading).to_owned()).collect());
        table(&rows, 2..5) + "\n"
    };
    let caution =
        checked.caution().map_or_else(String::new, |caution| format!("caution: {}\n\n", escape::terminal(&caution)));
    format!("{caution}{found}{}\n", checked.verdict())
}

/// Exit code 1 if a measure has become worse or a trial failed.
pub fn code(checked: &Checked<'_>) -> ExitCode {
    if checked.bad().count() > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS }
}
