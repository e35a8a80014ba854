//! Lines along an axis of times or of steps.

use crate::draw::bars::said;
use crate::draw::{FONT, colour, is_narrow, legend};
use crate::number::Unit;
use crate::plot::Plot;
use crate::scale::{Scale, rounded_up};
use crate::svg::{Anchor, Svg};
use crate::text::width;

/// More points of a line than these are not marked one by one.
const MARKED: usize = 60;

/// A line's name and its values; `None` where it has none.
type Line = (String, Vec<Option<f64>>);

/// Where a point is, its value, and its place on the axis in words.
type Placed<'a> = ((f64, f64), f64, &'a str);

pub(super) fn lines(plot: &Plot, xs: &[(f64, String)], lines: &[Line], wide: f64) -> Svg {
    let unit = &plot.unit;
    let mut svg = Svg::new(wide);
    let names: Vec<(String, Option<usize>)> = match lines {
        [_] => Vec::new(),
        _ => lines
            .iter()
            .enumerate()
            .map(|(at, (name, _))| (name.clone(), Some(at)))
            .collect(),
    };
    let top = legend(&mut svg, &names, true);
    let values = || {
        lines
            .iter()
            .flat_map(|(_, values)| values.iter().flatten().copied())
    };
    let high = values().fold(0.0, f64::max);
    let low = values().fold(0.0, f64::min);
    let height = if is_narrow(wide) { 220.0 } else { 300.0 };
    let (above, below) = (top + 24.0, top + 24.0 + height);
    let scale = if plot.is_log {
        let least = values().filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        Scale::log((least.min(high), high.max(1e-12)), (below, above))
    } else {
        Scale::linear((low, rounded_up(high, 5)), (below, above))
    };
    let ticks = scale.ticks(5);
    let margin = vertical(&mut svg, unit, &scale, &ticks, top);
    let across = Scale::linear((0.0, 1.0), (margin + 4.0, wide - 8.0));
    horizontal(&mut svg, xs, &across, below);
    for (index, (name, values)) in lines.iter().enumerate() {
        let placed: Vec<Option<Placed<'_>>> = xs
            .iter()
            .zip(values)
            .map(|((x, label), value)| {
                let value = value.filter(|value| !plot.is_log || *value > 0.0)?;
                Some((
                    (across.place(*x), scale.place(value)),
                    value,
                    label.as_str(),
                ))
            })
            .collect();
        // Where there is no value the line is broken.
        for run in placed.split(Option::is_none) {
            let points: Vec<(f64, f64)> = run.iter().flatten().map(|(at, ..)| *at).collect();
            if points.len() > 1 {
                let class = format!("l {}", colour("s", Some(index)));
                svg.path(&class, &points, false, name);
            }
        }
        let marks: Vec<&Placed<'_>> = placed.iter().flatten().collect();
        for (at, value, label) in marks.iter().filter(|_| marks.len() <= MARKED) {
            let title = match lines {
                [_] => said(unit, label, None, *value),
                _ => said(unit, label, Some(name), *value),
            };
            svg.circle(&colour("c", Some(index)), *at, 3.0, &title);
        }
    }
    svg.height = below + 30.0;
    svg
}

/// Grid lines with their values, and the unit above them; the width of the values.
pub(super) fn vertical(svg: &mut Svg, unit: &Unit, scale: &Scale, ticks: &[f64], top: f64) -> f64 {
    let texts: Vec<String> = ticks.iter().map(|tick| unit.tick(*tick)).collect();
    let margin = texts
        .iter()
        .map(|text| width(text, FONT))
        .fold(0.0, f64::max)
        + 8.0;
    svg.text("t m", (0.0, top + 12.0), Anchor::Start, &unit.title());
    for (tick, text) in ticks.iter().zip(&texts) {
        let y = scale.place(*tick);
        let end = svg.width;
        svg.line("g", (margin, y), (end, y));
        svg.text("t m", (margin - 6.0, y + 4.5), Anchor::End, text);
    }
    margin
}

/// As many names below the axis as have room.
fn horizontal(svg: &mut Svg, xs: &[(f64, String)], across: &Scale, below: f64) {
    let longest = xs
        .iter()
        .map(|(_, name)| width(name, FONT))
        .fold(0.0, f64::max)
        + 14.0;
    let end = svg.width;
    let mut free = f64::NEG_INFINITY;
    for (x, name) in xs {
        let at = across.place(*x);
        svg.line("g", (at, below), (at, below + 3.0));
        let half = width(name, FONT) / 2.0;
        let (from, to) = (at - half, at + half);
        if from < free || from < -2.0 {
            continue;
        }
        if to > end {
            if at - 2.0 * half > free {
                svg.text("t m", (end, below + 18.0), Anchor::End, name);
                free = f64::INFINITY;
            }
            continue;
        }
        svg.text("t m", (at, below + 18.0), Anchor::Middle, name);
        free = from + longest.max(2.0 * half + 14.0);
    }
}
