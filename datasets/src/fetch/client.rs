//! Asks a server for a file, or for the rest of one.

use super::error::FetchError;
use std::io::{self, Read};
use std::time::Duration;
use ureq::http::{HeaderMap, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

/// What swath calls itself. ann-benchmarks' host answers HTTP 403 to the agent of Python's `urllib`, and sends its files to
/// `curl` and to agents of the form `Mozilla/5.0 (name)`, as several public projects found; so this has that form.
const AGENT: &str = concat!("Mozilla/5.0 (compatible; swath/", env!("CARGO_PKG_VERSION"), ")");

/// A server may lead to another address so many times.
const REDIRECTS: u32 = 10;

/// How long a server is waited for, and how often it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The longest time without an answer: until a connection is made, and until the next bytes come.
    pub silence: Duration,
    /// After so many attempts in a row that bring nothing new, the download has failed.
    pub attempts: u32,
    /// The wait after the first of these; it doubles with each. Seconds in the server's `Retry-After` come first; a date there
    /// is not understood.
    pub first_wait: Duration,
    /// The longest wait. If the server asks for a longer one, the download has failed.
    pub longest_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let (silence, longest_wait) = (Duration::from_secs(60), Duration::from_secs(120));
        Self { silence, attempts: 6, first_wait: Duration::from_secs(2), longest_wait }
    }
}

/// The proxies that requests go through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For addresses that begin with `http://`. They are reached by `CONNECT`, too.
    pub http: Option<String>,
    /// For addresses that begin with `https://`.
    pub https: Option<String>,
    /// Hosts that are reached without a proxy, with commas between: a name means its subdomains, too; `*` means all.
    pub not_for: Option<String>,
}

impl Proxies {
    /// The proxies that the usual variables name: `HTTPS_PROXY`, `HTTP_PROXY`, or else `ALL_PROXY`; and `NO_PROXY`. In lower case
    /// they come first. `variable` gives the value of one.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let either = |name: &str| set(name).or_else(|| set(&name.to_uppercase()));
        let all = either("all_proxy");
        Self {
            http: either("http_proxy").or_else(|| all.clone()),
            https: either("https_proxy").or(all),
            not_for: either("no_proxy"),
        }
    }
}

/// Asks servers for files.
#[derive(Debug)]
pub struct Client {
    http: Agent,
    https: Agent,
    patience: Patience,
}

/// The answer of a server.
pub(super) struct Answer {
    pub status: u16,
    headers: HeaderMap,
    /// Bytes of the body, if the server says so.
    pub length: Option<u64>,
    pub mime: Option<String>,
    pub body: Box<dyn Read>,
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// Another attempt may bring one.
    Again(String),
    /// None will.
    Refused(String),
}

impl Client {
    /// A client that trusts the certificates that the machine trusts, a company's too: those of the system, or those of the
    /// variables `SSL_CERT_FILE` and `SSL_CERT_DIR`. If the machine has none, as a bare container, it trusts Mozilla's.
    ///
    /// # Errors
    /// [`FetchError::Proxy`].
    pub fn new(proxies: &Proxies, patience: Patience) -> Result<Self, FetchError> {
        let not_for = proxies.not_for.as_deref().unwrap_or_default();
        let agent = |proxy: Option<&String>, roots: RootCerts| {
            let proxy = proxy.map(|proxy| self::proxy(proxy, not_for)).transpose()?;
            let config = Agent::config_builder()
                .user_agent(AGENT)
                .accept_encoding("identity")
                .http_status_as_error(false)
                .max_redirects(REDIRECTS)
                .proxy(proxy)
                .tls_config(TlsConfig::builder().root_certs(roots).build())
                .timeout_resolve(Some(patience.silence))
                .timeout_connect(Some(patience.silence))
                .timeout_recv_response(Some(patience.silence))
                .timeout_per_read(Some(patience.silence))
                .timeout_per_write(Some(patience.silence));
            Ok(config.build().new_agent())
        };
        let roots = roots();
        let http = agent(proxies.http.as_ref(), roots.clone())?;
        Ok(Self { http, https: agent(proxies.https.as_ref(), roots)?, patience })
    }

