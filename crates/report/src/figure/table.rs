//! What is drawn, as a table.

use hubcensus_spec::Chart;

use crate::number::{Unit, words};
use crate::plot::Shape;

/// What is drawn as a table.
pub(super) fn table(chart: &Chart, unit: &Unit, shape: &Shape) -> (Vec<String>, Vec<Vec<String>>) {
    let value = |value: f64| {
        if unit.is_share() {
            unit.short(value)
        } else {
            crate::number::exact(value)
        }
    };
    let (x, y) = (words(&chart.x), words(&chart.y));
    let by = chart.by.as_deref().map(words).unwrap_or_default();
    let cell = |number: &Option<f64>| number.map_or_else(|| "–".to_owned(), value);
    let beside = |first: &str, names: &[String]| {
        let mut header = vec![first.to_owned()];
        header.extend(names.iter().cloned());
        header
    };
    match shape {
        Shape::Bars(marks) => {
            let rows = marks.iter();
            let rows = rows.map(|mark| vec![mark.name.clone(), value(mark.value)]);
            (vec![x, y], rows.collect())
        }
        Shape::Stacks { parts, rows, .. } => {
            let rows = rows.iter().map(|(mark, values)| {
                let mut row = vec![mark.name.clone()];
                row.extend(values.iter().map(|number| value(*number)));
                row
            });
            (beside(&x, parts), rows.collect())
        }
        Shape::Lines { xs, lines } => {
            let names: Vec<String> = lines
                .iter()
                .map(|(name, _)| {
                    if name.is_empty() {
                        y.clone()
                    } else {
                        name.clone()
                    }
                })
                .collect();
            let rows = xs.iter().enumerate().map(|(at, (_, x))| {
                let mut row = vec![x.clone()];
                row.extend(
                    lines
                        .iter()
                        .map(|(_, values)| values.get(at).map_or_else(String::new, cell)),
                );
                row
            });
            (beside(&x, &names), rows.collect())
        }
        Shape::Tree(groups) => {
            let mut rows = Vec::new();
            for (group, marks) in groups {
                for mark in marks {
                    let mut row = vec![mark.name.clone()];
                    if chart.by.is_some() {
                        row.push(group.name.clone());
                    }
                    row.push(value(mark.value));
                    rows.push(row);
                }
            }
            let header = match chart.by {
                Some(_) => vec![x, by, y],
                None => vec![x, y],
            };
            (header, rows)
        }
        Shape::Heat { columns, rows } => {
            let rows = rows.iter().map(|(name, values)| {
                let mut row = vec![name.clone()];
                row.extend(values.iter().map(cell));
                row
            });
            (beside(&by, columns), rows.collect())
        }
        Shape::Points(points) => {
            let exact = crate::number::exact;
            let rows = points
                .iter()
                .map(|(name, x, y)| vec![name.clone(), exact(*x), value(*y)]);
            (vec![by, x, y], rows.collect())
        }
        Shape::Lorenz(points) => {
            let rows = points.iter().map(|(x, y)| vec![x.to_string(), value(*y)]);
            (vec![x, y], rows.collect())
        }
    }
}
