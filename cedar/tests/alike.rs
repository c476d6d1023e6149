//! Cedar and the guard decide alike, over boundaries and calls that were made up.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use abide::{
    Fields, async_trait,
    call::{ServerId, ToolCall, ToolReply, ToolSpec},
    episode::Recorder,
    guard::{
        Audit, Authorized, Check, CheckError, GrantError, GrantedScopes, Grants, Guard, Mode, Policy, Session, Verdict,
        policy::Registry,
    },
    id::RunId,
    review::cedar::export,
    scope::ScopeSet,
    secret::Redactor,
};
use abide_cedar::{CedarCheck, CedarError};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Map, Value, json};

struct Token(&'static str);

#[async_trait]
impl Grants for Token {
    async fn granted(&self, _: &ServerId) -> Result<Option<GrantedScopes>, GrantError> {
        let scopes = ScopeSet::parse(self.0).unwrap();
        Ok(Some(GrantedScopes { scopes, token_hash: String::new(), jti_hash: None }))
    }
}

/// Notes what Cedar says, and says nothing itself.
struct Overheard {
    cedar: CedarCheck,
    said: Mutex<Vec<Verdict>>,
}

#[async_trait]
impl Check for Overheard {
    fn name(&self) -> &'static str {
        "overheard"
    }

    async fn check(&self, call: &ToolCall, tool: &ToolSpec, session: &Session) -> Result<Verdict, CheckError> {
        let said = self.cedar.check(call, tool, session).await?;
        self.said.lock().unwrap().push(said);
        Ok(Verdict::Abstain)
    }
}

const SERVER: &str = "[servers.s]\nurl = 'https://s.example/mcp'\nissuer = 'https://login.example'\nclient_id = 'a'\n\
                      client_secret_env = 'SECRET'\n[registry]\nknown = ['A', '@corp.example']\n";

const PLACES: [&[&str]; 8] = [
    &["scopes = []", "scopes = ['a']", "scopes = ['a', 'b']"],
    &["", "max_calls = 1", "max_calls = 3"],
    &["other_arguments = 'allow'", "other_arguments = 'allow'", ""],
    &[
        "",
        "arguments.id = {}",
        "arguments.id = { enum = ['A', 'B', 1, true, 'q\"*\\', \"ü\\u0301\\u202E\\n\"] }",
        "arguments.id = { pattern = '[A-Z]', max_items = 1 }",
        "arguments.id = { prefix = ['https://', 'a*b\"', 'B', \"it's \\u202E\"], max_chars = 30 }",
        "arguments.id = { hosts = ['corp.example'], min_chars = 3 }",
        "arguments.id = { path_root = '/data' }",
    ],
    &[
        "",
        "arguments.n = { min = 1, max = 3 }",
        "arguments.n = { min = 0.5 }",
        "arguments.n = { max = 2.5, max_items = 2 }",
        "arguments.n = { enum = [1, 2.5] }",
        "arguments.n = { min = -9007199254740993 }",
    ],
    &[
        "",
        "arguments.to = { from = ['input:request'] }",
        "arguments.to = { from = ['registry:known', 's.get:id'] }",
        "arguments.to = { from = ['s.get', 'input'], links = [] }",
    ],
    &[
        "",
        "arguments.o = { id = { from = ['registry:known'] }, n = { max = 2 } }",
        "arguments.o = { max_items = 1, id = { enum = ['A', 'B'] }, deep.day = { from = ['input'], as = 'date' } }",
    ],
    &["", "tool_calls = 4", "tool_calls = 9"],
];

