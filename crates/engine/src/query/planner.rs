//! A query planned as far as its types are checked, or what is wrong with it:
//! not the first mistake alone, which is all that DataFusion tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::DFParserBuilder;
use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::tokenizer::{Location, Span};
use hubcensus_spec::{Diagnostic, Sql};

use crate::query::diagnose::{self, Kind, Mistake};
use crate::query::session::{Session, Tables};
use crate::query::span::place;
use crate::query::sql::ReadOnly;
use crate::query::substitute::{Doubtful, null};

/// How often a query is planned again to find its next mistake.
const ROUNDS: usize = 24;

/// How often it is planned to find the place of one mistake.
const TRIALS: usize = 96;

/// A query that plans, maybe with expressions put in for those that are wrong.
#[derive(Debug)]
pub(crate) struct Planned {
    /// What it is to be run under.
    pub(crate) state: SessionState,
    /// As DataFusion makes it from the text.
    pub(crate) plan: LogicalPlan,
    /// With all types settled.
    pub(crate) analyzed: LogicalPlan,
    /// What of its schema follows from what was put in.
    pub(crate) doubtful: Doubtful,
}

impl Planned {
    /// The schema of the query, of no type where the type follows from what was
    /// put in.
    pub(crate) fn settled_schema(&self) -> DFSchema {
        let schema = self.analyzed.schema();
        let is_doubtful = |name: &str| match &self.doubtful {
            Doubtful::All => true,
            Doubtful::Columns(columns) => columns.contains(name),
        };
        let fields = schema.iter().map(|(relation, field)| {
            let field = if is_doubtful(field.name()) {
                Arc::new(field.as_ref().clone().with_data_type(DataType::Null))
            } else {
                Arc::clone(field)
            };
            (relation.cloned(), field)
        });
        DFSchema::new_with_metadata(fields.collect(), schema.metadata().clone())
            .unwrap_or_else(|_| schema.as_ref().clone())
    }
}

/// What came of planning a query. Without mistakes there is a plan.
#[derive(Debug, Default)]
pub(crate) struct Planning {
    pub(crate) planned: Option<Planned>,
    pub(crate) mistakes: Vec<Diagnostic>,
}

/// Plans a query over `tables`, with `values` for its parameters.
///
/// An expression that is a mistake is replaced by NULL and the query planned
/// again, until it plans or nothing is left that is surely wrong by itself:
/// what may follow from the NULL is not told.
pub(crate) async fn plan(
    session: &Session,
    sql: &Sql,
    query: &ReadOnly,
    values: &BTreeMap<String, String>,
    tables: &Tables,
) -> Planning {
    let attempt = Attempt {
        session,
        sql,
        values,
        tables,
    };
    let mut told = Told::default();
    let mut replaced: Vec<Location> = Vec::new();
    let mut current = query.clone();
    let mut widened = false;
    for _ in 0..ROUNDS {
        let error = match attempt.plan(&current).await {
            Ok((state, plan, analyzed)) => {
                let doubtful = query.doubtful(&replaced);
                return Planning {
                    planned: Some(Planned {
                        state,
                        plan,
                        analyzed,
                        doubtful,
                    }),
                    mistakes: told.all(),
                };
            }
            Err(error) => error,
        };
        let found = diagnose::mistakes(&error, sql, &session.function_names());
        let (names, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|mistake| mistake.kind != Kind::Other);
        let mut next = None;
        if names.is_empty() {
            for other in others {
                let step = attempt.other(query, &current, &error, other, &replaced);
                let step = step.await;
                told.add(step.told);
                if let Some((at, without)) = step.without {
                    replaced.push(at);
                    next = Some(without);
                    break;
                }
            }
        } else {
            if replaced.is_empty() {
                told.later
                    .extend(others.into_iter().map(|other| other.diagnostic));
            }
            for name in names {
                let step = attempt.name(next.as_ref().unwrap_or(&current), name);
                told.add(step.told);
                if let Some((at, without)) = step.without {
                    replaced.push(at);
                    next = Some(without);
                }
            }
        }
        current = match next {
            Some(next) => next,
            // What is wrong now may be that a NULL stands in a call or an operator.
            None if !widened && !replaced.is_empty() => {
                widened = true;
                let whole = |query: ReadOnly, at: &Location| {
                    query.replace_whole(*at, &null()).unwrap_or(query)
                };
                replaced.iter().fold(query.clone(), whole)
            }
            None => break,
        };
    }
    Planning {
        planned: None,
        mistakes: told.all(),
    }
}

/// The mistakes told so far.
#[derive(Debug, Default)]
struct Told {
    mistakes: Vec<Diagnostic>,
    /// Those that are to be told in any case, at their place if it is found.
    later: Vec<Diagnostic>,
}

