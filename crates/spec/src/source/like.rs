//! Sources that have the shape of another: a copy of it, or an archive made from it, with a name, a
//! description, a licence and a place of their own.
//!
//! ```yaml
//!   - name: mirror
//!     like: archive
//!     description: A copy of the archive.
//!     coverage: census
//!     license: ODbL-1.0
//!     location: "data/mirror/{table}_{date}.parquet"
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::check;
use crate::diagnostic::{Diagnostic, Span, Spanned, did_you_mean, enumerate};
use crate::job::{self, Parameter};
use crate::name::TableName;
use crate::project::{INGEST, Project};
use crate::read::Cx;
use crate::source::coverage::{self, Coverage};
use crate::source::location::{LocationTemplate, TABLE};
use crate::source::{self, Source};
use crate::yaml::{Kind, Node};

/// What a source that is like another takes from it.
const TAKEN: [&str; 12] = [
    "table",
    "format",
    "rows",
    "delimiter",
    "decimal",
    "final_newline",
    "null_values",
    "columns",
    "rejects",
    "reject_limit",
    "query",
    "tests",
];

/// A source that is like another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Like {
    name: Spanned<String>,
    like: Spanned<String>,
    description: String,
    coverage: Coverage,
    part: Option<String>,
    license: Option<String>,
    places: Places,
    parameters: Vec<Parameter>,
}

/// Where the files of its tables are.
#[derive(Clone, Debug, PartialEq)]
enum Places {
    /// For all tables alike, with the table's name in it.
    Template(Spanned<String>),
    /// For each table that it fills.
    Each(BTreeMap<String, Spanned<LocationTemplate>>),
}

pub(crate) fn read(node: &Node, cx: &mut Cx<'_>) -> Option<Like> {
    let mut map = cx.map(node, "a source that is like another")?;
    let name = map
        .need("name")
        .and_then(|node| cx.text(node, "`name`"))
        .and_then(|name| source::source_name(name, cx));
    let like = map.need("like").and_then(|node| cx.text(node, "`like`"));
    let description = check::description(&mut map, cx);
    let (coverage, part) = coverage::read(&mut map, cx);
    let license = map
        .take("license")
        .and_then(|node| cx.text(node, "`license`"));
    let places = map.need("location").and_then(|node| places(node, cx));
    let parameters = job::parameters(&mut map, cx);
    for (key, span) in map.others(&TAKEN) {
        let of = like.as_ref().map_or("the other", |like| like.as_str());
        cx.report(
            Diagnostic::error(
                "misplaced-key",
                format!("a source that is like another has no `{key}` of its own"),
            )
            .at(span, "does not belong here")
            .help(format!(
                "it takes `{key}` from `{of}`; without `like` it is a source of its own"
            )),
        );
    }
    map.finish(cx);
    Some(Like {
        name: name?,
        like: like?,
        description,
        coverage,
        part,
        license: license.map(|license| license.value),
        places: places?,
        parameters,
    })
}

fn places(node: &Node, cx: &mut Cx<'_>) -> Option<Places> {
    if !matches!(node.kind, Kind::Map(_)) {
        return cx.plain_text(node, "`location`").map(Places::Template);
    }
    let mut places = BTreeMap::new();
    for entry in cx.map(node, "`location`")?.into_entries() {
        let place = source::location(&entry.value, cx)?;
        places.insert(
            entry.key.value.clone(),
            Spanned::new(place.value, entry.key.span),
        );
    }
    Some(Places::Each(places))
}

/// Adds the entries of the sources that are like others to the project's.
pub(crate) fn resolve(project: &mut Project, cx: &mut Cx<'_>) {
    let mut made = Vec::new();
    for like in &project.likes {
        let entries: Vec<&Arc<Source>> = project.source(&like.like).collect();
        if entries.is_empty() {
            nobody(project, like, cx);
            continue;
        }
        if let Some(own) = project.source(&like.name).next() {
            cx.report(
                Diagnostic::error(
                    "duplicate-source",
                    format!("source `{}` is there twice", like.name),
                )
                .at(like.name.span, "and again")
                .related(own.name.span, "once"),
            );
            continue;
        }
        let before = cx.errors();
        let entries = entries_of(like, &entries, cx);
        if cx.errors() == before {
            made.extend(entries);
        }
    }
    for (at, like) in project.likes.iter().enumerate() {
        let earlier = project.likes.iter().take(at);
        check::unique(
            &like.name,
            earlier.map(|earlier| &earlier.name),
            "source",
            "duplicate-source",
            cx,
        );
    }
    project.sources.extend(made.into_iter().map(Arc::new));
}

