#![expect(clippy::unwrap_used, reason = "tests")]

use abide_base::{
    call::{ToolName, ToolReply},
    id::RunId,
};
use abide_signatures::Fields;
use serde_json::{Value, json};

use super::given::has_token;
use crate::{
    policy::{Registry, Source},
    session::*,
};

const INPUT: Source = Source::Input { field: None };

fn session(request: &str) -> Session {
    let input = Fields::new().with("request", request);
    Session::new(RunId::random(), Mode::Live, &input)
}

fn from_input(request: &str, value: Value) -> bool {
    session(request).with_memory(|memory| memory.came_from(&[INPUT], &[], &value))
}

#[test]
fn a_word_counts_only_as_a_whole() {
    for (text, word) in [
        ("look up CUST1.", "CUST1"),
        ("(CUST1)", "CUST1"),
        ("id:CUST1, please", "CUST1"),
        ("#CUST1!", "CUST1"),
        ("to bob@corp.com, now", "bob@corp.com"),
        ("for Jane Doe please", "Jane Doe"),
        ("XCUST1 and CUST1", "CUST1"),
        ("aXaXa XaX", "XaX"),
        ("Grüße an Jürgen – bald", "Jürgen"),
        ("«CUST1»", "CUST1"),
    ] {
        assert!(has_token(text, word), "{word} in {text}");
    }
    for (text, word) in [
        ("CUST12", "CUST1"),
        ("XCUST1", "CUST1"),
        ("CUST1-ADMIN", "CUST1"),
        ("CUST1.evil.example", "CUST1"),
        ("CUST1_2", "CUST1"),
        ("evilbob@corp.com", "bob@corp.com"),
        ("bob@corp.com.evil.example", "bob@corp.com"),
        ("bob@corp.com", "corp.com"),
        ("https://corp.com/path/x", "path"),
        ("CUST1\u{301}", "CUST1"),
        ("CUST1\u{200d}X", "CUST1"),
        ("Jürgen", "rgen"),
        ("anything", ""),
        ("a , b", ","),
        ("x CUST1 y", " CUST1"),
        ("cust1", "CUST1"),
    ] {
        assert!(!has_token(text, word), "{word} in {text}");
    }
}

#[test]
fn numbers_count_by_what_they_are() {
    for (text, value) in [
        ("pay $50.00 now", json!(50)),
        ("pay 50,", json!(50.0)),
        ("1,234.50 EUR", json!(1234.5)),
        ("minus -5", json!(-5)),
        ("18446744073709551615", json!(u64::MAX)),
        ("50%", json!(50)),
    ] {
        assert!(from_input(text, value.clone()), "{value} in {text}");
    }
    for (text, value) in [
        ("pay 500", json!(50)),
        ("pay 1,5", json!(15)),
        ("pay 1234,500", json!(1_234_500)),
        ("pay 50.5", json!(50)),
        ("CUST50", json!(50)),
        ("5", json!(-5)),
        ("9007199254740993", json!(9_007_199_254_740_992_u64)),
        ("pay fifty", json!(50)),
    ] {
        assert!(!from_input(text, value.clone()), "{value} in {text}");
    }
}

#[test]
fn everything_inside_a_value_must_come_from_somewhere() {
    let text = "CUST1 and CUST2, 7";
    for value in [json!(["CUST1", ["CUST2"]]), json!([7, true, null]), json!({ "CUST1": 7 })] {
        assert!(from_input(text, value.clone()), "{value}");
    }
    for value in [
        json!(["CUST1", "CUST3"]),
        json!({ "a": { "b": "CUST3" } }),
        json!({ "evil@corp.com": true }),
        json!(["CUST1", [["CUST3"]]]),
    ] {
        assert!(!from_input(text, value.clone()), "{value}");
    }
}

#[test]
fn input_values_count_but_not_the_names_of_fields() {
    let input = Fields::new().with("secret_field", json!({ "inner_key": ["CUST1"] })).with("amount", 12);
    let session = Session::new(RunId::random(), Mode::Live, &input);
    let came = |value| session.with_memory(|memory| memory.came_from(&[INPUT], &[], &value));
    assert!(came(json!("CUST1")) && came(json!(12)));
    assert!(!came(json!("secret_field")) && !came(json!("inner_key")));
}

