//! Checks what must hold for every dataset, whether it is read from a file or made in memory.

use crate::dataset::{Dataset, Groups, Links, NO_ID, Neighbors, Qrels, Subtopics};
use crate::ground_truth;
use crate::texts::Labels;
use std::collections::HashMap;
use swath_algorithms::Distance;

/// Something that is wrong in a dataset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {found}; expected {expected}")]
pub struct Flaw {
    /// The array or attribute, with the row and column if it has one.
    pub at: String,
    /// What is there.
    pub found: String,
    /// What would be right.
    pub expected: String,
}

impl Flaw {
    pub(crate) fn new(at: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { at: at.into(), found: found.into(), expected: expected.into() }
    }
}

/// At most this many relations: their index is stored in a signed byte.
const RELATIONS: usize = 128;

/// Tolerance for angular distances below 0: they are 1 minus a cosine that may be summed in `f32`.
const BELOW_ZERO: f64 = 1e-4;

/// Tolerance for a distance below the one before it; relative to that one if it is above 1.
const DISORDER: f64 = 1e-6;

impl Dataset {
    /// Makes every check that a dataset from a file must pass. Values need no check: [`swath_algorithms::Vectors`] are finite.
    ///
    /// # Errors
    /// The first [`Flaw`], and how many like it there are.
    pub fn check(&self) -> Result<(), Flaw> {
        let (n, m) = (self.train.len(), self.test.len());
        for (name, rows) in [("train", n), ("test", m)] {
            if rows == 0 {
                return Err(Flaw::new(format!("`{name}`"), "it is empty", "at least one vector"));
            }
        }
        let (kind, other) = (self.train.kind(), self.test.kind());
        if kind != other || !self.distance.fits(kind) {
            let found = format!("it has {other} for {kind} in `train`, and the distance `{}`", self.distance);
            return Err(Flaw::new("`test`", found, "points of one type, which have that distance"));
        }
        width(self.train.dim(), self.test.dim())?;
        check_neighbors(n, m, &self.neighbors)?;
        self.check_distances()?;
        self.links.as_ref().map_or(Ok(()), |links| check_links(n, links))?;
        for (name, what, pairs) in [("subtopics", "subtopic", &self.subtopics), ("qrels", "grade", &self.qrels)] {
            pairs.as_ref().map_or(Ok(()), |pairs| check_by_query(n, m, name, what, pairs))?;
        }
        self.qrels.as_ref().map_or(Ok(()), check_grades)?;
        self.aspects.as_ref().map_or(Ok(()), |aspects| aspects.check(&self.test))?;
        check_groups(n, &self.groups)?;
        check_labels("train", n, &self.train_labels)?;
        check_labels("test", m, &self.test_labels)?;
        Ok(())
    }

    /// Whether the stored distances of a query are those between its points.
    fn has_right_distances(&self, query: usize) -> bool {
        let (ids, stored) = (self.neighbors.ids(query), self.neighbors.distances(query));
        ground_truth::are_distances(self.test.row(query), &self.train, self.distance, ids, stored)
    }

