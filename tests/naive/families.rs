//! Which family models are of, by what is said of names, tags and ancestors.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::lineage::Lineage;
use crate::parents;
use crate::reference::{self, Family};
use crate::rows::{Table, row};
use crate::snapshot::{Model, Snapshot};

/// Names of two words that are taken as one.
const FIRST_OF_TWO: [&str; 9] = [
    "gpt", "xlm", "stable", "command", "big", "seed", "code", "chronos", "opus",
];
const SECOND_OF_TWO: [&str; 14] = [
    "oss",
    "neox",
    "neo",
    "j",
    "2",
    "roberta",
    "diffusion",
    "r",
    "bird",
    "llama",
    "qwen",
    "t5",
    "bolt",
    "mt",
];
const BETWEEN: [char; 4] = ['-', '_', '.', ' '];

/// The families of ids that bear a name of one.
type Bearers = BTreeMap<String, (&'static Family, bool)>;
/// The families of tags, as these are spelled.
type Tags = BTreeMap<String, &'static Family>;

/// The tables `enrich.family_names`, `enrich.family_tags`,
/// `enrich.model_family_tags` and `enrich.model_families`.
pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    let lineage = Lineage::of(snapshot);
    let bearers = bearers(snapshot, &lineage);
    let tags = tags(snapshot);
    let mut names = Table::new("family_names", "id", "id family maker by_maker");
    for (id, (family, by_maker)) in &bearers {
        names.push(row![id, &family.name, &family.maker, *by_maker]);
    }
    let mut tagged = Table::new("family_tags", "tag", "tag family is_architecture shared");
    for (tag, family) in &tags {
        tagged.push(row![
            tag,
            &family.name,
            family.is_architecture,
            family.shared
        ]);
    }
    let models = models(snapshot, &lineage, &bearers, &tags);
    vec![
        names.sorted("id"),
        tagged.sorted("tag"),
        bearing(snapshot, &tags),
        models,
    ]
}

/// Which tags of a model are a family's and no language of the model.
fn bearing(snapshot: &Snapshot, tags: &Tags) -> Table {
    let mut table = Table::new(
        "model_family_tags",
        "id tag",
        "id position tag family is_architecture shared",
    );
    for row in snapshot.there() {
        let id = row.text("id");
        let languages = &snapshot.model(&id).unwrap().languages;
        let words = row.texts("tags");
        let meant = words.iter().filter_map(|tag| Some((tag, *tags.get(tag)?)));
        let mut passed: BTreeSet<&str> = BTreeSet::new();
        for (before, (tag, family)) in meant.enumerate() {
            let is_language = languages.iter().any(|spoken| spoken.value == *tag);
            if !is_language && passed.insert(tag) {
                table.push(row![
                    &id,
                    before + 1,
                    tag,
                    &family.name,
                    family.is_architecture,
                    family.shared,
                ]);
            }
        }
    }
    table.sorted("id position tag")
}

fn bearers(snapshot: &Snapshot, lineage: &Lineage<'_>) -> Bearers {
    let here = snapshot
        .models
        .iter()
        .map(|model| (&*model.id, &*model.entity));
    let missing = lineage
        .bases()
        .filter(|(base, _)| snapshot.model(base).is_none())
        .map(|(base, owner)| (base, &*owner.entity));
    let mut found = BTreeMap::new();
    for (id, entity) in here.chain(missing) {
        if let Some(family) = by_name(id) {
            found.insert(id.to_owned(), (family, family.maker == entity));
        }
    }
    found
}

/// The family whose name an id bears.
pub(crate) fn by_name(id: &str) -> Option<&'static Family> {
    let words = words(&parents::name(id));
    let meant = |word: &str, anywhere: bool| {
        let mut families = reference::get().families.iter();
        families.find(|family| {
            let tag: String = family
                .tag
                .chars()
                .filter(|sign| !"-_.".contains(*sign))
                .collect();
            let counts = match &*family.in_name {
                "anywhere" => true,
                "first" => !anywhere,
                _ => false,
            };
            counts && tag == word
        })
    };
    let first = words.first()?;
    meant(first, false)
        .or_else(|| meant(without_version(first), false))
        .or_else(|| words.iter().find_map(|word| meant(word, true)))
}

/// The words of a name in lower case; one with a version at its end is followed
/// by the letters before that.
fn words(name: &str) -> Vec<String> {
    let name = with_diffusion_joined(&with_two_joined(name));
    let is_between = |sign: char| !(sign.is_ascii_lowercase() || sign.is_ascii_digit());
    let mut words = Vec::new();
    for word in name.split(is_between).filter(|word| !word.is_empty()) {
        words.push(word.to_owned());
        let rest = without_version(word);
        let before = rest.trim_end_matches(|sign: char| sign.is_ascii_lowercase());
        if rest.len() < word.len() && before.len() < rest.len() {
            // Of `a1b2` it is `b2` that has a version.
            words.push(rest[before.len()..].to_owned());
        }
    }
    words
}

/// Without digits at the end, or digits and a letter.
fn without_version(word: &str) -> &str {
    let without_digits = |text: &'_ str| {
        let rest = text.trim_end_matches(|sign: char| sign.is_ascii_digit());
        (rest.len() < text.len()).then_some(rest.len())
    };
    let without_letter = || word.strip_suffix(|sign: char| sign.is_ascii_lowercase());
    let end = without_digits(word).or_else(|| without_digits(without_letter()?));
    &word[..end.unwrap_or(word.len())]
}

