//! `hubcensus tables`

use anyhow::bail;
use comfy_table::{Cell, CellAlignment};
use hubcensus_engine::{PartitionInfo, TableInfo};
use hubcensus_spec::did_you_mean;

use crate::cli::{Global, TablesArgs};
use crate::exit::End;
use crate::present;
use crate::workspace;

pub(crate) fn tables(global: &Global, args: &TablesArgs) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        // What tables there are can be asked before there is a lake, but not of one that is named
        // and is none.
        if global.lake.is_some() {
            lake.require().await?;
        }
        let tables = hubcensus_engine::tables(&resolved, &lake).await?;
        match &args.table {
            None => list(&tables),
            Some(name) => {
                let found = tables
                    .iter()
                    .find(|table| table.name.to_string() == *name || table.name.table() == name);
                let Some(table) = found else {
                    let names: Vec<String> =
                        tables.iter().map(|table| table.name.to_string()).collect();
                    let hint = did_you_mean(name, names.iter().map(String::as_str));
                    bail!(
                        "no table `{name}`{}",
                        hint.map(|h| format!("; {h}")).unwrap_or_default()
                    );
                };
                describe(table);
            }
        }
        Ok(End::Well)
    })
}

fn list(tables: &[TableInfo<'_>]) {
    let mut printed = present::plain_table();
    printed.set_header(["table", "snapshots", "rows", "what a row is"]);
    for table in tables {
        let there: Vec<&PartitionInfo> = table
            .partitions
            .iter()
            .filter(|partition| partition.skipped.is_none())
            .collect();
        let dates = match there.as_slice() {
            [] => String::new(),
            [one] => one.date.to_string(),
            [first, .., last] => format!("{} … {} ({})", first.date, last.date, there.len()),
        };
        let rows = there.last().map(|partition| present::count(partition.rows));
        printed.add_row([
            Cell::new(table.name.to_string()),
            Cell::new(dates),
            Cell::new(rows.unwrap_or_default()).set_alignment(CellAlignment::Right),
            Cell::new(first_sentence(table.description)),
        ]);
    }
    println!("{printed}");
}

fn first_sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => line,
    }
}

fn describe(table: &TableInfo<'_>) {
    println!("{}", table.name);
    println!("{}\n", table.description.trim());
    let key: Vec<&str> = table
        .contract
        .key
        .iter()
        .map(|column| column.value.as_str())
        .collect();
    println!("one row for each: {}\n", key.join(", "));
    let mut printed = present::plain_table();
    printed.set_header(["column", "type", "null", "meaning"]);
    for column in &table.contract.columns {
        printed.add_row([
            column.name.value.clone(),
            column.data_type.to_string(),
            if column.nullable { "yes" } else { "" }.to_owned(),
            column
                .description
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        ]);
    }
    println!("{printed}\n");
    for partition in &table.partitions {
        match &partition.skipped {
            Some(reason) => println!("{}  skipped: {reason}", partition.date),
            None => println!(
                "{}  {} rows, {}{}{}",
                partition.date,
                present::count(partition.rows),
                present::bytes(partition.bytes),
                partition
                    .source
                    .as_ref()
                    .map(|s| format!(", from {s}"))
                    .unwrap_or_default(),
                if partition.generated.is_some() {
                    ", generated data"
                } else {
                    ""
                }
            ),
        }
    }
}
