//! The dataset card: what a stranger asks, and the configurations that `datasets` reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use hubcensus_spec::SnapshotDate;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{cell, count, counted, first_sentence, pages};
use crate::error::{Error, Result};
use crate::licence;
use crate::place::hex;
use crate::record::{Coverage, LATEST, Publication, RECORD, Table, latest_path};

/// The name of the card.
pub(crate) const CARD: &str = "README.md";
/// The table that examples are of, if it is published.
const EXAMPLE: &str = "entities";
/// The heading of tables without a section, where others have one.
const OTHERS: &str = "Other tables";
/// The heading of tables that are there for others.
const INTERMEDIATE: &str = "On the way: what other tables are made of";
/// Snapshots that the card lists; the record has all.
const LISTED: usize = 31;

#[derive(Serialize)]
struct Front {
    pretty_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    license: Vec<String>,
    tags: Vec<&'static str>,
    configs: Vec<Config>,
}

#[derive(Serialize)]
struct Config {
    config_name: String,
    data_files: Vec<DataFiles>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    default: bool,
}

#[derive(Serialize)]
struct DataFiles {
    split: &'static str,
    path: Vec<String>,
}

/// The card of a publication. The configurations in `pinned` name their files one by one: in their
/// folders there are others, which are no part of this publication.
pub(crate) fn card(record: &Publication, pinned: &BTreeSet<String>) -> Result<Vec<u8>> {
    let example = example(record);
    let configs = record.tables.iter();
    // `datasets` makes nothing of files without rows.
    let configs = configs.filter(|(_, table)| table.rows() > 0);
    let configs = configs.map(|(name, table)| Config {
        config_name: name.clone(),
        data_files: vec![DataFiles {
            split: "train",
            path: if pinned.contains(name) {
                table.files.values().map(|file| file.path.clone()).collect()
            } else {
                vec![format!("{}/*/*.parquet", table.folder())]
            },
        }],
        default: example.is_some_and(|(example, _)| example == name),
    });
    let front = Front {
        pretty_name: record.title.clone(),
        license: licence::of_card(record),
        tags: vec!["croissant", "parquet", "snapshots"],
        configs: configs.collect(),
    };
    let front = serde_yaml::to_string(&front).map_err(|error| Error::Document {
        path: CARD,
        why: error.to_string(),
    })?;
    let mut text = format!(
        "---\n{front}---\n\n# {}\n\n{}\n\n",
        record.title, record.about
    );
    introduction(&mut text, record);
    snapshots(&mut text, record);
    if let Some((name, table)) = example {
        loading(&mut text, name, table);
    }
    if !record.reading.is_empty() {
        let _ = write!(text, "## How to read it\n\n{}\n\n", record.reading);
    }
    tables(&mut text, record);
    licences(&mut text, record);
    changes(&mut text, record);
    // Where the record is another, so is the card: it is written last, and tells that all is there.
    let hash = hex(&Sha256::digest(record.to_json()?));
    let _ = writeln!(text, "<!-- {RECORD}: {hash} -->");
    Ok(text.into_bytes())
}

/// The table that examples are of.
fn example(record: &Publication) -> Option<(&String, &Table)> {
    let preferred = record.tables.get_key_value(EXAMPLE);
    let mut current = record
        .tables
        .iter()
        .filter(|(_, table)| table.until.is_none());
    preferred
        .filter(|(_, table)| table.rows() > 0)
        .or_else(|| current.find(|(_, table)| table.rows() > 0))
}

// Writing to a text does not fail, here and below.
fn introduction(text: &mut String, record: &Publication) {
    if let Some(generated) = record.generated() {
        let _ = writeln!(text, "> **Generated data.** {}\n", cell(generated));
    }
    let files = record.files();
    let bytes: u64 = files.map(|file| file.bytes).sum();
    let _ = write!(
        text,
        "{}, {}, {} in all ({} bytes)",
        counted(record.tables.len(), "table"),
        counted(record.snapshots.len(), "snapshot"),
        counted(record.files().count(), "file"),
        count(bytes)
    );
    if let (Some(first), Some(last)) = (record.snapshots.keys().next(), record.newest()) {
        let _ = if first == &last {
            write!(text, " of **{last}**")
        } else {
            write!(text, ", from {first} to **{last}**")
        };
    }
    text.push_str(
        ". Each table has one Parquet file for each snapshot date; dates are days in UTC. Nothing here is \
         updated in place: a corrected file has another name, and [publication.json](publication.json) \
         names the files that are meant, with rows and SHA-256.\n\n",
    );
}

