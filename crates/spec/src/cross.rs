//! What files say of each other: names that are there twice, names that nobody has.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::check::{DUPLICATE_KEY, RejectRule};
use crate::contract::{ColumnRule, RESERVED_COLUMNS};
use crate::diagnostic::{Diagnostic, Span, Spanned, did_you_mean, enumerate};
use crate::history::WINDOW_DAYS;
use crate::name::{TableName, closest_table};
use crate::project::{INGEST, Project, TableRef};
use crate::read::Cx;
use crate::reject_limit::{READER_REASONS, missing_reason};
use crate::scalar::check_cell;
use crate::source::like;
use crate::test_case::{Row, Test};
use crate::types::ColumnType;

/// A table as far as others refer to it.
#[derive(Clone)]
struct Known {
    span: Span,
    columns: Vec<(String, ColumnType)>,
    /// Whether a column that is not there is a mistake.
    complete: bool,
}

/// What others can refer to.
struct Names {
    tables: BTreeMap<TableName, Known>,
    unreadable_stages: std::collections::BTreeSet<String>,
}

/// Reports what is wrong between definitions, and makes the cells of tests fit their columns.
pub(crate) fn check(project: &mut Project, cx: &mut Cx<'_>) {
    like::resolve(project, cx);
    let names = names(project, cx);
    sources(project, cx);
    reject_limits(project, cx);
    for table in project.tables() {
        let name = table.name();
        for column in &table.contract().columns {
            for check in &column.checks {
                if let ColumnRule::References {
                    table: other,
                    column: target,
                } = &check.rule
                {
                    cx.variant = variant(project, &name.value);
                    names.column(other, target, check.span, Some(column.data_type), cx);
                }
            }
        }
    }
    for (index, job) in project.jobs.iter().enumerate() {
        cx.variant = job.family.is_some().then_some(index);
        let historic = job.history.iter().map(|(table, _)| table);
        for table in historic.chain(&job.optional) {
            names.table(table, table.span, cx);
        }
        for (table, history) in &job.history {
            let known = names.tables.get(&table.value);
            let has = known.is_some_and(|known| known.columns.iter().any(|c| c.0 == WINDOW_DAYS));
            if history.windows().is_empty() {
                continue;
            }
            if table.value == job.name.value {
                let message = format!("`{table}` cannot read windows of itself");
                cx.report(
                    Diagnostic::error("cycle", message)
                        .at(table.span, "not made when its snapshots are compared")
                        .help("of its own past a table reads `previous`, `all` or `{last: 2}`"),
                );
            } else if has {
                let message = format!("`{table}` has a column `{WINDOW_DAYS}` of its own");
                cx.report(
                    Diagnostic::error("reserved-name", message)
                        .at(table.span, "no windows of this table")
                        .help(format!(
                            "`{WINDOW_DAYS}` tells the snapshots of `days` apart"
                        )),
                );
            }
        }
        for need in &job.needs {
            for column in &need.either {
                names.column(&column.0, &column.1, column.span, None, cx);
            }
            if let Some(because) = &need.because {
                let text = Some(ColumnType::Utf8);
                names.column(&because.0, &because.1, because.span, text, cx);
            }
        }
        for (column, name) in job.charts.iter().flat_map(|chart| &chart.names) {
            let text = Some(ColumnType::Utf8);
            names.column(&name.0, &name.1, name.span, text, cx);
            chart_names(project, job, column, name, cx);
        }
    }
    cx.variant = None;
    tests(project, &names, cx);
}

/// The place of a job of a family among the jobs: its mistakes are those of the whole family.
fn variant(project: &Project, name: &TableName) -> Option<usize> {
    project
        .jobs
        .iter()
        .position(|job| job.family.is_some() && job.name.value == *name)
}

/// Reports names that are not those of a reference table by its key, which has to be of the type of
/// what is named.
fn chart_names(
    project: &Project,
    job: &crate::job::Job,
    column: &Spanned<String>,
    name: &Spanned<(TableName, String)>,
    cx: &mut Cx<'_>,
) {
    let (table, _) = &name.value;
    let Some(found) = project.table(table) else {
        return;
    };
    let contract = found.contract();
    let named = job.contract.column(column).map(|column| column.data_type);
    let key = match contract.key.as_slice() {
        [key] => contract.column(key).map(|key| key.data_type),
        _ => None,
    };
    let is_reference = matches!(found, TableRef::Reference(_));
    if project.is_complete(table) && (!is_reference || key.is_none() || key != named) {
        cx.report(
            Diagnostic::error(
                "bad-chart",
                format!("`{table}` has no names for `{column}`"),
            )
            .at(name.span, "expected a column of a reference table")
            .help(format!(
                "its key must be one column, with the values of `{column}`"
            )),
        );
    }
}

