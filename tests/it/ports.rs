//! A crate outside of Abide implements every port, with what `abide` exports, and `BoxFuture` for `Clock`. (`UserAgent`: see `login`.)

use std::{
    error::Error,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use abide::{
    Demo, Fields, Origin, SlotPath,
    adapter::{Adapter, ParseError, Parsed, Prompt, Task},
    async_trait,
    call::{ServerId, ToolCall, ToolName, ToolReply, ToolSpec},
    clock::Clock,
    evaluate,
    event::{EventKind, EventSink, SecurityEvent},
    guard::{
        Authorized, CallFailure, Check, CheckError, FailureKind, GrantError, GrantedScopes, Grants, Guard, Mode,
        Policy, Session, Unauthorized, Verdict,
        approval::{Approver, ApproverError, Question, Reply},
        audit::{Mirror, Outcome as Ended, Row},
    },
    id::{ModelId, RunId},
    lm::{Finish, LmError, LmReply, LmRequest, Message},
    metric::CallBudget,
    optimizers::{
        AskError, Candidate, Outcome, Plan, Progress, Rollout, Score, SearchError, SlotInfo, Spent, Split, SplitSizes,
        Study, Subject, Trial,
    },
    prelude::*,
    scope::ScopeSet,
    usage::Usage,
};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

const RULES: &str = r#"
[tools.refund]
scopes = []
effect = "write"
approval = "each_call"
other_arguments = "allow"
"#;

/// Say what was done.
#[derive(Signature)]
struct Tell {
    #[input]
    order: String,
    #[output]
    answer: String,
}

/// Refunds an order, and tells of it.
#[derive(Clone, Tunable)]
struct Desk {
    tell: Predict<Tell>,
    #[tunable(skip)]
    tools: Toolbox,
}

/// What was heard of by whom.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<&'static str>>>);

/// Answers as it was asked, in JSON.
struct Parrot(ModelId);

/// Fields as one JSON object.
struct Json;

/// A clock at which it is always the twelfth of January 1970.
#[derive(Debug)]
struct Old(abide::clock::SystemClock);

struct OneCallEach;

/// A search that scores the program as it is.
struct AsItIs;

/// A subject whose runs all succeed, and whose proposer answers with its seed.
struct Lucky {
    slots: Vec<SlotInfo>,
    runs: AtomicU32,
}

/// Tokens of a vault that can be closed.
struct Vault(Option<GrantedScopes>);

#[derive(Debug, thiserror::Error)]
#[error("the vault is closed")]
struct Closed;

impl Heard {
    fn hear(&self, port: &'static str) {
        self.0.lock().unwrap().push(port);
    }

    fn of(&self, port: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|heard| **heard == port).count()
    }
}

impl Module for Desk {
    type Input = TellInput;
    type Output = TellOutput;

    async fn forward(&self, cx: &Cx, input: TellInput) -> Result<TellOutput, CallError> {
        let arguments = Map::from_iter([("order".to_owned(), json!(input.order))]);
        self.tools.call(cx, ToolCall { tool: "refund".try_into().unwrap(), arguments }).await;
        self.tell.forward(cx, input).await
    }
}

#[async_trait]
impl Lm for Parrot {
    fn model(&self) -> &ModelId {
        &self.0
    }

    async fn complete(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        let asked = request.messages.last().map(Message::text).unwrap_or_default();
        let text = json!({ "answer": asked }).to_string();
        Ok(LmReply::new(text)
            .finish(Finish::Complete)
            .usage(Usage { prompt_tokens: 3, ..Usage::default() })
            .attempts(1))
    }
}

impl Adapter for Json {
    fn render(&self, task: &Task<'_>) -> Prompt {
        let asked = Message::user(json!(task.inputs).to_string());
        vec![Message::system(task.spec.instruction.clone()), asked].into()
    }

    fn reply(&self, _: &Task<'_>, outputs: &Fields) -> Message {
        Message::assistant(json!(outputs).to_string())
    }

    fn parse(&self, _: &Task<'_>, reply: &LmReply) -> Result<Parsed, ParseError> {
        let outputs = serde_json::from_str(&reply.text).map_err(|_| ParseError::NoMarker)?;
        Ok(Parsed { outputs, flags: Vec::new() })
    }