fn snapshots(text: &mut String, record: &Publication) {
    text.push_str(
        "## What the snapshots cover\n\nA *census* lists everything that is public, a *ranking* the first by a \
         measure, a *sample* a chosen part: totals of the last two are no totals of the whole. Counters \
         (downloads, likes) are those of the end of the day in the last column, where the source tells it.\n\n\
         | snapshot | of | coverage | source | number | counters of |\n| --- | --- | --- | --- | --: | --- |\n",
    );
    for (date, snapshot) in record.snapshots.iter().rev().take(LISTED) {
        let mark = if is_generated(record, *date) {
            " (generated)"
        } else {
            ""
        };
        if snapshot.covers.is_empty() {
            let _ = writeln!(text, "| {date}{mark} | | not stated | | | |");
        }
        for covers in &snapshot.covers {
            let _ = writeln!(text, "| {date}{mark} {}", coverage(covers));
        }
    }
    if record.snapshots.len() > LISTED {
        let _ = writeln!(
            text,
            "\nOlder ones are in [publication.json](publication.json), under `snapshots`: {} in all.",
            record.snapshots.len()
        );
    }
    text.push('\n');
}

fn coverage(covers: &Coverage) -> String {
    let part = covers.part.iter().map(|part| format!(": {}", cell(part)));
    let kind = covers.kind.as_deref().unwrap_or("");
    let date = covers.counters_date.map(|date| date.to_string());
    format!(
        "| {kind} | {}{} | {} | {} | {} |",
        covers.coverage,
        part.collect::<String>(),
        covers.source,
        covers.rows.map(count).unwrap_or_default(),
        date.unwrap_or_default()
    )
}

fn is_generated(record: &Publication, date: SnapshotDate) -> bool {
    let files = record
        .tables
        .values()
        .filter_map(|table| table.files.get(&date));
    files.into_iter().any(|file| file.generated.is_some())
}

fn loading(text: &mut String, name: &str, table: &Table) {
    let latest = latest_path(name);
    let all = format!("{}/*/*.parquet", table.folder());
    let _ = write!(
        text,
        "## How to load it\n\nPaths are those of a copy, read in its directory. Elsewhere put the address before them: on the Hub \
         `hf://datasets/OWNER/NAME/` for pandas, Polars and DuckDB, and `OWNER/NAME` in place of the directory for `datasets`. \
         `{LATEST}/` has the newest file of each table under a name that stays:\n\n\
         ```python\nimport pandas as pd\nnewest = pd.read_parquet(\"{latest}\")\n```\n\n\
         All snapshots of a table, `observed_date` tells them apart:\n\n\
         ```python\nimport os\nimport datasets\nrows = datasets.load_dataset(os.path.abspath(\".\"), \"{name}\", split=\"train\")\n```\n\n\
         ```python\nimport polars as pl\nrows = pl.read_parquet(\"{all}\", hive_partitioning=False, missing_columns=\"insert\")\n```\n\n\
         ```python\nimport duckdb\nrows = duckdb.sql(\"FROM read_parquet('{all}', union_by_name = true)\").df()\n```\n\n\
         Every file says in its metadata what it is (`hubcensus.table`, `hubcensus.snapshot_date`, \
         `hubcensus.source`, `hubcensus.coverage`). `sha256sum -c SHA256SUMS` checks what was \
         copied.\n\n"
    );
}

fn tables(text: &mut String, record: &Publication) {
    let _ = write!(
        text,
        "## Tables\n\n[{0}]({0}) says what each column means. A table is absent for a snapshot whose source \
         does not provide what it is made of; one without any row has a file, and no configuration.\n\n",
        pages::COLUMNS
    );
    for (heading, tables) in sections(record) {
        if let Some(heading) = heading {
            let _ = writeln!(text, "### {heading}\n");
        }
        text.push_str(
            "| configuration | what a row is | snapshots | newest | its rows |\n| --- | --- | --: | --- | --: |\n",
        );
        for (name, table) in tables {
            let (date, rows) = match table.latest() {
                Some((date, file)) => (date.to_string(), count(file.rows)),
                None => continue,
            };
            let until = table.until.map(|_| " Columns as they were then.");
            let _ = writeln!(
                text,
                "| [{name}]({}#{}) | {}{} | {} | {date} | {rows} |",
                pages::COLUMNS,
                pages::anchor(name),
                cell(first_sentence(&table.description)),
                until.unwrap_or_default(),
                table.files.len()
            );
        }
        text.push('\n');
    }
}

type Section<'a> = (Option<&'a str>, Vec<(&'a String, &'a Table)>);

