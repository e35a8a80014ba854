//! How many parameters models have, of which everything is asked later.

use std::collections::BTreeMap;

use crate::mixtures;
use crate::names;
use crate::reference;
use crate::rows::{Record, Table, row};
use crate::snapshot::{Model, Snapshot};

/// Types into which quantised weights are packed.
const PACKED: [&str; 3] = ["I32", "U32", "U8"];
/// Types of masks, where weights are not packed.
const MASKS: [&str; 2] = ["BOOL", "U8"];
/// Tags of models whose weights are packed.
const PACKED_TAGS: [&str; 17] = [
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
    "gptq",
    "hqq",
    "mxfp4",
    "nvfp4",
    "quantized",
];
/// Tags of models of which several weights share a byte.
const FOUR_BIT: [&str; 13] = [
    "2-bit", "3-bit", "4-bit", "aqlm", "awq", "exl2", "exl3", "gptq", "hqq", "int4", "mxfp4",
    "nvfp4", "w4a16",
];
/// What names say of that.
const FOUR_BIT_NAMES: [&str; 18] = [
    "nvfp4", "mxfp4", "int4", "w4a4", "w4a8", "w4a16", "2bit", "2-bit", "3bit", "3-bit", "4bit",
    "4-bit", "awq", "gptq", "exl2", "exl3", "aqlm", "hqq",
];
/// What the ids of fixtures contain.
const FIXTURES: [&str; 3] = ["tiny-random", "tiny_random", "internal-testing"];

