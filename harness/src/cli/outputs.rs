//! The findings of `check` and `compare`: on the terminal, for CI systems, and in files.

use super::export::path_option;
use super::table::table;
use super::terminal::{complain, print, print_raw};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use swath::ci::check::outputs::{self, Checked, HEADINGS, OUTPUTS, Output, Place};
use swath::config::Failure;
use swath::escape;
use swath_datasets::whole_file::{can_write, make_folder, write_whole};

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
    /// Refuses to replace files that no earlier check wrote, files that cannot be written, and one file for two outputs. Called
    /// before the check, which takes minutes.
    ///
    /// # Errors
    /// [`Failure::Input`] with the file.
    pub fn refuse(&self) -> Result<(), Failure> {
        self.0.iter().try_for_each(Wanted::refuse)?;
        let files = self.0.iter().flat_map(Wanted::named_files).chain(summary().map(|path| (SUMMARY.to_owned(), path)));
        let files: Vec<(String, PathBuf, PathBuf)> = files.map(|(name, path)| (name, whole(&path), path)).collect();
        for (i, (name, place, path)) in files.iter().enumerate() {
            let clash = files[..i].iter().find(|(_, other, _)| other.starts_with(place) || place.starts_with(other));
            if let Some((other, other_place, other_path)) = clash {
                let (one, two) = (escape::path(other_path), escape::path(path));
                let how = if other_place == place {
                    format!("{one} and {two} are one file")
                } else {
                    format!("{one} and {two} cannot be a file and a folder at once")
                };
                return Err(Failure::Input(format!(
                    "{other} and {name} cannot both be written: {how}\n  name another file for one of them"
                )));
            }
        }
        Ok(())
    }
}

impl Wanted {
    /// Its files, each with the option that names it.
    fn named_files(&self) -> impl Iterator<Item = (String, PathBuf)> {
        let name = format!("--{}", self.output.name());
        self.output.files(&self.at).into_iter().map(move |path| (name.clone(), path))
    }

    /// Refuses to replace a file of another form, and a file that cannot be written.
    fn refuse(&self) -> Result<(), Failure> {
        for path in self.output.files(&self.at) {
            let shown = escape::path(&path);
            let refused = can_write(&path).err();
            if let Some(error) = refused {
                return Err(Failure::Input(format!("--{}: cannot write {shown}: {error}", self.output.name())));
            }
            if !self.output.may_replace(&path) {
                let message = format!("{shown} already exists and is not a {} of `swath check`", self.output.words());
                return Err(Failure::Input(message + "\n  name another file, or move this one away"));
            }
        }
        Ok(())
    }

    /// Writes its files.
    fn write(&self, checked: &Checked<'_>) -> Result<(), Failure> {
        self.refuse()?;
        for (path, text) in self.output.files(&self.at).iter().zip(self.output.texts(checked)) {
            make_folder(path.parent().unwrap_or(Path::new(""))).map_err(|error| unwritten(path, &error))?;
            write_whole(path, text.as_bytes()).map_err(|error| unwritten(path, &error))?;
        }
        Ok(())
    }
}

/// The variable in which GitHub names the file of the step's summary.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// The file of the step's summary, if there is one.
fn summary() -> Option<PathBuf> {
    std::env::var_os(SUMMARY).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The one path of a file that several paths lead to: absolute, without links and `..`. Its last parts need not exist.
fn whole(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for known in absolute.ancestors() {
        let Ok(mut whole) = known.canonicalize() else { continue };
        for part in absolute.strip_prefix(known).unwrap_or(Path::new("")).components() {
            match part {
                Component::ParentDir => drop(whole.pop()),
                part => whole.push(part),
            }
        }
        return whole;
    }
    absolute
}

/// Writes the findings to the terminal, for CI systems, and into files. GitHub shows its annotations at `file`.
///
/// # Errors
/// The first file that cannot be written. The others are written all the same.
pub fn report(checked: &Checked<'_>, outputs: &Outputs, file: &Path) -> Result<(), Failure> {
    print(&terminal(checked))?;
    checked.bad().for_each(|finding| complain(&format!("error: {}", finding.sentence())));
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        print_raw(&outputs::github::annotations(checked, &file.display().to_string()))?;
    }
    let summarised = summary().map_or(Ok(()), |summary| {
        // The file belongs to the CI system, and other steps append to it, too.
        let markdown = outputs::markdown::text(checked);
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&summary);
        let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, markdown.as_bytes()));
        written.map_err(|error| unwritten(&summary, &error))
    });
    let written: Vec<Result<(), Failure>> = outputs.0.iter().map(|wanted| wanted.write(checked)).collect();
    written.into_iter().fold(summarised, Result::and)
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
    let why = if checked.timed { "" } else { " (--quality-only)" };
    format!("{caution}{found}{}{why}\n", checked.verdict())
}

/// Exit code 1 if a measure has become worse or a trial failed.
pub fn code(checked: &Checked<'_>) -> ExitCode {
    if checked.bad().count() > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS }
}
