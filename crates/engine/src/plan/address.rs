//! Addresses of files outside the lake.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use crate::error::EngineError;

/// An object in a store.
pub(crate) struct Address {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) path: Path,
}

impl Address {
    pub(crate) fn of(address: &str) -> Result<Self, EngineError> {
        let (store, path) = hubcensus_lake::object_at(address)?;
        Ok(Self { store, path })
    }
}

/// The path, if the address is on this machine.
pub(crate) fn local_path(address: &str) -> Option<PathBuf> {
    match address.strip_prefix("file://") {
        Some(_) => Url::parse(address).ok()?.to_file_path().ok(),
        None => (!address.contains("://")).then(|| PathBuf::from(address)),
    }
}

/// An address as it may be shown and kept: without the name, password and
/// signature that open it.
pub(crate) fn shown(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (host, path) = match rest.split_once('/') {
        Some((host, path)) => (host, Some(path)),
        None => (rest, None),
    };
    let host = host.rsplit('@').next().unwrap_or(host);
    match path {
        Some(path) => format!("{scheme}://{host}/{path}"),
        None => format!("{scheme}://{host}"),
    }
}

/// The last part of an address.
pub(crate) fn file_name(address: &str) -> &str {
    address.rsplit(['/', '\\']).next().unwrap_or(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_an_address_is_not_shown() {
        for (address, as_shown) in [
            ("data/a?b#c@d.csv", "data/a?b#c@d.csv"),
            ("s3://bucket/a/{date}.csv", "s3://bucket/a/{date}.csv"),
            (
                "https://me:word@host:81/a@b.csv?sig=1#x",
                "https://host:81/a@b.csv",
            ),
            ("https://host?sig=1", "https://host"),
        ] {
            assert_eq!(shown(address), as_shown);
        }
    }
}
