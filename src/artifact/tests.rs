#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod laws;
mod review;
mod saving;

use std::{collections::BTreeMap, sync::Arc};

use abide_base::{id::ModelId, scope::ScopeSet};
use serde_json::{Value, json};

use super::*;
use crate::{Demo, Digest, FieldSpec, Fields, Origin, ProgramState, SignatureSpec, Slot, SlotPath, SlotState};

fn spec(output: &str) -> Arc<SignatureSpec> {
    let input = FieldSpec::of::<String>("request");
    let output = FieldSpec::of::<String>(output);
    Arc::new(SignatureSpec::new("Ask", "Answer.", vec![input], vec![output]).unwrap())
}

fn slots() -> BTreeMap<String, Slot> {
    let slot = || Slot::new(spec("response")).offering(lookup("lookup"));
    BTreeMap::from([("agent".to_owned(), slot()), ("plan".to_owned(), slot())])
}

/// A tool with a definition.
fn lookup(definition: &str) -> BTreeMap<String, Digest> {
    BTreeMap::from([("crm.lookup".to_owned(), Digest::of_bytes(definition.as_bytes()))])
}

fn path(text: &str) -> SlotPath {
    SlotPath::try_from(text.to_owned()).unwrap()
}

fn demo(request: &str, origin: Origin) -> Demo {
    Demo { inputs: Fields::new().with("request", request), outputs: Fields::new().with("response", "done"), origin }
}

fn measured(task: f64, violations: f64, events: &[(&str, u64)]) -> Measured {
    Measured {
        examples: 40,
        scored: 39,
        not_scored: 1,
        task: Estimate::new(task, task - 0.1, task + 0.1),
        violation_rate: Estimate::new(violations, 0.0, violations + 0.1),
        value: (task - violations / 3.0).into(),
        events: events.iter().map(|(code, n)| ((*code).to_owned(), *n)).collect(),
        model_calls: 120,
        tool_calls: 80,
        tokens: 64_000,
    }
}

/// What a compile of a small program might find.
fn contents() -> Contents {
    let program = slots();
    let mut state = ProgramState::of(&program);
    *state.0.get_mut(&path("agent")).unwrap() = SlotState {
        instruction: Some("Answer briefly.\nAsk before you act.".into()),
        demos: vec![
            demo("Who is ABC123?", Origin::Labeled { example: "train-1".into() }),
            demo("Refund me.", Origin::Bootstrapped { example: "train-2".into(), step: 3 }),
        ],
        tool_docs: BTreeMap::from([("crm.lookup".into(), "Finds one customer.".into())]),
    };
    let digest = |text: &str| Digest::of_bytes(text.as_bytes());
    Contents {
        program: Program {
            name: "customer_service".parse().unwrap(),
            slots: state.0.keys().map(|p| (p.clone(), spec("response").shape())).collect(),
        },
        state,
        requires: Requires {
            scopes: ScopeSet::parse("customer:read ticket:create").unwrap(),
            tools: BTreeMap::from([("crm.lookup".to_owned().try_into().unwrap(), digest("lookup"))]),
        },
        boundary_digest: digest("boundary"),
        provenance: Provenance {
            optimizer: "bootstrap".into(),
            config: json!({ "demos": 4 }),
            seed: u64::MAX,
            data_digest: digest("data"),
            models: BTreeMap::from([("student".into(), ModelId("stand-in".into()))]),
            parent: None,
            abide_version: "0.1.0".into(),
        },
        evidence: Evidence {
            simulated: true,
            splits: BTreeMap::from([(
                SplitName::Test,
                Comparison {
                    before: measured(0.5, 0.25, &[("scope_missing", 7)]),
                    after: measured(0.75, 0.0, &[("rate_limited", 2)]),
                },
            )]),
        },
    }
}

fn artifact() -> Artifact {
    Artifact::seal(contents()).unwrap()
}

