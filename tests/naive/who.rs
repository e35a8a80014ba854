//! Who: the whole, entities, accounts, kinds and places.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::cut::{
    Counted, LEVELS, Part, accounts, by_downloads, downloads, downloads_where, entities, group,
    likes, mean, median, ranked, share, share_of, stated, sum,
};
use crate::origins::{Attribution, attributions};
use crate::rows::{Day, Table, row};
use crate::snapshot::Snapshot;

pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    vec![
        totals(snapshot),
        missing_values(snapshot),
        entity_table(snapshot),
        account_table(snapshot),
        entity_types(snapshot),
        geography(snapshot),
        entity_types_by_geography(snapshot),
        entity_profiles(snapshot),
    ]
}

/// The whole.
pub(crate) fn totals(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "hub_totals",
        "kind universe period",
        "kind universe period models accounts entities downloads likes models_share downloads_share
         uncounted_models mean_downloads median_downloads share_without_downloads
         share_under_200_downloads top50_entities_share top1000_models_share
         top1000_models_share_of_all source coverage",
    );
    for cut in snapshot.cuts() {
        let hub = sum(snapshot
            .models
            .iter()
            .map(|model| model.counter(cut.period)));
        let mut numbers = stated(&cut.models);
        numbers.sort_unstable();
        numbers.reverse();
        let first_50 = by_downloads(group(&cut.models, |model| &model.entity));
        let first_50 = first_50.iter().take(50);
        let n = cut.models.len();
        let below = |limit: i64| numbers.iter().filter(|number| **number < limit).count();
        let of_1000: i64 = numbers.iter().take(1000).sum();
        table.push(row![
            "models",
            cut.universe,
            cut.period,
            n,
            accounts(&cut.models),
            entities(&cut.models),
            cut.downloads,
            likes(&cut.models),
            share_of(n, snapshot.models.len()),
            share(cut.downloads, hub),
            n - numbers.len(),
            mean(&numbers),
            median(&numbers),
            share_of(below(1), numbers.len()),
            share_of(below(200), numbers.len()),
            share(
                sum(first_50.map(|(_, _, part)| downloads(part))),
                cut.downloads
            ),
            share(Some(of_1000), cut.downloads),
            share(Some(of_1000), hub),
            &snapshot.source,
            &snapshot.coverage,
        ]);
    }
    table.sorted("kind universe period")
}

fn missing_values(snapshot: &Snapshot) -> Table {
    let mut missing = snapshot.missing();
    missing.sort_by_key(|(column, count)| (Reverse(*count), column.clone()));
    let mut table = Table::new(
        "missing_values",
        "column_name",
        "rank column_name rows missing missing_share",
    );
    for (before, (column, count)) in missing.into_iter().enumerate() {
        let rows = snapshot.ingested.rows.len();
        table.push(row![before + 1, column, rows, count, share_of(count, rows)]);
    }
    table
}

fn entity_table(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "entities",
        "universe period entity",
        "universe period rank entity entity_type country accounts models downloads likes downloads_share
         cumulative_share",
    );
    for cut in snapshot.cuts() {
        let mut so_far = 0;
        for (rank, entity, part) in by_downloads(group(&cut.models, |model| &model.entity)) {
            so_far += downloads(&part).unwrap_or(0);
            table.push(row![
                cut.universe,
                cut.period,
                rank,
                entity,
                &part[0].model.entity_type,
                &part[0].model.country,
                accounts(&part),
                part.len(),
                downloads(&part),
                likes(&part),
                share(downloads(&part), cut.downloads),
                share(Some(so_far), cut.downloads),
            ]);
        }
    }
    table.sorted("universe period rank entity")
}

fn account_table(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "accounts",
        "universe period account",
        "universe period rank account entity entity_type country models downloads likes downloads_share
         share_of_entity",
    );
    for cut in snapshot.cuts() {
        for (rank, account, part) in by_downloads(group(&cut.models, |model| &model.account)) {
            let first = part[0].model;
            let of_entity = downloads_where(&cut.models, |model| model.entity == first.entity);
            table.push(row![
                cut.universe,
                cut.period,
                rank,
                account,
                &first.entity,
                &first.entity_type,
                &first.country,
                part.len(),
                downloads(&part),
                likes(&part),
                share(downloads(&part), cut.downloads),
                share(downloads(&part), of_entity),
            ]);
        }
    }
    table.sorted("universe period rank account")
}

pub(crate) fn entity_types(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "entity_types",
        "universe period attribution entity_type",
        "universe period attribution entity_type rank entities models downloads likes downloads_share",
    );
    let attributions = attributions(snapshot);
    for cut in snapshot.cuts() {
        for way in &attributions {
            let kinds = group(&cut.models, |model| &way.of(model).entity_type);
            for (rank, kind, part) in by_downloads(kinds) {
                table.push(row![
                    cut.universe,
                    cut.period,
                    way.name,
                    kind,
                    rank,
                    makers(&part, way),
                    part.len(),
                    downloads(&part),
                    likes(&part),
                    share(downloads(&part), cut.downloads),
                ]);
            }
        }
    }
    table.sorted("universe period attribution rank entity_type")
}

