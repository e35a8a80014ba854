//! What is kept of a capture while it goes on, so that the next attempt goes on from there.
//!
//! The rows are in one file, each page compressed by itself; a journal beside it has a line for each
//! page: where in the file it is, its hash, and where the list goes on. A page counts once its
//! journal line is whole and its bytes have the hash. So a process may die anywhere, and neither
//! file need be flushed page by page.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::page;

const ROWS: &str = "rows";
const JOURNAL: &str = "journal";
/// Strong enough to make a snapshot of models a sixth of its size, and faster than the Hub.
const LEVEL: i32 = 3;

/// The first line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// What is asked for; another request cannot go on with it.
    pub(crate) request: String,
    pub(crate) at: DateTime<Utc>,
}

/// A page that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Rows in it.
    pub(crate) rows: u64,
    /// Rows left out because they had come before.
    #[serde(default)]
    pub(crate) repeated: u64,
    /// Where it begins in the file, and how long it is.
    pub(crate) from: u64,
    pub(crate) bytes: u64,
    /// Of the compressed bytes.
    pub(crate) hash: String,
    /// Of the rows as they came.
    pub(crate) content: String,
    /// Its address.
    pub(crate) url: String,
    /// Where the list goes on.
    pub(crate) next: Option<String>,
    /// Fields that the server refused, told with the first page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) dropped: Vec<String>,
    /// It has the rows made meanwhile, and is the last.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) meanwhile: bool,
}

/// A page that is about to be kept.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) lines: Vec<u8>,
    pub(crate) rows: u64,
    pub(crate) repeated: u64,
    pub(crate) content: String,
    pub(crate) url: String,
    pub(crate) next: Option<String>,
    pub(crate) dropped: Vec<String>,
    pub(crate) meanwhile: bool,
}

/// A capture under way.
#[derive(Debug)]
pub(crate) struct Kept {
    rows_path: PathBuf,
    rows: File,
    journal: Journal<Begun>,
    length: u64,
    pub(crate) marks: Vec<Mark>,
}

impl Kept {
    /// Goes on in a directory, or begins there. What cannot be read back is cut off.
    ///
    /// # Errors
    /// [`Error::OtherRequest`] if something else was asked for.
    pub(crate) fn open(folder: &Path, begun: Begun) -> Result<Self> {
        let (mut journal, lines) = Journal::open(&folder.join(JOURNAL), begun.clone())?;
        if journal.begun.request != begun.request {
            return Err(Error::OtherRequest {
                place: folder.display().to_string(),
                was: journal.begun.request,
                is: begun.request,
            });
        }
        let rows_path = folder.join(ROWS);
        let mut rows = open(&rows_path)?;
        let read = Error::io("read", &rows_path);
        let (mut length, mut marks) = (0, Vec::new());
        for mark in lines {
            let mark: Mark = mark;
            if mark.from != length {
                break;
            }
            let mut bytes = Vec::new();
            (&mut rows)
                .take(mark.bytes)
                .read_to_end(&mut bytes)
                .map_err(&read)?;
            if page::hash(&bytes) != mark.hash {
                break;
            }
            length += mark.bytes;
            marks.push(mark);
        }
        journal.rewind_to(marks.len())?;
        rows.set_len(length).map_err(&read)?;
        rows.seek(SeekFrom::Start(length)).map_err(&read)?;
        Ok(Self {
            rows_path,
            rows,
            journal,
            length,
            marks,
        })
    }

    pub(crate) fn begun(&self) -> DateTime<Utc> {
        self.journal.begun.at
    }

    /// Where the rows are.
    pub(crate) fn path(&self) -> &Path {
        &self.rows_path
    }

    pub(crate) fn count(&self) -> u64 {
        self.marks.iter().map(|mark| mark.rows).sum()
    }

    /// Keeps a page.
    pub(crate) fn push(&mut self, draft: Draft) -> Result<()> {
        let wrong = Error::io("write", &self.rows_path);
        let packed = packed(&draft.lines).map_err(&wrong)?;
        let mark = Mark {
            rows: draft.rows,
            repeated: draft.repeated,
            from: self.length,
            bytes: packed.len() as u64,
            hash: page::hash(&packed),
            content: draft.content,
            url: draft.url,
            next: draft.next,
            dropped: draft.dropped,
            meanwhile: draft.meanwhile,
        };
        self.rows.write_all(&packed).map_err(&wrong)?;
        self.length += mark.bytes;
        self.journal.push(&mark)?;
        self.marks.push(mark);
        Ok(())
    }

    /// The lines of a page that was kept.
    pub(crate) fn lines(&self, at: usize) -> Result<Vec<u8>> {
        let wrong = Error::io("read", &self.rows_path);
        // Without rows there is no frame.
        let Some(mark) = self.marks.get(at).filter(|mark| mark.bytes > 0) else {
            return Ok(Vec::new());
        };
        let mut file = File::open(&self.rows_path).map_err(&wrong)?;
        file.seek(SeekFrom::Start(mark.from)).map_err(&wrong)?;
        zstd::stream::decode_all(file.take(mark.bytes)).map_err(&wrong)
    }

    /// Makes the rows survive a loss of power.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.rows
            .sync_all()
            .map_err(Error::io("write", &self.rows_path))
    }
}

/// A page as one frame of zstd. An empty one is none: it leaves nothing in the file.
fn packed(lines: &[u8]) -> std::io::Result<Vec<u8>> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.compress(lines)
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(Error::io("open", path))
}

