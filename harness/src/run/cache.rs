//! Keeps graphs from run to run. Each is built once per dataset, and its file is named by a hash of everything that shapes it.
//!
//! Only graphs with a kNN part are kept: links alone are assembled faster than a file is read and checked.
//!
//! A file holds, little-endian: the magic, the length of its label as u32, the label as JSON, n and e as u64, n + 1 offsets
//! as u64, e targets as u32, e weights as f64, and the SHA-256 of everything before. Any other file is not used.
//!
//! This is not HDF5: HDF5 does not checksum the values of an array, so the hash, the label and the check of all lengths would
//! stay. Only the writing of three arrays would be saved.
//!
//! The dataset, the parameters and the program shape a graph. The name and the label contain [`swath_algorithms::BUILD`], so
//! that an older graph never hides a change of the code that builds graphs.

use crate::{clock, version};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use swath_algorithms::BUILD;
use swath_algorithms::graph::{Graph, GraphSpec};
use swath_datasets::bounded;
use swath_datasets::in_the_way::{MOVE_IT, in_the_way};
use swath_datasets::sha256;
use swath_datasets::whole_file::{make_folder, write_whole};

/// The first bytes of every file. The last of them is the format's version.
const MAGIC: &[u8; 8] = b"swathgr\x02";

/// The most bytes of a label.
const LABEL: u32 = 1 << 16;

/// Bytes of a SHA-256.
const HASH: usize = 32;

/// The program that writes these files.
const OWNER: &str = "swath";

/// A folder of graphs.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

/// What a file says about its graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// The dataset's name when it was built.
    pub dataset: String,
    /// SHA-256 of the dataset's file.
    pub sha256: String,
    /// [`GraphSpec::key`].
    pub graph: String,
    /// The program that wrote it: `swath`.
    pub owner: String,
    /// The version of that program.
    pub swath: String,
    /// [`swath_algorithms::BUILD`] of that program.
    pub build: String,
    /// When the graph was built, UTC.
    pub built: String,
    /// Seconds that building the graph took.
    pub seconds: f64,
    /// Share of the true neighbours in the kNN part; `None` if that is exact.
    pub knn_recall: Option<f64>,
}

/// A file of the cache.
#[derive(Clone, Debug, PartialEq)]
pub struct CachedGraph {
    /// The file's name without its ending: a hash of everything that shapes the graph.
    pub key: String,
    /// The file's size in bytes.
    pub bytes: u64,
    /// The label, or why it cannot be read.
    pub label: Result<Label, String>,
    /// Why swath may neither use nor replace it, if it may not.
    pub in_the_way: Option<String>,
}

/// The folder that is used if the user names none: `SWATH_CACHE`, else `swath` in the platform's folder for caches. `None` if
/// there is no such folder; then nothing is kept.
pub fn default_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| !path.as_os_str().is_empty());
    if let Some(folder) = variable("SWATH_CACHE") {
        return Some(folder);
    }
    let absolute = |path: &PathBuf| path.is_absolute();
    if cfg!(windows) {
        return variable("LOCALAPPDATA").filter(absolute).map(|folder| folder.join("swath").join("cache"));
    }
    if let Some(folder) = variable("XDG_CACHE_HOME").filter(absolute) {
        return Some(folder.join("swath"));
    }
    let under = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    variable("HOME").filter(absolute).map(|home| home.join(under).join("swath"))
}

