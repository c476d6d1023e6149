use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use abide_base::{
    call::{ReplyStatus, ServerId, ToolCall, ToolName, ToolReply, ToolSpec, json_bytes},
    event::EventKind,
    schema::takes_field,
    secret::Redactor,
};
use abide_guard::{Authorized, CallFailure, FailureKind, PendingCall, Policy, Unauthorized};
use abide_mcp::{Boundary, CallContext, ConnectError, McpServer, Oddity, ToolError};
use abide_net as net;
use futures_util::{FutureExt, TryFutureExt, future::BoxFuture};
use serde_json::{Map, Value, json};

use super::{Function, function::ErasedFunction};
use crate::{
    Shape,
    episode::{CallVerdict, ToolStep},
    runtime::{Cx, Infrastructure},
};

/// The tools that a program may ask for, and the only way an agent runs one. Cheap to clone.
#[derive(Clone, Default)]
pub struct Toolbox {
    tools: Arc<Tools>,
}

#[derive(Clone, Default)]
struct Tools {
    /// What a model is shown: tools that the boundary has an entry for.
    specs: Vec<ToolSpec>,
    /// Tools that a server has and the boundary does not mention.
    unlisted: BTreeMap<ToolName, ToolSpec>,
    functions: BTreeMap<ToolName, Arc<dyn ErasedFunction>>,
    servers: BTreeMap<ServerId, Arc<dyn Server>>,
}

/// A connected server. Behind a trait, so that what holds a toolbox needs no code of the protocol library.
trait Server: Send + Sync {
    fn call<'a>(
        &'a self,
        pending: PendingCall<'a>,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Result<ToolReply, CallFailure>>;

    fn oddities(&self) -> Vec<Oddity>;
}

impl Server for McpServer {
    fn call<'a>(
        &'a self,
        pending: PendingCall<'a>,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Result<ToolReply, CallFailure>> {
        self.call(pending, context)
    }

    fn oddities(&self) -> Vec<Oddity> {
        self.oddities()
    }
}

/// What the servers of a boundary have now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Survey {
    /// Every tool that can be used, whether or not it has an entry, in the order of names.
    pub tools: Vec<ToolSpec>,
    /// What of the servers' messages could not be used.
    pub oddities: Vec<Oddity>,
}

/// What came of a wanted call.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolOutcome {
    /// The tool answered, or something stood in for its answer in a dry run; the recorded step tells them apart
    /// ([`CallVerdict::DryRun`]).
    Replied {
        /// `{"result": …}`, or `{"error": …}` where the tool says that it failed.
        observation: Value,
    },
    /// The call was refused, or could not be understood.
    Refused {
        /// Why.
        kind: EventKind,
        /// `{"error": …}`, for the model.
        observation: Value,
    },
    /// The call was sent and its reply cannot be used: the tool may have done it. It counts as made.
    Unconfirmed {
        /// What is recorded.
        kind: EventKind,
        /// `{"error": …}`, for the model.
        observation: Value,
    },
    /// The infrastructure failed: the run says nothing about the program. With [`Infrastructure::Unconfirmed`] the tool may have done it.
    Failed(Infrastructure),
}

/// Why there are no tools.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolboxError {
    /// A server cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The boundary allows a tool that its server does not have.
    #[error("the boundary has an entry for `{tool}`, which its server does not list: {hint}")]
    NotListed {
        /// The tool.
        tool: ToolName,
        /// Which tools there are.
        hint: String,
    },
    /// The boundary has a rule for an argument that the tool does not take: it would never apply.
    #[error(
        "the boundary has a rule for the argument `{argument}` of `{tool}`, which its server does not list: {hint}"
    )]
    NoSuchArgument {
        /// The tool.
        tool: ToolName,
        /// The argument, with the fields in it.
        argument: String,
        /// Which arguments the tool takes.
        hint: String,
    },
    /// No connection to a server can be set up.
    #[error(transparent)]
    Net(#[from] net::Error),
}

impl Toolbox {
    /// No tools.
    pub fn new() -> Self {
        Self::default()
    }

