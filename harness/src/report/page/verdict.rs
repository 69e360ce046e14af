//! The verdict: the result in plain words, at the top of the page.

use crate::findings::LoadedRun;
use crate::findings::timing::Rate;
use crate::metrics::MetricName;
use crate::plot::format::{number, signed, three_decimals, three_digits};
use crate::report::figures::capital;
use crate::statistics::effect::share;
use crate::statistics::{Comparison, Estimate, ROUNDING};

/// A trial that is compared with the reference.
struct Rival<'a> {
    row: usize,
    estimate: Estimate,
    comparison: &'a Comparison,
}

impl Rival<'_> {
    /// Whether its difference is significant.
    fn is_shown(&self) -> bool {
        self.comparison.significant() == Some(true)
    }

    /// Whether another has the same mean, up to rounding.
    fn is_tied(&self, other: &Self) -> bool {
        let (a, b) = (self.estimate.mean, other.estimate.mean);
        (a - b).abs() <= ROUNDING * a.abs().max(b.abs())
    }
}

/// What the verdict is about: the metric that speaks for the experiment, the reference, and what competes with it.
struct Contest<'a> {
    found: &'a LoadedRun,
    metric: usize,
    reference: usize,
    /// Those that compete, the best mean first.
    rivals: Vec<Rival<'a>>,
}

/// The sentences of the verdict. The first says which gain is shown, if any, and whether that is exploratory. Empty if there is
/// nothing to compare.
pub fn verdict(found: &LoadedRun) -> Vec<String> {
    let Some(metric) = found.headline() else { return Vec::new() };
    let Some(reference) = found.summary.reference.row() else {
        return found.summary.reference.failure().into_iter().chain(how_chosen(found)).collect();
    };
    let higher = found.metric(metric).higher_is_better();
    let mut rivals = rivals(found, metric);
    rivals.sort_by(|a, b| {
        let by = a.estimate.mean.total_cmp(&b.estimate.mean);
        (if higher { by.reverse() } else { by }).then(a.row.cmp(&b.row))
    });
    let contest = Contest { found, metric, reference, rivals };
    let Some(first) = contest.rivals.first() else { return Vec::new() };
    // A significant gain comes before a larger one that is not significant.
    let winner = contest.rivals.iter().find(|rival| rival.is_shown() && contest.gains(rival));
    let mut sentences = winner.map_or_else(|| contest.no_gain(first), |winner| contest.gain(winner));
    sentences.extend(contest.losses(winner.unwrap_or(first)));
    sentences.extend(contest.equals(winner.unwrap_or(first)));
    sentences.extend(beside(found, winner.unwrap_or(first).row));
    if let Some(winner) = winner.filter(|winner| winner.row != first.row && !winner.is_tied(first)) {
        let (name, more, metric) = (name(found, first.row), contest.amount(first), contest.name_of_metric());
        sentences.push(format!(
            "The trial {name} returns {more} ({metric} {:.4}, where {} has {:.4}), but that difference is not significant.",
            first.estimate.mean,
            self::name(found, winner.row),
            winner.estimate.mean
        ));
    }
    sentences.extend(contest.count());
    if contest.is_exploratory() {
        sentences.push(
            "A verdict that is not exploratory needs \"split\", which chooses parameters on some queries and judges them on the \
             others."
                .into(),
        );
    }
    sentences
}

