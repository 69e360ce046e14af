//! Reports of experiments that are small, large, dull or odd.

use super::figures::{self, RequestedFigure};
use crate::config::ReportSpec;
use crate::config::figures::{FigureParams, FigureSpec};
use crate::findings::LoadedRun;
use crate::findings::ceiling::{OPTIMISTIC, ceilings};
use crate::findings::summary::{Difference, Summary, TrialRow};
use crate::findings::timing::{Latency, Rate, Timing};
use crate::findings::tuning::Tuning;
use crate::metrics::MetricName;
use crate::plan::Cell;
use crate::plot::Size;
use crate::record::excerpt::{Excerpt, ShownItem, ShownQuery};
use crate::record::manifest::{DatasetRecord, Manifest, TrialRecord};
use crate::record::output_folder::{FolderKind, OutputFolder};
use crate::record::reference::Reference;
use crate::record::results::{Results, TrialResult};
use crate::record::{ExperimentRecord, Machine, Parameters, Parting, Peaks, Times};
use crate::report::cell_report::CellReport;
use crate::statistics::{Comparison, Estimate};
use std::collections::BTreeMap;
use std::path::Path;
use swath_algorithms::params::Count;

/// `trials` trials of `retrievers` retrievers, all metrics, values that differ but are the same on every run.
fn summary(trials: usize, retrievers: usize) -> Summary {
    let metrics = ["recall", "pool-recall", "relevance", "coverage", "redundancy", "diversity", "subtopic-recall"];
    let metrics = metrics.map(|name| MetricName::find(name).expect("a metric")).to_vec();
    let rows: Vec<TrialRow> = (0..trials).map(|i| row(i, i % retrievers.max(1), metrics.len())).collect();
    let pairs = (1..trials).flat_map(|row| (0..metrics.len()).map(move |metric| (row, metric)));
    let difference = |(row, metric): (usize, usize)| {
        let mean = wave(row, metric) - 0.5;
        let estimate = Estimate { mean, lo: mean - 0.1, hi: mean + 0.1 };
        let comparison = Comparison {
            n: 100,
            reference_mean: 0.5,
            mean: 0.5 + mean,
            difference: estimate,
            p_permutation: 0.01,
            p_holm: Some(0.04 * row as f64),
            p_wilcoxon: 0.02,
            d_z: 4.0 * mean,
            cliffs_delta: mean,
            wins_ties_losses: [30, 50, 20],
            smallest_detectable: (row > 1).then_some(0.125),
        };
        Difference { row, metric, comparison }
    };
    let differences = pairs.map(difference).collect();
    let reference = Reference::Row(0);
    Summary { metrics, rows, reference, differences, tradeoffs: Vec::new(), tuning: None, rate: Rate::Median }
}

fn wave(i: usize, j: usize) -> f64 {
    (i as f64 * 0.37 + j as f64 * 1.7).sin().mul_add(0.4, 0.5)
}

fn row(i: usize, retriever: usize, metrics: usize) -> TrialRow {
    let mut quantiles: Vec<f64> = (0..100).map(|q| 1e-4 * (1.0 + i as f64 * 0.1) * (1.0 + wave(q, i))).collect();
    quantiles.sort_unstable_by(f64::total_cmp);
    let estimate = |metric: usize| {
        let mean = wave(i, metric);
        Estimate { mean, lo: mean - 0.02, hi: mean + 0.02 }
    };
    TrialRow {
        trial: format!("{i:016x}"),
        retriever: format!("retriever-{retriever}"),
        point: format!("lambda=0.{i}"),
        params: params(i),
        is_oracle: false,
        k: 10,
        queries: 100,
        estimates: (0..metrics).map(|metric| Some(estimate(metric))).collect(),
        counts: vec![100; metrics],
        build_seconds: 0.5,
        index_bytes: 1 << 20,
        decision: None,
        peaks: Peaks { build: Some(5 << 20), search: Some(7 << 20) },
        evaluations: [1000.0, 0.0, 450.0],
        timing: Timing {
            qps: 5000.0 / (1.0 + i as f64),
            qps_least: 4000.0 / (1.0 + i as f64),
            qps_best: 6000.0 / (1.0 + i as f64),
            repeats: 2,
            at: None,
            load: None,
            latency: Some(Latency { quantiles, percentiles_ms: [0.15, 0.19, 0.2] }),
            stages_ms: Some([0.1, 0.0, 0.05]),
        },
        outside: None,
    }
}

/// A point of a grid of three pools and many lambdas.
fn params(i: usize) -> Parameters {
    let (pool, lambda) = (100 * (1 + i % 3), i / 3);
    Parameters::parse(format!(
        "{{\"candidates\":{{\"exact\":{{\"pool\":{pool}}}}},\"select\":{{\"mmr\":{{\"lambda\":{lambda}}}}}}}"
    ))
}

/// A summary with what else a run leaves behind: a value and an answer for each query, and three queries looked into.
fn found(summary: &Summary) -> LoadedRun {
    let trial = |(i, row): (usize, &TrialRow)| TrialResult {
        id: row.trial.clone(),
        retriever: row.retriever.clone(),
        point: row.point.clone(),
        params: row.params.clone(),
        k: row.k,
        query_ids: (0..row.queries).collect(),
        returned: (0..row.queries * row.k).map(|at| ((at * 7 + i * 3) % 40) as i32).collect(),
        metrics: (0..summary.metrics.len()).map(|m| (0..row.queries).map(|q| wave(q + 31 * i, m)).collect()).collect(),
        evaluations: vec![[1000, 0, 450]; row.queries],
        build_seconds: row.build_seconds,
        index_bytes: row.index_bytes,
        decision: row.decision.clone(),
        filled: 0,
        forbidden: Vec::new(),
        peaks: row.peaks,
        untimed: [0.0; 2],
        repeats: vec![Times::Batch(row.queries, 1.0), Times::Batch(row.queries, 2.0)],
        timed: Vec::new(),
        programs: Vec::new(),
        clocks: Vec::new(),
        best_search_seconds: 1.0 / row.timing.qps_best,
    };
    let trials = summary.rows.iter().enumerate().map(trial).collect();
    let results = Results {
        metrics: summary.metrics.clone(),
        seed: 0,
        reference: summary.reference.clone(),
        parting: None,
        is_imported: false,
        trials,
    };
    let item = |id: u32| ShownItem {
        id,
        name: Some(format!("item <{id}>")),
        text: None,
        rank: (id < 30).then_some(id as usize + 1),
        subtopics: if id.is_multiple_of(4) { vec![id % 3] } else { Vec::new() },
        grade: None,
        groups: if id == 3 { vec![format!("seller: <{id}>")] } else { Vec::new() },
        at: [wave(id as usize, 1) as f32, wave(id as usize, 2) as f32],
    };
    let shown = |position: usize| ShownQuery {
        position,
        row: position,
        name: Some(format!("query {position}")),
        text: None,
        subtopics: 3,
        relevant: None,
        at: [0.5, 0.5],
        explained: 0.4,
        items: (0..40).map(item).collect(),
    };
    let excerpt = Excerpt { queries: [4, 9, 70].map(shown).into() };
    LoadedRun { summary: summary.clone(), results, manifest: manifest(summary), excerpt: Some(excerpt) }
}

