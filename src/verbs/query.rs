//! `hubcensus query`

use std::io::Read as _;

use anyhow::Context as _;

use crate::cli::{Global, QueryArgs};
use crate::exit::End;
use crate::present;
use crate::workspace;

pub(crate) fn query(global: &Global, args: &QueryArgs) -> anyhow::Result<End> {
    let mut text = args.sql.clone();
    if text == "-" {
        text.clear();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
    }
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        let rows = hubcensus_engine::query(&resolved, &lake, &text).await?;
        present::rows(&rows, args.format)?;
        Ok(End::Well)
    })
}