/// The tables under their headings: the section that examples are of, the others in the order of
/// their names, tables of none, and last those that are there for other tables. Without any section
/// there is no heading.
fn sections(record: &Publication) -> Vec<Section<'_>> {
    let first = example(record).and_then(|(_, table)| table.section.as_deref());
    let place = |table: &Table| match table.section.as_deref() {
        _ if table.intermediate => 3,
        None => 2,
        section if section == first => 0,
        Some(_) => 1,
    };
    let mut groups: BTreeMap<(u8, &str), Vec<(&String, &Table)>> = BTreeMap::new();
    for (name, table) in &record.tables {
        let heading = match place(table) {
            3 => INTERMEDIATE,
            _ => table.section.as_deref().unwrap_or(OTHERS),
        };
        let group = groups.entry((place(table), heading)).or_default();
        group.push((name, table));
    }
    let is_plain = groups.keys().all(|(place, _)| *place == 2);
    let groups = groups.into_iter();
    groups
        .map(|((_, heading), tables)| ((!is_plain).then_some(heading), tables))
        .collect()
}

fn licences(text: &mut String, record: &Publication) {
    text.push_str("## May I use it?\n\n");
    for paragraph in licence::consequences(record) {
        let _ = writeln!(text, "{paragraph}\n");
    }
    text.push_str(
        "| source | what it is | its licence, and what that asks for |\n| --- | --- | --- |\n",
    );
    let mut used: BTreeMap<&str, bool> = BTreeMap::new();
    for file in record.files() {
        for source in &file.sources {
            *used.entry(source).or_default() |= file.generated.is_none();
        }
    }
    for (name, source) in &record.sources {
        let license = if used.get(name.as_str()) == Some(&false) {
            "generated rows in the shape of this source: its licence does not apply".to_owned()
        } else {
            licence::line(source.license.as_deref())
        };
        let _ = writeln!(
            text,
            "| {name} | {} | {license} |",
            cell(first_sentence(&source.description))
        );
    }
    text.push('\n');
}

fn changes(text: &mut String, record: &Publication) {
    text.push_str("## What changed\n\n");
    let newest = record.schema_changes.last().map(|change| change.since);
    let Some(newest) = newest else {
        text.push_str(
            "No column was added, removed, renamed or retyped since the first publication.\n\n",
        );
        return;
    };
    let of_newest = record
        .schema_changes
        .iter()
        .filter(|change| change.since == newest);
    let _ = writeln!(
        text,
        "[{0}]({0}) lists every change of columns. With the snapshot of {newest}:\n",
        pages::CHANGES
    );
    for change in of_newest {
        let _ = writeln!(text, "- {}: {}", change.config, change.changes.join(" "));
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::File;

    fn table(name: &str, section: Option<&str>, intermediate: bool) -> (String, Table) {
        let file = File {
            path: format!("aggregate/{name}/x.parquet"),
            bytes: 1,
            sha256: String::new(),
            rows: 1,
            partition_blake3: String::new(),
            widened: false,
            sources: Vec::new(),
            generated: None,
        };
        let table = Table {
            table: format!("aggregate.{name}").parse().unwrap(),
            until: None,
            description: "Rows.".to_owned(),
            section: section.map(str::to_owned),
            intermediate,
            key: Vec::new(),
            sort: Vec::new(),
            columns: Vec::new(),
            files: BTreeMap::from([("2026-08-22".parse().unwrap(), file)]),
            skipped: BTreeMap::new(),
        };
        (name.to_owned(), table)
    }

    fn told(tables: Vec<(String, Table)>) -> Vec<(Option<String>, Vec<String>)> {
        let mut record = Publication::new("Books", "Books.", "");
        record.tables.extend(tables);
        let sections = sections(&record).into_iter();
        sections
            .map(|(heading, tables)| {
                let names = tables.into_iter().map(|(name, _)| name.clone());
                (heading.map(str::to_owned), names.collect())
            })
            .collect()
    }

    #[test]
    fn what_is_there_for_other_tables_comes_last() {
        let tables = vec![
            table("cells", Some("Who"), true),
            table("entities", Some("Who"), false),
            table("accounts", Some("Who"), false),
            table("languages", Some("Languages"), false),
            table("sums", None, true),
            table("zones", None, false),
        ];
        let group = |heading: &str, names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned());
            (Some(heading.to_owned()), names.collect::<Vec<_>>())
        };
        assert_eq!(
            told(tables),
            [
                group("Who", &["accounts", "entities"]),
                group("Languages", &["languages"]),
                group(OTHERS, &["zones"]),
                group(INTERMEDIATE, &["cells", "sums"]),
            ]
        );
    }

    #[test]
    fn without_sections_there_is_no_heading() {
        let tables = vec![table("a", None, false), table("b", None, false)];
        let names = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(told(tables), [(None, names)]);
    }
}