/// The report as it is by default.
fn write(folder: &Path, found: &LoadedRun) -> Result<Vec<String>, super::ReportError> {
    write_as(folder, found, &ReportSpec::default())
}

fn write_as(folder: &Path, found: &LoadedRun, spec: &ReportSpec) -> Result<Vec<String>, super::ReportError> {
    let out = OutputFolder::open(folder, &[FolderKind::Run])?;
    let refused = super::write(&out, found, spec)?;
    out.settle();
    Ok(refused)
}

fn write_scale(folder: &Path, ran: &[CellReport]) {
    super::sweep::write_above(&OutputFolder::open(folder, &[FolderKind::Sweep]).expect("opened"), ran)
        .expect("written");
}

/// The figures as they are by default.
fn all(found: &LoadedRun) -> Vec<RequestedFigure> {
    figures::all(found, None).0
}

fn experiment(name: &str) -> ExperimentRecord {
    let json = serde_json::json!({ "name": name, "k": 10, "seed": 42, "mode": "single", "threads": 1, "repeats": 3 });
    ExperimentRecord::new(&json).expect("an experiment")
}

fn manifest(summary: &Summary) -> Manifest {
    let record = |row: &TrialRow| TrialRecord {
        trial: row.trial.clone(),
        retriever: row.retriever.clone(),
        point: row.point.clone(),
        failed: None,
    };
    Manifest {
        swath: "0.1.0".into(),
        revision: "unknown".into(),
        rustc: "rustc".into(),
        started: "2026-01-01T00:00:00Z".into(),
        config_path: None,
        config_from_here: None,
        resumed: Vec::new(),
        finished: "2026-01-01T00:00:01Z".into(),
        experiment: experiment("synthetic"),
        config: "name: synthetic\n".into(),
        dataset: DatasetRecord {
            name: "vectors".into(),
            sha256: "0".repeat(64),
            distance: "angular".into(),
            rows: 20_000,
            queries: 100,
            dim: 50,
            neighbors: 100,
            links: None,
            subtopics: true,
            history: Vec::new(),
            sparse: false,
        },
        lists: BTreeMap::new(),
        machine: Machine { cpu: "cpu".into(), cores: 2, memory: 8 << 30, os: "Linux".into(), arch: "x86_64".into() },
        graphs: Vec::new(),
        trials: summary.rows.iter().map(record).collect(),
        metrics: summary.metrics.iter().map(|metric| metric.name().to_owned()).collect(),
        coarse: Vec::new(),
        diagnosis: None,
        untimed: [2.0, 0.5],
        seconds: None,
        notes: Vec::new(),
    }
}

