//! What a person can type.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hubcensus_spec::{DateSet, SnapshotDate};

/// Dated snapshots of the Hugging Face Hub's metadata in; typed, checked,
/// documented Parquet tables out.
#[derive(Debug, Parser)]
#[command(
    name = "hubcensus",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  hubcensus sample --models 20000 --dates 2025-09-21..2025-10-01 --out sample
  hubcensus run --source hub-stats --from 'sample/models_{date}.parquet'
  hubcensus show aggregate.entities --where universe=top50 --where period=all_time
  hubcensus query 'SELECT country, count(*) FROM aggregate.entities GROUP BY country'

A SELECTOR names tables: `aggregate` or `aggregate.*` (a stage), `aggregate.sizes_*`,
`aggregate.entities` (one table), `+aggregate.entities` (it and all that it needs),
`enrich.models+` (it and all that needs it). Without one, all tables are meant.

A SET of dates: `2026-08-22`, `2026-08-19..2026-08-22` (both ends included), or several
with commas between.

Exit codes: 0 all is well; 1 something failed or is wrong; 2 the command line is wrong;
3 the pipeline files have mistakes."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What holds for every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The project: the directory that has `pipelines/` [default: the nearest one above]
    #[arg(long, global = true, value_name = "DIR", env = "HUBCENSUS_PROJECT")]
    pub(crate) project: Option<PathBuf>,

    /// Where the tables are: a directory or s3://, gs://, az:// [default: `lake` in the project]
    #[arg(long, global = true, value_name = "ADDRESS", env = "HUBCENSUS_LAKE")]
    pub(crate) lake: Option<String>,

    /// How many processors to use [default: all]
    #[arg(long, global = true, value_name = "N", env = "HUBCENSUS_CORES")]
    pub(crate) cores: Option<usize>,

    /// Say more on standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make tables: read snapshots, run the jobs, check and commit what comes out
    Run(RunArgs),
    /// Say what `run` would do and why, and do nothing
    Plan(RunArgs),
    /// Check the pipeline files and reference tables, every query included
    Check,
    /// Run the tests that stand beside the queries; needs no data
    Test(SelectArgs),
    /// List the tables: what they are, and which snapshots the lake has
    Tables(TablesArgs),
    /// Print the first rows of a table
    Show(ShowArgs),
    /// Run a query by hand over all snapshots; each table has its snapshot_date
    Query(QueryArgs),
    /// Generate snapshots that look like the Hub's, to try the pipeline on
    Sample(SampleArgs),
    /// Read every file of the lake and compare it with its manifest
    Verify,
}

/// What `run` and `plan` take.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Which tables [default: all]
    #[arg(value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,

    /// Read new snapshots from this source; without it, work on what the lake has ingested
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,

    /// Read the source from here: a path or address with `{date}` in it
    #[arg(long, value_name = "LOCATION", requires = "source")]
    pub(crate) from: Option<String>,

    /// Which snapshots [default: all that the source, or else the lake, has]
    #[arg(long, value_name = "SET")]
    pub(crate) dates: Option<DateSet>,

    /// Make tables again that are up to date
    #[arg(long)]
    pub(crate) force: bool,
}

/// What `test` takes.
#[derive(Debug, Args)]
pub(crate) struct SelectArgs {
    /// Which tables [default: all]
    #[arg(value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,
}

/// What `tables` takes.
#[derive(Debug, Args)]
pub(crate) struct TablesArgs {
    /// A table, to see its columns and what they mean
    #[arg(value_name = "TABLE")]
    pub(crate) table: Option<String>,
}

/// What `show` takes.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The table, `aggregate.entities` or `entities`
    pub(crate) table: String,

    /// The snapshot [default: the latest]
    #[arg(long)]
    pub(crate) date: Option<SnapshotDate>,

    /// Only rows whose column has this value; may be repeated
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = pair)]
    pub(crate) filters: Vec<(String, String)>,

    /// How many rows
    #[arg(short = 'n', long, default_value_t = 20)]
    pub(crate) limit: usize,

    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// What `query` takes.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// A query, or `-` to read it from standard input
    pub(crate) sql: String,

    /// How to print the rows
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// What `sample` takes.
#[derive(Debug, Args)]
pub(crate) struct SampleArgs {
    /// How many models on the last date
    #[arg(long, default_value_t = 20_000)]
    pub(crate) models: u64,

    /// The dates of the snapshots
    #[arg(long, value_name = "SET", default_value = "2025-10-01")]
    pub(crate) dates: DateSet,

    /// Another seed, other models
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,

    /// The directory to write to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// The shape of the files
    #[arg(long, value_enum, default_value_t = Shape::HubStats)]
    pub(crate) shape: Shape,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// Comma-separated, with a header
    Csv,
    /// One JSON object a line
    Json,
}

/// The shape of generated snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// `models_{date}.parquet`, as the public hub-stats archive has them
    HubStats,
    /// `models_{date}.generated.jsonl`, as the Hub's API gives them
    ApiItems,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, value)) if !column.is_empty() => Ok((column.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is no condition: expected COLUMN=VALUE")),
    }
}
