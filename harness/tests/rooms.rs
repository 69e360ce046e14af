//! The rooms of harness/src stand one above another, and each uses only those below it.
//!
//! Every path that begins with `crate`, `super`, `self` or `swath` counts, imported or inline, in macros and in tests. Comments and
//! texts do not.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// From the top to the bottom. A room uses those that come after it. docs/architecture.md shows the same as a picture.
const ROOMS: [&str; 20] = [
    "cli",
    "ci",
    "exchange",
    "run",
    "report",
    "findings",
    "plan",
    "config",
    "record",
    "external",
    "metrics",
    "statistics",
    "plot",
    "speed",
    "progress",
    "escape",
    "version",
    "exact_path",
    "interrupt",
    "clock",
];

/// A module's path from the crate's root.
type Module = Vec<String>;

/// What a module uses: the path that it names, from the crate's root, with the file and the place in it.
#[derive(Clone, Debug)]
struct Use {
    from: Module,
    to: Vec<String>,
    file: String,
    line: usize,
}

/// The paths that a file names.
struct Reader {
    file: String,
    uses: Vec<Use>,
}

impl Reader {
    /// Reads tokens that stand in `module`.
    fn read(&mut self, module: &Module, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if let Some((name, body)) = inline_module(&tokens[at..]) {
                let inner = [module.as_slice(), &[name]].concat();
                self.read(&inner, body.stream());
                at += 3;
            } else if let Some(path) = root(&tokens[at..], module).filter(|_| at == 0 || !is_colons_before(&tokens, at))
            {
                at = self.path(module, path, &tokens, at + 1);
            } else {
                if let TokenTree::Group(group) = &tokens[at] {
                    self.read(module, group.stream());
                }
                at += 1;
            }
        }
    }

    /// Follows a path whose beginning is known; returns where the tokens go on after it.
    fn path(&mut self, module: &Module, mut path: Vec<String>, tokens: &[TokenTree], mut at: usize) -> usize {
        let line = tokens[at - 1].span().start().line;
        while is_colons(&tokens[at..]) {
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(name)) if name == "super" => {
                    path.pop();
                    at += 3;
                }
                Some(TokenTree::Ident(name)) => {
                    path.push(name.to_string());
                    at += 3;
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.tree(module, &path, group);
                    return at + 3;
                }
                // `*`, or the type arguments of a path.
                _ => {
                    at += 2;
                    break;
                }
            }
        }
        self.uses.push(Use { from: module.clone(), to: path, file: self.file.clone(), line });
        at
    }

    /// The paths in the braces of an import.
    fn tree(&mut self, module: &Module, before: &[String], group: &Group) {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        for branch in tokens.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ',')) {
            let Some(TokenTree::Ident(name)) = branch.first() else { continue };
            let path = match name.to_string().as_str() {
                "self" => before.to_vec(),
                name => [before, &[name.to_owned()]].concat(),
            };
            self.path(module, path, branch, 1);
        }
    }
}

/// The name and the body of a module that is written inside its file.
fn inline_module(tokens: &[TokenTree]) -> Option<(String, Group)> {
    match tokens {
        [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(body), ..] if word == "mod" => {
            Some((name.to_string(), body.clone()))
        }
        _ => None,
    }
}

fn is_colons(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(a), TokenTree::Punct(b), ..] if a.as_char() == ':' && b.as_char() == ':')
}

fn is_colons_before(tokens: &[TokenTree], at: usize) -> bool {
    at >= 2 && is_colons(&tokens[at - 2..])
}

/// Where a path leads that begins here; `None` for what is no path from the crate's root.
fn root(tokens: &[TokenTree], module: &Module) -> Option<Vec<String>> {
    let TokenTree::Ident(word) = &tokens[0] else { return None };
    if !is_colons(&tokens[1..]) {
        return None;
    }
    match word.to_string().as_str() {
        "crate" | "swath" => Some(Vec::new()),
        "self" => Some(module.clone()),
        "super" => module.split_last().map(|(_, above)| above.to_vec()),
        _ => None,
    }
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(below).filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The module that a file is, seen from the folder of the sources.
fn module_of(file: &Path) -> Module {
    let mut module: Module = file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
        module.pop();
    }
    module
}

