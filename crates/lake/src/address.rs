//! Where a lake is: from what a person writes to a store and a root in it.

pub(crate) mod hub;

use std::path::{Component, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use url::Url;

use crate::error::{Error, Result};

/// A store, and the place in it at which the lake begins.
pub(crate) struct Resolved {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) store_url: Url,
    pub(crate) root: Path,
    pub(crate) local_root: Option<PathBuf>,
}

/// Finds the store of a lake at `address`: a local path, or a URL.
pub(crate) fn resolve(address: &str) -> Result<Resolved> {
    if Url::parse(address).is_ok_and(|url| url.scheme() == hub::SCHEME) {
        return Err(Error::Address {
            address: address.to_owned(),
            why: "a source can read files of the Hub; a lake cannot be there".to_owned(),
        });
    }
    let resolved = place(address)?;
    if resolved
        .local_root
        .as_ref()
        .is_some_and(|root| root.is_file())
    {
        return Err(Error::Address {
            address: address.to_owned(),
            why: "it is a file, and a lake is a directory".to_owned(),
        });
    }
    Ok(resolved)
}

/// Finds the store of `address`, whatever lies there.
pub(crate) fn place(address: &str) -> Result<Resolved> {
    let wrong = |why: String| Error::Address {
        address: address.to_owned(),
        why,
    };
    if address.is_empty() {
        return Err(wrong(
            "it is empty; give a directory or a URL such as s3://bucket/lake".to_owned(),
        ));
    }
    if !address.contains("://") {
        return local(PathBuf::from(address)).map_err(wrong);
    }
    let url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
    match url.scheme() {
        "file" => {
            let path = url.to_file_path().map_err(|()| {
                wrong("a file URL has three slashes: file:///data/lake".to_owned())
            })?;
            local(path).map_err(wrong)
        }
        "memory" => Ok(Resolved {
            store: Arc::new(InMemory::new()),
            store_url: bare(&url).map_err(wrong)?,
            root: Path::from_url_path(url.path()).map_err(|error| wrong(error.to_string()))?,
            local_root: None,
        }),
        hub::SCHEME => {
            let endpoint = std::env::var("HF_ENDPOINT").ok();
            let url = hub::web_address(address, endpoint.as_deref()).map_err(wrong)?;
            let (store, root) = hub_store(&url).map_err(wrong)?;
            Ok(Resolved {
                store,
                store_url: bare(&url).map_err(wrong)?,
                root,
                local_root: None,
            })
        }
        _ => {
            let mut options = cloud_options();
            if url.scheme() == "http" {
                options.push(("allow_http".to_owned(), "true".to_owned()));
            }
            let (store, root) = object_store::parse_url_opts(&url, options)
                .map_err(|error| wrong(error.to_string()))?;
            Ok(Resolved {
                store: Arc::from(store),
                store_url: bare(&url).map_err(wrong)?,
                root,
                local_root: None,
            })
        }
    }
}

/// The Hub's web server, and the place of a URL there. A token (`HF_TOKEN`) opens repositories that are not public; it
/// goes to the Hub alone, and to none to which that redirects.
#[cfg(feature = "cloud")]
fn hub_store(url: &Url) -> Result<(Arc<dyn ObjectStore>, Path), String> {
    use object_store::http::HttpBuilder;
    use object_store::{ClientOptions, HeaderMap, HeaderValue};

    let mut headers = HeaderMap::new();
    if let Ok(token) = std::env::var("HF_TOKEN")
        && !token.trim().is_empty()
    {
        let mut value =
            HeaderValue::from_str(&format!("Bearer {}", token.trim())).map_err(|_| {
                "HF_TOKEN is no token: it has characters that no header can hold".to_owned()
            })?;
        value.set_sensitive(true);
        headers.insert("authorization", value);
    }
    let options = ClientOptions::new()
        .with_allow_http(url.scheme() == "http")
        .with_default_headers(headers);
    let store = HttpBuilder::new()
        .with_url(&url[..url::Position::BeforePath])
        .with_client_options(options)
        .build()
        .map_err(|error| error.to_string())?;
    let root = Path::from_url_path(url.path()).map_err(|error| error.to_string())?;
    Ok((Arc::new(store), root))
}

