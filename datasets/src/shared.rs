//! The file by which a run shares its dataset with its own processes. It lives as long as the run; each process, the same
//! program on the same machine, reads it once. All values are exact, distances too, and no array is held twice for writing or
//! reading.
//!
//! The layout is private: the length of a header, the header as JSON, then the arrays one after another, in the machine's
//! byte order.

use crate::bounded;
use crate::dataset::{Dataset, Links, Neighbors, Stored, Subtopics};
use crate::whole_file;
use bytemuck::{Pod, Zeroable};
use serde::{Deserialize, Serialize};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use swath_algorithms::points::vectors::Builder;
use swath_algorithms::points::{Bits, Sets, SparseVectors};
use swath_algorithms::{Distance, Points, PointsError, Vectors};

/// Values read at a time.
const AT_ONCE: usize = 1 << 18;

#[derive(Serialize, Deserialize)]
struct SharedHeader {
    distance: Distance,
    /// `train` and `test`.
    points: [SharedPoints; 2],
    dim: usize,
    neighbors: usize,
    /// The type that distances had in the dataset's own file; here they are `f64`.
    stored: Stored,
    links: Option<SharedLinks>,
    /// Rows of subtopics and of judgements.
    by_query: [Option<usize>; 2],
    /// Names of base vectors and of queries.
    names: [Option<Vec<String>>; 2],
    notes: Vec<String>,
}

/// The sizes of the arrays of points.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum SharedPoints {
    /// Rows.
    Dense(usize),
    /// Rows.
    Bits(usize),
    /// Rows, and members of all.
    Sets(usize, usize),
    /// Rows, and values of all.
    Sparse(usize, usize),
}

impl SharedPoints {
    fn of(points: &Points) -> Self {
        match points {
            Points::Dense(vectors) => Self::Dense(vectors.rows()),
            Points::Bits(bits) => Self::Bits(bits.rows()),
            Points::Sets(sets) => Self::Sets(sets.rows(), sets.members().len()),
            Points::Sparse(vectors) => Self::Sparse(vectors.rows(), vectors.values().len()),
        }
    }

    fn rows(self) -> usize {
        let (Self::Dense(rows) | Self::Bits(rows) | Self::Sets(rows, _) | Self::Sparse(rows, _)) = self;
        rows
    }
}

#[derive(Serialize, Deserialize)]
struct SharedLinks {
    edges: usize,
    /// Links whose relation is known: all or none.
    with_relation: usize,
    relations: Vec<String>,
}

/// Writes a dataset.
///
/// # Errors
/// The file system's refusal.
pub fn write(path: &Path, dataset: &Dataset) -> io::Result<()> {
    let by_query = [&dataset.subtopics, &dataset.qrels];
    let header = SharedHeader {
        distance: dataset.distance,
        points: [&dataset.train, &dataset.test].map(SharedPoints::of),
        dim: dataset.train.dim(),
        neighbors: dataset.neighbors.count,
        stored: dataset.neighbors.stored,
        links: dataset.links.as_ref().map(|links| SharedLinks {
            edges: links.edges.len(),
            with_relation: links.relation.len(),
            relations: links.relations.clone(),
        }),
        by_query: by_query.map(|pairs| pairs.as_ref().map(Subtopics::len)),
        names: [dataset.train_names.clone(), dataset.test_names.clone()],
        notes: dataset.notes.clone(),
    };
    let header = serde_json::to_vec(&header)?;
    whole_file::write_with(path, |file| write_arrays(file, &header, dataset))
}

/// The length of the header, the header, and the arrays.
fn write_arrays(mut file: &mut dyn Write, header: &[u8], dataset: &Dataset) -> io::Result<()> {
    file.write_all(&(header.len() as u64).to_ne_bytes())?;
    file.write_all(header)?;
    for points in [&dataset.train, &dataset.test] {
        match points {
            Points::Dense(vectors) => (0..vectors.rows()).try_for_each(|row| put(&mut file, vectors.row(row)))?,
            Points::Bits(bits) => put(&mut file, bits.words())?,
            Points::Sets(sets) => {
                put(&mut file, sets.offsets())?;
                put(&mut file, sets.members())?;
            }
            Points::Sparse(vectors) => {
                put(&mut file, vectors.offsets())?;
                put(&mut file, vectors.columns())?;
                put(&mut file, vectors.values())?;
            }
        }
    }
    put(&mut file, &dataset.neighbors.ids)?;
    put(&mut file, &dataset.neighbors.distances)?;
    if let Some(links) = &dataset.links {
        put(&mut file, &links.edges)?;
        put(&mut file, &links.relation)?;
    }
    for pairs in [&dataset.subtopics, &dataset.qrels].into_iter().flatten() {
        for query in 0..pairs.queries() {
            pairs.of(query).iter().try_for_each(|&(item, number)| put(&mut file, &[query as u32, item, number]))?;
        }
    }
    Ok(())
}

