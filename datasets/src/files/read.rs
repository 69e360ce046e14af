//! Puts the parts of a dataset together.

use super::points::{Layout, PointFiles, layout};
use super::qrels::{Finders, Judged};
use super::{FileSet, GroupFiles, Part, Parts, aspects, groups, links, qrels, subtopics};
use crate::array_file::{self, Truth};
use crate::check::{self, Flaw, counted};
use crate::dataset::{Dataset, Groups, Neighbors, Qrels, Stored, Subtopics};
use crate::format::{DatasetError, HasLabels, Header};
use crate::ground_truth;
use crate::hdf5_file::MEMORY;
use crate::scratch::Capacity;
use crate::stored_neighbors::{StoredNeighbors, are_rows, is_each_once};
use crate::text_file;
use crate::texts::{Labels, Texts};
use std::path::Path;
use swath_algorithms::params::Count;
use swath_algorithms::points::Space;
use swath_algorithms::{Base, Points};

/// True neighbours of a query that are computed if there is no file of them.
const COMPUTED: usize = 100;

/// Bytes of a line of a usual table of judgements.
const LINE: u64 = 24;

/// Files of points that are open, and how they are stored.
struct Opened {
    train: PointFiles,
    test: PointFiles,
    layout: Layout,
    dim: usize,
    notes: Vec<String>,
}

impl Opened {
    fn new(files: &FileSet) -> Result<Self, DatasetError> {
        files.parts().into_iter().try_for_each(|(key, part)| is_there(key, &part.file))?;
        are_whole_tables(files)?;
        are_named(files)?;
        let train = PointFiles::open("vectors", &files.vectors)?;
        let test = PointFiles::open("queries", &files.queries)?;
        let mut notes = [train.notes(), test.notes()].concat();
        let stated = files.dimension.map(Count::size);
        let (layout, dim) = layout(files.distance, stated, [&train, &test], &mut notes)?;
        Ok(Self { train, test, layout, dim, notes })
    }
}

pub(super) fn header(files: &FileSet) -> Result<Header, DatasetError> {
    header_of(files, &Opened::new(files)?, MEMORY)
}

fn header_of(files: &FileSet, opened: &Opened, memory: u64) -> Result<Header, DatasetError> {
    let Opened { train, test, layout, dim, notes } = opened;
    let neighbors = match &files.neighbors {
        Some(part) => stored_columns(part, test.rows, train.rows)?,
        None => COMPUTED.min(train.rows),
    };
    // Counted only when the file is read.
    let lines = |part: &Option<Part>| part.as_ref().map(|part| (bytes(&part.file) / LINE) as usize);
    let (links, relations) = match &files.links {
        Some(part) => {
            let (count, relations) = links::relations(&part.file, memory)?;
            (Some(count), relations)
        }
        None => (None, Vec::new()),
    };
    let aspects = files.aspects.as_ref();
    let aspects = aspects.map(|part| aspects::open(part, layout.kind(), *dim, memory)).transpose()?;
    let groups = match &files.groups {
        None => Vec::new(),
        Some(GroupFiles::One(_)) => vec![String::new()],
        Some(GroupFiles::Several(kinds)) => kinds.keys().cloned().collect(),
    };
    let mut notes = notes.clone();
    if files.neighbors.is_none() {
        notes.push(format!("there is no file of true neighbours: the {neighbors} nearest of each query are computed"));
    }
    Ok(Header {
        distance: files.distance,
        kind: layout.kind(),
        train: train.rows,
        test: test.rows,
        dim: *dim,
        members: [train.values, test.values],
        neighbors,
        links,
        relations,
        subtopics: lines(&files.subtopics),
        qrels: lines(&files.qrels),
        aspects: aspects.map(|matrix| matrix.header().rows),
        groups,
        labels: HasLabels { ids: files.ids.is_some(), names: files.names.is_some(), texts: files.texts.is_some() },
        is_normalized: false,
        notes,
    })
}

