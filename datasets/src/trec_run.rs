//! Results of other programs: TREC runs, alone or fused.
//!
//! A line is `topic Q0 document rank score tag`. Documents are in the order of their scores, equal ones by their ids from the last to
//! the first, as in trec_eval. Ranks are not believed: some programs write 0 on every line. A document that is there twice for a
//! topic counts where it stands first. Documents and topics that the dataset does not have are left out and counted.

use crate::bounded;
use crate::check::{Flaw, counted, first_of};
use crate::dataset::Dataset;
use crate::files::strangers::{BOTH, Strangers};
use crate::format::DatasetError;
use crate::sha256;
use crate::texts::{RowFinder, RowIds};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use swath_algorithms::candidates::Fuse;
use swath_algorithms::pool::scaled;

/// The constant of reciprocal rank fusion.
const RANKS: f64 = 60.0;

/// Scores have this magnitude at most, so that no difference overflows.
const LARGEST: f64 = 1e100;

/// The longest line, in bytes.
const LINE: u64 = 1 << 20;

/// Bytes that an entry of a list takes: twice its size, since lists grow by doubling.
const ENTRY: u64 = 2 * size_of::<(u32, f64)>() as u64;

const EXPECTED: &str = "`topic Q0 document rank score tag`, with spaces or tabs between";

/// A list for each query: rows of base vectors with scores, best first, each row once.
pub type RunLists = Vec<Vec<(u32, f64)>>;

/// A run that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct TrecRun {
    /// SHA-256 of the file, as it was read.
    pub sha256: String,
    /// Its lists.
    pub lists: RunLists,
}

/// Reads runs of a dataset.
pub struct RunReader<'a> {
    topics: RowIds<'a>,
    documents: RowIds<'a>,
    find_topic: RowFinder<'a>,
    find_document: RowFinder<'a>,
}

/// The first line that is wrong, and how many are wrong like it.
struct WrongLine {
    line: usize,
    kind: WrongKind,
    found: String,
    count: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum WrongKind {
    Encoding,
    Fields,
    Score,
}

impl<'a> RunReader<'a> {
    /// A reader that finds the dataset's queries and base vectors.
    pub fn new(dataset: &'a Dataset) -> Self {
        let topics = dataset.test_labels.row_ids(dataset.test.len());
        let documents = dataset.train_labels.row_ids(dataset.train.len());
        Self { find_topic: topics.finder(), find_document: documents.finder(), topics, documents }
    }

    /// The id of a query.
    pub fn topic(&self, row: usize) -> String {
        self.topics.of(row).into_owned()
    }

