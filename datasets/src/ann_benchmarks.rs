//! ann-benchmarks' HDF5 datasets, with swath's additions: links, subtopics, names.
//!
//! Everything a file says is checked before it is believed. Four generations of that project's writer exist, so what may
//! be missing may be missing: only `distance`, `train`, `test`, `neighbors` and `distances` are needed.

use crate::check::{self, Fault};
use crate::dataset::{Dataset, Links, Qrels, Subtopics};
use crate::hdf5_file::{Attribute, Hdf5Error, Hdf5File, Hdf5Writer, Kind, Values};
use crate::sha256;
use crate::truth::Truth;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use swath_algorithms::vectors::Builder;
use swath_algorithms::{Distance, Vectors, VectorsError};

/// Why a file is no dataset that swath can use.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] Hdf5Error),
    /// Something in it is wrong, or would be if it were written.
    #[error("{path}: {fault}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: Fault,
    },
}

/// What the header of a dataset says, without its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// How far apart two vectors are.
    pub distance: Distance,
    /// Base vectors, n.
    pub train: usize,
    /// Queries, m.
    pub test: usize,
    /// Dimension, d.
    pub dim: usize,
    /// Neighbours stored per query.
    pub neighbors: usize,
    /// Links, if there are any.
    pub links: Option<usize>,
    /// Names of their relations; empty where they have none.
    pub relations: Vec<String>,
    /// Rows of subtopics, if there are any.
    pub subtopics: Option<usize>,
    /// Rows of judgements of relevance, if there are any.
    pub qrels: Option<usize>,
    /// Whether base vectors have names.
    pub names: bool,
    /// Whether the file says that its vectors have length 1.
    pub is_normalized: bool,
    /// What was made of something unusual in it.
    pub notes: Vec<String>,
}

/// SHA-256 of a file, hexadecimal.
///
/// # Errors
/// [`Hdf5Error::Io`].
pub fn sha256(path: &Path) -> Result<String, DatasetError> {
    let hash = sha256::of_file(path);
    hash.map_err(|source| Hdf5Error::Io { path: path.to_owned(), source }.into())
}

/// Reads a dataset; no array of it may take more than `memory` bytes.
///
/// # Errors
/// What is wrong with the file, where in it, and what would be right.
pub fn read(path: &Path, memory: u64) -> Result<Dataset, DatasetError> {
    let reader = Reader { file: Hdf5File::open(path, memory)? };
    let header = reader.header()?;
    let train = reader.vectors("train")?;
    let test = reader.vectors("test")?;
    let mut notes = header.notes.clone();
    if reader.file.is_left_open() {
        notes.push("the program that wrote the file did not close it; what is in it was read".into());
    }
    reader.are_of_length_one(&header, &[("train", &train), ("test", &test)])?;
    let truth = reader.truth(&header)?;
    let neighbors = truth.settle((&train, &test), header.distance, &mut notes).map_err(|fault| reader.fault(fault))?;
    let links = header.links.map(|_| reader.links(&header)).transpose()?;
    let subtopics =
        header.subtopics.map(|_| reader.by_query("subtopics", "the number of a subtopic", &header)).transpose()?;
    let qrels = header.qrels.map(|_| reader.qrels(&header, &mut notes)).transpose()?;
    let train_names = reader.names("train_names", header.train)?;
    let test_names = reader.names("test_names", header.test)?;
    let distance = header.distance;
    let dataset = Dataset { train, test, distance, neighbors, links, subtopics, qrels, train_names, test_names, notes };
    dataset.check().map_err(|fault| reader.fault(fault))?;
    Ok(dataset)
}

/// Reads only the header of a dataset: its shapes and attributes.
///
/// # Errors
/// As [`read`], as far as the header goes.
pub fn header(path: &Path) -> Result<Header, DatasetError> {
    Reader { file: Hdf5File::open(path, crate::hdf5_file::MEMORY)? }.header()
}

