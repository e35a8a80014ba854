//! Drawing figures, at the width of a page and at that of a telephone.

mod bars;
mod heat;
mod lines;
mod plane;
mod tree;

use crate::plot::{COLOURS, Plot, Shape};
use crate::svg::{Anchor, Svg};
use crate::text::{fitting, width};

/// The width that figures have on a page.
pub(crate) const WIDE: f64 = 760.0;
/// The width that they have on a telephone.
pub(crate) const NARROW: f64 = 336.0;
/// The size of the font.
const FONT: f64 = 13.0;

/// Draws a figure so wide.
pub(crate) fn draw(plot: &Plot, width: f64) -> Svg {
    match &plot.shape {
        Shape::Bars(marks) => bars::bars(plot, marks, width),
        Shape::Stacks {
            parts,
            has_rest,
            rows,
        } => bars::stacks(plot, (parts, *has_rest), rows, width),
        Shape::Lines { xs, lines } => lines::lines(plot, xs, lines, width),
        Shape::Tree(groups) => tree::tree(plot, groups, width),
        Shape::Heat { columns, rows } => heat::heat(plot, columns, rows, width),
        Shape::Points(points) => plane::points(plot, points, width),
        Shape::Lorenz(points) => plane::lorenz(plot, points, width),
    }
}

/// The class of a colour: one for each of the first, grey for all others.
fn colour(prefix: &str, index: Option<usize>) -> String {
    match index.filter(|index| *index < COLOURS) {
        Some(index) => format!("{prefix}{index}"),
        None => format!("{prefix}o"),
    }
}

/// Names beside their colours, in as many lines as they need; the height that they have.
fn legend(svg: &mut Svg, names: &[(String, Option<usize>)], is_line: bool) -> f64 {
    const SWATCH: f64 = 12.0;
    const LINE: f64 = 20.0;
    let (mut x, mut y) = (0.0, 0.0);
    for (name, index) in names {
        let name = fitting(name, FONT, svg.width - SWATCH - 8.0);
        let wide = SWATCH + 6.0 + width(&name, FONT) + 14.0;
        if x > 0.0 && x + wide - 14.0 > svg.width {
            x = 0.0;
            y += LINE;
        }
        if is_line {
            let middle = y + 7.0;
            svg.line(
                &format!("l {}", colour("s", *index)),
                (x, middle),
                (x + SWATCH + 4.0, middle),
            );
        } else {
            svg.rect(&colour("c", *index), (x, y + 1.0), (SWATCH, SWATCH), "");
        }
        svg.text("t", (x + SWATCH + 6.0, y + 12.0), Anchor::Start, &name);
        x += wide;
    }
    if names.is_empty() {
        0.0
    } else {
        y + LINE + 6.0
    }
}

/// Whether a figure of this width is for a telephone.
fn is_narrow(width: f64) -> bool {
    width < 500.0
}
