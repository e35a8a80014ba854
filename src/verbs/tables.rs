//! `hubcensus tables`

use hubcensus_engine::{PartitionInfo, TableInfo};
use hubcensus_spec::SnapshotDate;

use crate::cli::{Global, TablesArgs};
use crate::console::Console;
use crate::exit::End;
use crate::present;
use crate::present::grid::{self, Column, Kind, Layout};
use crate::present::number::{bytes, count, counted};
use crate::workspace;

pub(crate) fn tables(global: &Global, console: &Console, args: &TablesArgs) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global, console).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        // What tables there are can be asked before there is a lake, but not of one that is named
        // and is none.
        if global.lake.is_some() {
            lake.require().await?;
        }
        let tables = hubcensus_engine::tables(&resolved, &lake).await?;
        let stages = stages(&tables);
        match &args.table {
            None => list(console, &tables, &stages)?,
            Some(stage) if stages.contains(&stage.as_str()) => {
                list(console, &tables, &[stage.as_str()])?;
            }
            Some(name) => {
                let name = hubcensus_engine::find_table(&resolved, name)?;
                if let Some(table) = tables.iter().find(|table| table.name == name) {
                    describe(console, table)?;
                }
            }
        }
        Ok(End::Well)
    })
}

/// The stages in the order of the data's way: that of their last tables.
fn stages<'a>(tables: &'a [TableInfo<'_>]) -> Vec<&'a str> {
    let mut stages: Vec<&str> = Vec::new();
    for table in tables.iter().rev() {
        if !stages.contains(&table.name.stage()) {
            stages.push(table.name.stage());
        }
    }
    stages.reverse();
    stages
}

fn list(console: &Console, tables: &[TableInfo<'_>], stages: &[&str]) -> anyhow::Result<()> {
    for (at, stage) in stages.iter().enumerate() {
        let mut of_stage: Vec<&TableInfo<'_>> = tables
            .iter()
            .filter(|table| table.name.stage() == *stage)
            .collect();
        of_stage.sort_by_key(|table| (table.is_intermediate, table.name.to_string()));
        if at > 0 {
            console.say("")?;
        }
        let there = of_stage.iter().map(|table| there(table));
        let latest: Vec<String> = there
            .clone()
            .map(|there| {
                let last = there.last();
                last.map_or(String::new(), |p| format!("{} ({})", p.date, there.len()))
            })
            .collect();
        let rows = of_stage.iter().zip(there).map(|(table, there)| {
            let latest = there.last().map(|partition| partition.rows);
            table.rows.or(latest).map(count).unwrap_or_default()
        });
        let columns = [
            Column::new(
                "table",
                Kind::Whole,
                of_stage
                    .iter()
                    .map(|table| table.name.to_string())
                    .collect(),
            ),
            Column::new("rows", Kind::Number, rows.collect()),
            Column::new("latest (snapshots)", Kind::Whole, latest),
            Column::new(
                "what a row is",
                Kind::Text,
                of_stage
                    .iter()
                    .map(|table| present::first_sentence(table.description))
                    .collect(),
            ),
        ];
        // Reference tables have no snapshots.
        let has_dates = columns[2].cells.iter().any(|cell| !cell.is_empty());
        let columns: Vec<Column> = columns
            .into_iter()
            .filter(|column| has_dates || !column.name.starts_with("latest"))
            .collect();
        let layout = Layout {
            width: console.width(),
            ..Layout::default()
        };
        for line in grid::lines(&columns, layout) {
            console.say(line)?;
        }
    }
    let dates: Vec<SnapshotDate> = tables
        .iter()
        .flat_map(|table| table.partitions.iter().map(|partition| partition.date))
        .collect();
    if let Some(note) = present::generated_of(tables, &dates) {
        console.say(format!("\n{note}"))?;
    }
    Ok(())
}

fn there<'a>(table: &'a TableInfo<'_>) -> Vec<&'a PartitionInfo> {
    let partitions = table.partitions.iter();
    partitions
        .filter(|partition| partition.skipped.is_none())
        .collect()
}

fn describe(console: &Console, table: &TableInfo<'_>) -> anyhow::Result<()> {
    let width = console.width();
    console.say(table.name.to_string())?;
    for line in grid::prose(table.description, "", width) {
        console.say(line)?;
    }
    let key: Vec<&str> = table
        .contract
        .key
        .iter()
        .map(|column| column.value.as_str())
        .collect();
    console.say(format!("\none row for each: {}\n", key.join(", ")))?;
    let columns = &table.contract.columns;
    let field = |name: &str, kind: Kind, cells: Vec<String>| Column::new(name, kind, cells);
    let null = |nullable: bool| if nullable { "yes" } else { "" }.to_owned();
    let described = [
        field(
            "column",
            Kind::Whole,
            columns.iter().map(|c| c.name.value.clone()).collect(),
        ),
        field(
            "type",
            Kind::Whole,
            columns.iter().map(|c| c.data_type.to_string()).collect(),
        ),
        field(
            "null",
            Kind::Whole,
            columns.iter().map(|c| null(c.nullable)).collect(),
        ),
    ];
    let meanings: Vec<String> = columns.iter().map(|c| one_line(&c.description)).collect();
    described_columns(console, &described, &meanings)?;
    console.say("\nEach file has a column `observed_date` besides: the snapshot's date, for readers that lose the path.\n")?;
    say_list(console, "defined in", &[table.file.to_owned()])?;
    let data: Vec<String> = table.data.iter().map(|data| (*data).to_owned()).collect();
    say_list(console, "its rows are in", &data)?;
    let names = |tables: &[hubcensus_spec::TableName]| -> Vec<String> {
        tables.iter().map(ToString::to_string).collect()
    };
    let sources: Vec<String> = table.sources.iter().map(|s| (*s).to_owned()).collect();
    say_list(console, "sources", &sources)?;
    say_list(console, "made from", &names(&table.inputs))?;
    say_list(console, "read by", &names(&table.readers))?;
    if !table.partitions.is_empty() {
        console.say("")?;
    }
    for partition in &table.partitions {
        console.say(partition_line(partition))?;
    }
    if let Some(query) = table.query {
        console.say("\nthe query:\n")?;
        for line in query.trim_end().lines() {
            console.say(format!("    {line}").trim_end())?;
        }
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Columns and their meanings, which are wrapped and never cut.
fn described_columns(
    console: &Console,
    columns: &[Column],
    meanings: &[String],
) -> anyhow::Result<()> {
    let layout = Layout {
        keep_constants: true,
        ..Layout::default()
    };
    let shown = grid::lines(columns, layout);
    let widest = shown.iter().map(|line| line.chars().count()).max();
    let before = widest.unwrap_or(0) + 2;
    let room = console.width().map(|width| width.saturating_sub(before));
    // Where there is hardly any room beside the columns, below them.
    let beside = room.is_none_or(|room| room >= 24);
    for (at, line) in shown.iter().enumerate() {
        let heads = ["meaning", "───────"];
        let Some(meaning) = at
            .checked_sub(heads.len())
            .and_then(|row| meanings.get(row))
        else {
            let head = if beside { heads.get(at).copied() } else { None };
            let blanks = " ".repeat(before - line.chars().count());
            let text = format!("{line}{blanks}{}", head.unwrap_or_default());
            console.say(text.trim_end())?;
            continue;
        };
        if beside {
            let mut lines = grid::prose(meaning, "", room).into_iter();
            let blanks = " ".repeat(before - line.chars().count());
            let first = format!("{line}{blanks}{}", lines.next().unwrap_or_default());
            console.say(first.trim_end())?;
            for rest in lines {
                console.say(format!("{}{rest}", " ".repeat(before)))?;
            }
        } else {
            console.say(line)?;
            for rest in grid::prose(meaning, "    ", console.width()) {
                console.say(rest)?;
            }
        }
    }
    Ok(())
}

fn say_list(console: &Console, what: &str, names: &[String]) -> anyhow::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let before = format!("{what}: ");
    for line in grid::wrap(names, ", ", &before, console.width()) {
        console.say(line)?;
    }
    Ok(())
}

fn partition_line(partition: &PartitionInfo) -> String {
    let date = partition.date;
    if let Some(reason) = &partition.skipped {
        return format!("{date}  skipped: {reason}");
    }
    let source = partition.source.as_ref();
    format!(
        "{date}  {}, {}{}{}",
        counted(partition.rows, "row"),
        bytes(partition.bytes),
        source.map(|s| format!(", from {s}")).unwrap_or_default(),
        if partition.generated.is_some() {
            ", generated data"
        } else {
            ""
        }
    )
}
