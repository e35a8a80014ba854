//! A JSON document cut into blocks of whole rows.
//!
//! Only the document's frame is parsed here: where the rows are and where each begins and ends. What a member holds is the decoder's affair, so a member that does not fit is one row's
//! mistake, and no more of the document than a block is in memory.

use super::blocks::{BLOCK, Block, too_long};
use super::error::ReadError;
use super::feed::Feed;
use super::input::Input;

/// How long a key of the document's object may be.
const MOST_KEY: usize = 4_096;
/// How many keys a message shows.
const SHOWN_KEYS: usize = 12;

/// The members of the list in a document.
pub(super) struct Members {
    feed: Feed,
    /// Where the scanner is in the feed's buffer.
    at: usize,
    /// The number of members so far.
    row: u64,
    limit: usize,
    /// Whether the rows are below a key of the document's object.
    inside_object: bool,
    /// Whether the rows are the values of an object.
    keyed: bool,
    ended: bool,
}

impl Members {
    /// Looks for the list or object of rows: the document itself, or the value of a key.
    pub(super) fn open(
        input: Input,
        key: Option<&str>,
        keyed: bool,
        limit: usize,
    ) -> Result<Self, ReadError> {
        input.expect_text("a JSON document")?;
        let feed = Feed::new(input)?;
        let mut members = Members {
            feed,
            at: 0,
            row: 0,
            limit,
            inside_object: key.is_some(),
            keyed,
            ended: false,
        };
        let first = members.token()?;
        match (key, first) {
            (None, b'[') if !keyed => members.at += 1,
            (None, b'{') if keyed => members.at += 1,
            (None, b'[') => {
                return Err(members.not(
                    "an object of rows",
                    "a list",
                    "leave out `rows:`, the document is the list",
                ));
            }
            (None, b'{') => {
                return Err(members.not(
                    "a list of rows",
                    "an object",
                    "name the key of its rows with `rows:`, or write `rows: \"{}\"` if its values are the rows",
                ));
            }
            (Some(_), b'[') => {
                return Err(members.not(
                    "an object",
                    "a list",
                    "leave out `rows:`, the document is the list",
                ));
            }
            (Some(key), b'{') => {
                members.at += 1;
                members.find(key)?;
            }
            _ => {
                let found = members.feed.input.found();
                return Err(members.not(
                    "a JSON document",
                    &found,
                    "correct the format in the source's entry",
                ));
            }
        }
        Ok(members)
    }

    /// Goes to the list under a key of the document's object.
    fn find(&mut self, wanted: &str) -> Result<(), ReadError> {
        let mut keys = Vec::new();
        let mut next = self.token()?;
        while next != b'}' {
            let key = self.key()?;
            self.expect(b':')?;
            let value = self.token()?;
            if key == wanted {
                let (opens, expected) = match self.keyed {
                    true => (b'{', "an object of rows"),
                    false => (b'[', "a list of rows"),
                };
                if value != opens {
                    let what = expected.trim_end_matches(" of rows");
                    let found = format!("something else than {what} under `{wanted}`");
                    return Err(self.not(
                        expected,
                        &found,
                        "name the key of its rows with `rows:`, and add `{}` if they are the values of an object",
                    ));
                }
                self.at += 1;
                return Ok(());
            }
            keys.push(key);
            let start = self.at;
            self.pass_value(Some(start))?;
            next = self.token()?;
            match next {
                b',' => {
                    self.at += 1;
                    next = self.token()?;
                    if next == b'}' {
                        return Err(self.damaged("a key"));
                    }
                }
                b'}' => {}
                _ => return Err(self.damaged("`,` or `}`")),
            }
        }
        let more = if keys.len() > SHOWN_KEYS { ", …" } else { "" };
        keys.truncate(SHOWN_KEYS);
        let found = format!("the keys {}{more}", keys.join(", "));
        Err(self.not(
            &format!("a list of rows under `{wanted}`"),
            &found,
            "name the key of its rows with `rows:`",
        ))
    }

    /// The next members; `None` when the document has ended as it should.
    pub(super) fn next_block(&mut self, reuse: Vec<u8>) -> Result<Option<Block>, ReadError> {
        let mut block = Block::default();
        let (closes, closes_shown) = if self.keyed {
            (b'}', "`,` or `}`")
        } else {
            (b']', "`,` or `]`")
        };
        while !self.ended && self.at < BLOCK {
            let mut next = self.token()?;
            if next == closes {
                self.at += 1;
                self.end_document()?;
                self.ended = true;
                break;
            }
            if self.row > 0 {
                if next != b',' {
                    return Err(self.damaged(closes_shown));
                }
                self.at += 1;
                next = self.token()?;
                if next == closes {
                    return Err(self.damaged("a row"));
                }
            }
            let key = self.at;
            let mut key_end = key;
            if self.keyed {
                self.key()?;
                key_end = self.at;
                self.expect(b':')?;
                self.token()?;
            }
            self.row += 1;
            let start = self.at;
            match self.pass_value(None)? {
                None => {
                    block.rows.push((self.row, start..self.at));
                    if self.keyed {
                        block.keys.push(key..key_end);
                    }
                }
                Some(beginning) => block
                    .rejects
                    .push(too_long(self.row, self.limit, &beginning)),
            }
        }
        if block.rows.is_empty() && block.rejects.is_empty() {
            return Ok(None);
        }
        block.bytes = self.feed.split_front(self.at, reuse);
        self.at = 0;
        Ok(Some(block))
    }

