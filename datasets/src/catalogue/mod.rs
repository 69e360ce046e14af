//! Datasets by name, and where their files are.
//!
//! To add a dataset: add its line to the file of the project that offers it; to add a project: one file here, and one line in
//! [`builtin`]. Users add their own in a file `catalogue.yaml` ([`own`]).

mod ann_benchmarks;
mod big_ann;
mod entry;
mod find;
mod local;
pub mod own;
mod vibe;

pub use entry::{Content, Download, Entry, Role, State, Then, part};
pub use find::{NotFound, all, folders, is_path, known, nearest, resolve};
pub use local::{Local, unlisted};

use std::sync::LazyLock;

/// The dataset that ships with swath.
pub const SHIPPED: &str = "glove-wordnet-20k";

/// All datasets that swath itself knows: the one that ships with it, and those of each project.
pub fn builtin() -> &'static [Entry] {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        std::iter::once(shipped())
            // One line each.
            .chain(ann_benchmarks::entries())
            .chain(vibe::entries())
            .chain(big_ann::entries())
            .collect()
    });
    &ENTRIES
}

fn shipped() -> Entry {
    Entry {
        name: SHIPPED.into(),
        about: "word vectors with WordNet links, senses as subtopics; in swath's repository".into(),
        distance: Some("angular".into()),
        train: Some(19_000),
        test: Some(1_000),
        dim: Some(100),
        source: "swath".into(),
        licence: Some("PDDL, WordNet".into()),
        content: Content::Shipped,
    }
}

/// The entry of that name among those that swath itself knows.
pub fn find(name: &str) -> Option<&'static Entry> {
    builtin().iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_entry_has_a_name_of_its_own_and_whole_addresses() {
        let mut names = BTreeSet::new();
        for entry in builtin() {
            assert!(names.insert(&entry.name), "{} twice", entry.name);
            assert!(!is_path(&entry.name) && !entry.about.is_empty(), "{}", entry.name);
            assert_eq!(entry.content == Content::Shipped, entry.downloads().is_empty(), "{}", entry.name);
            let mut files = BTreeSet::new();
            for Download { url, file, sha256, .. } in entry.downloads() {
                assert!(url.starts_with("https://") && !url.contains(char::is_whitespace), "{url}");
                assert!(files.insert(file) && !file.contains('/'), "{file}");
                assert!(sha256.as_ref().is_none_or(|hash| own::is_sha256(hash)), "{url}");
            }
        }
        assert!(find("glove-100-angular").is_some() && find("glove-100").is_none());
    }
}
