use serde::Deserialize;
use url::Url;

use super::AuthError;
use crate::net::{Client, Request};

/// The part of a protected resource's metadata that matters here (RFC 9728, section 2). Nothing else is taken from it: the
/// issuer is pinned, and the resource is the configured address.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    authorization_servers: Vec<String>,
}

/// Looks at the place that a challenge named, if it belongs to the server, else at the well-known ones.
pub(super) async fn check(client: &Client, server: &Url, pinned: &str, named: Option<&str>) -> Result<(), AuthError> {
    let named = named.and_then(|text| text.parse::<Url>().ok()).filter(|url| url.origin() == server.origin());
    for place in named.into_iter().chain(places(server)) {
        let Some(issuers) = issuers(client, place).await else {
            continue;
        };
        if issuers.iter().any(|issuer| issuer == pinned) {
            return Ok(());
        }
        return Err(AuthError::ForeignIssuer {
            server: server.to_string(),
            named: issuers.join("`, `").chars().take(200).collect(),
            pinned: pinned.to_owned(),
        });
    }
    Ok(())
}

async fn issuers(client: &Client, place: Url) -> Option<Vec<String>> {
    let reply = client.send(Request::get(place)).await.ok()?;
    let document: Document = reply.status.is_success().then(|| serde_json::from_slice(&reply.body).ok())??;
    Some(document.authorization_servers).filter(|issuers| !issuers.is_empty())
}

fn places(server: &Url) -> Vec<Url> {
    let path = server.path().trim_end_matches('/');
    let mut paths = vec![
        format!("/.well-known/oauth-protected-resource{path}"),
        "/.well-known/oauth-protected-resource".to_owned(),
    ];
    paths.dedup();
    paths
        .into_iter()
        .map(|path| {
            let mut place = server.clone();
            place.set_path(&path);
            place.set_query(None);
            place.set_fragment(None);
            place
        })
        .collect()
}
