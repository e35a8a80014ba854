//! What may have been meant by a value that no row has.

use std::collections::BTreeSet;

use arrow::array::AsArray as _;
use arrow::datatypes::DataType;
use datafusion::common::Column;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::Expr;
use hubcensus_spec::did_you_mean;

use crate::error::EngineError;
use crate::inspect::condition::{Comparison, Condition};
use crate::inspect::gather;
use crate::resolve::resolved::Resolved;

/// For each condition of equality on a text whose value the table does not
/// have: the value most like it, or what reference tables have under it.
pub(super) async fn hints(
    resolved: &Resolved,
    table: &DataFrame,
    conditions: &[Condition],
) -> Result<Vec<String>, EngineError> {
    let mut hints = Vec::new();
    for condition in conditions {
        let field = table
            .schema()
            .field_with_unqualified_name(&condition.column);
        let is_text = field.is_ok_and(|field| *field.data_type() == DataType::Utf8);
        if condition.comparison != Comparison::Equal || !is_text {
            continue;
        }
        let column = Expr::Column(Column::new_unqualified(&condition.column));
        let frame = table.clone().select(vec![column])?.distinct()?;
        let rows = gather(frame).await?;
        let values: BTreeSet<&str> = rows.column(0).as_string::<i32>().iter().flatten().collect();
        if values.contains(condition.value.as_str()) {
            continue;
        }
        let (name, value) = (&condition.column, &condition.value);
        let folded = value.to_lowercase();
        let mut alike = values.iter().filter(|v| v.to_lowercase() == folded);
        let hint = alike
            .next()
            .map(|alike| format!("did you mean `{alike}`?"))
            .or_else(|| of_reference(resolved, name, value))
            .or_else(|| did_you_mean(value, values.iter().copied()));
        hints.push(match hint {
            Some(hint) => format!("no row has {name} `{value}`; {hint}"),
            None if values.len() <= 12 => {
                let values: Vec<&str> = values.into_iter().collect();
                format!(
                    "no row has {name} `{value}`; there are {}",
                    values.join(", ")
                )
            }
            None => format!("no row has {name} `{value}`"),
        });
    }
    Ok(hints)
}

/// What a reference table that has a column of this name says of a value of the
/// first column of its key: the table of accounts and their entities, whose
/// account it is.
fn of_reference(resolved: &Resolved, column: &str, value: &str) -> Option<String> {
    let value = value.to_lowercase();
    resolved.references.iter().find_map(|(name, reference)| {
        let key = resolved.contract(name)?.key.first()?;
        if key.value == column {
            return None;
        }
        let keys = reference.batch.column_by_name(&key.value)?;
        let keys = keys.as_string_opt::<i32>()?;
        let means = reference.batch.column_by_name(column)?;
        let means = means.as_string_opt::<i32>()?;
        let row = keys
            .iter()
            .position(|key| key.is_some_and(|key| key.to_lowercase() == value))?;
        let (found, meant) = (keys.value(row), means.iter().nth(row)??);
        Some(format!(
            "{name} has {} `{found}` of {column} `{meant}`",
            key.value
        ))
    })
}
