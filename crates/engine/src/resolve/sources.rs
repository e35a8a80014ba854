//! The queries of sources: from the file's columns to those of an ingest table.

use std::collections::BTreeMap;
use std::sync::Arc;

use hubcensus_spec::{Diagnostic, Source};

use crate::query::parameters::parameters;
use crate::query::source_schema;
use crate::query::sql::{self, SOURCE};
use crate::resolve::compare::compare;
use crate::resolve::fingerprint::FingerprintParts;
use crate::resolve::resolved::ResolvedSource;
use crate::resolve::resolver::{Resolver, Scope, describe_rejects};

impl Resolver<'_> {
    pub(super) async fn sources(&mut self) -> BTreeMap<String, ResolvedSource> {
        let mut sources = BTreeMap::new();
        for source in &self.project.sources {
            if let Some(resolved) = self.source(source).await {
                sources.insert(source.name.value.clone(), resolved);
            }
        }
        sources
    }

    async fn source(&mut self, source: &Arc<Source>) -> Option<ResolvedSource> {
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
                self.diagnostics.push(*diagnostic);
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
        for (name, span) in query
            .tables()
            .filter(|(name, _)| name.stage() != "reference")
        {
            self.diagnostics.push(
                Diagnostic::error(
                    "source-reads-table",
                    format!(
                        "a source's query may read `source` and reference tables, not `{name}`"
                    ),
                )
                .at(span, "not known while the file is read"),
            );
        }
        let planned = self.plan(&source.query, &query, &scope).await;
        if let Some(found) = planned
            && self.project.is_complete(&source.table.value)
        {
            self.diagnostics.extend(compare(
                &source.table.value,
                &table.contract,
                found.schema(),
                &source.query,
                &query,
            ));
        }
        let canonical = query.canonical();
        let references = query.tables().map(|(t, _)| t.clone()).collect();
        let Some(query) = query.with_row_column() else {
            self.diagnostics.push(
                Diagnostic::error(
                    "source-query-shape",
                    "the query of a source must be one SELECT straight from `source`".to_owned(),
                )
                .at(
                    source.query.span_all(),
                    "its rows could not be traced to the file's",
                )
                .help("write `SELECT … FROM source`, with joins to reference tables after it"),
            );
            return None;
        };
        let columns: Vec<String> = source
            .columns
            .iter()
            .map(|c| format!("{} {:?} {}", c.name.as_str(), c.path, c.data_type))
            .collect();
        let mut definition = FingerprintParts::default();
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
        Some(ResolvedSource {
            source: Arc::clone(source),
            query,
            references,
            definition,
        })
    }
}
