//! What: modalities, tasks, architectures, languages and formats.

use std::collections::{BTreeMap, BTreeSet};

use crate::cut::{
    Counted, Cut, LEVELS, Part, by_downloads, count_where, downloads, downloads_where, group,
    share, share_of,
};
use crate::reference;
use crate::rows::{Table, row};
use crate::snapshot::{Model, Snapshot};

pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    vec![
        modalities(snapshot),
        modalities_by(snapshot, "entity", |model| &model.entity),
        modalities_by(snapshot, "account", |model| &model.account),
        modalities_by_geography(snapshot),
        tasks(snapshot),
        tasks_by_entity(snapshot),
        architectures(snapshot),
        languages(snapshot),
        language_values(snapshot),
        frameworks(snapshot),
        frameworks_by_task(snapshot),
        libraries(snapshot),
        licenses(snapshot),
        tensor_types(snapshot),
    ]
}

fn modalities(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "modalities",
        "universe period modality",
        "universe period modality rank models downloads downloads_share",
    );
    for cut in snapshot.cuts() {
        for (rank, modality, part) in by_downloads(group(&cut.models, |model| &model.modality)) {
            table.push(row![
                cut.universe,
                cut.period,
                modality,
                rank,
                part.len(),
                downloads(&part),
                share(downloads(&part), cut.downloads),
            ]);
        }
    }
    table.sorted("universe period rank modality")
}

fn modalities_by(snapshot: &Snapshot, unit: &str, of: fn(&Model) -> &String) -> Table {
    let mut table = Table::new(
        &format!("modalities_by_{unit}"),
        &format!("universe period modality {unit}"),
        &format!(
            "universe period modality rank {unit} entity_type country models downloads downloads_share
             share_of_modality share_of_{unit}"
        ),
    );
    for cut in snapshot.cuts() {
        let wholes = group(&cut.models, of);
        for (modality, inside) in group(&cut.models, |model| &model.modality) {
            for (rank, name, part) in by_downloads(group(&inside, of)) {
                table.push(row![
                    cut.universe,
                    cut.period,
                    modality,
                    rank,
                    name,
                    &part[0].model.entity_type,
                    &part[0].model.country,
                    part.len(),
                    downloads(&part),
                    share(downloads(&part), cut.downloads),
                    share(downloads(&part), downloads(&inside)),
                    share(downloads(&part), downloads(&wholes[name])),
                ]);
            }
        }
    }
    table.sorted(&format!("universe period modality rank {unit}"))
}

fn modalities_by_geography(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "modalities_by_geography",
        "universe period modality level place",
        "universe period modality level place rank models downloads downloads_share share_of_modality
         share_of_place",
    );
    for cut in snapshot.cuts() {
        for (modality, inside) in group(&cut.models, |model| &model.modality) {
            for level in LEVELS {
                for (rank, place, part) in by_downloads(group(&inside, |model| model.place(level)))
                {
                    let of_place =
                        downloads_where(&cut.models, |model| model.place(level) == place);
                    table.push(row![
                        cut.universe,
                        cut.period,
                        modality,
                        level,
                        place,
                        rank,
                        part.len(),
                        downloads(&part),
                        share(downloads(&part), cut.downloads),
                        share(downloads(&part), downloads(&inside)),
                        share(downloads(&part), of_place),
                    ]);
                }
            }
        }
    }
    table.sorted("universe period modality level rank place")
}

fn tasks(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "tasks",
        "universe period task",
        "universe period task modality rank models downloads downloads_share",
    );
    for cut in snapshot.cuts() {
        for (rank, task, part) in by_downloads(group(&cut.models, |model| &model.task)) {
            table.push(row![
                cut.universe,
                cut.period,
                task,
                &part[0].model.modality,
                rank,
                part.len(),
                downloads(&part),
                share(downloads(&part), cut.downloads),
            ]);
        }
    }
    table.sorted("universe period rank task")
}

fn tasks_by_entity(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "tasks_by_entity",
        "universe period task entity",
        "universe period task rank entity entity_type country models downloads downloads_share share_of_task
         share_of_entity",
    );
    for cut in snapshot.cuts() {
        let wholes = group(&cut.models, |model| &model.entity);
        for (task, inside) in group(&cut.models, |model| &model.task) {
            for (rank, entity, part) in by_downloads(group(&inside, |model| &model.entity)) {
                table.push(row![
                    cut.universe,
                    cut.period,
                    task,
                    rank,
                    entity,
                    &part[0].model.entity_type,
                    &part[0].model.country,
                    part.len(),
                    downloads(&part),
                    share(downloads(&part), cut.downloads),
                    share(downloads(&part), downloads(&inside)),
                    share(downloads(&part), downloads(&wholes[entity])),
                ]);
            }
        }
    }
    table.sorted("universe period task rank entity")
}

