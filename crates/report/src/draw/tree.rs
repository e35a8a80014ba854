//! Treemaps.

use crate::draw::bars::said;
use crate::draw::{FONT, colour, is_narrow, legend};
use crate::plot::{Mark, Plot};
use crate::svg::{Anchor, Svg};
use crate::text::{fitting, width};
use crate::treemap::{Rect, squarified};

pub(super) fn tree(plot: &Plot, groups: &[(Mark, Vec<Mark>)], wide: f64) -> Svg {
    let mut svg = Svg::new(wide);
    let is_grouped = groups.iter().any(|(group, _)| !group.name.is_empty());
    let names: Vec<(String, Option<usize>)> = groups
        .iter()
        .enumerate()
        .filter(|_| is_grouped)
        .map(|(at, (group, _))| (group.name.clone(), (!group.is_rest).then_some(at)))
        .collect();
    let top = legend(&mut svg, &names, false);
    let height = if is_narrow(wide) {
        wide * 1.25
    } else {
        wide * 0.56
    };
    let whole = Rect {
        x: 0.0,
        y: top,
        width: wide,
        height,
    };
    let sums: Vec<f64> = groups.iter().map(|(group, _)| group.value).collect();
    for (index, ((group, marks), area)) in groups.iter().zip(squarified(&sums, whole)).enumerate() {
        let values: Vec<f64> = marks.iter().map(|mark| mark.value).collect();
        for (mark, rect) in marks.iter().zip(squarified(&values, area)) {
            let index = (!group.is_rest && (is_grouped || !mark.is_rest)).then_some(index);
            leaf(&mut svg, plot, (group, mark), index, rect);
        }
    }
    svg.height = top + height;
    svg
}

fn leaf(
    svg: &mut Svg,
    plot: &Plot,
    (group, mark): (&Mark, &Mark),
    index: Option<usize>,
    rect: Rect,
) {
    let unit = &plot.unit;
    let title = match group.name.as_str() {
        "" => said(unit, &mark.name, None, mark.value),
        _ if group.name == mark.name => said(unit, &mark.name, None, mark.value),
        name => said(unit, name, Some(&mark.name), mark.value),
    };
    let class = format!("p {}", colour("c", index));
    svg.rect(&class, (rect.x, rect.y), (rect.width, rect.height), &title);
    let room = rect.width - 12.0;
    if room < 24.0 || rect.height < 20.0 {
        return;
    }
    let name = fitting(&mark.name, FONT, room);
    if name.chars().count() < 4 && name != mark.name {
        return;
    }
    let class = format!("t {}", colour("i", index));
    svg.text(&class, (rect.x + 6.0, rect.y + 16.0), Anchor::Start, &name);
    let value = unit.short(mark.value);
    if rect.height > 38.0 && width(&value, FONT) < room {
        svg.text(&class, (rect.x + 6.0, rect.y + 33.0), Anchor::Start, &value);
    }
}
