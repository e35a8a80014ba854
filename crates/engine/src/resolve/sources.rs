//! The queries of sources: from the file's columns to those of an ingest table.

use std::collections::BTreeMap;
use std::sync::Arc;

use hubcensus_spec::{Diagnostic, Source};

use crate::query::parameters::parameters;
use crate::query::source_schema;
use crate::query::source_shape;
use crate::query::sql::{self, ReadOnly, SOURCE};
use crate::query::substitute;
use crate::resolve::checked::{Checked, news};
use crate::resolve::compare::compare;
use crate::resolve::context::{Context, Scope};
use crate::resolve::fingerprint::{self, FingerprintParts};
use crate::resolve::lookups;
use crate::resolve::resolved::ResolvedSource;
use crate::resolve::rules::{self, describe_rejects};

impl Context<'_> {
    /// The sources, by name.
    pub(super) async fn sources(&self) -> Checked<BTreeMap<String, ResolvedSource>> {
        let mut diagnostics = Vec::new();
        let mut sources = BTreeMap::new();
        for source in &self.project.sources {
            if let Some(resolved) = self.source(source).await.take(&mut diagnostics) {
                sources.insert(source.name.value.clone(), resolved);
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
        let values = parameters(&[], None);
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
            let compared = compare(
                &source.table.value,
                &table.contract,
                &substitute::settled(planned),
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
            .map(|c| format!("{} {:?} {}", c.name.as_str(), c.path, c.data_type))
            .collect();
        let mut definition = FingerprintParts::default();
        definition.add("query", &query.canonical());
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
        let calls = query.calls();
        let of_rejects = rules::functions(&source.rejects);
        let called = calls.names().into_iter();
        let called = called.chain(of_rejects.iter().map(String::as_str));
        fingerprint::add_functions(&mut definition, &self.session.versions(called));
        definition
    }
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
