#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod laws;

use std::collections::BTreeMap;

use abide_base::call::{Effect, ToolName};
use abide_guard::{
    BoundaryError, Policy,
    policy::{ArgumentRule, Registry},
    recording::Recording,
    replay::{Decision, replay},
};
use serde_json::{Value, json};

use crate::infer::*;

/// The boundary that a text is.
fn load(text: &str) -> Result<Policy, BoundaryError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("boundary.toml");
    std::fs::write(&file, text).unwrap();
    Policy::load(&file)
}

fn admits(policy: &Policy, recordings: &[Recording]) -> bool {
    let decided = recordings.iter().flat_map(|recording| replay(policy, recording).unwrap());
    decided.into_iter().all(|one| one.decision == Decision::Permit)
}

/// Runs with one token each.
fn runs(recordings: Value) -> Vec<Recording> {
    serde_json::from_value(recordings).unwrap()
}

fn inferred(recordings: Value) -> Inferred {
    let recordings = runs(recordings);
    let inferred = infer(&recordings, &Known::default()).unwrap();
    assert!(admits(&load(&inferred.to_toml()).unwrap(), &recordings), "{}", inferred.to_toml());
    inferred
}

fn rule<'i>(inferred: &'i Inferred, tool: &str, argument: &str) -> &'i ArgumentRule {
    &inferred.tools[&ToolName::try_from(tool).unwrap()].rule.arguments[argument]
}

fn from(rule: &ArgumentRule) -> Vec<String> {
    rule.from.iter().flatten().map(ToString::to_string).collect()
}

/// One run with one call of `s.act`, whose argument `x` is this.
fn call(request: &str, x: Value) -> Value {
    json!({ "id": "a", "input": { "request": request }, "calls": [{ "tool": "s.act", "arguments": { "x": x } }] })
}

#[test]
fn a_proposal_reads_like_one() {
    let run = |request: &str, to: &str, note: &str, amount: f64| {
        json!({ "id": request, "input": { "request": request },
            "session": { "scopes": ["files.read", "payments.send"], "registry": { "payees": ["GB29NWBK60161331926819"] } },
            "calls": [
                { "tool": "bank.read_file", "arguments": { "path": "bill-7.txt" }, "result": "Pay UK12345678901234567890." },
                { "tool": "bank.send", "arguments": { "to": to, "note": note, "amount": amount, "day": "2026-01-01" } } ] })
    };
    let read = json!({ "id": "r", "input": { "request": "What is in bill-7.txt?" }, "session": { "scopes": ["files.read"] },
        "calls": [{ "tool": "bank.read_file", "arguments": { "path": "bill-7.txt" } }] });
    let inferred = inferred(json!([
        run("pay bill-7.txt", "UK12345678901234567890", "two words", 98.7),
        run("pay back, see bill-7.txt", "GB29NWBK60161331926819", "rent", 10.0),
        run("see bill-7.txt and pay FR7630006000011234567890189", "FR7630006000011234567890189", "rent", 1200.0),
        read,
    ]));
    insta::assert_snapshot!(inferred.to_toml());
}

