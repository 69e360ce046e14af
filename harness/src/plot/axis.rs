//! Axes: the place of each value, and the numbers beside them.
//!
//! Some values have no place: those not above 0 on a logarithmic axis, and those that are not finite on any. They are not
//! drawn, and captions count them ([`left_out`]).

use super::format::{LEAST, number, plain};

/// No axis reaches beyond this, so that its ends and their distance are finite.
const FAR: f64 = 1e300;

/// Whether a value has a place on a linear or logarithmic axis.
pub fn has_place(value: f64, log: bool) -> bool {
    value.abs() <= FAR && (!log || value >= 1.0 / FAR)
}

/// A caption's sentence on things without a place: ` 2 trials are left out: ...`. Empty if `count` is 0.
pub fn left_out(count: usize, what: &str, log: bool) -> String {
    let why = if log { "a logarithmic scale shows only values above 0" } else { "their values are not finite" };
    match count {
        0 => String::new(),
        1 => format!(" 1 {what} is left out: {why}."),
        many => format!(" {many} {what}s are left out: {why}."),
    }
}

/// A number beside an axis.
#[derive(Clone, Debug)]
pub struct Tick {
    /// The number.
    pub value: f64,
    /// Where it stands.
    pub at: f64,
    /// Its text.
    pub text: String,
}

/// Where an axis begins and ends.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// The place of its low end.
    pub from: f64,
    /// The place of its high end.
    pub to: f64,
}

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
    /// A linear axis over `values`, with a margin, between the places of its ends.
    pub fn linear(values: impl Iterator<Item = f64>, Ends { from, to }: Ends) -> Self {
        let (low, high) = extent(values);
        let margin = if apart(low, high) { 0.07 * (high - low) } else { 0.1 * high.abs().max(0.1) };
        Self { low: low - margin, high: high + margin, from, to, log: false }
    }

    /// A linear axis that begins at 0, or at the smallest value if that is below 0, without a margin there.
    pub fn from_zero(values: impl Iterator<Item = f64>, Ends { from, to }: Ends) -> Self {
        let (low, high) = extent(values.chain([0.0]));
        let high = if apart(low, high) { high } else { low + 1.0 };
        Self { low: if low < 0.0 { low * 1.05 } else { 0.0 }, high: high + 0.03 * (high - low), from, to, log: false }
    }

    /// A logarithmic axis over those of `values` that have a place.
    pub fn log(values: impl Iterator<Item = f64>, Ends { from, to }: Ends) -> Self {
        let (low, high) = extent(values.filter(|&value| has_place(value, true)).map(f64::log10));
        let margin = if apart(low, high) { 0.07 * (high - low) } else { 0.3 };
        // Less than a factor of 3 has no ticks of its own on a logarithmic axis.
        let short = (0.5 - (high - low)).max(0.0) / 2.0;
        Self { low: low - margin.max(short), high: high + margin.max(short), from, to, log: true }
    }

    /// The place of a value, clamped to the axis; `None` if it has none.
    pub fn place(&self, value: f64) -> Option<f64> {
        has_place(value, self.log).then(|| self.cut(value))
    }

    /// The places of an interval's ends, clamped to the axis; `None` if no part of it has a place.
    pub fn span(&self, lo: f64, hi: f64) -> Option<(f64, f64)> {
        let reaches = if self.log { hi > 0.0 } else { hi > f64::NEG_INFINITY && lo < f64::INFINITY };
        (lo <= hi && reaches).then(|| (self.cut(lo), self.cut(hi)))
    }

    /// The place of a number, clamped to the axis.
    fn cut(&self, value: f64) -> f64 {
        let value = if self.log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        let value = value.clamp(self.low, self.high);
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Four to seven numbers to write beside it.
    pub fn ticks(&self) -> Vec<Tick> {
        let ticks = self.numbers().into_iter();
        ticks.map(|(value, text)| Tick { value, at: self.cut(value), text }).collect()
    }

    fn numbers(&self) -> Vec<(f64, String)> {
        if self.log {
            return self.log_ticks();
        }
        let rough = (self.high - self.low) / 7.5;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|f| f * magnitude).into_iter().find(|&s| s >= rough).unwrap_or(rough);
        let digits = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        let text = |value: f64| if plain(value) && step > LEAST { format!("{value:.digits$}") } else { number(value) };
        (first..=last).map(|i| (i as f64 * step, text(i as f64 * step))).collect()
    }

    fn log_ticks(&self) -> Vec<(f64, String)> {
        // Every decade, as far as there is room for them.
        let every = ((self.high - self.low) / 7.0).ceil().max(1.0) as i32;
        let decades = (self.low.floor() as i32..=self.high.ceil() as i32).filter(|decade| decade % every == 0);
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
        .filter(|&value| has_place(value, false))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low <= high { (low, high) } else { (0.0, 1.0) }
}

