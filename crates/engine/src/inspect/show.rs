//! The first rows of one table.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::{SessionContext, ident};
use datafusion::scalar::ScalarValue;
use hubcensus_lake::Lake;
use hubcensus_spec::{Contract, PartitionId, SnapshotDate, did_you_mean};

use crate::error::EngineError;
use crate::inspect::{find, gather};
use crate::plan::lake_state::{LakeState, Scope};
use crate::query::frame;
use crate::query::lake_table::{LakeTable, TableFile, store_url};
use crate::query::schema;
use crate::query::session::Tables;
use crate::resolve::resolved::Resolved;

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
