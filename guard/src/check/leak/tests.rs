#![expect(clippy::unwrap_used, reason = "tests")]

use abide_base::{
    call::{ToolCall, ToolReply},
    id::RunId,
    secret::{Redactor, Secret},
};
use abide_signatures::Fields;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::super::{asked::Asked, leak::*};
use crate::{Mode, RuleId, Session, policy::Policy, text::decodings::normalize};

const RULES: &str = r#"
[tools."crm.post"]
scopes = []
effect = "external"
other_arguments = "allow"
no_egress = ["sensitive:account", "crm.read:email", "crm.read:notes", "input:draft"]

[tools."crm.read"]
scopes = []
effect = "read"

[sensitive.account]
pattern = "DE[0-9]{20}"
from = ["crm.read:card"]

[canaries]
values = ["honey-4711-pot"]
"#;

fn carried_by(arguments: Value) -> Option<&'static str> {
    let policy = rules();
    let input = Fields::new().with("draft", "the plan is to buy the harbour next week").with("request", "publish it");
    let session = Session::new(RunId::random(), Mode::Live, &input);
    let read = ToolCall { tool: "crm.read".try_into().unwrap(), arguments: Default::default() };
    let reply = json!({
        "email": "ann.lee@mail.example",
        "card": "4111 1111 1111 1111",
        "notes": "She is unhappy about the late delivery of the grey sofa.",
        "id": "A1",
    });
    session.answered(&policy, &read, &ToolReply::done(reply));
    // a reply of text alone, JSON in a text, a list, and an error
    let text = json!(r#"{"email": "x@y.example", "card": ["FR76 3000 6000 0112 3456 7890 189"]}"#);
    session.answered(&policy, &read, &ToolReply::done(text));
    session.answered(&policy, &read, &ToolReply::failed(json!({ "notes": "no record 77-1234-99" })));
    denied(&policy, &session, arguments)
}

fn denied(policy: &Policy, session: &Session, arguments: Value) -> Option<&'static str> {
    let Value::Object(arguments) = arguments else { return None };
    let tool =
        ["crm.post", "t"].map(|name| name.try_into().unwrap()).into_iter().find(|tool| policy.tool(tool).is_some());
    let call = ToolCall { tool: tool.unwrap(), arguments };
    let rule = policy.tool(&call.tool).unwrap();
    let mut denials = Vec::new();
    let redactor = Redactor::new();
    redactor.keep(&Secret::new("the-clients-secret-9000".to_owned()));
    check(&Asked { policy, redactor: &redactor, rule, call: &call, session, tool: None }, &mut denials);
    denials.first().and_then(|denied| denied.rule).map(RuleId::as_str)
}

fn rules() -> Policy {
    loaded(RULES)
}

fn loaded(rules: &str) -> Policy {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("boundary.toml");
    std::fs::write(&file, rules).unwrap();
    Policy::load(&file).unwrap()
}

#[test]
fn what_is_kept_in_does_not_go_out_however_it_is_written() {
    let hex: String = "ann.lee@mail.example".bytes().map(|b| format!("{b:02x}")).collect();
    for text in [
        "DE89370400440532013000".to_owned(),
        "pay DE89 3704 0044 0532 0130 00 now".to_owned(),
        "DE89-3704-0044-0532-0130-00".to_owned(),
        "4111111111111111".to_owned(),
        "card 4111-1111-1111-1111".to_owned(),
        "ann.lee@mail.example".to_owned(),
        "ANN.LEE@MAIL.EXAMPLE".to_owned(),
        "a n n . l e e @ m a i l . e x a m p l e".to_owned(),
        "https://evil.example/?m=ann.lee%40mail.example".to_owned(),
        STANDARD.encode("ann.lee@mail.example"),
        URL_SAFE_NO_PAD.encode("to: ann.lee@mail.example"),
        hex,
        "unhappy about the late delivery of something".to_owned(),
        "Unhappy about the LATE delivery!".to_owned(),
        "plan is to buy the harbour".to_owned(),
        "DE89 3704 0044 0532 0130 00".to_owned(),
        "4111 - 1111 - 1111 - 1111".to_owned(),
        "de89370400440532013000".to_owned(),
        "DE89_3704_0044_0532_0130_00".to_owned(),
        "D\u{200b}E89370400440532013000".to_owned(),
        "\u{ff14}\u{ff11}\u{ff11}\u{ff11}111111111111".to_owned(),
        "%FF ann.lee%40mail.example".to_owned(),
        format!(
            "{}\n{}",
            &STANDARD.encode("ann.lee@mail.example")[..12],
            &STANDARD.encode("ann.lee@mail.example")[12..]
        ),
        STANDARD.encode("\0ann.lee@mail.example"),
        // the last letter says more than the bytes need
        STANDARD.encode("ann.lee@mail.example").replace("bGU=", "bGV"),
        "ann.lee@mail.example".bytes().map(|b| format!("0x{b:02x} ")).collect(),
        "FR7630006000011234567890189".to_owned(),
        "ref 77-1234-99".to_owned(),
    ] {
        assert_eq!(carried_by(json!({ "text": text })), Some("no_egress"), "{text}");
        assert_eq!(carried_by(json!({ "deep": { "list": [{ "x": text }] } })), Some("no_egress"), "{text}");
        assert_eq!(carried_by(json!({ "deep": { text.as_str(): 1 } })), Some("no_egress"), "{text} as a key");
    }
    assert_eq!(carried_by(json!({ "number": 4111111111111111_u64 })), Some("no_egress"));
    for text in ["the delivery is late", "publish it", "A1", "DE12", "call ann"] {
        assert_eq!(carried_by(json!({ "text": text })), None, "{text}");
    }
}

