//! The token must have every scope that the boundary says the tool needs.

use std::collections::BTreeMap;

use abide_base::{call::ServerId, event::EventKind, scope::ScopeSet};
use abide_signatures::Digest;
use async_trait::async_trait;

use super::denied::Denied;
use crate::policy::ToolRule;

/// Who knows what our tokens may do: the token managers.
#[async_trait]
pub trait Grants: Send + Sync {
    /// The scopes of the token that calls of this server would carry, got or renewed if need be; `None` if the server takes no token.
    async fn granted(&self, server: &ServerId) -> Result<Option<GrantedScopes>, GrantError>;
}

/// What a token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedScopes {
    /// Its scopes.
    pub scopes: ScopeSet,
    /// A digest of the token for the audit, never the token.
    pub token_hash: String,
    /// A digest of the token's own name (`jti`), where it has one.
    pub jti_hash: Option<Digest>,
}

/// Tokens that stay as they are, by server; a server without one gets no calls.
#[async_trait]
impl Grants for BTreeMap<ServerId, GrantedScopes> {
    async fn granted(&self, server: &ServerId) -> Result<Option<GrantedScopes>, GrantError> {
        let none = || GrantError { server: server.clone(), reason: "none was given for it".to_owned() };
        self.get(server).cloned().ok_or_else(none).map(Some)
    }
}

/// For servers that take no tokens, such as child processes: no scope is asked for.
#[derive(Clone, Copy, Debug)]
pub struct NoTokens;

#[async_trait]
impl Grants for NoTokens {
    async fn granted(&self, _: &ServerId) -> Result<Option<GrantedScopes>, GrantError> {
        Ok(None)
    }
}

/// There is no token. Nothing that a program did, so its run is not scored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no token for `{server}`: {reason}")]
pub struct GrantError {
    /// The server.
    pub server: ServerId,
    /// For the operator; never holds a secret.
    pub reason: String,
}

/// Compares what the token has with what the tool needs.
pub(crate) fn check(rule: &ToolRule, granted: &ScopeSet) -> Result<(), Denied> {
    if granted.covers(&rule.scopes) {
        return Ok(());
    }
    let missing = granted.missing(&rule.scopes);
    let detail = format!("the token lacks `{missing}`; it has `{granted}`");
    Err(Denied { missing, ..Denied::new(EventKind::ScopeMissing, detail) })
}