    fn check_distances(&self) -> Result<(), Flaw> {
        let neighbors = &self.neighbors;
        let count = neighbors.count;
        let least = match self.distance {
            Distance::Angular => -BELOW_ZERO,
            Distance::InnerProduct => f64::NEG_INFINITY,
            Distance::Euclidean | Distance::Hamming | Distance::Jaccard => 0.0,
        };
        let known = |i: usize| i % count < neighbors.known(i / count);
        let cells = || neighbors.distances.iter().enumerate().filter(|&(i, _)| known(i));
        let disorder = |i: usize| {
            let (before, after) = (neighbors.distances[i - 1], neighbors.distances[i]);
            !i.is_multiple_of(count) && known(i) && after < before - DISORDER * before.abs().max(1.0)
        };
        if let Some(((i, value), wrong)) = first(cells().filter(|(_, value)| !value.is_finite())) {
            let found = first_of(format!("the value is {value}"), wrong);
            return Err(Flaw::new(place("distances", i / count, i % count), found, "a finite number"));
        }
        if let Some((i, wrong)) = first((1..neighbors.distances.len()).filter(|&i| disorder(i))) {
            let found = format!("{} comes after {}", neighbors.distances[i], neighbors.distances[i - 1]);
            // Every row descends: hardly any pair within a row ascends.
            let is_descending = 2 * wrong > self.test.len() * (count - 1);
            let remedy = match (self.has_right_distances(i / count), is_descending) {
                (true, true) => {
                    ": these are right, but the nearest is last; reverse each row of `distances`, and with it that of `neighbors`"
                }
                (true, false) => ": these are right; sort each row by them, and with it that of `neighbors`",
                (false, true) => what_descends(self.distance),
                (false, false) => "",
            };
            let expected = format!("distances in ascending order{remedy}");
            return Err(Flaw::new(place("distances", i / count, i % count), first_of(found, wrong), expected));
        }
        if let Some(((i, value), wrong)) = first(cells().filter(|&(_, &value)| value < least)) {
            let found = first_of(format!("the value is {value}"), wrong);
            return Err(Flaw::new(place("distances", i / count, i % count), found, "at least 0"));
        }
        Ok(())
    }
}

/// The refusal of points that no memory and no scratch file can hold.
pub(crate) fn no_room(at: &str, reason: &dyn std::fmt::Display) -> Flaw {
    let found = format!("there is no room for it ({reason})");
    Flaw::new(at, found, "more memory, or as much free space on the disk of swath's cache")
}

/// Checks that queries are as wide as base vectors.
pub(crate) fn width(train: usize, test: usize) -> Result<(), Flaw> {
    if test == train {
        return Ok(());
    }
    Err(Flaw::new("`test`", format!("its vectors have {test} values"), format!("{train}, as those of `train`")))
}

/// Checks that the array `name` has one value for each `what`.
pub(crate) fn one_for_each(name: &str, found: usize, expected: usize, what: &str) -> Result<(), Flaw> {
    if found == expected {
        return Ok(());
    }
    let found = format!("it has {}", counted(found, "value"));
    Err(Flaw::new(format!("`{name}`"), found, format!("{expected}, one for each {what}")))
}

/// Checks the values of an array with `bounds.len()` columns: each is at least 0 and below its column's bound.
pub(crate) fn within<T: Copy + Into<i64>>(name: &str, values: &[T], bounds: &[(usize, &str)]) -> Result<(), Flaw> {
    let wrong = values.iter().enumerate().filter_map(|(i, &value)| {
        let value: i64 = value.into();
        (value < 0 || value >= bounds[i % bounds.len()].0 as i64).then_some((i, value))
    });
    let Some(((i, value), count)) = first(wrong) else { return Ok(()) };
    let (row, column) = (i / bounds.len(), i % bounds.len());
    let (bound, what) = bounds[column];
    let at = if bounds.len() == 1 { format!("`{name}`, row {row}") } else { place(name, row, column) };
    Err(Flaw::new(at, first_of(format!("the value is {value}"), count), format!("0 to {}: {what}", bound - 1)))
}

/// Checks that rows (query, item, grade) give no query and item two different grades. A row may be repeated.
pub(crate) fn one_grade(name: &str, rows: &[i64]) -> Result<(), Flaw> {
    let row = |i: usize| (rows[3 * i], rows[3 * i + 1], rows[3 * i + 2]);
    let mut order: Vec<usize> = (0..rows.len() / 3).collect();
    order.sort_by_key(|&i| (row(i).0, row(i).1));
    let differ = |pair: &&[usize]| {
        let ((query, item, grade), (other_query, other_item, other_grade)) = (row(pair[0]), row(pair[1]));
        (query, item) == (other_query, other_item) && grade != other_grade
    };
    let wrong: Vec<&[usize]> = order.windows(2).filter(differ).collect();
    let Some(pair) = wrong.iter().min_by_key(|pair| pair[1]) else { return Ok(()) };
    let (before, after) = (pair[0], pair[1]);
    let (query, item, grade) = row(before);
    let found =
        format!("query {query} and item {item} have grade {grade} in the first and {} in the second", row(after).2);
    let at = format!("`{name}`, rows {before} and {after}");
    Err(Flaw::new(at, first_of(found, wrong.len()), "one grade for each query and item"))
}

