//! The page that asks a person, and what the issuer sends the person back with.

use std::collections::BTreeMap;

use abide_base::{
    scope::{Scope, ScopeSet},
    secret::Secret,
};
use abide_net::check_address;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use url::Url;

use super::super::{AuthError, answer::is_code, discovery::Metadata, random::random_id};
use crate::{jwt::MAX_TOKEN, oauth::config::Pkce};

/// What is asked for.
pub(super) struct Ask<'a> {
    pub(super) client_id: &'a str,
    pub(super) redirect: &'a Url,
    /// None where the issuer refuses to be told.
    pub(super) resource: Option<&'a str>,
    pub(super) scopes: &'a ScopeSet,
    /// What the operator adds.
    pub(super) parameters: &'a BTreeMap<String, String>,
    pub(super) pkce: Pkce,
    /// Of the key that tokens shall be bound to (RFC 9449, section 10).
    pub(super) thumbprint: Option<String>,
}

/// A question to a person that was not answered yet.
pub(super) struct Request {
    pub(super) page: Url,
    pub(super) redirect: Url,
    /// Shows that the client that redeems the code is the one that asked for it (RFC 7636).
    pub(super) verifier: Secret<String>,
    state: String,
    issuer: String,
    names_itself: bool,
}

const S256: &str = "S256";
const OFFLINE: &str = "offline_access";

impl Request {
    pub(super) fn new(issuer: &str, metadata: &Metadata, ask: &Ask<'_>) -> Result<Self, AuthError> {
        let unusable = |reason: String| AuthError::Metadata { issuer: issuer.to_owned(), reason };
        let capabilities = &metadata.capabilities;
        let mut page = metadata
            .authorization_endpoint
            .clone()
            .ok_or_else(|| unusable("it names no usable `authorization_endpoint`: it has no page for people".into()))?;
        check_address(&page).map_err(|e| unusable(format!("`authorization_endpoint`: {e}")))?;
        let published = capabilities.code_challenge_methods_supported.iter().flatten().any(|method| method == S256);
        if !published && ask.pkce == Pkce::Published {
            return Err(unusable(
                "`code_challenge_methods_supported` lacks `S256`: codes could be stolen on the way; if you know that the issuer \
                 checks it all the same, see `danger_assume_s256`"
                    .into(),
            ));
        }
        let (state, verifier) = (random_id(), Secret::new(format!("{}{}", random_id(), random_id())));
        let mut fields = vec![
            ("response_type", "code".to_owned()),
            ("client_id", ask.client_id.to_owned()),
            ("redirect_uri", ask.redirect.to_string()),
            ("state", state.clone()),
            ("code_challenge", URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()))),
            ("code_challenge_method", S256.to_owned()),
        ];
        fields.extend(ask.resource.map(|resource| ("resource", resource.to_owned())));
        if !ask.scopes.is_empty() {
            let offline = offline(capabilities.scopes_supported.as_deref().unwrap_or_default());
            if offline.is_some() && !ask.parameters.contains_key("prompt") {
                // without it, OpenID Connect lets an issuer ignore the wish (Core, section 11)
                fields.push(("prompt", "consent".to_owned()));
            }
            fields.push(("scope", ask.scopes.union(&offline.into_iter().collect()).to_string()));
        }
        fields.extend(ask.thumbprint.clone().map(|thumbprint| ("dpop_jkt", thumbprint)));
        fields.extend(ask.parameters.iter().map(|(name, value)| (name.as_str(), value.clone())));
        if page.fragment().is_some() || page.query_pairs().any(|(name, _)| fields.iter().any(|field| field.0 == name)) {
            return Err(unusable("`authorization_endpoint` has a fragment, or a query with fields of ours".into()));
        }
        page.query_pairs_mut().extend_pairs(&fields);
        let names_itself = capabilities.authorization_response_iss_parameter_supported;
        Ok(Self { page, redirect: ask.redirect.clone(), verifier, state, issuer: issuer.to_owned(), names_itself })
    }

    /// The code in the address that the issuer sent the person back to.
    pub(super) fn read(&self, came: &Url) -> Result<Secret<String>, AuthError> {
        let place = |url: &Url| (url.origin(), url.path().to_owned());
        if !came.username().is_empty() || came.password().is_some() || place(came) != place(&self.redirect) {
            return Err(self.refused("the answer came to another address than it was to be sent to"));
        }
        let state = self.field(came, "state")?.unwrap_or_default();
        if verify_slices_are_equal(state.as_bytes(), self.state.as_bytes()).is_err() {
            return Err(self.refused("`state` is not what was sent: the answer belongs to another login"));
        }
        // RFC 9207, section 2.4; also for refusals
        match self.field(came, "iss")? {
            Some(named) if named != self.issuer => {
                return Err(self.refused("the answer comes from another issuer: `iss` is not the pinned one"));
            }
            None if self.names_itself => {
                return Err(self.refused("the answer lacks `iss`, which the issuer says it always sends"));
            }
            _ => {}
        }
        if let Some(error) = self.field(came, "error")? {
            return Err(self.refused(match error.as_str() {
                "access_denied" => "it was not allowed (`access_denied`)".to_owned(),
                error if is_code(error) => format!("the issuer refused with `{error}`"),
                _ => "the issuer refused".to_owned(),
            }));
        }
        let code = self.field(came, "code")?.unwrap_or_default();
        if code.is_empty() || code.len() > MAX_TOKEN {
            return Err(self.refused("the answer has no `code`"));
        }
        Ok(Secret::new(code))
    }

    /// A field that is there once at most (RFC 6749, section 3.1).
    fn field(&self, came: &Url, name: &str) -> Result<Option<String>, AuthError> {
        let mut values = came.query_pairs().filter(|(key, _)| key == name);
        let first = values.next().map(|(_, value)| value.into_owned());
        if values.next().is_some() {
            return Err(self.refused(format!("the answer has `{name}` twice")));
        }
        Ok(first)
    }

    fn refused(&self, reason: impl Into<String>) -> AuthError {
        AuthError::Login { issuer: self.issuer.clone(), reason: reason.into() }
    }
}

/// The scope that asks for a refresh token, where the issuer knows it (OpenID Connect Core, section 11).
fn offline(supported: &[String]) -> Option<Scope> {
    supported.iter().find(|scope| *scope == OFFLINE).and_then(|scope| scope.parse().ok())
}
