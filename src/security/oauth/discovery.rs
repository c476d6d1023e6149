use serde::Deserialize;
use url::Url;

use super::AuthError;
use crate::net::{Client, Reply, Request, check_address, retry_after};

/// What an issuer says of itself, as far as it is needed (RFC 8414, section 2). It may lack an
/// `authorization_endpoint`: there are issuers for machines only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) token_endpoint: Url,
    pub(super) key_set: Option<Url>,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    token_endpoint: String,
    jwks_uri: Option<String>,
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

fn base(issuer: &str) -> Result<Url, AuthError> {
    let unusable = |reason: String| AuthError::Metadata { issuer: issuer.to_owned(), reason };
    let url: Url = issuer.parse().map_err(|e| unusable(format!("`issuer` is no address: {e}")))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(unusable("`issuer` has a query or fragment".into()));
    }
    check_address(&url).map_err(|e| unusable(e.to_string()))?;
    Ok(url)
}

/// RFC 8414 first, then OpenID Connect with the path inserted, then appended.
fn places(issuer: &Url) -> Vec<Url> {
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

fn parse(body: &[u8], pinned: &str, base: &Url) -> Result<Metadata, AuthError> {
    let unusable = |reason: String| AuthError::Metadata { issuer: pinned.to_owned(), reason };
    let document: Document = serde_json::from_slice(body)
        .map_err(|_| unusable("it lacks `issuer` or `token_endpoint`, or is no JSON".into()))?;
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
    Ok(Metadata {
        token_endpoint: endpoint("token_endpoint", &document.token_endpoint)?,
        key_set: document.jwks_uri.as_deref().map(|text| endpoint("jwks_uri", text)).transpose()?,
    })
}

#[cfg(test)]
mod tests;
