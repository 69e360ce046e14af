//! Neighbourhood: a query's neighbours on a plane, with the picks of each retriever.

use super::{Figure, FigureKind, Style, rows_of};
use crate::config::figures::Neighbourhood;
use crate::findings::LoadedRun;
use crate::plot::drawing::{Anchor, BLACK, Drawing, GREY, Ink, PALE, TEXT, fit, text_width};
use crate::plot::{Marker, Size, marker};
use crate::record::excerpt::{ShownItem, ShownQuery};

/// At most this many retrievers if none are named.
const USUAL: usize = 4;

impl FigureKind for Neighbourhood {
    fn figures(&self, found: &LoadedRun) -> Result<Vec<Box<dyn Figure>>, String> {
        let queries = found.excerpt.as_ref().map_or(&[][..], |excerpt| &excerpt.queries);
        let Some(headline) = found.headline().filter(|_| queries.iter().any(|query| has_place(query.at))) else {
            return Ok(Vec::new());
        };
        let query = match &self.query {
            None => 0,
            Some(wanted) => {
                queries.iter().position(|query| wanted.is(query.row, query.name.as_deref())).ok_or_else(|| {
                    let known: Vec<String> = queries.iter().take(8).map(ShownQuery::label).collect();
                    format!(
                        "the run did not keep the query `{wanted}`, but {} others such as {}; name it before the run",
                        queries.len(),
                        known.join(", ")
                    )
                })?
            }
        };
        let representatives = found.representatives(headline);
        let has_answers = |row: &usize| found.results.trials.get(*row).is_some_and(|trial| !trial.returned.is_empty());
        let mut rows = Vec::new();
        for name in &self.retrievers {
            let own = rows_of(found, name.as_str())?;
            rows.extend(representatives.iter().copied().find(|row| own.contains(row)));
        }
        if rows.is_empty() {
            rows.extend(found.summary.reference.row());
            let others = representatives.into_iter().filter(|&row| !found.summary.reference.is(row));
            let room = USUAL - rows.len();
            rows.extend(others.filter(|&row| !found.summary.rows[row].is_oracle).take(room));
        }
        rows.retain(has_answers);
        Ok(if rows.is_empty() { Vec::new() } else { vec![Box::new(Panels { query, rows })] })
    }
}

struct Panels {
    query: usize,
    rows: Vec<usize>,
}

impl Panels {
    fn shown<'f>(&self, found: &'f LoadedRun) -> Option<&'f ShownQuery> {
        found.excerpt.as_ref()?.queries.get(self.query)
    }

    /// The items that a trial picked, in its order.
    fn picked<'f>(found: &LoadedRun, shown: &'f ShownQuery, row: usize) -> Vec<&'f ShownItem> {
        let ids = found.results.trials[row].answer(shown.position);
        ids.filter_map(|id| shown.items.iter().find(|item| item.id == id && has_place(item.at))).collect()
    }
}

/// Whether an item has a place on the map.
fn has_place(at: [f32; 2]) -> bool {
    at.iter().all(|part| part.is_finite())
}

/// The colour of an item's first subtopic; grey without subtopics.
fn ink(subtopics: &[u32]) -> Ink {
    subtopics.first().map_or(GREY, |&subtopic| marker::colour(subtopic as usize))
}

/// Size of the names of items: 6 points in a column.
const LABEL: f64 = 11.5;

impl Figure for Panels {
    fn name(&self) -> String {
        "neighbourhood".into()
    }

    fn caption(&self, found: &LoadedRun) -> String {
        let Some(shown) = self.shown(found) else { return String::new() };
        let colours = if shown.subtopics > 0 {
            format!(" Colours are the query's {} subtopics; grey items cover none.", shown.subtopics)
        } else {
            String::new()
        };
        let placed = found.manifest.dataset.placed().map_or_else(String::new, |placed| format!(" {placed}"));
        let chosen = if self.query == 0 { ", the first of the seeded sample," } else { "" };
        format!(
            "The neighbourhood of \"{}\"{chosen} on its first two principal components, which hold {:.0} % of its variance. \
             Cross: the query. Small and pale: its true neighbours and all results of other trials. Large: the results of the \
             retriever.{colours}{placed}",
            shown.label(),
            100.0 * shown.explained
        )
    }

