//! The tables of a report on several datasets.

use super::verdict::corrected;
use crate::findings::across::{Across, AcrossMetric, AcrossRetriever, Choice, Standing};
use crate::plot::format::{number, signed, three_decimals};
use crate::report::tables::{Digits, Table, TableCell, TableColumn, TableRow, decimals, stars};
use crate::statistics::Estimate;

/// All tables, by the names of their files.
pub fn all(across: &Across) -> Vec<(String, Table)> {
    let Some(headline) = across.headline() else { return Vec::new() };
    let mut tables = vec![
        ("across".to_owned(), retrievers(across, headline)),
        ("by-dataset".to_owned(), by_dataset(across, headline)),
        ("means".to_owned(), means(across)),
    ];
    tables.extend(extremes(across, headline).map(|table| ("extremes".to_owned(), table)));
    let of = |dataset: usize| (format!("dataset-{}", across.datasets[dataset].name), one_dataset(across, dataset));
    tables.extend((0..across.datasets.len()).map(of));
    tables
}

/// How points were chosen, as a sentence.
pub fn how_chosen(across: &Across) -> Option<String> {
    let sentence = match across.choice {
        Choice::None => return None,
        Choice::OtherQueries(by) => format!(
            "Each retriever's parameters were chosen on each dataset by {}, on queries that are not reported.",
            by.name()
        ),
        Choice::OtherDatasets(by) => format!(
            "Each retriever's parameters were chosen for each dataset on all the other datasets, by mean {}.",
            by.name()
        ),
        Choice::SameQueries(by) => format!(
            "Each retriever stands at the point of its grid that was best in {} on the same queries: exploratory.",
            by.name()
        ),
    };
    Some(sentence)
}

/// What the stars say.
pub fn legend(across: &Across, metric: &AcrossMetric) -> String {
    let Some(reference) = across.reference else { return String::new() };
    format!(
        "Stars: differs from {} on that dataset at p < 0.05, 0.01, 0.001 (sign-flip permutation test over queries, {}).",
        across.retrievers[reference].name,
        corrected(metric.family)
    )
}

fn column(title: &str, ranked: Option<bool>, digits: Digits) -> TableColumn {
    TableColumn { title: title.to_owned(), unit: "", ranked, digits }
}

/// An interval's number of decimals.
fn digits<'a>(estimates: impl Iterator<Item = Option<&'a Estimate>>) -> usize {
    decimals(estimates.flatten())
}

/// Each retriever in one metric: means over datasets, gains, tests and ranks.
pub fn retrievers(across: &Across, at: usize) -> Table {
    let AcrossMetric { metric, on, standings, family, .. } = &across.metrics[at];
    let of_means = digits(standings.iter().map(|one| one.mean.as_ref()));
    let of_gains = digits(standings.iter().map(|one| one.difference.as_ref()));
    let columns = vec![
        column(&format!("mean {}", metric.name()), Some(metric.higher_is_better()), Digits::Decimals(of_means)),
        column("difference", None, Digits::Signed(of_gains)),
        column("95 % interval", None, Digits::Three),
        column("better on", None, Digits::Three),
        column("worse on", None, Digits::Three),
        column("signed-rank p", None, Digits::Three),
        column("mean rank", Some(false), Digits::Decimals(2)),
    ];
    let rows = (0..standings.len()).map(|i| retriever(across, &across.metrics[at], i, of_gains)).collect();
    let reference = across.reference.map_or_else(String::new, |i| {
        format!(
            " Difference: to {}, on the same queries. Better on, worse on: the number of datasets; in brackets those where the \
             difference is significant (sign-flip permutation test over queries, {}).",
            across.retrievers[i].name,
            corrected(*family)
        )
    });
    let caption = format!(
        "{} over {} datasets, each counting the same. Intervals hold for these datasets (BCa bootstrap over their queries) and say \
         nothing of others.{reference} Signed-rank: Wilcoxon's test on the datasets' means, without correction.{}",
        metric.name(),
        on.len(),
        how_chosen(across).map_or_else(String::new, |sentence| format!(" {sentence}"))
    );
    Table { caption, corner: "retriever", columns, rows }
}