/// Reports that `like` names no source with columns of its own.
fn nobody(project: &Project, like: &Like, cx: &mut Cx<'_>) {
    if like.name.value == like.like.value {
        cx.report(
            Diagnostic::error(
                "like-of-like",
                format!("source `{}` is like itself", like.name),
            )
            .at(like.like.span, "expected the name of another source"),
        );
        return;
    }
    if let Some(other) = project
        .likes
        .iter()
        .find(|other| other.name.value == like.like.value)
    {
        cx.report(
            Diagnostic::error(
                "like-of-like",
                format!("source `{}` is itself like `{}`", other.name, other.like),
            )
            .at(like.like.span, "has no columns of its own")
            .related(other.like.span, "takes them from there")
            .help(format!("write `like: {}`", other.like)),
        );
        return;
    }
    if project.unread_sources || project.unreadable_stages.contains(INGEST) {
        return;
    }
    let names: BTreeSet<&str> = project
        .sources
        .iter()
        .map(|source| source.name.as_str())
        .collect();
    let names = || names.iter().copied();
    let known = || match names().next() {
        Some(_) => format!("the sources are {}", enumerate(names())),
        None => "there is none".to_owned(),
    };
    cx.report(
        Diagnostic::error(
            "unknown-source",
            format!("there is no source `{}`", like.like),
        )
        .at(like.like.span, "unknown source")
        .help(did_you_mean(&like.like, names()).unwrap_or_else(known)),
    );
}

/// What a source has of each table that the one has that it is like.
fn entries_of(like: &Like, entries: &[&Arc<Source>], cx: &mut Cx<'_>) -> Vec<Source> {
    for parameter in &like.parameters {
        known_parameter(parameter, like, entries, cx);
    }
    let tables: Vec<&str> = entries.iter().map(|entry| entry.table.table()).collect();
    match &like.places {
        Places::Template(text) => {
            if tables.len() > 1 && !text.contains(TABLE) {
                cx.report(
                    Diagnostic::error(
                        "bad-location",
                        format!("the location lacks `{TABLE}`: it would be that of several tables"),
                    )
                    .at(text.span, "the same for all tables")
                    .help(format!(
                        "`{}` fills {}; or give each a location: `location: {{{}: …}}`",
                        like.like,
                        enumerate(tables.iter().copied()),
                        tables.first().copied().unwrap_or_default(),
                    )),
                );
                return Vec::new();
            }
            let mut made = Vec::new();
            for entry in entries {
                let place = Spanned::new(text.replace(TABLE, entry.table.table()), text.span);
                // What is wrong with one is wrong with all.
                let Some(place) = source::parsed_location(place, cx) else {
                    break;
                };
                made.push(entry_of(like, entry, place));
            }
            made
        }
        Places::Each(places) => {
            for (table, place) in places {
                if !tables.contains(&table.as_str()) {
                    cx.report(
                        Diagnostic::error(
                            "unknown-table",
                            format!("source `{}` does not fill `{table}`", like.like),
                        )
                        .at(place.span, "unknown table")
                        .help(
                            did_you_mean(table, tables.iter().copied()).unwrap_or_else(|| {
                                format!("it fills {}", enumerate(tables.iter().copied()))
                            }),
                        ),
                    );
                }
            }
            let placed = entries.iter().filter_map(|entry| {
                let place = places.get(entry.table.table())?;
                Some(entry_of(like, entry, place.clone()))
            });
            placed.collect()
        }
    }
}

/// Reports a parameter that none of the entries has, or that is of another type there.
fn known_parameter(parameter: &Parameter, like: &Like, entries: &[&Arc<Source>], cx: &mut Cx<'_>) {
    let all = || entries.iter().flat_map(|entry| &entry.parameters);
    let name = &parameter.name;
    let same = all().filter(|other| other.name.value == name.value);
    let mut found = false;
    for other in same {
        found = true;
        if other.data_type != parameter.data_type {
            cx.report(
                Diagnostic::error(
                    "wrong-type",
                    format!(
                        "the parameter `{name}` of `{}` is {}, not {}",
                        like.like, other.data_type, parameter.data_type
                    ),
                )
                .at(name.span, format!("expected {}", other.data_type)),
            );
            break;
        }
    }
    if !found {
        let names: BTreeSet<&str> = all().map(|other| other.name.as_str()).collect();
        let names = || names.iter().copied();
        let known = || match names().next() {
            Some(_) => format!("its parameters are {}", enumerate(names())),
            None => "it has none".to_owned(),
        };
        cx.report(
            Diagnostic::error(
                "unknown-parameter",
                format!("source `{}` has no parameter `{name}`", like.like),
            )
            .at(name.span, "unknown parameter")
            .help(did_you_mean(name, names()).unwrap_or_else(known)),
        );
    }
}

fn entry_of(like: &Like, entry: &Source, location: Spanned<LocationTemplate>) -> Source {
    let span: Span = like.name.span;
    let table: TableName = entry.table.value.clone();
    let own = |parameter: &Parameter| {
        let mut own = like.parameters.iter();
        let own = own.find(|own| own.name.value == parameter.name.value);
        own.unwrap_or(parameter).clone()
    };
    Source {
        name: like.name.clone(),
        like: Some(like.like.value.clone()),
        description: like.description.clone(),
        coverage: like.coverage,
        part: like.part.clone(),
        license: like.license.clone(),
        table: Spanned::new(table, span),
        location,
        parameters: entry.parameters.iter().map(own).collect(),
        // They are run once, for the source that has them.
        tests: Vec::new(),
        ..entry.clone()
    }
}
