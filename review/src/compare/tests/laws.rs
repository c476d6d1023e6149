//! What "narrower" promises, for any two boundaries and any run.

use abide_guard::{
    recording::Recording,
    replay::{Decision, replay},
};
use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::super::tests::*;

/// For each place: what may stand there, the widest first, not all of them in order.
const PLACES: [&[&str]; 14] = [
    &["", "max_calls = 4", "max_calls = 2", "max_calls = 1"],
    &["scopes = []", "scopes = ['a']", "scopes = ['a', 'b']", "scopes = ['b']"],
    &[
        "",
        "arguments.id = {}",
        "arguments.id = { not_enum = ['A'] }",
        "arguments.id = { not_enum = ['A', 'B'] }",
        "arguments.id = { enum = ['A', 'B', 'C'] }",
        "arguments.id = { enum = ['A'] }",
    ],
    &["", "arguments.ID = {}", "arguments.ID = { max_chars = 1 }"],
    &["", "arguments.n = { max = 3 }", "arguments.n = { max = 2, min = 1 }", "arguments.n = { min = 2 }"],
    &["effect = 'read'", "effect = 'write'", "effect = 'external'"],
    &[
        "",
        "arguments.to = { from = ['input', 's.get'], as = 'number' }",
        "arguments.to = { from = ['input', 's.get'] }",
        "arguments.to = { from = ['input', 's.get:id'], as = 'date' }",
        "arguments.to = { from = ['input', 's.get:id'] }",
        "arguments.to = { from = ['s.get:id'] }",
        "arguments.to = { from = ['registry:known'] }",
    ],
    &[
        "",
        "after = ['s.get']",
        "after = ['s.get', 's.get(id)']",
        "never_with = ['s.get(id)']",
        "only_if = ['s.get:ok=true']",
        "after = [['s.get(id)', 's.get(to)']]",
        "after = ['s.get(id)']",
        "after = ['once s.get(id)']",
    ],
    &[
        "",
        "distinct = { argument = 'to', max = 2 }\narguments.to.max_items = 9",
        "distinct = { argument = 'to', max = 1 }\narguments.to.max_items = 9",
    ],
    &["", "reply = { max_bytes = 60 }", "reply = { max_bytes = 20 }", "reply = { markup = 'refuse' }"],
    &[
        "",
        "no_egress = ['s.get:secret']",
        "no_egress = ['s.get']",
        "no_egress = ['sensitive:word']",
        "no_egress = ['sensitive:word', 's.get:secret']",
    ],
    &["", "tool_calls = 8", "tool_calls = 3", "outgoing_bytes = 20", "outgoing_bytes = 5"],
    &["other_arguments = 'allow'", ""],
    &[
        "",
        "arguments.o = {}",
        "arguments.o.max_items = 2",
        "arguments.o.id = {}",
        "arguments.o.id = { enum = ['A', 'B'] }",
        "arguments.o = { id = { enum = ['A'] }, n = { max = 3 } }",
        "arguments.o = { id = { from = ['s.get:id'] }, ID = {} }",
        "arguments.o = { id = { from = ['input'], as = 'number' }, deep.n = { max = 2 } }",
        "arguments.o = { id = { from = ['input'] }, deep.n = { max = 2 } }",
    ],
];

/// Which of the texts stand where.
type Choice = [usize; PLACES.len()];

fn any_choice(random: &mut impl Rng) -> Choice {
    PLACES.map(|texts| random.random_range(0..texts.len()))
}

/// Mostly the same, or stricter.
fn near(choice: Choice, random: &mut impl Rng) -> Choice {
    let mut choice = choice;
    for (text, texts) in choice.iter_mut().zip(PLACES) {
        if random.random_bool(0.3) {
            *text = random.random_range(*text..texts.len());
        }
    }
    choice
}

fn boundary(choice: Choice) -> Boundary {
    let text =
        |place: usize| PLACES.get(place).and_then(|texts| texts.get(*choice.get(place)?)).copied().unwrap_or_default();
    // a list of sources and the rest of the same argument cannot both be written as dotted keys of an inline table
    let to = match (text(6), text(8)) {
        ("", more) => more.to_owned(),
        (from, "") => from.to_owned(),
        (from, more) => format!("{from}\n{}", more.lines().next().unwrap_or_default()),
    };
    let act =
        [text(0), text(1), text(2), text(3), text(4), text(5), &to, text(7), text(10), text(12), text(13)].join("\n");
    let rules = format!(
        "[tools.'s.get']\nscopes = []\neffect = 'read'\nother_arguments = 'allow'\n{}\n[tools.'s.act']\n{act}\n[registry]\nknown = ['A']\n\
         [sensitive.word]\npattern = 'hidden'\n[limits]\n{}\n",
        text(9),
        text(11)
    );
    parse(&rules)
}

