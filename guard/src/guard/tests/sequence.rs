//! Rules of sequence: lists, one of several, fields below others, and one call for each.

use super::super::tests::*;

fn bench(rules: &str) -> Bench {
    let tool = |name: &str, effect: &str, rules: &str| {
        format!("[tools.{name}]\nscopes = []\neffect = \"{effect}\"\nother_arguments = \"allow\"\n{rules}\n")
    };
    let all = [tool("find", "read", ""), tool("look", "read", ""), tool("pay", "write", rules)].concat();
    Bench::with(&all, Token(None), Mode::Live)
}

/// The rule that refuses the payment; `None` if it is made.
async fn pay(bench: &Bench, arguments: Value) -> Option<&'static str> {
    match bench.call("pay", arguments).await {
        Ok(_) => None,
        Err(Unauthorized::Denied(denial)) if denial.first.kind == EventKind::SequenceDenied => {
            denial.first.rule.map(RuleId::as_str)
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_item_of_a_list_needs_a_call_before() {
    for (key, rule) in [("after", "['find(id)']"), ("only_if", "['find(id):ok=true']")] {
        let bench = bench(&format!("{key} = {rule}"));
        let ok = json!({ "ok": true });
        bench.make("find", json!({ "id": "A" }), ok.clone()).await;
        bench.make("find", json!({ "id": ["B", ["C"]] }), ok.clone()).await;
        for refused in
            [json!(["A", "D"]), json!("D"), json!([]), json!(["A", { "id": "B" }]), json!("A, B"), json!(["a"])]
        {
            assert_eq!(pay(&bench, json!({ "id": refused })).await, Some(key), "{refused}");
        }
        for made in [json!(["A"]), json!(["A", "B", "A", null]), json!([["C"], "A"]), json!("C"), json!(["C", "B"])] {
            assert_eq!(pay(&bench, json!({ "id": made })).await, None, "{made}");
        }
        let many: Vec<String> = (0..65).map(|n| format!("V{n}")).collect();
        bench.make("find", json!({ "id": many }), ok).await;
        assert_eq!(pay(&bench, json!({ "id": many })).await, Some(key), "more than are compared");
        assert_eq!(pay(&bench, json!({ "id": many[..64] })).await, None);
    }
}

#[tokio::test]
async fn values_of_one_call_belong_together() {
    let bench = bench("after = ['find(id, name)']");
    bench.make("find", json!({ "id": "A", "name": "x" }), json!({})).await;
    bench.make("find", json!({ "id": ["B", "C"], "name": "y" }), json!({})).await;
    for refused in [json!({ "id": "A", "name": "y" }), json!({ "id": ["A", "B"], "name": "x" }), json!({ "id": "A" })] {
        assert_eq!(pay(&bench, refused.clone()).await, Some("after"), "{refused}");
    }
    assert_eq!(pay(&bench, json!({ "id": ["C", "B"], "name": ["y"] })).await, None);
}

#[tokio::test]
async fn one_item_that_was_not_verified_refuses_the_list() {
    let bench = bench("only_if = ['find(id):ok=true']");
    bench.make("find", json!({ "id": "A" }), json!({ "ok": true })).await;
    bench.make("find", json!({ "id": "B" }), json!({ "ok": false })).await;
    assert_eq!(pay(&bench, json!({ "id": ["A", "B"] })).await, Some("only_if"));
    assert_eq!(pay(&bench, json!({ "id": ["A"] })).await, None);
    // a list takes back what is in it, and nothing else
    bench.make("find", json!({ "id": ["C", "D"] }), json!({ "ok": false })).await;
    assert_eq!(pay(&bench, json!({ "id": "A" })).await, None);
    bench.make("find", json!({ "id": ["C", "a"] }), json!({ "ok": false })).await;
    assert_eq!(pay(&bench, json!({ "id": "A", "page": 2 })).await, Some("only_if"));
}

#[tokio::test]
async fn lists_with_one_value_in_common_exclude_each_other() {
    for (found, refused, made) in [
        (json!("A"), json!(["B", "a"]), json!(["B", "C"])),
        (json!(["A", "B"]), json!("B"), json!("C")),
        (json!(["A", "B"]), json!(["C", "D, B"]), json!([["C"]])),
        (json!(["A", {}]), json!("Z"), json!(null)),
    ] {
        let bench = bench("never_with = ['find(id)']");
        bench.make("find", json!({ "id": found }), json!({})).await;
        assert_eq!(pay(&bench, json!({ "id": refused })).await, Some("never_with"), "{found} {refused}");
        let expected = made.is_null().then_some("never_with");
        assert_eq!(pay(&bench, json!({ "id": made })).await, expected, "{found} {made}");
    }
}

#[tokio::test]
async fn one_of_several_calls_is_enough_and_each_entry_needs_one() {
    let rules = "after = [['find(id)', 'look(title)'], 'look']";
    for (calls, made) in [
        (&[][..], false),
        (&[("find", "A")][..], false),
        (&[("look", "a@x.example")][..], true),
        (&[("look", "b@x.example")][..], false),
        (&[("look", "b@x.example"), ("find", "B")][..], false),
        (&[("look", "b@x.example"), ("find", "A")][..], true),
    ] {
        let bench = bench(rules);
        for (tool, value) in calls {
            let name = if *tool == "find" { "id" } else { "title" };
            bench.make(tool, json!({ name: value }), json!({})).await;
        }
        let refused = pay(&bench, json!({ "id": "A", "title": "a@x.example" })).await;
        assert_eq!(refused, (!made).then_some("after"), "{calls:?}");
    }
    let bench = bench(rules);
    let Err(Unauthorized::Denied(Denial { first: denied, .. })) = bench.call("pay", json!({})).await else {
        panic!("refused")
    };
    assert_eq!(denied.detail, "`find(id) or look(title)` must have been called before");
}

#[tokio::test]
async fn a_reply_is_asked_for_a_field_below_others() {
    let rules = "only_if = [['find:profile.tier=gold', 'look:list.ok=true']]";
    for (reply, made) in [
        (json!({ "profile": { "tier": "gold" } }), true),
        (json!({ "profile": { "tier": "silver" }, "tier": "gold" }), false),
        (json!([{ "profile": { "tier": "gold" } }, { "profile": { "tier": "silver" } }]), false),
        (json!("{\"profile\": {\"tier\": \"gold\"}}"), true),
        (json!({ "note": "profile.tier=gold" }), false),
    ] {
        let bench = bench(rules);
        bench.make("find", json!({}), reply.clone()).await;
        assert_eq!(pay(&bench, json!({})).await.is_none(), made, "{reply}");
    }
    let bench = bench(rules);
    bench.make("look", json!({}), json!({ "list": [{ "ok": true }, { "ok": true }] })).await;
    assert_eq!(pay(&bench, json!({})).await, None);
    bench.make("look", json!({}), json!({ "list": [{ "ok": true }, { "ok": false }] })).await;
    assert_eq!(pay(&bench, json!({ "page": 1 })).await, Some("only_if"));
}

#[tokio::test]
async fn so_many_calls_need_so_many_before() {
    for (key, rule) in [("after", "['once find(id)']"), ("only_if", "['once find(id):ok=true']")] {
        let bench = bench(&format!("{key} = {rule}"));
        let ok = json!({ "ok": true });
        bench.make("find", json!({ "id": "A", "page": 1 }), ok.clone()).await;
        assert_eq!(pay(&bench, json!({ "id": "A", "page": 1 })).await, None);
        assert_eq!(pay(&bench, json!({ "id": "A", "page": 2 })).await, Some(key), "it is used up");
        bench.make("find", json!({ "id": "B" }), ok.clone()).await;
        assert_eq!(pay(&bench, json!({ "id": "A", "page": 2 })).await, Some(key), "it is about something else");
        bench.make("find", json!({ "id": "A", "page": 2 }), ok.clone()).await;
        bench.make("find", json!({ "id": "A", "page": 3 }), ok.clone()).await;
        for n in [2, 3] {
            assert_eq!(pay(&bench, json!({ "id": ["A"], "page": n })).await, None, "{n}");
        }
        assert_eq!(pay(&bench, json!({ "id": "A", "page": 4 })).await, Some(key));
        // a list takes one call for each value, or one call that had them all
        assert_eq!(pay(&bench, json!({ "id": ["A", "B"] })).await, Some(key));
        bench.make("find", json!({ "id": ["A", "C"] }), ok.clone()).await;
        assert_eq!(pay(&bench, json!({ "id": ["A", "B"] })).await, None);
        assert_eq!(pay(&bench, json!({ "id": "C" })).await, Some(key), "one call is good for one");
    }
}

#[tokio::test]
async fn a_call_that_was_refused_uses_nothing_up() {
    let bench = bench("max_calls = 2\nafter = ['once find']\nonly_if = ['look:ok=true']");
    bench.make("find", json!({}), json!({})).await;
    assert_eq!(pay(&bench, json!({})).await, Some("only_if"));
    bench.make("look", json!({}), json!({ "ok": true })).await;
    assert_eq!(pay(&bench, json!({})).await, None);
    assert_eq!(pay(&bench, json!({ "page": 1 })).await, Some("after"));
    let other = super::sequence::bench("after = [['once find', 'look']]");
    other.make("find", json!({}), json!({})).await;
    other.make("look", json!({}), json!({})).await;
    for n in 0..3 {
        assert_eq!(pay(&other, json!({ "page": n })).await, None, "what is good for any number comes first");
    }
}
