//! Rows that nearly equal a base point.
//!
//! A row is suspected if it is far nearer to one base point than to the others around that. Where points are spread evenly in d
//! dimensions, the nearest of k others is nearer than the part t of the distance to the k-th with probability 1 - (1 - t^d)^(k - 1).
//! So in few dimensions t must be small: it is such that chance alone brings few. The rule is local, so that neither clusters nor
//! points far out matter.

use super::copies::ROUNDING;
use super::rows::equal;
use super::{Check, Finding, Subject, counted, percent};
use swath_algorithms::kernel::median;
use swath_algorithms::nearest::{Scan, for_each_nearest, nearest_others};
use swath_algorithms::points::Point;
use swath_algorithms::{Base, Distance, Pool, random};

/// Base points that nearly equal another.
pub struct NearCopies;

/// Queries that nearly equal a base point.
pub struct NearLeaks;

/// Rows whose nearest base points are searched for.
const SAMPLE: usize = 200;
/// Nearest base points that are looked at: those that are no exact copies count.
const OTHERS: usize = 10;
/// A near copy is nearer than this part of the distance to the last of them.
const PART: f64 = 0.1;
/// And it is nearer than this part of its own length and of the median distance of two points: points of a small cluster are not.
const ALIKE: f64 = 0.02;
/// It is a near copy in any case below this part of these: the last of them may be a near copy, too.
const TINY: f64 = 2e-3;
/// A share of rows that chance may bring; fewer dimensions make the parts smaller.
const CHANCE: f64 = 1e-4;
/// A share of near copies below this is no cause to worry.
const FEW: f64 = 0.02;
/// Rows that tell the dimension, at least.
const LEAST: usize = 10;

/// A row, and the base points around it.
struct Around {
    row: usize,
    /// Its length, 1 by angle; infinite where that is no distance.
    length: f64,
    /// Base points that do not equal it: distance and number, nearest first. Those at one distance, which may be copies of each
    /// other, are there once.
    others: Vec<(f64, u32)>,
}

/// How base points lie around each other.
pub(super) struct Surroundings {
    items: Base,
    /// Sampled base points, with those around them.
    sampled: Vec<Around>,
    /// The dimension that distances show; infinite if it plays no role.
    dimension: f64,
    /// The median distance of two points.
    typical: f64,
}

impl Surroundings {
    pub(super) fn of(base: &Base, seed: u64) -> Self {
        let items = base.of_items();
        let train = items.points();
        let rows = random::sample(&mut random::stream(seed, "audited rows", 0), train.len(), SAMPLE);
        let found = nearest_others(&items, &rows, OTHERS);
        let found = rows.iter().zip(found);
        let sampled: Vec<Around> =
            found.map(|(&row, others)| Around::new(&items, row, train.row(row), others.into_iter())).collect();
        let to_next = |pair: &[usize]| metric(&items, items.distance_to(items.query(pair[0]), pair[1] as u32));
        let mut any_two: Vec<f64> = rows.windows(2).map(to_next).collect();
        let typical = if any_two.is_empty() { 0.0 } else { median(&mut any_two) };
        let dimension = dimension(&sampled);
        Self { items, sampled, dimension, typical }
    }

    /// Whether a row nearly equals the first of those around it.
    fn is_near(&self, Around { others, length, .. }: &Around) -> bool {
        let (Some(&(nearest, _)), Some(&(last, _))) = (others.first(), others.last()) else { return false };
        let part = |among: usize, most: f64| (CHANCE / among as f64).powf(1.0 / self.dimension).min(most);
        let of_last = if others.len() > 1 { part(others.len() - 1, PART) * last } else { 0.0 };
        let scale = self.typical.min(*length);
        nearest < of_last.min(ALIKE * scale).max(part(self.items.len(), TINY) * scale)
    }

    /// Those of sampled rows that nearly equal a base point: distance, row and base point, nearest first.
    fn near(&self, sampled: &[Around]) -> Vec<(f64, usize, u32)> {
        let near = sampled.iter().filter(|around| self.is_near(around));
        let mut near: Vec<(f64, usize, u32)> =
            near.map(|Around { row, others, .. }| (others[0].0, *row, others[0].1)).collect();
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near
    }

    /// `far nearer to another than to those around it`, with what is meant by that.
    fn rule(&self, other: &str) -> String {
        let part = (CHANCE / (OTHERS - 1) as f64).powf(1.0 / self.dimension).min(PART);
        let by = if self.items.distance() == Distance::Angular { ", as a chord" } else { "" };
        format!(
            "far nearer to {other} than to the others there (below {part:.1e} of the distance to the {OTHERS}th{by})"
        )
    }
}

