//! The command of a program, as a file of an experiment names it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use swath_datasets::sha256;

/// A command that can be started: files that it names are seen from the folder of the experiment's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// As it is written.
    pub written: Vec<String>,
    /// What is started.
    pub argv: Vec<OsString>,
    /// The program and the arguments that are files.
    pub files: Vec<PathBuf>,
    /// The folder that files are seen from.
    pub folder: PathBuf,
}

impl Command {
    /// Resolves a command that a file in `folder` names. The first word is a file if it has a `/`, and is looked for in `PATH` otherwise. Each
    /// other word that names a file there becomes that file's whole path, since the program works in a folder of its own.
    ///
    /// # Errors
    /// There is no such program.
    pub fn resolve(written: &[String], folder: &Path) -> Result<Self, String> {
        // That of a file without a folder before its name is this one.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let Some((first, rest)) = written.split_first() else { return Err("it names no command".into()) };
        let program = if first.contains('/') { here(first, &folder)? } else { in_path(first)? };
        let mut files = vec![program.clone()];
        let mut argv = vec![program.into_os_string()];
        for word in rest {
            let path = folder.join(word);
            if !word.starts_with('-') && path.is_file() {
                files.push(path.clone());
                argv.push(path.into_os_string());
            } else {
                argv.push(word.into());
            }
        }
        Ok(Self { written: written.to_vec(), argv, files, folder })
    }

    /// The SHA-256 of each of the files, in their order. What is asked for a second time is read again: it may have changed.
    ///
    /// # Errors
    /// Which file cannot be read.
    pub fn sha256(&self) -> Result<Vec<String>, String> {
        let of = |path: &PathBuf| sha256::of_file(path).map_err(|error| format!("{}: {error}", path.display()));
        self.files.iter().map(of).collect()
    }

    /// Words that look like files, and are none.
    pub fn missing_files(&self) -> Vec<&str> {
        let has_ending = |word: &str| {
            let ending = Path::new(word).extension().map(|ending| ending.to_string_lossy().into_owned());
            ending.is_some_and(|ending| ending.chars().all(|c| c.is_ascii_alphabetic()))
        };
        let is_like_a_file = |word: &str| !word.starts_with('-') && (word.contains('/') || has_ending(word));
        let looks = |word: &&str| is_like_a_file(word) && !self.folder.join(word).exists();
        self.written.iter().skip(1).map(String::as_str).filter(looks).collect()
    }

    /// The command on one line, as a shell would read it.
    pub fn shown(&self) -> String {
        crate::escape::command(self.written.iter().map(OsStr::new))
    }
}

/// A program that is a file seen from `folder`.
fn here(name: &str, folder: &Path) -> Result<PathBuf, String> {
    let path = folder.join(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(format!("there is no program `{name}` seen from {}", folder.display()))
}

/// A program that is found in `PATH`.
fn in_path(name: &str) -> Result<PathBuf, String> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file());
    if let Some((first, rest)) = name.split_once(' ').filter(|_| found.is_none()) {
        let words = rest.split_whitespace().collect::<Vec<_>>().join(", ");
        return Err(format!("there is no program `{name}` in PATH; write a command as a list, `[{first}, {words}]`"));
    }
    found.ok_or_else(|| format!("there is no program `{name}` in PATH; a file beside the experiment's is `./{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_seen_from_the_folder_and_other_words_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("my tools")).expect("made");
        for name in ["mine", "my tools/a b.py", "-c"] {
            std::fs::write(folder.path().join(name), name).expect("written");
        }
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let resolved = Command::resolve(&words(&["./mine", "my tools/a b.py", "-c", "7", "no/such.py"]), folder.path());
        let resolved = resolved.expect("resolved");
        let at = |name: &str| folder.path().join(name);
        assert_eq!(
            resolved.argv[1..],
            [at("my tools/a b.py").into_os_string(), "-c".into(), "7".into(), "no/such.py".into()]
        );
        assert_eq!(resolved.files, [at("./mine"), at("my tools/a b.py")]);
        assert_eq!(resolved.sha256().expect("read"), [sha256::of("mine"), sha256::of("my tools/a b.py")]);
        assert_eq!(resolved.missing_files(), ["no/such.py"]);
        assert_eq!(resolved.shown(), "./mine 'my tools/a b.py' -c 7 no/such.py");
        let missing = Command::resolve(&words(&["./none"]), folder.path()).expect_err("missing");
        assert!(missing.starts_with("there is no program `./none` seen from "), "{missing}");
        let missing = Command::resolve(&words(&["no-such-program-here"]), folder.path()).expect_err("missing");
        assert!(missing.contains("in PATH"), "{missing}");
        let here = Command::resolve(&words(&["sh"]), Path::new("")).expect("in PATH");
        assert_eq!(here.folder, std::env::current_dir().expect("a folder"), "the folder of `x.yaml`");
        assert!(
            Command::resolve(&words(&["sh"]), folder.path()).expect("in PATH").argv[0]
                .to_string_lossy()
                .ends_with("/sh")
        );
    }
}
