//! What was asked: pipeline files in, checked types and diagnostics out.
//!
//! A project is a set of YAML files, one folder per stage. [`parse`] reads them all at once into a
//! [`Project`] and reports every mistake that can be seen without looking into SQL, each as a
//! [`Diagnostic`] with the place where it is written; [`render()`] shows them as cargo shows its own.
//! Mistakes inside SQL are found elsewhere, and placed with [`Sql::span_at`].
//!
//! Nothing here reads files, knows Arrow or SQL, or knows what the tables are about.
//!
//! ```
//! use hubcensus_spec::{SourceFile, parse, render};
//!
//! let files = vec![SourceFile {
//!     path: "pipelines/shop/sales.yaml".into(),
//!     text: "\
//! stage: shop
//! jobs:
//!   - name: sales
//!     description: What was sold.
//!     query: SELECT item FROM till.receipts
//!     key: [itm]
//!     sort: [item]
//!     columns:
//!       item: {type: utf8, description: The item.}
//! "
//!     .into(),
//! }];
//! let parsed = parse(files);
//! assert_eq!(
//!     render(&parsed.diagnostics, &parsed.project.files, false),
//!     "\
//! error[unknown-column]: `key` names `itm`, which is no column
//!  --> pipelines/shop/sales.yaml:6:11
//!   |
//! 6 |     key: [itm]
//!   |           ^^^ not among `columns`
//!   |
//!   = help: did you mean `item`?
//! "
//! );
//! ```
//!
//! # How it is read
//!
//! The text becomes a tree whose nodes know exactly where they are written (`yaml`, `scalar_text`);
//! the tree is walked by hand, one module per thing that a user can write (`contract`, `check`,
//! `table`, `source`, `like`, `job`, `chart`, `matrix`, `test_case`), with helpers that report what they find and go
//! on (`read`); what definitions say of each other comes last (`cross`). What follows from a
//! mistake that was already reported is not reported again.

mod chart;
mod check;
mod contract;
mod cross;
mod date;
mod diagnostic;
mod history;
mod job;
mod matrix;
mod name;
mod parse;
mod partition;
mod project;
mod read;
mod reject_limit;
mod render;
mod scalar;
mod scalar_text;
mod source;
mod sql;
mod table;
mod test_case;
mod types;
mod yaml;

pub use chart::{Chart, ChartKind, Names, Order};
pub use check::{Check, DUPLICATE_KEY, RejectRule};
pub use contract::{Column, ColumnCheck, ColumnRule, Contract, Number, RESERVED_COLUMNS};
pub use date::{DateError, DateSet, MAX_DATES, SnapshotDate};
pub use diagnostic::{Diagnostic, Severity, Span, Spanned, closest, did_you_mean, enumerate, tidy};
pub use history::{History, WINDOW_DAYS};
pub use job::{Job, Need, Parameter};
pub use name::{MAX_IDENTIFIER, NameError, TableName, closest_table, is_identifier};
pub use parse::parse;
pub use partition::PartitionId;
pub use project::{INGEST, Parsed, Project, REFERENCE, SourceFile, TableRef};
pub use reject_limit::{READER_REASONS, RejectLimit, RowLimit, missing_reason};
pub use render::render;
pub use scalar::{Cell, Scalar, parse_timestamp};
pub use source::coverage::Coverage;
pub use source::described::{DESCRIPTION_ENDING, description_name};
pub use source::location::{LocationError, LocationTemplate};
pub use source::{Csv, Format, PathStep, RawColumn, Source};
pub use sql::Sql;
pub use table::{IngestTable, ReferenceTable};
pub use test_case::{Row, Test};
pub use types::{ColumnType, RawType};
