//! Reports of experiments that are small, large, dull or odd.

use super::figures::Figure;
use super::{figures, tables, write};
use crate::manifest::{DatasetRecord, Machine, Manifest, TrialRecord};
use crate::metrics::MetricName;
use crate::statistics::Comparison;
use crate::summary::{Difference, Estimate, Latency, Row, Summary, Timing};
use std::collections::BTreeMap;
use std::path::Path;

/// `trials` trials of `retrievers` retrievers, all metrics, values that differ but are the same on every run.
fn summary(trials: usize, retrievers: usize) -> Summary {
    let metrics: Vec<MetricName> = MetricName::usual(false).collect();
    let rows: Vec<Row> = (0..trials).map(|i| row(i, i % retrievers.max(1), metrics.len())).collect();
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
    Summary { metrics, rows, reference: 0, differences, frontiers: Vec::new(), chosen: None }
}

fn wave(i: usize, j: usize) -> f64 {
    (i as f64 * 0.37 + j as f64 * 1.7).sin().mul_add(0.4, 0.5)
}

fn row(i: usize, retriever: usize, metrics: usize) -> Row {
    let seconds: Vec<f64> = (0..100).map(|q| 1e-4 * (1.0 + i as f64 * 0.1) * (1.0 + wave(q, i))).collect();
    let estimate = |metric: usize| {
        let mean = wave(i, metric);
        Estimate { mean, lo: mean - 0.02, hi: mean + 0.02 }
    };
    Row {
        trial: format!("{i:016x}"),
        retriever: format!("retriever-{retriever}"),
        point: format!("lambda=0.{i}"),
        params: "{}".into(),
        is_oracle: false,
        k: 10,
        queries: 100,
        estimates: (0..metrics).map(|metric| Some(estimate(metric))).collect(),
        build_seconds: 0.5,
        index_bytes: 1 << 20,
        evaluations: [1000.0, 0.0, 450.0],
        timing: Timing {
            qps: 5000.0 / (1.0 + i as f64),
            qps_best: 6000.0 / (1.0 + i as f64),
            latency: Some(Latency { seconds, percentiles_ms: [0.15, 0.19, 0.2], stages_ms: [0.1, 0.0, 0.05] }),
        },
    }
}

fn manifest(summary: &Summary) -> Manifest {
    let record = |row: &Row| TrialRecord {
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
        finished: "2026-01-01T00:00:01Z".into(),
        experiment: serde_json::json!({ "name": "synthetic", "k": 10, "mode": "single", "threads": 1, "repeats": 3 }),
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
        },
        machine: Machine { cpu: "cpu".into(), cores: 2, memory: 8 << 30, os: "Linux".into(), arch: "x86_64".into() },
        graphs: Vec::new(),
        trials: summary.rows.iter().map(record).collect(),
        metrics: summary.metrics.iter().map(|metric| metric.name().to_owned()).collect(),
        diagnosis: None,
        untimed: [2.0, 0.5],
        notes: Vec::new(),
    }
}

/// Width and height that a PNG says it has.
fn png_size(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

/// All figures of a summary, drawn both ways, with what any of them must satisfy.
fn drawn(summary: &Summary) -> Vec<(String, String)> {
    let draw = |figure: Box<dyn Figure>| {
        let drawing = figure.draw(summary);
        let (svg, png) = (drawing.svg().expect("an SVG"), drawing.png().expect("a PNG"));
        let (width, height) = png_size(&png);
        assert_eq!(width, 1440, "{}", figure.name());
        assert!(svg.contains(&format!("viewBox=\"0 0 {width} {height}\"")), "{}", figure.name());
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.name());
        assert!(inside(&svg, width, height), "{} has marks outside its edges", figure.name());
        (figure.name(), svg)
    };
    figures::all(summary).into_iter().map(draw).collect()
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
    let expected = ["recall-qps", "coverage-redundancy", "subtopic-recall-recall", "latency", "metric-recall"];
    assert!(expected.iter().all(|name| figures.iter().any(|figure| figure == name)), "{figures:?}");
    for (trials, retrievers) in [(20, 5), (500, 5), (60, 60)] {
        assert_eq!(names(&summary(trials, retrievers)), figures);
    }
}

#[test]
fn a_figure_needs_its_metrics() {
    let mut only = summary(3, 3);
    only.metrics.truncate(1);
    only.rows.iter_mut().for_each(|row| row.estimates.truncate(1));
    only.differences.retain(|difference| difference.metric == 0);
    let names: Vec<String> = drawn(&only).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["recall-qps", "latency", "metric-recall"]);
}