#[test]
fn a_named_field_of_the_input_vouches_alone() {
    let input = Fields::new().with("request", "pay AB12").with("mail", json!({ "body": "pay EV11" }));
    let session = Session::new(RunId::random(), Mode::Live, &input);
    let came = |source: &str, value: &str| {
        let sources = [source.parse().unwrap()];
        session.with_memory(|memory| memory.came_from(&sources, &[], &json!(value)))
    };
    assert!(came("input:request", "AB12") && came("input", "EV11") && came("input:mail", "EV11"));
    assert!(!came("input:request", "EV11") && !came("input:body", "EV11") && !came("input:other", "AB12"));
}

#[test]
fn the_keys_of_an_object_under_a_field_are_values_of_it() {
    let session = session("hello");
    let tool = ToolName::try_from("drive.files").unwrap();
    session.observe(&tool, &ToolReply::done(json!([{ "shared_with": { "ann@corp.example": "r" }, "owner": "bob" }])));
    let came = |source: &str, value: &str| {
        let sources = [source.parse().unwrap()];
        session.with_memory(|memory| memory.came_from(&sources, &[], &json!(value)))
    };
    assert!(came("drive.files:shared_with", "ann@corp.example") && came("drive.files", "ann@corp.example"));
    assert!(!came("drive.files:owner", "ann@corp.example"));
    assert!(!came("drive.files", "owner"), "the fields of a row are names, and nobody vouches for them");
}

#[test]
fn lists_of_the_boundary_and_of_the_run_vouch() {
    let (ours, theirs) = (Registry::new().with("payees", ["AB12"]), Registry::new().with("payees", ["CD34"]));
    let came = |source: &str, value: Value| {
        let sources = [source.parse().unwrap()];
        session("hello").with_memory(|memory| memory.came_from(&sources, &[&ours, &theirs], &value))
    };
    assert!(came("registry:payees", json!(["AB12", "CD34"])));
    assert!(!came("registry:payees", json!(["AB12", "EV11"])));
    assert!(!came("registry:others", json!("AB12")) && !came("input", json!("AB12")));
}

#[test]
fn only_the_named_tool_and_field_vouch() {
    let session = session("hello");
    let tool = ToolName::try_from("crm.recent").unwrap();
    let reply = ToolReply::done(json!({ "items": [{ "id": "A1", "note": "B2" }], "n": 5.0 }));
    session.observe(&tool, &reply);
    session.observe(&tool, &ToolReply::done(json!(["LOOSE1"])));
    let came = |source: &str, value: Value| {
        let sources = [source.parse().unwrap()];
        session.with_memory(|memory| memory.came_from(&sources, &[], &value))
    };
    assert!(came("crm.recent", json!("A1")) && came("crm.recent", json!("B2")));
    assert!(came("crm.recent:id", json!("A1")) && !came("crm.recent:id", json!("B2")));
    assert!(came("crm.recent:n", json!(5)) && came("crm.recent:n", json!("5")));
    assert!(!came("crm.other", json!("A1")) && !came("input", json!("A1")));
    assert!(!came("crm.recent", json!("LOOSE1")));
}

#[test]
fn a_flood_of_replies_is_not_remembered_and_vouches_for_nothing() {
    let session = session("hello");
    let tool = ToolName::try_from("crm.recent").unwrap();
    let flood = "x y ".repeat(1024 * 1024);
    for _ in 0..8 {
        session.observe(&tool, &ToolReply::done(json!({ "text": flood })));
    }
    session.observe(&tool, &ToolReply::done(json!({ "id": "LATE1", "text": flood })));
    let sources = ["crm.recent:text".parse().unwrap()];
    assert!(!session.with_memory(|m| m.came_from(&sources, &[], &json!("never said"))));
    assert!(session.with_memory(Memory::size) <= 16 * 1024 * 1024);
}

#[test]
fn debug_shows_nothing_of_what_was_said() {
    let session = session("my password is hunter2");
    assert!(!format!("{session:?}").contains("hunter2"));
}

#[test]
fn figures_are_looked_for_as_people_write_them() {
    let grouped = |request: &str| from_input(request, json!("DE8937040044"));
    assert!(grouped("Pay DE89 3704 0044\n12.50 EUR"));
    assert!(!grouped("Pay DE89 3704 0044\n0532 0130 00") && !grouped("Pay DE89 3704 0044  0532 0130 00"));
    assert!(!from_input("the code 1e6 and inf", json!(1_000_000)));
    assert!(from_input("1,000,000 items", json!(1_000_000)));
}

