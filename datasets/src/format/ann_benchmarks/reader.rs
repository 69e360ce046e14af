//! Reads and checks the arrays of a dataset.

use super::layout::{PointArrays, PointLayout};
use super::writer::HISTORY;
use crate::aspects::{self, Aspects};
use crate::check::{self, Flaw};
use crate::dataset::{Dataset, Groups, Links, Qrels, Subtopics};
use crate::format::{DatasetError, Header};
use crate::hdf5_file::{Attribute, ElementKind, Hdf5Error, Hdf5File};
use crate::scratch::Capacity;
use crate::stored_neighbors::StoredNeighbors;
use crate::texts::{Labels, Texts};
use std::path::Path;
use swath_algorithms::Points;

/// Bytes that the points take in memory; the most that they may take where the file does not say how many members sets have.
fn bytes_of_points(header: &Header, arrays: &PointArrays) -> u64 {
    match arrays.layout {
        PointLayout::SetMatrix => {
            ((header.train + header.test) as u64).saturating_mul((header.dim * size_of::<u32>()) as u64)
        }
        _ => header.bytes_of_points(),
    }
}

/// An open file that should hold a dataset.
pub(super) struct OpenDataset {
    pub(super) file: Hdf5File,
    pub(super) capacity: Capacity,
}

impl OpenDataset {
    pub(super) fn open(path: &Path, capacity: &Capacity) -> Result<Self, DatasetError> {
        let file = Hdf5File::open(path, capacity.memory)?.with_rows_up_to(capacity.of_points());
        Ok(Self { file, capacity: capacity.clone() })
    }

    /// The whole dataset, checked.
    pub(super) fn dataset(&self) -> Result<Dataset, DatasetError> {
        let (header, arrays) = self.header()?;
        let mut notes = header.notes.clone();
        let space = self.capacity.space_for(bytes_of_points(&header, &arrays));
        let train = self.read_points("train", &arrays, &space, &mut notes)?;
        let test = self.read_points("test", &arrays, &space, &mut notes)?;
        if self.file.is_left_open() {
            notes.push("the program that wrote the file did not close it; its content was read".into());
        }
        self.check_length_one(&header, &[("train", &train), ("test", &test)])?;
        let mut stored = self.stored_neighbors(&header)?;
        stored.shares_of_counts(&train, &test, header.distance, &mut notes);
        let neighbors = stored.repair(&train, &test, header.distance, &mut notes).map_err(|flaw| self.flaw(flaw))?;
        let links = header.links.map(|_| self.links(&header)).transpose()?;
        let subtopics =
            header.subtopics.map(|_| self.by_query("subtopics", "the number of a subtopic", &header)).transpose()?;
        let qrels = header.qrels.map(|_| self.qrels(&header, &mut notes)).transpose()?;
        let aspects = header.aspects.map(|_| self.aspects(&header)).transpose()?;
        let groups = self.item_groups(&header)?;
        let train_labels = self.labels("train", header.train)?;
        let test_labels = self.labels("test", header.test)?;
        let distance = header.distance;
        let dataset = Dataset {
            train,
            test,
            distance,
            neighbors,
            links,
            subtopics,
            qrels,
            aspects,
            groups,
            train_labels,
            test_labels,
            notes,
            history: self.history()?,
        };
        dataset.check().map_err(|flaw| self.flaw(flaw))?;
        Ok(dataset)
    }

    /// Checks by sizes alone that each array could be read.
    pub(super) fn can_read_all(&self, header: &Header, points: &PointArrays) -> Result<(), DatasetError> {
        self.can_read_points(points.layout)?;
        let arrays = [
            ("neighbors", ElementKind::Integer, true),
            ("distances", ElementKind::Number, true),
            ("links", ElementKind::Integer, header.links.is_some()),
            ("subtopics", ElementKind::Integer, header.subtopics.is_some()),
            ("qrels", ElementKind::Integer, header.qrels.is_some()),
            (aspects::NAME, ElementKind::Number, header.aspects.is_some()),
            ("train_ids", ElementKind::Text, header.labels.ids),
            ("train_names", ElementKind::Text, header.labels.names),
            ("train_texts", ElementKind::Text, header.labels.texts),
        ];
        for (name, kind, _) in arrays.into_iter().filter(|(.., is_there)| *is_there) {
            self.file.can_read(name, kind).map_err(|error| self.at(error))?;
        }
        Ok(())
    }

    pub(super) fn invalid(&self, at: &str, found: impl Into<String>, expected: impl Into<String>) -> DatasetError {
        self.flaw(Flaw::new(at, found, expected))
    }

