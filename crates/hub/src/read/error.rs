//! Why a file as a whole cannot be read.

use std::fmt;
use std::io;

/// A file that cannot be read. What was read of it counts for nothing.
///
/// Each message says which file, where in it, what was expected and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("{file}: there is no such file; check the location and the date in it")]
    Missing {
        /// The file.
        file: String,
    },
    /// The file has no content.
    #[error("{file}: the file is empty, expected {expected}; fetch it again")]
    Empty {
        /// The file.
        file: String,
        /// What should have been in it.
        expected: String,
    },
    /// The operating system refused.
    #[error("{file}: cannot be read at {place}: {source}")]
    Io {
        /// The file.
        file: String,
        /// Where the reading stood.
        place: Place,
        /// What the system said.
        source: io::Error,
    },
    /// The file's content is of another format than its name or the source's entry says.
    #[error("{file}: expected {expected}, found {found}; {help}")]
    NotWhatItSays {
        /// The file.
        file: String,
        /// What its name or the request promises.
        expected: String,
        /// What is there.
        found: String,
        /// What to do about it.
        help: String,
    },
    /// The file ends too early.
    #[error("{file}: cut off at {place}: {detail}; fetch it again")]
    CutOff {
        /// The file.
        file: String,
        /// Where it ends.
        place: Place,
        /// What is missing.
        detail: String,
    },
    /// The file's content contradicts its format.
    #[error("{file}: damaged at {place}: {detail}; {help}")]
    Damaged {
        /// The file.
        file: String,
        /// Where.
        place: Place,
        /// What was expected and what is there.
        detail: String,
        /// What to do about it.
        help: String,
    },
    /// The request contradicts itself.
    #[error("{file}: {mistake}; correct the source's entry")]
    Request {
        /// The file.
        file: String,
        /// The mistake.
        mistake: String,
    },
}

impl ReadError {
    /// The file, as it was shown to be called.
    pub fn file(&self) -> &str {
        match self {
            ReadError::Missing { file }
            | ReadError::Empty { file, .. }
            | ReadError::Io { file, .. }
            | ReadError::NotWhatItSays { file, .. }
            | ReadError::CutOff { file, .. }
            | ReadError::Damaged { file, .. }
            | ReadError::Request { file, .. } => file,
        }
    }
}

/// Where in a file. Bytes are counted in the file as it lies there (compressed, if it is); lines
/// and rows from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Bytes read before the place.
    pub byte: u64,
    /// The line, in a text of lines.
    pub line: Option<u64>,
    /// The row, where rows are counted.
    pub row: Option<u64>,
}

impl Place {
    /// A place of which only the bytes before it are known.
    pub fn at_byte(byte: u64) -> Self {
        Place {
            byte,
            ..Place::default()
        }
    }

    /// The same place with its line.
    pub fn on_line(self, line: u64) -> Self {
        Place {
            line: Some(line),
            ..self
        }
    }

    /// The same place with its row.
    pub fn in_row(self, row: u64) -> Self {
        Place {
            row: Some(row),
            ..self
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}", self.byte)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        Ok(())
    }
}
