//! What is built on what: children, all generations, and what they weigh.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::cut::{
    Counted, Part, by_downloads, downloads, downloads_where, entities, group, share, share_of, sum,
};
use crate::reference::{self, Owner};
use crate::rows::{Table, row};
use crate::snapshot::{Model, Snapshot};

pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    let lineage = Lineage::of(snapshot);
    vec![
        derivatives(snapshot, &lineage),
        entity_derivatives(snapshot, &lineage),
        relations(snapshot),
        intermediaries(snapshot, &lineage),
        model_impact(snapshot, &lineage),
    ]
}

/// Every id that is named as a base model, with all that is below it.
pub(crate) struct Lineage<'a> {
    /// Models that name it.
    children: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Models that come from it through any generations; itself on a cycle.
    descendants: BTreeMap<&'a str, BTreeSet<&'a str>>,
    owners: BTreeMap<&'a str, Owner>,
}

impl<'a> Lineage<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot) -> Self {
        let mut children: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for model in &snapshot.models {
            for parent in &model.parents {
                children.entry(&parent.id).or_default().insert(&model.id);
            }
        }
        let below = |base: &str| {
            let mut found: BTreeSet<&str> = BTreeSet::new();
            let mut ahead: Vec<&str> = children[base].iter().copied().collect();
            while let Some(id) = ahead.pop() {
                if found.insert(id) {
                    ahead.extend(children.get(id).into_iter().flatten());
                }
            }
            found
        };
        let owner = |base: &str| match snapshot.model(base) {
            Some(model) => Owner {
                entity: model.entity.clone(),
                entity_type: model.entity_type.clone(),
                country: model.country.clone(),
            },
            None => reference::get().owner_of_missing(base, snapshot.day),
        };
        Self {
            descendants: children.keys().map(|base| (*base, below(base))).collect(),
            owners: children.keys().map(|base| (*base, owner(base))).collect(),
            children,
        }
    }

    /// The ids that a model comes from, itself left out.
    pub(crate) fn ancestors(&self, id: &str) -> impl Iterator<Item = &'a str> {
        let bases = self.descendants.iter();
        let above = bases.filter(move |(base, below)| **base != id && below.contains(id));
        above.map(|(base, _)| *base)
    }

    /// The ids that are named as base models, and whose they are.
    pub(crate) fn bases(&self) -> impl Iterator<Item = (&'a str, &Owner)> {
        self.owners.iter().map(|(base, owner)| (*base, owner))
    }

    /// Its descendants, itself left out.
    fn others_below(&self, id: &str) -> BTreeSet<&'a str> {
        let mut below = self.descendants.get(id).cloned().unwrap_or_default();
        below.remove(id);
        below
    }

    fn is_below(&self, id: &str, ancestor: &str) -> bool {
        self.descendants
            .get(ancestor)
            .is_some_and(|below| below.contains(id))
    }

    /// The models that are on a cycle with it, itself among them.
    fn cycle(&self, id: &'a str) -> BTreeSet<&'a str> {
        if !self.is_below(id, id) {
            return BTreeSet::new();
        }
        let below = self.descendants[id].iter().copied();
        below.filter(|other| self.is_below(id, other)).collect()
    }

    /// Generations below it, a cycle being one.
    fn depth(&self, id: &'a str) -> i64 {
        let mut here = self.cycle(id);
        here.insert(id);
        let next = here
            .iter()
            .filter_map(|one| self.children.get(one))
            .flatten();
        let outside = next.filter(|child| !here.contains(*child));
        outside
            .map(|child| 1 + self.depth(child))
            .max()
            .unwrap_or(0)
    }
}

fn derivatives(snapshot: &Snapshot, lineage: &Lineage<'_>) -> Table {
    let mut bases: Vec<&str> = lineage.children.keys().copied().collect();
    bases.sort_by_key(|base| {
        let descendants = lineage.others_below(base).len();
        (
            Reverse(descendants),
            Reverse(lineage.children[base].len()),
            *base,
        )
    });
    let mut table = Table::new(
        "derivatives",
        "base_model",
        "rank base_model in_snapshot entity country children finetunes adapters quantized merges unstated
         descendants depth descendants_downloads_all_time descendants_downloads_30d cycle missing_parents",
    );
    for (before, base) in bases.into_iter().enumerate() {
        let here = snapshot.model(base);
        let children = &lineage.children[base];
        let made_by = |relation: &str| {
            let relation_to = |child: &str| {
                let mut parents = snapshot.model(child).unwrap().parents.iter();
                parents
                    .find(|parent| parent.id == base)
                    .unwrap()
                    .relation
                    .clone()
            };
            children
                .iter()
                .filter(|child| relation_to(child) == relation)
                .count()
        };
        let below = lineage.others_below(base);
        let sum = |period: &str| {
            let models = below.iter().map(|id| snapshot.model(id).unwrap());
            let stated: Vec<i64> = models.filter_map(|model| model.counter(period)).collect();
            (!stated.is_empty()).then(|| stated.iter().sum::<i64>())
        };
        let own_parents = here.map(|model| &model.parents[..]).unwrap_or_default();
        let missing = own_parents
            .iter()
            .filter(|parent| snapshot.model(&parent.id).is_none());
        table.push(row![
            before + 1,
            base,
            here.is_some(),
            &lineage.owners[base].entity,
            &lineage.owners[base].country,
            children.len(),
            made_by("finetune"),
            made_by("adapter"),
            made_by("quantized"),
            made_by("merge"),
            made_by("unknown"),
            below.len(),
            lineage.depth(base),
            sum("all_time"),
            sum("last_30d"),
            lineage.cycle(base).first().copied(),
            missing
                .map(|parent| parent.id.clone())
                .collect::<Vec<String>>(),
        ]);
    }
    table.sorted("rank base_model")
}

