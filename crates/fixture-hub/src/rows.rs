//! The repositories of one kind, and how they are listed: sorted, filtered, page by page.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// What a list is sorted by; always the greatest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    CreatedAt,
    LastModified,
    Downloads,
    Likes,
    Trending,
}

impl Sort {
    const ALL: [(&'static str, Self); 5] = [
        ("createdAt", Self::CreatedAt),
        ("lastModified", Self::LastModified),
        ("downloads", Self::Downloads),
        ("likes", Self::Likes),
        ("trendingScore", Self::Trending),
    ];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        Some(all.find(|(name, _)| *name == text)?.1)
    }

    pub(crate) fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(_, sort)| *sort == self)
            .map_or("createdAt", |(name, _)| name)
    }
}

/// A repository as the list has it: its members as JSON text, and what it is sorted by.
#[derive(Debug)]
pub(crate) struct Row {
    /// All values, one after another.
    text: Box<str>,
    /// For each member its name's number, and where its value ends in the text.
    members: Box<[(u16, u32)]>,
    id: Box<str>,
    object_id: Box<str>,
    /// Created, modified (milliseconds since 1970), downloads, likes, trending score.
    keys: [f64; 5],
}

impl Row {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn key(&self, sort: Sort) -> f64 {
        let [created, modified, downloads, likes, trending] = self.keys;
        match sort {
            Sort::CreatedAt => created,
            Sort::LastModified => modified,
            Sort::Downloads => downloads,
            Sort::Likes => likes,
            Sort::Trending => trending,
        }
    }
}

/// Where a page begins: behind the row with this key and `_id`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Position {
    pub(crate) key: f64,
    pub(crate) object_id: String,
}

/// What of a row is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Members {
    /// These, beside `_id` and `id`.
    Asked(Vec<String>),
    /// What a list has when nothing is asked for.
    Default,
    /// All.
    Full,
}

/// What a list without `expand` lacks.
const NOT_BY_DEFAULT: [&str; 14] = [
    "author",
    "baseModels",
    "cardData",
    "disabled",
    "downloadsAllTime",
    "gated",
    "gguf",
    "lastModified",
    "mainSize",
    "models",
    "datasets",
    "safetensors",
    "sha",
    "usedStorage",
];

