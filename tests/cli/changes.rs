//! What changed is made again, with what depends on it, and nothing else.

use crate::books::{self, DATES, MARCH_1};
use crate::harness::{Project, Ran, assert_same};

const PIPELINES: [&str; 3] = [
    "pipelines/ingest/books.yaml",
    "pipelines/normalize/books.yaml",
    "pipelines/aggregate/books.yaml",
];
const SOURCE: [&str; 4] = ["--source", "till", "--dates", DATES[0]];

/// What `plan` says without a source, each line as `table: forecast`.
fn planned(project: &Project) -> Vec<String> {
    forecasts(&project.ok(&["plan"]))
}

/// The same, the source's file looked at too.
fn planned_of_source(project: &Project) -> Vec<String> {
    let mut args = vec!["plan"];
    args.extend(SOURCE);
    forecasts(&project.ok(&args))
}

fn forecasts(plan: &Ran) -> Vec<String> {
    plan.planned()
        .into_iter()
        .map(|(head, what)| format!("{}: {what}", head.strip_prefix("2024-03-01 ").unwrap()))
        .collect()
}

fn made(ran: &Ran) -> Vec<String> {
    ran.made()
        .iter()
        .map(|head| head.strip_prefix("2024-03-01 ").unwrap().to_owned())
        .collect()
}

fn run_source(project: &Project) -> Ran {
    let mut args = vec!["run"];
    args.extend(SOURCE);
    project.ok(&args)
}

#[test]
fn a_reference_row_makes_what_depends_on_it() {
    let project = books::made();
    project.replace("data/reference/shops.csv", "south,Oslo,", "south,Bergen,");
    assert_eq!(
        planned(&project),
        [
            "normalize.books: make: reference.shops changed",
            "aggregate.cities: make if changed: normalize.books",
            "aggregate.overview: make if changed: aggregate.cities",
        ]
    );
    let before = project.lake();
    let ran = project.ok(&["run"]);
    ran.assert_tables("3 made, 2 up to date");
    assert_eq!(
        made(&ran),
        ["normalize.books", "aggregate.cities", "aggregate.overview"]
    );
    assert_eq!(
        project.rows("SELECT city, books, copies FROM aggregate.cities ORDER BY city"),
        ["Bergen,4,11", "unknown,1,4"]
    );
    let after = project.lake();
    for (path, stamp) in &after {
        let touched = [
            "normalize/books/",
            "aggregate/cities/",
            "aggregate/overview/",
        ]
        .iter()
        .any(|table| path.contains(table));
        assert_eq!(before.get(path) != Some(stamp), touched, "{path}");
    }
}

#[test]
fn what_comes_out_equal_stops_there() {
    let project = books::made();
    project.replace(
        "data/reference/shops.csv",
        "south,Oslo,",
        "south,Oslo,by the sea",
    );
    assert_eq!(planned(&project).len(), 3);
    let before = project.lake_bytes();
    let ran = project.ok(&["run"]);
    ran.assert_tables("1 made, 4 up to date");
    assert_eq!(made(&ran), ["normalize.books"]);
    let mut after = project.lake_bytes();
    let manifest = "_manifests/normalize/books/2024-03-01.json";
    assert_ne!(
        before[manifest], after[manifest],
        "it tells of the other reference table"
    );
    after.insert(manifest.to_owned(), before[manifest].clone());
    assert_same(&before, &after);
    assert_eq!(planned(&project), [""; 0]);
}

#[test]
fn a_query_counts_by_what_it_says_not_by_its_layout() {
    let project = books::made();
    project.replace(
        PIPELINES[2],
        "query: SELECT shelf, sum(copies) AS copies FROM normalize.shelves GROUP BY shelf",
        "query: |\n      -- copies by shelf\n      select shelf,\n             sum(copies) as copies\n      from normalize.shelves group by shelf",
    );
    assert_eq!(planned(&project), [""; 0]);
    project.replace(
        PIPELINES[2],
        "sum(copies) as copies",
        "sum(copies) * 10 as copies",
    );
    assert_eq!(
        planned(&project),
        [
            "aggregate.shelves: make: query changed",
            "aggregate.overview: make if changed: aggregate.shelves"
        ]
    );
    project.ok(&["run"]).assert_tables("2 made, 3 up to date");
    assert_eq!(
        project.rows("SELECT shelf, copies FROM aggregate.shelves ORDER BY shelf"),
        ["fiction,100", "maps,10", "other,40"]
    );
}

#[test]
fn a_contract_counts() {
    let project = books::made();
    let shelf = "shelf: {type: utf8, description: Which.}";
    project.replace(
        PIPELINES[2],
        shelf,
        "shelf: {type: utf8, description: Which., checks: [{values: [fiction, maps, other]}]}",
    );
    assert_eq!(
        planned(&project)[0],
        "aggregate.shelves: make: contract changed"
    );
    // The file names its definition, so what is made from it follows.
    project.ok(&["run"]).assert_tables("2 made, 3 up to date");
    project.replace(
        PIPELINES[2],
        "shelf: {type: utf8,",
        "shelf: {type: utf8, nullable: true,",
    );
    assert_eq!(
        planned(&project)[0],
        "aggregate.shelves: make: contract changed"
    );
    project.ok(&["run"]);
    assert_eq!(planned(&project), [""; 0]);
}

