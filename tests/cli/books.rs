//! A small project about books and the shops that have them.
//!
//! ```text
//! ingest.books ─┬─ normalize.books ──── aggregate.cities ──┬─ aggregate.overview
//!               │      └ reference.shops                   │
//!               └─ normalize.shelves ── aggregate.shelves ─┘
//!                      └ reference.genres
//! ```

use crate::harness::Project;

pub(crate) const INGEST: &str = r#"stage: ingest
tables:
  - name: books
    description: Books that a shop has. More of them.
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: What names a book.}
      title: {type: utf8, nullable: true, description: Its title.}
      shop: {type: utf8, nullable: true, description: Who has it.}
      genre: {type: utf8, nullable: true, description: What it is.}
      copies: {type: int64, nullable: true, description: How many.}
      price: {type: float64, nullable: true, description: What one costs.}
      printed: {type: date32, nullable: true, description: When.}
    rejects:
      - {reason: no_isbn, where: "isbn IS NULL OR trim(isbn) = ''", description: A book needs a name.}
      - {reason: negative_copies, where: copies < 0, description: There is no less than none.}
    checks:
      - name: free_of_charge
        severity: warn
        description: Odd, but there are such books.
        query: SELECT isbn FROM ingest.books WHERE price = 0
sources:
  - name: till
    description: What the tills say.
    table: books
    coverage: census
    location: "data/till_{date}.jsonl"
    format: ndjson
    columns:
      isbn: {type: utf8}
      title: {type: utf8}
      shop: {type: utf8}
      genre: {type: utf8}
      copies: {type: int64}
      price: {type: float64}
      printed: {type: date32}
    query: SELECT isbn, title, shop, genre, copies, price, printed FROM source
"#;

pub(crate) const NORMALIZE: &str = r#"stage: normalize
jobs:
  - name: books
    description: Books with the city of their shop.
    query: |
      SELECT b.isbn, b.title, coalesce(s.city, 'unknown') AS city, coalesce(b.copies, 0) AS copies
      FROM ingest.books b LEFT JOIN reference.shops s ON s.shop = b.shop
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: What names a book.}
      title: {type: utf8, nullable: true, description: Its title.}
      city: {type: utf8, description: Where it is.}
      copies: {type: int64, description: How many.}
  - name: shelves
    description: Books with their shelf.
    query: |
      SELECT b.isbn, coalesce(g.shelf, 'other') AS shelf, coalesce(b.copies, 0) AS copies
      FROM ingest.books b LEFT JOIN reference.genres g ON g.genre = b.genre
    key: [isbn]
    sort: [isbn]
    columns:
      isbn: {type: utf8, description: What names a book.}
      shelf: {type: utf8, description: Where it stands.}
      copies: {type: int64, description: How many.}
"#;

pub(crate) const AGGREGATE: &str = r#"stage: aggregate
jobs:
  - name: cities
    description: Copies by city.
    query: |
      SELECT city, count(*) AS books, sum(copies) AS copies
      FROM normalize.books GROUP BY city HAVING sum(copies) >= $least
    parameters: {least: {type: int64, value: 1, description: Cities with fewer copies are left out.}}
    key: [city]
    sort: [city]
    columns:
      city: {type: utf8, description: Where.}
      books: {type: int64, description: How many titles., checks: [{min: 1}]}
      copies: {type: int64, description: How many copies.}
  - name: shelves
    description: Copies by shelf.
    query: SELECT shelf, sum(copies) AS copies FROM normalize.shelves GROUP BY shelf
    key: [shelf]
    sort: [shelf]
    columns:
      shelf: {type: utf8, description: Which.}
      copies: {type: int64, description: How many copies.}
  - name: overview
    description: What there is.
    query: |
      SELECT 'cities' AS what, count(*) AS groups, sum(copies) AS copies FROM aggregate.cities
      UNION ALL
      SELECT 'shelves', count(*), sum(copies) FROM aggregate.shelves
    key: [what]
    sort: [what]
    columns:
      what: {type: utf8, description: Which table.}
      groups: {type: int64, description: Its rows.}
      copies: {type: int64, nullable: true, description: How many copies.}
"#;

const REFERENCE: &str = r#"stage: reference
tables:
  - name: shops
    description: Shops and their cities.
    file: data/reference/shops.csv
    key: [shop]
    columns:
      shop: {type: utf8, description: Name.}
      city: {type: utf8, description: Where it is.}
      note: {type: utf8, nullable: true, description: What else there is to say.}
  - name: genres
    description: Genres and their shelves.
    file: data/reference/genres.csv
    key: [genre]
    columns:
      genre: {type: utf8, description: Name.}
      shelf: {type: utf8, description: Where it stands.}
"#;

const SHOPS: &str = "shop,city,note\nharbour,Bergen,\nnorth,Bergen,\nsouth,Oslo,\n";
const GENRES: &str = "genre,shelf\natlas,maps\nnovel,fiction\npoetry,fiction\n";

/// The first snapshot: 15 copies; by city 6 in Bergen, 5 in Oslo, 4 unknown;
/// by shelf 10 fiction, 1 maps, 4 other.
pub(crate) const MARCH_1: &str = r#"{"isbn":"b3","title":"Emma","shop":"south","genre":"novel","copies":5,"price":9.5,"printed":"1815-12-23"}
{"isbn":"b1","title":"Faust","shop":"north","genre":"novel","copies":3,"price":7.25,"printed":"1808-01-01"}
{"isbn":"b2","title":"Poems","shop":"north","genre":"poetry","copies":2,"price":5.0,"printed":null}
{"isbn":"b4","title":"World","shop":"harbour","genre":"atlas","copies":1,"price":30}
{"isbn":"b5","title":null,"copies":4}
"#;

/// The second: 20 copies; 8 in Bergen, 12 in Oslo; 20 fiction.
pub(crate) const MARCH_2: &str = r#"{"isbn":"b1","title":"Faust","shop":"north","genre":"novel","copies":8,"price":7.25}
{"isbn":"b3","title":"Emma","shop":"south","genre":"novel","copies":12,"price":9.5}
"#;

/// The third: 9 copies; 9 in Oslo; 9 maps.
pub(crate) const MARCH_3: &str = r#"{"isbn":"b9","title":"Sea","shop":"south","genre":"atlas","copies":9,"price":21}
"#;

/// All dates of [`project`].
pub(crate) const DATES: [&str; 3] = ["2024-03-01", "2024-03-02", "2024-03-03"];

/// The project with its three snapshots, nothing made.
pub(crate) fn project() -> Project {
    let project = Project::of(&[
        ("pipelines/reference/shops.yaml", REFERENCE),
        ("pipelines/ingest/books.yaml", INGEST),
        ("pipelines/normalize/books.yaml", NORMALIZE),
        ("pipelines/aggregate/books.yaml", AGGREGATE),
        ("data/reference/shops.csv", SHOPS),
        ("data/reference/genres.csv", GENRES),
    ]);
    for (date, till) in DATES.into_iter().zip([MARCH_1, MARCH_2, MARCH_3]) {
        project.write(&format!("data/till_{date}.jsonl"), till);
    }
    project
}

/// The project with the tables of its first snapshot made.
pub(crate) fn made() -> Project {
    let project = project();
    project.ok(&["run", "--source", "till", "--dates", DATES[0]]);
    project
}