#[cfg(not(feature = "cloud"))]
fn hub_store(_: &Url) -> Result<(Arc<dyn ObjectStore>, Path), String> {
    Err("this program was built without the feature `cloud`, which reads hf://".to_owned())
}

/// The URL of the store alone.
fn bare(url: &Url) -> Result<Url, String> {
    Url::parse(&format!("{}/", &url[..url::Position::BeforePath]))
        .or_else(|_| Url::parse(&format!("{}:///", url.scheme())))
        .map_err(|error| error.to_string())
}

/// What the environment says about stores. Only the variables that say whose they are: a bare
/// `REGION` or `TOKEN` was meant for something else.
fn cloud_options() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(key, _)| {
            ["AWS_", "AZURE_", "GOOGLE_"]
                .iter()
                .any(|prefix| key.starts_with(prefix))
        })
        .collect()
}

fn local(path: PathBuf) -> Result<Resolved, String> {
    let local_root = real_path(path)?;
    let root = Path::from_absolute_path(&local_root).map_err(|error| error.to_string())?;
    Ok(Resolved {
        store: Arc::new(LocalFileSystem::new()),
        store_url: Url::parse("file:///").map_err(|error| error.to_string())?,
        root,
        local_root: Some(local_root),
    })
}

/// The path without links and dots. What does not exist yet is taken as it is written.
fn real_path(path: PathBuf) -> Result<PathBuf, String> {
    let absolute = std::path::absolute(path).map_err(|error| error.to_string())?;
    let mut real = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                real.pop();
            }
            other => {
                real.push(other);
                if let Ok(found) = std::fs::canonicalize(&real) {
                    real = found;
                }
            }
        }
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_local_even_if_it_does_not_exist_yet() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let written = dir.path().join("x/../my lake/100%");
        let resolved = resolve(written.to_str().unwrap()).unwrap();
        assert_eq!(resolved.local_root, Some(base.join("my lake/100%")));
        assert_eq!(resolved.store_url.as_str(), "file:///");
        assert!(!written.exists());
    }

    #[test]
    fn a_file_url_is_the_same_place_as_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let url = Url::from_directory_path(dir.path()).unwrap();
        let (a, b) = (
            resolve(url.as_str()).unwrap(),
            resolve(dir.path().to_str().unwrap()).unwrap(),
        );
        assert_eq!(a.local_root, b.local_root);
        assert_eq!(a.root, b.root);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_its_target_are_the_same_lake() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("target")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("target"), dir.path().join("link")).unwrap();
        let at = |name: &str| resolve(dir.path().join(name).to_str().unwrap()).unwrap();
        assert_eq!(at("link").local_root, at("target").local_root);
    }

    #[test]
    fn memory_has_a_store_and_a_root() {
        let resolved = resolve("memory:///a/b").unwrap();
        assert_eq!(resolved.root.as_ref(), "a/b");
        assert_eq!(resolved.store_url.as_str(), "memory:///");
    }

    #[test]
    fn what_is_no_address_says_so() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (address, part) in [
            ("", "it is empty"),
            ("gopher://host/lake", "gopher"),
            ("s3:// /", "s3:// /"),
            ("hf://datasets/a/b", "a lake cannot be there"),
            (file.path().to_str().unwrap(), "it is a file"),
        ] {
            let error = match resolve(address) {
                Err(error) => error.to_string(),
                Ok(_) => String::from("no error"),
            };
            assert!(error.contains(part), "{address}: {error}");
        }
    }

    #[cfg(feature = "cloud")]
    #[test]
    fn a_bucket_has_a_store_and_a_root() {
        let resolved = resolve("s3://bucket/a/lake").unwrap();
        assert_eq!(resolved.root.as_ref(), "a/lake");
        assert_eq!(resolved.store_url.as_str(), "s3://bucket/");
    }
}
