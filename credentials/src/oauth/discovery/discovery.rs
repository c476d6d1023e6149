use std::{fmt, time::SystemTime};

use abide_base::clock::Clock;
use abide_net as net;
use abide_net::{Client, Options, Reply, Request, check_address, retry_after};
use http::StatusCode;
use url::Url;

use super::super::AuthError;
use super::document::Document;

/// What an issuer says of itself, as far as it is needed (RFC 8414, section 2). It may lack an
/// `authorization_endpoint`: there are issuers for machines only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::oauth) struct Metadata {
    pub(in crate::oauth) token_endpoint: Url,
    pub(in crate::oauth) key_set: Option<Url>,
    pub(in crate::oauth) introspection: Option<Url>,
    pub(in crate::oauth) authorization_endpoint: Option<Url>,
    pub(in crate::oauth) registration_endpoint: Option<Url>,
    pub(in crate::oauth) revocation: Option<Url>,
    /// For clients that show a certificate (RFC 8705, section 5).
    pub(in crate::oauth) mtls_token_endpoint: Option<Url>,
    pub(in crate::oauth) capabilities: Capabilities,
}

/// What an issuer says it can do, under the names that its metadata have (RFC 8414, section 2; RFC 7636; RFC 9207; RFC 9449).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Scopes that may be asked for.
    pub scopes_supported: Option<Vec<String>>,
    /// What may be shown for a token.
    pub grant_types_supported: Option<Vec<String>>,
    /// How clients may prove who they are.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// How an authorization code may be bound to who asked for it.
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// How tokens may be bound to a key; not at all when absent.
    pub dpop_signing_alg_values_supported: Option<Vec<String>>,
    /// Whether a client may be named by the address of a document about it.
    pub client_id_metadata_document_supported: bool,
    /// Whether every answer of the authorization endpoint names the issuer.
    pub authorization_response_iss_parameter_supported: bool,
}

/// The places that were looked at in vain, and what was found there.
#[derive(Default)]
struct Tried(Vec<(Url, Miss)>);

enum Miss {
    /// There is nothing: a status of 3xx or 4xx.
    Nothing(StatusCode),
    /// There is something that is no description of the issuer.
    Wrong(AuthError),
}

/// The largest description of an issuer, in bytes; real ones have less than a tenth of it. One that comes byte by byte costs for each byte.
const MAX_METADATA: usize = 64 * 1024;

/// Asks an issuer, without any credential, what it can do.
///
/// # Errors
/// It cannot be reached, or publishes nothing about itself, or something about another issuer.
pub async fn capabilities(issuer: &str, connection: &Options, clock: &dyn Clock) -> Result<Capabilities, AuthError> {
    let client =
        Client::new(connection).map_err(|source| AuthError::Network { issuer: issuer.to_owned(), reason: source })?;
    Ok(discover(&client, issuer, clock.now()).await?.capabilities)
}

/// Finds the metadata of the pinned issuer, and of no other, in the first place that has them.
pub(in crate::oauth) async fn discover(client: &Client, issuer: &str, now: SystemTime) -> Result<Metadata, AuthError> {
    let base = base(issuer)?;
    let mut tried = Tried::default();
    for place in places(&base) {
        let mut request = Request::get(place.clone());
        request.max_body = MAX_METADATA;
        let miss = match client.send(request).await {
            // what is wrong with one answer says nothing about the next place; what is wrong with the way there does
            Err(source @ (net::Error::Broken { .. } | net::Error::TooLarge { .. })) => {
                Miss::Wrong(AuthError::Network { issuer: issuer.to_owned(), reason: source })
            }
            Err(source) => return Err(AuthError::Network { issuer: issuer.to_owned(), reason: source }),
            Ok(reply) => match read(&reply, issuer, &base, now) {
                Ok(metadata) => return Ok(metadata),
                Err(miss) => miss,
            },
        };
        tried.0.push((place, miss));
    }
    Err(tried.into_error(issuer))
}

fn read(reply: &Reply, issuer: &str, base: &Url, now: SystemTime) -> Result<Metadata, Miss> {
    check_available(reply, issuer, now).map_err(Miss::Wrong)?;
    if !reply.status.is_success() {
        return Err(Miss::Nothing(reply.status));
    }
    parse(&reply.body, issuer, base).map_err(Miss::Wrong)
}

