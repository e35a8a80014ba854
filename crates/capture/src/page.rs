//! A page of a list: its rows as they were received, one a line, and what tells them apart.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Deserialize;
use serde_json::Value;

/// What of a row is looked at.
#[derive(Debug, Deserialize)]
struct Head {
    #[serde(rename = "_id")]
    object_id: Option<Value>,
    id: Option<Value>,
    #[serde(rename = "createdAt")]
    created: Option<Value>,
    paper: Option<Value>,
}

/// A row of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// A hash of what identifies it.
    pub(crate) identity: u64,
    /// When it was made, as the Hub writes it: such texts are in the order of time.
    pub(crate) created: Option<String>,
    /// Its line ends here.
    end: usize,
}

/// Rows, one JSON object a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) lines: Vec<u8>,
    pub(crate) rows: Vec<Row>,
}

impl Page {
    /// The members of a JSON list of objects.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, String> {
        let mut page = Self {
            lines: Vec::with_capacity(body.len() + 1),
            rows: Vec::new(),
        };
        for element in elements(body)? {
            page.push(element)?;
        }
        Ok(page)
    }

    /// Lines as they were kept.
    pub(crate) fn of_lines(lines: &[u8]) -> Result<Self, String> {
        let mut page = Self::default();
        for line in lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            page.push(line)?;
        }
        Ok(page)
    }

    fn push(&mut self, element: &[u8]) -> Result<(), String> {
        let number = self.rows.len() + 1;
        if element.first() != Some(&b'{') {
            return Err(format!("row {number} is no JSON object"));
        }
        let head: Head = serde_json::from_slice(element)
            .map_err(|error| format!("row {number} is no JSON object ({error})"))?;
        // A line feed within a text would be an error; between tokens it is nothing.
        if element.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            let kept = element.iter().filter(|byte| !matches!(byte, b'\n' | b'\r'));
            self.lines.extend(kept);
        } else {
            self.lines.extend_from_slice(element);
        }
        self.lines.push(b'\n');
        let mut hasher = DefaultHasher::new();
        let paper = head.paper.as_ref().and_then(|paper| paper.get("id"));
        match head.object_id.as_ref().or(paper).or(head.id.as_ref()) {
            Some(identity) => identity.to_string().hash(&mut hasher),
            None => element.hash(&mut hasher),
        }
        self.rows.push(Row {
            identity: hasher.finish(),
            created: head
                .created
                .and_then(|created| created.as_str().map(str::to_owned)),
            end: self.lines.len(),
        });
        Ok(())
    }

    /// Keeps the rows for which this holds.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Row) -> bool) {
        if self.rows.iter().all(&keep) {
            return;
        }
        let old = std::mem::take(self);
        let mut from = 0;
        for row in old.rows {
            let line = old.lines.get(from..row.end).unwrap_or_default();
            from = row.end;
            if keep(&row) {
                self.lines.extend_from_slice(line);
                let end = self.lines.len();
                self.rows.push(Row { end, ..row });
            }
        }
    }

    /// Keeps the first rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        if let Some(last) = rows.checked_sub(1) {
            if let Some(row) = self.rows.get(last) {
                self.lines.truncate(row.end);
            }
        } else {
            self.lines.clear();
        }
        self.rows.truncate(rows);
    }

    /// Adds another's rows.
    pub(crate) fn append(&mut self, other: &Self) {
        let before = self.lines.len();
        self.lines.extend_from_slice(&other.lines);
        let moved = other.rows.iter().map(|row| Row {
            end: before + row.end,
            ..row.clone()
        });
        self.rows.extend(moved);
    }

    /// What identifies its rows.
    pub(crate) fn identities(&self) -> HashSet<u64> {
        self.rows.iter().map(|row| row.identity).collect()
    }

    /// The latest time at which one of its rows was made.
    pub(crate) fn newest(&self) -> Option<&str> {
        let created = self.rows.iter().filter_map(|row| row.created.as_deref());
        created.max()
    }

    /// A hash of its content.
    pub(crate) fn hash(&self) -> String {
        hash(&self.lines)
    }
}

/// A hash to compare bytes by.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let hash = blake3::hash(bytes).to_hex();
    hash.chars().take(32).collect()
}

/// The members of a JSON list, as they are written. Whether each is JSON is not looked at.
fn elements(body: &[u8]) -> Result<Vec<&[u8]>, String> {
    let trimmed = body.trim_ascii();
    let inside = trimmed
        .strip_prefix(b"[")
        .ok_or_else(|| match trimmed {
            [] => "an empty body".to_owned(),
            _ => "no JSON list".to_owned(),
        })?
        .strip_suffix(b"]")
        .ok_or("a list without an end: the body was cut off")?;
    let mut elements = Vec::new();
    let (mut depth, mut quoted, mut escaped, mut from) = (0_usize, false, false, 0);
    for (at, byte) in inside.iter().enumerate() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1).ok_or("a list that ends twice")?;
            }
            b',' if depth == 0 => {
                elements.push(inside.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    if depth > 0 || quoted {
        return Err("a row without an end: the body was cut off".to_owned());
    }
    let last = inside.get(from..).unwrap_or_default();
    if !elements.is_empty() || !last.trim_ascii().is_empty() {
        elements.push(last);
    }
    Ok(elements.into_iter().map(<[u8]>::trim_ascii).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_as_they_were_received() {
        let body = br#" [ {"_id":"1","id":"a","x":"],\"{"} ,
            {"_id":"2", "createdAt":"2026-01-02T00:00:00.000Z",
             "y":[1,{"z":2}]}] "#;
        let page = Page::parse(body).unwrap();
        let lines = std::str::from_utf8(&page.lines).unwrap();
        assert_eq!(lines.lines().count(), 2);
        assert!(lines.starts_with("{\"_id\":\"1\",\"id\":\"a\",\"x\":\"],\\\"{\"}\n"));
        assert_eq!(page.newest(), Some("2026-01-02T00:00:00.000Z"));
        assert_eq!(Page::of_lines(&page.lines).unwrap(), page);
        assert_eq!(Page::parse(b"[]").unwrap().rows.len(), 0);
    }

    #[test]
    fn what_is_cut_off_is_no_page() {
        let body = br#"[{"_id":"1"},{"_id":"2","x":[{"y":1}]}]"#;
        for end in 0..body.len() {
            assert!(Page::parse(&body[..end]).is_err(), "{end}");
        }
        assert!(Page::parse(br#"{"error":"x"}"#).is_err());
        assert!(Page::parse(b"[1]").is_err());
        assert!(Page::parse(b"[{}},{]").is_err());
    }

    #[test]
    fn rows_are_left_out_and_added() {
        let all = Page::parse(br#"[{"id":"a"},{"id":"b"},{"id":"c"}]"#).unwrap();
        let mut some = all.clone();
        let second = some.rows[1].identity;
        some.retain(|row| row.identity != second);
        assert_eq!(some.lines, b"{\"id\":\"a\"}\n{\"id\":\"c\"}\n");
        some.append(&Page::parse(br#"[{"id":"d"}]"#).unwrap());
        some.truncate(2);
        assert_eq!(some.lines, b"{\"id\":\"a\"}\n{\"id\":\"c\"}\n");
        some.truncate(0);
        assert_eq!(some, Page::default());
    }
}
