//! The user's own catalogue: a file `catalogue.yaml` in a folder of datasets.
//!
//! ```yaml
//! news-2024:                       # something to download
//!   about: news by our own encoder
//!   licence: internal
//!   source: the search team
//!   url: https://files.example.org/news-2024.hdf5
//!   sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//!   file: news.hdf5                # its name here; news-2024.hdf5 if this is left out
//! docs:                            # files that are here, beside the catalogue
//!   about: documents of the intranet
//!   files: { vectors: docs.npy, queries: queries.npy, distance: angular }
//! ```
//!
//! An entry here takes the place of one that swath itself knows by the same name.

use super::entry::{Content, Download, Entry, Role, Then, file};
use super::find::is_path;
use crate::bounded;
use crate::files::FileSet;
use crate::format;
use serde::Deserialize;
use serde_yaml::{Location, Spanned};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name of the file.
pub const FILE: &str = "catalogue.yaml";

/// What is wrong with a catalogue, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {message}", path.display(), shown(*place))]
pub struct CatalogueError {
    /// The file.
    pub path: PathBuf,
    /// Line and column, counted from 1; `None` if the whole file is meant.
    pub place: Option<(u64, u64)>,
    /// What is wrong, and what would be right.
    pub message: String,
}

fn shown(place: Option<(u64, u64)>) -> String {
    place.map_or(String::new(), |(line, column)| format!(", line {line}, column {column}"))
}

/// An entry as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    about: Option<String>,
    licence: Option<String>,
    source: Option<String>,
    url: Option<String>,
    sha256: Option<String>,
    file: Option<String>,
    files: Option<FileSet>,
}

/// The entries of the catalogue in a folder, by name; none if it has no catalogue.
///
/// # Errors
/// What is wrong with the file.
pub fn read(folder: &Path) -> Result<Vec<Entry>, CatalogueError> {
    let path = folder.join(FILE);
    match bounded::read_text(&path, bounded::TEXT) {
        Ok(text) => parse(&path, folder, &text),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(CatalogueError { path, place: None, message: format!("cannot be read: {error}") }),
    }
}

fn parse(path: &Path, folder: &Path, text: &str) -> Result<Vec<Entry>, CatalogueError> {
    let wrong = |location: Option<Location>, message: String| CatalogueError {
        path: path.to_owned(),
        place: location.filter(|location| location.line() > 0).map(|location| (location.line(), location.column())),
        message,
    };
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Vec::new());
    }
    let read = serde_yaml::from_str_with_options::<BTreeMap<String, Spanned<Written>>>(text, bounded::yaml());
    let written = read.map_err(|error| wrong(error.location(), explain(&error)))?;
    let entry = |(name, Spanned { value, referenced, .. }): (String, Spanned<Written>)| {
        entry(&name, value, folder).map_err(|message| wrong(Some(referenced), format!("`{name}`: {message}")))
    };
    written.into_iter().map(entry).collect()
}

/// A problem that the YAML reader found, in swath's words.
fn explain(error: &serde_yaml::Error) -> String {
    use serde_yaml::Error as E;
    match error.without_snippet() {
        E::DuplicateMappingKey { key: Some(key), .. } => format!("the key `{key}` is given twice; keep one of the two"),
        E::DuplicateMappingKey { .. } => "a key is given twice; keep one of the two".into(),
        E::NullIntoString { .. } => "found nothing, expected text".into(),
        E::MultipleDocuments { .. } => "a second YAML document begins here; a catalogue is one".into(),
        E::Unexpected { expected, .. } if expected.starts_with("string") => "expected text".into(),
        E::SerdeInvalidType { unexpected, expected, .. } => format!("found {unexpected}, expected {expected}"),
        E::SerdeUnknownField { field, expected, .. } => {
            format!("there is no field `{field}` here, only {}", expected.join(", "))
        }
        E::SerdeMissingField { field, .. } => format!("the field `{field}` is missing; add `{field}: ...` here"),
        other => {
            let said = other.to_string();
            // The place stands before the message.
            let end = said.find(" at line ").or_else(|| said.find('\n')).unwrap_or(said.len());
            said[..end].replace("mapping start", "a mapping")
        }
    }
}

/// The entry, or what is wrong with it.
fn entry(name: &str, written: Written, folder: &Path) -> Result<Entry, String> {
    let Written { about, licence, source, url, sha256, file: called, files } = written;
    if is_path(name) || name.trim() != name || ["", ".", ".."].contains(&name) {
        return Err(
            "a name has no `/` and no space at its ends, does not end in .hdf5, and is neither `.` nor `..`".into()
        );
    }
    let content = match (url, files) {
        (Some(url), None) => Content::File(download(name, url, sha256, called)?),
        (None, Some(files)) if sha256.is_none() && called.is_none() => Content::Own(Box::new(files.beside(folder))),
        (None, Some(_)) => return Err("`sha256` and `file` belong to `url`, not to `files`".into()),
        (Some(_), Some(_)) => return Err("give either `url` or `files`, not both".into()),
        (None, None) => return Err("add `url: https://...`, or `files: { vectors: ..., distance: ... }`".into()),
    };
    let distance = match &content {
        Content::Own(files) => Some(files.distance.name().to_owned()),
        _ => None,
    };
    Ok(Entry {
        name: name.into(),
        about: about.unwrap_or_default(),
        distance,
        train: None,
        test: None,
        dim: None,
        source: source.unwrap_or_else(|| folder.join(FILE).display().to_string()),
        licence,
        content,
    })
}

