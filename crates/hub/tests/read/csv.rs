//! CSV.

use super::*;

fn csv(content: &str, wanted: &str) -> (Vec<String>, Vec<String>) {
    let (batch, rejects) = read("rows.csv", content.as_bytes(), wanted, Format::Csv).unwrap();
    (json(&batch), told(&rejects))
}

#[test]
fn text_is_parsed_to_the_kind_and_empty_is_null() {
    let (rows, rejects) = csv(
        "id,n,x,flag,day,at,tags,e,extra\n\
         a/b,12,0.5,True,2022-07-02,2022-07-02 10:00:00,\"[\"\"en\"\", null, \"\"de\"\"]\",\"{\"\"F32\"\": 3}\",?\n\
         ,,,,,,,,\n\
         c,12.0,1e3,0,2022-07-02T23:00:00Z,2022-07-02,en,,\n",
        "id:utf8 n:int64 x:float64 flag:boolean day:date32 at:timestamp tags:list e:entries j=e:json absent:int64",
    );
    assert!(rejects.is_empty(), "{rejects:?}");
    assert_eq!(
        rows,
        [
            concat!(
                r#"{"id":"a/b","n":12,"x":0.5,"flag":true,"day":"2022-07-02","at":"2022-07-02T10:00:00Z","#,
                r#""tags":["en","de"],"e":["F32=3"],"j":"{\"F32\":3}","_row":2}"#
            ),
            r#"{"_row":3}"#,
            concat!(
                r#"{"id":"c","n":12,"x":1000.0,"flag":false,"day":"2022-07-02","at":"2022-07-02T00:00:00Z","#,
                r#""tags":["en"],"_row":4}"#
            ),
        ]
    );
}

#[test]
fn rows_that_do_not_fit_are_told_by_line() {
    let content = b"id,n,b,t\n\"a\nb\",1,true,2022-07-02\nc,x,true,\nd,1.5,,\ne,NaN,,\nf,1,yes,\ng,1,,soon\n\nh,1,,,\ni,1\nj,\xff,,\n\"k, \"\"q\"\"\",1e30,,\n\"[1\",2,,\nl,3,TRUE,\n";
    let (batch, rejects) = read(
        "rows.csv",
        content,
        "id:utf8 n:int64 b:boolean t:timestamp",
        Format::Csv,
    )
    .unwrap();
    assert_eq!(
        texts(&batch, "id"),
        ["a\nb", "e", "[1", "l"].map(|id| Some(id.to_owned()))
    );
    assert_eq!(
        batch
            .column_by_name(ROW)
            .unwrap()
            .as_primitive::<Int64Type>()
            .values(),
        &[2, 6, 14, 15]
    );
    let number = "column `n`: expected a whole number, found the text";
    assert_eq!(
        told(&rejects),
        [
            format!("4 not_a_number: {number} \"x\""),
            format!("5 not_an_integer: {number} \"1.5\""),
            "7 not_a_boolean: column `b`: expected true or false, found the text \"yes\""
                .to_owned(),
            "8 not_a_date: column `t`: expected a timestamp, found the text \"soon\"".to_owned(),
            "10 wrong_field_count: expected 4 fields as in the header, found 5".to_owned(),
            "11 wrong_field_count: expected 4 fields as in the header, found 2".to_owned(),
            "12 not_utf8: expected UTF-8, found other bytes".to_owned(),
            "13 out_of_range: column `n`: the text \"1e30\" is out of range for a whole number"
                .to_owned(),
        ]
    );
    assert_eq!(rejects[7].content, "\"k, \"\"q\"\"\",1e30,,");
}

#[test]
fn windows_lines_and_byte_order_marks() {
    let (rows, rejects) = csv(
        "\u{feff}id,n\r\na,1\r\n\"b\r\nb\",x\r\nc,3\r\nd,y\r\n",
        "id:utf8 n:int64",
    );
    assert_eq!(
        rows,
        [
            "{\"id\":\"a\",\"n\":1,\"_row\":2}",
            "{\"id\":\"c\",\"n\":3,\"_row\":5}"
        ]
    );
    assert_eq!(
        rejects
            .iter()
            .map(|reject| &reject[..14])
            .collect::<Vec<_>>(),
        ["3 not_a_number", "6 not_a_number"]
    );
}

#[test]
fn headers_join_paths_and_must_have_something() {
    let (rows, _) = csv("info.downloads,x\n3,4\n", "n=info.downloads:int64");
    assert_eq!(rows, ["{\"n\":3,\"_row\":2}"]);
    let (rows, _) = csv("id,n\n", "id:utf8");
    assert!(rows.is_empty());
    let error = read("rows.csv", b"id;n\na;1\n", "id:utf8 n:int64", Format::Csv).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rows.csv: expected a CSV header with some of the columns id, n, found the columns id;n; \
         correct the paths or the format in the source's entry"
    );
    let error = read("rows.csv", b"id,n,n\n", "id:utf8 n:int64", Format::Csv).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("line 1: expected each column once, found two named `n`"),
        "{error}"
    );
}

#[test]
fn an_unclosed_quote_does_not_swallow_the_rest_in_silence() {
    let error = read(
        "rows.csv",
        b"id,n\na,1\n\"b,2\nc,3\nd,4\n",
        "id:utf8 n:int64",
        Format::Csv,
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("line 3: the row that starts there opens a quote (\") which is not closed"),
        "{error}"
    );
    let (_dir, path) = file(
        "rows.csv",
        format!("id,n\n\"b,2\n{}", "c,3\n".repeat(200_000)).as_bytes(),
    );
    let mut request = Request::new(fields("id:utf8"), Format::Csv);
    request.max_row_bytes = 1_000;
    let error = read_with(&path, &request, 1).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("line 2: the row that starts there opens a quote"),
        "{error}"
    );
    // A quote that only stands in a field is part of it.
    let (rows, rejects) = csv("id,n\n5\" disk,1\n", "id:utf8 n:int64");
    assert_eq!(
        (rows, rejects.len()),
        (
            vec!["{\"id\":\"5\\\" disk\",\"n\":1,\"_row\":2}".to_owned()],
            0
        )
    );
}
