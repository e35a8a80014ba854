//! Whose the models are, by what is said of ids and accounts.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::cut::sum;
use crate::reference::{self, Owner};
use crate::rows::{Record, Table, row};
use crate::snapshot::Snapshot;

/// An account of the snapshot.
struct Account {
    models: Vec<String>,
    downloads: Option<i64>,
}

/// The tables `normalize.accounts` and `normalize.models`.
pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    let reference = reference::get();
    let accounts = accounts(snapshot);
    let claims = reference.claims(snapshot.day);
    let union = reference.member_states(snapshot.day);
    let mut all = Table::new(
        "accounts",
        "account",
        "account entity entity_type country continent eu_group listed models",
    );
    let mut models = Table::new(
        "models",
        "id",
        "id account entity entity_type country continent eu_group",
    );
    for (name, account) in &accounts {
        let listed = claims.entity_of(name);
        let owner = match listed {
            Some(entity) => reference.entity(entity, snapshot.day),
            None => reference.unlisted(first_spelling(&accounts, name)),
        };
        let Owner {
            entity,
            entity_type,
            country,
        } = owner;
        let continent = reference.continent(&country);
        let group = if union.contains(&country) {
            "EU"
        } else {
            &*country
        };
        let count = account.models.len();
        all.push(row![
            name,
            &entity,
            &entity_type,
            &country,
            &continent,
            group,
            listed.is_some(),
            count,
        ]);
        for id in &account.models {
            models.push(row![
                id,
                name,
                &entity,
                &entity_type,
                &country,
                &continent,
                group
            ]);
        }
    }
    vec![all.sorted("account"), models.sorted("id")]
}

/// The accounts that own a model.
fn accounts(snapshot: &Snapshot) -> BTreeMap<String, Account> {
    let mut rows: BTreeMap<String, Vec<Record<'_>>> = BTreeMap::new();
    for row in snapshot.ingested.records() {
        if row.maybe_bool("removed") != Some(true) {
            rows.entry(account_of(&row)).or_default().push(row);
        }
    }
    let of_rows = |rows: Vec<Record<'_>>| {
        let total = |column: &str| sum(rows.iter().map(|row| row.maybe_int(column)));
        Account {
            models: rows.iter().map(|row| row.text("id")).collect(),
            downloads: total("downloads_30d").or(total("downloads_all_time")),
        }
    };
    let accounts = rows.into_iter();
    accounts.map(|(name, rows)| (name, of_rows(rows))).collect()
}

fn account_of(row: &Record<'_>) -> String {
    let id = row.text("id");
    if let Some((account, _)) = id.split_once('/') {
        return account.to_owned();
    }
    let legacy = reference::get().legacy_owners.get(&id).cloned();
    let author = || row.maybe_text("author").filter(|author| !author.is_empty());
    legacy.or_else(author).unwrap_or(id)
}

/// Of the spellings of an account the one with the most downloads.
fn first_spelling<'a>(accounts: &'a BTreeMap<String, Account>, name: &str) -> &'a str {
    let folded = name.to_lowercase();
    let spellings = accounts
        .iter()
        .filter(|(other, _)| other.to_lowercase() == folded);
    let first = spellings.min_by_key(|(other, account)| (Reverse(account.downloads), *other));
    first.unwrap().0
}