/// The row of a retriever in one metric; differences have `digits` decimals.
fn retriever(across: &Across, one: &AcrossMetric, i: usize, digits: usize) -> TableRow {
    let standing = &one.standings[i];
    let number = |estimate: Option<Estimate>| estimate.map_or(TableCell::Empty, |e| TableCell::Number(e.mean, 0));
    let interval = |e: Estimate| format!("{} to {}", signed(e.lo, digits), signed(e.hi, digits));
    let is_compared = standing.compared().next().is_some();
    let sides = standing.better_and_worse(one.metric.higher_is_better());
    let AcrossRetriever { name, is_oracle, .. } = &across.retrievers[i];
    let [better, worse] = sides.map(|(all, significant)| match (is_compared, is_oracle) {
        (false, _) => TableCell::Empty,
        // An oracle is not corrected, and so never significant.
        (true, true) => TableCell::Text(all.to_string()),
        (true, false) => TableCell::Text(format!("{all} ({significant})")),
    });
    let rank = one.ranked.iter().position(|&other| other == i).zip(one.ranking.as_ref());
    let difference = standing.difference.filter(|_| is_compared);
    let cells = vec![
        number(standing.mean),
        number(difference),
        difference.map_or(TableCell::Empty, |e| TableCell::Text(interval(e))),
        better,
        worse,
        standing.signed_rank.map_or(TableCell::Empty, |p| TableCell::Text(three_decimals(p))),
        rank.map_or(TableCell::Empty, |(place, ranking)| TableCell::Number(ranking.mean_ranks[place], 0)),
    ];
    TableRow { label: name.clone(), is_oracle: *is_oracle, cells }
}

/// Each retriever's best and worst dataset in one metric; `None` if none was compared on several.
pub fn extremes(across: &Across, at: usize) -> Option<Table> {
    let AcrossMetric { metric, standings, .. } = &across.metrics[at];
    let gains = standings.iter().flat_map(|standing| standing.compared().map(|(_, c)| Some(&c.difference)));
    let gains = Digits::Signed(digits(gains));
    let columns = vec![
        column("best dataset", None, Digits::Three),
        column("difference there", None, gains),
        column("worst dataset", None, Digits::Three),
        column("difference there", None, gains),
    ];
    let row = |i: usize| {
        let both = across.metrics[at].best_and_worst(i)?;
        let cells = both.into_iter().flat_map(|(dataset, comparison)| {
            let name = TableCell::Text(across.datasets[dataset].name.clone());
            [name, TableCell::Number(comparison.difference.mean, stars(Some(comparison)))]
        });
        let retriever = &across.retrievers[i];
        Some(TableRow { label: retriever.name.clone(), is_oracle: retriever.is_oracle, cells: cells.collect() })
    };
    let caption = format!(
        "The datasets on which each retriever gains most and least in {}. {}",
        metric.name(),
        legend(across, &across.metrics[at])
    );
    let rows: Vec<TableRow> = (0..standings.len()).filter_map(row).collect();
    (!rows.is_empty()).then_some(Table { caption, corner: "retriever", columns, rows })
}

/// Retrievers by datasets in one metric.
pub fn by_dataset(across: &Across, at: usize) -> Table {
    let one = &across.metrics[at];
    let columns = one.on.iter().map(|&dataset| {
        // Decimals by the intervals of differences.
        let of =
            one.standings.iter().map(|standing| Some(&standing.on[dataset].as_ref()?.comparison.as_ref()?.difference));
        let ranked = Some(one.metric.higher_is_better());
        column(&across.datasets[dataset].name, ranked, Digits::Decimals(digits(of)))
    });
    let row = |(i, standing): (usize, &Standing)| {
        let cell = |&dataset: &usize| {
            standing.on[dataset]
                .as_ref()
                .map_or(TableCell::Empty, |found| TableCell::Number(found.mean, stars(found.comparison.as_ref())))
        };
        let retriever = &across.retrievers[i];
        TableRow {
            label: retriever.name.clone(),
            is_oracle: retriever.is_oracle,
            cells: one.on.iter().map(cell).collect(),
        }
    };
    let caption = format!("Mean {} on each dataset. {}", one.metric.name(), legend(across, one));
    Table {
        caption,
        corner: "retriever",
        columns: columns.collect(),
        rows: one.standings.iter().enumerate().map(row).collect(),
    }
}

