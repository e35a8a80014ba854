//! The queries of sources: from the file's columns to those of an ingest table.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::DFSchema;
use hubcensus_spec::{Contract, Diagnostic, Source, TableName};

use crate::query::parameters::{DATE_PARAMETER, parameters};
use crate::query::source_schema;
use crate::query::source_shape;
use crate::query::sql::{self, ReadOnly, SOURCE};
use crate::resolve::checked::{Checked, news};
use crate::resolve::compare::compare;
use crate::resolve::context::{Context, Scope};
use crate::resolve::fingerprint::{self, FingerprintParts};
use crate::resolve::lookups;
use crate::resolve::resolved::ResolvedSource;
use crate::resolve::rules::{self, describe_limit, describe_rejects};

impl Context<'_> {
    /// The entries of the sources, by name and table.
    pub(super) async fn sources(&self) -> Checked<BTreeMap<(String, TableName), ResolvedSource>> {
        let mut diagnostics = Vec::new();
        let mut sources = BTreeMap::new();
        for source in &self.project.sources {
            let checked = self.source(source).await;
            // What is wrong with the query is said of the source whose it is.
            let mut taken = Vec::new();
            let told = match &source.like {
                Some(_) => &mut taken,
                None => &mut diagnostics,
            };
            if let Some(resolved) = checked.take(told) {
                let entry = (source.name.value.clone(), source.table.value.clone());
                sources.insert(entry, resolved);
            }
        }
        Checked::new(sources, diagnostics)
    }

    async fn source(&self, source: &Arc<Source>) -> Checked<Option<ResolvedSource>> {
        let table = self
            .project
            .ingest_tables
            .iter()
            .find(|table| table.name.value == source.table.value);
        let (Some(table), false) = (table, source.query.text.trim().is_empty()) else {
            return Checked::new(None, Vec::new());
        };
        let raw = source_schema::of_source(source);
        let mut diagnostics = self.conditions(&source.rejects, &raw).await;
        let query = match sql::parse(&source.query) {
            Ok(query) => query,
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                return Checked::new(None, diagnostics);
            }
        };
        let none = BTreeMap::new();
        let values = parameters(&source.parameters, None);
        let scope = Scope {
            history: &none,
            parameters: &values,
            bare: Some((SOURCE, source_schema::with_row(&raw))),
        };
        diagnostics.extend(other_tables(&query));
        let planned = self.plan(&source.query, &query, &scope).await;
        let planned = planned.take(&mut diagnostics);
        if let Some(planned) = &planned
            && self.project.is_complete(&source.table.value)
        {
            let given = planned.settled_schema();
            let (contract, missing) = mapped(source, &table.contract, &given);
            news(&mut diagnostics, missing.into_iter().collect());
            let compared = compare(
                &source.table.value,
                &contract,
                &given,
                &source.query,
                &query,
            );
            news(&mut diagnostics, compared);
        }
        let shape = source_shape::mistakes(&query, &source.query, self.session);
        if planned.is_some() {
            diagnostics.extend(lookups::mistakes(self, &source.query, &query, &scope).await);
        }
        diagnostics.extend(shape);
        let definition = self.source_definition(source, &query);
        let references = query.tables().map(|(t, _)| t.clone()).collect();
        let resolved = query.with_row_column().map(|query| ResolvedSource {
            source: Arc::clone(source),
            query,
            references,
            definition,
        });
        Checked::new(resolved, diagnostics)
    }

    fn source_definition(&self, source: &Source, query: &ReadOnly) -> FingerprintParts {
        let columns: Vec<String> = source
            .columns
            .iter()
            .map(|c| {
                let optional = if c.optional { " optional" } else { "" };
                format!("{} {:?} {}{optional}", c.name.as_str(), c.path, c.data_type)
            })
            .collect();
        let mut definition = FingerprintParts::default();
        definition.add("query", &query.canonical());
        definition.add(
            "source",
            &format!(
                "{} {} {:?} {:?} {:?} {} {:?} {:?}\n{}\n{}{}",
                source.name.as_str(),
                source.coverage,
                source.part,
                source.format,
                source.rows,
                source.keyed,
                source.csv,
                source.null_values,
                columns.join("\n"),
                describe_rejects(&source.rejects),
                describe_limit(&source.reject_limit)
            ),
        );
        let mut named = parameters(&source.parameters, None);
        named.remove(DATE_PARAMETER);
        if !named.is_empty() {
            definition.add("parameters", &format!("{named:?}"));
        }
        let calls = query.calls();
        let of_rejects = rules::functions(&source.rejects);
        let called = calls.names().into_iter();
        let called = called.chain(of_rejects.iter().map(String::as_str));
        fingerprint::add_functions(&mut definition, &self.session.versions(called));
        definition
    }
}

/// The part of a table's contract that a source has to fill: what it does not
/// map is as its entry states it, or null where it may be. With it, the report of several columns that may
/// not be null and are not mapped, which are then no part of it.
fn mapped(
    source: &Source,
    contract: &Contract,
    given: &DFSchema,
) -> (Contract, Option<Diagnostic>) {
    let stated = |name: &str| source_schema::STATED.contains(&name);
    let gives = |name: &str| given.fields().iter().any(|field| field.name() == name);
    let mut contract = contract.clone();
    contract
        .columns
        .retain(|column| gives(&column.name) || !(column.nullable || stated(&column.name)));
    let names = contract.columns.iter().map(|column| column.name.as_str());
    let missing: Vec<&str> = names.filter(|name| !gives(name)).collect();
    if missing.len() < 2 {
        return (contract, None);
    }
    let message = format!(
        "source `{}` gives none of the columns `{}`, which may not be null",
        source.name.as_str(),
        missing.join("`, `")
    );
    let diagnostic = Diagnostic::error("missing-column", message)
        .at(source.query.span_all(), "not among what this query gives");
    contract.columns.retain(|column| gives(&column.name));
    (contract, Some(diagnostic))
}

/// The tables that are not there yet while a file is read.
fn other_tables(query: &ReadOnly) -> Vec<Diagnostic> {
    query
        .tables()
        .filter(|(name, _)| name.stage() != "reference")
        .map(|(name, span)| {
            let message =
                format!("a source's query may read `source` and reference tables, not `{name}`");
            Diagnostic::error("source-reads-table", message)
                .at(span, "not known while the file is read")
        })
        .collect()
}
