//! Single queries for the report: `queries.json`, a seeded sample with names, subtopics and a map of each query's neighbourhood.
//! The run writes it, since it has the dataset. A report has only the run's files.

use crate::record::output_folder::OutputFolder;
use crate::record::results::ResultsError;
use crate::statistics::ROUNDING;
use nalgebra::{DMatrix, DVector, SymmetricEigen};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use swath_algorithms::points::Point;
use swath_algorithms::{Distance, random};
use swath_datasets::{Dataset, Groups, Labels, bounded};

/// The file's name in the folder of a run.
pub const FILE: &str = "queries.json";

/// The sampled queries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Excerpt {
    /// First those that figures name, then the others; each part in the order in which it was chosen.
    pub queries: Vec<ShownQuery>,
}

/// A query that the report shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownQuery {
    /// Its position in the trials' files.
    pub position: usize,
    /// Its row in the dataset.
    pub row: usize,
    /// Its name, if the dataset has names.
    pub name: Option<String>,
    /// The beginning of its text, if the dataset has texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Number of its subtopics.
    pub subtopics: usize,
    /// Number of all items that were judged relevant to it; `None` if nothing was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevant: Option<usize>,
    /// Its place on the map.
    pub at: [f32; 2],
    /// The share of the variance among its items that the map shows.
    pub explained: f32,
    /// Its nearest neighbours and all results of trials, by id.
    pub items: Vec<ShownItem>,
}

/// A base vector near a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownItem {
    /// Its row.
    pub id: u32,
    /// Its name, if the dataset has names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The beginning of its text, if a trial returned it and the dataset has texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its rank among the true neighbours, from 1; `None` beyond those that the dataset stores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// The subtopics of the query that it covers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtopics: Vec<u32>,
    /// The grade of its relevance to the query, if people judged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<u32>,
    /// What it belongs to, such as `seller: 12`, if a trial returned it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Its place on the map.
    pub at: [f32; 2],
}

/// At most this many true neighbours of a query are shown.
const NEIGHBOURS: usize = 100;

/// What a run has asked and returned, from which an excerpt is chosen.
#[derive(Clone, Copy, Debug)]
pub struct Answers<'a> {
    /// Its queries, as rows of the dataset.
    pub queries: &'a [usize],
    /// Seed of the sample.
    pub seed: u64,
    /// Results per query.
    pub k: usize,
    /// For each trial k ids a query, below 0 where there was none.
    pub returned: &'a [&'a [i32]],
}

impl Excerpt {
    /// Chooses the queries for which `named` is true and a seeded sample: `count` in all, or more if more are named.
    pub fn new(dataset: &Dataset, answers: Answers<'_>, count: usize, named: impl Fn(usize) -> bool) -> Self {
        let Answers { queries, seed, k, returned } = answers;
        let mut wanted: Vec<usize> = (0..queries.len()).filter(|&position| named(queries[position])).collect();
        let sample = random::sample(&mut random::stream(seed, "excerpt", 0), queries.len(), count.min(queries.len()));
        for position in sample {
            if wanted.len() < count && !wanted.contains(&position) {
                wanted.push(position);
            }
        }
        let shown = |&position: &usize| {
            let picked = returned.iter().flat_map(|ids| ids.iter().skip(position * k).take(k));
            show(dataset, position, queries[position], picked.filter_map(|&id| u32::try_from(id).ok()))
        };
        Self { queries: wanted.par_iter().map(shown).collect() }
    }

    /// Writes it into the folder of its run.
    ///
    /// # Errors
    /// [`ResultsError::Io`].
    pub fn write(&self, out: &OutputFolder) -> Result<(), ResultsError> {
        let path = out.path().join(FILE);
        let malformed = |error: serde_json::Error| ResultsError::Malformed { path, what: error.to_string() };
        let text = serde_json::to_string(self).map_err(malformed)? + "\n";
        Ok(out.write(FILE, text.as_bytes())?)
    }

    /// Reads it back; `None` if the folder has none.
    ///
    /// # Errors
    /// [`ResultsError`] if it cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>, ResultsError> {
        let path = folder.join(FILE);
        let text = match bounded::read_text(&path, bounded::RECORD) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|source| ResultsError::Io { path: path.clone(), source })?,
        };
        let malformed = |error: serde_json::Error| ResultsError::Malformed { path, what: error.to_string() };
        serde_json::from_str(&text).map(Some).map_err(malformed)
    }
}

