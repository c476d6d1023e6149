//! The fewest and most trusted places that together have every value.

use std::collections::BTreeSet;

use abide_guard::policy::Source;

/// More places than this for one argument say nothing any more.
const MAX_SOURCES: usize = 4;

/// Fewer replies come first, then fewer lists, then fewer fields of the input; then the order of names.
type Cost = (usize, usize, usize, BTreeSet<Source>);

/// Most choices that are tried: a value that stands under very many fields is in all of them by chance.
const MAX_STEPS: u32 = 20_000;

/// The cheapest places of which each use has at least one. `None` if some use has no place, or too many would be needed; or it takes too
/// long to find out.
pub(super) fn cover(uses: &BTreeSet<BTreeSet<Source>>) -> Option<Vec<Source>> {
    let (mut best, mut steps) = (None, 0);
    search(uses, &BTreeSet::new(), &mut best, &mut steps);
    best.map(|(.., sources)| sources.into_iter().collect())
}

fn search(uses: &BTreeSet<BTreeSet<Source>>, chosen: &BTreeSet<Source>, best: &mut Option<Cost>, steps: &mut u32) {
    *steps += 1;
    let cost = cost(chosen);
    if *steps > MAX_STEPS || best.as_ref().is_some_and(|best| *best <= cost) {
        return;
    }
    let Some(open) = uses.iter().find(|sources| sources.is_disjoint(chosen)) else {
        *best = Some(cost);
        return;
    };
    if chosen.len() < MAX_SOURCES {
        for source in open {
            let mut chosen = chosen.clone();
            chosen.insert(source.clone());
            search(uses, &chosen, best, steps);
        }
    }
}

fn cost(chosen: &BTreeSet<Source>) -> Cost {
    let count = |is: fn(&Source) -> bool| chosen.iter().filter(|source| is(source)).count();
    (
        count(|source| matches!(source, Source::Reply { .. })),
        count(|source| matches!(source, Source::Registry(_))),
        count(|source| matches!(source, Source::Input { .. })),
        chosen.clone(),
    )
}

#[cfg(test)]
mod tests;
