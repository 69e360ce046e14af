//! Downloads from a server on localhost that does what servers and networks do.

mod server;

use flate2::{Compression, write::GzEncoder};
use server::{Reply, Request, Server};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use swath_datasets::catalogue::{Content, Download, Entry, Role, Then, find};
use swath_datasets::fetch::{Client, Event, FetchError, Fetched, Patience, Proxies, dataset, file};
use swath_datasets::sha256;

/// A client that soon loses patience.
fn client() -> Client {
    let milliseconds = Duration::from_millis;
    let patience = Patience {
        silence: milliseconds(300),
        attempts: 3,
        first_wait: milliseconds(1),
        longest_wait: Duration::from_secs(2),
    };
    Client::new(&Proxies::default(), patience).expect("no proxy")
}

/// Bytes that no two files of other seeds share, and that are longer than one read.
fn content(seed: u32) -> Vec<u8> {
    (0..600_000_u32).map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 13) as u8).collect()
}

fn hdf5() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/contiguous.hdf5")).expect("read")
}

fn download(url: String) -> Download {
    Download { url, file: String::new(), role: Role::Dataset, bytes: None, sha256: None, then: Then::Keep }
}

/// A folder, and a file in it that is to be downloaded.
struct Place {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { path: folder.path().join(name), folder }
    }

    /// Downloads, and returns the waits as well.
    fn fetch(&self, download: &Download) -> (Result<Fetched, FetchError>, Vec<String>) {
        let mut waits = Vec::new();
        let mut watch = |event: Event<'_>| {
            if let Event::Waits { why, .. } = event {
                waits.push(why.to_owned());
            }
        };
        let fetched = file(download, &self.path, &client(), &mut watch);
        (fetched, waits)
    }

    fn error(&self, download: &Download) -> FetchError {
        self.fetch(download).0.expect_err("it fails")
    }

    /// Names in the folder, in order.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("read");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn holds(&self, content: &[u8]) -> bool {
        std::fs::read(&self.path).expect("whole") == content
    }
}

/// A reply that says it has all of the content, and breaks off after `sent` bytes.
fn broken(content: &[u8], sent: usize, mark: &str) -> Reply {
    Reply::new(200, &[("Content-Length", &content.len().to_string()), ("ETag", mark)]).then(&content[..sent])
}

#[test]
fn a_file_comes_with_its_checksum_and_only_once() {
    let server = Server::new(|_, _| Reply::whole(&content(1)));
    let place = Place::new("x.bin");
    let wanted = download(server.url("x.bin"));
    let fetched = place.fetch(&wanted).0.expect("whole");
    assert!(place.holds(&content(1)));
    let hash = sha256::of(content(1));
    let path = place.path.clone();
    let expected = Fetched { path, bytes: 600_000, sha256: hash.clone(), was_here: false, notes: vec![] };
    assert_eq!(fetched, expected);
    assert_eq!(place.names(), ["x.bin", "x.bin.sha256"]);
    let record = std::fs::read_to_string(place.folder.path().join("x.bin.sha256")).expect("recorded");
    assert_eq!(record, format!("# from {}\n{hash}  x.bin\n", wanted.url));
    assert_eq!(place.fetch(&wanted).0.expect("here"), Fetched { was_here: true, ..expected });
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "what is here is not downloaded again");
    let agent = requests[0].header("user-agent").expect("an agent");
    assert!(agent.starts_with("Mozilla/5.0 (compatible; swath/"), "{agent}");
    assert_eq!((requests[0].header("accept-encoding"), requests[0].header("range")), (Some("identity"), None));
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_ended() {
    let server = Server::new(|i, request| match i {
        0 => broken(&content(1), 400_000, "\"a\""),
        1 => Reply::ranged(request, &content(1)[..500_000], "\"a\"").then(""),
        _ => Reply::ranged(request, &content(1), "\"a\""),
    });
    // The second reply speaks of a shorter file of the same version: it is not believed, and all begins anew.
    let place = Place::new("x.bin");
    let (fetched, waits) = place.fetch(&download(server.url("x.bin")));
    assert!(fetched.is_ok() && place.holds(&content(1)), "{waits:?}");
    assert_eq!(waits.len(), 2);
    assert!(waits[0].contains("the connection ended early") && waits[1].contains("another version"), "{waits:?}");

    let server = Server::new(|i, request| match i {
        0 => broken(&content(1), 400_000, "\"a\""),
        _ => Reply::ranged(request, &content(1), "\"a\""),
    });
    let place = Place::new("x.bin");
    let (fetched, waits) = place.fetch(&download(server.url("x.bin")));
    assert!(fetched.is_ok() && place.holds(&content(1)) && waits.len() == 1, "{waits:?}");
    let asked = &server.requests()[1];
    assert_eq!((asked.header("range"), asked.header("if-range")), (Some("bytes=400000-"), Some("\"a\"")));
}

