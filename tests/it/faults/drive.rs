//! Many runs in flight while something goes wrong, and what the server's own log says of them afterwards.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use abide::{
    call::ToolCall,
    clock::{Clock, SystemClock},
    event::EventKind,
    prelude::*,
    runtime::{CallError, Cx, Infrastructure, Limits},
    tool::ToolOutcome,
};
use abide_testbed::{
    Options, Testbed, customers,
    log::{Call, Refusal, Verdict},
};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::support::{boundary, lm};

/// The machine's clock, but for steps that a test makes.
#[derive(Debug, Default)]
pub(crate) struct Stepped {
    clock: SystemClock,
    off_s: AtomicI64,
    passed_s: AtomicU64,
}

/// How long, how many runs at once, and how long each may take.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) time: Duration,
    pub(crate) in_flight: usize,
    pub(crate) deadline: Duration,
    pub(crate) think: Duration,
}

pub(crate) struct World {
    pub(crate) testbed: Testbed,
    pub(crate) clock: Arc<Stepped>,
    scale: Scale,
    runtime: Runtime,
    /// For runs that nothing is in the way of, on however busy a machine.
    patient: Runtime,
    errand: Errand,
}

/// What came of everything.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) runs: usize,
    pub(crate) calls: usize,
    pub(crate) ok: usize,
    /// Calls that failed with the infrastructure.
    pub(crate) infra: usize,
    /// Runs that were stopped at their deadline.
    pub(crate) deadline: usize,
    /// Calls that a limit of the rate ended.
    pub(crate) limited: usize,
    pub(crate) writes: usize,
    pub(crate) duplicates: usize,
    pub(crate) tokens: u64,
    pub(crate) connections: u64,
    /// From the end of the fault until every run succeeds again.
    pub(crate) recovery: Duration,
    /// Calls that the server refused for their token.
    pub(crate) refused_tokens: usize,
    /// Calls that the server refused for their rate; most are made again later.
    pub(crate) refused_rates: usize,
    pub(crate) grown_kib: i64,
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// A busy machine may be late.
const GRACE: Duration = Duration::from_secs(10);
/// What is said to be the life of a token, and more.
const TOKEN_LIFE_S: u64 = 300;

const RULES: &str = r#"
[servers.crm]
url = "https://crm.example.com/mcp"
issuer = "https://login.example.com"
client_id = "support-agent"
client_secret_env = "CRM_CLIENT_SECRET"

[tools."crm.get_customer_info"]
scopes = ["customer:read"]
effect = "read"
arguments.customer_id = {}

[tools."crm.create_support_ticket"]
scopes = ["ticket:create"]
effect = "write"
arguments = { customer_id = {}, issue = {}, priority = {} }

[limits]
rate = "100000/s"
"#;

/// A read, a write that nobody else makes, and a read.
#[derive(Clone)]
struct Errand {
    tools: Toolbox,
    think: Duration,
    tally: Arc<Mutex<Tally>>,
}

#[derive(Default)]
struct Tally {
    runs: usize,
    calls: usize,
    ok: usize,
    infra: usize,
    deadline: usize,
    limited: usize,
    /// What the server said it had written.
    written: BTreeSet<String>,
    /// What must never happen.
    surprises: Vec<String>,
}

impl Stepped {
    /// Makes the time of day wrong by so many seconds.
    pub(crate) fn step(&self, seconds: i64) {
        self.off_s.store(seconds, Ordering::Relaxed);
    }

