//! The tables that are made, and the order in which they can be.

use std::collections::{BTreeMap, BTreeSet};

use hubcensus_spec::{Diagnostic, History, Job, TableName};

use crate::resolve::checked::Checked;
use crate::resolve::context::Context;
use crate::resolve::graph::Graph;
use crate::resolve::parallel;
use crate::resolve::resolved::Recipe;

/// How each table is made, and what it reads.
pub(super) struct Recipes {
    pub(super) recipes: BTreeMap<TableName, Recipe>,
    pub(super) graph: Graph,
}

impl Context<'_> {
    /// How each ingest table and each job's table is made.
    pub(super) async fn recipes(self) -> Checked<Recipes> {
        let mut diagnostics = Vec::new();
        let mut recipes = BTreeMap::new();
        let mut graph = Graph::default();
        for table in &self.project.ingest_tables {
            let name = table.name.value.clone();
            let recipe = self.ingest_table(table).await.take(&mut diagnostics);
            recipes.insert(name.clone(), recipe);
            graph.insert(name, BTreeSet::new());
        }
        let mut families = Families::default();
        for (
            job,
            Checked {
                value,
                diagnostics: of_job,
            },
        ) in parallel::all(self)
        {
            diagnostics.extend(families.news(job, of_job));
            let Some(recipe) = value else {
                continue;
            };
            let name = &job.name.value;
            let mut others = recipe.inputs.clone();
            others.remove(name);
            let earlier = recipe
                .history
                .iter()
                .filter(|(_, history)| **history == History::Previous)
                .map(|(table, _)| table.clone())
                .collect();
            graph.reads_earlier(name.clone(), earlier);
            graph.insert(name.clone(), others);
            recipes.insert(name.clone(), recipe);
        }
        Checked::new(Recipes { recipes, graph }, diagnostics)
    }

    /// The tables, each after those that it reads; none if they go in circles.
    pub(super) fn order(self, graph: &Graph) -> Checked<Vec<TableName>> {
        match graph.order() {
            Ok(order) => Checked::new(order, Vec::new()),
            Err(cycle) => Checked::new(Vec::new(), vec![self.cycle(&cycle)]),
        }
    }

    fn cycle(self, cycle: &[TableName]) -> Diagnostic {
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
        diagnostic.help(
            "break it: let one of them read another table, or an earlier snapshot with `history`",
        )
    }
}

/// The jobs of a matrix share their places: the first that has a mistake at one
/// tells it for all.
#[derive(Default)]
struct Families(BTreeMap<String, BTreeSet<(&'static str, hubcensus_spec::Span)>>);

impl Families {
    /// The mistakes of a job that no other of its family had.
    fn news(&mut self, job: &Job, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let Some(family) = &job.family else {
            return diagnostics;
        };
        let family = format!("{}.{family}", job.name.value.stage());
        let told = self.0.entry(family).or_default();
        let place = |d: &Diagnostic| d.span.map(|span| (d.code, span));
        diagnostics.retain(|d| place(d).is_none_or(|place| !told.contains(&place)));
        told.extend(diagnostics.iter().filter_map(place));
        diagnostics
    }
}
