//! Two listeners, the Hub and the origin its files lie on, and the way from a request to an answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;

use crate::faults::Fault;
use crate::http::{Connection, Request, Response, Send};
use crate::limit::{Bucket, Grant};
use crate::lists::{self, ListKind};
use crate::repos::{self, Asked};
use crate::state::{State, locked, read};
use crate::upload;

/// Which of the two origins a connection came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Hub,
    Files,
}

#[expect(
    clippy::disallowed_methods,
    reason = "windows and signed addresses end by the clock"
)]
fn now() -> Instant {
    Instant::now()
}

pub(crate) async fn listen(listener: TcpListener, side: Side, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let mut connection = Connection::new(stream);
            while let Some(request) = connection.next().await {
                let (response, send) = match side {
                    Side::Hub => hub(&state, &request).await,
                    Side::Files => files(&state, &request).await,
                };
                if !connection.answer(&request, &response, send).await {
                    break;
                }
            }
        });
    }
}

/// The Hub: counts, limits, faults, and then what was asked for.
async fn hub(state: &State, request: &Request) -> (Response, Send) {
    // What the official client asks first, once a day, is no part of anybody's work.
    if request.path == "/api/agent-harnesses" {
        return (Response::error(404, None, "Not found"), Send::Whole);
    }
    if request.path == "/fixture/counts" {
        let counts = locked(&state.counts).clone();
        return (Response::json(200, counts.json().into_bytes()), Send::Whole);
    }
    let token = request.header("authorization").is_some();
    let grant = {
        let bucket = Bucket::of(&request.path);
        let grant = locked(&state.limits).count(bucket, token, now());
        let mut counts = locked(&state.counts);
        counts.requests += 1;
        counts.with_token += u64::from(token);
        counts.beyond_the_grant += u64::from(!grant.granted);
        if counts.log {
            counts.targets.push(request.target.clone());
        }
        grant
    };
    if state.settings.latency > Duration::ZERO {
        tokio::time::sleep(state.settings.latency).await;
    }
    let headers = |response: Response, grant: &Grant| {
        let [limit, policy] = grant.headers.clone();
        response.with(limit.0, limit.1).with(policy.0, policy.1)
    };
    if !grant.granted {
        let answer = Response::error(429, None, "Too many requests: you have reached the limit.");
        return (headers(answer, &grant), Send::Whole);
    }
    let fault = locked(&state.faults).strikes(&request.target);
    locked(&state.counts).faults += u64::from(fault.is_some());
    match fault {
        None => {}
        Some(Fault::Cdn) => return (Response::new(429, b"Too Many".to_vec()), Send::Whole),
        Some(fault) => {
            if let Some((answer, send)) = struck(fault).await {
                return (headers(answer, &grant), send);
            }
        }
    }
    let wrong = state.settings.token.as_ref().is_some_and(|token| {
        let given = request.header("authorization");
        given.is_some_and(|given| given.strip_prefix("Bearer ") != Some(token))
    });
    let answer = if wrong {
        Response::error(401, None, "Invalid username or password.")
    } else {
        state.before_answer();
        match fault {
            Some(Fault::FirstPage) => route(state, &request.without("cursor")),
            _ => route(state, request),
        }
    };
    let answer = match request.header("accept-encoding") {
        Some(accepted) if state.settings.gzip && accepted.contains("gzip") => answer.gzip(),
        _ => answer,
    };
    let send = match fault {
        Some(Fault::Cut) => Send::Half,
        _ => Send::Whole,
    };
    let answer = match fault {
        Some(Fault::Torn) => torn(answer),
        Some(Fault::LinkBack) => {
            let link = format!("<{}{}>; rel=\"next\"", request.origin(), request.target);
            answer.without("link").with("link", link)
        }
        _ => answer,
    };
    (headers(answer, &grant), send)
}

/// What a fault does before there is an answer; `None` if there is one all the same.
async fn struck(fault: Fault) -> Option<(Response, Send)> {
    match fault {
        Fault::Status(status) => Some((
            Response::error(status, None, "Something went wrong"),
            Send::Whole,
        )),
        Fault::Throttle(seconds) => {
            let answer = Response::error(429, None, "Slow down");
            let answer = match seconds {
                Some(seconds) => answer.with("retry-after", seconds.to_string()),
                None => answer,
            };
            Some((answer, Send::Whole))
        }
        Fault::Cdn => Some((Response::new(429, Vec::new()), Send::Whole)),
        Fault::Reset => Some((Response::new(500, Vec::new()), Send::Nothing)),
        Fault::Slow(time) => {
            tokio::time::sleep(time).await;
            None
        }
        Fault::Stall => std::future::pending().await,
        Fault::Cut | Fault::Torn | Fault::LinkBack | Fault::FirstPage => None,
    }
}

/// Half of the body, as if that were all.
fn torn(mut answer: Response) -> Response {
    if let crate::http::Body::Bytes(bytes) = &mut answer.body {
        bytes.truncate(bytes.len() / 2);
    }
    answer
}

