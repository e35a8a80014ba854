//! From a chart and its rows to what is drawn.

mod table;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use hubcensus_spec::{Chart, ChartKind, Order};

use crate::number::{Unit, count, in_words, short, words};
use crate::plot::{COLOURS, Mark, Plot, Shape};
use crate::rows::{numbers, texts};

/// Marks that are drawn unless the chart says how many.
const BARS: usize = 20;
const CELLS: usize = 14;
const LEAVES: usize = 60;
/// Points and places on an axis.
const POINTS: usize = 1_000;
/// What has no name.
const NAMELESS: &str = "not stated";
/// The mark of what is beyond the first.
const OTHERS: &str = "all others";

/// Names that values have elsewhere, by column.
pub(crate) type Names<'a> = BTreeMap<&'a str, &'a BTreeMap<String, String>>;

/// What is drawn, and what is said about it.
#[derive(Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) plot: Plot,
    /// What is not drawn, and why, a sentence each.
    pub(crate) notes: Vec<String>,
    /// The data behind the marks: column titles and rows of cells.
    pub(crate) header: Vec<String>,
    pub(crate) cells: Vec<Vec<String>>,
}

/// A row: its mark, its part, and its measure.
struct Row {
    x: String,
    by: String,
    value: f64,
}

pub(crate) fn figure(chart: &Chart, batch: &RecordBatch, names: &Names<'_>) -> Figure {
    let unit = Unit::new(&chart.unit);
    let mut notes = Vec::new();
    let values = numbers(batch, &chart.y);
    let missing = values.iter().filter(|value| value.is_none()).count();
    if missing > 0 && missing < values.len() {
        let measure = words(&chart.y);
        notes.push(format!(
            "{} of {} rows state no {measure} and are not drawn.",
            count(missing),
            count(values.len())
        ));
    }
    let named = |column: &str| -> Vec<String> {
        let known = names.get(column);
        let texts = texts(batch, column).into_iter();
        let name = |text: Option<String>| {
            let text = text.filter(|text| !text.trim().is_empty());
            let text = text.unwrap_or_else(|| NAMELESS.to_owned());
            known
                .and_then(|known| known.get(&text))
                .cloned()
                .unwrap_or(text)
        };
        texts.map(name).collect()
    };
    // Large numbers as names are written as numbers; years are not large.
    let is_number = chart.kind == ChartKind::Bar;
    let large = |name: String| match name.parse::<i64>() {
        #[expect(clippy::cast_precision_loss, reason = "it is written in four digits")]
        Ok(number) if is_number && number >= 10_000 => short(number as f64),
        _ => name,
    };
    let xs: Vec<String> = named(&chart.x).into_iter().map(large).collect();
    let bys = chart.by.as_deref().map(named);
    let is_plane = matches!(chart.kind, ChartKind::Scatter | ChartKind::Lorenz);
    let mut rows: Vec<Row> = Vec::new();
    if !is_plane {
        for (at, (x, value)) in xs.into_iter().zip(&values).enumerate() {
            let Some(value) = *value else { continue };
            let by = bys.as_ref().and_then(|bys| bys.get(at).cloned());
            rows.push(Row {
                x,
                by: by.unwrap_or_default(),
                value,
            });
        }
    }
    let top = |most: usize| chart.top.unwrap_or(most);
    let shape = match chart.kind {
        ChartKind::Bar => Shape::Bars(bars(chart, rows, top(BARS), &mut notes)),
        ChartKind::StackedBar => stacks(chart, rows, top(BARS), &mut notes),
        ChartKind::Treemap => tree(chart, rows, top(LEAVES), &mut notes),
        ChartKind::HeatMap => heat(chart, rows, top(CELLS), &mut notes),
        ChartKind::Line => lines(rows, top(COLOURS), &mut notes),
        ChartKind::Scatter => {
            let points = numbers(batch, &chart.x).into_iter().zip(&values);
            let mut drawn = Vec::new();
            let mut without = 0;
            for (at, (x, y)) in points.enumerate().take(POINTS) {
                match (x, *y) {
                    (Some(x), Some(y)) if !chart.log || (x > 0.0 && y > 0.0) => {
                        let name = bys.as_ref().and_then(|bys| bys.get(at).cloned());
                        drawn.push((name.unwrap_or_default(), x, y));
                    }
                    (Some(_), Some(_)) => without += 1,
                    _ => {}
                }
            }
            if without > 0 {
                notes.push(format!(
                    "{without} have a 0, which has no place on a logarithmic scale, and are not drawn."
                ));
            }
            Shape::Points(drawn)
        }
        ChartKind::Lorenz => {
            let points = numbers(batch, &chart.x).into_iter().zip(&values);
            Shape::Lorenz(points.filter_map(|(x, y)| Some((x?, (*y)?))).collect())
        }
    };
    let (header, cells) = table::table(chart, &unit, &shape);
    Figure {
        plot: Plot {
            x_title: words(&chart.x),
            unit,
            is_log: chart.log,
            shape,
        },
        notes,
        header,
        cells,
    }
}

