//! A hundred thousand calls that a model could make up, against a guarded server, judged by the server's own log.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use abide::{
    call::{ToolCall, ToolName},
    module::Module,
    prelude::*,
    runtime::{CallError, Cx},
    tool::ToolOutcome,
};
use abide_testbed::{Options, Testbed, log::Verdict};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Map, Value, json};

use crate::support::{NoModel, boundary, rules, trace};

const CALLS: usize = 50;
/// Runs at once.
const SIDE_BY_SIDE: u64 = 16;
/// What a hundred thousand calls carry is far more.
const MAX_GROWTH_MIB: u64 = 256;

/// The customers that the request names.
const NAMED: [&str; 2] = ["ABC123", "ACC914"];

/// Makes many calls, whatever comes of them, and remembers which were made.
struct Storm {
    tools: Toolbox,
    made: Mutex<BTreeMap<u64, Vec<ToolCall>>>,
}

impl Module for Storm {
    type Input = u64;
    type Output = ();

    async fn forward(&self, cx: &Cx, seed: u64) -> Result<(), CallError> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut made = Vec::new();
        for _ in 0..CALLS {
            let Some(call) = any_call(&mut random) else { continue };
            match self.tools.call(cx, call.clone()).await {
                ToolOutcome::Replied { .. } => made.push(call),
                ToolOutcome::Refused { .. } => {}
                other => panic!("the infrastructure failed: {other:?}"),
            }
        }
        self.made.lock().unwrap().insert(seed, made);
        Ok(())
    }

    fn user_input(&self, _: &u64) -> abide::Fields {
        abide::Fields::new().with("request", "Compare ABC123 and ACC914, and file a ticket for ABC123.")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_thousand_calls_only_those_inside_the_boundary_arrive() {
    storm(200).await;
}

/// The same for longer, as `.ci/run` does.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn of_a_hundred_thousand_calls_only_those_inside_the_boundary_arrive() {
    storm(2_000).await;
}

async fn storm(runs: u64) {
    let testbed = Arc::new(Testbed::start(Options::default().burst(1_000)).await.unwrap());
    let boundary = boundary(&testbed, &rules().replace("tool_calls = 6", "tool_calls = 50"));
    let tools = Toolbox::connect(&boundary).await.unwrap();
    let runtime = Runtime::builder().lm(Arc::new(NoModel::default())).boundary(boundary).build();
    let storm = Arc::new(Storm { tools, made: Mutex::default() });
    let before = resident_mib();
    let tasks = (0..SIDE_BY_SIDE).map(|lane| {
        let (testbed, runtime, storm) = (testbed.clone(), runtime.clone(), storm.clone());
        tokio::spawn(async move {
            let mut arrived = 0;
            for seed in (lane..runs).step_by(SIDE_BY_SIDE as usize) {
                let run = runtime.run(&*storm, seed).await;
                run.outcome.as_ref().unwrap();
                let made = storm.made.lock().unwrap().remove(&seed).unwrap();
                arrived += assert_inside(&testbed, &run, &made);
            }
            arrived
        })
    });
    let mut arrived = 0;
    for task in tasks.collect::<Vec<_>>() {
        arrived += task.await.unwrap();
    }
    assert!(arrived as u64 > runs, "{arrived} calls prove little");
    assert_eq!(testbed.mcp().log().all().len(), arrived, "a call of no run");
    let growth = resident_mib().saturating_sub(before);
    assert!(growth < MAX_GROWTH_MIB, "the process grew by {growth} MiB");
}

/// What arrived in a run is what was permitted, byte for byte, and within the rules.
fn assert_inside(testbed: &Testbed, run: &Run<()>, made: &[ToolCall]) -> usize {
    let calls = testbed.mcp().log().of(trace(run));
    let text = |tool: &str, arguments: &Value| format!("{tool} {arguments}");
    let sent: Vec<String> =
        made.iter().map(|call| text(call.tool.local(), &Value::Object(call.arguments.clone()))).collect();
    let received: Vec<String> = calls.iter().map(|call| text(&call.tool, &json!(call.arguments))).collect();
    assert_eq!(sent, received);
    let (mut looked_up, mut counts) = (BTreeSet::new(), BTreeMap::<&str, u32>::new());
    for call in &calls {
        assert!(
            !matches!(call.verdict, Verdict::Refused { .. }),
            "the server refused what the guard had permitted: {call:?}"
        );
        *counts.entry(call.tool.as_str()).or_default() += 1;
        let names: Vec<&str> = call.arguments.as_object().unwrap().keys().map(String::as_str).collect();
        let text = |name: &str| call.arguments[name].as_str().unwrap();
        let is_named = || NAMED.contains(&text("customer_id"));
        match (call.tool.as_str(), &names[..]) {
            ("get_customer_info", ["customer_id"]) => drop(looked_up.insert(text("customer_id").to_owned())),
            ("create_support_ticket", ["customer_id", "issue"] | ["customer_id", "issue", "priority"]) => {
                assert!(is_named() && text("issue").chars().count() <= 500, "{call:?}");
            }
            ("calculate_account_value", ["customer_id"]) => assert!(is_named(), "{call:?}"),
            ("get_recent_customers", [] | ["limit"]) => {
                assert!(call.arguments.get("limit").is_none_or(|n| n.as_f64().unwrap() <= 10.0), "{call:?}");
            }
            _ => panic!("outside the boundary: {call:?}"),
        }
    }
    assert!(looked_up.len() <= 3, "{looked_up:?}");
    for (tool, most) in [("create_support_ticket", 2), ("calculate_account_value", 2), ("get_recent_customers", 1)] {
        assert!(counts.get(tool).is_none_or(|count| *count <= most), "{counts:?}");
    }
    calls.len()
}

