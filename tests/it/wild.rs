//! Odd servers, issuers, streams and tokens, as data: `wild/*.toml`. Each is served by the testbed, and a client with the boundary that
//! goes with it makes one call.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tests")]

mod expect;
mod hostile;
mod measure;
mod trial;

use std::{
    sync::{Mutex, PoisonError},
    thread,
    time::Instant,
};

use abide_testbed::odd::{self, Case};
use trial::Trial;

/// So many cases are tried side by side: most of their time they wait.
const AT_ONCE: usize = 12;
/// The variable that tells [`the_program`] which case it is.
const PROGRAM: &str = "ABIDE_TEST_ODD";

#[test]
fn every_odd_server_gives_what_its_case_says() {
    let cases: Vec<Case> = odd::cases().unwrap().into_iter().filter(|case| !case.hostile && wanted(case)).collect();
    let servers = tokio::runtime::Runtime::new().unwrap();
    let (queue, wrong) = (Mutex::new(cases.iter()), Mutex::new(Vec::new()));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = next() {
                    let begun = Instant::now();
                    let problem = Trial::start(case, servers.handle()).run();
                    if std::env::var_os("ABIDE_TEST_ODD_TIMES").is_some() {
                        eprintln!("{:8.2} s  {}", begun.elapsed().as_secs_f64(), case.name);
                    }
                    wrong
                        .lock()
                        .unwrap()
                        .extend(problem.map(|problem| format!("{}: {}: {problem}", case.kind, case.name)));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn the_corpus_is_as_large_as_it_should_be() {
    let cases = odd::cases().unwrap();
    let hostile = cases.iter().filter(|case| case.hostile).count();
    assert!(cases.len() - hostile >= LEAST && hostile >= LEAST_HOSTILE, "{} cases, {hostile} hostile", cases.len());
}

const LEAST: usize = 150;
const LEAST_HOSTILE: usize = 40;

/// One case or one kind may be asked for: `ABIDE_TEST_ODD_ONLY=ordinary`.
fn wanted(case: &Case) -> bool {
    let only = std::env::var("ABIDE_TEST_ODD_ONLY").unwrap_or_default();
    only.is_empty() || only.split(',').any(|only| case.kind == only || case.name.starts_with(only))
}

/// Not a test: what a client starts where a case is a program.
#[tokio::test]
async fn the_program() {
    let Ok(name) = std::env::var(PROGRAM) else { return };
    let case = odd::cases().unwrap().into_iter().find(|case| case.name == name).unwrap();
    // the test runner has begun a line of its own
    println!();
    odd::speak(&case).await.unwrap();
}
