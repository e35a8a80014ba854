//! A query with one of its expressions replaced, so that the rest can be
//! planned.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query,
    Select, SelectItem, SetExpr, Spanned as _, Value, Visit, VisitMut, VisitorMut,
    visit_expressions,
};
use datafusion::sql::sqlparser::tokenizer::{Location, Span};

use crate::query::sql::ReadOnly;

/// The columns of a query whose types follow from what was put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Doubtful {
    /// These.
    Columns(BTreeSet<String>),
    /// Any.
    All,
}

impl Default for Doubtful {
    fn default() -> Self {
        Self::Columns(BTreeSet::new())
    }
}

/// An expression of a query, counted from 0 in the order of writing, outer ones
/// before what is in them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) span: Span,
    /// How many expressions it is, with those in it.
    pub(crate) size: usize,
}

impl ReadOnly {
    /// The same query with `by` in place of the column, or NULL in place of the
    /// call, that begins at `at`. `None` if none does. If it is a column of the result, that has the
    /// name `meant`, if there is one, as before otherwise.
    pub(crate) fn replace(&self, at: Location, by: &Expr, meant: Option<&str>) -> Option<Self> {
        let wanted = |expression: &Expr, _| name_begins(expression, at);
        self.substitute(by, meant, true, wanted)
    }

    /// The same with `by` in place of the whole expression that it is part of.
    pub(crate) fn replace_whole(&self, at: Location, by: &Expr) -> Option<Self> {
        self.substitute(by, None, false, |expression, _| mentions(expression, at))
    }

    /// The same query with `by` in place of its `index`-th expression.
    pub(crate) fn replace_candidate(&self, index: usize, by: &Expr) -> Option<Self> {
        self.substitute(by, None, false, |_, at| at == index)
    }

    fn substitute(
        &self,
        by: &Expr,
        meant: Option<&str>,
        keeps_arguments: bool,
        wanted: impl Fn(&Expr, usize) -> bool,
    ) -> Option<Self> {
        let mut substitute = Substitute {
            by,
            meant,
            keeps_arguments,
            queries: 0,
            wanted,
            next: 0,
            done: false,
            names: Vec::new(),
        };
        let mut replaced = self.clone();
        let _ = VisitMut::visit(replaced.query.as_mut(), &mut substitute);
        substitute.done.then_some(replaced)
    }

    /// Its expressions.
    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        let _: ControlFlow<()> = visit_expressions(&self.query, |expression| {
            let mut size = 0;
            let _: ControlFlow<()> = visit_expressions(expression, |_| {
                size += 1;
                ControlFlow::Continue(())
            });
            candidates.push(Candidate {
                span: expression.span(),
                size,
            });
            ControlFlow::Continue(())
        });
        candidates
    }

    /// The columns whose types follow from the expressions that begin at one of
    /// `places`.
    pub(crate) fn doubtful(&self, places: &[Location]) -> Doubtful {
        let mut columns = BTreeSet::new();
        let SetExpr::Select(select) = self.query.body.as_ref() else {
            return if places.is_empty() {
                Doubtful::default()
            } else {
                Doubtful::All
            };
        };
        for at in places {
            let items = select.projection.iter().filter(|item| mentions(*item, *at));
            let names: Vec<String> = items.filter_map(output).collect();
            let beside = mentions(&select.selection, *at) || mentions(&select.having, *at);
            if names.is_empty() && !beside {
                return Doubtful::All;
            }
            columns.extend(names);
        }
        Doubtful::Columns(columns)
    }
}

/// Whether something in `sql` begins at `at`.
fn mentions(sql: &impl Visit, at: Location) -> bool {
    let found = visit_expressions(sql, |expression| {
        if name_begins(expression, at) || expression.span().start == at {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    found.is_break()
}

/// Whether an expression is a column or a call whose name begins at `at`.
fn name_begins(expression: &Expr, at: Location) -> bool {
    let start = match expression {
        Expr::Identifier(ident) => ident.span.start,
        Expr::CompoundIdentifier(parts) => match parts.first() {
            Some(first) => first.span.start,
            None => return false,
        },
        Expr::Function(function) => function.name.span().start,
        _ => return false,
    };
    start == at
}

/// The name of the column that an item of a select list gives.
fn output(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(expression) => Some(name_of(expression)),
        _ => None,
    }
}

fn name_of(expression: &Expr) -> String {
    match expression {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts
            .last()
            .map(|ident| ident.value.clone())
            .unwrap_or_default(),
        other => other.to_string(),
    }
}

struct Substitute<'a, F> {
    by: &'a Expr,
    meant: Option<&'a str>,
    keeps_arguments: bool,
    /// In how many queries within each other the visit is.
    queries: usize,
    wanted: F,
    next: usize,
    done: bool,
    /// The columns that the selects around here gave before.
    names: Vec<Vec<Option<String>>>,
}

impl<F: Fn(&Expr, usize) -> bool> VisitorMut for Substitute<'_, F> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let names = select.projection.iter().map(|item| match item {
            SelectItem::UnnamedExpr(expression) => Some(name_of(expression)),
            _ => None,
        });
        self.names.push(names.collect());
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let before = self.names.pop().unwrap_or_default();
        for (item, before) in select.projection.iter_mut().zip(before) {
            if let (SelectItem::UnnamedExpr(expression), Some(before)) = (&*item, before)
                && name_of(expression) != before
            {
                // Other queries may read the column by its name.
                let meant = self.meant.filter(|_| self.queries == 1);
                let before = meant.map_or(before, str::to_owned);
                *item = SelectItem::ExprWithAlias {
                    expr: expression.clone(),
                    alias: Ident::with_quote('"', before),
                };
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<()> {
        if !self.done && (self.wanted)(expression, self.next) {
            *expression = match expression {
                Expr::Function(function) if self.keeps_arguments => null_of(function),
                _ => self.by.clone(),
            };
            self.done = true;
        }
        self.next += 1;
        ControlFlow::Continue(())
    }
}

/// NULL in place of a call, of which the arguments are planned all the same.
fn null_of(call: &Function) -> Expr {
    let FunctionArguments::List(list) = &call.args else {
        return null();
    };
    let arguments = list.args.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => Some(argument.clone()),
        _ => None,
    });
    let arguments: Vec<Expr> = arguments.collect();
    if arguments.is_empty() {
        return null();
    }
    let is_null = Expr::IsNull(Box::new(Expr::Tuple(arguments)));
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen {
            condition: is_null,
            result: null(),
        }],
        else_result: None,
    }
}

/// `NULL`.
pub(crate) fn null() -> Expr {
    Expr::Value(Value::Null.into())
}
