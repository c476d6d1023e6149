use serde::Deserialize;
use url::Url;

use super::AuthError;
use crate::{
    clock::Clock,
    net::{Client, Options, Reply, Request, check_address, retry_after},
};

/// What an issuer says of itself, as far as it is needed (RFC 8414, section 2). It may lack an
/// `authorization_endpoint`: there are issuers for machines only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) token_endpoint: Url,
    pub(super) key_set: Option<Url>,
    pub(super) introspection: Option<Url>,
    pub(super) authorization_endpoint: Option<Url>,
    pub(super) registration_endpoint: Option<Url>,
    pub(super) revocation: Option<Url>,
    /// For clients that show a certificate (RFC 8705, section 5).
    pub(super) mtls_token_endpoint: Option<Url>,
    pub(super) capabilities: Capabilities,
}

/// What an issuer says it can do, under the names that its metadata have (RFC 8414, section 2; RFC 7636; RFC 9207; RFC 9449).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
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

#[derive(Deserialize)]
struct Document {
    issuer: String,
    token_endpoint: String,
    jwks_uri: Option<String>,
    introspection_endpoint: Option<String>,
    authorization_endpoint: Option<String>,
    registration_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    #[serde(default)]
    mtls_endpoint_aliases: Aliases,
    #[serde(flatten)]
    capabilities: Capabilities,
}

#[derive(Default, Deserialize)]
struct Aliases {
    token_endpoint: Option<String>,
}

/// Asks an issuer, without any credential, what it can do.
///
/// # Errors
/// It cannot be reached, or publishes nothing about itself, or something about another issuer.
pub async fn capabilities(issuer: &str, connection: &Options, clock: &dyn Clock) -> Result<Capabilities, AuthError> {
    let client = Client::new(connection).map_err(|source| AuthError::Network { issuer: issuer.to_owned(), source })?;
    Ok(discover(&client, issuer, clock.now()).await?.capabilities)
}

/// Finds the metadata of the pinned issuer, and of nobody else.
pub(super) async fn discover(client: &Client, issuer: &str, now: std::time::SystemTime) -> Result<Metadata, AuthError> {
    let base = base(issuer)?;
    for place in places(&base) {
        let reply = client
            .send(Request::get(place))
            .await
            .map_err(|source| AuthError::Network { issuer: issuer.to_owned(), source })?;
        check_available(&reply, issuer, now)?;
        if reply.status.is_success() {
            return parse(&reply.body, issuer, &base);
        }
    }
    Err(AuthError::NoMetadata { issuer: issuer.to_owned() })
}

/// An issuer that is overloaded or down says nothing about what it has.
pub(super) fn check_available(reply: &Reply, issuer: &str, now: std::time::SystemTime) -> Result<(), AuthError> {
    if reply.status.is_server_error() || reply.status == http::StatusCode::TOO_MANY_REQUESTS {
        return Err(AuthError::Unavailable {
            issuer: issuer.to_owned(),
            status: reply.status.as_u16(),
            retry_after: retry_after(&reply.headers, now),
        });
    }
    Ok(())
}

/// The endpoints of an issuer that publishes nothing (MCP 2025-03-26, section 2.3.3).
pub(super) fn legacy(issuer: &str) -> Result<Metadata, AuthError> {
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

pub(super) fn base(issuer: &str) -> Result<Url, AuthError> {
    let unusable = |reason: String| AuthError::Metadata { issuer: issuer.to_owned(), reason };
    let url: Url = issuer.parse().map_err(|e| unusable(format!("`issuer` is no address: {e}")))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(unusable("`issuer` has a query or fragment".into()));
    }
    check_address(&url).map_err(|e| unusable(e.to_string()))?;
    Ok(url)
}

/// RFC 8414 first, then OpenID Connect with the path inserted, then appended.
pub(super) fn places(issuer: &Url) -> Vec<Url> {
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

pub(super) fn parse(body: &[u8], pinned: &str, base: &Url) -> Result<Metadata, AuthError> {
    let unusable = |reason: String| AuthError::Metadata { issuer: pinned.to_owned(), reason };
    let document: Document = serde_json::from_slice(body).map_err(|_| {
        unusable("it lacks `issuer` or `token_endpoint`, has an entry of the wrong type, or is no JSON".into())
    })?;
    if document.issuer != pinned {
        return Err(AuthError::IssuerMismatch {
            pinned: pinned.to_owned(),
            found: document.issuer.chars().take(200).collect(),
        });
    }
    let endpoint = |name: &str, text: &str| {
        let url: Url = text.parse().map_err(|_| unusable(format!("`{name}` is no address")))?;
        check_address(&url).map_err(|e| unusable(format!("`{name}`: {e}")))?;
        // an issuer that is reached safely cannot send us to an unsafe place, not even on this machine
        if base.scheme() == "https" && url.scheme() != "https" {
            return Err(unusable(format!("`{name}` is not https")));
        }
        Ok(url)
    };
    let optional = |name: &str, text: Option<String>| text.map(|text| endpoint(name, &text)).transpose();
    Ok(Metadata {
        token_endpoint: endpoint("token_endpoint", &document.token_endpoint)?,
        key_set: optional("jwks_uri", document.jwks_uri)?,
        introspection: optional("introspection_endpoint", document.introspection_endpoint)?,
        authorization_endpoint: optional("authorization_endpoint", document.authorization_endpoint)?,
        registration_endpoint: optional("registration_endpoint", document.registration_endpoint)?,
        revocation: optional("revocation_endpoint", document.revocation_endpoint)?,
        mtls_token_endpoint: optional(
            "mtls_endpoint_aliases.token_endpoint",
            document.mtls_endpoint_aliases.token_endpoint,
        )?,
        capabilities: document.capabilities,
    })
}

#[cfg(test)]
mod tests;
