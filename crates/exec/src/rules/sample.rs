//! Sessions in which the engine's rules are compared with DataFusion's own.

use std::sync::Arc;

use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::{Operators, logical_rules, physical_rules};

/// A session over tables, with batches of `size` rows, by the engine's rules
/// or without them.
pub(crate) fn session(
    ours: bool,
    size: usize,
    tables: &[(&str, &Arc<MemTable>)],
) -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(1);
    let mut state = SessionStateBuilder::new()
        .with_config(config.with_batch_size(size))
        .with_default_features();
    if ours {
        state = state
            .with_optimizer_rule(Arc::clone(&logical_rules()[0]))
            .with_physical_optimizer_rules(physical_rules(Operators::Own));
    }
    let context = SessionContext::new_with_state(state.build());
    for (name, table) in tables {
        let table = Arc::clone(table);
        context.register_table(*name, table).unwrap();
    }
    context
}
