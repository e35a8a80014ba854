//! What a snapshot covers, and how it compares with the one before.

use arrow::array::RecordBatch;
use hubcensus_spec::SnapshotDate;

use crate::number::{date, exact, short};
use crate::rows::{self, numbers, texts};

/// What a snapshot has of a kind of thing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Covered {
    pub(crate) kind: String,
    pub(crate) source: String,
    coverage: String,
    part: Option<String>,
    counters: Option<SnapshotDate>,
    rows: Option<f64>,
    before: Before,
}

/// The snapshot before, as far as it can be compared with.
#[derive(Clone, Debug, PartialEq)]
enum Before {
    Comparable {
        date: SnapshotDate,
        /// What is counted, how many more there are, and how many there were.
        gained: Vec<(String, f64, f64)>,
    },
    Not(String),
}

/// Measures, each with its own of the snapshot before in `previous_…`.
const MEASURES: [(&str, &str); 4] = [
    ("rows", ""),
    ("downloads_all_time", "downloads of all time"),
    ("downloads_30d", "downloads in the last 30 days"),
    ("likes", "likes"),
];

/// The rows of the table that tells it, one for each kind.
pub(crate) fn covered(batch: &RecordBatch) -> Vec<Covered> {
    let column = |name: &str| texts(batch, name);
    let (kinds, sources, coverages) = (column("kind"), column("source"), column("coverage"));
    let (parts, reasons) = (column("part"), column("not_comparable_because"));
    let measures = MEASURES.map(|(name, words)| {
        let before = numbers(batch, &format!("previous_{name}"));
        (words, numbers(batch, name), before)
    });
    let row = |at: usize| {
        let kind = kinds.get(at)?.clone()?;
        let text = |column: &[Option<String>]| column.get(at).cloned().flatten();
        let gained = measures.iter().filter_map(|(words, now, before)| {
            let (now, before) = ((*now.get(at)?)?, (*before.get(at)?)?);
            let words = if words.is_empty() {
                kind.as_str()
            } else {
                words
            };
            Some((words.to_owned(), now - before, before))
        });
        let before = match rows::date(batch, "comparable_predecessor", at) {
            Some(date) => Before::Comparable {
                date,
                gained: gained.collect(),
            },
            None => {
                Before::Not(text(&reasons).unwrap_or_else(|| "there is none before it".to_owned()))
            }
        };
        Some(Covered {
            source: text(&sources)?,
            coverage: text(&coverages)?,
            part: text(&parts),
            counters: rows::date(batch, "counters_date", at),
            rows: numbers(batch, "rows").get(at).copied().flatten(),
            before,
            kind,
        })
    };
    (0..batch.num_rows()).filter_map(row).collect()
}

impl Covered {
    /// `15,832 models from radar, a sample: the newest ones.`
    pub(crate) fn sentence(&self) -> String {
        let count = self.rows.map(|rows| format!("{} ", exact(rows)));
        let mut text = format!(
            "{}{} from {}, a {}",
            count.unwrap_or_default(),
            self.kind,
            self.source,
            self.coverage
        );
        match &self.part {
            Some(part) => text.push_str(&format!(": {}.", part.trim_end_matches('.'))),
            None => text.push('.'),
        }
        if let Some(day) = self.counters {
            text.push_str(&format!(
                " The counters stood so at the end of {}.",
                date(day)
            ));
        }
        text
    }

    /// What changed since the snapshot before, or why that cannot be told.
    pub(crate) fn change(&self) -> String {
        match &self.before {
            Before::Not(reason) => format!(
                "{}: no change can be told, {}.",
                capitalized(&self.kind),
                reason.trim_end_matches('.')
            ),
            Before::Comparable { date: day, gained } => {
                let parts: Vec<String> = gained.iter().map(gain).collect();
                format!(
                    "{} since {}: {}.",
                    capitalized(&self.kind),
                    date(*day),
                    parts.join(", ")
                )
            }
        }
    }
}

fn gain((words, gained, before): &(String, f64, f64)) -> String {
    let sign = if *gained > 0.0 { "+" } else { "" };
    let share = if *before > 0.0 && *gained != 0.0 {
        format!(" ({sign}{})", crate::number::percent(gained / before))
    } else {
        String::new()
    };
    format!("{sign}{} {words}{share}", short(*gained))
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Date32Array, Int64Array, StringArray};

    use super::*;

    #[test]
    fn a_snapshot_is_told_in_sentences() {
        let text = |values: [Option<&str>; 2]| -> ArrayRef {
            Arc::new(StringArray::from(values.to_vec()))
        };
        let number =
            |values: [Option<i64>; 2]| -> ArrayRef { Arc::new(Int64Array::from(values.to_vec())) };
        // 20,687 days after 1970-01-01 is 2026-08-22.
        let day =
            |values: [Option<i32>; 2]| -> ArrayRef { Arc::new(Date32Array::from(values.to_vec())) };
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("kind", text([Some("models"), Some("spaces")]), true),
            ("source", text([Some("radar"), Some("radar")]), true),
            ("coverage", text([Some("sample"), Some("census")]), true),
            ("part", text([Some("the newest."), None]), true),
            ("counters_date", day([None, Some(20_687)]), true),
            ("rows", number([Some(1_100), Some(7)]), true),
            ("previous_rows", number([Some(1_000), None]), true),
            ("downloads_30d", number([Some(90), None]), true),
            ("previous_downloads_30d", number([Some(100), None]), true),
            ("comparable_predecessor", day([Some(20_686), None]), true),
            (
                "not_comparable_because",
                text([None, Some("it is the first")]),
                true,
            ),
        ])
        .unwrap();
        let covered = covered(&batch);
        let said: Vec<String> = covered
            .iter()
            .flat_map(|covered| [covered.sentence(), covered.change()])
            .collect();
        assert_eq!(
            said,
            [
                "1,100 models from radar, a sample: the newest.",
                "Models since 21 August 2026: +100 models (+10.0%), −10 downloads in the last 30 days (−10.0%).",
                "7 spaces from radar, a census. The counters stood so at the end of 22 August 2026.",
                "Spaces: no change can be told, it is the first.",
            ]
        );
    }
}