/// Width and height that a PNG says it has.
fn png_size(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

/// All figures of a summary, drawn each way at each size, with what any of them must satisfy; those for a column returned.
fn drawn(summary: &Summary) -> Vec<(String, String)> {
    let found = found(summary);
    let draw = |figure: &RequestedFigure| {
        let mut column = String::new();
        for size in Size::ALL {
            let name = figure.name();
            let drawing = figure.draw(&found, size);
            let (svg, png) = (drawing.svg().expect("an SVG"), drawing.png().expect("a PNG"));
            let pdf = drawing.pdf("title").expect("a PDF");
            assert!(pdf.starts_with(b"%PDF-") && pdf.trim_ascii_end().ends_with(b"%%EOF"), "{name}");
            let (width, height) = png_size(&png);
            assert_eq!(f64::from(width), 3.0 * size.width(), "{name}");
            assert!(svg.contains(&format!("viewBox=\"0 0 {width} {height}\"")), "{name}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
            assert!(inside(&svg, width, height), "{name} has marks outside its edges at {size:?}");
            if size == Size::Column {
                column = svg;
            }
        }
        (figure.name().to_owned(), column)
    };
    all(&found).iter().map(draw).collect()
}

/// Whether all points of lines and areas lie in the picture, but for a rim.
fn inside(svg: &str, width: u32, height: u32) -> bool {
    let lists = svg.split("points=\"").skip(1).filter_map(|rest| rest.split('"').next());
    lists.flat_map(str::split_whitespace).filter_map(|point| point.split_once(',')).all(|(x, y)| {
        let within = |text: &str, limit: u32| {
            text.parse::<f64>().is_ok_and(|value| (-30.0..=f64::from(limit) + 30.0).contains(&value))
        };
        within(x, width) && within(y, height)
    })
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            found.extend(files(&path).into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            found.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
    found
}

#[test]
fn every_figure_is_drawn_for_few_and_for_many_trials() {
    let names = |summary: &Summary| drawn(summary).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let figures = names(&summary(1, 1));
    let expected =
        ["recall-qps", "coverage-redundancy", "subtopic-recall-recall", "latency", "metric-recall", "neighbourhood"];
    assert!(expected.iter().all(|name| figures.iter().any(|figure| figure == name)), "{figures:?}");
    for (trials, retrievers) in [(20, 5), (500, 5), (60, 60)] {
        let more = names(&summary(trials, retrievers));
        assert!(figures.iter().all(|name| more.contains(name)), "{more:?}");
        // 60 retrievers of one point each have neither curves nor heat maps; 100 points make both.
        assert_eq!(more.contains(&"curves-lambda".to_owned()), trials == 500, "{more:?}");
        assert_eq!(more.contains(&"heat-map-retriever-0".to_owned()), retrievers < 60, "{more:?}");
        assert!(more.contains(&"ranks".to_owned()));
    }
}

#[test]
fn a_figure_needs_its_metrics() {
    let mut only = summary(3, 3);
    only.metrics.truncate(1);
    only.rows.iter_mut().for_each(|row| row.estimates.truncate(1));
    only.differences.retain(|difference| difference.metric == 0);
    let names: Vec<String> = drawn(&only).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["recall-qps", "ranks", "metric-recall", "latency", "neighbourhood"]);
}

#[test]
fn a_batch_has_no_latencies() {
    let mut batch = summary(3, 3);
    batch.rows.iter_mut().for_each(|row| (row.timing.latency, row.timing.stages_ms) = (None, None));
    assert!(drawn(&batch).iter().all(|(name, _)| name != "latency"));
}

#[test]
fn dull_and_odd_values_are_drawn() {
    let set = |estimate: Option<Estimate>, qps: f64, seconds: f64| {
        let mut summary = summary(4, 2);
        for row in &mut summary.rows {
            row.estimates.fill(estimate);
            row.timing.qps = qps;
            let quantiles = vec![seconds; 10];
            row.timing.latency = Some(Latency { quantiles, percentiles_ms: [0.0; 3] });
            row.timing.stages_ms = Some([0.0; 3]);
        }
        drawn(&summary);
    };
    let flat = |value: f64| Some(Estimate { mean: value, lo: value, hi: value });
    for value in [0.0, 1.0, -3.5, 1e-9, 1e9] {
        set(flat(value), 1000.0, 1e-4);
    }
    set(None, 1000.0, 1e-4);
    // A clock too coarse for a query says that it took no time at all.
    set(flat(0.5), f64::INFINITY, 0.0);
}

#[test]
fn a_trial_too_fast_for_the_clock_spoils_no_figure() {
    let mut some = summary(4, 2);
    some.rows[0].timing.qps = f64::INFINITY;
    if let Some(latency) = &mut some.rows[0].timing.latency {
        latency.quantiles.fill(0.0);
    }
    let rates = |summary: &Summary| drawn(summary).into_iter().find(|(name, _)| name == "recall-qps");
    let with = rates(&some);
    // A trial without a recall is left out of that figure: so must be one without a rate.
    some.rows[0].estimates[0] = None;
    assert!(with.is_some() && with == rates(&some));
}

#[test]
fn trials_without_a_value_are_left_out() {
    let mut gaps = summary(4, 2);
    for (i, row) in gaps.rows.iter_mut().enumerate() {
        row.estimates[i % 3] = None;
    }
    drawn(&gaps);
}

#[test]
fn a_caption_speaks_of_a_choice_only_where_one_was_made() {
    let mut gaps = summary(20, 5);
    let said = |summary: &Summary| {
        let found = found(summary);
        let figure = all(&found).into_iter().find(|figure| figure.name() == "metric-recall");
        figure.expect("a figure").caption(&found).contains("exploratory")
    };
    assert!(said(&gaps));
    gaps.rows[10..].iter_mut().for_each(|row| row.estimates[0] = None);
    assert!(!said(&gaps), "all ten trials that have a value are drawn");

    let mut crowd = summary(40, 5);
    let bars = |summary: &Summary| {
        let found = found(summary);
        let figure = all(&found).into_iter().find(|figure| figure.name() == "recall-qps");
        figure.expect("a figure").caption(&found).contains("95 % intervals")
    };
    assert!(!bars(&crowd));
    crowd.rows[10..].iter_mut().for_each(|row| row.estimates[0] = None);
    assert!(bars(&crowd), "ten trials have their intervals drawn");
}

#[test]
fn long_names_stay_inside() {
    let mut long = summary(6, 3);
    for row in &mut long.rows {
        row.retriever = format!("{}{}", row.retriever.replace("retriever-", ""), "m".repeat(63));
        row.point = "graph=knn+links, neighbors=16, restart=0.15, ".repeat(4);
    }
    for (name, svg) in drawn(&long).into_iter().filter(|(name, _)| !name.starts_with("heat-map")) {
        assert!(svg.contains('\u{2026}'), "{name} shortens what does not fit");
    }
}

#[test]
fn axes_say_what_they_show() {
    for (name, svg) in drawn(&summary(6, 3)) {
        let wanted: &[&str] = match name.as_str() {
            "recall-qps" => &["recall (higher is better)", "queries per second (higher is better)"],
            "coverage-redundancy" => &["coverage (higher is better)", "redundancy (lower is better)"],
            "subtopic-recall-recall" => &["subtopic-recall (higher is better)", "recall (higher is better)"],
            "latency" => &["milliseconds per query (lower is better)"],
            "neighbourhood" => &["retriever-0", "query 4"],
            name if name.starts_with("heat-map") => &["pool", "lambda"],
            _ => &["is better)"],
        };
        assert!(wanted.iter().all(|title| svg.contains(title)), "{name}");
    }
}

#[test]
fn equal_inputs_make_equal_files() {
    let found = found(&summary(20, 5));
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &found).expect("written");
    let first = files(folder.path());
    write(folder.path(), &found).expect("written");
    assert!(first == files(folder.path()), "and nothing is left beside them");
    for name in [
        "index.html",
        "tables/summary.md",
        "tables/summary.tex",
        "plots/latency.svg",
        "plots/latency.png",
        "plots/latency.pdf",
    ] {
        assert!(first.contains_key(name), "{name}");
    }
}

#[test]
fn only_plots_of_an_earlier_report_are_removed() {
    let mut summary = summary(3, 3);
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &found(&summary)).expect("written");
    let plots = folder.path().join("plots");
    let others = ["mine.svg", "latency.csv", "latency.svg.bak", "metric-recall.txt", "metric-mine.png"];
    for name in others {
        std::fs::write(plots.join(name), "mine").expect("written");
    }
    summary.rows.iter_mut().for_each(|row| row.timing.latency = None);
    write(folder.path(), &found(&summary)).expect("written");
    let names = files(&plots);
    assert!(["svg", "png", "pdf"].iter().all(|end| !names.contains_key(&format!("latency.{end}"))));
    assert!(names.contains_key("recall-qps.svg"));
    for name in others {
        assert!(names.contains_key(name), "{name} is not of swath");
    }
}

#[test]
fn what_users_write_is_text_not_markup() {
    let mut summary = summary(2, 2);
    summary.rows[1].point = "<b>&|_%".into();
    let mut found = found(&summary);
    let manifest = &mut found.manifest;
    manifest.config = "name: x # <script>alert(1)</script>\n".into();
    manifest.notes = vec!["<script>note</script>".into()];
    manifest.experiment = experiment("<script>name</script>");
    manifest.dataset.name = "a_b & <c>".into();
    manifest.trials[1].failed = Some("<script>reason</script>".into());
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &found).expect("written");
    let page = std::fs::read_to_string(folder.path().join("index.html")).expect("a page");
    // Beside swath's own two elements there is none, and what is in them cannot end them.
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2));
    assert!(!page.contains("<b>") && !page.contains("item <"));
    assert_eq!(page.matches("&lt;script&gt;").count(), 5, "title twice, note, reason, config");
    assert!(!page.contains("src=") && !page.contains("<link"), "the page loads nothing");
    let tex = std::fs::read_to_string(folder.path().join("tables/summary.tex")).expect("a table");
    assert!(tex.contains(r"a\_b \& $<$c$>$"), "{tex}");
    assert!(tex.contains(r"$<$b$>$\&\textbar{}\_\%"), "{tex}");
    let markdown = std::fs::read_to_string(folder.path().join("tables/summary.md")).expect("a table");
    assert!(markdown.contains(r"\<b\>&\|\_%"), "{markdown}");
}

