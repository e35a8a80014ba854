//! Parquet, of whatever schema.

use std::io::Write;

use ::parquet::arrow::ArrowWriter;
use ::parquet::file::properties::WriterProperties;
use arrow::array::*;
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Field as ArrowField, Int32Type, Schema};

use super::*;

pub(crate) fn written(columns: Vec<(&str, ArrayRef)>, group_rows: usize) -> Vec<u8> {
    let fields: Vec<_> = columns
        .iter()
        .map(|(name, array)| ArrowField::new(*name, array.data_type().clone(), true))
        .collect();
    let batch = RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns.into_iter().map(|(_, array)| array).collect(),
    )
    .unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group_rows))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn rows(columns: Vec<(&str, ArrayRef)>, wanted: &str) -> (Vec<String>, Vec<String>) {
    let (batch, rejects) = read(
        "a.parquet",
        &written(columns, 1_000),
        wanted,
        Format::Parquet,
    )
    .unwrap();
    (json(&batch), told(&rejects))
}

pub(crate) fn structs(members: Vec<(&str, ArrayRef)>, nulls: Option<Vec<bool>>) -> ArrayRef {
    let fields: Vec<_> = members
        .iter()
        .map(|(name, array)| ArrowField::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = members.into_iter().map(|(_, array)| array).collect();
    Arc::new(StructArray::try_new(fields.into(), arrays, nulls.map(NullBuffer::from)).unwrap())
}

#[test]
fn text_of_every_layout() {
    let texts = [Some("a"), None, Some("é")];
    let (rows, rejects) = rows(
        vec![
            ("plain", Arc::new(StringArray::from(texts.to_vec()))),
            ("large", Arc::new(LargeStringArray::from(texts.to_vec()))),
            ("view", Arc::new(StringViewArray::from(texts.to_vec()))),
            (
                "dictionary",
                Arc::new(DictionaryArray::<Int32Type>::from_iter(texts)),
            ),
            (
                "binary",
                Arc::new(BinaryArray::from(vec![
                    Some(&b"a"[..]),
                    None,
                    Some("é".as_bytes()),
                ])),
            ),
            (
                "flag",
                Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
            ),
        ],
        "plain:utf8 large:utf8 view:utf8 dictionary:utf8 binary:utf8 flag:utf8",
    );
    assert!(rejects.is_empty(), "{rejects:?}");
    let all = |text: &str, flag: &str, row| {
        format!(
            "{{\"plain\":\"{text}\",\"large\":\"{text}\",\"view\":\"{text}\",\"dictionary\":\"{text}\",\"binary\":\"{text}\",\"flag\":\"{flag}\",\"_row\":{row}}}"
        )
    };
    assert_eq!(
        rows,
        [
            all("a", "true", 1),
            "{\"_row\":2}".to_owned(),
            all("é", "false", 3)
        ]
    );
}

#[test]
fn numbers_of_every_width() {
    let (rows, rejects) = rows(
        vec![
            (
                "i8",
                Arc::new(Int8Array::from(vec![Some(-1), None, Some(3), Some(4)])),
            ),
            ("u32", Arc::new(UInt32Array::from(vec![u32::MAX, 2, 3, 4]))),
            ("u64", Arc::new(UInt64Array::from(vec![1, 2, u64::MAX, 4]))),
            (
                "f64",
                Arc::new(Float64Array::from(vec![
                    Some(12.0),
                    None,
                    Some(1.5),
                    Some(f64::NAN),
                ])),
            ),
            (
                "f32",
                Arc::new(Float32Array::from(vec![0.5, 1.5, 2.5, f32::INFINITY])),
            ),
            (
                "decimal",
                Arc::new(
                    Decimal128Array::from(vec![1200, 300, 400, 500])
                        .with_precision_and_scale(10, 2)
                        .unwrap(),
                ),
            ),
        ],
        "i8:int64 u32:int64 u64:int64 f64:int64 f32:float64 decimal:int64 i8f=i8:float64 u64f=u64:float64",
    );
    assert_eq!(
        rows,
        [
            "{\"i8\":-1,\"u32\":4294967295,\"u64\":1,\"f64\":12,\"f32\":0.5,\"decimal\":12,\"i8f\":-1.0,\"u64f\":1.0,\"_row\":1}",
            "{\"u32\":2,\"u64\":2,\"f32\":1.5,\"decimal\":3,\"u64f\":2.0,\"_row\":2}",
            "{\"i8\":4,\"u32\":4,\"u64\":4,\"decimal\":5,\"i8f\":4.0,\"u64f\":4.0,\"_row\":4}",
        ]
    );
    assert_eq!(
        rejects,
        [
            "3 out_of_range: column `u64`: the number 18446744073709551615 is out of range for a whole number (and 1 more)",
        ]
    );
}

#[test]
fn moments_of_every_unit() {
    const SECONDS: i64 = 0x621f_fdc0;
    let (rows, rejects) = rows(
        vec![
            (
                "s",
                Arc::new(TimestampMillisecondArray::from(vec![
                    Some(SECONDS * 1_000),
                    None,
                    Some(i64::MAX / 10),
                ])),
            ),
            (
                "ms",
                Arc::new(
                    TimestampMillisecondArray::from(vec![SECONDS * 1_000; 3])
                        .with_timezone("+02:00"),
                ),
            ),
            (
                "us",
                Arc::new(TimestampMicrosecondArray::from(vec![
                    SECONDS * 1_000_000;
                    3
                ])),
            ),
            (
                "ns",
                Arc::new(TimestampNanosecondArray::from(vec![
                    SECONDS * 1_000_000_000
                        + 999;
                    3
                ])),
            ),
            (
                "text",
                Arc::new(StringArray::from(vec![
                    Some("2022-03-02T23:29:04.000Z"),
                    None,
                    Some("2022-03-02"),
                ])),
            ),
            ("day", Arc::new(Date32Array::from(vec![19_053; 3]))),
        ],
        "s:timestamp ms:timestamp us:timestamp ns:timestamp text:timestamp day:timestamp d=us:date32 dd=day:date32 dt=text:date32",
    );
    let at = "2022-03-02T23:29:04Z";
    assert_eq!(
        rows[0],
        format!(
            "{{\"s\":\"{at}\",\"ms\":\"{at}\",\"us\":\"{at}\",\"ns\":\"{at}\",\"text\":\"{at}\",\"day\":\"2022-03-02T00:00:00Z\",\
             \"d\":\"2022-03-02\",\"dd\":\"2022-03-02\",\"dt\":\"2022-03-02\",\"_row\":1}}"
        )
    );
    assert_eq!(rows.len(), 2);
    assert!(
        rejects[0].starts_with("3 out_of_range: column `s`: the timestamp "),
        "{rejects:?}"
    );
}

#[test]
fn structs_lists_and_what_is_null_in_them() {
    let counts = |values: Vec<Option<i64>>| Arc::new(Int64Array::from(values)) as ArrayRef;
    let parameters = structs(
        vec![
            ("BF16", counts(vec![Some(1), None, Some(3), None])),
            ("F32", counts(vec![Some(2), None, None, Some(9)])),
        ],
        Some(vec![true, true, true, false]),
    );
    let safetensors = structs(
        vec![
            ("parameters", parameters),
            ("total", counts(vec![Some(3), None, Some(5), Some(6)])),
        ],
        Some(vec![true, true, false, true]),
    );
    let ids = StringArray::from(vec![Some("a"), Some("b"), Some("c")]);
    let models = structs(
        vec![("_id", counts(vec![Some(1); 3])), ("id", Arc::new(ids))],
        None,
    );
    let list = ListArray::try_new(
        Arc::new(ArrowField::new("element", models.data_type().clone(), true)),
        arrow::buffer::OffsetBuffer::from_lengths([2, 0, 0, 1]),
        models,
        Some(NullBuffer::from(vec![true, true, false, true])),
    )
    .unwrap();
    let base = structs(
        vec![("models", Arc::new(list))],
        Some(vec![true, true, true, false]),
    );
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some("x"), None, Some("y")]);
    tags.append_null();
    tags.append_value([None::<&str>]);
    tags.append_value([Some("z")]);
    let nothing: ArrayRef = Arc::new(ListArray::new_null(
        Arc::new(ArrowField::new("element", DataType::Null, true)),
        4,
    ));
    let (rows, rejects) = rows(
        vec![
            ("safetensors", safetensors),
            ("base", base),
            ("tags", Arc::new(tags.finish())),
            ("nothing", nothing),
        ],
        "st=safetensors.parameters:entries total=safetensors.total:int64 f32=safetensors.parameters.F32:int64 \
         whole=safetensors:json ids=base.models[].id:list tags:list nothing:list no=safetensors.none:utf8 none:int64",
    );
    assert!(rejects.is_empty(), "{rejects:?}");
    assert_eq!(
        rows,
        [
            concat!(
                r#"{"st":["BF16=1","F32=2"],"total":3,"f32":2,"whole":"{\"parameters\":{\"BF16\":1,\"F32\":2},\"total\":3}","#,
                r#""ids":["a","b"],"tags":["x","y"],"_row":1}"#
            ),
            r#"{"st":[],"whole":"{\"parameters\":{}}","ids":[],"_row":2}"#,
            r#"{"tags":[],"_row":3}"#,
            r#"{"total":6,"whole":"{\"total\":6}","tags":["z"],"_row":4}"#,
        ]
    );
}

