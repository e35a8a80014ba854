//! Compared with arrow's own sort.

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

fn keys(columns: &[(ArrayRef, SortOptions)]) -> Vec<Key<'static>> {
    let key = |(column, options): &(ArrayRef, SortOptions)| {
        let starts = SIZES.iter().scan(0, |sum, size| {
            *sum += size;
            Some(*sum - size)
        });
        let parts = starts.zip(SIZES);
        Key {
            parts: parts.map(|(from, size)| column.slice(from, size)).collect(),
            options: *options,
            dictionary: None,
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
    let places = order(&SIZES, &keys(columns), 1).unwrap();
    assert!(places == order(&SIZES, &keys(columns), 3).unwrap());
    let dictionaries: Vec<_> = keys(columns)
        .iter()
        .map(|key| Dictionary::of(&key.parts))
        .collect();
    let mut numbered = keys(columns);
    for (key, dictionary) in numbered.iter_mut().zip(&dictionaries) {
        key.dictionary = dictionary.as_ref();
    }
    let gathered = order(&SIZES, &numbered, 1).unwrap();
    assert!(places == gathered);
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
fn texts_in_order_settle_ties_by_where_they_stand() {
    let stands = |n: usize| format!("{:06}", n / 3);
    let stands: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(stands)));
    let numbers = Int64Array::from_iter_values(chance(5).take(ROWS).map(|n| n as i64 % 7));
    let numbers: ArrayRef = Arc::new(numbers);
    for options in OPTIONS {
        compared(&[
            (Arc::clone(&numbers), options),
            (Arc::clone(&stands), OPTIONS[0]),
        ]);
        compared(&[
            (Arc::clone(&stands), OPTIONS[0]),
            (Arc::clone(&numbers), options),
        ]);
        compared(&[
            (Arc::clone(&numbers), OPTIONS[0]),
            (Arc::clone(&stands), options),
        ]);
    }
}

#[test]
fn rows_in_order_stay_where_they_are() {
    let names = StringArray::from_iter_values((0..ROWS).map(|n| format!("{:06}", n / 3)));
    let ranks = Int64Array::from_iter_values((0..ROWS as i64).map(|n| n % 3));
    let ties: ArrayRef = Arc::new(names);
    let unique: ArrayRef = Arc::new(ranks);
    let one = keys(&[(Arc::clone(&ties), OPTIONS[0])]);
    assert!(order(&SIZES, &one, 1).unwrap().is_none());
    let both = [(Arc::clone(&ties), OPTIONS[0]), (unique, OPTIONS[0])];
    assert!(order(&SIZES, &keys(&both), 1).unwrap().is_none());
    let backwards = keys(&[(ties, OPTIONS[2])]);
    assert!(order(&SIZES, &backwards, 1).unwrap().is_some());
    assert!(order(&[], &[], 1).unwrap().is_none());
}

#[test]
fn slices_of_larger_columns_are_read_where_they_begin() {
    let parts = columns();
    for column in parts {
        let twice = concat(&[column.as_ref(), column.as_ref()]).unwrap();
        compared(&[(twice.slice(ROWS / 2, ROWS), OPTIONS[1])]);
    }
}
