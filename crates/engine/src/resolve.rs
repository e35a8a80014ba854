//! Second phase: every query parsed, planned against the contracts of the
//! tables that it reads, and compared with the contract of the table that it
//! makes. No data is read but the reference tables'.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::datasource::empty::EmptyTable;
use hubcensus_spec::{
    Check, ColumnRule, Contract, Diagnostic, History, IngestTable, Job, Project, RejectRule,
    Severity, Source, Span, Sql, TableName, TableRef, closest, did_you_mean,
};

use crate::fingerprint::{self, Prints};
use crate::graph::Graph;
use crate::provider::LakeTable;
use crate::reference::ReferenceData;
use crate::schema;
use crate::session::{Session, Tables};
use crate::sql::{self, ReadOnly, Reference, SOURCE};
use crate::source_schema;

/// The parameter that every query has: the date of the snapshot.
pub(crate) const DATE_PARAMETER: &str = "snapshot_date";

/// A project whose every query is known to plan and to fill its contract.
#[derive(Debug)]
pub struct Resolved {
    /// What was written.
    pub project: Project,
    /// What it was resolved under: the directory that file names are relative to.
    pub root: PathBuf,
    /// What is odd but no mistake.
    pub warnings: Vec<Diagnostic>,
    pub(crate) session: Session,
    pub(crate) references: BTreeMap<TableName, ReferenceData>,
    pub(crate) reference_checks: BTreeMap<TableName, Vec<MadeCheck>>,
    pub(crate) made: BTreeMap<TableName, Made>,
    pub(crate) sources: BTreeMap<String, MadeFrom>,
    pub(crate) graph: Graph,
    pub(crate) order: Vec<TableName>,
}

impl Resolved {
    /// The contract of a table of any kind.
    pub(crate) fn contract(&self, name: &TableName) -> Option<&Contract> {
        self.project.table(name).map(TableRef::contract)
    }
}

/// A table that the pipeline makes.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) kind: Kind,
    pub(crate) checks: Vec<MadeCheck>,
    /// The tables that its query and its checks read.
    pub(crate) inputs: BTreeSet<TableName>,
    pub(crate) history: BTreeMap<TableName, History>,
    pub(crate) definition: Prints,
}

/// How a table is made, with its place in the project's lists.
#[derive(Debug)]
pub(crate) enum Kind {
    /// From a source's file: `project.ingest_tables[_]`.
    Ingest(usize),
    /// From other tables: `project.jobs[_]`.
    Job(usize, Box<ReadOnly>),
}

/// A check whose query plans.
#[derive(Debug)]
pub(crate) struct MadeCheck {
    pub(crate) name: String,
    pub(crate) severity: Severity,
    pub(crate) query: ReadOnly,
}

/// A source: how the rows of a file become rows of an ingest table.
#[derive(Debug)]
pub(crate) struct MadeFrom {
    pub(crate) index: usize,
    pub(crate) query: ReadOnly,
    pub(crate) references: BTreeSet<TableName>,
    pub(crate) definition: Prints,
}

/// Checks a project as a whole.
///
/// # Errors
///
/// Every mistake found, in the order of files and places.
pub(crate) async fn resolve(
    project: Project,
    root: PathBuf,
    references: BTreeMap<TableName, ReferenceData>,
    cores: usize,
) -> Result<Resolved, Vec<Diagnostic>> {
    let session = Session::new(cores).map_err(|e| {
        vec![Diagnostic::error("engine", format!("cannot set up the query engine: {e}"))]
    })?;
    let mut resolver = Resolver {
        project: &project,
        session: &session,
        diagnostics: Vec::new(),
        graph: Graph::default(),
    };
    let made = resolver.made().await;
    let sources = resolver.sources().await;
    let reference_checks = resolver.reference_checks().await;
    let order = resolver.order();
    let Resolver { mut diagnostics, graph, .. } = resolver;
    hubcensus_spec::tidy(&mut diagnostics);
    // The jobs of a matrix share their places: one of them tells it for all.
    diagnostics.dedup_by(|a, b| a.span.is_some() && (a.code, a.span) == (b.code, b.span));
    let (errors, warnings): (Vec<_>, Vec<_>) =
        diagnostics.into_iter().partition(|d| d.severity == Severity::Error);
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Resolved {
        project,
        root,
        warnings,
        session,
        references,
        reference_checks,
        made,
        sources,
        graph,
        order,
    })
}