#[test]
fn maps_are_objects() {
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    map.keys().append_value("BF16");
    map.values().append_value(7);
    map.keys().append_value("F32");
    map.values().append_null();
    map.append(true).unwrap();
    map.append(false).unwrap();
    let (rows, rejects) = rows(
        vec![("m", Arc::new(map.finish()))],
        "e=m:entries j=m:json n=m.BF16:int64",
    );
    assert!(rejects.is_empty(), "{rejects:?}");
    assert_eq!(
        rows,
        [
            r#"{"e":["BF16=7"],"j":"{\"BF16\":7,\"F32\":null}","n":7,"_row":1}"#,
            r#"{"_row":2}"#
        ]
    );
}

#[test]
fn text_that_holds_json() {
    let texts = vec![
        Some("{\"a\" : [1]}"),
        None,
        Some("[\"x\", \"y\"]"),
        Some("plain"),
        Some(""),
    ];
    let (rows, rejects) = rows(
        vec![("t", Arc::new(StringArray::from(texts)))],
        "t:utf8 l=t:list",
    );
    assert_eq!(rejects, Vec::<String>::new());
    assert_eq!(
        rows[2],
        "{\"t\":\"[\\\"x\\\", \\\"y\\\"]\",\"l\":[\"x\",\"y\"],\"_row\":3}"
    );
    assert_eq!(rows[3], "{\"t\":\"plain\",\"l\":[\"plain\"],\"_row\":4}");
    let texts = vec![Some("{\"a\" : [1]}"), None, Some("plain")];
    let (rows, rejects) = self::rows(vec![("t", Arc::new(StringArray::from(texts)))], "j=t:json");
    assert_eq!(
        rows,
        ["{\"j\":\"{\\\"a\\\":[1]}\",\"_row\":1}", "{\"_row\":2}"]
    );
    assert!(
        rejects[0].starts_with("3 not_json: column `j`: expected JSON, found the text \"plain\""),
        "{rejects:?}"
    );
}

