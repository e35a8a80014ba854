//! The SQL functions that the pipelines have beside DataFusion's: names on the
//! left, what they do in [`hubcensus_hub::facts`], and `width_bucket` and
//! `entries_among`, which DataFusion lacks. All of them give null for null.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, Int64Builder, ListArray, ListBuilder, StringBuilder,
};
use arrow::datatypes::{ArrowNativeType as _, DataType, Field, Int64Type};
use datafusion::common::Result;
use datafusion::common::hash_utils::RandomState;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use hubcensus_hub::facts;

use crate::Versioned;

/// Every function, ready to be registered.
pub(crate) fn all() -> Vec<Versioned<ScalarUDF>> {
    let text = DataType::Utf8;
    let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let bounds = DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true)));
    vec![
        function(
            "parameters_in_name",
            "2",
            &[&text],
            DataType::Int64,
            |args| integers(args, |row| facts::parameters_in_name(args.text(0, row)?)),
        ),
        function("parse_quantity", "1", &[&text], DataType::Int64, |args| {
            integers(args, |row| facts::parse_quantity(args.text(0, row)?))
        }),
        function("json_int", "1", &[&text, &text], DataType::Int64, |args| {
            integers(args, |row| {
                facts::json_int(args.text(0, row)?, args.text(1, row)?)
            })
        }),
        function("json_string", "1", &[&text, &text], text.clone(), |args| {
            texts(args, |row| {
                facts::json_string(args.text(0, row)?, args.text(1, row)?)
            })
        }),
        function("json_strings", "1", &[&text, &text], list.clone(), |args| {
            lists(args, |row| {
                facts::json_strings(args.text(0, row)?, args.text(1, row)?)
            })
        }),
        function("json_texts", "1", &[&text, &text], list.clone(), |args| {
            lists(args, |row| {
                facts::json_texts(args.text(0, row)?, args.text(1, row)?)
            })
        }),
        function("tag_value", "1", &[&list, &text], text.clone(), |args| {
            texts(args, |row| {
                let tags = args.list(0, row)?;
                facts::tag_value(tags, args.text(1, row)?)
            })
        }),
        function("tag_values", "1", &[&list, &text], list.clone(), |args| {
            lists(args, |row| {
                let tags = args.list(0, row)?;
                Some(facts::tag_values(tags, args.text(1, row)?))
            })
        }),
        function("entry_sum", "1", &[&list], DataType::Int64, |args| {
            integers(args, |row| facts::entry_sum(args.list(0, row)?, None))
        }),
        function(
            "entry_sum_of",
            "1",
            &[&list, &list],
            DataType::Int64,
            |args| {
                integers(args, |row| {
                    let keys: Vec<&str> = args.list(1, row)?.collect();
                    facts::entry_sum(args.list(0, row)?, Some(&keys))
                })
            },
        ),
        function(
            "width_bucket",
            "1",
            &[&DataType::Int64, &bounds],
            DataType::Int64,
            width_buckets,
        ),
        function(
            "entries_among",
            "1",
            &[&list, &list],
            list.clone(),
            entries_among,
        ),
    ]
}

