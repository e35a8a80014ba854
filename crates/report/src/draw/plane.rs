//! Figures of two measures: points, and the Lorenz curve.

use crate::draw::lines::vertical;
use crate::draw::{FONT, is_narrow};
use crate::number::{Unit, exact};
use crate::plot::Plot;
use crate::scale::{Scale, rounded_up};
use crate::svg::{Anchor, Svg};
use crate::text::{fitting, width};

/// How many points have their names beside them.
const NAMED: usize = 12;

pub(super) fn points(plot: &Plot, points: &[(String, f64, f64)], wide: f64) -> Svg {
    let mut svg = Svg::new(wide);
    let (top, bottom) = frame(wide);
    let range = |values: &dyn Fn(&(String, f64, f64)) -> f64, onto| {
        let low = points.iter().map(values).fold(f64::INFINITY, f64::min);
        let high = points.iter().map(values).fold(f64::NEG_INFINITY, f64::max);
        if plot.is_log {
            Scale::log((low, high), onto)
        } else {
            Scale::linear((low.min(0.0), rounded_up(high, 5)), onto)
        }
    };
    let up = range(&|point| point.2, (bottom, top));
    let margin = vertical(&mut svg, &plot.unit, &up, &up.ticks(6), 0.0);
    let across = range(&|point| point.1, (margin + 8.0, wide - 12.0));
    let unit = Unit::new(&plot.x_title);
    let title = unit.title();
    below(&mut svg, (&unit, &title), &across, &across.ticks(6), bottom);
    // Those drawn last are above: the first of the table.
    for (name, x, y) in points.iter().rev() {
        let title = format!(
            "{name}: {} {}, {} {}",
            exact(*x),
            unit.title(),
            exact(*y),
            plot.unit.title()
        );
        svg.circle("dot", (across.place(*x), up.place(*y)), 4.0, &title);
    }
    let mut taken: Vec<(f64, f64, f64)> = Vec::new();
    let named = if is_narrow(wide) { NAMED / 3 } else { NAMED };
    for (name, x, y) in points {
        if taken.len() == named {
            break;
        }
        let name = fitting(name, FONT - 1.0, wide * 0.4);
        let long = width(&name, FONT - 1.0);
        let (x, y) = (across.place(*x), up.place(*y) - 8.0);
        let from = (x - long / 2.0).clamp(margin, wide - long);
        let is_free = taken.iter().all(|(left, right, row)| {
            from > *right || from + long < *left || (y - row).abs() > 15.0
        });
        if is_free && y > 12.0 {
            svg.text("t n", (from, y), Anchor::Start, &name);
            taken.push((from, from + long, y));
        }
    }
    svg.height = bottom + 44.0;
    svg
}

pub(super) fn lorenz(plot: &Plot, points: &[(f64, f64)], wide: f64) -> Svg {
    let mut svg = Svg::new(wide);
    let (top, bottom) = frame(wide);
    let up = Scale::linear((0.0, 1.0), (bottom, top));
    let margin = vertical(&mut svg, &plot.unit, &up, &up.ticks(5), 0.0);
    let across = Scale::linear((0.0, 100.0), (margin + 4.0, wide - 12.0));
    let unit = Unit::new("%");
    let shares = Scale::linear((0.0, 1.0), (margin + 4.0, wide - 12.0));
    below(
        &mut svg,
        (&unit, &plot.x_title),
        &shares,
        &shares.ticks(5),
        bottom,
    );
    let place = |(x, y): &(f64, f64)| (across.place(*x), up.place(*y));
    let mut area: Vec<(f64, f64)> = points.iter().map(place).collect();
    let curve = area.clone();
    area.push((across.place(100.0), up.place(1.0)));
    area.push((across.place(0.0), up.place(0.0)));
    svg.path("area", &area, true, "");
    svg.path(
        "equal",
        &[place(&(0.0, 0.0)), place(&(100.0, 1.0))],
        false,
        "If all had the same",
    );
    let text = if is_narrow(wide) {
        "all equal"
    } else {
        "if all had the same"
    };
    let at = (across.place(50.0) - 8.0, up.place(0.5) - 6.0);
    svg.text("t m", at, Anchor::End, text);
    svg.path("l s0", &curve, false, "");
    for (x, y) in points {
        let title = format!("The first {x}% have {}", crate::number::percent(*y));
        svg.circle("c0", place(&(*x, *y)), 2.5, &title);
    }
    svg.height = bottom + 44.0;
    svg
}

fn frame(wide: f64) -> (f64, f64) {
    (24.0, if is_narrow(wide) { 264.0 } else { 384.0 })
}

/// The values below a figure, and what they count.
fn below(svg: &mut Svg, (unit, title): (&Unit, &str), across: &Scale, ticks: &[f64], bottom: f64) {
    let end = svg.width;
    let mut free = f64::NEG_INFINITY;
    for tick in ticks {
        let x = across.place(*tick);
        let text = unit.tick(*tick);
        let half = width(&text, FONT) / 2.0;
        svg.line("g", (x, 24.0), (x, bottom));
        if x - half > free {
            let x = x.min(end - half);
            svg.text("t m", (x, bottom + 18.0), Anchor::Middle, &text);
            free = x + half + 8.0;
        }
    }
    svg.text("t m", (end, bottom + 36.0), Anchor::End, title);
}