#[test]
fn a_file_in_the_way_is_named() {
    let summary = summary(2, 2);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("plots"), "in the way").expect("written");
    let error = write(folder.path(), &found(&summary)).expect_err("no folder can be made");
    assert!(error.to_string().contains("plots"), "{error}");
}

/// The verdict on three trials in subtopic-recall: the second gains most, what the third gains is significant.
fn said(change: &dyn Fn(&mut Summary)) -> String {
    let mut summary = summary(3, 3);
    let headline = at(&summary, "subtopic-recall");
    for (row, mean) in [(0, 0.40), (1, 0.42), (2, 0.41)] {
        summary.rows[row].estimates[headline] = Some(Estimate { mean, lo: mean - 0.01, hi: mean + 0.01 });
        summary.rows[row].estimates[0] = Some(Estimate { mean: 1.0 - 0.2 * row as f64, lo: 0.1, hi: 1.0 });
    }
    for difference in summary.differences.iter_mut().filter(|difference| difference.metric == headline) {
        let c = &mut difference.comparison;
        (c.reference_mean, c.mean) = (0.40, if difference.row == 1 { 0.42 } else { 0.41 });
        c.difference = Estimate { mean: c.mean - 0.40, lo: 0.001, hi: 0.03 };
        c.p_holm = Some(if difference.row == 1 { 0.2 } else { 0.03 });
    }
    change(&mut summary);
    super::page::verdict(&found(&summary)).join(" ")
}

/// Where a metric stands.
fn at(summary: &Summary, name: &str) -> usize {
    summary.metrics.iter().position(|metric| metric.name() == name).expect("measured")
}

/// That a text begins with the first part and has all of them.
fn is(text: &str, parts: &[&str]) {
    assert!(text.starts_with(parts[0]), "{} begins: {text}", parts[0]);
    parts.iter().for_each(|part| assert!(text.contains(part), "{part}: {text}"));
}

/// Gives a trial this p in all metrics.
fn set_p(summary: &mut Summary, row: usize, p: f64) {
    let of = summary.differences.iter_mut().filter(|difference| difference.row == row);
    of.for_each(|difference| difference.comparison.p_holm = Some(p));
}

#[test]
fn the_verdict_says_what_holds() {
    // What is significant first, then what has the higher mean.
    let text = said(&|_| ());
    is(
        &text,
        &[
            "Exploratory, because the best of 2 trials is picked on the same queries that judge it: retriever-2 with lambda 0.2 \
         returns 2.50 % more of the subtopics than retriever-0 with lambda 0.0, at 60 % of the reference's recall. The difference \
         (+0.0100, 95 % interval +0.0010 to +0.0300, over 100 queries) is significant: p = 0.030 by a permutation test",
            "The trial retriever-1 with lambda 0.1 returns 5.00 % more of the subtopics (subtopic-recall 0.4200, where retriever-2 with \
         lambda 0.2 has 0.4100), but that difference is not significant.",
            "Of 2 other trials, 1 (retriever-2 with lambda 0.2) is significantly better than retriever-0 with lambda 0.0 in ",
            "queries per second, while ",
            "A verdict that is not exploratory needs \"split\", which chooses parameters on some queries",
        ],
    );
    // Rates and their range are of the same repeats.
    let rates = "answers 1,667 queries per second, while retriever-0 with lambda 0.0 answers 5,000 (medians; repeats 1,333 to 2,000 \
                 and 4,000 to 6,000)";
    assert!(text.contains(rates), "{text}");
    // A winner that costs most of the recall.
    let costly = said(&|summary| summary.rows[2].estimates[0] = Some(Estimate { mean: 0.3, lo: 0.3, hi: 0.3 }));
    is(
        &costly,
        &[
            "Exploratory, ",
            "than retriever-0 with lambda 0.0, but loses 70 % of the reference's recall (0.30 where \
        retriever-0 with lambda 0.0 has 1.00).",
        ],
    );
    // A winner that loses what people judged otherwise.
    let loses = said(&|summary| {
        let other = at(summary, "diversity");
        summary.metrics[other] = MetricName::find("alpha-ndcg").expect("a metric");
        for difference in summary.differences.iter_mut().filter(|difference| difference.metric == other) {
            let c = &mut difference.comparison;
            (c.reference_mean, c.mean, c.p_holm) = (0.6, 0.4, Some(0.01));
            c.difference = Estimate { mean: -0.2, lo: -0.3, hi: -0.1 };
        }
    });
    is(
        &loses,
        &[
            "Exploratory, ",
            " But retriever-2 with lambda 0.2 returns significantly less discounted novelty (alpha-ndcg 0.4000, where retriever-0 with \
        lambda 0.0 has 0.6000).",
        ],
    );
    assert!(!text.contains(" But "), "{text}");
    // Nothing is shown: that comes first, and what could have been.
    let doubt = said(&|summary| [1, 2].into_iter().for_each(|row| set_p(summary, row, 0.5)));
    is(
        &doubt,
        &[
            "No difference from retriever-0 with lambda 0.0 in subtopic-recall is shown (exploratory, because the best of 2 trials \
         is picked on the same queries that judge it). With these 100 queries a true difference between retriever-2 with \
         lambda 0.2 and retriever-0 with lambda 0.0 of about 0.1250 (",
            " would be detected in four of five experiments, before correction for multiple comparisons. The trial retriever-1 with \
         lambda 0.1 has the best mean, with 5.00 % more of the subtopics, at 80 % of the reference's recall; the difference (+0.0200, ",
            "is not significant: p = 0.500",
        ],
    );
    assert!(!doubt.contains("significantly"), "none are: {doubt}");
    // Something is shown to be worse.
    let worse = said(&|summary| summary.differences.iter_mut().for_each(|d| d.comparison.difference.mean *= -1.0));
    is(
        &worse,
        &[
            "No gain over retriever-0 with lambda 0.0 in subtopic-recall is shown (exploratory, ",
            "The trial retriever-1 with lambda 0.1 comes nearest, with 5.00 % less of the subtopics",
            "none are significantly better than retriever-0 with lambda 0.0 in subtopic-recall, and 1 significantly worse.",
        ],
    );
    assert_eq!(super::page::verdict(&found(&summary(1, 1))), [""; 0], "one trial is better than nothing");
}

