//! `hubcensus report`

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array as _, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use hubcensus_engine::{Resolved, Snapshots};
use hubcensus_lake::Lake;
use hubcensus_report::{Dates, Headline, Made, Names, Request};
use hubcensus_spec::{Scalar, TableName};

use crate::cli::{Global, ReportArgs};
use crate::console::Console;
use crate::exit::End;
use crate::present;
use crate::present::number::{bytes, counted};
use crate::workspace;

/// The sections of the figures, in the order in which a reader asks.
const SECTIONS: [&str; 8] = [
    "Overview",
    "Who",
    "What",
    "How large",
    "How popular",
    "How it grows",
    "What is built on what",
    "Beyond models",
];
/// The table with what each snapshot covers, and the one with the numbers above all others.
const COVERAGE: (&str, &str) = ("aggregate", "snapshots");
const TOTALS: (&str, &str) = ("aggregate", "hub_totals");
/// Its numbers, and what they count; `{}` is the period.
const NUMBERS: [(&str, &str); 6] = [
    ("models", "models"),
    ("accounts", "accounts"),
    ("entities", "entities"),
    ("downloads", "downloads, {}"),
    ("likes", "likes"),
    (
        "top50_entities_share",
        "% of these downloads that the 50 leading entities have",
    ),
];
/// Reasons for figures that are not drawn that are told; the site has all.
const TOLD: usize = 12;

pub(crate) fn report(global: &Global, console: &Console, args: &ReportArgs) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global, console).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        let names = names(&resolved, &lake).await?;
        let request = Request {
            project: &resolved.project,
            dates: match &args.dates {
                Snapshots::All => Dates::All,
                Snapshots::Latest => Dates::Latest,
                Snapshots::Of(dates) => Dates::Of(dates.clone()),
            },
            title: &args.title,
            sections: &SECTIONS,
            coverage: TableName::new(COVERAGE.0, COVERAGE.1).ok(),
            headline: headline(),
            names: &names,
        };
        let made = hubcensus_report::report(&lake, &args.out, &request).await?;
        tell(console, args, &made)?;
        Ok(End::Well)
    })
}

fn headline() -> Option<Headline> {
    let one = |text: &str| vec![Scalar::Utf8(text.to_owned())];
    let periods = ["all_time", "last_30d"].map(|text| Scalar::Utf8(text.to_owned()));
    let filters = [
        ("kind", one("models")),
        ("universe", one("all")),
        ("period", periods.to_vec()),
    ];
    let columns = NUMBERS.map(|(column, unit)| (column.to_owned(), unit.to_owned()));
    Some(Headline {
        table: TableName::new(TOTALS.0, TOTALS.1).ok()?,
        filters: filters
            .map(|(column, values)| (column.to_owned(), values))
            .to_vec(),
        measure: "downloads".to_owned(),
        columns: columns.to_vec(),
    })
}

/// The names that charts take from reference tables.
async fn names(resolved: &Resolved, lake: &Lake) -> anyhow::Result<Names> {
    let project = &resolved.project;
    let charts = project.jobs.iter().flat_map(|job| &job.charts);
    let wanted = charts.flat_map(|chart| &chart.names);
    let wanted: BTreeSet<&(TableName, String)> = wanted.map(|(_, name)| &name.value).collect();
    let mut names = Names::new();
    for reference in wanted {
        let (table, column) = reference;
        let Some(found) = project.table(table) else {
            continue;
        };
        let Some(key) = found.contract().key.first() else {
            continue;
        };
        let sql = format!("SELECT CAST({key} AS VARCHAR), {column} FROM {table}");
        let rows = hubcensus_engine::query(resolved, lake, &sql, &Snapshots::Latest).await?;
        names.insert(reference.clone(), pairs(&rows.rows));
    }
    Ok(names)
}

/// The values of the first column, and beside them those of the second.
fn pairs(rows: &RecordBatch) -> BTreeMap<String, String> {
    let options = FormatOptions::new();
    let [key, name] = rows.columns() else {
        return BTreeMap::new();
    };
    let (Ok(keys), Ok(values)) = (
        ArrayFormatter::try_new(key, &options),
        ArrayFormatter::try_new(name, &options),
    ) else {
        return BTreeMap::new();
    };
    (0..rows.num_rows())
        .filter(|row| !name.is_null(*row))
        .map(|row| (keys.value(row).to_string(), values.value(row).to_string()))
        .collect()
}

fn tell(console: &Console, args: &ReportArgs, made: &Made) -> anyhow::Result<()> {
    let out = args.out.display();
    let (files, size) = made.files;
    console.say(format!(
        "drew {} of {} into {out}: {}, {}",
        counted(made.figures, "figure"),
        present::dates(&made.dates.iter().rev().copied().collect::<Vec<_>>()),
        counted(files, "file"),
        bytes(size)
    ))?;
    for missing in made.missing.iter().take(TOLD) {
        console.say(format!(
            "  not drawn {} of {}: {}",
            missing.table,
            missing.date,
            present::brief(&missing.why, 160)
        ))?;
    }
    if made.missing.len() > TOLD {
        let more = made.missing.len() - TOLD;
        console.say(format!("  not drawn {more} more, which the pages name"))?;
    }
    console.say(format!(
        "  open      {}",
        args.out.join("index.html").display()
    ))?;
    if let Some(note) = &made.generated {
        console.say(present::generated(note))?;
    }
    Ok(())
}
