//! The data of the page's script, as JSON inside the page.

use crate::config::measure::{Cost, Measure};
use crate::findings::LoadedRun;
use crate::findings::timing::Rate;
use crate::plot::axis::has_place;
use crate::plot::{Marker, marker};
use crate::record::excerpt::ShownQuery;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// At most this many retrievers are shown side by side for a query.
const SIDE_BY_SIDE: usize = 24;

/// The data of the plot of one run, and its sampled queries.
pub fn data(found: &LoadedRun) -> Value {
    let mut data = plot(&[("", found)]);
    data["queries"] = queries(found);
    data
}

/// All measures that any trial has, and the values of each trial, for runs with their names. A single run has an empty name.
pub fn plot(runs: &[(&str, &LoadedRun)]) -> Value {
    let metrics = runs.iter().flat_map(|(_, found)| found.summary.metrics.iter().copied().map(Measure::Metric));
    let mut measures: Vec<Measure> = Vec::new();
    for measure in metrics.chain(Cost::ALL.into_iter().map(Measure::Cost)) {
        let is_known = |(_, found): &(&str, &LoadedRun)| {
            (0..found.summary.rows.len()).any(|row| found.measured(measure, row).is_some())
        };
        if !measures.contains(&measure) && runs.iter().any(is_known) {
            measures.push(measure);
        }
    }
    let at = |name: &str| measures.iter().position(|measure| measure.name() == name);
    // If any run is imported, all are compared by their best repeats.
    let is_best = runs.iter().any(|(_, found)| found.summary.rate == Rate::Best);
    let rate = if is_best { Rate::Best } else { Rate::Median };
    let headline = runs.first().and_then(|(_, found)| at(found.metric(found.headline()?).name()));
    let has = |x: usize| {
        let of = |found: &LoadedRun| {
            let rows = 0..found.summary.rows.len();
            rows.filter(|&row| found.measured(measures[x], row).is_some()).count()
        };
        runs.iter().map(|(_, found)| of(found)).sum::<usize>()
    };
    // Lists from files have no queries per second.
    let all: usize = runs.iter().map(|(_, found)| found.summary.rows.len()).sum();
    let mut across = [at("recall"), at(rate.column())].into_iter().flatten().chain(0..measures.len());
    let x = across.find(|&x| Some(x) != headline && 2 * has(x) >= all).unwrap_or(0);
    let prefix = |name: &str| if name.is_empty() { String::new() } else { format!("{name}: ") };
    let (mut retrievers, mut trials) = (Vec::new(), Vec::new());
    for (name, found) in runs {
        let (summary, before) = (&found.summary, retrievers.len());
        let own = summary.retrievers();
        for retriever in &own {
            let marker = Marker::new(retrievers.len());
            let name = prefix(name) + retriever;
            let is_oracle = summary.rows.iter().any(|row| row.retriever == *retriever && row.is_oracle);
            let (ink, shape) = (marker.css(), marker.corners());
            retrievers.push(json!({ "name": name, "ink": ink, "shape": shape, "oracle": is_oracle }));
        }
        trials.extend((0..summary.rows.len()).map(|row| {
            let trial = &summary.rows[row];
            json!({
                "r": before + own.iter().position(|name| *name == trial.retriever).unwrap_or(0),
                "label": prefix(name) + &trial.label(),
                "params": trial.params.text(),
                "oracle": trial.is_oracle,
                "v": measures.iter().map(|measure| estimate(found, *measure, row)).collect::<Vec<_>>(),
            })
        }));
    }
    json!({
        "measures": measures.iter().map(|measure| json!({
            "name": measure.name(),
            "title": measure.title(),
            "up": measure.higher_is_better(),
            "log": matches!(measure, Measure::Cost(_)),
        })).collect::<Vec<_>>(),
        "retrievers": retrievers,
        "trials": trials,
        "inks": (0..marker::COUNT).map(|i| Marker::disc(marker::colour(i)).css()).collect::<Vec<_>>(),
        "reference": runs.first().and_then(|(_, found)| found.summary.reference.row()),
        "axes": [x, headline.unwrap_or(0)],
    })
}

