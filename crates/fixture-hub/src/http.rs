//! HTTP/1.1, as much of it as the clients of a Hub need: one request after another on a connection,
//! answers of known length, and the ways in which an answer can go wrong.

use std::io::Write as _;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// The longest head of a request.
const HEAD: usize = 64 << 10;
/// The longest body of a request.
const BODY: usize = 16 << 20;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path, decoded.
    pub(crate) path: String,
    /// The path and the query as they were written.
    pub(crate) target: String,
    pub(crate) query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    /// The first value of a key of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut query = self.query.iter();
        Some(&query.find(|(key, _)| key == name)?.1)
    }

    /// A number in the query.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.parameter(name)?.parse().ok()
    }

    /// The same request without a key of the query, `page=2` in the place of which tells it apart.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.query.retain(|(key, _)| key != name);
        other.query.push(("page".to_owned(), "2".to_owned()));
        other
    }

    /// The origin under which the client asked.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.header("host").unwrap_or("localhost"))
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

/// The bytes of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// Made for this answer.
    Bytes(Vec<u8>),
    /// A part of a file, from the first offset up to the second.
    Part(Arc<[u8]>, usize, usize),
}

impl Body {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Part(file, from, to) => file.get(*from..*to).unwrap_or_default(),
        }
    }
}

impl Response {
    pub(crate) fn new(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Bytes(body),
        }
    }

    pub(crate) fn json(status: u16, body: Vec<u8>) -> Self {
        Self::new(status, body).with("content-type", "application/json; charset=utf-8")
    }

    pub(crate) fn value(value: &serde_json::Value) -> Self {
        Self::json(200, value.to_string().into_bytes())
    }

    /// An error as the Hub tells it: in the body, in a header, with a code.
    pub(crate) fn error(status: u16, code: Option<&str>, message: &str) -> Self {
        let body = serde_json::json!({ "error": message }).to_string();
        let answer = Self::json(status, body.into_bytes()).with("x-error-message", message);
        match code {
            Some(code) => answer.with("x-error-code", code),
            None => answer,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(key, _)| *key != name);
        self
    }

    /// The body compressed, if there is enough of it.
    pub(crate) fn gzip(mut self) -> Self {
        if let Body::Bytes(bytes) = &self.body
            && bytes.len() > 1024
        {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            if encoder.write_all(bytes).is_ok()
                && let Ok(packed) = encoder.finish()
            {
                self.body = Body::Bytes(packed);
                self.headers.push(("content-encoding", "gzip".to_owned()));
            }
        }
        self
    }
}

/// How much of an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Send {
    Whole,
    /// Half of the body, then the connection is closed.
    Half,
    /// The connection is closed at once.
    Nothing,
}

/// One side of a connection.
#[derive(Debug)]
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).ok();
        Self(BufReader::new(stream))
    }

    /// The next request; `None` when there is none, or none that can be understood.
    pub(crate) async fn next(&mut self) -> Option<Request> {
        let mut head = Vec::new();
        loop {
            let before = head.len();
            let read = self.0.read_until(b'\n', &mut head).await.ok()?;
            if read == 0 || head.len() > HEAD {
                return None;
            }
            if matches!(head.get(before..), Some(b"\r\n" | b"\n")) {
                break;
            }
        }
        let head = String::from_utf8(head).ok()?;
        let mut lines = head.lines();
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut request = Request {
            method,
            path: decoded(path),
            query: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            target,
            headers,
            body: Vec::new(),
        };
        let length = request.header("content-length");
        let length: usize = length.and_then(|text| text.parse().ok()).unwrap_or(0);
        if length > BODY {
            return None;
        }
        request.body.resize(length, 0);
        self.0.read_exact(&mut request.body).await.ok()?;
        Some(request)
    }

    /// Sends an answer; whether the connection can take another request.
    pub(crate) async fn answer(
        &mut self,
        request: &Request,
        response: &Response,
        send: Send,
    ) -> bool {
        if send == Send::Nothing {
            return false;
        }
        let body = response.body.bytes();
        let mut head = format!(
            "HTTP/1.1 {} {}\r\n",
            response.status,
            reason(response.status)
        );
        for (name, value) in &response.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let given = |name: &str| response.headers.iter().any(|(key, _)| *key == name);
        if !given("content-length") {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let body = match send {
            _ if request.method == "HEAD" => &[],
            Send::Half => body.get(..body.len() / 2).unwrap_or_default(),
            Send::Whole | Send::Nothing => body,
        };
        let stream = self.0.get_mut();
        if stream.write_all(head.as_bytes()).await.is_err()
            || stream.write_all(body).await.is_err()
            || stream.flush().await.is_err()
        {
            return false;
        }
        let close = request
            .header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        send == Send::Whole && !close
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        412 => "Precondition Failed",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}

/// A path with its `%2F` and the like as what they stand for.
fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = (byte == b'%')
            .then(|| path.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match hex {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded() {
        assert_eq!(decoded("/a%2Fb%zz/%C3%A9"), "/a/b%zz/é");
    }
}
