//! The token endpoint.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State as Shared,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{Client, access_token::issue, code, credentials::identify, form::Form, problem::Problem, state::State};
use crate::serve::lock;

pub(super) async fn endpoint(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = grant(&state, &headers, &body);
    let mut response = match answer {
        Ok(granted) => Json(granted).into_response(),
        Err(problem) => problem.into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn grant(state: &State, headers: &HeaderMap, body: &[u8]) -> Result<Value, Problem> {
    let form = Form::parse(headers, body)?;
    if matches!(form.one("grant_type"), Some("authorization_code" | "refresh_token")) {
        return code::grant(state, headers, &form);
    }
    let client = identify(state, headers, &form)?;
    match form.one("grant_type") {
        Some("client_credentials") => {}
        Some(_) => {
            return Err(Problem::new(
                "unsupported_grant_type",
                "neither `client_credentials`, `authorization_code` nor `refresh_token`",
            ));
        }
        None => return Err(Problem::new("invalid_request", "`grant_type` is missing")),
    }
    let resource = match form.resources.as_slice() {
        [one] if lock(&state.resources).contains(one) => one.clone(),
        [] => {
            return Err(Problem::new("invalid_target", "`resource` is required (RFC 8707)"));
        }
        [_] => return Err(Problem::new("invalid_target", "unknown resource")),
        _ => return Err(Problem::new("invalid_target", "one resource at a time")),
    };
    let scope = narrow(&client, form.one("scope"))
        .ok_or_else(|| Problem::new("invalid_scope", "the client may have none of these scopes"))?;
    issue(state, &client, &resource, &scope)
}

/// The requested scopes that the client is registered for, in the order asked, each once; all of
/// its scopes when none are asked for.
fn narrow(client: &Client, requested: Option<&str>) -> Option<String> {
    let Some(requested) = requested else {
        return Some(client.scopes().join(" ")).filter(|all| !all.is_empty());
    };
    let mut granted: Vec<&str> = Vec::new();
    for scope in requested.split(' ') {
        if client.scopes().iter().any(|s| s == scope) && !granted.contains(&scope) {
            granted.push(scope);
        }
    }
    Some(granted.join(" ")).filter(|some| !some.is_empty())
}
