//! The boundaries that `docs/servers.md` gives for identity providers, each run as it stands there against an imitation of the provider.
//! The imitations are ours, after the providers' public documentation.

mod answer;
mod imitation;

use std::sync::Arc;

use abide::{
    async_trait,
    call::{ServerId, ToolCall},
    clock::SystemClock,
    credentials::oauth::{AuthError, Identity, UserAgent, config::Grant},
    episode::Episode,
    event::EventKind,
    mcp::ConnectError,
    net,
    prelude::*,
    secret::Redactor,
    tool::{ToolOutcome, ToolboxError},
};
use serde_json::Map;
use url::Url;

use self::{
    answer::{Provider, Version},
    imitation::{Imitation, SECRET},
};
use crate::support::{NoModel, OneCall};

const PAGE: &str = include_str!("../../docs/servers.md");
const TOOL: &str = "mcp.look_up";

/// A person who says yes to every page at once.
#[derive(Debug)]
struct Person;

#[async_trait]
impl UserAgent for Person {
    fn redirect_uri(&self) -> Url {
        "http://127.0.0.1:1/callback".parse().unwrap()
    }

    async fn authorize(&self, page: &Url) -> Result<Url, String> {
        async move {
            let http = net::Client::new(&net::Options::own_network()).map_err(|error| error.to_string())?;
            let reply = http.send(net::Request::get(page.clone())).await.map_err(|error| error.to_string())?;
            let body = || String::from_utf8_lossy(&reply.body).into_owned();
            let location = reply.headers.get("location").ok_or_else(body)?;
            location.to_str().unwrap().parse().map_err(|error: url::ParseError| error.to_string())
        }
        .await
    }
}

/// The table under a marker of the page.
fn table(marker: &str) -> &'static str {
    let rest = PAGE.split(&format!("<!-- provider: {marker} -->\n```toml\n")).nth(1);
    rest.and_then(|rest| rest.split("```").next()).unwrap_or_else(|| panic!("the page has no table for `{marker}`"))
}

/// Every marker of the page.
fn markers() -> Vec<&'static str> {
    PAGE.split("<!-- provider: ").skip(1).map(|rest| rest.split(" -->").next().unwrap()).collect()
}

