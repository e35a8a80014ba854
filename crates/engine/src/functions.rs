//! The SQL functions that the pipelines have beside DataFusion's: names on the
//! left, what they do in [`hubcensus_hub::facts`]. All of them give null for
//! null.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, GenericListBuilder, Int64Builder, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use hubcensus_hub::facts;

/// Part of every fingerprint: raised when what a function returns changes.
pub(crate) const VERSION: &str = "1";

/// Every function, ready to be registered.
pub(crate) fn all() -> Vec<ScalarUDF> {
    let text = DataType::Utf8;
    let list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
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
        function("tag_values", &[&list, &text], list.clone(), |args| {
            lists(args, |row| {
                let tags = list_at(args, 0, row)?;
                let prefix = text_at(args, 1, row)?;
                Some(
                    facts::tag_values(tags.iter().flatten(), prefix)
                        .into_iter()
                        .map(str::to_owned)
                        .collect(),
                )
            })
        }),
        function("entry_value", &[&list, &text], DataType::Int64, |args| {
            integers(args, |row| {
                let entries = list_at(args, 0, row)?;
                facts::entry_value(entries.iter().flatten(), text_at(args, 1, row)?)
            })
        }),
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

fn texts(args: &[ArrayRef], value: impl Fn(usize) -> Option<String>) -> Result<ArrayRef> {
    let rows = rows(args)?;
    let mut builder = StringBuilder::with_capacity(rows, rows * 8);
    for row in 0..rows {
        builder.append_option(value(row));
    }
    Ok(Arc::new(builder.finish()))
}

fn lists(args: &[ArrayRef], value: impl Fn(usize) -> Option<Vec<String>>) -> Result<ArrayRef> {
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

fn list_at(args: &[ArrayRef], argument: usize, row: usize) -> Option<StringArray> {
    let array = args.get(argument)?.as_list_opt::<i32>()?;
    if array.is_null(row) {
        return None;
    }
    array.value(row).as_string_opt::<i32>().cloned()
}
