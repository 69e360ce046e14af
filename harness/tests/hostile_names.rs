//! Names that are more than names: every place that a name is written to, with every one of them, read back by a reader of that
//! place.

mod support;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use swath::config::{YamlSource, YamlValue};
use swath::escape::{self, is_unseen};

/// Names as other people's files have them.
const NAMES: [&str; 46] = [
    "plain",
    "",
    " ",
    " two  spaces ",
    "\x1b[31mRED\x1b[0m\x07\x1b]0;title\x07\rx",
    "<script>alert(1)</script>\"&'\n\t\\ \u{202e}",
    "\u{9b}31m\u{85}\u{7f}\0",
    "x\u{202e}gnp.exe \u{2066}a\u{2069} \u{200f}\u{61c}",
    "zero\u{200b}width\u{feff}\u{2060}\u{ad}",
    "a\u{2028}b\u{2029}c",
    "\u{fffe}\u{ffff}\u{e0001}",
    "name\n::error::forged",
    "::error file=a,line=1::forged",
    "  ::set-output name=a::b",
    "x ##[error]y ##vso[task.setvariable variable=a]b ##teamcity[a]",
    "section_start:1:a\r\x1b[0K",
    "name\n  ::error::forged",
    "]]> <!-- --> <![CDATA[x]]> &amp; &#0; %25 %0A",
    "\"><img src=x onerror=alert(1)>",
    "</script><script>alert(1)//",
    "</title></style><svg onload=alert(1)>",
    "[text](javascript:alert(1)) ![i](http://x/y.png) https://x.example www.x.example a@b.example",
    "a | b || \\| c \\",
    "`code` **bold** __b__ ~~s~~ <b>html</b> &lt; $x$",
    "# heading",
    "1. item",
    "12) item",
    "- item",
    "+ item",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "'=1",
    "''",
    " =1",
    "\t=1",
    "\r=1",
    "\u{ff1d}1",
    "quote \" and ''",
    "\\end{table} \\input{/etc/passwd} $x^2$ {}~#%&_",
    "first\n\nsecond\n\n",
    "[x] * -- --- ,, `` ?` !` '' ^^M",
    "a: b #c, {d: e} [f] *g &h !i %j @k ? - |",
    "$(touch x) `touch x` \"; touch x; \" '; touch x; ' --option ~ * ? !x",
    "\u{4e2d}\u{6587} \u{1f600} caf\u{e9} \u{5d0}\u{5d1} \u{3b1}",
];

/// A name with whatever is not seen written out: what a reader of any place sees.
fn seen(name: &str) -> String {
    escape::terminal(name).into_owned()
}

#[test]
fn terminals_and_logs_obey_none() {
    for name in NAMES {
        let shown = seen(name);
        assert!(!shown.contains(is_unseen), "{name:?}: {shown:?}");
        assert_eq!(seen(&shown), shown, "twice is once");
        for text in [
            escape::log(name),
            escape::message(name),
            escape::log(&format!("a\n{shown}\n")),
            escape::path(Path::new(name)),
        ] {
            let lines: Vec<&str> = text.split('\n').collect();
            assert!(lines.iter().all(|line| !line.contains(is_unseen)), "{name:?}: {text:?}");
        }
        for text in [escape::log(name), escape::message(name)] {
            for line in text.lines() {
                assert!(!line.trim_start().starts_with("::"), "{name:?}: {text:?}");
                let orders = ["##[", "##vso[", "##teamcity["];
                assert!(!orders.iter().any(|order| line.contains(order)), "{name:?}: {text:?}");
            }
        }
    }
}