/// Reads the header of a dataset, and looks whether its arrays could be read: whether they hold what they should, are all in
/// the file, and each takes at most `memory` bytes.
///
/// # Errors
/// As [`read`], as far as sizes and headers tell.
pub fn sizes(path: &Path, memory: u64) -> Result<Header, DatasetError> {
    let reader = Reader { file: Hdf5File::open(path, memory)? };
    let header = reader.header()?;
    let arrays = [
        ("train", Kind::Number, true),
        ("test", Kind::Number, true),
        ("neighbors", Kind::Integer, true),
        ("distances", Kind::Number, true),
        ("links", Kind::Integer, header.links.is_some()),
        ("subtopics", Kind::Integer, header.subtopics.is_some()),
        ("qrels", Kind::Integer, header.qrels.is_some()),
        ("train_names", Kind::Text, header.names),
    ];
    for (name, kind, _) in arrays.into_iter().filter(|(.., is_there)| *is_there) {
        reader.file.can_read(name, kind).map_err(|error| reader.at(error))?;
    }
    Ok(header)
}

/// Reads the names of a dataset's queries alone, if they have names.
///
/// # Errors
/// As [`read`].
pub fn query_names(path: &Path, memory: u64) -> Result<Option<Vec<String>>, DatasetError> {
    let reader = Reader { file: Hdf5File::open(path, memory)? };
    let header = reader.header()?;
    reader.names("test_names", header.test)
}

/// Writes a dataset, which [`read`] gives back (distances rounded to `f32`, as ann-benchmarks stores them, unless one
/// exceeds its range). Equal datasets give equal bytes; under its name the file is whole or not there.
///
/// # Errors
/// [`DatasetError::Invalid`] where [`Dataset::check`] finds a fault, [`Hdf5Error::Io`].
pub fn write(path: &Path, dataset: &Dataset) -> Result<(), DatasetError> {
    dataset.check().map_err(|fault| DatasetError::Invalid { path: path.to_owned(), fault })?;
    let flat = |vectors: &Vectors| (0..vectors.rows()).flat_map(|i| vectors.row(i)).copied().collect::<Vec<f32>>();
    let (train, test) = (flat(&dataset.train), flat(&dataset.test));
    let (n, m, dim, count) = (dataset.train.rows(), dataset.test.rows(), dataset.train.dim(), dataset.neighbors.count);
    // What stands for no neighbour becomes -1.
    let ids: Vec<i32> = dataset.neighbors.ids.iter().map(|&id| id as i32).collect();
    let distances: Vec<f32> = dataset.neighbors.distances.iter().map(|&d| d as f32).collect();
    let edges: Vec<i32> = dataset.links.iter().flat_map(|l| l.edges.iter().flatten()).map(|&id| id as i32).collect();
    let relation: Vec<i8> = dataset.links.iter().flat_map(|l| &l.relation).map(|&r| r as i8).collect();
    let by_query = |pairs: &Option<Subtopics>| -> Option<Vec<i32>> {
        let row = |q, &(item, number): &(u32, u32)| [q as i32, item as i32, number as i32];
        pairs.as_ref().map(|pairs| (0..m).flat_map(|q| pairs.of(q).iter().flat_map(move |pair| row(q, pair))).collect())
    };
    let (subtopics, qrels) = (by_query(&dataset.subtopics), by_query(&dataset.qrels));
    let texts = |names: &'_ Option<Vec<String>>| names.clone().unwrap_or_default();
    let (train_names, test_names) = (texts(&dataset.train_names), texts(&dataset.test_names));
    let (train_names, test_names): (Vec<&str>, Vec<&str>) =
        (train_names.iter().map(String::as_str).collect(), test_names.iter().map(String::as_str).collect());

    let mut file = Hdf5Writer::new();
    file.text("type", "dense").text("distance", dataset.distance.name()).text("point_type", "float");
    file.integer("dimension", dim as i64);
    file.array("train", &[n, dim], Values::F32(&train)).array("test", &[m, dim], Values::F32(&test));
    file.array("neighbors", &[m, count], Values::I32(&ids));
    let fits =
        distances.iter().zip(&dataset.neighbors.distances).all(|(d, exact)| d.is_finite() || exact.is_infinite());
    let distances = if fits { Values::F32(&distances) } else { Values::F64(&dataset.neighbors.distances) };
    file.array("distances", &[m, count], distances);
    if let Some(links) = &dataset.links {
        file.array("links", &[links.edges.len(), 2], Values::I32(&edges));
        if !links.relations.is_empty() {
            file.array_text("relations", &links.relations.join(","));
            file.array("link_relations", &[relation.len()], Values::I8(&relation));
        }
    }
    for (name, rows) in [("subtopics", &subtopics), ("qrels", &qrels)] {
        if let Some(rows) = rows {
            file.array(name, &[rows.len() / 3, 3], Values::I32(rows));
        }
    }
    if dataset.train_names.is_some() {
        file.array("train_names", &[n], Values::Text(&train_names));
    }
    if dataset.test_names.is_some() {
        file.array("test_names", &[m], Values::Text(&test_names));
    }
    Ok(file.write(path)?)
}

