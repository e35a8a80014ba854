//! The shape of a source's query: every row of the file becomes one row of the
//! table, or is set aside and counted. What drops rows, or makes several of
//! one, has no place in it.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    GroupByExpr, JoinOperator, LimitClause, ObjectName, Query, Select, SetExpr, Spanned as _,
    TableFactor, visit_relations,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer;
use hubcensus_spec::{Diagnostic, Span, Sql};

use crate::query::calls::{Calls, normalized};
use crate::query::session::Session;
use crate::query::span::place;
use crate::query::sql::{ReadOnly, SOURCE};
use crate::query::tokens::Tokens;

/// What to do about rows that are not wanted.
const REJECT: &str = "rows that do not belong into the table are set aside by a rule under \
                      `rejects:`, which counts and keeps them";

/// What to do about what is known elsewhere.
const LOOK_UP: &str = "write `LEFT JOIN reference.… ON` with all columns of that table's key";

/// What to do about rows to be put together or apart.
const IN_A_JOB: &str = "rows are put together, apart or in relation to each other by a job that \
                        reads the table";

/// What a query of a source may not be, each with its place.
pub(crate) fn mistakes(query: &ReadOnly, sql: &Sql, session: &Session) -> Vec<Diagnostic> {
    let shape = Shape {
        sql,
        tokens: Tokens::of(&sql.text),
    };
    let mut mistakes = shape.of_query(&query.query);
    mistakes.extend(shape.of_calls(&query.calls(), session));
    mistakes.extend(shape.read_again(&query.query));
    mistakes
}

/// What a source's query joins to the file, as written.
pub(crate) struct WrittenJoin {
    pub(crate) place: Span,
    /// The table, if it is not a query.
    pub(crate) table: Option<String>,
    /// Whether it may be one in which each row of the file stays one.
    pub(crate) is_left: bool,
}

/// The joins of a source's query, in the order of writing; none if they are not
/// all made to the file.
pub(crate) fn joins(query: &ReadOnly, sql: &Sql) -> Vec<WrittenJoin> {
    let SetExpr::Select(select) = query.query.body.as_ref() else {
        return Vec::new();
    };
    let [from] = select.from.as_slice() else {
        return Vec::new();
    };
    let spans = Tokens::of(&sql.text).joins();
    let joins = from.joins.iter().zip(spans);
    joins
        .map(|(join, span)| WrittenJoin {
            place: place(sql, span),
            table: match &join.relation {
                TableFactor::Table { name, .. } => Some(name.to_string().replace('"', "")),
                _ => None,
            },
            is_left: matches!(
                join.join_operator,
                JoinOperator::Left(_) | JoinOperator::LeftOuter(_)
            ) && !is_lateral(&join.relation),
        })
        .collect()
}

/// The diagnostic of a clause that a source's query may not have.
pub(crate) fn refused(message: impl Into<String>, at: Span, label: &str, help: &str) -> Diagnostic {
    Diagnostic::error("source-query-shape", message)
        .at(at, label)
        .help(help)
}

struct Shape<'a> {
    sql: &'a Sql,
    tokens: Tokens,
}

