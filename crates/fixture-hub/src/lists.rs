//! `/api/models`, `/api/datasets`, `/api/spaces`: the lists of repositories.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::rows::{Members, Position, Row, Rows, Sort, milliseconds};

/// A kind of repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListKind {
    /// `/api/models`
    Models,
    /// `/api/datasets`
    Datasets,
    /// `/api/spaces`
    Spaces,
}

impl ListKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Models, Self::Datasets, Self::Spaces];

    /// Its name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Models => "models",
            Self::Datasets => "datasets",
            Self::Spaces => "spaces",
        }
    }

    /// What may be asked for with `expand`.
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Models => &[
                "author",
                "baseModels",
                "cardData",
                "childrenModelCount",
                "config",
                "createdAt",
                "disabled",
                "downloads",
                "downloadsAllTime",
                "evalResults",
                "gated",
                "gguf",
                "inference",
                "inferenceProviderMapping",
                "lastModified",
                "library_name",
                "likes",
                "mask_token",
                "model-index",
                "pipeline_tag",
                "private",
                "resourceGroup",
                "safetensors",
                "sha",
                "siblings",
                "spaces",
                "tags",
                "transformersInfo",
                "trendingScore",
                "usedStorage",
                "widgetData",
            ],
            Self::Datasets => &[
                "author",
                "cardData",
                "citation",
                "createdAt",
                "description",
                "disabled",
                "downloads",
                "downloadsAllTime",
                "gated",
                "lastModified",
                "likes",
                "mainSize",
                "paperswithcode_id",
                "private",
                "resourceGroup",
                "sha",
                "siblings",
                "tags",
                "trendingScore",
                "usedStorage",
            ],
            Self::Spaces => &[
                "author",
                "cardData",
                "createdAt",
                "datasets",
                "disabled",
                "lastModified",
                "likes",
                "models",
                "private",
                "region",
                "resourceGroup",
                "runtime",
                "sdk",
                "sha",
                "siblings",
                "subdomain",
                "tags",
                "trendingScore",
                "usedStorage",
            ],
        }
    }
}

/// The most rows of a page.
const MOST: usize = 1_000;

/// Answers a request for a list.
pub(crate) fn list(kind: ListKind, rows: &Rows, request: &Request, refused: &[String]) -> Response {
    let members = match members(kind, request, refused) {
        Ok(members) => members,
        Err(message) => return Response::error(400, None, &message),
    };
    let sort = match request.parameter("sort") {
        None => Sort::Trending,
        Some(text) => match Sort::parse(text) {
            Some(sort) => sort,
            None => {
                return Response::error(400, None, &format!("Invalid sort parameter: {text}"));
            }
        },
    };
    let after = match request.parameter("cursor").map(read_cursor) {
        Some(None) => return Response::error(400, None, "Invalid cursor"),
        Some(found) => found,
        None => None,
    };
    let limit = request.number("limit").unwrap_or(MOST).clamp(1, MOST);
    let author = request.parameter("author");
    let search = request.parameter("search").map(str::to_lowercase);
    let tags: Vec<String> = (request.query.iter())
        .filter(|(name, _)| name == "filter")
        .flat_map(|(_, value)| value.split(',').map(|tag| Value::from(tag).to_string()))
        .collect();
    let passes = |row: &Row, rows: &Rows| {
        let id = row.id();
        author.is_none_or(|author| id.split_once('/').is_some_and(|(owner, _)| owner == author))
            && search
                .as_ref()
                .is_none_or(|text| id.to_lowercase().contains(text))
            && tags.iter().all(|tag| {
                rows.member(row, "tags")
                    .is_some_and(|list| list.contains(tag.as_str()))
            })
    };
    let page = rows.page(sort, after.as_ref(), limit, &members, passes);
    let answer = Response::json(200, page.body);
    match page.next {
        Some(position) => answer.with("link", link(request, &cursor(sort, &position))),
        None => answer,
    }
}

fn members(kind: ListKind, request: &Request, refused: &[String]) -> Result<Members, String> {
    let asked: Vec<String> = (request.query.iter())
        .filter(|(name, _)| name == "expand" || name == "expand[]")
        .map(|(_, value)| value.clone())
        .collect();
    let full = ["full", "cardData", "config"]
        .into_iter()
        .find(|name| request.parameter(name).is_some());
    if asked.is_empty() {
        return Ok(match full {
            Some(_) => Members::Full,
            None => Members::Default,
        });
    }
    if let Some(name) = full {
        return Err(format!("Cannot use `expand` together with `{name}`"));
    }
    let options = kind.options();
    for (at, name) in asked.iter().enumerate() {
        if !options.contains(&name.as_str()) || refused.contains(name) {
            let known: Vec<String> = (options.iter())
                .filter(|option| !refused.iter().any(|refused| refused == *option))
                .map(|option| format!("\"{option}\""))
                .collect();
            return Err(format!(
                "Invalid option: expected one of {} at expand[{at}]",
                known.join("|")
            ));
        }
    }
    Ok(Members::Asked(asked))
}

/// The address of the next page, on the host that was asked, with the same query.
pub(crate) fn link(request: &Request, cursor: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in &request.query {
        if name != "cursor" {
            query.append_pair(name, value);
        }
    }
    query.append_pair("cursor", cursor);
    let path = request.target.split('?').next().unwrap_or_default();
    format!(
        "<{}{path}?{}>; rel=\"next\"",
        request.origin(),
        query.finish()
    )
}

/// A condition on the rows that follow, as the Hub's cursors hold it.
fn cursor(sort: Sort, after: &Position) -> String {
    let key = match sort {
        Sort::CreatedAt | Sort::LastModified => {
            DateTime::<Utc>::from_timestamp_millis(after.key as i64)
                .unwrap_or_default()
                .to_rfc3339_opts(SecondsFormat::Millis, true)
                .into()
        }
        _ if after.key.fract() == 0.0 => Value::from(after.key as i64),
        _ => Value::from(after.key),
    };
    let name = sort.name();
    let condition = json!({"$or": [
        {name: key, "_id": {"$gt": after.object_id}},
        {name: {"$lt": key}},
        {name: null},
    ]});
    STANDARD.encode(condition.to_string())
}

fn read_cursor(text: &str) -> Option<Position> {
    let condition: Value = serde_json::from_slice(&STANDARD.decode(text).ok()?).ok()?;
    let first = condition.get("$or")?.get(0)?.as_object()?;
    let object_id = first.get("_id")?.get("$gt")?.as_str()?.to_owned();
    let (_, key) = first.iter().find(|(name, _)| *name != "_id")?;
    let key = match key {
        Value::String(moment) => milliseconds(moment),
        number => number.as_f64()?,
    };
    Some(Position { key, object_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_they_were_written() {
        for (sort, key) in [
            (Sort::CreatedAt, 1_646_263_744_000.0),
            (Sort::Trending, 2.5),
        ] {
            let position = Position {
                key,
                object_id: "621ffdc0".to_owned(),
            };
            assert_eq!(read_cursor(&cursor(sort, &position)), Some(position));
        }
        assert_eq!(read_cursor("bm9uZQ=="), None);
    }
}
