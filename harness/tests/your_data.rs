//! docs/your-data.md, followed from top to bottom as a newcomer would: the files that it speaks of are made, and every command is run.

#[path = "../../datasets/tests/fetch/server.rs"]
#[allow(dead_code, reason = "the tests of swath-datasets need more of it")]
mod server;
mod support;

use parquet::data_type::{ByteArray, ByteArrayType, FloatType};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use server::{Reply, Server};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use support::{stderr, stdout};
use swath_algorithms::random::{below, stream};

const DIM: usize = 16;
const DOCUMENTS: usize = 300;
const QUERIES: usize = 20;

/// Rows around 20 centres: row i around centre i modulo 20.
fn vectors(rows: usize, part: u64) -> Vec<f32> {
    let value = |random: &mut _| below(random, 2001) as f32 / 1000.0 - 1.0;
    let mut random = stream(1, "centres", 0);
    let centres: Vec<f32> = (0..20 * DIM).map(|_| value(&mut random)).collect();
    let mut random = stream(1, "rows", part);
    (0..rows * DIM).map(|i| centres[i % (20 * DIM)] + 0.4 * value(&mut random)).collect()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// What `numpy.save` writes.
fn npy(values: &[f32]) -> Vec<u8> {
    let dict = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {DIM}), }}", values.len() / DIM);
    let header = format!("{dict:<117}\n");
    [b"\x93NUMPY\x01\x00\x76\x00".as_slice(), header.as_bytes(), &bytes(values)].concat()
}

fn fbin(values: &[f32]) -> Vec<u8> {
    let shape = [values.len() / DIM, DIM].map(|size| u32::try_from(size).expect("small").to_le_bytes());
    [shape.concat(), bytes(values)].concat()
}

/// A Parquet file with the columns `_id`, `text` and `embedding`.
fn parquet(values: &[f32], prefix: &str) -> Vec<u8> {
    const SCHEMA: &str = "message m { required binary _id (UTF8); required binary text (UTF8);
        required group embedding (LIST) { repeated group list { required float element; } } }";
    let schema = Arc::new(parse_message_type(SCHEMA).expect("a schema"));
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).expect("a file");
    let mut group = file.next_row_group().expect("a group");
    let rows = values.len() / DIM;
    for text in ["", "text of "] {
        let texts: Vec<ByteArray> = (0..rows).map(|i| format!("{text}{prefix}{i}").as_str().into()).collect();
        let mut column = group.next_column().expect("no error").expect("a column");
        column.typed::<ByteArrayType>().write_batch(&texts, None, None).expect("written");
        column.close().expect("closed");
    }
    let begins: Vec<i16> = (0..values.len()).map(|i| i16::from(i % DIM > 0)).collect();
    let mut column = group.next_column().expect("no error").expect("a column");
    column.typed::<FloatType>().write_batch(values, Some(&vec![1; values.len()]), Some(&begins)).expect("written");
    column.close().expect("closed");
    group.close().expect("closed");
    file.into_inner().expect("written")
}

/// A line for each number.
fn lines(count: usize, mut line: impl FnMut(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, i| {
        let _ = writeln!(text, "{}", line(i));
        text
    })
}

