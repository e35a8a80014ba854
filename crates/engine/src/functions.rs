//! The SQL functions that the pipelines have beside DataFusion's: names on the
//! left, what they do in [`hubcensus_hub::facts`], and `width_bucket`, which
//! DataFusion lacks. All of them give null for null.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, GenericListBuilder, Int64Builder, ListArray, StringBuilder,
};
use arrow::datatypes::{ArrowNativeType as _, DataType, Field, Int64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use hubcensus_hub::facts;

/// Part of every fingerprint: raised when what a function returns changes.
pub(crate) const VERSION: &str = "1";

/// Every function, ready to be registered.
pub(crate) fn all() -> Vec<ScalarUDF> {
    let text = DataType::Utf8;
    let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let bounds = DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true)));
    vec![
        function("parameters_in_name", &[&text], DataType::Int64, |args| {
            integers(args, |row| {
                facts::parameters_in_name(text_at(args, 0, row)?)
            })
        }),
        function("parse_quantity", &[&text], DataType::Int64, |args| {
            integers(args, |row| facts::parse_quantity(text_at(args, 0, row)?))
        }),
        function("json_int", &[&text, &text], DataType::Int64, |args| {
            integers(args, |row| {
                facts::json_int(text_at(args, 0, row)?, text_at(args, 1, row)?)
            })
        }),
        function("json_string", &[&text, &text], text.clone(), |args| {
            texts(args, |row| {
                facts::json_string(text_at(args, 0, row)?, text_at(args, 1, row)?)
            })
        }),
        function("json_strings", &[&text, &text], list.clone(), |args| {
            lists(args, |row| {
                facts::json_strings(text_at(args, 0, row)?, text_at(args, 1, row)?)
            })
        }),
        function("tag_value", &[&list, &text], text.clone(), |args| {
            texts(args, |row| {
                let tags = list_at(args, 0, row)?;
                facts::tag_value(tags, text_at(args, 1, row)?)
            })
        }),
        function("tag_values", &[&list, &text], list.clone(), |args| {
            lists(args, |row| {
                let tags = list_at(args, 0, row)?;
                Some(facts::tag_values(tags, text_at(args, 1, row)?))
            })
        }),
        function("entry_sum", &[&list], DataType::Int64, |args| {
            integers(args, |row| facts::entry_sum(list_at(args, 0, row)?, None))
        }),
        function("entry_sum_of", &[&list, &list], DataType::Int64, |args| {
            integers(args, |row| {
                let keys: Vec<&str> = list_at(args, 1, row)?.collect();
                facts::entry_sum(list_at(args, 0, row)?, Some(&keys))
            })
        }),
        function(
            "width_bucket",
            &[&DataType::Int64, &bounds],
            DataType::Int64,
            width_buckets,
        ),
    ]
}

fn function(
    name: &str,
    takes: &[&DataType],
    gives: DataType,
    body: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    let takes = takes.iter().map(|&t| t.clone()).collect();
    let body = move |args: &[ColumnarValue]| {
        let constant = args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(args)?;
        let result = body(&arrays)?;
        if constant {
            Ok(ColumnarValue::Scalar(
                datafusion::common::ScalarValue::try_from_array(&result, 0)?,
            ))
        } else {
            Ok(ColumnarValue::Array(result))
        }
    };
    create_udf(name, takes, gives, Volatility::Immutable, Arc::new(body))
}

fn rows(args: &[ArrayRef]) -> Result<usize> {
    match args.first() {
        Some(first) => Ok(first.len()),
        None => exec_err!("a function without arguments"),
    }
}

fn integers(args: &[ArrayRef], value: impl Fn(usize) -> Option<i64>) -> Result<ArrayRef> {
    let rows = rows(args)?;
    let mut builder = Int64Builder::with_capacity(rows);
    for row in 0..rows {
        builder.append_option(value(row));
    }
    Ok(Arc::new(builder.finish()))
}

/// How many of the ascending bounds are no more than the number, as SQL
/// dialects that have the function define it.
fn width_buckets(args: &[ArrayRef]) -> Result<ArrayRef> {
    integers(args, |row| {
        let numbers = args.first()?.as_primitive_opt::<Int64Type>()?;
        let lists = args.get(1)?.as_list_opt::<i32>()?;
        if numbers.is_null(row) || lists.is_null(row) {
            return None;
        }
        let bounds = lists.values().as_primitive_opt::<Int64Type>()?.values();
        let bounds = bounds.get(range(lists, row)?)?;
        let below = bounds.partition_point(|bound| *bound <= numbers.value(row));
        i64::try_from(below).ok()
    })
}

