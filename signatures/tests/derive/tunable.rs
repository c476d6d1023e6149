//! What `Tunable` walks.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, marker::PhantomData};

use abide_derive::{Signature, Tunable};
use abide_signatures::{ProgramState, Signature as _, Slot, Tunable, separate};

/// Judge.
#[derive(Clone, Signature)]
#[signature(crate = "::abide_signatures")]
struct Judge {
    #[output]
    verdict: bool,
}

/// A module as `abide` has it: its parameter is a signature, which is not `Tunable` itself.
#[derive(Clone, Tunable)]
#[tunable(crate = "::abide_signatures")]
struct Predict<S> {
    slot: Slot,
    #[tunable(skip)]
    _signature: PhantomData<fn() -> S>,
}

#[derive(Tunable)]
#[tunable(crate = "::abide_signatures")]
struct Pair<S>(Predict<S>, #[tunable(skip)] u8, Slot)
where
    S: 'static;

#[derive(Tunable)]
#[tunable(crate = "::abide_signatures")]
struct Nothing;

/// Generic in every way, and holding itself.
#[derive(Tunable)]
#[tunable(crate = "::abide_signatures")]
pub struct Tree<'n, T: Tunable, const N: usize> {
    r#type: T,
    children: Vec<Tree<'n, T, N>>,
    named: BTreeMap<String, Option<Box<dyn Tunable>>>,
    pair: Pair<Judge>,
    nothing: Nothing,
    private: Vec<Inner<T>>,
    #[tunable(skip)]
    note: &'n [u8; N],
}

#[derive(Tunable)]
#[tunable(crate = "::abide_signatures")]
struct Inner<T>(T);

fn predict() -> Predict<Judge> {
    Predict { slot: Slot::new(Judge::spec()), _signature: PhantomData }
}

fn tree(children: Vec<Tree<'static, Slot, 2>>) -> Tree<'static, Slot, 2> {
    let slot = Slot::new(Judge::spec());
    Tree {
        r#type: slot.clone(),
        children,
        named: [("a".to_owned(), Some(Box::new(predict()) as Box<dyn Tunable>)), ("b".to_owned(), None)].into(),
        pair: Pair(predict(), 3, slot.clone()),
        nothing: Nothing,
        private: vec![Inner(slot)],
        note: b"hi",
    }
}

fn paths<P: Tunable>(program: &P) -> Vec<String> {
    ProgramState::of(program).0.into_keys().map(String::from).collect()
}

#[test]
fn every_field_is_walked_under_its_own_path() {
    let tree = tree(vec![tree(Vec::new())]);
    let own = ["named.a.slot", "pair.0.slot", "pair.2", "private.0.0", "type"];
    let mut expected: Vec<String> = own.iter().map(|path| format!("children.0.{path}")).collect();
    expected.extend(own.map(str::to_owned));
    assert_eq!(paths(&tree), expected);
    assert_eq!((tree.pair.1, tree.note), (3, b"hi"));
}

#[test]
fn fields_are_visited_in_the_order_of_declaration() {
    let mut seen = Vec::new();
    tree(Vec::new()).walk(&abide_signatures::SlotPath::root(), &mut |path, _| seen.push(path.to_string()));
    assert_eq!(seen, ["type", "named.a.slot", "pair.0.slot", "pair.2", "private.0.0"]);
}

#[test]
fn a_struct_without_slots_has_nothing_to_tune() {
    assert_eq!(paths(&Nothing), Vec::<String>::new());
}

#[test]
fn what_is_walked_can_be_changed() {
    let mut tree = tree(Vec::new());
    let mut state = ProgramState::of(&tree);
    for (path, slot) in &mut state.0 {
        slot.instruction = Some(format!("for {path}"));
    }
    state.install(&mut tree).unwrap();
    assert_eq!(tree.pair.0.slot.instruction(), "for pair.0.slot");
    assert_eq!(tree.r#type.instruction(), "for type");
    assert_eq!(ProgramState::of(&tree), state);
}

#[test]
fn cloned_modules_can_be_told_apart() {
    let step = predict();
    let mut steps = vec![step.clone(), step];
    separate(&mut steps);
    let [first, second] = steps.as_slice() else { unreachable!() };
    assert_ne!(first.slot.id(), second.slot.id());
}
