//! Jobs: their queries planned and compared with their contracts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hubcensus_spec::{Diagnostic, History, Job, TableName};

use crate::query::parameters::{DATE_PARAMETER, parameters};
use crate::query::sql::{self, ReadOnly};
use crate::resolve::checked::{Checked, news};
use crate::resolve::compare::compare;
use crate::resolve::context::{Context, Scope};
use crate::resolve::fingerprint::{self, FingerprintParts};
use crate::resolve::resolved::{Origin, Recipe, ResolvedJob};
use crate::resolve::rules::{Checks, patterns, referenced};

impl Context<'_> {
    /// How a job's table is made, if its query can be parsed.
    pub(super) async fn job(&self, job: &Arc<Job>) -> Checked<Option<Recipe>> {
        let mut diagnostics = Vec::new();
        // A query that is missing was told of already.
        if job.query.text.trim().is_empty() {
            return Checked::new(None, diagnostics);
        }
        let history: BTreeMap<TableName, History> = job
            .history
            .iter()
            .map(|(name, how)| (name.value.clone(), how.clone()))
            .collect();
        let values = parameters(&job.parameters, None);
        let query = match sql::parse(&job.query) {
            Ok(query) => query,
            Err(diagnostic) => return Checked::new(None, vec![*diagnostic]),
        };
        let scope = Scope {
            history: &history,
            parameters: &values,
            bare: None,
        };
        let planned = self.plan(&job.query, &query, &scope).await;
        if let Some(planned) = planned.take(&mut diagnostics)
            && self.project.is_complete(&job.name.value)
        {
            let compared = compare(
                &job.name.value,
                &job.contract,
                &planned.settled_schema(),
                &job.query,
                &query,
            );
            news(&mut diagnostics, compared);
        }
        diagnostics.extend(of_history(job, &query, &history));
        diagnostics.extend(of_optional(job, &query, &history));
        diagnostics.extend(patterns(&job.contract));
        let checks = self
            .checks(&job.name.value, &job.checks, &history, &values)
            .await
            .take(&mut diagnostics);
        let recipe = Recipe {
            inputs: inputs(job, &query, &history, &checks),
            definition: self.job_definition(job, &query, &values, &checks),
            origin: Origin::Job(Box::new(ResolvedJob {
                job: Arc::clone(job),
                query,
            })),
            checks: checks.checks,
            history,
        };
        Checked::new(Some(recipe), diagnostics)
    }

    fn job_definition(
        &self,
        job: &Job,
        query: &ReadOnly,
        values: &BTreeMap<String, String>,
        checks: &Checks,
    ) -> FingerprintParts {
        let mut named = values.clone();
        named.remove(DATE_PARAMETER);
        let calls = query.calls();
        let called = calls
            .names()
            .into_iter()
            .chain(checks.functions.iter().map(String::as_str));
        let mut definition = fingerprint::definition(
            &query.canonical(),
            &job.contract,
            &named,
            &checks.canonical,
            &self.session.versions(called),
        );
        let history: BTreeMap<&TableName, &History> = job
            .history
            .iter()
            .map(|(name, how)| (&name.value, how))
            .collect();
        if !history.is_empty() {
            definition.add("history", &format!("{history:?}"));
        }
        if !job.optional.is_empty() {
            let optional: BTreeSet<String> = job.optional.iter().map(ToString::to_string).collect();
            definition.add("optional", &Vec::from_iter(optional).join(","));
        }
        if !job.needs.is_empty() {
            let needs: Vec<String> = job
                .needs
                .iter()
                .map(|need| {
                    let either = need.either.iter();
                    let either: Vec<String> = either
                        .map(|n| format!("{}.{}", n.value.0, n.value.1))
                        .collect();
                    let because = need.because.iter();
                    let because = because.map(|n| format!(" because {}", n.value.1));
                    either.join(" or ") + &because.collect::<String>()
                })
                .collect();
            definition.add("needs", &needs.join(","));
        }
        if let Some(reason) = &job.skip_if_empty {
            definition.add("skip_if_empty", reason);
        }
        definition
    }
}

/// What is odd or wrong about the earlier snapshots that a job reads.
fn of_history(
    job: &Job,
    query: &ReadOnly,
    history: &BTreeMap<TableName, History>,
) -> Vec<Diagnostic> {
    let read: BTreeSet<&TableName> = query.tables().map(|(table, _)| table).collect();
    let unread = job
        .history
        .iter()
        .filter(|(name, _)| !read.contains(&name.value));
    let mut diagnostics: Vec<Diagnostic> = unread
        .map(|(name, _)| {
            let message = format!(
                "`{}` has a history but the query does not read it",
                name.value
            );
            Diagnostic::warning("unused-history", message).at(name.span, "not read")
        })
        .collect();
    if read.contains(&job.name.value) && !history.contains_key(&job.name.value) {
        diagnostics.push(
            Diagnostic::error("cycle", format!("`{}` reads itself", job.name.value))
                .at(job.name.span, "made from itself")
                .help(
                    "a table may read its own earlier snapshots: add `history: {table: previous}`",
                ),
        );
    }
    diagnostics
}

/// What is odd about the tables that a snapshot may lack: of a table that the
/// query does not read of the snapshot there is nothing to say.
fn of_optional(
    job: &Job,
    query: &ReadOnly,
    history: &BTreeMap<TableName, History>,
) -> Vec<Diagnostic> {
    let read = query.tables().map(|(table, _)| table);
    let read: BTreeSet<&TableName> = read.filter(|table| !history.contains_key(*table)).collect();
    let unread = job.optional.iter();
    unread
        .filter(|name| !read.contains(&name.value))
        .map(|name| {
            let message = format!("`{name}` is optional but the query does not read it");
            Diagnostic::warning("unused-optional", message).at(name.span, "not read")
        })
        .collect()
}

/// The tables that a job's table is made from.
fn inputs(
    job: &Job,
    query: &ReadOnly,
    history: &BTreeMap<TableName, History>,
    checks: &Checks,
) -> BTreeSet<TableName> {
    let mut inputs: BTreeSet<TableName> = query.tables().map(|(t, _)| t.clone()).collect();
    inputs.extend(checks.inputs.iter().cloned());
    inputs.extend(referenced(&job.contract));
    let needed = job.needs.iter().flat_map(|need| &need.either);
    inputs.extend(needed.map(|column| column.value.0.clone()));
    // Of its own past a table is made too; of itself, not.
    if !history.contains_key(&job.name.value) {
        inputs.remove(&job.name.value);
    }
    inputs
}