/// All paths that a text names, as the file that it is.
fn uses_of(file: &Path, text: &str) -> Vec<Use> {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut reader = Reader { file: file.display().to_string(), uses: Vec::new() };
    reader.read(&module_of(file), tokens);
    reader.uses
}

fn sources() -> Vec<Use> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).expect("a source");
        uses_of(file.strip_prefix(&folder).expect("below"), &text)
    };
    files(&folder).into_iter().flat_map(read).collect()
}

/// What is wrong with these uses: arrows upwards, a line each.
fn upwards(uses: &[Use]) -> Vec<String> {
    let place = |room: &String| ROOMS.iter().position(|known| known == room);
    let mut wrong = BTreeSet::new();
    for Use { from, to, file, line } in uses {
        let (Some(from), Some(to)) = (from.first(), to.first()) else { continue };
        // A name of the crate's root, such as a macro, is no room.
        let (Some(at), Some(leads)) = (place(from), place(to)) else { continue };
        if leads < at {
            wrong.insert(format!("{file}:{line}: `{from}` uses `{to}`, which stands above it"));
        }
    }
    wrong.into_iter().collect()
}

/// The modules that can be reached from each other, more than one at a time; `name` says which module a path belongs to.
fn cycles(uses: &[Use], name: impl Fn(&[String]) -> Option<String>) -> Vec<BTreeSet<String>> {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in uses {
        if let (Some(from), Some(to)) = (name(&one.from), name(&one.to))
            && from != to
        {
            arrows.entry(from).or_default().insert(to);
        }
    }
    let reach = |start: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start.clone()]);
        while let Some(next) = open.pop() {
            for to in arrows.get(&next).into_iter().flatten() {
                if seen.insert(to.clone()) {
                    open.push(to.clone());
                }
            }
        }
        seen
    };
    let reached: BTreeMap<String, BTreeSet<String>> = arrows.keys().map(|from| (from.clone(), reach(from))).collect();
    let together = |from: &String| -> BTreeSet<String> {
        reached[from].iter().filter(|to| reached.get(*to).is_some_and(|back| back.contains(from))).cloned().collect()
    };
    let all: BTreeSet<BTreeSet<String>> = arrows.keys().map(together).filter(|cycle| cycle.len() > 1).collect();
    all.into_iter().collect()
}

#[test]
fn every_room_uses_only_those_below_it() {
    let uses = sources();
    assert!(uses.len() > 1000, "only {} paths were found", uses.len());
    let wrong = upwards(&uses);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let rooms = |path: &[String]| path.first().filter(|room| ROOMS.contains(&room.as_str())).cloned();
    assert_eq!(cycles(&uses, rooms), Vec::<BTreeSet<String>>::new());
}

#[test]
fn every_module_at_the_root_is_a_room() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the sources")
        .map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .filter(|name| name != "lib" && name != "main")
        .collect();
    assert_eq!(found, ROOMS.iter().map(|room| (*room).to_owned()).collect());
}

/// Inside a room, files do not use one another in a circle. The room's own `mod.rs`, which names them all, is left out.
#[test]
fn no_files_of_a_room_use_one_another() {
    let uses = sources();
    let mut shown = String::new();
    for room in ROOMS {
        let inside = |path: &[String]| match path {
            [first, second, ..] if first == room && second.starts_with(char::is_lowercase) => Some(second.clone()),
            _ => None,
        };
        for cycle in cycles(&uses, inside) {
            let names: Vec<String> = cycle.into_iter().collect();
            let _ = writeln!(shown, "{room}: {}", names.join(", "));
        }
    }
    assert!(shown.is_empty(), "{shown}");
}

/// Texts outside cli/ that name an option of another program, not of swath.
const OPTIONS_OF_OTHERS: [(&str, &str); 3] = [
    ("ci/history/time.rs", "git show -s --format"),
    ("exchange/export/ann_benchmarks.rs", "python plot.py --dataset {} --count {}{batch}"),
    ("exchange/export/ann_benchmarks.rs", " --batch"),
];

