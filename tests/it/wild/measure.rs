//! Processes, and what they took: started by a small process of its own, since on Linux a process counts the memory of the one that
//! started it as its own.

use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
    process::{Command, Stdio},
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use wait4::Wait4;

/// The variable that makes [`the_measurer`] one.
const MEASURER: &str = "ABIDE_TEST_MEASURER";
/// Where its answer begins: the test runner writes to the same output.
const MARK: &str = "measured:";

/// A process to start, which is ended after so many seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) args: Vec<String>,
    pub(super) seconds: f64,
}

/// What a process took: CPU in seconds, memory in bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Measured {
    pub(super) name: String,
    /// None where a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) cpu: f64,
    pub(super) memory: u64,
    pub(super) seconds: f64,
    pub(super) out: String,
    pub(super) err: String,
}

/// Runs `abide` with the arguments of each job, so many at once; in the order of the jobs.
pub(super) fn measure(jobs: &[Job], at_once: usize) -> Vec<Measured> {
    of_program(env!("CARGO_BIN_EXE_abide").as_ref(), jobs, at_once)
}

pub(super) fn of_program(program: &Path, jobs: &[Job], at_once: usize) -> Vec<Measured> {
    let mut measurer = Command::new(std::env::current_exe().unwrap())
        .args(["wild::measure::the_measurer", "--exact", "--nocapture"])
        .env(MEASURER, program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = measurer.stdin.take().unwrap();
    input.write_all(serde_json::to_string(&(jobs, at_once)).unwrap().as_bytes()).unwrap();
    drop(input);
    let output = measurer.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, answer) = text.split_once(MARK).unwrap_or_else(|| panic!("no measures: {text}"));
    let line = answer.lines().next().unwrap();
    serde_json::from_str(line).unwrap()
}

/// Not a test: what [`of_program`] starts.
#[test]
fn the_measurer() {
    let Some(program) = std::env::var_os(MEASURER) else { return };
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let (jobs, at_once): (Vec<Job>, usize) = serde_json::from_str(&text).unwrap();
    let (queue, done) = (Mutex::new(jobs.iter().enumerate()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some((place, job)) = next else { return };
                    let measured = one(program.as_ref(), job);
                    done.lock().unwrap().push((place, measured));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(place, _)| *place);
    let measured: Vec<Measured> = done.into_iter().map(|(_, measured)| measured).collect();
    println!("\n{MARK}{}", serde_json::to_string(&measured).unwrap());
}

fn one(program: &Path, job: &Job) -> Measured {
    let folder = TempDir::new().unwrap();
    let paths = ["out", "err"].map(|name| folder.path().join(name));
    let [out, err] = [&paths[0], &paths[1]].map(|path| Stdio::from(File::create(path).unwrap()));
    let begun = Instant::now();
    let mut child = Command::new(program).args(&job.args).stdin(Stdio::null()).stdout(out).stderr(err).spawn().unwrap();
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let (ended, wait) = mpsc::channel::<()>();
    let used = thread::scope(|scope| {
        scope.spawn(move || {
            if let Err(mpsc::RecvTimeoutError::Timeout) = wait.recv_timeout(Duration::from_secs_f64(job.seconds)) {
                let _ = kill_process(id, Signal::KILL);
            }
        });
        let used = child.wait4().unwrap();
        drop(ended);
        used
    });
    let text = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    Measured {
        name: job.name.clone(),
        code: used.status.code(),
        cpu: (used.rusage.utime + used.rusage.stime).as_secs_f64(),
        memory: used.rusage.maxrss,
        seconds: begun.elapsed().as_secs_f64(),
        out: text(&paths[0]),
        err: text(&paths[1]),
    }
}
