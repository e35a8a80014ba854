//! What every query of a project is resolved against: the tables that there
//! are, and DataFusion.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::datasource::empty::EmptyTable;
use hubcensus_spec::{
    Diagnostic, History, Project, Span, Sql, TableName, closest, closest_table, did_you_mean,
};

use crate::query::lake_table::{Dated, LakeTable};
use crate::query::planner::{self, Planned, Planning};
use crate::query::schema;
use crate::query::session::{Session, Tables};
use crate::query::sql::{ReadOnly, Reference};
use crate::query::volatile::volatile;
use crate::resolve::checked::Checked;

/// A project and the session that its queries are planned in.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) project: &'a Project,
    pub(super) session: &'a Session,
}

/// What a query may use beside the tables that it names.
pub(super) struct Scope<'a> {
    pub(super) history: &'a BTreeMap<TableName, History>,
    pub(super) parameters: &'a BTreeMap<String, String>,
    /// A table that has no stage.
    pub(super) bare: Option<(&'a str, SchemaRef)>,
}

impl Context<'_> {
    /// A query's plan, or nothing and what is wrong with it.
    pub(super) async fn plan(
        &self,
        sql: &Sql,
        query: &ReadOnly,
        scope: &Scope<'_>,
    ) -> Checked<Option<Planned>> {
        let mut diagnostics = volatile(self.session, &query.calls(), sql);
        let tables = self.tables(query, scope).take(&mut diagnostics);
        let values = parameters(sql, query, scope).take(&mut diagnostics);
        let Some(tables) = tables else {
            return Checked::new(None, diagnostics);
        };
        let Planning { planned, mistakes } =
            planner::plan(self.session, sql, query, &values, &tables).await;
        // With mistakes in an input's own contract, these may follow.
        if query
            .tables()
            .all(|(table, _)| self.project.is_complete(table))
        {
            diagnostics.extend(mistakes);
        }
        Checked::new(planned, diagnostics)
    }

    /// The tables that a query names, without rows; `None` if one is unknown.
    fn tables(&self, query: &ReadOnly, scope: &Scope<'_>) -> Checked<Option<Tables>> {
        let mut tables = Tables::default();
        let mut diagnostics = Vec::new();
        let mut known = true;
        for (reference, span) in &query.references {
            match self.table(reference, scope) {
                Some((Reference::Table(name), schema)) => tables.insert(name, empty(schema)),
                Some((Reference::Bare(name), schema)) => tables.insert_bare(&name, empty(schema)),
                None => {
                    known = false;
                    diagnostics.extend(self.unknown_table(reference, *span));
                }
            }
        }
        Checked::new(known.then_some(tables), diagnostics)
    }

    fn table(&self, reference: &Reference, scope: &Scope<'_>) -> Option<(Reference, SchemaRef)> {
        let schema = match reference {
            Reference::Table(name) => {
                let contract = schema::of_contract(self.project.table(name)?.contract());
                match scope.history.get(name) {
                    Some(history) => LakeTable::dated_schema(&contract, Dated::of(history)),
                    None => contract,
                }
            }
            Reference::Bare(name) => {
                let (_, schema) = scope.bare.as_ref().filter(|(bare, _)| bare == name)?;
                Arc::clone(schema)
            }
        };
        Some((reference.clone(), schema))
    }

    fn unknown_table(&self, reference: &Reference, span: Span) -> Option<Diagnostic> {
        let (name, table) = match reference {
            Reference::Table(table) => (table.to_string(), Some(table.clone())),
            Reference::Bare(name) => (name.clone(), name.parse::<TableName>().ok()),
        };
        // What could not be read may well hold it.
        if table
            .as_ref()
            .is_some_and(|table| self.project.may_have(table))
        {
            return None;
        }
        let known = || self.project.tables().map(|table| &table.name().value);
        let near = match &table {
            Some(table) => closest_table(table, known()),
            None => closest(&name, known().map(TableName::table))
                .and_then(|near| known().find(|table| table.table() == near)),
        };
        let help = near.map(|near| format!("did you mean `{near}`?"));
        Some(
            Diagnostic::error("unknown-table", format!("no table `{name}`"))
                .at(span, "not known here")
                .help(help.unwrap_or_else(|| {
                    "tables are named `stage.table`; `hubcensus tables` lists them".to_owned()
                })),
        )
    }
}

/// The values of a query's parameters; NULL for those that are not declared.
fn parameters(sql: &Sql, query: &ReadOnly, scope: &Scope<'_>) -> Checked<BTreeMap<String, String>> {
    let mut values = scope.parameters.clone();
    let mut diagnostics = Vec::new();
    for (name, span) in query.placeholders(sql) {
        if scope.parameters.contains_key(&name) {
            continue;
        }
        let near = did_you_mean(&name, scope.parameters.keys().map(String::as_str));
        diagnostics.push(
            Diagnostic::error("unknown-parameter", format!("no parameter `${name}`"))
                .at(span, "not declared")
                .help(near.unwrap_or_else(|| {
                    "declare it under `parameters:` with its type and value".to_owned()
                })),
        );
        values.insert(name, "NULL".to_owned());
    }
    Checked::new(values, diagnostics)
}

fn empty(schema: SchemaRef) -> Arc<dyn TableProvider> {
    Arc::new(EmptyTable::new(schema))
}
