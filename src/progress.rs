//! What a run says while it works, and at its end.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hubcensus_engine::{Event, Failure, MadePartition, Observer, Outcome, StepOutcome};
use hubcensus_spec::PartitionId;
use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::EnvFilter;

use crate::present;

/// How often a line is drawn anew.
const TICK: Duration = Duration::from_millis(120);

/// How many rows of a broken rule are shown.
const SHOWN: usize = 3;

/// Sends what the libraries log to standard error; `RUST_LOG` says more finely
/// what.
pub(crate) fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "hubcensus=info,hubcensus_engine=info,hubcensus_lake=info,hubcensus_hub=info,warn",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .without_time()
        .init();
}

/// The moment; the one clock of the program, for durations that people read.
#[expect(
    clippy::disallowed_methods,
    reason = "durations are for people, and come into no table"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Tells of a run on standard error: a line that moves on a terminal, plain
/// lines elsewhere.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    times: Mutex<BTreeMap<PartitionId, Time>>,
}

/// How long a step has taken, or when it began.
enum Time {
    Since(Instant),
    Took(Duration),
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            ProgressBar::new_spinner().with_style(style)
        });
        Self {
            bar,
            times: Mutex::default(),
        }
    }

    fn times(&self) -> MutexGuard<'_, BTreeMap<PartitionId, Time>> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    /// Ends the moving line.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn on(&self, event: Event<'_>) {
        match event {
            Event::Started(id) => {
                self.times().insert(id.clone(), Time::Since(now()));
                if let Some(bar) = &self.bar {
                    bar.reset();
                    bar.enable_steady_tick(TICK);
                    bar.set_message(format!("{}  {}", id.date, id.table));
                }
            }
            Event::Ended(id) => {
                let mut times = self.times();
                if let Some(time) = times.get_mut(id)
                    && let Time::Since(begun) = time
                {
                    *time = Time::Took(begun.elapsed());
                }
            }
            Event::Rows(id, rows) => {
                if let Some(bar) = &self.bar {
                    let rows = present::count(rows);
                    bar.set_message(format!("{}  {}  {rows} rows", id.date, id.table));
                }
            }
            Event::Finished(step) => {
                let took = match self.times().remove(&step.id) {
                    Some(Time::Took(took)) => took,
                    Some(Time::Since(begun)) => begun.elapsed(),
                    None => Duration::ZERO,
                };
                for line in step_lines(step, took) {
                    self.line(&line);
                }
            }
        }
    }
}

fn step_lines(step: &StepOutcome, took: Duration) -> Vec<String> {
    let head = format!("{}  {:<38}", step.id.date, step.id.table.to_string());
    match &step.result {
        Outcome::UpToDate => Vec::new(),
        Outcome::Made(made) => made_lines(&head, made, took),
        Outcome::Skipped(reason) => vec![format!("{head}  skipped: {reason}")],
        Outcome::Blocked(input) => vec![format!("{head}  not made: {input} failed")],
        Outcome::Failed(failure) => failure_lines(&head, failure),
    }
}

fn made_lines(head: &str, made: &MadePartition, took: Duration) -> Vec<String> {
    let mut lines = vec![format!(
        "{head} {:>11} rows {:>9} {:>7.2} s",
        present::count(made.rows),
        present::bytes(made.bytes),
        took.as_secs_f64()
    )];
    for (reason, rows) in &made.rejected {
        lines.push(format!(
            "            set aside: {} rows, {reason}",
            present::count(*rows)
        ));
    }
    if let Some(place) = &made.rejected_at {
        lines.push(format!("            they are kept in {place}"));
    }
    for warning in &made.warnings {
        lines.push(format!(
            "            odd: {} rows, {}{}",
            present::count(warning.rows),
            warning.check,
            match (&warning.note, warning.sample.first()) {
                (Some(note), _) => format!(", {}", brief(note)),
                (None, Some(row)) => format!(", such as {}", brief(row)),
                (None, None) => String::new(),
            }
        ));
    }
    lines
}

fn failure_lines(head: &str, failure: &Failure) -> Vec<String> {
    let mut lines = vec![format!("{head}  FAILED: {}", failure.message)];
    for (reason, rows) in &failure.rejected {
        lines.push(format!(
            "            set aside: {} rows, {reason}",
            present::count(*rows)
        ));
    }
    for violation in &failure.violations {
        lines.push(format!(
            "            broken: {}, {} rows",
            violation.check,
            present::count(violation.rows)
        ));
        let shown = violation.sample.iter().take(SHOWN);
        lines.extend(shown.map(|row| format!("              {}", brief(row))));
    }
    if let Some(place) = &failure.kept_at {
        lines.push(format!(
            "            kept in {place}; what was there before stays"
        ));
    }
    lines
}

fn brief(row: &str) -> String {
    if row.chars().count() <= 160 {
        return row.to_owned();
    }
    let kept: String = row.chars().take(159).collect();
    format!("{kept}…")
}

/// What a run comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) made: usize,
    pub(crate) up_to_date: usize,
    pub(crate) skipped: usize,
    pub(crate) failed: usize,
    pub(crate) blocked: usize,
    pub(crate) read: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) checks: usize,
    pub(crate) warnings: u64,
    pub(crate) rejected: u64,
}

impl Tally {
    pub(crate) fn of(outcomes: &[StepOutcome]) -> Self {
        let mut tally = Self::default();
        for step in outcomes {
            match &step.result {
                Outcome::Made(made) => {
                    tally.made += 1;
                    tally.read += made.read;
                    tally.rows += made.rows;
                    tally.bytes += made.bytes;
                    tally.checks += made.checks;
                    tally.warnings += made.warnings.iter().map(|w| w.rows).sum::<u64>();
                    tally.rejected += made.rejected.values().sum::<u64>();
                }
                Outcome::UpToDate => tally.up_to_date += 1,
                Outcome::Skipped(_) => tally.skipped += 1,
                Outcome::Failed(_) => tally.failed += 1,
                Outcome::Blocked(_) => tally.blocked += 1,
            }
        }
        tally
    }

    pub(crate) fn is_well(&self) -> bool {
        self.failed == 0 && self.blocked == 0
    }
}

/// The most memory that the process had at once, in bytes, where the system
/// says it.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
