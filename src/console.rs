//! Where a command's output goes. Nothing else in the program writes to
//! standard output or standard error.

use std::io::{self, BufWriter, IsTerminal as _, Write};

use terminal_size::{Width, terminal_size_of};
use tracing_subscriber::fmt::MakeWriter;

use crate::escape;

/// Standard output for results, standard error for what is said about them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    width: Option<usize>,
    err_is_terminal: bool,
}

impl Console {
    /// The process's own.
    pub(crate) fn standard() -> Self {
        let out = io::stdout();
        let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
        let width = if out.is_terminal() {
            let size = terminal_size_of(&out).map(|(Width(width), _)| usize::from(width));
            size.filter(|width| *width > 0)
                .or_else(columns)
                .or(Some(80))
        } else {
            columns()
        };
        Self {
            width: width.filter(|width| *width > 0),
            err_is_terminal: io::stderr().is_terminal(),
        }
    }

    /// How many columns a line of standard output may have: as many as the
    /// terminal has, or `COLUMNS` says; no limit in a pipe.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Whether somebody watches standard error.
    pub(crate) fn is_watched(&self) -> bool {
        self.err_is_terminal
    }

    /// A line or several on standard output.
    ///
    /// # Errors
    ///
    /// Output that cannot be written. That it is closed (`BrokenPipe`) ends the
    /// program quietly, see [`exit::code`](crate::exit::code).
    pub(crate) fn say(&self, text: impl AsRef<str>) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{}", escape::lines(text.as_ref()))
    }

    /// Standard output for many rows, written as they are.
    ///
    /// # Errors
    ///
    /// As [`Console::say`].
    pub(crate) fn write(
        &self,
        rows: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        rows(&mut out)?;
        out.flush()?;
        Ok(())
    }

    /// A line or several on standard error. That nobody can read them is no
    /// reason to stop.
    pub(crate) fn tell(&self, text: impl AsRef<str>) {
        let text = escape::lines(text.as_ref());
        let _ = writeln!(io::stderr().lock(), "{}", text.trim_end_matches('\n'));
    }

    /// The same for text with colours.
    pub(crate) fn tell_styled(&self, text: &str) {
        let text = escape::styled(text);
        let _ = writeln!(io::stderr().lock(), "{}", text.trim_end_matches('\n'));
    }
}

/// What the libraries log, on standard error.
impl MakeWriter<'_> for Console {
    type Writer = LogLine;

    fn make_writer(&self) -> LogLine {
        LogLine
    }
}

/// Writes log lines with what could steer a terminal written out.
#[derive(Debug)]
pub(crate) struct LogLine;

impl Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let _ = io::stderr()
            .lock()
            .write_all(escape::lines(&text).as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
