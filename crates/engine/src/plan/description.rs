//! What the description beside a snapshot's file says of it.

use hubcensus_spec::{Coverage, description_name, enumerate};
use object_store::ObjectStoreExt as _;
use serde::Deserialize;

use crate::plan::address::{self, Address};
use crate::plan::input_file::{InputFile, NoFile};

/// What part of all there is a snapshot's files have, where they say so themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) coverage: Coverage,
    /// Which part, in words; none of a census.
    pub(crate) part: Option<String>,
}

/// The keys of a description that are read.
#[derive(Deserialize)]
struct Wire {
    coverage: String,
    #[serde(default)]
    part: Option<String>,
    /// BLAKE3 of the file that is described, in hexadecimal digits.
    #[serde(default)]
    hash: Option<String>,
}

/// What the description beside a file says; nothing where there is none.
///
/// # Errors
///
/// One that cannot be read or understood, or that is of another file.
pub(crate) async fn beside(file: &InputFile) -> Result<Option<Description>, NoFile> {
    let location = beside_location(file.location());
    let shown = address::shown(&location);
    let Some(json) = text(&location, &shown).await? else {
        return Ok(None);
    };
    let wrong = |what: String| {
        NoFile::Unusable(format!(
            "{shown}, which describes {}, {what}; take the snapshot again, or remove the description if the \
             file is what its source says",
            file.name()
        ))
    };
    let wire: Wire = serde_json::from_slice(&json)
        .map_err(|error| wrong(format!("cannot be understood ({error})")))?;
    if wire.hash.is_some_and(|hash| hash != file.hash) {
        return Err(wrong("has the hash of other bytes".to_owned()));
    }
    let Ok(coverage) = wire.coverage.parse::<Coverage>() else {
        let word = wire.coverage;
        return Err(wrong(format!(
            "says `coverage: {word}`, which is none of census, sample and ranking"
        )));
    };
    let part = wire.part.filter(|part| !part.trim().is_empty());
    match (coverage, &part) {
        (Coverage::Census, Some(part)) => {
            Err(wrong(format!("says that a census is a part ({part})")))
        }
        (Coverage::Sample | Coverage::Ranking, None) => Err(wrong(format!(
            "says that it is a {coverage}, and not of what (`part`)"
        ))),
        _ => Ok(Some(Description { coverage, part })),
    }
}

/// What the descriptions of a snapshot's files say together.
///
/// # Errors
///
/// Files of different coverage, or one that is described beside one that is not.
pub(crate) fn of_all(
    files: &[InputFile],
    each: Vec<Option<Description>>,
) -> Result<Option<Description>, NoFile> {
    let first = each.first().cloned().flatten();
    if each.iter().all(|one| *one == first) {
        return Ok(first);
    }
    let words = |said: &Option<Description>| match said {
        None => "not described".to_owned(),
        Some(Description {
            coverage,
            part: None,
        }) => coverage.to_string(),
        Some(Description {
            coverage,
            part: Some(part),
        }) => format!("{coverage}: {part}"),
    };
    let said: Vec<String> = files
        .iter()
        .zip(&each)
        .map(|(file, said)| format!("{} ({})", file.name(), words(said)))
        .collect();
    Err(NoFile::Unusable(format!(
        "the files of one snapshot do not cover the same: {}; read them as snapshots of their own",
        enumerate(said.iter().map(String::as_str))
    )))
}

fn beside_location(location: &str) -> String {
    // What opens a remote file (`?…`) belongs to its own name.
    let (path, opens) = match location.contains("://").then(|| location.split_once('?')) {
        Some(Some((path, opens))) => (path, format!("?{opens}")),
        _ => (location, String::new()),
    };
    match path.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/{}{opens}", description_name(name)),
        None => description_name(path) + &opens,
    }
}

async fn text(location: &str, shown: &str) -> Result<Option<Vec<u8>>, NoFile> {
    let failed = |error: String| NoFile::Unusable(format!("cannot read {shown}: {error}"));
    if let Some(path) = address::local_path(location) {
        return match std::fs::read(path) {
            Ok(json) => Ok(Some(json)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error.to_string())),
        };
    }
    let place = Address::of(location).map_err(|error| failed(error.to_string()))?;
    match place.store.get(&place.path).await {
        Ok(found) => {
            let json = found.bytes().await;
            Ok(Some(
                json.map_err(|error| failed(error.to_string()))?.to_vec(),
            ))
        }
        // A store that lets nobody list says "denied" of what is not there.
        Err(
            object_store::Error::NotFound { .. }
            | object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. },
        ) => Ok(None),
        Err(error) => Err(failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_beside_the_file() {
        for (location, expected) in [
            ("a.csv", "a.capture.json"),
            ("in/a_2026-01-01.jsonl.zst", "in/a_2026-01-01.capture.json"),
            ("s3://b/c/a.parquet", "s3://b/c/a.capture.json"),
            (
                "https://h/a.parquet?sig=x/y.z",
                "https://h/a.capture.json?sig=x/y.z",
            ),
        ] {
            assert_eq!(beside_location(location), expected);
        }
    }
}
