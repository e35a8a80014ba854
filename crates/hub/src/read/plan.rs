//! Where in a row the columns are, as a tree of keys.

use super::{Field, Step};

/// How many keys in a row of a path are joined in every way; of more, only all or none of them are.
const MOST_JOINED: usize = 5;

/// A column, the place of a route to it among its routes, and the route's steps.
type Route = (usize, u8, Vec<Step>);

/// What is wanted of a value.
#[derive(Debug)]
pub(super) enum Node {
    /// The value itself, for the column of this index, by the route of this rank: a value found by
    /// a route of a lower rank wins.
    Leaf(usize, u8),
    /// Members of an object, by key.
    Object(Members),
    /// Something of every member of a list.
    Each(Box<Node>),
    /// Several of these at once.
    Several(Vec<Node>),
}

/// What is wanted of an object.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// By key.
    pub(super) keys: Vec<(String, Node)>,
    /// Columns that are objects as a whole: the start of keys that are their members, flattened.
    pub(super) prefixes: Vec<(String, usize)>,
}

/// The ways in which a path may be written in a file: as it is, and with neighbouring keys joined
/// by dots, as tools write them that flatten rows. The later and the fewer are joined, the earlier
/// a route comes.
pub(super) fn routes(path: &[Step]) -> Vec<Vec<Step>> {
    let run = path
        .iter()
        .take_while(|step| matches!(step, Step::Key(_)))
        .count();
    let starts: Vec<(Vec<Step>, &[Step])> = match path.split_first() {
        None => return vec![Vec::new()],
        Some((step @ (Step::Each | Step::RowKey), rest)) => vec![(vec![step.clone()], rest)],
        Some(_) if run > MOST_JOINED => {
            let (keys, rest) = path.split_at(run);
            vec![
                (keys.to_vec(), rest),
                (vec![Step::Key(Step::show_path(keys))], rest),
            ]
        }
        Some(_) => names(path)
            .map(|(name, rest)| (vec![Step::Key(name)], rest))
            .collect(),
    };
    let mut all = Vec::new();
    for (start, rest) in starts {
        all.extend(
            routes(rest)
                .into_iter()
                .map(|route| [start.clone(), route].concat()),
        );
    }
    all.truncate(usize::from(u8::MAX));
    all
}

/// The names by which a path may start: its first key, its first two joined, and so on to the last
/// before a list; with each goes the rest of the path.
pub(super) fn names(path: &[Step]) -> impl Iterator<Item = (String, &[Step])> {
    let mut name = String::new();
    path.iter()
        .enumerate()
        .map_while(move |(at, step)| match step {
            Step::Key(key) => {
                if at > 0 {
                    name.push('.');
                }
                name.push_str(key);
                Some((name.clone(), &path[at + 1..]))
            }
            Step::Each | Step::RowKey => None,
        })
}

impl Node {
    /// What is wanted of a row.
    pub(super) fn of_row(fields: &[Field]) -> Node {
        let mut all = Vec::new();
        for (column, field) in fields.iter().enumerate() {
            let routes = routes(&field.path).into_iter().zip(0..);
            all.extend(routes.map(|(route, rank)| (column, rank, route)));
        }
        // Keys that most rows have are looked for first.
        all.sort_by_key(|(_, rank, _)| *rank);
        let whole = |column: usize| fields[column].kind.is_object();
        match Node::of(&all, &whole) {
            row @ Node::Object(_) => row,
            // Without fields there are no keys either.
            _ => Node::Object(Members::default()),
        }
    }

    /// What is wanted of a value from which a path leads to a column.
    pub(super) fn of_path(column: usize, path: &[Step]) -> Node {
        let routes = routes(path).into_iter().zip(0..);
        let all: Vec<_> = routes.map(|(route, rank)| (column, rank, route)).collect();
        Node::of(&all, &|_| false)
    }

    /// `whole` tells the columns that are objects as a whole.
    fn of(routes: &[Route], whole: &dyn Fn(usize) -> bool) -> Node {
        let mut wanted = Vec::new();
        let mut keys: Vec<(String, Vec<Route>)> = Vec::new();
        let mut each = Vec::new();
        for (column, rank, route) in routes {
            match route.split_first() {
                None => wanted.push(Node::Leaf(*column, *rank)),
                Some((Step::Each, rest)) => each.push((*column, *rank, rest.to_vec())),
                // Not within the row.
                Some((Step::RowKey, _)) => {}
                Some((Step::Key(key), rest)) => {
                    let below = (*column, *rank, rest.to_vec());
                    match keys.iter_mut().find(|(known, _)| known == key) {
                        Some((_, routes)) => routes.push(below),
                        None => keys.push((key.clone(), vec![below])),
                    }
                }
            }
        }
        if !keys.is_empty() {
            let prefixes = keys.iter().flat_map(|(key, below)| {
                let ends = below
                    .iter()
                    .filter(|(column, _, rest)| rest.is_empty() && whole(*column));
                ends.map(move |(column, ..)| (format!("{key}."), *column))
            });
            wanted.push(Node::Object(Members {
                prefixes: prefixes.collect(),
                keys: keys
                    .into_iter()
                    .map(|(key, below)| (key, Node::of(&below, whole)))
                    .collect(),
            }));
        }
        if !each.is_empty() {
            wanted.push(Node::Each(Box::new(Node::of(&each, whole))));
        }
        match wanted.pop() {
            Some(only) if wanted.is_empty() => only,
            last => {
                wanted.extend(last);
                Node::Several(wanted)
            }
        }
    }

    /// Calls `f` with every column at or below this node, and the rank of the route to it.
    pub(super) fn for_each_leaf(&self, f: &mut impl FnMut(usize, u8)) {
        match self {
            Node::Leaf(column, rank) => f(*column, *rank),
            Node::Object(members) => {
                let nodes = members.keys.iter();
                nodes.for_each(|(_, node)| node.for_each_leaf(f));
            }
            Node::Each(node) => node.for_each_leaf(f),
            Node::Several(nodes) => nodes.iter().for_each(|node| node.for_each_leaf(f)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str) -> Vec<String> {
        let shown = |route: Vec<Step>| {
            let steps = route.iter().map(|step| match step {
                Step::Key(key) => key.clone(),
                Step::Each => "[]".to_owned(),
                Step::RowKey => "{}".to_owned(),
            });
            steps.collect::<Vec<_>>().join(" ")
        };
        routes(&Step::parse_path(path))
            .into_iter()
            .map(shown)
            .collect()
    }

    #[test]
    fn neighbouring_keys_may_be_joined() {
        assert_eq!(shown("a"), ["a"]);
        assert_eq!(shown("a.b"), ["a b", "a.b"]);
        assert_eq!(shown("a.b.c"), ["a b c", "a b.c", "a.b c", "a.b.c"]);
        assert_eq!(
            shown("a.b[].c.d"),
            ["a b [] c d", "a b [] c.d", "a.b [] c d", "a.b [] c.d"]
        );
        assert_eq!(shown("a.b.c.d.e.f.g"), ["a b c d e f g", "a.b.c.d.e.f.g"]);
        assert_eq!(shown("a.b.c.d.e").len(), 16);
    }
}
