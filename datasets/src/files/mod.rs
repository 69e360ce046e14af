//! A dataset whose parts are files of their own: vectors as npy, judgements as TSV, and so on.
//!
//! [`FileSet`] names the files; [`array_file`](crate::array_file) reads numbers, [`text_file`](crate::text_file) texts. The other
//! parts refer to base vectors and queries by their ids: [`RowIds`](crate::texts::RowIds).

mod aspects;
pub mod beir;
mod groups;
mod links;
mod nuggets;
mod points;
mod qrels;
mod read;
pub(crate) mod strangers;
mod subtopics;
mod table;

use crate::Dataset;
use crate::format::{DatasetError, Header};
use crate::scratch::Capacity;
use crate::sha256 as hash;
use crate::texts::Texts;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use swath_algorithms::Distance;
use swath_algorithms::params::Count;

/// A dataset whose parts are files of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileSet {
    /// Base vectors: a row for each. npy, npz, fbin, fvecs, CSR, CSV, Parquet, safetensors or a FAISS flat index; several files
    /// are read as one after another.
    pub vectors: Parts,
    /// Queries, in the same formats.
    pub queries: Parts,
    /// The distance from a query to a base vector.
    pub distance: Distance,
    /// Bits of each row where eight of them are packed into a byte, or the number that members of sets are below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<Count>,
    /// The true neighbours of each query, as ibin, ivecs or another array; computed, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbors: Option<Part>,
    /// What the other files call base vectors; their row numbers, from 0, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Parts>,
    /// What the other files call queries; their row numbers, from 0, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_ids: Option<Parts>,
    /// Names to show for base vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Parts>,
    /// Names to show for queries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_names: Option<Parts>,
    /// The documents that base vectors stand for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<Parts>,
    /// The questions that queries stand for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_texts: Option<Parts>,
    /// Relevance judged by people: TREC's qrels, BEIR's TSV, CSV or Parquet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qrels: Option<Part>,
    /// Which base vector covers which subtopic of a query: TREC's diversity qrels, or nuggets as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtopics: Option<Part>,
    /// Sub-queries: rows of the number of a query, from 0, and a vector, in the formats of vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aspects: Option<Part>,
    /// A knowledge graph over base vectors: CSV with `source,target` and optionally `relation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Part>,
    /// What base vectors belong to: CSV with `item,group`, or a value for each; or a file for each kind of groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<GroupFiles>,
}

/// A file, or one of several arrays or columns in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The file.
    pub file: PathBuf,
    /// The array, tensor or column in it; `None` if it has just one.
    pub part: Option<String>,
}

/// Files that are read one after another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Parts(pub Vec<Part>);

/// Groups of one kind, or of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum GroupFiles {
    /// Of one kind, which has no name.
    One(Part),
    /// A file for each kind.
    Several(BTreeMap<String, Part>),
}

impl FileSet {
    /// Base vectors and queries, and nothing else.
    pub fn new(vectors: PathBuf, queries: PathBuf, distance: Distance) -> Self {
        let one = |file: PathBuf| Parts(vec![file.into()]);
        Self {
            vectors: one(vectors),
            queries: one(queries),
            distance,
            dimension: None,
            neighbors: None,
            ids: None,
            query_ids: None,
            names: None,
            query_names: None,
            texts: None,
            query_texts: None,
            qrels: None,
            subtopics: None,
            aspects: None,
            links: None,
            groups: None,
        }
    }

    /// The same, with every relative path seen from `folder`.
    #[must_use]
    pub fn beside(mut self, folder: &Path) -> Self {
        for (_, part) in self.parts_mut() {
            part.file = folder.join(&part.file);
        }
        self
    }

    /// Its name in reports: that of the file of its base vectors, without the ending.
    pub fn name(&self) -> String {
        let file = self.vectors.0.first().map_or(Path::new("dataset"), |part| &part.file);
        file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
    }

    /// A text that says which files it is made of, and how.
    pub fn description(&self) -> String {
        // Plain data: serialising it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Its files, each once, in the order of its parts.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = Vec::new();
        for (_, part) in self.parts() {
            if !files.contains(&part.file) {
                files.push(part.file);
            }
        }
        files
    }

    /// SHA-256 of its content: of its description with the hash of each file in place of its name.
    ///
    /// # Errors
    /// [`DatasetError::Io`].
    pub fn sha256(&self) -> Result<String, DatasetError> {
        let mut hashes = BTreeMap::new();
        for path in self.files() {
            let hash = hash::of_file(&path).map_err(|source| DatasetError::Io { path: path.clone(), source })?;
            hashes.insert(path, hash);
        }
        let mut hashed = self.clone();
        for (_, part) in hashed.parts_mut() {
            part.file = hashes.get(&part.file).map_or_else(PathBuf::new, PathBuf::from);
        }
        Ok(hash::of(hashed.description()))
    }

