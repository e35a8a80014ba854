//! `hubcensus plan`

use hubcensus_engine::{Forecast, Plan};

use crate::cli::{Global, RunArgs};
use crate::console::Console;
use crate::exit::End;
use crate::present;
use crate::present::number::counted;
use crate::verbs::run;
use crate::workspace;

pub(crate) fn plan(global: &Global, console: &Console, args: &RunArgs) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global, console).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        let plan = hubcensus_engine::plan(&resolved, &lake, &run::request(args)).await?;
        if plan.is_new {
            console.say(format!(
                "{} is no lake yet: `hubcensus run` makes it one",
                lake.address()
            ))?;
        }
        print(console, &plan)?;
        if let Some(note) = plan.generated(&[]) {
            console.say(present::generated(note))?;
        }
        let impossible = plan
            .steps
            .iter()
            .any(|s| matches!(s.forecast, Forecast::Cannot(_)));
        Ok(if impossible { End::Wrong } else { End::Well })
    })
}

fn print(console: &Console, plan: &Plan) -> std::io::Result<()> {
    let dates: Vec<String> = plan.dates.iter().map(ToString::to_string).collect();
    match dates.len() {
        0 => console.say("no snapshots: give a source, or ingest one first")?,
        n => console.say(format!(
            "{}: {}",
            counted(n as u64, "snapshot"),
            dates.join(" ")
        ))?,
    }
    let mut up_to_date = 0;
    for step in &plan.steps {
        let what = match &step.forecast {
            Forecast::UpToDate => {
                up_to_date += 1;
                continue;
            }
            Forecast::Make(causes) => {
                let causes: Vec<String> = causes.iter().map(ToString::to_string).collect();
                format!("make: {}", causes.join(", "))
            }
            Forecast::IfChanged(inputs) => {
                let inputs: Vec<String> = inputs.iter().map(ToString::to_string).collect();
                format!("make if changed: {}", inputs.join(", "))
            }
            Forecast::Skip(reason) => format!("skip: {reason}"),
            Forecast::Cannot(reason) => format!("cannot: {reason}"),
        };
        console.say(format!(
            "{}  {:<38}  {what}",
            step.id.date,
            step.id.table.to_string()
        ))?;
    }
    console.say(format!(
        "{} to look at, {up_to_date} up to date",
        plan.steps.len() - up_to_date
    ))
}
