//! The order of rows by several columns, without comparing rows.
//!
//! The values of each column become ranks: numbers that are ordered as the
//! values are and have few bits. The ranks of a row side by side, and its place
//! after them, make one number, and the numbers are sorted.

use std::cmp::Ordering;
use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray as _};
use arrow::compute::SortOptions;
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType, UInt64Type,
};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use datafusion::common::hash_utils::RandomState;

/// Rows by which it is decided whether texts are looked up or sorted.
const TRIED: usize = 16_384;

/// A row: the batch that it stands in, and its place there.
pub(super) type Place = (usize, usize);

/// A column to sort by: its part of each batch, and how it is ordered.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) parts: Vec<ArrayRef>,
    pub(super) options: SortOptions,
}

/// The places of the rows of batches with `sizes` rows in the order of `keys`,
/// the first key first, equal rows as they stand; `None` if they all stand in
/// order as they are.
pub(super) fn order(sizes: &[usize], keys: &[Key]) -> Result<Option<Vec<Place>>, ArrowError> {
    let rows: usize = sizes.iter().sum();
    let mut packed = Packed::of(sizes);
    for key in keys {
        packed.add(Ranks::of(key, rows)?);
        if packed.stands_strictly() {
            return Ok(None);
        }
    }
    Ok(if packed.stands() {
        None
    } else {
        Some(packed.sorted())
    })
}

/// The bits that numbers up to `largest` need.
fn bits(largest: u64) -> u32 {
    u64::BITS - largest.leading_zeros()
}

/// The ranks of a row's values side by side.
struct Packed {
    numbers: Vec<u128>,
    bits: u32,
    sizes: Vec<usize>,
    /// Of a place, those of the row in its batch.
    row_bits: u32,
    /// Of a place, all.
    place_bits: u32,
}

impl Packed {
    fn of(sizes: &[usize]) -> Self {
        let most = sizes.iter().copied().max().unwrap_or(0);
        let row_bits = bits(most as u64);
        Self {
            numbers: Vec::new(),
            bits: 0,
            sizes: sizes.to_vec(),
            row_bits,
            place_bits: row_bits + bits(sizes.len() as u64),
        }
    }

    fn add(&mut self, ranks: Ranks) {
        let more = bits(ranks.largest);
        if self.numbers.is_empty() {
            self.numbers = ranks.ranks.into_iter().map(u128::from).collect();
            self.bits = more;
            return;
        }
        if self.bits + more + self.place_bits > u128::BITS {
            self.close_gaps();
        }
        for (number, rank) in self.numbers.iter_mut().zip(ranks.ranks) {
            *number = *number << more | u128::from(rank);
        }
        self.bits += more;
    }

    /// Counts the different numbers in place of the numbers.
    fn close_gaps(&mut self) {
        let mut different = self.numbers.clone();
        different.sort_unstable();
        different.dedup();
        for number in &mut self.numbers {
            *number = different.partition_point(|other| other < number) as u128;
        }
        self.bits = bits(different.len() as u64);
    }

    fn stands(&self) -> bool {
        self.numbers.is_sorted()
    }

    fn stands_strictly(&self) -> bool {
        self.numbers.is_sorted_by(|one, next| one < next)
    }

    /// The places in the order of the numbers.
    fn sorted(mut self) -> Vec<Place> {
        let mut places = (0..).zip(&self.sizes).flat_map(|(batch, size)| {
            let row_bits = self.row_bits;
            (0..*size).map(move |row| (batch as u64) << row_bits | row as u64)
        });
        let rows = (1_u64 << self.row_bits) - 1;
        let row_bits = self.row_bits;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "places were made from what fits"
        )]
        let place = move |packed: u64| ((packed >> row_bits) as usize, (packed & rows) as usize);
        if self.bits + self.place_bits <= u64::BITS {
            // Half the bytes to move.
            #[expect(clippy::cast_possible_truncation, reason = "it has no more bits")]
            let mut short: Vec<u64> = self
                .numbers
                .iter()
                .zip(places)
                .map(|(number, place)| (*number as u64) << self.place_bits | place)
                .collect();
            self.numbers = Vec::new();
            short.sort_unstable();
            let mask = (1 << self.place_bits) - 1;
            return short.into_iter().map(|key| place(key & mask)).collect();
        }
        for number in &mut self.numbers {
            let own = places.next().unwrap_or_default();
            *number = *number << self.place_bits | u128::from(own);
        }
        drop(places);
        self.numbers.sort_unstable();
        let mask = (1_u128 << self.place_bits) - 1;
        #[expect(clippy::cast_possible_truncation, reason = "a place has 64 bits")]
        let places = self.numbers.iter().map(|key| place((key & mask) as u64));
        places.collect()
    }
}

