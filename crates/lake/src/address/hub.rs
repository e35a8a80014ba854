//! Addresses `hf://` of the files of a repository on the Hub, which are read over its web interface:
//! `hf://datasets/OWNER/NAME@REVISION/PATH`, as its own clients write them.

use url::Url;

/// Where the Hub is if nothing else is said (`HF_ENDPOINT`).
pub const HUB_ENDPOINT: &str = "https://huggingface.co";
/// The scheme of such addresses.
pub(crate) const SCHEME: &str = "hf";

/// The web address of a file or folder of a repository, at the Hub that `endpoint` names. Without a revision it is the
/// newest of the main branch.
pub(crate) fn web_address(address: &str, endpoint: Option<&str>) -> Result<Url, String> {
    let expected = || {
        "expected hf://datasets/OWNER/NAME/PATH, hf://spaces/OWNER/NAME/PATH or hf://OWNER/NAME/PATH, and maybe \
         @REVISION after the name"
            .to_owned()
    };
    let rest = address.strip_prefix("hf://").ok_or_else(expected)?;
    let kind = ["datasets/", "spaces/"]
        .into_iter()
        .find(|kind| rest.starts_with(kind))
        .unwrap_or_default();
    let mut parts = rest[kind.len()..].splitn(3, '/');
    let mut part = || parts.next().filter(|part| !part.is_empty());
    let (owner, name) = part().zip(part()).ok_or_else(expected)?;
    let path = part().unwrap_or_default();
    let (name, revision) = name.split_once('@').unwrap_or((name, "main"));
    if name.is_empty() || revision.is_empty() {
        return Err(expected());
    }
    let endpoint = endpoint.unwrap_or(HUB_ENDPOINT).trim_end_matches('/');
    let web = format!("{endpoint}/{kind}{owner}/{name}/resolve/{revision}/{path}");
    Url::parse(&web).map_err(|error| format!("{web}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_repository() {
        for (address, web) in [
            (
                "hf://datasets/a/b/data/models_2026-05-24.parquet",
                "https://huggingface.co/datasets/a/b/resolve/main/data/models_2026-05-24.parquet",
            ),
            (
                "hf://datasets/a/b@0123abc/x.csv",
                "https://huggingface.co/datasets/a/b/resolve/0123abc/x.csv",
            ),
            (
                "hf://datasets/a/b@refs%2Fconvert%2Fparquet/x",
                "https://huggingface.co/datasets/a/b/resolve/refs%2Fconvert%2Fparquet/x",
            ),
            ("hf://a/b/x", "https://huggingface.co/a/b/resolve/main/x"),
            (
                "hf://spaces/a/b",
                "https://huggingface.co/spaces/a/b/resolve/main/",
            ),
        ] {
            assert_eq!(web_address(address, None).unwrap().as_str(), web);
        }
        let own = web_address("hf://datasets/a/b/x", Some("http://127.0.0.1:8080/"));
        assert_eq!(
            own.unwrap().as_str(),
            "http://127.0.0.1:8080/datasets/a/b/resolve/main/x"
        );
    }

    #[test]
    fn what_names_no_repository() {
        for address in [
            "hf://",
            "hf://datasets/a",
            "hf://datasets//b/x",
            "hf://a",
            "hf://a/@main/x",
        ] {
            let error = web_address(address, None).unwrap_err();
            assert!(
                error.contains("expected hf://datasets/OWNER/NAME/PATH"),
                "{error}"
            );
        }
    }
}