type Sizes = BTreeMap<String, (i64, &'static str)>;

/// The numbers as `enrich.stated_sizes` and `enrich.models` have them.
pub(crate) fn tables(snapshot: &Snapshot) -> Vec<Table> {
    let sizes = own_sizes(snapshot);
    let mut stated = Table::new("stated_sizes", "id", "id parameters parameters_source");
    for (id, (parameters, source)) in &sizes {
        stated.push(row![id, *parameters, *source]);
    }
    let mut models = Table::new(
        "models",
        "id",
        "id parameters parameters_source active_parameters is_fixture size_class size_class_coarse size_class_large",
    );
    let rows = snapshot.there();
    let rows: BTreeMap<String, Record<'_>> = rows.map(|row| (row.text("id"), row)).collect();
    for model in &snapshot.models {
        let (parameters, source) = parameters(model, &sizes, &rows[&model.id]);
        let active = mixtures::active(model).map(|(active, _)| active);
        let class = |scheme| reference::get().class_of(scheme, parameters);
        models.push(row![
            &model.id,
            parameters,
            source,
            active.filter(|active| parameters.is_some_and(|all| *active < all)),
            source == "fixture",
            class("fine"),
            class("coarse"),
            class("large"),
        ]);
    }
    vec![stated.sorted("id"), models.sorted("id")]
}

/// What each model's own row tells, of those that are on the Hub.
fn own_sizes(snapshot: &Snapshot) -> Sizes {
    let rows = snapshot.ingested.records();
    let there = rows.filter(|row| row.maybe_bool("removed") != Some(true));
    there
        .filter_map(|row| Some((row.text("id"), own_size(&row)?)))
        .collect()
}

fn own_size(row: &Record<'_>) -> Option<(i64, &'static str)> {
    let id = row.text("id");
    let corrected = reference::get().size_corrections.get(&id);
    if let Some(parameters) = corrected {
        return Some((*parameters, "correction"));
    }
    let storage = known(row.maybe_int("storage_bytes"));
    let of_a_file = |number: &i64| {
        // With more bytes for each it is the number of a small part.
        fits(*number, &id, storage) && storage.is_none_or(|bytes| bytes <= 150 * number)
    };
    let safetensors = elements(row).filter(|number| fits(*number, &id, storage));
    let gguf = || known(row.maybe_int("gguf_total")).filter(of_a_file);
    let stated = || {
        let number = known(row.maybe_int("stated_parameters")).filter(of_a_file);
        number.filter(|_| counts_weights(&id, &row.texts("tags")))
    };
    safetensors
        .map(|number| (number, "safetensors"))
        .or_else(|| gguf().map(|number| (number, "gguf")))
        .or_else(|| stated().map(|number| (number, "stated")))
}

/// Zero is no number.
fn known(number: Option<i64>) -> Option<i64> {
    number.filter(|number| *number > 0)
}

/// What the safetensors files store but masks, unless that is packed.
fn elements(row: &Record<'_>) -> Option<i64> {
    let (mut all, mut packed, mut masks) = (0, 0, 0);
    for entry in row.texts("safetensors_parameters") {
        let (dtype, count) = entry.split_once('=').unwrap();
        let count: i64 = count.parse().unwrap();
        all += count;
        if PACKED.contains(&dtype) {
            packed += count;
        }
        if MASKS.contains(&dtype) {
            masks += count;
        }
    }
    let number = match row.texts("safetensors_parameters").as_slice() {
        [] => known(row.maybe_int("safetensors_total")),
        _ => known(Some(all - masks)),
    };
    number.filter(|_| 2 * packed <= all)
}

/// Whether there can be so many parameters at all, and in so many bytes.
fn fits(number: i64, id: &str, storage: Option<i64>) -> bool {
    if number > reference::get().largest {
        return false;
    }
    let Some(bytes) = storage else {
        return true;
    };
    let is_another_by_name = names::parameters(id).is_some_and(|named| named > 2 * number);
    holds(bytes, number) && !(bytes > 20 * number && is_another_by_name)
}

/// Whether there is a tenth of a byte for each parameter.
fn holds(bytes: i64, number: i64) -> bool {
    10 * bytes >= number
}

/// Whether a stated number counts weights, each for itself.
fn counts_weights(id: &str, tags: &[String]) -> bool {
    let has = |tag: &str| tags.iter().any(|other| other == tag);
    let has_any = |some: &[&str]| some.iter().any(|tag| has(tag));
    let of_four_bits = has_any(&FOUR_BIT) || says_four_bits(id);
    let of_more = has_any(&PACKED_TAGS) && !has("fp8");
    (has("gguf") && !has("safetensors")) || !(of_four_bits || of_more)
}

/// Whether one of the words stands in a name, apart from letters and digits.
fn says_four_bits(id: &str) -> bool {
    let name = id.rsplit('/').next().unwrap().to_lowercase();
    let is_apart = |sign: Option<char>| !sign.is_some_and(|sign| sign.is_ascii_alphanumeric());
    FOUR_BIT_NAMES.iter().any(|word| {
        name.match_indices(word).any(|(at, _)| {
            let (before, after) = (&name[..at], &name[at + word.len()..]);
            is_apart(before.chars().next_back()) && is_apart(after.chars().next())
        })
    })
}

/// The number of a model and where it is from.
fn parameters(model: &Model, sizes: &Sizes, row: &Record<'_>) -> (Option<i64>, &'static str) {
    let own = sizes.get(&model.id);
    let id = model.id.to_lowercase();
    let too_few = own.is_some_and(|(number, _)| *number < reference::get().fixture);
    if too_few || FIXTURES.iter().any(|name| id.contains(name)) {
        return (None, "fixture");
    }
    if let Some((number, source)) = own {
        return (Some(*number), *source);
    }
    let parent = model.parents.first();
    let relation = parent.map_or("original", |parent| &*parent.relation);
    let named = names::parameters(&model.id);
    let storage = known(row.maybe_int("storage_bytes"));
    // What takes two fifths of a byte for each parameter in its name is a whole model.
    let is_whole = storage
        .zip(named)
        .is_some_and(|(bytes, named)| 5 * bytes >= 2 * named);
    let has_lora = || row.texts("tags").contains(&"lora".to_owned());
    if (relation == "adapter" || model.library == "peft" || has_lora()) && !is_whole {
        return (None, "unknown");
    }
    let is_there = |number: &i64| storage.is_none_or(|bytes| holds(bytes, *number));
    let base = parent.and_then(|parent| sizes.get(&parent.id));
    let base = base.filter(|(number, _)| is_there(number));
    if let Some((base, _)) = base {
        let is_that = match (relation, named) {
            ("quantized" | "finetune" | "merge", None) => true,
            ("quantized", Some(named)) => (base / 2..=2 * base).contains(&named),
            ("finetune" | "merge" | "unknown", Some(named)) => {
                (2 * base / 3..=4 * base / 3).contains(&named)
            }
            _ => false,
        };
        if is_that {
            return (Some(*base), "base");
        }
    }
    match named.filter(is_there) {
        Some(named) => (Some(named), "name"),
        None => (None, "unknown"),
    }
}