impl ShownQuery {
    /// Its name, or its row if it has none.
    pub fn label(&self) -> String {
        self.name.as_deref().map_or_else(|| format!("query {}", self.row), shown)
    }
}

impl ShownItem {
    /// Its name, or its id if it has none.
    pub fn label(&self) -> String {
        self.name.as_deref().map_or_else(|| self.id.to_string(), shown)
    }
}

/// Characters of a name that are shown.
const NAME: usize = 200;

/// Characters of a text that are shown.
pub const TEXT: usize = 2000;

/// A name, cut to a length that can be shown.
fn shown(name: &str) -> String {
    beginning(name, NAME)
}

/// The first so many characters of a text, and whether there are more.
fn beginning(text: &str, length: usize) -> String {
    let mut chars = text.chars();
    let mut shown: String = chars.by_ref().take(length).collect();
    if chars.next().is_some() {
        shown.push('\u{2026}');
    }
    shown
}

fn show(dataset: &Dataset, position: usize, row: usize, picked: impl Iterator<Item = u32>) -> ShownQuery {
    let neighbours = dataset.neighbors.ids(row).iter().take(NEIGHBOURS);
    let picked: BTreeSet<u32> = picked.collect();
    let ids: Vec<u32> =
        neighbours.copied().chain(picked.iter().copied()).collect::<BTreeSet<u32>>().into_iter().collect();
    let text = |labels: &Labels, row: usize| labels.texts.as_ref().map(|texts| beginning(texts.get(row), TEXT));
    let mut covered: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for &(item, subtopic) in dataset.subtopics.iter().flat_map(|subtopics| subtopics.of(row)) {
        covered.entry(item).or_default().push(subtopic);
    }
    // Of several grades of an item the highest, as metrics take it.
    let grades: BTreeMap<u32, u32> = dataset.qrels.iter().flat_map(|qrels| qrels.of(row)).copied().collect();
    let relevant = grades.values().filter(|&&grade| grade > 0).count();
    let shown = ids.iter().map(|&id| dataset.train.row(id as usize)).chain([dataset.test.row(row)]);
    let (places, explained) = plane(&vectors(&shown.collect::<Vec<_>>(), dataset.train.dim(), dataset.distance));
    let item = |(&id, &at): (&u32, &[f32; 2])| ShownItem {
        id,
        name: dataset.train_labels.name(id as usize).map(str::to_owned),
        text: text(&dataset.train_labels, id as usize).filter(|_| picked.contains(&id)),
        rank: dataset.neighbors.ids(row).iter().position(|&other| other == id).map(|rank| rank + 1),
        subtopics: covered.get(&id).cloned().unwrap_or_default(),
        grade: grades.get(&id).copied(),
        groups: dataset.groups.iter().filter(|_| picked.contains(&id)).filter_map(|kind| group(kind, id)).collect(),
        at,
    };
    ShownQuery {
        position,
        row,
        name: dataset.test_labels.name(row).map(str::to_owned),
        text: text(&dataset.test_labels, row),
        subtopics: dataset.subtopics.as_ref().map_or(0, |subtopics| subtopics.count(row)),
        relevant: (!grades.is_empty()).then_some(relevant),
        at: places[ids.len()],
        explained,
        items: ids.iter().zip(&places).map(item).collect(),
    }
}

/// The group that a base point belongs to, with what kind of group it is.
fn group(kind: &Groups, id: u32) -> Option<String> {
    let number = usize::try_from(*kind.of.get(id as usize)?).ok()?;
    let name = kind.labels.get(number).map_or_else(|| number.to_string(), |label| shown(label));
    let kind = if kind.name.is_empty() { "group" } else { &kind.name };
    Some(format!("{}: {name}", shown(kind)))
}

