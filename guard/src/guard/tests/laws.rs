//! What holds for any sequence of calls, also at the same time.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use super::super::tests::*;

/// Any call: of tools that exist, are allowed, or neither; with good and bad arguments.
fn any_call(random: &mut impl Rng) -> ToolCall {
    let tools = ["crm.lookup", "crm.recent", "crm.ticket", "crm.refund", "add", "crm.delete", "x"];
    let values = [
        json!("CUST1"),
        json!("CUST2"),
        json!("CUST3"),
        json!("EVIL9"),
        json!(["CUST1", "CUST2"]),
        json!(null),
        json!(5),
        json!("low"),
        json!({ "a": 1 }),
    ];
    let names = ["id", "title", "priority", "amount", "page"];
    let mut arguments = serde_json::Map::new();
    for name in names {
        if random.random_bool(0.4) {
            let value = &values[random.random_range(0..values.len())];
            arguments.insert(name.into(), value.clone());
        }
    }
    wanted(tools[random.random_range(0..tools.len())], Value::Object(arguments))
}

async fn authorize(bench: &Bench, call: ToolCall) -> Option<ToolCall> {
    let tool = spec(call.tool.as_str());
    let authorized = bench.guard.authorize(call.clone(), Some(&tool), &bench.session, &bench.log).await;
    authorized.is_ok().then_some(call)
}

/// No limit of [`BOUNDARY`] is exceeded by what was permitted in one run.
fn assert_within_limits(permitted: &[ToolCall]) {
    assert!(permitted.len() <= 8, "tool_calls");
    let lookups = permitted.iter().filter(|call| call.tool.as_str() == "crm.lookup");
    assert!(lookups.clone().count() <= 4, "max_calls");
    let ids: BTreeSet<String> =
        lookups.flat_map(|call| check::values::items(call.arguments.get("id"))).map(ToString::to_string).collect();
    assert!(ids.len() <= 2, "distinct: {ids:?}");
    let allowed = ["\"CUST1\"", "\"CUST2\"", "\"CUST3\""];
    assert!(ids.iter().all(|id| allowed.contains(&id.as_str())), "{ids:?}");
    let mut writes = BTreeMap::new();
    for call in permitted.iter().filter(|call| call.tool.as_str() == "crm.ticket") {
        *writes.entry(call.arguments_text()).or_insert(0) += 1;
    }
    assert!(writes.values().all(|count| *count == 1), "{writes:?}");
}

trait ArgumentsText {
    fn arguments_text(&self) -> String;
}

impl ArgumentsText for ToolCall {
    fn arguments_text(&self) -> String {
        Value::Object(self.arguments.clone()).to_string()
    }
}

proptest! {
    #[test]
    fn no_sequence_of_calls_exceeds_a_limit(seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut random = StdRng::seed_from_u64(seed);
            let bench = Bench::new();
            let mut permitted = Vec::new();
            for _ in 0..30 {
                permitted.extend(authorize(&bench, any_call(&mut random)).await);
            }
            assert_within_limits(&permitted);
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_tasks_on_one_session_exceed_no_limit() {
    for round in 0..50 {
        let bench = Arc::new(Bench::new());
        let tasks = (0..64).map(|task| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                let id = ["CUST1", "CUST2", "CUST3"][(task + round) % 3];
                let page = task / 3;
                authorize(&bench, wanted("crm.lookup", json!({ "id": id, "page": page }))).await
            })
        });
        let mut permitted = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            permitted.extend(task.await.unwrap());
        }
        assert_within_limits(&permitted);
        assert!(!permitted.is_empty());
        let permits = bench.rows.all().iter().filter(|row| row.verdict.is_permit()).count();
        assert_eq!(permits, permitted.len());
        assert_eq!(bench.rows.all().len(), 64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_thousand_calls_have_one_row_each_and_a_row_for_each_permit() {
    const TASKS: u64 = 50;
    const RUNS: u64 = 100;
    const CALLS: usize = 20;
    let policy = Policy::parse(BOUNDARY, "").unwrap();
    let (audit, rows) = Audit::memory();
    let clock = Arc::new(ManualClock::at(std::time::UNIX_EPOCH));
    let token = Token(Some("customer:read ticket:create"));
    let guard = Arc::new(Guard::new(&policy, Arc::new(token)).audit(audit).clock(clock));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let guard = Arc::clone(&guard);
            tokio::spawn(async move {
                let mut random = StdRng::seed_from_u64(task);
                let mut permits = 0;
                for _ in 0..RUNS {
                    permits += one_run(&guard, &mut random, CALLS).await;
                }
                permits
            })
        })
        .collect();
    let mut permits = 0;
    for task in tasks {
        permits += task.await.unwrap();
    }
    let decisions = rows.all();
    assert_eq!(decisions.len() as u64, TASKS * RUNS * CALLS as u64);
    let audited = decisions.iter().filter(|row| row.verdict.is_permit()).count();
    assert_eq!(audited, permits);
    assert!(permits > 1_000, "{permits} permits prove little");
    let outcomes = rows.outcomes();
    let mut numbers: Vec<u64> =
        decisions.iter().map(|row| row.seq).chain(outcomes.iter().map(|outcome| outcome.seq)).collect();
    numbers.sort_unstable();
    assert!(numbers.iter().enumerate().all(|(number, seq)| *seq == number as u64), "one number for each row");
    assert_eq!(outcomes.len(), permits, "a permitted call that is not made is abandoned");
}