/// The sums of names, in the order of their first row or, if asked for, the largest first.
fn sums(chart: &Chart, rows: &[Row], name: impl Fn(&Row) -> &str) -> Vec<(String, f64)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sums: Vec<(String, f64)> = Vec::new();
    for row in rows {
        let name = name(row);
        match places.get(name).and_then(|at| sums.get_mut(*at)) {
            Some((_, sum)) => *sum += row.value,
            None => {
                places.insert(name, sums.len());
                sums.push((name.to_owned(), row.value));
            }
        }
    }
    if chart.order == Order::Largest {
        sums.sort_by(|a, b| b.1.total_cmp(&a.1));
    }
    sums
}

fn mark((name, value): (String, f64)) -> Mark {
    Mark {
        name,
        value,
        is_rest: false,
    }
}

/// The first marks, and where it is asked for one for the sum of all others.
fn first(
    chart: &Chart,
    mut sums: Vec<(String, f64)>,
    most: usize,
    notes: &mut Vec<String>,
) -> Vec<Mark> {
    let all = sums.len();
    let rest = sums.split_off(most.min(all));
    let mut marks: Vec<Mark> = sums.into_iter().map(mark).collect();
    if rest.is_empty() {
        return marks;
    }
    let place = match chart.order {
        Order::Largest => "largest",
        Order::Table => "first",
    };
    let others = rest.len();
    if chart.others {
        notes.push(format!(
            "Drawn are the {place} {most} of {}, and the other {} as one.",
            count(all),
            count(others)
        ));
        marks.push(Mark {
            name: format!("{OTHERS} ({})", count(others)),
            value: rest.iter().map(|(_, value)| value).sum(),
            is_rest: true,
        });
    } else {
        notes.push(format!("Drawn are the {place} {most} of {}.", count(all)));
    }
    marks
}

fn bars(chart: &Chart, rows: Vec<Row>, most: usize, notes: &mut Vec<String>) -> Vec<Mark> {
    let sums = sums(chart, &rows, |row| &row.x);
    first(chart, sums, most, notes)
}

fn stacks(chart: &Chart, rows: Vec<Row>, most: usize, notes: &mut Vec<String>) -> Shape {
    let marks = first(chart, sums(chart, &rows, |row| &row.x), most, notes);
    // Where bars are in the order of their size, parts are in that of the rows, else by size.
    let by_rows = Chart {
        order: Order::Table,
        ..chart.clone()
    };
    let parts = sums(&by_rows, &rows, |row| &row.by);
    let (parts, has_rest) = coloured(parts, chart.order == Order::Largest, notes);
    let place: BTreeMap<&str, usize> = marks
        .iter()
        .enumerate()
        .filter(|(_, mark)| !mark.is_rest)
        .map(|(at, mark)| (mark.name.as_str(), at))
        .collect();
    let part: BTreeMap<&str, usize> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| (part.as_str(), at))
        .collect();
    let mut values = vec![vec![0.0; parts.len()]; marks.len()];
    for row in &rows {
        // A mark that is not drawn by itself is among the last, if that is drawn.
        let at = place.get(row.x.as_str()).copied().or_else(|| {
            let last = marks.len().checked_sub(1)?;
            marks.get(last).filter(|mark| mark.is_rest).map(|_| last)
        });
        let by = part.get(row.by.as_str()).copied();
        let by = by.unwrap_or(parts.len().saturating_sub(1));
        let cell = at.and_then(|at| values.get_mut(at)?.get_mut(by));
        if let Some(cell) = cell {
            *cell += row.value;
        }
    }
    Shape::Stacks {
        rows: marks.into_iter().zip(values).collect(),
        has_rest,
        parts,
    }
}