struct Reader {
    file: Hdf5File,
}

impl Reader {
    fn invalid(&self, at: &str, found: impl Into<String>, expected: impl Into<String>) -> DatasetError {
        self.fault(Fault::new(at, found, expected))
    }

    fn fault(&self, fault: Fault) -> DatasetError {
        DatasetError::Invalid { path: self.file.path().to_owned(), fault }
    }

    fn at(&self, error: Hdf5Error) -> DatasetError {
        match error {
            Hdf5Error::Io { .. }
            | Hdf5Error::NotHdf5 { .. }
            | Hdf5Error::CutShort { .. }
            | Hdf5Error::NotClosed { .. } => DatasetError::File(error),
            Hdf5Error::NotRead { name, what, remedy } => self.invalid(&format!("`{name}`"), what, remedy),
            Hdf5Error::NotWhole { name, at, found } => {
                self.invalid(&format!("`{name}`, value {at}"), format!("it is {found}"), "a whole number below 2^63")
            }
            Hdf5Error::Missing { name, present } => self.invalid(
                &format!("`{name}`"),
                "it is missing".to_owned(),
                format!("an ann-benchmarks dataset, with `train`, `test`, `neighbors` and `distances` (this file has {present})"),
            ),
            Hdf5Error::WrongType { name, found, expected } => {
                self.invalid(&format!("`{name}`"), format!("it holds {found}"), expected)
            }
            Hdf5Error::LargerThanFile { name, claimed, file } => self.invalid(
                &format!("`{name}`"),
                format!("it claims {claimed} bytes, which a file of {file} bytes cannot hold"),
                "a whole file: this one is damaged or cut short",
            ),
            Hdf5Error::Incomplete { name, found, expected } => self.invalid(
                &format!("`{name}`"),
                format!("{found} of its {expected} blocks are in the file"),
                "a whole file: this one is damaged, or was not written to the end",
            ),
            Hdf5Error::LargerThanMemory { name, needed, limit } => {
                self.invalid(&format!("`{name}`"), format!("it needs {needed} bytes of memory"), format!("at most {limit}"))
            }
            Hdf5Error::Unreadable { name, reason } => {
                let expected = "a whole file; if other programs read it, rewrite it with them: contiguous, without filters";
                self.invalid(&format!("`{name}`"), format!("it cannot be read ({reason})"), expected)
            }
        }
    }

    /// The shape of an array of `rank` dimensions, the last of `width` where that is given.
    fn shape(&self, name: &str, rank: usize, width: Option<usize>) -> Result<Vec<usize>, DatasetError> {
        let shape = self.file.shape(name).map_err(|error| self.at(error))?;
        let expected = match (rank, width) {
            (1, _) => "one dimension".to_owned(),
            (_, Some(width)) => format!("{width} columns"),
            _ => "rows and columns".to_owned(),
        };
        let fits = shape.len() == rank && width.is_none_or(|width| shape[rank - 1] == width as u64);
        // Ids are 32-bit: more rows than that cannot be named.
        let sane = shape.iter().all(|&n| n < u64::from(i32::MAX.unsigned_abs()));
        if !fits || !sane {
            let shape = shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
            let expected = if fits { "fewer than 2^31 rows and columns".into() } else { expected };
            let found =
                if shape.is_empty() { "it is a single value".to_owned() } else { format!("its shape is {shape}") };
            return Err(self.invalid(&format!("`{name}`"), found, expected));
        }
        Ok(shape.into_iter().map(|n| n as usize).collect())
    }