/// A file of JSON lines, of which the first says what it is about; a line that is not whole was not
/// written.
#[derive(Debug)]
pub(crate) struct Journal<H> {
    path: PathBuf,
    file: File,
    pub(crate) begun: H,
    /// Where each line behind the first ends.
    ends: Vec<u64>,
}

impl<H: Serialize + DeserializeOwned> Journal<H> {
    /// The journal with its lines, or a new one that begins so.
    pub(crate) fn open<T: DeserializeOwned>(path: &Path, new: H) -> Result<(Self, Vec<T>)> {
        let mut file = open(path)?;
        let wrong = Error::io("read", path);
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(&wrong)?;
        let mut whole = text
            .split_inclusive(|byte| *byte == b'\n')
            .take_while(|line| line.ends_with(b"\n"));
        let first = whole.next().unwrap_or_default();
        let mut end = first.len() as u64;
        let (mut ends, mut lines) = (vec![end], Vec::new());
        let begun = match serde_json::from_slice(first) {
            Ok(begun) => {
                for line in whole {
                    let Ok(read) = serde_json::from_slice(line) else {
                        break;
                    };
                    end += line.len() as u64;
                    ends.push(end);
                    lines.push(read);
                }
                begun
            }
            Err(_) => {
                ends.clear();
                new
            }
        };
        let mut journal = Self {
            path: path.to_owned(),
            file,
            begun,
            ends,
        };
        if journal.ends.is_empty() {
            journal.file.set_len(0).map_err(&wrong)?;
            journal.file.rewind().map_err(&wrong)?;
            let line = line(&journal.begun);
            journal.write(&line)?;
        } else {
            journal.rewind_to(lines.len())?;
        }
        Ok((journal, lines))
    }

    /// Cuts off all but the first lines.
    pub(crate) fn rewind_to(&mut self, lines: usize) -> Result<()> {
        let wrong = Error::io("write", &self.path);
        self.ends.truncate(lines + 1);
        let end = self.ends.last().copied().unwrap_or(0);
        self.file.set_len(end).map_err(&wrong)?;
        self.file.seek(SeekFrom::Start(end)).map_err(&wrong)?;
        Ok(())
    }

    pub(crate) fn push(&mut self, value: &impl Serialize) -> Result<()> {
        self.write(&line(value))
    }

    fn write(&mut self, line: &[u8]) -> Result<()> {
        let wrong = Error::io("write", &self.path);
        self.file.write_all(line).map_err(&wrong)?;
        let before = self.ends.last().copied().unwrap_or(0);
        self.ends.push(before + line.len() as u64);
        Ok(())
    }
}

fn line(value: &impl Serialize) -> Vec<u8> {
    // Structs of texts and numbers: nothing that JSON cannot hold.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Begun {
        Begun {
            request: "models".to_owned(),
            at: DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        }
    }

    fn draft(text: &str) -> Draft {
        Draft {
            lines: text.as_bytes().to_vec(),
            rows: text.lines().count() as u64,
            repeated: 0,
            content: page::hash(text.as_bytes()),
            url: "u".to_owned(),
            next: Some(text.to_owned()),
            dropped: Vec::new(),
            meanwhile: false,
        }
    }

    #[test]
    fn wherever_it_breaks_off_whole_pages_are_kept() {
        let whole = tempfile::tempdir().unwrap();
        let mut kept = Kept::open(whole.path(), begun()).unwrap();
        for text in ["a\nb\n", "c\n", "d\ne\nf\n"] {
            kept.push(draft(text)).unwrap();
        }
        let rows = std::fs::read(whole.path().join(ROWS)).unwrap();
        let journal = std::fs::read(whole.path().join(JOURNAL)).unwrap();
        let marks = kept.marks.clone();
        // The journal is ahead of the rows, or the rows of the journal.
        let cuts = (0..rows.len()).map(|at| (at, journal.len()));
        let cuts = cuts.chain((0..journal.len()).map(|at| (rows.len(), at)));
        for (rows_end, journal_end) in cuts {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(ROWS), &rows[..rows_end]).unwrap();
            std::fs::write(folder.path().join(JOURNAL), &journal[..journal_end]).unwrap();
            let mut kept = Kept::open(folder.path(), begun()).unwrap();
            let found = kept.marks.len();
            assert_eq!(kept.marks, marks[..found]);
            for text in ["a\nb\n", "c\n", "d\ne\nf\n"].iter().skip(found) {
                kept.push(draft(text)).unwrap();
            }
            assert_eq!(kept.lines(2).unwrap(), b"d\ne\nf\n");
            assert_eq!(std::fs::read(folder.path().join(ROWS)).unwrap(), rows);
            assert_eq!(std::fs::read(folder.path().join(JOURNAL)).unwrap(), journal);
        }
    }

    #[test]
    fn a_page_without_rows_is_kept_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = Kept::open(folder.path(), begun()).unwrap();
        for text in ["", "a\n", ""] {
            kept.push(draft(text)).unwrap();
        }
        let kept = Kept::open(folder.path(), begun()).unwrap();
        let lines = (0..3).map(|at| kept.lines(at).unwrap());
        assert_eq!(lines.collect::<Vec<_>>(), [&b""[..], b"a\n", b""]);
    }

    #[test]
    fn another_request_does_not_go_on() {
        let folder = tempfile::tempdir().unwrap();
        Kept::open(folder.path(), begun()).unwrap();
        let other = Begun {
            request: "datasets".to_owned(),
            ..begun()
        };
        let error = Kept::open(folder.path(), other).unwrap_err().to_string();
        assert!(error.contains("(models, not datasets)"), "{error}");
    }
}