pub(super) fn sizes(files: &FileSet, capacity: &Capacity) -> Result<Header, DatasetError> {
    let opened = Opened::new(files)?;
    let header = header_of(files, &opened, capacity.memory)?;
    if header.bytes_of_points() > capacity.of_points() {
        let found = format!("its points need {} bytes of memory", header.bytes_of_points());
        let flaw = Flaw::new("`vectors` or `queries`", found, format!("at most {}", capacity.memory));
        return Err(DatasetError::Invalid { path: opened.train.path().to_owned(), flaw });
    }
    Ok(header)
}

/// Checks that a file exists: the error names its key.
fn is_there(key: &str, path: &Path) -> Result<(), DatasetError> {
    match std::fs::metadata(path) {
        Ok(_) => Ok(()),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            let path_of = "a path that starts from the folder of the experiment";
            let name = path.to_string_lossy();
            // As options of the command line name parts.
            let expected = match name.rsplit_once('#') {
                Some((file, part)) if Path::new(file).is_file() => {
                    let file = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
                    format!("{path_of}; in YAML a part of a file is `{{ file: {file}, part: {part} }}`")
                }
                _ => path_of.to_owned(),
            };
            let flaw = Flaw::new(format!("`{key}`"), "the file does not exist", expected);
            Err(DatasetError::Invalid { path: path.to_owned(), flaw })
        }
        Err(source) => Err(DatasetError::Io { path: path.to_owned(), source }),
    }
}

/// Refuses the name of a column of a table that has several.
fn are_whole_tables(files: &FileSet) -> Result<(), DatasetError> {
    let tables = [("qrels", &files.qrels), ("subtopics", &files.subtopics), ("links", &files.links)];
    let named = tables.into_iter().filter_map(|(key, part)| Some((key, part.as_ref()?)));
    for (key, Part { file, part }) in named {
        if let Some(part) = part {
            let expected = "the file alone: its columns are found by their names";
            let flaw = Flaw::new(format!("`{key}`"), format!("it names the part `{part}`"), expected);
            return Err(DatasetError::Invalid { path: file.clone(), flaw });
        }
    }
    Ok(())
}

/// Checks the names of kinds of groups: HDF5 takes them as names of objects.
fn are_named(files: &FileSet) -> Result<(), DatasetError> {
    let Some(GroupFiles::Several(kinds)) = &files.groups else { return Ok(()) };
    let is_wrong = |name: &str| name.is_empty() || name == "." || name.contains(['/', '\0']);
    match kinds.iter().find(|(name, _)| is_wrong(name)) {
        Some((name, part)) => {
            let found = format!("a kind of groups is called `{name}`");
            let flaw = Flaw::new("`groups`", found, "names without `/`, as in `{ site: sites.csv }`");
            Err(DatasetError::Invalid { path: part.file.clone(), flaw })
        }
        None => Ok(()),
    }
}

fn bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

pub(super) fn read(files: &FileSet, capacity: &Capacity) -> Result<Dataset, DatasetError> {
    let opened = Opened::new(files)?;
    let header = header_of(files, &opened, capacity.memory)?;
    let space = capacity.space_for(header.bytes_of_points());
    let mut notes = header.notes.clone();
    let train = opened.train.read(opened.layout, opened.dim, &space, &mut notes)?;
    let test = opened.test.read(opened.layout, opened.dim, &space, &mut notes)?;
    let memory = capacity.memory;
    let train_labels =
        labels([&files.ids, &files.names, &files.texts], ["ids", "names", "texts"], train.len(), memory)?;
    let query_keys = ["query-ids", "query-names", "query-texts"];
    let test_labels =
        labels([&files.query_ids, &files.query_names, &files.query_texts], query_keys, test.len(), memory)?;
    let neighbors = neighbors(files, &train, &test, space, &mut notes)?;
    let aspects =
        files.aspects.as_ref().map(|part| aspects::open(part, train.kind(), train.dim(), memory)).transpose()?;
    let aspects = aspects.map(|matrix| aspects::read(&*matrix, test.len())).transpose()?;
    let of_points = Dataset::of_points(train, test, files.distance, neighbors);
    let mut dataset = Dataset { aspects, train_labels, test_labels, ..of_points };
    add_tables(files, memory, &mut dataset, &mut notes)?;
    dataset.notes = notes;
    let path = || opened.train.path().to_owned();
    dataset.check().map_err(|flaw| DatasetError::Invalid { path: path(), flaw })?;
    Ok(dataset)
}

