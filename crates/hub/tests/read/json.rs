//! NDJSON and JSON documents.

use std::io::Write;

use super::*;

fn ndjson(content: &str, wanted: &str) -> (Vec<String>, Vec<String>) {
    let (batch, rejects) = read("rows.jsonl", content.as_bytes(), wanted, Format::Ndjson).unwrap();
    (json(&batch), told(&rejects))
}

#[test]
fn a_row_of_the_api() {
    let row = r#"{"_id":"621ffdc036468d709f174338","id":"google-bert/bert-base-uncased","likes":2945,"trendingScore":193.5,
        "downloads":58675189,"tags":["transformers","pytorch","license:apache-2.0"],"pipeline_tag":"fill-mask","private":false,
        "createdAt":"2022-03-02T23:29:04.000Z","gated":"auto","safetensors":{"parameters":{"F32":110106428,"I64":null,"F16":12.0},"total":110106428},
        "baseModels":{"relation":"merge","models":[{"_id":"1","id":"a/b"},{"_id":"2","id":"c/d"}]},
        "cardData":{"license" : "mit", "x": [1, 2.50, null, {"y":"\u00e9\n"}], "n":-3}}"#
        .replace('\n', " ");
    let wanted = "id:utf8 downloads:int64 trending=trendingScore:float64 likes:float64 tags:list private:boolean gated:utf8 \
                  created=createdAt:timestamp day=createdAt:date32 st=safetensors.parameters:entries total=safetensors.total:int64 \
                  relation=baseModels.relation:utf8 base=baseModels.models[].id:list card=cardData:json absent:utf8 nowhere=a.b.c:list";
    let (rows, rejects) = ndjson(&row, wanted);
    assert!(rejects.is_empty(), "{rejects:?}");
    assert_eq!(
        rows,
        [concat!(
            r#"{"id":"google-bert/bert-base-uncased","downloads":58675189,"trending":193.5,"likes":2945.0,"#,
            r#""tags":["transformers","pytorch","license:apache-2.0"],"private":false,"gated":"auto","#,
            r#""created":"2022-03-02T23:29:04Z","day":"2022-03-02","st":["F32=110106428","F16=12"],"total":110106428,"#,
            r#""relation":"merge","base":["a/b","c/d"],"#,
            r#""card":"{\"license\":\"mit\",\"x\":[1,2.5,null,{\"y\":\"é\\n\"}],\"n\":-3}","_row":1}"#
        )]
    );
}

#[test]
fn numbers_are_strict_in_type_and_lenient_in_spelling() {
    let (rows, rejects) = ndjson(
        "{\"n\":12.0}\n{\"n\":1e3}\n{\"n\":-0.0}\n{\"n\":9223372036854775807}\n{\"n\":null}\n{}\n{\"n\":1.5}\n{\"n\":\"12\"}\n\
         {\"n\":9223372036854775808}\n{\"n\":1e19}\n{\"n\":true}\n{\"n\":[1]}\n{\"n\":{\"a\":1}}\n{\"n\":NaN}\n{\"n\":1e999}\n",
        "n:int64",
    );
    let numbers = ["12", "1000", "0", "9223372036854775807"];
    for (row, number) in numbers.iter().enumerate() {
        assert_eq!(
            rows[row],
            format!("{{\"n\":{number},\"_row\":{}}}", row + 1)
        );
    }
    assert_eq!(rows[4..], ["{\"_row\":5}", "{\"_row\":6}", "{\"_row\":14}"]);
    let expected = "column `n`: expected a whole number, found";
    assert_eq!(
        rejects[..7],
        [
            format!("7 not_an_integer: {expected} the number 1.5"),
            format!("8 wrong_type: {expected} the text \"12\""),
            "9 out_of_range: column `n`: the number 9223372036854775808 is out of range for a whole number".to_owned(),
            "10 out_of_range: column `n`: the number 10000000000000000000 is out of range for a whole number".to_owned(),
            format!("11 wrong_type: {expected} true"),
            format!("12 wrong_type: {expected} a list"),
            format!("13 wrong_type: {expected} an object"),
        ]
    );
    assert!(rejects[7].starts_with("15 not_json: "), "{rejects:?}");
}