impl Cache {
    /// The cache in `folder`, which is created with the first graph.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The cache's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, sha256: &str, graph: &str) -> PathBuf {
        let shape = format!("{sha256}\n{graph}\n{}\n{BUILD}\n{}", version::THIS, MAGIC[7]);
        let name = sha256::hex(&Sha256::digest(shape)[..16]);
        self.folder.join(name + ".graph")
    }

    /// Reads a graph of a dataset of `rows` vectors and `links` links, with its label; `None` if it is not kept, or if what has its
    /// name is not swath's, as [`Cache::store`] says then.
    ///
    /// # Errors
    /// Why the file that is there cannot be used.
    pub fn load(
        &self,
        sha256: &str,
        spec: &GraphSpec,
        rows: usize,
        links: usize,
    ) -> Result<Option<(Graph, Label)>, String> {
        let key = spec.key();
        let path = self.path(sha256, &key);
        let read = || -> Result<(Graph, Label), String> {
            let most = (spec.estimate(rows, links) + 28 + LABEL as usize + HASH) as u64;
            let bytes = bounded::read(&path, most).map_err(|error| match error.kind() {
                io::ErrorKind::FileTooLarge => "it is larger than such a graph can be".to_owned(),
                _ => error.to_string(),
            })?;
            let (graph, label) = decode(&bytes)?;
            if !label.is_of_this_program() {
                let Label { owner, swath, build, .. } = &label;
                return Err(format!("it was written by another program ({owner} {swath}, build {build:.12})"));
            }
            if label.sha256 != sha256 || label.graph != key || graph.len() != rows {
                return Err("it holds another graph".into());
            }
            Ok((graph, label))
        };
        // What is in the way is for `store` to say.
        if not_ours(&path).is_ok_and(|foreign| foreign.is_some()) || !path.exists() {
            return Ok(None);
        }
        read().map(Some).map_err(|what| format!("{} is not used, and the graph is built again: {what}", path.display()))
    }

    /// Keeps a graph.
    ///
    /// # Errors
    /// The file system's refusal, or that what is not swath's has its name.
    pub fn store(&self, graph: &Graph, label: &Label) -> io::Result<()> {
        make_folder(&self.folder)?;
        let path = self.path(&label.sha256, &label.graph);
        if let Some(why) = not_ours(&path)? {
            return Err(io::Error::other(format!("{} is in the way: {why}; {MOVE_IT}", path.display())));
        }
        write_whole(&path, &encode(graph, label)?)
    }

    /// The kept graphs, sorted by name. A missing folder holds none.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn entries(&self) -> io::Result<Vec<CachedGraph>> {
        let files = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files?,
        };
        let mut entries = Vec::new();
        for file in files {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            let Some(key) = name.strip_suffix(".graph") else { continue };
            if key.len() == 32 && key.bytes().all(|b| b.is_ascii_hexdigit()) {
                let in_the_way = not_ours(&file.path()).unwrap_or_else(|error| Some(error.to_string()));
                let opened = || bounded::open(&file.path()).map_err(|error| error.to_string());
                let label = match &in_the_way {
                    Some(why) => Err(why.clone()),
                    None => opened().and_then(|(file, _)| read_label(file)),
                };
                entries.push(CachedGraph { key: key.to_owned(), bytes: file.metadata()?.len(), label, in_the_way });
            }
        }
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(entries)
    }

    /// The file of a kept graph, and whether it is whole by its checksum, with the reason if not.
    pub fn verify(&self, graph: &CachedGraph) -> (PathBuf, Result<(), String>) {
        let path = self.folder.join(format!("{}.graph", graph.key));
        let bytes = bounded::read(&path, graph.bytes).map_err(|error| error.to_string());
        let whole = bytes.and_then(|bytes| decode(&bytes).map(drop));
        (path, whole)
    }

    /// Removes the kept graphs and nothing else in the folder. Returns the removed graphs, and the files that bear a graph's
    /// name but were not written by swath.
    ///
    /// # Errors
    /// The file system's refusal.
    pub fn clear(&self) -> io::Result<(Vec<CachedGraph>, Vec<PathBuf>)> {
        let (mut removed, mut kept) = (Vec::new(), Vec::new());
        for entry in self.entries()? {
            let path = self.folder.join(format!("{}.graph", entry.key));
            if entry.in_the_way.is_none() {
                std::fs::remove_file(path)?;
                removed.push(entry);
            } else {
                kept.push(path);
            }
        }
        Ok((removed, kept))
    }
}

impl Label {
    /// Whether this program wrote it, and not another one, another version or another build.
    pub fn is_of_this_program(&self) -> bool {
        (self.owner.as_str(), self.swath.as_str(), self.build.as_str()) == (OWNER, version::THIS, BUILD)
    }

    /// The program that wrote it, in a few characters.
    pub fn program(&self) -> String {
        format!("{} {} {:.8}", self.owner, self.swath, self.build)
    }
}

/// Why a file may neither be used nor replaced as a graph's file of any version, if it may not.
fn not_ours(path: &Path) -> io::Result<Option<String>> {
    in_the_way(path, &MAGIC[..7])
}

/// The label of a graph that took `seconds` to build.
pub fn label(dataset: &str, sha256: &str, spec: &GraphSpec, graph: &Graph, seconds: f64) -> Label {
    Label {
        dataset: dataset.to_owned(),
        sha256: sha256.to_owned(),
        graph: spec.key(),
        owner: OWNER.to_owned(),
        swath: version::THIS.to_owned(),
        build: BUILD.to_owned(),
        built: clock::timestamp(),
        seconds,
        knn_recall: graph.knn_recall(),
    }
}

