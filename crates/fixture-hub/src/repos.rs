//! Dataset repositories with files and revisions: commits, trees, revisions, and where a file is.
//! How files come in is in `upload`.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::http::{Request, Response};
use crate::lists;

/// Commits on a page.
const COMMITS: usize = 50;
/// Files on a page.
const FILES: usize = 1_000;

/// Files of these endings, and those that are large or no text, are kept in large file storage.
const LARGE: [&str; 6] = ["parquet", "arrow", "zst", "gz", "zip", "bin"];
const LARGE_BYTES: u64 = 10 << 20;

/// Whether a file is to be kept in large file storage, from its path, its size and its beginning.
pub(crate) fn is_large(path: &str, size: u64, sample: &[u8]) -> bool {
    let ending = path.rsplit('.').next().unwrap_or_default();
    LARGE.contains(&ending) || size > LARGE_BYTES || sample.contains(&0)
}

/// A file's content and its hashes.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) bytes: Arc<[u8]>,
    /// The SHA-256, in hexadecimal.
    pub(crate) hash: String,
    /// The id that git gives the file; of one in large file storage, that of its pointer.
    pub(crate) blob: String,
    /// Whether it is in large file storage.
    pub(crate) large: bool,
}

impl Content {
    pub(crate) fn new(path: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let hash = hex(&Sha256::digest(&bytes));
        let size = bytes.len();
        let large = is_large(path, size as u64, &bytes);
        let pointer =
            format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize {size}\n");
        let blob = blob(if large { pointer.as_bytes() } else { &bytes });
        Self {
            bytes,
            hash,
            blob,
            large,
        }
    }

    /// By what the client compares a file with its own: the SHA-256 of a large one, else git's id.
    pub(crate) fn oid(&self) -> &str {
        if self.large { &self.hash } else { &self.blob }
    }
}

/// The id that git gives a file.
fn blob(bytes: &[u8]) -> String {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {}\0", bytes.len()));
    hasher.update(bytes);
    hex(&hasher.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One state of a repository.
#[derive(Debug, Clone)]
pub(crate) struct Revision {
    /// The commit, 40 hexadecimal digits.
    pub(crate) commit: String,
    /// When it was made.
    pub(crate) at: DateTime<Utc>,
    /// What it says of itself.
    pub(crate) title: String,
    /// It stands in the list of commits, and its files are gone.
    pub(crate) gone: bool,
    pub(crate) files: BTreeMap<String, Content>,
}

/// Whether a repository can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// By everybody.
    Public,
    /// Taken down or private: 401.
    TakenDown,
    /// Disabled by the Hub: 403.
    Disabled,
    /// 404.
    Missing,
}

/// A dataset repository.
#[derive(Debug)]
pub(crate) struct Repo {
    pub(crate) id: String,
    pub(crate) access: Access,
    /// The oldest first.
    pub(crate) revisions: Vec<Revision>,
}

impl Repo {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            access: Access::Public,
            revisions: Vec::new(),
        }
    }

    /// Adds a state: the files of the one before, with these in place of those of the same name;
    /// `None` removes one.
    pub(crate) fn commit(
        &mut self,
        at: DateTime<Utc>,
        title: &str,
        files: impl IntoIterator<Item = (String, Option<Content>)>,
    ) -> String {
        let mut all = self
            .revisions
            .last()
            .map_or_else(BTreeMap::new, |last| last.files.clone());
        for (path, content) in files {
            match content {
                Some(content) => all.insert(path, content),
                None => all.remove(&path),
            };
        }
        let seed = format!("{} {} {at} {title}", self.id, self.revisions.len());
        let commit: String = blake3::hash(seed.as_bytes())
            .to_hex()
            .chars()
            .take(40)
            .collect();
        self.revisions.push(Revision {
            commit: commit.clone(),
            at,
            title: title.to_owned(),
            gone: false,
            files: all,
        });
        commit
    }

    pub(crate) fn revision(&self, name: &str) -> Option<&Revision> {
        let found = match name {
            "main" => self.revisions.last(),
            commit => self.revisions.iter().find(|known| known.commit == commit),
        };
        found.filter(|revision| !revision.gone)
    }

    pub(crate) fn refused(&self) -> Option<Response> {
        match self.access {
            Access::Public => None,
            Access::TakenDown => Some(not_there()),
            Access::Disabled => Some(Response::error(
                403,
                Some("DisabledRepo"),
                "Access to this resource is disabled.",
            )),
            Access::Missing => Some(Response::error(
                404,
                Some("RepoNotFound"),
                "Repository not found",
            )),
        }
    }
}

