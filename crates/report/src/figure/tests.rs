use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};

use super::*;

fn chart(kind: ChartKind) -> Chart {
    Chart {
        kind,
        title: "T".to_owned(),
        section: "S".to_owned(),
        x: "x".to_owned(),
        y: "y".to_owned(),
        by: Some("by".to_owned()),
        unit: "downloads".to_owned(),
        filters: Vec::new(),
        names: Vec::new(),
        order: Order::Table,
        top: None,
        others: false,
        log: false,
    }
}

fn batch(rows: &[(&str, &str, Option<i64>)]) -> RecordBatch {
    let text = |values: Vec<&str>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let numbers: Vec<Option<i64>> = rows.iter().map(|row| row.2).collect();
    RecordBatch::try_from_iter([
        ("x", text(rows.iter().map(|row| row.0).collect())),
        ("by", text(rows.iter().map(|row| row.1).collect())),
        ("y", Arc::new(Int64Array::from(numbers)) as ArrayRef),
    ])
    .unwrap()
}

fn marks(shape: &Shape) -> Vec<(&str, f64, bool)> {
    let Shape::Bars(marks) = shape else {
        panic!("{shape:?}")
    };
    marks
        .iter()
        .map(|mark| (mark.name.as_str(), mark.value, mark.is_rest))
        .collect()
}

#[test]
fn the_first_bars_and_the_sum_of_all_others() {
    let rows = batch(&[
        ("a", "", Some(5)),
        ("b", "", Some(9)),
        ("c", "", None),
        ("d", "", Some(3)),
        ("e", "", Some(4)),
    ]);
    let mut chart = chart(ChartKind::Bar);
    chart.top = Some(2);
    let first = figure(&chart, &rows, &Names::new());
    assert_eq!(
        marks(&first.plot.shape),
        [("a", 5.0, false), ("b", 9.0, false)]
    );
    assert_eq!(
        first.notes,
        [
            "1 of 5 rows state no y and are not drawn.",
            "Drawn are the first 2 of 4."
        ]
    );
    chart.order = Order::Largest;
    chart.others = true;
    let largest = figure(&chart, &rows, &Names::new());
    // 3 and 4 are the others.
    assert_eq!(
        marks(&largest.plot.shape),
        [
            ("b", 9.0, false),
            ("a", 5.0, false),
            ("all others (2)", 7.0, true)
        ]
    );
    assert_eq!(largest.cells.last().unwrap(), &["all others (2)", "7"]);
}

#[test]
fn names_come_from_elsewhere() {
    let known = BTreeMap::from([("FR".to_owned(), "France".to_owned())]);
    let names = Names::from([("x", &known)]);
    let rows = batch(&[
        ("FR", "", Some(2)),
        ("unknown", "", Some(1)),
        (" ", "", Some(1)),
    ]);
    let figure = figure(&chart(ChartKind::Bar), &rows, &names);
    let names: Vec<&str> = marks(&figure.plot.shape)
        .iter()
        .map(|mark| mark.0)
        .collect();
    assert_eq!(names, ["France", "unknown", "not stated"]);
}

#[test]
fn parts_beyond_the_colours_are_one() {
    let text: Vec<String> = (0..10).map(|at| format!("p{at}")).collect();
    // p0 has 1, p1 has 2 … p9 has 10; of the bar `b` all is p9.
    let mut rows: Vec<(&str, &str, Option<i64>)> = text
        .iter()
        .zip(1..)
        .map(|(part, value)| ("a", part.as_str(), Some(value)))
        .collect();
    rows.push(("b", "p9", Some(7)));
    let figure = figure(&chart(ChartKind::StackedBar), &batch(&rows), &Names::new());
    let Shape::Stacks {
        parts,
        has_rest,
        rows,
    } = &figure.plot.shape
    else {
        panic!("{figure:?}")
    };
    assert!(has_rest);
    assert_eq!(
        parts,
        &["p9", "p8", "p7", "p6", "p5", "p4", "p3", "all others (3)"]
    );
    assert_eq!(rows[0].1, [10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 6.0]);
    assert_eq!(rows[1].1, [7.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(figure.notes, ["Grey is the sum of 3 more, each smaller."]);
}

#[test]
fn times_have_their_distance() {
    let rows = batch(&[
        ("2024-01", "a", Some(1)),
        ("2024-03", "a", Some(3)),
        ("2024-05", "b", Some(5)),
        ("unknown", "a", Some(9)),
        ("2024-02", "b", Some(2)),
    ]);
    let figure = figure(&chart(ChartKind::Line), &rows, &Names::new());
    let Shape::Lines { xs, lines } = &figure.plot.shape else {
        panic!("{figure:?}")
    };
    let places: Vec<(f64, &str)> = xs.iter().map(|(at, name)| (*at, name.as_str())).collect();
    assert_eq!(
        places,
        [
            (0.0, "Jan 2024"),
            (0.25, "Feb 2024"),
            (0.5, "Mar 2024"),
            (1.0, "May 2024")
        ]
    );
    assert_eq!(
        lines,
        &[
            ("a".to_owned(), vec![Some(1.0), None, Some(3.0), None]),
            ("b".to_owned(), vec![None, Some(2.0), None, Some(5.0)]),
        ]
    );
    assert_eq!(figure.notes, ["1 row without a date is not on the axis."]);
}

#[test]
fn a_group_is_as_large_as_its_marks() {
    let rows = batch(&[
        ("x1", "A", Some(5)),
        ("y1", "B", Some(8)),
        ("x2", "A", Some(6)),
        ("z", "A", Some(0)),
        ("y2", "B", Some(1)),
    ]);
    let mut chart = chart(ChartKind::Treemap);
    chart.top = Some(3);
    chart.others = true;
    let figure = figure(&chart, &rows, &Names::new());
    let Shape::Tree(groups) = &figure.plot.shape else {
        panic!("{figure:?}")
    };
    let groups: Vec<(&str, f64, usize)> = groups
        .iter()
        .map(|(group, marks)| (group.name.as_str(), group.value, marks.len()))
        .collect();
    assert_eq!(
        groups,
        [("A", 11.0, 2), ("B", 8.0, 1), ("all others", 1.0, 1)]
    );
}

#[test]
fn points_without_a_logarithm_are_told() {
    let numbers = |values: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(values)) };
    let rows = RecordBatch::try_from_iter([
        ("x", numbers(vec![10.0, 0.0, 5.0])),
        ("y", numbers(vec![1.0, 2.0, f64::NAN])),
        (
            "by",
            Arc::new(StringArray::from(vec!["a", "b", "c"])) as ArrayRef,
        ),
    ])
    .unwrap();
    let mut chart = chart(ChartKind::Scatter);
    chart.log = true;
    let figure = figure(&chart, &rows, &Names::new());
    assert_eq!(
        figure.plot.shape,
        Shape::Points(vec![("a".to_owned(), 10.0, 1.0)])
    );
    assert_eq!(figure.notes.len(), 2, "{:?}", figure.notes);
}
