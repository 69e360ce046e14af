//! Judgements, subtopics, links and groups, in all forms that their files have.

use super::{folder, read};
use serde_json::json;
use swath_datasets::Groups;

fn refused(files: &[(&str, &str)], others: &serde_json::Value) -> String {
    let folder = folder(files);
    read(folder.path(), others.clone()).map(drop).expect_err(&others.to_string())
}

/// The judgements of a file, as rows (query, item, grade).
fn judgements(name: &str, text: &str, others: serde_json::Value) -> Vec<[u32; 3]> {
    let folder = folder(&[(name, text), ("zero.txt", "q0\nq1\n"), ("names.txt", "d0\nobject\nentity\n\"d 3\"\n")]);
    let mut all = json!({ "qrels": name, "query-ids": "zero.txt", "ids": "names.txt" });
    let (Some(all_of), serde_json::Value::Object(others)) = (all.as_object_mut(), others) else { panic!("objects") };
    others.into_iter().for_each(|(key, value)| drop(all_of.insert(key, value)));
    let qrels = read(folder.path(), all).expect(text).qrels.expect("judgements");
    (0..2).flat_map(|query| qrels.of(query as usize).iter().map(move |&(item, grade)| [query, item, grade])).collect()
}

/// Whatever its ids are, a first line is a header only if it names all columns that are needed.
#[test]
fn a_first_line_of_ids_is_a_row() {
    let expected = [[0, 0, 1], [1, 1, 2]];
    for (name, text) in [
        ("a.txt", "q0 0 d0 1\nq1 0 object 2\n"),
        ("a.txt", "q0 Q0 d0 1\nq1 Q0 object 2\n"),
        ("a.tsv", "q0\td0\t1\nq1\tobject\t2\n"),
        ("a.tsv", "q0\tQ0\td0\t1\nq1\tQ0\tobject\t2\n"),
        ("a.csv", "q0,d0,1\nq1,object,2\n"),
        ("a.csv", "q0;d0;1\nq1;object;2\n"),
        ("a.tsv", "query-id\tcorpus-id\tscore\nq0\td0\t1\nq1\tobject\t2\n"),
        ("a.txt", "Topic Q0 DocNo Rel\nq0 0 d0 1\nq1 0 object 2\n"),
    ] {
        assert_eq!(judgements(name, text, json!({})), expected, "{text}");
    }
    let folder = folder(&[
        ("words.txt", "object\nentity\nsource\ntarget\n"),
        ("links.csv", "object,entity\nsource,target\n"),
        ("named.csv", "source,target\nobject,entity\n"),
    ]);
    let links = |file: &str| {
        let dataset = read(folder.path(), json!({ "ids": "words.txt", "links": file })).expect("read");
        (dataset.links.expect("links").edges, dataset.notes)
    };
    assert_eq!(links("links.csv").0, [[0, 1], [2, 3]]);
    // Nobody can know: it is told.
    let (edges, notes) = links("named.csv");
    assert_eq!(edges, [[0, 1]]);
    let note = "the first line of named.csv is read as the names of its columns, though the dataset has such ids, too";
    assert!(notes.iter().any(|other| other == note), "{notes:?}");
}

/// A first line that is no row, and names only some columns, is a header that lacks the others.
#[test]
fn a_header_that_lacks_a_column_is_named_as_such() {
    for (key, name, text, expected) in [
        (
            "qrels",
            "a.csv",
            "query-id,foo,score\nq1,a,1\n",
            "its columns are query-id, foo, score; expected a column `corpus-id` or ",
        ),
        ("subtopics", "a.csv", "query,item,about\nq1,a,1\n", "its columns are query, item, about; expected a column"),
        ("links", "a.csv", "source,foo\na,b\n", "its columns are source, foo; expected a column `target` or `to`"),
        ("groups", "a.csv", "item,foo\na,b\n", "its columns are item, foo; expected a column `group` or `group_id`"),
    ] {
        let message = refused(&[(name, text)], &json!({ key: name }));
        assert!(message.starts_with(&format!("a.csv: the header: {expected}")), "{message}");
    }
}