#[test]
fn github_takes_a_name_for_text() {
    for name in NAMES {
        let (message, property) = (escape::github_message(name), escape::github_property(name));
        assert!(!message.contains(is_unseen) && !property.contains([':', ',']), "{name:?}: {message} {property}");
        // As the runner undoes it; orders of the older kind are none, either.
        let shown =
            seen(name).replace("##[", "#\\#[").replace("##vso[", "#\\#vso[").replace("##teamcity[", "#\\#teamcity[");
        assert_eq!(message.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%"), shown);
        let undone = property.replace("%3A", ":").replace("%2C", ",").replace("%25", "%");
        assert_eq!(undone, shown);
    }
}

#[test]
fn xml_reads_a_name_as_text() {
    for name in NAMES {
        let escaped = escape::xml(name);
        let document = format!("<?xml version=\"1.0\"?><a b=\"{escaped}\" c='{escaped}'>{escaped}</a>");
        let read =
            roxmltree::Document::parse(&document).unwrap_or_else(|error| panic!("{name:?}: {error}: {document}"));
        let root = read.root_element();
        // Ends of lines and tabs stay.
        let stays = |c: char| "\n\r\t".contains(c);
        let expected: String =
            name.chars().map(|c| if stays(c) { c.to_string() } else { seen(&c.to_string()) }).collect();
        assert_eq!(root.text().unwrap_or(""), expected, "{name:?}");
        assert_eq!([root.attribute("b"), root.attribute("c")], [Some(expected.as_str()); 2], "{name:?}");
        assert_eq!(root.children().count(), usize::from(!name.is_empty()), "text alone: {document}");
    }
}

/// What maud leaves of a page, and what stands in its script; `hostile_run.rs` opens a page in a browser.
#[test]
fn a_page_shows_a_name_whole() {
    for name in NAMES {
        let page = escape::html(&maud::html! { p title=(name) { (name) } }.into_string());
        assert!(!page.contains(|c| is_unseen(c) && !"\n\t".contains(c)), "{name:?}: {page}");
        assert_eq!((page.matches('<').count(), page.matches('"').count()), (2, 2), "{name:?}: {page}");
        let script = escape::script(&serde_json::json!({ "names": [name] }));
        assert!(!script.contains('<') && !script.contains(is_unseen), "{name:?}: {script}");
        let read: serde_json::Value = serde_json::from_str(&script).expect("JSON");
        assert_eq!(read["names"][0], seen(name));
    }
}

#[test]
fn markdown_reads_a_name_as_text() {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    // What GitHub reads beside CommonMark.
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH;
    for name in NAMES {
        let escaped = escape::markdown(name);
        let table = format!("| a | b |\n|---|---|\n| {escaped} | x{escaped} |\n");
        let cases = [escaped.clone(), format!("# {escaped}"), format!("before {escaped} after"), table];
        for (i, text) in cases.iter().enumerate() {
            let (mut read, mut cells) = (String::new(), 0);
            for event in Parser::new_ext(text, options) {
                match event {
                    Event::Text(text) => read.push_str(&text),
                    Event::Start(Tag::TableCell) => cells += 1,
                    Event::Start(
                        Tag::Paragraph | Tag::Heading { .. } | Tag::Table(_) | Tag::TableHead | Tag::TableRow,
                    )
                    | Event::End(_) => {}
                    other => panic!("{name:?} makes {other:?} of {text:?}"),
                }
            }
            let shown = seen(name);
            match i {
                0 | 1 => assert_eq!(read, shown, "{text:?}"),
                2 => assert_eq!(read, format!("before {shown} after"), "{text:?}"),
                _ => assert_eq!((read, cells), (format!("ab{shown}x{shown}"), 4), "{text:?}"),
            }
        }
        // What GitHub makes links of without any sign.
        let links = ["http://", "https://", "www.", "a@b"];
        assert!(!links.iter().any(|link| escaped.contains(link)), "{escaped}");
    }
}

#[test]
fn a_cell_is_no_formula_and_is_read_back() {
    let mut writer = csv::Writer::from_writer(Vec::new());
    NAMES.iter().for_each(|name| writer.write_record([escape::csv(name).as_ref(), "x"]).expect("a row"));
    let bytes = writer.into_inner().expect("a table");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    let cells: Vec<String> = reader.records().map(|record| record.expect("a row")[0].to_owned()).collect();
    assert_eq!(cells.len(), NAMES.len());
    for (cell, name) in cells.iter().zip(NAMES) {
        assert!(
            !cell.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}']),
            "{cell:?}"
        );
        assert_eq!(escape::csv_back(cell), name);
        // Any number of apostrophes comes back.
        let quoted = format!("'{name}");
        assert_eq!(escape::csv_back(&escape::csv(&quoted)), quoted);
    }
}

