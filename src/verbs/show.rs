//! `hubcensus show`

use anyhow::bail;
use arrow::array::{AsArray as _, RecordBatch};
use hubcensus_engine::{Resolved, ShowRequest};
use hubcensus_lake::Lake;
use hubcensus_spec::did_you_mean;

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
        let among = match &args.group {
            Some(group) => {
                let members = members(&resolved, &lake, group).await?;
                Some(("entity".to_owned(), members))
            }
            None => None,
        };
        let request = ShowRequest {
            table: args.table.clone(),
            rejected: args.rejected,
            snapshots: args.date.clone(),
            conditions: args.filters.clone(),
            among,
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

/// The entities of a group, by its name in upper or lower case.
async fn members(resolved: &Resolved, lake: &Lake, group: &str) -> anyhow::Result<Vec<String>> {
    let request = ShowRequest {
        table: "reference.groups".to_owned(),
        columns: vec!["group_name".to_owned(), "entity".to_owned()],
        ..ShowRequest::default()
    };
    let rows = hubcensus_engine::show(resolved, lake, &request).await?.rows;
    let (groups, entities) = (texts(&rows, 0), texts(&rows, 1));
    let named = groups.iter().zip(&entities);
    let found: Vec<String> = named
        .filter(|(name, _)| name.to_lowercase() == group.to_lowercase())
        .map(|(_, entity)| (*entity).to_owned())
        .collect();
    if found.is_empty() {
        let mut known = groups;
        known.dedup();
        let near = did_you_mean(group, known.iter().copied());
        let near = near.unwrap_or_else(|| format!("the groups are {}", known.join(", ")));
        bail!("no group `{group}` in reference.groups; {near}");
    }
    Ok(found)
}

fn texts(rows: &RecordBatch, column: usize) -> Vec<&str> {
    let texts = rows.column(column).as_string::<i32>();
    texts.iter().flatten().collect()
}