fn names(project: &Project, cx: &mut Cx<'_>) -> Names {
    let mut tables: BTreeMap<TableName, Known> = BTreeMap::new();
    for table in project.tables() {
        let name = table.name();
        if let Some(first) = tables.get(&name.value) {
            // Jobs of one matrix: that its name lacks an axis has been said.
            if first.span != name.span {
                cx.report(
                    Diagnostic::error("duplicate-table", format!("table `{name}` is there twice"))
                        .at(name.span, "and again")
                        .related(first.span, "once"),
                );
            }
            continue;
        }
        let columns = table.contract().columns.iter();
        tables.insert(
            name.value.clone(),
            Known {
                span: name.span,
                columns: columns
                    .map(|column| (column.name.value.clone(), column.data_type))
                    .collect(),
                complete: project.is_complete(name),
            },
        );
    }
    Names {
        tables,
        unreadable_stages: project.unreadable_stages.clone(),
    }
}

fn sources(project: &Project, cx: &mut Cx<'_>) {
    let mut first: BTreeMap<(&str, &TableName), Span> = BTreeMap::new();
    for source in project
        .sources
        .iter()
        .filter(|source| source.like.is_none())
    {
        let (name, table) = (&source.name, &source.table);
        let entry = (name.as_str(), &table.value);
        if let Some(first) = first.get(&entry) {
            cx.report(
                Diagnostic::error(
                    "duplicate-source",
                    format!(
                        "source `{name}` is there twice for the table `{}`",
                        table.table()
                    ),
                )
                .at(name.span, "and again")
                .related(*first, "once"),
            );
        } else {
            first.insert(entry, name.span);
        }
        let tables = || project.ingest_tables.iter().map(|table| table.name.table());
        if tables().all(|known| known != table.table())
            && !project.unreadable_stages.contains(INGEST)
        {
            let help = did_you_mean(table.table(), tables())
                .unwrap_or_else(|| format!("the ingest tables are {}", enumerate(tables())));
            cx.report(
                Diagnostic::error(
                    "unknown-table",
                    format!("there is no ingest table `{}`", table.table()),
                )
                .at(table.span, "unknown table")
                .help(help),
            );
        }
    }
}

/// That limits are for reasons that there are.
fn reject_limits(project: &Project, cx: &mut Cx<'_>) {
    for table in &project.ingest_tables {
        let mut known: Vec<String> = READER_REASONS.map(str::to_owned).to_vec();
        known.push(DUPLICATE_KEY.to_owned());
        let columns = table.contract.columns.iter();
        known.extend(
            columns
                .filter(|column| !column.nullable)
                .map(|column| missing_reason(&column.name)),
        );
        let reasons = |rules: &[RejectRule]| -> Vec<String> {
            rules.iter().map(|rule| rule.reason.value.clone()).collect()
        };
        known.extend(reasons(&table.rejects));
        let sources = || {
            let all = project.sources.iter();
            all.filter(|source| source.like.is_none() && source.table.value == table.name.value)
        };
        let of_sources = sources().flat_map(|source| reasons(&source.rejects));
        let all: Vec<String> = known.iter().cloned().chain(of_sources).collect();
        table.reject_limit.check(&all, cx);
        for source in sources() {
            let known = [known.clone(), reasons(&source.rejects)].concat();
            source.reject_limit.check(&known, cx);
        }
    }
}

fn tests(project: &mut Project, names: &Names, cx: &mut Cx<'_>) {
    for source in &mut project.sources {
        let source = Arc::make_mut(source);
        let raw = Known {
            span: source.name.span,
            columns: source
                .columns
                .iter()
                .map(|column| (column.name.value.clone(), column.data_type.column_type()))
                .collect(),
            complete: source.complete,
        };
        let made = names.tables.get(&source.table.value);
        for test in &mut source.tests {
            if test.given.iter().all(|(table, _)| table.value != "source") {
                cx.report(
                    Diagnostic::error(
                        "missing-key",
                        format!("test `{}` gives no `source`", test.name),
                    )
                    .at(test.name.span, "`given` lacks `source`"),
                );
            }
            let made = made.map(|made| (source.table.value.to_string(), made));
            check_test(test, Some(&raw), made, &[], names, cx);
        }
    }
    for (index, job) in project.jobs.iter_mut().enumerate() {
        let job = Arc::make_mut(job);
        cx.variant = job.family.is_some().then_some(index);
        let history: Vec<(TableName, bool)> = job
            .history
            .iter()
            .map(|(table, history)| (table.value.clone(), !history.windows().is_empty()))
            .collect();
        let made = names.tables.get(&job.name.value);
        for test in &mut job.tests {
            let made = made.map(|made| (job.name.value.to_string(), made));
            check_test(test, None, made, &history, names, cx);
        }
    }
    cx.variant = None;
}