    fn correct(&self, _: &Task<'_>, error: &ParseError) -> Message {
        Message::user(error.to_string())
    }
}

impl Clock for Old {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }
}

#[async_trait]
impl Check for Heard {
    fn name(&self) -> &'static str {
        "heard"
    }

    async fn check(&self, _: &ToolCall, _: &ToolSpec, _: &Session) -> Result<Verdict, CheckError> {
        self.hear("check");
        Ok(Verdict::Abstain)
    }

    fn inspect(&self, tool: &ToolName, _: &ToolReply) -> Vec<SecurityEvent> {
        self.hear("inspect");
        vec![SecurityEvent::new(EventKind::InjectionSeen, Some(tool), "it looked odd")]
    }
}

#[async_trait]
impl Approver for Heard {
    async fn ask(&self, _: &Question) -> Result<Reply, ApproverError> {
        self.hear("approver");
        Ok(Reply::Yes)
    }
}

impl Mirror for Heard {
    fn decision(&self, _: &Row) {
        self.hear("decision");
    }

    fn outcome(&self, _: &Ended) {
        self.hear("outcome");
    }
}

impl evaluate::Observer for Heard {
    fn row(&self, _: &evaluate::Row, _: usize, _: usize) {
        self.hear("row");
    }
}

impl EventSink for Heard {
    fn event(&self, _: SecurityEvent) {
        self.hear("event");
    }

    fn module(&self) -> Option<&str> {
        Some("desk")
    }
}

impl Progress for Heard {
    fn on_rollout(&self, _: &Trial, _: &Rollout) {
        self.hear("rollout");
    }
}

impl CallBudget<bool> for OneCallEach {
    fn calls(&self, _: &bool) -> Option<u32> {
        Some(1)
    }
}

#[async_trait]
impl Optimizer for AsItIs {
    fn name(&self) -> &'static str {
        "as it is"
    }

    fn config(&self) -> Value {
        json!({})
    }

    fn plan(&self, sizes: SplitSizes) -> Plan {
        Plan { rollouts: sizes.val as u64, asks: 0 }
    }

    async fn search(&self, study: &mut Study<'_>) -> Result<Candidate, SearchError> {
        let candidate = study.baseline()?;
        let examples: Vec<usize> = (0..study.subject().sizes().val).collect();
        study.score(&candidate, Split::Val, &examples).await;
        Ok(candidate)
    }
}

#[async_trait]
impl Subject for Lucky {
    fn slots(&self) -> &[SlotInfo] {
        &self.slots
    }

    fn sizes(&self) -> SplitSizes {
        SplitSizes { train: 0, val: 5 }
    }

    fn labeled(&self, _: &SlotPath, example: usize) -> Option<Demo> {
        let origin = Origin::Labeled { example: example.to_string() };
        Some(Demo { inputs: Fields::new(), outputs: Fields::new(), origin })
    }

    async fn rollout(&self, _: Trial) -> Rollout {
        self.runs.fetch_add(1, Ordering::Relaxed);
        Rollout::new(Outcome::Scored(Score::of_task(1.0))).spent(Spent { model_calls: 2, ..Spent::default() })
    }

    async fn ask(&self, _: &str, seed: u64) -> Result<String, AskError> {
        Ok(seed.to_string())
    }
}

#[async_trait]
impl Grants for Vault {
    async fn granted(&self, server: &ServerId) -> Result<Option<GrantedScopes>, GrantError> {
        self.0.clone().ok_or_else(|| GrantError::new(server.clone(), Closed)).map(Some)
    }
}

