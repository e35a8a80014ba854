//! Which snapshots a source has: those dates for which its location names a
//! file. One folder is listed, and nothing below it but what a date leads to.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use hubcensus_spec::SnapshotDate;
use object_store::ObjectStoreExt as _;

use crate::error::EngineError;
use crate::plan::address::{self, Address};
use crate::plan::{listing, wildcard};

/// Stands for a date in a location.
pub(crate) const DATE: &str = "{date}";
/// The bytes of a date.
const LENGTH: usize = 10;
/// Names of a folder that a message shows.
const SHOWN: usize = 5;
/// Requests under way at a time.
const AT_ONCE: usize = 16;

/// The dates for which `location` names a file.
///
/// # Errors
///
/// A location without `{date}`, one that cannot be listed, or one that matches
/// nothing.
pub(crate) async fn discover(location: &str) -> Result<BTreeSet<SnapshotDate>, EngineError> {
    let Some((head, tail)) = location.split_once(DATE) else {
        return Err(EngineError::NoDates {
            location: address::shown(location),
        });
    };
    let (folder, name) = match head.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((folder, name)) => (folder, name),
        None => (".", head),
    };
    let (ending, below) = match tail.split_once('/') {
        Some((ending, below)) => (ending, Some(below)),
        None => (tail, None),
    };
    let names = listing::names(folder).await?;
    let dated: BTreeMap<SnapshotDate, &String> = names
        .iter()
        .filter_map(|found| {
            let date = dates_in(found).find(|(at, date)| {
                let (before, after) = found.split_at(*at);
                let ending = ending.replace(DATE, &date.to_string());
                wildcard::fits(name, before) && wildcard::fits(&ending, &after[LENGTH..])
            });
            Some((date?.1, found))
        })
        .collect();
    let dates = match below {
        None => dated.into_keys().collect(),
        Some(below) => {
            let there = stream::iter(dated).map(|(date, found)| async move {
                let below = below.replace(DATE, &date.to_string());
                let there = is_there(&format!("{folder}/{found}/{below}")).await?;
                Ok::<_, EngineError>(there.then_some(date))
            });
            let there: Vec<_> = there.buffered(AT_ONCE).try_collect().await?;
            there.into_iter().flatten().collect::<BTreeSet<_>>()
        }
    };
    if dates.is_empty() {
        return Err(nothing(location, folder, &names));
    }
    Ok(dates)
}

/// The dates in a name, each with where it begins.
fn dates_in(name: &str) -> impl Iterator<Item = (usize, SnapshotDate)> + '_ {
    let starts = 0..=name.len().saturating_sub(LENGTH);
    starts.filter_map(|at| Some((at, name.get(at..at + LENGTH)?.parse().ok()?)))
}

async fn is_there(file: &str) -> Result<bool, EngineError> {
    if let Some((folder, pattern)) = wildcard::split(file) {
        return Ok(!wildcard::files(folder, pattern).await?.is_empty());
    }
    if let Some(path) = address::local_path(file) {
        return Ok(path.exists());
    }
    let Address { store, path } = Address::of(file)?;
    match store.head(&path).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(EngineError::Input {
            address: address::shown(file),
            reason: error.to_string(),
        }),
    }
}

fn nothing(location: &str, folder: &str, names: &BTreeSet<String>) -> EngineError {
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    let folder_shown = address::shown(folder);
    let gone = address::local_path(folder).is_some_and(|path| !path.exists());
    let found = match names.len() {
        0 if gone => format!("there is no folder {folder_shown}"),
        0 => format!("{folder_shown} has no files"),
        n if n > SHOWN => format!(
            "{folder_shown} has {} and {} more",
            shown.join(", "),
            n - SHOWN
        ),
        _ => format!("{folder_shown} has {}", shown.join(", ")),
    };
    EngineError::NoSnapshots {
        location: address::shown(location),
        found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in [
            "books_2024-03-01.csv",
            "books_2024-03-02.csv",
            "books_2024-03-02.csv.part",
            "books_2024-02-30.csv",
            "notes.txt",
            "2024-05-01/books.csv",
            "2024-05-02/films.csv",
            // Neither is entered.
            "old/books_2023-01-01.csv",
            "2024-05-03/2024-05-04/books.csv",
        ] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        dir
    }

    async fn found(dir: &tempfile::TempDir, location: &str) -> Result<Vec<String>, String> {
        let location = format!("{}/{location}", dir.path().display());
        let dates = discover(&location).await.map_err(|e| e.to_string())?;
        Ok(dates.iter().map(ToString::to_string).collect())
    }

    #[tokio::test]
    async fn dates_are_found_in_names_of_files_and_folders() {
        let dir = folder();
        for (location, dates) in [
            ("books_{date}.csv", vec!["2024-03-01", "2024-03-02"]),
            ("{date}/books.csv", vec!["2024-05-01"]),
            ("{date}/{date}/books.csv", vec![]),
            ("old/books_{date}.csv", vec!["2023-01-01"]),
            ("{date}/*.csv", vec!["2024-05-01", "2024-05-02"]),
            ("{date}/*.json", vec![]),
            ("*_{date}.csv", vec!["2024-03-01", "2024-03-02"]),
            ("books_{date}.csv*", vec!["2024-03-01", "2024-03-02"]),
        ] {
            let found = found(&dir, location).await;
            if dates.is_empty() {
                assert!(found.is_err(), "{location}");
            } else {
                assert_eq!(found.unwrap(), dates, "{location}");
            }
        }
    }

    #[tokio::test]
    async fn where_nothing_matches_is_told_with_what_is_there() {
        let dir = folder();
        let here = dir.path().display();
        for (location, what) in [
            (
                "book_{date}.csv",
                format!(
                    "no file matches {here}/book_{{date}}.csv: {here} has 2024-05-01, 2024-05-02, \
                     2024-05-03, books_2024-02-30.csv, books_2024-03-01.csv and 4 more"
                ),
            ),
            (
                "old/{date}.csv",
                format!("{here}/old has books_2023-01-01.csv"),
            ),
            (
                "nowhere/{date}.csv",
                format!("there is no folder {here}/nowhere"),
            ),
        ] {
            let error = found(&dir, location).await.unwrap_err();
            assert!(error.contains(&what), "{error}\n{what}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_name_that_is_no_text_is_passed_over() {
        use std::os::unix::ffi::OsStrExt as _;
        let dir = folder();
        let odd = std::ffi::OsStr::from_bytes(b"books_\xff.csv");
        std::fs::write(dir.path().join(odd), "").unwrap();
        let found = found(&dir, "books_{date}.csv").await.unwrap();
        assert_eq!(found, ["2024-03-01", "2024-03-02"]);
    }

    #[tokio::test]
    async fn a_web_server_is_not_listed() {
        let error = discover("https://user:word@example.com/a/{date}.csv?sig=x").await;
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("https://example.com/a cannot be listed"),
            "{error}"
        );
        assert!(error.contains("--dates 2026-08-19..2026-08-22"), "{error}");
    }
}