fn texts<T: AsRef<str>>(args: &[ArrayRef], value: impl Fn(usize) -> Option<T>) -> Result<ArrayRef> {
    let rows = rows(args)?;
    let mut builder = StringBuilder::with_capacity(rows, rows * 8);
    for row in 0..rows {
        builder.append_option(value(row));
    }
    Ok(Arc::new(builder.finish()))
}

fn lists<T: AsRef<str>>(
    args: &[ArrayRef],
    value: impl Fn(usize) -> Option<Vec<T>>,
) -> Result<ArrayRef> {
    let rows = rows(args)?;
    let mut builder = GenericListBuilder::<i32, _>::with_capacity(StringBuilder::new(), rows);
    for row in 0..rows {
        match value(row) {
            Some(values) => {
                for value in values {
                    builder.values().append_value(value);
                }
                builder.append(true);
            }
            None => builder.append(false),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn text_at(args: &[ArrayRef], argument: usize, row: usize) -> Option<&str> {
    let array = args.get(argument)?.as_string_opt::<i32>()?;
    array.is_valid(row).then(|| array.value(row))
}

/// The entries of a list that are not null.
fn list_at(args: &[ArrayRef], argument: usize, row: usize) -> Option<impl Iterator<Item = &str>> {
    let lists = args.get(argument)?.as_list_opt::<i32>()?;
    if lists.is_null(row) {
        return None;
    }
    let texts = lists.values().as_string_opt::<i32>()?;
    let entries = range(lists, row)?;
    let entries = entries.filter(|entry| texts.is_valid(*entry));
    Some(entries.map(|entry| texts.value(entry)))
}

/// Where the entries of a list stand among those of all lists.
fn range(lists: &ListArray, row: usize) -> Option<std::ops::Range<usize>> {
    match lists.value_offsets().get(row..=row + 1)? {
        [from, to] => Some(from.as_usize()..to.as_usize()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::ScalarValue;
    use datafusion::prelude::SessionContext;

    async fn value(expression: &str) -> ScalarValue {
        let context = SessionContext::new();
        for function in super::all() {
            context.register_udf(function);
        }
        let frame = context.sql(&format!("SELECT {expression}")).await.unwrap();
        let rows = frame.collect().await.unwrap();
        ScalarValue::try_from_array(rows[0].column(0), 0).unwrap()
    }

    async fn integer(expression: &str) -> Option<i64> {
        match value(expression).await {
            ScalarValue::Int64(value) => value,
            other => panic!("{expression} is {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_bucket_begins_at_its_bound() {
        for (number, bucket) in [
            ("-1", Some(0)),
            ("9", Some(0)),
            ("10", Some(1)),
            ("19", Some(1)),
            ("20", Some(2)),
            ("9223372036854775807", Some(3)),
            ("NULL", None),
        ] {
            let call = format!("width_bucket(CAST({number} AS BIGINT), [10, 20, 30])");
            assert_eq!(integer(&call).await, bucket, "{call}");
        }
        assert_eq!(integer("width_bucket(5, [])").await, Some(0));
        assert_eq!(integer("width_bucket(5, NULL)").await, None);
    }

    #[tokio::test]
    async fn buckets_of_a_column_are_those_of_its_values() {
        let counted = "(SELECT sum(width_bucket(n, [10, 20]) * n) FROM (VALUES (5), (10), (25), (NULL)) AS t(n))";
        // 0·5 + 1·10 + 2·25
        assert_eq!(integer(counted).await, Some(60));
    }

    #[tokio::test]
    async fn entries_are_summed_over_all_keys_or_those_named() {
        let entries = "['F4=1000', 'I32=20', 'F32=3']";
        assert_eq!(integer(&format!("entry_sum({entries})")).await, Some(1_023));
        let packed = format!("entry_sum_of({entries}, ['I32', 'U8'])");
        assert_eq!(integer(&packed).await, Some(20));
        let none = format!("entry_sum_of({entries}, ['U8'])");
        assert_eq!(integer(&none).await, None);
        assert_eq!(integer("entry_sum(NULL)").await, None);
    }

    #[tokio::test]
    async fn a_tag_has_the_value_behind_its_prefix() {
        let tags = "['pytorch', 'license:mit', 'license:other', NULL]";
        let first = value(&format!("tag_value({tags}, 'license:')")).await;
        assert_eq!(first, ScalarValue::from("mit"));
        let none = value(&format!("tag_value({tags}, 'dataset:')")).await;
        assert_eq!(none, ScalarValue::Utf8(None));
        assert_eq!(
            value("tag_value(NULL, 'a:')").await,
            ScalarValue::Utf8(None)
        );
    }
}
