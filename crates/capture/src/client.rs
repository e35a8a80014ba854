//! Requests to a Hub: limits obeyed, failures that pass retried, redirects followed by hand, and the
//! token sent to the Hub's own origin only.

pub(crate) mod link;
pub(crate) mod retry;

use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderValue, LINK, LOCATION,
    RANGE, RETRY_AFTER,
};
use reqwest::{Method, StatusCode};
use url::Url;

use crate::client::retry::Retries;
use crate::edge::{Clock, Event, Observer};
use crate::error::{Error, Result};
use crate::rate::{self, Limit, Refusal, Windows};

/// The longest body that is taken for a page.
const MAX_BODY: u64 = 1 << 30;
/// Redirects that are followed one after another.
const MAX_REDIRECTS: usize = 5;
/// Windows that are waited for on behalf of one request.
const MAX_WINDOWS: u32 = 20;

/// How a Hub is reached.
#[derive(Clone)]
pub struct Access {
    /// Its address, such as `https://huggingface.co`.
    pub endpoint: String,
    /// A token, sent to the endpoint's origin only.
    pub token: Option<String>,
    /// How often to try again.
    pub retries: Retries,
    /// How long a connection, or a pause within an answer, may take.
    pub patience: Duration,
    /// A file in which is kept what the rate limit's windows have left, for the process that goes
    /// on after this one.
    pub windows: Option<PathBuf>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("endpoint", &self.endpoint)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}

/// An answer, its body whole and unpacked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What was asked last, after redirects.
    pub(crate) url: Url,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where the list goes on.
    pub(crate) fn next(&self) -> Option<&str> {
        self.headers
            .get_all(LINK)
            .iter()
            .find_map(|value| link::next(value.to_str().ok()?))
    }

    /// What the Hub says went wrong: in a header, in the body, or in the body as it is.
    pub(crate) fn message(&self) -> String {
        #[derive(serde::Deserialize)]
        struct Body {
            error: String,
        }
        if let Ok(body) = serde_json::from_slice::<Body>(&self.body) {
            return body.error;
        }
        if let Some(message) = self.header("x-error-message") {
            return message.to_owned();
        }
        let text = String::from_utf8_lossy(&self.body);
        let line = text.lines().next().unwrap_or_default().trim();
        match line {
            "" => "no reason given".to_owned(),
            line => line.chars().take(200).collect(),
        }
    }
}

/// Requests to one Hub, one at a time.
pub struct Client {
    http: reqwest::Client,
    endpoint: Url,
    authorization: Option<HeaderValue>,
    retries: Retries,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    windows: Mutex<Windows>,
    windows_file: Option<PathBuf>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.endpoint)
    }
}

/// Why a try did not give an answer.
enum Failure {
    /// It may pass; how it ended, and how long to wait if that is known.
    Passing(String, Option<Duration>),
    /// The window is used up.
    Window(Duration),
    /// It stays.
    Lasting(Error),
}

impl Client {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// [`Error::Endpoint`], [`Error::Token`], [`Error::Client`].
    pub fn new(access: Access, clock: Arc<dyn Clock>, observer: Arc<dyn Observer>) -> Result<Self> {
        let wrong = |why: String| Error::Endpoint {
            address: access.endpoint.clone(),
            why,
        };
        let text = access.endpoint.trim_end_matches('/');
        let endpoint = Url::parse(&format!("{text}/")).map_err(|error| wrong(error.to_string()))?;
        if !matches!(endpoint.scheme(), "http" | "https") {
            return Err(wrong(format!("its scheme is {}", endpoint.scheme())));
        }
        let authorization = match access.token.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(token) => {
                let mut value =
                    HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Error::Token)?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let http = reqwest::Client::builder()
            .user_agent(concat!("hubcensus/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(access.patience)
            .read_timeout(access.patience)
            .build()
            .map_err(Error::Client)?;
        let windows = access
            .windows
            .as_ref()
            .and_then(|path| std::fs::read(path).ok());
        let windows = windows.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(Self {
            http,
            endpoint,
            authorization,
            retries: access.retries,
            clock,
            observer,
            windows: Mutex::new(windows.unwrap_or_default()),
            windows_file: access.windows,
        })
    }

    /// The Hub's address, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        self.endpoint.as_str().trim_end_matches('/')
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.observer
    }

    pub(crate) fn note(&self, text: &str) {
        self.observer.on(&Event::Note { text });
    }

    /// An address below the Hub's own.
    pub(crate) fn address(&self, path: &str, query: &[(&str, String)]) -> Result<Url> {
        let joined = format!("{}/{}", self.endpoint(), path.trim_start_matches('/'));
        let mut url = self.parse(&joined)?;
        if !query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in query {
                pairs.append_pair(name, value);
            }
        }
        Ok(url)
    }

