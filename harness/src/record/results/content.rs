//! The content of a trial's file with its hash, as it is written and as it is read.

use super::ResultsError;
use crate::record::seal::Seal;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use swath_datasets::Stored;
use swath_datasets::bounded;
use swath_datasets::hdf5_file::{Attribute, Hdf5Error, Hdf5File, Hdf5Writer, MEMORY, Values};

/// The attribute that holds the hash.
const SEAL: &str = "swath_sha256";

/// The groups whose arrays are swath's.
const GROUPS: [&str; 3] = ["swath", "swath_within", "swath_within_of"];

/// The groups with, under each recall's name, the largest distance that counts as found, and out of how many.
pub const WITHIN: [&str; 2] = [GROUPS[1], GROUPS[2]];

/// The arrays at the root that are ann-benchmarks'.
const AT_ROOT: [&str; 3] = ["neighbors", "distances", "times"];

/// The attributes at the root. Other programs may have added others, which are not read.
const ATTRIBUTES: [&str; 23] = [
    "algo",
    "best_search_time",
    "build_time",
    "candidates",
    "count",
    "dataset",
    "distance",
    "index_size",
    "name",
    "run_count",
    "swath_build_peak",
    "swath_decision",
    "swath_filled",
    "swath_index_bytes",
    "swath_params",
    "swath_point",
    "swath_programs",
    "swath_retriever",
    "swath_rows",
    "swath_search_peak",
    "swath_trial",
    "swath_untimed_answering",
    "swath_untimed_judging",
];

/// A trial's file before it is written.
#[derive(Default)]
pub struct Sealed<'a> {
    file: Hdf5Writer<'a>,
    seal: Seal,
}

impl<'a> Sealed<'a> {
    /// Adds a text.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.seal.attribute(name, &Attribute::Text(value.to_owned()));
        self.file.text(name, value);
        self
    }

    /// Adds a whole number.
    pub fn integer(&mut self, name: &str, value: i64) -> &mut Self {
        self.seal.attribute(name, &Attribute::Integer(value));
        self.file.integer(name, value);
        self
    }

    /// Adds a number.
    pub fn float(&mut self, name: &str, value: f64) -> &mut Self {
        self.seal.attribute(name, &Attribute::Float(value));
        self.file.float(name, value);
        self
    }

    /// Adds a truth value, which only ann-benchmarks reads: the hash does not cover it.
    pub fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        self.file.boolean(name, value);
        self
    }

    /// Adds an array.
    pub fn array(&mut self, name: &str, shape: &[usize], values: Values<'a>) -> &mut Self {
        self.seal.array(name, shape, values);
        self.file.array(name, shape, values);
        self
    }

    /// Writes the file without its hash, for another program.
    pub fn write_plain(&self, path: &Path) -> Result<(), Hdf5Error> {
        self.file.write(path)
    }

    /// Writes the file with its hash.
    pub fn write(mut self, path: &Path) -> Result<(), Hdf5Error> {
        self.file.text(SEAL, &self.seal.hex());
        self.file.write(path)
    }
}

/// Numbers of an array.
enum Numbers {
    Float(Vec<f64>),
    Integer(Vec<i64>),
}

/// The content of a trial's file, read whole.
pub struct Content {
    attributes: HashMap<String, Attribute>,
    arrays: BTreeMap<String, (Vec<usize>, Numbers)>,
    is_sealed: bool,
}