#[test]
fn a_server_that_knows_no_ranges_is_asked_for_all_again() {
    let server = Server::new(|i, _| match i {
        0 => broken(&content(1), 400_000, "W/\"weak\""),
        _ => Reply::whole(&content(1)),
    });
    let place = Place::new("x.bin");
    assert!(place.fetch(&download(server.url("x.bin"))).0.is_ok() && place.holds(&content(1)));
    let asked = &server.requests()[1];
    assert_eq!((asked.header("range"), asked.header("if-range")), (Some("bytes=400000-"), None), "a weak mark is none");
}

/// Without marks nobody knows whether two parts are of one version, unless the SHA-256 of the whole is known.
#[test]
fn parts_of_unknown_versions_are_noted() {
    for is_known in [false, true] {
        let server = Server::new(|i, _| match i {
            0 => Reply::new(200, &[("Content-Length", "600000")]).then(&content(1)[..400_000]),
            _ => Reply::new(206, &[("Content-Range", "bytes 400000-599999/600000"), ("Content-Length", "200000")])
                .then(&content(1)[400_000..]),
        });
        let place = Place::new("x.bin");
        let sha256 = is_known.then(|| sha256::of(content(1)));
        let fetched = place.fetch(&Download { sha256, ..download(server.url("x.bin")) }).0.expect("whole");
        assert!(place.holds(&content(1)));
        let said = "the server does not say of which version they are";
        assert_eq!(fetched.notes.iter().filter(|note| note.contains(said)).count(), usize::from(!is_known));
    }
}

#[test]
fn a_later_command_goes_on_and_an_earlier_process_may_have_been_killed() {
    let server = Server::new(|i, request| match i {
        0 => broken(&content(1), 400_000, "\"a\""),
        1..3 => Reply::new(503, &[]),
        _ => Reply::ranged(request, &content(1), "\"a\""),
    });
    let place = Place::new("x.bin");
    let wanted = download(server.url("x.bin"));
    let error = place.error(&wanted);
    assert!(error.can_go_on());
    let said = format!("{}: the server answered HTTP 503; 400 kB of 600 kB are here", wanted.url);
    assert_eq!(error.to_string(), said);
    assert_eq!(place.names(), ["x.bin.part", "x.bin.part.json"]);
    // A killed process may leave bytes that were not written to the end.
    let part = std::fs::File::options().write(true).open(place.folder.path().join("x.bin.part")).expect("opened");
    part.set_len(350_000).expect("cut");
    assert!(place.fetch(&wanted).0.is_ok() && place.holds(&content(1)));
    assert_eq!(server.requests()[3].header("range"), Some("bytes=350000-"));
    assert_eq!(place.names(), ["x.bin", "x.bin.sha256"]);
}

#[test]
fn a_page_in_place_of_the_rest_costs_nothing_that_is_here() {
    let page = "<html><title>Sign in to this network</title>";
    let server = Server::new(move |i, request| match i {
        0 => broken(&content(1), 400_000, "\"a\""),
        1 => Reply::whole(page.as_bytes()),
        2 => Reply::whole(b""),
        _ => Reply::ranged(request, &content(1), "\"a\""),
    });
    let place = Place::new("x.bin");
    let wanted = download(server.url("x.bin"));
    let error = place.error(&wanted);
    assert!(error.to_string().contains("(\u{201c}Sign in to this network\u{201d}), not a dataset"), "{error}");
    assert_eq!(place.names(), ["x.bin.part", "x.bin.part.json"]);
    let (fetched, waits) = place.fetch(&wanted);
    assert!(fetched.is_ok() && place.holds(&content(1)));
    assert_eq!(waits, ["the server sent an empty file"]);
    assert!(server.requests()[1..].iter().all(|request| request.header("range") == Some("bytes=400000-")));
}

