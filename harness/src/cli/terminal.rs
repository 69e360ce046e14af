//! The user's output: lines on standard output, and messages on standard error.

use std::borrow::Cow;
use std::io::Write as _;
use std::process::ExitCode;
use swath::config::Failure;
use swath::plan::missing_dataset;
use swath::{escape, interrupt};

/// Says why a command failed, and returns its exit code.
pub fn failed(failure: Failure) -> ExitCode {
    let color = in_color();
    let (text, code) = match failure {
        // Its quotations are on one line already.
        Failure::Invalid(invalid) => (escape::no_order(&invalid.render(color)), 2),
        Failure::Input(message) => (error_line(&message, color), 2),
        Failure::Run(message) => (error_line(&message, color), 1),
        Failure::Stopped(said) => (message(&said), interrupt::EXIT_CODE),
    };
    // The library's messages name no options, so the option is added here.
    say(&text.replace(missing_dataset::ADD_FOLDER, "--data-dir DIR or SWATH_DATA"));
    ExitCode::from(code)
}

/// Whether errors are shown in colour.
fn in_color() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// A message has at most this many characters in a line. Names in it come from other people's files.
const LONGEST: usize = 4_000;

/// The text with the middle of long lines left out.
fn bounded(text: &str) -> Cow<'_, str> {
    let is_long = |line: &str| line.len() > LONGEST && line.chars().count() > LONGEST;
    if !text.split('\n').any(is_long) {
        return Cow::Borrowed(text);
    }
    let line = |line: &str| {
        if !is_long(line) {
            return line.to_owned();
        }
        let (count, kept) = (line.chars().count(), LONGEST / 2);
        let (head, tail): (String, String) =
            (line.chars().take(kept).collect(), line.chars().skip(count - kept).collect());
        format!("{head} [... {} characters ...] {tail}", count - 2 * kept)
    };
    Cow::Owned(text.split('\n').map(line).collect::<Vec<_>>().join("\n"))
}

fn error_line(message: &str, color: bool) -> String {
    let message = self::message(message);
    if color { format!("\x1b[1;91merror\x1b[0m: {message}") } else { format!("error: {message}") }
}

/// Answers a command line that cannot be read, or that asks for help.
pub fn misread(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let odd: Vec<String> = arguments().collect();
        let odd: Vec<&String> =
            odd.iter().filter(|word| escape::terminal(word) != **word || word.contains("##")).collect();
        if !odd.is_empty() {
            // Words are escaped before the whole message, because a line end in a word must not break the message.
            let text =
                odd.iter().fold(error.render().to_string(), |text, word| text.replace(*word, &escape::terminal(word)));
            say(escape::log(&text).trim_end());
            return ExitCode::from(2);
        }
    }
    // A failure to write is ignored: there is nobody to tell.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// The words of the command line, and their values behind `=`.
fn arguments() -> impl Iterator<Item = String> {
    let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    words.flat_map(|word| word.split_once('=').map(|(_, value)| value.to_owned()).into_iter().chain([word]))
}

/// A message, escaped. Line ends in quoted words of the command line are escaped, too.
fn message(text: &str) -> String {
    let odd = arguments().filter(|word| word.contains('\n'));
    let text = odd.fold(text.to_owned(), |text, word| text.replace(&word, &escape::terminal(&word)));
    bounded(&escape::message(&text)).into_owned()
}

/// Writes a message to standard error, escaped.
pub fn complain(text: &str) {
    say(&message(text));
}

/// How a caution begins, wherever it stands; on the terminal its first letter is small, as of all messages.
const CAUTION: &str = "Caution: ";

/// A line of a caution, if the text is one.
pub fn cautioned(text: String) -> String {
    text.strip_prefix(CAUTION).map(|rest| format!("caution: {rest}")).unwrap_or(text)
}

/// Writes a note to standard error, or a caution if the note begins so, perhaps after its place.
pub fn note(text: &str) {
    let (word, text) = match text.split_once(CAUTION) {
        Some((place, caution)) if place.is_empty() || place.starts_with("at ") => {
            ("caution", format!("{place}{caution}"))
        }
        _ => ("note", text.to_owned()),
    };
    complain(&format!("{word}: {text}"));
}

/// Writes escaped text to standard error. A failure to do so is ignored: there is nobody to tell.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes lines to standard output, escaped so that a CI system takes none of them for a command. Names in them must be escaped
/// already, because line ends in names cannot be recognised here. A closed pipe (`swath schema | head`) is not an error.
///
/// # Errors
/// [`Failure::Run`] if nothing can be written.
pub fn print(text: &str) -> Result<ExitCode, Failure> {
    print_raw(&escape::log(text))
}

/// Writes text to standard output as it is.
///
/// # Errors
/// As [`print`].
pub fn print_raw(text: &str) -> Result<ExitCode, Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Run(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// A message with lines of help below it.
pub fn with_help(message: String, help: &[String]) -> String {
    help.iter().fold(message, |text, line| text + "\n  " + line)
}
