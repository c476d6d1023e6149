//! `abide tools call`: one guarded call from the command line.

use std::{io::Write, path::PathBuf, sync::Arc};

use abide::{
    Fields, async_trait,
    call::{ServerId, ToolCall, ToolName},
    episode::{CallVerdict, Episode},
    event::EventKind,
    guard::Mode,
    id::ModelId,
    lm::{Lm, LmError, LmReply, LmRequest},
    mcp::{Boundary, Oddity},
    module::Module,
    runtime::{CallError, Cx, Infrastructure, Limits, Run, RunOptions, Runtime},
    tool::{ToolOutcome, Toolbox},
};
use abide_base::strict;
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    error::CliError,
    output_format::OutputFormat,
    text::{plain, say_json},
};

/// A call that is wanted, and how it is made.
#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// The boundary; only the server of the tool is connected to
    #[arg(long, default_value = "boundary.toml")]
    boundary: PathBuf,
    /// The tool, as the boundary names it: `crm.get_customer_info`
    #[arg(value_name = "SERVER.TOOL", value_parser = name)]
    tool: ToolName,
    /// The arguments, as a JSON object
    #[arg(value_name = "JSON", default_value = "{}", value_parser = object)]
    arguments: Object,
    /// What the call counts as asked for: rules such as `from = ["input"]` look here. A JSON object gives the fields of the input, any
    /// other text is its field `request`
    #[arg(long, value_name = "TEXT", value_parser = input)]
    input: Option<Fields>,
    /// Also makes calls that change something; without it they get a stand-in as reply
    #[arg(long)]
    live: bool,
    /// Shows the outcome as one line of JSON
    #[arg(long)]
    json: bool,
}

/// The exit code where a call failed, or may have been made without an answer that can be used.
pub(super) const FAILED: u8 = 3;
/// The exit code where a call was refused.
const REFUSED: u8 = 1;

/// A JSON object. The argument parser takes a type of its own for one value, and a map for several.
#[derive(Clone, Debug)]
struct Object(Map<String, Value>);

/// What came of the call, as `--json` shows it.
#[derive(Debug, Serialize)]
struct Report {
    connected: bool,
    status: Status,
    reply: Value,
    error: Option<String>,
    events: Vec<Event>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Event {
    code: &'static str,
    detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// The tool answered.
    Replied,
    /// The call was permitted, and a stand-in was the answer.
    DryRun,
    /// The guard or the server refused it.
    Refused,
    /// It was not made.
    Failed,
    /// It was sent, and its reply did not come or cannot be used: the tool may have done it.
    Unconfirmed,
}

/// A program of one call.
struct OneCall {
    tools: Toolbox,
    call: ToolCall,
}

/// Stands where a runtime wants a model. A program of one call asks none.
struct NoModel(ModelId);

/// Makes the call; the exit code says what came of it.
pub(super) fn call(wanted: Wanted, out: &mut dyn Write) -> Result<u8, CliError> {
    let start = std::time::Instant::now();
    let form = OutputFormat::from(wanted.json);
    let is_without_input = wanted.input.is_none();
    let mut report = match tokio::runtime::Runtime::new()?.block_on(make(wanted)) {
        Ok((run, oddity)) => Report::of(run).with(oddity),
        Err(error) if form == OutputFormat::Json => Report::unconnected(&error),
        Err(error) => return Err(error),
    };
    if is_without_input {
        report.ask_for_input();
    }
    report.seconds = (start.elapsed().as_secs_f64() * 1e3).round() / 1e3;
    match form {
        OutputFormat::Json => say_json(&report, out)?,
        OutputFormat::Summary => report.show(out)?,
    }
    Ok(report.status.exit_code())
}

/// The run, and what of the tool's definition could not be used. An error means that the server was not connected to.
async fn make(wanted: Wanted) -> Result<(Run<ToolOutcome>, Option<Oddity>), CliError> {
    let Wanted { boundary, tool, arguments: Object(arguments), input, live, .. } = wanted;
    let boundary = Boundary::load(boundary)?;
    let server = tool.server().and_then(|id| ServerId::try_from(id.to_owned()).ok());
    let server = server.ok_or_else(|| no_server(&tool, &boundary))?;
    if boundary.server_ids().all(|id| *id != server) {
        return Err(no_server(&tool, &boundary));
    }
    let tools = Toolbox::connect_to(&boundary, &server).await?;
    // a call has limits of its own, which end sooner
    let limits = Limits::default().deadline(std::time::Duration::from_secs(24 * 3_600));
    let runtime =
        Runtime::builder().lm(Arc::new(NoModel(ModelId("none".into())))).boundary(boundary).limits(limits).build();
    let options = RunOptions::default().mode(if live { Mode::Live } else { Mode::DryRun });
    let oddity = tools.oddities().into_iter().find(|oddity| oddity.tool.as_ref() == Some(&tool));
    let program = OneCall { tools, call: ToolCall { tool, arguments } };
    Ok((runtime.run_with(&program, input.unwrap_or_default(), options).await, oddity))
}

fn no_server(tool: &ToolName, boundary: &Boundary) -> CliError {
    let known: Vec<String> = boundary.server_ids().map(|id| format!("`{id}`")).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    CliError::NoServer { tool: tool.clone(), known }
}

/// The fields of an input. What begins as a JSON object is meant as one.
fn input(text: &str) -> Result<Fields, String> {
    if !text.trim_start().starts_with('{') {
        return Ok(Fields::new().with("request", text));
    }
    let fields = strict::object(text.as_bytes());
    fields
        .map(Fields)
        .map_err(|error| format!("begins as a JSON object, and is not one: {error}; correct it, or quote the text"))
}

fn name(text: &str) -> Result<ToolName, String> {
    ToolName::try_from(text.to_owned()).map_err(|error| error.to_string())
}

fn object(text: &str) -> Result<Object, String> {
    strict::object(text.as_bytes()).map(Object).map_err(|error| {
        format!("not a JSON object: {error}; write the arguments as `{{\"name\": value}}`, in single quotes in a shell")
    })
}

impl Module for OneCall {
    type Input = Fields;
    type Output = ToolOutcome;