/// Adds what refers to rows by their ids.
fn add_tables(
    files: &FileSet,
    memory: u64,
    dataset: &mut Dataset,
    notes: &mut Vec<String>,
) -> Result<(), DatasetError> {
    let (n, m) = (dataset.train.len(), dataset.test.len());
    let (item_ids, query_ids) = (dataset.train_labels.row_ids(n), dataset.test_labels.row_ids(m));
    let (items, queries) = (item_ids.finder(), query_ids.finder());
    let finders = Finders { queries: &queries, items: &items };
    let has_subtopics = files.subtopics.is_some();
    let judged = files.qrels.as_ref();
    let judged = judged.map(|part| qrels::read(&part.file, memory, finders, has_subtopics, notes)).transpose()?;
    let covered =
        files.subtopics.as_ref().map(|part| subtopics::read(&part.file, memory, finders, notes)).transpose()?;
    let links = files.links.as_ref().map(|part| links::read(&part.file, memory, finders, notes)).transpose()?;
    let mut kinds: Vec<(&str, &Part)> = Vec::new();
    match &files.groups {
        None => {}
        Some(GroupFiles::One(part)) => kinds.push(("", part)),
        Some(GroupFiles::Several(parts)) => kinds.extend(parts.iter().map(|(kind, part)| (kind.as_str(), part))),
    }
    let read = |(kind, part): (&str, &Part)| groups::read(part, kind, n, memory, finders, notes);
    let groups = kinds.into_iter().map(read).collect::<Result<Vec<Groups>, _>>()?;
    (dataset.links, dataset.groups) = (links, groups);
    if let Some(judged) = judged {
        add_judgements(dataset, judged);
    }
    if let Some(rows) = covered {
        dataset.subtopics = Some(Subtopics::new(m, rows));
    }
    Ok(())
}

/// Adds judgements, and the subtopics that they name.
pub(super) fn add_judgements(dataset: &mut Dataset, judged: Judged) {
    let queries = dataset.test.len();
    dataset.qrels = Some(Qrels::new(queries, judged.qrels));
    dataset.subtopics = judged.subtopics.map(|rows| Subtopics::new(queries, rows));
}

/// Texts of files, one after another.
pub(super) fn texts(parts: &Parts, memory: u64) -> Result<Texts, DatasetError> {
    let mut all = parts.0.iter().map(|part| text_file::texts(&part.file, part.part.as_deref(), memory));
    match (all.next(), parts.0.len()) {
        (Some(first), 1) => first,
        (first, _) => {
            let all: Vec<Texts> = first.into_iter().chain(all).collect::<Result<_, _>>()?;
            Ok(all.iter().flat_map(Texts::iter).collect())
        }
    }
}

/// Labels of `rows` rows; `keys` are those of YAML.
fn labels(parts: [&Option<Parts>; 3], keys: [&str; 3], rows: usize, memory: u64) -> Result<Labels, DatasetError> {
    let mut kinds = [const { None }; 3];
    for (i, (parts, key)) in parts.into_iter().zip(keys).enumerate() {
        let Some(parts) = parts else { continue };
        let texts = texts(parts, memory)?;
        let file = parts.0.first().map_or(Path::new(""), |part| &part.file);
        let invalid = |flaw| DatasetError::Invalid { path: file.to_owned(), flaw };
        let of = if key.starts_with("query") { "query" } else { "base vector" };
        let mut counted = check::one_for_each(key, texts.len(), rows, of);
        let is_table =
            file.extension().is_some_and(|ending| ["csv", "tsv"].iter().any(|it| ending.eq_ignore_ascii_case(it)));
        if let Some(flaw) = counted.as_mut().err().filter(|_| is_table && texts.len() < rows) {
            flaw.expected.push_str("; the first line of a table names its columns, and is no value");
        }
        counted.map_err(invalid)?;
        if i == 0 {
            check::each_once(&format!("`{key}`"), texts.iter()).map_err(invalid)?;
        }
        kinds[i] = Some(texts);
    }
    Ok(Labels::of_kinds(kinds))
}

