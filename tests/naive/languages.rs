//! What models say that they speak, by what is said of cards, tags and names.

use std::collections::{BTreeMap, BTreeSet};

use crate::reference;
use crate::rows::{Record, Table, row};
use crate::snapshot::Snapshot;
use crate::tasks;

/// So many different tags of languages are a list of languages.
const LISTED: usize = 4;
/// From so many letters on a word of a language's name says something.
const TELLING: usize = 5;

/// Each value with the language that it stands for, if it does for any.
type Values = BTreeMap<String, Option<String>>;

/// The values as `enrich.model_languages` has them.
pub(crate) fn table(snapshot: &Snapshot) -> Table {
    let mut table = Table::new("model_languages", "id value", "id value language origin");
    let rows = snapshot.ingested.records();
    for row in rows.filter(|row| row.maybe_bool("removed") != Some(true)) {
        let card = row.texts("languages");
        let (values, origin) = if card.is_empty() {
            (by_tags(&row), "tag")
        } else {
            (by_card(&card), "card")
        };
        for (value, language) in values {
            table.push(row![row.text("id"), value, language, origin]);
        }
    }
    table.sorted("id value")
}

fn by_card(card: &[String]) -> Values {
    let reference = reference::get();
    let values = card.iter().map(|value| value.trim());
    let stated = values.filter(|value| !value.is_empty());
    stated
        .map(|value| {
            let lower = value.to_lowercase();
            let of_first = || reference.language(first_subtag(&lower)?);
            let language = reference.language(&lower).or_else(of_first);
            (value.to_owned(), language.map(str::to_owned))
        })
        .collect()
}

/// The language's part of a value in lower case that is written as BCP 47
/// has it: language, script, region, and any variants.
fn first_subtag(value: &str) -> Option<&str> {
    let mut subtags = value.split(['-', '_']).collect::<Vec<&str>>();
    let language = subtags.remove(0);
    if !(2..=3).contains(&language.len()) || !are_letters(language) {
        return None;
    }
    let is_script = |subtag: &str| subtag.len() == 4 && are_letters(subtag);
    if subtags.first().is_some_and(|subtag| is_script(subtag)) {
        subtags.remove(0);
    }
    let is_region = |subtag: &str| match subtag.len() {
        2 => are_letters(subtag),
        3 => subtag.bytes().all(|sign| sign.is_ascii_digit()),
        _ => false,
    };
    if subtags.first().is_some_and(|subtag| is_region(subtag)) {
        subtags.remove(0);
    }
    let are_variants = subtags.iter().all(|subtag| is_variant(subtag));
    are_variants.then_some(language)
}

fn are_letters(text: &str) -> bool {
    text.bytes().all(|sign| sign.is_ascii_lowercase())
}

fn is_variant(text: &str) -> bool {
    let allowed = |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit();
    let is_long_enough = match text.len() {
        4 => text.starts_with(|sign: char| sign.is_ascii_digit()),
        length => (5..=8).contains(&length),
    };
    is_long_enough && text.bytes().all(allowed)
}

fn by_tags(row: &Record<'_>) -> Values {
    let reference = reference::get();
    let tags: BTreeSet<String> = row.texts("tags").into_iter().collect();
    let is_other = |tag: &str| reference.other_tags.contains(tag);
    let is_listed = |tag: &str| reference.language_lists.contains(tag);
    let is_read =
        |tag: &str| reference.language(tag).is_some() && (!is_other(tag) || is_listed(tag));
    let makes_a_list =
        |tag: &str| is_read(tag) && (tag.len() == 2 || (is_listed(tag) && !is_other(tag)));
    let has_list = tags.iter().filter(|tag| makes_a_list(tag)).count() >= LISTED;
    let (task, _) = tasks::told(row);
    let applies = reference.language_applies(&task).unwrap_or(true);
    let id = row.text("id");
    let words = words_of_id(&id);
    let is_named = |tag: &str| {
        let has = |word: &String| words.contains(word);
        let by_code = is_listed(tag) && has(&tag.to_owned());
        let name = || reference.languages.get(tag)?.name.as_deref();
        by_code || name().is_some_and(|name| words_of_language(name).iter().any(has))
    };
    let is_family = |tag: &str| reference.families.iter().any(|family| family.tag == tag);
    let is_in_doubt = |tag: &str| tag.len() == 3 || (tag.len() == 2 && is_family(tag));
    let is_one = |tag: &str| {
        tag == "multilingual"
            || (is_read(tag)
                && (!is_in_doubt(tag) || has_list || (!is_other(tag) && applies && is_named(tag))))
    };
    let spoken = tags.into_iter().filter(|tag| is_one(tag));
    spoken
        .map(|tag| {
            let language = reference.language(&tag).map(str::to_owned);
            (tag, language)
        })
        .collect()
}

/// Words of letters and digits of what is not the account.
fn words_of_id(id: &str) -> BTreeSet<String> {
    let name = id.rsplit('/').next().unwrap().to_lowercase();
    let is_between = |sign: char| !(sign.is_ascii_lowercase() || sign.is_ascii_digit());
    let words = name.split(is_between).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The words of a language's name that say which it is.
fn words_of_language(name: &str) -> Vec<String> {
    let mut name = name.to_lowercase();
    if let (Some(open), Some(close)) = (name.find('('), name.rfind(')'))
        && open < close
    {
        name.replace_range(open..=close, "");
    }
    let words = name.split(|sign: char| !sign.is_ascii_lowercase());
    let telling = words.filter(|word| word.len() >= TELLING && *word != "language");
    telling.map(str::to_owned).collect()
}
