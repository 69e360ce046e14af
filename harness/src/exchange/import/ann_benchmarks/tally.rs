//! Counts oddities in imported results, for the notes.

use super::judge::Judge;
use super::stored::{Returned, StoredResult};
use std::collections::BTreeMap;
use swath_algorithms::Query;

/// A stored distance is wrong if its error is larger than this plus [`SLACK_SHARE`] of the recomputed distance.
const SLACK: f64 = 1e-3;

/// Rounding to `f32` changes a distance by at most this share.
const SLACK_SHARE: f64 = 1e-5;

/// Counts oddities over all results.
#[derive(Default)]
pub struct Tally {
    /// Timed repeats, if all results have the same number.
    pub runs: Option<i64>,
    results: usize,
    repeated: usize,
    short: Short,
    /// Results without a time above 0.
    timeless: usize,
    /// How many results lack each of these attributes.
    lack: [(usize, &'static str); 2],
    /// How many results have an impossible value of an attribute.
    impossible: BTreeMap<&'static str, usize>,
    /// Results with wrong distances.
    off: usize,
    /// The distance with the largest error.
    worst: Option<Off>,
}

/// Results with lists of fewer than k ids.
#[derive(Default)]
struct Short {
    results: usize,
    /// The largest number of such lists in one result.
    most: usize,
    /// The length of the shortest list.
    shortest: usize,
}

/// A stored distance that differs from the recomputed one.
struct Off {
    by: f64,
    label: String,
    query: usize,
    stored: f32,
    recomputed: f64,
}

impl Off {
    /// The stored distance of a result with the largest error, if any is wrong.
    fn worst(result: &StoredResult, judge: &Judge<'_>) -> Option<Self> {
        let label = || crate::record::label(&result.retriever, &result.point);
        let off = |(query, list): (usize, &Vec<Returned>)| {
            let of = Query::row(&judge.dataset.test, query);
            let each = list.iter().filter_map(|&(id, stored)| Some((stored?, judge.base.distance_to(of, id))));
            let by = |(stored, recomputed): (f32, f64)| {
                let by = (f64::from(stored) - recomputed).abs();
                let is_off = by.is_nan() || by > SLACK + SLACK_SHARE * recomputed;
                let by = if by.is_nan() { f64::INFINITY } else { by };
                is_off.then(|| Self { by, label: String::new(), query, stored, recomputed })
            };
            each.filter_map(by).max_by(|a, b| a.by.total_cmp(&b.by))
        };
        let worst = result.returned.iter().enumerate().filter_map(off).max_by(|a, b| a.by.total_cmp(&b.by))?;
        Some(Self { label: label(), ..worst })
    }
}

impl Tally {
    /// Adds a result.
    pub fn add(&mut self, stored: &StoredResult, judge: &Judge<'_>) {
        self.runs = if self.results == 0 { stored.runs } else { self.runs.filter(|_| self.runs == stored.runs) };
        self.results += 1;
        self.repeated += stored.repeated;
        self.timeless += usize::from(stored.best <= 0.0);
        let short = || stored.returned.iter().map(Vec::len).filter(|&length| length < judge.k);
        if let Some(shortest) = short().min() {
            let before = &self.short;
            self.short = Short {
                results: before.results + 1,
                most: before.most.max(short().count()),
                shortest: if before.results == 0 { shortest } else { before.shortest.min(shortest) },
            };
        }
        for name in &stored.impossible {
            *self.impossible.entry(name).or_default() += 1;
        }
        let lacks = |value_is_missing: bool, name: &str| value_is_missing && !stored.impossible.contains(&name);
        let missing = [
            (lacks(stored.build_seconds.is_none(), "build_time"), "build_time"),
            (lacks(stored.index_bytes.is_none(), "index_size"), "index_size"),
        ];
        for (count, (is_missing, name)) in self.lack.iter_mut().zip(missing) {
            *count = (count.0 + usize::from(is_missing), name);
        }
        let Some(worst) = Off::worst(stored, judge) else { return };
        self.off += 1;
        if self.worst.as_ref().is_none_or(|known| worst.by > known.by) {
            self.worst = Some(worst);
        }
    }

    /// Notes on the results, for the user.
    pub fn notes(&self, k: usize) -> Vec<String> {
        let (mut notes, results) = (Vec::new(), self.results);
        for (count, name) in self.lack.iter().filter(|(count, _)| *count > 0) {
            let shown = if *name == "index_size" { "shown as 0" } else { "left empty" };
            notes.push(format!("{count} of {results} results have no `{name}`: it is {shown}"));
        }
        for (name, count) in &self.impossible {
            let have = if *count == 1 { "has" } else { "have" };
            notes.push(format!("{count} of {results} results {have} an impossible `{name}`: it is left out"));
        }
        if self.timeless > 0 {
            notes.push(format!(
                "{} of {results} results have a time of 0: they have no queries per second",
                self.timeless
            ));
        }
        if let Short { results: short @ 1.., most, shortest } = self.short {
            notes.push(format!(
                "{short} of {results} results have lists with fewer than {k} ids, for up to {most} queries; the shortest \
                 list has {shortest}; missing ids count as not found"
            ));
        }
        if self.repeated > 0 {
            notes.push(format!("{} returned ids repeat an id of the same list: each id counts once", self.repeated));
        }
        if let Some(Off { label, query, stored, recomputed, .. }) = &self.worst {
            notes.push(format!(
                "{} of {results} results store distances that differ by more than {} from the recomputed ones (largest \
                 difference: {label}, query {query}, stored {stored:.6}, recomputed {recomputed:.6}); the recomputed \
                 distances are used",
                self.off, SLACK
            ));
        }
        notes
    }
}
