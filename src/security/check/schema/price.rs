//! What it costs to check a value against a schema, before it is checked.
//!
//! A price is an upper bound of how often the library looks at something, as if no check ended early and nothing were remembered. One unit
//! takes about ten nanoseconds at most.

use std::{collections::BTreeMap, iter::Enumerate};

use serde_json::{Value, map};

use super::{
    graph::{Graph, Node},
    limits::{Excess, MAX_NESTING},
    order::Order,
    own::{Subject, flat, weight},
    raw::Raw,
};

/// A schema that prices can be told of. Its sub-schemas are in an order in which each comes before those that it applies to the same
/// value.
pub(super) struct Prices {
    nodes: Vec<Node>,
    heights: Vec<usize>,
    root: usize,
    /// What one unit of a value's weight costs at most; none where that depends on the value.
    flat: Option<u64>,
    /// Values that the library compiles.
    pub(super) compiled: u64,
}

/// What a value costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Price {
    /// So much, at most.
    Is(u64),
    /// More than was asked about.
    Above,
}

/// How often a sub-schema looks at a value.
#[derive(Clone, Copy, Default)]
struct Visits {
    /// To check it.
    checks: u64,
    /// To find out which of its parts have been looked at.
    marks: u64,
}

/// A value, and which sub-schemas look at it.
struct Frame<'v> {
    subject: Subject<'v>,
    wanted: BTreeMap<usize, Visits>,
    depth: usize,
}

/// A list or an object whose parts are to be looked at.
struct Parts<'v> {
    left: Left<'v>,
    visits: Vec<(usize, Visits)>,
    depth: usize,
}

/// The parts that have not been looked at.
enum Left<'v> {
    Items(Enumerate<std::slice::Iter<'v, Value>>),
    Members(map::Iter<'v>),
}

impl Prices {
    pub(super) fn new(graph: Graph, raw: &Raw<'_>) -> Result<Self, Excess> {
        let order = Order::new(&graph, raw)?;
        let flat = flat(&graph);
        let mut nodes: Vec<Node> = Vec::with_capacity(graph.nodes.len());
        let mut old: Vec<Option<Node>> = graph.nodes.into_iter().map(Some).collect();
        let mut heights = Vec::with_capacity(old.len());
        for node in order.backwards.iter().rev() {
            nodes.extend(old.get_mut(*node).and_then(Option::take));
            heights.extend(order.heights.get(*node));
        }
        nodes.iter_mut().for_each(|node| node.renumber(&order.ranks));
        Ok(Self { nodes, heights, root: order.ranks.first().copied().unwrap_or(0), flat, compiled: order.compiled })
    }

    /// The price of a value, as far as `limit`.
    pub(super) fn of(&self, value: &Value, limit: u64) -> Price {
        if let Some(flat) = self.flat
            && let Some(weight) = weight(value, limit / flat.max(1))
        {
            return Price::Is(weight.saturating_mul(flat));
        }
        self.walk(value, limit).map_or(Price::Above, Price::Is)
    }

    fn walk(&self, value: &Value, limit: u64) -> Option<u64> {
        let mut spent = 0_u64;
        let wanted = BTreeMap::from([(self.root, Visits { checks: 1, marks: 0 })]);
        let mut open: Vec<Parts<'_>> = Vec::new();
        let mut frame = Some(Frame { subject: Subject::Value(value), wanted, depth: 0 });
        loop {
            if let Some(frame) = frame.take() {
                let parts = self.enter(frame, &mut spent, limit)?;
                open.extend(parts);
            }
            let Some(parts) = open.last_mut() else { return Some(spent) };
            frame = self.next(parts, &mut spent, limit)?;
            if frame.is_none() {
                open.pop();
            }
        }
    }

    /// Pays for all sub-schemas that look at a value, and says which of them look at its parts.
    fn enter<'v>(&self, frame: Frame<'v>, spent: &mut u64, limit: u64) -> Option<Option<Parts<'v>>> {
        let Frame { subject, mut wanted, mut depth } = frame;
        let height = wanted.keys().filter_map(|node| self.heights.get(*node)).max().copied().unwrap_or(0);
        depth += height + 1;
        if depth > MAX_NESTING {
            return None;
        }
        let mut visits = Vec::with_capacity(wanted.len());
        while let Some((at, mut seen)) = wanted.pop_first() {
            let node = self.nodes.get(at)?;
            if node.looks_again {
                seen.marks = seen.marks.saturating_add(seen.checks);
            }
            let times = seen.checks.saturating_add(seen.marks);
            let own = node.own.price(subject, limit);
            *spent = spent.saturating_add(own.saturating_mul(times));
            if *spent > limit {
                return None;
            }
            for other in node.for_the_same() {
                let of = wanted.entry(other).or_default();
                of.checks = of.checks.saturating_add(times);
                of.marks = of.marks.saturating_add(seen.marks);
            }
            if node.has_parts() {
                visits.push((at, seen));
            }
        }
        let left = match subject {
            _ if visits.is_empty() => return Some(None),
            Subject::Value(Value::Array(items)) => Left::Items(items.iter().enumerate()),
            Subject::Value(Value::Object(members)) => Left::Members(members.iter()),
            _ => return Some(None),
        };
        Some(Some(Parts { left, visits, depth }))
    }

    /// The next part of a value that anything looks at; none where there are no more.
    fn next<'v>(&self, parts: &mut Parts<'v>, spent: &mut u64, limit: u64) -> Option<Option<Frame<'v>>> {
        loop {
            let mut wanted = BTreeMap::new();
            let value = match &mut parts.left {
                Left::Items(items) => {
                    let Some((place, item)) = items.next() else { return Some(None) };
                    for (at, seen) in &parts.visits {
                        self.nodes.get(*at)?.item(place, *seen, &mut wanted);
                    }
                    item
                }
                Left::Members(members) => {
                    let Some((key, value)) = members.next() else { return Some(None) };
                    for (at, seen) in &parts.visits {
                        let node = self.nodes.get(*at)?;
                        node.property(key, *seen, &mut wanted);
                        self.name(node, key, *seen, parts.depth, spent, limit)?;
                    }
                    value
                }
            };
            // what nothing looks at takes time as well
            *spent += 1;
            if *spent > limit {
                return None;
            }
            if !wanted.is_empty() {
                return Some(Some(Frame { subject: Subject::Value(value), wanted, depth: parts.depth }));
            }
        }
    }

    /// Pays for what looks at the name of a property.
    fn name(&self, node: &Node, key: &str, seen: Visits, depth: usize, spent: &mut u64, limit: u64) -> Option<()> {
        if node.names.is_empty() {
            return Some(());
        }
        let mut wanted = BTreeMap::new();
        add(&mut wanted, &node.names, seen.checks);
        self.enter(Frame { subject: Subject::Name(key), wanted, depth }, spent, limit).map(|_| ())
    }
}

