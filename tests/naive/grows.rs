//! How it grows: by the month and year in which models were made, and what
//! trends.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::cut::{
    Counted, LEVELS, Part, by_downloads, downloads, downloads_where, group, ranked, share, share_of,
};
use crate::dates;
use crate::origins::attributions;
use crate::rows::{Day, Table, Value, row};
use crate::snapshot::{Model, Snapshot};

pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    vec![
        growth(snapshot),
        entity_growth(snapshot),
        geography_over_time(snapshot),
        entity_types_over_time(snapshot),
        release_cadence(snapshot),
        trending_by_geography(snapshot),
        trending_by_entity(snapshot),
        trending_by_entity_type(snapshot),
    ]
}

/// All models, whose downloads do not matter.
fn all(snapshot: &Snapshot) -> Part<'_> {
    let count = |model| Counted {
        model,
        downloads: None,
    };
    snapshot.models.iter().map(count).collect()
}

fn growth(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "growth",
        "kind month",
        "kind month new cumulative new_share",
    );
    let mut so_far = 0;
    // Digits come before letters, the unknown month comes last.
    for (month, part) in group(&all(snapshot), Model::month) {
        so_far += part.len();
        let of_all = share_of(part.len(), snapshot.models.len());
        table.push(row!["models", month, part.len(), so_far, of_all]);
    }
    table.sorted("kind month")
}

fn entity_growth(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "entity_growth",
        "kind year entity",
        "kind year rank entity entity_type country new new_before factor cumulative new_share complete",
    );
    let this_year = dates::civil(snapshot.day).0;
    let made = |entity: &str, when: &dyn Fn(&str) -> bool| {
        let models = snapshot
            .models
            .iter()
            .filter(|model| model.entity == entity);
        models.filter(|model| when(&model.year())).count()
    };
    for (year, inside) in group(&all(snapshot), Model::year) {
        let number: Option<i32> = year.parse().ok();
        for (rank, entity, part) in ranked(group(&inside, |model| &model.entity), Vec::len) {
            let new = part.len();
            let before =
                number.map(|number| made(entity, &|other| other == (number - 1).to_string()));
            let factor = match (number, before) {
                (Some(2022 | 2023), _) | (_, None | Some(0)) => None,
                (_, Some(before)) => Some(new as f64 / before as f64),
            };
            table.push(row![
                "models",
                &year,
                rank,
                entity,
                &part[0].model.entity_type,
                &part[0].model.country,
                new,
                before,
                factor,
                made(entity, &|other| other <= &*year),
                share_of(new, inside.len()),
                number.map(|number| number < this_year),
            ]);
        }
    }
    table.sorted("kind year rank entity")
}

fn geography_over_time(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "geography_over_time",
        "universe period level month place",
        "universe period level month rank place models downloads downloads_share models_share_of_month
         downloads_share_of_month",
    );
    for cut in snapshot.cuts() {
        for (month, inside) in group(&cut.models, Model::month) {
            for level in LEVELS {
                for (rank, place, part) in by_downloads(group(&inside, |model| model.place(level)))
                {
                    table.push(row![
                        cut.universe,
                        cut.period,
                        level,
                        &month,
                        rank,
                        place,
                        part.len(),
                        downloads(&part),
                        share(downloads(&part), cut.downloads),
                        share_of(part.len(), inside.len()),
                        share(downloads(&part), downloads(&inside)),
                    ]);
                }
            }
        }
    }
    table.sorted("universe period level month rank place")
}

fn entity_types_over_time(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "entity_types_over_time",
        "universe period month entity_type",
        "universe period month rank entity_type models downloads downloads_share models_share_of_month
         downloads_share_of_month",
    );
    for cut in snapshot.cuts() {
        for (month, inside) in group(&cut.models, Model::month) {
            for (rank, kind, part) in by_downloads(group(&inside, |model| &model.entity_type)) {
                table.push(row![
                    cut.universe,
                    cut.period,
                    &month,
                    rank,
                    kind,
                    part.len(),
                    downloads(&part),
                    share(downloads(&part), cut.downloads),
                    share_of(part.len(), inside.len()),
                    share(downloads(&part), downloads(&inside)),
                ]);
            }
        }
    }
    table.sorted("universe period month rank entity_type")
}

fn release_cadence(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "release_cadence",
        "universe period entity",
        "universe period rank entity entity_type country models downloads downloads_share recent_models
         rank_by_recent_models median_days_between last_created recent_downloads recent_share",
    );
    let recent = |part: &Part<'_>| -> Vec<i64> {
        let models = part.iter().map(|counted| counted.model);
        let mut made: Vec<i64> = models
            .filter(|model| model.is_recent(snapshot.day))
            .map(|model| model.created_at.unwrap())
            .collect();
        made.sort_unstable();
        made
    };
    for cut in snapshot.cuts() {
        let entities = || group(&cut.models, |model| &model.entity);
        let by_recent: BTreeMap<&String, usize> = ranked(entities(), |part| recent(part).len())
            .into_iter()
            .map(|(place, entity, _)| (entity, place))
            .collect();
        for (rank, entity, part) in by_downloads(entities()) {
            let made = recent(&part);
            let mut gaps: Vec<f64> = made
                .windows(2)
                .map(|two| dates::between(two[0], two[1]))
                .collect();
            gaps.sort_by(f64::total_cmp);
            let half = gaps.len() / 2;
            let middle = match gaps.len() {
                0 => None,
                n if n % 2 == 1 => Some(gaps[half]),
                _ => Some((gaps[half - 1] + gaps[half]) / 2.0),
            };
            let recent_downloads = downloads_where(&part, |model| model.is_recent(snapshot.day));
            table.push(row![
                cut.universe,
                cut.period,
                rank,
                entity,
                &part[0].model.entity_type,
                &part[0].model.country,
                part.len(),
                downloads(&part),
                share(downloads(&part), cut.downloads),
                made.len(),
                by_recent[entity],
                middle,
                made.last().map(|last| Day(dates::of(*last))),
                recent_downloads,
                share(recent_downloads, downloads(&part)),
            ]);
        }
    }
    table.sorted("universe period rank entity")
}

