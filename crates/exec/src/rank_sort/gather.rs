//! Rows put together from the places where they stand.
//!
//! Most columns of text have few different values: each value is then held
//! once, a row has its number, and what is gathered is numbers, which lie close
//! together, instead of texts, which lie anywhere.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StringArray, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use datafusion::common::hash_utils::RandomState;

use super::ranks::Place;

/// Different texts above which each stays where it is.
const FEW: u16 = 1_024;
/// Stands for no text.
const NULL: u16 = u16::MAX;

/// Batches whose rows can be taken in any order.
pub(super) struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    /// How many rows stand before each batch.
    starts: Vec<usize>,
}

enum Column {
    Any(Vec<ArrayRef>),
    Few(Few),
    /// Nothing but nulls.
    Null,
}

/// A column's different texts, and for each row which of them it has.
pub(super) struct Few {
    texts: Vec<Box<str>>,
    pub(super) numbers: Vec<u16>,
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
            match Few::of(&parts) {
                Some(few) => Column::Few(few),
                None => Column::Any(parts),
            }
        });
        Self {
            columns: columns.collect(),
            schema,
            starts,
        }
    }

    /// The texts of a column as numbers, if they are few.
    pub(super) fn few(&self, column: usize) -> Option<&Few> {
        match self.columns.get(column) {
            Some(Column::Few(few)) => Some(few),
            _ => None,
        }
    }

    /// The rows at these places, in their order.
    pub(super) fn at(&self, places: &[Place]) -> Result<RecordBatch, ArrowError> {
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
            Column::Few(few) => few.at(&rows),
            Column::Any(parts) => {
                let parts: Vec<_> = used.iter().map(|batch| parts[*batch].as_ref()).collect();
                interleave(&parts, &slotted)
            }
            Column::Null => Ok(new_null_array(field.data_type(), rows.len())),
        });
        RecordBatch::try_new(Arc::clone(&self.schema), columns.collect::<Result<_, _>>()?)
    }
}

impl Few {
    /// Of a column of few different texts.
    pub(super) fn of(parts: &[ArrayRef]) -> Option<Self> {
        let is_text = |part: &ArrayRef| *part.data_type() == DataType::Utf8;
        if parts.is_empty() || !parts.iter().all(is_text) {
            return None;
        }
        let mut known: HashMap<&str, u16, RandomState> = HashMap::default();
        let mut texts: Vec<Box<str>> = Vec::new();
        let mut numbers = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        let mut last: Option<(&str, u16)> = None;
        for part in parts {
            for text in part.as_string::<i32>() {
                let Some(text) = text else {
                    numbers.push(NULL);
                    continue;
                };
                let number = match last {
                    Some((before, number)) if before == text => number,
                    _ => match known.get(text) {
                        Some(number) => *number,
                        None => {
                            let number = u16::try_from(texts.len()).ok()?;
                            if number == FEW {
                                return None;
                            }
                            known.insert(text, number);
                            texts.push(text.into());
                            number
                        }
                    },
                };
                last = Some((text, number));
                numbers.push(number);
            }
        }
        Some(Self { texts, numbers })
    }

    /// Of each text, by its number, its place among them in their order.
    pub(super) fn places(&self) -> Vec<u64> {
        let mut numbers: Vec<usize> = (0..self.texts.len()).collect();
        numbers.sort_unstable_by_key(|number| self.texts.get(*number));
        let mut places = vec![0; numbers.len()];
        for (place, number) in (0..).zip(numbers) {
            if let Some(slot) = places.get_mut(number) {
                *slot = place;
            }
        }
        places
    }

    fn at(&self, rows: &[usize]) -> Result<ArrayRef, ArrowError> {
        let numbers: Vec<u16> = rows.iter().map(|row| self.numbers[*row]).collect();
        let texts = if numbers.is_sorted_by(|one, next| one == next) {
            // Of what is sorted by, most batches have one value.
            let first = numbers.first().map_or("", |number| self.text(*number));
            first.repeat(numbers.len())
        } else {
            let bytes = numbers.iter().map(|number| self.text(*number).len());
            let mut texts = String::with_capacity(bytes.sum());
            for number in &numbers {
                texts.push_str(self.text(*number));
            }
            texts
        };
        let lengths = numbers.iter().map(|number| self.text(*number).len());
        let offsets = OffsetBuffer::from_lengths(lengths);
        let nulls = numbers.contains(&NULL).then(|| {
            let known = numbers.iter().map(|number| *number != NULL);
            known.collect::<NullBuffer>()
        });
        let texts = StringArray::try_new(offsets, texts.into_bytes().into(), nulls)?;
        Ok(Arc::new(texts))
    }

    fn text(&self, number: u16) -> &str {
        self.texts.get(usize::from(number)).map_or("", Box::as_ref)
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
                texts(&|row| Some((row % usize::from(FEW)).to_string())),
            ),
            (
                "one_more",
                texts(&|row| Some((row % (usize::from(FEW) + 1)).to_string())),
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
        let places: Vec<Place> = (0..5_000)
            .map(|n| n * 7_919 % 2_200)
            .map(|row| if row < 900 { (0, row) } else { (2, row - 900) })
            .collect();
        let used: Vec<&RecordBatch> = batches.iter().collect();
        let expected = interleave_record_batch(&used, &places).unwrap();
        let rows = Rows::new(expected.schema(), batches.clone());
        assert_eq!(rows.at(&places).unwrap(), expected);
        let kinds = rows.columns.iter().map(|column| match column {
            Column::Few(_) => "few",
            Column::Any(_) => "any",
            Column::Null => "null",
        });
        let kinds: Vec<_> = kinds.collect();
        assert_eq!(kinds, ["few", "few", "any", "few", "any", "null", "null"]);
    }
}