    /// Reads a file, and notes what is left out. Its lists take at most `memory` bytes, and their memory is subtracted.
    ///
    /// # Errors
    /// [`DatasetError::Io`]; [`DatasetError::Invalid`] if a line is wrong, if none is of a query and a base vector of the dataset,
    /// or if the lists take more memory.
    pub fn read(&self, path: &Path, memory: &mut u64, notes: &mut Vec<String>) -> Result<TrecRun, DatasetError> {
        let unreadable = |source| DatasetError::Io { path: path.to_owned(), source };
        let invalid = |flaw| DatasetError::Invalid { path: path.to_owned(), flaw };
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let (file, _) = bounded::open(path).map_err(unreadable)?;
        let mut text = BufReader::with_capacity(1 << 18, file);
        let (mut hash, mut line, mut number) = (Sha256::new(), Vec::new(), 0);
        let mut strangers = Strangers::new(&name, ["line", "lines"], BOTH);
        let mut lists: RunLists = vec![Vec::new(); self.topics.len()];
        let (mut wrong, mut is_empty) = (None, true);
        loop {
            line.clear();
            if (&mut text).take(LINE).read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
                break;
            }
            number += 1;
            hash.update(&line);
            if line.len() as u64 == LINE {
                return Err(invalid(Flaw::new(
                    format!("line {number}"),
                    format!("it has {LINE} bytes or more"),
                    EXPECTED,
                )));
            }
            let content = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line) } else { &line };
            if number == 1 && content.starts_with(b"\x1f\x8b") {
                let expected = "a text; unpack it with `gunzip`";
                return Err(invalid(Flaw::new("the file", "it is packed by gzip", expected)));
            }
            let (topic, document, score) = match parse(content) {
                Ok(Some(entry)) => entry,
                Ok(None) => continue,
                Err((kind, found)) => {
                    WrongLine::count(&mut wrong, number, kind, found);
                    continue;
                }
            };
            is_empty = false;
            let query = strangers.query(topic, &self.find_topic);
            let item = strangers.item(document, &self.find_document);
            strangers.line(query.is_some() && item.is_some());
            let (Some(query), Some(item)) = (query, item) else { continue };
            *memory = memory.checked_sub(ENTRY).ok_or_else(|| {
                let found = "the lists up to here, with those of runs read before, take more memory than there is";
                invalid(Flaw::new(format!("line {number}"), found, "shorter lists, fewer runs, or more memory"))
            })?;
            lists[query as usize].push((item, score));
        }
        if let Some(wrong) = wrong {
            return Err(invalid(wrong.flaw()));
        }
        if is_empty {
            return Err(invalid(Flaw::new("the file", "it has no lines", EXPECTED)));
        }
        strangers.tell(notes).map_err(invalid)?;
        self.sort(&mut lists, &name, notes);
        Ok(TrecRun { sha256: sha256::hex(&hash.finalize()), lists })
    }

    /// Puts lists into their order, and leaves the first of each document there.
    fn sort(&self, lists: &mut RunLists, name: &str, notes: &mut Vec<String>) {
        let (mut repeated, mut example) = (0, None);
        let (mut several, mut tied) = (0, 0);
        for (query, list) in lists.iter_mut().enumerate() {
            self.put_in_order(list);
            let mut seen = HashSet::with_capacity(list.len());
            list.retain(|&(item, _)| {
                let is_new = seen.insert(item);
                if !is_new {
                    repeated += 1;
                    example.get_or_insert((item, query));
                }
                is_new
            });
            if let [(_, best), .., (_, worst)] = list[..] {
                several += 1;
                tied += usize::from(best == worst);
            }
        }
        if tied > 0 {
            notes.push(format!(
                "{tied} of {several} lists in {name} have one score for all documents: these are in the order of their ids, the \
                 last first, as in trec_eval; ranks are not read"
            ));
        }
        if let Some((item, query)) = example {
            notes.push(format!(
                "{repeated} lines in {name} list a document again, such as `{}` for `{}`: it counts where it stands first",
                self.documents.of(item as usize),
                self.topics.of(query)
            ));
        }
    }

    /// The order of trec_eval: the higher score first, of equal ones the later id.
    fn put_in_order(&self, list: &mut [(u32, f64)]) {
        let id = |item: u32| self.documents.of(item as usize);
        list.sort_by(|a, b| (b.1 + 0.0).total_cmp(&(a.1 + 0.0)).then_with(|| id(b.0).cmp(&id(a.0))));
    }

    /// One list of each query from those of several runs with their weights: the best `limit` of it.
    pub fn fuse(&self, runs: &[(&RunLists, f64)], fuse: Fuse, limit: usize) -> RunLists {
        let one = |query: usize| {
            let mut scores: BTreeMap<u32, f64> = BTreeMap::new();
            for (lists, weight) in runs {
                let list = &lists[query];
                // Best first.
                let ends = list.first().zip(list.last()).map(|(most, least)| [least.1, most.1]);
                for (rank, &(item, score)) in (1..).zip(list) {
                    let gain = match fuse {
                        Fuse::Rrf => 1.0 / (RANKS + f64::from(rank)),
                        Fuse::Sum => scaled(score, ends),
                    };
                    *scores.entry(item).or_default() += weight * gain;
                }
            }
            let mut list: Vec<(u32, f64)> = scores.into_iter().collect();
            self.put_in_order(&mut list);
            list.truncate(limit);
            list.shrink_to_fit();
            list
        };
        (0..self.topics.len()).map(one).collect()
    }
}

impl WrongLine {
    fn count(first: &mut Option<Self>, line: usize, kind: WrongKind, found: String) {
        let first = first.get_or_insert(Self { line, kind, found, count: 0 });
        first.count += usize::from(first.kind == kind);
    }

    fn flaw(self) -> Flaw {
        let expected = match self.kind {
            WrongKind::Encoding => "UTF-8; `iconv -f ISO-8859-1 -t UTF-8 OLD > NEW` converts other texts".to_owned(),
            WrongKind::Fields => EXPECTED.to_owned(),
            WrongKind::Score => format!("a number from -{LARGEST:e} to {LARGEST:e}; a line is {EXPECTED}"),
        };
        Flaw::new(format!("line {}", self.line), first_of(self.found, self.count), expected)
    }
}

/// Topic, document and score.
type Entry<'l> = (&'l str, &'l str, f64);

