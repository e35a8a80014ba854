//! SQL text → a statement that only reads, with the tables it names and its
//! parameters bound. The one place that parses SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::common::{DataFusionError, TableReference};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Query, SelectItem, SetExpr, Spanned, Statement as SqlStatement, Value,
    visit_expressions, visit_expressions_mut, visit_relations,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer;
use hubcensus_spec::{Diagnostic, Span, Sql, TableName};

use crate::query::calls::Calls;
use crate::query::diagnose;
use crate::query::span::place;
use crate::query::tokens::{MAX_BRACKETS, MAX_DEPTH, MAX_NODES, Tokens};
use crate::query::writes::{Writes, writes};

/// The name under which a source's mapping query reads the file.
pub(crate) const SOURCE: &str = "source";

/// The column that carries a row's place in its file through a mapping query.
pub(crate) const ROW: &str = "_row";

/// The column that carries the reason for which a row is set aside.
pub(crate) const REJECT: &str = "_reject";

/// A table that a statement names, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    /// `stage.table`.
    Table(TableName),
    /// A bare name, such as `source`.
    Bare(String),
}

/// A parsed query that can do nothing but read.
#[derive(Debug, Clone)]
pub(crate) struct ReadOnly {
    pub(super) query: Box<Query>,
    /// The tables that it reads, sorted, common table expressions excluded.
    pub(crate) references: Vec<(Reference, Span)>,
}

/// Parses one query and refuses whatever is not one.
///
/// # Errors
///
/// A diagnostic underlining the place in the pipeline file.
pub(crate) fn parse(sql: &Sql) -> Result<ReadOnly, Box<Diagnostic>> {
    let tokens = Tokens::of(&sql.text);
    if let Some(span) = tokens.too_deep() {
        return Err(Box::new(too_deep(sql, span)));
    }
    let statement =
        parse_statement(&sql.text).map_err(|e| Box::new(diagnose::from_datafusion(&e, sql)))?;
    let query = match &statement {
        Statement::Statement(inner) => match inner.as_ref() {
            SqlStatement::Query(query) => query.clone(),
            _ => return Err(Box::new(not_a_query(sql, &tokens))),
        },
        _ => return Err(Box::new(not_a_query(sql, &tokens))),
    };
    if let Some(Writes { verb, keyword }) = writes(&query) {
        return Err(Box::new(
            Diagnostic::error(
                "sql-may-only-read",
                format!("`{verb}` writes: the SQL of a pipeline may only read"),
            )
            .at(keyword_place(sql, &tokens, &[keyword]), "writes"),
        ));
    }
    if Calls::of(query.as_ref()).samples {
        let words = [Keyword::TABLESAMPLE, Keyword::SAMPLE];
        return Err(Box::new(
            Diagnostic::error(
                "volatile-sql",
                "`TABLESAMPLE` picks rows at random: the same input must give the same table",
            )
            .at(keyword_place(sql, &tokens, &words), "other rows each time")
            .help("pick rows by their values, for instance by a digest of their key"),
        ));
    }
    let references = references(&statement, sql)?;
    Ok(ReadOnly { query, references })
}

fn keyword_place(sql: &Sql, tokens: &Tokens, words: &[Keyword]) -> Span {
    tokens
        .keyword(words)
        .map_or_else(|| sql.span_all(), |span| place(sql, span))
}

/// The diagnostic of a query that would be planned too many levels deep, from
/// `span` on.
pub(crate) fn too_deep(sql: &Sql, span: tokenizer::Span) -> Diagnostic {
    Diagnostic::error(
        "sql-too-deep",
        format!(
            "the SQL is too deep: expected at most {MAX_DEPTH} operators after or within each \
             other, {MAX_NODES} SELECTs and joins, and {MAX_BRACKETS} brackets within each other"
        ),
    )
    .at(place(sql, span), "too deep from here on")
    .help(
        "write a list (`x IN (…)`) for a chain of OR, put values into a reference table and join \
         it, or make a table of a part",
    )
}

fn not_a_query(sql: &Sql, tokens: &Tokens) -> Diagnostic {
    let verb = sql.text.split_whitespace().next().unwrap_or_default();
    let verb = verb.trim_end_matches(';').to_uppercase();
    let span = tokens
        .first()
        .map_or_else(|| sql.span_all(), |span| place(sql, span));
    let diagnostic = Diagnostic::error(
        "sql-may-only-read",
        format!("`{verb}` is not a query: the SQL of a pipeline may only read"),
    )
    .at(span, "expected SELECT or WITH … SELECT");
    diagnostic.maybe_help(match verb.as_str() {
        "SHOW" => Some(LIST_TABLES.to_owned()),
        "DESCRIBE" | "DESC" => Some(DESCRIBE_TABLE.to_owned()),
        _ => None,
    })
}

const LIST_TABLES: &str = "`hubcensus tables` lists the tables";
const DESCRIBE_TABLE: &str = "`hubcensus tables stage.table` shows a table's columns";

fn parse_statement(text: &str) -> Result<Statement, DataFusionError> {
    let mut statements = DFParserBuilder::new(text).build()?.parse_statements()?;
    match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => Ok(statement),
        (None, _) => Err(DataFusionError::Plan("the query is empty".into())),
        (Some(_), _) => Err(DataFusionError::Plan(
            "expected one query, found several statements".into(),
        )),
    }
}

