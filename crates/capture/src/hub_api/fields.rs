//! Fields that a server does not know any more: one that it refuses would fail every page.

use crate::client::Client;
use crate::error::{Error, Result};
use crate::kinds::Kind;

/// Asks whether the server takes these fields, leaves out those that it refuses, and returns them.
///
/// # Errors
/// The server refuses the request whatever is asked for.
pub(crate) async fn refused(
    client: &Client,
    kind: Kind,
    fields: &mut Vec<String>,
) -> Result<Vec<String>> {
    let mut refused = Vec::new();
    while let Err(message) = accepts(client, kind, fields).await? {
        let named = positions(&message);
        let mut found: Vec<String> = named
            .iter()
            .filter_map(|at| fields.get(*at).cloned())
            .collect();
        if found.is_empty() {
            // It does not say which: each is asked for by itself.
            for field in &*fields {
                let alone = std::slice::from_ref(field);
                if accepts(client, kind, alone).await?.is_err() {
                    found.push(field.clone());
                }
            }
        }
        if found.is_empty() {
            return Err(Error::Unexpected {
                url: format!("{}/api/{kind}", client.endpoint()),
                expected: "a list",
                why: message,
            });
        }
        for field in &found {
            client.note(&format!(
                "the Hub refuses the field `{field}` of {kind}: it is left out, and null in the tables ({message})"
            ));
        }
        fields.retain(|field| !found.contains(field));
        refused.append(&mut found);
    }
    refused.sort();
    Ok(refused)
}

/// Whether the server takes these fields; if not, what it says.
async fn accepts(client: &Client, kind: Kind, fields: &[String]) -> Result<Result<(), String>> {
    let mut query = vec![("limit", "1".to_owned())];
    query.extend(fields.iter().map(|field| ("expand", field.clone())));
    let url = client.address(&format!("api/{kind}"), &query)?;
    match client.get(&url, |_| Ok(())).await {
        Ok(_) => Ok(Ok(())),
        Err(Error::Refused {
            status: 400,
            message,
            ..
        }) => Ok(Err(message)),
        Err(error) => Err(error),
    }
}

/// The positions that a message names, as in `at expand[3]`.
fn positions(message: &str) -> Vec<usize> {
    let after = message.match_indices("expand").filter_map(|(at, word)| {
        let rest = message.get(at + word.len()..)?;
        let rest = rest.strip_prefix(['[', '.'])?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    });
    after.collect()
}

#[cfg(test)]
mod tests {
    use super::positions;

    #[test]
    fn the_server_says_which() {
        assert_eq!(
            positions("Invalid option at expand[3], at expand.12"),
            [3, 12]
        );
        assert!(positions("cannot expand `downloads`").is_empty());
    }
}