/// Points as vectors, as their distance sees them: scaled to length 1 if that is an angle between base points. Bits and members
/// of sets count 1. Sets and sparse vectors have only the columns that one of the points has.
fn vectors(points: &[Point<'_>], dim: usize, distance: Distance) -> Vec<Vec<f64>> {
    let numbers = |point: &Point<'_>| match *point {
        Point::Set(members) => members.to_vec(),
        Point::Sparse(row) => row.columns.to_vec(),
        Point::Dense(_) | Point::Bits(_) => Vec::new(),
    };
    let columns: Vec<u32> = points.iter().flat_map(numbers).collect::<BTreeSet<u32>>().into_iter().collect();
    let at = |number: &u32| columns.partition_point(|column| column < number);
    let values = |point: &Point<'_>| -> Vec<f64> {
        // One column, where all points are empty.
        let mut values = vec![0.0; columns.len().max(1)];
        match *point {
            Point::Dense(lines) => {
                values = lines.iter().flat_map(|line| line.0).take(dim).map(f64::from).collect();
            }
            Point::Bits(row) => values = (0..dim).map(|j| f64::from(u8::from(row.bit(j)))).collect(),
            Point::Set(members) => members.iter().for_each(|member| values[at(member)] = 1.0),
            Point::Sparse(row) => {
                row.columns.iter().zip(row.values).for_each(|(column, &value)| values[at(column)] = f64::from(value));
            }
        }
        let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let is_direction = distance.of_items() == Distance::Angular && norm > 0.0;
        values.into_iter().map(|value| if is_direction { value / norm } else { value }).collect()
    };
    points.iter().map(values).collect()
}

/// The axes of a map are found from the products of at most this many points or dimensions.
const MOST: usize = 1000;

/// Places of points on their first two principal components, and the share of their variance there. Components are turned so
/// that the first of their largest coefficients is above 0.
fn plane(points: &[Vec<f64>]) -> (Vec<[f32; 2]>, f32) {
    let (n, dim) = (points.len(), points[0].len());
    let mean: Vec<f64> = (0..dim).map(|i| points.iter().map(|point| point[i]).sum::<f64>() / n as f64).collect();
    let centred = DMatrix::from_fn(n, dim, |row, i| points[row][i] - mean[i]);
    // Eigenvectors take the cube of the smaller side. Of many points with many dimensions a part is enough: every `step`-th.
    let step = if n.min(dim) > MOST { n.div_ceil(MOST) } else { 1 };
    let seen =
        if step > 1 { centred.select_rows((0..n).step_by(step).collect::<Vec<_>>().iter()) } else { centred.clone() };
    // The products of columns and those of rows have the same eigenvalues but for zeros, and the fewer are quicker.
    let is_wide = dim > seen.nrows();
    let products = if is_wide { &seen * seen.transpose() } else { seen.tr_mul(&seen) };
    // What never varies has a coefficient of 0. It is left out, since with rows of zeros nalgebra's eigenvectors may be NaN.
    let kept: Vec<usize> = (0..products.nrows()).filter(|&i| products[(i, i)] > 0.0).collect();
    if kept.is_empty() {
        return (vec![[0.0; 2]; n], 1.0);
    }
    let SymmetricEigen { eigenvalues, eigenvectors } =
        SymmetricEigen::new(products.select_rows(kept.iter()).select_columns(kept.iter()));
    let mut order: Vec<usize> = (0..eigenvalues.len()).collect();
    order.sort_by(|&a, &b| eigenvalues[b].total_cmp(&eigenvalues[a]));
    let (total, of_seen) = (centred.norm_squared(), seen.norm_squared());
    let axis = |at: &usize| -> DVector<f64> {
        let coefficients = eigenvectors.column(*at);
        // Without any variance there is no direction; nor where the computation failed.
        if !(eigenvalues[*at] > ROUNDING * of_seen && coefficients.iter().all(|value| value.is_finite())) {
            return DVector::zeros(dim);
        }
        let mut vector = DVector::zeros(products.nrows());
        kept.iter().zip(&coefficients).for_each(|(&i, &value)| vector[i] = value);
        let axis = if is_wide { seen.tr_mul(&vector) } else { vector };
        let axis = axis.normalize();
        // Two that are as large but for rounding must not take turns.
        let first = axis.iter().find(|value| value.abs() >= axis.amax() * (1.0 - 1e-9));
        if first.is_some_and(|value| *value < 0.0) { -axis } else { axis }
    };
    let along: Vec<DVector<f64>> = order.iter().take(2).map(|at| &centred * axis(at)).collect();
    let place = |row: usize| {
        [0, 1].map(|axis| along.get(axis).map_or(0.0, |along| (along[row] as f32).clamp(f32::MIN, f32::MAX) + 0.0))
    };
    let caught: f64 = along.iter().map(DVector::norm_squared).sum();
    let share = if total > 0.0 { caught / total } else { 1.0 };
    ((0..n).map(place).collect(), share.min(1.0) as f32)
}

