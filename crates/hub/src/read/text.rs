//! Rows of JSON, whatever holds them: blocks are taken from the file in turn and decoded side by
//! side.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::blocks::{Block, Lines};
use super::columns::Columns;
use super::decode;
use super::document::Members;
use super::error::{Place, ReadError};
use super::input::Input;
use super::plan::Node;
use super::reject::{Reason, Reject, content};
use super::survey::{SAMPLED_ROWS, Survey};
use super::{Chunk, Request, Step};

/// How many bytes of rows make a chunk full, however few the rows.
const FULL: usize = 64 << 20;

enum Blocks {
    Lines(Lines),
    Members(Members),
    /// After an error or the end.
    Ended,
}

impl Blocks {
    fn next(&mut self, reuse: Vec<u8>) -> Result<Option<Block>, ReadError> {
        let block = match self {
            Blocks::Lines(lines) => lines.next_block(reuse),
            Blocks::Members(members) => members.next_block(reuse),
            Blocks::Ended => Ok(None),
        };
        if !matches!(block, Ok(Some(_))) {
            *self = Blocks::Ended;
        }
        block
    }
}

/// A file of JSON rows.
pub(super) struct TextSource {
    file: String,
    blocks: Blocks,
    request: Request,
    survey: Arc<Survey>,
}

impl TextSource {
    /// NDJSON.
    pub(super) fn lines(
        input: Input,
        request: &Request,
        survey: Arc<Survey>,
    ) -> Result<Self, ReadError> {
        let file = input.file.clone();
        let blocks = Blocks::Lines(Lines::open(input, request.max_row_bytes)?);
        Ok(TextSource {
            file,
            blocks,
            request: request.clone(),
            survey,
        })
    }

    /// A JSON document with its rows under a key.
    pub(super) fn document(
        input: Input,
        key: Option<&str>,
        keyed: bool,
        request: &Request,
        survey: Arc<Survey>,
    ) -> Result<Self, ReadError> {
        let file = input.file.clone();
        let members = Members::open(input, key, keyed, request.max_row_bytes)?;
        let blocks = Blocks::Members(members);
        Ok(TextSource {
            file,
            blocks,
            request: request.clone(),
            survey,
        })
    }

    pub(super) fn split(self, n: usize) -> Vec<TextRows> {
        let blocks = Arc::new(Mutex::new(self.blocks));
        let plan = Arc::new(Node::of_row(&self.request.fields));
        let fields = self.request.fields.iter().enumerate();
        let key_columns: Vec<usize> = fields
            .filter(|(_, field)| field.path == [Step::RowKey])
            .map(|(column, _)| column)
            .collect();
        let rows = |_| TextRows {
            file: self.file.clone(),
            blocks: Arc::clone(&blocks),
            plan: Arc::clone(&plan),
            columns: Columns::new(&self.request),
            survey: Arc::clone(&self.survey),
            batch_rows: self.request.batch_rows.max(1),
            text: Text::default(),
            rows: Vec::new().into_iter(),
            keys: Vec::new().into_iter(),
            key_columns: key_columns.clone(),
            rejects: Vec::new(),
        };
        (0..n).map(rows).collect()
    }
}

/// The text of a block: as a whole, or, where it is not UTF-8, as bytes.
enum Text {
    Utf8(String),
    Bytes(Vec<u8>),
}

impl Default for Text {
    fn default() -> Self {
        Text::Bytes(Vec::new())
    }
}

impl Text {
    fn of(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Text::Utf8(text),
            Err(error) => Text::Bytes(error.into_bytes()),
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Text::Utf8(text) => text.into_bytes(),
            Text::Bytes(bytes) => bytes,
        }
    }
}

/// One of the partitions of a file of JSON rows.
pub(super) struct TextRows {
    file: String,
    blocks: Arc<Mutex<Blocks>>,
    plan: Arc<Node>,
    columns: Columns,
    survey: Arc<Survey>,
    batch_rows: usize,
    text: Text,
    rows: std::vec::IntoIter<(u64, Range<usize>)>,
    /// The rows' keys, if they have any.
    keys: std::vec::IntoIter<Range<usize>>,
    /// The columns that are the row's key.
    key_columns: Vec<usize>,
    rejects: Vec<Reject>,
}

impl TextRows {
    pub(super) fn chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        let (mut rows, mut bytes) = (0, 0);
        while rows + self.rejects.len() < self.batch_rows && bytes < FULL {
            let Some((number, range)) = self.rows.next() else {
                if self.next_block()? {
                    continue;
                }
                break;
            };
            bytes += range.len();
            match self.row(number, range) {
                None => rows += 1,
                Some(reject) => self.rejects.push(reject),
            }
        }
        if rows == 0 && self.rejects.is_empty() {
            return Ok(None);
        }
        let batch = self.columns.take().map_err(|error| ReadError::Damaged {
            file: self.file.clone(),
            place: Place::default(),
            detail: format!("rows that Arrow does not take ({error})"),
            help: "read fewer rows at a time".to_owned(),
        })?;
        let (presence, odd) = self.columns.take_findings();
        self.survey.add(presence, odd);
        let mut rejects = std::mem::take(&mut self.rejects);
        rejects.sort_by_key(|reject| reject.row);
        Ok(Some(Chunk { batch, rejects }))
    }

    fn next_block(&mut self) -> Result<bool, ReadError> {
        let reuse = std::mem::take(&mut self.text).into_bytes();
        // A partition that panicked has not left the splitter in between two states: it locks only
        // here, and what is called here does not panic.
        let next = self
            .blocks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next(reuse)?;
        let Some(block) = next else { return Ok(false) };
        self.text = Text::of(block.bytes);
        self.rows = block.rows.into_iter();
        self.keys = block.keys.into_iter();
        self.rejects.extend(block.rejects);
        Ok(true)
    }

    fn row(&mut self, number: u64, range: Range<usize>) -> Option<Reject> {
        let key = self.keys.next();
        let (bytes, text) = match &self.text {
            Text::Utf8(text) => (&text.as_bytes()[range.clone()], text.get(range)),
            Text::Bytes(bytes) => (
                &bytes[range.clone()],
                std::str::from_utf8(&bytes[range]).ok(),
            ),
        };
        let key = match (&self.text, key) {
            (Text::Utf8(text), Some(key)) => text.as_bytes().get(key),
            (Text::Bytes(bytes), Some(key)) => bytes.get(key),
            (_, None) => None,
        };
        match text {
            Some(text) => {
                if number <= SAMPLED_ROWS {
                    self.survey.look(text);
                }
                decode::object(&self.plan, &mut self.columns, text);
                // It was read as a key before.
                let key = key.and_then(|key| serde_json::from_slice::<String>(key).ok());
                for column in &self.key_columns {
                    if let Some(key) = &key {
                        self.columns.put_spelled(*column, key);
                    }
                }
            }
            None => {
                self.columns
                    .mistakes
                    .note(Reason::NotUtf8, || match std::str::from_utf8(bytes) {
                        Err(error) => format!(
                            "expected UTF-8, found other bytes at byte {} of the row",
                            error.valid_up_to() + 1
                        ),
                        Ok(_) => "expected UTF-8".to_owned(),
                    })
            }
        }
        self.columns.end_row(number, || content(bytes))
    }
}