/// What a line says; `None` if it is empty.
///
/// # Errors
/// What is wrong with it.
fn parse(line: &[u8]) -> Result<Option<Entry<'_>>, (WrongKind, String)> {
    let text = std::str::from_utf8(line).map_err(|_| (WrongKind::Encoding, "it is not UTF-8".to_owned()))?;
    let mut fields = text.split_whitespace();
    let mut six = [""; 6];
    let mut count = 0;
    for (place, field) in six.iter_mut().zip(&mut fields) {
        *place = field;
        count += 1;
    }
    count += fields.count();
    if count == 0 {
        return Ok(None);
    }
    if count != 6 {
        let has = counted(count, "field");
        return Err((WrongKind::Fields, format!("it has {has}")));
    }
    let [topic, _, document, _, score, _] = six;
    match score.parse::<f64>() {
        Ok(value) if value.abs() <= LARGEST => Ok(Some((topic, document, value))),
        _ => Err((WrongKind::Score, format!("the score is `{score}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Neighbors, Stored};
    use crate::texts::Labels;
    use swath_algorithms::{Distance, Points, Vectors};

    fn points(rows: usize) -> Points {
        Vectors::new(&(0..rows).map(|i| i as f32).collect::<Vec<_>>(), 1).expect("finite").into()
    }

    /// Base vectors d0, d1 ... d11 and queries q0, q1, q2.
    fn dataset() -> Dataset {
        let ids = |letter: char, rows: usize| Labels {
            ids: Some((0..rows).map(|row| format!("{letter}{row}")).collect()),
            ..Labels::default()
        };
        let neighbors = Neighbors { count: 1, ids: vec![0; 3], distances: vec![0.0; 3], stored: Stored::Float64 };
        Dataset {
            train_labels: ids('d', 12),
            test_labels: ids('q', 3),
            ..Dataset::of_points(points(12), points(3), Distance::Euclidean, neighbors)
        }
    }

    fn read_with(text: impl AsRef<[u8]>, mut memory: u64) -> (Result<TrecRun, String>, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.trec");
        std::fs::write(&path, &text).expect("written");
        let (dataset, mut notes) = (dataset(), Vec::new());
        let run = RunReader::new(&dataset).read(&path, &mut memory, &mut notes);
        if let Ok(run) = &run {
            assert_eq!(run.sha256, sha256::of(&text));
        }
        let beside = folder.path().display().to_string() + "/";
        (run.map_err(|error| error.to_string().replace(&beside, "")), notes)
    }

    fn read(text: &str) -> (RunLists, Vec<String>) {
        let (run, notes) = read_with(text, 1 << 20);
        (run.expect("read").lists, notes)
    }

    #[test]
    fn documents_are_in_the_order_of_trec_eval_whatever_the_lines_and_ranks_say() {
        let text = "\u{feff}q2 Q0 d3 0 1.5 bm25\r\nq0\tQ0\td1\t0\t-2e1\tbm25\n\n  q2 Q0 d10 0 7 bm25\nq2 Q0 d9 0 7.0 bm25\nq2 Q0 d2 0 +7 bm25";
        let (lists, notes) = read(text);
        // d9 after d2 after d10, as texts: the last one first.
        assert_eq!(lists, [vec![(1, -20.0)], vec![], vec![(9, 7.0), (2, 7.0), (10, 7.0), (3, 1.5)]]);
        assert!(notes.is_empty(), "{notes:?}");
    }

    #[test]
    fn what_the_dataset_does_not_have_is_left_out_and_counted() {
        let (lists, notes) = read("q0 Q0 d1 1 3 x\nq0 Q0 other 2 2 x\nq7 Q0 d1 1 9 x\nq0 Q0 d2 3 1 x\n");
        assert_eq!(lists, [vec![(1, 3.0), (2, 1.0)], vec![], vec![]]);
        let note =
            "2 of 4 lines in x.trec are left out: their ids are not in the dataset (no base vector has the id `other`)";
        assert_eq!(notes, [note]);
        let none = read_with("q0 Q0 1 1 3 x\nq1 Q0 2 1 3 x\n", 1 << 20).0.expect_err("refused");
        assert!(none.starts_with("x.trec: the ids: none of its 2 lines is of a query and a base vector"), "{none}");
        assert!(
            none.contains("no base vector has the id `1`; expected ids such as `d0`; `ids` names the file of others"),
            "{none}"
        );
    }

    #[test]
    fn lists_without_an_order_of_scores_are_counted() {
        let (lists, notes) = read("q0 Q0 d1 1 0 x\nq0 Q0 d2 2 0 x\nq1 Q0 d1 1 3 x\nq1 Q0 d2 2 2 x\nq2 Q0 d1 1 0 x\n");
        assert_eq!(lists[0], [(2, 0.0), (1, 0.0)]);
        assert_eq!(notes.len(), 1);
        assert!(notes[0].starts_with("1 of 2 lists in x.trec have one score for all documents"), "{notes:?}");
    }

    #[test]
    fn a_document_that_is_there_twice_counts_where_it_stands_first() {
        let (lists, notes) = read("q1 Q0 d1 1 3 x\nq1 Q0 d2 2 4 x\nq1 Q0 d1 3 5 x\nq1 Q0 d2 4 0 x\n");
        assert_eq!(lists[1], [(1, 5.0), (2, 4.0)]);
        assert_eq!(notes.len(), 1);
        assert!(notes[0].starts_with("2 lines in x.trec list a document again, such as `d1` for `q1`"), "{notes:?}");
    }

    #[test]
    fn wrong_files_are_refused_with_the_first_line_and_a_count() {
        let refused = |text: &[u8]| read_with(text, 1 << 20).0.expect_err("refused");
        let said = refused(b"q0 Q0 d1 1 3 x\nq0 Q0 d2 2 nan x\nq0 Q0 d2 2 x\nq0 Q0 d2 2 inf x\nq0 Q0 d2 2 1e101 x\n");
        assert!(
            said.starts_with("x.trec: line 2: the score is `nan` (the first of 3 like it); expected a number"),
            "{said}"
        );
        let said = refused(b"q0 Q0 d1 1 3 x\nq0 Q0 d 2 2 4 x\n");
        assert!(
            said.starts_with("x.trec: line 2: it has 7 fields; expected `topic Q0 document rank score tag`"),
            "{said}"
        );
        let said = refused(b"q0 Q0 d1 1 3 x\nq0 Q0 d\xfc 1 3 x\n");
        assert!(said.starts_with("x.trec: line 2: it is not UTF-8; expected UTF-8; `iconv"), "{said}");
        assert!(refused(b"\x1f\x8b\x08 packed").contains("it is packed by gzip"));
        assert!(refused(b"\n \n").contains("it has no lines"));
        assert!(refused(&vec![b'x'; LINE as usize + 9]).contains("line 1: it has 1048576 bytes or more"));
        let short = read_with("q0 Q0 d1 1 3 x\nq0 Q0 d2 2 2 x\n", ENTRY).0.expect_err("refused");
        assert!(
            short.contains("line 2: the lists up to here, with those of runs read before, take more memory"),
            "{short}"
        );
    }

    /// By hand: ranks 1, 2, 3 of the first, weight 1; ranks 1, 2 of the second, weight 2.
    #[test]
    fn ranks_are_fused_by_their_reciprocals() {
        let (dataset, first, second) = (dataset(), read(FIRST).0, read(SECOND).0);
        let fused = RunReader::new(&dataset).fuse(&[(&first, 1.0), (&second, 2.0)], Fuse::Rrf, 9);
        let expected = [(3, 1.0 / 62.0 + 2.0 / 61.0), (4, 2.0 / 62.0), (1, 1.0 / 61.0), (2, 1.0 / 63.0)];
        assert_eq!(fused, [expected.to_vec(), vec![], vec![]]);
        // Of equal sums the later id.
        let equal = RunReader::new(&dataset).fuse(
            &[(&second, 1.0), (&vec![vec![(4, 1.0), (3, 0.5)], vec![], vec![]], 1.0)],
            Fuse::Rrf,
            1,
        );
        assert_eq!(equal[0].iter().map(|entry| entry.0).collect::<Vec<_>>(), [4], "the best alone");
    }

    #[test]
    fn scores_are_fused_by_their_places_between_least_and_most() {
        let (dataset, first, second) = (dataset(), read(FIRST).0, read(SECOND).0);
        let fused = RunReader::new(&dataset).fuse(&[(&first, 0.5), (&second, 0.25)], Fuse::Sum, 9);
        // d3: 0.5 * 0.25 + 0.25; d4 and d2 are the least of their files.
        assert_eq!(fused[0], [(1, 0.5), (3, 0.375), (4, 0.0), (2, 0.0)]);
        let equal = vec![vec![(7, 3.0), (6, 3.0)], vec![], vec![]];
        assert_eq!(RunReader::new(&dataset).fuse(&[(&equal, 2.0)], Fuse::Sum, 9)[0], [(7, 2.0), (6, 2.0)]);
    }

    const FIRST: &str = "q0 Q0 d1 1 10 a\nq0 Q0 d3 2 4 a\nq0 Q0 d2 3 2 a\n";
    const SECOND: &str = "q0 Q0 d3 1 0.5 b\nq0 Q0 d4 2 -0.5 b\n";
}