    async fn forward(&self, cx: &Cx, _input: Fields) -> Result<ToolOutcome, CallError> {
        Ok(self.tools.call(cx, self.call.clone()).await)
    }

    /// The reply goes to the operator who made the call: it is not the answer of a program to its user.
    fn visible_output(&self, _output: &ToolOutcome) -> Option<Fields> {
        Some(Fields::new())
    }
}

#[async_trait]
impl Lm for NoModel {
    fn model(&self) -> &ModelId {
        &self.0
    }

    async fn complete(&self, _request: &LmRequest) -> Result<LmReply, LmError> {
        let (model, reason) = (self.0.to_string(), "a call from the command line asks no model".to_owned());
        Err(LmError::Config { model, reason })
    }
}

impl Report {
    fn of(run: Run<ToolOutcome>) -> Self {
        let verdict = run.episode.tool_steps().last().map(|step| step.verdict);
        let (status, reply, error) = match run.outcome {
            Ok(ToolOutcome::Replied { observation }) => {
                let status = if verdict == Some(CallVerdict::DryRun) { Status::DryRun } else { Status::Replied };
                replied(status, observation)
            }
            Ok(ToolOutcome::Refused { kind, observation }) => {
                (Status::Refused, Value::Null, Some(refusal(kind, &run.episode, &observation)))
            }
            Ok(ToolOutcome::Unconfirmed { kind, observation }) => {
                (Status::Unconfirmed, Value::Null, Some(refusal(kind, &run.episode, &observation)))
            }
            Ok(ToolOutcome::Failed(failure @ Infrastructure::Unconfirmed { .. })) => {
                (Status::Unconfirmed, Value::Null, Some(failure.to_string()))
            }
            Ok(ToolOutcome::Failed(failure)) => (Status::Failed, Value::Null, Some(failure.to_string())),
            Err(error) => (Status::Failed, Value::Null, Some(error.to_string())),
        };
        let events = run.episode.events.into_iter();
        let events = events.map(|event| Event { code: event.kind.code(), detail: event.detail }).collect();
        Self { connected: true, status, reply, error, events, seconds: 0.0 }
    }

    /// An unknown tool can be one that its server lists, in a way that cannot be used.
    fn with(mut self, oddity: Option<Oddity>) -> Self {
        if let (Status::Refused, Some(error), Some(oddity)) = (self.status, &mut self.error, oddity) {
            *error = format!("{error}; {oddity}");
        }
        self
    }

    /// A rule may look for values in the input that there was none of.
    fn ask_for_input(&mut self) {
        let is_denied = self.events.iter().any(|event| event.code == EventKind::ProvenanceDenied.code());
        if let (Status::Refused, Some(error), true) = (self.status, &mut self.error, is_denied) {
            error.push_str("; `--input` says what the call counts as asked for");
        }
    }

    fn unconnected(error: &CliError) -> Self {
        let error = Some(error.to_string());
        Self { connected: false, status: Status::Failed, reply: Value::Null, error, events: Vec::new(), seconds: 0.0 }
    }

    fn show(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "{} after {} s", self.status.words(), self.seconds)?;
        if let Some(error) = &self.error {
            writeln!(out, "{}", crate::text::message(error))?;
        }
        if !self.reply.is_null() {
            writeln!(out, "{}", plain(format!("{:#}", self.reply).as_bytes()))?;
        }
        // a refusal begins with its event
        let is_said = |line: &String| self.error.as_ref().is_some_and(|error| error.starts_with(line));
        let lines = self.events.iter().map(|event| format!("{}: {}", event.code, event.detail));
        lines.filter(|line| !is_said(line)).try_for_each(|line| writeln!(out, "{}", crate::text::message(&line)))
    }
}

impl Status {
    fn words(self) -> &'static str {
        match self {
            Self::Replied => "replied",
            Self::DryRun => "dry run, not sent (`--live` sends it)",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unconfirmed => "unconfirmed: the tool may have done it",
        }
    }

    fn exit_code(self) -> u8 {
        match self {
            Self::Replied | Self::DryRun => 0,
            Self::Refused => REFUSED,
            Self::Failed | Self::Unconfirmed => FAILED,
        }
    }
}

/// The tool's words, and that it failed where it says so itself.
fn replied(status: Status, mut observation: Value) -> (Status, Value, Option<String>) {
    if let Some(reply) = observation.get_mut("result") {
        return (status, reply.take(), None);
    }
    let words = observation.pointer_mut("/error/message").map(Value::take).unwrap_or_default();
    (status, words, Some("the tool says that it failed".to_owned()))
}

/// The operator's words for a refusal; the model's where no event has them.
fn refusal(kind: EventKind, episode: &Episode, observation: &Value) -> String {
    let event = episode.events.iter().rev().find(|event| event.kind == kind);
    let model = || observation.pointer("/error/message").and_then(Value::as_str).map(str::to_owned);
    let words = event.map(|event| event.detail.clone()).or_else(model).unwrap_or_default();
    format!("{}: {words}; {}", kind.code(), kind.remedy())
}
