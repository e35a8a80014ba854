//! A file of an archive: where it is, and parts of it by ranges, from a signed address that is asked
//! for once and kept until it ends.

use url::Url;

use crate::client::{Answer, Client};
use crate::error::{Error, Result};

/// Signed addresses that are asked for one after another before that is a mistake.
const RENEWALS: u32 = 3;

/// A file of a dataset repository at one of its commits.
#[derive(Debug)]
pub(crate) struct Remote<'a> {
    client: &'a Client,
    /// `…/resolve/{revision}/{path}`
    address: Url,
    signed: Url,
    pub(crate) size: u64,
    pub(crate) etag: Option<String>,
    pub(crate) commit: String,
}

struct Found {
    signed: Url,
    size: Option<u64>,
    etag: Option<String>,
    commit: Option<String>,
}

impl<'a> Remote<'a> {
    /// Asks where the file is.
    pub(crate) async fn open(
        client: &'a Client,
        repo: &str,
        revision: &str,
        path: &str,
    ) -> Result<Self> {
        // A revision such as refs/convert/parquet is one part of the path.
        let revision: String = url::form_urlencoded::byte_serialize(revision.as_bytes()).collect();
        let address = client.address(&format!("datasets/{repo}/resolve/{revision}/{path}"), &[])?;
        let found = locate(client, &address).await?;
        let size = found.size.ok_or_else(|| Error::Unexpected {
            url: address.to_string(),
            expected: "the place of a file",
            why: "its size is not told (X-Linked-Size)".to_owned(),
        })?;
        Ok(Self {
            client,
            address,
            signed: found.signed,
            size,
            etag: found.etag,
            commit: found.commit.unwrap_or_default(),
        })
    }

    /// Bytes of the file, from the first offset up to the second.
    pub(crate) async fn range(&mut self, from: u64, to: u64) -> Result<bytes::Bytes> {
        let mut renewals = 0;
        loop {
            let answer = self.client.range(&self.signed, from, to).await?;
            match answer.status {
                206 => {
                    self.check(&answer, from, to)?;
                    return Ok(answer.body);
                }
                200 if from == 0 && answer.body.len() as u64 == to => return Ok(answer.body),
                // It has ended: ask for another.
                401 | 403 if renewals < RENEWALS => {
                    renewals += 1;
                    self.signed = locate(self.client, &self.address).await?.signed;
                }
                200 => {
                    return Err(Error::Unexpected {
                        url: self.address.to_string(),
                        expected: "a part of a file",
                        why: "the whole file came: the server has no ranges".to_owned(),
                    });
                }
                _ => {
                    // A signed address is a secret.
                    let answer = Answer {
                        url: self.address.clone(),
                        ..answer
                    };
                    return Err(self.client.refused(&answer));
                }
            }
        }
    }

    fn check(&self, answer: &Answer, from: u64, to: u64) -> Result<()> {
        let expected = format!("bytes {from}-{}/{}", to - 1, self.size);
        match answer.header("content-range") {
            Some(range) if range != expected => Err(Error::Unexpected {
                url: self.address.to_string(),
                expected: "a part of a file",
                why: format!("`{range}` came in place of `{expected}`"),
            }),
            _ => Ok(()),
        }
    }
}

/// Asks where a file is. The answer is a redirect to another origin, or the file itself.
async fn locate(client: &Client, address: &Url) -> Result<Found> {
    let answer = client.head(address).await?;
    let size = |name: &str| answer.header(name).and_then(|text| text.parse().ok());
    let etag = |name: &str| {
        let text = answer.header(name)?.trim_start_matches("W/");
        Some(text.trim_matches('"').to_owned())
    };
    let signed = match answer.status {
        301 | 302 | 303 | 307 | 308 => {
            let location = answer.header("location").unwrap_or_default();
            answer
                .url
                .join(location)
                .map_err(|error| Error::Unexpected {
                    url: address.to_string(),
                    expected: "the place of a file",
                    why: error.to_string(),
                })?
        }
        200 => answer.url.clone(),
        _ => return Err(client.refused(&answer)),
    };
    Ok(Found {
        signed,
        size: size("x-linked-size").or_else(|| size("content-length")),
        etag: etag("x-linked-etag").or_else(|| etag("etag")),
        commit: answer.header("x-repo-commit").map(str::to_owned),
    })
}