impl Told {
    fn add(&mut self, mistake: Option<Diagnostic>) {
        let mistake = mistake.filter(|mistake| !self.mistakes.contains(mistake));
        self.mistakes.extend(mistake);
    }

    fn all(mut self) -> Vec<Diagnostic> {
        for later in std::mem::take(&mut self.later) {
            let is_told = |told: &Diagnostic| told.message == later.message;
            if !self.mistakes.iter().any(is_told) {
                self.mistakes.push(later);
            }
        }
        hubcensus_spec::tidy(&mut self.mistakes);
        self.mistakes
    }
}

/// What is done about one mistake.
#[derive(Debug, Default)]
struct Step {
    told: Option<Diagnostic>,
    /// Where it begins, and the query without it.
    without: Option<(Location, ReadOnly)>,
}

struct Attempt<'a> {
    session: &'a Session,
    sql: &'a Sql,
    values: &'a BTreeMap<String, String>,
    tables: &'a Tables,
}

impl Attempt<'_> {
    async fn plan(
        &self,
        query: &ReadOnly,
    ) -> Result<(SessionState, LogicalPlan, LogicalPlan), DataFusionError> {
        let statement = query.bind(self.values)?;
        let (state, plan) = self.session.plan(statement, self.tables).await?;
        let analyzer = state.analyzer();
        let analyzed =
            analyzer.execute_and_check(plan.clone(), state.config_options(), |_, _| {})?;
        Ok((state, plan, analyzed))
    }

    /// What is done about a name that does not exist.
    fn name(&self, query: &ReadOnly, mistake: Mistake) -> Step {
        let near = match &mistake.kind {
            Kind::Name { near } => near.as_deref(),
            Kind::Other => None,
        };
        let data_type = near.and_then(|near| self.tables.column_type(near));
        let by = data_type.and_then(|data_type| typed_null(&data_type));
        let by = by.unwrap_or_else(null);
        let without = mistake
            .at
            .and_then(|at| Some((at, query.replace(at, &by, near)?)));
        Step {
            told: Some(mistake.diagnostic),
            without,
        }
    }

    /// What is done about another mistake, which may come from what was put
    /// into the query as it was written.
    async fn other(
        &self,
        written: &ReadOnly,
        query: &ReadOnly,
        error: &DataFusionError,
        mistake: Mistake,
        replaced: &[Location],
    ) -> Step {
        if written.doubtful(replaced) == Doubtful::All {
            return Step::default();
        }
        let found = match mistake.at {
            None => self.locate(query, error).await,
            Some(_) => None,
        };
        match found {
            Some((span, without)) if !replaced.iter().any(|at| within(*at, span)) => {
                let mut diagnostic = mistake.diagnostic;
                diagnostic.span = Some(place(self.sql, span));
                Step {
                    told: Some(diagnostic),
                    without: Some((span.start, without)),
                }
            }
            _ => Step {
                told: replaced.is_empty().then_some(mistake.diagnostic),
                without: None,
            },
        }
    }

    /// The smallest expression without which the error is gone, and the query
    /// with NULL in its place. What is left then, no error or another one, is
    /// what is left without all of the expression that it is a part of: an
    /// error that comes from the NULL itself does not count.
    async fn locate(&self, query: &ReadOnly, error: &DataFusionError) -> Option<(Span, ReadOnly)> {
        let candidates = query.candidates();
        let text = Some(error.strip_backtrace());
        let mut rest: Option<Option<String>> = None;
        let mut found = None;
        let (mut at, mut end) = (0, candidates.len());
        for _ in 0..TRIALS {
            let Some(candidate) = candidates.get(at).filter(|_| at < end) else {
                break;
            };
            let without = query.replace_candidate(at, &null())?;
            let left = self.plan(&without).await.err();
            let left = left.map(|error| error.strip_backtrace());
            let is_gone = match &rest {
                None => left != text,
                Some(rest) => left == *rest,
            };
            if is_gone {
                if candidate.span != Span::empty() {
                    found = Some((candidate.span, without));
                }
                rest.get_or_insert(left);
                end = at + candidate.size;
                at += 1;
            } else {
                at += candidate.size;
            }
        }
        found
    }
}

fn within(at: Location, span: Span) -> bool {
    span.start <= at && at < span.end
}

/// NULL of a type, as SQL.
fn typed_null(data_type: &DataType) -> Option<Expr> {
    let text = format!("arrow_cast(NULL, '{data_type}')");
    let mut parser = DFParserBuilder::new(text.as_str()).build().ok()?;
    Some(parser.parse_into_expr().ok()?.expr)
}