fn encode(graph: &Graph, label: &Label) -> io::Result<Vec<u8>> {
    let label = serde_json::to_vec(label)?;
    let length = u32::try_from(label.len()).ok().filter(|&length| length <= LABEL);
    let length = length.ok_or_else(|| io::Error::other("its label is too long"))?;
    let (offsets, targets, weights) = graph.parts();
    let mut bytes = Vec::with_capacity(28 + label.len() + offsets.len() * 8 + targets.len() * 12 + HASH);
    bytes.extend(MAGIC);
    bytes.extend(length.to_le_bytes());
    bytes.extend(label);
    bytes.extend((graph.len() as u64).to_le_bytes());
    bytes.extend((graph.edges() as u64).to_le_bytes());
    offsets.iter().for_each(|&offset| bytes.extend((offset as u64).to_le_bytes()));
    targets.iter().for_each(|target| bytes.extend(target.to_le_bytes()));
    weights.iter().for_each(|weight| bytes.extend(weight.to_le_bytes()));
    let hash = Sha256::digest(&bytes);
    bytes.extend(hash);
    Ok(bytes)
}

fn read_label(mut file: impl io::Read) -> Result<Label, String> {
    let (mut magic, mut length) = ([0; 8], [0; 4]);
    let cut = |_| "it is cut short".to_owned();
    file.read_exact(&mut magic).map_err(cut)?;
    if magic != *MAGIC {
        return Err("it is not a graph in this version's format".into());
    }
    file.read_exact(&mut length).map_err(cut)?;
    let length = u32::from_le_bytes(length);
    if length > LABEL {
        return Err("its label is too long".into());
    }
    let mut label = vec![0; length as usize];
    file.read_exact(&mut label).map_err(cut)?;
    serde_json::from_slice(&label).map_err(|error| format!("its label cannot be read: {error}"))
}