/// The mean, and the interval if there is one, with five significant digits.
fn estimate(found: &LoadedRun, measure: Measure, row: usize) -> Value {
    // JSON has neither infinity nor NaN; they are `null`.
    match found.measured(measure, row).filter(|e| has_place(e.mean, false)) {
        None => Value::Null,
        Some(e) if e.lo == e.hi || !(has_place(e.lo, false) && has_place(e.hi, false)) => json!([short(e.mean)]),
        Some(e) => json!([short(e.mean), short(e.lo), short(e.hi)]),
    }
}

fn short(value: f64) -> f64 {
    // 0 has no sign.
    format!("{value:.4e}").parse().unwrap_or(value) + 0.0
}

/// The sampled queries: the trials that are shown, and for each query its items with the picks of these trials.
fn queries(found: &LoadedRun) -> Value {
    let (Some(excerpt), Some(metric)) = (&found.excerpt, found.headline()) else { return Value::Null };
    let has_answers = |row: &usize| found.results.trials.get(*row).is_some_and(|trial| !trial.returned.is_empty());
    let mut rows: Vec<usize> = found.representatives(metric).into_iter().filter(has_answers).collect();
    rows.truncate(SIDE_BY_SIDE);
    if rows.is_empty() || excerpt.queries.is_empty() {
        return Value::Null;
    }
    json!({
        "metric": found.metric(metric).name(),
        "up": found.metric(metric).higher_is_better(),
        "trials": rows,
        "all": excerpt.queries.iter().map(|shown| query(found, metric, &rows, shown)).collect::<Vec<_>>(),
    })
}

/// Neighbours beyond this rank are left out unless a shown trial returned them.
const NEAR: usize = 50;

fn query(found: &LoadedRun, metric: usize, rows: &[usize], shown: &ShownQuery) -> Value {
    let answers: Vec<Vec<u32>> =
        rows.iter().map(|&row| found.results.trials[row].answer(shown.position).collect()).collect();
    let picked: BTreeSet<u32> = answers.iter().flatten().copied().collect();
    let is_shown = |id: u32, rank: Option<usize>| picked.contains(&id) || rank.is_some_and(|rank| rank <= NEAR);
    let items: Vec<_> = shown.items.iter().filter(|item| is_shown(item.id, item.rank)).collect();
    let place = |at: [f32; 2]| at.map(|value| (f64::from(value) * 1e4).round() / 1e4 + 0.0);
    let index = |id: &u32| items.iter().position(|item| item.id == *id);
    let value = |&row: &usize| {
        let value = found.results.trials[row].metrics[metric].get(shown.position).copied();
        value.filter(|value| value.is_finite()).map(short)
    };
    let mut query = json!({
        "label": shown.label(),
        "row": shown.row,
        "subtopics": shown.subtopics,
        "at": place(shown.at),
        "explained": short(f64::from(shown.explained)),
        "items": items.iter().map(|item| {
            let [x, y] = place(item.at);
            let mut values = vec![json!(item.label()), json!(item.rank), json!(item.subtopics), json!(x), json!(y)];
            // Left out at the end where there are none.
            let mut rest = vec![json!(item.text), json!(item.grade)];
            rest.extend((!item.groups.is_empty()).then(|| json!(item.groups)));
            let kept = rest.iter().rposition(|value| !value.is_null()).map_or(0, |last| last + 1);
            values.extend(rest.into_iter().take(kept));
            values
        }).collect::<Vec<_>>(),
        "answers": answers.iter().map(|ids| ids.iter().filter_map(index).collect::<Vec<_>>()).collect::<Vec<_>>(),
        "values": rows.iter().map(value).collect::<Vec<_>>(),
    });
    if let Some(text) = &shown.text {
        query["text"] = json!(text);
    }
    if let Some(relevant) = shown.relevant {
        query["relevant"] = json!(relevant);
    }
    query
}