/// Between tabs a quote counts only around a whole field.
#[test]
fn quotes_between_tabs_are_read_alike_in_every_file() {
    let folder = folder(&[
        (
            "texts.tsv",
            "id\ttext\nd1\t\"Hello\" he said 1\nd2\t\"open\n\"d \"\"3\"\"\"\t\"a\ttab\"\nd4\t\"Hello\" and \"bye\"\n",
        ),
        ("qrels.tsv", "q1\t\"d \"\"3\"\"\"\t2\nq2\td1\t1\n"),
        ("links.tsv", "\"d1\"\td2\n\"d \"\"3\"\"\"\td4\n"),
        ("groups.tsv", "d1\t\"west\nd2\t\"east side\"\n"),
    ]);
    let of = |column: &str| json!({ "file": "texts.tsv", "part": column });
    let dataset = read(
        folder.path(),
        json!({ "ids": of("id"), "texts": of("text"), "qrels": "qrels.tsv", "links": "links.tsv", "groups": "groups.tsv" }),
    );
    let dataset = dataset.expect("read");
    let texts: Vec<String> = dataset.train_labels.texts.expect("texts").iter().map(str::to_owned).collect();
    assert_eq!(texts, ["\"Hello\" he said 1", "\"open", "a\ttab", "\"Hello\" and \"bye\""]);
    assert_eq!(dataset.train_labels.ids.expect("ids").get(2), "d \"3\"");
    assert_eq!(dataset.qrels.expect("judgements").of(0), [(2, 2)]);
    assert_eq!(dataset.links.expect("links").edges, [[0, 1], [2, 3]]);
    assert_eq!(dataset.groups, [Groups::of_labels("", ["\"west", "east side", "", ""])]);
    let broken = refused(&[("texts.tsv", "id\ttext\na\t\"two\nlines\"\n")], &json!({ "texts": of("text") }));
    assert!(
        broken.starts_with("texts.tsv: row 1 (line 3): it has 1 field; expected 2, as the first line has"),
        "{broken}"
    );
}

/// A value for each base vector: lines, a column that is named, or the only one.
#[test]
fn groups_may_be_a_value_for_each_base_vector() {
    let folder = folder(&[
        ("lines.txt", "0 stars\n1 stars\n\n0 stars\n"),
        ("plain.csv", "New York\n\"\"\nBern\nBern\n"),
        ("headed.csv", "brand\nNew York\n\"\"\nBern\nBern\n"),
        ("usual.tsv", "Group\nNew York\n\"\"\nBern\nBern\n"),
        ("column.csv", "id,city\na,New York\nb,\nc,Bern\nd,Bern\n"),
        ("objects.jsonl", "{\"city\": \"New York\"}\n{}\n{\"city\": \"Bern\"}\n{\"city\": \"Bern\"}\n"),
        ("pairs.csv", "0,New York\n3,Bern\n2,Bern\n3,Bern\n"),
    ]);
    let of = |file: serde_json::Value| {
        let all = json!({ "groups": { "city": file }, "ids": null });
        let dataset = read(folder.path(), all).expect("read");
        (dataset.groups, dataset.notes)
    };
    let cities = [Groups::of_labels("city", ["New York", "", "Bern", "Bern"])];
    assert_eq!(of(json!("lines.txt")).0, [Groups::of_labels("city", ["0 stars", "1 stars", "", "0 stars"])]);
    for file in [
        json!("plain.csv"),
        json!("headed.csv"),
        json!("usual.tsv"),
        json!({ "file": "column.csv", "column": "city" }),
        json!({ "file": "objects.jsonl", "part": "city" }),
        json!("pairs.csv"),
    ] {
        assert_eq!(of(file.clone()).0, cities, "{file}");
    }
    let has = |file: &str, note: &str| {
        let notes = of(json!(file)).1;
        assert!(notes.iter().any(|other| other == note), "{notes:?}");
    };
    has("headed.csv", "the first line of headed.csv, `brand`, is read as the name of its column");
    has("pairs.csv", "1 row in pairs.csv is there twice, in lines 2 and 4: it counts once");
    assert!(!of(json!("usual.tsv")).1.iter().any(|note| note.contains("usual.tsv")));
    for (name, text, found) in [("a.txt", "x\ny\n", 2), ("a.csv", "x\ny\n", 2), ("a.csv", "group\nx\ny\nz\n", 3)] {
        let message = refused(&[(name, text)], &json!({ "groups": name }));
        assert_eq!(message, format!("{name}: `groups`: it has {found} values; expected 4, one for each base vector"));
    }
}