    /// Lets time pass that did not.
    pub(crate) fn pass(&self, seconds: u64) {
        self.passed_s.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Stepped {
    fn now(&self) -> SystemTime {
        let (now, off) = (self.clock.now(), self.off_s.load(Ordering::Relaxed));
        let by = Duration::from_secs(off.unsigned_abs());
        if off < 0 { now - by } else { now + by }
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed() + Duration::from_secs(self.passed_s.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }
}

impl World {
    pub(crate) async fn new(options: Options, scale: Scale) -> Arc<Self> {
        let testbed = Testbed::start(options.burst(1_000_000)).await.unwrap();
        let clock = Arc::new(Stepped::default());
        let boundary = boundary(&testbed, RULES).with_clock(clock.clone());
        let tools = Toolbox::connect(&boundary).await.unwrap();
        let runtime = |deadline| {
            let limits = Limits::default().deadline(deadline);
            let (model, boundary) = (lm(&testbed, "scripted"), boundary.clone());
            Runtime::builder().lm(model).boundary(boundary).limits(limits).build()
        };
        let (runtime, patient) = (runtime(scale.deadline), runtime(PATIENCE));
        let errand = Errand { tools, think: scale.think, tally: Arc::default() };
        Arc::new(Self { testbed, clock, scale, runtime, patient, errand })
    }

    /// Waits for a share of the time.
    pub(crate) async fn wait(&self, share: f64) {
        tokio::time::sleep(self.scale.time.mul_f64(share)).await;
    }

    /// The same, and longer if no run has felt a fault until then.
    pub(crate) async fn wait_until_felt(&self, share: f64) {
        self.wait(share).await;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end && self.tally(|tally| tally.infra + tally.deadline) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Lets so much time pass that a new token is needed.
    pub(crate) fn outlive_token(&self) {
        self.clock.pass(TOKEN_LIFE_S);
    }

    /// Drives runs while `plan` goes on, which ends with everything healed; then until every run succeeds.
    pub(crate) async fn drive(self: &Arc<Self>, plan: impl AsyncFnOnce(&Self)) -> Outcome {
        self.round("warming up", 0).await;
        assert_eq!(
            self.tally(|tally| (tally.ok, tally.surprises.len())),
            (3 * self.scale.in_flight, 0),
            "before any fault"
        );
        let before = resident_kib();
        let start = Instant::now();
        let (planned, watched) = tokio::sync::watch::channel(());
        let workers = self.each(move |world, worker| {
            let watched = watched.clone();
            async move {
                for turn in 0.. {
                    if start.elapsed() >= world.scale.time && watched.has_changed().is_err() {
                        break;
                    }
                    world.run(&world.runtime, format!("worker {worker}, turn {turn}")).await;
                }
            }
        });
        let plan = async {
            plan(self).await;
            drop(planned);
        };
        tokio::join!(workers, plan);
        let mut outcome = self.outcome();
        outcome.recovery = self.recover().await;
        outcome.grown_kib = resident_kib() - before;
        self.judge(&mut outcome);
        outcome
    }

    /// All runs at once, so many times.
    pub(crate) async fn rounds(self: &Arc<Self>, times: usize) {
        for round in 0..times {
            self.round("round", round).await;
        }
    }

    /// How long it takes until all runs of a round succeed.
    async fn recover(self: &Arc<Self>) -> Duration {
        let healed = Instant::now();
        for round in 0.. {
            let (begun, ok) = (healed.elapsed(), self.tally(|tally| tally.ok));
            self.round("afterwards", round).await;
            if self.tally(|tally| tally.ok) == ok + 3 * self.scale.in_flight {
                return begun;
            }
            assert!(begun < Duration::from_secs(90), "no recovery: {:?}", self.outcome());
        }
        unreachable!("rounds have no end")
    }

    async fn round(self: &Arc<Self>, when: &str, round: usize) {
        let name = format!("{when} {round}");
        self.each(move |world, worker| {
            let name = format!("{name}, worker {worker}");
            async move { world.run(&world.patient, name).await }
        })
        .await;
    }

    /// Something that every worker does, each in a task of its own.
    async fn each<W, F>(self: &Arc<Self>, work: W)
    where
        W: Fn(Arc<Self>, usize) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let workers: Vec<_> =
            (0..self.scale.in_flight).map(|worker| tokio::spawn(work(self.clone(), worker))).collect();
        for worker in workers {
            worker.await.unwrap();
        }
    }

    /// One run, which has to end in time and for a good reason.
    async fn run(&self, runtime: &Runtime, name: String) {
        let begun = Instant::now();
        let run = runtime.run(&self.errand, name.clone()).await;
        let took = begun.elapsed();
        self.tally(|tally| {
            tally.runs += 1;
            match run.outcome {
                Ok(()) => {}
                Err(CallError::Infrastructure(Infrastructure::Deadline(_))) => tally.deadline += 1,
                // counted where the call was made
                Err(
                    CallError::Infrastructure(
                        Infrastructure::NoToken(_) | Infrastructure::Tool { .. } | Infrastructure::Unconfirmed { .. },
                    )
                    | CallError::Module(_),
                ) => {}
                Err(other) => tally.surprises.push(format!("{name}: {other}")),
            }
            if took > runtime.limits().deadline + GRACE {
                tally.surprises.push(format!("{name}: took {took:?}"));
            }
        });
    }

    fn tally<T>(&self, look: impl FnOnce(&mut Tally) -> T) -> T {
        look(&mut self.errand.tally.lock().unwrap())
    }

    /// So far.
    pub(crate) fn outcome(&self) -> Outcome {
        self.tally(|tally| Outcome {
            runs: tally.runs,
            calls: tally.calls,
            ok: tally.ok,
            infra: tally.infra,
            deadline: tally.deadline,
            limited: tally.limited,
            writes: tally.written.len(),
            tokens: self.testbed.auth().counters().tokens,
            connections: self.testbed.mcp().wire().counters().connections,
            ..Outcome::default()
        })
    }

    /// What holds whatever goes wrong, by the server's own log.
    fn judge(&self, outcome: &mut Outcome) {
        let log = self.testbed.mcp().log().all();
        let refused = |reason: Refusal| log.iter().filter(|call| call.verdict == Verdict::Refused { reason }).count();
        assert_eq!(refused(Refusal::NoToken), 0, "calls without a token");
        assert_eq!(refused(Refusal::InsufficientScope), 0);
        outcome.refused_tokens = refused(Refusal::InvalidToken);
        outcome.refused_rates = refused(Refusal::RateLimited);
        let executed = log.iter().filter(|call| !matches!(call.verdict, Verdict::Refused { .. }));
        let nameless = executed.clone().filter(|call| call.subject.is_empty()).count();
        assert_eq!(nameless, 0, "calls executed without a valid token");
        let mut writes: BTreeMap<String, usize> = BTreeMap::new();
        for call in executed.filter(|call| call.tool == "create_support_ticket") {
            *writes.entry(issue_of(call)).or_default() += 1;
        }
        outcome.duplicates = writes.values().filter(|times| **times > 1).count();
        assert_eq!(outcome.duplicates, 0, "writes made twice");
        self.tally(|tally| {
            let lost: Vec<_> = tally.written.iter().filter(|issue| !writes.contains_key(*issue)).collect();
            assert!(lost.is_empty(), "told to be written, and not: {lost:?}");
            assert!(tally.surprises.is_empty(), "{:#?}", &tally.surprises[..tally.surprises.len().min(20)]);
        });
    }
}

impl Module for Errand {
    type Input = String;
    type Output = ();

    async fn forward(&self, cx: &Cx, name: String) -> Result<(), CallError> {
        let customer = |nth: usize| customers::all()[nth].id.clone();
        self.call(cx, "crm.get_customer_info", json!({ "customer_id": customer(0) })).await?;
        let ticket = json!({ "customer_id": customer(0), "issue": name });
        self.call(cx, "crm.create_support_ticket", ticket).await?;
        self.lock().written.insert(name);
        self.call(cx, "crm.get_customer_info", json!({ "customer_id": customer(1) })).await
    }
}

impl Errand {
    async fn call(&self, cx: &Cx, tool: &str, arguments: Value) -> Result<(), CallError> {
        tokio::time::sleep(self.think).await;
        self.lock().calls += 1;
        let Value::Object(arguments) = arguments else { unreachable!("arguments are an object") };
        let outcome = self.tools.call(cx, ToolCall { tool: tool.to_owned().try_into().unwrap(), arguments }).await;
        let mut tally = self.lock();
        match outcome {
            ToolOutcome::Replied { observation } if observation["result"].is_object() => {
                tally.ok += 1;
                Ok(())
            }
            ToolOutcome::Failed(infrastructure) => {
                tally.infra += 1;
                Err(infrastructure.into())
            }
            ToolOutcome::Refused { kind: EventKind::RateLimited, .. } => {
                tally.limited += 1;
                Err(CallError::Module("the rate is limited".to_owned()))
            }
            other => {
                tally.surprises.push(format!("{tool}: {other:?}"));
                Err(CallError::Module("surprised".to_owned()))
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap()
    }
}

fn issue_of(call: &Call) -> String {
    call.arguments["issue"].as_str().unwrap().to_owned()
}

/// Memory of this process that is in use, where the system says so.
fn resident_kib() -> i64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<i64>().ok()).map_or(0, |pages| pages * 4)
}
