//! `hubcensus verify`

use crate::cli::Global;
use crate::exit::End;
use crate::workspace;

pub(crate) fn verify(global: &Global) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let lake = workspace::lake(global).await?;
        let partitions = lake.manifests().await?.len();
        let problems = lake.verify().await?;
        for problem in &problems {
            println!("{problem}");
        }
        println!(
            "{partitions} partitions of {}: {}",
            lake.address(),
            match problems.len() {
                0 => "all as their manifests say".to_owned(),
                1 => "1 problem; `hubcensus run` makes again what is missing or damaged".to_owned(),
                n =>
                    format!("{n} problems; `hubcensus run` makes again what is missing or damaged"),
            }
        );
        Ok(if problems.is_empty() {
            End::Well
        } else {
            End::Wrong
        })
    })
}
