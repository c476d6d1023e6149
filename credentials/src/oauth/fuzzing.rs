//! What parses answers from outside, for the fuzz targets. In builds of `cargo fuzz` only.

use std::{collections::BTreeMap, time::Duration};

use abide_base::{scope::ScopeSet, secret::Secret};
use http::HeaderMap;
use url::Url;

use super::{AuthError, TokenChallenge, answer, challenge, discovery, resource};
use crate::oauth::config::Proof;

/// A scheme and its parameters.
pub type Challenge = (String, BTreeMap<String, String>);

/// What a token endpoint granted.
#[derive(Debug)]
pub struct Grant {
    pub token: Secret<String>,
    pub proof: Proof,
    pub life: Option<Duration>,
    pub scopes: Option<ScopeSet>,
    pub refresh: Option<Secret<String>>,
}

/// What a server says about itself: its name, and its issuers.
pub type Resource = (Option<String>, Vec<String>);

/// The challenges of `WWW-Authenticate`.
pub fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    challenge::parse(headers).into_iter().map(|challenge| (challenge.scheme, challenge.params)).collect()
}

/// What a refusal asks for.
pub fn challenge(headers: &HeaderMap) -> TokenChallenge {
    TokenChallenge::of(headers)
}

/// Where the metadata of an issuer are looked for.
pub fn issuer_places(issuer: &str) -> Result<Vec<Url>, AuthError> {
    discovery::base(issuer).map(|base| discovery::places(&base))
}

/// The endpoints in the metadata of an issuer, by the names that they have there.
pub fn issuer(body: &[u8], issuer: &str) -> Result<Vec<(&'static str, Url)>, AuthError> {
    let found = discovery::parse(body, issuer, &discovery::base(issuer)?)?;
    let endpoints = [
        ("token_endpoint", Some(found.token_endpoint)),
        ("jwks_uri", found.key_set),
        ("introspection_endpoint", found.introspection),
        ("authorization_endpoint", found.authorization_endpoint),
        ("registration_endpoint", found.registration_endpoint),
        ("revocation_endpoint", found.revocation),
        ("mtls_endpoint_aliases", found.mtls_token_endpoint),
    ];
    Ok(endpoints.into_iter().filter_map(|(name, url)| Some((name, url?))).collect())
}

/// Where the metadata of a server are looked for, if a challenge named a place.
pub fn resource_places(server: &Url, named: Option<&str>) -> Vec<Url> {
    resource::places(server, named)
}

/// The metadata of a server.
pub fn resource(body: &[u8], server: &Url) -> Option<Result<Resource, AuthError>> {
    let server = resource::Subject { url: server, resource: None };
    resource::parse(body, server).map(|found| found.map(|found| (found.resource, found.authorization_servers)))
}

/// The answer of a token endpoint.
pub fn grant(body: &[u8]) -> Result<Grant, &'static str> {
    let answer::Grant { token, proof, life, scopes, refresh } = answer::read(body, "")?;
    Ok(Grant { token, proof, life, scopes, refresh })
}
