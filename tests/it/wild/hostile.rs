//! Hostile cases: each client is a process of its own, whose time and memory are read; and honest runs go on beside all of them.

use std::{sync::Arc, time::Duration};

use abide::{call::ToolCall, prelude::*, tool::ToolOutcome};
use abide_testbed::odd::{self, Case};
use serde_json::{Map, Value};

use super::{
    measure::{Job, Measured, measure},
    trial::{Came, Trial},
    wanted,
};
use crate::support::{NoModel, OneCall};

/// What a hostile server may cost beyond an honest one.
const MAX_CPU: f64 = 2.0;
const MAX_MEMORY: u64 = 64 << 20;
/// Honest runs beside the hostile ones.
const HONEST: usize = 64;
/// So many processes at once.
const AT_ONCE: usize = 6;
/// What is waited for a process beyond its deadline before it is ended.
const GRACE: f64 = 5.0;

fn job(trial: &Trial<'_>, name: &str) -> Job {
    let args = trial.command().into_iter().skip(1).map(|arg| arg.into_string().unwrap()).collect();
    let seconds = trial.case.expect.get("seconds").and_then(Value::as_f64).unwrap_or(20.0) + GRACE;
    Job { name: name.to_owned(), args, seconds }
}

/// What is ordinary about a case: the memory of its client is compared with that of a client of this one.
fn base(case: &Case) -> &'static str {
    if case.is_program() {
        "ordinary-program"
    } else if case.has_issuer() {
        "ordinary-issuer"
    } else {
        "ordinary-legacy"
    }
}

#[test]
fn no_hostile_server_costs_time_or_memory_and_honest_runs_beside_it_finish() {
    let cases = odd::cases().unwrap();
    let hostile: Vec<&Case> = cases.iter().filter(|case| case.hostile && wanted(case)).collect();
    let named = |name: &str| cases.iter().find(|case| case.name == name).unwrap();
    let servers = tokio::runtime::Runtime::new().unwrap();
    let start = |case| Trial::start(case, servers.handle());
    let honest: Vec<Trial<'_>> =
        ["ordinary-legacy", "ordinary-program", "ordinary-issuer"].into_iter().map(|name| start(named(name))).collect();
    let trials: Vec<Trial<'_>> = hostile.iter().map(|case| start(case)).collect();
    // one after the other, so that both kinds stand beside each other all the time
    let most = trials.len().max(HONEST);
    let mut jobs = Vec::new();
    for number in 0..most {
        jobs.extend(trials.get(number).map(|trial| job(trial, &trial.case.name)));
        if number < HONEST {
            let trial = &honest[number % honest.len()];
            jobs.push(job(trial, &trial.case.name));
        }
    }
    let measured = measure(&jobs, AT_ONCE);
    let mut wrong = Vec::new();
    let of = |name: &'static str| measured.iter().filter(move |measured| measured.name == name);
    for trial in &honest {
        let runs = of(base(trial.case));
        let failed = runs.filter(|run| run.code != Some(0) || !run.out.contains("\"replied\""));
        wrong.extend(failed.map(|run| format!("an honest run: {}: {:?} {} {}", run.name, run.code, run.out, run.err)));
    }
    assert_eq!(measured.len(), trials.len() + HONEST);
    for trial in &trials {
        let run = measured.iter().find(|run| run.name == trial.case.name).unwrap();
        let memory = of(base(trial.case)).map(|base| base.memory).max().unwrap();
        let (cpu, memory) = (run.cpu, run.memory.saturating_sub(memory));
        if std::env::var_os("ABIDE_TEST_ODD_TIMES").is_some() {
            let mb = |bytes: u64| bytes >> 20;
            eprintln!(
                "{:6.2} s  {cpu:6.2} s CPU  {:5} of {:5} MB  {}",
                run.seconds,
                mb(memory),
                mb(run.memory),
                run.name
            );
        }
        if cpu > MAX_CPU {
            wrong.push(format!("{}: {cpu:.2} s of CPU", run.name));
        }
        if memory > MAX_MEMORY {
            wrong.push(format!("{}: {} MB more than an honest server", run.name, memory >> 20));
        }
        wrong.extend(problem(trial, run));
    }
    assert!(wrong.is_empty(), "{} problems with {} cases:\n{}", wrong.len(), trials.len(), wrong.join("\n"));
}