/// A repository that is not there, or not for the one who asks: the Hub does not tell which.
pub(crate) fn not_there() -> Response {
    Response::error(401, Some("RepoNotFound"), "Invalid username or password.")
}

pub(crate) fn no_revision(name: &str) -> Response {
    Response::error(
        404,
        Some("RevisionNotFound"),
        &format!("Invalid rev id: {name}"),
    )
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// What is asked of a repository: the words behind its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked<'a> {
    /// `commits`, `tree`, `revision`, `refs`, `paths-info`, `preupload`, `commit`, or nothing.
    pub(crate) what: &'a str,
    pub(crate) revision: &'a str,
    pub(crate) path: &'a str,
}

impl<'a> Asked<'a> {
    /// Reads `commits/main` or `tree/main/folder`.
    pub(crate) fn parse(rest: &'a str) -> Self {
        let (what, rest) = rest.split_once('/').unwrap_or((rest, ""));
        // A revision such as `refs/convert/parquet` has slashes of its own.
        let (revision, path) = match rest.strip_prefix("refs/") {
            Some(_) => (rest, ""),
            None => rest.split_once('/').unwrap_or((rest, "")),
        };
        Self {
            what,
            revision: if revision.is_empty() {
                "main"
            } else {
                revision
            },
            path,
        }
    }
}

/// Answers `/api/datasets/{id}/…`.
pub(crate) fn api(repo: &Repo, asked: &Asked<'_>, request: &Request) -> Response {
    if let Some(refused) = repo.refused() {
        return refused;
    }
    if asked.what == "commits" {
        return commits(repo, request);
    }
    if asked.what == "refs" {
        let target = repo.revisions.last().map(|last| last.commit.clone());
        return Response::value(&json!({
            "tags": [], "converts": [],
            "branches": [{"name": "main", "ref": "refs/heads/main", "targetCommit": target}],
        }));
    }
    let Some(revision) = repo.revision(asked.revision) else {
        return no_revision(asked.revision);
    };
    match asked.what {
        "" | "revision" => {
            let siblings: Vec<Value> = (revision.files.keys())
                .map(|path| json!({"rfilename": path}))
                .collect();
            Response::value(&json!({
                "_id": "621ffdc036468d709f174338", "id": repo.id, "sha": revision.commit,
                "author": repo.id.split('/').next(), "private": false, "gated": false,
                "disabled": false, "downloads": 0, "likes": 0, "tags": [],
                "createdAt": repo.revisions.first().map(|first| moment(first.at)),
                "lastModified": moment(revision.at), "siblings": siblings,
            }))
        }
        "tree" => tree(repo, revision, asked.path, request),
        "paths-info" => paths_info(repo, revision, request),
        _ => Response::error(404, None, "Not found"),
    }
}

fn commits(repo: &Repo, request: &Request) -> Response {
    let page = request.number("p").unwrap_or(0);
    let limit = request.number("limit").unwrap_or(COMMITS).clamp(1, 1_000);
    let all = || repo.revisions.iter().rev();
    let items: Vec<Value> = all()
        .skip(page * limit)
        .take(limit)
        .map(|revision| {
            json!({
                "id": revision.commit, "title": revision.title, "message": "",
                "authors": [{"user": "fixture", "avatar": ""}], "date": moment(revision.at),
            })
        })
        .collect();
    let total = repo.revisions.len();
    let answer = Response::value(&Value::Array(items)).with("x-total-count", total.to_string());
    if (page + 1) * limit >= total {
        return answer;
    }
    let path = request.target.split('?').next().unwrap_or_default();
    let next = page + 1;
    let link = format!(
        "<{}{path}?p={next}&limit={limit}>; rel=\"next\"",
        request.origin()
    );
    answer.with("link", link)
}