    /// Shapes, and which parts there are. Numbers of judgements and subtopics are estimated from the sizes of their files.
    ///
    /// # Errors
    /// A file is missing, or is not what it should be, as far as headers and sizes tell.
    pub fn header(&self) -> Result<Header, DatasetError> {
        read::header(self)
    }

    /// As [`FileSet::header`], and checks that what must be in memory fits.
    ///
    /// # Errors
    /// As [`FileSet::header`].
    pub fn sizes(&self, capacity: &Capacity) -> Result<Header, DatasetError> {
        read::sizes(self, capacity)
    }

    /// Reads and checks the dataset. True neighbours are computed if it names no file of them.
    ///
    /// # Errors
    /// The error in a file, its place, and what would be right.
    pub fn read(&self, capacity: &Capacity) -> Result<Dataset, DatasetError> {
        read::read(self, capacity)
    }

    /// Reads only the names of the queries, or their ids; `None` if they have neither.
    ///
    /// # Errors
    /// As [`FileSet::read`].
    pub fn query_labels(&self, memory: u64) -> Result<Option<Texts>, DatasetError> {
        let parts = self.query_names.as_ref().or(self.query_ids.as_ref());
        parts.map(|parts| read::texts(parts, memory)).transpose()
    }

    /// All parts, each with its key in YAML.
    pub fn parts(&self) -> Vec<(&'static str, Part)> {
        let mut copy = self.clone();
        copy.parts_mut().into_iter().map(|(key, part)| (key, part.clone())).collect()
    }

    fn parts_mut(&mut self) -> Vec<(&'static str, &mut Part)> {
        let groups: Vec<&mut Part> = match &mut self.groups {
            None => Vec::new(),
            Some(GroupFiles::One(part)) => vec![part],
            Some(GroupFiles::Several(parts)) => parts.values_mut().collect(),
        };
        let lists = [
            ("vectors", Some(&mut self.vectors)),
            ("queries", Some(&mut self.queries)),
            ("ids", self.ids.as_mut()),
            ("query-ids", self.query_ids.as_mut()),
            ("names", self.names.as_mut()),
            ("query-names", self.query_names.as_mut()),
            ("texts", self.texts.as_mut()),
            ("query-texts", self.query_texts.as_mut()),
        ];
        let singles = [
            ("neighbors", self.neighbors.as_mut()),
            ("qrels", self.qrels.as_mut()),
            ("subtopics", self.subtopics.as_mut()),
            ("aspects", self.aspects.as_mut()),
            ("links", self.links.as_mut()),
        ];
        let mut all: Vec<(&'static str, &mut Part)> = Vec::new();
        for (key, parts) in lists {
            all.extend(parts.into_iter().flat_map(|parts| &mut parts.0).map(|part| (key, part)));
        }
        all.extend(singles.into_iter().filter_map(|(key, part)| Some((key, part?))));
        all.extend(groups.into_iter().map(|part| ("groups", part)));
        all
    }
}

/// A part as a map writes it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Part")]
struct PartMap {
    /// The file.
    file: PathBuf,
    /// The array, tensor or column in it.
    #[serde(default, alias = "column", alias = "array", alias = "tensor")]
    part: Option<String>,
}

/// A file alone is its name.
impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.part {
            None => self.file.to_string_lossy().serialize(serializer),
            part => PartMap { file: self.file.clone(), part: part.clone() }.serialize(serializer),
        }
    }
}

impl From<PartMap> for Part {
    fn from(PartMap { file, part }: PartMap) -> Self {
        Self { file, part }
    }
}

impl From<PathBuf> for Part {
    fn from(file: PathBuf) -> Self {
        Self { file, part: None }
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Part;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file, or `{ file: FILE, part: NAME }` for one of its arrays or columns")
            }

            fn visit_str<E: Error>(self, file: &str) -> Result<Part, E> {
                Ok(PathBuf::from(file).into())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Part, A::Error> {
                PartMap::deserialize(MapAccessDeserializer::new(map)).map(Part::from)
            }
        }

