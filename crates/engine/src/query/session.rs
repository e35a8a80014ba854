//! DataFusion, set up once: what every query of the engine runs under.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::common::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{AggregateUDF, LogicalPlan, ScalarUDF, Volatility};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement;
use hubcensus_exec::Operators;
use hubcensus_spec::TableName;
use object_store::ObjectStore;
use url::Url;

/// Bytes of the stack of a thread that plans or runs queries, as many as the
/// main thread has: DataFusion calls itself at each level of a query.
pub(crate) const STACK: usize = 8 << 20;

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

    /// The type of a column that some table has under this name.
    pub(crate) fn column_type(&self, name: &str) -> Option<DataType> {
        let tables = self.named.values().chain(self.bare.values());
        tables
            .filter_map(|table| table.schema().field_with_name(name).ok().cloned())
            .map(|field| field.data_type().clone())
            .next()
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
    /// What each function returns, by its name, as a part of the fingerprint of
    /// the tables whose queries call it: other results, another version. What
    /// features it was compiled with is part of it.
    pub versions: BTreeMap<String, String>,
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
    versions: BTreeMap<String, String>,
}

impl Session {
    /// A session that works on `cores` processors, by these operators.
    ///
    /// # Errors
    ///
    /// When DataFusion cannot be set up, for one for want of a directory for
    /// what it spills.
    pub(crate) fn new(cores: usize, functions: &Functions, operators: &Operators) -> Result<Self> {
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
        let builder = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(RuntimeEnvBuilder::new().build_arc()?)
            .with_default_features()
            .with_physical_optimizer_rules(hubcensus_exec::physical_rules(operators));
        let mut session = Self {
            base: builder.build(),
            cores: cores.max(1),
            versions: functions.versions.clone(),
        };
        session.register(functions)?;
        Ok(session)
    }

    /// How many processors a query may use.
    pub(crate) fn cores(&self) -> usize {
        self.cores
    }

    /// The versions of those of `names` that are no functions of DataFusion.
    pub(crate) fn versions<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> BTreeMap<String, String> {
        let versions = names
            .into_iter()
            .filter_map(|name| self.versions.get_key_value(name));
        versions
            .map(|(name, version)| (name.clone(), version.clone()))
            .collect()
    }

    /// Whether a function gives the same for the same arguments, always or
    /// within one query; `None` for one that does not exist.
    pub(crate) fn volatility(&self, name: &str) -> Option<Volatility> {
        let scalars = self.base.scalar_functions().get(name);
        let aggregates = self.base.aggregate_functions().get(name);
        let windows = self.base.window_functions().get(name);
        let signature = scalars
            .map(|function| function.signature())
            .or_else(|| aggregates.map(|function| function.signature()))
            .or_else(|| windows.map(|function| function.signature()))?;
        Some(signature.volatility)
    }

    /// Whether a function is one of groups of rows.
    pub(crate) fn is_aggregate(&self, name: &str) -> bool {
        self.base.aggregate_functions().contains_key(name)
            && !self.base.scalar_functions().contains_key(name)
    }

    /// The names of all functions, sorted.
    pub(crate) fn function_names(&self) -> BTreeSet<&str> {
        let scalars = self.base.scalar_functions().keys();
        let aggregates = self.base.aggregate_functions().keys();
        let windows = self.base.window_functions().keys();
        scalars
            .chain(aggregates)
            .chain(windows)
            .map(String::as_str)
            .collect()
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

    /// What memory is reserved with.
    pub(crate) fn memory_pool(&self) -> &Arc<dyn MemoryPool> {
        &self.base.runtime_env().memory_pool
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
