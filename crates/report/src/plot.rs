//! What is drawn, before it has places: names, values and their order.

use crate::number::Unit;

/// How many parts, lines or groups have a colour of their own; the rest are grey, together.
pub(crate) const COLOURS: usize = 7;

/// A value with a name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) name: String,
    pub(crate) value: f64,
    /// The sum of what is not drawn by itself.
    pub(crate) is_rest: bool,
}

/// A figure's content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plot {
    pub(crate) unit: Unit,
    /// What the horizontal measure is, where there is one.
    pub(crate) x_title: String,
    pub(crate) is_log: bool,
    pub(crate) shape: Shape,
}

/// The kinds of figures.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Bars(Vec<Mark>),
    /// Parts, by the indices of their names; `None` is what is grey.
    Stacks {
        parts: Vec<String>,
        has_rest: bool,
        rows: Vec<(Mark, Vec<f64>)>,
    },
    /// Lines over places from 0 to 1, whose names are those of `xs`.
    Lines {
        xs: Vec<(f64, String)>,
        lines: Vec<(String, Vec<Option<f64>>)>,
    },
    /// Groups with their marks; without groups one without a name.
    Tree(Vec<(Mark, Vec<Mark>)>),
    Heat {
        columns: Vec<String>,
        rows: Vec<(String, Vec<Option<f64>>)>,
    },
    Points(Vec<(String, f64, f64)>),
    /// Percent and the share of the whole that they have.
    Lorenz(Vec<(f64, f64)>),
}

impl Shape {
    /// Whether there is nothing to draw.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Bars(marks) => marks.is_empty(),
            Self::Stacks { rows, .. } => rows.is_empty(),
            Self::Lines { lines, .. } => lines.is_empty(),
            Self::Tree(groups) => groups.iter().all(|(_, marks)| marks.is_empty()),
            Self::Heat { rows, .. } => rows.is_empty(),
            Self::Points(points) => points.is_empty(),
            Self::Lorenz(points) => points.is_empty(),
        }
    }
}
