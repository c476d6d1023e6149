//! The client that the official MCP conformance suites run, one process for each scenario: `scripts/conformance.sh`.
//!
//! It knows no scenario, only what the server and its issuer say, and the credentials that it is given. It trusts the issuer that the
//! server names and allows every tool that it lists, because it is there to look at servers. A program with a model in it must do neither.

use std::{error::Error, io::Write, process::ExitCode, sync::Arc, time::Duration};

use abide::{
    Fields, async_trait,
    call::{Effect, ServerId, ToolCall, ToolName, ToolSpec},
    clock::{Clock, SystemClock},
    credentials::{
        jwt::SigningKey,
        oauth::{
            AuthError, Capabilities, ResourceMetadata, TokenChallenge, UserAgent, capabilities,
            config::{ClientAuth, Code, Endpoints, Enterprise, Grant, OAuth, Registration, StepUp, TokenSource},
            resource_metadata,
        },
    },
    episode::Recorder,
    guard::{
        Authorized, Guard, Mode, Policy, Session, Unauthorized,
        policy::{PolicySpec, ToolRule, UnlistedArguments},
    },
    id::RunId,
    mcp::{
        CallContext, ConnectError, Connection, McpServer,
        servers::{InputPolicy, Protocol, ServerConfig},
    },
    net::{self, AddressFilter, Client, Request},
    scope::ScopeSet,
    secret::{Redactor, Secret},
};
use serde_json::{Map, Value, json};
use url::Url;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the suite wants to be done.
struct Task {
    server: Url,
    protocol: Protocol,
    context: Value,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
}

/// A server, and who we are there.
type Connected = (McpServer, Arc<Connection>);

/// Stands for a person with a browser who consents at once: goes where the page redirects to.
#[derive(Debug)]
struct Consenting;

/// The document that the suites take for one about us. Nobody fetches it.
const ABOUT_US: &str = "https://conformance-test.local/client-metadata.json";
const TIMEOUT: Duration = Duration::from_secs(25);

#[tokio::main]
async fn main() -> ExitCode {
    let done = tokio::time::timeout(TIMEOUT, run()).await.unwrap_or_else(|_| Err("it took too long".into()));
    let Err(error) = done else { return ExitCode::SUCCESS };
    say(&format!("error: {error}"));
    ExitCode::FAILURE
}

async fn run() -> Outcome<()> {
    let task = Task::from_env()?;
    match task.perform().await {
        // the server has changed its issuer: what we are at the old one counts for nothing at the new one
        Err(error) if is_foreign(&*error) => task.perform().await,
        done => done,
    }
}

impl Task {
    fn from_env() -> Outcome<Self> {
        let context = std::env::var("MCP_CONFORMANCE_CONTEXT").unwrap_or_else(|_| "{}".to_owned());
        // the older suite does not say, and knows nothing of the newer era
        let version = std::env::var("MCP_CONFORMANCE_PROTOCOL_VERSION").unwrap_or_default();
        Ok(Self {
            server: std::env::args().nth(1).ok_or("usage: conformance_client URL")?.parse()?,
            protocol: if *version >= *"2026-07-28" { Protocol::Auto } else { Protocol::Initialize },
            context: serde_json::from_str(&context)?,
            clock: Arc::new(SystemClock::new()),
            redactor: Redactor::new(),
        })
    }

    /// Connects, calls every tool once, and looks at the tools again.
    async fn perform(&self) -> Outcome<()> {
        let (server, connection) = self.connect().await?;
        let tools = server.tools();
        let guard = self.guard(connection, tools)?;
        let run = RunId::random();
        let session = Session::new(run, Mode::Live, &Fields::new());
        let log = Recorder::new(run, 0, self.redactor.clone());
        let mut done = Ok(());
        for call in self.calls(server.id(), tools)? {
            let tool = tools.iter().find(|tool| tool.name == call.tool);
            let context = CallContext { traceparent: &run.traceparent(), events: Arc::new(log.clone()) };
            match guard.authorize(call, tool, &session, &log).await {
                Ok(Authorized::Execute(pending)) => {
                    if let Err(failure) = server.call(pending, context).await {
                        done = Err(failure.into());
                    }
                }
                Ok(Authorized::DryRun(_)) => {}
                Err(Unauthorized::Denied(denial)) => say(&format!("not called: {denial}")),
                Err(unavailable) => return Err(unavailable.into()),
            }
        }
        for changed in server.refresh().await? {
            say(&format!("not what it was: {changed}"));
        }
        done
    }