impl Content {
    /// Reads a file, and compares its content with its hash if it has one.
    ///
    /// # Errors
    /// What is wrong with the file, or that its content does not have its hash.
    pub fn read(path: &Path) -> Result<Self, ResultsError> {
        let trial = |source| ResultsError::Trial { path: path.to_owned(), source };
        // Refuses a pipe, which reading would wait for.
        bounded::open(path).map_err(|source| trial(Hdf5Error::Io { path: path.to_owned(), source }))?;
        let file = Hdf5File::open(path, MEMORY).map_err(trial)?;
        let mut attributes = file.attributes().map_err(trial)?;
        let stated = attributes.remove(SEAL);
        attributes.retain(|name, _| ATTRIBUTES.contains(&name.as_str()));
        let mut names: Vec<String> = AT_ROOT.map(str::to_owned).to_vec();
        let present = file.names("/").map_err(trial)?;
        names.retain(|name| present.contains(name));
        for group in GROUPS {
            match file.names(group) {
                Ok(inside) => names.extend(inside.into_iter().map(|name| format!("{group}/{name}"))),
                // Without a recall these groups are missing.
                Err(_) if group != GROUPS[0] => {}
                Err(error) => return Err(trial(error)),
            }
        }
        let mut arrays = BTreeMap::new();
        for name in names {
            let shape: Vec<usize> = file.shape(&name).map_err(trial)?.into_iter().map(|n| n as usize).collect();
            // The reader refuses other types, and names the array.
            let numbers = match file.stored(&name).map_err(trial)? {
                Stored::Integer => Numbers::Integer(file.integers(&name).map_err(trial)?),
                _ => Numbers::Float(file.f64s(&name).map_err(trial)?),
            };
            arrays.insert(name, (shape, numbers));
        }
        let content = Self { attributes, arrays, is_sealed: stated.is_some() };
        let found = content.seal();
        match stated {
            Some(stated) if stated.text() != Some(&found) => {
                let stated = stated.text().unwrap_or("?").chars().take(12).collect::<String>();
                let what = format!(
                    "its content is not what swath wrote (its SHA-256 should be {stated}..., and is {found:.12}...): it is \
                     damaged, or somebody changed it; take the file from where it was kept, or move it away and run the \
                     experiment again, reusing its other trials"
                );
                Err(ResultsError::Malformed { path: path.to_owned(), what })
            }
            _ => Ok(content),
        }
    }

    /// The hash of the content.
    fn seal(&self) -> String {
        let mut seal = Seal::default();
        self.attributes.iter().for_each(|(name, value)| seal.attribute(name, value));
        for (name, (shape, numbers)) in &self.arrays {
            match numbers {
                Numbers::Float(values) => seal.array(name, shape, Values::F64(values)),
                Numbers::Integer(values) => seal.array(name, shape, Values::I64(values)),
            }
        }
        seal.hex()
    }

    /// Whether it has a hash.
    pub fn is_sealed(&self) -> bool {
        self.is_sealed
    }

    /// An attribute.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.get(name)
    }

    /// Whether there is an array.
    pub fn has(&self, name: &str) -> bool {
        self.arrays.contains_key(name)
    }

    /// The names of the arrays in a group.
    pub fn names<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a str> {
        self.arrays.keys().filter_map(move |name| name.strip_prefix(group)?.strip_prefix('/'))
    }

    fn array(&self, name: &str) -> Result<&(Vec<usize>, Numbers), Hdf5Error> {
        self.arrays.get(name).ok_or_else(|| {
            let present = self.arrays.keys().cloned().collect::<Vec<_>>().join(", ");
            Hdf5Error::Missing { name: name.to_owned(), present }
        })
    }

    /// The shape of an array.
    pub fn shape(&self, name: &str) -> Result<&[usize], Hdf5Error> {
        Ok(&self.array(name)?.0)
    }

    /// The values of an array of numbers.
    pub fn floats(&self, name: &str) -> Result<&[f64], Hdf5Error> {
        match &self.array(name)?.1 {
            Numbers::Float(values) => Ok(values),
            Numbers::Integer(_) => Err(wrong_type(name, "integers", "floating-point numbers")),
        }
    }

    /// The values of an array of whole numbers.
    pub fn integers(&self, name: &str) -> Result<&[i64], Hdf5Error> {
        match &self.array(name)?.1 {
            Numbers::Integer(values) => Ok(values),
            Numbers::Float(_) => Err(wrong_type(name, "floating-point numbers", "integers")),
        }
    }
}

fn wrong_type(name: &str, found: &str, expected: &'static str) -> Hdf5Error {
    Hdf5Error::WrongType { name: name.to_owned(), found: found.to_owned(), expected }
}
