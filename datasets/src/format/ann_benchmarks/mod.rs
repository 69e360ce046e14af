//! ann-benchmarks' HDF5 datasets, with swath's additions: links, subtopics, judgements, sub-queries, groups, labels, sparse vectors.
//!
//! The content of a file is checked before it is used. There are four generations of ann-benchmarks' writer, so only
//! `distance`, `train`, `test`, `neighbors` and `distances` are required.

mod header;
mod layout;
mod points;
mod reader;
mod writer;

pub use writer::{write, write_new};

use super::{DatasetError, Format, Header};
use crate::dataset::Dataset;
use crate::hdf5_file::MEMORY;
use crate::scratch::Capacity;
use crate::texts::Texts;
use reader::OpenDataset;
use std::path::Path;
use swath_algorithms::Distance;
use swath_algorithms::points::PointType;

/// Why ann-benchmarks could not read a dataset with this header; `None` if it could.
pub fn refusal(header: &Header) -> Option<&'static str> {
    match (header.kind, header.distance) {
        (PointType::Sparse, _) => Some("ann-benchmarks has no sparse vectors"),
        (_, Distance::InnerProduct) => Some("ann-benchmarks has no inner product among its distances"),
        _ => None,
    }
}

/// The format that ann-benchmarks stores datasets in.
pub struct AnnBenchmarks;

impl Format for AnnBenchmarks {
    fn name(&self) -> &'static str {
        "an HDF5 file as ann-benchmarks writes it"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["hdf5", "h5"]
    }

    /// A user block of 512, 1024 or 2048 bytes may come before the signature. A file with a larger one is known by its ending.
    fn sniff(&self, _: &Path, start: &[u8]) -> bool {
        let places = [0, 512, 1024, 2048];
        places.iter().any(|&at| start.get(at..).is_some_and(|rest| rest.starts_with(b"\x89HDF\r\n\x1a\n")))
    }

    fn header(&self, path: &Path) -> Result<Header, DatasetError> {
        Ok(OpenDataset::open(path, &MEMORY.into())?.header()?.0)
    }

    fn sizes(&self, path: &Path, capacity: &Capacity) -> Result<Header, DatasetError> {
        let dataset = OpenDataset::open(path, capacity)?;
        let (header, points) = dataset.header()?;
        dataset.can_read_all(&header, &points)?;
        Ok(header)
    }

    fn read(&self, path: &Path, capacity: &Capacity) -> Result<Dataset, DatasetError> {
        OpenDataset::open(path, capacity)?.dataset()
    }

    fn query_names(&self, path: &Path, memory: u64) -> Result<Option<Texts>, DatasetError> {
        let dataset = OpenDataset::open(path, &memory.into())?;
        let (header, _) = dataset.header()?;
        let names = dataset.label("test", "names", header.test)?;
        if names.is_some() { Ok(names) } else { dataset.label("test", "ids", header.test) }
    }
}
