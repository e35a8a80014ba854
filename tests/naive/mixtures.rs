//! How many parameters of mixtures of experts are active.

use std::collections::BTreeMap;

use crate::names;
use crate::reference;
use crate::rows::{Table, row};
use crate::snapshot::{Model, Snapshot};

/// The table `enrich.mixtures`.
pub(crate) fn table(snapshot: &Snapshot) -> Table {
    let mut table = Table::new("mixtures", "id", "id active_parameters active_source");
    for model in &snapshot.models {
        if let Some((active, source)) = active(model) {
            table.push(row![&model.id, active, source]);
        }
    }
    table.sorted("id")
}

/// How many are active of a model, and what says it.
pub(crate) fn active(model: &Model) -> Option<(i64, &'static str)> {
    let facts = &reference::get().active_parameters;
    if let Some(own) = said(facts, &model.id) {
        let source = if facts.contains_key(&model.id) {
            "fact"
        } else {
            "name"
        };
        return Some((own, source));
    }
    let parent = model.parents.first()?;
    let is_same = ["quantized", "finetune"].contains(&&*parent.relation);
    let base = is_same.then(|| said(facts, &parent.id)).flatten();
    base.map(|active| (active, "base"))
}

fn said(facts: &BTreeMap<String, i64>, id: &str) -> Option<i64> {
    let fact = facts.get(id).copied();
    fact.or_else(|| in_name(id)).filter(|active| *active > 0)
}

fn in_name(id: &str) -> Option<i64> {
    let name = id.rsplit('/').next().unwrap().to_lowercase();
    let words = names::texts(&name);
    if let Some(active) = words.iter().find_map(|word| size(word.strip_prefix('a')?)) {
        return Some(active);
    }
    let pairs = || words.iter().zip(words.iter().skip(1));
    if name.contains("moe") {
        // The first pair decides.
        let mut sizes = pairs().filter_map(|(one, two)| Some((size(one)?, size(two)?)));
        if let Some((one, two)) = sizes.next()
            && one < two
        {
            return Some(one);
        }
    }
    let of_experts = |word: &str| {
        let count = word.strip_suffix('e').unwrap_or_default();
        !count.is_empty() && count.len() <= 4 && count.bytes().all(|sign| sign.is_ascii_digit())
    };
    let mut before = pairs().filter(|(one, two)| one.ends_with('b') && of_experts(two));
    before.find_map(|(one, _)| size(one))
}

/// A number and `b` or `m`.
fn size(word: &str) -> Option<i64> {
    let unit = match word.chars().last()? {
        'b' => 1e9,
        'm' => 1e6,
        _ => return None,
    };
    let number = &word[..word.len() - 1];
    let parts: Vec<&str> = number.split('.').collect();
    let is_number = parts.len() <= 2
        && parts.iter().all(|part| {
            (1..=4).contains(&part.len()) && part.bytes().all(|sign| sign.is_ascii_digit())
        });
    is_number.then(|| (number.parse::<f64>().unwrap() * unit).round() as i64)
}
