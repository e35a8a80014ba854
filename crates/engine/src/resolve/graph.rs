//! What depends on what, and which tables a selector means.

use std::collections::{BTreeMap, BTreeSet};

use hubcensus_spec::{TableName, closest};

use crate::error::SelectorError;

/// The tables that are made, each with the tables that it is made from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    inputs: BTreeMap<TableName, BTreeSet<TableName>>,
    /// Of these inputs a table reads earlier snapshots only, so that they need
    /// not come before it.
    earlier: BTreeMap<TableName, BTreeSet<TableName>>,
}

impl Graph {
    pub(crate) fn insert(&mut self, table: TableName, inputs: BTreeSet<TableName>) {
        self.inputs.insert(table, inputs);
    }

    /// Takes note that `table` reads only the past of some of its inputs.
    pub(crate) fn reads_earlier(&mut self, table: TableName, inputs: BTreeSet<TableName>) {
        self.earlier.insert(table, inputs);
    }

    /// The inputs that must be made before a table of the same date.
    fn before(&self, table: &TableName) -> impl Iterator<Item = &TableName> {
        let earlier = self.earlier.get(table);
        self.inputs(table)
            .filter(move |input| earlier.is_none_or(|earlier| !earlier.contains(*input)))
    }

    pub(crate) fn inputs(&self, table: &TableName) -> impl Iterator<Item = &TableName> {
        self.inputs.get(table).into_iter().flatten()
    }

    /// The tables in an order in which each comes after its inputs; ties by
    /// name. An error names the tables of a cycle, in its order.
    pub(crate) fn order(&self) -> Result<Vec<TableName>, Vec<TableName>> {
        let mut done: BTreeSet<&TableName> = BTreeSet::new();
        let mut order = Vec::with_capacity(self.inputs.len());
        while order.len() < self.inputs.len() {
            let ready: Vec<&TableName> = self
                .inputs
                .keys()
                .filter(|table| {
                    !done.contains(table)
                        && self
                            .before(table)
                            .all(|input| done.contains(input) || !self.inputs.contains_key(input))
                })
                .collect();
            if ready.is_empty() {
                return Err(self.cycle(&done));
            }
            for table in ready {
                done.insert(table);
                order.push(table.clone());
            }
        }
        Ok(order)
    }

    fn cycle(&self, done: &BTreeSet<&TableName>) -> Vec<TableName> {
        let mut path: Vec<&TableName> = Vec::new();
        let mut at = self.inputs.keys().find(|table| !done.contains(table));
        while let Some(table) = at {
            if let Some(start) = path.iter().position(|seen| *seen == table) {
                return path.split_off(start).into_iter().cloned().collect();
            }
            path.push(table);
            at = self
                .before(table)
                .find(|input| self.inputs.contains_key(input) && !done.contains(input));
        }
        Vec::new()
    }

    /// Every table that `tables` need, themselves included.
    pub(crate) fn upstream(&self, tables: &BTreeSet<TableName>) -> BTreeSet<TableName> {
        let mut found = tables.clone();
        let mut open: Vec<TableName> = tables.iter().cloned().collect();
        while let Some(table) = open.pop() {
            for input in self.inputs(&table) {
                if self.inputs.contains_key(input) && found.insert(input.clone()) {
                    open.push(input.clone());
                }
            }
        }
        found
    }

    /// Every table that needs one of `tables`, themselves included.
    pub(crate) fn downstream(&self, tables: &BTreeSet<TableName>) -> BTreeSet<TableName> {
        let mut found = tables.clone();
        loop {
            let more: Vec<TableName> = self
                .inputs
                .iter()
                .filter(|(table, inputs)| {
                    !found.contains(table) && inputs.iter().any(|input| found.contains(input))
                })
                .map(|(table, _)| table.clone())
                .collect();
            if more.is_empty() {
                return found;
            }
            found.extend(more);
        }
    }