fn entity_derivatives(snapshot: &Snapshot, lineage: &Lineage<'_>) -> Table {
    let mut table = Table::new(
        "entity_derivatives",
        "entity",
        "rank entity entity_type country base_models missing_base_models derivatives direct_derivatives
         own_derivatives publishers family_models family_models_by_others derivatives_or_family",
    );
    let families = reference::get().families.iter();
    let makers: BTreeSet<&str> = families.map(|family| &*family.maker).collect();
    let mut names: BTreeSet<&str> = lineage
        .owners
        .values()
        .map(|owner| &*owner.entity)
        .collect();
    names.extend(&makers);
    let mut rows = Vec::new();
    for name in names {
        let owner = match lineage.owners.values().find(|owner| owner.entity == name) {
            Some(owner) => owner.clone(),
            None => reference::get().entity(name, snapshot.day),
        };
        let is_its = |id: &&&str| lineage.owners[**id].entity == name;
        let bases: Vec<&str> = lineage.children.keys().filter(is_its).copied().collect();
        let missing = bases
            .iter()
            .filter(|id| snapshot.model(id).is_none())
            .count();
        let below: Vec<&Model> = snapshot
            .models
            .iter()
            .filter(|model| {
                bases
                    .iter()
                    .any(|base| *base != model.id && lineage.is_below(&model.id, base))
            })
            .collect();
        let by_others: Vec<&Model> = below
            .iter()
            .filter(|model| model.entity != name)
            .copied()
            .collect();
        let direct = by_others.iter().filter(|model| {
            let mut parents = model.parents.iter();
            parents.any(|parent| bases.contains(&&*parent.id))
        });
        let publishers: BTreeSet<&str> = by_others.iter().map(|model| &*model.entity).collect();
        let is_kin = |model: &Model| model.maker.as_deref() == Some(name);
        let kin = snapshot.models.iter().filter(|model| is_kin(model)).count();
        let others = snapshot.models.iter().filter(|model| model.entity != name);
        let kin_of_others = others.clone().filter(|model| is_kin(model)).count();
        let either = others
            .filter(|model| is_kin(model) || by_others.iter().any(|other| other.id == model.id));
        let either = either.count();
        if below.is_empty() && kin == 0 {
            continue;
        }
        let has_family = makers.contains(name);
        rows.push((
            Reverse(by_others.len()),
            Reverse(either),
            name,
            row![
                name,
                owner.entity_type,
                owner.country,
                bases.len(),
                missing,
                by_others.len(),
                direct.count(),
                below.len() - by_others.len(),
                publishers.len(),
                has_family.then_some(kin),
                has_family.then_some(kin_of_others),
                either,
            ],
        ));
    }
    rows.sort_by_key(|(derivatives, either, name, _)| (*derivatives, *either, *name));
    for (before, (_, _, _, row)) in rows.into_iter().enumerate() {
        table.push([row![before + 1], row].concat());
    }
    table.sorted("rank entity")
}

/// All models, and those that are known to be large.
const SIZES: [&str; 2] = ["all", "≥1B"];

fn of_size<'a>(models: &[Counted<'a>], size: &str) -> Part<'a> {
    let is_large = |model: &Model| {
        model
            .parameters
            .is_some_and(|number| number >= 1_000_000_000)
    };
    let there = |counted: &&Counted<'_>| size == "all" || is_large(counted.model);
    models.iter().filter(there).copied().collect()
}

