//! How deep a Parquet file's schema is nested, told before it is built: who builds it does so by
//! recursion, and a schema that is nested deep enough would end the process.

use super::thrift::{I32, LIST, STRUCT, Wire};

/// How deep a schema may be nested; a list takes two levels.
pub(super) const MOST_NESTING: usize = 50;

/// The most levels of the schema in a footer's metadata, the root not counted; `None` if the bytes
/// are no such metadata.
pub(super) fn of_footer(metadata: &[u8]) -> Option<usize> {
    let mut wire = Wire::new(metadata);
    let mut before = 0;
    loop {
        match wire.field(before)? {
            (_, 0) => return None,
            (2, LIST) => return of_schema(&mut wire),
            (field, wire_type) => {
                wire.skip(wire_type)?;
                before = field;
            }
        }
    }
}

/// A schema is its elements in the order of a walk, each with the number of its children.
fn of_schema(wire: &mut Wire<'_>) -> Option<usize> {
    let (length, STRUCT) = wire.list()? else {
        return None;
    };
    let mut most = 0;
    // How many children each of the elements above still has to come.
    let mut above: Vec<i64> = Vec::new();
    for _ in 0..length {
        let children = children(wire)?;
        most = most.max(above.len());
        if let Some(left) = above.last_mut() {
            *left -= 1;
        }
        if children > 0 {
            above.push(children);
        }
        while above.last() == Some(&0) {
            above.pop();
        }
    }
    Some(most)
}

fn children(wire: &mut Wire<'_>) -> Option<i64> {
    let (mut before, mut children) = (0, 0);
    loop {
        match wire.field(before)? {
            (_, 0) => return Some(children),
            (5, I32) => {
                children = wire.integer()?;
                before = 5;
            }
            (field, wire_type) => {
                wire.skip(wire_type)?;
                before = field;
            }
        }
    }
}
