//! A growing window onto a file's content.

use std::io::Read;

use super::error::{Place, ReadError};
use super::input::Input;

/// How much is read at a time.
const STEP: usize = 256 << 10;

/// A file's content from some byte on, as far as it was read.
pub(super) struct Feed {
    pub(super) input: Input,
    pub(super) buf: Vec<u8>,
    /// How many bytes of content came before `buf`.
    before: u64,
    ended: bool,
}

impl Feed {
    /// The content from its beginning, without a byte order mark.
    pub(super) fn new(input: Input) -> Result<Self, ReadError> {
        let mut feed = Feed {
            input,
            buf: Vec::new(),
            before: 0,
            ended: false,
        };
        feed.more(None)?;
        if feed.buf.starts_with(b"\xef\xbb\xbf") {
            feed.drop_front(3);
        }
        Ok(feed)
    }

    /// Reads more; `false` at the end of the content. `line` is that of the buffer's beginning.
    pub(super) fn more(&mut self, line: Option<u64>) -> Result<bool, ReadError> {
        if self.ended {
            return Ok(false);
        }
        let filled = self.buf.len();
        self.buf.resize(filled + STEP, 0);
        let read = self.input.read(&mut self.buf[filled..]);
        let n = *read.as_ref().unwrap_or(&0);
        self.buf.truncate(filled + n);
        self.ended = n == 0;
        read.map_err(|error| {
            let passed = memchr::memchr_iter(b'\n', &self.buf).count() as u64;
            self.input.failed(error, line.map(|line| line + passed))
        })?;
        Ok(n > 0)
    }

    /// Hands over the first `end` bytes; `reuse` takes the place of the rest's buffer.
    pub(super) fn split_front(&mut self, end: usize, mut reuse: Vec<u8>) -> Vec<u8> {
        reuse.clear();
        reuse.extend_from_slice(&self.buf[end..]);
        let mut front = std::mem::replace(&mut self.buf, reuse);
        front.truncate(end);
        self.before += end as u64;
        front
    }

    /// Forgets the first `end` bytes.
    pub(super) fn drop_front(&mut self, end: usize) {
        self.cut(0, end);
    }

    /// Forgets the bytes from `start` to `end`.
    pub(super) fn cut(&mut self, start: usize, end: usize) {
        self.buf.drain(start..end);
        self.before += (end - start) as u64;
    }

    /// The place of the byte at `at` of the buffer.
    pub(super) fn place(&self, at: usize) -> Place {
        Place::at_byte(self.before + at as u64)
    }
}
