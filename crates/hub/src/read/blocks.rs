//! NDJSON cut into blocks of whole lines.

use std::ops::Range;

use super::error::ReadError;
use super::feed::Feed;
use super::input::Input;
use super::reject::{Reason, Reject, content};
use super::repair;

/// How large a block is at least, unless the file ends: small enough that every partition of a
/// file of some megabytes has work, large enough that taking one costs nothing.
pub(super) const BLOCK: usize = 512 << 10;

/// Some rows of a file, as they are in it.
#[derive(Default)]
pub(super) struct Block {
    /// The text in which the rows are.
    pub(super) bytes: Vec<u8>,
    /// The rows' numbers and where in `bytes` they are.
    pub(super) rows: Vec<(u64, Range<usize>)>,
    /// Where in `bytes` the rows' keys are, if they have any.
    pub(super) keys: Vec<Range<usize>>,
    /// Rows that were too long to be kept.
    pub(super) rejects: Vec<Reject>,
}

/// A reject for a row of more than `limit` bytes, given its beginning.
pub(super) fn too_long(row: u64, limit: usize, beginning: &[u8]) -> Reject {
    let detail = format!("expected a row of at most {limit} bytes, found a longer one");
    Reject {
        row,
        reason: Reason::TooLong,
        detail,
        content: content(beginning),
    }
}

/// The lines of a file.
pub(super) struct Lines {
    feed: Feed,
    /// The number of the line at the start of the feed's buffer.
    line: u64,
    limit: usize,
}

impl Lines {
    pub(super) fn open(input: Input, limit: usize) -> Result<Self, ReadError> {
        const EXPECTED: &str = "NDJSON, one object a line";
        const HELP: &str = "a JSON document is read with `format: json`";
        input.expect_text(EXPECTED)?;
        let feed = Feed::new(input)?;
        let first = feed.buf.trim_ascii_start();
        let first_line = first.split(|&b| b == b'\n').next().unwrap_or(first);
        if first.first() == Some(&b'[') {
            return Err(feed.input.not(EXPECTED, "a list".to_owned(), HELP));
        }
        if first.len() > first_line.len() && first_line.trim_ascii() == b"{" {
            return Err(feed
                .input
                .not(EXPECTED, "an object over several lines".to_owned(), HELP));
        }
        Ok(Lines {
            feed,
            line: 1,
            limit,
        })
    }

    /// The next lines, blank ones left out; `None` at the end of the file.
    pub(super) fn next_block(&mut self, reuse: Vec<u8>) -> Result<Option<Block>, ReadError> {
        let mut searched = 0;
        let mut last_newline = None;
        let end = loop {
            if let Some(at) = self.feed.buf[searched..].iter().rposition(|&b| b == b'\n') {
                last_newline = Some(searched + at + 1);
            }
            searched = self.feed.buf.len();
            match last_newline {
                Some(end) if end >= BLOCK => break end,
                None if searched > self.limit => return self.skip_line().map(Some),
                _ => {}
            }
            // A line that may be too long does not hold up those before it.
            if let Some(end) = last_newline
                && searched - end > self.limit
            {
                break end;
            }
            if !self.feed.more(Some(self.line))? {
                break searched;
            }
        };
        if end == 0 {
            return Ok(None);
        }
        self.whole(end)?;
        let mut block = Block {
            bytes: self.feed.split_front(end, reuse),
            ..Block::default()
        };
        let mut start = 0;
        while start < end {
            let rest = &block.bytes[start..];
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = &rest[..length];
            if length > self.limit {
                block.rejects.push(too_long(
                    self.line,
                    self.limit,
                    &line[..line.len().min(BLOCK)],
                ));
            } else if !line.trim_ascii().is_empty() {
                block.rows.push((self.line, start..start + length));
            }
            self.line += 1;
            start += length + 1;
        }
        Ok(Some(block))
    }

    /// That the text up to `end` is not cut off: a file's last line may lack its line feed, but not
    /// the end of its object.
    fn whole(&self, end: usize) -> Result<(), ReadError> {
        let text = &self.feed.buf[..end];
        if text.ends_with(b"\n") {
            return Ok(());
        }
        let start = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
        let line = &text[start..];
        let repaired = std::str::from_utf8(line).ok().and_then(repair::repaired);
        let line = repaired.as_ref().map_or(line, String::as_bytes);
        match serde_json::from_slice::<serde::de::IgnoredAny>(line) {
            Err(error) if error.is_eof() && !line.trim_ascii().is_empty() => {
                Err(ReadError::CutOff {
                    file: self.feed.input.file.clone(),
                    place: self.feed.place(end),
                    detail: "the last line ends within its object".to_owned(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Reads on to the end of a line that is too long, without keeping it.
    fn skip_line(&mut self) -> Result<Block, ReadError> {
        let reject = too_long(
            self.line,
            self.limit,
            &self.feed.buf[..self.feed.buf.len().min(BLOCK)],
        );
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.feed.buf) {
                self.feed.drop_front(at + 1);
                break;
            }
            self.feed.drop_front(self.feed.buf.len());
            if !self.feed.more(Some(self.line))? {
                break;
            }
        }
        self.line += 1;
        Ok(Block {
            rejects: vec![reject],
            ..Block::default()
        })
    }
}
