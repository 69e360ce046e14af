//! Datasets made from datasets: without copies, with vectors of length 1, or smaller. Each says what was done.

use crate::aspects::Aspects;
use crate::audit::SameRows;
use crate::dataset::{Dataset, Links, Subtopics};
use crate::ground_truth;
use rayon::prelude::*;
use std::collections::BTreeMap;
use swath_algorithms::params::Count;
use swath_algorithms::points::vectors::Builder;
use swath_algorithms::points::{Point, PointType, SparseVectors};
use swath_algorithms::{Base, Distance, Points, PointsError, Unfit, Vectors, random};

/// A dataset that was made from another.
#[derive(Debug)]
pub struct Transformed {
    /// The dataset.
    pub dataset: Dataset,
    /// What was done, with counts, for the notes of whoever uses it.
    pub note: String,
}

/// Keeps the first of base points that are equal. True neighbours are computed again. What a copy is linked to, covers or is
/// judged as, the first is, too: with the best of several grades, and without links to itself. Its groups, names and texts are
/// left out with it.
#[must_use]
pub fn dedupe(dataset: &Dataset) -> Transformed {
    let n = dataset.train.len();
    let same = SameRows::of(&dataset.train);
    let mut first: Vec<u32> = (0..n as u32).collect();
    same.copies().iter().for_each(|&(copy, of)| first[copy as usize] = of);
    let copies = same.copies().len();
    if copies == 0 {
        return Transformed {
            dataset: dataset.clone(),
            note: format!("none of {n} base points equals another: nothing was left out"),
        };
    }
    let kept: Vec<usize> = (0..n).filter(|&row| first[row] as usize == row).collect();
    let redirected = Dataset {
        links: dataset.links.as_ref().map(|links| redirected_links(links, &first)),
        subtopics: dataset.subtopics.as_ref().map(|pairs| redirected_pairs(pairs, &first)),
        qrels: dataset.qrels.as_ref().map(|pairs| with_best_grades(&redirected_pairs(pairs, &first))),
        ..dataset.clone()
    };
    let is_elsewhere = |&&(copy, of): &&(u32, u32)| {
        dataset.groups.iter().any(|groups| groups.of[copy as usize] != groups.of[of as usize])
    };
    let elsewhere = match same.copies().iter().filter(is_elsewhere).count() {
        0 => String::new(),
        count => format!(" ({count} in other groups than the one that was kept)"),
    };
    let note = format!(
        "{copies} of {n} base points were left out as exact copies of earlier ones{elsewhere}; true neighbours were computed again"
    );
    Transformed { dataset: redirected.subset(&kept), note }
}

/// Links between the first of equal items. A link that was between copies is left out.
fn redirected_links(links: &Links, first: &[u32]) -> Links {
    let ends = |&[source, target]: &[u32; 2]| [first[source as usize], first[target as usize]];
    let is_kept = |before: &[u32; 2], after: [u32; 2]| after[0] != after[1] || before[0] == before[1];
    let all = links.edges.iter().enumerate().map(|(at, edge)| (at, edge, ends(edge)));
    let (places, edges): (Vec<usize>, Vec<[u32; 2]>) =
        all.filter(|(_, before, after)| is_kept(before, *after)).map(|(at, _, after)| (at, after)).unzip();
    let relation = places.iter().filter_map(|&at| links.relation.get(at).copied()).collect();
    Links { edges, relations: links.relations.clone(), relation }
}

/// Pairs of the first of equal items.
fn redirected_pairs(pairs: &Subtopics, first: &[u32]) -> Subtopics {
    let of_query =
        |query: usize| pairs.of(query).iter().map(move |&(item, number)| [query as u32, first[item as usize], number]);
    Subtopics::new(pairs.queries(), (0..pairs.queries()).flat_map(of_query).collect())
}

/// The best grade of each item.
fn with_best_grades(qrels: &Subtopics) -> Subtopics {
    let of_query = |query: usize| {
        // Pairs ascend: the best grade of an item is its last.
        let best: BTreeMap<u32, u32> = qrels.of(query).iter().copied().collect();
        best.into_iter().map(move |(item, grade)| [query as u32, item, grade])
    };
    Subtopics::new(qrels.queries(), (0..qrels.queries()).flat_map(of_query).collect())
}

