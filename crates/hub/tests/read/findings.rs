//! What is found beside the rows: columns that no row has, odd values; texts that stand for null,
//! decimals, other dialects of CSV.

use ::parquet::arrow::ArrowWriter;
use arrow::array::{
    Decimal128Array, Float64Array, Int64Array, ListBuilder, StringArray, StructArray,
};
use arrow::datatypes::{Field as ArrowField, Schema};

use super::*;

/// A file as it is read, with what is found beside its rows.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) rows: Vec<String>,
    pub(crate) rejects: Vec<String>,
    pub(crate) odd: Vec<String>,
    pub(crate) absent: Vec<String>,
    pub(crate) unread: Vec<String>,
}

pub(crate) fn found_with(name: &str, content: &[u8], request: &mut Request) -> Found {
    let (_dir, path) = file(name, content);
    let mut all = Vec::new();
    for (batch_rows, partitions) in [(8_192, 1), (2, 3)] {
        request.batch_rows = batch_rows;
        let (batch, rejects, survey) = survey_with(&path, request, partitions).unwrap();
        let odd = survey.odd().into_iter();
        let odd = odd.map(|odd| {
            let hub = format!("{} {} {}", odd.column, odd.oddity, odd.values);
            format!("{hub}: row {}, {}", odd.row, odd.found)
        });
        let absent = survey.absent().into_iter();
        all.push(Found {
            rows: json(&batch),
            rejects: told(&rejects),
            odd: odd.collect(),
            absent: absent.map(|a| format!("{} {}", a.column, a.path)).collect(),
            unread: survey.unread(),
        });
    }
    let parts = all.pop();
    let whole = all.pop();
    assert_eq!(whole, parts, "whole and in parts");
    whole.unwrap()
}

pub(crate) fn found(name: &str, content: &[u8], wanted: &str) -> Found {
    let format = match name.rsplit('.').next().unwrap() {
        "csv" => Format::Csv,
        "json" => Format::Json {
            rows: None,
            keyed: false,
        },
        "parquet" => Format::Parquet,
        _ => Format::Ndjson,
    };
    found_with(name, content, &mut Request::new(fields(wanted), format))
}

