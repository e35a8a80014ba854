//! Queries: their text, the tables that they see, and the session that they
//! run under. The place where DataFusion is set up.

pub(crate) mod calls;
pub(crate) mod condition;
pub(crate) mod diagnose;
pub(crate) mod frame;
pub(crate) mod lake_table;
pub(crate) mod parameters;
pub(crate) mod planner;
pub(crate) mod schema;
pub(crate) mod session;
pub(crate) mod source_schema;
pub(crate) mod source_shape;
pub(crate) mod span;
pub(crate) mod sql;
pub(crate) mod substitute;
pub(crate) mod tokens;
pub(crate) mod volatile;
mod writes;
