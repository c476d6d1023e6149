//! What it costs to check a value against a schema, before it is checked.
//!
//! A price is an upper bound of how often the library looks at something, as if no check ended early and nothing were remembered. One unit
//! takes a few nanoseconds.

use std::{collections::BTreeMap, iter::Enumerate, sync::Arc};

use serde_json::{Value, map};

use super::{
    graph::{Graph, Node},
    limits::{Excess, MAX_APPLIED, MAX_NESTING},
    order::{Order, backwards, of, put},
    own::{Subject, Sum, weight},
    raw::Raw,
};

/// A schema that prices can be told of.
pub(super) struct Prices {
    nodes: Vec<Node>,
    entries: Vec<Option<Entry>>,
    /// What one unit of a value's weight costs at most; `None` if that depends on the value.
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
    OverLimit,
}

/// A sub-schema that a value can be checked against, with all that it applies to the same value.
struct Entry {
    sum: Sum,
    height: usize,
    /// Those that look at parts of the value.
    parts: Arc<[(usize, Visits)]>,
}

/// How often a sub-schema looks at a value.
#[derive(Clone, Copy, Default)]
struct Visits {
    /// To check it.
    checks: u64,
    /// To find out which of its parts have been looked at.
    marks: u64,
}

/// Which sub-schemas look at a value, and how often.
type Wanted = Vec<(usize, u64)>;

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

/// A price on its way.
struct Bill {
    spent: u64,
    limit: u64,
}

impl Bill {
    /// None where it is more than was asked about.
    fn pay(&mut self, price: u64) -> Option<()> {
        self.spent = self.spent.saturating_add(price);
        (self.spent <= self.limit).then_some(())
    }
}

impl Prices {
    pub(super) fn new(graph: Graph, raw: &Raw<'_>) -> Result<Self, Excess> {
        let order = Order::new(&graph, raw)?;
        let flat = flat(&graph);
        let entries = entries(&graph, &order)?;
        Ok(Self { nodes: graph.nodes, entries, flat, compiled: order.compiled })
    }

    /// The price of a value, as far as `limit`.
    pub(super) fn of(&self, value: &Value, limit: u64) -> Price {
        if let Some(flat) = self.flat
            && let Some(weight) = weight(value, limit / flat.max(1))
        {
            return Price::Is(weight.saturating_mul(flat));
        }
        let mut bill = Bill { spent: 0, limit };
        self.walk(value, &mut bill).map_or(Price::OverLimit, |()| Price::Is(bill.spent))
    }

    fn walk(&self, value: &Value, bill: &mut Bill) -> Option<()> {
        let mut open: Vec<Parts<'_>> = Vec::new();
        open.extend(self.enter(Subject::Value(value), &[(0, 1)], 0, bill)?);
        let mut wanted = Wanted::new();
        while let Some(parts) = open.last_mut() {
            let depth = parts.depth;
            match self.next(parts, &mut wanted, bill)? {
                None => _ = open.pop(),
                Some(value) => open.extend(self.enter(Subject::Value(value), &wanted, depth, bill)?),
            }
        }
        Some(())
    }

    /// Pays for all sub-schemas that look at a value, and says which of them look at its parts.
    fn enter<'v>(
        &self,
        subject: Subject<'v>,
        wanted: &[(usize, u64)],
        depth: usize,
        bill: &mut Bill,
    ) -> Option<Option<Parts<'v>>> {
        let mut depth_here = depth;
        let mut sum = Sum::default();
        for (at, times) in wanted {
            let entry = self.entries.get(*at)?.as_ref()?;
            sum.add(&entry.sum, *times);
            depth_here = depth_here.max(depth + entry.height + 1);
        }
        bill.pay(sum.price(subject, bill.limit))?;
        if depth_here > MAX_NESTING {
            return None;
        }
        let left = match subject {
            Subject::Value(Value::Array(items)) if !items.is_empty() => Left::Items(items.iter().enumerate()),
            Subject::Value(Value::Object(members)) if !members.is_empty() => Left::Members(members.iter()),
            _ => return Some(None),
        };
        let mut visits: BTreeMap<usize, Visits> = BTreeMap::new();
        for (at, times) in wanted {
            let entry = self.entries.get(*at)?.as_ref()?;
            for (node, seen) in entry.parts.iter() {
                let all = visits.entry(*node).or_default();
                all.checks = all.checks.saturating_add(seen.checks.saturating_mul(*times));
                all.marks = all.marks.saturating_add(seen.marks.saturating_mul(*times));
            }
            bill.pay(entry.parts.len() as u64)?;
        }
        let parts = Parts { left, visits: visits.into_iter().collect(), depth: depth_here };
        Some((!parts.visits.is_empty()).then_some(parts))
    }

    /// The next part of a value that anything looks at, and what does; `None` if there are no more.
    fn next<'v>(&self, parts: &mut Parts<'v>, wanted: &mut Wanted, bill: &mut Bill) -> Option<Option<&'v Value>> {
        loop {
            wanted.clear();
            // each is asked whether it looks at this part
            bill.pay(1 + parts.visits.len() as u64)?;
            let value = match &mut parts.left {
                Left::Items(items) => {
                    let Some((place, item)) = items.next() else { return Some(None) };
                    for (at, seen) in &parts.visits {
                        self.nodes.get(*at)?.item(place, *seen, wanted);
                    }
                    item
                }
                Left::Members(members) => {
                    let Some((key, value)) = members.next() else { return Some(None) };
                    for (at, seen) in &parts.visits {
                        let node = self.nodes.get(*at)?;
                        node.property(key, *seen, wanted);
                        for name in &node.names {
                            self.enter(Subject::Name(key), &[(*name, seen.checks)], parts.depth, bill)?;
                        }
                    }
                    value
                }
            };
            if !wanted.is_empty() {
                return Some(Some(value));
            }
        }
    }
}

