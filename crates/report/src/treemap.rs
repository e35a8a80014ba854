//! Squarified treemaps (Bruls, Huizing and van Wijk, 2000).

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Rect {
    pub(crate) fn area(&self) -> f64 {
        self.width * self.height
    }
}

/// A rectangle for each value, whose areas are as the values, in their order. Values are positive
/// and best given in descending order: rows are then close to square.
pub(crate) fn squarified(values: &[f64], whole: Rect) -> Vec<Rect> {
    let sum: f64 = values.iter().sum();
    let mut rects = Vec::with_capacity(values.len());
    if sum <= 0.0 {
        return rects;
    }
    let areas: Vec<f64> = values.iter().map(|v| v / sum * whole.area()).collect();
    let mut free = whole;
    let mut rest = areas.as_slice();
    while !rest.is_empty() {
        let side = free.width.min(free.height);
        let mut count = 1;
        // A row grows as long as its worst rectangle gets no thinner.
        while count < rest.len() {
            let (now, more) = (rest.get(..count), rest.get(..=count));
            let better = worst(more.unwrap_or(rest), side) <= worst(now.unwrap_or(rest), side);
            if !better {
                break;
            }
            count += 1;
        }
        let (row, others) = rest.split_at(count);
        free = place(row, free, &mut rects);
        rest = others;
    }
    rects
}

/// Places a row along the shorter side; what is left.
fn place(row: &[f64], free: Rect, rects: &mut Vec<Rect>) -> Rect {
    let sum: f64 = row.iter().sum();
    if free.width >= free.height {
        let width = sum / free.height;
        let mut y = free.y;
        for area in row {
            let height = area / width;
            rects.push(Rect {
                x: free.x,
                y,
                width,
                height,
            });
            y += height;
        }
        return Rect {
            x: free.x + width,
            width: (free.width - width).max(0.0),
            ..free
        };
    }
    let height = sum / free.width;
    let mut x = free.x;
    for area in row {
        let width = area / height;
        rects.push(Rect {
            x,
            y: free.y,
            width,
            height,
        });
        x += width;
    }
    Rect {
        y: free.y + height,
        height: (free.height - height).max(0.0),
        ..free
    }
}

/// The largest ratio of the sides of the rectangles of a row along a side.
fn worst(row: &[f64], side: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let thickness = sum / side;
    let ratios = row.iter().map(|area| {
        let length = area / thickness;
        (length / thickness).max(thickness / length)
    });
    ratios.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the paper: 6, 6, 4, 3, 2, 2, 1 in a rectangle of 6 by 4.
    #[test]
    fn the_example_of_the_paper() {
        let whole = Rect {
            x: 0.0,
            y: 0.0,
            width: 6.0,
            height: 4.0,
        };
        let values = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0];
        let rects = squarified(&values, whole);
        // Two of 6 are a column of width 3; 4 and 3 a row of height 7/3 beside it; then 2.
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let is = |at: usize, x: f64, y: f64, width: f64, height: f64| {
            let r = rects[at];
            close(r.x, x) && close(r.y, y) && close(r.width, width) && close(r.height, height)
        };
        assert!(is(0, 0.0, 0.0, 3.0, 2.0), "{rects:?}");
        assert!(is(1, 0.0, 2.0, 3.0, 2.0), "{rects:?}");
        assert!(is(2, 3.0, 0.0, 12.0 / 7.0, 7.0 / 3.0), "{rects:?}");
        assert!(
            is(3, 3.0 + 12.0 / 7.0, 0.0, 9.0 / 7.0, 7.0 / 3.0),
            "{rects:?}"
        );
        assert!(is(4, 3.0, 7.0 / 3.0, 6.0 / 5.0, 5.0 / 3.0), "{rects:?}");
        for (rect, value) in rects.iter().zip(values) {
            assert!(close(rect.area(), value), "{rect:?}");
        }
    }

    #[test]
    fn areas_add_up_whatever_the_values() {
        let whole = Rect {
            x: 10.0,
            y: 20.0,
            width: 320.0,
            height: 480.0,
        };
        for values in [&[1.0][..], &[1e9, 1.0, 1.0, 1e-3], &[1.0; 97]] {
            let rects = squarified(values, whole);
            assert_eq!(rects.len(), values.len());
            let sum: f64 = rects.iter().map(Rect::area).sum();
            assert!((sum - whole.area()).abs() < 1e-6 * whole.area(), "{sum}");
            for r in &rects {
                assert!(r.x >= 10.0 - 1e-6 && r.x + r.width <= 330.0 + 1e-3, "{r:?}");
                assert!(
                    r.y >= 20.0 - 1e-6 && r.y + r.height <= 500.0 + 1e-3,
                    "{r:?}"
                );
            }
        }
        assert!(squarified(&[], whole).is_empty());
    }
}