fn place(name: &str, row: usize, column: usize) -> String {
    format!("`{name}`, row {row}, column {column}")
}

/// The first of all, and their number.
pub(crate) fn first<T>(mut all: impl Iterator<Item = T>) -> Option<(T, usize)> {
    Some((all.next()?, 1 + all.count()))
}

/// `1 value`, or `3 values`.
pub(crate) fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// Says what was found, and of how many like it it is the first.
pub(crate) fn first_of(found: String, count: usize) -> String {
    if count == 1 { found } else { format!("{found} (the first of {count} like it)") }
}

/// Names in a line; of many the first ones, and how many there are besides.
pub(crate) fn listed(names: impl IntoIterator<Item = String>) -> String {
    const SHOWN: usize = 10;
    let names: Vec<String> = names.into_iter().collect();
    match names.len().checked_sub(SHOWN).filter(|more| *more > 1) {
        Some(more) => format!("{} and {more} more", names[..SHOWN].join(", ")),
        None => names.join(", "),
    }
}

fn check_neighbors(n: usize, m: usize, neighbors: &Neighbors) -> Result<(), Flaw> {
    let count = neighbors.count;
    if count == 0 || count > n {
        let expected = format!("1 to {n}, the number of vectors in `train`");
        return Err(Flaw::new("`neighbors`", format!("it has {count} columns"), expected));
    }
    for (name, values) in [("neighbors", neighbors.ids.len()), ("distances", neighbors.distances.len())] {
        if Some(values) != m.checked_mul(count) {
            let expected = format!("{m} x {count}: a row for each query in `test`");
            return Err(Flaw::new(format!("`{name}`"), format!("it has {values} values"), expected));
        }
    }
    let known = |i: usize| i % count < neighbors.known(i / count);
    let wrong = (0..neighbors.ids.len()).filter(|&i| known(i) && neighbors.ids[i] as usize >= n);
    if let Some((i, wrong)) = first(wrong) {
        let found = first_of(format!("the value is {}", neighbors.ids[i]), wrong);
        return Err(Flaw::new(
            place("neighbors", i / count, i % count),
            found,
            format!("0 to {}: a row of `train`", n - 1),
        ));
    }
    if let Some((i, wrong)) = first((0..neighbors.ids.len()).filter(|&i| !known(i) && neighbors.ids[i] != NO_ID)) {
        let found = first_of("it comes after -1, which means no neighbour".to_owned(), wrong);
        return Err(Flaw::new(
            place("neighbors", i / count, i % count),
            found,
            "-1 only after the last true neighbour",
        ));
    }
    let repeated = (0..m).filter_map(|query| {
        let mut ids = neighbors.ids(query).to_vec();
        ids.sort_unstable();
        ids.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| (query, pair[0]))
    });
    if let Some(((query, id), rows)) = first(repeated) {
        let found = first_of(format!("id {id} appears twice"), rows);
        return Err(Flaw::new(format!("`neighbors`, row {query}"), found, "each neighbour once"));
    }
    Ok(())
}

