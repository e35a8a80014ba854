//! What identifies a partition.

use std::fmt;

use crate::date::SnapshotDate;
use crate::name::TableName;

/// One table of one snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId {
    /// The table.
    pub table: TableName,
    /// The snapshot.
    pub date: SnapshotDate,
}

impl PartitionId {
    /// The partition of `table` of the snapshot of `date`.
    #[must_use]
    pub fn new(table: TableName, date: SnapshotDate) -> Self {
        Self { table, date }
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.table, self.date)
    }
}
