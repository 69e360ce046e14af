//! big-ann-benchmarks' sparse track: base vectors, queries and true neighbours in files of their own, all little-endian.
//!
//! A `.csr` file holds the numbers of rows, columns and values as int64; the offsets of the rows as int64, one more than rows;
//! the columns as int32; and the values as float32. A `.gt` file holds the numbers of queries and of neighbours as uint32, the
//! ids as int32 or uint32, and the inner products as float32.
//!
//! The files are found by that project's names: `base_small.csr`, `queries.dev.csr`, `base_small.dev.gt`.

use super::compressed_rows::{CompressedRows, NumbersBelow, RowNames, offsets};
use super::{DatasetError, Format, HasLabels, Header};
use crate::array_file::{self, Matrix, csr};
use crate::check::{Flaw, no_room};
use crate::dataset::{Dataset, Neighbors, Stored};
use crate::ground_truth;
use crate::scratch::Capacity;
use crate::stored_neighbors::StoredNeighbors;
use crate::texts::Texts;
use std::io;
use std::path::{Path, PathBuf};
use swath_algorithms::points::{Filling, PointType, Space, SparseVectors};
use swath_algorithms::{Base, Distance, Points};

/// True neighbours of a query that are computed if the dataset has none.
const COMPUTED: usize = 100;

/// The format of big-ann-benchmarks' sparse track: a folder, or the file of base vectors in it.
pub struct BigAnnSparse;

/// The files of a dataset.
struct DatasetFiles {
    base: PathBuf,
    queries: PathBuf,
    /// `None` if there is none: true neighbours are then computed.
    truth: Option<PathBuf>,
}

/// A file of compressed rows whose sizes have been checked.
struct RowsFile {
    path: PathBuf,
    stored: array_file::CompressedRows,
}

/// A file of true neighbours whose sizes have been checked.
struct TruthFile {
    ids: Box<dyn Matrix>,
    distances: Box<dyn Matrix>,
}

impl Format for BigAnnSparse {
    fn name(&self) -> &'static str {
        "big-ann-benchmarks' sparse vectors"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["csr"]
    }

    fn sniff(&self, path: &Path, _: &[u8]) -> bool {
        let is_like_base = |name: &str| is_base(name.strip_suffix(".gz").unwrap_or(name));
        path.is_dir() && !names(path, is_like_base).unwrap_or_default().is_empty()
    }

    fn header(&self, path: &Path) -> Result<Header, DatasetError> {
        self.sizes(path, &u64::MAX.into())
    }

    fn sizes(&self, path: &Path, capacity: &Capacity) -> Result<Header, DatasetError> {
        let files = DatasetFiles::find(path)?;
        let (base, queries) = (RowsFile::open(&files.base, capacity)?, RowsFile::open(&files.queries, capacity)?);
        let truth = files
            .truth
            .as_deref()
            .map(|path| TruthFile::open(path, capacity.memory, queries.stored.rows, base.stored.rows));
        let truth = truth.transpose()?;
        Ok(header(&base, &queries, truth.as_ref()))
    }

    fn read(&self, path: &Path, capacity: &Capacity) -> Result<Dataset, DatasetError> {
        let files = DatasetFiles::find(path)?;
        let (base, queries) = (RowsFile::open(&files.base, capacity)?, RowsFile::open(&files.queries, capacity)?);
        let truth = files
            .truth
            .as_deref()
            .map(|path| TruthFile::open(path, capacity.memory, queries.stored.rows, base.stored.rows));
        let truth = truth.transpose()?;
        let header = header(&base, &queries, truth.as_ref());
        let space = capacity.space_for(header.bytes_of_points());
        let Header { mut notes, dim, .. } = header;
        let train = Points::from(base.read(dim, &space, &mut notes)?);
        let test = Points::from(queries.read(dim, &space, &mut notes)?);
        let distance = Distance::InnerProduct;
        let neighbors = match (truth, &files.truth) {
            (Some(truth), Some(path)) => truth.read(path, &train, &test, &mut notes)?,
            _ => ground_truth::compute(&Base::new(train.clone(), distance).with_copies_in(space), &test, COMPUTED),
        };
        let dataset = Dataset { notes, ..Dataset::of_points(train, test, distance, neighbors) };
        let at = files.truth.unwrap_or(files.base);
        dataset.check().map_err(|flaw| DatasetError::Invalid { path: at, flaw })?;
        Ok(dataset)
    }

    fn query_names(&self, _: &Path, _: u64) -> Result<Option<Texts>, DatasetError> {
        Ok(None)
    }

    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, DatasetError> {
        let DatasetFiles { base, queries, truth } = DatasetFiles::find(path)?;
        Ok([base, queries].into_iter().chain(truth).collect())
    }
}

