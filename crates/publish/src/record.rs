//! What was published: the record that a publication is committed by, and that all other documents
//! are made from.

use std::collections::BTreeMap;

use hubcensus_spec::{SnapshotDate, TableName};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The name of the record.
pub(crate) const RECORD: &str = "publication.json";
/// The folder of the newest file of each table.
pub(crate) const LATEST: &str = "latest";
/// The format that this version writes, and the latest that it reads.
const FORMAT: u32 = 2;
/// Hexadecimal digits of a hash in the name of a file.
const NAME_DIGITS: usize = 16;

/// A publication.
///
/// It holds no clock, no address and no path outside the published place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    pub(crate) format: u32,
    /// What the dataset is called.
    pub title: String,
    /// What it is about.
    pub about: String,
    /// What has to be known to read any of its tables, in Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reading: String,
    /// The tables by the names of their configurations.
    pub tables: BTreeMap<String, Table>,
    /// What each snapshot covers.
    pub snapshots: BTreeMap<SnapshotDate, Snapshot>,
    /// The sources that went in, by name.
    pub sources: BTreeMap<String, Source>,
    /// How the columns of tables changed, oldest first.
    pub schema_changes: Vec<SchemaChange>,
}

/// A published table: files that all have the same columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The table of the lake.
    pub table: TableName,
    /// Of files whose columns do not fit those of the table any more: the last of their dates. They
    /// have a folder and a configuration of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<SnapshotDate>,
    /// What a row is.
    pub description: String,
    /// The heading under which the card lists it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Whether it is there for other tables, so that the card lists it last.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub intermediate: bool,
    /// The columns that name a row.
    pub key: Vec<String>,
    /// The columns by which rows are sorted.
    pub sort: Vec<String>,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The files by the dates of their snapshots.
    pub files: BTreeMap<SnapshotDate, File>,
    /// Snapshots that have no such table, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<SnapshotDate, String>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as contracts name it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// What it means.
    pub description: String,
}

/// A published file. It never changes; another content has another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where it is, relative to the record.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Its rows.
    pub rows: u64,
    /// The blake3 of the partition in the lake.
    pub partition_blake3: String,
    /// Whether columns that were added later were added to it, as nulls.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub widened: bool,
    /// The sources that its rows come from.
    pub sources: Vec<String>,
    /// That its rows describe nothing real, and what made them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
}

/// What is known of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// What it covers, by kind of thing.
    pub covers: Vec<Coverage>,
}

/// What a snapshot has of a kind of thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// The kind, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The source.
    pub source: String,
    /// `census`, `sample` or `ranking`.
    pub coverage: String,
    /// Which part, in words, unless it is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// The day at whose end counters stood, where the source tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counters_date: Option<SnapshotDate>,
    /// How many there are, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// A source of snapshots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it is.
    pub description: String,
    /// Its licence, as its publisher states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
}

/// How the columns of a table changed from one publication to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaChange {
    /// The newest snapshot when it changed.
    pub since: SnapshotDate,
    /// The table's configuration.
    pub config: String,
    /// What changed, a sentence each.
    pub changes: Vec<String>,
}

impl Publication {
    pub(crate) fn new(title: &str, about: &str, reading: &str) -> Self {
        Self {
            format: FORMAT,
            title: title.to_owned(),
            about: about.to_owned(),
            reading: reading.to_owned(),
            tables: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            sources: BTreeMap::new(),
            schema_changes: Vec::new(),
        }
    }

    /// Every file, sorted by configuration and date.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.tables.values().flat_map(|table| table.files.values())
    }

    /// The newest snapshot.
    pub fn newest(&self) -> Option<SnapshotDate> {
        self.snapshots.keys().next_back().copied()
    }

    /// That any of it is generated, and what made it.
    pub fn generated(&self) -> Option<&str> {
        self.files().find_map(|file| file.generated.as_deref())
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>> {
        json(RECORD, self)
    }

    pub(crate) fn from_json(place: &str, json: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            format: u64,
        }
        if let Ok(head) = serde_json::from_slice::<Head>(json)
            && head.format > u64::from(FORMAT)
        {
            return Err(Error::NewerFormat {
                place: place.to_owned(),
                path: RECORD,
                found: head.format,
                known: FORMAT,
            });
        }
        serde_json::from_slice(json).map_err(|error| Error::Record {
            place: place.to_owned(),
            path: RECORD,
            why: error.to_string(),
        })
    }
}