#[test]
fn a_part_of_another_address_is_not_gone_on_with() {
    let server = Server::new(|i, _| match i {
        0 => broken(&content(1), 400_000, "\"a\""),
        1..3 => Reply::new(500, &[]),
        _ => Reply::whole(&content(2)),
    });
    let place = Place::new("x.bin");
    place.error(&download(server.url("x.bin")));
    let other = download(server.url("other.bin"));
    assert!(place.fetch(&other).0.is_ok() && place.holds(&content(2)));
    assert_eq!(server.requests()[3].header("range"), None);
    assert_eq!(place.fetch(&other).0.expect("here").notes, Vec::<String>::new());
    let note = place.fetch(&download(server.url("x.bin"))).0.expect("here").notes.concat();
    assert!(note.ends_with(&format!("x.bin was downloaded from {}", other.url)), "{note}");
}

#[test]
fn a_file_that_changes_between_two_attempts_begins_anew() {
    // This server keeps to `If-Range`.
    let server = Server::new(|i, request| match i {
        0 => broken(&content(1), 400_000, "\"a\""),
        _ => Reply::ranged(request, &content(2), "\"b\""),
    });
    let place = Place::new("x.bin");
    assert!(place.fetch(&download(server.url("x.bin"))).0.is_ok() && place.holds(&content(2)));
    assert_eq!(server.requests().len(), 2);
    // This one sends the rest of the new file.
    let server = Server::new(|i, request| match (i, request.header("range")) {
        (0, _) => broken(&content(1), 400_000, "\"a\""),
        (_, None) => Reply::whole(&content(2)),
        (_, Some(_)) => {
            let head =
                [("Content-Range", "bytes 400000-599999/600000"), ("Content-Length", "200000"), ("ETag", "\"b\"")];
            Reply::new(206, &head).then(&content(2)[400_000..])
        }
    });
    let place = Place::new("x.bin");
    let (fetched, waits) = place.fetch(&download(server.url("x.bin")));
    assert!(fetched.is_ok() && place.holds(&content(2)));
    assert!(waits[1].contains("another version"), "{waits:?}");
    // So does this one, whose marks are weak. With equal marks the parts belong together.
    for mark in ["W/\"b\"", "W/\"a\""] {
        let is_same = mark.contains('a');
        let server = Server::new(move |i, request| match (i, request.header("range")) {
            (0, _) => broken(&content(1), 400_000, "W/\"a\""),
            (_, None) => Reply::whole(&content(2)),
            (_, Some(_)) => {
                let head =
                    [("Content-Range", "bytes 400000-599999/600000"), ("Content-Length", "200000"), ("ETag", mark)];
                Reply::new(206, &head).then(&content(if is_same { 1 } else { 2 })[400_000..])
            }
        });
        let place = Place::new("x.bin");
        let fetched = place.fetch(&download(server.url("x.bin"))).0.expect("whole");
        assert!(place.holds(&content(if is_same { 1 } else { 2 })) && fetched.notes.is_empty(), "{mark}: {fetched:?}");
    }
    // This one has a shorter file now.
    let server = Server::new(|i, request| match (i, request.header("range")) {
        (0, _) => broken(&content(1), 400_000, "\"a\""),
        (_, None) => Reply::whole(&content(2)[..1000]),
        (_, Some(_)) => Reply::new(416, &[("Content-Range", "bytes */1000")]),
    });
    let place = Place::new("x.bin");
    assert!(place.fetch(&download(server.url("x.bin"))).0.is_ok() && place.holds(&content(2)[..1000]));
}

