//! `hubcensus sources`

use std::sync::Arc;

use anyhow::bail;
use hubcensus_spec::{Source, did_you_mean};

use crate::cli::{Global, SourcesArgs};
use crate::console::Console;
use crate::exit::End;
use crate::present::grid::{self, Column, Kind, Layout};
use crate::workspace;

pub(crate) fn sources(
    global: &Global,
    console: &Console,
    args: &SourcesArgs,
) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global, console).await? else {
            return Ok(End::Mistakes);
        };
        let sources = &resolved.project.sources;
        let Some(name) = &args.source else {
            for entries in sources.chunk_by(alike) {
                describe(console, entries)?;
            }
            return Ok(End::Well);
        };
        let entries: Vec<_> = resolved.project.source(name).collect();
        if entries.is_empty() {
            let names = sources.iter().map(|source| source.name.value.as_str());
            let hint = did_you_mean(name, names.clone());
            let known = || format!("there are {}", names.collect::<Vec<_>>().join(", "));
            bail!("no source `{name}`; {}", hint.unwrap_or_else(known));
        }
        for source in entries {
            describe(console, std::slice::from_ref(source))?;
            columns(console, source)?;
        }
        Ok(End::Well)
    })
}

/// The columns that an entry reads.
fn columns(console: &Console, source: &Source) -> anyhow::Result<()> {
    let field = |name: &str, cells: Vec<String>| Column::new(name, Kind::Text, cells);
    let columns = source.columns.iter();
    let columns = [
        field(
            "column",
            columns.clone().map(|c| c.name.value.clone()).collect(),
        ),
        field(
            "type",
            columns.clone().map(|c| c.data_type.to_string()).collect(),
        ),
        field(
            "meaning",
            columns
                .map(|c| c.description.clone().unwrap_or_default())
                .collect(),
        ),
    ];
    let layout = Layout {
        width: console.width(),
        keep_constants: true,
        ..Layout::default()
    };
    for line in grid::lines(&columns, layout) {
        console.say(line)?;
    }
    Ok(())
}

/// Whether the same can be said of both.
fn alike(one: &Arc<Source>, other: &Arc<Source>) -> bool {
    one.name.value == other.name.value && one.like.is_some() && one.like == other.like
}

fn describe(console: &Console, entries: &[Arc<Source>]) -> anyhow::Result<()> {
    let Some(source) = entries.first() else {
        return Ok(());
    };
    console.say(&source.name.value)?;
    for line in grid::prose(&source.description, "  ", console.width()) {
        console.say(line)?;
    }
    let part = source.part.iter().map(|part| format!(": {part}"));
    let license = source.license.as_deref().unwrap_or("not stated");
    console.say(format!(
        "  {}{}; licence: {license}",
        source.coverage,
        part.collect::<String>()
    ))?;
    if let Some(like) = &source.like {
        console.say(format!("  read like {like}"))?;
    }
    for entry in entries {
        console.say(format!(
            "  {} from {} into {}",
            entry.format,
            entry.location.value.as_str(),
            entry.table.value
        ))?;
    }
    console.say("")?;
    Ok(())
}
