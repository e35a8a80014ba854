//! The states of an archive: which commits there are, and which of them is a day's.

use chrono::{DateTime, NaiveTime, Utc};
use hubcensus_spec::SnapshotDate;
use serde::Deserialize;

use crate::client::Client;
use crate::error::{Error, Result};

/// Commits to ask for on a page.
const PAGE: u64 = 1_000;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Commit {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) date: DateTime<Utc>,
}

impl Commit {
    /// Whether it may have changed a file: it names that one, or no file at all.
    fn concerns(&self, file: &str) -> bool {
        let name = file.rsplit('/').next().unwrap_or(file);
        let named = self
            .title
            .split(|c: char| c.is_whitespace() || "`'\",;:()".contains(c))
            .filter(|word| word.ends_with(".parquet"))
            .map(|word| word.rsplit('/').next().unwrap_or(word));
        let named: Vec<&str> = named.collect();
        named.is_empty() || named.contains(&name)
    }
}

/// The commits of a dataset repository from a moment on, the newest first.
///
/// # Errors
/// [`Error::Withdrawn`] if the archive is not there any more.
pub(crate) async fn since(client: &Client, repo: &str, from: DateTime<Utc>) -> Result<Vec<Commit>> {
    let query = [("limit", PAGE.to_string())];
    let mut url = client.address(&format!("api/datasets/{repo}/commits/main"), &query)?;
    let mut commits: Vec<Commit> = Vec::new();
    let mut asked = std::collections::HashSet::new();
    loop {
        let read = |answer: &crate::client::Answer| {
            serde_json::from_slice::<Vec<Commit>>(&answer.body).map_err(|error| error.to_string())
        };
        let page = client.get(&url, read).await;
        let (page, answer) = page.map_err(|error| withdrawn(repo, error))?;
        let passed = page.last().is_none_or(|last| last.date < from);
        commits.extend(page.into_iter().filter(|commit| commit.date >= from));
        let next = answer.next().map(|next| client.parse(next)).transpose()?;
        match next {
            Some(next) if !passed => {
                if !asked.insert(next.to_string()) {
                    return Err(Error::Loops {
                        page: asked.len() as u64 + 1,
                        url: next.to_string(),
                        why: "was asked for before".to_owned(),
                    });
                }
                url = next;
            }
            _ => break,
        }
    }
    // A history that was rewritten need not be in order.
    commits.sort_by_key(|commit| std::cmp::Reverse(commit.date));
    Ok(commits)
}

/// The commits of a day that may have the file's state of it, the last first.
pub(crate) fn of_day<'a>(commits: &'a [Commit], date: SnapshotDate, file: &str) -> Vec<&'a Commit> {
    let on = |commit: &&Commit| commit.date.format("%Y-%m-%d").to_string() == date.to_string();
    commits
        .iter()
        .filter(on)
        .filter(|commit| commit.concerns(file))
        .collect()
}

/// The first moment of a day.
pub(crate) fn midnight(date: SnapshotDate) -> DateTime<Utc> {
    chrono::NaiveDate::from(date)
        .and_time(NaiveTime::MIN)
        .and_utc()
}

/// What it means that an archive cannot be read.
pub(crate) fn withdrawn(repo: &str, error: Error) -> Error {
    let why = match &error {
        Error::Unauthorized { token, .. } => format!(
            "cannot be read (401): it was taken down, made private or never was{}; snapshots taken \
             before are not touched",
            if *token {
                ", or the token may not see it"
            } else {
                ""
            }
        ),
        Error::Refused {
            status: 403,
            message,
            ..
        } => format!(
            "is disabled (403: {message}): the Hub or its owner has closed it, and it may come \
             back; snapshots taken before are not touched"
        ),
        Error::Refused {
            status: 404,
            message,
            code,
            ..
        } if code.as_deref() != Some("RevisionNotFound")
            && code.as_deref() != Some("EntryNotFound") =>
        {
            format!(
                "is not there (404: {message}): it was deleted or renamed; name the new one with \
                 --repo"
            )
        }
        _ => return error,
    };
    Error::Withdrawn {
        repo: repo.to_owned(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(title: &str, date: &str) -> Commit {
        Commit {
            id: title.to_owned(),
            title: title.to_owned(),
            date: date.parse().unwrap(),
        }
    }

    #[test]
    fn a_day_has_the_commits_that_concern_the_file() {
        let commits = [
            commit(
                "Upload datasets.parquet with huggingface_hub",
                "2025-03-02T05:00:00Z",
            ),
            commit(
                "Upload models.parquet with huggingface_hub",
                "2025-03-02T04:00:00Z",
            ),
            commit("squash", "2025-03-02T00:00:00Z"),
            commit(
                "Upload models.parquet with huggingface_hub",
                "2025-03-01T23:59:59Z",
            ),
        ];
        let titles = |date: &str, file| -> Vec<&str> {
            let found = of_day(&commits, date.parse().unwrap(), file).into_iter();
            found
                .map(|commit| commit.title.split(' ').nth(1).unwrap_or("-"))
                .collect()
        };
        assert_eq!(
            titles("2025-03-02", "models.parquet"),
            ["models.parquet", "-"]
        );
        assert_eq!(titles("2025-03-01", "models.parquet"), ["models.parquet"]);
        assert!(titles("2025-03-01", "datasets.parquet").is_empty());
        assert!(titles("2025-03-03", "models.parquet").is_empty());
    }
}
