//! We, at the same servers.

use std::sync::Arc;

use abide::{
    call::Effect,
    credentials::oauth::{
        AuthError, Identity,
        config::{ClientAuth, OAuth},
    },
    event::EventKind,
    mcp::{ConnectError, Connection, McpServer, ToolError, servers::ServerConfig},
    scope::ScopeSet,
    secret::{Redactor, Secret},
};
use serde_json::json;

use super::lab::{CLIENT, READ, SECRET, Site};
use crate::support::{Caller, Hasty, events};

/// A server that asks for no token, as far as we know.
pub(super) fn open(site: &Site) -> ServerConfig {
    ServerConfig::new("crm".to_owned().try_into().unwrap(), site.url().parse().unwrap())
}

/// A server with the tokens of a pinned issuer.
pub(super) fn config(site: &Site, issuer: &Site, client: ClientAuth) -> ServerConfig {
    open(site).with_oauth(OAuth::new(&issuer.base, CLIENT, client))
}

pub(super) fn secret() -> Secret<String> {
    Secret::new(SECRET.to_owned())
}

/// As [`config`], where the site is its own issuer, with a secret.
pub(super) fn usual(site: &Site) -> ServerConfig {
    config(site, site, ClientAuth::Basic(secret()))
}

pub(super) fn identity(config: ServerConfig, clock: Arc<Hasty>) -> Identity {
    Identity::new(config.protected_resource(), ScopeSet::parse(READ).unwrap(), clock, Redactor::new()).unwrap()
}

/// Only asks for a token.
pub(super) async fn token(config: ServerConfig) -> Result<(), AuthError> {
    identity(config, Arc::default()).token().await.map(drop)
}

pub(super) async fn connect(config: ServerConfig) -> Result<Caller, ConnectError> {
    connect_at(config, Arc::default()).await
}

pub(super) async fn connect_at(config: ServerConfig, clock: Arc<Hasty>) -> Result<Caller, ConnectError> {
    let connection = Connection::new(config, ScopeSet::parse(READ).unwrap(), clock, Redactor::new()).unwrap();
    Ok(Caller { server: McpServer::connect(Arc::new(connection)).await?, redactor: Redactor::new() })
}

/// Makes a call; what came of it, and what was written down.
pub(super) async fn call(caller: &Caller, tool: &str, effect: Effect) -> (Result<(), ToolError>, Vec<EventKind>) {
    let (reply, recorder, _) = caller.call(tool, json!({}), effect).await;
    (reply.map(drop), events(recorder))
}

/// Why no connection could be made, if that is for want of a token.
pub(super) async fn auth_error(config: ServerConfig) -> AuthError {
    match connect(config).await.map(drop).unwrap_err() {
        ConnectError::Auth { reason: source, .. } => source,
        other => panic!("{other}"),
    }
}
