//! A server on localhost that answers as a test says, and remembers what it was asked.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request: its first line and its headers, as they came.
#[derive(Clone, Debug)]
pub struct Request(pub String);

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let of = |line: &str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        self.0.lines().find(|line| of(line)).and_then(|line| Some(line.split_once(':')?.1.trim()))
    }

    /// The path that is asked for.
    pub fn path(&self) -> &str {
        self.0.split(' ').nth(1).unwrap_or_default()
    }

    /// First byte of the range that is asked for, and the byte after the last; all of `length` bytes if there is no range.
    pub fn range(&self, length: usize) -> std::ops::Range<usize> {
        let Some((from, last)) = self.header("range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-'))
        else {
            return 0..length;
        };
        let end = last.parse::<usize>().map_or(length, |last| (last + 1).min(length));
        from.parse().expect("a number")..end
    }
}

/// What the server sends: bytes and pauses, one after another; then it closes the connection.
#[derive(Default)]
pub struct Reply(Vec<(Vec<u8>, Duration)>);

impl Reply {
    /// A status with headers, one a line.
    pub fn new(status: u16, headers: &[(&str, &str)]) -> Self {
        let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        Self::default().then(head + "\r\n")
    }

    /// The whole content, with its length.
    pub fn whole(content: &[u8]) -> Self {
        Self::new(200, &[("Content-Length", &content.len().to_string())]).then(content)
    }

    /// More bytes.
    pub fn then(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.push((bytes.as_ref().to_vec(), Duration::ZERO));
        self
    }

    /// A pause.
    pub fn pause(mut self, milliseconds: u64) -> Self {
        self.0.push((Vec::new(), Duration::from_millis(milliseconds)));
        self
    }

    /// What a well-behaved server sends for this request: the range that it asks for, if it means this version of the file.
    pub fn ranged(request: &Request, content: &[u8], mark: &str) -> Self {
        let total = content.len();
        let is_other = request.header("if-range").is_some_and(|asked| asked != mark);
        let range = if is_other { 0..total } else { request.range(total) };
        let length = range.len().to_string();
        let of = format!("bytes {}-{}/{total}", range.start, range.end.saturating_sub(1));
        let headers = [("Content-Length", length.as_str()), ("ETag", mark), ("Content-Range", of.as_str())];
        match request.header("range") {
            Some(_) if !is_other => Self::new(206, &headers).then(&content[range]),
            _ => Self::new(200, &headers[..2]).then(content),
        }
    }

    fn send(self, to: &mut TcpStream) {
        for (bytes, pause) in self.0 {
            // The client may have gone.
            if to.write_all(&bytes).and_then(|()| to.flush()).is_err() {
                return;
            }
            std::thread::sleep(pause);
        }
    }
}

/// A server that runs until the tests end.
pub struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// A server that answers the request number `i`, counted from 0, by `answer(i, request)`.
    pub fn new(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (requests, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let remembered = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (remembered, answer) = (Arc::clone(&remembered), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &remembered, &*answer));
            }
        });
        Self { address, requests }
    }

    /// The address of a file on it.
    pub fn url(&self, file: &str) -> String {
        format!("http://{}/{file}", self.address)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }
}

fn serve(mut stream: TcpStream, remembered: &Mutex<Vec<Request>>, answer: &dyn Fn(usize, &Request) -> Reply) {
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return,
            }
        }
        let request = Request(String::from_utf8(head).expect("text"));
        let number = {
            let mut remembered = remembered.lock().expect("no panic");
            remembered.push(request.clone());
            remembered.len() - 1
        };
        answer(number, &request).send(&mut stream);
        // A proxy goes on with the connection that it has made.
        if !request.0.starts_with("CONNECT") {
            return;
        }
    }
}