fn policy(random: &mut StdRng) -> Policy {
    let chosen = PLACES.map(|texts| texts[random.random_range(0..texts.len())]);
    let (limits, act) = chosen.split_last().unwrap();
    let text = format!(
        "{SERVER}[tools.'s.get']\nscopes = []\neffect = 'read'\nother_arguments = 'allow'\n[tools.'s.act']\neffect = 'read'\n{}\n[limits]\n{limits}\n",
        act.join("\n")
    );
    Policy::parse(&text, "").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn call(random: &mut StdRng) -> ToolCall {
    let values = [
        json!("A"),
        json!("B"),
        json!("C"),
        json!(["A", "B"]),
        json!(["A", ["C", null]]),
        json!(null),
        json!([]),
        json!({}),
        json!({ "A": "B" }),
        json!(true),
        json!("q\"*\\"),
        json!("a*b\"c"),
        json!("it's \u{202e}x"),
        json!("ü\u{301}\u{202e}\n"),
        json!("https://corp.example/x"),
        json!("https://evil.example"),
        json!("/data/x"),
        json!("/data/../x"),
        json!("ann@corp.example, bob@corp.example"),
        json!(1),
        json!(1.0),
        json!(2.5),
        json!([1, 2]),
        json!([1, 2.5]),
        json!(0),
        json!(-3),
        json!(u64::MAX),
        json!(i64::MIN),
    ];
    let objects = [
        json!({ "id": "A" }),
        json!([{ "id": "A", "n": 2 }, { "id": "C" }]),
        json!([{ "id": "B" }, { "id": "Z" }]),
        json!({ "n": 3 }),
        json!({ "deep": { "day": "2024-05-26" } }),
        json!({ "deep": [{ "day": ["2024-05-26", "2024-05-27"] }] }),
        json!({ "ID": "A" }),
        json!({ "more": 1 }),
        json!({}),
        json!(null),
        json!("A"),
    ];
    let mut arguments = Map::new();
    if random.random_bool(0.5) {
        arguments.insert("o".into(), objects[random.random_range(0..objects.len())].clone());
    }
    for name in ["id", "n", "to", "other", "I_D"] {
        let often = if name.len() > 2 { 0.1 } else { 0.6 };
        if random.random_bool(often) {
            arguments.insert(name.into(), values[random.random_range(0..values.len())].clone());
        }
    }
    let tool = if random.random_bool(0.3) { "s.get" } else { "s.act" };
    ToolCall { tool: tool.try_into().unwrap(), arguments }
}

fn guard(policy: &Policy, token: &'static str, check: Arc<dyn Check>) -> Guard {
    let (audit, _) = Audit::memory();
    Guard::new(policy, Arc::new(Token(token))).audit(audit).check(check)
}

fn cedar(policy: &Policy, token: &'static str) -> CedarCheck {
    let exported = export(policy);
    CedarCheck::new(&exported.policies, &exported.schema, policy, Arc::new(Token(token)))
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", exported.policies, exported.schema))
}

fn spec(call: &ToolCall) -> ToolSpec {
    ToolSpec::new(call.tool.clone(), "", json!({ "type": "object" }), None)
}

#[tokio::test]
async fn exported_policies_decide_as_the_guard_does() {
    let mut tally = BTreeMap::new();
    for seed in 0..400 {
        let mut random = StdRng::seed_from_u64(seed);
        let policy = policy(&mut random);
        let token = ["", "a", "a b"][random.random_range(0..3)];
        let overheard = Arc::new(Overheard { cedar: cedar(&policy, token), said: Mutex::default() });
        let guard = guard(&policy, token, overheard.clone());
        let run = RunId::random();
        let input =
            Fields::new().with("request", "B and ann@corp.example, bob@corp.example on May 26").with("mail", "C");
        let session = Session::new(run, Mode::Live, &input).with_registry(Registry::new().with("known", ["C"]));
        let log = Recorder::new(run, 0, Redactor::new());
        for _ in 0..10 {
            let call = call(&mut random);
            let decided = guard.authorize(call.clone(), Some(&spec(&call)), &session, &log).await;
            let said = overheard.said.lock().unwrap().pop();
            let said = said.unwrap_or_else(|| panic!("{seed}: nobody asked Cedar: {decided:?}"));
            assert_eq!(
                decided.is_ok(),
                said == Verdict::Permit,
                "{seed}: {call:?}\n{decided:?}\n{said:?}\n{}",
                export(&policy).policies
            );
            *tally.entry((call.tool.to_string(), decided.is_ok())).or_insert(0) += 1;
            if let Ok(Authorized::Execute(pending)) = decided {
                let id = ["A", "D", "E"][random.random_range(0..3)];
                let reply = ToolReply::done(json!({ "id": id, "n": 2 }));
                pending.perform(|_| async { Ok(reply) }).await.unwrap();
            }
        }
    }
    assert!(tally.len() == 4 && tally.values().all(|count| *count > 100), "{tally:?}");
}

#[tokio::test]
async fn a_policy_can_refuse_what_the_boundary_allows_and_never_allow_more() {
    let text = format!("{SERVER}[tools.'s.act']\nscopes = ['a']\neffect = 'read'\narguments.n = {{ max = 3 }}\n");
    let policy = Policy::parse(&text, "").unwrap();
    let exported = export(&policy);
    let forbid = "forbid (principal == Abide::Caller::\"\", action in Abide::Action::\"call\", resource) when { context.calls > 0 };";
    let everything = "permit (principal, action in Abide::Action::\"call\", resource);";
    let decide = async |policies: String, numbers: [i64; 2]| {
        let check = CedarCheck::new(&policies, &exported.schema, &policy, Arc::new(Token("a"))).unwrap();
        let guard = guard(&policy, "a", Arc::new(check));
        let run = RunId::random();
        let (session, log) = (Session::new(run, Mode::Live, &Fields::new()), Recorder::new(run, 0, Redactor::new()));
        let mut decided = Vec::new();
        for n in numbers {
            let call =
                ToolCall { tool: "s.act".try_into().unwrap(), arguments: Map::from_iter([("n".into(), json!(n))]) };
            decided.push(guard.authorize(call.clone(), Some(&spec(&call)), &session, &log).await.is_ok());
        }
        decided
    };
    assert_eq!(decide(exported.policies.clone(), [1, 2]).await, [true, true]);
    assert_eq!(decide(format!("{}{forbid}", exported.policies), [1, 2]).await, [true, false]);
    assert_eq!(decide(everything.to_owned(), [4, 3]).await, [false, true]);
    assert_eq!(decide(String::new(), [1, 2]).await, [false, false]);
}

#[test]
fn policies_that_do_not_fit_are_refused() {
    let policy = Policy::parse(&format!("{SERVER}[tools.'s.act']\nscopes = []\neffect = 'read'\n"), "");
    let policy = policy.unwrap();
    let schema = export(&policy).schema;
    let of =
        |policies: &str, schema: &str| CedarCheck::new(policies, schema, &policy, Arc::new(Token(""))).unwrap_err();
    assert!(matches!(of("permit", &schema), CedarError::Policies(_)));
    assert!(matches!(of("", "entity"), CedarError::Schema(_)));
    let unknown = "permit (principal, action == Abide::Action::\"s.act\", resource) when { context.call < 1 };";
    assert!(matches!(of(unknown, &schema), CedarError::Misfit(_)));
}

/// The engine makes maps keep the order in which they were filled. Nothing that is compared may depend on that.
#[tokio::test]
async fn the_order_of_keys_makes_no_other_call_and_no_other_tool() {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let (one, two) = (parse(r#"{"a":1,"b":{"c":1,"d":2}}"#), parse(r#"{"b":{"d":2,"c":1},"a":1}"#));
    assert_ne!(one.to_string(), two.to_string(), "otherwise this test shows nothing");
    let text = format!("{SERVER}[tools.'s.act']\nscopes = []\neffect = 'write'\nother_arguments = 'allow'\n");
    let policy = Policy::parse(&text, "").unwrap();
    let guard = guard(&policy, "", Arc::new(cedar(&policy, "")));
    let run = RunId::random();
    let (session, log) = (Session::new(run, Mode::Live, &Fields::new()), Recorder::new(run, 0, Redactor::new()));
    let mut decided = Vec::new();
    for arguments in [&one, &two] {
        let call = ToolCall { tool: "s.act".try_into().unwrap(), arguments: arguments.as_object().unwrap().clone() };
        decided.push(guard.authorize(call.clone(), Some(&spec(&call)), &session, &log).await.is_ok());
    }
    assert_eq!(decided, [true, false], "the same write a second time");
    let tool = |schema: &Value| ToolSpec::new("s.act".try_into().unwrap(), "", schema.clone(), None).digest;
    assert_eq!(tool(&one), tool(&two));
}
