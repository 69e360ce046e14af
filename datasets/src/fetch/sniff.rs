//! What comes in place of a dataset: web pages, errors, and pointers of Git LFS.

/// So many first bytes are looked at.
pub const START: usize = 1024;

/// Beginnings that no dataset has, in lower case, and what has them.
const BEGINNINGS: &[(&str, &str)] = &[
    ("<!doctype html", PAGE),
    ("<html", PAGE),
    ("<head", PAGE),
    ("<body", PAGE),
    ("<?xml", "the server sent an XML document, usually an error, not a dataset"),
    ("<error", "the server sent an error in XML, not a dataset"),
    ("{\"", "the server sent a text in JSON, usually an error, not a dataset"),
    ("version https://git-lfs", POINTER),
];

const PAGE: &str = "the server sent a web page, not a dataset";
const POINTER: &str = "the server sent a pointer of Git LFS, not the file itself; an address with `resolve` or `media` in it may lead to the file";

/// What a file is that begins so, if that is no dataset: a title in a web page is quoted. `mime` is the type that the server
/// says.
pub fn no_dataset(start: &[u8], mime: Option<&str>) -> Option<String> {
    let start = &start[..start.len().min(START)];
    let text = String::from_utf8_lossy(start);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let lower = text.to_ascii_lowercase();
    let begins = BEGINNINGS.iter().find(|(beginning, _)| lower.starts_with(beginning)).map(|(_, what)| *what);
    // The last character may have been cut.
    let is_text =
        || std::str::from_utf8(start).map_or_else(|error| error.error_len().is_none(), |_| !start.contains(&0));
    let said = || mime.is_some_and(|mime| mime.eq_ignore_ascii_case("text/html")) && is_text();
    let what = begins.or_else(|| said().then_some(PAGE))?;
    let title = title(text, &lower).filter(|_| what == PAGE);
    Some(title.map_or_else(
        || what.to_owned(),
        |title| format!("the server sent a web page (\u{201c}{title}\u{201d}), not a dataset"),
    ))
}

/// The title of a web page.
fn title<'t>(text: &'t str, lower: &str) -> Option<&'t str> {
    let begin = lower.find("<title")?;
    let begin = begin + lower[begin..].find('>')? + 1;
    let title = text[begin..begin + lower[begin..].find('<')?].trim();
    (!title.is_empty() && title.len() <= 100 && !title.contains(char::is_control)).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_errors_and_pointers_are_named_and_data_is_not() {
        let said = |text: &str| no_dataset(text.as_bytes(), None);
        assert_eq!(said("\u{feff}\n <!DOCTYPE html><p>"), Some(PAGE.into()));
        let titled = said("<html lang=en><head><TITLE>\n Just a moment... </title>").expect("a page");
        assert_eq!(titled, "the server sent a web page (\u{201c}Just a moment...\u{201d}), not a dataset");
        assert!(said("<?xml version='1.0'?><Error><Code>NoSuchKey</Code>").is_some_and(|what| what.contains("XML")));
        assert!(said("{\"error\": \"no\"}").is_some_and(|what| what.contains("JSON")));
        assert_eq!(said("version https://git-lfs.github.com/spec/v1\noid sha256:1"), Some(POINTER.into()));
        let page = no_dataset(b"<p>Sorry</p>", Some("text/html"));
        assert_eq!(page.as_deref(), Some(PAGE));
        assert_eq!(no_dataset(b"<p>Sorry</p>", Some("application/octet-stream")), None);
        assert_eq!(no_dataset(b"<p>Tr\xc3\xa8s d\xc3", Some("text/html")), Some(PAGE.into()), "cut in a character");
        // A server that says the wrong type of a dataset.
        assert_eq!(no_dataset(b"\x89HDF\r\n\x1a\n\0", Some("text/html")), None);
        assert_eq!(no_dataset(&[16, 39, 0, 0, 60, 104, 116, 109], None), None);
        assert_eq!(no_dataset(b"", Some("text/html")), Some(PAGE.into()));
    }
}
