//! The queries of sources: each row of the file is one row of the table, or is
//! set aside and counted. Whatever else they could do is refused at its place.

use crate::books;
use crate::harness::{Project, Ran};
use crate::mistakes::told;

const INGEST: &str = "pipelines/ingest/books.yaml";
const COLUMNS: &str = "isbn, title, shop, genre, copies, price, printed";
const QUERY: &str =
    "    query: SELECT isbn, title, shop, genre, copies, price, printed FROM source\n";

/// The project with another query of its source, written as a block.
fn mapped(query: &str) -> Project {
    let project = books::project();
    let mut block = "    query: |\n".to_owned();
    for line in query.lines() {
        block.push_str("      ");
        block.push_str(line);
        block.push('\n');
    }
    project.replace(INGEST, QUERY, &block);
    project
}

/// The line of the pipeline file on which the query's first line stands.
fn first_line(project: &Project) -> usize {
    let text = std::fs::read_to_string(project.path(INGEST)).unwrap();
    let at = text.find("    query: |\n").unwrap();
    text[..at].matches('\n').count() + 2
}

/// The lines and columns of the query at which its shape is refused.
fn refused(project: &Project, ran: &Ran) -> Vec<(usize, usize)> {
    let first = first_line(project);
    let places = told(ran).into_iter().map(|(code, place)| {
        assert_eq!(code, "source-query-shape", "{ran}");
        let mut numbers = place
            .trim_start_matches(INGEST)
            .split(':')
            .skip(1)
            .map(|number| number.parse::<usize>().unwrap());
        let line = numbers.next().unwrap() + 1 - first;
        (line, numbers.next().unwrap() - 6)
    });
    places.collect()
}

#[track_caller]
fn is_refused_at(query: &str, places: &[(usize, usize)]) -> Ran {
    let project = mapped(query);
    let ran = project.fails(3, &["check"]);
    assert_eq!(refused(&project, &ran), places, "{query}\n{ran}");
    ran
}

#[test]
fn what_drops_rows() {
    for clause in [
        "WHERE copies > 1",
        "WHERE isbn IN ('b1')",
        "LIMIT 3",
        "OFFSET 1",
    ] {
        let ran = is_refused_at(
            &format!("SELECT {COLUMNS}\nFROM source\n{clause}"),
            &[(3, 1)],
        );
        ran.assert_err("drops rows that nobody counts");
        ran.assert_err("a rule under `rejects:`");
    }
    is_refused_at(
        &format!("SELECT {COLUMNS} FROM source\nQUALIFY row_number() OVER (ORDER BY isbn) = 1"),
        &[(2, 1), (2, 9)],
    );
    // Both, the first under all of its clause.
    let ran = is_refused_at(
        &format!("SELECT {COLUMNS} FROM source\nWHERE copies\n  > 1\nLIMIT 3 OFFSET 1"),
        &[(2, 1), (4, 1), (4, 9)],
    );
    ran.assert_err("`OFFSET` in the query of a source");
}

#[test]
fn what_makes_one_row_of_several() {
    is_refused_at(
        "SELECT isbn, min(title) AS title, 's' AS shop, 'g' AS genre,
  1 AS copies, 1.0 AS price, max(printed) AS printed
FROM source
GROUP BY isbn",
        &[(1, 14), (2, 30), (4, 1)],
    );
    is_refused_at(&format!("SELECT DISTINCT {COLUMNS} FROM source"), &[(1, 8)]);
    is_refused_at(
        "SELECT 'a' AS isbn, 't' AS title, 's' AS shop, 'g' AS genre,
  count(*) AS copies, 1.0 AS price, CAST(NULL AS DATE) AS printed FROM source",
        &[(2, 3)],
    );
    let window = "SELECT isbn, title, shop, genre,
  row_number() OVER (ORDER BY isbn) AS copies, price, printed FROM source";
    is_refused_at(window, &[(2, 3)]);
}

