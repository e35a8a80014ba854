//! File names with `*` in them: a snapshot of several files.

use std::collections::BTreeSet;

use glob::Pattern;
use hubcensus_spec::DESCRIPTION_ENDING;

use crate::error::EngineError;
use crate::plan::listing;

/// Stands for any text in a file's name.
const ANY: char = '*';

/// The folder and the pattern of a location, if its file name has a `*`.
pub(crate) fn split(location: &str) -> Option<(&str, &str)> {
    let (folder, name) = match location.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some(parts) => parts,
        None => (".", location),
    };
    name.contains(ANY).then_some((folder, name))
}

/// The locations of the files that a pattern means in a folder, by name.
///
/// # Errors
///
/// A folder that cannot be listed.
pub(crate) async fn files(folder: &str, pattern: &str) -> Result<BTreeSet<String>, EngineError> {
    let names = listing::names(folder).await?;
    // What describes a file is none of the snapshot's files.
    let fitting = names
        .into_iter()
        .filter(|name| fits(pattern, name) && !name.ends_with(DESCRIPTION_ENDING));
    let folder = folder.trim_end_matches('/');
    Ok(fitting.map(|name| format!("{folder}/{name}")).collect())
}

/// Whether a name is one that the pattern means. Of what patterns have elsewhere,
/// only `*` is known here.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let pieces: Vec<String> = pattern.split(ANY).map(Pattern::escape).collect();
    let mut pattern = pieces.join("*");
    // Two in a row would be folders.
    while pattern.contains("**") {
        pattern = pattern.replace("**", "*");
    }
    Pattern::new(&pattern).is_ok_and(|pattern| pattern.matches(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, name, expected) in [
            ("a.csv", "a.csv", true),
            ("a.csv", "b.csv", false),
            ("*.csv", "a.csv", true),
            ("*.csv", ".csv", true),
            ("*.csv", "a.csv.part", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("m-*-of-*.gz", "m-1-of-2.gz", true),
            ("m-*-of-*.gz", "m-1-of.gz", false),
            ("*b*b", "abcb", true),
            ("*b*b", "abc", false),
            ("*ä*", "bär", true),
            ("a[1]?.csv", "a[1]?.csv", true),
            ("a[1]?.csv", "a1b.csv", false),
            ("a**b.csv", "a-b.csv", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn only_the_name_of_a_file_has_one() {
        assert_eq!(split("a/b_*.csv"), Some(("a", "b_*.csv")));
        assert_eq!(split("*.csv"), Some((".", "*.csv")));
        assert_eq!(split("/*"), Some(("/", "*")));
        assert_eq!(split("a*/b.csv"), None);
    }
}