#[test]
fn secrets_and_planted_values_leave_by_no_tool() {
    for text in ["the-clients-secret-9000", "AKIAIOSFODNN7EXAMPLE"] {
        for written in [text.to_owned(), STANDARD.encode(text), format!("x={}", text.replace('-', "%2D"))] {
            assert_eq!(carried_by(json!({ "a": written })), Some("secret"), "{written}");
        }
        assert_eq!(carried_by(json!({ text: 1 })), Some("secret"), "{text} as a name");
    }
    for text in ["honey-4711-pot", "HONEY 4711 POT", "honey4711pot!"] {
        assert_eq!(carried_by(json!({ "a": [text] })), Some("canaries"), "{text}");
    }
}

/// The worst decides, wherever it stands: what somebody may lift must not carry along what nobody may.
#[test]
fn a_secret_behind_a_kept_value_is_still_a_secret() {
    for list in [
        json!(["ann.lee@mail.example", "AKIAIOSFODNN7EXAMPLE"]),
        json!({ "ann.lee@mail.example": "xAKIAIOSFODNN7EXAMPLE" }),
        json!(["ann.lee@mail.example", "honey-4711-pot", "the-clients-secret-9000"]),
    ] {
        assert_eq!(carried_by(json!({ "a": list })), Some("secret"), "{list}");
    }
    assert_eq!(carried_by(json!({ "a": ["ann.lee@mail.example", "honey-4711-pot"] })), Some("canaries"));
}

/// Whether what a tool has said goes out where a rule keeps it in.
fn goes_out(keep: &str, reply: Value, argument: &str) -> bool {
    let input = json!({ "bob@corp.example": 1, "who": "nobody" });
    let rules = format!(
        "[tools.src]\nscopes = []\neffect = \"read\"\n[tools.t]\nscopes = []\neffect = \"external\"\nno_egress = [\"{keep}\"]\n\
         [sensitive.card]\npattern = '\\b[0-9]{{16}}\\b'\n[canaries]\nvalues = [\"honey-4711-pot\"]\n"
    );
    let policy = loaded(&rules);
    let session = Session::new(RunId::random(), Mode::Live, &Fields::new().with("contacts", input));
    let read = ToolCall { tool: "src".try_into().unwrap(), arguments: Default::default() };
    session.answered(&policy, &read, &ToolReply::done(reply));
    denied(&policy, &session, json!({ "text": argument })).is_none()
}

const IBAN: &str = "DE89370400440532013000";

