//! Looking into a lake: its tables, a table's rows, a query by hand.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::{SessionContext, ident};
use datafusion::scalar::ScalarValue;
use hubcensus_lake::Lake;
use hubcensus_spec::{
    Contract, Diagnostic, PartitionId, SnapshotDate, SourceFile, Sql, TableName, did_you_mean,
};

use crate::error::EngineError;
use crate::plan::lake_state::{LakeState, Scope};
use crate::query::diagnose;
use crate::query::frame;
use crate::query::lake_table::{LakeTable, TableFile, store_url};
use crate::query::parameters::parameters;
use crate::query::planner::{self, Planned};
use crate::query::schema::{self, SNAPSHOT_DATE};
use crate::query::session::Tables;
use crate::query::sql::{self, Reference};
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

/// Rows of one table of one snapshot.
#[derive(Debug)]
pub struct Shown {
    /// The rows, in the table's order.
    pub rows: RecordBatch,
    /// How many the table has.
    pub total: u64,
    /// The snapshot; reference tables have none.
    pub date: Option<SnapshotDate>,
    /// Why there is no such table of this snapshot, if so.
    pub skipped: Option<String>,
    /// That it is made from generated data, and by what.
    pub generated: Option<String>,
}

/// The first rows of a table, of one snapshot: the latest unless one is named.
/// `filters` are pairs of a column and the text of its value.
///
/// # Errors
///
/// No such table, column or snapshot; a lake that cannot be read.
pub async fn show(
    resolved: &Resolved,
    lake: &Lake,
    table: &str,
    date: Option<SnapshotDate>,
    filters: &[(String, String)],
    limit: usize,
) -> Result<Shown, EngineError> {
    let name = find(resolved, table)?;
    let Some(contract) = resolved.contract(&name) else {
        return Err(EngineError::Query(format!("no table `{name}`")));
    };
    resolved
        .session
        .register_store(lake.store_url(), Arc::clone(lake.store()));
    if !resolved.references.contains_key(&name) {
        lake.require().await?;
    }
    let state = LakeState::read(lake, &Scope::Whole).await?;
    let mut shown_date = None;
    let mut skipped = None;
    let mut generated = None;
    let provider: Arc<dyn TableProvider> = match resolved.references.get(&name) {
        Some(reference) => reference.table()?,
        None => {
            let date = date.or_else(|| state.dates(&name).last());
            let manifest = date
                .and_then(|date| state.manifest(&PartitionId::new(name.clone(), date)))
                .ok_or_else(|| {
                    EngineError::Query(match date {
                        Some(date) => {
                            format!("{name} has no snapshot of {date} in {}", lake.address())
                        }
                        None => format!(
                            "{} has no snapshot of {name} yet; `hubcensus run +{name}` makes one",
                            lake.address()
                        ),
                    })
                })?;
            shown_date = Some(manifest.id.date);
            skipped = manifest.skipped().map(str::to_owned);
            generated = manifest.facts.generated.clone();
            Arc::new(LakeTable::of_snapshot(
                store_url(lake)?,
                schema::of_contract(contract),
                TableFile::of(lake, manifest),
            ))
        }
    };
    let state = resolved.session.seeing(&Tables::default())?;
    let mut frame = SessionContext::new_with_state(state).read_table(provider)?;
    for (column, value) in filters {
        frame = frame.filter(filter(contract, column, value)?)?;
    }
    let total = frame.clone().count().await? as u64;
    let frame = frame
        .sort(frame::ordering(contract))?
        .limit(0, Some(limit))?;
    let rows = gather(frame).await?;
    Ok(Shown {
        rows,
        total,
        date: shown_date,
        skipped,
        generated,
    })
}

fn filter(contract: &Contract, column: &str, value: &str) -> Result<Expr, EngineError> {
    let Some(found) = contract.column(column) else {
        let names: Vec<&str> = contract.columns.iter().map(|c| c.name.as_str()).collect();
        let near = did_you_mean(column, names.iter().copied());
        return Err(EngineError::Query(format!(
            "no column `{column}`; {}",
            near.unwrap_or_else(|| format!("the columns are {}", names.join(", ")))
        )));
    };
    let wanted = schema::data_type(found.data_type);
    let literal = ScalarValue::try_from_string(value.to_owned(), &wanted)
        .map_err(|_| EngineError::Query(format!("`{value}` is no {}", found.data_type)))?;
    Ok(ident(column).eq(lit(literal)))
}

fn find(resolved: &Resolved, table: &str) -> Result<TableName, EngineError> {
    let all = || {
        resolved
            .references
            .keys()
            .chain(resolved.order.iter())
            .map(ToString::to_string)
    };
    let exact = all().find(|name| name == table);
    let bare: Vec<String> = all()
        .filter(|name| name.rsplit('.').next() == Some(table))
        .collect();
    let found = match (exact, bare.as_slice()) {
        (Some(name), _) => Some(name),
        (None, [name]) => Some(name.clone()),
        (None, _) => None,
    };
    found.and_then(|name| name.parse().ok()).ok_or_else(|| {
        let hint = match bare.as_slice() {
            [] => {
                let known: Vec<String> = all().collect();
                did_you_mean(table, known.iter().map(String::as_str))
                    .map(|near| format!("; {near}"))
            }
            several => Some(format!("; there are {}", several.join(", "))),
        };
        EngineError::Query(format!(
            "no table `{table}`{}",
            hint.unwrap_or_else(|| "; `hubcensus tables` lists them".to_owned())
        ))
    })
}

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
    let Some(Planned { state, plan, .. }) =
        planning.planned.filter(|_| planning.mistakes.is_empty())
    else {
        return Err(mistakes(planning.mistakes));
    };
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

async fn gather(frame: DataFrame) -> Result<RecordBatch, DataFusionError> {
    let schema = Arc::clone(frame.schema().inner());
    let batches = frame.collect().await?;
    let schema = batches.first().map_or(schema, RecordBatch::schema);
    Ok(concat_batches(&schema, &batches)?)
}
