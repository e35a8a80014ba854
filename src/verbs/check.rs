//! `hubcensus check`

use std::collections::BTreeSet;

use crate::cli::Global;
use crate::console::Console;
use crate::exit::End;
use crate::present::number::counted;
use crate::workspace;

pub(crate) fn check(global: &Global, console: &Console) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global, console).await? else {
            return Ok(End::Mistakes);
        };
        if !workspace::references_hold(console, &resolved).await? {
            return Ok(End::Mistakes);
        }
        let project = &resolved.project;
        let sources = project.sources.iter();
        let sources: BTreeSet<&str> = sources.map(|source| source.name.as_str()).collect();
        let parts = [
            counted(project.references.len() as u64, "reference table"),
            counted(project.ingest_tables.len() as u64, "ingest table"),
            counted(sources.len() as u64, "source"),
            counted(project.jobs.len() as u64, "job"),
            "no mistakes".to_owned(),
        ];
        let files = counted(project.files.len() as u64, "file");
        console.say(format!("{files}: {}", parts.join(", ")))?;
        Ok(End::Well)
    })
}
