//! Where in a row the columns are, as a tree of keys.

use super::{Field, Step};

/// A column and the steps to it.
type Path<'a> = (usize, &'a [Step]);

/// What is wanted of a value.
#[derive(Debug)]
pub(super) enum Node {
    /// The value itself, for the column of this index.
    Leaf(usize),
    /// Members of an object, by key.
    Object(Vec<(String, Node)>),
    /// Something of every member of a list.
    Each(Box<Node>),
    /// Several of these at once.
    Several(Vec<Node>),
}

impl Node {
    /// What is wanted of a row.
    pub(super) fn of_row(fields: &[Field]) -> Node {
        let paths: Vec<_> = fields
            .iter()
            .enumerate()
            .map(|(column, field)| (column, field.path.as_slice()))
            .collect();
        match Node::of(&paths) {
            row @ Node::Object(_) => row,
            // Without fields there are no keys either.
            _ => Node::Object(Vec::new()),
        }
    }

    fn of(paths: &[Path<'_>]) -> Node {
        let mut wanted = Vec::new();
        let mut keys: Vec<(String, Vec<Path<'_>>)> = Vec::new();
        let mut each = Vec::new();
        for &(column, path) in paths {
            match path.split_first() {
                None => wanted.push(Node::Leaf(column)),
                Some((Step::Each, rest)) => each.push((column, rest)),
                Some((Step::Key(key), rest)) => {
                    match keys.iter_mut().find(|(known, _)| known == key) {
                        Some((_, below)) => below.push((column, rest)),
                        None => keys.push((key.clone(), vec![(column, rest)])),
                    }
                }
            }
        }
        if !keys.is_empty() {
            wanted.push(Node::Object(
                keys.into_iter()
                    .map(|(key, below)| (key, Node::of(&below)))
                    .collect(),
            ));
        }
        if !each.is_empty() {
            wanted.push(Node::Each(Box::new(Node::of(&each))));
        }
        match wanted.pop() {
            Some(only) if wanted.is_empty() => only,
            last => {
                wanted.extend(last);
                Node::Several(wanted)
            }
        }
    }

    /// Calls `f` with every column at or below this node.
    pub(super) fn for_each_column(&self, f: &mut impl FnMut(usize)) {
        match self {
            Node::Leaf(column) => f(*column),
            Node::Object(members) => members.iter().for_each(|(_, node)| node.for_each_column(f)),
            Node::Each(node) => node.for_each_column(f),
            Node::Several(nodes) => nodes.iter().for_each(|node| node.for_each_column(f)),
        }
    }
}