impl Node {
    fn item(&self, place: usize, seen: Visits, wanted: &mut Wanted) {
        if let Some(node) = self.leading.get(place) {
            add(wanted, std::slice::from_ref(node), seen.checks);
        }
        add(wanted, &self.items, seen.checks);
        add(wanted, &self.contains, seen.marks);
        add(wanted, &self.unevaluated, seen.checks.saturating_add(seen.marks));
    }

    fn property(&self, key: &str, seen: Visits, wanted: &mut Wanted) {
        match self.properties.get(key) {
            Some(nodes) => add(wanted, nodes, seen.checks),
            None => add(wanted, &self.other_properties, seen.checks),
        }
        add(wanted, &self.by_pattern, seen.checks);
        add(wanted, &self.unevaluated, seen.checks.saturating_add(seen.marks));
    }
}

fn add(wanted: &mut Wanted, nodes: &[usize], checks: u64) {
    if checks > 0 {
        wanted.extend(nodes.iter().map(|node| (*node, checks)));
    }
}

/// The sub-schemas that values can be checked against: the first, and those for parts of values.
fn entries(graph: &Graph, order: &Order) -> Result<Vec<Option<Entry>>, Excess> {
    let sums = sums(graph, order);
    let mut entries: Vec<Option<Entry>> = graph.nodes.iter().map(|_| None).collect();
    let mut all_parts = 0;
    let mut known: BTreeMap<usize, Arc<[(usize, Visits)]>> = BTreeMap::new();
    let firsts = graph.nodes.iter().flat_map(Node::for_parts).chain([0]);
    for at in firsts {
        if entries.get(at).is_none_or(Option::is_some) {
            continue;
        }
        let end = end_of(graph, at);
        let parts = match known.get(&end) {
            Some(known) => Arc::clone(known),
            None => parts(graph, order, end, &mut all_parts)?.into(),
        };
        known.insert(end, Arc::clone(&parts));
        put(&mut entries, at, Some(Entry { sum: of(&sums, at), height: of(&order.heights, at), parts }));
    }
    Ok(entries)
}

/// Where references lead that stand alone: all that looks at parts of a value is there.
fn end_of(graph: &Graph, mut at: usize) -> usize {
    while let Some(node) = graph.nodes.get(at)
        && let (Some(only), None) = (node.for_the_same().next(), node.for_the_same().nth(1))
        && node.for_parts().next().is_none()
        && !node.looks_again
    {
        at = only;
    }
    at
}

/// What each sub-schema costs with all that it applies to the same value, when it checks.
fn sums(graph: &Graph, order: &Order) -> Vec<Sum> {
    let (mut checks, mut marks) = (vec![Sum::default(); graph.nodes.len()], vec![Sum::default(); graph.nodes.len()]);
    for at in &order.backwards {
        let Some(node) = graph.nodes.get(*at) else { continue };
        let own = Sum::of(&node.own);
        let (mut of_check, mut of_mark) = (own, own);
        for other in node.for_the_same() {
            of_check.add(&of(&checks, other), 1);
            of_mark.add(&of(&checks, other), 1);
            of_mark.add(&of(&marks, other), 1);
        }
        if node.looks_again {
            of_check.add(&of_mark, 1);
        }
        put(&mut checks, *at, of_check);
        put(&mut marks, *at, of_mark);
    }
    checks
}

/// Those that look at parts of a value, of all that one applies to it.
fn parts(graph: &Graph, order: &Order, first: usize, all: &mut usize) -> Result<Vec<(usize, Visits)>, Excess> {
    let rank = |node: usize| (of(&order.ranks, node), node);
    let mut wanted = BTreeMap::from([(rank(first), Visits { checks: 1, marks: 0 })]);
    let mut parts = Vec::new();
    while let Some(((_, at), mut seen)) = wanted.pop_first() {
        let Some(node) = graph.nodes.get(at) else { continue };
        *all += 1;
        if *all > MAX_APPLIED {
            return Err(Excess::Applied);
        }
        if node.looks_again {
            seen.marks = seen.marks.saturating_add(seen.checks);
        }
        for other in node.for_the_same() {
            let of = wanted.entry(rank(other)).or_default();
            of.checks = of.checks.saturating_add(seen.checks).saturating_add(seen.marks);
            of.marks = of.marks.saturating_add(seen.marks);
        }
        if node.for_parts().next().is_some() {
            parts.push((at, seen));
        }
    }
    Ok(parts)
}

/// What one unit of a value's weight costs at most, whatever the value: the cost of all sub-schemas, each as often as there are ways to
/// it, since each way leads to a value once. None where there are endless ways, or the cost depends on more than weight.
fn flat(graph: &Graph) -> Option<u64> {
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
        let (mut cost, mut depth) = (Sum::of(&graph.nodes.get(node)?.own).flat()?, 0);
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