#[test]
fn doubles_keep_their_last_digit() {
    let (rows, _) = ndjson(
        "{\"x\":36.486000000000004}\n{\"x\":91.31343283582089}\n{\"x\":5e-324}",
        "x:float64 j=x:json",
    );
    assert_eq!(
        rows,
        [
            r#"{"x":36.486000000000004,"j":"36.486000000000004","_row":1}"#,
            r#"{"x":91.31343283582089,"j":"91.31343283582089","_row":2}"#,
            r#"{"x":5.0e-324,"j":"5e-324","_row":3}"#,
        ]
    );
}

#[test]
fn lists_take_one_text_and_drop_nulls() {
    let (rows, rejects) = ndjson(
        "{\"l\":\"en\"}\n{\"l\":[\"en\",null,\"de\"]}\n{\"l\":[]}\n{\"l\":null}\n{\"l\":[[\"en\"]]}\n{\"l\":[\"a\",1]}\n{\"l\":7}\n{\"l\":{\"a\":\"b\"}}",
        "l:list",
    );
    assert_eq!(
        rows,
        [
            "{\"l\":[\"en\"],\"_row\":1}",
            "{\"l\":[\"en\",\"de\"],\"_row\":2}",
            "{\"l\":[],\"_row\":3}",
            "{\"_row\":4}",
            // An odd member costs no row.
            "{\"l\":[],\"_row\":5}",
            "{\"l\":[\"a\",\"1\"],\"_row\":6}",
            "{\"l\":[\"7\"],\"_row\":7}",
            "{\"l\":[],\"_row\":8}",
        ]
    );
    assert!(rejects.is_empty());
}

#[test]
fn paths_go_through_objects_and_over_lists() {
    let (rows, rejects) = ndjson(
        concat!(
            r#"{"b":{"models":[{"id":"a"},{"x":1},{"id":null},null,{"id":["b","c"]}]}}"#,
            "\n",
            r#"{"b":{"models":[]}}"#,
            "\n",
            r#"{"b":{"models":null}}"#,
            "\n",
            r#"{"b":null}"#,
            "\n",
            r#"{"b":{"models":{"id":"only"}}}"#,
            "\n",
            r#"{"b":"text"}"#,
            "\n",
            r#"{"b":{"models":["a"]}}"#,
            "\n",
            r#"{"b":[1]}"#,
        ),
        "ids=b.models[].id:list",
    );
    assert_eq!(
        rows,
        [
            "{\"ids\":[\"a\",\"b\",\"c\"],\"_row\":1}",
            "{\"ids\":[],\"_row\":2}",
            "{\"_row\":3}",
            "{\"_row\":4}",
            "{\"ids\":[\"only\"],\"_row\":5}",
            "{\"_row\":6}",
            "{\"ids\":[],\"_row\":7}",
        ]
    );
    assert_eq!(
        rejects,
        ["8 wrong_type: above column `ids`: expected an object, found a list"]
    );
}

#[test]
fn one_value_may_be_wanted_in_several_ways() {
    let (rows, rejects) = ndjson(
        "{\"i\":{\"n\":1,\"t\":[\"x\"]}}\n{\"i\":{\"n\":\"1\"}}\n{\"i\":null}\n{\"i\":5}",
        "whole=i:json n=i.n:int64 n_too=i.n:float64 entries=i.t[]:list",
    );
    assert_eq!(
        rows,
        [
            "{\"whole\":\"{\\\"n\\\":1,\\\"t\\\":[\\\"x\\\"]}\",\"n\":1,\"n_too\":1.0,\"entries\":[\"x\"],\"_row\":1}",
            "{\"_row\":3}",
        ]
    );
    assert_eq!(
        rejects,
        [
            "2 wrong_type: column `n`: expected a whole number, found the text \"1\" (and 1 more)",
            "4 wrong_type: above column `n`: expected an object, found the number 5",
        ]
    );
}

#[test]
fn the_last_of_a_repeated_key_counts() {
    let (rows, rejects) = ndjson(
        "{\"a\":1,\"a\":2,\"l\":[\"x\"],\"l\":[\"y\"],\"o\":{\"v\":1},\"o\":{},\"t\":\"x\",\"t\":null,\"e\":{\"k\":1},\"e\":{\"k\":2,\"k\":3},\"j\":[1],\"j\":{}}",
        "a:int64 l:list v=o.v:int64 t:utf8 e:entries j:json",
    );
    assert_eq!(
        rows,
        ["{\"a\":2,\"l\":[\"y\"],\"e\":[\"k=2\",\"k=3\"],\"j\":\"{}\",\"_row\":1}"]
    );
    assert!(rejects.is_empty());
}

