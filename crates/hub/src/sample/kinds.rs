//! Generated datasets, spaces, papers and accounts, beside the models of the same seed and scale.
//!
//! A repository's state is a function of the seed, the number of models, its place among those of
//! its kind and the date. Repositories are numbered by when they were made; none is deleted.

mod cells;
mod facts;
mod rows;

#[cfg(test)]
mod tests;

use std::io::Write;

use chrono::{Datelike, NaiveDate};
use parquet::arrow::ArrowWriter;

use super::error::SampleError;
use super::{BATCH_ROWS, SampleSpec, Shape, encode};
use cells::{Batch, Field};
pub use facts::{KindFacts, KindTexts};
use rows::World;

/// A kind of rows beside models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Repositories of data.
    Datasets,
    /// Repositories of applications.
    Spaces,
    /// Papers that were submitted to the daily papers.
    Papers,
    /// What the Hub says of accounts.
    AccountFacts,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Datasets,
        Self::Spaces,
        Self::Papers,
        Self::AccountFacts,
    ];

    /// What the kind's files and its ingest table are called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Datasets => "datasets",
            Self::Spaces => "spaces",
            Self::Papers => "papers",
            Self::AccountFacts => "account_facts",
        }
    }

    /// In which shape the kind is written where `shape` is asked for: the archive has no accounts.
    #[must_use]
    pub fn shape(self, shape: Shape) -> Shape {
        match self {
            Self::AccountFacts => Shape::ApiItems,
            _ => shape,
        }
    }

    fn fields(self) -> &'static [Field] {
        match self {
            Self::Datasets => rows::DATASETS,
            Self::Spaces => rows::SPACES,
            Self::Papers => rows::PAPERS,
            Self::AccountFacts => rows::ACCOUNTS,
        }
    }
}

/// Writes the rows of a kind on one date and returns their number, in the shape that
/// [`Kind::shape`] says.
///
/// # Errors
/// [`SampleError::TooFewModels`] and [`SampleError::TooEarly`] as of the models; facts that are
/// absent; `out` cannot be written.
pub fn write_kind(
    spec: &SampleSpec,
    facts: &KindFacts,
    kind: Kind,
    date: NaiveDate,
    shape: Shape,
    mut out: impl Write + Send,
) -> Result<u64, SampleError> {
    let world = World::new(spec, facts, i64::from(date.num_days_from_ce()))?;
    let fields = kind.fields();
    let mut batch = Batch::new(fields);
    let mut count = 0;
    if kind.shape(shape) == Shape::ApiItems {
        let mut lines = String::new();
        world.each(kind, &mut |row| {
            count += 1;
            cells::line(fields, &row, &mut lines);
            if lines.len() > 1 << 20 {
                out.write_all(lines.as_bytes())?;
                lines.clear();
            }
            Ok(())
        })?;
        out.write_all(lines.as_bytes())?;
        out.flush()?;
        return Ok(count);
    }
    let properties = encode::properties(date)?;
    let mut writer = ArrowWriter::try_new(out, cells::schema(fields), Some(properties))?;
    world.each(kind, &mut |row| {
        count += 1;
        batch.push(row);
        if batch.len() == BATCH_ROWS {
            writer.write(&batch.finish()?)?;
        }
        Ok(())
    })?;
    if batch.len() > 0 {
        writer.write(&batch.finish()?)?;
    }
    writer.close()?;
    Ok(count)
}
