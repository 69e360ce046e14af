//! Commands of swath in messages, quoted so that they can be copied into a shell.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use swath::escape;

/// The options for folders of this command. Shown commands get the same options.
static PLACES: OnceLock<Vec<OsString>> = OnceLock::new();

/// Remembers the folders that this command was given, for the commands that it shows.
pub fn remember(data: &[PathBuf], cache: Option<&Path>) {
    let data = data.iter().map(|folder| ("--data-dir", folder.as_path()));
    let places = data.chain(cache.map(|folder| ("--cache-dir", folder)));
    let words = places.flat_map(|(name, folder)| [OsString::from(name), folder.as_os_str().to_owned()]);
    // A process has one command line.
    let _ = PLACES.set(words.collect());
}

/// A command of swath.
pub struct Shown(Vec<OsString>);

impl Shown {
    /// `swath` and the words of a command.
    pub fn new(words: &[&str]) -> Self {
        Self(std::iter::once("swath").chain(words.iter().copied()).map(OsString::from).collect())
    }

    /// Adds a file or folder; one that begins with `-` gets `./` in front, so that it is not taken for an option.
    pub fn path(mut self, path: &Path) -> Self {
        let is_option = path.as_os_str().as_encoded_bytes().starts_with(b"-");
        self.0.push(if is_option { Path::new(".").join(path).into() } else { path.into() });
        self
    }

    /// Adds an option with its value, if there is one.
    pub fn option(mut self, name: &str, value: Option<impl AsRef<OsStr>>) -> Self {
        if let Some(value) = value {
            let value = value.as_ref();
            // A value that begins with `-` is joined to the option by `=`.
            if value.as_encoded_bytes().starts_with(b"-") {
                let mut word = OsString::from(format!("{name}="));
                word.push(value);
                self.0.push(word);
            } else {
                self.0.extend([name.into(), value.to_owned()]);
            }
        }
        self
    }

    /// Adds an option, if it was given.
    pub fn flag(mut self, name: &str, given: bool) -> Self {
        self.0.extend(given.then(|| name.into()));
        self
    }

    /// The whole command.
    pub fn whole(&self) -> String {
        let places = PLACES.get().map_or(&[][..], Vec::as_slice);
        escape::command(self.0.iter().chain(places).map(OsString::as_os_str))
    }
}
