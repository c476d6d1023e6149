//! `abide login` and `abide logout`.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use abide::{
    call::ServerId,
    clock::SystemClock,
    credentials::oauth::{
        AuthError, Identity, Loopback, ResourceMetadata, Revocation, TokenChallenge,
        config::{Code, Grant, Proof},
        consent_file, logout as log_out, resource_metadata,
    },
    mcp::{Boundary, ConnectError, Connection, McpServer, servers::ServerConfig},
    net,
    scope::ScopeSet,
    secret::Redactor,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::sync::mpsc;
use url::Url;

use crate::error::CliError;

pub(super) fn login(
    server: &str,
    boundary: &Path,
    browser: Option<&Path>,
    out: &mut dyn Write,
) -> Result<u8, CliError> {
    let runtime = tokio::runtime::Runtime::new()?;
    match server.parse::<Url>() {
        Ok(url) => runtime.block_on(look_up(&url, out)),
        Err(_) => runtime.block_on(consent(server, boundary, browser, out)),
    }
}

pub(super) fn logout(server: &str, boundary: &Path, out: &mut dyn Write) -> Result<u8, CliError> {
    let boundary = Boundary::load(boundary)?;
    let config = with_login(server, &boundary)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let outcome = runtime.block_on(log_out(&config.protected_resource(), Arc::new(SystemClock::new())))?;
    match outcome {
        None => writeln!(out, "no login is kept for `{server}`")?,
        Some(Revocation::Done) => writeln!(out, "logged out of `{server}`")?,
        Some(Revocation::NotOffered) => {
            writeln!(out, "logged out of `{server}` here; its issuer has no way to be told")?;
        }
        Some(Revocation::Failed(error)) => {
            let reason = format!(
                "logged out of `{server}` here, but revoking failed, so the issuer may still take the token: {error}"
            );
            return Err(CliError::Login(reason));
        }
    }
    Ok(0)
}

/// Asks a person, unless that was done before, and says what came of it.
async fn consent(server: &str, boundary: &Path, browser: Option<&Path>, out: &mut dyn Write) -> Result<u8, CliError> {
    let boundary = Boundary::load(boundary)?;
    let mut config = with_login(server, &boundary)?;
    let (shown, mut pages) = mpsc::unbounded_channel();
    let agent = Loopback::bind(move |page| {
        // an error means that the command was stopped, and waits no more
        let _ = shown.send(page.clone());
    })
    .await?;
    if let Some(code) = code_of(&mut config) {
        code.agent = Some(Arc::new(agent));
    }
    let scopes = boundary.policy().scopes_for(&config.id);
    let identity = Identity::new(config.protected_resource(), scopes, Arc::new(SystemClock::new()), Redactor::new())?;
    identity.check_server(None).await?;
    let mut asked = false;
    let token = identity.token();
    tokio::pin!(token);
    let token = loop {
        tokio::select! {
            token = &mut token => break token?,
            Some(page) = pages.recv() => {
                show(&page, browser, out)?;
                asked = true;
            }
        }
    };
    let what = if asked { "logged in" } else { "logged in already" };
    let (scopes, until) = (listed(&token.granted), OffsetDateTime::from(token.expires).format(&Rfc3339));
    writeln!(out, "{what} to `{server}`\n  scopes  {scopes}\n  until   {}", until.unwrap_or_default())?;
    let Some(path) = consent_file(&config.protected_resource()).await? else {
        let bound = config.oauth().is_some_and(|oauth| oauth.proof == Proof::Dpop);
        let reason = if bound {
            "with `dpop`, the refresh token of a client without a secret is bound to a key that is lost when this program ends"
        } else {
            "the issuer gave no refresh token, or `token_file` is missing and there is no home folder"
        };
        return Err(CliError::Login(format!("nothing was kept, so programs cannot use this login: {reason}")));
    };
    writeln!(out, "  file    {}, for new tokens after that", path.display())?;
    Ok(0)
}