impl Contest<'_> {
    /// Whether a rival has the better mean than the reference.
    fn gains(&self, rival: &Rival<'_>) -> bool {
        let difference = rival.comparison.difference.mean;
        difference != 0.0 && (difference > 0.0) == self.found.metric(self.metric).higher_is_better()
    }

    /// Whether the winner is picked on the same queries that judge it.
    fn is_exploratory(&self) -> bool {
        self.found.summary.tuning.is_none() && self.rivals.len() > 1
    }

    /// Whether the verdict is exploratory, and why.
    fn standing(&self) -> String {
        match &self.found.summary.tuning {
            Some(tuning) => format!(
                "not exploratory, because parameters were chosen on {} queries and are judged on {} others",
                number(tuning.tuned_on as f64),
                number(tuning.reported_on as f64)
            ),
            None if self.is_exploratory() => format!(
                "exploratory, because the best of {} trials is picked on the same queries that judge it",
                self.rivals.len()
            ),
            None => "not exploratory, because only one trial is compared".to_owned(),
        }
    }

    fn name_of_metric(&self) -> &'static str {
        self.found.metric(self.metric).name()
    }

    /// The sentences on a significant gain: its size, then the evidence.
    fn gain(&self, winner: &Rival<'_>) -> Vec<String> {
        let statement = format!(
            "{}: {} returns {} than {}{}.",
            capital(&self.standing()),
            name(self.found, winner.row),
            self.amount(winner),
            name(self.found, self.reference),
            self.recall(winner)
        );
        vec![statement, format!("The difference {}.", certainty(winner.comparison))]
    }

    /// The sentences if no gain is significant: that, with the detectable difference, then the nearest trial.
    fn no_gain(&self, first: &Rival<'_>) -> Vec<String> {
        let (reference, metric) = (name(self.found, self.reference), self.name_of_metric());
        let nothing = if self.rivals.iter().any(Rival::is_shown) {
            format!("No gain over {reference} in {metric} is shown")
        } else {
            format!("No difference from {reference} in {metric} is shown")
        };
        let name = name(self.found, first.row);
        let difference = &first.comparison.difference;
        let nearest = match first.comparison.wins_ties_losses {
            [0, ties, 0] => {
                format!("The trial {name} equals {reference} on each of {} queries.", number(ties as f64))
            }
            _ if difference.mean == 0.0 => {
                format!(
                    "The trial {name} has the same mean as {reference} (95 % interval of the difference {} to {}).",
                    signed(difference.lo, 4),
                    signed(difference.hi, 4)
                )
            }
            _ => {
                let place = if self.gains(first) { "has the best mean" } else { "comes nearest" };
                let (amount, recall) = (self.amount(first), self.recall(first));
                format!(
                    "The trial {name} {place}, with {amount}{recall}; the difference {}.",
                    certainty(first.comparison)
                )
            }
        };
        vec![format!("{nothing} ({}).{}", self.standing(), self.detectable(first)), nearest]
    }

    /// The difference that the queries could detect: of the trial that is named, if it varies; empty if none does.
    fn detectable(&self, first: &Rival<'_>) -> String {
        let known = std::iter::once(first)
            .chain(&self.rivals)
            .find_map(|rival| Some((rival, rival.comparison.smallest_detectable?)));
        let Some((&Rival { row, comparison, .. }, least)) = known else { return String::new() };
        // A difference that varies as little as that of two that find nearly the same needs more digits.
        let amount = if least < 0.001 { three_digits(least) } else { format!("{least:.4}") };
        let share = share(least, comparison.reference_mean).map_or_else(String::new, |share| {
            format!(" ({} % of the mean of {})", three_digits(100.0 * share), name(self.found, self.reference))
        });
        format!(
            " With these {} queries a true difference between {} and {} of about {amount}{share} would be detected in four of five \
             experiments, before correction for multiple comparisons.",
            number(comparison.n as f64),
            name(self.found, row),
            name(self.found, self.reference)
        )
    }

    /// The significant losses of the named one in other headline metrics of what people judged.
    fn losses(&self, named: &Rival<'_>) -> Vec<String> {
        let metrics = self.found.summary.metrics.iter().enumerate();
        let others =
            metrics.filter(|&(at, metric)| at != self.metric && metric.is_judged() && metric.headline_rank().is_some());
        let loss = |(at, metric): (usize, &MetricName)| {
            let rival = rivals(self.found, at).into_iter().find(|rival| rival.row == named.row)?;
            let difference = rival.comparison.difference.mean;
            let is_loss = difference != 0.0 && (difference > 0.0) != metric.higher_is_better();
            (rival.is_shown() && is_loss).then(|| {
                format!(
                    "But {} returns significantly less {} ({} {:.4}, where {} has {:.4}).",
                    name(self.found, named.row),
                    metric.about().plain,
                    metric.name(),
                    rival.comparison.mean,
                    name(self.found, self.reference),
                    rival.comparison.reference_mean
                )
            })
        };
        others.filter_map(loss).collect()
    }

    /// The others that have the same mean as the named one.
    fn equals(&self, best: &Rival<'_>) -> Option<String> {
        let equals = self.rivals.iter().filter(|rival| rival.row != best.row && rival.is_tied(best));
        let names: Vec<String> = equals.map(|rival| name(self.found, rival.row)).collect();
        let (trials, have) = if names.len() == 1 { ("trial", "has") } else { ("trials", "have") };
        (!names.is_empty()).then(|| {
            format!("The {trials} {} {have} the same mean as {}.", several(&names), name(self.found, best.row))
        })
    }

    /// `3.3 % more of the subtopics`.
    fn amount(&self, rival: &Rival<'_>) -> String {
        let comparison = rival.comparison;
        let plain = self.found.metric(self.metric).about().plain;
        let difference = comparison.difference.mean;
        let direction = if difference > 0.0 { "more" } else { "less" };
        let size = difference.abs();
        match share(size, comparison.reference_mean) {
            Some(share) if comparison.reference_mean > 0.0 && comparison.mean >= 0.0 => {
                format!("{} % {direction} {plain}", three_digits(100.0 * share))
            }
            _ => format!("{} {direction} {plain}", three_digits(size)),
        }
    }

    /// `, at 64 % of the reference's recall`, or the loss if that is more than half.
    fn recall(&self, rival: &Rival<'_>) -> String {
        let summary = &self.found.summary;
        let at = summary.metrics.iter().position(|metric| metric.name() == "recall").filter(|&at| at != self.metric);
        let of = |row: usize| mean(self.found, row, at?);
        match (of(rival.row), of(self.reference)) {
            (Some(own), Some(its)) if its > ROUNDING && own < 0.5 * its => format!(
                ", but loses {:.0} % of the reference's recall ({own:.2} where {} has {its:.2})",
                100.0 * (1.0 - own / its),
                name(self.found, self.reference)
            ),
            (Some(own), Some(its)) if its > ROUNDING => {
                format!(", at {:.0} % of the reference's recall", 100.0 * own / its)
            }
            _ => String::new(),
        }
    }

    /// How many are significantly better and worse; `None` if none are, or only one trial is compared.
    fn count(&self) -> Option<String> {
        if self.rivals.len() < 2 || !self.rivals.iter().any(Rival::is_shown) {
            return None;
        }
        let what = if self.found.summary.tuning.is_some() { "other retrievers" } else { "other trials" };
        let (better, worse): (Vec<&Rival<'_>>, Vec<_>) =
            self.rivals.iter().filter(|rival| rival.is_shown()).partition(|rival| self.gains(rival));
        let names: Vec<String> = better.iter().map(|rival| name(self.found, rival.row)).collect();
        let named = if names.is_empty() { String::new() } else { format!(" ({})", several(&names)) };
        let some = |count: usize| if count == 0 { "none".to_owned() } else { count.to_string() };
        Some(format!(
            "Of {} {what}, {}{named} {} significantly better than {} in {}, and {} significantly worse.",
            self.rivals.len(),
            some(better.len()),
            if better.len() == 1 { "is" } else { "are" },
            name(self.found, self.reference),
            self.name_of_metric(),
            some(worse.len())
        ))
    }
}

