//! A dataset is read as it was written, and a file that is not ours or not whole is refused.

use super::layout::PREFIX;
use super::*;
use crate::dataset::{Dataset, Links, Neighbors, Stored, Subtopics};
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
    let plain = |(train, test, distance): (Points, Points, Distance)| Dataset {
        train,
        test,
        distance,
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
    let mut all: Vec<Dataset> = points().into_iter().map(plain).collect();
    let rich = &mut all[0];
    let relations = vec!["a".into(), "b \u{1b} \"c".into()];
    rich.links = Some(Links { edges: vec![[0, 5], [3, 2]], relations, relation: vec![1, 0] });
    rich.subtopics = Some(Subtopics::new(3, vec![[0, 1, 7], [2, 5, 0], [2, 5, 1]]));
    rich.qrels = Some(Subtopics::new(3, vec![[1, 1, 3]]));
    rich.train_names = Some((0..6).map(|i| format!("n{i}")).collect());
    rich.test_names = Some(vec![String::new(), "\u{e9}".into(), "z".into()]);
    all
}

fn refused(path: &Path) -> String {
    match open_kept(path, Wanted::Everything) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_dataset_is_mapped_as_it_was_written_to_the_last_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x");
    for dataset in datasets() {
        write(&path, "x", "abc", None, &dataset).expect("written");
        verify(&path).expect("whole");
        assert!(is_prepared(&path).expect("read"));
        let (header, again) = open(&path, Wanted::Everything).expect("mapped");
        assert_eq!((header.name.as_str(), header.sha256.as_str(), &header.source), ("x", "abc", &None));
        assert!(again.same(&dataset), "{}", dataset.distance);
        assert_eq!(again.neighbors, dataset.neighbors, "as f64");
        assert_eq!(again.notes, dataset.notes);
        let (base, mapped) =
            (Base::new(dataset.train.clone(), dataset.distance), Base::new(again.train, again.distance));
        assert_eq!(base.norms(), mapped.norms());
        let (_, search) = open(&path, Wanted::Search).expect("mapped");
        assert!(search.train_names.is_none() && search.test_names.is_none() && search.train == dataset.train);
    }
}

#[test]
fn a_file_that_is_cut_or_changed_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x");
    write(&path, "x", "abc", None, &datasets()[0]).expect("written");
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
    write(&path, "x", "abc", None, &datasets()[0]).expect("written");
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("changed");
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    mode(0o620);
    assert_eq!(refused(&path), "others may write it: its permissions are 620, not 600");
    mode(0o644);
    assert!(open(&path, Wanted::Search).is_ok(), "others may read it");
}