fn route(state: &State, request: &Request) -> Response {
    let path = request.path.trim_end_matches('/');
    if path == "/api/daily_papers" {
        return papers(state, request);
    }
    match path {
        "/api/validate-yaml" => return upload::valid(),
        "/oauth/token" => return upload::token(request),
        _ => {}
    }
    if let Some(id) = path
        .strip_prefix("/datasets/")
        .and_then(|rest| rest.strip_suffix(".git/info/lfs/objects/batch"))
    {
        return upload::batch(state, id, request);
    }
    for (prefix, kind) in [
        ("/api/organizations/", "organization"),
        ("/api/users/", "user"),
    ] {
        if let Some(name) = path
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_suffix("/overview"))
        {
            let found = read(&state.accounts).get(name).cloned();
            return match found {
                Some((known, overview)) if known == kind => Response::value(&overview),
                _ => Response::error(404, None, "This account does not exist"),
            };
        }
    }
    for kind in ListKind::ALL {
        let Some(rest) = path.strip_prefix(&format!("/api/{}", kind.name())) else {
            continue;
        };
        return match rest.strip_prefix('/') {
            None => match read(&state.rows).get(&kind) {
                Some(rows) => lists::list(kind, rows, request, &state.settings.refused),
                None => Response::json(200, b"[]".to_vec()),
            },
            Some(rest) => repository(state, kind, rest, request),
        };
    }
    if let Some((id, rest)) = path
        .strip_prefix("/datasets/")
        .and_then(|rest| rest.split_once("/resolve/"))
    {
        if let Some(moved) = renamed(state, "/datasets/", id, &format!("/resolve/{rest}")) {
            return moved;
        }
        let (revision, file) = rest.split_once('/').unwrap_or((rest, ""));
        let repos = read(&state.repos);
        return match repos.get(id) {
            Some(repo) => repos::resolve(repo, revision, file, |content| state.sign(content)),
            None => repos::not_there(),
        };
    }
    Response::error(404, None, "Not found")
}

/// What is asked of one repository: `account/name/commits/main`.
fn repository(state: &State, kind: ListKind, rest: &str, request: &Request) -> Response {
    let mut parts = rest.splitn(3, '/');
    let words = [
        "commits",
        "tree",
        "revision",
        "refs",
        "paths-info",
        "preupload",
        "commit",
    ];
    let first = parts.next().unwrap_or_default();
    let second = parts.next();
    // An id of the old kind has no account.
    let (id, tail) = match second {
        Some(second) if !words.contains(&second) => (
            format!("{first}/{second}"),
            parts.next().unwrap_or_default().to_owned(),
        ),
        Some(second) => (
            first.to_owned(),
            match parts.next() {
                Some(rest) => format!("{second}/{rest}"),
                None => second.to_owned(),
            },
        ),
        None => (first.to_owned(), String::new()),
    };
    let behind = if tail.is_empty() {
        String::new()
    } else {
        format!("/{tail}")
    };
    if let Some(moved) = renamed(state, &format!("/api/{}/", kind.name()), &id, &behind) {
        return moved;
    }
    let asked = Asked::parse(&tail);
    match asked.what {
        "preupload" if kind == ListKind::Datasets => {
            return upload::preupload(state, &id, asked.revision, request);
        }
        "commit" if kind == ListKind::Datasets => return upload::commit(state, &id, request),
        _ => {}
    }
    if kind == ListKind::Datasets
        && let Some(repo) = read(&state.repos).get(&id)
    {
        return repos::api(repo, &asked, request);
    }
    let rows = read(&state.rows);
    match rows.get(&kind).and_then(|rows| rows.one(&id)) {
        Some(body) => Response::json(200, body),
        None => repos::not_there(),
    }
}

/// The way to the new name of a repository, relative to this origin.
fn renamed(state: &State, before: &str, id: &str, behind: &str) -> Option<Response> {
    let renamed = read(&state.renamed);
    let new = renamed.get(id)?;
    Some(Response::new(307, Vec::new()).with("location", format!("{before}{new}{behind}")))
}

fn papers(state: &State, request: &Request) -> Response {
    let limit = request.number("limit").unwrap_or(50).clamp(1, 100);
    let page = request.number("p").unwrap_or(0);
    let date = request.parameter("date");
    let papers = read(&state.papers);
    let items = papers
        .iter()
        .filter(|paper| {
            let on = paper.get("publishedAt").and_then(Value::as_str);
            date.is_none_or(|date| on.is_some_and(|on| on.starts_with(date)))
        })
        .skip(page * limit)
        .take(limit)
        .cloned()
        .collect();
    Response::value(&Value::Array(items))
}

/// The origin on which files lie, and to which large ones are sent: signed addresses, ranges, and no
/// token.
async fn files(state: &State, request: &Request) -> (Response, Send) {
    {
        let mut counts = locked(&state.counts);
        counts.file_requests += 1;
        counts.tokens_at_the_files += u64::from(request.header("authorization").is_some());
    }
    let fault = locked(&state.faults).strikes(&request.target);
    locked(&state.counts).faults += u64::from(fault.is_some());
    if let Some(fault) = fault
        && let Some(answer) = struck(fault).await
    {
        return answer;
    }
    let answer = if request.method == "PUT" {
        state
            .upload(request)
            .map(|()| Response::new(200, Vec::new()))
    } else {
        let found = state.signed(request);
        found.map(|content| repos::ranged(&content, request.header("range")))
    };
    let answer = answer.unwrap_or_else(|why| Response::error(403, None, why));
    locked(&state.counts).file_bytes += match &answer.body {
        crate::http::Body::Part(_, from, to) => (to - from) as u64,
        crate::http::Body::Bytes(_) => 0,
    };
    let send = match fault {
        Some(Fault::Cut | Fault::Torn) => Send::Half,
        _ => Send::Whole,
    };
    (answer, send)
}