#[test]
fn lies_about_the_length_are_found() {
    // Shorter than the file: HTTP cannot show it, but the file's header can.
    let server = Server::new(|_, _| {
        let content = hdf5();
        Reply::new(200, &[("Content-Length", &(content.len() - 100).to_string())]).then(&content)
    });
    let place = Place::new("x.hdf5");
    let error = place.error(&download(server.url("x.hdf5"))).to_string();
    assert!(error.contains("what came cannot be read as a dataset"), "{error}");
    assert_eq!(place.names(), Vec::<String>::new());
    // Longer than the file.
    let server = Server::new(|_, request| match request.range(1000).start {
        1000 => Reply::new(416, &[]),
        start => Reply::new(200, &[("Content-Length", "2000")]).then(&content(1)[start..1000]),
    });
    let place = Place::new("x.bin");
    let error = place.error(&download(server.url("x.bin")));
    assert!(matches!(error, FetchError::Broken { .. }), "{error}");
    assert!(!place.path.exists());
    // Ten bytes more than it sends: rounded, all would seem to be here.
    let server = Server::new(|_, request| {
        let start = request.range(115_000).start.min(115_000);
        let (length, range) = ((115_010 - start).to_string(), format!("bytes {start}-115009/115010"));
        let head = [("Content-Length", length.as_str()), ("Content-Range", range.as_str())];
        Reply::new(if start == 0 { 200 } else { 206 }, &head).then(&content(1)[start..115_000])
    });
    let error = Place::new("x.bin").error(&download(server.url("x.bin"))).to_string();
    assert!(error.ends_with("; 115000 of 115010 bytes are here"), "{error}");
    // More than it said.
    let server = Server::new(|i, _| match i {
        0 => broken(&content(1), 400_000, "\"a\""),
        _ => Reply::new(206, &[("Content-Range", "bytes 400000-599999/600000")]).then(&content(1)[300_000..]),
    });
    let place = Place::new("x.bin");
    let error = place.error(&download(server.url("x.bin")));
    assert!(matches!(error, FetchError::Longer { said: 600_000, .. }), "{error}");
    assert_eq!(place.names(), Vec::<String>::new());
}

