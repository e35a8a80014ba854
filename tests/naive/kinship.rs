//! Families of models: how large they are, who publishes them, and what was
//! made from them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::cut::{
    Counted, by_downloads, count_where, downloads, downloads_where, group, median, share, sum,
};
use crate::families;
use crate::lineage::Lineage;
use crate::reference;
use crate::rows::{Table, Value, row};
use crate::snapshot::{Model, Snapshot};

/// How models are made, in the order of the columns.
const RELATIONS: [&str; 6] = [
    "original",
    "finetune",
    "adapter",
    "quantized",
    "merge",
    "unknown",
];
/// Where one coarse size class ends and the next begins.
const BOUNDS: [i64; 4] = [100_000_000, 200_000_000, 500_000_000, 1_000_000_000];

pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    vec![
        families(snapshot),
        families_by_entity(snapshot),
        family_derivatives(snapshot),
    ]
}

fn family(model: &Model) -> &str {
    model.family.as_deref().unwrap_or("unknown")
}

/// Who made the first models of a family.
fn maker(family: &str) -> &'static str {
    let mut families = reference::get().families.iter();
    let found = families.find(|known| known.name == family);
    found.map_or("unknown", |known| &*known.maker)
}

/// Downloads of the models of which something is true, if there are any.
fn known_where(part: &[Counted<'_>], holds: impl Fn(&Model) -> bool) -> Option<i64> {
    (count_where(part, &holds) > 0)
        .then(|| downloads_where(part, &holds))
        .flatten()
}

fn families(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "families",
        "universe period family",
        "universe period family rank maker models downloads downloads_share models_by_maker downloads_by_maker
         models_by_others downloads_by_others originals finetunes adapters quantized merges unstated sized_models
         median_parameters models_under_100m models_100m_to_200m models_200m_to_500m models_500m_to_1b
         models_from_1b downloads_under_100m downloads_100m_to_200m downloads_200m_to_500m downloads_500m_to_1b
         downloads_from_1b tagged_models",
    );
    let mut models = snapshot.models.iter();
    let is_stated = models.any(|model| !model.parents.is_empty());
    // The class of a size is how many bounds it has reached.
    let class = |model: &Model| {
        let size = model.parameters?;
        Some(BOUNDS.iter().filter(|bound| size >= **bound).count())
    };
    for cut in snapshot.cuts() {
        for (rank, name, part) in by_downloads(group(&cut.models, family)) {
            let maker = maker(name);
            let is_own = |model: &Model| model.entity == maker;
            let sizes: Vec<i64> = part
                .iter()
                .filter_map(|counted| counted.model.parameters)
                .collect();
            let bears = |model: &Model| model.family_tags.contains(name);
            let mut row = row![
                cut.universe,
                cut.period,
                name,
                rank,
                maker,
                part.len(),
                downloads(&part),
                share(downloads(&part), cut.downloads),
                count_where(&part, is_own),
                known_where(&part, is_own),
                count_where(&part, |model| !is_own(model)),
                known_where(&part, |model| !is_own(model)),
            ];
            row.extend(RELATIONS.map(|relation| {
                let count = count_where(&part, |model| model.relation == relation);
                Value::from(is_stated.then_some(count))
            }));
            row.extend(row![sizes.len(), median(&sizes)]);
            let of_class = |number: usize| move |model: &Model| class(model) == Some(number);
            row.extend((0..5).map(|number| Value::from(count_where(&part, of_class(number)))));
            row.extend((0..5).map(|number| Value::from(known_where(&part, of_class(number)))));
            let tagged = (name != "unknown").then(|| count_where(&cut.models, bears));
            row.push(Value::from(tagged));
            table.push(row);
        }
    }
    table.sorted("universe period rank family")
}

fn families_by_entity(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "families_by_entity",
        "universe period entity family",
        "universe period entity entity_type country rank family maker models downloads downloads_share
         share_of_family share_of_entity",
    );
    for cut in snapshot.cuts() {
        let of_families = group(&cut.models, family);
        for (entity, of_entity) in group(&cut.models, |model| &model.entity) {
            for (rank, name, part) in by_downloads(group(&of_entity, family)) {
                let one = part[0].model;
                table.push(row![
                    cut.universe,
                    cut.period,
                    entity,
                    &one.entity_type,
                    &one.country,
                    rank,
                    name,
                    maker(name),
                    part.len(),
                    downloads(&part),
                    share(downloads(&part), cut.downloads),
                    share(downloads(&part), downloads(&of_families[name])),
                    share(downloads(&part), downloads(&of_entity)),
                ]);
            }
        }
    }
    table.sorted("universe period entity rank family")
}

fn family_derivatives(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "family_derivatives",
        "family relation",
        "rank family relation maker derivatives direct_derivatives derivatives_by_maker derivatives_by_others
         publishers downloads_all_time downloads_all_time_by_others downloads_30d downloads_30d_by_others",
    );
    let lineage = Lineage::of(snapshot);
    // Of which family a base model is; one that is missing is of that whose name it bears.
    let of_base = |id: &str| match snapshot.model(id) {
        Some(model) => model.family.clone(),
        None => families::by_name(id).map(|family| family.name.clone()),
    };
    let bases: BTreeMap<&str, Option<String>> = lineage
        .bases()
        .map(|(base, _)| (base, of_base(base)))
        .collect();
    let mut found: BTreeMap<(String, &str), Vec<(&Model, bool)>> = BTreeMap::new();
    for model in &snapshot.models {
        let above: BTreeSet<&str> = lineage.ancestors(&model.id).collect();
        let kin = above.iter().filter_map(|base| bases[base].clone());
        for family in kin.collect::<BTreeSet<String>>() {
            let mut parents = model.parents.iter();
            let is_direct = parents.any(|parent| bases[&*parent.id].as_ref() == Some(&family));
            let key = (family, &*model.relation);
            found.entry(key).or_default().push((model, is_direct));
        }
    }
    let mut parts: Vec<_> = found.into_iter().collect();
    parts.sort_by_key(|(_, models)| Reverse(models.len()));
    for (before, ((family, relation), models)) in parts.iter().enumerate() {
        let maker = maker(family);
        let of_others: Vec<&Model> = models
            .iter()
            .map(|(model, _)| *model)
            .filter(|model| model.entity != maker)
            .collect();
        let publishers: BTreeSet<&str> = of_others.iter().map(|model| &*model.entity).collect();
        let counters = |period: &str| {
            let all = sum(models.iter().map(|(model, _)| model.counter(period)));
            let others = of_others.iter().map(|model| model.counter(period));
            let others = (!of_others.is_empty()).then(|| sum(others)).flatten();
            row![all, others]
        };
        let mut row = row![
            before + 1,
            family,
            *relation,
            maker,
            models.len(),
            models.iter().filter(|(_, is_direct)| *is_direct).count(),
            models.len() - of_others.len(),
            of_others.len(),
            publishers.len(),
        ];
        row.extend(counters("all_time"));
        row.extend(counters("last_30d"));
        table.push(row);
    }
    table.sorted("rank family relation")
}