fn relations(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "relations",
        "universe period size_class relation entity_type",
        "universe period size_class relation entity_type rank models downloads downloads_share models_share
         share_of_size_class share_of_relation share_of_entity_type",
    );
    for cut in snapshot.cuts() {
        for size in SIZES {
            let models = of_size(&cut.models, size);
            let pairs = group(&models, |model| (&model.relation, &model.entity_type));
            for (rank, (relation, kind), part) in by_downloads(pairs) {
                let of_relation = downloads_where(&models, |model| model.relation == *relation);
                let of_kind = downloads_where(&models, |model| model.entity_type == *kind);
                table.push(row![
                    cut.universe,
                    cut.period,
                    size,
                    relation,
                    kind,
                    rank,
                    part.len(),
                    downloads(&part),
                    share(downloads(&part), cut.downloads),
                    share_of(part.len(), cut.models.len()),
                    share(downloads(&part), downloads(&models)),
                    share(downloads(&part), of_relation),
                    share(downloads(&part), of_kind),
                ]);
            }
        }
    }
    table.sorted("universe period size_class rank relation entity_type")
}

/// Those of the models that others publish and that come from the entity's.
fn carried<'a>(models: &[Counted<'a>], entity: &str, lineage: &Lineage<'_>) -> Part<'a> {
    let bases = lineage
        .owners
        .iter()
        .filter(|(_, owner)| owner.entity == entity);
    let bases: Vec<&str> = bases.map(|(base, _)| *base).collect();
    let by_others = |counted: &&Counted<'_>| {
        let model = counted.model;
        model.entity != entity && bases.iter().any(|base| lineage.is_below(&model.id, base))
    };
    models.iter().filter(by_others).copied().collect()
}

fn intermediaries(snapshot: &Snapshot, lineage: &Lineage<'_>) -> Table {
    let mut table = Table::new(
        "intermediaries",
        "universe period size_class entity relation",
        "universe period size_class rank entity entity_type country relation publishers models downloads
         downloads_share downloads_by_individuals carried_downloads own_models own_downloads carried_share",
    );
    for cut in snapshot.cuts() {
        for size in SIZES {
            let models = of_size(&cut.models, size);
            let mut makers: BTreeMap<&str, (&Owner, Part<'_>)> = BTreeMap::new();
            for owner in lineage.owners.values() {
                let part = || (owner, carried(&models, &owner.entity, lineage));
                makers.entry(&owner.entity).or_insert_with(part);
            }
            makers.retain(|_, (_, part)| !part.is_empty());
            let mut makers: Vec<_> = makers.into_values().collect();
            makers.sort_by_key(|(_, part)| Reverse(downloads(part)));
            for (before, (owner, all)) in makers.iter().enumerate() {
                let own = models
                    .iter()
                    .filter(|counted| counted.model.entity == owner.entity);
                let own: Part<'_> = own.copied().collect();
                for (relation, part) in group(all, |model| &model.relation) {
                    table.push(row![
                        cut.universe,
                        cut.period,
                        size,
                        before + 1,
                        &owner.entity,
                        &owner.entity_type,
                        &owner.country,
                        relation,
                        entities(&part),
                        part.len(),
                        downloads(&part),
                        share(downloads(&part), cut.downloads),
                        downloads_where(&part, |model| model.entity_type == "individual"),
                        downloads(all),
                        own.len(),
                        downloads(&own),
                        share(
                            downloads(all),
                            downloads(all).and_then(|all| Some(all + downloads(&own)?))
                        ),
                    ]);
                }
            }
        }
    }
    table.sorted("universe period size_class rank entity relation")
}

fn model_impact(snapshot: &Snapshot, lineage: &Lineage<'_>) -> Table {
    let mut table = Table::new(
        "model_impact",
        "period id",
        "period impact_rank own_rank id account entity country relation downloads descendants
         descendants_downloads impact descendants_share",
    );
    for period in snapshot.periods() {
        let below = |model: &Model| {
            let below = lineage.others_below(&model.id);
            let counters = below
                .iter()
                .map(|id| snapshot.model(id).unwrap().counter(period));
            sum(counters)
        };
        let own: Vec<Option<i64>> = snapshot
            .models
            .iter()
            .map(|model| model.counter(period))
            .collect();
        // What is known of the two; who has no descendant has only its own.
        let impact = |model: &Model| {
            let has_descendants = !lineage.others_below(&model.id).is_empty();
            let below = has_descendants.then(|| below(model));
            sum([model.counter(period)].into_iter().chain(below))
        };
        let impacts: Vec<Option<i64>> = snapshot.models.iter().map(impact).collect();
        let place = |numbers: &[Option<i64>], number: Option<i64>| {
            numbers.iter().filter(|other| **other > number).count() + 1
        };
        for (model, impact) in snapshot.models.iter().zip(&impacts) {
            let descendants = lineage.others_below(&model.id).len();
            if descendants == 0 {
                continue;
            }
            table.push(row![
                period,
                place(&impacts, *impact),
                place(&own, model.counter(period)),
                &model.id,
                &model.account,
                &model.entity,
                &model.country,
                &model.relation,
                model.counter(period),
                descendants,
                below(model),
                *impact,
                share(
                    below(model),
                    model
                        .counter(period)
                        .and_then(|own| Some(own + below(model)?))
                ),
            ]);
        }
    }
    table.sorted("period impact_rank id")
}