    fn header(&self) -> Result<Header, DatasetError> {
        let attributes = self.file.attributes().map_err(|error| self.at(error))?;
        if let Some(kind) = attributes.get("type").filter(|kind| kind.text() != Some("dense")) {
            return Err(self.invalid(
                "attribute `type`",
                format!("it is {kind}"),
                "\"dense\": sparse sets cannot be read yet",
            ));
        }
        let mut notes = Vec::new();
        let (distance, is_normalized) = self.distance(&attributes, &mut notes)?;
        let train = self.shape("train", 2, None)?;
        let (rows, dim) = (train[0], train[1]);
        if rows == 0 || dim == 0 {
            return Err(self.invalid(
                "`train`",
                format!("its shape is {rows} x {dim}"),
                "at least one vector of one value",
            ));
        }
        let test = self.shape("test", 2, None)?;
        check::width(dim, test[1]).map_err(|fault| self.fault(fault))?;
        if test[0] == 0 {
            return Err(self.invalid("`test`", "it is empty", "at least one query"));
        }
        if let Some(stated) = attributes.get("dimension").and_then(Attribute::integer)
            && stated != dim as i64
        {
            return Err(self.invalid(
                "attribute `dimension`",
                format!("it is {stated}"),
                format!("{dim}, the width of `train`"),
            ));
        }
        let neighbors = self.shape("neighbors", 2, None)?;
        let distances = self.shape("distances", 2, None)?;
        if neighbors[0] != test[0] {
            let found = format!("it has {} rows", neighbors[0]);
            return Err(self.invalid("`neighbors`", found, format!("{}, one for each query in `test`", test[0])));
        }
        if neighbors != distances {
            let found = format!("its shape is {} x {}", distances[0], distances[1]);
            return Err(self.invalid(
                "`distances`",
                found,
                format!("{} x {}, as `neighbors`", neighbors[0], neighbors[1]),
            ));
        }
        if neighbors[1] == 0 || neighbors[1] > rows {
            let found = format!("it has {} columns", neighbors[1]);
            return Err(self.invalid("`neighbors`", found, format!("1 to {rows}, the number of vectors in `train`")));
        }
        let has = |name: &str| self.file.has(name);
        let optional =
            |name, width| if has(name) { self.shape(name, 2, Some(width)).map(|s| Some(s[0])) } else { Ok(None) };
        let (links, subtopics, qrels) = (optional("links", 2)?, optional("subtopics", 3)?, optional("qrels", 3)?);
        let names = has("train_names");
        let relations = if links.is_some() { self.relations()? } else { Vec::new() };
        Ok(Header {
            distance,
            train: rows,
            test: test[0],
            dim,
            neighbors: neighbors[1],
            links,
            relations,
            subtopics,
            qrels,
            names,
            is_normalized,
            notes,
        })
    }

    /// The distance, by its name or one that other benchmarks call it, and whether that says that vectors have length 1.
    fn distance(
        &self,
        attributes: &HashMap<String, Attribute>,
        notes: &mut Vec<String>,
    ) -> Result<(Distance, bool), DatasetError> {
        /// Names that other benchmarks give.
        const ALIASES: [(&str, Distance); 3] =
            [("cosine", Distance::Angular), ("normalized", Distance::Angular), ("l2", Distance::Euclidean)];
        /// Names of distances that swath does not have.
        const OTHERS: [&str; 5] = ["hamming", "jaccard", "ip", "dot", "inner"];
        let names = Distance::ALL.map(|d| format!("\"{d}\"")).join(" or ");
        let Some(value) = attributes.get("distance") else {
            return Err(self.invalid("attribute `distance`", "it is missing, or no single text", names));
        };
        let name = value.text().unwrap_or_default();
        let low = name.to_ascii_lowercase();
        let alias = || ALIASES.iter().find(|(alias, _)| *alias == low).map(|&(_, distance)| distance);
        let Some(distance) = Distance::from_name(&low).or_else(alias) else {
            let known = OTHERS.contains(&low.as_str());
            let expected = if known {
                format!("{names}: others cannot be read yet")
            } else {
                format!("{names}, or another name of these: {}", ALIASES.map(|(alias, _)| alias).join(", "))
            };
            return Err(self.invalid("attribute `distance`", format!("it is {value}"), expected));
        };
        if name != distance.name() {
            notes.push(format!("the file calls its distance `{name}`, which is read as `{distance}`"));
        }
        Ok((distance, low == "normalized"))
    }