fn problem(trial: &Trial<'_>, run: &Measured) -> Option<String> {
    let Some(code) = run.code else {
        return Some(format!("{}: it was ended after {:.1} s, at its deadline or by a signal", run.name, run.seconds));
    };
    let came = Came { code, out: run.out.clone(), err: run.err.clone(), seconds: run.seconds };
    trial.judge(&came).map(|problem| format!("{}: {problem}", run.name))
}

/// In one process: whatever hostile servers do, it holds up nobody else.
#[test]
fn sixty_four_honest_runs_finish_beside_all_hostile_servers() {
    let cases = odd::cases().unwrap();
    let servers = tokio::runtime::Runtime::new().unwrap();
    let trials: Vec<Trial<'_>> = cases
        .iter()
        .filter(|case| case.hostile && wanted(case))
        .map(|case| Trial::start(case, servers.handle()))
        .collect();
    let ordinary = Trial::start(cases.iter().find(|case| case.name == "ordinary-legacy").unwrap(), servers.handle());
    let clients = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let honest = clients.block_on(async {
        let boundary = Boundary::load(ordinary.boundary()).unwrap();
        let tools = Toolbox::connect(&boundary).await.unwrap();
        for trial in &trials {
            let Ok(boundary) = Boundary::load(trial.boundary()) else { panic!("{}", trial.case.name) };
            let call = call(trial.case);
            tokio::spawn(async move {
                let tools = Toolbox::connect(&boundary).await.ok()?;
                Some(run(boundary, tools, call).await)
            });
        }
        let runs: Vec<_> =
            (0..HONEST).map(|_| tokio::spawn(run(boundary.clone(), tools.clone(), call(ordinary.case)))).collect();
        let mut done = 0;
        for run in runs {
            // an honest run that is held up ends as an error here
            let replied = tokio::time::timeout(Duration::from_secs(30), run).await.unwrap().unwrap();
            assert!(matches!(replied, ToolOutcome::Replied { .. }), "{replied:?}");
            done += 1;
        }
        done
    });
    clients.shutdown_background();
    assert_eq!(honest, HONEST);
}

fn call(case: &Case) -> ToolCall {
    let arguments: Map<String, Value> = serde_json::from_value(case.arguments().unwrap()).unwrap_or_default();
    ToolCall { tool: case.tool.clone().try_into().unwrap(), arguments }
}

async fn run(boundary: Boundary, tools: Toolbox, call: ToolCall) -> ToolOutcome {
    let runtime = Runtime::builder().lm(Arc::new(NoModel::default())).boundary(boundary).build();
    runtime.run(&OneCall(tools), call).await.outcome.unwrap()
}

#[test]
fn what_a_process_takes_is_read() {
    // only the one that does not end by itself has to
    let seconds = |code: &str| if code.starts_with("sleep") { 2.0 } else { 60.0 };
    let jobs = |code: &str| Job {
        name: code.to_owned(),
        args: vec!["-c".to_owned(), code.to_owned()],
        seconds: seconds(code),
    };
    let code = [
        "exit 3",
        "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done",
        "sleep 60",
        "x=$(head -c 20000000 /dev/zero | tr '\\0' x); echo ${#x}",
    ];
    let measured = super::measure::of_program("/bin/sh".as_ref(), &code.map(jobs), 2);
    let [ended, busy, idle, large] = &measured[..] else { panic!("{measured:?}") };
    assert_eq!((ended.code, idle.code, large.out.trim()), (Some(3), None, "20000000"));
    assert!(busy.cpu > 0.05 && busy.cpu > 2.0 * ended.cpu, "{busy:?}");
    assert!(large.memory > ended.memory + (15 << 20), "{large:?} {ended:?}");
    assert!(idle.seconds >= 2.0 && idle.seconds < 30.0, "{idle:?}");
}
