//! The tables of a project, and what a lake has of them.

use hubcensus_lake::Lake;
use hubcensus_spec::{Contract, PartitionId, SnapshotDate, TableName};

use crate::error::EngineError;
use crate::plan::lake_state::{LakeState, Scope};
use crate::resolve::resolved::Resolved;

/// A table of the project, and what the lake has of it.
#[derive(Debug)]
pub struct TableInfo<'a> {
    /// Its name.
    pub name: TableName,
    /// What a row is.
    pub description: &'a str,
    /// Its columns, key and order.
    pub contract: &'a Contract,
    /// The snapshots that the lake has, oldest first.
    pub partitions: Vec<PartitionInfo>,
}

/// A partition of a table.
#[derive(Debug, Clone)]
pub struct PartitionInfo {
    /// The snapshot.
    pub date: SnapshotDate,
    /// Its rows.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// The source that it came from, if it was ingested.
    pub source: Option<String>,
    /// Why there is no such table of this snapshot, if so.
    pub skipped: Option<String>,
    /// That it is made from generated data, and by what.
    pub generated: Option<String>,
}

/// The tables of a project, in the order in which they are made, with what a
/// lake has of them.
///
/// # Errors
///
/// A lake that cannot be read.
pub async fn tables<'a>(
    resolved: &'a Resolved,
    lake: &Lake,
) -> Result<Vec<TableInfo<'a>>, EngineError> {
    let state = LakeState::read(lake, &Scope::Whole).await?;
    let project = &resolved.project;
    let references = project.references.iter().map(|table| &table.name.value);
    let known = references
        .chain(&resolved.order)
        .filter_map(|name| project.table(name));
    Ok(known
        .map(|table| TableInfo {
            name: table.name().value.clone(),
            description: table.description(),
            contract: table.contract(),
            partitions: partitions(&state, &table.name().value),
        })
        .collect())
}

fn partitions(state: &LakeState, name: &TableName) -> Vec<PartitionInfo> {
    state
        .dates(name)
        .filter_map(|date| state.manifest(&PartitionId::new(name.clone(), date)))
        .map(|manifest| PartitionInfo {
            date: manifest.id.date,
            rows: manifest.file().map_or(0, |file| file.rows),
            bytes: manifest.file().map_or(0, |file| file.bytes),
            source: manifest
                .facts
                .source
                .as_ref()
                .map(|source| source.name.clone()),
            skipped: manifest.skipped().map(str::to_owned),
            generated: manifest.facts.generated.clone(),
        })
        .collect()
}