/// The files that the page speaks of. Judgements are of the documents around the centre of a query.
fn write_files(folder: &Path) {
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, content).expect("written");
    };
    let (documents, queries) = (vectors(DOCUMENTS, 0), vectors(QUERIES, 1));
    for (name, values) in [("docs", &documents), ("queries", &queries)] {
        write(&format!("{name}.npy"), &npy(values));
        write(&format!("scifact-{name}.npy"), &npy(values));
        write(&format!("{name}.fbin"), &fbin(values));
        write(&format!("{name}.parquet"), &parquet(values, &name[..1]));
    }
    let text = |i| format!("{{\"_id\": \"d{i}\", \"title\": \"title {i}\", \"text\": \"text of d{i}\"}}");
    let corpus = lines(DOCUMENTS, text);
    write("docs.jsonl", corpus.as_bytes());
    write("scifact/corpus.jsonl", corpus.as_bytes());
    let asked = lines(QUERIES, |i| format!("{{\"_id\": \"q{i}\", \"text\": \"question {i}\"}}"));
    write("scifact/queries.jsonl", asked.as_bytes());
    write("query-ids.txt", lines(QUERIES, |i| format!("q{i}")).as_bytes());
    let of = |i: usize| (i % QUERIES, i % QUERIES + 20 * (i / QUERIES));
    let judged = |i| {
        let (query, document) = of(i);
        format!("q{query}\td{document}\t{}", 1 + i % 2)
    };
    let judgements = format!("query-id\tcorpus-id\tscore\n{}", lines(5 * QUERIES, judged));
    write("test.tsv", judgements.as_bytes());
    write("scifact/qrels/test.tsv", judgements.as_bytes());
    // Two programs that list the judged documents and others, the first with ranks from 0.
    for (file, step, first) in [("reranker.trec", 41, 0), ("bm25.trec", 7, 1)] {
        let listed = |i: usize| {
            let (query, rank) = (i / 60, i % 60);
            format!("q{query} Q0 d{} {} {} x", (query + step * rank) % DOCUMENTS, rank + first, 100 - rank)
        };
        write(file, lines(60 * QUERIES, listed).as_bytes());
    }
    let covered = |i| {
        let (query, document) = of(i);
        format!("q{query} {} d{document} 1", i / QUERIES % 3)
    };
    write("subtopics.txt", lines(6 * QUERIES, covered).as_bytes());
    let link = |i| format!("d{i},d{},cites", (i + 20) % DOCUMENTS);
    write("links.csv", format!("source,target,relation\n{}", lines(DOCUMENTS, link)).as_bytes());
    let site = |i| format!("d{i},site {}", i % 7);
    write("sites.csv", format!("item,group\n{}", lines(DOCUMENTS, site)).as_bytes());
}

/// A server on localhost in place of ann-benchmarks' host, with a catalogue in `known` that says so.
fn serve(folder: &Path) -> Server {
    support::write_datasets(folder);
    let content = std::fs::read(folder.join("plain.hdf5")).expect("read");
    let server = Server::new(move |_, request| Reply::ranged(request, &content, "\"a\""));
    std::fs::create_dir(folder.join("known")).expect("made");
    let catalogue = format!("glove-100-angular: {{ url: '{}' }}\n", server.url("glove-100-angular.hdf5"));
    std::fs::write(folder.join("known/catalogue.yaml"), catalogue).expect("written");
    server
}

/// The page's blocks of code in their order, each with its language.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let code = page.split("\n```").skip(1).step_by(2);
    code.filter_map(|block| block.split_once('\n')).collect()
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    command.args(arguments).current_dir(folder).env("SWATH_DATA", folder.join("known"));
    command.env("SWATH_CACHE", folder.join(".cache")).env("XDG_DATA_HOME", folder.join(".data"));
    for proxy in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(proxy);
    }
    command.output().expect("the program runs")
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/your-data.md");
    std::fs::read_to_string(path).expect("the page")
}

