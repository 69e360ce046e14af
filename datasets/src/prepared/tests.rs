//! A dataset is read as it was written, and a file that is not ours or not whole is refused.

use super::layout::PREFIX;
use super::read::{not_ours, open_kept};
use super::*;
use crate::aspects::Aspects;
use crate::dataset::{Dataset, Groups, Links, Neighbors, Stored, Subtopics};
use crate::in_the_way::MOVE_IT;
use crate::location::Location;
use crate::texts::Labels;
use std::path::Path;
use swath_algorithms::points::{Bits, Points, Sets, SparseVectors, Vectors};
use swath_algorithms::{Base, Distance};

/// Nine rows of 17 numbers of each type: six base points and three queries.
fn points() -> Vec<(Points, Points, Distance)> {
    let values: Vec<f32> = (0..9 * 17).map(|i| (i as f32).sin()).collect();
    let dense = |values: &[f32]| Points::from(Vectors::new(values, 17).expect("finite"));
    let bits = |values: &[f32]| Points::from(Bits::pack(values.iter().map(|&v| v > 0.0), 17).expect("whole rows"));
    let columns = |row: &[f32]| (0..17_u32).filter(|&j| row[j as usize] > 0.3).collect::<Vec<u32>>();
    let sets = |values: &[f32]| {
        let rows: Vec<Vec<u32>> = values.chunks(17).map(columns).collect();
        Points::from(Sets::from_rows(&rows, 17).expect("ascending"))
    };
    let sparse = |values: &[f32]| {
        let (mut all, mut kept, mut offsets) = (Vec::new(), Vec::new(), vec![0]);
        for row in values.chunks(17) {
            let columns = columns(row);
            kept.extend(columns.iter().map(|&j| row[j as usize]));
            all.extend(columns);
            offsets.push(all.len() as u64);
        }
        Points::from(SparseVectors::new(all, kept, offsets, 17).expect("ascending"))
    };
    let (train, test) = values.split_at(6 * 17);
    vec![
        (dense(train), dense(test), Distance::Angular),
        (dense(train), dense(test), Distance::InnerProduct),
        (bits(train), bits(test), Distance::Hamming),
        (sets(train), sets(test), Distance::Jaccard),
        (sparse(train), sparse(test), Distance::InnerProduct),
    ]
}

fn datasets() -> Vec<Dataset> {
    // Not exact as f32.
    let distances = [0.1, 1.0 / 3.0].repeat(3);
    let neighbors = Neighbors { count: 2, ids: vec![0, 1, 2, 3, 4, 5], distances, stored: Stored::Float32 };
    let plain = |(train, test, distance): (Points, Points, Distance)| Dataset {
        notes: vec!["a grade below 0".into()],
        ..Dataset::of_points(train, test, distance, neighbors.clone())
    };
    let mut all: Vec<Dataset> = points().into_iter().map(plain).collect();
    let rich = &mut all[0];
    let relations = vec!["a".into(), "b \u{1b} \"c".into()];
    rich.links = Some(Links { edges: vec![[0, 5], [3, 2]], relations, relation: vec![1, 0] });
    rich.subtopics = Some(Subtopics::new(3, vec![[0, 1, 7], [2, 5, 0], [2, 5, 1]]));
    rich.qrels = Some(Subtopics::new(3, vec![[1, 1, 3]]));
    rich.aspects = Some(Aspects::new(3, &[2, 0, 2], &Vectors::new(&[0.5; 3 * 17], 17).expect("finite")));
    rich.groups = vec![Groups::of_labels("seller", ["a", "b", "", "a", "c", "b"])];
    rich.train_labels = Labels::of_names((0..6).map(|i| format!("n{i}")));
    rich.train_labels.ids = Some((0..6).map(|i| format!("id {i}")).collect());
    rich.train_labels.texts = Some((0..6).map(|i| "text ".repeat(i)).collect());
    rich.test_labels = Labels::of_names(["", "\u{e9}", "z"]);
    all
}

fn made(dataset: &Dataset) -> Made<'_> {
    Made { name: "x", sha256: "abc", sources: &[], doubts: &[], dataset }
}

fn written(path: &Path, dataset: &Dataset) -> std::io::Result<()> {
    write(path, "swath 1", &made(dataset))
}

