//! The tests that stand beside the queries: small tables in, the expected
//! table out, no lake.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, Date32Array, Float64Array, GenericListBuilder,
    Int64Array, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{
    DataType, Date32Type, Field, Float64Type, Int64Type, SchemaRef, TimestampMicrosecondType,
};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::dataframe::DataFrame;
use hubcensus_spec::{
    Cell, Contract, Job, Row, SnapshotDate, Source, TableName, Test, parse_timestamp,
};

use crate::audit::violation::json_rows;
use crate::error::SelectorError;
use crate::query::frame;
use crate::query::lake_table::{Dated, LakeTable};
use crate::query::parameters::parameters;
use crate::query::schema;
use crate::query::session::Tables;
use crate::query::source_schema;
use crate::query::sql::{REJECT, ROW, SOURCE};
use crate::resolve::resolved::{Origin, Resolved, ResolvedJob};

/// The snapshot of a test that does not say which.
const DATE: &str = "2025-10-01";

/// A test and what came of it.
#[derive(Debug, Clone)]
pub struct TestOutcome {
    /// The table or source that is tested.
    pub of: String,
    /// The test's name.
    pub name: String,
    /// What is wrong, line by line; nothing if all is well.
    pub failure: Option<Vec<String>>,
}

/// Runs the tests of the selected tables, and of the sources that fill them.
///
/// # Errors
///
/// A selector that means nothing.
pub async fn test(
    resolved: &Resolved,
    selectors: &[String],
) -> Result<Vec<TestOutcome>, SelectorError> {
    let selected = resolved.graph.select(selectors)?;
    let mut outcomes = Vec::new();
    for source in &resolved.project.sources {
        if selected.contains(&source.table.value) {
            for test in &source.tests {
                outcomes.push(TestOutcome {
                    of: source.name.value.clone(),
                    name: test.name.value.clone(),
                    failure: of_source(resolved, source, test).await.err(),
                });
            }
        }
    }
    for table in resolved
        .order
        .iter()
        .filter(|table| selected.contains(*table))
    {
        let Some(Origin::Job(job)) = resolved.recipes.get(table).map(|recipe| &recipe.origin)
        else {
            continue;
        };
        for test in &job.job.tests {
            outcomes.push(TestOutcome {
                of: table.to_string(),
                name: test.name.value.clone(),
                failure: of_job(resolved, job, test).await.err(),
            });
        }
    }
    Ok(outcomes)
}

fn date(test: &Test) -> Option<SnapshotDate> {
    test.snapshot_date.or_else(|| DATE.parse().ok())
}

async fn of_job(resolved: &Resolved, job: &ResolvedJob, test: &Test) -> Result<(), Vec<String>> {
    let mut tables = Tables::default();
    for (name, _) in job.query.tables() {
        tables.insert(name.clone(), table(resolved, &job.job, name, test)?);
    }
    let found = async {
        let statement = job
            .query
            .bind(&parameters(&job.job.parameters, date(test)))?;
        let (state, plan) = resolved.session.plan(statement, &tables).await?;
        let frame = DataFrame::new(state, plan)
            .select(frame::projection(&job.job.contract))?
            .sort(frame::ordering(&job.job.contract))?;
        collect(frame).await
    }
    .await
    .map_err(failed)?;
    compare(&found, &test.expect)
}

async fn of_source(resolved: &Resolved, source: &Source, test: &Test) -> Result<(), Vec<String>> {
    let wrong = |what: String| vec![what];
    let from = resolved
        .sources
        .get(&(source.name.value.clone(), source.table.value.clone()))
        .ok_or_else(|| wrong(format!("no source `{}`", source.name.value)))?;
    let contract = resolved
        .contract(&source.table.value)
        .ok_or_else(|| wrong(format!("no table `{}`", source.table.value)))?;
    let raw = source_schema::of_source(source);
    let rows = test
        .given
        .iter()
        .find(|(name, _)| name.value == SOURCE)
        .map(|(_, rows)| rows);
    let rows = rows.map_or(&[][..], Vec::as_slice);
    let batch = numbered(&batch(&raw, rows)?).map_err(|e| failed(e.into()))?;
    let mut tables = Tables::default();
    tables.insert_bare(SOURCE, frame::memory(batch).map_err(failed)?);
    for name in &from.references {
        let given = test
            .given
            .iter()
            .find(|(given, _)| given.value == name.to_string());
        let provider = match (given, resolved.references.get(name)) {
            (None, Some(reference)) => reference.table().map_err(failed)?,
            (given, _) => {
                let contract = resolved
                    .contract(name)
                    .ok_or_else(|| wrong(format!("no table `{name}`")))?;
                memory(
                    &schema::of_contract(contract),
                    given.map_or(&[][..], |(_, rows)| rows),
                )?
            }
        };
        tables.insert(name.clone(), provider);
    }
    let found = async {
        let values = parameters(&source.parameters, date(test));
        let statement = from.query.bind(&values)?;
        let (state, plan) = resolved.session.plan(statement, &tables).await?;
        let stated = source_schema::stated(source);
        let columns = frame::projection_or(&stated, contract, plan.schema());
        let frame = DataFrame::new(state, plan).select(columns)?;
        collect(frame.sort(frame::ordering(contract))?).await
    }
    .await
    .map_err(failed)?;
    compare(&found, &test.expect)
}