#[test]
fn a_value_counts_for_every_key_above_it() {
    for (keep, reply) in [
        ("src:customer", json!({ "customer": { "iban": IBAN } })),
        ("src:iban", json!({ "customer": { "iban": IBAN } })),
        ("src:note", json!({ "note": format!(r#"{{"a": "{IBAN}"}}"#) })),
        ("src:a", json!({ "note": format!(r#"{{"a": "{IBAN}"}}"#) })),
        ("src", json!(format!(r#"{{"a": "{IBAN}", "a": "x"}}"#))),
        ("src:iban", json!(format!("{{\"iban\": \"x\"}}\n{{\"iban\": \"{IBAN}\"}}\n"))),
    ] {
        assert!(!goes_out(keep, reply.clone(), IBAN), "{keep} of {reply}");
    }
    assert!(goes_out("src:other", json!({ "customer": { "iban": IBAN }, "other": 1 }), IBAN));
    assert!(!goes_out("input:contacts", json!({}), "bob@corp.example"));
}

#[test]
fn values_in_tables_and_addresses_are_kept_in() {
    let long = "z7".repeat(400);
    for (reply, value) in [
        (format!("name,iban\nann,{IBAN},100\n"), IBAN),
        (format!("IBAN:{IBAN}"), IBAN),
        (format!("iban_{IBAN}"), IBAN),
        (format!("|ann|{IBAN}|12|"), IBAN),
        ("ann,DE89 3704 0044 0532 0130 00,100".to_owned(), IBAN),
        ("Ann<ann@corp.example>".to_owned(), "ann@corp.example"),
        ("https://corp.example/?token=abcdef123456".to_owned(), "abcdef123456"),
        (long.clone(), long.as_str()),
        (format!("{long} {long} {long}"), long.as_str()),
    ] {
        assert!(!goes_out("src", json!(reply), value), "{value} of {reply}");
    }
    for (reply, value) in [("name,however,place", "however"), ("sha256-sum, base64-text", "sha256 and base64")] {
        assert!(goes_out("src", json!(reply), value), "{value} of {reply}");
    }
}

#[test]
fn what_is_encoded_is_found_wherever_it_begins() {
    let hex: String = IBAN.bytes().map(|b| format!("{b:02x}")).collect();
    let dotted: Vec<String> = IBAN.bytes().map(|b| format!("{b:02x}")).collect();
    let base64 = STANDARD.encode(IBAN);
    for text in [
        format!("id-{base64}"),
        format!("x{base64}"),
        format!("xy{base64}"),
        format!("see\n{}\n{}", &base64[..12], &base64[12..]),
        format!("see this\n{}\n{}", &base64[..12], &base64[12..]),
        format!("data: {hex}"),
        format!("id {hex}"),
        dotted.join("."),
        dotted.join("="),
        dotted.join(" | "),
    ] {
        assert!(!goes_out("src:iban", json!({ "iban": IBAN }), &text), "{text}");
    }
    for (text, rule) in [("AKIAIOSFODNN7EXAMPLE1 key", "secret"), ("honey-4711-pot", "canaries")] {
        for before in ["/", "id", "abc", "see: "] {
            let text = format!("{before}{}", STANDARD.encode(text));
            assert_eq!(carried_by(json!({ "a": text })), Some(rule), "{text}");
        }
    }
}

#[test]
fn quotations_need_no_blanks() {
    let said = "By the way: the secret merger with Globex closes on Friday, they say. See https://www.corp.example/a for more.";
    for text in [
        "the_secret_merger_with_Globex_closes_on_friday",
        "thesecretmergerwithglobexcloses",
        "The-Secret-Merger-With-Globex",
    ] {
        assert!(!goes_out("src", json!(said), text), "{text}");
    }
    let joined = "the_secret_merger_with_Globex_closes";
    assert!(!goes_out("src", json!(joined), "Secret merger with Globex closes!"));
    for text in ["the merger of Globex is no secret", "https://www.corp.example/b", "closes on Friday, they"] {
        assert!(goes_out("src", json!(said), text), "{text}");
    }
    let said = "お知らせ：グローベックス社との秘密の合併は金曜日に完了する予定です。来週まで誰にも言わないでください。";
    assert!(!goes_out("src", json!(said), "実は、秘密の合併は金曜日に完了する予定らしい"));
    assert!(goes_out("src", json!(said), "合併は来週に完了する予定です"));
}

#[test]
fn patterns_match_numbers_however_they_are_grouped() {
    for text in ["card 4111 1111 1111 1111 x", "card 4111-1111-1111-1111 x", "card 4111 \u{2013} 1111\u{a0}11111111 x"]
    {
        assert!(!goes_out("sensitive:card", json!({}), text), "{text}");
    }
    let wide = "４１１１１１１１１１１１１１１１";
    assert!(!goes_out("sensitive:card", json!({}), wide));
    for text in ["1111, 2222, 3333, 4444 x", "411111111111111", "41111111111111111"] {
        assert!(goes_out("sensitive:card", json!({}), text), "{text}");
    }
}

fn has_a(pattern: &str, text: &str) -> bool {
    let rules = format!(
        "[tools.t]\nscopes = []\neffect = \"external\"\nno_egress = [\"sensitive:a\"]\n[sensitive.a]\npattern = '{pattern}'\n"
    );
    let policy = loaded(&rules);
    let session = Session::new(RunId::random(), Mode::Live, &Fields::new());
    denied(&policy, &session, json!({ "text": text })).is_some()
}

#[test]
fn patterns_find_no_number_in_prose_lists_and_dates() {
    const SHORT_IBAN: &str = "[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}";
    const CARD: &str = "[0-9]{4} ?[0-9]{4} ?[0-9]{4} ?[0-9]{4}";
    const LONG_IBAN: &str = "[A-Z]{2}[0-9]{14,30}";
    for text in [
        "Dear Ann, see you at 10 please bring documents",
        "Prices: 1,200; 3,400; 5,600; 7,800",
        "Meeting 2026-11-23 10:30 - 2026-11-23 11:30",
        "from 2026-11-23T10:30:00Z/2026-11-24T10:30:00Z, 23.11.2026 24.11.2026",
        "a,1200,3400,5600,7800",
        "1. 2. 3. 4. 5. 6. 7. 8. 9. 10. 11. 12. 13. 14.",
        "1) 2) 3) 4) 5) 6) 7) 8) 9) 10) 11) 12) 13) 14)",
        "10% 20% 30% 40% 50% 60% 70% 80%, $1200 $3400 $5600 $7800",
        "https://corp.example/report2026-summary-of-the-year",
        "1200\n3400\n5600\n7800",
    ] {
        for pattern in [SHORT_IBAN, CARD, LONG_IBAN] {
            assert!(!has_a(pattern, text), "{pattern} in {text}");
        }
    }
    for text in [
        "DE89 3704 0044 0532 0130 00",
        "de89 3704 0044 0532 0130 00",
        "Dear Ann, pay DE 89 3704 0044 0532 0130 00 please",
        "iban de89-3704-0044-0532-0130-00.",
        "DE89.3704.0044.0532.0130.00",
    ] {
        assert!(has_a(SHORT_IBAN, text) && has_a(LONG_IBAN, text), "{text}");
        assert!(has_a("^x|DE[0-9]{20}", text), "{text}");
    }
    assert!(has_a(SHORT_IBAN, "gb82 west 1234 5698 7654 32"));
    for text in [
        "4111-1111-1111-1111",
        "4111 1111 1111 1111",
        "card 4111 1111 1111 1111 x",
        "4111 - 1111 \u{2013} 1111 - 1111",
        "4111_1111/1111.1111",
        "4111\u{3164}1111\u{3164}1111\u{3164}1111",
        "4111\u{115f}1111\u{115f}1111\u{115f}1111",
    ] {
        assert!(has_a(CARD, text) && has_a("^.*\\b[0-9]{16}\\b", text), "{text}");
        assert!(!goes_out("src:card", json!({ "card": "4111 1111 1111 1111" }), text), "{text}");
    }
}

/// Texts that are nearly one number all along: a test that hangs fails.
#[test]
fn long_texts_for_patterns_take_no_time() {
    for piece in ["1 ", "a1-", "a", "2026-11-", ": ", "x 1 ", "sk-", "SG."] {
        assert!(!has_a("[A-Z]{3}[0-9]{3}Z", &piece.repeat(200_000 / piece.len())), "{piece}");
    }
}

#[test]
fn invisible_letters_hide_nothing() {
    for filler in ['\u{3164}', '\u{115f}', '\u{ffa0}', '\u{200b}'] {
        for (text, rule) in [("honey-4711-pot", "canaries"), ("AKIAIOSFODNN7EXAMPLE", "secret")] {
            let text = text.replace('-', &filler.to_string()).replace("OSF", &format!("O{filler}SF"));
            assert_eq!(carried_by(json!({ "a": text })), Some(rule), "{text}");
        }
    }
}

#[test]
fn json_that_is_broken_counts_for_every_field() {
    let card = r#""card": "4111 1111 1111 1111""#;
    let quoted = serde_json::to_string(&format!("{{{card}}}")).unwrap();
    for reply in [
        format!(r#"{{"n": 1e999, {card}}}"#),
        format!("\u{feff}{{{card}}}"),
        format!(r#"{{"n": NaN, {card}}}"#),
        format!("{{{card},}}"),
        format!("{{\"n\": 1}},\n{{{card}}}"),
        "{'n': None, 'card': '4111 1111 1111 1111'}".to_owned(),
        format!("\u{feff}{quoted}"),
        quoted,
    ] {
        assert!(!goes_out("src:card", json!(reply), "4111111111111111"), "{reply}");
        assert!(!goes_out("src:card", json!({ "text": reply }), "4111111111111111"), "{reply} in a field");
    }
    for said in ["\"Thanks a lot for all your help\" she said", "[Note] thanks a lot for all your help", "{}"] {
        assert!(goes_out("src:card", json!({ "card": "x", "note": said }), "Thanks a lot for all your help"), "{said}");
    }
}

#[test]
fn figures_of_bytes_are_read_however_they_are_marked() {
    for written in [
        IBAN.bytes().map(|b| format!("0X{b:02X},")).collect::<String>(),
        IBAN.bytes().map(|b| format!("x{b:02x},")).collect(),
        IBAN.bytes().map(|b| format!("{b:02x}h,")).collect(),
    ] {
        assert!(!goes_out("src", json!(IBAN), &written), "{written}");
    }
    assert!(!goes_out("src", json!("Ref ab12 cd34 ef56 gh78"), "AB12CD34EF56GH78"));
}

/// Values that begin alike, and a text that decodes to their beginning again and again: a test that hangs fails.
#[test]
fn values_that_begin_alike_take_no_time() {
    let other =
        "[tools.\"crm.other\"]\nscopes = []\neffect = \"external\"\nno_egress = [\"crm.read:other\"]\n\n[canaries]";
    let policy = loaded(&RULES.replace("[canaries]", other));
    let session = Session::new(RunId::random(), Mode::Live, &Fields::new());
    let read = ToolCall { tool: "crm.read".try_into().unwrap(), arguments: Default::default() };
    let values: Vec<Value> = (0..40_000).map(|n| json!({ "notes": format!("aaaaaa{n:08}") })).collect();
    session.answered(&policy, &read, &ToolReply::done(values));
    assert_eq!(denied(&policy, &session, json!({ "text": "YWFhYWFh ".repeat(10_000) })), None);
    // each but the last begins the next, and none is of a field that is kept in here: a long text of them takes too many comparisons to
    // tell
    let others: Vec<Value> = (6..500).map(|n| json!({ "other": "b".repeat(n) })).collect();
    session.answered(&policy, &read, &ToolReply::done(others));
    assert_eq!(denied(&policy, &session, json!({ "text": "b".repeat(40) })), None);
    let texts = vec!["b".repeat(10_000); 5];
    assert_eq!(denied(&policy, &session, json!({ "text": texts })), Some("no_egress"));
}

/// Many values in memory, many texts in a call: a test that hangs fails.
#[test]
fn many_values_and_many_texts_take_no_time() {
    let policy = rules();
    let session = Session::new(RunId::random(), Mode::Live, &Fields::new());
    let tool: abide_base::call::ToolName = "crm.read".try_into().unwrap();
    let values: Vec<Value> = (0..20_000).map(|n| json!({ "notes": format!("aaaaaa{n:08}") })).collect();
    let read = ToolCall { tool, arguments: Default::default() };
    session.answered(&policy, &read, &ToolReply::done(values));
    let texts: Vec<String> = (0..2_000).map(|n| format!("aaaaab{n}")).collect();
    assert_eq!(denied(&policy, &session, json!({ "list": texts })), None);
}

/// What did not fit into the memory could be anywhere.
#[test]
fn a_full_memory_lets_nothing_out() {
    let policy = rules();
    let session = Session::new(RunId::random(), Mode::Live, &Fields::new());
    let read = ToolCall { tool: "crm.read".try_into().unwrap(), arguments: Default::default() };
    for page in 0..40 {
        let values: Vec<Value> = (0..4_000).map(|n| json!({ "notes": format!("{page}-{n}-filler-text") })).collect();
        session.answered(&policy, &read, &ToolReply::done(values));
    }
    assert_eq!(denied(&policy, &session, json!({ "text": "harmless" })), Some("no_egress"));
}

#[test]
fn what_stands_under_other_fields_fills_no_memory() {
    let prose: String = (0..100_000).map(|n| format!("word{n} said so. ")).collect();
    let reply = json!({ "note": prose, "card": "4111 1111 1111 1111", "more": "{\"card\": \"5500 0000 0000 0004\"}" });
    assert!(goes_out("src:card", reply.clone(), "Hello Ann, thanks a lot."));
    assert!(!goes_out("src:card", reply.clone(), "4111111111111111"));
    assert!(!goes_out("src:card", reply.clone(), "5500000000000004"));
    assert!(goes_out("src:card", reply.clone(), "word77 said so. word78 said so. word79 said so."));
    assert!(!goes_out("src", reply, "Hello Ann, thanks a lot."), "all of it is too much");
}

#[test]
fn marks_make_no_other_letter() {
    for (one, other) in [
        ("hẗaem", "HT\u{308}AEM"),
        ("resume", "RÉSUMÉ"),
        ("istanbul", "İSTANBUL"),
        ("한국어", "\u{1112}\u{1161}\u{11ab}국어"),
    ] {
        assert_eq!(normalize(one), normalize(other), "{one}");
    }
    assert!(!goes_out("src", json!("exao AKe ht\u{308}aem"), "EXAO AKE HT\u{308}AEM"));
}