#[test]
fn rows_that_do_not_fit_are_told_by_number_with_what_was_read_of_them() {
    let content = written(
        vec![
            ("id", Arc::new(StringArray::from(vec!["a", "b", "c"]))),
            (
                "n",
                Arc::new(StringArray::from(vec![None, Some("7"), None])),
            ),
            (
                "at",
                Arc::new(StringArray::from(vec![
                    Some("2022-03-02"),
                    None,
                    Some("soon"),
                ])),
            ),
            (
                "time",
                Arc::new(Time32SecondArray::from(vec![None, None, Some(1)])),
            ),
            ("unread", Arc::new(StringArray::from(vec!["x"; 3]))),
        ],
        2,
    );
    let wanted = "id:utf8 n:int64 at:timestamp time:utf8 p=n.x:utf8";
    let (batch, rejects) = read(
        "a.parquet",
        &content,
        "id:utf8 n:int64 at:timestamp time:utf8",
        Format::Parquet,
    )
    .unwrap();
    assert_eq!(
        json(&batch),
        ["{\"id\":\"a\",\"at\":\"2022-03-02T00:00:00Z\",\"_row\":1}"]
    );
    assert_eq!(
        told(&rejects),
        [
            "2 wrong_type: column `n`: expected a whole number, found the text \"7\"",
            "3 not_a_date: column `at`: expected a timestamp, found the text \"soon\" (and 1 more)",
        ]
    );
    assert_eq!(rejects[0].content, "{\"id\":\"b\",\"n\":\"7\"}");
    // A path that goes into a text that is no JSON costs no row.
    let again = read("a.parquet", &content, wanted, Format::Parquet).unwrap();
    assert_eq!((again.0.num_rows(), told(&again.1)), (1, told(&rejects)));
}

