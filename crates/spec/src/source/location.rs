//! Where a source's snapshots lie: an address with the date in it.

use std::fmt;
use std::str::FromStr;

use crate::date::SnapshotDate;

const DATE: &str = "{date}";

/// What a location for several tables has in the place of their names.
pub(crate) const TABLE: &str = "{table}";

/// The address of a source's snapshots; `{date}` stands for the snapshot's date as `YYYY-MM-DD`, and
/// `*` in the file's name for any text: the snapshot is all files that are so called.
///
/// Which schemes there are is not this crate's affair: it may be a path or the address of any store.
///
/// ```
/// # use hubcensus_spec::LocationTemplate;
/// let location: LocationTemplate = "data/models_{date}.jsonl.zst".parse()?;
/// assert_eq!(location.at("2026-08-22".parse()?), "data/models_2026-08-22.jsonl.zst");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LocationTemplate(String);

/// Why a text is no location template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// There is nothing in it.
    #[error("the location is blank: expected a path or an address")]
    Blank,
    /// A placeholder other than `{date}`.
    #[error("`{0}` is no placeholder of a location: only `{DATE}` is")]
    Placeholder(String),
    /// A `*` that is not in the file's name.
    #[error("`*` may stand in the name of the file only, not in that of a folder")]
    Wildcard,
}

impl LocationTemplate {
    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the date is in it; otherwise every snapshot is read from the same place.
    pub fn has_date(&self) -> bool {
        self.0.contains(DATE)
    }

    /// The address of the snapshot of `date`.
    pub fn at(&self, date: SnapshotDate) -> String {
        self.0.replace(DATE, &date.to_string())
    }
}

impl FromStr for LocationTemplate {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.trim().is_empty() {
            return Err(LocationError::Blank);
        }
        for (start, _) in text.match_indices('{') {
            let inside = text.get(start..).unwrap_or_default();
            if let Some(end) = inside.find('}')
                && let Some(placeholder) = inside.get(..=end)
                && placeholder != DATE
            {
                return Err(LocationError::Placeholder(placeholder.to_owned()));
            }
        }
        let folder = text.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder.contains('*') {
            return Err(LocationError::Wildcard);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for LocationTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_goes_wherever_it_is_asked_for() {
        let date = "2026-08-22".parse().unwrap();
        let location: LocationTemplate = "s3://b/{date}/m-{date}.csv".parse().unwrap();
        assert_eq!(location.at(date), "s3://b/2026-08-22/m-2026-08-22.csv");
        let fixed: LocationTemplate = "m.csv".parse().unwrap();
        assert!(!fixed.has_date());
        assert_eq!(fixed.at(date), "m.csv");
    }

    #[test]
    fn other_placeholders_are_refused() {
        assert_eq!(
            "a/{dat}/b"
                .parse::<LocationTemplate>()
                .unwrap_err()
                .to_string(),
            "`{dat}` is no placeholder of a location: only `{date}` is"
        );
        assert_eq!(" ".parse::<LocationTemplate>(), Err(LocationError::Blank));
    }

    #[test]
    fn only_the_files_name_may_be_a_pattern() {
        for (location, good) in [
            ("a/{date}/*.csv", true),
            ("*_{date}.csv", true),
            ("s3://b/{date}*/a.csv", false),
        ] {
            let parsed = location.parse::<LocationTemplate>();
            assert_eq!(parsed.is_ok(), good, "{location}");
        }
    }
}
