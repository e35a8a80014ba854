//! A condition on one column, as `show` takes it.

use std::str::FromStr;

/// How a column is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`; what has no value is not equal to any.
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `like`: `%` is any text, `_` any character, upper and lower case alike.
    Like,
}

/// A condition on one column, as `show` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// The text of the value.
    pub value: String,
}

/// A text that is no [`Condition`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no condition: expected COLUMN=VALUE, or one of != < <= > >= like in place of the ="
)]
pub struct ConditionError(String);

/// `COLUMN=VALUE`, with `=`, `!=`, `<`, `<=`, `>`, `>=` or ` like `.
impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let column: String = text.trim_start().chars().take_while(|c| word(*c)).collect();
        let rest = text.trim_start().strip_prefix(&column).unwrap_or_default();
        let found = [
            ("!=", Comparison::NotEqual),
            ("<>", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("=", Comparison::Equal),
            ("like ", Comparison::Like),
            ("LIKE ", Comparison::Like),
        ];
        let spaced = rest.trim_start();
        let found = found.into_iter().find_map(|(sign, comparison)| {
            Some((
                comparison,
                spaced.strip_prefix(sign)?,
                spaced.len() < rest.len(),
            ))
        });
        match found {
            Some((comparison, value, space)) if !column.is_empty() => Ok(Self {
                column,
                comparison,
                // `a = b` is written with spaces on both sides or on none.
                value: if space { value.trim() } else { value }.to_owned(),
            }),
            _ => Err(ConditionError(text.to_owned())),
        }
    }
}