#[test]
fn what_makes_several_rows_of_one() {
    let unnested =
        "SELECT isbn, unnest(['a', 'b']) AS title, shop, genre, copies, price, printed FROM source";
    is_refused_at(unnested, &[(1, 14)]);
    let select = "SELECT isbn, title, s.shop, s.genre, copies, price, printed\nFROM source s";
    for (join, column) in [
        (", reference.shops r", 14),
        (" CROSS JOIN reference.shops r", 15),
        (" JOIN reference.shops r ON r.shop = s.shop", 15),
        (" INNER JOIN reference.shops r ON r.shop = s.shop", 15),
        (" RIGHT JOIN reference.shops r ON r.shop = s.shop", 15),
        (" FULL OUTER JOIN reference.shops r ON r.shop = s.shop", 15),
        (" LEFT SEMI JOIN reference.shops r ON r.shop = s.shop", 15),
        (" LEFT ANTI JOIN reference.shops r ON r.shop = s.shop", 15),
        (" CROSS JOIN unnest([1, 2])", 15),
        (" LEFT JOIN LATERAL (SELECT 1 AS one) r ON true", 15),
        // Not by its key, not by all of it, or by something that follows from it.
        (" LEFT JOIN reference.shops r ON r.city = s.shop", 15),
        (" LEFT JOIN reference.shops r ON true", 15),
        (" LEFT JOIN reference.shops r ON upper(r.shop) = s.shop", 15),
        (" LEFT JOIN reference.shops r ON r.shop >= s.shop", 15),
        (
            " LEFT JOIN reference.shops r ON r.shop = s.shop OR r.city = s.shop",
            15,
        ),
        (" LEFT JOIN reference.shops r ON r.shop = r.city", 15),
        (
            " LEFT JOIN (SELECT shop FROM reference.shops UNION ALL SELECT city FROM reference.shops) r ON r.shop = s.shop",
            15,
        ),
        (
            " LEFT JOIN (SELECT shop, city FROM reference.shops GROUP BY shop, city) r ON r.city = s.shop",
            15,
        ),
    ] {
        is_refused_at(&format!("{select}{join}"), &[(2, column)]);
    }
    let ran = is_refused_at(
        &format!(
            "{select}\nLEFT JOIN reference.shops r ON r.shop = s.shop\nLEFT JOIN reference.genres g ON g.shelf = s.genre"
        ),
        &[(4, 1)],
    );
    ran.assert_err("the key of `reference.genres` with one of the file's: `genre`");
}

#[test]
fn a_file_is_read_once() {
    let union = format!("SELECT {COLUMNS} FROM source\nUNION ALL\nSELECT {COLUMNS} FROM source");
    is_refused_at(&union, &[(2, 1), (3, 62)]);
    let ran = is_refused_at(
        "SELECT s.isbn, s.title, s.shop, s.genre, s.copies, s.price, s.printed
FROM source s
LEFT JOIN source t ON t.isbn = s.isbn",
        &[(3, 1), (3, 11)],
    );
    ran.assert_err("`source` is read twice");
    is_refused_at(
        "SELECT isbn, title, shop, genre,
  (SELECT max(copies) FROM source) AS copies, price, printed
FROM source",
        &[(3, 6)],
    );
    is_refused_at(
        &format!(
            "SELECT {COLUMNS} FROM source\nWHERE isbn NOT IN (\n  SELECT title FROM \"source\")"
        ),
        &[(2, 1), (3, 21)],
    );
    is_refused_at(
        &format!("WITH few AS (SELECT * FROM source LIMIT 2)\nSELECT {COLUMNS} FROM few"),
        &[(2, 62)],
    );
    is_refused_at(
        &format!("SELECT {COLUMNS} FROM (SELECT * FROM source LIMIT 2) s"),
        &[(1, 63)],
    );
    let hidden =
        "WITH source AS (SELECT shop AS isbn, city AS title, shop, shop AS genre, 1 AS copies,
  1.0 AS price, CAST(NULL AS DATE) AS printed FROM reference.shops)
SELECT * FROM source";
    is_refused_at(hidden, &[(1, 6)]);
}

/// A row for each row of the file: three of the five have a shop, two of them
/// one that is known.
#[test]
fn reference_tables_are_joined_by_their_keys() {
    for join in [
        "LEFT JOIN reference.shops r ON r.shop = s.shop",
        "LEFT OUTER JOIN reference.shops AS r ON s.shop = r.shop AND r.city <> 'Oslo'",
        "LEFT JOIN reference.shops r USING (shop)",
        "LEFT JOIN (SELECT shop, city FROM reference.shops WHERE note IS NULL) r ON r.shop = s.shop",
        "LEFT JOIN (SELECT lower(shop) AS shop, min(city) AS city FROM reference.shops GROUP BY lower(shop)) r ON r.shop = lower(s.shop)",
        "LEFT JOIN reference.genres g ON g.genre = s.genre LEFT JOIN reference.shops r ON r.shop = s.shop",
    ] {
        let query = format!(
            "SELECT isbn, r.city AS title, s.shop, s.genre, copies, price, printed\nFROM source s\n{join}"
        );
        let project = mapped(&query);
        project.ok(&["run", "--source", "till", "--dates", "2024-03-01", "ingest"]);
        let rows = project.rows("SELECT count(*), sum(copies) FROM ingest.books");
        assert_eq!(rows, ["5,15"], "{join}");
    }
    let cte = "WITH cities AS (SELECT DISTINCT city FROM reference.shops)
SELECT isbn, c.city AS title, shop, genre, copies, price, printed
FROM source LEFT JOIN cities c ON c.city = shop
ORDER BY isbn";
    mapped(cte).ok(&["check"]);
}
