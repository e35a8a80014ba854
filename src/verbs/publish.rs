//! `hubcensus publish`

use std::sync::Mutex;
use std::time::{Duration, Instant};

use hubcensus_engine::Snapshots;
use hubcensus_publish::{Dates, Event, Observer, Place, Publication, Published, Request};
use hubcensus_spec::TableName;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{Global, PublishArgs};
use crate::console::Console;
use crate::exit::End;
use crate::present;
use crate::present::number::{bytes, counted};
use crate::progress::now;
use crate::workspace;

/// The stage whose tables are published.
const STAGE: &str = "aggregate";
/// The table with what each snapshot covers.
const COVERAGE: (&str, &str) = (STAGE, "snapshots");
/// What has to be known to read any of the tables.
const READING: &str = "\
An *entity* is who stands behind one or several accounts (Google is `google`, `google-bert`, `google-t5` and `albert`); an \
account that nobody has looked up is an entity of its own.

Most tables have the columns `universe` and `period`. `universe` says of whose models the downloads are: `all`, every model \
that the source lists, or `top50`, the models of the fifty entities with the most downloads. `period` says which downloads: \
`all_time` or `last_30d`; a source need not count both. Some have a third, `attribution`: `publisher`, by who publishes a \
model, or `origin`, by who made the model that it was made from in the beginning. **A sum over rows needs a condition on each \
of these columns**, else everything is counted more than once:

```sql
SELECT country, sum(downloads) FROM entities WHERE universe = 'all' AND period = 'last_30d' GROUP BY country
```

Unknown is a value of its own, never a row left out and never zero: the parts of a breakdown add up to the whole. A counter \
that the source does not provide is null, and comes last in every rank. Shares are fractions of 1.";
/// How often a line is written where none moves.
const PAUSE: Duration = Duration::from_secs(10);

pub(crate) fn publish(
    global: &Global,
    console: &Console,
    args: &PublishArgs,
) -> anyhow::Result<End> {
    workspace::block_on(global, async {
        let Some(resolved) = workspace::project(global, console).await? else {
            return Ok(End::Mistakes);
        };
        let lake = workspace::lake(global).await?;
        let selectors = match args.selectors.as_slice() {
            [] => vec![STAGE.to_owned()],
            selectors => selectors.to_vec(),
        };
        let request = Request {
            project: &resolved.project,
            tables: hubcensus_engine::select_tables(&resolved, &selectors)?,
            dates: match &args.dates {
                Snapshots::All => Dates::All,
                Snapshots::Latest => Dates::Latest,
                Snapshots::Of(dates) => Dates::Of(dates.clone()),
            },
            only: args.only,
            stage: STAGE,
            coverage: TableName::new(COVERAGE.0, COVERAGE.1).ok(),
            title: &args.title,
            about: &args.about,
            reading: READING,
        };
        let place = Place::open(&args.to).await?;
        let progress = Progress::new(*console);
        let published = hubcensus_publish::publish(&lake, &place, &request, &progress).await;
        progress.end();
        report(console, &place, &published?)?;
        Ok(End::Well)
    })
}

fn report(console: &Console, place: &Place, published: &Published) -> anyhow::Result<()> {
    let record = &published.record;
    let size: u64 = record.files().map(|file| file.bytes).sum();
    let whole = format!(
        "{}, {}, {}, {}",
        counted(record.tables.len() as u64, "table"),
        counted(record.snapshots.len() as u64, "snapshot"),
        counted(record.files().count() as u64, "file"),
        bytes(size)
    );
    let to = place.address();
    if published.changes == 0 {
        console.say(format!("{to} is up to date, nothing was written: {whole}"))?;
    } else {
        console.say(format!("published to {to}: {whole}"))?;
        let (files, size) = published.written;
        console.say(format!(
            "  written   {}, {}",
            counted(files as u64, "file"),
            bytes(size)
        ))?;
        if published.removed > 0 {
            let removed = counted(published.removed as u64, "file");
            console.say(format!("  removed   {removed} that were superseded"))?;
        }
    }
    if published.kept > 0 {
        let kept = counted(published.kept as u64, "file");
        console.say(format!("  kept      {kept} that this lake does not have"))?;
    }
    if let Some(newest) = record.newest() {
        console.say(format!("  newest    {newest}"))?;
    }
    for change in &published.schema_changes {
        let changes = change.changes.join(" ");
        console.say(format!("  columns   {}: {changes}", change.config))?;
    }
    for (name, license) in licences(record) {
        console.say(format!("  source    {name}, licence: {license}"))?;
    }
    if let Some(generated) = record.generated() {
        console.say(present::generated(generated))?;
    }
    Ok(())
}

/// The sources that went in, and their licences.
fn licences(record: &Publication) -> impl Iterator<Item = (&str, &str)> {
    let sources = record.sources.iter();
    sources.map(|(name, source)| {
        let license = source.license.as_deref();
        (name.as_str(), license.unwrap_or("not stated"))
    })
}

/// Tells of a publication on standard error: a line that moves on a terminal, a line now and then in
/// a pipe.
struct Progress {
    console: Console,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

struct State {
    told: Instant,
    checked: u64,
    written: (usize, u64),
    all: (usize, u64),
}

impl Progress {
    fn new(console: Console) -> Self {
        let bar = console.is_watched().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::new_spinner().with_style(style);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            console,
            bar,
            state: Mutex::new(State {
                told: now(),
                checked: 0,
                written: (0, 0),
                all: (0, 0),
            }),
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn on(&self, event: Event<'_>) {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let text = match event {
            Event::Checked { bytes: more } => {
                state.checked += more;
                format!("checking the lake: {}", bytes(state.checked))
            }
            Event::Begun { files, bytes } => {
                state.all = (files, bytes);
                return;
            }
            Event::Written { bytes: more, .. } => {
                state.written.0 += 1;
                state.written.1 += more;
                format!(
                    "writing: {} of {}, {} of {}",
                    state.written.0,
                    counted(state.all.0 as u64, "file"),
                    bytes(state.written.1),
                    bytes(state.all.1)
                )
            }
            _ => return,
        };
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None if state.told.elapsed() >= PAUSE => {
                state.told = now();
                self.console.tell(text);
            }
            None => {}
        }
    }
}