#[test]
fn without_a_length_a_connection_that_breaks_is_noticed_in_the_header() {
    let server = Server::new(|i, _| {
        let content = hdf5();
        Reply::new(200, &[]).then(&content[..if i == 0 { content.len() / 2 } else { content.len() }])
    });
    let place = Place::new("x.hdf5");
    let (fetched, waits) = place.fetch(&download(server.url("x.hdf5")));
    assert!(fetched.is_ok() && place.holds(&hdf5()));
    assert_eq!(waits, ["the connection ended before the end of the file"]);
    // Other files are believed, and so are chunks.
    let server = Server::new(|_, _| {
        Reply::new(200, &[("Transfer-Encoding", "chunked")]).then("3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
    });
    let place = Place::new("x.bin");
    assert!(place.fetch(&download(server.url("x.bin"))).0.is_ok() && place.holds(b"abcdefg"));
}

#[test]
fn redirects_are_followed_also_for_the_rest_of_a_file() {
    let server = Server::new(|i, request| match (request.path(), i) {
        ("/x.bin", _) => Reply::new(302, &[("Location", "/there/x"), ("Content-Length", "0")]),
        (_, 1) => broken(&content(1), 400_000, "\"a\""),
        _ => Reply::ranged(request, &content(1), "\"a\""),
    });
    let place = Place::new("x.bin");
    assert!(place.fetch(&download(server.url("x.bin"))).0.is_ok() && place.holds(&content(1)));
    let asked: Vec<(String, Option<String>)> = server
        .requests()
        .iter()
        .map(|request| (request.path().to_owned(), request.header("range").map(str::to_owned)))
        .collect();
    let rest = Some("bytes=400000-".to_owned());
    let expected = [("/x.bin", None), ("/there/x", None), ("/x.bin", rest.clone()), ("/there/x", rest)];
    assert_eq!(asked, expected.map(|(path, range)| (path.to_owned(), range)));

    let server = Server::new(|_, _| Reply::new(301, &[("Location", "/x.bin"), ("Content-Length", "0")]));
    let error = place_error(&server, "y.bin");
    assert!(error.contains("it is redirected more than 10 times"), "{error}");
    assert_eq!(server.requests().len(), 11);
}

/// The error of a download from a server, which leaves nothing behind.
fn place_error(server: &Server, name: &str) -> String {
    let place = Place::new(name);
    let error = place.error(&download(server.url(name))).to_string();
    assert_eq!(place.names(), Vec::<String>::new(), "{error}");
    error
}

#[test]
fn pages_and_pointers_are_never_kept() {
    let cases = [
        (
            "<!DOCTYPE html><html><head><title>Just a moment...</title>",
            "(\u{201c}Just a moment...\u{201d}), not a dataset",
        ),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "a pointer of Git LFS"),
        ("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "an XML document"),
    ];
    for (text, said) in cases {
        let server = Server::new(move |_, _| Reply::whole(text.as_bytes()));
        let place = Place::new("x.hdf5");
        let error = place.error(&download(server.url("x.hdf5"))).to_string();
        assert!(error.contains(said), "{error}");
        assert_eq!(place.names(), Vec::<String>::new());
        assert_eq!(server.requests().len(), 1, "it would send the same again");
    }
    let server = Server::new(|_, _| Reply::whole(&content(1)));
    let error = place_error(&server, "x.hdf5");
    assert!(error.contains("what came cannot be read as a dataset"), "{error}");
}

#[test]
fn what_cannot_change_is_asked_for_once_and_what_can_again() {
    for (status, said) in [(403, "refuses to send"), (404, "has no such file"), (400, "HTTP 400")] {
        let server = Server::new(move |_, _| Reply::new(status, &[]).then("<html>"));
        let error = place_error(&server, "x.hdf5");
        assert!(error.contains(said), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
    for status in [429, 500, 503] {
        let server = Server::new(move |i, _| match i {
            0 => Reply::new(status, &[("Retry-After", "1")]),
            _ => Reply::whole(&content(1)),
        });
        let place = Place::new("x.bin");
        let mut waits = Vec::new();
        let mut watch = |event: Event<'_>| {
            if let Event::Waits { wait, .. } = event {
                waits.push(wait);
            }
        };
        file(&download(server.url("x.bin")), &place.path, &client(), &mut watch).expect("whole");
        assert_eq!(waits, [Duration::from_secs(1)], "as the server asks");
    }
    let server = Server::new(|_, _| Reply::new(429, &[("Retry-After", "3600")]));
    let error = place_error(&server, "x.bin");
    assert!(error.ends_with("the server answered HTTP 429; it asks to wait 3600 s"), "{error}");
    let nobody = download("http://127.0.0.1:1/x.bin".into());
    let error = Place::new("x.bin").error(&nobody);
    assert!(!error.can_go_on() && error.to_string().contains("the connection failed"), "{error}");
}

#[test]
fn a_slow_server_is_waited_for_and_a_silent_one_is_left() {
    let server = Server::new(|_, _| {
        let content = content(1);
        let head = Reply::new(200, &[("Content-Length", "600000")]);
        content.chunks(100_000).fold(head, |reply, bytes| reply.then(bytes).pause(100))
    });
    let place = Place::new("x.bin");
    let (fetched, waits) = place.fetch(&download(server.url("x.bin")));
    assert!(fetched.is_ok() && place.holds(&content(1)) && waits.is_empty(), "{waits:?}");

    let server = Server::new(|i, request| match i {
        0 => broken(&content(1), 400_000, "\"a\"").pause(3000),
        _ => Reply::ranged(request, &content(1), "\"a\""),
    });
    let place = Place::new("x.bin");
    let (fetched, waits) = place.fetch(&download(server.url("x.bin")));
    assert!(fetched.is_ok() && place.holds(&content(1)));
    assert_eq!(waits, ["nothing came for 0.3 s"]);
    assert_eq!(server.requests()[1].header("range"), Some("bytes=400000-"));
}

#[test]
fn a_wrong_checksum_is_refused_and_a_new_one_is_noted() {
    let server = Server::new(|i, _| Reply::whole(&content(i as u32)));
    let place = Place::new("x.bin");
    let known = |hash: String| Download { sha256: Some(hash), ..download(server.url("x.bin")) };
    let error = place.error(&known("0".repeat(64)));
    assert!(matches!(error, FetchError::Checksum { .. }) && place.names().is_empty(), "{error}");
    place.fetch(&known(sha256::of(content(1)))).0.expect("the right one");
    std::fs::remove_file(&place.path).expect("removed");
    let note = place.fetch(&download(server.url("x.bin"))).0.expect("whole").notes.concat();
    let (old, new) = (sha256::of(content(1)), sha256::of(content(2)));
    assert!(note.contains(&old) && note.contains(&new) && note.contains("x.bin"), "{note}");
    // What is here is compared with what was recorded.
    std::fs::write(&place.path, "changed").expect("written");
    let error = place.error(&download(server.url("x.bin")));
    assert!(matches!(&error, FetchError::Differs { expected, .. } if *expected == new), "{error}");
    assert!(place.holds(b"changed") && error.is_input());
    // A record of somebody else's stays, and that is said.
    let record = place.folder.path().join("x.bin.sha256");
    std::fs::write(&record, "mine").expect("written");
    std::fs::remove_file(&place.path).expect("removed");
    let notes = place.fetch(&download(server.url("x.bin"))).0.expect("whole").notes.concat();
    assert!(
        notes.starts_with("the SHA-256 is not recorded: ") && notes.contains("x.bin.sha256: swath did not"),
        "{notes}"
    );
    assert_eq!(std::fs::read(&record).expect("there"), b"mine");
}

#[test]
fn packed_files_are_unpacked_and_can_break_off() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&content(1)).expect("packed");
    let packed = packed.finish().expect("packed");
    let half = packed.len() / 2;
    let served = packed.clone();
    let server = Server::new(move |i, request| match i {
        0 => broken(&served, half, "\"a\""),
        _ => Reply::ranged(request, &served, "\"a\""),
    });
    let place = Place::new("x.bin");
    let wanted = Download { then: Then::Unpack, ..download(server.url("x.bin.gz")) };
    let wanted = Download { sha256: Some(sha256::of(&packed)), ..wanted };
    let fetched = place.fetch(&wanted).0.expect("whole");
    assert!(place.holds(&content(1)));
    assert_eq!(fetched.sha256, sha256::of(content(1)), "of the file that is here");
    assert_eq!(place.names(), ["x.bin", "x.bin.sha256"]);
    assert!(place.fetch(&wanted).0.expect("here").was_here);
    // A server that unpacks it itself.
    let server = Server::new(|_, _| Reply::whole(&content(2)));
    let place = Place::new("x.bin");
    let wanted = Download { then: Then::Unpack, ..download(server.url("x.bin.gz")) };
    assert!(place.fetch(&wanted).0.is_ok() && place.holds(&content(2)));
    let damaged = [&packed[..half], &[0; 100], &packed[half..]].concat();
    let server = Server::new(move |_, _| Reply::whole(&damaged));
    let place = Place::new("x.bin");
    let error = place.error(&Download { url: server.url("x.bin.gz"), ..wanted }).to_string();
    assert!(error.contains("it cannot be unpacked"), "{error}");
    assert_eq!(place.names(), Vec::<String>::new());
    // Few bytes that would become very many.
    let mut zeros = GzEncoder::new(Vec::new(), Compression::default());
    for _ in 0..160 {
        zeros.write_all(&vec![0; 1 << 20]).expect("packed");
    }
    let zeros = zeros.finish().expect("packed");
    assert!(zeros.len() < 500_000, "{}", zeros.len());
    let server = Server::new(move |_, _| Reply::whole(&zeros));
    let place = Place::new("x.bin");
    let error = place.error(&Download { then: Then::Unpack, ..download(server.url("x.bin.gz")) }).to_string();
    assert!(error.contains("it cannot be unpacked: its ") && error.contains("become more than "), "{error}");
    assert_eq!(place.names(), Vec::<String>::new());
}