fn header(base: &RowsFile, queries: &RowsFile, truth: Option<&TruthFile>) -> Header {
    let computed = COMPUTED.min(base.stored.rows);
    let mut notes = Vec::new();
    if truth.is_none() {
        notes.push(format!(
            "there is no file of true neighbours (.gt): the {computed} nearest of each query are computed"
        ));
    }
    Header {
        distance: Distance::InnerProduct,
        kind: PointType::Sparse,
        train: base.stored.rows,
        test: queries.stored.rows,
        dim: base.stored.columns.max(queries.stored.columns),
        members: [base.stored.values_count, queries.stored.values_count],
        neighbors: truth.map_or(computed, TruthFile::count),
        links: None,
        relations: Vec::new(),
        subtopics: None,
        qrels: None,
        aspects: None,
        groups: Vec::new(),
        labels: HasLabels::default(),
        is_normalized: false,
        notes,
    }
}

fn is_base(name: &str) -> bool {
    name.starts_with("base") && Path::new(name).extension().is_some_and(|ending| ending == "csr")
}

fn is_queries(name: &str) -> bool {
    name.starts_with("queries") && Path::new(name).extension().is_some_and(|ending| ending == "csr")
}

/// The names of files in `folder` that are wanted, sorted.
fn names(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> io::Result<Vec<String>> {
    let names = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<String>>>()?;
    names.retain(|name| is_wanted(name));
    names.sort_unstable();
    Ok(names)
}

impl DatasetFiles {
    /// Finds the files by the path of their folder, or of the base vectors.
    fn find(path: &Path) -> Result<Self, DatasetError> {
        let io = |source| DatasetError::Io { path: path.to_owned(), source };
        let (folder, base) = if path.is_dir() {
            let base =
                only(path, names(path, is_base).map_err(io)?, "base*.csr", "give the file of base vectors itself")?;
            (path, path.join(base))
        } else {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            (folder, path.to_owned())
        };
        let queries = names(folder, is_queries).map_err(io)?;
        let queries = only(folder, queries, "queries*.csr", "keep one beside the base vectors")?;
        let stem = base.file_stem().unwrap_or_default().to_string_lossy();
        let part = queries.strip_prefix("queries").and_then(|rest| rest.strip_suffix("csr")).unwrap_or(".");
        let truth = folder.join(format!("{stem}{part}gt"));
        Ok(Self { base, queries: folder.join(queries), truth: truth.is_file().then_some(truth) })
    }
}

/// The only name of several; `pattern` says what they are like, and `otherwise` what to do if there are more.
fn only(folder: &Path, mut names: Vec<String>, pattern: &str, otherwise: &str) -> Result<String, DatasetError> {
    if names.len() == 1
        && let Some(name) = names.pop()
    {
        return Ok(name);
    }
    let (found, expected) = if names.is_empty() {
        let packed = format!("one file like {pattern}; `gunzip` unpacks those that end in .gz");
        (format!("the folder has no file like {pattern}"), packed)
    } else {
        (format!("the folder has several files like {pattern}: {}", names.join(", ")), format!("one: {otherwise}"))
    };
    Err(DatasetError::Invalid { path: folder.to_owned(), flaw: Flaw::new("the dataset", found, expected) })
}

fn invalid(path: &Path, flaw: Flaw) -> DatasetError {
    DatasetError::Invalid { path: path.to_owned(), flaw }
}

impl RowsFile {
    /// Opens a file and checks its sizes: it must be as long as its header says, and what must be in memory must fit.
    fn open(path: &Path, capacity: &Capacity) -> Result<Self, DatasetError> {
        let stored = csr::rows(path)?;
        let array_file::CompressedRows { rows, columns, values_count, .. } = stored;
        // Columns and values may be in scratch files; offsets are in memory, twice while they are checked.
        let offsets = 16 * (rows as u64 + 1);
        let held = if capacity.scratch.is_some() { offsets } else { offsets.max(8 * (rows + values_count) as u64) };
        let memory = capacity.memory;
        if held > memory {
            let found = format!(
                "it says {rows} rows, {columns} columns and {values_count} values, which need {held} bytes of memory"
            );
            return Err(invalid(path, Flaw::new("the header", found, format!("at most {memory}"))));
        }
        Ok(Self { path: path.to_owned(), stored })
    }

    /// The vectors, with `dim` columns.
    fn read(self, dim: usize, space: &Space, notes: &mut Vec<String>) -> Result<SparseVectors, DatasetError> {
        let Self { path, stored } = self;
        let array_file::CompressedRows { columns, values_count: count, .. } = stored;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let lengths = format!("{name}: offsets");
        let names = RowNames { numbers: &name, lengths: &lengths, bound: "a column" };
        let all = stored.offsets.all_integers()?;
        let offsets = offsets(names, &all, count).map_err(|flaw| invalid(&path, flaw))?;
        let full = |error: io::Error| invalid(&path, no_room(&name, &error));
        let mut below = NumbersBelow::new(columns, count, space).map_err(full)?;
        let mut values = Filling::with_capacity(space, count).map_err(full)?;
        let mut room = Ok(());
        stored.numbers.integer_rows(&mut |part| keep(&mut room, below.push(part)))?;
        stored.values.f32_rows(&mut |part| keep(&mut room, values.extend(part)))?;
        room.map_err(full)?;
        let rows = CompressedRows { names, numbers: below, offsets };
        let sparse = rows.sparse(&format!("{name}: values"), values, notes).map_err(|flaw| invalid(&path, flaw))?;
        Ok(sparse.with_dim(dim))
    }
}

/// Keeps the first error; returns whether there is none.
fn keep(first: &mut io::Result<()>, next: io::Result<()>) -> bool {
    if first.is_ok() {
        *first = next;
    }
    first.is_ok()
}

impl TruthFile {
    /// Opens a file and checks its sizes.
    fn open(path: &Path, memory: u64, queries: usize, train: usize) -> Result<Self, DatasetError> {
        let array_file::Truth { ids, distances } = array_file::truth(path, None)?;
        let (rows, count) = (ids.header().rows, ids.header().columns);
        let flaw = |found, expected| invalid(path, Flaw::new("the header", found, expected));
        let found = format!("it says {rows} queries with {count} neighbours each");
        let Some(distances) = distances else {
            return Err(flaw(format!("{found}, without distances"), "ids, and then their inner products".into()));
        };
        if rows != queries || count > train {
            return Err(flaw(found, format!("{queries} queries with 1 to {train} neighbours each")));
        }
        // Ids become 64 bits wide, as do distances.
        let needed = 16 * rows as u128 * count as u128;
        if needed > u128::from(memory) {
            return Err(flaw(format!("{found}, which need {needed} bytes of memory"), format!("at most {memory}")));
        }
        Ok(Self { ids, distances })
    }

    fn count(&self) -> usize {
        self.ids.header().columns
    }

    fn read(
        self,
        path: &Path,
        train: &Points,
        test: &Points,
        notes: &mut Vec<String>,
    ) -> Result<Neighbors, DatasetError> {
        let count = self.count();
        let (ids, mut distances) = (self.ids.all_integers()?, self.distances.all_f64s()?);
        if are_products(&distances, count, |at| {
            let id = usize::try_from(ids[at]).ok().filter(|&id| id < train.len())?;
            Some(Distance::InnerProduct.between(test.row(at / count), train.row(id)))
        }) {
            distances.iter_mut().for_each(|product| *product = -*product);
            notes.push("the true neighbours are stored with their inner products: the distance is the negative".into());
        }
        let stored = StoredNeighbors { count, ids, distances, stored: Stored::Float32 };
        let repaired = stored.repair(train, test, Distance::InnerProduct, notes);
        repaired.map_err(|flaw| invalid(path, flaw))
    }
}

/// Whether the stored numbers are inner products and not their negatives, by computing the first of each query again.
fn are_products(stored: &[f64], count: usize, distance: impl Fn(usize) -> Option<f64>) -> bool {
    /// Queries to look at.
    const QUERIES: usize = 20;
    let firsts = (0..stored.len()).step_by(count).take(QUERIES);
    let known = firsts.filter_map(|at| Some((stored[at], distance(at)?)));
    let (products, distances) = known.fold((0.0, 0.0), |(products, distances), (stored, distance)| {
        (products + (stored + distance).abs(), distances + (stored - distance).abs())
    });
    products < distances
}
