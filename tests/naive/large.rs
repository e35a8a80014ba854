//! How large: size classes, crossed with everything, and clusters.

use crate::cut::{
    Counted, LEVELS, Part, SCHEMES, by_downloads, count_where, downloads, downloads_where, group,
    mean, median, share, share_of, sum,
};
use crate::reference::{self, Class};
use crate::rows::{Table, row};
use crate::snapshot::{Model, Snapshot};

/// From here on a model is among the large ones.
const LARGE: i64 = 1_000_000_000;
const CLUSTERS: usize = 5;

pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    vec![
        sizes(snapshot),
        sizes_by(snapshot, "entity_type", |model| &model.entity_type),
        sizes_by(snapshot, "modality", |model| &model.modality),
        sizes_by(snapshot, "task", |model| &model.task),
        sizes_by_geography(snapshot),
        sizes_by_entity(snapshot),
        size_leaders(snapshot),
        size_clusters(snapshot),
        sizes_over_time(snapshot),
    ]
}

/// The classes of a scheme from small to large, the unknown one last.
pub(crate) fn classes(scheme: &str) -> Vec<Class> {
    let all = reference::get().classes.iter();
    let mut classes: Vec<Class> = all
        .filter(|class| class.scheme == scheme)
        .cloned()
        .collect();
    classes.push(Class {
        scheme: scheme.to_owned(),
        position: i64::try_from(classes.len()).unwrap() + 1,
        name: "unknown".to_owned(),
        min_parameters: 0,
    });
    classes
}

/// The models of a class.
fn of_class<'a>(models: &[Counted<'a>], class: &Class) -> Part<'a> {
    let there = |counted: &&Counted<'_>| counted.model.class(&class.scheme) == class.name;
    models.iter().filter(there).copied().collect()
}

fn known(model: &Model) -> bool {
    model.parameters.is_some()
}

fn is_mixture(model: &Model) -> bool {
    model.active_parameters.is_some()
}

fn total(models: &[Counted<'_>], number: impl Fn(&Model) -> Option<i64>) -> i64 {
    models
        .iter()
        .filter_map(|counted| number(counted.model))
        .sum()
}

fn sizes(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "sizes",
        "universe period scheme size_class",
        "universe period scheme position size_class rank models downloads downloads_share share_of_known
         cumulative_share known_models known_downloads named_models named_models_share named_downloads_share parameters
         mixtures mixture_downloads mixture_parameters active_parameters",
    );
    let named = |model: &Model| model.parameters_source == "name";
    for cut in snapshot.cuts() {
        let of_known = downloads_where(&cut.models, known);
        for scheme in SCHEMES.into_iter().chain(["large"]) {
            let mut so_far: Part<'_> = Vec::new();
            let classes = classes(scheme);
            let of = |class: &Class| downloads(&of_class(&cut.models, class));
            for class in &classes {
                let part = of_class(&cut.models, class);
                let ahead = |other: &&Class| {
                    let (one, two) = (of(other), of(class));
                    one > two || (one == two && other.position < class.position)
                };
                let is_known = class.name != "unknown";
                so_far.extend(&part);
                table.push(row![
                    cut.universe,
                    cut.period,
                    scheme,
                    class.position,
                    &class.name,
                    classes.iter().filter(ahead).count() + 1,
                    part.len(),
                    downloads(&part),
                    share(downloads(&part), cut.downloads),
                    is_known
                        .then(|| share(downloads(&part), of_known))
                        .flatten(),
                    is_known
                        .then(|| share(downloads(&so_far), of_known))
                        .flatten(),
                    cut.models
                        .iter()
                        .filter(|counted| known(counted.model))
                        .count(),
                    of_known,
                    count_where(&part, named),
                    share_of(count_where(&part, named), part.len()),
                    share(downloads_where(&part, named), downloads(&part)),
                    is_known.then(|| total(&part, |model| model.parameters)),
                    count_where(&part, is_mixture),
                    downloads_where(&part, is_mixture),
                    total(&part, |model| model.active_parameters.and(model.parameters)),
                    total(&part, |model| model.active_parameters),
                ]);
            }
        }
    }
    table.sorted("universe period scheme position size_class")
}

