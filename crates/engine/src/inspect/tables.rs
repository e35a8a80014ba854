//! The tables of a project, and what a lake has of them.

use hubcensus_lake::Lake;
use hubcensus_spec::{Contract, PartitionId, SnapshotDate, TableName, TableRef};

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
    /// Whether it is there for other tables.
    pub is_intermediate: bool,
    /// Its columns, key and order.
    pub contract: &'a Contract,
    /// The file of the project that defines it.
    pub file: &'a str,
    /// The file whose rows it has, if it is a reference table.
    pub data: Option<&'a str>,
    /// Rows of a reference table.
    pub rows: Option<u64>,
    /// The tables that its query and its checks read.
    pub inputs: Vec<TableName>,
    /// The tables whose queries and checks read it.
    pub readers: Vec<TableName>,
    /// The sources that it is read from, if it is ingested.
    pub sources: Vec<&'a str>,
    /// The query that makes it, if a job does.
    pub query: Option<&'a str>,
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
    Ok(known.map(|table| info(resolved, &state, table)).collect())
}

fn info<'a>(resolved: &'a Resolved, state: &LakeState, table: TableRef<'a>) -> TableInfo<'a> {
    let name = &table.name().value;
    let recipe = resolved.recipes.get(name);
    let readers = resolved.recipes.iter();
    let readers = readers.filter(|(_, recipe)| recipe.inputs.contains(name));
    let sources = resolved.project.sources.iter();
    let sources = sources.filter(|source| source.table.value == *name);
    let file = resolved.project.files.get(table.name().span.file);
    let reference = resolved.references.get(name);
    TableInfo {
        name: name.clone(),
        description: table.description(),
        is_intermediate: table.is_intermediate(),
        contract: table.contract(),
        file: file.map_or("", |file| file.path.as_str()),
        data: match table {
            TableRef::Reference(table) => Some(&table.file.value),
            TableRef::Ingest(_) | TableRef::Job(_) => None,
        },
        rows: reference.map(|reference| reference.batch.num_rows() as u64),
        inputs: recipe.map_or_else(Vec::new, |r| r.inputs.iter().cloned().collect()),
        readers: readers.map(|(reader, _)| reader.clone()).collect(),
        sources: sources.map(|source| source.name.value.as_str()).collect(),
        query: match table {
            TableRef::Job(job) => Some(&job.query.text),
            TableRef::Ingest(_) | TableRef::Reference(_) => None,
        },
        partitions: partitions(state, name),
    }
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
