//! `hubcensus summary`: what there is, on one screen.

use std::collections::BTreeMap;

use anyhow::Context as _;
use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type};
use hubcensus_engine::{Queried, Resolved, Snapshots};
use hubcensus_lake::Lake;
use hubcensus_spec::{DateSet, SnapshotDate};

use crate::cli::{Global, SummaryArgs};
use crate::console::Console;
use crate::escape;
use crate::exit::End;
use crate::present;
use crate::present::grid::{self, Column, Kind, Layout};
use crate::present::number::{bar, count, counted, percent, points, thousands};
use crate::workspace;

/// The widest bar.
const BAR: usize = 8;

/// Rows of the parts.
const LEADERS: usize = 10;
const PLACES: usize = 6;
const MOVERS: usize = 5;

const TOTALS: &str = "
    SELECT period, models, entities, downloads FROM aggregate.hub_totals
    WHERE kind = 'models' AND universe = 'all' ORDER BY period LIMIT 1";

/// Nothing of a census, which is all there is.
const PART: &str = "
    SELECT coverage, part FROM aggregate.snapshots
    WHERE kind = 'models' AND coverage <> 'census'";

const PREVIOUS: &str = "
    SELECT entity, rank, previous_rank, previous_date, gained,
           gained_by_kept, gained_by_new, entered, lost_with_gone
    FROM aggregate.momentum
    WHERE unit = 'entity' AND scheme = 'all' AND period = '{period}'
    ORDER BY rank";

const ENTITIES: &str = "
    SELECT rank, entity, entity_type, country, downloads, downloads_share
    FROM aggregate.entities WHERE universe = 'all' AND period = '{period}'
    ORDER BY rank LIMIT 10";

const COUNTRIES: &str = "
    SELECT place, entities, downloads, downloads_share
    FROM aggregate.geography
    WHERE universe = 'all' AND period = '{period}' AND attribution = 'publisher'
      AND level = 'country'
    ORDER BY downloads DESC, place LIMIT 6";

const COUNTRY_CHANGES: &str = "
    SELECT place, share_gained FROM aggregate.geography_changes
    WHERE universe = 'all' AND period = '{period}' AND attribution = 'publisher'
      AND level = 'country' AND share_gained IS NOT NULL
      AND previous_date = (SELECT min(previous_date) FROM aggregate.momentum)";

pub(crate) fn summary(
    global: &Global,
    console: &Console,
    args: &SummaryArgs,
) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global, console).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        let asked = match args.date.and_then(|date| DateSet::new([date])) {
            Some(date) => Snapshots::Of(date),
            None => Snapshots::Latest,
        };
        let totals = hubcensus_engine::query(&resolved, &lake, TOTALS, &asked).await?;
        let read = totals.provenance.tables.first();
        let date = read.and_then(|table| table.dates.last().copied());
        let Some(date) = date.filter(|_| totals.rows.num_rows() > 0) else {
            for line in present::provenance(&totals.provenance) {
                console.say(line)?;
            }
            console.say("There is nothing to sum up.")?;
            return Ok(End::Well);
        };
        let screen = Screen {
            resolved: &resolved,
            lake: &lake,
            date,
            period: text(&totals.rows, "period", 0).context("a period")?,
        };
        for line in screen.lines(console, &totals).await? {
            console.say(line)?;
        }
        for line in next(global) {
            console.say(line)?;
        }
        Ok(End::Well)
    })
}

/// The summary of one snapshot.
struct Screen<'a> {
    resolved: &'a Resolved,
    lake: &'a Lake,
    date: SnapshotDate,
    period: String,
}

