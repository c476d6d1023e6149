//! What an MCP server says about whose tokens it takes (RFC 9728).

use std::time::Duration;

use abide_base::scope::ScopeSet;
use abide_net::{Bytes, Client, Options, Request};
use http::{StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value};
use url::Url;

use super::{AuthError, grant::resource, token_challenge::TokenChallenge};

/// What an MCP server says about whose tokens it takes. Its words: nothing here is trusted before an operator pins it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceMetadata {
    /// What it calls itself; its address when it says nothing.
    pub resource: Option<String>,
    /// The issuers that it names, in its order; where it names none, its own origin (MCP 2025-03-26).
    pub issuers: Vec<String>,
    /// The scopes to begin with: those it asked for when it refused, else all it knows; none when it says nothing.
    pub scopes: Option<ScopeSet>,
}

/// The server that metadata must be about.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) url: &'a Url,
    /// What it calls itself, if the operator wrote that down.
    pub(super) resource: Option<&'a str>,
}

#[derive(Debug)]
pub(super) struct Document {
    pub(super) resource: Option<String>,
    pub(super) authorization_servers: Vec<String>,
    scopes_supported: Option<Vec<String>>,
}

const MAX_SHOWN: usize = 200;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks an MCP server, without any credential, which issuers' tokens it takes: what an operator looks at before pinning one.
///
/// # Errors
/// Nothing can be set up with `connection`, or the server's metadata are those of another resource.
pub async fn resource_metadata(
    server: &Url,
    connection: &Options,
    wanted: &TokenChallenge,
) -> Result<ResourceMetadata, AuthError> {
    let unreachable = |source| AuthError::Network { issuer: server.to_string(), reason: source };
    let client = Client::new(&connection.clone().reaching(server)).map_err(unreachable)?;
    let document = find(&client, Subject { url: server, resource: None }, wanted.metadata.as_deref()).await?;
    let known = document.as_ref().and_then(|document| document.scopes_supported.as_ref());
    let known = known.map(|scopes| scopes.iter().filter_map(|scope| scope.parse().ok()).collect());
    let resource = document.as_ref().and_then(|document| document.resource.clone()).filter(|text| is_plain(text));
    let named = document.map(|document| document.authorization_servers).unwrap_or_default();
    let issuers: Vec<_> = named.into_iter().filter(|text| is_plain(text)).collect();
    let issuers = Some(issuers).filter(|issuers| !issuers.is_empty());
    Ok(ResourceMetadata {
        resource,
        issuers: issuers.unwrap_or_else(|| vec![server.origin().ascii_serialization()]),
        scopes: wanted.scopes.clone().or(known),
    })
}

/// Whether the server takes tokens of the pinned issuer. One that does not say passes.
pub(super) async fn check(
    client: &Client,
    server: Subject<'_>,
    pinned: &str,
    named: Option<&str>,
) -> Result<(), AuthError> {
    let issuers = find(client, server, named).await?.map(|document| document.authorization_servers).unwrap_or_default();
    if issuers.is_empty() || issuers.iter().any(|issuer| is_same_issuer(issuer, pinned)) {
        return Ok(());
    }
    Err(AuthError::ForeignIssuer {
        server: server.url.to_string(),
        named: shown(&issuers.join("`, `")),
        pinned: pinned.to_owned(),
    })
}

/// Whether an entry of a server's list means an issuer. It decides nothing about tokens, so two spellings of one URL (RFC 3986, section
/// 6.2) are one issuer here: no path and `/`, letters of the host, the usual port. What the issuer says of itself is compared letter by
/// letter.
fn is_same_issuer(listed: &str, pinned: &str) -> bool {
    let parsed = |text: &str| text.parse::<Url>().ok();
    listed == pinned || parsed(listed).is_some_and(|listed| Some(listed) == parsed(pinned))
}