/// A call that is right, and then bent somewhere; `None` if not even its name can be one.
fn any_call(random: &mut StdRng) -> Option<ToolCall> {
    let id = NAMED[random.random_range(0..2)];
    let (tool, mut arguments) = match random.random_range(0..7) {
        0 => ("get_customer_info", json!({ "customer_id": id })),
        1 => ("create_support_ticket", json!({ "customer_id": id, "issue": "broken grill" })),
        2 => ("calculate_account_value", json!({ "customer_id": id })),
        3 => ("get_recent_customers", json!({ "limit": 3 })),
        4 => ("search_customers", json!({ "query": "ann" })),
        5 => ("export_customers", json!({ "format": "csv" })),
        _ => ("issue_refund", json!({ "customer_id": id, "amount": 20 })),
    };
    let mut tool = format!("crm.{tool}");
    for _ in 0..random.random_range(0..3) {
        match random.random_range(0..4) {
            0 => tool = bent_name(&tool, random),
            1 => bend_names(&mut arguments, random),
            2 => arguments = repeated(&arguments, random),
            _ => bend_values(&mut arguments, random),
        }
    }
    let Value::Object(arguments) = arguments else { return None };
    Some(ToolCall { tool: ToolName::try_from(tool).ok()?, arguments })
}

fn bent_name(tool: &str, random: &mut StdRng) -> String {
    match random.random_range(0..9) {
        0 => tool.to_uppercase(),
        1 => tool.replace('e', "\u{435}"),
        2 => tool.replace("crm.", ""),
        3 => tool.replace("crm.", "crm.crm."),
        4 => format!("{tool}.export_customers"),
        5 => format!("{tool}\u{200b}"),
        6 => format!("other.{tool}"),
        7 => tool.replace('_', "-"),
        _ => "crm.delete_all".into(),
    }
}

fn bend_names(arguments: &mut Value, random: &mut StdRng) {
    let Some(map) = arguments.as_object_mut() else { return };
    let Some(name) = map.keys().next().cloned() else { return };
    let value = map.get(&name).cloned().unwrap_or_default();
    let bent = match random.random_range(0..8) {
        0 => name.replace('_', ""),
        1 => name.to_uppercase(),
        2 => format!("{name}\u{0}"),
        3 => format!("{name} "),
        4 => format!("${name}"),
        5 => "__proto__".into(),
        6 => name.replace('i', "\u{456}"),
        _ => format!("{name}[]"),
    };
    if random.random_bool(0.5) {
        map.remove(&name);
    }
    map.insert(bent, value);
}

/// The same key twice, as text: what the parser makes of it is what the guard decides about.
fn repeated(arguments: &Value, random: &mut StdRng) -> Value {
    let text = arguments.to_string();
    let other = ["\"EVIL99\"", "[\"ABC123\", \"DEF456\"]", "null", "999999"][random.random_range(0..4)];
    let key = ["customer_id", "limit", "amount", "issue"][random.random_range(0..4)];
    let twice = match text.strip_suffix('}') {
        Some(start) if random.random_bool(0.5) => format!("{start},\"{key}\":{other}}}"),
        _ => format!("{{\"{key}\":{other},{}", &text[1..]),
    };
    serde_json::from_str(&twice).unwrap_or_default()
}

fn bend_values(arguments: &mut Value, random: &mut StdRng) {
    let Some(map) = arguments.as_object_mut() else { return };
    let Some(value) = map.values_mut().next() else { return };
    let text: String = value.as_str().unwrap_or("3").chars().take(40).collect();
    *value = match random.random_range(0..18) {
        0 => json!(text.to_lowercase()),
        1 => json!(text.replace('A', "\u{410}")),
        2 => json!(text.chars().map(|c| format!("%{:02X}", u32::from(c))).collect::<String>()),
        3 => json!(text.replace('1', "\u{ff11}")),
        4 => json!(format!("{text}\u{200b}")),
        5 => json!(format!(" {text}\n")),
        6 => json!(format!("{text}' OR '1'='1")),
        7 => json!([text, "DEF456"]),
        8 => nested(json!(text), random.random_range(1..100)),
        9 => json!({ "$ne": text }),
        10 => json!(u64::MAX),
        11 => json!(1e308),
        12 => json!(-0.0),
        13 => json!(10.000_000_000_000_002),
        14 => Value::Null,
        15 => json!(true),
        16 => json!(text.repeat(random.random_range(1..2_000))),
        _ => json!((0..20).map(|_| random.next_u32()).collect::<Vec<_>>()),
    };
}

fn nested(value: Value, depth: usize) -> Value {
    (0..depth).fold(value, |inner, level| match level % 2 {
        0 => Value::Array(vec![inner]),
        _ => Value::Object(Map::from_iter([("a".to_owned(), inner)])),
    })
}

/// What the process has in memory; 0 where the system does not say.
fn resident_mib() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() / 256
}
