//! Reads, checks and describes vector search datasets.

pub mod array_file;
pub mod bounded;
pub mod catalogue;
pub mod check;
mod csv_file;
pub mod dataset;
pub mod fetch;
pub mod files;
pub mod format;
pub mod generate;
pub mod ground_truth;
pub mod hdf5_file;
pub mod in_the_way;
pub mod location;
mod map;
pub mod number;
mod parquet_file;
pub mod prepared;
pub mod scratch;
pub mod sha256;
pub mod stamp;
mod stored_neighbors;
pub mod text_file;
pub mod texts;
pub mod truth_file;
pub mod truth_in_parts;
pub mod whole_file;

pub use check::Flaw;
pub use dataset::{Dataset, Groups, Links, NO_ID, Neighbors, Qrels, Stored, Subtopics};
pub use files::FileSet;
pub use format::{DatasetError, Header, ann_benchmarks};
pub use generate::{Distribution, GenerateError, Generated};
pub use location::Location;
pub use scratch::Capacity;
pub use stamp::Stamp;
pub use texts::{Labels, Texts};