    /// Names of the relations of links.
    fn relations(&self) -> Result<Vec<String>, DatasetError> {
        let named = self.file.attribute_of("links", "relations").map_err(|error| self.at(error))?;
        Ok(match named.as_ref().and_then(Attribute::text) {
            Some(names) if !names.is_empty() => names.split(',').map(|name| name.trim().to_owned()).collect(),
            _ => Vec::new(),
        })
    }

    fn vectors(&self, name: &str) -> Result<Vectors, DatasetError> {
        let shape = self.shape(name, 2, None)?;
        let dim = shape[1];
        let refused = |error| match error {
            VectorsError::NotFinite { row, column, value } => {
                let values = self.file.f32s(name).unwrap_or_default();
                let count = values.iter().filter(|value| !value.is_finite()).count();
                // What is too large for f32 should be shown as it is in the file.
                let stored = self.file.f64s(name).ok().and_then(|stored| stored.get(row * dim + column).copied());
                let at = format!("`{name}`, row {row}, column {column}");
                let found = format!("the value is {:e}", stored.unwrap_or_else(|| f64::from(value)));
                let found = if count == 1 { found } else { format!("{found} (the first of {count} like it)") };
                self.invalid(&at, found, "a finite number within the range of f32")
            }
            other => self.invalid(&format!("`{name}`"), other.to_string(), "rows of equal length"),
        };
        // Only once the reader has found that there are as many in the file.
        self.file.can_read(name, Kind::Number).map_err(|error| self.at(error))?;
        let mut vectors = Builder::new(shape[0], dim).map_err(refused)?;
        let mut fault = None;
        let read = self.file.f32_rows(name, |rows| {
            fault = vectors.push(rows).err();
            fault.is_none()
        });
        read.map_err(|error| self.at(error))?;
        fault.map_or_else(|| Ok(vectors.finish()), |fault| Err(refused(fault)))
    }

    /// An integer array of which each column's values are below its bound.
    fn ids(&self, name: &str, bounds: &[(usize, &str)]) -> Result<Vec<u32>, DatasetError> {
        let values = self.file.integers(name).map_err(|error| self.at(error))?;
        check::within(name, &values, bounds).map_err(|fault| self.fault(fault))?;
        Ok(values.into_iter().map(|value| value as u32).collect())
    }

    /// The true neighbours as they stand in the file.
    fn truth(&self, header: &Header) -> Result<Truth, DatasetError> {
        let ids = self.file.integers("neighbors").map_err(|error| self.at(error))?;
        let distances = self.file.f64s("distances").map_err(|error| self.at(error))?;
        let stored = self.file.stored("distances").map_err(|error| self.at(error))?;
        Ok(Truth { count: header.neighbors, ids, distances, stored })
    }

    /// That rows are normalised where the file's name for the distance says so.
    fn are_of_length_one(&self, header: &Header, arrays: &[(&str, &Vectors)]) -> Result<(), DatasetError> {
        /// What rounding to half precision leaves of a length of 1, and somewhat more.
        const NEAR: f64 = 1e-3;
        if !header.is_normalized {
            return Ok(());
        }
        for (name, vectors) in arrays {
            let length = |i: usize| vectors.row(i).iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
            let wrong = (0..vectors.rows()).map(length).enumerate().find(|(_, length)| (length - 1.0).abs() > NEAR);
            if let Some((row, length)) = wrong {
                let at = format!("`{name}`, row {row}");
                let found = format!("its length is {length:.4}");
                return Err(self.invalid(
                    &at,
                    found,
                    "1, as the distance is called `normalized`; or \"angular\" as distance",
                ));
            }
        }
        Ok(())
    }