/// What stands for the values of a column: ordered as they are, nulls included.
struct Ranks {
    ranks: Vec<u64>,
    largest: u64,
}

impl Ranks {
    fn of(key: &Key, rows: usize) -> Result<Self, ArrowError> {
        /// Numbers as 64 bits that are ordered as the numbers are.
        macro_rules! numbers {
            ($type:ty, $ordered:expr) => {
                numbers(key, rows, |part| {
                    let part = part.as_primitive::<$type>();
                    Box::new(part.values().iter().map($ordered))
                })
            };
        }
        let kind = key.parts.first().map(|part| part.data_type().clone());
        Ok(match kind {
            None => Self {
                ranks: Vec::new(),
                largest: 0,
            },
            Some(DataType::Int32) => numbers!(Int32Type, |n| ordered(i64::from(*n))),
            Some(DataType::Date32) => numbers!(Date32Type, |n| ordered(i64::from(*n))),
            Some(DataType::Int64) => numbers!(Int64Type, |n| ordered(*n)),
            Some(DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, _)) => {
                numbers!(TimestampMicrosecondType, |n| ordered(*n))
            }
            Some(DataType::UInt64) => numbers!(UInt64Type, |n| *n),
            Some(DataType::Float64) => numbers!(Float64Type, |n| {
                // As `f64::total_cmp` orders them.
                let bits = n.to_bits().cast_signed();
                ordered(bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed())
            }),
            Some(DataType::Boolean) => numbers(key, rows, |part| {
                Box::new(part.as_boolean().values().iter().map(u64::from))
            }),
            Some(DataType::Utf8) => texts(key, rows, |part, row| {
                part.as_string::<i32>().value(row).as_bytes()
            }),
            Some(other) => {
                let converter = RowConverter::new(vec![SortField::new(other)])?;
                let parts = key.parts.iter();
                let parts: Vec<ArrayRef> = parts
                    .map(|part| {
                        let rows = converter.convert_columns(&[ArrayRef::clone(part)])?;
                        let bytes = rows.try_into_binary()?;
                        arrow::compute::nullif(&bytes, &arrow::compute::is_null(part)?)
                    })
                    .collect::<Result<_, ArrowError>>()?;
                let key = Key {
                    parts,
                    options: key.options,
                };
                texts(&key, rows, |part, row| part.as_binary::<i32>().value(row))
            }
        })
    }

    /// Counts the different ranks in place of the ranks.
    fn close_gaps(&mut self) {
        let mut different = self.ranks.clone();
        different.sort_unstable();
        different.dedup();
        for rank in &mut self.ranks {
            *rank = different.partition_point(|other| other < rank) as u64;
        }
        self.largest = different.len() as u64;
    }

    /// With nulls, and in the direction, as the key has them.
    fn placed(mut self, key: &Key) -> Self {
        let SortOptions {
            descending,
            nulls_first,
        } = key.options;
        if descending {
            for rank in &mut self.ranks {
                // What stands under a null is anything.
                *rank = self.largest.saturating_sub(*rank);
            }
        }
        if key.parts.iter().all(|part| part.logical_null_count() == 0) {
            return self;
        }
        if self.largest == u64::MAX {
            self.close_gaps();
        }
        self.largest += 1;
        if nulls_first {
            for rank in &mut self.ranks {
                *rank = rank.saturating_add(1);
            }
        }
        let null = if nulls_first { 0 } else { self.largest };
        let mut before = 0;
        for part in &key.parts {
            if let Some(nulls) = part.logical_nulls() {
                for row in (!nulls.inner()).set_indices() {
                    if let Some(rank) = self.ranks.get_mut(before + row) {
                        *rank = null;
                    }
                }
            }
            before += part.len();
        }
        self
    }
}

