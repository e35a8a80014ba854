//! The files of a record: what they hold as a hash, and where their bytes are.

use futures::StreamExt as _;
use hubcensus_lake::{FileFacts, Manifest};
use hubcensus_spec::SnapshotDate;
use object_store::ObjectStoreExt as _;
use sha2::{Digest as _, Sha256};

use super::{At, Candidate, From, Planner, Recipe};
use crate::error::{Error, Result};
use crate::origin::Origins;
use crate::place::hex;
use crate::record::{self, Column, File, Table};
use crate::schema::{self, Fit};
use crate::widen::widen;

impl Planner<'_> {
    /// A file of the record, and how it is made; of one that stays what it is and is not in the lake
    /// there is no way to make it.
    pub(super) async fn file(
        &self,
        candidate: Candidate,
        folder: &str,
        widened: Option<Vec<Column>>,
        old: Option<&Table>,
        origins: &mut Origins<'_>,
        checked: &(dyn Fn(u64) + Sync),
    ) -> Result<(File, Option<Recipe>)> {
        let date = candidate.date;
        match candidate.at {
            At::Published(file) => {
                let path = record::file_path(folder, date, &file.sha256);
                if widened.is_none() {
                    let recipe = (path != file.path).then(|| Recipe {
                        from: From::Place(file.path.clone()),
                        widened: None,
                    });
                    return Ok((File { path, ..file }, recipe));
                }
                let Some(found) = self.place.read(&file.path).await? else {
                    return Err(self.lost(&file.path, "gone"));
                };
                if hex(&Sha256::digest(&found.bytes)) != file.sha256 {
                    return Err(self.lost(&file.path, "not what its record says"));
                }
                let made = wide(&file.path, found.bytes, widened.as_deref())?;
                let recipe = Recipe {
                    from: From::Place(file.path.clone()),
                    widened,
                };
                Ok((named(file, folder, date, &made, true), Some(recipe)))
            }
            At::Lake(manifest, facts) => {
                let is_wide = widened.is_some();
                let recipe = Recipe {
                    from: From::Lake(facts.file.clone()),
                    widened: widened.clone(),
                };
                let before = old.and_then(|old| Some((old, old.files.get(&date)?)));
                let before = before.filter(|(old, file)| {
                    let same_columns = || {
                        widened.as_ref().is_none_or(|columns| {
                            schema::fit(&old.columns, columns) == Fit::Same
                                && old
                                    .columns
                                    .iter()
                                    .zip(columns)
                                    .all(|(a, b)| a.nullable == b.nullable)
                        })
                    };
                    file.partition_blake3 == facts.blake3
                        && file.widened == is_wide
                        && same_columns()
                });
                if let Some((_, file)) = before {
                    let path = record::file_path(folder, date, &file.sha256);
                    return Ok((
                        File {
                            path,
                            ..file.clone()
                        },
                        Some(recipe),
                    ));
                }
                let bytes = self.verified(&manifest, &facts, is_wide).await?;
                checked(facts.bytes);
                let file = File {
                    path: record::file_path(folder, date, &bytes.sha256),
                    bytes: facts.bytes,
                    sha256: bytes.sha256,
                    rows: facts.rows,
                    partition_blake3: facts.blake3.clone(),
                    widened: is_wide,
                    sources: origins.of(&manifest.id).into_iter().collect(),
                    generated: manifest.facts.generated.clone(),
                };
                if !is_wide {
                    return Ok((file, Some(recipe)));
                }
                let made = wide(&facts.file, bytes.whole.into(), widened.as_deref())?;
                Ok((named(file, folder, date, &made, true), Some(recipe)))
            }
        }
    }

    /// Reads a file of the lake and compares it with its manifest.
    async fn verified(
        &self,
        manifest: &Manifest,
        facts: &FileFacts,
        keep: bool,
    ) -> Result<Verified> {
        let damaged = |why: String| Error::Damaged {
            partition: manifest.id.to_string(),
            why,
        };
        let path = self.lake.locate(&facts.file);
        let found = match self.lake.store().get(&path).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(damaged(format!("{} is missing", facts.file)));
            }
            Err(error) => return Err(Error::store("read", path)(error)),
        };
        let mut stream = found.into_stream();
        let (mut blake3, mut sha256) = (blake3::Hasher::new(), Sha256::new());
        let mut whole = Vec::new();
        let mut bytes = 0;
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(Error::store("read", &path))?;
            blake3.update(&piece);
            sha256.update(&piece);
            bytes += piece.len() as u64;
            if keep {
                whole.extend_from_slice(&piece);
            }
        }
        if bytes != facts.bytes {
            let expected = facts.bytes;
            return Err(damaged(format!(
                "{} has {bytes} bytes instead of {expected}",
                facts.file
            )));
        }
        if blake3.finalize().to_hex().as_str() != facts.blake3 {
            return Err(damaged(format!("{} has other bytes", facts.file)));
        }
        Ok(Verified {
            sha256: hex(&sha256.finalize()),
            whole,
        })
    }
}

struct Verified {
    sha256: String,
    whole: Vec<u8>,
}

/// A file's bytes with other columns.
pub(crate) fn wide(path: &str, bytes: bytes::Bytes, columns: Option<&[Column]>) -> Result<Vec<u8>> {
    widen(bytes, columns.unwrap_or_default()).map_err(Error::parquet("write", path))
}

fn named(file: File, folder: &str, date: SnapshotDate, made: &[u8], widened: bool) -> File {
    let sha256 = hex(&Sha256::digest(made));
    File {
        path: record::file_path(folder, date, &sha256),
        bytes: made.len() as u64,
        sha256,
        widened,
        ..file
    }
}
