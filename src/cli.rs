//! What a person can type.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hubcensus_engine::{Condition, Snapshots};
use hubcensus_spec::{DateSet, SnapshotDate};

/// What names tables, and what names dates.
const NAMES: &str = "\
A SELECTOR names tables: `aggregate` or `aggregate.*` (a stage), `aggregate.sizes_*`,
`aggregate.entities` (one table), `+aggregate.entities` (it and all that it needs),
`enrich.models+` (it and all that needs it). Without one, all tables are meant.

A SET of dates: `2026-08-22`, `2026-08-19..2026-08-22` (both ends included), or several
with commas between.";

/// How commands end.
const ENDS: &str = "\
Exit codes: 0 all is well; 1 something failed or is wrong; 2 the command line is wrong;
3 the pipeline files have mistakes; 130 a run was stopped with Ctrl-C.";

/// How snapshots are taken.
#[cfg(feature = "cloud")]
const CAPTURES: &str = "\
Writes one file for each kind and date, SOURCE/KIND_DATE.jsonl.zst (of an archive .parquet),
the rows as they were received, and beside it a description, .capture.json. `hubcensus run
--source SOURCE` reads them. What was cut off goes on where it stopped when the same command
is run again. HF_TOKEN, if set, is sent to the Hub and nowhere else; with a token the Hub
grants twice as many requests.

Exit codes: 0 all is there; 1 something failed, or the archive lacks a date; 2 the command
line is wrong; 130 stopped with Ctrl-C.";

/// How tables are published.
const PUBLISHES: &str = "\
Writes a file for each table and snapshot, the newest of each table again under a name that
stays (latest/TABLE.parquet), a dataset card (README.md), COLUMNS.md, SCHEMA_CHANGES.md,
croissant.json, datapackage.json, SHA256SUMS, and last publication.json, by which what is
published is known. Dates and tables that were published before and are not chosen, or not in
the lake any more, stay. What was cut off goes on when the same command is run again; until it
has, readers of the card find the last publication.

SELECTOR and SET are as `hubcensus run --help` says.

Exit codes: 0 all is published; 1 something failed, a damaged partition say, and what was
published last is whole; 2 the command line is wrong; 3 the pipeline files have mistakes.";

/// What is said of text on the screen.
const SCREEN: &str = "\
On a screen, characters that would steer the terminal are written out: ESC as \u{241b}, a line
feed as \u{240a}, what has no such picture as \\u{202e}. Numbers are never cut; where a table is
too wide, texts end in \u{2026} and columns are left out, which a line names. In a pipe there is no
limit but COLUMNS. Output as csv and json is the data as it is: of a spreadsheet, mind that
it takes a cell that begins with = + - or @ for a formula.";

fn about_tables() -> String {
    format!(
        "{NAMES}\n\n`hubcensus sources` lists the sources. While a run goes on, Ctrl-C ends it after \
         the\ntables that are being made; the next run goes on from there.\n\n{ENDS}"
    )
}

fn about_all() -> String {
    format!(
        "\
Examples:
  hubcensus sample --models 20000 --dates 2025-09-21,2025-10-01 --out sample
  hubcensus run --source hub-stats --from 'sample/{{table}}_{{date}}.parquet'
  hubcensus summary
  hubcensus show entities --where universe=top50 --where period=all_time
  hubcensus query \"SELECT country, sum(downloads) AS downloads FROM aggregate.entities
      WHERE universe = 'top50' AND period = 'all_time' GROUP BY country ORDER BY 2 DESC\"

{NAMES}

{ENDS}"
    )
}