/// The first models by trending score, each with its place.
fn trending(snapshot: &Snapshot, first: usize) -> Vec<(usize, &Model)> {
    let score = |model: &Model| model.trending_score.filter(|score| *score != 0.0);
    let mut models: Vec<&Model> = snapshot
        .models
        .iter()
        .filter(|model| score(model).is_some())
        .collect();
    models.sort_by(|a, b| {
        let by_score = score(b).partial_cmp(&score(a)).unwrap();
        by_score.then_with(|| a.id.cmp(&b.id))
    });
    models.truncate(first);
    models
        .into_iter()
        .enumerate()
        .map(|(before, model)| (before + 1, model))
        .collect()
}

/// The list by a key: models, best place and recent ones of each, those with
/// the most models first.
fn on_the_list<'a>(
    list: &[(usize, &'a Model)],
    key: impl Fn(&'a Model) -> &'a str,
) -> Vec<(&'a str, Vec<(usize, &'a Model)>)> {
    let mut groups: BTreeMap<&str, Vec<(usize, &Model)>> = BTreeMap::new();
    for (place, model) in list {
        groups.entry(key(model)).or_default().push((*place, model));
    }
    let mut groups: Vec<(&str, Vec<(usize, &Model)>)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, models)| Reverse(models.len()));
    groups
}

/// Models, their share, best place, recent models, their share, length.
fn counts(snapshot: &Snapshot, of: &[(usize, &Model)], list: &[(usize, &Model)]) -> Vec<Value> {
    let dated = snapshot
        .models
        .iter()
        .any(|model| model.created_at.is_some());
    let recent = |models: &[(usize, &Model)]| {
        models
            .iter()
            .filter(|(_, model)| model.is_recent(snapshot.day))
            .count()
    };
    row![
        of.len(),
        share_of(of.len(), list.len()),
        of[0].0,
        dated.then(|| recent(of)),
        dated.then(|| share_of(recent(of), recent(list))).flatten(),
        list.len(),
    ]
}

fn trending_by_geography(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "trending_by_geography",
        "first attribution level place",
        "first attribution level rank place models models_share best_rank recent_models recent_share ranked_models",
    );
    let attributions = attributions(snapshot);
    for first in [100, 1000] {
        let list = trending(snapshot, first);
        for way in &attributions {
            for level in LEVELS {
                let places = on_the_list(&list, |model| way.of(model).place(level));
                for (before, (place, models)) in places.iter().enumerate() {
                    let mut row = row![first, way.name, level, before + 1, *place];
                    row.extend(counts(snapshot, models, &list));
                    table.push(row);
                }
            }
        }
    }
    table.sorted("first attribution level rank place")
}

fn trending_by_entity(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "trending_by_entity",
        "first attribution entity",
        "first attribution rank entity entity_type country models models_share best_rank recent_models recent_share
         ranked_models",
    );
    let attributions = attributions(snapshot);
    for first in [100, 1000] {
        let list = trending(snapshot, first);
        for way in &attributions {
            let entities = on_the_list(&list, |model| &way.of(model).entity);
            for (before, (entity, models)) in entities.iter().enumerate() {
                let one = way.of(models[0].1);
                let (kind, country) = (&one.entity_type, &one.country);
                let mut row = row![first, way.name, before + 1, *entity, kind, country];
                row.extend(counts(snapshot, models, &list));
                table.push(row);
            }
        }
    }
    table.sorted("first attribution rank entity")
}

fn trending_by_entity_type(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "trending_by_entity_type",
        "first attribution entity_type",
        "first attribution rank entity_type entities models models_share best_rank recent_models recent_share
         ranked_models",
    );
    let attributions = attributions(snapshot);
    for first in [100, 1000] {
        let list = trending(snapshot, first);
        for way in &attributions {
            let kinds = on_the_list(&list, |model| &way.of(model).entity_type);
            for (before, (kind, models)) in kinds.iter().enumerate() {
                let entities = models.iter().map(|(_, model)| &*way.of(model).entity);
                let entities = entities.collect::<BTreeSet<&str>>().len();
                let mut row = row![first, way.name, before + 1, *kind, entities];
                row.extend(counts(snapshot, models, &list));
                table.push(row);
            }
        }
    }
    table.sorted("first attribution rank entity_type")
}