/// The first of the names in two words is written as one.
fn with_two_joined(name: &str) -> String {
    for (at, _) in name.char_indices() {
        let here = &name[at..];
        let Some(first) = FIRST_OF_TWO.iter().find(|word| here.starts_with(**word)) else {
            continue;
        };
        let Some(rest) = here[first.len()..].strip_prefix(BETWEEN) else {
            continue;
        };
        let ends = |word: &str| {
            let after = rest.strip_prefix(word);
            after.is_some_and(|after| !after.starts_with(|sign: char| sign.is_ascii_lowercase()))
        };
        if SECOND_OF_TWO.iter().any(|word| ends(word)) {
            return format!("{}{first}{rest}", &name[..at]);
        }
    }
    name.to_owned()
}

/// Stable Diffusion with the version that is another model.
fn with_diffusion_joined(name: &str) -> String {
    const NAME: &str = "stablediffusion";
    for (at, _) in name.match_indices(NAME) {
        let rest = &name[at + NAME.len()..];
        let rest = rest.strip_prefix(BETWEEN).unwrap_or(rest);
        let rest = rest.strip_prefix('v').unwrap_or(rest);
        if ["xl", "2", "3"]
            .iter()
            .any(|version| rest.starts_with(version))
        {
            return format!("{}{NAME}{rest}", &name[..at]);
        }
    }
    name.to_owned()
}

/// The tags and architectures of GGUF headers that are a family's.
fn tags(snapshot: &Snapshot) -> Tags {
    let mut every: BTreeSet<String> = BTreeSet::new();
    for row in snapshot.there() {
        every.extend(row.texts("tags"));
        every.extend(row.maybe_text("gguf_architecture"));
    }
    let families = &reference::get().families;
    let mut found = BTreeMap::new();
    for tag in every {
        let lower = tag.to_lowercase();
        let forms = forms(&lower);
        let is_meant = |family: &&Family| forms.contains(&&*family.tag);
        let longest = families
            .iter()
            .filter(is_meant)
            .max_by_key(|family| family.tag.len());
        if let Some(family) = longest {
            found.insert(tag, family);
        }
    }
    found
}

/// A tag as it is, and without a version, the v of which may be the name's.
fn forms(tag: &str) -> Vec<&str> {
    let Some(digit) = tag.find(|sign: char| sign.is_ascii_digit()) else {
        return vec![tag];
    };
    let before = &tag[..digit];
    let short = |text: &'_ str| text.strip_suffix(BETWEEN).unwrap_or(text).len();
    let plain = before.strip_suffix('v').unwrap_or(before);
    vec![tag, &tag[..short(before)], &tag[..short(plain)]]
}

fn models(snapshot: &Snapshot, lineage: &Lineage<'_>, bearers: &Bearers, tags: &Tags) -> Table {
    let mut table = Table::new(
        "model_families",
        "id",
        "id family maker family_source architecture",
    );
    for row in snapshot.there() {
        let id = row.text("id");
        let header = row.maybe_text("gguf_architecture");
        let header = header.and_then(|architecture| tags.get(&architecture).copied());
        let model = snapshot.model(&id).unwrap();
        let is_language = |tag: &str| model.languages.iter().any(|spoken| spoken.value == tag);
        let words = row.texts("tags");
        let meant: Vec<&Family> = words
            .iter()
            .filter(|tag| !is_language(tag))
            .filter_map(|tag| tags.get(tag).copied())
            .collect();
        let by_lineage = by_lineage(model, lineage, bearers);
        let by_type = header.filter(|family| !family.shared);
        let by_name = bearers.get(&id).map(|(family, _)| *family);
        let of_maker = bearers.get(&id).is_some_and(|(_, by_maker)| *by_maker);
        let by_tag = meant.iter().find(|family| !family.shared).copied();
        let said = [
            ("name", by_name.filter(|_| of_maker)),
            ("lineage", by_lineage),
            ("model_type", by_type),
            ("name", by_name),
            ("tag", by_tag),
        ];
        let first = said.iter().find(|(_, family)| family.is_some());
        let (source, family) = first.copied().unwrap_or(("none", None));
        let built = meant.iter().find(|family| family.is_architecture).copied();
        let architecture = header.or(built);
        if family.is_some() || architecture.is_some() {
            table.push(row![
                id,
                family.map(|family| &family.name),
                family.map(|family| &family.maker),
                source,
                architecture.map(|family| &family.name),
            ]);
        }
    }
    table.sorted("id")
}

/// The family of what it descends from: one of which its maker made some of that,
/// then that which most bear.
fn by_lineage(model: &Model, lineage: &Lineage<'_>, bearers: &Bearers) -> Option<&'static Family> {
    // Of each family whether one is its maker's, and how many there are.
    let mut counts: BTreeMap<&str, (bool, usize)> = BTreeMap::new();
    for ancestor in lineage.ancestors(&model.id) {
        if let Some((family, by_maker)) = bearers.get(ancestor) {
            let (of_maker, count) = counts.entry(&family.name).or_default();
            *of_maker |= *by_maker;
            *count += 1;
        }
    }
    let order = |(name, (of_maker, count)): &(&'static str, (bool, usize))| {
        (!of_maker, Reverse(*count), *name)
    };
    let (name, _) = counts.into_iter().min_by_key(order)?;
    let mut families = reference::get().families.iter();
    families.find(|family| family.name == name)
}
