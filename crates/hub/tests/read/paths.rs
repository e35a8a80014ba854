//! Where values are looked for: keys joined by dots, JSON in text, objects in pieces, keys of rows.

use arrow::array::{Int64Array, ListBuilder, StringBuilder};

use super::findings::{found, found_with, object, parquet, texts_of};
use super::*;

#[test]
fn keys_joined_by_dots_are_found_too_and_nested_ones_win() {
    let wanted = "id:utf8 l=card.license:utf8 n=card.model.name:utf8 t=card.tags:list m=base.models[].id:list";
    let lines = concat!(
        r#"{"id":"nested","card":{"license":"mit","model":{"name":"x"},"tags":["a"]},"base":{"models":[{"id":"p"}]}}"#,
        "\n",
        r#"{"id":"flat","card.license":"mit","card.model.name":"x","card.tags":["a"],"base.models":[{"id":"p"}]}"#,
        "\n",
        r#"{"id":"half","card.model":{"name":"x"},"card":{"model.name":"y","license":null},"card.license":"mit"}"#,
        "\n",
        r#"{"id":"both","card.license":"flat","card":{"license":"nested"},"card.tags":["flat"]}"#,
        "\n",
        r#"{"id":"both again","card":{"license":"nested","tags":[]},"card.license":"flat","card.tags":["flat"]}"#,
        "\n",
        r#"{"id":"null above","card.license":"flat","card":null}"#,
        "\n",
        r#"{"id":"last of repeated","card.license":"a","card.license":"b"}"#,
        "\n",
    );
    let all = [
        r#"{"id":"nested","l":"mit","n":"x","t":["a"],"m":["p"],"_row":1}"#,
        r#"{"id":"flat","l":"mit","n":"x","t":["a"],"m":["p"],"_row":2}"#,
        r#"{"id":"half","l":"mit","n":"y","_row":3}"#,
        r#"{"id":"both","l":"nested","t":["flat"],"_row":4}"#,
        r#"{"id":"both again","l":"nested","t":[],"_row":5}"#,
        r#"{"id":"null above","l":"flat","_row":6}"#,
        r#"{"id":"last of repeated","l":"b","_row":7}"#,
    ];
    let ndjson = found("a.jsonl", lines.as_bytes(), wanted);
    assert_eq!(ndjson.rows, all);
    assert_eq!((ndjson.rejects.len(), ndjson.absent.len()), (0, 0));
    let document = format!("[{}]", lines.trim_end().replace('\n', ","));
    assert_eq!(found("a.json", document.as_bytes(), wanted).rows, all);
}

#[test]
fn joined_keys_in_csv_and_parquet() {
    let wanted = "l=card.license:utf8 n=card.model.name:utf8";
    let csv = found(
        "a.csv",
        b"id,card.license,card.model.name\n1,mit,x\n2,,y\n",
        wanted,
    );
    assert_eq!(
        csv.rows,
        [r#"{"l":"mit","n":"x","_row":2}"#, r#"{"n":"y","_row":3}"#]
    );
    assert_eq!((csv.absent.len(), csv.unread), (0, vec!["id".to_owned()]));

    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some("t")]);
    tags.append_null();
    tags.append_null();
    let content = parquet(vec![
        (
            "card",
            object(vec![
                ("license", texts_of(&[Some("nested"), None, None])),
                ("model.name", texts_of(&[Some("x"), None, None])),
            ]),
        ),
        (
            "card.license",
            texts_of(&[Some("flat"), Some("flat"), None]),
        ),
        ("card.tags", Arc::new(tags.finish())),
        (
            "card.model",
            object(vec![("name", texts_of(&[Some("z"), Some("z"), None]))]),
        ),
    ]);
    let parquet = found(
        "a.parquet",
        &content,
        &format!("{wanted} t=card.tags:list none=card.none:utf8"),
    );
    assert_eq!(
        parquet.rows,
        [
            r#"{"l":"nested","n":"x","t":["t"],"_row":1}"#,
            r#"{"l":"flat","n":"z","_row":2}"#,
            r#"{"_row":3}"#
        ]
    );
    assert_eq!(parquet.absent, ["none card.none"]);
}