        deserializer.deserialize_any(Read)
    }
}

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Parts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file, `{ file: FILE, part: NAME }`, or a list of these")
            }

            fn visit_str<E: Error>(self, file: &str) -> Result<Parts, E> {
                Ok(Parts(vec![PathBuf::from(file).into()]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Parts, A::Error> {
                PartMap::deserialize(MapAccessDeserializer::new(map)).map(|part| Parts(vec![part.into()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Parts, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = list.next_element()? {
                    parts.push(part);
                }
                if parts.is_empty() { Err(A::Error::invalid_length(0, &"at least one file")) } else { Ok(Parts(parts)) }
            }
        }

        deserializer.deserialize_any(Read)
    }
}

impl<'de> Deserialize<'de> for GroupFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = GroupFiles;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file with `item,group`, or a map with a file for each kind of groups")
            }

            fn visit_str<E: Error>(self, file: &str) -> Result<GroupFiles, E> {
                Ok(GroupFiles::One(PathBuf::from(file).into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GroupFiles, A::Error> {
                let mut kinds = BTreeMap::new();
                while let Some((kind, part)) = map.next_entry::<String, Part>()? {
                    kinds.insert(kind, part);
                }
                let Some(file) = kinds.remove("file") else { return Ok(GroupFiles::Several(kinds)) };
                // `{ file: FILE, part: NAME }` is one file: its values were read as names of files.
                let part = ["part", "column", "array", "tensor"].iter().find_map(|key| kinds.remove(*key));
                let part = part.map(|part| part.file.to_string_lossy().into_owned());
                match kinds.into_keys().next() {
                    None => Ok(GroupFiles::One(Part { part, ..file })),
                    Some(kind) => Err(A::Error::custom(format!(
                        "unknown field `{kind}` beside `file`; several kinds of groups have names, as in {{ site: FILE, {kind}: FILE }}"
                    ))),
                }
            }
        }

        deserializer.deserialize_any(Read)
    }
}

/// A schema that is a file's name, or one of `others`.
fn file_or(generator: &mut SchemaGenerator, lists: bool) -> Schema {
    let part = generator.subschema_for::<PartMap>();
    let one = json_schema!({ "anyOf": [{ "type": "string" }, part] });
    if !lists {
        return one;
    }
    json_schema!({ "anyOf": [{ "type": "string" }, part, { "type": "array", "minItems": 1, "items": one }] })
}

impl JsonSchema for Part {
    fn schema_name() -> Cow<'static, str> {
        "FileOrPart".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        file_or(generator, false)
    }
}

impl JsonSchema for Parts {
    fn schema_name() -> Cow<'static, str> {
        "FilesOrParts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        file_or(generator, true)
    }
}

impl JsonSchema for GroupFiles {
    fn schema_name() -> Cow<'static, str> {
        "GroupFiles".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let part = generator.subschema_for::<Part>();
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "object", "additionalProperties": part }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(json: &serde_json::Value) -> FileSet {
        serde_json::from_value(json.clone()).expect("a set of files")
    }

    #[test]
    fn a_description_is_read_back_whatever_form_its_parts_have() {
        let all = serde_json::json!({
            "vectors": ["a.npy", { "file": "b.npz", "part": "x" }],
            "queries": "q.npy",
            "distance": "angular",
            "ids": { "file": "d.parquet", "column": "_id" },
            "qrels": "test.tsv",
            "groups": "groups.csv",
        });
        let of = |groups: serde_json::Value| {
            let mut all = all.clone();
            all["groups"] = groups;
            files(&all)
        };
        for groups in [
            serde_json::json!("groups.csv"),
            serde_json::json!({ "file": "d.parquet", "part": "site" }),
            serde_json::json!({ "site": "sites.csv", "seller": { "file": "d.parquet", "part": "seller" } }),
        ] {
            let set = of(groups);
            let back: FileSet = serde_json::from_str(&set.description()).expect("its own description");
            assert_eq!((&back, back.description()), (&set, set.description()));
        }
        let set = files(&all);
        assert_eq!(set.ids, Some(Parts(vec![Part { file: "d.parquet".into(), part: Some("_id".into()) }])));
        assert_eq!(set.name(), "a");
        let beside = set.beside(Path::new("/data"));
        assert_eq!(
            beside.files(),
            ["a.npy", "b.npz", "q.npy", "d.parquet", "test.tsv", "groups.csv"]
                .map(|file| Path::new("/data").join(file))
        );
    }

    #[test]
    fn a_wrong_part_says_what_a_part_is() {
        let wrong = |part: serde_json::Value| serde_json::from_value::<Parts>(part).expect_err("no part").to_string();
        assert!(
            wrong(serde_json::json!(7)).contains("expected a file, `{ file: FILE, part: NAME }`, or a list of these")
        );
        assert!(wrong(serde_json::json!([])).contains("at least one file"));
        assert!(wrong(serde_json::json!({ "file": "x", "tab": "y" })).contains("unknown field `tab`"));
        let groups = serde_json::json!({ "file": "groups.csv", "site": "sites.csv" });
        let message = serde_json::from_value::<GroupFiles>(groups).expect_err("two kinds in one").to_string();
        assert!(
            message.contains("unknown field `site` beside `file`; several kinds of groups have names"),
            "{message}"
        );
        let column = serde_json::from_value(serde_json::json!({ "file": "g.csv", "column": "site" }));
        let column: GroupFiles = column.expect("a column");
        assert_eq!(column, GroupFiles::One(Part { file: "g.csv".into(), part: Some("site".into()) }));
    }
}