fn decode(bytes: &[u8]) -> Result<(Graph, Label), String> {
    let mut rest = bytes.split_at_checked(bytes.len().saturating_sub(HASH)).map_or(bytes, |(content, _)| content);
    if Sha256::digest(rest).as_slice() != &bytes[rest.len()..] {
        return Err("it is damaged: its checksum does not match".into());
    }
    let label = read_label(&mut rest)?;
    let cut = || "its lengths do not fit its size".to_owned();
    let (n, after) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
    let (e, body) = after.split_first_chunk::<8>().ok_or_else(cut)?;
    let size = |bytes: &[u8; 8]| usize::try_from(u64::from_le_bytes(*bytes)).map_err(|_| cut());
    let (n, e) = (size(n)?, size(e)?);
    let offset_bytes = n.checked_add(1).and_then(|n| n.checked_mul(8)).ok_or_else(cut)?;
    let expected = e.checked_mul(12).and_then(|e| e.checked_add(offset_bytes)).ok_or_else(cut)?;
    if expected != body.len() {
        return Err(cut());
    }
    let (offsets, edges) = body.split_at(offset_bytes);
    let (targets, weights) = edges.split_at(e * 4);
    let offsets = offsets.as_chunks::<8>().0.iter().map(size).collect::<Result<_, _>>()?;
    let targets = targets.as_chunks::<4>().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
    let weights = weights.as_chunks::<8>().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
    let graph = Graph::from_parts(offsets, targets, weights).map_err(|error| error.to_string())?;
    Ok((graph.with_knn_recall(label.knn_recall), label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use swath_algorithms::graph::{EdgeSource, Relations};
    use swath_algorithms::params::Count;

    fn spec() -> GraphSpec {
        GraphSpec::new(&[EdgeSource::Knn.into()], Count::new(2).expect("in range"), &Relations::new())
    }

    fn kept() -> (tempfile::TempDir, Cache, Graph) {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path().join("made/when/needed"));
        let graph = Graph::from_rows(vec![vec![(1, 1.0), (2, 3.0)], vec![], vec![(0, 2.0)]]).with_knn_recall(Some(0.9));
        assert!(cache.entries().expect("none").is_empty());
        cache.store(&graph, &label("x", "abc", &spec(), &graph, 1.5)).expect("stored");
        (folder, cache, graph)
    }

    #[test]
    fn a_kept_graph_comes_back() {
        let (_folder, cache, graph) = kept();
        let (back, label) = cache.load("abc", &spec(), 3, 0).expect("fine").expect("there");
        assert_eq!((&back, label.seconds, label.knn_recall), (&graph, 1.5, Some(0.9)));
        assert!(cache.load("abd", &spec(), 3, 0).expect("fine").is_none(), "another dataset");
        assert!(cache.load("abc", &spec(), 4, 0).is_err(), "another number of rows");
        std::fs::write(cache.folder().join("mine.txt"), "").expect("written");
        assert_eq!(cache.entries().expect("listed")[0].label.as_ref(), Ok(&label));
        let others = ["mine.txt", "0123456789abcdef0123456789abcdef.graph", ".not-whole-abc"]
            .map(|name| cache.folder().join(name));
        others.iter().for_each(|other| std::fs::write(other, "mine").expect("written"));
        let (removed, kept) = cache.clear().expect("cleared");
        assert_eq!((removed.len(), kept), (1, vec![others[1].clone()]));
        assert_eq!(cache.entries().expect("one").len(), 1);
        assert!(others.iter().all(|other| std::fs::read(other).expect("there") == b"mine"));
        std::fs::write(cache.path("abc", &spec().key()), "mine").expect("written");
        let refused = cache.store(&back, &label).expect_err("it is somebody's");
        assert!(refused.to_string().contains("is in the way: swath did not write it"), "{refused}");
    }

    /// A file that is cut anywhere, or in which any byte is changed, is refused. If its checksum is corrected it may hold another
    /// graph, but nothing panics.
    #[test]
    fn a_damaged_file_is_refused() {
        let (_folder, cache, graph) = kept();
        let bytes = encode(&graph, &label("x", "abc", &spec(), &graph, 1.5)).expect("encoded");
        let path = cache.path("abc", &spec().key());
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        for i in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[i] ^= 0xff;
            assert!(decode(&changed).is_err(), "byte {i}");
            let content = bytes.len() - HASH;
            let hash = Sha256::digest(&changed[..content]);
            changed[content..].copy_from_slice(&hash);
            let _ = decode(&changed);
        }
        // Whole, but not this program's.
        let foreign: [fn(&mut Label); 3] = [
            |label| label.build = "0123456789abcdef".into(),
            |label| label.swath = "0.0.0".into(),
            |label| label.owner = "another".into(),
        ];
        for change in foreign {
            let mut label = label("x", "abc", &spec(), &graph, 1.5);
            change(&mut label);
            std::fs::write(&path, encode(&graph, &label).expect("encoded")).expect("written");
            let why = cache.load("abc", &spec(), 3, 0).expect_err("another program's");
            assert!(why.contains("it was written by another program"), "{why}");
        }
        std::fs::write(&path, [&MAGIC[..], &vec![0; 1 << 20]].concat()).expect("written");
        let why = cache.load("abc", &spec(), 3, 0).expect_err("too large");
        assert!(why.contains("larger than such a graph"), "{why}");
        assert!(cache.entries().expect("listed")[0].label.as_ref().is_err_and(|why| !why.is_empty()));
    }

    /// An empty file, as a full disk leaves it, and a damaged one are written anew; neither stays in the way.
    #[test]
    fn an_empty_or_damaged_file_is_written_anew() {
        let (_folder, cache, graph) = kept();
        let path = cache.path("abc", &spec().key());
        for damaged in [&b""[..], b"swa", b"swathgr\x02 and more"] {
            std::fs::write(&path, damaged).expect("written");
            assert!(cache.load("abc", &spec(), 3, 0).is_err(), "{damaged:?}");
            cache.store(&graph, &label("x", "abc", &spec(), &graph, 1.5)).expect("stored");
            assert!(cache.load("abc", &spec(), 3, 0).expect("fine").is_some(), "{damaged:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_place_of_a_file_is_neither_read_nor_replaced_but_listed() {
        let (folder, cache, graph) = kept();
        let (path, elsewhere) = (cache.path("abc", &spec().key()), folder.path().join("elsewhere"));
        std::fs::rename(&path, &elsewhere).expect("moved");
        for to in [elsewhere.as_path(), Path::new("/dev/zero"), Path::new("none")] {
            std::os::unix::fs::symlink(to, &path).expect("a link");
            assert!(cache.load("abc", &spec(), 3, 0).expect("fine").is_none(), "{to:?}");
            let refused = cache.store(&graph, &label("x", "abc", &spec(), &graph, 1.5)).expect_err("in the way");
            assert!(refused.to_string().contains("is in the way: it is a link"), "{refused}");
            assert!(std::fs::read_link(&path).is_ok_and(|now| now == to));
            let listed = cache.entries().expect("listed");
            assert!(listed[0].in_the_way.as_ref().is_some_and(|why| why.contains("it is a link")), "{listed:?}");
            assert_eq!(cache.clear().expect("nothing"), (Vec::new(), vec![path.clone()]));
            std::fs::remove_file(&path).expect("removed");
        }
    }
}