    /// Without a token; with one of the issuer that the server names, if it wants one.
    async fn connect(&self) -> Outcome<Connected> {
        match self.connect_as(self.config()?, ScopeSet::new()).await {
            Err(ConnectError::Auth { reason: AuthError::TokenWanted { wanted, .. }, .. }) => {
                let found = resource_metadata(&self.server, &connection(), &wanted).await?;
                let scopes = found.scopes.clone().unwrap_or_default();
                let oauth = self.credentials(found, &wanted).await?;
                Ok(self.connect_as(self.config()?.with_oauth(oauth), scopes).await?)
            }
            connected => Ok(connected?),
        }
    }

    async fn connect_as(&self, config: ServerConfig, scopes: ScopeSet) -> Result<Connected, ConnectError> {
        let server = config.id.clone();
        let connection = Connection::new(config, scopes, self.clock.clone(), self.redactor.clone());
        let connection = Arc::new(connection.map_err(|source| ConnectError::Unreachable { server, reason: source })?);
        Ok((McpServer::connect(connection.clone()).await?, connection))
    }

    fn config(&self) -> Outcome<ServerConfig> {
        let mut config = ServerConfig::new(ServerId::try_from("server".to_owned())?, self.server.clone());
        config.connection = connection();
        config.protocol = self.protocol;
        config.input = InputPolicy::Defaults;
        Ok(config)
    }

    /// What the context holds decides who we are; what the issuer says it can do decides how we show it.
    async fn credentials(&self, found: ResourceMetadata, wanted: &TokenChallenge) -> Outcome<OAuth> {
        let issuer = found.issuers.into_iter().next().ok_or("the server names no issuer")?;
        let able = match capabilities(&issuer, &connection(), &*self.clock).await {
            // an issuer of 2025-03-26 need not say anything
            Err(AuthError::NoMetadata { .. }) => Capabilities::default(),
            able => able?,
        };
        let client_id = self.given("client_id").unwrap_or_default();
        let client = self.client(&able)?;
        let grant = self.grant(&able, &client)?;
        Ok(OAuth::new(issuer, client_id, client)
            .grant(grant)
            .resource(found.resource)
            .proof(wanted.proof)
            .step_up(StepUp::DangerAny))
    }

    fn client(&self, able: &Capabilities) -> Outcome<ClientAuth> {
        if let Some(pem) = self.given("private_key_pem") {
            let algorithm = self.given("signing_algorithm").unwrap_or("ES256").parse()?;
            return Ok(ClientAuth::PrivateKey(Arc::new(SigningKey::from_pem(pem.as_bytes(), algorithm, None)?)));
        }
        let methods = &able.token_endpoint_auth_methods_supported;
        Ok(match self.secret("client_secret") {
            None => ClientAuth::Public,
            Some(secret) if offers(methods, "client_secret_basic") => ClientAuth::Basic(secret),
            Some(secret) => ClientAuth::Post(secret),
        })
    }

    fn grant(&self, able: &Capabilities, client: &ClientAuth) -> Outcome<Grant> {
        if let Some(token) = self.secret("idp_id_token") {
            let told = |key: &str| self.given(key).unwrap_or_default();
            let (provider, client_id) = (told("idp_issuer"), told("idp_client_id"));
            let endpoint = self.given("idp_token_endpoint").map(str::parse).transpose()?;
            let provider = Enterprise::new(provider, client_id, ClientAuth::Public, TokenSource::Fixed(token));
            return Ok(Grant::Enterprise(provider.token_endpoint(endpoint)));
        }
        if let Some(statement) = self.secret("valid_jwt") {
            return Ok(Grant::Workload { assertion: TokenSource::Fixed(statement) });
        }
        if !matches!(client, ClientAuth::Public) && offers(&able.grant_types_supported, "client_credentials") {
            return Ok(Grant::ClientCredentials);
        }
        let registration = match self.given("client_id") {
            Some(_) => Registration::Known,
            None => Registration::Document(ABOUT_US.parse()?),
        };
        Ok(Grant::Code(Code::new(registration).agent(Arc::new(Consenting)).endpoints(Endpoints::OrLegacy)))
    }