/// A file of `rows` rows of four bytes.
fn rows(rows: u32) -> Vec<u8> {
    let values = content(3);
    [&rows.to_le_bytes(), &4_u32.to_le_bytes(), &values[..rows as usize * 4]].concat()
}

#[test]
fn the_first_rows_of_a_large_file_are_a_file_of_their_own() {
    let crop = |server: &Server, dim| {
        let then = Then::Crop { rows: 1000, dim, width: 1 };
        Download { then, ..download(server.url("base.u8bin")) }
    };
    let answers: [fn(usize, &Request) -> Reply; 2] = [
        |i, request| match i {
            0 => Reply::new(
                206,
                &[("Content-Range", "bytes 0-4007/80008"), ("Content-Length", "4008"), ("ETag", "\"a\"")],
            )
            .then(&rows(20_000)[..3000]),
            _ => Reply::ranged(request, &rows(20_000), "\"a\""),
        },
        |_, _| Reply::whole(&rows(20_000)),
    ];
    for (at, answer) in answers.into_iter().enumerate() {
        let server = Server::new(answer);
        let place = Place::new("base.u8bin");
        let fetched = place.fetch(&crop(&server, 4)).0.expect("whole");
        assert!(place.holds(&rows(1000)) && fetched.sha256 == sha256::of(rows(1000)), "{at}");
        assert_eq!(server.requests()[0].header("range"), Some("bytes=0-4007"));
        if at == 0 {
            assert_eq!(server.requests()[1].header("range"), Some("bytes=3000-4007"));
        }
    }
    let server = Server::new(|_, request| Reply::ranged(request, &rows(20_000), "\"a\""));
    let place = Place::new("base.u8bin");
    let error = place.error(&crop(&server, 5)).to_string();
    assert!(error.contains("20000 rows of 4 values, expected at least 1000 of 5"), "{error}");
    let server = Server::new(|_, request| Reply::ranged(request, &rows(999), "\"a\""));
    let error = place.error(&crop(&server, 4)).to_string();
    assert!(error.contains("the file has 4004 bytes, and its first 4008 are wanted"), "{error}");
}