#[test]
fn the_verdict_knows_ties_and_what_was_chosen_apart() {
    let tied = said(&|summary| {
        let headline = at(summary, "subtopic-recall");
        for row in [1, 2] {
            summary.rows[row].estimates[headline] = Some(Estimate { mean: 0.42, lo: 0.4, hi: 0.44 });
            set_p(summary, row, 0.01);
        }
    });
    is(
        &tied,
        &[
            "Exploratory, ",
            ": retriever-1 with lambda 0.1 returns",
            "The trial retriever-2 with lambda 0.2 has the same mean as \
        retriever-1 with lambda 0.1.",
        ],
    );
    assert!(!tied.contains("not significant"), "{tied}");
    let equal = said(&|summary| {
        for Difference { comparison: c, .. } in &mut summary.differences {
            (c.difference, c.wins_ties_losses) = (Estimate { mean: 0.0, lo: 0.0, hi: 0.0 }, [0, 100, 0]);
            (c.p_holm, c.smallest_detectable) = (Some(1.0), None);
        }
    });
    is(
        &equal,
        &[
            "No difference from retriever-0 with lambda 0.0 in subtopic-recall is shown (exploratory, because the best of 2 \
        trials is picked on the same queries that judge it). The trial retriever-1 with lambda 0.1 equals retriever-0 with lambda 0.0 on each of 100 queries.",
        ],
    );
    // Where nothing is picked on the queries that judge it, it is not exploratory.
    let one = said(&|summary| {
        summary.rows.truncate(2);
        summary.differences.retain(|difference| difference.row == 1);
        set_p(summary, 1, 0.01);
    });
    is(&one, &["Not exploratory, because only one trial is compared: retriever-1 with lambda 0.1 returns 5.00 % more"]);
    let choose = |summary: &mut Summary| {
        let tuned = |row: usize| crate::findings::tuning::TunedRetriever {
            row,
            points: 1,
            estimates: summary.rows[row].estimates.clone(),
            counts: summary.rows[row].counts.clone(),
            differences: (0..summary.metrics.len())
                .map(|m| summary.differences.iter().find(|d| d.row == row && d.metric == m).map(|d| d.comparison))
                .collect(),
        };
        let retrievers = (0..3).map(tuned).collect();
        let by = at(summary, "subtopic-recall");
        summary.tuning = Some(Tuning { by, tuned_on: 60, reported_on: 40, retrievers, pairs: Vec::new() });
    };
    let chosen = said(&choose);
    is(
        &chosen,
        &[
            "Not exploratory, because parameters were chosen on 60 queries and are judged on 40 others: retriever-2 with",
            "Of 2 other retrievers, ",
        ],
    );
    let none = said(&|summary| {
        [1, 2].into_iter().for_each(|row| set_p(summary, row, 0.5));
        choose(summary);
    });
    is(
        &none,
        &[
            "No difference from retriever-0 with lambda 0.0 in subtopic-recall is shown (not exploratory, because parameters were \
        chosen on 60 queries and are judged on 40 others). With these 100 queries",
        ],
    );
    assert!([chosen, none, one].iter().all(|text| !text.contains("\"split\"")));
}

#[test]
fn figures_are_drawn_as_asked_for() {
    let found = found(&summary(30, 2));
    let spec = |json: serde_json::Value| serde_json::from_value::<FigureSpec>(json).expect("a figure");
    let asked = [
        spec(serde_json::json!({ "draw": { "frontier": { "x": "p95_ms", "y": "diversity", "x_scale": "linear" } },
            "name": "one", "title": "A title that is long enough for two lines of a column", "x_title": "my own words" })),
        spec(
            serde_json::json!({ "draw": { "curves": { "metric": "coverage", "parameter": "lambda" } }, "name": "one" }),
        ),
        spec(serde_json::json!({ "draw": { "heat-map": { "retriever": "retriever-1", "y": "lambda" } } })),
        spec(serde_json::json!({ "draw": { "neighbourhood": { "query": "query 9", "retrievers": ["retriever-1"] } } })),
        spec(serde_json::json!({ "draw": { "neighbourhood": { "query": 5 } } })),
        spec(serde_json::json!({ "draw": { "curves": { "parameter": "theta" } } })),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let spec = ReportSpec { sizes: vec![Size::Slide], figures: Some(asked.to_vec()), queries: 3 };
    let refused = write_as(folder.path(), &found, &spec).expect("written");
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].contains("the query `5`") && refused[0].contains("query 4"), "{refused:?}");
    assert!(refused[1].contains("`theta`"), "{refused:?}");
    let plots = files(&folder.path().join("plots"));
    let mut names: Vec<&str> = plots.keys().filter_map(|name| name.strip_suffix(".pdf")).collect();
    let expected = ["heat-map-retriever-1", "neighbourhood", "one", "one-2"];
    let both: Vec<String> =
        expected.iter().map(|name| (*name).to_owned()).chain(expected.map(|n| format!("slide/{n}"))).collect();
    names.sort_unstable();
    assert_eq!(names, both);
    let one = String::from_utf8(plots["one.svg"].clone()).expect("text");
    assert!(one.contains("my own words") && one.contains("diversity (higher is better)") && one.contains("A title"));
    assert!(one.contains("font/woff2;base64,") && one.contains("<title>"), "the font is inside");
    let back: ReportSpec = serde_json::from_value(serde_json::to_value(&spec).expect("JSON")).expect("read");
    assert_eq!(back, spec);
    // The next report removes what it does not have.
    write(folder.path(), &found).expect("written");
    let plots = files(&folder.path().join("plots"));
    assert!(!plots.contains_key("one.svg") && !plots.keys().any(|name| name.starts_with("slide")));
}

/// A cell of `n` base vectors, in which the trial in row `i` has the coverage 0.01 n^(i / 4), and those that are named failed.
fn cell(n: usize, failed: &[usize]) -> CellReport {
    let mut summary = summary(4, 2);
    let coverage = summary.metrics.iter().position(|metric| metric.name() == "coverage").expect("measured");
    let mut manifest = manifest(&summary);
    manifest.dataset.rows = n;
    for (i, row) in summary.rows.iter_mut().enumerate() {
        let mean = 0.01 * (n as f64).powf(i as f64 / 4.0);
        row.estimates[coverage] = Some(Estimate { mean, lo: mean, hi: mean });
    }
    for &i in failed {
        manifest.trials[i].failed = Some("<it> was killed".into());
    }
    let mut rows = 0..4;
    summary.rows.retain(|_| rows.next().is_some_and(|row| !failed.contains(&row)));
    let count = |size: usize| serde_json::from_value::<Count>(size.into()).expect("a count");
    let cell = Cell { folder: format!("n={n}"), dataset: None, n: Some(count(n)), dimension: None, k: count(10) };
    CellReport { cell, summary: (failed.len() < 4).then_some(summary), manifest }
}

