//! `hubcensus show`

use hubcensus_engine::ShowRequest;

use crate::cli::{Format, Global, ShowArgs};
use crate::console::Console;
use crate::exit::End;
use crate::present;
use crate::present::number::{count, counted};
use crate::verbs::query;
use crate::workspace;

pub(crate) fn show(global: &Global, console: &Console, args: &ShowArgs) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global, console).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        let sort = args
            .sort
            .iter()
            .map(|column| match column.strip_prefix('-') {
                Some(column) => (column.to_owned(), true),
                None => (column.clone(), false),
            });
        let request = ShowRequest {
            table: args.table.clone(),
            rejected: args.rejected,
            snapshots: args.date.clone(),
            conditions: args.filters.clone(),
            columns: args.columns.clone(),
            sort: sort.collect(),
            limit: args.limit.0,
        };
        let shown = hubcensus_engine::show(&resolved, &lake, &request).await?;
        let found = &shown.provenance;
        let skipped = found.tables.iter().any(|table| !table.skipped.is_empty());
        if skipped && shown.total == 0 && args.format == Format::Table {
            for line in present::provenance(found).into_iter().skip(1) {
                console.say(line)?;
            }
            return Ok(End::Well);
        }
        let hint = "--all shows them, --columns picks";
        present::rows(console, &shown.rows, args.format, &args.layout, hint)?;
        let first = count(shown.rows.num_rows() as u64);
        let rows = format!("{first} of {}", counted(shown.total, "row"));
        let rows = if args.rejected {
            format!("{rows} set aside")
        } else {
            rows
        };
        let end = query::notes(console, args.format, &rows, found)?;
        for hint in &shown.hints {
            console.tell(hint);
        }
        Ok(end)
    })
}