#[test]
fn two_downloads_of_one_file_do_not_harm_each_other() {
    let server = Server::new(|_, _| {
        let content = content(1);
        let head = broken(&content, 0, "\"a\"");
        content.chunks(100_000).fold(head, |reply, bytes| reply.then(bytes).pause(100))
    });
    let place = Place::new("x.bin");
    let wanted = download(server.url("x.bin"));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| place.fetch(&wanted).0);
        // It has its lock before it has its first bytes.
        while !place.folder.path().join("x.bin.part").metadata().is_ok_and(|part| part.len() > 0) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let error = place.error(&wanted);
        assert!(matches!(error, FetchError::Busy { .. }), "{error}");
        first.join().expect("no panic").expect("whole");
    });
    assert!(place.holds(&content(1)) && server.requests().len() == 1);
    assert!(place.fetch(&wanted).0.expect("here").was_here);
}

#[test]
fn what_is_not_swaths_is_not_touched() {
    let server = Server::new(|_, _| Reply::whole(&content(1)));
    let place = Place::new("x.hdf5");
    let wanted = download(server.url("x.hdf5"));
    let part = place.folder.path().join("x.hdf5.part");
    std::fs::write(&part, "of another program").expect("written");
    let error = place.error(&wanted);
    assert!(error.is_input() && error.to_string().contains("x.hdf5.part is in the way: no "), "{error}");
    assert_eq!(std::fs::read_to_string(&part).expect("read"), "of another program");
    let origin = place.folder.path().join("x.hdf5.part.json");
    std::fs::write(&origin, "mine").expect("written");
    let error = place.error(&wanted).to_string();
    assert!(error.contains("x.hdf5.part.json is in the way: swath did not write it"), "{error}");
    std::fs::remove_file(&origin).expect("removed");
    let unpacked = place.folder.path().join("x.hdf5.part.unpacked");
    std::fs::rename(&part, &unpacked).expect("renamed");
    let error = place.error(&wanted).to_string();
    assert!(error.contains("x.hdf5.part.unpacked is in the way: no "), "{error}");
    assert_eq!(place.names(), ["x.hdf5.part.unpacked"]);
    std::fs::write(&place.path, "mine").expect("written");
    let error = place.error(&wanted).to_string();
    assert!(error.contains("x.hdf5 is in the way: it is no whole dataset ("), "{error}");
    std::fs::remove_file(&place.path).expect("removed");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", &place.path).expect("linked");
        let error = place.error(&wanted);
        assert!(
            error.is_input() && error.to_string().contains("x.hdf5 is in the way: it is a link that leads"),
            "{error}"
        );
        std::fs::remove_file(&place.path).expect("removed");
    }
    let inside = place.folder.path().join("mine");
    std::fs::write(&inside, "").expect("written");
    let error = file(&wanted, &inside.join("d/x.hdf5"), &client(), &mut |_| {}).expect_err("no folder");
    assert!(error.is_input() && error.to_string().contains("mine is in the way: it is no folder"), "{error}");
    std::fs::remove_file(&inside).expect("removed");
    std::fs::create_dir(&place.path).expect("made");
    let error = place.error(&wanted).to_string();
    assert!(error.contains("is in the way: it is no file"), "{error}");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_disk_without_room_is_found_before_anything_is_written() {
    let server = Server::new(|_, _| Reply::new(200, &[("Content-Length", "1000000000000000000")]).then(content(1)));
    let place = Place::new("x.bin");
    let error = place.error(&download(server.url("x.bin")));
    assert!(matches!(error, FetchError::NoRoom { needed: 1_000_000_000_000_000_000, .. }), "{error}");
    assert!(error.to_string().contains(": 1000000 TB are needed, and "), "{error}");
    assert_eq!(place.names(), Vec::<String>::new());
}