/// Rows of a cell are those that succeeded there: what is in row 1 of one may be in row 0 of another.
#[test]
fn a_sweep_joins_trials_and_not_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = [cell(1000, &[]), cell(3000, &[0, 2]), cell(10_000, &[]), cell(20_000, &[0, 1, 2, 3])];
    write_scale(folder.path(), &ran);
    let files = files(folder.path());
    let text = |name: &str| String::from_utf8(files[name].clone()).expect("text");
    let svg = text("plots/coverage-n.svg");
    // The power of a line is that of its own trial; two points have none.
    for (trial, power) in [("retriever-1 (lambda=0.1)", "0.25"), ("retriever-1 (lambda=0.3)", "0.75")] {
        assert!(svg.contains(&format!("{trial}: ~ n^{power} (se 0.00)")), "{trial}: {svg}");
    }
    for trial in ["retriever-0 (lambda=0.0)", "retriever-0 (lambda=0.2)"] {
        assert!(svg.contains(trial) && !svg.contains(&format!("{trial}: ~")), "{trial}");
    }
    let captions = text("plots/captions.txt");
    let caption = captions.lines().find(|line| line.starts_with("coverage-n: ")).expect("a caption");
    assert!(caption.ends_with("6 trials failed and are missing here."), "{caption}");
    let page = text("index.html");
    let said = "<strong>n=3000</strong><ul><li>retriever-0 (lambda=0.0): &lt;it&gt; was killed</li>\
                <li>retriever-0 (lambda=0.2): ";
    assert!(page.contains(said) && page.contains("<strong>n=20000</strong>: no trial succeeded<ul>"), "{page}");
    assert!(page.contains("href=\"n=3000/index.html\"") && !page.contains("href=\"n=20000/index.html\""));
    let scale = text("scale.csv");
    let n: Vec<&str> = scale.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(n, [["1000"; 4].as_slice(), &["3000"; 2], &["10000"; 4]].concat());
}

/// What a cell can measure depends on its k: a metric's values stay in its column.
#[test]
fn a_sweep_joins_metrics_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut first, second) = (cell(1000, &[]), cell(3000, &[]));
    let summary = first.summary.as_mut().expect("a summary");
    let names: Vec<&str> = summary.metrics.iter().map(|metric| metric.name()).collect();
    assert_eq!(names[0], "recall");
    summary.metrics.remove(0);
    for row in &mut summary.rows {
        row.estimates.remove(0);
    }
    write_scale(folder.path(), &[first, second]);
    let mut table = csv::Reader::from_path(folder.path().join("scale.csv")).expect("a table");
    let header = table.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|other| other == name).expect("a column");
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    assert_eq!([&rows[0][at("recall")], &rows[4][at("coverage")]], ["", "0.01"]);
    assert_eq!(&rows[0][at("coverage")], "0.01");
}

/// Values that are odd on an axis: none, on either side of 0, beyond all bounds.
const ODD: [f64; 9] =
    [0.0, -0.0, -2.5, 0.25, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE / 4.0];

/// A summary in which every number that can be drawn is odd somewhere, the first `by` places on.
fn odd(by: usize) -> Summary {
    let mut summary = summary(18, 3);
    let kept = ["recall", "subtopic-recall", "coverage", "redundancy", "diversity"];
    summary.metrics.retain(|metric| kept.contains(&metric.name()));
    let metrics = summary.metrics.len();
    summary.rows.iter_mut().for_each(|row| row.estimates.truncate(metrics));
    summary.differences.retain(|difference| difference.metric < metrics);
    let value = |i: usize| ODD[(i + by) % ODD.len()];
    for (i, row) in summary.rows.iter_mut().enumerate() {
        for (metric, estimate) in row.estimates.iter_mut().enumerate() {
            let at = i + 2 * metric;
            *estimate = (at % 7 > 0).then(|| Estimate { mean: value(at), lo: value(at / 2), hi: value(at / 3) });
        }
        row.timing.qps = value(i);
        row.timing.qps_best = value(i + 1);
        row.build_seconds = value(i + 2);
        row.evaluations = [value(i), 0.0, value(i + 3)];
        row.index_bytes = i as u64 % 2;
        if let Some(latency) = &mut row.timing.latency {
            let times = latency.quantiles.iter_mut().enumerate();
            times.for_each(|(q, seconds)| *seconds = if q % 3 == 0 { *seconds } else { value(q * i + i) });
            latency.quantiles.sort_unstable_by(f64::total_cmp);
            latency.percentiles_ms = [value(i), value(i + 4), value(i + 5)];
        }
    }
    summary
}

/// Whether a picture holds numbers alone; its font, in letters of any kind, aside.
fn is_sound(svg: &str) -> bool {
    let parts = svg.split("base64,").enumerate();
    let mut text = parts.map(|(i, part)| if i == 0 { part } else { part.split_once(')').map_or("", |(_, rest)| rest) });
    text.all(|text| !text.contains("NaN") && !text.contains("inf"))
}

