//! Rules of fields inside arguments, and values that the input writes another way.

use super::super::tests::*;
use crate::policy::WrittenAs;

const FIELDS: &str = "arguments.id = { max_items = 9, payment_id = { from = ['profile:id', 'input'] }, amount = { min = 1, max = 500 }, \
                      tags = { enum = ['a', 'b'], max_items = 2 }, address = { country = { pattern = '[A-Z]{2}' } }, \
                      fields.min = { max = 5 } }";

fn bench(rules: &str) -> Bench {
    let text = format!(
        "[tools.profile]\nscopes = []\neffect = 'read'\n[tools.add]\nscopes = []\neffect = 'read'\n{rules}\n[limits]\ntool_calls = 99\n"
    );
    Bench::with(&text, Token(None), Mode::Live)
}

/// What refuses a call of `add` with this for `id`: the leaf, the rule, and where it stands in the boundary.
async fn refused(bench: &Bench, id: Value) -> Option<(String, String, String)> {
    let denied = match bench.call("add", json!({ "id": id })).await {
        Ok(_) => return None,
        Err(Unauthorized::Denied(denial)) => denial.first,
        Err(other) => panic!("{other:?}"),
    };
    let told = denied.model_json();
    let text = |key: &str| told["error"][key].as_str().unwrap_or_default().to_owned();
    let row = bench.rows.all().pop().unwrap();
    let is_of_argument = !text("argument").contains(['.', '[']) && text("rule") != "fields";
    assert_eq!(row.field, (!is_of_argument).then(|| text("argument")));
    Some((text("argument"), text("rule"), row.rule.unwrap()))
}

async fn knows_payments(rules: &str) -> Bench {
    let bench = bench(rules);
    bench.make("profile", json!({}), json!({ "payments": [{ "id": "PAY1" }, { "id": "PAY2", "note": "PAY9" }] })).await;
    bench
}

#[tokio::test]
async fn fields_are_decided_and_named_leaf_by_leaf() {
    for others in ["allow", "refuse"] {
        let bench = knows_payments(&format!("{FIELDS}\nother_arguments = '{others}'")).await;
        for good in [
            json!([{ "payment_id": "PAY1", "amount": 5 }, { "payment_id": "PAY2" }]),
            json!({ "payment_id": "CUST1", "amount": 20.5, "tags": ["a", "b"], "address": { "country": "DE" }, "min": 5 }),
            json!([[{ "payment_id": ["PAY1", "PAY2"] }]]),
            json!({ "payment_id": null, "address": null, "tags": [] }),
            json!({ "payment_id": "" }),
            json!([{}, null]),
            json!({}),
            json!(null),
        ] {
            assert_eq!(refused(&bench, good.clone()).await, None, "{good}");
        }
        for (bad, leaf, rule, place) in [
            (
                json!([{ "payment_id": "PAY1" }, { "payment_id": "PAY9" }]),
                "id[1].payment_id",
                "from",
                "id.payment_id.from",
            ),
            (json!([[{ "payment_id": ["PAY1", "PAY9"] }]]), "id[0][0].payment_id[1]", "from", "id.payment_id.from"),
            (json!({ "payment_id": { "PAY1": "PAY9" } }), "id.payment_id", "from", "id.payment_id.from"),
            (json!({ "amount": 501 }), "id.amount", "max", "id.amount.max"),
            (json!([{ "amount": 1 }, { "amount": "2" }]), "id[1].amount", "min", "id.amount.min"),
            (json!({ "tags": ["a", "c"] }), "id.tags[1]", "enum", "id.tags.enum"),
            (json!([{ "tags": ["a"] }, { "tags": ["a", "b", "a"] }]), "id[1].tags", "max_items", "id.tags.max_items"),
            (json!({ "address": { "country": "de" } }), "id.address.country", "pattern", "id.address.country.pattern"),
            (json!({ "address": "DE" }), "id.address", "fields", "id.address.fields"),
            (json!({ "min": 6 }), "id.min", "max", "id.fields.min.max"),
            (json!([{ "payment_id": "PAY1" }, "PAY1"]), "id[1]", "fields", "id.fields"),
            (json!("PAY1"), "id", "fields", "id.fields"),
            (json!("{\"payment_id\": \"PAY1\"}"), "id", "fields", "id.fields"),
            (json!(true), "id", "fields", "id.fields"),
            (json!([{}, { "paymentId": "PAY9" }]), "id[1].payment_id", "name", "id.payment_id"),
            (json!([{}, {}, {}, {}, {}, {}, {}, {}, {}, {}]), "id", "max_items", "id.max_items"),
        ] {
            let expected = (leaf.to_owned(), rule.to_owned(), format!("tools.\"add\".arguments.{place}"));
            assert_eq!(refused(&bench, bad.clone()).await, Some(expected), "{bad}");
        }
        let more = json!([{ "payment_id": "PAY1" }, { "note": { "to": "eve" } }]);
        let unlisted = ("id[1]".to_owned(), "other_arguments".to_owned(), "tools.\"add\".other_arguments".to_owned());
        assert_eq!(refused(&bench, more).await, (others == "refuse").then_some(unlisted), "{others}");
        assert_eq!(refused(&bench, json!({ "note": null, "more": "" })).await, None);
    }
}

