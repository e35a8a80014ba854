//! What models are made from and how, by what is said of base models.

use std::collections::{BTreeMap, BTreeSet};

use crate::reference::{self, Claims};
use crate::rows::{Record, Table, row};
use crate::snapshot::Snapshot;
use crate::world::RELATIONS;

/// Tags of files with full weights.
const WEIGHTS: [&str; 5] = ["jax", "pytorch", "rust", "safetensors", "tf"];
/// Tags of formats from which the Hub infers that a model is quantised.
const COPIES: [&str; 3] = ["gguf", "onnx", "openvino"];
/// Tags that say that weights are quantised.
const QUANTISED: [&str; 24] = [
    "2-bit",
    "3-bit",
    "4-bit",
    "5-bit",
    "6-bit",
    "8-bit",
    "aqlm",
    "awq",
    "bitsandbytes",
    "compressed-tensors",
    "exl2",
    "exl3",
    "fp8",
    "gptq",
    "hqq",
    "int4",
    "int8",
    "mlx",
    "modelopt",
    "mxfp4",
    "nvfp4",
    "quantization",
    "quantized",
    "w4a16",
];
/// Words of names that say so, or that say the format of a copy.
const QUANTISED_WORDS: [&str; 33] = [
    "gguf",
    "ggufs",
    "onnx",
    "openvino",
    "ov",
    "coreml",
    "litert",
    "tflite",
    "mlx",
    "executorch",
    "quant",
    "quants",
    "quantized",
    "quantised",
    "nvfp4",
    "mxfp4",
    "mxfp8",
    "fp8",
    "int4",
    "int8",
    "w4a4",
    "w4a8",
    "w4a16",
    "w8a4",
    "w8a8",
    "w8a16",
    "awq",
    "gptq",
    "exl2",
    "exl3",
    "aqlm",
    "hqq",
    "bnb",
];
/// What else the end of a name says of a copy.
const COPY_ENDINGS: [&str; 4] = ["i1", "imat", "imatrix", "dynamic"];
/// What the end of a name says of full weights.
const SAME_WEIGHTS: [&str; 10] = [
    "hf",
    "safetensors",
    "transformers",
    "pytorch",
    "diffusers",
    "bf16",
    "fp16",
    "fp32",
    "f16",
    "f32",
];
/// Those of them that may have `mlx` before.
const OF_MLX: [&str; 3] = ["bf16", "fp16", "fp32"];

/// The ids of a snapshot by their letters in lower case.
type Spellings = BTreeMap<String, BTreeSet<String>>;

/// A base model as a source names it, but spelled as the snapshot does.
struct Named {
    base_model: String,
    place: usize,
    relation: &'static str,
    origin: &'static str,
}

/// The parents as `enrich.model_parents` has them, and what `enrich.models` says
/// of them.
pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    let claims = reference::get().claims(snapshot.day);
    let mut spellings = Spellings::new();
    for row in snapshot.there() {
        let id = row.text("id");
        spellings.entry(id.to_lowercase()).or_default().insert(id);
    }
    let named: BTreeMap<String, Vec<Named>> = snapshot
        .there()
        .map(|row| (row.text("id"), named(&row, &spellings)))
        .filter(|(_, named)| !named.is_empty())
        .collect();
    let mut parents = Table::new(
        "model_parents",
        "id base_model",
        "id base_model relation origin position",
    );
    let mut models = Table::new("models", "id", "id base_model relation base_model_count");
    for row in snapshot.there() {
        let id = row.text("id");
        let mut of_model: Vec<(&Named, &str)> = Vec::new();
        for parent in named.get(&id).into_iter().flatten() {
            let names_another = named.contains_key(&parent.base_model);
            let relation = relation(&row, parent, names_another, &claims);
            if let Some(relation) = relation {
                of_model.push((parent, relation));
            }
        }
        let copied = copied(&id, &spellings).filter(|_| of_model.is_empty());
        let copied = copied.as_ref();
        of_model.extend(copied.map(|parent| (parent, parent.relation)));
        of_model.sort_by_key(|(parent, _)| (parent.place, &parent.base_model));
        for (before, (parent, relation)) in of_model.iter().enumerate() {
            parents.push(row![
                &id,
                &parent.base_model,
                *relation,
                parent.origin,
                before + 1,
            ]);
        }
        let first = of_model.first();
        models.push(row![
            &id,
            first.map(|(parent, _)| &parent.base_model),
            first.map_or("original", |(_, relation)| *relation),
            of_model.len(),
        ]);
    }
    vec![parents.sorted("id position"), models.sorted("id")]
}