fn refused(path: &Path) -> String {
    match open_kept(path, Wanted::Everything).map(|opened| (opened.header, opened.dataset)) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_dataset_is_mapped_as_it_was_written_to_the_last_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x");
    for dataset in datasets() {
        written(&path, &dataset).expect("written");
        verify(&path).expect("whole");
        assert_eq!(not_ours(&path).expect("read"), None);
        let (header, again) = open(&path, Wanted::Everything).expect("mapped");
        assert_eq!((header.name.as_str(), header.sha256.as_str(), header.program.as_str()), ("x", "abc", "swath 1"));
        assert!(again.same(&dataset), "{}", dataset.distance);
        assert_eq!(again.neighbors, dataset.neighbors, "as f64");
        assert_eq!(again.notes, dataset.notes);
        assert_eq!(again.aspects, dataset.aspects);
        let (base, mapped) =
            (Base::new(dataset.train.clone(), dataset.distance), Base::new(again.train, again.distance));
        assert_eq!(base.norms(), mapped.norms());
        let (_, search) = open(&path, Wanted::Search).expect("mapped");
        assert!(
            search.train_labels == Labels::default()
                && search.test_labels == Labels::default()
                && search.train == dataset.train
                && search.aspects == dataset.aspects
        );
    }
}

#[test]
fn a_file_that_is_cut_or_changed_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x");
    written(&path, &datasets()[0]).expect("written");
    let whole = std::fs::read(&path).expect("read");
    let private = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("written");
    };
    for length in 0..whole.len() {
        private(&whole[..length]);
        let why = refused(&path);
        assert!(why.starts_with("it is damaged") || length < 8 && why.contains("cut short"), "{length}: {why}");
    }
    let header = PREFIX + u64::from_le_bytes(whole[8..16].try_into().expect("eight bytes")) as usize;
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x20;
        private(&changed);
        // Zeros between arrays say nothing.
        let is_filling = at > header && whole[at] == 0;
        assert!(verify(&path).is_err() || is_filling, "byte {at}");
        assert!(at >= header || open(&path, Wanted::Everything).is_err(), "byte {at}");
    }
    private(b"something else");
    assert_eq!(refused(&path), "it is no prepared dataset of this version of swath");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x");
    written(&path, &datasets()[0]).expect("written");
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("changed");
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    mode(0o620);
    assert_eq!(refused(&path), "others may write it: its permissions are 620, not 600");
    mode(0o644);
    assert!(open(&path, Wanted::Search).is_ok(), "others may read it");
}

/// The time, as the file system has it.
fn now() -> std::time::SystemTime {
    let file = tempfile::tempfile().expect("a file");
    file.metadata().and_then(|metadata| metadata.modified()).expect("a time")
}

/// A folder with a source file, unchanged for long, and a folder for what is kept.
struct Place {
    root: tempfile::TempDir,
    source: Location,
    kept: KeptDatasets,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let source = root.path().join("x.hdf5");
        let kept = KeptDatasets::new(root.path().join("made/when/needed"), "swath 1".into());
        let place = Self { root, source: source.into(), kept };
        place.write(b"\x89HDF\r\n\x1a\n one", 60);
        place
    }

    /// Writes the source so many seconds ago.
    fn write(&self, content: &[u8], ago: u64) {
        std::fs::write(self.source(), content).expect("written");
        let file = std::fs::File::options().write(true).open(self.source()).expect("opened");
        file.set_modified(now() - std::time::Duration::from_secs(ago)).expect("set");
    }

    fn source(&self) -> &Path {
        match &self.source {
            Location::Path(path) => path,
            Location::Files(_) => panic!("one file"),
        }
    }

    fn sources(&self) -> Vec<SourceFile> {
        sources(&self.source, now()).expect("there")
    }

    fn origin(&self) -> Origin<'_> {
        Origin::Location(&self.source)
    }

    fn keep(&self, dataset: &Dataset) -> KeptDataset {
        let (sources, doubts) = (self.sources(), ["odd".to_owned()]);
        self.kept.keep(self.origin(), &Made { sources: &sources, doubts: &doubts, ..made(dataset) }).expect("kept")
    }

    fn find(&self) -> KeptDataset {
        self.kept.find(self.origin(), now()).expect("fine").expect("there")
    }

    fn why_not(&self) -> String {
        self.kept.find(self.origin(), now()).expect_err("it cannot be used")
    }
}

