//! `hubcensus sample`

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use hubcensus_hub::sample::{
    self, FactTexts, Kind, KindFacts, KindTexts, NOTICE, SampleError, SampleFacts, SampleSpec,
};

use crate::cli::{Global, SampleArgs, Shape};
use crate::console::Console;
use crate::exit::End;
use crate::present::number::counted;
use crate::workspace;

/// Where a project keeps what the samples hold to.
const FACTS: &str = "data/sample";

pub(crate) fn sample(global: &Global, console: &Console, args: &SampleArgs) -> anyhow::Result<End> {
    let folder = workspace::root(global)?.join(FACTS);
    let spec = SampleSpec {
        models: args.models,
        seed: args.seed,
        facts: facts(&folder)?,
    };
    let kinds = kinds(&folder)?;
    let shape = match args.shape {
        Shape::HubStats => sample::Shape::HubStats,
        Shape::ApiItems => sample::Shape::ApiItems,
    };
    let out = &args.out;
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    for date in &args.dates {
        let day = date.into();
        let path = out.join(format!("models_{date}.{}", ending(shape)));
        let rows = write(out, &path, |file| sample::write(&spec, day, shape, file))?;
        console.say(format!("{}  {}", path.display(), counted(rows, "model")))?;
        for kind in Kind::ALL.into_iter().filter(|_| !args.only_models) {
            let name = kind.name();
            let path = out.join(format!("{name}_{date}.{}", ending(kind.shape(shape))));
            let rows = write(out, &path, |file| {
                sample::write_kind(&spec, &kinds, kind, day, shape, file)
            })?;
            console.say(format!("{}  {}", path.display(), counted(rows, one(kind))))?;
        }
    }
    console.say(NOTICE)?;
    Ok(End::Well)
}

fn ending(shape: sample::Shape) -> &'static str {
    match shape {
        sample::Shape::HubStats => "parquet",
        sample::Shape::ApiItems => "generated.jsonl",
    }
}

fn one(kind: Kind) -> &'static str {
    match kind {
        Kind::Datasets => "dataset",
        Kind::Spaces => "space",
        Kind::Papers => "paper",
        Kind::AccountFacts => "account",
    }
}

/// Writes beside the file's place and moves it there whole.
fn write(
    folder: &Path,
    path: &Path,
    rows: impl FnOnce(&mut BufWriter<&File>) -> Result<u64, SampleError>,
) -> anyhow::Result<u64> {
    let whole = || -> anyhow::Result<u64> {
        let file = tempfile::NamedTempFile::new_in(folder)?;
        let mut buffered: BufWriter<&File> = BufWriter::new(file.as_file());
        let rows = rows(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        file.persist(path)?;
        Ok(rows)
    };
    whole().with_context(|| format!("cannot write {}", path.display()))
}

fn kinds(folder: &Path) -> anyhow::Result<KindFacts> {
    let (kinds, curves) = (text(folder, "kinds.csv")?, text(folder, "kind_curves.csv")?);
    Ok(KindFacts::parse(&KindTexts {
        kinds: &kinds,
        curves: &curves,
    })?)
}

fn text(folder: &Path, name: &str) -> anyhow::Result<String> {
    let path = folder.join(name);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn facts(folder: &Path) -> anyhow::Result<SampleFacts> {
    let text = |name: &str| text(folder, name);
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
