//! The walk through a project's tables and sources, query by query.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::datasource::empty::EmptyTable;
use datafusion::logical_expr::LogicalPlan;
use hubcensus_spec::{
    Check, ColumnRule, Contract, Diagnostic, History, IngestTable, Job, Project, RejectRule, Span,
    Sql, TableName, did_you_mean,
};

use crate::audit::inline;
use crate::audit::rule::ResolvedCheck;
use crate::query::condition::condition;
use crate::query::diagnose;
use crate::query::lake_table::LakeTable;
use crate::query::parameters::{DATE_PARAMETER, parameters};
use crate::query::schema;
use crate::query::session::{Session, Tables};
use crate::query::sql::{self, ReadOnly, Reference};
use crate::resolve::compare::compare;
use crate::resolve::fingerprint;
use crate::resolve::graph::Graph;
use crate::resolve::resolved::{Origin, Recipe, ResolvedJob};

/// Goes through a project and takes note of every mistake.
pub(super) struct Resolver<'a> {
    pub(super) project: &'a Project,
    pub(super) session: &'a Session,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) graph: Graph,
}

/// A job, how its table is made if its query plans, and what is wrong with it.
pub(super) type PlannedJob<'a> = (&'a Arc<Job>, Option<Recipe>, Vec<Diagnostic>);

