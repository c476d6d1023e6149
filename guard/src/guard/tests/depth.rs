//! Rules of sequence, counts and sources against a model that spells things another way.

use async_trait::async_trait;

use super::super::tests::*;

fn rules(tool: &str) -> String {
    format!(
        "[tools.verify]\nscopes = []\neffect = \"read\"\nother_arguments = \"allow\"\n\
         [tools.add]\nscopes = []\neffect = \"external\"\nother_arguments = \"allow\"\n{tool}\n\
         [sensitive.card]\npattern = \"[0-9]{{16}}\"\n[limits]\ntool_calls = 50\noutgoing_bytes = 200\n"
    )
}

fn bench(tool: &str) -> Bench {
    Bench::with(&rules(tool), Token(None), Mode::Live)
}

async fn add(bench: &Bench, arguments: Value) -> Result<(), EventKind> {
    match bench.call("add", arguments).await {
        Ok(_) => Ok(()),
        Err(Unauthorized::Denied(denial)) => Err(denial.first.kind),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_comes_before_is_about_the_same_and_holds_still() {
    let bench = bench("only_if = ['verify(id):ok=true']");
    for arguments in [json!({}), json!({ "id": null }), json!({ "id": "A" })] {
        assert_eq!(add(&bench, arguments).await, Err(EventKind::SequenceDenied));
    }
    bench.make("verify", json!({ "id": null }), json!({ "ok": true })).await;
    bench.make("verify", json!({ "id": "A" }), json!({ "ok": true })).await;
    bench.make("verify", json!({ "id": "B" }), json!({ "ok": "true" })).await;
    bench.make("verify", json!({ "id": "C" }), json!({ "deep": { "ok": true } })).await;
    for arguments in [json!({}), json!({ "id": null }), json!({ "id": "B" }), json!({ "id": "C" }), json!({ "id": [] })]
    {
        assert_eq!(add(&bench, arguments).await, Err(EventKind::SequenceDenied));
    }
    assert_eq!(add(&bench, json!({ "id": ["A"] })).await, Ok(()));
    assert_eq!(add(&bench, json!({ "id": "A", "page": 1 })).await, Ok(()));
    bench.make("verify", json!({ "id": "A", "page": 2 }), json!({ "ok": false })).await;
    assert_eq!(add(&bench, json!({ "id": "A", "page": 3 })).await, Err(EventKind::SequenceDenied));
}

#[tokio::test]
async fn an_answer_that_nobody_saw_takes_back_what_was_verified() {
    let verify = "[tools.verify]\nscopes = []\neffect = \"read\"\nother_arguments = \"allow\"\n";
    for (rule, reply) in [
        ("reply = { max_bytes = 20 }\n", ToolReply::done(json!({ "ok": false, "why": "a long explanation" }))),
        ("", ToolReply::failed(json!({ "ok": true }))),
    ] {
        let rules = rules("only_if = ['verify(id):ok=true']").replace(verify, &format!("{verify}{rule}"));
        let bench = Bench::with(&rules, Token(None), Mode::Live);
        bench.make("verify", json!({ "id": "A" }), json!({ "ok": true })).await;
        let _shown = bench.make_with("verify", json!({ "id": "A", "page": 2 }), reply).await;
        assert_eq!(add(&bench, json!({ "id": "A" })).await, Err(EventKind::SequenceDenied), "{rule}");
    }
}

#[tokio::test]
async fn what_excludes_a_call_does_so_however_it_is_written() {
    for (verified, wanted) in [
        (json!({ "id": "P1" }), json!({ "id": "p1 " })),
        (json!({ "id": "P1" }), json!({ "id": ["P1"] })),
        (json!({ "id": "P1" }), json!({})),
        (json!({}), json!({ "id": "P1" })),
        (json!({ "id": 5 }), json!({ "id": 5.0 })),
        (json!({ "id": 5 }), json!({ "id": "5" })),
        (json!({ "id": "P1, P3" }), json!({ "id": "P1" })),
        (json!({ "id": "P1" }), json!({ "id": "One <P1>" })),
        (json!({ "id": "P1" }), json!({ "id": "P%31" })),
        (json!({ "id": "P1/P3" }), json!({ "id": "P1" })),
        (json!({ "id": "P1" }), json!({ "id": "id:P1" })),
        (json!({ "id": "Ann Lee, Bob Ray" }), json!({ "id": "bob ray" })),
    ] {
        let bench = bench("never_with = [\"verify(id)\"]");
        bench.make("verify", verified.clone(), json!({})).await;
        assert_eq!(add(&bench, wanted.clone()).await, Err(EventKind::SequenceDenied), "{verified} {wanted}");
        assert_eq!(add(&bench, json!({ "id": "Q2" })).await.is_err(), verified == json!({}), "{verified}");
    }
}

#[tokio::test]
async fn what_only_has_another_in_it_is_another() {
    for (verified, wanted) in [
        ("CUST1", "CUST10 and more"),
        ("Ann", "Anna Leeds"),
        ("1", "Order 12"),
        ("12345678901234567890", "12345678901234567891"),
    ] {
        let bench = bench("never_with = [\"verify(id)\"]");
        bench.make("verify", json!({ "id": verified }), json!({})).await;
        assert_eq!(add(&bench, json!({ "id": wanted })).await, Ok(()), "{verified} {wanted}");
    }
}

#[tokio::test]
async fn what_was_verified_is_taken_back_in_other_words_too() {
    for back in [json!("a"), json!(["A"]), json!("A, B"), json!(null)] {
        let bench = bench("only_if = ['verify(id):ok=true']");
        bench.make("verify", json!({ "id": "A" }), json!({ "ok": true })).await;
        bench.make("verify", json!({ "id": "C" }), json!({ "ok": false })).await;
        assert_eq!(add(&bench, json!({ "id": "A" })).await, Ok(()));
        bench.make("verify", json!({ "id": back }), json!({ "ok": false })).await;
        assert_eq!(add(&bench, json!({ "id": "A", "page": 2 })).await, Err(EventKind::SequenceDenied), "{back}");
    }
}

#[tokio::test]
async fn a_list_in_one_text_counts_as_a_list() {
    let bench = bench("arguments.id = { max_items = 2 }\ndistinct = { argument = \"id\", max = 2 }");
    assert_eq!(add(&bench, json!({ "id": "C-1, C-2" })).await, Ok(()));
    assert_eq!(add(&bench, json!({ "id": "C-2" })).await, Ok(()));
    assert_eq!(add(&bench, json!({ "id": "C-3" })).await, Err(EventKind::BulkAccess));
    for three in [
        "C-1;C-2;C-3",
        "C-1, <C-2>, \"C-3\",",
        "1001,1002,1003",
        "101, 102, 103",
        "C-1|C-2|C-3",
        "C-1\tC-2\rC-3",
        "C-1、C-2，C-3",
        "C-1\n\nC-2\nC-3",
    ] {
        assert_eq!(add(&bench, json!({ "id": three })).await, Err(EventKind::ArgumentDenied), "{three}");
    }
    let many = json!({ "id": { "C-1": 1, "C-2": 2, "C-3": 3 } });
    assert_eq!(add(&bench, many).await, Err(EventKind::ArgumentDenied));
    for one in ["C-1,", "C-1 ;", " C-2"] {
        assert_eq!(add(&bench, json!({ "id": one })).await, Ok(()), "{one}");
    }
}

#[tokio::test]
async fn names_and_truths_are_text_that_is_sent() {
    let bench = bench("");
    assert_eq!(add(&bench, json!({ "id": vec![true; 60] })).await, Err(EventKind::OutgoingLimit));
    assert_eq!(add(&bench, json!({ "id": "short" })).await, Ok(()));
}

#[tokio::test]
async fn the_same_write_is_the_same_however_its_numbers_are_written() {
    let bench = bench("");
    assert_eq!(add(&bench, json!({ "amount": 100 })).await, Ok(()));
    for again in [json!({ "amount": 100.0 }), json!({ "amount": 100, "id": null })] {
        assert_eq!(add(&bench, again).await, Err(EventKind::RedundantCall));
    }
}

#[tokio::test]
async fn a_recorded_stand_in_is_screened_like_a_reply() {
    let rules = rules("reply = { hide = [\"card\"] }\ndry_run = { card = \"4111111111111111\", ok = true }");
    let bench = Bench::with(&rules, Token(None), Mode::DryRun);
    let Authorized::DryRun(shown) = bench.call("add", json!({})).await.unwrap() else { panic!("a dry run") };
    assert_eq!(shown, json!({ "card": "{hidden}", "ok": true }));
}

#[tokio::test]
async fn a_stand_in_hides_what_it_is_itself_the_source_of() {
    let rules = "[tools.add]\nscopes = []\neffect = \"external\"\nreply = { hide = [\"own\"] }\n\
                 dry_run = { card = \"4111111111111111\", ok = true }\n[sensitive.own]\nfrom = [\"add:card\"]\n";
    let bench = Bench::with(rules, Token(None), Mode::DryRun);
    let Authorized::DryRun(shown) = bench.call("add", json!({})).await.unwrap() else { panic!("a dry run") };
    assert!(!shown.to_string().contains("4111111111111111"), "{shown}");
}

#[tokio::test]
async fn a_secret_as_the_name_of_a_tool_is_written_down_nowhere() {
    let bench = bench("");
    for secret in ["AKIAIOSFODNN7EXAMPLE", "crm.s3cr3t-of-crm"] {
        assert_eq!(kind(bench.call_as(secret, json!({}), None).await), EventKind::UnknownTool);
    }
    let text = serde_json::to_string(&bench.rows.all()).unwrap();
    assert!(text.contains("-hidden-"), "{text}");
    let (events, _) = bench.finish();
    let text = format!("{text}{events:?}");
    assert!(!text.contains("AKIA") && !text.contains("s3cr3t"), "{text}");
}

#[tokio::test]
async fn names_that_a_model_makes_up_reach_no_audit() {
    let bench = bench("");
    let open = ToolSpec::new("add".try_into().unwrap(), "", json!({ "type": "object" }), None);
    let secret = "AKIAIOSFODNN7EXAMPLE";
    let long = format!("{secret} {}", "z".repeat(2_000_000));
    let call = wanted("add", json!({ secret: 1, long: 2, "plain": 3 }));
    assert!(bench.guard.authorize(call, Some(&open), &bench.session, &bench.log).await.is_err());
    let text = serde_json::to_string(&bench.rows.all()).unwrap();
    assert!(!text.contains(secret) && text.len() < 2_000, "{text}");
    assert!(text.contains("\"plain\"") && text.contains("[other]"), "{text}");
    assert_eq!(add(&bench, json!({ "id": "x" })).await, Ok(()), "the audit goes on");
}

#[tokio::test]
async fn a_question_is_asked_about_what_may_be_lifted_only() {
    let bench = bench("arguments.id = { from = [\"input\"] }\noverridable = [\"provenance_denied\", \"leak_denied\"]");
    let guard = bench.guard;
    let bench = Bench { guard: guard.approver(Arc::new(Yes)), ..bench };
    assert_eq!(add(&bench, json!({ "id": "EVIL99" })).await, Ok(()));
    assert_eq!(add(&bench, json!({ "id": "AKIAIOSFODNN7EXAMPLE" })).await, Err(EventKind::ProvenanceDenied));
    let (events, _) = bench.finish();
    let asked = events.iter().filter(|event| event.kind == EventKind::ApprovalRequested).count();
    assert_eq!(asked, 1, "{:?}", events);
}

pub(super) struct Yes;

#[async_trait]
impl Approver for Yes {
    async fn ask(&self, question: &Question) -> Result<crate::approval::Reply, crate::approval::ApproverError> {
        assert!(question.objections.len() <= 1);
        Ok(crate::approval::Reply::Yes)
    }
}

const MAIL: &str = "[tools.mail]\nscopes = []\neffect = \"external\"\n";

/// What the boundary says of a mail with these arguments.
async fn mail(rules: &str, arguments: Value) -> Result<(), Denied> {
    let properties = json!({ "to": {}, "cc": {}, "bcc": {}, "dry": {}, "a.b": {} });
    let schema = json!({ "type": "object", "properties": properties, "additionalProperties": true });
    let spec = ToolSpec::new("mail".try_into().unwrap(), "", schema, None);
    let bench = Bench::with(&format!("{MAIL}{rules}"), Token(None), Mode::Live);
    match bench.call_as("mail", arguments, Some(&spec)).await {
        Ok(_) => Ok(()),
        Err(Unauthorized::Denied(denial)) => Err(denial.first),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_argument_that_is_not_listed_is_refused_by_name() {
    let to = "arguments.to = { enum = [\"a@corp.example\"] }";
    let ann = "a@corp.example";
    assert_eq!(mail(to, json!({ "to": ann })).await, Ok(()));
    assert_eq!(mail(to, json!({ "to": ann, "bcc": null, "cc": [] })).await, Ok(()), "says nothing");
    let denied = mail(to, json!({ "to": ann, "bcc": "eve@evil.example" })).await.unwrap_err();
    let model = json!({ "error": { "code": "argument_denied", "advice": "make the call without this argument",
        "argument": "bcc", "rule": "other_arguments" } });
    assert_eq!(denied.model_json(), model);
    let told = "argument_denied: argument `bcc` has no entry: add `arguments.bcc = {}` where it may have any value, or else its rules; \
                `other_arguments = \"allow\"` lets all arguments in";
    assert_eq!(denied.to_string(), told);
    for unlisted in [json!({ "to": ann, "dry": false }), json!({ "to": ann, "cc": [{}, 0] })] {
        assert_eq!(mail(to, unlisted).await.unwrap_err().rule, Some(RuleId::OtherArguments));
    }
    assert!(mail("", json!({ "a.b": 1 })).await.unwrap_err().detail.contains("add `arguments.\"a.b\" = {}`"));
    // a name that the schema does not have is the model's own, and is repeated to nobody
    let made_up = mail(to, json!({ "to": ann, "hunter2": 1 })).await.unwrap_err();
    assert_eq!((made_up.argument.as_deref(), made_up.to_string().contains("hunter2")), (None, false));
    for open in [format!("{to}\nother_arguments = \"allow\""), format!("{to}\narguments.bcc = {{}}")] {
        assert_eq!(mail(&open, json!({ "to": ann, "bcc": "eve@evil.example" })).await, Ok(()), "{open}");
    }
}

#[tokio::test]
async fn a_tool_without_arguments_takes_none() {
    assert_eq!(mail("", json!({})).await, Ok(()));
    assert_eq!(mail("", json!({ "to": "a@corp.example" })).await.unwrap_err().argument.as_deref(), Some("to"));
    // no other rule that names an argument lists it
    for rule in ["never_with = [\"mail(to)\"]", "approval = \"each_call\"", "no_egress = [\"input:to\"]"] {
        assert_eq!(mail(rule, json!({ "to": "x" })).await.unwrap_err().rule, Some(RuleId::OtherArguments), "{rule}");
    }
}
