//! What a run says while it works.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hubcensus_engine::{Event, Forecast, Observer, Outcome, Plan, StepOutcome};
use hubcensus_spec::{PartitionId, SnapshotDate};
use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::EnvFilter;

use crate::cli::Global;
use crate::console::Console;
use crate::interrupt;
use crate::outcome_lines;
use crate::present::number::count;

/// How often the moving line is drawn anew.
const TICK: Duration = Duration::from_millis(120);

const STYLE: &str = "{spinner} {pos} of {len} tables, {elapsed}, about {eta} left  {msg}";

/// Sends what the libraries log to standard error; `RUST_LOG` says more finely
/// what.
pub(crate) fn log_to_stderr(console: Console, verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "hubcensus=info,hubcensus_engine=info,hubcensus_lake=info,hubcensus_hub=info,warn",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(console)
        .with_ansi(false)
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

/// Tells of a run on standard error: a line that moves on a terminal, and a few
/// lines for each date; each step, if that is asked for.
pub(crate) struct Progress<'a> {
    console: &'a Console,
    every_step: bool,
    /// What a command needs to find the lake: nothing for the project's own.
    lake: String,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
    stopping: AtomicBool,
}

#[derive(Default)]
struct State {
    times: BTreeMap<PartitionId, Time>,
    /// Steps that are not finished yet, of each date.
    left: BTreeMap<SnapshotDate, usize>,
    dates: BTreeMap<SnapshotDate, Date>,
}

/// How long a step has taken, or when it began.
#[derive(Clone, Copy)]
enum Time {
    Since(Instant),
    Took(Duration),
}

/// What became of a date so far.
struct Date {
    begun: Instant,
    outcomes: Vec<StepOutcome>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(console: &'a Console, plan: &Plan, global: &Global) -> Self {
        let mut left = BTreeMap::new();
        let mut work = 0;
        for step in &plan.steps {
            *left.entry(step.id.date).or_default() += 1;
            work += u64::from(step.forecast != Forecast::UpToDate);
        }
        let bar = (console.is_watched() && work > 0).then(|| {
            let style = ProgressStyle::with_template(STYLE)
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::new(work).with_style(style);
            bar.enable_steady_tick(TICK);
            bar
        });
        Self {
            console,
            every_step: global.verbose > 0,
            lake: global.lake_option(),
            bar,
            state: Mutex::new(State {
                left,
                ..State::default()
            }),
            stopping: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let text = lines.join("\n");
        match &self.bar {
            Some(bar) => bar.suspend(|| self.console.tell(text)),
            None => self.console.tell(text),
        }
    }

    fn message(&self, text: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_message(text());
        }
    }

    /// Ends the moving line.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn finished(&self, step: &StepOutcome) {
        let mut state = self.state();
        let time = state.times.remove(&step.id);
        let took = match time {
            Some(Time::Took(took)) => took,
            Some(Time::Since(begun)) => begun.elapsed(),
            None => Duration::ZERO,
        };
        let date = step.id.date;
        let left = state.left.get_mut(&date).map_or(0, |left| {
            *left = left.saturating_sub(1);
            *left
        });
        let of_date = state.dates.entry(date).or_insert_with(|| Date {
            begun: now(),
            outcomes: Vec::new(),
        });
        of_date.outcomes.push(step.clone());
        let over = (left == 0).then(|| state.dates.remove(&date)).flatten();
        drop(state);
        if let Some(bar) = &self.bar
            && time.is_none()
            && !matches!(step.result, Outcome::UpToDate | Outcome::Stopped)
        {
            bar.inc(1);
        }
        if self.every_step {
            self.tell(&outcome_lines::step(step, took));
        } else if let Some(over) = over {
            self.tell(&outcome_lines::date(
                date,
                &over.outcomes,
                over.begun.elapsed(),
                &self.lake,
            ));
        }
    }
}

impl Observer for Progress<'_> {
    fn on(&self, event: Event<'_>) {
        match event {
            Event::Started(id) => {
                let mut state = self.state();
                state.times.insert(id.clone(), Time::Since(now()));
                state.dates.entry(id.date).or_insert_with(|| Date {
                    begun: now(),
                    outcomes: Vec::new(),
                });
                drop(state);
                self.message(|| format!("{} {}", id.date, id.table));
            }
            Event::Ended(id) => {
                if let Some(time) = self.state().times.get_mut(id)
                    && let Time::Since(begun) = time
                {
                    *time = Time::Took(begun.elapsed());
                }
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
            }
            Event::Rows(id, rows) => {
                self.message(|| format!("{} {} {} rows", id.date, id.table, count(rows)));
            }
            Event::Finished(step) => self.finished(step),
        }
        if interrupt::noted() && !self.stopping.swap(true, Ordering::Relaxed) {
            self.tell(&[
                "stopping: the tables that are being made are finished first; Ctrl-C again ends \
                 it at once"
                    .to_owned(),
            ]);
        }
    }

    fn stops(&self) -> bool {
        interrupt::noted()
    }
}

/// The most memory that the process had at once, in bytes, where the system
/// says it.
#[cfg(unix)]
#[expect(unsafe_code, reason = "the system is asked by a foreign function")]
pub(crate) fn peak_memory() -> Option<u64> {
    // SAFETY: all zeros is a valid `rusage`, which the call fills.
    let (failed, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::getrusage(libc::RUSAGE_SELF, &raw mut usage), usage)
    };
    let most = u64::try_from(usage.ru_maxrss)
        .ok()
        .filter(|_| failed == 0)?;
    // Bytes on macOS, kilobytes elsewhere.
    Some(most * if cfg!(target_os = "macos") { 1 } else { 1024 })
}

/// The most memory that the process had at once, where the system says it.
#[cfg(not(unix))]
pub(crate) fn peak_memory() -> Option<u64> {
    None
}