#[test]
fn a_check_counts() {
    let project = books::made();
    project.replace(
        PIPELINES[2],
        "  - name: overview\n",
        "    checks:\n      - {name: some, query: \"SELECT shelf FROM aggregate.shelves WHERE copies = 0\"}\n  - name: overview\n",
    );
    assert_eq!(
        planned(&project)[0],
        "aggregate.shelves: make: checks changed"
    );
    project.ok(&["run"]).assert_tables("2 made, 3 up to date");
}

#[test]
fn a_parameter_counts() {
    let project = books::made();
    project.replace(
        PIPELINES[2],
        "{type: int64, value: 1,",
        "{type: int64, value: 5,",
    );
    assert_eq!(
        planned(&project),
        [
            "aggregate.cities: make: parameters changed",
            "aggregate.overview: make if changed: aggregate.cities"
        ]
    );
    project.ok(&["run"]).assert_tables("2 made, 3 up to date");
    assert_eq!(
        project.rows("SELECT city, copies FROM aggregate.cities ORDER BY city"),
        ["Bergen,6", "Oslo,5"]
    );
    assert_eq!(
        project.rows("SELECT what, groups, copies FROM aggregate.overview ORDER BY what"),
        ["cities,2,11", "shelves,3,15"]
    );
}

#[test]
fn an_input_file_counts_by_its_bytes() {
    let project = books::made();
    let till = "data/till_2024-03-01.jsonl";
    project.write(till, MARCH_1);
    assert_eq!(
        planned_of_source(&project),
        [""; 0],
        "written anew, but the same"
    );

    // No later table has the price: the change ends where it is dropped.
    project.replace(till, "\"price\":30", "\"price\":31");
    let plan = planned_of_source(&project);
    assert_eq!(plan.len(), 6);
    assert_eq!(plan[0], "ingest.books: make: file changed");
    assert_eq!(plan[1], "normalize.books: make if changed: ingest.books");
    let ran = run_source(&project);
    ran.assert_tables("3 made, 3 up to date");
    assert_eq!(
        made(&ran),
        ["ingest.books", "normalize.books", "normalize.shelves"]
    );

    project.replace(till, "\"copies\":1,", "\"copies\":7,");
    run_source(&project).assert_tables("6 made, 0 up to date");
    assert_eq!(
        project.rows("SELECT city, copies FROM aggregate.cities ORDER BY city"),
        ["Bergen,12", "Oslo,5", "unknown,4"]
    );
}

#[test]
fn a_source_and_what_it_sets_aside_count() {
    let project = books::made();
    project.replace(PIPELINES[0], "where: copies < 0", "where: copies < 2");
    assert_eq!(
        planned_of_source(&project)[0],
        "ingest.books: make: rejects changed"
    );
    let ran = run_source(&project);
    ran.assert_err("set aside: 1 row, negative_copies");
    assert_eq!(
        project.rows("SELECT isbn FROM ingest.books ORDER BY isbn"),
        ["b1", "b2", "b3", "b5"]
    );

    project.replace(
        PIPELINES[0],
        "price, printed FROM source",
        "price * 2 AS price, printed FROM source",
    );
    assert_eq!(
        planned_of_source(&project)[0],
        "ingest.books: make: query changed"
    );
    run_source(&project);
    assert_eq!(
        project.rows("SELECT price FROM ingest.books WHERE isbn = 'b1'"),
        ["14.5"]
    );

    project.replace(
        PIPELINES[0],
        "      price: {type: float64}",
        "      price: {type: float64, path: list.price}",
    );
    assert_eq!(
        planned_of_source(&project)[0],
        "ingest.books: make: source changed"
    );
}

#[test]
fn reworded_descriptions_make_nothing() {
    let project = books::made();
    for (file, from, to) in [
        (0, "Books that a shop has.", "Whatever the shops have."),
        (0, "What names a book.", "Its number."),
        (0, "There is no less than none.", "Not possible."),
        (0, "Odd, but there are such books.", "Gifts."),
        (0, "What the tills say.", "The tills."),
        (1, "Books with the city of their shop.", "Books."),
        (2, "Copies by city.", "Cities."),
        (2, "How many titles.", "Titles."),
        (
            2,
            "Cities with fewer copies are left out.",
            "The smallest city.",
        ),
    ] {
        project.replace(PIPELINES[file], from, to);
    }
    project.replace(
        "pipelines/reference/shops.yaml",
        "Shops and their cities.",
        "Shops.",
    );
    assert_eq!(planned(&project), [""; 0]);
    assert_eq!(planned_of_source(&project), [""; 0]);
    run_source(&project).assert_tables("0 made, 6 up to date");
}

#[test]
fn only_the_date_that_is_new_is_made() {
    let project = books::made();
    let before = project.lake();
    project
        .ok(&["run", "--source", "till"])
        .assert_tables("12 made, 6 up to date");
    let mut after = project.lake();
    after.retain(|path, _| path.contains("2024-03-01"));
    assert_same(&before, &after);
}

#[test]
fn a_partition_that_is_gone_is_made_again() {
    let project = books::made();
    let before = project.lake_bytes();
    project.remove("lake/normalize/books/snapshot_date=2024-03-01/part-00000.parquet");
    let plan = planned(&project);
    assert_eq!(
        plan.first().unwrap(),
        "normalize.books: make: its file is missing or damaged"
    );
    let ran = project.ok(&["run"]);
    assert_eq!(made(&ran), ["normalize.books"]);
    assert_same(&before, &project.lake_bytes());
}