fn architectures(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "architectures",
        "universe period architecture",
        "universe period architecture rank models downloads downloads_share share_of_nlp in_nlp_models
         in_nlp_downloads",
    );
    let nlp = |model: &Model| model.modality == "NLP";
    for cut in snapshot.cuts() {
        for (rank, name, part) in by_downloads(group(&cut.models, |model| &model.architecture)) {
            table.push(row![
                cut.universe,
                cut.period,
                name,
                rank,
                part.len(),
                downloads(&part),
                share(downloads(&part), cut.downloads),
                share(
                    downloads_where(&part, nlp),
                    downloads_where(&cut.models, nlp)
                ),
                count_where(&part, nlp),
                downloads_where(&part, nlp),
            ]);
        }
    }
    table.sorted("universe period rank architecture")
}

fn languages(snapshot: &Snapshot) -> Table {
    let codes = &reference::get().languages;
    let mut table = Table::new(
        "languages",
        "universe period language",
        "universe period language name macrolanguage rank models downloads downloads_share share_of_applicable
         share_of_stated applicable_models applicable_downloads stated_models stated_downloads elsewhere_models
         elsewhere_downloads",
    );
    for cut in snapshot.cuts() {
        let applies = |counted: &&Counted<'_>| counted.model.language_applies;
        let applicable: Part<'_> = cut.models.iter().filter(applies).copied().collect();
        let states = |model: &Model| !model.spoken().is_empty();
        let stated = downloads_where(&applicable, states);
        // Every language has its place, also if only models elsewhere state it.
        let mut parts: BTreeMap<&str, Part<'_>> = BTreeMap::new();
        for counted in &cut.models {
            let stated = stated_by(counted.model).into_iter();
            for language in stated.filter(|language| *language != "unknown") {
                parts.entry(language).or_default();
            }
        }
        for counted in &applicable {
            for language in stated_by(counted.model) {
                parts.entry(language).or_default().push(*counted);
            }
        }
        for (rank, language, part) in by_downloads(parts) {
            let elsewhere = |model: &Model| {
                !model.language_applies
                    && language != "unknown"
                    && stated_by(model).contains(language)
            };
            let code = codes.get(language);
            let known = code.is_some();
            table.push(row![
                cut.universe,
                cut.period,
                language,
                code.and_then(|code| code.name.clone()),
                code.and_then(|code| code.macrolanguage.clone()),
                rank,
                part.len(),
                downloads(&part),
                share(downloads(&part), cut.downloads),
                share(downloads(&part), downloads(&applicable)),
                known.then(|| share(downloads(&part), stated)).flatten(),
                applicable.len(),
                downloads(&applicable),
                count_where(&applicable, states),
                stated,
                count_where(&cut.models, elsewhere),
                downloads_where(&cut.models, elsewhere),
            ]);
        }
    }
    table.sorted("universe period rank language")
}

/// The languages of a model; if it states none, whether it says that they are
/// several.
fn stated_by(model: &Model) -> BTreeSet<&str> {
    let mut spoken = model.spoken();
    if spoken.is_empty() {
        let mut values = model.languages.iter();
        let are_several = |value: &str| ["multilingual", "mul"].contains(&value);
        let several = values.any(|value| are_several(&value.value.to_lowercase()));
        spoken.insert(if several { "multilingual" } else { "unknown" });
    }
    spoken
}

fn language_values(snapshot: &Snapshot) -> Table {
    let codes = &reference::get().languages;
    let mut table = Table::new(
        "language_values",
        "universe period value",
        "universe period value is_code language name rank models models_by_card downloads downloads_share",
    );
    for cut in snapshot.cuts() {
        let mut parts: BTreeMap<&str, Part<'_>> = BTreeMap::new();
        for counted in &cut.models {
            for value in &counted.model.languages {
                parts.entry(&value.value).or_default().push(*counted);
            }
        }
        for (rank, value, part) in by_downloads(parts) {
            let found = |model: &Model| {
                let mut values = model.languages.iter();
                values.find(|of| of.value == value).unwrap().clone()
            };
            let language = found(part[0].model).language;
            table.push(row![
                cut.universe,
                cut.period,
                value,
                language.is_some(),
                language.clone(),
                language.and_then(|language| codes[&language].name.clone()),
                rank,
                part.len(),
                count_where(&part, |model| found(model).by_card),
                downloads(&part),
                share(downloads(&part), cut.downloads),
            ]);
        }
    }
    table.sorted("universe period rank value")
}

/// The models of each framework; those without any are of an unknown one.
fn by_framework<'a>(models: &[Counted<'a>]) -> BTreeMap<&'a str, Part<'a>> {
    let mut parts: BTreeMap<&str, Part<'a>> = BTreeMap::new();
    for counted in models {
        for framework in &counted.model.frameworks {
            parts.entry(framework).or_default().push(*counted);
        }
        if counted.model.frameworks.is_empty() {
            parts.entry("unknown").or_default().push(*counted);
        }
    }
    parts
}