/// A signed number as an unsigned one, in the same order.
fn ordered(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

type Numbers<'a> = Box<dyn Iterator<Item = u64> + 'a>;

/// Numbers are their own ranks, counted from the least.
fn numbers(key: &Key, rows: usize, of: impl for<'a> Fn(&'a ArrayRef) -> Numbers<'a>) -> Ranks {
    let mut ranks = Vec::with_capacity(rows);
    let (mut least, mut most) = (u64::MAX, 0);
    for part in &key.parts {
        let from = ranks.len();
        ranks.extend(of(part));
        let nulls = part.logical_nulls();
        for (row, number) in ranks.iter().skip(from).enumerate() {
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                least = least.min(*number);
                most = most.max(*number);
            }
        }
    }
    for rank in &mut ranks {
        *rank = rank.saturating_sub(least);
    }
    let largest = most.saturating_sub(least);
    Ranks { ranks, largest }.placed(key)
}

/// The rank of a text is its place among the different ones.
fn texts<'a>(
    key: &'a Key,
    rows: usize,
    value: impl Fn(&'a ArrayRef, usize) -> &'a [u8] + Copy,
) -> Ranks {
    let all = || {
        key.parts
            .iter()
            .flat_map(move |part| (0..part.len()).map(move |row| value(part, row)))
    };
    if let Some(ranks) = counted(all(), rows) {
        return ranks.placed(key);
    }
    let different: HashMap<&[u8], (), RandomState> =
        all().take(TRIED).map(|text| (text, ())).collect();
    let mostly_different = different.len() > rows.min(TRIED) / 2;
    let ranks = if mostly_different {
        sorted(all(), rows)
    } else {
        looked_up(all(), rows)
    };
    ranks.placed(key)
}

/// Ranks of texts that stand in order already; `None` if they do not.
fn counted<'a>(all: impl Iterator<Item = &'a [u8]>, rows: usize) -> Option<Ranks> {
    let mut ranks = Vec::with_capacity(rows);
    let mut largest = 0;
    let mut last: Option<&[u8]> = None;
    for text in all {
        if let Some(last) = last {
            match last.cmp(text) {
                Ordering::Less => largest += 1,
                Ordering::Equal => {}
                Ordering::Greater => return None,
            }
        }
        last = Some(text);
        ranks.push(largest);
    }
    Some(Ranks { ranks, largest })
}

/// The first eight bytes of a text as a number that is ordered likewise.
fn head(text: &[u8]) -> u64 {
    let mut head = [0; 8];
    for (to, from) in head.iter_mut().zip(text) {
        *to = *from;
    }
    u64::from_be_bytes(head)
}

/// Ranks of few different texts: each is looked up.
fn looked_up<'a>(all: impl Iterator<Item = &'a [u8]>, rows: usize) -> Ranks {
    let mut numbers: HashMap<&[u8], u64, RandomState> = HashMap::default();
    let mut different: Vec<(u64, &[u8], u64)> = Vec::new();
    let mut ranks = Vec::with_capacity(rows);
    let mut last: Option<(&[u8], u64)> = None;
    for text in all {
        let number = match last {
            Some((before, number)) if before == text => number,
            _ => *numbers.entry(text).or_insert_with(|| {
                let number = different.len() as u64;
                different.push((head(text), text, number));
                number
            }),
        };
        last = Some((text, number));
        ranks.push(number);
    }
    drop(numbers);
    different.sort_unstable();
    let mut places = vec![0; different.len()];
    for (place, (_, _, number)) in (0..).zip(&different) {
        if let Some(slot) = usize::try_from(*number)
            .ok()
            .and_then(|at| places.get_mut(at))
        {
            *slot = place;
        }
    }
    for rank in &mut ranks {
        let at = usize::try_from(*rank).unwrap_or(usize::MAX);
        *rank = places.get(at).copied().unwrap_or_default();
    }
    Ranks {
        ranks,
        largest: (different.len() as u64).saturating_sub(1),
    }
}

