//! Overviews of accounts: whether each is a user or an organization, and what the Hub says of it.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use hubcensus_spec::SnapshotDate;
use serde::Deserialize;
use serde_json::json;

use crate::client::{Answer, Client};
use crate::description::Description;
use crate::edge::Event;
use crate::error::{Error, Result};
use crate::hub_api::{Outcome, SOURCE, ensure_today};
use crate::kept::{Begun, Draft, Kept};
use crate::kinds::Kind;
use crate::page;
use crate::snapshot::Name;
use crate::target::{Target, blocking, holding};

/// Accounts that are kept together.
const BATCH: usize = 100;

/// Which accounts are asked for: there is no list of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountList {
    /// These.
    Named(Vec<String>),
    /// Those whose models have the most downloads, by the captured models of the same date.
    OfModels {
        /// How many.
        first: usize,
    },
}

/// What to capture of accounts.
#[derive(Debug, Clone)]
pub struct AccountsRequest {
    /// The snapshot's date, which must be today's.
    pub date: SnapshotDate,
    /// Which accounts.
    pub accounts: AccountList,
    /// Begin anew, whatever was kept or is there.
    pub restart: bool,
}

/// Captures the overviews of accounts, a request or two each. A row is an overview as it was
/// received: that of an organization has its account as `name`, that of a user as `user`. Accounts
/// that are not there have none.
///
/// # Errors
/// As [`capture`](crate::capture); [`Error::NoAccounts`] if the list is to be made of models that
/// were not captured.
pub async fn capture_accounts(
    client: &Client,
    target: &Target,
    request: &AccountsRequest,
) -> Result<Outcome> {
    ensure_today(client, request.date)?;
    let name = Name::new(
        SOURCE,
        Kind::Accounts,
        request.date,
        String::new(),
        "jsonl.zst",
    );
    let lock = name.lock(target).await?;
    holding(lock, take(client, target, request, &name)).await
}

/// The same under the lock.
async fn take(
    client: &Client,
    target: &Target,
    request: &AccountsRequest,
    name: &Name,
) -> Result<Outcome> {
    if let Some(present) = name.present(target, request.restart).await? {
        return Ok(Outcome::Present(Box::new(present)));
    }
    let (accounts, part) = match &request.accounts {
        AccountList::Named(named) => {
            let mut named = named.clone();
            let mut seen = std::collections::HashSet::new();
            named.retain(|account| seen.insert(account.clone()));
            let part = format!("{} accounts of a given list", named.len());
            (named, part)
        }
        AccountList::OfModels { first } => {
            let accounts = of_models(target, request.date, *first, name).await?;
            let count = accounts.len();
            (
                accounts,
                format!("the {count} accounts whose models have the most downloads"),
            )
        }
    };
    let list = accounts.join("\n");
    let begun = Begun {
        request: format!(
            "accounts of {}: {part} ({})",
            client.endpoint(),
            page::hash(list.as_bytes())
        ),
        at: client.clock().now(),
    };
    let folder = target.work(&name.work())?;
    let mut kept = blocking(move || Kept::open(&folder, begun)).await?;
    let subject = name.subject;
    client.observer().on(&Event::Begun {
        subject,
        kept: kept.count(),
        about: Some(accounts.len() as u64),
    });
    let done = kept
        .marks
        .last()
        .and_then(|mark| mark.next.as_deref()?.parse().ok());
    let done: usize = done.unwrap_or(0);
    for (at, batch) in accounts
        .get(done..)
        .unwrap_or_default()
        .chunks(BATCH)
        .enumerate()
    {
        let (mut lines, mut rows) = (Vec::new(), 0);
        for (within, account) in batch.iter().enumerate() {
            if let Some(row) = overview(client, account).await? {
                lines.extend(row);
                rows += 1;
            }
            client.observer().on(&Event::Page {
                subject,
                rows: (done + at * BATCH + within + 1) as u64,
                pages: kept.marks.len() as u64 + 1,
            });
        }
        let draft = Draft {
            rows,
            repeated: 0,
            content: page::hash(&lines),
            lines,
            url: format!("accounts {}", batch.first().map_or("", String::as_str)),
            next: Some((done + at * BATCH + batch.len()).to_string()),
            dropped: Vec::new(),
            meanwhile: false,
        };
        let work = move || {
            kept.push(draft)?;
            Ok(kept)
        };
        kept = blocking(work).await?;
    }
    let flush = move || {
        kept.flush()?;
        Ok(kept)
    };
    let kept = blocking(flush).await?;
    let description = Description {
        asked: BTreeMap::from([("accounts".to_owned(), json!(accounts.len()))]),
        coverage: "sample".to_owned(),
        part: Some(part),
        rows: kept.count(),
        pages: kept.marks.len() as u64,
        ..name.describe(client, kept.begun())
    };
    let published = name.publish(target, kept.path(), description).await?;
    client.observer().on(&Event::Taken {
        subject,
        rows: published.rows,
    });
    Ok(Outcome::Taken(Box::new(published)))
}

/// The row of an account, if there is one.
async fn overview(client: &Client, account: &str) -> Result<Option<Vec<u8>>> {
    let plain: String = url::form_urlencoded::byte_serialize(account.as_bytes()).collect();
    let read = |answer: &Answer| {
        serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&answer.body)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    for folder in ["organizations", "users"] {
        let url = client.address(&format!("api/{folder}/{plain}/overview"), &[])?;
        match client.get(&url, read).await {
            Ok(((), answer)) => {
                let feed = |byte: &&u8| !matches!(byte, b'\n' | b'\r');
                let mut row: Vec<u8> = answer.body.iter().filter(feed).copied().collect();
                row.push(b'\n');
                return Ok(Some(row));
            }
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The accounts whose models have the most downloads.
async fn of_models(
    target: &Target,
    date: SnapshotDate,
    first: usize,
    name: &Name,
) -> Result<Vec<String>> {
    let models = Name::new(SOURCE, Kind::Models, date, String::new(), "jsonl.zst");
    if !target.exists(&models.path()).await? {
        return Err(Error::NoAccounts {
            why: format!("{} is not there", target.address_of(&models.path())),
        });
    }
    let work = target.work(&name.work())?;
    let file = target.on_disk(&models.path(), &work).await?;
    blocking(move || ranked(&file, first)).await
}

fn ranked(file: &Path, first: usize) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Model {
        id: String,
        downloads: Option<f64>,
    }
    let wrong = Error::io("read", file);
    let opened = std::fs::File::open(file).map_err(&wrong)?;
    let mut lines = BufReader::new(zstd::Decoder::new(opened).map_err(&wrong)?);
    let mut downloads: HashMap<String, f64> = HashMap::new();
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).map_err(&wrong)? > 0 {
        if let Ok(model) = serde_json::from_slice::<Model>(&line)
            && let Some((account, _)) = model.id.split_once('/')
        {
            *downloads.entry(account.to_owned()).or_default() += model.downloads.unwrap_or(0.0);
        }
        line.clear();
    }
    let mut ranked: Vec<(String, f64)> = downloads.into_iter().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    ranked.truncate(first);
    Ok(ranked.into_iter().map(|(account, _)| account).collect())
}
