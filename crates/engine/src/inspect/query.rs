//! A query by hand.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::dataframe::DataFrame;
use hubcensus_lake::Lake;
use hubcensus_spec::{Diagnostic, PartitionId, SourceFile, Sql, TableName};

use crate::error::EngineError;
use crate::inspect::provenance::{Provenance, Snapshots};
use crate::inspect::{find_table, gather};
use crate::plan::lake_state::{LakeState, Scope};
use crate::query::diagnose;
use crate::query::lake_table::{Dated, LakeTable, TableFile, store_url};
use crate::query::parameters::parameters;
use crate::query::planner::{self, Planned};
use crate::query::schema::{self, SNAPSHOT_DATE};
use crate::query::session::Tables;
use crate::query::sql::{self, Reference};
use crate::resolve::resolved::Resolved;

/// The rows of a query, and where they come from.
#[derive(Debug)]
pub struct Queried {
    /// The rows.
    pub rows: RecordBatch,
    /// The tables and snapshots that were read.
    pub provenance: Provenance,
}

/// Runs a query over the tables of a lake, each with the snapshots that are
/// asked for and their `snapshot_date` as a column. A partition that is
/// missing or damaged is left out, which the provenance tells.
///
/// # Errors
///
/// A query that is wrong, or more than a query; a table of which none of the
/// snapshots is there; a lake that cannot be read.
pub async fn query(
    resolved: &Resolved,
    lake: &Lake,
    text: &str,
    snapshots: &Snapshots,
) -> Result<Queried, EngineError> {
    resolved
        .session
        .register_store(lake.store_url(), Arc::clone(lake.store()));
    let state = LakeState::read(lake, &Scope::Whole).await?;
    let sql = Sql::verbatim(text, 0);
    let mistakes = |mistakes: Vec<Diagnostic>| EngineError::BadQuery {
        mistakes,
        query: SourceFile {
            path: "<query>".to_owned(),
            text: text.to_owned(),
        },
    };
    let mistake = |diagnostic: Diagnostic| mistakes(vec![diagnostic]);
    let query = sql::parse(&sql).map_err(|diagnostic| mistake(*diagnostic))?;
    let mut provenance = Provenance::default();
    let mut tables = Tables::default();
    for (reference, span) in &query.references {
        let name = match reference {
            Reference::Table(name) => name.to_string(),
            Reference::Bare(name) => name.clone(),
        };
        let found = find_table(resolved, &name).map_err(|e| {
            mistake(Diagnostic::error("unknown-table", e.to_string()).at(*span, "not known here"))
        })?;
        let provider = match resolved.references.get(&found) {
            Some(reference) => {
                provenance.add_reference(&found);
                reference.table()?
            }
            None => {
                lake.require().await?;
                let read = provenance.choose(resolved, lake, &state, &found, snapshots)?;
                dated(resolved, lake, &state, &found, &read.dates)?
            }
        };
        match reference {
            Reference::Table(_) => tables.insert(found, provider),
            Reference::Bare(_) => tables.insert_bare(&name, provider),
        }
    }
    let latest = provenance.tables.iter().flat_map(|table| &table.dates);
    let latest = latest.max().copied();
    let values = parameters(&[], latest);
    let unknown = query.placeholders(&sql).into_iter();
    let unknown = unknown.filter(|(name, _)| !values.contains_key(name));
    let unknown: Vec<Diagnostic> = unknown
        .map(|(name, span)| {
            Diagnostic::error("unknown-parameter", format!("no parameter `${name}`"))
                .at(span, "not known here")
                .help("the one parameter of a query is `$snapshot_date`")
        })
        .collect();
    if !unknown.is_empty() {
        return Err(mistakes(unknown));
    }
    let planning = planner::plan(&resolved.session, &sql, &query, &values, &tables).await;
    let Some(Planned {
        mut state, plan, ..
    }) = planning.planned.filter(|_| planning.mistakes.is_empty())
    else {
        return Err(mistakes(planning.mistakes));
    };
    // By hand the time of day may be asked for: it is that of now.
    state.mark_start_execution();
    let state = resolved.session.on_all_cores(state);
    let rows = gather(DataFrame::new(state, plan))
        .await
        .map_err(|e| mistake(diagnose::from_datafusion(&e, &sql)))?;
    Ok(Queried { rows, provenance })
}

/// A table of the lake over several snapshots, with their date as a column.
pub(super) fn dated(
    resolved: &Resolved,
    lake: &Lake,
    state: &LakeState,
    name: &TableName,
    dates: &[hubcensus_spec::SnapshotDate],
) -> Result<Arc<dyn TableProvider>, EngineError> {
    let contract = resolved
        .contract(name)
        .ok_or_else(|| EngineError::Query(format!("no table `{name}`")))?;
    let files = dates
        .iter()
        .filter_map(|date| state.readable(&PartitionId::new(name.clone(), *date)))
        .filter_map(|manifest| TableFile::of(lake, manifest))
        .collect();
    debug_assert!(contract.column(SNAPSHOT_DATE).is_none());
    Ok(Arc::new(LakeTable::of_history(
        store_url(lake)?,
        schema::of_contract(contract),
        files,
        Dated::ByDate,
    )))
}
