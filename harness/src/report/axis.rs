//! Axes: what is where, and which numbers stand beside it.

/// A scale from values to places.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Axis {
    /// A linear axis over `values`, with a margin, between the places `from` and `to`.
    pub fn linear(values: impl Iterator<Item = f64>, (from, to): (f64, f64)) -> Self {
        let (low, high) = extent(values);
        let margin = if high > low { 0.07 * (high - low) } else { 0.1 * high.abs().max(0.1) };
        Self { low: low - margin, high: high + margin, from, to, log: false }
    }

    /// A linear axis that begins at 0 (or at the least value, if that is below), without a margin there.
    pub fn from_zero(values: impl Iterator<Item = f64>, (from, to): (f64, f64)) -> Self {
        let (low, high) = extent(values.chain([0.0]));
        let high = if high > low { high } else { low + 1.0 };
        Self { low: if low < 0.0 { low * 1.05 } else { 0.0 }, high: high + 0.03 * (high - low), from, to, log: false }
    }

    /// A logarithmic axis over those of `values` that are above 0.
    pub fn log(values: impl Iterator<Item = f64>, (from, to): (f64, f64)) -> Self {
        let (low, high) = extent(values.filter(|&value| value > 0.0).map(f64::log10));
        let margin = if high > low { 0.07 * (high - low) } else { 0.3 };
        // Less than a factor of 3 has no ticks of its own on a logarithmic axis.
        let short = (0.5 - (high - low)).max(0.0) / 2.0;
        Self { low: low - margin.max(short), high: high + margin.max(short), from, to, log: true }
    }

    /// Where a value stands; what the axis does not reach, such as 0 on a logarithmic one, stands at its end.
    pub fn place(&self, value: f64) -> f64 {
        let value = if self.log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        let value = value.clamp(self.low, self.high);
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Four to seven numbers to write beside it, with their texts.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        if self.log {
            return self.log_ticks();
        }
        let rough = (self.high - self.low) / 7.5;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|f| f * magnitude).into_iter().find(|&s| s >= rough).unwrap_or(rough);
        let digits = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        (first..=last).map(|i| (i as f64 * step, format!("{:.digits$}", i as f64 * step))).collect()
    }

    fn log_ticks(&self) -> Vec<(f64, String)> {
        let decades = self.low.floor() as i32..=self.high.ceil() as i32;
        let of = |factors: &[f64]| -> Vec<f64> {
            let values = decades.clone().flat_map(|decade| factors.iter().map(move |f| f * 10_f64.powi(decade)));
            values.filter(|v| (self.low..=self.high).contains(&v.log10())).collect()
        };
        let fine = of(&[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0]);
        let choices = [of(&[1.0]), of(&[1.0, 3.0]), of(&[1.0, 2.0, 5.0]), fine];
        let chosen = choices.iter().find(|ticks| ticks.len() >= 3).unwrap_or(&choices[3]);
        chosen.iter().map(|&value| (value, number(value))).collect()
    }
}

fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low <= high { (low, high) } else { (0.0, 1.0) }
}

/// A number as short as it can be, three significant digits where it is not whole: 0.05, 0.15, 2, 1,000; a dash for none.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "-".into();
    }
    let digits = (2.0 - value.abs().max(1e-12).log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), String::new()), |(w, r)| (w, format!(".{r}")));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let groups = whole.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    format!("{sign}{}{rest}", groups.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::linear([0.21, 0.33].into_iter(), (0.0, 100.0));
        let texts: Vec<String> = axis.ticks().into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["0.22", "0.24", "0.26", "0.28", "0.30", "0.32"]);
        let log: Vec<String> =
            Axis::log([300.0, 40_000.0].into_iter(), (0.0, 1.0)).ticks().into_iter().map(|t| t.1).collect();
        assert_eq!(log, ["300", "1,000", "3,000", "10,000", "30,000"]);
    }

    #[test]
    fn one_value_or_none_still_makes_an_axis() {
        for axis in [
            Axis::linear([2.0].into_iter(), (0.0, 10.0)),
            Axis::linear(std::iter::empty(), (0.0, 10.0)),
            Axis::linear([f64::NAN].into_iter(), (0.0, 10.0)),
            Axis::from_zero([0.0].into_iter(), (0.0, 10.0)),
            Axis::log([5.0].into_iter(), (0.0, 10.0)),
            Axis::log([-1.0, 0.0].into_iter(), (0.0, 10.0)),
        ] {
            assert!(!axis.ticks().is_empty(), "{axis:?}");
            assert!(
                axis.ticks()
                    .iter()
                    .all(|&(v, _)| axis.place(v).is_finite() && (-1e-9..=10.0 + 1e-9).contains(&axis.place(v)))
            );
        }
    }

    #[test]
    fn a_tick_says_where_it_stands() {
        for (low, high) in [(0.1, 0.3), (0.11, 0.19), (1.1, 2.9), (150.0, 260.0), (2e-4, 5e-4)] {
            for (value, text) in Axis::log([low, high].into_iter(), (0.0, 1.0)).ticks() {
                let said: f64 = text.replace(',', "").parse().expect("a number");
                assert!((said / value - 1.0).abs() < 1e-9, "{text} at {value}");
            }
        }
    }

    #[test]
    fn what_an_axis_does_not_reach_stands_at_its_end() {
        let axis = Axis::log([0.1, 10.0].into_iter(), (0.0, 100.0));
        assert_eq!([0.0, f64::INFINITY].map(|value| axis.place(value).round()), [0.0, 100.0]);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0.05, 2.0, 1000.0, 1_234_567.0, 0.3, -12.0, 0.0, 20.0, 0.15, 1.5].map(number),
            ["0.05", "2", "1,000", "1,234,567", "0.3", "-12", "0", "20", "0.15", "1.5"]
        );
    }
}
