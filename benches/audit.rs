//! What a row of the audit costs in a file that is not synced, in CPU time: calls of a Rust function with an audit in a file, minus the
//! same calls with an audit that keeps nothing. Each call has two rows.
//!
//! `cargo bench --bench audit`; see `benches/README.md`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench")]

use std::{num::NonZeroU64, process::ExitCode, sync::Arc};

use abide::{
    async_trait,
    call::ToolCall,
    guard::audit::{AuditOptions, Known, files_of, verify},
    id::ModelId,
    lm::{LmError, LmReply, LmRequest},
    prelude::*,
    runtime::{CallError, Cx},
    tool::ToolOutcome,
};
use abide_benches::{Verdict, is_measuring, on_cpu, say};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, json};

const THREAD: &str = "/proc/thread-self";
const BAR: f64 = 5.0;
/// Calls of one run; longer runs remember more.
const CALLS: u64 = 100;
/// Runs of one sample.
const RUNS: u64 = 40;
const RULES: &str =
    "[tools.get_customer_info]\nscopes = []\neffect = \"read\"\narguments.customer_id = { pattern = \"CUST[0-9]+\" }\n";

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Customer {
    customer_id: String,
}

/// Looks customers up.
struct LookUps(Toolbox);

/// Is never asked.
struct Nobody(ModelId);

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    // as it would be kept: full files are put aside meanwhile
    let options = AuditOptions::new().rotate(NonZeroU64::new(16 << 20).unwrap());
    let written = world(Audit::with_options(&path, options).unwrap());
    let discarded = world(Audit::discard());
    let look_up = async |customer: Customer| {
        Ok::<_, String>(json!({ "customer_id": customer.customer_id, "name": "Ann Example", "tier": "gold" }))
    };
    let tools = Toolbox::new().with(Function::new("get_customer_info", "Looks a customer up.", look_up).unwrap());
    let program = LookUps(tools);
    let (samples, runs) = if is_measuring() { (60, RUNS) } else { (1, 1) };
    let mut rows: Vec<f64> = Vec::new();
    for _ in 0..samples {
        let without = runtime.block_on(calls(&discarded, &program, runs));
        let with = runtime.block_on(calls(&written, &program, runs));
        rows.push((with - without) / 2.0);
    }
    drop(written);
    let found = verify(files_of(&path).unwrap(), Known::default()).unwrap();
    assert_eq!(found.rows, samples * runs * CALLS * 2 + found.files);
    if !is_measuring() {
        return ExitCode::SUCCESS;
    }
    let mut verdict = Verdict::default();
    verdict.number("one row of the audit in a file, not synced", median(rows), "µs CPU", ..=BAR);
    let bytes: u64 =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    say(&format!("  ({} rows of {} bytes in {} files)", found.rows, bytes / found.rows, found.files));
    verdict.exit_code()
}

fn world(audit: Audit) -> Runtime {
    let nobody = Arc::new(Nobody(ModelId("nobody".to_owned())));
    Runtime::builder().lm(nobody).boundary(Boundary::parse(RULES, "", &|_| None).unwrap()).audit(audit).build()
}

/// The CPU time of one call, in microseconds.
async fn calls(runtime: &Runtime, program: &LookUps, runs: u64) -> f64 {
    let start = on_cpu(THREAD);
    for _ in 0..runs {
        runtime.run(program, ()).await.outcome.unwrap();
    }
    (on_cpu(THREAD) - start).as_secs_f64() * 1e6 / (runs * CALLS) as f64
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Module for LookUps {
    type Input = ();
    type Output = ();

    async fn forward(&self, cx: &Cx, (): ()) -> Result<(), CallError> {
        for nth in 0..CALLS {
            let arguments = Map::from_iter([("customer_id".to_owned(), json!(format!("CUST{nth}")))]);
            let call = ToolCall { tool: "get_customer_info".try_into().unwrap(), arguments };
            let outcome = self.0.call(cx, call).await;
            assert!(matches!(outcome, ToolOutcome::Replied { .. }), "{outcome:?}");
        }
        Ok(())
    }
}

#[async_trait]
impl Lm for Nobody {
    fn model(&self) -> &ModelId {
        &self.0
    }

    async fn complete(&self, _: &LmRequest) -> Result<LmReply, LmError> {
        panic!("nobody asks a model here")
    }
}
