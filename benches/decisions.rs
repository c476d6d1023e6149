//! What the guard's decisions cost: one call under ten rules, where a value came from in 100 kB of text, and recorded calls decided
//! again.
//!
//! `cargo bench --bench decisions`; see `benches/README.md`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a bench")]

use std::{
    ffi::OsString,
    hint::black_box,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use abide::{
    Fields, async_trait,
    call::{ServerId, ToolCall, ToolReply, ToolSpec},
    episode::Recorder,
    guard::{Authorized, GrantError, GrantedScopes, Grants, Guard, Mode, Policy, Session},
    id::RunId,
    scope::ScopeSet,
    secret::Redactor,
};
use abide_benches::{Verdict, is_measuring, say};
use futures_util::FutureExt;
use serde_json::{Value, json};

/// Calls of one run.
const CALLS: usize = 16;
/// Ten rules: scopes, a pattern, lengths, a list, a range, two sources, a count, a budget.
const RULES: &str = r#"
[servers.bank]
url = "https://bank.example/mcp"
issuer = "https://login.bank.example"
client_id = "assistant"
client_secret_env = "SECRET"

[tools."bank.send"]
scopes = ["payments:send"]
effect = "external"
max_calls = 100
arguments.to = { pattern = "[A-Z]{2}[0-9]{20}", from = ["input", "bank.payees:iban"] }
arguments.amount = { min = 0.01, max = 1000 }
arguments.currency = { enum = ["EUR", "USD"] }
arguments.subject = { min_chars = 1, max_chars = 140 }

[tools."bank.payees"]
scopes = ["payments:read"]
effect = "read"

[limits]
tool_calls = 100
"#;

struct Everything(ScopeSet);

#[async_trait]
impl Grants for Everything {
    async fn granted(&self, _: &ServerId) -> Result<Option<GrantedScopes>, GrantError> {
        let token_hash = "sha256:token".to_owned();
        let granted = GrantedScopes { scopes: self.0.clone(), token_hash, jti_hash: None };
        Ok(Some(granted))
    }
}

fn main() -> ExitCode {
    let mut verdict = Verdict::default();
    let rounds = if is_measuring() { 4_000 } else { 1 };
    let (median, p99) = decisions(rounds);
    let provenance = provenance(rounds / 10 + 1);
    let replayed = replay(if is_measuring() { 20_000 } else { 1 });
    if is_measuring() {
        verdict.number("one decision under ten rules, median", median, "µs", ..=2.0);
        verdict.number("one decision under ten rules, p99", p99, "µs", ..=10.0);
        verdict.number("provenance in an episode of 100 kB", provenance, "µs", ..=200.0);
        verdict.number("recorded calls decided again", replayed / 1_000.0, "thousand calls/s", 200.0..);
    }
    verdict.exit_code()
}

fn guard() -> Guard {
    let policy = Policy::parse(RULES, "").unwrap();
    let grants = Everything(ScopeSet::parse("payments:send payments:read").unwrap());
    Guard::new(&policy, Arc::new(grants))
}

fn tool() -> ToolSpec {
    let schema = json!({
        "type": "object",
        "properties": {
            "to": { "type": "string" },
            "amount": { "type": "number" },
            "currency": { "type": "string" },
            "subject": { "type": "string" },
        },
        "required": ["to", "amount"],
        "additionalProperties": false,
    });
    ToolSpec::new("bank.send".try_into().unwrap(), "Sends money.", schema, None)
}

fn send(to: &str, number: usize) -> ToolCall {
    let arguments = json!({ "to": to, "amount": 12.5, "currency": "EUR", "subject": format!("Invoice {number}") });
    let Value::Object(arguments) = arguments else { panic!("an object") };
    ToolCall { tool: "bank.send".try_into().unwrap(), arguments }
}

fn run(input: &str) -> (Session, Recorder) {
    let run = RunId::random();
    (Session::new(run, Mode::Live, &Fields::new().with("request", input)), Recorder::new(run, 0, Redactor::new()))
}

/// How long a decision takes, in µs: the median and the 99th percentile.
fn decisions(rounds: usize) -> (f64, f64) {
    let (guard, tool) = (guard(), tool());
    let mut times = Vec::with_capacity(rounds * CALLS);
    for _ in 0..rounds {
        let (session, log) = run("Please pay 12.50 EUR to DE89370400440532013000 for the invoices.");
        for number in 0..CALLS {
            times.push(decide(&guard, &tool, send("DE89370400440532013000", number), (&session, &log)));
        }
    }
    times.sort();
    (micros(times[times.len() / 2]), micros(times[times.len() * 99 / 100]))
}

fn decide(guard: &Guard, tool: &ToolSpec, call: ToolCall, (session, log): (&Session, &Recorder)) -> Duration {
    let start = Instant::now();
    let authorized = guard.authorize(call, Some(tool), session, log).now_or_never().unwrap().unwrap();
    let elapsed = start.elapsed();
    assert!(matches!(authorized, Authorized::Execute(_)));
    elapsed
}

/// How long it takes to find that a value stands at the end of 100 kB of input behind many that are almost the same, with as much in
/// replies besides; the median in µs, all other checks included.
fn provenance(rounds: usize) -> f64 {
    let (guard, tool) = (guard(), tool());
    let almost = "DE8937040044053201300 paid. ".repeat(100_000 / 28);
    let (session, log) = run(&format!("{almost} Now pay DE89370400440532013000."));
    let payees: Vec<Value> =
        (0..2_000).map(|n| json!({ "iban": format!("DE{n:020}"), "name": "Ann Example" })).collect();
    session.observe(&"bank.payees".try_into().unwrap(), &ToolReply::done(json!({ "payees": payees })));
    let mut times: Vec<Duration> = (0..rounds.min(90))
        .map(|number| decide(&guard, &tool, send("DE89370400440532013000", number), (&session, &log)))
        .collect();
    times.sort();
    micros(times[times.len() / 2])
}

/// Recorded calls a second, from a file of episodes to lines of decisions, as `abide guard replay --json` does it.
fn replay(episodes: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let (boundary, file) = (folder.path().join("boundary.toml"), folder.path().join("episodes.jsonl"));
    std::fs::write(&boundary, RULES).unwrap();
    let lines: String = (0..episodes).map(|number| format!("{}\n", episode(number))).collect();
    std::fs::write(&file, lines).unwrap();
    let args = ["abide", "guard", "replay", "--json", "--boundary"].map(OsString::from);
    let args: Vec<OsString> = args.into_iter().chain([boundary.into(), file.into()]).collect();
    let mut best = 0.0_f64;
    for _ in 0..3 {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let start = Instant::now();
        let code = abide_cli::run(args.clone(), &mut out, &mut err);
        let elapsed = start.elapsed();
        assert_eq!(code, 0, "{}", String::from_utf8_lossy(&err));
        let calls = black_box(&out).iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(calls, episodes * 4);
        best = best.max(calls as f64 / elapsed.as_secs_f64());
    }
    if is_measuring() {
        say(&format!("{} episodes of four calls", episodes));
    }
    best
}

fn episode(number: usize) -> Value {
    let iban = format!("DE{number:020}");
    let send = |amount: u32| {
        let arguments = json!({ "to": iban, "amount": amount, "currency": "EUR", "subject": "Rent" });
        json!({ "tool": "bank.send", "arguments": arguments, "result": { "status": "sent" } })
    };
    let payees = json!([{ "name": "Ann Example", "iban": iban }, { "name": "Bob Example", "iban": "DE00" }]);
    json!({
        "id": format!("episode-{number}"),
        "input": { "request": "Pay the rent of October and November to Ann, please." },
        "session": { "scopes": ["payments:send", "payments:read"] },
        "calls": [{ "tool": "bank.payees", "arguments": {}, "result": payees }, send(900), send(910), send(920)],
    })
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