/// Dated snapshots of the Hugging Face Hub's metadata in; typed, checked,
/// documented Parquet tables out.
#[derive(Debug, Parser)]
#[command(
    name = "hubcensus",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = about_all()
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

    /// Say more on standard error: of a run each step; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Global {
    /// The option by which another command finds the same lake, with a space before it; nothing
    /// for the project's own.
    pub(crate) fn lake_option(&self) -> String {
        let lake = self.lake.iter();
        lake.map(|lake| format!(" --lake {lake}")).collect()
    }
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make tables: read snapshots, run the jobs, check and commit what comes out
    #[command(after_help = about_tables())]
    Run(RunArgs),
    /// Say what `run` would do and why, and do nothing
    #[command(after_help = about_tables())]
    Plan(RunArgs),
    /// Take a snapshot from the Hub itself, or dated ones from an archive of it
    #[cfg(feature = "cloud")]
    #[command(after_help = CAPTURES)]
    Capture(CaptureArgs),
    /// One screen: who leads, from where, and what changed since an earlier snapshot
    Summary(SummaryArgs),
    /// Check the pipeline files and reference tables, every query included
    Check,
    /// Run the tests that stand beside the queries; needs no data
    #[command(after_help = about_tables())]
    Test(SelectArgs),
    /// List the tables: what they are, and which snapshots the lake has
    Tables(TablesArgs),
    /// List the sources that snapshots can be read from: what they are and cover
    Sources(SourcesArgs),
    /// Print the first rows of a table
    #[command(after_help = format!("{SCREEN}\n\n{ENDS}"))]
    Show(ShowArgs),
    /// Run a query by hand over the latest snapshot of each table, or over more
    #[command(after_help = format!("{SCREEN}\n\n{ENDS}"))]
    Query(QueryArgs),
    /// Generate snapshots that look like the Hub's, to try the pipeline on
    Sample(SampleArgs),
    /// Read every file of the lake and compare it with its manifest
    Verify,
    /// Publish tables as a dataset that others load: files, a card, descriptions and sums
    #[command(after_help = PUBLISHES)]
    Publish(PublishArgs),
    /// Draw the tables: a site of figures in a folder, which opens from a file and needs no network
    Report(ReportArgs),
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

    /// Read the source from here: a path or address with `{date}` in it, and `{table}`, for the name of
    /// the table, where the source has several
    #[arg(long, value_name = "LOCATION", requires = "source")]
    pub(crate) from: Option<String>,

    /// Which snapshots [default: all that the source, or else the lake, has]
    #[arg(long, value_name = "SET")]
    pub(crate) dates: Option<DateSet>,

    /// Make tables again that are up to date
    #[arg(long)]
    pub(crate) force: bool,
}

/// What `capture` takes.
#[cfg(feature = "cloud")]
#[derive(Debug, Args)]
pub(crate) struct CaptureArgs {
    /// hub-api (the live Hub), hub-stats (its daily archive) or hub-weekly
    #[arg(value_name = "SOURCE", value_parser = ["hub-api", "hub-stats", "hub-weekly"])]
    pub(crate) source: String,

    /// Which rows: models, datasets, spaces, papers, accounts, with commas between
    #[arg(
        long,
        value_name = "KINDS",
        value_delimiter = ',',
        default_value = "models"
    )]
    pub(crate) kinds: Vec<hubcensus_capture::Kind>,

    /// Which snapshots of an archive; of the live Hub today's alone can be taken
    #[arg(long, value_name = "SET")]
    pub(crate) dates: Option<DateSet>,

    /// Where to put them: a directory, or s3://, gs://, az:// [default: `data/snapshots` in the
    /// project]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<String>,

    /// Where to keep what is under way [default: `_capture` in the directory; of a store, in the
    /// system's temporary directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) work: Option<PathBuf>,

    /// Only the first so many, which is a ranking and no census
    #[arg(long, value_name = "N", conflicts_with_all = ["author", "created_since"])]
    pub(crate) first: Option<u64>,

    /// What the first are first by: downloads, likes or trending
    #[arg(
        long,
        value_name = "MEASURE",
        default_value = "downloads",
        requires = "first"
    )]
    pub(crate) by: hubcensus_capture::Measure,

    /// Only the repositories of one account
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "created_since")]
    pub(crate) author: Option<String>,

    /// Only repositories made on this day (UTC) or later
    #[arg(long, value_name = "DATE")]
    pub(crate) created_since: Option<SnapshotDate>,

    /// Of accounts: those in this file, one a line [default: those whose models have the most
    /// downloads]
    #[arg(long, value_name = "FILE")]
    pub(crate) accounts: Option<PathBuf>,

    /// Of accounts without a file: how many
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) accounts_first: usize,

    /// The address of the Hub
    #[arg(
        long,
        value_name = "URL",
        env = "HF_ENDPOINT",
        default_value = hubcensus_lake::HUB_ENDPOINT
    )]
    pub(crate) endpoint: String,

    /// The archive's repository, where it is a copy or was renamed
    #[arg(long, value_name = "REPO")]
    pub(crate) repo: Option<String>,

    /// Begin anew: what was kept of such a capture, or is there already, is replaced
    #[arg(long)]
    pub(crate) restart: bool,
}