    /// How long a server is waited for.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// Asks for a file: for its bytes from `from` up to, but without, `end`; `None` is its end. `if_range` is the server's mark of
    /// the version that the bytes must belong to; of another version it sends all.
    pub(super) fn get(
        &self,
        url: &str,
        from: u64,
        end: Option<u64>,
        if_range: Option<&str>,
    ) -> Result<Answer, NoAnswer> {
        let is_https = url.starts_with("https://");
        let agent = if is_https { &self.https } else { &self.http };
        // An encrypted address may not lead to one that is not.
        let mut request = agent.get(url).config().https_only(is_https).build();
        if from > 0 || end.is_some() {
            let last = end.map_or(String::new(), |end| (end - 1).to_string());
            request = request.header("Range", format!("bytes={from}-{last}"));
        }
        if let Some(mark) = if_range.filter(|_| from > 0) {
            request = request.header("If-Range", mark);
        }
        let response = request.call().map_err(|error| self.explain(error))?;
        Ok(Answer::new(response))
    }

    /// Why a request failed.
    fn explain(&self, error: ureq::Error) -> NoAnswer {
        use ureq::Error as E;
        match error {
            E::RequireHttpsOnly(to) => NoAnswer::Refused(format!("it leads to {to}, which is not encrypted")),
            E::TooManyRedirects => NoAnswer::Refused(format!("it is redirected more than {REDIRECTS} times")),
            E::BadUri(_) | E::Http(_) => NoAnswer::Refused("this is not the address of a file".into()),
            E::HostNotFound => NoAnswer::Again("the host was not found".into()),
            E::ConnectProxyFailed(why) => NoAnswer::Again(format!("the proxy did not connect: {why}")),
            E::Timeout(_) => NoAnswer::Again(self.silent()),
            other => {
                let said = other.to_string();
                if said.to_lowercase().contains("certificate") {
                    return NoAnswer::Refused(format!(
                        "the server's certificate is not trusted ({}); a company's own certificates are found through \
                         SSL_CERT_FILE",
                        said.trim_start_matches("io: ")
                    ));
                }
                NoAnswer::Again(self.broke_off(other.into_io()))
            }
        }
    }

    /// Why reading an answer failed.
    pub(super) fn broke_off(&self, error: io::Error) -> String {
        match ureq::Error::from(error) {
            ureq::Error::Timeout(_) => self.silent(),
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                "the connection ended early".into()
            }
            ureq::Error::Io(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => {
                self.silent()
            }
            ureq::Error::Io(error) => format!("the connection failed ({error})"),
            other => format!("the connection failed ({other})"),
        }
    }

    fn silent(&self) -> String {
        format!("nothing came for {} s", self.patience.silence.as_secs_f64())
    }
}

impl Answer {
    fn new(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let length = body.content_length();
        let mime = body.mime_type().map(str::to_owned);
        let body = Box::new(body.into_with_config().limit(u64::MAX).reader());
        Self { status: parts.status.as_u16(), headers: parts.headers, length, mime, body }
    }

    /// A header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// The first byte that it has, and the bytes of the whole file, from `Content-Range: bytes 5-9/10`.
    pub(super) fn range(&self) -> Option<(u64, Option<u64>)> {
        let (range, total) = self.header("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
        Some((range.split_once('-')?.0.trim().parse().ok()?, total.trim().parse().ok()))
    }

    /// How long the server asks to wait, in seconds. A date is not understood: that needs a clock.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.parse().ok().map(Duration::from_secs)
    }

    /// The server's mark of this version of the file, as `If-Range` needs it: a strong `ETag`, or else the time of its last change.
    pub(super) fn mark(&self) -> Option<String> {
        let strong = self.header("etag").filter(|mark| mark.starts_with('"'));
        strong.or_else(|| self.header("last-modified")).map(str::to_owned)
    }

    /// The server's weak mark, which `If-Range` may not have: files of two such marks are two versions.
    pub(super) fn weak(&self) -> Option<String> {
        self.header("etag").filter(|mark| mark.starts_with("W/")).map(str::to_owned)
    }
}

fn roots() -> RootCerts {
    // Certificates that cannot be read are as good as none.
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return RootCerts::WebPki;
    }
    found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect::<Vec<_>>().into()
}