#[test]
fn a_batch_has_no_latencies() {
    let mut batch = summary(3, 3);
    batch.rows.iter_mut().for_each(|row| row.timing.latency = None);
    assert!(drawn(&batch).iter().all(|(name, _)| name != "latency"));
}

#[test]
fn dull_and_odd_values_are_drawn() {
    let set = |estimate: Option<Estimate>, qps: f64, seconds: f64| {
        let mut summary = summary(4, 2);
        for row in &mut summary.rows {
            row.estimates.fill(estimate);
            row.timing.qps = qps;
            let times = vec![seconds; 10];
            row.timing.latency = Some(Latency { seconds: times, percentiles_ms: [0.0; 3], stages_ms: [0.0; 3] });
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
        latency.seconds.fill(0.0);
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
        let figure = figures::all(summary).into_iter().find(|figure| figure.name() == "metric-recall");
        figure.expect("a figure").caption(summary).contains("exploratory")
    };
    assert!(said(&gaps));
    gaps.rows[10..].iter_mut().for_each(|row| row.estimates[0] = None);
    assert!(!said(&gaps), "all ten trials that have a value are drawn");

    let mut crowd = summary(40, 5);
    let bars = |summary: &Summary| {
        let figure = figures::all(summary).into_iter().find(|figure| figure.name() == "recall-qps");
        figure.expect("a figure").caption(summary).contains("95 % intervals")
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
    for (name, svg) in drawn(&long) {
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
            _ => &["is better)"],
        };
        assert!(wanted.iter().all(|title| svg.contains(title)), "{name}");
    }
}

#[test]
fn equal_inputs_make_equal_files() {
    let summary = summary(20, 5);
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = manifest(&summary);
    write(folder.path(), &summary, &manifest).expect("written");
    let first = files(folder.path());
    write(folder.path(), &summary, &manifest).expect("written");
    assert!(first == files(folder.path()), "and nothing is left beside them");
    for name in ["index.html", "tables/summary.md", "tables/summary.tex", "plots/latency.svg", "plots/latency.png"] {
        assert!(first.contains_key(name), "{name}");
    }
}

#[test]
fn only_plots_of_an_earlier_report_are_removed() {
    let mut summary = summary(3, 3);
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &summary, &manifest(&summary)).expect("written");
    let plots = folder.path().join("plots");
    let others = ["mine.svg", "latency.csv", "latency.svg.bak", "metric-recall.txt", "metric-mine.png"];
    for name in others {
        std::fs::write(plots.join(name), "mine").expect("written");
    }
    summary.rows.iter_mut().for_each(|row| row.timing.latency = None);
    write(folder.path(), &summary, &manifest(&summary)).expect("written");
    let names = files(&plots);
    assert!(!names.contains_key("latency.svg") && !names.contains_key("latency.png"));
    assert!(names.contains_key("recall-qps.svg"));
    for name in others {
        assert!(names.contains_key(name), "{name} is not of swath");
    }
}

#[test]
fn what_users_write_is_text_not_markup() {
    let mut summary = summary(2, 2);
    summary.rows[1].point = "<b>&|_%".into();
    let mut manifest = manifest(&summary);
    manifest.config = "name: x # <script>alert(1)</script>\n".into();
    manifest.notes = vec!["<script>note</script>".into()];
    manifest.experiment["name"] = "<script>name</script>".into();
    manifest.dataset.name = "a_b & <c>".into();
    manifest.trials[1].failed = Some("<script>reason</script>".into());
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &summary, &manifest).expect("written");
    let page = std::fs::read_to_string(folder.path().join("index.html")).expect("a page");
    assert!(!page.contains("<script") && !page.contains("<b>"));
    assert_eq!(page.matches("&lt;script&gt;").count(), 5, "title twice, note, reason, config");
    assert!(!page.contains("src=") && !page.contains("<link"), "the page loads nothing");
    let tex = std::fs::read_to_string(folder.path().join("tables/summary.tex")).expect("a table");
    assert!(tex.contains(r"a\_b \& \textless{}c\textgreater{}"), "{tex}");
    assert!(tex.contains(r"\textless{}b\textgreater{}\&\textbar{}\_\%"), "{tex}");
    let markdown = tables::markdown(&summary);
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    let first = markdown.lines().next().map(bars);
    assert!(markdown.lines().all(|line| Some(bars(line)) == first), "{markdown}");
}

#[test]
fn a_file_in_the_way_is_named() {
    let summary = summary(2, 2);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("plots"), "in the way").expect("written");
    let error = write(folder.path(), &summary, &manifest(&summary)).expect_err("no folder can be made");
    assert!(error.to_string().contains("plots"), "{error}");
}