    pub(super) fn flaw(&self, flaw: Flaw) -> DatasetError {
        DatasetError::Invalid { path: self.file.path().to_owned(), flaw }
    }

    pub(super) fn at(&self, error: Hdf5Error) -> DatasetError {
        match error {
            Hdf5Error::Io { .. }
            | Hdf5Error::NotHdf5 { .. }
            | Hdf5Error::CutShort { .. }
            | Hdf5Error::NotClosed { .. } => error.into(),
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

    /// Reads an array of whole numbers; `expected` says what would be right for the value in a place.
    fn whole(&self, name: &str, expected: impl Fn(usize) -> String) -> Result<Vec<i64>, DatasetError> {
        self.file.integers(name).map_err(|error| match error {
            Hdf5Error::NotWhole { name, at, found } => {
                self.invalid(&format!("`{name}`, value {at}"), format!("it is {found}"), expected(at))
            }
            other => self.at(other),
        })
    }

    /// Reads an array of integers. `bounds` gives, for each column, a bound that its values must be below, and a word for them.
    fn ids(&self, name: &str, bounds: &[(usize, &str)]) -> Result<Vec<u32>, DatasetError> {
        let values = self.whole(name, |at| {
            let (bound, what) = bounds[at % bounds.len()];
            format!("a whole number, 0 to {}: {what}", bound - 1)
        })?;
        check::within(name, &values, bounds).map_err(|flaw| self.flaw(flaw))?;
        Ok(values.into_iter().map(|value| value as u32).collect())
    }

    fn stored_neighbors(&self, header: &Header) -> Result<StoredNeighbors, DatasetError> {
        let ids = self.file.integers("neighbors").map_err(|error| self.at(error))?;
        let distances = self.file.f64s("distances").map_err(|error| self.at(error))?;
        let stored = self.file.stored("distances").map_err(|error| self.at(error))?;
        Ok(StoredNeighbors { count: header.neighbors, ids, distances, stored })
    }

    /// Checks that rows have length 1 if the file calls its distance `normalized`.
    fn check_length_one(&self, header: &Header, arrays: &[(&str, &Points)]) -> Result<(), DatasetError> {
        /// Tolerance: somewhat more than rounding to half precision changes a length of 1.
        const NEAR: f64 = 1e-3;
        if !header.is_normalized {
            return Ok(());
        }
        for (name, vectors) in arrays {
            let length = |i: usize| vectors.row(i).norm();
            let wrong = (0..vectors.len()).map(length).enumerate().find(|(_, length)| (length - 1.0).abs() > NEAR);
            if let Some((row, length)) = wrong {
                let at = format!("`{name}`, row {row}");
                let found = format!("its length is {length:.4}");
                return Err(self.invalid(
                    &at,
                    found,
                    "1, because the distance is `normalized`; for other lengths, the distance \"angular\"",
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
                let expected = "the names of the relations in `link_relations`, separated by commas";
                return Err(self.invalid("attribute `relations` of `links`", "it is missing", expected));
            }
            (false, false) => {
                let expected = "the relation of each link, because `links` has the attribute `relations`";
                return Err(self.invalid("`link_relations`", "it is missing", expected));
            }
            (false, true) => {
                let length = self.shape("link_relations", 1, None)?[0];
                check::one_for_each("link_relations", length, edges.len(), "link").map_err(|flaw| self.flaw(flaw))?;
                let bound = (relations.len().min(256), "a relation named in `relations` of `links`");
                self.ids("link_relations", &[bound])?.into_iter().map(|index| index as u8).collect()
            }
        };
        Ok(Links { edges, relations, relation })
    }

    /// Reads rows (query, item, number); `what` describes the number in messages.
    fn by_query(&self, name: &str, what: &str, header: &Header) -> Result<Subtopics, DatasetError> {
        let bounds = [(header.test, "a row of `test`"), (header.train, "a row of `train`"), (1 << 31, what)];
        let rows = self.ids(name, &bounds)?;
        Ok(Subtopics::new(header.test, rows.chunks_exact(3).map(|row| [row[0], row[1], row[2]]).collect()))
    }

    /// Reads rows (query, item, grade), with one grade for each query and item. Grades below 0, TREC's mark for spam, count
    /// as 0; a note says so.
    fn qrels(&self, header: &Header, notes: &mut Vec<String>) -> Result<Qrels, DatasetError> {
        const NAME: &str = "qrels";
        let mut values = self.file.integers(NAME).map_err(|error| self.at(error))?;
        check::one_grade(NAME, &values).map_err(|flaw| self.flaw(flaw))?;
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
        check::within(NAME, &values, &bounds).map_err(|flaw| self.flaw(flaw))?;
        Ok(Qrels::new(
            header.test,
            values.chunks_exact(3).map(|row| [row[0], row[1], row[2]].map(|v| v as u32)).collect(),
        ))
    }

    /// Reads rows (query, vector).
    fn aspects(&self, header: &Header) -> Result<Aspects, DatasetError> {
        let values = self.file.f64s(aspects::NAME).map_err(|error| self.at(error))?;
        let place = |row, column| format!("`{}`, row {row}, column {column}", aspects::NAME);
        Aspects::of_rows(&values, header.test, header.dim, place).map_err(|flaw| self.flaw(flaw))
    }

    /// Labels of the rows of an array, of each kind that the file has.
    fn labels(&self, array: &str, rows: usize) -> Result<Labels, DatasetError> {
        let kinds = Labels::KINDS.map(|kind| self.label(array, kind, rows));
        let [ids, names, texts] = kinds;
        Ok(Labels { ids: ids?, names: names?, texts: texts? })
    }

    /// Labels of one kind of the rows of an array, if the file has them.
    pub(super) fn label(&self, array: &str, kind: &str, rows: usize) -> Result<Option<Texts>, DatasetError> {
        /// At most this many bytes: ids and names are shown in pages and tables.
        const LONGEST: usize = 1 << 16;
        let name = format!("{array}_{kind}");
        if !self.file.has(&name) {
            return Ok(None);
        }
        let length = self.shape(&name, 1, None)?[0];
        check::one_for_each(&name, length, rows, "row").map_err(|flaw| self.flaw(flaw))?;
        let labels = self.file.texts(&name).map_err(|error| self.at(error))?;
        let mut long = labels.iter().enumerate().filter(|(_, label)| kind != "texts" && label.len() > LONGEST);
        if let Some((row, label)) = long.next() {
            let found = format!("it has {} bytes", label.len());
            let expected = format!("a {} of at most {LONGEST} bytes", kind.trim_end_matches('s'));
            return Err(self.invalid(&format!("`{name}`, row {row}"), found, expected));
        }
        Ok(Some(labels.into_iter().collect()))
    }

    /// How the file was made, as its attribute says.
    fn history(&self) -> Result<Vec<String>, DatasetError> {
        let attributes = self.file.attributes().map_err(|error| self.at(error))?;
        let written = attributes.get(HISTORY).and_then(Attribute::text).unwrap_or_default();
        Ok(written.lines().map(str::to_owned).collect())
    }

    /// Groups of base vectors: one array `groups`, or a group of that name with an array for each kind.
    fn item_groups(&self, header: &Header) -> Result<Vec<Groups>, DatasetError> {
        header.groups.iter().map(|kind| self.item_groups_of(kind, header.train)).collect()
    }

    fn item_groups_of(&self, kind: &str, rows: usize) -> Result<Groups, DatasetError> {
        let name = if kind.is_empty() { GROUPS.to_owned() } else { format!("{GROUPS}/{kind}") };
        let length = self.shape(&name, 1, None)?[0];
        check::one_for_each(&name, length, rows, "base vector").map_err(|flaw| self.flaw(flaw))?;
        if self.file.can_read(&name, ElementKind::Text).is_ok() {
            let labels = self.file.texts(&name).map_err(|error| self.at(error))?;
            return Ok(Groups::of_labels(kind, labels));
        }
        let values = self.whole(&name, |_| A_GROUP.to_owned())?;
        let is_wrong = |value: &&i64| !(-1..=i64::from(i32::MAX)).contains(*value);
        if let Some(at) = values.iter().position(|value| is_wrong(&value)) {
            let found = check::first_of(format!("the value is {}", values[at]), values.iter().filter(is_wrong).count());
            return Err(self.invalid(&format!("`{name}`, row {at}"), found, A_GROUP));
        }
        Ok(Groups { name: kind.to_owned(), of: values.into_iter().map(|v| v as i32).collect(), labels: Vec::new() })
    }

    /// The kinds of groups that the file has: an array `groups` has no name.
    pub(super) fn kinds_of_groups(&self) -> Result<Vec<String>, DatasetError> {
        if self.file.is_group(GROUPS) {
            return self.file.names(GROUPS).map_err(|error| self.at(error));
        }
        Ok(if self.file.has(GROUPS) { vec![String::new()] } else { Vec::new() })
    }
}

/// What a group is, as a number.
const A_GROUP: &str = "a whole number, 0 to 2^31 - 1, or -1 for none";

/// The array of groups, or the HDF5 group that holds several.
const GROUPS: &str = "groups";