impl Screen<'_> {
    /// The rows of a query; none where the project, the lake or the snapshot
    /// does not have its tables.
    async fn rows(&self, sql: &str) -> Option<RecordBatch> {
        let sql = sql.replace("{period}", &self.period);
        let dates = Snapshots::Of(DateSet::new([self.date])?);
        let found = hubcensus_engine::query(self.resolved, self.lake, &sql, &dates).await;
        match found {
            Ok(found) if found.rows.num_rows() > 0 => Some(found.rows),
            Ok(_) => None,
            Err(error) => {
                tracing::info!("left out of the summary: {error}");
                None
            }
        }
    }

    async fn lines(&self, console: &Console, totals: &Queried) -> anyhow::Result<Vec<String>> {
        let entities = self.rows(ENTITIES).await;
        let before = self.rows(PREVIOUS).await;
        let mut lines = self.sentence(totals, entities.as_ref(), console);
        if let Some(part) = self.rows(PART).await {
            let coverage = text(&part, "coverage", 0).unwrap_or_default();
            let part = text(&part, "part", 0).unwrap_or_default();
            let covered = format!("A {coverage}, not all of the Hub: {part}.");
            lines.extend(grid::prose(&covered, "", console.width()));
        }
        if let Some(entities) = &entities {
            lines.push(String::new());
            lines.extend(leaders(entities, before.as_ref(), console));
        }
        if let Some(countries) = self.rows(COUNTRIES).await {
            let changes = self.rows(COUNTRY_CHANGES).await;
            lines.push(String::new());
            lines.extend(places(&countries, changes.as_ref(), console));
        }
        if let Some(before) = &before {
            lines.push(String::new());
            lines.extend(changes(before, console));
        }
        Ok(lines)
    }

    /// Date, source, models, entities, downloads, and the share of the first.
    fn sentence(
        &self,
        totals: &Queried,
        entities: Option<&RecordBatch>,
        console: &Console,
    ) -> Vec<String> {
        let found = &totals.provenance;
        let whole = |name: &str| whole(&totals.rows, name, 0).unwrap_or(0);
        let mut sentence = format!("{}", self.date);
        if !found.sources.is_empty() {
            sentence.push_str(&format!(", {}", found.sources.join(" and ")));
        }
        if found.generated.is_some() {
            sentence.push_str(", generated");
        }
        sentence.push_str(&format!(
            ": {} of {} with {} downloads {}",
            counted(whole("models"), "model"),
            counted(whole("entities"), "entity"),
            thousands(whole("downloads")),
            match self.period.as_str() {
                "last_30d" => "in 30 days",
                _ => "in all",
            },
        ));
        if let Some(entities) = entities.filter(|entities| entities.num_rows() == LEADERS) {
            let shares = (0..LEADERS).filter_map(|row| share(entities, "downloads_share", row));
            sentence.push_str(&format!(
                "; the first ten entities have {}",
                percent(shares.sum())
            ));
        }
        sentence.push('.');
        let mut lines = grid::prose(&sentence, "", console.width());
        if let Some(note) = &found.generated {
            lines.extend(grid::prose(&present::generated(note), "", console.width()));
        }
        lines
    }
}

fn laid_out(columns: &[Column], console: &Console) -> Vec<String> {
    let layout = Layout {
        width: console.width(),
        keep_constants: true,
        ..Layout::default()
    };
    grid::lines(columns, layout)
}

fn leaders(entities: &RecordBatch, before: Option<&RecordBatch>, console: &Console) -> Vec<String> {
    let rows = 0..entities.num_rows();
    let texts = |name: &'static str| -> Vec<String> {
        rows.clone()
            .map(|row| text(entities, name, row).unwrap_or_else(|| "–".to_owned()))
            .collect()
    };
    let numbers = |name: &'static str| -> Vec<String> {
        rows.clone()
            .map(|row| whole(entities, name, row).map_or("–".to_owned(), thousands))
            .collect()
    };
    let names = texts("entity");
    let mut columns = vec![
        Column::new("rank", Kind::Number, numbers("rank")),
        Column::new("entity", Kind::Text, names.clone()),
        Column::new("kind", Kind::Text, texts("entity_type")),
        Column::new("country", Kind::Whole, texts("country")),
        Column::new("downloads", Kind::Number, numbers("downloads")),
        shares(entities, "downloads_share"),
    ];
    if let Some(before) = before {
        let ranks: BTreeMap<String, (i64, Option<i64>)> = (0..before.num_rows())
            .filter_map(|row| {
                let entity = text(before, "entity", row)?;
                let rank = whole(before, "rank", row)?;
                Some((entity, (rank, whole(before, "previous_rank", row))))
            })
            .collect();
        let moved = names.iter().map(|name| match ranks.get(name) {
            Some((rank, Some(previous))) => match previous - rank {
                0 => "=".to_owned(),
                up @ 1.. => format!("▲ {up}"),
                down => format!("▼ {}", -down),
            },
            Some((_, None)) => "new".to_owned(),
            None => String::new(),
        });
        columns.push(Column::new("since", Kind::Whole, moved.collect()));
    }
    laid_out(&columns, console)
}

/// Shares in percent, each with a bar, the longest for the greatest.
fn shares(rows: &RecordBatch, name: &str) -> Column {
    let shares: Vec<f64> = (0..rows.num_rows())
        .map(|row| share(rows, name, row).unwrap_or(0.0))
        .collect();
    let most = shares.iter().fold(0.0_f64, |most, share| most.max(*share));
    let cells = shares
        .iter()
        .map(|share| format!("{:>7} {}", percent(*share), bar(*share, most, BAR)));
    Column::new("  share", Kind::Whole, cells.collect())
}

