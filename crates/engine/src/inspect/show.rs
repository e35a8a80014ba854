//! The first rows of one table.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, Operator, binary_expr, lit};
use datafusion::prelude::{SessionContext, ident};
use datafusion::scalar::ScalarValue;
use hubcensus_lake::Lake;
use hubcensus_spec::{PartitionId, TableName, did_you_mean};

use crate::error::EngineError;
use crate::inspect::condition::{Comparison, Condition};
use crate::inspect::hint;
use crate::inspect::provenance::{Provenance, Snapshots};
use crate::inspect::query::dated;
use crate::inspect::{find_table, gather, rejected};
use crate::plan::lake_state::{LakeState, Scope};
use crate::query::frame;
use crate::query::lake_table::{LakeTable, TableFile, store_url};
use crate::query::schema::{self, SNAPSHOT_DATE};
use crate::query::session::Tables;
use crate::resolve::resolved::Resolved;

/// What is to be shown.
#[derive(Debug, Clone, Default)]
pub struct ShowRequest {
    /// The table, by its full name or the last part of it.
    pub table: String,
    /// The rows that were set aside on their way into it, instead of its own.
    pub rejected: bool,
    /// Of which snapshots.
    pub snapshots: Snapshots,
    /// Only rows for which all of these hold.
    pub conditions: Vec<Condition>,
    /// Only rows in which this column has one of these values.
    pub among: Option<(String, Vec<String>)>,
    /// The columns, in this order; all if there are none.
    pub columns: Vec<String>,
    /// In the order of these columns, `true` for the greatest first; in the
    /// table's own if there are none.
    pub sort: Vec<(String, bool)>,
    /// How many rows at most; all if there is none.
    pub limit: Option<usize>,
}

/// Rows of one table.
#[derive(Debug)]
pub struct Shown {
    /// The table.
    pub table: TableName,
    /// The rows.
    pub rows: RecordBatch,
    /// How many there are without the limit.
    pub total: u64,
    /// The snapshots that were read.
    pub provenance: Provenance,
    /// Where nothing was found: what may have been meant.
    pub hints: Vec<String>,
}

/// The first rows of a table. With several snapshots each row has its
/// `snapshot_date` as a column.
///
/// # Errors
///
/// No such table, column or snapshot; a partition that is missing or damaged;
/// a lake that cannot be read.
pub async fn show(
    resolved: &Resolved,
    lake: &Lake,
    request: &ShowRequest,
) -> Result<Shown, EngineError> {
    let table = find_table(resolved, &request.table)?;
    let Some(contract) = resolved.contract(&table) else {
        return Err(EngineError::Query(format!("no table `{table}`")));
    };
    resolved
        .session
        .register_store(lake.store_url(), Arc::clone(lake.store()));
    let mut provenance = Provenance::default();
    let provider: Arc<dyn TableProvider> = match resolved.references.get(&table) {
        _ if request.rejected => {
            lake.require().await?;
            rejected::table(lake, &table, &request.snapshots, &mut provenance).await?
        }
        Some(reference) => {
            provenance.add_reference(&table);
            reference.table()?
        }
        None => {
            lake.require().await?;
            let state = LakeState::read(lake, &Scope::Whole).await?;
            let read = provenance.choose(resolved, lake, &state, &table, &request.snapshots)?;
            match read.dates.as_slice() {
                [] | [_] => {
                    let date = read.dates.first();
                    let id = date.map(|date| PartitionId::new(table.clone(), *date));
                    let manifest = id.and_then(|id| state.readable(&id));
                    Arc::new(LakeTable::of_snapshot(
                        store_url(lake)?,
                        schema::of_contract(contract),
                        manifest.and_then(|manifest| TableFile::of(lake, manifest)),
                    ))
                }
                dates => dated(resolved, lake, &state, &table, dates)?,
            }
        }
    };
    let schema = provider.schema();
    let known: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let state = resolved.session.seeing(&Tables::default())?;
    let whole = SessionContext::new_with_state(state).read_table(provider)?;
    let mut frame = whole.clone();
    for condition in &request.conditions {
        check_column(&condition.column, &known)?;
        let data_type = schema.field_with_name(&condition.column);
        let data_type = data_type.map_or(&DataType::Utf8, arrow::datatypes::Field::data_type);
        frame = frame.filter(filter(condition, data_type)?)?;
    }
    if let Some((column, values)) = &request.among {
        if !known.contains(&column.as_str()) {
            return Err(EngineError::Query(format!(
                "{table} has no column `{column}`"
            )));
        }
        let values = values.iter().map(|value| lit(value.as_str())).collect();
        frame = frame.filter(ident(column).in_list(values, false))?;
    }
    let total = frame.clone().count().await? as u64;
    let mut order = Vec::new();
    for (column, descending) in &request.sort {
        check_column(column, &known)?;
        order.push(ident(column).sort(!descending, false));
    }
    if known.contains(&SNAPSHOT_DATE) {
        order.push(ident(SNAPSHOT_DATE).sort(true, false));
    }
    if !request.rejected {
        order.extend(frame::ordering(contract));
    }
    if !order.is_empty() {
        frame = frame.sort(order)?;
    }
    frame = frame.limit(0, request.limit)?;
    if !request.columns.is_empty() {
        for column in &request.columns {
            check_column(column, &known)?;
        }
        let columns = request.columns.iter();
        let columns = columns.map(|c| Expr::Column(Column::new_unqualified(c)));
        frame = frame.select(columns.collect::<Vec<_>>())?;
    } else if known.contains(&SNAPSHOT_DATE) {
        // What tells the rows of snapshots apart comes first.
        let others = known.iter().filter(|name| **name != SNAPSHOT_DATE);
        let columns = std::iter::once(&SNAPSHOT_DATE).chain(others);
        let columns = columns.map(|c| Expr::Column(Column::new_unqualified(*c)));
        frame = frame.select(columns.collect::<Vec<_>>())?;
    }
    let rows = gather(frame).await?;
    let hints = if total == 0 {
        hint::hints(resolved, &whole, &request.conditions).await?
    } else {
        Vec::new()
    };
    Ok(Shown {
        table,
        rows,
        total,
        provenance,
        hints,
    })
}