impl Table {
    /// The newest file, and its date.
    pub fn latest(&self) -> Option<(SnapshotDate, &File)> {
        let (date, file) = self.files.last_key_value()?;
        Some((*date, file))
    }

    /// Rows of all dates.
    pub fn rows(&self) -> u64 {
        self.files.values().map(|file| file.rows).sum()
    }

    /// The folder of its files.
    pub(crate) fn folder(&self) -> String {
        folder(&self.table, self.until)
    }
}

/// The folder of a table's files.
pub(crate) fn folder(table: &TableName, until: Option<SnapshotDate>) -> String {
    let until = until.map(|date| format!("_until_{date}"));
    format!(
        "{}/{}{}",
        table.stage(),
        table.table(),
        until.unwrap_or_default()
    )
}

/// Where a file of this content is published.
pub(crate) fn file_path(folder: &str, date: SnapshotDate, sha256: &str) -> String {
    let digits = sha256.get(..NAME_DIGITS).unwrap_or(sha256);
    format!("{folder}/snapshot_date={date}/part-{digits}.parquet")
}

/// The stable name of the newest file of a table.
pub(crate) fn latest_path(config: &str) -> String {
    format!("{LATEST}/{config}.parquet")
}

/// Whether a path is that of a file that a publication may have written and may remove: a table's, or
/// a newest one.
pub(crate) fn is_data(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [LATEST, name] => name.ends_with(".parquet") && !name.starts_with('.'),
        [_, _, date, name] => {
            let date = date.strip_prefix("snapshot_date=");
            let name = name
                .strip_prefix("part-")
                .and_then(|name| name.strip_suffix(".parquet"));
            let is_hash = |name: &str| {
                name.len() == NAME_DIGITS
                    && name
                        .bytes()
                        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            };
            date.is_some_and(|date| date.parse::<SnapshotDate>().is_ok())
                && name.is_some_and(is_hash)
        }
        _ => false,
    }
}

/// JSON as documents are written: indented, with a line feed at the end.
pub(crate) fn json(path: &'static str, value: &impl Serialize) -> Result<Vec<u8>> {
    let mut json = serde_json::to_vec_pretty(value).map_err(|error| Error::Document {
        path,
        why: error.to_string(),
    })?;
    json.push(b'\n');
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_removed_is_known_by_its_name() {
        for path in [
            "aggregate/entities/snapshot_date=2026-08-22/part-0123456789abcdef.parquet",
            "latest/entities.parquet",
            "latest/enrich.models.parquet",
        ] {
            assert!(is_data(path), "{path}");
        }
        for path in [
            "aggregate/entities/snapshot_date=2026-08-22/part-00000.parquet",
            "aggregate/entities/snapshot_date=2026-02-30/part-0123456789abcdef.parquet",
            "aggregate/entities/part-0123456789abcdef.parquet",
            "notes/latest/x.parquet",
            "latest/notes.txt",
            "README.md",
        ] {
            assert!(!is_data(path), "{path}");
        }
    }

    #[test]
    fn a_later_format_is_told_from_damage() {
        let later = Publication::from_json("out", br#"{"format": 3, "pages": []}"#);
        assert_eq!(
            later.unwrap_err().to_string(),
            "out/publication.json has format 3, and this version reads formats up to 2: use a later version of hubcensus"
        );
        let cut = Publication::from_json("out", br#"{"format": 1"#).unwrap_err();
        assert!(cut.to_string().contains("cannot be read"), "{cut}");
        let new = Publication::new("Title", "About.", "");
        let json = new.to_json().unwrap();
        assert_eq!(Publication::from_json("out", &json).unwrap(), new);
    }
}