/// What a query may use beside the tables that it names.
pub(super) struct Scope<'a> {
    pub(super) history: &'a BTreeMap<TableName, History>,
    pub(super) parameters: &'a BTreeMap<String, String>,
    pub(super) bare: Option<(&'a str, SchemaRef)>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(project: &'a Project, session: &'a Session) -> Self {
        Self {
            project,
            session,
            diagnostics: Vec::new(),
            graph: Graph::default(),
        }
    }

    pub(super) async fn recipes(
        &mut self,
        jobs: Vec<PlannedJob<'a>>,
    ) -> BTreeMap<TableName, Recipe> {
        let mut recipes = BTreeMap::new();
        for table in &self.project.ingest_tables {
            let name = table.name.value.clone();
            recipes.insert(name.clone(), self.ingest_table(table).await);
            self.graph.insert(name, BTreeSet::new());
        }
        for (job, recipe, diagnostics) in jobs {
            self.diagnostics.extend(diagnostics);
            if let Some(recipe) = recipe {
                let mut others = recipe.inputs.clone();
                others.remove(&job.name.value);
                let earlier = recipe
                    .history
                    .iter()
                    .filter(|(_, history)| **history == History::Previous)
                    .map(|(table, _)| table.clone())
                    .collect();
                self.graph.reads_earlier(job.name.value.clone(), earlier);
                self.graph.insert(job.name.value.clone(), others);
                recipes.insert(job.name.value.clone(), recipe);
            }
        }
        recipes
    }

    async fn ingest_table(&mut self, table: &Arc<IngestTable>) -> Recipe {
        let none = BTreeMap::new();
        let parameters = parameters(&[], None);
        let schema = schema::of_contract(&table.contract);
        self.conditions(&table.rejects, &schema);
        self.patterns(&table.contract);
        let (checks, mut inputs) = self
            .checks(&table.name.value, &table.checks, &none, &parameters)
            .await;
        inputs.extend(referenced(&table.contract));
        let rejects = format!(
            "{}limit {} {}",
            describe_rejects(&table.rejects),
            table.reject_limit.share,
            table.reject_limit.rows
        );
        let definition = fingerprint::definition(
            &rejects,
            &table.contract,
            &BTreeMap::new(),
            &canonical_checks(&table.checks, &checks),
            self.session.functions_version(),
        );
        Recipe {
            origin: Origin::Ingest(Arc::clone(table)),
            checks,
            inputs,
            history: none,
            definition,
        }
    }

    pub(super) async fn job(&mut self, job: &Arc<Job>) -> Option<Recipe> {
        // A query that is missing was told of already.
        if job.query.text.trim().is_empty() {
            return None;
        }
        let history: BTreeMap<TableName, History> = job
            .history
            .iter()
            .map(|(name, how)| (name.value.clone(), *how))
            .collect();
        let values = parameters(&job.parameters, None);
        let scope = Scope {
            history: &history,
            parameters: &values,
            bare: None,
        };
        let query = match sql::parse(&job.query) {
            Ok(query) => query,
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                return None;
            }
        };
        if let Some(found) = self.plan(&job.query, &query, &scope).await
            && self.project.is_complete(&job.name.value)
        {
            self.diagnostics.extend(compare(
                &job.name.value,
                &job.contract,
                found.schema(),
                &job.query,
                &query,
            ));
        }
        let mut inputs: BTreeSet<TableName> = query.tables().map(|(t, _)| t.clone()).collect();
        for name in history.keys().filter(|name| !inputs.contains(*name)) {
            let span = job
                .history
                .iter()
                .find(|(n, _)| n.value == *name)
                .map(|(n, _)| n.span);
            self.diagnostics.push(
                Diagnostic::warning(
                    "unused-history",
                    format!("`{name}` has a history but the query does not read it"),
                )
                .at(span.unwrap_or(job.name.span), "not read"),
            );
        }
        self.patterns(&job.contract);
        let (checks, more) = self
            .checks(&job.name.value, &job.checks, &history, &values)
            .await;
        inputs.extend(more);
        inputs.extend(referenced(&job.contract));
        inputs.extend(job.needs.iter().flatten().map(|need| need.value.0.clone()));
        // Of its own past a table is made too; of itself, not.
        if !history.contains_key(&job.name.value) {
            inputs.remove(&job.name.value);
        }
        if query.tables().any(|(table, _)| *table == job.name.value)
            && !history.contains_key(&job.name.value)
        {
            self.diagnostics.push(
                Diagnostic::error("cycle", format!("`{}` reads itself", job.name.value))
                    .at(job.name.span, "made from itself")
                    .help("a table may read its own earlier snapshots: add `history: {table: previous}`"),
            );
        }
        let mut named = values.clone();
        named.remove(DATE_PARAMETER);
        let mut definition = fingerprint::definition(
            &query.canonical(),
            &job.contract,
            &named,
            &canonical_checks(&job.checks, &checks),
            self.session.functions_version(),
        );
        if !history.is_empty() {
            definition.add("history", &format!("{history:?}"));
        }
        if !job.needs.is_empty() {
            let needs: Vec<String> = job
                .needs
                .iter()
                .map(|either| {
                    let either: Vec<String> = either
                        .iter()
                        .map(|n| format!("{}.{}", n.value.0, n.value.1))
                        .collect();
                    either.join(" or ")
                })
                .collect();
            definition.add("needs", &needs.join(","));
        }
        if let Some(reason) = &job.skip_if_empty {
            definition.add("skip_if_empty", reason);
        }
        Some(Recipe {
            origin: Origin::Job(Box::new(ResolvedJob {
                job: Arc::clone(job),
                query,
            })),
            checks,
            inputs,
            history,
            definition,
        })
    }

    pub(super) async fn reference_checks(&mut self) -> BTreeMap<TableName, Vec<ResolvedCheck>> {
        let none = BTreeMap::new();
        let values = parameters(&[], None);
        let mut made = BTreeMap::new();
        for table in &self.project.references {
            let name = &table.name.value;
            let (checks, _) = self.checks(name, &table.checks, &none, &values).await;
            made.insert(name.clone(), checks);
        }
        made
    }

    /// Parses and plans a table's checks; the tables that they read beside it.
    async fn checks(
        &mut self,
        table: &TableName,
        checks: &[Check],
        history: &BTreeMap<TableName, History>,
        parameters: &BTreeMap<String, String>,
    ) -> (Vec<ResolvedCheck>, BTreeSet<TableName>) {
        let mut made = Vec::with_capacity(checks.len());
        let mut inputs = BTreeSet::new();
        for check in checks {
            match sql::parse(&check.query) {
                Ok(query) => {
                    let scope = Scope {
                        history,
                        parameters,
                        bare: None,
                    };
                    let plan = self.plan(&check.query, &query, &scope).await;
                    let of_each_row = query.tables().all(|(read, _)| read == table)
                        && plan.is_some_and(|plan| inline::condition(&plan).is_some());
                    inputs.extend(
                        query
                            .tables()
                            .map(|(t, _)| t.clone())
                            .filter(|t| t != table),
                    );
                    made.push(ResolvedCheck {
                        name: check.name.value.clone(),
                        severity: check.severity,
                        query,
                        of_each_row,
                    });
                }
                Err(diagnostic) => self.diagnostics.push(*diagnostic),
            }
        }
        (made, inputs)
    }

    /// A query's plan, or nothing and a diagnostic.
    pub(super) async fn plan(
        &mut self,
        sql: &Sql,
        query: &ReadOnly,
        scope: &Scope<'_>,
    ) -> Option<LogicalPlan> {
        let mut tables = Tables::default();
        let mut known = true;
        for (reference, span) in &query.references {
            known &= self.add_table(&mut tables, reference, *span, scope);
        }
        for (name, span) in query.placeholders(sql) {
            if !scope.parameters.contains_key(&name) {
                known = false;
                let near = did_you_mean(&name, scope.parameters.keys().map(String::as_str));
                self.diagnostics.push(
                    Diagnostic::error("unknown-parameter", format!("no parameter `${name}`"))
                        .at(span, "not declared")
                        .help(near.unwrap_or_else(|| {
                            "declare it under `parameters:` with its type and value".to_owned()
                        })),
                );
            }
        }
        if !known {
            return None;
        }
        let sound = query
            .tables()
            .all(|(table, _)| self.project.is_complete(table));
        match self.analyzed(query, scope.parameters, &tables).await {
            Ok(plan) => Some(plan),
            // With mistakes in an input's own contract, this one may follow.
            Err(_) if !sound => None,
            Err(error) => {
                self.diagnostics
                    .push(diagnose::from_datafusion(&error, sql));
                None
            }
        }
    }

    async fn analyzed(
        &self,
        query: &ReadOnly,
        parameters: &BTreeMap<String, String>,
        tables: &Tables,
    ) -> Result<LogicalPlan, DataFusionError> {
        let (state, plan) = self.session.plan(query.bind(parameters)?, tables).await?;
        state
            .analyzer()
            .execute_and_check(plan, state.config_options(), |_, _| {})
    }

    fn add_table(
        &mut self,
        tables: &mut Tables,
        reference: &Reference,
        span: Span,
        scope: &Scope<'_>,
    ) -> bool {
        match reference {
            Reference::Table(name) => {
                if let Some(table) = self.project.table(name) {
                    let contract = schema::of_contract(table.contract());
                    let schema = if scope.history.contains_key(name) {
                        LakeTable::dated_schema(&contract)
                    } else {
                        contract
                    };
                    tables.insert(name.clone(), empty(schema));
                    return true;
                }
                self.unknown_table(&name.to_string(), span);
            }
            Reference::Bare(name) => {
                if let Some((bare, schema)) = &scope.bare
                    && bare == name
                {
                    tables.insert_bare(name, empty(Arc::clone(schema)));
                    return true;
                }
                self.unknown_table(name, span);
            }
        }
        false
    }

    fn unknown_table(&mut self, name: &str, span: Span) {
        // What could not be read may well hold it.
        if name.parse().is_ok_and(|name| self.project.may_have(&name)) {
            return;
        }
        let names: Vec<String> = self
            .project
            .tables()
            .map(|table| table.name().value.to_string())
            .collect();
        let near = names
            .iter()
            .find(|known| known.rsplit('.').next() == Some(name));
        let near = near.map(|near| format!("did you mean `{near}`?"));
        let help = near.or_else(|| did_you_mean(name, names.iter().map(String::as_str)));
        self.diagnostics.push(
            Diagnostic::error("unknown-table", format!("no table `{name}`"))
                .at(span, "not known here")
                .help(help.unwrap_or_else(|| {
                    "tables are named `stage.table`; `hubcensus tables` lists them".to_owned()
                })),
        );
    }

    fn patterns(&mut self, contract: &Contract) {
        let checks = contract.columns.iter().flat_map(|column| &column.checks);
        for check in checks {
            if let ColumnRule::Matches(pattern) = &check.rule
                && let Err(error) = regex::Regex::new(pattern)
            {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim();
                self.diagnostics.push(
                    Diagnostic::error(
                        "bad-pattern",
                        format!("`{pattern}` is no regular expression"),
                    )
                    .at(check.span, reason.trim_start_matches("error: ")),
                );
            }
        }
    }

    pub(super) fn conditions(&mut self, rules: &[RejectRule], schema: &SchemaRef) {
        let Ok(schema) = DFSchema::try_from(Arc::clone(schema)) else {
            return;
        };
        for rule in rules {
            if let Err(error) = condition(self.session, &rule.condition, &schema) {
                self.diagnostics
                    .push(diagnose::from_datafusion(&error, &rule.condition));
            }
        }
    }

    pub(super) fn order(&mut self) -> Vec<TableName> {
        match self.graph.order() {
            Ok(order) => order,
            Err(cycle) => {
                let path: Vec<String> = cycle
                    .iter()
                    .chain(cycle.first())
                    .map(|name| format!("`{name}`"))
                    .collect();
                let span = cycle
                    .first()
                    .and_then(|name| self.project.jobs.iter().find(|job| job.name.value == *name))
                    .map(|job| job.name.span);
                let diagnostic = Diagnostic::error(
                    "cycle",
                    format!("tables are made from each other: {}", path.join(" reads ")),
                );
                let diagnostic = match span {
                    Some(span) => diagnostic.at(span, "part of the cycle"),
                    None => diagnostic,
                };
                self.diagnostics.push(
                    diagnostic.help("break it: let one of them read another table, or an earlier snapshot with `history`"),
                );
                Vec::new()
            }
        }
    }
}

fn empty(schema: SchemaRef) -> Arc<dyn TableProvider> {
    Arc::new(EmptyTable::new(schema))
}

/// The tables that a contract's columns refer to.
fn referenced(contract: &Contract) -> impl Iterator<Item = TableName> + '_ {
    contract
        .columns
        .iter()
        .flat_map(|column| &column.checks)
        .filter_map(|check| match &check.rule {
            ColumnRule::References { table, .. } => Some(table.clone()),
            _ => None,
        })
}

fn canonical_checks(checks: &[Check], made: &[ResolvedCheck]) -> String {
    fingerprint::checks(checks.iter().filter_map(|check| {
        made.iter()
            .find(|made| made.name == check.name.value)
            .map(|made| (check, made.query.canonical()))
    }))
}

pub(super) fn describe_rejects(rules: &[RejectRule]) -> String {
    rules
        .iter()
        .map(|rule| format!("{}: {}\n", rule.reason.as_str(), rule.condition.text))
        .collect()
}
