//! Against servers that others wrote, over the real protocols: `scripts/referees.sh` installs them and runs these tests.
#![expect(clippy::print_stderr, reason = "numbers for whoever runs the script")]

mod everything;
mod fastmcp;
mod filesystem;
mod nginx;
mod oidc;
mod person;
mod pki;
mod process;
mod sdk;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use abide::{
    call::{Effect, ServerId, ToolCall, ToolName},
    credentials::oauth::config::OAuth,
    event::EventKind,
    guard::policy::{PolicySpec, ToolRule, UnlistedArguments},
    mcp::servers::{CommandConfig, ServerConfig, Servers},
    net,
    prelude::*,
    scope::ScopeSet,
    secret::Secret,
    tool::{ToolOutcome, ToolboxError},
};
use futures_util::future::join_all;
use process::{Referee, Starting};
use serde_json::{Value, json};

use crate::support::{NoModel, OneCall};

const READ: &str = "mcp:read";
const WRITE: &str = "mcp:write";

/// A tool that the boundary allows: its name at the server, what it does, the scopes it needs.
type Allowed<'a> = (&'a str, Effect, &'a str);

const ADD: Allowed<'_> = ("add", Effect::Read, READ);
const WHOAMI: Allowed<'_> = ("whoami", Effect::Read, READ);
const WRITE_NOTE: Allowed<'_> = ("write_note", Effect::Write, WRITE);

/// Tools of one server behind a guard.
struct Caller {
    runtime: Runtime,
    module: OneCall,
}

/// What came of a call.
#[derive(Debug)]
struct Called {
    outcome: ToolOutcome,
    events: Vec<EventKind>,
}

impl Caller {
    async fn connect(server: ServerConfig, tools: &[Allowed<'_>]) -> Result<Self, ToolboxError> {
        Self::over(Servers { http: [(id(), server)].into(), ..Servers::default() }, tools).await
    }

    async fn spawn(command: CommandConfig, tools: &[Allowed<'_>]) -> Result<Self, ToolboxError> {
        Self::over(Servers { commands: [(id(), command)].into(), ..Servers::default() }, tools).await
    }

    async fn over(servers: Servers, tools: &[Allowed<'_>]) -> Result<Self, ToolboxError> {
        let boundary = Boundary::new(rules(tools), servers).unwrap();
        let module = OneCall(Toolbox::connect(&boundary).await?);
        let lm = Arc::new(NoModel::default());
        Ok(Self { runtime: Runtime::builder().lm(lm).boundary(boundary).build(), module })
    }

    async fn call(&self, tool: &str, arguments: Value) -> Called {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        let run = self.runtime.run(&self.module, ToolCall { tool: tool_name(tool), arguments }).await;
        let events = run.episode.events.iter().map(|event| event.kind).collect();
        Called { outcome: run.outcome.unwrap(), events }
    }

    /// Calls again and again, 8 at once, for some time. Every call must bring what it should; says how many there were.
    async fn keep_calling(&self, time: Duration) -> usize {
        let end = Instant::now() + time;
        let callers = (0..8).map(|caller| async move {
            let mut calls = 0;
            while Instant::now() < end {
                let called = self.call("add", json!({ "a": calls, "b": caller })).await;
                assert_eq!(called.result()["sum"], f64::from(calls + caller), "{called:?}");
                calls += 1;
            }
            usize::try_from(calls).unwrap()
        });
        join_all(callers).await.into_iter().sum()
    }
}

impl Called {
    /// What the tool brought.
    fn result(&self) -> &Value {
        match &self.outcome {
            ToolOutcome::Replied { observation } if observation.get("error").is_none() => &observation["result"],
            _ => panic!("{self:?}"),
        }
    }

    /// How often something happened.
    fn count(&self, kind: EventKind) -> usize {
        self.events.iter().filter(|event| **event == kind).count()
    }
}

fn id() -> ServerId {
    "it".to_owned().try_into().unwrap()
}

fn tool_name(tool: &str) -> ToolName {
    format!("it.{tool}").try_into().unwrap()
}

fn rules(tools: &[Allowed<'_>]) -> PolicySpec {
    let rule = |(name, effect, scopes): &Allowed<'_>| {
        (tool_name(name), ToolRule::new(*effect, scopes_of(scopes)).other_arguments(UnlistedArguments::Allow))
    };
    PolicySpec { tools: tools.iter().map(rule).collect(), ..PolicySpec::default() }
}

fn scopes_of(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

fn server(url: &str) -> ServerConfig {
    ServerConfig::new(id(), url.parse().unwrap())
}

fn guarded(url: &str, oauth: OAuth) -> ServerConfig {
    server(url).with_oauth(oauth)
}

/// A secret that the issuer made up for a client.
fn secret(issuer: &Referee, client: &str) -> Secret<String> {
    Secret::new(issuer.told["secrets"][client].as_str().unwrap().to_owned())
}

fn issuer_of(referee: &Referee) -> String {
    referee.told["issuer"].as_str().unwrap().to_owned()
}

/// Makes the issuer issue tokens for a resource.
async fn register(issuer: &Referee, url: &str, algorithm: &str) {
    issuer.steer("resource", json!({ "url": url, "alg": algorithm })).await;
}

/// The grants that the issuer made to a client.
async fn granted(issuer: &Referee, client: &str) -> Vec<Value> {
    let seen = issuer.seen().await;
    seen["granted"].as_array().unwrap().iter().filter(|grant| grant["client"] == client).cloned().collect()
}

fn fastmcp(options: &Value) -> Starting {
    Starting::ours("served.py", options)
}