    /// An address that the Hub gave.
    pub(crate) fn parse(&self, text: &str) -> Result<Url> {
        Url::parse(text).map_err(|error| Error::Unexpected {
            url: text.to_owned(),
            expected: "an address",
            why: error.to_string(),
        })
    }

    /// Whether an address is on the Hub's own origin.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.endpoint.origin()
    }

    /// Gets a list or a document; `read` says whether the body is whole.
    ///
    /// # Errors
    /// Whatever status is not 200.
    pub(crate) async fn get<T>(
        &self,
        url: &Url,
        read: impl Fn(&Answer) -> Result<T, String>,
    ) -> Result<(T, Answer)> {
        let check = |answer: &Answer| {
            if answer.status != 200 {
                return Ok(None);
            }
            read(answer).map(Some)
        };
        match self.send(Method::GET, url, None, true, check).await? {
            (Some(read), answer) => Ok((read, answer)),
            (None, answer) => Err(self.refused(&answer)),
        }
    }

    /// Asks where a file is, without following the way to another origin.
    pub(crate) async fn head(&self, url: &Url) -> Result<Answer> {
        let any = |_: &Answer| Ok(());
        let (_, answer) = self.send(Method::HEAD, url, None, false, any).await?;
        Ok(answer)
    }

    /// Gets bytes of a file, from the first offset up to the second. Any status is returned; of a
    /// 206 the body has as many bytes as were asked for.
    pub(crate) async fn range(&self, url: &Url, from: u64, to: u64) -> Result<Answer> {
        let whole = |answer: &Answer| match answer.body.len() as u64 {
            length if answer.status == 206 && length != to - from => {
                Err(format!("{length} bytes of {} came", to - from))
            }
            _ => Ok(()),
        };
        let range = format!("bytes={from}-{}", to - 1);
        let (_, answer) = self
            .send(Method::GET, url, Some(&range), true, whole)
            .await?;
        Ok(answer)
    }

    /// What a status that no other try changes means.
    pub(crate) fn refused(&self, answer: &Answer) -> Error {
        let (url, message) = (answer.url.to_string(), answer.message());
        match answer.status {
            401 => Error::Unauthorized {
                url,
                message,
                token: self.authorization.is_some(),
            },
            status => Error::Refused {
                url,
                status,
                message,
                code: answer.header("x-error-code").map(str::to_owned),
            },
        }
    }

    /// Sends a request until there is an answer that no other try changes, and that `check` finds
    /// whole.
    async fn send<T>(
        &self,
        method: Method,
        url: &Url,
        range: Option<&str>,
        follow: bool,
        check: impl Fn(&Answer) -> Result<T, String>,
    ) -> Result<(T, Answer)> {
        let (mut url, mut redirects) = (url.clone(), 0);
        let (mut failed, mut windows) = (0, 0);
        loop {
            if self.observer.stops() {
                return Err(Error::Stopped);
            }
            self.obey(&url).await;
            let failure = match self.once(&method, &url, range).await {
                Ok(answer) => match self.redirect(&answer, follow)? {
                    Some(target) if redirects < MAX_REDIRECTS => {
                        redirects += 1;
                        url = target;
                        continue;
                    }
                    Some(target) => Failure::Lasting(Error::Unexpected {
                        url: url.to_string(),
                        expected: "an answer",
                        why: format!("one redirect after another, the last to {target}"),
                    }),
                    None => match check(&answer) {
                        Ok(checked) => return Ok((checked, answer)),
                        Err(why) => Failure::Passing(why, None),
                    },
                },
                Err(failure) => failure,
            };
            match failure {
                Failure::Lasting(error) => return Err(error),
                Failure::Window(time) if windows < MAX_WINDOWS => {
                    windows += 1;
                    self.wait("the rate limit's next window", time).await;
                }
                Failure::Window(_) => {
                    let last = "429, the window of the rate limit is used up".to_owned();
                    return Err(exhausted(&url, windows, last));
                }
                Failure::Passing(last, after) => {
                    failed += 1;
                    if failed >= self.retries.tries {
                        return Err(exhausted(&url, failed, last));
                    }
                    tracing::debug!(%url, failed, last, "trying again");
                    let wait = self.retries.wait(failed, self.clock.jitter());
                    let why = format!("another try, after {last}");
                    self.wait(&why, after.map_or(wait, |after| after.max(wait / 2)))
                        .await;
                }
            }
        }
    }

    /// Where an answer sends on to, if that is to be followed.
    fn redirect(&self, answer: &Answer, follow: bool) -> Result<Option<Url>> {
        if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let Some(location) = answer.headers.get(LOCATION) else {
            return Ok(None);
        };
        let wrong = |why: String| Error::Unexpected {
            url: answer.url.to_string(),
            expected: "a redirect to an address",
            why,
        };
        let location = location
            .to_str()
            .map_err(|error| wrong(error.to_string()))?;
        let target = answer
            .url
            .join(location)
            .map_err(|error| wrong(error.to_string()))?;
        let same = target.origin() == answer.url.origin();
        Ok((same || follow).then_some(target))
    }

    async fn once(
        &self,
        method: &Method,
        url: &Url,
        range: Option<&str>,
    ) -> Result<Answer, Failure> {
        let mut request = self.http.request(method.clone(), url.clone());
        match range {
            Some(range) => request = request.header(RANGE, range),
            None => request = request.header(ACCEPT_ENCODING, "gzip"),
        }
        if self.is_own(url)
            && let Some(authorization) = &self.authorization
        {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let told = |error: reqwest::Error| Failure::Passing(chain(&error), None);
        let mut response = request.send().await.map_err(told)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let limit = headers
            .get("ratelimit")
            .and_then(|value| Limit::parse(value.to_str().ok()?));
        if let Some(limit) = &limit {
            let now = self.clock.now();
            self.change(|windows| windows.note(&class(url), limit, now));
        }
        if retry::passes(status.as_u16()) {
            let now = self.clock.now();
            let after = headers.get(RETRY_AFTER);
            let after = after.and_then(|value| rate::retry_after(value.to_str().ok()?, now));
            if status != StatusCode::TOO_MANY_REQUESTS {
                return Err(Failure::Passing(status.to_string(), after));
            }
            return Err(match rate::refusal(limit.as_ref(), after) {
                Refusal::Window(time) => Failure::Window(time),
                Refusal::After(time) => Failure::Passing(status.to_string(), Some(time)),
                Refusal::Unknown => Failure::Passing(status.to_string(), None),
            });
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(told)? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > MAX_BODY {
                return Err(Failure::Lasting(too_long(url)));
            }
        }
        let body = match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
            Some(b"gzip") => unpacked(&body, url)?,
            _ => body.freeze(),
        };
        Ok(Answer {
            status: status.as_u16(),
            headers,
            body,
            url: url.clone(),
        })
    }

    /// Waits if the window has nothing left, and counts the request that follows.
    async fn obey(&self, url: &Url) {
        let class = class(url);
        let wait = {
            let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
            windows.wait(&class, self.clock.now())
        };
        if let Some(time) = wait {
            self.wait("the rate limit's next window", time).await;
            let now = self.clock.now();
            self.change(|windows| windows.forget_ended(now));
        }
        self.change(|windows| windows.spend(&class));
    }

    /// Changes what is known of the windows, and keeps it for who comes after.
    fn change(&self, change: impl FnOnce(&mut Windows)) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut windows);
        if let Some(path) = &self.windows_file
            && let Ok(bytes) = serde_json::to_vec(&*windows)
        {
            // Only to be polite to the server; a file that cannot be written costs a 429 at most.
            std::fs::write(path, bytes).ok();
        }
    }

    async fn wait(&self, why: &str, time: Duration) {
        self.observer.on(&Event::Waiting { why, time });
        // In steps, so that who stops it need not wait for the end of a window.
        let mut left = time;
        while !left.is_zero() && !self.observer.stops() {
            let step = left.min(Duration::from_secs(1));
            self.clock.sleep(step).await;
            left -= step;
        }
    }
}