/// What distances in descending order must be.
fn what_descends(distance: Distance) -> &'static str {
    match distance {
        Distance::Euclidean => "",
        Distance::Angular => ": these descend, as cosine similarities do; store 1 - cos",
        Distance::InnerProduct => ": these descend, as inner products do; store their negatives",
        Distance::Hamming => ": these descend, as shares of equal bits do; store the share of differing bits",
        Distance::Jaccard => ": these descend, as Jaccard similarities do; store 1 minus the similarity",
    }
}

fn check_links(n: usize, links: &Links) -> Result<(), Flaw> {
    within("links", links.edges.as_flattened(), &[(n, "a row of `train`"); 2])?;
    let at = "attribute `relations` of `links`";
    if links.relations.len() > RELATIONS {
        let found = format!("it names {} relations", links.relations.len());
        return Err(Flaw::new(at, found, format!("at most {RELATIONS}")));
    }
    if let Some(name) = links.relations.iter().find(|name| name.is_empty() || name.contains(',')) {
        return Err(Flaw::new(at, format!("a relation is called \"{name}\""), "names, with a comma between them"));
    }
    if links.relations.is_empty() {
        return one_for_each("link_relations", links.relation.len(), 0, "link, where relations are named");
    }
    one_for_each("link_relations", links.relation.len(), links.edges.len(), "link")?;
    let bound = (links.relations.len(), "a relation named in `relations` of `links`");
    within("link_relations", &links.relation, &[bound])
}

/// Checks the pairs (item, number) of `m` queries over `n` base vectors; `what` says what the number is.
fn check_by_query(n: usize, m: usize, name: &str, what: &str, pairs: &Subtopics) -> Result<(), Flaw> {
    let at = format!("`{name}`");
    if pairs.queries() != m {
        let found = format!("it is made for {} queries", pairs.queries());
        return Err(Flaw::new(at, found, format!("{m}, the number of rows in `test`")));
    }
    let rows = (0..m).map(|query| pairs.of(query).len()).sum::<usize>();
    if rows != pairs.len() {
        let found = format!("{} rows are of queries that do not exist", pairs.len() - rows);
        return Err(Flaw::new(at, found, format!("queries 0 to {}", m - 1)));
    }
    let wrong = (0..m).flat_map(|query| pairs.of(query).iter().map(move |&pair| (query, pair)));
    let wrong = wrong.filter(|&(_, (item, number))| item as usize >= n || number > i32::MAX.unsigned_abs());
    let Some(((query, (item, number)), count)) = first(wrong) else { return Ok(()) };
    let found = first_of(format!("item {item}, {what} {number}"), count);
    let expected = format!("an item from 0 to {}, a row of `train`, and a {what} below 2^31", n - 1);
    Err(Flaw::new(format!("{at} of query {query}"), found, expected))
}

/// Checks groups of `n` base vectors.
fn check_groups(n: usize, groups: &[Groups]) -> Result<(), Flaw> {
    let at = |groups: &Groups| match groups.name.as_str() {
        "" => "groups".to_owned(),
        name => format!("groups/{name}"),
    };
    for (i, kind) in groups.iter().enumerate() {
        let name = at(kind);
        if groups[..i].iter().any(|other| other.name == kind.name) || (kind.name.is_empty() && groups.len() > 1) {
            let expected = "a name of its own for each kind of groups";
            return Err(Flaw::new(format!("`{name}`"), "there are several kinds of groups", expected));
        }
        one_for_each(&name, kind.of.len(), n, "base vector")?;
        let named = kind.labels.len() as i64;
        let is_wrong = |group: i64| group < -1 || (named > 0 && group >= named);
        let wrong = kind.of.iter().enumerate().filter(|(_, group)| is_wrong(i64::from(**group)));
        if let Some(((row, group), count)) = first(wrong) {
            let found = first_of(format!("the value is {group}"), count);
            return Err(Flaw::new(format!("`{name}`, row {row}"), found, "the number of a group, or -1 for none"));
        }
    }
    Ok(())
}

