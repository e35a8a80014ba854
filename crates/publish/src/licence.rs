//! What the licences of the sources ask of whoever uses the tables.

use crate::record::Publication;

/// A licence that sources have.
struct Known {
    /// As sources and SPDX name it.
    id: &'static str,
    /// As dataset cards name it.
    card: &'static str,
    url: &'static str,
    /// What it asks for.
    asks: &'static str,
}

const KNOWN: [Known; 7] = [
    Known {
        id: "MIT",
        card: "mit",
        url: "https://spdx.org/licenses/MIT.html",
        asks: "keep its copyright and permission notice",
    },
    Known {
        id: "Apache-2.0",
        card: "apache-2.0",
        url: "https://www.apache.org/licenses/LICENSE-2.0",
        asks: "keep its notices, and say that you changed it where you did",
    },
    Known {
        id: "CC0-1.0",
        card: "cc0-1.0",
        url: "https://creativecommons.org/publicdomain/zero/1.0/",
        asks: "nothing",
    },
    Known {
        id: "CC-BY-4.0",
        card: "cc-by-4.0",
        url: "https://creativecommons.org/licenses/by/4.0/",
        asks: "name the source, link to the licence, and say that its data was changed: it was counted and grouped here",
    },
    Known {
        id: "CC-BY-SA-4.0",
        card: "cc-by-sa-4.0",
        url: "https://creativecommons.org/licenses/by-sa/4.0/",
        asks: "name the source, say that its data was changed, and give what you make of it under the same licence",
    },
    Known {
        id: "ODbL-1.0",
        card: "odbl",
        url: "https://opendatacommons.org/licenses/odbl/1-0/",
        asks: "name the source, and give databases that you make of it under the same licence, without technical restrictions",
    },
    Known {
        id: "ODC-BY-1.0",
        card: "odc-by",
        url: "https://opendatacommons.org/licenses/by/1-0/",
        asks: "name the source",
    },
];
/// Licences under which what is derived has to be given too.
const SHARE_ALIKE: [&str; 2] = ["ODbL-1.0", "CC-BY-SA-4.0"];

fn known(license: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| {
        known.id.eq_ignore_ascii_case(license) || known.card.eq_ignore_ascii_case(license)
    })
}

/// The licences of the sources of real rows, sorted; `None` for sources that state none.
fn licenses(record: &Publication) -> Vec<Option<&str>> {
    let real = record.files().filter(|file| file.generated.is_none());
    let names = real.flat_map(|file| &file.sources);
    let licenses = names.map(|name| record.sources.get(name).and_then(|s| s.license.as_deref()));
    let mut licenses: Vec<Option<&str>> = licenses.collect();
    licenses.sort_unstable();
    licenses.dedup();
    licenses
}

/// The licences of the whole, as a dataset card names them: of sources with different ones all of
/// them, of sources with one that binds what is derived that one, `unknown` if a source states none.
pub(crate) fn of_card(record: &Publication) -> Vec<String> {
    let licenses = licenses(record);
    if licenses.contains(&None) {
        return vec!["unknown".to_owned()];
    }
    let licenses: Vec<&str> = licenses.into_iter().flatten().collect();
    let mut names: Vec<&str> = licenses
        .iter()
        .map(|license| known(license).map_or("other", |known| known.card))
        .collect();
    let share_alike = licenses.iter().filter_map(|license| {
        let known = known(license)?;
        SHARE_ALIKE.contains(&known.id).then_some(known.card)
    });
    let share_alike: Vec<&str> = share_alike.collect();
    if !share_alike.is_empty() {
        names = share_alike;
    }
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(str::to_owned).collect()
}

/// The address of a licence, where it is known.
pub(crate) fn url(license: &str) -> Option<&'static str> {
    known(license).map(|known| known.url)
}

/// What follows of the licences of the sources, a paragraph each.
pub(crate) fn consequences(record: &Publication) -> Vec<String> {
    let mut paragraphs = Vec::new();
    if record.generated().is_some() {
        paragraphs.push(
            "Generated rows describe nothing real, and no source has rights in them.".to_owned(),
        );
    }
    let licenses = licenses(record);
    for name in share_alike(record) {
        paragraphs.push(format!(
            "**These tables are derived from `{name}`, whose licence binds what is derived.** Contains information from \
             `{name}`, which is made available here under the Open Database License (ODbL): the tables are under \
             the ODbL 1.0 too. Use them for anything and name this dataset and `{name}`; a database that you \
             make of them and use publicly has to be offered under the ODbL, and a copy of it that can be \
             used without technical restrictions. Charts and texts made of them need the notice, not the \
             licence."
        ));
    }
    if licenses.contains(&None) {
        paragraphs.push(
            "**A source states no licence**: nothing here grants a right to what it holds. Figures \
             about it may be quoted; before passing on rows, ask its publisher."
                .to_owned(),
        );
    }
    if licenses
        .iter()
        .flatten()
        .any(|license| known(license).is_none())
    {
        paragraphs.push(
            "A source has a licence that is not known to this program: read its text.".to_owned(),
        );
    }
    if paragraphs.is_empty() {
        paragraphs.push(
            "Use the tables for anything, commercial work too, and name this dataset and the sources \
             below, whose licences ask for no more than what is said beside them."
                .to_owned(),
        );
    }
    paragraphs
}

/// The sources whose licence is the ODbL.
fn share_alike(record: &Publication) -> Vec<&str> {
    let real = record.files().filter(|file| file.generated.is_none());
    let mut names: Vec<&str> = real
        .flat_map(|file| &file.sources)
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| {
        let license = record
            .sources
            .get(*name)
            .and_then(|source| source.license.as_deref());
        license
            .and_then(known)
            .is_some_and(|known| known.id == "ODbL-1.0")
    });
    names
}

/// What a source's licence is and asks for, in a line.
pub(crate) fn line(license: Option<&str>) -> String {
    match license.map(|license| (license, known(license))) {
        None => "no licence stated".to_owned(),
        Some((license, None)) => license.to_owned(),
        Some((_, Some(known))) => format!("[{}]({}): {}", known.id, known.url, known.asks),
    }
}
