//! How tables of a lake are shown: a static site that opens from a file.
//!
//! ```text
//! index.html                 what the newest snapshot covers, and which figures there are
//! who.html                   a page for each section, with its figures as SVG
//! 2026-08-21/index.html      the same of another snapshot that was asked for
//! data/geography-1.csv       the rows of a figure, and the same as .parquet
//! figures/geography-1.svg    the figure by itself
//! style.css  icon.svg  hubcensus-report.json
//! ```
//!
//! [`report`] reads the charts of a project's jobs and draws each of the table that the lake has.
//! The site has no script and asks for nothing outside its folder. It contains no clock and no path
//! of a machine: the same lake gives the same bytes.

mod coverage;
mod draw;
mod error;
mod export;
mod figure;
mod number;
mod page;
mod plot;
mod report;
mod rows;
mod scale;
mod site;
mod snapshot;
mod svg;
mod text;
mod treemap;

pub use error::{Error, Result};
pub use report::{Dates, Headline, Made, Missing, Names, Request, report};
pub use site::MARKER;