#[tokio::test]
async fn of_a_run() {
    let heard = Heard::default();
    let boundary =
        Boundary::parse(RULES, "", &|_| None).unwrap().with_clock(Arc::new(Old(abide::clock::SystemClock::new())));
    let (audit, rows) = Audit::memory();
    let runtime = Runtime::builder()
        .lm(Arc::new(Parrot(ModelId("parrot".to_owned()))))
        .boundary(boundary)
        .adapter(Json)
        .approver(heard.clone())
        .check(heard.clone())
        .audit(audit.mirrored(Arc::new(heard.clone())))
        .build();
    let refund = |_: Map<String, Value>| async { Ok::<_, String>(json!({ "refunded": true })) };
    let tools = Toolbox::new().with(Function::new("refund", "Refunds an order.", refund).unwrap());
    let desk = Desk { tell: Predict::new(), tools };
    let example = |id: &str| Example::new(id, TellInput { order: id.to_owned() }, true);
    let metric = |_: &Example<TellInput, bool>, run: &Run<TellOutput>| {
        f64::from(run.outcome.as_ref().is_ok_and(|told| told.answer.contains("O-")))
    };
    let evaluation = Evaluate::new()
        .observer(Arc::new(heard.clone()))
        .run(
            &runtime,
            &desk,
            &Dataset::new(["O-1", "O-2"].map(example)).unwrap(),
            &Secured::new(metric).calls(OneCallEach),
        )
        .await
        .unwrap();

    let summary = evaluation.summary();
    assert_eq!((summary.scored, summary.safe_success), (2, 1.0), "{summary:?}");
    for port in ["check", "inspect", "approver", "decision", "outcome", "row"] {
        assert_eq!(heard.of(port), 2, "{port}");
    }
    let decided = rows.all();
    assert!(decided.len() == 2 && decided.iter().all(|row| row.time.starts_with("1970-01-12")), "{decided:?}");
}

#[tokio::test]
async fn of_a_search() {
    let (lucky, heard) = (Lucky { slots: Vec::new(), runs: AtomicU32::new(0) }, Heard::default());
    let mut study = Study::new(&lucky, 7).with_progress(&heard);
    assert_eq!(AsItIs.plan(lucky.sizes()).rollouts, 5);
    AsItIs.search(&mut study).await.unwrap();
    assert_eq!((lucky.runs.load(Ordering::Relaxed), heard.of("rollout")), (5, 5));
    assert_eq!(study.spent().model_calls, 10);
}

#[tokio::test]
async fn of_the_guard_alone() {
    let rules = "[servers.crm]\nurl = 'https://crm.example/mcp'\n\
                 [tools.'crm.get']\nscopes = ['read']\neffect = 'read'\nother_arguments = 'allow'\n";
    let policy = Policy::parse(rules, ".").unwrap();
    let token =
        GrantedScopes { scopes: ScopeSet::parse("read").unwrap(), token_hash: "sha256:…".into(), jti_hash: None };
    let (open, closed) =
        (Guard::new(&policy, Arc::new(Vault(Some(token)))), Guard::new(&policy, Arc::new(Vault(None))));
    let session = Session::new(RunId::random(), Mode::Live, &Fields::new());
    let tool = ToolSpec::new("crm.get".try_into().unwrap(), "Gets.", json!({ "type": "object" }), None);
    let call = || ToolCall { tool: tool.name.clone(), arguments: Map::new() };
    let heard = Heard::default();

    let Ok(Authorized::Execute(pending)) = open.authorize(call(), Some(&tool), &session, &heard).await else {
        panic!("it is allowed")
    };
    assert_eq!(pending.perform(|_| async { Ok(ToolReply::done(7)) }).await.unwrap().content, json!(7));

    // the same call again, whose transport has an error of its own
    let Ok(Authorized::Execute(pending)) = open.authorize(call(), Some(&tool), &session, &heard).await else {
        panic!("it is allowed")
    };
    let lost = CallFailure::new(FailureKind::Lost, EventKind::ServerUnavailable, "no reply came").because(Closed);
    let failure = pending.perform(|_| async { Err(lost) }).await.unwrap_err();
    assert!(failure.source().unwrap().is::<Closed>() && failure.downcast_ref::<Closed>().is_some());
    assert!(heard.of("event") > 0);

    // who repeats calls can ask why there is no token
    let refused = closed.authorize(call(), Some(&tool), &session, &heard).await;
    let Err(Unauthorized::Unavailable(error)) = refused.map(|_| ()) else { panic!("no token, no decision") };
    assert!(error.reason().is::<Closed>());
    assert_eq!(error.to_string(), "there is no token for `crm`: the vault is closed");
}