/// At most three names, then how many others there are. Names may hold commas, so semicolons separate them.
fn several(names: &[String]) -> String {
    match names {
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}; {two}; and {three}"),
        [one, two, three, others @ ..] if !others.is_empty() => {
            let plural = if others.len() == 1 { "" } else { "s" };
            format!("{one}; {two}; {three}; and {} other{plural}", others.len())
        }
        _ => names.concat(),
    }
}

/// The end of a sentence: the size of a difference, its interval, and whether it is significant.
fn certainty(c: &Comparison) -> String {
    let difference = format!(
        "({}, 95 % interval {} to {}, over {} queries)",
        signed(c.difference.mean, 4),
        signed(c.difference.lo, 4),
        signed(c.difference.hi, 4),
        number(c.n as f64)
    );
    let Some(p) = c.p_holm else { return format!("is {difference}") };
    let said = if c.significant() == Some(true) { "is significant" } else { "is not significant" };
    let equals = if p < 0.001 { "" } else { "= " };
    format!("{difference} {said}: p {equals}{} by a permutation test, corrected for all comparisons", three_decimals(p))
}

/// How many queries parameters were chosen on and judged on; `None` without tuning.
fn how_chosen(found: &LoadedRun) -> Option<String> {
    let tuning = found.summary.tuning.as_ref()?;
    Some(format!(
        "Parameters were chosen on {} queries and are judged on {} others.",
        number(tuning.tuned_on as f64),
        number(tuning.reported_on as f64)
    ))
}

