//! What a folder has, on the disk or in an object store.

use std::collections::BTreeSet;
use std::io;

use object_store::ObjectStoreScheme;
use url::Url;

use crate::error::EngineError;
use crate::plan::address::{self, Address};

/// The names of files and folders in a folder.
pub(crate) async fn names(folder: &str) -> Result<BTreeSet<String>, EngineError> {
    let problem = |reason: String| EngineError::Input {
        address: address::shown(folder),
        reason,
    };
    if let Some(path) = address::local_path(folder) {
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(error) => return Err(problem(error.to_string())),
        };
        // A name that is no text is none that a location could mean.
        return entries
            .filter_map(|entry| match entry {
                Ok(entry) => entry.file_name().into_string().ok().map(Ok),
                Err(error) => Some(Err(problem(error.to_string()))),
            })
            .collect();
    }
    let scheme = Url::parse(folder).ok();
    let scheme = scheme.and_then(|url| Some(ObjectStoreScheme::parse(&url).ok()?.0));
    if scheme == Some(ObjectStoreScheme::Http) || folder.starts_with("hf://") {
        return Err(EngineError::NoListing {
            folder: address::shown(folder),
        });
    }
    let Address { store, path } = Address::of(folder)?;
    let listed = store
        .list_with_delimiter(Some(&path))
        .await
        .map_err(|error| problem(error.to_string()))?;
    let files = listed.objects.iter().map(|object| &object.location);
    let all = files.chain(&listed.common_prefixes);
    Ok(all
        .filter_map(|path| path.filename().map(str::to_owned))
        .collect())
}
