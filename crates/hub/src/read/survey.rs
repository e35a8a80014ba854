//! What was found in a file beside its rows: columns that no row has, and values that were taken
//! otherwise than they stand there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::{Field, Step};

/// The rows at a file's beginning whose keys are looked at.
pub(super) const SAMPLED_ROWS: u64 = 100;
/// The most names of unread columns that are kept.
const MOST_UNREAD: usize = 500;

/// How a value was taken otherwise than it stands in the file. It does not cost the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// `NaN`, `Infinity` or `-Infinity`: null, and left out of a list.
    NotFinite,
    /// A boolean or a number where a text belongs, in a list of text: taken as its text.
    MemberNotText,
    /// A member of a list that cannot be taken (an object or a list among texts, a text among
    /// objects): left out.
    MemberLeftOut,
    /// A text that a path goes into, and that is no JSON object: null.
    NotJsonText,
}

impl Oddity {
    /// Every oddity.
    pub const ALL: [Oddity; 4] = [
        Oddity::NotFinite,
        Oddity::MemberNotText,
        Oddity::MemberLeftOut,
        Oddity::NotJsonText,
    ];

    /// Its stable name, in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Oddity::NotFinite => "not_finite",
            Oddity::MemberNotText => "member_not_text",
            Oddity::MemberLeftOut => "member_left_out",
            Oddity::NotJsonText => "not_json_text",
        }
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The odd values of one kind in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// The column.
    pub column: String,
    /// How its values are odd.
    pub oddity: Oddity,
    /// In how many values, of rows that were not set aside.
    pub values: u64,
    /// The first row that has one, as in the column [`ROW`](super::ROW).
    pub row: u64,
    /// The value there, as messages show it.
    pub found: String,
}

/// A column that no row of the file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// The column.
    pub column: String,
    /// The path at which it was looked for.
    pub path: String,
}

/// One odd value of the row that is being read: the column's index, how it is odd, and the value
/// as messages show it.
pub(super) type OddValue = (usize, Oddity, String);

/// How many odd values, and the first of them.
#[derive(Debug, Clone)]
struct Tally {
    values: u64,
    row: u64,
    found: String,
}

/// Odd values by column and kind.
#[derive(Debug, Default)]
pub(super) struct Oddities(BTreeMap<(usize, Oddity), Tally>);

impl Oddities {
    /// Counts an odd value. Rows must rise from call to call.
    pub(super) fn add(&mut self, row: u64, (column, oddity, found): OddValue) {
        self.0
            .entry((column, oddity))
            .and_modify(|tally| tally.values += 1)
            .or_insert(Tally {
                values: 1,
                row,
                found,
            });
    }
}

/// Whether the rows read so far have a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Presence {
    /// A row has it, be it as null.
    pub(super) has: bool,
    /// A row has all that is above it, and lacks it.
    pub(super) lacks: bool,
}

/// What the partitions of a file find beside its rows. Complete when all of them are read.
#[derive(Debug)]
pub struct Survey {
    fields: Vec<Field>,
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    presence: Vec<Presence>,
    odd: Oddities,
    unread: BTreeSet<String>,
}

