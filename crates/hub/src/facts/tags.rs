//! Tags (`license:mit`) and entries (`BF16=8190735360`).

use std::collections::HashSet;

/// What follows `prefix` in each tag that has it, in the tags' order, without repeats.
///
/// The comparison is exact (case counts). A tag that is the prefix and nothing more says nothing
/// and is left out. No tag with the prefix gives an empty list.
///
/// ```
/// # use hubcensus_hub::facts::tag_values;
/// let tags = ["pytorch", "license:mit", "arxiv:1810.04805", "license:mit"];
/// assert_eq!(tag_values(tags, "license:"), ["mit"]);
/// ```
pub fn tag_values<'a>(tags: impl IntoIterator<Item = &'a str>, prefix: &str) -> Vec<&'a str> {
    // Most models have a handful of such tags, a few have thousands.
    const SCANNED: usize = 16;
    let mut values: Vec<&str> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for value in tags.into_iter().filter_map(|tag| tag.strip_prefix(prefix)) {
        if value.is_empty() {
            continue;
        }
        if values.len() < SCANNED {
            if !values.contains(&value) {
                values.push(value);
            }
        } else {
            if seen.is_empty() {
                seen.extend(&values);
            }
            if seen.insert(value) {
                values.push(value);
            }
        }
    }
    values
}

/// The whole number in the entry `key=number`; of several such entries the last.
///
/// A number written as `12.0` counts as 12. `None` if there is no such entry, or what it holds is
/// no whole number or exceeds an `i64`.
///
/// ```
/// # use hubcensus_hub::facts::entry_value;
/// assert_eq!(entry_value(["BF16=8190735360", "F32=64"], "BF16"), Some(8_190_735_360));
/// ```
pub fn entry_value<'a>(entries: impl IntoIterator<Item = &'a str>, key: &str) -> Option<i64> {
    let mut found = None;
    for entry in entries {
        if let Some(value) = entry
            .strip_prefix(key)
            .and_then(|rest| rest.strip_prefix('='))
        {
            found = Some(value);
        }
    }
    crate::read::whole_number(found?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_in_order_and_once() {
        let tags = [
            "base_model:a/b",
            "en",
            "base_model:quantized:a/b",
            "base_model:a/b",
        ];
        assert_eq!(tag_values(tags, "base_model:"), ["a/b", "quantized:a/b"]);
        assert_eq!(tag_values(tags, "base_model:quantized:"), ["a/b"]);
        assert_eq!(tag_values(tags, "license:"), Vec::<&str>::new());
        assert_eq!(
            tag_values(["license:", "License:mit"], "license:"),
            Vec::<&str>::new()
        );
        assert_eq!(tag_values(["en", "en", "de"], ""), ["en", "de"]);
    }

    #[test]
    fn thousands_of_tags_keep_their_order() {
        let tags: Vec<String> = (0..20_000)
            .map(|n| format!("dataset:{}", n % 10_000))
            .collect();
        let values = tag_values(tags.iter().map(String::as_str), "dataset:");
        assert_eq!(values.len(), 10_000);
        assert_eq!(values[..3], ["0", "1", "2"]);
        assert_eq!(values[9_999], "9999");
    }

    #[test]
    fn entries_hold_whole_numbers() {
        let entries = [
            "F32=64",
            "BF16=8190735360",
            "F32=128",
            "I32=12.0",
            "U8=1.5",
            "F16=x",
            "a=b=3",
        ];
        assert_eq!(entry_value(entries, "F32"), Some(128));
        assert_eq!(entry_value(entries, "BF16"), Some(8_190_735_360));
        assert_eq!(entry_value(entries, "I32"), Some(12));
        assert_eq!(entry_value(entries, "U8"), None);
        assert_eq!(entry_value(entries, "F16"), None);
        assert_eq!(entry_value(entries, "F"), None);
        assert_eq!(entry_value(entries, "a=b"), Some(3));
        assert_eq!(entry_value(["F32=99999999999999999999"], "F32"), None);
        assert_eq!(entry_value([], "F32"), None);
    }
}
