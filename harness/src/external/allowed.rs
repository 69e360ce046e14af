//! Commands that the user has allowed to run on this machine. An experiment's file that names commands is code: one from elsewhere
//! must not run by itself.

use super::Command;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use swath_datasets::{bounded, sha256, whole_file};

/// The file in the folder of caches: SHA-256 of each command with the folder that its files are seen from, a line each.
const FILE: &str = "allowed-commands";

/// The commands that were allowed, kept in a folder.
#[derive(Clone, Debug)]
pub struct Allowed {
    path: PathBuf,
}

impl Allowed {
    /// Those that are kept in the folder of caches.
    pub fn new(cache: &Path) -> Self {
        Self { path: cache.join(FILE) }
    }

    /// The commands that are not allowed yet.
    pub fn lacking<'c>(&self, commands: &[&'c Command]) -> Vec<&'c Command> {
        let known = self.known();
        commands.iter().filter(|command| !known.contains(&name(command))).copied().collect()
    }

    /// Allows commands from now on.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn allow(&self, commands: &[&Command]) -> io::Result<()> {
        let mut known = self.known();
        known.extend(commands.iter().map(|command| name(command)));
        self.path.parent().map_or(Ok(()), whole_file::make_folder)?;
        let lines: String = known.into_iter().map(|line| line + "\n").collect();
        whole_file::write_private_with(&self.path, |file| file.write_all(lines.as_bytes()))
    }

    /// None if the file cannot be read: then the user is asked again.
    fn known(&self) -> BTreeSet<String> {
        let text = bounded::read_text(&self.path, bounded::TEXT).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// What a command is known by: its words and the folder that its files are seen from.
fn name(command: &Command) -> String {
    let folder = command.folder.canonicalize().unwrap_or_else(|_| command.folder.clone());
    let mut all = folder.into_os_string().into_encoded_bytes();
    for word in &command.written {
        all.push(0);
        all.extend(word.as_bytes());
    }
    sha256::of(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_allowed_in_its_folder_alone() {
        let (cache, here, there) = (tempfile::tempdir(), tempfile::tempdir(), tempfile::tempdir());
        let (cache, here, there) = (cache.expect("made"), here.expect("made"), there.expect("made"));
        let command = |words: &[&str], folder: &Path| {
            Command::resolve(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(), folder).expect("resolved")
        };
        let (one, two, elsewhere) = (
            command(&["sh", "a b"], here.path()),
            command(&["sh", "a", "b"], here.path()),
            command(&["sh", "a b"], there.path()),
        );
        let allowed = Allowed::new(&cache.path().join("not/made"));
        assert_eq!(allowed.lacking(&[&one, &two]), [&one, &two]);
        allowed.allow(&[&one]).expect("written");
        assert_eq!(allowed.lacking(&[&one, &two, &elsewhere]), [&two, &elsewhere]);
        allowed.allow(&[&elsewhere]).expect("written");
        assert_eq!(allowed.lacking(&[&one, &two, &elsewhere]), [&two]);
    }
}
