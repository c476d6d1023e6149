//! The sub-schemas in an order in which each comes before those that it applies to the same value, and what follows from that.

use super::{
    graph::{Compiled, Graph, Node, SIZE_OF_DIALECTS},
    limits::{Excess, MAX_CHECKS, MAX_NESTING, MAX_VALUES},
    raw::{Raw, Span},
};

/// The order, and what can be said of every value without looking at it.
pub(super) struct Order {
    /// The place of each sub-schema in the order.
    pub(super) ranks: Vec<usize>,
    /// How many sub-schemas there are within each other, at most, for one value.
    pub(super) heights: Vec<usize>,
    /// All sub-schemas, backwards.
    pub(super) backwards: Vec<usize>,
    /// Values that the library compiles.
    pub(super) compiled: u64,
}

impl Order {
    /// Sorts, and refuses what would have no end or no measure.
    pub(super) fn new(graph: &Graph, raw: &Raw<'_>) -> Result<Self, Excess> {
        let backwards = backwards(graph.nodes.len(), |node| edges(graph, node)).ok_or(Excess::Endless)?;
        let mut ranks = vec![0; graph.nodes.len()];
        for (rank, node) in backwards.iter().rev().enumerate() {
            put(&mut ranks, *node, rank);
        }
        let (mut heights, mut checks) = (vec![0; graph.nodes.len()], vec![0_u64; graph.nodes.len()]);
        for node in &backwards {
            let mut height = 0;
            let mut all = 1_u64;
            for other in edges(graph, *node) {
                height = height.max(of(&heights, other) + 1);
                all = all.saturating_add(of(&checks, other));
            }
            if height > MAX_NESTING {
                return Err(Excess::Nesting);
            }
            if all > MAX_CHECKS {
                return Err(Excess::Checks);
            }
            put(&mut heights, *node, height);
            put(&mut checks, *node, all);
        }
        let mut order = Self { ranks, heights, backwards, compiled: 0 };
        order.compiled = order.count_compiled(graph, raw);
        if order.compiled > MAX_VALUES { Err(Excess::Values) } else { Ok(order) }
    }

    /// How many values the library compiles.
    ///
    /// Where a keyword asks what others have looked at, it compiles all of them again, those behind references once for each way to them;
    /// what stands in one that is reached so must not ask the same.
    fn count_compiled(&self, graph: &Graph, raw: &Raw<'_>) -> u64 {
        let looks = Sums::new(raw, graph, |node| u64::from(node.looks_again));
        let size = |span: Option<Span>| span.map_or(SIZE_OF_DIALECTS, |span| raw.size_of(span));
        let mut again = vec![0_u64; graph.nodes.len()];
        for node in &self.backwards {
            let Some(this) = graph.nodes.get(*node) else { continue };
            let mut sum = 0_u64;
            for other in this.for_the_same() {
                let span = graph.nodes.get(other).and_then(|node| node.span);
                sum = sum.saturating_add(size(span)).saturating_add(of(&again, other));
            }
            let asks = |other: &usize| {
                graph.nodes.get(*other).and_then(|node| node.span).is_some_and(|span| looks.of(span) > 0)
            };
            put(&mut again, *node, if this.references.iter().any(asks) { u64::MAX } else { sum });
        }
        let again =
            |node: usize| if graph.nodes.get(node).is_some_and(|node| node.looks_again) { of(&again, node) } else { 0 };
        let extra = Sums::indexed(raw, graph, again);
        let part = |part: &Compiled| {
            let values = match part.span {
                Some(span) => raw.size_of(span).saturating_add(extra.of(span)),
                None => 1,
            };
            values.saturating_mul(part.times)
        };
        graph.compiled.iter().map(part).fold(0, u64::saturating_add)
    }
}

/// Sums of something over the places of a schema.
struct Sums(Vec<u64>);

impl Sums {
    fn new(raw: &Raw<'_>, graph: &Graph, of: impl Fn(&Node) -> u64) -> Self {
        Self::indexed(raw, graph, |node| graph.nodes.get(node).map_or(0, &of))
    }

    fn indexed(raw: &Raw<'_>, graph: &Graph, of: impl Fn(usize) -> u64) -> Self {
        let mut sums = vec![0_u64; raw.values() + 1];
        for (at, node) in graph.nodes.iter().enumerate() {
            if let Some(here) = node.span.and_then(|span| sums.get_mut(span.start + 1)) {
                *here = here.saturating_add(of(at));
            }
        }
        let mut sum = 0_u64;
        for here in &mut sums {
            sum = sum.saturating_add(*here);
            *here = sum;
        }
        Self(sums)
    }

    fn of(&self, span: Span) -> u64 {
        let before = |place: usize| self.0.get(place).copied().unwrap_or(0);
        let (end, start) = (before(span.end), before(span.start));
        if end == u64::MAX { u64::MAX } else { end.saturating_sub(start) }
    }
}

fn edges(graph: &Graph, node: usize) -> Vec<usize> {
    graph.nodes.get(node).into_iter().flat_map(Node::for_the_same).collect()
}

/// An order in which each comes after all that its edges lead to; `None` if they go round.
pub(super) fn backwards(count: usize, edges: impl Fn(usize) -> Vec<usize>) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; count];
    let mut order = Vec::with_capacity(count);
    for start in 0..count {
        if of_state(&states, start) != State::New {
            continue;
        }
        let mut stack = vec![(start, edges(start))];
        put(&mut states, start, State::Open);
        while let Some((node, left)) = stack.last_mut() {
            match left.pop() {
                Some(next) => match of_state(&states, next) {
                    State::Open => return None,
                    State::Done => {}
                    State::New => {
                        put(&mut states, next, State::Open);
                        stack.push((next, edges(next)));
                    }
                },
                None => {
                    put(&mut states, *node, State::Done);
                    order.push(*node);
                    stack.pop();
                }
            }
        }
    }
    return Some(order);

    fn of_state(states: &[State], node: usize) -> State {
        states.get(node).copied().unwrap_or(State::Done)
    }
}

pub(super) fn of<T: Clone + Default>(values: &[T], at: usize) -> T {
    values.get(at).cloned().unwrap_or_default()
}

pub(super) fn put<T>(values: &mut [T], at: usize, value: T) {
    if let Some(place) = values.get_mut(at) {
        *place = value;
    }
}
