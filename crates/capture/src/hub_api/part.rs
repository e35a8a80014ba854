//! A part in place of everything: which, how it is called, and what that makes of the snapshot.

use std::fmt;
use std::str::FromStr;

use hubcensus_spec::{Coverage, SnapshotDate};

/// What the first of a ranking are first by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Downloads of the last 30 days.
    Downloads,
    /// Likes.
    Likes,
    /// The trending score.
    Trending,
}

impl Measure {
    const ALL: [(&'static str, &'static str, Self); 3] = [
        ("downloads", "downloads", Self::Downloads),
        ("likes", "likes", Self::Likes),
        ("trending", "trendingScore", Self::Trending),
    ];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(.., measure)| *measure == self)
            .map_or("", |(name, ..)| name)
    }

    /// As the Hub sorts by it.
    pub(crate) fn key(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(.., measure)| *measure == self)
            .map_or("", |(_, key, _)| key)
    }
}

impl FromStr for Measure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self::ALL.iter();
        let found = all.find(|(name, ..)| *name == text);
        found
            .map(|(.., measure)| *measure)
            .ok_or_else(|| format!("`{text}` is no measure: expected downloads, likes or trending"))
    }
}

/// Which repositories are captured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Part {
    /// All that are public.
    #[default]
    Whole,
    /// The first by a measure.
    First {
        /// How many.
        rows: u64,
        /// By what.
        by: Measure,
    },
    /// Those of one account.
    Author(String),
    /// Those made on this day (UTC) or later.
    CreatedSince(SnapshotDate),
}

impl Part {
    /// How much of everything that is.
    pub fn coverage(&self) -> Coverage {
        match self {
            Self::Whole => Coverage::Census,
            Self::First { .. } => Coverage::Ranking,
            Self::Author(_) | Self::CreatedSince(_) => Coverage::Sample,
        }
    }

    /// Which part that is, in words; `None` if it is everything.
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::First { rows, by } => Some(format!(
                "the first {rows} by {}",
                match by {
                    Measure::Trending => "trending score",
                    other => other.name(),
                }
            )),
            Self::Author(author) => Some(format!("those of the account {author}")),
            Self::CreatedSince(date) => Some(format!("those created on {date} or later")),
        }
    }

    /// What distinguishes its files from those of everything: `-first-1000-by-likes`.
    pub fn suffix(&self) -> String {
        match self {
            Self::Whole => String::new(),
            Self::First { rows, by } => format!("-first-{rows}-by-{}", by.name()),
            Self::Author(author) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                let name: String = author
                    .chars()
                    .map(|c| if plain(c) { c } else { '_' })
                    .collect();
                format!("-of-{name}")
            }
            Self::CreatedSince(date) => format!("-created-since-{date}"),
        }
    }

    /// What the Hub sorts by. What does not move while it is listed, wherever the order is free:
    /// then nothing is missed or doubled by pages that follow one another.
    pub(crate) fn sort(&self) -> &'static str {
        match self {
            Self::First { by, .. } => by.key(),
            _ => "createdAt",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().unwrap_or_else(|| "everything".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_told_from_the_whole() {
        let first = Part::First {
            rows: 1_000,
            by: "trending".parse().unwrap(),
        };
        assert_eq!(first.suffix(), "-first-1000-by-trending");
        assert_eq!(first.words().unwrap(), "the first 1000 by trending score");
        assert_eq!(first.coverage(), Coverage::Ranking);
        assert_eq!(first.sort(), "trendingScore");
        let of = Part::Author("a/../b".to_owned());
        assert_eq!(of.suffix(), "-of-a_.._b");
        assert_eq!(of.coverage(), Coverage::Sample);
        assert_eq!(Part::Whole.suffix(), "");
        assert!("size".parse::<Measure>().is_err());
    }
}
