//! What a source's file has beside its rows: columns that no row has, and odd
//! values; as warnings, and as part of why a file is refused.

use hubcensus_hub::read::{Absent, Odd, Survey};
use hubcensus_spec::{Severity, Source, closest};

use crate::audit::violation::Violation;

/// How many names a message lists.
const LISTED: usize = 6;

/// The warnings about a file of which `rows` rows came into the partition.
pub(super) fn warnings(source: &Source, survey: &Survey, rows: u64) -> Vec<Violation> {
    let optional = |column: &str| {
        let mut columns = source.columns.iter();
        columns.any(|known| known.name.value == column && known.optional)
    };
    let unread = survey.unread();
    let absent = survey.absent().into_iter();
    let absent = absent
        .filter(|absent| !optional(&absent.column))
        .map(|absent| Violation {
            check: format!("absent_column_{}", absent.column),
            severity: Severity::Warning,
            rows,
            sample: Vec::new(),
            note: Some(describe(&absent, &unread)),
        });
    let odd = survey.odd().into_iter().map(|odd| Violation {
        check: format!("{}_{}", odd.oddity, odd.column),
        severity: Severity::Warning,
        rows: odd.values,
        sample: Vec::new(),
        note: Some(example(&odd)),
    });
    absent.chain(odd).collect()
}

fn example(odd: &Odd) -> String {
    format!("such as {} in row {}", odd.found, odd.row)
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

/// Why all rows of a file may be unusable: the columns that none of them has.
pub(super) fn absent_columns(survey: &Survey) -> Option<String> {
    let absent = survey.absent();
    let unread = survey.unread();
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
