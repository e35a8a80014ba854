//! What a source's files have beside their rows: columns that no row has, and
//! odd values; as warnings, and as part of why a snapshot is refused.

use std::collections::BTreeSet;

use hubcensus_hub::read::{Absent, Odd};
use hubcensus_spec::{Severity, Source, closest};

use crate::audit::violation::Violation;
use crate::run::ingest::files::FileSurvey;

/// How many names a message lists.
const LISTED: usize = 6;

/// The warnings about files of which `rows` rows came into the partition.
pub(super) fn warnings(source: &Source, surveys: &[FileSurvey], rows: u64) -> Vec<Violation> {
    let optional = |column: &str| {
        let mut columns = source.columns.iter();
        columns.any(|known| known.name.value == column && known.optional)
    };
    let unread = unread(surveys);
    let absent = absent(surveys).into_iter();
    let absent = absent
        .filter(|(absent, _)| !optional(&absent.column))
        .map(|(absent, lacking)| Violation {
            check: format!("absent_column_{}", absent.column),
            severity: Severity::Warning,
            rows,
            sample: Vec::new(),
            note: Some(describe(&absent, &unread) + &lacking),
        });
    let mut odd: Vec<Violation> = Vec::new();
    for file in surveys {
        for found in file.survey.odd() {
            let check = format!("{}_{}", found.oddity, found.column);
            match odd.iter_mut().find(|violation| violation.check == check) {
                Some(violation) => violation.rows += found.values,
                None => odd.push(Violation {
                    check,
                    severity: Severity::Warning,
                    rows: found.values,
                    sample: Vec::new(),
                    note: Some(example(&found, file.file.as_deref())),
                }),
            }
        }
    }
    absent.chain(odd).collect()
}

fn example(odd: &Odd, file: Option<&str>) -> String {
    let of = file.map(|file| format!(" of {file}")).unwrap_or_default();
    format!("such as {} in row {}{of}", odd.found, odd.row)
}

/// The columns that no row of a file has, in the order of the request; if other
/// files have them, which files lack them, in words.
fn absent(surveys: &[FileSurvey]) -> Vec<(Absent, String)> {
    let mut found: Vec<(Absent, Vec<&str>)> = Vec::new();
    for file in surveys {
        for absent in file.survey.absent() {
            let name = file.file.as_deref().unwrap_or_default();
            match found.iter_mut().find(|(known, _)| *known == absent) {
                Some((_, files)) => files.push(name),
                None => found.push((absent, vec![name])),
            }
        }
    }
    let described = |(absent, files): (Absent, Vec<&str>)| {
        let lacking = match files.as_slice() {
            files if files.len() == surveys.len() => String::new(),
            [file] => format!(" (in {file})"),
            files => {
                let first = files.first().copied().unwrap_or_default();
                format!(" (in {first} and {} more)", files.len() - 1)
            }
        };
        (absent, lacking)
    };
    found.into_iter().map(described).collect()
}

/// What no column reads, of all files.
fn unread(surveys: &[FileSurvey]) -> Vec<String> {
    let names: BTreeSet<String> = surveys
        .iter()
        .flat_map(|file| file.survey.unread())
        .collect();
    names.into_iter().collect()
}

/// Where a column was looked for, and what is there that it may be.
fn describe(absent: &Absent, unread: &[String]) -> String {
    let path = &absent.path;
    match near(path, unread) {
        Some(near) => format!("no row has `{path}`; there is `{near}`"),
        None if unread.is_empty() => format!("no row has `{path}`"),
        None => format!("no row has `{path}`; not read: {}", list(unread)),
    }
}

/// Why all rows may be unusable: the columns that none of them has.
pub(super) fn absent_columns(surveys: &[FileSurvey]) -> Option<String> {
    let absent: Vec<Absent> = absent(surveys)
        .into_iter()
        .filter(|(_, lacking)| lacking.is_empty())
        .map(|(absent, _)| absent)
        .collect();
    let unread = unread(surveys);
    let described = |absent: &Absent| match near(&absent.path, &unread) {
        Some(near) => format!("`{}` (there is `{near}`)", absent.path),
        None => format!("`{}`", absent.path),
    };
    let first: Vec<String> = absent.iter().take(LISTED).map(described).collect();
    if first.is_empty() {
        return None;
    }
    let more = match absent.len() - first.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let unread = match unread.as_slice() {
        [] => String::new(),
        unread => format!("; not read: {}", list(unread)),
    };
    Some(format!("no row has {}{more}{unread}", first.join(", ")))
}

/// What the path may have been meant to be: as a whole, or in its last key.
fn near<'u>(path: &str, unread: &'u [String]) -> Option<&'u str> {
    closest(path, unread.iter().map(String::as_str))
}

fn list(names: &[String]) -> String {
    let mut listed: Vec<String> = names
        .iter()
        .take(LISTED)
        .map(|n| format!("`{n}`"))
        .collect();
    if names.len() > LISTED {
        listed.push("…".to_owned());
    }
    listed.join(", ")
}