fn references(statement: &Statement, sql: &Sql) -> Result<Vec<(Reference, Span)>, Box<Diagnostic>> {
    let (tables, _) = resolve_table_references(statement, true)
        .map_err(|e| Box::new(diagnose::from_datafusion(&e, sql)))?;
    let spans = relation_spans(statement);
    let mut found = Vec::with_capacity(tables.len());
    for table in tables {
        let place = spans
            .get(&table.to_string())
            .map_or_else(|| sql.span_all(), |span| place(sql, *span));
        let reference = match &table {
            TableReference::Bare { table } => Reference::Bare(table.to_string()),
            TableReference::Partial { schema, table } => match TableName::new(schema, table) {
                Ok(name) => Reference::Table(name),
                Err(_) => Reference::Bare(format!("{schema}.{table}")),
            },
            // The engine's own name of its catalog is no part of a query.
            TableReference::Full { .. } => Reference::Bare(table.to_quoted_string()),
        };
        if table.schema() == Some("information_schema") {
            return Err(Box::new(
                Diagnostic::error("unknown-table", format!("there is no `{table}` here"))
                    .at(place, "not known here")
                    .help(LIST_TABLES)
                    .help(DESCRIBE_TABLE),
            ));
        }
        found.push((reference, place));
    }
    Ok(found)
}

fn relation_spans(statement: &Statement) -> BTreeMap<String, tokenizer::Span> {
    let mut spans = BTreeMap::new();
    if let Statement::Statement(statement) = statement {
        let _: ControlFlow<()> = visit_relations(statement, |relation| {
            let name = relation.to_string().replace('"', "").to_lowercase();
            spans.entry(name).or_insert_with(|| relation.span());
            ControlFlow::Continue(())
        });
    }
    spans
}

impl ReadOnly {
    /// The statement's canonical text: how it was laid out and commented does
    /// not show.
    pub(crate) fn canonical(&self) -> String {
        self.query.to_string()
    }

    /// The tables of the form `stage.table`.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&TableName, Span)> {
        self.references
            .iter()
            .filter_map(|(reference, span)| match reference {
                Reference::Table(name) => Some((name, *span)),
                Reference::Bare(_) => None,
            })
    }

    /// The names after `$`, with where each first stands.
    pub(crate) fn placeholders(&self, sql: &Sql) -> Vec<(String, Span)> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        let _: ControlFlow<()> = visit_expressions(&self.query, |expression| {
            if let Expr::Value(value) = expression
                && let Value::Placeholder(name) = &value.value
            {
                let name = name.trim_start_matches('$').to_owned();
                if seen.insert(name.clone()) {
                    found.push((name, place(sql, value.span)));
                }
            }
            ControlFlow::Continue(())
        });
        found
    }

    /// The statement with every `$name` replaced by its typed value.
    ///
    /// # Errors
    ///
    /// A value whose SQL does not parse; the values are this crate's own.
    pub(crate) fn bind(
        &self,
        values: &BTreeMap<String, String>,
    ) -> Result<Statement, DataFusionError> {
        let mut query = self.query.clone();
        let mut literals = BTreeMap::new();
        for (name, value) in values {
            let literal = DFParserBuilder::new(value.as_str())
                .build()?
                .parse_into_expr()?
                .expr;
            literals.insert(format!("${name}"), literal);
        }
        let _: ControlFlow<()> = visit_expressions_mut(&mut query, |expression| {
            if let Expr::Value(value) = expression
                && let Value::Placeholder(name) = &value.value
                && let Some(literal) = literals.get(name)
            {
                *expression = literal.clone();
            }
            ControlFlow::Continue(())
        });
        Ok(Statement::Statement(Box::new(SqlStatement::Query(query))))
    }

    /// The same query with the row's place in its file and the reason for which
    /// it is set aside as two more columns. `None` when the outermost query is
    /// no `SELECT`.
    pub(crate) fn with_row_column(mut self) -> Option<Self> {
        let SetExpr::Select(select) = self.query.body.as_mut() else {
            return None;
        };
        for column in [ROW, REJECT] {
            select
                .projection
                .push(SelectItem::UnnamedExpr(Expr::Identifier(Ident::new(
                    column,
                ))));
        }
        Some(self)
    }

    /// The functions that it calls, at any depth.
    pub(crate) fn calls(&self) -> Calls {
        Calls::of(self.query.as_ref())
    }

    /// Where the item of the outermost select list stands that gives a column.
    pub(crate) fn item_span(&self, sql: &Sql, name: &str) -> Option<Span> {
        let SetExpr::Select(select) = self.query.body.as_ref() else {
            return None;
        };
        select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } if alias.value.eq_ignore_ascii_case(name) => {
                Some(place(sql, alias.span))
            }
            SelectItem::UnnamedExpr(Expr::Identifier(ident))
                if ident.value.eq_ignore_ascii_case(name) =>
            {
                Some(place(sql, ident.span))
            }
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts
                .last()
                .filter(|last| last.value.eq_ignore_ascii_case(name))
                .map(|last| place(sql, last.span)),
            _ => None,
        })
    }
}
