//! How popular: rankings, means and medians, and how concentrated it all is.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::cut::{
    Counted, Cut, Part, by_downloads, downloads, group, likes, mean, median, ranked, share,
    share_of, stated,
};
use crate::reference;
use crate::rows::{Day, Table, Value, row};
use crate::snapshot::{Model, Snapshot};

/// The points in the last percent of the distribution.
const LAST_POINTS: [f64; 5] = [99.5, 99.9, 99.95, 99.99, 99.999];

pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    vec![
        top_models(snapshot),
        popularity(snapshot, "task", "task_tag task", &|model| {
            vec![&model.task_tag, &model.task]
        }),
        popularity(snapshot, "account", "account", &|model| {
            vec![&model.account]
        }),
        concentration(snapshot),
        download_distribution(snapshot),
        relative_adoption(snapshot),
        top_liked_by_year(snapshot),
    ]
}

fn whole(number: Option<i64>) -> Option<f64> {
    number.map(|number| number as f64)
}

/// What models are ranked by.
type Counter = dyn Fn(&Model) -> Option<f64>;

pub(crate) fn top_models(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "top_models",
        "ranking rank",
        "ranking rank id account entity country task task_rank downloads_all_time downloads_30d likes
         trending_score likes_per_1000_downloads_all_time likes_per_1000_downloads_30d library frameworks parameters size_class",
    );
    let rankings: [(&str, &Counter); 4] = [
        ("downloads_all_time", &|model| {
            whole(model.downloads_all_time)
        }),
        ("downloads_30d", &|model| whole(model.downloads_30d)),
        ("likes", &|model| whole(model.likes)),
        ("trending_score", &|model| model.trending_score),
    ];
    for (ranking, value) in rankings {
        let is_ranked = |model: &&Model| value(model).is_some_and(|value| value != 0.0);
        let mut models: Vec<&Model> = snapshot.models.iter().filter(is_ranked).collect();
        models.sort_by(|a, b| {
            let by_value = value(b).partial_cmp(&value(a)).unwrap();
            by_value.then_with(|| a.id.cmp(&b.id))
        });
        models.truncate(1000);
        for (before, model) in models.iter().enumerate() {
            let same_task = models[..=before]
                .iter()
                .filter(|other| other.task == model.task);
            let per_1000 = |downloads: Option<i64>| {
                let downloads = downloads.filter(|count| *count > 0)?;
                Some(model.likes? as f64 * 1000.0 / downloads as f64)
            };
            let mut frameworks = model.frameworks.clone();
            frameworks.sort();
            table.push(row![
                ranking,
                before + 1,
                &model.id,
                &model.account,
                &model.entity,
                &model.country,
                &model.task,
                same_task.count(),
                model.downloads_all_time,
                model.downloads_30d,
                model.likes,
                model.trending_score,
                per_1000(model.downloads_all_time),
                per_1000(model.downloads_30d),
                &model.library,
                frameworks,
                model.parameters,
                &model.size_class,
            ]);
        }
    }
    table.sorted("ranking rank")
}

/// The units of models, by their names in the columns, of which the first tells
/// them apart. The task of those that have none comes last.
fn popularity(
    snapshot: &Snapshot,
    unit: &str,
    columns: &str,
    of: &dyn Fn(&Model) -> Vec<&String>,
) -> Table {
    let first = columns.split(' ').next().unwrap();
    let mut table = Table::new(
        &format!("{unit}_popularity"),
        &format!("universe period {first}"),
        &format!(
            "universe period rank {columns} models downloads downloads_share uncounted_models mean_downloads
             median_downloads likes mean_likes median_likes known_models mean_parameters median_parameters rank_by_models rank_by_likes"
        ),
    );
    let states_likes = snapshot.models.iter().any(|model| model.likes.is_some());
    for cut in snapshot.cuts() {
        let units = || group(&cut.models, of);
        let by_models = places(unit, ranked(units(), Vec::len));
        let by_likes = places(unit, ranked(units(), |part| likes(part)));
        let ranks = places(unit, by_downloads(units()));
        for (names, part) in units() {
            let numbers = stated(&part);
            let liked: Vec<i64> = part
                .iter()
                .filter_map(|counted| counted.model.likes)
                .collect();
            let sizes: Vec<i64> = part
                .iter()
                .filter_map(|counted| counted.model.parameters)
                .collect();
            let mut row = row![cut.universe, cut.period, ranks[&names]];
            row.extend(names.iter().map(|name| Value::from(*name)));
            row.extend(row![
                part.len(),
                downloads(&part),
                share(downloads(&part), cut.downloads),
                part.len() - numbers.len(),
                mean(&numbers),
                median(&numbers),
                likes(&part),
                mean(&liked),
                median(&liked),
                sizes.len(),
                mean(&sizes),
                median(&sizes),
                by_models[&names],
                states_likes.then(|| by_likes[&names]),
            ]);
            table.push(row);
        }
    }
    table.sorted(&format!("universe period rank {first}"))
}

/// The place of each unit, the task of those that have none last.
fn places<'m>(
    unit: &str,
    mut ranked: Vec<(usize, Vec<&'m String>, Part<'m>)>,
) -> BTreeMap<Vec<&'m String>, usize> {
    ranked.sort_by_key(|(place, names, _)| (unit == "task" && *names[0] == "unknown", *place));
    let names = ranked.into_iter().map(|(_, names, _)| names);
    names.zip(1..).collect()
}

