//! `hubcensus query`

use std::io::Read as _;

use anyhow::Context as _;

use crate::cli::{Format, Global, QueryArgs};
use crate::console::Console;
use crate::exit::End;
use crate::present;
use crate::present::number::counted;
use crate::workspace;

pub(crate) fn query(global: &Global, console: &Console, args: &QueryArgs) -> anyhow::Result<End> {
    let mut text = args.sql.clone();
    if text == "-" {
        text.clear();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
    }
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global, console).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        let found = hubcensus_engine::query(&resolved, &lake, &text, &args.dates).await?;
        let hint = "--all shows them";
        present::rows(console, &found.rows, args.format, &args.layout, hint)?;
        let rows = counted(found.rows.num_rows() as u64, "row");
        notes(console, args.format, &rows, &found.provenance)
    })
}

/// What is said beside the rows: under a table, and on standard error of what
/// tools read.
pub(crate) fn notes(
    console: &Console,
    format: Format,
    rows: &str,
    found: &hubcensus_engine::Provenance,
) -> anyhow::Result<End> {
    let mut lines = present::provenance(found);
    if format == Format::Table {
        match lines.first_mut().filter(|_| !found.tables.is_empty()) {
            Some(first) => *first = format!("{rows}; {first}"),
            None => lines.insert(0, rows.to_owned()),
        }
    }
    for line in lines {
        if format == Format::Table {
            console.say(line)?;
        } else {
            console.tell(line);
        }
    }
    let damage = present::damage(found);
    for line in &damage {
        console.tell(format!("error: {line}"));
    }
    Ok(if damage.is_empty() {
        End::Well
    } else {
        End::Wrong
    })
}
