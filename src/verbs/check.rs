//! `hubcensus check`

use crate::cli::Global;
use crate::exit::End;
use crate::workspace;

pub(crate) fn check(global: &Global) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global).await? else {
            return Ok(End::Mistakes);
        };
        if !workspace::references_hold(&resolved).await? {
            return Ok(End::Mistakes);
        }
        let project = &resolved.project;
        println!(
            "{} files: {} reference tables, {} ingest tables, {} sources, {} jobs, no mistakes",
            project.files.len(),
            project.references.len(),
            project.ingest_tables.len(),
            project.sources.len(),
            project.jobs.len()
        );
        Ok(End::Well)
    })
}
