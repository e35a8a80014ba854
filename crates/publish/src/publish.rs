//! The order of writing that readers can rely on.
//!
//! ```text
//! card that names files one by one ─▶ data ─▶ RECORD ─▶ documents, latest/ ─▶ card ─▶ what is superseded is removed ─▶ card
//!   where a folder is to change       new     commit    made from the          names one by one where files go
//!                                     names             record
//! ```
//!
//! A file of data has the hash of its content in its name and never changes. So until the record is
//! put in its place nothing that the last publication names is touched, and from then on everything
//! that the new one names is there. The documents are made from the record alone: cut off before they
//! are all written, the same command writes the rest. The card is written last.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _};
use hubcensus_lake::Lake;
use object_store::ObjectStoreExt as _;
use sha2::{Digest as _, Sha256};

use crate::docs::{self, CARD, card};
use crate::error::{Error, Result};
use crate::place::{Found, Lock, Place, hex};
use crate::plan::{self, From, Plan, Planner, Recipe, Request};
use crate::record::{self, Publication, RECORD, is_data, latest_path};

/// Files under way at a time.
const IN_FLIGHT: usize = 4;

/// What happens during a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A file of the lake, of so many bytes, is as its manifest says.
    Checked {
        /// Its size.
        bytes: u64,
    },
    /// So many files are to be written.
    Begun {
        /// How many.
        files: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// A file was written.
    Written {
        /// Where, in the place.
        path: &'a str,
        /// Its size.
        bytes: u64,
    },
}

/// Who is told what happens.
pub trait Observer: Send + Sync {
    /// Is told.
    fn on(&self, event: Event<'_>);
}

/// What a publication did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// What is published now.
    pub record: Publication,
    /// Files of tables that were written, and their bytes.
    pub written: (usize, u64),
    /// Writes of any kind: 0 if all was there already.
    pub changes: usize,
    /// Files that were removed.
    pub removed: usize,
    /// How columns changed since the last publication.
    pub schema_changes: Vec<record::SchemaChange>,
    /// Files of dates that the lake does not have and that were kept.
    pub kept: usize,
}

/// Publishes tables of a lake.
///
/// # Errors
/// See [`Error`]. Whatever fails, the last publication is whole; the same command goes on.
pub async fn publish(
    lake: &Lake,
    place: &Place,
    request: &Request<'_>,
    observer: &dyn Observer,
) -> Result<Published> {
    lake.require().await?;
    let lock = place.lock().await?;
    let published = locked(lake, place, request, observer, &lock).await;
    lock.release().await;
    published
}

async fn locked(
    lake: &Lake,
    place: &Place,
    request: &Request<'_>,
    observer: &dyn Observer,
    lock: &Lock,
) -> Result<Published> {
    let read = place.read(RECORD).await?;
    let old = match &read {
        Some(read) => Some(Publication::from_json(place.address(), &read.bytes)?),
        None => None,
    };
    let listed = place.list().await?;
    if old.is_none()
        && let Some(found) = foreign(&listed)
    {
        return Err(place.foreign(found));
    }
    let planner = Planner {
        lake,
        place,
        request,
        old: old.as_ref(),
    };
    let plan = planner
        .plan(&|bytes| observer.on(Event::Checked { bytes }))
        .await?;
    let writer = Writer {
        lake,
        place,
        observer,
        listed: &listed,
        old: old.as_ref(),
        new: &plan.record,
    };
    let missing = writer.missing(&plan, &planner)?;
    let card_there = place.read(CARD).await?;
    let mut changes = 0;
    let superseded = writer.superseded();
    if let (Some(old), true) = (&old, !missing.is_empty() || !superseded.is_empty()) {
        changes += writer.pin(old, &missing, card_there.as_ref()).await?;
    }
    let written = (
        missing.len(),
        missing.iter().map(|(_, _, bytes)| bytes).sum(),
    );
    observer.on(Event::Begun {
        files: written.0,
        bytes: written.1,
    });
    changes += writer.data(&missing).await?;
    lock.ensure()?;
    let json = plan.record.to_json()?;
    if read.as_ref().is_none_or(|read| read.bytes != json) {
        place.put_if(RECORD, json, read.as_ref()).await?;
        changes += 1;
    }
    for (name, bytes) in docs::documents(&plan.record)? {
        changes += writer.document(name, bytes).await?;
    }
    changes += writer.latest(card_there.as_ref()).await?;
    lock.ensure()?;
    if !superseded.is_empty() {
        changes += writer
            .document(CARD, card(&plan.record, &writer.crowded(&superseded))?)
            .await?;
        for path in &superseded {
            place.remove(path).await?;
        }
        changes += superseded.len();
    }
    changes += writer
        .document(CARD, card(&plan.record, &BTreeSet::new())?)
        .await?;
    place.sweep()?;
    let before = old.as_ref().map_or(0, |old| old.schema_changes.len());
    let schema_changes = plan
        .record
        .schema_changes
        .get(before..)
        .unwrap_or_default()
        .to_vec();
    let kept = plan.record.files().filter(|file| {
        !matches!(
            plan.recipes.get(&file.path),
            Some(Recipe {
                from: From::Lake(_),
                ..
            })
        )
    });
    Ok(Published {
        written,
        changes,
        removed: superseded.len(),
        schema_changes,
        kept: kept.count(),
        record: plan.record,
    })
}