fn any_object(random: &mut impl Rng) -> Value {
    let objects = [
        json!({ "id": "A" }),
        json!({ "id": "B", "n": 2 }),
        json!({ "id": "2" }),
        json!({ "ID": "A" }),
        json!({ "deep": { "n": 2 } }),
        json!({ "deep": [{ "n": 5 }, { "x": 1 }] }),
        json!({ "note": "hidden" }),
        json!({}),
    ];
    let mut one = || objects.get(random.random_range(0..objects.len())).cloned().unwrap_or_default();
    let (first, second) = (one(), one());
    match random.random_range(0..4) {
        0 => json!([first, second]),
        1 => json!("A"),
        _ => first,
    }
}

fn any_call(random: &mut impl Rng) -> Value {
    let texts = [
        json!("A"),
        json!("B"),
        json!("C"),
        json!("hidden"),
        json!("classified"),
        json!(["A", "B"]),
        json!("AB"),
        json!("2024-05-26"),
        json!("2"),
    ];
    let mut arguments = serde_json::Map::new();
    for name in ["id", "ID", "to"] {
        if random.random_bool(0.5) {
            arguments.insert(name.into(), texts.get(random.random_range(0..texts.len())).cloned().unwrap_or_default());
        }
    }
    if random.random_bool(0.5) {
        arguments.insert("o".into(), any_object(random));
    }
    if random.random_bool(0.4) {
        arguments.insert("n".into(), json!(random.random_range(0..5)));
    }
    let replies = [
        json!({ "id": "A", "ok": true }),
        json!({ "id": "B", "note": "C", "secret": "classified" }),
        json!({ "id": "C", "note": "<b>A</b> and a long text beside it, much longer" }),
        json!({ "error": "no" }),
    ];
    let result = replies.get(random.random_range(0..replies.len())).cloned().unwrap_or_default();
    let tool = if random.random_bool(0.4) { "s.get" } else { "s.act" };
    json!({ "tool": tool, "arguments": arguments, "result": result })
}

fn any_run(random: &mut impl Rng) -> Recording {
    let calls: Vec<Value> = (0..random.random_range(1..12)).map(|_| any_call(random)).collect();
    let scopes = [json!(["a", "b"]), json!(["a"])][random.random_range(0..2)].clone();
    let run = json!({ "id": "r", "input": { "request": "B please, two of them on May 26" }, "session": { "scopes": scopes }, "calls": calls });
    serde_json::from_value(run).unwrap()
}

/// The calls of a run that a boundary permits, as a run of its own.
fn permitted(boundary: &Boundary, run: &Recording) -> Recording {
    let decided = replay(boundary.policy(), run).unwrap();
    let kept = run.calls.iter().zip(&decided).filter(|(_, decided)| decided.decision == Decision::Permit);
    Recording { calls: kept.map(|(call, _)| call.clone()).collect(), ..run.clone() }
}

fn permits_all(boundary: &Boundary, run: &Recording) -> bool {
    replay(boundary.policy(), run).unwrap().iter().all(|decided| decided.decision == Decision::Permit)
}

fn only(kind: Kind, changes: &[Change]) -> bool {
    changes.iter().all(|change| change.kind == kind)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_a_narrower_boundary_permits_the_wider_one_permits_too(seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let old = any_choice(&mut random);
        let new = near(old, &mut random);
        let (old, new) = (boundary(old), boundary(new));
        let (there, back) = (compare(&old, &new), compare(&new, &old));
        for _ in 0..20 {
            let run = any_run(&mut random);
            if only(Kind::Narrower, &there) {
                let run = permitted(&new, &run);
                prop_assert!(!permits_all(&new, &run) || permits_all(&old, &run), "{there:?}\n{run:?}");
            }
            if only(Kind::Wider, &there) {
                let run = permitted(&old, &run);
                prop_assert!(!permits_all(&old, &run) || permits_all(&new, &run), "{there:?}\n{run:?}");
            }
        }
        // and the way back says the opposite
        prop_assert_eq!(only(Kind::Narrower, &there), only(Kind::Wider, &back));
    }
}

#[test]
fn the_law_is_tried_on_enough_pairs_and_runs() {
    let (mut pairs, mut calls) = (0, 0);
    for seed in 0..300 {
        let mut random = StdRng::seed_from_u64(seed);
        let old = any_choice(&mut random);
        let (old, new) = (boundary(old), boundary(near(old, &mut random)));
        let changes = compare(&old, &new);
        if !changes.is_empty() && only(Kind::Narrower, &changes) {
            pairs += 1;
            calls += permitted(&new, &any_run(&mut random)).calls.len();
        }
    }
    assert!(pairs > 30 && calls > 30, "{pairs} pairs, {calls} calls");
}
