//! A snapshot of one kind and date: its name, whether it is there, and how it comes into its place.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use hubcensus_lake::LakeLock;
use hubcensus_spec::SnapshotDate;

use crate::client::Client;
use crate::description::{Description, file_hash};
use crate::edge::Subject;
use crate::error::{Error, Result};
use crate::kinds::Kind;
use crate::target::{Target, blocking};

/// The name of a snapshot in its place.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) source: String,
    pub(crate) subject: Subject,
    /// `-first-1000-by-likes`
    suffix: String,
    ending: &'static str,
}

impl Name {
    pub(crate) fn new(
        source: &str,
        kind: Kind,
        date: SnapshotDate,
        suffix: String,
        ending: &'static str,
    ) -> Self {
        Self {
            source: source.to_owned(),
            subject: Subject { kind, date },
            suffix,
            ending,
        }
    }

    fn prefix(&self) -> String {
        format!("{}{}_", self.subject.kind.file_name(), self.suffix)
    }

    /// `models_2026-11-29.jsonl.zst`
    pub(crate) fn file(&self) -> String {
        format!("{}{}.{}", self.prefix(), self.subject.date, self.ending)
    }

    /// `hub-api/models_2026-11-29.jsonl.zst`
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.source, self.file())
    }

    pub(crate) fn description(&self) -> String {
        Description::name_for(&self.path())
    }

    /// Where it is made: `hub-api/models_2026-11-29`.
    pub(crate) fn work(&self) -> String {
        format!("{}/{}{}", self.source, self.prefix(), self.subject.date)
    }

    /// The description of the snapshot that is there, unless that and what is under way are to be
    /// made anew: then they are removed.
    pub(crate) async fn present(
        &self,
        target: &Target,
        restart: bool,
    ) -> Result<Option<Description>> {
        if restart {
            target.remove(&self.path()).await?;
            target.remove(&self.description()).await?;
            self.clear(target).await?;
            return Ok(None);
        }
        if !target.exists(&self.path()).await? {
            return Ok(None);
        }
        let described = target.read(&self.description()).await?;
        Ok(described.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// The description of the latest snapshot before this one.
    pub(crate) async fn before(&self, target: &Target) -> Result<Option<Description>> {
        let (prefix, ending) = (self.prefix(), ".capture.json");
        let dates = target.names(&self.source).await?.into_iter();
        let date = dates
            .filter_map(|name| {
                let date = name.strip_prefix(&prefix)?.strip_suffix(ending)?;
                date.parse::<SnapshotDate>().ok()
            })
            .filter(|date| *date < self.subject.date)
            .max();
        let Some(date) = date else {
            return Ok(None);
        };
        let name = format!("{}/{prefix}{date}{ending}", self.source);
        let described = target.read(&name).await?;
        Ok(described.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Makes this process the only one that makes it.
    pub(crate) async fn lock(&self, target: &Target) -> Result<LakeLock> {
        let what = format!("{} ({})", self.subject, self.source);
        target.lock(&self.work(), &what).await
    }

    /// What is the same in the description of every snapshot; it ends now.
    pub(crate) fn describe(&self, client: &Client, begun: DateTime<Utc>) -> Description {
        Description {
            format: 1,
            source: self.source.clone(),
            kind: self.subject.kind.to_string(),
            date: self.subject.date,
            file: self.file(),
            endpoint: client.endpoint().to_owned(),
            asked: BTreeMap::new(),
            begun,
            ended: client.clock().now(),
            coverage: "census".to_owned(),
            part: None,
            rows: 0,
            pages: 0,
            created_meanwhile: 0,
            repeated: 0,
            dropped_fields: Vec::new(),
            bytes: 0,
            hash: String::new(),
            upstream: None,
            columns: BTreeMap::new(),
            missing_columns: Vec::new(),
            other_columns: Vec::new(),
        }
    }

    /// Puts a finished file in its place, with its description.
    pub(crate) async fn publish(
        &self,
        target: &Target,
        file: &Path,
        mut description: Description,
    ) -> Result<Description> {
        let path = file.to_owned();
        let hashed = move || file_hash(&path).map_err(Error::io("read", &path));
        (description.bytes, description.hash) = blocking(hashed).await?;
        target
            .write(&self.description(), description.json())
            .await?;
        target.publish(file, &self.path()).await?;
        self.clear(target).await?;
        Ok(description)
    }

    /// Removes what is under way, but not the lock, which another may be waiting for.
    pub(crate) async fn clear(&self, target: &Target) -> Result<()> {
        let folder = target.work(&self.work())?;
        let work = move || {
            let wrong = Error::io("remove", &folder);
            for entry in std::fs::read_dir(&folder).map_err(&wrong)? {
                let entry = entry.map_err(&wrong)?;
                if entry.file_name() != "_lock" {
                    std::fs::remove_file(entry.path()).map_err(&wrong)?;
                }
            }
            Ok(())
        };
        blocking(work).await
    }
}
