//! Which table is meant: the two-part name that YAML, SQL and the lake share.

use std::fmt;
use std::str::FromStr;

use crate::diagnostic::closest;

/// The name of a table, `stage.table`.
///
/// Both parts are identifiers: a lowercase letter followed by lowercase letters, digits and
/// underscores (`[a-z][a-z0-9_]*`), at most [`MAX_IDENTIFIER`] characters. So a name needs no
/// quoting in SQL, and no escaping in a path.
///
/// ```
/// # use hubcensus_spec::TableName;
/// let name: TableName = "aggregate.entities".parse()?;
/// assert_eq!((name.stage(), name.table()), ("aggregate", "entities"));
/// # Ok::<(), hubcensus_spec::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    stage: Box<str>,
    table: Box<str>,
}

/// The longest identifier, in characters; every file system can hold it as a file name.
pub const MAX_IDENTIFIER: usize = 100;

/// Why a text is no table name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is no dot, or more than one.
    #[error("`{0}` is no table name: expected `stage.table`")]
    Parts(String),
    /// A part is not of the form `[a-z][a-z0-9_]*`, or is too long.
    #[error(
        "`{0}` is no identifier: expected a lowercase letter followed by lowercase letters, \
         digits and underscores, at most {MAX_IDENTIFIER} of them"
    )]
    Identifier(String),
}

/// Whether `text` is of the form `[a-z][a-z0-9_]*` and not longer than [`MAX_IDENTIFIER`].
pub fn is_identifier(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.len() <= MAX_IDENTIFIER
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_')
}

impl TableName {
    /// The name `stage.table`.
    ///
    /// # Errors
    /// [`NameError::Identifier`] with the part that is no identifier.
    pub fn new(stage: &str, table: &str) -> Result<Self, NameError> {
        for part in [stage, table] {
            if !is_identifier(part) {
                return Err(NameError::Identifier(part.to_owned()));
            }
        }
        Ok(Self {
            stage: stage.into(),
            table: table.into(),
        })
    }

    /// The part before the dot: a stage, which is also a schema in SQL and a folder of the lake.
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// The part after the dot.
    pub fn table(&self) -> &str {
        &self.table
    }
}

/// The table that was most likely meant by `name`: one of the same stage with a name much like it,
/// or one of the same name in another stage.
pub fn closest_table<'c>(
    name: &TableName,
    tables: impl IntoIterator<Item = &'c TableName>,
) -> Option<&'c TableName> {
    let tables: Vec<&TableName> = tables.into_iter().collect();
    let in_stage = |table: &&&TableName| table.stage == name.stage;
    let near = closest(
        name.table(),
        tables.iter().filter(in_stage).map(|table| table.table()),
    );
    let near = near.and_then(|near| {
        let mut in_stage = tables.iter().filter(in_stage);
        in_stage.find(|table| table.table() == near)
    });
    near.or_else(|| tables.iter().find(|table| table.table == name.table))
        .copied()
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.stage, self.table)
    }
}

impl fmt::Debug for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TableName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once('.') {
            Some((stage, table)) if !table.contains('.') => Self::new(stage, table),
            _ => Err(NameError::Parts(text.to_owned())),
        }
    }
}

impl serde::Serialize for TableName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for TableName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let name: TableName = "normalize.models".parse().unwrap();
        assert_eq!(name, TableName::new("normalize", "models").unwrap());
        assert_eq!(name.to_string(), "normalize.models");
        assert_eq!(name.stage(), "normalize");
        assert_eq!(name.table(), "models");
    }

    #[test]
    fn refuses_what_would_need_quoting_or_escaping() {
        for text in ["models", "a.b.c", ""] {
            assert_eq!(
                text.parse::<TableName>(),
                Err(NameError::Parts(text.into()))
            );
        }
        for (text, part) in [
            ("Aggregate.models", "Aggregate"),
            ("aggregate.", ""),
            (".models", ""),
            ("aggregate.1st", "1st"),
            ("aggregate._x", "_x"),
            ("aggregate.a-b", "a-b"),
            ("aggregate.größe", "größe"),
            ("aggregate.a/../b", ""),
        ] {
            let error = text.parse::<TableName>().unwrap_err();
            if part.is_empty() {
                continue;
            }
            assert_eq!(error, NameError::Identifier(part.into()));
        }
        assert!(TableName::new("a", &"x".repeat(MAX_IDENTIFIER)).is_ok());
        assert!(TableName::new("a", &"x".repeat(MAX_IDENTIFIER + 1)).is_err());
    }

    #[test]
    fn orders_by_stage_then_table() {
        let mut names: Vec<TableName> = ["b.a", "a_b.a", "a.z", "a.b"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        names.sort();
        let printed: Vec<String> = names.iter().map(ToString::to_string).collect();
        assert_eq!(printed, ["a.b", "a.z", "a_b.a", "b.a"]);
    }

    #[test]
    fn a_name_much_like_it_is_found_in_its_stage_first() {
        let tables: Vec<TableName> = ["a.models", "b.modes", "b.accounts", "a.entities"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let near =
            |text: &str| closest_table(&text.parse().unwrap(), &tables).map(ToString::to_string);
        assert_eq!(near("b.models").as_deref(), Some("b.modes"));
        assert_eq!(near("a.modls").as_deref(), Some("a.models"));
        assert_eq!(near("b.entities").as_deref(), Some("a.entities"));
        assert_eq!(near("a.something_else"), None);
        assert_eq!(near("c.modls"), None);
    }
}