fn check_test(
    test: &mut Test,
    raw: Option<&Known>,
    made: Option<(String, &Known)>,
    history: &[(TableName, bool)],
    names: &Names,
    cx: &mut Cx<'_>,
) {
    for (table, rows) in &mut test.given {
        let known = match (raw, table.as_str()) {
            (Some(raw), "source") => Some(raw.clone()),
            _ => names.given(table, history, cx),
        };
        if let Some(known) = known {
            check_rows(rows, table, &known, cx);
        }
    }
    if let Some((table, made)) = made {
        check_rows(&mut test.expect, &table, made, cx);
    }
}

fn check_rows(rows: &mut [Row], table: &str, known: &Known, cx: &mut Cx<'_>) {
    let mut reported: Vec<String> = Vec::new();
    for (column, cell) in rows.iter_mut().flat_map(|row| &mut row.cells) {
        let data_type = known
            .columns
            .iter()
            .find(|(name, _)| *name == column.value)
            .map(|(_, data_type)| *data_type);
        match data_type {
            Some(data_type) => check_cell(cell, column, data_type, cx),
            // The same slip in every row is said once.
            None if known.complete && !reported.contains(&column.value) => {
                reported.push(column.value.clone());
                unknown_column(column, column.span, table, known, cx);
            }
            None => {}
        }
    }
}

fn unknown_column(column: &str, span: Span, table: &str, known: &Known, cx: &mut Cx<'_>) {
    let columns = || known.columns.iter().map(|(name, _)| name.as_str());
    cx.report(
        Diagnostic::error(
            "unknown-column",
            format!("`{table}` has no column `{column}`"),
        )
        .at(span, "unknown column")
        .help(
            did_you_mean(column, columns())
                .unwrap_or_else(|| format!("its columns are {}", enumerate(columns()))),
        ),
    );
}

impl Names {
    /// The table, or a report that there is none.
    fn table(&self, name: &TableName, span: Span, cx: &mut Cx<'_>) -> Option<&Known> {
        let known = self.tables.get(name);
        if known.is_none() && !self.unreadable_stages.contains(name.stage()) {
            let same_stage = || {
                let in_stage = self
                    .tables
                    .keys()
                    .filter(|table| table.stage() == name.stage());
                let listed: Vec<&str> = in_stage.map(TableName::table).collect();
                (!listed.is_empty())
                    .then(|| format!("the tables of `{}` are {}", name.stage(), enumerate(listed)))
            };
            cx.report(
                Diagnostic::error("unknown-table", format!("there is no table `{name}`"))
                    .at(span, "unknown table")
                    .maybe_help(
                        closest_table(name, self.tables.keys())
                            .map(|near| format!("did you mean `{near}`?"))
                            .or_else(same_stage),
                    ),
            );
        }
        known
    }

    /// Reports a column that is not there, or is of another type than the one that refers to it.
    fn column(
        &self,
        table: &TableName,
        column: &str,
        span: Span,
        data_type: Option<ColumnType>,
        cx: &mut Cx<'_>,
    ) {
        let Some(known) = self.table(table, span, cx) else {
            return;
        };
        match known.columns.iter().find(|(name, _)| name == column) {
            None if known.complete => unknown_column(column, span, &table.to_string(), known, cx),
            Some((_, other)) if data_type.is_some_and(|data_type| data_type != *other) => {
                let data_type = data_type.unwrap_or(*other);
                cx.report(
                    Diagnostic::error(
                        "bad-check",
                        format!("`{table}.{column}` is {other}, this column is {data_type}"),
                    )
                    .at(span, "expected a column of the same type"),
                );
            }
            _ => {}
        }
    }

    /// The table that a test gives; with its snapshot dates, if the job reads its history, and
    /// its windows, if it reads any.
    fn given(
        &self,
        table: &Spanned<String>,
        history: &[(TableName, bool)],
        cx: &mut Cx<'_>,
    ) -> Option<Known> {
        let name = match table.parse::<TableName>() {
            Ok(name) => name,
            Err(_) => {
                let tables: Vec<String> = self.tables.keys().map(ToString::to_string).collect();
                cx.report(
                    Diagnostic::error("unknown-table", format!("there is no table `{table}`"))
                        .at(table.span, "expected `stage.table`")
                        .maybe_help(did_you_mean(table, tables.iter().map(String::as_str))),
                );
                return None;
            }
        };
        let mut known = self.table(&name, table.span, cx)?.clone();
        if let Some((_, in_windows)) = history.iter().find(|(table, _)| *table == name) {
            let [snapshot_date, _] = RESERVED_COLUMNS;
            known
                .columns
                .push((snapshot_date.to_owned(), ColumnType::Date32));
            if *in_windows {
                let window = (WINDOW_DAYS.to_owned(), ColumnType::Int64);
                known.columns.push(window);
            }
        }
        Some(known)
    }
}