    fn draw(&self, found: &LoadedRun, style: &Style<'_>) -> Drawing {
        let shown = self.shown(found).filter(|shown| has_place(shown.at));
        let Some(shown) = shown else { return Drawing::new(style.size, 10.0) };
        let columns = if style.size == Size::Column { 2 } else { 4 }.min(self.rows.len());
        let gap = 8.0;
        let width = (style.size.width() - gap * (columns - 1) as f64) / columns as f64;
        let (height, head) = (width.min(260.0) * 0.9, 24.0);
        let lines = self.rows.len().div_ceil(columns);
        let mut drawing = Drawing::new(style.size, (height + head + gap) * lines as f64);
        // Both directions have the same scale, because distances on the map have a meaning.
        let near: Vec<&ShownItem> = shown.items.iter().filter(|item| has_place(item.at)).collect();
        let extent = |axis: usize| {
            let values = near.iter().map(|item| item.at[axis]).chain([shown.at[axis]]).map(f64::from);
            let (low, high) =
                values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
            (f64::midpoint(low, high), (high - low).max(1e-9))
        };
        let ((x_middle, x_extent), (y_middle, y_extent)) = (extent(0), extent(1));
        let unit = ((width - 24.0) / x_extent).min((height - 24.0) / y_extent);
        for (i, &row) in self.rows.iter().enumerate() {
            let left = (width + gap) * (i % columns) as f64;
            let top = (height + head + gap) * (i / columns) as f64;
            let place = |at: [f32; 2]| {
                let x = left + width / 2.0 + (f64::from(at[0]) - x_middle) * unit;
                (x, top + head + height / 2.0 - (f64::from(at[1]) - y_middle) * unit)
            };
            let marker = found.marker(row);
            marker.draw(&mut drawing, (left + 8.0, top + 11.0), 5.0);
            let trial = &found.summary.rows[row];
            drawing.text(
                (left + 18.0, top + 11.0),
                &fit(&trial.label(), TEXT, width - 20.0),
                TEXT,
                BLACK,
                Anchor::Left,
            );
            let (right, bottom) = (left + width - 0.5, top + head + height - 0.5);
            let (x, y) = (left + 0.5, top + head);
            drawing.line(&[(x, y), (right, y), (right, bottom), (x, bottom), (x, y)], PALE, 1.0, 1.0);
            let picked = Self::picked(found, shown, row);
            for item in near.iter().filter(|item| !picked.iter().any(|other| other.id == item.id)) {
                drawing.disc(place(item.at), 1.8, Ink(0xc4, 0xc4, 0xc4));
            }
            let (qx, qy) = place(shown.at);
            drawing.line(&[(qx - 6.0, qy), (qx + 6.0, qy)], BLACK, 1.0, 1.8);
            drawing.line(&[(qx, qy - 6.0), (qx, qy + 6.0)], BLACK, 1.0, 1.8);
            for item in picked.iter().rev() {
                Marker::disc(ink(&item.subtopics)).draw(&mut drawing, place(item.at), 4.5);
            }
            let query = (shown.name.as_deref(), shown.at);
            let named = picked.iter().map(|item| (item.name.as_deref(), item.at));
            let named: Vec<(Option<&str>, [f32; 2])> = std::iter::once(query).chain(named).collect();
            label(&mut drawing, &named, place, &Panel { left: x, top: y, right, bottom });
        }
        drawing
    }
}

/// The edges of a retriever's panel.
struct Panel {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

/// Writes names beside their places, in order. A name is left out if it would overlap another or leave the panel.
fn label(
    drawing: &mut Drawing,
    named: &[(Option<&str>, [f32; 2])],
    place: impl Fn([f32; 2]) -> (f64, f64),
    panel: &Panel,
) {
    let around = |(x, y): (f64, f64)| (x - 5.0, y - 5.0, x + 5.0, y + 5.0);
    let mut taken: Vec<(f64, f64, f64, f64)> = named.iter().map(|&(_, at)| around(place(at))).collect();
    for &(name, at) in named {
        let Some(name) = name else { continue };
        let ((x, y), width, half) = (place(at), text_width(name, LABEL), 6.5);
        let middle = x - width / 2.0;
        let spots = [(x + 7.0, y), (x - 7.0 - width, y), (middle, y - 12.0), (middle, y + 12.0)];
        let free = spots.into_iter().find(|&(x, y)| {
            let (from, to, up, down) = (x, x + width, y - half, y + half);
            let apart = |&(l, t, r, b): &(f64, f64, f64, f64)| to <= l || r <= from || down <= t || b <= up;
            from >= panel.left + 2.0
                && to <= panel.right - 2.0
                && up >= panel.top
                && down <= panel.bottom
                && taken.iter().all(apart)
        });
        if let Some((x, y)) = free {
            taken.push((x, y - half, x + width, y + half));
            drawing.text((x, y), name, LABEL, BLACK, Anchor::Left);
        }
    }
}
