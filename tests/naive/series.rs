//! How long models are in demand, over all snapshots.

use std::collections::BTreeSet;

use crate::rows::{Day, Moment, Table, row};
use crate::snapshot::{Model, Snapshot};

/// The counts of a repository, from the first that is above 0 on.
struct Series<'a> {
    counts: Vec<(i32, i64)>,
    latest: &'a Model,
    /// Of the latest that states a count.
    size_class: &'a str,
}

/// The table of the last of these snapshots; the others come before it.
pub(crate) fn tables(snapshots: &[Snapshot]) -> Vec<Table> {
    let mut table = Table::new(
        "engagement",
        "id",
        "id entity created_at size_class first_date last_date snapshots gap_days downloads peak peak_date days_to_peak
         peak_may_be_earlier half_date days_to_half half_gap_days unfinished share_of_peak",
    );
    let ids: BTreeSet<&str> = snapshots
        .iter()
        .flat_map(|snapshot| &snapshot.models)
        .map(|model| &*model.id)
        .collect();
    for id in ids {
        let Series {
            counts,
            latest,
            size_class,
        } = series(snapshots, id);
        let (Some(first), Some(last)) = (counts.first(), counts.last()) else {
            continue;
        };
        let peak = counts.iter().map(|(_, count)| *count).max().unwrap();
        let at_peak = counts.iter().position(|(_, count)| *count == peak).unwrap();
        let peak_day = counts[at_peak].0;
        let created = latest.created();
        // From the end back, as long as the count is at or under half the peak.
        let low = counts
            .iter()
            .rev()
            .take_while(|(_, count)| count * 2 <= peak)
            .count();
        let half = (low > 0).then(|| counts.len() - low);
        let half_day = half.map(|place| counts[place].0);
        let half_gap = half.map(|place| counts[place].0 - counts[place - 1].0 - 1);
        let snapshots = i64::try_from(counts.len()).unwrap();
        let older = created.is_none_or(|created| created < first.0);
        table.push(row![
            id,
            &latest.entity,
            latest.created_at.map(Moment),
            size_class,
            Day(first.0),
            Day(last.0),
            snapshots,
            i64::from(last.0 - first.0) + 1 - snapshots,
            last.1,
            peak,
            Day(peak_day),
            created
                .filter(|created| *created <= peak_day)
                .map(|created| i64::from(peak_day - created)),
            at_peak == 0 && older,
            half_day.map(Day),
            half_day.map(|day| i64::from(day - peak_day)),
            half_gap.map(i64::from),
            half.is_none(),
            last.1 as f64 / peak as f64,
        ]);
    }
    vec![table]
}

fn series<'a>(snapshots: &'a [Snapshot], id: &str) -> Series<'a> {
    let days = snapshots
        .iter()
        .filter_map(|snapshot| Some((snapshot.day, snapshot.model(id)?)));
    let days: Vec<(i32, &Model)> = days.collect();
    let mut counts: Vec<(i32, i64)> = Vec::new();
    let mut made: Option<i64> = None;
    let mut size_class = "unknown";
    for (day, model) in &days {
        let second = model.created_at.map(|moment| moment.div_euclid(1_000_000));
        if made.is_some() && second.is_some() && made != second {
            counts.clear();
        }
        made = second.or(made);
        if model.downloads_30d.is_some() {
            size_class = &model.size_class;
        }
        if let Some(count) = model.downloads_30d
            && (count > 0 || !counts.is_empty())
        {
            counts.push((*day, count));
        }
    }
    let (_, latest) = days[days.len() - 1];
    Series {
        counts,
        latest,
        size_class,
    }
}