#[test]
fn yaml_reads_every_text_back() {
    // Characters of every kind, beside names.
    let codes = (0..0x3000)
        .chain(0xd7ff..0xe010)
        .chain(0xfd00..0x1_0010)
        .chain(0x1_f600..0x1_f610)
        .chain([0xe_0001, 0x10_ffff]);
    let every: String = codes.filter_map(char::from_u32).collect();
    let words = [
        "true",
        "No",
        "null",
        "~",
        ".nan",
        ".inf",
        "1e5",
        "0x10",
        "010",
        "1_000",
        "2026-01-01",
        "<<",
        "=",
        "y",
        "- a",
        "a: b",
        "a #b",
    ];
    let long = "k".repeat(5000);
    let mut texts: Vec<String> = NAMES.iter().chain(&words).map(|text| (*text).to_owned()).collect();
    texts.extend(every.chars().collect::<Vec<_>>().chunks(200).map(|part| part.iter().collect()));
    texts.extend([every, long]);
    for text in &texts {
        let document = format!("value: {}\nmap:\n{}\n    - 1\n", escape::yaml(text), escape::yaml_key(text, 2));
        let source = YamlSource::parse("x.yaml".into(), document.clone());
        let source = source.unwrap_or_else(|error| panic!("{text:?}: {error} in {document}"));
        let YamlValue::Map(entries) = &source.root().value else { panic!("{document}") };
        let (YamlValue::Text(value), YamlValue::Map(map)) = (&entries[0].1.value, &entries[1].1.value) else {
            panic!("{text:?}: {entries:?} in {document}")
        };
        assert_eq!((value, &map[0].0.name), (text, text), "{document}");
        assert!(matches!(&map[0].1.value, YamlValue::List(items) if items.len() == 1), "{document}");
    }
}

#[test]
fn a_shell_takes_a_name_for_a_word() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut words: Vec<&OsStr> = NAMES.iter().filter(|name| !name.contains('\0')).map(OsStr::new).collect();
    #[cfg(unix)]
    words.push(std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\xfe1a'\\"));
    words.push(OsStr::new("=ls"));
    let command = format!("printf '%s\\0' {}", escape::command(words.iter().copied()));
    assert!(!command.contains(is_unseen) && !command.contains("##"), "{command}");
    let output = Command::new("bash").args(["-c", &command]).current_dir(folder.path()).output().expect("a shell");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", support::stderr(&output));
    let read: Vec<&[u8]> = output.stdout.split(|&b| b == 0).collect();
    let expected: Vec<&[u8]> = words.iter().map(|word| word.as_encoded_bytes()).collect();
    assert_eq!(read[..read.len() - 1], expected);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "and runs nothing");
}

#[test]
fn a_link_leads_to_a_file_and_nowhere_else() {
    for name in NAMES {
        let link = escape::link(Path::new(name));
        // No scheme, no query, no fragment, nothing that ends an attribute.
        assert!(link.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~%".contains(&b)), "{name:?}: {link}");
        let mut parts = link.split('%');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).expect("two digits"));
            bytes.extend(part[2..].bytes());
        }
        assert_eq!(bytes, name.as_bytes());
    }
}

#[test]
fn a_file_stays_in_its_folder() {
    for name in NAMES.into_iter().chain(["../../x", "..", ".", "/etc/passwd", "a/../b", "C:\\x"]) {
        let file = escape::file(name);
        let path = Path::new(&file);
        assert_eq!(path.file_name(), Some(path.as_os_str()), "{name:?}");
        assert!(!file.starts_with('.') && file.len() <= 130, "{file}");
    }
    assert_eq!(escape::file(&"x".repeat(5000)).len(), 120);
}

/// LaTeX compiles them, in captions and at the beginning of rows, and every character that is said to have a sign has one.
#[test]
fn latex_shows_every_name() {
    if support::program("pdflatex", &["pdflatex"]).is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let all: Vec<String> = (0x20..0x180).filter_map(char::from_u32).map(|c| escape::tex(&c.to_string())).collect();
    let names: Vec<String> = NAMES.iter().map(|name| escape::tex(name)).collect();
    let rows: Vec<String> = names.iter().map(|name| format!("{name} & {name} \\\\\n")).collect();
    let floats: Vec<String> = names
        .iter()
        .map(|name| format!("\\begin{{figure}}[htbp]\n\\caption{{{name} x.}}\\end{{figure}}\n\\section*{{{name}}}\n"))
        .collect();
    let document = format!(
        "\\documentclass{{article}}\n\\usepackage[T1]{{fontenc}}\n\\usepackage{{booktabs}}\n\\extrafloats{{500}}\n\\begin{{document}}\n\
         {}\n\n\\begin{{tabular}}{{lr}}\\toprule\na \\\\\n\\midrule\n{}\\bottomrule\\end{{tabular}}\n\\clearpage\n{}\\end{{document}}\n",
        all.join(" "),
        rows.concat(),
        floats.concat()
    );
    std::fs::write(folder.path().join("x.tex"), &document).expect("written");
    let arguments = ["-interaction=nonstopmode", "-halt-on-error", "x.tex"];
    let output = Command::new("pdflatex").args(arguments).current_dir(folder.path()).output().expect("pdflatex runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && !said.contains("Missing character"), "{said}");
}
