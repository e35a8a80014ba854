use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, ListBuilder,
    StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::*;

/// Rows of every type, with runs, repeats, nulls, and more distinct texts than a dictionary
/// page can hold.
fn rows(count: usize) -> RecordBatch {
    let count = i64::try_from(count).unwrap();
    let some = |i: i64| (i % 11 != 0).then_some(i);
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(Field::new(
        "element",
        DataType::Utf8,
        true,
    ));
    for i in 0..count {
        for k in 0..i % 5 {
            lists
                .values()
                .append_option((k != 3).then(|| format!("tag-{}", i * k % 97)));
        }
        lists.append(i % 13 != 0);
    }
    let id = |i| format!("{:016x}/model-{i:09}", i * 7_919 % 104_729);
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        (
            "id",
            Arc::new(StringArray::from_iter_values((0..count).map(id))),
            false,
        ),
        (
            "task",
            Arc::new(StringArray::from_iter(
                (0..count).map(|i| some(i).map(|i| format!("task-{}", i % 40))),
            )),
            true,
        ),
        (
            "downloads",
            Arc::new(Int64Array::from_iter((0..count).map(some))),
            true,
        ),
        (
            "share",
            Arc::new(Float64Array::from_iter(
                (0..count).map(|i| some(i).map(|i| 1.0 / (i as f64 + 1.0))),
            )),
            true,
        ),
        (
            "listed",
            Arc::new(BooleanArray::from_iter(
                (0..count).map(|i| Some(i % 3 == 0)),
            )),
            false,
        ),
        (
            "day",
            Arc::new(Date32Array::from_iter_values(
                (0..count).map(|i| (i % 9_000) as i32),
            )),
            false,
        ),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(0..count).with_timezone("UTC")),
            false,
        ),
        ("tags", Arc::new(lists.finish()), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn encoded(batches: &[RecordBatch]) -> Vec<u8> {
    let metadata = vec![("hubcensus.table".to_owned(), "a.b".to_owned())];
    let schema = batches[0].schema();
    let mut encoder = Encoder::new(Vec::new(), schema, &[0], metadata).unwrap();
    for batch in batches {
        encoder.write(batch).unwrap();
    }
    encoder.finish().unwrap()
}

fn cut(batch: &RecordBatch, sizes: &[usize]) -> Vec<RecordBatch> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for size in sizes.iter().cycle() {
        let rows = (*size).min(batch.num_rows() - from);
        pieces.push(batch.slice(from, rows));
        from += rows;
        if from == batch.num_rows() {
            return pieces;
        }
    }
    pieces
}

#[test]
fn batches_and_threads_do_not_show_in_the_bytes() {
    let rows = rows(80_001);
    let whole = encoded(std::slice::from_ref(&rows));
    // One of the threads feeds the others.
    for (sizes, threads) in [
        (&[8_192][..], 2),
        (&[8_191], 3),
        (&[1, 0, 70_000, 3], 16),
        (&[100_000], 4),
        (&[4_096, 20_001], 2),
    ] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pieces = cut(&rows, sizes);
        let encoded = pool.build().unwrap().install(|| encoded(&pieces));
        assert!(encoded == whole, "{sizes:?}");
    }
}

#[test]
fn what_lies_under_a_null_does_not_show_in_the_bytes() {
    let schema = Arc::new(Schema::new(vec![
        Field::new("n", DataType::Int64, true),
        Field::new(
            "tags",
            DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))),
            true,
        ),
    ]));
    let batch = |n: ArrayRef, under: &[&str], valid: Option<Vec<bool>>| {
        let DataType::List(item) = schema.field(1).data_type() else {
            panic!("a list");
        };
        let middle = i32::try_from(under.len()).unwrap();
        let values: Vec<&str> = ["a"].iter().chain(under).chain(&["b"]).copied().collect();
        let tags = ListArray::new(
            Arc::clone(item),
            OffsetBuffer::new(vec![0, 1, 1 + middle, 2 + middle].into()),
            Arc::new(StringArray::from(values)),
            valid.map(NullBuffer::from),
        );
        RecordBatch::try_new(Arc::clone(&schema), vec![n, Arc::new(tags)]).unwrap()
    };
    let nulls = |n: [i64; 3]| -> ArrayRef {
        let mask = Some(NullBuffer::from(vec![true, false, true]));
        Arc::new(Int64Array::new(n.to_vec().into(), mask))
    };
    let null_in_the_middle = Some(vec![true, false, true]);
    assert_eq!(
        encoded(&[batch(nulls([1, 0, 3]), &[], null_in_the_middle.clone())]),
        encoded(&[batch(nulls([1, 9, 3]), &["x", "y"], null_in_the_middle)]),
    );
    // A mask that hides nothing is no mask.
    let mask = NullBuffer::from(vec![true; 3]);
    let masked = Int64Array::new(vec![1, 2, 3].into(), Some(mask));
    assert_eq!(
        encoded(&[batch(
            Arc::new(Int64Array::from(vec![1, 2, 3])),
            &["x"],
            None
        )]),
        encoded(&[batch(Arc::new(masked), &["x"], Some(vec![true; 3]))]),
    );
}

