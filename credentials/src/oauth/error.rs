use std::{path::PathBuf, time::Duration};

use abide_base::scope::ScopeSet;
use abide_net as net;

use super::TokenChallenge;
use crate::jwt;

/// Why there is no token. Never holds a secret, a token, or the body of an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A request that should carry the server's token goes elsewhere.
    #[error("the token is for `{server}`, and the request goes elsewhere: it is not sent")]
    OtherAddress {
        /// The server.
        server: String,
    },
    /// The exchange with the issuer failed.
    #[error("no token from issuer `{issuer}`: {reason}")]
    Network {
        /// The pinned issuer.
        issuer: String,
        /// What went wrong.
        reason: net::Error,
    },
    /// The issuer is overloaded or broken.
    #[error("issuer `{issuer}` answered with status {status}: try again later")]
    Unavailable {
        /// The pinned issuer.
        issuer: String,
        /// The HTTP status.
        status: u16,
        /// How long it says to wait.
        retry_after: Option<Duration>,
    },
    /// None of the places where an issuer describes itself has anything.
    #[error("issuer `{issuer}` publishes no metadata: check `issuer`; tried {tried}")]
    NoMetadata {
        /// The pinned issuer.
        issuer: String,
        /// The places, and what they answered.
        tried: String,
    },
    /// The issuer's description of itself is unusable.
    #[error("the metadata of issuer `{issuer}` is unusable: {reason}")]
    Metadata {
        /// The pinned issuer.
        issuer: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The metadata are those of another issuer.
    #[error(
        "the metadata found for issuer `{pinned}` are those of `{found}`{}: set `issuer` to the exact text that it publishes, if you trust it{}",
        slash(.pinned, .found), with_places(.tried)
    )]
    IssuerMismatch {
        /// The pinned issuer.
        pinned: String,
        /// The issuer that they name.
        found: String,
        /// The places, and what they answered.
        tried: String,
    },
    /// The MCP server takes tokens of other issuers only.
    #[error(
        "`{server}` takes tokens of `{named}`, not of the pinned issuer `{pinned}`: nothing was sent there; change `issuer` if you trust it"
    )]
    ForeignIssuer {
        /// The MCP server's address.
        server: String,
        /// The issuers it names.
        named: String,
        /// The pinned issuer.
        pinned: String,
    },
    /// What the MCP server says of itself is about another address.
    #[error(
        "`{server}` describes itself as `{named}`: a token for one would be sent to the other; check `url`, or set `resource` to `{named}` if you know that this is how the server calls itself"
    )]
    ForeignResource {
        /// The MCP server's address.
        server: String,
        /// The resource that it names.
        named: String,
    },
    /// The server is configured to take no tokens, so there are none.
    #[error("`{server}` is configured to take no tokens: set `issuer` if it does")]
    Open {
        /// The MCP server's address.
        server: String,
    },
    /// The server is configured to take no tokens, and refused a request without one.
    #[error("`{server}` wants a token: set the `issuer` that it trusts, and who we are there")]
    TokenWanted {
        /// The MCP server's address.
        server: String,
        /// What it said.
        wanted: TokenChallenge,
    },
    /// A token that another program keeps in a file cannot be read.
    #[error("the token file `{}` cannot be used: {reason}", .path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A key of ours cannot sign.
    #[error("cannot sign for issuer `{issuer}`: {reason}")]
    Key {
        /// The pinned issuer.
        issuer: String,
        /// What went wrong.
        reason: jwt::KeyError,
    },
    /// A user has to consent first, and there is none to ask.
    #[error("issuer `{issuer}` wants a person's consent: run `abide login`, and then this again")]
    LoginNeeded {
        /// The pinned issuer.
        issuer: String,
    },
    /// A person was asked, and it did not work out.
    #[error("the login at issuer `{issuer}` failed: {reason}")]
    Login {
        /// The pinned issuer.
        issuer: String,
        /// Why.
        reason: String,
    },
    /// The issuer does not let us register ourselves.
    #[error("cannot register at issuer `{issuer}`: {reason}")]
    Registration {
        /// The pinned issuer.
        issuer: String,
        /// Why.
        reason: String,
    },
    /// The file that keeps the refresh token cannot be used.
    #[error("the token file `{}` cannot be used: {reason}", .path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The issuer does not accept our proof of who we are.
    #[error(
        "issuer `{issuer}` does not accept client `{client_id}` with {}: check `client_id`, `client_auth`, and the secret or key",
        method_text(.method)
    )]
    ClientRefused {
        /// The issuer.
        issuer: String,
        /// Our name there.
        client_id: String,
        /// How we proved who we are.
        method: &'static str,
    },
    /// The issuer issues no tokens for the MCP server.
    #[error(
        "issuer `{issuer}` issues no tokens for `{resource}`: check `url`, register it there, or set `resource` to its name there; where \
         the issuer takes no `resource` at all, set `send_resource` to `false`"
    )]
    InvalidTarget {
        /// The pinned issuer.
        issuer: String,
        /// The MCP server's address.
        resource: String,
    },
    /// The client may not have the scopes.
    #[error(
        "issuer `{issuer}` grants none of the scopes `{scopes}` to client `{client_id}`: register them there, or declare fewer; where the \
         issuer wants others to be asked for, set `request_scopes`"
    )]
    InvalidScope {
        /// The pinned issuer.
        issuer: String,
        /// Our name there.
        client_id: String,
        /// The scopes asked for.
        scopes: ScopeSet,
    },
    /// The issuer refused for another reason.
    #[error("issuer `{issuer}` refused to issue a token: `{code}`{}", after_refusal(.code))]
    Refused {
        /// The pinned issuer.
        issuer: String,
        /// Its error code, or the HTTP status.
        code: String,
    },
    /// The issuer's answer is not what the standard says.
    #[error("the answer of issuer `{issuer}` is unusable: {reason}")]
    Answer {
        /// The pinned issuer.
        issuer: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The issuer issued a token that does not verify.
    #[error("the token of issuer `{issuer}` is not accepted: {reason}{}", after_rejection(.reason))]
    TokenRejected {
        /// The pinned issuer.
        issuer: String,
        /// What is wrong with it.
        reason: jwt::Error,
    },
}