#[test]
fn a_kept_dataset_is_found_until_its_source_changes() {
    let (place, dataset) = (Place::new(), &datasets()[0]);
    assert!(
        place.kept.find(place.origin(), now()).expect("fine").is_none() && place.kept.files().expect("none").is_empty()
    );
    place.keep(dataset);
    let found = place.find();
    assert!(found.dataset.same(dataset) && found.is_current(&place.sources()));
    assert_eq!((found.header.doubts.as_slice(), found.header.sources.len()), (&["odd".to_owned()][..], 1));
    // By another name of the same file.
    #[cfg(unix)]
    {
        let other = place.root.path().join("y.hdf5");
        std::os::unix::fs::symlink(place.source(), &other).expect("a link");
        assert!(place.kept.find(Origin::Location(&other.clone().into()), now()).expect("fine").is_some());
    }
    let other = place.root.path().join("z.hdf5");
    assert!(place.kept.find(Origin::Location(&other.clone().into()), now()).expect("fine").is_none());
    assert!(place.kept.find(Origin::Description("x"), now()).expect("fine").is_none());
    // Of the same length.
    place.write(b"\x89HDF\r\n\x1a\n two", 30);
    assert!(!place.find().is_current(&place.sources()));
    // A source that was written just now may change without a new stamp.
    place.write(b"\x89HDF\r\n\x1a\n two", 0);
    place.keep(dataset);
    assert!(!place.find().is_current(&place.sources()));
    // A new file replaces the old one, which those who mapped it still have.
    assert!(found.dataset.same(dataset));
    assert_eq!(place.kept.files().expect("listed").len(), 1);
}

#[test]
fn a_kept_file_that_cannot_be_used_says_why() {
    let (place, dataset) = (Place::new(), &datasets()[0]);
    let path = place.keep(dataset).path;
    let upgraded = KeptDatasets::new(place.kept.folder().to_owned(), "swath 2".into());
    let why = upgraded.find(place.origin(), now()).expect_err("another program's");
    assert!(why.ends_with("is prepared again: another version or build of swath wrote it"), "{why}");
    let whole = std::fs::read(&path).expect("read");
    std::fs::write(&path, &whole[..whole.len() - 1]).expect("cut");
    assert!(place.why_not().contains("is prepared again: it is damaged: it has"), "{}", place.why_not());
    // Only a look at all of it finds this.
    let mut changed = whole.clone();
    *changed.last_mut().expect("bytes") ^= 1;
    std::fs::write(&path, &changed).expect("changed");
    assert!(open(&path, Wanted::Everything).is_ok());
    assert!(place.why_not().contains("another SHA-256 than its header says"), "{}", place.why_not());
    let file = &place.kept.files().expect("listed")[0];
    assert!(file.verify().is_err_and(|error| error.to_string().contains("another SHA-256")));
    place.keep(dataset);
    file.verify().expect("whole again");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("changed");
        assert!(place.why_not().contains("others may write it"), "{}", place.why_not());
        assert_eq!(std::fs::metadata(place.keep(dataset).path).expect("there").permissions().mode() & 0o777, 0o600);
    }
    for cut in [&b""[..], b"swa", &whole[..20]] {
        std::fs::write(&path, cut).expect("cut");
        assert!(place.why_not().contains("it is damaged: it is cut short"), "{}", place.why_not());
        place.keep(dataset);
        place.find();
    }
}

#[test]
fn what_is_not_swaths_is_neither_used_nor_replaced_but_listed() {
    let (place, dataset) = (Place::new(), &datasets()[0]);
    let path = place.keep(dataset).path;
    let in_the_way = |why: &str| {
        assert!(place.kept.find(place.origin(), now()).expect("nothing of ours").is_none());
        let refused = place.kept.keep(place.origin(), &made(dataset)).map(drop).expect_err("in the way").to_string();
        assert!(refused.contains(&format!("is in the way: {why}")) && refused.ends_with(MOVE_IT), "{refused}");
        let listed = place.kept.files().expect("listed");
        assert!(listed[0].in_the_way.as_ref().is_some_and(|said| said.starts_with(why)), "{listed:?}");
        assert_eq!(place.kept.clear().expect("cleared").1, std::slice::from_ref(&path));
    };
    std::fs::write(&path, "mine").expect("written");
    in_the_way("swath did not write it");
    assert_eq!(std::fs::read(&path).expect("there"), b"mine");
    std::fs::remove_file(&path).expect("removed");
    std::fs::create_dir(&path).expect("made");
    in_the_way("it is a folder");
    std::fs::remove_dir(&path).expect("removed");
    #[cfg(unix)]
    {
        // Even a link to a file that is whole.
        place.keep(dataset);
        let elsewhere = place.kept.folder().join("elsewhere");
        std::fs::rename(&path, &elsewhere).expect("moved");
        std::os::unix::fs::symlink(&elsewhere, &path).expect("linked");
        in_the_way("it is a link");
        verify(&elsewhere).expect("untouched");
    }
}