#[test]
fn requests_go_through_the_proxy_but_not_for_the_hosts_that_are_named() {
    let proxy = Server::new(|_, request| {
        if request.0.starts_with("CONNECT files.example.org:80 ") {
            return Reply::default().then("HTTP/1.1 200 Connected\r\n\r\n");
        }
        Reply::whole(&content(1))
    });
    let through = |not_for: Option<String>| {
        let proxies = Proxies { http: Some(proxy.url("").trim_end_matches('/').into()), https: None, not_for };
        Client::new(&proxies, client().patience()).expect("a proxy")
    };
    let place = Place::new("x.bin");
    let wanted = download("http://files.example.org/x.bin".into());
    file(&wanted, &place.path, &through(None), &mut |_| {}).expect("whole");
    assert!(place.holds(&content(1)));
    let requests = proxy.requests();
    assert_eq!((requests.len(), requests[1].path()), (2, "/x.bin"));
    let direct = Server::new(|_, _| Reply::whole(&content(2)));
    let place = Place::new("x.bin");
    let client = through(Some("other.org,127.0.0.1".into()));
    file(&download(direct.url("x.bin")), &place.path, &client, &mut |_| {}).expect("whole");
    assert!(place.holds(&content(2)) && proxy.requests().len() == 2);
}

#[test]
fn a_dataset_of_several_files_comes_into_a_folder_of_its_own() {
    let server = Server::new(|_, request| Reply::whole(request.path().as_bytes()));
    let folder = tempfile::tempdir().expect("a folder");
    let of = |name: &str, role| Download { file: name.into(), role, ..download(server.url(name)) };
    let files = vec![of("base.fbin", Role::Base), of("queries.fbin", Role::Queries)];
    let shipped = find("glove-wordnet-20k").expect("known");
    let entry = Entry { name: "x".into(), content: Content::Folder(files), ..shipped.clone() };
    let fetched = dataset(&entry, folder.path(), &client(), &mut |_| {}).expect("whole");
    assert_eq!(fetched.len(), 2);
    let base = folder.path().join("x/base.fbin");
    assert_eq!((&fetched[0].path, std::fs::read_to_string(&base).expect("read")), (&base, "/base.fbin".into()));
    assert!(folder.path().join("x/queries.fbin").is_file());
    let again = dataset(&entry, folder.path(), &client(), &mut |_| {}).expect("here");
    assert!(again.iter().all(|file| file.was_here));
    assert_eq!(dataset(shipped, folder.path(), &client(), &mut |_| {}).expect("nothing to do"), []);
}