/// The names that have a colour, the largest first, and then what all others are called.
fn coloured(
    mut sums: Vec<(String, f64)>,
    as_rows: bool,
    notes: &mut Vec<String>,
) -> (Vec<String>, bool) {
    if !as_rows || sums.len() > COLOURS + 1 {
        sums.sort_by(|a, b| b.1.total_cmp(&a.1));
    }
    let has_rest = sums.len() > COLOURS + 1;
    if !has_rest {
        // One more than there are colours is grey under its own name.
        let is_grey = sums.len() > COLOURS;
        return (sums.into_iter().map(|(name, _)| name).collect(), is_grey);
    }
    let others = sums.len() - COLOURS;
    notes.push(format!("Grey is the sum of {others} more, each smaller."));
    let names = sums.into_iter().take(COLOURS).map(|(name, _)| name);
    (
        names.chain([format!("{OTHERS} ({others})")]).collect(),
        true,
    )
}

fn tree(chart: &Chart, rows: Vec<Row>, most: usize, notes: &mut Vec<String>) -> Shape {
    let rows: Vec<Row> = rows.into_iter().filter(|row| row.value > 0.0).collect();
    let mut sums = sums(chart, &rows, |row| &row.x);
    sums.sort_by(|a, b| b.1.total_cmp(&a.1));
    let largest = Chart {
        order: Order::Largest,
        ..chart.clone()
    };
    let marks = first(&largest, sums, most, notes);
    if chart.by.is_none() {
        let whole = marks.iter().map(|mark| mark.value).sum();
        let whole = mark((String::new(), whole));
        return Shape::Tree(vec![(whole, marks)]);
    }
    let group_of: BTreeMap<&str, &str> = rows
        .iter()
        .map(|row| (row.x.as_str(), row.by.as_str()))
        .collect();
    let mut groups: BTreeMap<&str, Vec<Mark>> = BTreeMap::new();
    for mark in marks {
        let group = match mark.is_rest {
            true => OTHERS,
            false => group_of
                .get(mark.name.as_str())
                .copied()
                .unwrap_or_default(),
        };
        groups.entry(group).or_default().push(mark);
    }
    let mut groups: Vec<(Mark, Vec<Mark>)> = groups
        .into_iter()
        .map(|(name, marks)| {
            let value = marks.iter().map(|mark| mark.value).sum();
            let is_rest = marks.iter().all(|mark| mark.is_rest);
            let name = name.to_owned();
            (
                Mark {
                    name,
                    value,
                    is_rest,
                },
                marks,
            )
        })
        .collect();
    groups.sort_by(|(a, _), (b, _)| a.is_rest.cmp(&b.is_rest).then(b.value.total_cmp(&a.value)));
    merge_small(&mut groups);
    Shape::Tree(groups)
}

/// More groups than there are colours are one, grey.
fn merge_small(groups: &mut Vec<(Mark, Vec<Mark>)>) {
    if groups.len() <= COLOURS {
        return;
    }
    let mut merged = groups.split_off(COLOURS);
    let mut marks: Vec<Mark> = merged.drain(..).flat_map(|(_, marks)| marks).collect();
    marks.sort_by(|a, b| a.is_rest.cmp(&b.is_rest).then(b.value.total_cmp(&a.value)));
    let whole = Mark {
        name: OTHERS.to_owned(),
        value: marks.iter().map(|mark| mark.value).sum(),
        is_rest: true,
    };
    groups.push((whole, marks));
}

fn heat(chart: &Chart, rows: Vec<Row>, most: usize, notes: &mut Vec<String>) -> Shape {
    let columns = sums(chart, &rows, |row| &row.x);
    let lines = sums(chart, &rows, |row| &row.by);
    let limited = |sums: Vec<(String, f64)>, most: usize, what: &str, notes: &mut Vec<String>| {
        if sums.len() > most {
            let all = sums.len();
            notes.push(format!("Drawn are the first {most} of {all} {what}."));
        }
        let names = sums.into_iter().take(most).map(|(name, _)| name);
        names.collect::<Vec<String>>()
    };
    let columns = limited(columns, most, "columns", notes);
    let lines = limited(lines, BARS, "rows", notes);
    let mut cells: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for row in &rows {
        *cells.entry((&row.by, &row.x)).or_default() += row.value;
    }
    let values = |by: &str| {
        let cell = |x: &String| cells.get(&(by, x.as_str())).copied();
        columns.iter().map(cell).collect::<Vec<Option<f64>>>()
    };
    let rows = lines.iter().map(|by| (by.clone(), values(by))).collect();
    Shape::Heat { columns, rows }
}