/// An id as the snapshot spells it, else as it is written.
fn spelled(id: &str, spellings: &Spellings) -> String {
    match spellings.get(&id.to_lowercase()) {
        Some(ids) if !ids.contains(id) => ids.first().unwrap().clone(),
        _ => id.to_owned(),
    }
}

/// The model of the same account of which an id says that it is a copy.
fn copied(id: &str, spellings: &Spellings) -> Option<Named> {
    let lower = id.to_lowercase();
    let name = lower.find('/').map_or(0, |slash| slash + 1);
    let mut ends = lower[name..].char_indices().map(|(at, _)| name + at);
    let end = ends.find(|at| is_copy_ending(&lower[*at..]))?;
    let base_model = spellings.get(&lower[..end])?.first().unwrap().clone();
    let corrections = &reference::get().relation_corrections;
    let relation = match corrections.get(&(id.to_owned(), base_model.clone())) {
        Some(relation) => RELATIONS.into_iter().find(|known| *known == *relation)?,
        None => "quantized",
    };
    Some(Named {
        base_model,
        place: 0,
        relation,
        origin: "name",
    })
}

/// Whether that is nothing but words that name a copy, each behind a sign.
fn is_copy_ending(text: &str) -> bool {
    let Some(words) = text.strip_prefix(['-', '_', '.']) else {
        return false;
    };
    let ends = words.char_indices().map(|(at, _)| at).chain([words.len()]);
    let mut parts = ends.map(|at| words.split_at(at));
    parts.any(|(word, rest)| names_copy(word) && (rest.is_empty() || is_copy_ending(rest)))
}

/// Whether that is one such word; of `q4_k_m` what is behind `_` is part of it.
fn names_copy(word: &str) -> bool {
    let is_digit = |text: &str, from: &str| text.len() == 1 && (from..="8").contains(&text);
    let bits = word.strip_suffix("bit");
    let bits = bits.map(|bits| bits.strip_suffix('-').unwrap_or(bits));
    let mut parts = word.strip_prefix(['i', 'w']).unwrap_or(word).split('_');
    let first = parts.next().unwrap().strip_prefix('q');
    let is_plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit();
    QUANTISED_WORDS.contains(&word)
        || COPY_ENDINGS.contains(&word)
        || bits.is_some_and(|bits| is_digit(bits, "1"))
        || (first.is_some_and(|bits| is_digit(bits, "2"))
            && parts.all(|part| !part.is_empty() && part.chars().all(is_plain)))
}

/// The base models that a row names, each once.
fn named(row: &Record<'_>, spellings: &Spellings) -> Vec<Named> {
    let known = |word: &str| RELATIONS.into_iter().find(|relation| *relation == word);
    let stated = row.maybe_text("base_model_relation");
    let stated = stated.and_then(|relation| known(&relation));
    let tags = row.texts("tags");
    let tagged: Vec<&str> = tags
        .iter()
        .filter_map(|tag| tag.strip_prefix("base_model:"))
        .collect();
    let (resolved, card) = (row.texts("base_models"), row.texts("card_base_models"));
    let (origin, entries): (&str, Vec<(Option<&'static str>, &str)>) = if !resolved.is_empty() {
        let entries = resolved.iter().map(|id| (stated, &**id));
        ("base_models", entries.collect())
    } else if !tagged.is_empty() {
        let entries = tagged.iter().map(|tag| {
            let parts = tag.split_once(':');
            let relation = parts.and_then(|(word, id)| Some((Some(known(word)?), id)));
            relation.unwrap_or((None, *tag))
        });
        ("tag", entries.collect())
    } else {
        ("card", card.iter().map(|id| (None, &**id)).collect())
    };
    let mut found: Vec<Named> = Vec::new();
    for (place, (relation, id)) in entries.into_iter().enumerate() {
        let id = spelled(id.trim(), spellings);
        let relation = relation.unwrap_or("unknown");
        match found.iter_mut().find(|other| other.base_model == id) {
            // The first by name of what is stated.
            Some(other) if relation != "unknown" => {
                if other.relation == "unknown" || relation < other.relation {
                    other.relation = relation;
                }
            }
            Some(_) => {}
            None if id.is_empty() => {}
            None => found.push(Named {
                base_model: id,
                place,
                relation,
                origin,
            }),
        }
    }
    found
}

/// How a model was made from what it names; nothing if that is the model itself.
fn relation(
    row: &Record<'_>,
    named: &Named,
    names_another: bool,
    claims: &Claims,
) -> Option<&'static str> {
    let (id, base) = (row.text("id"), &named.base_model);
    if id == *base {
        return None;
    }
    let corrections = &reference::get().relation_corrections;
    if let Some(relation) = corrections.get(&(id.clone(), base.clone())) {
        // What is no relation is `original`.
        return RELATIONS.into_iter().find(|known| *known == *relation);
    }
    if bare(&name(&id)) == bare(&name(base)) && !names_another && same_home(&id, base, claims) {
        return None;
    }
    let is_full = || has_full_weights(&row.texts("tags"), &name(&id)) && name(&id) != name(base);
    let is_copy = || {
        let (name, base) = (name(&id), name(base));
        name.strip_prefix(&*base).is_some_and(is_copy_ending)
    };
    match named.relation {
        "quantized" if is_full() => Some("finetune"),
        "finetune" if is_copy() => Some("quantized"),
        relation => Some(relation),
    }
}