/// Divides vectors by their lengths, base points, queries and sub-queries; vectors that are all zeros stay. True neighbours are computed again,
/// but for angular distances, which do not change.
///
/// # Errors
/// Points that have no length.
pub fn normalize(dataset: &Dataset) -> Result<Transformed, Unfit> {
    let kind = dataset.train.kind();
    let unfit = |what: String| Unfit::new(what, "normalise dense or sparse vectors alone");
    if !matches!(kind, PointType::Dense | PointType::Sparse) {
        return Err(unfit(format!("{kind} have no length")));
    }
    let unit = |points: &Points| unit(points).map_err(|error| unfit(error.to_string()));
    let (train, test) = (unit(&dataset.train)?, unit(&dataset.test)?);
    let aspects = dataset.aspects.as_ref().map(|aspects| -> Result<Aspects, Unfit> {
        let vectors = unit(&aspects.vectors().clone().into())?;
        Ok(vectors.dense().map_or_else(|| aspects.clone(), |vectors| aspects.with_vectors(vectors.clone())))
    });
    let aspects = aspects.transpose()?;
    let mut arrays = vec![train.clone(), test.clone()];
    arrays.extend(aspects.iter().map(|aspects| aspects.vectors().clone().into()));
    let count = arrays.iter().map(Points::len).sum::<usize>();
    let zeros = arrays.iter().map(|points| points.norms().iter().filter(|&&norm| norm == 0.0).count()).sum::<usize>();
    let neighbors = match dataset.distance {
        Distance::Angular => dataset.neighbors.clone(),
        distance => ground_truth::compute(&Base::new(train.clone(), distance), &test, dataset.neighbors.count),
    };
    let then = match dataset.distance {
        Distance::Angular => "angular distances stay as they were",
        _ => "true neighbours were computed again: their order is now that of angular distances",
    };
    let but = if zeros == 0 { String::new() } else { format!(", but for {zeros} that are all zeros") };
    let note = format!("{count} vectors were divided by their lengths{but}; {then}");
    Ok(Transformed { dataset: Dataset { train, test, neighbors, aspects, ..dataset.clone() }, note })
}

/// Vectors of length 1.
fn unit(points: &Points) -> Result<Points, PointsError> {
    let norms = points.norms();
    let scaled = |value: f32, norm: f64| if norm == 0.0 { value } else { (f64::from(value) / norm) as f32 };
    Ok(match points {
        Points::Dense(vectors) => {
            let mut builder = Builder::new(vectors.rows(), vectors.dim())?;
            let write = |(): &mut (), row: usize, values: &mut [f32]| {
                values.iter_mut().zip(vectors.row(row)).for_each(|(out, &value)| *out = scaled(value, norms[row]));
            };
            builder.write(vectors.rows(), || (), write)?;
            Vectors::into(builder.finish())
        }
        Points::Sparse(vectors) => {
            let of_row = |row: usize| match points.row(row) {
                Point::Sparse(sparse) => sparse.values.iter().map(|&value| scaled(value, norms[row])).collect(),
                _ => Vec::new(),
            };
            let values = (0..vectors.rows()).into_par_iter().flat_map_iter(of_row).collect::<Vec<f32>>();
            SparseVectors::new(vectors.columns().clone(), values, vectors.offsets().clone(), vectors.dim())?.into()
        }
        other => other.clone(),
    })
}

