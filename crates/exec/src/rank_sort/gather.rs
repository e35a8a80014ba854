//! Gathering rows in a given order.
//!
//! Most columns of text have few distinct values: they are dictionary-encoded,
//! and codes, which are adjacent in memory, are gathered in place of texts, which
//! are scattered.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StringArray, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use datafusion::common::hash_utils::RandomState;

/// The largest dictionary: columns of more different texts are not encoded.
const MAX_TEXTS: u16 = 1_024;
/// The code of a null.
const NULL: u16 = u16::MAX;

/// A row: the index of its batch, and its index there.
pub(super) type RowIndex = (usize, usize);

/// Batches whose rows can be gathered in any order.
pub(super) struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    /// How many rows come before each batch.
    starts: Vec<usize>,
}

enum Column {
    Any(Vec<ArrayRef>),
    Encoded(Dictionary),
    /// Nothing but nulls.
    Null,
}

/// A column's different texts, and the code of each row's.
pub(super) struct Dictionary {
    texts: Vec<Box<str>>,
    pub(super) codes: Vec<u16>,
}

impl Rows {
    pub(super) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        let starts = batches.iter().scan(0, |rows, batch| {
            *rows += batch.num_rows();
            Some(*rows - batch.num_rows())
        });
        let starts = starts.collect();
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); schema.fields().len()];
        for batch in batches {
            for (part, column) in parts.iter_mut().zip(batch.columns()) {
                part.push(Arc::clone(column));
            }
        }
        let columns = parts.into_iter().map(|parts| {
            if parts.iter().all(|part| part.null_count() == part.len()) {
                return Column::Null;
            }
            match Dictionary::of(&parts) {
                Some(dictionary) => Column::Encoded(dictionary),
                None => Column::Any(parts),
            }
        });
        Self {
            columns: columns.collect(),
            schema,
            starts,
        }
    }

    /// A column's dictionary, if it is encoded.
    pub(super) fn dictionary(&self, column: usize) -> Option<&Dictionary> {
        match self.columns.get(column) {
            Some(Column::Encoded(dictionary)) => Some(dictionary),
            _ => None,
        }
    }

    /// The rows with these indices, in their order.
    pub(super) fn gather(&self, places: &[RowIndex]) -> Result<RecordBatch, ArrowError> {
        // Only the batches that are asked of are looked at, in any order.
        let mut slots: Vec<usize> = vec![usize::MAX; self.starts.len()];
        let mut used: Vec<usize> = Vec::new();
        let mut rows = Vec::with_capacity(places.len());
        let mut slotted = Vec::with_capacity(places.len());
        for (batch, row) in places {
            let slot = &mut slots[*batch];
            if *slot == usize::MAX {
                *slot = used.len();
                used.push(*batch);
            }
            slotted.push((*slot, *row));
            rows.push(self.starts[*batch] + row);
        }
        let columns = self.columns.iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| match column {
            Column::Encoded(dictionary) => dictionary.gather(&rows),
            Column::Any(parts) => {
                let parts: Vec<_> = used.iter().map(|batch| parts[*batch].as_ref()).collect();
                interleave(&parts, &slotted)
            }
            Column::Null => Ok(new_null_array(field.data_type(), rows.len())),
        });
        RecordBatch::try_new(Arc::clone(&self.schema), columns.collect::<Result<_, _>>()?)
    }
}

impl Dictionary {
    /// Nothing of a column of many different texts.
    pub(super) fn of(parts: &[ArrayRef]) -> Option<Self> {
        let is_text = |part: &ArrayRef| *part.data_type() == DataType::Utf8;
        if parts.is_empty() || !parts.iter().all(is_text) {
            return None;
        }
        let mut known: HashMap<&str, u16, RandomState> = HashMap::default();
        let mut texts: Vec<Box<str>> = Vec::new();
        let mut codes = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        let mut last: Option<(&str, u16)> = None;
        for part in parts {
            for text in part.as_string::<i32>() {
                let Some(text) = text else {
                    codes.push(NULL);
                    continue;
                };
                let code = match last {
                    Some((before, code)) if before == text => code,
                    _ => match known.get(text) {
                        Some(code) => *code,
                        None => {
                            let code = u16::try_from(texts.len()).ok()?;
                            if code == MAX_TEXTS {
                                return None;
                            }
                            known.insert(text, code);
                            texts.push(text.into());
                            code
                        }
                    },
                };
                last = Some((text, code));
                codes.push(code);
            }
        }
        Some(Self { texts, codes })
    }

