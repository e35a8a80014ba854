//! `hubcensus test`

use crate::cli::{Global, SelectArgs};
use crate::console::Console;
use crate::exit::End;
use crate::workspace;

pub(crate) fn test(global: &Global, console: &Console, args: &SelectArgs) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global, console).await? else {
            return Ok(End::Mistakes);
        };
        let outcomes = hubcensus_engine::test(&resolved, &args.selectors).await?;
        let mut failed = 0;
        for outcome in &outcomes {
            match &outcome.failure {
                None => console.say(format!("ok      {}  {}", outcome.of, outcome.name))?,
                Some(lines) => {
                    failed += 1;
                    console.say(format!("FAILED  {}  {}", outcome.of, outcome.name))?;
                    for line in lines {
                        console.say(format!("        {line}"))?;
                    }
                }
            }
        }
        console.say(format!(
            "{} passed, {failed} failed",
            outcomes.len() - failed
        ))?;
        Ok(if failed == 0 { End::Well } else { End::Wrong })
    })
}