/// The first metadata that are about the server, in any of the places; else what is wrong with the first ones that were found.
async fn find(client: &Client, server: Subject<'_>, named: Option<&str>) -> Result<Option<Document>, AuthError> {
    let mut complaint = None;
    for place in places(server.url, named) {
        match fetch(client, place).await.and_then(|body| parse(&body, server)) {
            Some(Ok(document)) => return Ok(Some(document)),
            Some(Err(error)) => drop(complaint.get_or_insert(error)),
            None => {}
        }
    }
    complaint.map_or(Ok(None), Err)
}

async fn fetch(client: &Client, place: Url) -> Option<Bytes> {
    let request = Request::get(place);
    let limit = request.max_body;
    let reply = client.open(request).await.ok()?;
    // a server may answer any GET with a stream that never ends
    let kind = reply.headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase()).unwrap_or_default();
    let is_document = reply.status == StatusCode::OK && !kind.starts_with(b"text/event-stream");
    let body = tokio::time::timeout(BODY_TIMEOUT, reply.collect(limit));
    if is_document { body.await.ok()?.ok() } else { None }
}

/// Nothing where this is no document at all, and an error where it is that of another resource.
pub(super) fn parse(body: &[u8], server: Subject<'_>) -> Option<Result<Document, AuthError>> {
    let document = Document::read(serde_json::from_slice(body).ok()?);
    Some(match &document.resource {
        Some(named) if !is_about(named, server) => {
            Err(AuthError::ForeignResource { server: server.url.to_string(), named: shown(named) })
        }
        _ => Ok(document),
    })
}

impl Document {
    /// An entry of another type than it must have says nothing.
    fn read(mut entries: Map<String, Value>) -> Self {
        let text = |value: Value| match value {
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            _ => None,
        };
        let mut texts = |name: &str| match entries.remove(name)? {
            Value::Array(items) => Some(items.into_iter().filter_map(text).collect::<Vec<_>>()),
            one => text(one).map(|one| vec![one]),
        };
        let authorization_servers = texts("authorization_servers").unwrap_or_default();
        let scopes_supported = texts("scopes_supported");
        Self { resource: entries.remove("resource").and_then(text), authorization_servers, scopes_supported }
    }
}

/// Whether a name is what the operator wrote down for the server, or its address.
fn is_about(named: &str, server: Subject<'_>) -> bool {
    let is_written = server.resource.is_some_and(|written| is_same_name(named, written));
    is_written || named.parse().is_ok_and(|named| speaks_for(&named, server.url))
}

fn is_same_name(named: &str, written: &str) -> bool {
    let name = |text: &str| text.parse::<Url>().ok().map(|url| resource(&url));
    named == written || name(named).is_some_and(|named| Some(named) == name(written))
}

/// A server may speak for a whole host, of which the endpoint is a part (RFC 9728, section 3.3, is stricter; servers are not).
fn speaks_for(named: &Url, server: &Url) -> bool {
    let (part, whole) = (resource(server), resource(named));
    named.origin() == server.origin() && (part == whole || part.starts_with(&format!("{whole}/")))
}

/// The place that a challenge named, if it belongs to the server, and the well-known ones.
pub(super) fn places(server: &Url, named: Option<&str>) -> Vec<Url> {
    let ours = |url: &Url| url.origin() == server.origin() && url.username().is_empty() && url.password().is_none();
    let named = named.and_then(|text| text.parse::<Url>().ok()).filter(ours);
    let path = server.path().trim_end_matches('/');
    let mut paths = vec![
        format!("/.well-known/oauth-protected-resource{path}"),
        "/.well-known/oauth-protected-resource".to_owned(),
    ];
    paths.dedup();
    let well_known = paths.into_iter().map(|path| {
        let mut place = server.clone();
        place.set_path(&path);
        place.set_query(None);
        place.set_fragment(None);
        place
    });
    named.into_iter().chain(well_known).collect()
}

/// Whether a text is an address that can be shown to a person as it is.
fn is_plain(text: &str) -> bool {
    text.len() <= MAX_SHOWN && text.bytes().all(|b| b.is_ascii_graphic()) && text.parse::<Url>().is_ok()
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests;
