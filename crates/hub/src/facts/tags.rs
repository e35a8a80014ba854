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

/// What follows `prefix` in the first tag that has it and says more than that.
///
/// ```
/// # use hubcensus_hub::facts::tag_value;
/// assert_eq!(tag_value(["pytorch", "license:", "license:mit"], "license:"), Some("mit"));
/// ```
pub fn tag_value<'a>(tags: impl IntoIterator<Item = &'a str>, prefix: &str) -> Option<&'a str> {
    let mut values = tags.into_iter().filter_map(|tag| tag.strip_prefix(prefix));
    values.find(|value| !value.is_empty())
}

/// The sum of the numbers in entries `key=number`, of those keys alone if any are given.
///
/// A number written as `12.0` counts as 12; what is no whole number counts nothing. `None` if no
/// entry has a number, or if the sum exceeds an `i64`.
///
/// ```
/// # use hubcensus_hub::facts::entry_sum;
/// let entries = ["BF16=8190735360", "F32=64", "I32=8"];
/// assert_eq!(entry_sum(entries, None), Some(8_190_735_432));
/// assert_eq!(entry_sum(entries, Some(&["F32", "I32", "U8"])), Some(72));
/// ```
pub fn entry_sum<'a>(
    entries: impl IntoIterator<Item = &'a str>,
    keys: Option<&[&str]>,
) -> Option<i64> {
    let mut sum: Option<i64> = None;
    for entry in entries {
        let Some((key, number)) = entry.rsplit_once('=') else {
            continue;
        };
        if keys.is_some_and(|keys| !keys.contains(&key)) {
            continue;
        }
        if let Some(number) = crate::read::whole_number(number) {
            sum = Some(sum.unwrap_or_default().checked_add(number)?);
        }
    }
    sum
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
    fn the_first_value_is_one_that_says_something() {
        let tags = [
            "license:",
            "License:mit",
            "license:apache-2.0",
            "license:mit",
        ];
        assert_eq!(tag_value(tags, "license:"), Some("apache-2.0"));
        assert_eq!(tag_value(tags, "base_model:"), None);
        assert_eq!(tag_value([], "license:"), None);
    }

    #[test]
    fn entries_with_whole_numbers_are_summed() {
        let entries = ["F32=64", "I32=12.0", "U8=1.5", "F16=x", "a=b=3", "F64"];
        assert_eq!(entry_sum(entries, None), Some(79));
        assert_eq!(entry_sum(entries, Some(&["I32", "a=b"])), Some(15));
        assert_eq!(entry_sum(entries, Some(&["U8", "F16"])), None);
        assert_eq!(entry_sum(entries, Some(&["F"])), None);
        assert_eq!(entry_sum(["F32=0"], None), Some(0));
        assert_eq!(entry_sum(["F32=9223372036854775807", "I8=1"], None), None);
        assert_eq!(entry_sum([], None), None);
    }
}