impl Node {
    fn renumber(&mut self, ranks: &[usize]) {
        let lists = [
            &mut self.same,
            &mut self.references,
            &mut self.by_pattern,
            &mut self.other_properties,
            &mut self.names,
            &mut self.leading,
            &mut self.items,
            &mut self.unevaluated,
            &mut self.contains,
        ];
        for node in lists.into_iter().chain(self.properties.values_mut()).flatten() {
            *node = ranks.get(*node).copied().unwrap_or_default();
        }
    }

    fn has_parts(&self) -> bool {
        self.for_parts().next().is_some()
    }

    fn item(&self, place: usize, seen: Visits, wanted: &mut BTreeMap<usize, Visits>) {
        if let Some(node) = self.leading.get(place) {
            add(wanted, std::slice::from_ref(node), seen.checks);
        }
        add(wanted, &self.items, seen.checks);
        add(wanted, &self.contains, seen.marks);
        add(wanted, &self.unevaluated, seen.checks.saturating_add(seen.marks));
    }

    fn property(&self, key: &str, seen: Visits, wanted: &mut BTreeMap<usize, Visits>) {
        match self.properties.get(key) {
            Some(nodes) => add(wanted, nodes, seen.checks),
            None => add(wanted, &self.other_properties, seen.checks),
        }
        add(wanted, &self.by_pattern, seen.checks);
        add(wanted, &self.unevaluated, seen.checks.saturating_add(seen.marks));
    }
}

fn add(wanted: &mut BTreeMap<usize, Visits>, nodes: &[usize], checks: u64) {
    if checks == 0 {
        return;
    }
    for node in nodes {
        let of = wanted.entry(*node).or_default();
        of.checks = of.checks.saturating_add(checks);
    }
}
