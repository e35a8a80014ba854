//! What a partition was made from, as hashes: equal hashes, equal bytes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hubcensus_spec::{Check, Contract, TableName};

/// Raised when the engine's way of writing a table changes its bytes.
const ENGINE: &str = "1";

/// The hashes of everything that decides a partition's content, by what they
/// are of: `query`, `contract`, `parameters`, each function that is called, and
/// each input.
/// Their names tell `plan` what changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FingerprintParts(pub(crate) BTreeMap<String, String>);

impl FingerprintParts {
    /// Adds the hash of one part.
    pub(crate) fn add(&mut self, part: impl Into<String>, content: &str) {
        self.0.insert(part.into(), hash(content.as_bytes()));
    }

    /// Adds a part whose hash is known already.
    pub(crate) fn add_hash(&mut self, part: impl Into<String>, hash: impl Into<String>) {
        self.0.insert(part.into(), hash.into());
    }

    /// The hash of one part; empty if there is none.
    pub(crate) fn part(&self, part: &str) -> String {
        self.0.get(part).cloned().unwrap_or_default()
    }

    /// The hash over all parts.
    pub(crate) fn total(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (part, hash) in &self.0 {
            hasher.update(part.as_bytes());
            hasher.update(b"\0");
            hasher.update(hash.as_bytes());
            hasher.update(b"\n");
        }
        hasher.finalize().to_hex().to_string()
    }

    /// The parts that are not those of `older`: changed, new or gone.
    pub(crate) fn changed_since(&self, older: &BTreeMap<String, String>) -> Vec<String> {
        let mut changed: Vec<String> = self
            .0
            .iter()
            .filter(|(part, hash)| older.get(*part) != Some(hash))
            .map(|(part, _)| part.clone())
            .collect();
        changed.extend(
            older
                .keys()
                .filter(|part| !self.0.contains_key(*part))
                .cloned(),
        );
        changed.sort();
        changed
    }
}

/// The hash of some bytes, in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The prints that do not depend on the lake: how a table is defined.
pub(crate) fn definition(
    query: &str,
    contract: &Contract,
    parameters: &BTreeMap<String, String>,
    checks: &str,
    functions: &BTreeMap<String, String>,
) -> FingerprintParts {
    let mut prints = FingerprintParts::default();
    prints.add("query", query);
    prints.add("contract", &describe(contract));
    if !parameters.is_empty() {
        prints.add("parameters", &format!("{parameters:?}"));
    }
    if !checks.is_empty() {
        prints.add("checks", checks);
    }
    add_functions(&mut prints, functions);
    prints.add("engine", ENGINE);
    prints
}

/// Adds the versions of the functions that a table is made with.
pub(crate) fn add_functions(prints: &mut FingerprintParts, functions: &BTreeMap<String, String>) {
    for (name, version) in functions {
        prints.add(format!("function {name}"), version);
    }
}

/// A contract without its prose: reworded descriptions change no byte of the
/// table.
fn describe(contract: &Contract) -> String {
    let mut text = String::new();
    for column in &contract.columns {
        let _ = write!(
            text,
            "{} {} {}",
            column.name.as_str(),
            column.data_type,
            if column.nullable { "null" } else { "not null" }
        );
        for check in &column.checks {
            let _ = write!(text, " {} {}", check.severity, check.rule);
        }
        text.push('\n');
    }
    for (name, columns) in [("key", &contract.key), ("sort", &contract.sort)] {
        let _ = write!(text, "{name}");
        for column in columns {
            let _ = write!(text, " {}", column.as_str());
        }
        text.push('\n');
    }
    text
}

/// The canonical text of a table's checks.
pub(crate) fn checks<'a>(checks: impl Iterator<Item = (&'a Check, String)>) -> String {
    let mut text = String::new();
    for (check, canonical) in checks {
        let _ = writeln!(
            text,
            "{} {:?} {canonical}",
            check.name.as_str(),
            check.severity
        );
    }
    text
}

/// The print's name of an input table.
pub(crate) fn table_part(table: &TableName) -> String {
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_named() {
        let mut now = FingerprintParts::default();
        now.add("query", "SELECT 1");
        now.add("reference.entities", "a");
        let mut then = now.clone();
        assert_eq!(now.changed_since(&then.0), Vec::<String>::new());
        assert_eq!(now.total(), then.total());
        then.add("query", "SELECT 2");
        then.add("reference.accounts", "b");
        assert_eq!(now.changed_since(&then.0), ["query", "reference.accounts"]);
        assert_ne!(now.total(), then.total());
    }
}
