//! The description beside a snapshot's file: a JSON object that says, with whatever else it says,
//! what part of all there is the file has (`coverage`, `part`) and of which bytes it speaks
//! (`hash`).

/// How the name of a description ends.
pub const DESCRIPTION_ENDING: &str = ".capture.json";

/// The name of the description of a file: the file's without its format and compression, and
/// [`DESCRIPTION_ENDING`].
#[must_use]
pub fn description_name(file: &str) -> String {
    let packed = [".zst", ".gz"]
        .iter()
        .find_map(|ending| file.strip_suffix(ending));
    let bare = packed.unwrap_or(file);
    let stem = match bare.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => bare,
    };
    format!("{stem}{DESCRIPTION_ENDING}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_after_the_file() {
        for (file, expected) in [
            (
                "models_2026-11-30.jsonl.zst",
                "models_2026-11-30.capture.json",
            ),
            (
                "models_2026-11-30.parquet",
                "models_2026-11-30.capture.json",
            ),
            ("a.b.csv.gz", "a.b.capture.json"),
            ("models", "models.capture.json"),
            (".hidden", ".hidden.capture.json"),
        ] {
            assert_eq!(description_name(file), expected);
        }
    }
}