#[test]
fn entries_are_scalars() {
    let (rows, rejects) = ndjson(
        "{\"e\":{\"a\":1,\"b\":2.5,\"c\":\"x=y\",\"d\":true,\"e\":null}}\n{\"e\":{}}\n{\"e\":{\"a\":[1]}}\n{\"e\":[1]}\n{\"e\":\"x\"}",
        "e:entries",
    );
    assert_eq!(
        rows,
        [
            "{\"e\":[\"a=1\",\"b=2.5\",\"c=x=y\",\"d=true\"],\"_row\":1}",
            "{\"e\":[],\"_row\":2}"
        ]
    );
    assert_eq!(rejects.len(), 3);
    assert!(
        rejects
            .iter()
            .all(|reject| reject.contains("wrong_type: column `e`: expected an object of scalars"))
    );
}

#[test]
fn rows_that_are_no_objects() {
    let content = b"{\"id\":\"a\"}\n\n  \r\n[1]\n\"x\"\n7\n{\"id\":\"b\"\n{\"id\":\"c\"} {\"id\":\"d\"}\nnull\n{\"id\":\"\xff\"}\n{\"other\":\"\xfe\",\"id\":\"e\"}\n{\"id\":\"f\"}\r\n\xef\xbb\xbf{\"id\":\"g\"}";
    let (batch, rejects) = read("rows.jsonl", content, "id:utf8", Format::Ndjson).unwrap();
    assert_eq!(
        json(&batch),
        ["{\"id\":\"a\",\"_row\":1}", "{\"id\":\"f\",\"_row\":12}"]
    );
    let reasons: Vec<_> = rejects
        .iter()
        .map(|reject| (reject.row, reject.reason.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            (4, "not_an_object"),
            (5, "not_an_object"),
            (6, "not_an_object"),
            (7, "not_json"),
            (8, "not_json"),
            (9, "not_an_object"),
            (10, "not_utf8"),
            (11, "not_utf8"),
            (13, "not_json"),
        ]
    );
    assert_eq!(rejects[3].content, "{\"id\":\"b\"");
    assert_eq!(rejects[6].content, "{\"id\":\"\u{fffd}\"}");
    assert_eq!(
        rejects[6].detail,
        "expected UTF-8, found other bytes at byte 8 of the row"
    );
}

#[test]
fn a_byte_order_mark_is_no_content() {
    let (batch, rejects) = read(
        "rows.jsonl",
        b"\xef\xbb\xbf{\"id\":\"a\"}\n",
        "id:utf8",
        Format::Ndjson,
    )
    .unwrap();
    assert_eq!(
        (json(&batch), rejects.len()),
        (vec!["{\"id\":\"a\",\"_row\":1}".to_owned()], 0)
    );
}

