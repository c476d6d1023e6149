//! The documents a client discovers, and the count of every request.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};

use axum::{
    Json,
    extract::{Request, State as Shared},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Fault, code, state::State};
use crate::serve::lock;

/// RFC 8414 section 2; the same document serves OpenID Connect discovery.
pub(super) async fn document(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    let issuer = &state.issuer;
    let named = if state.has(Fault::WrongIssuer) { "https://wrong-issuer.invalid" } else { issuer };
    let scopes: BTreeSet<String> =
        lock(&state.clients).values().flat_map(|client| client.scopes().iter().cloned()).collect();
    let mut document = json!({
        "issuer": named,
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "scopes_supported": scopes,
    });
    code::describe(&state, &mut document);
    Json(document)
}

pub(super) async fn key_set(Shared(state): Shared<Arc<State>>) -> Response {
    state.key_sets.fetch_add(1, Ordering::Relaxed);
    if state.has(Fault::KeySetUnavailable) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let key = Arc::clone(&lock(&state.key));
    Json(json!({ "keys": [key.public] })).into_response()
}

pub(super) async fn count(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    state.requests.fetch_add(1, Ordering::Relaxed);
    if state.has(Fault::Unavailable) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    next.run(request).await
}
