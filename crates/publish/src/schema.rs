//! Whether files of different columns can be one table, and what has changed.

use std::collections::BTreeMap;

use crate::record::Column;

/// How a file fits the columns of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It has them, in order.
    Same,
    /// It has them once columns of nulls are added, or integers are widened to doubles.
    Widened,
    /// It has a column that they lack, or of another type.
    No,
}

/// How a file with the columns `found` fits a table with the columns `wanted`.
pub(crate) fn fit(found: &[Column], wanted: &[Column]) -> Fit {
    let is_same = |(found, wanted): (&Column, &Column)| {
        found.name == wanted.name && found.type_name == wanted.type_name
    };
    if found.len() == wanted.len() && found.iter().zip(wanted).all(is_same) {
        return Fit::Same;
    }
    let fits = found.iter().all(|found| {
        let wanted = wanted.iter().find(|wanted| wanted.name == found.name);
        wanted.is_some_and(|wanted| {
            wanted.type_name == found.type_name
                || (found.type_name == "int64" && wanted.type_name == "float64")
        })
    });
    if fits { Fit::Widened } else { Fit::No }
}

/// What changed from `old` to `new`, a sentence each, in the order of the columns.
pub(crate) fn changes(old: &[Column], new: &[Column]) -> Vec<String> {
    let by_name = |columns: &[Column]| -> BTreeMap<String, Column> {
        let columns = columns.iter();
        columns.map(|c| (c.name.clone(), c.clone())).collect()
    };
    let (before, after) = (by_name(old), by_name(new));
    let added: Vec<&Column> = new
        .iter()
        .filter(|c| !before.contains_key(&c.name))
        .collect();
    let removed: Vec<&Column> = old
        .iter()
        .filter(|c| !after.contains_key(&c.name))
        .collect();
    // A name that changed alone: the type and the meaning, in the same words, are those of one
    // column that is gone, and of no other new one.
    let is_alike = |a: &Column, b: &Column| {
        a.type_name == b.type_name && a.description == b.description && !a.description.is_empty()
    };
    let renamed: BTreeMap<&str, &str> = added
        .iter()
        .filter_map(|new| {
            let mut olds = removed.iter().filter(|old| is_alike(old, new));
            let news = added.iter().filter(|other| is_alike(other, new)).count();
            match (olds.next(), olds.next(), news) {
                (Some(old), None, 1) => Some((new.name.as_str(), old.name.as_str())),
                _ => None,
            }
        })
        .collect();
    let mut changes = Vec::new();
    for column in removed {
        if !renamed.values().any(|old| *old == column.name) {
            changes.push(format!(
                "`{}` ({}) was removed.",
                column.name, column.type_name
            ));
        }
    }
    for column in new {
        let name = &column.name;
        if let Some(old) = renamed.get(name.as_str()) {
            changes.push(format!("`{old}` was renamed to `{name}`."));
            continue;
        }
        let Some(old) = before.get(name) else {
            changes.push(format!("`{name}` ({}) was added.", column.type_name));
            continue;
        };
        if old.type_name != column.type_name {
            changes.push(format!(
                "`{name}` changed its type from {} to {}.",
                old.type_name, column.type_name
            ));
        }
        if !old.nullable && column.nullable {
            changes.push(format!("`{name}` may be null now."));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_name: &str, description: &str) -> Column {
        Column {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            nullable: false,
            description: description.to_owned(),
        }
    }

    #[test]
    fn columns_that_are_lacking_can_be_added() {
        let [a, b] = [column("a", "utf8", ""), column("b", "int64", "")];
        let wide = column("b", "float64", "");
        let both = [a.clone(), b.clone()];
        assert_eq!(fit(&both, &both), Fit::Same);
        assert_eq!(fit(&both[..1], &both), Fit::Widened);
        assert_eq!(fit(&[b.clone(), a.clone()], &both), Fit::Widened);
        assert_eq!(fit(&both, &[a.clone(), wide.clone()]), Fit::Widened);
        assert_eq!(fit(&[a.clone(), wide], &both), Fit::No);
        assert_eq!(fit(&both, &[a]), Fit::No);
    }

    #[test]
    fn changes_are_told() {
        let old = [
            column("id", "utf8", "Id."),
            column("owner", "utf8", "Who owns it."),
            column("size", "int64", "Bytes."),
            column("gone", "utf8", "Gone."),
        ];
        let new = [
            column("id", "utf8", "Id, in other words."),
            column("entity", "utf8", "Who owns it."),
            column("size", "float64", "Bytes."),
            Column {
                nullable: true,
                ..column("likes", "int64", "Likes.")
            },
        ];
        assert_eq!(
            changes(&old, &new),
            [
                "`gone` (utf8) was removed.",
                "`owner` was renamed to `entity`.",
                "`size` changed its type from int64 to float64.",
                "`likes` (int64) was added.",
            ]
        );
        assert_eq!(changes(&old, &old), Vec::<String>::new());
    }
}
