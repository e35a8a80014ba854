//! What a person asks for.

use hubcensus_spec::SnapshotDate;

/// What a person asks for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Which tables; none means all.
    pub selectors: Vec<String>,
    /// Which snapshots; none means those that the source, or else the lake, has.
    pub dates: Vec<SnapshotDate>,
    /// Where new snapshots come from; without it, the lake's own ingested ones
    /// are worked on.
    pub source: Option<SourceRequest>,
    /// Make again what is up to date.
    pub force: bool,
}

/// A source, and where to read it from if not from its own location.
#[derive(Debug, Clone)]
pub struct SourceRequest {
    /// The source's name in the pipeline files.
    pub name: String,
    /// An address or path, with `{date}` in it.
    pub location: Option<String>,
}
