//! Which name a thing has in the lake. Every name here is relative to the lake's root.

use hubcensus_spec::{PartitionId, TableName};

use crate::error::{Error, Result};

/// The file whose lock, or whose content, says who writes.
pub(crate) const LOCK: &str = "_lock";
/// Everything that the lake keeps beside its tables begins so.
const OURS: char = '_';
pub(crate) const MANIFESTS: &str = "_manifests";
pub(crate) const STAGING: &str = "_staging";
const REJECTED: &str = "_rejected";
const CACHE: &str = "_cache";
const PART: &str = "part-00000.parquet";

/// The one file of a partition.
pub(crate) fn part(id: &PartitionId) -> String {
    format!("{}/snapshot_date={}/{PART}", table(&id.table), id.date)
}

/// The folder of a table's partitions.
pub(crate) fn table(table: &TableName) -> String {
    format!("{}/{}", table.stage(), table.table())
}

pub(crate) fn manifest(id: &PartitionId) -> String {
    format!("{}/{}.json", manifests_of(&id.table), id.date)
}

pub(crate) fn manifests_of(table: &TableName) -> String {
    format!("{MANIFESTS}/{}", self::table(table))
}

/// Whose manifest a path is; `None` if it is none.
pub(crate) fn manifest_of(path: &str) -> Option<PartitionId> {
    let mut parts = path.strip_prefix(MANIFESTS)?.strip_prefix('/')?.split('/');
    let table = TableName::new(parts.next()?, parts.next()?).ok()?;
    let date = parts.next()?.strip_suffix(".json")?.parse().ok()?;
    parts
        .next()
        .is_none()
        .then(|| PartitionId::new(table, date))
}

/// The folder of what was refused of a table.
pub(crate) fn rejected_of(table: &TableName) -> String {
    format!("{REJECTED}/{}", self::table(table))
}

/// Whose set-aside rows a path is; `None` if it is something else.
pub(crate) fn rejected_rows_of(path: &str) -> Option<PartitionId> {
    let mut parts = path.strip_prefix(REJECTED)?.strip_prefix('/')?.split('/');
    let table = TableName::new(parts.next()?, parts.next()?).ok()?;
    let id = PartitionId::new(table, parts.next()?.parse().ok()?);
    (path == rejected_rows(&id)).then_some(id)
}

/// The folder of what was refused of a partition.
pub(crate) fn rejected(id: &PartitionId) -> String {
    format!("{REJECTED}/{}/{}", table(&id.table), id.date)
}

/// The partition that a check refused.
pub(crate) fn rejected_part(id: &PartitionId) -> String {
    format!("{}/{PART}", rejected(id))
}

/// The rows that were set aside on their way in.
pub(crate) fn rejected_rows(id: &PartitionId) -> String {
    format!("{}/rows.parquet", rejected(id))
}

/// The rows that broke the rule of a check.
pub(crate) fn violations(id: &PartitionId, check: &str) -> Result<String> {
    let folder = rejected(id);
    Ok(format!("{folder}/check-{}.parquet", file_name(check)?))
}

/// A small file of the engine's own.
pub(crate) fn side(name: &str) -> Result<String> {
    Ok(format!("{CACHE}/{}", file_name(name)?))
}

fn file_name(name: &str) -> Result<&str> {
    let fits = !name.is_empty()
        && name.len() <= 200
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if fits {
        Ok(name)
    } else {
        Err(Error::FileName(name.to_owned()))
    }
}

/// How the names of copies end that are about to be renamed to what they stand beside.
pub(crate) const BESIDE: &str = ".tmp";

/// How the name of a copy begins that stands beside the file `name`.
pub(crate) fn beside_prefix(name: &str) -> String {
    format!(".{name}.")
}

/// Whether a path is that of such a copy.
pub(crate) fn is_beside(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with('.') && name.ends_with(BESIDE)
}

/// Whether a path lies among the tables, where nothing but partitions may lie. Files at the root
/// (a README, say) and what the lake keeps for itself do not.
pub(crate) fn is_in_data_tree(path: &str) -> bool {
    path.contains('/') && !path.starts_with(OURS)
}

/// Whether the folder of a file belongs to one partition alone. Other folders are never removed:
/// another partition may be about to put its file there.
pub(crate) fn has_own_folder(path: &str) -> bool {
    is_in_data_tree(path) || path.starts_with(REJECTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entities() -> PartitionId {
        let table = TableName::new("aggregate", "entities").unwrap();
        PartitionId::new(table, "2026-08-22".parse().unwrap())
    }

    #[test]
    fn a_partition_is_one_object_with_its_date_in_the_path() {
        assert_eq!(
            part(&entities()),
            "aggregate/entities/snapshot_date=2026-08-22/part-00000.parquet"
        );
        assert_eq!(
            manifest(&entities()),
            "_manifests/aggregate/entities/2026-08-22.json"
        );
    }

    #[test]
    fn a_manifest_is_known_by_its_path() {
        assert_eq!(
            manifest_of("_manifests/aggregate/entities/2026-08-22.json"),
            Some(entities())
        );
        for other in [
            "_manifests/aggregate/entities/2026-08-32.json",
            "_manifests/aggregate/entities/2026-08-22.json.tmp",
            "_manifests/aggregate/entities/old/2026-08-22.json",
            "_manifests/aggregate/2026-08-22.json",
            "_manifests/Aggregate/entities/2026-08-22.json",
            "_manifestsaggregate/entities/2026-08-22.json",
        ] {
            assert_eq!(manifest_of(other), None, "{other}");
        }
    }

    #[test]
    fn names_of_checks_and_side_files_cannot_leave_their_folder() {
        assert_eq!(side("inputs.json").unwrap(), "_cache/inputs.json");
        for name in ["", ".hidden", "a/b", "..", "a b", "größe"] {
            assert!(side(name).is_err(), "{name}");
            assert!(violations(&entities(), name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_copy_beside_a_file_is_known_by_its_name() {
        let name = format!("{}x1{BESIDE}", beside_prefix("part-00000.parquet"));
        assert_eq!(name, ".part-00000.parquet.x1.tmp");
        assert!(is_beside(&format!("aggregate/entities/{name}")));
        assert!(!is_beside(&part(&entities())));
        assert!(!is_beside("aggregate/entities/.hidden"));
    }

    #[test]
    fn the_data_tree_is_what_readers_glob() {
        assert!(is_in_data_tree("aggregate/entities/notes.txt"));
        assert!(!is_in_data_tree("README.md"));
        assert!(!is_in_data_tree("_rejected/a/b/2026-08-22/rows.parquet"));
    }
}