/// Compares every file that a place's record names with its size and its SHA-256. Gives what is not
/// as the record says, a line each; nothing of a place without a record.
///
/// # Errors
/// The place cannot be read.
pub async fn verify(place: &Place) -> Result<Vec<String>> {
    let Some(read) = place.read(RECORD).await? else {
        return Ok(Vec::new());
    };
    let record = Publication::from_json(place.address(), &read.bytes)?;
    let mut problems = Vec::new();
    for file in record.files() {
        match place.sha256(&file.path).await? {
            None => problems.push(format!("{} is missing", file.path)),
            Some(found) if found != file.sha256 => {
                problems.push(format!(
                    "{} has other bytes than its record says",
                    file.path
                ));
            }
            Some(_) => {}
        }
    }
    Ok(problems)
}

/// What stands in the way at a place without a record.
fn foreign(listed: &BTreeMap<String, u64>) -> Option<&str> {
    let ours = |path: &&String| is_data(path) || path.starts_with('.');
    let mut others = listed.keys().filter(|path| !ours(path));
    others.next().map(String::as_str)
}

struct Writer<'a> {
    lake: &'a Lake,
    place: &'a Place,
    observer: &'a dyn Observer,
    /// What was there at the start.
    listed: &'a BTreeMap<String, u64>,
    old: Option<&'a Publication>,
    new: &'a Publication,
}

/// A file that is to be written, how, and its size.
type Missing<'p> = (&'p record::File, &'p Recipe, u64);