fn concentration(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "concentration",
        "universe period unit zeros_included",
        "universe period unit zeros_included units downloads top1_share top10_share top50_share top100_share
         top200_share top1000_share top_0_01_percent_share top_1_percent_share gini hhi
         share_under_200_downloads share_without_downloads",
    );
    for cut in snapshot.cuts() {
        for (unit, mut numbers) in units(&cut) {
            numbers.sort_unstable_by_key(|number| Reverse(*number));
            for zeros_included in [true, false] {
                numbers.retain(|number| zeros_included || *number > 0);
                let n = numbers.len();
                if n == 0 {
                    continue;
                }
                let first = |k: usize| share(Some(numbers.iter().take(k).sum()), cut.downloads);
                let below = |limit| numbers.iter().filter(|number| **number < limit).count();
                table.push(row![
                    cut.universe,
                    cut.period,
                    unit,
                    zeros_included,
                    n,
                    cut.downloads,
                    first(1),
                    first(10),
                    first(50),
                    first(100),
                    first(200),
                    first(1000),
                    first(n.div_ceil(10_000)),
                    first(n.div_ceil(100)),
                    gini(&numbers, cut.downloads.unwrap()),
                    hhi(&numbers, cut.downloads.unwrap()),
                    share_of(below(200), n),
                    share_of(below(1), n),
                ]);
            }
        }
    }
    table.sorted("universe period unit zeros_included")
}

/// The downloads of every model, account and entity of a cut of which they are
/// known.
fn units(cut: &Cut<'_>) -> [(&'static str, Vec<i64>); 3] {
    let sums = |of: fn(&Model) -> &String| -> Vec<i64> {
        let groups = group(&cut.models, of);
        groups.values().filter_map(|part| downloads(part)).collect()
    };
    [
        ("model", sums(|model| &model.id)),
        ("account", sums(|model| &model.account)),
        ("entity", sums(|model| &model.entity)),
    ]
}

/// Half the mean difference between any two, over the mean.
fn gini(numbers: &[i64], sum: i64) -> Option<f64> {
    let mut differences: i128 = 0;
    for one in numbers {
        for other in numbers {
            differences += i128::from((one - other).abs());
        }
    }
    let n = numbers.len() as f64;
    (sum > 0).then(|| differences as f64 / (2.0 * n * sum as f64))
}

fn hhi(numbers: &[i64], sum: i64) -> Option<f64> {
    let shares = numbers.iter().map(|number| *number as f64 / sum as f64);
    (sum > 0).then(|| shares.map(|share| share * share).sum())
}

fn download_distribution(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "download_distribution",
        "universe period percentile",
        "universe period percentile models downloads downloads_at_percentile downloads_share",
    );
    for cut in snapshot.cuts() {
        let mut numbers = stated(&cut.models);
        numbers.sort_unstable();
        let points = (0..=100).map(f64::from).chain(LAST_POINTS);
        for percentile in points {
            // In thousandths of a percent, which are whole.
            let thousandths = (percentile * 1000.0).round() as usize;
            let models = (numbers.len() * thousandths).div_ceil(100_000);
            let up_to: i64 = numbers[..models].iter().sum();
            table.push(row![
                cut.universe,
                cut.period,
                percentile,
                models,
                up_to,
                numbers[models.max(1) - 1],
                share(Some(up_to), cut.downloads),
            ]);
        }
    }
    table.sorted("universe period percentile")
}

fn relative_adoption(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "relative_adoption",
        "universe period size_class id",
        "universe period position size_class rank id entity country parameters downloads relative_adoption
         leaders_median class_median class_models uncounted_models",
    );
    let classes = reference::get().classes.iter();
    let fine: Vec<_> = classes.filter(|class| class.scheme == "fine").collect();
    for cut in snapshot.cuts() {
        for class in &fine {
            let mut part: Vec<&Counted<'_>> = cut
                .models
                .iter()
                .filter(|counted| counted.model.size_class == class.name)
                .collect();
            part.sort_by_key(|counted| (Reverse(counted.downloads), &counted.model.id));
            let numbers: Vec<i64> = part
                .iter()
                .filter_map(|counted| counted.downloads)
                .collect();
            let leaders = median(&numbers[..numbers.len().min(10)]);
            for (before, counted) in part.iter().enumerate() {
                let Some(downloads) = counted.downloads.filter(|number| *number > 0) else {
                    continue;
                };
                let leaders = leaders.unwrap();
                table.push(row![
                    cut.universe,
                    cut.period,
                    class.position,
                    &class.name,
                    before + 1,
                    &counted.model.id,
                    &counted.model.entity,
                    &counted.model.country,
                    counted.model.parameters,
                    downloads,
                    (leaders > 0.0).then(|| downloads as f64 / leaders),
                    leaders,
                    median(&numbers),
                    part.len(),
                    part.len() - numbers.len(),
                ]);
            }
        }
    }
    table.sorted("universe period position size_class rank id")
}

fn top_liked_by_year(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "top_liked_by_year",
        "year rank",
        "year rank id account entity entity_type country task size_class likes downloads_all_time downloads_30d
         created",
    );
    let mut liked: Vec<&Model> = snapshot
        .models
        .iter()
        .filter(|model| model.likes.is_some_and(|likes| likes > 0))
        .collect();
    liked.sort_by_key(|model| (model.year(), Reverse(model.likes), &model.id));
    for model in &liked {
        let of_year = liked.iter().filter(|other| other.year() == model.year());
        let rank = of_year.take_while(|other| other.id != model.id).count() + 1;
        if rank > 20 {
            continue;
        }
        table.push(row![
            model.year(),
            rank,
            &model.id,
            &model.account,
            &model.entity,
            &model.entity_type,
            &model.country,
            &model.task,
            &model.size_class,
            model.likes,
            model.downloads_all_time,
            model.downloads_30d,
            model.created().map(Day),
        ]);
    }
    table.sorted("year rank")
}
