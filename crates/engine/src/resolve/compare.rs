//! Whether a query fills the contract of its table.

use datafusion::common::DFSchema;
use hubcensus_spec::{Contract, Diagnostic, Sql, TableName, closest, did_you_mean};

use crate::query::schema;
use crate::query::sql::{self, ReadOnly};

/// What a query gives, compared with what the contract of its table promises.
pub(super) fn compare(
    table: &TableName,
    contract: &Contract,
    found: &DFSchema,
    sql: &Sql,
    query: &ReadOnly,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for column in &contract.columns {
        let name = column.name.as_str();
        let wanted = schema::data_type(column.data_type);
        match found.fields().iter().find(|field| field.name() == name) {
            None => {
                let near = closest(name, found.fields().iter().map(|f| f.name().as_str()));
                let mut diagnostic = Diagnostic::error(
                    "missing-column",
                    format!("the query of `{table}` gives no column `{name}`"),
                )
                .at(
                    sql.span_all(),
                    format!("no column `{name}` comes out of this query"),
                );
                if let Some(near) = near.filter(|near| contract.column(near).is_none()) {
                    diagnostic =
                        diagnostic.help(format!("it gives `{near}`; write `{near} AS {name}`"));
                }
                diagnostics.push(diagnostic);
            }
            Some(field) if !schema::fits(field.data_type(), &wanted) => {
                let span = query.item_span(sql, name).unwrap_or_else(|| sql.span_all());
                diagnostics.push(
                    Diagnostic::error(
                        "wrong-type",
                        format!(
                            "column `{name}` of `{table}` is {} by its contract, but the query gives {}",
                            column.data_type,
                            schema::in_words(field.data_type())
                        ),
                    )
                    .at(span, format!("this is {}", schema::in_words(field.data_type())))
                    .help(format!("cast it, or declare `{name}` as what it is")),
                );
            }
            Some(_) => {}
        }
    }
    for field in found.fields() {
        let name = field.name();
        if contract.column(name).is_none() && name != sql::ROW {
            let span = query.item_span(sql, name).unwrap_or_else(|| sql.span_all());
            let near = did_you_mean(name, contract.columns.iter().map(|c| c.name.as_str()));
            let diagnostic = Diagnostic::error(
                "extra-column",
                format!("the contract of `{table}` has no column `{name}`"),
            )
            .at(span, "not in the contract");
            diagnostics.push(diagnostic.maybe_help(near).help(format!(
                "declare `{name}` under `columns:`, or leave it out of the query"
            )));
        }
    }
    diagnostics
}