/// What was mapped is checked, whatever has its name by now: a whole file that replaced it stays.
#[test]
fn of_a_damaged_file_and_one_that_replaced_it_the_damaged_one_alone_goes() {
    let rows = Vectors::new(&vec![0.5; 17_000 * 1024], 1024).expect("finite");
    let test = Points::from(Vectors::new(&[0.5; 1024], 1024).expect("finite"));
    let neighbors = Neighbors { count: 1, ids: vec![0], distances: vec![0.0], stored: Stored::Float32 };
    let dataset = Dataset::of_points(rows.into(), test, Distance::Euclidean, neighbors);
    let place = Place::new();
    let path = place.keep(&dataset).path;
    let damage = || {
        use std::io::{Seek as _, SeekFrom, Write as _};
        let mut file = std::fs::OpenOptions::new().write(true).open(&path).expect("opened");
        file.seek(SeekFrom::End(-40_000_000)).expect("long");
        file.write_all(b"damage").expect("written");
    };
    assert!(!place.kept.is_damaged() && place.kept.check().is_empty());
    damage();
    assert!(place.kept.is_damaged() && path.exists());
    // As another run does.
    KeptDatasets::new(place.kept.folder().to_owned(), "swath 1".into())
        .keep(place.origin(), &made(&dataset))
        .expect("kept");
    let damaged = place.kept.check();
    assert!(damaged.len() == 1 && matches!(damaged[0].removed, Ok(false)), "{damaged:?}");
    verify(&path).expect("the other file stays");
    assert!(!place.kept.is_damaged(), "it is looked at once");
    place.find();
    damage();
    let damaged = place.kept.check();
    assert!(damaged.len() == 1 && matches!(damaged[0].removed, Ok(true)) && !path.exists(), "{damaged:?}");
}

#[test]
fn those_not_used_for_the_longest_time_make_room() {
    let (place, dataset) = (Place::new(), &datasets()[0]);
    place.keep(dataset);
    let file = place.kept.files().expect("listed").remove(0);
    let at = |seconds| std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    let of = |name: &str, bytes, seconds| KeptFile {
        path: name.into(),
        bytes,
        used: Some(at(seconds)),
        header: file.header.as_ref().map_err(String::clone).cloned(),
        in_the_way: None,
    };
    // 40 of 400 bytes are taken, so that all may take 100.
    let gone = |bytes| {
        let files = vec![of("new", 10, 9), of("old", 20, 1), of("middle", 10, 5)];
        let (room, gone) = kept::unused(files, 360, bytes);
        assert_eq!(room, 100);
        gone.iter().map(|file| file.path.display().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(gone(60), [""; 0]);
    assert_eq!(gone(61), ["old"]);
    assert_eq!(gone(81), ["old", "middle"]);
    assert_eq!(gone(100), ["old", "middle", "new"]);
    // To be found is to be used.
    let old = std::fs::File::open(&file.path).expect("opened");
    old.set_modified(at(1)).expect("set");
    place.find();
    assert!(place.kept.files().expect("listed")[0].used > Some(at(1_000_000)));
}

#[test]
fn clearing_removes_datasets_and_what_killed_programs_left_of_them() {
    let (place, dataset) = (Place::new(), &datasets()[0]);
    place.keep(dataset);
    let folder = place.kept.folder();
    let key = "0123456789abcdef0123456789abcdef";
    let unfinished = folder.join(format!(".not-whole-{key}_dataset-abc123"));
    let others = [
        folder.join("mine.dataset"),
        folder.join(format!("{key}.graph")),
        folder.join(format!(".not-whole-{key}_graph-abc123")),
        folder.join(format!("{key}.dataset")),
    ];
    others.iter().chain([&unfinished]).for_each(|path| std::fs::write(path, "mine").expect("written"));
    let in_the_way = folder.join("abcdefabcdefabcdefabcdefabcdefab.dataset");
    std::fs::create_dir(&in_the_way).expect("made");
    let files = place.kept.files().expect("listed");
    assert_eq!(files.len(), 4);
    let unfinished_ones: Vec<&KeptFile> = files.iter().filter(|file| file.is_unfinished()).collect();
    assert!(unfinished_ones.len() == 1 && unfinished_ones[0].header.as_ref().is_err_and(|why| why.contains("killed")));
    let (removed, kept) = place.kept.clear().expect("cleared");
    assert_eq!((removed.len(), kept), (2, vec![others[3].clone(), in_the_way]));
    assert!(!unfinished.exists() && others.iter().all(|other| std::fs::read(other).expect("there") == b"mine"));
    assert!(place.kept.clear().expect("cleared").0.is_empty());
}
