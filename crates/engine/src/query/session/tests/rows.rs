//! Rows that a contract allows, made up.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray as _, BooleanArray, Date32Array, Float64Array, Int64Array, ListBuilder,
    RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::compute::{SortColumn, SortOptions, lexsort_to_indices, take_record_batch};
use hubcensus_spec::{Column, ColumnRule, ColumnType, Contract, Number, SnapshotDate, TableName};
use parquet::arrow::ArrowWriter;

use super::DATE;
use crate::query::schema;
use crate::reference::ReferenceData;

/// Texts that reference tables have, by the names of their columns.
pub(super) struct Vocabulary(BTreeMap<String, Vec<String>>);

impl Vocabulary {
    pub(super) fn of(references: &BTreeMap<TableName, ReferenceData>) -> Self {
        let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for reference in references.values() {
            let schema = reference.batch.schema();
            for (field, column) in schema.fields().iter().zip(reference.batch.columns()) {
                if let Some(column) = column.as_string_opt::<i32>() {
                    let known = column.iter().flatten().map(str::to_owned);
                    texts
                        .entry(field.name().clone())
                        .or_default()
                        .extend(known.take(20));
                }
            }
        }
        Self(texts)
    }
}

/// About as many rows of a table, in its order, as a file, and how many they
/// are. Texts name what comes later than the row's own key, so that what is said
/// of parents has no cycles: a recursive query over them would not end.
pub(super) fn parquet(
    contract: &Contract,
    rows: usize,
    vocabulary: &Vocabulary,
) -> (Vec<u8>, usize) {
    let keys = keys(contract, rows);
    let columns = contract.columns.iter().enumerate().map(|(at, column)| {
        let name = &column.name.value;
        let key = contract.key.iter().position(|key| key.value == *name);
        let is_text = column.data_type == ColumnType::Utf8;
        let numbers = keys
            .iter()
            .enumerate()
            .map(|(row, (own, digits))| match key {
                Some(key) => Some(digits[key]),
                None if column.nullable && (row + at) % 5 == 0 => None,
                None if name == "cycle" => Some(*own),
                None if is_text => Some(own + 1 + (row * 7 + at) % 5),
                None => Some((row * 7_919 + at * 13) % 1_009),
            });
        let pool = vocabulary.0.get(name).filter(|_| key.is_none());
        values(column, &numbers.collect::<Vec<_>>(), pool)
    });
    let columns: Vec<ArrayRef> = columns.collect();
    let batch = RecordBatch::try_new(schema::of_contract(contract), columns).unwrap();
    let options = Some(SortOptions::new(false, false));
    let order: Vec<SortColumn> = contract
        .sort
        .iter()
        .map(|column| SortColumn {
            values: Arc::clone(batch.column_by_name(&column.value).unwrap()),
            options,
        })
        .collect();
    let order = lexsort_to_indices(&order, None).unwrap();
    let batch = take_record_batch(&batch, &order).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    (bytes, batch.num_rows())
}

/// Of each row a number of its own as far as the key allows, and one for each
/// column of the key, no two rows with the same ones.
fn keys(contract: &Contract, rows: usize) -> Vec<(usize, Vec<usize>)> {
    let domain = |key: &str| {
        let column = contract.column(key).unwrap();
        match (column.data_type, listed(column)) {
            (ColumnType::Boolean, _) => Some(2),
            (_, values) => values.map(Vec::len),
        }
    };
    let domains: Vec<Option<usize>> = contract.key.iter().map(|key| domain(key)).collect();
    let first = domains.iter().position(Option::is_none);
    let rows = match first {
        Some(_) => rows,
        None => rows.min(domains.iter().flatten().product()),
    };
    let of_row = |row: usize| {
        let mut own = row;
        let mut digits = vec![0; domains.len()];
        for (at, domain) in domains.iter().enumerate() {
            if Some(at) != first {
                let domain = domain.unwrap_or(3);
                digits[at] = own % domain;
                own /= domain;
            }
        }
        for (at, domain) in domains.iter().enumerate() {
            match domain {
                None if Some(at) == first => digits[at] = own,
                None => digits[at] += own + 1,
                Some(_) => {}
            }
        }
        (own, digits)
    };
    (0..rows).map(of_row).collect()
}

/// The values that a column may have, where they are listed.
fn listed(column: &Column) -> Option<&Vec<String>> {
    column.checks.iter().find_map(|check| match &check.rule {
        ColumnRule::Values(values) => Some(values),
        _ => None,
    })
}

fn values(column: &Column, numbers: &[Option<usize>], pool: Option<&Vec<String>>) -> ArrayRef {
    let text = |number: usize| match (listed(column), pool) {
        (Some(values), _) => values[number % values.len()].clone(),
        (None, Some(pool)) if !number.is_multiple_of(3) => pool[number % pool.len()].clone(),
        // The same texts in all tables, so that joins find some.
        _ => format!("owner-{}/model-{number}", number % 7),
    };
    let least = column.checks.iter().find_map(|check| match check.rule {
        ColumnRule::Min(Number::Int(least)) => Some(least),
        _ => None,
    });
    let largest = column.checks.iter().find_map(|check| match check.rule {
        ColumnRule::Max(Number::Int(largest)) => Some(largest),
        ColumnRule::Max(Number::Float(largest)) => Some(largest as i64),
        _ => None,
    });
    let number =
        |number: usize| (least.unwrap_or(0) + number as i64).min(largest.unwrap_or(i64::MAX));
    let numbers = numbers.iter().copied();
    let day = DATE.parse::<SnapshotDate>().unwrap().days_since_epoch();
    match column.data_type {
        ColumnType::Utf8 => Arc::new(numbers.map(|n| n.map(text)).collect::<StringArray>()),
        ColumnType::Int64 => Arc::new(numbers.map(|n| n.map(number)).collect::<Int64Array>()),
        ColumnType::Float64 => {
            let shares = numbers.map(|n| n.map(|n| (n % 8) as f64 / 8.0));
            Arc::new(shares.collect::<Float64Array>())
        }
        ColumnType::Boolean => Arc::new(
            numbers
                .map(|n| n.map(|n| n % 2 > 0))
                .collect::<BooleanArray>(),
        ),
        ColumnType::Date32 => Arc::new(
            numbers
                .map(|n| n.map(|n| day - n as i32))
                .collect::<Date32Array>(),
        ),
        ColumnType::Timestamp => {
            let micros = numbers.map(|n| n.map(|n| (i64::from(day) - n as i64) * 86_400_000_000));
            Arc::new(
                micros
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone(schema::UTC),
            )
        }
        ColumnType::ListUtf8 => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for n in numbers {
                lists.append_option(n.map(|n| (0..n % 3).map(move |more| Some(text(n + more)))));
            }
            Arc::new(lists.finish())
        }
    }
}