/// The first option of a command line in a text: `--` and a word, at its beginning or after a character that is no part of a word.
fn option(text: &str) -> Option<&str> {
    let begins = |at: usize| {
        // A property of CSS.
        if text[..at].ends_with("var(") {
            return false;
        }
        let before = text[..at].chars().next_back();
        let after = text[at + 2..].chars().next();
        before.is_none_or(|c| c.is_whitespace() || "`([\"'".contains(c))
            && after.is_some_and(|c| c.is_ascii_lowercase())
    };
    let at = text.match_indices("--").map(|(at, _)| at).find(|&at| begins(at))?;
    text[at..].split(|c: char| !c.is_ascii_lowercase() && c != '-').next()
}

/// The string literals and doc comments of a text with their lines.
fn literals(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => literals(group.stream(), found),
            TokenTree::Literal(literal) => found.push((literal.span().start().line, literal.to_string())),
            _ => {}
        }
    }
}

/// Texts of a file that name an option, a line each.
fn named_options(file: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    literals(text.parse().expect("Rust"), &mut found);
    let known = |text: &str| OPTIONS_OF_OTHERS.iter().any(|(of, part)| file == Path::new(of) && text.contains(part));
    let named = found.into_iter().filter(|(_, text)| !known(text));
    named.filter_map(|(line, text)| Some(format!("{}:{line}: {}", file.display(), option(&text)?))).collect()
}

/// A library cannot know what the command line calls its options.
#[test]
fn only_the_command_line_names_its_options() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut named = Vec::new();
    for path in files(&folder) {
        let file = path.strip_prefix(&folder).expect("below");
        if !file.starts_with("cli") {
            named.extend(named_options(file, &std::fs::read_to_string(&path).expect("a source")));
        }
    }
    assert!(named.is_empty(), "{}", named.join("\n"));
    let wrong = |text: &str| named_options(Path::new("run/a.rs"), text).len();
    assert_eq!(wrong("fn f() { g(\"begin anew with --fresh\") }"), 1);
    assert_eq!(wrong("/// `--data-dir` names it.\nfn f() {}"), 1);
    assert_eq!(wrong("const A: &str = \"a -- b, --, var(--ink), a--b, ----\"; // --fresh"), 0);
}

#[test]
fn arrows_upwards_are_found_however_they_are_written() {
    let wrong = |file: &str, text: &str| upwards(&uses_of(Path::new(file), text)).len();
    assert_eq!(wrong("statistics/mod.rs", "use crate::report::LoadedRun;"), 1);
    assert_eq!(wrong("statistics/mod.rs", "use crate::{run, report::{self, LoadedRun}};"), 2);
    assert_eq!(wrong("statistics/a.rs", "use super::super::plan::{Plan as P, Trial};"), 1);
    assert_eq!(wrong("statistics/a.rs", "mod tests { use super::super::super::plan::Plan; }"), 1);
    assert_eq!(wrong("statistics/a.rs", "fn f() { g::<crate::plan::Plan>(vec![crate::run::X]) }"), 2);
    assert_eq!(wrong("cli/run.rs", "use swath::report::LoadedRun; use super::run;"), 0);
    assert_eq!(wrong("report/a.rs", "// crate::run::X\nconst A: &str = \"crate::run\"; use crate::plot::Axis;"), 0);
    assert_eq!(wrong("report/a.rs", "use crate::run;"), 1);
}

#[test]
fn circles_are_found() {
    let uses = ["use crate::plan::A;", "use crate::config::B;", "use crate::plot::C;"];
    let files = ["config/a.rs", "plan/b.rs", "plan/c.rs"];
    let uses: Vec<Use> = files.iter().zip(uses).flat_map(|(file, text)| uses_of(Path::new(file), text)).collect();
    let found = cycles(&uses, |path| path.first().cloned());
    assert_eq!(found, [["config", "plan"].map(str::to_owned).into_iter().collect()]);
}
