//! `docs/servers.md` says what a schema may cost, with the numbers of the code.

use abide_testbed::lab::page::{grouped, mebibytes, rows};

use super::super::tests::*;
use crate::schema::limits::{
    MAX_APPLIED, MAX_BYTES, MAX_CHECKS, MAX_DEPTH, MAX_NESTING, MAX_PATHS, MAX_PATTERN, MAX_REFERENCE, MAX_STATES,
    MAX_TRANSLATION, MAX_VALUES, PERMITS,
};

const PAGE: &str = include_str!("../../../../docs/servers.md");

#[test]
fn the_page_has_every_limit_of_a_schema() {
    let applied = format!("{}, at most {} of them within each other", grouped(MAX_CHECKS), grouped(MAX_NESTING));
    let resources = "may refer to others, but not in a circle, nor beside `$dynamicRef`, `$recursiveRef` or parts of another dialect";
    let limits = [
        ("texts and names", mebibytes(MAX_BYTES)),
        ("lists and objects in each other", grouped(MAX_DEPTH)),
        (
            "JSON values that are compiled, each as often as references of different texts lead to it",
            grouped(MAX_VALUES),
        ),
        ("paths to all parts together", mebibytes(MAX_PATHS)),
        ("one reference; one pattern", format!("{} bytes; {} bytes", grouped(MAX_REFERENCE), grouped(MAX_PATTERN))),
        ("sub-schemas that apply to one place of a value, when all references are followed", applied),
        ("sub-schemas that apply to the same value as another, over all sub-schemas", grouped(MAX_APPLIED)),
        (
            "all patterns together, the bytes of a pattern counted once more for each `\\` in it",
            format!("{} bytes", grouped(MAX_TRANSLATION)),
        ),
        ("states of the automata of all patterns", grouped(MAX_STATES)),
        ("parts with an `$id`", resources.to_owned()),
    ];
    assert_eq!(rows(PAGE, "| limit of a schema | |"), limits.each_ref().map(|(what, limit)| vec![*what, limit]));
}

#[test]
fn the_page_has_every_price() {
    let checked = rows(PAGE, "| price | |");
    let turns = ["no", "one", "two", "three", "four", "five"][PERMITS];
    assert_eq!(checked[0][0], format!("up to {}", grouped(INLINE)));
    assert_eq!(checked[1][0], format!("up to {}", grouped(MAX_PRICE)));
    assert!(checked[1][1].contains(&format!("{turns} at a time for a guard, and {turns} for each server")));
    assert_eq!((checked.len(), checked[2][0]), (3, "above"));
}

#[test]
fn a_schema_that_is_refused_is_told_the_limit() {
    let limits = [
        (Excess::Bytes, MAX_BYTES as u64),
        (Excess::Depth, MAX_DEPTH as u64),
        (Excess::Values, MAX_VALUES),
        (Excess::Paths, MAX_PATHS),
        (Excess::Reference, MAX_REFERENCE as u64),
        (Excess::Pattern, MAX_PATTERN as u64),
        (Excess::Translation, MAX_TRANSLATION),
        (Excess::Repetition, MAX_STATES),
        (Excess::Checks, MAX_CHECKS),
        (Excess::Nesting, MAX_NESTING as u64),
        (Excess::Applied, MAX_APPLIED as u64),
    ];
    for (excess, limit) in limits {
        assert!(excess.to_string().contains(&format!(" than {limit} ")), "{excess}");
    }
}