/// Checks the labels of the `rows` rows of an array.
fn check_labels(array: &str, rows: usize, labels: &Labels) -> Result<(), Flaw> {
    for (kind, texts) in Labels::KINDS.into_iter().zip(labels.kinds()) {
        texts.as_ref().map_or(Ok(()), |texts| one_for_each(&format!("{array}_{kind}"), texts.len(), rows, "row"))?;
    }
    labels.ids.as_ref().map_or(Ok(()), |ids| each_once(&format!("`{array}_ids`"), ids.iter()))
}

/// Checks that ids, one for each row of `at`, are different and not empty.
pub(crate) fn each_once<'t>(at: &str, ids: impl Iterator<Item = &'t str>) -> Result<(), Flaw> {
    let (mut rows, mut repeated, mut empty) = (HashMap::new(), Vec::new(), Vec::new());
    for (row, id) in ids.enumerate() {
        if id.is_empty() {
            empty.push(row);
        } else if let Some(before) = rows.insert(id, row) {
            repeated.push((row, before, id));
        }
    }
    if let Some(&row) = empty.first() {
        let found = first_of("it is empty".to_owned(), empty.len());
        return Err(Flaw::new(format!("{at}, row {row}"), found, "an id for each row"));
    }
    let Some(&(row, before, id)) = repeated.first() else { return Ok(()) };
    let found = first_of(format!("the id `{id}` is that of row {before}, too"), repeated.len());
    Err(Flaw::new(format!("{at}, row {row}"), found, "each id once"))
}