fn failed(error: DataFusionError) -> Vec<String> {
    error.strip_backtrace().lines().map(str::to_owned).collect()
}

async fn collect(frame: DataFrame) -> Result<RecordBatch, DataFusionError> {
    let schema = Arc::clone(frame.schema().inner());
    Ok(concat_batches(&schema, &frame.collect().await?)?)
}

/// A table as a test gives it: as written, or the project's own reference
/// table, or empty.
fn table(
    resolved: &Resolved,
    job: &Job,
    name: &TableName,
    test: &Test,
) -> Result<Arc<dyn TableProvider>, Vec<String>> {
    let given = test
        .given
        .iter()
        .find(|(given, _)| given.value == name.to_string());
    if given.is_none()
        && let Some(reference) = resolved.references.get(name)
    {
        return reference.table().map_err(failed);
    }
    let contract: &Contract = resolved
        .contract(name)
        .ok_or_else(|| vec![format!("no table `{name}`")])?;
    let mut schema = schema::of_contract(contract);
    if let Some((_, history)) = job.history.iter().find(|(table, _)| table.value == *name) {
        schema = LakeTable::dated_schema(&schema, Dated::of(history));
    }
    memory(&schema, given.map_or(&[][..], |(_, rows)| rows))
}

fn memory(schema: &SchemaRef, rows: &[Row]) -> Result<Arc<dyn TableProvider>, Vec<String>> {
    Ok(frame::memory(batch(schema, rows)?).map_err(failed)?)
}

/// Adds what a reader adds: the rows' places, and no reason to set them aside.
fn numbered(batch: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
    let rows = i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
    let places: ArrayRef = Arc::new(Int64Array::from_iter_values(1..=rows));
    let reasons: ArrayRef = Arc::new(StringArray::new_null(batch.num_rows()));
    let mut columns: Vec<(String, ArrayRef)> = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .zip(batch.columns().iter().map(Arc::clone))
        .collect();
    columns.push((ROW.to_owned(), places));
    columns.push((REJECT.to_owned(), reasons));
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
}

/// Rows as written, typed by a schema; what a row does not name is null, in
/// columns that may not be null too.
fn batch(schema: &SchemaRef, rows: &[Row]) -> Result<RecordBatch, Vec<String>> {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect();
    let columns = fields
        .iter()
        .map(|field| {
            let cells: Vec<Option<&Cell>> = rows
                .iter()
                .map(|row| {
                    row.cells
                        .iter()
                        .find(|(name, _)| name.value == *field.name())
                        .map(|(_, cell)| &cell.value)
                        .filter(|cell| !matches!(cell, Cell::Null))
                })
                .collect();
            array(field.data_type(), &cells).ok_or_else(|| {
                vec![format!(
                    "column `{}` cannot be written in a test",
                    field.name()
                )]
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(
        Arc::new(arrow::datatypes::Schema::new(fields)),
        columns,
        &options,
    )
    .map_err(|e| failed(e.into()))
}

fn array(data_type: &DataType, cells: &[Option<&Cell>]) -> Option<ArrayRef> {
    fn each<'a, T>(
        cells: &'a [Option<&'a Cell>],
        value: impl Fn(&'a Cell) -> Option<T> + 'a,
    ) -> impl Iterator<Item = Option<T>> + 'a {
        cells.iter().map(move |cell| cell.and_then(&value))
    }
    Some(match data_type {
        DataType::Utf8 => Arc::new(each(cells, text).collect::<StringArray>()),
        DataType::Int64 => Arc::new(each(cells, integer).collect::<Int64Array>()),
        DataType::Float64 => Arc::new(each(cells, float).collect::<Float64Array>()),
        DataType::Boolean => Arc::new(each(cells, boolean).collect::<BooleanArray>()),
        DataType::Date32 => Arc::new(each(cells, days).collect::<Date32Array>()),
        DataType::Timestamp(_, _) => Arc::new(
            each(cells, micros)
                .collect::<TimestampMicrosecondArray>()
                .with_timezone(schema::UTC),
        ),
        DataType::List(_) => {
            let mut builder = GenericListBuilder::<i32, _>::new(StringBuilder::new());
            for cell in cells {
                if let Some(Cell::List(members)) = cell {
                    for member in members {
                        builder.values().append_option(text(member));
                    }
                    builder.append(true);
                } else {
                    builder.append(false);
                }
            }
            Arc::new(builder.finish())
        }
        _ => return None,
    })
}

fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.clone()),
        Cell::Int(value) => Some(value.to_string()),
        Cell::Bool(value) => Some(value.to_string()),
        Cell::Float(value) => Some(value.to_string()),
        Cell::Null | Cell::List(_) => None,
    }
}