fn check_column(column: &str, known: &[&str]) -> Result<(), EngineError> {
    if known.contains(&column) {
        return Ok(());
    }
    let near = did_you_mean(column, known.iter().copied());
    Err(EngineError::Query(format!(
        "no column `{column}`; {}",
        near.unwrap_or_else(|| format!("the columns are {}", known.join(", ")))
    )))
}

fn filter(condition: &Condition, data_type: &DataType) -> Result<Expr, EngineError> {
    let Condition {
        column,
        comparison,
        value,
    } = condition;
    let operator = match comparison {
        Comparison::Equal => Operator::Eq,
        Comparison::NotEqual => Operator::IsDistinctFrom,
        Comparison::Less => Operator::Lt,
        Comparison::LessOrEqual => Operator::LtEq,
        Comparison::Greater => Operator::Gt,
        Comparison::GreaterOrEqual => Operator::GtEq,
        Comparison::Like if *data_type == DataType::Utf8 => {
            return Ok(ident(column).ilike(lit(value.as_str())));
        }
        Comparison::Like => {
            return Err(EngineError::Query(format!(
                "`like` compares text, and {column} is {}",
                TypeName(data_type)
            )));
        }
    };
    let literal = ScalarValue::try_from_string(value.clone(), data_type).map_err(|_| {
        EngineError::Query(format!(
            "`{value}` is no {}, which {column} is",
            TypeName(data_type)
        ))
    })?;
    Ok(binary_expr(ident(column), operator, lit(literal)))
}

/// A type under the name that contracts have for it.
struct TypeName<'a>(&'a DataType);

impl fmt::Display for TypeName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_contracts = hubcensus_spec::ColumnType::ALL;
        let mut found = of_contracts.iter();
        match found.find(|column| schema::data_type(**column) == *self.0) {
            Some(column) => column.fmt(f),
            None => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(text: &str) -> (String, Comparison, String) {
        let found: Condition = text.parse().unwrap();
        (found.column, found.comparison, found.value)
    }

    #[test]
    fn conditions_are_read() {
        let is = |column: &str, comparison, value: &str| {
            (column.to_owned(), comparison, value.to_owned())
        };
        assert_eq!(condition("a=b"), is("a", Comparison::Equal, "b"));
        assert_eq!(condition("a=b=c"), is("a", Comparison::Equal, "b=c"));
        assert_eq!(condition("a= b"), is("a", Comparison::Equal, " b"));
        assert_eq!(condition("a = b"), is("a", Comparison::Equal, "b"));
        assert_eq!(condition("a!=b"), is("a", Comparison::NotEqual, "b"));
        assert_eq!(condition("n>=5"), is("n", Comparison::GreaterOrEqual, "5"));
        assert_eq!(condition("n<5"), is("n", Comparison::Less, "5"));
        assert_eq!(
            condition("a like %x y%"),
            is("a", Comparison::Like, "%x y%")
        );
        assert_eq!(condition("a="), is("a", Comparison::Equal, ""));
        for text in ["", "a", "=b", "a like", "a b=c"] {
            assert!(text.parse::<Condition>().is_err(), "{text}");
        }
    }
}