/// Ranks of texts of which hardly any two are equal: all are sorted.
fn sorted<'a>(all: impl Iterator<Item = &'a [u8]>, rows: usize) -> Ranks {
    let mut texts: Vec<(u64, &[u8], usize)> = Vec::with_capacity(rows);
    texts.extend(all.enumerate().map(|(row, text)| (head(text), text, row)));
    texts.sort_unstable();
    let mut ranks = vec![0; texts.len()];
    let mut largest = 0;
    let mut last: Option<&[u8]> = None;
    for (_, text, row) in texts {
        if last.is_some_and(|last| last != text) {
            largest += 1;
        }
        last = Some(text);
        if let Some(rank) = ranks.get_mut(row) {
            *rank = largest;
        }
    }
    Ranks { ranks, largest }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
        LargeStringArray, StringArray, TimestampMicrosecondArray, UInt64Array,
    };
    use arrow::compute::{SortColumn, concat, lexsort_to_indices};

    use super::*;

    const ROWS: usize = 3_000;

    /// Numbers that look like chance and are the same each time.
    fn chance(seed: u64) -> impl Iterator<Item = u64> {
        std::iter::successors(Some(seed), |n| {
            Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1))
        })
        .map(|n| n >> 33)
        .skip(1)
    }

    /// A column of each type, with ties, nulls and extremes.
    fn columns() -> Vec<ArrayRef> {
        fn some<T>(seed: u64, of: impl Fn(u64) -> T) -> Vec<Option<T>> {
            let values = chance(seed).take(ROWS);
            values.map(|n| (n % 11 != 0).then(|| of(n))).collect()
        }
        let word = |n: u64| match n % 5 {
            0 => String::new(),
            1 => format!("w{}", n % 7),
            2 => "a word of more than eight bytes".to_owned(),
            3 => "é".to_owned(),
            _ => format!("{n:012}/{}", n % 3),
        };
        let float = |n: u64| match n % 6 {
            0 => -0.0,
            1 => 0.0,
            2 => f64::NAN,
            3 => f64::NEG_INFINITY,
            _ => n as f64 / 7.0 - 1e8,
        };
        vec![
            Arc::new(BooleanArray::from(some(1, |n| n % 2 == 0))),
            Arc::new(Int32Array::from(some(2, |n| n as i32 - (1 << 30)))),
            Arc::new(Date32Array::from(some(3, |n| n as i32 % 20))),
            Arc::new(Int64Array::from(some(4, |n| match n % 4 {
                0 => i64::MIN,
                1 => i64::MAX,
                _ => n as i64 % 50 - 25,
            }))),
            Arc::new(TimestampMicrosecondArray::from(some(5, |n| n as i64)).with_timezone("UTC")),
            Arc::new(UInt64Array::from(some(6, |n| n % 9))),
            Arc::new(Float64Array::from(some(7, float))),
            Arc::new(StringArray::from(some(8, word))),
            Arc::new(StringArray::from(some(9, |n| format!("{n}/model")))),
            Arc::new(LargeStringArray::from(some(10, word))),
            Arc::new(Decimal128Array::from(some(11, |n| i128::from(n % 40) - 20))),
            Arc::new(Int64Array::from(vec![None; ROWS])),
        ]
    }

    const SIZES: [usize; 5] = [1, 1_024, 0, 75, 1_900];

    fn keys(columns: &[(ArrayRef, SortOptions)]) -> Vec<Key> {
        let key = |(column, options): &(ArrayRef, SortOptions)| {
            let starts = SIZES.iter().scan(0, |sum, size| {
                *sum += size;
                Some(*sum - size)
            });
            let parts = starts.zip(SIZES);
            Key {
                parts: parts.map(|(from, size)| column.slice(from, size)).collect(),
                options: *options,
            }
        };
        columns.iter().map(key).collect()
    }

    /// Arrow's own order, in which the row's number settles ties.
    fn expected(columns: &[(ArrayRef, SortOptions)]) -> Vec<usize> {
        let number = Int64Array::from_iter_values(0..ROWS as i64);
        let last: (ArrayRef, _) = (Arc::new(number), SortOptions::default());
        let columns = columns.iter().chain([&last]);
        let columns = columns.map(|(values, options)| SortColumn {
            values: Arc::clone(values),
            options: Some(*options),
        });
        let indices = lexsort_to_indices(&columns.collect::<Vec<_>>(), None).unwrap();
        indices.values().iter().map(|at| *at as usize).collect()
    }

    fn compared(columns: &[(ArrayRef, SortOptions)]) {
        let places = order(&SIZES, &keys(columns)).unwrap();
        let start = |batch: usize| SIZES.iter().take(batch).sum::<usize>();
        let found: Vec<usize> = match places {
            Some(places) => places.iter().map(|(b, row)| start(*b) + row).collect(),
            None => (0..ROWS).collect(),
        };
        let kinds: Vec<_> = columns.iter().map(|(c, o)| (c.data_type(), o)).collect();
        assert!(found == expected(columns), "{kinds:?}");
    }

    const OPTIONS: [SortOptions; 4] = [
        SortOptions {
            descending: false,
            nulls_first: false,
        },
        SortOptions {
            descending: false,
            nulls_first: true,
        },
        SortOptions {
            descending: true,
            nulls_first: false,
        },
        SortOptions {
            descending: true,
            nulls_first: true,
        },
    ];

    #[test]
    fn every_type_is_ordered_as_arrow_orders_it() {
        for column in columns() {
            for options in OPTIONS {
                compared(&[(Arc::clone(&column), options)]);
            }
        }
    }

    #[test]
    fn several_columns_are_ordered_as_arrow_orders_them() {
        let columns = columns();
        let mut dice = chance(99).map(|n| n as usize);
        for _ in 0..60 {
            let count = 2 + dice.next().unwrap() % 5;
            let chosen: Vec<_> = (0..count)
                .map(|_| {
                    let column = &columns[dice.next().unwrap() % columns.len()];
                    (Arc::clone(column), OPTIONS[dice.next().unwrap() % 4])
                })
                .collect();
            compared(&chosen);
        }
    }

    #[test]
    fn more_bits_than_a_number_has_are_counted_anew() {
        let wide = |seed| -> ArrayRef {
            let values = chance(seed).map(|n| {
                if n % 3 == 0 {
                    i64::MIN
                } else {
                    i64::MAX - n as i64
                }
            });
            Arc::new(Int64Array::from_iter_values(values.take(ROWS)))
        };
        let columns: Vec<_> = (0..6).map(|seed| (wide(seed), OPTIONS[0])).collect();
        compared(&columns);
    }

    #[test]
    fn rows_in_order_stay_where_they_are() {
        let names = StringArray::from_iter_values((0..ROWS).map(|n| format!("{:06}", n / 3)));
        let ranks = Int64Array::from_iter_values((0..ROWS as i64).map(|n| n % 3));
        let ties: ArrayRef = Arc::new(names);
        let unique: ArrayRef = Arc::new(ranks);
        let one = keys(&[(Arc::clone(&ties), OPTIONS[0])]);
        assert!(order(&SIZES, &one).unwrap().is_none());
        let both = [(Arc::clone(&ties), OPTIONS[0]), (unique, OPTIONS[0])];
        assert!(order(&SIZES, &keys(&both)).unwrap().is_none());
        let backwards = keys(&[(ties, OPTIONS[2])]);
        assert!(order(&SIZES, &backwards).unwrap().is_some());
        assert!(order(&[], &[]).unwrap().is_none());
    }

    #[test]
    fn slices_of_larger_columns_are_read_where_they_begin() {
        let parts = columns();
        for column in parts {
            let twice = concat(&[column.as_ref(), column.as_ref()]).unwrap();
            compared(&[(twice.slice(ROWS / 2, ROWS), OPTIONS[1])]);
        }
    }
}