    /// Connects to every server of the boundary, and starts those that are programs: authenticates first, then asks for their tools.
    /// Models are shown the tools that the boundary has an entry for, and no others. A tool that its server lists in a way that cannot be
    /// used is left out, with a warning and an entry in [`Toolbox::oddities`]; the others stay.
    ///
    /// # Errors
    /// A server cannot be used, or does not list a tool that the boundary has an entry for, or an argument that it has a rule for.
    pub fn connect(boundary: &Boundary) -> BoxFuture<'_, Result<Self, ToolboxError>> {
        Self::connect_all(boundary).boxed()
    }

    async fn connect_all(boundary: &Boundary) -> Result<Self, ToolboxError> {
        let tools = Tools::of(boundary, |_| true).await?;
        let listed: BTreeSet<&ToolName> = tools.specs.iter().map(|spec| &spec.name).collect();
        let unusable: BTreeSet<_> = tools.oddities().into_iter().filter_map(|oddity| oddity.tool).collect();
        let is_missing =
            |tool: &&ToolName| tool.server().is_some() && !listed.contains(tool) && !unusable.contains(tool);
        if let Some(tool) = boundary.policy().catalogue().map(|(tool, _)| tool).find(is_missing) {
            let all = tools.specs.iter().map(|spec| &spec.name).chain(tools.unlisted.keys());
            let hint = all
                .filter(|known| known.server() == tool.server())
                .map(ToolName::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            return Err(ToolboxError::NotListed { tool: tool.clone(), hint: format!("it has {hint}") });
        }
        match tools.specs.iter().find_map(|spec| rule_without_argument(boundary.policy(), spec)) {
            Some(error) => Err(error),
            None => Ok(Self { tools: Arc::new(tools) }),
        }
    }

    /// Connects to one server of the boundary only. Unlike [`Toolbox::connect`] it does not ask that the server has every tool that the
    /// boundary names: for trying one of them while others are missing.
    ///
    /// # Errors
    /// The server cannot be used. One that the boundary does not have has no tools.
    pub fn connect_to<'a>(boundary: &'a Boundary, server: &'a ServerId) -> BoxFuture<'a, Result<Self, ToolboxError>> {
        let tools = Tools::of(boundary, move |id| id == server);
        tools.map_ok(|tools| Self { tools: Arc::new(tools) }).boxed()
    }

    /// Connects as [`Toolbox::connect`] does, and tells every tool that the servers list, whether or not it has an entry, in the order
    /// of names.
    ///
    /// # Errors
    /// A server cannot be used.
    pub fn list(boundary: &Boundary) -> BoxFuture<'_, Result<Vec<ToolSpec>, ToolboxError>> {
        Self::survey(boundary).map_ok(|survey| survey.tools).boxed()
    }

    /// Connects as [`Toolbox::list`] does, and also tells what of the servers' messages could not be used.
    ///
    /// # Errors
    /// A server cannot be used.
    pub fn survey(boundary: &Boundary) -> BoxFuture<'_, Result<Survey, ToolboxError>> {
        Tools::of(boundary, |_| true).map_ok(Tools::into_survey).boxed()
    }

    /// With a Rust function as a tool. It needs an entry in the boundary like any other.
    #[must_use]
    pub fn with(self, function: Function) -> Self {
        let mut tools = Arc::unwrap_or_clone(self.tools);
        let (spec, body) = function.into_parts();
        tools.functions.insert(spec.name.clone(), body);
        tools.specs.retain(|known| known.name != spec.name);
        tools.specs.push(spec);
        tools.specs.sort_by(|a, b| a.name.cmp(&b.name));
        Self { tools: Arc::new(tools) }
    }

    /// The tools, in the order of their names.
    pub fn specs(&self) -> &[ToolSpec] {
        &self.tools.specs
    }

    /// The first function that a policy has no entry for.
    pub(crate) fn function_without_entry(&self, policy: &Policy) -> Option<&ToolName> {
        self.tools.functions.keys().find(|name| policy.tool(name).is_none())
    }

    /// What of the servers' messages was left out so far because it could not be used, server by server.
    pub fn oddities(&self) -> Vec<Oddity> {
        self.tools.oddities()
    }

    /// Runs a tool, if the guard permits it. Everything is recorded; nothing panics; only a failed infrastructure ends a run.
    pub fn call<'a>(&'a self, cx: &'a Cx, wanted: ToolCall) -> BoxFuture<'a, ToolOutcome> {
        self.run(cx, wanted).boxed()
    }

    async fn run(&self, cx: &Cx, wanted: ToolCall) -> ToolOutcome {
        let start = cx.clock().elapsed();
        let mut wanted = cx.guard().named(wanted);
        // guard, approver, audit and tool see the same whole numbers
        if wanted.arguments.values().any(has_float)
            && let Some(spec) = self.spec(&wanted.tool)
        {
            wanted.arguments = with_integers(&spec.input_schema, wanted.arguments);
        }
        let (verdict, mut outcome) = self.decide(cx, &wanted).await;
        let observation = match &mut outcome {
            // the guard scrubbed the reply
            ToolOutcome::Replied { observation } => observation.clone(),
            ToolOutcome::Refused { observation, .. } | ToolOutcome::Unconfirmed { observation, .. } => {
                cx.recorder().redactor().scrub_json(observation);
                observation.clone()
            }
            ToolOutcome::Failed(_) => Value::Null,
        };
        let elapsed: Duration = cx.clock().elapsed().saturating_sub(start);
        cx.recorder().tool(ToolStep { tool: wanted.tool, arguments: wanted.arguments, verdict, observation, elapsed });
        outcome
    }

    async fn decide(&self, cx: &Cx, call: &ToolCall) -> (CallVerdict, ToolOutcome) {
        let spec = self.spec(&call.tool);
        match cx.guard().authorize(call.clone(), spec, cx.session(), cx.recorder()).await {
            Ok(Authorized::Execute(pending)) => self.execute(cx, pending).await,
            Ok(Authorized::DryRun(stand_in)) => {
                (CallVerdict::DryRun, ToolOutcome::Replied { observation: json!({ "result": stand_in }) })
            }
            Err(Unauthorized::Denied(denial)) => {
                let denied = denial.first;
                let verdict = match denied.kind {
                    EventKind::ArgumentsMalformed | EventKind::UnknownTool => CallVerdict::Invalid,
                    _ => CallVerdict::Denied,
                };
                (verdict, ToolOutcome::Refused { kind: denied.kind, observation: denied.model_json() })
            }
            Err(Unauthorized::Unavailable(reason)) => (CallVerdict::Failed, ToolOutcome::Failed(reason.into())),
        }
    }

    async fn execute(&self, cx: &Cx, pending: PendingCall<'_>) -> (CallVerdict, ToolOutcome) {
        let (tool, shown) = (pending.tool().clone(), pending.limits().shown_bytes);
        match self.dispatch(cx, pending).await {
            Ok(mut reply) => {
                // a longer reply is cut: a model's attention is not the tool's to spend
                cap(&mut reply.content, shown, cx.recorder().redactor());
                (CallVerdict::Executed, replied(reply))
            }
            Err(failure) => failed(tool, failure),
        }
    }

    async fn dispatch(&self, cx: &Cx, pending: PendingCall<'_>) -> Result<ToolReply, CallFailure> {
        if let Some(function) = self.tools.functions.get(pending.tool()) {
            return pending.perform(|call| async { Ok(function.call(call).await) }).await;
        }
        let id = pending.tool().server();
        let server = self.tools.servers.iter().find(|(known, _)| Some(known.as_str()) == id);
        let Some((_, server)) = server else {
            return pending.perform(|_| async { Err(ToolError::UnknownTool.into()) }).await;
        };
        let traceparent = cx.session().run().traceparent();
        let context = CallContext { traceparent: &traceparent, events: Arc::new(cx.recorder().clone()) };
        server.call(pending, context).await
    }

    fn spec(&self, tool: &ToolName) -> Option<&ToolSpec> {
        self.tools.specs.iter().find(|spec| spec.name == *tool).or_else(|| self.tools.unlisted.get(tool))
    }
}

