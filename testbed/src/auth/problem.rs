use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An error answer (RFC 6749 section 5.2).
pub(super) struct Problem {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
    challenge: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(error: &'static str, description: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, description, challenge: None }
    }

    pub(super) fn server() -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..Self::new("server_error", "the token could not be signed") }
    }

    /// A client that tried the `Authorization` header is told which scheme to use there.
    pub(super) fn unauthenticated(headers: &HeaderMap) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            challenge: headers.contains_key(header::AUTHORIZATION).then_some("Basic realm=\"abide testbed\""),
            ..Self::new("invalid_client", "client authentication failed")
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}
