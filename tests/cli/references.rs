//! Mistakes in reference tables, at their rows of the CSV file.

use crate::books;
use crate::harness::{Project, Ran};
use crate::mistakes::told;

const YAML: &str = "pipelines/reference/shops.yaml";
const SHOPS: &str = "data/reference/shops.csv";
const GENRES: &str = "data/reference/genres.csv";

/// The project with rules on its reference tables.
fn project() -> Project {
    let project = books::project();
    project.replace(
        YAML,
        "city: {type: utf8, description: Where it is.}",
        "city: {type: utf8, description: Where it is., checks: [{matches: '^[A-Z]'}]}",
    );
    project.replace(
        YAML,
        "shelf: {type: utf8, description: Where it stands.}\n",
        "shelf:
        type: utf8
        description: Where it stands.
        checks:
          - references: reference.shops.city
    checks:
      - name: no_poems
        query: SELECT genre FROM reference.genres WHERE genre LIKE 'poe%'
",
    );
    project.write(GENRES, "genre,shelf\natlas,Oslo\nnovel,Bergen\n");
    project.ok(&["check"]);
    project
}

#[track_caller]
fn places(ran: &Ran, expected: &[&str]) {
    let found: Vec<String> = told(ran).into_iter().map(|(_, place)| place).collect();
    assert_eq!(found, expected, "{ran}");
}

#[test]
fn a_broken_rule_is_told_at_its_row() {
    let project = project();
    project.write(
        GENRES,
        "genre,shelf\natlas,Oslo\n\"essay, long\",Bergem\nnovel,Bergen\npoem,Bergen\npoetry,Oslo\n",
    );
    project.write(
        SHOPS,
        "shop,city,note\nharbour,Bergen,\nnorth,oslo,\nsouth,Oslo,\n",
    );
    let ran = project.fails(3, &["check"]);
    places(
        &ran,
        &[
            "data/reference/shops.csv:3:1",
            "data/reference/genres.csv:3:15",
            "data/reference/genres.csv:5:1",
        ],
    );
    ran.assert_err("data/reference/shops.csv:3: a row breaks `city matches ^[A-Z]`");
    ran.assert_err("3 | north,oslo,\n  | ^^^^^^^^^^^ breaks it\n");
    // A value that is nearly one that is there.
    ran.assert_err("data/reference/genres.csv:3: `Bergem` is not in `reference.shops.city`");
    ran.assert_err("help: did you mean `Bergen`?");
    // Two rows of one rule, and where that stands.
    ran.assert_err("data/reference/genres.csv:5: 2 rows break `no_poems`");
    ran.assert_err(" 6 | poetry,Oslo\n   | ----------- and this\n");
    ran.assert_err("no_poems\n");
    assert!(!ran.err.contains("help: {"), "{ran}");
}

#[test]
fn a_key_that_is_there_twice() {
    let project = project();
    project.write(
        SHOPS,
        "shop,city,note\nnorth,Bergen,\nnorth,Oslo,a\nsouth,Oslo,\n",
    );
    let ran = project.fails(3, &["check"]);
    places(&ran, &["data/reference/shops.csv:2:1"]);
    ran.assert_err("2 rows break `the key (shop) is unique`");
    ran.assert_err("3 | north,Oslo,a\n  | ------------ and this\n");
}

#[test]
fn rows_are_in_the_order_of_the_key() {
    let project = project();
    project.write(
        SHOPS,
        "shop,city,note\nharbour,Bergen,\nsouth,Oslo,\nNorth,Bergen,\n",
    );
    let ran = project.fails(3, &["check"]);
    places(&ran, &["data/reference/shops.csv:4:1"]);
    ran.assert_err("error[reference-order]");
    ran.assert_err("this one belongs before line 2");
}

#[test]
fn fields_and_rows_that_do_not_fit() {
    let project = project();
    project.write(SHOPS, "shop,city,note\nharbour,Bergen,\nnorth,,\nsouth,\n");
    let ran = project.fails(3, &["check"]);
    places(&ran, &["data/reference/shops.csv:4:1"]);
    project.write(
        SHOPS,
        "shop,city,note\nharbour,Bergen,\nnorth,,\nsouth,Oslo,\n",
    );
    let ran = project.fails(3, &["check"]);
    places(&ran, &["data/reference/shops.csv:3:7"]);
    ran.assert_err("`city` is empty");
}

#[test]
fn files_outside_of_the_project() {
    for file in ["../shops.csv", "data/../../shops.csv", "/etc/passwd"] {
        let project = books::project();
        project.replace(
            YAML,
            "file: data/reference/shops.csv",
            &format!("file: {file}"),
        );
        let ran = project.fails(3, &["check"]);
        places(&ran, &["pipelines/reference/shops.yaml:5:11"]);
        ran.assert_err(&format!("{file} is not within the project"));
    }
}

#[test]
fn files_that_are_no_utf_8() {
    let project = project();
    let utf16: Vec<u8> = std::iter::once(0xFEFF_u16)
        .chain("shop,city,note\n".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    project.write(SHOPS, &utf16);
    let ran = project.fails(3, &["check"]);
    ran.assert_err(
        "data/reference/shops.csv:1:1: the file is not UTF-8 but UTF-16 (little-endian)",
    );
    project.write(SHOPS, b"shop,city,note\nharbour,Bod\xF8,\n");
    let ran = project.fails(3, &["check"]);
    ran.assert_err("data/reference/shops.csv:2:12: the file is not UTF-8 but has the byte 0xF8");
    project.write(SHOPS, "\u{feff}shop,city,note\nharbour,Bergen,\n");
    let ran = project.fails(3, &["check"]);
    places(&ran, &["data/reference/shops.csv:1:1"]);
    ran.assert_err("begins with a byte order mark");
    project.write("pipelines/aggregate/more.yaml", &utf16);
    let ran = project.fails(3, &["check"]);
    ran.assert_err("error[not-utf8]: pipelines/aggregate/more.yaml:1:1: the file is not UTF-8");
    assert_eq!(ran.err.matches("UTF-8 but").count(), 1, "{ran}");
}