#[test]
fn paths_go_into_json_that_a_text_holds() {
    let wanted = "id:utf8 l=card.license:utf8 t=card.tags:list g=card.gated:utf8 n=card.total:int64 m=base[].id:list whole=card:json";
    let csv = concat!(
        "id,card,base\n",
        r#"a,"{""license"":""mit"",""tags"":[""x"",false],""gated"":false,""total"":9007199254740993}","[{""id"":""p""},{""id"":""q""}]""#,
        "\n",
        r#"b,"{""gated"":""auto"",""total"":NaN}",None"#,
        "\n",
        "c,,\n",
    );
    let csv = found("a.csv", csv.as_bytes(), wanted);
    assert_eq!(
        csv.rows,
        [
            r#"{"id":"a","l":"mit","t":["x","false"],"g":"false","n":9007199254740993,"m":["p","q"],"whole":"{\"license\":\"mit\",\"tags\":[\"x\",false],\"gated\":false,\"total\":9007199254740993}","_row":2}"#,
            r#"{"id":"b","g":"auto","whole":"{\"gated\":\"auto\",\"total\":null}","_row":3}"#,
            r#"{"id":"c","_row":4}"#,
        ]
    );
    assert_eq!(
        (csv.rejects, csv.odd, csv.absent),
        (
            vec![],
            vec![
                "t member_not_text 1: row 2, false".to_owned(),
                "n not_finite 1: row 3, NaN".to_owned()
            ],
            vec![]
        )
    );

    let wanted = "l=card.license:utf8 none=card.none:utf8";
    let cards = [
        Some("{\"license\":\"mit\"}"),
        Some("{'license': 'mit'}"),
        Some("{\"license\":\"x\", "),
        None,
    ];
    let expected = [
        r#"{"l":"mit","_row":1}"#,
        r#"{"_row":2}"#,
        r#"{"_row":3}"#,
        r#"{"_row":4}"#,
    ];
    let parquet = found(
        "a.parquet",
        &parquet(vec![("card", texts_of(&cards))]),
        wanted,
    );
    assert_eq!(parquet.rows, expected);
    assert_eq!(parquet.absent, ["none card.none"]);
    assert_eq!(
        parquet.odd[0],
        "l not_json_text 2: row 2, {'license': 'mit'}"
    );
    let lines: Vec<String> = cards
        .iter()
        .map(|card| serde_json::json!({ "card": card }).to_string())
        .collect();
    let ndjson = found("a.jsonl", lines.join("\n").as_bytes(), wanted);
    assert_eq!(ndjson.rows, expected);
    assert_eq!(ndjson.absent, ["none card.none"]);
    assert_eq!(
        ndjson.odd[0],
        "l not_json_text 2: row 2, {'license': 'mit'}"
    );
}