fn show(page: &Url, browser: Option<&Path>, out: &mut dyn Write) -> Result<(), CliError> {
    writeln!(out, "Open this page in a browser on this machine, and log in there within 5 minutes:\n\n{page}\n")?;
    out.flush()?;
    let Some(program) = browser else { return Ok(()) };
    // no shell: the address is one argument, and begins with `http`
    let mut command = Command::new(program);
    command.arg(page.as_str()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        writeln!(out, "`{}` cannot be started: {error}", program.display())?;
    }
    Ok(())
}

/// Says whose tokens a server takes, and what to write into the boundary for that. Trusts nothing and sends nothing secret.
async fn look_up(url: &Url, out: &mut dyn Write) -> Result<u8, CliError> {
    let id = ServerId::try_from("new".to_owned()).map_err(|error| CliError::Login(error.to_string()))?;
    let mut config = ServerConfig::new(id, url.clone());
    config.connection = net::Options::own_network();
    let connection = Connection::new(config, ScopeSet::new(), Arc::new(SystemClock::new()), Redactor::new())?;
    let wanted = match McpServer::connect(Arc::new(connection)).await {
        Ok(_) => {
            writeln!(out, "`{url}` requires no token. For the boundary, under a name of yours:\n")?;
            writeln!(out, "[servers.NAME]\nurl = {}\nauthorization = \"none\"", quoted(url.as_str()))?;
            return Ok(0);
        }
        Err(ConnectError::Auth { reason: AuthError::TokenWanted { wanted, .. }, .. }) => wanted,
        Err(error) => return Err(error.into()),
    };
    let found = resource_metadata(url, &net::Options::own_network(), &wanted).await?;
    describe(url, &wanted, &found, out)?;
    Ok(0)
}

fn describe(url: &Url, wanted: &TokenChallenge, found: &ResourceMetadata, out: &mut dyn Write) -> Result<(), CliError> {
    writeln!(out, "`{url}` says that it takes tokens of:")?;
    for issuer in &found.issuers {
        writeln!(out, "  {}", quoted(issuer))?;
    }
    if let Some(scopes) = found.scopes.as_ref().filter(|scopes| !scopes.is_empty()) {
        writeln!(out, "and wants the scopes:\n  {}", listed(scopes))?;
    }
    writeln!(out, "Nothing was sent. If you trust that issuer, for the boundary, under a name of yours:\n")?;
    let issuer = found.issuers.first().map(String::as_str).unwrap_or_default();
    writeln!(out, "[servers.NAME]\nurl = {}\nissuer = {}", quoted(url.as_str()), quoted(issuer))?;
    if let Some(resource) = found.resource.as_deref().filter(|named| *named != url.as_str().trim_end_matches('/')) {
        writeln!(
            out,
            "# the name that the server gives itself; tokens will be valid for everything below it, so use it only if one party serves all of that"
        )?;
        writeln!(out, "resource = {}", quoted(resource))?;
    }
    if wanted.proof == Proof::Dpop {
        writeln!(out, "dpop = true")?;
    }
    writeln!(
        out,
        "grant = \"login\"\nregistration = \"dynamic\" # or `client_id = \"…\"`, if you are registered there"
    )?;
    writeln!(out, "\nThen: abide login NAME")?;
    Ok(())
}

fn with_login(server: &str, boundary: &Boundary) -> Result<ServerConfig, CliError> {
    let mut servers = boundary.servers();
    let Some(config) = servers.find(|config| config.id.as_str() == server) else {
        return Err(CliError::Login(format!("the boundary has no `[servers.{server}]` with a `url`")));
    };
    let mut config = config.clone();
    if code_of(&mut config).is_none() {
        return Err(CliError::Login(format!("no login is needed for `{server}`: its `grant` is not `login`")));
    }
    Ok(config)
}

fn code_of(config: &mut ServerConfig) -> Option<&mut Code> {
    match &mut config.oauth_mut()?.grant {
        Grant::Code(code) => Some(code),
        _ => None,
    }
}

fn listed(scopes: &ScopeSet) -> String {
    if scopes.is_empty() { "none".to_owned() } else { scopes.to_string() }
}

/// As TOML writes it: what a server says must not steer a terminal.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
