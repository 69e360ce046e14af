//! How long queries took.

use super::Figure;
use super::rows::{self, LEFT};
use crate::report::axis::Axis;
use crate::report::drawing::{Anchor, BLACK, Drawing, SMALL, WIDTH};
use crate::report::format::three_digits;
use crate::statistics::bootstrap::quantile;
use crate::summary::Summary;

/// The range of query times of each trial.
pub struct LatencyRanges;

/// Right end of the axis: the median stands beyond it.
const RIGHT: f64 = WIDTH - 66.0;

/// Milliseconds at the percentiles 1, 25, 50, 75 and 99.
fn percentiles(summary: &Summary, row: usize) -> Option<[f64; 5]> {
    let latency = summary.rows[row].timing.latency.as_ref()?;
    let mut ascending = latency.seconds.clone();
    ascending.sort_unstable_by(f64::total_cmp);
    Some([0.01, 0.25, 0.5, 0.75, 0.99].map(|level| 1e3 * quantile(&ascending, level)))
}

impl Figure for LatencyRanges {
    fn name(&self) -> String {
        "latency".into()
    }

    fn caption(&self, summary: &Summary) -> String {
        let trials = summary.rows.iter().filter(|row| row.timing.latency.is_some()).count();
        format!(
            "Time of single queries in milliseconds, on a logarithmic scale: the line spans percentiles 1 to 99, the bar 25 \
             to 75, the tick and the number are the median.{}",
            rows::choice(trials, "lowest median")
        )
    }

    fn draw(&self, summary: &Summary) -> Drawing {
        let chosen = rows::chosen(summary, |row| percentiles(summary, row).map(|p| -p[2]));
        let values = chosen.iter().filter_map(|&row| percentiles(summary, row)).flatten();
        let axis = Axis::log(values, (LEFT, RIGHT));
        let title = "milliseconds per query (lower is better)";
        rows::draw(summary, &chosen, &axis, (title, RIGHT), |drawing, row, marker, y| {
            let Some(percentiles) = percentiles(summary, row) else { return };
            let [low, quarter, half, three, high] = percentiles.map(|value| axis.place(value));
            drawing.line(&[(low, y), (high, y)], marker.ink, 1.0, 2.0);
            drawing.area(
                &[(quarter, y - 6.0), (three, y - 6.0), (three, y + 6.0), (quarter, y + 6.0)],
                marker.ink,
                0.75,
            );
            drawing.line(&[(half, y - 8.0), (half, y + 8.0)], BLACK, 1.0, 2.0);
            drawing.text((WIDTH - 2.0, y), &three_digits(percentiles[2]), SMALL, BLACK, Anchor::Right);
        })
    }
}
