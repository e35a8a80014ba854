//! Why a partition is made.

use hubcensus_spec::PartitionId;

use crate::plan::lake_state::LakeState;
use crate::resolve::fingerprint::FingerprintParts;

/// Why a partition is made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The lake has no such partition.
    New,
    /// The partition's file is gone, or is not what its manifest says.
    Damaged,
    /// A part of what it is made from is not what it was: `query`, `contract`,
    /// `parameters`, `checks`, `file`, or the name of a table.
    Changed(String),
    /// It was asked for.
    Forced,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New => f.write_str("not there yet"),
            Self::Damaged => f.write_str("its file is missing or damaged"),
            Self::Changed(part) => write!(f, "{part} changed"),
            Self::Forced => f.write_str("forced"),
        }
    }
}

impl Cause {
    /// The table whose change it is, if it is one's.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Changed(part) if part.contains('.') => Some(part),
            _ => None,
        }
    }
}

/// Why a partition must be made, given what it would now be made from; `None`
/// when it is up to date.
pub(crate) fn causes(
    state: &LakeState,
    id: &PartitionId,
    parts: &FingerprintParts,
    force: bool,
) -> Option<Vec<Cause>> {
    let Some(manifest) = state.manifest(id) else {
        return Some(vec![Cause::New]);
    };
    if state.is_damaged(id) {
        return Some(vec![Cause::Damaged]);
    }
    if manifest.facts.fingerprint != parts.total() {
        let changed = parts.changed_since(&manifest.facts.inputs);
        return Some(changed.into_iter().map(Cause::Changed).collect());
    }
    force.then(|| vec![Cause::Forced])
}