#[cfg(test)]
mod tests {
    use super::plane;

    /// Columns that rarely differ from one value gave places that were NaN, and a file that could not be read.
    #[test]
    fn places_are_finite_where_columns_hardly_vary() {
        let mut state = 1_u64;
        let mut uniform = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for _ in 0..300 {
            let share = 0.02 * uniform() * uniform();
            let bit = |uniform: &mut dyn FnMut() -> f64| if uniform() < share { 1.0 } else { 0.0 };
            let points: Vec<Vec<f64>> = (0..101).map(|_| (0..64).map(|_| bit(&mut uniform)).collect()).collect();
            let (places, explained) = plane(&points);
            assert!(explained > 0.0 && places.iter().flatten().all(|place| place.is_finite()), "{places:?}");
            // Points that differ have places that differ, unless the plane sees neither of their columns.
            let differ = points.iter().any(|point| point != &points[0]);
            assert_eq!(differ, places.iter().any(|place| place != &places[0]));
        }
    }

    /// Squared lengths along the two axes of a plane, by hand: a cloud of independent coordinates of known spread.
    #[test]
    fn a_plane_is_that_of_the_largest_eigenvalues() {
        use nalgebra::{DMatrix, SymmetricEigen};
        for (n, dim) in [(40, 6), (8, 20), (100, 2)] {
            let value = |i: usize, j: usize| ((i * 31 + j * 17) as f64 * 0.7391).sin() * (1.0 + 3.0 / (j + 1) as f64);
            let points: Vec<Vec<f64>> = (0..n).map(|i| (0..dim).map(|j| value(i, j)).collect()).collect();
            let (places, explained) = plane(&points);
            let matrix = DMatrix::from_fn(n, dim, |i, j| points[i][j]);
            let means: Vec<f64> = (0..dim).map(|j| matrix.column(j).mean()).collect();
            let centred = DMatrix::from_fn(n, dim, |i, j| matrix[(i, j)] - means[j]);
            let mut values: Vec<f64> =
                SymmetricEigen::new(centred.transpose() * &centred).eigenvalues.iter().copied().collect();
            values.sort_by(|a, b| b.total_cmp(a));
            let along = |axis: usize| places.iter().map(|at| f64::from(at[axis]).powi(2)).sum::<f64>();
            for axis in 0..2 {
                assert!(
                    (along(axis) / values[axis] - 1.0).abs() < 1e-4,
                    "{n} x {dim}: {} {}",
                    along(axis),
                    values[axis]
                );
            }
            let share = (values[0] + values[1]) / values.iter().sum::<f64>();
            assert!((f64::from(explained) - share).abs() < 1e-5, "{explained} {share}");
        }
    }

    /// Along (1, -1) of equal coefficients the first is above 0; a copy of the points has the very same places.
    #[test]
    fn a_plane_has_one_side_up() {
        for dim in [2, 9] {
            let points: Vec<Vec<f64>> = (0..5)
                .map(|i| {
                    let (mut point, at) = (vec![0.0; dim], f64::from(i) - 2.0);
                    (point[0], point[1]) = (-at, at);
                    point
                })
                .collect();
            let (places, explained) = plane(&points);
            let expected = [2.0, 1.0, 0.0, -1.0, -2.0].map(|at: f32| at * 2.0_f32.sqrt());
            for (place, along) in places.iter().zip(expected) {
                assert!((place[0] - along).abs() < 1e-6 && place[1].abs() < 1e-6, "{dim}: {places:?}");
            }
            assert!((explained - 1.0).abs() < 1e-6);
            assert_eq!(plane(&points.clone()), (places, explained));
        }
    }

    #[test]
    fn dull_points_have_places() {
        for points in [vec![vec![1.0, 2.0]; 4], vec![vec![0.0]; 2], vec![vec![1.0], vec![3.0]], vec![vec![5.0; 3]]] {
            let (places, explained) = plane(&points);
            assert!(places.iter().flatten().all(|value| value.is_finite()) && (0.0..=1.0).contains(&explained));
        }
    }
}