/// The name of an id in lower case.
pub(crate) fn name(id: &str) -> String {
    id.rsplit('/').next().unwrap().to_lowercase()
}

/// A name without what its end says of the format of full weights.
fn bare(mut name: &str) -> &str {
    while let Some(shorter) = without(name, &SAME_WEIGHTS) {
        let of_mlx = without(name, &OF_MLX).and_then(|rest| without(rest, &["mlx"]));
        name = of_mlx.unwrap_or(shorter);
    }
    name
}

/// A name without one of the words at its end, if it ends with one.
fn without<'a>(name: &'a str, words: &[&str]) -> Option<&'a str> {
    let mut found = words.iter().filter_map(|word| name.strip_suffix(word));
    found.find_map(|rest| rest.strip_suffix(['-', '_', '.']))
}

/// Whether two ids are at one account, or at two of one entity; of an id without
/// an account only what is known of the years without them tells it.
fn same_home(id: &str, base: &str, claims: &Claims) -> bool {
    let account = |id: &str| {
        let legacy = || reference::get().legacy_owners.get(id).cloned();
        let account = id.split_once('/').map(|(account, _)| account.to_owned());
        account
            .or_else(legacy)
            .map(|account| account.to_lowercase())
    };
    let (Some(one), Some(other)) = (account(id), account(base)) else {
        return false;
    };
    let entity = |account: &str| {
        let claimed = claims.first_entity_of(account).map(str::to_owned);
        claimed.unwrap_or_else(|| account.to_owned())
    };
    one == other || entity(&one) == entity(&other)
}

/// Whether there are full weights beside a copy, and nothing says that they are
/// quantised.
fn has_full_weights(tags: &[String], name: &str) -> bool {
    let have_one = |of: &[&str]| tags.iter().any(|tag| of.contains(&&**tag));
    have_one(&WEIGHTS) && have_one(&COPIES) && !have_one(&QUANTISED) && !says_quantised(name)
}

fn says_quantised(name: &str) -> bool {
    let is_between = |sign: char| !sign.is_ascii_alphanumeric();
    let words: Vec<&str> = name.split(is_between).collect();
    let is_bits = |text: &str| text.len() == 1 && ("2"..="8").contains(&text);
    let says = |word: &str| {
        // `q4`, `iq4`, `wq4`, whatever is behind `_`
        let plain = word.strip_prefix(['i', 'w']).unwrap_or(word);
        QUANTISED_WORDS.contains(&word)
            || word.strip_suffix("bit").is_some_and(is_bits)
            || plain.strip_prefix('q').is_some_and(is_bits)
    };
    let in_two_words = (2..=8).any(|bits| {
        let text = format!("{bits}-bit");
        let apart = |sign: Option<char>| sign.is_none_or(is_between);
        name.match_indices(&text).any(|(at, _)| {
            apart(name[..at].chars().next_back()) && apart(name[at + text.len()..].chars().next())
        })
    });
    in_two_words || words.into_iter().any(says)
}