/// The repositories of one kind.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    rows: Vec<Row>,
    names: Vec<String>,
    sorted: Mutex<BTreeMap<Sort, Arc<[u32]>>>,
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    /// A JSON list.
    pub(crate) body: Vec<u8>,
    /// The last row, if others follow.
    pub(crate) next: Option<Position>,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds a repository, given as its members in order. Without an `_id` it cannot be listed.
    pub(crate) fn add<'a>(&mut self, members: impl IntoIterator<Item = (&'a str, String)>) {
        let (mut text, mut spans) = (String::new(), Vec::new());
        let (mut id, mut object_id, mut keys) = (String::new(), String::new(), [0.0; 5]);
        for (name, value) in members {
            match name {
                "id" => id = unquoted(&value),
                "_id" => object_id = unquoted(&value),
                "createdAt" => keys[0] = milliseconds(&unquoted(&value)),
                "lastModified" => keys[1] = milliseconds(&unquoted(&value)),
                "downloads" => keys[2] = value.parse().unwrap_or(0.0),
                "likes" => keys[3] = value.parse().unwrap_or(0.0),
                "trendingScore" => keys[4] = value.parse().unwrap_or(0.0),
                _ => {}
            }
            if matches!(name, "id" | "_id" | "modelId") {
                continue;
            }
            text.push_str(&value);
            let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
            spans.push((self.name(name), end));
        }
        self.rows.push(Row {
            text: text.into(),
            members: spans.into(),
            id: id.into(),
            object_id: object_id.into(),
            keys,
        });
        self.sorted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Adds a repository, given as a JSON object.
    pub(crate) fn add_json(&mut self, line: &str) -> serde_json::Result<()> {
        let members = ordered(line)?;
        self.add(
            members
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone())),
        );
        Ok(())
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.rows.retain(|row| row.id() != id);
        self.sorted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn name(&mut self, name: &str) -> u16 {
        let at = self.names.iter().position(|known| known == name);
        let at = at.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    /// The repository of this id.
    pub(crate) fn one(&self, id: &str) -> Option<Vec<u8>> {
        let row = self.rows.iter().find(|row| row.id() == id)?;
        let mut body = Vec::new();
        self.write(row, &Members::Full, &mut body);
        Some(body)
    }

    fn sorted(&self, sort: Sort) -> Arc<[u32]> {
        let mut sorted = self.sorted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(order) = sorted.get(&sort) {
            return Arc::clone(order);
        }
        let mut order: Vec<u32> = (0..u32::try_from(self.rows.len()).unwrap_or(u32::MAX)).collect();
        order.sort_by(|a, b| match (self.row(*a), self.row(*b)) {
            (Some(a), Some(b)) => compare(a, b.key(sort), &b.object_id, sort),
            _ => Ordering::Equal,
        });
        let order: Arc<[u32]> = order.into();
        sorted.insert(sort, Arc::clone(&order));
        order
    }

    fn row(&self, at: u32) -> Option<&Row> {
        self.rows.get(usize::try_from(at).ok()?)
    }

    /// The page behind a position, of the rows that pass the filter.
    pub(crate) fn page(
        &self,
        sort: Sort,
        after: Option<&Position>,
        limit: usize,
        members: &Members,
        filter: impl Fn(&Row, &Self) -> bool,
    ) -> Page {
        let order = self.sorted(sort);
        let from = after.map_or(0, |position| {
            order.partition_point(|at| {
                self.row(*at).is_some_and(|row| {
                    compare(row, position.key, &position.object_id, sort).is_le()
                })
            })
        });
        let rest = order.get(from..).unwrap_or_default().iter();
        let mut rows = rest
            .filter_map(|at| self.row(*at))
            .filter(|row| filter(row, self));
        let mut body = Vec::from(b"[");
        let mut last = None;
        for row in rows.by_ref().take(limit) {
            if body.len() > 1 {
                body.push(b',');
            }
            self.write(row, members, &mut body);
            last = Some(row);
        }
        body.push(b']');
        let next = last.filter(|_| rows.next().is_some()).map(|row| Position {
            key: row.key(sort),
            object_id: row.object_id.to_string(),
        });
        Page { body, next }
    }

    /// A member's JSON text.
    pub(crate) fn member<'a>(&'a self, row: &'a Row, name: &str) -> Option<&'a str> {
        let mut from = 0;
        for (number, end) in &row.members {
            let end = usize::try_from(*end).ok()?;
            if self.names.get(usize::from(*number))? == name {
                return row.text.get(from..end);
            }
            from = end;
        }
        None
    }

    fn write(&self, row: &Row, members: &Members, out: &mut Vec<u8>) {
        let quoted = |text: &str| Value::from(text).to_string();
        out.extend_from_slice(b"{\"_id\":\"");
        out.extend_from_slice(row.object_id.as_bytes());
        out.extend_from_slice(b"\",\"id\":");
        out.extend_from_slice(quoted(&row.id).as_bytes());
        let mut from = 0;
        for (number, end) in &row.members {
            let end = usize::try_from(*end).unwrap_or(from);
            let name = self.names.get(usize::from(*number)).map_or("", |name| name);
            let wanted = match members {
                Members::Asked(asked) => asked.iter().any(|asked| asked == name),
                Members::Default => !NOT_BY_DEFAULT.contains(&name),
                Members::Full => true,
            };
            let value = row.text.get(from..end).unwrap_or_default();
            from = end;
            // What is null is absent.
            if wanted && value != "null" {
                out.extend_from_slice(b",\"");
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\":");
                out.extend_from_slice(value.as_bytes());
            }
        }
        out.push(b'}');
    }
}

/// The order of a list: the greatest key first, of equal ones the smallest `_id`.
fn compare(row: &Row, key: f64, object_id: &str, sort: Sort) -> Ordering {
    key.total_cmp(&row.key(sort))
        .then_with(|| (*row.object_id).cmp(object_id))
}

/// Milliseconds since 1970 of a moment as the Hub writes it.
pub(crate) fn milliseconds(text: &str) -> f64 {
    chrono::DateTime::parse_from_rfc3339(text).map_or(0.0, |at| at.timestamp_millis() as f64)
}

fn unquoted(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_default()
}

/// The members of a JSON object in their order, the values as JSON text.
fn ordered(line: &str) -> serde_json::Result<Vec<(String, String)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, Value>()? {
                members.push((name, value.to_string()));
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(line).deserialize_map(Members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let mut rows = Rows::default();
        for (id, downloads) in [("a/x", 5), ("a/y", 7), ("b/z", 5), ("c/w", 0)] {
            let line = format!(
                r#"{{"_id":"{id}","id":"{id}","downloads":{downloads},"sha":"s","gguf":null}}"#
            );
            rows.add_json(&line).unwrap();
        }
        rows
    }

    #[test]
    fn pages_follow_one_another_in_order() {
        let rows = rows();
        let (mut after, mut seen) = (None, String::new());
        loop {
            let asked = Members::Asked(vec!["sha".into()]);
            let page = rows.page(Sort::Downloads, after.as_ref(), 2, &asked, |_, _| true);
            seen += std::str::from_utf8(&page.body).unwrap();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let row = |id: &str| format!(r#"{{"_id":"{id}","id":"{id}","sha":"s"}}"#);
        assert_eq!(
            seen,
            format!(
                "[{},{}][{},{}]",
                row("a/y"),
                row("a/x"),
                row("b/z"),
                row("c/w")
            )
        );
    }

    #[test]
    fn filters_and_defaults() {
        let rows = rows();
        let page = rows.page(Sort::Downloads, None, 9, &Members::Default, |row, _| {
            row.id().starts_with("b/")
        });
        assert_eq!(page.body, br#"[{"_id":"b/z","id":"b/z","downloads":5}]"#);
        assert!(page.next.is_none());
    }
}
