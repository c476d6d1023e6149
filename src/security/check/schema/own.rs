//! What one sub-schema costs for one value, without those that it applies.

use serde_json::Value;

use super::{
    graph::{Graph, Node, Own},
    limits::MAX_NESTING,
    order::{backwards, of, put},
};

/// What is looked at.
#[derive(Clone, Copy)]
pub(super) enum Subject<'v> {
    Value(&'v Value),
    /// The name of a property.
    Name(&'v str),
}

/// A division of numbers with fractions.
const DIVISION: u64 = 300;
/// A value in a list whose items must differ.
const COMPARED: u64 = 32;
/// A value that is a schema itself, and is looked at by a schema of schemas.
const DIALECT: u64 = 100;
/// Bytes of text that weigh as much as a value.
const TEXT: u64 = 16;

impl Own {
    /// For one value; as much as `limit` where that is certain to be less than the price.
    pub(super) fn price(&self, subject: Subject<'_>, limit: u64) -> u64 {
        let base = 2 + self.keywords;
        let value = match subject {
            Subject::Name(name) => return base + self.of_text(name.len() as u64),
            Subject::Value(value) => value,
        };
        if self.is_dialect {
            return weight(value, limit).unwrap_or(limit).saturating_mul(DIALECT);
        }
        let own = match value {
            Value::String(text) => self.of_text(text.len() as u64),
            Value::Null | Value::Bool(_) => self.compared,
            Value::Number(_) => self.compared + self.divisions * DIVISION,
            Value::Array(_) if self.unique => {
                let compared = weight(value, limit).unwrap_or(limit).saturating_mul(COMPARED);
                compared.saturating_add(4 * self.compared)
            }
            Value::Array(items) => 4 * self.compared + items.len() as u64 / 4,
            Value::Object(members) => {
                let bytes = members.keys().map(|key| key.len() as u64 + 1).sum::<u64>();
                let names = bytes.saturating_mul(self.name_byte);
                names.saturating_add(4 * self.compared + self.lookups + 4 * members.len() as u64)
            }
        };
        own.saturating_add(base)
    }

    fn of_text(&self, bytes: u64) -> u64 {
        let read = (bytes + 1).saturating_mul(self.byte).saturating_add(self.compared);
        // groups with names are looked for among all others
        let pattern = if self.reads_patterns { bytes.saturating_mul(bytes) / 256 + 4 * bytes } else { 0 };
        read.saturating_add(pattern)
    }

    /// The most for one unit of a value's weight; none where it depends on more than that.
    fn flat(&self) -> Option<u64> {
        let depends = self.is_dialect || self.unique || self.reads_patterns;
        let texts = TEXT * self.byte.saturating_add(self.name_byte);
        (!depends).then(|| {
            let others = 6 + self.keywords + 4 * self.compared + self.lookups + DIVISION * self.divisions;
            texts.saturating_add(others)
        })
    }
}

/// What one unit of a value's weight costs at most, whatever the value: the cost of all sub-schemas, each as often as there are ways to
/// it, since each way leads to a value once. None where there are endless ways, or the cost depends on more than weight.
pub(super) fn flat(graph: &Graph) -> Option<u64> {
    let edges = |node: usize| -> Vec<usize> {
        let node = graph.nodes.get(node).into_iter();
        node.flat_map(|node| node.for_the_same().chain(node.for_parts())).collect()
    };
    if graph.nodes.iter().any(|node| node.looks_again) {
        return None;
    }
    let order = backwards(graph.nodes.len(), edges)?;
    let (mut costs, mut depths) = (vec![0_u64; graph.nodes.len()], vec![0_usize; graph.nodes.len()]);
    for node in order {
        let (mut cost, mut depth) = (graph.nodes.get(node)?.own.flat()?, 0);
        for other in edges(node) {
            cost = cost.saturating_add(of(&costs, other));
            depth = depth.max(of(&depths, other) + 1);
        }
        if depth > MAX_NESTING {
            return None;
        }
        put(&mut costs, node, cost);
        put(&mut depths, node, depth);
    }
    costs.first().copied()
}

/// How much there is to look at in a value: its values, the names in it, and what its texts weigh. None where that is more than `most`.
pub(super) fn weight(value: &Value, most: u64) -> Option<u64> {
    let mut all = 0_u64;
    let mut open: Vec<&Value> = Vec::new();
    let mut next = Some(value);
    while let Some(value) = next {
        all += 1;
        match value {
            Value::String(text) => all += text.len() as u64 / TEXT,
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                for (key, value) in members {
                    all += 1 + key.len() as u64 / TEXT;
                    open.push(value);
                }
            }
            _ => {}
        }
        if all > most {
            return None;
        }
        next = open.pop();
    }
    Some(all)
}

impl Node {
    /// Those for parts of a value.
    pub(super) fn for_parts(&self) -> impl Iterator<Item = usize> {
        let lists =
            [&self.by_pattern, &self.other_properties, &self.names, &self.leading, &self.items, &self.unevaluated];
        lists.into_iter().chain(self.properties.values()).flatten().copied()
    }
}