/// A trial's name in a sentence: `mmr with lambda 0.7`.
fn name(found: &LoadedRun, row: usize) -> String {
    let row = &found.summary.rows[row];
    let point = row.point.replace('=', " ");
    if point.is_empty() { row.retriever.clone() } else { format!("{} with {point}", row.retriever) }
}

/// A trial's mean over the queries that it is judged on: all, or with tuning those for reporting.
fn mean(found: &LoadedRun, row: usize, metric: usize) -> Option<f64> {
    let Some(reported) = found.reported() else { return found.estimate(row, metric).map(|estimate| estimate.mean) };
    let values = &found.results.trials.get(row)?.metrics[metric];
    let known: Vec<f64> = reported.into_iter().map(|query| values[query]).filter(|value| !value.is_nan()).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// All trials that compete with the reference, each with its comparison in a metric.
fn rivals(found: &LoadedRun, metric: usize) -> Vec<Rival<'_>> {
    let summary = &found.summary;
    let competes = |row: usize| !summary.rows[row].is_oracle && !summary.reference.is(row);
    if let Some(tuning) = &summary.tuning {
        let tuned = tuning.retrievers.iter().filter(|tuned| competes(tuned.row));
        let rival = tuned.filter_map(|tuned| {
            let (estimate, comparison) = (tuned.estimates[metric]?, tuned.differences[metric].as_ref()?);
            Some(Rival { row: tuned.row, estimate, comparison })
        });
        return rival.collect();
    }
    let of = summary.differences.iter().filter(|difference| difference.metric == metric && competes(difference.row));
    let rival = of.filter_map(|difference| {
        let estimate = found.estimate(difference.row, metric)?;
        Some(Rival { row: difference.row, estimate, comparison: &difference.comparison })
    });
    rival.collect()
}

/// The changes in redundancy, coverage and queries per second.
fn beside(found: &LoadedRun, row: usize) -> Option<String> {
    let summary = &found.summary;
    let against = summary.reference.row()?;
    let mut parts = Vec::new();
    for name in ["redundancy", "coverage"] {
        let metric = summary.metrics.iter().position(|metric| metric.name() == name);
        let Some(metric) = metric.filter(|&metric| Some(metric) != found.headline()) else { continue };
        let pair = (mean(found, row, metric), mean(found, against, metric));
        if let (Some(own), Some(its)) = pair
            && its > 0.0
            && let Some(change) = share(own - its, its).map(|share| 100.0 * share)
        {
            let size = format!("{:.1}", change.abs());
            let direction = if change < 0.0 { "lower" } else { "higher" };
            parts.push(if size == "0.0" {
                format!("has the same {name}")
            } else {
                format!("has {size} % {direction} {name}")
            });
        }
    }
    let (own, its) = (summary.qps(row), summary.qps(against));
    if own.is_finite() && its.is_finite() {
        let spread = match (repeats(found, row), repeats(found, against)) {
            _ if summary.rate == Rate::Best => " (best repeats)".to_owned(),
            (Some(own), Some(its)) => format!(" (medians; repeats {own} and {its})"),
            _ => String::new(),
        };
        parts.push(format!(
            "answers {} queries per second, while {} answers {}{spread}",
            number(own.round()),
            name(found, against),
            number(its.round())
        ));
    }
    let last = parts.pop()?;
    let text = if parts.is_empty() { last } else { format!("{}, and {last}", parts.join(", ")) };
    Some(format!("In addition, {} {text}.", name(found, row)))
}

/// The fewest and the most queries per second of any repeat; `None` if there is only one.
fn repeats(found: &LoadedRun, row: usize) -> Option<String> {
    let timing = &found.summary.rows[row].timing;
    let [least, most] = [timing.qps_least, timing.qps_best].map(|qps| number(qps.round()));
    (timing.repeats > 1 && timing.qps_best.is_finite()).then(|| format!("{least} to {most}"))
}