#[test]
fn rows_may_be_the_values_of_an_object() {
    let rows = r#"{"a/b":{"likes":1,"n":NaN},"c\u002fd" : {"likes":2,"id":"own"}, "e": 7, "f": {"likes":"x"} }"#;
    for (rows_key, document) in [
        (None, rows.to_owned()),
        (
            Some("models"),
            format!("{{\"at\":1,\"models\": {rows} ,\"n\":[]}}"),
        ),
    ] {
        let format = Format::Json {
            rows: rows_key.map(str::to_owned),
            keyed: true,
        };
        let mut request = Request::new(fields("key={}:utf8 id:utf8 likes:int64 n:float64"), format);
        let json = found_with("a.json", document.as_bytes(), &mut request);
        assert_eq!(
            json.rows,
            [
                r#"{"key":"a/b","likes":1,"_row":1}"#,
                r#"{"key":"c/d","id":"own","likes":2,"_row":2}"#
            ]
        );
        assert_eq!(
            json.rejects,
            [
                "3 not_an_object: expected an object, found 7",
                "4 wrong_type: column `likes`: expected a whole number, found the text \"x\""
            ]
        );
    }
    let mistake = |content: &str, rows: Option<&str>, keyed| {
        let (_dir, path) = file("a.json", content.as_bytes());
        let format = Format::Json {
            rows: rows.map(str::to_owned),
            keyed,
        };
        let request = Request::new(fields("id:utf8"), format);
        read_with(&path, &request, 1).unwrap_err().to_string()
    };
    assert!(mistake("[]", None, true).contains("expected an object of rows, found a list"));
    assert!(mistake("{}", None, false).contains("write `rows: \"{}\"` if its values are the rows"));
    assert!(mistake("{\"m\":[]}", Some("m"), true).contains("something else than an object"));
    assert!(mistake("{\"a\":{},", None, true).contains("cut off at byte"));
    assert!(mistake("{\"a\":{}]", None, true).contains("expected `,` or `}`, found `]`"));
}

#[test]
fn objects_as_a_whole_are_made_of_their_flattened_members() {
    let wanted = "id:utf8 card:json p=st.parameters:entries l=card.license:utf8";
    let lines = concat!(
        r#"{"id":"flat","card.license":"mit","card.language":["en",false],"st.parameters.BF16":7,"card.model.name":"x","st.parameters.F32":null}"#,
        "\n",
        r#"{"id":"whole","card":{"license":"mit"},"card.license":"other","st":{"parameters":{"F32":3}}}"#,
        "\n",
        r#"{"id":"neither","card":null}"#,
        "\n",
        r#"{"id":"half","st":{"parameters.BF16":9},"card.license":NaN}"#,
        "\n",
    );
    let ndjson = found("a.jsonl", lines.as_bytes(), wanted);
    assert_eq!(
        ndjson.rows,
        [
            r#"{"id":"flat","card":"{\"license\":\"mit\",\"language\":[\"en\",false],\"model.name\":\"x\"}","p":["BF16=7"],"l":"mit","_row":1}"#,
            r#"{"id":"whole","card":"{\"license\":\"mit\"}","p":["F32=3"],"l":"mit","_row":2}"#,
            r#"{"id":"neither","_row":3}"#,
            r#"{"id":"half","p":["BF16=9"],"_row":4}"#,
        ]
    );
    assert_eq!((ndjson.rejects.len(), ndjson.unread.len()), (0, 0));

    let wanted = "card:json text=card:utf8 p=st.parameters:entries";
    let csv = found(
        "a.csv",
        b"card.license,card.gated,card.n,st.parameters.BF16,st.parameters.F32\nmit,False,3,7000000000,\n,,,,\n",
        wanted,
    );
    let card = r#"{\"license\":\"mit\",\"gated\":false,\"n\":3}"#;
    assert_eq!(
        csv.rows,
        [
            format!(r#"{{"card":"{card}","text":"{card}","p":["BF16=7000000000"],"_row":2}}"#),
            r#"{"_row":3}"#.to_owned()
        ]
    );
    let content = parquet(vec![
        ("card.license", texts_of(&[Some("mit"), None])),
        ("card.n", Arc::new(Int64Array::from(vec![Some(3), None]))),
        (
            "st.parameters.BF16",
            Arc::new(Int64Array::from(vec![Some(7), None])),
        ),
    ]);
    let parquet = found("a.parquet", &content, wanted);
    let card = r#"{\"license\":\"mit\",\"n\":3}"#;
    assert_eq!(
        parquet.rows,
        [
            format!(r#"{{"card":"{card}","text":"{card}","p":["BF16=7"],"_row":1}}"#),
            r#"{"_row":2}"#.to_owned()
        ]
    );
    assert_eq!((parquet.absent.len(), parquet.unread.len()), (0, 0));
}
