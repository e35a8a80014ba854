//! The order of rows by several columns, without comparing rows.
//!
//! The values of each column become ranks: numbers that are ordered as the
//! values are and have few bits. The ranks of a row and its index are packed into
//! one number, and the numbers are sorted.

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
use rayon::slice::ParallelSliceMut as _;

use super::gather::{Dictionary, RowIndex};

/// Rows by which it is decided whether texts are looked up or sorted.
const SAMPLED: usize = 16_384;

/// A column to sort by: its part of each batch, and how it is ordered.
pub(super) struct Key<'a> {
    pub(super) parts: Vec<ArrayRef>,
    pub(super) options: SortOptions,
    /// Its texts, if they are encoded.
    pub(super) dictionary: Option<&'a Dictionary>,
}

/// The indices of the rows of batches with `sizes` rows in the order of `keys`,
/// the first key first; equal rows keep their order. `None` if all are in order as
/// they are. With more than one of `cores`, on rayon's threads.
pub(super) fn order(
    sizes: &[usize],
    keys: &[Key<'_>],
    cores: usize,
) -> Result<Option<Vec<RowIndex>>, ArrowError> {
    let rows: usize = sizes.iter().sum();
    let mut packed = Packed::of(sizes);
    // Equal rows keep their order, which is the one by the last keys, if these are sorted.
    let last = keys.iter().rposition(|key| !is_sorted(key));
    let asked = last.map_or(&[][..], |last| &keys[..=last]);
    for key in asked {
        packed.add(Ranks::of(key, rows, cores)?);
        if packed.is_strictly_sorted() {
            return Ok(None);
        }
    }
    Ok(if packed.is_sorted() {
        None
    } else {
        Some(packed.sorted(cores))
    })
}

/// Whether a column of texts is in order as it is.
fn is_sorted(key: &Key<'_>) -> bool {
    let is_text = |part: &ArrayRef| *part.data_type() == DataType::Utf8 && part.null_count() == 0;
    if key.options.descending || !key.parts.iter().all(is_text) {
        return false;
    }
    let texts = key.parts.iter().flat_map(|part| {
        let part = part.as_string::<i32>();
        (0..part.len()).map(|row| part.value(row))
    });
    texts.is_sorted()
}

/// The bits that numbers up to `largest` need.
fn bits(largest: u64) -> u32 {
    u64::BITS - largest.leading_zeros()
}

/// The packed ranks of each row.
struct Packed {
    numbers: Vec<u128>,
    bits: u32,
    sizes: Vec<usize>,
    /// Of a row's index in its batch.
    row_bits: u32,
    /// Of a row's index and its batch's.
    index_bits: u32,
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
            index_bits: row_bits + bits(sizes.len() as u64),
        }
    }

    fn add(&mut self, ranks: Ranks) {
        let more = bits(ranks.largest);
        if self.numbers.is_empty() {
            self.numbers = ranks.ranks.into_iter().map(u128::from).collect();
            self.bits = more;
            return;
        }
        if self.bits + more + self.index_bits > u128::BITS {
            self.densify();
        }
        for (number, rank) in self.numbers.iter_mut().zip(ranks.ranks) {
            *number = *number << more | u128::from(rank);
        }
        self.bits += more;
    }

    /// Dense ranks of the numbers in place of the numbers.
    fn densify(&mut self) {
        let mut different = self.numbers.clone();
        different.sort_unstable();
        different.dedup();
        for number in &mut self.numbers {
            *number = different.partition_point(|other| other < number) as u128;
        }
        self.bits = bits(different.len() as u64);
    }

    fn is_sorted(&self) -> bool {
        self.numbers.is_sorted()
    }

    fn is_strictly_sorted(&self) -> bool {
        self.numbers.is_sorted_by(|one, next| one < next)
    }

    /// The indices in the order of the numbers.
    fn sorted(mut self, cores: usize) -> Vec<RowIndex> {
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
        if self.bits + self.index_bits <= u64::BITS {
            // Half the bytes to sort.
            #[expect(clippy::cast_possible_truncation, reason = "it has no more bits")]
            let mut short: Vec<u64> = self
                .numbers
                .iter()
                .zip(places)
                .map(|(number, place)| (*number as u64) << self.index_bits | place)
                .collect();
            self.numbers = Vec::new();
            sort(&mut short, cores);
            let mask = (1 << self.index_bits) - 1;
            return short.into_iter().map(|key| place(key & mask)).collect();
        }
        for number in &mut self.numbers {
            let own = places.next().unwrap_or_default();
            *number = *number << self.index_bits | u128::from(own);
        }
        drop(places);
        sort(&mut self.numbers, cores);
        let mask = (1_u128 << self.index_bits) - 1;
        #[expect(clippy::cast_possible_truncation, reason = "a place has 64 bits")]
        let places = self.numbers.iter().map(|key| place((key & mask) as u64));
        places.collect()
    }
}