#[test]
fn partitions_give_every_row_once() {
    let n = 10_000;
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..n));
    let mut tags = ListBuilder::new(StringBuilder::new());
    (0..n).for_each(|n| tags.append_value((0..n % 4).map(|tag| Some(format!("{n}-{tag}")))));
    let tags: ArrayRef = Arc::new(tags.finish());
    for group_rows in [10_000, 3_000, 999, 100] {
        let content = written(
            vec![("n", Arc::clone(&numbers)), ("tags", Arc::clone(&tags))],
            group_rows,
        );
        for suffix in ["", ".gz"] {
            let content = match suffix {
                "" => content.clone(),
                _ => {
                    let mut gz =
                        flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                    gz.write_all(&content).unwrap();
                    gz.finish().unwrap()
                }
            };
            let (_dir, path) = file(&format!("a.parquet{suffix}"), &content);
            for partitions in [1, 2, 3, 7] {
                let mut request = Request::new(fields("n:int64 tags:list"), Format::Parquet);
                request.batch_rows = 700;
                let reader = open(&path, path.to_str().unwrap(), &request).unwrap();
                assert_eq!(reader.rows(), Some(10_000));
                assert_eq!(reader.split(partitions).len(), partitions);
                let (batch, rejects) = read_with(&path, &request, partitions).unwrap();
                assert!(rejects.is_empty());
                assert!(
                    batch
                        .column(0)
                        .as_primitive::<Int64Type>()
                        .values()
                        .iter()
                        .copied()
                        .eq(0..n)
                );
                assert!(
                    batch
                        .column(2)
                        .as_primitive::<Int64Type>()
                        .values()
                        .iter()
                        .copied()
                        .eq(1..=n)
                );
                assert_eq!(
                    batch
                        .column(1)
                        .as_list::<i32>()
                        .value(9_999)
                        .as_string::<i32>()
                        .value(2),
                    "9999-2"
                );
            }
        }
    }
}

#[test]
fn a_file_without_rows_has_none() {
    let content = written(
        vec![("id", Arc::new(StringArray::from(Vec::<&str>::new())))],
        10,
    );
    let (batch, rejects) = read("a.parquet", &content, "id:utf8", Format::Parquet).unwrap();
    assert_eq!((batch.num_rows(), rejects.len()), (0, 0));
}

#[test]
fn files_without_any_column_wanted_are_refused() {
    let content = written(vec![("name", Arc::new(StringArray::from(vec!["a"])))], 10);
    let error = read(
        "a.parquet",
        &content,
        "id:utf8 n=x.n:int64",
        Format::Parquet,
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.parquet: expected a Parquet file with some of the columns id, x.n, found the columns name; correct the paths in the source's entry"
    );
}

#[test]
fn cut_off_and_damaged_files_are_errors_and_never_panics() {
    let ids: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..2_000).map(|n| format!("account/{n}")),
    ));
    let st = structs(
        vec![("F32", Arc::new(Int64Array::from_iter_values(0..2_000)))],
        None,
    );
    let mut tags = ListBuilder::new(StringBuilder::new());
    (0..2_000).for_each(|n| tags.append_value([Some(format!("{}", n % 7))]));
    let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(0..2_000));
    let whole = written(
        vec![
            ("id", ids),
            ("st", st),
            ("tags", Arc::new(tags.finish())),
            ("at", times),
        ],
        500,
    );
    let wanted = "id:utf8 st:entries tags:list at:timestamp";
    for cut in [
        4,
        8,
        11,
        12,
        100,
        whole.len() / 2,
        whole.len() - 9,
        whole.len() - 1,
    ] {
        let (_dir, path) = file("a.parquet", &whole[..cut]);
        let error = read_with(&path, &Request::new(fields(wanted), Format::Parquet), 2)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(&format!("a.parquet: cut off at byte {cut}: ")),
            "{error}"
        );
    }

    // A generator of its own, so that the same damage is done every time.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |bound: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % bound as u64).unwrap()
    };
    let mut refused = 0;
    for round in 0..400 {
        let mut content = whole.clone();
        // The footer is a small part of the file and the one with most to break.
        let from = if round % 2 == 0 {
            content.len() - 1_500
        } else {
            4
        };
        for _ in 0..=random(4) {
            let at = from + random(content.len() - 8 - from);
            content[at] = u8::try_from(random(256)).unwrap();
        }
        let (_dir, path) = file("a.parquet", &content);
        refused += usize::from(
            read_with(&path, &Request::new(fields(wanted), Format::Parquet), 2).is_err(),
        );
    }
    assert!(refused > 50, "{refused}");
}