fn entry(path: &str, content: &Content, repo: &Repo, expand: bool) -> Value {
    let size = content.bytes.len();
    let mut entry = json!({"type": "file", "path": path, "size": size, "oid": content.blob});
    if content.large
        && let Some(entry) = entry.as_object_mut()
    {
        let large = json!({"oid": content.hash, "size": size, "pointerSize": 133});
        entry.insert("lfs".to_owned(), large);
    }
    if expand {
        // The commit that brought the file as it is.
        let since = repo.revisions.iter().find(|revision| {
            revision
                .files
                .get(path)
                .is_some_and(|known| known.hash == content.hash)
        });
        if let (Some(since), Some(entry)) = (since, entry.as_object_mut()) {
            entry.insert(
                "lastCommit".to_owned(),
                json!({"id": since.commit, "title": since.title, "date": moment(since.at)}),
            );
        }
    }
    entry
}

fn tree(repo: &Repo, revision: &Revision, below: &str, request: &Request) -> Response {
    let is = |name: &str| {
        request
            .parameter(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    };
    let (recursive, expand) = (is("recursive"), is("expand"));
    let prefix = match below.trim_matches('/') {
        "" => String::new(),
        folder => format!("{folder}/"),
    };
    let mut entries = BTreeMap::new();
    for (path, content) in &revision.files {
        let Some(rest) = path.strip_prefix(&prefix) else {
            continue;
        };
        for (at, _) in rest.match_indices('/') {
            let folder = path.get(..prefix.len() + at).unwrap_or_default();
            entries.insert(
                folder.to_owned(),
                json!({"type": "directory", "path": folder, "size": 0, "oid": "0".repeat(40)}),
            );
            if !recursive {
                break;
            }
        }
        if recursive || !rest.contains('/') {
            entries.insert(path.clone(), entry(path, content, repo, expand));
        }
    }
    if entries.is_empty() && !prefix.is_empty() {
        return Response::error(404, Some("EntryNotFound"), "Entry not found");
    }
    let after = request.parameter("cursor").unwrap_or_default().to_owned();
    let mut rest = entries.into_iter().filter(|(path, _)| *path > after);
    let limit = request.number("limit").unwrap_or(FILES).clamp(1, FILES);
    let page: Vec<(String, Value)> = rest.by_ref().take(limit).collect();
    let last = page.last().map(|(path, _)| path.clone());
    let more = rest.next().is_some();
    let items = page.into_iter().map(|(_, entry)| entry).collect();
    let answer = Response::value(&Value::Array(items));
    match last {
        Some(last) if more => answer.with("link", lists::link(request, &last)),
        _ => answer,
    }
}

fn paths_info(repo: &Repo, revision: &Revision, request: &Request) -> Response {
    let body = &request.body;
    let paths: Vec<String> = match serde_json::from_slice::<Value>(body) {
        Ok(value) => (value
            .get("paths")
            .and_then(Value::as_array)
            .into_iter()
            .flatten())
        .filter_map(|path| path.as_str().map(str::to_owned))
        .collect(),
        Err(_) => url::form_urlencoded::parse(body)
            .filter(|(name, _)| name == "paths")
            .map(|(_, path)| path.into_owned())
            .collect(),
    };
    let found = paths.iter().filter_map(|path| {
        if let Some(content) = revision.files.get(path) {
            return Some(entry(path, content, repo, true));
        }
        let folder = format!("{path}/");
        let any = revision.files.keys().any(|file| file.starts_with(&folder));
        any.then(|| json!({"type": "directory", "path": path, "size": 0, "oid": "0".repeat(40)}))
    });
    Response::value(&Value::Array(found.collect()))
}

/// Answers `/datasets/{id}/resolve/{revision}/{path}`: where the file is, on another origin.
pub(crate) fn resolve(
    repo: &Repo,
    revision: &str,
    path: &str,
    signed: impl FnOnce(&Content) -> String,
) -> Response {
    if let Some(refused) = repo.refused() {
        return refused;
    }
    let Some(found) = repo.revision(revision) else {
        return no_revision(revision);
    };
    let Some(content) = found.files.get(path) else {
        return Response::error(404, Some("EntryNotFound"), "Entry not found")
            .with("x-repo-commit", &found.commit);
    };
    Response::new(302, Vec::new())
        .with("location", signed(content))
        .with("x-repo-commit", &found.commit)
        .with("x-linked-size", content.bytes.len().to_string())
        .with("x-linked-etag", format!("\"{}\"", content.oid()))
        .with("etag", format!("\"{}\"", content.oid()))
        .with("accept-ranges", "bytes")
}

/// A file or the part of it that `Range` asks for.
pub(crate) fn ranged(content: &Content, range: Option<&str>) -> Response {
    use crate::http::Body;
    let size = content.bytes.len();
    let whole = |status, from, to| Response {
        status,
        headers: vec![
            ("etag", format!("\"{}\"", content.oid())),
            ("accept-ranges", "bytes".to_owned()),
            ("content-type", "application/octet-stream".to_owned()),
        ],
        body: Body::Part(Arc::clone(&content.bytes), from, to),
    };
    let Some(range) = range.and_then(|range| range.strip_prefix("bytes=")) else {
        return whole(200, 0, size);
    };
    let (from, to) = range.split_once('-').unwrap_or((range, ""));
    let bounds = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => Some((from, (to + 1).min(size))),
        (Ok(from), Err(_)) => Some((from, size)),
        (Err(_), Ok(last)) => Some((size.saturating_sub(last), size)),
        (Err(_), Err(_)) => None,
    };
    match bounds.filter(|(from, to)| from < to) {
        Some((from, to)) => {
            whole(206, from, to).with("content-range", format!("bytes {from}-{}/{size}", to - 1))
        }
        None => Response::error(416, None, "Range not satisfiable")
            .with("content-range", format!("bytes */{size}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_of_a_repository() {
        let asked = |rest| {
            let Asked {
                what,
                revision,
                path,
            } = Asked::parse(rest);
            (what, revision, path)
        };
        assert_eq!(asked(""), ("", "main", ""));
        assert_eq!(asked("commits/main"), ("commits", "main", ""));
        assert_eq!(asked("tree/abc/a/b"), ("tree", "abc", "a/b"));
    }

    #[test]
    fn ids_are_those_of_git() {
        // `printf 'card\n' | git hash-object --stdin`, and the same of the pointer to it.
        let text = Content::new("README.md", b"card\n".to_vec());
        assert_eq!(text.oid(), "00c3bdd3af760ad499e18bacdee7430e609d143e");
        let large = Content::new("a.parquet", b"card\n".to_vec());
        assert_eq!(
            large.oid(),
            "ee5a8aebf57ef226f9b73e086350e212d563474aca1576db0f4960021004664f"
        );
        assert_eq!(large.blob, "da36f01983b713b595bb1fe797c0ac7e2b6cb668");
    }

    #[test]
    fn ranges() {
        let content = Content::new("digits.bin", (0..10).collect::<Vec<u8>>());
        let part = |range| {
            let answer = ranged(&content, Some(range));
            match answer.body {
                crate::http::Body::Part(_, from, to) => (answer.status, from, to),
                crate::http::Body::Bytes(_) => (answer.status, 0, 0),
            }
        };
        assert_eq!(part("bytes=2-4"), (206, 2, 5));
        assert_eq!(part("bytes=8-99"), (206, 8, 10));
        assert_eq!(part("bytes=-3"), (206, 7, 10));
        assert_eq!(part("bytes=10-12"), (416, 0, 0));
    }
}
