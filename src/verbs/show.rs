//! `hubcensus show`

use crate::cli::{Format, Global, ShowArgs};
use crate::exit::End;
use crate::present;
use crate::workspace;

pub(crate) fn show(global: &Global, args: &ShowArgs) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        let shown = hubcensus_engine::show(
            &resolved,
            &lake,
            &args.table,
            args.date,
            &args.filters,
            args.limit,
        )
        .await?;
        if let (Some(date), Some(reason)) = (shown.date, &shown.skipped) {
            println!("There is no {} of {date}: {reason}.", args.table);
            return Ok(End::Well);
        }
        present::rows(&shown.rows, args.format)?;
        if args.format == Format::Table {
            let first = u64::try_from(shown.rows.num_rows()).unwrap_or(u64::MAX);
            println!(
                "{} of {} rows{}",
                present::count(first),
                present::count(shown.total),
                shown
                    .date
                    .map(|date| format!(", {} of {date}", args.table))
                    .unwrap_or_default()
            );
            if let Some(note) = &shown.generated {
                println!("{note}");
            }
        }
        Ok(End::Well)
    })
}
