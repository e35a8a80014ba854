//! Reading snapshot files: what comes out of good ones, what is set aside, and what bad ones say.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod csv;
mod damage;
mod files;
mod findings;
mod json;
mod parquet;
mod paths;
mod real;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Int64Type};
use arrow::json::LineDelimitedWriter;
use hubcensus_hub::read::{
    Chunk, Field, Format, Kind, ROW, ReadError, Reject, Request, Survey, open,
};
use tempfile::TempDir;

/// Fields written as `name:kind` or `name=path:kind`, with blanks between them.
fn fields(text: &str) -> Vec<Field> {
    let kind = |name: &str| match name {
        "utf8" => Kind::Utf8,
        "int64" => Kind::Int64,
        "float64" => Kind::Float64,
        "boolean" => Kind::Boolean,
        "date32" => Kind::Date32,
        "timestamp" => Kind::Timestamp,
        "list" => Kind::ListUtf8,
        "entries" => Kind::Entries,
        "json" => Kind::Json,
        other => panic!("no kind {other}"),
    };
    let field = |word: &str| {
        let (name, kind_name) = word.rsplit_once(':').unwrap();
        let (name, path) = name.split_once('=').unwrap_or((name, name));
        Field::new(name, path, kind(kind_name))
    };
    text.split_whitespace().map(field).collect()
}

/// A file of some name in a directory that goes with the guard.
fn file(name: &str, content: &[u8]) -> (TempDir, std::path::PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join(name);
    std::fs::File::create(&path)
        .unwrap()
        .write_all(content)
        .unwrap();
    (dir, path)
}

/// All rows of a file in their order, and those set aside in theirs.
fn read_with(
    path: &Path,
    request: &Request,
    partitions: usize,
) -> Result<(RecordBatch, Vec<Reject>), ReadError> {
    let (batch, rejects, _) = survey_with(path, request, partitions)?;
    Ok((batch, rejects))
}

/// The same with what was found beside the rows.
fn survey_with(
    path: &Path,
    request: &Request,
    partitions: usize,
) -> Result<(RecordBatch, Vec<Reject>, Arc<Survey>), ReadError> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let reader = open(path, name, request)?;
    let survey = reader.survey();
    let schema = reader.schema();
    let parts = reader.split(partitions);
    assert!(!parts.is_empty() && parts.len() <= partitions.max(1));
    let chunks: Vec<Result<Vec<Chunk>, ReadError>> = std::thread::scope(|scope| {
        let read = |part| scope.spawn(move || Iterator::collect(part));
        let threads: Vec<_> = parts.into_iter().map(read).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let (mut batches, mut rejects) = (Vec::new(), Vec::new());
    for chunk in chunks
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
    {
        assert!(
            chunk.batch.num_rows() + chunk.rejects.len() > 0,
            "no chunk is empty"
        );
        assert!(chunk.batch.num_rows() + chunk.rejects.len() <= request.batch_rows);
        let rows = chunk
            .batch
            .column_by_name(ROW)
            .unwrap()
            .as_primitive::<Int64Type>();
        assert!(rows.values().is_sorted());
        batches.push(chunk.batch);
        rejects.extend(chunk.rejects);
    }
    let batch = concat_batches(&schema, &batches).unwrap();
    let order = sort_to_indices(batch.column_by_name(ROW).unwrap(), None, None).unwrap();
    rejects.sort_by_key(|reject| reject.row);
    Ok((take_record_batch(&batch, &order).unwrap(), rejects, survey))
}

/// Reads a made file, once whole and once in small batches from several partitions: the same must
/// come out.
fn read(
    name: &str,
    content: &[u8],
    wanted: &str,
    format: Format,
) -> Result<(RecordBatch, Vec<Reject>), ReadError> {
    let (_dir, path) = file(name, content);
    let mut request = Request::new(fields(wanted), format);
    let whole = read_with(&path, &request, 1);
    request.batch_rows = 2;
    let parts = read_with(&path, &request, 3);
    match (&whole, &parts) {
        (Ok(whole), Ok(parts)) => assert_eq!(whole, parts),
        (Err(whole), Err(parts)) => assert_eq!(whole.to_string(), parts.to_string()),
        (whole, parts) => panic!("whole: {whole:?}, in parts: {parts:?}"),
    }
    whole
}

/// The rows as JSON, one a line, null members left out.
fn json(batch: &RecordBatch) -> Vec<String> {
    // Arrow's JSON knows UTC by its offset only.
    let offset = |column: &ArrayRef| match column.data_type() {
        DataType::Timestamp(unit, _) => {
            cast(column, &DataType::Timestamp(*unit, Some("+00:00".into()))).unwrap()
        }
        _ => Arc::clone(column),
    };
    let names = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect::<Vec<_>>();
    let columns = names.into_iter().zip(batch.columns().iter().map(offset));
    let batch = &RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    String::from_utf8(writer.into_inner())
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The rejects as `row reason: detail`.
fn told(rejects: &[Reject]) -> Vec<String> {
    rejects
        .iter()
        .map(|reject| format!("{} {}: {}", reject.row, reject.reason, reject.detail))
        .collect()
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let column = batch.column_by_name(column).unwrap().as_string::<i32>();
    (0..column.len())
        .map(|row| column.is_valid(row).then(|| column.value(row).to_owned()))
        .collect()
}

#[test]
fn a_request_that_contradicts_itself_is_refused() {
    let (_dir, path) = file("a.jsonl", b"{}");
    for (wanted, mistake) in [
        ("a:utf8 a:int64", "two columns are named `a`"),
        ("_row:int64", "two columns are named `_row`"),
        (
            "a=b[].c:utf8",
            "column `a` is below a list (`[]`), so its type must be a list of text",
        ),
        (
            "a=[].c:list",
            "the path of column `a` does not start with a key",
        ),
    ] {
        let error = open(
            &path,
            "a.jsonl",
            &Request::new(fields(wanted), Format::Ndjson),
        )
        .err()
        .unwrap();
        assert_eq!(
            error.to_string(),
            format!("a.jsonl: {mistake}; correct the source's entry")
        );
    }
    let mut request = Request::new(fields("a:utf8"), Format::Csv);
    request.csv.delimiter = b'"';
    assert!(open(&path, "a.csv", &request).is_err());
}
