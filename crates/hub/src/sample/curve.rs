//! Piecewise-linear curves over 0..1, with exact areas. Only additions, subtractions,
//! multiplications and divisions, so that every machine finds the same numbers.

/// A curve through points with increasing positions, from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Curve {
    points: Vec<(f64, f64)>,
    /// The area from 0 to each point.
    areas: Vec<f64>,
}

impl Curve {
    /// The curve through `points`; positions must not decrease.
    pub(crate) fn new(points: Vec<(f64, f64)>) -> Self {
        let mut area = 0.0;
        let mut before: Option<(f64, f64)> = None;
        let mut areas = Vec::with_capacity(points.len());
        for &(position, value) in &points {
            if let Some((last, height)) = before {
                area += (position - last) * (height + value) * 0.5;
            }
            areas.push(area);
            before = Some((position, value));
        }
        Self { points, areas }
    }

    /// The points between which a position lies: position, height, area up to there.
    fn segment(&self, position: f64) -> Option<[(f64, f64, f64); 2]> {
        let last = self.points.len().checked_sub(1)?;
        let at = self.points.partition_point(|point| point.0 < position);
        let at = at.clamp(1.min(last), last);
        let from = at.saturating_sub(1);
        Some([from, at].map(|at| (self.points[at].0, self.points[at].1, self.areas[at])))
    }

    /// The curve's height at a position.
    pub(crate) fn value(&self, position: f64) -> f64 {
        let Some([from, to]) = self.segment(position) else {
            return 0.0;
        };
        let width = to.0 - from.0;
        if width > 0.0 {
            from.1 + (to.1 - from.1) * ((position - from.0) / width)
        } else {
            to.1
        }
    }

    /// The area under the curve from 0 to a position.
    pub(crate) fn area(&self, position: f64) -> f64 {
        let Some([from, _]) = self.segment(position) else {
            return 0.0;
        };
        from.2 + (position - from.0) * (from.1 + self.value(position)) * 0.5
    }

    /// The height at the end.
    pub(crate) fn top(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.1)
    }

    /// The same curve, its part after `from` stretched upwards by a factor, and cut off at `cap`.
    pub(crate) fn stretched(&self, from: f64, factor: f64, cap: f64) -> Self {
        let base = self.value(from);
        let lift = |value: f64| base + (value - base) * factor;
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(self.points.len() + 2);
        points.extend(self.points.iter().filter(|point| point.0 < from));
        points.push((from, base));
        let mut before = (from, base);
        for &(position, value) in self.points.iter().filter(|point| point.0 > from) {
            let value = lift(value);
            if value > cap && before.1 < cap {
                let part = (cap - before.1) / (value - before.1);
                points.push((before.0 + (position - before.0) * part, cap));
            }
            points.push((position, if value > cap { cap } else { value }));
            before = (position, value);
        }
        Self::new(points)
    }
}