fn integer(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Int(value) => Some(*value),
        _ => None,
    }
}

fn float(cell: &Cell) -> Option<f64> {
    match cell {
        #[expect(clippy::cast_precision_loss, reason = "a number written by hand")]
        Cell::Int(value) => Some(*value as f64),
        Cell::Float(value) => Some(*value),
        _ => None,
    }
}

fn boolean(cell: &Cell) -> Option<bool> {
    match cell {
        Cell::Bool(value) => Some(*value),
        _ => None,
    }
}

fn days(cell: &Cell) -> Option<i32> {
    text(cell)?
        .parse::<SnapshotDate>()
        .ok()
        .map(SnapshotDate::days_since_epoch)
}

fn micros(cell: &Cell) -> Option<i64> {
    parse_timestamp(&text(cell)?)
}

/// Whether a cell of the result is the one expected.
fn equal(array: &ArrayRef, row: usize, expected: &Cell) -> bool {
    if array.is_null(row) {
        return matches!(expected, Cell::Null);
    }
    match array.data_type() {
        DataType::Utf8 => text(expected).as_deref() == Some(array.as_string::<i32>().value(row)),
        DataType::Int64 => integer(expected) == Some(array.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => float(expected).is_some_and(|expected| {
            let found = array.as_primitive::<Float64Type>().value(row);
            (found - expected).abs() <= 1e-9 * expected.abs().max(1.0)
        }),
        DataType::Boolean => boolean(expected) == Some(array.as_boolean().value(row)),
        DataType::Date32 => days(expected) == Some(array.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(_, _) => {
            micros(expected) == Some(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::List(_) => {
            let members = array.as_list::<i32>().value(row);
            let members = members.as_string::<i32>();
            let found: Vec<Option<String>> = members
                .iter()
                .map(|member| member.map(str::to_owned))
                .collect();
            matches!(expected, Cell::List(expected)
                if expected.iter().map(text).collect::<Vec<_>>() == found)
        }
        _ => false,
    }
}

fn compare(found: &RecordBatch, expected: &[Row]) -> Result<(), Vec<String>> {
    let mut wrong = Vec::new();
    if found.num_rows() != expected.len() {
        wrong.push(format!(
            "expected {} rows, found {}",
            expected.len(),
            found.num_rows()
        ));
    }
    for (at, row) in expected.iter().enumerate().take(found.num_rows()) {
        for (name, cell) in &row.cells {
            match found.column_by_name(&name.value) {
                None => wrong.push(format!("there is no column `{}`", name.value)),
                Some(column) if !equal(column, at, &cell.value) => wrong.push(format!(
                    "row {}, column `{}`: expected {}",
                    at + 1,
                    name.value,
                    show(&cell.value)
                )),
                Some(_) => {}
            }
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    wrong.push("found:".to_owned());
    wrong.extend(json_rows(found).into_iter().map(|row| format!("  {row}")));
    Err(wrong)
}

fn show(cell: &Cell) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::List(members) => {
            format!(
                "[{}]",
                members.iter().map(show).collect::<Vec<_>>().join(", ")
            )
        }
        Cell::Text(text) => format!("\"{text}\""),
        other => text(other).unwrap_or_default(),
    }
}