impl Tried {
    /// The first complaint, with all places.
    fn into_error(self, issuer: &str) -> AuthError {
        let tried = self.to_string();
        let first = self.0.into_iter().find_map(|(_, miss)| match miss {
            Miss::Wrong(error) => Some(error),
            Miss::Nothing(_) => None,
        });
        match first {
            None => AuthError::NoMetadata { issuer: issuer.to_owned(), tried },
            Some(AuthError::Metadata { issuer, reason }) => {
                AuthError::Metadata { issuer, reason: format!("{reason}; tried {tried}") }
            }
            Some(AuthError::IssuerMismatch { pinned, found, .. }) => AuthError::IssuerMismatch { pinned, found, tried },
            Some(other) => other,
        }
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (place, miss)) in self.0.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}`{place}` ({miss})")?;
        }
        Ok(())
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing(status) if status.is_redirection() => {
                write!(f, "status {}, and redirects are not followed", status.as_u16())
            }
            Self::Nothing(status) => write!(f, "status {}", status.as_u16()),
            Self::Wrong(AuthError::Unavailable { status, .. }) => write!(f, "status {status}"),
            Self::Wrong(AuthError::IssuerMismatch { found, .. }) => write!(f, "of `{found}`"),
            Self::Wrong(AuthError::Metadata { reason, .. }) => f.write_str(reason),
            Self::Wrong(AuthError::Network { reason: net::Error::TooLarge { .. }, .. }) => f.write_str("too long"),
            Self::Wrong(_) => f.write_str("the connection broke"),
        }
    }
}

/// An issuer that is overloaded or down says nothing about what it has.
pub(in crate::oauth) fn check_available(reply: &Reply, issuer: &str, now: SystemTime) -> Result<(), AuthError> {
    if reply.status.is_server_error() || reply.status == StatusCode::TOO_MANY_REQUESTS {
        return Err(AuthError::Unavailable {
            issuer: issuer.to_owned(),
            status: reply.status.as_u16(),
            retry_after: retry_after(&reply.headers, now),
        });
    }
    Ok(())
}

/// The endpoints of an issuer that publishes nothing (MCP 2025-03-26, section 2.3.3).
pub(in crate::oauth) fn legacy(issuer: &str) -> Result<Metadata, AuthError> {
    let base = base(issuer)?;
    let at = |path: &str| {
        let mut url = base.clone();
        url.set_path(path);
        url
    };
    Ok(Metadata {
        token_endpoint: at("/token"),
        key_set: None,
        introspection: None,
        authorization_endpoint: Some(at("/authorize")),
        registration_endpoint: Some(at("/register")),
        revocation: None,
        mtls_token_endpoint: None,
        // that revision asks every issuer for PKCE
        capabilities: Capabilities {
            code_challenge_methods_supported: Some(vec!["S256".to_owned()]),
            ..Capabilities::default()
        },
    })
}

pub(in crate::oauth) fn base(issuer: &str) -> Result<Url, AuthError> {
    let unusable = |reason: String| AuthError::Metadata { issuer: issuer.to_owned(), reason };
    let url: Url = issuer.parse().map_err(|e| unusable(format!("`issuer` is not an address: {e}")))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(unusable("`issuer` has a query or fragment".into()));
    }
    check_address(&url).map_err(|e| unusable(e.to_string()))?;
    Ok(url)
}

/// RFC 8414 first, then OpenID Connect with the path inserted, then appended.
pub(in crate::oauth) fn places(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let mut paths = vec![
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
        format!("{path}/.well-known/openid-configuration"),
    ];
    paths.dedup();
    paths
        .into_iter()
        .map(|path| {
            let mut place = issuer.clone();
            place.set_path(&path);
            place
        })
        .collect()
}

/// The metadata of the pinned issuer. An entry that is not needed and cannot be used counts as absent, which is logged.
pub(in crate::oauth) fn parse(body: &[u8], pinned: &str, base: &Url) -> Result<Metadata, AuthError> {
    let document = Document::read(body, pinned, base)?;
    let found = document.issuer()?;
    if found != pinned {
        let found = found.chars().take(200).collect();
        return Err(AuthError::IssuerMismatch { pinned: pinned.to_owned(), found, tried: String::new() });
    }
    Ok(Metadata {
        token_endpoint: document.token_endpoint()?,
        key_set: document.key_set()?,
        introspection: document.endpoint("introspection_endpoint"),
        authorization_endpoint: document.endpoint("authorization_endpoint"),
        registration_endpoint: document.endpoint("registration_endpoint"),
        revocation: document.endpoint("revocation_endpoint"),
        mtls_token_endpoint: document.mtls_token_endpoint(),
        capabilities: Capabilities {
            scopes_supported: document.texts("scopes_supported"),
            grant_types_supported: document.texts("grant_types_supported"),
            token_endpoint_auth_methods_supported: document.texts("token_endpoint_auth_methods_supported"),
            code_challenge_methods_supported: document.texts("code_challenge_methods_supported"),
            dpop_signing_alg_values_supported: document.texts("dpop_signing_alg_values_supported"),
            client_id_metadata_document_supported: document.flag("client_id_metadata_document_supported"),
            authorization_response_iss_parameter_supported: document
                .flag("authorization_response_iss_parameter_supported"),
        },
    })
}