/// The window that a request counts in: the Hub has one for the API, one for files, one for pages.
fn class(url: &Url) -> String {
    let path = url.path();
    let class = if path.starts_with("/api/") {
        "api"
    } else if path.contains("/resolve/") {
        "resolvers"
    } else {
        "pages"
    };
    format!("{} {class}", url.origin().ascii_serialization())
}

fn unpacked(body: &[u8], url: &Url) -> Result<Bytes, Failure> {
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(body).take(MAX_BODY + 1);
    match decoder.read_to_end(&mut unpacked) {
        Ok(_) if unpacked.len() as u64 > MAX_BODY => Err(Failure::Lasting(too_long(url))),
        Ok(_) => Ok(unpacked.into()),
        Err(error) => Err(Failure::Passing(format!("a broken body ({error})"), None)),
    }
}

fn too_long(url: &Url) -> Error {
    Error::Unexpected {
        url: url.to_string(),
        expected: "a page",
        why: format!("more than {MAX_BODY} bytes came"),
    }
}

fn exhausted(url: &Url, tries: u32, last: String) -> Error {
    Error::Exhausted {
        url: url.to_string(),
        tries,
        last,
    }
}

/// What went wrong, without the address, which is told apart: of signed ones it is a secret.
fn chain(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "a connection that broke off".to_owned()
    };
    let mut cause = std::error::Error::source(error);
    let mut last = None;
    while let Some(inner) = cause {
        last = Some(inner.to_string());
        cause = inner.source();
    }
    if let Some(last) = last {
        text = format!("{text} ({last})");
    }
    text
}
