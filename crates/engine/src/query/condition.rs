//! Conditions on rows, written as SQL expressions.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::{Expr, ExprSchemable as _};
use hubcensus_spec::Sql;

use crate::query::schema;
use crate::query::session::{Session, Tables};

/// A rejection rule as an expression over the columns of `schema`.
pub(crate) fn condition(
    session: &Session,
    sql: &Sql,
    schema: &DFSchema,
) -> Result<Expr, DataFusionError> {
    let state = session.seeing(&Tables::default())?;
    let expression = state.create_logical_expr(&sql.text, schema)?;
    match expression.get_type(schema)? {
        DataType::Boolean | DataType::Null => Ok(expression),
        other => Err(DataFusionError::Plan(format!(
            "a condition must be true or false, this is {}",
            schema::in_words(&other)
        ))),
    }
}
