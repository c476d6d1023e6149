//! The token must have every scope that the boundary says the tool needs.

use std::{collections::BTreeMap, error::Error, fmt, sync::Arc};

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
        let none = || GrantError::new(server.clone(), "none was given for it: add its scopes");
        self.get(server).cloned().ok_or_else(none).map(Some)
    }
}

/// For servers that take no tokens, such as child processes. The `scopes` of rules are not checked, so it is not for a server that takes
/// tokens.
#[derive(Clone, Copy, Debug)]
pub struct NoTokens;

#[async_trait]
impl Grants for NoTokens {
    async fn granted(&self, _: &ServerId) -> Result<Option<GrantedScopes>, GrantError> {
        Ok(None)
    }
}

/// There is no token. Nothing that a program did, so its run is not scored.
#[derive(Clone, Debug)]
pub struct GrantError {
    server: ServerId,
    reason: Arc<dyn Error + Send + Sync>,
}

impl GrantError {
    /// For this reason: an error, or a text. It is for the operator, and must not hold a secret.
    pub fn new(server: ServerId, reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { server, reason: reason.into().into() }
    }

    /// The server.
    pub fn server(&self) -> &ServerId {
        &self.server
    }

    /// Why there is none.
    pub fn reason(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.reason
    }
}

impl fmt::Display for GrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no token for `{}`: {}", self.server, self.reason)
    }
}

/// The text has the reason, so the source is that of the reason.
impl Error for GrantError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.reason.source()
    }
}

/// Of the same server, for the same reason in words.
impl PartialEq for GrantError {
    fn eq(&self, other: &Self) -> bool {
        self.server == other.server && self.reason.to_string() == other.reason.to_string()
    }
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
