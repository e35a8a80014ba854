//! Functions whose value is not settled by their arguments.

use datafusion::logical_expr::Volatility;
use hubcensus_spec::{Diagnostic, Sql};

use crate::query::calls::{Call, Calls};
use crate::query::session::Session;
use crate::query::span::place;

/// The calls in `sql` that give another value in another run: the same input
/// would not give the same table.
pub(crate) fn volatile(session: &Session, calls: &Calls, sql: &Sql) -> Vec<Diagnostic> {
    let is_volatile = |call: &&Call| {
        let volatility = session.volatility(&call.name);
        volatility.is_some_and(|volatility| volatility != Volatility::Immutable)
    };
    let calls = calls.calls.iter().filter(is_volatile);
    calls
        .map(|call| {
            let name = call.name.as_str();
            Diagnostic::error(
                "volatile-sql",
                format!(
                    "`{name}()` gives another value in each run: the same input must give the same \
                     table"
                ),
            )
            .at(place(sql, call.span), "another value each time")
            .help(instead(name))
        })
        .collect()
}

fn instead(name: &str) -> &'static str {
    match name {
        "random" | "rand" | "uuid" => {
            "derive it from the row: `md5(id)` is the same for the same row"
        }
        _ => "`$snapshot_date` is the date of the snapshot",
    }
}
