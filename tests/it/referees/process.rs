//! Other people's servers as child processes that end with the test, however the test ends.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use abide::net;
use serde_json::Value;
use tempfile::TempDir;

/// A running server.
pub(super) struct Referee {
    child: Child,
    /// While this is open, the server runs.
    leash: Option<ChildStdin>,
    out: BufReader<ChildStdout>,
    folder: TempDir,
    base: String,
    /// What it said of itself when it was ready.
    pub(super) told: Value,
}

/// A server that may not be ready yet, so that several can get ready at once.
pub(super) struct Starting(Referee);

const PATIENCE: Duration = Duration::from_secs(30);

/// What `scripts/referees.sh` sets.
pub(super) fn installed(variable: &str) -> PathBuf {
    std::env::var_os(variable).unwrap_or_else(|| panic!("`{variable}` is not set: run scripts/referees.sh")).into()
}

/// A file of `tests/referees`.
pub(super) fn program(name: &str) -> PathBuf {
    [crate::support::ROOT, "tests", "referees", name].iter().collect()
}

/// What runs a program of ours.
pub(super) fn interpreter(name: &str) -> PathBuf {
    if name.ends_with(".py") { installed("ABIDE_REFEREES_PYTHON") } else { "node".into() }
}

/// A file of an npm package.
pub(super) fn package(path: &str) -> PathBuf {
    installed("NODE_PATH").join(path)
}

impl Starting {
    /// A program of ours around a server of others, which is told what to do in one argument.
    pub(super) fn ours(name: &str, options: &Value) -> Self {
        Self::spawn(&[interpreter(name).as_os_str(), program(name).as_os_str(), options.to_string().as_ref()])
    }

    /// Any program, with nothing of our environment but where programs and packages are.
    pub(super) fn spawn(command: &[&OsStr]) -> Self {
        let folder = tempfile::Builder::new().prefix("abide-referee-").tempdir().unwrap();
        let errors = File::create(folder.path().join("stderr")).unwrap();
        let mut child = Command::new("sh")
            .arg(program("leash.sh"))
            .args(command)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("NODE_PATH", installed("NODE_PATH"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let (leash, out) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self(Referee { child, leash, out, folder, base: String::new(), told: Value::Null })
    }

    /// Waits until the server says on which port it listens.
    pub(super) fn ready(self) -> Referee {
        let Self(mut referee) = self;
        let mut line = String::new();
        referee.out.read_line(&mut line).unwrap();
        referee.told = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it said `{line}`"));
        referee.base = format!("http://127.0.0.1:{}", referee.told["port"]);
        referee
    }

    /// Waits until somebody listens on these ports. None: it ended, because one of them was taken meanwhile.
    pub(super) fn listening(self, ports: &[u16]) -> Option<Referee> {
        let Self(mut referee) = self;
        let end = Instant::now() + PATIENCE;
        for port in ports {
            while TcpStream::connect(("127.0.0.1", *port)).is_err() {
                if referee.child.try_wait().unwrap().is_some() {
                    return None;
                }
                assert!(Instant::now() < end, "nobody listens on port {port}");
                std::thread::yield_now();
            }
        }
        Some(referee)
    }
}

impl Referee {
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(super) fn mcp(&self) -> String {
        self.url("/mcp")
    }

    /// What it has seen so far.
    pub(super) async fn seen(&self) -> Value {
        ask(net::Request::get(self.url("/referee").parse().unwrap())).await
    }

    /// Steers it.
    pub(super) async fn steer(&self, order: &str, options: Value) {
        ask(net::Request::post(self.url(&format!("/referee/{order}")).parse().unwrap(), options.to_string())).await;
    }
}

impl Drop for Referee {
    fn drop(&mut self) {
        drop(self.leash.take());
        self.child.wait().unwrap();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default());
        }
    }
}

/// Ports that nobody listens on right now.
pub(super) fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.each_ref().map(|listener| listener.local_addr().unwrap().port())
}

async fn ask(request: net::Request) -> Value {
    let client = net::Client::new(&loopback()).unwrap();
    let reply = client.send(request).await.unwrap();
    assert!(reply.status.is_success(), "{}", reply.status);
    serde_json::from_slice(&reply.body).unwrap()
}

/// Our connections, which may go to this machine.
pub(super) fn loopback() -> net::Options {
    net::Options::own_network()
}