/// Every kind of figure, on any scale, and what the page's script draws from.
#[test]
fn no_figure_holds_what_is_no_number() {
    let spec = |json: serde_json::Value| serde_json::from_value::<FigureSpec>(json).expect("a figure");
    let mut asked: Vec<FigureSpec> = FigureParams::all().into_iter().map(FigureSpec::from).collect();
    for (x, y) in
        [("qps", "p95_ms"), ("build_seconds", "index_bytes"), ("coverage", "redundancy"), ("p50_ms", "recall")]
    {
        for scale in ["linear", "log"] {
            asked.push(spec(serde_json::json!({
                "draw": { "frontier": { "x": x, "y": y, "x_scale": scale, "y_scale": scale } } })));
        }
    }
    asked.push(spec(serde_json::json!({ "draw": { "curves": { "parameter": "pool" } } })));
    for by in 0..ODD.len() {
        let summary = odd(by);
        let mut found = found(&summary);
        let mut values = found.results.trials.iter_mut().flat_map(|trial| trial.metrics.iter_mut().flatten());
        for (i, value) in values.by_ref().enumerate().filter(|(i, _)| i % 5 == 0) {
            *value = ODD[(i / 5 + by) % ODD.len()];
        }
        for query in &mut found.excerpt.as_mut().expect("queries").queries {
            query.items.iter_mut().step_by(3).for_each(|item| item.at[by % 2] = ODD[by] as f32);
        }
        let (figures, _) = figures::all(&found, Some(&asked));
        assert!(figures.len() > 15, "{}", figures.len());
        for figure in figures {
            let svg = figure.draw(&found, Size::Column).svg().expect("an SVG");
            assert!(is_sound(&svg), "{} at {by}", figure.name());
        }
        if by % 4 > 0 {
            continue;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let inside = |name: &str| {
            let inside = folder.path().join(name);
            std::fs::create_dir_all(&inside).expect("a folder");
            inside
        };
        let cells = [1000, 3000, 9000].map(|n| {
            let ran = cell(n, &[]);
            let manifest = Manifest { dataset: ran.manifest.dataset, ..manifest(&summary) };
            CellReport { cell: ran.cell, summary: Some(summary.clone()), manifest }
        });
        write_scale(&inside("scale"), &cells);
        let again =
            LoadedRun { summary, results: found.results.clone(), manifest: found.manifest.clone(), excerpt: None };
        let spec = ReportSpec { figures: Some(Vec::new()), ..ReportSpec::default() };
        write_as(&inside("one"), &found, &spec).expect("written");
        let runs = vec![("one".into(), found), ("two".into(), again)];
        let several = OutputFolder::open(&inside("several"), &[FolderKind::Several]).expect("opened");
        super::Several::new(runs).write(&several).expect("written");
        let files = files(folder.path());
        let svgs = files.iter().filter(|(name, _)| name.strip_suffix(".svg").is_some());
        assert!(svgs.clone().count() > 13, "{:?}", files.keys());
        for (name, svg) in svgs {
            assert!(is_sound(std::str::from_utf8(svg).expect("text")), "{name} at {by}");
        }
        for name in ["one/index.html", "several/index.html"] {
            let page = std::str::from_utf8(&files[name]).expect("text");
            let data = page.split("id=\"swath-data\">").nth(1).and_then(|rest| rest.split("</script>").next());
            let data: serde_json::Value = serde_json::from_str(data.expect("data")).expect("JSON");
            let trials = data["trials"].as_array().expect("trials").iter();
            let mut values = trials.flat_map(|trial| trial["v"].as_array().expect("values"));
            assert!(
                values.all(|v| v.is_null() || v.as_array().is_some_and(|v| v.iter().all(serde_json::Value::is_number)))
            );
        }
    }
}

/// Two numbers everywhere, of which one may be the least above 0 or the largest: every figure and page is drawn.
#[test]
fn the_least_and_the_largest_numbers_are_drawn() {
    let least = 5e-324;
    let pairs =
        [(least, 0.0), (least, least), (-least, least), (1e-310, least), (f64::MAX, f64::MIN), (f64::MAX, least)];
    for (one, other) in pairs {
        let mut summary = summary(6, 3);
        let value = |i: usize| if i.is_multiple_of(2) { one } else { other };
        for (i, row) in summary.rows.iter_mut().enumerate() {
            for (metric, estimate) in row.estimates.iter_mut().enumerate() {
                let mean = value(i + metric);
                *estimate = Some(Estimate { mean, lo: mean.min(one.min(other)), hi: mean.max(one.max(other)) });
            }
            row.timing.qps = value(i).abs();
            row.timing.qps_best = value(i + 1).abs();
            row.build_seconds = value(i).abs();
            if let Some(latency) = &mut row.timing.latency {
                latency.quantiles.fill(value(i).abs());
                latency.percentiles_ms = [value(i).abs(); 3];
            }
        }
        let mut found = found(&summary);
        let values = found.results.trials.iter_mut().flat_map(|trial| trial.metrics.iter_mut().flatten());
        values.enumerate().for_each(|(i, old)| *old = value(i));
        for figure in figures::all(&found, None).0 {
            let svg = figure.draw(&found, Size::Column).svg().expect("an SVG");
            assert!(is_sound(&svg), "{} of {one:e} and {other:e}", figure.name());
        }
        let folder = tempfile::tempdir().expect("a folder");
        let again = LoadedRun {
            summary: Summary::new(&found.results).expect("trials"),
            results: found.results.clone(),
            manifest: found.manifest.clone(),
            excerpt: None,
        };
        write(&folder.path().join("run"), &again).expect("written");
        let open = |name: &str, kind| OutputFolder::open(&folder.path().join(name), &[kind]).expect("opened");
        let several = super::Several::new(vec![("one".into(), found), ("two".into(), again)]);
        several.write(&open("several", FolderKind::Several)).expect("written");
        let cells = [1000, 3000, 9000].map(|n| CellReport { summary: Some(summary.clone()), ..cell(n, &[]) });
        super::sweep::write_above(&open("sweep", FolderKind::Sweep), &cells).expect("written");
    }
}

/// What a logarithmic axis cannot show is left out of the front, and the caption counts it.
#[test]
fn what_has_no_place_is_counted_and_not_on_the_front() {
    let mut summary = summary(4, 4);
    let spec = serde_json::json!({ "draw": { "frontier": {
        "x": "redundancy", "y": "coverage", "x_scale": "log", "y_scale": "linear" } } });
    let asked = [serde_json::from_value::<FigureSpec>(spec).expect("a figure")];
    let at = |name: &str| summary.metrics.iter().position(|metric| metric.name() == name).expect("measured");
    let (redundancy, coverage) = (at("redundancy"), at("coverage"));
    let flat = |mean: f64| Some(Estimate { mean, lo: mean, hi: mean });
    // Less redundancy is better: a mean of 0 beats all, and so does one below.
    for (row, (across, up)) in [(0.0, 0.9), (-0.1, 0.8), (0.1, 0.5), (0.2, 0.6)].into_iter().enumerate() {
        summary.rows[row].estimates[redundancy] = flat(across);
        summary.rows[row].estimates[coverage] = flat(up);
    }
    // An interval that begins at 0 is cut at the axis.
    summary.rows[2].estimates[redundancy] = Some(Estimate { mean: 0.1, lo: 0.0, hi: 0.15 });
    let drawn = |summary: &Summary| {
        let found = found(summary);
        let (figures, _) = figures::all(&found, Some(&asked));
        (figures[0].caption(&found), figures[0].draw(&found, Size::Column).svg().expect("an SVG"))
    };
    let (caption, svg) = drawn(&summary);
    let said = " 2 trials are left out: a logarithmic scale shows only values above 0.";
    assert!(caption.contains(said), "{caption}");
    // As if they were not there, but for the legend's names.
    for row in [0, 1] {
        summary.rows[row].estimates[redundancy] = None;
    }
    let (without, same) = drawn(&summary);
    assert!(!without.contains("left out") && svg == same, "{without}");
    for row in [2, 3] {
        summary.rows[row].estimates[redundancy] = flat(0.0);
    }
    let (none, _) = drawn(&summary);
    assert!(none.contains(said), "nothing is drawn, and it is said: {none}");

    let mut ran = [cell(1000, &[]), cell(3000, &[]), cell(10_000, &[])];
    let row = &mut ran[1].summary.as_mut().expect("a summary").rows[0];
    row.build_seconds = 0.0;
    let folder = tempfile::tempdir().expect("a folder");
    write_scale(folder.path(), &ran);
    let captions = String::from_utf8(files(folder.path())["plots/captions.txt"].clone()).expect("text");
    let caption = captions.lines().find(|line| line.starts_with("build-seconds-n: ")).expect("a caption");
    assert!(caption.ends_with(" 1 point is left out: a logarithmic scale shows only values above 0."), "{caption}");
    assert_eq!(captions.matches("left out").count(), 1, "{captions}");
}

/// The means of the best of each retriever's points for each of these queries, added up by hand.
fn best_per_query(found: &LoadedRun, metric: usize, queries: &[usize], better: fn(f64, f64) -> f64) -> Vec<f64> {
    let of = |retriever: &&str| {
        let rows: Vec<usize> =
            (0..found.summary.rows.len()).filter(|&row| found.summary.rows[row].retriever == **retriever).collect();
        let best = |&query: &usize| {
            rows.iter().map(|&row| found.results.trials[row].metrics[metric][query]).reduce(better).expect("a point")
        };
        queries.iter().map(best).sum::<f64>() / queries.len() as f64
    };
    found.summary.retrievers().iter().map(of).collect()
}

#[test]
fn the_best_point_per_query_is_a_marked_bound_without_tests() {
    let means = |found: &LoadedRun| ceilings(found).iter().map(|ceiling| ceiling.estimate.mean).collect::<Vec<_>>();
    let close = |found: &[f64], expected: &[f64]| {
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} for {expected:?}");
    };
    let summary = summary(20, 5);
    let mut found = found(&summary);
    let (metric, all) = (at(&summary, "subtopic-recall"), (0..100).collect::<Vec<usize>>());
    close(&means(&found), &best_per_query(&found, metric, &all, f64::max));
    assert!(ceilings(&found).iter().all(|ceiling| ceiling.points == 4 && ceiling.metric == metric));
    // A query without a value at some points has that of the others; without any it does not count.
    for (row, trial) in found.results.trials.iter_mut().enumerate() {
        trial.metrics[metric][7] = f64::NAN;
        if row < 5 {
            trial.metrics[metric][8] = f64::NAN;
        }
    }
    close(&means(&found), &best_per_query(&found, metric, &[&all[..7], &all[8..]].concat(), f64::max));

    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &found).expect("written");
    let files = files(folder.path());
    let text = |name: &str| String::from_utf8(files[name].clone()).expect("text");
    assert_eq!(text("index.html").matches(OPTIMISTIC).count(), 5);
    assert!(text("index.html").contains("which no test looks at"));
    for name in ["best.md", "best.csv", "best.tex"] {
        let table = text(&format!("tables/{name}"));
        let rows: Vec<&str> = table.lines().filter(|line| line.contains("optimistic:")).collect();
        assert_eq!(rows.len(), 5, "{table}");
        assert!(
            rows.iter().all(|row| !row.contains("**") && !row.contains("\\*") && !row.contains("textbf")),
            "{table}"
        );
        let value = format!("{:.2}", means(&found)[0]);
        assert!(rows[0].contains("retriever-0") && rows[0].contains(&value), "{value} in {table}");
    }
    for name in ["runs.csv", "comparisons.csv", "tables/summary.md", "tables/comparisons.md"] {
        assert!(!text(name).contains("optimistic:"), "{name}");
    }
    assert!(super::page::verdict(&found).iter().all(|sentence| !sentence.contains("optimistic")));

    // With a split: of the queries for reporting.
    let parting = Parting { tune: 0.5, by: summary.metrics[metric] };
    let tuning = Tuning::new(&found.results.trials, &summary.metrics, Some(0), &parting, 0);
    (found.summary.tuning, found.results.parting) = (tuning, Some(parting));
    let reported: Vec<usize> = found.reported().expect("a split").into_iter().filter(|&query| query != 7).collect();
    close(&means(&found), &best_per_query(&found, metric, &reported, f64::max));
    write(folder.path(), &found).expect("written");
    let chosen = std::fs::read_to_string(folder.path().join("tables/chosen.csv")).expect("a table");
    assert_eq!(chosen.matches("optimistic:").count(), 5, "{chosen}");
    let page = std::fs::read_to_string(folder.path().join("index.html")).expect("a page");
    assert_eq!(page.matches(OPTIMISTIC).count(), 5);
}