#[tokio::test]
async fn a_name_that_is_written_another_way_is_told_how_to_write_it() {
    let bench = knows_payments(FIELDS).await;
    assert!(refused(&bench, json!([{ "paymentId": "PAY1" }])).await.is_some());
    let (events, _) = bench.finish();
    let said = "a name differs from `id[0].payment_id` in case or signs only: write `id[0].payment_id`";
    assert_eq!(events[0].detail, said);
}

#[tokio::test]
async fn every_rule_of_a_field_is_told_once() {
    let bench = knows_payments(FIELDS).await;
    let bad = json!([{ "payment_id": "PAY8", "amount": 0 }, { "payment_id": "PAY9", "amount": 600 }, { "tags": "x" }]);
    assert!(refused(&bench, bad).await.is_some());
    let (events, _) = bench.finish();
    let details: Vec<&str> = events.iter().map(|event| event.detail.as_str()).collect();
    assert_eq!(
        details,
        [
            "argument `id[0].amount` breaks the rule `min`",
            "argument `id[2].tags` breaks the rule `enum`",
            "argument `id[0].payment_id` breaks the rule `from`"
        ]
    );
}

#[tokio::test]
async fn a_rule_of_a_field_beside_one_for_the_whole_lets_nothing_more_through() {
    let whole = knows_payments("arguments.id = { from = ['profile:id'] }").await;
    let both = knows_payments(
        "arguments.id = { from = ['profile:id'], id = { from = ['input'] } }\nother_arguments = 'allow'",
    )
    .await;
    for value in [json!({ "id": "CUST1" }), json!({ "id": "PAY1" }), json!({ "PAY1": "PAY2" }), json!("PAY1")] {
        let (before, after) = (refused(&whole, value.clone()).await, refused(&both, value.clone()).await);
        assert!(before.is_none() || after.is_some(), "{value}");
    }
    assert!(refused(&both, json!({ "PAY1": "PAY2" })).await.is_none());
}

#[tokio::test]
async fn of_many_leaves_no_more_are_looked_for_than_a_call_may_have() {
    let bench = knows_payments(FIELDS).await;
    let row = json!({ "payment_id": "PAY1", "amount": 5, "address": { "country": "DE" } });
    let leaves = |count: usize| json!({ "payment_id": vec!["CUST1"; count] });
    assert_eq!(refused(&bench, leaves(1_024)).await, None);
    assert_eq!(refused(&bench, leaves(1_025)).await.unwrap().0, "id.payment_id[1024]", "too many to look for");
    assert_eq!(refused(&bench, leaves(20_000)).await.unwrap().0, "id.payment_id[1024]");
    assert_eq!(refused(&bench, json!([json!(vec![row; 3])])).await, None);
}

fn with_input(rules: &str, input: &str) -> Bench {
    let mut bench = bench(rules);
    bench.session =
        Session::new(bench.session.run(), Mode::Live, &Fields::new().with("request", input).with("mail", "June 5"));
    bench
}

#[tokio::test]
async fn what_the_input_writes_another_way_counts_where_the_rule_says_so_and_the_row_says_how() {
    let rules = "arguments.name = { from = ['input:request'], as = 'date' }\n\
                 arguments.id.seats = { from = ['input:request'], as = 'number' }\narguments.title = { from = ['input:request'] }";
    let bench = with_input(rules, "Book a table for twenty-five on May 26, please");
    let call = json!({ "name": "2024-05-26", "id": [{ "seats": 25 }], "title": "table" });
    assert!(bench.call("add", call).await.is_ok());
    let row = bench.rows.all().pop().unwrap();
    let read_as = [("id.seats".to_owned(), WrittenAs::Words), ("name".to_owned(), WrittenAs::MonthDay)];
    assert_eq!(row.read_as, read_as.into_iter().collect());
    assert_eq!(serde_json::to_value(&row).unwrap()["read_as"], json!({ "id.seats": "words", "name": "month_day" }));
    for (arguments, leaf) in [
        (json!({ "name": "2024-05-27" }), "name"),
        (json!({ "name": "2024-06-05" }), "name"),
        (json!({ "id": { "seats": 20 } }), "id.seats"),
        (json!({ "title": "2024-05-26" }), "title"),
    ] {
        let Err(Unauthorized::Denied(Denial { first: denied, .. })) = bench.call("add", arguments).await else {
            panic!("{leaf}")
        };
        assert_eq!((denied.kind, denied.argument.as_deref()), (EventKind::ProvenanceDenied, Some(leaf)));
    }
    // what stands there as it is needs no reading
    assert!(bench.call("add", json!({ "name": "May 26" })).await.is_ok());
    let row = serde_json::to_value(bench.rows.all().pop().unwrap()).unwrap();
    assert_eq!(row.get("read_as"), None);
}
