//! What generated datasets, spaces, papers and accounts hold to, parsed from CSV texts.

use std::collections::BTreeMap;

use super::Kind;
use crate::sample::curve::Curve;
use crate::sample::draw::{Draws, Weighted};
use crate::sample::error::SampleError;
use crate::sample::table::Table;

const KINDS: &str = "kinds.csv";
const CURVES: &str = "kind_curves.csv";
/// The choice under which single numbers stand.
const MEASURE: &str = "measure";

/// The CSV texts that [`KindFacts::parse`] reads, each with a header.
#[derive(Clone, Copy, Debug)]
pub struct KindTexts<'t> {
    /// `kinds.csv`: numbers, and values with their weights among the oldest and the newest.
    pub kinds: &'t str,
    /// `kind_curves.csv`: distributions as piecewise-linear curves.
    pub curves: &'t str,
}

/// By kind and name.
type Named<T> = BTreeMap<(String, String), T>;

/// What the kinds beside models hold to.
#[derive(Clone, Debug)]
pub struct KindFacts {
    measures: Named<f64>,
    choices: Named<Choice>,
    curves: Named<Curve>,
}

/// Values with their weights among the oldest and among the newest.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    early: Weighted<String>,
    late: Weighted<String>,
}

impl Choice {
    /// A value for what was made when this part (of 1) of all time had passed.
    pub(super) fn pick(&self, passed: f64, draws: &mut Draws) -> &str {
        let late = draws.chance(passed);
        let weights = if late { &self.late } else { &self.early };
        weights.pick(draws.unit()).map_or("", String::as_str)
    }
}

impl KindFacts {
    /// Parses the texts.
    ///
    /// # Errors
    /// The first column or field that is missing or not what it should be, with file and line.
    pub fn parse(texts: &KindTexts<'_>) -> Result<Self, SampleError> {
        let (mut measures, mut choices) = (BTreeMap::new(), BTreeMap::<_, Choice>::new());
        let table = Table::read(KINDS, texts.kinds)?;
        for row in table.rows() {
            let kind = row.required("kind")?.to_owned();
            let (choice, value) = (row.required("choice")?, row.required("value")?);
            let weight = row.number("weight", 0.0, 1e9)?;
            if choice == MEASURE {
                measures.insert((kind, value.to_owned()), weight);
                continue;
            }
            let of = choices.entry((kind, choice.to_owned())).or_default();
            of.early.push(value.to_owned(), weight);
            let late = row.number("late_weight", 0.0, 1e9)?;
            of.late.push(value.to_owned(), late);
        }
        let mut points = BTreeMap::<_, Vec<(f64, f64)>>::new();
        let table = Table::read(CURVES, texts.curves)?;
        for row in table.rows() {
            let name = (
                row.required("kind")?.to_owned(),
                row.required("curve")?.to_owned(),
            );
            let position = row.number("position", 0.0, 1.0)?;
            let of = points.entry(name).or_default();
            if of.last().is_some_and(|last| last.0 > position) {
                let found = position.to_string();
                return Err(row.refuse("position", "behind the one before", &found));
            }
            of.push((position, row.number("value", 0.0, 1e15)?));
        }
        let curves = points.into_iter();
        Ok(Self {
            measures,
            choices,
            curves: curves.map(|(name, of)| (name, Curve::new(of))).collect(),
        })
    }

    pub(super) fn measure(&self, kind: Kind, name: &str) -> Result<f64, SampleError> {
        found(KINDS, &self.measures, kind, name).copied()
    }

    pub(super) fn choice(&self, kind: Kind, name: &str) -> Result<&Choice, SampleError> {
        found(KINDS, &self.choices, kind, name)
    }

    pub(super) fn curve(&self, kind: Kind, name: &str) -> Result<&Curve, SampleError> {
        found(CURVES, &self.curves, kind, name)
    }
}

fn found<'f, T>(
    file: &'static str,
    all: &'f Named<T>,
    kind: Kind,
    name: &str,
) -> Result<&'f T, SampleError> {
    let key = (kind.name().to_owned(), name.to_owned());
    all.get(&key).ok_or_else(|| SampleError::Absent {
        file,
        name: format!("{} {name}", kind.name()),
    })
}
