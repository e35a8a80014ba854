//! That a query does nothing but read, at any depth.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Query, Select, SetExpr, Visit, Visitor};
use datafusion::sql::sqlparser::keywords::Keyword;

/// The verb of a statement that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Writes {
    /// As it is written.
    pub(crate) verb: &'static str,
    /// The keyword that it begins with.
    pub(crate) keyword: Keyword,
}

/// What a query writes, if it does.
pub(crate) fn writes(query: &Query) -> Option<Writes> {
    match query.visit(&mut Finder) {
        ControlFlow::Break(writes) => Some(writes),
        ControlFlow::Continue(()) => None,
    }
}

struct Finder;

impl Visitor for Finder {
    type Break = Writes;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Writes> {
        of_body(&query.body).map_or(ControlFlow::Continue(()), ControlFlow::Break)
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Writes> {
        match select.into {
            Some(_) => ControlFlow::Break(Writes {
                verb: "SELECT … INTO",
                keyword: Keyword::INTO,
            }),
            None => ControlFlow::Continue(()),
        }
    }
}

fn of_body(body: &SetExpr) -> Option<Writes> {
    let (verb, keyword) = match body {
        SetExpr::Insert(_) => ("INSERT", Keyword::INSERT),
        SetExpr::Update(_) => ("UPDATE", Keyword::UPDATE),
        SetExpr::Delete(_) => ("DELETE", Keyword::DELETE),
        SetExpr::Merge(_) => ("MERGE", Keyword::MERGE),
        SetExpr::SetOperation { left, right, .. } => {
            return of_body(left).or_else(|| of_body(right));
        }
        // Visited by themselves.
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) | SetExpr::Table(_) => {
            return None;
        }
    };
    Some(Writes { verb, keyword })
}