    fn links(&self, header: &Header) -> Result<Links, DatasetError> {
        let bound = (header.train, "a row of `train`");
        let ids = self.ids("links", &[bound, bound])?;
        let edges: Vec<[u32; 2]> = ids.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        let relations = header.relations.clone();
        let relation = match (relations.is_empty(), self.file.has("link_relations")) {
            (true, false) => Vec::new(),
            (true, true) => {
                let expected = "the names of the relations that `link_relations` counts, with a comma between them";
                return Err(self.invalid("attribute `relations` of `links`", "it is missing", expected));
            }
            (false, false) => {
                let expected = "the relation of each link, as `links` has an attribute `relations`";
                return Err(self.invalid("`link_relations`", "it is missing", expected));
            }
            (false, true) => {
                let length = self.shape("link_relations", 1, None)?[0];
                check::one_for_each("link_relations", length, edges.len(), "link")
                    .map_err(|fault| self.fault(fault))?;
                let bound = (relations.len().min(256), "a relation named in `relations` of `links`");
                self.ids("link_relations", &[bound])?.into_iter().map(|index| index as u8).collect()
            }
        };
        Ok(Links { edges, relations, relation })
    }

    /// Rows (query, item, number), where the last is `what`.
    fn by_query(&self, name: &str, what: &str, header: &Header) -> Result<Subtopics, DatasetError> {
        let bounds = [(header.test, "a row of `test`"), (header.train, "a row of `train`"), (1 << 31, what)];
        let rows = self.ids(name, &bounds)?;
        Ok(Subtopics::new(header.test, rows.chunks_exact(3).map(|row| [row[0], row[1], row[2]]).collect()))
    }

    /// Rows (query, item, grade): one grade for each query and item. Grades below 0, TREC's mark for spam, count as 0, which
    /// is noted.
    fn qrels(&self, header: &Header, notes: &mut Vec<String>) -> Result<Qrels, DatasetError> {
        const NAME: &str = "qrels";
        let mut values = self.file.integers(NAME).map_err(|error| self.at(error))?;
        check::one_grade(NAME, &values).map_err(|fault| self.fault(fault))?;
        let mut negative = 0;
        for row in values.chunks_exact_mut(3) {
            negative += usize::from(row[2] < 0);
            row[2] = row[2].max(0);
        }
        if negative > 0 {
            let (judgements, verbs) =
                (values.len() / 3, if negative == 1 { ["is", "counts"] } else { ["are", "count"] });
            let [is, counts] = verbs;
            notes.push(format!(
                "{negative} of {judgements} grades in `{NAME}` {is} below 0 and {counts} as 0, not relevant"
            ));
        }
        let bounds = [(header.test, "a row of `test`"), (header.train, "a row of `train`"), (1 << 31, "a grade")];
        check::within(NAME, &values, &bounds).map_err(|fault| self.fault(fault))?;
        Ok(Qrels::new(
            header.test,
            values.chunks_exact(3).map(|row| [row[0], row[1], row[2]].map(|v| v as u32)).collect(),
        ))
    }

    fn names(&self, name: &str, rows: usize) -> Result<Option<Vec<String>>, DatasetError> {
        /// Bytes of a name: they stand in pages and tables.
        const LONGEST: usize = 1 << 16;
        if !self.file.has(name) {
            return Ok(None);
        }
        let length = self.shape(name, 1, None)?[0];
        check::one_for_each(name, length, rows, "row").map_err(|fault| self.fault(fault))?;
        let names = self.file.texts(name).map_err(|error| self.at(error))?;
        if let Some((row, text)) = names.iter().enumerate().find(|(_, text)| text.len() > LONGEST) {
            let found = format!("it has {} bytes", text.len());
            return Err(self.invalid(
                &format!("`{name}`, row {row}"),
                found,
                format!("at most {LONGEST}, as it is a name"),
            ));
        }
        Ok(Some(names))
    }
}