/// What `publish` takes.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// Where to: a directory, or s3://, gs://, az://
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: String,

    /// Which tables [default: those of the stage `aggregate`]
    #[arg(value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,

    /// Which snapshots of the lake: a SET of dates, `latest` or `all`
    #[arg(long, value_name = "SET", default_value = "all")]
    pub(crate) dates: Snapshots,

    /// Keep nothing else: what was published before and is not chosen now is removed
    #[arg(long)]
    pub(crate) only: bool,

    /// What the dataset is called
    #[arg(long, value_name = "TEXT", default_value = "Hub Census")]
    pub(crate) title: String,

    /// What it is about, in a sentence or several
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "Who publishes the models, datasets and spaces of the Hugging Face Hub that are used, \
                         from which country, of which kind, how large they are, how concentrated downloads are, \
                         what is derived from what, and how all of it changes: tables made from dated snapshots \
                         of the Hub's public metadata.",
        hide_default_value = true
    )]
    pub(crate) about: String,
}

/// What `report` takes.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The folder: one that is empty, or the report there, which is replaced when the new one is whole
    #[arg(long, value_name = "DIR", default_value = "site")]
    pub(crate) out: PathBuf,
    /// Which snapshots: a SET of dates, `latest` or `all`
    #[arg(long, value_name = "SET", default_value = "latest")]
    pub(crate) dates: Snapshots,
    /// What the site is called
    #[arg(long, value_name = "TEXT", default_value = "Hub Census")]
    pub(crate) title: String,
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
    /// A stage, or a table to see its columns, what they mean, and how it is made
    #[arg(value_name = "TABLE")]
    pub(crate) table: Option<String>,
}

/// What `sources` takes.
#[derive(Debug, Args)]
pub(crate) struct SourcesArgs {
    /// One source, to see all that is said of it
    #[arg(value_name = "NAME")]
    pub(crate) source: Option<String>,
}

/// What `summary` takes.
#[derive(Debug, Args)]
pub(crate) struct SummaryArgs {
    /// The snapshot [default: the latest]
    #[arg(long)]
    pub(crate) date: Option<SnapshotDate>,
}

/// How a table is laid out on a screen.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct LayoutArgs {
    /// Write each row down the page, a line for each column
    #[arg(short = 'x', long)]
    pub(crate) records: bool,

    /// Every column, even where that is wider than the terminal
    #[arg(long)]
    pub(crate) all: bool,
}

/// What `show` takes.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The table, `aggregate.entities` or `entities`; what is made wins over a reference table
    /// of the same name
    pub(crate) table: String,

    /// The snapshots: a SET of dates, `latest` or `all`; of several, each row has its date
    #[arg(
        long,
        visible_alias = "dates",
        value_name = "SET",
        default_value = "latest"
    )]
    pub(crate) date: Snapshots,

    /// The rows that were set aside on their way into the table, with file, row and reason
    #[arg(long)]
    pub(crate) rejected: bool,

    /// Only rows for which this holds; may be repeated. In place of = also != < <= > >= and
    /// ` like ` (with % for any text, upper and lower case alike)
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub(crate) filters: Vec<Condition>,

    /// Only rows whose `entity` is in this group of `reference.groups`, in upper or lower case
    #[arg(long, value_name = "NAME", conflicts_with = "rejected")]
    pub(crate) group: Option<String>,

    /// Only these columns, in this order, with commas between
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,

    /// In the order of these columns; with - before one, the greatest first
    #[arg(
        long,
        value_name = "COLUMNS",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) sort: Vec<String>,

    /// How many rows, or `all`
    #[arg(short = 'n', long, value_name = "ROWS", default_value = "20", value_parser = limit)]
    pub(crate) limit: Limit,

    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) layout: LayoutArgs,
}

/// What `query` takes.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// A query, or `-` to read it from standard input
    pub(crate) sql: String,

    /// The snapshots that each table has: a SET of dates, `latest` or `all`
    #[arg(long, value_name = "SET", default_value = "latest")]
    pub(crate) dates: Snapshots,

    /// How to print the rows
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) layout: LayoutArgs,
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

    /// Models, and no datasets, spaces, papers and accounts beside them
    #[arg(long)]
    pub(crate) only_models: bool,
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
    /// `models_{date}.parquet` and others, as the public hub-stats archive has them; accounts, which it
    /// does not have, as the Hub's API gives them
    HubStats,
    /// `models_{date}.generated.jsonl` and others, as the Hub's API gives them
    ApiItems,
}

/// How many rows at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) Option<usize>);

fn limit(text: &str) -> Result<Limit, String> {
    match text {
        "all" => Ok(Limit(None)),
        number => number
            .parse()
            .map(|rows| Limit(Some(rows)))
            .map_err(|_| "expected a number of rows, or `all`".to_owned()),
    }
}