/// The columns of a file of true neighbours, whose rows must be the queries.
fn stored_columns(Part { file: path, part }: &Part, queries: usize, train: usize) -> Result<usize, DatasetError> {
    let truth = array_file::truth(path, part.as_deref())?;
    let header = truth.ids.header();
    let found = format!("it has {} of {}", counted(header.rows, "row"), counted(header.columns, "neighbour"));
    if header.rows != queries {
        let flaw = Flaw::new("`neighbors`", found, format!("{queries} rows, one for each query"));
        return Err(DatasetError::Invalid { path: path.clone(), flaw });
    }
    if header.columns > train {
        let flaw = Flaw::new("`neighbors`", found, format!("1 to {train}, the number of base vectors"));
        return Err(DatasetError::Invalid { path: path.to_owned(), flaw });
    }
    Ok(header.columns)
}

/// The true neighbours: those of the file, with their distances computed if it has only ids; or computed.
fn neighbors(
    files: &FileSet,
    train: &Points,
    test: &Points,
    space: Space,
    notes: &mut Vec<String>,
) -> Result<Neighbors, DatasetError> {
    let distance = files.distance;
    let Some(Part { file, part }) = &files.neighbors else {
        let base = Base::new(train.clone(), distance).with_copies_in(space);
        return Ok(ground_truth::compute(&base, test, COMPUTED));
    };
    let Truth { ids: id_rows, distances } = array_file::truth(file, part.as_deref())?;
    let count = id_rows.header().columns;
    let mut ids = Vec::with_capacity(test.len() * count);
    id_rows.integer_rows(&mut |rows| {
        ids.extend_from_slice(rows);
        true
    })?;
    let invalid = |flaw| DatasetError::Invalid { path: file.clone(), flaw };
    // While each id stands where the file has it.
    are_rows(&ids, count, train.len(), "the row of a base vector").map_err(invalid)?;
    is_each_once(&ids, count).map_err(invalid)?;
    // The distances of such files are squared, negative or plain, as their authors liked: these are those of the ids.
    let mut compared = Vec::with_capacity(ids.len());
    for (query, row) in ids.chunks_exact(count).enumerate() {
        let of = |id: &i64| match usize::try_from(*id).ok().filter(|id| *id < train.len()) {
            Some(id) => distance.between(test.row(query), train.row(id)),
            None => f64::INFINITY,
        };
        compared.extend(row.iter().map(of));
    }
    if distances.is_some() {
        notes.push("the distances in the file of true neighbours are computed again from the vectors".to_owned());
    }
    sort_rows(&mut ids, &mut compared, count);
    let stored = StoredNeighbors { count, ids, distances: compared, stored: Stored::Float64 };
    stored.repair(train, test, distance, notes).map_err(invalid)
}

/// Sorts the neighbours of each query by distance, then id: single precision, by which files are sorted, leaves some out of order.
fn sort_rows(ids: &mut [i64], distances: &mut [f64], count: usize) {
    for (ids, distances) in ids.chunks_exact_mut(count).zip(distances.chunks_exact_mut(count)) {
        let mut row: Vec<(f64, i64)> = distances.iter().copied().zip(ids.iter().copied()).collect();
        row.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (i, (distance, id)) in row.into_iter().enumerate() {
            (distances[i], ids[i]) = (distance, id);
        }
    }
}