/// The proxy of an address, which is not used for the hosts in `not_for`.
fn proxy(address: &str, not_for: &str) -> Result<Proxy, FetchError> {
    let without_password = || match address.rsplit_once('@') {
        Some((user, host)) => format!("{}...@{host}", user.split_once("://").map_or("", |(scheme, _)| scheme)),
        None => address.to_owned(),
    };
    let wrong = |error: &ureq::Error| FetchError::Proxy { url: without_password(), why: error.to_string() };
    let plain = Proxy::new(address).map_err(|error| wrong(&error))?;
    let mut builder = Proxy::builder(plain.protocol()).host(plain.host()).port(plain.port());
    builder = match plain.username() {
        Some(name) => builder.username(name),
        None => builder,
    };
    builder = match plain.password() {
        Some(password) => builder.password(password),
        None => builder,
    };
    for host in not_for.split(',').map(str::trim).filter(|host| !host.is_empty()) {
        builder = builder.no_proxy(host);
        if !host.starts_with(['.', '*']) {
            builder = builder.no_proxy(&format!(".{host}"));
        }
    }
    builder.build().map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::net::TcpListener;
    use ureq::unversioned::resolver::DefaultResolver;
    use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport};

    /// A connection that says it is encrypted and is not: it needs no certificate.
    #[derive(Debug)]
    struct Pretended<T>(T);

    impl<T: Transport> Transport for Pretended<T> {
        fn buffers(&mut self) -> &mut dyn Buffers {
            self.0.buffers()
        }

        fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
            self.0.transmit_output(amount, timeout)
        }

        fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
            self.0.await_input(timeout)
        }

        fn is_open(&mut self) -> bool {
            self.0.is_open()
        }

        fn is_tls(&self) -> bool {
            true
        }
    }

    /// Makes such connections.
    #[derive(Debug)]
    struct Pretend;

    impl<In: Transport> Connector<In> for Pretend {
        type Out = Pretended<In>;

        fn connect(&self, _: &ConnectionDetails<'_>, made: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
            Ok(made.map(Pretended))
        }
    }

    /// The address of a server that leads from `/out` to an address with `http://`, and from `/on` to one without a scheme.
    fn leading() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let own = address.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                    head.push(byte[0]);
                }
                let to = |place: &str| format!("302 Found\r\nLocation: {place}");
                let answer = match String::from_utf8_lossy(&head).split(' ').nth(1) {
                    Some("/out") => to(&format!("http://{own}/there")),
                    Some("/on") => to("/there"),
                    _ => "200 OK".into(),
                };
                let _ = write!(stream, "HTTP/1.1 {answer}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            }
        });
        address
    }

    #[test]
    fn an_encrypted_address_leads_to_none_that_is_not() {
        let client = Client::new(&Proxies::default(), Patience::default()).expect("no proxy");
        let connector = ().chain(TcpConnector::default()).chain(Pretend);
        let https = Agent::with_parts(client.https.config().clone(), connector, DefaultResolver::default());
        let (client, host) = (Client { https, ..client }, leading());
        let refused = |url: String| match client.get(&url, 0, None, None) {
            Ok(answer) => Err(answer.status),
            Err(NoAnswer::Refused(why) | NoAnswer::Again(why)) => Ok(why),
        };
        let why = format!("it leads to http://{host}/there, which is not encrypted");
        assert_eq!(refused(format!("https://{host}/out")), Ok(why));
        for allowed in ["https://HOST/on", "http://HOST/on", "http://HOST/out"] {
            assert_eq!(refused(allowed.replace("HOST", &host)), Err(200), "{allowed}");
        }
    }

    #[test]
    fn proxies_are_those_of_the_usual_variables() {
        let from = |set: &[(&str, &str)]| {
            Proxies::from_variables(|name| set.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(from(&[("HTTPS_PROXY", " ")]), Proxies::default());
        let both = from(&[("ALL_PROXY", "http://a"), ("https_proxy", "http://b"), ("HTTPS_PROXY", "http://c")]);
        assert_eq!((both.http.as_deref(), both.https.as_deref()), (Some("http://a"), Some("http://b")));
        assert_eq!(from(&[("NO_PROXY", "x.org")]).not_for.as_deref(), Some("x.org"));
    }

    #[test]
    fn a_proxy_is_left_out_for_hosts_and_their_subdomains() {
        let is_left_out = |not_for: &str, url: &str| {
            proxy("http://me:secret@proxy.org:3128", not_for).expect("right").is_no_proxy(&url.parse().expect("a URL"))
        };
        assert!(is_left_out("b.org, a.org", "https://a.org/x") && is_left_out("a.org", "https://files.a.org/x"));
        assert!(!is_left_out("a.org", "https://ba.org/x") && !is_left_out("", "https://a.org/x"));
        assert!(is_left_out("*", "https://a.org/x"));
        let wrong = proxy("gopher://me:secret@proxy.org", "").expect_err("no proxy").to_string();
        assert!(wrong.starts_with("the proxy gopher...@proxy.org: ") && !wrong.contains("secret"), "{wrong}");
    }
}
