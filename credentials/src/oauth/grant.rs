//! What is shown for a token.

use std::path::Path;

use abide_base::{scope::ScopeSet, secret::Secret};
use tokio::io::AsyncReadExt;
use url::Url;
use zeroize::Zeroizing;

use super::{
    AuthError,
    answer::Grant,
    endpoint::{Endpoint, Field, Form, field},
};
use crate::{
    jwt,
    oauth::config::{OAuth, ProtectedResource, ResourceParameter, TokenRequest, TokenSource},
};

/// What a token is for, and how far it shall reach.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    /// The MCP endpoint (RFC 8707).
    pub(super) resource: &'a str,
    /// What is asked for.
    pub(super) scopes: &'a ScopeSet,
    /// How it is asked for.
    pub(super) request: &'a TokenRequest,
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// The resource that tokens are for (RFC 8707): the MCP endpoint without fragment and trailing slash.
pub(super) fn resource(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// What tokens for a server are for.
pub(super) fn resource_of(server: &ProtectedResource, oauth: &OAuth) -> String {
    oauth.resource.clone().unwrap_or_else(|| resource(&server.url))
}

/// With client credentials (RFC 6749, section 4.4).
pub(super) async fn client_credentials(endpoint: &Endpoint<'_>, target: Target<'_>) -> Result<Grant, AuthError> {
    endpoint.grant(target.extended(target.form("client_credentials"))).await
}

/// With a refresh token (RFC 6749, section 6). The scopes are those of the consent.
pub(super) async fn refresh(
    endpoint: &Endpoint<'_>,
    target: Target<'_>,
    token: &Secret<String>,
) -> Result<Grant, AuthError> {
    let mut form = vec![field("grant_type", "refresh_token")];
    form.extend(target.resource_field());
    form.push(("refresh_token".into(), Zeroizing::new(token.expose().clone())));
    endpoint.grant(target.extended(form)).await
}

/// With a statement of a party that the issuer trusts (RFC 7523, section 2.1).
pub(super) async fn jwt_bearer(
    endpoint: &Endpoint<'_>,
    target: Target<'_>,
    assertion: &Secret<String>,
) -> Result<Grant, AuthError> {
    let mut form = target.form(JWT_BEARER);
    form.push(("assertion".into(), Zeroizing::new(assertion.expose().clone())));
    endpoint.grant(target.extended(form)).await
}

/// Has an identity provider say to `audience` who we are (RFC 8693; identity assertion authorization grant).
pub(super) async fn identity_assertion(
    provider: &Endpoint<'_>,
    audience: &str,
    target: Target<'_>,
    id_token: &Secret<String>,
) -> Result<Secret<String>, AuthError> {
    let mut form = target.form(TOKEN_EXCHANGE);
    form.push(field("audience", audience));
    form.push(field("requested_token_type", ID_JAG));
    form.push(("subject_token".into(), Zeroizing::new(id_token.expose().clone())));
    form.push(field("subject_token_type", ID_TOKEN));
    provider.exchange(form, ID_JAG).await
}

/// Reads a token that another issuer issued. It is not judged here: whom it is shown to does that.
pub(super) async fn read(source: &TokenSource) -> Result<Secret<String>, AuthError> {
    match source {
        TokenSource::Fixed(token) => Ok(token.clone()),
        TokenSource::File(path) => read_file(path).await,
    }
}

async fn read_file(path: &Path) -> Result<Secret<String>, AuthError> {
    let unreadable = |reason: String| AuthError::TokenFile { path: path.to_owned(), reason };
    let failed = |error: std::io::Error| unreadable(error.to_string());
    // others never end, or do not even open until another process writes
    if !tokio::fs::metadata(path).await.map_err(failed)?.is_file() {
        return Err(unreadable("it is not a regular file".to_owned()));
    }
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let mut text = Zeroizing::new(String::with_capacity(jwt::MAX_TOKEN + 1));
    file.take(jwt::MAX_TOKEN as u64 + 1).read_to_string(&mut text).await.map_err(failed)?;
    if text.len() > jwt::MAX_TOKEN {
        return Err(unreadable(format!("it has more than {} bytes, which no token has", jwt::MAX_TOKEN)));
    }
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(unreadable("it holds no token".to_owned()));
    }
    Ok(Secret::new(token.to_owned()))
}

impl Target<'_> {
    pub(super) fn form(&self, grant: &str) -> Form {
        let mut form = vec![field("grant_type", grant)];
        form.extend(self.resource_field());
        if !self.scopes.is_empty() {
            form.push(field("scope", self.scopes.to_string()));
        }
        form
    }

    /// What the server is called, where the issuer is told.
    pub(super) fn named_resource(&self) -> Option<&str> {
        match self.request.resource {
            ResourceParameter::Sent => Some(self.resource),
            ResourceParameter::Omitted => None,
        }
    }

    pub(super) fn resource_field(&self) -> Option<Field> {
        self.named_resource().map(|resource| field("resource", resource))
    }

    /// With the operator's own fields behind those of the protocol.
    pub(super) fn extended(&self, mut form: Form) -> Form {
        let parameters = self.request.parameters.iter();
        form.extend(parameters.map(|(name, value)| (name.clone().into(), Zeroizing::new(value.clone()))));
        form
    }
}