fn lines(rows: Vec<Row>, most: usize, notes: &mut Vec<String>) -> Shape {
    let mut xs: Vec<String> = Vec::new();
    for row in &rows {
        if !xs.contains(&row.x) {
            xs.push(row.x.clone());
        }
    }
    let are_times = xs.iter().filter(|x| moment(x).is_some()).count() * 2 > xs.len();
    if are_times {
        let undated: Vec<String> = xs.extract_if(.., |x| moment(x).is_none()).collect();
        if !undated.is_empty() {
            let sum = rows.iter().filter(|row| undated.contains(&row.x)).count();
            notes.push(match sum {
                1 => "1 row without a date is not on the axis.".to_owned(),
                sum => format!("{} rows without a date are not on the axis.", count(sum)),
            });
        }
        xs.sort();
    }
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for row in &rows {
        *sums.entry(&row.by).or_insert_with(|| {
            order.push(&row.by);
            0.0
        }) += row.value.abs();
    }
    order.sort_by(|a, b| {
        let sum = |name: &str| sums.get(name).copied().unwrap_or_default();
        sum(b).total_cmp(&sum(a))
    });
    let most = most.min(COLOURS);
    if order.len() > most {
        let all = order.len();
        notes.push(format!("Drawn are the {most} largest of {all} lines."));
        order.truncate(most);
    }
    let place: BTreeMap<&str, usize> = xs
        .iter()
        .enumerate()
        .map(|(at, x)| (x.as_str(), at))
        .collect();
    let line = |by: &str| {
        let mut values = vec![None; xs.len()];
        for row in rows.iter().filter(|row| row.by == by) {
            let at = place.get(row.x.as_str());
            if let Some(value) = at.and_then(|at| values.get_mut(*at)) {
                *value = Some(value.unwrap_or(0.0) + row.value);
            }
        }
        (by.to_owned(), values)
    };
    let lines = order.iter().map(|by| line(by)).collect();
    Shape::Lines {
        xs: placed(&xs, are_times),
        lines,
    }
}

/// Where names stand on an axis from 0 to 1, and how they are written there.
fn placed(xs: &[String], are_times: bool) -> Vec<(f64, String)> {
    let last = xs.len().saturating_sub(1).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a number of places")]
    let even = |at: usize| at as f64 / last as f64;
    let times = xs.iter().filter_map(|x| moment(x));
    let (first, end) = times.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
        (low.min(at), high.max(at))
    });
    let place = |(at, x): (usize, &String)| {
        let moment = moment(x).filter(|_| are_times && end > first);
        let place = moment.map_or_else(|| even(at), |at| (at - first) / (end - first));
        (
            place,
            in_words(x).map_or_else(|| x.clone(), |words| brief(&words)),
        )
    };
    xs.iter().enumerate().map(place).collect()
}

/// `Aug 2026` of `August 2026`.
fn brief(words: &str) -> String {
    let parts = words.split(' ').map(|part| match part.parse::<u32>() {
        Ok(_) => part,
        Err(_) => part.get(..3).unwrap_or(part),
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// Months, and parts of them, since the year 0, of a year, a month or a date.
fn moment(text: &str) -> Option<f64> {
    let mut parts = text.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?;
    let year: f64 = year.parse::<u16>().ok()?.into();
    let mut part = |otherwise: u8, most: u8| match parts.next() {
        None => Some(otherwise),
        Some(part) => part.parse().ok().filter(|part| (1..=most).contains(part)),
    };
    let (month, day) = (part(1, 12)?, part(1, 31)?);
    Some(year * 12.0 + f64::from(month - 1) + f64::from(day - 1) / 31.0)
}

#[cfg(test)]
mod tests;