impl Writer<'_> {
    /// The files of the new record that are not there.
    fn missing<'p>(&self, plan: &'p Plan, planner: &Planner<'_>) -> Result<Vec<Missing<'p>>> {
        let mut missing = Vec::new();
        for file in plan.record.files() {
            let there = self.listed.get(&file.path);
            if there == Some(&file.bytes) {
                continue;
            }
            let Some(recipe) = plan.recipes.get(&file.path) else {
                let what = there.map_or("gone".to_owned(), |bytes| {
                    format!("of {bytes} bytes in place of {}", file.bytes)
                });
                return Err(planner.lost(&file.path, &what));
            };
            missing.push((file, recipe, file.bytes));
        }
        Ok(missing)
    }

    /// Files that are there and that the new record does not name.
    fn superseded(&self) -> Vec<&str> {
        let mut named: BTreeSet<String> = self.new.files().map(|file| file.path.clone()).collect();
        named.extend(self.new.tables.keys().map(|config| latest_path(config)));
        let there = self.listed.keys().filter(|path| is_data(path));
        let superseded = there.filter(|path| !named.contains(*path));
        superseded.map(String::as_str).collect()
    }

    /// The configurations of the new record in whose folders there are other files.
    fn crowded(&self, others: &[&str]) -> BTreeSet<String> {
        in_folders(self.new, others)
    }

    /// Has the card of the last publication name its files one by one where folders are to change.
    async fn pin(
        &self,
        old: &Publication,
        missing: &[Missing<'_>],
        there: Option<&Found>,
    ) -> Result<usize> {
        let named: BTreeSet<&str> = old.files().map(|file| file.path.as_str()).collect();
        let new = missing.iter().map(|(file, ..)| file.path.as_str());
        let others = self
            .listed
            .keys()
            .map(String::as_str)
            .filter(|path| is_data(path));
        let others: Vec<&str> = new
            .chain(others)
            .filter(|path| !named.contains(path))
            .collect();
        let pinned = card(old, &in_folders(old, &others))?;
        match there {
            Some(there) if there.bytes != pinned => {
                self.place.put_if(CARD, pinned, Some(there)).await?;
                Ok(1)
            }
            // Without a card nobody reads files by it.
            _ => Ok(0),
        }
    }

    async fn data(&self, missing: &[Missing<'_>]) -> Result<usize> {
        let writes = missing.iter().map(|(file, recipe, bytes)| async move {
            self.write(file, recipe).await?;
            self.observer.on(Event::Written {
                path: &file.path,
                bytes: *bytes,
            });
            Ok::<(), Error>(())
        });
        let writes: Vec<_> = writes.collect();
        let written = futures::stream::iter(writes).buffer_unordered(IN_FLIGHT);
        written.try_collect::<Vec<()>>().await?;
        Ok(missing.len())
    }

    async fn write(&self, file: &record::File, recipe: &Recipe) -> Result<()> {
        let Some(columns) = &recipe.widened else {
            return match &recipe.from {
                From::Lake(from) => {
                    let from = self.lake.locate(from);
                    let store = self.lake.store();
                    self.place
                        .copy_from(&**store, &from, &file.path, &file.sha256)
                        .await
                }
                From::Place(from) => self.place.copy(from, &file.path, &file.sha256).await,
            };
        };
        let changed = |path: &str| Error::Changed {
            path: path.to_owned(),
        };
        let (path, bytes) = match &recipe.from {
            From::Lake(path) => {
                let from = self.lake.locate(path);
                let wrong = Error::store("read", &from);
                let found = self.lake.store().get(&from).await.map_err(&wrong)?;
                (path, found.bytes().await.map_err(&wrong)?)
            }
            From::Place(path) => match self.place.read(path).await? {
                Some(found) => (path, found.bytes),
                None => return Err(changed(path)),
            },
        };
        let made = plan::wide(path, bytes, Some(columns))?;
        if hex(&Sha256::digest(&made)) != file.sha256 {
            return Err(changed(path));
        }
        self.place.put(&file.path, made).await
    }

    /// Writes a document unless it is there.
    async fn document(&self, name: &str, bytes: Vec<u8>) -> Result<usize> {
        if self
            .place
            .read(name)
            .await?
            .is_some_and(|there| there.bytes == bytes)
        {
            return Ok(0);
        }
        self.place.put(name, bytes).await?;
        Ok(1)
    }

    /// Copies the newest files to the names that stay.
    async fn latest(&self, card_there: Option<&Found>) -> Result<usize> {
        // A card that is the last one's tells that the last publication was finished.
        let finished = match (self.old, card_there) {
            (Some(old), Some(there)) => card(old, &BTreeSet::new())? == there.bytes,
            _ => false,
        };
        let mut copied = 0;
        for (config, table) in &self.new.tables {
            let Some((_, file)) = table.latest() else {
                continue;
            };
            let path = latest_path(config);
            let same_size = self.listed.get(&path) == Some(&file.bytes);
            let before = || Some(self.old?.tables.get(config)?.latest()?.1.sha256.as_str());
            let is_there = same_size
                && ((finished && before() == Some(&file.sha256))
                    || self.place.sha256(&path).await?.as_deref() == Some(&file.sha256));
            if !is_there {
                self.place.copy(&file.path, &path, &file.sha256).await?;
                copied += 1;
            }
        }
        Ok(copied)
    }
}

/// The configurations in whose folders any of the files lies.
fn in_folders(record: &Publication, files: &[&str]) -> BTreeSet<String> {
    let tables = record.tables.iter();
    let crowded = tables.filter(|(_, table)| {
        let folder = format!("{}/", table.folder());
        files.iter().any(|file| file.starts_with(&folder))
    });
    crowded.map(|(config, _)| config.clone()).collect()
}
