//! Whether the reference tables that a source's query joins give at most one
//! row for each row of the file.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Constraint, Constraints, DFSchema, Dependency, Result};
use datafusion::datasource::TableType;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, Join, LogicalPlan, Operator};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use hubcensus_spec::{Contract, Diagnostic, Sql};

use crate::query::planner;
use crate::query::schema;
use crate::query::session::Tables;
use crate::query::source_shape::{self, refused};
use crate::query::sql::{ReadOnly, Reference};
use crate::resolve::context::{Context, Scope};

/// The joins of a source's query that may give several rows for one.
pub(super) async fn mistakes(
    context: &Context<'_>,
    sql: &Sql,
    query: &ReadOnly,
    scope: &Scope<'_>,
) -> Vec<Diagnostic> {
    let written = source_shape::joins(query, sql);
    if !written.iter().any(|join| join.is_left) {
        return Vec::new();
    }
    let tables = keyed(context, query, scope);
    let planning = planner::plan(context.session, sql, query, scope.parameters, &tables).await;
    let Some(planned) = planning.planned else {
        return planning.mistakes;
    };
    let mut planned_joins = joins(&planned.analyzed);
    planned_joins.reverse();
    let mut mistakes = Vec::new();
    for (number, written) in written.into_iter().enumerate() {
        let join = planned_joins.get(number);
        if !written.is_left || join.is_some_and(|join| gives_one_row(join)) {
            continue;
        }
        let help = key_of(context, written.table.as_deref()).unwrap_or_else(|| {
            "group what is joined by the columns that ON compares, or take DISTINCT rows of them"
                .to_owned()
        });
        mistakes.push(refused(
            "this join may give several rows for one row of the file",
            written.place,
            "a row of the file may become several",
            &help,
        ));
    }
    mistakes
}

fn key_of(context: &Context<'_>, table: Option<&str>) -> Option<String> {
    let table = context.project.table(&table?.parse().ok()?)?;
    let key: Vec<String> = table
        .contract()
        .key
        .iter()
        .map(|column| format!("`{}`", column.as_str()))
        .collect();
    let name = &table.name().value;
    Some(format!(
        "ON compares every column of the key of `{name}` with one of the file's: {}; or group \
         `{name}` by the columns that ON compares",
        key.join(", ")
    ))
}

/// The tables that a query reads, known to have each key once.
fn keyed(context: &Context<'_>, query: &ReadOnly, scope: &Scope<'_>) -> Tables {
    let mut tables = Tables::default();
    for (reference, _) in &query.references {
        match reference {
            Reference::Table(name) => {
                if let Some(table) = context.project.table(name) {
                    tables.insert(name.clone(), Arc::new(Keyed::of(table.contract())));
                }
            }
            Reference::Bare(name) => {
                if let Some((_, schema)) = &scope.bare {
                    let table = Keyed {
                        schema: Arc::clone(schema),
                        constraints: Constraints::default(),
                    };
                    tables.insert_bare(name, Arc::new(table));
                }
            }
        }
    }
    tables
}

/// The joins from the result down to the file.
fn joins(plan: &LogicalPlan) -> Vec<&Join> {
    let mut joins = Vec::new();
    let mut plan = plan;
    loop {
        plan = match plan {
            LogicalPlan::Join(join) => {
                joins.push(join);
                &join.left
            }
            other => match other.inputs().first() {
                Some(input) => input,
                None => return joins,
            },
        }
    }
}

/// Whether the right side has at most one row for each of the left.
fn gives_one_row(join: &Join) -> bool {
    let right = join.right.schema();
    let mut compared = BTreeSet::new();
    for (left, with) in &join.on {
        compared.extend(column_of(right, with, left));
    }
    for condition in join.filter.iter().flat_map(split_conjunction) {
        if let Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Eq,
            right: with,
        }) = condition
        {
            compared.extend(column_of(right, with, left));
            compared.extend(column_of(right, left, with));
        }
    }
    let mut plan = join.right.as_ref();
    while let LogicalPlan::SubqueryAlias(alias) = plan {
        plan = &alias.input;
    }
    let is_distinct = matches!(plan, LogicalPlan::Distinct(Distinct::All(_)));
    let all = right.fields().len();
    (is_distinct && compared.len() == all)
        || right.functional_dependencies().iter().any(|dependency| {
            dependency.mode == Dependency::Single
                && dependency.target_indices.len() == all
                && dependency
                    .source_indices
                    .iter()
                    .all(|column| compared.contains(column))
        })
}

/// The column that `of` is on the right side, if `with` is none of it.
fn column_of(right: &DFSchema, of: &Expr, with: &Expr) -> Option<usize> {
    let Expr::Column(column) = of else {
        return None;
    };
    let of_right = |column| right.index_of_column(column).ok();
    if with
        .column_refs()
        .into_iter()
        .any(|other| of_right(other).is_some())
    {
        return None;
    }
    of_right(column)
}

/// A table without rows whose key is unique.
#[derive(Debug)]
struct Keyed {
    schema: SchemaRef,
    constraints: Constraints,
}

impl Keyed {
    fn of(contract: &Contract) -> Self {
        let schema = schema::of_contract(contract);
        let key = contract.key.iter();
        let key = key.filter_map(|column| schema.index_of(column.as_str()).ok());
        let constraint = Constraint::PrimaryKey(key.collect());
        Self {
            constraints: Constraints::new_unverified(vec![constraint]),
            schema,
        }
    }
}

#[async_trait]
impl TableProvider for Keyed {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn constraints(&self) -> Option<&Constraints> {
        Some(&self.constraints)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(EmptyExec::new(Arc::clone(&self.schema))))
    }
}