fn sizes_by(snapshot: &Snapshot, dimension: &str, of: fn(&Model) -> &String) -> Table {
    let mut table = Table::new(
        &format!("sizes_by_{dimension}"),
        &format!("universe period scheme size_class {dimension}"),
        &format!(
            "universe period scheme position size_class rank {dimension} models downloads downloads_share
             share_of_class share_of_{dimension}"
        ),
    );
    for cut in snapshot.cuts() {
        let wholes = group(&cut.models, of);
        for class in SCHEMES.iter().flat_map(|scheme| classes(scheme)) {
            let inside = of_class(&cut.models, &class);
            for (rank, name, part) in by_downloads(group(&inside, of)) {
                table.push(row![
                    cut.universe,
                    cut.period,
                    &class.scheme,
                    class.position,
                    &class.name,
                    rank,
                    name,
                    part.len(),
                    downloads(&part),
                    share(downloads(&part), cut.downloads),
                    share(downloads(&part), downloads(&inside)),
                    share(downloads(&part), downloads(&wholes[name])),
                ]);
            }
        }
    }
    table.sorted(&format!(
        "universe period scheme position size_class rank {dimension}"
    ))
}

fn sizes_by_geography(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "sizes_by_geography",
        "universe period scheme size_class level place",
        "universe period scheme position size_class level rank place models downloads downloads_share
         share_of_class share_of_place",
    );
    for cut in snapshot.cuts() {
        for class in SCHEMES.iter().flat_map(|scheme| classes(scheme)) {
            let inside = of_class(&cut.models, &class);
            for level in LEVELS {
                for (rank, place, part) in by_downloads(group(&inside, |model| model.place(level)))
                {
                    let of_place =
                        downloads_where(&cut.models, |model| model.place(level) == place);
                    table.push(row![
                        cut.universe,
                        cut.period,
                        &class.scheme,
                        class.position,
                        &class.name,
                        level,
                        rank,
                        place,
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
    table.sorted("universe period scheme position size_class level rank place")
}

fn sizes_by_entity(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "sizes_by_entity",
        "universe period scheme size_class entity",
        "universe period scheme position size_class rank entity entity_type country models downloads
         downloads_share share_of_class share_of_entity",
    );
    for cut in snapshot.cuts() {
        let wholes = group(&cut.models, |model| &model.entity);
        for class in SCHEMES.iter().flat_map(|scheme| classes(scheme)) {
            let inside = of_class(&cut.models, &class);
            for (rank, entity, part) in by_downloads(group(&inside, |model| &model.entity)) {
                table.push(row![
                    cut.universe,
                    cut.period,
                    &class.scheme,
                    class.position,
                    &class.name,
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
    table.sorted("universe period scheme position size_class rank entity")
}

fn size_leaders(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "size_leaders",
        "universe period scheme size_class entity",
        "universe period scheme position size_class rank entity entity_type country models downloads
         downloads_share share_of_class cumulative_share",
    );
    for cut in snapshot.cuts() {
        for class in SCHEMES.iter().flat_map(|scheme| classes(scheme)) {
            if class.min_parameters < LARGE {
                continue;
            }
            let inside = of_class(&cut.models, &class);
            let mut so_far = 0;
            for (rank, entity, part) in by_downloads(group(&inside, |model| &model.entity)) {
                so_far += downloads(&part).unwrap_or(0);
                table.push(row![
                    cut.universe,
                    cut.period,
                    &class.scheme,
                    class.position,
                    &class.name,
                    rank,
                    entity,
                    &part[0].model.entity_type,
                    &part[0].model.country,
                    part.len(),
                    downloads(&part),
                    share(downloads(&part), cut.downloads),
                    share(downloads(&part), downloads(&inside)),
                    share(Some(so_far), downloads(&inside)),
                ]);
            }
        }
    }
    table.sorted("universe period scheme position size_class rank entity")
}

/// Sum of the squared distances of some numbers from their mean.
fn spread(numbers: &[f64]) -> f64 {
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    numbers
        .iter()
        .map(|number| (number - mean) * (number - mean))
        .sum()
}

/// Where the best clusters of rising numbers begin, by trying: the best `k` of
/// the first `n` are the best `k - 1` of the first `m` and one of the rest.
fn best_starts(numbers: &[f64], clusters: usize) -> Vec<usize> {
    let n = numbers.len();
    // Equal numbers stay together, so that a cluster begins only here.
    let begins: Vec<usize> = (0..n)
        .filter(|at| *at == 0 || numbers[at - 1] < numbers[*at])
        .collect();
    let clusters = clusters.min(begins.len());
    let ends: Vec<usize> = begins.iter().skip(1).copied().chain([n]).collect();
    let mut best: Vec<(f64, Vec<usize>)> = ends
        .iter()
        .map(|end| (spread(&numbers[..*end]), vec![0]))
        .collect();
    for _ in 1..clusters {
        let mut next: Vec<(f64, Vec<usize>)> = Vec::new();
        for (last, end) in ends.iter().enumerate() {
            let mut found = (f64::INFINITY, Vec::new());
            for first in 1..=last {
                let (before, starts) = &best[first - 1];
                let cost = before + spread(&numbers[begins[first]..*end]);
                if cost < found.0 {
                    found = (cost, [&starts[..], &[begins[first]]].concat());
                }
            }
            next.push(found);
        }
        best = next;
    }
    best.pop().map(|(_, starts)| starts).unwrap_or_default()
}

fn size_clusters(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "size_clusters",
        "cluster",
        "cluster min_parameters max_parameters models models_share mean_likes mean_downloads_30d
         mean_downloads_all_time",
    );
    let mut models: Vec<&Model> = snapshot
        .models
        .iter()
        .filter(|model| known(model))
        .collect();
    models.sort_by_key(|model| model.parameters);
    let numbers: Vec<f64> = models
        .iter()
        .map(|model| (model.parameters.unwrap() as f64).log10())
        .collect();
    let starts = best_starts(&numbers, CLUSTERS);
    for (place, start) in starts.iter().enumerate() {
        let end = starts.get(place + 1).copied().unwrap_or(models.len());
        let part = &models[*start..end];
        let mean_of = |counter: fn(&Model) -> Option<i64>| {
            let numbers: Vec<i64> = part.iter().filter_map(|model| counter(model)).collect();
            mean(&numbers)
        };
        table.push(row![
            place + 1,
            part[0].parameters,
            part[part.len() - 1].parameters,
            part.len(),
            share_of(part.len(), models.len()),
            mean_of(|model| model.likes),
            mean_of(|model| model.downloads_30d),
            mean_of(|model| model.downloads_all_time),
        ]);
    }
    table
}

fn sizes_over_time(snapshot: &Snapshot) -> Table {
    let mut table = Table::new(
        "sizes_over_time",
        "universe period year",
        "universe period year models downloads downloads_share known_models known_downloads mean_parameters
         median_parameters weighted_mean_parameters weighted_median_parameters",
    );
    for cut in snapshot.cuts() {
        let all = ("all".to_owned(), cut.models.clone());
        for (year, part) in group(&cut.models, Model::year).into_iter().chain([all]) {
            let of_known = part.iter().filter(|counted| known(counted.model));
            let mut sized: Vec<(i64, Option<i64>)> = of_known
                .map(|counted| (counted.model.parameters.unwrap(), counted.downloads))
                .collect();
            sized.sort_unstable();
            let parameters: Vec<i64> = sized.iter().map(|(parameters, _)| *parameters).collect();
            let known_downloads = sum(sized.iter().map(|(_, downloads)| *downloads));
            let downloaded = known_downloads.unwrap_or(0);
            let product = |(parameters, downloads): &(i64, Option<i64>)| {
                i128::from(*parameters) * i128::from(downloads.unwrap_or(0))
            };
            let weighted: i128 = sized.iter().map(product).sum();
            table.push(row![
                cut.universe,
                cut.period,
                year,
                part.len(),
                downloads(&part),
                share(downloads(&part), cut.downloads),
                sized.len(),
                known_downloads,
                mean(&parameters),
                median(&parameters),
                (downloaded > 0).then(|| weighted as f64 / downloaded as f64),
                weighted_median(&sized, downloaded),
            ]);
        }
    }
    table.sorted("universe period year")
}

/// The smallest size up to which at least half of the downloads go.
fn weighted_median(sized: &[(i64, Option<i64>)], downloaded: i64) -> Option<i64> {
    let mut so_far = 0;
    for (parameters, downloads) in sized {
        so_far += downloads.unwrap_or(0);
        if downloaded > 0 && so_far * 2 >= downloaded {
            return Some(*parameters);
        }
    }
    None
}
