//! How many results each trial has per query.

use super::{Figure, FigureKind, Style, rows};
use crate::config::figures::Count;
use crate::findings::LoadedRun;
use crate::plot::axis::Axis;
use crate::plot::drawing::{BLACK, Drawing};

impl FigureKind for Count {
    fn figures(&self, _: &LoadedRun) -> Result<Vec<Box<dyn Figure>>, String> {
        Ok(vec![Box::new(Results)])
    }
}

struct Results;

impl Figure for Results {
    fn name(&self) -> String {
        "count".into()
    }

    fn caption(&self, _: &LoadedRun) -> String {
        "Results per query of each trial.".into()
    }

    fn draw(&self, found: &LoadedRun, style: &Style<'_>) -> Drawing {
        let summary = &found.summary;
        let count = |row: usize| summary.rows[row].k as f64;
        let shown = rows::shown(summary, |row| Some(count(row)));
        let axis = Axis::from_zero(shown.iter().map(|&row| count(row)), rows::across(style.size));
        rows::draw(summary, &shown, &axis, style.across.unwrap_or("results"), style.size, |drawing, row, _, y| {
            if let Some(end) = axis.place(count(row)) {
                drawing.line(&[(end, y - 5.0), (end, y + 5.0)], BLACK, 1.0, 2.0);
            }
        })
    }
}
