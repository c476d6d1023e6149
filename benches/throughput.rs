//! How close many runs at once come to what the model's latency allows.
//!
//! `cargo bench --bench throughput`; see `benches/README.md`.
#![expect(clippy::unwrap_used, reason = "a bench")]

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use abide::{
    guard::policy::PolicySpec,
    lm::{Retry, openai::OpenAi},
    mcp::servers::Servers,
    net,
    prelude::*,
};
use abide_benches::{Verdict, is_measuring, on_cpu, say};
use abide_testbed::model;

/// Handle customer service requests.
#[derive(Signature)]
struct CustomerService {
    /// Customer service request
    #[input(max_chars = 2_000)]
    request: String,
    /// Helpful customer service response
    #[output(max_chars = 2_000)]
    response: String,
}

const LATENCY: Duration = Duration::from_millis(250);

/// Runs that came to an end.
#[derive(Default)]
struct Ended {
    well: AtomicU64,
    badly: AtomicU64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let measuring = is_measuring();
    let (in_flight, ramp_up, window) = if measuring { (1_000, 3, 10) } else { (10, 0, 1) };
    let model = model::Server::start(model::Options::default().latency(LATENCY)).await.unwrap();
    let ended = Arc::new(Ended::default());
    let runtime = runtime(&model.base_url());
    let workers: Vec<_> = (0..in_flight).map(|nth| tokio::spawn(work(runtime.clone(), nth, ended.clone()))).collect();

    // connections are made, and the runs spread over the time of one reply
    tokio::time::sleep(Duration::from_secs(ramp_up)).await;
    let (cpu, before, start) = (process_cpu(), ended.well.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(window)).await;
    let (runs, seconds) = (ended.well.load(Ordering::Relaxed) - before, start.elapsed().as_secs_f64());
    let cpu = (process_cpu() - cpu).as_secs_f64();
    workers.iter().for_each(tokio::task::JoinHandle::abort);

    assert_eq!(ended.badly.load(Ordering::Relaxed), 0, "runs that failed");
    assert!(runs > 0, "no run came to an end");
    if !measuring {
        return ExitCode::SUCCESS;
    }
    let (rate, ideal) = (runs as f64 / seconds, f64::from(in_flight) / LATENCY.as_secs_f64());
    let mut verdict = Verdict::default();
    verdict.number("1,000 runs in flight at 250 ms, share of the ideal rate", 100.0 * rate / ideal, "%", 90.0..);
    say(&format!(
        "  ({rate:.0} of {ideal:.0} runs a second; {:.0} µs CPU for each, the model's server included; {:.2} cores)",
        cpu / runs as f64 * 1e6,
        cpu / seconds,
    ));
    verdict.exit_code()
}

fn runtime(model_url: &str) -> Runtime {
    let client = net::Client::new(&net::Options::own_network()).unwrap();
    let model = OpenAi::new(client, model_url.parse().unwrap(), "stand-in", None).unwrap();
    let boundary = Boundary::new(PolicySpec::default(), Servers::default()).unwrap();
    Runtime::builder().lm(Arc::new(Retry::new(Arc::new(model)))).boundary(boundary).build()
}

/// Of all threads that are alive.
fn process_cpu() -> Duration {
    std::fs::read_dir("/proc/self/task").unwrap().map(|thread| on_cpu(thread.unwrap().path())).sum()
}

/// One run after the other.
async fn work(runtime: Runtime, nth: u32, ended: Arc<Ended>) {
    let program = Predict::<CustomerService>::new();
    for turn in 0_u64.. {
        let request = format!("What is the account status of customer ABC{:03}? This is question {turn}.", nth % 1_000);
        let run = runtime.run(&program, CustomerServiceInput { request }).await;
        let count = if run.outcome.is_ok() { &ended.well } else { &ended.badly };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