    /// The rank of each text among all, by its code.
    pub(super) fn ranks(&self) -> Vec<u64> {
        let mut codes: Vec<usize> = (0..self.texts.len()).collect();
        codes.sort_unstable_by_key(|code| self.texts.get(*code));
        let mut ranks = vec![0; codes.len()];
        for (rank, code) in (0..).zip(codes) {
            if let Some(slot) = ranks.get_mut(code) {
                *slot = rank;
            }
        }
        ranks
    }

    fn gather(&self, rows: &[usize]) -> Result<ArrayRef, ArrowError> {
        let codes: Vec<u16> = rows.iter().map(|row| self.codes[*row]).collect();
        let texts = if codes.is_sorted_by(|one, next| one == next) {
            // Most batches have one value of a column that is sorted by.
            let first = codes.first().map_or("", |code| self.text(*code));
            first.repeat(codes.len())
        } else {
            let bytes = codes.iter().map(|code| self.text(*code).len());
            let mut texts = String::with_capacity(bytes.sum());
            for code in &codes {
                texts.push_str(self.text(*code));
            }
            texts
        };
        let lengths = codes.iter().map(|code| self.text(*code).len());
        let offsets = OffsetBuffer::from_lengths(lengths);
        let nulls = codes.contains(&NULL).then(|| {
            let known = codes.iter().map(|code| *code != NULL);
            known.collect::<NullBuffer>()
        });
        let texts = StringArray::try_new(offsets, texts.into_bytes().into(), nulls)?;
        Ok(Arc::new(texts))
    }

    fn text(&self, code: u16) -> &str {
        self.texts.get(usize::from(code)).map_or("", Box::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};
    use arrow::compute::interleave_record_batch;

    use super::*;

    fn batch(from: usize, rows: usize) -> RecordBatch {
        let texts = |of: &dyn Fn(usize) -> Option<String>| -> ArrayRef {
            Arc::new((from..from + rows).map(of).collect::<StringArray>())
        };
        let list = DataType::new_list(DataType::Utf8, true);
        let numbers = Int64Array::from_iter_values((from as i64)..(from + rows) as i64);
        RecordBatch::try_from_iter([
            (
                "few",
                texts(&|row| Some(["", "é", "a longer text"][row % 3].to_owned())),
            ),
            (
                "as_many_as_there_may_be",
                texts(&|row| Some((row % usize::from(MAX_TEXTS)).to_string())),
            ),
            (
                "one_more",
                texts(&|row| Some((row % (usize::from(MAX_TEXTS) + 1)).to_string())),
            ),
            (
                "with_nulls",
                texts(&|row| (row % 2 == 0).then(|| "x".to_owned())),
            ),
            ("numbers", Arc::new(numbers)),
            ("nulls", texts(&|_| None)),
            ("lists", new_null_array(&list, rows)),
        ])
        .unwrap()
    }

    #[test]
    fn rows_are_those_that_arrow_gathers() {
        let batches = vec![batch(0, 900), batch(900, 0), batch(900, 1_300)];
        let places: Vec<RowIndex> = (0..5_000)
            .map(|n| n * 7_919 % 2_200)
            .map(|row| if row < 900 { (0, row) } else { (2, row - 900) })
            .collect();
        let used: Vec<&RecordBatch> = batches.iter().collect();
        let expected = interleave_record_batch(&used, &places).unwrap();
        let rows = Rows::new(expected.schema(), batches.clone());
        assert_eq!(rows.gather(&places).unwrap(), expected);
        let kinds = rows.columns.iter().map(|column| match column {
            Column::Encoded(_) => "encoded",
            Column::Any(_) => "any",
            Column::Null => "null",
        });
        let kinds: Vec<_> = kinds.collect();
        assert_eq!(
            kinds,
            [
                "encoded", "encoded", "any", "encoded", "any", "null", "null"
            ]
        );
    }
}
