#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

fn spec() -> Arc<SignatureSpec> {
    let inputs =
        vec![FieldSpec::of::<String>("question").constrain(Constraints { max_chars: Some(10), ..Default::default() })];
    let outputs = vec![FieldSpec::of::<u8>("answer"), FieldSpec::of::<Option<String>>("note")];
    Arc::new(SignatureSpec::new("Qa", "Answer.", inputs, outputs).unwrap())
}

struct Program {
    plan: Slot,
    judges: Vec<Slot>,
}

impl Tunable for Program {
    fn walk<'a>(&'a self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &'a Slot)) {
        self.plan.walk(&at.child("plan"), visit);
        self.judges.walk(&at.child("judges"), visit);
    }
    fn walk_mut(&mut self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &mut Slot)) {
        self.plan.walk_mut(&at.child("plan"), visit);
        self.judges.walk_mut(&at.child("judges"), visit);
    }
}

fn program() -> Program {
    let judge = Slot::new(spec());
    Program { plan: Slot::new(spec()), judges: vec![judge.clone(), judge] }
}

fn demo(answer: serde_json::Value) -> Demo {
    Demo {
        inputs: Fields::new().with("question", "1+1?"),
        outputs: Fields::new().with("answer", answer),
        origin: Origin::Written,
    }
}

#[test]
fn paths_name_fields_and_indices() {
    let paths: Vec<String> = ProgramState::of(&program()).0.into_keys().map(Into::into).collect();
    assert_eq!(paths, ["judges.0", "judges.1", "plan"]);
}

#[test]
fn installing_is_all_or_nothing_and_leaves_clones_alone() {
    let mut program = program();
    let before = ProgramState::of(&program);
    let mut state = before.clone();
    state.0.values_mut().next().unwrap().instruction = Some("better".into());
    state.0.values_mut().last().unwrap().demos = vec![demo(json!("two"))];
    assert!(matches!(state.install(&mut program), Err(InstallError::Demo { index: 0, .. })));
    assert_eq!(ProgramState::of(&program), before);

    state.0.values_mut().last().unwrap().demos = vec![demo(json!(2))];
    let original = program.plan.clone();
    state.install(&mut program).unwrap();
    assert_eq!(ProgramState::of(&program), state);
    assert!(original.state().demos.is_empty());
}

#[test]
fn a_near_miss_is_named() {
    let mut state = ProgramState::of(&program());
    let plan = state.0.pop_last().unwrap().1;
    state.0.insert("plann".to_owned().try_into().unwrap(), plan);
    let error = state.install(&mut program()).unwrap_err();
    assert_eq!(error.to_string(), "the program has no slot `plann`; did you mean `plan`?");
}

#[test]
fn clones_share_an_id_until_separated() {
    let mut program = program();
    let same = |p: &Program| {
        let [a, b] = &p.judges[..] else { unreachable!() };
        a.id() == b.id()
    };
    assert!(same(&program));
    separate(&mut program);
    assert!(!same(&program));
}

#[test]
fn values_are_checked_by_kind_and_constraint() {
    let spec = spec();
    assert!(spec.check_inputs(&Fields::new().with("question", "short")).is_empty());
    let errors = spec.check_inputs(&Fields::new().with("question", "much too long").with("x", 1));
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["field `question` has 13 characters; at most 10", "field `x` is not part of the signature"]);
    assert_eq!(spec.check_outputs(&Fields::new()), [FieldError::Missing("answer".into())]);
    assert!(spec.check_outputs(&Fields::new().with("answer", 4).with("note", json!(null))).is_empty());
    assert!(!spec.check_outputs(&Fields::new().with("answer", 4.5)).is_empty());
}

#[test]
fn patterns_match_the_whole_text() {
    let pattern = Pattern::new("[A-Z]{3}|x").unwrap();
    assert!(pattern.matches("ABC") && pattern.matches("x"));
    assert!(!pattern.matches("ABC\n") && !pattern.matches("ABCD") && !pattern.matches("xx"));
    assert!(Pattern::new("(").is_err() && Pattern::new("a)|(b").is_err());
}

#[test]
fn kinds_are_read_off_schemas() {
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Colour {
        /// like blood
        Red,
        Green,
    }
    let shown = |field: FieldSpec| field.shape.to_string();
    assert_eq!(shown(FieldSpec::of::<Colour>("c")), "one of Green, Red (like blood)");
    assert_eq!(shown(FieldSpec::of::<Vec<u8>>("c")), "list of integer (at least 0, at most 255)");
    assert_eq!(shown(FieldSpec::of::<std::collections::BTreeMap<String, f64>>("c")), "map of string to number");
}

#[test]
fn numbers_are_written_as_they_were_meant() {
    #[derive(serde::Serialize)]
    struct Weight {
        grams: f32,
        exact: f64,
    }
    let fields = Fields::of(&Weight { grams: 0.1, exact: 0.1 + 0.2 }).unwrap();
    assert_eq!(Value::from(fields).to_string(), r#"{"exact":0.30000000000000004,"grams":0.1}"#);
    assert!(Fields::of(&"no object").is_err());
}

#[test]
fn digests_are_canonical_and_refuse_lossy_numbers() {
    let a = Digest::of(&json!({"b": 1, "a": [1.0, "x"]})).unwrap();
    let b = Digest::of(&json!({"a": [1, "x"], "b": 1})).unwrap();
    assert_eq!(a, b);
    let error = Digest::of(&json!({"a": [9_007_199_254_740_993_u64]})).unwrap_err();
    assert_eq!(error, CanonicalError::LargeInteger("9007199254740993".into(), "/a/0".into()));
    assert!(Digest::try_from("sha256:abc".to_owned()).is_err());
}
