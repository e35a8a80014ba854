//! Who publishes what was made from whose models, and groups of entities.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::cut::{Counted, Part, accounts, by_downloads, downloads, entities, group, likes};
use crate::cut::{ranked, share, share_of};
use crate::reference::{self, Owner};
use crate::rows::{Table, row};
use crate::snapshot::{Model, Snapshot};

/// Publishers, and makers, that are named.
const NAMED: usize = 200;
const OTHERS: &str = "other entities";
const SAME: &str = "the same entity";

pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    vec![
        carriers(snapshot),
        groups(snapshot),
        group_members(snapshot),
    ]
}

/// Whose the first base model of each model is that names one.
fn makers(snapshot: &Snapshot) -> BTreeMap<&str, Owner> {
    let made = snapshot.models.iter();
    let made = made.filter_map(|model| Some((model, model.parents.first()?)));
    made.map(|(model, parent)| {
        let owner = match snapshot.model(&parent.id) {
            Some(base) => Owner {
                entity: base.entity.clone(),
                entity_type: base.entity_type.clone(),
                country: base.country.clone(),
            },
            None => reference::get().owner_of_missing(&parent.id, snapshot.day),
        };
        (&*model.id, owner)
    })
    .collect()
}

/// The models of which something is true.
fn those<'a>(models: &[Counted<'a>], holds: impl Fn(&Model) -> bool) -> Part<'a> {
    let there = models.iter().filter(|counted| holds(counted.model));
    there.copied().collect()
}

/// The first of some groups by downloads.
fn first<K: Ord + Clone>(groups: BTreeMap<K, Part<'_>>) -> BTreeSet<K> {
    let places = by_downloads(groups).into_iter().take(NAMED);
    places.map(|(_, name, _)| name).collect()
}

fn carriers(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "carriers",
        "universe period size_class publisher maker relation",
        "universe period size_class rank publisher publisher_type publisher_country maker maker_type maker_country
         relation publishers makers models downloads downloads_share share_of_publisher share_of_maker",
    );
    let makers = makers(snapshot);
    let maker = |model: &Model| makers[&*model.id].entity.clone();
    for cut in snapshot.cuts() {
        let made: Part<'_> = those(&cut.models, |model| makers.contains_key(&*model.id));
        let of_others = those(&made, |model| maker(model) != model.entity);
        let publishers = first(group(&made, |model| model.entity.clone()));
        let carried = first(group(&of_others, maker));
        let publisher = |model: &Model| match publishers.contains(&model.entity) {
            true => model.entity.clone(),
            false => OTHERS.to_owned(),
        };
        let made_by = |model: &Model| match maker(model) {
            name if name == model.entity => SAME.to_owned(),
            name if carried.contains(&name) => name,
            _ => OTHERS.to_owned(),
        };
        for size_class in ["all", "≥1B"] {
            let there =
                |model: &Model| size_class == "all" || model.size_class_coarse == size_class;
            let (every, sized) = (those(&cut.models, there), those(&made, there));
            let parts = group(&sized, |model| {
                (publisher(model), made_by(model), model.relation.clone())
            });
            let whole = downloads(&every);
            for (rank, (by, of, relation), part) in by_downloads(parts) {
                let model = part[0].model;
                let (named, known) = (by != OTHERS, of != OTHERS && of != SAME);
                let from = &makers[&*model.id];
                let its = those(&every, |model| publisher(model) == by);
                let carried = those(&sized, |model| made_by(model) == of);
                let origins: BTreeSet<String> = part.iter().map(|c| maker(c.model)).collect();
                table.push(row![
                    cut.universe,
                    cut.period,
                    size_class,
                    rank,
                    &by,
                    named.then_some(&model.entity_type),
                    named.then_some(&model.country),
                    &of,
                    known.then_some(&from.entity_type),
                    known.then_some(&from.country),
                    relation,
                    entities(&part),
                    origins.len(),
                    part.len(),
                    downloads(&part),
                    share(downloads(&part), whole),
                    share(downloads(&part), downloads(&its)),
                    (of != SAME)
                        .then(|| share(downloads(&part), downloads(&carried)))
                        .flatten(),
                ]);
            }
        }
    }
    table.sorted("universe period size_class rank publisher maker relation")
}

fn groups(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "groups",
        "universe period group_name",
        "universe period rank group_name members entities accounts models likes downloads models_share
         downloads_share",
    );
    let groups = &reference::get().groups;
    for cut in snapshot.cuts() {
        let parts = groups
            .iter()
            .map(|(name, members)| {
                (
                    name,
                    those(&cut.models, |model| members.contains(&model.entity)),
                )
            })
            .collect();
        for (rank, name, part) in ranked(parts, |part| downloads(part)) {
            table.push(row![
                cut.universe,
                cut.period,
                rank,
                name,
                groups[name].len(),
                entities(&part),
                accounts(&part),
                part.len(),
                likes(&part),
                downloads(&part),
                share_of(part.len(), cut.models.len()),
                share(downloads(&part), cut.downloads),
            ]);
        }
    }
    table.sorted("universe period rank group_name")
}

fn group_members(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "group_members",
        "universe period group_name entity",
        "universe period group_name rank entity entity_type country entity_rank accounts models likes downloads
         downloads_share share_of_group",
    );
    let cuts = snapshot.cuts();
    for cut in &cuts {
        let whole = cuts
            .iter()
            .find(|other| other.universe == "all" && other.period == cut.period);
        let order = by_downloads(group(&whole.unwrap().models, |model| &*model.entity));
        for (name, members) in &reference::get().groups {
            let mut parts: Vec<(&String, Part<'_>)> = members
                .iter()
                .map(|entity| (entity, those(&cut.models, |model| model.entity == *entity)))
                .filter(|(_, part)| cut.universe == "all" || !part.is_empty())
                .collect();
            // The sort is stable, and the members come by name.
            parts.sort_by_key(|(_, part)| Reverse(downloads(part)));
            let together = those(&cut.models, |model| members.contains(&model.entity));
            for (before, (entity, part)) in parts.iter().enumerate() {
                let listed = reference::get().entity_listed(entity, snapshot.day);
                let owner = match part.first() {
                    Some(counted) => (&*counted.model.entity_type, &*counted.model.country),
                    None => listed.as_ref().map_or(("unlisted", "unlisted"), |owner| {
                        (&*owner.entity_type, &*owner.country)
                    }),
                };
                let place = order.iter().find(|(_, other, _)| other == entity);
                table.push(row![
                    cut.universe,
                    cut.period,
                    name,
                    before + 1,
                    *entity,
                    owner.0,
                    owner.1,
                    place.map(|(rank, ..)| *rank),
                    accounts(part),
                    part.len(),
                    likes(part),
                    downloads(part),
                    share(downloads(part), cut.downloads),
                    share(downloads(part), downloads(&together)),
                ]);
            }
        }
    }
    table.sorted("universe period group_name rank entity")
}