/// The ranks of a column's values: ordered as they are, nulls included.
struct Ranks {
    ranks: Vec<u64>,
    largest: u64,
}

impl Ranks {
    fn of(key: &Key<'_>, rows: usize, cores: usize) -> Result<Self, ArrowError> {
        if let Some(dictionary) = key.dictionary {
            return Ok(encoded(dictionary).directed(key));
        }
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
            Some(DataType::Utf8) => texts(key, rows, cores, |part, row| {
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
                    dictionary: None,
                };
                texts(&key, rows, cores, |part, row| {
                    part.as_binary::<i32>().value(row)
                })
            }
        })
    }

    /// Dense ranks in place of the ranks.
    fn densify(&mut self) {
        let mut different = self.ranks.clone();
        different.sort_unstable();
        different.dedup();
        for rank in &mut self.ranks {
            *rank = different.partition_point(|other| other < rank) as u64;
        }
        self.largest = different.len() as u64;
    }

    /// With the nulls and the direction of the key.
    fn directed(mut self, key: &Key<'_>) -> Self {
        let SortOptions {
            descending,
            nulls_first,
        } = key.options;
        if descending {
            for rank in &mut self.ranks {
                // The value under a null is arbitrary.
                *rank = self.largest.saturating_sub(*rank);
            }
        }
        if key.parts.iter().all(|part| part.logical_null_count() == 0) {
            return self;
        }
        if self.largest == u64::MAX {
            self.densify();
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
fn numbers(key: &Key<'_>, rows: usize, of: impl for<'a> Fn(&'a ArrayRef) -> Numbers<'a>) -> Ranks {
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
    Ranks { ranks, largest }.directed(key)
}

/// The rank of a text is its index among the different ones in order.
fn texts<'a>(
    key: &'a Key<'_>,
    rows: usize,
    cores: usize,
    value: impl Fn(&'a ArrayRef, usize) -> &'a [u8] + Copy,
) -> Ranks {
    let all = || {
        key.parts
            .iter()
            .flat_map(move |part| (0..part.len()).map(move |row| value(part, row)))
    };
    if let Some(ranks) = counted(all(), rows) {
        return ranks.directed(key);
    }
    let different: HashMap<&[u8], (), RandomState> =
        all().take(SAMPLED).map(|text| (text, ())).collect();
    let mostly_different = different.len() > rows.min(SAMPLED) / 2;
    let ranks = if mostly_different {
        sorted(all(), rows, cores)
    } else {
        looked_up(all(), rows)
    };
    ranks.directed(key)
}

/// Ranks of encoded texts.
fn encoded(dictionary: &Dictionary) -> Ranks {
    let by_code = dictionary.ranks();
    let rank = |code: &u16| by_code.get(usize::from(*code)).copied();
    // The rank of a null is set later.
    let ranks = dictionary
        .codes
        .iter()
        .map(|code| rank(code).unwrap_or_default());
    Ranks {
        ranks: ranks.collect(),
        largest: (by_code.len() as u64).saturating_sub(1),
    }
}

/// Ranks of texts that are in order already; `None` if they are not.
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

fn sort<T: Ord + Send>(items: &mut [T], cores: usize) {
    if cores > 1 {
        items.par_sort_unstable();
    } else {
        items.sort_unstable();
    }
}

/// Ranks of texts of which hardly any two are equal: all are sorted.
fn sorted<'a>(all: impl Iterator<Item = &'a [u8]>, rows: usize, cores: usize) -> Ranks {
    let mut texts: Vec<(u64, &[u8], usize)> = Vec::with_capacity(rows);
    texts.extend(all.enumerate().map(|(row, text)| (head(text), text, row)));
    sort(&mut texts, cores);
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
mod tests;
