//! `swath external new`.

use super::super::places::Places;
use super::super::shown::Shown;
use super::super::terminal::print;
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swath::config::Failure;
use swath::escape;
use swath_datasets::whole_file;

/// Write a program to start from, with its kit and an experiment that runs it
#[derive(Args)]
#[command(after_help = "\
Examples:
  swath external new python
  swath external new python --folder my-algorithm")]
pub struct Arguments {
    /// The language
    language: Language,
    /// The folder for the files; it is made if it does not exist
    #[arg(long, value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    /// Python 3.9 or newer with numpy
    Python,
}

/// A file of a starter: its name and its content.
type StarterFile = (&'static str, &'static str);

impl Language {
    fn files(self) -> [StarterFile; 3] {
        match self {
            Self::Python => [
                ("mine.py", include_str!("../../../../kits/python/starter.py")),
                ("swath_retriever.py", include_str!("../../../../kits/python/swath_retriever.py")),
                ("mine.yaml", include_str!("../../../../kits/python/starter.yaml")),
            ],
        }
    }

    /// The command that starts the program in a folder.
    fn command(self, folder: &Path) -> [String; 2] {
        match self {
            Self::Python => ["python3".into(), folder.join("mine.py").to_string_lossy().into_owned()],
        }
    }
}

impl Arguments {
    /// Writes the files; none if one of them exists.
    pub fn run(self, _places: &Places) -> Result<ExitCode, Failure> {
        let folder = &self.folder;
        let files = self.language.files();
        if let Some((name, _)) = files.iter().find(|(name, _)| folder.join(name).exists()) {
            let path = escape::path(&folder.join(name));
            return Err(Failure::Input(format!("{path} already exists; name another folder with --folder")));
        }
        let unwritten =
            |path: &Path, error: &std::io::Error| Failure::Run(format!("cannot write {}: {error}", escape::path(path)));
        whole_file::make_folder(folder).map_err(|error| unwritten(folder, &error))?;
        let mut said = String::new();
        for (name, content) in files {
            let path = folder.join(name);
            whole_file::write_new(&path, content.as_bytes()).map_err(|error| unwritten(&path, &error))?;
            // Writing to a text cannot fail.
            let _ = writeln!(said, "wrote {}", escape::path(&path));
        }
        let check = Shown::new(&["external", "check"]).whole();
        let run = Shown::new(&["run", "--allow-external"]).path(&folder.join("mine.yaml")).whole();
        print(&format!("{said}check it: {check} {}\nrun it: {run}\n", self.language.command(folder).join(" ")))
    }
}
