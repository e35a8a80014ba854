//! Tables that are drawn.

use std::collections::BTreeMap;

use crate::books;
use crate::harness::Project;

const CHART: &str = "    chart: {kind: bar, title: Copies by city, section: Shops, x: city, y: copies, unit: copies}\n";

/// The books, with a chart of the cities.
fn charted() -> Project {
    let project = books::made();
    project.replace(
        "pipelines/aggregate/books.yaml",
        "copies: {type: int64, description: How many copies.}\n  - name: shelves",
        &format!(
            "copies: {{type: int64, description: How many copies.}}\n{CHART}  - name: shelves"
        ),
    );
    project
}

fn site(project: &Project) -> BTreeMap<String, Vec<u8>> {
    let files = project.files("site").into_iter();
    files.map(|(path, (bytes, _))| (path, bytes)).collect()
}

#[test]
fn a_table_is_drawn_into_a_folder() {
    let project = charted();
    let first = project.ok(&["report"]);
    first.assert_out("drew 1 figure of 2024-03-01 into site: 8 files, ");
    first.assert_out("open      site/index.html");
    let files = site(&project);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "data/cities-1.csv",
            "data/cities-1.parquet",
            "figures/cities-1.svg",
            "hubcensus-report.json",
            "icon.svg",
            "index.html",
            "shops.html",
            "style.css"
        ]
    );
    let page = String::from_utf8(files["shops.html"].clone()).unwrap();
    for said in [
        "<title>Shops – Hub Census, 1 March 2024</title>",
        "default-src &#39;none&#39;",
        "<code>aggregate.cities</code>",
        "Copies by city",
    ] {
        let said = said.replace("&#39;", "'");
        assert!(page.contains(&said), "{said} in {page}");
    }
    let data = String::from_utf8(files["data/cities-1.csv"].clone()).unwrap();
    let lines: Vec<&str> = data.lines().collect();
    assert_eq!(lines[0], "city,books,copies");
    assert_eq!(
        lines[1..],
        project.rows("SELECT city, books, copies FROM aggregate.cities")
    );
    // A chart changes no byte of the table, and the same lake is drawn alike.
    project
        .ok(&["plan", "aggregate.cities"])
        .assert_out("up to date");
    project.ok(&["report"]);
    assert_eq!(site(&project), files);
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let project = charted();
    let none = project.fails(1, &["report", "--dates", "2023-01-01"]);
    none.assert_err("there is nothing to draw: ");
    project.remove("lake/aggregate/cities/snapshot_date=2024-03-01/part-00000.parquet");
    project
        .ok(&["report"])
        .assert_out("not drawn aggregate.cities of 2024-03-01: it cannot be read");
    project.write("thesis/chapter.tex", "years");
    project
        .fails(1, &["report", "--out", "thesis"])
        .assert_err("thesis is no report: it has chapter.tex and no hubcensus-report.json");
    assert_eq!(project.files("thesis").len(), 1);
}

#[test]
fn hostile_names_stay_text() {
    let project = charted();
    let name = "<script>alert(1)</script>&\u{202e}".repeat(9);
    project.replace(
        "data/reference/shops.csv",
        "harbour,Bergen",
        &format!("harbour,{name}"),
    );
    project.ok(&["run"]);
    project.ok(&["report"]);
    for (path, bytes) in site(&project) {
        let text = String::from_utf8_lossy(&bytes);
        if path.ends_with(".html") || path.ends_with(".svg") {
            assert!(
                !text.contains("<script") && !text.contains('\u{202e}'),
                "{path}"
            );
        }
        if path == "shops.html" {
            assert!(
                text.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;\u{fffd}"),
                "{path}"
            );
        }
    }
}