struct Resolver<'a> {
    project: &'a Project,
    session: &'a Session,
    diagnostics: Vec<Diagnostic>,
    graph: Graph,
}

/// What a query may use beside the tables that it names.
struct Scope<'a> {
    history: &'a BTreeMap<TableName, History>,
    parameters: &'a BTreeMap<String, String>,
    bare: Option<(&'a str, SchemaRef)>,
}

impl Resolver<'_> {
    async fn made(&mut self) -> BTreeMap<TableName, Made> {
        let mut made = BTreeMap::new();
        for (index, table) in self.project.ingest_tables.iter().enumerate() {
            let name = table.name.value.clone();
            made.insert(name.clone(), self.ingest_table(index, table).await);
            self.graph.insert(name, BTreeSet::new());
        }
        for (index, job) in self.project.jobs.iter().enumerate() {
            if let Some(job_made) = self.job(index, job).await {
                self.graph.insert(job.name.value.clone(), job_made.inputs.clone());
                made.insert(job.name.value.clone(), job_made);
            }
        }
        made
    }

    async fn ingest_table(&mut self, index: usize, table: &IngestTable) -> Made {
        let none = BTreeMap::new();
        let parameters = parameters(&[], None);
        let schema = schema::of_contract(&table.contract);
        self.conditions(&table.rejects, &schema);
        self.patterns(&table.contract);
        let (checks, mut inputs) = self
            .checks(&table.name.value, &table.checks, &none, &parameters)
            .await;
        inputs.extend(referenced(&table.contract));
        let rejects = describe_rejects(&table.rejects);
        let definition = fingerprint::definition(
            &rejects,
            &table.contract,
            &BTreeMap::new(),
            &canonical_checks(&table.checks, &checks),
        );
        Made { kind: Kind::Ingest(index), checks, inputs, history: none, definition }
    }

    async fn job(&mut self, index: usize, job: &Job) -> Option<Made> {
        // A query that is missing was told of already.
        if job.query.text.trim().is_empty() {
            return None;
        }
        let history: BTreeMap<TableName, History> =
            job.history.iter().map(|(name, how)| (name.value.clone(), *how)).collect();
        let values = parameters(&job.parameters, None);
        let scope = Scope { history: &history, parameters: &values, bare: None };
        let query = match sql::parse(&job.query) {
            Ok(query) => query,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return None;
            }
        };
        if let Some(found) = self.plan(&job.query, &query, &scope).await
            && self.project.is_complete(&job.name.value)
        {
            self.compare(&job.name.value, &job.contract, &found, &job.query, &query);
        }
        let mut inputs: BTreeSet<TableName> = query.tables().map(|(t, _)| t.clone()).collect();
        for name in history.keys().filter(|name| !inputs.contains(*name)) {
            let span = job.history.iter().find(|(n, _)| n.value == *name).map(|(n, _)| n.span);
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
        inputs.extend(job.needs.iter().map(|need| need.value.0.clone()));
        inputs.remove(&job.name.value);
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
        );
        if !history.is_empty() {
            definition.add("history", &format!("{history:?}"));
        }
        if !job.needs.is_empty() {
            let needs: Vec<String> =
                job.needs.iter().map(|n| format!("{}.{}", n.value.0, n.value.1)).collect();
            definition.add("needs", &needs.join(","));
        }
        Some(Made { kind: Kind::Job(index, Box::new(query)), checks, inputs, history, definition })
    }

    async fn sources(&mut self) -> BTreeMap<String, MadeFrom> {
        let mut sources = BTreeMap::new();
        for (index, source) in self.project.sources.iter().enumerate() {
            if let Some(made) = self.source(index, source).await {
                sources.insert(source.name.value.clone(), made);
            }
        }
        sources
    }

    async fn source(&mut self, index: usize, source: &Source) -> Option<MadeFrom> {
        let table = self
            .project
            .ingest_tables
            .iter()
            .find(|table| table.name.value == source.table.value)?;
        if source.query.text.trim().is_empty() {
            return None;
        }
        let raw = source_schema::of_source(source);
        self.conditions(&source.rejects, &raw);
        let query = match sql::parse(&source.query) {
            Ok(query) => query,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return None;
            }
        };
        let none = BTreeMap::new();
        let values = parameters(&[], None);
        let scope = Scope {
            history: &none,
            parameters: &values,
            bare: Some((SOURCE, source_schema::with_row(&raw))),
        };
        for (name, span) in query.tables().filter(|(name, _)| name.stage() != "reference") {
            self.diagnostics.push(
                Diagnostic::error(
                    "source-reads-table",
                    format!("a source's query may read `source` and reference tables, not `{name}`"),
                )
                .at(span, "not known while the file is read"),
            );
        }
        let planned = self.plan(&source.query, &query, &scope).await;
        if let Some(found) = planned
            && self.project.is_complete(&source.table.value)
        {
            self.compare(&source.table.value, &table.contract, &found, &source.query, &query);
        }
        let canonical = query.canonical();
        let references = query.tables().map(|(t, _)| t.clone()).collect();
        let Some(query) = query.with_row_column() else {
            self.diagnostics.push(
                Diagnostic::error(
                    "source-query-shape",
                    "the query of a source must be one SELECT straight from `source`".to_owned(),
                )
                .at(source.query.span_all(), "its rows could not be traced to the file's")
                .help("write `SELECT … FROM source`, with joins to reference tables after it"),
            );
            return None;
        };
        let columns: Vec<String> = source
            .columns
            .iter()
            .map(|c| format!("{} {:?} {}", c.name.as_str(), c.path, c.data_type))
            .collect();
        let mut definition = Prints::default();
        definition.add("query", &canonical);
        definition.add(
            "source",
            &format!(
                "{} {:?} {:?}\n{}\n{}",
                source.name.as_str(),
                source.format,
                source.rows,
                columns.join("\n"),
                describe_rejects(&source.rejects)
            ),
        );
        Some(MadeFrom { index, query, references, definition })
    }

    async fn reference_checks(&mut self) -> BTreeMap<TableName, Vec<MadeCheck>> {
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
    ) -> (Vec<MadeCheck>, BTreeSet<TableName>) {
        let mut made = Vec::with_capacity(checks.len());
        let mut inputs = BTreeSet::new();
        for check in checks {
            match sql::parse(&check.query) {
                Ok(query) => {
                    let scope = Scope { history, parameters, bare: None };
                    self.plan(&check.query, &query, &scope).await;
                    inputs.extend(query.tables().map(|(t, _)| t.clone()).filter(|t| t != table));
                    made.push(MadeCheck {
                        name: check.name.value.clone(),
                        severity: check.severity,
                        query,
                    });
                }
                Err(diagnostic) => self.diagnostics.push(diagnostic),
            }
        }
        (made, inputs)
    }

    /// The columns that a query gives, or nothing and a diagnostic.
    async fn plan(&mut self, sql: &Sql, query: &ReadOnly, scope: &Scope<'_>) -> Option<DFSchema> {
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
        let sound = query.tables().all(|(table, _)| self.project.is_complete(table));
        match self.types(query, scope.parameters, &tables).await {
            Ok(schema) => Some(schema),
            // With mistakes in an input's own contract, this one may follow.
            Err(_) if !sound => None,
            Err(error) => {
                self.diagnostics.push(crate::diagnose::from_datafusion(&error, sql));
                None
            }
        }
    }

    async fn types(
        &self,
        query: &ReadOnly,
        parameters: &BTreeMap<String, String>,
        tables: &Tables,
    ) -> Result<DFSchema, DataFusionError> {
        let (state, plan) = self.session.plan(query.bind(parameters)?, tables).await?;
        let plan = state
            .analyzer()
            .execute_and_check(plan, state.config_options(), |_, _| {})?;
        Ok(plan.schema().as_ref().clone())
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
        let names: Vec<String> =
            self.project.tables().map(|table| table.name().value.to_string()).collect();
        let near = names.iter().find(|known| known.rsplit('.').next() == Some(name));
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
                    Diagnostic::error("bad-pattern", format!("`{pattern}` is no regular expression"))
                        .at(check.span, reason.trim_start_matches("error: ")),
                );
            }
        }
    }

    fn conditions(&mut self, rules: &[RejectRule], schema: &SchemaRef) {
        let Ok(schema) = DFSchema::try_from(Arc::clone(schema)) else {
            return;
        };
        for rule in rules {
            if let Err(error) = condition(self.session, &rule.condition, &schema) {
                self.diagnostics
                    .push(crate::diagnose::from_datafusion(&error, &rule.condition));
            }
        }
    }

    fn compare(
        &mut self,
        table: &TableName,
        contract: &Contract,
        found: &DFSchema,
        sql: &Sql,
        query: &ReadOnly,
    ) {
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
                    .at(sql.span_all(), format!("no column `{name}` comes out of this query"));
                    if let Some(near) = near.filter(|near| contract.column(near).is_none()) {
                        diagnostic = diagnostic.help(format!("it gives `{near}`; write `{near} AS {name}`"));
                    }
                    self.diagnostics.push(diagnostic);
                }
                Some(field) if !schema::fits(field.data_type(), &wanted) => {
                    let span = query.item_span(sql, name).unwrap_or_else(|| sql.span_all());
                    self.diagnostics.push(
                        Diagnostic::error(
                            "wrong-type",
                            format!(
                                "column `{name}` of `{table}` is {} by its contract, but the query gives {}",
                                column.data_type,
                                plain(field.data_type())
                            ),
                        )
                        .at(span, format!("this is {}", plain(field.data_type())))
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
                self.diagnostics.push(
                    diagnostic.maybe_help(near).help(format!("declare `{name}` under `columns:`, or leave it out of the query")),
                );
            }
        }
    }

    fn order(&mut self) -> Vec<TableName> {
        match self.graph.order() {
            Ok(order) => order,
            Err(cycle) => {
                let path: Vec<String> =
                    cycle.iter().chain(cycle.first()).map(|name| format!("`{name}`")).collect();
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

/// A rejection rule as an expression over the columns of `schema`.
pub(crate) fn condition(
    session: &Session,
    sql: &Sql,
    schema: &DFSchema,
) -> Result<datafusion::logical_expr::Expr, DataFusionError> {
    let state = session.seeing(&Tables::default())?;
    let expression = state.create_logical_expr(&sql.text, schema)?;
    use datafusion::logical_expr::ExprSchemable as _;
    match expression.get_type(schema)? {
        DataType::Boolean | DataType::Null => Ok(expression),
        other => Err(DataFusionError::Plan(format!(
            "a condition must be true or false, this is {}",
            plain(&other)
        ))),
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

fn canonical_checks(checks: &[Check], made: &[MadeCheck]) -> String {
    fingerprint::checks(checks.iter().filter_map(|check| {
        made.iter()
            .find(|made| made.name == check.name.value)
            .map(|made| (check, made.query.canonical()))
    }))
}

fn describe_rejects(rules: &[RejectRule]) -> String {
    rules
        .iter()
        .map(|rule| format!("{}: {}\n", rule.reason.as_str(), rule.condition.text))
        .collect()
}

/// The values of a job's parameters as typed SQL, the snapshot's date included.
pub(crate) fn parameters(
    declared: &[hubcensus_spec::Parameter],
    date: Option<hubcensus_spec::SnapshotDate>,
) -> BTreeMap<String, String> {
    let mut values: BTreeMap<String, String> = declared
        .iter()
        .map(|parameter| (parameter.name.value.clone(), fingerprint::literal(&parameter.value)))
        .collect();
    let date = date.map_or_else(|| "2000-01-01".to_owned(), |date| date.to_string());
    values.insert(DATE_PARAMETER.to_owned(), format!("CAST('{date}' AS DATE)"));
    values
}

/// A type in the words of a contract.
pub(crate) fn plain(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "utf8".into(),
        DataType::Int64 => "int64".into(),
        DataType::Float64 => "float64".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Date32 => "date32".into(),
        DataType::Timestamp(_, _) => "timestamp".into(),
        DataType::List(field) => format!("list<{}>", plain(field.data_type())),
        other => other.to_string().to_lowercase(),
    }
}