async fn one_run(guard: &Guard, random: &mut StdRng, calls: usize) -> usize {
    let run = RunId::random();
    let session = Session::new(run, Mode::Live, &Fields::new().with("request", INPUT));
    let log = Log::default();
    let mut permitted = Vec::new();
    for _ in 0..calls {
        let call = any_call(random);
        let tool = spec(call.tool.as_str());
        if guard.authorize(call.clone(), Some(&tool), &session, &log).await.is_ok() {
            permitted.push(call);
        }
    }
    assert_within_limits(&permitted);
    permitted.len()
}

/// A session whose reservations are given back, as when the rate refuses or the caller goes away, ends where it began.
#[tokio::test]
async fn a_call_that_is_given_up_while_it_waits_is_not_counted() {
    let policy = format!("{BOUNDARY}rate = \"1/s\"\n");
    let bench = Bench::with(&policy, Token(Some("customer:read")), Mode::Live);
    let _first = bench.call("crm.lookup", json!({ "id": "CUST1" })).await.unwrap();
    {
        let mut waiting = Box::pin(bench.call("crm.lookup", json!({ "id": "CUST2" })));
        assert!(futures_util::poll!(&mut waiting).is_pending());
    }
    bench.clock.advance(Duration::from_secs(1));
    assert!(bench.call("crm.lookup", json!({ "id": "CUST3" })).await.is_ok());
    let (_, rows) = bench.finish();
    assert_eq!(rows.all().len(), 2);
}

/// Calls that exclude each other, and text that is sent out, from 64 tasks at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_excludes_each_other_is_never_permitted_side_by_side() {
    let rules = BOUNDARY
        .replace(
            "arguments.title = { max_chars = 20 }",
            "arguments.title = { max_chars = 20 }\nnever_with = [\"crm.refund\"]",
        )
        .replace("tool_calls = 8", "tool_calls = 64\noutgoing_bytes = 4");
    for round in 0..50 {
        let bench = Arc::new(Bench::with(&rules, Token(Some("ticket:create refund:create")), Mode::Live));
        let tasks = (0..64_u64).map(|task| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                let call = match (task + round) % 2 {
                    0 => wanted("crm.ticket", json!({ "title": format!("t{task}") })),
                    _ => wanted("crm.refund", json!({ "amount": 10 + task })),
                };
                authorize(&bench, call).await
            })
        });
        let mut permitted = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            permitted.extend(task.await.unwrap());
        }
        let count = |tool: &str| permitted.iter().filter(|call| call.tool.as_str() == tool).count();
        let (tickets, refunds) = (count("crm.ticket"), count("crm.refund"));
        assert!((tickets == 0) != (refunds == 0), "{tickets} tickets beside {refunds} refunds");
        assert!(refunds <= 2, "{refunds} refunds of two bytes each, where four bytes may leave");
    }
}