impl Survey {
    pub(super) fn new(fields: &[Field]) -> Self {
        Survey {
            fields: fields.to_vec(),
            found: Mutex::new(Found {
                presence: vec![Presence::default(); fields.len()],
                ..Found::default()
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The odd values, by column in the order of the request, then by kind.
    pub fn odd(&self) -> Vec<Odd> {
        let found = self.lock();
        let odd = |(&(column, oddity), tally): (&(usize, Oddity), &Tally)| Odd {
            column: self.fields[column].name.clone(),
            oddity,
            values: tally.values,
            row: tally.row,
            found: tally.found.clone(),
        };
        found.odd.0.iter().map(odd).collect()
    }

    /// The columns that no row has, in the order of the request. What is below a null or an empty
    /// list in every row is not among them, for there it cannot be told.
    pub fn absent(&self) -> Vec<Absent> {
        let found = self.lock();
        let absent = |(field, presence): (&Field, &Presence)| {
            (presence.lacks && !presence.has).then(|| Absent {
                column: field.name.clone(),
                path: Step::show_path(&field.path),
            })
        };
        self.fields
            .iter()
            .zip(&found.presence)
            .filter_map(absent)
            .collect()
    }

    /// Paths that the file has and no column reads, sorted; in NDJSON and JSON those of the first
    /// hundred rows.
    pub fn unread(&self) -> Vec<String> {
        self.lock().unread.iter().cloned().collect()
    }

    /// Adds what a part of the rows has. Which part comes first does not matter.
    pub(super) fn add(&self, presence: impl Iterator<Item = Presence>, odd: Oddities) {
        let mut found = self.lock();
        for (all, part) in found.presence.iter_mut().zip(presence) {
            all.has |= part.has;
            all.lacks |= part.lacks;
        }
        for (of, part) in odd.0 {
            found
                .odd
                .0
                .entry(of)
                .and_modify(|all| {
                    all.values += part.values;
                    if part.row < all.row {
                        (all.row, all.found) = (part.row, part.found.clone());
                    }
                })
                .or_insert(part);
        }
    }

    /// Adds what is known of a column from the file's header or schema.
    pub(super) fn add_presence(&self, column: usize, has: bool) {
        let presence = &mut self.lock().presence[column];
        presence.has |= has;
        presence.lacks |= !has;
    }

    /// Notes the name of something that the file has, unless a column reads it; whether columns
    /// read something below it.
    pub(super) fn see(&self, path: &str) -> bool {
        let below = |field: &Field| {
            let wanted = Step::show_path(&field.path).replace("[]", "");
            match (wanted.strip_prefix(path), path.strip_prefix(&wanted)) {
                (Some(""), _) => Some(false),
                (Some(rest), _) if rest.starts_with('.') => Some(true),
                // A member of an object that is read as a whole.
                (_, Some(rest)) if rest.starts_with('.') => Some(false),
                _ => None,
            }
        };
        let wanted: Vec<bool> = self.fields.iter().filter_map(below).collect();
        if wanted.is_empty() {
            let unread = &mut self.lock().unread;
            if unread.len() < MOST_UNREAD {
                unread.insert(super::reject::shown(path));
            }
        }
        wanted.contains(&true) && !wanted.contains(&false)
    }

    /// Looks at the keys of a row of JSON.
    pub(super) fn look(&self, row: &str) {
        if let Ok(Value::Object(members)) = serde_json::from_str(row) {
            self.look_at(&members, "");
        }
    }

    fn look_at(&self, members: &serde_json::Map<String, Value>, above: &str) {
        for (key, value) in members {
            let path = format!("{above}{key}");
            if self.see(&path)
                && let Value::Object(members) = value
            {
                self.look_at(members, &format!("{path}."));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn what_is_read_is_not_among_the_unread() {
        let survey = Survey::new(&[
            Field::new("license", "card.license", Kind::Utf8),
            Field::new("base", "base.models[].id", Kind::ListUtf8),
            Field::new("config", "config", Kind::Json),
        ]);
        survey.look(r#"{"card":{"licence":"mit","license":null},"base":{"models":[{"x":1}],"y":2},"config":{"z":1},"other":{"k":1}}"#);
        survey.look("no JSON");
        assert_eq!(survey.unread(), ["base.y", "card.licence", "other"]);
    }

    #[test]
    fn the_first_row_speaks_whichever_part_comes_first() {
        let survey = Survey::new(&[Field::new("n", "n", Kind::Int64)]);
        for (row, found) in [(9, "Infinity"), (4, "NaN"), (6, "-Infinity")] {
            let mut odd = Oddities::default();
            odd.add(row, (0, Oddity::NotFinite, found.to_owned()));
            odd.add(row + 1, (0, Oddity::NotFinite, "later".to_owned()));
            survey.add(std::iter::empty(), odd);
        }
        let odd = survey.odd();
        assert_eq!(odd.len(), 1);
        assert_eq!(
            (odd[0].values, odd[0].row, odd[0].found.as_str()),
            (6, 4, "NaN")
        );
    }
}
