//! Bars, whole and in parts.

use crate::draw::{FONT, colour, is_narrow, legend};
use crate::number::Unit;
use crate::plot::{Mark, Plot};
use crate::scale::{Scale, rounded_up};
use crate::svg::{Anchor, Svg};
use crate::text::{fitting, width};

/// Where the rows of a figure stand: on a telephone the name is above its bar.
struct Rows {
    top: f64,
    names: f64,
    height: f64,
    bar: f64,
    is_narrow: bool,
}

impl Rows {
    fn new<'m>(wide: f64, top: f64, marks: impl Iterator<Item = &'m Mark>) -> Self {
        let is_narrow = is_narrow(wide);
        let longest = marks
            .map(|mark| width(&mark.name, FONT))
            .fold(0.0, f64::max);
        Self {
            top,
            names: if is_narrow {
                0.0
            } else {
                longest.min(wide * 0.36) + 10.0
            },
            height: if is_narrow { 36.0 } else { 25.0 },
            bar: if is_narrow { 13.0 } else { 18.0 },
            is_narrow,
        }
    }

    /// Writes the name of a row; where its bar begins.
    fn name(&self, svg: &mut Svg, at: usize, mark: &Mark) -> f64 {
        let class = if mark.is_rest { "t m" } else { "t" };
        let y = self.y(at);
        if self.is_narrow {
            let name = fitting(&mark.name, FONT, svg.width);
            svg.text(class, (0.0, y + 12.0), Anchor::Start, &name);
            return y + 18.0;
        }
        let name = fitting(&mark.name, FONT, self.names - 10.0);
        svg.text(class, (self.names - 10.0, y + 14.0), Anchor::End, &name);
        y
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
    fn y(&self, at: usize) -> f64 {
        self.top + at as f64 * self.height
    }
}

pub(super) fn bars(plot: &Plot, marks: &[Mark], wide: f64) -> Svg {
    let unit = &plot.unit;
    let mut svg = Svg::new(wide);
    let texts: Vec<String> = marks.iter().map(|mark| unit.short(mark.value)).collect();
    let longest = texts
        .iter()
        .map(|text| width(text, FONT))
        .fold(0.0, f64::max)
        + 8.0;
    let low = marks.iter().map(|mark| mark.value).fold(0.0, f64::min);
    let high = marks.iter().map(|mark| mark.value).fold(0.0, f64::max);
    let rows = Rows::new(wide, 0.0, marks.iter());
    let scale = Scale::linear((low, high), (rows.names, wide - longest));
    let zero = scale.place(0.0);
    for (at, (mark, text)) in marks.iter().zip(&texts).enumerate() {
        let y = rows.name(&mut svg, at, mark);
        let end = scale.place(mark.value);
        let (from, to) = if end < zero { (end, zero) } else { (zero, end) };
        let class = if mark.is_rest { "co" } else { "c0" };
        let said = said(unit, &mark.name, None, mark.value);
        svg.rect(class, (from, y), ((to - from).max(1.0), rows.bar), &said);
        svg.text(
            "t v",
            (to + 6.0, y + rows.bar / 2.0 + 4.5),
            Anchor::Start,
            text,
        );
    }
    svg.height = rows.y(marks.len());
    if low < 0.0 {
        let bottom = svg.height;
        svg.line("a", (zero, 0.0), (zero, bottom));
    }
    svg
}

pub(super) fn stacks(
    plot: &Plot,
    (parts, has_rest): (&[String], bool),
    stacks: &[(Mark, Vec<f64>)],
    wide: f64,
) -> Svg {
    let unit = &plot.unit;
    let mut svg = Svg::new(wide);
    let names: Vec<(String, Option<usize>)> = parts
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let is_grey = has_rest && at + 1 == parts.len();
            (name.clone(), (!is_grey).then_some(at))
        })
        .collect();
    let top = legend(&mut svg, &names, false);
    let total = |values: &[f64]| values.iter().sum::<f64>();
    let most = stacks
        .iter()
        .map(|(_, values)| total(values))
        .fold(0.0, f64::max);
    // Parts of one whole each need no total.
    let is_whole = unit.is_share()
        && stacks
            .iter()
            .all(|(_, values)| (total(values) - 1.0).abs() < 1e-3);
    let longest = stacks
        .iter()
        .map(|(_, values)| width(&unit.short(total(values)), FONT))
        .fold(0.0, f64::max);
    let room = if is_whole { 0.0 } else { longest + 8.0 };
    let end = if is_whole { 1.0 } else { most };
    let rows = Rows::new(wide, top, stacks.iter().map(|(mark, _)| mark));
    let scale = Scale::linear((0.0, end), (rows.names, wide - room));
    for (at, (mark, values)) in stacks.iter().enumerate() {
        let y = rows.name(&mut svg, at, mark);
        let mut sum = 0.0;
        for ((name, index), value) in names.iter().zip(values) {
            let from = scale.place(sum);
            sum += value;
            let to = scale.place(sum);
            if to - from < 0.05 {
                continue;
            }
            let said = said(unit, &mark.name, Some(name), *value);
            let class = format!("p {}", colour("c", *index));
            svg.rect(&class, (from, y), (to - from, rows.bar), &said);
            let text = unit.short(*value);
            if width(&text, FONT - 2.0) + 6.0 < to - from {
                let class = format!("u {}", colour("i", *index));
                let at = ((from + to) / 2.0, y + rows.bar / 2.0 + 4.0);
                svg.text(&class, at, Anchor::Middle, &text);
            }
        }
        if !is_whole {
            let at = (scale.place(sum) + 6.0, y + rows.bar / 2.0 + 4.5);
            svg.text("t v", at, Anchor::Start, &unit.short(sum));
        }
    }
    svg.height = rows.y(stacks.len());
    if is_whole {
        axis(&mut svg, unit, &scale, rounded_up(end, 4));
    }
    svg
}

/// Marks below the rows.
fn axis(svg: &mut Svg, unit: &Unit, scale: &Scale, end: f64) {
    let y = svg.height + 14.0;
    for (at, share) in [0.0, 0.25, 0.5, 0.75, 1.0].iter().enumerate() {
        let anchor = match at {
            0 => Anchor::Start,
            4 => Anchor::End,
            _ => Anchor::Middle,
        };
        let value = share * end;
        svg.text("t m", (scale.place(value), y), anchor, &unit.tick(value));
    }
    svg.height += 20.0;
}

/// What is said of a mark: its name, its part, and the value with its unit.
pub(super) fn said(unit: &Unit, name: &str, part: Option<&str>, value: f64) -> String {
    let value = if unit.is_share() {
        unit.short(value)
    } else {
        format!("{} {}", crate::number::exact(value), unit.title())
    };
    match part {
        Some(part) => format!("{name}, {part}: {value}"),
        None => format!("{name}: {value}"),
    }
}