impl Tools {
    /// Those of the servers of a boundary that are wanted.
    async fn of(boundary: &Boundary, is_wanted: impl Fn(&ServerId) -> bool) -> Result<Self, ToolboxError> {
        let live = boundary.connections();
        let mut tools = Self::default();
        for server in boundary.servers().filter(|server| is_wanted(&server.id)) {
            tools.add(McpServer::connect(boundary.connection(&server.id)?).await?, boundary);
        }
        for command in boundary.commands().filter(|command| is_wanted(&command.id)) {
            tools.add(McpServer::spawn(command.clone(), live.clock().clone(), live.redactor()).await?, boundary);
        }
        tools.specs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tools)
    }

    fn oddities(&self) -> Vec<Oddity> {
        self.servers.values().flat_map(|server| server.oddities()).collect()
    }

    fn into_survey(self) -> Survey {
        let oddities = self.oddities();
        let mut tools: Vec<ToolSpec> = self.specs.into_iter().chain(self.unlisted.into_values()).collect();
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        Survey { tools, oddities }
    }

    fn add(&mut self, server: McpServer, boundary: &Boundary) {
        for spec in server.tools() {
            let spec = scrubbed(spec, boundary.connections().redactor());
            if boundary.policy().tool(&spec.name).is_some() {
                self.specs.push(spec);
            } else {
                self.unlisted.insert(spec.name.clone(), spec);
            }
        }
        self.servers.insert(server.id().clone(), Arc::new(server));
    }
}

