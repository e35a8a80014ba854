//! `hubcensus run`

use hubcensus_engine::{Forecast, Plan, Request, SourceRequest};
use hubcensus_lake::Lake;

use crate::cli::{Global, RunArgs};
use crate::console::Console;
use crate::exit::End;
use crate::interrupt;
use crate::outcome_lines::{self, Tally};
use crate::present;
use crate::present::grid;
use crate::present::number::{bytes, count, counted};
use crate::progress::{self, Progress};
use crate::workspace;

pub(crate) fn run(global: &Global, console: &Console, args: &RunArgs) -> anyhow::Result<End> {
    let started = progress::now();
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global, console).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        let plan = hubcensus_engine::plan(&resolved, &lake, &request(args)).await?;
        let idle = plan
            .steps
            .iter()
            .all(|step| step.forecast == Forecast::UpToDate);
        if !idle && !workspace::references_hold(console, &resolved).await? {
            return Ok(End::Mistakes);
        }
        interrupt::listen();
        let progress = Progress::new(console, &plan, global);
        let version = env!("CARGO_PKG_VERSION");
        let outcomes = hubcensus_engine::run(&resolved, &lake, &plan, version, &progress).await;
        progress.end();
        let outcomes = outcomes?;
        let tally = Tally::of(&outcomes);
        summarize(
            console,
            &lake,
            &plan,
            &tally,
            started.elapsed().as_secs_f64(),
        )?;
        if let Some(note) = plan.generated(&outcomes) {
            console.say(present::generated(note))?;
        }
        let skips = outcome_lines::skips(&outcomes);
        if !skips.is_empty() {
            for line in grid::wrap(&skips, "; ", "skipped: ", console.width()) {
                console.say(line)?;
            }
        }
        for failure in outcome_lines::failures(&outcomes) {
            console.say(format!("FAILED: {failure}"))?;
        }
        if tally.stopped > 0 {
            console.tell(format!(
                "stopped; {} committed, run again to go on",
                match tally.made {
                    1 => "1 table is".to_owned(),
                    made => format!("{made} tables are"),
                }
            ));
            return Ok(End::Stopped);
        }
        Ok(if tally.is_well() {
            End::Well
        } else {
            End::Wrong
        })
    })
}

/// The request that a command line makes.
pub(crate) fn request(args: &RunArgs) -> Request {
    Request {
        selectors: args.selectors.clone(),
        dates: args
            .dates
            .iter()
            .flat_map(hubcensus_spec::DateSet::iter)
            .collect(),
        source: args.source.as_ref().map(|name| SourceRequest {
            name: name.clone(),
            location: args.from.clone(),
        }),
        force: args.force,
    }
}

fn summarize(
    console: &Console,
    lake: &Lake,
    plan: &Plan,
    tally: &Tally,
    seconds: f64,
) -> std::io::Result<()> {
    let mut lines = vec![format!(
        "{}, in {seconds:.2} s",
        present::dates(&plan.dates)
    )];
    let mut parts = vec![
        format!("{} made", tally.made),
        format!("{} up to date", tally.up_to_date),
    ];
    for (count, what) in [
        (tally.skipped, "skipped"),
        (tally.failed, "failed"),
        (tally.blocked, "not made for that"),
        (tally.stopped, "not begun"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    lines.push(format!("  tables    {}", parts.join(", ")));
    if tally.read > 0 {
        lines.push(format!("  read      {}", counted(tally.read, "row")));
    }
    if tally.made > 0 {
        lines.push(format!(
            "  written   {}, {}",
            counted(tally.rows, "row"),
            bytes(tally.bytes)
        ));
        lines.push(format!(
            "  checks    {} passed{}",
            count(tally.checks as u64),
            match tally.warnings {
                0 => String::new(),
                rows => format!(", {}", counted(rows, "odd row")),
            }
        ));
    }
    if tally.rejected > 0 {
        lines.push(format!("  set aside {}", counted(tally.rejected, "row")));
    }
    lines.push(format!("  lake      {}", lake.address()));
    if let Some(peak) = progress::peak_memory() {
        lines.push(format!("  memory    {} at most", bytes(peak)));
    }
    console.say(lines.join("\n"))
}