fn frameworks(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "frameworks",
        "universe period framework",
        "universe period framework rank models downloads models_share downloads_share share_of_known known_models
         known_downloads",
    );
    let names_any = |model: &Model| !model.frameworks.is_empty();
    for cut in snapshot.cuts() {
        let known = downloads_where(&cut.models, names_any);
        for (rank, framework, part) in by_downloads(by_framework(&cut.models)) {
            let of_known = (framework != "unknown").then(|| share(downloads(&part), known));
            table.push(row![
                cut.universe,
                cut.period,
                framework,
                rank,
                part.len(),
                downloads(&part),
                share_of(part.len(), cut.models.len()),
                share(downloads(&part), cut.downloads),
                of_known.flatten(),
                count_where(&cut.models, names_any),
                known,
            ]);
        }
    }
    table.sorted("universe period rank framework")
}

fn frameworks_by_task(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "frameworks_by_task",
        "universe period task framework",
        "universe period task framework rank models downloads downloads_share share_of_task share_of_framework
         task_models task_downloads",
    );
    for cut in snapshot.cuts() {
        let wholes = by_framework(&cut.models);
        for (task, inside) in group(&cut.models, |model| &model.task) {
            for (rank, framework, part) in by_downloads(by_framework(&inside)) {
                table.push(row![
                    cut.universe,
                    cut.period,
                    task,
                    framework,
                    rank,
                    part.len(),
                    downloads(&part),
                    share(downloads(&part), cut.downloads),
                    share(downloads(&part), downloads(&inside)),
                    share(downloads(&part), downloads(&wholes[framework])),
                    inside.len(),
                    downloads(&inside),
                ]);
            }
        }
    }
    table.sorted("universe period task rank framework")
}

fn libraries(snapshot: &Snapshot) -> Table {
    let known = &reference::get().libraries;
    let mut table = Table::new(
        "libraries",
        "universe period library",
        "universe period library name registered rank models downloads models_share downloads_share",
    );
    for cut in snapshot.cuts() {
        for (rank, library, part) in by_downloads(group(&cut.models, |model| &model.library)) {
            let (name, registered) = known.get(library).cloned().unwrap_or((None, false));
            table.push(row![
                cut.universe,
                cut.period,
                library,
                name,
                registered,
                rank,
                part.len(),
                downloads(&part),
                share_of(part.len(), cut.models.len()),
                share(downloads(&part), cut.downloads),
            ]);
        }
    }
    table.sorted("universe period rank library")
}

fn licenses(snapshot: &Snapshot) -> Table {
    let official = &reference::get().official_licenses;
    let mut table = Table::new(
        "licenses",
        "universe period license",
        "universe period license license_family official rank models downloads models_share downloads_share
         family_share",
    );
    for cut in snapshot.cuts() {
        for (rank, license, part) in by_downloads(group(&cut.models, |model| &model.license)) {
            let family = &part[0].model.license_family;
            let of_family = downloads_where(&cut.models, |model| model.license_family == *family);
            table.push(row![
                cut.universe,
                cut.period,
                license,
                family,
                license != "unknown" && official.contains(license),
                rank,
                part.len(),
                downloads(&part),
                share_of(part.len(), cut.models.len()),
                share(downloads(&part), cut.downloads),
                share(of_family, cut.downloads),
            ]);
        }
    }
    table.sorted("universe period rank license")
}

fn tensor_types(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "tensor_types",
        "universe period tensor_type",
        "universe period tensor_type rank models downloads parameters downloads_share share_of_known
         parameters_share known_models known_downloads",
    );
    let has_types = |model: &Model| !model.tensors.is_empty();
    for cut in snapshot.cuts() {
        let mut parts: BTreeMap<&str, Part<'_>> = BTreeMap::new();
        for counted in &cut.models {
            let tensors = counted.model.tensors.iter();
            let mut types: BTreeSet<&str> = tensors.map(|(dtype, _)| &**dtype).collect();
            if types.is_empty() {
                types.insert("unknown");
            }
            for dtype in types {
                parts.entry(dtype).or_default().push(*counted);
            }
        }
        let known = downloads_where(&cut.models, has_types);
        for (rank, dtype, part) in by_downloads(parts) {
            let of_known = (dtype != "unknown").then(|| share(downloads(&part), known));
            table.push(row![
                cut.universe,
                cut.period,
                dtype,
                rank,
                part.len(),
                downloads(&part),
                stored(&cut, |of| of == dtype),
                share(downloads(&part), cut.downloads),
                of_known.flatten(),
                share(stored(&cut, |of| of == dtype), stored(&cut, |_| true)),
                count_where(&cut.models, has_types),
                known,
            ]);
        }
    }
    table.sorted("universe period rank tensor_type")
}

/// Elements that the models store in some of the types, if they state any.
fn stored(cut: &Cut<'_>, is_meant: impl Fn(&str) -> bool) -> Option<i64> {
    let tensors = cut.models.iter().flat_map(|counted| &counted.model.tensors);
    let meant = tensors.filter(|(dtype, _)| is_meant(dtype));
    let counts: Vec<i64> = meant.map(|(_, count)| *count).collect();
    (!counts.is_empty()).then(|| counts.iter().sum())
}
