//! The page in a browser, used as a reader uses it; skipped where there is no Chromium, unless `SWATH_REQUIRE` names it.

mod support;

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use support::{stderr, stdout, swath, write_datasets};
use swath_algorithms::Distance;
use swath_datasets::{Subtopics, ann_benchmarks};

const EXPERIMENT: &str = "
name: small
dataset: rich.hdf5
k: 5
seed: 7
retrievers:
  - { name: top-k, candidates: { exact: { pool: 20 } }, select: top-k }
  - { name: mmr, candidates: { exact: { pool: 20 } }, select: { mmr: { lambda: [0.1, 0.3, 0.7] } } }
  - { name: facility-location, candidates: { exact: { pool: 20 } }, select: facility-location }
  - { name: best, candidates: { exact: { pool: 20 } }, select: { xquad: { lambda: 0.5 } } }
";

/// The page of a small run.
fn page(folder: &Path) -> String {
    write_datasets(folder);
    std::fs::write(folder.join("small.yaml"), EXPERIMENT).expect("written");
    let run = swath(folder, &["run", "small.yaml"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    std::fs::read_to_string(folder.join("reports/small/index.html")).expect("a page")
}

/// What Chromium makes of a page: its elements as text, and what it said on the console.
fn open(chromium: &str, folder: &Path, page: &str, width: u32) -> (String, String) {
    let file = folder.join("opened.html");
    std::fs::write(&file, page).expect("written");
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--disable-quic", "--enable-logging=stderr"])
        .args(["--virtual-time-budget=10000", "--dump-dom", &format!("--window-size={width},900")])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("Chromium runs");
    let console = stderr(&output).lines().filter(|line| line.contains("CONSOLE")).collect::<Vec<_>>().join("\n");
    (stdout(&output), console)
}

/// Lets `drive.js` use a page; what it saw.
fn drive(chromium: &str, folder: &Path, page: &str, width: u32) -> (Value, String) {
    let watch = "<head><script>window.swathErrors = []; addEventListener(\"error\", (e) => swathErrors.push(e.message)); \
                 console.error = (...said) => swathErrors.push(said.join(\" \"));</script>";
    let driver = format!("<script>{}</script></body>", include_str!("page/drive.js"));
    let driven = page.replacen("<head>", watch, 1).replace("</body>", &driver);
    let (dom, console) = open(chromium, folder, &driven, width);
    let seen = dom.split("<pre id=\"seen\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    let seen = seen.unwrap_or_else(|| panic!("the driver ran to its end: {console}\n{dom}"));
    let seen = seen.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    (serde_json::from_str(&seen).expect("JSON"), console)
}

#[test]
fn a_reader_turns_plots_sorts_tables_and_looks_into_queries() {
    let Some(chromium) = support::program("chromium", &["chromium", "chromium-browser", "google-chrome"]) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let page = page(folder.path());
    for width in [1280, 400] {
        let (seen, console) = drive(chromium, folder.path(), &page, width);
        assert_eq!((seen["errors"].as_array().map(Vec::len), console.as_str()), (Some(0), ""), "{seen:#}");
        let is = |name: &str, expected: Value| assert_eq!(seen[name], expected, "{name} at {width}: {seen:#}");
        is("hidden", 0.into());
        assert!(seen["overflow"].as_i64() <= Some(0), "nothing stands out at the side of {width} pixels: {seen:#}");
        // Axes.
        let titles = |i: usize| serde_json::to_string(&seen["titles"][i]).expect("JSON");
        assert!(titles(0).contains("recall (higher is better)") && !titles(0).contains("coverage"), "{seen:#}");
        assert!(titles(1).contains("coverage (higher is better)"), "{seen:#}");
        for name in ["moved", "logarithmic", "next", "said", "sortable"] {
            is(name, true.into());
        }
        // Hover and focus say the trial, its values and its parameters.
        let hovered = seen["hovered"].as_str().expect("text").split(':').next().expect("a label");
        let hover = seen["hover"].as_str().expect("text");
        assert!(
            hover.starts_with(hovered) && hover.contains("coverage 0.") && hover.contains("\"candidates\""),
            "{hover}"
        );
        // Retrievers: all but the oracle, without mmr's three trials, without any, with all.
        is("marks", serde_json::json!([5, 2, 0, 6]));
        // Tables: falling, rising, as before.
        is("sorts", serde_json::json!(["descending", "ascending", null]));
        let column = |i: usize| -> Vec<f64> {
            let cells = seen["columns"][i].as_array().expect("cells").iter();
            cells.map(|cell| cell.as_str().expect("text").trim().parse().expect("a number")).collect()
        };
        assert!(column(1).is_sorted_by(|a, b| a >= b) && column(2).is_sorted(), "{seen:#}");
        assert!(column(0) == column(3) && !column(0).is_sorted() && column(0).len() == 6, "{seen:#}");
        // Queries.
        is("queries", 12.into());
        is(
            "cards",
            serde_json::json!([["top-k", 5], ["mmr (lambda=0.7)", 5], ["facility-location", 5], ["best (oracle)", 5]]),
        );
        assert!(seen["about"][0] != seen["about"][1] && seen["about"][1] != seen["about"][2], "{seen:#}");
        is("map", serde_json::json!([5, true]));
        assert!(seen["lit"].as_u64() >= Some(1) && seen["chips"].as_u64() >= Some(1), "{seen:#}");
    }
    // The test can fail: a broken page is seen to be one.
    let broken = page.replace("document.getElementById(\"explore-plot\")", "null");
    let (seen, _) = drive(chromium, folder.path(), &broken, 1280);
    assert!(seen["errors"].as_array().map(Vec::len) > Some(0), "{seen:#}");
}

/// On a logarithmic axis nothing stands for what is not above 0, and intervals that reach there are cut.
#[test]
fn what_a_logarithmic_axis_cannot_show_is_left_out_and_counted() {
    const DRIVER: &str = "<script>
        const y = document.getElementById('explore-y');
        y.value = [...y.options].find((option) => option.text === 'coverage').value;
        y.dispatchEvent(new Event('change', { bubbles: true }));
        document.getElementById('explore-y-log').click();
        const plot = document.getElementById('explore-plot');
        const seen = {
          marks: plot.querySelectorAll('.mark').length,
          whiskers: plot.querySelectorAll('.whisker').length,
          odd: (plot.innerHTML.match(/NaN|Infinity/g) ?? []).length,
          said: document.getElementById('explore-said').textContent,
        };
        document.body.append(Object.assign(document.createElement('pre'), { id: 'seen', textContent: JSON.stringify(seen) }));
        </script></body>";
    let Some(chromium) = support::program("chromium", &["chromium", "chromium-browser", "google-chrome"]) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let page = page(folder.path());
    let (head, rest) = page.split_once("id=\"swath-data\">").expect("data");
    let (data, tail) = rest.split_once("</script>").expect("an end");
    let mut data: Value = serde_json::from_str(data).expect("JSON");
    let at = |name: &str| data["measures"].as_array().expect("measures").iter().position(|m| m["name"] == name);
    let (recall, coverage) = (at("recall").expect("measured"), at("coverage").expect("measured"));
    // Beside recall, without intervals: two that have no place, and two whose intervals reach 0 or below.
    let values = ["[0, -0.1, 0.1]", "[-0.2]", "[0.2, 0, 0.4]", "[0.1, -0.2, 0.3]", "[0.3, 0.2, 0.4]", "null"];
    for (trial, value) in data["trials"].as_array_mut().expect("trials").iter_mut().zip(values) {
        trial["v"][recall] = serde_json::json!([0.5]);
        trial["v"][coverage] = serde_json::from_str(value).expect("JSON");
    }
    let page = format!("{head}id=\"swath-data\">{data}</script>{tail}").replace("</body>", DRIVER);
    let (dom, console) = open(chromium, folder.path(), &page, 1280);
    assert_eq!(console, "");
    let seen = dom.split("<pre id=\"seen\">").nth(1).and_then(|rest| rest.split("</pre>").next()).expect("seen");
    let seen: Value = serde_json::from_str(seen).expect("JSON");
    assert_eq!((&seen["marks"], &seen["whiskers"], &seen["odd"]), (&3.into(), &3.into(), &0.into()), "{seen:#}");
    let said = seen["said"].as_str().expect("text");
    let expected = "3 trials, 3 not shown, 2 of them because a logarithmic scale shows only values above 0. ";
    assert!(said.starts_with(expected), "{said}");
}

/// The least number above 0 alone beside 0, and the largest: no axis breaks, on either scale.
#[test]
fn the_least_and_the_largest_numbers_have_axes() {
    const DRIVER: &str = "<script>
        for (const name of ['x', 'y']) {
          const choice = document.getElementById(`explore-${name}`);
          choice.value = [...choice.options].find((option) => option.text === (name === 'x' ? 'recall' : 'coverage')).value;
          choice.dispatchEvent(new Event('change', { bubbles: true }));
        }
        const plot = document.getElementById('explore-plot');
        const seen = [0, 1].map((log) => {
          if (log) document.getElementById('explore-y-log').click();
          return [plot.querySelectorAll('.mark').length, plot.querySelectorAll('.grid').length > 0,
            (plot.innerHTML.match(/NaN|Infinity/g) ?? []).length];
        });
        document.body.append(Object.assign(document.createElement('pre'), { id: 'seen', textContent: JSON.stringify(seen) }));
        </script></body>";
    let Some(chromium) = support::program("chromium", &["chromium", "chromium-browser", "google-chrome"]) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let page = page(folder.path());
    let (head, rest) = page.split_once("id=\"swath-data\">").expect("data");
    let (data, tail) = rest.split_once("</script>").expect("an end");
    let data: Value = serde_json::from_str(data).expect("JSON");
    let at = |name: &str| data["measures"].as_array().expect("measures").iter().position(|m| m["name"] == name);
    let (recall, coverage) = (at("recall").expect("measured"), at("coverage").expect("measured"));
    for (values, marks) in [(["5e-324", "0"], [5, 0]), (["-5e-324", "5e-324"], [5, 0]), (["1.7e308", "1"], [2, 2])] {
        let mut data = data.clone();
        for (i, trial) in data["trials"].as_array_mut().expect("trials").iter_mut().enumerate() {
            let value: Value = serde_json::from_str(&format!("[{}]", values[i % 2])).expect("JSON");
            trial["v"][recall] = serde_json::json!([0.5]);
            trial["v"][coverage] = value;
        }
        let page = format!("{head}id=\"swath-data\">{data}</script>{tail}").replace("</body>", DRIVER);
        let (dom, console) = open(chromium, folder.path(), &page, 1280);
        assert_eq!(console, "", "{values:?}");
        let seen = dom.split("<pre id=\"seen\">").nth(1).and_then(|rest| rest.split("</pre>").next()).expect("seen");
        let seen: Value = serde_json::from_str(seen).expect("JSON");
        assert_eq!(seen, serde_json::json!([[marks[0], true, 0], [marks[1], true, 0]]), "{values:?}");
    }
}

/// Says of every query how its items are marked, and opens the first long text.
const JUDGED: &str = "<script>
        const choose = document.getElementById('query');
        const seen = { overflow: document.documentElement.scrollWidth - window.innerWidth, queries: [] };
        for (const option of choose.options) {
          choose.value = option.value;
          choose.dispatchEvent(new Event('change', { bubbles: true }));
          seen.queries.push({
            name: option.text,
            about: document.getElementById('query-about').textContent,
            rings: document.querySelectorAll('#query-map .ring').length,
            items: [...document.querySelectorAll('#query-lists li')].map((li) => [li.firstChild.textContent,
              li.querySelector('.grade')?.className, li.querySelector('.grade')?.textContent, li.className,
              li.querySelector('.words').tagName]),
            cards: [...document.querySelectorAll('#query-lists .card p')].map((p) => p.textContent),
          });
        }
        const summary = document.querySelector('#query-lists summary');
        const details = summary.parentElement;
        summary.focus();
        seen.focus = document.activeElement === summary;
        seen.closed = [details.open, details.innerText.length];
        summary.click();
        seen.opened = [details.open, details.innerText.length];
        seen.legend = document.querySelector('.legend').textContent;
        document.body.append(Object.assign(document.createElement('pre'), { id: 'seen', textContent: JSON.stringify(seen) }));
        </script></body>";

/// The page of a run of judged items. Every third item is relevant and every third is not; nobody judged the others, nor anything for the last query. Texts of even
/// items are long.
fn judged_page(folder: &Path) -> String {
    let mut dataset = support::dataset(Distance::Angular, true);
    let judged = (0..11_u32).flat_map(|query| (0..60).map(move |item| [query, item, 2 * u32::from(item % 3 == 0)]));
    dataset.qrels = Some(Subtopics::new(12, judged.filter(|row| row[1] % 3 < 2).collect()));
    dataset.subtopics = None;
    let text = |item: usize| if item.is_multiple_of(2) { "a long text ".repeat(60) } else { "a short text".to_owned() };
    dataset.train_labels.texts = Some((0..60).map(text).collect());
    ann_benchmarks::write(&folder.join("judged.hdf5"), &dataset).expect("written");
    let experiment = EXPERIMENT.replace("rich", "judged").replace("k: 5", "k: 5\nsplit: { tune: 0.5 }");
    let (experiment, _) = experiment.split_once("  - { name: best").expect("an oracle");
    std::fs::write(folder.join("small.yaml"), experiment).expect("written");
    let run = swath(folder, &["run", "small.yaml"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    std::fs::read_to_string(folder.join("reports/small/index.html")).expect("a page")
}

#[test]
fn judged_items_are_marked_and_long_texts_can_be_opened() {
    let Some(chromium) = support::program("chromium", &["chromium", "chromium-browser", "google-chrome"]) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let page = judged_page(folder.path());
    assert!(
        page.contains("best mean ndcg-qrels on the queries for choosing"),
        "points are chosen by what people judged"
    );
    for width in [1280, 400] {
        let (dom, console) = open(chromium, folder.path(), &page.replace("</body>", JUDGED), width);
        assert_eq!(console, "");
        let seen = dom.split("<pre id=\"seen\">").nth(1).and_then(|rest| rest.split("</pre>").next()).expect("seen");
        let seen: Value = serde_json::from_str(seen).expect("JSON");
        assert!(seen["overflow"].as_i64() <= Some(0), "{seen:#}");
        let queries = seen["queries"].as_array().expect("queries");
        assert_eq!(queries.len(), 12);
        assert!(queries.iter().any(|query| query["rings"].as_u64() > Some(0)), "{seen:#}");
        for query in queries {
            let is_judged = query["name"] != "query 11";
            let about = query["about"].as_str().expect("text");
            assert_eq!(about.contains(", 20 judged relevant"), is_judged, "{query:#}");
            // A ring for each relevant item on the map, which the retrievers need not have found.
            let has_hit = query["items"].as_array().expect("items")[..5].iter().any(|item| item[3] == "hit");
            assert!(
                if is_judged { !has_hit || query["rings"].as_u64() > Some(0) } else { query["rings"] == 0 },
                "{query:#}"
            );
            let items = query["items"].as_array().expect("items");
            assert_eq!(items.len(), 15);
            for item in items {
                let name = item[0].as_str().expect("a name");
                let id: usize = name.strip_prefix("item ").and_then(|id| id.parse().ok()).expect("an item");
                let expected = match id % 3 {
                    _ if !is_judged => serde_json::json!([name, null, null, ""]),
                    0 => serde_json::json!([name, "grade relevant", "grade 2", "hit"]),
                    1 => serde_json::json!([name, "grade irrelevant", "grade 0", ""]),
                    _ => serde_json::json!([name, "grade unjudged", "not judged", ""]),
                };
                assert_eq!(item.as_array().map(|parts| &parts[..4]), expected.as_array().map(|parts| &parts[..]));
                assert_eq!(item[4], if id.is_multiple_of(2) { "DETAILS" } else { "DIV" });
            }
            let hits = items[..5].iter().filter(|item| item[3] == "hit").count();
            let card = query["cards"][0].as_str().expect("text");
            assert_eq!(card.contains(&format!("{hits} relevant, of 20")), is_judged, "{card}");
        }
        assert_eq!(
            (&seen["focus"], &seen["closed"][0], &seen["opened"][0]),
            (&true.into(), &false.into(), &true.into())
        );
        let length = |name: &str| seen[name][1].as_u64().expect("a length");
        assert!(length("closed") <= 100 && length("opened") >= 700, "{seen:#}");
        assert!(seen["legend"].as_str().is_some_and(|legend| legend.contains("judged not relevant")));
    }
}

#[test]
fn the_page_of_several_runs_works() {
    let Some(chromium) = support::program("chromium", &["chromium", "chromium-browser", "google-chrome"]) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    page(folder.path());
    let again = swath(folder.path(), &["run", "small.yaml", "--out", "again"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    let both = swath(folder.path(), &["report", "reports/small", "again", "--out", "both"]);
    assert_eq!(both.status.code(), Some(0), "{}", stderr(&both));
    let page = std::fs::read_to_string(folder.path().join("both/index.html")).expect("a page");
    let (dom, console) = open(chromium, folder.path(), &page, 1280);
    assert_eq!(console, "");
    // The marks of both runs: classes of groups are `mark few`, as there are no more than 40.
    assert_eq!(dom.matches("class=\"mark few\"").count(), 10);
    assert!(!dom.contains("id=\"explore\" hidden") && dom.contains("class=\"sort\""), "the script ran");
}

#[test]
fn without_scripts_figures_and_tables_are_there() {
    let Some(chromium) = support::program("chromium", &["chromium", "chromium-browser", "google-chrome"]) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let page = page(folder.path());
    let policy = "<head><meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'none'\">";
    let (dom, _) = open(chromium, folder.path(), &page.replacen("<head>", policy, 1), 1280);
    assert_eq!(dom.matches("hidden=\"\"").count(), 2, "what only a script can do is not shown");
    assert!(dom.contains("Without scripts") && dom.contains("<h2>Verdict</h2>"));
    assert!(dom.matches("<figure").count() >= 10 && dom.matches("<table").count() >= 4);
    assert!(!dom.contains("class=\"sort\""), "no button that does nothing");
}
