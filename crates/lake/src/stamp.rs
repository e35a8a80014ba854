//! What tells without reading whether a file is the one that was looked at before.

use std::fs::Metadata;
use std::time::SystemTime;

use object_store::ObjectMeta;
use serde::{Deserialize, Serialize};

/// A file's size, time of change and version. Where all are what they were, the file is taken to
/// be what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// Its size.
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since 1970; 0 if that is not known.
    pub modified: i64,
    /// The store's own name for this content, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Stamp {
    /// Whether a file with this stamp can be known again by it. A server may tell neither a time
    /// nor a version.
    pub fn tells(&self) -> bool {
        self.modified != 0 || self.version.is_some()
    }
}

impl From<&ObjectMeta> for Stamp {
    fn from(meta: &ObjectMeta) -> Self {
        Self {
            bytes: meta.size,
            modified: meta.last_modified.timestamp_nanos_opt().unwrap_or(0),
            version: meta.e_tag.clone(),
        }
    }
}

impl From<&Metadata> for Stamp {
    fn from(about: &Metadata) -> Self {
        let modified = about.modified().ok();
        let since = modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        Self {
            bytes: about.len(),
            modified: since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(0)),
            version: None,
        }
    }
}