/// Whether two numbers differ by more than rounding. Otherwise an axis has only one number to show.
fn apart(low: f64, high: f64) -> bool {
    high - low > 1e-12 * low.abs().max(high.abs()).max(1.0 / FAR)
}

/// `coverage (higher is better)`.
pub fn axis_title(words: &str, higher_is_better: bool) -> String {
    let direction = if higher_is_better { "higher" } else { "lower" };
    format!("{words} ({direction} is better)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::linear([0.21, 0.33].into_iter(), Ends { from: 0.0, to: 100.0 });
        let texts: Vec<String> = axis.ticks().into_iter().map(|tick| tick.text).collect();
        assert_eq!(texts, ["0.22", "0.24", "0.26", "0.28", "0.30", "0.32"]);
        let log: Vec<String> = Axis::log([300.0, 40_000.0].into_iter(), Ends { from: 0.0, to: 1.0 })
            .ticks()
            .into_iter()
            .map(|tick| tick.text)
            .collect();
        assert_eq!(log, ["300", "1,000", "3,000", "10,000", "30,000"]);
    }

    #[test]
    fn one_value_or_none_still_makes_an_axis() {
        for axis in [
            Axis::linear([2.0].into_iter(), Ends { from: 0.0, to: 10.0 }),
            Axis::linear(std::iter::empty(), Ends { from: 0.0, to: 10.0 }),
            Axis::linear([f64::NAN].into_iter(), Ends { from: 0.0, to: 10.0 }),
            Axis::from_zero([0.0].into_iter(), Ends { from: 0.0, to: 10.0 }),
            Axis::log([5.0].into_iter(), Ends { from: 0.0, to: 10.0 }),
            Axis::log([-1.0, 0.0].into_iter(), Ends { from: 0.0, to: 10.0 }),
        ] {
            assert!(!axis.ticks().is_empty(), "{axis:?}");
            assert!(axis.ticks().iter().all(|tick| (-1e-9..=10.0 + 1e-9).contains(&tick.at)));
        }
    }

    #[test]
    fn a_tick_says_where_it_stands() {
        for (low, high) in [(0.1, 0.3), (0.11, 0.19), (1.1, 2.9), (150.0, 260.0), (2e-4, 5e-4)] {
            for Tick { value, text, .. } in Axis::log([low, high].into_iter(), Ends { from: 0.0, to: 1.0 }).ticks() {
                let said: f64 = text.replace(',', "").parse().expect("a number");
                assert!((said / value - 1.0).abs() < 1e-9, "{text} at {value}");
            }
        }
    }

    #[test]
    fn values_without_a_place_are_not_drawn_and_intervals_are_clamped() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let log = Axis::log([0.1, 10.0].into_iter(), Ends { from: 0.0, to: 100.0 });
        assert_eq!([0.0, -1.0, inf, -inf, nan].map(|value| log.place(value)), [None; 5]);
        assert_eq!(log.place(1.0).map(f64::round), Some(50.0));
        assert_eq!(log.place(1e9), Some(100.0), "beyond the end");
        let ends = |axis: &Axis, lo, hi| axis.span(lo, hi).map(|(lo, hi)| (lo.round(), hi.round()));
        assert_eq!([ends(&log, 0.0, 1.0), ends(&log, -3.0, inf)], [Some((0.0, 50.0)), Some((0.0, 100.0))]);
        assert_eq!(
            [ends(&log, -1.0, 0.0), ends(&log, nan, 1.0), ends(&log, 1.0, nan), ends(&log, 2.0, 1.0)],
            [None; 4]
        );
        let linear = Axis::linear([0.0, 1.0].into_iter(), Ends { from: 0.0, to: 114.0 });
        assert_eq!([inf, -inf, nan].map(|value| linear.place(value)), [None; 3]);
        assert_eq!([ends(&linear, -inf, 0.5), ends(&linear, inf, inf)], [Some((0.0, 57.0)), None]);
    }

    proptest! {
        #[test]
        fn places_of_any_values_are_finite(values in prop::collection::vec(any::<f64>(), 0..6)) {
            let all = || values.iter().copied();
            for axis in [Axis::linear(all(), Ends { from: 0.0, to: 10.0 }), Axis::from_zero(all(), Ends { from: 0.0, to: 10.0 }), Axis::log(all(), Ends { from: 0.0, to: 10.0 })] {
                let places = all().filter_map(|value| axis.place(value)).chain(axis.ticks().into_iter().map(|tick| tick.at));
                for place in places {
                    prop_assert!((-1e-6..=10.0 + 1e-6).contains(&place), "{place} of {values:?} on {axis:?}");
                }
                prop_assert!(axis.ticks().len() < 24, "{axis:?}");
                prop_assert!(axis.ticks().iter().all(|tick| tick.text.len() < 24), "{axis:?}");
            }
        }
    }

    /// Whether axes over two values are sound: places inside, few ticks, texts that are short.
    fn is_sound(a: f64, b: f64) -> Result<(), String> {
        let all = || [a, b].into_iter();
        let inside = |place: f64| (-1e-6..=10.0 + 1e-6).contains(&place);
        for axis in [
            Axis::linear(all(), Ends { from: 0.0, to: 10.0 }),
            Axis::from_zero(all(), Ends { from: 0.0, to: 10.0 }),
            Axis::log(all(), Ends { from: 0.0, to: 10.0 }),
        ] {
            let ticks = axis.ticks();
            let span = axis.span(a.min(b), a.max(b));
            let sound = [
                (1..24).contains(&ticks.len()),
                ticks.iter().all(|tick| inside(tick.at) && tick.value.is_finite() && tick.text.len() < 24),
                all().filter_map(|value| axis.place(value)).all(inside),
                span.is_none_or(|(lo, hi)| inside(lo) && inside(hi) && lo <= hi + 1e-6),
            ];
            if sound != [true; 4] {
                return Err(format!("{a:e} and {b:e}: {sound:?} on {axis:?}"));
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// Any two numbers, by their bits: subnormal ones, those beyond all bounds, and neighbours that differ in the last.
        #[test]
        fn the_axis_of_any_two_numbers_is_sound(a in any::<u64>(), b in any::<u64>(), near in 0_u64..100) {
            let (x, y) = (f64::from_bits(a), f64::from_bits(b));
            let tiny = f64::from_bits(a % (1 << 52));
            for (one, other) in [(x, y), (x, f64::from_bits(a.wrapping_add(near))), (tiny, y), (tiny, -x), (tiny, f64::from_bits(near))] {
                prop_assert_eq!(is_sound(one, other), Ok(()));
            }
        }
    }

    #[test]
    fn the_smallest_and_the_largest_numbers_have_sound_axes() {
        let ends = [
            0.0,
            5e-324,
            1e-323,
            1e-313,
            1e-312,
            2e-312,
            1e-311,
            f64::MIN_POSITIVE,
            9e-301,
            1e-300,
            1.1e-300,
            1e-12,
            1.0,
            1.0 + 2e-12,
            1e15,
            9e299,
            1e300,
            1e301,
            f64::MAX,
            f64::INFINITY,
            f64::NAN,
        ];
        let all = || ends.into_iter().chain(ends.map(|end| -end));
        for (a, b) in all().flat_map(|a| all().map(move |b| (a, b))) {
            assert_eq!(is_sound(a, b), Ok(()));
        }
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0.05, 2.0, 1000.0, 1_234_567.0, 0.3, -12.0, 0.0, 20.0, 0.15, 1.5, 2.5e-12, -1e223].map(number),
            ["0.05", "2", "1,000", "1,234,567", "0.3", "-12", "0", "20", "0.15", "1.5", "2.5e-12", "-1e223"]
        );
    }
}