    fn guard(&self, connection: Arc<Connection>, tools: &[ToolSpec]) -> Outcome<Guard> {
        let config = connection.config();
        let rule = || ToolRule::new(Effect::Write, ScopeSet::new()).other_arguments(UnlistedArguments::Allow);
        let policy = Policy::new(PolicySpec {
            servers: [config.id.clone()].into(),
            tools: tools.iter().map(|tool| (tool.name.clone(), rule())).collect(),
            ..PolicySpec::default()
        })?;
        Ok(Guard::new(&policy, connection).clock(self.clock.clone()))
    }

    /// The calls that the suite names, else one of each tool.
    fn calls(&self, server: &ServerId, tools: &[ToolSpec]) -> Outcome<Vec<ToolCall>> {
        let Some(wanted) = self.context.get("toolCalls").and_then(Value::as_array) else {
            let call = |tool: &ToolSpec| ToolCall { tool: tool.name.clone(), arguments: made_up(tool, tools) };
            return Ok(tools.iter().map(call).collect());
        };
        let call = |wanted: &Value| {
            let name = wanted.get("name").and_then(Value::as_str).unwrap_or_default();
            let mut arguments = wanted.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default();
            // for an argument that need not be there, null means that it is not
            arguments.retain(|_, value| !value.is_null());
            Ok(ToolCall { tool: ToolName::of_server(server, name)?, arguments })
        };
        wanted.iter().map(call).collect()
    }

    fn given(&self, key: &str) -> Option<&str> {
        self.context.get(key).and_then(Value::as_str)
    }

    fn secret(&self, key: &str) -> Option<Secret<String>> {
        self.given(key).map(|text| Secret::new(text.to_owned()))
    }
}

#[async_trait]
impl UserAgent for Consenting {
    fn redirect_uri(&self) -> Url {
        "http://127.0.0.1:3000/callback".parse().unwrap_or_else(|_| unreachable!("it is an address"))
    }

    async fn authorize(&self, page: &Url) -> Result<Url, String> {
        let client = Client::new(&connection()).map_err(|e| e.to_string())?;
        let reply = client.send(Request::get(page.clone())).await.map_err(|e| e.to_string())?;
        let place = reply.headers.get("location").and_then(|place| place.to_str().ok());
        let place = place.ok_or_else(|| format!("the page redirects to nowhere: status {}", reply.status))?;
        page.join(place).map_err(|e| e.to_string())
    }
}

/// The suites serve on this machine.
fn connection() -> net::Options {
    net::Options::default().addresses(AddressFilter::default().loopback())
}

/// What is not said is offered.
fn offers(list: &Option<Vec<String>>, entry: &str) -> bool {
    list.as_ref().is_none_or(|list| list.iter().any(|offered| offered == entry))
}

fn is_foreign(error: &(dyn Error + 'static)) -> bool {
    let connect = error.downcast_ref::<ConnectError>();
    matches!(connect, Some(ConnectError::Auth { reason: AuthError::ForeignIssuer { .. }, .. }))
}

/// Something for each argument that a tool must have. One that wants a schema gets that of another tool.
fn made_up(tool: &ToolSpec, tools: &[ToolSpec]) -> Map<String, Value> {
    let schema = &tool.input_schema;
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let other = tools.iter().find(|other| other.name != tool.name).map(|other| &other.input_schema);
    let value = |name: &str| {
        let kind = schema.pointer(&format!("/properties/{name}/type")).and_then(Value::as_str);
        match (kind, other) {
            (Some("object"), Some(other)) if name == "schema" => other.clone(),
            (Some("number" | "integer"), _) => json!(1),
            (Some("boolean"), _) => json!(true),
            (Some("array"), _) => json!([]),
            (Some("object"), _) => json!({}),
            _ => json!("text"),
        }
    };
    required.map(|name| (name.to_owned(), value(name))).collect()
}

fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