fn download(name: &str, url: String, sha256: Option<String>, called: Option<String>) -> Result<Download, String> {
    if !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(format!("the address {url} begins neither with https:// nor with http://"));
    }
    let file = called.unwrap_or_else(|| file(name));
    let is_plain =
        Path::new(&file).file_name().is_some_and(|plain| plain == file.as_str()) && !file.contains(['/', '\\']);
    if !is_plain || !format::has_known_ending(Path::new(&file)) {
        let endings: Vec<String> = format::endings().map(|ending| format!(".{ending}")).collect();
        return Err(format!("`file` is the name of a file, without a folder, that ends in {}", endings.join(" or ")));
    }
    let sha256 = sha256.map(|hash| hash.to_lowercase());
    if let Some(hash) = sha256.as_ref().filter(|hash| !is_sha256(hash)) {
        return Err(format!("a SHA-256 has 64 hexadecimal digits, this has {} characters", hash.chars().count()));
    }
    let is_packed = url.split(['?', '#']).next().and_then(|path| path.rsplit('.').next()) == Some("gz");
    let then = if is_packed { Then::Unpack } else { Then::Keep };
    Ok(Download { url, file, role: Role::Dataset, bytes: None, sha256, then })
}

/// Whether a text is a SHA-256: 64 hexadecimal digits in lower case.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<Entry>, String> {
        parse(Path::new("d/catalogue.yaml"), Path::new("d"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn both_kinds_of_entries_are_read() {
        let text = "news:\n  about: news\n  licence: internal\n  url: https://a.org/n.hdf5.gz?x=1\n  file: other.hdf5\n\
                    docs: { files: { vectors: docs.npy, queries: q.npy, distance: angular } }\n";
        let entries = parsed(text).expect("right");
        let [docs, news] = entries.as_slice() else { panic!("two entries") };
        assert!(
            matches!(&docs.content, Content::Own(files) if files.files() == [Path::new("d/docs.npy"), Path::new("d/q.npy")])
        );
        assert_eq!(docs.source, "d/catalogue.yaml");
        assert_eq!((news.about.as_str(), news.licence.as_deref()), ("news", Some("internal")));
        let [download] = news.downloads() else { panic!("one file") };
        assert_eq!((download.file.as_str(), download.then), ("other.hdf5", Then::Unpack));
        assert_eq!(parsed("# nothing yet\n\n"), Ok(vec![]));
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read(folder.path()), Ok(vec![]));
        std::fs::create_dir(folder.path().join(FILE)).expect("made");
        let refused = read(folder.path()).expect_err("a folder").to_string();
        assert!(refused.contains("catalogue.yaml: cannot be read: "), "{refused}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let cases = [
            ("a:\n  url: https://a.org/x.hdf5\n  licens: x\n", "line 3, column 3: ", "licens"),
            ("a:\n  url: [1]\n", "line 2, column 8: ", "expected text"),
            ("a: { about: x }\n", "line 1, column 4: `a`: ", "add `url: https://...`"),
            ("b: { url: 'https://a.org/b' }\na:\n  url: ftp://a.org/x\n", "line 3, column 3: `a`: ", "begins neither"),
            ("a: { url: 'https://a.org/x', sha256: abc }\n", "line 1, column 4: `a`: ", "this has 3 characters"),
            ("a: { url: 'https://a.org/x', file: ../x.hdf5 }\n", "line 1", "without a folder"),
            ("a: { url: 'https://a.org/x', file: x.txt }\n", "line 1", "ends in .hdf5"),
            (
                "a: { url: 'https://a.org/x', files: { vectors: x.npy, queries: q.npy, distance: ip } }\n",
                "line 1",
                "not both",
            ),
            (
                "a: { file: x.hdf5, files: { vectors: x.npy, queries: q.npy, distance: ip } }\n",
                "line 1",
                "belong to `url`",
            ),
            ("a: { files: x.npy }\n", "line 1, column 13: ", "expected a mapping"),
            ("a.hdf5: { url: 'https://a.org/x' }\n", "line 1", "a name has no `/`"),
            (
                "a: { url: 'https://a.org/x' }\na: { url: 'https://a.org/y' }\n",
                "line 2, column 1: ",
                "the key `a` is given twice",
            ),
            ("a: {", "line 1", ""),
            (".: { url: 'https://a.org/x' }\n", "line 1", "neither `.` nor `..`"),
            ("'..': { url: 'https://a.org/x' }\n", "line 1", "neither `.` nor `..`"),
            (": [", "line 1", ""),
            (": 1\n", "line 1", "found nothing, expected text"),
            ("a: { url: 'https://a.org/x' }\n---\nb: 1\n", "line ", "a second YAML document"),
        ];
        for (text, place, message) in cases {
            let error = parsed(text).expect_err(text);
            assert!(error.starts_with("d/catalogue.yaml, ") && error.contains(place), "{text}: {error}");
            assert!(error.contains(message) && !error.contains('\n'), "{text}: {error}");
            let words_of_the_reader = ["Options", "Option<", "deserialize", "struct "];
            assert!(!words_of_the_reader.iter().any(|word| error.contains(word)), "{text}: {error}");
        }
    }
}
