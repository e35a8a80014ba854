//! What is known of a partition: the file, what it was made of, and by what.

use std::collections::BTreeMap;

use hubcensus_spec::{PartitionId, SnapshotDate, TableName};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The format that this version writes, and the latest it reads.
pub(crate) const FORMAT: u32 = 1;

/// What the lake knows of one partition.
///
/// It holds no clock and no absolute path: a partition made again from the same input has the same
/// manifest, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Which partition it is.
    pub id: PartitionId,
    /// The file, or why there is none.
    pub contents: Contents,
    /// Whence and how the partition came.
    pub facts: Facts,
}

/// What a partition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// A file.
    File(FileFacts),
    /// Nothing: the table cannot be made of this snapshot.
    Skipped {
        /// Why not, for people.
        reason: String,
    },
}

/// A Parquet file as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Where it is, relative to the lake's root.
    pub file: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its blake3 hash, in hexadecimal.
    pub blake3: String,
    /// Its rows.
    pub rows: u64,
    /// Its columns, in order.
    pub columns: Vec<ColumnFacts>,
    /// The columns by which its rows are sorted, ascending, nulls last.
    pub sorting: Vec<String>,
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// In how many rows it is null.
    pub nulls: u64,
    /// Its type, as [`type_name`](crate::type_name) calls it.
    #[serde(rename = "type")]
    pub type_name: String,
}

/// What the maker of a partition says about it. The lake keeps it and draws no conclusions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// What was counted on the way: rows set aside by reason, warnings by check.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// What part of all there is the data has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<CoverageFacts>,
    /// The hash of everything that the partition depends on. Equal: it need not be made again.
    pub fingerprint: String,
    /// That the data was generated and describes nothing real, and by what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// The fingerprint or hash of each input, by its name.
    pub inputs: BTreeMap<String, String>,
    /// The hash of the query and the contract alone.
    pub query_fingerprint: String,
    /// What was read from outside the lake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceFacts>,
    /// The version of the program.
    pub tool_version: String,
}

/// What part of all there is a partition's data has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageFacts {
    /// `census`, `sample` or `ranking`.
    pub kind: String,
    /// Which part, in words, unless it is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// The name of the source that it was read from.
    pub source: String,
}

/// A file that was read from outside the lake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFacts {
    /// Its blake3 hash, in hexadecimal.
    pub blake3: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Where it was, without the directories of one machine.
    pub location: String,
    /// The name of the source.
    pub name: String,
}

impl Manifest {
    /// The file, if there is one.
    pub fn file(&self) -> Option<&FileFacts> {
        match &self.contents {
            Contents::File(file) => Some(file),
            Contents::Skipped { .. } => None,
        }
    }

