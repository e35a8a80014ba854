//! The functions that a query calls.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, ObjectName, Query, Spanned as _, TableFactor, TableSampleKind, Visit, Visitor,
};
use datafusion::sql::sqlparser::tokenizer::Span;

/// A call of a function.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The function's name, lowercased unless it was quoted.
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) span: Span,
    /// Whether it is called over a window.
    pub(crate) over: bool,
    /// In how many queries within each other it stands.
    pub(crate) depth: usize,
}

/// What a piece of SQL calls.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// The calls, in the order of writing.
    pub(crate) calls: Vec<Call>,
    /// Whether some of a table's rows are picked at random.
    pub(crate) samples: bool,
    depth: usize,
}

impl Calls {
    /// What `sql`, a query or an expression, calls at any depth.
    pub(crate) fn of(sql: &impl Visit) -> Self {
        let mut calls = Self::default();
        let _ = sql.visit(&mut calls);
        calls
    }

    /// The functions that are called.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.calls.iter().map(|call| call.name.as_str()).collect()
    }

    fn add(&mut self, name: &ObjectName, over: bool) {
        self.calls.push(Call {
            name: normalized(name),
            span: name.span(),
            over,
            depth: self.depth,
        });
    }
}

impl Visitor for Calls {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        if let Expr::Function(Function { name, over, .. }) = expression {
            self.add(name, over.is_some());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table {
                name, args, sample, ..
            } => {
                if args.is_some() {
                    self.add(name, false);
                }
                self.samples |= sample.is_some();
            }
            TableFactor::Derived { sample, .. } => {
                let sample: &Option<TableSampleKind> = sample;
                self.samples |= sample.is_some();
            }
            TableFactor::Function { name, .. } => self.add(name, false),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// A function's name as DataFusion looks it up.
pub(crate) fn normalized(name: &ObjectName) -> String {
    match name.0.as_slice() {
        [part] => part.as_ident().map_or_else(
            || name.to_string(),
            |ident| match ident.quote_style {
                Some(_) => ident.value.clone(),
                None => ident.value.to_lowercase(),
            },
        ),
        _ => name.to_string(),
    }
}
