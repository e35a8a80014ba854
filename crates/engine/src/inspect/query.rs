//! A query by hand.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::dataframe::DataFrame;
use hubcensus_lake::Lake;
use hubcensus_spec::{Diagnostic, PartitionId, SourceFile, Sql, TableName};

use crate::error::EngineError;
use crate::inspect::{find, gather};
use crate::plan::lake_state::{LakeState, Scope};
use crate::query::diagnose;
use crate::query::lake_table::{LakeTable, TableFile, store_url};
use crate::query::parameters::parameters;
use crate::query::planner::{self, Planned};
use crate::query::schema::{self, SNAPSHOT_DATE};
use crate::query::session::Tables;
use crate::query::sql::{self, Reference};
use crate::resolve::resolved::Resolved;

/// Runs a query over every snapshot that a lake has: each table has its
/// `snapshot_date` as a column.
///
/// # Errors
///
/// A query that is wrong, or more than a query; a lake that cannot be read.
pub async fn query(
    resolved: &Resolved,
    lake: &Lake,
    text: &str,
) -> Result<RecordBatch, EngineError> {
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
    let mut tables = Tables::default();
    for (reference, span) in &query.references {
        let (Reference::Bare(name), found) = (match reference {
            Reference::Table(name) => (
                Reference::Bare(name.to_string()),
                find(resolved, &name.to_string()),
            ),
            Reference::Bare(name) => (Reference::Bare(name.clone()), find(resolved, name)),
        }) else {
            continue;
        };
        let found = found.map_err(|e| {
            mistake(Diagnostic::error("unknown-table", e.to_string()).at(*span, "not known here"))
        })?;
        if !resolved.references.contains_key(&found) {
            lake.require().await?;
        }
        let provider = dated(resolved, lake, &state, &found)?;
        if name.contains('.') {
            tables.insert(found, provider);
        } else {
            tables.insert_bare(&name, provider);
        }
    }
    let values = parameters(&[], state.all_dates().last().copied());
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
    let Some(Planned { mut state, plan, .. }) =
        planning.planned.filter(|_| planning.mistakes.is_empty())
    else {
        return Err(mistakes(planning.mistakes));
    };
    // By hand the time of day may be asked for: it is that of now.
    state.mark_start_execution();
    let state = resolved.session.on_all_cores(state);
    gather(DataFrame::new(state, plan))
        .await
        .map_err(|e| mistake(diagnose::from_datafusion(&e, &sql)))
}

fn dated(
    resolved: &Resolved,
    lake: &Lake,
    state: &LakeState,
    name: &TableName,
) -> Result<Arc<dyn TableProvider>, EngineError> {
    if let Some(reference) = resolved.references.get(name) {
        return Ok(reference.table()?);
    }
    let contract = resolved
        .contract(name)
        .ok_or_else(|| EngineError::Query(format!("no table `{name}`")))?;
    for unreadable in state.unreadable(name) {
        tracing::warn!("{unreadable}; it is left out");
    }
    let files = state
        .dates(name)
        .filter_map(|date| state.readable(&PartitionId::new(name.clone(), date)))
        .filter_map(|manifest| TableFile::of(lake, manifest))
        .collect();
    debug_assert!(contract.column(SNAPSHOT_DATE).is_none());
    Ok(Arc::new(LakeTable::of_history(
        store_url(lake)?,
        schema::of_contract(contract),
        files,
    )))
}