/// By angle the chord, which is in proportion to it where it is small.
fn metric(items: &Base, distance: f64) -> f64 {
    match items.distance() {
        Distance::Angular => (2.0 * distance.max(0.0)).sqrt(),
        _ => distance,
    }
}

impl Around {
    fn new(items: &Base, row: usize, point: Point<'_>, found: impl Iterator<Item = (u32, f64)>) -> Self {
        let others = found.filter(|&(other, _)| !equal(point, items.points().row(other as usize)));
        let mut others: Vec<(f64, u32)> = others.map(|(other, distance)| (metric(items, distance), other)).collect();
        others.dedup_by(|a, b| a.0 == b.0);
        let length = match items.distance() {
            Distance::Euclidean => point.norm(),
            Distance::Angular => 1.0,
            _ => f64::INFINITY,
        };
        Self { row, length, others }
    }
}

/// The dimension in which there are twice as many points within some distance as within another. Copies make it too small where one
/// of the two distances is theirs; so it is the largest of several.
fn dimension(all: &[Around]) -> f64 {
    let of = |count: usize| {
        let both = all.iter().map(|around| &around.others);
        let both = both.filter_map(|others| Some((others.get(count - 1)?.0, others.get(2 * count - 1)?.0)));
        let mut growth: Vec<f64> =
            both.filter(|(some, _)| *some > 0.0).map(|(some, twice)| (twice / some).ln()).collect();
        (growth.len() >= LEAST).then(|| 2_f64.ln() / median(&mut growth))
    };
    (1..=OTHERS / 2).filter_map(of).max_by(f64::total_cmp).unwrap_or(f64::INFINITY)
}

/// The finding for sampled rows, of which some are near.
fn finding(near: &[(f64, usize, u32)], all: usize, what: &str, rule: &str, says: [String; 2]) -> Finding {
    let Some(&(_, row, _)) = near.first() else {
        return Finding::fine(format!("none of {all} sampled {what} is {rule}"));
    };
    let [example, remedy] = says;
    let what = format!("{} {rule}; {example}", counted(near.len(), all, &format!("sampled {what}"), ["is", "are"]));
    let is_few = near.len() as f64 <= FEW * all as f64;
    let finding = if is_few { Finding::note(what, remedy) } else { Finding::warning(what, remedy) };
    finding.of(near.len(), all, Some(row))
}

impl Check for NearCopies {
    fn name(&self) -> &'static str {
        "near copies"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let surroundings = subject.surroundings();
        let sampled = &surroundings.sampled;
        let all = sampled.iter().filter(|around| !around.others.is_empty()).count();
        if all < LEAST {
            return Vec::new();
        }
        let near = surroundings.near(sampled);
        let example =
            near.first().map(|(distance, row, other)| format!("rows {row} and {other} are {distance:.2e} apart"));
        let remedy = format!(
            "about {} of the base points repeat others: look at such pairs, keep one of each, or measure how much selectors gain \
             on them",
            percent(near.len(), all)
        );
        let rule = surroundings.rule("another");
        vec![finding(&near, all, "base points", &rule, [example.unwrap_or_default(), remedy])]
    }
}

impl Check for NearLeaks {
    fn name(&self) -> &'static str {
        "queries near base points"
    }

    fn look(&self, subject: &Subject<'_>) -> Vec<Finding> {
        let (surroundings, test) = (subject.surroundings(), &subject.dataset.test);
        if surroundings.sampled.len() < LEAST {
            return Vec::new();
        }
        let items = &surroundings.items;
        let rows = random::sample(&mut random::stream(subject.seed, "audited queries", 0), test.len(), SAMPLE);
        let queries = test.gather(&rows);
        let of_query = |query: usize, pool: &Pool| {
            // By angle one that points the same way is not nearly a base point, but one.
            let is_one = |distance: f64| subject.dataset.distance == Distance::Angular && distance <= ROUNDING;
            let found = pool.items.iter().filter(|item| !is_one(item.distance)).map(|item| (item.id, item.distance));
            Around::new(items, rows[query], queries.row(query), found)
        };
        let sampled = for_each_nearest(items, &Scan::new(items), &queries, OTHERS.min(items.len()), of_query);
        let near = surroundings.near(&sampled);
        let example = near
            .first()
            .map(|(distance, query, other)| format!("query {query} and base point {other} are {distance:.2e} apart"));
        let remedy = format!(
            "about {} of the queries nearly repeat base points: leave these or those out, and compute the true neighbours again: \
             such a query finds itself, which is easy",
            percent(near.len(), sampled.len())
        );
        let rule = surroundings.rule("a base point");
        vec![finding(&near, sampled.len(), "queries", &rule, [example.unwrap_or_default(), remedy])]
    }
}
