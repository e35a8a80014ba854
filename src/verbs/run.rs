//! `hubcensus run`

use hubcensus_engine::{Forecast, Plan, Request, Resolved, SourceRequest, StepOutcome};
use hubcensus_lake::Lake;

use crate::cli::{Global, RunArgs};
use crate::exit::End;
use crate::present;
use crate::progress::{self, Progress, Tally};
use crate::workspace;

pub(crate) fn run(global: &Global, args: &RunArgs) -> anyhow::Result<End> {
    let started = progress::now();
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        let plan = hubcensus_engine::plan(&resolved, &lake, &request(args)).await?;
        let idle = plan
            .steps
            .iter()
            .all(|step| step.forecast == Forecast::UpToDate);
        if !idle && !workspace::references_hold(&resolved).await? {
            return Ok(End::Mistakes);
        }
        let progress = Progress::new();
        let outcomes = carry_out(&resolved, &lake, &plan, &progress).await;
        progress.end();
        let outcomes = outcomes?;
        let tally = Tally::of(&outcomes);
        summarize(&lake, &plan, &tally, started.elapsed().as_secs_f64());
        if let Some(note) = plan.generated(&outcomes) {
            println!("{note}");
        }
        Ok(if tally.is_well() {
            End::Well
        } else {
            End::Wrong
        })
    })
}

async fn carry_out(
    resolved: &Resolved,
    lake: &Lake,
    plan: &Plan,
    progress: &Progress,
) -> anyhow::Result<Vec<StepOutcome>> {
    Ok(hubcensus_engine::run(resolved, lake, plan, env!("CARGO_PKG_VERSION"), progress).await?)
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

fn summarize(lake: &Lake, plan: &Plan, tally: &Tally, seconds: f64) {
    let dates = match plan.dates.as_slice() {
        [] => "no snapshots".to_owned(),
        [date] => date.to_string(),
        [first, .., last] => format!("{} snapshots, {first} to {last}", plan.dates.len()),
    };
    println!("{dates}, in {seconds:.2} s");
    let mut parts = vec![
        format!("{} made", tally.made),
        format!("{} up to date", tally.up_to_date),
    ];
    for (count, what) in [
        (tally.skipped, "skipped"),
        (tally.failed, "failed"),
        (tally.blocked, "not made for that"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    println!("  tables    {}", parts.join(", "));
    if tally.read > 0 {
        println!("  read      {} rows", present::count(tally.read));
    }
    if tally.made > 0 {
        println!(
            "  written   {} rows, {}",
            present::count(tally.rows),
            present::bytes(tally.bytes)
        );
        println!(
            "  checks    {} passed{}",
            tally.checks,
            match tally.warnings {
                0 => String::new(),
                rows => format!(", {} odd rows", present::count(rows)),
            }
        );
    }
    if tally.rejected > 0 {
        println!("  set aside {} rows", present::count(tally.rejected));
    }
    println!("  lake      {}", lake.address());
    if let Some(peak) = progress::peak_memory() {
        println!("  memory    {} at most", present::bytes(peak));
    }
}