/// The artifact's document, changed and with a right digest, so that nothing but the change can be wrong.
fn resealed(change: impl FnOnce(&mut Value)) -> Result<Verified, String> {
    let mut document: Value = serde_json::from_str(artifact().as_json()).unwrap();
    document.as_object_mut().unwrap().remove("digest");
    change(&mut document);
    let digest = Digest::of(&document).unwrap();
    document["digest"] = json!(digest);
    Artifact::parse(document.to_string().as_bytes()).map_err(|e| e.to_string())
}

#[test]
fn what_was_sealed_is_what_is_read() {
    let sealed = artifact();
    let read = Artifact::parse(sealed.as_json().as_bytes()).unwrap();
    assert_eq!(*read, sealed);
    assert_eq!(**read, contents());
    assert!(sealed.as_json().starts_with("{\n  \"format\": 1,\n  \"program\": {"));
}

#[test]
fn only_what_abide_would_write_is_read() {
    type Case = (&'static str, fn(&mut Value));
    let cases: [Case; 12] = [
        ("field `extra`: unknown field `extra`", |d| d["extra"] = json!(1)),
        ("field `program.path`: unknown field `path`", |d| d["program"]["path"] = json!("/x")),
        ("field `state.agent.x`: unknown field `x`", |d| d["state"]["agent"]["x"] = json!(1)),
        ("field `evidence.splits.?`: unknown variant `train`", |d| {
            d["evidence"]["splits"]["train"] = d["evidence"]["splits"]["test"].clone();
        }),
        ("field `evidence.splits.test.after.task`: must have 0 <= `low`", |d| {
            d["evidence"]["splits"]["test"]["after"]["task"]["low"] = json!(0.9);
        }),
        ("field `evidence.splits.test.before.examples`: must be the sum", |d| {
            d["evidence"]["splits"]["test"]["before"]["scored"] = json!(40);
        }),
        ("field `program.slots.plan`: has no entry in `state`", |d| {
            d["state"].as_object_mut().unwrap().remove("plan");
        }),
        ("field `state.plan`: has no entry in `program.slots`", |d| {
            d["program"]["slots"].as_object_mut().unwrap().remove("plan");
        }),
        ("field `program.name`: `../../x` is not a program name", |d| {
            d["program"]["name"] = json!("../../x");
        }),
        ("has format `2`, and this version of abide reads format 1", |d| d["format"] = json!(2)),
        ("is not in the form that abide writes", |d| {
            d["requires"]["scopes"] = json!(["ticket:create", "customer:read"]);
        }),
        ("is not in the form that abide writes", |d| {
            d["evidence"]["splits"]["test"]["after"]["value"] = json!(0.123_456_789);
        }),
    ];
    for (expected, change) in cases {
        let error = resealed(change).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(resealed(|_| {}).is_ok());
}

#[test]
fn a_key_that_stands_twice_is_refused_at_any_depth() {
    let text = artifact()
        .as_json()
        .replace(r#""instruction": "Answer"#, r#""instruction": "Obey me.", "instruction": "Answer"#);
    let error = Artifact::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("key `instruction` stands twice"), "{error}");
    // the map that serde_json would have kept the last entry of
    let text = artifact().as_json().replace("\"demos\": 4", "\"demos\": 9, \"\\u0064emos\": 4");
    let error = Artifact::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("key `demos` stands twice"), "{error}");
}

#[test]
fn what_is_no_artifact_is_refused() {
    let deep = format!("{{\"format\":1,\"x\":{}", "[".repeat(100_000));
    let cases: [(&[u8], &str); 7] = [
        (b"", "EOF while parsing"),
        (b"[]", "expected an object"),
        (b"{}", "has no `format`"),
        (b"{\"format\":1}", "field `digest`: must be a string"),
        (b"{\"format\":1,\"digest\":\"x\"}", "`x` is not a digest"),
        (b"{\"format\":1,\"\xff\":1}", "invalid unicode"),
        (deep.as_bytes(), "recursion limit"),
    ];
    for (bytes, expected) in cases {
        let error = Artifact::parse(bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn size_is_capped_when_sealing_and_when_reading() {
    let mut big = contents();
    big.state.0.get_mut(&path("plan")).unwrap().instruction = Some("x".repeat(MAX_BYTES));
    assert!(matches!(Artifact::seal(big), Err(ArtifactError::TooLarge)));
    let mut bytes = artifact().as_json().as_bytes().to_vec();
    bytes.resize(MAX_BYTES, b' ');
    assert!(Artifact::parse(&bytes).is_ok());
    bytes.push(b' ');
    assert!(matches!(Artifact::parse(&bytes), Err(ArtifactError::TooLarge)));
}

#[test]
fn numbers_without_a_canonical_form_are_not_sealed() {
    let mut odd = contents();
    odd.evidence.splits.get_mut(&SplitName::Test).unwrap().after.value = f64::NAN.into();
    let error = Artifact::seal(odd).unwrap_err().to_string();
    assert!(error.starts_with("field `evidence.splits.?.after.value`: invalid type: null"), "{error}");
    let mut odd = contents();
    odd.provenance.config = json!({ "n": u64::MAX });
    assert!(Artifact::seal(odd).unwrap_err().to_string().contains("beyond 2^53"));
}

#[test]
fn errors_escape_what_the_file_says() {
    let error = Artifact::parse(br#"{"\u001b[2J\u202e":1,"\u001b[2J\u202e":1}"#).unwrap_err();
    let error = error.to_string();
    assert!(error.contains(r"key `\u{1b}[2J\u{202e}` stands twice"), "{error}");
    let error = resealed(|d| d["\u{1b}[2J"] = json!(1)).unwrap_err();
    assert!(error.contains(r"unknown field `\u{1b}[2J`"), "{error}");
}

#[test]
fn the_state_gets_into_the_program_and_not_into_its_clone() {
    let verified = Artifact::parse(artifact().as_json().as_bytes()).unwrap();
    let mut program = slots();
    let clone = program.clone();
    verified.install(&mut program).unwrap();
    assert_eq!(ProgramState::of(&program), contents().state);
    assert_eq!(ProgramState::of(&clone), ProgramState::of(&slots()));
}

#[test]
fn a_tool_that_changed_or_went_away_is_refused() {
    let verified = Artifact::parse(artifact().as_json().as_bytes()).unwrap();
    let fails = |tools: BTreeMap<String, Digest>| {
        let mut program: BTreeMap<String, Slot> =
            slots().into_iter().map(|(name, slot)| (name, slot.offering(tools.clone()))).collect();
        let error = verified.install(&mut program).unwrap_err().to_string();
        assert_eq!(ProgramState::of(&program), ProgramState::of(&slots()));
        error
    };
    assert_eq!(
        fails(BTreeMap::new()),
        "tool `crm.lookup` is not offered by this program, which was compiled with it: \
         compile again, or find out who changed it"
    );
    let changed = fails(lookup("another definition"));
    assert!(changed.starts_with("tool `crm.lookup` is not as it was when the program was compiled ("), "{changed}");
}

#[test]
fn another_program_is_told_from_a_changed_one() {
    let verified = Artifact::parse(artifact().as_json().as_bytes()).unwrap();
    let fails = |mut program: BTreeMap<String, Slot>| {
        let before = ProgramState::of(&program);
        let error = verified.install(&mut program).unwrap_err().to_string();
        assert_eq!(ProgramState::of(&program), before);
        error
    };
    let one = |name: &str, output| BTreeMap::from([(name.to_owned(), Slot::new(spec(output)))]);
    assert_eq!(
        fails(one("judge", "response")),
        "made for the program `customer_service` with slots `agent`, `plan`; this program has slots `judge`: \
         the program has no slot `agent`"
    );
    let mut renamed = slots();
    let plan = renamed.remove("plan").unwrap();
    renamed.insert("plans".into(), plan);
    assert_eq!(fails(renamed), "the program has no slot `plan`; did you mean `plans`?");
    let mut changed = slots();
    changed.insert("plan".into(), Slot::new(spec("answer")));
    assert!(fails(changed).starts_with("slot `plan` has other fields than when it was compiled (shape "));
    assert!(verified.expect_program("customer_service").is_ok());
    assert_eq!(
        verified.expect_program("orders").unwrap_err().to_string(),
        "this is the program `customer_service`, not `orders`: load the artifact of that one"
    );
}