#[test]
fn a_scope_belongs_to_the_tool_that_accounts_for_it() {
    let run = |scopes: &[&str], tools: &[&str]| {
        let calls: Vec<_> = tools.iter().map(|tool| json!({ "tool": tool })).collect();
        json!({ "id": "a", "session": { "scopes": scopes }, "calls": calls })
    };
    let inferred = inferred(json!([
        run(&["files.read", "pay"], &["s.read", "s.pay"]),
        run(&["pay"], &["s.pay"]),
        run(&["list", "pay"], &["s.pay", "s.list", "s.day", "now"]),
        run(&["list"], &["s.list"]),
        run(&["a", "b"], &["s.both"]),
        run(&["drive.create", "drive.read"], &["s.search_files", "s.create_file"]),
    ]));
    let scopes = |tool: &str| {
        let scopes = &inferred.tools[&ToolName::try_from(tool).unwrap()].rule.scopes;
        scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(["s.read", "s.pay", "s.list", "s.both"].map(scopes), ["files.read", "pay", "list", "a b"]);
    assert_eq!(["s.search_files", "s.create_file"].map(scopes), ["drive.read", "drive.create drive.read"]);
    assert_eq!(scopes("s.day"), "list pay", "accounts for nothing: needs what its runs had");
    assert_eq!(scopes("now"), "", "a function has no token");
}

#[test]
fn trusted_places_come_before_replies_and_few_before_many() {
    let run = |request: &str, to: &str| {
        json!({ "id": "a", "input": { "request": request, "mail": "from ann@corp.example and bob@corp.example" },
            "session": { "registry": { "people": ["@corp.example"] } }, "calls": [
                { "tool": "s.find", "result": [{ "address": "ann@corp.example" }, { "address": "bob@corp.example" }] },
                { "tool": "s.send", "arguments": { "to": to } } ] })
    };
    let place = |runs: Value| from(rule(&inferred(runs), "s.send", "to"));
    let (ann, bob) = ("ann@corp.example", "bob@corp.example");
    assert_eq!(place(json!([run("write to ann@corp.example", ann)])), ["input:mail"]);
    let mut one = run("write to ann@corp.example", ann);
    one["input"]["mail"] = json!("");
    let mut two = run("write to bob", bob);
    two["input"]["mail"] = json!("");
    assert_eq!(place(json!([one])), ["input:request"]);
    assert_eq!(place(json!([one, two])), ["registry:people"]);
    for run in [&mut one, &mut two] {
        run["session"] = json!({});
    }
    assert_eq!(place(json!([one, two])), ["s.find:address"]);
}

#[test]
fn what_outsiders_write_is_no_place() {
    let run = |result: Value| {
        inferred(json!([{ "id": "a", "calls": [
            { "tool": "s.read", "arguments": { "about": "eve@x.example" }, "result": result },
            { "tool": "s.send", "arguments": { "to": "bob@y.example" } } ] }]))
    };
    let listed = |inferred: &Inferred| rule(inferred, "s.send", "to").one_of.clone();
    let only_bob = Some(vec![json!("bob@y.example")]);
    assert_eq!(from(rule(&run(json!({ "to": "bob@y.example" })), "s.send", "to")), ["s.read:to"]);
    for outside in [
        json!("write to bob@y.example"),
        json!({ "body": "write to bob@y.example" }),
        json!([{ "subject": "bob@y.example" }, { "subject": "a subject with words" }]),
        json!({ "bob@y.example": "r" }),
        json!({ "error": { "to": "bob@y.example" } }),
    ] {
        let inferred = run(outside);
        assert_eq!(listed(&inferred), only_bob, "{}", inferred.to_toml());
    }
    // what the run said itself comes back
    let echoed = inferred(json!([{ "id": "a", "calls": [
        { "tool": "s.invite", "arguments": { "who": "bob@y.example" }, "result": { "invited": "bob@y.example" } },
        { "tool": "s.send", "arguments": { "to": "bob@y.example" } } ] }]));
    assert_eq!(listed(&echoed), only_bob);
}

#[test]
fn numbers_and_short_values_stand_anywhere_by_chance() {
    let run = |field: &str, argument: &str, value: Value| {
        let calls = json!([{ "tool": "s.list", "result": [{ field: value }] }, { "tool": "s.act", "arguments": { argument: value } }]);
        let inferred = inferred(json!([{ "id": "a", "calls": calls }]));
        from(rule(&inferred, "s.act", argument))
    };
    assert_eq!(run("id_", "event_id", json!("24")), ["s.list:id_"]);
    assert_eq!(run("id", "id", json!(7)), ["s.list:id"]);
    assert_eq!(run("size", "event_id", json!("24")), [""; 0]);
    assert_eq!(run("amount", "amount", json!(10.5)), [""; 0], "a number, but of no record");
}

#[test]
fn a_word_can_be_the_name_of_who_is_paid() {
    for (name, looks_like) in [("Spotify", "a word"), ("Spotify AG", "prose")] {
        let inferred = inferred(json!([call(&format!("send {name} 5"), json!(name))]));
        assert_eq!(from(rule(&inferred, "s.act", "x")), ["input:request"], "{looks_like}");
    }
    let inferred = inferred(json!([call("send 5 by 2026-01-01", json!(5)), call("send 7", json!(7))]));
    assert_eq!(from(rule(&inferred, "s.act", "x")), [""; 0], "two numbers");
}

#[test]
fn shapes_say_no_more_than_was_seen() {
    let shape = |values: &[Value]| {
        let runs: Vec<_> = values.iter().map(|value| call("", value.clone())).collect();
        rule(&inferred(json!(runs)), "s.act", "x").clone()
    };
    let empty = ArgumentRule::default;
    let text =
        |pattern: &str| ArgumentRule { pattern: Some(abide_signatures::Pattern::new(pattern).unwrap()), ..empty() };
    let listed = |values: Value| ArgumentRule { one_of: values.as_array().cloned(), ..empty() };
    let range = |min, max| ArgumentRule { min: Some(min), max: Some(max), ..empty() };
    let chars = |max_chars| ArgumentRule { max_chars: Some(max_chars), links: Some(Vec::new()), ..empty() };
    for (values, expected) in [
        (json!(["2026-05-01", "2026-11-2"]), text("[0-9]{4}-[0-9]{2}-[0-9]{1,2}")),
        (json!(["2026-05-01T10:00", "2026-11-02T10:00"]), text("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")),
        (json!(["1.5", "22.75"]), text(r"[0-9]{1,2}\.[0-9]{1,2}")),
        (json!(["2026-05-01", "10:00"]), chars(64)),
        (json!(["10.0.0.1"]), listed(json!(["10.0.0.1"]))),
        (json!(["+44 20 7946 0958"]), listed(json!(["+44 20 7946 0958"]))),
        (json!(["https://x.example/a", "word"]), listed(json!(["https://x.example/a", "word"]).clone())),
        (json!(["word", "other"]), chars(64)),
        (json!(["word", "word", "word"]), listed(json!(["word"]))),
        (json!([true, true, true]), listed(json!([true]))),
        (json!([10, 10, 10]), listed(json!([10]))),
        (json!([10, 10]), range(0.0, 100.0)),
        (json!([1, 2, 1, 2, 2, 1]), listed(json!([1, 2]))),
        (json!([1, 2, 1, 2, 2]), range(0.0, 100.0)),
        (json!(["2026-05-01", "2026-05-01", "2026-05-01"]), listed(json!(["2026-05-01"]))),
        (json!(["as agreed", "as agreed", "as agreed"]), listed(json!(["as agreed"]))),
        (json!([true]), listed(json!([true]))),
        (json!(["thirty-three letters and no links"]), chars(128)),
        (json!(["see https://x.example/a"]), ArgumentRule { max_chars: Some(64), ..empty() }),
        (json!([98.7, 4]), range(0.0, 1000.0)),
        (json!([1, 2, 3, 4, 5, 6, 7, 8, 9, 98.7]), range(0.0, 100.0)),
        (json!([0, 1000]), range(0.0, 10000.0)),
        (json!([-7, 70]), range(-100.0, 1000.0)),
        (json!([7, "seven"]), empty()),
        (json!([{ "any one": 1 }]), empty()),
    ] {
        assert_eq!(shape(values.as_array().unwrap()), expected, "{values}");
    }
}

#[test]
fn a_number_from_a_place_has_a_range_too() {
    let runs: Vec<_> = [20, 35, 15].iter().map(|amount| call(&format!("refund {amount}"), json!(amount))).collect();
    let inferred = inferred(json!(runs));
    let amount = rule(&inferred, "s.act", "x");
    assert_eq!(from(amount), ["input:request"]);
    assert_eq!((amount.min, amount.max), (Some(0.0), Some(1000.0)));
    // what names a record has no order
    let run = |id: u32| {
        json!({ "id": "a", "input": { "request": format!("record {id}") },
            "calls": [{ "tool": "s.act", "arguments": { "record_id": id } }] })
    };
    let named = self::inferred(json!([run(20), run(35), run(15)]));
    let id = rule(&named, "s.act", "record_id");
    assert_eq!((from(id), id.min, id.max), (vec!["input:request".to_owned()], None, None));
}

#[test]
fn an_argument_that_never_said_anything_must_not_say_anything() {
    for nothing in [json!(null), json!(""), json!([]), json!([null]), json!({})] {
        let runs = [call("", nothing.clone()), call("", nothing.clone())];
        let inferred = inferred(json!(runs));
        let tool = &inferred.tools[&"s.act".try_into().unwrap()];
        assert!(
            tool.rule.arguments.is_empty() && tool.reasons.iter().any(|reason| reason.contains("`x`")),
            "{nothing}"
        );
        let policy = load(&inferred.to_toml()).unwrap();
        let decide = |value: Value| {
            let recording = serde_json::from_value(call("", value)).unwrap();
            replay(&policy, &recording).unwrap()[0].event
        };
        assert_eq!(decide(nothing.clone()), None);
        assert_eq!(decide(json!("eve@evil.example")), Some(abide_base::event::EventKind::ArgumentDenied), "{nothing}");
    }
}

#[test]
fn a_value_under_very_many_fields_takes_no_long_search() {
    let reply = |value: &str| (0..80).map(|n| (format!("{value}{n}"), json!(value))).collect::<serde_json::Map<_, _>>();
    let values = ["ID-10001", "ID-20002", "ID-30003", "ID-40004"];
    let calls = values.iter().flat_map(|value| {
        [json!({ "tool": "s.list", "result": reply(value) }), json!({ "tool": "s.act", "arguments": { "x": value } })]
    });
    let run = json!({ "id": "a", "calls": calls.collect::<Vec<_>>() });
    let inferred = inferred(json!([run]));
    assert_eq!(from(rule(&inferred, "s.act", "x")).len(), 4);
}

#[test]
fn a_secret_is_never_written_down() {
    let run = json!({ "id": "a", "calls": [{ "tool": "s.set", "arguments": { "new_password": "1j1l-2k3j" } }] });
    let inferred = inferred(json!([run]));
    assert_eq!(rule(&inferred, "s.set", "new_password").max_chars, Some(64));
    assert!(!inferred.to_toml().contains("1j1l-2k3j"));
    let inferred = self::inferred(json!([run, run, run]));
    assert!(!inferred.to_toml().contains("1j1l-2k3j"), "{}", inferred.to_toml());
}

#[test]
fn counts_are_those_of_the_longest_run() {
    let send = |to: Value| json!({ "tool": "s.send", "arguments": { "to": to } });
    let run = |calls: Value| json!({ "id": "a", "calls": calls });
    let inferred = inferred(json!([
        run(
            json!([send(json!(["a@x.example", "b@x.example"])), send(json!("a@x.example")), send(json!("b@x.example")), { "tool": "s.list" }])
        ),
        run(json!([send(json!("c@x.example"))])),
        run(json!([send(json!("d@x.example"))])),
    ]));
    let rule = &inferred.tools[&ToolName::try_from("s.send").unwrap()].rule;
    assert_eq!(rule.max_calls.unwrap().get(), 3);
    assert_eq!(rule.arguments["to"].max_items, Some(4));
    assert_eq!(rule.distinct.as_ref().map(|d| (d.argument.as_str(), d.max.get())), Some(("to", 2)));
    assert_eq!(inferred.limits.tool_calls.unwrap().get(), 4);
}

#[test]
fn what_was_never_given_is_refused() {
    let run = |scope: &str, calls: Value| json!({ "id": "a", "input": { "request": "pay AB12" }, "session": { "scopes": [scope] }, "calls": calls });
    let inferred = inferred(json!([
        run(
            "pay",
            json!([{ "tool": "s.plan", "arguments": { "to": "AB12", "note": "a note" } }, { "tool": "s.change", "arguments": { "amount": 5 } }])
        ),
        run("see", json!([{ "tool": "s.list" }])),
    ]));
    let attack = runs(json!([run("pay", json!([{ "tool": "s.change", "arguments": { "to": "AB12" } }]))]));
    assert!(!admits(&load(&inferred.to_toml()).unwrap(), &attack));
}

#[test]
fn what_always_came_before_must_come_before() {
    let run = |verified: &str, failed: bool| {
        let result = if failed { json!({ "error": "no" }) } else { json!({ "status": "ok" }) };
        json!({ "id": "a", "calls": [
            { "tool": "s.look" }, { "tool": "s.verify", "arguments": { "customer_id": verified }, "result": result },
            { "tool": "s.pay", "arguments": { "id": "C-1" } } ] })
    };
    let after = |last: Value| {
        let inferred = inferred(json!([run("C-1", false), run("C-1", false), last]));
        let rule = &inferred.tools[&ToolName::try_from("s.pay").unwrap()].rule;
        rule.after.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(after(run("C-1", false)), ["s.look", "s.verify(customer_id=id)"]);
    assert_eq!(after(run("C-2", false)), ["s.look", "s.verify"]);
    assert_eq!(after(run("C-1", true)), ["s.look"]);
    assert_eq!(after(json!({ "id": "a", "calls": [{ "tool": "s.look" }] })), [""; 0], "two runs are no habit");
}

#[test]
fn an_effect_is_known_or_careful() {
    let runs = runs(json!([{ "id": "a", "calls": [
        { "tool": "s.list" }, { "tool": "s.list" }, { "tool": "s.day" }, { "tool": "s.act" },
        { "tool": "s.late", "result": { "error": "try again" } }, { "tool": "s.late" } ] }]));
    let reads = |names: &[&str]| Known { reads: names.iter().map(|name| ToolName::try_from(*name).unwrap()).collect() };
    let inferred = infer(&runs, &reads(&["s.day"])).unwrap();
    let effects: Vec<_> = inferred.tools.iter().map(|(name, tool)| (name.local(), tool.rule.effect)).collect();
    let expected = [("act", Effect::Write), ("day", Effect::Read), ("late", Effect::Write), ("list", Effect::Read)];
    assert_eq!(effects, expected);
    let error = infer(&runs, &reads(&["s.dya"])).unwrap_err();
    assert_eq!(error.to_string(), "no episode calls `s.dya`: correct the name, or leave it out");
}

#[test]
fn bad_episodes_teach_nothing() {
    let error = |recordings: Value| infer(&runs(recordings), &Known::default()).unwrap_err().to_string();
    assert_eq!(error(json!([])), "there are no episodes: record some good runs first");
    let denied = json!([{ "id": "a", "calls": [{ "tool": "s.act", "expect": "deny" }] }]);
    assert_eq!(error(denied), "the episode `a` expects a denial: give only good episodes");
    let unnamed = json!([{ "id": "a", "calls": [{ "tool": "no tool" }] }]);
    assert!(error(unnamed).starts_with("the episode `a` is not good, it calls what can be no tool: "));
    let scope = json!([{ "id": "a", "session": { "scopes": ["a b"] }, "calls": [] }]);
    assert!(error(scope).starts_with("the episode `a` cannot be used: `a b` in `session.scopes` is not a scope"));
}

#[test]
fn objects_get_rules_for_their_fields() {
    let run = |id: &str, amount: f64| {
        json!({ "id": id, "input": { "request": "pay it" }, "calls": [
            { "tool": "s.get", "result": { "payments": [{ "id": id }] } },
            { "tool": "s.act", "arguments": { "x": [{ "payment_id": id, "amount": amount, "min": 1, "note": null, "to": { "day": format!("2026-01-{:02}", amount as u32 % 28 + 1) } }] } } ] })
    };
    let runs = json!([run("PAYMENT-1", 5.0), run("PAYMENT-2", 7.5), run("PAYMENT-3", 90.0)]);
    let inferred = inferred(runs);
    let x = rule(&inferred, "s.act", "x");
    assert_eq!(from(&x.fields["payment_id"]), ["s.get:id"]);
    assert_eq!(x.fields["amount"].max, Some(1000.0));
    assert_eq!(x.fields["to"].fields["day"].pattern.as_ref().unwrap().as_str(), "[0-9]{4}-[0-9]{2}-[0-9]{2}");
    assert!(!x.fields.contains_key("note"), "it never had a value");
    let text = inferred.to_toml();
    for line in [
        "arguments.x.payment_id = { from = [\"s.get:id\"] }",
        "arguments.x.to.day = { pattern = \"[0-9]{4}-[0-9]{2}-[0-9]{2}\" }",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    assert!(text.contains("arguments.x.fields.min = "), "{text}");
    // keys that are data are no fields
    let inferred = self::inferred(json!([call("share", json!({ "ann@corp.example": "r" }))]));
    assert_eq!(*rule(&inferred, "s.act", "x"), ArgumentRule::default());
}