impl AuthError {
    /// Whether the issuer or the way to it is down, so that the same may succeed later.
    pub fn is_infrastructure(&self) -> bool {
        match self {
            Self::Network { reason: source, .. } => source.is_transient(),
            Self::Unavailable { .. } => true,
            Self::TokenRejected { reason, .. } => reason.is_infrastructure(),
            _ => false,
        }
    }

    /// What a model is told. It cannot do anything about it, so it learns nothing about it.
    pub fn model_text(&self) -> &'static str {
        "the tool cannot be reached: answer without it or ask a human"
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// A slash at the end is the usual difference, and hard to see.
fn slash(pinned: &str, found: &str) -> &'static str {
    if pinned.trim_end_matches('/') == found.trim_end_matches('/') { " (the slash at the end counts)" } else { "" }
}

/// What to do about a refusal that says little.
fn after_refusal(code: &str) -> &'static str {
    match code {
        "invalid_request" | "invalid_resource" => {
            "; where the issuer takes no `resource`, set `send_resource` to `false`, and for what it wants besides, set `token_parameters`"
        }
        "unauthorized_client" | "unsupported_grant_type" => "; allow the client there what is set as `grant`",
        _ => "",
    }
}

/// What to do about a token that says something else than it must.
fn after_rejection(reason: &jwt::Error) -> &'static str {
    match reason {
        jwt::Error::Audience { .. } => "; if that is how the issuer names the server, set `audience`",
        jwt::Error::Missing("aud") => {
            "; have the issuer name the server in it; where it cannot, see `danger_token_without_audience`"
        }
        jwt::Error::Issuer { .. } => "; if that is how the issuer names itself in tokens, set `token_issuer`",
        jwt::Error::Algorithm(name) if is_optional(name) => "; if the issuer signs with it, allow it with `token_algs`",
        _ => "",
    }
}

/// Whether an algorithm can be allowed, and is not by itself.
fn is_optional(name: &str) -> bool {
    name.parse().is_ok_and(|algorithm| !jwt::Algorithm::usual().contains(&algorithm))
}

fn with_places(tried: &str) -> String {
    if tried.is_empty() { String::new() } else { format!("; tried {tried}") }
}

fn method_text(method: &str) -> String {
    match method {
        "none" => "no proof of who it is".to_owned(),
        method => format!("`{method}`"),
    }
}