pub(crate) fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let fields: Vec<_> = columns
        .iter()
        .map(|(name, array)| ArrowField::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

pub(crate) fn texts_of(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

pub(crate) fn object(members: Vec<(&str, ArrayRef)>) -> ArrayRef {
    let members = members.into_iter().map(|(name, array)| {
        let field = ArrowField::new(name, array.data_type().clone(), true);
        (Arc::new(field), array)
    });
    Arc::new(StructArray::from(members.collect::<Vec<_>>()))
}

#[test]
fn columns_that_no_row_has_are_named_with_what_is_not_read() {
    let wanted = "id:utf8 likes=hearts:int64 l=card.licence:utf8 m=base.models[].idd:list null:utf8 e=empty[].x:list below=null.x:utf8 opt:utf8";
    let lines = concat!(
        r#"{"id":"a","coeurs":1,"card":{"license":"mit"},"base":{"models":[]},"null":null,"empty":[]}"#,
        "\n",
        r#"{"id":"b","coeurs":2,"card":{},"base":{"models":[{"id":"p"}]},"null":null,"empty":[],"opt":"x"}"#,
        "\n",
    );
    let ndjson = found("a.jsonl", lines.as_bytes(), wanted);
    assert_eq!(
        ndjson.absent,
        ["likes hearts", "l card.licence", "m base.models[].idd"]
    );
    assert_eq!(ndjson.unread, ["card.license", "coeurs"]);
    // A row that is set aside is none of the file's.
    let set_aside = found(
        "a.jsonl",
        b"{\"n\":\"x\",\"m\":1}\n{\"n\":1}\n",
        "n:int64 m:int64",
    );
    assert_eq!(set_aside.rejects.len(), 1);

    let csv = found("a.csv", b"id,coeurs\na,1\n", "id:utf8 likes=hearts:int64");
    assert_eq!(
        (csv.absent, csv.unread),
        (vec!["likes hearts".to_owned()], vec!["coeurs".to_owned()])
    );
    let content = parquet(vec![
        ("ID", texts_of(&[Some("a")])),
        ("n", Arc::new(Int64Array::from(vec![None]))),
        (
            "o",
            object(vec![("x", texts_of(&[None])), ("y", texts_of(&[None]))]),
        ),
    ]);
    let parquet = found(
        "a.parquet",
        &content,
        "id:utf8 n:int64 x=o.x:utf8 z=o.z:utf8",
    );
    assert_eq!(parquet.absent, ["id id", "z o.z"]);
    assert_eq!(parquet.unread, ["ID", "o.y"]);
}

#[test]
fn numbers_that_are_not_finite_are_null_and_odd() {
    let lines = concat!(
        r#"{"id":"a","n":NaN,"x":-Infinity,"t":["s",NaN],"e":{"k":NaN,"l":1},"j":{"a":[NaN,1]},"w":NaN}"#,
        "\n",
        r#"{"id":"NaN","n":1,"x":Infinity}"#,
        "\n",
        r#"{"id":"bad","n":"y","x":NaN}"#,
        "\n",
        r#"{"id":"c","n":NaN,"x":0.5,"card":NaN}"#,
    );
    let wanted = "id:utf8 n:int64 x:float64 t:list e:entries j:json w:utf8 l=card.license:utf8";
    let ndjson = found("a.jsonl", lines.as_bytes(), wanted);
    assert_eq!(
        ndjson.rows,
        [
            r#"{"id":"a","t":["s"],"e":["l=1"],"j":"{\"a\":[null,1]}","_row":1}"#,
            r#"{"id":"NaN","n":1,"_row":2}"#,
            r#"{"id":"c","x":0.5,"_row":4}"#,
        ]
    );
    assert_eq!(
        ndjson.rejects,
        ["3 wrong_type: column `n`: expected a whole number, found the text \"y\""]
    );
    assert_eq!(
        ndjson.odd,
        [
            "n not_finite 2: row 1, NaN",
            "x not_finite 2: row 1, -inf",
            "t not_finite 1: row 1, NaN",
            "e not_finite 1: row 1, NaN",
            "w not_finite 1: row 1, NaN",
        ]
    );
    let document = format!("[{}]", lines.replace('\n', ","));
    assert_eq!(found("a.json", document.as_bytes(), wanted), ndjson);

    let csv = found(
        "a.csv",
        b"id,n,x\nNaN,NaN,nan\nb,-inf,Infinity\nc,1e999,1\nd,7,0.5\n",
        "id:utf8 n:int64 x:float64",
    );
    assert_eq!(
        csv.rows,
        [
            r#"{"id":"NaN","_row":2}"#,
            r#"{"id":"b","_row":3}"#,
            r#"{"id":"d","n":7,"x":0.5,"_row":5}"#
        ]
    );
    assert_eq!(
        csv.rejects.len(),
        1,
        "digits that no double holds are a mistake"
    );
    assert_eq!(
        csv.odd,
        ["n not_finite 2: row 2, NaN", "x not_finite 2: row 2, NaN"]
    );

    let floats = Float64Array::from(vec![Some(f64::NAN), Some(f64::INFINITY), None, Some(3.0)]);
    let content = parquet(vec![("x", Arc::new(floats))]);
    let parquet = found("a.parquet", &content, "n=x:int64 x:float64");
    assert_eq!(
        parquet.rows,
        [
            r#"{"_row":1}"#,
            r#"{"_row":2}"#,
            r#"{"_row":3}"#,
            r#"{"n":3,"x":3.0,"_row":4}"#
        ]
    );
    assert_eq!(
        parquet.odd,
        ["n not_finite 2: row 1, NaN", "x not_finite 2: row 1, NaN"]
    );
}

#[test]
fn a_row_that_is_cut_off_within_a_number_that_is_not_finite_is_cut_off() {
    let (_dir, path) = file("a.jsonl", b"{\"n\":1}\n{\"x\":NaN,\"n\":");
    let request = Request::new(fields("n:int64"), Format::Ndjson);
    let error = read_with(&path, &request, 1).unwrap_err();
    assert!(matches!(error, ReadError::CutOff { .. }), "{error}");
}

/// In YAML 1.1, `no` is false: so Norwegian comes from cards.
#[test]
fn odd_members_of_a_list_cost_no_row() {
    let lines = concat!(
        r#"{"l":["en",false,true,1,2.5,3.0,null,[1],{"a":1},"de"]}"#,
        "\n",
        r#"{"l":false}"#,
        "\n",
        r#"{"l":["x"],"m":[{"id":"a"},"text",7,{"id":false},{"id":{"no":1}}]}"#,
        "\n",
    );
    let ndjson = found("a.jsonl", lines.as_bytes(), "l:list ids=m[].id:list");
    assert_eq!(
        ndjson.rows,
        [
            r#"{"l":["en","false","true","1","2.5","3","de"],"_row":1}"#,
            r#"{"l":["false"],"_row":2}"#,
            r#"{"l":["x"],"ids":["a","false"],"_row":3}"#,
        ]
    );
    assert_eq!(
        ndjson.odd,
        [
            "l member_not_text 6: row 1, false",
            "l member_left_out 2: row 1, a list",
            "ids member_not_text 1: row 3, false",
            "ids member_left_out 3: row 3, the text \"text\"",
        ]
    );
    let csv = found("a.csv", b"l\n\"[\"\"en\"\", false]\"\n", "l:list");
    assert_eq!(csv.rows, [r#"{"l":["en","false"],"_row":2}"#]);

    let mut numbers = ListBuilder::new(arrow::array::Int64Builder::new());
    numbers.append_value([Some(7), None]);
    let content = parquet(vec![("l", Arc::new(numbers.finish()))]);
    let parquet = found("a.parquet", &content, "l:list");
    assert_eq!(parquet.rows, [r#"{"l":["7"],"_row":1}"#]);
    assert_eq!(parquet.odd, ["l member_not_text 1: row 1, the number 7"]);
}

#[test]
fn texts_may_stand_for_null() {
    let nulls = ["NA", "None", "\\N", ""].map(str::to_owned).to_vec();
    let wanted = "id:utf8 n:int64 b:boolean at:timestamp t:list j:json";
    let lines = concat!(
        r#"{"id":"NA","n":"None","b":"","at":"\\N","t":["a","NA",""],"j":"NA"}"#,
        "\n",
        r#"{"id":"na","n":1,"t":"None","j":{"k":"NA"}}"#,
        "\n"
    );
    let mut request = Request::new(fields(wanted), Format::Ndjson);
    request.null_values.clone_from(&nulls);
    let ndjson = found_with("a.jsonl", lines.as_bytes(), &mut request);
    assert_eq!(
        ndjson.rows,
        [
            r#"{"t":["a"],"_row":1}"#,
            r#"{"id":"na","n":1,"j":"{\"k\":\"NA\"}","_row":2}"#
        ]
    );
    assert_eq!((ndjson.rejects.len(), ndjson.odd.len()), (0, 0));

    request.format = Format::Csv;
    let csv = found_with(
        "a.csv",
        b"id,n,b,at,t,j\nNA,None,NA,\\N,NA,None\nna,1,True,,,True\n",
        &mut request,
    );
    assert_eq!(
        csv.rows,
        [
            r#"{"_row":2}"#,
            r#"{"id":"na","n":1,"b":true,"j":"true","_row":3}"#
        ]
    );

    request.format = Format::Parquet;
    request.fields = fields("id:utf8 n:int64");
    let ids = texts_of(&[Some("NA"), Some("na"), Some("")]);
    let numbers = texts_of(&[Some("None"), None, Some("NA")]);
    let content = parquet(vec![("id", ids), ("n", numbers)]);
    let parquet = found_with("a.parquet", &content, &mut request);
    assert_eq!(
        parquet.rows,
        [r#"{"_row":1}"#, r#"{"id":"na","_row":2}"#, r#"{"_row":3}"#]
    );
    assert_eq!(parquet.rejects.len(), 0);
}

#[test]
fn decimals_keep_their_digits() {
    let decimals = |values: Vec<i128>, scale| -> ArrayRef {
        let array = Decimal128Array::from(values);
        Arc::new(array.with_precision_and_scale(38, scale).unwrap())
    };
    let content = parquet(vec![
        (
            "n",
            decimals(vec![9_007_199_254_740_993, -5, i128::from(i64::MAX) + 1], 0),
        ),
        ("m", decimals(vec![900_719_925_474_099_300, 150, 100], 2)),
    ]);
    let parquet = found(
        "a.parquet",
        &content,
        "n:int64 x=m:float64 m:int64 j=m:json",
    );
    assert_eq!(
        parquet.rows,
        [
            r#"{"n":9007199254740993,"x":9.007199254740992e15,"m":9007199254740993,"j":"9007199254740993","_row":1}"#
        ]
    );
    assert_eq!(
        parquet.rejects,
        [
            "2 not_an_integer: column `m`: expected a whole number, found the number 1.5",
            "3 out_of_range: column `n`: the number 9223372036854775808 is out of range for a whole number",
        ]
    );
}

#[test]
fn csv_of_other_dialects() {
    let mut request = Request::new(fields("id:utf8 n:int64 x:float64"), Format::Csv);
    request.csv.delimiter = b';';
    request.csv.decimal_comma = true;
    let csv = found_with(
        "a.csv",
        "\u{feff}id;n;x\r\n\"a;b\";1.234;-1.234,5\r\nc;12,0;,5\r\nd;1.23;0\r\ne;1,5;0\r\n"
            .as_bytes(),
        &mut request,
    );
    assert_eq!(
        csv.rows,
        [
            r#"{"id":"a;b","n":1234,"x":-1234.5,"_row":2}"#,
            r#"{"id":"c","n":12,"x":0.5,"_row":3}"#
        ]
    );
    assert_eq!(
        csv.rejects,
        [
            "4 not_a_number: column `n`: expected a whole number, found the text \"1.23\"",
            "5 not_an_integer: column `n`: expected a whole number, found the text \"1,5\"",
        ]
    );
}