    /// The tables that the selectors mean together; without any, all.
    pub(crate) fn select(
        &self,
        selectors: &[String],
    ) -> Result<BTreeSet<TableName>, SelectorError> {
        if selectors.is_empty() {
            return Ok(self.inputs.keys().cloned().collect());
        }
        let mut selected = BTreeSet::new();
        for selector in selectors {
            let (up, rest) = match selector.strip_prefix('+') {
                Some(rest) => (true, rest),
                None => (false, selector.as_str()),
            };
            let (down, rest) = match rest.strip_suffix('+') {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            let mut matched = self.matching(rest);
            if matched.is_empty() {
                return Err(SelectorError {
                    selector: selector.clone(),
                    near: self.nearest(rest),
                });
            }
            if up && down {
                matched = self
                    .upstream(&matched)
                    .union(&self.downstream(&matched))
                    .cloned()
                    .collect();
            } else if up {
                matched = self.upstream(&matched);
            } else if down {
                matched = self.downstream(&matched);
            }
            selected.extend(matched);
        }
        Ok(selected)
    }

    fn matching(&self, pattern: &str) -> BTreeSet<TableName> {
        let (stage, table) = pattern.split_once('.').unwrap_or((pattern, "*"));
        self.inputs
            .keys()
            .filter(|name| glob(stage, name.stage()) && glob(table, name.table()))
            .cloned()
            .collect()
    }

    fn nearest(&self, pattern: &str) -> Option<String> {
        let stages = self.inputs.keys().map(|name| name.stage().to_owned());
        let tables = self.inputs.keys().map(ToString::to_string);
        let known: Vec<String> = stages.chain(tables).collect();
        closest(pattern, known.iter().map(String::as_str)).map(str::to_owned)
    }
}

fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| glob(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> TableName {
        text.parse().unwrap()
    }

    fn names(texts: &[&str]) -> BTreeSet<TableName> {
        texts.iter().map(|text| name(text)).collect()
    }

    fn graph() -> Graph {
        let mut graph = Graph::default();
        graph.insert(name("ingest.models"), names(&[]));
        graph.insert(
            name("normalize.models"),
            names(&["ingest.models", "reference.accounts"]),
        );
        graph.insert(
            name("enrich.models"),
            names(&["normalize.models", "ingest.models"]),
        );
        graph.insert(name("aggregate.tasks"), names(&["enrich.models"]));
        graph.insert(name("aggregate.sizes_by_task"), names(&["enrich.models"]));
        graph
    }

    #[test]
    fn inputs_come_first() {
        let order = graph().order().unwrap();
        let at = |text: &str| order.iter().position(|t| *t == name(text)).unwrap();
        assert!(at("ingest.models") < at("normalize.models"));
        assert!(at("normalize.models") < at("enrich.models"));
        assert!(at("enrich.models") < at("aggregate.tasks"));
    }

    #[test]
    fn a_cycle_is_told() {
        let mut graph = graph();
        graph.insert(name("ingest.models"), names(&["enrich.models"]));
        let cycle: BTreeSet<TableName> = graph.order().unwrap_err().into_iter().collect();
        assert!(cycle.contains(&name("enrich.models")));
        assert!(cycle.contains(&name("ingest.models")));
        assert!(!cycle.contains(&name("aggregate.tasks")));
    }

    #[test]
    fn selectors() {
        let select = |text: &str| graph().select(&[text.to_owned()]);
        assert_eq!(select("aggregate").unwrap().len(), 2);
        assert_eq!(select("aggregate.*").unwrap().len(), 2);
        assert_eq!(
            select("aggregate.sizes_*").unwrap(),
            names(&["aggregate.sizes_by_task"])
        );
        assert_eq!(select("+enrich.models").unwrap().len(), 3);
        assert_eq!(select("enrich.models+").unwrap().len(), 3);
        assert_eq!(select("*.models").unwrap().len(), 3);
        let error = select("agregate.tasks").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("did you mean `aggregate.tasks`?"),
            "{error}"
        );
    }
}
