//! DataFusion, set up once: what every query of the engine runs under.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::common::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{AggregateUDF, LogicalPlan, ScalarUDF};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement;
use hubcensus_exec::Operators;
use hubcensus_spec::TableName;
use object_store::ObjectStore;
use url::Url;

const CATALOG: &str = "hubcensus";
const BARE: &str = "main";

/// The tables that one query sees, by name. Nothing else exists for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    named: BTreeMap<TableName, Arc<dyn TableProvider>>,
    bare: BTreeMap<String, Arc<dyn TableProvider>>,
}

impl Tables {
    pub(crate) fn insert(&mut self, name: TableName, table: Arc<dyn TableProvider>) {
        self.named.insert(name, table);
    }

    pub(crate) fn insert_bare(&mut self, name: &str, table: Arc<dyn TableProvider>) {
        self.bare.insert(name.to_owned(), table);
    }

    fn catalog(&self) -> Result<Arc<dyn CatalogProviderList>> {
        let catalog = Arc::new(MemoryCatalogProvider::new());
        let bare = Arc::new(MemorySchemaProvider::new());
        for (name, table) in &self.bare {
            bare.register_table(name.clone(), Arc::clone(table))?;
        }
        catalog.register_schema(BARE, bare)?;
        let mut stages: BTreeMap<&str, Arc<MemorySchemaProvider>> = BTreeMap::new();
        for (name, table) in &self.named {
            stages
                .entry(name.stage())
                .or_default()
                .register_table(name.table().to_owned(), Arc::clone(table))?;
        }
        for (stage, tables) in stages {
            catalog.register_schema(stage, tables)?;
        }
        let list = MemoryCatalogProviderList::new();
        list.register_catalog(CATALOG.to_owned(), catalog);
        Ok(Arc::new(list))
    }
}

/// The SQL functions that queries may call beside DataFusion's.
#[derive(Debug, Clone, Default)]
pub struct Functions {
    /// Functions of single rows.
    pub scalars: Vec<ScalarUDF>,
    /// Functions of groups of rows.
    pub aggregates: Vec<AggregateUDF>,
    /// What they return, as a part of every fingerprint: other results, another
    /// version. What features they were compiled with is part of it.
    pub version: String,
}

/// DataFusion with the engine's settings and functions.
///
/// A query runs on one partition, in the order of the files that it reads: no
/// rows are dealt out by hash and put in order again, which costs more than a
/// second processor gains, and sums of fractions, which depend on the order in
/// which they are added, come out the same on any machine. The processors work
/// on several queries at once.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    base: SessionState,
    cores: usize,
    functions: String,
}

impl Session {
    /// A session that works on `cores` processors, by these operators.
    ///
    /// # Errors
    ///
    /// When DataFusion cannot be set up, for one for want of a directory for
    /// what it spills.
    pub(crate) fn new(cores: usize, functions: &Functions, operators: Operators) -> Result<Self> {
        let mut config = SessionConfig::new()
            .with_default_catalog_and_schema(CATALOG, BARE)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(false)
            .with_target_partitions(1);
        let options = config.options_mut();
        options.execution.time_zone = Some("+00:00".to_owned());
        options.execution.parquet.schema_force_view_types = false;
        options.sql_parser.map_string_types_to_utf8view = false;
        options.sql_parser.collect_spans = true;
        let mut builder = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(RuntimeEnvBuilder::new().build_arc()?)
            .with_default_features()
            .with_physical_optimizer_rules(hubcensus_exec::physical_rules(operators));
        for rule in hubcensus_exec::logical_rules() {
            builder = builder.with_optimizer_rule(rule);
        }
        let mut session = Self {
            base: builder.build(),
            cores: cores.max(1),
            functions: functions.version.clone(),
        };
        session.register(functions)?;
        Ok(session)
    }

    /// How many processors a query may use.
    pub(crate) fn cores(&self) -> usize {
        self.cores
    }

    /// The version of the functions that its queries may call.
    pub(crate) fn functions_version(&self) -> &str {
        &self.functions
    }

    fn register(&mut self, functions: &Functions) -> Result<()> {
        use datafusion::execution::FunctionRegistry as _;
        for function in &functions.scalars {
            self.base.register_udf(Arc::new(function.clone()))?;
        }
        for aggregate in &functions.aggregates {
            self.base.register_udaf(Arc::new(aggregate.clone()))?;
        }
        Ok(())
    }

    /// Makes the objects below `url` readable.
    pub(crate) fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) {
        self.base.runtime_env().register_object_store(url, store);
    }

    /// The same state for a query that has the processors to itself.
    pub(crate) fn on_all_cores(&self, state: SessionState) -> SessionState {
        let config = state.config().clone().with_target_partitions(self.cores);
        SessionStateBuilder::new_from_existing(state)
            .with_config(config)
            .build()
    }

    /// The state in which a query sees `tables` and no others.
    pub(crate) fn seeing(&self, tables: &Tables) -> Result<SessionState> {
        let mut state = self.base.clone();
        state.register_catalog_list(tables.catalog()?);
        Ok(state)
    }

    /// Plans a statement over `tables` as far as its types are checked.
    pub(crate) async fn plan(
        &self,
        statement: Statement,
        tables: &Tables,
    ) -> Result<(SessionState, LogicalPlan)> {
        let state = self.seeing(tables)?;
        let plan = state.statement_to_plan(statement).await?;
        Ok((state, plan))
    }
}

#[cfg(test)]
mod tests;