/// The error for a rule of an argument that a tool does not take.
fn rule_without_argument(policy: &Policy, spec: &ToolSpec) -> Option<ToolboxError> {
    let rules = policy.tool(&spec.name)?.arguments.iter();
    let names = rules.flat_map(|(argument, rule)| {
        rule.all().into_iter().map(move |(fields, _)| [&[argument.as_str()], fields.as_slice()].concat())
    });
    let path = names.into_iter().find(|path| !takes_field(&spec.input_schema, path.iter().copied()))?;
    let taken = spec.input_schema.get("properties").and_then(Value::as_object);
    // a server's words: names only, and few of them
    let is_name =
        |name: &&str| name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let taken = taken.into_iter().flat_map(|map| map.keys().map(String::as_str));
    let taken: Vec<&str> = taken.filter(is_name).take(16).collect();
    let hint = if taken.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", taken.join(", ")) };
    Some(ToolboxError::NoSuchArgument { tool: spec.name.clone(), argument: path.join("."), hint })
}

/// A definition without the secrets that its server put into it; its digest stays that of what the server said.
fn scrubbed(spec: &ToolSpec, redactor: &Redactor) -> ToolSpec {
    let mut spec = spec.clone();
    spec.description = redactor.scrub(&spec.description).into_owned();
    redactor.scrub_json(&mut spec.input_schema);
    if let Some(schema) = &mut spec.output_schema {
        redactor.scrub_json(schema);
    }
    spec
}

fn replied(reply: ToolReply) -> ToolOutcome {
    let observation = match reply.status {
        ReplyStatus::Done => Value::Object([("result".to_owned(), reply.content)].into_iter().collect()),
        ReplyStatus::Failed => EventKind::ToolFailed.observation(reply.content),
    };
    ToolOutcome::Replied { observation }
}

fn failed(tool: ToolName, failure: CallFailure) -> (CallVerdict, ToolOutcome) {
    let kind = failure.code();
    let observation = kind.observation(failure.told());
    let verdict = match kind {
        EventKind::ToolFailed | EventKind::ReplyDenied => CallVerdict::Executed,
        EventKind::UnknownTool => CallVerdict::Invalid,
        _ => CallVerdict::Denied,
    };
    match failure.kind() {
        FailureKind::Unreachable => (CallVerdict::Failed, ToolOutcome::Failed(Infrastructure::Tool { tool, failure })),
        FailureKind::Lost => (CallVerdict::Failed, ToolOutcome::Failed(Infrastructure::Unconfirmed { tool, failure })),
        FailureKind::Unconfirmed => (verdict, ToolOutcome::Unconfirmed { kind, observation }),
        FailureKind::Refused | FailureKind::Rejected | FailureKind::Withheld => {
            (verdict, ToolOutcome::Refused { kind, observation })
        }
    }
}

/// Arguments with `2.0` as 2 where the tool wants a whole number: models write both.
fn with_integers(schema: &Value, arguments: Map<String, Value>) -> Map<String, Value> {
    match Shape::of(schema).with_integers(Value::Object(arguments)) {
        Value::Object(arguments) => arguments,
        _ => Map::new(),
    }
}

fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_float),
        Value::Object(map) => map.values().any(has_float),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// Cuts a reply that is too long; what is left stays data.
fn cap(content: &mut Value, limit: usize, redactor: &Redactor) {
    if json_bytes(content, limit).is_some() {
        return;
    }
    // numbers become text
    let text = redactor.scrub(&content.to_string()).into_owned();
    let kept: String = match content {
        Value::String(text) => text.chars().take(limit / 4).collect(),
        _ => text.chars().take(limit / 4).collect(),
    };
    *content = json!({ "truncated": kept, "characters": text.chars().count() });
}

#[cfg(test)]
mod tests;
