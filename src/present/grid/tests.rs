use super::*;

fn text(name: &str, cells: &[&str]) -> Column {
    let cells = cells.iter().map(|cell| (*cell).to_owned()).collect();
    Column::new(name, Kind::Text, cells)
}

fn number(name: &str, cells: &[&str]) -> Column {
    Column {
        kind: Kind::Number,
        ..text(name, cells)
    }
}

fn within(width: usize) -> Layout<'static> {
    Layout {
        width: Some(width),
        hint: "--all shows them",
        ..Layout::default()
    }
}

fn entities() -> Vec<Column> {
    vec![
        text("universe", &["top50"; 4]),
        number("rank", &["1", "2", "3", "10"]),
        text("entity", &["Google", "Sentence-transformers", "智谱", "🤗"]),
        number(
            "downloads",
            &["56,536,633", "56,087,926", "36,750,943", "9"],
        ),
        number("downloads_share", &["16.49%", "16.36%", "10.72%", "<0.01%"]),
    ]
}

#[test]
fn what_fits_is_shown_as_it_is() {
    assert_eq!(
        lines(&entities(), Layout::default()),
        [
            "universe top50",
            "",
            "rank  entity                  downloads  downloads_share",
            "────────────────────────────────────────────────────────",
            "   1  Google                 56,536,633           16.49%",
            "   2  Sentence-transformers  56,087,926           16.36%",
            "   3  智谱                   36,750,943           10.72%",
            "  10  🤗                              9           <0.01%",
        ]
    );
}

#[test]
fn heads_are_broken_before_texts_are_cut_before_columns_are_left_out() {
    let head = |width| -> Vec<String> {
        lines(&entities(), within(width))
            .into_iter()
            .skip(2)
            .collect()
    };
    assert_eq!(
        head(52)[..4],
        [
            "                                          downloads_",
            "rank  entity                  downloads        share",
            "────────────────────────────────────────────────────",
            "   1  Google                 56,536,633       16.49%",
        ]
    );
    assert_eq!(
        head(46)[4..6],
        [
            "   2  Sentence-transf…  56,087,926      16.36%",
            "   3  智谱              36,750,943      10.72%",
        ]
    );
    assert_eq!(
        head(34),
        [
            "rank  entity             downloads",
            "──────────────────────────────────",
            "   1  Google            56,536,633",
            "   2  Sentence-transf…  56,087,926",
            "   3  智谱              36,750,943",
            "  10  🤗                         9",
            "+1 column: downloads_share; --all",
            "shows them",
        ]
    );
}

#[test]
fn no_width_cuts_a_number_or_leaves_blanks_at_the_end() {
    let columns = entities();
    let numbers: Vec<&String> = columns
        .iter()
        .filter(|column| column.kind == Kind::Number)
        .flat_map(|column| &column.cells)
        .collect();
    for width in 1..200 {
        let shown = lines(&columns, within(width));
        for line in &shown {
            assert_eq!(line.trim_end(), line, "{width}");
            if width >= 40 {
                assert!(line.width() <= width, "{width}: {line}");
            }
        }
        // Every word that has a digit is a whole cell, or a place in the list.
        let cells = shown.iter().flat_map(|line| line.split("  "));
        for cell in cells.map(str::trim) {
            let is_number = cell.starts_with(|c: char| c.is_ascii_digit());
            assert!(
                !is_number || numbers.iter().any(|number| *number == cell),
                "{width}: {cell}"
            );
        }
    }
}

#[test]
fn columns_left_out_are_named() {
    let shown = lines(&entities(), within(34));
    assert_eq!(
        shown.last().map(String::as_str),
        Some("--all shows them").map(|_| shown[shown.len() - 1].as_str())
    );
    assert!(
        shown
            .join(" ")
            .contains("+1 column: downloads_share; --all shows them"),
        "{shown:#?}"
    );
    let all = Layout {
        all: true,
        ..within(34)
    };
    assert_eq!(
        lines(&entities(), all),
        lines(&entities(), Layout::default())
    );
}

#[test]
fn few_rows_with_many_columns_go_down_the_page() {
    let columns = vec![
        text("universe", &["hub"]),
        number("models", &["20,003"]),
        number("share_without_downloads", &["39.57%"]),
    ];
    assert_eq!(
        lines(&columns, within(20)),
        [
            "universe                 hub",
            "models                   20,003",
            "share_without_downloads  39.57%",
        ]
    );
    let two = vec![text("name", &["a", "b"]), number("n", &["1", "2"])];
    let records = Layout {
        records: true,
        ..Layout::default()
    };
    assert_eq!(
        lines(&two, records),
        [
            "── 1 ──",
            "name  a",
            "n     1",
            "── 2 ──",
            "name  b",
            "n     2"
        ]
    );
}

#[test]
fn a_table_of_constants_or_of_one_row_keeps_its_columns() {
    let one = vec![text("city", &["Oslo"]), number("n", &["1"])];
    assert_eq!(
        lines(&one, Layout::default()),
        ["city  n", "───────", "Oslo  1"]
    );
    let same = vec![text("city", &["Oslo", "Oslo"])];
    assert_eq!(
        lines(&same, Layout::default()),
        ["city", "────", "Oslo", "Oslo"]
    );
}

#[test]
fn wide_characters_are_cut_by_their_width() {
    assert_eq!(shortened("智谱清言", 5), "智谱…");
    assert_eq!(shortened("智谱", 4), "智谱");
    assert_eq!(shortened("abcdef", 4), "abc…");
}
