//! What a user can do about a dataset that was not found.

use std::path::{Path, PathBuf};
use swath_datasets::catalogue::{Content, Entry, NotFound};
use swath_datasets::{array_file, format};

/// How to name a folder with datasets. The command line says its option beside it.
pub const ADD_FOLDER: &str = "the variable SWATH_DATA";

/// What can be done, one line each.
pub fn help(not_found: &NotFound) -> Vec<String> {
    match not_found {
        NotFound::Path { beside, .. } => vec![format!("a relative path starts from {}", shown(beside))],
        NotFound::Known { entry, searched } => vec![get(entry), folders(searched)],
        NotFound::Catalogue(_) => vec!["correct the catalogue, or give the path of the dataset's file".into()],
        NotFound::Unknown { name, likely, is_file, searched } => {
            let mut help: Vec<String> = likely.iter().map(|name| format!("did you mean `{name}`?")).collect();
            if *is_file && array_file::has_known_ending(Path::new(name)) {
                help.push(format!(
                    "{name} holds vectors alone: write `dataset: {{ vectors: {name}, queries: FILE, distance: angular }}`, or make a \
                     dataset of it with `swath datasets convert`"
                ));
            } else if *is_file {
                let endings: Vec<String> = format::endings().map(|ending| format!(".{ending}")).collect();
                help.push(format!(
                    "there is a file {name}, but names of dataset files end in {}; write ./{name} to use it all the same",
                    endings.join(" or ")
                ));
            }
            help.push("`swath datasets list` shows the known names; a path to a file works, too".into());
            help.push(folders(searched));
            help
        }
    }
}

/// How to get a dataset that is known.
fn get(entry: &Entry) -> String {
    match &entry.content {
        Content::Shipped => {
            format!("{} is in the folder datasets/data of swath's repository", entry.below(Path::new("")).display())
        }
        Content::Own(files) => {
            let missing = files.files().into_iter().find(|path| !path.is_file());
            format!("its catalogue names the file {}, which does not exist", shown(&missing.unwrap_or_default()))
        }
        Content::File(_) | Content::Folder(_) => format!("`swath datasets fetch {}` downloads it", entry.name),
    }
}

/// The folders that were searched, and how to add one.
fn folders(searched: &[PathBuf]) -> String {
    let searched: Vec<String> = searched.iter().map(|folder| shown(folder)).collect();
    if searched.is_empty() {
        format!(
            "no folder was searched: neither this folder nor one above has `datasets/data`; name a folder by {ADD_FOLDER}"
        )
    } else {
        format!("searched: {}; add a folder by {ADD_FOLDER}", searched.join(", "))
    }
}

fn shown(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { ".".into() } else { folder.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swath_datasets::catalogue::resolve;

    #[test]
    fn each_missing_dataset_comes_with_what_can_be_done() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["v.npz", "v.txt"] {
            std::fs::write(folder.path().join(name), "x").expect("written");
        }
        let help = |dataset: &str, folders: &[PathBuf]| {
            help(&resolve(dataset, folder.path(), folders).expect_err("not there")).join("\n")
        };
        let nowhere = [PathBuf::from("/nowhere")];
        assert!(
            help("glove-wordnet-20", &nowhere).starts_with("did you mean `glove-wordnet-20k`?\n`swath datasets list`")
        );
        let known = help("sift-128-euclidean", &nowhere);
        assert!(known.starts_with("`swath datasets fetch sift-128-euclidean` downloads it\n"), "{known}");
        assert!(known.ends_with("searched: /nowhere; add a folder by the variable SWATH_DATA"), "{known}");
        assert!(
            help("glove-wordnet-20k", &nowhere).starts_with("glove-wordnet-20k.hdf5 is in the folder datasets/data")
        );
        let catalogue = folder.path().join("catalogue.yaml");
        std::fs::write(&catalogue, "docs: { files: { vectors: docs.npy, queries: q.npy, distance: angular } }\n")
            .expect("written");
        let beside = [folder.path().to_owned()];
        let own = format!(
            "its catalogue names the file {}, which does not exist\n",
            folder.path().join("docs.npy").display()
        );
        assert!(help("docs", &beside).starts_with(&own));
        std::fs::write(&catalogue, "docs: [").expect("written");
        assert!(help("docs", &beside).starts_with("correct the catalogue"));
        assert!(help("v.npz", &[]).starts_with("v.npz holds vectors alone: write `dataset: { vectors: v.npz,"));
        let file = help("v.txt", &[]);
        assert!(
            file.starts_with("there is a file v.txt, but names of dataset files end in .hdf5 or .h5 or .csr;"),
            "{file}"
        );
        assert!(file.contains("no folder was searched") && file.contains("SWATH_DATA"), "{file}");
        for name in ["w.npz", "w.txt"] {
            assert!(help(name, &[]).starts_with("`swath datasets list` shows"));
        }
        let path = help("no/such.hdf5", &nowhere);
        assert_eq!(path, format!("a relative path starts from {}", folder.path().display()));
    }
}