#[test]
fn depth_is_bounded_where_values_are_kept() {
    const DEEP: usize = 100_000;
    let deep = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    let content = format!(
        "{{\"id\":\"a\",\"x\":{deep}}}\n{{\"id\":\"b\",\"kept\":{deep}}}\n{{\"id\":{deep}}}\n{deep}\n"
    );
    let content = format!("{{\"id\":\"first\"}}\n{content}");
    let (batch, rejects) = read(
        "rows.jsonl",
        content.as_bytes(),
        "id:utf8 kept:json",
        Format::Ndjson,
    )
    .unwrap();
    assert_eq!(
        texts(&batch, "id"),
        [Some("first".to_owned()), Some("a".to_owned())]
    );
    let reasons: Vec<_> = rejects
        .iter()
        .map(|reject| (reject.row, reject.reason.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [(3, "too_deep"), (4, "wrong_type"), (5, "not_an_object")]
    );
    let fits = format!("{{\"kept\":{}1{}}}", "[".repeat(120), "]".repeat(120));
    assert!(ndjson(&fits, "kept:json").1.is_empty());
}

#[test]
fn rows_that_are_too_long_are_set_aside_and_not_kept() {
    let dir = TempDir::new().unwrap();
    let mut request = Request::new(fields("id:utf8"), Format::Ndjson);
    request.max_row_bytes = 1 << 20;
    let long = |bytes: usize| format!("{{\"id\":\"{}\"}}", "x".repeat(bytes - 9));
    let rows = [
        long(100),
        long(1 << 20),
        long((1 << 20) + 1),
        long(5 << 20),
        long(50),
        long(3 << 20),
    ];
    let path = dir.path().join("rows.jsonl");
    std::fs::write(&path, rows.join("\n")).unwrap();
    let document = dir.path().join("rows.json");
    std::fs::write(
        &document,
        format!(
            "{{\"before\":[{}], \"rows\" : [{}], \"after\":{{}}}}",
            rows[3],
            rows.join(", ")
        ),
    )
    .unwrap();
    for partitions in [1, 3] {
        request.format = Format::Ndjson;
        let (batch, rejects) = read_with(&path, &request, partitions).unwrap();
        let lengths: Vec<_> = texts(&batch, "id")
            .iter()
            .map(|id| id.as_ref().map(String::len))
            .collect();
        assert_eq!(lengths, [Some(91), Some((1 << 20) - 9), Some(41)]);
        let told = told(&rejects);
        assert_eq!(
            told[0],
            "3 too_long: expected a row of at most 1048576 bytes, found a longer one"
        );
        assert_eq!(
            rejects.iter().map(|reject| reject.row).collect::<Vec<_>>(),
            [3, 4, 6]
        );
        assert!(
            rejects.iter().all(|reject| reject.content.len() <= 4_096
                && reject.content.starts_with("{\"id\":\"xx"))
        );

        request.format = Format::Json {
            rows: Some("rows".to_owned()),
            keyed: false,
        };
        assert_eq!(
            read_with(&document, &request, partitions).unwrap(),
            (batch, rejects)
        );
    }
}

#[test]
fn blocks_end_anywhere() {
    // Several blocks of rows of many lengths, compressed and not.
    let rows: Vec<String> = (0..30_000)
        .map(|n| {
            format!(
                "{{\"n\":{n},\"text\":\"{}\\\"]}}\"}}",
                "é{[,".repeat(n % 40)
            )
        })
        .collect();
    let lines = rows.join("\n");
    let document = format!("[{}]", rows.join(",\n"));
    let expected: Vec<i64> = (0..30_000).collect();
    for (name, content, format) in [
        ("rows.jsonl", &lines, Format::Ndjson),
        (
            "rows.json",
            &document,
            Format::Json {
                rows: None,
                keyed: false,
            },
        ),
    ] {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let (first, second) = content.as_bytes().split_at(content.len() / 3);
        gz.write_all(first).unwrap();
        let mut members = gz.finish().unwrap();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(second).unwrap();
        members.extend(gz.finish().unwrap());
        let mut frames = zstd::encode_all(first, 1).unwrap();
        frames.extend(zstd::encode_all(second, 1).unwrap());
        for (suffix, bytes) in [
            ("", content.as_bytes()),
            (".gz", &members),
            (".zst", &frames),
        ] {
            let (_dir, path) = file(&format!("{name}{suffix}"), bytes);
            for partitions in [1, 2, 5] {
                let request = Request::new(fields("n:int64 text:utf8"), format.clone());
                let (batch, rejects) = read_with(&path, &request, partitions).unwrap();
                assert!(rejects.is_empty());
                assert_eq!(
                    batch.column(0).as_primitive::<Int64Type>().values(),
                    &expected[..],
                    "{suffix}"
                );
                assert_eq!(
                    batch.column(2).as_primitive::<Int64Type>().value(29_999),
                    30_000
                );
                assert_eq!(batch.column(1).as_string::<i32>().value(2), "é{[,é{[,\"]}");
            }
        }
    }
}

#[test]
fn documents_hold_their_rows_under_a_key_or_are_the_list() {
    let under = |key: &str| Format::Json {
        rows: Some(key.to_owned()),
        keyed: false,
    };
    let content = br#" { "fetchedAt": "x]}\"", "count": 2, "nested": {"models": [{"id": "no"}]}, "m\u006fdels" : [
        {"id": "a", "n": 1} , {"id": "b", "n": "x"}, 7, {"id": "c", }, {"id": "d"} ], "after": [[]], "models": 3 } "#;
    let (batch, rejects) = read("doc.json", content, "id:utf8 n:int64", under("models")).unwrap();
    assert_eq!(
        json(&batch),
        [
            "{\"id\":\"a\",\"n\":1,\"_row\":1}",
            "{\"id\":\"d\",\"_row\":5}"
        ]
    );
    let reasons: Vec<_> = rejects
        .iter()
        .map(|reject| (reject.row, reject.reason.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [(2, "wrong_type"), (3, "not_an_object"), (4, "not_json")]
    );
    assert_eq!(rejects[0].content, "{\"id\": \"b\", \"n\": \"x\"}");

    let list = Format::Json {
        rows: None,
        keyed: false,
    };
    let (batch, rejects) = read(
        "doc.json",
        b"[{\"id\":\"a\"},{\"id\":\"b\"}]\n",
        "id:utf8",
        list.clone(),
    )
    .unwrap();
    assert_eq!((batch.num_rows(), rejects.len()), (2, 0));
    let (batch, rejects) = read("doc.json", b" [ ] ", "id:utf8", list).unwrap();
    assert_eq!((batch.num_rows(), rejects.len()), (0, 0));
    let (batch, _) = read("doc.json", b"{\"rows\":[]}", "id:utf8", under("rows")).unwrap();
    assert_eq!(batch.num_rows(), 0);
}