    /// Sees to it that after the list comes what belongs there.
    fn end_document(&mut self) -> Result<(), ReadError> {
        if self.inside_object {
            loop {
                match self.token()? {
                    b'}' => break,
                    b',' => {}
                    _ => return Err(self.damaged("`,` or `}`")),
                }
                self.at += 1;
                self.token()?;
                self.key()?;
                self.expect(b':')?;
                self.token()?;
                self.pass_value(Some(self.at))?;
            }
            self.at += 1;
        }
        match self.blank()? {
            None => Ok(()),
            Some(_) => Err(self.damaged("nothing after the document's end")),
        }
    }

    /// Passes over blanks; the byte there, unless the content has ended.
    fn blank(&mut self) -> Result<Option<u8>, ReadError> {
        while let Some(byte) = self.byte()? {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(Some(byte));
            }
            self.at += 1;
        }
        Ok(None)
    }

    /// The byte at which the next token starts.
    fn token(&mut self) -> Result<u8, ReadError> {
        self.blank()?.ok_or_else(|| self.cut_off())
    }

    fn byte(&mut self) -> Result<Option<u8>, ReadError> {
        while self.at >= self.feed.buf.len() {
            if !self.feed.more(None)? {
                return Ok(None);
            }
        }
        Ok(Some(self.feed.buf[self.at]))
    }

    fn expect(&mut self, wanted: u8) -> Result<(), ReadError> {
        if self.token()? != wanted {
            return Err(self.damaged(&format!("`{}`", char::from(wanted))));
        }
        self.at += 1;
        Ok(())
    }

    /// A key of the document's object.
    fn key(&mut self) -> Result<String, ReadError> {
        if self.byte()? != Some(b'"') {
            return Err(self.damaged("a key"));
        }
        let start = self.at;
        self.at += 1;
        while !self.pass_string()? {
            if self.at - start > MOST_KEY || !self.feed.more(None)? {
                return Err(self.cut_off());
            }
        }
        serde_json::from_slice(&self.feed.buf[start..self.at])
            .map_err(|error| self.damaged(&format!("a key ({error})")))
    }

    /// Passes over the rest of a string as far as the buffer goes; whether its end was found. An
    /// escape is passed as a whole.
    fn pass_string(&mut self) -> Result<bool, ReadError> {
        loop {
            match memchr::memchr2(b'"', b'\\', &self.feed.buf[self.at..]) {
                None => {
                    self.at = self.feed.buf.len();
                    return Ok(false);
                }
                Some(found) => {
                    self.at += found + 1;
                    if self.feed.buf[self.at - 1] == b'"' {
                        return Ok(true);
                    }
                    if self.byte()?.is_none() {
                        return Err(self.cut_off());
                    }
                    self.at += 1;
                }
            }
        }
    }

    /// Passes over a value.
    ///
    /// With `forget` its bytes, from there on, are not kept. Without, they are, unless there are
    /// more than the limit: then its beginning is the answer.
    fn pass_value(&mut self, forget: Option<usize>) -> Result<Option<Vec<u8>>, ReadError> {
        let start = self.at;
        let mut forget = forget;
        let mut beginning = None;
        let (mut depth, mut in_string) = (0_u64, false);
        loop {
            let ended = self.pass_some(&mut depth, &mut in_string)?;
            if forget.is_none() && self.at - start > self.limit {
                let head = &self.feed.buf[start..self.at];
                beginning = Some(head[..head.len().min(BLOCK)].to_vec());
                forget = Some(start);
            }
            if let Some(from) = forget {
                self.feed.cut(from, self.at);
                self.at = from;
            }
            if ended {
                return Ok(beginning);
            }
            if !self.feed.more(None)? {
                // A number, `true` and the like end where the content does; `token` sees that too.
                return if depth == 0 && !in_string {
                    Ok(beginning)
                } else {
                    Err(self.cut_off())
                };
            }
        }
    }

    /// Passes over a value as far as the buffer goes; whether its end was found.
    fn pass_some(&mut self, depth: &mut u64, in_string: &mut bool) -> Result<bool, ReadError> {
        loop {
            if *in_string {
                if !self.pass_string()? {
                    return Ok(false);
                }
                *in_string = false;
                if *depth == 0 {
                    return Ok(true);
                }
            }
            let Some(found) = self.feed.buf[self.at..]
                .iter()
                .position(|b| matches!(b, b'"' | b'{' | b'}' | b'[' | b']' | b','))
            else {
                self.at = self.feed.buf.len();
                return Ok(false);
            };
            self.at += found;
            match self.feed.buf[self.at] {
                b'"' => *in_string = true,
                b'{' | b'[' => *depth += 1,
                // The end of a number, `true` and the like, which is not part of it.
                _ if *depth == 0 => return Ok(true),
                b',' => {}
                _ => {
                    *depth -= 1;
                    if *depth == 0 {
                        self.at += 1;
                        return Ok(true);
                    }
                }
            }
            self.at += 1;
        }
    }

    fn not(&self, expected: &str, found: &str, help: &str) -> ReadError {
        self.feed.input.not(expected, found.to_owned(), help)
    }

    fn cut_off(&self) -> ReadError {
        ReadError::CutOff {
            file: self.feed.input.file.clone(),
            place: self.feed.place(self.at).in_row(self.row),
            detail: "the JSON document ends before its brackets are closed".to_owned(),
        }
    }

    fn damaged(&self, expected: &str) -> ReadError {
        let found = match self.feed.buf.get(self.at) {
            Some(&byte) => format!("`{}`", byte.escape_ascii()),
            None => "the end of the file".to_owned(),
        };
        ReadError::Damaged {
            file: self.feed.input.file.clone(),
            place: self.feed.place(self.at).in_row(self.row),
            detail: format!("expected {expected}, found {found}"),
            help: "correct it or fetch it again".to_owned(),
        }
    }
}
