//! What a capture says while it works: a line that moves on a terminal, a line now and then in a
//! pipe.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hubcensus_capture::{Event, Observer};
use indicatif::{ProgressBar, ProgressStyle};

use crate::console::Console;
use crate::interrupt;
use crate::present::number::{bytes, count, counted};
use crate::progress::now;

/// How often the moving line is drawn anew.
const TICK: Duration = Duration::from_millis(120);
/// How often a line is written where none moves.
const PAUSE: Duration = Duration::from_secs(10);
/// Waits that are not worth a line of their own.
const SHORT: Duration = Duration::from_secs(5);

/// Tells how captures go on standard error.
pub(crate) struct CaptureProgress {
    console: Console,
    bar: Option<ProgressBar>,
    state: Mutex<State>,
    stopping: AtomicBool,
}

struct State {
    begun: Instant,
    told: Instant,
    kept: u64,
    about: Option<u64>,
}

impl CaptureProgress {
    pub(crate) fn new(console: Console) -> Self {
        let bar = console.is_watched().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::new_spinner().with_style(style);
            bar.enable_steady_tick(TICK);
            bar
        });
        Self {
            console,
            bar,
            state: Mutex::new(State {
                begun: now(),
                told: now(),
                kept: 0,
                about: None,
            }),
            stopping: AtomicBool::new(false),
        }
    }

    /// Ends the moving line.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.console.tell(text)),
            None => self.console.tell(text),
        }
    }

    /// A line that the next replaces; where none moves, only one every few seconds.
    fn show(&self, text: impl FnOnce(&State) -> String) {
        let mut state = self.state();
        match &self.bar {
            Some(bar) => bar.set_message(text(&state)),
            None if state.told.elapsed() >= PAUSE => {
                state.told = now();
                let text = text(&state);
                drop(state);
                self.console.tell(text);
            }
            None => {}
        }
    }
}

/// `12,000 rows of about 3,034,516, 1,032 a second, about 47 min left`
fn pace(rows: u64, kept: u64, about: Option<u64>, taken: Duration) -> String {
    let mut text = counted(rows, "row");
    if let Some(about) = about {
        text = format!("{text} of about {}", count(about));
    }
    let seconds = taken.as_secs_f64();
    let new = rows.saturating_sub(kept);
    if seconds < 1.0 || new == 0 {
        return text;
    }
    let rate = new as f64 / seconds;
    text = format!("{text}, {rate:.0} a second");
    match about.and_then(|about| about.checked_sub(rows)) {
        Some(left) if left > 0 => format!("{text}, about {} left", time(left as f64 / rate)),
        _ => text,
    }
}

/// `40 s`, `12 min`, `2 h 5 min`
fn time(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round();
    match seconds {
        0.0..90.0 => format!("{seconds:.0} s"),
        90.0..5400.0 => format!("{minutes:.0} min"),
        _ => format!(
            "{:.0} h {:.0} min",
            (minutes / 60.0).floor(),
            minutes % 60.0
        ),
    }
}

impl Observer for CaptureProgress {
    fn on(&self, event: &Event<'_>) {
        match event {
            Event::Begun {
                subject,
                kept,
                about,
            } => {
                let mut state = self.state();
                state.begun = now();
                (state.kept, state.about) = (*kept, *about);
                drop(state);
                if *kept > 0 {
                    self.tell(&format!(
                        "{subject}: goes on after {}",
                        counted(*kept, "row")
                    ));
                }
            }
            Event::Page { subject, rows, .. } => self.show(|state| {
                let pace = pace(*rows, state.kept, state.about, state.begun.elapsed());
                format!("{subject}: {pace}")
            }),
            Event::Piece {
                subject,
                bytes: sofar,
                of,
            } => self.show(|_| format!("{subject}: {} of {}", bytes(*sofar), bytes(*of))),
            Event::Waiting { why, time: wait } => {
                let text = format!("waiting {} for {why}", time(wait.as_secs_f64()));
                match &self.bar {
                    Some(bar) => bar.set_message(text),
                    None if *wait >= SHORT => self.tell(&text),
                    None => {}
                }
            }
            Event::Note { text } => self.tell(&format!("note: {text}")),
            Event::Taken { subject, rows } => {
                let taken = self.state().begun.elapsed();
                self.tell(&format!(
                    "{subject}: {} in {}",
                    counted(*rows, "row"),
                    time(taken.as_secs_f64())
                ));
            }
            _ => {}
        }
        if interrupt::noted() && !self.stopping.swap(true, Ordering::Relaxed) {
            self.tell(
                "stopping after the page that is being fetched; Ctrl-C again ends it at once",
            );
        }
    }

    fn stops(&self) -> bool {
        interrupt::noted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_told() {
        let taken = Duration::from_secs(100);
        assert_eq!(
            pace(150_000, 50_000, Some(1_150_000), taken),
            "150,000 rows of about 1,150,000, 1000 a second, about 17 min left"
        );
        assert_eq!(pace(1, 0, None, Duration::ZERO), "1 row");
        assert_eq!(time(9_000.0), "2 h 30 min");
    }
}
