//! How files come into a dataset repository: as the official client's `create_commit` does it, with
//! large files sent beforehand, by whoever has a token.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::repos::{self, Content, is_large};
use crate::state::{State, locked, milliseconds, read, written};

/// Answers `POST /api/validate-yaml`: what heads a card is not looked at.
pub(crate) fn valid() -> Response {
    Response::value(&json!({"errors": [], "warnings": []}))
}

/// Answers `POST /oauth/token`: a token in exchange for any identity, good for any resource.
pub(crate) fn token(request: &Request) -> Response {
    let asked = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let given = |name: &str| {
        asked
            .get(name)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    if !given("subject_token") || !given("resource") {
        return bad("Expected {subject_token, resource}");
    }
    Response::value(&json!({
        "access_token": "hf_jwt_fixture", "token_type": "bearer", "expires_in": 3600,
    }))
}

/// Why nothing may be written here; `None` if it may.
fn refused(state: &State, id: &str, request: &Request) -> Option<Response> {
    if request.method != "POST" {
        return Some(Response::error(404, None, "Not found"));
    }
    if request.header("authorization").is_none() {
        return Some(repos::not_there());
    }
    match read(&state.repos).get(id) {
        None => Some(repos::not_there()),
        Some(repo) => repo.refused(),
    }
}

fn bad(message: &str) -> Response {
    Response::error(400, None, message)
}

#[derive(Deserialize)]
struct Announced {
    files: Vec<AnnouncedFile>,
}

#[derive(Deserialize)]
struct AnnouncedFile {
    path: String,
    /// The beginning, in base64.
    sample: String,
    size: u64,
}

/// Answers `POST /api/datasets/{id}/preupload/{revision}`: which files are to be sent as large ones.
pub(crate) fn preupload(state: &State, id: &str, revision: &str, request: &Request) -> Response {
    if let Some(refused) = refused(state, id, request) {
        return refused;
    }
    let Ok(announced) = serde_json::from_slice::<Announced>(&request.body) else {
        return bad("Expected {files: [{path, sample, size}]}");
    };
    let repos = read(&state.repos);
    let Some(known) = repos.get(id).and_then(|repo| repo.revision(revision)) else {
        return repos::no_revision(revision);
    };
    let files = announced.files.iter().map(|file| {
        let sample = BASE64_STANDARD.decode(&file.sample).unwrap_or_default();
        let large = is_large(&file.path, file.size, &sample);
        json!({
            "path": file.path, "shouldIgnore": false,
            "uploadMode": if large { "lfs" } else { "regular" },
            "oid": known.files.get(&file.path).map(Content::oid),
        })
    });
    Response::value(&json!({"files": files.collect::<Vec<Value>>()}))
}

#[derive(Deserialize)]
struct Batch {
    objects: Vec<Object>,
}

#[derive(Deserialize)]
struct Object {
    oid: String,
    size: u64,
}

/// Answers `POST /datasets/{id}.git/info/lfs/objects/batch`: where large files are to be sent, of
/// those that are not there yet.
pub(crate) fn batch(state: &State, id: &str, request: &Request) -> Response {
    if let Some(refused) = refused(state, id, request) {
        return refused;
    }
    let Ok(batch) = serde_json::from_slice::<Batch>(&request.body) else {
        return bad("Expected {objects: [{oid, size}]}");
    };
    let uploaded = locked(&state.uploaded);
    let objects = batch.objects.iter().map(|object| {
        let Object { oid, size } = object;
        if uploaded.contains_key(oid) {
            return json!({"oid": oid, "size": size});
        }
        let upload = json!({"href": state.address(oid), "header": {}});
        json!({"oid": oid, "size": size, "actions": {"upload": upload}})
    });
    let objects: Vec<Value> = objects.collect();
    Response::value(&json!({"transfer": "basic", "objects": objects}))
}

/// A line of a commit.
#[derive(Deserialize)]
#[serde(tag = "key", content = "value", rename_all = "camelCase")]
enum Line {
    #[serde(rename_all = "camelCase")]
    Header {
        summary: String,
        #[serde(default)]
        parent_commit: Option<String>,
    },
    File {
        path: String,
        /// In base64.
        content: String,
    },
    LfsFile {
        path: String,
        oid: String,
    },
    DeletedFile {
        path: String,
    },
}

/// Answers `POST /api/datasets/{id}/commit/main`: all of it, or nothing.
pub(crate) fn commit(state: &State, id: &str, request: &Request) -> Response {
    if let Some(refused) = refused(state, id, request) {
        return refused;
    }
    let lines: Result<Vec<Line>, _> = serde_json::Deserializer::from_slice(&request.body)
        .into_iter()
        .collect();
    let lines = match lines {
        Ok(lines) => lines,
        Err(error) => return bad(&format!("A line of the commit is not understood: {error}")),
    };
    let mut repos = written(&state.repos);
    let Some(repo) = repos.get_mut(id) else {
        return repos::not_there();
    };
    let last = repo.revisions.last();
    let (mut title, mut changes) = (String::new(), Vec::new());
    for line in lines {
        match line {
            Line::Header {
                summary,
                parent_commit,
            } => {
                if parent_commit.is_some_and(|parent| last.is_none_or(|is| is.commit != parent)) {
                    let message = "A commit has happened since. Please refresh and try again.";
                    return Response::error(412, None, message);
                }
                title = summary;
            }
            Line::File { path, content } => {
                let Ok(bytes) = BASE64_STANDARD.decode(content) else {
                    return bad(&format!("{path} is not in base64"));
                };
                let content = Content::new(&path, bytes);
                changes.push((path, Some(content)));
            }
            Line::LfsFile { path, oid } => {
                let Some(bytes) = locked(&state.uploaded).get(&oid).cloned() else {
                    return bad(&format!("{path}: no file {oid} was uploaded"));
                };
                let content = Content::new(&path, bytes);
                changes.push((path, Some(content)));
            }
            Line::DeletedFile { path } => {
                if last.is_none_or(|last| !last.files.contains_key(&path)) {
                    let message = format!("A file with this name doesn't exist: {path}");
                    return Response::error(404, Some("EntryNotFound"), &message);
                }
                changes.push((path, None));
            }
        }
    }
    if title.is_empty() {
        return bad("The commit has no summary");
    }
    let now = i64::try_from(milliseconds()).unwrap_or_default();
    let at = DateTime::from_timestamp_millis(now).unwrap_or_default();
    let commit = repo.commit(at, &title, changes);
    Response::value(&json!({
        "success": true, "commitOid": commit,
        "commitUrl": format!("{}/datasets/{id}/commit/{commit}", request.origin()),
        "hookOutput": "",
    }))
}
