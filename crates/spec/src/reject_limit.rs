//! How many rows of a file may be set aside before its snapshot fails.

use crate::check::DUPLICATE_KEY;
use crate::diagnostic::{Diagnostic, Spanned, did_you_mean, enumerate};
use crate::read::{Cx, Map};
use crate::yaml::{Entry, Kind, Node};

/// The reasons for which the reader itself sets rows aside, as it calls them.
pub const READER_REASONS: [&str; 12] = [
    "not_json",
    "not_utf8",
    "not_an_object",
    "too_long",
    "too_deep",
    "wrong_field_count",
    "wrong_type",
    "not_a_number",
    "not_an_integer",
    "out_of_range",
    "not_a_date",
    "not_a_boolean",
];

/// What a row is set aside for where `column` may not be null, and is.
pub fn missing_reason(column: &str) -> String {
    format!("missing_{column}")
}

/// A number of rows: the larger of a share and a count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowLimit {
    /// As a share of the rows, 0 to 1.
    pub share: f64,
    /// As a number of rows.
    pub rows: u64,
}

impl RowLimit {
    /// One in a hundred, at least ten: for a table that says nothing else.
    const DEFAULT: Self = Self {
        share: 0.01,
        rows: 10,
    };
    /// Every row.
    const NONE: Self = Self {
        share: 1.0,
        rows: 0,
    };

    /// How many of `rows` these are.
    pub fn of(&self, rows: u64) -> u64 {
        self.share_of(rows).max(self.rows)
    }

    /// How many of `rows` these are if the count holds only as long as it is less than half of
    /// them: ten odd rows among thousands are an accident, ten among twelve are another file.
    pub fn of_few(&self, rows: u64) -> u64 {
        let minority = rows.saturating_sub(1) / 2;
        self.share_of(rows).max(self.rows.min(minority))
    }

    /// A share such as 0.29 is no double: what it means of 100 rows is 29.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a row count, within 2^53"
    )]
    fn share_of(&self, rows: u64) -> u64 {
        (rows as f64 * self.share + 1e-6) as u64
    }
}

/// How many rows may be set aside, as a table or a source says it (`reject_limit` in YAML).
///
/// ```yaml
/// reject_limit:
///   share: 0.01
///   rows: 10
///   reasons: {not_a_date: {share: 0.2}}
/// ```
///
/// A snapshot fails if none of its rows is left. Beyond that, reasons under `reasons` have a limit
/// each, of the rows read; what is not said there is 0. Rows set aside for all other reasons
/// together may be as many as `share` of the rows, or as `rows` as long as that is less than half
/// of the rows. A source's word counts before its table's, key by key and reason by reason.
/// Repeated keys ([`DUPLICATE_KEY`]) cost no model, since the first row of each key stays: without
/// a limit under `reasons` there is none for them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RejectLimit {
    /// As a share of the rows, 0 to 1.
    pub share: Option<f64>,
    /// As a number of rows, while they are less than half.
    pub rows: Option<u64>,
    /// The limits of single reasons, which count for themselves.
    pub reasons: Vec<(Spanned<String>, RowLimit)>,
}

impl RejectLimit {
    /// The limit for reasons without one of their own, of the table whose limit this is, as filled
    /// by a source.
    pub fn general(&self, source: &Self) -> RowLimit {
        RowLimit {
            share: source
                .share
                .or(self.share)
                .unwrap_or(RowLimit::DEFAULT.share),
            rows: source.rows.or(self.rows).unwrap_or(RowLimit::DEFAULT.rows),
        }
    }

    /// The limit of a reason, if it has one of its own.
    pub fn of_reason(&self, source: &Self, reason: &str) -> Option<RowLimit> {
        let of = |limit: &Self| {
            let mut reasons = limit.reasons.iter();
            reasons.find(|(of, _)| of.value == reason).map(|(_, l)| *l)
        };
        of(source)
            .or_else(|| of(self))
            .or_else(|| (reason == DUPLICATE_KEY).then_some(RowLimit::NONE))
    }

    /// Reports reasons for which no row is set aside.
    pub(crate) fn check(&self, known: &[String], cx: &mut Cx<'_>) {
        for (reason, _) in &self.reasons {
            if known.contains(&reason.value) {
                continue;
            }
            let names = || known.iter().map(String::as_str);
            cx.report(
                Diagnostic::error(
                    "unknown-reason",
                    format!("no row is set aside for `{reason}`"),
                )
                .at(reason.span, "unknown reason")
                .help(
                    did_you_mean(reason, names())
                        .unwrap_or_else(|| format!("the reasons are {}", enumerate(names()))),
                ),
            );
        }
    }
}