#[test]
fn a_mask_without_nulls_does_not_show_in_the_bytes() {
    let item = Arc::new(Field::new("element", DataType::Utf8, true));
    let schema = Arc::new(Schema::new(vec![
        Field::new("word", DataType::Utf8, true),
        Field::new("tags", DataType::List(item), true),
    ]));
    let rows = |from: i32, to: i32| {
        let word = |i: i32| (i > 5).then(|| format!("w{}", i % 50));
        let words = StringArray::from_iter((from..to).map(word));
        let mut tags = ListBuilder::new(StringBuilder::new()).with_field(Field::new(
            "element",
            DataType::Utf8,
            true,
        ));
        for i in from..to {
            tags.values().append_option(word(i));
            tags.append(i != 3);
        }
        let columns: Vec<ArrayRef> = vec![Arc::new(words), Arc::new(tags.finish())];
        RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
    };
    let end = 3 * i32::try_from(CHUNK_ROWS).unwrap() + 7;
    let whole = [rows(0, end)];
    // Built by themselves, the later rows have no mask at all.
    let parts = [rows(0, 100), rows(100, 20_000), rows(20_000, end)];
    assert!(encoded(&whole) == encoded(&parts));
    let chunk = i32::try_from(CHUNK_ROWS).unwrap();
    let chunks = [rows(0, chunk), rows(chunk, 2 * chunk), rows(2 * chunk, end)];
    assert!(encoded(&whole) == encoded(&chunks));
}

#[test]
fn row_groups_end_where_they_should() {
    let column = |rows: usize| -> ArrayRef {
        Arc::new(BooleanArray::from_iter((0..rows).map(|i| Some(i % 2 == 0))))
    };
    for (rows, groups) in [
        (0, vec![]),
        (1, vec![1]),
        (ROW_GROUP_ROWS, vec![ROW_GROUP_ROWS]),
        (
            2 * ROW_GROUP_ROWS + 5,
            vec![ROW_GROUP_ROWS, ROW_GROUP_ROWS, 5],
        ),
    ] {
        let batch = RecordBatch::try_from_iter([("b", column(rows))]).unwrap();
        let bytes = encoded(&cut(&batch, &[300_000]));
        let file = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
        let found = file.metadata().row_groups().iter();
        let found: Vec<usize> = found.map(|group| group.num_rows() as usize).collect();
        assert_eq!(found, groups);
    }
}

#[test]
fn the_footer_says_what_readers_need_and_no_more() {
    let bytes = encoded(&[rows(30_000)]);
    let file = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
    let about = file.metadata().file_metadata();
    assert_eq!(about.created_by(), Some("hubcensus version 1"));
    let metadata = about.key_value_metadata().unwrap();
    assert_eq!(metadata.len(), 1);
    assert_eq!(metadata[0].key, "hubcensus.table");
    let group = file.metadata().row_group(0);
    assert_eq!(
        group.sorting_columns().unwrap(),
        &vec![SortingColumn {
            column_idx: 0,
            descending: false,
            nulls_first: false
        }]
    );
    for column in group.columns() {
        let path = column.column_path().string();
        assert!(column.statistics().is_some(), "{path}");
        assert!(column.offset_index_offset().is_some(), "{path}");
        assert!(column.column_index_offset().is_some(), "{path}");
        assert!(matches!(column.compression(), Compression::ZSTD(_)));
    }
    assert_eq!(
        group
            .columns()
            .iter()
            .map(|c| c.column_path().string())
            .next_back()
            .unwrap(),
        "tags.list.element"
    );
}