/// How many entities the models are put down to.
fn makers(models: &[Counted<'_>], way: &Attribution) -> usize {
    let names = models.iter().map(|counted| &*way.of(counted.model).entity);
    names.collect::<BTreeSet<&str>>().len()
}

pub(crate) fn geography(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "geography",
        "universe period attribution level place",
        "universe period attribution level place rank entities publishers models downloads downloads_share",
    );
    let attributions = attributions(snapshot);
    let mut models = snapshot.models.iter();
    let is_dated = models.any(|model| model.created_at.is_some());
    let publishers = |part: &[Counted<'_>]| {
        let recent = part.iter().map(|counted| counted.model);
        let recent = recent.filter(|model| model.is_recent(snapshot.day));
        let accounts: BTreeSet<&str> = recent.map(|model| &*model.account).collect();
        is_dated.then_some(accounts.len())
    };
    for cut in snapshot.cuts() {
        for way in &attributions {
            for level in LEVELS {
                let places = group(&cut.models, |model| way.of(model).place(level));
                for (rank, place, part) in by_downloads(places) {
                    table.push(row![
                        cut.universe,
                        cut.period,
                        way.name,
                        level,
                        place,
                        rank,
                        makers(&part, way),
                        publishers(&part),
                        part.len(),
                        downloads(&part),
                        share(downloads(&part), cut.downloads),
                    ]);
                }
            }
        }
    }
    table.sorted("universe period attribution level rank place")
}

fn entity_types_by_geography(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "entity_types_by_geography",
        "universe period entity_type level place",
        "universe period entity_type level place rank entities models downloads downloads_share share_of_type
         share_of_place",
    );
    for cut in snapshot.cuts() {
        for (kind, of_kind) in group(&cut.models, |model| &model.entity_type) {
            for level in LEVELS {
                for (rank, place, part) in by_downloads(group(&of_kind, |model| model.place(level)))
                {
                    let of_place =
                        downloads_where(&cut.models, |model| model.place(level) == place);
                    table.push(row![
                        cut.universe,
                        cut.period,
                        kind,
                        level,
                        place,
                        rank,
                        entities(&part),
                        part.len(),
                        downloads(&part),
                        share(downloads(&part), cut.downloads),
                        share(downloads(&part), downloads(&of_kind)),
                        share(downloads(&part), of_place),
                    ]);
                }
            }
        }
    }
    table.sorted("universe period entity_type level rank place")
}

/// The group with the most downloads, then the most models, then by name.
fn leader<'a>(groups: BTreeMap<&'a str, Part<'a>>) -> (&'a str, Option<i64>) {
    let places = ranked(groups, |part| (downloads(part), part.len()));
    let (_, name, part) = &places[0];
    (name, downloads(part))
}

fn entity_profiles(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "entity_profiles",
        "universe period entity",
        "universe period rank entity entity_type country accounts models downloads downloads_share top_model
         top_model_downloads top_model_share modality modality_share modalities_above_5_percent task task_share
         size_class size_class_share first_created last_created active_within_365_days",
    );
    for cut in snapshot.cuts() {
        for (rank, entity, part) in by_downloads(group(&cut.models, |model| &model.entity)) {
            let all = downloads(&part);
            let order =
                |counted: &&Counted<'_>| (Reverse(counted.downloads), counted.model.id.clone());
            let top = part.iter().min_by_key(order).unwrap();
            let modalities = group(&part, |model| &*model.modality);
            let above = all.map(|all| {
                let large = |part: &Part<'_>| downloads(part).is_some_and(|of| of * 20 > all);
                let named = modalities.iter().filter(|(name, _)| **name != "unknown");
                named.filter(|(_, part)| large(part)).count()
            });
            let (modality, in_modality) = leader(modalities);
            let (task, in_task) = leader(group(&part, |model| &*model.task));
            let (class, in_class) = leader(group(&part, |model| &*model.size_class));
            let made = || part.iter().filter_map(|counted| counted.model.created());
            let last = made().max();
            table.push(row![
                cut.universe,
                cut.period,
                rank,
                entity,
                &part[0].model.entity_type,
                &part[0].model.country,
                accounts(&part),
                part.len(),
                all,
                share(all, cut.downloads),
                top.downloads.map(|_| &top.model.id),
                top.downloads,
                share(top.downloads, all),
                modality,
                share(in_modality, all),
                above,
                task,
                share(in_task, all),
                class,
                share(in_class, all),
                made().min().map(Day),
                last.map(Day),
                last.map(|last| last > snapshot.day - 365),
            ]);
        }
    }
    table.sorted("universe period rank entity")
}
