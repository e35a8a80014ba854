//! Why a partition that has a manifest cannot be read.

use hubcensus_spec::PartitionId;

/// How a partition differs from what its manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// There is no file.
    Missing,
    /// The file has another size.
    Size {
        /// Bytes according to the manifest.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// The file has the right size and other bytes.
    Content,
    /// The manifest says that there is no file, and there is one.
    Unexpected,
    /// The file cannot be read, for this reason.
    Unread(String),
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("its file is missing"),
            Self::Size { expected, found } => {
                write!(f, "its file has {found} bytes instead of {expected}")
            }
            Self::Content => f.write_str("its file was changed since it was written"),
            Self::Unexpected => f.write_str("it has a file, though it was skipped"),
            Self::Unread(reason) => write!(f, "its file cannot be read: {reason}"),
        }
    }
}

/// A partition that a lake has and that cannot be read. Whatever reads its table
/// leaves it out; `hubcensus run` makes it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Which partition.
    pub id: PartitionId,
    /// Why.
    pub reason: Damage,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.id, self.reason)
    }
}