#[test]
fn a_retriever_of_one_point_has_no_ceiling_and_less_may_be_better() {
    assert_eq!(ceilings(&found(&summary(5, 5))), []);
    let mut only = summary(6, 2);
    let redundancy = at(&only, "redundancy");
    only.metrics = vec![only.metrics[redundancy]];
    only.rows.iter_mut().for_each(|row| row.estimates.truncate(1));
    let found = found(&only);
    let expected = best_per_query(&found, 0, &(0..100).collect::<Vec<_>>(), f64::min);
    let found: Vec<f64> = ceilings(&found).iter().map(|ceiling| ceiling.estimate.mean).collect();
    assert!(found.len() == 2 && found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
}

/// Where relevance was judged, headline, figure and trade-offs are about that.
#[test]
fn judged_relevance_comes_first() {
    let mut judged = summary(8, 4);
    let last = judged.metrics.len() - 1;
    for name in ["ndcg-qrels", "ndcg-qrels(gain=exponential)@5", "mrr"] {
        judged.metrics[last] = MetricName::find(name).expect("a metric");
        let found = found(&judged);
        assert_eq!(found.headline(), Some(last), "{name}");
        let file = format!("{}-recall", judged.metrics[last].file_name());
        assert_eq!(all(&found)[0].name(), file);
        assert!(super::page::verdict(&found).iter().any(|sentence| sentence.contains(name)), "{name}");
    }
}

/// What is noted of a run stands on a page of several as well.
#[test]
fn notes_of_runs_stand_on_a_page_of_several() {
    let summary = summary(4, 4);
    let with = |note: &str| {
        let mut found = found(&summary);
        found.manifest.notes = vec![note.to_owned()];
        found
    };
    let folder = tempfile::tempdir().expect("a folder");
    let out = OutputFolder::open(folder.path(), &[FolderKind::Several]).expect("opened");
    let runs = vec![("one".into(), with("the stored neighbours disagree")), ("two".into(), with("all is well"))];
    super::Several::new(runs).write(&out).expect("written");
    let page = std::fs::read_to_string(folder.path().join("index.html")).expect("a page");
    assert!(page.contains("one: the stored neighbours disagree") && page.contains("two: all is well"));
}