/// A seeded sample of `base` base points and `queries` queries. `None` keeps all, and so does a number that is not below theirs.
/// What is kept stays in its order. True neighbours are computed again if base points are left out.
#[must_use]
pub fn subset(dataset: &Dataset, base: Option<Count>, queries: Option<Count>, seed: u64) -> Transformed {
    let sample = |purpose, all: usize, asked: Option<Count>| {
        let asked = asked.map_or(all, |count| count.size().min(all));
        random::sample(&mut random::stream(seed, purpose, 0), all, asked)
    };
    let (n, m) = (dataset.train.len(), dataset.test.len());
    let (kept, asked) = (sample("subset of base points", n, base), sample("subset of queries", m, queries));
    let mut note = format!(
        "{} of {n} base points and {} of {m} queries were kept, a sample with seed {seed}",
        kept.len(),
        asked.len()
    );
    let fewer_queries = if asked.len() < m { dataset.of_queries(&asked) } else { dataset.clone() };
    if kept.len() == n {
        return Transformed { dataset: fewer_queries, note };
    }
    note += "; true neighbours were computed again";
    Transformed { dataset: fewer_queries.subset(&kept), note }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Groups;
    use crate::generate::{Distribution, Generated, Graph, Zipf};
    use crate::texts::Labels;
    use swath_algorithms::params::Fraction;

    fn count(value: u32) -> Count {
        Count::new(value).expect("in range")
    }

    fn drawn(generate: Distribution, distance: Distance) -> Dataset {
        let (n, dimension, queries) = (count(300), count(16), count(12));
        Generated { generate, n, dimension, queries, distance, seed: 1 }.dataset().expect("points")
    }

    fn graph(distance: Distance) -> Dataset {
        let graph = Graph {
            clusters: count(10),
            links: count(2),
            lean: Fraction::new(0.3).expect("in range"),
            ..Graph::default()
        };
        drawn(Distribution::Graph(graph), distance)
    }

    fn is_right(dataset: &Dataset) {
        dataset.check().expect("valid");
        assert_eq!(ground_truth::verify(&Base::new(dataset.train.clone(), dataset.distance), dataset, 0), None);
    }

    #[test]
    fn copies_are_left_out_with_what_is_said_of_them() {
        let line = Vectors::new(&[0.0, 1.0, 0.0, 2.0, 1.0, 5.0], 1).expect("finite");
        let test: Points = Vectors::new(&[0.2], 1).expect("finite").into();
        let train: Points = line.into();
        let neighbors = ground_truth::compute(&Base::new(train.clone(), Distance::Euclidean), &test, 4);
        let relations = vec!["a".to_owned(), "b".to_owned()];
        let edges = vec![[2, 0], [2, 4], [5, 2], [3, 3]];
        let whole = Dataset {
            links: Some(Links { edges, relations, relation: vec![0, 1, 0, 1] }),
            subtopics: Some(Subtopics::new(1, vec![[0, 4, 7], [0, 1, 7], [0, 2, 8]])),
            qrels: Some(Subtopics::new(1, vec![[0, 0, 1], [0, 2, 3], [0, 5, 0]])),
            groups: vec![Groups::of_labels("shop", ["a", "b", "a", "b", "a", "a"])],
            train_labels: Labels::of_names((0..6).map(|i| format!("v{i}"))),
            ..Dataset::of_points(train, test, Distance::Euclidean, neighbors)
        };
        let Transformed { dataset, note } = dedupe(&whole);
        is_right(&dataset);
        // Rows 0, 1, 3 and 5 are left.
        assert_eq!(dataset.train_labels, Labels::of_names(["v0", "v1", "v3", "v5"]));
        assert_eq!((dataset.neighbors.ids, dataset.neighbors.count), (vec![0, 1, 2, 3], 4));
        assert_eq!(dataset.groups[0].of, [0, 1, 1, 0]);
        let links = dataset.links.expect("links");
        assert_eq!((links.edges, links.relation), (vec![[0, 1], [3, 0], [2, 2]], vec![1, 0, 1]));
        assert_eq!(dataset.subtopics.expect("subtopics").of(0), [(0, 8), (1, 7)]);
        assert_eq!(dataset.qrels.expect("judgements").of(0), [(0, 3), (3, 0)]);
        assert_eq!(
            note,
            "2 of 6 base points were left out as exact copies of earlier ones (1 in other groups than the one that was kept); \
             true neighbours were computed again"
        );
        let plain = graph(Distance::Euclidean);
        let Transformed { dataset, note } = dedupe(&plain);
        assert!(dataset.same(&plain) && note == "none of 300 base points equals another: nothing was left out");
    }

    #[test]
    fn vectors_get_length_one_and_keep_their_angles() {
        for distance in Distance::DENSE {
            let before = graph(distance);
            let Transformed { dataset, note } = normalize(&before).expect("vectors");
            is_right(&dataset);
            for (points, of) in [(&dataset.train, &before.train), (&dataset.test, &before.test)] {
                assert!(points.norms().iter().all(|norm| (norm - 1.0).abs() < 1e-6), "{distance}");
                let angle = |row: usize| Distance::Angular.between(points.row(row), of.row(row));
                assert!((0..points.len()).all(|row| angle(row).abs() < 1e-6));
            }
            assert_eq!(distance == Distance::Angular, dataset.neighbors == before.neighbors);
            // Base points, queries, and four sub-queries of each.
            assert!(note.starts_with("360 vectors were divided by their lengths; "), "{note}");
        }
        let sparse = normalize(&drawn(Distribution::Zipf(Zipf {}), Distance::InnerProduct)).expect("vectors").dataset;
        is_right(&sparse);
        assert!(sparse.train.norms().iter().all(|norm| (norm - 1.0).abs() < 1e-6));
        let error = normalize(&drawn(Distribution::Zipf(Zipf {}), Distance::Jaccard)).expect_err("sets");
        assert_eq!(error.to_string(), "sets have no length; normalise dense or sparse vectors alone");
        let (plain, vectors) = (graph(Distance::Euclidean), Vectors::new(&[0.0; 32], 16).expect("finite"));
        let mut aspects = plain.test.dense().expect("dense").gather(&[3, 5]);
        aspects = Vectors::of_rows([aspects.row(0), aspects.row(1), vectors.row(0)].into_iter(), 16).expect("finite");
        let with = Dataset { aspects: Some(Aspects::new(12, &[0, 0, 7], &aspects)), ..plain };
        let Transformed { dataset, note } = normalize(&with).expect("vectors");
        is_right(&dataset);
        let norms = dataset.aspects.expect("sub-queries").vectors().norms().to_vec();
        assert!(norms[..2].iter().all(|norm| (norm - 1.0).abs() < 1e-6) && norms[2] == 0.0, "{norms:?}");
        assert!(note.starts_with("315 vectors were divided by their lengths, but for 1 that are all zeros"), "{note}");
        // Zeros have no direction.
        let rows = Vectors::new(&[0.0, 0.0, 3.0, 4.0], 2).expect("finite");
        let (train, test): (Points, Points) = (rows.clone().into(), rows.into());
        let neighbors = ground_truth::compute(&Base::new(train.clone(), Distance::Angular), &test, 1);
        let zeros = normalize(&Dataset::of_points(train, test, Distance::Angular, neighbors)).expect("vectors");
        assert_eq!(zeros.dataset.train.dense().expect("dense").row(1), [0.6, 0.8]);
        assert!(
            zeros.note.contains("4 vectors were divided by their lengths, but for 2 that are all zeros"),
            "{}",
            zeros.note
        );
    }

    #[test]
    fn a_subset_is_a_seeded_sample() {
        let whole = graph(Distance::Euclidean);
        let with =
            |base: Option<u32>, queries: Option<u32>, seed| subset(&whole, base.map(count), queries.map(count), seed);
        let Transformed { dataset, note } = with(Some(120), Some(5), 3);
        is_right(&dataset);
        assert_eq!((dataset.train.len(), dataset.test.len(), dataset.neighbors.count), (120, 5, 100));
        assert_eq!(
            note,
            "120 of 300 base points and 5 of 12 queries were kept, a sample with seed 3; true neighbours were computed again"
        );
        assert!(
            with(Some(120), Some(5), 3).dataset.same(&dataset) && !with(Some(120), Some(5), 4).dataset.same(&dataset)
        );
        let fewer = with(None, Some(5), 3);
        assert!(fewer.dataset.test == dataset.test && fewer.dataset.train == whole.train);
        assert!(fewer.note.ends_with("5 of 12 queries were kept, a sample with seed 3"));
        is_right(&fewer.dataset);
        assert!(with(Some(1000), None, 3).dataset.same(&whole));
    }
}
