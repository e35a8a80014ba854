//! Whether the lake is as its manifests say, and what is in it that should not be.

use std::collections::BTreeSet;
use std::fmt;

use futures::StreamExt;
use hubcensus_spec::PartitionId;

use crate::error::Result;
use crate::lake::Lake;
use crate::layout;
use crate::lock::LakeLock;
use crate::manifest::{FileFacts, Manifest};

/// Files read at a time: enough to keep a disk, or a few connections, busy.
const FILES_AT_A_TIME: usize = 4;

/// Something in the lake that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// A manifest describes a file that is not there.
    Missing {
        /// The partition.
        id: PartitionId,
        /// The file.
        file: String,
    },
    /// A file has another size than its manifest says.
    Size {
        /// The partition.
        id: PartitionId,
        /// The file.
        file: String,
        /// Bytes according to the manifest.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// A file has other bytes than its manifest says.
    Content {
        /// The partition.
        id: PartitionId,
        /// The file.
        file: String,
        /// The blake3 according to the manifest.
        expected: String,
        /// The blake3 found.
        found: String,
    },
    /// A file that cannot be read.
    Unread {
        /// The partition.
        id: PartitionId,
        /// What the system or the store said.
        why: String,
    },
    /// A manifest that cannot be read, or is none of ours.
    Manifest {
        /// The manifest.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file among the tables that no manifest describes.
    Orphan {
        /// The file.
        file: String,
    },
    /// A file of a run that was cut off. [`Lake::sweep`] removes it.
    LeftOver {
        /// The file.
        file: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { id, file } => write!(f, "{id}: {file} is missing"),
            Self::Size {
                id,
                file,
                expected,
                found,
            } => write!(f, "{id}: {file} has {found} bytes instead of {expected}"),
            Self::Content {
                id,
                file,
                expected,
                found,
            } => write!(
                f,
                "{id}: {file} was changed since it was written (blake3 {found} instead of {expected}); remove it"
            ),
            Self::Unread { id, why } => write!(f, "{id}: {why}"),
            Self::Manifest { file, why } => write!(
                f,
                "{file} cannot be read ({why}); its partition counts as absent"
            ),
            Self::Orphan { file } => write!(
                f,
                "{file} belongs to no manifest, yet readers find it; run its table again, or remove it"
            ),
            Self::LeftOver { file } => write!(
                f,
                "{file} was left by a run that was cut off; the next one removes it"
            ),
        }
    }
}

impl Problem {
    /// The partition that must be made again, if the problem is one of a partition.
    pub fn id(&self) -> Option<&PartitionId> {
        match self {
            Self::Missing { id, .. }
            | Self::Size { id, .. }
            | Self::Content { id, .. }
            | Self::Unread { id, .. } => Some(id),
            Self::Manifest { .. } | Self::Orphan { .. } | Self::LeftOver { .. } => None,
        }
    }
}

impl Lake {
    /// Reads every file and compares it with its manifest; looks for files that belong to none.
    /// Gives what is wrong, sorted; nothing if the lake is sound.
    ///
    /// A lake that is written to meanwhile may show what will be gone a moment later.
    ///
    /// # Errors
    /// The disk's and the store's.
    pub async fn verify(&self) -> Result<Vec<Problem>> {
        let entries = self.place().list("").await?;
        let mut problems = Vec::new();
        let mut known = BTreeSet::new();
        let mut files = Vec::new();
        let manifests = entries.iter().map(|entry| entry.path.clone());
        let manifests =
            manifests.filter(|path| is_under(path, layout::MANIFESTS) && !layout::is_beside(path));
        for (path, json) in self.place().read_all(manifests.collect()).await? {
            let Some(id) = layout::manifest_of(&path) else {
                problems.push(Problem::Manifest {
                    file: path,
                    why: "its name is no table's and date's".to_owned(),
                });
                continue;
            };
            match Manifest::from_json(&path, &id, &json)? {
                Ok(manifest) => {
                    if let Some(file) = manifest.file() {
                        known.insert(file.file.clone());
                        files.push((id, file.clone()));
                    }
                }
                Err(why) => problems.push(Problem::Manifest { file: path, why }),
            }
        }
        for entry in entries {
            if is_under(&entry.path, layout::STAGING) || layout::is_beside(&entry.path) {
                problems.push(Problem::LeftOver { file: entry.path });
            } else if layout::is_in_data_tree(&entry.path) && !known.contains(&entry.path) {
                problems.push(Problem::Orphan { file: entry.path });
            }
        }
        let damaged: Vec<Option<Problem>> = futures::stream::iter(files)
            .map(|(id, file)| self.damage(id, file))
            .buffer_unordered(FILES_AT_A_TIME)
            .collect()
            .await;
        problems.extend(damaged.into_iter().flatten());
        problems.sort();
        Ok(problems)
    }

    async fn damage(&self, id: PartitionId, facts: FileFacts) -> Option<Problem> {
        let file = facts.file;
        match self.place().hash(&file).await {
            Err(error) => Some(Problem::Unread {
                id,
                why: error.to_string(),
            }),
            Ok(None) => Some(Problem::Missing { id, file }),
            Ok(Some((found, _))) if found != facts.bytes => Some(Problem::Size {
                id,
                file,
                expected: facts.bytes,
                found,
            }),
            Ok(Some((_, found))) if found != facts.blake3 => Some(Problem::Content {
                id,
                file,
                expected: facts.blake3,
                found,
            }),
            Ok(Some(_)) => None,
        }
    }

    /// Removes what runs that were cut off left in staging, and says how many files that were.
    /// The lock shows that no run is under way whose files they are.
    ///
    /// # Errors
    /// The disk's and the store's.
    pub async fn sweep(&self, _held: &LakeLock) -> Result<usize> {
        self.place().sweep().await
    }
}

fn is_under(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}
