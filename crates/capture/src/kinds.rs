//! What there is to capture, and what is asked of each.

use std::fmt;
use std::str::FromStr;

/// A kind of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Model repositories.
    Models,
    /// Dataset repositories.
    Datasets,
    /// Spaces.
    Spaces,
    /// Daily papers.
    Papers,
    /// Overviews of users and organizations.
    Accounts,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Models,
        Self::Datasets,
        Self::Spaces,
        Self::Papers,
        Self::Accounts,
    ];

    /// Its name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Models => "models",
            Self::Datasets => "datasets",
            Self::Spaces => "spaces",
            Self::Papers => "papers",
            Self::Accounts => "accounts",
        }
    }

    /// How its files are called: as the archives call them, and the tables that read them.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Papers => "daily_papers",
            Self::Accounts => "account_facts",
            other => other.name(),
        }
    }

    /// Whether it is a list of repositories, with cursors and fields to choose.
    pub fn is_repository(self) -> bool {
        matches!(self, Self::Models | Self::Datasets | Self::Spaces)
    }

    /// The fields to ask for: those that the tables use, none besides.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Models => &[
                "author",
                "baseModels",
                "cardData",
                "createdAt",
                "disabled",
                "downloads",
                "downloadsAllTime",
                "gated",
                "gguf",
                "lastModified",
                "library_name",
                "likes",
                "pipeline_tag",
                "private",
                "safetensors",
                "sha",
                "tags",
                "trendingScore",
                "usedStorage",
            ],
            Self::Datasets => &[
                "author",
                "cardData",
                "createdAt",
                "disabled",
                "downloads",
                "downloadsAllTime",
                "gated",
                "lastModified",
                "likes",
                "mainSize",
                "private",
                "sha",
                "tags",
                "trendingScore",
                "usedStorage",
            ],
            Self::Spaces => &[
                "author",
                "cardData",
                "createdAt",
                "datasets",
                "disabled",
                "lastModified",
                "likes",
                "models",
                "private",
                "sdk",
                "sha",
                "tags",
                "trendingScore",
            ],
            Self::Papers | Self::Accounts => &[],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            format!("`{text}` is no kind of rows: expected {}", names.join(", "))
        })
    }
}