/// Retrievers by metrics: means over the datasets that measured each. A metric with a unit has none.
pub fn means(across: &Across) -> Table {
    let shown: Vec<&AcrossMetric> = across.metrics.iter().filter(|one| !one.has_unit).collect();
    let column = |one: &&AcrossMetric| {
        TableColumn::metric(one.metric, one.standings.iter().map(|standing| standing.mean.as_ref()))
    };
    let row = |(i, retriever): (usize, &AcrossRetriever)| {
        let cell = |one: &&AcrossMetric| {
            one.standings[i].mean.map_or(TableCell::Empty, |estimate| TableCell::Number(estimate.mean, 0))
        };
        let cells = shown.iter().map(cell).collect();
        TableRow { label: retriever.name.clone(), is_oracle: retriever.is_oracle, cells }
    };
    let all = across.datasets.len();
    let mut caption = format!("Means over {} datasets, each counting the same.", number(all as f64));
    let partly = shown.iter().filter(|one| one.on.len() < all);
    let partly: Vec<String> = partly.map(|one| format!("{} ({})", one.metric.name(), one.on.len())).collect();
    if !partly.is_empty() {
        caption = format!("{caption} Measured on fewer: {}.", partly.join(", "));
    }
    let with_unit = across.metrics.iter().filter(|one| one.has_unit);
    let with_unit: Vec<&str> = with_unit.map(|one| one.metric.name()).collect();
    if !with_unit.is_empty() {
        let names = with_unit.join(", ");
        caption = format!("{caption} Without a mean, since the unit is another on each dataset: {names}.");
    }
    let columns = shown.iter().map(column).collect();
    let rows = across.retrievers.iter().enumerate().map(row).collect();
    Table { caption, corner: "retriever", columns, rows }
}

/// Retrievers by metrics on one dataset.
pub fn one_dataset(across: &Across, dataset: usize) -> Table {
    let run = &across.datasets[dataset];
    let measured: Vec<&AcrossMetric> = across.metrics.iter().filter(|one| one.on.contains(&dataset)).collect();
    let columns = measured.iter().map(|one| {
        let of =
            one.standings.iter().map(|standing| Some(&standing.on[dataset].as_ref()?.comparison.as_ref()?.difference));
        column(one.metric.name(), Some(one.metric.higher_is_better()), Digits::Decimals(digits(of)))
    });
    let row = |(i, retriever): (usize, &AcrossRetriever)| {
        let trial = retriever.rows[dataset]?;
        let cell = |one: &&AcrossMetric| {
            one.standings[i].on[dataset]
                .as_ref()
                .map_or(TableCell::Empty, |found| TableCell::Number(found.mean, stars(found.comparison.as_ref())))
        };
        let cells = measured.iter().map(cell).collect();
        Some(TableRow { label: run.found.summary.rows[trial].label(), is_oracle: retriever.is_oracle, cells })
    };
    let queries = run.found.reported().filter(|_| matches!(across.choice, Choice::OtherQueries(_)));
    let asked = run.found.summary.rows.first().map_or(0, |row| row.queries);
    let legend = measured.first().map_or_else(String::new, |one| legend(across, one));
    let caption = format!(
        "{}, k = {}, {} queries. {legend}",
        run.name,
        run.found.summary.rows.first().map_or(0, |row| row.k),
        number(queries.map_or(asked, |queries| queries.len()) as f64)
    );
    let rows = across.retrievers.iter().enumerate().filter_map(row).collect();
    Table { caption, corner: "retriever, at its point here", columns: columns.collect(), rows }
}