/// The only column of a Parquet file, and judgements whose grades are fractions, as pandas writes them (`make.py`).
#[test]
fn parquet_tables_may_have_one_column_or_fractions() {
    let folder = folder(&[("names.txt", "100\n101\n102\n103\n"), ("queries.txt", "7\n8\n")]);
    for name in ["groups-one-column.parquet", "grades-floats.parquet", "grades-halves.parquet"] {
        let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arrays").join(name);
        std::fs::copy(fixture, folder.path().join(name)).expect("copied");
    }
    let all = json!({
        "ids": "names.txt", "query-ids": "queries.txt", "qrels": "grades-floats.parquet",
        "groups": "groups-one-column.parquet",
    });
    let dataset = read(folder.path(), all).expect("read");
    let qrels = dataset.qrels.expect("judgements");
    assert_eq!((qrels.of(0), qrels.of(1)), (&[(0, 1), (1, 2)][..], &[(3, 0)][..]));
    assert_eq!(dataset.groups, [Groups::of_labels("", ["east", "", "west", "east"])]);
    let halves = json!({ "ids": "names.txt", "query-ids": "queries.txt", "qrels": "grades-halves.parquet" });
    let message = read(folder.path(), halves).map(drop).expect_err("a half");
    assert!(
        message.starts_with("grades-halves.parquet: row 1: the grade is `1.5`; expected a whole number"),
        "{message}"
    );
}