    /// Why there is no file, if there is none.
    pub fn skipped(&self) -> Option<&str> {
        match &self.contents {
            Contents::File(_) => None,
            Contents::Skipped { reason } => Some(reason),
        }
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        let wire = Wire {
            facts: self.facts.clone(),
            file: self.file().map(|file| WireFile {
                blake3: file.blake3.clone(),
                bytes: file.bytes,
                columns: file.columns.clone(),
                path: file.file.clone(),
                rows: file.rows,
                sorting: file.sorting.clone(),
            }),
            format: FORMAT,
            skipped: self.skipped().map(str::to_owned),
            snapshot_date: self.id.date,
            table: self.id.table.clone(),
        };
        // Strings, numbers and maps with keys that are strings: nothing that JSON cannot hold.
        let mut json = serde_json::to_vec_pretty(&wire).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// Reads the manifest of a partition. `Ok(Err(why))` if it is damaged, and the partition
    /// therefore as good as absent.
    ///
    /// # Errors
    /// [`Error::NewerFormat`]: the partition is fine, but not for this version to judge.
    pub(crate) fn from_json(
        path: &str,
        id: &PartitionId,
        json: &[u8],
    ) -> Result<Result<Self, String>> {
        let wire: Wire = match serde_json::from_slice(json) {
            Ok(wire) => wire,
            Err(error) => return newer(path, json).map(|()| Err(error.to_string())),
        };
        if wire.format != FORMAT {
            return newer(path, json)
                .map(|()| Err(format!("no format has number {}", wire.format)));
        }
        let found = PartitionId::new(wire.table, wire.snapshot_date);
        if found != *id {
            return Ok(Err(format!("it is the manifest of {found}")));
        }
        let contents = match (wire.file, wire.skipped) {
            (Some(file), None) => Contents::File(FileFacts {
                file: file.path,
                bytes: file.bytes,
                blake3: file.blake3,
                rows: file.rows,
                columns: file.columns,
                sorting: file.sorting,
            }),
            (None, Some(reason)) => Contents::Skipped { reason },
            _ => return Ok(Err("it has neither a file nor a reason for none".to_owned())),
        };
        if let Contents::File(file) = &contents
            && file.file != crate::layout::part(id)
        {
            return Ok(Err(format!("its file would be {}", file.file)));
        }
        Ok(Ok(Self {
            id: found,
            contents,
            facts: wire.facts,
        }))
    }
}

fn newer(path: &str, json: &[u8]) -> Result<()> {
    #[derive(Deserialize)]
    struct Head {
        format: u64,
    }
    match serde_json::from_slice::<Head>(json) {
        Ok(head) if head.format > u64::from(FORMAT) => Err(Error::NewerFormat {
            path: path.to_owned(),
            found: head.format,
            known: FORMAT,
        }),
        _ => Ok(()),
    }
}

/// The manifest as it is written. Members stand in the order of their names.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    facts: Facts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<WireFile>,
    format: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
    snapshot_date: SnapshotDate,
    table: TableName,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireFile {
    blake3: String,
    bytes: u64,
    columns: Vec<ColumnFacts>,
    path: String,
    rows: u64,
    sorting: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let table = TableName::new("aggregate", "entities").unwrap();
        let id = PartitionId::new(table, "2026-08-22".parse().unwrap());
        Manifest {
            contents: Contents::File(FileFacts {
                file: crate::layout::part(&id),
                bytes: 900,
                blake3: "ab".into(),
                rows: 2,
                columns: vec![ColumnFacts {
                    name: "entity".into(),
                    nullable: false,
                    nulls: 0,
                    type_name: "utf8".into(),
                }],
                sorting: vec!["entity".into()],
            }),
            facts: Facts {
                counts: BTreeMap::from([("warned.case".into(), 3)]),
                fingerprint: "f".into(),
                inputs: BTreeMap::from([("enrich.models".into(), "cd".into())]),
                query_fingerprint: "q".into(),
                tool_version: "0.1.0".into(),
                ..Facts::default()
            },
            id,
        }
    }

    fn read(json: &str) -> Result<Result<Manifest, String>> {
        let right = manifest();
        Manifest::from_json("m.json", &right.id, json.as_bytes())
    }

    #[test]
    fn is_written_with_sorted_members() {
        let expected = r#"{
  "facts": {
    "counts": {
      "warned.case": 3
    },
    "fingerprint": "f",
    "inputs": {
      "enrich.models": "cd"
    },
    "query_fingerprint": "q",
    "tool_version": "0.1.0"
  },
  "file": {
    "blake3": "ab",
    "bytes": 900,
    "columns": [
      {
        "name": "entity",
        "nullable": false,
        "nulls": 0,
        "type": "utf8"
      }
    ],
    "path": "aggregate/entities/snapshot_date=2026-08-22/part-00000.parquet",
    "rows": 2,
    "sorting": [
      "entity"
    ]
  },
  "format": 1,
  "snapshot_date": "2026-08-22",
  "table": "aggregate.entities"
}
"#;
        let json = String::from_utf8(manifest().to_json()).unwrap();
        assert_eq!(json, expected);
        assert_eq!(read(&json).unwrap().unwrap(), manifest());
    }

    #[test]
    fn a_skipped_partition_says_why() {
        let skipped = Manifest {
            contents: Contents::Skipped {
                reason: "created_at is wholly null".into(),
            },
            ..manifest()
        };
        let json = String::from_utf8(skipped.to_json()).unwrap();
        assert_eq!(read(&json).unwrap().unwrap(), skipped);
    }

    #[test]
    fn damage_is_told_from_a_later_format() {
        let json = String::from_utf8(manifest().to_json()).unwrap();
        for (damaged, why) in [
            (json[..100].to_owned(), "EOF"),
            (String::new(), "EOF"),
            (json.replace("2026-08-22", "2026-08-21"), "2026-08-21"),
            (
                json.replace("snapshot_date=2026", "../2026"),
                "its file would be",
            ),
            (json.replace("\"format\": 1", "\"format\": 0"), "no format"),
        ] {
            let found = read(&damaged).unwrap().unwrap_err();
            assert!(found.contains(why), "{found}");
        }
        let later = r#"{"format": 2, "pages": []}"#;
        assert_eq!(
            read(later).unwrap_err().to_string(),
            "m.json has format 2, and this version reads formats up to 1: use a later version of hubcensus"
        );
    }
}
