//! Heat maps.

use crate::draw::bars::said;
use crate::draw::{FONT, is_narrow};
use crate::plot::Plot;
use crate::svg::{Anchor, Svg};
use crate::text::{fitting, width};

/// How many shades there are.
const SHADES: usize = 9;
/// A row's height.
const ROW: f64 = 28.0;

pub(super) fn heat(
    plot: &Plot,
    columns: &[String],
    rows: &[(String, Vec<Option<f64>>)],
    wide: f64,
) -> Svg {
    let unit = &plot.unit;
    let most = rows
        .iter()
        .flat_map(|(_, values)| values.iter().flatten().copied())
        .fold(0.0, f64::max);
    let room = if is_narrow(wide) { 110.0 } else { wide * 0.25 };
    let longest = rows
        .iter()
        .map(|(name, _)| width(name, FONT))
        .fold(0.0, f64::max);
    let names = longest.min(room) + 8.0;
    #[expect(clippy::cast_precision_loss, reason = "a number of columns")]
    let count = columns.len() as f64;
    // Columns that were narrower could not be read: the figure is scrolled instead.
    let tilt = 46.0;
    let cell = ((wide - names - tilt) / count).clamp(38.0, 90.0);
    let mut svg = Svg::new((names + cell * count + tilt).max(NARROWEST));
    let column_room = 130.0;
    let tallest = columns
        .iter()
        .map(|name| width(name, FONT))
        .fold(0.0, f64::max);
    // The sine of the 40 degrees by which names rise.
    let top = tallest.min(column_room) * 0.643 + 12.0;
    let mut x = names;
    for column in columns {
        let name = fitting(column, FONT, column_room);
        svg.rising("t", (x + cell / 2.0, top - 6.0), &name);
        x += cell;
    }
    let mut y = top;
    for (name, values) in rows {
        let text = fitting(name, FONT, names - 8.0);
        svg.text("t", (names - 8.0, y + 18.0), Anchor::End, &text);
        let mut x = names;
        for (column, value) in columns.iter().zip(values) {
            if let Some(value) = value {
                let shade = shade(*value, most);
                let title = said(unit, name, Some(column), *value);
                svg.rect(&format!("p h{shade}"), (x, y), (cell, ROW), &title);
                let text = if unit.is_share() {
                    whole_percent(*value)
                } else {
                    unit.short(*value)
                };
                if width(&text, FONT - 2.0) < cell {
                    let class = if shade * 2 > SHADES { "u hd" } else { "u hl" };
                    svg.text(class, (x + cell / 2.0, y + 18.0), Anchor::Middle, &text);
                }
            } else {
                svg.rect("p none", (x, y), (cell, ROW), "");
            }
            x += cell;
        }
        y += ROW;
    }
    svg.height = y + 2.0;
    svg
}

/// The width below which a figure is not drawn.
const NARROWEST: f64 = 200.0;

/// Shades from 0, the lightest, in equal steps.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "between 0 and the number of shades"
)]
fn shade(value: f64, most: f64) -> usize {
    if most <= 0.0 {
        return 0;
    }
    let part = (value / most).clamp(0.0, 1.0);
    ((part * SHADES as f64) as usize).min(SHADES - 1)
}

/// A share in whole percent, as a cell has room for.
fn whole_percent(share: f64) -> String {
    match share {
        s if s > 0.0 && s < 0.005 => "<1%".to_owned(),
        s => format!("{:.0}%", s * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_are_equal_steps() {
        assert_eq!(shade(0.0, 0.9), 0);
        assert_eq!(shade(0.09, 0.9), 0);
        assert_eq!(shade(0.45, 0.9), 4);
        assert_eq!(shade(0.9, 0.9), 8);
        assert_eq!(shade(1.0, 0.0), 0);
        assert_eq!(whole_percent(0.004), "<1%");
        assert_eq!(whole_percent(0.126), "13%");
    }
}