pub(crate) fn read(map: &mut Map<'_>, cx: &mut Cx<'_>) -> RejectLimit {
    let mut limit = RejectLimit::default();
    let Some(mut map) = map
        .take("reject_limit")
        .and_then(|node| cx.map(node, "`reject_limit`"))
    else {
        return limit;
    };
    (limit.share, limit.rows) = shares(&mut map, cx);
    if let Some(reasons) = map
        .take("reasons")
        .and_then(|node| cx.map(node, "`reasons`"))
    {
        for entry in reasons.into_entries() {
            limit.reasons.extend(reason(entry, cx));
        }
    }
    map.finish(cx);
    limit
}

fn reason(entry: &Entry, cx: &mut Cx<'_>) -> Option<(Spanned<String>, RowLimit)> {
    let mut map = cx.map(&entry.value, "the limit of a reason")?;
    let (share, rows) = shares(&mut map, cx);
    map.finish(cx);
    let limit = RowLimit {
        share: share.unwrap_or(0.0),
        rows: rows.unwrap_or(0),
    };
    Some((entry.key.clone(), limit))
}

fn shares(map: &mut Map<'_>, cx: &mut Cx<'_>) -> (Option<f64>, Option<u64>) {
    let share = map.take("share").and_then(|node| share(node, cx));
    let rows = map.take("rows").and_then(|node| match node.kind {
        Kind::Int(rows) if rows >= 0 => Some(rows.unsigned_abs()),
        _ => {
            cx.wrong_type(node, "`rows`", "an integer from 0 up");
            None
        }
    });
    (share, rows)
}

fn share(node: &Node, cx: &mut Cx<'_>) -> Option<f64> {
    match node.kind {
        Kind::Int(0) => Some(0.0),
        Kind::Int(1) => Some(1.0),
        Kind::Float(share) if (0.0..=1.0).contains(&share) => Some(share),
        _ => {
            cx.wrong_type(node, "`share`", "a number from 0 to 1");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_holds_as_long_as_it_is_less_than_half() {
        let limit = RowLimit::DEFAULT;
        for (rows, allowed) in [
            (0, 0),
            (1, 0),
            (2, 0),
            (3, 1),
            (12, 5),
            (20, 9),
            (21, 10),
            (22, 10),
            (1_000, 10),
            (1_200, 12),
        ] {
            assert_eq!(limit.of_few(rows), allowed, "of {rows} rows");
        }
        let half = RowLimit {
            share: 0.5,
            rows: 0,
        };
        assert_eq!(half.of_few(2), 1, "a share holds whatever it is");
        assert_eq!(
            RowLimit {
                share: 0.29,
                rows: 0
            }
            .of(100),
            29
        );
        assert_eq!(
            RowLimit {
                share: 0.0,
                rows: 7
            }
            .of(2),
            7
        );
    }

    #[test]
    fn a_source_comes_before_its_table() {
        let span = crate::Span {
            file: 0,
            start: 0,
            end: 0,
        };
        let reason = |name: &str| Spanned::new(name.to_owned(), span);
        let ten = RowLimit {
            share: 0.0,
            rows: 10,
        };
        let table = RejectLimit {
            share: Some(0.2),
            rows: None,
            reasons: vec![(reason("not_a_date"), ten)],
        };
        let source = RejectLimit {
            rows: Some(3),
            ..RejectLimit::default()
        };
        let limit = table.general(&source);
        assert_eq!(
            limit,
            RowLimit {
                share: 0.2,
                rows: 3
            }
        );
        assert_eq!(table.of_reason(&source, "not_a_date"), Some(ten));
        assert_eq!(table.of_reason(&source, "not_json"), None);
        let duplicates = table.of_reason(&source, DUPLICATE_KEY);
        assert_eq!(duplicates.map(|limit| limit.of(2_223)), Some(2_223));
        let strict = RejectLimit {
            reasons: vec![(reason(DUPLICATE_KEY), ten)],
            ..RejectLimit::default()
        };
        assert_eq!(table.of_reason(&strict, DUPLICATE_KEY), Some(ten));
    }
}
