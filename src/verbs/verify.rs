//! `hubcensus verify`

use std::collections::{BTreeMap, BTreeSet};

use hubcensus_lake::{Manifest, Problem};
use hubcensus_spec::SnapshotDate;

use crate::cli::Global;
use crate::console::Console;
use crate::exit::End;
use crate::present::number::counted;
use crate::workspace;

pub(crate) fn verify(global: &Global, console: &Console) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let lake = workspace::lake(global).await?;
        lake.require().await?;
        let manifests = lake.manifests().await?;
        let problems = lake.verify().await?;
        for problem in &problems {
            console.say(problem.to_string())?;
        }
        console.say(format!(
            "{} of {}: {}",
            counted(manifests.len() as u64, "partition"),
            lake.address(),
            match problems.len() {
                0 => "all as their manifests say".to_owned(),
                n => counted(n as u64, "problem"),
            }
        ))?;
        for line in remedies(&manifests, &problems) {
            console.say(line)?;
        }
        Ok(if problems.is_empty() {
            End::Well
        } else {
            End::Wrong
        })
    })
}

/// What makes the partitions again that are missing or damaged. One that was
/// read from a source's file comes from there alone.
fn remedies(manifests: &[Manifest], problems: &[Problem]) -> Vec<String> {
    let mut sources: BTreeMap<&str, BTreeSet<SnapshotDate>> = BTreeMap::new();
    let mut others = false;
    for id in problems.iter().filter_map(Problem::id) {
        let manifest = manifests.iter().find(|manifest| manifest.id == *id);
        match manifest.and_then(|manifest| manifest.facts.source.as_ref()) {
            Some(source) => {
                sources.entry(&source.name).or_default().insert(id.date);
            }
            None => others = true,
        }
    }
    // A partition whose manifest cannot be read counts as absent.
    others |= problems
        .iter()
        .any(|problem| matches!(problem, Problem::Manifest { .. }));
    let mut lines: Vec<String> = sources
        .into_iter()
        .map(|(source, dates)| {
            let dates: Vec<String> = dates.iter().map(ToString::to_string).collect();
            format!(
                "`hubcensus run --source {source} --dates {}` reads again what came from {source}",
                dates.join(",")
            )
        })
        .collect();
    if others {
        lines.push("`hubcensus run` makes again what is missing or damaged".to_owned());
    }
    lines
}