fn places(
    countries: &RecordBatch,
    changes: Option<&RecordBatch>,
    console: &Console,
) -> Vec<String> {
    let rows = 0..countries.num_rows().min(PLACES);
    let names: Vec<String> = rows
        .clone()
        .filter_map(|row| text(countries, "place", row))
        .collect();
    let number = |name: &str| -> Vec<String> {
        rows.clone()
            .map(|row| whole(countries, name, row).map_or("–".to_owned(), thousands))
            .collect()
    };
    let mut columns = vec![
        Column::new("country", Kind::Text, names.clone()),
        Column::new("entities", Kind::Number, number("entities")),
        Column::new("downloads", Kind::Number, number("downloads")),
        shares(countries, "downloads_share"),
    ];
    if let Some(changes) = changes {
        let gained: BTreeMap<String, f64> = (0..changes.num_rows())
            .filter_map(|row| {
                let place = text(changes, "place", row)?;
                Some((place, share(changes, "share_gained", row)?))
            })
            .collect();
        let gained = names.iter().map(|name| {
            let gained = gained.get(name);
            gained.map_or_else(String::new, |gained| points(*gained))
        });
        columns.push(Column::new("since", Kind::Number, gained.collect()));
    }
    laid_out(&columns, console)
}

/// What changed since the date before: five gains, five losses, and who is new.
fn changes(before: &RecordBatch, console: &Console) -> Vec<String> {
    let mut moves: Vec<(i64, usize)> = (0..before.num_rows())
        .filter_map(|row| Some((whole(before, "gained", row)?, row)))
        .collect();
    moves.sort_by_key(|(gained, row)| (std::cmp::Reverse(*gained), *row));
    let date = before
        .column_by_name("previous_date")
        .and_then(|dates| dates.as_primitive_opt::<Date32Type>())
        .filter(|dates| dates.is_valid(0))
        .and_then(|dates| SnapshotDate::from_days_since_epoch(dates.value(0)));
    let name = |row: usize| text(before, "entity", row).unwrap_or_default();
    let told = |(gained, row): &(i64, usize)| {
        let sign = if *gained > 0 { "+" } else { "" };
        format!(
            "{} {sign}{}{}",
            name(*row),
            thousands(*gained),
            why(before, *row)
        )
    };
    let gains = moves.iter().filter(|(gained, _)| *gained > 0);
    let gains: Vec<String> = gains.take(MOVERS).map(told).collect();
    let losses = moves.iter().rev().filter(|(gained, _)| *gained < 0);
    let losses: Vec<String> = losses.take(MOVERS).map(told).collect();
    let is_new = |row: &usize| whole(before, "previous_rank", *row).is_none();
    let new: Vec<usize> = (0..before.num_rows()).filter(is_new).collect();
    let mut names: Vec<String> = new.iter().take(MOVERS).map(|row| name(*row)).collect();
    if new.len() > MOVERS {
        names.push(format!("{} more", count((new.len() - MOVERS) as u64)));
    }
    let mut lines = vec![match date {
        Some(date) => format!("since {date}, in downloads:"),
        None => "since the snapshot before, in downloads:".to_owned(),
    }];
    for (what, of) in [("gained", gains), ("lost", losses), ("new", names)] {
        let none = vec!["none".to_owned()];
        let of = if of.is_empty() { &none } else { &of };
        let room = console.width().map(|width| width.saturating_sub(10));
        for (at, line) in grid::wrap(of, ", ", "", room).into_iter().enumerate() {
            let head = if at == 0 { what } else { "" };
            lines.push(format!("  {head:<8}{line}"));
        }
    }
    lines
}

/// What a gain or loss mostly comes from, where it is not from the models that
/// were there before.
fn why(before: &RecordBatch, row: usize) -> &'static str {
    let parts = [
        ("gained_by_kept", ""),
        ("gained_by_new", " (new models)"),
        ("entered", " (entered the list)"),
        ("lost_with_gone", " (models gone)"),
    ];
    let size = |(name, _): &(&str, &str)| whole(before, name, row).unwrap_or(0).unsigned_abs();
    let greatest = parts.iter().max_by_key(|part| size(part));
    greatest.map_or("", |(_, why)| why)
}

/// What to type next.
fn next(global: &Global) -> Vec<String> {
    let program = std::env::args().next();
    let program = program.unwrap_or_else(|| "hubcensus".to_owned());
    let lake = global.lake_option();
    let command = |rest: &str| format!("{program} {rest}{lake}");
    vec![
        String::new(),
        "next:".to_owned(),
        format!("  {}", command("tables")),
        format!("  {}", command("show entity_profiles -n 1 -x")),
        format!(
            "  {}",
            command("show momentum --sort -gained --where unit=entity --where size_class=all")
        ),
    ]
}

fn text(rows: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = rows.column_by_name(name)?.as_string_opt::<i32>()?;
    let is_there = row < column.len() && column.is_valid(row);
    is_there.then(|| escape::line(column.value(row)).into_owned())
}

fn whole(rows: &RecordBatch, name: &str, row: usize) -> Option<i64> {
    let column = rows.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
    (row < column.len() && column.is_valid(row)).then(|| column.value(row))
}

fn share(rows: &RecordBatch, name: &str, row: usize) -> Option<f64> {
    let column = rows
        .column_by_name(name)?
        .as_primitive_opt::<Float64Type>()?;
    (row < column.len() && column.is_valid(row)).then(|| column.value(row))
}