#[test]
fn documents_that_are_not_what_they_should_be() {
    let under = |key: &str| Format::Json {
        rows: Some(key.to_owned()),
        keyed: false,
    };
    let list = Format::Json {
        rows: None,
        keyed: false,
    };
    for (content, format, message) in [
        (
            "{\"a\":[]}",
            list.clone(),
            "expected a list of rows, found an object; name the key of its rows with `rows:`, or write `rows: \"{}\"` if its values are the rows",
        ),
        (
            "[1]",
            under("a"),
            "expected an object, found a list; leave out `rows:`, the document is the list",
        ),
        (
            "{\"a\":1,\"b\":[]}",
            under("c"),
            "expected a list of rows under `c`, found the keys a, b; name the key of its rows with `rows:`",
        ),
        (
            "{\"a\":1}",
            under("a"),
            "expected a list of rows, found something else than a list under `a`; name the key of its rows with `rows:`, and add `{}` if they are the values of an object",
        ),
        (
            "id,n\n",
            list.clone(),
            "expected a JSON document, found text that starts with \"id,n\\n\"; correct the format in the source's entry",
        ),
        (
            "[{\"id\":1}",
            list.clone(),
            "cut off at byte 9, row 1: the JSON document ends before its brackets are closed; fetch it again",
        ),
        (
            "[{\"id\":",
            list.clone(),
            "cut off at byte 7, row 1: the JSON document ends before its brackets are closed; fetch it again",
        ),
        (
            "{\"a\":[{}]",
            under("a"),
            "cut off at byte 9, row 1: the JSON document ends before its brackets are closed; fetch it again",
        ),
        (
            "{\"x\":\"unclosed",
            under("a"),
            "cut off at byte 14, row 0: the JSON document ends before its brackets are closed; fetch it again",
        ),
        (
            "[{} {}]",
            list.clone(),
            "damaged at byte 4, row 1: expected `,` or `]`, found `{`; correct it or fetch it again",
        ),
        (
            "[{},]",
            list.clone(),
            "damaged at byte 4, row 1: expected a row, found `]`; correct it or fetch it again",
        ),
        (
            "[{}] x",
            list.clone(),
            "damaged at byte 5, row 1: expected nothing after the document's end, found `x`; correct it or fetch it again",
        ),
        (
            "{\"a\":[{}] \"b\":1}",
            under("a"),
            "damaged at byte 10, row 1: expected `,` or `}`, found `\\\"`; correct it or fetch it again",
        ),
        (
            "{a:1}",
            under("a"),
            "damaged at byte 1, row 0: expected a key, found `a`; correct it or fetch it again",
        ),
    ] {
        let error = read("doc.json", content.as_bytes(), "id:utf8", format).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("doc.json: {message}"),
            "{content}"
        );
    }
}

#[test]
fn ndjson_that_is_a_document_says_so() {
    for (content, found) in [
        ("[{\"id\":1},\n{\"id\":2}]", "a list"),
        ("{\n \"models\": []\n}", "an object over several lines"),
    ] {
        let error = read("rows.jsonl", content.as_bytes(), "id:utf8", Format::Ndjson).unwrap_err();
        let message = "expected NDJSON, one object a line, found";
        assert_eq!(
            error.to_string(),
            format!("rows.jsonl: {message} {found}; a JSON document is read with `format: json`")
        );
    }
}