impl Shape<'_> {
    fn at(&self, span: Option<tokenizer::Span>) -> Span {
        span.map_or_else(|| self.sql.span_all(), |span| place(self.sql, span))
    }

    fn clause(&self, word: Keyword) -> Span {
        self.at(self.tokens.clause(word))
    }

    fn drops(&self, what: &str, at: Span) -> Diagnostic {
        refused(
            format!("{what} in the query of a source drops rows that nobody counts"),
            at,
            "may drop rows of the file",
            REJECT,
        )
    }

    fn joins_rows(&self, what: &str, at: Span) -> Diagnostic {
        refused(
            format!("{what} in the query of a source makes one row of several"),
            at,
            "rows of the file become one",
            IN_A_JOB,
        )
    }

    fn of_query(&self, query: &Query) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if let Some(with) = &query.with {
            let named = with.cte_tables.iter().map(|table| &table.alias.name);
            for name in named.filter(|name| name.value.eq_ignore_ascii_case(SOURCE)) {
                found.push(refused(
                    "`source` is the file: no other table of a source's query has this name",
                    self.at(Some(name.span)),
                    "hides the file",
                    "give it another name",
                ));
            }
        }
        match query.body.as_ref() {
            SetExpr::Select(select) => found.extend(self.of_select(select)),
            SetExpr::SetOperation { op, .. } => {
                let word = match op.to_string().as_str() {
                    "EXCEPT" | "MINUS" => Keyword::EXCEPT,
                    "INTERSECT" => Keyword::INTERSECT,
                    _ => Keyword::UNION,
                };
                found.push(refused(
                    format!(
                        "`{op}` in the query of a source: it is one SELECT straight from `source`"
                    ),
                    self.clause(word),
                    "rows could not be traced to the file's",
                    "write one source for each kind of file, or `CASE` for each kind of row",
                ));
            }
            _ => found.push(self.not_straight(self.sql.span_all())),
        }
        match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                if limit.is_some() {
                    found.push(self.drops("`LIMIT`", self.clause(Keyword::LIMIT)));
                }
                if offset.is_some() {
                    found.push(self.drops("`OFFSET`", self.clause(Keyword::OFFSET)));
                }
            }
            Some(LimitClause::OffsetCommaLimit { .. }) => {
                found.push(self.drops("`LIMIT`", self.clause(Keyword::LIMIT)));
            }
            None => {}
        }
        if query.fetch.is_some() {
            found.push(self.drops("`FETCH`", self.clause(Keyword::FETCH)));
        }
        if !query.pipe_operators.is_empty() {
            found.push(self.not_straight(self.sql.span_all()));
        }
        found
    }

    fn of_select(&self, select: &Select) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        if select.distinct.is_some() {
            let at = self.at(self.tokens.after_select());
            found.push(self.joins_rows("`DISTINCT`", at));
        }
        if select.top.is_some() {
            let at = self.at(self.tokens.after_select());
            found.push(self.drops("`TOP`", at));
        }
        let drops = [
            (select.prewhere.is_some(), "`PREWHERE`", Keyword::PREWHERE),
            (select.selection.is_some(), "`WHERE`", Keyword::WHERE),
            (select.having.is_some(), "`HAVING`", Keyword::HAVING),
            (select.qualify.is_some(), "`QUALIFY`", Keyword::QUALIFY),
        ];
        for (_, what, word) in drops.into_iter().filter(|(is_there, ..)| *is_there) {
            found.push(self.drops(what, self.clause(word)));
        }
        let groups = match &select.group_by {
            GroupByExpr::All(_) => true,
            GroupByExpr::Expressions(by, modifiers) => !by.is_empty() || !modifiers.is_empty(),
        };
        if groups {
            found.push(self.joins_rows("`GROUP BY`", self.clause(Keyword::GROUP)));
        }
        for view in &select.lateral_views {
            found.push(self.multiplies("`LATERAL VIEW`", self.at(Some(view.lateral_view.span()))));
        }
        found.extend(self.of_from(select));
        found
    }

    fn of_from(&self, select: &Select) -> Vec<Diagnostic> {
        let Some(first) = select.from.first() else {
            return vec![self.not_straight(self.sql.span_all())];
        };
        let mut found = Vec::new();
        match &first.relation {
            TableFactor::Table {
                name, args: None, ..
            } if is_source(name) => {}
            other => {
                let span = other.span();
                let at = Some(span).filter(|span| *span != tokenizer::Span::empty());
                found.push(self.not_straight(self.at(at)));
            }
        }
        // As written: what is joined to the first table, then each table after a
        // comma with what is joined to it.
        let mut spans = self.tokens.joins().into_iter();
        for (number, table) in select.from.iter().enumerate() {
            if number > 0 {
                found.push(self.multiplies("a comma in FROM", self.at(spans.next())));
            }
            for join in &table.joins {
                let at = self.at(spans.next());
                found.extend(self.of_join(&join.join_operator, &join.relation, at));
            }
        }
        found
    }

    fn of_join(
        &self,
        operator: &JoinOperator,
        table: &TableFactor,
        at: Span,
    ) -> Option<Diagnostic> {
        use JoinOperator as Join;
        let is_lateral = is_lateral(table);
        let word = match operator {
            // Whether it keeps to one row is seen from the plan.
            Join::Left(_) | Join::LeftOuter(_) if !is_lateral => return None,
            Join::Left(_) | Join::LeftOuter(_) => return Some(self.multiplies("this join", at)),
            Join::CrossJoin(_) => "`CROSS JOIN`",
            Join::Right(_) | Join::RightOuter(_) => "`RIGHT JOIN`",
            Join::FullOuter(_) => "`FULL JOIN`",
            Join::Semi(_) | Join::LeftSemi(_) | Join::RightSemi(_) => "a semi join",
            Join::Anti(_) | Join::LeftAnti(_) | Join::RightAnti(_) => "an anti join",
            Join::Join(_) | Join::Inner(_) | Join::StraightJoin(_) => "an inner join",
            _ => "this join",
        };
        let message =
            format!("{word} in the query of a source may drop or repeat rows that nobody counts");
        Some(refused(
            message,
            at,
            "a row of the file may become none or several",
            LOOK_UP,
        ))
    }

    fn multiplies(&self, what: &str, at: Span) -> Diagnostic {
        refused(
            format!("{what} in the query of a source may make several rows of one"),
            at,
            "a row of the file may become several",
            LOOK_UP,
        )
    }

    fn not_straight(&self, at: Span) -> Diagnostic {
        refused(
            "the query of a source must be one SELECT straight from `source`",
            at,
            "its rows could not be traced to the file's",
            "write `SELECT … FROM source`, with joins to reference tables after it",
        )
    }

    /// Functions that are not of one row, outside of subqueries.
    fn of_calls(&self, calls: &Calls, session: &Session) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for call in calls.calls.iter().filter(|call| call.depth == 1) {
            let name = call.name.as_str();
            let at = self.at(Some(call.span));
            if name == "unnest" {
                found.push(refused(
                    "`unnest` in the query of a source makes several rows of one, or none",
                    at,
                    "a row of the file may become none or several",
                    IN_A_JOB,
                ));
            } else if call.over {
                found.push(refused(
                    format!("`{name}` over a window in the query of a source sees the rows that are set aside too"),
                    at,
                    "of several rows of the file",
                    IN_A_JOB,
                ));
            } else if session.is_aggregate(name) {
                found.push(self.joins_rows(&format!("`{name}`"), at));
            }
        }
        found
    }

    /// The file is read once: each place that reads it gets a part of its rows.
    fn read_again(&self, query: &Query) -> Vec<Diagnostic> {
        let mut places = Vec::new();
        let _: ControlFlow<()> = visit_relations(query, |name| {
            if is_source(name) {
                places.push(name.span());
            }
            ControlFlow::Continue(())
        });
        places.sort();
        let mut places = places.into_iter();
        let Some(first) = places.next() else {
            return Vec::new();
        };
        places
            .map(|again| {
                refused(
                    "`source` is read twice: a file is read once, from its first row to its last",
                    self.at(Some(again)),
                    "and again",
                    IN_A_JOB,
                )
                .related(self.at(Some(first)), "once")
            })
            .collect()
    }
}

/// Whether a table may depend on the row that it is joined to.
fn is_lateral(table: &TableFactor) -> bool {
    match table {
        TableFactor::Table { args, .. } => args.is_some(),
        TableFactor::Derived { lateral, .. } => *lateral,
        _ => true,
    }
}

fn is_source(name: &ObjectName) -> bool {
    normalized(name) == SOURCE
}