#[test]
fn every_command_of_the_page_runs_as_it_stands_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    write_files(here);
    let server = serve(here);
    let page = page();
    let (mut commands, mut experiments, mut shown) = (Vec::new(), Vec::new(), String::new());
    for (language, block) in blocks(&page) {
        match language {
            "yaml" => {
                // The first line names the file.
                let name = block.lines().next().and_then(|line| line.strip_prefix("# ")).expect("the name of a file");
                let path = here.join(name);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                std::fs::write(path, block).expect("written");
                experiments.push(name);
            }
            "sh" => {
                for line in block.lines().filter(|line| !line.is_empty()) {
                    let arguments: Vec<&str> = line.split(' ').collect();
                    assert_eq!(arguments[0], "swath", "{line}");
                    let output = run(here, &arguments[1..]);
                    assert_eq!(output.status.code(), Some(0), "{line}\n{}{}", stdout(&output), stderr(&output));
                    shown += &stdout(&output);
                    commands.push(line);
                }
            }
            other => panic!("a block of {other}, which nobody runs"),
        }
    }
    assert_eq!((commands.len(), experiments.len()), (21, 6), "{commands:#?}");
    assert_eq!(server.requests().len(), 1, "one dataset is downloaded, once");
    for name in experiments {
        // A catalogue is used by its folder.
        let used = name.strip_suffix("/catalogue.yaml").unwrap_or(name);
        assert!(commands.iter().any(|line| line.ends_with(&format!(" {used}"))), "no command uses {name}");
    }
    // Every report is there; where there are judgements, so are their metrics.
    for (name, is_judged) in [
        ("docs", false),
        ("files", false),
        ("judged", true),
        ("parquet", true),
        ("fbin", false),
        ("scifact", true),
        ("rerank", true),
        ("glove-100-angular", false),
    ] {
        let report = here.join("reports").join(name);
        assert!(report.join("index.html").is_file(), "{name}");
        let runs = std::fs::read_to_string(report.join("runs.csv")).expect("a table");
        let header = runs.lines().next().unwrap_or_default();
        assert_eq!(header.split(',').any(|column| column == "ndcg-qrels"), is_judged, "{name}: {header}");
    }
    assert!(shown.contains("agrees with 20 sampled queries"), "{shown}");
    for file in ["trec/qrels.txt", "trec/diversity-qrels.txt", "trec/runs/top-k.txt", "small.hdf5"] {
        assert!(here.join(file).is_file(), "{file}");
    }
}

/// Vectors are read the same from every format of the page, so that plain top-k finds the same.
#[test]
fn the_same_vectors_as_npy_parquet_and_fbin_are_the_same_dataset() {
    let folder = tempfile::tempdir().expect("a folder");
    write_files(folder.path());
    let converted = ["npy", "parquet", "fbin"].map(|ending| {
        let column = if ending == "parquet" { "#embedding" } else { "" };
        let [docs, queries] = ["docs", "queries"].map(|name| format!("{name}.{ending}{column}"));
        let to = format!("{ending}.hdf5");
        let arguments =
            ["datasets", "convert", "--vectors", &docs, "--queries", &queries, "--distance", "angular", &to];
        let output = run(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{ending}: {}", stderr(&output));
        let file =
            swath_datasets::hdf5_file::Hdf5File::open(&folder.path().join(to), swath_datasets::hdf5_file::MEMORY)
                .expect("a file");
        ["train", "test", "distances"].map(|array| file.f64s(array).expect("numbers"))
    });
    let [train, test] = [vectors(DOCUMENTS, 0), vectors(QUERIES, 1)]
        .map(|values| values.into_iter().map(f64::from).collect::<Vec<_>>());
    for (one, ending) in converted.iter().zip(["npy", "parquet", "fbin"]) {
        assert!(one[0] == train && one[1] == test, "{ending}: other vectors");
        assert_eq!(one[2], converted[0][2], "{ending}");
    }
}

/// The page's table names every ending of a file of vectors or texts.
#[test]
fn the_page_names_every_format() {
    let page = page();
    let (_, table) = page.split_once("## Which files are read").expect("the section");
    let arrays = swath_datasets::array_file::FORMATS.iter().map(|format| format.endings());
    let texts = swath_datasets::text_file::FORMATS.iter().map(|format| format.endings());
    let endings: Vec<&str> = arrays.chain(texts).flatten().copied().collect();
    assert!(endings.len() > 15, "{endings:?}");
    for ending in endings {
        assert!(table.contains(&format!("`.{ending}`")), "docs/your-data.md does not name .{ending}");
    }
}
