//! `hubcensus sample`

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use hubcensus_hub::sample::{self, FactTexts, NOTICE, SampleFacts, SampleSpec};

use crate::cli::{Global, SampleArgs, Shape};
use crate::console::Console;
use crate::exit::End;
use crate::present::number::counted;
use crate::workspace;

/// Where a project keeps what the samples hold to.
const FACTS: &str = "data/sample";

pub(crate) fn sample(global: &Global, console: &Console, args: &SampleArgs) -> anyhow::Result<End> {
    let spec = SampleSpec {
        models: args.models,
        seed: args.seed,
        facts: facts(&workspace::root(global)?.join(FACTS))?,
    };
    let (shape, ending) = match args.shape {
        Shape::HubStats => (sample::Shape::HubStats, "parquet"),
        Shape::ApiItems => (sample::Shape::ApiItems, "generated.jsonl"),
    };
    let out = &args.out;
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    for date in &args.dates {
        let path = out.join(format!("models_{date}.{ending}"));
        let rows = write(&spec, date.into(), shape, out, &path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        console.say(format!("{}  {}", path.display(), counted(rows, "model")))?;
    }
    console.say(NOTICE)?;
    Ok(End::Well)
}

/// Writes beside the file's place and moves it there whole.
fn write(
    spec: &SampleSpec,
    date: chrono::NaiveDate,
    shape: sample::Shape,
    folder: &Path,
    path: &Path,
) -> anyhow::Result<u64> {
    let file = tempfile::NamedTempFile::new_in(folder)?;
    let mut buffered: BufWriter<&File> = BufWriter::new(file.as_file());
    let rows = sample::write(spec, date, shape, &mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    file.persist(path)?;
    Ok(rows)
}

fn facts(folder: &Path) -> anyhow::Result<SampleFacts> {
    let text = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let (totals, heads) = (text("totals.csv")?, text("heads.csv")?);
    let (archetypes, curves) = (text("archetypes.csv")?, text("curves.csv")?);
    let choices = text("choices.csv")?;
    Ok(SampleFacts::parse(&FactTexts {
        totals: &totals,
        heads: &heads,
        archetypes: &archetypes,
        curves: &curves,
        choices: &choices,
    })?)
}