/// A table of the page at the addresses of an imitation; all that is changed in it is where the servers are.
fn boundary(text: &str, imitation: &Imitation, folder: &std::path::Path) -> Boundary {
    let mut text = text.replace("https://mcp.example.com", &imitation.base);
    for host in imitation.provider.hosts() {
        text = text.replace(&format!("https://{host}"), &imitation.base);
    }
    assert!(!text.contains("https://login") && text.contains(&format!("issuer = \"{}", imitation.base)), "{text}");
    let home = folder.to_str().unwrap().to_owned();
    let environment = move |name: &str| match name {
        "MCP_CLIENT_SECRET" => Some(SECRET.to_owned()),
        "HOME" => Some(home.clone()),
        _ => None,
    };
    Boundary::parse(&text, folder, &environment).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What a person's consent leaves behind, where the table asks for one.
async fn log_in(boundary: &Boundary) -> Result<(), AuthError> {
    let id: ServerId = "mcp".to_owned().try_into().unwrap();
    let mut config = boundary.server(&id).unwrap().clone();
    let Grant::Code(code) = &mut config.oauth_mut().unwrap().grant else { return Ok(()) };
    code.agent = Some(Arc::new(Person));
    let identity = Identity::new(
        config.protected_resource(),
        boundary.policy().scopes_for(&id),
        Arc::new(SystemClock::new()),
        Redactor::new(),
    )
    .unwrap();
    identity.token().await.map(drop)
}

/// One guarded call.
async fn call(boundary: &Boundary) -> Result<(ToolOutcome, Episode), AuthError> {
    log_in(boundary).await?;
    let tools = Toolbox::connect(boundary).await.map_err(|error| match error {
        ToolboxError::Connect(ConnectError::Auth { reason, .. }) => reason,
        other => panic!("{other}"),
    })?;
    let runtime = Runtime::builder().lm(Arc::new(NoModel::default())).boundary(boundary.clone()).build();
    let call = ToolCall { tool: TOOL.try_into().unwrap(), arguments: Map::new() };
    let run = runtime.run(&OneCall(tools), call).await;
    Ok((run.outcome.unwrap(), run.episode))
}

/// Runs the table of a marker, changed, against an imitation.
async fn tried(
    provider: Provider,
    marker: &str,
    change: impl FnOnce(String) -> String,
) -> (Result<(ToolOutcome, Episode), AuthError>, Imitation) {
    let imitation = Imitation::start(provider).await;
    let folder = tempfile::tempdir().unwrap();
    let boundary = boundary(&change(table(marker).to_owned()), &imitation, folder.path());
    (call(&boundary).await, imitation)
}

/// Why a changed table gets no token.
async fn refused(provider: Provider, marker: &str, from: &str, to: &str) -> String {
    let changed = |text: String| {
        assert!(text.contains(from), "`{from}` is not in the table of `{marker}`");
        text.replace(from, to)
    };
    match tried(provider, marker, changed).await.0 {
        Err(error) => error.to_string(),
        Ok((outcome, _)) => panic!("{marker} without `{from}`: {outcome:?}"),
    }
}

#[tokio::test]
async fn every_table_of_the_page_gets_a_token_and_makes_a_call() {
    assert_eq!(markers(), Provider::ALL.map(Provider::marker));
    for provider in Provider::ALL {
        let (result, imitation) = tried(provider, provider.marker(), |text| text).await;
        let (outcome, episode) = result.unwrap_or_else(|error| panic!("{provider:?}: {error}"));
        assert!(matches!(outcome, ToolOutcome::Replied { .. }), "{provider:?}: {outcome:?}");
        assert_eq!(episode.events, [], "{provider:?}");
        assert_eq!(imitation.calls(), 1, "{provider:?}");
        let sent = imitation.everything_sent();
        assert!(
            sent.iter().all(|form| form.get("resource").is_none() || provider.takes_resource()),
            "{provider:?}: {sent:?}"
        );
    }
}

#[tokio::test]
async fn every_provider_of_the_page_has_a_row_that_says_what_stays_refused() {
    let rows = PAGE.split("## Providers").nth(1).unwrap();
    for provider in ["Entra", "Auth0", "Okta", "Cognito", "Keycloak", "Zitadel", "Google", "GitHub"] {
        let row = rows.lines().find(|line| line.starts_with(&format!("| {provider} |"))).unwrap();
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert!(cells.len() == 4 && cells[3].len() > 40, "{row}");
    }
}

/// Each key of a table is needed: without it, the imitation or the check of its token refuses, and the message names the key.
#[tokio::test]
async fn what_is_left_out_of_a_table_is_named() {
    use Provider::*;
    let entra = Entra(Version::Two);
    for (provider, marker, from, to, says) in [
        (entra, "entra", "send_resource = false ", "# ", "set `send_resource` to `false`"),
        (entra, "entra", "/.default\"]", "/mcp.read\"]", "set `request_scopes`"),
        (entra, "entra", "audience = \"API-GUID\"", "", "set `audience`"),
        (EntraLogin, "entra-login", "danger_assume_s256 = true", "", "`danger_assume_s256`"),
        (EntraLogin, "entra-login", "audience = \"API-GUID\"", "", "set `audience`"),
        (Auth0, "auth0", "\naudience = \"https://api.example.com\"", "", "set `audience`"),
        (Auth0, "auth0", ".auth0.com/", ".auth0.com", "the slash at the end counts"),
        (Auth0, "auth0", "token_parameters = { audience = \"https://api.example.com\" }", "", "access_denied"),
        (Okta, "okta", "audience = \"api://default\"", "", "set `audience`"),
        (Okta, "okta", "[\"mcp.read\"]", "[\"mcp.other\"]", "grants none of the scopes `mcp.other`"),
        (Cognito, "cognito", "danger_token_without_audience = true", "", "`danger_token_without_audience`"),
        (Keycloak, "keycloak", "audience = \"mcp-server\"", "", "set `audience`"),
        (Zitadel, "zitadel", "audience = \"PROJECT\"", "", "set `audience`"),
        (Google, "google", "send_resource = false", "", "Parameter not allowed for this message type: resource"),
    ] {
        let text = refused(provider, marker, from, to).await;
        assert!(text.contains(says), "{marker} without `{from}`: {text}");
    }
}

#[tokio::test]
async fn a_scope_that_the_token_lacks_is_missing_whatever_was_asked_for() {
    for (provider, marker, from, to) in [
        (Provider::Entra(Version::Two), "entra", "[\"mcp.read\"]", "[\"mcp.write\"]"),
        (Provider::Entra(Version::Two), "entra", "scope_claim = \"roles\"", ""),
        (Provider::EntraLogin, "entra-login", "[\"mcp.read\"]", "[\"mcp.write\"]"),
        (
            Provider::Zitadel,
            "zitadel",
            "scopes = [\"urn:zitadel:iam:org:project:id:PROJECT:aud\"]",
            "scopes = [\"mcp.read\"]",
        ),
        (Provider::GitHub, "github", "scopes = []", "scopes = [\"repo\"]"),
    ] {
        let (result, imitation) = tried(provider, marker, |text| text.replacen(from, to, 2)).await;
        let (outcome, episode) = result.unwrap();
        assert!(matches!(outcome, ToolOutcome::Refused { .. }), "{marker}: {outcome:?}");
        let kinds: Vec<EventKind> = episode.events.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [EventKind::ScopeMissing], "{marker}");
        assert_eq!(imitation.calls(), 0, "{marker}");
    }
}

#[tokio::test]
async fn tokens_of_entras_version_one_need_the_operators_word() {
    let old = Provider::Entra(Version::One);
    let (result, _) = tried(old, "entra", |text| text).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("https://sts.windows.net/TENANT/") && error.contains("set `token_issuer`"), "{error}");
    let with = |text: String| {
        text.replace(
            "audience = \"API-GUID\"",
            "audience = \"api://API-GUID\"\ntoken_issuer = \"https://sts.windows.net/TENANT/\"",
        )
    };
    let (outcome, _) = tried(old, "entra", with).await.0.unwrap();
    assert!(matches!(outcome, ToolOutcome::Replied { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_login_at_github_is_renewed_with_what_it_left_behind() {
    let imitation = Imitation::start(Provider::GitHub).await;
    let folder = tempfile::tempdir().unwrap();
    // each time as a program that was just started
    let fresh = || boundary(table("github"), &imitation, folder.path());
    for _ in 0..3 {
        let (outcome, _) = call(&fresh()).await.unwrap();
        assert!(matches!(outcome, ToolOutcome::Replied { .. }), "{outcome:?}");
    }
    assert_eq!(imitation.pages(), 1, "a person is asked once");
    imitation.forget_refresh_tokens();
    let tools = Toolbox::connect(&fresh()).await.map(drop).unwrap_err().to_string();
    assert!(tools.contains("run `abide login`"), "{tools}");
}
