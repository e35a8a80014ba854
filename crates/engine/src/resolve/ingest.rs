//! Ingest tables, apart from the sources that fill them.

use std::collections::BTreeMap;
use std::sync::Arc;

use hubcensus_spec::IngestTable;

use crate::query::parameters::parameters;
use crate::query::schema;
use crate::resolve::checked::Checked;
use crate::resolve::context::Context;
use crate::resolve::fingerprint;
use crate::resolve::resolved::{Origin, Recipe};
use crate::resolve::rules::{self, describe_limit, describe_rejects, patterns, referenced};

impl Context<'_> {
    /// What is asked of the rows of an ingest table.
    pub(super) async fn ingest_table(&self, table: &Arc<IngestTable>) -> Checked<Recipe> {
        let none = BTreeMap::new();
        let values = parameters(&[], None);
        let schema = schema::of_contract(&table.contract);
        let mut diagnostics = self.conditions(&table.rejects, &schema).await;
        diagnostics.extend(patterns(&table.contract));
        let checks = self
            .checks(&table.name.value, &table.checks, &none, &values)
            .await
            .take(&mut diagnostics);
        let mut inputs = checks.inputs;
        inputs.extend(referenced(&table.contract));
        let rejects = format!(
            "{}{}",
            describe_rejects(&table.rejects),
            describe_limit(&table.reject_limit)
        );
        let called = rules::functions(&table.rejects);
        let called = called.iter().chain(&checks.functions).map(String::as_str);
        let definition = fingerprint::definition(
            &rejects,
            &table.contract,
            &BTreeMap::new(),
            &checks.canonical,
            &self.session.versions(called),
        );
        let recipe = Recipe {
            origin: Origin::Ingest(Arc::clone(table)),
            checks: checks.checks,
            inputs,
            history: none,
            definition,
        };
        Checked::new(recipe, diagnostics)
    }
}
