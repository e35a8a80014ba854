//! What the columns mean, how they changed, and the sums of the files.

use std::fmt::Write as _;

use super::cell;
use crate::record::Publication;

pub(crate) const COLUMNS: &str = "COLUMNS.md";
pub(crate) const CHANGES: &str = "SCHEMA_CHANGES.md";
pub(crate) const SUMS: &str = "SHA256SUMS";

/// The anchor of a heading that is a configuration's name.
pub(super) fn anchor(config: &str) -> String {
    config.replace('.', "")
}

/// A section for each table.
pub(super) fn columns(record: &Publication) -> String {
    let mut text = format!("# Columns of {}\n", record.title);
    for (name, table) in &record.tables {
        let _ = write!(text, "\n## {name}\n\n{}\n\n", table.description);
        let _ = writeln!(
            text,
            "One row for each: {}. Sorted by: {}.\n",
            table.key.join(", "),
            table.sort.join(", ")
        );
        text.push_str("| column | type | null | meaning |\n| --- | --- | --- | --- |\n");
        for column in &table.columns {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                column.name,
                column.type_name,
                if column.nullable { "yes" } else { "" },
                cell(&column.description)
            );
        }
        for (date, reason) in &table.skipped {
            let _ = writeln!(text, "\nNot made for {date}: {reason}.");
        }
        let widened: Vec<String> = table
            .files
            .iter()
            .filter(|(_, file)| file.widened)
            .map(|(date, _)| date.to_string())
            .collect();
        if !widened.is_empty() {
            let _ = writeln!(
                text,
                "\nIn snapshots from before a column was added it is null: {}.",
                widened.join(", ")
            );
        }
    }
    text
}

/// The changes of columns, newest first.
pub(super) fn changes(record: &Publication) -> String {
    let mut text = format!("# Changes of the columns of {}\n", record.title);
    if record.schema_changes.is_empty() {
        text.push_str("\nNone since the first publication.\n");
    }
    let mut last = None;
    for change in record.schema_changes.iter().rev() {
        if last != Some(change.since) {
            let _ = write!(text, "\n## With the snapshot of {}\n\n", change.since);
            last = Some(change.since);
        }
        let _ = writeln!(text, "- {}: {}", change.config, change.changes.join(" "));
    }
    text
}

/// As `sha256sum` reads them: of the files that never change, `latest/` has copies of some.
pub(super) fn sums(record: &Publication) -> String {
    let mut lines: Vec<String> = record
        .files()
        .map(|file| format!("{}  {}\n", file.sha256, file.path))
        .collect();
    lines.sort_by(|a, b| a.get(64..).cmp(&b.get(64..)));
    lines.concat()
}