#[test]
fn tables_that_are_wrong_are_refused_with_place_and_count() {
    let twice = "query `q1`, document `a` and subtopic `1` have grade 1 in the first and 0 in the second";
    let trec = "expected TREC's `topic iteration document grade`";
    let no_rows = "the table: it has no rows; expected at least one; ";
    for (key, name, text, expected) in [
        (
            "subtopics",
            "a.txt",
            "q1 1 a 1\nq1 1 a 0\nq2 1 a 1\nq2 1 a 2\n",
            format!("lines 1 and 2: {twice} (the first of 2 like it)"),
        ),
        (
            "subtopics",
            "a.txt",
            "q1 1 a x\nq1 1 b y\n",
            "line 1: the grade is `x` (the first of 2 like it); expected".into(),
        ),
        ("qrels", "a.txt", "q1 0 a 2 1\n", format!("line 1: it has 5 fields between spaces; {trec}")),
        (
            "qrels",
            "a.txt",
            "q1 0 a 2\nq1 0 b c 1\nq1 0 b d 1\n",
            format!("line 2: it has 5 fields between spaces (the first of 2 like it); {trec}"),
        ),
        (
            "qrels",
            "a.tsv",
            "query-id\tcorpus-id\tscore\nq1\ta\t1\t7\n",
            format!("line 2: it has 4 fields between tabs; {trec}"),
        ),
        ("qrels", "a.tsv", "q1\t0\ta\t1\nq1 0 b 1\n", format!("line 2: it has 1 field between tabs; {trec}")),
        ("qrels", "a.txt", "q1;0;a;1\n", format!("line 1: it has 1 field between spaces; {trec}")),
        (
            "links",
            "a.csv",
            "a,b\na,c,near\n",
            "line 2: it has 3 fields between commas; expected `source,target`".into(),
        ),
        ("qrels", "a.txt", "", format!("{no_rows}TREC's")),
        ("qrels", "a.txt", " \n\t\n", format!("{no_rows}TREC's")),
        ("qrels", "a.tsv", "query-id\tcorpus-id\tscore\n", format!("{no_rows}TREC's")),
        ("subtopics", "a.txt", "\n", format!("{no_rows}TREC's")),
        ("subtopics", "a.json", "[]", "the file: it has no nuggets; expected for each query".into()),
        ("subtopics", "a.json", r#"{"query_id": "q1", "nuggets": []}"#, "the file: it has no nuggets".into()),
        ("links", "a.csv", "source,target\n", format!("{no_rows}`source,target`")),
        ("links", "a.csv", "", format!("{no_rows}`source,target`")),
        ("groups", "a.csv", "item,group\n", format!("{no_rows}`item,group`")),
        ("groups", "a.csv", "", format!("{no_rows}`item,group`")),
        ("groups", "a.csv", "x,east\na,east\na,west\n", "lines 2 and 3: `a` belongs to `east`".into()),
    ] {
        let message = refused(&[(name, text)], &json!({ key: name }));
        assert!(message.starts_with(&format!("{name}: {expected}")), "{text}\n{message}\n{expected}");
    }
    // A separator at the end of a line is no field.
    assert_eq!(judgements("a.tsv", "q0\t0\td0\t1\t\nq1\t0\tobject\t2\t\n", json!({})), [[0, 0, 1], [1, 1, 2]]);
}

#[test]
fn a_part_of_a_table_is_refused_and_so_is_what_stands_beside_a_file() {
    let text = [("a.csv", "q1,a,1\n"), ("l.csv", "a,b\n")];
    for (key, file) in [("qrels", "a.csv"), ("subtopics", "a.csv"), ("links", "l.csv")] {
        let message = refused(&text, &json!({ key: { "file": file, "part": "nonsense" } }));
        let expected = "it names the part `nonsense`; expected the file alone: its columns are found by their names";
        assert_eq!(message, format!("{file}: `{key}`: {expected}"));
    }
    for kind in ["", "a/b", "."] {
        let message = refused(&[("g.csv", "a,east\n")], &json!({ "groups": { kind: "g.csv" } }));
        assert!(
            message.starts_with(&format!("g.csv: `groups`: a kind of groups is called `{kind}`; expected")),
            "{message}"
        );
    }
}

/// The nuggets of a query go on from its earlier entry.
#[test]
fn entries_of_one_query_have_different_nuggets() {
    let text = r#"[{"query_id": "q1", "nuggets": [{"docs": ["a"]}, {"docs": ["b"]}]}, {"query_id": "q2", "nuggets": [{"docs": ["d"]}]},
        {"query_id": "q1", "nuggets": [{"docs": ["c"]}, {"docs": []}]}]"#;
    let folder = folder(&[("n.json", text)]);
    let dataset = read(folder.path(), json!({ "subtopics": "n.json" })).expect("read");
    let subtopics = dataset.subtopics.expect("subtopics");
    assert_eq!((subtopics.of(0), subtopics.of(1)), (&[(0, 0), (1, 1), (2, 2)][..], &[(3, 0)][..]));
    let note = "1 of 5 nuggets in n.json has no document in the dataset: it is left out";
    assert!(dataset.notes.iter().any(|other| other == note), "{:?}", dataset.notes);
}

/// Subtopics of a file of their own are not looked for among the judgements.
#[test]
fn a_varying_iteration_is_not_told_where_subtopics_have_a_file() {
    let folder = folder(&[("qrels.txt", "q1 1 a 1\nq1 2 b 1\n"), ("subtopics.txt", "q1 7 a 1\n")]);
    let dataset = read(folder.path(), json!({ "qrels": "qrels.txt", "subtopics": "subtopics.txt" })).expect("read");
    assert_eq!(dataset.subtopics.expect("subtopics").of(0), [(0, 7)]);
    assert!(!dataset.notes.iter().any(|note| note.contains("second column")), "{:?}", dataset.notes);
}