#[test]
fn many_values_and_long_ones_take_no_long_time() {
    let started = std::time::Instant::now();
    let request = format!("{}x", "1".repeat(200_000));
    assert!(!from_input(&request, json!(format!("{}2", "1".repeat(20_000)))));
    assert!(!from_input(&format!("CUST1 {request}"), json!(vec!["CUST1"; 20_000])));
    assert!(from_input(&format!("CUST1 {request}"), json!(vec!["CUST1"; 1_000])));
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

/// What must be kept in is more than what may choose.
#[test]
fn keys_of_the_input_are_kept_in_and_give_no_provenance() {
    let input = Fields::new().with("contacts", json!({ "ann@corp.example": 1, "given": "bob@corp.example" }));
    Session::new(RunId::random(), Mode::Live, &input).with_memory(|memory| {
        for (address, is_given) in [("ann@corp.example", false), ("bob@corp.example", true)] {
            assert_eq!(memory.came_from(&[INPUT], &[], &json!(address)), is_given, "{address}");
            assert!(memory.kept_of_input().is_in(Some("contacts"), &[address]), "{address}");
        }
    });
}

fn said(tool: &str, reply: Value, source: &str, value: Value) -> bool {
    let session = session("hello");
    session.observe(&ToolName::try_from(tool).unwrap(), &ToolReply::done(reply));
    session.with_memory(|memory| memory.came_from(&[source.parse().unwrap()], &[], &value))
}

#[test]
fn json_as_text_vouches_as_if_it_were_structured() {
    let rows = json!([{ "id": "A1", "owner": { "mail": "ann@corp.example" }, "note": "see B2", "n": 7 }]);
    for reply in
        [rows.clone(), json!(rows.to_string()), json!([rows.to_string()]), json!({ "result": rows.to_string() })]
    {
        let came = |source: &str, value: Value| said("crm.list", reply.clone(), source, value);
        assert!(came("crm.list:id", json!("A1")) && came("crm.list:mail", json!("ann@corp.example")), "{reply}");
        assert!(came("crm.list:n", json!(7)) && came("crm.list", json!(["A1", 7])), "{reply}");
        assert!(!came("crm.list:id", json!("B2")) && !came("crm.list:owner", json!("A1")), "{reply}");
    }
    // the text itself stays a value of the wrapper's field
    let text = rows.to_string();
    assert!(said("crm.list", json!({ "result": text }), "crm.list:result", json!(text)));
}

#[test]
fn json_that_users_write_into_a_field_vouches_for_no_other_field() {
    let mail = json!({ "id": "EVIL1", "sender": "eve@x.example" }).to_string();
    for reply in [
        json!({ "id": "M1", "body": mail }),
        json!(json!({ "id": "M1", "body": mail }).to_string()),
        json!([{ "id": "M1", "body": mail }]),
        json!({ "result": json!([{ "id": "M1", "body": mail }]).to_string() }),
        json!(format!("New mail: {mail}")),
    ] {
        let came = |source: &str, value: Value| said("mail.read", reply.clone(), source, value);
        assert!(!came("mail.read:id", json!("EVIL1")) && !came("mail.read", json!("eve@x.example")), "{reply}");
    }
    let failed = ToolReply::failed(json!({ "id": "A1" }).to_string());
    let (session, tool) = (session("hello"), ToolName::try_from("crm.list").unwrap());
    session.observe(&tool, &failed);
    assert!(!session.with_memory(|memory| memory.came_from(&["crm.list:id".parse().unwrap()], &[], &json!("A1"))));
}

#[test]
fn a_blank_text_needs_no_source_as_null_needs_none() {
    for value in [json!(""), json!(" "), json!(null), json!(["", "CUST1"]), json!({ "CUST1": "" })] {
        assert!(from_input("CUST1", value.clone()), "{value}");
    }
    for value in [json!("\n"), json!("\t"), json!("\u{200b}"), json!("\u{a0}"), json!(["", "CUST2"]), json!(0)] {
        assert!(!from_input("CUST1", value.clone()), "{value}");
    }
}