/// Reads a dataset that [`write()`] wrote.
///
/// # Errors
/// The file system's refusal, or the file is not one of these.
pub fn read(path: &Path) -> io::Result<Dataset> {
    let mut file = BufReader::new(bounded::open(path)?.0);
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    // At most the rest of the file is read, whatever length it claims.
    let mut header = Vec::new();
    file.by_ref().take(u64::from_ne_bytes(length)).read_to_end(&mut header)?;
    let SharedHeader { distance, points: [train, test], dim, neighbors: count, stored, links, by_query, names, notes } =
        serde_json::from_slice(&header)?;
    let m = test.rows();
    let train = points(&mut file, train, dim)?;
    let test = points(&mut file, test, dim)?;
    let (ids, distances) = (get(&mut file, m * count)?, get(&mut file, m * count)?);
    let neighbors = Neighbors { count, ids, distances, stored };
    let links = links.map(|SharedLinks { edges, with_relation, relations }| -> io::Result<Links> {
        Ok(Links { edges: get(&mut file, edges)?, relation: get(&mut file, with_relation)?, relations })
    });
    let links = links.transpose()?;
    let [subtopics, qrels] = by_query
        .map(|rows| rows.map(|rows| io::Result::Ok(Subtopics::new(m, get::<[u32; 3]>(&mut file, rows)?))).transpose());
    let [train_names, test_names] = names;
    Ok(Dataset {
        train,
        test,
        distance,
        neighbors,
        links,
        subtopics: subtopics?,
        qrels: qrels?,
        train_names,
        test_names,
        notes,
    })
}

fn put<T: Pod>(file: &mut impl Write, values: &[T]) -> io::Result<()> {
    file.write_all(bytemuck::cast_slice(values))
}

fn get<T: Pod>(file: &mut impl Read, count: usize) -> io::Result<Vec<T>> {
    let mut values = vec![T::zeroed(); count];
    file.read_exact(bytemuck::cast_slice_mut(&mut values))?;
    Ok(values)
}

fn points(file: &mut impl Read, sizes: SharedPoints, dim: usize) -> io::Result<Points> {
    Ok(match sizes {
        SharedPoints::Dense(rows) => vectors(file, rows, dim)?.into(),
        SharedPoints::Bits(rows) => Bits::new(get::<u64>(file, rows * dim.div_ceil(64))?, dim).map_err(invalid)?.into(),
        SharedPoints::Sets(rows, members) => {
            let offsets = get::<u64>(file, rows + 1)?;
            Sets::new(get::<u32>(file, members)?, offsets, dim).map_err(invalid)?.into()
        }
        SharedPoints::Sparse(rows, values) => {
            let offsets = get::<u64>(file, rows + 1)?;
            let columns = get::<u32>(file, values)?;
            SparseVectors::new(columns, get::<f32>(file, values)?, offsets, dim).map_err(invalid)?.into()
        }
    })
}

fn invalid(error: PointsError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

fn vectors(file: &mut impl Read, rows: usize, dim: usize) -> io::Result<Vectors> {
    let mut vectors = Builder::new(rows, dim).map_err(invalid)?;
    let at_once = (AT_ONCE / dim).max(1);
    let mut buffer = vec![f32::zeroed(); at_once.min(rows) * dim];
    for start in (0..rows).step_by(at_once) {
        let values = &mut buffer[..at_once.min(rows - start) * dim];
        file.read_exact(bytemuck::cast_slice_mut(values))?;
        vectors.push(values).map_err(invalid)?;
    }
    Ok(vectors.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_is_read_as_it_was_written_to_the_last_bit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x");
        let values: Vec<f32> = (0..9 * 17).map(|i| (i as f32).sin()).collect();
        let (train, test) = (&values[..6 * 17], &values[6 * 17..]);
        let mut dataset = Dataset {
            train: Vectors::new(train, 17).expect("finite").into(),
            test: Vectors::new(test, 17).expect("finite").into(),
            distance: Distance::Angular,
            // Not exact as f32.
            neighbors: Neighbors {
                count: 2,
                ids: vec![0, 1, 2, 3, 4, 5],
                distances: [0.1, 1.0 / 3.0].repeat(3),
                stored: Stored::Float32,
            },
            links: None,
            subtopics: None,
            qrels: None,
            train_names: None,
            test_names: None,
            notes: vec!["a grade below 0".into()],
        };
        for rich in [false, true] {
            if rich {
                let relations = vec!["a".into(), "b \u{1b} \"c".into()];
                dataset.links = Some(Links { edges: vec![[0, 5], [3, 2]], relations, relation: vec![1, 0] });
                dataset.subtopics = Some(Subtopics::new(3, vec![[0, 1, 7], [2, 5, 0], [2, 5, 1]]));
                dataset.qrels = Some(Subtopics::new(3, vec![[1, 1, 3]]));
                dataset.train_names = Some((0..6).map(|i| format!("n{i}")).collect());
                dataset.test_names = Some(vec![String::new(), "\u{e9}".into(), "z".into()]);
            }
            write(&path, &dataset).expect("written");
            let again = read(&path).expect("read");
            assert!(again.same(&dataset));
            assert_eq!(again.neighbors.distances, dataset.neighbors.distances, "as f64");
            assert_eq!((again.neighbors.stored, &again.notes), (Stored::Float32, &dataset.notes));
            let whole = std::fs::read(&path).expect("read");
            for length in 0..whole.len() {
                std::fs::write(&path, &whole[..length]).expect("written");
                assert!(read(&path).is_err(), "{length} of {} bytes", whole.len());
            }
        }
    }
}