fn function(
    name: &str,
    version: &'static str,
    takes: &[&DataType],
    gives: DataType,
    body: impl Fn(&Args) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Versioned<ScalarUDF> {
    let takes = takes.iter().map(|&t| t.clone()).collect();
    let body = move |args: &[ColumnarValue]| {
        let rows = args.iter().find_map(|arg| match arg {
            ColumnarValue::Array(array) => Some(array.len()),
            ColumnarValue::Scalar(_) => None,
        });
        let arrays = args.iter().map(|arg| match arg {
            ColumnarValue::Array(array) => Ok(Arc::clone(array)),
            ColumnarValue::Scalar(value) => value.to_array(),
        });
        let result = body(&Args {
            rows: rows.unwrap_or(1),
            arrays: arrays.collect::<Result<_>>()?,
        })?;
        if rows.is_none() {
            Ok(ColumnarValue::Scalar(
                datafusion::common::ScalarValue::try_from_array(&result, 0)?,
            ))
        } else {
            Ok(ColumnarValue::Array(result))
        }
    };
    let body = Arc::new(body);
    Versioned {
        function: create_udf(name, takes, gives, Volatility::Immutable, body),
        version,
    }
}

/// What a function is called with: for each argument its values, or the one
/// that it has in all rows.
struct Args {
    rows: usize,
    arrays: Vec<ArrayRef>,
}

impl Args {
    /// An argument's values, and where among them that of a row stands, unless
    /// it is null.
    fn at(&self, argument: usize, row: usize) -> Option<(&ArrayRef, usize)> {
        let array = self.arrays.get(argument)?;
        let row = if array.len() == 1 { 0 } else { row };
        array.is_valid(row).then_some((array, row))
    }

    fn text(&self, argument: usize, row: usize) -> Option<&str> {
        let (array, row) = self.at(argument, row)?;
        Some(array.as_string_opt::<i32>()?.value(row))
    }

    /// The entries of a list that are not null.
    fn list(&self, argument: usize, row: usize) -> Option<impl Iterator<Item = &str>> {
        let (array, row) = self.at(argument, row)?;
        let lists = array.as_list_opt::<i32>()?;
        let texts = lists.values().as_string_opt::<i32>()?;
        let entries = range(lists, row)?;
        let entries = entries.filter(|entry| texts.is_valid(*entry));
        Some(entries.map(|entry| texts.value(entry)))
    }
}

fn integers(args: &Args, value: impl Fn(usize) -> Option<i64>) -> Result<ArrayRef> {
    let mut builder = Int64Builder::with_capacity(args.rows);
    for row in 0..args.rows {
        builder.append_option(value(row));
    }
    Ok(Arc::new(builder.finish()))
}

/// How many of the ascending bounds are no more than the number, as SQL
/// dialects that have the function define it.
fn width_buckets(args: &Args) -> Result<ArrayRef> {
    integers(args, |row| {
        let (numbers, at) = args.at(0, row)?;
        let number = numbers.as_primitive_opt::<Int64Type>()?.value(at);
        let (lists, at) = args.at(1, row)?;
        let lists = lists.as_list_opt::<i32>()?;
        let bounds = lists.values().as_primitive_opt::<Int64Type>()?.values();
        let bounds = bounds.get(range(lists, at)?)?;
        i64::try_from(bounds.partition_point(|bound| *bound <= number)).ok()
    })
}

/// The entries of the first list that the second has, as they stand.
fn entries_among(args: &Args) -> Result<ArrayRef> {
    let wanted = |row| Some(args.list(1, row)?.collect::<HashSet<&str, RandomState>>());
    // Mostly there is one list for all rows.
    let lists = args.arrays.get(1).map_or(0, |lists| lists.len());
    let for_all = (lists == 1).then(|| wanted(0));
    let mut found = ListBuilder::with_capacity(StringBuilder::new(), args.rows);
    for row in 0..args.rows {
        let own = for_all.is_none().then(|| wanted(row));
        let wanted = for_all.as_ref().or(own.as_ref()).and_then(Option::as_ref);
        let both = args.list(0, row).zip(wanted);
        let is_valid = both.is_some();
        if let Some((entries, wanted)) = both {
            for entry in entries.filter(|entry| wanted.contains(entry)) {
                found.values().append_value(entry);
            }
        }
        found.append(is_valid);
    }
    Ok(Arc::new(found.finish()))
}

fn texts<T: AsRef<str>>(args: &Args, value: impl Fn(usize) -> Option<T>) -> Result<ArrayRef> {
    let mut builder = StringBuilder::with_capacity(args.rows, args.rows * 8);
    for row in 0..args.rows {
        builder.append_option(value(row));
    }
    Ok(Arc::new(builder.finish()))
}

fn lists<T: AsRef<str>>(args: &Args, value: impl Fn(usize) -> Option<Vec<T>>) -> Result<ArrayRef> {
    let mut builder = ListBuilder::with_capacity(StringBuilder::new(), args.rows);
    for row in 0..args.rows {
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
            context.register_udf(function.function);
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
    async fn entries_among_others_stand_as_they_did() {
        let text = |call: &str| {
            let call = format!("array_to_string({call}, ' ')");
            async move { value(&call).await }
        };
        let tags = "['b', 'é', 'a', NULL, 'b', 'c']";
        let some = text(&format!("entries_among({tags}, ['é', 'b', 'x'])")).await;
        assert_eq!(some, ScalarValue::from("b é b"));
        let none = text(&format!("entries_among({tags}, ['x'])")).await;
        assert_eq!(none, ScalarValue::from(""));
        let null = ScalarValue::Utf8(None);
        assert_eq!(text("entries_among(NULL, ['x'])").await, null);
        assert_eq!(text(&format!("entries_among({tags}, NULL)")).await, null);
        // One list for all rows, and one for each.
        let rows = "(VALUES (['a', 'b'], ['b']), (['b'], NULL), (NULL, ['b']), (['c', 'b'], ['c'])) AS t(l, w)";
        for (wanted, expected) in [("['b']", "b|b|null|b"), ("w", "b|null|null|c")] {
            let each =
                format!("coalesce(array_to_string(entries_among(l, {wanted}), ' '), 'null')");
            let all = value(&format!("(SELECT string_agg({each}, '|') FROM {rows})")).await;
            assert_eq!(all.to_string(), expected, "{wanted}");
        }
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