/// Checks that no query and item have two grades.
fn check_grades(qrels: &Qrels) -> Result<(), Flaw> {
    let pairs = (0..qrels.queries()).flat_map(|query| qrels.of(query).windows(2).map(move |pair| (query, pair)));
    let Some(((query, pair), count)) = first(pairs.filter(|(_, pair)| pair[0].0 == pair[1].0)) else { return Ok(()) };
    let found = first_of(format!("item {} has the grades {} and {}", pair[0].0, pair[0].1, pair[1].1), count);
    Err(Flaw::new(format!("`qrels` of query {query}"), found, "one grade for each query and item"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Stored;
    use swath_algorithms::{Points, Vectors};

    fn vectors(values: &[f32], dim: usize) -> Points {
        Vectors::new(values, dim).expect("finite").into()
    }

    fn dataset() -> Dataset {
        Dataset {
            train: vectors(&[0.0, 0.0, 1.0, 0.0, 0.0, 2.0], 2),
            test: vectors(&[0.0, 0.0, 1.0, 0.0], 2),
            distance: Distance::Euclidean,
            neighbors: Neighbors {
                count: 2,
                ids: vec![0, 1, 1, 0],
                distances: vec![0.0, 1.0, 0.0, 1.0],
                stored: Stored::Float64,
            },
            links: Some(Links { edges: vec![[0, 1], [2, 0]], relations: vec!["of".into()], relation: vec![0, 0] }),
            subtopics: Some(Subtopics::new(2, vec![[0, 2, 5], [1, 0, 0]])),
            qrels: Some(Subtopics::new(2, vec![[0, 1, 3]])),
            aspects: None,
            groups: vec![Groups::of_labels("seller", ["x", "", "y"])],
            train_labels: Labels {
                ids: Some(["1", "2", "3"].into_iter().collect()),
                ..Labels::of_names(["a", "b", "c"])
            },
            test_labels: Labels::of_names(["p", "q"]),
            notes: Vec::new(),
            history: Vec::new(),
        }
    }

    fn links(dataset: &mut Dataset) -> &mut Links {
        dataset.links.as_mut().expect("links")
    }

    /// What is broken, and the message that names it.
    type Case = (fn(&mut Dataset), &'static str);

    const CASES: &[Case] = &[
        (|d| d.test = vectors(&[0.0; 6], 3), "`test`: its vectors have 3 values; expected 2"),
        (
            |d| d.distance = Distance::Hamming,
            "`test`: it has dense vectors for dense vectors in `train`, and the distance",
        ),
        (|d| d.train = d.train.gather(&[]), "`train`: it is empty"),
        (|d| d.neighbors.count = 0, "`neighbors`: it has 0 columns; expected 1 to 3"),
        (|d| d.neighbors.count = 4, "`neighbors`: it has 4 columns; expected 1 to 3"),
        (|d| d.neighbors.ids.truncate(3), "`neighbors`: it has 3 values; expected 2 x 2"),
        (|d| d.neighbors.distances.truncate(3), "`distances`: it has 3 values; expected 2 x 2"),
        (|d| d.neighbors.ids[3] = 3, "`neighbors`, row 1, column 1: the value is 3; expected 0 to 2: a row of `train`"),
        (|d| d.neighbors.ids.fill(9), "`neighbors`, row 0, column 0: the value is 9 (the first of 4 like it)"),
        (|d| d.neighbors.ids[2] = 0, "`neighbors`, row 1: id 0 appears twice"),
        (|d| d.neighbors.distances[2] = f64::NAN, "`distances`, row 1, column 0: the value is NaN; expected a finite"),
        (
            |d| d.neighbors.distances[0] = -1e-6,
            "`distances`, row 0, column 0: the value is -0.000001; expected at least",
        ),
        (
            |d| d.neighbors.distances[2] = 1.5,
            "`distances`, row 1, column 1: 1 comes after 1.5; expected distances in asc",
        ),
        (|d| links(d).edges[1][0] = 3, "`links`, row 1, column 0: the value is 3; expected 0 to 2"),
        (|d| links(d).relation.truncate(1), "`link_relations`: it has 1 value; expected 2, one for each link"),
        (|d| links(d).relation[1] = 1, "`link_relations`, row 1: the value is 1; expected 0 to 0: a relation named"),
        (|d| links(d).relations[0] = "a,b".into(), "`relations` of `links`: a relation is called \"a,b\""),
        (
            |d| links(d).relations = vec!["r".into(); 129],
            "`relations` of `links`: it names 129 relations; expected at most",
        ),
        (|d| links(d).relations.clear(), "`link_relations`: it has 2 values; expected 0"),
        (|d| d.subtopics = Some(Subtopics::new(3, vec![])), "`subtopics`: it is made for 3 queries; expected 2"),
        (|d| d.subtopics = Some(Subtopics::new(2, vec![[2, 0, 0]])), "`subtopics`: 1 rows are of queries"),
        (|d| d.subtopics = Some(Subtopics::new(2, vec![[1, 3, 0]])), "`subtopics` of query 1: item 3, subtopic 0"),
        (
            |d| d.qrels = Some(Subtopics::new(2, vec![[0, 1, 3], [1, 1, 3], [1, 1, 3], [1, 1, 5]])),
            "`qrels` of query 1: item 1 has the grades 3 and 5; expected one grade for each query and item",
        ),
        (
            |d| d.train_labels = Labels::of_names(["a", "b"]),
            "`train_names`: it has 2 values; expected 3, one for each row",
        ),
        (|d| d.test_labels = Labels::of_names([""; 0]), "`test_names`: it has 0 values; expected 2, one for each row"),
        (
            |d| d.train_labels.ids = Some(["1", "1", "1"].into_iter().collect()),
            "`train_ids`, row 1: the id `1` is that of row 0, too (the first of 2 like it); expected each id once",
        ),
        (
            |d| d.train_labels.ids = Some(["1", "", "3"].into_iter().collect()),
            "`train_ids`, row 1: it is empty; expected an id for each row",
        ),
        (|d| d.groups[0].of.truncate(2), "`groups/seller`: it has 2 values; expected 3, one for each base vector"),
        (
            |d| d.groups[0].of[1] = -2,
            "`groups/seller`, row 1: the value is -2; expected the number of a group, or -1 for none",
        ),
        (|d| d.groups[0].of[2] = 2, "`groups/seller`, row 2: the value is 2; expected the number of a group"),
        (
            |d| d.groups.push(d.groups[0].clone()),
            "`groups/seller`: there are several kinds of groups; expected a name of its own for each",
        ),
    ];

    #[test]
    fn every_flaw_is_named() {
        assert_eq!(dataset().check(), Ok(()));
        for (i, (break_it, message)) in CASES.iter().enumerate() {
            let mut broken = dataset();
            break_it(&mut broken);
            let found = broken.check().expect_err(message).to_string();
            assert!(found.contains(message), "case {i}: {found}\nshould have: {message}");
        }
    }

    #[test]
    fn rounding_is_no_flaw() {
        let mut dataset = dataset();
        dataset.neighbors.distances = vec![1.0, 1.0 - 5e-7, 500.0, 500.0 - 4e-4];
        assert_eq!(dataset.check(), Ok(()));
        dataset.distance = Distance::Angular;
        dataset.neighbors.distances = vec![-1e-6, 0.0, 0.0, 0.0];
        assert_eq!(dataset.check(), Ok(()));
    }

    #[test]
    fn distances_that_are_right_but_out_of_order_are_not_taken_for_similarities() {
        let mut dataset = dataset();
        dataset.neighbors =
            Neighbors { ids: vec![2, 0, 2, 1], distances: vec![2.0, 0.0, 5_f64.sqrt(), 0.0], ..dataset.neighbors };
        let expected = |dataset: &Dataset| dataset.check().map_err(|flaw| flaw.expected).expect_err("out of order");
        let reversed = ": these are right, but the nearest is last; reverse each row of `distances`";
        assert!(expected(&dataset).contains(reversed), "{}", expected(&dataset));
        let mut jaccard = dataset.clone();
        let sets =
            |rows: &[&[u32]]| Points::from(swath_algorithms::points::Sets::from_rows(rows, 9).expect("ascending"));
        (jaccard.train, jaccard.test) = (sets(&[&[1], &[2], &[1, 2]]), sets(&[&[1], &[2]]));
        (jaccard.distance, jaccard.neighbors.ids) = (Distance::Jaccard, vec![2, 0, 2, 1]);
        jaccard.neighbors.distances = vec![0.5, 0.0, 0.5, 0.0];
        assert!(expected(&jaccard).contains(reversed), "{}", expected(&jaccard));
        jaccard.neighbors.distances = vec![0.9, 0.5, 0.9, 0.5];
        assert!(expected(&jaccard).contains("as Jaccard similarities do"), "{}", expected(&jaccard));
        dataset.neighbors.distances = vec![2.0, 0.0, 0.0, 5_f64.sqrt()];
        dataset.neighbors.ids = vec![2, 0, 1, 2];
        assert!(
            expected(&dataset).ends_with(": these are right; sort each row by them, and with it that of `neighbors`")
        );
    }

    #[test]
    fn similarities_in_place_of_distances_are_recognised() {
        let mut dataset = dataset();
        dataset.distance = Distance::Angular;
        dataset.neighbors.distances = vec![0.9, 0.8, 0.7, 0.2];
        assert!(dataset.check().is_err_and(|flaw| flaw.expected.contains("cosine similarities")));
        dataset.distance = Distance::InnerProduct;
        assert!(
            dataset.check().is_err_and(|flaw| flaw.expected.contains("as inner products do; store their negatives"))
        );
        dataset.neighbors.distances = vec![-7.0, -7.0, -1e9, 3.0];
        assert_eq!(dataset.check(), Ok(()), "products are of any sign and size");
        dataset.distance = Distance::Angular;
        dataset.neighbors.distances = vec![0.9, 0.8, 0.2, 0.7];
        assert!(dataset.check().is_err_and(|flaw| !flaw.expected.contains("cosine similarities")));
    }
}
